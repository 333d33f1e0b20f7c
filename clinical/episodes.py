"""Adverse events as they are drawn: one episode an event, a step a grade, on the axis of days since infusion."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from clinical.reported import Moments, ended, event_key, reported_grade, started

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class DayAxis:
    """Days since infusion, as `queries.measurements` counts them.

    Where the infusion has a time of day, a moment stands where it is, and a day known by its date alone is the day's 24
    hours. Where it has none, days are whole: a day stands on its number and is drawn half a day to either side.
    """

    day0: datetime
    timed: bool

    @property
    def origin(self) -> datetime:
        """The moment at which the axis is 0."""
        return self.day0 if self.timed else datetime.combine(self.day0.date(), datetime.min.time()) + _DAY / 2

    def at(self, moment: datetime) -> float:
        return (moment - self.origin) / _DAY

    def after(self, last: datetime) -> float:
        """The end of what lasts to this moment: a date ends with its day, whose last second is written in it."""
        return self.at(last + _SECOND if last.second == 59 else last)

    def end_of_day(self, day: int) -> float:
        """The end of a calendar day that many days after that of the infusion."""
        return self.at(datetime.combine(self.day0.date() + (day + 1) * _DAY, datetime.min.time()))

    def day(self, moment: datetime) -> int:
        """Whole days by the calendar: date - date of infusion."""
        return (moment.date() - self.day0.date()).days


@dataclass(frozen=True)
class Step:
    """An event at one grade. From `start` to `end` it can have lasted, from `sure_start` to `sure_end` it did."""

    start: float  # d since infusion
    end: float
    sure_start: float  # later than `start` where the onset is dated to a month or a year
    sure_end: float
    day: int  # of the earliest onset, whole days
    last_day: int  # of the latest end, whole days; of the cut-off where it goes on
    grade: int | None  # as reported; None: not recorded
    severity: str  # as reported, never made into a grade; "" not recorded
    dlt: bool
    goes_on: bool  # no end by the cut-off
    end_unknown: bool  # it is over, or may be, but nobody wrote since when
    onset: str  # as it came
    ending: str  # as it came; "" none
    source: str  # file and row

    @property
    def in_doubt(self) -> bool:
        """Whether a part of it is drawn over what its dates can mean."""
        return self.start < self.sure_start or self.sure_end < self.end


@dataclass(frozen=True)
class Episode:
    event: str  # the same for all rows of one event
    term: str
    reported: str  # verbatim
    coded: bool
    serious: bool
    steps: tuple[Step, ...]  # by onset; none where no row is dated

    @property
    def dlt(self) -> bool:
        return any(one.dlt for one in self.steps)

    @property
    def goes_on(self) -> bool:
        return bool(self.steps) and self.steps[-1].goes_on

    @property
    def peak(self) -> int | None:
        """The highest grade that is recorded."""
        return max((one.grade for one in self.steps if one.grade is not None), default=None)

    @property
    def last_day(self) -> int:
        """The last day of which its rows speak: a date, not the cut-off."""
        return max(one.day if one.goes_on or one.end_unknown else one.last_day for one in self.steps)


def episodes(events: pd.DataFrame, axis: DayAxis, cutoff: datetime, *, ends_recorded: bool) -> tuple[Episode, ...]:
    """The events of one patient by onset, undated ones last.

    events: rows of `queries.adverse_events` of that patient. cutoff: nothing goes beyond it. ends_recorded: whether
    the trial records ends at all; where it does not, an event without end is not said to go on.
    Rows of one AEGRPID are one event, a row a grade; one without end ended when the next began. A row whose outcome
    says that it is over, but not since when, may have ended on any day from its onset to the cut-off.
    """
    rows = defaultdict(list)
    for row in events.sort_values(["aestdtc_earliest", "aeseq"]).astype(object).itertuples():
        rows[event_key(row)].append(row)
    found = [_episode(event, own, axis, cutoff, ends_recorded) for event, own in rows.items()]
    return tuple(sorted(found, key=lambda one: (not one.steps, one.steps and one.steps[0].start, one.event)))


def of_terms(found: Sequence[Episode], terms: Sequence[str]) -> tuple[Episode, ...]:
    """The coded episodes whose preferred term is one of these, without regard to case."""
    wanted = {one.casefold() for one in terms}
    return tuple(one for one in found if one.coded and one.term.casefold() in wanted)


def _episode(event: str, rows: list, axis: DayAxis, cutoff: datetime, ends_recorded: bool) -> Episode:
    dated = [row for row in rows if started(row)]
    following = [*dated, None][1:]
    steps = (_step(row, after, axis, cutoff, ends_recorded) for row, after in zip(dated, following, strict=True))
    last = rows[-1]
    return Episode(
        event=event,
        term=last.aeterm if pd.isna(last.aedecod) else last.aedecod,
        reported=last.aeterm,
        coded=pd.notna(last.aedecod),
        serious=any(row.aeser == "Y" for row in rows),
        steps=tuple(steps),
    )


def _step(row, after, axis: DayAxis, cutoff: datetime, ends_recorded: bool) -> Step:
    first, last = started(row)
    end, unknown = _ending(row, after, cutoff)
    if end is None and not ends_recorded:
        end, unknown = (first, cutoff), True
    start, onset_over = axis.at(first), axis.after(min(last, end[1] if end else cutoff, cutoff))
    finish = max(axis.after(end[1] if end else cutoff), start)
    sure_start = start if last - first < _DAY else min(onset_over, finish)  # a date known to the day is the whole day
    sure_end = finish
    if unknown:  # it was there when it began
        sure_end = onset_over
    elif end and end[1] - end[0] >= _DAY:
        sure_end = axis.at(end[0])
    return Step(
        start=start,
        end=finish,
        sure_start=sure_start,
        sure_end=min(max(sure_end, sure_start), finish),
        day=axis.day(first),
        last_day=axis.day(end[1] if end else cutoff),
        grade=reported_grade(row),
        severity="" if pd.isna(row.aesev) else row.aesev,
        dlt=row.aedlt == "Y",
        goes_on=end is None,
        end_unknown=unknown,
        onset=row.aestdtc,
        ending="" if pd.isna(row.aeendtc) else row.aeendtc,
        source=f"{row.source_file} {row.source_row}",
    )


def _ending(row, after, cutoff: datetime) -> tuple[Moments | None, bool]:
    """The moments the end can mean, None where it goes on; and whether it is over without a word since when."""
    begins = started(after) if after is not None else None
    dated = pd.notna(row.aeendtc_earliest)
    end = ended(row, cutoff)
    if begins and not dated:
        return (begins[0], begins[0]), False
    return end, end is not None and not dated
