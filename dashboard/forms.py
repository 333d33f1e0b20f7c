"""The form in which a person says something of what a panel shows, and what it makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from dash import dcc, html

from dashboard.labels import Say


@dataclass(frozen=True)
class Statement:
    """An event on its way to the state."""

    action: str
    usubjid: str
    payload: Mapping[str, object]


class Lacks(ValueError):
    """What the person has to fill in, or do again; a key of the table of labels."""


def field(label: str, entered: dcc.Input | dcc.Textarea, description: str = "") -> html.Label:
    said = [html.Span(description, className="quiet")] if description else []
    return html.Label([html.Span(label), *said, entered], className="field")


def form(say: Say, kind: str, key: str, buttons: Mapping[str, str], reason: str = "") -> html.Div:
    """Who says it and why, and a button for each thing that can be said. buttons: name -> words. key: of what it is
    said, whose reason stays while the page is renewed. reason: what is asked for in the place of "Why"."""
    pressed = [
        html.Button(words, id={"button": name}, className="button", n_clicks=0) for name, words in buttons.items()
    ]
    return html.Div(
        [
            field(say("form.actor"), dcc.Input(id={"field": "actor"}, persistence=True, persistence_type="session"),
                  say("form.typed")),
            field(reason or say("form.reason"),
                  dcc.Textarea(id={"field": "reason"}, persistence=key, persistence_type="memory")),
            html.Div(pressed, className="buttons"),
            html.P(id={"told": kind}, className="alarm-line", role="alert"),
        ],
        className="verdict-form noprint",
    )  # fmt: skip
