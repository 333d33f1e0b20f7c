"""The state of the trial that the Board shows: windows, dose ladder, pipeline, breaches. A pure function of frames."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from statistics import median
from types import MappingProxyType

import pandas as pd

from clinical.adjudication import SUPPOSED, Adjudication, judged
from clinical.candidates import Candidate, candidates
from clinical.dlt import ROUNDING, WindowState, window_state
from clinical.proportions import clopper_pearson
from clinical.reported import began, event_key
from data.protocol import Protocol
from data.protocol_escalation import Dlt, Level


@dataclass(frozen=True)
class Window:
    """One infused patient's DLT window."""

    usubjid: str
    subjid: str
    cohort: str
    infused: date
    ends: date  # Day `window_days`, the last day that counts
    dose_fraction: float | None  # received over assigned
    overdosed: bool
    state: WindowState
    dlts: tuple[Candidate, ...] = ()  # adjudicated "Y"; empty when the flag stands on an event that no clause names
    candidates: tuple[Candidate, ...] = ()  # open
    dlt_day: int | None = None  # earliest day the DLT can have begun on, 0 where before the infusion; None: undated
    dlt_term: str = ""


@dataclass(frozen=True)
class Rung:
    """One dose level: its patients by state, as tuples of usubjid, so that every count opens its patients."""

    level: Level
    planned: int
    infused: tuple[str, ...]
    evaluable: tuple[str, ...]
    dlts: tuple[str, ...]
    pending: tuple[str, ...]
    replaced: tuple[str, ...]
    unresolved: tuple[str, ...]
    waiting: tuple[str, ...]  # assigned to this level, not infused
    state: str  # not_opened, open, expanding, cleared, exceeded
    interval: tuple[float, float]  # Clopper-Pearson 95 % of DLTs over evaluable, NaN without evaluable


@dataclass(frozen=True)
class Breach:
    """A rule of staggering that the infusion dates do not keep."""

    kind: str  # sentinel, stagger, overdose
    cohort: str
    usubjid: str
    after: str = ""
    days: int = 0
    minimum: int = 0
    percent: float = 0.0


STEPS = ("screening", "collected", "in_manufacture", "failed", "released", "lymphodepleting", "left")


@dataclass(frozen=True)
class Pipeline:
    """Steps from consent to infusion as tuples of usubjid: who came so far, and in `now` where each who waits is."""

    consented: tuple[str, ...]
    screen_failed: tuple[str, ...]
    leukapheresed: tuple[str, ...]
    infused: tuple[str, ...]
    now: dict[str, tuple[str, ...]] = field(default_factory=dict)  # keys: STEPS
    vein_to_vein: tuple[int, ...] = ()  # days from leukapheresis to infusion, by infusion

    @property
    def collection_is_recorded(self) -> bool:
        """False where patients were infused and no file tells of a leukapheresis: then nobody's is known, not none."""
        return bool(self.leukapheresed) or not self.infused

    @property
    def median_days(self) -> float | None:
        return median(self.vein_to_vein) if self.vein_to_vein else None


@dataclass(frozen=True)
class Board:
    windows: tuple[Window, ...]  # by cohort, then infusion
    rungs: tuple[Rung, ...]  # lowest level first
    pipeline: Pipeline
    breaches: tuple[Breach, ...]
    candidates: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)  # of every verdict, by usubjid
    without_window: tuple[str, ...] = ()  # usubjid of who has a DLT, by the file or by a person, and no window

    def window(self, usubjid: str) -> Window | None:
        return next((one for one in self.windows if one.usubjid == usubjid), None)


def board(
    subjects: pd.DataFrame,
    events: pd.DataFrame,
    protocol: Protocol,
    cutoff: datetime,
    *,
    labs: pd.DataFrame | None = None,
    adjudications: Mapping[tuple[str, str], Adjudication] = MappingProxyType({}),
    found: Mapping[str, tuple[Candidate, ...]] | None = None,
) -> Board:
    """The Board at the data's cut-off.

    subjects, events: as `queries.subjects` and `queries.adverse_events`, in any order. cutoff: last moment the data
    speak of, in the trial's clock; an infusion or an event dated after it has not happened. A trial without dose levels
    has a pipeline only. What contradicts itself is unresolved, never an error: the Board is there for odd data too.
    labs: as `clinical.candidates.candidates`; found: its answer, `candidates_of`, where it is known already (what
    people say changes no candidate that the data have). adjudications: as `clinical.adjudication.adjudications`.
    """
    subjects = subjects.assign(day0=subjects["day0"].where(subjects["day0"] <= cutoff))
    subjects = subjects.sort_values(["consent", "usubjid"])
    windows: tuple[Window, ...] = ()
    rungs: tuple[Rung, ...] = ()
    breaches: tuple[Breach, ...] = ()
    of_patients: dict[str, tuple[Candidate, ...]] = {}
    lost: tuple[str, ...] = ()
    if protocol.dlt:
        infused = _infused(subjects, protocol, cutoff)
        if found is None:
            found = _candidates(infused, events, protocol, cutoff, labs)
        of_patients = judged(found, infused, protocol.dlt, adjudications, cutoff)
        windows = _windows(infused, events, of_patients, protocol, cutoff)
        rungs = tuple(_rung(level, windows, subjects, protocol.dlt) for level in protocol.dose_levels)
        rungs = _expanded_for_mtd(rungs, protocol.dlt)
        breaches = tuple(_breaches(windows, protocol))
        lost = _without_window(windows, _flagged(events, cutoff), adjudications)
    return Board(windows, rungs, _pipeline(subjects), breaches, of_patients, lost)


def _without_window(
    windows: Iterable[Window], flagged: pd.DataFrame, adjudications: Mapping[tuple[str, str], Adjudication]
) -> tuple[str, ...]:
    """A DLT must not be gone because its patient is not infused, or not assigned, in this cut."""
    there = {one.usubjid for one in windows}
    has = {who for (who, _), said in adjudications.items() if said.dlt and said.code != SUPPOSED}
    has |= set(flagged["usubjid"])
    return tuple(sorted(has - there))


def candidates_of(
    subjects: pd.DataFrame, events: pd.DataFrame, protocol: Protocol, cutoff: datetime, labs: pd.DataFrame | None
) -> dict[str, tuple[Candidate, ...]]:
    """The candidates of the Board before anybody judged them. Arguments as `board`."""
    if protocol.dlt is None:
        return {}
    return _candidates(_infused(subjects, protocol, cutoff), events, protocol, cutoff, labs)


def _candidates(
    infused: pd.DataFrame, events: pd.DataFrame, protocol: Protocol, cutoff: datetime, labs: pd.DataFrame | None
) -> dict[str, tuple[Candidate, ...]]:
    version = protocol.adverse_events.ctcae_version
    return candidates(infused, events, protocol.dlt, cutoff, labs=labs, ctcae=version)


def _infused(subjects: pd.DataFrame, protocol: Protocol, cutoff: datetime) -> pd.DataFrame:
    levels = [level.id for level in protocol.dose_levels]
    return subjects[(subjects["day0"] <= cutoff) & subjects["cohort"].isin(levels)]


def _flagged(events: pd.DataFrame, cutoff: datetime) -> pd.DataFrame:
    """The rows that the file calls a DLT, those that can have begun by the cut-off."""
    return events[(events["aedlt"] == "Y") & ~(events["aestdtc_earliest"] > cutoff)]


# ---- windows --------------------------------------------------------------------------------------------------------
def _windows(
    infused: pd.DataFrame, events: pd.DataFrame, found: Mapping, protocol: Protocol, cutoff: datetime
) -> tuple[Window, ...]:
    order = {level.id: number for number, level in enumerate(protocol.dose_levels)}
    flagged: dict[str, list] = {}
    for row in _flagged(events, cutoff).itertuples():
        flagged.setdefault(row.usubjid, []).append(row)
    windows = [
        _window(row, found.get(row.usubjid, ()), flagged.get(row.usubjid, ()), protocol.dlt, cutoff.date())
        for row in infused.itertuples()
    ]
    return tuple(sorted(windows, key=lambda one: (order[one.cohort], one.infused, one.usubjid)))


def _window(row, found: Iterable[Candidate], flagged: Iterable, dlt: Dlt, cutoff: date) -> Window:
    infused = row.day0.date()
    ends = infused + timedelta(days=dlt.window_days)
    still_open = tuple(one for one in found if one.open)
    disputed = {one.event for one in found if one.code == "disagree"} - {
        one.event for one in found if one.adjudicated == "Y"
    }
    agreed = [one for one in flagged if event_key(one) not in disputed]
    onset, term = _dlt_onset(agreed, [one for one in found if one.adjudicated == "Y"], infused, ends)
    # A negative amount says no more than a blank.
    fraction = float(row.dose_fraction) if row.dose_fraction >= 0 else None
    state = window_state(
        infused,
        cutoff,
        dlt_onset=onset,
        off_study=off_study(row, infused, ends, cutoff),
        dose_fraction=fraction,
        last_assessed=infused if pd.isna(row.last_assessed) else row.last_assessed.date(),
        open_candidates={one.event for one in still_open},
        window_days=dlt.window_days,
        min_dose_fraction=dlt.evaluability.min_dose_fraction,
    )
    return Window(
        usubjid=row.usubjid,
        subjid=row.subjid,
        cohort=row.cohort,
        infused=infused,
        ends=ends,
        dose_fraction=fraction,
        overdosed=fraction is not None and fraction > dlt.evaluability.max_dose_fraction + ROUNDING,
        state=state,
        dlts=tuple(one for one in found if one.adjudicated == "Y"),
        candidates=still_open,
        dlt_day=(onset[0] - infused).days if onset and onset not in (_undated(infused), (infused, ends)) else None,
        dlt_term=term,
    )


Days = tuple[date, date]  # the first and the last that can be meant


def _undated(infused: date) -> Days:
    return infused, date.max


def _dlt_onset(flagged: Iterable, judged: Iterable[Candidate], infused: date, ends: date) -> tuple[Days | None, str]:
    """Onset of the adjudicated DLT: the first that is surely in the window, else the first that can be meant."""
    found = []
    for row in flagged:
        grade = "" if pd.isna(row.aetoxgr) else f" G{int(row.aetoxgr)}"
        found.append((_onset(row, infused), f"{row.aeterm if pd.isna(row.aedecod) else row.aedecod}{grade}"))
    for one in judged:
        if one.flag != "Y":  # a flag is read from its own row
            grade = "" if one.grade is None else f" G{one.grade}"
            found.append((_judged_onset(one, infused, ends), f"{one.term}{grade}"))
    certain = [one for one in found if one[0][1] <= ends]
    return min(certain or found, default=(None, ""))


def _judged_onset(one: Candidate, infused: date, ends: date) -> Days:
    """Of a DLT by adjudication, never before the infusion. Who calls it one says that it began in the window: of the
    days that a vague date can mean, those within it."""
    first, last = one.onset or _undated(infused)
    first, last = max(first, infused), max(last, infused)
    return first, min(last, ends) if first <= ends else last


def _onset(row, infused: date) -> Days:
    """Of a DLT, never before the infusion: a cytopenia that did not recover began with lymphodepletion. One that also
    ended before the infusion contradicts itself, and its date says nothing."""
    first, last = began(row)
    if last >= infused:
        return max(first, infused), last
    lasts = pd.isna(row.aeendtc_latest) or row.aeendtc_latest.date() >= infused
    return (infused, infused) if lasts else _undated(infused)


def off_study(row, infused: date, ends: date, cutoff: date) -> Days | None:
    """First and last day on which a patient can have left; None where nothing says so. row: of `queries.subjects`."""
    if pd.isna(row.off_study) or row.off_study.date() > cutoff:
        return None
    first, last = row.off_study.date(), row.off_study_latest.date()
    if last >= infused:
        return max(first, infused), last
    # Off study before the infusion: one of the two dates is wrong, and whether the window was completed is not known.
    return (infused, ends) if cutoff >= ends else None


# ---- ladder ---------------------------------------------------------------------------------------------------------
def _rung(level: Level, windows: Iterable[Window], subjects: pd.DataFrame, dlt: Dlt) -> Rung:
    here = [one for one in windows if one.cohort == level.id]

    def in_state(*states: str) -> tuple[str, ...]:
        return tuple(one.usubjid for one in here if one.state.state in states)

    evaluable, dlts = in_state("evaluable_no_dlt", "evaluable_dlt"), in_state("evaluable_dlt")
    pending, unresolved = in_state("pending"), in_state("unresolved")
    rule = dlt.escalation
    waits = subjects["day0"].isna() & subjects["off_study"].isna() & ~subjects["screen_failed"]
    return Rung(
        level=level,
        planned=rule.expanded_size if dlts else rule.cohort_size,
        infused=tuple(one.usubjid for one in here),
        evaluable=evaluable,
        dlts=dlts,
        pending=pending,
        replaced=in_state("not_evaluable"),
        unresolved=unresolved,
        waiting=tuple(subjects[waits & (subjects["cohort"] == level.id)]["usubjid"]),
        state=level_state(
            len(evaluable), len(dlts), len(pending) + len(unresolved), len(here), rule.cohort_size, rule.expanded_size
        ),
        interval=clopper_pearson(len(dlts), len(evaluable)),
    )


def level_state(
    evaluable: int, dlts: int, awaited: int, infused: int, cohort_size: int = 3, expanded_size: int = 6
) -> str:
    """State of one dose level by the classic 3+3 alone, before any advice: 0/3 or at most 1/6 cleared, 2 DLTs exceeded.

    evaluable: patients with a result, dlts of them; awaited: pending and unresolved; infused: all, the replaced too.
    The second DLT exceeds at once, whoever is still awaited; clearing waits for every result. With one DLT the level
    expands once the first cohort has all its results, or a patient beyond it was infused.
    Source: Storer BE. Biometrics 1989;45:925-937 (design A); cohort sizes are the protocol's.
    """
    if dlts >= 2:
        return "exceeded"
    if infused == 0:
        return "not_opened"
    if awaited == 0 and (evaluable >= expanded_size or (evaluable >= cohort_size and dlts == 0)):
        return "cleared"
    if dlts == 1 and (evaluable >= cohort_size or evaluable + awaited > cohort_size):
        return "expanding"
    return "open"


def _expanded_for_mtd(rungs: tuple[Rung, ...], dlt: Dlt) -> tuple[Rung, ...]:
    """Where an MTD must rest on six, the dose that would be it grows to six after 0/3 too.

    That is the dose below the lowest exceeded one, and under six_at_mtd the top dose where none is exceeded.
    """
    rule = dlt.escalation
    exceeded = next((number for number, one in enumerate(rungs) if one.state == "exceeded"), len(rungs))
    below = rungs[exceeded - 1] if exceeded else None
    needed = rule.variant == "six_at_mtd" or (rule.variant == "deescalation" and exceeded < len(rungs))
    if not needed or below is None or below.dlts or not rule.cohort_size <= len(below.evaluable) < rule.expanded_size:
        return rungs
    return tuple(replace(one, state="expanding", planned=rule.expanded_size) if one is below else one for one in rungs)


# ---- staggering and dose ---------------------------------------------------------------------------------------------
def _breaches(windows: Iterable[Window], protocol: Protocol) -> Iterable[Breach]:
    rule = protocol.dlt.escalation
    for level in protocol.dose_levels:
        here = [one for one in windows if one.cohort == level.id]
        yield from _too_early("sentinel", here[:1] * len(here[1:]), here[1:], rule.sentinel_gap_days)
        yield from _too_early("stagger", here[1:], here[2:], rule.stagger_days)
    for one in windows:
        if one.overdosed:
            yield Breach("overdose", one.cohort, one.usubjid, percent=round(100 * one.dose_fraction, 1))


def _too_early(kind: str, earlier: Sequence[Window], later: Sequence[Window], least: int) -> Iterable[Breach]:
    """The later patients infused fewer than `least` days after the earlier one beside them."""
    for before, after in zip(earlier, later, strict=False):
        gap = (after.infused - before.infused).days
        if gap < least:
            yield Breach(kind, after.cohort, after.usubjid, after=before.usubjid, days=gap, minimum=least)


# ---- pipeline --------------------------------------------------------------------------------------------------------
def _pipeline(subjects: pd.DataFrame) -> Pipeline:
    where: dict[str, list[str]] = {name: [] for name in STEPS}
    for row in subjects.itertuples():
        step = waits_at(row)
        if step:
            where[step].append(row.usubjid)
    infused = subjects[subjects["day0"].notna()].sort_values(["day0", "usubjid"])
    collected = infused[infused["leukapheresis"].notna()]
    waits = (collected["day0"].dt.normalize() - collected["leukapheresis"].dt.normalize()).dt.days
    screen_failed = subjects[subjects["screen_failed"]]
    return Pipeline(
        consented=tuple(subjects["usubjid"]),
        screen_failed=tuple(screen_failed["usubjid"]),
        leukapheresed=tuple(subjects[subjects["leukapheresis"].notna()]["usubjid"]),
        infused=tuple(infused["usubjid"]),
        now={name: tuple(people) for name, people in where.items()},
        vein_to_vein=tuple(int(one) for one in waits),
    )


def waits_at(row) -> str:
    """Where a patient who is not infused waits, of STEPS; "" for the infused and for screen failures. row: of
    `queries.subjects`."""
    if pd.notna(row.day0) or row.screen_failed:
        return ""
    if row.manufacture_state == "FAILED":
        return "failed"
    if pd.notna(row.off_study):
        return "left"
    if pd.notna(row.lymphodepletion):
        return "lymphodepleting"
    if row.manufacture_state == "RELEASED":
        return "released"
    if pd.notna(row.manufacture_start):
        return "in_manufacture"
    return "collected" if pd.notna(row.leukapheresis) else "screening"
