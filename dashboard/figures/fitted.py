"""The fitted curve of each patient with its interval, over the samples that it was fitted to."""

import math
from collections.abc import Mapping

import pandas as pd

from dashboard.figures.curves import Person
from dashboard.figures.samples import short
from dashboard.theme import Figure, with_traces


def with_fit(figure: Figure, subjects: list[str], fitted: pd.DataFrame, people: Mapping[str, Person]) -> Figure:
    """figure: of `dashboard.figures.curves.curves`, a panel a subject in the order of `subjects`; its lines from sample
    to sample give way to the model. fitted: subject, time [d], conc [NaN: not drawn], low, high."""
    samples = [one for one in figure.data if one["mode"] == "markers"]
    traces = []
    for number, usubjid in enumerate(subjects):
        own = fitted[fitted["subject"] == usubjid]
        if len(own):
            traces += _curve(own, people[usubjid].colour, str(number + 1) if number else "")
    drawn = fitted[fitted["subject"].isin(subjects)]
    return _up_to(with_traces(figure, [*traces, *samples]), drawn["conc"].max())


def _up_to(figure: Figure, top: float) -> Figure:
    """The axes of the values reach a little over the highest curve."""
    for name in figure.layout:
        axis = figure.layout[name] if name.startswith("yaxis") else {}
        if "range" in axis:
            low, high = axis["range"]
            needed = math.log10(top) + 0.15 if axis["type"] == "log" else 1.06 * top
            axis.update(range=[low, max(high, needed) if top > 0 else high])
    return figure


def _curve(own: pd.DataFrame, colour: str, axis: str) -> list[dict]:
    time, low, high, conc = (short(own[one].to_numpy(float)) for one in ("time", "low", "high", "conc"))
    common = {"type": "scatter", "mode": "lines", "xaxis": f"x{axis}", "yaxis": f"y{axis}", "hoverinfo": "skip"}
    band = common | {
        "x": [*time, *time[::-1]],
        "y": [*high, *low[::-1]],
        "fill": "toself",
        "fillcolor": colour,
        "opacity": 0.2,
        "line": {"width": 0},
    }
    return [band, common | {"x": time, "y": conc, "line": {"color": colour, "width": 2.2}}]
