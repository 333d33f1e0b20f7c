"""Expected values come from scipy, from enumeration by itertools, or by hand; the working stands beside each."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from clinical import association
from clinical.association import adjust, rank_sum, spearman

NAN = math.nan
SAMPLED = "permutation (100,000, seed 1948)"
FEW = st.integers(0, 4)
PAIRS = st.integers(3, 9).flatmap(lambda n: st.tuples(*[st.lists(FEW, min_size=n, max_size=n) for _ in "xy"]))
GROUPS = st.tuples(st.lists(FEW, min_size=1, max_size=6), st.lists(FEW, min_size=1, max_size=6))


def varies(pair) -> bool:
    return all(len(set(one)) > 1 for one in pair)


# ---- correlation -----------------------------------------------------------------------------------------------------
@given(PAIRS.filter(varies))
@settings(max_examples=50, deadline=None)
def test_rho_is_that_of_scipy(pair):
    assert spearman(*pair).rho == pytest.approx(stats.spearmanr(*pair).statistic, abs=1e-12)


def test_by_hand_without_ties():
    # d = 0, 1, -1, 0: rho = 1 - 6 * 2 / (4 * 15) = 0.8. Of the 24 orders 1 has |rho| = 1 and 3 have 0.8 on each side.
    found = spearman([1, 2, 3, 4], [10, 30, 20, 40])
    assert (found.rho, found.p, found.method, found.n) == (pytest.approx(0.8), pytest.approx(8 / 24), "exact", 4)


def test_by_hand_with_ties():
    # Ranks 1.5 1.5 3 against 1 2 3. Deviations (-0.5 -0.5 1) and (-1 0 1): rho = 1.5 / sqrt(1.5 * 2).
    # The last rank goes to the odd one in 2 of 6 orders, to its opposite in 2, and the middle one in 2 (rho 0).
    found = spearman([5, 5, 7], [1, 2, 3])
    assert found.rho == pytest.approx(1.5 / math.sqrt(3))
    assert found.p == pytest.approx(4 / 6)


def test_ties_make_the_two_sides_unequal_and_both_are_counted_by_distance():
    # x: one of five patients stands out; y: ranks 1, 2.5, 2.5, 4, 5 (mean 3). The patient's rank r is as likely each.
    # r = 1: |r - 3| = 2, reached by 1 and 5: 2/5. r = 2.5: 0.5, reached by all: 1. r = 4: 1, reached by 1, 4, 5: 3/5.
    y = [1, 2, 2, 3, 4]
    assert spearman([1, 0, 0, 0, 0], y).p == pytest.approx(2 / 5)
    assert spearman([0, 1, 0, 0, 0], y).p == pytest.approx(1)
    assert spearman([0, 0, 0, 1, 0], y).p == pytest.approx(3 / 5)


def test_exact_to_twelve_then_permutations():
    ranks = np.arange(13)
    assert (spearman(ranks[:12], ranks[:12]).p, spearman(ranks[:12], ranks[:12]).method) == (2 / 479001600, "exact")
    assert (spearman(ranks, ranks).p, spearman(ranks, ranks).method) == (1 / 100_001, SAMPLED)


def test_the_sampled_p_is_near_the_t_approximation():
    rng = np.random.default_rng(7)
    x = rng.normal(size=60)
    y = x / 3 + rng.normal(size=60)
    assert spearman(x, y).p == pytest.approx(stats.spearmanr(x, y).pvalue, abs=0.005)


def test_a_pair_with_a_gap_is_left_out():
    x, y = [1, 2, NAN, 4, 5, 6], [3, 1, 2, None, 8, 9]
    assert spearman(x, y) == spearman([1, 2, 5, 6], [3, 1, 8, 9])
    assert spearman(x, y).n == 4
    assert spearman(pd.Series(x).astype("Float64"), pd.Series(y, dtype="Float64")) == spearman(x, y)


@given(PAIRS, st.randoms())
@settings(max_examples=30, deadline=None)
def test_neither_the_order_of_patients_nor_the_names_nor_the_units_matter(pair, random):
    x, y = pair
    found = spearman(x, y)
    order = random.sample(range(len(x)), len(x))
    assert repr(spearman([x[i] for i in order], [y[i] for i in order])) == repr(found)
    assert repr(spearman([math.exp(one) for one in x], y)) == repr(found)
    turned = spearman(y, x)
    numbers = ("rho", "p", "low", "high", "n")
    assert repr([getattr(turned, one) for one in numbers]) == repr([getattr(found, one) for one in numbers])


@pytest.mark.parametrize(
    ("x", "y", "code"),
    [
        ([], [], "few_pairs"),
        ([1, 2], [1, 2], "few_pairs"),
        ([1, 2, NAN], [1, 2, 3], "few_pairs"),
        ([5, 5, 5, 5], [1, 2, 3, 4], "constant_x"),
        ([1, 2, 3, 4], [5, 5, 5, 5], "constant_y"),
        ([1, 2, 3, 4], [5, 5, 5, NAN], "constant_y"),
    ],
)
def test_no_correlation_and_why(x, y, code):
    found = spearman(x, y)
    assert np.isnan([found.rho, found.p, found.low, found.high]).all()
    assert (found.code, found.method) == (code, "")
    assert found.reason


def test_the_reason_says_how_many_pairs():
    assert spearman([1, 2, NAN], [1, 2, 3]).reason == "2 complete pairs: no correlation from fewer than 3"
    assert spearman([1, 2, 3, 4], [1, 3, 2, 4]).reason == ""


def test_limits_agree_with_the_bootstrap_of_scipy():
    rng = np.random.default_rng(3)
    x = rng.normal(size=15)
    y = np.round(x + rng.normal(size=15))
    found = spearman(x, y)
    theirs = stats.bootstrap(
        (x, y), lambda a, b: stats.spearmanr(a, b).statistic, paired=True, vectorized=False, n_resamples=2000,
        method="percentile", rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.05)
    assert -1 <= found.low < found.rho < found.high <= 1


def test_resampled_ranks_are_those_of_the_resample():
    x = [3, 1, 1, 8, 5]
    weights = np.array([[2, 0, 1, 1, 1], [0, 1, 4, 0, 0]])
    ranks = association._resampled_ranks(np.array(x), weights.T)
    for row, weight in zip(ranks.T, weights, strict=True):
        drawn = np.repeat(np.arange(5), weight)
        assert row[drawn] == pytest.approx(stats.rankdata(np.array(x)[drawn]))


@pytest.mark.parametrize(
    ("x", "y", "code"),
    [
        ([1, 2, 3], [1, 3, 2], "limits_few_pairs"),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], "limits_no_spread"),  # an interval from 1 to 1 out of five patients
        ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], "limits_no_spread"),
        ([0, 0, 0, 0, 0, 0, 0, 1], [4, 2, 3, 1, 6, 5, 7, 8], "limits_undefined"),  # (7/8)^8 = 34 % have no 1
    ],
)
def test_no_limits_and_why(x, y, code):
    found = spearman(x, y)
    assert np.isnan([found.low, found.high]).all()
    assert not np.isnan([found.rho, found.p]).any()
    assert found.code == code
    assert found.reason


BROKEN = [[1, math.inf, 3], [1, -math.inf, NAN], [[1, 2, 3]], ["1", "2", "3"], [1, "<5", None], ["a", 1, 2], [1j, 2, 3]]


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_values_are_refused_by_name(broken):
    for function in (spearman, rank_sum):
        with pytest.raises(ValueError, match=r"^x "):
            function(broken, [1, 2, 3])
        with pytest.raises(ValueError, match=r"^y "):
            function([1, 2, 3], broken)


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"^y must be as long as x: 2 and 3 values"):
        spearman([1, 2, 3], [1, 2])


# ---- two groups ------------------------------------------------------------------------------------------------------
@given(GROUPS)
@settings(max_examples=60, deadline=None)
def test_rank_sum_by_every_choice_of_the_first_group(groups):
    x, y = groups
    ranks = stats.rankdata(x + y)
    mean = len(x) * (len(x) + len(y) + 1) / 2
    sums = np.array([sum(chosen) for chosen in combinations(ranks, len(x))])
    found = rank_sum(x, y)
    assert found.p == pytest.approx(np.mean(np.abs(sums - mean) >= abs(ranks[: len(x)].sum() - mean) - 1e-9), rel=1e-12)
    assert found.auc == pytest.approx(np.mean([(a > b) + (a == b) / 2 for a in x for b in y]))
    assert (found.method, found.n_x, found.n_y) == ("exact", len(x), len(y))


@pytest.mark.parametrize(("n_x", "n_y"), [(3, 6), (9, 9), (12, 5), (25, 25)])
def test_rank_sum_without_ties_is_that_of_scipy(n_x, n_y):
    rng = np.random.default_rng(n_x)
    x, y = rng.normal(size=n_x) + 0.5, rng.normal(size=n_y)
    theirs = stats.mannwhitneyu(x, y, method="exact")
    assert rank_sum(x, y).p == pytest.approx(theirs.pvalue, rel=1e-9)
    assert rank_sum(x, y).auc == pytest.approx(theirs.statistic / (n_x * n_y))


def test_rank_sum_with_ties_is_that_of_scipys_permutation_test():
    x, y = [0, 0, 1, 3, 3], [0, 1, 1, 2, 3, 4, 4, 4]
    ranks = stats.rankdata(x + y)
    theirs = stats.permutation_test(
        (ranks[:5], ranks[5:]), lambda a, b, axis: np.abs(a.sum(axis=axis) - 35), vectorized=True,
        alternative="greater", n_resamples=np.inf,
    )  # fmt: skip
    assert rank_sum(x, y).p == pytest.approx(theirs.pvalue, rel=1e-12)  # 35 = 5 * 14 / 2, the mean of the rank sum


def test_separated_groups():
    # One choice of C(9, 3) = 84 on each side. All resamples are separated too, so they give no interval.
    found = rank_sum([7, 8, 9], [1, 2, 3, 4, 5, 6])
    assert (found.auc, found.p) == (1, pytest.approx(2 / 84))
    assert (found.code, math.isnan(found.low)) == ("limits_no_spread", True)
    assert rank_sum([1, 2, 3, 4, 5, 6], [7, 8, 9]).auc == 0


@given(st.lists(st.integers(0, 6), min_size=4, max_size=12).filter(lambda one: len(set(one)) > 1))
@settings(max_examples=30, deadline=None)
def test_rank_sum_is_the_correlation_with_the_group(values):
    half = len(values) // 2
    group = [1] * half + [0] * (len(values) - half)
    assert rank_sum(values[:half], values[half:]).p == pytest.approx(spearman(values, group).p, rel=1e-12)


def test_beyond_fifty_patients_from_permutations():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=30) + 0.5, rng.normal(size=21)
    found = rank_sum(x, y)
    assert found.method == SAMPLED
    assert found.p == pytest.approx(stats.mannwhitneyu(x, y, method="exact").pvalue, abs=0.005)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([3, 5, 6, 9, 11, 12], [1, 2, 4, 5, 7, 8, 10]),
        ([1, 3, 5, 7, 9, 11, 13], [2, 4, 6, 8, 10, 12, 14]),  # of one size, and still drawn apart
    ],
)
def test_limits_of_the_auc_agree_with_the_bootstrap_of_scipy(x, y):
    theirs = stats.bootstrap(
        (x, y), lambda a, b: np.mean((a[:, None] > b) + (a[:, None] == b) / 2), vectorized=False, n_resamples=4000,
        method="percentile", rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    found = rank_sum(x, y)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.05)
    assert rank_sum(x[::-1], y[::-1]) == found


@pytest.mark.parametrize(
    ("x", "y", "code"),
    [([], [1, 2], "empty_x"), ([1, 2], [NAN], "empty_y"), ([NAN], [], "empty_x")],
)
def test_an_empty_group_is_told(x, y, code):
    found = rank_sum(x, y)
    assert np.isnan([found.auc, found.p, found.low, found.high]).all()
    assert (found.code, found.method) == (code, "")
    assert found.reason


def test_small_and_equal_groups():
    assert rank_sum([1, 3], [2, 4, 5]).reason == "groups of 2 and 3: no interval where one has fewer than 3"
    equal = rank_sum([2, 2, 2], [2, 2, 2, NAN])
    assert (equal.auc, equal.p, equal.n_y, equal.code) == (0.5, 1, 3, "limits_no_spread")


# ---- many tests ------------------------------------------------------------------------------------------------------
def test_the_example_of_benjamini_and_hochberg():
    # 1995, section 3.3: 15 p-values, of which the procedure at 0.05 rejects the first four.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459,
         0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000]  # fmt: skip
    # 15 p / k, then the least from there on: 0.0278 * 15 / 6 = 0.0695 gives way to 0.0298 * 15 / 7
    by_hand = [0.0015, 0.0030, 0.0095, 0.035625, 0.0603, 0.447 / 7, 0.447 / 7, 0.0645, 0.0765,
               0.486, 6.393 / 11, 0.714875, 9.792 / 13, 11.385 / 14, 1]  # fmt: skip
    assert adjust(p) == pytest.approx(by_hand)
    assert (adjust(p) <= 0.05).sum() == 4
    backwards = adjust(p[::-1], method="BH")
    assert backwards[::-1] == pytest.approx(by_hand)


def test_a_test_that_was_not_made_does_not_count():
    adjusted = adjust([[0.01, NAN], [0.04, None]])  # two tests: 0.01 * 2 / 1 and 0.04 * 2 / 2
    assert adjusted.shape == (2, 2)
    assert adjusted[:, 0] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[:, 1]).all()
    assert np.isnan(adjust([NAN])).all()
    assert adjust([]).size == 0


@given(st.lists(st.floats(0, 1), max_size=20))
def test_adjusting_keeps_the_order_and_never_makes_smaller(p):
    adjusted = adjust(p)
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


def test_adjust_refuses():
    with pytest.raises(KeyError):
        adjust([0.1], method="bonferoni")
    for broken in ([1.1], [-0.1], ["0.1"], [math.inf]):
        with pytest.raises(ValueError, match=r"^p "):
            adjust(broken)
