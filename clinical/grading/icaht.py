"""ICAHT: how long and how low the neutrophils are after the infusion, early (to Day 30) and late (to Day 100)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clinical.grading.findings import published
from clinical.sentence import Sentence

CRITERIA = published("icaht_2023")
SCALE = CRITERIA["scale"]

ENGLISH = {
    "no_counts": "no neutrophil count from Day {first} to Day {last}",
    "provisional": "at least G{grade}, {days} d ≤ {limit}/µL so far, followed to Day {day}",
    "nothing_yet": "no day ≤ {limit}/µL so far, followed to Day {day}",
    "gap": "no count from Day {first} to Day {last}: up to G{grade} is possible",
    "not_reached": "not followed beyond Day {day}",
    "ended_before": "progression or another anticancer therapy on Day {day}, before the late window",
    "late_running": "followed to Day {day} of {last}",
    "one_count": "one count only",
    "below_a_limit": "{count} counts are below a limit: lower ones are possible",
    "not_used": "{count} results are not counted: another unit, no number or no day",
    "therapy_undated": "the next anticancer therapy has no date: where the late window ends is not known",
}

_UNITS = {"/ul": 1.0, "cells/ul": 1.0, "10^9/l": 1000.0}
_SERIES, _EARLY, _LATE = CRITERIA["series"], CRITERIA["early"], CRITERIA["late"]
_DEEPEST_LIMIT = min(map(int, _EARLY["spells"]))
_LEAST_LIMIT = max(map(int, _EARLY["spells"]))


@dataclass(frozen=True)
class Spell:
    """Days in a row at or below a limit; short recoveries between them are counted in."""

    limit: int  # /uL
    first: int  # days since infusion
    last: int

    @property
    def days(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class Icaht:
    early: int | None  # 0-4; None: cannot be said; the least it is where `early_provisional`
    late: int | None
    early_high: int | None  # the most it can be; as `early` where that is final
    early_provisional: bool  # Day 30 is still to come in a living patient
    late_provisional: bool  # neither Day 100 nor an end of the window has come
    spells: tuple[Spell, ...]  # of the early window, by limit and day
    early_notes: tuple[Sentence, ...] = ()
    late_notes: tuple[Sentence, ...] = ()
    scale: str = SCALE

    @property
    def notes(self) -> tuple[Sentence, ...]:
        return self.early_notes + self.late_notes

    @property
    def reason(self) -> str:
        return self.say(ENGLISH)

    def say(self, sentences: Mapping[str, str]) -> str:
        return "; ".join(one.say(sentences) for one in self.notes)


def grade(
    days: Sequence[float],
    anc: Sequence[float],
    *,
    last_followup: int,
    progression: int | None = None,
    next_therapy: int | None = None,
    death: int | None = None,
    unit: str = "/uL",
) -> Icaht:
    """Early and late ICAHT of one patient, from neutrophil counts by day since infusion (Day 0).

    days: whole days, any order; the lowest count of a day is that day's. anc [`unit`: "/uL" or "10^9/L"]: NaN is no
    count; what could not be counted because there were too few white cells is 0. last_followup, progression,
    next_therapy, death: days; None = has not happened. G-CSF does not change the grade.
    Early: to Day 30 or the last follow-up. Before Day 30 in a living patient it is provisional: the least it is, None
    where that is 0; "never above 500" is said at Day 30 or at death only. None too where a gap could hide the first
    low day; where a gap could make it worse, `early_high` says up to what.
    Late: Day 31 to the earliest of Day 100, progression, next therapy and last follow-up; None without a count there.
    ValueError: lengths that differ, a negative count, an unknown unit, fractions of a cell (the other unit).
    Source: Rejeski 2023, Table 2; spells, gaps and the late window after Liang 2024. The limits: icaht_2023.toml.
    """
    counts = _daily(days, anc, unit)
    horizon = last_followup if death is None else min(last_followup, death)
    early, spells, first_notes = _early(counts, horizon, died=death is not None)
    low, high, provisional = early
    late, late_provisional, last_notes = _late(counts, horizon, (progression, next_therapy), died=death is not None)
    return Icaht(low, late, high, provisional, late_provisional, spells, tuple(first_notes), tuple(last_notes))


# ---- the series ------------------------------------------------------------------------------------------------------
def _daily(days: Sequence[float], anc: Sequence[float], unit: str) -> dict[int, float]:
    """The lowest count [/uL] of each day, rounded, by day."""
    if len(days) != len(anc):
        raise ValueError(f"days and anc have {len(days)} and {len(anc)} values")
    factor = _UNITS.get(unit.strip().casefold().replace("µ", "u"))
    if factor is None:
        raise ValueError(f"unit {unit!r} is not known: /uL or 10^9/L")
    values = np.asarray(anc, float)
    known = values[~np.isnan(values)]
    if (known < 0).any():
        raise ValueError("anc: a count is negative")
    if factor == 1 and (known != np.floor(known)).any() and known.max() < 100:
        raise ValueError('anc: fractions of a cell in a µL; say unit="10^9/L"')
    lowest: dict[int, float] = {}
    for day, value in zip(days, values * factor, strict=True):
        if not np.isnan(value):
            lowest[int(day)] = min(lowest.get(int(day), np.inf), _rounded(value))
    return dict(sorted(lowest.items()))


def _rounded(value: float) -> float:
    step = _SERIES["rounded_to"]
    return round(value / step) * step


def _filled(counts: Mapping[int, float], first: int, last: int) -> np.ndarray:
    """A count for each day: short gaps by straight lines, their ends carried; NaN in longer ones."""
    every = np.arange(first, last + 1)
    known = [day for day in counts if first <= day <= last]
    filled = np.array([_rounded(one) for one in np.interp(every, known, [counts[day] for day in known])], float)
    for start, end in _gaps(known, first, last):
        if end - start + 1 > _SERIES["interpolated_days"]:
            filled[start - first : end - first + 1] = np.nan
    return filled


def _gaps(known: Sequence[int], first: int, last: int) -> Iterator[tuple[int, int]]:
    """First and last day of each stretch without a count."""
    for before, after in zip([first - 1, *known], [*known, last + 1], strict=True):
        if after - before > 1:
            yield before + 1, after - 1


def _spells(series: np.ndarray, first: int, limit: int) -> list[Spell]:
    found: list[Spell] = []
    for day in (np.flatnonzero(series <= limit) + first).tolist():
        between = series[found[-1].last + 1 - first : day - first] if found else ()
        near = found and len(between) <= _SERIES["joined_days"] and not np.isnan(between).any()
        if near:
            found[-1] = Spell(limit, found[-1].first, day)
        else:
            found.append(Spell(limit, day, day))
    return found


# ---- early -----------------------------------------------------------------------------------------------------------
def _early(
    counts: Mapping[int, float], horizon: int, *, died: bool
) -> tuple[tuple[int | None, int | None, bool], tuple[Spell, ...], list[Sentence]]:
    first, last = _EARLY["first_day"], min(_EARLY["last_day"], horizon)
    over = died or horizon >= _EARLY["last_day"]
    known = [day for day in counts if first <= day <= last]
    if not known:
        return (None, None, not over), (), [Sentence("no_counts", {"first": first, "last": _EARLY["last_day"]})]
    series = _filled(counts, first, last)
    spells = tuple(spell for limit in _EARLY["spells"] for spell in _spells(series, first, int(limit)))
    low = _spell_grade(spells)
    if over and _never_above(spells, known[-1]):
        return (_EARLY["never_above"]["grade"],) * 2 + (False,), spells, []
    if not over:
        return (low or None, _EARLY["never_above"]["grade"], True), spells, [_so_far(spells, low, horizon)]
    high, notes = low, []
    if np.isnan(series).any():
        high, notes = _with_gaps(series, low, first)
    return (None if low == 0 < high else low, high, False), spells, notes


def _spell_grade(spells: Sequence[Spell]) -> int:
    """Of the longest spell at each limit."""
    reached = [
        int(grade)
        for limit, grades in _EARLY["spells"].items()
        for grade, days in grades.items()
        if any(one.limit == int(limit) and one.days >= days for one in spells)
    ]
    return max(reached, default=0)


def _never_above(spells: Sequence[Spell], last_count: int) -> bool:
    rule = _EARLY["never_above"]
    return any(
        one.limit == rule["limit"] and one.first <= rule["starts_by_day"] and one.last >= last_count for one in spells
    )


def _so_far(spells: Sequence[Spell], low: int, day: int) -> Sentence:
    """The spell that gives the grade so far."""
    limits = [one for one in spells if _spell_grade([one]) == low]
    if not low:
        return Sentence("nothing_yet", {"limit": _LEAST_LIMIT, "day": day})
    longest = max(limits, key=lambda one: one.days)
    return Sentence("provisional", {"grade": low, "days": longest.days, "limit": longest.limit, "day": day})


def _with_gaps(series: np.ndarray, low: int, first: int) -> tuple[int, list[Sentence]]:
    """The grade if the long gaps hide the worst, and which they are."""
    worst = np.where(np.isnan(series), 0, series)
    spells = [spell for limit in _EARLY["spells"] for spell in _spells(worst, first, int(limit))]
    high = _spell_grade(spells)
    if high == low:
        return high, []
    sampled = (np.flatnonzero(~np.isnan(series)) + first).tolist()
    gaps = _gaps(sampled, first, first + len(series) - 1)
    return high, [Sentence("gap", {"first": start, "last": end, "grade": high}) for start, end in gaps]


# ---- late ------------------------------------------------------------------------------------------------------------
def _late(
    counts: Mapping[int, float], horizon: int, ends: Sequence[int | None], *, died: bool
) -> tuple[int | None, bool, list[Sentence]]:
    first, ended = _LATE["first_day"], [one for one in ends if one is not None and one <= horizon]
    last = min(_LATE["last_day"], horizon, *ended)
    running = not died and not ended and horizon < _LATE["last_day"]
    if last < first:
        code = "ended_before" if min(ended, default=first) == last else "not_reached"
        return None, running, [Sentence(code, {"day": last})]
    values = sorted(count for day, count in counts.items() if first <= day <= last)
    if not values:
        return None, running, [Sentence("no_counts", {"first": first, "last": last})]
    notes = [Sentence("late_running", {"day": last, "last": _LATE["last_day"]})] if running else []
    notes += [Sentence("one_count")] if len(values) == 1 else []
    lasting = len(values) == 1 or values[1] <= _LATE["second_lowest"]
    grades = [grade for limit, grade in _LATE["lowest"].items() if values[0] <= int(limit)]
    return max(grades, default=0) if lasting else 0, running, notes
