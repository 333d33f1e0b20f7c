"""The rounds as the rows of an exported table: every patient of the choice, in the order of the screen."""

from collections.abc import Iterable, Iterator

from clinical.due import due_next
from clinical.last_results import LastResult
from clinical.rounds import ASSESSED_BY, ENGLISH, Known, Round, assessed_hours
from dashboard.jobs import Failed
from dashboard.rounds import BEDSIDE, LABS, found, visits_of, who
from dashboard.session import Asked

_OF_KIND = (
    "reported",
    "grade",
    "since",
    "until",
    "derived_low",
    "derived_high",
    "derived_at",
    "higher_low",
    "higher_high",
    "assessed",
    "not_assessed",
)
_OF_TEST = ("value", "unit", "qualifier", "place", "at", "trend", "before", "source")
_LONGEST = 600.0  # seconds that are waited for what is computed beside


def rows(asked: Asked) -> Iterable[Iterable]:
    tests = _tests(asked)
    yield [
        "rank", "usubjid", "cohort", "state", "day", "in_hospital",
        *(f"{kind}_{one}" for kind in ASSESSED_BY for one in _OF_KIND),
        *(f"{test.lower()}_{one}" for test in tests for one in _OF_TEST),
        "support", "dlt_candidates", "alerts", "last_data", "next_due", "due_first", "due_last", "due_state",
    ]  # fmt: skip
    told = found(asked, _LONGEST)
    if told.failed or not told.whole:
        raise Failed("rounds")
    for rank, own in told.groups:
        for one in own:
            yield [rank, *_row(asked, one, told.known, tests)]


def _tests(asked: Asked) -> tuple[str, ...]:
    assay = asked.cut.protocol.kinetics
    return (*BEDSIDE, *LABS, *((assay.code,) if assay else ()))


def _row(asked: Asked, one: Round, known: Known, tests: tuple[str, ...]) -> Iterator[object]:
    yield from (one.usubjid, one.cohort or "", one.state.say(ENGLISH), _told(one.day), _told(one.in_hospital))
    for kind in ASSESSED_BY:
        yield from _kind(asked, one, known, kind)
    for test in tests:
        yield from _test(one, test)
    yield "; ".join(each.name for each in one.support)
    yield _joined(known.candidates, one, lambda each: each.term)
    yield _joined(known.alerts, one, lambda each: each.rule.text.en)
    yield _told(one.last_data)
    yield from _due(asked, one, known)


def _kind(asked: Asked, one: Round, known: Known, kind: str) -> Iterator[object]:
    told, derived = one.reported[kind], known.derived_of(kind, one.usubjid)
    yield from (told.state if one.day is not None else "", *map(_told, (told.grade, told.since, told.until)))
    yield from map(_told, (derived.low, derived.high, derived.at) if derived else (None, None, None))
    higher = known.higher_of(kind, one.usubjid)
    yield from higher.higher if higher else ("", "")
    yield _told(one.assessed(kind))
    yield one.not_assessed(kind, asked.cut.cutoff, assessed_hours(asked.cut.protocol))


def _test(one: Round, test: str) -> tuple:
    last = one.result(test)
    if not isinstance(last, LastResult):
        return (*[""] * (len(_OF_TEST) - 1), f"{last.code} {last.why}".strip())
    known = (last.value, last.unit, last.qualifier, last.place, last.at)
    return (*known, last.trend, _told(last.before), last.source)


def _joined(by_patient, one: Round, words) -> str:
    return "; ".join(words(each) for each in (by_patient or {}).get(one.usubjid, ()))


def _due(asked: Asked, one: Round, known: Known) -> tuple:
    cut, asked_again = asked.cut, (known.candidates or {}).get(one.usubjid, ())
    some = due_next(who(cut, one.usubjid), visits_of(cut, one.usubjid), cut.protocol, cut.cutoff, asked_again)
    first = some[0] if some else None
    return (first.visit, first.first, first.last, first.state) if first else ("", "", "", "")


def _told(value: object) -> object:
    return "" if value is None else value
