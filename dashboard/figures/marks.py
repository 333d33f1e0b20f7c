"""The area of one curve, shaded, and the samples of its terminal phase with the line through them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import pandas as pd

from dashboard.theme import Palette


@dataclass(frozen=True)
class Marks:
    area: pd.DataFrame  # time [d], conc: the curve over the area; no rows: none
    terminal: pd.DataFrame  # time [d], conc, fitted; no rows: none
    words: tuple[str, ...]  # what they say


def mark_traces(marks: Marks, colour: str, bottom: float) -> Iterator[dict]:
    """bottom: where the area ends below, in the unit of conc."""
    common = {"type": "scatter", "hoverinfo": "skip"}
    if len(marks.area):
        time = marks.area["time"].tolist()
        conc = [max(one, bottom) for one in marks.area["conc"]]
        yield common | {
            "mode": "lines",
            "x": [*time, time[-1], time[0]],
            "y": [*conc, bottom, bottom],
            "fill": "toself",
            "fillcolor": _faint(colour),
            "line": {"width": 0},
        }
    if len(marks.terminal):
        time = marks.terminal["time"].tolist()
        yield common | {
            "mode": "lines",
            "x": [time[0], time[-1]],
            "y": [marks.terminal["fitted"].iloc[0], marks.terminal["fitted"].iloc[-1]],
            "line": {"color": colour, "width": 2, "dash": "dash"},
        }
        yield common | {
            "mode": "markers",
            "x": time,
            "y": marks.terminal["conc"].tolist(),
            "marker": {"symbol": "square-open", "size": 17, "color": colour, "line": {"width": 2, "color": colour}},
        }


def mark_note(marks: Marks, palette: Palette, x: str, top: float) -> dict:
    """What they say, at the right end of the head of a panel. x: its axis; top: of the panel, as a share."""
    return {
        "text": escape(" · ".join(one for one in marks.words if one)),
        "showarrow": False,
        "font": {"size": 13, "color": palette.ink},
        "xref": f"{x} domain",
        "yref": "paper",
        "x": 1,
        "y": top,
        "yshift": 4,
        "xanchor": "right",
        "yanchor": "bottom",
    }


def lowest(axis: dict) -> float:
    """Where a value axis begins, as a value."""
    low = axis["range"][0]
    return 10**low if axis.get("type") == "log" else max(low, 0.0) if math.isfinite(low) else 0.0


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.16)"
