"""The others of the dose group behind a patient's own line: their range in pale, or thin single lines."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import product

import numpy as np

from clinical.ghost import Band, Curve, Ghost
from dashboard.figures.panels import Shown, note
from dashboard.theme import PALETTES

Point = tuple[float, float]  # days since infusion, decades
LEFT_TOP = ("left", "top")
LOOKS = 24  # places along some words at which a curve is looked for behind them
_PALE = {"light": 0.14, "dark": 0.26}  # opacity of a band


def behind(ghost: Ghost, shown: Shown, fill: str, edge: str, floor: float) -> Iterator[dict]:
    """Nothing of it is read and nothing opens: it has no row in the reading column.

    fill: of the dose level; edge: of the series. floor: where a zero stands on the log axis.
    """
    quiet = {"type": "scatter", "hoverinfo": "skip", "name": "dose group"}
    for band in ghost.bands:
        days, heights = _outline(band, floor)
        yield quiet | {
            "x": days, "y": heights, "mode": "lines", "fill": "toself", "fillcolor": _with(fill, _PALE[shown.theme]),
            "line": {"color": _with(edge, 0.4), "width": 0.8},
        }  # fmt: skip
    if ghost.lines:
        days, heights = _broken([curve for _, curve in ghost.lines], floor)
        yield quiet | {
            "x": days, "y": heights, "mode": "lines+markers", "line": {"color": _with(edge, 0.4), "width": 1},
            "marker": {"color": _with(edge, 0.4), "size": 2.5},
        }  # fmt: skip


def _outline(band: Band, floor: float) -> tuple[list, list]:
    """Along the highest values and back along the lowest."""
    days = [*band.days, *reversed(band.days), band.days[0]]
    return days, [_height(one, floor) for one in (*band.high, *reversed(band.low), band.high[0])]


def _broken(curves: Sequence[Curve], floor: float) -> tuple[list, list]:
    """All curves in one trace, with a gap after each."""
    days, heights = [], []
    for curve in curves:
        days += [*(day for day, _ in curve), None]
        heights += [*(_height(value, floor) for _, value in curve), None]
    return days, heights


def _height(value: float, floor: float) -> float:
    return round(max(value, floor), 4)


def _with(colour: str, opacity: float) -> str:
    """A colour "#RRGGBB" through which what is behind it shines."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def in_sight(found: Iterable[Ghost], shown: Shown) -> Iterator[float]:
    """The values that are drawn between the days that are shown: the axis has room for them."""
    for one in found:
        edges = [zip(band.days, edge, strict=True) for band in one.bands for edge in (band.low, band.high)]
        for curve in [*edges, *(curve for _, curve in one.lines)]:
            yield from (value for day, value in curve if shown.low <= day <= shown.high)


def words_above(told: str, shown: Shown, top: float) -> Iterator[dict]:
    """What the pale is, at the left, where no value stands; the lines through all panels pass behind."""
    if told:
        palette = PALETTES[shown.theme]
        yield note(told, palette.quiet, **_corner(LEFT_TOP, 0, top)) | {"bgcolor": palette.paper, "borderpad": 1}


def words_between(
    told: str, shown: Shown, axis: tuple[float, float], tall: float, curves: Sequence[Sequence[Point]],
    names: Sequence[Sequence[Point]] = (),
) -> Iterator[dict]:  # fmt: skip
    """The same among the values, in the corner with the fewest names, and of these with the fewest curves.

    axis: its ends [decades]; tall: what the words take of it. curves, names: (days since infusion, decades), by day.
    """
    if told:
        (low, high), wide = axis, shown.wide(told)
        across = {"left": (shown.low, shown.low + wide), "right": (shown.high - wide, shown.high)}
        upright = {"top": (high - tall, high), "bottom": (low, low + tall)}

        def held(corner: tuple[str, str]) -> tuple[int, int]:
            room = across[corner[0]], upright[corner[1]]
            return sum(_passes(one, *room) for one in names), sum(_passes(one, *room) for one in curves)

        best = min(product(across, upright), key=held)
        yield note(told, PALETTES[shown.theme].quiet, **_corner(best, low, high))


def _corner(corner: tuple[str, str], low: float, high: float) -> dict:
    x, y = corner
    place = {"xref": "paper", "x": int(x == "right"), "xanchor": x, "xshift": -3 if x == "right" else 3}
    return place | {"y": high if y == "top" else low, "yanchor": y}


def _passes(curve: Sequence[Point], days: tuple[float, float], span: tuple[float, float]) -> bool:
    """Whether a curve comes into a room, looked at where one letter stands beside the other."""
    if len(curve) == 0 or curve[-1][0] < days[0] or curve[0][0] > days[1]:
        return False
    at = np.linspace(*days, LOOKS)
    heights = np.interp(at, *zip(*curve, strict=True), left=np.nan, right=np.nan)
    return bool(((heights >= span[0]) & (heights <= span[1])).any())


def curves_of(found: Iterable[Ghost]) -> Iterator[list[Point]]:
    """What is drawn of the others, without its zeros."""
    for one in found:
        edges = [zip(band.days, edge, strict=True) for band in one.bands for edge in (band.low, band.high)]
        for curve in [*edges, *(curve for _, curve in one.lines)]:
            yield [(day, math.log10(value)) for day, value in curve if value > 0]


def told(found: Collection[Ghost], shown: Shown) -> str:
    """How many others there are on the days of the band, and that there are lines; "" where none is in sight."""
    counts = set().union(*(one.counts(shown.low, shown.high) for one in found))
    single = set().union(*(one.single(shown.low, shown.high) for one in found))
    n = "–".join(map(str, sorted({min(counts), max(counts)}))) if counts else ""
    if n and single:
        return shown.say("patient.group_band_and_lines", n=n)
    if n:
        return shown.say("patient.group_band", n=n)
    if len(single) == 1:
        return shown.say("patient.group_line")
    return shown.say("patient.group_lines", n=len(single)) if single else ""
