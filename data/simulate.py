"""A simulated trial as SDTM files: the scenario as it was known at each of three data cut-offs, in SAS XPORT v5."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from data import scenario
from data.scenario import ALT, CRS, Event, Patient, Step

STUDY = "XKDCT293"
TITLE = "Nectin-4 CAR-T (XKDCT293) in Nectin-4-positive advanced breast cancer, Phase 1"

Row = dict[str, object]


def write(out: Path, anchor: date, *, seed: int = 293) -> list[Path]:
    """The folders cut1, cut2 and cut3 under `out`, each with the files of one cut; the last cut-off is the day before
    `anchor`. The same anchor and seed give the same bytes. What a cut holds is dated on or before its cut-off."""
    last = anchor - timedelta(days=1)
    return [_write_cut(out / f"cut{cut}", last, cut, seed) for cut in scenario.CUTS]


def _write_cut(folder: Path, last: date, cut: int, seed: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    known = [
        one for one in (_file(patient, last, cut) for patient in scenario.PATIENTS) if one.on(one.patient.consented)
    ]
    cutoff = last + timedelta(days=scenario.CUTS[cut])
    for domain, (label, rows_of) in DOMAINS.items():
        rows = [row for one in known for row in rows_of(one, np.random.default_rng([seed, int(one.patient.subjid)]))]
        _write_xport(folder / f"{domain}.xpt", rows, label)
    _write_xport(folder / "ts.xpt", _trial_summary(cutoff), "Trial Summary")
    return folder


# ---- what a cut knows ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class SubjectFile:
    """One subject as one cut knows them. Only this class writes dates; what is still to come is blank."""

    patient: Patient
    last: date  # trial day 0
    cutoff: int  # last trial day known

    def on(self, day: int | None, time: str = "") -> str:
        """ISO 8601 text of a trial day; blank where it is None or later than the cut-off."""
        if day is None or day > self.cutoff:
            return ""
        return (self.last + timedelta(days=day)).isoformat() + (f"T{time}" if time else "")

    def day(self, study_day: int | None, time: str = "") -> str:
        """As `on`, counted from the infusion."""
        if study_day is None or self.patient.infused is None:
            return ""
        return self.on(self.patient.infused + study_day, time)

    def keys(self, domain: str) -> Row:
        return {"STUDYID": STUDY, "DOMAIN": domain, "USUBJID": f"{STUDY}-01-{self.patient.subjid}"}

    def rows(self, domain: str, rows: Iterable[Row], dated: str) -> list[Row]:
        """The rows with their keys, numbered over the whole story and then cut to those whose date is known."""
        numbered = [
            self.keys(domain) | {f"{domain}SEQ": float(number)} | row for number, row in enumerate(rows, start=1)
        ]
        return [row for row in numbered if row[dated]]


def _file(patient: Patient, last: date, cut: int) -> SubjectFile:
    """A misdated subject moves with the cut-off: the dates are wrong, but nothing is known before it happened."""
    cutoff, slip = scenario.CUTS[cut], scenario.MISDATED.get(cut, {}).get(patient.subjid, 0)
    if slip:
        patient, cutoff = replace(patient, infused=patient.infused + slip), cutoff + slip
    return SubjectFile(patient, last, cutoff)


@dataclass(frozen=True)
class Visit:
    number: float
    name: str
    day: int  # trial day
    planned: float | None = None  # study day

    @property
    def row(self) -> Row:
        return {"VISITNUM": self.number, "VISIT": self.name}


def _visits(patient: Patient) -> list[Visit]:
    visits = [Visit(1, "SCREENING", patient.consented + 1)]
    if patient.collected is not None:
        visits.append(Visit(2, "PBMC COLLECTION", patient.collected))
    if patient.infused is not None:
        kept = zip(scenario.LATER_VISITS, scenario.KEPT[patient.subjid], strict=False)
        later = [(number, name, planned, day) for (number, name, planned), day in kept if day is not None]
        visits += [
            Visit(number, name, patient.infused + day, planned)
            for number, name, planned, day in (*scenario.EARLY_VISITS, *later)
        ]
    return visits


def _contacts(patient: Patient, extra: Iterable[int]) -> list[Visit]:
    """The visits, the days in hospital (0 to 14) and `extra` study days, by day; between visits with a fraction."""
    contacts = {one.day: one for one in _visits(patient)}
    if patient.infused is not None:
        for study_day in sorted({*range(15), *extra}):
            day = patient.infused + study_day
            before = max(int(one.number) for one in _visits(patient) if one.day <= day)
            name = f"HOSPITAL DAY {study_day}" if study_day < 15 else f"UNSCHEDULED DAY {study_day}"
            contacts.setdefault(day, Visit(before + study_day / 100, name, day))
    return [contacts[day] for day in sorted(contacts)]


def _epoch(patient: Patient, day: int) -> str:
    if patient.infused is None or day < patient.infused - 5:
        return "SCREENING"
    return "TREATMENT" if day <= patient.infused + 28 else "FOLLOW-UP"


# ---- who -----------------------------------------------------------------------------------------------------------
def demographics(one: SubjectFile, _) -> list[Row]:
    patient = one.patient
    ending = scenario.ENDINGS.get(patient.subjid)
    ended = one.on(ending.day) if ending else ""
    died = ended if ending and ending.decod == "DEATH" else ""
    armcd = patient.armcd if one.on(patient.assigned) else ""
    actual = armcd if armcd == "SCRNFAIL" or one.day(0) else ""
    row = {
        "SUBJID": patient.subjid,
        "SITEID": "01",
        "AGE": float(scenario.TRAITS[patient.subjid].age),
        "AGEU": "YEARS",
        "SEX": "F",
        "RACE": "ASIAN",
        "ETHNIC": "NOT HISPANIC OR LATINO",
        "COUNTRY": "CHN",
        "ARMCD": armcd,
        "ARM": scenario.ARMS[armcd],
        "ACTARMCD": actual,
        "ACTARM": scenario.ARMS[actual],
        "RFICDTC": one.on(patient.consented),
        "RFSTDTC": one.day(-5),  # first study treatment, which is lymphodepletion
        "RFPENDTC": ended,
        "DTHDTC": died,
        "DTHFL": "Y" if died else "",
    }
    return [one.keys("DM") | row]


def characteristics(one: SubjectFile, _) -> list[Row]:
    traits = scenario.TRAITS[one.patient.subjid]
    found = (
        ("ECOG", "ECOG Performance Status", traits.ecog, ""),
        ("SUBTYPE", "HR/HER2 Subtype", traits.subtype, ""),
        ("PRLINES", "Prior Lines for Advanced Disease", traits.lines, ""),
        ("PRADC", "Prior Antibody-Drug Conjugate", traits.adc, ""),
        ("NEC4HS", "Nectin-4 H-Score", traits.h_score, ""),
        ("NEC4IHC", "Nectin-4 Positive Tumour Cells", traits.ihc, "%"),
    )
    screening = _visits(one.patient)[0]
    rows = [
        {"SCTESTCD": code, "SCTEST": name}
        | _result("SC", str(value), value if isinstance(value, int) else None, unit)
        | screening.row
        | {"SCDTC": one.on(screening.day)}
        for code, name, value, unit in found
    ]
    return one.rows("SC", rows, "SCDTC")


def _result(prefix: str, text: str, number: float | None, unit: str) -> Row:
    """A result that was reported in the standard unit."""
    return {
        f"{prefix}ORRES": text,
        f"{prefix}ORRESU": unit,
        f"{prefix}STRESC": text,
        f"{prefix}STRESN": None if number is None else float(number),
        f"{prefix}STRESU": unit,
    }


def disposition(one: SubjectFile, _) -> list[Row]:
    consent = "INFORMED CONSENT OBTAINED"
    rows = [_disposed(consent, consent, "PROTOCOL MILESTONE", one.on(one.patient.consented))]
    if ending := scenario.ENDINGS.get(one.patient.subjid):
        rows.append(_disposed(ending.term, ending.decod, "DISPOSITION EVENT", one.on(ending.day)))
    return one.rows("DS", rows, "DSSTDTC")


def _disposed(term: str, decod: str, category: str, when: str) -> Row:
    return {"DSTERM": term, "DSDECOD": decod, "DSCAT": category, "DSSTDTC": when}


def survival(one: SubjectFile, _) -> list[Row]:
    """Alive at every visit from the infusion on; dead on the day of death."""
    states = [(visit.row, "ALIVE", visit.day) for visit in _visits(one.patient) if visit.number >= 6]
    ending = scenario.ENDINGS.get(one.patient.subjid)
    if ending and ending.decod == "DEATH":
        states.append(({"VISITNUM": None, "VISIT": ""}, "DEAD", ending.day))
    rows = [
        {"SSTESTCD": "SURVSTAT", "SSTEST": "Survival Status"}
        | _result("SS", state, None, "")
        | visit
        | {"SSDTC": one.on(day)}
        for visit, state, day in states
    ]
    return one.rows("SS", rows, "SSDTC")


# ---- from cells collected to cells given -----------------------------------------------------------------------------
def procedures(one: SubjectFile, _) -> list[Row]:
    day = one.patient.collected
    start, end = one.on(day, "09:00"), one.on(day, "12:30")
    rows = [_procedure("LEUKAPHERESIS", "LEUKAPHERESIS", None, "", start, end)]
    rows += [
        _procedure(given.device, given.category, given.dose, given.unit, one.day(given.start), one.day(given.end))
        for given in scenario.SUPPORT.get(one.patient.subjid, ())
    ]
    return one.rows("PR", rows, "PRSTDTC")


def _procedure(name: str, category: str, dose: float | None, unit: str, start: str, end: str) -> Row:
    amount = {"PRDOSE": None if dose is None else float(dose), "PRDOSU": unit}
    return {"PRTRT": name, "PRDECOD": name, "PRCAT": category} | amount | {"PRSTDTC": start, "PRENDTC": end}


def manufacture(one: SubjectFile, _) -> list[Row]:
    """Status and quality of a batch are known once it was released or has failed."""
    ended = one.on(one.patient.released)
    product = scenario.PRODUCTS[one.patient.subjid] if ended else None
    row = {
        "XPLOT": f"LOT-{one.patient.subjid}-1",
        "XPSTAT": "IN PROCESS" if product is None else "FAILED" if product.failed else "RELEASED",
        "XPSTDTC": one.on(one.patient.started),
        "XPRELDTC": ended,
        "XPVIAB": product and product.viability,
        "XPTRANS": product and product.transduction,
        "XPVCN": product and product.vcn,
        "XPOOS": "" if product is None else "Y" if product.failed else "N",
        "XPREAS": product.reason if product else "",
    }
    return one.rows("XP", [row], "XPSTDTC")


def exposure(one: SubjectFile, _) -> list[Row]:
    flu, cy = ("FLUDARABINE", 30, "09:00", "09:30"), ("CYCLOPHOSPHAMIDE", 500, "11:00", "12:00")
    days = ((-5, flu), (-5, cy), (-4, flu), (-4, cy), (-3, flu))
    rows = [
        _given(drug, "LYMPHODEPLETION", dose, dose, "mg/m2", one.day(day, start), one.day(day, end))
        for day, (drug, dose, start, end) in days
    ]
    if one.patient.infused is not None:
        planned, unit = scenario.DOSES[one.patient.armcd], "10^6 CAR+ T cells/kg"
        received = round(planned * one.patient.fraction, 4)
        start, end = one.day(0, "10:30"), one.day(0, "10:50")
        rows.append(_given(STUDY, "CELL PRODUCT", received, planned, unit, start, end))
    return one.rows("EX", rows, "EXSTDTC")


def _given(name: str, category: str, dose: float, planned: float, unit: str, start: str, end: str) -> Row:
    amount = {"EXDOSE": float(dose), "EXPDOSE": float(planned), "EXDOSU": unit}
    dates = {"EXSTDTC": start, "EXENDTC": end}
    return {"EXTRT": name, "EXDECOD": name, "EXCAT": category} | amount | {"EXROUTE": "INTRAVENOUS"} | dates


def medication(one: SubjectFile, _) -> list[Row]:
    bridging = scenario.BRIDGING.get(one.patient.subjid)
    taken = [(bridging, "BRIDGING THERAPY")] if bridging else []
    taken += [(given, "CONCOMITANT MEDICATION") for given in scenario.MEDICATION.get(one.patient.subjid, ())]
    rows = []
    for given, category in taken:
        drug = scenario.DRUGS[given.drug]
        what = {"CMTRT": given.drug, "CMDECOD": given.drug, "CMCAT": category, "CMCLAS": drug.group}
        amount = {"CMDOSE": float(drug.dose), "CMDOSU": drug.unit, "CMROUTE": drug.route}
        dates = {"CMSTDTC": one.day(given.start, given.time), "CMENDTC": one.day(given.end)}
        rows.append(what | {"CMINDC": given.indication} | amount | dates)
    return one.rows("CM", rows, "CMSTDTC")


# ---- adverse events ------------------------------------------------------------------------------------------------
def adverse_events(one: SubjectFile, _) -> list[Row]:
    rows = [
        row for number, event in enumerate(_events(one.patient), start=1) for row in _event_rows(one, event, number)
    ]
    return one.rows("AE", rows, "AESTDTC")


def _events(patient: Patient) -> tuple[Event, ...]:
    return scenario.EVENTS.get(patient.subjid, ())


def _event_rows(one: SubjectFile, event: Event, number: int) -> list[Row]:
    """A row a grade. A grade ends when the next is known to have begun; the outcome is that of the last one."""
    coded = event.term in scenario.ORGAN_CLASS
    event_id = f"AE{number:02d}"
    same = {
        "AESPID": event_id,
        "AEGRPID": event_id if len(event.steps) > 1 else "",
        "AETERM": event.term.upper(),
        "AEDECOD": event.term if coded else "",
        "AEPTCD": "",
        "AEBODSYS": scenario.ORGAN_CLASS.get(event.term, ""),
        "AESEV": "",
        "AESER": "Y" if event.serious else "N",
        "AEREL": event.relation,
        "AEACN": "NOT APPLICABLE",
    }
    rows = []
    for index, step in enumerate(event.steps):
        final = index == len(event.steps) - 1
        end = one.day(step.end) if final or one.day(event.steps[index + 1].start) else ""
        start = one.day(step.start)
        fatal = step.grade == 5
        over = "FATAL" if fatal else "RECOVERED/RESOLVED"
        rows.append(
            same
            | {
                "AETOXGR": "" if step.grade is None else str(step.grade),
                "AEOUT": over if final and end else "NOT RECOVERED/NOT RESOLVED",
                "AESDTH": "Y" if fatal else "N",
                "EPOCH": _epoch(one.patient, one.patient.infused + step.start),
                "AESTDTC": start if event.day_known else start[:7],
                "AEENDTC": end,
            }
        )
    return rows


def dlt_flags(one: SubjectFile, rng) -> list[Row]:
    """The sponsor's adjudication of each row that has one."""
    flags = [step.dlt for event in _events(one.patient) for step in event.steps]
    return [
        {"STUDYID": STUDY, "RDOMAIN": "AE"}
        | {"USUBJID": row["USUBJID"], "IDVAR": "AESEQ", "IDVARVAL": f"{row['AESEQ']:.0f}"}
        | {"QNAM": "DLT", "QLABEL": "Dose-Limiting Toxicity", "QVAL": flags[int(row["AESEQ"]) - 1]}
        | {"QORIG": "CRF", "QEVAL": "SPONSOR"}
        for row in adverse_events(one, rng)
        if flags[int(row["AESEQ"]) - 1]
    ]


def _steps(patient: Patient, term: str) -> list[Step]:
    return [step for event in _events(patient) if event.term == term for step in event.steps]


def _grade_on(patient: Patient, term: str, study_day: int) -> int:
    """The grade of `term` on that day, 0 where it is not there."""
    return max((step.grade for step in _steps(patient, term) if _during(step, study_day)), default=0)


def _during(step: Step, study_day: int) -> bool:
    return step.start <= study_day and (step.end is None or study_day <= step.end)


# ---- laboratory ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class LabTest:
    name: str
    category: str
    specimen: str
    unit: str
    low: float  # reference range
    high: float
    digits: int


TESTS = {
    "ALT": LabTest("Alanine Aminotransferase", "CHEMISTRY", "SERUM", "U/L", 7, 40, 0),
    "AST": LabTest("Aspartate Aminotransferase", "CHEMISTRY", "SERUM", "U/L", 13, 35, 0),
    "BILI": LabTest("Bilirubin", "CHEMISTRY", "SERUM", "umol/L", 3.4, 20.5, 1),
    "CREAT": LabTest("Creatinine", "CHEMISTRY", "SERUM", "umol/L", 41, 81, 0),
    "GLUC": LabTest("Glucose", "CHEMISTRY", "SERUM", "mmol/L", 3.9, 6.1, 1),
    "CRP": LabTest("C Reactive Protein", "CHEMISTRY", "SERUM", "mg/L", 0, 8, 1),
    "FERRITIN": LabTest("Ferritin", "CHEMISTRY", "SERUM", "ug/L", 30, 400, 0),
    "FIBRINO": LabTest("Fibrinogen", "COAGULATION", "PLASMA", "g/L", 2, 4, 2),
    "HGB": LabTest("Hemoglobin", "HEMATOLOGY", "BLOOD", "g/L", 115, 150, 0),
    "PLAT": LabTest("Platelets", "HEMATOLOGY", "BLOOD", "10^9/L", 125, 350, 0),
    "NEUT": LabTest("Neutrophils", "HEMATOLOGY", "BLOOD", "10^9/L", 1.8, 6.3, 2),
    "LYM": LabTest("Lymphocytes", "HEMATOLOGY", "BLOOD", "10^9/L", 1.1, 3.2, 2),
    "WBC": LabTest("Leukocytes", "HEMATOLOGY", "BLOOD", "10^9/L", 3.5, 9.5, 2),
}
# Of a term: its test and, by grade, the values at the edge and in the middle of the time at that grade (CTCAE 5.0).
GRADED = {
    scenario.NEUTROPHILS: ("NEUT", {3: (0.95, 0.55), 4: (0.45, 0.08)}),
    scenario.LYMPHOCYTES: ("LYM", {3: (0.45, 0.25), 4: (0.18, 0.05)}),
    scenario.PLATELETS: ("PLAT", {2: (72, 56), 3: (48, 30)}),
    "Anaemia": ("HGB", {2: (97, 86)}),
    ALT: ("ALT", {1: (48, 95), 2: (130, 180)}),
    "Hyperglycaemia": ("GLUC", {2: (10.2, 13.2)}),
}
# In CRS, by grade: multiples of the subject's own level, and the half-life in days of what is left afterwards.
INFLAMED = {
    "CRP": ({1: 12, 2: 28, 3: 50, 4: 70}, 1.5),
    "FERRITIN": ({1: 2, 2: 4, 3: 12, 4: 30}, 4.0),
    "FIBRINO": ({1: 1.15, 2: 1.25, 3: 0.7, 4: 0.42}, 3.0),
}
RECOVERY_DAYS = 7  # from the limit of the reference range back to the subject's own level


def laboratory(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    patient = one.patient
    own = {code: test.low + (test.high - test.low) * rng.uniform(0.35, 0.65) for code, test in TESTS.items()}
    rows = []
    for contact in _contacts(patient, scenario.UNSCHEDULED_LABS.get(patient.subjid, ())):
        when = one.on(contact.day, f"06:{rng.integers(0, 60):02d}")
        values = _lab_values(patient, contact.day, own, rng)
        rows += [_lab_row(code, value) | contact.row | {"LBDTC": when} for code, value in values.items()]
    return one.rows("LB", rows, "LBDTC")


def _lab_row(code: str, value: float) -> Row:
    test = TESTS[code]
    text = f"{value:.{test.digits}f}"
    number = float(text)
    what = {"LBTESTCD": code, "LBTEST": test.name, "LBCAT": test.category, "LBSPEC": test.specimen}
    limits = {"LBSTNRLO": float(test.low), "LBSTNRHI": float(test.high)}
    indicator = "LOW" if number < test.low else "HIGH" if number > test.high else "NORMAL"
    return what | _result("LB", text, number, test.unit) | limits | {"LBNRIND": indicator}


def _lab_values(patient: Patient, day: int, own: dict[str, float], rng: np.random.Generator) -> dict[str, float]:
    """The subject's own level with a little noise, moved by lymphodepletion, CRS and the events that name a test."""
    noise = 1 + 0.03 * rng.standard_normal(len(TESTS)).clip(-2, 2)
    depth = rng.uniform(0.85, 1, len(TESTS))
    values = {code: level * factor for (code, level), factor in zip(own.items(), noise, strict=True)}
    if patient.infused is not None:
        study_day = day - patient.infused
        values["PLAT"] *= 1 - 0.3 * np.clip(1 - abs(study_day - 8) / 11, 0, 1)
        for code in INFLAMED:
            values[code] *= _inflammation(patient, code, study_day)
        for (term, (code, _)), deep in zip(GRADED.items(), depth, strict=False):
            values[code] = _graded(patient, term, study_day, values[code], deep)
        values["ALT"] = scenario.ALT_MEASURED.get(patient.subjid, {}).get(study_day, values["ALT"])
    if values["ALT"] > TESTS["ALT"].high:
        values["AST"] = 0.5 * values["ALT"]
    values["WBC"] = 1.1 * (values["NEUT"] + values["LYM"])  # the rest are monocytes and eosinophils
    return values


def _inflammation(patient: Patient, code: str, study_day: int) -> float:
    fold, half_life = INFLAMED[code]
    factors = [1.0]
    for step in _steps(patient, CRS):
        if step.start <= study_day:
            since = 0 if step.end is None else max(0, study_day - step.end)
            factors.append(1 + (fold[step.grade] - 1) * 0.5 ** (since / half_life))
    return max(factors, key=lambda factor: abs(factor - 1))


def _graded(patient: Patient, term: str, study_day: int, value: float, deep: float) -> float:
    """The value within its grade while the event lasts (edge, `deep` into the middle, edge), then on the way back."""
    code, bands = GRADED[term]
    test = TESTS[code]
    for step in _steps(patient, term):
        if step.grade not in bands:
            continue
        edge, middle = bands[step.grade]
        end = step.start + 14 if step.end is None else step.end
        if _during(step, study_day):
            share = min(1, (study_day - step.start + 0.5) / (end - step.start + 1))
            return edge + (middle - edge) * (1 - abs(2 * share - 1)) * deep
        if 0 < study_day - end < RECOVERY_DAYS:
            limit = 0.95 * test.high if edge > test.high else 1.05 * test.low
            value = limit + (value - limit) * (study_day - end) / RECOVERY_DAYS
    return value


# ---- vital signs and visits ------------------------------------------------------------------------------------------
VITALS = {  # own level at least and at most, noise, digits; then the change by grade of CRS
    "TEMP": ("Temperature", "C", 36.3, 36.7, 0.15, 1, (0, 2.0, 2.4, 2.8, 3.0)),
    "SYSBP": ("Systolic Blood Pressure", "mmHg", 116, 126, 4, 0, (0, -6, -36, -38, -46)),
    "DIABP": ("Diastolic Blood Pressure", "mmHg", 70, 78, 3, 0, (0, -3, -20, -22, -28)),
    "HR": ("Heart Rate", "beats/min", 70, 82, 4, 0, (0, 18, 30, 40, 48)),
    "OXYSAT": ("Oxygen Saturation", "%", 98, 98.5, 0.5, 0, (0, -1, -5, -8, -11)),
}


def vital_signs(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    """Twice a day in hospital, once at the other visits; temperature under the arm."""
    patient = one.patient
    own = {code: rng.uniform(low, high) for code, (_, _, low, high, *_) in VITALS.items()}
    rows = []
    for contact in _contacts(patient, ()):
        study_day = None if patient.infused is None else contact.day - patient.infused
        in_hospital = study_day is not None and 0 <= study_day <= 14
        for time, point in (("08:00", "MORNING"), ("20:00", "EVENING")) if in_hospital else (("09:30", ""),):
            said = contact.row | {"VSTPT": point, "VSDTC": one.on(contact.day, time)}
            rows += [_vital_row(code, value) | said for code, value in _vitals(patient, study_day, own, rng).items()]
    return one.rows("VS", rows, "VSDTC")


def _vitals(patient: Patient, study_day: int | None, own: dict[str, float], rng) -> dict[str, float]:
    noise = rng.standard_normal(len(VITALS)).clip(-1.5, 1.5)
    crs = 0 if study_day is None else _grade_on(patient, CRS, study_day)
    values = {
        code: own[code] + change[crs] + spread * drawn
        for (code, (_, _, _, _, spread, _, change)), drawn in zip(VITALS.items(), noise, strict=True)
    }
    if study_day is not None and not crs and _grade_on(patient, "Pyrexia", study_day):
        values["TEMP"] += 2.0
    return values | {"OXYSAT": min(values["OXYSAT"], 99)}


def _vital_row(code: str, value: float) -> Row:
    name, unit, _, _, _, digits, _ = VITALS[code]
    text = f"{value:.{digits}f}"
    place = {"VSLOC": "AXILLA" if code == "TEMP" else "", "VSPOS": "SUPINE" if code.endswith("BP") else ""}
    return {"VSTESTCD": code, "VSTEST": name} | _result("VS", text, float(text), unit) | place


def visits(one: SubjectFile, _) -> list[Row]:
    rows = [
        visit.row
        | {"VISITDY": visit.planned, "EPOCH": _epoch(one.patient, visit.day), "SVUPDES": ""}
        | {"SVSTDTC": one.on(visit.day), "SVENDTC": one.on(visit.day)}
        for visit in _visits(one.patient)
    ]
    return [one.keys("SV") | row for row in rows if row["SVSTDTC"]]


# ---- files -----------------------------------------------------------------------------------------------------------
def _trial_summary(cutoff: date) -> list[Row]:
    facts = (
        ("TITLE", "Trial Title", TITLE),
        ("TPHASE", "Trial Phase Classification", "PHASE I TRIAL"),
        ("DCUTDTC", "Data Cutoff Date", cutoff.isoformat()),
        ("SIMUL", "Simulated data", "Y"),
    )
    keys = {"STUDYID": STUDY, "DOMAIN": "TS", "TSSEQ": 1.0}
    return [keys | {"TSPARMCD": code, "TSPARM": name, "TSVAL": value} for code, name, value in facts]


DOMAINS: dict[str, tuple[str, Callable[[SubjectFile, np.random.Generator], list[Row]]]] = {
    "dm": ("Demographics", demographics),
    "sc": ("Subject Characteristics", characteristics),
    "ds": ("Disposition", disposition),
    "ss": ("Subject Status", survival),
    "pr": ("Procedures", procedures),
    "xp": ("Cell Product Manufacture", manufacture),
    "ex": ("Exposure", exposure),
    "cm": ("Concomitant Medications", medication),
    "ae": ("Adverse Events", adverse_events),
    "suppae": ("Supplemental Qualifiers for AE", dlt_flags),
    "lb": ("Laboratory Test Results", laboratory),
    "vs": ("Vital Signs", vital_signs),
    "sv": ("Subject Visits", visits),
}

_STAMP = re.compile(rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d")  # created, modified
_HEADER = 560  # bytes before the description of the columns


def _write_xport(path: Path, rows: list[Row], label: str) -> None:
    """SAS XPORT v5, with a fixed stamp: with the time of writing no two files were alike."""
    pyreadstat.write_xport(
        pd.DataFrame(rows), str(path), file_label=label, table_name=path.stem.upper(), file_format_version=5
    )
    raw = path.read_bytes()
    path.write_bytes(_STAMP.sub(b"01JAN26:00:00:00", raw[:_HEADER]) + raw[_HEADER:])
