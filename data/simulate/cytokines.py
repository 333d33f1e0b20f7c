"""Cytokines in serum, pg/mL: baselines and peaks by grade of CRS (orders of magnitude, no reference ranges).

IL-15 rises with lymphodepletion, not with CRS. IL-6 rises after tocilizumab, which blocks its receptor.
"""

from dataclasses import dataclass
from math import exp, log

import numpy as np

from data.simulate.course import Course
from data.simulate.events import steps
from data.simulate.scenario import CRS
from data.simulate.subject import IN_HOSPITAL, SubjectFile, Visit

Band = tuple[float, float]


@dataclass(frozen=True)
class Analyte:
    name: str
    lloq: float
    before: Band  # before lymphodepletion
    mild: Band  # peak with CRS grade 1, and without CRS
    moderate: Band  # grade 2
    severe: Band  # grade 3 and 4


ANALYTES = {
    "IL6": Analyte("Interleukin 6", 1.5, (1, 10), (20, 100), (100, 1000), (1000, 30000)),
    "IFNG": Analyte("Interferon Gamma", 1.0, (1, 15), (30, 150), (150, 1000), (1000, 10000)),
    "IL10": Analyte("Interleukin 10", 1.0, (1, 10), (10, 50), (50, 200), (200, 2000)),
    "IL2": Analyte("Interleukin 2", 1.0, (0.4, 4), (1, 5), (3, 10), (6, 30)),
    "TNFA": Analyte("Tumor Necrosis Factor Alpha", 1.0, (2, 15), (6, 20), (12, 40), (30, 120)),
    "IL15": Analyte("Interleukin 15", 1.0, (3, 10), (20, 60), (20, 60), (20, 60)),
    "MCP1": Analyte("Monocyte Chemotactic Protein 1", 5.0, (100, 400), (300, 1000), (1000, 3000), (3000, 20000)),
}
SAMPLED = (3, 6, 7, 8, 9, 10, 11, 12, 13)  # visits
DAYS_AFTER_DRUG = 2  # sampled daily
HALF_LIFE = 1.2  # days, when CRS has ended
PEAK_15 = (0, 3)  # study days; after them the half-life below
HALF_LIFE_15 = 3.0
BLOCKADE, BLOCKADE_DAYS = 3.0, 2.0  # IL-6 is 1 + 3 exp(-t/2) times higher t days after tocilizumab


def samples(one: SubjectFile, rng: np.random.Generator) -> list[tuple[Visit, str, dict[str, float]]]:
    """Visit, time of day and the values of each sample; nothing where there was no infusion."""
    if one.patient.infused is None:
        return []
    place = {code: (rng.uniform(), rng.uniform(0.2, 0.55)) for code in ANALYTES}
    taken = []
    for visit in one.contacts:
        study_day = one.study_day(visit)
        if visit.number in SAMPLED or (study_day in IN_HOSPITAL and _watched(one.course, study_day)):
            minute = int(rng.integers(0, 60))
            noise = np.exp(0.08 * rng.standard_normal(len(ANALYTES)).clip(-2, 2)).tolist()
            values = {
                code: _level(one.course, code, study_day, *place[code]) * factor
                for code, factor in zip(ANALYTES, noise, strict=True)
            }
            if drugged := _tocilizumab(one.course):
                values["IL6"] *= _blockade(study_day + (6 + minute / 60) / 24, drugged)
            taken.append((visit, f"06:{minute:02d}", values))
    return taken


def _watched(course: Course, study_day: int) -> bool:
    """Daily from the onset of CRS to the day after it, and after tocilizumab."""
    in_crs = any(one.start <= study_day and (one.end is None or study_day <= one.end + 1) for one in steps(course, CRS))
    return in_crs or any(0 <= study_day - int(given) <= DAYS_AFTER_DRUG for given in _tocilizumab(course))


def _tocilizumab(course: Course) -> list[float]:
    """When it was given, in days from the midnight before the infusion."""
    given = [one for one in course.medication if one.drug == "TOCILIZUMAB"]
    return [one.start + (int(one.time[:2]) + int(one.time[3:]) / 60) / 24 for one in given]


def _blockade(moment: float, drugged: list[float]) -> float:
    return 1 + BLOCKADE * sum(exp((given - moment) / BLOCKADE_DAYS) for given in drugged if given < moment)


def _level(course: Course, code: str, study_day: int, quiet: float, high: float) -> float:
    """`quiet` and `high`: where in the bands this subject lies, 0 to 1."""
    analyte = ANALYTES[code]
    base = _within(analyte.before, quiet)
    if code == "IL15":
        return _after_lymphodepletion(base, _within(analyte.mild, high), study_day)
    peaks = {1: analyte.mild, 2: analyte.moderate, 3: analyte.severe, 4: analyte.severe}
    levels = [base, base + 0.5 * _within(analyte.mild, high) * exp(-(((study_day - 8) / 3) ** 2))]
    for step in steps(course, CRS):
        # The highest grade of all lies a little above that of grade 3, which shares its band.
        peak = max(base, _within(peaks[step.grade], high + (0.12 if step.grade == 4 else 0)))
        if study_day == step.start:  # the sample is taken early on the day
            levels.append((base * peak) ** 0.5)
        elif study_day > step.start:
            over = 0 if step.end is None else max(0, study_day - step.end)
            levels.append(base + (peak - base) * 0.5 ** (over / HALF_LIFE))
    return max(levels)


def _after_lymphodepletion(base: float, peak: float, study_day: int) -> float:
    first, last = PEAK_15
    if study_day < -5:
        return base
    if study_day < first:
        return base + (peak - base) * (study_day + 5) / (first + 5)
    return base + (peak - base) * 0.5 ** (max(0, study_day - last) / HALF_LIFE_15)


def _within(band: Band, share: float) -> float:
    """On a log scale."""
    return exp(log(band[0]) + share * (log(band[1]) - log(band[0])))
