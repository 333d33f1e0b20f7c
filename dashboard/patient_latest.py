"""At the last data of one patient: each value with the day of its own sample, CRS and ICANS at their peak."""

from collections.abc import Iterator

import pandas as pd
from dash import html

from clinical.course import Course
from clinical.episodes import Episode
from dashboard.figures.panels import CRS_ICANS, moment
from dashboard.figures.series import assay_results, results
from dashboard.labels import Say
from dashboard.patient_tables import result_text, shown
from dashboard.session import Asked

BLOOD = ("NEUT", "PLAT", "HGB")
LIVER = ("ALT", "BILI")
OXYGEN = "OXYSAT"


def latest_values(asked: Asked, course: Course) -> list:
    """The key values of this patient; which of them there are none of is said in a line."""
    found = list(_key_values(course, asked))
    absent = [label for label, rows in found if rows.empty]
    table = html.Table(html.Tbody([_row(label, rows, asked) for label, rows in found if len(rows)]), className="latest")
    if not absent:
        return [table]
    return [table, html.P(asked.say("patient.latest_none", what=", ".join(absent)), className="quiet")]


def _key_values(course: Course, asked: Asked) -> Iterator[tuple[str, pd.DataFrame]]:
    say, lang, protocol = asked.say, asked.view.lang, course.protocol
    yield say("patient.latest_temp"), results(course, "vital_sign", "TEMP")
    yield say("patient.latest_sysbp"), results(course, "vital_sign", "SYSBP")
    yield say("patient.latest_oxysat"), results(course, "vital_sign", OXYGEN)
    for one in protocol.panel("cytokine", "inflammation"):
        if one.code in ("IL6", "FERRITIN"):
            yield one.label.in_(lang), results(course, "lab" if one.panel == "inflammation" else "cytokine", one.code)
    if assay := protocol.kinetics:
        label = next((one.label.in_(lang) for one in protocol.analytes if one.code == assay.code), assay.code)
        yield label, assay_results(course)
    for code in (*BLOOD, *LIVER):
        yield say(f"patient.latest_{code.lower()}"), results(course, "lab", code)


def _row(label: str, rows: pd.DataFrame, asked: Asked) -> html.Tr:
    say = asked.say
    last = rows.loc[rows["first"].idxmax()]
    value = result_text(last, say)
    when = f"{say('patient.day', day=last['rel_day'])}, {moment(last['first'])}{_beside(last, say)}"
    source = f"{last['source_file']} {last['source_row']}"
    return html.Tr(
        [html.Th(label, scope="row"), html.Td([html.B(value), html.Span(when, className="under")])],
        title=f"{say('word.source')}: {source}",
    )


def _beside(row: pd.Series, say: Say) -> str:
    """What a value is to be held against: its site, its upper limit where it lies above."""
    if row["code"] == "TEMP" and isinstance(row["place"], str):
        known = {
            "AXILLA": "axilla",
            "ORAL CAVITY": "oral_cavity",
            "EAR": "ear",
            "RECTUM": "rectum",
            "FOREHEAD": "forehead",
        }
        name = known.get(row["place"])
        return f", {say(f'patient.site_{name}') if name else row['place']}"
    if row["range_high"] > 0 and row["value"] > row["range_high"]:
        times = f"{row['value'] / row['range_high']:.2g}"
        return f", {say('patient.of_uln', times=times)}"
    return ""


# ---- CRS and ICANS ---------------------------------------------------------------------------------------------------
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
    value = f"{shown(last['value'])}, {moment(last['first'])}"
    if hours < 72:
        return say("patient.before_cut", moment=value, hours=round(hours))
    return say("patient.before_cut_days", moment=value, days=round(hours / 24))
