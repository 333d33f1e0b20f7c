"""Expected values: full enumeration by itertools, closed forms, published tables; the source stands beside each."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.permutation import PERMUTATIONS, two_sided

PAIRS = st.integers(2, 6).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 5), min_size=n, max_size=n) for _ in "xy"])
)


def enumerated(x, y) -> float:
    """By the definition: every one of the n! orders of y, one after the other."""
    mean = sum(x) * sum(y) / len(x)
    seen = abs(sum(a * b for a, b in zip(x, y, strict=True)) - mean)
    orders = np.array(list(permutations(y)))
    return np.mean(np.abs(orders @ np.array(x) - mean) >= seen - 1e-9)


def swapped(n: int, *pairs: tuple[int, int]) -> list[int]:
    """1 to n with some pairs exchanged: two ranks that are k apart add 2 k^2 to the sum of d^2."""
    ranks = list(range(1, n + 1))
    for a, b in pairs:
        ranks[a - 1], ranks[b - 1] = ranks[b - 1], ranks[a - 1]
    return ranks


def ranks_at(n: int, d_squared: int) -> list[int]:
    """Some order of 1 to n whose sum of d^2 is `d_squared`, found by exchanging neighbours at random."""
    rng = np.random.default_rng(0)
    ranks, ideal = np.arange(1, n + 1), np.arange(1, n + 1)
    while (off := abs(((ranks - ideal) ** 2).sum() - d_squared)) > 0:
        tried, at = ranks.copy(), rng.integers(n - 1)
        tried[[at, at + 1]] = tried[[at + 1, at]]
        if abs(((tried - ideal) ** 2).sum() - d_squared) <= off + 2:
            ranks = tried
    return [int(rank) for rank in ranks]


@settings(max_examples=150, deadline=None)
@given(PAIRS)
def test_the_count_is_that_of_all_permutations(pair):
    x, y = pair
    assert two_sided(x, y, exact=True) == pytest.approx(enumerated(x, y), rel=1e-12)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([2, 4, 6, 8, 10, 12, 14, 16], [4, 2, 8, 6, 16, 10, 12, 14]),
        ([3, 3, 6, 8, 10, 13, 13, 16], [16, 14, 12, 9, 9, 4, 4, 4]),
        ([5, 5, 5, 5, 11, 11, 14, 16], [2, 8, 8, 8, 8, 8, 14, 16]),
        ([2, 4, 6, 8, 10, 13, 13], [6, 6, 6, 2, 8, 12, 12]),
    ],
)
def test_eight_with_ties_as_by_all_permutations(x, y):
    assert two_sided(x, y, exact=True) == pytest.approx(enumerated(x, y), rel=1e-12)


@pytest.mark.parametrize("n", range(3, 13))
def test_complete_agreement_is_two_ways_of_all(n):
    ranks = list(range(n))
    assert two_sided(ranks, ranks, exact=True) == 2 / math.factorial(n)
    assert two_sided(ranks, ranks[::-1], exact=True) == 2 / math.factorial(n)


@pytest.mark.parametrize("n", [10, 11, 12])
def test_one_exchange_of_neighbours_is_next(n):
    # As far out or farther: the identity and its n - 1 exchanges of neighbours, and the mirror images of all.
    assert two_sided(range(n), swapped(n, (4, 5)), exact=True) == 2 * n / math.factorial(n)


def test_a_published_probability():
    # R package pspearman, manual: pspearman(36, 10, approximation = "exact") = 0.005265377, one-sided; without ties
    # the distribution is symmetric. 36 = 2 (4^2 + 1 + 1).
    y = swapped(10, (1, 5), (6, 7), (8, 9))
    assert two_sided(range(1, 11), y, exact=True) == pytest.approx(2 * 0.005265377, abs=1e-9)


@pytest.mark.parametrize(
    ("n", "alpha", "critical"),
    [  # Zar, Biostatistical Analysis, table B.20: the smallest |rho| with a two-sided p of at most alpha
        (6, 0.05, 0.886), (7, 0.05, 0.786), (8, 0.05, 0.738), (9, 0.05, 0.700), (10, 0.05, 0.648), (11, 0.05, 0.618),
        (12, 0.05, 0.587), (7, 0.01, 0.929), (8, 0.01, 0.881), (9, 0.01, 0.833), (10, 0.01, 0.794), (11, 0.01, 0.755),
        (12, 0.01, 0.727), (10, 0.10, 0.564), (12, 0.10, 0.503), (12, 0.20, 0.406),
    ],
)  # fmt: skip
def test_published_critical_values(n, alpha, critical):
    # rho = 1 - 6 D / (n^3 - n), and D, the sum of d^2, is always even.
    d_squared = 2 * round((1 - critical) * (n**3 - n) / 12)
    assert 1 - 6 * d_squared / (n**3 - n) == pytest.approx(critical, abs=6e-4)
    ranks = list(range(1, n + 1))
    assert two_sided(ranks, ranks_at(n, d_squared), exact=True) <= alpha
    assert two_sided(ranks, ranks_at(n, d_squared + 2), exact=True) > alpha


@given(PAIRS, st.integers(1, 5), st.integers(-9, 9))
@settings(deadline=None)
def test_it_hangs_on_spacing_only(pair, factor, shift):
    x, y = pair
    p = two_sided(x, y, exact=True)
    assert two_sided([factor * one + shift for one in x], y, exact=True) == p
    assert two_sided([-one for one in x], y, exact=True) == p
    assert two_sided(y, x, exact=True) == p


def test_nothing_varies_and_chance_always_gets_as_far():
    assert two_sided([1, 1, 1], [1, 2, 3], exact=True) == 1
    assert two_sided([1, 1, 1], [1, 2, 3], exact=False) == 1


def test_more_arrangements_than_64_bits_hold_are_refused():
    with pytest.raises(OverflowError):
        two_sided(range(21), range(21), exact=True)


def test_sampled_agrees_with_counted_and_never_reaches_zero():
    x, y = [0] * 6 + [1] * 5, [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 8]
    sums = [sum(y[i] for i in chosen) for chosen in combinations(range(11), 5)]
    mean = sum(y) * 5 / 11
    counted = np.mean([abs(one - mean) >= abs(sum(y[6:]) - mean) - 1e-9 for one in sums])
    assert two_sided(x, y, exact=True) == pytest.approx(counted, rel=1e-12)
    assert two_sided(x, y, exact=False) == pytest.approx(counted, abs=5 * math.sqrt(0.25 / PERMUTATIONS))
    assert two_sided(range(18), range(18), exact=False) == 1 / (PERMUTATIONS + 1)  # 2 / 18! comes up in no sample
