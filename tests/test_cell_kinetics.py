"""How fast the cells grow and how long they stay: worked by hand, and what must hold of any profile."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_frames import BLQ, LN2, NO_RESULT, close, profile

from pk import expansion as rising
from pk import persistence as staying
from pk.expansion import expansion
from pk.persistence import persistence, persisting
from pk.remarks import say


def samples(**curves: dict) -> pd.DataFrame:
    """The profiles of several subjects; the limit is 50."""
    each = [profile(curve, subject, lloq=50.0) for subject, curve in curves.items()]
    return pd.concat(each) if each else profile({})


# --- persistence


@pytest.mark.parametrize(
    ("curve", "tlast", "lost_by", "code", "says"),
    [
        (
            {0: BLQ, 7: 900.0, 14: 80.0, 28: BLQ, 60: BLQ},
            14,
            28,
            "lost",
            "last quantifiable on Day 14, BLQ from Day 28 on",
        ),
        # a BLQ sample that a quantifiable one follows is no loss
        (
            {0: BLQ, 7: 900.0, 14: BLQ, 28: 70.0, 60: BLQ},
            28,
            60,
            "lost",
            "last quantifiable on Day 28, BLQ from Day 60 on",
        ),
        (
            {0: BLQ, 7: 900.0, 14: BLQ, 28: 70.0},
            28,
            None,
            "still_there",
            "still quantifiable at the last sample, Day 28",
        ),
        # a sample without result is neither loss nor follow-up
        ({7: 900.0, 14: 80.0, 28: NO_RESULT}, 14, None, "still_there", "still quantifiable at the last sample, Day 14"),
        ({0: BLQ, 7: BLQ, 28: BLQ}, None, None, "never", "never quantifiable after the infusion, last sample Day 28"),
        # what was there before the infusion does not come of it
        ({-1: 60.0, 7: BLQ, 28: BLQ}, None, None, "never", "never quantifiable after the infusion, last sample Day 28"),
        ({-1: BLQ, 7: NO_RESULT}, None, None, "no_sample", "no sample with a result after the infusion"),
        ({7: NO_RESULT}, None, None, "no_sample", "no sample with a result after the infusion"),
    ],
)
def test_how_long_the_cells_stay(curve, tlast, lost_by, code, says):
    found = persistence(samples(S1=curve))
    numbers = [None if math.isnan(number) else number for number in found.loc[0, ["tlast", "lost_by"]]]
    assert [*numbers, found.loc[0, "code"]] == [tlast, lost_by, code]
    assert list(say(found, staying.ENGLISH)) == [says]


LOST_14_28 = {0: BLQ, 7: 900.0, 14: 80.0, 28: BLQ}


@pytest.mark.parametrize(
    ("day", "yes", "no", "unknown"),
    [
        (14, "lost still", "never", "early"),  # never: sampled after Day 14, and never seen
        (15, "still", "never", "lost early"),  # lost between Day 14 and Day 28
        (28, "still", "lost never", "early"),
        (60, "still", "lost", "never early"),
        (61, "", "lost", "still never early"),  # the last sample of `still` was that of Day 60
    ],
)
def test_in_whom_the_cells_persist_on_a_day(day, yes, no, unknown):
    curves = {"lost": LOST_14_28, "still": {7: 900.0, 60: 70.0}, "never": {7: BLQ, 28: BLQ}, "early": {7: 900.0}}
    found = persisting(persistence(samples(**curves)), day)
    assert [set(who) for who in (found.yes, found.no, found.unknown)] == [
        set(who.split()) for who in (yes, no, unknown)
    ]
    assert found.n == 4


# --- expansion


def test_a_doubling_every_two_days():
    # 100 on Day 2 doubles to 800 on Day 8; the 300 of Day 1 are cells that leave the blood, not cells that grow.
    found = expansion(samples(S1={0: BLQ, 1: 300.0, 2: 100.0, 4: 200.0, 6: 400.0, 8: 800.0, 14: 90.0})).loc[0]
    assert found["rate"] == close(LN2 / 2)
    assert found["doubling_time"] == close(2)
    assert found["r2"] == close(1)
    assert (found["points"], found["first"], found["last"], found["code"]) == (4, 2, 8, "")


def test_of_equal_lows_the_latest_begins_the_rise():
    found = expansion(samples(S1={1: 100.0, 3: 100.0, 4: 200.0, 5: 400.0, 9: 60.0})).loc[0]
    assert found["doubling_time"] == close(1)
    assert (found["points"], found["first"]) == (3, 3)


def test_a_rise_after_blq_begins_at_the_first_quantifiable_sample():
    found = expansion(samples(S1={0: BLQ, 1: 300.0, 3: BLQ, 5: 100.0, 6: 200.0, 7: 800.0, 10: 60.0})).loc[0]
    # ln C in doublings over 100: 0, 1, 3 on Days 5, 6, 7. Slope (3 - 0) / 2; of 14/3 squares 2 x 1.5^2 explained.
    assert found["rate"] == close(1.5 * LN2)
    assert found["r2"] == close(4.5 / (14 / 3))
    assert (found["points"], found["first"], found["last"]) == (3, 5, 7)


@pytest.mark.parametrize(
    ("curve", "code", "says"),
    [
        (
            {0: BLQ, 7: 900.0, 14: 80.0},
            "few",
            "not estimable: quantifiable samples on the rise to Tmax: 1, of 3 needed",
        ),
        (
            {0: BLQ, 4: 90.0, 7: 900.0, 9: 80.0},
            "few",
            "not estimable: quantifiable samples on the rise to Tmax: 2, of 3 needed",
        ),
        (
            {-1: 900.0, 4: 90.0, 7: 100.0},
            "few",
            "not estimable: quantifiable samples on the rise to Tmax: 0, of 3 needed",
        ),
        # the lowest first and the highest last, and yet the line through them falls
        (
            {1: 60.0}
            | {1.1 + day / 10: 900.0 for day in range(5)}
            | {9 + day / 10: 70.0 for day in range(5)}
            | {10: 1000.0},
            "no_rise",
            "not estimable: no rise to Tmax",
        ),
        ({0: BLQ, 7: BLQ}, "never", "never quantifiable after the infusion"),
        ({0: BLQ, 7: NO_RESULT}, "no_sample", "no sample with a result after the infusion"),
    ],
)
def test_no_rate_has_its_reason(curve, code, says):
    found = expansion(samples(S1=curve))
    assert found["code"].item() == code
    assert found[["rate", "doubling_time", "r2"]].isna().all(axis=None)
    assert list(say(found, rising.ENGLISH)) == [says]


def test_a_rise_that_may_go_on_says_so():
    found = expansion(samples(S1={2: 100.0, 4: 200.0, 6: 400.0}))
    assert found["doubling_time"].item() == close(2)
    assert list(say(found, rising.ENGLISH)) == ["provisional: no lower sample after the maximum"]


# --- everyone is in the table


@pytest.mark.parametrize("table", [persistence, expansion])
def test_never_expanders_stay_and_nobody_has_the_same_columns(table):
    curves = {"S3": LOST_14_28, "S1": {0: BLQ, 28: BLQ}, "S2": {7: NO_RESULT}}
    found = table(samples(**curves))
    assert list(found["subject"]) == ["S1", "S2", "S3"]
    none = table(samples())
    assert list(none.columns) == list(found.columns)
    assert none.empty


POINTS = st.dictionaries(
    st.integers(-200, 9000).map(lambda day: day / 100),
    st.one_of(st.floats(50, 1e5), st.just(BLQ), st.just(NO_RESULT)),
    max_size=10,
)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(POINTS, min_size=1, max_size=4), st.floats(0.1, 95), st.floats(0.01, 10), st.randoms(use_true_random=False)
)
def test_of_any_profiles(curves, day, factor, random):
    rows = samples(**{f"S{number}": curve for number, curve in enumerate(curves)})
    stay, rise = persistence(rows), expansion(rows)
    shuffled = rows.sample(frac=1, random_state=random.randrange(2**32))
    pd.testing.assert_frame_equal(persistence(shuffled), stay)
    pd.testing.assert_frame_equal(expansion(shuffled), rise)

    parts = persisting(stay, day)
    assert sorted((*parts.yes, *parts.no, *parts.unknown)) == list(stay["subject"])
    assert (stay["lost_by"].dropna() > stay["tlast"][stay["lost_by"].notna()]).all()
    assert (stay["tlast"].isna() == stay["code"].isin(["never", "no_sample"])).all()

    assert (rise["rate"].dropna() > 0).all()
    assert (rise["rate"].isna() == ~rise["code"].isin(["", "so_far"])).all()
    # in another unit the cells grow as fast
    other = expansion(rows.assign(conc=rows["conc"] * factor, lloq=rows["lloq"] * factor * (1 - 1e-9)))
    np.testing.assert_allclose(other["rate"], rise["rate"], rtol=1e-6, atol=1e-9)
