"""The tables under the stack of a patient, each with what it holds in a sentence, what is out of sight, its identity
and the way to have it as a file."""

from dash import html

from clinical.course import Course
from clinical.sight import Seen
from dashboard import patient_tables
from dashboard.choices import choice
from dashboard.patient_sight import in_sight, line, narrowed, words
from dashboard.session import Asked, stamp
from dashboard.tables import export_link


def events(asked: Asked, course: Course) -> list:
    found = in_sight(asked.view, course, "events")
    told = patient_tables.events_summary(found.rows, asked.say)
    return _table(
        asked, course, found, told, patient_tables.event_rows(course, found.rows, asked.say), "patient-events"
    )


def given(asked: Asked, course: Course) -> list:
    found = in_sight(asked.view, course, "given")
    told = patient_tables.given_summary(found.rows, asked.say)
    return _table(asked, course, found, told, patient_tables.given_rows(found.rows, asked.say), "patient-interventions")


def measured(asked: Asked, course: Course) -> list:
    say = asked.say
    found = narrowed(patient_tables.measured(course, asked.view.table), "measured", asked.view, course)
    tables = [(one, say(f"patient.table_{one}")) for one in patient_tables.TABLES]
    told = patient_tables.measured_summary(found.rows, say)
    made = patient_tables.measured_rows(found.rows, say)
    return [
        html.Div(choice(say("patient.table"), asked.view, "table", tables), className="choices noprint"),
        *_table(asked, course, found, told, made, "patient-measurements"),
    ]


def visits(asked: Asked, course: Course) -> list:
    found = in_sight(asked.view, course, "visits")
    told = patient_tables.visits_summary(course, found.rows, asked.say, asked.view.lang)
    return _table(
        asked, course, found, told, patient_tables.visit_rows(course, found.rows, asked.say, asked.view.lang), ""
    )


def _table(asked: Asked, course: Course, found: Seen, summary: str, block, export: str) -> list:
    """export: of `dashboard.export_rows.TABLES`; "" for none."""
    filters = words(asked.view, course, asked.say)
    identity = html.Div(stamp(asked, filters), className="stamp")
    parts = [html.P(summary, className="summary"), *line(asked, course, found), block, identity]
    return [*parts, export_link(_export(asked, export), asked.say)] if export else parts


def _export(asked: Asked, name: str) -> str:
    view = asked.view.change(page="board", usubjid="", subject=asked.view.usubjid, open="")
    return f"/export/{name}.csv?{view.search}"
