"""What holds at a cut-off: the last verdict of each candidate that was not withdrawn."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.adjudication import Adjudication, adjudications, later

APRIL, JUNE = datetime(2026, 4, 30, 23, 59, 59), datetime(2026, 6, 9, 23, 59, 59)
SAID = datetime(2026, 6, 10, 8, 30, tzinfo=UTC)


def event(number: int, action: str, subject: str, payload: dict):
    return SimpleNamespace(
        id=number, action=action, subject=subject, payload=payload, actor="Dr Wang", authenticated=False, at=SAID
    )


def verdict(number: int, dlt: bool = True, *, cutoff: datetime = JUNE, subject="X-101", candidate="group 1|other"):
    payload = {"candidate": candidate, "clause": "other", "term": "Rash", "grade": 3, "dlt": dlt, "reason": "skin"}
    return event(
        number, "dlt.adjudicated", subject, payload | {"cut": "c" * 64, "cutoff": cutoff.isoformat()}
    )  # fmt: skip


def withdrawal(number: int, of: int, subject="X-101"):
    return event(number, "dlt.withdrawn", subject, {"event": of, "reason": "mistaken"})


def numbers(events, cutoff=JUNE) -> dict[tuple[str, str], int]:
    return {key: one.event for key, one in adjudications(events, cutoff).items()}


ONE = ("X-101", "group 1|other")


def test_every_field_of_a_verdict():
    assert adjudications([verdict(7)], JUNE) == {
        ONE: Adjudication(
            event=7, usubjid="X-101", candidate="group 1|other", clause="other", term="Rash", grade=3, dlt=True,
            reason="skin", actor="Dr Wang", authenticated=False, at=SAID, cut="c" * 64, cutoff=JUNE,
        )
    }  # fmt: skip


def test_nobody_has_said_anything():
    assert adjudications([], JUNE) == {} and later([], JUNE) == ()


@pytest.mark.parametrize(
    ("events", "holds"),
    [
        ([verdict(1), verdict(2, False)], {ONE: 2}),
        ([verdict(1), verdict(2, False), withdrawal(3, 2)], {ONE: 1}),  # the earlier one holds again
        ([verdict(1), withdrawal(2, 1)], {}),
        ([verdict(1), withdrawal(2, 1), verdict(3)], {ONE: 3}),
        ([verdict(1), withdrawal(2, 9)], {ONE: 1}),  # of an event that nobody knows
        ([verdict(1), withdrawal(2, 1, subject="X-102")], {ONE: 1}),  # of another patient's
        ([verdict(1), withdrawal(2, 1), withdrawal(3, 1)], {}),
        ([verdict(1), withdrawal(2, 1), withdrawal(3, 2)], {}),  # a withdrawal is no verdict and is not taken back
        ([verdict(1), verdict(2, subject="X-102"), verdict(3, candidate="death|related_death")],
         {ONE: 1, ("X-102", "group 1|other"): 2, ("X-101", "death|related_death"): 3}),
        ([verdict(1), event(2, "query.raised", "X-101", {})], {ONE: 1}),  # another action
    ],
)  # fmt: skip
def test_the_last_that_was_not_withdrawn_holds(events, holds):
    assert numbers(events) == holds
    assert numbers(reversed(events)) == holds


def test_a_cut_shows_what_was_known_then():
    events = [verdict(1, cutoff=APRIL), verdict(2, False, cutoff=JUNE), verdict(3, cutoff=JUNE), withdrawal(4, 3)]
    assert numbers(events, APRIL) == {ONE: 1}
    assert [one.event for one in later(events, APRIL)] == [2]
    assert numbers(events, JUNE) == {ONE: 2}
    assert later(events, JUNE) == ()
    assert numbers(events, datetime(2026, 4, 30, 23, 59, 58)) == {}


def test_a_cut_off_with_an_offset_is_refused():
    with pytest.raises(ValueError, match=r"cutoff: .* has an offset"):
        adjudications([], JUNE.replace(tzinfo=UTC))


SAYINGS = st.lists(st.tuples(st.booleans(), st.sampled_from([APRIL, JUNE]), st.sampled_from("AB"), st.integers(1, 12)))


@given(SAYINGS)
def test_a_verdict_holds_where_nothing_said_later_takes_it_away(sayings):
    events = [
        withdrawal(number, of) if withdrawn else verdict(number, cutoff=cutoff, candidate=candidate)
        for number, (withdrawn, cutoff, candidate, of) in enumerate(sayings, start=1)
    ]
    gone = {one.payload["event"] for one in events if one.action == "dlt.withdrawn"}
    left = [one for one in events if one.action == "dlt.adjudicated" and one.id not in gone]
    for candidate in "AB":
        known = [one.id for one in left if one.payload["candidate"] == candidate and one.payload["cutoff"] < "2026-05"]
        assert numbers(events, APRIL).get(("X-101", candidate)) == (known[-1] if known else None)
    assert {one.event for one in later(events, APRIL)} == {one.id for one in left if one.payload["cutoff"] > "2026-05"}
