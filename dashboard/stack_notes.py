"""What a patient's stack cannot show, in words under it."""

from clinical.course import Course
from dashboard.figures.panels import CRS_ICANS, Shown
from dashboard.figures.stack import Stack
from dashboard.figures.stack_events import in_sight
from dashboard.figures.stack_lanes import period_name
from dashboard.labels import Say
from dashboard.session import Asked
from dashboard.stack_choices import panel_name


def notes(course: Course, drawn: Stack, shown: Shown, asked: Asked) -> list[str]:
    """What the figure cannot show, in words: undated rows, events out of sight, panels without data, the periods."""
    say, lines = asked.say, []
    undated = course.given.loc[course.given["first"].isna() & (course.given["kind"] != "other"), "name"]
    if len(undated):
        lines.append(say("patient.undated", what=", ".join(dict.fromkeys(undated))))
    vague = [one.term for one in course.episodes if not one.steps]
    if vague:
        lines.append(say("patient.undated_events", what=", ".join(vague)))
    dated = [one for one in course.episodes if one.steps]
    outside = len(dated) - len(in_sight(dated, shown))
    if outside:
        lines.append(say("patient.outside", count=outside))
    missing = [_missing(one, course, say) for one in drawn.missing if not (one == "events" and outside)]
    if missing:
        lines.append(say("patient.missing", what="; ".join(missing)))
    if course.periods:
        lines.append(say("patient.periods_line", what=" · ".join(_periods(course, say, asked.view.lang))))
    return lines


def _missing(panel: str, course: Course, say: Say) -> str:
    if panel == "ribbons" and any(one.id in CRS_ICANS for one in course.protocol.aesi):
        return say("patient.none_reported")
    return panel_name(panel, say)


def _periods(course: Course, say: Say, lang: str) -> list[str]:
    axis = course.axis
    return [
        say(
            "patient.period_part",
            name=period_name(course, one.id, one.planned, lang),
            first=axis.day(one.start),
            last=axis.day(one.end),
        )
        for one in course.periods
    ]
