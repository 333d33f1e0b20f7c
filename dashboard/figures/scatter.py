"""One peak against one outcome: a dot a patient, in the colour of the cohort, with what can be said written inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from dashboard.figures.profiles import PLAIN, value_axis
from dashboard.theme import PALETTES, Figure, level_colour, stamp_note, styled

HEIGHT = 490
FEW = 40  # patients up to whom each dot has its number beside it
CROWD = 15  # patients from whom on dots of one class are spread, so that they do not hide each other


@dataclass(frozen=True)
class Words:
    """The texts of the figure in the reader's language."""

    x: str  # axis titles, with units
    y: str
    said: Sequence[str]  # the lines inside: exploratory, rho, p
    stamp: str
    name: Mapping[str, str]  # usubjid -> number
    link: Mapping[str, str]  # usubjid -> the address of the patient
    about: Mapping[str, str]  # usubjid -> both values in words
    ticks: Mapping[float, str]  # classes of y and their names; none: y is a number
    nothing: str  # where no patient has both


def scatter(
    rows: pd.DataFrame, levels: Mapping[str, int | None], words: Words,
    *, scale: str, log_y: bool, theme: str, chosen: str = "",
) -> Figure:  # fmt: skip
    """rows: usubjid, cohort, x, x_limit, y, y_limit of the patients who have both. A value at its limit is hollow; an
    exposure of 0 (cells never quantified) stands at the foot of a log axis."""
    palette = PALETTES[theme]
    log_x = scale == "log" and bool((rows["x"] > 0).all())
    y = rows["y"].to_numpy(float)
    if log_y:
        positive = y[y > 0]
        y = np.where(y > 0, y, positive.min() / 3 if len(positive) else 1)
    if words.ticks:
        y = y + _spread(rows)
    hollow = ((rows["x_limit"] != "") | (rows["y_limit"] != "")).to_numpy(bool)
    colours = np.array([level_colour(levels.get(one)) for one in rows["cohort"]], dtype=object)
    strong = (rows["usubjid"] == chosen).to_numpy(bool)
    dots = {
        "type": "scatter",
        "mode": "markers+text" if len(rows) <= FEW else "markers",
        "x": rows["x"].to_numpy(float),
        "y": y,
        "marker": {
            "size": np.where(strong, 15, 11 if len(rows) <= FEW else 7).tolist(),
            "color": np.where(hollow, palette.paper, colours).tolist(),
            "opacity": 1 if len(rows) <= FEW else 0.75,
            "line": {
                "color": np.where(strong, palette.ink, colours).tolist(),
                "width": np.where(strong, 2.5, 2).tolist(),
            },
        },
        "text": [escape(words.name[one]) for one in rows["usubjid"]] if len(rows) <= FEW else None,
        "textposition": _beside(rows),
        "textfont": {"size": 12, "color": palette.quiet},
        "cliponaxis": False,
        "customdata": [[words.link[one], escape(words.name[one]), escape(words.about[one])] for one in rows["usubjid"]],
        "hovertemplate": "%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
    }
    layout = {
        "height": HEIGHT,
        "margin": {"l": 76, "r": 22, "t": 26 + 19 * len(words.said), "b": 116},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": "zoom",
        "annotations": [
            *_inside(words, palette, bool(len(rows))),
            stamp_note(_folded(words.stamp), theme, below=60) | {"align": "left"},
        ],
        "xaxis": _numbers(rows["x"], words.x, "log" if log_x else "linear"),
        "yaxis": _numbers(pd.Series(y), words.y, "log" if log_y else "linear"),
    }
    if words.ticks:
        places = list(words.ticks)
        layout["yaxis"] |= {
            "tickvals": places,
            "ticktext": list(words.ticks.values()),
            "range": [min(places) - 0.5, max(places) + 0.6],
            "tickangle": 0,
        }
    return styled([dots], layout, theme)


def _beside(rows: pd.DataFrame) -> list[str]:
    """Numbers above and below by turns, from left to right, so that neighbours do not print over each other."""
    order = rows["x"].rank(method="first")
    return ["top center" if place % 2 else "bottom center" for place in order]


def _folded(stamp: str) -> str:
    """In lines short enough for a narrow figure."""
    lines = [""]
    for part in stamp.split(" · "):
        if lines[-1] and len(lines[-1]) + len(part) > 62:
            lines.append("")
        lines[-1] += (" · " if lines[-1] else "") + part
    return "<br>".join(lines)


def _spread(rows: pd.DataFrame) -> np.ndarray:
    """Up or down within a class by a fixed pattern, for a crowd only: nothing is drawn at random."""
    if len(rows) < CROWD:
        return np.zeros(len(rows))
    order = rows.groupby("y")["x"].rank(method="first").to_numpy(float)
    return ((order * 7) % 11 - 5) / 5 * 0.22


def _numbers(values: pd.Series, title: str, scale: str) -> dict:
    ticks = value_axis(values, scale) | ({"rangemode": "normal"} if scale == "linear" else {})
    return ticks | {"title": {"text": title, "font": {"size": 13}}, "tickformat": PLAIN}


def _inside(words: Words, palette, any_dot: bool) -> list[dict]:
    place = {"xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "showarrow": False, "align": "left"}
    said = place | {"y": 1, "yanchor": "bottom", "yshift": 8, "font": {"size": 13, "color": palette.ink}}
    notes = [said | {"text": "<br>".join(escape(one) for one in words.said)}]
    if not any_dot:
        notes.append(
            place | {"text": escape(words.nothing), "x": 0.5, "xanchor": "center", "y": 0.5}
            | {"font": {"size": 14, "color": palette.quiet}}
        )  # fmt: skip
    return notes
