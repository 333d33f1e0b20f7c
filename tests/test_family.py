"""The family of tests: who is paired, what is said of a pair, and how many tests the p-values are adjusted for."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, spearmanr

from clinical.association import rank_sum, spearman
from clinical.family import LARGE, family, pairs
from data.protocol_base import Text
from data.protocol_measures import Associations, Peak

NAME = Text(en="x", zh="x")
TOLD = Associations(
    to_day=28,
    peaks=tuple(Peak(id=one, code="IL6", label=NAME) for one in ("one", "two")),
    outcomes=("change", "response"),
)


def frames(one, two, change, response, states=None) -> tuple[pd.DataFrame, pd.DataFrame]:
    who = [f"A{number}" for number in range(len(one))]
    states = states or ["final"] * len(who)

    def long(name, values, kind):
        rest = {"limit": "", "cohort": "DL1", "state": states, "why": ""}
        more = {"day": 3, "last_day": 28, "followed": 60} if kind == "peak" else {"words": "", "day": 28, "unit": ""}
        return pd.DataFrame({"usubjid": who, kind: name, "value": np.asarray(values, float)} | rest | more)

    high = pd.concat([long("one", one, "peak"), long("two", two, "peak")])
    against = pd.concat([long("change", change, "outcome"), long("response", response, "outcome")])
    return high, against


ONE, TWO = [1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5]
CHANGE, RESPONSE = [5, 4, 3, 2, 1, 0], [0, 0, 0, 1, 1, 1]


def cells(*args, **more) -> dict[tuple[str, str], pd.Series]:
    found = family(*frames(*args), TOLD, **more)
    return {(one["peak"], one["outcome"]): one for _, one in found.iterrows()}


def test_each_pair_is_told_by_its_test():
    found = cells(ONE, TWO, CHANGE, RESPONSE)
    # all 6! orders, of which two are as extreme: 2 / 720
    assert found["one", "change"]["estimate"] == -1 and found["one", "change"]["p"] == pytest.approx(2 / 720)
    # responders 4, 5, 6 above all others: AUC 1; of the C(6, 3) = 20 splits two are as far out
    assert found["one", "response"]["estimate"] == 1 and found["one", "response"]["p"] == pytest.approx(0.1)
    assert (found["one", "response"]["n"], found["one", "response"]["n_yes"]) == (6, 3)
    # rho of two with the reverse order: 1 - 6 * sum d^2 / (6 * 35); the orders differ by d = 4 4 0 0 4 4 (d^2 64)
    assert found["two", "change"]["estimate"] == pytest.approx(1 - 6 * 64 / 210)


def test_p_is_adjusted_over_all_that_was_tested():
    found = cells(ONE, TWO, CHANGE, RESPONSE)
    p = sorted((one["p"], pair) for pair, one in found.items())
    # Benjamini-Hochberg by hand: the smallest of 4 times 4
    assert found[p[0][1]]["adjusted"] == pytest.approx(4 * p[0][0])
    assert found[p[3][1]]["adjusted"] == pytest.approx(p[3][0])


def test_what_is_not_final_is_not_paired():
    states = ["final", "final", "final", "final", "provisional", "excluded"]
    found = cells(ONE, TWO, CHANGE, RESPONSE, states)
    assert found["one", "change"]["n"] == 4
    rows = pairs(*frames(ONE, TWO, CHANGE, RESPONSE, states), "one", "change")
    assert rows["used"].tolist() == [True] * 4 + [False] * 2 and len(rows) == 6


@pytest.mark.parametrize(
    ("change", "response", "why"),
    [
        ([5, 5, 5, 5, 5, 5], [0] * 6, ("constant_y", "empty_x")),
        ([5, 4, math.nan, math.nan, math.nan, math.nan], [1] * 6, ("few", "empty_y")),
    ],
)
def test_a_pair_of_which_nothing_can_be_said_says_why_and_is_no_test(change, response, why):
    for tested in (True, False):
        found = cells(ONE, TWO, change, response, tested=tested)
        assert (found["one", "change"]["why"], found["one", "response"]["why"]) == why
        assert all(math.isnan(one["p"]) and math.isnan(one["estimate"]) for one in found.values())


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_part_of_the_patients_never_has_a_p(data):
    n = data.draw(st.integers(0, 14))
    numbers = st.lists(st.integers(0, 9), min_size=n, max_size=n)
    one, two, change = (data.draw(numbers) for _ in range(3))
    response = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    part, whole = cells(one, two, change, response, tested=False), cells(one, two, change, response)
    for pair, cell in part.items():
        assert all(math.isnan(cell[name]) for name in ("p", "adjusted", "low", "high")) and cell["method"] == ""
        assert (cell["n"], cell["why"]) == (whole[pair]["n"], whole[pair]["why"])
        assert cell["estimate"] == pytest.approx(whole[pair]["estimate"], nan_ok=True)


def test_many_patients_are_told_by_the_formulas_and_these_agree_with_dealing_out():
    rng = np.random.default_rng(5)
    one = rng.lognormal(size=LARGE)
    change, response = one + rng.lognormal(size=LARGE), (one + rng.normal(size=LARGE) > 1.2).astype(int)
    found = cells(one, one, change, response)
    rho, auc = found["one", "change"], found["one", "response"]
    assert rho["method"] == auc["method"] == "large sample"
    assert rho["estimate"] == pytest.approx(spearmanr(one, change).statistic)
    assert auc["p"] == pytest.approx(mannwhitneyu(one[response == 1], one[response == 0]).pvalue)
    dealt, compared = spearman(one, change), rank_sum(one[response == 1], one[response == 0])
    assert rho["low"] == pytest.approx(dealt.low, abs=0.12) and rho["high"] == pytest.approx(dealt.high, abs=0.08)
    assert auc["estimate"] == pytest.approx(compared.auc)
    assert (auc["low"], auc["high"]) == pytest.approx((compared.low, compared.high), abs=0.06)
