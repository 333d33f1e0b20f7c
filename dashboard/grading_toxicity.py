"""The one way from a cut to CRS and ICANS as derived and as reported."""

from dataclasses import dataclass

import pandas as pd
from flask import current_app

from clinical.bedside import crs_inputs, icans_inputs
from clinical.discrepancies import Discrepancy, discrepancies
from clinical.grade_matrix import worst_grades
from clinical.grading import crs, icans
from clinical.toxicity_episodes import EPISODE, crs_assessments, episodes, icans_assessments
from dashboard.jobs import Job
from dashboard.once import OnceACut
from data.store import Cut
from queries.adverse_events import adverse_events
from queries.interventions import interventions
from queries.measurements import measurements
from queries.subjects import subjects

SCALES = {"crs": crs.SCALE, "icans": icans.SCALE}


@dataclass(frozen=True, eq=False)
class Toxicity:
    """worst: of `clinical.grade_matrix.worst_grades`. last: by usubjid, first [moment], low, high of the last
    assessment of which anything can be said. assessments: how many there are after the infusion; without any
    nothing is compared."""

    kind: str  # of SCALES
    worst: pd.DataFrame
    last: pd.DataFrame
    assessments: int
    discrepancies: tuple[Discrepancy, ...]
    episodes: pd.DataFrame  # of `clinical.toxicity_episodes.episodes`, derived


def toxicities(cut: Cut) -> Job:
    """`toxicities_of` beside what readers ask meanwhile: of hundreds of patients it takes seconds."""
    return current_app.config["JOBS"].of(("toxicities", cut.id), lambda told: toxicities_of(cut))


@OnceACut
def toxicities_of(cut: Cut) -> tuple[Toxicity, ...]:
    """One a scale; what is reported alone where the protocol does not say how they are read."""
    read = _toxicity if cut.protocol.toxicity else _reported
    return tuple(read(cut, kind) for kind in SCALES)


def _reported(cut: Cut, kind: str) -> Toxicity:
    nobody = pd.DataFrame({"usubjid": [], "first": [], "low": [], "high": []})
    worst = worst_grades(kind, nobody, adverse_events(cut), subjects(cut).set_index("usubjid")["day0"], cut.cutoff)
    return Toxicity(kind, worst, _last(nobody), 0, (), pd.DataFrame(columns=list(EPISODE)))


def _toxicity(cut: Cut, kind: str) -> Toxicity:
    settings, events, given = cut.protocol.toxicity, adverse_events(cut), interventions(cut)
    day0 = subjects(cut).set_index("usubjid")["day0"]
    assessed = _assessed(cut, kind)
    group = next((one for one in cut.protocol.aesi if one.id == kind), None)
    derived = episodes(kind, assessed, given, settings)
    differing = discrepancies(kind, derived, assessed, events, group, day0, settings, cut.cutoff)
    worst = worst_grades(kind, assessed, events, day0, cut.cutoff)
    return Toxicity(kind, worst, _last(assessed), len(assessed), differing if len(assessed) else (), derived)


def _last(assessed: pd.DataFrame) -> pd.DataFrame:
    known = assessed[assessed["high"].notna()]
    newest = known.sort_values(["usubjid", "first"], kind="stable").drop_duplicates("usubjid", keep="last")
    return newest.set_index("usubjid")[["first", "low", "high"]]


def _assessed(cut: Cut, kind: str) -> pd.DataFrame:
    settings, given = cut.protocol.toxicity, interventions(cut)
    if kind == "icans":
        return icans_assessments(icans_inputs(measurements(cut, ("ice",)), adverse_events(cut), settings))
    vitals = measurements(cut, ("vital_sign",), codes=("TEMP", "SYSBP"))
    return crs_assessments(crs_inputs(vitals, given, settings, recorded=set(given["table"])), settings)
