"""The periods of the study as one patient went through them, from the visits that took place."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from data.protocol import Protocol


@dataclass(frozen=True)
class PeriodSpan:
    id: str  # of the protocol's [[periods]]; the epoch as it came where the protocol plans no visits
    planned: bool  # whether it is the protocol's
    start: datetime  # its first visit
    end: datetime  # the first visit of the next period; the end of what is known where none follows


def study_periods(visits: pd.DataFrame, protocol: Protocol, end: datetime) -> tuple[PeriodSpan, ...]:
    """visits: as `queries.visits`, by date. end: cut-off, or the day on which the patient left.

    A visit belongs to the period that the protocol plans it in, by its number; the epoch counts only where the
    protocol plans no visits at all. A visit that it does not know opens no period.
    """
    planned = {one.visitnum: one.period for one in protocol.visits}
    names = visits["visitnum"].map(planned) if planned else visits["epoch"]
    known = visits.assign(period=names)[names.notna().to_numpy()]
    opened = known[known["period"] != known["period"].shift()]
    starts = list(opened["svstdtc_earliest"])
    return tuple(
        PeriodSpan(period, bool(planned), start, max(start, upto))
        for period, start, upto in zip(opened["period"], starts, [*starts, end][1:], strict=True)
    )
