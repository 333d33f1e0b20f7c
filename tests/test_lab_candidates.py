"""Runs of laboratory values against the clauses: each by hand. Infused on Day 0; ALT's ULN 40, grade 3 > 200."""

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_frames import labs, result
from trial_frames import ALT, NEUTROPHILS, PROTOCOL, end_of, event, events, moment, subject, subjects

from clinical.adjudication import Adjudication
from clinical.board import board
from clinical.candidates import _Definition
from clinical.grading import ctcae
from clinical.lab_candidates import lab_runs
from clinical.lab_grades import TESTS
from clinical.lab_results import Lacking, graded, read
from dashboard.labels import speaker
from dashboard.sentences import Sentences

CLAUSES_ON = _Definition(PROTOCOL.dlt).clauses_on
BASE = result(25, "-7T08:00")


def runs(*rows, cutoff=60, base=BASE, **patient):
    who = subjects(subject("A1", **({"lymphodepletion": -5} | patient)))
    at = cutoff if not isinstance(cutoff, int) else end_of(cutoff)
    return lab_runs(who, labs(*([base] if base else []), *rows), PROTOCOL.dlt, at, CLAUSES_ON).get("A1", ())


def told(*rows, **more):
    return [(one.verdict, one.reason) for one in runs(*rows, **more)]


def alt(*days, value=250, **more):
    return [result(value, day, **more) for day in days]


OVER, WITHIN, BELOW = ("met", "samples_over"), ("running", "samples_within"), ("cleared", "sample_below")
DUE, GAP, RANGE = ("cannot_tell", "repeat_due"), ("cannot_tell", "gap"), ("cannot_tell", "range_missing")


@pytest.mark.parametrize(
    ("rows", "cutoff", "verdict"),
    [
        (alt("3T08:00", "10T08:00"), 12, DUE),  # 168 h, not more
        (alt("3T08:00", "10T08:01"), 12, OVER),
        (alt(3, 10), 12, OVER),  # dates 3 to 10: the eighth
        (alt(3, 9), 9, WITHIN),  # seven dates
        (alt(3, 9), 10, DUE),  # the eighth date, and no sample on it
        (alt("3T08:00", "8T08:00"), 9, WITHIN),
        (alt("3T08:00", "8T08:00"), 12, DUE),  # no sample since day 5
        ([*alt(3, 6), result(200, 9)], 12, BELOW),  # 200 is 5 x ULN, not above
        ([*alt(3, 6), result(200, 10)], 12, GAP),  # on the eighth date: 7 to 8 dates at grade 3
        ([*alt("3T08:00"), result(90, "10T08:00")], 12, BELOW),  # 168 h
        ([*alt("3T08:00"), result(90, "10T09:00")], 12, GAP),
        ([*alt("3T08:00", "10T09:00"), result(90, "11T08:00")], 12, OVER),  # recovery comes too late
        (alt(3, value=201), 3, WITHIN),
        (alt(3, value=200), 3, None),
        (alt(3, 11, value=900), 12, OVER),  # grade 4 counts as well
        ([*alt(3, 11), result(None, 5)], 12, OVER),  # a sample without result shows no recovery
        ([result(None, 9), *alt(3, 5)], 12, DUE),
        # two samples of a day: in order where they have times; without, that day is not clear either way
        ([*alt(3, "5T08:00"), result(90, "5T16:00")], 12, BELOW),
        ([*alt(3, 5), result(90, 5)], 12, RANGE),
        ([*alt(3, 11), result(90, 7), *alt(7)], 12, RANGE),
        # midnight: 3 March 24:00 is 4 March
        (alt("3T23:59", "10T23:59"), 11, DUE),
        (alt("3T23:59", "11T00:00"), 11, OVER),
    ],
)  # fmt: skip
def test_more_than_seven_days_of_alt_above_5_times_the_limit(rows, cutoff, verdict):
    assert told(*rows, cutoff=cutoff) == ([] if verdict is None else [verdict])


def test_the_order_of_rows_says_nothing():
    rows = [*alt(3, "5T08:00", 12), result(90, 7), *alt(9, "9T10:00")]
    expected = told(*rows)
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert told(*rows) == expected


@pytest.mark.parametrize(
    ("days", "cutoff", "verdicts"),
    [
        ((-1, 3, 9), 12, []),  # began before the infusion
        ((0, 7), 12, [OVER]),
        ((28, 30), 31, [WITHIN]),
        ((29, 40), 41, []),
        ((27, 34), 34, [OVER]),  # begins on Day 27, its eighth date is Day 34
        ((27, 33), 33, [WITHIN]),
    ],
)
def test_the_run_begins_in_the_window_and_may_last_beyond_it(days, cutoff, verdicts):
    assert told(*alt(*days), cutoff=cutoff) == verdicts


def test_what_comes_after_the_cutoff_is_not_read():
    assert told(*alt(3, 11), cutoff=10) == [DUE]
    assert told(*alt(3), result(20, 5), cutoff=4) == [WITHIN]


def test_a_running_clock_says_when_it_becomes_a_dlt():
    """3 March 08:00 and 168 h: 10 March 08:00. Without times the eighth date of 4, 5, ... is 11 March."""
    (timed,) = runs(*alt("2T08:00", "6T08:00"), cutoff=moment(6, hour=9))
    assert (timed.clock.day, timed.clock.due, timed.clock.timed) == (4, moment(9, hour=8), True)
    assert timed.say() == "grade 3, day 4 of 7; becomes a DLT on 2026-03-10 08:00:00 unless a sample shows recovery"
    (dated,) = runs(*alt(3, 5), cutoff=6)
    assert (dated.clock.day, dated.clock.due, dated.clock.timed) == (3, moment(10), False)
    assert dated.say().startswith("grade 3, day 3 of 7; becomes a DLT on 2026-03-11 unless")
    assert dated.key == "LB ALT 2026-03-04 nonhaem_3_7d"
    assert [one.value for one in dated.evidence] == ["250 U/L", "250 U/L"]
    assert [(one.low, one.high, one.scale) for one in dated.evidence] == [(3, 3, "CTCAE 5.0")] * 2


def test_a_leap_day_is_a_day():
    """2028: 25 26 27 28 29 February, 1 2 3 March are eight dates; in 2026 these end on 4 March."""

    def eighth(year):
        who = subjects(subject("A1"))
        who["day0"] = who["day0"].map(lambda _: moment(0).replace(year=year, month=2, day=20))
        rows = [result(25, f"{year}-02-01"), result(250, f"{year}-02-25"), result(250, f"{year}-03-03")]
        at = moment(0).replace(year=year, month=3, day=3, hour=12)
        return [one.verdict for one in lab_runs(who, labs(*rows), PROTOCOL.dlt, at, CLAUSES_ON)["A1"]]

    assert eighth(2028) == ["met"]
    assert eighth(2026) == ["running"]


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        (alt(3, range_high=None), RANGE),
        (alt(3, unit=None), RANGE),
        (alt(3, unit="furlong"), RANGE),
        ([*alt(3, unit=None), result(20, 5)], BELOW),  # too short at any grade
        ([result(100, 3, qualifier=">")], RANGE),
        ([result(500, 3, qualifier=">"), result(500, 11, qualifier=">")], OVER),
        ([result(300, 3, qualifier="<")], RANGE),
        ([*alt(3), result(40, 5, qualifier="<")], BELOW),
        (alt("2026-03"), ("cannot_tell", "undated")),
        (alt(None), ("cannot_tell", "undated")),
        ([*alt(3, 5), result(20, "2026-03")], DUE),  # an undated sample shows no recovery
    ],
)
def test_what_is_missing_is_neither_met_nor_cleared(rows, verdict):
    assert told(*rows) == [verdict]


def test_the_missing_input_is_named_in_the_readers_language():
    assert Lacking(("uln", "limit")).say(Sentences("lacking", speaker("zh"))) == "正常值上限不明, 结果为界限值"


def test_the_missing_input_is_named():
    (one,) = runs(*alt(3, range_high=None))
    assert "upper limit of normal" in one.say()
    (one,) = runs(*alt(3, unit=None))
    assert "no unit" in one.say()
    (one,) = runs(*alt(3), base=None)
    assert "baseline" in one.say()


def test_the_baseline_is_the_last_before_lymphodepletion():
    """Baseline 60 is abnormal: grade 3 above 5 x 60 = 300. What is taken on Day -1 is no baseline."""
    assert told(*alt(3), base=result(60, -7)) == []
    assert told(*alt(3), result(60, -1)) == [DUE]
    assert told(*alt(3), result(60, -1), lymphodepletion=None) == []  # not recorded: before the infusion


# ---- which results are graded at all --------------------------------------------------------------------------------
INR = {"unit": "", "range_low": 0.8, "range_high": 1.2}
CREAT = {"unit": "umol/L", "range_low": 45.0, "range_high": 100.0}


@pytest.mark.parametrize(
    ("code", "value", "ranges", "base", "verdicts"),
    [
        # CTCAE: INR above 2.5, whatever the baseline is; 2.5 x 1.15 = 2.875 is no limit of it.
        ("INR", 2.6, INR, 1.15, [OVER]),
        ("INR", 2.6, INR, None, [OVER]),
        ("INR", 2.5, INR, 1.15, []),
        # Without unit in the files: INR has none.
        ("INR", 2.6, INR | {"unit": None}, 1.15, [OVER]),
        ("INR", 1.1, INR | {"unit": None}, 1.15, []),
        ("K", 2.9, {"unit": "mmol/L", "range_low": 2.8, "range_high": 5.3}, 4.0, [OVER]),  # below 3.0, normal or not
        ("CREAT", 150, CREAT, 40, [OVER]),  # above 3 x 40
        ("CREAT", 150, CREAT, None, [RANGE]),  # 3 x a baseline below 50 it may be
        ("CREAT", 100, CREAT, None, []),
    ],
)
def test_no_grade_3_escapes_for_its_range_or_its_baseline(code, value, ranges, base, verdicts):
    before = None if base is None else result(base, "-7T08:00", code, **ranges)
    assert told(*(result(value, day, code, **ranges) for day in (3, 7, 11)), base=before) == verdicts


UNITS = {
    "NEUT": "10^9/L",
    "PLAT": "10^9/L",
    "INR": "",
    "APTT": "s",
    "FIBRINO": "g/L",
    "BILI": "umol/L",
    "CREAT": "umol/L",
} | dict.fromkeys(("SODIUM", "K", "MG"), "mmol/L")
sizes = st.floats(0.05, 40)


@settings(max_examples=60)
@given(code=st.sampled_from(sorted(TESTS)), values=st.lists(sizes, min_size=1, max_size=6), low=sizes, base=sizes)
def test_a_result_has_the_grade_of_its_value_range_and_baseline(code, values, low, base):
    """Values, range and baseline in any proportion; each against the grade of that one value."""
    scale = {"PLAT": 5, "SODIUM": 10, "CREAT": 20}.get(code, 1)
    unit, limits = UNITS.get(code, "U/L"), (max(low, 0.5), max(low, 0.5) * 2)
    ranges = {"unit": unit, "range_low": limits[0], "range_high": limits[1]}
    rows = [result(base * scale, "-7T08:00", code, **ranges)]
    rows += [result(value * scale, day, code, **ranges) for day, value in enumerate(values)]
    known = read(labs(*rows), subjects(subject("A1")).set_index("usubjid"), end_of(60))
    against = {"lln": limits[0], "uln": limits[1], "baseline": base * scale, "baseline_high": base * scale > limits[1]}
    for term, found in graded(known, TESTS[code], "5.0").items():
        for row in found.itertuples():
            single = ctcae.grade(term, row.value, unit, **against, anticoagulated=None)
            most = ctcae.reachable(term) if single.high is None else single.high
            assert (row.low, row.high) == (single.low or 0, most)


def test_what_cannot_be_graded_before_the_infusion_takes_no_later_run_with_it():
    """The sample of Day -2 has no upper limit: grade 0 to 4. Days 3 to 11 are surely grade 3."""
    unsure, sure = result(150, -2, range_high=None), alt(3, 7, 11)
    assert told(unsure, *sure) == [OVER]
    assert told(*alt(-3), unsure, *sure) == [OVER]  # it may have ended on Day -2
    assert told(*alt(-3, -2), *sure) == []  # surely there before
    assert told(unsure, result(20, 3)) == []


# ---- blood counts ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", ["LYM", "LYMLE", "WBC", "CD4"])
def test_the_lymphopenia_of_every_patient_is_no_candidate(code):
    assert told(*(result(0.05, day, code) for day in (-2, 0, 3, 9, 20, 35))) == []


def counts(*pairs, code="NEUT"):
    return [result(value, day, code) for value, day in pairs]


@pytest.mark.parametrize(
    ("pairs", "cutoff", "verdicts"),
    [
        ([(0.2, -2), (0.3, 9)], 20, [("watch", "watch")]),
        ([(0.2, -2), (0.3, 9)], 28, [("cannot_tell", "repeat_due")]),
        ([(0.2, -2), (0.3, 28)], 28, [("met", "still_at")]),
        ([(0.2, -2), (0.5, 28)], 30, [("cleared", "recovered_by")]),  # 0.5 is grade 3
        ([(0.2, -2), (0.3, 27), (0.9, 29)], 30, [("cannot_tell", "gap")]),
        ([(0.2, -2), (0.9, -1)], 30, []),  # over before the infusion
        ([(0.2, -2), (0.9, 9), (0.3, 20)], 25, [("cleared", "recovered_by"), ("watch", "watch")]),
        ([(0.3, 29)], 40, []),
        ([(0.6, 3), (0.6, 40)], 40, []),  # grade 3
    ],
)
@pytest.mark.parametrize("code", ["NEUT", "PLAT"])
def test_grade_4_counts_are_decided_on_day_28(pairs, cutoff, verdicts, code):
    scaled = [(value * 50 if code == "PLAT" else value, day) for value, day in pairs]
    assert told(*counts(*scaled, code=code), cutoff=cutoff) == verdicts


# ---- whatever the samples are ----------------------------------------------------------------------------------------
days = st.lists(
    st.tuples(st.integers(0, 34), st.sampled_from([20, 90, 250, 900])), max_size=9, unique_by=lambda x: x[0]
)


def at_hours(pairs):
    return [result(value, f"{day}T08:00") for day, value in pairs]


@settings(max_examples=20, deadline=None)
@given(pairs=days)
def test_a_sample_below_the_grade_within_the_limit_leaves_nothing_met(pairs):
    """With a sample below every seventh day no run is longer than 144 h."""
    below = [(day, 20) for day in range(0, 42, 7)]
    kept = [one for one in pairs if one[0] % 7]
    assert "met" not in [one.verdict for one in runs(*at_hours(below + kept))]


@settings(max_examples=20, deadline=None)
@given(pairs=days, chosen=st.sets(st.integers(0, 8)))
def test_fewer_samples_never_clear_what_could_not_be_told(pairs, chosen):
    before = {one.key: one.verdict for one in runs(*at_hours(pairs))}
    after = {one.key: one.verdict for one in runs(*at_hours([one for n, one in enumerate(pairs) if n not in chosen]))}
    assert not [key for key, verdict in after.items() if verdict == "cleared" and before.get(key) == "cannot_tell"]


@settings(max_examples=20, deadline=None)
@given(pairs=days, seed=st.integers(0, 9))
def test_the_verdict_does_not_depend_on_the_order_of_rows(pairs, seed):
    shuffled = random.Random(seed).sample(pairs, len(pairs))
    assert [(one.key, one.verdict) for one in runs(*at_hours(pairs))] == [
        (one.key, one.verdict) for one in runs(*at_hours(shuffled))
    ]


# ---- beside events and verdicts --------------------------------------------------------------------------------------
def of_a1(rows, *reported, cutoff=60, said=()):
    shown = board(
        subjects(subject("A1", lymphodepletion=-5)),
        events(*reported),
        PROTOCOL,
        end_of(cutoff),
        labs=labs(BASE, *rows),
        adjudications={("A1", one.candidate): one for one in said},
    )
    found = shown.candidates
    return [(one.key, one.verdict, one.code, one.adjudicated) for one in found.get("A1", ())]


def judged(key, dlt, grade=3, cutoff=60, term=ALT, onset=None):
    cut = end_of(cutoff)
    return Adjudication(1, "A1", key, "nonhaem_3_7d", term, grade, dlt, "seen", "Dr Li", True, cut, "cut", cut, onset)


LAB, EVENT = "LB ALT 2026-03-04 nonhaem_3_7d", "AE 1 nonhaem_3_7d"


def test_an_event_that_reports_the_run_is_the_candidate():
    assert of_a1(alt(3, 11), event(ALT, 3, 3, 20)) == [(EVENT, "met", "over_by_samples", None)]
    assert of_a1(alt(3, 11), event(ALT, 3, 3, 20, rel="unrelated")) == []
    # A lower grade, other days, or an event that ended earlier than the samples show do not report it.
    assert [key for key, *_ in of_a1(alt(3, 11), event(ALT, 2, 3, 20))] == [LAB]
    assert [key for key, *_ in of_a1(alt(3, 11), event(ALT, 3, 20, 22))] == [EVENT, LAB]
    assert [key for key, *_ in of_a1(alt(3, 11), event(ALT, 3, 3, 5))] == [EVENT, LAB]


@pytest.mark.parametrize(
    ("said", "flag", "expected"),
    [
        (judged(EVENT, True), None, ("over_by_samples", "Y")),
        (judged(EVENT, False), None, ("over_by_samples", "N")),
        (judged(EVENT, False), "Y", ("disagree", None)),
        (judged(EVENT, True), "N", ("disagree", None)),
        (judged(EVENT, True), "Y", ("over_by_samples", "Y")),
        (judged(EVENT, False, grade=2), None, ("changed_since", None)),  # it was grade 2 then
        (judged(EVENT, False, grade=None), None, ("changed_since", None)),  # nobody knew the grade
        (judged(EVENT, False, cutoff=6), None, ("changed_since", None)),  # the clock still ran on Day 6
        (judged(EVENT, True, grade=2), None, ("over_by_samples", "Y")),
    ],
)
def test_what_a_person_said_beside_the_file(said, flag, expected):
    ((_, _, code, adjudicated),) = of_a1(alt(3, 11), event(ALT, 3, 3, 20, aedlt=flag), said=[said])
    assert (code, adjudicated) == expected


def test_a_verdict_does_not_pass_to_another_event_of_the_same_number():
    """AESEQ 1 was the ALT that was judged; now it is an AST."""
    ast = event("Aspartate aminotransferase increased", 3, 3, 20)
    for dlt in (True, False):
        assert of_a1([], ast, said=[judged(EVENT, dlt)]) == [(EVENT, "cannot_tell", "other_event", None)]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2026-03-04", "2026-03-04", "over_by_samples"),
        ("2026-03-01", "2026-03-31", "over_by_samples"),  # a partial date that was completed since
        ("2026-03-12", "2026-03-12", "other_event"),
        ("2026-03-01", "2026-03-03", "other_event"),
    ],
)
def test_a_verdict_does_not_pass_to_another_event_of_the_same_term(first, last, code):
    """Two ALT events were renumbered: AESEQ 1, which began on 4 March, was another one when it was judged."""
    said = judged(EVENT, True, onset=(date.fromisoformat(first), date.fromisoformat(last)))
    assert [row[2] for row in of_a1(alt(3, 11), event(ALT, 3, 3, 20), said=[said])] == [code]


@pytest.mark.parametrize(
    ("specimen", "category", "looked_at"),
    [
        ("血清", None, True), ("全血", None, True), ("venous blood", None, True), (None, None, True),
        ("SERUM (tube 2)", None, True),  # not known: it may be blood
        ("URINE", None, False), ("尿", None, False), ("脑脊液", None, False), (None, "Urinalysis", False),
    ],
)  # fmt: skip
def test_what_may_be_blood_is_looked_at(specimen, category, looked_at):
    rows = alt(3, 7, 11, specimen=specimen, category=category)
    assert told(*rows) == ([OVER] if looked_at else [])


def test_what_became_worse_after_the_infusion_begins_there():
    """ULN 40: 250 is grade 3 and 900 grade 4. Grade 3 since Day -1 is not the window's, grade 4 from Day 2 is."""
    before = result(250, -1)
    (run,) = runs(before, *alt(2, 7, 12, value=900))
    assert (run.began.isoformat(), run.verdict) == ("2026-03-03", "met")
    assert told(before, *alt(2, 7, 12)) == []
    assert told(before, *alt(2, value=250), *alt(7, 16, value=900)) == [OVER]
    assert told(result(900, -1), *alt(2, 7, 12, value=250)) == []


def test_an_event_hides_only_the_term_that_it_names():
    """Potassium 7.5 for nine days beside a low potassium that is unrelated; 1.9 mmol/L of ionised calcium beside a low
    calcium."""
    high = [result(7.5, day, "K", unit="mmol/L", range_low=3.5, range_high=5.0) for day in (3, 7, 12)]
    low = event("Hypokalaemia", None, 3, rel="unrelated")
    assert [(key, verdict) for key, verdict, *_ in of_a1(high, low)] == [
        ("LB K Hyperkalemia 2026-03-04 nonhaem_3_7d", "met")
    ]
    calcium = [result(1.9, day, "CAION", unit="mmol/L", range_low=1.15, range_high=1.3) for day in (3, 7, 12)]
    assert [row[1] for row in of_a1(calcium, event("Hypocalcaemia", None, 3, rel="unrelated"))] == ["met"]
    assert of_a1(calcium, event("Hypercalcaemia", None, 3, rel="unrelated")) == []


@pytest.mark.parametrize("more", [{"rel": "unrelated"}, {"aedlt": "N"}])
def test_an_event_that_ended_does_not_hide_the_samples_after_it(more):
    """Grade 3 until Day 14; the event ended on Day 7."""
    assert LAB in [row[0] for row in of_a1(alt(3, 7, 11, 14), event(ALT, 3, 3, 7, **more))]
    assert LAB not in [row[0] for row in of_a1(alt(3, 7, 11, 14), event(ALT, 3, 3, 14, **more))]


# ---- what is known later ---------------------------------------------------------------------------------------------
def seen(one, dlt=False, cutoff=30):
    """The verdict that a person gives on a candidate as the screen writes it."""
    cut = end_of(cutoff)
    return Adjudication(
        1, "A1", one.key, one.clause, one.term, one.grade, dlt, "seen", "Dr Li", True, cut, "cut", cut,
        one.onset, one.verdict, one.code, one.causality, len(one.evidence),
    )  # fmt: skip


def the_one(rows, *reported, cutoff=30, said=()):
    shown = board(
        subjects(subject("A1", lymphodepletion=-5)), events(*reported), PROTOCOL, end_of(cutoff),
        labs=labs(BASE, *rows), adjudications={("A1", one.candidate): one for one in said},
    )  # fmt: skip
    (found,) = shown.candidates["A1"]
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # A gap, and then the samples that fill it.
        (([*alt(3, 5), result(90, 14)], ()), ([*alt(3, 5, 8, 12), result(90, 14)], ())),
        # An end on Day 4, corrected to Day 14.
        (([], (event(ALT, 3, 3, 4, aegrpid="A"),)), ([], (event(ALT, 3, 3, 14, aegrpid="A"),))),
        # A maximum grade whose time is not recorded, and samples over eight days.
        (([], (event(ALT, 3, 3, 20),)), (alt(3, 7, 12), (event(ALT, 3, 3, 20),))),
        # Unlikely, and then related.
        (([], (event(ALT, 3, 3, 20, rel="unlikely"),)), ([], (event(ALT, 3, 3, 20, rel="related"),))),
        # Not graded on Day 6, and still there on Day 40: the cut-offs differ.
        (([], (event("Colitis", None, 3),), 6), ([], (event("Colitis", None, 3),), 40)),
        # A sample of no known day, and more of them.
        ((alt(None, value=300), ()), ([*alt(None, value=300), *alt(None, value=2000)], ())),
    ],
)
def test_no_dlt_does_not_outlive_what_makes_it_worse(before, after):
    (rows, reported, *early), (later_rows, later_reported, *late) = before, after
    on = early[0] if early else 30
    looked_at = the_one(rows, *reported, cutoff=on)
    said = seen(looked_at, cutoff=on)
    assert the_one(rows, *reported, cutoff=on, said=[said]).adjudicated == "N"
    now = the_one(later_rows, *later_reported, cutoff=late[0] if late else 30, said=[said])
    assert (now.adjudicated, now.code, now.open) == (None, "changed_since", True)


def test_a_dlt_of_rows_that_are_gone_is_settled_by_whoever_knows_that_they_are_gone():
    said = judged(LAB, True, onset=(date(2026, 3, 4), date(2026, 3, 4)))
    gone = the_one(alt(3, 11, value=90), said=[said])
    assert (gone.code, gone.adjudicated) == ("row_gone", None)
    again = the_one(alt(3, 11, value=90), said=[seen(gone, dlt=True)])
    assert (again.adjudicated, again.term, again.onset) == ("Y", ALT, (date(2026, 3, 4), date(2026, 3, 4)))


def test_an_undated_event_that_a_person_calls_a_dlt_is_one_of_the_window():
    """Nobody knows the day; the person says that it is a DLT, which began in the window."""
    undated = event("Rash", 3, None)
    said = seen(the_one([], undated), dlt=True)
    shown = board(
        subjects(subject("A1")), events(undated), PROTOCOL, end_of(40), adjudications={("A1", said.candidate): said}
    ).window("A1")
    assert (shown.state.state, shown.dlt_day, shown.state.reason) == ("evaluable_dlt", None, "DLT on Day 0 to 28")


def test_a_dlt_of_who_has_no_window_any_more_is_named():
    """The infusion was lost from the files; the verdict was not."""
    said = {("A1", LAB): judged(LAB, True)}
    who = [subject("A1", infused=None), subject("A2")]
    shown = board(subjects(*who), events(), PROTOCOL, end_of(40), adjudications=said)
    assert shown.without_window == ("A1",)
    flagged = events(event(ALT, 3, 3, 20, aedlt="Y"))
    assert board(subjects(*who), flagged, PROTOCOL, end_of(40)).without_window == ("A1",)
    assert board(subjects(subject("A1")), flagged, PROTOCOL, end_of(40)).without_window == ()
    # What began after the cut-off has not happened, and neither has the infusion of Day 20.
    later = subjects(subject("A1", infused=20), subject("A2"))
    assert board(later, events(event(ALT, 3, 23, 40, aedlt="Y")), PROTOCOL, end_of(15)).without_window == ()


@pytest.mark.parametrize("rows", [alt(3, 11, value=90), [*alt(2, 3, 5), result(30, 7)]])
def test_a_dlt_whose_rows_are_gone_is_never_dropped(rows):
    """The values were corrected, or an earlier sample came late: the run of 4 March is not there any more."""
    patients, given = subjects(subject("A1", lymphodepletion=-5)), labs(BASE, *rows)

    def of(dlt):
        said = {("A1", LAB): judged(LAB, dlt)}
        return board(patients, events(), PROTOCOL, end_of(40), labs=given, adjudications=said).window("A1")

    assert [(one.key, one.code) for one in of(True).candidates] == [(LAB, "row_gone")]
    assert (of(True).state.state, of(False).state.state) == ("unresolved", "evaluable_no_dlt")


def test_a_verdict_before_the_day_of_recovery_does_not_hold_after_it():
    """Neutrophils of 0.3 from Day 2 to 30: no DLT was said on Day 20, when Day 28 had not come. Infused on 1 March."""
    rows = [result(0.3, day, "NEUT") for day in (2, 10, 20, 28, 30)]
    key = "LB NEUT 2026-03-03 haem_4_d28"
    early, late = (judged(key, False, grade=4, cutoff=cutoff, term=NEUTROPHILS) for cutoff in (20, 30))
    assert [row[1:] for row in of_a1(rows, said=[early])] == [("met", "changed_since", None)]
    assert [row[1:] for row in of_a1(rows, said=[late])] == [("met", "still_at", "N")]


def test_a_laboratory_run_judged_a_dlt_begins_with_its_first_sample():
    shown = board(
        subjects(subject("A1", lymphodepletion=-5)), events(), PROTOCOL, end_of(40),
        labs=labs(BASE, *alt(3, 11)), adjudications={("A1", LAB): judged(LAB, True)},
    )  # fmt: skip
    assert (shown.window("A1").state.state, shown.window("A1").dlt_day) == ("evaluable_dlt", 3)
    assert [one.key for one in shown.candidates["A1"]] == [LAB]


def test_where_file_and_person_differ_the_window_is_unresolved():
    shown = board(
        subjects(subject("A1")), events(event(ALT, 3, 3, 20, aedlt="Y")), PROTOCOL, end_of(40),
        adjudications={("A1", EVENT): judged(EVENT, False)},
    )  # fmt: skip
    assert shown.window("A1").state.state == "unresolved"


# ---- version of the scale --------------------------------------------------------------------------------------------
def test_the_protocol_says_by_which_version_results_are_graded():
    """ALT of 180 with a baseline of 60, above the ULN of 40: by 5.0 grade 3 is above 5 x 60, by 6.0 above 2 x 60."""
    rows = labs(result(60, "-7T08:00"), *(result(180, day) for day in (3, 7, 11)))
    known = read(rows, subjects(subject("A1")).set_index("usubjid"), end_of(60))
    term = "Alanine aminotransferase increased"
    for version, grade in (("5.0", 1), ("6.0", 3)):
        found = graded(known, [term], version)[term].sort_values("first")
        assert found["low"].tolist()[-1] == found["high"].tolist()[-1] == grade
        assert set(found["scale"]) == {f"CTCAE {version}"}


@pytest.mark.parametrize(("scale", "version"), [("CTCAE 6.0", "6.0"), ("CTCAE 4.03", "5.0"), ("", "5.0")])
def test_a_version_that_is_not_here_is_graded_by_5_0(scale, version):
    events = PROTOCOL.adverse_events.model_copy(update={"grade_scale": scale})
    assert events.ctcae_version == version
