"""ASTCT CRS: every row of the published table, both sides of its limits, and what a missing input leaves open."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.grading import crs

WELL = {
    "temperature": 36.8, "fever_in_episode": False, "fever_treated": False, "hypotension": False, "vasopressors": 0,
    "vasopressin": False, "oxygen_device": "none", "oxygen_flow": None, "other_cause": False, "death": False,
}  # fmt: skip
FEBRILE = WELL | {"temperature": 38.5}


def grade(**given):
    return crs.grade(**FEBRILE | given)


def bounds(found):
    return found.low, found.high


# ---- the table -------------------------------------------------------------------------------------------------------
PRESSURES = [
    ({}, 0),
    ({"hypotension": True}, 2),
    ({"hypotension": True, "vasopressors": 1}, 3),
    ({"hypotension": True, "vasopressors": 1, "vasopressin": True}, 3),  # "with or without vasopressin"
    ({"hypotension": True, "vasopressors": 2}, 4),
    ({"hypotension": False, "vasopressors": 1}, 3),  # held by the pressor
    ({"hypotension": True, "vasopressors": 0, "vasopressin": True}, 3),
]
OXYGEN = [
    ({}, 0),
    ({"oxygen_device": "room air"}, 0),
    ({"oxygen_device": "nasal cannula", "oxygen_flow": 6}, 2),
    ({"oxygen_device": "nasal cannula", "oxygen_flow": 6.1}, 3),
    ({"oxygen_device": "blow-by"}, 2),
    ({"oxygen_device": "high-flow nasal cannula", "oxygen_flow": 40}, 3),
    ({"oxygen_device": "face mask"}, 3),
    ({"oxygen_device": "Non-rebreather mask"}, 3),
    ({"oxygen_device": "VENTURI MASK"}, 3),
    ({"oxygen_device": "CPAP"}, 4),
    ({"oxygen_device": "BiPAP"}, 4),
    ({"oxygen_device": "intubation + mechanical ventilation"}, 4),
    ({"oxygen_device": "鼻导管", "oxygen_flow": 3}, 2),
]


@pytest.mark.parametrize(("pressure", "oxygen"), product(PRESSURES, OXYGEN))
def test_with_fever_the_grade_is_the_higher_of_two_arms_and_one_with_neither(pressure, oxygen):
    assert grade(**pressure[0], **oxygen[0]).grade == max(1, pressure[1], oxygen[1])


@pytest.mark.parametrize(("temperature", "expected"), [(37.9, 0), (37.99, 0), (38.0, 1), ((100.4 - 32) * 5 / 9, 1)])
def test_fever_begins_at_38_0(temperature, expected):
    assert grade(temperature=temperature).grade == expected


@pytest.mark.parametrize(("pressure", "oxygen"), product(PRESSURES, OXYGEN))
def test_without_fever_in_the_episode_there_is_no_crs(pressure, oxygen):
    assert crs.grade(**WELL | pressure[0] | oxygen[0]).grade == 0


@pytest.mark.parametrize("treated", [True, False])
@pytest.mark.parametrize(("pressure", "oxygen"), product(PRESSURES, OXYGEN))
def test_once_there_was_fever_the_arms_keep_the_grade_without_it(pressure, oxygen, treated):
    found = crs.grade(**WELL | {"fever_in_episode": True, "fever_treated": treated} | pressure[0] | oxygen[0])
    assert found.grade == max(pressure[1], oxygen[1])  # 0: resolved


def test_death_of_crs_is_grade_5_and_of_another_cause_is_none():
    assert crs.grade(**WELL | {"death": True}).grade == 5
    assert crs.grade(**WELL | {"death": True, "other_cause": True}).grade == 0


def test_what_another_cause_explains_is_no_crs():
    found = grade(vasopressors=2, other_cause=True)
    assert (found.grade, found.codes) == (0, ("other_cause",))


def test_the_scale_goes_with_the_grade_and_names_what_decided():
    found = grade(vasopressors=1, oxygen_device="nasal cannula", oxygen_flow=2)
    assert (found.scale, found.deciding, found.reason) == ("ASTCT 2019", ("hypotension",), "")
    assert grade(vasopressors=1, oxygen_device="face mask").deciding == ("hypotension", "hypoxia")
    assert grade().deciding == ("fever",)


# ---- what is missing -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("missing", "low", "high"),
    [
        ({"oxygen_device": None}, 1, 4),
        ({"vasopressors": None}, 1, 4),
        ({"vasopressin": None}, 1, 3),
        ({"hypotension": None}, 1, 2),
        ({"oxygen_device": "nasal cannula"}, 2, 3),
        ({"hypotension": True, "vasopressors": None}, 2, 4),
        ({"hypotension": True, "vasopressors": None, "vasopressin": True}, 3, 4),
        ({"temperature": None}, 0, 1),
        ({"temperature": None, "fever_in_episode": True}, 0, 1),
        ({"temperature": None, "vasopressors": 1}, 0, 3),
        ({"temperature": 37.0, "fever_in_episode": None, "vasopressors": 1}, 0, 3),
    ],
)
def test_a_missing_input_leaves_a_range_and_is_named(missing, low, high):
    found = grade(**missing)
    assert (found.grade, bounds(found)) == (None, (low, high))
    asked = {name for name, value in missing.items() if value is None}
    assert set(found.missing) >= asked or missing == {"oxygen_device": "nasal cannula"}
    assert found.reason


def test_what_cannot_change_the_grade_is_not_asked_for():
    """Two vasopressors are grade 4 whatever the oxygen; a temperature without earlier fever decides alone."""
    found = grade(vasopressors=2, oxygen_device=None, fever_in_episode=None, vasopressin=None, hypotension=None)
    assert (found.grade, found.missing) == (4, ())
    assert crs.grade(**WELL | {"fever_in_episode": None}).grade == 0


def test_nothing_recorded_is_no_grade_at_all():
    found = crs.grade()
    assert (found.grade, bounds(found)) == (None, (0, 4))
    assert "temperature" in found.missing


def test_fever_may_be_masked_by_treatment():
    """Oxygen after paracetamol, and no fever was ever measured."""
    found = crs.grade(**WELL | {"fever_treated": True, "oxygen_device": "face mask"})
    assert (bounds(found), found.codes) == ((0, 3), ("masked",))
    assert crs.grade(**WELL | {"fever_treated": True}).grade == 0
    found = crs.grade(**WELL | {"fever_treated": None, "oxygen_device": "face mask"})
    assert (bounds(found), found.missing) == ((0, 3), ("fever_treated",))


@pytest.mark.parametrize(
    ("temperature", "site", "expected"),
    [(37.4, "AXILLA", (0, 0)), (37.5, "AXILLA", (0, 1)), (37.9, "腋下", (0, 1)), (38.0, "AXILLA", (1, 1)),
     (37.9, "EAR", (0, 0)), (37.9, None, (0, 0))],
)  # fmt: skip
def test_the_axilla_is_cooler_than_the_core(temperature, site, expected):
    found = grade(temperature=temperature, temperature_site=site)
    assert bounds(found) == expected
    assert (found.codes == ("axillary",)) == (expected == (0, 1))


def test_a_cause_that_nobody_assessed_is_said_beside_the_grade():
    found = grade(vasopressors=1, other_cause=None)
    assert (found.grade, found.reason) == (3, "meets criteria, cause not assessed")
    assert crs.grade(**WELL | {"other_cause": None}).reason == ""


def test_what_the_scale_does_not_settle_is_marked_for_review():
    assert grade(vasopressin=True).codes == ("vasopressin_alone",)
    found = grade(oxygen_device="high flow nasal cannula", oxygen_flow=5)
    assert (bounds(found), found.codes) == ((2, 3), ("device_and_flow",))


@pytest.mark.parametrize(
    ("wrong", "named"), [({"temperature": 101.2}, "temperature"), ({"vasopressors": -1}, "vasopressors"),
                         ({"oxygen_flow": -2}, "oxygen_flow")],
)  # fmt: skip
def test_an_impossible_value_is_refused_by_name(wrong, named):
    with pytest.raises(ValueError, match=named):
        grade(**wrong)


def test_a_device_that_the_criteria_do_not_name_is_not_guessed():
    with pytest.raises(KeyError):
        grade(oxygen_device="iron lung")


# ---- properties ------------------------------------------------------------------------------------------------------
DEVICES = [("none", None), ("nasal cannula", 2), ("nasal cannula", 8), ("face mask", None), ("bipap", None)]  # rising
RISING = {
    "temperature": [36.8, 37.7, 38.0, 40.1], "fever_in_episode": [False, True], "hypotension": [False, True],
    "vasopressors": [0, 1, 2], "vasopressin": [False, True], "oxygen": range(5), "death": [False, True],
}  # fmt: skip


def of(inputs):
    inputs = dict(inputs)
    device, flow = DEVICES[inputs.pop("oxygen")] if inputs["oxygen"] is not None else (inputs.pop("oxygen"), None)
    return crs.grade(**inputs, oxygen_device=device, oxygen_flow=flow, other_cause=False)


patients = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in RISING.items()})
treated = st.sampled_from([False, True, None])


@given(patients, treated, st.sampled_from(list(RISING)))
def test_a_worse_input_never_lowers_the_grade(patient, fever_treated, name):
    found = [of(patient | {name: value, "fever_treated": fever_treated}) for value in RISING[name]]
    assert [one.low for one in found] == sorted(one.low for one in found)


@given(patients, treated, st.sets(st.sampled_from(list(RISING))))
def test_an_unknown_leaves_every_grade_possible_that_it_could_be(patient, fever_treated, unknown):
    patient |= {"fever_treated": fever_treated}
    whole, part = of(patient), of(patient | dict.fromkeys(unknown))
    assert part.low <= whole.low and whole.high <= part.high
    assert part.low == part.high or part.reason
