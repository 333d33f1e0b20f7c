"""CRS and ICANS as reported beside what is derived from measurements: where the two differ, and what decides.

The investigator's grade counts in every endpoint; a difference is a question to the site.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from clinical.by_patient import by_patient
from clinical.reported import began, ended, event_key, reported_grade
from clinical.sentence import Sentence
from data.protocol_safety import Aesi, Toxicity

ENGLISH = {
    "not_reported": "grade {derived} derived from Day {day}, no event reported",
    "may_be_unreported": "up to grade {high} is possible from Day {day}, no event reported",
    "other_term": "grade {derived} derived from Day {day}, reported as {term}",
    "not_derived": "reported grade {reported}, every assessment of its days shows grade 0",
    "not_assessed": "reported grade {reported}, no assessment on its days",
    "higher": "reported grade {reported}, derived at least {low}",
    "lower": "reported grade {reported}, derived at most {high}",
    "open": "reported grade {reported}, derived {derived}",
    "ungraded": "reported without a grade, derived {derived}",
    "onset": "reported from Day {reported_day}, derived from Day {day}",
}

# Preferred terms that carry the scale's own grade; an encephalopathy is graded by CTCAE.
TERMS = {
    "crs": ("Cytokine release syndrome", "细胞因子释放综合征"),
    "icans": ("Immune effector cell-associated neurotoxicity syndrome", "免疫效应细胞相关神经毒性综合征"),
}
_DAY = timedelta(days=1)
_ONSET_DAYS = 1  # a fever of the night is reported on either day


@dataclass(frozen=True)
class Discrepancy:
    usubjid: str
    kind: str  # "crs" or "icans"
    said: Sentence  # of ENGLISH
    missing: tuple[str, ...] = ()  # arguments of the scale that would decide
    deciding: tuple[str, ...] = ()  # its components that the derived grade rests on
    reported: tuple[tuple[str, int], ...] = ()  # file and row

    @property
    def code(self) -> str:
        return self.said.code

    @property
    def higher(self) -> tuple[int, int] | None:
        """The least and the most that is derived, where that can be more than is reported; None where it cannot."""
        told = self.said.values  # noqa: PD011 (no frame)
        low, high = told.get("low"), told.get("high")
        return None if high is None or high <= (told.get("reported") or 0) else (low, high)


@dataclass(frozen=True)
class _Event:
    """The rows of one reported event."""

    term: str
    grade: int | None  # highest; None: a row has none
    first: date
    last: date
    onset: tuple[date, date]
    rows: tuple[tuple[str, int], ...]


def discrepancies(
    kind: str,
    derived: pd.DataFrame,
    assessed: pd.DataFrame,
    events: pd.DataFrame,
    group: Aesi | None,
    day0: pd.Series,
    settings: Toxicity,
    cutoff: datetime,
) -> tuple[Discrepancy, ...]:
    """Every difference, by subject: of each derived episode that no event tells, and of each event.

    derived, assessed: of `clinical.toxicity_episodes`. events: as `queries.adverse_events`. group: the protocol's
    events of special interest of this kind: its other terms tell an episode too, by another name. day0: infusion by
    usubjid. An event and an episode belong together when their days are less than `gap_hours` apart.
    """
    reported = by_patient(_of_group(events, kind, group).astype(object))
    told = {who: _events(rows, cutoff) for who, rows in reported.items()}
    found, seen = by_patient(derived), by_patient(assessed)
    every: list[Discrepancy] = []
    for who in sorted({*told, *found}):
        if who in day0.index and pd.notna(day0[who]):
            patient = _Patient(who, kind, day0[who].date(), timedelta(hours=settings.gap_hours))
            every += patient.compared(found.get(who, []), told.get(who, []), seen.get(who, []))
    return tuple(every)


def _of_group(events: pd.DataFrame, kind: str, group: Aesi | None) -> pd.DataFrame:
    terms = {one.casefold() for one in (*TERMS[kind], *(group.terms if group else ()))}
    return events[events["aedecod"].fillna(events["aeterm"]).str.casefold().isin(terms)]


def _events(rows: Iterable, cutoff: datetime) -> list[_Event]:
    by_event = defaultdict(list)
    for row in rows:
        by_event[event_key(row)].append(row)
    return [_event(own, cutoff) for own in by_event.values()]


def _event(rows: list, cutoff: datetime) -> _Event:
    grades = [reported_grade(row) for row in rows]
    starts, ends = [began(row) for row in rows], [ended(row, cutoff) for row in rows]
    return _Event(
        term=rows[-1].aeterm if pd.isna(rows[-1].aedecod) else rows[-1].aedecod,
        grade=None if None in grades else max(grades),
        first=min(first for first, _ in starts),
        last=cutoff.date() if None in ends else max(end[1].date() for end in ends),
        onset=min(starts),
        rows=tuple((row.source_file, row.source_row) for row in rows),
    )


@dataclass(frozen=True)
class _Patient:
    usubjid: str
    kind: str
    day0: date
    gap: timedelta

    def compared(self, derived: list, events: Sequence[_Event], assessed: list) -> Iterator[Discrepancy]:
        scale = {one.casefold() for one in TERMS[self.kind]}
        named = [one for one in events if one.term.casefold() in scale]
        others = [one for one in events if one not in named]
        after = [one for one in named if one.last >= self.day0]
        for episode in derived:
            if not any(self._together(episode, one) for one in named):
                yield self._untold(episode, [one for one in others if self._together(episode, one)])
        for event in after:
            yield from self._told(event, [one for one in derived if self._together(one, event)], assessed)

    def _together(self, episode, event: _Event) -> bool:
        first, last = episode.began.date(), episode.ended.date()
        return first - event.last < self.gap and event.first - last < self.gap

    def _untold(self, episode, others: Sequence[_Event]) -> Discrepancy:
        values = _graded(episode.peak_low, episode.peak_high) | {"day": self._day(episode.began.date())}
        code = "not_reported" if episode.sure else "may_be_unreported"
        if others and episode.sure:
            code, values = "other_term", values | {"term": others[0].term}
        rows = tuple(row for one in others for row in one.rows)
        return self._said(code, values, episode.missing, episode.deciding, rows)

    def _told(self, event: _Event, own: list, assessed: list) -> Iterator[Discrepancy]:
        if not own:
            looked = [one for one in assessed if event.first <= one.first.date() <= event.last]
            code = "not_derived" if looked else "not_assessed"
            yield self._said(code, {"reported": event.grade}, rows=event.rows)
            return
        peak = max(own, key=lambda one: (one.peak_low, one.peak_high))
        low, high = peak.peak_low, max(one.peak_high for one in own)
        missing = tuple(dict.fromkeys(name for one in own for name in one.missing))
        values = _graded(low, high) | {"reported": event.grade}
        if code := _verdict(event.grade, low, high):
            yield self._said(code, values, missing, peak.deciding, event.rows)
        yield from self._onset(event, [one for one in own if one.sure])

    def _onset(self, event: _Event, sure: list) -> Iterator[Discrepancy]:
        """Only where no day that the reported onset can mean is near the derived one."""
        if not sure or event.first == date.min:
            return
        derived, (first, last) = min(one.onset for one in sure).date(), event.onset
        if derived < first - _ONSET_DAYS * _DAY or derived > last + _ONSET_DAYS * _DAY:
            days = {"reported_day": self._day(first), "day": self._day(derived)}
            yield self._said("onset", days, rows=event.rows)

    def _day(self, day: date) -> int:
        return (day - self.day0).days

    def _said(self, code: str, values: dict, missing=(), deciding=(), rows: Iterable = ()) -> Discrepancy:
        return Discrepancy(self.usubjid, self.kind, Sentence(code, values), missing, deciding, tuple(rows))


def _graded(low: int, high: int) -> dict[str, object]:
    return {"low": low, "high": high, "derived": f"{low}" if low == high else f"{low}–{high}"}


def _verdict(reported: int | None, low: int, high: int) -> str:
    """ "" where they agree. Death is reported, never derived: a fatal event is not more than the worst that is seen."""
    if reported is None:
        return "ungraded"
    if low > reported:
        return "higher"
    if reported > high and not (reported == 5 and high == 4):
        return "lower"
    return "" if low == high else "open"
