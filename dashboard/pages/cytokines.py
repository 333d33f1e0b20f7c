"""Cytokines and response: profiles, how high each analyte rose, and what its peak goes with."""

from enum import StrEnum

from dash import Input, Output, callback, dcc, html

from clinical.family import pairs
from dashboard import cytokine_pair, cytokine_profiles
from dashboard.choices import chosen_cohort
from dashboard.correlating import Cytokines, cytokines_of, export, family_of, people
from dashboard.cytokine_matrix import chosen_pair, matrix
from dashboard.cytokine_pair import excluded, pair_figure, pair_head
from dashboard.cytokine_profiles import profile_card
from dashboard.graphs import graph, keep_zoom, open_points
from dashboard.kinetic_words import chosen, filters
from dashboard.labels import speaker
from dashboard.later import Later, asks_below, below
from dashboard.patient_rows import patient_rows
from dashboard.peak_table import columns, peaks_summary, rows
from dashboard.session import Asked, stamp
from dashboard.still import Still, text
from dashboard.view import View


class Id(StrEnum):
    CHOICES = "cytokines-choices"
    EMPTY = "cytokines-empty"
    BODY = "cytokines-body"
    PROFILE_SUMMARY = "cytokines-profile-summary"
    SUBJECT = "cytokines-subject"
    PROFILES = cytokine_profiles.PROFILES
    MATRIX = "cytokines-matrix"
    PAIR = "cytokines-pair"
    SCATTER = cytokine_pair.SCATTER
    EXCLUDED = "cytokines-excluded"
    PEAKS_SUMMARY = "cytokines-peaks-summary"
    PEAKS = "cytokines-peaks"
    STAMP = "cytokines-stamp"
    TESTS = "cytokines-tests"  # the cards of what the peaks go with


for _figure in (Id.PROFILES, Id.SCATTER):
    keep_zoom(_figure)
    open_points(_figure)
asks_below("cytokines", Id.PROFILES, "figure")


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    profile_head = html.Div(
        [
            html.Div([html.H2(say("cytokines.profiles")), html.P(id=Id.PROFILE_SUMMARY, className="summary")]),
            html.Div(Still(id=Id.SUBJECT)),
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
        html.Div(id=Id.PEAKS),
        html.Div(id=Id.STAMP),
    ]
    return html.Div(
        [
            dcc.Store(id={"view": "cytokines"}, data=request),
            below("cytokines"),
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
        "subject": Output(Id.SUBJECT, "tree"),
        "profiles": Output(Id.PROFILES, "figure"),
        "profiles_style": Output(Id.PROFILES, "style"),
        "matrix": Output(Id.MATRIX, "children"),
        "pair": Output(Id.PAIR, "children"),
        "scatter": Output(Id.SCATTER, "figure"),
        "excluded": Output(Id.EXCLUDED, "children"),
    },
    inputs={"stored": Input({"view": "cytokines"}, "data")},
    prevent_initial_call=True,
)
def show(stored: object) -> dict:
    asked = Asked.read(stored)
    found = cytokines_of(asked.cut, asked.head)
    if not found.analytes:
        return _nothing(asked)
    return profile_card(asked, found) | (pair_cards(asked, found) if len(found.family) else _untested(asked))


def _nothing(asked: Asked) -> dict:
    """What a trial does not have is one sentence."""
    hidden = {"display": "none"}
    blank = dict.fromkeys(("profile_summary", "matrix", "pair", "excluded"), "")
    blank |= {"subject": text(None)}
    blank |= {"profiles": {}, "scatter": {}, "profiles_style": hidden}
    return blank | {
        "choices": [],
        "empty": _sentence(asked, asked.say("cytokines.none")),
        "hidden": True,
        "untested": True,
    }


def _sentence(asked: Asked, words: str) -> list:
    return [html.P(words, className="empty-words"), html.Div(stamp(asked), className="stamp")]


def _untested(asked: Asked) -> dict:
    blank = {"matrix": "", "pair": "", "excluded": "", "scatter": {}}
    return blank | {"untested": True, "empty": _sentence(asked, asked.say("cytokines.no_family"))}


def pair_cards(asked: Asked, found: Cytokines) -> dict:
    peak, outcome = chosen_pair(asked)
    tests = family_of(asked.cut, chosen_cohort(asked), asked.head)
    behind = pairs(found.peaks, found.outcomes, peak.id, outcome)
    behind = behind[behind["usubjid"].isin(people(asked, found)["usubjid"])]
    cell = tests[(tests["peak"] == peak.id) & (tests["outcome"] == outcome)].iloc[0]
    return {
        "matrix": Still(matrix(asked, found, tests)),
        "pair": pair_head(asked, peak, outcome),
        "scatter": pair_figure(asked, found, peak, outcome, behind, cell),
        "excluded": Still(excluded(asked, found, peak, outcome, behind)),
    }


@callback(
    output={
        "summary": Output(Id.PEAKS_SUMMARY, "children"),
        "peaks": Output(Id.PEAKS, "children"),
        "stamp": Output(Id.STAMP, "children"),
    },
    inputs={"stored": Input({"below": "cytokines"}, "data")},
    prevent_initial_call=True,
)
def show_peaks(stored: object) -> dict:
    asked = Asked.read(stored)
    found = cytokines_of(asked.cut, asked.head)
    if not found.analytes or not len(found.family):
        return dict.fromkeys(("summary", "peaks", "stamp"), "")
    return peaks_card(asked, found)


def peaks_card(asked: Asked, found: Cytokines) -> dict:
    return {
        "summary": peaks_summary(asked, found),
        "peaks": patient_rows("cytokines-peaks", columns(asked, found), rows(asked, found), asked.say),
        "stamp": [html.Div(stamp(asked, filters(asked, chosen(asked))), className="stamp"), export(asked, "peaks")],
    }
