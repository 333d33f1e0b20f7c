"""Cytokines and response: profiles, how high each analyte rose, and what its peak goes with."""

import math
from copy import deepcopy
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache

import pandas as pd
from dash import Input, Output, callback, dcc, html

from clinical.family import pairs
from clinical.outcomes import AUC, CMAX, CRS, RESPONSE
from clinical.peaks import fold
from dashboard.choices import (
    choice,
    chosen_cohort,
    cohort_choice,
    cohort_words,
    follow_subject,
    subject_options,
    subject_select,
)
from dashboard.correlating import Cytokines, cytokines_of, family_of, links, people, places
from dashboard.cytokine_words import (
    BOUND,
    estimate,
    method,
    number,
    outcome_name,
    outcome_reason,
    outcome_unit,
    outcome_words,
    peak_reason,
    peak_unit,
    probability,
    signed,
)
from dashboard.drill import linked, mark, patient_link
from dashboard.figures import profiles as profile_figure
from dashboard.figures.profiles import Panel, profiles
from dashboard.figures.scatter import Words, scatter
from dashboard.graphs import graph, keep_zoom, open_points
from dashboard.kinetic_words import chosen, filters
from dashboard.labels import speaker
from dashboard.later import Later
from dashboard.peak_table import columns, grid_rows, peaks_summary
from dashboard.session import Asked, NotUnderstood, stamp
from dashboard.tables import export_link, grid, html_table
from dashboard.theme import level_colour, moved
from dashboard.view import View
from data.protocol import Peak

LISTED = 60  # excluded patients named one by one; more are counted


MOST_DRAWN = 120  # patients whose profiles are drawn


class Id(StrEnum):
    CHOICES = "cytokines-choices"
    EMPTY = "cytokines-empty"
    BODY = "cytokines-body"
    PROFILE_SUMMARY = "cytokines-profile-summary"
    SUBJECT = "cytokines-subject"
    PROFILES = "cytokines-profiles"
    MATRIX = "cytokines-matrix"
    PAIR = "cytokines-pair"
    SCATTER = "cytokines-scatter"
    EXCLUDED = "cytokines-excluded"
    PEAKS_SUMMARY = "cytokines-peaks-summary"
    PEAKS = "cytokines-peaks"
    STAMP = "cytokines-stamp"
    TESTS = "cytokines-tests"  # the cards of what the peaks go with


for _figure in (Id.PROFILES, Id.SCATTER):
    keep_zoom(_figure)
    open_points(_figure)
follow_subject(Id.SUBJECT)


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    profile_head = html.Div(
        [
            html.Div([html.H2(say("cytokines.profiles")), html.P(id=Id.PROFILE_SUMMARY, className="summary")]),
            *subject_select(Id.SUBJECT, say),
        ],
        className="card-head",
    )
    matrix = html.Section([html.H2(say("cytokines.matrix")), html.Div(id=Id.MATRIX)], className="card")
    pair = html.Section(
        [html.Div(id=Id.PAIR), Later(graph(Id.SCATTER), "420px"), html.Div(id=Id.EXCLUDED)], className="card"
    )
    table = [
        html.H2(say("cytokines.peaks")),
        html.P(id=Id.PEAKS_SUMMARY, className="summary"),
        Later(grid(Id.PEAKS, [], height="400px", row_id="usubjid", sortable=True, size=None), "400px"),
        html.Div(id=Id.STAMP),
    ]
    return html.Div(
        [
            dcc.Store(id={"view": "cytokines"}, data=request),
            html.H1(say("shell.page_cytokines"), className="visually-hidden"),
            html.Div(id=Id.CHOICES, className="choices noprint"),
            html.Div(id=Id.EMPTY),
            html.Div(
                [
                    html.Section([profile_head, graph(Id.PROFILES)], className="card"),
                    html.Div(
                        [
                            html.Div([matrix, pair], className="columns"),
                            html.Section(table, className="card"),
                        ],
                        id=Id.TESTS,
                    ),
                ],
                id=Id.BODY,
            ),
        ],
        className="page cytokines",
    )


@callback(
    output={
        "choices": Output(Id.CHOICES, "children"),
        "empty": Output(Id.EMPTY, "children"),
        "hidden": Output(Id.BODY, "hidden"),
        "untested": Output(Id.TESTS, "hidden"),
        "profile_summary": Output(Id.PROFILE_SUMMARY, "children"),
        "people": Output(Id.SUBJECT, "data"),
        "subject": Output(Id.SUBJECT, "value"),
        "subject_shown": Output(f"{Id.SUBJECT}-shown", "data"),
        "profiles": Output(Id.PROFILES, "figure"),
        "profiles_style": Output(Id.PROFILES, "style"),
        "matrix": Output(Id.MATRIX, "children"),
        "pair": Output(Id.PAIR, "children"),
        "scatter": Output(Id.SCATTER, "figure"),
        "excluded": Output(Id.EXCLUDED, "children"),
        "peaks_summary": Output(Id.PEAKS_SUMMARY, "children"),
        "columns": Output(Id.PEAKS, "columnDefs"),
        "rows": Output(Id.PEAKS, "rowData"),
        "peaks_style": Output(Id.PEAKS, "style"),
        "stamp": Output(Id.STAMP, "children"),
    },
    inputs={"stored": Input({"view": "cytokines"}, "data")},
    prevent_initial_call=True,
)
def show(stored: object) -> dict:
    asked = Asked.read(stored)
    found = cytokines_of(asked.cut, asked.head)
    if not found.analytes:
        return _nothing(asked)
    return profile_card(asked, found) | (peak_cards(asked, found) if len(found.family) else _untested(asked))


def _nothing(asked: Asked) -> dict:
    """What a trial does not have is one sentence."""
    hidden = {"display": "none"}
    blank = dict.fromkeys(("profile_summary", "matrix", "pair", "excluded", "peaks_summary", "stamp"), "")
    blank |= {"people": [], "subject": None, "subject_shown": "", "columns": [], "rows": []}
    blank |= {"profiles": {}, "scatter": {}, "profiles_style": hidden, "peaks_style": hidden}
    return blank | {
        "choices": [],
        "empty": _sentence(asked, asked.say("cytokines.none")),
        "hidden": True,
        "untested": True,
    }


def _sentence(asked: Asked, words: str) -> list:
    return [html.P(words, className="empty-words"), html.Div(stamp(asked), className="stamp")]


def _untested(asked: Asked) -> dict:
    blank = dict.fromkeys(("matrix", "pair", "excluded", "peaks_summary", "stamp"), "")
    blank |= {"scatter": {}, "columns": [], "rows": [], "peaks_style": {"display": "none"}}
    return blank | {"untested": True, "empty": _sentence(asked, asked.say("cytokines.no_family"))}


# ---- what is shown ---------------------------------------------------------------------------------------------------
def choices(asked: Asked, found: Cytokines) -> list:
    say, view = asked.say, asked.view
    folds = [(one, say(f"cytokines.fold_{one}")) for one in ("value", "baseline", "infusion")]
    scales = [(one, say(f"cytokines.scale_{one}")) for one in ("log", "linear")]
    return [
        cohort_choice(asked, list(found.people["cohort"].dropna().unique())),
        choice(say("cytokines.choose_fold"), view, "fold", folds),
        choice(say("cytokines.choose_scale"), view, "scale", scales),
    ]


def _names(found: Cytokines) -> dict[str, str]:
    return dict(zip(found.people["usubjid"], found.people["subjid"], strict=True))


# ---- profiles --------------------------------------------------------------------------------------------------------
def profile_card(asked: Asked, found: Cytokines) -> dict:
    # Drawn once for all pairs of the scatter.
    figure, left_out = _profile_figure(replace(asked, view=asked.view.change(zoom="", open="", peak="", outcome="")))
    shown = people(asked, found)
    return {
        "choices": choices(asked, found),
        "empty": "",
        "hidden": False,
        "untested": False,
        "profile_summary": profile_summary(asked, found, left_out),
        **subject_options(asked, dict(zip(shown["usubjid"], shown["subjid"], strict=True))),
        "profiles": _moved_copy(figure, asked.view.zoomed(Id.PROFILES)),
        "profiles_style": {"height": figure.layout["height"]},
    }


def _moved_copy(figure, ranges):
    """The figure is shared by many requests: one that moves its axes has its own."""
    return moved(deepcopy(figure), ranges) if ranges else figure


@lru_cache(maxsize=16)
def _profile_figure(asked: Asked):
    """The figure, and how many curves the reference of the view leaves out of it, of how many."""
    found, view = cytokines_of(asked.cut, asked.head), asked.view
    rows = found.curves[found.curves["usubjid"].isin(people(asked, found)["usubjid"])]
    rows, left_out = displayed(rows, found.references, view.fold)
    rows = rows[rows["usubjid"].isin([*drawn(asked, found), view.subject])]
    unit = "" if view.fold == "value" else asked.say(f"cytokines.fold_{view.fold}")
    panels = [
        Panel(one.code, f"<b>{one.label.in_(view.lang)}</b>  {unit or one.unit}", None if unit else one.lloq)
        for one in found.analytes
    ]
    words = profile_figure.Words(
        axis=asked.say("cytokines.axis"),
        stamp=stamp(asked, cohort_words(asked)),
        name=_names(found),
        link=links(asked),
        bound=BOUND,
        key=_key(asked, found, lloq=any(one.lloq for one in panels)),
    )
    figure = profiles(rows, panels, places(asked), words, chosen=view.subject, scale=view.scale, theme=view.theme)
    return figure, left_out


def drawn(asked: Asked, found: Cytokines) -> pd.Series:
    """usubjid of those whose curves are drawn: of a crowd the ones with the highest peaks, for no eye tells more of
    them apart."""
    everyone = people(asked, found)["usubjid"]
    if len(everyone) <= MOST_DRAWN or not len(found.peaks):
        return everyone
    return _leading_peaks(asked, found).nlargest(MOST_DRAWN, "value")["usubjid"]


def _key(asked: Asked, found: Cytokines, *, lloq: bool) -> str:
    shown = set(people(asked, found)["cohort"])
    cohorts = [
        f'<span style="color:{level_colour(place)}">■</span> {asked.cut.protocol.level(one).label.in_(asked.view.lang)}'
        for one, place in places(asked).items()
        if one in shown
    ]
    signs = [asked.say("cytokines.key_lloq")] if lloq else []
    signs += [asked.say("cytokines.key_limit")] if asked.view.subject else []
    return "   ".join([*cohorts, *signs])


def displayed(rows: pd.DataFrame, references: pd.DataFrame, by: str) -> tuple[pd.DataFrame, tuple[int, int]]:
    """The samples, curve after curve, as values or as multiples of a reference; how many curves have none, of how
    many."""
    curves = _curves(rows)
    if by == "value":
        return rows, (0, curves)
    own = references[references["reference"] == by][["usubjid", "code", "value", "limit"]]
    rows = rows.merge(own, how="left", on=["usubjid", "code"], suffixes=("", "_before"))
    value, limit = fold(rows["value"], rows["limit"], rows["value_before"], rows["limit_before"].fillna(""))
    made = rows.assign(value=value, limit=limit)[value.notna()]
    return made, (curves - _curves(rows[rows["value_before"].notna()]), curves)


def _curves(rows: pd.DataFrame) -> int:
    """How many there are, in rows that come curve after curve."""
    codes, people = rows["code"].to_numpy(), rows["usubjid"].to_numpy()
    return int(((codes[1:] != codes[:-1]) | (people[1:] != people[:-1])).sum()) + bool(len(rows))


def profile_summary(asked: Asked, found: Cytokines, left_out: tuple[int, int]) -> list:
    say, shown = asked.say, people(asked, found)
    own = found.samples[found.samples["usubjid"].isin(shown["usubjid"])]
    counts = {"n": own["usubjid"].nunique(), "of": len(shown), "analytes": len(found.analytes)}
    parts = [say("cytokines.profile_summary", **counts)]
    top = _highest(asked, found)
    parts += [top] if top else []
    few = drawn(asked, found)
    if len(few) < len(shown):
        analyte = _leading(asked).label.in_(asked.view.lang)
        parts.append(say("cytokines.drawn", count=len(few), of=len(shown), analyte=analyte))
    if left_out[0]:
        parts.append(say(f"cytokines.left_out_{asked.view.fold}", count=left_out[0], of=left_out[1]))
    return linked(asked, " ".join(parts))


def _leading(asked: Asked) -> Peak:
    """The IL-6 of the whole window, or what the protocol names first where there is none."""
    named = asked.cut.protocol.associations.peaks
    return next((one for one in named if one.code == "IL6" and not one.until), named[0])


def _leading_peaks(asked: Asked, found: Cytokines) -> pd.DataFrame:
    own = found.peaks[found.peaks["peak"] == _leading(asked).id]
    return own[own["usubjid"].isin(people(asked, found)["usubjid"]) & own["value"].notna()]


def _highest(asked: Asked, found: Cytokines) -> str:
    if not len(found.peaks):
        return ""
    peak, own = _leading(asked), _leading_peaks(asked, found)
    if own.empty:
        return ""
    top = own.loc[own["value"].idxmax()]
    said = f"{BOUND[top['limit']]}{number(top['value'])} {top['unit']}"
    return asked.say(
        "cytokines.highest",
        analyte=peak.label.in_(asked.view.lang), who=mark(top["usubjid"]), value=said, day=top["day"],
    )  # fmt: skip


# ---- peaks against outcomes ------------------------------------------------------------------------------------------
def peak_cards(asked: Asked, found: Cytokines) -> dict:
    peak, outcome = chosen_pair(asked)
    tests = family_of(asked.cut, chosen_cohort(asked), asked.head)
    rows = pairs(found.peaks, found.outcomes, peak.id, outcome)
    rows = rows[rows["usubjid"].isin(people(asked, found)["usubjid"])]
    cell = tests[(tests["peak"] == peak.id) & (tests["outcome"] == outcome)].iloc[0]
    table = grid_rows(asked, found)
    return {
        "matrix": matrix(asked, found, tests),
        "pair": pair_head(asked, peak, outcome),
        "scatter": pair_figure(asked, found, peak, outcome, rows, cell),
        "excluded": excluded(asked, found, peak, outcome, rows),
        "peaks_summary": peaks_summary(asked, found),
        "columns": columns(asked, found),
        "rows": table,
        "peaks_style": {"height": f"min(70vh, {110 + 42 * max(len(table), 2)}px)"},
        "stamp": [html.Div(stamp(asked, filters(asked, chosen(asked))), className="stamp"), _export(asked, "peaks")],
    }


def _export(asked: Asked, name: str) -> html.A:
    return export_link(f"/export/{name}.csv?{asked.view.change(open='', zoom='').href.partition('?')[2]}", asked.say)


def chosen_pair(asked: Asked) -> tuple[Peak, str]:
    """The peak and outcome of the scatter, the protocol's first by default. NotUnderstood for one it does not name."""
    told, view = asked.cut.protocol.associations, asked.view
    peak = next((one for one in told.peaks if one.id == (view.peak or told.peaks[0].id)), None)
    outcome = view.outcome or told.outcomes[0]
    if peak is None or outcome not in told.outcomes:
        raise NotUnderstood(f"peak={view.peak}, outcome={view.outcome}"[:80])
    return peak, outcome


def matrix(asked: Asked, found: Cytokines, tests: pd.DataFrame) -> html.Div:
    told, say = asked.cut.protocol.associations, asked.say
    by_pair = {(one.peak, one.outcome): one for one in tests.itertuples()}
    head = [say("cytokines.peak_head", day=told.to_day), *(outcome_name(asked, one) for one in told.outcomes)]
    body = [
        [one.label.in_(asked.view.lang), *(_matrix_cell(asked, by_pair[one.id, other]) for other in told.outcomes)]
        for one in told.peaks
    ]
    block = html_table(
        head,
        body,
        caption=matrix_summary(asked, tests),
        stamp=stamp(asked, filters(asked, chosen(asked))),
        name="cytokines-matrix",
    )
    note = say("cytokines.method", tests=int(found.family["p"].notna().sum()), cells=len(found.family))
    return html.Div([block, html.P(note, className="quiet"), _export(asked, "cytokines")])


def _matrix_cell(asked: Asked, cell) -> html.A:
    """The estimate, then p, adjusted p and n, or why nothing is said; a link that shows the patients behind it."""
    say = asked.say
    peak, outcome = chosen_pair(asked)
    current = (cell.peak, cell.outcome) == (peak.id, outcome)
    first = [html.Span(estimate(asked, cell), className="estimate"), html.Span(say("cytokines.cell_n", n=cell.n))]
    lines = [html.Span(first, className="said"), html.Span(_tested(asked, cell), className="under")]
    if cell.why:
        lines = [html.Span(say(f"cytokines.cell_{cell.why}", n=cell.n), className="unsaid")]
    return html.A(
        lines,
        href=asked.view.change(peak=cell.peak, outcome=cell.outcome, open="").href,
        className="cell" + (" chosen" if current else ""),
        style={"backgroundColor": shade(cell)},
        **({"aria-current": "true"} if current else {}),
        **{"data-cell": f"{cell.peak}/{cell.outcome}"},
    )


def _tested(asked: Asked, cell) -> str:
    if math.isnan(cell.p):
        return asked.say("cytokines.cell_filtered")
    return asked.say("cytokines.cell_tested", p=probability(cell.p), adjusted=probability(cell.adjusted))


def shade(cell) -> str:
    """Orange for together, blue for against each other, stronger with the estimate; the number is always printed."""
    value = 2 * cell.estimate - 1 if cell.outcome == RESPONSE else cell.estimate
    if math.isnan(value):
        return "transparent"
    hue = "217, 119, 6" if value > 0 else "37, 99, 200"
    return f"rgba({hue}, {0.42 * abs(value):.3f})"


def matrix_summary(asked: Asked, tests: pd.DataFrame) -> str:
    say, lang = asked.say, asked.view.lang
    if chosen_cohort(asked):
        return say("cytokines.matrix_filtered", cohort=cohort_words(asked))
    tested = tests[tests["p"].notna()]
    if tested.empty:
        return say("cytokines.matrix_none")
    first = tested.sort_values(["adjusted", "p"]).iloc[0]
    label = next(one for one in asked.cut.protocol.associations.peaks if one.id == first["peak"]).label.in_(lang)
    told = {
        "below": int((tested["adjusted"] < 0.05).sum()),
        "tests": len(tested),
        "peak": label,
        "outcome": outcome_name(asked, first["outcome"]),
        "estimate": estimate(asked, first),
        "adjusted": probability(first["adjusted"]),
        "n": first["n"],
    }
    return say("cytokines.matrix_summary", **told)


# ---- one pair --------------------------------------------------------------------------------------------------------
def pair_head(asked: Asked, peak: Peak, outcome: str) -> list:
    title = asked.say("cytokines.pair", peak=peak.label.in_(asked.view.lang), outcome=outcome_name(asked, outcome))
    return [html.H2(title, id="cytokines-pair-title")]


def pair_figure(asked: Asked, found: Cytokines, peak: Peak, outcome: str, rows: pd.DataFrame, cell: pd.Series):
    view, used = asked.view, rows[rows["used"]]
    unit = outcome_unit(found, outcome)
    words = Words(
        x=asked.say("cytokines.axis_peak", peak=peak.label.in_(view.lang), unit=peak_unit(asked, peak),
                    day=asked.cut.protocol.associations.to_day),
        y=outcome_name(asked, outcome) + (f", {unit}" if unit else ""),
        said=said_inside(asked, cell, len(found.family["p"].dropna())),
        stamp=stamp(asked, filters(asked, chosen(asked))),
        name=_names(found),
        link=links(asked),
        about={one.usubjid: _about(asked, one, peak, outcome) for one in used.itertuples()},
        ticks=_ticks(asked, outcome, used),
        nothing=asked.say("cytokines.no_pair"),
    )  # fmt: skip
    exposure = outcome in (CMAX, AUC)
    figure = scatter(
        used, places(asked), words, scale=view.scale, log_y=exposure and view.scale == "log" and len(used) > 0,
        theme=view.theme, chosen=view.subject,
    )  # fmt: skip
    return moved(figure, view.zoomed(Id.SCATTER))


def _ticks(asked: Asked, outcome: str, used: pd.DataFrame) -> dict[float, str]:
    if outcome == RESPONSE:
        return {0: asked.say("cytokines.response_no"), 1: asked.say("cytokines.response_yes")}
    if outcome == CRS:
        return {grade: str(grade) for grade in range(int(used["y"].max() if len(used) else 0) + 1)}
    return {}


def _about(asked: Asked, one, peak: Peak, outcome: str) -> str:
    x = f"{peak.label.in_(asked.view.lang)} {BOUND[one.x_limit]}{number(one.x)} {peak_unit(asked, peak)}"
    y = outcome_words(asked, outcome, one.y, one.y_words, one.y_limit)
    return f"{x} ({asked.say('cytokines.on_day', day=one.x_day)}), {y}"


def said_inside(asked: Asked, cell: pd.Series, tests: int) -> list[str]:
    """What stands inside the figure. On a part of the patients there is no p: what was chosen after looking is not
    tested."""
    say = asked.say
    if chosen_cohort(asked):
        first = say("cytokines.exploratory_filtered", n=cell["n"])
        return [first] if cell["why"] else [first, estimate(asked, cell)]
    first = say("cytokines.exploratory", n=cell["n"])
    if cell["why"]:
        return [first, say(f"cytokines.cell_{cell['why']}", n=cell["n"])]
    key = "cytokines.interval_large" if cell["method"].startswith("large") else "cytokines.interval"
    interval = (
        say(key, low=signed(cell["low"]), high=signed(cell["high"]))
        if pd.notna(cell["low"])
        else say("cytokines.no_interval")
    )
    told = {"p": probability(cell["p"], "= "), "method": method(asked, cell["method"]), "tests": tests}
    of_responders = say("cytokines.of_responders", yes=cell["n_yes"], no=cell["n"] - cell["n_yes"])
    if cell["outcome"] == RESPONSE:
        first += f" · {of_responders}"
    return [
        first,
        f"{estimate(asked, cell)} ({interval})",
        say("cytokines.inside_p", adjusted=probability(cell["adjusted"]), **told),
    ]


def excluded(asked: Asked, found: Cytokines, peak: Peak, outcome: str, rows: pd.DataFrame) -> list:
    """Who is not among the dots and why, reason by reason; every number opens its patient."""
    say, out = asked.say, rows[~rows["used"]]
    if out.empty:
        return [html.P(say("cytokines.nobody_excluded"), className="quiet")]
    reasons: dict[str, list[str]] = {}
    for one in out.itertuples():
        reasons.setdefault("; ".join(_reasons(asked, one, peak, outcome)), []).append(one.usubjid)
    items = [html.Li([html.Span(f"{why}: "), *_who(asked, found, who)]) for why, who in reasons.items()]
    head = say("cytokines.excluded", k=len(out), n=len(rows))
    return [html.P(head, className="quiet"), html.Ul(items, className="excluded")]


def _reasons(asked: Asked, one, peak: Peak, outcome: str) -> list[str]:
    found = []
    if one.why_peak:
        found.append(peak_reason(asked, one.why_peak, one.last_day, peak.label.in_(asked.view.lang), peak.until))
    if one.why_outcome:
        found.append(outcome_reason(asked, one.why_outcome, outcome, one.followed, one.y_day))
    return found


def _who(asked: Asked, found: Cytokines, who: list[str]) -> list:
    known = found.people.set_index("usubjid")
    levels = places(asked)
    named = [
        patient_link(asked, one, known.loc[one, "subjid"], levels.get(known.loc[one, "cohort"])) for one in who[:LISTED]
    ]
    rest = len(who) - len(named)
    return [*named, *([html.Span(asked.say("cytokines.and_more", count=rest))] if rest else [])]
