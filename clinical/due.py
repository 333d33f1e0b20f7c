"""What is due next of a patient: the visits that the protocol plans and nobody made, and what a DLT clause asks for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from clinical.candidates import Candidate
from clinical.sentence import Sentence
from data.protocol import Protocol
from data.protocol_base import Text
from data.protocol_measures import Visit

STATES = ("overdue", "in_window", "upcoming")  # in the order in which they are told
KINDS = ("visit", "repeat", "regrade")
ENGLISH = {
    "died": "died on {day}: nothing is due",
    "off_study": "off study since {day} ({why}): nothing is due",
    "next_therapy": "another therapy since {day} ({why}): only long-term follow-up stays due",
    "screen_failed": "screen failure: nothing is due",
    "no_schedule": "the protocol file plans no visits",
    "no_visits": "no visit of this patient is in the data: what is due cannot be said",
    "no_anchor_infusion": "not infused: the visits counted from the infusion have no date yet",
    "no_anchor_consent": "no date of consent: the visits counted from it have no date",
    "no_anchor_leukapheresis": "no leukapheresis in the data: the visits counted from it have no date",
    "no_anchor_lymphodepletion": "no lymphodepletion in the data: the visits counted from it have no date",
}
_ANCHORS = {"infusion": "day0"}  # column of `queries.subjects`, where it is not called like the anchor
_YEAR = 365.25  # days
LONG_TERM = "long_term"  # period of the protocol: of whoever was given the cells, whatever was given after them


@dataclass(frozen=True)
class Due:
    """A visit by the protocol's schedule; or, of another kind, a sample or a grade that a DLT clause asks for again."""

    visit: str  # as the data name it; of a repeat: the CTCAE or preferred term
    period: str  # id of the protocol's [[periods]]; "" of a repeat
    samples: tuple[str, ...]  # what the visit takes, as the protocol names it; of a repeat the laboratory test
    target: date
    first: date  # of the window
    last: date
    state: str  # of STATES, at the cut-off
    kind: str = "visit"  # of KINDS; repeat: a sample that shows recovery, or not; regrade: the same of an event
    assumed: bool = False  # the protocol file supposes this visit
    clause: str = ""  # that asks for a repeat: id in [[dlt.clauses]]
    label: Text | None = None  # its name on the screens, where the protocol gives one

    @property
    def overdue(self) -> bool:
        return self.state == "overdue"


def due_next(
    who: pd.Series,
    visits: pd.DataFrame,
    protocol: Protocol,
    cutoff: datetime,
    candidates: Iterable[Candidate] = (),
) -> tuple[Due, ...]:
    """What is due at the cut-off: overdue first, then what is in its window by the day on which that closes, then the
    rest by target. `silence` says why there is none, and which visits have no date.

    who: row of `queries.subjects`; visits: that patient's `queries.visits`. A visit took place when one of its number,
    or without a number of its name, is in the data, whenever that was; an unscheduled visit stands for none. A visit
    whose window is over is overdue until a later planned one took place: from then on it is missed, and no longer due.
    A visit that comes back every so many days is due as far as the first that is not open yet, within the protocol's
    long-term follow-up. candidates: the patient's, of `clinical.board.Board.candidates`.
    Who died, left the study or failed screening has nothing due; nor has a patient of whom no visit is in the data. Who
    was infused, began another therapy and did not leave has the visits of the protocol's long-term follow-up.
    """
    if _gone(who, protocol):
        return ()
    planned = list(_planned(who, visits, protocol, cutoff.date()))
    if _followed_on(who, protocol):
        planned = [one for one in planned if one.period == LONG_TERM]
    else:
        planned += _repeats(candidates, cutoff.date())
    return tuple(sorted(planned, key=lambda one: (STATES.index(one.state), one.last, one.target, one.visit)))


def silence(who: pd.Series, visits: pd.DataFrame, protocol: Protocol) -> tuple[Sentence, ...]:
    """Why no visit is due, or which visits cannot be dated; sentences of ENGLISH."""
    if nothing := _gone(who, protocol) or _unknown(visits, protocol):
        return (nothing,)
    if _followed_on(who, protocol):
        return (_off_study("next_therapy", who),)
    anchors = dict.fromkeys(one.anchor for one in protocol.visits)
    return tuple(Sentence(f"no_anchor_{one}") for one in anchors if _anchor(who, one) is None)


def _followed_on(who: pd.Series, protocol: Protocol) -> bool:
    """Infused, off study for another therapy alone, under a protocol that plans a long-term follow-up."""
    other_therapy = pd.notna(who["off_study"]) and pd.isna(who["left_study"]) and pd.notna(who["day0"])
    return other_therapy and any(one.period == LONG_TERM for one in protocol.visits)


def _off_study(code: str, who: pd.Series) -> Sentence:
    return Sentence(code, {"day": who["off_study"].date(), "why": who["off_study_reason"]})


def _gone(who: pd.Series, protocol: Protocol) -> Sentence | None:
    if pd.notna(who["death"]):
        return Sentence("died", {"day": who["death"].date()})
    if pd.notna(who["off_study"]) and not _followed_on(who, protocol):
        return _off_study("off_study", who)
    return Sentence("screen_failed") if who["screen_failed"] else None


def _unknown(visits: pd.DataFrame, protocol: Protocol) -> Sentence | None:
    if not protocol.visits:
        return Sentence("no_schedule")
    return Sentence("no_visits") if visits.empty else None


# ---- the schedule ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Planned:
    visit: Visit
    target: date
    done: bool

    @property
    def first(self) -> date:
        return self.target - timedelta(days=self.visit.window[0])

    @property
    def last(self) -> date:
        return self.target + timedelta(days=self.visit.window[1])


def _planned(who: pd.Series, visits: pd.DataFrame, protocol: Protocol, cutoff: date) -> Iterator[Due]:
    schedule = list(_schedule(who, _made(visits), protocol, cutoff)) if len(visits) else []
    reached = max((one.target for one in schedule if one.done), default=date.min)
    for one in schedule:
        if not one.done and not (one.last < cutoff and one.target < reached):
            yield _due(one, cutoff)


def _schedule(who: pd.Series, made: Mapping, protocol: Protocol, cutoff: date) -> Iterator[_Planned]:
    years = protocol.trial.long_term_follow_up_years
    for visit in protocol.visits:
        anchor = _anchor(who, visit.anchor)
        if anchor is not None:
            until = anchor + timedelta(days=round(years.value * _YEAR)) if years else date.max
            yield from _occurrences(visit, anchor, _days(visit, made), until, cutoff)


def _anchor(who: pd.Series, name: str) -> date | None:
    moment = who[_ANCHORS.get(name, name)]
    return None if pd.isna(moment) else moment.date()


def _made(visits: pd.DataFrame) -> dict[float | str, list[date]]:
    """The days of the visits by number; of those without a number by name."""
    found = defaultdict(list)
    columns = (visits[one].tolist() for one in ("visitnum", "visit", "svstdtc_earliest"))
    for number, name, moment in zip(*columns, strict=True):
        found[_name(name) if pd.isna(number) else number].append(moment.date())
    return found


def _name(text: object) -> str:
    return text.strip().upper() if isinstance(text, str) else ""


def _days(visit: Visit, made: Mapping[float | str, list[date]]) -> list[date]:
    return [*made.get(visit.visitnum, ()), *made.get(_name(visit.visit), ())]


def _occurrences(visit: Visit, anchor: date, days: Sequence[date], until: date, cutoff: date) -> Iterator[_Planned]:
    """Once; or every so many days, as far as the first that opens after the cut-off. A visit is the one that it is
    nearest to."""
    target = anchor + timedelta(days=visit.day)
    if visit.every_days is None:
        yield _Planned(visit, target, bool(days))
        return
    step = timedelta(days=visit.every_days)
    made = {max(0, round((one - target) / step)) for one in days}
    number = 0
    while target <= until:
        one = _Planned(visit, target, number in made)
        yield one
        if one.first > cutoff and not one.done:
            return
        target, number = target + step, number + 1


def _due(one: _Planned, cutoff: date) -> Due:
    visit = one.visit
    return Due(
        visit=visit.visit,
        period=visit.period,
        samples=visit.samples,
        target=one.target,
        first=one.first,
        last=one.last,
        state=_state(one.first, one.last, cutoff),
        assumed=visit.assumed,
        label=visit.label,
    )


def _state(first: date, last: date, cutoff: date) -> str:
    """On the last day of its window a visit can still be made."""
    if last < cutoff:
        return "overdue"
    return "in_window" if first <= cutoff else "upcoming"


# ---- what a clause asks for again ------------------------------------------------------------------------------------
def _repeats(candidates: Iterable[Candidate], cutoff: date) -> Iterator[Due]:
    """A candidate whose clock runs, or ran out without a sample, is told by the next one: due when the limit is."""
    asked = [one for one in candidates if one.open and one.clock and _asks(one)]
    terms = set()
    for one in sorted(asked, key=lambda one: one.clock.due):
        if one.term not in terms:
            terms.add(one.term)
            yield _repeat(one, cutoff)


def _asks(one: Candidate) -> bool:
    return one.verdict == "running" or one.code == "repeat_due"


def _repeat(one: Candidate, cutoff: date) -> Due:
    last, of_lab = one.clock.due.date(), one.source == "LB"
    first = min(one.clock.last.date(), last)
    return Due(
        visit=one.term,
        period="",
        samples=(one.evidence[0].code,) if of_lab else (),
        target=last,
        first=first,
        last=last,
        state=_state(first, last, cutoff),
        kind="repeat" if of_lab else "regrade",
        clause=one.clause,
    )
