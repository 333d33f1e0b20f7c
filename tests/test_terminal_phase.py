"""Lambda_z and what follows from it: worked by hand, and against a fit of every window."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_frames import BLQ, HALVING, INFINITE, LN2, SLOPE, close, profile, reason, row, value

from pk.nca import analyse, terminal_points


def test_half_life_and_extrapolation_of_an_exponential():
    found = analyse(profile(HALVING | {10: BLQ, 28: BLQ}))
    slope = LN2 / 2
    to_tlast = 2 * 800 / 2 + (800 - 100) / slope
    expected = {
        "LAMZ": slope,
        "LAMZHL": 2,
        "LAMZLL": 4,
        "LAMZUL": 8,
        "LAMZNPT": 3,  # the peak itself is left out
        "R2": 1,
        "R2ADJ": 1,
        "SPAN": (8 - 4) / 2,
        "CLSTP": 100,
        "AUCLST": to_tlast,
        "AUCIFO": to_tlast + 100 / slope,
        "AUCIFP": to_tlast + 100 / slope,
        "AUCPEO": 100 * (100 / slope) / (to_tlast + 100 / slope),
        "AUMCIFO": row(found, "AUMCLST")["value"] + 100 * 8 / slope + 100 / slope**2,
    }
    for parameter, number in expected.items():
        assert row(found, parameter)["value"] == close(number), parameter
    # 20 days from Tlast to Day 28 are ten half-lives
    assert row(found, "AUCINTO", 28)["value"] == close(to_tlast + 100 / slope * (1 - 2**-10))
    assert row(found, "AUCINTP", 28)["value"] == close(to_tlast + 100 / slope * (1 - 2**-10))
    # 100 (1 - 1/1024) / 0.34657 = 288.26 of 800 + 2019.77 + 288.26 = 3108.03
    assert row(found, "AUCINTO", 28)["reason"] == "9.27 % extrapolated beyond Day 8"


def test_an_interval_behind_tlast_is_all_extrapolation():
    found = analyse(profile(HALVING | {28: BLQ}), intervals=[(10, 12), (28, 90)])
    slope = LN2 / 2
    assert row(found, "AUCINT", 12)["value"] == 0
    assert row(found, "AUCINT", 12)["reason"] == "nothing quantifiable in the interval"
    # 50 on Day 10, 25 on Day 12
    assert row(found, "AUCINTO", 12)["value"] == close((50 - 25) / slope)
    assert math.isnan(row(found, "AUCINT", 90)["value"])
    assert row(found, "AUCINT", 90)["reason"] == "last sample Day 28, none after Day 28"


def test_predicted_and_observed_clast_differ():
    samples = profile({0: BLQ, 1: 1000.0, 2: 400.0, 3: 100.0, 4: 100.0})
    # ln C at 2, 3, 4 less ln 100: ln 4, 0, 0. Mean ln 4 / 3, slope -ln 4 / 2: at Day 4 it is ln 4 / 3 - ln 4 / 2.
    found = analyse(samples)
    assert row(found, "LAMZ")["value"] == close(math.log(4) / 2)
    assert row(found, "CLSTP")["value"] == close(100 * 4 ** (-1 / 6))
    # residual sum of squares: 2/3 - 1/2 = 1/6 of ln^2 4, of 2/3 in all
    assert row(found, "R2")["value"] == close(3 / 4)
    assert row(found, "R2ADJ")["value"] == close(1 - (1 / 4) * 2 / 1)
    extra = row(found, "AUCINTP", 28)["value"] - row(found, "AUCLST")["value"]
    assert extra == pytest.approx(100 * 4 ** (-1 / 6) / LN2 * (1 - 2**-24), rel=1e-11)


def test_tmax_takes_part_where_asked():
    assert value(profile(HALVING), "LAMZNPT", tmax_in_half_life=True) == 4
    two_after = profile({0: BLQ, 2: 800.0, 4: 400.0, 6: 200.0})
    assert reason(two_after, "LAMZ") == "not estimable: two points after Tmax"
    assert value(two_after, "LAMZHL", tmax_in_half_life=True) == close(2)


def test_the_longest_window_within_1e_4_of_the_best_is_taken():
    # A first point 0.2 % off an exponential costs R2 less than 1e-4: all six are taken. 30 % off, it is left out.
    fall = {day: 1e5 * 2.0**-day for day in range(1, 8)}
    near, far = ({0: BLQ, 1: 2e5} | fall | {1: 2e5, 2: fall[2] * off} for off in (1.002, 1.3))
    assert value(profile(near), "LAMZNPT") == 6
    assert value(profile(far), "LAMZNPT") == 5


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ({4: 10.0, 6: 20.0, 8: 40.0}, "terminal phase rises"),
        # the last four fall, but the best window is that of the last three
        ({4: 500.0, 6: 10.0, 8: 20.0, 10: 40.0}, "terminal phase rises"),
        ({4: 100.0, 6: 100.0, 8: 100.0}, "terminal phase level"),
        # the least-squares line is level, and only rounding says otherwise
        ({4: 100.0, 4.9: 50.0, 5.8: 100.0}, "terminal phase level"),
        ({4: 100.0, 6: 50.0}, "two points after Tmax"),
        ({4: 100.0}, "one point after Tmax"),
        ({4: BLQ, 6: BLQ, 8: BLQ}, "no point after Tmax"),
    ],
)
def test_no_half_life_has_its_reason(last, why):
    found = analyse(profile({0: BLQ, 2: 1000.0} | last, lloq=1.0))
    for parameter in [*SLOPE.split(), *INFINITE.split()]:
        assert math.isnan(row(found, parameter)["value"])
        assert row(found, parameter)["reason"] == f"not estimable: {why}"
    assert row(found, "AUCLST")["value"] > 0
    assert row(found, "AUCINTO", 28)["reason"] == f"not estimable: {why}"


def test_no_extrapolation_is_needed_up_to_tlast():
    rising = profile({0: BLQ, 2: 1000.0, 4: 10.0, 6: 20.0, 8: 40.0}, lloq=1.0)
    found = analyse(rising, intervals=[(0, 8)])
    assert row(found, "AUCINTO", 8)["value"] == row(found, "AUCINT", 8)["value"] == row(found, "AUCLST")["value"]


def test_the_points_of_the_terminal_phase():
    samples = pd.concat([profile(HALVING), profile({0: BLQ, 7: 100.0}, subject="S0")])
    points = terminal_points(samples)
    assert list(points.columns) == ["subject", "time", "conc", "fitted"]
    assert list(points["subject"]) == ["S1"] * 3
    assert list(points["time"]) == [4, 6, 8]
    np.testing.assert_allclose(points["fitted"], points["conc"], rtol=1e-12)
    assert list(terminal_points(samples, tmax_in_half_life=True)["time"]) == [2, 4, 6, 8]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(25, 1e5), min_size=4, max_size=10), st.booleans())
def test_the_terminal_phase_agrees_with_a_fit_of_every_window(concs, tmax_included):
    """The rule in its own words, window by window with numpy's least squares."""
    days = [float(day**1.5) for day in range(len(concs))]
    samples = profile(dict(zip(days, concs, strict=True)))
    found = analyse(samples, tmax_in_half_life=tmax_included)
    first = concs.index(max(concs)) + (not tmax_included)
    fits = {}
    for begin in range(first, len(concs) - 2):
        x, y = np.array(days[begin:]), np.log(concs[begin:])
        if np.ptp(y) > 1e-6:
            slope = np.polyfit(x, y, 1)[0]
            r2 = np.corrcoef(x, y)[0, 1] ** 2
            fits[len(x)] = (1 - (1 - r2) * (len(x) - 1) / (len(x) - 2), slope)
    best = max((adjusted for adjusted, _ in fits.values()), default=None)
    if any(abs(best - 1e-4 - adjusted) < 1e-9 or abs(slope) < 1e-9 for adjusted, slope in fits.values()):
        return  # too close to the limit to call in floating point
    kept = {n: slope for n, (adjusted, slope) in fits.items() if adjusted > best - 1e-4 and slope < 0}
    assert kept.keys() == set() or row(found, "LAMZNPT")["value"] == max(kept)
    if kept:
        assert row(found, "LAMZ")["value"] == pytest.approx(-kept[max(kept)], rel=1e-7)
    elif fits:
        assert math.isnan(row(found, "LAMZ")["value"])
