"""The committee's meetings: on which cut the last one was, and the panel in which a person records one or takes it
back."""

from collections.abc import Iterator

import pandas as pd
from dash import html

from clinical.meetings import COMMITTEE, Meeting, meetings
from dashboard.drill import opened, panel
from dashboard.forms import Lacks, Statement, form
from dashboard.session import Asked, NotUnderstood, store
from dashboard.still import Still

KIND = "meeting"  # of an opened panel


def held(asked: Asked) -> tuple[Meeting, ...]:
    """As far as the cut that is looked at tells."""
    return meetings(asked.written(), asked.cut.cutoff)


def last_before(asked: Asked) -> Meeting | None:
    """The last meeting on a cut that was published before the one that is looked at."""
    cuts = store().ids()
    not_before = cuts[cuts.index(asked.cut.id) :]
    return next((one for one in reversed(held(asked)) if one.cut not in not_before), None)


def statement(asked: Asked, button: str, reason: str) -> Statement:
    """What a button of the form says. Lacks where there is no meeting to take back."""
    if button == "met":
        cut = {"cut": asked.cut.id, "cutoff": asked.cut.cutoff.isoformat()}
        return Statement("committee.met", COMMITTEE, {"reason": reason, **cut})
    if button != "struck":
        raise NotUnderstood("button")
    mine = _on_this_cut(asked)
    if mine is None:
        raise Lacks("meeting.gone")
    return Statement("committee.struck", COMMITTEE, {"event": mine.event, "reason": reason})


def _on_this_cut(asked: Asked) -> Meeting | None:
    return next((one for one in held(asked) if one.cut == asked.cut.id), None)


def words(asked: Asked, one: Meeting) -> str:
    told = {"number": one.event, "actor": one.actor, "at": f"{one.at:%Y-%m-%d %H:%M} UTC", "cut": one.cut[:7]}
    return asked.say("meeting.held", note=one.note, **told)


def way(asked: Asked) -> html.A:
    """The link to the panel."""
    say = asked.say
    said = say("meeting.see") if held(asked) else say("meeting.record")
    return html.A(said, href=asked.view.change(open=opened(KIND)).href, className="judge noprint")


def meeting_panel(asked: Asked) -> list:
    say, mine = asked.say, _on_this_cut(asked)
    buttons = (
        {"struck": say("meeting.strike", number=mine.event)}
        if mine
        else {"met": say("meeting.met", id=asked.cut.short, moment=f"{asked.cut.cutoff:%Y-%m-%d}")}
    )
    parts = [
        html.P(say("meeting.about"), className="quiet"),
        Still(html.Div(list(_history(asked)))),
        form(say, KIND, asked.cut.id, buttons, reason=say("form.reason") if mine else say("meeting.note")),
    ]
    return [panel(asked, say("meeting.title"), None, parts, pd.DataFrame())]


def _history(asked: Asked) -> Iterator[html.P]:
    found = held(asked)
    if not found:
        yield html.P(asked.say("meeting.none"), className="quiet")
    for one in found:
        yield html.P(words(asked, one))
