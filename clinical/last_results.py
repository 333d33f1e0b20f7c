"""The last result of each test of each patient, how it has moved since the days before, and the line that led to it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd

from clinical.lab_grades import is_blood
from data.protocol_measures import Kinetics

# Columns of `queries.measurements` that are read.
COLUMNS = (
    "usubjid", "table", "code", "category", "specimen", "method", "place", "value", "unit", "qualifier", "text",
    "not_done", "why", "range_low", "range_high", "first", "last", "rel_day", "source_file", "source_row",
)  # fmt: skip
TREND_HOURS = (24, 72)  # the last result is held against the latest of those that are so much older
LINE_DAYS = 14
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class LastResult:
    """The last result with a number."""

    value: float
    unit: str  # "" none
    qualifier: str  # <, <=, >, >=; "" none
    place: str  # of the body; "" not recorded
    at: datetime
    timed: bool  # the time of day is known
    day: int | None  # days since infusion; None: not infused
    source: str
    lln: float | None = None  # limits of normal of that sample; None: not recorded
    uln: float | None = None
    trend: str = ""  # up, down, same; "": nothing 24 to 72 h older, or limits hide which
    before: float | None = None  # the result it is held against
    before_at: datetime | None = None
    line: tuple[tuple[float, float], ...] = ()  # days before the last one (0 or less), value; that one included
    later: str | None = None  # why a later sample has no number; None: there is no later sample

    def hours_before(self, cutoff: datetime) -> float:
        return (cutoff - self.at) / _HOUR


@dataclass(frozen=True)
class NoResult:
    code: str  # "none": no sample; "no_number": none of the samples has a number
    why: str = ""  # of the last of these


Found = LastResult | NoResult
NEVER = NoResult("none")


class _Row(NamedTuple):
    usubjid: str
    code: str
    value: float
    unit: object
    qualifier: object
    place: object
    text: object
    not_done: object
    why: object
    range_low: float
    range_high: float
    first: datetime
    last: datetime
    rel_day: object
    source_file: str
    source_row: int

    @property
    def timed(self) -> bool:
        return self.last - self.first < _HOUR


def last_results(results: pd.DataFrame, kinetics: Kinetics | None) -> dict[str, dict[str, Found]]:
    """usubjid -> code -> the last result; a test of which no sample has a known day is not a key.

    results: COLUMNS, of one subject after the other, each by moment; nothing after the cut-off. Laboratory results of
    another fluid than blood are left out, and of the transgene whatever is not of the protocol's own assay (kinetics).
    """
    wanted = _wanted(results, kinetics)
    series: dict[tuple[str, str], list] = {}
    for row in map(_Row._make, zip(*(_plain(wanted[name]) for name in _Row._fields), strict=True)):
        series.setdefault((row.usubjid, row.code), []).append(row)
    found: dict[str, dict[str, Found]] = {}
    for (who, code), rows in series.items():
        found.setdefault(who, {})[code] = _last(rows)
    return found


def _plain(column: pd.Series) -> list:
    """Plain objects: a row of a frame would be read ten times as slowly."""
    return column.to_numpy().tolist() if column.dtype.kind == "M" else column.astype(object).tolist()


def _wanted(results: pd.DataFrame, kinetics: Kinetics | None) -> pd.DataFrame:
    dated = results["first"].notna() & (results["first"].dt.normalize() == results["last"].dt.normalize())
    lab, of_cells = results["table"] == "lab", results["table"] == (kinetics.table if kinetics else "kinetics")
    wanted = ~of_cells & (~lab | is_blood(results))
    if kinetics:
        own = of_cells & (results["code"] == kinetics.code) & results["specimen"].str.upper().isin(kinetics.specimens)
        own &= results["unit"].eq(kinetics.unit) | results["value"].isna()
        wanted |= own & results["method"].str.upper().isin(kinetics.methods) if kinetics.methods else own
    return results[dated & wanted]


def _last(rows: list[_Row]) -> Found:
    """rows: of one test, by moment."""
    known = [one for one in rows if one.value == one.value]
    if not known:
        return NoResult("no_number", _why(rows[-1]))
    last = known[-1]
    later = [one for one in rows if one.first > last.first]
    same = [one for one in known if _text(one.unit) == _text(last.unit)]
    before = next((one for one in reversed(same) if _is_before(one, last)), None)
    return LastResult(
        value=float(last.value),
        unit=_text(last.unit),
        qualifier=_text(last.qualifier),
        place=_text(last.place),
        at=last.first,
        timed=last.timed,
        day=None if pd.isna(last.rel_day) else int(last.rel_day),
        source=f"{last.source_file} {last.source_row}",
        lln=_number(last.range_low),
        uln=_number(last.range_high),
        trend=trend(_bounds(before), _bounds(last)) if before else "",
        before=float(before.value) if before else None,
        before_at=before.first if before else None,
        line=tuple(_line(same, last)),
        later=_why(later[-1]) if later else None,
    )


def trend(before: tuple[float, float], last: tuple[float, float]) -> str:
    """ "up", "down", "same", or "" where a limit hides which. before, last: the lowest and the highest value that each
    can be."""
    if last[0] > before[1]:
        return "up"
    if last[1] < before[0]:
        return "down"
    return "same" if before == last and before[0] == before[1] else ""


def _is_before(one: _Row, last: _Row) -> bool:
    """Whether it is 24 to 72 h older; by the calendar, 1 to 3 days, where a time of day is not known."""
    least, most = (timedelta(hours=hours) for hours in TREND_HOURS)
    if one.timed and last.timed:
        return least <= last.first - one.first <= most
    return least <= timedelta(days=(last.first.date() - one.first.date()).days) <= most


def _bounds(one: _Row) -> tuple[float, float]:
    """The lowest and the highest value that a result can be; an open end where it lies at a limit."""
    sign, value = _text(one.qualifier), float(one.value)
    tiny = abs(value) * 1e-12
    if sign in ("<", "<="):
        return 0.0, value - tiny if sign == "<" else value
    if sign in (">", ">="):
        return value + tiny if sign == ">" else value, float("inf")
    return value, value


def _line(rows: Iterable[_Row], last: _Row) -> Iterator[tuple[float, float]]:
    for one in rows:
        days = (one.first - last.first) / _DAY
        if days >= -LINE_DAYS:
            yield days, float(one.value)


def _why(row: _Row) -> str:
    """In the words of the file; "" where it does not say."""
    return _text(row.why) or _text(row.text) or _text(row.not_done)


def _number(one: float) -> float | None:
    return None if one != one else float(one)


def _text(one: object) -> str:
    return one if isinstance(one, str) else ""


def found(results: Mapping[str, Mapping[str, Found]], usubjid: str, code: str) -> Found:
    return results.get(usubjid, {}).get(code, NEVER)
