"""CRS and ICANS over the axis of days: as the investigator reported them, and under it as the measurements show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from clinical.course import Course
from clinical.derived import Derived, DerivedStep
from dashboard.figures.lanes import Reads, bars, lane
from dashboard.figures.panels import CRS_ICANS, Panel, Shown, moment, note
from dashboard.figures.stack_events import UNGRADED, episode_bars, ink
from dashboard.theme import CRS, ICANS, PALETTES

COLOURS = {"crs": CRS, "icans": ICANS}


def ribbons(course: Course, shown: Shown) -> Panel | None:
    """A row for what is reported and one for what is derived, each with its scale. Where nothing was reported there is
    no bar, and where nobody assessed none either: neither is grade 0, and an empty row says so."""
    rows = [one for kind in CRS_ICANS for one in _rows(course, kind, shown)]
    if not any(one.traces for one in rows):
        return None
    quiet = PALETTES[shown.theme].quiet
    traces, notes = [], []
    for place, one in enumerate(rows):
        traces += [{**trace, "y": [place] * len(trace["y"])} for trace in one.traces]
        notes += [note(one.empty, quiet, x=max(shown.low, 0.0), y=place, xanchor="left", xshift=5)] if one.empty else []
    last = shown.say("patient.last_day", day=max(one.last for one in rows if one.last is not None))
    made = lane("ribbons", [one.label for one in rows], traces, shown, last=last, each=[one.reads for one in rows])
    derived = any(course.derived(kind) for kind in CRS_ICANS)
    title = shown.say("patient.panel_ribbons") + (shown.say("patient.ribbons_derived") if derived else "")
    return replace(made, title=title, notes=tuple(notes))


@dataclass(frozen=True)
class _Row:
    label: str
    reads: Reads
    traces: list[dict]
    last: int | None  # day of the last entry
    empty: str  # what to say where there is nothing at all


def _rows(course: Course, kind: str, shown: Shown) -> Iterator[_Row]:
    """None of a kind that the protocol does not follow, or that nobody reported or could derive."""
    say, name = shown.say, shown.say(f"patient.{kind}")
    reported = [one for one in course.of_interest(kind) if one.steps]
    derived = course.derived(kind)
    if not any(one.id == kind for one in course.protocol.aesi) or not (reported or derived):
        return
    scale = course.protocol.scale_of_group(kind)
    label = say("patient.ribbon_reported", name=name) + (f", {scale}" if scale else "")
    drawn = list(episode_bars(reported, [0] * len(reported), COLOURS[kind], course, shown, named=False))
    last = max((one.last_day for one in reported), default=None)
    reads = Reads(say("patient.ribbon_reported", name=name), scale, say("patient.none_reported_row"))
    yield _Row(label, reads, drawn, last, "" if reported else say("patient.none_reported_row"))
    if derived:
        label = say("patient.ribbon_derived", name=name, scale=derived.scale)
        seen = derived.assessments["rel_day"].max()
        never = "" if derived.steps else say("patient.never_assessed_row")
        reads = Reads(say("patient.read_derived", name=name), derived.scale, say("patient.not_assessed_row"))
        yield _Row(label, reads, _derived_bars(derived, shown), None if pd.isna(seen) else int(seen), never)


def _derived_bars(found: Derived, shown: Shown) -> list[dict]:
    """Sure grades in full; grade 0 as a thin band: somebody looked; what is not decided pale, with its range."""
    steps = [one for one in found.steps if one.end >= shown.low and one.start <= shown.high]
    decided, undecided = ([one for one in steps if one.decided is said] for said in (True, False))
    drawn = [_bars(decided, found, shown) | {"name": found.scale}] if decided else []
    if undecided:
        pale = _bars(undecided, found, shown) | {"name": "?"}
        pale["marker"]["opacity"] = 0.4
        pale["textfont"]["color"] = PALETTES[shown.theme].ink
        drawn.append(pale)
    return drawn


def _bars(steps: Sequence[DerivedStep], found: Derived, shown: Shown) -> dict:
    palette, colours = PALETTES[shown.theme], {0: PALETTES[shown.theme].quiet} | COLOURS[found.kind]
    ends = ([0] * len(steps), [one.start for one in steps], [one.end for one in steps])
    return bars(*ends, [_told(one, found, shown) for one in steps]) | {
        "marker": {
            "color": [colours.get(one.high, UNGRADED) for one in steps],
            "line": {"color": palette.paper, "width": 0.5},
        },
        "text": [_digit(one, shown) for one in steps],
        "textfont": {"color": [ink(one.low) for one in steps], "size": 11},
        "width": [0.14 if one.high == 0 else 0.86 for one in steps],
    }


def _digit(step: DerivedStep, shown: Shown) -> str:
    words = grade_range(step)
    room = min(step.end, shown.high) - max(step.start, shown.low)
    return words if step.high != 0 and shown.fits(words, room) else ""


def grade_range(step: DerivedStep) -> str:
    if step.low is None:
        return "?"
    return str(step.low) if step.decided else f"{step.low}–{step.high}"


def _told(step: DerivedStep, found: Derived, shown: Shown) -> tuple[str, ...]:
    say = shown.say
    name = say("patient.ribbon_derived", name=say(f"patient.{found.kind}"), scale=found.scale)
    grade = say("patient.not_gradable") if step.low is None else say("patient.grade_word", grade=grade_range(step))
    rests = ", ".join(say(f"grading.part_{one}") for one in step.deciding)
    why = [say("grading.rests_on", parts=rests) if rests else "", *(say(f"{found.kind}.{one}") for one in step.codes)]
    days = say("patient.assessed_from_to", count=step.assessments, first=moment(step.first), last=moment(step.last))
    return grade, name, grade, days, "; ".join(one for one in why if one)
