"""The rows of laboratory values of grade 3 or more under the adverse events, in the trial of the simulator."""

from dataclasses import replace

import pytest
from test_patient_page import axis_of, drawn, of, of_panel

from clinical.course import Course
from clinical.sentence import Sentence
from dashboard.figures.panels import Shown
from dashboard.figures.readings import at_the_last
from dashboard.figures.stack_events import adverse_events
from dashboard.grading_labs import labs_of
from dashboard.labels import speaker
from queries.subjects import subjects

MORNING = 0.4375  # d: infused at 10:30, so that a day begins 10.5 h before its number on the axis


def lab_bars(made) -> list[tuple[float, float]]:
    return [
        (base, base + length)
        for one in of_panel(made, "events")
        if one.name == "lab"
        for base, length in zip(one.base, one.x, strict=True)
    ]


@pytest.mark.parametrize(
    "who, first, last, label", [("302", 12, 17, "ALT increased"), ("201", 11, 11, "FIBRINO decreased")]
)
def test_a_severe_value_without_an_event_is_a_row_to_its_last_sample(trial, who, first, last, label):
    made = drawn(trial, who)
    # From the midnight before the first sample's day to the one after the last sample's.
    assert lab_bars(made) == [(pytest.approx(first - MORNING), pytest.approx(last + 1 - MORNING))]
    assert (
        label in axis_of(made, "events").ticktext[-1] and "(lab, not reported)" in axis_of(made, "events").ticktext[-1]
    )
    number = len(axis_of(made, "events").ticktext) - 1
    outline = next(one for one in made.figure.layout.shapes if one.type == "rect" and one.line.dash == "dot")
    assert (outline.x0, outline.x1) == (pytest.approx(first - MORNING), pytest.approx(last + 1 - MORNING))
    assert outline.y0 < number < outline.y1


def test_the_reading_says_that_the_end_is_the_last_sample(trial):
    told = next(one for one in of_panel(drawn(trial, "302"), "events") if one.name == "lab").customdata[0]
    short, term, grade, days, source = told
    assert short == "ALT increased (lab, not reported) 3" and term == "Alanine aminotransferase increased"
    assert grade == "grade 3 (CTCAE 5.0)" and days == "Day 12 to 17, the last sample at this grade"
    assert source.startswith("lb.xpt ")


def panel_of(found: Course):
    return adverse_events(found, Shown(-7.5, 28.6, speaker("zh"), "light", "zh"))


def beside(found: Course, **own) -> Course:
    return Course(**{name: getattr(found, name) for name in found.__dataclass_fields__} | own)


def test_who_has_no_event_has_the_row_all_the_same(trial):
    found = of(trial, "302")
    panel = panel_of(beside(found, events=found.events.iloc[:0]))
    assert any("ALT 升高" in one and "（检验，未报告）" in one for one in panel.yaxis["ticktext"])
    assert panel.last == ""  # nothing is reported: there is no last reported day


def test_what_may_be_severe_is_a_range_and_what_an_event_tells_in_part_is_no_row(trial):
    found = of(trial, "302")
    sure = found.unreported[0]
    open_one = replace(sure, sure=False, low=1, high=3)
    told = replace(sure, said=Sentence("lower_grade", sure.said.values | {"reported": 2}))
    own = beside(found)
    own.__dict__["unreported"] = (open_one, told)
    bars = next(one for one in panel_of(own).traces if one.get("name") == "lab")
    assert list(bars["text"]) == ["1–3"] and len(bars["base"]) == 1


def test_at_the_last_data_the_reading_column_says_it(trial):
    found = of(trial, "302")
    reads = at_the_last(panel_of(found).traces, found.axis.after(found.cutoff))
    assert "ALT 升高（检验，未报告） 3" in reads[0].value.replace(" （", "（")


def test_each_patient_has_what_the_grading_screen_lists(trial):
    cut = trial.serving().cut
    own = [one for who in subjects(cut)["subjid"] for one in of(trial, who[-3:]).unreported]
    listed = labs_of(cut).unreported
    assert listed and sorted(own, key=lambda one: one.key) == sorted(listed, key=lambda one: one.key)
