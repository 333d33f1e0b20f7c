"""Which excluded samples hold at a cut-off, and what may be said of one."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.events import EventRefused
from data.state import State
from pk.exclusions import exclusions, later, marked, sample_key

APRIL, JUNE = datetime(2026, 4, 30, 23, 59, 59), datetime(2026, 6, 9, 23, 59, 59)
SAMPLE = "kinetics/PERIPHERAL BLOOD/2026-03-14T08:30"
SAID = {"sample": SAMPLE, "result": "CARCOPY 9400 copies/ug", "reason": "tube swapped"}
SAID |= {"cut": "c" * 64, "cutoff": JUNE.isoformat()}


def event(number: int, action: str, subject: str, payload: dict):
    at = datetime(2026, 6, 10, 8, 30, tzinfo=UTC)
    return SimpleNamespace(
        id=number, action=action, subject=subject, payload=payload, actor="Dr Li", authenticated=False, at=at
    )


def exclusion(number: int, *, subject="X-101", cutoff=JUNE):
    return event(number, "sample.excluded", subject, SAID | {"cutoff": cutoff.isoformat()})


def back(number: int, of: int, subject="X-101"):
    return event(number, "sample.readmitted", subject, {"event": of, "reason": "was right"})


@pytest.mark.parametrize(
    ("events", "holds"),
    [
        ([], []),
        ([exclusion(1)], [1]),
        ([exclusion(1), back(2, 1)], []),
        ([back(2, 1), exclusion(1)], []),  # in any order
        ([exclusion(1), back(2, 1), exclusion(3)], [3]),
        ([exclusion(1), back(2, 1, subject="X-102")], [1]),  # of another patient
        ([exclusion(1), back(2, 9)], [1]),  # of an event that nobody knows
        ([event(1, "dlt.withdrawn", "X-101", {"event": 7, "reason": "r"}), exclusion(2)], [2]),
    ],
)
def test_what_holds(events, holds):
    assert [one.event for one in exclusions(events, JUNE)] == holds


def test_what_was_said_on_a_later_cut_was_not_known_then():
    assert exclusions([exclusion(1)], APRIL) == ()
    assert [one.event for one in later([exclusion(1)], APRIL)] == [1]
    assert [one.event for one in exclusions([exclusion(1, cutoff=APRIL)], JUNE)] == [1]


def test_a_cut_off_is_a_moment_of_the_trial():
    with pytest.raises(ValueError, match="cutoff"):
        exclusions([], datetime(2026, 6, 9, tzinfo=UTC))


@given(st.lists(st.sampled_from(["exclude", "back"]), max_size=8))
def test_the_last_word_holds(words):
    """Said in turn of one sample; "back" takes back the exclusion that stands, if any."""
    events, standing = [], None
    for number, word in enumerate(words, start=1):
        if word == "exclude" and standing is None:
            events.append(exclusion(number))
            standing = number
        elif word == "back" and standing:
            events.append(back(number, standing))
            standing = None
    assert [one.event for one in exclusions(events, JUNE)] == ([standing] if standing else [])


def test_all_results_of_a_sample_are_marked_and_no_other():
    """The copies by volume are of the same sample; the effusion of that moment, flow, another patient are not."""
    taken = "2026-03-14T08:30"
    rows = pd.DataFrame(
        [
            ("X-101", "kinetics", "PERIPHERAL BLOOD", taken, "CARCOPY"),
            ("X-101", "kinetics", "PERIPHERAL BLOOD", taken, "CARCOPYV"),
            ("X-101", "kinetics", "PLEURAL EFFUSION", taken, "CARCOPY"),
            ("X-101", "kinetics", None, taken, "CARCOPY"),
            ("X-101", "flow", "PERIPHERAL BLOOD", taken, "CARTC"),
            ("X-101", "kinetics", "PERIPHERAL BLOOD", "2026-03-15", "CARCOPY"),
            ("X-102", "kinetics", "PERIPHERAL BLOOD", taken, "CARCOPY"),
        ],
        columns=["usubjid", "table", "specimen", "dtc", "code"],
    )
    found = marked(rows, exclusions([exclusion(5)], JUNE))
    assert found["excluded"].tolist() == [5, 5, *[pd.NA] * 5]
    assert found["sample"].iloc[0] == SAMPLE and found["sample"].iloc[3] == f"kinetics//{taken}"
    assert sample_key("flow", float("nan"), taken) == f"flow//{taken}"


# ---- what the state takes --------------------------------------------------------------------------------------------
@pytest.fixture
def own(tmp_path) -> State:
    return State(f"sqlite:///{tmp_path / 'state.sqlite'}")


def exclude(state: State, actor="Dr Li", **more):
    return state.append("sample.excluded", actor=actor, subject="X-101", payload=SAID, **more)


def take_back(state: State, number: int, subject="X-101"):
    said = {"event": number, "reason": "the tube was right"}
    return state.append("sample.readmitted", actor="Dr Wang", subject=subject, payload=said)


def test_excluded_taken_back_and_excluded_again(own):
    exclude(own)
    take_back(own, 1)
    exclude(own)
    assert [one.event for one in exclusions(own.events(), JUNE)] == [3] and own.verify() == []


def refusal(act, *given, **more) -> str:
    with pytest.raises(EventRefused) as refused:
        act(*given, **more)
    return refused.value.code


def test_what_was_said_before_is_not_said_again(own):
    exclude(own)
    assert refusal(exclude, own, actor="Dr Wang") == "excluded_already"
    assert refusal(take_back, own, 7) == refusal(take_back, own, 1, subject="X-102") == "not_excluded"
    take_back(own, 1)
    assert refusal(take_back, own, 1) == "taken_back" and len(own.events()) == 2


def test_nobody_excludes_over_what_he_has_not_seen(own):
    before = own.head()
    exclude(own)
    take_back(own, 1)
    assert refusal(exclude, own, seen=before) == "meanwhile" and len(own.events()) == 2


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"sample": ""}, {"cutoff": "2026-06-09"}, {"grade": 3}])
def test_an_incomplete_exclusion_is_no_event(own, wrong):
    with pytest.raises(ValueError, match="payload"):
        own.append("sample.excluded", actor="Dr Li", subject="X-101", payload=SAID | wrong)
    assert own.events() == ()
