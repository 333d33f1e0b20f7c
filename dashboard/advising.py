"""The one way from a screen to the advice of the 3+3: the Board, what may be assumed, the pause rules, the models."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from clinical.advice import Advice, advise
from clinical.board import Board
from clinical.context import LevelContext, context
from clinical.infusion_rules import NotAllowed, not_allowed
from clinical.pauses import Pause, pauses
from clinical.sentence import Sentence
from dashboard.session import Asked, board_of, is_older, present, stale_days
from data.store import Cut
from queries.adverse_events import adverse_events
from queries.subjects import subjects


@dataclass(frozen=True, eq=False)
class Advised:
    """Everything is as if the assumptions of the address were so; `given` is the Board of the data alone."""

    given: Board
    board: Board
    advice: Advice
    pauses: tuple[Pause, ...]  # every rule of the protocol
    models: tuple[LevelContext, ...]
    not_allowed: tuple[NotAllowed, ...]  # by the data alone: what was done is no assumption

    @property
    def hypothetical(self) -> bool:
        return self.board is not self.given or self.advice.hypothetical


def advised(asked: Asked) -> Advised | None:
    """None in a trial without dose levels."""
    if asked.cut.protocol.dlt is None:
        return None
    return _advised(asked.cut, asked.head, tuple(sorted(asked.view.assumed().items())), days_too_old(asked))


def advice_on(cut: Cut, head: str) -> Advice | None:
    """What was to be said of a cut on its own day: nothing supposed, and data of no age. None without dose levels."""
    return _rule(cut, head, (), 0)[1] if cut.protocol.dlt else None


@lru_cache(maxsize=16)
def pauses_of(cut: Cut) -> tuple[Pause, ...]:
    return pauses(subjects(cut), adverse_events(cut), cut.protocol, cut.cutoff)


def days_too_old(asked: Asked) -> int:
    """How many days old the data are, where that is too old to advise on; 0 where it is not. An older cut that the
    address names is looked at as what was known then, and a fictional calendar has no age."""
    days = int(present(asked.cut)[1])
    looked_back = is_older(asked) or asked.cut.fictional_day0
    return 0 if looked_back or days <= stale_days() else days


Assumed = tuple[tuple[tuple[str, ...], str], ...]


@lru_cache(maxsize=32)
def _advised(cut: Cut, head: str, assumed: Assumed, too_old: int) -> Advised:
    state, advice, rules = _rule(cut, head, assumed, too_old)
    return Advised(
        given=board_of(cut, head),
        board=state,
        advice=advice,
        pauses=rules,
        models=context(advice.patients, cut.protocol),
        not_allowed=_not_allowed(cut, head),
    )


@lru_cache(maxsize=32)
def _rule(cut: Cut, head: str, assumed: Assumed, too_old: int) -> tuple[Board, Advice, tuple[Pause, ...]]:
    protocol, everyone = cut.protocol, subjects(cut)
    judged = tuple((key, letter == "T") for key, letter in assumed if len(key) == 2)
    state = board_of(cut, head, judged) if judged else board_of(cut, head)
    rules = pauses_of(cut)
    differ = {one.usubjid for window in state.windows for one in window.candidates if one.code == "disagree"}
    doubts = [] if head else [Sentence("unreadable")]
    if state.without_window:
        numbers = dict(zip(everyone["usubjid"], everyone["subjid"], strict=True))
        named = ", ".join(numbers.get(one, one) for one in state.without_window)
        doubts.append(Sentence("without_window", {"patients": named}))
    if too_old:
        doubts.append(Sentence("stale", {"days": too_old, "limit": stale_days()}))
    advice = advise(
        state.windows, everyone, protocol, cut.cutoff,
        assumed=_results(assumed), pauses=rules, disagreements=differ, doubts=doubts,
    )  # fmt: skip
    return state, advice, rules


@lru_cache(maxsize=16)
def _not_allowed(cut: Cut, head: str) -> tuple[NotAllowed, ...]:
    return not_allowed(board_of(cut, head).windows, subjects(cut), cut.protocol, cut.cutoff)


def _results(assumed: tuple[tuple[tuple[str, ...], str], ...]) -> Mapping[str, str]:
    return {key[0]: letter for key, letter in assumed if len(key) == 1}
