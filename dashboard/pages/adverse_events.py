"""Adverse events: how many patients had what, by cohort, with every count open to its patients and their rows."""

from enum import StrEnum

import pandas as pd
from dash import Input, Output, callback, dcc, html

from clinical.incidence import TOTAL, grade_not_recorded, uncoded
from dashboard.choices import choice
from dashboard.counting import CRITERIA, Counted, counted, criteria_of, rows_behind, table
from dashboard.drill import Opened, linked, listing, mark, nothing_opened, panel
from dashboard.judged import dlts_without_event
from dashboard.labels import speaker
from dashboard.session import Asked, stamp
from dashboard.still import Still
from dashboard.tables import count_link, export_link, html_table, level_dot, row_patient
from dashboard.term_table import count_href, count_text, term_table
from dashboard.theme import level_colour
from dashboard.view import View
from queries.subjects import subjects


class Id(StrEnum):
    CHOICES = "ae-choices"
    OVERVIEW = "ae-overview"
    SUMMARY = "ae-summary"
    TERMS = "ae-terms"
    STAMP = "ae-stamp"
    PANEL = "ae-panel"


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [
            dcc.Store(id={"view": "adverse_events"}, data=request),
            dcc.Store(id={"panel": "adverse_events"}, data=opened),
            html.H1(say("ae.title"), className="visually-hidden"),
            html.Div(id=Id.CHOICES, className="choices noprint"),
            html.Section([html.H2(say("ae.overview")), html.Div(id=Id.OVERVIEW)], className="card"),
            html.Section(
                [
                    html.H2(say("ae.by_term")),
                    html.P(id=Id.SUMMARY, className="summary"),
                    html.Div(id=Id.TERMS),
                    html.Div(id=Id.STAMP),
                ],
                className="card",
            ),
            html.Div(id=Id.PANEL),
        ],
        className="page adverse-events",
    )


@callback(
    output={
        "choices": Output(Id.CHOICES, "children"),
        "overview": Output(Id.OVERVIEW, "children"),
        "summary": Output(Id.SUMMARY, "children"),
        "terms": Output(Id.TERMS, "children"),
        "stamp": Output(Id.STAMP, "children"),
    },
    inputs={"stored": Input({"view": "adverse_events"}, "data")},
    prevent_initial_call=True,
)
def show(stored: object) -> dict:
    asked = Asked.read(stored)
    found = counted(asked)
    say, identity = asked.say, stamp(asked, filters(asked, found))
    export = export_link(f"/export/adverse-events.csv?{asked.view.change(open='').search}", say)
    return {
        "choices": choices(asked),
        "overview": overview(asked, found, identity),
        "summary": summary(asked, found),
        "terms": term_table(asked, found),
        "stamp": [html.Div(identity, className="stamp"), export],
    }


@callback(Output(Id.PANEL, "children"), Input({"panel": "adverse_events"}, "data"), prevent_initial_call=True)
def show_panel(stored: object) -> list:
    return opened_panel(Asked.read(stored))


# ---- what is counted -------------------------------------------------------------------------------------------------
def choices(asked: Asked) -> list:
    """The filters as links: each is an address, so Back, Forward and a copied link bring the same view."""
    view, say, protocol = asked.view, asked.say, asked.cut.protocol
    lang = view.lang
    populations = [
        (one.id, one.label.in_(lang)) for one in protocol.populations if protocol.dlt or one.step != "dlt_evaluable"
    ]
    windows = [(one.id, one.label.in_(lang)) for one in protocol.adverse_events.windows]
    events = [(one, say(f"ae.only_{one}")) for one in CRITERIA if protocol.dlt or one != "dlt"]
    rows = [(one, say(f"ae.rows_{one}")) for one in ("terms", "soc")]
    return [
        choice(say("ae.choose_population"), view, "population", populations),
        choice(say("ae.choose_window"), view, "window", windows),
        choice(say("ae.choose_only"), view, "only", events),
        choice(say("ae.choose_rows"), view, "rows", rows),
    ]


def filters(asked: Asked, found: Counted) -> str:
    return f"{found.in_words(asked.view.lang)}; {asked.say(f'ae.only_{asked.view.only}')}"


# ---- overview --------------------------------------------------------------------------------------------------------
def overview(asked: Asked, found: Counted, identity: str) -> list:
    say = asked.say
    shown = criteria_of(asked.cut.protocol)
    counts = table(asked, (), shown).set_index(["criterion", "cohort"])
    head = [say("ae.patients_with"), *(_cohort_head(asked, found, one) for one in found.columns)]
    rows = []
    for criterion in shown:
        cells = [_cell(asked, counts.loc[(criterion, cohort)], cohort, criterion) for cohort in found.columns]
        rows.append([say(f"ae.criterion_{criterion}"), *cells])
    rows.append([say("ae.full_follow_up"), *(_full(counts, one) for one in found.columns)])
    block = html_table(head, rows, caption=overview_summary(asked, counts), stamp=identity, name="ae-overview")
    return [block, *_missing(asked, found)]


def _full(counts: pd.DataFrame, cohort: str) -> str:
    row = counts.loc[("any", cohort)]
    return f"{row['n_full']}/{row['n']}"


def _missing(asked: Asked, found: Counted) -> list[html.P]:
    """What is not known, or stands on another screen, is said in the open, beside the numbers that it limits."""
    say, lines = asked.say, []
    elsewhere = [one for one in dlts_without_event(asked.cut, asked.head) if one in set(found.people["usubjid"])]
    if elsewhere:
        lines.append(linked(asked, say("ae.dlts_without_event", who=", ".join(mark(one) for one in elsewhere))))
    blank, events = grade_not_recorded(found.events)
    if blank:
        lines.append(say("ae.grade_not_recorded", k=blank, n=events))
    bare = uncoded(found.events)
    if bare:
        lines.append(say("ae.uncoded", k=bare))
    partial = int(found.events["partial"].sum())
    if partial:
        lines.append(say("ae.partial", k=partial))
    return [html.P(one, className="quiet") for one in lines]


def _cohort_head(asked: Asked, found: Counted, cohort: str) -> html.Span | list:
    n = found.size(cohort)
    if cohort == TOTAL:
        return f"{asked.say('ae.total')} (n = {n})"
    level = asked.cut.protocol.level(cohort)
    return html.Span([level_dot(asked.cut.protocol.place(cohort)), f"{level.label.in_(asked.view.lang)} (n = {n})"])


def _cell(asked: Asked, row: pd.Series, cohort: str, criterion: str) -> list:
    """k/n (%) as a link to its patients; patients in doubt apart, so that a missing grade never reads as none."""
    said = count_text(asked.say, row, criterion)
    label = asked.say(f"ae.criterion_{criterion}")
    parts: list = []
    if said["text"]:
        parts.append(count_link(said["text"], count_href(asked, cohort, criterion), int(row["k"]), label))
    if said["ci"]:
        parts.append(html.Span(said["ci"], className="ci"))
    if said["doubt"]:
        href = count_href(asked, cohort, criterion, doubt=True)
        parts.append(count_link(said["doubt"], href, int(row["unknown"]), label, kind="count doubt"))
    if row["marked"]:
        parts.append(html.Span(asked.say("ae.marked", k=int(row["marked"])), className="ci marked"))
    return parts


def overview_summary(asked: Asked, counts: pd.DataFrame) -> str:
    any_event, severe = counts.loc[("any", TOTAL)], counts.loc[("grade3", TOTAL)]
    known = "complete" if not severe["unknown"] else "least" if severe["k"] else "ungraded"
    numbers = {
        "k": int(any_event["k"]),
        "n": int(any_event["n"]),
        "severe": int(severe["k"]),
        "unknown": int(severe["unknown"]),
    }
    return asked.say(f"ae.overview_{known}", **numbers)


def summary(asked: Asked, found: Counted) -> str:
    terms = table(asked, ("soc", "term"), CRITERIA[asked.view.only])
    total = terms[(terms["cohort"] == TOTAL) & (terms["criterion"] == CRITERIA[asked.view.only][0])]
    top = total.sort_values("k", ascending=False, kind="stable").head(1)
    if top.empty or not top.iloc[0]["k"]:
        return asked.say("ae.term_summary_none", filters=filters(asked, found))
    first = top.iloc[0]
    name = asked.say("ae.uncoded_name") if pd.isna(first["term"]) else first["term"]
    shown = int((total["k"] > 0).sum())
    return asked.say("ae.term_summary", terms=shown, name=name, k=int(first["k"]), n=int(first["n"]))


# ---- the panel behind a count ----------------------------------------------------------------------------------------
def opened_panel(asked: Asked) -> list:
    what = Opened.read(asked.view.open)
    if what.kind not in ("count", "doubt") or not 3 <= len(what.parts) <= 5:
        return nothing_opened(asked)
    _, cohort, criterion, *place = what.parts
    if criterion not in criteria_of(asked.cut.protocol) or cohort not in counted(asked).columns:
        return nothing_opened(asked)
    soc, term = (*place, None, None)[:2]
    rows = rows_behind(asked, cohort, criterion, soc, term, in_doubt=what.kind == "doubt")
    people = sorted(rows["usubjid"].unique())
    return [
        panel(
            asked,
            _title(asked, what, cohort, criterion, soc, term),
            people,
            [_event_rows(asked, rows)],
            subjects(asked.cut),
            filters=counted(asked).in_words(asked.view.lang),
        )
    ]


def _title(asked: Asked, what: Opened, cohort: str, criterion: str, soc: str | None, term: str | None) -> str:
    say = asked.say
    group = next((one or say("ae.uncoded_name") for one in (term, soc) if one is not None), say("ae.any_event"))
    where = say("ae.total") if cohort == TOTAL else asked.cut.protocol.level(cohort).label.in_(asked.view.lang)
    kind = say("ae.in_doubt") if what.kind == "doubt" else say(f"ae.criterion_{criterion}")
    return f"{group} · {kind} · {where}"


def _event_rows(asked: Asked, rows: pd.DataFrame) -> Still | html.P:
    say, everyone, protocol = asked.say, subjects(asked.cut).set_index("usubjid"), asked.cut.protocol
    rows = rows.sort_values(["usubjid", "aestdtc_earliest", "aeseq"])
    names = ("patient", "event", "grade", "day", "onset", "end", "relation", "serious", "source")
    blank = say("word.not_recorded")
    people = {
        one: row_patient(
            everyone.loc[one, "subjid"],
            asked.view.patient(one),
            level_colour(protocol.place(everyone.loc[one, "cohort"])),
        )
        for one in rows["usubjid"].unique()
    }
    body = [
        [
            people[row.usubjid],
            say_or(row.aedecod, row.aeterm),
            say_or(row.toxgr, blank),
            say_or(row.rel_day, "?"),
            say_or(row.aestdtc, blank),
            say_or(row.aeendtc, say("word.ongoing")),
            say_or(row.aerel, blank),
            say_or(row.aeser, blank),
            f"{row.source_file} {row.source_row}",
        ]
        for row in rows.itertuples()
    ]
    return listing([say(f"word.{one}") for one in names], body, say)


def say_or(value: object, otherwise: str) -> str:
    return otherwise if pd.isna(value) else str(value)
