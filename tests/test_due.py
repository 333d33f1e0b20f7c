"""What is due next, by hand. Day 0 is 1 March 2026; days are counted from it. Windows are those of the protocol file:
Day 7 -1/+1, Day 10 -1/+1, Day 14 -1/+1, Day 21 -2/+2, Day 28 -3/+3, Month 2 (Day 60) -7/+7, long-term from Day 730 on
every 365 days -60/+60."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial_frames import ALT, CRS, FIRST_DAY, PROTOCOL, end_of, event, events, moment, protocol_with, subject, subjects

from clinical.candidates import candidates
from clinical.due import ENGLISH, due_next, silence
from dashboard.session import board_of
from data.protocol import load, parse
from queries.subjects import subjects as everyone
from queries.visits import visits as visits_of

PLANNED = {one.visitnum: one for one in PROTOCOL.visits}
TO_DAY_14 = [(number, PLANNED[number].day) for number in range(3, 12)]


def day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number)


def visits(*rows: tuple) -> pd.DataFrame:
    """(number, day) or (number, day, name); a number can be None."""
    made = [(number, *(name or ["?"]), moment(at)) for number, at, *name in rows]
    frame = pd.DataFrame(made, columns=["visitnum", "visit", "svstdtc_earliest"])
    return frame.astype({"visitnum": float, "svstdtc_earliest": "datetime64[us]"})


def found(cutoff: int, *rows: tuple, protocol=PROTOCOL, asked=(), **patient) -> list[tuple]:
    """(visit, first and last day, state) of a patient with these visits."""
    who = subjects(subject("A1", **patient)).iloc[0]
    some = due_next(who, visits((1, -50), (2, -30), *rows), protocol, end_of(cutoff), asked)
    return [(one.visit, (one.first - FIRST_DAY).days, (one.last - FIRST_DAY).days, one.state) for one in some]


def silent(*rows: tuple, protocol=PROTOCOL, **patient) -> list[str]:
    who = subjects(subject("A1", **patient)).iloc[0]
    return [one.say(ENGLISH) for one in silence(who, visits(*rows), protocol)]


# ---- the schedule ----------------------------------------------------------------------------------------------------
def test_after_day_14_the_rest_of_the_schedule_is_to_come():
    shown = found(15, *TO_DAY_14)
    assert shown[:3] == [
        ("DAY 21", 19, 23, "upcoming"),
        ("DAY 28", 25, 31, "upcoming"),
        ("MONTH 2", 53, 67, "upcoming"),
    ]
    assert [one[0] for one in shown[3:]] == ["MONTH 3", "MONTH 6", "MONTH 9", "MONTH 12", "LONG-TERM FOLLOW-UP"]


@pytest.mark.parametrize(
    ("cutoff", "state"),
    [(18, "upcoming"), (19, "in_window"), (23, "in_window"), (24, "overdue")],
)
def test_the_window_of_day_21_opens_on_day_19_and_closes_after_day_23(cutoff, state):
    assert {one[0]: one[3] for one in found(cutoff, *TO_DAY_14)}["DAY 21"] == state


def test_what_is_overdue_comes_first_then_what_closes_first():
    """On Day 26 the window of Day 21 is over since Day 23, that of Day 28 is open."""
    assert [(one[0], one[3]) for one in found(26, *TO_DAY_14)][:3] == [
        ("DAY 21", "overdue"), ("DAY 28", "in_window"), ("MONTH 2", "upcoming"),
    ]  # fmt: skip


def test_a_visit_is_missed_once_a_later_one_took_place_and_its_window_is_over():
    assert found(27, *TO_DAY_14, (13, 27))[0][0] == "MONTH 2"


def test_windows_that_overlap_leave_the_earlier_visit_open():
    """Day 7 with a window to Day 11 can still be made on Day 10, though the visit of Day 10 took place on Day 9."""
    planned = 'period = "in_hospital"\nanchor = "infusion"\nday = 7\nwindow = [1, {}]'
    wide = protocol_with(planned.format(1), planned.format(4))
    made = [*TO_DAY_14[:-3], (10, 9)]
    assert [number for number, _ in made[:-1]] == [3, 4, 5, 6, 7, 8]
    assert found(10, *made, protocol=wide)[0] == ("DAY 7", 6, 11, "in_window")
    assert found(12, *made, protocol=wide)[0][0] == "DAY 14"


def test_a_visit_out_of_its_window_took_place():
    assert "DAY 21" not in [one[0] for one in found(18, *TO_DAY_14, (12, 17))]


def test_an_unscheduled_visit_stands_for_none():
    assert found(22, *TO_DAY_14, (11.01, 21, "UNSCHEDULED"))[0] == ("DAY 21", 19, 23, "in_window")


def test_a_visit_without_a_number_is_known_by_its_name():
    assert found(22, *TO_DAY_14, (None, 21, " Day 21"))[0][0] == "DAY 28"
    assert found(22, *TO_DAY_14, (None, 21, None))[0][0] == "DAY 21"
    assert found(22, *TO_DAY_14, (99.0, 21, "DAY 21"))[0][0] == "DAY 21"  # another number is another visit


def test_what_a_visit_takes_and_whether_it_is_supposed():
    who = subjects(subject("A1")).iloc[0]
    first = due_next(who, visits(*TO_DAY_14), PROTOCOL, end_of(15))[0]
    assert (first.visit, first.period, first.target) == ("DAY 21", "follow_up", day(21))
    assert first.samples == ("lab", "vital_sign", "cytokine", "kinetics")
    assert (first.kind, first.assumed) == ("visit", True)


# ---- visits that come back -------------------------------------------------------------------------------------------
YEAR_1 = [(one.visitnum, one.day) for one in PROTOCOL.visits if one.anchor == "infusion" and one.visitnum < 19]


def test_the_long_term_visit_comes_back_every_year():
    assert found(400, *YEAR_1) == [("LONG-TERM FOLLOW-UP", 670, 790, "upcoming")]
    assert found(800, *YEAR_1) == [
        ("LONG-TERM FOLLOW-UP", 670, 790, "overdue"), ("LONG-TERM FOLLOW-UP", 1035, 1155, "upcoming"),
    ]  # fmt: skip
    # made on Day 741: it is that of Day 730, and the next is 365 days later
    assert found(800, *YEAR_1, (19, 741)) == [("LONG-TERM FOLLOW-UP", 1035, 1155, "upcoming")]
    # made on Day 1100, nearest to Day 1095: that of Day 730 is missed
    assert found(1200, *YEAR_1, (19, 1100)) == [("LONG-TERM FOLLOW-UP", 1400, 1520, "upcoming")]


def test_the_long_term_visits_end_with_the_follow_up():
    """15 years are 5479 days; the last on Day 730 + 13 x 365 = 5475."""
    made = [(19, 730 + 365 * number) for number in range(13)]
    assert found(5200, *YEAR_1, *made) == [("LONG-TERM FOLLOW-UP", 5415, 5535, "upcoming")]
    assert found(5500, *YEAR_1, *made, (19, 5475)) == []


# ---- who has nothing due ---------------------------------------------------------------------------------------------
def test_who_has_left_or_died_has_nothing_due():
    assert found(15, *TO_DAY_14, off_study=14, off_study_reason="WITHDRAWN") == []
    assert found(15, *TO_DAY_14, death=14) == []
    assert silent(*TO_DAY_14, off_study=14, off_study_reason="WITHDRAWN") == [
        "off study since 2026-03-15 (WITHDRAWN): nothing is due"
    ]
    assert silent(death=14, off_study=14, off_study_reason="DEATH") == ["died on 2026-03-15: nothing is due"]
    assert silent((1, -50), infused=None, screen_failed=True) == ["screen failure: nothing is due"]


OTHER_THERAPY = {"off_study": 14, "left_study": None, "off_study_reason": "CAPECITABINE"}


def test_long_term_follow_up_stays_due_after_another_therapy_until_the_patient_leaves_or_dies():
    assert found(40, *TO_DAY_14, **OTHER_THERAPY) == [("LONG-TERM FOLLOW-UP", 670, 790, "upcoming")]
    assert found(800, *TO_DAY_14, **OTHER_THERAPY) == [
        ("LONG-TERM FOLLOW-UP", 670, 790, "overdue"), ("LONG-TERM FOLLOW-UP", 1035, 1155, "upcoming"),
    ]  # fmt: skip
    assert silent(*TO_DAY_14, **OTHER_THERAPY) == [
        "another therapy since 2026-03-15 (CAPECITABINE): only long-term follow-up stays due"
    ]
    assert found(40, *TO_DAY_14, **OTHER_THERAPY | {"left_study": 20}) == []
    assert found(40, *TO_DAY_14, **OTHER_THERAPY, death=30) == []
    assert found(40, **OTHER_THERAPY, infused=None) == []


def test_without_a_long_term_follow_up_nothing_is_due_after_another_therapy():
    short = PROTOCOL.model_copy(update={"visits": tuple(one for one in PROTOCOL.visits if one.period != "long_term")})
    assert found(40, *TO_DAY_14, protocol=short, **OTHER_THERAPY) == []
    who = subjects(subject("A1", **OTHER_THERAPY)).iloc[0]
    assert [one.code for one in silence(who, visits(*TO_DAY_14), short)] == ["off_study"]


def test_before_the_infusion_its_visits_have_no_date_and_that_is_said():
    collected = {"infused": None, "leukapheresis": -30}
    assert found(0, **collected) == []
    assert silent((1, -50), (2, -30), **collected) == [
        "not infused: the visits counted from the infusion have no date yet"
    ]
    who = subjects(subject("A1", **collected)).iloc[0]
    [pbmc] = due_next(who, visits((1, -50)), PROTOCOL, end_of(-30))
    assert (pbmc.visit, pbmc.first, pbmc.last, pbmc.state) == ("PBMC COLLECTION", day(-30), day(-30), "in_window")


def test_without_any_visit_in_the_data_nothing_is_called_overdue():
    who = subjects(subject("A1")).iloc[0]
    assert due_next(who, visits(), PROTOCOL, end_of(100)) == ()
    assert silent() == ["no visit of this patient is in the data: what is due cannot be said"]


def test_a_protocol_without_a_schedule_says_so():
    pilot = load(Path("cdisc_pilot.toml"))
    assert found(15, protocol=pilot) == []
    assert silent((1, -50), protocol=pilot) == ["the protocol file plans no visits"]


# ---- what a clause asks for again ------------------------------------------------------------------------------------
def asked_of(*rows, cutoff: int):
    people = subjects(subject("A1"))
    return candidates(people, events(*rows), PROTOCOL.dlt, end_of(cutoff)).get("A1", ())


def test_an_event_whose_clock_runs_is_to_be_graded_again_by_its_limit():
    """CRS grade 3 from Day 2, 14:00: 72 h are over on Day 5, 14:00."""
    asked = asked_of(event(CRS, 3, "2T14:00", group="g1"), cutoff=3)
    assert [(one.clause, one.verdict) for one in asked] == [("crs_3_72h", "running")]
    who = subjects(subject("A1")).iloc[0]
    rows = visits((1, -50), (2, -30), *TO_DAY_14[:6])
    [again, *_] = due_next(who, rows, PROTOCOL, end_of(3), asked)
    assert (again.kind, again.visit, again.target, again.state) == ("regrade", CRS, day(5), "in_window")
    assert (again.clause, again.samples, again.period) == ("crs_3_72h", (), "")


def test_an_event_that_was_judged_asks_for_nothing():
    asked = asked_of(event(CRS, 3, "2T14:00", group="g1", aedlt="N"), cutoff=3)
    assert all(one.kind == "visit" for one in due_next(
        subjects(subject("A1")).iloc[0], visits((1, -50)), PROTOCOL, end_of(3), asked))  # fmt: skip


def test_the_alt_of_302_is_to_be_repeated_by_the_eighth_day(trial):
    """ALT grade 3 in each sample since Day 12 (22 - 17 + 12 = 16 November at the cut-off of 21 November): more than
    168 h would be over on Day 19. The visit of Day 21 opens on Day 19 too."""
    cut = trial.serving().cut
    who = everyone(cut).set_index("usubjid", drop=False).loc["XKDCT293-01-302"]
    asked = board_of(cut).candidates[who["usubjid"]]
    own = due_next(who, visits_of(cut, who["usubjid"]), PROTOCOL, cut.cutoff, asked)[:3]
    assert [(one.visit, one.kind, (one.last - who["day0"].date()).days, one.state) for one in own] == [
        (ALT, "repeat", 19, "in_window"),
        ("DAY 21", "visit", 23, "upcoming"),
        ("DAY 28", "visit", 31, "upcoming"),
    ]
    assert own[0].samples == ("ALT",) and own[0].clause == "nonhaem_3_7d"


# ---- rules -----------------------------------------------------------------------------------------------------------
some_visits = st.lists(
    st.tuples(st.sampled_from([*PLANNED, 11.01, None]), st.integers(-60, 900)), min_size=1, max_size=25
)


@given(rows=some_visits, cutoff=st.integers(-50, 1200))
def test_the_state_follows_from_the_window_and_done_visits_are_never_due(rows, cutoff):
    who, at = subjects(subject("A1")).iloc[0], end_of(cutoff)
    shown = due_next(who, visits(*rows), PROTOCOL, at)
    for one in shown:
        assert one.first <= one.target <= one.last
        assert (one.last < at.date()) == one.overdue and (one.first > at.date()) == (one.state == "upcoming")
    made = {number for number, _ in rows}
    assert not {one.visit for one in shown} & {PLANNED[one].visit for one in made & set(PLANNED) - {19}}
    states = [one.state for one in shown]
    assert states == sorted(states, key=["overdue", "in_window", "upcoming"].index)


@given(rows=some_visits, cutoff=st.integers(-50, 1000), later=st.integers(0, 200))
def test_time_alone_brings_nothing_back(rows, cutoff, later):
    """The longer one waits without a new visit, the fewer are still upcoming; none that was overdue is forgotten."""
    who = subjects(subject("A1")).iloc[0]
    before, after = (due_next(who, visits(*rows), PROTOCOL, end_of(at)) for at in (cutoff, cutoff + later))
    named = {(one.visit, one.target): one.state for one in after}
    for one in before:
        if one.overdue:
            assert named[(one.visit, one.target)] == "overdue"


def test_a_cut_off_in_the_day_is_that_day():
    who = subjects(subject("A1")).iloc[0]
    morning = datetime.combine(day(23), datetime.min.time()) + timedelta(hours=8)
    [first, *_] = due_next(who, visits((1, -50), (2, -30), *TO_DAY_14), PROTOCOL, morning)
    assert (first.visit, first.state) == ("DAY 21", "in_window")


def test_the_follow_up_of_no_fixed_length_goes_on():
    endless = parse("\n".join(one for one in PROTOCOL.text.splitlines() if not one.startswith("long_term_follow_up")))
    made = [(19, 730 + 365 * number) for number in range(20)]
    assert found(730 + 365 * 19, *YEAR_1, *made, protocol=endless)[-1][1] == 730 + 365 * 20 - 60
