"""Which screening flags people have acknowledged, as events tell it and as far as a cut-off was known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from data.events import standing_at

_SAID = ("flag.acknowledged", "flag.reopened")  # and what takes it back


@dataclass(frozen=True)
class Acknowledgement:
    """One person's word on one flag."""

    event: int  # id of the event that says so
    usubjid: str
    flag: str  # key of the flag
    showed: str  # codes of what it showed then
    reason: str
    actor: str
    authenticated: bool  # whether the actor had signed in
    at: datetime  # UTC
    cut: str  # id of the cut it was said on
    cutoff: datetime  # of that cut, in the trial's clock


def acknowledgements(events: Iterable, cutoff: datetime) -> dict[tuple[str, str], Acknowledgement]:
    """(usubjid, flag) -> what holds at a cut-off.

    events: with the fields of `data.events.Event`; other actions are passed over. What was said on a cut with a later
    cut-off is left out: it rests on what was not known then (`later` lists it). What was taken back is gone whatever
    cut is looked at. ValueError for a `cutoff` with an offset.
    """
    return {(one.usubjid, one.flag): one for one in map(_acknowledgement, standing_at(events, cutoff, *_SAID)[0])}


def later(events: Iterable, cutoff: datetime) -> tuple[Acknowledgement, ...]:
    """Those that hold, but were said on a cut with a later cut-off."""
    return tuple(map(_acknowledgement, standing_at(events, cutoff, *_SAID)[1]))


def _acknowledgement(event) -> Acknowledgement:
    said = event.payload
    return Acknowledgement(
        event=event.id,
        usubjid=event.subject,
        flag=said["flag"],
        showed=said["showed"],
        reason=said["reason"],
        actor=event.actor,
        authenticated=event.authenticated,
        at=event.at,
        cut=said["cut"],
        cutoff=datetime.fromisoformat(said["cutoff"]),
    )
