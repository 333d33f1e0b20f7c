"""The Board: the simulated trial worked by hand from its scenario, cases on paper, and what holds for any trial."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_frames import (
    ALT,
    CRS,
    LYMPHOCYTES,
    NEUTROPHILS,
    PROTOCOL,
    end_of,
    event,
    events,
    protocol_with,
    subject,
    subjects,
)

from clinical.board import STEPS, board, level_state
from clinical.lab_grades import TESTS
from data import protocol
from queries.adverse_events import adverse_events
from queries.measurements import measurements
from queries.subjects import subjects as subjects_of

# ---- the simulated trial --------------------------------------------------------------------------------------------
# The last cut-off is 21 November 2026, day 325 of the year; trial day -280 is then day 45, 14 February, and so on.
# Days of 2026 before each month: Feb 31, Mar 59, Apr 90, May 120, Jun 151, Jul 181, Aug 212, Sep 243, Oct 273, Nov 304.
LAST = date(2026, 11, 21)
INFUSED = {  # trial day of infusion -> last day of its window, 28 days later
    "101": (-280, date(2026, 3, 14)),  # day 45, 14 Feb
    "102": (-262, date(2026, 4, 1)),  # day 63, 4 Mar
    "103": (-250, date(2026, 4, 13)),  # day 75, 16 Mar
    "201": (-190, date(2026, 6, 12)),  # day 135, 15 May
    "202": (-176, date(2026, 6, 26)),  # day 149, 29 May
    "203": (-169, date(2026, 7, 3)),  # day 156, 5 Jun
    "204": (-155, date(2026, 7, 17)),  # day 170, 19 Jun
    "205": (-110, date(2026, 8, 31)),  # day 215, 3 Aug
    "206": (-95, date(2026, 9, 15)),  # day 230, 18 Aug
    "207": (-75, date(2026, 10, 5)),  # day 250, 7 Sep
    "301": (-40, date(2026, 11, 9)),  # day 285, 12 Oct
    "302": (-17, date(2026, 12, 2)),  # day 308, 4 Nov
    "303": (-3, date(2026, 12, 16)),  # day 322, 18 Nov
}
# From leukapheresis to infusion, in trial days.
VEIN_TO_VEIN = {
    "101": 36,  # -316 to -280
    "102": 34,  # -296 to -262
    "103": 31,  # -281 to -250
    "201": 35,  # -225 to -190
    "202": 33,  # -209 to -176
    "203": 38,  # -207 to -169
    "204": 36,  # -191 to -155
    "205": 30,  # -140 to -110
    "206": 36,  # -131 to -95
    "207": 35,  # -110 to -75
    "301": 35,  # -75 to -40
    "302": 36,  # -53 to -17
    "303": 37,  # -40 to -3
}
# Level: infused, evaluable, DLTs, pending, replaced, unresolved, waiting; state, planned; 95 % interval.
# Clopper-Pearson: 0/3 0-0.708, 0/1 0-0.975, 1/6 0.004-0.641, 1/1 0.025-1 (0.025 = 1 - 0.975), 1/5 0.005-0.716.
LADDER = {
    1: {
        "DL1": ("101 102 103", "101 102 103", "", "", "", "", "", "cleared", 3, (0, 0.708)),
        "DL2": ("201 202 203", "201", "201", "202", "203", "", "204", "open", 6, (0.025, 1)),
        "DL3": ("", "", "", "", "", "", "", "not_opened", 3, None),
    },
    2: {
        "DL1": ("101 102 103", "101 102 103", "", "", "", "", "", "cleared", 3, (0, 0.708)),
        "DL2": ("201 202 203 204 205 206 207", "201 202 204 205 206", "201", "207", "203", "", "", "expanding", 6,
                (0.005, 0.716)),
        "DL3": ("", "", "", "", "", "", "", "not_opened", 3, None),
    },
    3: {
        "DL1": ("101 102 103", "101 102 103", "", "", "", "", "", "cleared", 3, (0, 0.708)),
        "DL2": ("201 202 203 204 205 206 207", "201 202 204 205 206 207", "201", "", "203", "", "", "cleared", 6,
                (0.004, 0.641)),
        "DL3": ("301 302 303", "301", "", "303", "", "302", "304 305", "open", 3, (0, 0.975)),
    },
}  # fmt: skip
# Windows that run: day at the cut-off and days left. Cut 1 is at -165, and has 202 five days early, at -181;
# cut 2 is at -60, cut 3 at 0.
RUNNING = {
    1: {"202": (16, 12)},  # 203, on Day 4, is not waited for
    2: {"207": (15, 13)},
    3: {"302": (17, 11), "303": (3, 25)},
}
PIPELINE = {  # who had consented, failed screening, been collected; where those are who wait
    1: ("101 102 103 901 201 202 203 902 204", "901 902", "101 102 103 201 202 203 204", {"in_manufacture": "204"}),
    2: ("101 102 103 901 201 202 203 902 204 205 206 208 207 903 301 302", "901 902 903",
        "101 102 103 201 202 203 204 205 206 208 207 301",
        {"screening": "302", "in_manufacture": "301", "failed": "208"}),
    3: ("101 102 103 901 201 202 203 902 204 205 206 208 207 903 301 302 303 304 904 305 306", "901 902 903 904",
        "101 102 103 201 202 203 204 205 206 208 207 301 302 303 304 305",
        {"screening": "306", "in_manufacture": "305", "failed": "208", "released": "304"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def boards(trial):
    cuts = [trial.open(one) for one in trial.ids()]
    assert [one.cutoff.date() for one in cuts] == [LAST - timedelta(days=days) for days in (165, 60, 0)]
    return {
        number: board(
            subjects_of(cut),
            adverse_events(cut),
            cut.protocol,
            cut.cutoff,
            labs=measurements(cut, ("lab",), codes=tuple(TESTS)),
        )
        for number, cut in enumerate(cuts, start=1)
    }


def short(people) -> str:
    return " ".join(one[-3:] for one in people)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_the_ladder_of_each_cut(boards, cut):
    for rung in boards[cut].rungs:
        *people, state, planned, interval = LADDER[cut][rung.level.id]
        names = ("infused", "evaluable", "dlts", "pending", "replaced", "unresolved", "waiting")
        assert [short(getattr(rung, name)) for name in names] == people
        assert (rung.state, rung.planned) == (state, planned)
        if interval is None:
            assert all(pd.isna(one) for one in rung.interval)
        else:
            assert rung.interval == pytest.approx(interval, abs=0.0005)
    assert [one.level.id for one in boards[cut].rungs] == ["DL1", "DL2", "DL3"]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_the_windows_of_each_cut(boards, cut):
    early = {"202": timedelta(days=5)} if cut == 1 else {}
    shown = {one.subjid: one for one in boards[cut].windows}
    assert " ".join(shown) == " ".join(LADDER[cut][level][0] for level in LADDER[cut]).strip()
    for subjid, one in shown.items():
        day, ends = INFUSED[subjid]
        slip = early.get(subjid, timedelta(0))
        assert (one.infused, one.ends) == (LAST + timedelta(days=day) - slip, ends - slip)
        assert (one.state.day, one.state.days_left) == RUNNING[cut].get(subjid, (one.state.day, 0))
        # 302's ALT, which nobody reported: 232 U/L on Day 12, 16 November, is above 5 x 40; the cut-off is Day 17.
        unreported = ["LB ALT 2026-11-16 nonhaem_3_7d"] if (cut, subjid) == (3, "302") else []
        assert [each.key for each in one.candidates] == unreported
        assert not one.overdosed


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_the_dlt_and_the_replaced_patient(boards, cut):
    """201: CRS grade 4 on Day 9, to Day 11; 203 received 60 %."""
    first = boards[cut].window("XKDCT293-01-201")
    assert (first.dlt_day, first.dlt_term, first.state.reason) == (9, f"{CRS} G4", "DLT on Day 9")
    assert {(one.clause, one.grade, one.adjudicated) for one in first.dlts} == {
        ("crs_4", 4, "Y"),
        ("crs_3_72h", 4, "Y"),
    }
    third = boards[cut].window("XKDCT293-01-203")
    assert third.state.reason == "received 60 % of the assigned dose, below 80 %: to be replaced"


def test_the_gap_after_the_sentinel(boards):
    """In cut 1 the second patient stands at -181, 9 days after -190; mended, at -176, 14 days after."""
    (breach,) = boards[1].breaches
    assert (breach.kind, breach.cohort, short([breach.usubjid, breach.after])) == ("sentinel", "DL2", "202 201")
    assert (breach.days, breach.minimum) == (9, 14)
    assert boards[2].breaches == boards[3].breaches == ()


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_the_pipeline_of_each_cut(boards, cut):
    flow, (consented, failed, collected, now) = boards[cut].pipeline, PIPELINE[cut]
    assert [short(one) for one in (flow.consented, flow.screen_failed, flow.leukapheresed)] == [
        consented,
        failed,
        collected,
    ]
    infused = " ".join(LADDER[cut][level][0] for level in LADDER[cut]).split()
    assert short(flow.infused).split() == infused
    assert {name: short(people) for name, people in flow.now.items() if people} == now
    assert set(flow.now) == set(STEPS)
    days = VEIN_TO_VEIN | ({"202": 28} if cut == 1 else {})  # cut 1: -209 to -181
    assert list(flow.vein_to_vein) == [days[one] for one in infused]


def test_the_median_of_the_vein_to_vein_days(boards):
    # Cut 3 in order: 30 31 33 34 35 35 35 36 36 36 36 37 38, the seventh of thirteen is 35.
    assert boards[3].pipeline.median_days == 35
    # Cut 1 in order: 28 31 34 35 36 38, between 34 and 35.
    assert boards[1].pipeline.median_days == 34.5


# ---- cases on paper -------------------------------------------------------------------------------------------------
def window(*rows, cutoff=60, protocol=PROTOCOL, **patient):
    return board(subjects(subject("A1", **patient)), events(*rows), protocol, end_of(cutoff)).windows[0]


def state(*rows, **more):
    return window(*rows, **more).state.state


def test_an_unadjudicated_candidate_leaves_the_patient_unresolved():
    assert state(event(CRS, 4, 9, 11)) == "unresolved"
    assert state(event(CRS, 4, 9, 11, aedlt="N")) == "evaluable_no_dlt"
    assert state(event(CRS, 4, 9, 11), dose_fraction=0.5) == "unresolved"
    assert state(event(CRS, 4, 9, 11, rel="unlikely")) == state(event(CRS, 4, 9, 11, rel=None)) == "unresolved"
    assert state(event(CRS, 4, "2026-03", 40)) == "unresolved"  # in March: Day 0 to 30
    assert state(event(CRS, 4, 61)) == "evaluable_no_dlt"  # after the cut-off


def test_candidates_are_told_by_event_not_by_row_and_clause():
    rows = [event(CRS, grade, day, day + 2, group="AE1") for grade, day in ((3, 5), (4, 8))]
    found = window(*rows, event(ALT, 3, 5))
    assert found.state.reason == "DLT candidates not adjudicated: 2"
    assert len(found.candidates) == 4  # CRS 3: 72 h; CRS 4: grade, 72 h; ALT


@pytest.mark.parametrize(
    ("rows", "expected", "dlt_day"),
    [
        ([event(CRS, 4, 9, 11, aedlt="Y")], "evaluable_dlt", 9),
        ([event("Nausea", 2, 9, 11, aedlt="Y")], "evaluable_dlt", 9),  # in no clause: the flag counts
        ([event(CRS, 4, 9, 11, aedlt="Y", rel="unrelated")], "evaluable_dlt", 9),
        ([event(CRS, 4, 28, aedlt="Y")], "evaluable_dlt", 28),
        ([event(CRS, 4, 29, aedlt="Y")], "evaluable_no_dlt", 29),  # late: shown, not counted
        ([event(CRS, 4, 40, aedlt="Y"), event(ALT, 3, 12, aedlt="Y")], "evaluable_dlt", 12),
        ([event(ALT, 3, 12, aedlt="Y"), event(CRS, 4, 9, aedlt="Y")], "evaluable_dlt", 9),
        ([event(CRS, 4, "2026-03", aedlt="Y")], "unresolved", 0),  # Day 0 to 30
        ([event(CRS, 4, None, aedlt="Y")], "unresolved", None),
        ([event(CRS, 4, None, 20, aedlt="Y")], "evaluable_dlt", 0),  # ended on Day 20
        ([event(NEUTROPHILS, 4, -2, 40, aedlt="Y")], "evaluable_dlt", 0),  # from lymphodepletion, not recovered
        ([event(CRS, 4, -9, -5, aedlt="Y")], "unresolved", None),  # a DLT over before the infusion: a wrong date
        ([event(CRS, 4, 61, aedlt="Y")], "evaluable_no_dlt", None),  # after the cut-off
    ],
)
def test_an_adjudicated_dlt(rows, expected, dlt_day):
    found = window(*rows)
    assert (found.state.state, found.dlt_day) == (expected, dlt_day)


def test_a_late_dlt_is_shown_and_not_counted():
    found = window(event(CRS, 4, 35, aedlt="Y"))
    assert found.state.reason == "window complete, no DLT; late event Day 35, not counted"
    assert (found.dlt_term, found.dlts) == (f"{CRS} G4", ())


@pytest.mark.parametrize("patient", [{"off_study": 10}, {"dose_fraction": 0.3}, {"dose_fraction": None}, {"death": 10}])
def test_a_dlt_counts_whatever_the_dose_and_the_follow_up(patient):
    assert state(event(CRS, 4, 9, 9, aedlt="Y"), **patient) == "evaluable_dlt"


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        ({"dose_fraction": None}, "unresolved"),
        ({"dose_fraction": -1.0}, "unresolved"),  # a negative amount says no more than a blank
        ({"dose_fraction": 0.79}, "not_evaluable"),
        ({"dose_fraction": 0.8}, "evaluable_no_dlt"),
        ({"off_study": 27}, "not_evaluable"),
        ({"off_study": 28}, "evaluable_no_dlt"),
        ({"off_study": (20, 35)}, "unresolved"),  # partial: before Day 28 or after
        ({"off_study": (-9, 5)}, "not_evaluable"),
        ({"off_study": -3}, "unresolved"),  # left before the infusion and was infused: one date is wrong
        ({"off_study": 70}, "evaluable_no_dlt"),  # after the cut-off
        ({"last_assessed": 20}, "pending"),
        ({"last_assessed": None}, "pending"),
        ({"death": 20, "off_study": 20}, "unresolved"),  # no fatal event: the relation of the death is missing
        ({"death": 40, "off_study": 40}, "evaluable_no_dlt"),
    ],
)
def test_evaluability_of_a_patient_without_dlt(patient, expected):
    assert state(**patient) == expected


def test_a_death_that_is_clearly_unrelated_is_replaced():
    fatal = event("Disease progression", 5, 20, 20, rel="unrelated")
    assert state(fatal, death=20, off_study=20) == "not_evaluable"
    assert state(fatal | {"causality": None}, death=20, off_study=20) == "unresolved"


def test_off_study_before_the_infusion_waits_while_the_window_runs():
    assert state(off_study=-3, cutoff=10) == "pending"


def test_day_28_itself():
    """The cut-off is the end of Day 28, with data of that day; a neutropenia that is still grade 4 holds it open."""
    assert state(cutoff=28, last_assessed=28) == "evaluable_no_dlt"
    assert state(event(NEUTROPHILS, 4, -2), cutoff=28, last_assessed=28) == "unresolved"
    assert state(event(NEUTROPHILS, 4, -2), cutoff=27) == "pending"
    assert state(event(LYMPHOCYTES, 4, -3), cutoff=28, last_assessed=28) == "evaluable_no_dlt"


@pytest.mark.parametrize(("fraction", "flagged"), [(1.2, False), (1.3, True), (None, False)])
def test_an_overdose_is_flagged(fraction, flagged):
    found = board(subjects(subject("A1", dose_fraction=fraction)), events(), PROTOCOL, end_of(60))
    assert found.windows[0].overdosed == flagged
    assert [(one.kind, one.usubjid, one.percent) for one in found.breaches] == [("overdose", "A1", 130.0)] * flagged


def test_every_patient_is_held_to_the_sentinels_gap():
    people = [subject(f"A{n}", infused=day) for n, day in enumerate((0, 9, 13, 14, 14), start=1)]
    found = board(subjects(*people), events(), PROTOCOL, end_of(60)).breaches
    assert [(one.kind, one.usubjid, one.after, one.days) for one in found] == [
        ("sentinel", "A2", "A1", 9),
        ("sentinel", "A3", "A1", 13),
    ]
    staggered = protocol_with("stagger_days = 0", "stagger_days = 2")
    found = board(subjects(*people), events(), staggered, end_of(60)).breaches
    assert [(one.usubjid, one.after, one.days) for one in found if one.kind == "stagger"] == [
        ("A4", "A3", 1),
        ("A5", "A4", 0),
    ]


def test_two_patients_infused_on_one_day():
    found = board(subjects(subject("A2"), subject("A1")), events(), PROTOCOL, end_of(60))
    assert [one.usubjid for one in found.windows] == ["A1", "A2"]
    assert [(one.usubjid, one.after, one.days) for one in found.breaches] == [("A2", "A1", 0)]


def test_the_way_to_an_infusion():
    people = [
        subject("S1", None, None),
        subject("S2", None, None, screen_failed=True),
        subject("C1", infused=None, leukapheresis=1),
        subject("M1", infused=None, leukapheresis=1, manufacture_start=2, manufacture_state="IN PROCESS"),
        subject("F1", infused=None, leukapheresis=1, manufacture_start=2, manufacture_state="FAILED", off_study=9),
        subject("R1", infused=None, leukapheresis=1, manufacture_start=2, manufacture_state="RELEASED"),
        subject("L1", infused=None, manufacture_state="RELEASED", lymphodepletion=20),
        subject("W1", infused=None, lymphodepletion=20, off_study=22),
        subject("W2", infused=None, screen_failed=True),  # failed after a cohort was assigned
        subject("A1", infused=61),  # after the cut-off: not infused
        subject("A2", infused=30, leukapheresis=2, screen_failed=True),  # failed once, screened again
    ]
    found = board(subjects(*people), events(), PROTOCOL, end_of(60))
    assert found.pipeline.now == {
        "screening": ("A1", "S1"),
        "collected": ("C1",),
        "in_manufacture": ("M1",),
        "failed": ("F1",),
        "released": ("R1",),
        "lymphodepleting": ("L1",),
        "left": ("W1",),
    }
    assert (found.pipeline.infused, found.pipeline.vein_to_vein) == (("A2",), (28,))
    assert found.rungs[0].waiting == ("A1", "C1", "L1", "M1", "R1")
    assert board(subjects(), events(), PROTOCOL, end_of(60)).pipeline.median_days is None


def test_a_trial_without_dose_levels_has_a_pipeline_only():
    found = board(subjects(subject("A1", "Placebo")), events(), protocol.load(protocol.FOLDER / "cdisc_pilot.toml"),
                  end_of(60))  # fmt: skip
    assert (found.windows, found.rungs, found.breaches, found.pipeline.infused) == ((), (), (), ("A1",))
    assert found.window("A1") is None


# ---- the state of a level -------------------------------------------------------------------------------------------
# The classic 3+3. Rows: 0 to 6 evaluable; columns: 0, 1, 2 ... awaited, up to six in all.
# o open, c cleared, x expanding, ! exceeded, . impossible.
TABLE = {
    0: ["ooooooo", "oooooo", "ooooo", "cooo", "coo", "co", "c"],
    # One DLT: three results, or a fourth patient infused, before the level expands; 1/6 clears it.
    1: [".......", "oooxxx", "ooxxx", "xxxx", "xxx", "xx", "c"],
    2: [".......", "......", "!!!!!", "!!!!", "!!!", "!!", "!"],
    3: [".......", "......", ".....", "!!!!", "!!!", "!!", "!"],
    6: [".......", "......", ".....", "....", "...", "..", "!"],
}
NAMES = {"o": "open", "c": "cleared", "x": "expanding", "!": "exceeded"}


@pytest.mark.parametrize("dlts", TABLE)
def test_the_state_of_a_level_in_every_combination_up_to_six(dlts):
    for evaluable, row in enumerate(TABLE[dlts]):
        assert len(row) == 7 - evaluable
        for awaited, letter in enumerate(row):
            if letter != ".":
                # somebody was infused, if only to be replaced
                found = level_state(evaluable, dlts, awaited, max(1, evaluable + awaited))
                assert found == NAMES[letter], (evaluable, dlts, awaited)


def test_a_level_nobody_was_infused_at_is_not_opened():
    assert level_state(0, 0, 0, 0) == "not_opened"


def test_a_cleared_level_that_takes_another_patient_waits_for_the_result():
    people = [subject(f"A{n}", infused=20 * n) for n in range(4)]
    rungs = [board(subjects(*people), events(), PROTOCOL, end_of(day)).rungs[0] for day in (59, 70, 120)]
    assert [(one.state, len(one.evaluable), len(one.pending)) for one in rungs] == [
        ("open", 2, 1),  # Day 59: the third is on its Day 19
        ("open", 3, 1),  # Day 70: 0/3, and the fourth on its Day 10
        ("cleared", 4, 0),
    ]


def level(cohort, *grades, gap=20):
    """Patients of one level, all complete: a DLT where True."""
    people = [subject(f"{cohort}-{n}", cohort, infused=gap * n) for n in range(len(grades))]
    dlts = [event(CRS, 4, gap * n + 9, who=f"{cohort}-{n}", aedlt="Y") for n, one in enumerate(grades) if one]
    return people, dlts


@pytest.mark.parametrize(
    ("variant", "levels", "expected"),
    [
        # 0/3 at the top: six only where an MTD rests on six
        ("six_at_mtd", {"DL3": [0, 0, 0]}, {"DL3": ("expanding", 6)}),
        ("six_at_mtd", {"DL3": [0, 0, 0, 0]}, {"DL3": ("expanding", 6)}),
        ("six_at_mtd", {"DL3": [0] * 6}, {"DL3": ("cleared", 3)}),
        ("six_at_mtd", {"DL3": [0, 0]}, {"DL3": ("open", 3)}),
        ("deescalation", {"DL3": [0, 0, 0]}, {"DL3": ("cleared", 3)}),
        ("no_deescalation", {"DL3": [0, 0, 0]}, {"DL3": ("cleared", 3)}),
        ("six_at_mtd", {"DL2": [0, 0, 0]}, {"DL2": ("cleared", 3)}),
        # 2 DLTs: the dose below grows to six, unless it has six
        ("six_at_mtd", {"DL1": [0, 0, 0], "DL2": [1, 1]}, {"DL1": ("expanding", 6), "DL2": ("exceeded", 6)}),
        ("deescalation", {"DL1": [0, 0, 0], "DL2": [1, 1]}, {"DL1": ("expanding", 6), "DL2": ("exceeded", 6)}),
        ("no_deescalation", {"DL1": [0, 0, 0], "DL2": [1, 1]}, {"DL1": ("cleared", 3), "DL2": ("exceeded", 6)}),
        ("deescalation", {"DL1": [1] + [0] * 5, "DL2": [1, 1]}, {"DL1": ("cleared", 6), "DL2": ("exceeded", 6)}),
        ("six_at_mtd", {"DL1": [1, 1], "DL3": [0, 0, 0]}, {"DL1": ("exceeded", 6), "DL3": ("cleared", 3)}),
    ],
)
def test_the_dose_an_mtd_would_rest_on_grows_to_six(variant, levels, expected):
    changed = protocol_with('variant = "six_at_mtd"', f'variant = "{variant}"')
    treated = [level(cohort, *grades) for cohort, grades in levels.items()]
    people, dlts = ([one for some in kind for one in some] for kind in zip(*treated, strict=True))
    found = board(subjects(*people), events(*dlts), changed, end_of(300))
    assert {one.level.id: (one.state, one.planned) for one in found.rungs if one.infused} == expected


def test_a_top_dose_that_is_being_expanded_says_so():
    """0/3, and the fourth on Day 10."""
    people = [subject(f"C{n}", "DL3", infused=20 * n) for n in range(4)]
    top = board(subjects(*people), events(), PROTOCOL, end_of(70)).rungs[-1]
    assert (top.state, top.planned, len(top.evaluable), top.pending) == ("expanding", 6, 3, ("C3",))


# ---- any trial ------------------------------------------------------------------------------------------------------
days = st.none() | st.integers(-40, 90)
PATIENT = st.fixed_dictionaries(
    {
        "cohort": st.sampled_from(["DL1", "DL2", "DL3", None]),
        "infused": st.none() | st.integers(-5, 80),
        "dose_fraction": st.sampled_from([None, -1.0, 0.0, 0.5, 0.8, 1.0, 1.5]),
        **dict.fromkeys(["consent", "leukapheresis", "lymphodepletion", "manufacture_start", "last_assessed"], days),
        "death": days,
        "off_study": st.none() | st.tuples(st.integers(-40, 90), st.integers(0, 40)).map(lambda p: (p[0], sum(p))),
        "screen_failed": st.booleans(),
        "manufacture_state": st.sampled_from([None, "IN PROCESS", "RELEASED", "FAILED"]),
    }
)
WHEN = st.none() | st.integers(-40, 90) | st.sampled_from(["2026", "2026-03", "2026-04", "3T08:00", "40T23:00"])
EVENT = st.tuples(
    st.sampled_from([CRS, ALT, NEUTROPHILS, LYMPHOCYTES, "Nausea", None]),
    st.none() | st.integers(1, 5),
    WHEN,
    WHEN,
    st.fixed_dictionaries(
        {
            "who": st.integers(0, 4).map("A{}".format),
            "group": st.sampled_from([None, "AE1", "AE2"]),
            "rel": st.sampled_from(["related", "unlikely", "unrelated", "cannot_be_judged", None]),
            "aedlt": st.sampled_from([None, None, "N", "Y"]),
            "aesdth": st.sampled_from([None, "N", "Y"]),
            "aeout": st.sampled_from([None, "RECOVERED/RESOLVED", "NOT RECOVERED/NOT RESOLVED", "FATAL"]),
        }
    ),
).map(lambda one: event(*one[:4], **one[4]))


@settings(deadline=None, max_examples=60)
@given(people=st.lists(PATIENT, max_size=5), rows=st.lists(EVENT, max_size=8), cutoff=st.integers(0, 80),
       random=st.randoms(use_true_random=False))  # fmt: skip
def test_the_board_is_there_for_any_data(people, rows, cutoff, random):
    people = [subject(f"A{n}", **one) for n, one in enumerate(people)]
    everyone, reported = subjects(*people), events(*rows)
    found = board(everyone, reported, PROTOCOL, end_of(cutoff))

    last_day = end_of(cutoff).date()
    treated = [
        (one["usubjid"], one["cohort"])
        for one in people
        if one["day0"] and one["day0"].date() <= last_day and one["cohort"]
    ]
    assert sorted((one.usubjid, one.cohort) for one in found.windows) == sorted(treated)
    of = {one.usubjid: one for one in found.windows}
    for rung in found.rungs:
        groups = [*rung.evaluable, *rung.pending, *rung.replaced, *rung.unresolved]
        assert sorted(groups) == sorted(rung.infused)
        assert sorted(rung.infused) == sorted(who for who, cohort in treated if cohort == rung.level.id)
        assert set(rung.dlts) <= set(rung.evaluable)
        assert {of[who].state.state for who in rung.dlts} <= {"evaluable_dlt"}
        assert all(of[who].state.blocking for who in (*rung.pending, *rung.unresolved))
        assert not set(rung.waiting) & set(rung.infused)
        assert rung.state != "cleared" or not (rung.pending or rung.unresolved)
    for one in found.windows:
        # an open candidate never passes for "no DLT", nor does a flag that can be in the window
        assert one.state.state in ("unresolved", "evaluable_dlt") or not one.candidates
        assert all(candidate.open for candidate in one.candidates)
        assert one.state.state != "not_evaluable" or one.state.late_day is not None or not one.dlt_term
        assert one.ends == one.infused + timedelta(days=28)
    steps = [who for people in found.pipeline.now.values() for who in people]
    assert len(steps) == len(set(steps))
    assert not set(steps) & set(found.pipeline.infused)

    some, others = list(range(len(everyone))), list(range(len(reported)))
    random.shuffle(some)
    random.shuffle(others)
    assert repr(board(everyone.iloc[some], reported.iloc[others], PROTOCOL, end_of(cutoff))) == repr(found)


def test_the_board_changes_nothing_it_is_given():
    people, rows = (
        subjects(subject("A2"), subject("A1", death=20)),
        events(event(CRS, 4, 9, aedlt="Y"), event(ALT, 3, 2)),
    )
    before = people.copy(), rows.copy()
    board(people, rows, PROTOCOL, end_of(10))
    pd.testing.assert_frame_equal(people, before[0])
    pd.testing.assert_frame_equal(rows, before[1])
