"""One exposure against several properties of the patients: a small panel each, a dot a patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from dashboard.figures.curves import BOTTOM, TOP, Person, axes_of, height, key_of, key_to_colours, place_of
from dashboard.figures.samples import short
from dashboard.theme import PALETTES, Figure, Palette, stamp_note, styled

ROW, COLUMNS = 200, 4
FOOT = 3.0  # who was never quantifiable stands so many times below the lowest exposure


@dataclass(frozen=True)
class Panel:
    title: str  # with its unit
    said: str  # exploratory, how many
    rows: pd.DataFrame  # usubjid, x, y [0: never quantifiable], about [hover]
    ticks: Mapping[float, str]  # classes of x and their names; none: a number
    at: tuple[float, ...] = ()  # ticks of a log axis of x; none: a linear one


@dataclass(frozen=True)
class Words:
    y: str
    stamp: str
    never: str
    cohorts: Mapping[str, str]  # id -> name


def panels(
    some: Sequence[Panel], people: Mapping[str, Person], words: Words, *, theme: str, chosen: str = ""
) -> Figure:
    """The same log axis of exposure in all; hollow at its foot who was never quantifiable."""
    palette, whole = PALETTES[theme], height(len(some), COLUMNS, ROW)
    exposures = pd.concat([one.rows["y"] for one in some])
    seen = exposures[exposures > 0]
    foot = float(seen.min() / FOOT) if len(seen) else 1.0
    span = [np.log10(foot) - 0.15, (np.log10(seen.max()) if len(seen) else 1.0) + 0.2]
    layout: dict = {"height": whole, "margin": {"l": 70, "r": 24, "t": TOP + 14, "b": BOTTOM}, "showlegend": False,
                    "hovermode": "closest"}  # fmt: skip
    traces, notes = [], []
    for number, one in enumerate(some):
        x, y = axes_of(number)
        left, right, low, high = place_of(number, len(some), COLUMNS, ROW, whole)
        layout[key_of(x)] = {"domain": [left, right], "anchor": y, **_values(one)}
        layout[key_of(y)] = {"domain": [low, high], "anchor": x, "type": "log", "range": span, "dtick": 1,
                             "tickformat": ",.4~r"}  # fmt: skip
        traces.append(_dots(one, people, palette, foot, chosen) | {"xaxis": x, "yaxis": y})
        head = {"xref": "paper", "yref": "paper", "x": left, "y": high, "xanchor": "left", "showarrow": False}
        text = f"<b>{escape(one.title)}</b><br>{escape(one.said)}"
        notes.append(head | {"text": text, "align": "left", "yanchor": "bottom", "yshift": 3,
                             "font": {"size": 12, "color": palette.ink}})  # fmt: skip
    below = {"xref": "paper", "yref": "paper", "x": 0, "y": 0, "xanchor": "left", "yanchor": "top", "showarrow": False}
    key = f"{escape(words.y)}      ○ {escape(words.never)}      {key_to_colours(words.cohorts, people)}"
    notes.append(below | {"text": key, "yshift": -36, "font": {"size": 13, "color": palette.quiet}})
    notes.append(stamp_note(words.stamp, theme, below=60))
    return styled(traces, layout | {"annotations": notes}, theme)


def _values(one: Panel) -> dict:
    if one.ticks:
        places = list(one.ticks)
        names = list(one.ticks.values())
        return {"tickvals": places, "ticktext": names, "range": [min(places) - 0.6, max(places) + 0.6]}
    if one.at:
        return {"type": "log", "tickvals": list(one.at), "tickformat": "~s"}
    return {"tickformat": ",.4~r", "nticks": 5}


def _dots(one: Panel, people: Mapping[str, Person], palette: Palette, foot: float, chosen: str) -> dict:
    who, height, about = (one.rows[name].tolist() for name in ("usubjid", "y", "about"))
    colours = [people[each].colour for each in who]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": short(one.rows["x"].to_numpy(float) + _spread(one)),
        "y": short(np.where(one.rows["y"] == 0, foot, one.rows["y"])),
        "marker": {
            "size": [13 if each == chosen else 9 for each in who],
            "color": [colour if value else palette.paper for value, colour in zip(height, colours, strict=True)],
            "line": {
                "color": [palette.ink if each == chosen else colour for each, colour in zip(who, colours, strict=True)],
                "width": 1.8,
            },
        },
        "customdata": [
            [people[each].href, f"<b>{escape(people[each].subjid)}</b><br>{escape(words)}"]
            for each, words in zip(who, about, strict=True)
        ],
        "hovertemplate": "%{customdata[1]}<extra></extra>",
        "cliponaxis": False,
    }


def _spread(one: Panel) -> np.ndarray:
    """Left and right within a class by a fixed pattern, so that dots do not hide each other: nothing is random."""
    if not one.ticks:
        return np.zeros(len(one.rows))
    order = one.rows.groupby("x")["y"].rank(method="first").to_numpy(float)
    return ((order * 3) % 7 - 3) / 3 * 0.22
