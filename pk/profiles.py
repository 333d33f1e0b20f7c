"""The curves of a frame with their landmarks, areas and terminal phases, and why what cannot be said of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pk.areas import METHODS, Areas, areas, until
from pk.curves import Landmarks, Samples, curves, landmarks, read
from pk.remarks import first_of
from pk.terminal import Terminal, terminal_phase

POLICIES = ("keep", "drop")


@dataclass(frozen=True)
class Profiles:
    """What every parameter of n subjects is made of. `no_...`: a code of `pk.remarks`, "" where it can be said."""

    samples: Samples
    marks: Landmarks
    areas: Areas
    terminal: Terminal
    no_curve: np.ndarray  # why there is no parameter at all
    no_area: np.ndarray  # why there is no area from time 0
    no_slope: np.ndarray  # why there is no lambda_z


@dataclass(frozen=True)
class IntervalAreas:
    """The area of n subjects from start to end. A number counts only where its code is ""."""

    to_tlast: np.ndarray  # conc x d, ends at Tlast where that lies before end
    tail_observed: np.ndarray  # conc x d, from Tlast to end under the terminal exponential from the observed Clast
    tail_predicted: np.ndarray  # the same from the predicted Clast
    no_area: np.ndarray  # why to_tlast cannot be said
    no_total: np.ndarray  # why to_tlast with its tail cannot be said


def profiles(
    frame: pd.DataFrame, method: str, blq: tuple[str, str, str], *, tmax_in_half_life: bool = False
) -> Profiles:
    """The profiles of a frame of samples; ValueError for arguments as `pk.nca.analyse` describes them."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    if isinstance(blq, str) or len(blq) != 3 or any(policy not in POLICIES for policy in blq):
        raise ValueError(f"blq must be three of keep, drop (before, between, after), not {blq!r}")
    samples, marks, terminal = phases(frame, tmax_in_half_life=tmax_in_half_life)
    curve = curves(samples, marks, before=blq[0], between=blq[1])
    no_curve = first_of((marks.samples == 0, "no_result"), (marks.quantifiable == 0, "all_blq"))
    no_area = first_of(
        (no_curve != "", no_curve),
        (~samples.at_zero, "no_time_0"),
        (curve.time[:, 0] > 0, "time_0_dropped"),
        (marks.samples == 1, "one_sample"),
        (marks.tlast == 0, "only_time_0"),
    )
    no_slope = first_of((no_curve != "", no_curve), (True, terminal.code))
    return Profiles(samples, marks, areas(curve, marks.tmax, method), terminal, no_curve, no_area, no_slope)


def phases(frame: pd.DataFrame, *, tmax_in_half_life: bool) -> tuple[Samples, Landmarks, Terminal]:
    """The samples of a frame, their landmarks and their terminal phases."""
    if not isinstance(tmax_in_half_life, bool | np.bool_):
        raise ValueError(f"tmax_in_half_life must be True or False, not {tmax_in_half_life!r}")
    samples = read(frame)
    marks = landmarks(samples)
    return samples, marks, terminal_phase(samples, marks, tmax_included=bool(tmax_in_half_life))


def checked_intervals(intervals: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The intervals [d] as floats. ValueError unless each is a pair with 0 <= start < end, finite, and given once."""
    try:
        pairs = [(float(start), float(end)) for start, end in intervals]
    except (TypeError, ValueError):
        raise ValueError(f"intervals must be pairs (start, end) in days, not {intervals!r}") from None
    for start, end in pairs:
        if not 0 <= start < end < np.inf:
            raise ValueError(f"intervals need 0 <= start < end, finite, not ({start:g}, {end:g})")
    if len(set(pairs)) < len(pairs):
        raise ValueError(f"intervals holds one twice: {pairs!r}")
    return pairs


def interval_areas(found: Profiles, start: float, end: float) -> IntervalAreas:
    """The areas from start to end [d], C(start) and C(end) interpolated by the rule of their own segment."""
    marks, phase = found.marks, found.terminal
    beyond = end > marks.tlast
    no_start = first_of(
        (found.no_curve != "", found.no_curve),
        (start == 0, found.no_area),
        (found.areas.curves.time[:, 0] > start, "none_before"),
    )
    # exp(-lambda_z (t - Tlast)) / lambda_z, integrated from `begin` to `end`
    begin = np.maximum(start, marks.tlast)
    decay = np.exp(-phase.lambda_z * (begin - marks.tlast)) * -np.expm1(-phase.lambda_z * np.maximum(end - begin, 0))
    return IntervalAreas(
        to_tlast=until(found.areas, end) - until(found.areas, start),
        tail_observed=np.where(beyond, marks.clast * decay / phase.lambda_z, 0.0),
        tail_predicted=np.where(beyond, phase.clast_predicted * decay / phase.lambda_z, 0.0),
        no_area=first_of((True, no_start), (marks.last_sample <= start, "none_after")),
        no_total=first_of((True, no_start), (beyond, found.no_slope)),
    )
