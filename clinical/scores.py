"""Scores from laboratory values: EASIX and its variants, CAR-HEMATOTOX, and Cairo-Bishop's tumour lysis syndrome.

None of them was validated in solid tumours: they are shown as exploratory, with their trend, never as a verdict.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from clinical.grading.criteria import rule, span
from clinical.tumour_lysis import cairo_bishop, in_window
from data.units import spelled

__all__ = ["cairo_bishop", "car_hematotox", "easix", "in_window", "m_easix", "s_easix"]

# Why a score is missing, and what is said beside one, one sentence a code; a translation has the same keys.
ENGLISH = {
    "missing": "not known: {markers}",
    "unit": "unit not known: {markers}",
    "no_platelets": "no platelets: nothing to divide by",
    "exploratory": "not validated in solid tumours",
    "platelets_transfused": "platelets transfused in the 48 h before",
    "ldh_haemolysed": "LDH of a haemolysed sample",
    "crp_below_detection": "CRP below detection, taken at the limit",
}
MARKS = ("platelets_transfused", "ldh_haemolysed", "crp_below_detection")

# Marker -> unit -> factor to the unit of the published score, which comes first. CRP is published in mg/dL, and
# laboratories report mg/L.
UNITS: Mapping[str, Mapping[str, float]] = {
    "ldh": {"U/L": 1, "IU/L": 1, "ukat/L": 60},
    "creatinine": {"mg/dL": 1, "umol/L": 1 / 88.42},
    "platelets": {"10^9/L": 1, "10^3/uL": 1},
    "crp": {"mg/dL": 1, "mg/L": 0.1},
    "anc": {"/uL": 1, "10^9/L": 1000},
    "hemoglobin": {"g/dL": 1, "g/L": 0.1},
    "ferritin": {"ng/mL": 1, "ug/L": 1},
}


# ---- EASIX -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Score:
    """NaN with a `code` of ENGLISH where it cannot be computed; `markers` are those it lacks."""

    value: float
    code: str = ""
    markers: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()  # keys of ENGLISH, said beside the value

    @property
    def log2(self) -> float:
        """What models use."""
        return math.log2(self.value) if self.value > 0 else math.nan


def easix(
    ldh: float | None,
    creatinine: float | None,
    platelets: float | None,
    *,
    units: Mapping[str, str] | None = None,
    marks: Collection[str] = (),
) -> Score:
    """LDH [U/L] x creatinine [mg/dL] / platelets [10^9/L], of one sample.

    units: of the markers that come in another one of UNITS; an unknown one gives no score. marks: of MARKS, what is to
    be said beside the value. Missing values, or platelets of 0, give no score.
    Source: Luft T et al. Lancet Haematol 2017;4:e414-e423.
    """
    return _quotient({"ldh": ldh, "creatinine": creatinine}, platelets, units, marks)


def s_easix(
    ldh: float | None,
    platelets: float | None,
    *,
    units: Mapping[str, str] | None = None,
    marks: Collection[str] = (),
) -> Score:
    """LDH [U/L] / platelets [10^9/L], otherwise as `easix`. Source: Pennisi M et al. Blood Adv 2021;5:3397-3406."""
    return _quotient({"ldh": ldh}, platelets, units, marks)


def m_easix(
    ldh: float | None,
    crp: float | None,
    platelets: float | None,
    *,
    units: Mapping[str, str] | None = None,
    marks: Collection[str] = (),
) -> Score:
    """LDH [U/L] x CRP [mg/dL] / platelets [10^9/L], otherwise as `easix`; CRP below detection is taken at the limit and
    marked so. Source: Pennisi M et al. Blood Adv 2021;5:3397-3406."""
    return _quotient({"ldh": ldh, "crp": crp}, platelets, units, marks)


def _quotient(
    over: Mapping[str, float | None],
    platelets: float | None,
    units: Mapping[str, str] | None,
    marks: Collection[str],
) -> Score:
    unknown = set(marks) - set(MARKS)
    if unknown:
        raise KeyError(f"marks: {', '.join(sorted(unknown))}")
    numbers, lost, odd = _in_published_units(dict(over) | {"platelets": platelets}, units)
    if lost or odd:
        return Score(math.nan, "missing" if lost else "unit", lost or odd, tuple(marks))
    count = numbers.pop("platelets")
    if count <= 0:
        return Score(math.nan, "no_platelets", ("platelets",), tuple(marks))
    return Score(math.prod(numbers.values()) / count, marks=tuple(marks))


def _in_published_units(
    given: Mapping[str, float | None], units: Mapping[str, str] | None
) -> tuple[dict[str, float], tuple[str, ...], tuple[str, ...]]:
    """The numbers, NaN where there is none; the markers that have none; those in a unit that is not known."""
    units = units or {}
    stray = set(units) - set(given)
    if stray:
        raise KeyError(f"units: {', '.join(sorted(stray))}")
    factors = {name: _factor(name, units[name]) if name in units else 1.0 for name in given}
    lost = tuple(name for name, one in given.items() if one is None or math.isnan(one))
    odd = tuple(name for name, factor in factors.items() if factor is None)
    usable = given.keys() - set(lost) - set(odd)
    return {name: float(given[name]) * factors[name] if name in usable else math.nan for name in given}, lost, odd


def _factor(marker: str, unit: str) -> float | None:
    return {spelled(one): factor for one, factor in UNITS[marker].items()}.get(spelled(unit))


# ---- CAR-HEMATOTOX ---------------------------------------------------------------------------------------------------
# Points: one for the first criterion that is met, two for the second. At exactly 1200/uL, 9.0 g/dL and 3.0 mg/dL the
# published table is open; it is read as the point, the side that reassures less.
_POINTS = {
    "platelets": ("x<=175", "x<75"),
    "anc": ("x<=1200",),
    "hemoglobin": ("x<=9.0",),
    "crp": ("x>=3.0",),
    "ferritin": ("x>=650", "x>2000"),
}
HIGH_RISK = 2


@dataclass(frozen=True)
class HematoTox:
    """Points from 0 to 7, as a range where a marker is missing; None: not one number, not one group."""

    score: int | None
    low: int
    high: int
    risk: str | None  # low (0 or 1), high (2 or more)
    points: Mapping[str, int]  # of the markers that are known
    code: str  # of ENGLISH: why it is a range, "" where it is not
    markers: tuple[str, ...]  # that are missing
    validity: str = "exploratory"  # key of ENGLISH, to be said wherever the score is


def car_hematotox(
    platelets: float | None,
    anc: float | None,
    hemoglobin: float | None,
    crp: float | None,
    ferritin: float | None,
    *,
    units: Mapping[str, str] | None = None,
) -> HematoTox:
    """Risk of haematotoxicity after CAR-T cells, of the markers before lymphodepletion (about Day -5).

    platelets [10^9/L], anc [/uL], hemoglobin [g/dL], crp [mg/dL], ferritin [ng/mL], or as `units` says. Validated in
    large B-cell lymphoma, then in mantle cell lymphoma and myeloma; not in solid tumours.
    Source: Rejeski K et al. Blood 2021;138:2499-2513; a person compares the limits with the paper before clinical use.
    """
    given = {"platelets": platelets, "anc": anc, "hemoglobin": hemoglobin, "crp": crp, "ferritin": ferritin}
    numbers, lost, odd = _in_published_units(given, units)
    open_ = lost + odd
    points = {name: _points(name, number) for name, number in numbers.items()}
    low, high = (sum(both[end] for both in points.values()) for end in (0, 1))
    risk = "high" if low >= HIGH_RISK else "low" if high < HIGH_RISK else None
    known = {name: both[0] for name, both in points.items() if name not in open_}
    code = "missing" if lost else "unit" if odd else ""
    return HematoTox(low if low == high else None, low, high, risk, known, code, open_)


def _points(marker: str, number: float) -> tuple[int, int]:
    """At least and at most, of a number that is NaN where it is not known."""
    said = [rule(text)({"x": span(number, 1)}) for text in _POINTS[marker]]
    return sum(one.surely for one in said), sum(one.possibly for one in said)
