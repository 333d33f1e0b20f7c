"""From graded assessments to the steps that are drawn: where a grade begins and ends, and where nobody looked."""

from datetime import datetime

import pytest
from bedside_frames import gave, given, measured, reading, vitals
from trial_frames import PROTOCOL, end_of, events

from clinical.bedside import crs_inputs, icans_inputs
from clinical.derived import Derived, derived_steps
from clinical.episodes import DayAxis
from clinical.toxicity_episodes import crs_assessments, icans_assessments

AXIS = DayAxis(datetime(2026, 3, 1, 10), timed=True)
TEN = 10 / 24  # the hour of the infusion: a moment at 22:00 of Day 1 is at 1.5
LATER = end_of(60)
BOTH = ("support", "medication")
HOT, LOW = {"TEMP": 38.6}, {"SYSBP": 85.0}


def assessed(readings, *drugs, recorded=BOTH):
    inputs = crs_inputs(measured(readings), given(*drugs), PROTOCOL.toxicity, recorded=recorded)
    return crs_assessments(inputs, PROTOCOL.toxicity)


def steps(rows, *, axis=AXIS, known_to=LATER, hours=12.0):
    return derived_steps(rows, axis, known_to, hours=hours)


def spans(found):
    return [(round(one.start, 3), round(one.end, 3), one.low, one.high) for one in found]


def test_equal_grades_in_a_row_are_one_step_up_to_the_first_other_one():
    rows = assessed(vitals(("1T10:00", {}), ("1T22:00", HOT), ("2T10:00", HOT), ("2T16:00", HOT | LOW)))
    found = steps(rows)
    # well at 1.0, fever at 1.5 and 2.0, with low pressure at 2.25, which tells for 12 h
    assert spans(found) == [(1.0, 1.5, 0, 0), (1.5, 2.25, 1, 1), (2.25, 2.75, 2, 2)]
    assert [one.assessments for one in found] == [1, 2, 1]
    assert [one.deciding for one in found] == [(), ("fever",), ("hypotension",)]


def test_after_the_hours_of_the_protocol_nobody_looked():
    """12 h after the first the next one is there; 13 h after it is not: an hour without a word, and two steps."""
    touching = assessed(vitals(("1T10:00", HOT), ("1T22:00", HOT)))
    apart = assessed(vitals(("1T10:00", HOT), ("1T23:00", HOT)))
    assert spans(steps(touching)) == [(1.0, 2.0, 1, 1)]
    assert spans(steps(apart)) == [(1.0, 1.5, 1, 1), (round(1 + 13 / 24, 3), round(1.5 + 13 / 24, 3), 1, 1)]


def test_what_cannot_be_graded_is_a_range_with_what_is_missing():
    [found] = steps(assessed(vitals(("1T10:00", HOT)), recorded=()))
    assert (found.low, found.high, found.decided) == (1, 4, False)
    assert {"vasopressors", "oxygen_device"} <= set(found.codes)


def test_nothing_is_told_after_the_cut_off():
    [found] = steps(assessed(vitals(("2T22:00", HOT))), known_to=end_of(2))
    assert spans([found]) == [(2.5, round(2 + 14 / 24, 3), 1, 1)]  # midnight is 14 h after 10:00


def test_a_date_alone_tells_of_its_day():
    whole_days = DayAxis(datetime(2026, 3, 1), timed=False)
    found = steps(
        assessed([*vitals((2, HOT)), *vitals((3, {}))], gave("antipyretic", "PARACETAMOL", 9)), axis=whole_days
    )
    assert spans(found) == [(1.5, 2.5, 1, 1), (2.5, 3.5, 0, 0)]


def test_an_ice_score_that_was_not_done_is_never_grade_0():
    """Nothing but the score is recorded by exception: without it consciousness is open too."""
    scores = measured([reading("ICETOT", 10, "1T10:00"), reading("ICETOT", None, "1T22:00")])
    found = steps(icans_assessments(icans_inputs(scores, events(), PROTOCOL.toxicity)))
    assert spans(found)[0] == (1.0, 1.5, 0, 0)
    assert found[1].low == 0 and found[1].high == 4 and "ice" in found[1].codes


def test_the_peak_is_the_first_step_at_the_highest_sure_grade():
    rows = assessed(vitals(("1T10:00", HOT), ("1T20:00", HOT | LOW), ("2T06:00", HOT), ("2T12:00", HOT | LOW)))
    peak = Derived("crs", "ASTCT 2019", rows, steps(rows)).peak
    assert (peak.low, round(peak.start, 3)) == (2, round(1 + 10 / 24, 3))


def test_never_assessed_has_no_step_and_no_peak():
    nobody = assessed([])
    assert steps(nobody) == () and Derived("crs", "ASTCT 2019", nobody, ()).peak is None


@pytest.mark.parametrize("hours", [6, 24])
def test_how_long_an_assessment_tells_is_the_protocols(hours):
    [found] = steps(assessed(vitals(("1T10:00", {}))), hours=hours)
    assert spans([found]) == [(1.0, 1 + hours / 24, 0, 0)]
