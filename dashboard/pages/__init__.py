"""The screens, one file each: `layout(view, request, opened)` describes, the callbacks of the file fetch."""

from dash import html

from dashboard.pages import adverse_events, board, changes, cytokines, data, grading, kinetics, patient, patients, sheet
from dashboard.view import View

_PAGES = {
    "board": board,
    "patients": patients,
    "adverse_events": adverse_events,
    "grading": grading,
    "kinetics": kinetics,
    "cytokines": cytokines,
    "changes": changes,
    "patient": patient,
    "data": data,
}
NAVIGATION = ("board", "patients", "adverse_events", "grading", "kinetics", "cytokines", "changes", "data")


def layout(view: View, request: dict, opened: dict) -> html.Div:
    """The page of a view. `request`, the view without an opened count, and `opened`, with it, start its callbacks."""
    shown = sheet if view.is_sheet else _PAGES[view.page]
    return shown.layout(view, request, opened)


def all_layouts() -> list[html.Div]:
    """Every page once, for Dash's check that each callback's ids exist."""
    every = [page.layout(View(page=name), None, None) for name, page in _PAGES.items()]
    return [*every, sheet.layout(View(page="patient", paper="sheet"), None, None)]
