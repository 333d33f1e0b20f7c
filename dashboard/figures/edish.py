"""eDISH: peak aminotransferase against peak bilirubin, in multiples of the upper limit of normal, on log axes."""

from collections.abc import Mapping
from math import log10

import pandas as pd

from dashboard.figures.scatter import Words, scatter
from dashboard.theme import PALETTES, Figure

HIGH_X, HIGH_Y = 3, 2  # x ULN: the lines of `clinical.grading.liver.QUADRANTS`
_NARROWEST = (0.2, 10.0), (0.2, 5.0)  # so that every quadrant has its room


def edish(
    rows: pd.DataFrame, levels: Mapping[str, int | None], quadrants: Mapping[str, str], words: Words,
    *, theme: str, chosen: str = "",
) -> Figure:  # fmt: skip
    """rows: usubjid, cohort, x, x_limit, y, y_limit ["<", ">", "<>": on which side of the peak its true value lies],
    is_sure; hollow where not sure, a triangle that points to where the value lies. quadrants: names of the three that
    are not normal, by the keys of QUADRANTS. The dots there have their numbers beside them, the others on hovering."""
    hollow = rows.assign(x_limit="", y_limit=["" if one else "unsure" for one in rows["is_sure"]])
    figure = scatter(hollow, levels, words, scale="log", log_y=True, theme=theme, chosen=chosen)
    if rows.empty:
        return figure
    figure.data[0]["marker"]["symbol"] = [_symbol(*one) for one in zip(rows["x_limit"], rows["y_limit"], strict=True)]
    marked = (rows["x"] > HIGH_X) | (rows["y"] > HIGH_Y) | ~rows["is_sure"]
    figure.data[0]["text"] = [words.name[who] if one else "" for who, one in zip(rows["usubjid"], marked, strict=True)]
    figure.data[0]["mode"] = "markers+text"
    (left, right), (low, high) = (_range(rows[one], *span) for one, span in zip("xy", _NARROWEST, strict=True))
    line = {"type": "line", "line": {"color": PALETTES[theme].quiet, "width": 1.2, "dash": "dash"}}
    upright = line | {"x0": HIGH_X, "x1": HIGH_X, "yref": "paper", "y0": 0, "y1": 1}
    level = line | {"y0": HIGH_Y, "y1": HIGH_Y, "xref": "paper", "x0": 0, "x1": 1}
    figure.layout["shapes"] = [upright, level]
    at = {"hys_law_range": (1, 1), "temples_corollary": (1, 0), "hyperbilirubinemia": (0, 1)}
    names = [_name(quadrants[name], *corner, PALETTES[theme].quiet) for name, corner in at.items()]
    figure.layout["annotations"] = [*figure.layout["annotations"], *names]
    figure.layout["xaxis"].update(type="log", range=[left, right])
    figure.layout["yaxis"].update(type="log", range=[low, high])
    return figure


_TOWARDS = {(">", ""): "triangle-right", ("<", ""): "triangle-left", ("", ">"): "triangle-up",
            ("", "<"): "triangle-down", (">", ">"): "triangle-ne", ("<", "<"): "triangle-sw",
            ("<", ">"): "triangle-nw", (">", "<"): "triangle-se"}  # fmt: skip


def _symbol(x_limit: str, y_limit: str) -> str:
    """A dot, or a triangle that points to where the value lies; a diamond where that is not one way."""
    return _TOWARDS.get((x_limit, y_limit), "diamond") if x_limit or y_limit else "circle"


def _name(text: str, x: int, y: int, colour: str) -> dict:
    """Of a quadrant, in its corner of the figure."""
    place = {"x": x, "y": y, "xanchor": "right" if x else "left", "yanchor": "top" if y else "bottom"}
    look = {"showarrow": False, "font": {"size": 12, "color": colour}}
    return {"text": text, "xref": "paper", "yref": "paper", **place, **look}


def _range(values: pd.Series, least: float, most: float) -> tuple[float, float]:
    """Of a log axis, wide enough for every dot."""
    return log10(min(least, values.min() / 1.3)), log10(max(most, values.max() * 1.3))
