"""What is read off the stack at a moment: a row a series, and the texts of each sample beside the point that draws it.

The traces carry them as `meta` and `customdata`, where `assets/stack.js` looks a moment up; the column that the server
writes is the same look-up at the last data.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from dashboard.figures.panels import Shown, digits, moment, unit_words
from dashboard.grades_said import grade_words, lacking_words

DOSE = 1.0  # d: how long a single dose is named after it was given
FAR = {"hours": 4 / 24, "month": 0.5, "all": 3.0}  # d: a sample further away than this is grey


@dataclass(frozen=True)
class Read:
    """One row of the column."""

    row: str
    value: str
    grade: str = ""  # with its scale
    under: str = ""  # what the value is held against, when it was taken, where it stands
    lane: bool = False  # of bars and marks, each of which tells more under the pointer
    wide: bool = False  # a whole lane: what holds at once may be several things


# ---- samples ---------------------------------------------------------------------------------------------------------
def sample(row, extra: str, shown: Shown) -> list[str]:
    """Value, grade and what stands under them, of a row of results. extra: what the panel itself says of it."""
    value = " ".join(one for one in (_text(row.qualifier), digits(row.value), unit_words(row.unit)) if one)
    grade, lacking = _grade(row, shown)
    under = [
        lacking,
        _range(row),
        extra,
        _detected(row, shown),
        shown.say("patient.excluded") if pd.notna(row.excluded) else "",
    ]
    under += [
        f"{shown.say('patient.day', day=row.rel_day)}, {moment(row.first)}",
        f"{row.source_file} {row.source_row}",
    ]
    return [value, grade, " · ".join(one for one in under if one)]


def _grade(row, shown: Shown) -> tuple[str, str]:
    """The grade it gives or can give, with its scale; and what would decide."""
    if not isinstance(row.term, str):
        return "", ""
    if pd.isna(row.low) or row.low == row.high:
        return grade_words(row, shown.say), ""
    grade = shown.say("grades.one", grade=f"{row.low}–{row.high}", scale=row.scale)
    return grade, lacking_words(row.lacking, shown.say)


def _range(row) -> str:
    if pd.isna(row.range_low) and pd.isna(row.range_high):
        return "" if pd.isna(row.lloq) else f"LLOQ {digits(row.lloq)}"
    if pd.isna(row.range_low):
        return f"≤ {digits(row.range_high)}"
    return (
        f"≥ {digits(row.range_low)}" if pd.isna(row.range_high) else f"{digits(row.range_low)}–{digits(row.range_high)}"
    )


def _detected(row, shown: Shown) -> str:
    """Short: the sign before the value and the limit behind it say the rest."""
    if row.qualitative == "DETECTED":
        return shown.say("patient.detected")
    return shown.say("patient.not_detected") if row.qualitative == "NOT DETECTED" else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


# ---- the column at the last data -------------------------------------------------------------------------------------
def at_the_last(traces: Sequence[dict], end: float) -> list[Read]:
    """A row a series in the order of the panels: each sample's last, and what holds at the end of the data [d]."""
    rows = dict.fromkeys(row for one in traces for row in _rows(one))
    own = {row: [one for one in traces if row in _rows(one)] for row in rows}
    return [_last(row, found) if _is_samples(found[0]) else _holding(row, found, end) for row, found in own.items()]


def _rows(trace: dict) -> list[str]:
    return trace.get("meta", {}).get("rows", [])


def _is_samples(trace: dict) -> bool:
    return trace["meta"]["reads"] == "samples"


def _last(row: str, traces: Sequence[dict]) -> Read:
    points = [point for one in traces for point in zip(one["x"], one["customdata"], strict=True)]
    return Read(row, *max(points, key=lambda one: one[0])[1])


def _holding(row: str, traces: Sequence[dict], end: float) -> Read:
    """Where one stretch holds, with its days and source; several stand beside each other in the order of the lane."""
    meta = traces[0]["meta"]
    found = sorted({one for trace in traces for one in _at(trace, row, end)})
    texts = list(dict.fromkeys(told[0] for _, told in found))
    under = " · ".join(filter(None, found[0][1][-2:])) if len(texts) == 1 and not meta["wide"] else ""
    place = meta["rows"].index(row)
    return Read(
        row,
        " · ".join(texts) or _none(meta["nones"][place], end),
        meta["scales"][place],
        under,
        lane=True,
        wide=meta["wide"],
    )


def _none(said: str | Sequence[tuple[float | None, str]], moment: float) -> str:
    """`lanes.Reads.none` at that moment."""
    if isinstance(said, str):
        return said
    return next((words for since, words in reversed(said) if since is None or since <= moment), "")


def _at(trace: dict, row: str, moment: float) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Lane and words of what lasts at that moment, and of single doses of the day before it with the hours since."""
    meta, bar = trace["meta"], trace["type"] == "bar"
    starts = trace["base"] if bar else trace["x"]
    lengths = trace["x"] if bar else [DOSE] * len(starts)
    for y, start, length, told in zip(trace["y"], starts, lengths, trace["customdata"], strict=True):
        if meta["rows"][0 if meta["wide"] else int(y)] == row and start <= moment <= start + length + 0.001:
            short = told[0] if bar else meta["dose"].format(what=told[0], hours=round(24 * (moment - start)))
            yield y, (short, *told[1:])
