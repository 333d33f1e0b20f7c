"""What the peaks are set against, patient by patient: best change in size, response, CRS grade, exposure."""

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import pandas as pd

from clinical.peaks import BELOW
from clinical.response import RANKING, best_change, best_overall
from data.protocol import Protocol
from data.protocol_measures import Visit

CHANGE, RESPONSE, CRS, CMAX, AUC = "change", "response", "crs", "cmax", "auc"
UNITS = {CHANGE: "%", RESPONSE: "", CRS: "", CMAX: "", AUC: ""}  # those of exposure come with it

# Why an outcome is not final, or not said at all.
WHY = (
    "", "no_sizes", "no_scan", "no_measurable_disease", "no_baseline", "no_scan_after_baseline", "two_sums",
    "no_responses", "too_early", "never_assessed", "awaiting", "not_evaluable", "conflicting",
    "no_events", "crs_undefined", "crs_ungraded", "crs_undated", "uncoded", "running", "unseen",
    "no_exposure", "no_sample_cells", "cmax_provisional", "auc_incomplete", "auc_too_early", "no_time_0",
    "exposure_other",
)  # fmt: skip


class Said(NamedTuple):
    """One outcome of one patient. value NaN: not said."""

    value: float
    words: str = ""  # what the number stands for: PR, SD
    limit: str = ""  # BELOW: below the limit of quantification, drawn and ranked as 0
    day: float = math.nan  # study day
    unit: str = ""
    state: str = "final"  # final, provisional (shown, not correlated), excluded (no value)
    why: str = ""


def _excluded(why: str, day: float = math.nan) -> Said:
    return Said(math.nan, day=day, state="excluded", why=why)


def outcomes(
    subjects: pd.DataFrame,
    tumour: pd.DataFrame,
    events: pd.DataFrame,
    therapies: pd.DataFrame,
    exposure: pd.DataFrame,
    protocol: Protocol,
    cutoff: datetime,
    *,
    visits_recorded: bool = True,
) -> pd.DataFrame:
    """One row a patient (everyone infused) and outcome of `protocol.associations`: usubjid, cohort, outcome, and the
    fields of `Said`.

    subjects: as `queries.subjects`. tumour: lesion and response rows of `queries.measurements`. events: as
    `queries.adverse_events`. therapies: as `queries.cytokines.cancer_therapies`. exposure: as `pk.exposure.exposures`.
    visits_recorded: the trial's files hold visits; without them the calendar alone tells whether CRS's window is over.
    """
    patients = list(_patients(subjects, therapies, cutoff))
    makers: dict[str, Callable[[], dict[str, Said]]] = {
        CHANGE: lambda: _changes(patients, tumour, protocol),
        RESPONSE: lambda: _responses(patients, tumour, protocol),
        CRS: lambda: _crs_grades(patients, events, protocol, visits_recorded),
        CMAX: lambda: _exposures(patients, exposure[exposure["parameter"] == "CMAX"], 0),
        AUC: lambda: _areas(patients, exposure, protocol),
    }
    rows = []
    for outcome in protocol.associations.outcomes:
        said = makers[outcome]()
        rows += [(one.usubjid, one.cohort, outcome, *said[one.usubjid]) for one in patients]
    found = pd.DataFrame(rows, columns=["usubjid", "cohort", "outcome", *Said._fields])
    return found.astype({"value": float, "day": "Float64"})


class Patient(NamedTuple):
    usubjid: str
    cohort: str
    day0: pd.Timestamp  # the day, without the hour
    followed: int  # study day of the cut-off
    chemo: pd.Timestamp  # day of the first lymphodepletion dose
    bridged: pd.Timestamp  # last day of bridging
    next_day: float  # study day of the next anticancer therapy, infinite: none, NaN: its day is not known
    died: bool
    gone: bool  # died, withdrew, or treated otherwise
    seen: float  # study day of the last visit or event

    def day(self, moment: pd.Timestamp) -> float:
        return (moment.normalize() - self.day0).days if pd.notna(moment) else math.nan


def _patients(subjects: pd.DataFrame, therapies: pd.DataFrame, cutoff: datetime) -> Iterator[Patient]:
    found = subjects[subjects["day0"].notna()].merge(therapies, how="left", on="usubjid")
    for one in found.itertuples():
        day0 = one.day0.normalize()
        made = Patient(
            one.usubjid,
            one.cohort,
            day0,
            (pd.Timestamp(cutoff).normalize() - day0).days,
            one.lymphodepletion.normalize() if pd.notna(one.lymphodepletion) else pd.NaT,
            one.bridged.normalize() if pd.notna(one.bridged) else pd.NaT,
            math.inf,
            pd.notna(one.death),
            pd.notna(one.death) or pd.notna(one.off_study),
            math.nan,
        )
        after = math.nan if one.next_undated is True else made.day(one.next_therapy)
        known = after if pd.notna(one.next_therapy) or one.next_undated is True else math.inf
        yield made._replace(next_day=known, seen=made.day(one.last_assessed))


def _of(tumour: pd.DataFrame, table: str, code: str, evaluator: str) -> pd.DataFrame:
    rows = tumour[(tumour["table"] == table) & (tumour["code"] == code)]
    return rows[rows["evaluator"].str.upper() == evaluator.upper()] if evaluator else rows


def _each(
    patients: Iterable[Patient], rows: pd.DataFrame, say: Callable[[Patient, list[NamedTuple]], Said]
) -> dict[str, Said]:
    """`say` of every patient with the own rows as plain tuples: a frame a patient would take seconds for 500."""
    own: dict[str, list[NamedTuple]] = {}
    for row in rows.itertuples(index=False):
        own.setdefault(row.usubjid, []).append(row)
    return {one.usubjid: say(one, own.get(one.usubjid, [])) for one in patients}


def _everyone(patients: Iterable[Patient], said: Said) -> dict[str, Said]:
    return {one.usubjid: said for one in patients}


# ---- best change of the sum of diameters -----------------------------------------------------------------------------
def _changes(patients: list[Patient], tumour: pd.DataFrame, protocol: Protocol) -> dict[str, Said]:
    evaluator = protocol.response.evaluator if protocol.response else ""
    sums = _of(tumour, "lesion", "SUMDIAM", evaluator)
    if sums.empty:
        return _everyone(patients, _excluded("no_sizes"))
    progressed = _of(tumour, "response", "OVRLRESP", evaluator)
    progressed = progressed[progressed["standard"].str.upper() == "PD"].groupby("usubjid")["rel_day"].min()
    scanned = set(tumour["usubjid"])

    def say(one: Patient, rows: list) -> Said:
        if not rows:
            return _excluded("no_measurable_disease" if one.usubjid in scanned else "no_scan")
        return _change(one, [(row.rel_day, row.value) for row in rows], progressed.get(one.usubjid, math.inf))

    dated = sums[sums["rel_day"].notna()].sort_values(["usubjid", "rel_day"], kind="stable")
    return _each(patients, dated[["usubjid", "rel_day", "value"]].astype({"rel_day": float}), say)


def _change(one: Patient, sums: list[tuple[float, float]], progression: float) -> Said:
    """sums: (study day, mm) in the order of days. Baseline: the last scan after bridging, and before the first
    lymphodepletion dose or on its day (a scan is dated by the day). Scans count up to progression, and up to the next
    anticancer therapy and its day."""
    bridged = one.day(one.bridged)
    sums = list(dict.fromkeys(sums))
    before = [(day, size) for day, size in sums if day <= one.day(one.chemo) and not day <= bridged]
    if not before:
        return _excluded("no_baseline")
    counted = [before[-1], *((day, size) for day, size in sums if day > 0)]
    if len({day for day, _ in counted}) < len(counted):
        return _excluded("two_sums")
    # A next therapy whose day is not known may have done it.
    until = min(progression, 0.0 if math.isnan(one.next_day) else one.next_day)
    best = best_change(counted, until=float(until))
    if best.code:
        return _excluded(best.code)
    return Said(best.percent, day=best.day, unit="%")


# ---- response --------------------------------------------------------------------------------------------------------
def _responses(patients: list[Patient], tumour: pd.DataFrame, protocol: Protocol) -> dict[str, Said]:
    """1 = responder, 0 = not (so far), by the confirmed best response of the protocol's reader, or the one reported."""
    told = protocol.response
    if told is None:
        return _everyone(patients, _excluded("no_responses"))
    rows = _of(tumour, "response", told.best_code or "OVRLRESP", told.evaluator)
    if rows.empty:
        return _everyone(patients, _excluded("no_responses"))
    say = _reported if told.best_code else _worked_out
    rows = rows.assign(said=rows["standard"].fillna(rows["text"]).str.upper(), day=rows["rel_day"].astype(float))
    rows = rows.loc[rows["said"].notna(), ["usubjid", "day", "said"]]
    return _each(patients, rows, lambda one, own: say(one, own, protocol))


def _reported(one: Patient, rows: list, protocol: Protocol) -> Said:
    words = {row.said for row in rows}
    if len(words) > 1:
        return _excluded("conflicting")
    return _responder(words.pop(), protocol) if words else _excluded("never_assessed")


def _responder(best: str, protocol: Protocol) -> Said:
    if best == "NE":
        return _excluded("not_evaluable")
    return Said(float(best in protocol.response.responders), words=best)


def _worked_out(one: Patient, rows: list, protocol: Protocol) -> Said:
    """Visits after the infusion count, up to the next anticancer therapy and its day. "awaiting": a response that a
    later scan can still confirm. "never_assessed" is no answer of the tumour: not taken for a non-responder here."""
    told = protocol.response
    until = 0.0 if math.isnan(one.next_day) else one.next_day
    visits = list(dict.fromkeys((row.day, row.said) for row in rows if 0 < row.day <= until))
    if not visits:
        early = one.followed <= _first_scan(protocol) and not one.gone and math.isinf(one.next_day)
        return _excluded("too_early" if early else "never_assessed")
    if len({day for day, _ in visits}) < len(visits) or not {said for _, said in visits} <= set(RANKING):
        return _excluded("conflicting")
    rule = {"confirm_days": told.confirm_days, "sd_min_days": told.sd_min_days}
    best = best_overall(visits, **rule)
    if best not in told.responders and not one.gone and math.isinf(one.next_day):
        # What if the best seen were seen once more?
        again = max(day for day, _ in visits) + told.confirm_days + 1
        seen = [said for _, said in visits if said in told.responders]
        if any(best_overall([*visits, (again, said)], **rule) in told.responders for said in seen):
            return _excluded("awaiting", day=max(day for day, said in visits if said in told.responders))
    return _responder(best, protocol)


def _first_scan(protocol: Protocol) -> int:
    """Study day by which the first scan after the infusion is due, its window included."""
    scans: list[Visit] = [one for one in protocol.visits if "imaging" in one.samples and one.day > 0]
    scans = [one for one in scans if one.anchor == "infusion"]
    return min((one.day + one.window[1] for one in scans), default=protocol.response.sd_min_days)


# ---- cytokine release syndrome ---------------------------------------------------------------------------------------
def _crs_grades(
    patients: list[Patient], events: pd.DataFrame, protocol: Protocol, visits_recorded: bool
) -> dict[str, Said]:
    """The investigator's highest grade of CRS that began or changed from Day 0 to the last day of the window; 0: none
    was reported. The window is over with death, or when the cut-off is at its end and, where visits are recorded, the
    patient was seen then."""
    group = next((one for one in protocol.aesi if one.id == CRS), None)
    if group is None:
        return _everyone(patients, _excluded("crs_undefined"))
    if events.empty:
        return _everyone(patients, _excluded("no_events"))
    terms = {one.casefold() for one in group.terms}
    named = events["aeptcd"].isin(group.codes) | events["aedecod"].str.casefold().isin(terms)
    uncoded = events["aedecod"].isna() & ~named
    told = events.assign(crs=named.eq(True))[named.eq(True) | uncoded]
    day0 = told["usubjid"].map({one.usubjid: one.day0 for one in patients})
    first, last = ((told[f"aestdtc_{end}"].dt.normalize() - day0).dt.days for end in ("earliest", "latest"))
    end = protocol.associations.to_day
    told = told.assign(sure=(first >= 0) & (last <= end), day=first)[~((last < 0) | (first > end))]
    rows = told[["usubjid", "crs", "sure", "day"]].assign(grade=told["aetoxgr"].astype(float))
    return _each(patients, rows, lambda one, own: _window_checked(_crs_grade(own), one, protocol, visits_recorded))


def _crs_grade(rows: list) -> Said:
    """rows: crs [else uncoded], sure [surely begun in the window], day, grade [NaN: not recorded]."""
    crs = [row for row in rows if row.crs]
    inside = [row for row in crs if row.sure]
    if any(math.isnan(row.grade) for row in inside):
        return _excluded("crs_ungraded")
    top = max((row.grade for row in inside), default=0.0)
    if any(not row.grade <= top for row in crs if not row.sure):
        return _excluded("crs_undated")
    if not top and len(rows) > len(crs):
        return _excluded("uncoded")  # one of them may be CRS
    return Said(top, day=min((row.day for row in inside if row.grade == top), default=math.nan))


def _window_checked(said: Said, one: Patient, protocol: Protocol, visits_recorded: bool) -> Said:
    end = protocol.associations.to_day
    if said.state == "excluded" or one.died:
        return said
    if one.followed < end:
        return said._replace(state="provisional", why="running")
    if visits_recorded and not one.seen >= end - protocol.days_before(end):
        return said._replace(state="provisional", why="unseen")
    return said


# ---- exposure --------------------------------------------------------------------------------------------------------
# State and why of `pk.exposure` -> why here; what is not named is "exposure_other".
_UNSAID = {
    "no sample": "no_sample_cells",
    "time 0": "no_time_0",
    "too early": "auc_too_early",
    "not sampled": "auc_incomplete",
}


def _areas(patients: list[Patient], exposure: pd.DataFrame, protocol: Protocol) -> dict[str, Said]:
    end = protocol.associations.to_day
    own = exposure[(exposure["parameter"] == "AUCINT") & (exposure["end"] == end)]
    return _exposures(patients, own, end - protocol.days_before(end))


def _exposures(patients: list[Patient], exposure: pd.DataFrame, due: int) -> dict[str, Said]:
    """Complete areas and final maxima only. Cells that were sought until the day `due` and never quantified rank
    lowest: 0, marked."""
    if exposure.empty:
        return _everyone(patients, _excluded("no_exposure"))
    own = {row.subject: row for row in exposure.itertuples()}
    return {one.usubjid: _exposure(own.get(one.usubjid), due) for one in patients}


def _exposure(row, due: int) -> Said:
    if row is None:
        return _excluded("no_sample_cells")
    unit, why = row.unit if isinstance(row.unit, str) else "", _UNSAID.get(row.why, "exposure_other")
    if row.state == "complete":
        return Said(float(row.value), unit=unit)
    if row.state == "never quantifiable":
        return Said(0.0, limit=BELOW, unit=unit) if row.last >= due else _excluded("auc_incomplete")
    if row.why == "none so far":  # all BLQ and sampled for a few days only
        why = "auc_too_early" if row.followed < due else "auc_incomplete"
    if row.state in ("provisional", "incomplete"):
        why = "cmax_provisional" if row.parameter == "CMAX" else why
        return Said(row.value, unit=unit, day=row.last, state="provisional", why=why)
    return _excluded(why)
