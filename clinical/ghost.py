"""What the others of a dose group showed on the days that the protocol plans: their range where they are enough, and
single lines where they are few."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import pandas as pd

from data.protocol_measures import Visit

LEAST = 3  # others with a value on a day; the range of fewer is two single values

Curve = tuple[tuple[int, float], ...]  # planned day [d since infusion], value [unit of the samples], by day
Group = Mapping[str, Mapping[str, Curve]]  # code -> usubjid -> curve


@dataclass(frozen=True)
class Band:
    """The range on planned days that follow each other, each with at least LEAST others."""

    days: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n: tuple[int, ...]  # others with a value on each day

    def holds(self, *days: int) -> bool:
        return all(self.days[0] <= one <= self.days[-1] for one in days)


@dataclass(frozen=True)
class Ghost:
    """One analyte in the others: where there is no band, every one of them is a line."""

    bands: tuple[Band, ...] = ()
    lines: tuple[tuple[str, Curve], ...] = ()  # usubjid, an unbroken piece of the curve

    def counts(self, low: float, high: float) -> set[int]:
        """The numbers of others that the bands rest on between two days; none where no band reaches there."""
        there = [one for one in self.bands if one.days[0] <= high and one.days[-1] >= low]
        every = [(day, n) for one in there for day, n in zip(one.days, one.n, strict=True)]
        return {n for day, n in every if low <= day <= high} or {n for _, n in every}

    def single(self, low: float, high: float) -> set[str]:
        """Who has a line that reaches into these days."""
        return {who for who, curve in self.lines if curve[0][0] <= high and curve[-1][0] >= low}


def on_planned_days(samples: pd.DataFrame, visits: Iterable[Visit]) -> Group:
    """For each patient and planned day the sample nearest to it within the visit's window.

    samples: usubjid, code, value, rel_day [whole days since infusion], time [d since infusion], in order. visits: of
    the protocol; those that are not counted from the infusion plan no day here. A sample stands for one day, the
    nearest that it can; of two equally near the earlier counts, of two at one moment the first.
    """
    if samples.empty:
        return {}
    days, before, after = _grid(visits, int(samples["rel_day"].max()))
    taken = samples["rel_day"].to_numpy(dtype=float)[:, None]
    away = np.abs(samples["time"].to_numpy(dtype=float)[:, None] - days)
    away = np.where((taken >= days - before) & (taken <= days + after), away, np.inf)
    nearest = samples.assign(day=days[away.argmin(axis=1)], away=away.min(axis=1))
    nearest = nearest[np.isfinite(nearest["away"])].sort_values("away", kind="stable").astype({"day": int})
    nearest = nearest.drop_duplicates(["code", "usubjid", "day"]).sort_values(["code", "usubjid", "day"])
    found: dict[str, dict[str, Curve]] = {}
    columns = (nearest[name].tolist() for name in ("code", "usubjid", "day", "value"))
    for (code, who), rows in groupby(zip(*columns, strict=True), key=lambda one: one[:2]):
        found.setdefault(code, {})[who] = tuple((day, value) for *_, day, value in rows)
    return found


def _grid(visits: Iterable[Visit], last: int) -> np.ndarray:
    """Planned day, days of the window before and after it; of visits that come back as far as the last sample. A row
    that holds nothing stands at the end, so that there is always one."""
    rows = [(day, *one.window) for one in visits if one.anchor == "infusion" for day in _days(one, last)]
    return np.array([*rows, (np.inf, 0, 0)], dtype=float).T


def _days(visit: Visit, last: int) -> Iterable[int]:
    if visit.every_days is None:
        return (visit.day,)
    return range(visit.day, last + visit.window[0] + 1, visit.every_days)


# ---- without this patient --------------------------------------------------------------------------------------------
def ghosts(group: Group, usubjid: str) -> dict[str, Ghost]:
    """Of each analyte that another of the group has: the others, without this patient."""
    others = {code: {who: one for who, one in curves.items() if who != usubjid} for code, curves in group.items()}
    return {code: ghost(curves) for code, curves in others.items() if curves}


def ghost(curves: Mapping[str, Curve]) -> Ghost:
    """Bands over days that follow each other, of those on which any of the curves has a value; elsewhere lines. A
    single day with enough others is no band: it has no breadth."""
    values: dict[int, list[float]] = {}
    for curve in curves.values():
        for day, value in curve:
            values.setdefault(day, []).append(value)
    bands = tuple(_bands(values))
    lines = ((who, piece) for who, curve in curves.items() for piece in _pieces(curve, bands))
    return Ghost(bands, tuple(lines))


def _bands(values: Mapping[int, Sequence[float]]) -> Iterator[Band]:
    for enough, found in groupby(sorted(values), key=lambda day: len(values[day]) >= LEAST):
        days = tuple(found)
        if enough and len(days) > 1:
            own = [values[day] for day in days]
            yield Band(days, tuple(map(min, own)), tuple(map(max, own)), tuple(map(len, own)))


def _pieces(curve: Curve, bands: Sequence[Band]) -> Iterator[Curve]:
    """The curve where no band tells of it; it begins and ends on the edge of one."""
    if any(band.holds(curve[0][0], curve[-1][0]) for band in bands):
        return
    pieces = [[curve[0]]]
    for one, following in pairwise(curve):
        if any(band.holds(one[0], following[0]) for band in bands):
            pieces.append([following])
        else:
            pieces[-1].append(following)
    for piece in pieces:
        if len(piece) > 1 or not any(band.holds(piece[0][0]) for band in bands):
            yield tuple(piece)
