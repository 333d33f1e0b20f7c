"""Patient: the course on one time axis with every table beside it. Every identifier leads here."""

from enum import StrEnum

import pandas as pd
import plotly.graph_objects as go
from dash import Input, Output, State, callback, dcc, html

from clinical.course import Course
from dashboard import due_card, narrative_card, patient_alerts, patient_sections
from dashboard.courses import course as course_of
from dashboard.courses import others
from dashboard.due_card import due_of
from dashboard.excluding import without
from dashboard.figures.stack import Stack, shown_days, stack
from dashboard.forms import field
from dashboard.grades_said import reported_scales
from dashboard.graphs import graph, keep_zoom
from dashboard.labels import Say, speaker
from dashboard.later import Later
from dashboard.patient_alerts import open_alerts
from dashboard.patient_head import head
from dashboard.patient_latest import crs_icans
from dashboard.patient_reading import reading_column
from dashboard.session import Asked, NotUnderstood, stamp
from dashboard.stack_choices import stack_choices
from dashboard.stack_notes import notes
from dashboard.still import Still, text
from dashboard.theme import moved
from dashboard.view import View
from queries.subjects import subjects


class Id(StrEnum):
    HEAD = "patient-head"
    CHOICES = "patient-choices"
    STACK = "patient-stack"
    STACK_TEXT = "patient-stack-text"
    STACK_NOTES = "patient-stack-notes"
    LATEST = "patient-latest"
    STEPS = "patient-steps"
    EVENTS = "patient-events"
    GIVEN = "patient-given"
    MEASURED = "patient-measured"
    VISITS = "patient-visits"
    NARRATIVE = "patient-narrative"
    PASTED = "patient-narrative-pasted"
    CHECK = "patient-narrative-check"
    CHECKED = "patient-narrative-checked"


keep_zoom(Id.STACK)


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [
            dcc.Store(id={"view": "patient"}, data=request),
            dcc.Store(id={"panel": "patient"}, data=opened),
            html.Div(id=Id.HEAD, className="patient-head"),
            html.Div(
                [
                    html.Section(
                        [
                            html.H2(say("patient.stack"), className="visually-hidden"),
                            html.Div(Still(id=Id.CHOICES), className="choices noprint"),
                            html.P(id=Id.STACK_TEXT, className="summary"),
                            html.Div(
                                [graph(Id.STACK), html.Div(className="cross-hair", hidden=True)],
                                className="stack-figure",
                            ),
                            html.Div(id=Id.STACK_NOTES),
                        ],
                        className="card",
                    ),
                    html.Aside(id=Id.LATEST, className="beside", tabIndex="0", **{"aria-label": say("patient.latest")}),
                ],
                className="stack-columns",
            ),
            *(_card(say(f"patient.{name}"), one) for name, one in _SECTIONS.items()),
            _narrative(say),
        ],
        className="page patient-page",
    )


_SECTIONS = {
    "events": Id.EVENTS,
    "given": Id.GIVEN,
    "measured": Id.MEASURED,
    "visits": Id.VISITS,
    "steps": Id.STEPS,
}


def _card(title: str, name: str) -> html.Section:
    return html.Section([html.H2(title), Later(html.Div(id=name), "240px")], className="card")


def _narrative(say: Say) -> html.Section:
    pasted = [
        field(say("draft.paste"), dcc.Textarea(id=Id.PASTED)),
        html.Button(say("draft.check"), id=Id.CHECK, className="button", n_clicks=0),
        html.Div(id=Id.CHECKED),
    ]
    checked = html.Details([html.Summary(say("draft.check_title")), *pasted], className="noprint")
    return html.Section([html.H2(say("patient.narrative")), html.Div(id=Id.NARRATIVE), checked], className="card")


@callback(
    output={
        "head": Output(Id.HEAD, "children"),
        "choices": Output(Id.CHOICES, "tree"),
        "figure": Output(Id.STACK, "figure"),
        "style": Output(Id.STACK, "style"),
        "text": Output(Id.STACK_TEXT, "children"),
        "notes": Output(Id.STACK_NOTES, "children"),
        "latest": Output(Id.LATEST, "children"),
        "steps": Output(Id.STEPS, "children"),
    },
    inputs={"stored": Input({"view": "patient"}, "data")},
    prevent_initial_call=True,
)
def show(stored: object) -> dict:
    asked = Asked.read(stored)
    course = course_of(asked.cut, asked.view.usubjid, asked.head)
    if course is None:
        return _nobody(asked)
    row, due = course.who, due_of(asked, course)
    alerts, drawn = open_alerts(asked, row["usubjid"]), stacked(asked, course)
    return {
        "head": Still(head(asked, course, subjects(asked.cut), due=due, alerts=alerts)),
        **drawn,
        "latest": Still([*drawn["latest"], due_card.card(asked, course, due), patient_alerts.card(asked, alerts)]),
        "steps": Still(_with_stamp(asked, steps(asked, row))),
    }


@callback(
    output={
        "events": Output(Id.EVENTS, "children"),
        "given": Output(Id.GIVEN, "children"),
        "visits": Output(Id.VISITS, "children"),
    },
    inputs={"stored": Input({"panel": "patient"}, "data")},
    prevent_initial_call=True,
)
def show_rows(stored: object) -> dict:
    """Apart from the figure: they follow the days that the reader moves, of which the figure itself is not drawn
    anew."""
    asked = Asked.read(stored)
    course = course_of(asked.cut, asked.view.usubjid, asked.head)
    if course is None:
        return dict.fromkeys(("events", "given", "visits"), "")
    return {name: getattr(patient_sections, name)(asked, course) for name in ("events", "given", "visits")}


@callback(Output(Id.MEASURED, "children"), Input({"panel": "patient"}, "data"))
def show_measured(stored: object) -> list:
    """Apart from the rest: the longest tables come when the figure has been drawn."""
    asked = Asked.read(stored)
    course = course_of(asked.cut, asked.view.usubjid, asked.head)
    return [] if course is None else patient_sections.measured(asked, course)


@callback(Output(Id.NARRATIVE, "children"), Input({"view": "patient"}, "data"), prevent_initial_call=True)
def show_narrative(stored: object) -> list:
    asked = Asked.read(stored)
    course = course_of(asked.cut, asked.view.usubjid, asked.head)
    return [] if course is None else narrative_card.content(asked, course)


@callback(
    Output(Id.CHECKED, "children"),
    inputs={"clicks": Input(Id.CHECK, "n_clicks")},
    state={"pasted": State(Id.PASTED, "value"), "stored": State({"view": "patient"}, "data")},
    prevent_initial_call=True,
)
def check_draft(clicks: object, pasted: object, stored: object) -> list:
    asked = Asked.read(stored)
    if pasted is not None and not isinstance(pasted, str):
        raise NotUnderstood("draft")
    return narrative_card.check(asked, pasted or "") if clicks else []


def _nobody(asked: Asked) -> dict:
    words = asked.say("patient.unknown", usubjid=asked.view.usubjid, id=asked.cut.short)
    empty = {"choices": text(None)} | dict.fromkeys(("text", "notes", "latest", "steps"), "")
    return {"head": html.H1(words), "figure": go.Figure(), "style": _HIDDEN, **empty}


def _filters(asked: Asked, course: Course) -> str:
    own = without(asked, [course.who["usubjid"]])
    return f"{course.who['subjid']}; {own}" if own else course.who["subjid"]


def _with_stamp(asked: Asked, block: html.Div | html.Dl) -> list:
    return [block, html.Div(stamp(asked), className="stamp")]


# ---- the stack -------------------------------------------------------------------------------------------------------
_HIDDEN = {"display": "none"}


def stacked(asked: Asked, course: Course) -> dict:
    """The figure, what stands over it and beside it, and what it does not hold. Without Day 0 there is no axis, and
    that is said."""
    say, view = asked.say, asked.view
    if course.axis is None:
        empty = {"choices": text(None), "notes": "", "latest": []}
        return {"figure": go.Figure(), "style": _HIDDEN, "text": say("patient.no_axis"), **empty}
    shown = shown_days(course, view.period, say, view.theme, view.lang)
    identity = stamp(asked, _filters(asked, course))
    found = others(asked.cut, course, asked.head)
    beside = found if view.group == "shown" else {}
    drawn = stack(course, shown, view.period, stamp=identity, folded=view.folds, fold=view.folding, others=beside)
    return {
        "choices": text(stack_choices(view, drawn, say, others=bool(found))),
        "figure": moved(drawn.figure, view.zoomed(Id.STACK)),
        "style": {"height": drawn.height},
        "text": summary(course, say),
        "notes": [html.P(one, className="quiet") for one in notes(course, drawn, shown, asked)],
        "latest": latest(asked, course, drawn),
    }


def summary(course: Course, say: Say) -> str:
    scale = reported_scales(course.protocol, say)
    graded = say("patient.scale", scale=scale) if scale else say("patient.no_scale")
    days = {"last": course.axis.day(course.last_entry), "cutoff": course.axis.day(course.cutoff)}
    return f"{say('patient.ends', **days)} {graded}"


# ---- beside the stack ------------------------------------------------------------------------------------------------
def latest(asked: Asked, course: Course, drawn: Stack) -> list[html.Section]:
    told = crs_icans(asked, course)
    cards = [html.Section([html.H2(asked.say("patient.crs_icans")), told], className="card")] if told else []
    return [reading_column(drawn.reads, asked.view, asked.say), *cards]


# ---- dates -----------------------------------------------------------------------------------------------------------
def steps(asked: Asked, row: pd.Series) -> html.Dl:
    """The dates from consent to the last contact; a blank date is said to be one."""
    say = asked.say
    names = [
        "consent",
        "leukapheresis",
        "manufacture_start",
        "manufacture_end",
        "lymphodepletion",
        "day0",
        "last_contact",
        "off_study",
        "death",
    ]
    items = []
    for name in names:
        moment = row[name]
        if pd.isna(moment) and name in ("off_study", "death"):
            continue
        text = say("word.not_in_data") if pd.isna(moment) else f"{moment:%Y-%m-%d}"
        if pd.notna(moment) and pd.notna(row["day0"]):
            text += f" ({say('patient.day', day=(moment.date() - row['day0'].date()).days)})"
        if name == "off_study" and pd.notna(row["off_study_reason"]):
            text += f", {row['off_study_reason']}"
        items.append(html.Div([html.Dt(say(f"patient.step_{name}")), html.Dd(text)]))
    return html.Dl(items, className="steps-list")
