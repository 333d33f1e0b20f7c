"""Events as steps on the axis of days. Day 0 of the frames is 1 March 2026, infused at 10:00 unless told.

A calendar day d then runs from d - 10/24 to d + 14/24 on the axis: Day 3 from 2.583 to 3.583.
"""

from datetime import datetime, timedelta

import pytest
from trial_frames import ALT, CRS, end_of, event, events, moment

from clinical.episodes import DayAxis, episodes, of_terms

AXIS = DayAxis(moment(0, 10), timed=True)
WHOLE = DayAxis(moment(0), timed=False)
MORNING, NIGHT = 10 / 24, 14 / 24  # of a day before and after ten o'clock


def found(*rows, axis=AXIS, to=40, ends_recorded=True):
    return episodes(events(*rows), axis, end_of(to), ends_recorded=ends_recorded)


def spans(one):
    return [(step.grade, pytest.approx(step.start), pytest.approx(step.end)) for step in one.steps]


def test_a_change_of_grade_is_a_step_of_the_same_event():
    """201 of the simulated trial: CRS 2 on Days 3-5, 3 on 6-8, 4 (DLT) on 9-11, 2 on 12-13, 1 on 14-16."""
    days = [(2, 3, 5), (3, 6, 8), (4, 9, 11), (2, 12, 13), (1, 14, 16)]
    rows = [
        event(CRS, grade, start, end, group="AE3", aeser="Y", aedlt="Y" if grade == 4 else None)
        for grade, start, end in days
    ]
    [one] = found(*rows)
    assert spans(one) == [(grade, start - MORNING, end + NIGHT) for grade, start, end in days]
    assert [(step.day, step.last_day, step.dlt) for step in one.steps] == [
        (3, 5, False), (6, 8, False), (9, 11, True), (12, 13, False), (14, 16, False),
    ]  # fmt: skip
    assert (one.peak, one.serious, one.dlt, one.goes_on, one.last_day) == (4, True, True, False, 16)


def test_an_event_without_end_goes_on_to_the_cut_off_and_not_past_it():
    """303: CRS 2 on Day 2, no end, cut off at the end of Day 3."""
    [one] = found(event(CRS, 2, 2), to=3)
    assert spans(one) == [(2, 2 - MORNING, 3 + NIGHT)]
    assert one.goes_on and not one.steps[0].in_doubt
    assert one.last_day == 2  # its rows speak of Day 2; the cut-off is no entry


def test_a_row_without_end_ended_when_the_next_began():
    [one] = found(event(CRS, 1, 2, group="A"), event(CRS, 2, 4, 5, group="A"))
    assert spans(one) == [(1, 2 - MORNING, 4 - MORNING), (2, 4 - MORNING, 5 + NIGHT)]
    assert not one.steps[0].goes_on


def test_a_time_of_day_is_kept():
    [one] = found(event(CRS, 2, "2T18:00", "3T12:00"))
    assert spans(one) == [(2, pytest.approx(2 + 8 / 24), 3 + 2 / 24)]


def test_a_month_is_drawn_over_all_it_can_mean():
    """April is Day 31 to 60; the event ended on Day 45, so that it began by then."""
    [one] = found(event(ALT, 1, "2026-04", 45), to=80)
    [step] = one.steps
    assert (step.start, step.sure_start) == (pytest.approx(31 - MORNING), pytest.approx(45 + NIGHT))
    assert (step.sure_end, step.end) == (step.sure_start, pytest.approx(45 + NIGHT))
    assert step.in_doubt


def test_a_month_that_is_not_over_ends_at_the_cut_off():
    [one] = found(event(ALT, 1, "2026-04"), to=40)
    [step] = one.steps
    assert (step.start, step.sure_start, step.end) == tuple(
        pytest.approx(day) for day in (31 - MORNING, 40 + NIGHT, 40 + NIGHT)
    )
    assert step.goes_on


def test_an_end_known_to_the_month_is_pale_from_its_first_day():
    [one] = found(event(ALT, 1, 5, "2026-04"), to=80)
    [step] = one.steps
    assert (step.sure_start, step.sure_end, step.end) == tuple(
        pytest.approx(day) for day in (5 - MORNING, 31 - MORNING, 60 + NIGHT)
    )


def test_an_event_that_is_over_since_nobody_knows_when_is_sure_on_its_first_day_only():
    [one] = found(event(ALT, 3, 5, None, aeout="RECOVERED/RESOLVED"), to=20)
    [step] = one.steps
    assert (step.sure_end, step.end) == (pytest.approx(5 + NIGHT), pytest.approx(20 + NIGHT))
    assert (step.goes_on, step.end_unknown) == (False, True)


def test_where_a_trial_records_no_ends_nothing_is_said_to_go_on():
    [one] = found(event(CRS, 2, 9), axis=WHOLE, to=30, ends_recorded=False)
    [step] = one.steps
    assert (step.start, step.sure_end, step.end) == (8.5, 9.5, pytest.approx(30.5))
    assert (step.goes_on, step.end_unknown) == (False, True)


def test_an_undated_event_has_no_steps_and_stands_last():
    first, second = found(event(ALT, 2, None), event(CRS, 1, 3, 4))
    assert (first.term, second.term, second.steps) == (CRS, ALT, ())


def test_severity_is_no_grade_and_a_missing_grade_is_none():
    [one] = found(event(ALT, None, 3, 4, aesev="SEVERE"))
    assert (one.peak, one.steps[0].grade, one.steps[0].severity) == (None, None, "SEVERE")


def test_an_end_before_the_onset_does_not_turn_a_bar_round():
    [one] = found(event(ALT, 1, "8T20:00", "8T08:00"))
    assert one.steps[0].start == one.steps[0].end


def test_events_out_of_one_row_of_a_wide_file_are_several():
    """The published CD22 patients: CRS and HLH of one patient stand in one row of the table of subjects."""
    rows = events(event(CRS, 2, 9), event("Haemophagocytic lymphohistiocytosis", None, 22)).assign(source_row=14)
    assert [one.term for one in episodes(rows, AXIS, end_of(30), ends_recorded=True)] == [
        CRS,
        "Haemophagocytic lymphohistiocytosis",
    ]


def test_terms_are_found_without_regard_to_case_and_only_where_coded():
    every = found(event("CYTOKINE RELEASE SYNDROME", 1, 2, 3), event(None, 1, 4, 5, aeterm=CRS))
    assert [one.steps[0].day for one in of_terms(every, (CRS,))] == [2]


@pytest.mark.parametrize(
    ("when", "at"),
    [
        (datetime(2026, 3, 1, 10), 0.0),
        (datetime(2026, 3, 3, 18, 10), 2 + 490 / 1440),  # 8 h 10 min after ten o'clock
        (datetime(2026, 2, 28, 10), -1.0),
    ],
)
def test_a_moment_stands_where_it_is(when, at):
    assert AXIS.at(when) == pytest.approx(at)


def test_a_date_is_its_whole_day():
    last = datetime(2026, 3, 4, 23, 59, 59)
    assert AXIS.after(last) == AXIS.at(last + timedelta(seconds=1)) == AXIS.end_of_day(3)
    assert (WHOLE.at(datetime(2026, 3, 4)), WHOLE.after(last)) == (2.5, 3.5)  # Day 3, half a day to either side
    assert (AXIS.day(last), AXIS.day(datetime(2026, 2, 28, 23))) == (3, -1)
