"""Laboratory values graded by CTCAE 5.0 or 6.0, as a range of grades where an input is missing."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from clinical.grading import Grade
from clinical.grading.criteria import ANY, STRICTLY, Bits, Inputs, Number, Said, Span, pick, said, span
from clinical.grading.ctcae_table import Limits, Term, terms
from data.units import spelled

# One sentence a code; a translation has the same keys and placeholders.
ENGLISH = {
    "no_value": "no value",
    "no_unit": "no unit",
    "unit": "unit not known for this test",
    "lacking": "not known: {lacking}",
    "not_by_value": "{scale} grades this term by what was done about it, not by a value",
    "no_source": "the limits of this term in {scale} are not at hand",
}
# What `lacking` names: inputs that would decide; a translation has the same keys.
LACKING = {
    "lln": "lower limit of normal",
    "uln": "upper limit of normal",
    "baseline": "baseline",
    "pct_change": "change from baseline",
    "symptomatic": "symptoms",
    "anticoagulated": "anticoagulation",
    "duration": "how long it lasted",
    "fasting": "whether fasting",
    "limit": "the result is a limit",
}
_BIT = {name: 1 << place for place, name in enumerate(LACKING)}


class _Results(NamedTuple):
    """One result or arrays of them, in the unit of the limits; NaN: not known."""

    least: Number  # of the value
    most: Number
    lln: Number
    uln: Number
    baseline: Number
    pct_change: Number
    baseline_high: Said
    symptomatic: Said
    anticoagulated: Said


# ---- what a criterion speaks of --------------------------------------------------------------------------------------
def _abnormal_baseline(of: _Results) -> Span:
    """Where it is not known it lies above the ULN, taken to be the ULN of this result."""
    floor = pick(of.uln != of.uln, -ANY, of.uln * (1 + STRICTLY))
    return span(of.baseline, _BIT["baseline"], floor)


def _change(of: _Results) -> Span:
    """In % of the baseline: as given, or worked out."""
    base = pick(of.baseline == 0, math.nan, of.baseline)
    least, most = (pick(of.pct_change != of.pct_change, (end - base) / base * 100, of.pct_change) for end in of[:2])
    bit = _BIT["pct_change"]
    return Span(span(least, bit).least, span(most, bit).most, span(least, bit).lacking)


def _not(one: Said) -> Said:
    return Said(one.possibly ^ True, one.surely ^ True, one.lacking)


def _moderate(of: _Results) -> Said:
    """Of symptoms it is only known that there are any."""
    return Said(False, of.symptomatic.possibly, _BIT["symptomatic"] * of.symptomatic.possibly)


def _open(name: str) -> Callable[[_Results], Said]:
    return lambda of: Said(False, True, _BIT[name])


_READ: dict[str, Callable[[_Results], Span | Said]] = {
    "x": lambda of: Span(of.least, of.most, _BIT["limit"] * (of.least != of.most)),
    "LLN": lambda of: span(of.lln, _BIT["lln"]),
    "ULN": lambda of: span(of.uln, _BIT["uln"]),
    "BL": lambda of: span(of.baseline, _BIT["baseline"]),
    "ABL": _abnormal_baseline,
    "PCHG": _change,
    "BLN": lambda of: _not(of.baseline_high),
    "SYM": lambda of: of.symptomatic,
    "MODERATE": _moderate,
    "AC": lambda of: of.anticoagulated,
    "LONG": _open("duration"),
    "FASTING": _open("fasting"),
}


# ---- bounds ----------------------------------------------------------------------------------------------------------
def _bounds(limits: Limits, of: _Results) -> tuple[Number, Number, Bits]:
    """The highest grade surely reached, the highest that can be, and what would decide between them."""
    inputs: Inputs = {name: _READ[name](of) for name in limits.inputs}
    steps = [(number, step(inputs)) for number, step in enumerate(limits.steps, start=1) if step]
    low = high = lacking = 0
    for number, reached in steps:
        low, high = pick(reached.surely, number, low), pick(reached.possibly, number, high)
    for number, reached in steps:
        lacking = lacking | reached.lacking * (low < number)
    return low, high, lacking


# Whether the value is an upper, a lower limit of the result, and by how much the result is beyond it at least.
_SIDES = {
    "": (False, False, 0.0),
    "<": (True, False, STRICTLY),
    "<=": (True, False, 0.0),
    ">": (False, True, STRICTLY),
    ">=": (False, True, 0.0),
}


def _ends(value: Number, less: bool | np.ndarray, more: bool | np.ndarray, beyond: Number) -> tuple[Number, Number]:
    """Of "< 40": from 0 to just below 40. An infinite value is one above every limit."""
    value = pick(value > ANY, ANY, value)
    least = pick(less, 0.0, pick(more, value * (1 + beyond), value))
    return least, pick(more, ANY, pick(less, value * (1 - beyond), value))


@cache
def _named(bits: int) -> tuple[str, ...]:
    return tuple(sorted(name for name, bit in _BIT.items() if bits & bit))


# ---- one value -------------------------------------------------------------------------------------------------------
def grade(
    term: str,
    value: float | None,
    unit: str | None,
    *,
    lln: float | None = None,
    uln: float | None = None,
    baseline: float | None = None,
    baseline_high: bool | None = False,
    pct_change: float | None = None,
    symptomatic: bool | None = None,
    anticoagulated: bool | None = False,
    qualifier: str | None = None,
    version: str = "5.0",
) -> Grade:
    """The grade 0-4 of one laboratory value, or the range it lies in where an input that decides is not known.

    value, lln, uln, baseline in `unit`, in any usual unit of the test; NaN is None. baseline_high: the baseline was
    above its own ULN, None = not known. pct_change [%]: from baseline, negative for a decrease; without it it comes
    from `baseline`. qualifier: "<" or ">" (or with "=") where the value is a limit. Calcium is the corrected one.
    version: "5.0" or "6.0". An unknown unit, no value, or a term without limits in the version gives no grade and no
    bounds. KeyError for a term or a version that is not here; grade 5 and what needs more than a value (transfusion,
    bleeding) are not laboratory grades. `code` of the grade is a key of ENGLISH, `missing` are keys of LACKING.
    Source: NCI CTCAE v5.0, 27 November 2017, and v6.0; the wording stands beside each term in the tables.
    """
    found, scale = _term(term, version), f"CTCAE {version}"
    numbers = [_number(one) for one in (value, lln, uln, baseline, pct_change)]
    code = _ungradable(found, numbers[0] != numbers[0], unit)
    if code:
        return Grade(None, None, None, scale, ENGLISH[code].format(scale=scale), code=code)
    flags = [
        _flag(one, _BIT[name])
        for name, one in (("baseline", baseline_high), ("symptomatic", symptomatic), ("anticoagulated", anticoagulated))
    ]
    limits = found.limits[spelled(unit or "")]
    low, high, lacking = _bounds(limits, _results(numbers, flags, limits.factor, _sides(qualifier)))
    if low == high:
        return Grade(low, low, high, scale)
    missing = _named(lacking)
    reason = ENGLISH["lacking"].format(lacking=", ".join(LACKING[one] for one in missing))
    return Grade(None, low, high, scale, reason, missing, "lacking")


def reachable(term: str, version: str = "5.0") -> int:
    """The highest grade that values alone can give; KeyError for a term that is not here."""
    found = _term(term, version)
    return found.reachable if found else 0


@cache
def grades_low(term: str, version: str = "5.0") -> bool:
    """Whether the term grades values that are too low: a value of zero has a grade of it."""
    found = terms(version)[str(term).casefold()]
    units = list(found.limits)
    return bool(units and grade(term, 0.0, units[0], lln=1.0, uln=1.0, baseline=1.0, version=version).high)


def _term(term: str, version: str) -> Term | None:
    """None for a term of 5.0 whose limits in the version are not at hand."""
    name = str(term).casefold()
    found = terms(version).get(name)
    if found is None and name not in terms("5.0"):
        raise KeyError(f"{term!r} is no laboratory term of CTCAE {version}")
    return found


def _ungradable(term: Term | None, no_value: bool, unit: str | None) -> str:
    """Why there is no grade, "" where there is one."""
    if term is None:
        return "no_source"
    if not term.limits:
        return "not_by_value"
    if no_value:
        return "no_value"
    if spelled(unit or "") in term.limits:
        return ""
    return "unit" if unit else "no_unit"


def _number(given: float | None) -> float:
    return math.nan if given is None or given is pd.NA else float(given)


def _flag(given: bool | None, bit: int) -> Said:
    known = given is not None and given is not pd.NA and given == given
    return said(known and bool(given), known and not given, bit)


def _sides(qualifier: str | None) -> tuple[bool, bool, float]:
    known = "" if pd.isna(qualifier) else qualifier
    if known not in _SIDES:
        raise ValueError(f'qualifier: {qualifier!r} is none of "<", "<=", ">", ">="')
    return _SIDES[known]


def _results(numbers: Iterable[Number], flags: Iterable[Said], factor: float, sides: tuple) -> _Results:
    value, lln, uln, baseline, pct_change = numbers
    least, most = (end * factor for end in _ends(value, *sides))
    return _Results(least, most, lln * factor, uln * factor, baseline * factor, pct_change, *flags)


# ---- many values -----------------------------------------------------------------------------------------------------
_NUMBERS = ("value", "lln", "uln", "baseline", "pct_change")
_SIDE = ("less", "more", "beyond")
_FLAGS = {"baseline_high": "baseline", "symptomatic": "symptomatic", "anticoagulated": "anticoagulated"}


def grades(results: pd.DataFrame, *, version: str = "5.0") -> pd.DataFrame:
    """As `grade`, of every row: `grade`, `low`, `high` (Int8, NA = cannot be said), `scale`, `code`, `missing`.

    results: `term`, `value`, `unit`, and the other arguments of `grade` as far as they are known: a column that is not
    there, and an empty cell, is not known. The index stays. ValueError for a missing column, KeyError for a term.
    """
    lost = {"term", "value", "unit"} - set(results.columns)
    if lost:
        raise ValueError(f"results: no column {', '.join(sorted(lost))}")
    low, high, lacking = (np.zeros(len(results), int) for _ in range(3))
    code = np.full(len(results), "", object)
    columns = _columns(results)
    for term, unit, rows in _groups(results):
        found = _term(term, version)
        empty = np.isnan(columns["value"][rows])
        code[rows] = _ungradable(found, False, unit)
        code[rows[empty]] = _ungradable(found, True, unit)
        graded = rows[code[rows] == ""]
        if len(graded):
            limits = found.limits[spelled(unit or "")]
            low[graded], high[graded], lacking[graded] = _bounds(limits, _taken(columns, graded, limits.factor))
    return _told(low, high, lacking, code, f"CTCAE {version}").set_axis(results.index)


def _columns(results: pd.DataFrame) -> Mapping[str, np.ndarray]:
    """Numbers as floats; flags, and the sides of a limit, as whether they are known to be so and not to be so."""
    made = {name: _numbers(results, name) for name in _NUMBERS}
    for name in _FLAGS:
        made[name], made[f"not {name}"] = _known(results, name)
    places, found = pd.factorize(_texts(results, "qualifier"))
    sides = [_sides(one) for one in found]
    return made | {name: np.array([one[at] for one in sides])[places] for at, name in enumerate(_SIDE)}


def _numbers(results: pd.DataFrame, name: str) -> np.ndarray:
    return results[name].astype(float).to_numpy() if name in results else np.full(len(results), math.nan)


def _texts(results: pd.DataFrame, name: str) -> np.ndarray:
    """ "" for what is not known."""
    given = results[name].to_numpy(object) if name in results else np.full(len(results), None)
    return np.where(pd.isna(given), "", given)


def _known(results: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether a flag is surely up, and whether surely down."""
    if name not in results:
        return np.zeros(len(results), bool), np.zeros(len(results), bool)
    flag = results[name].astype("boolean")
    return flag.fillna(False).to_numpy(bool), ~flag.fillna(True).to_numpy(bool)


def _groups(results: pd.DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
    """Rows, by place, of one term in one unit; "" where there is none."""
    terms, term = pd.factorize(results["term"], use_na_sentinel=False)
    units, unit = pd.factorize(_texts(results, "unit"))
    both = terms * max(len(unit), 1) + units
    order = np.argsort(both, kind="stable")
    starts = np.flatnonzero(np.diff(both[order], prepend=-1))
    for rows in np.split(order, starts[1:]) if len(order) else ():
        yield term[terms[rows[0]]], unit[units[rows[0]]], rows


def _taken(columns: Mapping[str, np.ndarray], rows: np.ndarray, factor: float) -> _Results:
    numbers = [columns[name][rows] for name in _NUMBERS]
    flags = [said(columns[name][rows], columns[f"not {name}"][rows], _BIT[bit]) for name, bit in _FLAGS.items()]
    return _results(numbers, flags, factor, tuple(columns[side][rows] for side in _SIDE))


def _told(low: np.ndarray, high: np.ndarray, lacking: np.ndarray, code: np.ndarray, scale: str) -> pd.DataFrame:
    between = low < high
    low, high = (pd.array(one, "Int8") for one in (low, high))
    low[code != ""] = high[code != ""] = pd.NA
    decided = low.copy()
    decided[between] = pd.NA
    return pd.DataFrame({
        "grade": decided, "low": low, "high": high, "scale": scale, "code": np.where(between, "lacking", code),
        "missing": [_named(one) for one in lacking.tolist()],
    })  # fmt: skip
