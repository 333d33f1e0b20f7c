"""Which adverse events are open DLT questions: each case by hand. Infused on Day 0, cut-off the end of a day."""

import pytest
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

from clinical.candidates import ENGLISH, VERDICTS, candidates

HEADACHE = "Headache"  # no clause names it: "other non-haematologic", grade 3 for more than 7 days
SJS = "Stevens-Johnson syndrome"


def found(*rows, cutoff=60, protocol=PROTOCOL, **patient):
    of = candidates(subjects(subject("A1", **patient)), events(*rows), protocol.dlt, end_of(cutoff))
    return [(one.clause, one.verdict, one.code) for one in of.get("A1", ())]


def still_open(*rows, cutoff=60, **patient):
    of = candidates(subjects(subject("A1", **patient)), events(*rows), PROTOCOL.dlt, end_of(cutoff))
    return [one.clause for one in of.get("A1", ()) if one.open]


# ---- which events are looked at --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("term", "grade", "clauses"),
    [
        (CRS, 4, ["crs_4", "crs_3_72h"]),
        (CRS, 3, ["crs_3_72h"]),
        (CRS, 2, []),
        ("CYTOKINE release SYNDROME", 4, ["crs_4", "crs_3_72h"]),
        ("Immune effector cell-associated neurotoxicity syndrome", 4, ["icans_4", "icans_3_72h"]),
        (HEADACHE, 3, ["nonhaem_3_7d"]),
        (HEADACHE, 2, []),
        (ALT, 3, ["nonhaem_3_7d"]),
        ("Nausea", 3, []),  # excepted
        ("Anaemia", 4, []),  # haematologic, and in no clause
        ("Febrile neutropenia", 4, []),
        (NEUTROPHILS, 4, ["haem_4_d28"]),
        (NEUTROPHILS, 3, []),
        (LYMPHOCYTES, 4, []),  # expected after fludarabine and cyclophosphamide
        ("White blood cell count decreased", 4, []),
        ("Rash maculo-papular", 3, ["rash_3"]),
        (SJS, 1, ["sjs_ten"]),
        ("Pneumonitis", 3, ["pneumonitis_3"]),
        ("Keratitis", 3, ["keratitis_3"]),
        ("Macrophage activation syndrome", 3, ["iec_hs_3"]),
        ("Infusion related reaction", 3, ["infusion_reaction_3"]),
        (HEADACHE, 5, ["related_death", "nonhaem_3_7d"]),
        (LYMPHOCYTES, 5, ["related_death"]),  # a death is a death, whatever it is coded as
    ],
)
def test_the_clauses_an_event_is_held_against(term, grade, clauses):
    assert [clause for clause, *_ in found(event(term, grade, 3, 40))] == clauses


@pytest.mark.parametrize("relation", ["related", "unlikely", "cannot_be_judged", None])
def test_only_what_is_clearly_unrelated_is_passed_over(relation):
    assert still_open(event(CRS, 4, 3, 5, rel=relation)) == ["crs_4"]
    assert found(event(CRS, 4, 3, 5, rel="unrelated")) == []
    assert found(event(HEADACHE, 5, 3, 3, rel="unrelated")) == []


@pytest.mark.parametrize(
    ("start", "end", "looked_at"),
    [
        (-1, 3, False),
        (0, 3, True),
        ("0T06:00", 3, True),  # on the day of infusion, before it: days decide
        (28, 30, True),
        (29, 30, False),  # Day 29 is late
        (None, None, True),  # undated: any day
        (None, -2, False),  # over before the infusion, whenever it began
        ("2026-03", 40, True),  # March: Day 0 to 30
        ("2026-02", -2, False),
        ("2026", 40, True),
        ("2026", -2, False),  # it cannot have begun after it ended
        ("2026-04", 60, False),  # from 1 April, Day 31
        ("2026-03", "2026-02", True),  # ended before it began: the dates contradict each other, and it is looked at
    ],
)
def test_an_event_is_looked_at_when_it_can_have_begun_in_the_window(start, end, looked_at):
    assert ("crs_4" in still_open(event(CRS, 4, start, end))) == looked_at


def test_what_begins_after_the_cutoff_is_not_read():
    assert found(event(CRS, 4, 11, 12), cutoff=10) == []
    assert found(event(CRS, 4, 10), cutoff=10)
    assert candidates(subjects(subject("A1", infused=11)), events(event(CRS, 4, 10)), PROTOCOL.dlt, end_of(10)) == {}


def test_only_the_infused_have_candidates():
    assert candidates(subjects(subject("A1", infused=None)), events(event(CRS, 4, 3)), PROTOCOL.dlt, end_of(9)) == {}
    assert candidates(subjects(), events(), PROTOCOL.dlt, end_of(9)) == {}


def test_each_patients_events_are_their_own():
    of = candidates(
        subjects(subject("A1"), subject("A2"), subject("A3")),
        events(event(CRS, 3, 3, 9, group="AE01", who="A1"), event(CRS, 4, 2, 9, group="AE01", who="A2")),
        PROTOCOL.dlt,
        end_of(60),
    )
    assert {who: [(one.clause, one.onset_day) for one in some] for who, some in of.items()} == {
        "A1": [("crs_3_72h", 3)],
        "A2": [("crs_4", 2), ("crs_3_72h", 2)],
    }


# ---- grade -----------------------------------------------------------------------------------------------------------
def test_a_missing_grade_is_never_a_low_one():
    assert found(event(CRS, None, 3, 9)) == [
        ("crs_4", "cannot_tell", "grade_missing"),
        ("crs_3_72h", "cannot_tell", "grade_missing"),
    ]
    assert found(event(SJS, None, 3)) == [("sjs_ten", "met", "grade")]  # in any grade
    # 5 dates cannot be more than 7 days at any grade; Day 3 to 20 can.
    assert found(event(HEADACHE, None, 3, 7)) == [("nonhaem_3_7d", "cleared", "ended")]
    assert found(event(HEADACHE, None, 3, 20)) == [("nonhaem_3_7d", "cannot_tell", "grade_missing")]
    assert found(event("Nausea", None, 3)) == []


@pytest.mark.parametrize("fatal", [{"aesdth": "Y"}, {"aeout": "FATAL"}])
@pytest.mark.parametrize("grade", [None, 3])
def test_a_fatal_event_is_grade_5_whatever_its_grade_says(fatal, grade):
    assert found(event(HEADACHE, grade, 3, 4, **fatal)) == [
        ("related_death", "met", "grade"),
        ("nonhaem_3_7d", "met", "grade"),
    ]
    # A death with neutropenia on Day 15 is no recovery by Day 28; in a group without any grade it is still read.
    rows = (event(NEUTROPHILS, None, 2, 9, group="AE1"), event(NEUTROPHILS, grade, 10, 15, group="AE1", **fatal))
    assert ("haem_4_d28", "met", "grade") in found(*rows)


def test_a_death_without_fatal_event_is_an_open_question():
    assert found(death=20, off_study=20) == [("related_death", "cannot_tell", "no_fatal_event")]
    assert found(event(HEADACHE, 2, 3, 4), death=28) == [("related_death", "cannot_tell", "no_fatal_event")]
    assert found(death=29) == []  # after the window
    assert found(death=20, cutoff=19) == []  # not known yet
    assert found(event("Disease progression", 5, 20, 20, rel="unrelated"), death=20) == []  # explained


def test_an_uncoded_event_goes_by_its_words_and_is_never_cleared_by_its_length():
    assert found(event(None, 3, 3, 4)) == [("nonhaem_3_7d", "cannot_tell", "uncoded")]  # could be CRS, rash, ...
    assert found(event(None, 2, 3, 4)) == []
    assert found(event(None, None, 3, 4)) == [("nonhaem_3_7d", "cannot_tell", "uncoded")]
    assert [one[0] for one in found(event(None, 4, 3, 4, aeterm="CYTOKINE RELEASE SYNDROME"))] == ["crs_4", "crs_3_72h"]
    assert found(event(None, 4, 3, 4, aeterm="Lymphopenia")) == []


# ---- more than 7 days, more than 72 h --------------------------------------------------------------------------------
OVER, ENDED, RUNNING = ("met", "over"), ("cleared", "ended"), ("running", "within")
VAGUE, MAXIMUM = ("cannot_tell", "times"), ("cannot_tell", "time_at_grade")


@pytest.mark.parametrize(
    ("start", "end", "verdict"),
    [
        (3, 9, ENDED),  # dates 3 4 5 6 7 8 9: seven, at most 168 h
        (3, 10, OVER),  # eight dates
        (3, None, OVER),
        ("3T08:00", "10T08:00", ENDED),  # 168 h, not more
        ("3T08:00", "10T08:01", OVER),
        ("3T08:00", 10, VAGUE),  # 160 h to 184 h
        ("3T08:00", 11, OVER),  # at least 184 h
        ("2026-03", 20, VAGUE),  # began on Day 0 to 20
        ("2026-03", 6, ENDED),  # on Day 0 to 6: seven dates at most
        (3, "2026-03", VAGUE),  # ended on Day 3 to 30
        (3, "2026", VAGUE),
        (25, "2026-03", ENDED),  # Day 25 to 30 at most: six dates
        (3, 2, VAGUE),  # ended before it began: one of the dates is wrong
        (None, None, VAGUE),
    ],
)
def test_more_than_seven_days_at_grade_3(start, end, verdict):
    """With grade-change rows; one row alone has only a maximum."""
    assert found(event(HEADACHE, 3, start, end, group="AE1")) == [("nonhaem_3_7d", *verdict)]
    alone = MAXIMUM if verdict == OVER else verdict
    assert found(event(HEADACHE, 3, start, end)) == [("nonhaem_3_7d", *alone)]


@pytest.mark.parametrize(
    ("start", "end", "verdict"),
    [
        ("6T14:00", "9T14:00", ENDED),  # 72 h
        ("6T14:00", "9T14:01", OVER),
        (6, 8, ENDED),  # from 00:00 to 23:59:59 at the most: under 72 h
        (6, 9, VAGUE),  # 24:00 of Day 6 to 0:00 of Day 9 is 48 h; 0:00 to 24:00 is 96 h
        (6, 10, OVER),  # 72 h and a second at the least
    ],
)
def test_72_hours_need_times(start, end, verdict):
    assert found(event(CRS, 3, start, end, group="AE1")) == [("crs_3_72h", *verdict)]


@pytest.mark.parametrize(
    ("cutoff", "verdict"),
    [
        (8, RUNNING),
        (9, VAGUE),  # began on Day 6 at some time: 72 h to 96 h
        (10, OVER),
    ],
)
def test_the_clock_of_an_ongoing_event_is_the_cutoff(cutoff, verdict):
    assert found(event(CRS, 3, 6, group="AE1"), cutoff=cutoff) == [("crs_3_72h", *verdict)]
    # an end after the cut-off has not happened
    assert found(event(CRS, 3, 6, cutoff + 1, group="AE1"), cutoff=cutoff) == [("crs_3_72h", *verdict)]


def test_over_without_a_date_is_not_ongoing():
    """Recovered by the cut-off on Day 9, nobody wrote when: Day 3 to 9 is seven dates at the most; by Day 10 eight."""
    row = event(HEADACHE, 3, 3, group="AE1", aeout="RECOVERED/RESOLVED")
    assert found(row, cutoff=9) == [("nonhaem_3_7d", *ENDED)]
    assert found(row, cutoff=10) == [("nonhaem_3_7d", *VAGUE)]


@pytest.mark.parametrize(
    ("grades", "verdict"),
    [
        # (grade, start, end) of each row: only the time at grade 3 and above counts
        ([(2, 1, 5), (3, 6, 12), (2, 13, 30)], ENDED),  # 6 to 12: seven dates
        ([(2, 1, 5), (3, 6, 9), (4, 10, 13), (2, 14, 30)], OVER),  # 6 to 13: eight dates at 3 or 4
        ([(3, 1, 3), (2, 4, 10), (3, 11, 13)], ENDED),  # twice three dates, not 1 to 13
        ([(3, 1, 3), (3, 6, 9)], ENDED),  # a recorded gap on Days 4 and 5
        ([(3, 1, 4), (3, 5, 8)], OVER),  # no gap: eight dates
        ([(3, 1, None), (2, 7, 9)], ENDED),  # ended when grade 2 began: 1 to 6 or 7
        ([(3, 1, None), (2, 8, 9)], VAGUE),  # 1 to 7 or 8
        ([(3, 1, None), (2, 9, 12)], OVER),  # 1 to 8 or 9
        ([(3, 1, 20), (4, 3, 5)], OVER),  # the maximum lies inside
        ([(3, 1, None), (4, 3, 5)], OVER),  # nothing says that grade 3 ended
        ([(3, 1, 4), (None, 5, 9), (3, 10, 12)], ("cannot_tell", "grade_missing")),  # perhaps 3 throughout
    ],
)
def test_time_at_grade_comes_from_grade_change_rows(grades, verdict):
    rows = found(*(event(HEADACHE, grade, start, end, group="AE1") for grade, start, end in grades))
    assert set(rows) == {("nonhaem_3_7d", *verdict)}


# ---- recovery by Day 28 ----------------------------------------------------------------------------------------------
NOT_RECOVERED, RECOVERED = ("met", "not_recovered"), ("cleared", "recovered")


@pytest.mark.parametrize(
    ("rows", "cutoff", "verdict"),
    [
        ([(4, -2, 28)], 60, RECOVERED),
        ([(4, -2, 29)], 60, NOT_RECOVERED),
        ([(4, -2, None)], 29, NOT_RECOVERED),
        ([(4, -2, None)], 28, NOT_RECOVERED),  # the end of Day 28, and still there
        ([(4, -2, None)], 27, ("watch", "within")),
        ([(4, 27, None)], 40, NOT_RECOVERED),
        ([(4, -2, 9), (3, 10, 40)], 60, RECOVERED),  # from grade 4
        ([(4, -2, 28), (3, 29, 40)], 60, NOT_RECOVERED),  # Day 28 was still grade 4
        ([(4, -2, 28), (3, 28, 40)], 60, RECOVERED),
        ([(4, -2, 9), (3, 10, 29), (4, 30, 35)], 60, RECOVERED),  # grade 4 again, after the window
        ([(4, -2, 9), (2, 40, 45)], 60, RECOVERED),  # ended on Day 9; what came later is another spell
        ([(4, -2, "2026-03")], 60, ("cannot_tell", "times")),  # to Day 0 to 30
        ([(4, -2, 30), (3, 5, 9)], 60, NOT_RECOVERED),  # the rows overlap: the longer holds
    ],
)
def test_grade_4_neutropenia_that_began_with_lymphodepletion(rows, cutoff, verdict):
    first, *_ = found(*(event(NEUTROPHILS, *row, group="AE1") for row in rows), cutoff=cutoff)
    assert first == ("haem_4_d28", *verdict)
    if verdict == NOT_RECOVERED and len(rows) == 1:
        assert found(event(NEUTROPHILS, *rows[0]), cutoff=cutoff) == [("haem_4_d28", *MAXIMUM)]


def test_the_neutropenia_of_every_patient_is_no_open_question_before_day_28():
    assert still_open(event(NEUTROPHILS, 4, -2), cutoff=27) == []
    assert still_open(event(NEUTROPHILS, 4, -2), cutoff=28) == ["haem_4_d28"]
    assert found(event(NEUTROPHILS, 4, -9, -1)) == []  # over before the infusion


def test_a_limit_after_the_window_keeps_the_question_open():
    later = protocol_with("not_recovered_by_day = 28", "not_recovered_by_day = 42")
    row = event(NEUTROPHILS, 4, 3, group="AE1")
    states = [found(row, cutoff=day, protocol=later)[0][1] for day in (27, 28, 41, 42)]
    assert states == ["watch", "running", "running", "met"]


# ---- adjudication ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        # (grade, flag) of each row -> verdict on each row of grade 3 or more
        ([(3, None)], [None]),
        ([(3, "N")], ["N"]),
        ([(3, "N"), (4, "Y")], ["N", "Y"]),
        ([(3, None), (4, "Y")], ["Y", "Y"]),
        ([(3, None), (4, "N")], ["N", "N"]),  # who looked at grade 4 looked at grade 3
        ([(3, "N"), (4, None)], ["N", None]),  # it worsened after the verdict
        ([(2, "N"), (3, None)], [None]),
        ([(3, "N"), (None, None)], ["N", None]),
        ([(3, "Y"), (4, "Y")], ["Y", "Y"]),
    ],
)
def test_what_a_verdict_covers(rows, said):
    frame = events(
        *(
            event(CRS, grade, 3 + 5 * n, 7 + 5 * n, group="AE1", aedlt=flag)
            for n, (grade, flag) in enumerate(rows)
        )
    )  # fmt: skip
    some = candidates(subjects(subject("A1")), frame, PROTOCOL.dlt, end_of(60))["A1"]
    assert [one.adjudicated for one in some if one.clause == "crs_3_72h"] == said
    assert all(one.open == (one.adjudicated is None and one.verdict not in ("watch", "cleared")) for one in some)


def test_a_candidate_says_what_it_is():
    (one,) = candidates(
        subjects(subject("A1")), events(event(ALT, 3, 12, 15, group="AE7")), PROTOCOL.dlt, end_of(60)
    )["A1"]  # fmt: skip
    assert (one.usubjid, one.aeseq, one.event, one.term, one.grade) == ("A1", 1.0, "group AE7", ALT, 3)
    assert (one.onset_day, one.reason, one.open) == (12, ENGLISH["ended"], False)
    assert one.verdict in VERDICTS
