"""ICAHT: both tables at their limits, the rules on spells and gaps, and what may not be said yet."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.grading import icaht
from clinical.grading.icaht import Spell

LOW, DEEP, FINE = 400, 100, 2000


def of(counts, last_followup=40, **more):
    """Counts from Day 0 on, one a day."""
    return icaht.grade(range(len(counts)), counts, last_followup=last_followup, **more)


def low_for(days, value=LOW, after=5):
    """A month: fine until `after`, then so many low days, fine again."""
    return [FINE] * after + [value] * days + [FINE] * (31 - after - days)


@pytest.mark.parametrize(
    ("days", "value", "expected"),
    [
        (0, LOW, 0), (1, LOW, 1), (6, LOW, 1), (7, LOW, 2), (13, LOW, 2), (14, LOW, 3), (25, LOW, 3),
        (1, 500, 1), (1, 504, 1), (1, 506, 0), (1, 510, 0),  # rounded to 10
        (1, DEEP, 1), (6, DEEP, 1), (7, DEEP, 3), (13, DEEP, 3), (14, DEEP, 4), (7, 104, 3), (7, 106, 2),
    ],
)  # fmt: skip
def test_early_grade_by_the_longest_spell(days, value, expected):
    found = of(low_for(days, value))
    assert (found.early, found.early_provisional) == (expected, False)


def test_spells_two_days_apart_are_one_and_three_days_are_recovery():
    """4 low + 2 fine + 4 low = 10 days, grade 2; with 3 fine days two spells of 4, grade 1."""
    two, three = ([FINE] * 5 + [LOW] * 4 + [FINE] * gap + [LOW] * 4 + [FINE] * (18 - gap) for gap in (2, 3))
    assert of(two).early == 2
    assert of(two).spells == (Spell(500, 5, 14),)
    assert of(three).early == 1
    assert [one.days for one in of(three).spells] == [4, 4]


def test_never_above_500_is_grade_4_at_day_30_or_at_death_only():
    assert of([FINE] * 3 + [LOW] * 28).early == 4  # starts on Day 3
    assert of([FINE] * 4 + [LOW] * 27).early == 3  # starts on Day 4
    assert of([LOW] * 10, last_followup=9, death=9).early == 4
    running = of([LOW] * 10, last_followup=9)
    assert (running.early, running.early_high, running.early_provisional) == (2, 4, True)
    assert running.reason.startswith("at least G2, 10 d ≤ 500/µL so far, followed to Day 9")


def test_before_day_30_no_low_day_is_not_grade_0():
    found = of([FINE] * 10, last_followup=9)
    assert (found.early, found.early_provisional) == (None, True)
    assert found.notes[0].code == "nothing_yet"
    assert of([FINE] * 31, last_followup=30).early == 0


def test_up_to_seven_days_without_a_count_are_filled_and_more_stay_unknown():
    """Low on Days 5 and 13: 7 days between are a straight line, a spell of 9. Low on 5 and 14: 8 days, two of 1."""
    near = icaht.grade([0, 5, 13, 14, 20, 27, 30], [FINE, LOW, LOW, FINE, FINE, FINE, FINE], last_followup=40)
    far = icaht.grade([0, 4, 5, 14, 15, 22, 30], [FINE, FINE, LOW, LOW, FINE, FINE, FINE], last_followup=40)
    # From 2000 on Day 0 to 400 on Day 5 the line is above 500 on Day 4 (720): the spell is Days 5 to 13.
    assert (near.early, near.spells) == (2, (Spell(500, 5, 13),))
    assert (far.early, far.early_high) == (1, 3)  # Days 6 to 13 may have been at 0: 8 days <= 100
    assert far.reason.startswith("no count from Day 6 to Day 13: up to G3 is possible")


def test_a_gap_that_could_hide_a_spell_is_never_grade_0():
    found = icaht.grade([0, 14, 30], [FINE, FINE, FINE], last_followup=40)
    assert (found.early, found.early_provisional) == (None, False)
    assert found.early_high == 4  # Days 1 to 13 and 15 to 29 unknown: 15 days may have been at 0
    assert icaht.grade([0, 8, 16, 24, 30], [FINE] * 5, last_followup=40).early == 0


def test_the_lowest_count_of_a_day_is_that_days():
    assert icaht.grade([*range(31), 9], [FINE] * 31 + [LOW], last_followup=40).early == 1


def test_a_count_that_is_missing_is_no_count():
    found = icaht.grade([3], [math.nan], last_followup=40)
    assert (found.early, found.late) == (None, None)
    assert [one.code for one in found.notes] == ["no_counts", "no_counts"]


# ---- late ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1500, 1500], 1), ([1510, 1510], 0), ([1000, 1500], 2), ([1010, 1500], 1), ([500, 1500], 3), ([510, 1500], 2),
        ([100, 1500], 4), ([110, 1500], 3), ([100, 1510], 0),  # transient: the second lowest is above 1500
        ([100], 4), ([2000], 0),  # one count alone
    ],
)  # fmt: skip
def test_late_grade_by_the_lowest_count_if_a_second_is_low(values, expected):
    days = range(40, 40 + 5 * len(values), 5)
    assert icaht.grade(days, values, last_followup=120).late == expected


def test_late_counts_from_day_31_to_the_first_of_its_ends():
    days, values = [30, 31, 60, 61], [100, 1400, 1300, 100]
    assert icaht.grade(days, values, last_followup=60).late == 1
    assert icaht.grade(days, values, last_followup=90, progression=60).late == 1
    assert icaht.grade(days, values, last_followup=90, next_therapy=60).late == 1
    assert icaht.grade(days, values, last_followup=90).late == 4
    assert icaht.grade([100, 101], [1400, 100], last_followup=200).late == 1


def test_late_before_day_100_is_provisional_and_not_reached_is_no_grade():
    assert icaht.grade([40, 50], [900, 900], last_followup=60).late_provisional
    assert not icaht.grade([40, 50], [900, 900], last_followup=100).late_provisional
    assert not icaht.grade([40, 50], [900, 900], last_followup=60, next_therapy=55).late_provisional
    assert of(low_for(3), last_followup=30).late is None


# ---- arguments -------------------------------------------------------------------------------------------------------
def test_units_are_said_never_guessed():
    in_si = [value / 1000 for value in low_for(7)]
    assert of(in_si, unit="10^9/L").early == of(low_for(7)).early == 2
    with pytest.raises(ValueError, match=r"10\^9/L"):
        of([0.4, 0.5, 3.1])
    with pytest.raises(ValueError, match="unit"):
        of([1], unit="%")


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="days and anc"):
        icaht.grade([1, 2], [100], last_followup=40)
    with pytest.raises(ValueError, match="negative"):
        of([-100])


counts = st.lists(st.integers(0, 300).map(lambda tens: 10 * tens), min_size=31, max_size=31)


@given(counts, st.integers(0, 30), st.integers(0, 3000))
def test_a_lower_count_never_lowers_the_grade(series, day, value):
    lower = [min(value, one) if number == day else one for number, one in enumerate(series)]
    assert of(series).early <= of(lower).early


@given(counts, st.sets(st.integers(0, 30)))
def test_a_lost_count_never_makes_the_most_it_can_be_less_where_gaps_stay_open(series, lost):
    kept = [day for day in range(31) if day not in lost]
    found = icaht.grade(kept, [series[day] for day in kept], last_followup=40)
    assert found.early is None or found.early <= found.early_high
    assert found.early != 0 or found.early_high == 0
