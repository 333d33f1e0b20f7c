"""Board: where the dose escalation stands and what the rule says of it; who is in the window, who comes next."""

from enum import StrEnum

import pandas as pd
from dash import Input, Output, callback, dcc, html

from clinical.board import Board, Breach, Rung, Window
from clinical.infusion_rules import NotAllowed
from dashboard.advising import Advised, advised
from dashboard.candidates_card import KIND, candidate_lines, candidate_panel, candidates_card
from dashboard.drill import Opened, linked, listing, mark, named, nothing_opened, opened, panel
from dashboard.figures.runway import Words, height, runway
from dashboard.graphs import graph, keep_zoom, open_points
from dashboard.judged import judged_events
from dashboard.labels import Say, speaker
from dashboard.models_card import models_card
from dashboard.reasons import dlt_words, reason
from dashboard.rule_card import rule_card, tree_card, what_if_card
from dashboard.sentences import Sentences, people, with_links
from dashboard.session import Asked, present, stamp
from dashboard.since_card import since_card
from dashboard.still import Still
from dashboard.tables import count_link, export_link, html_table, level_dot
from dashboard.theme import moved
from dashboard.view import View
from dashboard.waiting import clock, polled
from queries.subjects import subjects


class Id(StrEnum):
    ALARMS = "board-alarms"
    LADDER = "board-ladder"
    PIPELINE = "board-pipeline"
    RUNWAY = "board-runway"
    RUNWAY_TEXT = "board-runway-text"
    RULE = "board-rule"
    IF = "board-if"
    TREE = "board-tree"
    CANDIDATES = "board-candidates"
    MODELS = "board-models"
    SINCE = "board-since"
    BODY = "board-body"
    PANEL = "board-panel"


keep_zoom(Id.RUNWAY)
open_points(Id.RUNWAY)

COUNTS = ("infused", "evaluable", "dlts", "pending", "replaced", "unresolved")
BREACHES_SHOWN = 5  # the latest; all of them open in the panel
REACHED = ("consented", "screen_failed", "leukapheresed", "infused")


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    """Two columns: what is, and what to do about it. On a narrow screen and on paper what to do comes first."""
    say = speaker(view.lang)
    runway = [html.P(id=Id.RUNWAY_TEXT, className="summary"), graph(Id.RUNWAY)]
    what_is = [
        _card(say("board.ladder"), html.Div(id=Id.LADDER), "ladder-card"),
        _card(say("board.runway"), runway, "runway-card"),
        _card(say("rule.ahead"), html.Div(id=Id.TREE), "rule-only"),
        _card(say("models.title"), html.Div(id=Id.MODELS), "rule-only"),
    ]
    what_to_do = [
        _card(say("rule.title"), html.Div(id=Id.RULE), "rule-card rule-only"),
        _card(say("rule.if"), html.Div(id=Id.IF), "rule-only noprint"),
        _card(say("candidates.title"), html.Div(id=Id.CANDIDATES), "rule-only noprint"),
        _card(say("since.title"), html.Div(id=Id.SINCE), "since"),
        _card(say("board.pipeline"), html.Div(id=Id.PIPELINE)),
    ]
    return html.Div(
        [
            dcc.Store(id={"view": "board"}, data=request),
            dcc.Store(id={"panel": "board"}, data=opened),
            clock(Id.SINCE),
            html.H1(say("board.title"), className="visually-hidden"),
            html.Div(id=Id.ALARMS),
            html.Div(
                [html.Div(what_to_do, className="what-to-do"), html.Div(what_is, className="what-is")],
                id=Id.BODY,
                className="decision-columns",
            ),
            html.Div(id=Id.PANEL),
        ],
        className="page board",
    )


def _card(title: str, inside, kind: str = "") -> html.Section:
    parts = inside if isinstance(inside, list) else [inside]
    return html.Section([html.H2(title), *parts], className=f"card {kind}".strip())


@callback(
    output={
        "alarms": Output(Id.ALARMS, "children"),
        "ladder": Output(Id.LADDER, "children"),
        "pipeline": Output(Id.PIPELINE, "children"),
        "figure": Output(Id.RUNWAY, "figure"),
        "style": Output(Id.RUNWAY, "style"),
        "text": Output(Id.RUNWAY_TEXT, "children"),
        "rule": Output(Id.RULE, "children"),
        "if_": Output(Id.IF, "children"),
        "candidates": Output(Id.CANDIDATES, "children"),
        "tree": Output(Id.TREE, "children"),
        "models": Output(Id.MODELS, "children"),
        "columns": Output(Id.BODY, "className"),
    },
    inputs={"stored": Input({"view": "board"}, "data")},
    prevent_initial_call=True,
)
def show(stored: object) -> dict:
    asked = Asked.read(stored)
    found, state = advised(asked), asked.board()
    drawn = windows_drawn(state)
    return {
        "alarms": Still(alarms(asked, state, found)),
        "ladder": ladder(asked, state),
        "pipeline": Still(pipeline(asked, state)),
        "figure": _figure(asked, drawn),
        "style": {"height": height(drawn)} if drawn else {"display": "none"},
        "text": Still(runway_summary(asked, state)),
        "rule": Still(html.Div(rule_card(asked, found))) if found else _no_rule(asked),
        "if_": Still(html.Div(what_if_card(asked, found))) if found else _no_rule(asked),
        "candidates": Still(html.Div(candidates_card(asked, found))) if found else _no_rule(asked),
        "tree": Still(html.Div(tree_card(asked, found))) if found else _no_rule(asked),
        "models": Still(models_card(asked, found)) if found else _no_rule(asked),
        "columns": "decision-columns" if found else "decision-columns without-rule",
    }


def _no_rule(asked: Asked) -> html.P:
    return html.P(asked.say("board.no_levels"), className="empty-words")


@callback(Output(Id.PANEL, "children"), Input({"panel": "board"}, "data"), prevent_initial_call=True)
def show_panel(stored: object) -> list:
    asked = Asked.read(stored)
    return opened_panel(asked, asked.board())


polled(Id.SINCE, {"view": "board"}, lambda asked, within: since_card(asked))


# ---- what must be seen first -----------------------------------------------------------------------------------------
def alarms(asked: Asked, state: Board, found: Advised | None) -> list:
    lines = [html.Div(_breach(one, asked), className="notice alarm", role="alert") for one in state.breaches]
    breaches = found.not_allowed if found else ()
    lines += [
        html.Div(_not_allowed(asked, one), className="notice alarm", role="alert") for one in breaches[-BREACHES_SHOWN:]
    ]
    if len(breaches) > BREACHES_SHOWN:
        words = asked.say("rule.more_breaches", count=len(breaches) - BREACHES_SHOWN)
        more = html.A(words, href=asked.view.change(open=opened("breaches")).href)
        lines.append(html.Div(more, className="notice alarm"))
    for rung in state.rungs:
        if rung.state == "exceeded":
            words = asked.say("board.exceeded", level=rung.level.level, k=len(rung.dlts), n=len(rung.evaluable))
            lines.append(html.Div(words, className="notice alarm", role="alert"))
    return lines


def _not_allowed(asked: Asked, one: NotAllowed) -> list:
    return with_links(asked, one.say(Sentences("breach", asked.say), Sentences("decision", asked.say)))


def breaches_panel(asked: Asked) -> list:
    """Every infusion and lymphodepletion that the rule did not allow on its day."""
    found = advised(asked)
    rows = [[f"{one.on}", _not_allowed(asked, one)] for one in found.not_allowed] if found else []
    if not rows:
        return nothing_opened(asked)
    who = list(dict.fromkeys(one.usubjid for one in found.not_allowed))
    table = listing([asked.say("word.date"), asked.say("rule.breach")], rows, asked.say)
    return [panel(asked, asked.say("rule.breaches_title"), who, [table], subjects(asked.cut))]


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
        html.Span(level.label.in_(asked.view.lang), className="dose"),
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
DRAWN = 60  # windows; of more only those that still matter, and the latest


def windows_drawn(state: Board) -> tuple[Window, ...]:
    """All of them; of a crowd those that are not settled, and the last infused."""
    if len(state.windows) <= DRAWN:
        return state.windows
    last = {one.usubjid for one in sorted(state.windows, key=lambda one: one.infused)[-DRAWN // 2 :]}
    loud = [one for one in state.windows if one.state.blocking or one.usubjid in last]
    return tuple(loud)


def _figure(asked: Asked, drawn: tuple[Window, ...]):
    protocol, say = asked.cut.protocol, asked.say
    today, _ = present(asked.cut)
    levels = {one.id: one.level for one in protocol.dose_levels}
    words = Words(
        cutoff=say("board.cutoff_line", day=f"{asked.cut.cutoff:%Y-%m-%d}"),
        today=say("board.today_line", day=f"{today}"),
        axis=say("board.runway_axis", days=protocol.dlt.window_days if protocol.dlt else 0) if drawn else "",
        stamp=stamp(asked),
        level={one.id: say("board.level_n", level=one.level) for one in protocol.dose_levels},
        reason=lambda one: reason(one, say, asked.view.lang),
        link=asked.view.patient,
    )
    figure = runway(drawn, levels, asked.cut.cutoff, today, words, theme=asked.view.theme)
    return moved(figure, asked.view.zoomed(Id.RUNWAY))


def runway_summary(asked: Asked, state: Board) -> list:
    return [*_in_short(asked, state), *_left_out(asked, state)]


def _in_short(asked: Asked, state: Board) -> list:
    say = asked.say
    if not state.windows:
        return [say("board.runway_none") if asked.cut.protocol.dlt else say("board.runway_no_dlt")]
    running = [one for one in state.windows if one.state.blocking]
    if not running:
        return [say("board.runway_all_done", n=len(state.windows))]
    last = max(running, key=lambda one: one.ends)
    who = ", ".join(mark(one.usubjid) for one in running)
    told = {"n": len(state.windows), "running": len(running), "until": f"{last.ends}", "last": mark(last.usubjid)}
    return linked(asked, say("board.runway_summary", who=who, **told))


def _left_out(asked: Asked, state: Board) -> list:
    drawn = len(windows_drawn(state))
    return (
        [" ", asked.say("board.runway_drawn", drawn=drawn, n=len(state.windows))] if drawn < len(state.windows) else []
    )


# ---- the panel behind a count ----------------------------------------------------------------------------------------
def opened_panel(asked: Asked, state: Board) -> list:
    what = Opened.read(asked.view.open)
    if what.kind in ("pause", "pauses"):
        return pause_panel(asked, what)
    if what.kind == KIND:
        return candidate_panel(asked)
    if what.kind == "breaches":
        return breaches_panel(asked)
    found = _people(what, state)
    if found is None:
        return nothing_opened(asked)
    title, people = _title(asked, what), list(found)
    everyone = subjects(asked.cut)
    rows: list = [_subject_rows(asked, state, everyone, people)]
    if what.parts[-1] in ("dlts", "unresolved"):  # what decides is shown, not only who
        rows += [html.H3(asked.say("board.their_events")), _event_rows(asked, state, people)]
        rows.append(Still(candidate_lines(asked, state, people)))
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


def pause_panel(asked: Asked, what: Opened) -> list:
    """Every pause rule, or one of them, with its patients and the rows it rests on."""
    say, found = asked.say, advised(asked)
    rules = [one for one in found.pauses if what.parts[1:] in ((), (one.rule.id,))] if found else []
    if not rules:
        return nothing_opened(asked)
    patients = list(dict.fromkeys(who for one in rules for who in (*one.patients, *one.unclear)))
    told = [
        [one.rule.text.in_(asked.view.lang), say(f"rule.pause_{one.state}"), f"{len(one.patients)}/{one.rule.subjects}",
         people(asked, (*one.patients, *one.unclear))]
        for one in rules
    ]  # fmt: skip
    head = [say(f"rule.{one}") for one in ("pause_rule", "pause_state", "pause_counted")] + [say("word.patient")]
    reports = {(row.usubjid, row.aeseq) for one in rules for row in one.reports}
    events = [html.H3(say("board.their_events")), _rows_of(asked, reports)] if reports else []
    return [panel(asked, say("rule.pauses_title"), patients, [listing(head, told, say), *events], subjects(asked.cut))]


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
                reason(window, say, asked.view.lang) if window else (say(f"board.step_{_where(state, row.Index)}")),
            ]
        )
    return listing([say("word.patient"), say("word.infused"), say("word.dose_received"), say("board.state")], rows, say)


def _where(state: Board, usubjid: str) -> str:
    waiting = [name for name, people in state.pipeline.now.items() if usubjid in people]
    if waiting:
        return waiting[0]
    return "infused" if usubjid in state.pipeline.infused else "screen_failed"


def _event_rows(asked: Asked, state: Board, people: list[str]) -> html.Div:
    """The events that are a DLT, or may be one."""
    events = judged_events(asked.cut, asked.head)
    behind = {(who, row.aeseq) for who in people for row in _window_events(state.window(who))}
    flagged = events[events["usubjid"].isin(people) & (events["aedlt"] == "Y")]
    return _rows_of(asked, behind | set(zip(flagged["usubjid"], flagged["aeseq"], strict=True)))


def _window_events(window: Window) -> tuple:
    return (*window.dlts, *window.candidates)


def _rows_of(asked: Asked, wanted: set[tuple[str, float]]) -> html.Div:
    say, events, rows = asked.say, judged_events(asked.cut, asked.head), []
    for row in events[events["usubjid"].isin({who for who, _ in wanted})].itertuples():
        if (row.usubjid, row.aeseq) not in wanted:
            continue
        grade = say("word.not_recorded") if pd.isna(row.aetoxgr) else str(row.aetoxgr)
        flag = dlt_words(row.aedlt, say) or say("word.not_adjudicated")
        source = f"{row.source_file} {row.source_row}"
        rows.append([named(asked, row.usubjid), row.aeterm, grade, row.aestdtc, flag, source])
    head = ["patient", "event", "grade", "onset", "dlt", "source"]
    return listing([say(f"word.{one}") for one in head], rows, say)


def _query(view: View) -> str:
    return "?" + view.change(open="").search
