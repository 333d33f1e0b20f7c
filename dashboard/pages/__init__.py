"""The screens, one file each: `layout(view, request)` describes, a callback of the file fetches."""

from dash import html

from dashboard.pages import adverse_events, board, patient
from dashboard.view import View

_PAGES = {"board": board, "adverse_events": adverse_events, "patient": patient}
NAVIGATION = ("board", "adverse_events")


def layout(view: View, request: dict) -> html.Div:
    """The page of a view, with `request` in its own store, from which its callback starts."""
    return _PAGES[view.page].layout(view, request)


def all_layouts() -> list[html.Div]:
    """Every page once, for Dash's check that each callback's ids exist."""
    return [page.layout(View(page=name), None) for name, page in _PAGES.items()]
