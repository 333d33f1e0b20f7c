"""A patient on one sheet of paper, A4 upright: the head, the course, the open alerts and what is due."""

from dash import dcc, html

from clinical.course import Course
from dashboard import due_card, patient_alerts
from dashboard.courses import others
from dashboard.due_card import due_of
from dashboard.figures.stack import PAPER, for_paper, shown_days, stack
from dashboard.labels import Say
from dashboard.patient_alerts import open_alerts
from dashboard.patient_head import brief
from dashboard.session import Asked, stamp
from dashboard.stack_choices import panel_name
from dashboard.stack_notes import notes
from dashboard.still import Still
from dashboard.theme import moved

# px of the sheet before it is printed at 0.74 (style.css, .sheet): 190 x 277 mm within the margins.
WIDE, HIGH = 970, 1410
HEAD, REST = 150, 125  # px: the head; the words under the figure and the stamp
ALERT, DUE, TITLE = 38, 38, 62  # px: one of each of the lists, and what stands over and under them
LISTED = 3  # of what is due; more are counted
LEAST = 600  # px of the figure
AWAY = {"target"}  # too many rows for a sheet; it is named there as left out
STACK = "patient-stack"  # whose days the reader has moved


def sheet(asked: Asked, course: Course) -> list:
    """One sheet of the days that the view asks for."""
    alerts, due = open_alerts(asked, course.who["usubjid"]), due_of(asked, course)
    lists = [
        patient_alerts.card(asked, alerts) or _no_alert(asked),
        due_card.card(asked, course, due, LISTED),
    ]
    below = TITLE + max(ALERT * len(alerts), DUE * min(len(due), LISTED))
    return [
        Still(html.Div(brief(asked, course), className="patient-head")),
        *_figure(asked, course, max(HIGH - HEAD - REST - below, LEAST)),
        html.Div([one for one in lists if one], className="sheet-lists"),
        html.Div([stamp(asked, course.who["subjid"]), html.Br(), asked.say("shell.disclaimer")], className="stamp"),
    ]


def _no_alert(asked: Asked) -> html.Section | None:
    """Nothing in a trial whose protocol names no rule."""
    if not asked.cut.protocol.alerts:
        return None
    return html.Section([html.H2(asked.say("head.alerts")), html.P(asked.say("head.no_alert"))], className="card")


def _figure(asked: Asked, course: Course, height: int) -> list:
    """Light, whatever the screen is: ink is on paper. What it does not hold is said under it."""
    view, say = asked.view, asked.say
    if course.axis is None:
        return [html.P(say("patient.no_axis"))]
    away = view.folds | AWAY
    days = shown_days(course, view.period, say, "light", view.lang)
    shown = for_paper(course, days, height, away)
    beside = others(asked.cut, course, asked.head) if view.group == "shown" else {}
    drawn = stack(course, shown, view.period, stamp="", folded=away, room=PAPER, others=beside)
    figure = moved(drawn.figure, view.zoomed(STACK))
    figure.layout["width"] = WIDE
    size = {"width": f"{WIDE}px", "height": f"{drawn.height}px"}
    words = [*notes(course, drawn, shown, asked), *_folded(drawn.folded, say)]
    return [
        dcc.Graph(figure=figure, config={"staticPlot": True}, style=size),
        html.P(" ".join(words), className="quiet"),
    ]


def _folded(names: tuple[str, ...], say: Say) -> list[str]:
    return [say("patient.sheet_folded", what=", ".join(panel_name(one, say) for one in names))] if names else []
