"""CAR-T cells in blood: transgene copies by qPCR (PC) and CAR+ cells by flow cytometry (CP).

The curve is the Stein model (Stein 2019, doi 10.1002/psp4.12388): with rho = ln(foldx)/Tmax
  C(t) = Cmax/foldx exp(rho t)                                                  for 0 < t < Tmax,
  C(t) = Cmax [(1 - FB) exp(-alpha (t - Tmax)) + FB exp(-beta (t - Tmax))]      from Tmax on,
on the scale of solid tumours. A sample carries a log-normal error.
"""

from math import exp, log

import numpy as np

from data.simulate import biology
from data.simulate.course import Expansion
from data.simulate.labs import count
from data.simulate.subject import Row, SubjectFile, Visit, result, three_digits

LLOQ, LOD = 50.0, 10.0  # copies/ug genomic DNA: least number, least signal
ERROR, ERROR_LIMIT = 0.3, 2.0  # standard deviation of ln C; where it is cut off
SAMPLED = range(6, 19)  # visits from the infusion on; and the baseline
BASELINE = 3
FLOW_LLOQ, FLOW_LLOQ_SHARE = 0.5, 0.1  # cells/uL, % of T cells
FLOW_VISITS = (3, 9, 10, 11, 12, 13, 14, 15)
DNA_PER_CELL = 6.6e-6  # ug: 10^3 leukocytes of a microlitre hold 0.0066 ug
T_SHARE = 0.7  # of the lymphocytes


def copies(days: float, cells: Expansion) -> float:
    """Copies/ug genomic DNA `days` after the infusion; 0 before it."""
    if days <= 0:
        return 0.0
    if days < cells.tmax:
        return cells.cmax / cells.foldx * exp(log(cells.foldx) / cells.tmax * days)
    since = days - cells.tmax
    return cells.cmax * ((1 - cells.fb) * exp(-cells.alpha * since) + cells.fb * exp(-cells.beta * since))


def transgene(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    rows: list[Row] = []
    for visit, time, days, error in _samples(one, rng):
        at = visit.row | {"PCDTC": one.on(visit.day, time)}
        level = copies(days, one.course.expansion) * error
        missing = biology.NO_DNA.get((one.patient.subjid, one.study_day(visit)), "")
        rows.append(_copies_row(level, missing) | at)
        if one.patient.subjid in biology.DNA_YIELD_KNOWN and not missing:
            per_ul = level * _dna(one, one.study_day(visit))
            lloq = LLOQ * _dna(one, one.study_day(visit))
            rows.append(_copies_row(per_ul, "", "CARCOPYV", "copies/uL", lloq) | at)
    return one.rows("PC", rows + _elsewhere(one), "PCDTC")


def _samples(one: SubjectFile, rng: np.random.Generator) -> list[tuple[Visit, str, float, float]]:
    """Visit, time of day, days since the infusion at 10:30, and the factor of the error; the first is before it."""
    taken = []
    for visit in one.visits if one.course.expansion else ():
        if visit.number in SAMPLED or visit.number == BASELINE:
            minutes = (9 if visit.number == 6 else 8) * 60 + int(rng.integers(0, 60))
            error = exp(ERROR * float(np.clip(rng.standard_normal(), -ERROR_LIMIT, ERROR_LIMIT)))
            days = one.study_day(visit) + (minutes - (10 * 60 + 30)) / 1440
            taken.append((visit, f"{minutes // 60:02d}:{minutes % 60:02d}", days, error))
    return taken


def _copies_row(level: float, missing: str, code="CARCOPY", unit="copies/ug", lloq=LLOQ, specimen="") -> Row:
    name = f"CAR Transgene Copies, {unit}"
    text, limit = three_digits(level), three_digits(lloq)
    found = result("PC", text, float(text), unit, not_done=missing)
    if not missing and float(text) < float(limit):
        found |= _below(level, lloq, limit)
    what = {"PCTESTCD": code, "PCTEST": name, "PCCAT": "CELLULAR KINETICS"}
    how = {"PCSPEC": specimen or "PERIPHERAL BLOOD", "PCMETHOD": "QPCR", "PCLLOQ": float(limit)}
    return what | found | how


def _below(level: float, lloq: float, limit: str) -> Row:
    """The laboratory writes "<" and the limit; whether there was a signal at all stands in the standard result."""
    said = "DETECTED, <LLOQ" if level >= lloq * LOD / LLOQ else "NOT DETECTED"
    return {"PCORRES": f"<{limit}", "PCSTRESC": said, "PCSTRESN": None}


def _dna(one: SubjectFile, study_day: int) -> float:
    """Genomic DNA in blood, ug/uL: less after lymphodepletion, with fewer leukocytes."""
    leukocytes = 1.1 * (count(one.course, "NEUT", study_day) + count(one.course, "LYM", study_day))
    return leukocytes * 1000 * DNA_PER_CELL


def _elsewhere(one: SubjectFile) -> list[Row]:
    if one.patient.subjid not in biology.OTHER_SPECIMEN:
        return []
    study_day, specimen, level = biology.OTHER_SPECIMEN[one.patient.subjid]
    visit = next(visit for visit in one.contacts if one.study_day(visit) == study_day)
    return [_copies_row(level, "", specimen=specimen) | visit.row | {"PCDTC": one.day(study_day, "15:20")}]


def flow(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    """CAR+ cells: the copies of a microlitre over the copies of a cell."""
    rows: list[Row] = []
    for visit, time, days, error in _samples(one, rng):
        if visit.number not in FLOW_VISITS:
            continue
        study_day = one.study_day(visit)
        cells = copies(days, one.course.expansion) * error * _dna(one, study_day) / one.course.product.vcn
        share = 100 * cells / (1000 * T_SHARE * count(one.course, "LYM", study_day))
        at = visit.row | {"CPDTC": one.on(visit.day, time)}
        rows.append(_flow_row("CARTC", "CAR+ T Cells", cells, "cells/uL", FLOW_LLOQ) | at)
        rows.append(_flow_row("CARTPCT", "CAR+ of T Cells", min(share, 95), "%", FLOW_LLOQ_SHARE) | at)
    return one.rows("CP", rows, "CPDTC")


def _flow_row(code: str, name: str, value: float, unit: str, lloq: float) -> Row:
    text = three_digits(value)
    number = float(text)
    if number < lloq:
        text, number = f"<{lloq:g}", None
    what = {"CPTESTCD": code, "CPTEST": name, "CPCAT": "FLOW CYTOMETRY"}
    return what | result("CP", text, number, unit) | {"CPSPEC": "PERIPHERAL BLOOD", "CPLLOQ": lloq}
