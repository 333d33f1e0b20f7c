"""The head of a patient's page: who it is, where the window stands, and what matters at the cut-off."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pandas as pd
from dash import html

from clinical.alerts import Alert
from clinical.board import Window
from clinical.course import Course
from clinical.data_age import KINDS, Age, age, ages, undated
from clinical.derived import Derived
from clinical.due import Due
from clinical.episodes import Step
from clinical.rounds import ASSESSED_BY, assessed_hours, in_hospital_period
from dashboard import due_card
from dashboard.figures.panels import CRS_ICANS
from dashboard.labels import Say
from dashboard.patient_alerts import said
from dashboard.reasons import reason
from dashboard.session import Asked
from dashboard.tables import level_dot
from data.protocol import Protocol
from queries.characteristics import of_subject, recorded

HOURS = 72  # so long data are as old as their hours; then as their days
DUE = 3  # named; more are counted
ALERTS = 2
BEDSIDE = ("vitals", "lab", "ice")
SAMPLED = ("cytokines", "cells", "tumour")


def head(
    asked: Asked, course: Course, everyone: pd.DataFrame, *, due: Sequence[Due] = (), alerts: Sequence[Alert] = ()
) -> list:
    """everyone: as `queries.subjects`. due, alerts: of this patient; of the alerts those that are open."""
    who = html.Div([*_identity(asked, course)], className="who")
    identity = html.Div([who, _neighbours(asked, course.who, everyone)], className="who-line")
    known = _toxicities(asked, course) if course.axis else _step(asked, course)
    facts = [*known, *_alerts(asked, alerts), _due(asked, course, due), _ages(asked, course)]
    return [identity, html.Dl(facts, className="facts")]


def brief(asked: Asked, course: Course) -> list:
    """The head without what leads elsewhere, and without the alerts and what is due: a sheet has them in full."""
    known = _toxicities(asked, course) if course.axis else _step(asked, course)
    who = html.Div([*_identity(asked, course)], className="who")
    return [who, html.Dl([*known, _ages(asked, course)], className="facts")]


# ---- who -------------------------------------------------------------------------------------------------------------
def _identity(asked: Asked, course: Course) -> Iterator:
    say, who = asked.say, course.who
    yield html.H1(who["subjid"], title=who["usubjid"])
    yield html.Span(", ".join([_sex_age(who, say), *_tumour(asked, who["usubjid"])]))
    yield _cohort(asked, who)
    if course.axis is not None:
        day = say("patient.day", day=course.axis.day(course.cutoff))
        yield html.Span([html.B(day), html.Span(f" {say('head.at_cutoff')}", className="quiet-word")])
    if pd.notna(who["death"]) and who["death"] <= course.cutoff:
        yield html.Span(say("rounds.died", date=f"{who['death']:%Y-%m-%d}"), className="badge alarm-text")
    window = asked.board().window(who["usubjid"])
    if window:
        yield _window(window, asked)


def _sex_age(who: pd.Series, say: Say) -> str:
    known = [who["sex"]] if pd.notna(who["sex"]) else []
    known += [f"{who['age']:.0f}"] if pd.notna(who["age"]) else []
    return " ".join(known) or say("patient.sex_age_unknown")


def _tumour(asked: Asked, usubjid: str) -> Iterator[str]:
    """Subtype and antigen, of trials that record them: what is blank of this patient is said to be."""
    cut, say = asked.cut, asked.say
    if recorded(cut, "SUBTYPE"):
        subtype = of_subject(cut, usubjid, "SUBTYPE")
        yield say("head.subtype_missing") if subtype is None else subtype["text"]
    if recorded(cut, "NEC4HS") or recorded(cut, "NEC4IHC"):
        score, cells = of_subject(cut, usubjid, "NEC4HS"), of_subject(cut, usubjid, "NEC4IHC")
        known = [say("head.h_score", value=score["text"])] if score is not None else []
        known += [f"({cells['text']} %)"] if cells is not None else []
        yield say("head.nectin4", what=" ".join(known)) if known else say("head.nectin4_missing")


def _cohort(asked: Asked, who: pd.Series) -> html.Span:
    say, protocol = asked.say, asked.cut.protocol
    if pd.isna(who["cohort"]):
        return html.Span(say("patient.no_cohort"))
    level = protocol.level(who["cohort"])
    words = [say("head.level", level=level.level)] if level.level is not None else []
    return html.Span(
        [
            level_dot(protocol.place(level.id)),
            ", ".join([*words, level.label.in_(asked.view.lang), *_received(who, protocol, say)]),
        ]
    )


def _received(who: pd.Series, protocol: Protocol, say: Say) -> Iterator[str]:
    """The share of the assigned dose; of a drug that is given again and again, nothing."""
    if pd.isna(who["day0"]):
        yield say("word.not_infused")
    elif pd.notna(who["dose_fraction"]):
        yield say("patient.received", percent=round(100 * who["dose_fraction"]))
    elif protocol.day0.infusions == "one":
        yield say("head.dose_unknown")


def _window(window: Window, asked: Asked) -> html.Span:
    tone = "alarm-text" if window.state.state in ("unresolved", "evaluable_dlt") else ""
    return html.Span(reason(window, asked.say, asked.view.lang), className=f"badge {tone}")


def _neighbours(asked: Asked, who: pd.Series, everyone: pd.DataFrame) -> html.Span:
    """The treated patients before and after this one, by identifier."""
    order = everyone[everyone["day0"].notna() | (everyone["usubjid"] == who["usubjid"])].sort_values("usubjid")
    place = order["usubjid"].tolist().index(who["usubjid"])
    links = []
    for offset, arrow, key in ((-1, "← {}", "ArrowLeft"), (1, "{} →", "ArrowRight")):
        if 0 <= place + offset < len(order):
            other, look = order.iloc[place + offset], {"className": "quiet-link", "aria-keyshortcuts": key}
            links.append(html.A(arrow.format(other["subjid"]), href=asked.view.patient(other["usubjid"]), **look))
    return html.Span(links, className="neighbours noprint")


# ---- what matters at the cut-off -------------------------------------------------------------------------------------
def _fact(title: str, *lines: str | html.Span, tone: str = "") -> html.Div:
    """What is asked, the answer, and what stands quietly under it. tone: of the answer."""
    answer, *beside = lines
    under = [html.Dd(one, className="under") for one in beside if one]
    return html.Div([html.Dt(title), html.Dd(answer, className=tone), *under])


def _toxicities(asked: Asked, course: Course) -> Iterator[html.Div]:
    say = asked.say
    for kind in CRS_ICANS:
        if any(group.id == kind for group in course.protocol.aesi):
            lines = (_reported(course, kind, say), _derived(course.derived(kind), say), _assessed(course, kind, say))
            yield _fact(say(f"patient.{kind}"), *lines)


def _step(asked: Asked, course: Course) -> Iterator[html.Div]:
    """Where a patient is on the way to the infusion; nothing of who failed screening."""
    for step, waiting in asked.board().pipeline.now.items():
        if course.who["usubjid"] in waiting:
            yield _fact(asked.say("head.step"), asked.say(f"board.step_{step}"))


def _reported(course: Course, kind: str, say: Say) -> str:
    """The grade that goes on, and the peak; nothing reported is not grade 0."""
    found = [one for one in course.of_interest(kind) if one.steps]
    if not found:
        return say("head.none_reported")
    last = max((one.steps[-1] for one in found), key=lambda one: one.start)
    peak = max((one.peak for one in found if one.peak is not None), default=None)
    told = [say("head.ongoing", grade=_grade(last, kind, course, say), day=last.day)] if last.goes_on else []
    if peak is not None and not (told and last.grade == peak):
        told.append(say("head.peak", grade=_graded(peak, kind, course, say)))
    return ", ".join(told) or say("head.ungraded")


def _grade(step: Step, kind: str, course: Course, say: Say) -> str:
    return say("head.ungraded") if step.grade is None else _graded(step.grade, kind, course, say)


def _graded(grade: int, kind: str, course: Course, say: Say) -> str:
    return say("head.graded", grade=grade, scale=course.protocol.scale_of_group(kind))


def _derived(found: Derived | None, say: Say) -> str:
    """By the scale from what was measured: the highest grade, and that of the last assessment."""
    if found is None:
        return ""
    told = [one for one in found.steps if one.low is not None]
    if not told:
        return say("head.not_derived", scale=found.scale)
    peak = _span(max(one.low for one in told), max(one.high for one in told))
    last = found.steps[-1]
    return say("head.derived", peak=peak, last=_span(last.low, last.high), scale=found.scale)


def _span(low: int | None, high: int | None) -> str:
    """A grade, or the range that it can be."""
    if low is None or high is None:
        return "?"
    return f"{low}" if low == high else f"{low}–{high}"


def _assessed(course: Course, kind: str, say: Say) -> str | html.Span:
    """After the infusion, as the ward round counts it: in hospital what is too long ago is not assessed, never 0."""
    rows = course.measured[(course.measured["code"] == ASSESSED_BY[kind]) & (course.measured["rel_day"] >= 0)]
    found = age(rows, course)
    stands = timedelta(hours=assessed_hours(course.protocol))
    late = _in_hospital(course) and (found is None or course.cutoff - found.at > stands)
    if found is None:
        words = say("head.never_assessed")
    else:
        words = (
            say("head.not_since", age=_before(found, say)) if late else say("head.assessed", age=_before(found, say))
        )
    return html.Span(words, className="not-assessed") if late else words


def _in_hospital(course: Course) -> bool:
    if pd.notna(course.who["off_study"]) or pd.notna(course.who["death"]):
        return False
    last = course.periods[-1].id if course.periods else None
    return bool(in_hospital_period(course.axis.day(course.cutoff), last, course.protocol))


def _date(moment: datetime, cutoff: datetime) -> str:
    """With its year where that is not the cut-off's."""
    return f"{moment:%m-%d}" if moment.year == cutoff.year else f"{moment:%Y-%m-%d}"


def _before(found: Age, say: Say) -> str:
    moment = _date(found.at, found.at + timedelta(days=found.days)) + (f" {found.at:%H:%M}" if found.timed else "")
    if found.hours is not None and found.hours < HOURS:
        return say("head.hours_before", moment=moment, hours=round(found.hours))
    return say("head.days_before", moment=moment, days=found.days) if found.days else say("head.day_of", moment=moment)


def _alerts(asked: Asked, alerts: Sequence[Alert]) -> Iterator[html.Div]:
    """Nothing in a trial whose protocol names no rule."""
    say = asked.say
    if not asked.cut.protocol.alerts:
        return
    if not alerts:
        yield _fact(say("head.alerts"), say("head.no_alert"))
        return
    lines = [said(asked, one) for one in alerts[:ALERTS]]
    lines += [say("due.more", count=len(alerts) - ALERTS)] if len(alerts) > ALERTS else []
    yield _fact(say("head.alerts"), *lines, tone="alarm-text")


def _due(asked: Asked, course: Course, due: Sequence[Due]) -> html.Div:
    say = asked.say
    if not due:
        return _fact(say("head.due"), next(iter(due_card.why_nothing(asked, course)), say("due.nothing")))
    lines = [
        f"{due_card.name(one, say, asked.view.lang)} {due_card.dates(one, say, course.cutoff.year)}"
        for one in due[:DUE]
    ]
    lines[-1] += f" · {say('due.more', count=len(due) - DUE)}" if len(due) > DUE else ""
    lines += due_card.why_nothing(asked, course) if pd.notna(course.who["off_study"]) else []  # why not the rest
    return _fact(say("head.due"), *lines, tone="alarm-text" if due[0].overdue else "")


def _ages(asked: Asked, course: Course) -> html.Div:
    """A line for the bedside and one for what is sampled by the schedule, then what there is none of."""
    say, found, seen = asked.say, ages(course), course.who["last_assessed"]
    lines = [
        " · ".join(_age_of(kind, found[kind], say) for kind in kinds if found[kind]) for kinds in (BEDSIDE, SAMPLED)
    ]
    bare = undated(course)
    none = [say(f"head.kind_{kind}") for kind in KINDS if not found[kind] and kind not in bare]
    beside = [say("head.age_none", what=", ".join(none))] if none else []
    beside += [say("head.age_undated", what=", ".join(say(f"head.kind_{kind}") for kind in bare))] if bare else []
    beside += [say("patient.last_assessed", day=_date(seen, course.cutoff))] if pd.notna(seen) else []
    return _fact(say("head.ages"), *(one for one in (*lines, " · ".join(beside)) if one))


def _age_of(kind: str, found: Age, say: Say) -> str:
    what = say(f"head.kind_{kind}")
    if found.hours is not None and found.hours < HOURS:
        return say("head.age_hours", what=what, hours=round(found.hours))
    if not found.days:
        return say("head.age_same_day", what=what)
    return say("head.age_days", what=what, days=found.days)
