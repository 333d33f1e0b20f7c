"""What an analysis takes and gives: columns, what is said where there is no number, and what is refused."""

import math
import re

import pandas as pd
import pytest
from profile_frames import BLQ, HALVING, INFINITE, LN2, NO_RESULT, SLOPE, WHOLE, close, profile, row, value

from pk.coverage import coverage
from pk.nca import analyse, parameters, terminal_points
from pk.remarks import ENGLISH, say

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
