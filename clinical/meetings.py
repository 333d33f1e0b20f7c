"""On which cuts the committee has met, as events tell it and as far as a cut-off was known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from data.events import standing_at

COMMITTEE = "committee"  # subject of the events
_SAID = ("committee.met", "committee.struck")  # and what takes it back


@dataclass(frozen=True)
class Meeting:
    """One meeting: who recorded it, and the cut that was looked at."""

    event: int  # id of the event that says so
    actor: str
    at: datetime  # UTC, when it was recorded
    note: str
    cut: str  # id


def meetings(events: Iterable, cutoff: datetime) -> tuple[Meeting, ...]:
    """The meetings that stand on cuts with that cut-off or an earlier one, in the order they were recorded.

    events: with the fields of `data.events.Event`; other actions are passed over. ValueError for a `cutoff` with an
    offset.
    """
    return tuple(map(_meeting, standing_at(events, cutoff, *_SAID)[0]))


def _meeting(event) -> Meeting:
    said = event.payload
    return Meeting(event.id, event.actor, event.at, said["reason"], said["cut"])
