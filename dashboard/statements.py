"""What a person says in the form of an opened panel is written into the state, and the screen is asked for anew."""

import logging
from typing import NamedTuple

from dash import ALL, Input, Output, State, callback, ctx, no_update

from dashboard import acknowledging, adjudicating, excluding, meeting
from dashboard.drill import Opened
from dashboard.forms import Lacks, Statement
from dashboard.session import Asked, NotUnderstood, the_state
from data.state import Event, EventRefused, StateError

WRITTEN = "written"  # a store of the frame, set by whatever writes into the state: the screen is asked for anew
FORMS = {one.KIND: one.statement for one in (adjudicating, excluding, acknowledging, meeting)}  # by kind of the panel

log = logging.getLogger(__name__)


class _Form(NamedTuple):
    button: str
    actor: str
    reason: str


@callback(
    output={"written": Output(WRITTEN, "data"), "told": Output({"told": ALL}, "children")},
    inputs={"clicks": Input({"button": ALL}, "n_clicks")},
    state={
        "values": State({"field": ALL}, "value"),
        "names": State({"field": ALL}, "id"),
        "stored": State({"panel": ALL}, "data"),
        "told": State({"told": ALL}, "children"),
    },
    prevent_initial_call=True,
)
def say_it(clicks, values, names, stored, told) -> dict:
    if not isinstance(stored, list) or len(stored) != 1:
        raise NotUnderstood("panel")
    asked = Asked.read(stored[0])
    if not ctx.triggered_id or not any(clicks):  # the buttons have come, and nobody has pressed one
        return {"written": no_update, "told": [no_update] * len(told)}
    given = {name["field"]: (value or "").strip() for name, value in zip(names, values, strict=True)}
    form = _Form(ctx.triggered_id["button"], given.get("actor", ""), given.get("reason", ""))
    try:
        event = _append(asked, form)
    except Lacks as lacks:
        return {"written": no_update, "told": [asked.say(str(lacks))] * len(told)}
    except EventRefused as refused:
        return {"written": no_update, "told": [asked.say(f"refused.{refused.code}", **refused.values)] * len(told)}
    except StateError as error:
        log.error("a statement could not be written", exc_info=error)
        return {"written": no_update, "told": [asked.say(f"state.{error.code}", **error.values)] * len(told)}
    return {"written": event.hash, "told": [""] * len(told)}


def _append(asked: Asked, form: _Form) -> Event:
    said = _statement(asked, form)
    try:
        return the_state().append(
            said.action, actor=form.actor, subject=said.usubjid, payload=said.payload, seen=asked.head
        )
    except EventRefused:
        raise
    except ValueError as error:  # a character that no text may hold
        raise Lacks("form.characters") from error


def _statement(asked: Asked, form: _Form) -> Statement:
    kind = Opened.read(asked.view.open).kind
    if kind not in FORMS:
        raise NotUnderstood("open")
    said = FORMS[kind](asked, form.button, form.reason)
    if not form.actor:
        raise Lacks("form.who")
    if not form.reason:
        raise Lacks("form.why")
    return said
