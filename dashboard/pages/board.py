"""Board: where the dose escalation stands. The ladder, who is still in the window, who is on the way to an infusion."""

from datetime import datetime
from enum import StrEnum

import pandas as pd
from dash import Input, Output, callback, dcc, html

from clinical.board import Board, Breach, Rung
from dashboard.drill import Opened, linked, listing, mark, named, nothing_opened, opened, panel
from dashboard.figures.runway import Words, height, runway
from dashboard.graphs import graph, keep_zoom, open_points
from dashboard.labels import Say, speaker
from dashboard.reasons import reason
from dashboard.session import Asked, stamp
from dashboard.tables import count_link, export_link, html_table, level_dot
from dashboard.theme import moved
from dashboard.view import View
from queries.adverse_events import adverse_events
from queries.subjects import subjects


class Id(StrEnum):
    ALARMS = "board-alarms"
    LADDER = "board-ladder"
    PIPELINE = "board-pipeline"
    RUNWAY = "board-runway"
    RUNWAY_TEXT = "board-runway-text"
    PANEL = "board-panel"


keep_zoom(Id.RUNWAY)
open_points(Id.RUNWAY)

COUNTS = ("infused", "evaluable", "dlts", "pending", "replaced", "unresolved")
REACHED = ("consented", "screen_failed", "leukapheresed", "infused")


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [
            dcc.Store(id={"view": "board"}, data=request),
            dcc.Store(id={"panel": "board"}, data=opened),
            html.H1(say("board.title"), className="visually-hidden"),
            html.Div(id=Id.ALARMS),
            html.Div(
                [
                    html.Section([html.H2(say("board.ladder")), html.Div(id=Id.LADDER)], className="card wide"),
                    html.Section([html.H2(say("board.pipeline")), html.Div(id=Id.PIPELINE)], className="card"),
                ],
                className="columns",
            ),
            html.Section(
                [
                    html.H2(say("board.runway")),
                    html.P(id=Id.RUNWAY_TEXT, className="summary"),
                    graph(Id.RUNWAY),
                ],
                className="card",
            ),
            html.Div(id=Id.PANEL),
        ],
        className="page board",
    )


@callback(
    output={
        "alarms": Output(Id.ALARMS, "children"),
        "ladder": Output(Id.LADDER, "children"),
        "pipeline": Output(Id.PIPELINE, "children"),
        "figure": Output(Id.RUNWAY, "figure"),
        "style": Output(Id.RUNWAY, "style"),
        "text": Output(Id.RUNWAY_TEXT, "children"),
    },
    inputs={"stored": Input({"view": "board"}, "data")},
    prevent_initial_call=True,
)
def show(stored: object) -> dict:
    asked = Asked.read(stored)
    state = asked.board()
    return {
        "alarms": alarms(asked, state),
        "ladder": ladder(asked, state),
        "pipeline": pipeline(asked, state),
        "figure": _figure(asked, state),
        "style": {"height": height(state.windows)} if state.windows else {"display": "none"},
        "text": runway_summary(asked, state),
    }


@callback(Output(Id.PANEL, "children"), Input({"panel": "board"}, "data"), prevent_initial_call=True)
def show_panel(stored: object) -> list:
    asked = Asked.read(stored)
    return opened_panel(asked, asked.board())


# ---- what must be seen first -----------------------------------------------------------------------------------------
def alarms(asked: Asked, state: Board) -> list:
    lines = [html.Div(_breach(one, asked), className="notice alarm", role="alert") for one in state.breaches]
    for rung in state.rungs:
        if rung.state == "exceeded":
            words = asked.say("board.exceeded", level=rung.level.level, k=len(rung.dlts), n=len(rung.evaluable))
            lines.append(html.Div(words, className="notice alarm", role="alert"))
    return lines


def _breach(one: Breach, asked: Asked) -> list:
    level = asked.cut.protocol.level(one.cohort).level
    words = asked.say(
        f"board.breach_{one.kind}", level=level, who=mark(one.usubjid), after=mark(one.after),
        days=one.days, minimum=one.minimum, percent=one.percent,
    )  # fmt: skip
    return linked(asked, words)


# ---- the ladder ------------------------------------------------------------------------------------------------------
def ladder(asked: Asked, state: Board) -> html.Div | html.P:
    say = asked.say
    if not state.rungs:
        return html.P(say("board.no_levels"), className="empty-words")
    head = [say(f"board.{name}") for name in ("level", "planned", *COUNTS, "interval", "state")]
    rows = [_rung(asked, rung) for rung in state.rungs]
    table = html_table(head, rows, caption=ladder_summary(say, state), stamp=stamp(asked), name="ladder")
    return html.Div([table, export_link(f"/export/ladder.csv{_query(asked.view)}", say)])


def _rung(asked: Asked, rung: Rung) -> list:
    say, level = asked.say, rung.level
    name = [
        level_dot(level.level),
        html.Span(say("board.level_n", level=level.level), className="level"),
        level.label.in_(asked.view.lang),
    ]
    if level.assumed:
        name.append(html.Span(f" {say('word.assumed')}", className="assumed"))
    cells = []
    for column in COUNTS:
        people = getattr(rung, column)
        text = f"{len(people)}/{len(rung.evaluable)}" if column == "dlts" else str(len(people))
        label = say("board.opens", what=say(f"board.{column}"), level=level.level)
        href = asked.view.change(open=opened("ladder", level.id, column)).href
        cells.append(count_link(text, href, len(people), label))
    low, high = rung.interval
    interval = say("board.no_evaluable") if low != low else f"{100 * low:.0f}–{100 * high:.0f} %"
    badge = html.Span(say(f"board.state_{rung.state}"), className=f"badge {rung.state}")
    return [name, str(rung.planned), *cells, interval, badge]


def ladder_summary(say: Say, state: Board) -> str:
    parts = []
    for one in state.rungs:
        if one.infused:
            words = say(f"board.state_{one.state}")
            parts.append(
                say("board.ladder_part", level=one.level.level, k=len(one.dlts), n=len(one.evaluable), state=words)
            )
    return say("board.ladder_summary", parts="; ".join(parts)) if parts else say("board.ladder_none")


# ---- the way to an infusion ------------------------------------------------------------------------------------------
def pipeline(asked: Asked, state: Board) -> list:
    say, flow = asked.say, state.pipeline
    known = {"leukapheresed": flow.collection_is_recorded}
    reached = [_step(asked, name, getattr(flow, name), known.get(name, True)) for name in REACHED]
    waiting = [
        _step(asked, name, people)
        for name, people in flow.now.items()
        if people or name in ("in_manufacture", "released", "lymphodepleting")
    ]
    days = say("board.no_vein_to_vein")
    if flow.vein_to_vein:
        spread = {"low": min(flow.vein_to_vein), "high": max(flow.vein_to_vein), "n": len(flow.vein_to_vein)}
        days = say("board.vein_to_vein", median=f"{flow.median_days:g}", **spread)
    return [
        html.P(
            say("board.pipeline_summary", consented=len(flow.consented), infused=len(flow.infused)), className="summary"
        ),
        html.Div(
            [
                html.Div([html.H3(say("board.so_far")), html.Ul(reached, className="steps")]),
                html.Div([html.H3(say("board.now")), html.Ul(waiting, className="steps")]),
            ],
            className="halves",
        ),
        html.P(days, className="quiet"),
        html.Div(stamp(asked), className="stamp"),
    ]


def _step(asked: Asked, name: str, people: tuple[str, ...], known: bool = True) -> html.Li:
    words = asked.say(f"board.step_{name}")
    if not known:
        return html.Li([html.Span(words), html.Span(asked.say("word.not_recorded"), className="quiet")])
    href = asked.view.change(open=opened("pipeline", name)).href
    return html.Li([html.Span(words), count_link(str(len(people)), href, len(people), words)])


# ---- the runway ------------------------------------------------------------------------------------------------------
def _figure(asked: Asked, state: Board):
    protocol, say = asked.cut.protocol, asked.say
    today = datetime.now(protocol.trial.zone).date()
    levels = {one.id: one.level for one in protocol.dose_levels}
    words = Words(
        cutoff=say("board.cutoff_line", day=f"{asked.cut.cutoff:%Y-%m-%d}"),
        today=say("board.today_line", day=f"{today}"),
        axis=say("board.runway_axis", days=protocol.dlt.window_days if protocol.dlt else 0) if state.windows else "",
        stamp=stamp(asked),
        level={one.id: say("board.level_n", level=one.level) for one in protocol.dose_levels},
        reason=lambda one: reason(one, say),
        link=asked.view.patient,
    )
    figure = runway(state.windows, levels, asked.cut.cutoff, today, words, theme=asked.view.theme)
    return moved(figure, asked.view.zoomed(Id.RUNWAY))


def runway_summary(asked: Asked, state: Board) -> list:
    say = asked.say
    if not state.windows:
        return [say("board.runway_none")]
    running = [one for one in state.windows if one.state.blocking]
    if not running:
        return [say("board.runway_all_done", n=len(state.windows))]
    last = max(running, key=lambda one: one.ends)
    who = ", ".join(mark(one.usubjid) for one in running)
    told = {"n": len(state.windows), "running": len(running), "until": f"{last.ends}", "last": mark(last.usubjid)}
    return linked(asked, say("board.runway_summary", who=who, **told))


# ---- the panel behind a count ----------------------------------------------------------------------------------------
def opened_panel(asked: Asked, state: Board) -> list:
    what = Opened.read(asked.view.open)
    found = _people(what, state)
    if found is None:
        return nothing_opened(asked)
    title, people = _title(asked, what), list(found)
    everyone = subjects(asked.cut)
    rows: list = [_subject_rows(asked, state, everyone, people)]
    if what.parts[-1] in ("dlts", "unresolved"):  # what decides is shown, not only who
        rows += [html.H3(asked.say("board.their_events")), _event_rows(asked, state, people)]
    return [panel(asked, title, people, rows, everyone)]


def _people(what: Opened, state: Board) -> tuple[str, ...] | None:
    """The patients of an opened count; None where the address names no count of this screen."""
    match what.parts:
        case ("ladder", level, column) if column in COUNTS:
            return next((getattr(one, column) for one in state.rungs if one.level.id == level), None)
        case ("pipeline", name) if name in REACHED:
            return getattr(state.pipeline, name)
        case ("pipeline", name):
            return state.pipeline.now.get(name)
    return None


def _title(asked: Asked, what: Opened) -> str:
    if what.kind == "pipeline":
        return asked.say(f"board.step_{what.parts[1]}")
    _, level, column = what.parts
    return asked.say("board.opens", what=asked.say(f"board.{column}"), level=asked.cut.protocol.level(level).level)


def _subject_rows(asked: Asked, state: Board, everyone: pd.DataFrame, people: list[str]) -> html.Div:
    say, rows = asked.say, []
    for row in everyone.set_index("usubjid").loc[people].itertuples():
        window = state.window(row.Index)
        percent = say("word.not_recorded") if pd.isna(row.dose_fraction) else f"{100 * row.dose_fraction:.0f} %"
        infused = say("word.not_infused") if pd.isna(row.day0) else f"{row.day0:%Y-%m-%d}"
        rows.append(
            [
                named(asked, row.Index),
                infused,
                "" if pd.isna(row.day0) else percent,
                reason(window, say) if window else (say(f"board.step_{_where(state, row.Index)}")),
            ]
        )
    return listing([say("word.patient"), say("word.infused"), say("word.dose_received"), say("board.state")], rows, say)


def _where(state: Board, usubjid: str) -> str:
    waiting = [name for name, people in state.pipeline.now.items() if usubjid in people]
    if waiting:
        return waiting[0]
    return "infused" if usubjid in state.pipeline.infused else "screen_failed"


def _event_rows(asked: Asked, state: Board, people: list[str]) -> html.Div:
    say, events = asked.say, adverse_events(asked.cut)
    rows = []
    for usubjid in people:
        window = state.window(usubjid)
        behind = {one.aeseq for one in (*window.dlts, *window.candidates)}
        own = events[(events["usubjid"] == usubjid) & (events["aeseq"].isin(behind) | (events["aedlt"] == "Y"))]
        for row in own.itertuples():
            grade = say("word.not_recorded") if pd.isna(row.aetoxgr) else str(row.aetoxgr)
            flag = {"Y": say("word.dlt"), "N": say("word.no_dlt")}.get(row.aedlt, say("word.not_adjudicated"))
            source = f"{row.source_file} {row.source_row}"
            rows.append([named(asked, usubjid), row.aeterm, grade, row.aestdtc, flag, source])
    head = ["patient", "event", "grade", "onset", "dlt", "source"]
    return listing([say(f"word.{one}") for one in head], rows, say)


def _query(view: View) -> str:
    return "?" + view.change(open="").href.partition("?")[2]
