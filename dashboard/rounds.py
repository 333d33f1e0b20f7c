"""The one way from a cut to its rounds: what is read at once, and what comes from jobs."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
from flask import current_app

from clinical.candidates import Candidate
from clinical.discrepancies import Discrepancy
from clinical.last_results import COLUMNS, LINE_DAYS
from clinical.rounds import Derived, Known, Round, ordered, rounds
from clinical.treatment_emergent import denominator
from dashboard.alerting import of_trial
from dashboard.choices import chosen_cohort
from dashboard.exposures import excluded
from dashboard.grading_toxicity import Toxicity, toxicities
from dashboard.jobs import Job
from dashboard.session import Asked, NotUnderstood, board_of, unfinished
from dashboard.waiting import is_over
from data.events import START
from data.store import Cut
from pk.exclusions import marked
from queries.adverse_events import adverse_events
from queries.measurements import latest
from queries.provenance import last_data
from queries.subjects import subjects
from queries.support import lasting_support
from queries.visits import visits

BEDSIDE = ("TEMP", "OXYSAT", "ICETOT")
LABS = ("NEUT", "PLAT", "CRP", "FERRITIN")
_READ = (*COLUMNS, "dtc")

Groups = tuple[tuple[str, tuple[Round, ...]], ...]


@dataclass(frozen=True)
class Found:
    groups: Groups  # of the chosen patients, by rank
    known: Known
    whole: bool  # nothing is still being computed
    failed: bool  # something could not be computed

    @property
    def count(self) -> int:
        return sum(len(own) for _, own in self.groups)


def found(asked: Asked, within: float) -> Found:
    """The patients that the view asks for, in their order. within: seconds that are waited for what takes longer."""
    cut = asked.cut
    own = [one for one in rounds_of(cut, asked.head) if is_chosen(asked, one)]  # before jobs take the processor
    jobs = _jobs(cut, asked.head, within)
    failed = {name for name, job in jobs.items() if job.failure()}
    came = {name: job.result() for name, job in jobs.items() if name not in failed}
    known = Known(
        candidates=came.get("candidates"),
        alerts=_open(came["alerts"]) if "alerts" in came else None,
        derived=_derived(came["graded"]) if "graded" in came else None,
        higher=_higher(came["graded"]) if "graded" in came else None,
    )
    if failed:
        unfinished()
    return Found(ordered(own, known, cut.protocol, cut.cutoff), known, len(jobs) == len(_BEGIN), bool(failed))


def _jobs(cut: Cut, head: str, within: float) -> dict[str, Job]:
    """Those that are over, one begun after the other: at once they would take the processor from who waits for a
    screen."""
    until, over = time.monotonic() + within, {}
    for name, begin in _BEGIN.items():
        job = begin(cut, head)
        if not is_over(job, max(0.0, until - time.monotonic())):
            break
        over[name] = job
    return over


def _open(alerts: Mapping[str, tuple]) -> dict[str, tuple]:
    still = {who: tuple(one for one in own if one.is_open) for who, own in alerts.items()}
    return {who: own for who, own in still.items() if own}


# ---- who -------------------------------------------------------------------------------------------------------------
def is_chosen(asked: Asked, one: Round) -> bool:
    """By cohort, population, and where the patient is."""
    cohort = chosen_cohort(asked)
    if cohort and one.cohort != cohort:
        return False
    if asked.view.who == "hospital" and not (one.in_hospital and not one.died and not one.left):
        return False
    if asked.view.who == "window" and not one.in_window:
        return False
    return one.usubjid in _population(asked)


def _population(asked: Asked) -> frozenset[str]:
    """Everyone from consent on, unless one is chosen. NotUnderstood for one that the protocol does not name."""
    wanted = asked.view.population
    if not wanted:
        return frozenset(asked.numbers)
    step = next((one.step for one in asked.cut.protocol.populations if one.id == wanted), None)
    if step is None:
        raise NotUnderstood(f"population={wanted}")
    return _members(asked.cut, asked.head, step)


@lru_cache(maxsize=32)
def _members(cut: Cut, head: str, step: str) -> frozenset[str]:
    """As every incidence counts them."""
    rungs = board_of(cut, head).rungs if step == "dlt_evaluable" else ()
    evaluable = [one for rung in rungs for one in rung.evaluable]
    anytime = cut.protocol.adverse_events.windows[0]
    return frozenset(denominator(subjects(cut), step, anytime, cut.protocol, evaluable)["usubjid"])


# ---- what is read at once --------------------------------------------------------------------------------------------
@lru_cache(maxsize=8)
def rounds_of(cut: Cut, head: str = START) -> tuple[Round, ...]:
    """Every patient, by identifier. head: hash of the last event of the state that counts."""
    return rounds(
        subjects(cut), adverse_events(cut), _results(cut, head), lasting_support(cut), visits(cut), last_data(cut),
        cut.protocol, cut.cutoff,
    )  # fmt: skip


def _results(cut: Cut, head: str) -> pd.DataFrame:
    """Of the samples that people excluded from the kinetics none is a last one."""
    assay = cut.protocol.kinetics
    parts = [latest(cut, ("vital_sign", "ice"), BEDSIDE, _READ, 0), latest(cut, ("lab",), LABS, _READ, LINE_DAYS)]
    if assay:
        cells = marked(latest(cut, (assay.table,), (assay.code,), _READ, LINE_DAYS), excluded(cut, head))
        parts.append(cells.loc[cells["excluded"].isna(), list(_READ)])
    return pd.concat([one for one in parts if len(one)] or parts[:1], ignore_index=True)


# ---- what comes later ------------------------------------------------------------------------------------------------
def _candidates(cut: Cut, head: str) -> Job:
    """usubjid -> the open candidates."""
    return current_app.config["JOBS"].of(("candidates", cut.id, head), lambda told: _open_candidates(cut, head))


@lru_cache(maxsize=8)
def _open_candidates(cut: Cut, head: str) -> dict[str, tuple[Candidate, ...]]:
    still = {who: tuple(one for one in own if one.open) for who, own in board_of(cut, head).candidates.items()}
    return {who: own for who, own in still.items() if own}


_BEGIN: dict[str, Callable[[Cut, str], Job]] = {
    "alerts": lambda cut, head: of_trial(cut),
    "candidates": _candidates,
    "graded": lambda cut, head: toxicities(cut),
}


def _derived(graded: Sequence[Toxicity]) -> dict[str, dict[str, Derived]]:
    """Kind -> usubjid -> what the last assessment says."""
    return {one.kind: {row.Index: _last(row) for row in one.last.itertuples()} for one in graded}


def _higher(graded: Sequence[Toxicity]) -> dict[str, dict[str, Discrepancy]]:
    """Kind -> usubjid -> where it is above the reported grade; of several the highest that is possible."""
    found: dict[str, dict[str, Discrepancy]] = {one.kind: {} for one in graded}
    every = [each for one in graded for each in one.discrepancies if each.higher]
    for each in sorted(every, key=lambda one: (one.higher[1], one.higher[0])):
        found[each.kind][each.usubjid] = each
    return found


def _last(row) -> Derived:
    low, high = (None if pd.isna(one) else int(one) for one in (row.low, row.high))
    return Derived(low, high, row.first.to_pydatetime())


# ---- of one patient --------------------------------------------------------------------------------------------------
def who(cut: Cut, usubjid: str) -> pd.Series:
    """Row of `queries.subjects`."""
    return _subjects(cut)[usubjid]


@lru_cache(maxsize=8)
def _subjects(cut: Cut) -> dict[str, pd.Series]:
    everyone = subjects(cut)
    return {row["usubjid"]: row for _, row in everyone.iterrows()}


def visits_of(cut: Cut, usubjid: str) -> pd.DataFrame:
    """As `queries.visits`, as far as `clinical.due` reads them."""
    every, none = _visits(cut)
    return every.get(usubjid, none)


@lru_cache(maxsize=8)
def _visits(cut: Cut) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Of each patient, and of one who has none."""
    every = visits(cut)
    read = every[["visitnum", "visit", "svstdtc_earliest"]]
    return dict(iter(read.groupby(every["usubjid"], sort=False))), read.iloc[:0]
