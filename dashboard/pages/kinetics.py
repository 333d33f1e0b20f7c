"""Kinetics: how far the cells grew and how long they stayed."""

from dash import dcc, html

from dashboard.labels import speaker
from dashboard.view import View


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [dcc.Store(id={"view": "kinetics"}, data=request), html.H1(say("shell.page_kinetics"))], className="page"
    )
