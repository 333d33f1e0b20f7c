"""Laboratory values graded by CTCAE 5.0, as a range of grades where an input is missing."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from clinical.grading import Grade

# Whether a value reaches a grade; None: an input is missing, and its name is in `Values.missing`.
Said = bool | None
Step = Callable[["Values"], Said]

_CLOSE = 1e-12  # 3.0 x 0.1 must not exceed 0.3


@dataclass
class Values:
    """One result and what it is held against, all in one unit."""

    value: float
    lln: float | None
    uln: float | None
    baseline: float | None
    baseline_high: bool | None
    pct_change: float | None  # from baseline [%], negative: a decrease
    symptomatic: bool | None
    anticoagulated: bool | None
    missing: set[str] = field(default_factory=set)

    def need(self, name: str) -> float | bool | None:
        found = getattr(self, name)
        if found is None:
            self.missing.add(name)
        return found


@dataclass(frozen=True)
class _Term:
    """`steps`: grades 1 to 4, None where the scale has none by value; `wording`: as published."""

    units: dict[str, float]  # unit, without case -> factor to the unit of the limits
    wording: tuple[str, str, str, str]
    steps: tuple[Step | None, ...]


# ---- how limits are read ---------------------------------------------------------------------------------------------
def _exceeds(value: float, limit: float) -> bool:
    return value > limit and not math.isclose(value, limit, rel_tol=_CLOSE)


def _above(limit: float) -> Step:
    return lambda of: _exceeds(of.value, limit)


def _from(limit: float) -> Step:
    return lambda of: not _exceeds(limit, of.value)


def _below(limit: float) -> Step:
    return lambda of: _exceeds(limit, of.value)


def _above_times(name: str, factor: float) -> Step:
    def step(of: Values) -> Said:
        limit = of.need(name)
        return None if limit is None else _exceeds(of.value, factor * limit)

    return step


def _below_lln(factor: float = 1.0) -> Step:
    def step(of: Values) -> Said:
        lln = of.need("lln")
        return None if lln is None else _exceeds(factor * lln, of.value)

    return step


def _multiple(of_uln: float, of_baseline: float | None = None, *, from_: bool = False) -> Step:
    """x ULN if the baseline was normal, x baseline if abnormal (`from_`: "1.5 - 3.0", the first included)."""
    factor = of_uln if of_baseline is None else of_baseline

    def step(of: Values) -> Said:
        if of.baseline_high:
            baseline = of.need("baseline")
            if baseline is None:
                return None
            limit = factor * baseline
            return not _exceeds(limit, of.value) if from_ else _exceeds(of.value, limit)
        above = _above_times("uln", of_uln)(of)
        if above and of.baseline_high is None:  # an abnormal baseline lies above the ULN: its multiples are higher
            of.missing.add("baseline")
            return None
        return above

    return step


def _either(*steps: Step) -> Step:
    def step(of: Values) -> Said:
        said = [one(of) for one in steps]
        return True if True in said else None if None in said else False

    return step


def _both(*steps: Step) -> Step:
    def step(of: Values) -> Said:
        asked = set(of.missing)
        said = [one(of) for one in steps]
        if False in said:  # whatever the others say: what they lack is not needed
            of.missing = asked
            return False
        return None if None in said else True

    return step


def _if(name: str) -> Step:
    return lambda of: of.need(name)


def _fell(percent: float) -> Step:
    """By so much of the baseline, and abnormal."""

    def step(of: Values) -> Said:
        change = of.need("pct_change")
        return None if change is None else not _exceeds(change, -percent)

    return _both(_below_lln(), step)


# ---- units -----------------------------------------------------------------------------------------------------------
_COUNTS = {  # to 10^9/L
    "10^9/l": 1, "10*9/l": 1, "x10^9/l": 1, "x10*9/l": 1, "giga/l": 1, "10^3/ul": 1, "10*3/ul": 1, "x10^3/ul": 1,
    "10^6/l": 1e-3, "10*6/l": 1e-3, "/mm3": 1e-3, "/ul": 1e-3, "1/ul": 1e-3,
}  # fmt: skip
_MASS = {"g/l": 1, "g/dl": 10, "mg/dl": 0.01}
# Multiples of a limit in the value's own unit need no factor, only a unit that belongs to the test.
_ENZYME = dict.fromkeys(("u/l", "iu/l", "ukat/l", "nkat/l"), 1)
_BILIRUBIN = dict.fromkeys(("umol/l", "mg/dl"), 1)
_CREATININE = dict.fromkeys(("umol/l", "mg/dl", "mmol/l"), 1)
_SECONDS = dict.fromkeys(("s", "sec", "ratio", "1"), 1)
_RATIO = dict.fromkeys(("", "ratio", "1", "inr", "{inr}"), 1)  # INR has no dimension
_MMOL = {"mmol/l": 1}
_MONOVALENT = {"mmol/l": 1, "meq/l": 1}

_WAYS = (" if baseline was normal; ", " x baseline if baseline was abnormal")


def _multiples(*ranges: tuple[str, str]) -> tuple[str, str, str, str]:
    first, second, third, fourth = (_WAYS[0].join(one) + _WAYS[1] for one in ranges)
    return first, second, third, fourth


_TRANSAMINASE = _Term(
    _ENZYME,
    _multiples((">ULN - 3.0 x ULN", "1.5 - 3.0"), (">3.0 - 5.0 x ULN", ">3.0 - 5.0"),
               (">5.0 - 20.0 x ULN", ">5.0 - 20.0"), (">20.0 x ULN", ">20.0")),
    (_multiple(1, 1.5, from_=True), _multiple(3), _multiple(5), _multiple(20)),
)  # fmt: skip
_BILIARY = _Term(
    _ENZYME,
    _multiples((">ULN - 2.5 x ULN", "2.0 - 2.5"), (">2.5 - 5.0 x ULN", ">2.5 - 5.0"),
               (">5.0 - 20.0 x ULN", ">5.0 - 20.0"), (">20.0 x ULN", ">20.0")),
    (_multiple(1, 2.0, from_=True), _multiple(2.5), _multiple(5), _multiple(20)),
)  # fmt: skip
_PANCREATIC = _Term(
    _ENZYME,
    (">ULN - 1.5 x ULN", ">1.5 - 2.0 x ULN; >2.0 - 5.0 x ULN and asymptomatic",
     ">2.0 - 5.0 x ULN with signs or symptoms; >5.0 x ULN and asymptomatic", ">5.0 x ULN and with signs or symptoms"),
    (_above_times("uln", 1), _above_times("uln", 1.5),
     _either(_above_times("uln", 5), _both(_above_times("uln", 2), _if("symptomatic"))),
     _both(_above_times("uln", 5), _if("symptomatic"))),
)  # fmt: skip


def _count(second: float, third: float, fourth: float) -> _Term:
    return _Term(
        _COUNTS,
        (f"<LLN - {second} x 10e9/L", f"<{second} - {third} x 10e9/L", f"<{third} - {fourth} x 10e9/L",
         f"<{fourth} x 10e9/L"),
        # Below the limit of grade 2 is grade 2 even where a laboratory's LLN is lower.
        (_either(_below(second), _below_lln()), _below(second), _below(third), _below(fourth)),
    )  # fmt: skip


def _fixed(side: Callable, normal: Step, *limits: float | None) -> tuple[Step | None, ...]:
    """Grade 1 beyond the range or the first limit, then fixed limits."""
    first = next(one for one in limits if one is not None)
    return _either(side(first), normal), *(None if one is None else side(one) for one in limits)


_HIGH, _LOW = _above_times("uln", 1), _below_lln()

TERMS = {
    "alanine aminotransferase increased": _TRANSAMINASE,
    "aspartate aminotransferase increased": _TRANSAMINASE,
    "alkaline phosphatase increased": _BILIARY,
    "ggt increased": _BILIARY,
    "blood bilirubin increased": _Term(
        _BILIRUBIN,
        _multiples((">ULN - 1.5 x ULN", ">1.0 - 1.5"), (">1.5 - 3.0 x ULN", ">1.5 - 3.0"),
                   (">3.0 - 10.0 x ULN", ">3.0 - 10.0"), (">10.0 x ULN", ">10.0")),
        (_multiple(1), _multiple(1.5), _multiple(3), _multiple(10)),
    ),
    "creatinine increased": _Term(
        _CREATININE,
        (">ULN - 1.5 x ULN", ">1.5 - 3.0 x baseline; >1.5 - 3.0 x ULN", ">3.0 x baseline; >3.0 - 6.0 x ULN",
         ">6.0 x ULN"),
        (_above_times("uln", 1), _either(_above_times("uln", 1.5), _above_times("baseline", 1.5)),
         _either(_above_times("uln", 3), _above_times("baseline", 3)), _above_times("uln", 6)),
    ),
    "cpk increased": _Term(
        _ENZYME,
        (">ULN - 2.5 x ULN", ">2.5 x ULN - 5 x ULN", ">5 x ULN - 10 x ULN", ">10 x ULN"),
        tuple(_above_times("uln", factor) for factor in (1, 2.5, 5, 10)),
    ),
    "lipase increased": _PANCREATIC,
    "serum amylase increased": _PANCREATIC,
    "fibrinogen decreased": _Term(
        _MASS,
        ("<1.0 - 0.75 x LLN; if abnormal, <25% decrease from baseline",
         "<0.75 - 0.5 x LLN; if abnormal, 25 - <50% decrease from baseline",
         "<0.5 - 0.25 x LLN; if abnormal, 50 - <75% decrease from baseline",
         "<0.25 x LLN; if abnormal, 75% decrease from baseline; absolute value <50 mg/dL"),
        (_LOW, _either(_below_lln(0.75), _fell(25)), _either(_below_lln(0.5), _fell(50)),
         _either(_below(0.5), _below_lln(0.25), _fell(75))),
    ),
    "activated partial thromboplastin time prolonged": _Term(
        _SECONDS,
        (">ULN - 1.5 x ULN", ">1.5 - 2.5 x ULN", ">2.5 x ULN; bleeding", "-"),
        (*(_above_times("uln", factor) for factor in (1, 1.5, 2.5)), None),
    ),
    "inr increased": _Term(
        _RATIO,
        (">1.2 - 1.5; >1 - 1.5 x baseline if on anticoagulation", ">1.5 - 2.5; >1.5 - 2.5 x baseline if on "
         "anticoagulation", ">2.5; >2.5 x baseline if on anticoagulation; bleeding", "-"),
        (*(_either(_above(fixed), _both(_if("anticoagulated"), _above_times("baseline", factor)))
           for fixed, factor in ((1.2, 1), (1.5, 1.5), (2.5, 2.5))), None),
    ),
    "neutrophil count decreased": _count(1.5, 1.0, 0.5),
    "platelet count decreased": _count(75, 50, 25),
    "white blood cell decreased": _count(3.0, 2.0, 1.0),
    "lymphocyte count decreased": _count(0.8, 0.5, 0.2),
    "anemia": _Term(
        {"g/l": 1, "g/dl": 10},
        ("<LLN - 100 g/L", "<100 - 80 g/L", "<80 g/L; transfusion indicated",
         "Life-threatening consequences; urgent intervention indicated"),
        (*_fixed(_below, _LOW, 100, 80), None),
    ),
    "hyponatremia": _Term(
        _MONOVALENT,
        ("<LLN - 130 mmol/L", "125-129 mmol/L and asymptomatic",
         "125-129 mmol/L symptomatic; 120-124 mmol/L regardless of symptoms", "<120 mmol/L"),
        (_either(_below(130), _LOW), _below(130),
         _either(_below(125), _both(_below(130), _if("symptomatic"))), _below(120)),
    ),
    "hypernatremia": _Term(
        _MONOVALENT, (">ULN - 150 mmol/L", ">150 - 155 mmol/L", ">155 - 160 mmol/L", ">160 mmol/L"),
        _fixed(_above, _HIGH, 150, 155, 160),
    ),
    "hypokalemia": _Term(
        _MONOVALENT,
        ("<LLN - 3.0 mmol/L", "Symptomatic with <LLN - 3.0 mmol/L", "<3.0 - 2.5 mmol/L", "<2.5 mmol/L"),
        (_either(_below(3.0), _LOW), _either(_below(3.0), _both(_LOW, _if("symptomatic"))), _below(3.0), _below(2.5)),
    ),
    "hyperkalemia": _Term(
        _MONOVALENT, (">ULN - 5.5 mmol/L", ">5.5 - 6.0 mmol/L", ">6.0 - 7.0 mmol/L", ">7.0 mmol/L"),
        _fixed(_above, _HIGH, 5.5, 6.0, 7.0),
    ),
    "hypermagnesemia": _Term(
        _MMOL, (">ULN - 1.23 mmol/L", "-", ">1.23 - 3.30 mmol/L", ">3.30 mmol/L"),
        _fixed(_above, _HIGH, None, 1.23, 3.30),
    ),
    "hypomagnesemia": _Term(
        _MMOL, ("<LLN - 0.5 mmol/L", "<0.5 - 0.4 mmol/L", "<0.4 - 0.3 mmol/L", "<0.3 mmol/L"),
        _fixed(_below, _LOW, 0.5, 0.4, 0.3),
    ),
    "hypercalcemia (ionized)": _Term(
        _MMOL, (">ULN - 1.5 mmol/L", ">1.5 - 1.6 mmol/L", ">1.6 - 1.8 mmol/L", ">1.8 mmol/L"),
        _fixed(_above, _HIGH, 1.5, 1.6, 1.8),
    ),
    "hypocalcemia (ionized)": _Term(
        _MMOL, ("<LLN - 1.0 mmol/L", "<1.0 - 0.9 mmol/L", "<0.9 - 0.8 mmol/L", "<0.8 mmol/L"),
        _fixed(_below, _LOW, 1.0, 0.9, 0.8),
    ),
    # The published limits in mg/dL (55, 40, 30) are not these in another unit, and are not mixed with them.
    "hypoglycemia": _Term(
        _MMOL, ("<LLN - 3.0 mmol/L", "<3.0 - 2.2 mmol/L", "<2.2 - 1.7 mmol/L", "<1.7 mmol/L; seizures"),
        _fixed(_below, _LOW, 3.0, 2.2, 1.7),
    ),
    "hypoalbuminemia": _Term(
        {"g/l": 1, "g/dl": 10}, ("<LLN - 30 g/L", "<30 - 20 g/L", "<20 g/L", "Life-threatening consequences"),
        (*_fixed(_below, _LOW, 30, 20), None),
    ),
    "hypertriglyceridemia": _Term(
        _MMOL, ("1.71 - 3.42 mmol/L", ">3.42 - 5.7 mmol/L", ">5.7 - 11.4 mmol/L", ">11.4 mmol/L"),
        (_from(1.71), _above(3.42), _above(5.7), _above(11.4)),
    ),
    "cholesterol high": _Term(
        _MMOL, (">ULN - 7.75 mmol/L", ">7.75 - 10.34 mmol/L", ">10.34 - 12.92 mmol/L", ">12.92 mmol/L"),
        _fixed(_above, _HIGH, 7.75, 10.34, 12.92),
    ),
}  # fmt: skip

_NAMED = {
    "lln": "lower limit of normal", "uln": "upper limit of normal", "baseline": "baseline",
    "pct_change": "change from baseline", "symptomatic": "symptoms", "anticoagulated": "anticoagulation",
}  # fmt: skip


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
    version: str = "5.0",
) -> Grade:
    """The grade 0-4 of one laboratory value, or the range it lies in where an input that decides is not known.

    value, lln, uln, baseline in `unit`, in any usual unit of the test; NaN is None. baseline_high: the baseline was
    above its own ULN, None = not known. pct_change [%]: from baseline, negative for a decrease; without it it comes
    from `baseline`. An unknown unit, or no value, gives no grade and no bounds. KeyError for a term or a version that
    is not here; grade 5 and what needs more than a value (transfusion, bleeding) are not laboratory grades.
    Source: NCI CTCAE v5.0, 27 November 2017, Investigations, Metabolism, Blood; the wording stands beside each term.
    """
    if version != "5.0":
        raise KeyError(f"CTCAE {version}")
    scale, found = f"CTCAE {version}", TERMS[term.casefold()]
    value, lln, uln, baseline, pct_change = map(_known, (value, lln, uln, baseline, pct_change))
    if value is None:
        return Grade(None, None, None, scale, "no value")
    factor = found.units.get((unit or "").strip().casefold().replace("µ", "u").replace("μ", "u"))
    if factor is None:
        return Grade(None, None, None, scale, f"unit {unit!r} not known for this test" if unit else "no unit")
    if pct_change is None and baseline:
        pct_change = (value - baseline) / baseline * 100
    lln, uln, baseline = (None if one is None else one * factor for one in (lln, uln, baseline))
    values = Values(value * factor, lln, uln, baseline, baseline_high, pct_change, symptomatic, anticoagulated)
    low, high = _bounds(found, values)
    if low == high:
        return Grade(low, low, high, scale)
    lacking = ", ".join(_NAMED[one] for one in sorted(values.missing))
    return Grade(None, low, high, scale, f"not known: {lacking}", tuple(sorted(values.missing)))


def reachable(term: str) -> int:
    """The highest grade that values alone can give; KeyError for a term that is not here."""
    return max(number for number, step in enumerate(TERMS[term.casefold()].steps, start=1) if step)


def _known(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) else number


def _bounds(term: _Term, values: Values) -> tuple[int, int]:
    """The highest grade that is surely reached, and the highest that can be."""
    low = high = 0
    for number, step in enumerate(term.steps, start=1):
        said = step(values) if step else False
        low = number if said else low
        high = number if said is not False else high
    return low, high
