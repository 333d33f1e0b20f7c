"""Peaks after the infusion and what they are compared with, on frames made by hand."""

from datetime import timedelta

import pandas as pd
import pytest
from cytokine_frames import CUTOFF, dosed, peak, people, read, row
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.peaks import baselines, fold

# LLOQ of IL-6 in the protocol file: 1.5; ULOQ 50000. Visits: Day 14 within 1 day, Day 28 within 3.
WEEKS = [row(day, value) for day, value in ((7, 80), (14, 20), (28, 5))]


def references(*rows: dict, who: pd.DataFrame | None = None) -> dict[str, float]:
    found = baselines(read(*rows), people() if who is None else who)
    return dict(zip(found["reference"], found["value"], strict=True))


# ---- where it started ------------------------------------------------------------------------------------------------
def test_baseline_is_the_last_before_lymphodepletion_and_pre_infusion_the_last_before_the_cells():
    rows = [row(-9, 3), row(-6, 4), row(-3, 7), row(-1, 9), row(2, 90)]
    assert references(*rows) == {"baseline": 4, "infusion": 9}


def test_a_sample_of_the_day_counts_as_before_unless_its_hour_says_otherwise():
    # lymphodepletion on Day -5 without an hour; the infusion at 10:00
    assert references(row(-6, 4), row(-5, 6))["baseline"] == 6
    assert references(row(-6, 4), row("-5T15:00", 6))["baseline"] == 6  # the dose has no hour
    assert references(row(-1, 4), row(0, 6))["infusion"] == 6
    assert references(row(-1, 4), row("0T09:59", 6))["infusion"] == 6
    assert references(row(-1, 4), row("0T10:01", 6))["infusion"] == 4


def test_where_the_dose_of_lymphodepletion_has_an_hour_the_hours_decide():
    who = people()
    who["lymphodepletion"] += timedelta(hours=9)
    assert references(row(-6, 4), row("-5T08:00", 6), who=who)["baseline"] == 6
    assert references(row(-6, 4), row("-5T09:30", 6), who=who)["baseline"] == 4


def test_without_a_date_of_lymphodepletion_there_is_no_baseline():
    assert references(row(-6, 4), row(-1, 5), who=people(lymphodepletion=None)) == {"infusion": 5}


@pytest.mark.parametrize(
    ("value", "limit", "before", "before_limit", "expected"),
    [
        (60, "", 3, "", (20, "")),
        (60, "", 1.5, "<", (40, ">")),  # it started at 1.5 or lower: 40 times or more
        (1.5, "<", 3, "", (0.5, "<")),
        (50000, ">", 5, "", (10000, ">")),
        (50000, ">", 1.5, "<", (50000 / 1.5, ">")),
        (60, "", 20, ">", (3, "<")),
        (1.5, "<", 1.5, "<", (None, "")),  # anything is possible
        (60, "", 0, "", (None, "")),
        (60, "", None, "", (None, "")),
    ],
)
def test_a_multiple_from_a_limit_is_a_bound_and_never_a_number(value, limit, before, before_limit, expected):
    frame = pd.DataFrame({"v": [value], "l": [limit], "b": [before], "bl": [before_limit]}).astype({"b": float})
    quotient, bound = fold(frame["v"], frame["l"], frame["b"], frame["bl"])
    assert (None if pd.isna(quotient[0]) else pytest.approx(quotient[0]), bound[0]) == expected


# ---- the maximum -----------------------------------------------------------------------------------------------------
def test_the_peak_is_the_first_maximum_after_the_infusion():
    found = peak(row(-1, 900), row(3, 40), row(5, 120), row(6, 120), *WEEKS)
    assert (found["value"], found["day"], found["n"], found["last_day"], found["state"]) == (120, 5, 6, 28, "final")


def test_samples_of_day_0_before_the_cells_are_no_peak():
    assert peak(row(0, 900), *WEEKS)["value"] == 80
    assert peak(row("0T09:00", 900), *WEEKS)["value"] == 80
    assert peak(row("0T18:00", 900), *WEEKS)["value"] == 900


def test_day_28_counts_and_day_29_does_not():
    assert peak(row(28, 900), row(7, 80))["value"] == 900
    assert peak(row(29, 900), *WEEKS)["value"] == 80


def test_only_blood_in_the_unit_of_the_protocol_counts():
    others = [row(3, 900, specimen="CSF"), row(3, 900, unit="ng/mL"), row(3, 900, not_done="NOT DONE")]
    others += [row(3, 900, table="lab"), row(3, float("nan"))]
    assert peak(*others, *WEEKS)["value"] == 80


@pytest.mark.parametrize(
    ("given", "value", "limit"),
    [
        ({"value": 1.5, "qualifier": "<"}, 1.5, "<"),
        ({"value": 5.0, "qualifier": "<"}, 5.0, "<"),  # a diluted sample has a limit of its own
        ({"value": 1.2}, 1.5, "<"),  # under the protocol's limit
        ({"value": 1.8, "lloq": 2.0}, 2.0, "<"),  # under the file's
        ({"value": float("nan"), "qualitative": "NOT DETECTED"}, 1.5, "<"),
        ({"value": 50000, "qualifier": ">"}, 50000, ">"),
        ({"value": 61000}, 61000, ">"),  # over the protocol's upper limit
        ({"value": 1.5}, 1.5, ""),
    ],
)
def test_a_result_beyond_a_limit_counts_at_it_and_is_marked(given, value, limit):
    found = peak(row(28, **given))
    assert (found["value"], found["limit"]) == (value, limit)


def test_of_equal_values_the_quantified_one_is_the_peak():
    found = peak(row(3, 5.0, qualifier="<"), row(5, 5.0), row(28, 2))
    assert (found["limit"], found["day"]) == ("", 5)


def test_the_peak_is_told_as_a_multiple_of_both_references():
    found = peak(row(-7, 1.5, qualifier="<"), row(-1, 4), *WEEKS)
    assert (found["baseline"], found["fold_baseline_bound"]) == (1.5, ">")
    assert found["fold_baseline"] == pytest.approx(80 / 1.5)
    assert (found["fold_infusion"], found["fold_infusion_bound"]) == (20, "")


# ---- is it final -----------------------------------------------------------------------------------------------------
def at_day(day: int):
    return CUTOFF - timedelta(days=60 - day)


@pytest.mark.parametrize(
    ("rows", "cut_off", "state", "why"),
    [
        ([row(3, 40), row(25, 900)], 60, "final", ""),  # seen to the end: Day 28 may be kept on Day 25
        ([row(3, 40), row(24, 900)], 60, "provisional", "short"),  # still rising when last seen
        ([row(3, 40), row(13, 20)], 13, "final", ""),  # lower since, 14 days (13 in the window of the visit) seen
        ([row(3, 40), row(12, 20)], 12, "provisional", "running"),
        ([row(3, 40), row(12, 20)], 60, "provisional", "short"),
        ([row(3, 40)], 3, "provisional", "running"),
        ([row(3, 1.5, qualifier="<"), row(14, 1.5, qualifier="<")], 20, "final", ""),  # never above the limit
        ([row(3, 40), row(14, 40)], 20, "provisional", "running"),  # as high again: it may go on rising
        ([row(0, 40)], 60, "excluded", "no_sample"),
        ([row(29, 40)], 60, "excluded", "no_sample"),
        ([], 60, "excluded", "no_sample"),
    ],
)
def test_a_maximum_is_final_when_nothing_higher_can_come(rows, cut_off, state, why):
    found = peak(*rows, cutoff=at_day(cut_off))
    assert (found["state"], found["why"], found["followed"]) == (state, why, cut_off)
    assert pd.isna(found["value"]) == (state == "excluded")


# ---- up to tocilizumab -----------------------------------------------------------------------------------------------
def first(*rows: dict, doses: pd.DataFrame, **more):
    return peak(*rows, doses=doses, name="il6_first", **more)


def test_the_first_dose_ends_the_search_and_makes_its_peak_final():
    rows = [row("2T06:00", 40), row("3T06:00", 60), row("4T06:00", 5000)]
    found = first(*rows, doses=dosed("3T14:00", "6T09:00"), cutoff=at_day(4))
    assert (found["value"], found["day"], found["n"], found["last_day"]) == (60, 3, 2, 3)
    assert (found["state"], found["why"]) == ("final", "")
    assert peak(*rows, doses=dosed("3T14:00"), cutoff=at_day(4))["value"] == 5000  # and overall


def test_without_a_dose_the_whole_window_counts():
    assert first(*WEEKS, doses=dosed())["value"] == 80
    assert first(*WEEKS, doses=dosed(2, drug="PARACETAMOL"))["value"] == 80
    assert first(*WEEKS, doses=dosed(2, who="A2"))["value"] == 80


def test_a_name_that_holds_the_drug_is_the_drug():
    assert first(*WEEKS, doses=dosed(10, drug="ACTEMRA (TOCILIZUMAB) 8 MG/KG"))["last_day"] == 7


def test_no_sample_before_the_dose_is_no_peak():
    found = first(row("4T06:00", 5000), row(28, 5), doses=dosed("3T14:00"))
    assert (found["state"], found["why"]) == ("excluded", "none_before") and pd.isna(found["value"])


@pytest.mark.parametrize("doses", [dosed(None), dosed(None, "6T09:00")])
def test_a_dose_without_a_day_hides_the_peak_before_it(doses):
    found = first(row("3T06:00", 40), row("5T06:00", 50), row(28, 5), doses=doses)
    assert (found["state"], found["why"]) == ("excluded", "undated") and pd.isna(found["value"])


@pytest.mark.parametrize(
    ("same_day", "expected"),
    [
        (row(4, 900), ("excluded", "unordered")),  # taken before or after the dose of 14:00?
        (row(4, 30), ("final", "")),  # whichever: it is lower than what was surely before
        (row("4T06:00", 900), ("final", "")),
    ],
)
def test_a_sample_of_the_day_of_the_dose_without_an_hour_can_hide_the_peak(same_day, expected):
    found = first(row("3T06:00", 60), same_day, row(28, 5), doses=dosed("4T14:00"))
    assert (found["state"], found["why"]) == expected


def test_a_dose_after_the_window_does_not_close_it():
    assert first(row(3, 40), doses=dosed(40))["why"] == "short"


# ---- whatever comes --------------------------------------------------------------------------------------------------
SERIES = st.lists(
    st.tuples(st.integers(1, 27), st.floats(2, 40000)), min_size=1, max_size=8, unique_by=lambda one: one[0]
)


@settings(max_examples=25, deadline=None)
@given(SERIES, st.floats(0.01, 0.99))
def test_a_later_lower_sample_never_changes_a_peak(series, share):
    rows = [row(day, value) for day, value in series]
    before = peak(*rows)
    after = peak(*rows, row(28, before["value"] * share))
    for name in ("value", "day", "limit"):
        assert before[name] == after[name]
    assert after["state"] == "final"


@settings(max_examples=25, deadline=None)
@given(SERIES, st.integers(1, 28))
def test_the_peak_up_to_a_dose_is_never_above_the_overall_peak(series, day):
    rows = [row(one, value) for one, value in series]
    overall, before = peak(*rows), first(*rows, doses=dosed(day))
    assert pd.isna(before["value"]) or before["value"] <= overall["value"]
