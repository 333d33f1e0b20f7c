"""The others of the dose group behind a patient's own line: their range in pale, or thin single lines."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from clinical.ghost import Band, Curve, Ghost
from dashboard.figures.panels import Shown, note
from dashboard.theme import PALETTES

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


def words(found: Collection[Ghost], shown: Shown, top: float, *, above: bool) -> Iterator[dict]:
    """What the pale is, in the corner where the days before the infusion leave room. above: no value stands there, and
    the lines through all panels pass behind."""
    if told := _told(found, shown):
        palette = PALETTES[shown.theme]
        place = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": 3, "y": top, "yanchor": "top"}
        yield note(told, palette.quiet, **place) | ({"bgcolor": palette.paper, "borderpad": 1} if above else {})


def _told(found: Collection[Ghost], shown: Shown) -> str:
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
