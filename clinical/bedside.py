"""What the scales of CRS and ICANS ask at each assessment, gathered from measurements, support, drugs and events."""

import math
from collections.abc import Collection, Iterable, Iterator

import pandas as pd

from clinical.by_patient import by_patient
from clinical.grading import crs
from clinical.grading.findings import spelled
from data.protocol_safety import Toxicity

# Kinds of `queries.interventions` that can hide a fever; a receptor stays blocked long after the infusion has ended.
ANTI_CYTOKINE = ("tocilizumab", "siltuximab", "anakinra")
HIDES_FEVER = (*ANTI_CYTOKINE, "steroid", "antipyretic")
_VASOPRESSIN = ("vasopressin", "血管加压素")
_LITRES = ("l/min", "lpm")

# Preferred terms of an event -> what the scale of ICANS calls it; None: there, but how severe the event does not say.
FINDINGS = {
    "seizure": {"seizure": True, "status epilepticus": "prolonged", "癫痫发作": True, "癫痫持续状态": "prolonged"},
    "motor": {"hemiparesis": "hemiparesis", "paraparesis": "paraparesis", "偏瘫": "hemiparesis"},
    "raised_icp": {"brain oedema": True, "intracranial pressure increased": True, "papilloedema": "papilledema",
                   "脑水肿": True, "颅内压升高": True},
    "consciousness": {"somnolence": None, "depressed level of consciousness": None, "stupor": "stupor", "coma": "coma",
                      "嗜睡": None, "意识水平下降": None, "昏睡": "stupor", "昏迷": "coma"},
}  # fmt: skip

CRS_INPUTS = (
    "usubjid", "first", "last", "rel_day", "temperature", "temperature_site", "systolic", "hypotension", "vasopressors",
    "vasopressin", "oxygen_device", "oxygen_flow", "on_board",
)  # fmt: skip
ICANS_INPUTS = ("usubjid", "first", "last", "rel_day", "ice", "consciousness", "seizure", "motor", "raised_icp")


def crs_inputs(
    vitals: pd.DataFrame, given: pd.DataFrame, settings: Toxicity, *, recorded: Collection[str]
) -> pd.DataFrame:
    """One row an assessment after the infusion, by subject and moment: the arguments of `crs.grade` but for fever
    before, and on_board [kinds of HIDES_FEVER; None: drugs are not recorded].

    vitals: as `queries.measurements` of "vital_sign". given: as `queries.interventions`. recorded: tables that the
    trial's files hold: without "support" nothing is known of oxygen and pressors, without "medication" of drugs; with
    them, what no row tells was not given. An assessment is a moment with a temperature [C] or a systolic pressure
    [mmHg]; the other is the nearest within `assessment_hours`. Support dated by the day is there the whole day.
    """
    temperatures = _readings(vitals, "TEMP", "C", "max")[[*_MOMENT, "value", "place"]]
    pressures = _readings(vitals, "SYSBP", "mmHg", "min")[[*_MOMENT, "value"]]
    moments = pd.concat([temperatures[_MOMENT], pressures[_MOMENT]]).drop_duplicates(["usubjid", "first"])
    moments = moments.sort_values(["first", "usubjid"])
    within = pd.Timedelta(hours=settings.assessment_hours)
    for readings, names in ((temperatures, ["temperature", "temperature_site"]), (pressures, ["systolic"])):
        found = readings.drop(columns=["last", "rel_day"]).set_axis(["usubjid", "first", *names], axis=1)
        moments = pd.merge_asof(
            moments, found.sort_values("first"), on="first", by="usubjid", direction="nearest", tolerance=within
        )
    own = by_patient(given)
    rows = [_crs_row(one, own.get(one.usubjid, []), settings, recorded) for one in moments.itertuples()]
    return pd.DataFrame(rows, columns=list(CRS_INPUTS)).sort_values(["usubjid", "first"], ignore_index=True)


_MOMENT = ["usubjid", "first", "last", "rel_day"]


def _readings(vitals: pd.DataFrame, code: str, unit: str, worst: str) -> pd.DataFrame:
    """The worst value of each moment after the infusion, where it is known."""
    known = vitals[
        (vitals["code"] == code) & (vitals["unit"] == unit) & vitals["value"].notna() & (vitals["time"] >= 0)
    ]
    ordered = known.sort_values("value", ascending=worst == "min", kind="stable")
    return ordered.drop_duplicates(["usubjid", "first"])


def _crs_row(one, given: list, settings: Toxicity, recorded: Collection[str]) -> tuple:
    pressors, oxygen = ([row for row in given if row.kind == kind] for kind in ("vasopressor", "oxygen"))
    supported = "support" in recorded
    count, vasopressin = _pressors(one, pressors) if supported else (None, None)
    device, flow = _oxygen(one, oxygen) if supported else (None, math.nan)
    low = None if math.isnan(one.systolic) else one.systolic < settings.systolic_below
    drugs = tuple(sorted(_on_board(one, given))) if "medication" in recorded else None
    site = one.temperature_site if isinstance(one.temperature_site, str) else None
    return (
        one.usubjid, one.first, one.last, one.rel_day, one.temperature, site, one.systolic, low, count, vasopressin,
        device, flow, drugs,
    )  # fmt: skip


def _there(one, rows: Iterable, *, stays: bool = False) -> Iterator:
    """What can be in force at an assessment: from the first moment it can have begun to the last it can have ended."""
    for row in rows:
        if row.first <= one.last and (stays or pd.isna(row.end_last) or row.end_last >= one.first):
            yield row


def _undated(rows: Iterable) -> bool:
    return any(pd.isna(row.first) for row in rows)


def _pressors(one, rows: list) -> tuple[int | None, bool | None]:
    """How many, vasopressin not counted, and whether it; an undated one could be in force at any time."""
    names = {spelled(row.name) for row in _there(one, rows)}
    vasopressin = {name for name in names if name in _VASOPRESSIN}
    if not names and _undated(rows):
        return None, None
    return len(names - vasopressin), bool(vasopressin)


def _oxygen(one, rows: list) -> tuple[str | None, float]:
    """The device that says most, with its flow [L/min]; None where one is not known or not dated."""
    there = [(row.name, row.dose if str(row.unit).casefold() in _LITRES else math.nan) for row in _there(one, rows)]
    if not there:
        return (None if _undated(rows) else "none"), math.nan
    try:
        return max(there, key=lambda device: crs.hypoxia(*device).low)
    except KeyError:
        return None, math.nan


def _on_board(one, given: list) -> set[str]:
    since_infusion = [row for row in given if row.kind in ANTI_CYTOKINE and row.time >= 0]
    others = [row for row in given if row.kind in HIDES_FEVER and row.kind not in ANTI_CYTOKINE]
    return {row.kind for row in (*_there(one, since_infusion, stays=True), *_there(one, others))}


# ---- ICANS -----------------------------------------------------------------------------------------------------------
def icans_inputs(scores: pd.DataFrame, events: pd.DataFrame, settings: Toxicity) -> pd.DataFrame:
    """One row an ICE assessment after the infusion, done or not, by subject and moment: the arguments of `icans.grade`.

    scores: as `queries.measurements` of "ice". events: as `queries.adverse_events`. Seizures, weakness, oedema and
    consciousness come from adverse events of that day; where the protocol says that these are reported by exception,
    none reported is none, and who scores above 0 is awake. Otherwise they are not known.
    """
    totals = scores[(scores["code"] == "ICETOT") & (scores["time"] >= 0)]
    totals = totals.sort_values(["usubjid", "first", "value"]).drop_duplicates(["usubjid", "first"])
    told = events["aedecod"].fillna(events["aeterm"]).str.casefold().isin({t for one in FINDINGS.values() for t in one})
    reported = by_patient(events[told])
    rows = [
        (
            one.usubjid,
            one.first,
            one.last,
            one.rel_day,
            one.value,
            *_findings(one, reported.get(one.usubjid, []), settings),
        )
        for one in totals.itertuples()
    ]
    return pd.DataFrame(rows, columns=list(ICANS_INPUTS))


def _findings(one, reported: Iterable, settings: Toxicity) -> Iterator[str | bool | None]:
    events = [row for row in reported if _that_day(one, row)]
    terms = [(row.aeterm if pd.isna(row.aedecod) else row.aedecod).casefold() for row in events]
    absent = False if settings.findings_by_exception else None
    awake = "awake" if settings.findings_by_exception and one.value > 0 else None
    for component in ("consciousness", "seizure", "motor", "raised_icp"):
        said = [FINDINGS[component][term] for term in terms if term in FINDINGS[component]]
        texts = [each for each in said if isinstance(each, str)]
        if said:
            yield texts[0] if texts else said[0]
        else:
            yield awake if component == "consciousness" else absent


def _that_day(one, row) -> bool:
    """An undated event can be of any day; one without end goes on."""
    starts = pd.isna(row.aestdtc_earliest) or row.aestdtc_earliest.date() <= one.first.date()
    return starts and (pd.isna(row.aeendtc_latest) or row.aeendtc_latest.date() >= one.first.date())
