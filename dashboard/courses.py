"""A patient's course out of a cut: the one place where the frames of the patient's screen are put together."""

from functools import lru_cache

import pandas as pd

from clinical import peaks
from clinical.course import Course
from clinical.ghost import Ghost, Group, ghosts, on_planned_days
from clinical.on_target import CODES, TABLES
from dashboard.exposures import endpoint_of, excluded
from dashboard.judged import judged_events
from data.events import START
from data.protocol import Protocol
from data.protocol_measures import Analyte
from data.store import Cut
from pk.exclusions import marked
from queries.interventions import interventions, recorded
from queries.measurements import FINDINGS, measurements
from queries.subjects import subjects
from queries.visits import visits

BESIDE = ("IL6", "FERRITIN")  # what is shown of the dose group, beside the assay of the kinetics


@lru_cache(maxsize=64)
def course(cut: Cut, usubjid: str, head: str = START) -> Course | None:
    """None where this cut has no such patient. head: hash of the last event of the state that counts."""
    everyone, events = subjects(cut), judged_events(cut, head)
    found = everyone[everyone["usubjid"] == usubjid]
    if found.empty:
        return None
    return Course(
        who=found.iloc[0],
        measured=marked(measurements(cut, FINDINGS, usubjid), excluded(cut, head)),
        given=interventions(cut, usubjid),
        events=events[events["usubjid"] == usubjid],
        visits=visits(cut, usubjid),
        protocol=cut.protocol,
        cutoff=cut.cutoff,
        ends_recorded=bool(events["aeendtc_earliest"].notna().any()),
        recorded=recorded(cut),
        examined=frozenset(measurements(cut, TABLES, codes=CODES, columns=("code",))["code"]),
        event_terms=frozenset(events["aedecod"].fillna(events["aeterm"])),
    )


# ---- the others of the dose group ------------------------------------------------------------------------------------
@lru_cache(maxsize=64)
def others(cut: Cut, course: Course, head: str = START) -> dict[str, Ghost]:
    """The rest of the patient's dose group, by analyte; nothing of a patient whose cohort is not known."""
    who = course.who
    return {} if pd.isna(who["cohort"]) else ghosts(dose_group(cut, who["cohort"], head), who["usubjid"])


@lru_cache(maxsize=64)
def dose_group(cut: Cut, cohort: str, head: str = START) -> Group:
    """The infused patients of a cohort on the planned days: BESIDE, and the assay of the kinetics without the samples
    that people excluded. A result below the limit stands at it; at 0, for the lower edge, where none is known."""
    assay, wanted = cut.protocol.kinetics, _beside(cut.protocol)
    asked = [(peaks.TABLE[one.panel], one.code) for one in wanted] + ([(assay.table, assay.code)] if assay else [])
    if not asked:
        return {}
    tables, codes = (tuple(dict.fromkeys(one)) for one in zip(*asked, strict=True))
    measured = measurements(cut, tables, codes=codes, columns=_COLUMNS)
    own = measured[measured["cohort"] == cohort]
    samples = pd.concat([peaks.samples(own, wanted)[_SAMPLE], _cells(own, cut, head)], ignore_index=True)
    return on_planned_days(samples, cut.protocol.visits)


_SAMPLE = ["usubjid", "code", "value", "rel_day", "time"]
_COLUMNS = (
    "usubjid", "cohort", "table", "code", "specimen", "method", "value", "unit", "qualifier", "qualitative", "not_done",
    "lloq", "dtc", "first", "last", "time", "rel_day",
)  # fmt: skip


def _beside(protocol: Protocol) -> tuple[Analyte, ...]:
    return tuple(one for one in protocol.panel(*peaks.TABLE) if one.code in BESIDE)


def _cells(measured: pd.DataFrame, cut: Cut, head: str) -> pd.DataFrame:
    rows = endpoint_of(measured, cut, head).rename(columns={"subject": "usubjid"})
    code = cut.protocol.kinetics.code if cut.protocol.kinetics else ""
    rows = rows.assign(code=code, value=rows["conc"].mask(rows["blq"], rows["lloq"].fillna(0.0)))
    return rows.loc[rows["value"].notna(), _SAMPLE]
