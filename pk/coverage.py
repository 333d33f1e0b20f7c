"""What the areas of a subject rest on: samples used and left out, gaps, interpolated and extrapolated shares."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pk.areas import point_before, until
from pk.curves import Samples, packed, spans, whose
from pk.profiles import Profiles, checked_intervals, interval_areas, profiles
from pk.remarks import first_of, say


def coverage(
    samples: pd.DataFrame,
    *,
    method: str = "lin-up/log-down",
    blq: tuple[str, str, str] = ("keep", "drop", "drop"),
    intervals: Iterable[tuple[float, float]] = ((0, 28), (0, 90)),
    tmax_in_half_life: bool = False,
) -> pd.DataFrame:
    """One row a subject (sorted) and interval (as given); arguments and errors as for `pk.nca.analyse`.

    subject, start [d], end [d]
    samples                samples used, BLQ included
    without_result         samples left out because they have no result
    without_result_at      their times [d] as text, "7, 14"; "" where there is none
    predose_left_out       pre-dose samples left out because a later one counts as time 0
    quantifiable           quantifiable samples among those used; 0 is a subject without a curve
    last_sample [d]        time of the last sample used, BLQ included; NaN where none is used
    tlast [d]              time of the last quantifiable sample; NaN where there is none
    interval_samples       samples used from start to end, both included
    interval_quantifiable  quantifiable ones among them
    largest_gap [d]        longest stretch between start and end without a sample used
    interpolated [%]       share of AUCINT in segments cut by start or end, which rests on C(start) or C(end)
    extrapolated [%]       share of AUCINTO beyond Tlast
    code                   why interpolated or extrapolated is NaN, of `pk.remarks`; "" where both are numbers
    reason                 the same in English
    """
    intervals = checked_intervals(intervals)
    found = profiles(samples, method, blq, tmax_in_half_life=tmax_in_half_life)
    if not intervals:
        return _rows(found, 0.0, 1.0).iloc[:0]
    rows = pd.concat([_rows(found, start, end) for start, end in intervals], ignore_index=True)
    n = len(found.samples.subjects)
    by_subject = np.arange(len(rows)).reshape(len(intervals), n).T.ravel()
    return rows.iloc[by_subject].reset_index(drop=True)


def _rows(found: Profiles, start: float, end: float) -> pd.DataFrame:
    samples, marks = found.samples, found.marks
    n = len(samples.subjects)
    inside = (samples.time >= start) & (samples.time <= end)
    left_out, left_out_at = _without_result(samples)
    interpolated, extrapolated, code = _shares(found, start, end)
    rows = pd.DataFrame(
        {
            **whose(samples.subjects, np.arange(n)),
            "start": np.full(n, start),
            "end": np.full(n, end),
            "samples": marks.samples,
            "without_result": left_out,
            "without_result_at": pd.array(left_out_at, dtype="str"),
            "predose_left_out": samples.predose_left_out,
            "quantifiable": marks.quantifiable,
            "last_sample": marks.last_sample,
            "tlast": marks.tlast,
            "interval_samples": np.bincount(samples.subject[inside], minlength=n),
            "interval_quantifiable": np.bincount(samples.subject[inside & samples.quantifiable], minlength=n),
            "largest_gap": _largest_gap(samples, start, end),
            "interpolated": interpolated,
            "extrapolated": extrapolated,
            "code": pd.array(code, dtype="str"),
        }
    )
    return rows.assign(reason=say(rows))


def _without_result(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    n = len(samples.subjects)
    who, time = samples.no_result
    days: list[list[str]] = [[] for _ in range(n)]
    for subject, day in zip(who.tolist(), time.tolist(), strict=True):
        days[subject].append(f"{day:.10g}")
    return np.bincount(who, minlength=n), np.array([", ".join(each) for each in days], dtype=object)


def _largest_gap(samples: Samples, start: float, end: float) -> np.ndarray:
    time = packed(samples.time, *spans(samples.subject, len(samples.subjects))).clip(start, end)
    edge = np.ones((len(time), 1))
    return np.diff(np.hstack([start * edge, time, end * edge]), axis=1).max(axis=1)


def _shares(found: Profiles, start: float, end: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Interpolated share of AUCINT and extrapolated share of AUCINTO [%], NaN with a code where there is no share."""
    part = interval_areas(found, start, end)
    total = part.to_tlast + part.tail_observed
    no_cut = first_of((True, part.no_area), (part.to_tlast == 0, "nothing_inside"))
    no_tail = first_of((True, part.no_total), (total == 0, "nothing_inside"))
    interpolated = _percent(_cut_area(found, start, end), part.to_tlast, no_cut)
    return interpolated, _percent(part.tail_observed, total, no_tail), first_of((True, no_cut), (True, no_tail))


def _cut_area(found: Profiles, start: float, end: float) -> np.ndarray:
    """The area from start to end [conc x d] in segments that start or end cuts."""
    taken, row = found.areas, np.arange(len(found.samples.subjects))
    at_start, at_end = until(taken, start), until(taken, end)
    behind = np.minimum(point_before(taken.curves, start) + 1, taken.area.shape[1] - 1)
    on_a_sample = (taken.curves.time == start).any(axis=1)
    head = np.where(on_a_sample, 0.0, np.minimum(taken.area[row, behind], at_end) - at_start)
    tail = at_end - np.maximum(taken.area[row, point_before(taken.curves, end)], at_start)
    return np.minimum(head + tail, at_end - at_start)


def _percent(part: np.ndarray, whole: np.ndarray, code: np.ndarray) -> np.ndarray:
    return 100 * np.divide(part, whole, out=np.full(part.shape, np.nan), where=code == "")
