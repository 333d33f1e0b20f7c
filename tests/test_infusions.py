"""Several infusions: which curve a sample belongs to, and that each is analysed as if it were the only one."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_frames import BLQ, NO_RESULT, profile

from pk.coverage import coverage
from pk.expansion import expansion
from pk.infusions import by_infusion
from pk.nca import analyse, terminal_points
from pk.persistence import persistence


def infusions(**days: tuple) -> pd.DataFrame:
    rows = [(who, float(day)) for who, given in days.items() for day in given]
    return pd.DataFrame(rows, columns=["subject", "time"])


# Infused on Day 0 and again on Day 60: half-lives of two days and of one.
TWICE = {-3: BLQ, -1: BLQ, 2: 800.0, 4: 400.0, 6: 200.0, 8: 100.0, 58: 40.0} | {59: NO_RESULT, 62: 400.0} | {
    63: 200.0, 64: 100.0, 65: 50.0, 95: BLQ,
}  # fmt: skip
FIRST = {-3: BLQ, -1: BLQ, 2: 800.0, 4: 400.0, 6: 200.0, 8: 100.0, 58: 40.0, 59: NO_RESULT}
SECOND = {-2: 40.0, 2: 400.0, 3: 200.0, 4: 100.0, 5: 50.0, 35: BLQ}


def test_each_infusion_has_its_samples_and_its_own_clock():
    found = by_infusion(profile(TWICE), infusions(S1=(60, 0)))
    assert list(found.columns) == ["subject", "time", "conc", "lloq", "blq", "infusion"]
    by_number = {number: rows["time"].tolist() for number, rows in found.groupby("infusion")}
    # Day 58 is the last sample with a result before the second infusion: the end of one curve and time 0 of the other
    assert by_number == {1: [float(day) for day in FIRST], 2: [float(day) for day in SECOND]}


def test_a_sample_at_the_time_of_an_infusion_is_drawn_before_it():
    found = by_infusion(profile({0: BLQ, 7: 90.0, 60: 30.0, 67: 80.0}), infusions(S1=(0, 60)))
    assert found[["infusion", "time"]].to_numpy().tolist() == [[1, 0], [1, 7], [1, 60], [2, 0], [2, 7]]


@pytest.mark.parametrize("table", [analyse, coverage, terminal_points, persistence, expansion])
def test_an_infusion_is_analysed_as_if_it_were_the_only_one(table):
    twice = table(by_infusion(profile(TWICE), infusions(S1=(0, 60))))
    for number, alone in {1: table(profile(FIRST)), 2: table(profile(SECOND))}.items():
        own = twice[twice["infusion"] == number].drop(columns="infusion").reset_index(drop=True)
        pd.testing.assert_frame_equal(own, alone, check_exact=True)
    assert list(twice.columns[:2]) == ["subject", "infusion"]
    assert len(twice) == sum(len(table(profile(points))) for points in (FIRST, SECOND))


def test_half_lives_of_two_infusions_by_hand():
    found = analyse(by_infusion(profile(TWICE), infusions(S1=(0, 60))), intervals=[(0, 5)])
    value = found.set_index(["infusion", "parameter"])["value"]
    assert value[2, "LAMZHL"] == pytest.approx(1, rel=1e-12)
    assert value[2, "TMAX"] == 2
    # from the 40 copies of the first infusion up to 400, then three halvings in three days
    assert value[2, "AUCINT"] == pytest.approx(2 * 440 / 2 + (400 - 50) / math.log(2), rel=1e-12)


def test_the_unit_stays_and_one_infusion_changes_nothing():
    once = profile({-1: BLQ, 7: 90.0, 14: 30.0})
    once.attrs["unit"] = "copies/uL"
    found = by_infusion(once, infusions(S1=(0,), S2=(0,)))
    assert found.attrs["unit"] == "copies/uL"
    pd.testing.assert_frame_equal(found.drop(columns="infusion"), once)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (infusions(S2=(0,)), "infusions: no infusion for S1"),
        (infusions(S1=(0, math.nan)), "infusions: an infusion without a time for S1"),
        (infusions(S1=(0, 60, 60)), "infusions: an infusion twice for S1"),
    ],
)
def test_infusions_that_do_not_fit_are_refused_with_their_subjects(given, says):
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        by_infusion(profile(TWICE), given)


def test_a_missing_number_and_a_duplicate_time_name_the_infusion():
    twice = profile(TWICE).assign(infusion=2)
    with pytest.raises(ValueError, match=re.escape("duplicate time 7.0 for S1, infusion 2: refused")):
        analyse(profile({7: 90.0}).assign(infusion=2).iloc[[0, 0]])
    with pytest.raises(ValueError, match="infusion is missing"):
        analyse(twice.assign(infusion=[None, *[2] * (len(twice) - 1)]))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(-20, 400), unique=True, max_size=12),
    st.lists(st.integers(0, 300), unique=True, min_size=1, max_size=3),
)
def test_every_sample_after_an_infusion_is_in_one_curve(days, infused):
    rows = profile(dict.fromkeys(days, 90.0))
    found = by_infusion(rows, infusions(S1=infused))
    starts = np.sort(infused)
    clock = found["time"] + starts[found["infusion"] - 1]
    assert sorted(clock[found["time"] > 0]) == sorted(float(day) for day in days if day > starts[0])
    early = found[found["time"] <= 0].groupby("infusion").size()
    assert (early[early.index > 1] == 1).all()
    assert early.get(1, 0) == sum(day <= starts[0] for day in days)
