"""The advice on the Board's patients: the simulated trial by hand, cases on paper, and what holds for any windows."""

import itertools
from dataclasses import replace
from datetime import date, timedelta
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_frames import CRS, FIRST_DAY, PROTOCOL, end_of, events, protocol_with, subject, subjects

from clinical import infusion_rules
from clinical.advice import ENGLISH, advise
from clinical.board import Window, board
from clinical.candidates import Candidate
from clinical.dlt import WindowState
from clinical.escalation import ENGLISH as RULE
from clinical.history import parse
from clinical.infusion_rules import not_allowed
from clinical.pauses import pauses
from clinical.trial_history import history, ladder, placed
from data import protocol as protocols
from queries.adverse_events import adverse_events
from queries.subjects import subjects as subjects_of

# ---- the simulated trial ---------------------------------------------------------------------------------------------
# data/simulate/scenario.py: infused on trial days 201 -190, 202 -176 (cut 1: -181), 203 -169 with 60 % of the dose, 204
# -155, 205 -110, 206 -95, 207 -75, 301 -40, 302 -17, 303 -3; cut-offs -165, -60, 0; 201 has CRS grade 4 on Day 9.
# Cut 1: 201 T, 202 on Day 16, 203 X: a DLT among the first three and one pending, so that it waits; 202's window
#   ends at -181 + 28 = -153, 21 June; then 1/2 and one place at level 2. 204 waits there and begins, from 22 June,
#   lymphodepletion, 5 days before the infusion on 27 June.
# Cut 2: 1/5 and 207 on Day 15, whose window ends at -47, 5 October: 1/6, up to level 3, where nobody waits.
# Cut 3: 302 and 303 pending. If 302 completes without DLT (11 d left, 2 December) level 3 is expanded whether 303 has a
#   DLT (1/3) or not (0/3 at the top under six_at_mtd): 303 need not be waited for.
TRIAL = {
    1: {
        "history": "1NNN 2TPX",
        "decision": ("wait", None, "wait_cohort", ()),
        "counted": (2, "", "201", "202", "203"),
        "when": (date(2026, 6, 21), "202", "enrol", 2, date(2026, 6, 22), date(2026, 6, 27), "204"),
        "codes": ("decision_on", "infusion_after_decision"),
    },
    2: {
        "history": "1NNN 2TNXNNNP",
        "decision": ("wait", None, "wait_results", ("one_from_exceeded",)),
        "counted": (2, "202 204 205 206", "201", "207", "203"),
        "when": (date(2026, 10, 5), "207", "escalate", 3, date(2026, 10, 6), date(2026, 10, 11), ""),
        "codes": ("decision_on", "infusion_nobody"),
    },
    3: {
        "history": "1NNN 2TNXNNNN 3NPP",
        "decision": ("wait", None, "wait_results", ()),
        "counted": (3, "301", "", "302 303", ""),
        "when": (date(2026, 12, 2), "302", "expand", 3, date(2026, 12, 3), date(2026, 12, 8), "304 305"),
        "codes": ("decision_on", "infusion_after_decision"),
    },
}
# 203 and 204 filled the first cohort of level 2 after its one DLT and before 202's result: more than this program
# advises, and what the 3+3 allows.
NOT_ALLOWED = {1: [], 2: [], 3: []}


def short(people) -> str:
    return " ".join(one[-3:] for one in people)


@pytest.fixture(scope="module")
def cuts(trial):
    found = {}
    for number, cut in enumerate(map(trial.open, trial.ids()), start=1):
        people, reported = subjects_of(cut), adverse_events(cut)
        shown = board(people, reported, cut.protocol, cut.cutoff)
        found[number] = shown.windows, people, reported, cut.protocol, cut.cutoff
    return found


def advised(cut, **more):
    windows, people, _, protocol, cutoff = cut
    return advise(windows, people, protocol, cutoff, **more)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_advice_at_each_cut(cuts, number):
    found, expected = advised(cuts[number], pauses=pauses(*cuts[number][1:])), TRIAL[number]
    assert found.history == expected["history"]
    said = found.decision
    assert (said.action, said.dose, said.code, said.also) == expected["decision"]
    c, when = found.counted, found.when
    assert (c.level, *map(short, (c.no_dlt, c.dlts, c.pending, c.replaced))) == expected["counted"]
    assert (when.decision, short(when.waits_for), when.then.action, when.level, when.lymphodepletion, when.infusion,
            short(when.waiting)) == expected["when"]  # fmt: skip
    assert (when.decision_code, when.infusion_code) == expected["codes"]
    assert (found.locked, found.hold, found.withheld, found.cases, found.stands) == (False, None, (), (), "advice")
    assert (when.slots, when.taken) == (0, ())


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_infusions_that_the_rule_did_not_allow(cuts, number):
    windows, people, _, protocol, cutoff = cuts[number]
    found = not_allowed(windows, people, protocol, cutoff)
    assert [f"{one.code} {one.subjid}" for one in found] == NOT_ALLOWED[number]


def test_the_dose_below_its_level_and_who_replaces_whom(cuts):
    # 60 % of 3e6 is 1.8e6: more than 80 % of 1e6, less than 80 % of 3e6.
    patients = {one.subjid: one for one in placed(cuts[3][0], cuts[3][3])}
    assert (patients["203"].level, patients["203"].received, short([patients["203"].replaced_by])) == (2, 1, "204")
    assert short([patients["204"].replaces]) == "203"
    assert all(one.level == one.received for who, one in patients.items() if who != "203")


FIRST, SECOND = "XKDCT293-01-302", "XKDCT293-01-303"


def at_level_3(branch) -> int:
    return parse(branch.then.history)[-1].dlts


def test_what_if_the_first_pending_patient_has_a_dlt(cuts):
    assert [at_level_3(one) for one in advised(cuts[3]).branches.branches] == [0, 1, 2]
    found = advised(cuts[3], assumed={FIRST: "T"})
    assert (found.history, found.decision.action) == ("1NNN 2TNXNNNN 3NTP", "wait")
    assert found.decision.reason.endswith("one more DLT exceeds level 3")
    assert [at_level_3(one) for one in found.branches.branches] == [1, 2]  # none without a DLT is left
    assert (found.hypothetical, found.when.decision) == (True, date(2026, 12, 16))  # Day 28 of 303: 25 d left


def test_what_if_both_have_a_dlt(cuts):
    found = advised(cuts[3], assumed={FIRST: "T", SECOND: "T", "XKDCT293-01-101": "T", "somebody": "N"})
    said = found.decision
    assert (said.action, said.exceeded, said.mtd, said.mtd_status) == ("stop", (3,), 2, "established")
    assert (found.ignored, found.locked) == (("XKDCT293-01-101", "somebody"), True)
    assert (found.when.decision_code, found.when.infusion_code) == ("decision_stop", "infusion_stop")


def test_only_n_and_t_can_be_assumed(cuts):
    with pytest.raises(ValueError, match="assumed must say N or T"):
        advised(cuts[3], assumed={FIRST: "P"})


# ---- windows on paper ------------------------------------------------------------------------------------------------
STATES = {
    "N": ("evaluable_no_dlt", "complete"),
    "T": ("evaluable_dlt", "dlt"),
    "P": ("pending", "window_running"),
    "X": ("not_evaluable", "dose_low"),
    "O": ("not_evaluable", "off_study"),  # on Day 12
    "C": ("unresolved", "candidate"),
    "D": ("unresolved", "dose_unknown"),
    "V": ("unresolved", "onset_undecidable"),
}


def patient(who: str, level: int, letter: str, day: int) -> Window:
    """Infused on a day since 1 March 2026; a DLT begins on Day 9."""
    state, code = STATES[letter]
    infused = FIRST_DAY + timedelta(days=day)
    asked = Candidate(who, 1.0, "group AE1", CRS, 4, "crs_4", "met", "grade", 9, None)
    return Window(
        who,
        who,
        f"DL{level}" if level > 0 else "DL0",
        infused,
        infused + timedelta(days=28),
        {"X": 0.5, "D": None}.get(letter, 1.0),
        overdosed=False,
        state=WindowState(state, code, values={"off_study": "12"}),
        candidates=(asked,) if letter == "C" else (),
        dlt_day=9 if letter == "T" else None,
    )


def treated(text: str, gap: int = 30) -> list[Window]:
    """The patients of a history, `gap` days apart, named by level and place: A1 is the first of level 1."""
    letters = [(int(word.rstrip("NTPXOCDV")), one) for word in text.split() for one in word.lstrip("-0123456789")]
    seen: dict[int, int] = {}
    found = []
    for place, (level, letter) in enumerate(letters):
        seen[level] = seen.get(level, 0) + 1
        found.append(patient(f"{'zABC'[max(level, 0)]}{seen[level]}", level, letter, gap * place))
    return found


def rows_of(windows, *more) -> list[dict]:
    return [subject(one.usubjid, one.cohort, (one.infused - FIRST_DAY).days) for one in windows] + list(more)


def waiting(who: str, cohort: str, **more) -> dict:
    return subject(who, cohort, None, **more)


def advise_on(text: str, *more, cutoff: int = 1000, gap: int = 30, protocol=PROTOCOL, **asked):
    windows = treated(text, gap)
    return advise(windows, subjects(*rows_of(windows, *more)), protocol, end_of(cutoff), **asked)


def written(text: str) -> str:
    return history(placed(treated(text), PROTOCOL))


@pytest.mark.parametrize(
    ("infused", "expected"),
    [
        ("", ""),
        ("1NXNN 2TCO", "1NXNN 2TPX"),
        ("1NNN 2TT 1NNN", "1NNN 2TT 1NNN"),  # de-escalation: a stay of its own
        ("1NNT 2P 1NNN", "1NNTNNN 2P"),  # the three that a late DLT asked for
        ("1NNX 2P 1N 2P", "1NNXN 2PP"),  # a replacement that came late
        ("1PP 2P 1P 2P", "1PPP 2PP"),  # cohorts side by side
        ("1NNN 2NN 1P", "1NNN 2NN 1P"),  # nobody was due at level 1
    ],
)
def test_the_history_as_the_patients_were_infused(infused, expected):
    assert written(infused) == expected


@pytest.mark.parametrize(
    ("fraction", "received"),
    [
        (1.0, 1),
        (2.4, 2),  # 2.4e6 is 80 % of 3e6
        (2.39, 1),
        (0.79, None),  # below 80 % of the lowest dose
        (None, None),
    ],
)
def test_the_level_that_a_received_dose_amounts_to(fraction, received):
    odd = replace(patient("A1", 1, "N", 0), dose_fraction=fraction, overdosed=bool(fraction and fraction > 1.2))
    (one,) = placed([odd], PROTOCOL)
    assert (one.level, one.received, one.overdosed) == (1, received, fraction in (2.4, 2.39))
    assert history([one]) == "1N"  # counted where it was assigned


def test_two_are_replaced_in_their_order():
    found = {one.usubjid: one for one in placed(treated("1XXNPN"), PROTOCOL)}
    assert {who: one.replaces for who, one in found.items() if one.replaces} == {"A2": "A1", "A3": "A2"}


# ---- hold ------------------------------------------------------------------------------------------------------------
def test_a_result_at_level_1_that_becomes_a_dlt_after_level_2_opened():
    rows = [waiting("B8", "DL2"), waiting("B9", "DL2", lymphodepletion=95), waiting("A9", "DL1")]
    found = advise_on("1NNT 2P", *rows, cutoff=100)
    hold = found.hold
    assert (hold.level, hold.open, hold.history, found.decision, found.branches) == (1, 2, "1NNT", None, None)
    assert hold.affected == ("B1", "B8", "B9")
    assert (hold.ruled.action, hold.ruled.dose, hold.ruled.room) == ("expand", 1, 3)
    assert hold.sentence.say(ENGLISH) == (
        "HOLD new infusions and lymphodepletion: level 1 is now 1/3 while level 2 is open"
    )
    assert [(one.level, one.evaluable, len(one.dlts), len(one.pending)) for one in hold.counts] == [
        (1, 3, 1, 0), (2, 0, 0, 1), (3, 0, 0, 0),
    ]  # fmt: skip
    assert (found.stands, found.when.infusion, found.when.infusion_code) == ("hold", None, "infusion_hold")
    assert found.counted.level == 1


def test_the_hold_ends_with_the_three_that_level_1_needs():
    assert advise_on("1NNT 2P 1NP").hold.ruled.action == "enrol"
    done = advise_on("1NNT 2P 1NNN")
    assert (done.hold, done.decision.action, done.decision.dose) == (None, "enrol", 2)


@pytest.mark.parametrize(
    ("infused", "code", "ruled"),
    [
        ("1NNP 2P", "hold_pending", ("wait", None)),
        ("1NTT 2P", "hold", ("stop", None)),
        ("1NNX 2P", "hold", ("enrol", 1)),
        ("1NNNN", "hold_breach", ("escalate", 2)),  # a fourth after 0/3
        ("2N", "hold_breach", ("start", 1)),
    ],
)
def test_every_refused_history_is_a_hold(infused, code, ruled):
    hold = advise_on(infused, waiting("B9", "DL2")).hold
    assert hold.affected[-1:] == (("B9",) if hold.open == 2 else ())
    assert (hold.sentence.code, (hold.ruled.action, hold.ruled.dose)) == (code, ruled)


# ---- withheld --------------------------------------------------------------------------------------------------------
def test_an_open_candidate_withholds_and_shows_both_advices():
    found = advise_on("1NNC")  # Day 60, seen until Day 120
    assert found.stands == "withheld"
    assert [one.say(ENGLISH) for one in found.withheld] == ["advice withheld: 1 candidate unadjudicated"]
    assert [(one.dlts, one.history, one.decision.action) for one in found.cases] == [
        (("A3",), "1NNT", "expand"),
        ((), "1NNN", "escalate"),
    ]


def test_a_cleared_candidate_leaves_the_window_that_still_runs():
    # infused on Day 60, cut-off Day 80
    assert [one.history for one in advise_on("1NNC", cutoff=80).cases] == ["1NNT", "1NNP"]


def test_of_many_candidates_the_worst_and_the_best():
    assert [len(one.dlts) for one in advise_on("1CCC").cases] == [3, 2, 2, 1, 2, 1, 1, 0]
    assert [len(one.dlts) for one in advise_on("1NNN 2CCCC").cases] == [4, 0]


def test_a_candidate_counted_as_a_dlt_is_no_longer_open():
    found = advise_on("1NNC", assumed={"A3": "T"})
    assert (found.withheld, found.cases, found.decision.action) == ((), (), "expand")


def test_other_reasons_to_withhold():
    found = advise_on("1DVN", disagreements=["A3"])
    assert [one.say(ENGLISH) for one in found.withheld] == [
        "advice withheld: dose received not recorded (A1)",
        "advice withheld: dates too vague to tell a result (A2)",
        "advice withheld: the adjudications of the files and of this system differ (A3)",
    ]
    sizes = advise_on("1N", protocol=protocol_with("cohort_size = 3", "cohort_size = 4"))
    assert [one.code for one in sizes.withheld] == ["sizes"]


def test_a_pause_stands_above_the_advice():
    people, rows = subjects(subject("A1", death=10)), events()
    asked = pauses(people, rows, PROTOCOL, end_of(20))
    found = advise(treated("1T"), people, PROTOCOL, end_of(20), pauses=asked)
    assert (found.stands, found.decision.action) == ("pause", "enrol")
    assert (found.when.infusion, found.when.infusion_code) == (None, "infusion_pause")


# ---- dates -----------------------------------------------------------------------------------------------------------
def day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number)


def dates(text: str, *more, **settings):
    when = advise_on(text, *more, **settings).when
    return when.decision, when.lymphodepletion, when.infusion, when.infusion_code


def test_the_sentinel_is_observed_before_the_next_infusion():
    # Infused on Day 0, cut-off Day 3: 14 days later is Day 14; its lymphodepletion begins 5 days before, on Day 9.
    assert dates("1P", waiting("A2", "DL1"), cutoff=3) == (None, day(9), day(14), "infusion_open")
    # On Day 13 tomorrow is Day 14: with 5 days of lymphodepletion Day 19.
    assert dates("1P", waiting("A2", "DL1"), cutoff=13) == (None, day(14), day(19), "infusion_open")
    assert advise_on("1P", waiting("A2", "DL1"), cutoff=3).when.blocked_by == ("A1",)


def test_a_patient_in_lymphodepletion_holds_a_slot():
    begun = waiting("A2", "DL1", lymphodepletion=11), waiting("A3", "DL1")
    # A2 could be infused on Day 16, A3 on the same day without a stagger: 5 days before is Day 11, tomorrow is Day 14.
    assert dates("1P", *begun, cutoff=13) == (None, day(14), day(16), "infusion_next")
    both = waiting("A2", "DL1", lymphodepletion=11), waiting("A3", "DL1", lymphodepletion=12), waiting("A4", "DL1")
    found = advise_on("1P", *both, cutoff=13).when
    assert (found.slots, found.taken, found.lymphodepletion, found.infusion_code) == (
        2, ("A2", "A3"), None, "infusion_taken",
    )  # fmt: skip


def test_who_failed_or_left_does_not_wait():
    gone = [
        waiting("A4", "DL2", manufacture_state="FAILED"),
        waiting("A5", "DL2", off_study=90),
        waiting("A6", "DL2", screen_failed=True),
        waiting("A7", "DL1"),
        waiting("A8", None),
    ]
    assert advise_on("1NNN", *gone, cutoff=100).when.waiting == ()
    stays = waiting("A9", "DL2", off_study=101)  # after the cut-off
    assert advise_on("1NNN", *gone, stays, cutoff=100).when.waiting == ("A9",)


def test_the_stagger_between_later_patients():
    # Infused on Days 0 and 30, cut-off Day 31; 20 days after the second is Day 50, less 5 Day 45.
    staggered = protocol_with("stagger_days = 0", "stagger_days = 20")
    asked = dates("1NP", waiting("A3", "DL1"), cutoff=31, protocol=staggered)
    assert asked == (None, day(45), day(50), "infusion_open")
    # Only the gap after the sentinel counts for the second.
    assert dates("1P", waiting("A2", "DL1"), cutoff=3, protocol=staggered)[1:3] == (day(9), day(14))


def test_nobody_waits():
    assert dates("1NNN", cutoff=100) == (None, day(101), day(106), "infusion_nobody")


def test_a_new_level_has_no_sentinel_yet_and_its_second_patient_waits_for_it():
    # In lymphodepletion since Day 98, infused on Day 103 at the earliest; 14 days later, less 5 days: Day 112.
    rows = waiting("B1", "DL2", lymphodepletion=98), waiting("B2", "DL2")
    assert dates("1NNN", *rows, cutoff=100) == (None, day(112), day(103), "infusion_next")


def test_the_decision_waits_for_the_last_result_that_can_change_it():
    # 10 days apart: A1 Day 0-28, A2 10-38, A3 20-48. One N and one N more leave 0/3 or 1/3: both results count.
    found = advise_on("1PPP", gap=10, cutoff=25).when
    assert (found.decision, found.waits_for, found.then.action) == (day(48), ("A3",), "escalate")
    # A verdict is awaited: the day after the cut-off at the earliest.
    asked = advise_on("1NNC", cutoff=200).when
    assert (asked.decision, asked.decision_code) == (day(201), "decision_after_verdict")
    assert advise_on("1NP", cutoff=31).when.decision_code == "decision_unfinished"
    assert advise_on("1NNN 2NNN 3NNP", cutoff=181).when.decision_code == "decision_locked"


@pytest.mark.parametrize(
    ("cutoff", "action", "decision"),
    [(67, "wait", 68), (68, "escalate", None), (69, "escalate", None)],  # A3, infused on Day 40: Day 27, 28, 29
)
def test_the_end_of_the_window(cutoff, action, decision):
    people = subjects(*(subject(f"A{n}", infused=20 * n) for n in range(3)))
    found = advise(board(people, events(), PROTOCOL, end_of(cutoff)).windows, people, PROTOCOL, end_of(cutoff))
    assert found.decision.action == action
    assert found.when.decision == (decision and day(decision))


def test_no_data_on_the_last_day_leaves_the_decision_to_the_next():
    people = subjects(*(subject(f"A{n}", infused=20 * n, last_assessed=60) for n in range(3)))
    found = advise(board(people, events(), PROTOCOL, end_of(70)).windows, people, PROTOCOL, end_of(70))
    assert (found.decision.action, found.when.decision) == ("wait", day(71))


def test_a_window_over_a_leap_day():
    # 1 March 2026 + 713 days is 12 February 2028; 28 days later, over 29 February, 11 March 2028.
    found = advise([patient(f"A{n}", 1, "P", 713) for n in range(3)], subjects(), PROTOCOL, end_of(720))
    assert found.when.decision == date(2028, 3, 11)


LOWER = PROTOCOL.text.replace(
    '[[cohort.levels]]\nid = "DL1"',
    '[[cohort.levels]]\nid = "DL0"\nvalues = ["DL0"]\nlevel = -1\ndose = 3e5\nunit = "CAR+ T cells/kg"\n'
    'label = { en = "3 × 10⁵", zh = "3 × 10⁵" }\n\n[[cohort.levels]]\nid = "DL1"',
)


def with_level_below() -> protocols.Protocol:
    head, rest = LOWER.split("[dlt.models]")
    return protocols.parse(head + rest[rest.index("# Haematologic is this list") :])


def test_the_level_below_the_start():
    below = with_level_below()
    found = advise_on("1TT", waiting("z1", "DL0"), protocol=below)
    assert (found.decision.action, found.decision.dose, found.when.level) == ("deescalate", -1, -1)
    assert (found.when.waiting, found.when.infusion_code) == (("z1",), "infusion_open")
    assert advise_on("1TT -1NN", protocol=below).history == "1TT -1NN"


def test_levels_that_the_rule_does_not_take():
    with pytest.raises(ValueError, match=r"cohort\.levels: .* found 1, 2, 4"):
        ladder(protocol_with("level = 3\ndose = 1e7", "level = 4\ndose = 1e7"))


# ---- infusions not allowed -------------------------------------------------------------------------------------------
def breaches(windows, *more, cutoff=1000):
    return [
        (one.code, one.usubjid, one.known)
        for one in not_allowed(windows, subjects(*rows_of(windows, *more)), PROTOCOL, end_of(cutoff))
    ]


def test_a_trial_that_keeps_the_rule():
    assert breaches(treated("1NNN 2NNT 2NNN 3P")) == []
    assert breaches(treated("1NNN 2TT 1NNN")) == []
    assert breaches([]) == []


@pytest.mark.parametrize(("infused", "known"), [(88, "1NNP"), (89, None)])
def test_a_level_opened_on_the_last_day_of_a_window(infused, known):
    """A3, infused on Day 60, is known to be without DLT on the day after its Day 28, which is Day 88."""
    windows = [*treated("1NNN"), patient("B1", 2, "P", infused)]
    assert breaches(windows) == ([("infusion_wait", "B1", known)] if known else [])


def test_a_dlt_counts_from_the_day_it_began():
    """A1's and A2's begin on their Day 9, A2's on Day 10 of A1: from then on the level is exceeded."""
    windows = [patient("A1", 1, "T", 0), patient("A2", 1, "T", 1), patient("A3", 1, "N", 10)]
    assert breaches(windows) == [("infusion_stop", "A3", "1TT")]
    windows[-1] = patient("A3", 1, "N", 9)
    assert breaches(windows) == []  # one DLT is known: to wait for A2 is advised, to fill the cohort no breach


def test_a_patient_off_study_has_a_replacement_from_that_day():
    windows = [*(patient(f"A{n}", 1, "O", n) for n in range(3)), patient("A4", 1, "P", 12)]
    assert breaches(windows) == []  # A0 left on its Day 12
    windows[-1] = patient("A4", 1, "P", 11)
    assert breaches(windows) == [("infusion_wait", "A4", "1PPP")]


def test_lymphodepletion_without_a_slot():
    two = treated("1NNN 2PP", gap=30)
    assert breaches(two, waiting("B3", "DL2", lymphodepletion=121)) == []
    rows = waiting("B3", "DL2", lymphodepletion=121), waiting("B4", "DL2", lymphodepletion=122)
    assert breaches(two, *rows) == [("lymphodepletion_taken", "B4", "1NNN 2PP")]
    left = waiting("B3", "DL2", lymphodepletion=121, off_study=122), waiting("B4", "DL2", lymphodepletion=122)
    assert breaches(two, *left) == []  # the slot is free again
    full = treated("1NNN 2PPP", gap=30)
    assert breaches(full, waiting("B4", "DL2", lymphodepletion=151))[0][0] == "lymphodepletion_wait"
    assert breaches(full, waiting("C1", "DL3", lymphodepletion=125)) == [("lymphodepletion_level", "C1", "1NNN 2PP")]
    assert breaches(full, waiting("C1", "DL3", lymphodepletion=125), cutoff=124) == []


def test_a_slot_is_not_free_on_the_day_it_is_filled():
    """B3, in lymphodepletion since Day 145, is infused on Day 150; B4 begins on that day, and level 2 has three."""
    windows = [*treated("1NNN 2PP"), patient("B3", 2, "P", 150)]
    rows = [*rows_of(windows), waiting("B4", "DL2", lymphodepletion=150)]
    rows[-2] = subject("B3", "DL2", 150, lymphodepletion=145)
    (found,) = not_allowed(windows, subjects(*rows), PROTOCOL, end_of(1000))
    assert (found.usubjid, found.code) == ("B4", "lymphodepletion_wait")


def test_a_level_that_was_not_open_says_what_the_rule_said():
    windows = treated("1NNN 3P")
    (found,) = not_allowed(windows, subjects(*rows_of(windows)), PROTOCOL, end_of(300))
    assert found.say(infusion_rules.ENGLISH, RULE) == (
        "C1 was infused at level 3 on 2026-05-30, which was not open: 0/3 DLT at level 1: level 2 is next"
    )


# ---- any windows -----------------------------------------------------------------------------------------------------
ANY = st.lists(st.tuples(st.integers(1, 3), st.sampled_from("NNNNTPPXOCDV"), st.integers(0, 250)), max_size=11)
WAITS = st.lists(
    st.fixed_dictionaries(
        {
            "cohort": st.sampled_from(["DL1", "DL2", "DL3", None]),
            "lymphodepletion": st.none() | st.integers(0, 260),
            "off_study": st.none() | st.integers(0, 260),
            "manufacture_state": st.sampled_from([None, "RELEASED", "FAILED"]),
            "screen_failed": st.booleans(),
        }
    ),
    max_size=3,
)
VARIANTS = [PROTOCOL] + [protocol_with('"six_at_mtd"', f'"{one}"') for one in ("deescalation", "no_deescalation")]


def outlook(found):
    said = found.decision or found.hold.ruled
    return found.decision is None, said.action, said.dose, said.mtd, said.mtd_status


@settings(max_examples=60)
@given(people=ANY, waits=WAITS, protocol=st.sampled_from(VARIANTS), cutoff=st.integers(250, 290))
def test_there_is_an_advice_on_any_windows(people, waits, protocol, cutoff):
    windows = [patient(f"A{n}", *one) for n, one in enumerate(people)]
    frame = subjects(*rows_of(windows, *(waiting(f"W{n}", one.pop("cohort"), **one)
                                         for n, one in enumerate(dict(one) for one in waits))))  # fmt: skip
    found = advise(windows, frame, protocol, end_of(cutoff))
    assert (found.decision is None) == (found.hold is not None) == (found.branches is None)
    assert all(one.say(ENGLISH) for one in found.sentences)
    assert sum(map(len, (found.counted.no_dlt, found.counted.dlts, found.counted.pending))) <= len(windows)
    for when in (found.when.decision, found.when.infusion, found.when.lymphodepletion):
        assert when is None or when > end_of(cutoff).date()
    if found.when.decision and found.when.infusion:
        assert found.when.infusion > found.when.decision
    assert found.decision is None or found.decision.action != "wait" or found.when.decision
    assert bool(found.cases) == any(one.code.startswith("candidate") for one in found.withheld)
    assert all((one.decision is None) == (one.hold is not None) for one in found.cases)
    for one in not_allowed(windows, frame, protocol, end_of(cutoff)):
        assert one.say(infusion_rules.ENGLISH, RULE)

    pending = [one.usubjid for one in found.patients if one.outcome == "P"]
    if found.locked and len(pending) <= 3:
        for letters in itertools.product("NT", repeat=len(pending)):
            supposed = advise(
                windows, frame, protocol, end_of(cutoff), assumed=dict(zip(pending, letters, strict=True))
            )
            assert outlook(supposed) == outlook(found)


WORDS = st.lists(st.tuples(st.integers(1, 3), st.text("NTPX", min_size=1, max_size=4)), max_size=4)


def trial_of(words) -> str:
    return " ".join(f"{level}{letters}" for level, letters in words)


@settings(max_examples=50)
@given(words=WORDS, data=st.data())
def test_the_order_inside_a_cohort_and_the_replaced_do_not_matter(words, data):
    shuffled = [(level, "".join(data.draw(st.permutations(letters)))) for level, letters in words]
    first = outlook(advise_on(trial_of(words)))
    assert outlook(advise_on(trial_of(shuffled))) == first
    more = [(level, letters + "X") for level, letters in words]
    assert outlook(advise_on(trial_of(more))) == first


def reach(found) -> float:
    """The highest level that patients may go to, or the one held tolerable at a stop."""
    if found.hold:
        return -9
    said = found.decision
    return said.dose or said.mtd or -9


@settings(max_examples=60)
@given(words=st.lists(st.tuples(st.integers(1, 3), st.text("NNNT", min_size=1, max_size=6)), max_size=4),
       place=st.integers(0, 20), protocol=st.sampled_from(VARIANTS))  # fmt: skip
def test_a_dlt_more_never_makes_the_advice_bolder(words, place, protocol):
    text = trial_of(words)
    spots = [spot for spot, letter in enumerate(text) if letter == "N"]
    if not spots:
        return
    spot = spots[place % len(spots)]
    before = advise_on(text, protocol=protocol)
    # A history that the rule refuses has no advice that could be bolder.
    if not before.hold:
        after = advise_on(f"{text[:spot]}T{text[spot + 1 :]}", protocol=protocol)
        assert reach(after) <= reach(before)


def test_every_sentence_has_its_values():
    texts = ("", "1P", "1PPP", "1NNC", "1DVCC", "1NNT 2P", "1NNP 2P", "1NNNN", "1TT", "1NNN 2NNN 3NNP")
    for found in (advise_on(text, assumed={"none": "N"}) for text in texts):
        for one in found.sentences:
            assert {name for _, name, _, _ in Formatter().parse(ENGLISH[one.code]) if name} <= set(one.values)
