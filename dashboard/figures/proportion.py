"""Exposure against dose on log axes: every patient, the power model with its interval, a line of proportionality."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dashboard.figures.scatter import Words, scatter
from dashboard.theme import PALETTES, Figure, with_traces

HEIGHT, BOTTOM = 500, 136  # px; the stamp takes four lines


@dataclass(frozen=True)
class Line:
    """The power model over the doses that were given; no rows: no model."""

    rows: pd.DataFrame  # dose, exposure, low, high
    name: str  # in the reader's language
    proportional: str


def proportion(
    rows: pd.DataFrame, levels: Mapping[str, int | None], line: Line, words: Words, *, theme: str, chosen: str = ""
) -> Figure:
    """rows: usubjid, cohort, x [dose], y [exposure], x_limit, y_limit of the patients in the model."""
    figure = scatter(rows, levels, words, scale="log", log_y=True, theme=theme, chosen=chosen)
    figure.data[0]["textposition"] = _beside(rows)
    figure.layout["height"] = HEIGHT
    figure.layout["margin"].update(b=BOTTOM)
    if line.rows.empty:
        return figure
    palette, at = PALETTES[theme], line.rows
    dose = at["dose"].tolist()
    common = {"type": "scatter", "mode": "lines"}
    band = common | {
        "x": [*dose, *dose[::-1]],
        "y": [*at["high"], *at["low"][::-1]],
        "fill": "toself",
        "fillcolor": "rgba(120, 130, 150, 0.16)",
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
    fitted = common | {
        "x": dose,
        "y": at["exposure"].tolist(),
        "line": {"color": palette.ink, "width": 2},
        "hovertemplate": f"{line.name}<extra></extra>",
    }
    middle = float(np.exp(np.log(at["exposure"]).mean() - np.log(at["dose"]).mean()))  # same centre, slope 1
    straight = common | {
        "x": [dose[0], dose[-1]],
        "y": [middle * dose[0], middle * dose[-1]],
        "line": {"color": palette.quiet, "width": 1.5, "dash": "dash"},
        "hovertemplate": f"{line.proportional}<extra></extra>",
    }
    return with_traces(figure, [*figure.data, band, straight, fitted])


def _beside(rows: pd.DataFrame) -> list[str]:
    """Numbers left and right by turns, up the column of a cohort: patients of one dose stand over each other."""
    place = rows.groupby("cohort")["y"].rank(method="first")
    return ["middle right" if one % 2 else "middle left" for one in place]
