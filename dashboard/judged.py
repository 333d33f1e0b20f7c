"""The adverse events as they are judged: the file's flag, and over it the verdicts that people gave on the Board."""

from functools import lru_cache

import pandas as pd

from clinical.board import Board
from clinical.candidates import Candidate
from dashboard.session import board_of
from data.events import START
from data.store import Cut
from queries.adverse_events import adverse_events


@lru_cache(maxsize=16)
def judged_events(cut: Cut, head: str = START) -> pd.DataFrame:
    """As `queries.adverse_events`, `aedlt` by file and people; U (unknown) where the two differ or a verdict is in
    question, as on the Board. Shared: never written to."""
    events = adverse_events(cut)
    verdicts = {} if head in ("", START) else _verdicts(board_of(cut, head))
    if not verdicts:
        return events
    rows = zip(events["usubjid"], events["aeseq"], events["aedlt"], strict=True)
    return events.assign(aedlt=pd.Series([verdicts.get(row[:2], row[2]) for row in rows], events.index, dtype=object))


def _verdicts(state: Board) -> dict[tuple[str, float], str]:
    """Of the rows that a person judged under any clause. A DLT under one of them is one, as on the Board."""
    found: dict[tuple[str, float], list[Candidate]] = {}
    for one in (one for some in state.candidates.values() for one in some):
        if one.source == "AE":
            found.setdefault((one.usubjid, one.aeseq), []).append(one)
    return {row: _of_row(some) for row, some in found.items() if any(one.adjudication for one in some)}


def _of_row(some: list[Candidate]) -> str:
    said = [one.adjudicated for one in some]
    return "Y" if "Y" in said else "U" if None in said else "N"


def dlts_without_event(cut: Cut, head: str) -> tuple[str, ...]:
    """usubjid of the patients whose DLT no row of an event shows: a laboratory value that nobody reported, a death."""
    if head in ("", START) or cut.protocol.dlt is None:
        return ()
    state = board_of(cut, head)
    return tuple(
        who
        for who, some in state.candidates.items()
        if any(one.adjudicated == "Y" and (one.source == "LB" or not one.evidence) for one in some)
    )
