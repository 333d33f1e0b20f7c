"""What a callback works on: the store of this process, and the reader's request as typed values."""

import logging
import math
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache

from flask import current_app, g

from clinical.adjudication import SUPPOSED, Adjudication, adjudications
from clinical.board import Board, board, candidates_of
from clinical.candidates import Candidate
from clinical.lab_grades import TESTS
from clinical.lab_results import COLUMNS
from dashboard.labels import Say, speaker
from dashboard.view import View
from data.events import START
from data.state import Event, State, StateError
from data.store import Cut, CutError, Serving, Store
from queries.adverse_events import adverse_events
from queries.measurements import measurements
from queries.subjects import subjects

log = logging.getLogger(__name__)


class NotUnderstood(ValueError):
    """What the browser sent is no choice this program offers; the reader gets a notice."""


class NoData(RuntimeError):
    """There is nothing to show yet; the text says what to do."""


@dataclass(frozen=True)
class Asked:
    """One request: the view, the cut that answers it, and the reader's language."""

    view: View
    cut: Cut
    head: str = START  # hash of the last event that was written when the screen was asked for; "": it cannot be read

    @property
    def say(self) -> Say:
        return speaker(self.view.lang)

    @classmethod
    def read(cls, stored: object) -> "Asked":
        """From a page's `view` store, which the browser could have changed."""
        view = read_view(stored)
        try:
            return cls(view, the_store().open(stored["cut"]), stored.get("state", START))
        except CutError as error:
            raise NotUnderstood(str(error)) from error

    def board(self) -> Board:
        """The Board with the verdicts that people wrote, as far as this cut knows them."""
        return board_of(self.cut, self.head)

    def written(self) -> tuple[Event, ...]:
        """What people wrote until this screen was asked for."""
        return events_until(the_state(), self.head) if self.head not in ("", START) else ()

    @property
    def numbers(self) -> dict[str, str]:
        """usubjid -> the subject's number on site, which the screens show."""
        return _numbers(self.cut)


def read_view(stored: object) -> View:
    """The view of a page's store. NotUnderstood where it is none."""
    if not isinstance(stored, dict) or set(stored) - {"state"} != {"pathname", "search", "cut"}:
        raise NotUnderstood("view")
    if not all(isinstance(value, str) for value in stored.values()):
        raise NotUnderstood("view")
    try:
        return View.parse(stored["pathname"], stored["search"])
    except KeyError as error:
        raise NotUnderstood(stored["pathname"][:80]) from error


def store() -> Store:
    """For what depends on more than the cut that is asked for; its answer is forgotten when the store changes."""
    g.looked_into_store = True
    return the_store()


def the_store() -> Store:
    return current_app.config["STORE"]


def offered() -> str:
    """The cut that readers are shown, "" where there is none: the current one, or the one before until the current
    one's screens are made (`dashboard.warming`)."""
    return current_app.config["OFFERED"] or the_store().current()


def serving() -> Serving:
    """The cut that readers are shown, or the last good one with the reason."""
    try:
        return Serving(store().open(offered()))
    except CutError:
        return store().serving()


def the_state() -> State:
    return current_app.config["STATE"]


def stale_days() -> int:
    """Data older than so many days withhold the advice."""
    return current_app.config["STALE_DAYS"]


def state_head() -> str:
    """Hash of the last event that people wrote; "" where they cannot be read, or are not what was written. The screens
    say so."""
    try:
        head = the_state().head()
        if head != START:
            events_until(the_state(), head)
        return head
    except StateError as error:
        log.error("what people wrote cannot be read", exc_info=error)
        return ""


@lru_cache(maxsize=16)
def events_until(state: State, head: str) -> tuple[Event, ...]:
    """The events up to the one with that hash. NotUnderstood where there is none."""
    found = state.events()
    last = next((number for number, one in enumerate(found, start=1) if one.hash == head), None)
    if last is None:
        raise NotUnderstood("state")
    return found[:last]


def unfinished() -> None:
    """The answer that is being made is one on the way to another: it is not remembered."""
    g.unfinished = True


def is_finished() -> bool:
    """Of the answer just made; several may be made in one request."""
    return not g.pop("unfinished", False)


def looked_into_store() -> bool:
    return g.get("looked_into_store", False)


@lru_cache(maxsize=16)
def _numbers(cut: Cut) -> dict[str, str]:
    everyone = subjects(cut)
    return dict(zip(everyone["usubjid"], everyone["subjid"], strict=True))


@lru_cache(maxsize=16)
def board_of(cut: Cut, head: str = START, judged: tuple[tuple[tuple[str, str], bool], ...] = ()) -> Board:
    """head: hash of the last event that counts. judged: what if, ((usubjid, candidate), whether a DLT)."""
    said = adjudications(events_until(the_state(), head), cut.cutoff) if head not in ("", START) else {}
    said |= {(who, key): _supposed(cut, who, key, dlt, said.get((who, key))) for (who, key), dlt in judged}
    return board(
        subjects(cut), adverse_events(cut), cut.protocol, cut.cutoff, found=_candidates(cut), adjudications=said
    )


@lru_cache(maxsize=16)
def _candidates(cut: Cut) -> dict[str, tuple[Candidate, ...]]:
    labs = measurements(cut, ("lab",), codes=tuple(TESTS), columns=COLUMNS)
    return candidates_of(subjects(cut), adverse_events(cut), cut.protocol, cut.cutoff, labs)


def _supposed(cut: Cut, usubjid: str, candidate: str, dlt: bool, given: Adjudication | None) -> Adjudication:
    """A verdict that nobody has given, of a candidate that may be known by an earlier one only."""
    if given:
        return replace(given, dlt=dlt, code=SUPPOSED)
    return Adjudication(
        event=0, usubjid=usubjid, candidate=candidate, clause="", term="", grade=None, dlt=dlt, reason="", actor="",
        authenticated=False, at=datetime.now(UTC), cut=cut.id, cutoff=cut.cutoff, code=SUPPOSED,
    )  # fmt: skip


def age_hours(cut: Cut) -> float:
    """How old the data are: hours from the clinical cut-off to now."""
    end = cut.cutoff.replace(tzinfo=cut.protocol.trial.zone)
    return (datetime.now(UTC) - end).total_seconds() / 3600


def present(cut: Cut) -> tuple[date, float]:
    """All that an answer may say of the present: the trial's date, and how old the data are in days, the last tenth
    begun. The header, which is made for every reader anew, may say more."""
    return datetime.now(cut.protocol.trial.zone).date(), math.floor(age_hours(cut) / 2.4) / 10


def today(cut: str) -> tuple:
    """`present` of a cut by its id; () where it cannot be opened."""
    try:
        return present(the_store().open(cut))
    except CutError:
        return ()


def is_older(asked: Asked) -> bool:
    """Whether the address asks for a cut that is not the one that readers are shown: as known then."""
    return bool(asked.view.cut) and asked.cut.id != offered()


def stamp(asked: Asked, filters: str = "") -> str:
    """Identity of an answer: cut, as-of, protocol, verdicts, software, filters. It stands inside every figure and table
    and its export."""
    cut, say = asked.cut, asked.say
    parts = [
        cut.protocol.trial.id,
        say("stamp.simulated") if cut.simulated else "",
        say("stamp.fictional", day=cut.fictional_day0) if cut.fictional_day0 else "",
        say("stamp.older") if is_older(asked) else "",
        say("stamp.cut", id=cut.short),
        say("stamp.as_of", moment=f"{cut.cutoff:%Y-%m-%d %H:%M}", zone=cut.protocol.trial.timezone),
        say("stamp.protocol", id=cut.protocol.hash[:7]),
        say("stamp.no_state") if not asked.head else "",
        say("stamp.state", id=asked.head[:7]) if asked.head not in ("", START) else "",
        say("stamp.software", version=cut.manifest["software"]),
        say("stamp.filters", filters=filters) if filters else "",
    ]
    return " · ".join(part for part in parts if part)
