"""Kinetics: how far the cells grew in each patient, how long they stayed, and what the dose groups have in common."""

from enum import StrEnum
from functools import lru_cache
from html import escape

import pandas as pd
from dash import Input, Output, callback, dcc, html

from dashboard.choices import (
    choice,
    chosen_cohort,
    cohort_choice,
    cohort_words,
    follow_subject,
    subject_options,
    subject_select,
)
from dashboard.drill import linked, mark, named
from dashboard.exposures import exposures_of, series
from dashboard.figures import curves as drawing
from dashboard.figures.curves import Panel, Person, Words, curves
from dashboard.graphs import graph, keep_zoom, open_points
from dashboard.labels import Say, speaker
from dashboard.later import Later
from dashboard.session import Asked, stamp
from dashboard.tables import export_link, grid, html_table, level_dot
from dashboard.theme import level_colour, moved
from dashboard.view import View
from data.store import Cut
from pk.exposure import LEAST, PARAMETERS, TIMES, summary
from queries.subjects import subjects


class Id(StrEnum):
    CHOICES = "kinetics-choices"
    SUMMARY = "kinetics-summary"
    SUBJECT = "kinetics-subject"
    CURVES = "kinetics-curves"
    ASIDE = "kinetics-aside"
    OTHERS = "kinetics-others"
    OTHERS_CARD = "kinetics-others-card"
    GROUPS = "kinetics-groups"
    GROUPS_CARD = "kinetics-groups-card"
    GRID = "kinetics-grid"
    GRID_CARD = "kinetics-grid-card"
    STAMP = "kinetics-stamp"


PANELS_AT_MOST = 40  # small panels of one patient each; more are too small to read and slow to draw

for _figure in (Id.CURVES, Id.OTHERS):
    keep_zoom(_figure)
    open_points(_figure)
follow_subject(Id.SUBJECT)


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    return html.Div(
        [
            dcc.Store(id={"view": "kinetics"}, data=request),
            html.H1(say("kinetics.title"), className="visually-hidden"),
            html.Div(id=Id.CHOICES, className="choices noprint"),
            html.Section(
                [
                    html.Div(
                        [
                            html.Div([html.H2(say("kinetics.curves")), html.P(id=Id.SUMMARY, className="summary")]),
                            *subject_select(Id.SUBJECT, say),
                        ],
                        className="card-head",
                    ),
                    graph(Id.CURVES),
                    html.Div(id=Id.ASIDE),
                ],
                className="card",
            ),
            html.Section(
                [html.H2(say("kinetics.groups")), html.Div(id=Id.GROUPS)], id=Id.GROUPS_CARD, className="card"
            ),
            html.Section(
                [
                    html.H2(say("kinetics.parameters")),
                    Later(grid(Id.GRID, [], height="420px", row_id="usubjid", size=None, sortable=True), "420px"),
                    html.Div(id=Id.STAMP),
                ],
                id=Id.GRID_CARD,
                className="card",
            ),
            html.Section(
                [html.H2(say("kinetics.others")), Later(graph(Id.OTHERS), "360px")],
                id=Id.OTHERS_CARD,
                className="card",
            ),
        ],
        className="page kinetics",
    )


@callback(
    output={
        "choices": Output(Id.CHOICES, "children"),
        "summary": Output(Id.SUMMARY, "children"),
        "people": Output(Id.SUBJECT, "data"),
        "subject": Output(Id.SUBJECT, "value"),
        "subject_shown": Output(f"{Id.SUBJECT}-shown", "data"),
        "figure": Output(Id.CURVES, "figure"),
        "style": Output(Id.CURVES, "style"),
        "aside": Output(Id.ASIDE, "children"),
        "others": Output(Id.OTHERS, "figure"),
        "others_style": Output(Id.OTHERS, "style"),
        "others_hidden": Output(Id.OTHERS_CARD, "hidden"),
        "groups": Output(Id.GROUPS, "children"),
        "groups_hidden": Output(Id.GROUPS_CARD, "hidden"),
        "grid_hidden": Output(Id.GRID_CARD, "hidden"),
        "columns": Output(Id.GRID, "columnDefs"),
        "rows": Output(Id.GRID, "rowData"),
        "grid_style": Output(Id.GRID, "style"),
        "stamp": Output(Id.STAMP, "children"),
    },
    inputs={"stored": Input({"view": "kinetics"}, "data")},
    prevent_initial_call=True,
)
def show(stored: object) -> dict:
    return answer(Asked.read(stored))


def answer(asked: Asked) -> dict:
    """Everything the screen shows: a function of cut and view alone."""
    shown = people(asked)
    samples = series(asked.cut)
    samples = samples[samples["usubjid"].isin(list(shown))]
    found = exposures_of(asked.cut)
    found = found[found["subject"].isin(list(shown))]
    identity = stamp(asked, cohort_words(asked))
    own, others = main_figure(asked, samples, shown), other_figure(asked, samples, shown)
    export = export_link(f"/export/kinetics.csv?{asked.view.change(open='').href.partition('?')[2]}", asked.say)
    return {
        "choices": choices(asked),
        "summary": in_short(asked, samples, found),
        **subject_options(asked, {usubjid: person.subjid for usubjid, person in shown.items()}),
        "figure": own,
        "style": {"height": own.layout.height} if own.data else {"display": "none"},
        "aside": [*asides(asked, samples), *([] if own.data else [html.Div(identity, className="stamp")])],
        "others": others,
        "others_style": {"height": others.layout.height} if others.data else {"display": "none"},
        "others_hidden": not others.data,
        "groups": groups(asked, found, {one.cohort for one in shown.values()}, identity),
        "groups_hidden": found.empty,
        "grid_hidden": found.empty,
        "columns": columns(asked, found),
        "rows": rows(asked, shown),
        "grid_style": {"height": f"min(70vh, {74 + 44 * max(len(shown), 2)}px)"},
        "stamp": [html.Div(identity, className="stamp"), export],
    }


# ---- who and what is shown -------------------------------------------------------------------------------------------
def people(asked: Asked) -> dict[str, Person]:
    """The infused patients of the chosen cohort, by cohort and infusion."""
    found, cohort = subjects(asked.cut), chosen_cohort(asked)
    found = found[found["day0"].notna() & found["cohort"].notna()]
    order = {one.id: number for number, one in enumerate(asked.cut.protocol.cohort.levels)}
    found = found[found["cohort"] == cohort] if cohort else found
    found = found.sort_values(["day0", "usubjid"]).sort_values("cohort", key=lambda ids: ids.map(order), kind="stable")
    colours = {one.id: level_colour(asked.cut.protocol.place(one.id)) for one in asked.cut.protocol.cohort.levels}
    hrefs = asked.view.patients(found["usubjid"])
    return {
        one.usubjid: Person(one.subjid, colours[one.cohort], one.cohort, hrefs[one.usubjid])
        for one in found[["usubjid", "subjid", "cohort"]].itertuples()  # dates are slow to walk through
    }


def choices(asked: Asked) -> list:
    say, view = asked.say, asked.view
    infused = subjects(asked.cut)
    present = set(infused.loc[infused["day0"].notna(), "cohort"].dropna())
    named = {
        "by": ("group", "patient"),
        "scale": ("log", "linear"),
        "days": ("28", "90", "all"),
    }
    return [
        cohort_choice(asked, present),
        *(
            choice(say(f"kinetics.choose_{name}"), view, name, [(one, say(f"kinetics.{name}_{one}")) for one in values])
            for name, values in named.items()
        ),
    ]


def in_short(asked: Asked, samples: pd.DataFrame, found: pd.DataFrame) -> str | list:
    """What the curves say in a sentence: in how many the cells were found, the highest peak, where they still are."""
    say = asked.say
    if samples["endpoint"].sum() == 0:
        return say("kinetics.none")
    peaks = found[(found["parameter"] == "CMAX") & found["value"].notna()]
    told = {"k": len(peaks), "n": found["subject"].nunique(), "assay": assay(asked)}
    if peaks.empty:
        return say("kinetics.short_none", **told)
    top = peaks.loc[peaks["value"].idxmax()]
    when = found[(found["subject"] == top["subject"]) & (found["parameter"] == "TMAX")]["value"].item()
    still = found[(found["parameter"] == "TLST") & (found["why"] == "still there")]
    told |= {
        "value": f"{amount(top['value'], top['unit'])} {top['unit']}",
        "who": mark(top["subject"]),
        "day": f"{when:.1f}",
    }
    return linked(asked, f"{say('kinetics.short', **told)} {_still(say, still)}")


def _still(say: Say, still: pd.DataFrame) -> str:
    if still.empty:
        return say("kinetics.gone")
    if len(still) > 8:
        return say("kinetics.still_many", count=len(still))
    who = (f"{mark(one.subject)} ({say('patient.day', day=int(one.last))})" for one in still.itertuples())
    return say("kinetics.still", who=", ".join(who))


def assay(asked: Asked) -> str:
    """The assay of the endpoints, as the protocol's list of analytes calls it."""
    kinetics = asked.cut.protocol.kinetics
    return next(
        (one.label.in_(asked.view.lang) for one in asked.cut.protocol.analytes if one.code == kinetics.code),
        kinetics.code,
    )


# ---- figures ---------------------------------------------------------------------------------------------------------
def main_figure(asked: Asked, samples: pd.DataFrame, shown: dict[str, Person]):
    """The assay of the endpoints: one panel with all patients, or one a patient."""
    view, own = asked.view, samples[samples["endpoint"]]
    if own.empty:
        return curves([], shown, words(asked), theme=view.theme, scale=view.scale, days=view.days)
    unit = asked.cut.protocol.kinetics.unit
    if view.by == "patient":
        drawn = list(shown)[:PANELS_AT_MOST]
        panels = [Panel(_name(shown[one]), own[own["usubjid"] == one]) for one in drawn]
        more = {"columns": 4, "row": 150, "alike": True}
    else:
        panels, more = [Panel(f"{assay(asked)}, {unit}", own)], {"row": 430, "medians": True, "chosen": view.subject}
    figure = curves(panels, shown, words(asked), theme=view.theme, scale=view.scale, days=view.days, **more)
    return moved(figure, view.zoomed(Id.CURVES))


def _name(person: Person) -> str:
    """The number of a patient over a panel: plotly makes it a link of the figure."""
    look = f'target="_self" style="color:{person.colour}"'
    return f'<a href="{escape(person.href)}" {look}><b>{escape(person.subjid)}</b></a>'


def other_figure(asked: Asked, samples: pd.DataFrame, shown: dict[str, Person]):
    """Every other series of the protocol's list on axes of its own: another test is never the same quantity."""
    view, rest = asked.view, samples[~samples["endpoint"]]
    panels = []
    for one in asked.cut.protocol.panel("kinetics", "flow"):
        own = rest[(rest["code"] == one.code) & in_blood(asked, rest["specimen"])]
        if (own["signal"] != "no_result").any():
            panels.append(Panel(f"{one.label.in_(view.lang)}, {one.unit}", own))
    figure = curves(
        panels, shown, words(asked), theme=view.theme, scale=view.scale, days=view.days, chosen=view.subject,
        columns=min(3, max(1, len(panels))), row=260,
    )  # fmt: skip
    return moved(figure, view.zoomed(Id.OTHERS))


def in_blood(asked: Asked, specimens: pd.Series) -> pd.Series:
    """Whether each specimen is one of the endpoints'; one that is not named is taken for it."""
    kinetics = asked.cut.protocol.kinetics
    wanted = specimens.dropna().unique() if kinetics is None else kinetics.specimens
    return specimens.isna() | specimens.str.upper().isin([one.upper() for one in wanted])


def words(asked: Asked) -> Words:
    say = asked.say
    return Words(
        axis=say("kinetics.axis"),
        stamp=stamp(asked, cohort_words(asked)),
        lloq=say("kinetics.lloq"),
        no_limit=say("kinetics.no_limit"),
        signals={one: say(f"kinetics.signal_{one}") for one in drawing.SYMBOLS},
        median=say("kinetics.median"),
        cohorts={one.id: one.label.in_(asked.view.lang) for one in asked.cut.protocol.cohort.levels},
    )


def asides(asked: Asked, samples: pd.DataFrame) -> list:
    """What no curve shows, said beneath them: samples of other specimens, samples without a result, panels left out."""
    say = asked.say
    lines: list = []
    elsewhere = samples[~in_blood(asked, samples["specimen"]) & samples["conc"].notna()]
    for one in elsewhere[["usubjid", "conc", "unit", "specimen", "rel_day"]].itertuples():
        told = {"value": f"{amount(one.conc, one.unit)} {one.unit}", "specimen": one.specimen, "day": int(one.rel_day)}
        lines.append([named(asked, one.usubjid), " ", say("kinetics.elsewhere", **told)])
    unread = samples[samples["endpoint"] & (samples["signal"] == "no_result")]
    for one in unread[["usubjid", "rel_day", "why"]].itertuples():
        told = {"day": int(one.rel_day), "why": say("word.not_recorded") if pd.isna(one.why) else one.why}
        lines.append([named(asked, one.usubjid), " ", say("kinetics.no_result", **told)])
    shown = list(dict.fromkeys(samples["usubjid"]))
    if asked.view.by == "patient" and len(shown) > PANELS_AT_MOST:
        lines.append(say("kinetics.panels", shown=PANELS_AT_MOST, count=len(shown)))
    if asked.view.by == "group" and int(samples["endpoint"].sum()) > drawing.MANY:
        lines.append(say("kinetics.dense", count=drawing.MANY))
    return [html.P(one, className="quiet") for one in lines]


# ---- what the groups have in common ----------------------------------------------------------------------------------
@lru_cache(maxsize=16)
def _middle(cut: Cut) -> pd.DataFrame:
    everyone = subjects(cut).dropna(subset="cohort")
    return summary(exposures_of(cut), dict(zip(everyone["usubjid"], everyone["cohort"], strict=True)))


def groups(asked: Asked, found: pd.DataFrame, cohorts: set[str], identity: str) -> list | html.Div:
    say = asked.say
    if found["value"].notna().sum() == 0:
        return [html.P(say("kinetics.none_of_groups"), className="empty-words")]
    middle = _middle(asked.cut)
    middle = middle[middle["group"].isin(cohorts)]
    present = [one for one in asked.cut.protocol.cohort.levels if one.id in set(middle["group"])]
    head = [say("kinetics.parameter"), *(_cohort_head(asked, one.id, middle) for one in present)]
    body = []
    for name, end in wanted(asked):
        own = middle[(middle["parameter"] == name) & (middle["end"].isna() if end is None else middle["end"] == end)]
        by_group = own.set_index("group")
        cells = [_group_cell(asked, by_group.loc[one.id], found) for one in present]
        body.append([_titled(say, name, end, by_group["unit"].iloc[0]), *cells])
    return html_table(head, body, caption=say("kinetics.groups_caption"), stamp=identity, name="kinetics-groups")


def _cohort_head(asked: Asked, cohort: str, middle: pd.DataFrame) -> html.Span:
    level = asked.cut.protocol.level(cohort)
    n = int(middle.loc[middle["group"] == cohort, "n"].iloc[0])
    return html.Span([level_dot(asked.cut.protocol.place(cohort)), f"{level.label.in_(asked.view.lang)} (n = {n})"])


def wanted(asked: Asked) -> list[tuple[str, int | None]]:
    """The parameters in the order of the screen: peak, areas of the endpoints, the end of the curve."""
    kinetics = asked.cut.protocol.kinetics
    areas = [("AUCINT", end) for end in kinetics.areas] if kinetics else []
    head, tail = PARAMETERS[:2], PARAMETERS[2:]
    return [*((name, None) for name in head), *areas, *((name, None) for name in tail)]


def _titled(say: Say, name: str, end: int | None, unit: str) -> str:
    title = say(f"kinetics.parameter_{name.lower()}", **({} if end is None else {"end": end}))
    return f"{title}, {unit.replace('*', '·')}" if unit else title


def _group_cell(asked: Asked, row: pd.Series, found: pd.DataFrame) -> list:
    """The middle of the complete values, and who is in none of it; fewer than LEAST are told one by one."""
    say = asked.say
    counts = [say("kinetics.n_used", n=int(row["n_used"]))]
    counts += [say("kinetics.n_never", n=int(row["n_never"]))] if row["n_never"] else []
    counts += [say("kinetics.n_excluded", n=int(row["n_excluded"]))] if row["n_excluded"] else []
    under = html.Span(" · ".join(counts), className="under")
    if row["n_used"] < LEAST:
        return [*_one_by_one(asked, row, found), under]
    if pd.notna(row["geometric_mean"]):
        return [
            say("kinetics.geometric", mean=amount(row["geometric_mean"], row["unit"]), cv=f"{row['geometric_cv']:.0f}"),
            under,
        ]
    span = {name: amount(row[name], row["unit"]) for name in ("median", "low", "high")}
    return [say("kinetics.median_range", **span), under]


def _one_by_one(asked: Asked, row: pd.Series, found: pd.DataFrame) -> list:
    end = row["end"]
    own = found[(found["parameter"] == row["parameter"]) & found["subject"].isin(list(row["subjects"]))]
    own = own[own["end"].isna() if pd.isna(end) else own["end"] == end]
    parts: list = []
    for one in own.itertuples():
        parts += [", "] if parts else []
        parts += [named(asked, one.subject), f" {amount(one.value, one.unit)}"]
    return parts or ["–"]


# ---- patient by patient ----------------------------------------------------------------------------------------------
def columns(asked: Asked, found: pd.DataFrame) -> list[dict]:
    say, units = asked.say, dict(found.dropna(subset="unit").groupby("parameter")["unit"].first())
    made = [
        {
            "field": "subjid",
            "headerName": say("word.patient"),
            "cellRenderer": "Patient",
            "pinned": "left",
            "width": 110,
        },
        {"field": "cohort", "headerName": say("choice.cohort"), "minWidth": 150, "flex": 1},
    ]
    for name, end in wanted(asked):
        field = _field(name, end)
        made.append(
            {
                "field": field,
                "headerName": _titled(say, name, end, units.get(name, "")),
                "valueFormatter": {"function": f"params.data.{field}_text || {_FORMATS[name in TIMES]}"},
                "cellClassRules": {"not-final": f"params.data.{field}_text"},
                "type": "rightAligned",
                "minWidth": 104,
                "flex": 1,
            }
        )
    remark = {"field": "remarks", "headerName": say("kinetics.remarks"), "flex": 3, "minWidth": 300, "wrapText": True}
    return [*made, remark | {"autoHeight": True, "sortable": False}]


# As `amount` writes them; a number on the way to the browser is a number, so that the grid can sort it.
_FORMATS = {True: "d3.format(',.1f')(params.value)", False: "d3.format(',.4~r')(params.value)"}


def _field(name: str, end: int | None) -> str:
    return name if end is None else f"{name}{end}"


def rows(asked: Asked, shown: dict[str, Person]) -> list[dict]:
    """One row a patient: each parameter as a number, and in words where it is not final, with the reasons."""
    labels = {one.id: one.label.in_(asked.view.lang) for one in asked.cut.protocol.cohort.levels}
    said = _said(Asked(View(page="kinetics", lang=asked.view.lang), asked.cut))
    return [
        {"usubjid": usubjid, "subjid": one.subjid, "href": one.href, "colour": one.colour, "cohort": labels[one.cohort]}
        | said.get(usubjid, {})  # a trial without cells has nothing to say of anybody
        for usubjid, one in shown.items()
    ]


@lru_cache(maxsize=16)
def _said(asked: Asked) -> dict[str, dict]:
    """usubjid -> the fields of the parameters, the same for every view in this language."""
    found = exposures_of(asked.cut)
    made: dict[str, dict] = {one: {} for one in found["subject"].unique()}
    remarks: dict[str, dict[str, None]] = {one: {} for one in made}
    for one in found.itertuples():
        field = _field(one.parameter, None if pd.isna(one.end) else one.end)
        made[one.subject][field] = None if pd.isna(one.value) else float(f"{one.value:.6g}")
        if one.state != "complete":
            made[one.subject][f"{field}_text"] = _text(asked.say, one)
            remarks[one.subject][remark(asked, one)] = None
    return {who: row | {"remarks": " ".join(remarks[who])} for who, row in made.items()}


def _text(say: Say, one) -> str:
    if pd.isna(one.value):
        below = {"never quantifiable": say("kinetics.below_all"), "provisional": say("kinetics.below_so_far")}
        return below.get(one.state, "–")
    return f"{amount(one.value, one.unit)} *"


def amount(value: float, unit: str) -> str:
    """Days to a tenth; anything else with four digits that count, and never an exponent."""
    return f"{value:,.1f}" if unit == "d" else f"{float(f'{value:.4g}'):,.12g}"


def remark(asked: Asked, one) -> str:
    """Why a value is not final, or is not there, in the reader's language."""
    say = asked.say
    code = one.why.replace(" ", "_") or one.state.replace(" ", "_")
    if code == "other":
        return one.reason
    told = {"last": "–" if pd.isna(one.last) else int(one.last), "followed": int(one.followed)}
    told |= {"end": "" if pd.isna(one.end) else int(one.end), "days": asked.cut.protocol.kinetics.provisional_days}
    return say(f"kinetics.why_{code}", **told)
