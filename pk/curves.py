"""What a concentration curve is: which samples count, what BLQ means, and where time 0 lies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = ("subject", "time", "conc", "lloq", "blq")
KEYS = ("subject", "infusion")  # whose a curve is: of each infusion where samples have that column
NAMED = 5  # an error names this many rows or subjects, and counts the rest


@dataclass(frozen=True)
class Samples:
    """The samples with a result of n subjects as flat arrays, ordered by subject and time, and what was left out.

    The latest pre-dose sample (time <= 0) stands at time 0; the pre-dose samples before it are left out.
    """

    subjects: pd.Index  # sorted, also those without any result; pairs where each infusion has a curve of its own
    subject: np.ndarray  # place in `subjects` of each sample
    time: np.ndarray  # d
    conc: np.ndarray  # copies/ug, 0 where BLQ
    lloq: np.ndarray  # copies/ug, NaN where not known
    quantifiable: np.ndarray  # bool
    at_zero: np.ndarray  # n, bool: time 0 is sampled
    predose_left_out: np.ndarray  # n, count
    no_result: tuple[np.ndarray, np.ndarray]  # subject and time [d] of the samples without result, in order
    unit: str  # of conc


@dataclass(frozen=True)
class Landmarks:
    """Per subject: the peak, the last quantifiable sample, the last sample. NaN where there is none; times in d."""

    samples: np.ndarray  # count
    quantifiable: np.ndarray  # count
    cmax: np.ndarray
    tmax: np.ndarray  # the first maximum
    clast: np.ndarray
    tlast: np.ndarray  # the last quantifiable sample
    last_sample: np.ndarray  # BLQ included
    next_blq: np.ndarray  # the first sample after tlast, which is BLQ
    lower_after: np.ndarray  # bool: a sample after tmax lies below cmax


@dataclass(frozen=True)
class Curves:
    """The curves up to Tlast that the areas are taken of, n x w; behind its last point a row repeats that point."""

    time: np.ndarray  # d
    conc: np.ndarray  # copies/ug
    points: np.ndarray  # n, 0 where nothing is quantifiable


def read(samples: pd.DataFrame) -> Samples:
    """The samples of a frame `subject, time [d], conc, lloq, blq`, checked and ordered; row order does not matter.

    BLQ: `blq` true, or conc 0, or conc < lloq of the same row (lloq may be missing). conc missing without `blq` is
    a sample without result. The unit of conc is `samples.attrs["unit"]`, copies/ug where that is not set. With a column
    `infusion` each pair of subject and infusion is a subject of its own.

    ValueError for a missing column, subject or infusion, a time that is missing or infinite, a conc or lloq that is
    negative or infinite, a blq that is not true, false or missing, and two samples with a result of one subject at one
    time.
    """
    code, subjects, time, conc, lloq, blq = _checked(samples)
    order = np.lexsort((time, code))
    code, time, conc, lloq, blq = (values[order] for values in (code, time, conc, lloq, blq))
    result = blq | ~np.isnan(conc)
    no_result = code[~result], time[~result]
    quantifiable = result & ~blq & (conc > 0) & ~(conc < lloq)
    conc = np.where(quantifiable, conc, 0.0)
    code, time, conc, lloq, quantifiable = (values[result] for values in (code, time, conc, lloq, quantifiable))
    _refuse_duplicates(subjects, code, time)

    superseded = np.zeros(code.size, bool)
    superseded[:-1] = (code[1:] == code[:-1]) & (time[1:] <= 0)
    left_out = np.bincount(code[superseded], minlength=len(subjects))
    code, time, conc, lloq, quantifiable = (values[~superseded] for values in (code, time, conc, lloq, quantifiable))
    return Samples(
        subjects=subjects,
        subject=code,
        time=np.maximum(time, 0),
        conc=conc,
        lloq=lloq,
        quantifiable=quantifiable,
        at_zero=np.bincount(code[time <= 0], minlength=len(subjects)) > 0,
        predose_left_out=left_out,
        no_result=no_result,
        unit=samples.attrs.get("unit", "copies/ug"),
    )


def landmarks(samples: Samples) -> Landmarks:
    """Peak, last quantifiable and last sample of each subject; of equal maxima the first is the peak."""
    n, code, time, conc = len(samples.subjects), samples.subject, samples.time, samples.conc
    start, stop = spans(code, n)
    cmax = np.full(n, np.nan)
    if code.size:
        cmax[stop > start] = np.maximum.reduceat(conc, start[stop > start])
    at_peak = np.flatnonzero(samples.quantifiable & (conc == cmax[code]))
    first, last = spans(code[at_peak], n)
    tmax = _pick(time[at_peak], first, last > first)

    places = np.flatnonzero(samples.quantifiable)
    first, last = spans(code[places], n)
    quantifiable = last > first
    final = _pick(places, last - 1, quantifiable, fill=-1)
    lower = np.bincount(code[(time > tmax[code]) & (conc < cmax[code])], minlength=n) > 0
    return Landmarks(
        samples=stop - start,
        quantifiable=last - first,
        cmax=np.where(quantifiable, cmax, np.nan),
        tmax=tmax,
        clast=_pick(conc, final, quantifiable),
        tlast=_pick(time, final, quantifiable),
        last_sample=_pick(time, stop - 1, stop > start),
        next_blq=_pick(time, final + 1, quantifiable & (final + 1 < stop)),
        lower_after=lower,
    )


def curves(samples: Samples, marks: Landmarks, before: str, between: str) -> Curves:
    """The curves up to Tlast, with the BLQ samples before the first and between quantifiable ones kept as 0 or dropped.

    What follows Tlast is never part of the curve.
    """
    code, time = samples.subject, samples.time
    places = np.flatnonzero(samples.quantifiable)
    first, last = spans(code[places], len(samples.subjects))
    tfirst = _pick(time[places], first, last > first)
    early, inside = time < tfirst[code], (time > tfirst[code]) & (time < marks.tlast[code])
    kept = samples.quantifiable | (early & (before == "keep")) | (inside & (between == "keep"))
    start, stop = spans(code[kept], len(samples.subjects))
    return Curves(packed(time[kept], start, stop), packed(samples.conc[kept], start, stop), stop - start)


def whose(subjects: pd.Index, place: np.ndarray) -> dict[str, pd.Index]:
    """The columns that say whose each row is: subject, and infusion where each has its own curve."""
    taken = subjects.take(place)
    return {key: taken.get_level_values(level) for level, key in enumerate(KEYS[: taken.nlevels])}


def spans(code: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each of the groups 0 to n - 1 begins and ends in the ascending `code`: equal where a group is empty."""
    groups = np.arange(n)
    return np.searchsorted(code, groups), np.searchsorted(code, groups, side="right")


def packed(values: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Groups of a flat array as rows, each filled up with its last value; a row of an empty group holds 0."""
    width = max(int((stop - start).max(initial=0)), 1)
    if not values.size:
        return np.zeros((len(start), width))
    place = np.minimum(start[:, None] + np.arange(width), stop[:, None] - 1)
    return np.where((stop > start)[:, None], values[place], 0.0)


def _checked(samples: pd.DataFrame) -> tuple[np.ndarray, pd.Index, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    missing = [column for column in COLUMNS if column not in samples.columns]
    if missing:
        raise ValueError(f"samples has no column {', '.join(missing)}")
    keys = [key for key in KEYS if key in samples.columns]
    for key in keys:
        _refuse(samples, key, "is missing", samples[key].isna().to_numpy())
    index = pd.Index(samples["subject"]) if len(keys) == 1 else pd.MultiIndex.from_frame(samples[keys])
    code, subjects = index.factorize(sort=True)
    time, conc, lloq = (_numbers(samples, column) for column in ("time", "conc", "lloq"))
    _refuse(samples, "time", "is missing or infinite", ~np.isfinite(time))
    for column, values in {"conc": conc, "lloq": lloq}.items():
        _refuse(samples, column, "is negative or infinite", (values < 0) | np.isinf(values))
    return code, subjects, time, conc, lloq, _flags(samples)


def _pick(values: np.ndarray, place: np.ndarray, there: np.ndarray, fill: float = np.nan) -> np.ndarray:
    picked = np.full(len(place), fill, dtype=np.result_type(values, type(fill)))
    picked[there] = values[place[there]]
    return picked


def _numbers(samples: pd.DataFrame, column: str) -> np.ndarray:
    values = samples[column]
    if values.dtype.kind in "mM":
        raise ValueError(f"{column} must hold numbers, not dates or durations")
    try:
        return values.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise ValueError(f"{column} must hold numbers") from None


def _flags(samples: pd.DataFrame) -> np.ndarray:
    blq = samples["blq"]
    _refuse(samples, "blq", "is not true, false or missing", ~(blq.isna() | blq.isin((True, False))).to_numpy(bool))
    return (blq.isin((True,)) & blq.notna()).to_numpy(bool)


def _refuse(samples: pd.DataFrame, column: str, what: str, wrong: np.ndarray) -> None:
    if wrong.any():
        rows = [
            f"row {samples.index[place]}, subject {samples['subject'].iloc[place]}: {samples[column].iloc[place]}"
            for place in np.flatnonzero(wrong)[:NAMED]
        ]
        raise ValueError(f"{column} {what} ({_listed(rows, int(wrong.sum()))})")


def _refuse_duplicates(subjects: Sequence, code: np.ndarray, time: np.ndarray) -> None:
    again = np.flatnonzero((code[1:] == code[:-1]) & (time[1:] == time[:-1]))
    if again.size:
        pairs = list(dict.fromkeys(zip(code[again].tolist(), time[again].tolist(), strict=True)))
        named = [f"duplicate time {when} for {_name(subjects[which])}" for which, when in pairs[:NAMED]]
        raise ValueError(f"{_listed(named, len(pairs))}: refused")


def _name(subject: object) -> str:
    return f"{subject[0]}, infusion {subject[1]}" if isinstance(subject, tuple) else str(subject)


def _listed(named: list[str], count: int) -> str:
    return "; ".join(named) + (f"; and {count - len(named)} more" if count > len(named) else "")
