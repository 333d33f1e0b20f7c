"""CRS and ICANS of one patient as last reported: the grade that goes on at the cut-off, or since when it is over."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from clinical.discrepancies import TERMS
from clinical.reported import began, ended, event_key, reported_grade


@dataclass(frozen=True)
class Reported:
    """state: "none" reported; "goes_on": no end by the cut-off; "over"."""

    state: str = "none"
    grade: int | None = None  # of what goes on, else the highest there was; None: not recorded
    since: date | None = None  # of that grade; None: undated
    until: date | None = None  # the last day it can have ended on, of what is over
    end_known: bool = True  # False: over, but nobody wrote since when

    @property
    def may_be_severe(self) -> bool:
        """Whether the grade that was last written goes on, and is 3 or more, or is not recorded."""
        return self.state == "goes_on" and (self.grade is None or self.grade >= 3)


NONE = Reported()


def reported_states(kind: str, events: pd.DataFrame, day0: pd.Series, cutoff: datetime) -> dict[str, Reported]:
    """usubjid -> what was last reported of "crs" or "icans", by the scale's own preferred terms; nobody else is a key.

    events: as `queries.adverse_events`. day0: infusion by usubjid; what was over before it does not count. Of an event
    in several rows, one a grade, the row that begins last says the grade it has come to; of several events that go on,
    the highest grade, and no grade where one has none.
    """
    names = {one.casefold() for one in TERMS[kind]}
    own = events[events["aedecod"].fillna(events["aeterm"]).str.casefold().isin(names)]
    by_patient: dict[str, list] = defaultdict(list)
    for row in own.astype(object).itertuples():
        infused = day0.get(row.usubjid)
        if pd.notna(infused) and not _over_before(row, infused.date(), cutoff):
            by_patient[row.usubjid].append(row)
    return {who: _state(rows, cutoff) for who, rows in by_patient.items()}


def _over_before(row, infused: date, cutoff: datetime) -> bool:
    end = ended(row, cutoff)
    return end is not None and end[1].date() < infused


def _state(rows: list, cutoff: datetime) -> Reported:
    events: dict[str, list] = defaultdict(list)
    for row in rows:
        events[event_key(row)].append(row)
    current = [max(own, key=_begun) for own in events.values()]
    going_on = [row for row in current if ended(row, cutoff) is None]
    if going_on:
        worst = max(going_on, key=_graded)
        return Reported("goes_on", reported_grade(worst), _since(worst))
    worst, last = max(rows, key=_graded), max(current, key=lambda row: ended(row, cutoff)[1])
    known = all(pd.notna(row.aeendtc_earliest) for row in current)
    return Reported("over", reported_grade(worst), _since(worst), ended(last, cutoff)[1].date(), known)


def _begun(row) -> tuple:
    """The grade decides between rows of one day: the higher is not taken to be over."""
    return began(row)[0], _graded(row)[0]


def _graded(row) -> tuple[int, date]:
    """For the worst: no grade is above all, since it may be any."""
    grade = reported_grade(row)
    return (9 if grade is None else grade), began(row)[0]


def _since(row) -> date | None:
    first = began(row)[0]
    return None if first == date.min else first
