"""CRS or ICANS of one patient as its assessments show it: a step a grade, on the axis of days since infusion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import pandas as pd

from clinical.episodes import DayAxis

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class DerivedStep:
    """Assessments at one grade, or at one range of grades, without a gap between them."""

    start: float  # d since infusion
    end: float  # until when the last of them tells
    low: int | None  # None with high: nothing can be said
    high: int | None
    first: pd.Timestamp  # of the first assessment
    last: pd.Timestamp  # of the last
    assessments: int
    codes: tuple[str, ...]  # of the scale's ENGLISH: what is missing, and what is to be noted
    deciding: tuple[str, ...]  # components of the scale that surely reach `low`

    @property
    def decided(self) -> bool:
        return self.low is not None and self.low == self.high


@dataclass(frozen=True, eq=False)
class Derived:
    kind: str  # "crs" or "icans"
    scale: str
    assessments: pd.DataFrame  # of `clinical.toxicity_episodes`, after the infusion, by moment
    steps: tuple[DerivedStep, ...]  # by time; between two that do not touch nobody looked

    @property
    def peak(self) -> DerivedStep | None:
        """The first at the highest grade that is sure; None where no grade of any assessment is."""
        sure = [one for one in self.steps if one.low is not None]
        return max(sure, key=lambda one: (one.low, -one.start), default=None)


def derived_steps(
    assessed: pd.DataFrame, axis: DayAxis, known_to: datetime, *, hours: float
) -> tuple[DerivedStep, ...]:
    """assessed: one patient's, as `clinical.toxicity_episodes` grades them. An assessment tells of the patient until
    the next one, for `hours` at most; one that is dated by its day alone, of that day. Nothing is told after
    `known_to`."""
    told = [_Told(one, axis, timedelta(hours=hours)) for one in assessed.sort_values("first").itertuples()]
    limit = axis.after(known_to)
    ends = [min(one.until, after.start, limit) for one, after in pairwise(told)]
    ends += [min(one.until, limit) for one in told[-1:]]
    return tuple(_step(run) for run in _runs(list(zip(told, ends, strict=True))))


class _Told:
    """One assessment, with the days of which it tells."""

    def __init__(self, row, axis: DayAxis, stands: timedelta) -> None:
        timed = row.last - row.first < _HOUR
        self.row = row
        self.start = axis.at(row.first)
        self.until = axis.at(row.first + stands) if axis.timed and timed else axis.after(row.last)
        self.grades = tuple(None if pd.isna(one) else int(one) for one in (row.low, row.high))


def _runs(told: Sequence[tuple[_Told, float]]) -> Iterator[list[tuple[_Told, float]]]:
    run: list[tuple[_Told, float]] = []
    for one, end in told:
        if run and (run[-1][0].grades != one.grades or run[-1][1] < one.start):
            yield run
            run = []
        run.append((one, end))
    if run:
        yield run


def _step(run: Sequence[tuple[_Told, float]]) -> DerivedStep:
    rows = [one.row for one, _ in run]
    low, high = run[0][0].grades
    return DerivedStep(
        start=run[0][0].start,
        end=run[-1][1],
        low=low,
        high=high,
        first=rows[0].first,
        last=rows[-1].first,
        assessments=len(rows),
        codes=_union(row.codes for row in rows),
        deciding=_union(row.deciding for row in rows),
    )


def _union(several) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in several for name in one))
