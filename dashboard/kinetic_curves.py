"""The curves of the Kinetics screen: the assay of the endpoints, every other series, and what no curve shows."""

from collections.abc import Collection
from html import escape

import pandas as pd
from dash import html

from dashboard.drill import named
from dashboard.excluding import reasons
from dashboard.figures import curves as drawing
from dashboard.figures.curves import Panel, Person, Words, curves
from dashboard.figures.panels import unit_words
from dashboard.figures.samples import Samples
from dashboard.kinetic_marks import marks
from dashboard.kinetic_words import amount, assay, filters
from dashboard.session import Asked, stamp
from dashboard.theme import moved
from data.protocol_measures import Analyte
from pk.planned import planned_days

CURVES, OTHERS = "kinetics-curves", "kinetics-others"  # ids of the two figures
# Of `dashboard.exposures.series`; with all of its columns everything takes twice as long.
READ = [
    "usubjid", "code", "value", "conc", "unit", "limit", "lloq", "signal", "why", "specimen", "visit", "visitnum",
    "time", "rel_day", "dtc", "endpoint", "excluded", "source_file", "source_row",
]  # fmt: skip
PANELS_AT_MOST = 40  # small panels of one patient each; more are too small to read and slow to draw


def main_figure(asked: Asked, samples: pd.DataFrame, shown: dict[str, Person]):
    """The assay of the endpoints: one panel with all patients, or one a patient."""
    view, own = asked.view, on_clock(asked, drawn(asked, samples))
    if own.empty:
        return curves([], shown, words(asked, shown), theme=view.theme, scale=view.scale, days=view.days)
    if view.by == "patient":
        first = list(shown)[:PANELS_AT_MOST]
        each = zip(first, Samples.of(own).of_each(first), strict=True)
        panels = [Panel(_name(shown[one]), rows) for one, rows in each]
        more = {"columns": 4, "row": 150, "alike": True}
    else:
        panels = [Panel(title_of(asked), Samples.of(own))]
        more = {"row": 430, "medians": True, "chosen": view.subject, "marks": marks(asked, shown)}
    figure = curves(panels, shown, words(asked, shown), theme=view.theme, scale=view.scale, days=view.days, **more)
    return moved(figure, view.zoomed(CURVES))


def drawn(asked: Asked, samples: pd.DataFrame) -> pd.DataFrame:
    """The endpoints' samples, by ug of DNA; or their copies by volume, where the reader asks for them."""
    volume = by_volume(asked)
    if asked.view.per == "dna" or volume is None:
        return samples[samples["endpoint"]]
    return samples[(samples["code"] == volume.code) & in_blood(asked, samples["specimen"])]


def by_volume(asked: Asked) -> Analyte | None:
    """The protocol's analyte of copies by volume; None where the endpoints are no copies, or it names none."""
    kinetics = asked.cut.protocol.kinetics
    if kinetics is None or kinetics.table != "kinetics":
        return None
    others = [one for one in asked.cut.protocol.panel("kinetics") if one.code != kinetics.code]
    return next((one for one in others if one.unit.casefold().endswith("/ul")), None)


def on_clock(asked: Asked, own: pd.DataFrame) -> pd.DataFrame:
    """The samples at the time they were taken, or at their planned day: one that has none is not drawn then."""
    if asked.view.clock == "actual":
        return own
    planned = planned_of(asked, own)
    own = own.assign(time=planned["planned"])
    return own[own["time"].notna()].sort_values(["usubjid", "time"], kind="stable")


def planned_of(asked: Asked, own: pd.DataFrame) -> pd.DataFrame:
    """`pk.planned.planned_days`, by the protocol's schedule."""
    visits = {one.visitnum: one.day for one in asked.cut.protocol.visits if one.anchor == "infusion"}
    return planned_days(own, visits)


def title_of(asked: Asked) -> str:
    volume = by_volume(asked)
    if asked.view.per == "volume" and volume:
        return f"{volume.label.in_(asked.view.lang)}, {unit_words(volume.unit)}"
    return f"{assay(asked)}, {unit_words(asked.cut.protocol.kinetics.unit)}"


def _name(person: Person) -> str:
    """The number of a patient over a panel: plotly makes it a link of the figure."""
    look = f'target="_self" style="color:{person.colour}"'
    return f'<a href="{escape(person.href)}" {look}><b>{escape(person.subjid)}</b></a>'


def other_figure(asked: Asked, samples: pd.DataFrame, shown: dict[str, Person]):
    """Every other series of the protocol's list on axes of its own: another test is never the same quantity."""
    view, rest = asked.view, samples[~samples["endpoint"]]
    rest = rest[in_blood(asked, rest["specimen"])]
    rest, panels = on_clock(asked, rest), []
    for one in asked.cut.protocol.panel("kinetics", "flow"):
        own = rest[rest["code"] == one.code]
        if (own["signal"] != "no_result").any():
            panels.append(Panel(f"{one.label.in_(view.lang)}, {unit_words(one.unit)}", Samples.of(own)))
    figure = curves(
        panels, shown, words(asked, shown), theme=view.theme, scale=view.scale, days=view.days, chosen=view.subject,
        columns=min(3, max(1, len(panels))), row=260,
    )  # fmt: skip
    return moved(figure, view.zoomed(OTHERS))


def in_blood(asked: Asked, specimens: pd.Series) -> pd.Series:
    """Whether each specimen is one of the endpoints'; one that is not named is taken for it."""
    kinetics = asked.cut.protocol.kinetics
    if kinetics is None:
        return pd.Series(True, specimens.index)
    wanted = {one.upper() for one in kinetics.specimens}
    return specimens.isna() | specimens.isin([one for one in specimens.dropna().unique() if one.upper() in wanted])


def words(asked: Asked, people: Collection[str]) -> Words:
    say = asked.say
    return Words(
        axis=say("kinetics.axis") if asked.view.clock == "actual" else say("kinetics.axis_planned"),
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
    lines += clock_words(asked, drawn(asked, samples)) + volume_words(asked, samples)
    elsewhere = samples[~in_blood(asked, samples["specimen"]) & samples["conc"].notna()]
    for one in elsewhere[["usubjid", "conc", "unit", "specimen", "rel_day"]].itertuples():
        told = {
            "value": f"{amount(one.conc, one.unit)} {unit_words(one.unit)}",
            "specimen": one.specimen,
            "day": int(one.rel_day),
        }
        lines.append([named(asked, one.usubjid), " ", say("kinetics.elsewhere", **told)])
    unread = samples[samples["endpoint"] & (samples["signal"] == "no_result")]
    for one in unread[["usubjid", "rel_day", "why"]].itertuples():
        told = {"day": int(one.rel_day), "why": say("word.not_recorded") if pd.isna(one.why) else one.why}
        lines.append([named(asked, one.usubjid), " ", say("kinetics.no_result", **told)])
    shown = samples["usubjid"].nunique()
    if asked.view.by == "patient" and shown > PANELS_AT_MOST:
        lines.append(say("kinetics.panels", shown=PANELS_AT_MOST, count=shown))
    if asked.view.by == "group" and int(samples["endpoint"].sum()) > drawing.MANY:
        lines.append(say("kinetics.dense", count=drawing.MANY))
    return [html.P(one, className="quiet") for one in lines]


def clock_words(asked: Asked, own: pd.DataFrame) -> list[str]:
    """By what the planned days are known, and how many samples have none."""
    if asked.view.clock == "actual" or own.empty:
        return []
    known = planned_of(asked, own)["planned_by"].value_counts()
    told = {name: int(known.get(source, 0)) for name, source in (("k", "schedule"), ("named", "name"), ("none", ""))}
    return [asked.say("kinetics.planned_by", n=len(own), **told)]


def volume_words(asked: Asked, samples: pd.DataFrame) -> list:
    """Of whom there are copies by volume, where they are asked for; that there are none, where nobody has any."""
    kinetics, volume = asked.cut.protocol.kinetics, by_volume(asked)
    if volume is None:
        return [asked.say("kinetics.no_volume")] if kinetics and kinetics.table == "kinetics" else []
    own = samples[(samples["code"] == volume.code) & samples["value"].notna()]
    if own.empty:
        return [asked.say("kinetics.no_yield", unit=unit_words(volume.unit))]
    if asked.view.per == "dna":
        return []
    k, n = own["usubjid"].nunique(), samples["usubjid"].nunique()
    return [asked.say("kinetics.yield_of", k=k, n=n, unit=unit_words(kinetics.unit))]
