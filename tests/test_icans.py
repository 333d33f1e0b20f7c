"""ASTCT ICANS: every row of the published table, every ICE score, and what a missing input leaves open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.grading import icans

WELL = {
    "ice": 10, "consciousness": "awake", "seizure": "none", "motor": "none", "raised_icp": "none", "other_cause": False,
}  # fmt: skip


def grade(**given):
    return icans.grade(**WELL | given)


def bounds(found):
    return found.low, found.high


@pytest.mark.parametrize(
    ("ice", "expected"),
    [(10, 0), (9, 1), (8, 1), (7, 1), (6, 2), (5, 2), (4, 2), (3, 2), (2, 3), (1, 3), (0, 3)],
)
def test_every_ice_score_of_a_patient_who_is_awake(ice, expected):
    assert grade(ice=ice).grade == expected


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        ({"consciousness": "awake or awakens spontaneously"}, 0),
        ({"consciousness": "awakens to voice"}, 2),
        ({"consciousness": "awakens only to tactile"}, 3),
        ({"consciousness": "unarousable"}, 4),
        ({"ice": 0, "consciousness": "unarousable"}, 4),
        ({"ice": 0, "consciousness": "awake"}, 3),  # global aphasia
        ({"seizure": "resolving"}, 3),
        ({"seizure": "non-convulsive on EEG resolving with intervention"}, 3),
        ({"seizure": "prolonged"}, 4),
        ({"seizure": "repetitive"}, 4),
        ({"motor": "hemiparesis"}, 4),
        ({"motor": True}, 4),
        ({"motor": "tremor"}, 0),
        ({"motor": "myoclonus"}, 0),
        ({"raised_icp": "focal edema"}, 3),
        ({"raised_icp": "diffuse edema"}, 4),
        ({"raised_icp": "decerebrate posturing"}, 4),
        ({"raised_icp": "cranial nerve VI palsy"}, 4),
        ({"raised_icp": "papilledema"}, 4),
        ({"raised_icp": "Cushing triad"}, 4),
        ({"raised_icp": "headache"}, 0),
        ({"raised_icp": "intracranial hemorrhage"}, 0),
        ({"ice": 8, "consciousness": "awakens to voice"}, 2),
        ({"ice": 5, "seizure": "resolving"}, 3),
        ({"seizure": False, "motor": False, "raised_icp": False}, 0),
        ({"death": True}, 5),
        ({"death": True, "other_cause": True}, 0),
        ({"ice": 0, "consciousness": "unarousable", "other_cause": True}, 0),
    ],
)
def test_the_most_severe_component_decides(finding, expected):
    assert grade(**finding).grade == expected


def test_the_scale_and_the_component_go_with_the_grade():
    found = grade(ice=2, consciousness="awakens only to tactile")
    assert (found.scale, found.deciding, found.reason) == ("ASTCT 2019", ("consciousness", "ice"), "")


@pytest.mark.parametrize(
    ("missing", "low", "high", "named"),
    [
        ({"ice": None}, 0, 3, ("ice",)),
        ({"ice": None, "consciousness": "awakens to voice"}, 2, 3, ("ice",)),
        ({"consciousness": None}, 0, 4, ("consciousness",)),
        ({"ice": 0, "consciousness": None}, 3, 4, ("consciousness",)),
        ({"ice": 8, "seizure": None}, 1, 4, ("seizure",)),
        ({"motor": None}, 0, 4, ("motor",)),
        ({"raised_icp": None}, 0, 4, ("raised_icp",)),
        ({"seizure": True}, 3, 4, ("seizure",)),
        ({"raised_icp": True}, 3, 4, ("raised_icp",)),
    ],
)
def test_a_missing_input_leaves_a_range_and_is_named(missing, low, high, named):
    found = grade(**missing)
    assert (found.grade, bounds(found), found.missing) == (None, (low, high), named)
    assert found.reason


def test_ice_not_done_is_never_zero():
    found = grade(ice=None)
    assert (found.grade, found.low, found.reason) == (None, 0, "ICE not done")


def test_with_nothing_recorded_nothing_can_be_said():
    found = icans.grade()
    assert (found.grade, found.low, found.high) == (None, None, None)
    assert found.reason == "ICE not done and nothing else recorded: not evaluable"
    assert bounds(icans.grade(seizure="none")) == (0, 4)  # something was looked at


def test_sedation_says_nothing_of_consciousness():
    """An ICE score of 0 under sedation is not aphasia."""
    found = grade(ice=0, consciousness="sedated")
    assert (bounds(found), found.codes) == ((0, 4), ("not_gradable",))
    assert grade(consciousness="intubated", motor="hemiparesis").grade == 4


def test_a_cause_that_nobody_assessed_is_said_beside_the_grade():
    found = grade(ice=5, other_cause=None)
    assert (found.grade, found.reason) == (2, "meets criteria, cause not assessed")
    assert grade(other_cause=None).reason == ""


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="ice"):
        grade(ice=11)
    with pytest.raises(KeyError):
        grade(consciousness="a bit sleepy")


RISING = {
    "ice": range(10, -1, -1), "seizure": ["none", "resolving", "prolonged"], "motor": ["tremor", "paraparesis"],
    "consciousness": ["awake", "awakens to voice", "awakens only to tactile", "unarousable"],
    "raised_icp": ["none", "focal edema", "diffuse edema"], "death": [False, True],
}  # fmt: skip
patients = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in RISING.items()})


@given(patients, st.sampled_from(list(RISING)), st.sets(st.sampled_from(list(RISING))))
def test_a_worse_input_never_lowers_the_grade(patient, name, unknown):
    patient |= dict.fromkeys(unknown)
    found = [icans.grade(**patient | {name: value}, other_cause=False) for value in RISING[name]]
    lows = [one.low for one in found if one.low is not None]
    assert lows == sorted(lows)


@given(patients, st.sets(st.sampled_from(list(RISING))))
def test_an_unknown_leaves_every_grade_possible_that_it_could_be(patient, unknown):
    whole = icans.grade(**patient, other_cause=False)
    part = icans.grade(**patient | dict.fromkeys(unknown), other_cause=False)
    assert part.low is None or (part.low <= whole.low and whole.high <= part.high)
    assert part.grade is not None or part.reason
