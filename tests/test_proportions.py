"""Expected values are published tables or closed forms; the source or the working stands beside each."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from clinical.proportions import beta_exceedance, clopper_pearson

COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (0, 1, 0, 0.975),  # 1 - 0.025
        (1, 1, 0.025, 1),
        (0, 3, 0, 0.7076),  # 1 - 0.025^(1/3); no DLT in three still allows 71 %
        (3, 3, 0.2924, 1),
        (0, 6, 0, 0.4593),  # 1 - 0.025^(1/6)
        (1, 6, 0.0042, 0.6412),  # low 1 - 0.975^(1/6)
        (1, 3, 0.0084, 0.9057),  # low 1 - 0.975^(1/3)
        (5, 10, 0.1871, 0.8129),  # Geigy Scientific Tables, binomial confidence limits
        (10, 20, 0.2720, 0.7280),  # the same
    ],
)
def test_published_limits(k, n, low, high):
    assert clopper_pearson(k, n) == pytest.approx((low, high), abs=5e-5)


def test_the_limits_of_none_and_of_all_are_0_and_1_themselves():
    assert clopper_pearson(0, 7)[0] == 0
    assert clopper_pearson(7, 7)[1] == 1


def test_no_patients_give_no_limits():
    assert np.isnan(clopper_pearson(0, 0)).all()


@given(COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_the_limits_are_the_rates_at_which_each_tail_holds_half_of_what_is_left(counts, level):
    # The definition, by the binomial distribution itself: P(X >= k | low) = P(X <= k | high) = alpha / 2.
    k, n = counts
    low, high = clopper_pearson(k, n, level)
    if k > 0:
        assert binom.sf(k - 1, n, low) == pytest.approx((1 - level) / 2, rel=1e-8)
    if k < n:
        assert binom.cdf(k, n, high) == pytest.approx((1 - level) / 2, rel=1e-8)


@given(COUNTS)
def test_events_and_non_events_mirror_each_other(counts):
    k, n = counts
    low, high = clopper_pearson(k, n)
    assert clopper_pearson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((4, 3), "k"),
        ((-1, 3), "k"),
        ((0, -1), "n"),
        ((1.0, 3), "k"),
        ((1, 3.0), "n"),
        ((None, 3), "k"),
        ((math.nan, 3), "k"),
        ((1, 3, 0), "level"),
        ((1, 3, 1), "level"),
        ((1, 3, 95), "level"),
        ((1, 3, math.nan), "level"),
    ],
)
def test_a_broken_argument_is_refused_by_name(arguments, named):
    clopper_pearson(1, 3)  # a cache that holds 1 of 3 must not let 1.0 of 3 through
    with pytest.raises(ValueError, match=rf"^{named} "):
        clopper_pearson(*arguments)


def test_counts_from_a_frame_are_integers_too():
    assert clopper_pearson(np.int64(1), np.int32(6)) == clopper_pearson(1, 6)


@pytest.mark.parametrize("threshold", [0.1, 0.25, 0.33])
@pytest.mark.parametrize("n", [0, 1, 3, 6])
def test_exceedance_without_events_and_with_events_only(n, threshold):
    # Beta(1, 1 + n) and Beta(1 + n, 1): P(rate > t) = (1 - t)^(n + 1) and 1 - t^(n + 1)
    assert beta_exceedance(0, n, threshold) == pytest.approx((1 - threshold) ** (n + 1))
    assert beta_exceedance(n, n, threshold) == pytest.approx(1 - threshold ** (n + 1))


def test_exceedance_under_priors_worked_by_hand():
    assert beta_exceedance(0, 0, 0.3) == pytest.approx(0.7)  # the flat prior itself
    # Beta(2, 2) after 1 of 2: density 6 t (1 - t), P(rate > 1/4) = 1 - (3/16 - 2/64) = 27/32
    assert beta_exceedance(1, 2, 0.25) == pytest.approx(27 / 32)
    assert beta_exceedance(0, 0, 0.25, a=2, b=2) == pytest.approx(27 / 32)  # the same posterior, all of it prior
    assert beta_exceedance(1, 3, 0) == 1
    assert beta_exceedance(1, 3, 1) == 0


@given(COUNTS, st.floats(0.01, 0.99))
def test_exceedance_is_a_binomial_sum(counts, threshold):
    # For whole numbers, P(Beta(k + 1, n - k + 1) > t) = P(Binomial(n + 1, t) <= k)
    k, n = counts
    assert beta_exceedance(k, n, threshold) == pytest.approx(binom.cdf(k, n + 1, threshold), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((4, 3, 0.3), "k"),
        ((0, 3, 1.1), "threshold"),
        ((0, 3, math.nan), "threshold"),
        ((0, 3, 0.3, 0), "a"),
        ((0, 3, 0.3, 1, -1), "b"),
        ((0, 3, 0.3, 1, math.nan), "b"),
    ],
)
def test_exceedance_refuses_a_broken_argument_by_name(arguments, named):
    with pytest.raises(ValueError, match=rf"^{named} "):
        beta_exceedance(*arguments)
