"""Grading: toxicity as reported against what measurements say by each scale, every count open to its patients."""

from enum import StrEnum

from dash import Input, Output, callback, dcc, html

from dashboard.acknowledging import KIND as FLAG
from dashboard.alerting import alerts_of, first_seen
from dashboard.drill import Opened
from dashboard.figures.scatter import HEIGHT
from dashboard.grading_alerts import alerts_card
from dashboard.grading_icaht import icaht, icaht_card
from dashboard.grading_iec_hs import iec_hs_card, iec_hs_panel
from dashboard.grading_lab_matrix import KIND as LAB
from dashboard.grading_lab_matrix import lab_card, lab_panel
from dashboard.grading_labs import labs, labs_card
from dashboard.grading_liver import liver_figure, liver_style, liver_words
from dashboard.grading_matrix import toxicity_card, toxicity_panel
from dashboard.grading_screening import screened
from dashboard.grading_toxicity import toxicities
from dashboard.graphs import graph, keep_zoom, open_points
from dashboard.labels import speaker
from dashboard.later import Later, asks_below, below
from dashboard.session import Asked
from dashboard.still import Still
from dashboard.theme import moved
from dashboard.view import View
from dashboard.waiting import clock, polled, shown


class Id(StrEnum):
    ALERTS = "grading-alerts"
    TOXICITY = "grading-toxicity"
    ICAHT = "grading-icaht"
    IEC_HS = "grading-iec-hs"
    LABS = "grading-labs"
    LIVER = "grading-liver"
    EDISH = "grading-edish"
    PANEL = "grading-panel"


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [
            dcc.Store(id={"view": "grading"}, data=request),
            dcc.Store(id={"panel": "grading"}, data=opened),
            below("grading"),
            clock(Id.ALERTS),
            clock(Id.TOXICITY),
            clock(Id.ICAHT),
            clock(Id.IEC_HS),
            clock(Id.LABS),
            clock(Id.PANEL),
            html.H1(say("grading.title"), className="visually-hidden"),
            html.Div(id=Id.ALERTS),
            html.Div(id=Id.TOXICITY),
            html.Div(id=Id.IEC_HS),
            html.Div(id=Id.ICAHT),
            html.Div(id=Id.LABS),
            html.Section(
                [
                    html.H2(say("grading.liver")),
                    html.Div(id=Id.LIVER),
                    Later(graph(Id.EDISH, responsive=True, style={"height": f"{HEIGHT}px"}), height=f"{HEIGHT}px"),
                ],
                className="card",
            ),
            html.Div(id=Id.PANEL),
        ],
        className="page grading-page",
    )


def alerted(asked: Asked, within: float) -> tuple[object, bool]:
    """The alerts and the cuts they were first seen in, and whether it is all of it."""
    made = lambda seen: Still(alerts_card(asked, alerts_of(asked.cut), seen))  # noqa: E731
    return shown(first_seen(asked.cut), asked.say, made, within=within)


def toxicity(asked: Asked, within: float) -> tuple[object, bool]:
    """CRS and ICANS, and whether it is all of it."""
    return shown(toxicities(asked.cut), asked.say, lambda found: Still(toxicity_card(asked, found)), within=within)


def hyperinflammation(asked: Asked, within: float) -> tuple[object, bool]:
    """The screening for IEC-HS, and whether it is all of it."""
    return shown(screened(asked.cut), asked.say, lambda found: Still(iec_hs_card(asked, found)), within=within)


def neutropenia(asked: Asked, within: float) -> tuple[object, bool]:
    """ICAHT, and whether it is all of it."""
    return shown(icaht(asked.cut), asked.say, lambda found: Still(icaht_card(asked, found)), within=within)


def laboratory(asked: Asked, within: float) -> tuple[object, bool]:
    """Reported against derived by term, and what may be unreported; and whether it is all of it."""
    made = lambda found: Still([lab_card(asked, found), labs_card(asked, found)])  # noqa: E731
    return shown(labs(asked.cut), asked.say, made, within=within)


def panel(asked: Asked, within: float) -> tuple[object, bool]:
    """What is opened, and whether it is all of it."""
    if not asked.view.open:
        return [], True
    kind = Opened.read(asked.view.open).kind
    if kind == FLAG:
        return shown(screened(asked.cut), asked.say, lambda found: iec_hs_panel(asked), within=within)
    if kind == LAB:
        return shown(labs(asked.cut), asked.say, lambda found: lab_panel(asked, found), within=within)
    return shown(toxicities(asked.cut), asked.say, lambda found: toxicity_panel(asked, found), within=within)


@callback(
    output={
        "words": Output(Id.LIVER, "children"),
        "figure": Output(Id.EDISH, "figure"),
        "style": Output(Id.EDISH, "style"),
    },
    inputs={"stored": Input({"below": "grading"}, "data")},
    prevent_initial_call=True,
)
def liver(stored: object) -> dict:
    asked = Asked.read(stored)
    figure = moved(liver_figure(asked), asked.view.zoomed(Id.EDISH))
    return {"words": liver_words(asked), "figure": figure, "style": liver_style(asked)}


asks_below("grading", Id.ALERTS, "children")
keep_zoom(Id.EDISH)
open_points(Id.EDISH)
polled(Id.ALERTS, {"view": "grading"}, alerted)
polled(Id.TOXICITY, {"view": "grading"}, toxicity)
polled(Id.IEC_HS, {"below": "grading"}, hyperinflammation)
polled(Id.ICAHT, {"below": "grading"}, neutropenia)
polled(Id.LABS, {"below": "grading"}, laboratory)
polled(Id.PANEL, {"panel": "grading"}, panel)
