"""Which DLT candidates have been adjudicated, as events tell it and as far as a cut-off was known."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Adjudication:
    """One person's verdict on one candidate."""

    event: int  # id of the event that says so
    usubjid: str
    candidate: str  # key of the candidate
    clause: str  # id in the protocol's [[dlt.clauses]]
    term: str
    grade: int | None  # None: not recorded
    dlt: bool
    reason: str
    actor: str
    authenticated: bool  # whether the actor had signed in
    at: datetime  # UTC
    cut: str  # id of the cut it was made on
    cutoff: datetime  # of that cut, in the trial's clock


def adjudications(events: Iterable, cutoff: datetime) -> dict[tuple[str, str], Adjudication]:
    """What holds at a cut-off: of each (usubjid, candidate) the last verdict that was not withdrawn.

    events: in any order, with the fields of `data.events.Event`; other actions are passed over. cutoff: of the cut that
    is looked at, in the trial's clock, without offset. A verdict made on a cut with a later cut-off is left out: it
    rests on what was not known then (`later` lists it). The last is the one with the highest event id. A withdrawal
    takes its verdict away whatever cut is looked at, and an earlier verdict on the same candidate holds again; one of
    an unknown event is passed over. ValueError for a `cutoff` with an offset.
    """
    return {(one.usubjid, one.candidate): one for one in _standing(events, cutoff) if one.cutoff <= cutoff}


def later(events: Iterable, cutoff: datetime) -> tuple[Adjudication, ...]:
    """The verdicts that hold, but were made on a cut with a later cut-off; as they were said, the last one last."""
    return tuple(one for one in _standing(events, cutoff) if one.cutoff > cutoff)


def _standing(events: Iterable, cutoff: datetime) -> Iterator[Adjudication]:
    """Every verdict that was not withdrawn, in the order of its event."""
    if cutoff.tzinfo:
        raise ValueError(f"cutoff: {cutoff} has an offset; it is a moment of the trial's clock")
    said = sorted(events, key=lambda one: one.id)
    withdrawn = {(one.subject, one.payload["event"]) for one in said if one.action == "dlt.withdrawn"}
    for one in said:
        if one.action == "dlt.adjudicated" and (one.subject, one.id) not in withdrawn:
            yield _adjudication(one)


def _adjudication(event) -> Adjudication:
    said = event.payload
    return Adjudication(
        event=event.id,
        usubjid=event.subject,
        candidate=said["candidate"],
        clause=said["clause"],
        term=said["term"],
        grade=said["grade"],
        dlt=said["dlt"],
        reason=said["reason"],
        actor=event.actor,
        authenticated=event.authenticated,
        at=event.at,
        cut=said["cut"],
        cutoff=datetime.fromisoformat(said["cutoff"]),
    )
