"""The list that a ward round goes through: one row a patient from consent on, in the order in which to look."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import pandas as pd

from clinical.board import waits_at
from clinical.discrepancies import Discrepancy
from clinical.last_results import Found, LastResult, found, last_results
from clinical.reported_state import NONE, Reported, reported_states
from clinical.sentence import Sentence
from data.protocol import Protocol

# Where a patient is who is not in the days after an infusion. day: since the step that is named.
ENGLISH = {
    "screening": "in screening, day {day} since consent",
    "screening_undated": "in screening, consent not dated",
    "collected": "cells collected, day {day} since leukapheresis",
    "in_manufacture": "in manufacture, day {day} since leukapheresis",
    "in_manufacture_undated": "in manufacture, leukapheresis not dated",
    "failed_batch": "manufacture failed, day {day} since leukapheresis",
    "failed_batch_undated": "manufacture failed, leukapheresis not dated",
    "released": "released for infusion, day {day} since leukapheresis",
    "released_undated": "released for infusion, leukapheresis not dated",
    "lymphodepleting": "in lymphodepletion, day {day} since its first dose",
    "screen_failed": "screening failed",
    "left": "off study since {date}: {why}",
    "died": "died on {date}",
    "hospital": "in hospital by the schedule",
    "treated": "infused",
}
# The order: the first that holds decides; in each, the days since infusion, the fewest first, then who waits for one.
RANKS = ("severe", "candidate", "alert", "not_assessed", "infused", "waiting", "ended")
HOSPITAL = "in_hospital"  # period of the protocol
SEVERE = 3  # grade of CRS or ICANS
POSSIBLE_FOR = timedelta(days=28)  # assumed: how long a possible grade stands where a known one does
ASSESSED_BY = {"crs": "TEMP", "icans": "ICETOT"}
_ASSESSED_HOURS = 12.0  # where the protocol does not say how toxicity is read
_WAITS = ("lymphodepleting", "released", "in_manufacture", "collected", "screening", "failed", "left", "screen_failed")


@dataclass(frozen=True)
class Support:
    """Oxygen or a vasopressor that has no end by the cut-off."""

    kind: str
    name: str
    dose: float | None
    unit: str


@dataclass(frozen=True)
class Derived:
    """The grade that the last assessment gives of which anything can be said."""

    low: int | None
    high: int | None
    at: datetime


def differs(reported: Reported, derived: Derived | None) -> bool:
    """Whether the last derived grade is to be shown beside the reported one: it is another, or leaves it open."""
    if derived is None or derived.low is None:
        return False
    told = reported.grade if reported.state == "goes_on" else 0
    return told is None or not (derived.low == derived.high == told)


@dataclass(frozen=True)
class Round:
    usubjid: str
    subjid: str
    cohort: str | None
    state: Sentence  # of ENGLISH
    stage: str  # infused, or as `clinical.board.waits_at`, or screen_failed
    day: int | None  # whole days since infusion
    died: bool
    left: bool  # off study, alive
    in_hospital: bool | None  # None: the protocol has no such period
    in_window: bool  # of the DLT, by the calendar
    reported: Mapping[str, Reported]  # by kind, crs and icans
    results: Mapping[str, Found]  # by test
    support: tuple[Support, ...]
    last_data: datetime | None  # of any row of this patient

    def result(self, code: str) -> Found:
        return found({self.usubjid: self.results}, self.usubjid, code)

    def assessed(self, kind: str) -> datetime | None:
        """When CRS or ICANS was last assessed: the last temperature, the last ICE total, after the infusion."""
        last = self.result(ASSESSED_BY[kind])
        return last.at if isinstance(last, LastResult) and last.day is not None and last.day >= 0 else None

    def not_assessed(self, kind: str, cutoff: datetime, hours: float) -> bool:
        """In hospital, and assessed longer ago than so many hours, or never."""
        if not self.in_hospital or self.died or self.left:
            return False
        last = self.assessed(kind)
        return last is None or cutoff - last > timedelta(hours=hours)


@dataclass(frozen=True)
class Known:
    """What takes longer to find out, by usubjid; None: not known yet."""

    candidates: Mapping[str, Sequence] | None = None  # open ones only
    alerts: Mapping[str, Sequence] | None = None  # open ones only
    derived: Mapping[str, Mapping[str, Derived]] | None = None  # by kind
    higher: Mapping[str, Mapping[str, Discrepancy]] | None = None  # by kind: derived, any time, above what is reported

    def derived_of(self, kind: str, usubjid: str) -> Derived | None:
        return (self.derived or {}).get(kind, {}).get(usubjid)

    def higher_of(self, kind: str, usubjid: str) -> Discrepancy | None:
        """What the last derived grade does not show already."""
        found, last = (self.higher or {}).get(kind, {}).get(usubjid), self.derived_of(kind, usubjid)
        return None if found and last and found.higher == (last.low, last.high) else found


def rounds(
    subjects: pd.DataFrame,
    events: pd.DataFrame,
    results: pd.DataFrame,
    support: pd.DataFrame,
    visits: pd.DataFrame,
    last_data: Mapping[str, datetime],
    protocol: Protocol,
    cutoff: datetime,
) -> tuple[Round, ...]:
    """Every patient, by identifier. Arguments: as the queries of these names (events: `adverse_events`; support:
    `lasting_support`; results: the columns `clinical.last_results.COLUMNS` of the tests that are shown)."""
    day0 = subjects.set_index("usubjid")["day0"]
    day0 = day0.where(day0 <= cutoff)
    measured = last_results(results, protocol.kinetics)
    told = {kind: reported_states(kind, events, day0, cutoff) for kind in ASSESSED_BY}
    helped, seen = _support(support), _last_period(visits, protocol)
    return tuple(
        _round(row, day0[row.usubjid], measured, told, helped, seen, last_data, protocol, cutoff)
        for row in subjects.sort_values("usubjid").itertuples()
    )


def _round(row, day0, measured, told, helped, seen, last_data, protocol: Protocol, cutoff: datetime) -> Round:
    who, infused = row.usubjid, pd.notna(day0)
    day = (cutoff.date() - day0.date()).days if infused else None
    died = pd.notna(row.death) and row.death <= cutoff
    left = not died and pd.notna(row.off_study) and row.off_study <= cutoff
    in_hospital = in_hospital_period(day, seen.get(who), protocol)
    stage = "infused" if infused else waits_at(row) or "screen_failed"
    window = protocol.dlt.window_days if protocol.dlt else -1
    last = last_data.get(who)
    return Round(
        usubjid=who,
        subjid=row.subjid,
        cohort=row.cohort if isinstance(row.cohort, str) else None,
        state=_state(row, stage, died, left, bool(in_hospital), cutoff),
        stage=stage,
        day=day,
        died=bool(died),
        left=bool(left),
        in_hospital=in_hospital,
        in_window=day is not None and day <= window and not died and not left,
        reported=MappingProxyType({kind: states.get(who, NONE) for kind, states in told.items()}),
        results=MappingProxyType(measured.get(who, {})),
        support=() if died else tuple(helped.get(who, ())),
        last_data=None if last is None or pd.isna(last) else pd.Timestamp(last).to_pydatetime(),
    )


def _state(row, stage: str, died: bool, left: bool, in_hospital: bool, cutoff: datetime) -> Sentence:
    if died:
        return Sentence("died", {"date": f"{row.death:%Y-%m-%d}"})
    if stage == "failed":
        return _since("failed_batch", row.leukapheresis, cutoff)
    if left or stage == "left":
        why = row.off_study_reason if isinstance(row.off_study_reason, str) else ""
        return Sentence("left", {"date": f"{row.off_study:%Y-%m-%d}", "why": why})
    if stage == "infused":
        return Sentence("hospital" if in_hospital else "treated")
    if stage == "screen_failed":
        return Sentence(stage)
    began = {"screening": row.consent, "lymphodepleting": row.lymphodepletion}.get(stage, row.leukapheresis)
    return _since(stage, began, cutoff)


def _since(code: str, began, cutoff: datetime) -> Sentence:
    if pd.isna(began):
        return Sentence(f"{code}_undated")
    return Sentence(code, {"day": (cutoff.date() - began.date()).days})


def _support(lasting: pd.DataFrame) -> dict[str, list[Support]]:
    found: dict[str, list[Support]] = {}
    for row in lasting.itertuples():
        dose, unit = (None if pd.isna(row.dose) else float(row.dose)), row.unit if isinstance(row.unit, str) else ""
        found.setdefault(row.usubjid, []).append(Support(row.kind, row.name, dose, unit))
    return found


# ---- in hospital -----------------------------------------------------------------------------------------------------
def _last_period(visits: pd.DataFrame, protocol: Protocol) -> dict[str, str]:
    """By usubjid, the period of the last visit that the protocol plans."""
    planned = {one.visitnum: one.period for one in protocol.visits}
    known = visits.assign(period=visits["visitnum"].map(planned)).dropna(subset="period")
    known = known.sort_values(["svstdtc_earliest", "visitnum"], kind="stable").drop_duplicates("usubjid", keep="last")
    return dict(zip(known["usubjid"], known["period"], strict=True))


def in_hospital_period(day: int | None, last_period: str | None, protocol: Protocol) -> bool | None:
    """Whether a patient is in the in-hospital observation of the schedule: from the infusion until a visit of a later
    period, at the longest until the end of the window of the first one. None: the protocol has no such period.

    day: since infusion, None before it. last_period: of the last visit that took place.
    """
    order = [one.id for one in protocol.periods]
    if HOSPITAL not in order:
        return None
    after = order[order.index(HOSPITAL) + 1 :]
    later = [one.day + one.window[1] for one in protocol.visits if one.period in after and one.anchor == "infusion"]
    return day is not None and last_period not in after and day <= min(later, default=day)


def assessed_hours(protocol: Protocol) -> float:
    """How long an assessment of CRS or ICANS stands, in hospital."""
    return protocol.toxicity.assessed_hours if protocol.toxicity else _ASSESSED_HOURS


# ---- the order -------------------------------------------------------------------------------------------------------
def rank(one: Round, known: Known, protocol: Protocol, cutoff: datetime) -> str:
    """Of RANKS. What is not known yet moves nobody."""
    hours = assessed_hours(protocol)
    if not one.died and any(_is_severe(one, kind, known, cutoff) for kind in ASSESSED_BY):
        return "severe"
    if (known.candidates or {}).get(one.usubjid):
        return "candidate"
    if not one.died and (known.alerts or {}).get(one.usubjid):
        return "alert"
    if any(one.not_assessed(kind, cutoff, hours) for kind in ASSESSED_BY):
        return "not_assessed"
    if one.died or one.left or one.stage in ("failed", "left", "screen_failed"):
        return "ended"
    return "infused" if one.stage == "infused" else "waiting"


def _is_severe(one: Round, kind: str, known: Known, cutoff: datetime) -> bool:
    """Possible is enough for a while: of who can be at grade 4 it is not known that it is not so. Half a year after an
    assessment that could not be made it would hide who is ill today; the row goes on saying it."""
    derived = known.derived_of(kind, one.usubjid)
    if one.reported[kind].may_be_severe or derived is None:
        return one.reported[kind].may_be_severe
    known_so = (derived.low or 0) >= SEVERE
    return known_so or ((derived.high or 0) >= SEVERE and cutoff - derived.at <= POSSIBLE_FOR)


def ordered(
    rows: Iterable[Round], known: Known, protocol: Protocol, cutoff: datetime
) -> tuple[tuple[str, tuple[Round, ...]], ...]:
    """The patients of each rank that has any, in the order of RANKS."""
    groups: dict[str, list[Round]] = {name: [] for name in RANKS}
    for one in rows:
        groups[rank(one, known, protocol, cutoff)].append(one)
    return tuple((name, tuple(sorted(own, key=_within))) for name, own in groups.items() if own)


def _within(one: Round) -> tuple:
    if one.day is not None:
        return 0, one.day, one.usubjid
    return 1, _WAITS.index(one.stage), one.usubjid
