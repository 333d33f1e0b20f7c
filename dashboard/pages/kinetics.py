"""Kinetics: how far the cells grew in each patient, how long they stayed, and what the dose groups have in common."""

from enum import StrEnum
from functools import lru_cache

from dash import Input, Output, callback, dcc, html

from dashboard import covariates_card, kinetic_curves, proportionality_card
from dashboard.choices import (
    choice,
    chosen_cohort,
    cohort_choice,
    subject_select,
)
from dashboard.exposures import exposures_of, series
from dashboard.figures import proportion
from dashboard.figures.curves import Person
from dashboard.fit_card import fit_card
from dashboard.graphs import graph, keep_zoom, open_points
from dashboard.kinetic_curves import asides, by_volume, main_figure, other_figure
from dashboard.kinetic_groups import groups
from dashboard.kinetic_summary import in_short
from dashboard.kinetic_table import beside_words, columns, rows
from dashboard.kinetic_words import filters
from dashboard.labels import speaker
from dashboard.later import Later, asks_below, below
from dashboard.patient_rows import patient_rows
from dashboard.samples_card import sample_panel, samples_card
from dashboard.session import Asked, stamp
from dashboard.still import Still
from dashboard.tables import export_link
from dashboard.theme import level_colour
from dashboard.view import View
from dashboard.waiting import clock, polled
from data.store import Cut
from queries.subjects import subjects


class Id(StrEnum):
    CHOICES = "kinetics-choices"
    SUMMARY = "kinetics-summary"
    SUBJECT = "kinetics-subject"
    CURVES = kinetic_curves.CURVES
    ASIDE = "kinetics-aside"
    OTHERS = kinetic_curves.OTHERS
    OTHERS_CARD = "kinetics-others-card"
    GROUPS = "kinetics-groups"
    GROUPS_CARD = "kinetics-groups-card"
    ROWS = "kinetics-rows"
    ROWS_CARD = "kinetics-rows-card"
    STAMP = "kinetics-stamp"
    SAMPLES = "kinetics-samples"
    SAMPLES_CARD = "kinetics-samples-card"
    PANEL = "kinetics-panel"
    FIT = "kinetics-model"
    COVARIATES = "kinetics-covariates"
    COVARIATES_HEAD = "kinetics-covariates-head"
    COVARIATES_LEFT_OUT = "kinetics-covariates-left-out"
    POWER = "kinetics-power"
    POWER_CMAX = "kinetics-power-cmax"
    POWER_AREA = "kinetics-power-area"


for _figure in (Id.CURVES, Id.OTHERS):
    keep_zoom(_figure)
for _figure in (Id.CURVES, Id.OTHERS, Id.POWER_CMAX, Id.POWER_AREA, Id.COVARIATES):
    open_points(_figure)
asks_below("kinetics", Id.CURVES, "figure")


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [
            dcc.Store(id={"view": "kinetics"}, data=request),
            dcc.Store(id={"panel": "kinetics"}, data=opened),
            below("kinetics"),
            html.H1(say("kinetics.title"), className="visually-hidden"),
            html.Div(id=Id.CHOICES, className="choices noprint"),
            html.Section(
                [
                    html.Div(
                        [
                            html.Div([html.H2(say("kinetics.curves")), html.P(id=Id.SUMMARY, className="summary")]),
                            html.Div(Still(id=Id.SUBJECT)),
                        ],
                        className="card-head",
                    ),
                    graph(Id.CURVES),
                    html.Div(id=Id.ASIDE),
                ],
                className="card",
            ),
            html.Section(
                [html.H2(say("kinetics.groups")), html.Div(id=Id.GROUPS)], id=Id.GROUPS_CARD, className="card"
            ),
            html.Section(
                [
                    html.H2(say("kinetics.parameters")),
                    html.Div(id=Id.ROWS),
                    html.Div(id=Id.STAMP),
                ],
                id=Id.ROWS_CARD,
                className="card",
            ),
            html.Section(
                [html.H2(say("kinetics.others")), Later(graph(Id.OTHERS), "360px")],
                id=Id.OTHERS_CARD,
                className="card",
            ),
            html.Section([html.H2(say("fit.title")), html.Div(id=Id.FIT)], className="card"),
            clock(Id.FIT),
            html.Section(
                [
                    html.H2(say("power.title")),
                    html.Div(id=Id.POWER),
                    Later(html.Div([graph(Id.POWER_CMAX), graph(Id.POWER_AREA)], className="side-by-side"), "490px"),
                    html.P(say("power.about"), className="quiet"),
                ],
                className="card",
            ),
            html.Section(
                [
                    html.H2(say("covariate.title")),
                    html.Div(id=Id.COVARIATES_HEAD),
                    Later(graph(Id.COVARIATES), "420px"),
                    html.Div(id=Id.COVARIATES_LEFT_OUT),
                ],
                className="card",
            ),
            html.Section(
                [html.H2(say("samples.title")), html.Div(id=Id.SAMPLES)], id=Id.SAMPLES_CARD, className="card"
            ),
            html.Div(id=Id.PANEL),
        ],
        className="page kinetics",
    )


@callback(
    output={
        "choices": Output(Id.CHOICES, "children"),
        "summary": Output(Id.SUMMARY, "children"),
        "subject": Output(Id.SUBJECT, "tree"),
        "figure": Output(Id.CURVES, "figure"),
        "style": Output(Id.CURVES, "style"),
        "aside": Output(Id.ASIDE, "children"),
        "others": Output(Id.OTHERS, "figure"),
        "others_style": Output(Id.OTHERS, "style"),
        "others_hidden": Output(Id.OTHERS_CARD, "hidden"),
        "groups": Output(Id.GROUPS, "children"),
        "groups_hidden": Output(Id.GROUPS_CARD, "hidden"),
        "rows_hidden": Output(Id.ROWS_CARD, "hidden"),
        "rows": Output(Id.ROWS, "children"),
        "stamp": Output(Id.STAMP, "children"),
        "samples": Output(Id.SAMPLES, "children"),
        "samples_hidden": Output(Id.SAMPLES_CARD, "hidden"),
    },
    inputs={"stored": Input({"view": "kinetics"}, "data")},
    prevent_initial_call=True,
)
def show(stored: object) -> dict:
    return answer(Asked.read(stored))


@callback(
    output={
        "power": Output(Id.POWER, "children"),
        "cmax": Output(Id.POWER_CMAX, "figure"),
        "area": Output(Id.POWER_AREA, "figure"),
        "cmax_style": Output(Id.POWER_CMAX, "style"),
        "area_style": Output(Id.POWER_AREA, "style"),
    },
    inputs={"stored": Input({"below": "kinetics"}, "data")},
    prevent_initial_call=True,
)
def show_power(stored: object) -> dict:
    asked = Asked.read(stored)
    found = proportionality_card.exposures(asked)
    drawn = [proportionality_card.figure(asked, one) if one.model.n_used else {} for one in found] or [{}, {}]
    styles = [{"height": proportion.HEIGHT} if one else {"display": "none"} for one in drawn]
    told = {"power": Still(proportionality_card.sentences(asked))}
    return told | dict(zip(("cmax", "area", "cmax_style", "area_style"), (*drawn, *styles), strict=True))


@callback(
    output={
        "head": Output(Id.COVARIATES_HEAD, "children"),
        "figure": Output(Id.COVARIATES, "figure"),
        "style": Output(Id.COVARIATES, "style"),
        "left_out": Output(Id.COVARIATES_LEFT_OUT, "children"),
    },
    inputs={"stored": Input({"below": "kinetics"}, "data")},
    prevent_initial_call=True,
)
def show_covariates(stored: object) -> dict:
    asked = Asked.read(stored)
    has_cells, shown = asked.cut.protocol.kinetics is not None, people(asked)
    drawn = covariates_card.figure(asked, shown) if has_cells else None
    return {
        "head": covariates_card.head(asked),
        "figure": drawn or {},
        "style": {"height": drawn.layout["height"]} if drawn else {"display": "none"},
        "left_out": Still(covariates_card.left_out(asked, shown)) if has_cells else [],
    }


polled(Id.FIT, {"view": "kinetics"}, lambda asked, within: fit_card(asked, people))


@callback(Output(Id.PANEL, "children"), Input({"panel": "kinetics"}, "data"), prevent_initial_call=True)
def show_panel(stored: object) -> list:
    return sample_panel(Asked.read(stored))


def answer(asked: Asked) -> dict:
    """Everything the screen shows: a function of cut, view, and what people wrote."""
    shown = people(asked)
    samples = series(asked.cut, asked.head)[kinetic_curves.READ]
    samples = samples[samples["usubjid"].isin(list(shown))]
    found = exposures_of(asked.cut, asked.head)
    found = found[found["subject"].isin(list(shown))]
    identity = stamp(asked, filters(asked, shown))
    own, others = main_figure(asked, samples, shown), other_figure(asked, samples, shown)
    query = asked.view.change(open="").search
    exports = [
        export_link(f"/export/kinetics.csv?{query}", asked.say),
        html.A(
            asked.say("kinetics.export_pp"), href=f"/export/pp.csv?{query}", className="quiet-link noprint", download=""
        ),
    ]
    return {
        "choices": choices(asked),
        "summary": Still(in_short(asked, samples, found)),
        "subject": subject_select(asked, {usubjid: person.subjid for usubjid, person in shown.items()}),
        "figure": own,
        "style": {"height": own.layout["height"]} if own.data else {"display": "none"},
        "aside": Still([*asides(asked, samples), *([] if own.data else [html.Div(identity, className="stamp")])]),
        "others": others,
        "others_style": {"height": others.layout["height"]} if others.data else {"display": "none"},
        "others_hidden": not others.data,
        "groups": groups(asked, found, {one.cohort for one in shown.values()}, identity),
        "groups_hidden": found.empty,
        "rows_hidden": found.empty,
        "rows": patient_rows("kinetics", columns(asked, found), rows(asked, shown), asked.say),
        "stamp": Still(
            [
                *beside_words(asked, shown),
                html.P(asked.say("kinetics.policy"), className="quiet"),
                html.Div(identity, className="stamp"),
                *exports,
            ]
        ),
        "samples": samples_card(asked, shown),
        "samples_hidden": found.empty,
    }


# ---- who and what is shown -------------------------------------------------------------------------------------------
def people(asked: Asked) -> dict[str, Person]:
    """The infused patients of the chosen cohort, by cohort and infusion."""
    found, view = _people(asked.cut, chosen_cohort(asked)), asked.view
    return {who: Person(subjid, colour, cohort, view.patient(who)) for who, subjid, cohort, colour in found}


@lru_cache(maxsize=64)
def _people(cut: Cut, cohort: str) -> list[tuple[str, str, str, str]]:
    """usubjid, subjid, cohort and its colour."""
    found, levels = subjects(cut), cut.protocol.cohort.levels
    found = found[found["day0"].notna() & found["cohort"].notna()]
    found = found[found["cohort"] == cohort] if cohort else found
    order = {one.id: number for number, one in enumerate(levels)}
    found = found.sort_values(["day0", "usubjid"]).sort_values("cohort", key=lambda ids: ids.map(order), kind="stable")
    colours = {one.id: level_colour(cut.protocol.place(one.id)) for one in levels}
    columns = (found[one].tolist() for one in ("usubjid", "subjid", "cohort"))
    return [(*one, colours[one[-1]]) for one in zip(*columns, strict=True)]


def choices(asked: Asked) -> list:
    say, view = asked.say, asked.view
    infused = subjects(asked.cut)
    present = set(infused.loc[infused["day0"].notna(), "cohort"].dropna())
    named = {
        "by": ("group", "patient"),
        "scale": ("log", "linear"),
        "days": ("28", "90", "all"),
        "clock": ("actual", "planned"),
    }
    named |= {"per": ("dna", "volume")} if by_volume(asked) else {}
    return [
        cohort_choice(asked, present),
        *(
            choice(say(f"kinetics.choose_{name}"), view, name, [(one, say(f"kinetics.{name}_{one}")) for one in values])
            for name, values in named.items()
        ),
    ]
