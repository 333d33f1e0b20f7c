"""Lines of results over the axis of days: what every panel of measurements is drawn with."""

import math
from collections.abc import Iterator

import pandas as pd

from clinical.course import Course
from clinical.result_grades import COLUMNS as GRADED
from dashboard.figures.panels import Shown, note, spread
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


def visible(rows: pd.DataFrame, shown: Shown) -> pd.DataFrame:
    inside = rows[shown.holds(rows["time"])]
    return rows if inside.empty else inside


def line(
    rows: pd.DataFrame, shown: Shown, colour: str, symbol: str | list[str], *, name: str, y: str = "value",
    floor: float = 0.0, extra: list[str] | None = None,
) -> Iterator[dict]:  # fmt: skip
    """One series. The line joins results alone; what lies beyond a limit stands hollow at it, what is excluded from the
    kinetics as a cross, both unjoined.

    symbol: of all points, or one a row. name: its row in the reading column. floor: where a zero stands on a log axis.
    extra: what the panel itself says of each row. A row without `y` has no place on the panel and is read only.
    """
    rows = rows[list(dict.fromkeys([*_POINT, y]))].assign(extra=extra or "", symbol=symbol).sort_values("time")
    beyond = rows["qualifier"].notna() | ((rows[y] <= 0) & (floor > 0)) | rows["excluded"].notna()
    told = pd.Series([sample(one, one.extra, shown) for one in rows.itertuples()], rows.index, dtype=object)
    common = {"type": "scatter", "hoverinfo": "skip", "name": name, "meta": {"reads": "samples", "rows": [name]}}
    times, nowhere = rows["time"].round(4), rows[y].isna()
    if nowhere.any():
        rest = {"x": times[nowhere].tolist(), "y": [None] * int(nowhere.sum()), "customdata": told[nowhere].tolist()}
        yield common | rest | {"visible": False}
        rows, beyond, told, times = (one[~nowhere] for one in (rows, beyond, told, times))
    counts = rows["excluded"].isna()  # what does not count breaks no line
    yield common | {
        "mode": "lines+markers",
        "x": times[counts].tolist(),
        "y": [None if out else round(float(one), 4) for one, out in zip(rows[y][counts], beyond[counts], strict=True)],
        "customdata": told[counts].tolist(),
        "line": {"color": colour, "width": 1.6},
        "marker": {"color": colour, "size": 5, "symbol": _one_or_each(rows["symbol"][counts])},
    }
    if beyond.any():
        out = rows[beyond]
        yield common | {
            "mode": "markers",
            "x": times[beyond].tolist(),
            "y": [max(float(one), floor) for one in out[y]],
            "customdata": told[beyond].tolist(),
            "marker": {"color": colour, "size": 8, "symbol": [_hollow_symbol(one) for one in out.itertuples()]},
        }


def _one_or_each(symbols: pd.Series) -> str | list[str]:
    each = symbols.tolist()
    return each[0] if len(set(each)) == 1 else each


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
    inside = rows[shown.holds(rows["time"])]
    if inside.empty:
        return
    last, beyond = inside.loc[inside["time"].idxmax()], rows[rows["time"] > shown.high]
    at, height = last["time"], place(last[y])
    if len(beyond):
        after = beyond.loc[beyond["time"].idxmin()]
        height += (place(after[y]) - height) * (shown.high - at) / (after["time"] - at)
        at = shown.high
    yield note(label, colour, x=round(at, 4), y=height, xanchor="left", xshift=7)


def apart(ends: list[dict], per_pixel: float) -> Iterator[dict]:
    """Names that would stand on each other are moved up, 12 px a line."""
    ordered = sorted(ends, key=lambda one: one["y"])
    for one, y in zip(ordered, spread((one["y"] for one in ordered), 12 * per_pixel), strict=True):
        yield one | {"yshift": round((y - one["y"]) / per_pixel)}


def log_range(rows: pd.DataFrame) -> tuple[float, float]:
    positive = rows.loc[rows["value"] > 0, "value"]
    if positive.empty:
        return -1.0, 1.0
    low, high = math.log10(positive.min()), math.log10(positive.max())
    pad = max(0.12, (1 - (high - low)) / 2)  # a decade at least
    return low - pad, high + pad


def log_axis(low: float, high: float) -> dict:
    return {"type": "log", "range": [low, high], "dtick": 1 if high - low < 4.5 else 2, "exponentformat": "SI"}
