"""The window on its edges. Dates are written as days since one infusion, so that each case can be read off."""

from datetime import date, datetime, timedelta
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.dlt import ENGLISH, window_state

INFUSED = date(2026, 3, 2)


def day(n):
    return tuple(map(day, n)) if isinstance(n, tuple) else INFUSED + timedelta(n)


def state_at(cutoff, *, dose_fraction=1.0, open_candidates=(), infusion=0, **days):
    dates = {name: day(n) for name, n in days.items() if n is not None}
    return window_state(
        day(infusion), day(cutoff), dose_fraction=dose_fraction, open_candidates=open_candidates, **dates
    )


@pytest.mark.parametrize(
    ("cutoff", "last_assessed", "state", "code", "days_left"),
    [
        (0, None, "pending", "window_running", 28),
        (17, None, "pending", "window_running", 11),
        (27, None, "pending", "window_running", 1),
        (28, None, "evaluable_no_dlt", "complete", 0),
        (28, 28, "evaluable_no_dlt", "complete", 0),
        (28, 29, "evaluable_no_dlt", "complete", 0),
        (27, 28, "pending", "window_running", 1),  # data from after the cut-off do not move the cut-off
        (28, 27, "pending", "last_day", 0),
        (29, 27, "pending", "no_data_after", 0),
        (60, 20, "pending", "no_data_after", 0),
        (60, -3, "pending", "no_data_after", 0),
        (29, 28, "evaluable_no_dlt", "complete", 0),
        (60, (29, 40), "evaluable_no_dlt", "complete", 0),
        (60, (20, 27), "pending", "no_data_after", 0),
        (60, (20, 40), "unresolved", "assessed_undecidable", 0),
    ],
)
def test_the_end_of_the_window(cutoff, last_assessed, state, code, days_left):
    found = state_at(cutoff, last_assessed=last_assessed)
    assert (found.state, found.code, found.days_left, found.day) == (state, code, days_left, cutoff)
    assert found.blocking == (state in {"pending", "unresolved"})


@pytest.mark.parametrize(
    ("infused", "last_day"),
    [
        (date(2028, 2, 5), date(2028, 3, 4)),  # leap year: 24 days to 29 February, 4 more to 4 March
        (date(2028, 2, 29), date(2028, 3, 28)),
        (date(2027, 2, 5), date(2027, 3, 5)),  # no leap year: 23 days to 28 February, 5 more
        (date(2026, 12, 20), date(2027, 1, 17)),  # 11 days to 31 December, 17 more
    ],
)
def test_the_window_runs_over_the_calendar(infused, last_day):
    assert window_state(infused, last_day - timedelta(1), dose_fraction=1.0).days_left == 1
    assert window_state(infused, last_day, dose_fraction=1.0).state == "evaluable_no_dlt"


def test_the_length_of_the_window_is_a_setting():
    assert window_state(day(0), day(28), dose_fraction=1.0, window_days=42).days_left == 14
    assert window_state(day(0), day(42), dose_fraction=1.0, window_days=42).state == "evaluable_no_dlt"
    assert window_state(day(0), day(42), dose_fraction=1.0, window_days=42, dlt_onset=day(42)).state == "evaluable_dlt"


@pytest.mark.parametrize(
    ("onset", "state", "code", "late_day"),
    [
        (0, "evaluable_dlt", "dlt", None),
        (28, "evaluable_dlt", "dlt", None),
        (29, "evaluable_no_dlt", "complete", 29),
        ((3, 28), "evaluable_dlt", "dlt", None),
        ((28, 29), "unresolved", "onset_undecidable", None),
        ((-1, 3), "unresolved", "onset_undecidable", None),
        ((29, 45), "evaluable_no_dlt", "complete", 29),
    ],
)
def test_the_onset_decides_whether_a_dlt_counts(onset, state, code, late_day):
    found = state_at(60, dlt_onset=onset)
    assert (found.state, found.code, found.late_day) == (state, code, late_day)


def test_a_dlt_counts_at_once():
    found = state_at(12, dlt_onset=12)
    assert (found.state, found.days_left, found.blocking) == ("evaluable_dlt", 0, False)


def test_a_partial_onset_cannot_lie_beyond_the_cut_off():
    assert state_at(20, dlt_onset=(5, 35)).state == "evaluable_dlt"
    assert state_at(40, dlt_onset=(5, 35)).state == "unresolved"


def test_a_late_event_is_told_whatever_the_state():
    assert state_at(40, dlt_onset=31).reason == "window complete, no DLT; late event Day 31, not counted"
    assert state_at(60, dlt_onset=(31, 45)).reason == "window complete, no DLT; late event Day 31 to 45, not counted"
    for state in (
        state_at(40, dlt_onset=31, dose_fraction=0.5),
        state_at(40, dlt_onset=31, off_study=10),
        state_at(40, dlt_onset=31, last_assessed=20),
        state_at(40, dlt_onset=31, open_candidates=["rash"]),
    ):
        assert state.late_day == 31
        assert state.reason.endswith("; late event Day 31, not counted")


@pytest.mark.parametrize(("cutoff", "days_left"), [(10, 18), (28, 0), (200, 0)])
def test_an_open_candidate_is_not_no_dlt_however_many_days_have_passed(cutoff, days_left):
    found = state_at(cutoff, open_candidates=["ALT", "rash"])
    assert (found.state, found.code, found.blocking, found.days_left) == ("unresolved", "candidate", True, days_left)
    assert found.reason == "DLT candidates not adjudicated: 2"


@pytest.mark.parametrize("otherwise", [{"dose_fraction": 0.5}, {"off_study": 10}, {"dose_fraction": None}])
def test_an_open_candidate_keeps_a_patient_from_being_replaced(otherwise):
    assert state_at(40, open_candidates=["ALT"], **otherwise).code == "candidate"


@pytest.mark.parametrize(
    ("fraction", "state", "code"),
    [
        (0.8, "evaluable_no_dlt", "complete"),
        (2.4 / 3 - 1e-16, "evaluable_no_dlt", "complete"),  # 0.7999999999999998: the quotient's rounding
        (0.7999, "not_evaluable", "dose_low"),
        (0.0, "not_evaluable", "dose_low"),
        (1.5, "evaluable_no_dlt", "complete"),
        (None, "unresolved", "dose_unknown"),
        (float("nan"), "unresolved", "dose_unknown"),
    ],
)
def test_the_dose_received(fraction, state, code):
    found = state_at(40, dose_fraction=fraction)
    assert (found.state, found.code) == (state, code)


def test_a_low_dose_is_not_rounded_up_in_its_reason():
    assert (
        state_at(40, dose_fraction=0.7999).reason == "received 79.9 % of the assigned dose, below 80 %: to be replaced"
    )
    assert state_at(40, dose_fraction=None).reason == "dose received not recorded"


@pytest.mark.parametrize(
    ("off_study", "state", "code"),
    [
        (0, "not_evaluable", "off_study"),
        (27, "not_evaluable", "off_study"),
        (28, "evaluable_no_dlt", "complete"),
        (35, "evaluable_no_dlt", "complete"),
        ((5, 27), "not_evaluable", "off_study"),
        ((27, 28), "unresolved", "off_study_undecidable"),
        ((28, 35), "evaluable_no_dlt", "complete"),
    ],
)
def test_off_study_before_the_last_day_is_to_be_replaced(off_study, state, code):
    found = state_at(60, off_study=off_study)
    assert (found.state, found.code) == (state, code)


def test_off_study_while_the_window_runs():
    assert state_at(20, off_study=20).reason == "off study on Day 20, before Day 28: to be replaced"
    assert state_at(20, off_study=(15, 40)).state == "not_evaluable"  # it has happened by Day 20


def test_reasons():
    assert state_at(17).reason == "window running, Day 17, 11 d left"
    assert state_at(40, last_assessed=20).reason == "calendar over, no data after Day 20"
    assert state_at(28, last_assessed=20).reason == "window running, Day 28, 0 d left, no data after Day 20"
    assert state_at(40, dlt_onset=12).reason == "DLT on Day 12"
    assert window_state(None, day(0), dose_fraction=None).reason == "not infused"


def test_not_infused():
    found = window_state(None, day(0), dose_fraction=None)
    assert (found.state, found.days_left, found.day, found.blocking) == ("not_treated", None, None, False)


def test_a_partial_infusion_date_gives_what_all_its_days_agree_on():
    running = state_at(10, infusion=(-4, 3))
    assert (running.state, running.days_left, running.day) == ("pending", 21, None)  # Day 7 at the latest infusion
    assert running.reason == (
        "window running, Day 7, 21 d left; reckoned from 2026-03-05, the latest possible day of infusion"
    )
    assert state_at(31, infusion=(0, 3)).state == "evaluable_no_dlt"
    assert state_at(28, infusion=(0, 3), dlt_onset=28).state == "evaluable_dlt"


def test_a_partial_infusion_date_whose_days_disagree_is_unresolved():
    found = state_at(30, infusion=(0, 3))  # Day 30, 29, 28: complete; Day 27: not
    assert (found.state, found.code, found.blocking) == ("unresolved", "infusion_undecidable", True)
    assert (found.day, found.days_left) == (None, None)
    assert found.reason == "infused between 2026-03-02 and 2026-03-05: the state depends on the day"
    assert state_at(60, infusion=(0, 3), dlt_onset=30).state == "unresolved"  # Day 30 or 29: late; 28 or 27: a DLT
    late = state_at(30, infusion=(0, 1), dlt_onset=30, last_assessed=28)  # Day 30 or 29: late; assessed Day 28 or 27
    assert (late.code, late.late_day) == ("infusion_undecidable", 29)
    assert late.reason.endswith("; late event Day 29, not counted")


def test_a_partial_infusion_date_ends_where_later_facts_begin():
    # Infused between Day 0 and Day 20, DLT on Day 5: so infused by Day 5, whichever day it was.
    assert state_at(60, infusion=(0, 20), dlt_onset=5).state == "evaluable_dlt"
    # Known on Day 0 to have been infused: so on Day 0.
    assert state_at(0, infusion=(0, 20)) == state_at(0)


def test_a_partial_infusion_date_is_tried_on_every_day_not_only_its_ends():
    # DLT between Day 29 and 40. Infused on Day 0 it is late and the candidate open, on Day 35 perhaps it came first:
    # both unresolved. Infused on Day 20 it is a DLT.
    found = state_at(60, infusion=(0, 35), dlt_onset=(29, 40), open_candidates=["ALT"])
    assert found.code == "infusion_undecidable"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"infusion": 41}, "infusion"),
        ({"infusion": (41, 50)}, "infusion"),
        ({"infusion": (3, 1)}, "infusion"),
        ({"dlt_onset": -1}, "dlt_onset"),
        ({"dlt_onset": (-9, -1)}, "dlt_onset"),
        ({"dlt_onset": 41}, "dlt_onset"),
        ({"dlt_onset": (9, 3)}, "dlt_onset"),
        ({"infusion": (0, 5), "dlt_onset": -1}, "dlt_onset"),
        ({"off_study": -1}, "off_study"),
        ({"off_study": 41}, "off_study"),
        ({"last_assessed": (9, 3)}, "last_assessed"),
        ({"dose_fraction": -0.1}, "dose_fraction"),
    ],
)
def test_what_cannot_be_is_refused_by_name(arguments, named):
    with pytest.raises(ValueError, match=rf"^{named} "):
        state_at(40, **arguments)


def test_settings_and_types_are_refused_by_name():
    with pytest.raises(ValueError, match=r"^window_days "):
        window_state(day(0), day(1), dose_fraction=1.0, window_days=0)
    with pytest.raises(ValueError, match=r"^min_dose_fraction "):
        window_state(day(0), day(1), dose_fraction=1.0, min_dose_fraction=float("nan"))
    with pytest.raises(ValueError, match=r"^cutoff "):
        window_state(day(0), datetime(2026, 3, 30, 23, 30), dose_fraction=1.0)
    with pytest.raises(ValueError, match=r"^infusion "):
        window_state(datetime(2026, 3, 2, 9), day(1), dose_fraction=1.0)


# Any patient whose dates are possible: nothing before the infusion, nothing after the cut-off.


@st.composite
def patients(draw):
    cutoff = draw(st.integers(0, 60))
    spans = st.tuples(st.integers(0, cutoff), st.integers(0, 30)).map(lambda span: (span[0], sum(span)))
    event = st.none() | st.integers(0, cutoff) | spans
    return {
        "cutoff": cutoff,
        "infusion": draw(st.just(0) | st.tuples(st.integers(-40, 0), st.integers(0, 10))),
        "dlt_onset": draw(event),
        "off_study": draw(event),
        "last_assessed": draw(st.none() | st.integers(-5, 70)),
        "dose_fraction": draw(st.sampled_from([None, 0.0, 0.79, 0.8, 1.0])),
        "open_candidates": draw(st.sampled_from([(), ("ALT",)])),
    }


@given(patients())
def test_an_open_candidate_never_makes_a_state_less_blocking(patient):
    without, with_one = (state_at(**patient | {"open_candidates": some}) for some in ((), ("ALT",)))
    assert with_one.blocking >= without.blocking
    assert with_one.blocking == (with_one.state != "evaluable_dlt")


@given(patients(), st.integers(0, 28))
def test_a_dlt_in_the_window_always_counts(patient, onset):
    facts = patient | {"infusion": 0, "cutoff": max(patient["cutoff"], onset), "dlt_onset": onset}
    assert state_at(**facts).state == "evaluable_dlt"


@given(patients(), st.integers(0, 40))
def test_less_follow_up_never_completes_a_window(patient, days_earlier):
    later = patient["cutoff"] if patient["last_assessed"] is None else patient["last_assessed"]
    if state_at(**patient | {"last_assessed": later - days_earlier}).state == "evaluable_no_dlt":
        assert state_at(**patient).state == "evaluable_no_dlt"


@given(patients())
def test_a_partial_date_says_no_more_than_each_of_its_days(patient):
    onset = patient["dlt_onset"]
    patient["infusion"] = 0
    if isinstance(onset, tuple):
        possible = range(onset[0], min(onset[1], patient["cutoff"]) + 1)
        each = {state_at(**patient | {"dlt_onset": one}).state for one in possible}
        assert state_at(**patient).state in (each if len(each) == 1 else {"unresolved"})


@given(patients())
def test_every_state_can_be_said_and_blocks_only_while_it_waits(patient):
    found = state_at(**patient)
    assert found.reason
    placeholders = {name for _, name, _, _ in Formatter().parse(ENGLISH[found.code]) if name}
    assert placeholders <= set(found.values)
    assert found.blocking == (found.state in {"pending", "unresolved"})
    assert found.days_left is None or 0 <= found.days_left <= 28


def test_a_translation_is_said_with_the_same_values():
    german = ENGLISH | {"window_running": "Tag {day}, noch {left}"}
    assert state_at(17).say(german) == "Tag 17, noch 11"
