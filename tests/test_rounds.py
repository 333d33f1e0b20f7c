"""The order of a ward round, and where each patient is: rules, and the simulated trial's patients by hand."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial_frames import CRS, PROTOCOL, end_of, event, events, moment, subject, subjects

from clinical.discrepancies import Discrepancy
from clinical.last_results import COLUMNS, LastResult
from clinical.reported_state import NONE, Reported
from clinical.rounds import (
    ENGLISH,
    RANKS,
    Derived,
    Known,
    Round,
    differs,
    in_hospital_period,
    ordered,
    rank,
    rounds,
)
from clinical.sentence import Sentence

CUTOFF = end_of(3)  # Day 3 of a patient infused on Day 0
SEVERE, MILD = Reported("goes_on", 3), Reported("goes_on", 2)
NO_RESULTS = pd.DataFrame(columns=list(COLUMNS)).astype(
    {"first": "datetime64[us]", "last": "datetime64[us]", "rel_day": "Int64"}
)
NO_VISITS = pd.DataFrame({"usubjid": [], "visitnum": [], "svstdtc_earliest": []})
NO_SUPPORT = pd.DataFrame({"usubjid": [], "kind": [], "name": [], "dose": [], "unit": []})


def at(hours: float) -> LastResult:
    """Measured so many hours before the cut-off."""
    return LastResult(36.8, "C", "", "", CUTOFF - timedelta(hours=hours), True, 3, "vs.xpt 1")


def patient(who: str = "A1", day: int | None = 3, **more) -> Round:
    """In hospital, and assessed three hours ago."""
    results = {"TEMP": at(3), "ICETOT": at(3)}
    told = {"stage": "infused" if day is not None else "screening", "in_hospital": day is not None, "results": results}
    told |= {"died": False, "left": False, "in_window": True, "reported": {"crs": NONE, "icans": NONE}}
    told |= {"support": (), "last_data": None, "state": Sentence("treated"), "cohort": "DL1"} | more
    return Round(usubjid=who, subjid=who, day=day, **told)


def of_rank(one: Round, **known) -> str:
    return rank(one, Known(**{name: {"A1": said} for name, said in known.items()}), PROTOCOL, CUTOFF)


# ---- the order -------------------------------------------------------------------------------------------------------
def test_each_rank_by_what_puts_a_patient_there():
    assert of_rank(patient(reported={"crs": NONE, "icans": SEVERE})) == "severe"
    assert of_rank(patient(reported={"crs": Reported("goes_on", None), "icans": NONE})) == "severe"
    assert of_rank(patient(), candidates=("ALT",)) == "candidate"
    assert of_rank(patient(), alerts=("fever",)) == "alert"
    assert of_rank(patient(results={"TEMP": at(3), "ICETOT": at(12.1)})) == "not_assessed"
    assert of_rank(patient(results={"TEMP": at(3)})) == "not_assessed"
    assert of_rank(patient(reported={"crs": MILD, "icans": NONE})) == "infused"
    assert of_rank(patient(day=None)) == "waiting"
    assert of_rank(patient(left=True)) == of_rank(patient(died=True)) == "ended"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (3, 3, "severe"),
        (3, 4, "severe"),
        (0, 4, "severe"),
        (1, 3, "severe"),
        (0, 2, "infused"),
        (None, None, "infused"),
    ],
)
def test_severe_is_also_what_the_last_assessment_gives_or_leaves_possible(low, high, said):
    """An ICE that was not done is "at least 0": nobody knows that it is no grade 4."""
    known = Known(derived={"icans": {"A1": Derived(low, high, CUTOFF)}})
    assert rank(patient(), known, PROTOCOL, CUTOFF) == said


@pytest.mark.parametrize(
    ("low", "high", "days", "said"),
    [(0, 4, 28, "severe"), (0, 4, 29, "infused"), (3, 4, 29, "severe"), (3, 3, 190, "severe")],
)
def test_what_is_possible_stands_for_28_days_and_what_is_known_stays(low, high, days, said):
    known = Known(derived={"icans": {"A1": Derived(low, high, CUTOFF - timedelta(days=days))}})
    assert rank(patient(), known, PROTOCOL, CUTOFF) == said


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.booleans())
def test_what_is_possible_never_ranks_below_what_is_known(low, more, known, candidate):
    """A range up to `high` against that grade for sure."""
    high = min(4, low + more)
    told = {"candidates": {"A1": ("x",)}} if candidate else {}
    ranges, sure = (Derived(*one, CUTOFF) for one in ((low, high), (min(known, high), min(known, high))))
    ranks = [
        RANKS.index(rank(patient(), Known(derived={"crs": {"A1": one}}, **told), PROTOCOL, CUTOFF))
        for one in (ranges, sure)
    ]
    assert ranks[0] <= ranks[1]


def test_a_higher_derived_grade_that_is_over_is_told_unless_the_last_one_says_it():
    found = Discrepancy("A1", "crs", Sentence("higher", {"low": 4, "high": 4, "derived": "4", "reported": 2}))
    higher = {"crs": {"A1": found}}
    assert Known(higher=higher).higher_of("crs", "A1") is found
    assert Known(higher=higher, derived={"crs": {"A1": Derived(1, 1, CUTOFF)}}).higher_of("crs", "A1") is found
    assert Known(higher=higher, derived={"crs": {"A1": Derived(4, 4, CUTOFF)}}).higher_of("crs", "A1") is None
    assert Known(higher=higher).higher_of("icans", "A1") is None and Known().higher_of("crs", "A1") is None


def test_twelve_hours_are_not_too_long_ago():
    assert of_rank(patient(results={"TEMP": at(12), "ICETOT": at(12)})) == "infused"


def test_who_is_not_in_hospital_is_not_held_to_hours():
    assert of_rank(patient(in_hospital=False, results={})) == "infused"
    assert of_rank(patient(in_hospital=None, results={})) == "infused"


def test_an_assessment_before_the_infusion_is_none_after_it():
    before = replace(at(3), day=-1)
    assert of_rank(patient(results={"TEMP": before, "ICETOT": before})) == "not_assessed"


def test_a_death_ends_alerts_and_grades_but_no_question_of_a_dlt():
    dead = patient(died=True, reported={"crs": SEVERE, "icans": NONE})
    assert of_rank(dead, alerts=("fever",)) == "ended"
    assert of_rank(dead, candidates=("death",)) == "candidate"


def test_within_a_rank_the_freshest_infusion_comes_first_and_then_who_is_nearest_to_one():
    infused = [patient("B2", 40, in_hospital=False), patient("A1", 17, in_hospital=False)]
    waiting = [patient("C3", None, stage="screening"), patient("D4", None, stage="lymphodepleting"),
               patient("E5", None, stage="in_manufacture")]  # fmt: skip
    groups = ordered([*waiting, *infused], Known(), PROTOCOL, CUTOFF)
    assert [(name, [one.usubjid for one in own]) for name, own in groups] == [
        ("infused", ["A1", "B2"]), ("waiting", ["D4", "E5", "C3"]),
    ]  # fmt: skip


PATIENTS = st.builds(
    lambda day, crs, hours, hospital, died, left: patient(
        day=day, in_hospital=hospital and day is not None, died=died, left=left and not died,
        stage="infused" if day is not None else "screening", results={"TEMP": at(hours), "ICETOT": at(hours)},
        reported={"crs": crs if day is not None else NONE, "icans": NONE},
    ),
    st.none() | st.integers(0, 400), st.sampled_from([NONE, MILD, SEVERE, Reported("goes_on", None)]),
    st.floats(0, 100), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
OPEN = st.dictionaries(st.sampled_from("012345"), st.just(("open",)))


@given(st.lists(PATIENTS, max_size=6), OPEN, OPEN)
def test_everyone_is_listed_once_and_the_ranks_stand_in_their_order(some, candidates, alerts):
    some = [replace(one, usubjid=str(number)) for number, one in enumerate(some)]
    groups = ordered(some, Known(candidates, alerts), PROTOCOL, CUTOFF)
    names = [name for name, _ in groups]
    assert names == sorted(names, key=RANKS.index)
    assert sorted(one.usubjid for _, own in groups for one in own) == [one.usubjid for one in some]
    assert all(own for _, own in groups)


@given(PATIENTS, st.booleans(), st.booleans())
def test_what_comes_later_moves_nobody_down(one, candidate, alert):
    known = Known({"A1": ("x",)} if candidate else {}, {"A1": ("x",)} if alert else {})
    assert RANKS.index(rank(one, known, PROTOCOL, CUTOFF)) <= RANKS.index(rank(one, Known(), PROTOCOL, CUTOFF))


# ---- reported beside derived -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("reported", "low", "high", "said"),
    [(MILD, 2, 2, False), (MILD, 1, 1, True), (MILD, 1, 3, True), (NONE, 0, 0, False), (NONE, 0, 4, True),
     (NONE, 1, 1, True), (Reported("over", 4), 0, 0, False), (Reported("goes_on", None), 1, 1, True),
     (MILD, None, None, False)],
)  # fmt: skip
def test_a_derived_grade_stands_beside_where_it_is_another_or_open(reported, low, high, said):
    assert differs(reported, Derived(low, high, CUTOFF)) is said


def test_nothing_derived_is_nothing_beside():
    assert not differs(MILD, None)


# ---- where a patient is ----------------------------------------------------------------------------------------------
def listed(*rows: dict, told=(), visits=NO_VISITS, cutoff: datetime = CUTOFF, **more) -> dict[str, Round]:
    found = rounds(
        subjects(*rows), events(*told), NO_RESULTS, more.get("support", NO_SUPPORT), visits, {}, PROTOCOL, cutoff
    )
    return {one.usubjid: one for one in found}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"consent": -2}, "in screening, day 5 since consent"),
        ({"consent": None}, "in screening, consent not dated"),
        ({"leukapheresis": -9}, "cells collected, day 12 since leukapheresis"),
        ({"leukapheresis": -9, "manufacture_start": -8}, "in manufacture, day 12 since leukapheresis"),
        ({"manufacture_start": -8}, "in manufacture, leukapheresis not dated"),
        (
            {"leukapheresis": -9, "manufacture_start": -8, "manufacture_end": 1, "manufacture_state": "RELEASED"},
            "released for infusion, day 12 since leukapheresis",
        ),
        ({"leukapheresis": -30, "lymphodepletion": 1}, "in lymphodepletion, day 2 since its first dose"),
        (
            {"leukapheresis": -9, "manufacture_start": -8, "manufacture_state": "FAILED"},
            "manufacture failed, day 12 since leukapheresis",
        ),
        ({"screen_failed": True}, "screening failed"),
        ({"off_study": 1, "off_study_reason": "WITHDRAWN"}, "off study since 2026-03-02: WITHDRAWN"),
        ({"death": 2, "off_study": 2}, "died on 2026-03-03"),
    ],
)
def test_who_is_not_infused_is_listed_with_where_they_are(row, said):
    (one,) = listed(subject("A1", infused=None, **row)).values()
    assert one.state.say(ENGLISH) == said
    assert (one.day, one.in_window, one.in_hospital) == (None, False, False)


def test_the_dlt_window_is_day_0_to_28_by_the_calendar():
    rows = [subject(f"A{day}", infused=28 - day) for day in (0, 28, 29)]
    found = listed(*rows, subject("B2", infused=20, death=25), cutoff=end_of(28))
    assert {who: one.in_window for who, one in found.items()} == {"A0": True, "A28": True, "A29": False, "B2": False}


def test_an_infusion_after_the_cut_off_has_not_happened():
    assert listed(subject("A1", infused=5))["A1"].day is None


def test_in_hospital_is_from_the_infusion_to_a_later_period_or_its_latest_day():
    """The first visit after the in-hospital period is DAY 21, at the latest on Day 23."""
    told = [(0, None), (14, "in_hospital"), (23, "in_hospital"), (24, "in_hospital"), (21, "follow_up"), (None, "rest")]
    assert [in_hospital_period(*one, PROTOCOL) for one in told] == [True, True, True, False, False, False]


def test_a_protocol_without_that_period_holds_nobody_to_hours():
    without = PROTOCOL.model_copy(update={"periods": ()})
    assert in_hospital_period(3, None, without) is None


def test_the_last_planned_visit_tells_the_period():
    visits = pd.DataFrame(
        [("A1", 11.0, 14), ("A1", 12.0, 20), ("B2", 11.0, 14), ("B2", 11.1, 16)],
        columns=["usubjid", "visitnum", "svstdtc_earliest"],
    )
    visits["svstdtc_earliest"] = visits["svstdtc_earliest"].map(moment).astype("datetime64[us]")
    found = listed(subject("A1"), subject("B2"), visits=visits, cutoff=end_of(20))
    assert {who: one.in_hospital for who, one in found.items()} == {"A1": False, "B2": True}  # 11.1 is unscheduled


def test_a_row_holds_what_was_reported_and_what_is_given():
    support = pd.DataFrame([("A1", "oxygen", "NASAL CANNULA", 2.0, "L/min")], columns=NO_SUPPORT.columns)
    (one,) = listed(subject("A1"), told=[event(CRS, 2, 2)], support=support).values()
    assert (one.day, one.reported["crs"].grade, one.reported["icans"].state) == (3, 2, "none")
    assert [(each.kind, each.dose, each.unit) for each in one.support] == [("oxygen", 2.0, "L/min")]
    assert one.assessed("crs") is None and one.not_assessed("crs", CUTOFF, 12)


def test_support_without_an_end_ends_with_a_death():
    support = pd.DataFrame([("A1", "oxygen", "BIPAP", None, None)], columns=NO_SUPPORT.columns)
    assert [one.support for one in listed(subject("A1", death=2), support=support).values()] == [()]
    assert [one.support[0].dose for one in listed(subject("A1"), support=support).values()] == [None]


def test_the_hours_are_the_protocols():
    stricter = PROTOCOL.model_copy(update={"toxicity": PROTOCOL.toxicity.model_copy(update={"assessed_hours": 2.0})})
    assert rank(patient(), Known(), stricter, CUTOFF) == "not_assessed"
    assert rank(patient(), Known(), SimpleNamespace(toxicity=None), CUTOFF) == "infused"
