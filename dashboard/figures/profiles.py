"""Profiles: every analyte on a small panel against days since infusion, the patients faint, one of them strong."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from dashboard.figures.samples import short
from dashboard.theme import PALETTES, Figure, Palette, level_colour, stamp_note, styled

COLUMNS = 4
ROW, GAP, TOP, BOTTOM = 168, 54, 30, 102  # px: a panel, what is between two, above and below all
MANY = 8000  # points from which on the faint lines answer neither hover nor click: they would weigh more than they say
FIRST, LAST = -7.6, 28.6  # days since infusion
PLAIN = ",.12~g"  # numbers in full, without exponent


@dataclass(frozen=True)
class Panel:
    code: str
    title: str  # analyte and unit
    lloq: float | None  # drawn as a line; None where there is none or the scale is a multiple


@dataclass(frozen=True)
class Words:
    """The texts of the figure in the reader's language."""

    axis: str
    stamp: str
    name: Mapping[str, str]  # usubjid -> the patient's number
    link: Mapping[str, str]  # usubjid -> the address that a click leads to
    bound: Mapping[str, str]  # limit -> the sign before a value: "", at most, at least
    key: str  # what the signs and colours mean, as HTML


def height(panels: Sequence[Panel]) -> int:
    rows = math.ceil(len(panels) / COLUMNS)
    return TOP + BOTTOM + rows * ROW + (rows - 1) * GAP


def profiles(
    rows: pd.DataFrame, panels: Sequence[Panel], levels: Mapping[str, int | None], words: Words,
    *, chosen: str = "", scale: str = "log", theme: str = "light",
) -> Figure:  # fmt: skip
    """rows: usubjid, cohort, code, time [d], rel_day, value, limit; by code, cohort, patient, time. levels: cohort ->
    place of its colour. chosen: usubjid of the patient who stands out, "" nobody.

    One x axis a column, so that a zoom moves all panels; a y axis a panel. A value that is a limit is hollow, at it.
    """
    palette = PALETTES[theme]
    shown = rows[(rows["time"] >= FIRST) & (rows["time"] <= LAST)]
    if scale == "log":
        shown = shown[shown["value"] > 0]
    faint = len(shown) <= MANY
    traces: list[dict] = []
    by_code = dict(iter(shown.groupby("code", sort=False)))
    for place, panel in enumerate(panels):
        own = by_code.get(panel.code, shown.iloc[:0])
        axes = {"xaxis": _axis("x", place % COLUMNS), "yaxis": _axis("y", place)}
        traces += [one | axes for one in _faint(own, levels, words, told=faint, dark=theme == "dark")]
        strong = own[own["usubjid"] == chosen]
        if len(strong):
            traces.append(_strong(strong, levels, words, palette) | axes)
        if not len(own):  # an axis without a trace would not be drawn
            traces.append({"type": "scatter", "x": [None], "y": [None], "hoverinfo": "skip"} | axes)
    layout = {
        "height": height(panels),
        "margin": {"l": 52, "r": 14, "t": TOP, "b": BOTTOM},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": "zoom",
        "annotations": [*_titles(panels, palette), *_below(words, palette, theme)],
        "shapes": [*_day_zero(panels, palette), *_limits(panels, palette)],
        **_x_axes(panels),
        **_y_axes(panels, {code: own["value"] for code, own in by_code.items()}, scale),
    }
    return styled(traces, layout, theme)


def _axis(letter: str, place: int) -> str:
    return f"{letter}{place + 1}" if place else letter


def _key(letter: str, place: int) -> str:
    return f"{letter}axis{place + 1}" if place else f"{letter}axis"


# ---- traces ----------------------------------------------------------------------------------------------------------
def _faint(
    own: pd.DataFrame, levels: Mapping[str, int | None], words: Words, *, told: bool, dark: bool
) -> Iterator[dict]:
    """One trace a cohort: the patients' lines one after the other, with a gap between two. In a crowd, where lines are
    not told apart, whole days do for x: a quarter of the weight."""
    crowd = own["usubjid"].nunique()
    opacity = (0.55 if crowd <= 15 else 0.38 if crowd <= 60 else 0.13) * (1.5 if dark else 1)
    for cohort, rows in own.groupby("cohort", sort=False, dropna=False):
        breaks = np.flatnonzero(rows["usubjid"].to_numpy()[1:] != rows["usubjid"].to_numpy()[:-1]) + 1
        trace = {
            "type": "scatter",
            "mode": "lines",
            "x": short(np.insert(rows["time"].to_numpy(), breaks, np.nan)) if told else _whole_days(rows, breaks),
            "y": short(np.insert(rows["value"].to_numpy(), breaks, np.nan)),
            "line": {"color": level_colour(levels.get(cohort)), "width": 1.1},
            "opacity": opacity,
            "connectgaps": False,
            "hoverinfo": "skip",
        }
        if told:
            people = rows["usubjid"].to_numpy()[[0, *breaks]]
            trace |= _names(people, np.diff([0, *breaks, len(rows)]), words)
        yield trace


def _whole_days(rows: pd.DataFrame, breaks: np.ndarray) -> list[int]:
    return np.insert(rows["rel_day"].to_numpy(int), breaks, 0).tolist()


def _names(people: Sequence[str], sizes: Sequence[int], words: Words) -> dict:
    text, links = [], []
    for number, (one, size) in enumerate(zip(people, sizes, strict=True)):
        text += [""] * bool(number) + [escape(words.name[one])] * int(size)
        links += [""] * bool(number) + [words.link[one]] * int(size)
    return {"text": text, "customdata": links, "hoverinfo": None, "hovertemplate": "%{text}: %{y:,.4~g}<extra></extra>"}


def _strong(rows: pd.DataFrame, levels: Mapping[str, int | None], words: Words, palette: Palette) -> dict:
    one, cohort = rows["usubjid"].iloc[0], rows["cohort"].iloc[0]
    at_limit = rows["limit"] != ""
    colour = level_colour(levels.get(cohort))
    data = [
        [words.link[one], escape(words.name[one]), f"{words.bound[limit]}{value:,.4g}"]
        for limit, value in zip(rows["limit"], rows["value"], strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": rows["time"].tolist(),
        "y": rows["value"].tolist(),
        "line": {"color": colour, "width": 2.4},
        "marker": {
            "size": 6.5,
            "color": np.where(at_limit, palette.paper, colour).tolist(),
            "line": {"color": colour, "width": 1.6},
        },
        "customdata": data,
        "hovertemplate": "%{customdata[1]}: %{customdata[2]}<br>%{x:.1f}<extra></extra>",
    }


# ---- axes ------------------------------------------------------------------------------------------------------------
def _x_axes(panels: Sequence[Panel]) -> dict:
    columns = min(len(panels), COLUMNS)
    width, gap = 1 / COLUMNS, 0.04
    axes = {}
    for column in range(columns):
        lowest = max(place for place in range(len(panels)) if place % COLUMNS == column)
        left = column * width
        axes[_key("x", column)] = {
            "domain": [left + (gap / 2 if column else 0), left + width - (gap / 2 if column < COLUMNS - 1 else 0)],
            "anchor": _axis("y", lowest),
            "range": [FIRST, LAST],
            "tickvals": [-7, 0, 7, 14, 21, 28],
            "tickfont": {"size": 11.5},
            **({"matches": "x"} if column else {}),
        }
    return axes


def _span(place: int, panels: Sequence[Panel]) -> list[float]:
    """Where a panel stands from the bottom (0) to the top (1) of the figure."""
    rows = math.ceil(len(panels) / COLUMNS)
    whole = rows * ROW + (rows - 1) * GAP
    top = whole - (place // COLUMNS) * (ROW + GAP)
    return [(top - ROW) / whole, top / whole]


def _y_axes(panels: Sequence[Panel], by_code: Mapping[str, pd.Series], scale: str) -> dict:
    return {
        _key("y", place): {
            "domain": _span(place, panels),
            "anchor": _axis("x", place % COLUMNS),
            "tickformat": PLAIN,
            "tickfont": {"size": 11.5},
            **value_axis(by_code.get(panel.code), scale),
        }
        for place, panel in enumerate(panels)
    }


def value_axis(values: pd.Series | None, scale: str) -> dict:
    """Ticks that fit a small panel: decades, or 1-2-5 where there are less than two of them."""
    if scale == "linear":
        return {"type": "linear", "nticks": 5, "rangemode": "tozero"}
    if values is None or not len(values):
        return {"type": "log", "dtick": 1}
    decades = math.log10(values.max() / values.min()) if values.min() > 0 else 0
    return {"type": "log", "dtick": "D2" if decades < 2 else 1 if decades < 5 else 2}


# ---- what stands beside the lines ------------------------------------------------------------------------------------
def _titles(panels: Sequence[Panel], palette: Palette) -> Iterator[dict]:
    for place, panel in enumerate(panels):
        yield {
            "text": panel.title,
            "xref": f"{_axis('x', place % COLUMNS)} domain",
            "yref": "paper",
            "x": 0,
            "y": _span(place, panels)[1],
            "xanchor": "left",
            "yanchor": "bottom",
            "yshift": 4,
            "showarrow": False,
            "font": {"size": 13, "color": palette.ink},
        }


def _below(words: Words, palette: Palette, theme: str) -> list[dict]:
    axis = {
        "text": words.axis,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 0,
        "yshift": -26,
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 12.5, "color": palette.quiet},
    }
    return [axis, axis | {"text": words.key, "yshift": -46}, stamp_note(words.stamp, theme, below=70)]


def _day_zero(panels: Sequence[Panel], palette: Palette) -> Iterator[dict]:
    for place in range(len(panels)):
        yield {
            "type": "line",
            "xref": _axis("x", place % COLUMNS),
            "yref": f"{_axis('y', place)} domain",
            "x0": 0,
            "x1": 0,
            "y0": 0,
            "y1": 1,
            "line": {"color": palette.quiet, "width": 1},
            "layer": "below",
        }


def _limits(panels: Sequence[Panel], palette: Palette) -> Iterator[dict]:
    for place, panel in enumerate(panels):
        if panel.lloq:
            yield {
                "type": "line",
                "xref": f"{_axis('x', place % COLUMNS)} domain",
                "yref": _axis("y", place),
                "x0": 0,
                "x1": 1,
                "y0": panel.lloq,
                "y1": panel.lloq,
                "line": {"color": palette.quiet, "width": 1.2, "dash": "dot"},
            }
