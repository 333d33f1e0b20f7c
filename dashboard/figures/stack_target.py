"""The organs where the target of the cells is expressed: events by grade, examinations as marks, and when each was last
examined."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from clinical.course import Course
from clinical.episodes import Episode
from clinical.on_target import Organ, above_alert, episodes_of, examinations, not_followed, uncoded, watched
from dashboard.figures.lanes import Reads, Since, lane, marks
from dashboard.figures.panels import Panel, Shown, digits, moment, plain, unit_words
from dashboard.figures.series import results
from dashboard.figures.stack_events import episode_bars, ink
from dashboard.theme import GRADES, PALETTES


def target(course: Course, shown: Shown) -> Panel | None:
    """A row an organ of which anything is known, or of which the trial has an examination that this patient lacks."""
    organs = watched(course)
    examined = {one: examinations(course, one) for one in organs}
    drawn = [one for one in organs if _is_known(course, one, examined[one])]
    if not drawn:
        return None
    scale = course.protocol.adverse_events.grade_scale
    known = [_examined(course, one, examined[one], shown) for one in drawn]
    reads = [Reads(_name(one, shown), scale, said) for one, said in zip(drawn, known, strict=True)]
    labels = [_label(_name(one, shown), said, shown) for one, said in zip(drawn, known, strict=True)]
    traces = [*_events(course, drawn, shown), *_examinations(course, [(one, examined[one]) for one in drawn], shown)]
    panel = lane("target", labels, traces, shown, each=reads)
    return replace(panel, title=panel.title + _beside(course, [one for one in organs if one not in drawn], shown))


def _is_known(course: Course, organ: Organ, examined: pd.DataFrame) -> bool:
    dated = any(one.steps for one in episodes_of(course, organ))
    return dated or organ.code in course.examined or len(examined) > 0


def _beside(course: Course, empty: Sequence[Organ], shown: Shown) -> str:
    """What has no row: uncoded events, organs that the protocol does not follow or of which nothing is recorded."""
    left, count, found = not_followed(course), uncoded(course), ""
    if count:
        found += shown.say("patient.target_uncoded", count=count)
    if left:
        found += shown.say("patient.target_not_followed", what=_names(left, shown))
    return found + (shown.say("patient.target_without", what=_names(empty, shown)) if empty else "")


def _names(organs: Sequence[Organ], shown: Shown) -> str:
    return ", ".join(_name(one, shown) for one in organs)


def _name(organ: Organ, shown: Shown) -> str:
    return shown.say(f"patient.target_{organ.id}")


def _label(name: str, examined: Since, shown: Shown) -> str:
    quiet, last = PALETTES[shown.theme].quiet, examined[-1][1] if examined else ""
    said = f' <span style="font-size:10px;color:{quiet}">{plain(last)}</span>' if last else ""
    return plain(name) + said


def _examined(course: Course, organ: Organ, rows: pd.DataFrame, shown: Shown) -> Since:
    """When it was last examined, as far as each day knew; none where the trial has no examination of it: then nothing
    is claimed."""
    dated = rows[rows["rel_day"].notna()].sort_values("time")
    if len(rows) == 0 and organ.code not in course.examined:
        return ()
    undated = len(rows) > len(dated)
    first = shown.say("patient.examined_undated") if undated else shown.say("patient.not_examined")
    each = zip(dated["time"].tolist(), dated["rel_day"].tolist(), strict=True)
    return [(None, first), *((time, shown.say("patient.last_examined", day=int(day))) for time, day in each)]


# ---- events and examinations -----------------------------------------------------------------------------------------
def _events(course: Course, organs: Sequence[Organ], shown: Shown) -> Iterator[dict]:
    """Of events at the same time the worse is drawn over the milder."""
    found = [(row, one) for row, organ in enumerate(organs) for one in episodes_of(course, organ)]
    found = sorted(found, key=lambda each: (each[0], each[1].peak or 0))
    yield from episode_bars([one for _, one in found], [row for row, _ in found], GRADES, course, shown)


def _examinations(course: Course, organs: Sequence[tuple[Organ, pd.DataFrame]], shown: Shown) -> Iterator[dict]:
    for row, (organ, examined) in enumerate(organs):
        rows = _marked(course, organ, examined)
        if len(rows):
            yield _marks(
                rows, row, organ, [_ink(episodes_of(course, organ), one, shown) for one in rows["time"]], shown
            )


def _marked(course: Course, organ: Organ, examined: pd.DataFrame) -> pd.DataFrame:
    """Every examination of the skin and the eye that has a number; of glucose what the protocol calls an alert."""
    if not organ.code:
        return course.measured.iloc[:0]
    rows = results(course, organ.table, organ.code)
    rows = rows[rows.index.isin(examined.index)]
    return rows if organ.place else above_alert(course, rows, organ.code)


def _ink(found: Sequence[Episode], time: float, shown: Shown) -> str:
    """Of a value at that time: what is seen on the bar that stands there, the worst one above."""
    grades = [step.grade or 0 for one in found for step in one.steps if step.start <= time <= step.end]
    return ink(max(grades)) if grades else PALETTES[shown.theme].ink


_EXAMINED = ["value", "qualifier", "unit", "rel_day", "first", "source_file", "source_row"]


def _marks(rows: pd.DataFrame, row: int, organ: Organ, inks: list[str], shown: Shown) -> dict:
    palette, edge = PALETTES[shown.theme], shown.high - 0.06 * (shown.high - shown.low)  # 16 cut off there would read 1
    examined = list(rows[_EXAMINED].itertuples())
    told = [_told(one, organ, shown) for one in examined]
    values = [_value(one) for one in examined]
    symbols = ["circle" if one.value else "circle-open" for one in examined]
    colour = palette.quiet if organ.place else palette.alarm
    return marks(rows["time"], [row] * len(rows), told, symbols, colour, 7) | {
        "mode": "markers+text",
        "text": [plain(one) if inside else "" for one, inside in zip(values, shown.holds(rows["time"]), strict=True)],
        "textposition": ["middle left" if one > edge else "middle right" for one in rows["time"]],
        "textfont": {"color": inks, "size": 10},
    }


def _value(row) -> str:
    sign = row.qualifier if isinstance(row.qualifier, str) else ""
    return f"{sign}{digits(row.value)}"


def _told(row, organ: Organ, shown: Shown) -> tuple[str, ...]:
    what = f"{shown.say(f'patient.exam_{organ.code.lower()}')} {_value(row)} {unit_words(row.unit)}"
    days = f"{shown.say('patient.day', day=row.rel_day)}, {moment(row.first)}"
    return what, what, days, f"{row.source_file} {row.source_row}"
