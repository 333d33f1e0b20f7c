"""The form in which a person says something of what a panel shows, and what it makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import dash_mantine_components as dmc
from dash import html

from dashboard.labels import Say


@dataclass(frozen=True)
class Statement:
    """An event on its way to the state."""

    action: str
    usubjid: str
    payload: Mapping[str, object]


class Lacks(ValueError):
    """What the person has to fill in, or do again; a key of the table of labels."""


def form(say: Say, kind: str, key: str, buttons: Mapping[str, str], reason: str = "") -> html.Div:
    """Who says it and why, and a button for each thing that can be said. buttons: name -> words. key: of what it is
    said, whose reason stays while the page is renewed. reason: what is asked for in the place of "Why"."""
    pressed = [
        html.Button(words, id={"button": name}, className="button", n_clicks=0) for name, words in buttons.items()
    ]
    return html.Div(
        [
            dmc.TextInput(id={"field": "actor"}, label=say("form.actor"), description=say("form.typed"),
                          persistence=True, persistence_type="session"),
            dmc.Textarea(id={"field": "reason"}, label=reason or say("form.reason"), minRows=2,
                         persistence=key, persistence_type="memory"),
            html.Div(pressed, className="buttons"),
            html.P(id={"told": kind}, className="alarm-line", role="alert"),
        ],
        className="verdict-form noprint",
    )  # fmt: skip
