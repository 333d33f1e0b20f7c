"""A verdict on a DLT candidate is written into the state, and the screen is asked for anew."""

import logging

from dash import ALL, Input, Output, State, callback, ctx, no_update

from clinical.candidates import Candidate
from dashboard.candidates_card import find, verdicts
from dashboard.session import Asked, NotUnderstood, the_state
from data.state import Event, EventRefused, StateError

WRITTEN = "written"  # a store of the frame, set by whatever writes into the state: the screen is asked for anew
VERDICTS = {"dlt": True, "no_dlt": False}  # button -> whether a DLT

log = logging.getLogger(__name__)


@callback(
    output={"written": Output(WRITTEN, "data"), "told": Output({"told": ALL}, "children")},
    inputs={"clicks": Input({"button": ALL}, "n_clicks")},
    state={
        "values": State({"field": ALL}, "value"),
        "names": State({"field": ALL}, "id"),
        "stored": State({"panel": "board"}, "data"),
        "told": State({"told": ALL}, "children"),
    },
    prevent_initial_call=True,
)
def say_it(clicks, values, names, stored, told) -> dict:
    asked = Asked.read(stored)
    if not ctx.triggered_id or not any(clicks):  # the buttons have come, and nobody has pressed one
        return {"written": no_update, "told": [no_update] * len(told)}
    given = {name["field"]: (value or "").strip() for name, value in zip(names, values, strict=True)}
    try:
        event = _append(asked, ctx.triggered_id["button"], given.get("actor", ""), given.get("reason", ""))
    except _Missing as missing:
        return {"written": no_update, "told": [asked.say(f"candidates.{missing}")] * len(told)}
    except EventRefused as refused:
        return {"written": no_update, "told": [asked.say(f"refused.{refused.code}", **refused.values)] * len(told)}
    except StateError as error:
        log.error("a verdict could not be written", exc_info=error)
        return {"written": no_update, "told": [asked.say(f"state.{error.code}", **error.values)] * len(told)}
    return {"written": event.hash, "told": [""] * len(told)}


class _Missing(ValueError):
    """What the person has to fill in, or do again; a key of [candidates] in the table of labels."""


def _append(asked: Asked, button: str, actor: str, reason: str) -> Event:
    one = find(asked)
    if one is None:
        raise _Missing("gone")
    if not actor:
        raise _Missing("who")
    if not reason:
        raise _Missing("why")
    action, payload = _statement(asked, one, button, reason)
    try:
        return the_state().append(action, actor=actor, subject=one.usubjid, payload=payload, seen=asked.head)
    except EventRefused:
        raise
    except ValueError as error:  # a character that no text may hold
        raise _Missing("characters") from error


def _statement(asked: Asked, one: Candidate, button: str, reason: str) -> tuple[str, dict]:
    if button == "withdraw":
        holds = verdicts(asked, one).holds
        if holds is None:
            raise _Missing("gone")
        return "dlt.withdrawn", {"event": holds.event, "reason": reason}
    if button not in VERDICTS:
        raise NotUnderstood("button")
    return "dlt.adjudicated", {
        "candidate": one.key,
        "clause": one.clause,
        "term": one.term,
        "grade": one.grade,
        "dlt": VERDICTS[button],
        "reason": reason,
        "cut": asked.cut.id,
        "cutoff": asked.cut.cutoff.isoformat(),
        "onset": one.onset and "/".join(day.isoformat() for day in one.onset),
        "verdict": one.verdict,
        "code": one.code,
        "causality": one.causality,
        "rows": len(one.evidence),
    }
