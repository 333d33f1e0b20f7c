"""Which acknowledgements of a flag hold at a cut-off, and what may be said of one."""

from datetime import UTC, datetime

import pytest

from clinical.acknowledgements import acknowledgements, later
from data.events import EventRefused
from data.state import State

APRIL, JUNE = datetime(2026, 4, 30, 23, 59, 59), datetime(2026, 6, 9, 23, 59, 59)
FLAG = "X-101 iec_hs 2026-03-09T06:30"
SAID = {"flag": FLAG, "showed": "review fibrinogen", "reason": "sepsis explains it", "cut": "c" * 64}


@pytest.fixture
def own(tmp_path) -> State:
    return State(f"sqlite:///{tmp_path / 'state.sqlite'}")


def acknowledge(state: State, actor="Dr Li", cutoff=JUNE, **more):
    said = SAID | {"cutoff": cutoff.isoformat()}
    return state.append("flag.acknowledged", actor=actor, subject="X-101", payload=said, **more)


def reopen(state: State, number: int, subject="X-101"):
    said = {"event": number, "reason": "cultures are negative"}
    return state.append("flag.reopened", actor="Dr Wang", subject=subject, payload=said)


def holding(state: State, cutoff=JUNE) -> dict:
    return {key: one.event for key, one in acknowledgements(state.events(), cutoff).items()}


def test_acknowledged_reopened_and_acknowledged_again(own):
    acknowledge(own)
    assert holding(own) == {("X-101", FLAG): 1}
    reopen(own, 1)
    assert holding(own) == {}
    acknowledge(own)
    assert holding(own) == {("X-101", FLAG): 3} and own.verify() == []


def test_what_was_said_on_a_later_cut_was_not_known_then(own):
    acknowledge(own)
    assert holding(own, APRIL) == {}
    assert [one.event for one in later(own.events(), APRIL)] == [1] and later(own.events(), JUNE) == ()
    with pytest.raises(ValueError, match="cutoff"):
        acknowledgements(own.events(), JUNE.replace(tzinfo=UTC))


def refusal(act, *given, **more) -> str:
    with pytest.raises(EventRefused) as refused:
        act(*given, **more)
    return refused.value.code


def test_what_was_said_before_is_not_said_again(own):
    acknowledge(own)
    assert refusal(acknowledge, own, actor="Dr Wang") == "acknowledged_already"
    assert refusal(reopen, own, 7) == refusal(reopen, own, 1, subject="X-102") == "not_acknowledged"
    reopen(own, 1)
    assert refusal(reopen, own, 1) == "taken_back" and len(own.events()) == 2


def test_nobody_acknowledges_over_what_he_has_not_seen(own):
    before = own.head()
    acknowledge(own)
    reopen(own, 1)
    assert refusal(acknowledge, own, seen=before) == "meanwhile"


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"flag": ""}, {"showed": ""}, {"grade": 3}])
def test_an_incomplete_acknowledgement_is_no_event(own, wrong):
    said = SAID | {"cutoff": JUNE.isoformat()} | wrong
    with pytest.raises(ValueError, match="payload"):
        own.append("flag.acknowledged", actor="Dr Li", subject="X-101", payload=said)
    assert own.events() == ()
