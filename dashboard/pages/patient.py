"""Patient: who this is, how far the treatment has come, adverse events, visits. Every identifier leads here."""

from enum import StrEnum

import pandas as pd
from dash import Input, Output, callback, dcc, html

from dashboard.drill import listing
from dashboard.labels import Say, speaker
from dashboard.reasons import reason
from dashboard.session import Asked, stamp
from dashboard.tables import level_dot
from dashboard.view import View
from queries.adverse_events import adverse_events
from queries.subjects import subjects
from queries.visits import visits


class Id(StrEnum):
    HEAD = "patient-head"
    EVENTS = "patient-events"
    VISITS = "patient-visits"
    STEPS = "patient-steps"


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [
            dcc.Store(id={"view": "patient"}, data=request),
            html.Div(id=Id.HEAD, className="patient-head"),
            html.Section([html.H2(say("patient.steps")), html.Div(id=Id.STEPS)], className="card"),
            html.Section([html.H2(say("patient.events")), html.Div(id=Id.EVENTS)], className="card"),
            html.Section([html.H2(say("patient.visits")), html.Div(id=Id.VISITS)], className="card"),
        ],
        className="page patient-page",
    )


@callback(
    output={
        "head": Output(Id.HEAD, "children"),
        "steps": Output(Id.STEPS, "children"),
        "events": Output(Id.EVENTS, "children"),
        "visits": Output(Id.VISITS, "children"),
    },
    inputs={"stored": Input({"view": "patient"}, "data")},
)
def show(stored: object) -> dict:
    asked = Asked.read(stored)
    everyone = subjects(asked.cut)
    found = everyone[everyone["usubjid"] == asked.view.usubjid]
    if found.empty:
        words = asked.say("patient.unknown", usubjid=asked.view.usubjid, id=asked.cut.short)
        return {"head": html.H1(words), "steps": "", "events": "", "visits": ""}
    row = found.iloc[0]
    return {
        "head": head(asked, row, everyone),
        "steps": _with_stamp(asked, steps(asked, row)),
        "events": [events_summary(asked, row), *_with_stamp(asked, event_rows(asked, row))],
        "visits": [visits_summary(asked, row), *_with_stamp(asked, visit_rows(asked, row))],
    }


def _with_stamp(asked: Asked, block: html.Div | html.Dl) -> list:
    return [block, html.Div(stamp(asked), className="stamp")]


def head(asked: Asked, row: pd.Series, everyone: pd.DataFrame) -> list:
    say, protocol = asked.say, asked.cut.protocol
    level = None if pd.isna(row["cohort"]) else protocol.level(row["cohort"])
    known = [row["sex"] or ""] if pd.notna(row["sex"]) else []
    known += [f"{row['age']:.0f}"] if pd.notna(row["age"]) else []
    parts = [
        html.H1(row["subjid"]),
        html.Span(" ".join(known) or say("patient.sex_age_unknown")),
        html.Span(row["usubjid"], className="quiet"),
    ]
    if level:
        received = (
            ""
            if pd.isna(row["dose_fraction"])
            else f", {say('patient.received', percent=round(100 * row['dose_fraction']))}"
        )
        parts.append(html.Span([level_dot(level.level), level.label.in_(asked.view.lang) + received]))
    else:
        parts.append(html.Span(say("patient.no_cohort")))
    window = asked.board().window(row["usubjid"])
    if pd.notna(row["day0"]):
        day = (asked.cut.cutoff.date() - row["day0"].date()).days
        parts.append(html.Span(html.B(say("patient.day", day=day))))
    if window:
        tone = "alarm-text" if window.state.state in ("unresolved", "evaluable_dlt") else ""
        parts.append(html.Span(reason(window, say), className=f"badge {tone}"))
    seen = say("word.not_recorded") if pd.isna(row["last_assessed"]) else f"{row['last_assessed']:%Y-%m-%d}"
    parts.append(html.Span(say("patient.last_assessed", day=seen), className="quiet"))
    return [*parts, _neighbours(asked, row, everyone)]


def _neighbours(asked: Asked, row: pd.Series, everyone: pd.DataFrame) -> html.Span:
    """The treated patients before and after this one, by identifier."""
    order = everyone[everyone["day0"].notna() | (everyone["usubjid"] == row["usubjid"])].sort_values("usubjid")
    place = order["usubjid"].tolist().index(row["usubjid"])
    links = []
    for offset, arrow in ((-1, "← {}"), (1, "{} →")):
        if 0 <= place + offset < len(order):
            other = order.iloc[place + offset]
            links.append(
                html.A(arrow.format(other["subjid"]), href=asked.view.patient(other["usubjid"]), className="quiet-link")
            )
    return html.Span(links, className="neighbours noprint")


def steps(asked: Asked, row: pd.Series) -> html.Dl:
    """The dates from consent to the last contact; a blank date is said to be one."""
    say = asked.say
    names = [
        "consent",
        "leukapheresis",
        "manufacture_start",
        "manufacture_end",
        "lymphodepletion",
        "day0",
        "last_contact",
        "off_study",
        "death",
    ]
    items = []
    for name in names:
        moment = row[name]
        if pd.isna(moment) and name in ("off_study", "death"):
            continue
        text = say("word.not_in_data") if pd.isna(moment) else f"{moment:%Y-%m-%d}"
        if pd.notna(moment) and pd.notna(row["day0"]):
            text += f" ({say('patient.day', day=(moment.date() - row['day0'].date()).days)})"
        if name == "off_study" and pd.notna(row["off_study_reason"]):
            text += f", {row['off_study_reason']}"
        items.append(html.Div([html.Dt(say(f"patient.step_{name}")), html.Dd(text)]))
    return html.Dl(items, className="steps-list")


def events_summary(asked: Asked, row: pd.Series) -> html.P:
    events = adverse_events(asked.cut)
    grades = events.loc[events["usubjid"] == row["usubjid"], "aetoxgr"]
    worst = asked.say("word.not_recorded") if grades.isna().all() else f"{grades.max()}"
    words = asked.say("patient.events_summary", count=len(grades), worst=worst, unknown=int(grades.isna().sum()))
    return html.P(words if len(grades) else "", className="summary")


def visits_summary(asked: Asked, row: pd.Series) -> html.P:
    own = visits(asked.cut, row["usubjid"])
    if own.empty:
        return html.P("", className="summary")  # the table says it
    last = own.iloc[-1]
    words = asked.say("patient.visits_summary", count=len(own), last=last["visit"], day=last["svstdtc"])
    return html.P(words, className="summary")


def event_rows(asked: Asked, row: pd.Series) -> html.Div:
    say, events = asked.say, adverse_events(asked.cut)
    own = events[events["usubjid"] == row["usubjid"]]
    scale = asked.cut.protocol.adverse_events.grade_scale
    grade = f"{say('word.grade')} ({scale})" if scale else say("word.grade")
    names = ("event", "soc", None, "day", "onset", "end", "relation", "serious", "dlt", "source")
    head = [grade if one is None else say(f"word.{one}") for one in names]
    return listing(head, [_event(one, row["day0"], say) for one in own.itertuples()], say)


def _event(one, day0, say: Say) -> list:
    known = pd.notna(one.aestdtc_earliest) and pd.notna(day0)
    day = (one.aestdtc_earliest.date() - day0.date()).days if known else "?"
    blank = say("word.not_recorded")
    grade = blank if pd.isna(one.aetoxgr) else html.Span(str(one.aetoxgr), className=f"grade g{one.aetoxgr}")
    if pd.isna(one.aetoxgr) and pd.notna(one.aesev):
        grade = f"{blank} ({one.aesev})"
    coded = one.aeterm if pd.isna(one.aedecod) else one.aedecod
    term = [coded, html.Span(f" {say('word.uncoded')}", className="assumed")] if pd.isna(one.aedecod) else coded
    return [
        html.Span(term, title=one.aeterm),
        blank if pd.isna(one.aebodsys) else one.aebodsys,
        grade,
        day,
        blank if pd.isna(one.aestdtc) else one.aestdtc,
        say("word.ongoing") if pd.isna(one.aeendtc) else one.aeendtc,
        blank if pd.isna(one.aerel) else one.aerel,
        blank if pd.isna(one.aeser) else one.aeser,
        {"Y": say("word.dlt"), "N": say("word.no_dlt")}.get(one.aedlt, ""),
        f"{one.source_file} {one.source_row}",
    ]


def visit_rows(asked: Asked, row: pd.Series) -> html.Div:
    say, day0 = asked.say, row["day0"]
    head = [say(f"word.{one}") for one in ("visit", "date", "day", "period", "source")]
    rows = []
    for one in visits(asked.cut, row["usubjid"]).itertuples():
        known = pd.notna(one.svstdtc_earliest) and pd.notna(day0)
        day = (one.svstdtc_earliest.date() - day0.date()).days if known else "?"
        rows.append(
            [
                one.visit,
                one.svstdtc,
                day,
                one.epoch if pd.notna(one.epoch) else "",
                f"{one.source_file} {one.source_row}",
            ]
        )
    return listing(head, rows, say)
