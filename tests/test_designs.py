"""Designs beside the 3+3, against published tables and closed forms."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from clinical.designs import boin_boundaries, boin_mtd, crm_posterior, keyboard_decisions


# ---- BOIN ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("target", "lambda_e", "lambda_d"),
    [  # Liu & Yuan 2015: phi1 = 0.6 phi, phi2 = 1.4 phi
        (0.20, 0.157, 0.238),
        (0.25, 0.197, 0.298),
        (0.30, 0.236, 0.359),
    ],
)
def test_boin_boundaries_as_published(target, lambda_e, lambda_d):
    found = boin_boundaries(target, 3)
    assert (round(found.lambda_e, 3), round(found.lambda_d, 3)) == (lambda_e, lambda_d)


@pytest.mark.parametrize("target", [0.05, 0.15, 0.33, 0.4, 0.6])
def test_at_a_boundary_the_data_speak_as_much_for_either_rate(target):
    def per_patient(observed, rate):
        return observed * math.log(rate) + (1 - observed) * math.log(1 - rate)

    found = boin_boundaries(target, 1)
    for observed, other in ((found.lambda_e, 0.6 * target), (found.lambda_d, 1.4 * target)):
        assert per_patient(observed, target) == pytest.approx(per_patient(observed, other), abs=1e-12)


def test_boin_table_as_published():
    # The R package BOIN prints these for target = 0.3, ncohort = 10, cohortsize = 3, with 0.2364907 and 0.3585195.
    found = boin_boundaries(0.3, 30)
    assert found.lambda_e == pytest.approx(0.2364907, abs=5e-8)
    assert found.lambda_d == pytest.approx(0.3585195, abs=5e-8)
    table = found.table.set_index("n").loc[range(3, 31, 3)]
    assert list(table["escalate_if_at_most"]) == [0, 1, 2, 2, 3, 4, 4, 5, 6, 7]
    assert list(table["deescalate_if_at_least"]) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert list(table["eliminate_if_at_least"]) == [3, 4, 5, 7, 8, 9, 10, 11, 12, 14]
    every = found.table.set_index("n").loc[range(1, 21)]  # the full table of the same print
    assert list(every["escalate_if_at_most"]) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]
    assert list(every["deescalate_if_at_least"]) == [1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 8]


def test_where_boin_and_the_3_plus_3_part():
    at_three = boin_boundaries(0.25, 6).table.set_index("n").loc[3]
    assert at_three["deescalate_if_at_least"] == 1  # the 3+3 expands at 1/3
    table = boin_boundaries(0.30, 6).table.set_index("n")
    assert table.loc[3, "escalate_if_at_most"] < 1 < table.loc[3, "deescalate_if_at_least"]  # stays at 1/3
    assert table.loc[6, "escalate_if_at_most"] < 2 < table.loc[6, "deescalate_if_at_least"]  # and at 2/6


def test_nothing_is_eliminated_before_three_patients():
    table = boin_boundaries(0.3, 3).table
    assert list(table.columns) == ["n", "escalate_if_at_most", "deescalate_if_at_least", "eliminate_if_at_least"]
    assert list(table["eliminate_if_at_least"].isna()) == [True, True, False]
    # At 0.5, P(rate > 0.5 | 3/3) = 1 - 0.5**4 = 0.9375: even 3/3 does not eliminate; 4/4 does, 1 - 0.5**5 = 0.969.
    table = boin_boundaries(0.5, 4).table
    assert list(table["eliminate_if_at_least"].isna()) == [True, True, True, False]
    assert table["eliminate_if_at_least"].iloc[3] == 4


def test_boin_mtd_as_published():
    # select.mtd's own example (Yan et al. 2020, p. 15): dose 3. Rates (y + 0.05) / (n + 0.1), already rising.
    found = boin_mtd(0.3, [3, 3, 15, 9, 0], [0, 0, 4, 4, 0])
    assert found.dose == 3
    rates = list(found.estimates["rate"])
    assert rates[:4] == pytest.approx([0.05 / 3.1, 0.05 / 3.1, 4.05 / 15.1, 4.05 / 9.1])
    assert math.isnan(rates[4])
    assert not found.estimates["eliminated"].any()


def test_boin_mtd_leaves_out_what_is_eliminated_or_untreated():
    found = boin_mtd(0.3, [0, 3, 0, 0, 3], [0, 1, 0, 0, 3])
    assert found.dose == 2
    assert list(found.estimates["eliminated"]) == [False, False, False, False, True]
    assert boin_mtd(0.3, [3, 3], [3, 0]).dose is None  # the lowest takes all with it
    assert boin_mtd(0.3, [0, 0], [0, 0]).dose is None
    assert boin_mtd(0.3, [0, 3], [0, 3]).dose is None


def test_boin_mtd_pools_a_fall():
    # 1/3 below 0/3: 1.05/3.1 and 0.05/3.1, weights the inverse of the variance m (1 - m) / (n + 1.1).
    high, low = 1.05 / 3.1, 0.05 / 3.1
    a, b = 4.1 / (high * (1 - high)), 4.1 / (low * (1 - low))
    found = boin_mtd(0.3, [3, 3], [1, 0])
    assert list(found.estimates["rate"]) == pytest.approx([(high * a + low * b) / (a + b)] * 2)
    assert found.dose == 2  # equal rates below the target: the highest dose
    assert boin_mtd(0.3, [6, 6], [3, 3]).dose == 1  # above it: the lowest


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0, 0.5)), min_size=1, max_size=6))
def test_isotonic_rates_rise(cohorts):
    found = boin_mtd(0.5, [n for n, _ in cohorts], [int(n * part) for n, part in cohorts])
    assert found.estimates["rate"].dropna().diff().dropna().ge(-1e-12).all()


# ---- keyboard, mTPI-2 ------------------------------------------------------------------------------------------------
def decisions(target, n):
    frame = keyboard_decisions(target, n)
    return list(frame[frame["n"] == n]["decision"])


@pytest.mark.parametrize(
    ("n", "expected"),
    [  # Guo et al. 2017, figure 3: mTPI-2 at target 0.3, epsilon 0.05
        (3, "E S D DU"),
        (6, "E E S D DU DU DU"),
        (9, "E E E S D DU DU DU DU DU"),
        (10, "E E E S D D DU DU DU DU DU"),
    ],
)
def test_keyboard_decisions_as_published_for_mtpi2(n, expected):
    assert decisions(0.3, n) == expected.split()


def test_keyboard_by_hand():
    # target 0.3, n = 3: posterior Beta(1 + k, 4 - k). k = 1: density 12 p (1 - p)^2, highest at 1/3: the target key.
    # k = 2: highest at 2/3, key 0.65 to 0.75. k = 0: highest at 0, the key 0 to 0.05 by probability per width.
    # n = 2, k = 2: P(rate > 0.3) = 1 - 0.3**3 = 0.973, but two patients eliminate nothing.
    assert decisions(0.3, 3)[:3] == ["E", "S", "D"]
    assert decisions(0.3, 2) == ["E", "D", "D"]
    assert decisions(0.3, 1) == ["E", "D"]


def test_a_short_key_at_the_end_counts_by_its_width():
    # target 0.1: keys 0-0.05, 0.05-0.15. 0/3 peaks at 0: up, though the whole key 0.05-0.15 holds more probability.
    assert decisions(0.1, 3)[0] == "E"


@pytest.mark.parametrize("target", [0.1, 0.15, 0.2, 0.25, 0.3, 0.33, 0.6])
def test_keyboard_is_one_decision_an_outcome_and_never_bolder_with_more_dlts(target):
    frame = keyboard_decisions(target, 12)
    assert list(frame.columns) == ["n", "dlts", "decision"]
    assert len(frame) == sum(n + 1 for n in range(1, 13))
    rank = frame["decision"].map({"E": 0, "S": 1, "D": 2, "DU": 3})
    assert rank.groupby(frame["n"]).diff().dropna().ge(0).all()


@pytest.mark.parametrize("design", [boin_boundaries, keyboard_decisions])
@pytest.mark.parametrize(
    ("target", "n_max", "named"),
    [
        (0.01, 3, "target"),
        (0.7, 3, "target"),
        ("a", 3, "target"),
        (None, 3, "target"),
        (float("nan"), 3, "target"),
        (0.3, 0, "n_max"),
        (0.3, 2.5, "n_max"),
    ],
)
def test_bad_arguments_are_named(design, target, n_max, named):
    with pytest.raises(ValueError, match=named):
        design(target, n_max)


def test_a_target_with_no_key_below_it_is_refused():
    with pytest.raises(ValueError, match="target"):
        keyboard_decisions(0.05, 3)


# ---- CRM -------------------------------------------------------------------------------------------------------------
def test_crm_as_published():
    # Neuenschwander et al. 2008 data, power model, beta ~ N(0, 1.34^2): posterior means printed by the R package bcrm,
    # quoted in the tests of the R package escalation.
    skeleton = [0.010, 0.015, 0.020, 0.025, 0.030, 0.040, 0.050, 0.1, 0.17, 0.3, 0.4, 0.5, 0.65, 0.8, 0.9]
    treated = [3, 4, 5, 4, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]
    dlts = [0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]
    published = [0.07015495, 0.08657340, 0.10073468, 0.11345014, 0.12513580, 0.14632099, 0.16543985, 0.24440829]
    published += [0.33268033, 0.46747152, 0.55775747, 0.64098831, 0.75674204, 0.86470521, 0.93341409]
    found = crm_posterior(skeleton, treated, dlts, prior_sd=1.34)
    assert list(found.columns) == ["dose", "plug_in", "mean", "sd"]
    assert list(found["mean"]) == pytest.approx(published, abs=5e-9)


def by_grid(skeleton, treated, dlts, sd, target):
    """The same by a plain sum over a fine grid of beta."""
    beta = np.linspace(-12 * sd, 12 * sd, 400_001)
    with np.errstate(under="ignore", over="ignore"):
        rates = [np.power(rate, np.exp(np.minimum(beta, 300))) for rate in skeleton]
        density = np.exp(-((beta / sd) ** 2) / 2)
        for rate, n, k in zip(rates, treated, dlts, strict=True):
            density *= rate**k * (1 - rate) ** (n - k)
    density /= density.sum()
    exponent = math.exp((density * beta).sum())
    mean = np.array([(density * rate).sum() for rate in rates])
    square = np.array([(density * rate**2).sum() for rate in rates])
    above = [density[rate > target].sum() for rate in rates]
    return np.array(skeleton) ** exponent, mean, np.sqrt(square - mean**2), above


@pytest.mark.parametrize(
    ("treated", "dlts"),
    [([3, 0, 0], [0, 0, 0]), ([3, 3, 0], [0, 1, 0]), ([6, 6, 3], [0, 1, 2]), ([3, 0, 0], [3, 0, 0])],
)
@pytest.mark.parametrize("sd", [math.sqrt(1.34), 0.4])
def test_crm_against_a_sum_over_a_grid(treated, dlts, sd):
    skeleton = (0.1, 0.25, 0.5)
    found = crm_posterior(skeleton, treated, dlts, prior_sd=sd, target=0.3)
    plug_in, mean, spread, above = by_grid(skeleton, treated, dlts, sd, 0.3)
    assert list(found["plug_in"]) == pytest.approx(plug_in, rel=1e-7)
    assert list(found["mean"]) == pytest.approx(mean, rel=1e-7)
    assert list(found["sd"]) == pytest.approx(spread, rel=1e-5)
    assert list(found["p_above"]) == pytest.approx(above, abs=3e-5)  # the grid's step at the limit


@pytest.mark.parametrize("sd", [0.3, math.sqrt(1.34), 10])
def test_crm_without_patients_is_the_prior(sd):
    # rate > target where beta < log(log target / log skeleton): a normal probability, far tails included.
    skeleton = (0.05, 0.3, 0.6)
    found = crm_posterior(skeleton, [0] * 3, [0] * 3, prior_sd=sd)
    for target in (0.01, 0.3, 0.9):
        limits = [math.log(math.log(target) / math.log(rate)) / sd for rate in skeleton]
        assert list(found.p_above(target)) == pytest.approx([ndtr(limit) for limit in limits], abs=1e-10)
    assert list(found["plug_in"]) == pytest.approx(skeleton, rel=1e-9)  # the mean of beta is 0


def test_crm_with_much_data_finds_the_rate():
    # 300 of 1000 at dose 2: rate 0.3 there, standard deviation about sqrt(0.21 / 1000).
    found = crm_posterior([0.1, 0.25, 0.5], [0, 1000, 0], [0, 300, 0], prior_sd=math.sqrt(1.34), target=0.4)
    assert found["mean"][1] == pytest.approx(0.3, abs=0.002)
    assert found["sd"][1] == pytest.approx(math.sqrt(0.21 / 1000), rel=0.02)
    assert found["p_above"][1] < 1e-9
    assert found["p_above"].between(0, 1).all()


def test_p_above_may_be_asked_of_the_result():
    found = crm_posterior([0.1, 0.25, 0.5], [3, 3, 0], [0, 1, 0], prior_sd=1)
    asked = crm_posterior([0.1, 0.25, 0.5], [3, 3, 0], [0, 1, 0], prior_sd=1, target=0.3)
    assert isinstance(found, pd.DataFrame)
    assert list(asked["p_above"]) == list(found.p_above(0.3))
    assert list(asked.columns) == ["dose", "plug_in", "mean", "sd", "p_above"]
    for target in (0, 1, float("nan"), "a"):
        with pytest.raises(ValueError, match="target"):
            found.p_above(target)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=3),
    st.sampled_from([0.2, 1.0, 3.0]),
)
def test_crm_rises_with_dose_and_stays_in_bounds(cohorts, sd):
    treated = [max(cohort) for cohort in cohorts]
    dlts = [min(cohort) for cohort in cohorts]
    found = crm_posterior([0.05, 0.2, 0.6], treated, dlts, prior_sd=sd, target=0.3)
    for column in ("plug_in", "mean", "p_above"):
        assert found[column].between(0, 1).all()
        assert found[column].diff().dropna().ge(-1e-9).all()
    if treated[1] > dlts[1]:
        worse = crm_posterior([0.05, 0.2, 0.6], treated, [dlts[0], dlts[1] + 1, dlts[2]], prior_sd=sd, target=0.3)
        assert (worse["mean"] >= found["mean"] - 1e-9).all()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"skeleton": [0.1, 0.1, 0.5]}, "skeleton"),
        ({"skeleton": [0, 0.1, 0.5]}, "skeleton"),
        ({"skeleton": [0.1, 0.5]}, "skeleton"),
        ({"skeleton": [0.1, 0.5, "a"]}, "skeleton"),
        ({"treated": [3, 3]}, "dlts"),
        ({"treated": [3, 3, 1.5]}, "treated"),
        ({"treated": [3, 3, -1]}, "treated"),
        ({"treated": 3}, "treated"),
        ({"dlts": [4, 0, 0]}, "dlts"),
        ({"dlts": [0, 0]}, "dlts"),
        ({"prior_sd": 0}, "prior_sd"),
        ({"prior_sd": 11}, "prior_sd"),
        ({"prior_sd": float("nan")}, "prior_sd"),
        ({"target": 1.0}, "target"),
    ],
)
def test_bad_arguments_of_the_crm_are_named(changed, named):
    arguments = {"skeleton": [0.1, 0.25, 0.5], "treated": [3, 3, 0], "dlts": [0, 1, 0], "prior_sd": 1.0} | changed
    with pytest.raises(ValueError, match=named):
        crm_posterior(**arguments)
