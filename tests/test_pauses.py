"""The trial-level pause rules: cases on paper, and the simulated trial."""

import pytest
from trial_frames import CRS, PROTOCOL, end_of, event, events, protocol_with, subject, subjects

from clinical.pauses import ENGLISH, pauses
from queries.adverse_events import adverse_events
from queries.subjects import subjects as subjects_of

ICANS = "Immune effector cell-associated neurotoxicity syndrome"
SJS = "Stevens-Johnson syndrome"


def found(*rows, cutoff=100, protocol=PROTOCOL, people=None, **patient):
    everyone = people or [subject("A1", **patient)]
    return {one.rule.id: one for one in pauses(subjects(*everyone), events(*rows), protocol, end_of(cutoff))}


def states(*rows, **more):
    return {rule for rule, one in found(*rows, **more).items() if one.state == "met"}


def test_nothing_happened():
    shown = found()
    assert list(shown) == [one.id for one in PROTOCOL.pause_rules]
    assert {one.state for one in shown.values()} == {"not_met"}
    assert shown["two_crs_icans_4"].say(ENGLISH) == (
        "Two patients with CRS or ICANS grade 4 or more: not met, 0 of 2 patients"
    )
    assert pauses(subjects(), events(), PROTOCOL, end_of(1))[0].state == "not_met"


@pytest.mark.parametrize(
    ("rows", "patient", "met"),
    [
        # a death that no event explains: the relation is missing, and counts
        ([], {"death": 30}, {"related_death", "death_30d"}),
        ([], {"death": 31}, {"related_death"}),
        ([], {"death": 0}, {"related_death", "death_30d"}),
        ([], {"death": -1}, set()),  # before the infusion
        ([], {"death": 101}, set()),  # after the cut-off
        ([], {"death": 20, "infused": None}, set()),
        # what the fatal event says
        ([event("Sepsis", 5, 40, rel="unrelated")], {"death": 41}, set()),
        ([event("Sepsis", 5, 40, rel="unlikely")], {"death": 41}, {"related_death"}),
        ([event("Sepsis", 5, 40, rel=None)], {"death": 41}, {"related_death"}),
        ([event("Sepsis", 5, 40, rel="unrelated"), event(CRS, 5, 40)], {"death": 41}, {"related_death"}),
        ([event("Sepsis", 5, 20, rel="unrelated")], {"death": 21}, {"death_30d"}),
        ([event("Sepsis", 4, 20, rel="unrelated")], {"death": 41}, {"related_death"}),  # not fatal: explains nothing
        ([event("Sepsis", 5, -3, rel=None)], {"death": 41}, {"related_death"}),  # began before, died after
        # a fatal event is a death, whatever the date of death says
        ([event("Sepsis", 5, 40)], {}, {"related_death"}),
        ([event("Sepsis", None, 40, aesdth="Y")], {}, {"related_death"}),
        ([event("Sepsis", None, 40, aeout="FATAL")], {}, {"related_death"}),
    ],
)
def test_deaths(rows, patient, met):
    assert states(*rows, **patient) == met


def test_a_fatal_event_without_a_date_of_death():
    fatal = event("Sepsis", 5, 20)
    assert found(fatal, cutoff=29)["death_30d"].state == "met"  # died from Day 20 to 29
    assert found(fatal, cutoff=40)["death_30d"].state == "cannot_tell"
    assert found(event("Sepsis", 5, 31), cutoff=40)["death_30d"].state == "not_met"


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (event(SJS, 1, 3), True),
        (event("STEVENS-JOHNSON SYNDROME", None, 300), True),  # any grade; long after the window
        (event("史蒂文斯-约翰逊综合征", 2, 3), True),
        (event(None, 3, 3, aeterm="stevens-johnson Syndrome "), True),  # uncoded: by its own words
        (event(SJS, 3, 3, rel="unrelated"), True),  # the rule asks for no relation
        (event("Rash", 3, 3), False),
        (event(SJS, 3, -9, -5), False),  # over before the infusion
        (event(SJS, 3, 401), False),  # after the cut-off
    ],
)
def test_events(row, met):
    assert (found(row, cutoff=400)["sjs_ten"].state == "met") is met


def test_an_event_that_may_have_begun_before_the_infusion_cannot_be_told():
    assert found(event(SJS, 3, None))["sjs_ten"].state == "cannot_tell"
    assert found(event(SJS, 3, "2026-02-28", 20))["sjs_ten"].state == "not_met"
    assert found(event(SJS, 3, "2026", 20))["sjs_ten"].state == "cannot_tell"


def two(*rows):
    return found(*rows, people=[subject("A1"), subject("A2"), subject("A3")])["two_crs_icans_4"]


def test_patients_are_counted_not_events():
    one = two(event(CRS, 4, 3), event(ICANS, 4, 5), event(CRS, 3, 2, who="A2"))
    assert (one.state, one.patients, one.unclear) == ("not_met", ("A1",), ())
    assert [(row.usubjid, row.aeseq, row.source_file, row.source_row) for row in one.reports] == [
        ("A1", 1.0, "ae.xpt", 1), ("A1", 2.0, "ae.xpt", 2),
    ]  # fmt: skip
    assert one.say(ENGLISH).endswith("not met, 1 of 2 patients")
    met = two(event(CRS, 4, 3), event(ICANS, 5, 5, who="A2"))
    assert (met.state, met.patients) == ("met", ("A1", "A2"))
    assert met.say(ENGLISH) == (
        "HOLD pending committee review: Two patients with CRS or ICANS grade 4 or more (2 of 2 patients)"
    )
    assert met.say(ENGLISH, "zh").count("两例 CRS 或 ICANS ≥4 级") == 1


def test_a_grade_that_is_missing_cannot_be_told():
    one = two(event(CRS, 4, 3), event(CRS, None, 3, who="A2"))
    assert (one.state, one.patients, one.unclear) == ("cannot_tell", ("A1",), ("A2",))
    assert two(event(CRS, None, 3)).state == "not_met"  # one patient cannot be two


def test_a_rule_can_ask_for_a_relation_and_a_time():
    strict = protocol_with('id = "t_cell_malignancy"', 'id = "t_cell_malignancy"\nrelated = true\nwithin_days = 50')
    for row, state in [
        (event("T-cell lymphoma", 3, 50), "met"),
        (event("T-cell lymphoma", 3, 51), "not_met"),
        (event("T-cell lymphoma", 3, 50, rel="unrelated"), "not_met"),
        (event("T-cell lymphoma", 3, 50, rel=None), "met"),
    ]:
        assert found(row, protocol=strict)["t_cell_malignancy"].state == state


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_simulated_trial(trial, number):
    """201 had CRS grade 4; 103 died of progression on Day 190, not related."""
    cut = trial.open(trial.ids()[number - 1])
    shown = pauses(subjects_of(cut), adverse_events(cut), cut.protocol, cut.cutoff)
    assert {one.state for one in shown} == {"not_met"}
    assert {one.rule.id: [who[-3:] for who in one.patients] for one in shown if one.patients} == {
        "two_crs_icans_4": ["201"]
    }
