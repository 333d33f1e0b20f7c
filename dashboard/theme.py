"""Colours that mean something, and the look of every figure in light and dark. A dose level keeps its colour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FONT = '"Noto Sans", "Noto Sans SC", sans-serif'

# Dose levels: Okabe-Ito hues, told apart by colour-blind readers too; the label is always printed beside them.
LEVELS = ("#0072B2", "#7B4EA3", "#C2478B", "#B8860B", "#009E73", "#8C564B")
NO_LEVEL = "#6B7785"
GRADES = {1: "#FEE8C8", 2: "#FDBB84", 3: "#EF6548", 4: "#B30000", 5: "#3F0000"}
DLT = "#8B0000"
# CRS and ICANS have hues of their own, from light to dark like the grades, with the digit printed.
CRS = {1: "#D5EFEA", 2: "#8FD0C3", 3: "#35978F", 4: "#01665E", 5: "#003C30"}
ICANS = {1: "#DEDFF1", 2: "#B0B4DD", 3: "#7A7FC4", 4: "#4A4FA3", 5: "#23265F"}


@dataclass
class Figure:
    """What the browser draws, as plain dictionaries. Plotly's own class copies all of it twice on its way there, which
    takes half the time of an answer about 500 patients."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]

    def to_plotly_json(self) -> dict:
        return {"data": self.data, "layout": self.layout}


FIGURE = Figure  # in the tests `plotly.graph_objects.Figure`, which holds every attribute to its schema


@dataclass(frozen=True)
class Palette:
    paper: str
    ink: str
    quiet: str  # secondary text
    line: str
    rest: str  # the part of a bar that is still to come
    accent: str
    alarm: str


PALETTES = {
    "light": Palette("#FFFFFF", "#1B2430", "#5A6675", "#E3E7ED", "#E8EBF0", "#2456C7", "#B30000"),
    "dark": Palette("#1A2029", "#E8ECF2", "#A5B0BF", "#333C49", "#343E4B", "#82AEFF", "#FF8A80"),
}


def level_colour(level: int | None) -> str:
    return NO_LEVEL if level is None else LEVELS[(max(level, 1) - 1) % len(LEVELS)]


def styled(traces: list[dict], layout: dict, theme: str) -> Figure:
    """A figure in the house's look: no frame, quiet grid, the page's own fonts, no title inside (the page has it)."""
    palette = PALETTES[theme]
    axis = {
        "gridcolor": palette.line,
        "zeroline": False,
        "linecolor": palette.line,
        "tickfont": {"size": 13},
        "ticklabeloverflow": "allow",  # else plotly measures every label, each time it draws
    }
    house = {
        "template": "none",
        "paper_bgcolor": palette.paper,
        "plot_bgcolor": palette.paper,
        "font": {"family": FONT, "size": 13, "color": palette.ink},
        "hoverlabel": {"font": {"family": FONT, "size": 13}},
    }
    named = [name for name in layout if name.startswith(("xaxis", "yaxis"))]
    axes = {name: axis | layout.get(name, {}) for name in ("xaxis", "yaxis", *named)}
    return FIGURE(traces, house | layout | axes)


def with_traces(figure: Figure, traces: list[dict]) -> Figure:
    """The same axes with other traces on them."""
    return FIGURE(traces, figure.layout)


def stamp_note(text: str, theme: str, *, below: int) -> dict:
    """The identity of the data as an annotation `below` px under the axis: it travels with every copy of the figure."""
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 0,
        "yshift": -below,
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 11, "color": PALETTES[theme].quiet},
    }


def moved(figure: Figure, ranges: Mapping[str, tuple[float, float]]) -> Figure:
    """The figure with the axes where the reader left them: layout key -> (from, to)."""
    for axis, (low, high) in ranges.items():
        if axis in figure.layout:
            figure.layout[axis].update(range=[low, high], autorange=False)
    return figure
