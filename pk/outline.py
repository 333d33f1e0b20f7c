"""The curve under which an area lies: a subject's samples joined by the rules by which the area is taken."""

import numpy as np
import pandas as pd

from pk.profiles import profiles

STEPS = 12  # points a segment: a straight line bends on a log axis, and an exponential on a linear one
COLUMNS = ["time", "conc"]


def outline(samples: pd.DataFrame, end: float) -> pd.DataFrame:
    """The curve of one subject from time 0 to `end` [d] or Tlast, whichever comes first: time [d], conc.

    Linear up and logarithmic down, BLQ as in `pk.nca.analyse`: the area under it is AUCINT. No rows where there is no
    area. samples: as `pk.nca.analyse`. ValueError for more than one subject.
    """
    if samples["subject"].nunique() > 1:
        raise ValueError("samples must be of one subject")
    if samples.empty:
        return pd.DataFrame(columns=COLUMNS, dtype=float)
    found = profiles(samples, "lin-up/log-down", ("keep", "drop", "drop"))
    if found.no_area[0]:
        return pd.DataFrame(columns=COLUMNS, dtype=float)
    points = found.areas.curves.points[0]
    time, conc = found.areas.curves.time[0, :points], found.areas.curves.conc[0, :points]
    at = _times(time, end)
    place = np.clip(np.searchsorted(time, at, side="right") - 1, 0, points - 2)
    share = (at - time[place]) / (time[place + 1] - time[place])
    first, last, fall = conc[place], conc[place + 1], found.areas.fall[0, place]
    return pd.DataFrame(
        {"time": at, "conc": np.where(fall != 0, first * np.exp(-fall * share), first + share * (last - first))}
    )


def _times(time: np.ndarray, end: float) -> np.ndarray:
    """STEPS a segment, up to `end`."""
    share = np.arange(STEPS) / STEPS
    inside = (time[:-1, None] + share * np.diff(time)[:, None]).ravel()
    stop = min(end, time[-1])
    return np.append(inside[inside < stop], stop)
