"""The curves of the Kinetics screen: the assay of the endpoints, every other series, and what no curve shows."""

from collections.abc import Collection
from html import escape

import pandas as pd
from dash import html

from dashboard.drill import named
from dashboard.excluding import reasons
from dashboard.figures import curves as drawing
from dashboard.figures.curves import Panel, Person, Words, curves
from dashboard.kinetic_words import amount, assay, filters
from dashboard.session import Asked, stamp
from dashboard.theme import moved

CURVES, OTHERS = "kinetics-curves", "kinetics-others"  # ids of the two figures
PANELS_AT_MOST = 40  # small panels of one patient each; more are too small to read and slow to draw


def main_figure(asked: Asked, samples: pd.DataFrame, shown: dict[str, Person]):
    """The assay of the endpoints: one panel with all patients, or one a patient."""
    view, own = asked.view, samples[samples["endpoint"]]
    if own.empty:
        return curves([], shown, words(asked, shown), theme=view.theme, scale=view.scale, days=view.days)
    unit = asked.cut.protocol.kinetics.unit
    if view.by == "patient":
        drawn = list(shown)[:PANELS_AT_MOST]
        panels = [Panel(_name(shown[one]), own[own["usubjid"] == one]) for one in drawn]
        more = {"columns": 4, "row": 150, "alike": True}
    else:
        panels, more = [Panel(f"{assay(asked)}, {unit}", own)], {"row": 430, "medians": True, "chosen": view.subject}
    figure = curves(panels, shown, words(asked, shown), theme=view.theme, scale=view.scale, days=view.days, **more)
    return moved(figure, view.zoomed(CURVES))


def _name(person: Person) -> str:
    """The number of a patient over a panel: plotly makes it a link of the figure."""
    look = f'target="_self" style="color:{person.colour}"'
    return f'<a href="{escape(person.href)}" {look}><b>{escape(person.subjid)}</b></a>'


def other_figure(asked: Asked, samples: pd.DataFrame, shown: dict[str, Person]):
    """Every other series of the protocol's list on axes of its own: another test is never the same quantity."""
    view, rest = asked.view, samples[~samples["endpoint"]]
    panels = []
    for one in asked.cut.protocol.panel("kinetics", "flow"):
        own = rest[(rest["code"] == one.code) & in_blood(asked, rest["specimen"])]
        if (own["signal"] != "no_result").any():
            panels.append(Panel(f"{one.label.in_(view.lang)}, {one.unit}", own))
    figure = curves(
        panels, shown, words(asked, shown), theme=view.theme, scale=view.scale, days=view.days, chosen=view.subject,
        columns=min(3, max(1, len(panels))), row=260,
    )  # fmt: skip
    return moved(figure, view.zoomed(OTHERS))


def in_blood(asked: Asked, specimens: pd.Series) -> pd.Series:
    """Whether each specimen is one of the endpoints'; one that is not named is taken for it."""
    kinetics = asked.cut.protocol.kinetics
    wanted = specimens.dropna().unique() if kinetics is None else kinetics.specimens
    return specimens.isna() | specimens.str.upper().isin([one.upper() for one in wanted])


def words(asked: Asked, people: Collection[str]) -> Words:
    say = asked.say
    return Words(
        axis=say("kinetics.axis"),
        stamp=stamp(asked, filters(asked, people)),
        lloq=say("kinetics.lloq"),
        no_limit=say("kinetics.no_limit"),
        signals={one: say(f"kinetics.signal_{one}") for one in drawing.SYMBOLS},
        excluded=reasons(asked),
        median=say("kinetics.median"),
        cohorts={one.id: one.label.in_(asked.view.lang) for one in asked.cut.protocol.cohort.levels},
    )


def asides(asked: Asked, samples: pd.DataFrame) -> list:
    """What no curve shows, said beneath them: samples of other specimens, samples without a result, panels left out."""
    say = asked.say
    lines: list = []
    elsewhere = samples[~in_blood(asked, samples["specimen"]) & samples["conc"].notna()]
    for one in elsewhere[["usubjid", "conc", "unit", "specimen", "rel_day"]].itertuples():
        told = {"value": f"{amount(one.conc, one.unit)} {one.unit}", "specimen": one.specimen, "day": int(one.rel_day)}
        lines.append([named(asked, one.usubjid), " ", say("kinetics.elsewhere", **told)])
    unread = samples[samples["endpoint"] & (samples["signal"] == "no_result")]
    for one in unread[["usubjid", "rel_day", "why"]].itertuples():
        told = {"day": int(one.rel_day), "why": say("word.not_recorded") if pd.isna(one.why) else one.why}
        lines.append([named(asked, one.usubjid), " ", say("kinetics.no_result", **told)])
    shown = list(dict.fromkeys(samples["usubjid"]))
    if asked.view.by == "patient" and len(shown) > PANELS_AT_MOST:
        lines.append(say("kinetics.panels", shown=PANELS_AT_MOST, count=len(shown)))
    if asked.view.by == "group" and int(samples["endpoint"].sum()) > drawing.MANY:
        lines.append(say("kinetics.dense", count=drawing.MANY))
    return [html.P(one, className="quiet") for one in lines]
