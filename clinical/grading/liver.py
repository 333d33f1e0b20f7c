"""Drug-induced liver injury: the eDISH plot's coordinates and quadrants, Hy's law candidates, baseline multiples.

A candidate is a question to a person: viral hepatitis, liver metastases, biliary obstruction, CRS and IEC-HS have to be
excluded before a case is one of Hy's law.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

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
    "limit": "a result is a limit of measurement, and stands at it",
}
QUADRANTS = {
    (True, True): "hys_law_range",
    (True, False): "temples_corollary",
    (False, True): "hyperbilirubinemia",
    (False, False): "normal",
}
Judged = tuple[bool | None, tuple[str, ...]]  # None: cannot be said, for lack of what the codes name
_CODE = dict(zip(("X", "Y", "ALP", "GAP", "BL", "UL"), ENGLISH, strict=False))  # a limit is no input
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
    high_y, no_cholestasis = _judged(criteria.high_y, Y=y), _judged(criteria.no_cholestasis, ALP=alp)
    candidate, missing = _candidate(high_x, high_y, no_cholestasis, _number(days), criteria)
    r, nr = _of_alp(alt, x, alp)
    return HysLaw(x, y, QUADRANTS.get((high_x[0], high_y[0])), candidate, r, nr, _pattern(r), missing)


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


class _Sample(NamedTuple):
    day: float
    code: str
    multiple: float
    baseline: float
    side: str  # "<": the value is lower than this, ">": higher, "<>": of a peak, either can be


_NOTHING = _Sample(math.nan, "", math.nan, math.nan, "")
_SIDES = {"<": "<", "<=": "<", ">": ">", ">=": ">"}
_COLUMNS = [
    "subject", "day_x", "day_y", *HysLaw.__dataclass_fields__, "x_baseline", "y_baseline", "x_limit", "y_limit",
]  # fmt: skip


def edish(samples: pd.DataFrame, *, criteria: Criteria = FDA) -> pd.DataFrame:
    """One row a subject: `day_x`, `day_y`, the fields of HysLaw, `x_baseline`, `y_baseline` (mDISH), and `x_limit`,
    `y_limit` ["<", ">", "<>": the peak is lower, higher, or either, as a result is a limit; "": it is not].

    samples: `subject`, `day` [d since infusion], `code` (ALT, AST, BILI, ALP), `multiple` (x ULN of its own sample);
    where known, `baseline` (of the same test, x its ULN) and `qualifier` (<, <=, > or >= where the result is a limit:
    it stands at it, and decides only what both sides of it agree on). Of treatment only: the caller leaves out what
    came before. Rows without a multiple are no samples.
    x, y: the peaks. Candidate: by the highest bilirubin in the window round the aminotransferase peak and the ALP of
    that peak's day. R: of the first day with a high aminotransferase. mDISH: multiples of the baseline where it was
    above its ULN. ValueError for a missing column.
    """
    lost = {"subject", "day", "code", "multiple"} - set(samples.columns)
    if lost:
        raise ValueError(f"samples: no column {', '.join(sorted(lost))}")
    by_subject: dict[object, list[_Sample]] = {who: [] for who in samples["subject"].sort_values().unique()}
    for who, one in zip(samples["subject"], _read(samples), strict=True):
        if one.multiple == one.multiple:
            by_subject[who].append(one)
    rows = [{"subject": who, **_of_subject(own, criteria)} for who, own in by_subject.items()]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _read(samples: pd.DataFrame) -> Iterator[_Sample]:
    lost = pd.Series(math.nan, samples.index)
    numbers = [samples.get(name, lost).astype(float).tolist() for name in ("day", "multiple", "baseline")]
    sides = [_SIDES.get(one, "") for one in samples.get("qualifier", lost)]
    for day, multiple, baseline, code, side in zip(*numbers, samples["code"], sides, strict=True):
        yield _Sample(day, code, multiple, baseline, side)


def _of_subject(own: Sequence[_Sample], criteria: Criteria) -> Mapping[str, object]:
    x, y = _peak(own, "ALT", "AST"), _peak(own, "BILI")
    near = _peak([one for one in own if abs(one.day - x.day) <= criteria.days], "BILI")
    high_x, high_y, high_near = (
        _limited(_judged(text, **{name: one.multiple}), one.side)
        for text, name, one in ((criteria.high_x, "X", x), (criteria.high_y, "Y", y), (criteria.high_y, "Y", near))
    )
    alp = _peak([one for one in own if one.day == x.day], "ALP")
    no_cholestasis = _limited(_judged(criteria.no_cholestasis, ALP=alp.multiple), alp.side, of_high=False)
    candidate, missing = _candidate(high_x, high_near, no_cholestasis, 0.0, criteria)
    r, nr = _at_onset(own, criteria)
    quadrant = QUADRANTS.get((high_x[0], high_y[0]))
    found = HysLaw(x.multiple, y.multiple, quadrant, candidate, r, nr, _pattern(r), missing)
    more = {"day_x": x.day, "day_y": y.day, "x_limit": x.side, "y_limit": y.side}
    return vars(found) | more | {"x_baseline": _of_baseline(x), "y_baseline": _of_baseline(y)}


def _peak(own: Iterable[_Sample], *codes: str) -> _Sample:
    """The highest, the first of equal ones. It can be higher where any result is a lower limit of what it was."""
    some = [one for one in own if one.code in codes]
    if not some:
        return _NOTHING
    highest = min(some, key=lambda one: (-one.multiple, one.side == "<", one.day))
    side = ("<" if highest.side == "<" else "") + (">" if any(one.side == ">" for one in some) else "")
    return highest._replace(side=side)


def _at_onset(own: Sequence[_Sample], criteria: Criteria) -> tuple[float, float]:
    """R of the first day that an aminotransferase is surely high; of a limit there is none."""
    high = [one.day for one in own if one.code in ("ALT", "AST") and one.side != "<"
            and _judged(criteria.high_x, X=one.multiple)[0]]  # fmt: skip
    on = [one for one in own if one.day == min(high, default=math.nan)]
    peaks = [_peak(on, "ALT"), _peak(on, "ALT", "AST"), _peak(on, "ALP")]
    return _of_alp(*(math.nan if one.side else one.multiple for one in peaks))


def _of_baseline(peak: _Sample) -> float:
    """NaN where the baseline is not known."""
    return peak.multiple / max(peak.baseline, 1.0) if peak.baseline > 0 else math.nan


# ---- judging ---------------------------------------------------------------------------------------------------------
def _number(given: float | None) -> float:
    return math.nan if given is None else float(given)


def _judged(criterion: str, **multiples: float | None) -> Judged:
    """What a criterion says of numbers that may be lacking, and what is lacking where it cannot say."""
    said = rule(criterion)({name: span(_number(one), _BIT[name]) for name, one in multiples.items()})
    lacking = tuple(code for name, code in _CODE.items() if said.lacking & _BIT[name])
    return said.surely if said.surely == said.possibly else None, lacking


def _limited(judged: Judged, side: str, *, of_high: bool = True) -> Judged:
    """Of a value on that side of the one that was judged. of_high: high values meet the criterion."""
    turns = (">" in side and judged[0] is not of_high) or ("<" in side and judged[0] is of_high)
    return (None, ("limit",)) if turns and judged[0] is not None else judged


def _candidate(high_x: Judged, high_y: Judged, no_cholestasis: Judged, gap: float, criteria: Criteria) -> Judged:
    parts = high_x, high_y, no_cholestasis, _judged(f"GAP<={criteria.days}", GAP=abs(gap))
    said = [one for one, _ in parts]
    if False in said:
        return False, ()
    missing = tuple(dict.fromkeys(code for _, lacking in parts for code in lacking))
    return None if None in said else True, missing


def _of_alp(alt: float, higher: float, alp: float) -> tuple[float, float]:
    return (alt / alp, higher / alp) if alp > 0 else (math.nan, math.nan)


def _pattern(r: float) -> str | None:
    if math.isnan(r):
        return None
    return "hepatocellular" if r >= 5 else "mixed" if r > 2 else "cholestatic"
