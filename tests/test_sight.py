"""Which rows the days in sight hold, by hand. Infused on 1 March 2026 at 10:30: on the axis a calendar day d runs from
d - 0.4375 to d + 0.5625."""

import math
from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import text_of
from test_patient_page import asked, of

from clinical.episodes import DayAxis
from clinical.sight import EVER, Days, seen
from dashboard import patient_sections, patient_sight
from dashboard.view import View

DAY0 = datetime(2026, 3, 1, 10, 30)
AXIS, WHOLE = DayAxis(DAY0, True), DayAxis(datetime(2026, 3, 1), False)
MONTH = Days(-7.4375, 28.5625)


def at(day: float | None) -> pd.Timestamp:
    return pd.NaT if day is None else pd.Timestamp(DAY0 + timedelta(days=day))


def date_of(day: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    midnight = pd.Timestamp(2026, 3, 1) + pd.Timedelta(days=day)
    return midnight, midnight + pd.Timedelta(days=1, seconds=-1)


def rows(*spans, of="measured") -> pd.DataFrame:
    names = {"measured": ["first", "last"], "events": ["aestdtc_earliest", "aeendtc_latest"]}[of]
    return pd.DataFrame(list(spans), columns=names).astype("datetime64[us]")


def kept(days: Days, *spans, of="measured", axis=AXIS) -> list[int]:
    return seen(rows(*spans, of=of), of, axis, days).rows.index.tolist()


@pytest.mark.parametrize(
    ("span", "inside"),
    [
        (date_of(28), True), (date_of(29), False), (date_of(-7), True), (date_of(-8), False),
        ((at(28.5), at(28.5)), True), ((at(28.6), at(28.6)), False), ((at(-7.5), at(-7.5)), False),
        ((date_of(20)[0], date_of(40)[1]), True),  # a month that can mean a day in sight
    ],
)  # fmt: skip
def test_day_minus_7_to_28_are_whole_days(span, inside):
    assert bool(kept(MONTH, span)) == inside


def test_where_the_infusion_has_no_time_a_day_stands_on_its_number():
    month = Days(WHOLE.end_of_day(-8), WHOLE.end_of_day(28))
    assert (month.low, month.high) == (-7.5, 28.5)
    assert kept(month, date_of(-8), date_of(-7), date_of(28), date_of(29), axis=WHOLE) == [1, 2]


def test_an_event_is_in_sight_while_it_lasts_and_without_end_for_ever():
    spans = [(at(-20), at(-10)), (at(-20), at(0)), (at(-20), None), (at(30), None)]
    assert kept(MONTH, *spans, of="events") == [1, 2]


def test_a_row_without_a_day_is_always_in_sight_and_counted():
    found = seen(rows((None, None), (at(100), at(100)), (at(1), at(1))), "measured", AXIS, MONTH)
    assert (found.rows.index.tolist(), found.outside, found.undated) == ([0, 2], 1, 1)


def test_without_an_axis_or_for_all_days_nothing_is_left_out():
    spans = [(at(-400), at(-400)), (at(400), at(400))]
    assert kept(MONTH, *spans, axis=None) == [0, 1] == kept(EVER, *spans)


@given(
    low=st.floats(-50, 50), length=st.floats(0, 50),
    spans=st.lists(st.tuples(st.floats(-60, 60), st.floats(0, 30)), max_size=12),
)  # fmt: skip
def test_every_row_is_in_sight_or_counted_and_what_lies_inside_is_in_sight(low, length, spans):
    frame = rows(*[(at(start), at(start + lasts)) for start, lasts in spans])
    found = seen(frame, "measured", AXIS, Days(low, low + length))
    assert len(found.rows) + found.outside == len(frame)
    inside = [i for i, (a, b) in enumerate(spans) if low + 1e-3 < a and a + b < low + length - 1e-3]
    assert set(inside) <= set(found.rows.index)


# ---- on the screen ---------------------------------------------------------------------------------------------------
def test_the_tables_of_102_follow_the_period(trial):
    """Cough of Day -42 and arthralgia of Day 150 are out of Day -7 to 28, and in all periods."""
    request = asked(trial, "102")
    told = text_of(patient_sections.events(request, of(trial, "102")))
    assert "Rows of Day -7 to 28; " in told and "rows outside: 2 ,  show all" in told and "Arthralgia" not in told
    every = text_of(patient_sections.events(asked(trial, "102", period="all"), of(trial, "102")))
    assert "Arthralgia" in every and "rows outside" not in every


def test_the_tables_follow_the_axis_that_the_reader_moved(trial):
    """302 has five laboratory days from Day 12 to 17: 12, 13, 14, 15 and 17; ALT is in each."""
    request = asked(trial, "302", zoom="patient-stack.xaxis_11.6_17.5")
    told = text_of(patient_sections.measured(request, of(trial, "302")))
    assert "Rows of Day 11.6 to 17.5" in told
    found = patient_sight.in_sight(request.view, of(trial, "302"), "measured").rows
    alt = found[found["code"] == "ALT"]
    assert alt["rel_day"].tolist() == [12, 13, 14, 15, 17]


def test_all_rows_are_shown_on_demand_with_the_way_back(trial):
    request = asked(trial, "102", outside="shown")
    told = text_of(patient_sections.events(request, of(trial, "102")))
    assert "All rows, whatever days are in sight." in told and "Arthralgia" in told
    assert patient_sight.words(request.view, of(trial, "102"), request.say) == ""


def test_grades_of_what_is_in_sight_are_those_of_the_whole_course(trial):
    """The baseline of ALT lies before the days in sight: the grade rests on it none the less."""
    request, course = asked(trial, "302", zoom="patient-stack.xaxis_16_17.5"), of(trial, "302")
    told = text_of(patient_sections.measured(request, course))
    assert "216 U/L" in told and course.grades.loc[course.measured["value"].eq(216), "low"].tolist() == [3]


def test_who_was_not_infused_sees_every_row(trial):
    request, course = asked(trial, "306"), of(trial, "306")
    assert patient_sight.days(request.view, course) == EVER
    assert len(patient_sight.in_sight(request.view, course, "measured").rows) == len(course.measured)


def test_the_days_are_those_of_the_address():
    course = type("Infused", (), {"axis": AXIS})
    assert patient_sight.days(View(page="patient"), course) == MONTH
    assert patient_sight.days(View(page="patient", period="hours"), course) == Days(-0.1, 3.06)
    assert patient_sight.days(View(page="patient", period="all"), course) == Days(-math.inf, math.inf)
    assert patient_sight.days(View(page="patient", zoom="other.xaxis_1_2"), course) == MONTH


def test_the_file_holds_what_the_table_shows_and_says_so(client, trial):
    whole = client.get("/export/patient-events.csv?subject=XKDCT293-01-102&period=all").text
    month = client.get("/export/patient-events.csv?subject=XKDCT293-01-102").text
    assert "Arthralgia" in whole and "Arthralgia" not in month
    assert "XKDCT293-01-102; Day -7 to 28" in month and "Day -7" not in whole
    moved = client.get(
        "/export/patient-measurements.csv?subject=XKDCT293-01-302&zoom=patient-stack.xaxis_16.2_17.5"
    ).text
    assert "Day 16.2 to 17.5" in moved and ",216.0," in moved and ",251.0," not in moved
