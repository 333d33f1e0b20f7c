"""Non-compartmental analysis: PKNCA's own results, and areas, BLQ and peaks worked by hand."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from profile_frames import BLQ, INFINITE, LN2, NO_RESULT, close, profile, reason, row, value

from pk.coverage import coverage
from pk.nca import analyse, area_outline

REFERENCE = Path(__file__).parent / "reference"


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


@pytest.mark.parametrize("method", ["lin-up/log-down", "linear", "lin-log"])
def test_the_outline_of_an_area_follows_its_segments(method):
    samples = pd.concat([profile({0: BLQ, 7: 1000.0, 14: 250.0, 28: BLQ}), profile({7: 90.0, 14: 30.0}, "S2")])
    drawn = area_outline(samples, 3.5, 10.5, method=method)
    assert list(drawn.columns) == ["subject", "time", "conc"]
    assert set(drawn["subject"]) == {"S1"}  # time 0 of S2 is not sampled
    at = dict(zip(drawn["time"], drawn["conc"], strict=True))
    # 500 half way up; half way down from 1000 to 250 lies 500 on a log scale, 625 on a straight line
    assert list(at) == sorted(at)
    assert (at[3.5], at[7.0], at[10.5]) == (close(500), close(1000), close(625 if method == "linear" else 500))
    assert (min(at), max(at)) == (3.5, 10.5)
    # eight trapezoids under an exponential that falls by half are 0.06 % too large
    area = value(samples, "AUCINT", 10.5, intervals=[(3.5, 10.5)], method=method)
    assert np.trapezoid(drawn["conc"], drawn["time"]) == pytest.approx(area, rel=1e-3)
    beyond = area_outline(samples, 3.5, 28, method=method)
    assert beyond["time"].max() == 14
    assert area_outline(samples, 14, 28, method=method).empty


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
