"""Drug-induced liver injury: the eDISH plot's coordinates and quadrants, Hy's law candidates, baseline multiples.

A candidate is a question to a person: viral hepatitis, liver metastases, biliary obstruction, CRS and IEC-HS have to be
excluded before a case is one of Hy's law.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from clinical.grading.criteria import rule, span

# Why something cannot be said, one sentence a code; a translation has the same keys.
ENGLISH = {
    "no_aminotransferase": "no ALT in multiples of its ULN",
    "no_bilirubin": "no total bilirubin in multiples of its ULN",
    "no_alp": "no ALP at the aminotransferase peak: initial cholestasis not excluded",
    "no_days": "days between the peak and the bilirubin not known",
    "no_baseline": "no baseline in multiples of its ULN",
    "no_absolute": "no aminotransferase in U/L",
}
QUADRANTS = {
    (True, True): "hys_law_range",
    (True, False): "temples_corollary",
    (False, True): "hyperbilirubinemia",
    (False, False): "normal",
}
Judged = tuple[bool | None, tuple[str, ...]]  # None: cannot be said, for lack of what the codes name
_CODE = dict(zip(("X", "Y", "ALP", "GAP", "BL", "UL"), ENGLISH, strict=True))
_BIT = {name: 1 << place for place, name in enumerate(_CODE)}


@dataclass(frozen=True)
class Criteria:
    """X: aminotransferase, Y: total bilirubin, ALP, BL (baseline of X) in multiples of the ULN; UL: X in U/L.

    Source: FDA, Guidance for Industry, Drug-Induced Liver Injury: Premarketing Clinical Evaluation, July 2009
    (aminotransferase "3 x ULN or more", where eDISH draws its line above 3; bilirubin above 2 x ULN; no cholestasis).
    Of a raised baseline: practice of the FDA's oncology divisions, of medium confidence: a protocol confirms it.
    """

    high_x: str = "X>3"
    high_y: str = "Y>2"
    no_cholestasis: str = "ALP<2"
    days: float = 30.0  # from the aminotransferase peak to the bilirubin, before or after
    raised_baseline: str = "BL>=1.5"
    high_x_of_raised: str = "X>=2*BL and X>=3"  # a protocol may add "or UL>300"; 300 to 500 are in use


FDA = Criteria()


@dataclass(frozen=True)
class HysLaw:
    """None and NaN: cannot be said; `missing` are keys of ENGLISH."""

    x: float  # aminotransferase, x ULN
    y: float  # bilirubin, x ULN
    quadrant: str | None  # of QUADRANTS
    candidate: bool | None
    r: float  # (ALT / ULN) / (ALP / ULN)
    nr: float  # the same of the higher of ALT and AST
    pattern: str | None  # hepatocellular, mixed, cholestatic
    missing: tuple[str, ...]


def hys_law(
    alt: float | None,
    bilirubin: float | None,
    alp: float | None = None,
    *,
    ast: float | None = None,
    days: float | None = 0,
    criteria: Criteria = FDA,
) -> HysLaw:
    """One patient's peaks, each in multiples of the ULN of its own sample; None or NaN is not known.

    alt, ast: treatment-emergent peaks; the higher counts where AST is given. bilirubin: total, the highest in the
    window. alp: at the time of the aminotransferase peak. days: from that peak to the bilirubin.
    Quadrants: x > 3 and y > 2, and so on. Candidate: in Hy's law range, in the window, ALP below 2 x ULN; one part that
    is not met settles it, whatever else is missing. R, nR: of these values, >= 5 hepatocellular, <= 2 cholestatic.
    Source: see Criteria; R as in EASL Clinical Practice Guidelines, Drug-induced liver injury, 2019.
    """
    alt, ast, y, alp = map(_number, (alt, ast, bilirubin, alp))
    x = max((one for one in (alt, ast) if one == one), default=math.nan)
    high_x = _judged(criteria.high_x, X=x)
    if alt != alt and not high_x[0]:  # AST alone can only show that it is high
        high_x = None, ("no_aminotransferase",)
    candidate, missing = _candidate(high_x, y, alp, _number(days), criteria)
    r, nr = _of_alp(alt, x, alp)
    return HysLaw(x, y, _quadrant(high_x, y, criteria), candidate, r, nr, _pattern(r), missing)


def baseline_multiples(
    alt: float | None,
    bilirubin: float | None,
    *,
    baseline: float | None,
    alt_units: float | None = None,
    criteria: Criteria = FDA,
) -> Judged:
    """Whether in Hy's law range, read by the baseline, and what is missing (keys of ENGLISH) where it cannot be said.

    alt, bilirubin, baseline: in multiples of the ULN, alt_units in U/L. A baseline of 1.5 x ULN or more asks for 2 x
    baseline and 3 x ULN at least, a lower one for what `hys_law` asks. Shown beside `hys_law`, never instead of it.
    Source: see Criteria.
    """
    high_x = f"({criteria.high_x_of_raised}) if {criteria.raised_baseline} else {criteria.high_x}"
    return _judged(f"({high_x}) and {criteria.high_y}", X=alt, Y=bilirubin, BL=baseline, UL=alt_units)


def edish(samples: pd.DataFrame, *, criteria: Criteria = FDA) -> pd.DataFrame:
    """One row a subject: `day_x`, `day_y`, the fields of HysLaw, and `x_baseline`, `y_baseline` (mDISH).

    samples: `subject`, `day` [d since infusion], `code` (ALT, AST, BILI, ALP), `multiple` (x ULN of its own sample),
    and `baseline` (of the same test, x its ULN) where it is known. Of treatment only: the caller leaves out what came
    before. Rows without a multiple are no samples.
    x, y: the peaks. Candidate: by the highest bilirubin in the window round the aminotransferase peak and the ALP of
    that peak's day. R: of the first day with a high aminotransferase. mDISH: multiples of the baseline where it was
    above its ULN. ValueError for a missing column.
    """
    lost = {"subject", "day", "code", "multiple"} - set(samples.columns)
    if lost:
        raise ValueError(f"samples: no column {', '.join(sorted(lost))}")
    by_subject = samples.groupby("subject")
    rows = [{"subject": who, **_of_subject(own[own["multiple"].notna()], criteria)} for who, own in by_subject]
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = ["subject", "day_x", "day_y", *HysLaw.__dataclass_fields__, "x_baseline", "y_baseline"]


def _of_subject(own: pd.DataFrame, criteria: Criteria) -> Mapping[str, object]:
    x, y = _peak(own, "ALT", "AST"), _peak(own, "BILI")
    near = _peak(own[(own["day"] - x["day"]).abs() <= criteria.days], "BILI")
    high_x = _judged(criteria.high_x, X=x["multiple"])
    candidate, missing = _candidate(high_x, near["multiple"], _on(own, x["day"], "ALP"), 0.0, criteria)
    quadrant = _quadrant(high_x, y["multiple"], criteria)
    r, nr = _at_onset(own, criteria)
    found = HysLaw(x["multiple"], y["multiple"], quadrant, candidate, r, nr, _pattern(r), missing)
    days = {"day_x": x["day"], "day_y": y["day"]}
    return vars(found) | days | {"x_baseline": _of_baseline(x), "y_baseline": _of_baseline(y)}


_NOTHING = {"day": math.nan, "multiple": math.nan}


def _peak(own: pd.DataFrame, *codes: str) -> Mapping[str, float]:
    """The highest, the first of equal ones."""
    some = own[own["code"].isin(codes)].sort_values(["multiple", "day"], ascending=[False, True])
    return _NOTHING if some.empty else some.iloc[0].to_dict()


def _on(own: pd.DataFrame, day: float, *codes: str) -> float:
    return own.loc[(own["day"] == day) & own["code"].isin(codes), "multiple"].max()


def _at_onset(own: pd.DataFrame, criteria: Criteria) -> tuple[float, float]:
    enzymes = own[own["code"].isin(["ALT", "AST"])]
    days = [day for day, one in zip(enzymes["day"], enzymes["multiple"], strict=True)
            if _judged(criteria.high_x, X=one)[0]]  # fmt: skip
    first = min(days, default=math.nan)
    return _of_alp(_on(own, first, "ALT"), _on(own, first, "ALT", "AST"), _on(own, first, "ALP"))


def _of_baseline(peak: Mapping[str, float]) -> float:
    """NaN where the baseline is not known."""
    baseline = peak.get("baseline", math.nan)
    return peak["multiple"] / max(baseline, 1.0) if baseline > 0 else math.nan


# ---- judging ---------------------------------------------------------------------------------------------------------
def _number(given: float | None) -> float:
    return math.nan if given is None else float(given)


def _judged(criterion: str, **multiples: float | None) -> Judged:
    """What a criterion says of numbers that may be lacking, and what is lacking where it cannot say."""
    said = rule(criterion)({name: span(_number(one), _BIT[name]) for name, one in multiples.items()})
    lacking = tuple(code for name, code in _CODE.items() if said.lacking & _BIT[name])
    return said.surely if said.surely == said.possibly else None, lacking


def _quadrant(high_x: Judged, y: float, criteria: Criteria) -> str | None:
    return QUADRANTS.get((high_x[0], _judged(criteria.high_y, Y=y)[0]))


def _candidate(high_x: Judged, y: float, alp: float, gap: float, criteria: Criteria) -> Judged:
    high_y, no_cholestasis = _judged(criteria.high_y, Y=y), _judged(criteria.no_cholestasis, ALP=alp)
    parts = high_x, high_y, no_cholestasis, _judged(f"GAP<={criteria.days}", GAP=abs(gap))
    said = [one for one, _ in parts]
    if False in said:
        return False, ()
    missing = tuple(code for _, lacking in parts for code in lacking)
    return None if None in said else True, missing


def _of_alp(alt: float, higher: float, alp: float) -> tuple[float, float]:
    return (alt / alp, higher / alp) if alp > 0 else (math.nan, math.nan)


def _pattern(r: float) -> str | None:
    if math.isnan(r):
        return None
    return "hepatocellular" if r >= 5 else "mixed" if r > 2 else "cholestatic"
