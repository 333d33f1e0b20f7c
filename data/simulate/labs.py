"""Laboratory values (LB): the subject's own level, moved by lymphodepletion, CRS and the events that name a test."""

from dataclasses import dataclass
from math import log

import numpy as np

from data.simulate import cytokines, scenario
from data.simulate.course import Course
from data.simulate.events import during, steps
from data.simulate.scenario import ALT, CRS
from data.simulate.subject import Row, SubjectFile, Visit, result, three_digits


@dataclass(frozen=True)
class LabTest:
    name: str
    category: str
    specimen: str
    unit: str
    low: float  # reference range of the site's laboratory
    high: float
    digits: int
    own: tuple[float, float]  # where these patients' own levels lie
    least: float = 0  # below it the laboratory writes "<", no number


CHEMISTRY, COAGULATION, HEMATOLOGY = "CHEMISTRY", "COAGULATION", "HEMATOLOGY"
# fmt: off
DAILY = {  # on every day in hospital and at every visit
    "ALT": LabTest("Alanine Aminotransferase", CHEMISTRY, "SERUM", "U/L", 7, 40, 0, (18, 28)),
    "AST": LabTest("Aspartate Aminotransferase", CHEMISTRY, "SERUM", "U/L", 13, 35, 0, (20, 27)),
    "BILI": LabTest("Bilirubin", CHEMISTRY, "SERUM", "umol/L", 3.4, 20.5, 1, (9, 14)),
    "CREAT": LabTest("Creatinine", CHEMISTRY, "SERUM", "umol/L", 41, 81, 0, (55, 67)),
    "GLUC": LabTest("Glucose", CHEMISTRY, "SERUM", "mmol/L", 3.9, 6.1, 1, (4.6, 5.4)),
    "CRP": LabTest("C Reactive Protein", CHEMISTRY, "SERUM", "mg/L", 0, 8, 1, (5, 11), 0.5),
    "FERRITIN": LabTest("Ferritin", CHEMISTRY, "SERUM", "ug/L", 30, 400, 0, (120, 450)),
    "FIBRINO": LabTest("Fibrinogen", COAGULATION, "PLASMA", "g/L", 2, 4, 2, (2.7, 3.3)),
    "HGB": LabTest("Hemoglobin", HEMATOLOGY, "BLOOD", "g/L", 115, 150, 0, (127, 138)),
    "PLAT": LabTest("Platelets", HEMATOLOGY, "BLOOD", "10^9/L", 125, 350, 0, (204, 271)),
    "NEUT": LabTest("Neutrophils", HEMATOLOGY, "BLOOD", "10^9/L", 1.8, 6.3, 2, (3.4, 4.7)),
    "LYM": LabTest("Lymphocytes", HEMATOLOGY, "BLOOD", "10^9/L", 1.1, 3.2, 2, (1.8, 2.5)),
    "WBC": LabTest("Leukocytes", HEMATOLOGY, "BLOOD", "10^9/L", 3.5, 9.5, 2, (5.6, 7.4)),
}
AT_VISITS = {
    "ALP": LabTest("Alkaline Phosphatase", CHEMISTRY, "SERUM", "U/L", 50, 135, 0, (70, 115)),
    "UREA": LabTest("Urea", CHEMISTRY, "SERUM", "mmol/L", 2.6, 7.5, 1, (3.6, 5.8)),
    "ALB": LabTest("Albumin", CHEMISTRY, "SERUM", "g/L", 40, 55, 1, (41, 46)),
    "LDH": LabTest("Lactate Dehydrogenase", CHEMISTRY, "SERUM", "U/L", 120, 250, 0, (170, 310)),
    "SODIUM": LabTest("Sodium", CHEMISTRY, "SERUM", "mmol/L", 137, 147, 0, (139, 143)),
    "K": LabTest("Potassium", CHEMISTRY, "SERUM", "mmol/L", 3.5, 5.3, 2, (3.8, 4.6)),
    "CA": LabTest("Calcium", CHEMISTRY, "SERUM", "mmol/L", 2.11, 2.52, 2, (2.22, 2.4)),
    "DDIMER": LabTest("D-Dimer", COAGULATION, "PLASMA", "mg/L", 0, 0.5, 2, (0.16, 0.7), 0.2),
    "INR": LabTest("Prothrombin Intl. Normalized Ratio", COAGULATION, "PLASMA", "", 0.8, 1.2, 2, (0.92, 1.06)),
    "APTT": LabTest("Activated Partial Thromboplastin Time", COAGULATION, "PLASMA", "s", 25, 37, 1, (27, 32)),
}
# In CRS, by grade: multiples of the own level; how many days they rise after the grade ended; the half-life in days
# of what is left. C-reactive protein follows IL-6 by a day, ferritin by more.
INFLAMED = {
    "CRP": ({1: 8, 2: 15, 3: 22, 4: 28}, 1, 1.5),
    "FERRITIN": ({1: 2, 2: 4, 3: 12, 4: 25}, 2, 4.0),
    "FIBRINO": ({1: 1.15, 2: 1.25, 3: 0.7, 4: 0.42}, 0, 3.0),
    "ALB": ({1: 0.96, 2: 0.9, 3: 0.82, 4: 0.74}, 1, 6.0),
    "LDH": ({1: 1.1, 2: 1.4, 3: 1.9, 4: 2.6}, 1, 5.0),
    "DDIMER": ({1: 1.5, 2: 3, 3: 8, 4: 15}, 1, 4.0),
    "INR": ({1: 1, 2: 1.05, 3: 1.2, 4: 1.35}, 0, 3.0),
    "APTT": ({1: 1, 2: 1.05, 3: 1.2, 4: 1.35}, 0, 3.0),
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
# fmt: on
TESTS = DAILY | AT_VISITS
RECOVERY_DAYS = 7  # from the limit of the reference range back to the subject's own level
LASTS_DAYS = 14  # how long an open event is taken to last, for the middle of its time

# What is looked for a few times only: visit -> tests; code: name, category, unit, reference range, own levels, digits.
IMMUNE = {
    "CD4": ("CD4+ T Lymphocytes", "cells/uL", 410, 1590, (520, 900), 0),
    "CD8": ("CD8+ T Lymphocytes", "cells/uL", 190, 1140, (300, 700), 0),
    "IGG": ("Immunoglobulin G", "g/L", 8.6, 17.4, (9.2, 13), 1),
}
IMMUNE_SHARE = {1: 1.0, 3: 1.0, 13: 0.35, 15: 0.55, 16: 0.75}  # by visit, of the own level; of IgG its root
MARKERS = {
    "CA15_3AG": ("Cancer Antigen 15-3", "U/mL", 0, 25, (30, 180), 1),
    "CEA": ("Carcinoembryonic Antigen", "ug/L", 0, 5, (3, 40), 1),
}
NEGATIVE = {  # code: name, category, visits, what stands there
    "HBSAG": ("Hepatitis B Virus Surface Antigen", "SEROLOGY", (1,), "NEGATIVE"),
    "HBCAB": ("Hepatitis B Virus Core Antibody", "SEROLOGY", (1,), "NEGATIVE"),
    "CARADA": ("Anti-CAR Antibody", "IMMUNOGENICITY", (3, 13, 15), "NEGATIVE"),
    "RCL": ("Replication Competent Lentivirus", "VECTOR SAFETY", (3, 15, 16), "NOT DETECTED"),
}
POSITIVE = {("202", "HBCAB", 1), ("204", "CARADA", 15)}  # subject, test, visit


def laboratory(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    # One generator a kind of row: what is drawn for one does not move the others.
    daily, immune, markers, cytokine = rng.spawn(4)
    rows = _daily(one, daily) + _immune(one, immune) + _markers(one, markers) + _negative(one)
    return one.rows("LB", rows + _cytokines(one, cytokine), "LBDTC")


def _daily(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    own = {code: rng.uniform(*test.own) for code, test in TESTS.items()}
    rows: list[Row] = []
    visited = {visit.day for visit in one.visits}
    for contact in one.contacts:
        at = contact.row | {"LBDTC": one.on(contact.day, f"06:{rng.integers(0, 60):02d}")}
        values = _values(one.course, one.study_day(contact), own, rng)
        rows += [_measured(one, contact, code, values[code]) | at for code in _asked(contact, visited)]
    return rows


def _asked(contact: Visit, visited: set[int]) -> dict[str, LabTest]:
    return TESTS if contact.day in visited else DAILY


def _measured(one: SubjectFile, contact: Visit, code: str, value: float) -> Row:
    test, place = TESTS[code], (one.patient.subjid, one.study_day(contact), code)
    missing, wrong = scenario.NOT_DONE.get(place, ""), scenario.WRONG_UNIT.get(place)
    text = f"{value:.{test.digits}f}" if wrong is None else f"{wrong:g}"
    if float(text) < test.least:
        text = f"<{test.least:g}"
    return _row(code, test.name, test.category, test.specimen, text, test.unit, (test.low, test.high), missing)


def _row(code, name, category, specimen, text, unit, limits=None, missing="", lloq=None) -> Row:
    """`text` as the laboratory wrote it: a number, "<" and its least value, or words. `limits`: reference range."""
    number = float(text) if text.replace(".", "", 1).isdigit() else None
    low, high = limits or (None, None)
    indicator = ""
    if limits and not missing:
        value = number if number is not None else low
        indicator = "LOW" if value < low else "HIGH" if value > high else "NORMAL"
    return (
        {"LBTESTCD": code, "LBTEST": name, "LBCAT": category, "LBSPEC": specimen}
        | result("LB", text, number, unit, not_done=missing)
        | {"LBORNRLO": "" if low is None else f"{low:g}", "LBORNRHI": "" if high is None else f"{high:g}"}
        | {"LBSTNRLO": None if low is None else float(low), "LBSTNRHI": None if high is None else float(high)}
        | {"LBNRIND": indicator, "LBLLOQ": lloq}
    )


# ---- the course of a value -------------------------------------------------------------------------------------------
def _values(course: Course, study_day: int | None, own: dict[str, float], rng: np.random.Generator) -> dict[str, float]:
    noise = (1 + 0.03 * rng.standard_normal(len(TESTS)).clip(-2, 2)).tolist()
    depth = rng.uniform(0.85, 1, len(GRADED)).tolist()
    values = {code: level * factor for (code, level), factor in zip(own.items(), noise, strict=True)}
    for code in ("SODIUM", "CA"):
        values[code] = own[code] * (1 + (values[code] / own[code] - 1) / 3)  # kept within narrow limits by the body
    if study_day is not None:
        values["PLAT"] *= 1 - 0.3 * min(max(1 - abs(study_day - 8) / 11, 0), 1)
        for code in INFLAMED:
            values[code] *= _inflammation(course, code, study_day)
        for (term, (code, _)), deep in zip(GRADED.items(), depth, strict=True):
            values[code] = _graded(course, term, study_day, values[code], deep)
        values["ALT"] = course.alt.get(study_day, values["ALT"])
    if values["ALT"] > TESTS["ALT"].high:
        values["AST"] = 0.5 * values["ALT"]
    values["WBC"] = 1.1 * (values["NEUT"] + values["LYM"])  # the rest are monocytes and eosinophils
    return values


def count(course: Course, code: str, study_day: int) -> float:
    """NEUT or LYM on that day as it would be without noise, 10^9/L."""
    term = {"NEUT": scenario.NEUTROPHILS, "LYM": scenario.LYMPHOCYTES}[code]
    return _graded(course, term, study_day, sum(TESTS[code].own) / 2, 1)


def _inflammation(course: Course, code: str, study_day: int) -> float:
    """Rises while a grade of CRS lasts and `lag` days longer, then falls by its half-life."""
    fold, lag, half_life = INFLAMED[code]
    factors = [1.0]
    for step in steps(course, CRS):
        if step.start <= study_day:
            end = lag + (step.start + 4 if step.end is None else step.end)
            rise = min(1, (study_day - step.start + 1) / (end - step.start + 1))
            factors.append(1 + (fold[step.grade] - 1) * rise * 0.5 ** (max(0, study_day - end) / half_life))
    return max(factors, key=lambda factor: abs(log(factor)))


def _graded(course: Course, term: str, study_day: int, value: float, deep: float) -> float:
    """The value within its grade while the event lasts (edge, `deep` into the middle, edge), then on the way back."""
    code, bands = GRADED[term]
    test = TESTS[code]
    for step in steps(course, term):
        if step.grade not in bands:
            continue
        edge, middle = bands[step.grade]
        end = step.start + LASTS_DAYS if step.end is None else step.end
        if during(step, study_day):
            share = min(1, (study_day - step.start + 0.5) / (end - step.start + 1))
            return edge + (middle - edge) * (1 - abs(2 * share - 1)) * deep
        if 0 < study_day - end < RECOVERY_DAYS:
            limit = 0.95 * test.high if edge > test.high else 1.05 * test.low
            value = limit + (value - limit) * (study_day - end) / RECOVERY_DAYS
    return value


# ---- what is looked for a few times only -----------------------------------------------------------------------------
def _at(one: SubjectFile, visit: Visit) -> Row:
    return visit.row | {"LBDTC": one.on(visit.day, "07:30")}


def _immune(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    rows = []
    own = {code: rng.uniform(*levels) for code, (*_, levels, _) in IMMUNE.items()}
    for visit in one.visits:
        share = IMMUNE_SHARE.get(visit.number)
        if share is None:
            continue
        for code, (name, unit, low, high, _, digits) in IMMUNE.items():
            value = own[code] * (share**0.3 if code == "IGG" else share) * rng.uniform(0.95, 1.05)
            text = f"{value:.{digits}f}"
            rows.append(_row(code, name, "IMMUNOLOGY", "BLOOD", text, unit, (low, high)) | _at(one, visit))
    return rows


def _markers(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    """Tumour markers follow the sum of the target lesions."""
    targets, rows = one.course.tumour.targets, []
    own = {code: rng.uniform(*levels) for code, (*_, levels, _) in MARKERS.items()}
    for index, visit in enumerate(one.scans):
        sums = [sum(lesion.investigator[at] for lesion in targets) for at in (0, index)]
        share = sums[1] / sums[0] if targets else 1.0
        for code, (name, unit, low, high, _, digits) in MARKERS.items():
            text = f"{own[code] * share**1.3 * rng.uniform(0.92, 1.08):.{digits}f}"
            rows.append(_row(code, name, "TUMOR MARKERS", "SERUM", text, unit, (low, high)) | _at(one, visit))
    return rows


def _negative(one: SubjectFile) -> list[Row]:
    rows = []
    for code, (name, category, when, usual) in NEGATIVE.items():
        for visit in one.visits:
            if visit.number in when:
                found = "POSITIVE" if (one.patient.subjid, code, visit.number) in POSITIVE else usual
                rows.append(_row(code, name, category, "BLOOD", found, "") | _at(one, visit))
    return rows


def _cytokines(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    rows = []
    for visit, time, values in cytokines.samples(one, rng):
        for code, value in values.items():
            analyte = cytokines.ANALYTES[code]
            missing = scenario.NOT_DONE.get((one.patient.subjid, one.study_day(visit), code), "")
            text = three_digits(value)
            text = text if value >= analyte.lloq else f"<{analyte.lloq:g}"
            row = _row(code, analyte.name, "CYTOKINE", "SERUM", text, "pg/mL", None, missing, analyte.lloq)
            rows.append(row | visit.row | {"LBDTC": one.on(visit.day, time)})
    return rows
