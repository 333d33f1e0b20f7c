"""Which rows of a patient fall into some days: of what lasts, every row of which a part does."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

import pandas as pd

from clinical.episodes import DayAxis

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
# Rows of a course -> the columns with the first and the last moment that a row speaks of, and whether a row without
# the last goes on; without it otherwise, the row speaks of the whole day of the first.
MOMENTS: Mapping[str, tuple[str, str, bool]] = MappingProxyType(
    {
        "events": ("aestdtc_earliest", "aeendtc_latest", True),
        "given": ("first", "end_last", True),
        "measured": ("first", "last", False),
        "visits": ("svstdtc_earliest", "", False),
    }
)


@dataclass(frozen=True)
class Days:
    """From `low` to `high`, days since infusion on the axis of the figures."""

    low: float
    high: float


EVER = Days(-math.inf, math.inf)


@dataclass(frozen=True, eq=False)
class Seen:
    rows: pd.DataFrame  # of those days, and those without a day
    outside: int  # rows that are not
    undated: int  # of the rows that are


def seen(rows: pd.DataFrame, of: str, axis: DayAxis | None, days: Days) -> Seen:
    """The rows that reach into `days`, in their order. of: of MOMENTS. A row without a first moment is never left out:
    it may be of any day. A date stands for its 24 hours. Without an axis nothing is left out."""
    first, last, goes_on = MOMENTS[of]
    undated = rows[first].isna()
    if axis is None or days == EVER:
        return Seen(rows, 0, int(undated.sum()))
    begins = rows[first]
    ends = _ends(begins, rows[last] if last else begins.dt.normalize() + _DAY - _SECOND, goes_on)
    starts, stops = _days(begins, axis), _days(ends + _SECOND, axis).where(ends.notna(), math.inf)
    kept = undated | ((starts < days.high) & ((stops > days.low) | (starts >= days.low)))
    return Seen(rows[kept], int((~kept).sum()), int(undated.sum()))


def _ends(begins: pd.Series, ends: pd.Series, goes_on: bool) -> pd.Series:
    return ends if goes_on else ends.fillna(begins)


def _days(moments: pd.Series, axis: DayAxis) -> pd.Series:
    return (moments - axis.origin) / _DAY
