"""Adverse events: a row an event, a bar a grade with the digit, and what the dates leave open in pale; under them the
laboratory values of grade 3 or more that no event tells."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time

from clinical.course import Course
from clinical.episodes import Episode, Step
from clinical.grading import ctcae
from clinical.lab_grades import term_in
from clinical.unreported import Unreported
from dashboard.figures.lanes import Reads, Told, arrows, bars, lane
from dashboard.figures.panels import Panel, Shown, plain
from dashboard.theme import DLT, GRADES, PALETTES

LABEL = 25  # characters of a row's label; the whole of it is told under the pointer
UNGRADED = "#B8C0CA"
_DARK_FROM = 4  # grades on which the digit is white


# ---- adverse events --------------------------------------------------------------------------------------------------
def in_sight(found: Sequence[Episode], shown: Shown) -> list[Episode]:
    return [one for one in found if one.steps and one.steps[0].start <= shown.high and one.steps[-1].end >= shown.low]


def adverse_events(course: Course, shown: Shown) -> Panel | None:
    """One row an event, the earliest at the top; then one a laboratory value that is severe and not reported."""
    found, labs = in_sight(course.episodes, shown), _labs_in_sight(course, shown)
    if not found and not labs:
        return None
    below = [len(found) + place for place in range(len(labs))]
    labels = [_event_label(one, shown) for one in found] + [_lab_label(one, course, shown) for one in labs]
    traces = [
        *episode_bars(found, list(range(len(found))), GRADES, course, shown),
        *_lab_bars(labs, below, course, shown),
    ]
    last = max((one.last_day for one in course.episodes if one.steps), default=None)
    said = {
        "last": "" if last is None else shown.say("patient.last_day", day=last),
        "whole": Reads(shown.say("patient.events"), course.protocol.adverse_events.grade_scale),
    }
    drawn = lane("events", labels, traces, shown, **said)
    return replace(drawn, shapes=tuple(_lab_outlines(labs, below, course, shown)))


def _event_label(one: Episode, shown: Shown) -> str:
    serious = f'<span style="color:{PALETTES[shown.theme].alarm}"><b>SAE</b></span> ' if one.serious else ""
    room = LABEL - 4 * one.serious
    return serious + plain(one.term if len(one.term) <= room else f"{one.term[: room - 1].rstrip()}…")


def episode_bars(
    found: Sequence[Episode], rows: Sequence[int], colours: dict[int, str], course: Course, shown: Shown, *,
    named: bool = True,
) -> Iterator[dict]:  # fmt: skip
    """Bars by grade with the digit; over them the pale part that the dates leave open, DLT outlines, arrows. named: the
    row does not say what event it is."""
    steps = [(row, one, step) for row, one in zip(rows, found, strict=True) for step in one.steps]
    if not steps:
        return
    graded, palette = course.protocol.adverse_events, PALETTES[shown.theme]
    scale, scale_of = graded.grade_scale, graded.scale_of
    every = [(row, step, _event_told(one, step, scale_of(one.term), shown, named=named)) for row, one, step in steps]
    fills = {id(step): colours.get(step.grade, UNGRADED) for _, step, _ in every}
    yield _stretches((row, one.sure_start, one.sure_end, told) for row, one, told in every) | {
        "marker": {"color": [fills[id(one)] for _, one, _ in every], "line": {"color": palette.paper, "width": 0.5}},
        "text": [_digit(one, scale, shown) for _, one, _ in every],
        "textfont": {"color": [ink(one.grade) for _, one, _ in every], "size": 11},
        "width": 0.86,
    }
    vague = [(row, one, low, high, told) for row, one, told in every for low, high in _vague(one)]
    if vague:
        yield _stretches((row, low, high, told) for row, _, low, high, told in vague) | {
            "name": "?",
            "marker": {
                "color": [fills[id(one)] for _, one, *_ in vague],
                "opacity": 0.35,
                "pattern": {"shape": ".", "size": 5, "solidity": 0.25},
            },
            "text": ["?"] * len(vague),
            "textfont": {"color": palette.ink, "size": 11},
            "width": 0.86,
        }
    limiting = [(row, one, told) for row, one, told in every if one.dlt]
    if limiting:
        yield _stretches((row, one.start, one.end, told) for row, one, told in limiting) | {
            "name": "DLT",
            "marker": {
                "color": "rgba(0,0,0,0)",
                "line": {"color": DLT if shown.theme == "light" else palette.alarm, "width": 2.5},
                "pattern": {"shape": "/", "fgcolor": palette.paper, "size": 8, "solidity": 0.14},
            },
            # The hatching lies over the digit of the bar beneath: it is written again on top.
            "text": [f"<b>{_digit(one, scale, shown)}</b>" for _, one, _ in limiting],
            "textfont": {"color": [ink(one.grade) for _, one, _ in limiting], "size": 13},
            "width": 0.92,
        }
    last = [(row, one) for row, one, _ in every if one.goes_on]
    yield from arrows([(one.end, row) for row, one in last], [ink(one.grade) for _, one in last])


def ink(grade: int | None) -> str:
    """The colour of the digit: white on the dark grades."""
    return "#FFFFFF" if (grade or 0) >= _DARK_FROM else "#1B2430"


def _stretches(found: Iterable[tuple[float, float, float, Told]]) -> dict:
    """Bars from (row, from, to, what is told)."""
    return bars(*zip(*found, strict=True))


def _vague(step: Step) -> Iterator[tuple[float, float]]:
    if step.start < step.sure_start:
        yield step.start, step.sure_start
    if step.sure_end < step.end:
        yield step.sure_end, step.end


def _digit(step: Step, scale: str, shown: Shown) -> str:
    """The grade; a trial that records severity alone has its word, which is no grade. "" where it does not fit."""
    words = "?" if step.grade is None else str(step.grade)
    if step.grade is None and step.severity and not scale:
        words = step.severity.lower()
    return plain(words) if shown.fits(words, min(step.sure_end, shown.high) - max(step.sure_start, shown.low)) else ""


def _event_told(one: Episode, step: Step, scale: str, shown: Shown, *, named: bool) -> tuple[str, ...]:
    say = shown.say
    grade = say("patient.grade_word", grade=say("word.not_recorded") if step.grade is None else step.grade)
    words = [grade + (f" ({scale})" if scale else ""), step.severity, say("word.serious") if one.serious else ""]
    words += ["DLT"] if step.dlt else []
    term = one.term if one.coded else f"{one.term} ({say('word.uncoded')})"
    end = step.ending or (say("word.ongoing") if step.goes_on else say("patient.end_unknown"))
    days = f"{say('patient.day', day=step.day)}, {step.onset} – {end}"
    short = f"{one.term} {'?' if step.grade is None else step.grade}" if named else grade
    return short, term, ", ".join(word for word in words if word), days, step.source


# ---- laboratory values that no event tells ---------------------------------------------------------------------------
def _labs_in_sight(course: Course, shown: Shown) -> list[Unreported]:
    """The runs of grade 3 or more, surely or perhaps, beside which there is no event of that name, by their day."""
    found = [one for one in course.unreported if one.said.code == "no_event"] if course.axis else []
    spans = [(*_span(one, course), one) for one in found]
    return [
        one for start, end, one in sorted(spans, key=lambda span: span[:2]) if start <= shown.high and end >= shown.low
    ]


def _span(one: Unreported, course: Course) -> tuple[float, float]:
    """From the day of the first sample to that of the last at the grade: nobody knows of the days behind it."""
    axis = course.axis
    day = axis.day(datetime.combine(one.last, time()))
    return axis.at(datetime.combine(one.began, time())), min(axis.end_of_day(day), axis.after(course.cutoff))


def _lab_label(one: Unreported, course: Course, shown: Shown) -> str:
    said = f'<span style="font-size:11px">{shown.say("patient.not_reported_lab")}</span>'
    return f"{plain(_lab_name(one, course, shown))} {said}"


def _lab_name(one: Unreported, course: Course, shown: Shown) -> str:
    if ctcae.grades_low(one.term, course.protocol.adverse_events.ctcae_version):
        return shown.say("patient.lab_decreased", test=one.code)
    return shown.say("patient.lab_increased", test=one.code)


def _lab_bars(found: Sequence[Unreported], rows: Sequence[int], course: Course, shown: Shown) -> Iterator[dict]:
    if not found:
        return
    spans = [_span(one, course) for one in found]
    told = [_lab_told(one, course, shown) for one in found]
    yield _stretches((row, *span, words) for row, span, words in zip(rows, spans, told, strict=True)) | {
        "name": "lab",
        "marker": {"color": [GRADES[one.high] for one in found], "opacity": 0.3},
        "text": [_lab_digit(one, *span, shown) for one, span in zip(found, spans, strict=True)],
        "textfont": {"color": PALETTES[shown.theme].ink, "size": 11},
        "width": 0.8,
    }


def _lab_outlines(found: Sequence[Unreported], rows: Sequence[int], course: Course, shown: Shown) -> Iterator[dict]:
    for row, one in zip(rows, found, strict=True):
        start, end = _span(one, course)
        yield {
            "type": "rect", "x0": round(start, 4), "x1": round(end, 4), "y0": row - 0.4, "y1": row + 0.4,
            "line": {"color": PALETTES[shown.theme].quiet, "width": 1.2, "dash": "dot"},
        }  # fmt: skip


def _lab_grade(one: Unreported) -> str:
    return f"{one.low}" if one.low == one.high else f"{one.low}–{one.high}"


def _lab_digit(one: Unreported, start: float, end: float, shown: Shown) -> str:
    words = _lab_grade(one)
    return words if shown.fits(words, min(end, shown.high) - max(start, shown.low)) else ""


def _lab_told(one: Unreported, course: Course, shown: Shown) -> tuple[str, ...]:
    say, axis = shown.say, course.axis
    name = f"{_lab_name(one, course, shown)} {say('patient.not_reported_lab')}"
    grade = f"{say('patient.grade_word', grade=_lab_grade(one))} ({one.scale})"
    first, last = (axis.day(datetime.combine(day, time())) for day in (one.began, one.last))
    days = say("patient.lab_run_days", first=first, last=last)
    source = ", ".join(f"{each.source_file} {each.source_row}" for each in one.evidence)
    return f"{name} {_lab_grade(one)}", term_in(one.term, shown.lang), grade, days, source
