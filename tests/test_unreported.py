"""Severe laboratory values that no event tells. ALT: ULN 40, grade 3 above 200. Infusion Day 0, chemotherapy -5."""

import pytest
from lab_frames import labs, result
from trial_frames import ALT, LYMPHOCYTES, NEUTROPHILS, end_of, event, events, subject, subjects

from clinical.lab_grades import graded
from clinical.unreported import ENGLISH, unreported

WHO = subjects(subject("A1", lymphodepletion=-5))
NORMAL, SEVERE = result(30, -8), 210


def found(*results, told=(), who=WHO, baseline=(NORMAL,), cutoff=40):
    return unreported(who, labs(*baseline, *results), events(*told), end_of(cutoff))


def codes(*results, told=(), **more):
    return [one.said.code for one in found(*results, told=told, **more)]


RUN = (result(SEVERE, 5), result(SEVERE, 7), result(100, 9))


def test_a_run_that_nobody_reports_is_one_question_with_its_evidence():
    (one,) = found(*RUN)
    assert one.said.say(ENGLISH) == f"{ALT} grade 3 from Day 5 to 7, no adverse event"
    assert (one.sure, one.low, one.high, one.scale) == (True, 3, 3, "CTCAE 5.0")
    assert [(each.value, each.source_row) for each in one.evidence] == [("210 U/L", 2), ("210 U/L", 3)]
    assert one.key == f"A1 ALT {ALT} 2026-03-06"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([event(ALT, 3, 5, 7)], []),
        ([event("丙氨酸氨基转移酶升高", 3, 5, 8)], []),
        ([event(ALT, 3, 8, 20)], []),  # reported on the day after the last sample
        ([event(ALT, 3, 9, 20)], ["no_event"]),
        ([event(ALT, 3, 1, 4), event(ALT, 4, 5, None)], []),
        ([event(ALT, 3, 1, 3)], ["no_event"]),
        ([event(ALT, 3, 5, 6)], []),  # ended on the day before the last severe sample
        ([event(ALT, 3, 5, 5)], ["ended_before"]),
        ([event(ALT, 2, 5, 9)], ["lower_grade"]),
        ([event(ALT, None, 5, 9)], ["ungraded_event"]),
        ([event(ALT, 2, 5, 6, group="AE1"), event(ALT, 3, 6, 9, group="AE1")], []),
        ([event(NEUTROPHILS, 4, 5, 9)], ["no_event"]),
        ([event(ALT, 3, 5, 9, rel="unrelated")], []),  # reported is reported
        ([event(ALT, 3, None)], []),  # undated: it can be of these days
    ],
)
def test_an_event_of_that_name_and_grade_tells_it_to_its_end(told, expected):
    assert codes(*RUN, told=told) == expected


def test_an_uncoded_event_of_those_days_is_counted_beside():
    (one,) = found(*RUN, told=[event(None, 3, 6, 7), event(None, 3, 20, 21)])
    assert (one.said.code, one.uncoded) == ("no_event", 1)


def test_grade_3_is_severe_and_grade_2_is_not():
    assert codes(result(200, 5)) == []
    assert codes(result(201, 5)) == ["no_event"]


def test_a_result_below_parts_two_runs():
    assert codes(result(SEVERE, 5), result(100, 6), result(SEVERE, 7)) == ["no_event", "no_event"]


def test_only_from_lymphodepletion_to_the_cutoff():
    assert codes(result(SEVERE, -6)) == []
    assert codes(result(SEVERE, -5)) == ["no_event"]
    assert codes(result(SEVERE, 20), cutoff=19) == []
    assert codes(result(SEVERE, 5), who=subjects(subject("A1", infused=None, lymphodepletion=None))) == []


def test_lymphocytes_and_white_cells_after_lymphodepletion_are_expected():
    low = [result(0.05, 3, code) for code in ("LYM", "WBC")]
    assert codes(*low, result(0.3, 3, "NEUT"), told=[event(LYMPHOCYTES, 4, 3)]) == ["no_event"]  # the neutrophils


def test_what_is_missing_leaves_the_question_open_and_is_named():
    (one,) = found(result(SEVERE, 5), baseline=())
    assert (one.sure, one.low, one.high, one.missing) == (False, 0, 3, ("baseline",))
    assert codes(result(39, 5), baseline=()) == []
    assert codes(result(SEVERE, 5, range_high=None, range_low=None)) == []  # without a range each would be one
    assert codes(result(500, 5, unit="furlong")) == []


def test_haemoglobin_and_both_ends_of_sodium_are_looked_at():
    sodium = {"unit": "mmol/L", "range_low": 135.0, "range_high": 145.0}
    low, high = result(119, 5, "SODIUM", **sodium), result(158, 9, "SODIUM", **sodium)
    haemoglobin = result(75, 5, "HGB", unit="g/L", range_low=120.0, range_high=150.0)
    assert [one.term for one in found(low, high, haemoglobin)] == ["Anemia", "Hypernatremia", "Hyponatremia"]
    assert codes(haemoglobin, told=[event("Anaemia", 3, 5, 9)]) == []


def test_the_baseline_is_the_last_before_the_first_dose_in_the_same_unit():
    """From 300 (abnormal) grade 3 is above 1500; the 30 of Day -2 is no baseline."""
    rows = labs(result(300, -8), result(30, -2), result(900, 5))
    assert graded(WHO, rows)["value_baseline"].tolist() == [300.0] * 3
    assert unreported(WHO, rows, events(), end_of(40)) == ()
    other = labs(result(5, -8, unit="ukat/L", range_high=0.67), result(900, 5))
    [own, without] = graded(WHO, other).itertuples()
    assert (own.unit_baseline, without.unit_baseline) == ("ukat/L", "ukat/L")
    assert own.missing == () and without.missing == ("baseline",)


def test_nothing_is_nothing():
    assert found() == () and unreported(WHO, labs(), events(), end_of(1)) == ()
