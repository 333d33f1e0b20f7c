"""What was last reported of CRS: the grade that goes on, or since when it is over."""

from datetime import date

import pytest
from trial_frames import CRS, end_of, event, events, subject, subjects

from clinical.reported_state import NONE, Reported, reported_states

CUTOFF = end_of(10)
ICANS = "Immune effector cell-associated neurotoxicity syndrome"


def state(*rows: dict, kind: str = "crs", infused: int | None = 0) -> Reported:
    day0 = subjects(subject("A1", infused=infused)).set_index("usubjid")["day0"]
    return reported_states(kind, events(*rows), day0, CUTOFF).get("A1", NONE)


def day(number: int) -> date:
    return date(2026, 3, 1 + number)


def test_nothing_reported_is_no_grade():
    assert state(event("Headache", 3, 2)) == Reported("none", None)


def test_the_row_that_begins_last_says_what_an_event_has_come_to():
    """Grade 3 on Day 3 has no end of its own: Day 6 tells that it became 1."""
    rows = [event(CRS, grade, start, group="G1") for grade, start in ((2, 2), (3, 3), (1, 6))]
    assert state(*rows) == Reported("goes_on", 1, day(6))


def test_of_two_events_that_go_on_the_higher_grade_counts():
    assert state(event(CRS, 3, 2), event(CRS, 1, 5)) == Reported("goes_on", 3, day(2))


def test_an_event_without_a_grade_may_be_of_any():
    found = state(event(CRS, None, 4))
    assert found == Reported("goes_on", None, day(4)) and found.may_be_severe


@pytest.mark.parametrize(("grade", "severe"), [(1, False), (2, False), (3, True), (4, True)])
def test_severe_begins_at_grade_3(grade, severe):
    assert state(event(CRS, grade, 4)).may_be_severe is severe


def test_what_is_over_keeps_its_peak_and_its_last_day():
    rows = [event(CRS, grade, start, end, group="G1") for grade, start, end in ((2, 2, 3), (4, 4, 5), (1, 6, 8))]
    found = state(*rows)
    assert found == Reported("over", 4, day(4), day(8)) and not found.may_be_severe


def test_resolved_without_a_date_is_over_and_nobody_knows_since_when():
    assert state(event(CRS, 2, 2, aeout="RECOVERED/RESOLVED")) == Reported("over", 2, day(2), day(10), end_known=False)


def test_an_end_after_the_cut_off_has_not_happened():
    assert state(event(CRS, 2, 2, 14)).state == "goes_on"


def test_what_was_over_before_the_infusion_and_who_was_not_infused_do_not_count():
    assert state(event(CRS, 2, -4, -2)) == NONE
    assert state(event(CRS, 2, 2), infused=None) == NONE


def test_an_encephalopathy_is_graded_by_another_scale():
    assert state(event("Encephalopathy", 3, 2), kind="icans") == NONE
    assert state(event(ICANS, 2, 2), kind="icans").grade == 2
