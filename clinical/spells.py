"""How long an adverse event was at a grade, and what a clause on its length or recovery makes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from clinical.lab_candidates import Clock
from clinical.reported import Moments, ended, reported_grade, started
from data.protocol_escalation import Clause

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class _Spell:
    """Unbroken time at a grade or above it."""

    began: Moments | None  # None: undated
    ended: Moments | None  # None: goes on at the cut-off
    below: Moments | None  # when the grade was lower again
    graded: bool  # every row of it has a grade
    by_grade: bool  # its rows are one a grade; otherwise one row that has the maximum

    @property
    def contradictory(self) -> bool:
        return bool(self.began and self.ended) and self.ended[1] < self.began[0]


def clock(row, clause: Clause, of_event: list, cutoff: datetime) -> Clock | None:
    """Of an event under a clause on its length, from the earliest moment it can have begun; None where undated."""
    if clause.longer_than_hours is None:
        return None
    spell = _spell(row, of_event, clause.min_grade, cutoff)
    if spell.began is None:
        return None
    first, last = spell.began
    end = spell.ended[1] if spell.ended else cutoff
    due = first + timedelta(hours=clause.longer_than_hours)
    return Clock(first, (end - first) // _DAY, clause.longer_than_hours, due, first == last, end)


def verdict(row, clause: Clause, of_event: list, infused: date, window_end: date, cutoff: datetime) -> tuple[str, str]:
    """The verdict on one row under a clause that is about it, and why."""
    grade = reported_grade(row)
    lasting = clause.longer_than_hours is not None or clause.not_recovered_by_day is not None
    if grade == 5 or not lasting:
        return ("met", "grade") if (grade or 1) >= clause.min_grade else ("cannot_tell", "grade_missing")
    spell = _spell(row, of_event, clause.min_grade, cutoff)
    if spell.contradictory:
        return "cannot_tell", "times"
    if clause.not_recovered_by_day is not None:
        found = _recovery(spell, infused + clause.not_recovered_by_day * _DAY, window_end, cutoff)
    else:
        found = _duration(spell, timedelta(hours=clause.longer_than_hours), cutoff)
    # What would be too short even at the clause's grade needs no grade.
    return found if spell.graded or found[0] in ("watch", "cleared") else ("cannot_tell", "grade_missing")


def _spell(row, rows: Sequence, grade: int, cutoff: datetime) -> _Spell:
    """The rows of this event around `row` without a lower grade or a recorded gap between them."""
    first = last = next(number for number, one in enumerate(rows) if one is row)
    while first > 0 and _joined(rows[first - 1], rows[first], grade):
        first -= 1
    while last + 1 < len(rows) and _joined(rows[last], rows[last + 1], grade):
        last += 1
    own, after = rows[first : last + 1], started(rows[last + 1]) if last + 1 < len(rows) else None
    # A row without end ended when the next, at a lower grade, began.
    ends = [ended(one, cutoff) or (after and (after[0] - timedelta(seconds=1), after[1])) for one in own]
    over = None if None in ends else _latest(ends)
    below = _latest([over, after]) if over and after and after[0] - over[1] <= _DAY else over
    graded = all(reported_grade(one) is not None for one in own)
    return _Spell(started(own[0]), over, below, graded, by_grade=pd.notna(row.aegrpid))


def _latest(moments: Iterable[Moments]) -> Moments:
    first, last = zip(*moments, strict=True)
    return max(first), max(last)


def _joined(before, after, grade: int) -> bool:
    """Both rows are, or can be, at the grade, and no time between them is recorded."""
    if any(one is not None and one < grade for one in (reported_grade(before), reported_grade(after))):
        return False
    if pd.isna(before.aeendtc_latest) or pd.isna(after.aestdtc_earliest):
        return True
    return (after.aestdtc_earliest.date() - before.aeendtc_latest.date()).days <= 1


def _duration(spell: _Spell, limit: timedelta, cutoff: datetime) -> tuple[str, str]:
    """Longer at the clause's grade than its hours?"""
    if spell.began is None:
        return "cannot_tell", "times"
    first, last = spell.ended or (cutoff, cutoff)
    start_first, start_last = spell.began
    start_last = min(start_last, last)
    dated_only = start_first != start_last and (spell.ended is None or first != last)
    if dated_only and limit > 3 * _DAY:  # 72 h needs times; longer limits are counted in calendar dates
        shortest = ((first.date() - start_last.date()).days + 1) * _DAY
        longest = ((last.date() - start_first.date()).days + 1) * _DAY
    else:
        shortest, longest = first - start_last, last - start_first
    if shortest > limit:
        # Without grade-change rows the event may have been at its maximum for part of the time only.
        return ("met", "over") if spell.by_grade else ("cannot_tell", "time_at_grade")
    if longest <= limit:
        return ("cleared", "ended") if spell.ended else ("running", "within")
    return "cannot_tell", "times"


def _recovery(spell: _Spell, limit: date, window_end: date, cutoff: datetime) -> tuple[str, str]:
    """Still at the clause's grade after its day? A lower grade, or the end, on the day itself is recovery by it."""
    still = ("met", "not_recovered") if spell.by_grade else ("cannot_tell", "time_at_grade")
    if spell.below is None:
        if cutoff.date() >= limit:
            return still
        return ("watch" if cutoff.date() < window_end else "running"), "within"
    if spell.below[1].date() <= limit:
        return "cleared", "recovered"
    return still if spell.below[0].date() > limit else ("cannot_tell", "times")
