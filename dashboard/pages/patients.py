"""Rounds: every patient from consent on in one list, in the order in which to look. Each row leads to its patient."""

from enum import StrEnum

from dash import Input, Output, callback, dcc, html, no_update

from dashboard import sheets_card
from dashboard.labels import speaker
from dashboard.rounds import found
from dashboard.rounds_table import card, choices
from dashboard.session import Asked
from dashboard.view import View
from dashboard.waiting import clock, polled


class Id(StrEnum):
    CHOICES = "rounds-choices"
    LIST = "rounds-list"
    SHEETS = "rounds-sheets"


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [
            dcc.Store(id={"view": "patients"}, data=request),
            clock(Id.LIST),
            clock(Id.SHEETS),
            html.H1(say("rounds.title"), className="visually-hidden"),
            html.Div(id=Id.CHOICES, className="choices noprint"),
            html.Div(id=Id.SHEETS, className="noprint"),
            html.Section(html.Div(id=Id.LIST), className="card"),
        ],
        className="page rounds-page",
    )


@callback(Output(Id.CHOICES, "children"), Input({"view": "patients"}, "data"), prevent_initial_call=True)
def show_choices(stored: object) -> list:
    return choices(Asked.read(stored))


def listed(asked: Asked, within: float) -> tuple[object, bool]:
    """The list, and whether it is the whole of it. What is known first stays as it stands until all of it is known:
    then the order changes once."""
    told = found(asked, within)
    looks_again = not within
    if looks_again and not told.whole:
        return no_update, False
    return card(asked, told), told.whole


polled(Id.LIST, {"view": "patients"}, listed)
polled(Id.SHEETS, {"view": "patients"}, sheets_card.card)
