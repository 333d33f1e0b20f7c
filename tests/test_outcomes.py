"""What peaks are set against, on frames made by hand: best change, response, CRS grade, exposure."""

import pandas as pd
import pytest
from cytokine_frames import CUTOFF, people, row
from trial_frames import CRS, PROTOCOL, event, events, protocol_with

from clinical.outcomes import outcomes

READER, OTHER = "INVESTIGATOR", "INDEPENDENT ASSESSOR"


def scan(day: int, value: float, reader: str = READER, **more) -> dict:
    lesion = {"table": "lesion", "unit": "mm", "evaluator": reader, "standard": None, "text": None}
    return row(day, value, code="SUMDIAM", **(lesion | more))


def said(day: int, response: str, reader: str = READER, **more) -> dict:
    told = {"table": "response", "code": "OVRLRESP", "unit": None, "evaluator": reader}
    return row(day, float("nan"), **(told | {"standard": response, "text": response} | more))


def tumour(*rows: dict) -> pd.DataFrame:
    columns = list(scan(0, 1))
    return pd.DataFrame(list(rows) or None, columns=columns).astype({"rel_day": "Int64", "value": float})


def therapies(**of_a1) -> pd.DataFrame:
    made = {"usubjid": "A1", "bridged": pd.NaT, "next_therapy": pd.NaT, "next_undated": False} | of_a1
    frame = pd.DataFrame([made])
    return frame.astype(dict.fromkeys(("bridged", "next_therapy"), "datetime64[us]"))


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(2026, 3, 1) + pd.Timedelta(days=number)


EXPOSURE = ["subject", "parameter", "end", "value", "unit", "state", "why", "last", "followed"]


def exposed(
    parameter: str, value: float | None, state: str, why: str = "", last: int = 28, followed: int = 60
) -> pd.DataFrame:
    end = 28 if parameter == "AUCINT" else pd.NA
    return pd.DataFrame([("A1", parameter, end, value, "copies/ug", state, why, last, followed)], columns=EXPOSURE)


def outcome(
    name: str, *, rows=(), ae=(), therapy=None, exposure=None, who=None, cutoff=CUTOFF, protocol=PROTOCOL, **more
):
    found = outcomes(
        people() if who is None else who,
        tumour(*rows),
        events(*ae),
        therapies() if therapy is None else therapy,
        pd.DataFrame(columns=EXPOSURE) if exposure is None else exposure,
        protocol,
        cutoff,
        **more,
    )
    return found[found["outcome"] == name].iloc[0]


def is_said(found, value) -> bool:
    return found["state"] == "final" and found["value"] == pytest.approx(value)


def is_excluded(found, why: str) -> bool:
    return found["state"] == "excluded" and found["why"] == why and pd.isna(found["value"])


# ---- best change -----------------------------------------------------------------------------------------------------
def test_best_change_is_the_smallest_sum_against_the_last_scan_before_lymphodepletion():
    # Day -3 lies after the start of lymphodepletion (Day -5) and is no baseline: 60 to 42 is -30 %
    rows = [scan(-20, 50), scan(-6, 60), scan(-3, 66), scan(28, 45), scan(56, 42)]
    found = outcome("change", rows=rows)
    assert is_said(found, -30) and found["day"] == 56 and found["unit"] == "%"


def test_a_scan_before_the_end_of_bridging_is_no_baseline():
    rows = [scan(-20, 50), scan(28, 45)]
    assert is_excluded(outcome("change", rows=rows, therapy=therapies(bridged=day(-15))), "no_baseline")
    assert is_said(outcome("change", rows=[*rows, scan(-7, 60)], therapy=therapies(bridged=day(-15))), -25)


def test_only_the_reader_of_the_protocol_counts():
    assert is_said(outcome("change", rows=[scan(-6, 60), scan(28, 45), scan(28, 30, OTHER)]), -25)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, -50),
        ({"rows": [said(28, "PD")]}, -10),  # a new lesion on Day 28: shrinkage after it is none
        ({"therapy": therapies(next_therapy=day(40))}, -10),
        ({"therapy": therapies(next_therapy=day(56))}, -50),  # a scan of that day is before it
    ],
)
def test_scans_count_until_progression_or_another_therapy(more, expected):
    rows = [scan(-6, 60), scan(28, 54), scan(56, 30), *more.get("rows", ())]
    assert is_said(outcome("change", **more | {"rows": rows}), expected)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "no_sizes"),
        ([scan(-6, 60, who="A2")], "no_scan"),
        ([scan(-6, 60, who="A2"), said(28, "NON-CR/NON-PD")], "no_measurable_disease"),
        ([scan(-6, 60)], "no_scan_after_baseline"),
        ([scan(28, 60)], "no_baseline"),
        ([scan(-6, 60), scan(28, 50), scan(28, 51)], "two_sums"),
    ],
)
def test_a_change_that_cannot_be_said_has_its_reason(rows, why):
    assert is_excluded(outcome("change", rows=rows), why)


def test_without_a_date_of_lymphodepletion_there_is_no_baseline_scan():
    who = people(lymphodepletion=None)
    assert is_excluded(outcome("change", rows=[scan(-6, 60), scan(28, 50)], who=who), "no_baseline")


# ---- response --------------------------------------------------------------------------------------------------------
# Confirmation after 28 days, SD from Day 25, first scan due by Day 31 (protocol file).
@pytest.mark.parametrize(
    ("visits", "value", "words"),
    [
        ([(28, "PR"), (56, "PR")], 1, "PR"),
        ([(28, "CR"), (56, "CR")], 1, "CR"),
        ([(28, "PR"), (42, "SD")], 0, "SD"),  # it cannot be confirmed any more
        ([(28, "PR"), (42, "PD")], 0, "SD"),
        ([(28, "SD")], 0, "SD"),
        ([(28, "NON-CR/NON-PD")], 0, "NON-CR/NON-PD"),
        ([(28, "PD")], 0, "PD"),
    ],
)
def test_a_responder_is_one_whose_response_is_confirmed(visits, value, words):
    found = outcome("response", rows=[said(*one) for one in visits])
    assert is_said(found, value) and found["words"] == words


@pytest.mark.parametrize(
    "visits", [[(28, "PR")], [(28, "PR"), (42, "NE")], [(28, "SD"), (56, "PR")], [(28, "CR"), (45, "CR")]]
)
def test_a_response_that_can_still_be_confirmed_waits(visits):
    rows = [said(*one) for one in visits]
    assert is_excluded(outcome("response", rows=rows), "awaiting")
    # After death or another therapy nothing confirms it.
    assert outcome("response", rows=rows, who=people(death=59))["value"] == 0
    assert outcome("response", rows=rows, therapy=therapies(next_therapy=day(58)))["value"] == 0


def test_without_an_assessment_it_is_too_early_or_never_assessed_and_no_answer_either_way():
    others = [said(28, "SD", who="A2")]
    early = CUTOFF - pd.Timedelta(days=29)  # Day 31
    assert is_excluded(outcome("response", rows=others, cutoff=early), "too_early")
    assert is_excluded(outcome("response", rows=others, cutoff=early + pd.Timedelta(days=1)), "never_assessed")
    assert is_excluded(outcome("response", rows=others, cutoff=early, who=people(death=20)), "never_assessed")
    assert is_excluded(outcome("response"), "no_responses")
    late = outcome("response", rows=[said(56, "PR")], therapy=therapies(next_therapy=day(40)))
    assert is_excluded(late, "never_assessed")


def test_not_evaluable_and_contradictions_are_no_answer():
    assert is_excluded(outcome("response", rows=[said(28, "NE")]), "not_evaluable")
    assert is_excluded(outcome("response", rows=[said(28, "PR"), said(28, "SD")]), "conflicting")
    assert is_excluded(outcome("response", rows=[said(28, "BETTER")]), "conflicting")


def test_a_reported_best_response_is_taken_where_the_protocol_names_it():
    told = protocol_with('evaluator = "INVESTIGATOR"', 'evaluator = "INVESTIGATOR"\nbest_code = "BOR"')
    for word, value in (("CR", 1), ("PR", 1), ("SD", 0), ("PD", 0)):
        assert is_said(outcome("response", rows=[said(28, word, code="BOR")], protocol=told), value)
    both = [said(28, "CR", code="BOR"), said(28, "PD", code="BOR")]
    assert is_excluded(outcome("response", rows=both, protocol=told), "conflicting")


# ---- cytokine release syndrome ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ae", "value"),
    [
        ([event(CRS, 1, 2), event(CRS, 3, 4), event(CRS, 2, 6)], 3),
        ([event("Nausea", 3, 4)], 0),
        ([event(CRS, 2, 28), event(CRS, 4, 29)], 2),  # what begins after the window is not of it
        ([event(CRS, 1, 3), event(None, 2, 5)], 1),
        ([event(None, 2, 40)], 0),  # uncoded, after the window
        ([event(CRS, 2, 3), event(CRS, 1, "2026-03")], 2),  # whenever it was, it is no higher
    ],
)
def test_the_grade_of_crs_is_the_highest_of_the_window_and_0_where_none_was_reported(ae, value):
    found = outcome("crs", ae=ae)
    assert is_said(found, value)


@pytest.mark.parametrize(
    ("ae", "why"),
    [
        ([], "no_events"),
        ([event(CRS, None, 3)], "crs_ungraded"),
        ([event(CRS, 2, 3), event(CRS, None, 5)], "crs_ungraded"),
        ([event(CRS, 3, "2026-03")], "crs_undated"),  # Day 0 to 30
        ([event(CRS, 3, None)], "crs_undated"),
        ([event(None, 2, 3)], "uncoded"),  # perhaps it was CRS
    ],
)
def test_a_grade_that_cannot_be_said_is_not_0(ae, why):
    assert is_excluded(outcome("crs", ae=ae), why)


def test_a_grade_is_not_final_before_the_window_is_over_and_seen():
    ae, early = [event(CRS, 2, 3)], CUTOFF - pd.Timedelta(days=43)  # Day 17
    running = outcome("crs", ae=ae, cutoff=early)
    assert (running["value"], running["state"], running["why"]) == (2, "provisional", "running")
    unseen = outcome("crs", ae=ae, who=people(last_assessed=20))
    assert (unseen["state"], unseen["why"]) == ("provisional", "unseen")
    assert is_said(outcome("crs", ae=ae, who=people(last_assessed=20), visits_recorded=False), 2)
    assert is_said(outcome("crs", ae=ae, who=people(death=10, last_assessed=10), cutoff=early), 2)


# ---- exposure --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "exposure", "state", "value", "why"),
    [
        ("cmax", exposed("CMAX", 800.0, "complete"), "final", 800, ""),
        ("cmax", exposed("CMAX", 800.0, "provisional", "short", 5), "provisional", 800, "cmax_provisional"),
        ("cmax", exposed("CMAX", None, "never quantifiable"), "final", 0, ""),
        ("auc", exposed("AUCINT", 9000.0, "complete"), "final", 9000, ""),
        ("auc", exposed("AUCINT", 9000.0, "incomplete", "not sampled", 14), "provisional", 9000, "auc_incomplete"),
        ("auc", exposed("AUCINT", None, "never quantifiable"), "final", 0, ""),
        # Loss of the cells and absence of sampling are different things.
        ("auc", exposed("AUCINT", None, "never quantifiable", last=14), "excluded", None, "auc_incomplete"),
        ("auc", exposed("AUCINT", None, "provisional", "none so far", 3, 3), "provisional", None, "auc_too_early"),
        ("auc", exposed("AUCINT", None, "provisional", "none so far", 3), "provisional", None, "auc_incomplete"),
        ("auc", exposed("AUCINT", None, "not said", "time 0"), "excluded", None, "no_time_0"),
        ("cmax", None, "excluded", None, "no_exposure"),
    ],
)
def test_only_complete_areas_and_final_maxima_are_correlated(name, exposure, state, value, why):
    found = outcome(name, exposure=exposure)
    assert (found["state"], found["why"]) == (state, why)
    assert pd.isna(found["value"]) if value is None else found["value"] == value
