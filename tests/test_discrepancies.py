"""Derived CRS and ICANS beside the reported events: each way in which they can differ, and that they can agree."""

import pandas as pd
import pytest
from bedside_frames import given, measured, reading, vitals
from trial_frames import CRS, PROTOCOL, end_of, event, events, moment

from clinical import bedside
from clinical.discrepancies import ENGLISH, discrepancies
from clinical.toxicity_episodes import crs_assessments, episodes, icans_assessments

HOT, LOW = {"TEMP": 38.6}, {"SYSBP": 85.0}
SETTINGS = PROTOCOL.toxicity
ICANS = "Immune effector cell-associated neurotoxicity syndrome"
FEVER_DAYS = (("2T08:00", HOT), ("3T08:00", HOT | LOW), ("4T08:00", HOT), ("5T08:00", {}), ("8T08:00", {}))  # peak 2


def group(kind):
    return next(one for one in PROTOCOL.aesi if one.id == kind)


def compared(kind, assessed, *told):
    found = episodes(kind, assessed, given(), SETTINGS)
    day0 = pd.Series({"A1": pd.Timestamp(moment(0, 10))})
    return discrepancies(kind, found, assessed, events(*told), group(kind), day0, SETTINGS, end_of(30))


def crs(readings, *told, recorded=("support", "medication")):
    inputs = bedside.crs_inputs(measured(readings), given(), SETTINGS, recorded=recorded)
    return compared("crs", crs_assessments(inputs, SETTINGS), *told)


def icans(scores, *told):
    rows = [reading("ICETOT", value, when) for when, value in scores]
    return compared("icans", icans_assessments(bedside.icans_inputs(measured(rows), events(*told), SETTINGS)), *told)


def test_the_same_grade_and_onset_agree():
    assert crs(vitals(*FEVER_DAYS), event(CRS, 2, 2, 4)) == ()
    assert crs(vitals(*FEVER_DAYS), event(CRS, 1, 2, 2, group="AE1"), event(CRS, 2, 3, 4, group="AE1")) == ()
    assert crs(vitals(("2T08:00", {}))) == ()


@pytest.mark.parametrize(
    ("told", "code", "sentence"),
    [
        ([], "not_reported", "grade 2 derived from Day 2, no event reported"),
        ([event("Cytokine storm", 3, 2, 4)], "other_term",
         "grade 2 derived from Day 2, reported as Cytokine storm"),
        ([event(CRS, 1, 2, 4)], "higher", "reported grade 1, derived at least 2"),
        ([event(CRS, 3, 2, 4)], "lower", "reported grade 3, derived at most 2"),
        ([event(CRS, None, 2, 4)], "ungraded", "reported without a grade, derived 2"),
        ([event(CRS, 2, 4, 5)], "onset", "reported from Day 4, derived from Day 2"),
        ([event(CRS, 2, 0, 4)], "onset", "reported from Day 0, derived from Day 2"),
    ],
)  # fmt: skip
def test_each_difference_has_its_sentence(told, code, sentence):
    found = crs(vitals(*FEVER_DAYS), *told)
    assert [one.code for one in found] == [code]
    assert found[0].said.say(ENGLISH) == sentence
    assert found[0].higher == (None if code in ("lower", "onset") else (2, 2))
    assert found[0].deciding == (() if code == "onset" else ("hypotension",))
    assert found[0].reported == ((("ae.xpt", 1),) if told else ())


def test_one_day_of_difference_is_none_and_a_vague_onset_is_believed():
    assert crs(vitals(*FEVER_DAYS), event(CRS, 2, 3, 4)) == ()
    assert crs(vitals(*FEVER_DAYS), event(CRS, 2, "2026-03", 4)) == ()


def test_an_event_that_no_assessment_bears_out():
    assert [one.code for one in crs(vitals(("2T08:00", {}), ("3T08:00", {})), event(CRS, 1, 2, 3))] == ["not_derived"]
    assert [one.code for one in crs(vitals(("9T08:00", {})), event(CRS, 1, 2, 3))] == ["not_assessed"]


def test_the_missing_input_is_named():
    """Oxygen and pressors are recorded nowhere: fever is grade 1 to 4."""
    (found,) = crs(vitals(("2T08:00", HOT)), event(CRS, 2, 2, 3), recorded=())
    assert (found.code, found.missing) == ("open", ("vasopressors", "oxygen_device"))
    (found,) = crs([reading("SYSBP", 85, "2T08:00")])
    assert (found.code, found.missing) == ("may_be_unreported", ("temperature",))


def test_an_event_and_an_episode_further_apart_than_the_gap_are_two_things():
    found = crs(vitals(*FEVER_DAYS), event(CRS, 2, 6, 7))
    assert [one.code for one in found] == ["not_reported", "not_assessed"]


def test_death_is_reported_and_not_derived():
    assert [one.code for one in crs(vitals(*FEVER_DAYS), event(CRS, 5, 2, 4))] == ["lower"]
    pressors = icans([("2T08:00", 10)], event("Coma", None, 2, 2), event(ICANS, 5, 2, 3))
    assert pressors == ()  # grade 4 seen, 5 reported


def test_icans_reported_by_another_name():
    found = icans([("3T08:00", 6), ("4T08:00", 10)], event("Confusional state", 2, 3, 3))
    assert [one.said.say(ENGLISH) for one in found] == ["grade 2 derived from Day 3, reported as Confusional state"]
    assert icans([("3T08:00", 6), ("4T08:00", 10)], event(ICANS, 2, 3, 3)) == ()
