"""What people write, one event a statement: who said what of whom and when, chained by its hash to all that was said.

An action is a name and the model of its payload (`ACTIONS`); nothing else is ever stored.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

START = "0" * 64  # `previous` of the first event
HASHED = ("id", "at", "actor", "authenticated", "action", "subject", "payload", "previous")

# Why an event is refused; a translation has the same keys and placeholders.
REFUSALS = {
    "not_adjudicated": "event {event} is no adjudication of this patient",
    "withdrawn": "event {event} was withdrawn already",
    "said_already": "event {event} says the same, by the same person",
    "meanwhile": "event {event} was written by {actor} after what this person saw",
    "contrary": "event {event} of {actor} says that it is a DLT; it is to be withdrawn first",
    "not_excluded": "event {event} excludes no sample of this patient",
    "taken_back": "event {event} was taken back already",
    "excluded_already": "event {event} of {actor} excludes this sample already",
    "not_acknowledged": "event {event} acknowledges no flag of this patient",
    "acknowledged_already": "event {event} of {actor} acknowledges this flag already",
    "no_meeting": "event {event} records no meeting of the committee",
    "met_already": "event {event} of {actor} records a meeting on this cut already",
}

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")  # the last turn the script about


@dataclass(frozen=True)
class Event:
    """One statement. Events are in the order of their id: a clock can be set back."""

    id: int  # 1, 2, 3 ...
    at: datetime  # UTC
    actor: str
    authenticated: bool  # whether the actor had signed in; False while there are no accounts
    action: str  # a key of ACTIONS
    subject: str  # usubjid
    payload: Mapping[str, object] = field(hash=False)  # as JSON has it
    previous: str  # hash of the event before
    hash: str


def standing(events: Iterable[Event], says: str, takes_back: str) -> Iterator[Event]:
    """Every event of the action `says` that none of the action `takes_back` names for its subject, in their order."""
    said = sorted(events, key=lambda one: one.id)
    back = {(one.subject, one.payload["event"]) for one in said if one.action == takes_back}
    return (one for one in said if one.action == says and (one.subject, one.id) not in back)


def standing_at(
    events: Iterable[Event], cutoff: datetime, says: str, takes_back: str
) -> tuple[list[Event], list[Event]]:
    """Of `standing`: what was said on a cut with that cut-off or an earlier one; and on a later one, which rests on
    what was not known then. cutoff: in the trial's clock; ValueError with an offset."""
    if cutoff.tzinfo:
        raise ValueError(f"cutoff: {cutoff} has an offset; it is a moment of the trial's clock")
    known: list[Event] = []
    later: list[Event] = []
    for one in standing(events, says, takes_back):
        (known if datetime.fromisoformat(one.payload["cutoff"]) <= cutoff else later).append(one)
    return known, later


class Altered(ValueError):
    """A stored event is not what was written."""


class EventRefused(ValueError):
    """What was said earlier does not allow this event: a `code` of REFUSALS, `values`."""

    def __init__(self, code: str, **values: object):
        super().__init__(f"payload.event: {REFUSALS[code].format(**values)}")
        self.code, self.values = code, values


# ---- what may be said ------------------------------------------------------------------------------------------------
def _without_controls(text: str) -> str:
    if _CONTROLS.search(text):
        raise ValueError("holds a control character")
    return text


def _prose(text: str) -> str:
    """Lines are allowed; a browser may send them with a carriage return."""
    text = text.replace("\r\n", "\n")
    _without_controls(text.replace("\n", ""))
    return text


def _interval(text: str) -> str:
    """Two dates, the later one last."""
    first, last = map(date.fromisoformat, text.split("/"))
    if last < first:
        raise ValueError("ends before it begins")
    return text


def _moment(text: str) -> str:
    """A date-time in the trial's clock, as a cut has it: without offset."""
    if "T" not in text or datetime.fromisoformat(text).tzinfo:
        raise ValueError("is no date-time of the trial's clock, such as 2026-06-09T23:59:59")
    return datetime.fromisoformat(text).isoformat()


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Typed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(_prose)]
FromFiles = Annotated[str, StringConstraints(min_length=1, max_length=4000)]  # kept to the letter: it is compared


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Model = TypeVar("Model", bound=_Strict)


class _Statement(_Strict):
    actor: Annotated[Name, AfterValidator(_without_controls)]
    subject: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_without_controls)]


class Payload(_Strict):
    def admit(self, actor: str, earlier: Sequence[Event], unseen: Sequence[Event]) -> None:
        """EventRefused where what was said of this subject earlier, in its order, does not allow the event. unseen: the
        last of it, which the actor did not have before him."""


class _OnCut(Payload):
    """What was said looking at a cut."""

    reason: Typed
    cut: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    cutoff: Annotated[str, AfterValidator(_moment)]  # of that cut


class Adjudicated(_OnCut):
    """A candidate is a DLT, or is not, as far as a cut tells."""

    candidate: FromFiles  # key of the candidate
    clause: FromFiles
    term: FromFiles
    grade: Annotated[int, Field(ge=1, le=5)] | None  # None: not recorded
    dlt: bool
    # First and last day the candidate can have begun on, as 2026-03-04/2026-03-04; None: not known, or not asked yet.
    onset: Annotated[str, AfterValidator(_interval)] | None = None
    # What the program itself said of it, and on how many rows; None: not asked yet.
    verdict: FromFiles | None = None
    code: FromFiles | None = None
    causality: FromFiles | None = None
    rows: Annotated[int, Field(ge=0)] | None = None

    def admit(self, actor: str, earlier: Sequence[Event], unseen: Sequence[Event]) -> None:
        """A button pressed twice says nothing new; nobody overrules what he has not seen, nor another's "DLT"."""
        withdrawn = {one.payload["event"] for one in earlier if one.action == "dlt.withdrawn"}
        said = [one for one in earlier if one.payload.get("candidate") == self.candidate]
        standing = [one for one in said if one.id not in withdrawn]
        if standing and (standing[-1].actor, standing[-1].payload) == (actor, self.model_dump(mode="json")):
            raise EventRefused("said_already", event=standing[-1].id)
        known = {one.id for one in said}
        new = [one for one in unseen if one.id in known or one.payload.get("event") in known]
        if new:
            raise EventRefused("meanwhile", event=new[-1].id, actor=new[-1].actor)
        latest = {one.actor: one for one in standing}.values()
        others = [one for one in latest if one.actor != actor and one.payload["dlt"]]
        if others and not self.dlt:  # a DLT over an older "no DLT" is the cautious way, and needs no withdrawal
            raise EventRefused("contrary", event=others[-1].id, actor=others[-1].actor)


class Withdrawn(Payload):
    """An adjudication no longer holds."""

    event: int  # id of the adjudication
    reason: Typed

    def admit(self, actor: str, earlier: Sequence[Event], unseen: Sequence[Event]) -> None:
        if not any(one.id == self.event and one.action == "dlt.adjudicated" for one in earlier):
            raise EventRefused("not_adjudicated", event=self.event)
        if any(one.action == "dlt.withdrawn" and one.payload["event"] == self.event for one in earlier):
            raise EventRefused("withdrawn", event=self.event)


class SampleExcluded(_OnCut):
    """A sample counts in no parameter any more; what it showed is kept beside it."""

    sample: FromFiles  # key of the sample, of `pk.exclusions.sample_key`
    result: FromFiles  # as it stood on that cut

    def admit(self, actor: str, earlier: Sequence[Event], unseen: Sequence[Event]) -> None:
        said = [one for one in earlier if one.action == "sample.excluded" and one.payload["sample"] == self.sample]
        _admit_once(said, "sample.readmitted", "excluded_already", earlier, unseen)


class SampleReadmitted(Payload):
    """A sample counts again."""

    event: int  # id of the exclusion
    reason: Typed

    def admit(self, actor: str, earlier: Sequence[Event], unseen: Sequence[Event]) -> None:
        _admit_back(self.event, ("sample.excluded", "sample.readmitted"), "not_excluded", earlier)


class FlagAcknowledged(_OnCut):
    """A person has seen a screening flag, and says what is made of it."""

    flag: FromFiles  # key of the flag
    showed: FromFiles  # codes of what it showed on that cut

    def admit(self, actor: str, earlier: Sequence[Event], unseen: Sequence[Event]) -> None:
        said = [one for one in earlier if one.action == "flag.acknowledged" and one.payload["flag"] == self.flag]
        _admit_once(said, "flag.reopened", "acknowledged_already", earlier, unseen)


class FlagReopened(Payload):
    """A flag is as if nobody had acknowledged it."""

    event: int  # id of the acknowledgement
    reason: Typed

    def admit(self, actor: str, earlier: Sequence[Event], unseen: Sequence[Event]) -> None:
        _admit_back(self.event, ("flag.acknowledged", "flag.reopened"), "not_acknowledged", earlier)


class CommitteeMet(_OnCut):
    """The committee has met over a cut; reason: which meeting it was, in words."""

    def admit(self, actor: str, earlier: Sequence[Event], unseen: Sequence[Event]) -> None:
        said = [one for one in earlier if one.action == "committee.met" and one.payload["cut"] == self.cut]
        _admit_once(said, "committee.struck", "met_already", earlier, unseen)


class CommitteeStruck(Payload):
    """A meeting was recorded in error."""

    event: int  # id of the record
    reason: Typed

    def admit(self, actor: str, earlier: Sequence[Event], unseen: Sequence[Event]) -> None:
        _admit_back(self.event, ("committee.met", "committee.struck"), "no_meeting", earlier)


def _admit_once(
    said: Sequence[Event], takes_back: str, refusal: str, earlier: Sequence[Event], unseen: Sequence[Event]
) -> None:
    """Refused while one of what was `said` of the same thing stands, or was said or taken back unseen."""
    back = {one.payload["event"] for one in earlier if one.action == takes_back}
    standing = [one for one in said if one.id not in back]
    if standing:
        raise EventRefused(refusal, event=standing[-1].id, actor=standing[-1].actor)
    known = {one.id for one in said}
    new = [one for one in unseen if one.id in known or one.payload.get("event") in known]
    if new:
        raise EventRefused("meanwhile", event=new[-1].id, actor=new[-1].actor)


def _admit_back(event: int, actions: tuple[str, str], refusal: str, earlier: Sequence[Event]) -> None:
    """Refused where the event is none of the first action, or was taken back by the second."""
    says, takes_back = actions
    if not any(one.id == event and one.action == says for one in earlier):
        raise EventRefused(refusal, event=event)
    if any(one.action == takes_back and one.payload["event"] == event for one in earlier):
        raise EventRefused("taken_back", event=event)


ACTIONS: dict[str, type[Payload]] = {
    "dlt.adjudicated": Adjudicated,
    "dlt.withdrawn": Withdrawn,
    "sample.excluded": SampleExcluded,
    "sample.readmitted": SampleReadmitted,
    "flag.acknowledged": FlagAcknowledged,
    "flag.reopened": FlagReopened,
    "committee.met": CommitteeMet,
    "committee.struck": CommitteeStruck,
}


def statement(actor: str, subject: str) -> dict[str, str]:
    """Who says it of whom, as it is stored. ValueError naming `actor` or `subject`."""
    return _read(_Statement, {"actor": actor, "subject": subject}).model_dump()


def payload_of(action: str, payload: Mapping[str, object]) -> Payload:
    """The payload as its action wants it. ValueError naming `action`, or `payload` and its field."""
    check_action(action)
    return _read(ACTIONS[action], payload, "payload")


def check_action(action: str) -> None:
    if action not in ACTIONS:
        raise ValueError(f"action: {action!r} is none of {', '.join(ACTIONS)}")


def _read(model: type[Model], given: object, *within: str) -> Model:
    try:
        return model.model_validate(given)
    except ValidationError as error:  # its own text repeats what was given, which may be of a patient
        raise ValueError("; ".join(_problem((*within, *one["loc"]), one["msg"]) for one in error.errors())) from None


def _problem(place: tuple[str | int, ...], said: str) -> str:
    return f"{'.'.join(map(str, place))}: {said.removeprefix('Value error, ')}"


# ---- the chain -------------------------------------------------------------------------------------------------------
def canonical(value: object) -> str:
    """The one JSON text of a value: keys sorted, no spaces, every character as it is."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=repr)


def digest(row: Mapping[str, object]) -> str:
    """sha256 over the canonical JSON of an event as it is stored, `hash` left out.

    `at` and `payload` are texts there, ISO 8601 and canonical JSON, so that any database gives back what was hashed.
    """
    return hashlib.sha256(canonical({name: row[name] for name in HASHED}).encode()).hexdigest()


def event_of(row: Mapping[str, object]) -> Event:
    """The event of a stored row. Altered where the row does not give its hash."""
    if digest(row) != row["hash"]:
        raise Altered(f"event {row['id']} is not what was written")
    return Event(**dict(row) | {"at": datetime.fromisoformat(row["at"]), "payload": json.loads(row["payload"])})


def breaks(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """What is wrong with a chain of stored rows, in the order of their id; nothing where it is whole.

    Found: a field that was changed, an event that is missing before the last one, was put in, or stands in another
    place. Not found: events cut off at the end, and a chain that was written anew from some event on. Against both,
    keep the hash of the last event elsewhere and look whether an event still has it.
    """
    expected, previous = 1, START
    for row in rows:
        if row["id"] != expected:
            yield f"event {row['id']} follows event {expected - 1}: {_between(expected, row['id'])}"
        if digest(row) != row["hash"]:
            yield f"event {row['id']} was changed: its content no longer gives its hash"
        elif row["id"] == expected and row["previous"] != previous:
            yield f"event {row['id']} is out of order: it was written after another event than event {expected - 1}"
        expected, previous = row["id"] + 1, row["hash"]


def _between(expected: int, found: int) -> str:
    if found < expected:
        return "its number is out of order"
    return f"event {expected} is missing" if found == expected + 1 else f"events {expected} to {found - 1} are missing"
