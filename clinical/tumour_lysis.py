"""Tumour lysis syndrome by Cairo and Bishop (2004), with Howard's variant (2011), in adults."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from clinical.grading import Grade
from clinical.grading.criteria import Said, rule, span
from data.units import spelled

SCALE = "Cairo-Bishop 2004"
# Marker -> unit -> the limit as published; the store's unit comes first. At the limit itself sources differ: it counts.
LIMITS = {
    "uric_acid": {"umol/L": "x>=476", "mg/dL": "x>=8.0"},
    "potassium": {"mmol/L": "x>=6.0"},
    "phosphate": {"mmol/L": "x>=1.45", "mg/dL": "x>=4.5"},
    "calcium_corrected": {"mmol/L": "x<=1.75", "mg/dL": "x<=7.0"},
}
# Or a change of 25 % from the baseline, which Howard leaves out.
_CHANGE = dict.fromkeys(LIMITS, "x>=1.25*BL") | {"calcium_corrected": "x<=0.75*BL"}
VARIANTS = ("cairo_bishop", "howard")

_CREATININE = ("x>=1.5", "x>1.5", "x>3.0", "x>6.0")  # x ULN, grades 1 to 4
ARRHYTHMIA = {
    "none": 0,
    "no_intervention": 1,
    "non_urgent": 2,  # medical intervention indicated, not urgently
    "incompletely_controlled": 3,  # symptomatic; or controlled by a device
    "life_threatening": 4,
}
SEIZURE = {
    "none": 0,
    "brief": 2,  # one brief generalized seizure, or controlled
    "altered_consciousness": 3,
    "status_epilepticus": 4,
}
# Why the grade is a range; a translation has the same keys and placeholders.
ENGLISH = {"lacking": "not known, or in an unknown unit: {lacking}"}


@dataclass(frozen=True)
class TumourLysis:
    """None: cannot be said; `missing` are the arguments that would decide."""

    laboratory: bool | None
    abnormal: tuple[str, ...]  # markers that surely are
    clinical: bool | None
    grade: Grade
    missing: tuple[str, ...]


def in_window(day: float, start: float, window: tuple[float, float] = (-3, 7)) -> bool:
    """Whether a sample counts for the therapy that starts on day `start`: from 3 days before to 7 days after it.

    In a CAR-T trial both the first lymphodepletion dose and the infusion are such starts.
    """
    return window[0] <= day - start <= window[1]


def cairo_bishop(
    *,
    uric_acid: float | None = None,
    potassium: float | None = None,
    phosphate: float | None = None,
    calcium_corrected: float | None = None,
    baseline: Mapping[str, float] | None = None,
    creatinine: float | None = None,
    arrhythmia: str | None = None,
    seizure: str | None = None,
    death: bool = False,
    units: Mapping[str, str] | None = None,
    variant: str = "cairo_bishop",
) -> TumourLysis:
    """Laboratory and clinical tumour lysis syndrome of the worst values in one window.

    uric_acid [umol/L], potassium, phosphate, calcium_corrected [mmol/L], or as `units` says; baseline: of the same
    markers in the same units. creatinine [x ULN]. arrhythmia, seizure: keys of ARRHYTHMIA and SEIZURE, None is not
    known; "none" too where a therapeutic agent is its cause. death: of tumour lysis.
    Laboratory: two of the four markers beyond their limit or changed by 25 %. Howard's variant has no 25 % rule and
    asks for both at once: give it the values of one 24 h. Clinical: laboratory, with creatinine from 1.5 x ULN on,
    arrhythmia, seizure or death; graded by the worst of them. A value, or a baseline, that is not known leaves open
    what it could decide. ValueError for another variant, KeyError for an unknown key.
    Source: Cairo MS, Bishop M. Br J Haematol 2004;127:3-11; Howard SC et al. N Engl J Med 2011;364:1844-1854.
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant: {variant!r} is none of {', '.join(VARIANTS)}")
    given = {
        "uric_acid": uric_acid, "potassium": potassium, "phosphate": phosphate, "calcium_corrected": calcium_corrected,
    }  # fmt: skip
    said = {name: _abnormal(name, value, baseline or {}, units or {}, variant) for name, value in given.items()}
    low, high = sum(one.surely for one in said.values()), sum(one.possibly for one in said.values())
    laboratory = True if low >= 2 else None if high >= 2 else False
    open_ = tuple(name for name, one in said.items() if one.surely != one.possibly) if laboratory is None else ()
    organs = _organs(creatinine, arrhythmia, seizure, death)
    grade = _graded(laboratory, organs, open_)
    clinical = grade.low > 0 if (grade.low > 0) == (grade.high > 0) else None
    abnormal = tuple(name for name, one in said.items() if one.surely)
    return TumourLysis(laboratory, abnormal, clinical, grade, grade.missing or open_)


def _number(given: float | None) -> float:
    return math.nan if given is None else float(given)


def _abnormal(name: str, value: float | None, baseline: Mapping, units: Mapping, variant: str) -> Said:
    limits = {spelled(unit): text for unit, text in LIMITS[name].items()}
    limit = limits.get(spelled(units[name])) if name in units else next(iter(limits.values()))
    if limit is None:  # a unit that is not known: as good as no value
        return Said(False, True)
    criterion = limit if variant == "howard" else f"{limit} or {_CHANGE[name]}"
    return rule(criterion)({"x": span(_number(value), 1), "BL": span(_number(baseline.get(name)), 2)})


def _organs(
    creatinine: float | None, arrhythmia: str | None, seizure: str | None, death: bool
) -> dict[str, tuple[int, int]]:
    """Of each its lowest and highest grade."""
    x = {"x": span(_number(creatinine), 1)}
    steps = [rule(text)(x) for text in _CREATININE]
    return {
        "creatinine": (sum(one.surely for one in steps), sum(one.possibly for one in steps)),
        "arrhythmia": (0, 4) if arrhythmia is None else (ARRHYTHMIA[arrhythmia],) * 2,
        "seizure": (0, 4) if seizure is None else (SEIZURE[seizure],) * 2,
        "death": (5, 5) if death else (0, 0),
    }


def _graded(laboratory: bool | None, organs: Mapping[str, tuple[int, int]], open_: Collection[str]) -> Grade:
    low, high = (max(both[end] for both in organs.values()) for end in (0, 1))
    # A death of tumour lysis against values that show none is a contradiction, and never grade 0.
    low, high = (low if laboratory else 0), (0 if laboratory is False and high < 5 else high)
    if low == high:
        return Grade(low, low, high, SCALE)
    missing = (*open_, *(name for name, (least, most) in organs.items() if least < most and most > low))
    missing = missing or ("laboratory",)
    return Grade(None, low, high, SCALE, ENGLISH["lacking"].format(lacking=", ".join(missing)), missing, "lacking")
