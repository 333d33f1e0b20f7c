"""What new data change, one line each: what was said, what is said, and the rows that can be the reason."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import pandas as pd

from clinical.advice import Advice
from clinical.board import Rung, Window
from clinical.candidates import Candidate
from clinical.changes import Consequence, would_read
from clinical.incidence import TOTAL
from dashboard import elements as html
from dashboard.candidates_card import sentence
from dashboard.change_rows import row_name, value, who
from dashboard.comparing import Compared
from dashboard.cytokine_words import number, outcome_reason, outcome_words
from dashboard.drill import opened
from dashboard.figures.panels import unit_words
from dashboard.reasons import reason
from dashboard.rule_card import head, headline
from dashboard.sentences import Sentences, people, with_links
from dashboard.session import Asked, stamp
from dashboard.still import Element
from dashboard.tables import count_link, html_table
from data.store import Cut
from queries.subjects import subjects

SHOWN = 25  # lines of one kind at once; the others are folded
NAMED = 5  # late entries and removed rows that a reason names one by one
CELLS = 8  # changed rows that a reason tells cell by cell
GROUPED = ("kinetics", "response")  # a line a patient

Words = list | str
Change = tuple[Words, Words, Words]  # of what; what was said; what is said


def sections(asked: Asked, found: Compared) -> list:
    """Every consequence under the heading of its kind, the gravest first."""
    kinds = dict.fromkeys(one.kind for one in found.consequences)
    return [part for kind in kinds for part in _section(asked, found, kind)]


def _section(asked: Asked, found: Compared, kind: str) -> list:
    some = [one for one in found.consequences if one.kind == kind]
    title = html.H3(asked.say(f"changes.kind_{kind}"))
    if kind == "count":
        return [title, _counts(asked, found, some)]
    lines = _by_patient(asked, found, some) if kind in GROUPED else [line(asked, found, one) for one in some]
    rest = lines[SHOWN:]
    summary = html.Summary(asked.say("changes.more", count=len(rest)))
    more = [html.Details([summary, *rest], className="folded")] if rest else []
    return [title, *lines[:SHOWN], *more]


def line(asked: Asked, found: Compared, one: Consequence, *, in_short: bool = False) -> Element:
    """in_short: without the reasons."""
    what, was, now = _change(asked, found, one)
    parts = [_arrow([*_patient(asked, found, one), *_list(what)], was, now)]
    parts += [html.Div(more, className="beside-line under") for more in _besides(asked, found, one)]
    if not in_short:
        parts += _why(asked, found, one)
    return html.Div(parts, className=f"change-line of-{one.kind}", **{"data-change": f"{one.kind}/{one.usubjid}"})


def _patient(asked: Asked, found: Compared, one: Consequence) -> list:
    return [who(asked, found, one.usubjid), " "] if one.usubjid else []


def _arrow(what: list, was: Words, now: Words) -> Element:
    return html.Div([*what, html.Span(_list(was), className="was"), " → ", html.Span(_list(now), className="is")])


def _list(words: Words) -> list:
    return words if isinstance(words, list) else [words]


def _change(asked: Asked, found: Compared, one: Consequence) -> Change:
    return _CHANGES[one.kind](asked, found, one)


# ---- each kind -------------------------------------------------------------------------------------------------------
def _verdict(asked: Asked, found: Compared, one: Consequence) -> Change:
    said = one.before.adjudication
    verdict = asked.say(f"candidates.said_{'Y' if said.dlt else 'N'}")
    stood = asked.say("changes.verdict_stood", number=said.event, verdict=verdict, actor=said.actor)
    return asked.say("changes.of", what=one.before.named(asked.view.lang)), stood, sentence(asked, one.after)


def _candidate(asked: Asked, found: Compared, one: Consequence) -> Change:
    was, now = (_candidate_words(asked, side) for side in _sides(one))
    return asked.say("changes.of", what=(one.after or one.before).named(asked.view.lang)), was, now


def _candidate_words(asked: Asked, one: Candidate | None) -> str:
    if one is None:
        return asked.say("changes.not_there")
    grade = asked.say("candidates.grade", grade=one.grade) if one.grade else asked.say("candidates.no_grade")
    state = f"said_{one.adjudicated}" if one.adjudicated else one.verdict
    return f"{grade}{asked.say('data.comma')}{asked.say(f'candidates.{state}')}"


def _advice(asked: Asked, found: Compared, one: Consequence) -> Change:
    """What the panel says in large; where that is the same, the first of what stands beneath that is not."""
    if one.before is None or one.after is None:
        return "", *(asked.say("changes.not_there") if side is None else head(asked, side) for side in _sides(one))
    first, *_ = _advised(asked, one)
    return "", *(with_links(asked, said) for said in first)


def _advised(asked: Asked, one: Consequence) -> list[tuple[str, str]]:
    """What differs of what the panel says: in large, then what stands beneath it, then the two dates."""
    first, *beneath = zip(*(_said(asked, side) for side in _sides(one)), strict=True)
    told = {text.casefold() for text in (*first, asked.say("changes.not_there"))} if first[0] != first[1] else set()
    more = [pair for pair in beneath if pair[0] != pair[1] and not told.issuperset(map(str.casefold, pair))]
    return [first, *more] if first[0] != first[1] or not more else more


def _said(asked: Asked, advice: Advice) -> list[str]:
    words, none = Sentences("advice", asked.say), asked.say("changes.not_there")
    withheld = "; ".join(part.say(words) for part in advice.withheld) or none
    hold = advice.hold.sentence.say(words) if advice.hold else none
    ruled = headline(asked, advice.decision) if advice.decision else none
    return [head(asked, advice), withheld, hold, ruled, *(part.say(words) for part in advice.sentences[-2:])]


def _sides(one: Consequence) -> tuple:
    return one.before, one.after


def _pause(asked: Asked, found: Compared, one: Consequence) -> Change:
    rule = (one.after or one.before).rule
    return asked.say("changes.of", what=rule.text.in_(asked.view.lang)), *(
        _pause_words(asked, side) for side in _sides(one)
    )


def _pause_words(asked: Asked, one) -> Words:
    if one is None:
        return asked.say("changes.not_there")
    counted = people(asked, tuple(who for who in (*one.patients, *one.unclear) if who in asked.numbers))
    return [f"{asked.say(f'rule.pause_{one.state}')} {len(one.patients)}/{one.rule.subjects} (", *counted, ")"]


def _death(asked: Asked, found: Compared, one: Consequence) -> Change:
    alive = asked.say("changes.no_death")
    return "", *(alive if side is None else asked.say("rounds.died", date=f"{side}") for side in _sides(one))


def _window(asked: Asked, found: Compared, one: Consequence) -> Change:
    told = [
        [reason(side, asked.say, asked.view.lang) if side else asked.say("word.not_infused")] for side in _sides(one)
    ]
    for name, words in _WINDOW.items():
        was, now = (side and getattr(side, name) for side in _sides(one))
        if one.before and one.after and was != now:
            for said, shown in zip(told, (was, now), strict=True):
                said.append(words(asked, shown))
    return "", *(asked.say("data.comma").join(said) for said in told)


_WINDOW = {
    "infused": lambda asked, day: asked.say("changes.infused_on", day=f"{day}"),
    "cohort": lambda asked, cohort: _cohort(asked, cohort),
    "dose_fraction": lambda asked, share: (
        asked.say("window.dose_unknown") if share is None else asked.say("changes.dose", percent=f"{100 * share:.0f}")
    ),
}


def _level(asked: Asked, found: Compared, one: Consequence) -> Change:
    level = (one.after or one.before).level.level
    what = asked.say("changes.of", what=asked.say("board.level_n", level=level))
    return what, *(_rung(asked, side, one) for side in _sides(one))


def _rung(asked: Asked, one: Rung | None, among: Consequence) -> str:
    if one is None:
        return asked.say("changes.not_there")
    said = f"{len(one.dlts)}/{len(one.evaluable)} {asked.say(f'board.state_{one.state}')}"
    if all(_sides(among)) and among.before.replaced != among.after.replaced:
        said += asked.say("data.comma") + asked.say("changes.replaced", count=len(one.replaced))
    return said


def _grade(asked: Asked, found: Compared, one: Consequence) -> Change:
    grades = (asked.say("candidates.grade", grade=side) if _is_known(side) else asked.say("candidates.no_grade")
              for side in _sides(one))  # fmt: skip
    return asked.say("changes.of", what=one.name), *grades


def _is_known(value: object) -> bool:
    return not (value is None or pd.isna(value))


_CHANGES = {
    "verdict": _verdict,
    "advice": _advice,
    "pause": _pause,
    "death": _death,
    "window": _window,
    "candidate": _candidate,
    "level": _level,
    "grade": _grade,
}


# ---- beside a line ---------------------------------------------------------------------------------------------------
def _besides(asked: Asked, found: Compared, one: Consequence) -> list[Words]:
    if one.kind == "advice" and all(_sides(one)):
        pairs = _advised(asked, one)[1:]
        return [[*with_links(asked, was), " → ", *with_links(asked, now)] for was, now in pairs]
    if one.kind == "candidate" and one.after is not None:
        return [sentence(asked, one.after)]
    if one.kind == "window":
        return [*_of_its_level(asked, found, one), *_were_it_a_dlt(asked, found, one)]
    if one.kind == "level":
        who = tuple(each.usubjid for each in found.consequences if each.kind == "window" and _is_of(each, one.name))
        known = tuple(each for each in who if each in asked.numbers)
        return [[asked.say("changes.through"), " ", *people(asked, known)]] if known else []
    return []


def _is_of(window: Consequence, cohort: str) -> bool:
    return cohort in {side.cohort for side in _sides(window) if side}


def _of_its_level(asked: Asked, found: Compared, window: Consequence) -> list[Words]:
    return [
        "".join([what, was, " → ", now])
        for one in found.consequences
        if one.kind == "level" and _is_of(window, one.name) and any(map(_counts_at_level, _sides(window)))
        for what, was, now in [_level(asked, found, one)]
    ]


def _counts_at_level(window: Window | None) -> bool:
    return window is not None and not window.state.blocking


def _were_it_a_dlt(asked: Asked, found: Compared, one: Consequence) -> list[Words]:
    """Of a window that a candidate has opened."""
    if one.after is None or one.after.state.code != "candidate":
        return []
    if one.before is not None and one.before.state.code == "candidate":
        return []
    dlts, evaluable, state = would_read(one.after, found.now.board, found.after.protocol)
    level = next(rung.level.level for rung in found.now.board.rungs if rung.level.id == one.after.cohort)
    return [asked.say("changes.were_dlt", level=level, k=dlts, n=evaluable, state=asked.say(f"board.state_{state}"))]


# ---- why -------------------------------------------------------------------------------------------------------------
_WITHOUT_ROWS = ("advice", "pause", "level")  # what they follow from has lines of its own


def _why(asked: Asked, found: Compared, one: Consequence) -> list:
    if one.kind in _WITHOUT_ROWS:
        return []
    if not one.rows:
        return [html.Div(_without_a_row(asked, found, one), className="quiet why-not")]
    whole = asked.view.change(open=opened("why", one.kind, one.usubjid)).href
    link = html.A(asked.say("changes.all_rows"), href=whole)
    summary = asked.say("changes.why", count=len(one.rows))
    told = [html.Li(words) for words in _told(asked, found, one.rows)]
    few = len(one.rows) <= NAMED and any(found.records[place].kind != "added" for place in one.rows)
    return [html.Details([html.Summary(summary), html.Ul(told), link], className="why", open=few)]


def _without_a_row(asked: Asked, found: Compared, one: Consequence) -> str:
    """A verdict that people gave between the two; else the calendar, or another protocol file."""
    for each in found.consequences:
        if each.kind in ("candidate", "verdict") and each.usubjid == one.usubjid:
            was, now = (side and side.adjudication for side in _sides(each))
            if now is not None and now != was:
                return asked.say("changes.by_verdict", number=now.event, actor=now.actor)
    same = found.before.protocol.hash == found.after.protocol.hash
    return asked.say("changes.by_calendar" if same else "changes.by_protocol")


def _told(asked: Asked, found: Compared, places: Sequence[int]) -> Iterable[str]:
    """Changed cells row by row, late entries and removed rows by name, and how many were added of each table."""
    rows = [found.records[place] for place in places]
    changed: dict[tuple, list] = {}
    for row in rows:
        if row.kind == "changed":
            changed.setdefault((row.table, row.key, row.source_file, row.source_row), []).append(row)
    for cells in list(changed.values())[:CELLS]:
        yield asked.say("changes.of", what=row_name(asked, cells[0])) + _cells(cells)
    if len(changed) > CELLS:
        yield asked.say("changes.more_changed", count=len(changed) - CELLS)
    late = [found.records[place] for place in places if place in found.late]
    for key, some in (("late_entry", late), ("gone", [row for row in rows if row.kind == "removed"])):
        for row in some[:NAMED]:
            yield asked.say(f"changes.{key}", row=row_name(asked, row), day=value(row.dtc))
        if len(some) > NAMED:
            yield asked.say(f"changes.more_{key}", count=len(some) - NAMED)
    for kind in ("added", "renumbered"):
        for table, count in Counter(row.table for row in rows if row.kind == kind).items():
            yield asked.say(f"changes.so_many_{kind}", table=asked.say(f"data.table_{table}"), count=count)


def _cells(cells: Iterable) -> str:
    return ", ".join(f"{cell.column.upper()} {value(cell.old)} → {value(cell.new)}" for cell in cells)


# ---- kinetics and response: a line a patient -------------------------------------------------------------------------
def _by_patient(asked: Asked, found: Compared, some: Sequence[Consequence]) -> list[Element]:
    patients: dict[str, list[Consequence]] = {}
    for one in some:
        patients.setdefault(one.usubjid, []).append(one)
    return [_of_patient(asked, found, whose) for whose in patients.values()]


def _of_patient(asked: Asked, found: Compared, some: list[Consequence]) -> Element:
    parts = []
    for one in some:
        name, was, now = (_parameter if one.kind == "kinetics" else _outcome)(asked, found, one)
        parts.append(_arrow([asked.say("changes.of", what=name)], was, now))
    first = some[0]
    return html.Div(
        [html.Div([*_patient(asked, found, first), html.Div(parts, className="several")], className="of-patient"),
         *_why(asked, found, first)],
        className=f"change-line of-{first.kind}",
        **{"data-change": f"{first.kind}/{first.usubjid}"},
    )  # fmt: skip


def _parameter(asked: Asked, found: Compared, one: Consequence) -> Change:
    name, _, end = one.name.partition(" ")
    label = asked.say(f"kinetics.parameter_{name.lower()}", **({"end": end} if end else {}))
    was, now = (_amount(asked, side, "") for side in _sides(one))
    if was == now:  # in the digits that are shown; then all of them are
        was, now = (_amount(asked, side, ".9g") for side in _sides(one))
    return label, was, now


def _amount(asked: Asked, row, digits: str) -> str:
    if row is None:
        return asked.say("word.not_infused")
    if pd.isna(row.value):
        return asked.say("changes.no_value")
    said = f"{row.value:{digits}}" if digits else f"{row.value:,.1f}" if row.unit == "d" else number(row.value)
    said = f"{said} {unit_words(row.unit)}"
    return said if row.state == "complete" else f"{said} {asked.say('changes.not_final')}"


def _outcome(asked: Asked, found: Compared, one: Consequence) -> Change:
    cuts = (found.before, found.after)
    said = (_outcome_words(asked, cut, one, side) for cut, side in zip(cuts, _sides(one), strict=True))
    return asked.say(f"cytokines.outcome_{one.name}"), *said


def _outcome_words(asked: Asked, cut: Cut, one: Consequence, row) -> str:
    if row is None:
        return asked.say("word.not_infused")
    if pd.isna(row.value):
        followed = (cut.cutoff.date() - _infused(cut)[one.usubjid]).days
        name = asked.say(f"cytokines.outcome_{one.name}")
        return outcome_reason(asked, row.why, one.name, followed, row.day).removeprefix(name).lstrip(":： ")
    said = outcome_words(asked, one.name, row.value, row.words, row.limit)
    return said if row.state == "final" else f"{said} {asked.say('changes.not_final')}"


@lru_cache(maxsize=4)
def _infused(cut: Cut) -> dict:
    everyone = subjects(cut)
    everyone = everyone[everyone["day0"].notna()]
    return dict(zip(everyone["usubjid"], everyone["day0"].dt.date, strict=True))


# ---- counts of adverse events ----------------------------------------------------------------------------------------
def _counts(asked: Asked, found: Compared, some: Sequence[Consequence]) -> Element:
    """Criteria by cohort, those of which any count is another; every count opens its patients."""
    before, after = (
        {(one.criterion, one.cohort): (one.k, one.n, one.unknown) for one in side.counts.itertuples()}
        for side in (found.was, found.now)
    )
    known = {**before, **after}
    criteria = list(dict.fromkeys(one.criterion for one in some))
    cohorts = sorted({cohort for _, cohort in known}, key=lambda one: _place(asked, one))
    rows = [
        [asked.say(f"ae.criterion_{name}"),
         *(_count(asked, name, cohort, before.get((name, cohort)), after.get((name, cohort))) for cohort in cohorts)]
        for name in sorted(criteria, key=[criterion for criterion, _ in known].index)
    ]  # fmt: skip
    head = [asked.say("ae.patients_with"), *(_cohort(asked, one) for one in cohorts)]
    caption = asked.say("changes.counts_caption")
    return html_table(head, rows, caption=caption, stamp=stamp(asked, against(asked, found)), name="changes-counts")


def _place(asked: Asked, cohort: str) -> tuple:
    """The protocol's order, then what it does not name, then all of them."""
    known = [one.id for one in asked.cut.protocol.cohort.levels]
    return cohort == TOTAL, known.index(cohort) if cohort in known else len(known), cohort


def _cohort(asked: Asked, cohort: str) -> str:
    if cohort == TOTAL:
        return asked.say("ae.total")
    known = {one.id: one.label.in_(asked.view.lang) for one in asked.cut.protocol.cohort.levels}
    return known.get(cohort, cohort)


def _count(asked: Asked, criterion: str, cohort: str, was: tuple | None, now: tuple | None) -> list:
    """A cohort that has nobody has no count: 0/0."""
    now, said = now or (0, 0, 0), _of_all(asked, was or (0, 0, 0))
    protocol, count = asked.cut.protocol, opened("count", cohort, criterion)
    whose = {"population": protocol.populations[0].id, "window": protocol.adverse_events.windows[0].id}
    view = asked.view.change(page="adverse_events", **whose, open=count)
    label = f"{asked.say(f'ae.criterion_{criterion}')} · {_cohort(asked, cohort)}"
    changed = said != _of_all(asked, now)
    kind = "count" if changed else "count none"
    link = count_link(_of_all(asked, now), view.href, int(now[0]), label, kind=kind) if now[1] else _of_all(asked, now)
    return [html.Span(said, className="was"), " → ", link] if changed else [link]


def _of_all(asked: Asked, count: tuple) -> str:
    k, n, unknown = (int(part) for part in count)
    return f"{k}/{n}" + (f" {asked.say('ae.doubt_more', k=unknown)}" if unknown else "")


def against(asked: Asked, found: Compared) -> str:
    """The other cut, for a stamp."""
    return asked.say("changes.against", id=found.before.short, moment=f"{found.before.cutoff:%Y-%m-%d %H:%M}")
