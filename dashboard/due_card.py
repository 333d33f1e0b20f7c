"""What is due next of a patient, in words: for the head of the patient's page, and as a card."""

from collections.abc import Sequence
from datetime import date

from dash import html

from clinical.course import Course
from clinical.due import Due, due_next, silence
from dashboard.labels import Say
from dashboard.sentences import Sentences
from dashboard.session import Asked

LISTED = 5  # in the card
# What a visit takes, by the name that the protocol gives it; another one is shown as it stands there.
SAMPLES = ("lab", "vital_sign", "ice", "cytokine", "kinetics", "imaging", "skin_eye", "rcl", "nectin4", "ecg_echo", "hbv")  # fmt: skip  # noqa: E501


def due_of(asked: Asked, course: Course) -> tuple[Due, ...]:
    asked_again = asked.board().candidates.get(course.who["usubjid"], ())
    return due_next(course.who, course.visits, course.protocol, course.cutoff, asked_again)


def why_nothing(asked: Asked, course: Course) -> list[str]:
    """Why no visit is due, or which have no date; a sentence each."""
    sentences = Sentences("due", asked.say)
    return [one.say(sentences) for one in silence(course.who, course.visits, course.protocol)]


def card(asked: Asked, course: Course, some: Sequence[Due], listed: int = LISTED) -> html.Section:
    say, more = asked.say, len(some) - listed
    rows = [_row(one, course, say, asked.view.lang) for one in some[:listed]]
    told = why_nothing(asked, course)
    told += [say("due.more", count=more)] if more > 0 else []
    told += [say("due.assumed")] if any(one.assumed for one in some[:listed]) else []
    table = [html.Table(html.Tbody(rows), className="latest due")] if rows else []
    return html.Section(
        [html.H2(say("due.title")), *table, *(html.P(one, className="quiet") for one in told)],
        className="card",
        id="due-next",
    )


def _row(one: Due, course: Course, say: Say, lang: str) -> html.Tr:
    takes = ", ".join(_sample(name, say) for name in one.samples) if one.kind == "visit" else say("due.of_clause")
    when = [html.B(dates(one, say)), html.Span(_state(one, course, say), className=f"under {one.state}")]
    return html.Tr([html.Th([name(one, say, lang), html.Span(takes, className="under")], scope="row"), html.Td(when)])


def name(one: Due, say: Say, lang: str) -> str:
    if one.kind == "visit":
        return one.label.in_(lang) if one.label else one.visit
    what = one.samples[0] if one.samples else one.visit
    return say("due.repeat", what=what) if one.kind == "repeat" else say("due.regrade", what=what)


def dates(one: Due, say: Say, year: int = 0) -> str:
    """The window; of what a clause asks for, the day on which its limit is over. year: goes without saying."""
    last = _short(one.last, one.first.year if one.kind == "visit" else year)
    if one.kind != "visit":
        return say("due.by", last=last)
    first = _short(one.first, year)
    return first if one.first == one.last else f"{first} – {last}"


def _short(day: date, year: int) -> str:
    return f"{day:%m-%d}" if day.year == year else f"{day}"


def _state(one: Due, course: Course, say: Say) -> str:
    """Where the cut-off stands to the window, and the window's days since infusion."""
    cutoff = course.cutoff.date()
    told = {
        "overdue": lambda: say("due.overdue", days=(cutoff - one.last).days),
        "in_window": lambda: say("due.in_window", days=(one.last - cutoff).days),
        "upcoming": lambda: say("due.upcoming", days=(one.first - cutoff).days),
    }[one.state]()
    return f"{_days(one, course, say)}{told}"


def _days(one: Due, course: Course, say: Say) -> str:
    if course.axis is None:
        return ""
    day0 = course.axis.day0.date()
    first, last = (one.first - day0).days, (one.last - day0).days
    if one.kind != "visit" or first == last:
        return say("due.day", day=last)
    return say("due.days", first=first, last=last)


def _sample(name: str, say: Say) -> str:
    return say(f"due.sample_{name}") if name in SAMPLES else name
