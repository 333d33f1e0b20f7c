"""The tables of one patient: adverse events, interventions, measurements, visits; every row with its source."""

import pandas as pd
from dash import html

from clinical.course import Course
from dashboard.drill import listing
from dashboard.figures.panels import digits, unit_words
from dashboard.grades_said import short_words
from dashboard.labels import Say
from dashboard.reasons import dlt_words
from dashboard.tables import grade_chip

# A choice of the reader -> tables of the store.
TABLES = {
    "lab": ("lab",),
    "vital_sign": ("vital_sign",),
    "cytokine": ("cytokine",),
    "kinetics": ("kinetics", "flow"),
    "ice": ("ice",),
    "tumour": ("lesion", "response"),
}


# ---- adverse events --------------------------------------------------------------------------------------------------
def events_summary(rows: pd.DataFrame, say: Say) -> str:
    """rows: of `Course.events`."""
    grades = rows["aetoxgr"]
    if grades.empty:
        return ""  # the table says it
    if grades.isna().all():
        return say("patient.events_ungraded", count=len(grades))
    return say("patient.events_summary", count=len(grades), worst=grades.max(), unknown=int(grades.isna().sum()))


def event_rows(course: Course, rows: pd.DataFrame, say: Say) -> html.Div | html.P:
    scale = course.protocol.adverse_events.grade_scale
    grade = f"{say('word.grade')} ({scale})" if scale else say("word.grade")
    names = ("event", "soc", None, "day", "onset", "end", "relation", "serious", "dlt", "source")
    head = [grade if one is None else say(f"word.{one}") for one in names]
    return listing(head, [_event(one, course, say) for one in rows.itertuples()], say)


def _event(one, course: Course, say: Say) -> list:
    blank = say("word.not_recorded")
    grade = blank if pd.isna(one.aetoxgr) else html.Span(str(one.aetoxgr), className=f"grade g{one.aetoxgr}")
    if pd.isna(one.aetoxgr) and pd.notna(one.aesev):
        grade = f"{blank} ({one.aesev})"
    coded = one.aeterm if pd.isna(one.aedecod) else one.aedecod
    scales = course.protocol.adverse_events
    if pd.notna(one.aetoxgr) and (own := scales.scale_of(coded)) != scales.grade_scale:
        grade = [grade, f" ({own})"]
    term = [coded, html.Span(f" {say('word.uncoded')}", className="assumed")] if pd.isna(one.aedecod) else coded
    return [
        html.Span(term, title=one.aeterm),
        blank if pd.isna(one.aebodsys) else one.aebodsys,
        grade,
        _day(course, one.aestdtc_earliest),
        blank if pd.isna(one.aestdtc) else one.aestdtc,
        say("word.ongoing") if pd.isna(one.aeendtc) else one.aeendtc,
        blank if pd.isna(one.aerel) else one.aerel,
        blank if pd.isna(one.aeser) else one.aeser,
        dlt_words(one.aedlt, say),
        f"{one.source_file} {one.source_row}",
    ]


# ---- interventions ---------------------------------------------------------------------------------------------------
def given_summary(rows: pd.DataFrame, say: Say) -> str:
    """rows: of `Course.given`."""
    return say("patient.given_summary", count=len(rows), undated=int(rows["first"].isna().sum()))


def given_rows(rows: pd.DataFrame, say: Say) -> html.Div | html.P:
    head = [say(f"patient.{one}") for one in ("kind", "name", "dose", "indication")]
    head += [say("word.day"), say("patient.start"), say("word.end"), say("word.source")]
    return listing(head, [_given(one, say) for one in rows.itertuples()], say)


def _given(one, say: Say) -> list:
    blank = say("word.not_recorded")
    return [
        say(f"patient.kind_{one.kind}"),
        one.name,
        blank if pd.isna(one.dose) else f"{one.dose:g} {_text(one.unit)}".strip(),
        _text(one.indication),
        "?" if pd.isna(one.rel_day) else one.rel_day,
        _text(one.start) or blank,
        _text(one.end) or say("word.ongoing"),
        f"{one.source_file} {one.source_row}",
    ]


# ---- measurements ----------------------------------------------------------------------------------------------------
def measured(course: Course, choice: str) -> pd.DataFrame:
    """The results of one choice of TABLES, the newest first, with the columns of `Course.grades`, and `flag`: above,
    below, within, or "" unknown."""
    rows = course.measured[course.measured["table"].isin(TABLES[choice])].join(course.grades)
    rows = rows.sort_values(["first", "code"], ascending=[False, True], na_position="last", kind="stable")
    return rows.assign(flag=[against_range(one) for one in rows.itertuples()])


def against_range(row) -> str:
    """Where a result lies against the reference range of its own sample; "" where that cannot be said. A result below
    a limit of quantification is not known to lie below anything else."""
    if pd.isna(row.value):
        return ""
    if row.value > row.range_high and row.qualifier not in ("<", "<="):
        return "above"
    if row.value < row.range_low and row.qualifier not in (">", ">="):
        return "below"
    inside = row.range_low <= row.value <= row.range_high
    return "within" if inside and not isinstance(row.qualifier, str) else ""


def measured_summary(rows: pd.DataFrame, say: Say) -> str:
    """A result without a range is not within it."""
    flagged = int(rows["flag"].isin(["above", "below"]).sum())
    bare = int((rows["range_low"].isna() & rows["range_high"].isna()).sum())
    if bare == len(rows):
        return say("patient.measured_no_range", count=len(rows))
    if bare:
        return say("patient.measured_partly", count=len(rows), flagged=flagged, bare=bare)
    return say("patient.measured_summary", count=len(rows), flagged=flagged)


def measured_rows(rows: pd.DataFrame, say: Say) -> html.Div | html.P:
    """With the derived grades where anything is graded: the scale is one, and stands in the head."""
    graded = [say("grades.derived", scale=scale) for scale in rows["scale"].dropna().unique()]
    head = [say(f"patient.{one}") for one in ("test", "result", "range", "flag")]
    head += [*graded, say("word.day"), say("word.date"), say("patient.how"), say("word.source")]
    return listing(head, [_result(one, say, graded=bool(graded)) for one in rows.itertuples()], say)


def _result(one, say: Say, *, graded: bool) -> list:
    return [
        f"{one.name} ({one.code})" if isinstance(one.name, str) else one.code,
        result_text(one, say),
        _limits(one),
        say(f"patient.{one.flag}") if one.flag else "",
        *([grade_chip(short_words(one, say))] if graded else []),
        "?" if pd.isna(one.rel_day) else one.rel_day,
        _text(one.dtc).replace("T", " ") or say("word.not_recorded"),
        ", ".join(text for text in map(_text, (one.group, one.place, one.specimen, one.method, one.evaluator)) if text),
        f"{one.source_file} {one.source_row}",
    ]


def result_text(one, say: Say) -> str:
    """A result with its unit; a text as it came; where nothing was found, why."""
    if one.not_done == "NOT DONE" or (pd.isna(one.value) and not isinstance(one.text, str)):
        return say("patient.not_done", why=_text(one.why) or say("word.not_recorded"))
    if pd.isna(one.value):
        return one.text
    found = f"{_text(one.qualifier)} {digits(one.value)} {unit_words(one.unit)}".strip()
    told = {"DETECTED": "patient.detected_below", "NOT DETECTED": "patient.not_detected"}.get(one.qualitative)
    beside = [say(told)] if told else []
    beside += [say("patient.excluded")] if pd.notna(one.excluded) else []
    return f"{found} ({'; '.join(beside)})" if beside else found


def _limits(one) -> str:
    if pd.notna(one.range_low) or pd.notna(one.range_high):
        low, high = ("" if pd.isna(value) else digits(value) for value in (one.range_low, one.range_high))
        return f"{low}–{high}"
    return "" if pd.isna(one.lloq) else f"LLOQ {digits(one.lloq)}"


# ---- visits ----------------------------------------------------------------------------------------------------------
def visits_summary(course: Course, rows: pd.DataFrame, say: Say, lang: str) -> str:
    """rows: of `Course.visits`."""
    if rows.empty:
        return ""  # the table says it
    last = rows.iloc[-1]
    return say(
        "patient.visits_summary", count=len(rows), last=_visit_name(last["visit"], course, lang), day=last["svstdtc"]
    )


def visit_rows(course: Course, rows: pd.DataFrame, say: Say, lang: str) -> html.Div | html.P:
    head = [say(f"word.{one}") for one in ("visit", "date", "day", "period", "source")]
    return listing(head, [_visit(one, course, lang) for one in rows.itertuples()], say)


def _visit_name(visit: object, course: Course, lang: str) -> object:
    return course.protocol.visit_in(visit, lang) if isinstance(visit, str) else visit


def _visit(one, course: Course, lang: str) -> list:
    day = _day(course, one.svstdtc_earliest)
    return [
        _visit_name(one.visit, course, lang),
        one.svstdtc,
        day,
        _text(one.epoch),
        f"{one.source_file} {one.source_row}",
    ]


def _day(course: Course, moment: pd.Timestamp) -> int | str:
    """Days since infusion by the calendar; "?" where one of the two dates is not known."""
    return "?" if course.axis is None or pd.isna(moment) else course.axis.day(moment)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
