"""Cytokines and response: profiles, peaks, and what goes with them."""

from dash import dcc, html

from dashboard.labels import speaker
from dashboard.view import View


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [dcc.Store(id={"view": "cytokines"}, data=request), html.H1(say("shell.page_cytokines"))], className="page"
    )
