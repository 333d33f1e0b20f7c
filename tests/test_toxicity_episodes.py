"""From readings to episodes: what an assessment is made of, and where an episode begins, peaks and ends."""

import pandas as pd
import pytest
from bedside_frames import gave, given, measured, reading, vitals
from trial_frames import PROTOCOL, event, events, moment

from clinical import bedside
from clinical.toxicity_episodes import crs_assessments, episodes, icans_assessments

SETTINGS = PROTOCOL.toxicity
BOTH = ("support", "medication")
HOT, LOW = {"TEMP": 38.6}, {"SYSBP": 85.0}
OXYGEN = gave("oxygen", "NASAL CANNULA", "3T06:00", "4T06:00", dose=3)


def inputs(readings, *drugs, recorded=BOTH):
    return bedside.crs_inputs(measured(readings), given(*drugs), SETTINGS, recorded=recorded)


def assessed(readings, *drugs, recorded=BOTH):
    return crs_assessments(inputs(readings, *drugs, recorded=recorded), SETTINGS)


def crs(readings, *drugs, recorded=BOTH):
    return episodes("crs", assessed(readings, *drugs, recorded=recorded), given(*drugs), SETTINGS)


def ranges(frame):
    return list(zip(frame["low"], frame["high"], strict=True))


# ---- assessments -----------------------------------------------------------------------------------------------------
def test_readings_of_one_moment_are_one_assessment_and_the_worst_of_each_counts():
    rows = [*vitals(("1T08:00", HOT)), reading("TEMP", 38.9, "1T08:00", place="EAR"), reading("SYSBP", 88, "1T08:00")]
    found = inputs(rows)
    assert found[["temperature", "temperature_site", "systolic", "hypotension"]].to_numpy().tolist() == [
        [38.9, "EAR", 88.0, True]
    ]


def test_the_other_reading_is_taken_within_two_hours_and_is_missing_beyond():
    near = [reading("TEMP", 38.6, "1T08:00"), reading("SYSBP", 85, "1T10:00")]
    far = [reading("TEMP", 38.6, "1T08:00"), reading("SYSBP", 85, "1T10:01")]
    assert ranges(assessed(near)) == [(2, 2), (2, 2)]
    # Alone each is a range: pressure unknown 1 to 2; temperature unknown, but fever was there 2 h before.
    assert ranges(assessed(far)) == [(1, 2), (2, 2)]


@pytest.mark.parametrize(("pressure", "low"), [(89, True), (90, False)])
def test_hypotension_is_below_the_protocols_limit(pressure, low):
    assert inputs(vitals(("1T08:00", {"SYSBP": pressure})))["hypotension"].tolist() == [low]


def test_nothing_before_the_infusion_and_no_other_unit_is_read():
    rows = [reading("TEMP", 39.0, "-1T08:00"), reading("TEMP", 102.0, "1T08:00") | {"unit": "F"}]
    assert inputs(rows).empty


def test_oxygen_and_pressors_in_force_are_counted():
    drugs = [
        OXYGEN,
        gave("oxygen", "BIPAP", "3T12:00", "3T18:00"),
        gave("vasopressor", "NOREPINEPHRINE", 3, 3),
        gave("vasopressor", "VASOPRESSIN", "3T12:00", "3T18:00"),
    ]
    found = inputs(vitals(("2T20:00", {}), ("3T08:00", {}), ("3T14:00", {}), ("4T14:00", {})), *drugs)
    assert found["oxygen_device"].tolist() == ["none", "NASAL CANNULA", "BIPAP", "none"]
    assert found["oxygen_flow"].fillna(-1).tolist() == [-1, 3, -1, -1]
    assert found["vasopressors"].tolist() == [0, 1, 1, 0]  # dated by the day: there the whole day
    assert found["vasopressin"].tolist() == [False, False, True, False]


def test_what_the_trial_does_not_record_is_not_known():
    rows = vitals(("1T08:00", HOT))
    assert ranges(assessed(rows, recorded=())) == [(1, 4)]
    assert assessed(rows, recorded=())["missing"].tolist() == [("vasopressors", "oxygen_device")]
    assert ranges(assessed(rows)) == [(1, 1)]
    assert ranges(assessed(rows, gave("oxygen", "IRON LUNG", 1))) == [(1, 4)]  # no device of the criteria
    assert ranges(assessed(rows, gave("oxygen", "CPAP", None))) == [(1, 4)]  # on no known day


def test_oxygen_without_fever_under_paracetamol_may_be_masked_crs():
    drugs = [OXYGEN, gave("antipyretic", "PARACETAMOL", 2, 4)]
    found = assessed(vitals(("3T08:00", {})), *drugs)
    assert (ranges(found), found["codes"].tolist()) == ([(0, 2)], [("masked", "cause")])
    one = crs(vitals(("3T08:00", {})), *drugs).iloc[0]
    assert (one["sure"], one["peak_low"], one["peak_high"]) == (False, 0, 2)
    assert pd.isna(one["onset"]) and pd.isna(one["peak"])
    assert crs(vitals(("3T08:00", {})), OXYGEN).empty  # no fever, nothing that hides it: no CRS


def test_tocilizumab_hides_fever_long_after_its_infusion_and_steroids_while_given():
    drugs = [gave("tocilizumab", "TOCILIZUMAB", "1T10:00", "1T11:00"), gave("steroid", "DEXAMETHASONE", 2, 3)]
    found = inputs(vitals(("1T08:00", {}), ("2T08:00", {}), ("9T08:00", {})), *drugs)
    assert found["on_board"].tolist() == [(), ("steroid", "tocilizumab"), ("tocilizumab",)]


# ---- episodes --------------------------------------------------------------------------------------------------------
def test_one_episode_from_the_first_fever_to_the_first_assessment_without_a_sign():
    """Fever Day 2, hypotension without fever on Day 3 after tocilizumab: grade 2 by the waiver. Free on Day 4."""
    rows = vitals(("1T08:00", {}), ("2T08:00", HOT), ("2T20:00", HOT), ("3T08:00", LOW), ("4T08:00", {}))
    found = crs(rows, gave("tocilizumab", "TOCILIZUMAB", "2T21:00", "2T22:00"))
    one = found.iloc[0]
    assert len(found) == 1 and one["sure"]
    assert (one["onset"], one["onset_day"]) == (moment(2, 8), 2)
    assert (one["peak"], one["peak_at"], one["deciding"]) == (2, moment(3, 8), ("hypotension",))
    assert (one["last"], one["end"], one["hours_least"], one["hours_most"]) == (moment(3, 8), moment(4, 8), 24, 48)
    assert one["improved"] == moment(4, 8)
    assert one["treatments"] == (("tocilizumab", moment(2, 21)),)


def test_an_episode_improves_when_its_peak_does_not_come_back():
    """Grades 1, 2, 1, 2, 1, 0."""
    signs = (HOT, HOT | LOW, HOT, HOT | LOW, HOT, {})
    one = crs(vitals(*((f"{day}T08:00", told) for day, told in enumerate(signs, 2)))).iloc[0]
    assert (one["peak_at"], one["improved"], one["end"]) == (moment(3, 8), moment(6, 8), moment(7, 8))


def test_an_episode_without_a_later_assessment_has_no_end():
    one = crs(vitals(("2T08:00", HOT))).iloc[0]
    assert pd.isna(one["end"]) and pd.isna(one["hours_most"]) and one["hours_least"] == 0


@pytest.mark.parametrize(("again", "count"), [("4T08:00", 1), ("4T09:00", 2)])
def test_fever_more_than_the_gap_after_the_last_sign_is_a_new_episode(again, count):
    """The gap of the protocol is 48 h."""
    found = crs(vitals(("2T08:00", HOT), ("3T08:00", {}), (again, HOT)))
    assert (len(found), found["number"].tolist()) == (count, list(range(1, count + 1)))


def test_fever_of_an_episode_that_is_over_does_not_make_a_later_hypotension_crs():
    assert len(crs(vitals(("2T08:00", HOT), ("4T08:00", LOW)))) == 1  # 48 h: the same episode, grade 2
    found = crs(vitals(("2T08:00", HOT), ("3T08:00", {}), ("5T08:00", LOW)))
    assert found["peak"].tolist() == [1]


def test_a_missing_temperature_leaves_open_whether_there_was_fever():
    rows = [reading("SYSBP", 120, "2T08:00"), *vitals(("3T08:00", LOW))]
    assert ranges(assessed(rows)) == [(0, 1), (0, 2)]
    assert assessed(rows)["missing"].tolist() == [("temperature",), ("fever_in_episode",)]


def test_patients_are_told_apart_and_an_empty_trial_has_no_episode():
    rows = [
        *vitals(("2T08:00", HOT)),
        reading("TEMP", 36.5, "2T08:00", who="B1"),
        reading("SYSBP", 80, "2T08:00", who="B1"),
    ]
    assert crs(rows)["usubjid"].tolist() == ["A1"]
    assert crs([]).empty


# ---- ICANS -----------------------------------------------------------------------------------------------------------
def icans(scores, *told, settings=SETTINGS):
    rows = [reading("ICETOT", value, when) for when, value in scores]
    return icans_assessments(bedside.icans_inputs(measured(rows), events(*told), settings))


def test_ice_alone_grades_where_findings_are_reported_by_exception():
    assert icans([("1T08:00", 10), ("2T08:00", 7), ("3T08:00", 2)])["grade"].tolist() == [0, 1, 3]
    told = SETTINGS.model_copy(update={"findings_by_exception": False})
    assert ranges(icans([("2T08:00", 7)], settings=told)) == [(1, 4)]


def test_ice_not_done_is_never_zero():
    found = icans([("2T08:00", None)])
    assert (ranges(found), found["missing"].tolist()) == ([(0, 4)], [("consciousness", "ice")])
    assert ranges(icans([("2T08:00", 0)])) == [(3, 4)]  # awake or not is not known


@pytest.mark.parametrize(
    ("term", "low", "high"),
    [("Seizure", 3, 4), ("Status epilepticus", 4, 4), ("Hemiparesis", 4, 4), ("Brain oedema", 3, 4), ("Coma", 4, 4),
     ("Somnolence", 0, 4), ("Headache", 0, 0)],
)  # fmt: skip
def test_events_of_the_day_are_findings(term, low, high):
    assert ranges(icans([("2T08:00", 10)], event(term, None, 2, 2))) == [(low, high)]
    assert ranges(icans([("2T08:00", 10)], event(term, None, 3, 4))) == [(0, 0)]


def test_episodes_of_icans():
    found = icans([("2T08:00", 10), ("3T08:00", 6), ("3T20:00", 8), ("4T08:00", 10)])
    one = episodes("icans", found, given(gave("steroid", "DEXAMETHASONE", 3, 4)), SETTINGS).iloc[0]
    assert (one["peak"], one["deciding"], one["hours_least"], one["hours_most"]) == (2, ("ice",), 12, 24)
    assert one["treatments"] == (("steroid", moment(3, 0)),)
