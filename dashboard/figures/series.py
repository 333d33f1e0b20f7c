"""Lines of results over the axis of days: what every panel of measurements is drawn with."""

import math
from collections import namedtuple
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from clinical.course import Course
from clinical.result_grades import COLUMNS as GRADED
from dashboard.figures.panels import NAME, Shown, note, spread
from dashboard.figures.readings import sample

# What a point and its reading need; a frame of thirty columns is walked three times as slowly.
_POINT = (
    "time", "rel_day", "first", "value", "unit", "qualifier", "qualitative", "excluded", "range_low", "range_high",
    "lloq", "source_file", "source_row", *GRADED,
)  # fmt: skip


def results(course: Course, table: str, *codes: str) -> pd.DataFrame:
    """The results of these tests that have a number and a day, with what `Course.grades` says of each."""
    found = [course.results(table, code) for code in codes]
    return found[0] if len(found) == 1 else pd.concat(found)


def assay_results(course: Course) -> pd.DataFrame:
    """The series that the kinetic endpoints rest on: one test, unit, specimen and method; every other is another."""
    assay = course.protocol.kinetics
    rows = results(course, assay.table, assay.code)
    rows = rows[(rows["unit"] == assay.unit) & rows["specimen"].str.upper().isin(assay.specimens)]
    return rows[rows["method"].str.upper().isin(assay.methods)] if assay.methods else rows


def visible(rows: pd.DataFrame, shown: Shown, y: str = "value") -> pd.Series:
    """The values in sight; all of them where none is."""
    inside = rows[y][shown.holds(rows["time"])]
    return rows[y] if inside.empty else inside


def line(
    rows: pd.DataFrame, shown: Shown, colour: str, symbol: str | list[str], *, name: str, y: str = "value",
    floor: float = 0.0, extra: list[str] | None = None,
) -> Iterator[dict]:  # fmt: skip
    """One series. The line joins results alone; what lies beyond a limit stands hollow at it, what is excluded from the
    kinetics as a cross, both unjoined.

    symbol: of all points, or one a row. name: its row in the reading column. floor: where a zero stands on a log axis.
    extra: what the panel itself says of each row. A row without `y` has no place on the panel and is read only.
    """
    points = _points(rows, y, extra, symbol, shown)
    common = {"type": "scatter", "hoverinfo": "skip", "name": name, "meta": {"reads": "samples", "rows": [name]}}
    nowhere = [one for one in points if pd.isna(one.y)]
    if nowhere:
        yield common | _places(nowhere, [None] * len(nowhere)) | {"visible": False}
        points = [one for one in points if not pd.isna(one.y)]
    counts = [one for one in points if pd.isna(one.row.excluded)]  # what does not count breaks no line
    joined = [None if _is_beyond(one, floor) else round(float(one.y), 4) for one in counts]
    yield (
        common
        | {"mode": "lines+markers"}
        | _places(counts, joined)
        | {
            "line": {"color": colour, "width": 1.6},
            "marker": {"color": colour, "size": 5, "symbol": _one_or_each([one.row.symbol for one in counts])},
        }
    )
    beyond = [one for one in points if _is_beyond(one, floor)]
    if beyond:
        yield (
            common
            | {"mode": "markers"}
            | _places(beyond, [max(float(one.y), floor) for one in beyond])
            | {
                "marker": {"color": colour, "size": 8, "symbol": [_hollow_symbol(one.row) for one in beyond]},
            }
        )


class _Point(NamedTuple):
    row: Any  # _Row
    time: float  # d
    y: float
    told: list[str]


_Row = namedtuple("_Row", [*_POINT, "symbol"])


def _points(rows: pd.DataFrame, y: str, extra: list[str] | None, symbol: str | list[str], shown: Shown) -> list[_Point]:
    """By time. Column by column out of the frame: its own ways of walking through rows take longer than the rest."""
    columns = [rows[name].tolist() for name in _POINT]
    symbols = [symbol] * len(rows) if isinstance(symbol, str) else symbol
    each = map(_Row, *columns, symbols)
    told = zip(each, rows["time"].round(4).tolist(), rows[y].tolist(), extra or [""] * len(rows), strict=True)
    points = [_Point(row, time, at, sample(row, words, shown)) for row, time, at, words in told]
    return sorted(points, key=lambda one: one.row.time)


def _places(points: list[_Point], heights: list[float | None]) -> dict:
    return {"x": [one.time for one in points], "y": heights, "customdata": [one.told for one in points]}


def _is_beyond(point: _Point, floor: float) -> bool:
    """Beyond a limit, a zero on a log axis, or excluded from the kinetics."""
    return pd.notna(point.row.qualifier) or (point.y <= 0 < floor) or pd.notna(point.row.excluded)


def _one_or_each(symbols: list[str]) -> str | list[str]:
    return symbols[0] if len(set(symbols)) == 1 else symbols


def _hollow_symbol(row) -> str:
    """Detected below the limit, and not detected, are two things; a result above the range is a third, an excluded one
    a fourth."""
    if pd.notna(row.excluded):
        return "x"
    if row.qualifier in (">", ">="):
        return "triangle-up-open"
    return "circle-open-dot" if row.qualitative == "DETECTED" else "circle-open"


def end_name(rows: pd.DataFrame, shown: Shown, label: str, colour: str, place, *, y: str = "value") -> Iterator[dict]:
    """The series' name at its last point in sight, instead of a legend; at the edge where the line goes on beyond it.

    place: value -> where it stands on the axis.
    """
    points = list(zip(rows["time"].tolist(), rows[y].tolist(), strict=True))
    inside = [one for one in points if shown.low <= one[0] <= shown.high]
    if not inside:
        return
    at, value = max(inside, key=itemgetter(0))
    height, beyond = place(value), [one for one in points if one[0] > shown.high]
    if beyond:
        when, after = min(beyond, key=itemgetter(0))
        height += (place(after) - height) * (shown.high - at) / (when - at)
        at = shown.high
    yield note(label, colour, x=float(np.round(at, 4)), y=height, xanchor="left", xshift=7)


def apart(ends: list[dict], per_pixel: float, bottom: float, top: float) -> Iterator[dict]:
    """Names that would stand on each other are moved up, NAME px a line, and stay in the panel: beyond its bottom the
    name of the next panel would hide half of them."""
    ordered = sorted(ends, key=lambda one: one["y"])
    lowest = bottom + NAME / 2 * per_pixel
    heights = spread((max(one["y"], lowest) for one in ordered), NAME * per_pixel, top)
    for one, y in zip(ordered, heights, strict=True):
        yield one | {"yshift": round((y - one["y"]) / per_pixel)}


def log_range(values: Iterable[float]) -> tuple[float, float]:
    positive = [one for one in values if one > 0]
    if not positive:
        return -1.0, 1.0
    low, high = math.log10(min(positive)), math.log10(max(positive))
    pad = max(0.12, (1 - (high - low)) / 2)  # a decade at least
    return low - pad, high + pad


def log_axis(low: float, high: float) -> dict:
    return {"type": "log", "range": [low, high], "dtick": 1 if high - low < 4.5 else 2, "exponentformat": "SI"}
