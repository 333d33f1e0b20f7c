"""What is said beside a number of the non-compartmental analysis, or in its place: codes, and their sentences."""

from collections.abc import Mapping
from string import Formatter

import numpy as np
import pandas as pd

PEAK_OBSERVED = 14  # d; a maximum is provisional until samples reach this day

# One sentence a code. The values are columns of the frame that is said; a translation has the same keys and values.
ENGLISH = {
    "no_result": "no sample with a result",
    "all_blq": "all BLQ",
    "no_time_0": "time 0 not sampled",
    "time_0_dropped": "time 0 is BLQ, and BLQ before the first quantifiable sample is dropped",
    "one_sample": "only one sample",
    "only_time_0": "quantifiable at time 0 only",
    "none_before": "no sample at or before Day {start:.10g}",
    "none_after": "last sample Day {last_sample:.10g}, none after Day {start:.10g}",
    "short": "last sample Day {last_sample:.10g}, before Day {end:.10g}",
    "nothing_inside": "nothing quantifiable in the interval",
    "extrapolated": "{extrapolated:.3g} % extrapolated beyond Day {tlast:.10g}",
    "peak_at_0": "maximum at time 0",
    "peak_last": "provisional: maximum at the last sample",
    "peak_not_passed": "provisional: no lower sample after the maximum",
    "peak_early": f"provisional: last sample Day {{last_sample:.10g}}, before Day {PEAK_OBSERVED}",
    "no_point_after": "not estimable: no point after Tmax",
    "one_point_after": "not estimable: one point after Tmax",
    "two_points_after": "not estimable: two points after Tmax",
    "no_point_from": "not estimable: no point from Tmax on",
    "one_point_from": "not estimable: one point from Tmax on",
    "two_points_from": "not estimable: two points from Tmax on",
    "rises": "not estimable: terminal phase rises",
    "level": "not estimable: terminal phase level",
}


def say(found: pd.DataFrame, sentences: Mapping[str, str] = ENGLISH, *, joint: str = "; ") -> pd.Series:
    """What each row says: the sentences of its `code`, "" where it has none, with the values of the row.

    found: `code`, keys of ENGLISH with a space between them, and the columns that the sentences name, as
    `pk.nca.parameters` gives them. KeyError for a code that `sentences` does not have.
    """
    place, codes = pd.factorize(found["code"])
    order = np.argsort(place, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(place, minlength=len(codes)))[:-1])
    said = np.full(len(found), "", object)
    for code, rows in zip(codes, rows_of, strict=False):
        said[rows] = _sentences(joint.join(sentences[one] for one in code.split()), found, rows)
    return pd.Series(said, found.index, dtype="str")


def _sentences(template: str, found: pd.DataFrame, rows: np.ndarray) -> str | list[str]:
    """The template with the values of each row, or the template itself where it needs none."""
    names = list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name))
    if not names:
        return template.format()
    for place, name in enumerate(names):
        template = template.replace("{" + name, "{" + str(place))  # by position is twice as fast as by name
    columns = (found[name].to_numpy()[rows].tolist() for name in names)
    return [template.format(*row) for row in zip(*columns, strict=True)]


def first_of(*codes: tuple[np.ndarray | bool, np.ndarray | str]) -> np.ndarray:
    """Of pairs (where, code), both n or one for all: the first code that holds and is not empty, or ""."""
    shape = np.broadcast_shapes(*(np.shape(part) for pair in codes for part in pair))
    found = np.full(shape, "", object)
    for where, code in reversed(codes):
        code = np.broadcast_to(np.asarray(code, object), shape)
        holds = np.broadcast_to(where, shape) & (code != "")
        found[holds] = code[holds]
    return found


def both(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Two codes a subject, with a space between them where neither is empty."""
    return first_of(((one != "") & (other != ""), one + " " + other), (True, one), (True, other))
