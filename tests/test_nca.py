"""Non-compartmental analysis: PKNCA's own results, cases worked by hand, and what must hold of any profile."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk.coverage import coverage
from pk.nca import analyse, parameters, terminal_points
from pk.remarks import ENGLISH, say

REFERENCE = Path(__file__).parent / "reference"
LN2 = math.log(2)
BLQ, NO_RESULT = "BLQ", "no result"
WHOLE = "CMAX TMAX CLST TLST AUCLST AUCALL AUMCLST MRTEVLST"
SLOPE = "LAMZ LAMZHL LAMZNPT LAMZLL LAMZUL R2 R2ADJ SPAN CLSTP"
INFINITE = "AUCIFO AUCIFP AUCPEO AUCPEP AUMCIFO MRTEVIFO"


def profile(points: dict, subject="S1", lloq=25.0) -> pd.DataFrame:
    """Samples {day: conc} of one subject; BLQ and NO_RESULT stand for what they say."""
    rows = [
        (subject, float(day), math.nan if isinstance(conc, str) else conc, lloq, conc == BLQ)
        for day, conc in points.items()
    ]
    return pd.DataFrame(rows, columns=["subject", "time", "conc", "lloq", "blq"])


# Half-life 2 d after the peak on Day 2: 800 halves every second day.
HALVING = {0: BLQ, 2: 800.0, 4: 400.0, 6: 200.0, 8: 100.0}


def row(result: pd.DataFrame, parameter: str, end: float | None = None, subject="S1") -> pd.Series:
    hit = result[(result["subject"] == subject) & (result["parameter"] == parameter)]
    hit = hit if end is None else hit[hit["end"] == end]
    assert len(hit) == 1
    return hit.iloc[0]


def value(samples: pd.DataFrame, parameter: str, end: float | None = None, **options) -> float:
    return row(analyse(samples, **options), parameter, end)["value"]


def reason(samples: pd.DataFrame, parameter: str, end: float | None = None, **options) -> str:
    return row(analyse(samples, **options), parameter, end)["reason"]


def close(expected: float):
    return pytest.approx(expected, rel=1e-12)


# --- PKNCA


@pytest.mark.parametrize("method", ["lin-up/log-down", "linear", "lin-log"])
def test_pknca_finds_the_same_in_theophylline(method):
    samples = pd.read_csv(REFERENCE / "nca_theoph_input.csv").rename(columns={"time_day": "time"})
    expected = pd.read_csv(REFERENCE / "nca_theoph_expected.csv")
    expected = expected[expected["method"] == method]
    assert set(expected["blq"]) == {"keep drop drop"}

    found = analyse(samples, method=method, intervals=((0, 12), (0, 24), (0, 48)))
    found = found.fillna({"start": 0.0, "end": math.inf})
    both = expected.merge(found, on=["subject", "start", "end", "parameter"], how="left", suffixes=("_expected", ""))

    assert len(both) == len(expected) >= 324
    np.testing.assert_allclose(both["value"], both["value_expected"], rtol=1e-8, atol=0)
    exact = both["parameter"].isin(["CMAX", "TMAX", "CLST", "TLST", "LAMZNPT", "LAMZLL"])
    assert (both["value"] == both["value_expected"])[exact].all()


# --- areas, by hand


def test_a_partial_area_ends_inside_a_logarithmic_segment():
    samples = profile({0: BLQ, 7: 1000.0, 14: 250.0})
    # Half way down from 1000 to 250 on a log scale lies sqrt(1000 x 250) = 500.
    assert value(samples, "AUCINT", 10.5, intervals=[(0, 10.5)]) == close(7 * 1000 / 2 + 3.5 * 500 / LN2)
    # On a straight line it is 625.
    straight = value(samples, "AUCINT", 10.5, intervals=[(0, 10.5)], method="linear")
    assert straight == close(7 * 1000 / 2 + 3.5 * (1000 + 625) / 2)
    # The way up is linear: 500 at Day 3.5.
    assert value(samples, "AUCINT", 3.5, intervals=[(0, 3.5)]) == close(3.5 * 500 / 2)


def test_an_interval_starts_inside_a_segment():
    samples = profile({0: BLQ, 7: 1000.0, 14: 250.0})
    assert value(samples, "AUCINT", 14, intervals=[(10.5, 14)]) == close(3.5 * (500 - 250) / LN2)
    # From 500 on Day 3.5 up to 1000, and down to 500 on Day 10.5.
    assert value(samples, "AUCINT", 10.5, intervals=[(3.5, 10.5)]) == close(3.5 * 750 + 3.5 * 500 / LN2)


def test_area_and_moment_of_a_logarithmic_segment():
    samples = profile({0: BLQ, 7: 1000.0, 14: 250.0})
    log = math.log(250 / 1000)
    area = 7 * 1000 / 2 + 7 * (250 - 1000) / log
    moment = 7 * (1000 * 7) / 2 + 7 * (250 * 14 - 1000 * 7) / log - 7**2 * (250 - 1000) / log**2
    assert value(samples, "AUCLST") == close(area)
    assert value(samples, "AUMCLST") == close(moment)
    assert value(samples, "MRTEVLST") == close(moment / area)


def test_neighbours_that_are_almost_equal_lose_no_digits():
    # Between 1000.001 and 1000 the curve is a straight line to 1e-13 of its area; the plain formula keeps 4 digits.
    log = analyse(profile({0: 1000.001, 10: 1000.0}))
    straight = analyse(profile({0: 1000.001, 10: 1000.0}), method="linear")
    assert row(log, "AUCLST")["value"] == close(row(straight, "AUCLST")["value"])
    # int of t C over 10 d: 50 x 1000 + 0.001 x 10^2 / 6, to 1e-12
    assert row(log, "AUMCLST")["value"] == close(50 * 1000 + 0.001 * 100 / 6)


def test_lin_log_is_linear_to_tmax_and_logarithmic_after_it():
    samples = profile({0: 400.0, 1: 100.0, 2: 800.0, 3: 200.0, 4: 400.0})
    rise_after_the_peak = 1 * (400 - 200) / LN2
    after = 1 * (800 - 200) / math.log(4) + rise_after_the_peak
    assert value(samples, "AUCLST", method="lin-log") == close((400 + 100) / 2 + (100 + 800) / 2 + after)
    # lin-up/log-down follows the slope of each segment, before the peak too
    down, up = 1 * (400 - 100) / math.log(4), (100 + 800) / 2
    assert value(samples, "AUCLST") == close(down + up + 600 / math.log(4) + (200 + 400) / 2)


def test_equal_neighbours_are_linear():
    for method in ("lin-up/log-down", "linear", "lin-log"):
        samples = profile({0: BLQ, 1: 500.0, 3: 500.0, 5: 500.0})
        assert value(samples, "AUCLST", method=method) == close(500 / 2 + 4 * 500)


# --- BLQ


def test_blq_between_quantifiable_samples_is_dropped_or_kept_as_zero():
    samples = profile({0: BLQ, 7: 100.0, 10: BLQ, 14: 50.0})
    up = 7 * 100 / 2
    assert value(samples, "AUCLST") == close(up + 7 * 50 / LN2)
    kept = value(samples, "AUCLST", blq=("keep", "keep", "drop"))
    assert kept == close(up + 3 * 100 / 2 + 4 * 50 / 2)


def test_blq_before_the_first_quantifiable_sample_is_kept_as_zero():
    samples = profile({0: BLQ, 4: BLQ, 7: 100.0, 14: 50.0})
    assert value(samples, "AUCLST") == close(3 * 100 / 2 + 7 * 50 / LN2)
    # Dropped, the curve begins on Day 7: an area from 0 cannot be said, one from Day 7 can.
    dropped = analyse(samples, blq=("drop", "drop", "drop"), intervals=[(0, 28), (7, 14), (5, 14)])
    assert math.isnan(row(dropped, "AUCLST")["value"])
    assert "dropped" in row(dropped, "AUCLST")["reason"]
    by_start = dropped[dropped["parameter"] == "AUCINT"].set_index("start")
    assert by_start.loc[7, "value"] == close(7 * 50 / LN2)
    assert by_start.loc[5, "reason"] == "no sample at or before Day 5"


def test_blq_after_tlast_adds_its_triangle_to_aucall_alone():
    seen, lost = {0: BLQ, 7: 100.0, 14: 50.0}, {21: BLQ, 28: BLQ}
    before, after = analyse(profile(seen)), analyse(profile(seen | lost))
    assert row(after, "AUCLST")["value"] == row(before, "AUCLST")["value"] == close(350 + 7 * 50 / LN2)
    assert row(before, "AUCALL")["value"] == row(before, "AUCLST")["value"]
    assert row(after, "AUCALL")["value"] == row(after, "AUCLST")["value"]
    kept = analyse(profile(seen | lost), blq=("keep", "drop", "keep"))
    assert row(kept, "AUCALL")["value"] == close(350 + 7 * 50 / LN2 + (21 - 14) * 50 / 2)
    assert row(after, "AUCINT", 28)["value"] == row(before, "AUCINT", 28)["value"]


def test_loss_of_the_cells_is_no_absence_of_sampling():
    seen = {0: BLQ, 7: 100.0, 14: 50.0}
    assert reason(profile(seen), "AUCINT", 28) == "last sample Day 14, before Day 28"
    assert reason(profile(seen | {28: BLQ}), "AUCINT", 28) == ""
    assert reason(profile(seen | {28: BLQ}), "AUCINT", 90) == "last sample Day 28, before Day 90"


def test_what_is_blq():
    rows = profile({0: 24.9, 1: 25.0, 2: 0.0, 3: 60.0, 4: 500.0, 5: 30.0})
    rows.loc[rows["time"] == 3, "blq"] = True  # a value reported beside the mark does not count
    rows.loc[rows["time"] == 4, "lloq"] = np.nan
    rows.loc[rows["time"] == 5, "lloq"] = 50.0  # the assay changed
    assert value(rows, "TMAX") == 4
    assert value(rows, "TLST") == 4
    counts = coverage(rows)
    assert set(counts["quantifiable"]) == {2}  # Day 1, at the limit, and Day 4
    rows.loc[rows["time"] == 5, "lloq"] = 25.0
    assert value(rows, "TLST") == 5


def test_a_limit_that_changes_during_the_study_holds_for_its_own_samples():
    # 40 copies on Day 14 are quantifiable under a limit of 25, and not on Day 21 under one of 50.
    rows = profile({0: BLQ, 7: 800.0, 14: 40.0, 21: 40.0, 28: 60.0})
    rows.loc[rows["time"] >= 21, "lloq"] = 50.0
    fall = (800 - 40) * 7 / math.log(800 / 40)
    assert value(rows, "AUCLST") == close(7 * 800 / 2 + fall + 14 * (40 + 60) / 2)  # Day 21 dropped
    kept = value(rows, "AUCLST", blq=("keep", "keep", "keep"))
    assert kept == close(7 * 800 / 2 + fall + 7 * 40 / 2 + 7 * 60 / 2)
    assert value(rows[rows["time"] < 28], "TLST") == 14


@pytest.mark.parametrize("kind", [int, float, object, "boolean"])
def test_blq_marks_of_any_kind(kind):
    samples = profile({0: BLQ, 7: 100.0, 14: BLQ})
    samples["blq"] = samples["blq"].astype(kind)
    if kind in (object, "boolean"):
        samples.loc[1, "blq"] = None
    assert value(samples, "TLST") == 7
    assert set(coverage(samples)["samples"]) == {3}


# --- the terminal phase


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


# --- the peak, and time 0


def test_the_first_of_equal_maxima_is_the_peak():
    samples = profile({0: BLQ, 7: 500.0, 10: 500.0, 14: 100.0})
    assert value(samples, "TMAX") == 7
    assert reason(samples, "CMAX") == ""
    assert reason(profile({0: BLQ, 7: 500.0, 15: 500.0}), "CMAX") == "provisional: no lower sample after the maximum"


@pytest.mark.parametrize(
    ("points", "flag"),
    [
        ({0: BLQ, 7: 500.0, 14: 100.0}, ""),
        ({0: BLQ, 7: 500.0, 14: BLQ}, ""),
        ({0: BLQ, 7: 500.0, 14: 600.0}, "provisional: maximum at the last sample"),
        ({0: BLQ, 7: 500.0, 10: 100.0}, "provisional: last sample Day 10, before Day 14"),
        ({-1: 500.0, 7: 100.0, 14: 50.0}, "maximum at time 0"),
    ],
)
def test_a_provisional_maximum_says_so(points, flag):
    found = analyse(profile(points))
    assert row(found, "CMAX")["reason"] == row(found, "TMAX")["reason"] == flag
    assert row(found, "CMAX")["value"] == max(conc for conc in points.values() if conc != BLQ)


def test_the_latest_predose_sample_counts_as_time_0():
    at_zero = analyse(profile({0: 30.0, 7: 100.0, 14: 50.0}))
    before = profile({-9: 900.0, -3: BLQ, -1: 30.0, 0: NO_RESULT, 7: 100.0, 14: 50.0})
    pd.testing.assert_frame_equal(analyse(before), at_zero)
    assert set(coverage(before)["predose_left_out"]) == {2}
    assert set(coverage(before)["samples"]) == {3}


def test_no_area_where_time_0_is_not_sampled():
    found = analyse(profile({2: 800.0, 4: 400.0, 6: 200.0, 8: 100.0, 14: BLQ}), intervals=[(0, 28), (4, 6)])
    for parameter in ["AUCLST", "AUCALL", "AUMCLST", "MRTEVLST", *INFINITE.split()]:
        assert math.isnan(row(found, parameter)["value"])
        assert row(found, parameter)["reason"] == "time 0 not sampled"
    for parameter in ("AUCINT", "AUCINTO", "AUCINTP"):
        assert row(found, parameter, 28)["reason"] == "time 0 not sampled"
        # An interval that the samples do cover has its area.
        assert row(found, parameter, 6)["value"] == close(2 * (400 - 200) / LN2)
    for parameter, number in {"CMAX": 800, "TMAX": 2, "CLST": 100, "TLST": 8, "LAMZHL": 2}.items():
        assert row(found, parameter)["value"] == close(number)


# --- nothing to say


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ({0: BLQ, 7: BLQ, 28: BLQ}, "all BLQ"),
        ({7: BLQ}, "all BLQ"),
        ({0: NO_RESULT, 7: NO_RESULT}, "no sample with a result"),
        ({0: BLQ, 7: NO_RESULT, 14: 10.0}, "all BLQ"),
        ({-8: 400.0, -1: BLQ, 7: BLQ}, "all BLQ"),
    ],
)
def test_a_subject_without_a_curve_stays_in_the_table(points, why):
    found = analyse(pd.concat([profile(points), profile(HALVING, subject="S2")]))
    found = found[found["subject"] == "S1"]
    codes = [*WHOLE.split(), *SLOPE.split(), *INFINITE.split(), *["AUCINT", "AUCINTO", "AUCINTP"] * 2]
    assert sorted(found["parameter"]) == sorted(codes)
    assert found["value"].isna().all()
    assert set(found["reason"]) == {why}


def test_one_sample_has_a_maximum_and_no_area():
    at_seven, at_zero = analyse(profile({7: 100.0})), analyse(profile({0: 100.0}))
    assert row(at_seven, "CMAX")["reason"] == "provisional: maximum at the last sample"
    assert row(at_seven, "TLST")["reason"] == row(at_seven, "CLST")["reason"] == "only one sample"
    assert row(at_seven, "CMAX")["value"] == row(at_zero, "CMAX")["value"] == 100
    assert row(at_seven, "AUCLST")["reason"] == "time 0 not sampled"
    assert row(at_zero, "AUCLST")["reason"] == row(at_zero, "AUCINT", 28)["reason"] == "only one sample"
    assert row(at_zero, "LAMZ")["reason"] == "not estimable: no point after Tmax"
    only_before = analyse(profile({0: 100.0, 7: BLQ, 28: BLQ}))
    assert row(only_before, "AUCLST")["reason"] == "quantifiable at time 0 only"
    assert math.isnan(row(only_before, "AUCLST")["value"])


def test_an_empty_frame_has_the_columns_of_a_full_one():
    full, none = profile(HALVING), profile(HALVING).iloc[:0]
    for table in (analyse, coverage, terminal_points):
        assert list(table(none).columns) == list(table(full).columns)
        assert len(table(none)) == 0
    nothing = pd.DataFrame(columns=["subject", "time", "conc", "lloq", "blq"])
    assert analyse(nothing).empty
    assert coverage(full, intervals=()).empty
    assert set(analyse(full, intervals=())["parameter"]) == {*WHOLE.split(), *SLOPE.split(), *INFINITE.split()}


# --- what is said, in another language


def test_a_reason_is_said_in_another_language_from_its_code_and_values():
    found = parameters(profile({-1: 500.0, 7: 100.0, 10: 50.0, 13: 25.0}))
    told = say(
        found, {code: f"<{code}>" for code in ENGLISH} | {"short": "末次样本第 {last_sample:g} 天，早于第 {end:g} 天"}
    )
    said = dict(zip(found["parameter"] + found["end"].map("{:g}".format), told, strict=True))
    assert said["CMAXnan"] == "<peak_at_0>; <peak_early>"
    assert said["AUCLSTnan"] == ""
    assert said["AUCINT28"] == "末次样本第 13 天，早于第 28 天"
    assert said["AUCINTO90"] == "末次样本第 13 天，早于第 90 天; <extrapolated>"
    # 25 on Day 13, half-life 3 d, 500 to 25: the share of the tail to Day 28 (five half-lives)
    slope = LN2 / 3
    to_tlast, tail = 7 * 400 / math.log(5) + 75 / slope, 25 / slope * (1 - 2**-5)
    assert row(found, "AUCINTO", 28)["extrapolated"] == close(100 * tail / (tail + to_tlast))
    assert list(say(found.iloc[:1], joint="；")) == [
        "maximum at time 0；provisional: last sample Day 13, before Day 14"
    ]


def test_a_code_without_a_sentence_is_an_error():
    with pytest.raises(KeyError, match="all_blq"):
        say(parameters(profile({7: BLQ})), {"no_result": ""})


# --- the frame


def test_columns_order_and_units():
    found = analyse(pd.concat([profile(HALVING, subject="S2"), profile(HALVING, subject="S1")]))
    assert list(found.columns) == ["subject", "parameter", "start", "end", "value", "unit", "reason"]
    assert list(found["subject"].unique()) == ["S1", "S2"]
    assert not found.duplicated(["subject", "parameter", "start", "end"]).any()
    interval = found["parameter"].str.startswith("AUCINT")
    assert (found["start"].notna() == interval).all()
    assert (found["end"].notna() == interval).all()
    units = {"CMAX": "copies/ug", "TMAX": "d", "AUCLST": "copies*d/ug", "AUMCLST": "copies*d^2/ug", "LAMZ": "1/d"}
    units |= {"LAMZHL": "d", "LAMZNPT": "", "R2": "", "SPAN": "", "AUCPEO": "%", "MRTEVIFO": "d", "CLSTP": "copies/ug"}
    assert {code: row(found, code)["unit"] for code in units} == units
    per_volume = profile(HALVING)
    per_volume.attrs["unit"] = "copies/uL"
    assert row(analyse(per_volume), "AUCINT", 28)["unit"] == "copies*d/uL"


def test_what_an_area_rests_on():
    samples = profile({-5: BLQ} | HALVING | {21: NO_RESULT, 25: NO_RESULT, 30: BLQ})
    table = coverage(samples, intervals=[(0, 28), (0, 7), (40, 50)]).set_index("end")
    slope = LN2 / 2
    assert dict(table.loc[28, ["samples", "without_result", "without_result_at", "predose_left_out"]]) == {
        "samples": 6,
        "without_result": 2,
        "without_result_at": "21, 25",
        "predose_left_out": 1,
    }
    assert dict(table.loc[28, ["quantifiable", "last_sample", "tlast"]]) == {
        "quantifiable": 4,
        "last_sample": 30,
        "tlast": 8,
    }
    assert dict(table["interval_samples"]) == {28: 5, 7: 4, 50: 0}
    assert dict(table["interval_quantifiable"]) == {28: 4, 7: 3, 50: 0}
    assert dict(table["largest_gap"]) == {28: 28 - 8, 7: 2, 50: 10}
    tail, to_tlast = 100 / slope * (1 - 2**-10), 800 + 700 / slope
    assert table.loc[28, "extrapolated"] == close(100 * tail / (tail + to_tlast))
    assert table.loc[28, "interpolated"] == 0
    # Day 7 cuts the segment from 200 (Day 6) to 100 (Day 8), at 200 / sqrt 2
    cut = (200 - 200 / math.sqrt(2)) / slope
    assert table.loc[7, "interpolated"] == close(100 * cut / (800 + 600 / slope + cut))
    assert table.loc[7, "extrapolated"] == 0
    assert table.loc[50, "reason"] == "last sample Day 30, none after Day 40"
    assert math.isnan(table.loc[50, "interpolated"])
    assert table.loc[50, "extrapolated"] == 100


def test_an_interval_inside_one_segment_is_all_interpolated():
    table = coverage(profile(HALVING), intervals=[(4.5, 5.5), (4, 6)]).set_index("start")
    assert table.loc[4.5, "interpolated"] == close(100)
    assert table.loc[4.0, "interpolated"] == 0


# --- refusals


def spoilt(column: str, wrong) -> pd.DataFrame:
    samples = profile(HALVING, subject="S9").astype({column: object})
    samples.loc[3, column] = wrong
    return samples


@pytest.mark.parametrize(
    ("column", "wrong", "says"),
    [
        ("time", math.nan, "time is missing or infinite (row 3, subject S9: nan)"),
        ("time", math.inf, "time is missing or infinite (row 3, subject S9: inf)"),
        ("time", "Day 6", "time must hold numbers"),
        ("conc", -1.0, "conc is negative or infinite (row 3, subject S9: -1.0)"),
        ("conc", math.inf, "conc is negative or infinite (row 3, subject S9: inf)"),
        ("conc", "<25", "conc must hold numbers"),
        ("lloq", -25.0, "lloq is negative or infinite (row 3, subject S9: -25.0)"),
        ("lloq", math.inf, "lloq is negative or infinite"),
        ("blq", "Y", "blq is not true, false or missing (row 3, subject S9: Y)"),
        ("blq", 2, "blq is not true, false or missing"),
        ("subject", None, "subject is missing"),
    ],
)
def test_a_broken_sample_is_refused_by_row_and_subject(column, wrong, says):
    for table in (analyse, coverage, terminal_points):
        with pytest.raises(ValueError, match=re.escape(says)):
            table(spoilt(column, wrong))


def test_a_missing_column_and_dates_are_refused():
    with pytest.raises(ValueError, match="samples has no column lloq, blq"):
        analyse(profile(HALVING)[["subject", "time", "conc"]])
    dated = profile(HALVING)
    dated["time"] = pd.to_datetime("2026-01-01") + pd.to_timedelta(dated["time"], unit="D")
    with pytest.raises(ValueError, match="time must hold numbers, not dates"):
        analyse(dated)


def test_duplicate_times_are_refused_with_their_subjects():
    twice = pd.concat([profile({0: BLQ, 7: 10.0}, "S12"), profile({7: 90.0}, "S12"), profile({7: 90.0}, "S13")])
    with pytest.raises(ValueError, match=r"^duplicate time 7\.0 for S12: refused$"):
        analyse(twice)
    many = pd.concat([profile(HALVING, f"S{i:02}") for i in range(9)] * 2)
    with pytest.raises(ValueError, match=r"duplicate time 0\.0 for S00; .*; and 40 more: refused"):
        analyse(many)
    # A sample without result is no part of the curve, and a repeat at its time no second value.
    repeated = pd.concat([profile({0: BLQ, 7: NO_RESULT}), profile({7: 90.0, 14: 30.0})])
    assert value(repeated, "CMAX") == 90


@pytest.mark.parametrize(
    "options",
    [
        {"method": "log"},
        {"method": "lin up/log down"},
        {"blq": "keep"},
        {"blq": ("keep", "drop")},
        {"blq": ("keep", "zero", "drop")},
        {"intervals": 28},
        {"intervals": (0, 28)},
        {"intervals": [(0, math.inf)]},
        {"intervals": [(0, math.nan)]},
        {"intervals": [(28, 28)]},
        {"intervals": [(-1, 28)]},
        {"intervals": [(0, 28), (0, 28.0)]},
        {"tmax_in_half_life": "no"},
    ],
)
def test_an_unknown_argument_is_refused_by_name(options):
    for table in (analyse, coverage):
        with pytest.raises(ValueError, match=next(iter(options))):
            table(profile(HALVING), **options)


# --- any profile

METHODS = st.sampled_from(["lin-up/log-down", "linear", "lin-log"])
POLICIES = st.tuples(*[st.sampled_from(["keep", "drop"])] * 3)
CONC = st.one_of(st.floats(25, 1e5), st.integers(25, 60).map(float), st.just(BLQ), st.just(NO_RESULT))
POINTS = st.dictionaries(st.integers(-300, 9500).map(lambda day: day / 100), CONC, max_size=12)


def subjects(with_zero: bool = False):
    def frame(all_points):
        start = {0.0: BLQ} if with_zero else {}
        return pd.concat(
            [profile(start | {d: c for d, c in p.items() if not with_zero or d > 0}, f"S{i}") for i, p in all_points]
        )

    return st.lists(POINTS, min_size=1, max_size=4).map(lambda each: frame(list(enumerate(each))))


def values(found: pd.DataFrame) -> pd.Series:
    return found.set_index(["subject", "parameter", "start", "end"])["value"]


@settings(deadline=None, max_examples=20)
@given(subjects(), METHODS, POLICIES, st.booleans(), st.randoms(use_true_random=False))
def test_every_value_is_a_number_or_has_a_reason_and_row_order_does_not_matter(samples, method, blq, tmax, random):
    options = {"method": method, "blq": blq, "tmax_in_half_life": tmax, "intervals": [(0, 28), (0, 90), (28, 90)]}
    found = analyse(samples, **options)
    assert (found["reason"] != "")[found["value"].isna()].all()
    assert np.isfinite(found["value"].dropna()).all()
    assert (found["value"].dropna()[found["parameter"] != "R2ADJ"] >= 0).all()
    table = coverage(samples, **options)
    assert ((table["reason"] != "") == table[["interpolated", "extrapolated"]].isna().any(axis=1)).all()
    assert table["interpolated"].dropna().between(0, 100 * (1 + 1e-9)).all()
    order = list(range(len(samples)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(analyse(samples.iloc[order], **options), found, check_exact=True)
    pd.testing.assert_frame_equal(coverage(samples.iloc[order], **options), table, check_exact=True)


@settings(deadline=None, max_examples=15)
@given(subjects(), METHODS)
def test_a_subject_alone_has_the_same_numbers_to_the_last_digit(samples, method):
    together = analyse(samples, method=method)
    alone = [analyse(rows, method=method) for _, rows in samples.groupby("subject")]
    if alone:
        pd.testing.assert_frame_equal(pd.concat(alone, ignore_index=True), together, check_exact=True)


@settings(deadline=None, max_examples=15)
@given(subjects(with_zero=True), METHODS, POLICIES)
def test_blq_after_tlast_changes_nothing_but_aucall(samples, method, blq):
    last = samples.groupby("subject")["time"].transform("max")
    more = samples[samples["time"] == last].assign(time=lambda rows: rows["time"] + 3, conc=np.nan, blq=True)
    before, after = (
        analyse(frame, method=method, blq=blq).query("parameter != 'AUCALL'" if blq[2] == "keep" else "index >= 0")
        for frame in (samples, pd.concat([samples, more]))
    )
    usable = values(before).notna()
    np.testing.assert_array_equal(values(after)[usable], values(before)[usable])


@settings(deadline=None, max_examples=15)
@given(subjects(with_zero=True), METHODS, POLICIES, st.floats(0.5, 89))
def test_two_parts_of_an_interval_add_up(samples, method, blq, cut):
    end = samples.assign(time=95.0, conc=np.nan, blq=True).drop_duplicates("subject")
    samples = pd.concat([samples[samples["time"] != 95], end])
    found = analyse(samples, method=method, blq=blq, intervals=[(0, cut), (cut, 90), (0, 90)])
    for code in ("AUCINT", "AUCINTO", "AUCINTP"):
        part = found[found["parameter"] == code].groupby("subject")["value"].apply(list)
        for first, second, whole in part:
            if not math.isnan(first + second + whole):
                assert first + second == pytest.approx(whole, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=15)
@given(subjects(with_zero=True), METHODS, st.floats(0.1, 100))
def test_a_larger_unit_scales_areas_and_leaves_times(samples, method, factor):
    scaled = samples.assign(conc=samples["conc"] * factor, lloq=samples["lloq"] * factor * (1 - 1e-9))
    before, after = values(analyse(samples, method=method)), values(analyse(scaled, method=method))
    code = before.index.get_level_values("parameter")
    grows = code.isin(["CMAX", "CLST", "AUCLST", "AUCALL", "AUMCLST", "AUCINT"])
    np.testing.assert_allclose(after[grows], before[grows] * factor, rtol=1e-9)
    same = code.isin(["TMAX", "TLST", "MRTEVLST"])
    np.testing.assert_allclose(after[same], before[same], rtol=1e-9)


@settings(deadline=None, max_examples=15)
@given(subjects(with_zero=True), METHODS)
def test_double_times_double_areas_and_half_lives(samples, method):
    before = analyse(samples, method=method, intervals=[(0, 28)])
    after = analyse(samples.assign(time=samples["time"] * 2), method=method, intervals=[(0, 56)])
    for code, factor in {"AUCLST": 2, "AUMCLST": 4, "LAMZHL": 2, "AUCIFO": 2, "AUCINTO": 2, "R2": 1, "SPAN": 1}.items():
        one, other = (found.loc[found["parameter"] == code, "value"] for found in (before, after))
        np.testing.assert_array_equal(other, one * factor)  # a power of two rounds nothing


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
