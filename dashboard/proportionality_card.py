"""Dose proportionality: whether peak and area grow with the dose that was given, on all who were infused."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from dash import html

from dashboard.exposures import exposures_of
from dashboard.figures.panels import unit_words
from dashboard.figures.proportion import Line, proportion
from dashboard.figures.scatter import Words
from dashboard.kinetic_words import amount, everyone, remark, titled, who_and_why
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from data.store import Cut
from pk.proportionality import PowerModel, power_model
from queries.subjects import subjects

WIDER = 0.95  # the second interval, beside the model's own


class Exposure(NamedTuple):
    """One parameter of everyone infused, in the order of the cohorts."""

    name: str
    end: int | None
    unit: str
    rows: pd.DataFrame  # of `exposures_of`, with cohort and dose, by usubjid
    model: PowerModel


def exposure(asked: Asked, name: str, end: int | None) -> Exposure:
    """A value that is not final is left out; that of who was never quantifiable is 0."""
    return _exposure(asked.cut, asked.head, name, end)


@lru_cache(maxsize=32)
def _exposure(cut: Cut, head: str, name: str, end: int | None) -> Exposure:
    found = exposures_of(cut, head)
    found = found[(found["parameter"] == name) & (found["end"].isna() if end is None else found["end"] == end)]
    known = subjects(cut).set_index("usubjid")[["cohort", "dose"]]
    rows = found.set_index("subject").join(known)
    value = rows["value"].where(rows["state"] == "complete").mask(rows["state"] == "never quantifiable", 0.0)
    dose = rows["dose"].where(rows["dose"] > 0)
    unit = next(iter(rows["unit"].dropna()), "")
    return Exposure(name, end, unit, rows, power_model(dose.astype(float), value.astype(float)))


def exposures(asked: Asked) -> list[Exposure]:
    """The peak, and the first area of the endpoints."""
    kinetics = asked.cut.protocol.kinetics
    return [exposure(asked, "CMAX", None), exposure(asked, "AUCINT", kinetics.areas[0])] if kinetics else []


def figure(asked: Asked, one: Exposure):
    model, rows = one.model, one.rows
    used = rows[~rows.index.isin(list(model.excluded))]
    drawn = pd.DataFrame({"usubjid": used.index, "cohort": used["cohort"].to_numpy(), "x": used["dose"].to_numpy(float),
                          "y": used["value"].to_numpy(float), "x_limit": "", "y_limit": ""})  # fmt: skip
    places = {level.id: asked.cut.protocol.place(level.id) for level in asked.cut.protocol.cohort.levels}
    line = Line(model.line(), asked.say("power.line"), asked.say("power.slope_1"))
    return proportion(drawn, places, line, _words(asked, one, used), theme=asked.view.theme, chosen=asked.view.subject)


def _words(asked: Asked, one: Exposure, used: pd.DataFrame) -> Words:
    dose_unit = next((level.unit for level in asked.cut.protocol.cohort.levels if level.unit), "")
    name, unit = titled(asked.say, one.name, one.end, ""), unit_words(one.unit)
    about = {
        row.Index: f"{row.dose:,.4g} {dose_unit} · {name} {amount(row.value, row.unit)} {unit}"
        for row in used.itertuples()
    }
    return Words(
        x=f"{asked.say('power.dose')}, {dose_unit}",
        y=f"{name}, {unit}",
        said=inside(asked, one.model),
        stamp=stamp(asked, everyone(asked, one.rows.index)),
        name=asked.numbers,
        link=asked.view.patients(used.index),
        about=about,
        ticks={},
        nothing=asked.say("power.nothing"),
    )


def inside(asked: Asked, model: PowerModel) -> list[str]:
    """The lines in the figure: the slope with its intervals, Smith's limits, and how many it rests on."""
    say = asked.say
    if np.isnan(model.slope):
        return [say("power.no_slope", n=model.n_used)]
    wide = dict(zip(("low", "high"), model.interval(WIDER), strict=True))
    numbers = {"slope": f"{model.slope:.2f}", "lower": f"{model.lower:.2f}", "upper": f"{model.upper:.2f}"}
    limits = {"theta_lower": f"{model.theta_lower:.2f}", "theta_upper": f"{model.theta_upper:.2f}"}
    return [
        say("power.slope", **numbers, **{name: f"{value:.2f}" for name, value in wide.items()}),
        say("power.limits", **limits, ratio=f"{_ratio(model):.3g}"),
        say("kinetics.exploratory", n=model.n_used),
    ]


def _ratio(model: PowerModel) -> float:
    return float(np.exp(np.ptp(model.log_doses)))


def sentences(asked: Asked) -> list:
    """What each model says of proportionality, and who is in none of it, with the reason."""
    parts: list = []
    for one in exposures(asked):
        name = titled(asked.say, one.name, one.end, "")
        said = one.model.say(Sentences("power_says", asked.say))
        parts.append(html.P([html.B(name), f": {said}{asked.say('rule.full_stop')}"], className="summary"))
        out = _left_out(asked, one)
        parts += [html.P(out, className="quiet")] if out else []
    return parts or [html.P(asked.say("kinetics.none"), className="empty-words")]


def _left_out(asked: Asked, one: Exposure) -> list:
    """Each reason once, with its patients."""
    who: dict[str, list[str]] = {}
    for usubjid, why in zip(one.model.excluded, one.model.why_excluded, strict=True):
        who.setdefault(_why(asked, one, usubjid, why), []).append(usubjid)
    if [len(some) for some in who.values()] == [len(one.rows)]:
        return [asked.say("power.all_left_out", n=len(one.rows), why=next(iter(who)))]
    return who_and_why(asked, who)


def _why(asked: Asked, one: Exposure, usubjid: str, why: str) -> str:
    row = one.rows.loc[usubjid]
    if why == "no_exposure" and row["state"] != "complete":
        return remark(asked, row).rstrip(".。")
    return Sentences("power_out", asked.say)[why]
