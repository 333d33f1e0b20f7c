"""ICAHT of a trial's patients: which counts are read, and what ends their follow-up. Expected values by hand.

A daily count from Day 0 to 30, low on Days 5 to 11: seven days, early grade 2 (7 to 13 d at or below 0.5).
"""

import pandas as pd
import pytest
from lab_frames import labs, result
from trial_frames import FIRST_DAY, PROTOCOL, end_of, moment, subject, subjects

from clinical.grading.icaht import Spell
from clinical.haematotoxicity import haematotoxicity
from clinical.sentence import Sentence

WHO = subjects(subject("A1", lymphodepletion=-5))
NONE = pd.DataFrame({"usubjid": [], "next_therapy": pd.Series(dtype="datetime64[us]"), "next_undated": []})


def count(value, day, **more):
    return result(value, day, "NEUT", **more)


def month(low=0.4, first=5, last=11, until=30, **more):
    """A count a day; 2.0 where it is not low."""
    return [count(low, day, **more) if first <= day <= last else count(2.0, day) for day in range(until + 1)]


def responses(*told):
    frame = pd.DataFrame(list(told), columns=["rel_day", "standard", "evaluator"]).assign(usubjid="A1", code="OVRLRESP")
    return frame.astype({"rel_day": "Int64", "standard": object, "evaluator": object})


def therapy(day):
    known = pd.Series([moment(day)], dtype="datetime64[us]")
    return pd.DataFrame({"usubjid": ["A1"], "next_therapy": known, "next_undated": [day is None]})


def told(*rows, who=WHO, seen=(), after=NONE, cutoff=120):
    frame = labs(*rows)
    frame["rel_day"] = (frame["first"].dt.normalize() - pd.Timestamp(FIRST_DAY)).dt.days.astype("Int64")
    return haematotoxicity(who, frame, responses(*seen), after, PROTOCOL, end_of(cutoff))


def codes(one):
    return [note.code for note in one.icaht.notes]


def test_a_month_of_counts_by_hand():
    (one,) = told(*month())
    assert (one.counts, one.followed) == (31, 60)
    assert (one.icaht.early, one.icaht.early_high, one.icaht.spells) == (2, 2, (Spell(500, 5, 11),))


def test_before_day_30_the_grade_is_the_least_it_is():
    (one,) = told(*month(until=9), who=subjects(subject("A1", last_contact=9, last_assessed=9)), cutoff=9)
    assert (one.followed, one.icaht.early, one.icaht.early_high, one.icaht.early_provisional) == (9, 1, 4, True)
    assert one.icaht.reason.startswith("at least G1, 5 d ≤ 500/µL so far, followed to Day 9")


def test_who_was_not_seen_again_is_followed_to_the_last_contact_not_to_the_cutoff():
    (one,) = told(*month(until=9), who=subjects(subject("A1", last_contact=8, last_assessed=7)), cutoff=200)
    assert (one.followed, one.icaht.early_provisional) == (9, True)  # the count of Day 9 is later than any visit


def test_low_from_day_2_to_death_is_grade_4():
    who = subjects(subject("A1", death=12, last_contact=12, last_assessed=12))
    (one,) = told(*month(first=2, last=12, until=12), who=who)
    assert (one.icaht.early, one.icaht.early_provisional) == (4, False)


@pytest.mark.parametrize(
    ("seen", "after", "late", "why"),
    [
        ((), NONE, 3, ["late_running"]),  # 0.9 and 0.4: the lowest, with a second one at or below 1.5
        (((45, "PD", "INVESTIGATOR"),), NONE, 2, ["one_count"]),  # Day 40 alone
        (((45, "PD", "INDEPENDENT ASSESSOR"),), NONE, 3, ["late_running"]),  # another reader
        (((-7, "PD", "INVESTIGATOR"), (45, "SD", "INVESTIGATOR")), NONE, 3, ["late_running"]),  # before the infusion
        (((60, "PD", "INVESTIGATOR"), (35, "PD", "INVESTIGATOR")), NONE, None, ["no_counts"]),  # the first counts
        (((28, "PD", "INVESTIGATOR"),), NONE, None, ["ended_before"]),
        ((), therapy(45), 2, ["one_count"]),
        ((), therapy(-20), 3, ["late_running"]),  # no therapy after the infusion
        ((), therapy(None), None, ["late_running", "therapy_undated"]),
    ],
)
def test_the_late_window_ends_with_progression_or_the_next_therapy(seen, after, late, why):
    assert PROTOCOL.response.evaluator == "INVESTIGATOR"
    (one,) = told(*month(), count(0.9, 40), count(0.4, 50), seen=seen, after=after)
    assert (one.icaht.late, codes(one)) == (late, why)


def test_a_count_below_a_limit_may_be_lower():
    """ "<0.2" on seven days is at most 0.2: grade 2 for sure, and grade 3 if they are at or below 0.1."""
    (one,) = told(*month(low=0.2, qualifier="<"))
    assert (one.icaht.early, one.icaht.early_high, codes(one)) == (2, 3, ["below_a_limit", "no_counts"])
    (deep,) = told(*month(low=0.1, qualifier="<"))
    assert (deep.icaht.early, deep.icaht.early_high) == (3, 3) and "below_a_limit" not in codes(deep)


def test_what_is_no_count_of_blood_in_the_unit_is_not_read():
    others = [
        count(0.1, 8, unit="%"),
        count(0.1, 8, specimen="BONE MARROW"),
        count(None, 8),
        count(0.1, 8, qualifier=">"),
        count(0.1, -2),
    ]
    (one,) = told(*month(first=99), *others)
    assert (one.icaht.early, one.counts) == (0, 31)
    assert one.icaht.early_notes == (Sentence("not_used", {"count": 3}),)
    assert told(*others) == ()


def test_who_was_not_infused_has_none():
    assert told(*month(), who=subjects(subject("A1", infused=None))) == ()
