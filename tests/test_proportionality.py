"""The power model of exposure on dose: cases worked by hand, scipy's own regression, and what must always hold."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import linregress
from scipy.stats import t as student

from pk.proportionality import ENGLISH, EXCLUDED, power_model

NAN = math.nan
# Nine patients, three of each dose, exposures without a pattern.
DOSES = [1.0] * 3 + [3.0] * 3 + [6.0] * 3
EXPOSURES = [900.0, 4200.0, 2500.0, 7000.0, 2600.0, 15000.0, 8000.0, 40000.0, 12000.0]


def close(expected: float):
    return pytest.approx(expected, rel=1e-12, abs=1e-12)


# --- by hand


def test_three_patients_worked_by_hand():
    # In doublings: dose 0, 1, 2 and exposure 1, 1, 3. Slope (-1 x 1 + 0 + 1 x 3) / 2 = 1, mean 5/3, so 2/3 at dose 1.
    # Residuals 1/3, -2/3, 1/3: squares 2/3 on one degree of freedom, se^2 = (2/3) / 2 = 1/3.
    model = power_model([1, 2, 4], [2, 2, 8])
    assert model.slope == close(1)
    assert model.slope_se == close(1 / math.sqrt(3))
    assert model.intercept == close(2 / 3 * math.log(2))
    assert model.residual_sd == close(math.sqrt(2 / 3) * math.log(2))
    # Student's t with one degree of freedom is Cauchy: its quantile of p is tan(pi (p - 1/2)).
    half = math.tan(math.pi * 0.45) / math.sqrt(3)
    assert (model.lower, model.upper) == (close(1 - half), close(1 + half))
    half = math.tan(math.pi * 0.475) / math.sqrt(3)
    assert model.interval(0.95) == (close(1 - half), close(1 + half))
    # r = 4: 1 -+ ln 2 / ln 4
    assert (model.theta_lower, model.theta_upper) == (close(0.5), close(1.5))
    assert (model.n_used, model.excluded, model.code) == (3, (), "inconclusive")


def test_the_limits_of_a_tenfold_range():
    # ln 2 / ln 10 = log10 2 = 0.30103
    model = power_model([1, 10, 5], [1, 10, 5])
    assert (model.theta_lower, model.theta_upper) == (close(1 - math.log10(2)), close(1 + math.log10(2)))


@pytest.mark.parametrize(
    ("slope", "code", "says"),
    [
        (1.0, "within", "proportional to dose: the 90 % interval of the slope, 1.00 to 1.00, lies within 0.50 to 1.50"),
        (1.6, "above", "more than proportional to dose: the 90 % interval of the slope, 1.60 to 1.60, lies above 1.50"),
        (0.4, "below", "less than proportional to dose: the 90 % interval of the slope, 0.40 to 0.40, lies below 0.50"),
    ],
)
def test_exposures_on_a_line(slope, code, says):
    dose = np.array([1.0, 2.0, 4.0, 4.0])
    model = power_model(dose, 700 * dose**slope)
    assert model.slope == close(slope)
    assert math.exp(model.intercept) == close(700)
    assert model.upper - model.lower == pytest.approx(0, abs=1e-12)
    assert (model.code, model.reason) == (code, says)


@pytest.mark.parametrize(
    ("slope", "code"), [(0.0, "below"), (0.8, "inconclusive"), (1.0, "within"), (1.2, "inconclusive"), (2.0, "above")]
)
def test_where_the_interval_lies_among_the_limits(slope, code):
    # r = 4: limits 0.5 and 1.5. Doses 1, 1, 4, 4 (in doublings 0, 0, 2, 2: squares 4), scatter -+ a about each mean:
    # residual squares 4 a^2 on two degrees of freedom, se = a sqrt(2 / 4). t(2, 0.95) = 2.9200: with a = 0.2 -+ 0.413.
    dose, scatter = np.array([1.0, 1.0, 4.0, 4.0]), np.array([-0.2, 0.2, -0.2, 0.2])
    model = power_model(dose, 700 * dose**slope * 2**scatter)
    assert model.upper - model.slope == pytest.approx(0.413, abs=5e-4)
    assert model.code == code


def test_the_sentence_tells_the_level_and_the_interval():
    wide = power_model([1, 2, 4], [2, 2, 8], level=0.95)
    assert wide.reason.startswith("inconclusive: the 95 % interval of the slope, -6.34 to 8.34, is not wholly within")


# --- a second implementation


@pytest.mark.parametrize("level", [0.90, 0.95])
def test_scipy_finds_the_same_slope(level):
    model, other = power_model(DOSES, EXPOSURES, level=level), linregress(np.log(DOSES), np.log(EXPOSURES))
    assert model.slope == close(other.slope)
    assert model.intercept == close(other.intercept)
    assert model.slope_se == close(other.stderr)
    low, high = student.interval(level, 7, other.slope, other.stderr)
    assert (model.lower, model.upper) == model.interval(level) == (close(low), close(high))


def test_the_line_and_its_band_are_those_of_the_normal_equations():
    model = power_model(DOSES, EXPOSURES)
    line = model.line(points=4)
    design = np.column_stack([np.ones(9), np.log(DOSES)])
    beta, squares, *_ = np.linalg.lstsq(design, np.log(EXPOSURES))
    covariance = squares[0] / 7 * np.linalg.inv(design.T @ design)
    # steps of ln 6 / 3 from dose 1
    at = np.column_stack([np.ones(4), np.log(6) * np.arange(4) / 3])
    half = student.ppf(0.95, 7) * np.sqrt(np.einsum("ij,jk,ik->i", at, covariance, at))
    assert list(line.columns) == ["dose", "exposure", "low", "high"]
    np.testing.assert_allclose(line["dose"], 6.0 ** (np.arange(4) / 3), rtol=1e-12)
    np.testing.assert_allclose(line["exposure"], np.exp(at @ beta), rtol=1e-12)
    np.testing.assert_allclose(line["low"], np.exp(at @ beta - half), rtol=1e-12)
    np.testing.assert_allclose(line["high"], np.exp(at @ beta + half), rtol=1e-12)


# --- who is left out


def test_what_is_not_used_is_named():
    subjects = ["S1", "S2", "S3", "S4", "S5", "S6"]
    dose = pd.Series([1.0, 2.0, 4.0, 1.0, 2.0, None], subjects)
    exposure = pd.Series([2.0, 2.0, 8.0, 0.0, None, 5.0], subjects)
    model = power_model(dose, exposure)
    assert model.excluded == ("S4", "S5", "S6")
    assert model.why_excluded == ("zero", "no_exposure", "no_dose")
    assert set(model.why_excluded) == set(EXCLUDED)
    assert (model.n_used, model.slope) == (3, close(1))  # of the patients worked by hand
    assert power_model(dose.tolist(), exposure.tolist()).excluded == (3, 4, 5)
    assert power_model(dose.tolist(), exposure).excluded == ("S4", "S5", "S6")
    assert power_model(dose, exposure.tolist()).excluded == ("S4", "S5", "S6")
    assert power_model(dose.astype("Float64"), exposure.astype(object)).excluded == ("S4", "S5", "S6")


def test_a_dose_of_which_no_exposure_is_used_does_not_widen_the_range():
    model = power_model([1, 2, 4, 0.1], [2, 2, 8, 0])
    assert (model.theta_lower, model.theta_upper) == (close(0.5), close(1.5))


@pytest.mark.parametrize(
    ("dose", "exposure", "code", "says"),
    [
        ([], [], "few", "no dose proportionality: 0 usable exposures, of 3 needed"),
        ([1, 4], [2, 8], "few", "no dose proportionality: 2 usable exposures, of 3 needed"),
        ([1, 2, 4], [2, 0, 8], "few", "no dose proportionality: 2 usable exposures, of 3 needed"),
        ([1, 2, 4], [None, None, None], "few", "no dose proportionality: 0 usable exposures, of 3 needed"),
        ([4, 4, 4], [2, 3, 8], "one_dose", "no dose proportionality: all 3 usable exposures are of one dose"),
        ([0.3, 0.1 + 0.2, 0.3], [2, 3, 8], "one_dose", ENGLISH["one_dose"].format(n_used=3)),
        ([1, 4, 4, 4], [0, 3, 8, 9], "one_dose", "no dose proportionality: all 3 usable exposures are of one dose"),
    ],
)
def test_no_slope_has_its_reason(dose, exposure, code, says):
    model = power_model(dose, exposure)
    assert (model.code, model.reason) == (code, says)
    for number in (model.slope, model.slope_se, model.lower, model.upper, model.intercept, model.residual_sd):
        assert math.isnan(number)
    assert all(math.isnan(limit) for limit in model.interval(0.95))
    assert list(model.line().columns) == ["dose", "exposure", "low", "high"]
    assert model.line().empty


def test_a_translation_has_the_codes_and_their_values():
    chinese = {code: f"{code} {{n_used}} {{slope:.1f}}" for code in ENGLISH}
    assert power_model([1, 2, 4], [2, 2, 8]).say(chinese) == "inconclusive 3 1.0"


# --- refusals


@pytest.mark.parametrize(
    ("dose", "exposure", "says"),
    [
        ([1, 2, 0], [1, 2, 3], "dose must be positive and finite (2: 0)"),
        ([1, -2, math.inf], [1, 2, 3], "dose must be positive and finite (1: -2, 2: inf)"),
        ([1, 2, 4], [1, -2, 3], "exposure must be 0 or more, and finite (1: -2)"),
        ([1, 2, 4], [1, 2, math.inf], "exposure must be 0 or more, and finite (2: inf)"),
        ([1, 2, 4], [1, 2], "exposure must be as long as dose: 2 and 3 values"),
        ([1, 2, 4], ["1", "2", "<3"], "exposure must hold numbers"),
        ([[1, 2, 4]], [1, 2, 3], "dose must have one dimension, not 2"),
        (
            pd.Series([1, 2], ["S1", "S2"]),
            pd.Series([1, 2], ["S2", "S1"]),
            "dose and exposure must have the same labels",
        ),
    ],
)
def test_a_broken_argument_is_refused_by_name(dose, exposure, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        power_model(dose, exposure)


@pytest.mark.parametrize("level", [0, 1, 90, NAN])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        power_model(DOSES, EXPOSURES, level=level)
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        power_model(DOSES, EXPOSURES).interval(level)


# --- any exposures

PAIRS = st.lists(
    st.tuples(st.sampled_from([0.5, 1.0, 3.0, 6.0, NAN]), st.one_of(st.floats(1, 1e6), st.sampled_from([0.0, NAN]))),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(PAIRS, st.floats(0.01, 100), st.floats(0.01, 100), st.randoms(use_true_random=False))
def test_units_and_order_do_not_matter(pairs, of_dose, of_exposure, random):
    dose, exposure = (pd.Series([pair[side] for pair in pairs], dtype=float) for side in (0, 1))
    order = list(range(len(pairs)))
    random.shuffle(order)
    model = power_model(dose, exposure)
    other = power_model((dose * of_dose).iloc[order], (exposure * of_exposure).iloc[order])
    assert model.n_used + len(model.excluded) == len(pairs)
    assert sorted(other.excluded) == list(model.excluded)
    for name in ("slope", "slope_se", "theta_lower", "theta_upper"):
        assert getattr(other, name) == pytest.approx(getattr(model, name), rel=1e-6, abs=1e-6, nan_ok=True)
    assert math.isnan(model.slope) == (model.code in ("few", "one_dose"))


@settings(deadline=None, max_examples=40)
@given(PAIRS, st.floats(0.5, 0.98))
def test_a_higher_level_has_a_wider_interval_about_the_same_slope(pairs, level):
    model = power_model(*([pair[side] for pair in pairs] for side in (0, 1)), level=level)
    low, high = model.interval((1 + level) / 2)
    if not math.isnan(model.slope):
        assert low <= model.lower <= model.slope <= model.upper <= high
        assert model.slope - low == pytest.approx(high - model.slope, rel=1e-6, abs=1e-9)
