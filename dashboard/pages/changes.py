"""Changes: what differs between two cuts, by consequence first, then row by row."""

from enum import StrEnum

from dash import Input, Output, callback, dcc, html

from dashboard.change_lines import against, sections
from dashboard.change_rows import moved_card, rows_card, rows_panel
from dashboard.comparing import Compared, comparison, earlier
from dashboard.drill import Opened
from dashboard.labels import speaker
from dashboard.meeting import KIND as MEETING
from dashboard.meeting import last_before, meeting_panel, way, words
from dashboard.receipts import Listed, cuts
from dashboard.session import Asked, stamp, store
from dashboard.still import Still
from dashboard.view import View
from dashboard.waiting import clock, polled, shown
from data.store import Cut, CutError


class Id(StrEnum):
    WHICH = "changes-which"
    BODY = "changes-body"
    PANEL = "changes-panel"


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [
            dcc.Store(id={"view": "changes"}, data=request),
            dcc.Store(id={"panel": "changes"}, data=opened),
            clock(Id.BODY),
            clock(Id.PANEL),
            html.H1(say("changes.title"), className="visually-hidden"),
            html.Section(id=Id.WHICH, className="card verdict-card"),
            html.Div(id=Id.BODY),
            html.Div(id=Id.PANEL),
        ],
        className="page changes-page",
    )


@callback(Output(Id.WHICH, "children"), Input({"view": "changes"}, "data"), prevent_initial_call=True)
def show_which(stored: object) -> list:
    return which(Asked.read(stored))


def which(asked: Asked) -> list:
    """Which two cuts are compared."""
    try:
        before = earlier(asked)
    except CutError:
        return _which(asked, None)
    alone = [] if before else [html.P(asked.say("changes.only_one"))]
    return [*alone, *_which(asked, before)]


def body(asked: Asked, within: float) -> tuple[object, bool]:
    """What differs, and whether it is all of it."""
    try:
        before = earlier(asked)
    except CutError as error:
        return _unreadable(asked, error), True
    if before is None:
        return [], True
    return shown(comparison(asked, before), asked.say, lambda found: cards(asked, found), within=within)


def panel(asked: Asked, within: float) -> tuple[object, bool]:
    """The rows that are opened, or the committee's meetings. The page itself says why where there is nothing to
    compare."""
    if Opened.read(asked.view.open).kind == MEETING:
        return meeting_panel(asked), True
    try:
        before = earlier(asked) if asked.view.open else None
    except CutError:
        before = None
    if before is None:
        return [], True
    make = lambda found: rows_panel(asked, found, against(asked, found))  # noqa: E731
    return shown(comparison(asked, before), asked.say, make, within=within)


polled(Id.BODY, {"view": "changes"}, body)
polled(Id.PANEL, {"panel": "changes"}, panel)


def _unreadable(asked: Asked, error: CutError) -> html.P:
    return html.P(asked.say("changes.unreadable", why=str(error)), className="alarm-line", role="alert")


# ---- which two -------------------------------------------------------------------------------------------------------
def _which(asked: Asked, before: Cut | None) -> list:
    """The sentence that names both cuts, and the way to another earlier one."""
    say = asked.say
    lines = []
    if before:
        told = {"id": asked.cut.short, "moment": _day(asked.cut), "before": before.short, "then": _day(before)}
        lines.append(html.P(say("changes.which", **told), className="verdict"))
        met = last_before(asked)
        if met and met.cut == before.id:
            lines.append(html.P(say("meeting.against", said=words(asked, met)), className="quiet"))
        if before.published > asked.cut.published:
            lines.append(html.P(say("changes.backwards"), className="later"))
        if before.protocol.hash != asked.cut.protocol.hash:
            hashes = {"was": before.protocol.hash[:7], "now": asked.cut.protocol.hash[:7]}
            lines.append(html.P(say("changes.other_protocol", **hashes), className="later"))
    others = [one for one in cuts(store()) if one.id != asked.cut.id and one.manifest]
    return [*lines, html.P(way(asked)), *([_choice(asked, others, before)] if others else [])]


def _day(cut: Cut) -> str:
    return f"{cut.cutoff:%Y-%m-%d}"


def _choice(asked: Asked, others: list[Listed], before: Cut | None) -> html.Details:
    links = [html.Li(_other(asked, one, before)) for one in others]
    summary = html.Summary(asked.say("changes.choose"))
    return html.Details([summary, html.Ul(links, className="cut-list")], className="noprint choose-cut")


def _other(asked: Asked, one: Listed, before: Cut | None) -> html.A:
    here = {"aria-current": "true"} if before and one.id == before.id else {}
    words = asked.say("shell.cut", day=one.manifest["cutoff"][:10], id=one.id[:7])
    return html.A(words, href=asked.view.change(since=one.id[:12], open="").href, className="cut-choice", **here)


# ---- what differs ----------------------------------------------------------------------------------------------------
def cards(asked: Asked, found: Compared) -> list:
    say, other = asked.say, against(asked, found)
    made = [
        _card(say("changes.consequences"), Still(html.Div(_consequences(asked, found, other))), "consequences"),
        _card(say("changes.rows"), Still(html.Div(rows_card(asked, found, other)))),
    ]
    if len(found.changes.moved):
        made.append(_card(say("changes.moved"), moved_card(asked, found, other)))
    return made


def _card(title: str, inside: object, kind: str = "") -> html.Section:
    return html.Section([html.H2(title), inside], className=f"card {kind}".strip())


def _consequences(asked: Asked, found: Compared, other: str) -> list:
    key = "changes.so_many" if found.consequences else "changes.none"
    summary = html.P(asked.say(key, count=len(found.consequences)), className="summary")
    stamped = any(one.kind == "count" for one in found.consequences[-1:])  # their table is, and stands last
    identity = [] if stamped else [html.Div(stamp(asked, other), className="stamp")]
    return [summary, *sections(asked, found), *identity]
