"""What is said of an exposure: states from the dates of samples, replicates, and what a group has in common."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk.exposure import average_replicates, exposures, summary

BLQ = "BLQ"
DECLINE = {0: BLQ, 7: 800.0, 10: 1600.0, 14: 400.0}


def samples(**curves: dict) -> pd.DataFrame:
    """Samples {day: copies/ug, BLQ, or None for no result} by subject; the limit is 50."""
    rows = [
        (who, float(day), int(day), math.nan if isinstance(conc, str) or conc is None else conc, 50.0, conc == BLQ)
        for who, curve in curves.items()
        for day, conc in curve.items()
    ]
    frame = pd.DataFrame(rows, columns=["subject", "time", "rel_day", "conc", "lloq", "blq"])
    frame = frame.astype({"blq": bool})
    frame.attrs["unit"] = "copies/ug"
    return frame


def said(curve: dict, followed: int = 200, **settings) -> dict[str, tuple[str, str]]:
    """Parameter -> (state, why) of one subject; areas carry their end."""
    settings = {"days_before": {28: 3, 90: 7}} | settings
    found = exposures(samples(A=curve), {"A": followed}, **settings)
    return {f"{row.parameter}{'' if pd.isna(row.end) else row.end}": (row.state, row.why) for row in found.itertuples()}


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        # a sample on Day 25, BLQ included, completes the area to Day 28: visits may come three days early
        ({25: BLQ}, ("complete", "")),
        ({28: 60.0}, ("complete", "")),
        ({24: BLQ}, ("incomplete", "not sampled")),
        ({25: None}, ("incomplete", "not sampled")),  # a sample without a result tells nothing
        ({}, ("incomplete", "not sampled")),
    ],
)
def test_an_area_is_complete_with_a_sample_at_its_end_or_in_the_window_of_the_visit(later, expected):
    assert said(DECLINE | later)["AUCINT28"] == expected


@pytest.mark.parametrize(("followed", "why"), [(24, "too early"), (25, "not sampled")])
def test_an_area_whose_end_has_not_come_is_told_from_one_that_was_not_sampled(followed, why):
    assert said(DECLINE, followed)["AUCINT28"] == ("incomplete", why)


def test_an_incomplete_area_is_given_to_the_last_quantifiable_sample():
    found = exposures(samples(A=DECLINE), {"A": 40}).set_index(["parameter", "end"])["value"]
    # 0 to 7: 7 * 800 / 2; 7 to 10: 3 * (800 + 1600) / 2; 10 to 14 falls: 4 * 1200 / ln 4
    assert found[("AUCINT", 28)] == pytest.approx(2800 + 3600 + 4800 / math.log(4), rel=1e-12)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ({0: BLQ, 7: 800.0, 10: 400.0, 14: 90.0}, ("complete", "")),
        ({0: BLQ, 7: 800.0, 10: 400.0, 13: 90.0}, ("provisional", "short")),
        ({0: BLQ, 7: 800.0, 14: 900.0}, ("provisional", "no lower sample")),
        ({0: BLQ, 7: 800.0, 14: 800.0}, ("provisional", "no lower sample")),  # as high is not lower
        ({0: BLQ, 7: 800.0, 14: BLQ}, ("complete", "")),
        ({0: BLQ, 7: 60.0, 14: None}, ("provisional", "no lower sample")),
    ],
)
def test_a_maximum_is_final_after_a_lower_sample_and_14_days(curve, expected):
    found = said(curve)
    assert found["CMAX"] == found["TMAX"] == expected


def test_the_end_of_a_curve_is_provisional_while_the_cells_are_there():
    still, gone = said(DECLINE | {28: 60.0}), said(DECLINE | {28: BLQ})
    for name in ("CLST", "TLST", "AUCLST"):
        assert still[name] == ("provisional", "still there")
        assert gone[name] == ("complete", "")


def test_loss_of_the_cells_is_not_absence_of_samples():
    curve = {0: BLQ, 7: 90.0, 10: BLQ, 14: BLQ, 28: BLQ, 60: BLQ, 90: BLQ}
    assert said(curve)["AUCINT90"] == ("complete", "")


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ({0: BLQ, 7: BLQ, 14: BLQ, 28: BLQ}, ("never quantifiable", "")),
        ({0: BLQ, 1: BLQ, 3: BLQ}, ("provisional", "none so far")),  # on Day 3 nobody has cells to be counted yet
        ({}, ("not said", "no sample")),
        ({0: None, 7: None}, ("not said", "no sample")),
    ],
)
def test_nothing_quantifiable_has_no_value_and_is_never_zero(curve, expected):
    found = exposures(samples(A=curve), {"A": 100})
    assert found["value"].isna().all()
    assert set(zip(found["state"], found["why"], strict=True)) == {expected}


def test_without_a_sample_before_the_infusion_there_is_a_peak_and_no_area():
    found = said({7: 800.0, 14: 400.0, 28: BLQ})
    assert found["CMAX"] == ("complete", "")
    assert found["AUCLST"] == found["AUCINT28"] == ("not said", "time 0")


def test_everyone_who_was_infused_has_a_row_and_nobody_else():
    found = exposures(samples(B=DECLINE, X=DECLINE), {"C": 50, "B": 50})
    assert list(dict.fromkeys(found["subject"])) == ["C", "B"]
    assert (found.groupby("subject").size() == 7).all()


def test_no_samples_at_all_are_no_error():
    assert exposures(samples(), {}).empty
    assert set(exposures(samples(), {"A": 3})["why"]) == {"no sample"}


# ---- replicates ------------------------------------------------------------------------------------------------------
def test_replicates_are_averaged_and_blq_only_where_all_are():
    twice = pd.concat([samples(A={0: BLQ, 7: 100.0, 14: BLQ}), samples(A={0: None, 7: 300.0, 14: 80.0})])
    found = average_replicates(twice).set_index("time")
    assert found["conc"].fillna(-1).to_dict() == {0: -1, 7: 200, 14: 80}
    assert found["blq"].to_dict() == {0: True, 7: False, 14: False}


@given(st.lists(st.sampled_from([BLQ, None, 60.0, 900.0]), min_size=1, max_size=6))
def test_every_moment_is_one_row_after_averaging(results):
    frame = pd.concat([samples(A={7: one}) for one in results])
    found = average_replicates(frame)
    assert len(found) == 1
    numbers = [one for one in results if isinstance(one, float)]
    assert bool(found["blq"].iloc[0]) == (BLQ in results and not numbers)
    if numbers:
        assert min(numbers) <= found["conc"].iloc[0] <= max(numbers)


# ---- groups ----------------------------------------------------------------------------------------------------------
def test_a_group_is_summed_up_over_complete_values_and_says_who_is_missing():
    end = {14: 90.0, 28: BLQ}
    frame = samples(
        A={0: BLQ, 7: 100.0} | end, B={0: BLQ, 7: 400.0} | end, C={0: BLQ, 7: 1600.0} | end,
        N={0: BLQ, 14: BLQ, 28: BLQ}, P={0: BLQ, 7: 5000.0},
    )  # fmt: skip
    found = exposures(frame, dict.fromkeys("ABCNP", 40))
    own = summary(found, dict.fromkeys("ABCNP", "DL1")).set_index("parameter").loc["CMAX"]
    assert (own["n"], own["n_used"], own["n_never"], own["n_excluded"]) == (5, 3, 1, 1)
    # ln 100, ln 400, ln 1600 lie ln 4 apart: their mean is ln 400, their standard deviation ln 4
    assert own["geometric_mean"] == pytest.approx(400, rel=1e-12)
    assert own["geometric_cv"] == pytest.approx(100 * math.sqrt(math.exp(math.log(4) ** 2) - 1), rel=1e-12)
    assert own["subjects"] == ("A", "B", "C")


def test_fewer_than_three_are_never_averaged():
    end = {14: 90.0, 28: BLQ}
    found = exposures(samples(A={0: BLQ, 7: 100.0} | end, B={0: BLQ, 7: 400.0} | end), dict.fromkeys("AB", 40))
    own = summary(found, dict.fromkeys("AB", "DL1"))
    assert own[["geometric_mean", "geometric_cv", "median", "low", "high"]].isna().all(axis=None)
    assert (own["n_used"] == 2).sum() == 6  # all but the area to Day 90


def test_days_are_summed_up_by_their_median():
    frame = samples(**{who: {0: BLQ, day: 900.0, 20: 90.0, 28: BLQ} for who, day in {"A": 7, "B": 9, "C": 12}.items()})
    own = summary(exposures(frame, dict.fromkeys("ABC", 40)), dict.fromkeys("ABC", "DL1")).set_index("parameter")
    assert math.isnan(own.loc["TMAX", "geometric_mean"])
    assert own.loc["TMAX", ["median", "low", "high"]].tolist() == [9, 7, 12]
