"""The days of a patient that the reader has in sight, which the tables follow as the figure does."""

import pandas as pd
from dash import html

from clinical.course import Course
from clinical.sight import EVER, Days, Seen, seen
from dashboard.labels import Say
from dashboard.session import Asked
from dashboard.view import View

FIGURE = "patient-stack"
# Choice of the period -> the first and the last whole day; hours are counted from the infusion.
MONTH = (-7, 28)
HOURS = Days(-0.1, 3.06)


def days(view: View, course: Course) -> Days:
    """Those of the axis as the reader has moved it, else of the chosen period; all where the reader asks for all."""
    if view.outside == "shown" or course.axis is None:
        return EVER
    if "xaxis" in (moved := view.zoomed(FIGURE)):
        return Days(*moved["xaxis"])
    first, last = MONTH
    month = Days(course.axis.end_of_day(first - 1), course.axis.end_of_day(last))
    return {"hours": HOURS, "month": month, "all": EVER}[view.period]


def in_sight(view: View, course: Course, of: str) -> Seen:
    """of: events, given, measured or visits."""
    return narrowed(getattr(course, of), of, view, course)


def narrowed(rows: pd.DataFrame, of: str, view: View, course: Course) -> Seen:
    return seen(rows, of, course.axis, days(view, course))


def words(view: View, course: Course, say: Say) -> str:
    """The days, for a stamp; "" where nothing is narrowed."""
    chosen = days(view, course)
    if chosen == EVER:
        return ""
    if "xaxis" in view.zoomed(FIGURE):
        return say("patient.days_moved", low=f"{chosen.low:.1f}", high=f"{chosen.high:.1f}")
    return say("patient.period_hours") if view.period == "hours" else say("patient.period_month")


def line(asked: Asked, course: Course, found: Seen) -> list:
    """What of a table is out of sight, and the way to it or back; rows without a day are in it always."""
    say, view = asked.say, asked.view
    parts = [say("patient.without_day", count=found.undated)] if found.undated and course.axis is not None else []
    if view.outside == "shown":
        back = html.A(say("patient.only_in_sight"), href=_href(view, "hidden"))
        return [html.P([say("patient.all_rows"), " ", back, *_then(parts)], className="quiet")]
    if shown := words(view, course, say):
        parts = [say("patient.rows_of", days=shown), *parts]
    if not found.outside:
        return [html.P("; ".join(parts), className="quiet")] if parts else []
    more = html.A(say("patient.show_all"), href=_href(view, "shown"))
    return [html.P([*_first(parts), say("patient.rows_outside", count=found.outside), ", ", more], className="quiet")]


def _first(parts: list[str]) -> list[str]:
    return [f"{'; '.join(parts)}; "] if parts else []


def _then(parts: list[str]) -> list[str]:
    return [f"; {'; '.join(parts)}"] if parts else []


def _href(view: View, outside: str) -> str:
    return view.change(outside=outside, open="", zoom="").href
