"""The state of the trial that the Board shows: windows, dose ladder, pipeline, breaches. One pure function of frames."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median

import pandas as pd

from clinical.candidates import Candidate, candidates
from clinical.dlt import WindowState, window_state
from clinical.proportions import clopper_pearson
from data.protocol import Dlt, Level, Protocol


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
    candidates: tuple[Candidate, ...] = ()
    dlt_day: int | None = None
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


@dataclass(frozen=True)
class Pipeline:
    """Steps from consent to infusion as tuples of usubjid. The first group counts everyone who came so far, `now` where each waits."""

    consented: tuple[str, ...]
    screen_failed: tuple[str, ...]
    leukapheresed: tuple[str, ...]
    infused: tuple[str, ...]
    now: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # screening, collected, in_manufacture, failed, released, lymphodepleting, left
    vein_to_vein: tuple[int, ...] = ()  # days from leukapheresis to infusion, by infusion

    @property
    def median_days(self) -> float | None:
        return median(self.vein_to_vein) if self.vein_to_vein else None


@dataclass(frozen=True)
class Board:
    windows: tuple[Window, ...]  # by cohort, then infusion
    rungs: tuple[Rung, ...]  # lowest level first
    pipeline: Pipeline
    breaches: tuple[Breach, ...]

    def window(self, usubjid: str) -> Window | None:
        return next((one for one in self.windows if one.usubjid == usubjid), None)


def board(subjects: pd.DataFrame, events: pd.DataFrame, protocol: Protocol, cutoff: datetime) -> Board:
    """The Board at the data's cut-off.

    subjects, events: as `queries.subjects` and `queries.adverse_events`. cutoff: last moment the data speak of, in the
    trial's clock. A trial without dose levels has a pipeline only.
    """
    windows: tuple[Window, ...] = ()
    rungs: tuple[Rung, ...] = ()
    breaches: tuple[Breach, ...] = ()
    if protocol.dlt:
        windows = _windows(subjects, events, protocol, cutoff)
        rungs = tuple(_rung(level, windows, subjects, protocol.dlt) for level in protocol.dose_levels)
        rungs = _expanded_at_top(rungs, protocol.dlt)
        breaches = tuple(_breaches(windows, protocol))
    return Board(windows, rungs, _pipeline(subjects), breaches)


# ---- windows --------------------------------------------------------------------------------------------------------
def _windows(subjects: pd.DataFrame, events: pd.DataFrame, protocol: Protocol, cutoff: datetime) -> tuple[Window, ...]:
    order = {level.id: number for number, level in enumerate(protocol.dose_levels)}
    infused = subjects[subjects["day0"].notna() & subjects["cohort"].isin(list(order))]
    by_subject = dict(list(events.groupby("usubjid")))
    found = [
        _window(row, by_subject.get(row.usubjid, events.iloc[:0]), protocol.dlt, cutoff) for row in infused.itertuples()
    ]
    return tuple(sorted(found, key=lambda one: (order[one.cohort], one.infused, one.usubjid)))


def _window(row, events: pd.DataFrame, dlt: Dlt, cutoff: datetime) -> Window:
    infused = row.day0.date()
    onset, term = _dlt_onset(events, infused, dlt.window_days)
    found = candidates(events, row.day0, dlt, cutoff)
    fraction = None if pd.isna(row.dose_fraction) else float(row.dose_fraction)
    state = window_state(
        infused,
        cutoff.date(),
        dlt_onset=onset,
        off_study=None if pd.isna(row.off_study) else max(row.off_study.date(), infused),
        dose_fraction=fraction,
        last_assessed=infused if pd.isna(row.last_assessed) else row.last_assessed.date(),
        open_candidates=[one for one in found if one.open],
        window_days=dlt.window_days,
        min_dose_fraction=dlt.evaluability.min_dose_fraction,
    )
    return Window(
        usubjid=row.usubjid,
        subjid=row.subjid,
        cohort=row.cohort,
        infused=infused,
        ends=infused + timedelta(days=dlt.window_days),
        dose_fraction=fraction,
        overdosed=fraction is not None and fraction > dlt.evaluability.max_dose_fraction,
        state=state,
        dlts=tuple(one for one in found if one.adjudicated == "Y"),
        candidates=tuple(one for one in found if one.open),
        dlt_day=(onset[0] - infused).days if onset else None,
        dlt_term=term,
    )


def _dlt_onset(events: pd.DataFrame, infused: date, days: int) -> tuple[tuple[date, date] | None, str]:
    """Onset of the adjudicated DLT, as an interval of days: the first in the window, else the first after it."""
    found = []
    for row in events[events["aedlt"] == "Y"].itertuples():
        grade = "" if pd.isna(row.aetoxgr) else f" G{int(row.aetoxgr)}"
        term = f"{row.aeterm if pd.isna(row.aedecod) else row.aedecod}{grade}"
        if pd.isna(row.aestdtc_earliest):  # undated: any day since the infusion
            found.append(((infused, infused + timedelta(days=days + 1)), term))
        else:
            found.append(((max(row.aestdtc_earliest.date(), infused), row.aestdtc_latest.date()), term))
    certain = [one for one in found if one[0][1] <= infused + timedelta(days=days)]
    return min(certain or found, key=lambda one: one[0], default=(None, ""))


# ---- ladder ---------------------------------------------------------------------------------------------------------
def _rung(level: Level, windows: Iterable[Window], subjects: pd.DataFrame, dlt: Dlt) -> Rung:
    here = [one for one in windows if one.cohort == level.id]

    def in_state(*states: str) -> tuple[str, ...]:
        return tuple(one.usubjid for one in here if one.state.state in states)

    evaluable, dlts = in_state("evaluable_no_dlt", "evaluable_dlt"), in_state("evaluable_dlt")
    pending, unresolved = in_state("pending"), in_state("unresolved")
    rule = dlt.escalation
    assigned = subjects[(subjects["cohort"] == level.id) & subjects["day0"].isna() & subjects["off_study"].isna()]
    return Rung(
        level=level,
        planned=rule.expanded_size if dlts else rule.cohort_size,
        infused=tuple(one.usubjid for one in here),
        evaluable=evaluable,
        dlts=dlts,
        pending=pending,
        replaced=in_state("not_evaluable"),
        unresolved=unresolved,
        waiting=tuple(assigned["usubjid"]),
        state=level_state(len(evaluable), len(dlts), len(pending) + len(unresolved), len(here), rule.cohort_size, rule.expanded_size),
        interval=clopper_pearson(len(dlts), len(evaluable)),
    )  # fmt: skip


def level_state(
    evaluable: int, dlts: int, awaited: int, infused: int, cohort_size: int = 3, expanded_size: int = 6
) -> str:
    """State of one dose level by the classic 3+3 alone, before any advice: 0/3 or at most 1/6 cleared, 2 DLTs exceeded.

    The second DLT exceeds at once, whoever is still awaited; clearing waits for every result.
    Source: Storer BE. Biometrics 1989;45:925-937 (design A); cohort sizes are the protocol's.
    """
    if dlts >= 2:
        return "exceeded"
    if infused == 0:
        return "not_opened"
    if awaited == 0 and (evaluable >= expanded_size or (evaluable >= cohort_size and dlts == 0)):
        return "cleared"
    if dlts == 1 and evaluable + awaited >= cohort_size:
        return "expanding"
    return "open"


def _expanded_at_top(rungs: tuple[Rung, ...], dlt: Dlt) -> tuple[Rung, ...]:
    """Under six_at_mtd a top dose with 0/3 is not yet cleared: it grows to six."""
    if not rungs or dlt.escalation.variant != "six_at_mtd":
        return rungs
    top, size = rungs[-1], dlt.escalation.expanded_size
    if top.state != "cleared" or len(top.evaluable) >= size:
        return rungs
    return (*rungs[:-1], Rung(**{**top.__dict__, "state": "expanding", "planned": size}))


# ---- staggering and dose ---------------------------------------------------------------------------------------------
def _breaches(windows: Iterable[Window], protocol: Protocol) -> Iterable[Breach]:
    rule = protocol.dlt.escalation
    for level in protocol.dose_levels:
        here = [one for one in windows if one.cohort == level.id]
        for before, after in zip(here, here[1:], strict=False):
            first = before is here[0]
            kind, least = ("sentinel", rule.sentinel_gap_days) if first else ("stagger", rule.stagger_days)
            gap = (after.infused - before.infused).days
            if gap < least:
                yield Breach(kind, level.id, after.usubjid, after=before.usubjid, days=gap, minimum=least)
    for one in windows:
        if one.overdosed:
            yield Breach("overdose", one.cohort, one.usubjid, percent=round(100 * one.dose_fraction, 1))


# ---- pipeline --------------------------------------------------------------------------------------------------------
def _pipeline(subjects: pd.DataFrame) -> Pipeline:
    where: dict[str, list[str]] = {
        name: []
        for name in ("screening", "collected", "in_manufacture", "failed", "released", "lymphodepleting", "left")
    }
    for row in subjects.itertuples():
        step = _step(row)
        if step:
            where[step].append(row.usubjid)
    infused = subjects[subjects["day0"].notna()].sort_values("day0")
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


def _step(row) -> str:
    """Where a patient who is not infused waits now; "" for the infused and for screen failures."""
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
