"""The page of a patient's sheet: what `dashboard.sheet` puts together, and the buttons over it."""

from enum import StrEnum

from dash import Input, Output, callback, dcc, html

from dashboard.courses import course as course_of
from dashboard.labels import speaker
from dashboard.session import Asked
from dashboard.sheet import sheet
from dashboard.view import View


class Id(StrEnum):
    SHEET = "patient-sheet"


def layout(view: View, request: dict | None, opened: dict | None) -> html.Div:
    say = speaker(view.lang)
    bar = [
        html.Button(say("patient.sheet_print"), className="button", **{"data-prints": "page"}),
        html.A(say("patient.sheet_back"), href=view.change(paper="").href, className="quiet-link"),
    ]
    return html.Div(
        [
            dcc.Store(id={"view": "sheet"}, data=request),
            html.Div(bar, className="sheet-bar noprint"),
            html.Article(id=Id.SHEET, className="sheet"),
        ],
        className="page sheet-page",
    )


@callback(Output(Id.SHEET, "children"), Input({"view": "sheet"}, "data"), prevent_initial_call=True)
def show(stored: object) -> list:
    asked = Asked.read(stored)
    course = course_of(asked.cut, asked.view.usubjid, asked.head)
    if course is None:
        return [html.H1(asked.say("patient.unknown", usubjid=asked.view.usubjid, id=asked.cut.short))]
    return sheet(asked, course)
