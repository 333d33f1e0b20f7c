"""CRS and ICANS of one patient at their peak and as last written, and when was last looked."""

import pandas as pd
from dash import html

from clinical.course import Course
from clinical.episodes import Episode
from dashboard.figures.panels import CRS_ICANS, digits, moment
from dashboard.labels import Say
from dashboard.session import Asked


def crs_icans(asked: Asked, course: Course) -> html.Table | None:
    """None where the protocol follows neither. Nothing reported is not grade 0: when was last looked stands beside."""
    followed = [one for one in CRS_ICANS if any(group.id == one for group in course.protocol.aesi)]
    if not followed:
        return None
    say = asked.say
    rows = [_line(say("patient.peak_of", name=say(f"patient.{one}")), _peak(course, one, say)) for one in followed]
    reported = [one for one in followed if _dated(course, one)]
    rows += [_line(say("patient.state_of", name=say(f"patient.{one}")), _state(course, one, say)) for one in reported]
    rows.append(
        _line(say("patient.last_of", what=say("patient.temperature_word")), _seen(course, "vital_sign", "TEMP", say))
    )
    if "icans" in followed:
        rows.append(_line(say("patient.last_of", what=say("patient.ice_word")), _seen(course, "ice", "ICETOT", say)))
    return html.Table(html.Tbody(rows), className="latest")


def _line(label: str, words: str) -> html.Tr:
    return html.Tr([html.Th(label, scope="row"), html.Td(words)])


def _dated(course: Course, group: str) -> list[Episode]:
    return [one for one in course.of_interest(group) if one.steps]


def _peak(course: Course, group: str, say: Say) -> str:
    found = _dated(course, group)
    if not found:
        return say("patient.not_reported")
    steps = [step for one in found for step in one.steps if step.grade is not None]
    if not steps:
        return say("patient.peak_ungraded")
    worst = max(steps, key=lambda one: (one.grade, -one.start))
    return say("patient.peak", grade=worst.grade, day=worst.day)


def _state(course: Course, group: str, say: Say) -> str:
    """The last thing that was written of it, never what it is by now."""
    last = max((one.steps[-1] for one in _dated(course, group)), key=lambda one: one.start)
    grade = say("word.not_recorded") if last.grade is None else last.grade
    end = say("patient.end_unknown") if last.end_unknown else say("patient.to_end", end=last.ending)
    return say("patient.state", grade=grade, day=last.day, end=say("word.ongoing") if last.goes_on else end)


def _seen(course: Course, table: str, code: str, say: Say) -> str:
    """When it was last assessed, and how long before the cut-off that is."""
    rows = course.measured
    rows = rows[(rows["table"] == table) & (rows["code"] == code) & rows["value"].notna() & rows["first"].notna()]
    if rows.empty:
        return say("patient.not_assessed")
    last = rows.loc[rows["first"].idxmax()]
    hours = (pd.Timestamp(course.cutoff) - last["first"]).total_seconds() / 3600
    value = f"{digits(last['value'])}, {moment(last['first'])}"
    if hours < 72:
        return say("patient.before_cut", moment=value, hours=round(hours))
    return say("patient.before_cut_days", moment=value, days=round(hours / 24))
