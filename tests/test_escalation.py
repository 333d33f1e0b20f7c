"""3+3 in the written notation: the rule by hand, every way to break it, and what holds for any history."""

import itertools
import json
import random
import re
import time
from functools import cache
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.escalation import (
    CLAUSES,
    ENGLISH,
    VARIANTS,
    VIOLATIONS,
    RuleViolation,
    decide,
    operating_characteristics,
    standings,
    tree,
    what_if,
)
from clinical.history import parse, written
from data.protocol_escalation import Escalation

NO, DOWN, SIX = VARIANTS  # no_deescalation, deescalation, six_at_mtd
OPEN = (None, "open")


def brief(history, variant=SIX, **ladder):
    found = decide(history, variant=variant, **ladder)
    return found.action, found.dose, found.mtd, found.mtd_status


# ---- the rule by hand ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("history", "action", "dose"),
    [
        ("", "start", 1),
        ("  ", "start", 1),
        ("1N", "enrol", 1),
        ("1T", "enrol", 1),
        ("1NN", "enrol", 1),
        ("1NT", "enrol", 1),
        ("1NNN", "escalate", 2),  # 0/3
        ("1NNT", "expand", 1),  # 1/3
        ("1NNT 1N", "enrol", 1),
        ("1NNT 1NN", "enrol", 1),
        ("1NNT 1NNN", "escalate", 2),  # 1/6
        ("1NNTNNN", "escalate", 2),  # both cohorts in one word
        ("1NNN 2NNN", "escalate", 3),
        ("1NNN 2NNT", "expand", 2),
        ("1NNN 2NNN 3NNT", "expand", 3),
        # pending
        ("1P", "enrol", 1),
        ("1PP", "enrol", 1),
        ("1NP", "enrol", 1),
        ("1TP", "wait", None),  # the pending result alone may exceed the dose before the third is infused
        ("1PPP", "wait", None),
        ("1NNP", "wait", None),
        ("1NTP", "wait", None),
        ("1NNT 1P", "enrol", 1),  # three were added knowing of the DLT
        ("1NNT 1NP", "enrol", 1),
        ("1NNT 1NNP", "wait", None),
        ("1NNT 1PPP", "wait", None),
        # replaced
        ("1X", "enrol", 1),
        ("1NNX", "enrol", 1),
        ("1NNXN", "escalate", 2),
        ("1NNX 1N", "escalate", 2),
        ("1NNTX", "expand", 1),
        ("1NNN 2X", "enrol", 2),
    ],
)
def test_what_all_variants_share(history, variant, action, dose):
    assert brief(history, variant) == (action, dose, *OPEN)
    assert not decide(history, variant=variant).stopped


@pytest.mark.parametrize(
    ("history", "exceeded", "no", "down", "six"),
    [
        # dose 1 too toxic: no dose is tolerable, in every variant
        *(
            (history, (1,), *[("stop", None, None, "none tolerable")] * 3)
            for history in ("1TT", "1TTN", "1TTT", "1TTP", "1NNT 1T", "1NNT 1TNN", "1NNTTNN")
        ),
        # 2/2 and 2/3 at dose 2, three patients at dose 1
        *(
            (
                f"1NNN {second}",
                (2,),
                ("stop", None, 1, "established"),
                ("deescalate", 1, *OPEN),
                ("deescalate", 1, *OPEN),
            )
            for second in ("2TT", "2NTT", "2TTT", "2TTP", "2NNT 2T", "2NNT 2NNT")
        ),
        # six patients at dose 1 already
        ("1NNT 1NNN 2TT", (2,), *[("stop", None, 1, "established")] * 3),
        # the top dose
        (
            "1NNN 2NNN 3NNN",
            (),
            ("stop", None, 3, "not reached"),
            ("stop", None, 3, "not reached"),
            ("expand", 3, *OPEN),
        ),
        ("1NNN 2NNN 3NNT 3NNN", (), *[("stop", None, 3, "not reached")] * 3),
        (
            "1NNN 2NNN 3NNT 3T",
            (3,),
            ("stop", None, 2, "established"),
            ("deescalate", 2, *OPEN),
            ("deescalate", 2, *OPEN),
        ),
        # 0/2 and one pending at the top: 0/3 and 1/3 both add three, but only in six_at_mtd
        ("1NNN 2NNN 3NNP", (), ("wait", None, *OPEN), ("wait", None, *OPEN), ("expand", 3, *OPEN)),
        ("1NNN 2NNN 3NPP", (), *[("wait", None, *OPEN)] * 3),
    ],
)
def test_where_the_variants_part(history, exceeded, no, down, six):
    assert [brief(history, variant) for variant in VARIANTS] == [no, down, six]
    assert {decide(history, variant=variant).exceeded for variant in VARIANTS} == {exceeded}


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ("1NNN 2TT 1N", ("enrol", 1, *OPEN)),
        ("1NNN 2TT 1NNN", ("stop", None, 1, "established")),  # 0/6
        ("1NNN 2TT 1NNT", ("stop", None, 1, "established")),  # 1/6
        ("1NNN 2TT 1TT", ("stop", None, None, "none tolerable")),  # 2/5
        ("1NNN 2TTP 1NNN", ("stop", None, 1, "established")),  # pending where it decides nothing
        ("1NNN 2TT 1NNP", ("stop", None, 1, "established")),  # 0/6 or 1/6
        ("1NNN 2TT 1NPP", ("wait", None, *OPEN)),  # 2/6 is possible
        ("1NNN 2TT 1TP", ("enrol", 1, *OPEN)),
        ("1NNN 2NNN 3NTT 2NNN", ("stop", None, 2, "established")),
        ("1NNN 2NNN 3NTT 2NTT", ("deescalate", 1, *OPEN)),
        ("1NNN 2NNN 3NTT 2NTT 1NNN", ("stop", None, 1, "established")),
        ("1NNT 1NNN 2NNN 3TT 2TT", ("stop", None, 1, "established")),
    ],
)
@pytest.mark.parametrize("variant", [DOWN, SIX])
def test_on_the_way_down(history, expected, variant):
    assert brief(history, variant) == expected


def test_six_at_the_top():
    assert brief("1NNN 2NNN 3NNN 3NNT") == ("stop", None, 3, "not reached")
    assert brief("1NNN 2NNN 3NNN 3NTT") == ("deescalate", 2, *OPEN)
    assert brief("1NNN 2NNN 3NNP 3N") == ("enrol", 3, *OPEN)
    assert brief("1NNN", doses=1) == ("expand", 1, *OPEN)
    assert brief("1NNN", NO, doses=1) == ("stop", None, 1, "not reached")


def test_one_dose_to_six():
    up = " ".join(f"{dose}NNN" for dose in range(1, 6))
    assert brief(up, doses=6) == ("escalate", 6, *OPEN)
    assert brief(up, doses=5) == ("expand", 5, *OPEN)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_level_below_the_start(variant):
    below = {"variant": variant, "lowest": -1}
    three = [("stop", None, -1, "established"), *[("expand", -1, *OPEN)] * 2][VARIANTS.index(variant)]
    assert brief("", **below) == ("start", 1, *OPEN)
    assert brief("1NNN", **below) == ("escalate", 2, *OPEN)
    assert brief("1TT", **below) == ("deescalate", -1, *OPEN)
    assert brief("1TT -1NN", **below) == ("enrol", -1, *OPEN)
    assert brief("1TT -1NNN", **below) == three
    assert brief("1TT -1NNT", **below) == ("expand", -1, *OPEN)
    assert brief("1TT -1NNT -1NNN", **below) == ("stop", None, -1, "established")
    assert brief("1TT -1NNT -1NNT", **below) == ("stop", None, None, "none tolerable")
    assert decide("1TT -1TT", **below).exceeded == (-1, 1)
    assert decide("1TT -1NNN", **below).exceeded == (1,)


def test_the_reason_counts_and_the_clause_says_which_rule():
    found = decide("1NNN 2NNT", variant=DOWN)
    assert found.reason == "1/3 DLT at level 2: three more at level 2"
    assert found.clause == "3+3 deescalation: 1/3: three more at the same dose"
    assert decide("1TT").reason == "2 DLTs in 2 at level 1, the lowest: stop; no dose is tolerable"
    assert decide("1NNT 1NP").reason == (
        "level 1 has 1/4 DLT, 1 pending and 1 more to infuse in its cohort; one more DLT exceeds level 1"
    )
    assert decide("1NNN 2TT", variant=NO).reason == "2 DLTs in 2 at level 2: stop; MTD is level 1, 0/3 DLT"
    assert "MTD is dose" not in decide("1NNN 2NNN 3NNN", variant=DOWN).reason  # tolerated, not reached
    assert (
        decide("1NNN 2NNN 3NNP").reason == "0/2 DLT at level 3: level 3 is expanded to 6, whatever the 1 pending show"
    )


def test_how_many_may_be_infused_before_the_next_decision():
    rooms = {"": 3, "1N": 2, "1NP": 1, "1NNN": 3, "1NNT": 3, "1NNT 1N": 2, "1NNN 2TT": 3, "1NNP": 0, "1TT": 0}
    assert {history: decide(history).room for history in rooms} == rooms


def test_the_variants_are_those_of_the_protocol_file():
    assert get_args(Escalation.model_fields["variant"].annotation) == VARIANTS


# ---- what breaks it --------------------------------------------------------------------------------------------------
BROKEN = [
    ("2NNN", 1, "not_the_start"),
    ("4N", 1, "unknown_dose"),
    ("0N", 1, "unknown_dose"),
    ("1TT -1N", 2, "unknown_dose"),
    ("1NNN 3N", 2, "skipped"),
    ("1NNN 2NNN 3TT 1N", 4, "skipped"),
    ("1NNN 1N", 2, "repeated"),
    ("1NNN 1X", 2, "repeated"),
    ("1NNNN", 1, "repeated"),
    ("1NNNNNN", 1, "repeated"),
    ("1NNT 1NNNN", 2, "outgrown"),
    ("1NNTNNNN", 1, "outgrown"),
    ("1NNN 2TT 1NNNN", 3, "outgrown"),
    ("1TTN 1N", 2, "exceeded"),
    ("1TT 1N", 2, "exceeded"),
    ("1TTTN", 1, "exceeded"),
    ("1NNN 2TT 2N", 3, "exceeded"),
    ("1TT 2N", 2, "above_exceeded"),
    ("1NNN 2TT 1N 3N", 4, "above_exceeded"),
    ("1NNP 2N", 2, "pending"),
    ("1NNT 1NNP 2N", 3, "pending"),
    ("1NNPP", 1, "pending"),
    ("1NNP 1N", 2, "pending"),
    ("1NN 2N", 2, "unfinished"),
    ("1NP 2N", 2, "unfinished"),
    ("1NNT 1NN 2N", 3, "unfinished"),
    ("1NNX 2N", 2, "unfinished"),
    ("1NNT 2N", 2, "expansion_due"),
    ("1NNN 2N 1N", 3, "down"),
    ("1NNN 2NNN 1N", 3, "down"),
    ("1NNN 2NNP 1N", 3, "down"),
    ("1NNT 1NNN 2TT 1N", 4, "stopped"),
]


@pytest.mark.parametrize(("history", "step", "code"), BROKEN)
def test_a_broken_history_is_refused_at_its_step(history, step, code):
    for refused in (decide, what_if, tree, standings):
        with pytest.raises(RuleViolation) as caught:
            refused(history)
        assert (caught.value.step, caught.value.code) == (step, code)
        assert str(caught.value).startswith(f'step {step} ("{history.split()[step - 1]}"): ')
    assert isinstance(caught.value, ValueError)


def test_every_violation_is_tried():
    assert {code for _, _, code in BROKEN} == set(VIOLATIONS)


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        ("1NNN 3N", "level 2 was skipped on the way from level 1 to level 3"),
        ("1NNN 2NNN 3TT 1N", "level 2 was skipped on the way from level 3 to level 1"),
        ("1NNP 2N", "level 2 took a patient while results at level 1 that decide it are pending (1)"),
        ("1NN 2N", "level 2 was opened with 2 of 3 patients with a result at level 1"),
        ("1NNT 2N", "level 2 was opened at 1/3 at level 1, which needs 6 patients first"),
        ("1NNN 2TT 3N", "level 3 was opened after 2 DLTs at level 2"),
        ("1NNN 2TTT 2N", "level 2 had 3 DLTs and takes no more patients"),
    ],
)
def test_the_violation_says_what_forbids_it(history, sentence):
    with pytest.raises(RuleViolation, match=re.escape(sentence)):
        decide(history)


def test_only_with_deescalation_may_a_lower_dose_follow():
    with pytest.raises(RuleViolation, match="after the rule had stopped the trial"):
        decide("1NNN 2TT 1NNN", variant=NO)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"history": "1NNx"}, "history"),
        ({"history": "1nnn"}, "history"),
        ({"history": "NNN"}, "history"),
        ({"history": "1NNN,2N"}, "history"),
        ({"history": "1NNN 2"}, "history"),
        ({"history": None}, "history"),
        ({"history": "", "doses": 0}, "doses"),
        ({"history": "", "doses": 7}, "doses"),
        ({"history": "", "doses": 2.5}, "doses"),
        ({"history": "", "variant": "3+3"}, "variant"),
        ({"history": "", "lowest": 0}, "lowest"),
        ({"history": "", "lowest": None}, "lowest"),
    ],
)
def test_a_bad_argument_is_named(arguments, named):
    for asked in (decide, what_if, tree, standings):
        with pytest.raises(ValueError, match=named) as caught:
            asked(**arguments)
        assert not isinstance(caught.value, RuleViolation)


def test_the_notation_comes_back():
    assert written(parse("1NTN  -1XPN 2T")) == "1NNT -1NPX 2T"


# ---- what if ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("history", "variant", "rows", "locked"),
    [
        ("1NNP", SIX, [(0, "escalate", 2, None), (1, "expand", 1, None)], False),
        ("1NTP", SIX, [(0, "expand", 1, None), (1, "stop", None, None)], False),
        ("1NP", SIX, [(0, "enrol", 1, None), (1, "enrol", 1, None)], True),
        ("1PP", SIX, [(0, "enrol", 1, None), (1, "enrol", 1, None), (2, "stop", None, None)], False),
        ("1NNN", SIX, [(0, "escalate", 2, None)], True),
        ("", SIX, [(0, "start", 1, None)], True),
        ("1TTP", SIX, [(0, "stop", None, None), (1, "stop", None, None)], True),
        ("1NNN 2TTP", NO, [(0, "stop", None, 1), (1, "stop", None, 1)], True),
        ("1NNN 2TTP", SIX, [(0, "deescalate", 1, None), (1, "deescalate", 1, None)], True),
        ("1NNN 2NNN 3NNP", SIX, [(0, "expand", 3, None), (1, "expand", 3, None)], True),
        ("1NNN 2NNN 3NNP", DOWN, [(0, "stop", None, 3), (1, "expand", 3, None)], False),
        # one pending where it decides nothing, one where it may: DLTs fall on the second first
        ("1NNN 2TTP 1TNP", SIX, [(0, "stop", None, 1), (1, "stop", None, None), (2, "stop", None, None)], False),
    ],
)
def test_what_if(history, variant, rows, locked):
    frame = what_if(history, variant=variant)
    assert list(frame.columns) == ["dlts", "action", "dose", "mtd"]
    assert [tuple(row) for row in frame.itertuples(index=False)] == rows
    assert frame.attrs["locked"] is locked


# ---- ahead -----------------------------------------------------------------------------------------------------------
def shape(found):
    """{(DLTs, of): (action, dose)} one step ahead."""
    return {
        (one.dlts, one.of): (one.then.decision.action, one.then.decision.dose or one.then.decision.mtd)
        for one in found.branches
    }


def test_the_tree_one_step_ahead():
    assert shape(tree("", 1)) == {
        (0, 3): ("escalate", 2),
        (1, 3): ("expand", 1),
        (2, 3): ("stop", None),
        (3, 3): ("stop", None),
    }
    assert shape(tree("1NP", 1)) == {(0, 2): ("escalate", 2), (1, 2): ("expand", 1), (2, 2): ("stop", None)}
    assert shape(tree("1TP", 1)) == {(0, 1): ("enrol", 1), (1, 1): ("stop", None)}  # no infusion before the result
    assert shape(tree("1NNT 1N", 1)) == {(0, 2): ("escalate", 2), (1, 2): ("stop", None), (2, 2): ("stop", None)}
    assert shape(tree("1NNN 2TTP", 1)) == {(0, 3): ("stop", 1), (1, 3): ("stop", 1)} | {
        (dlts, 3): ("stop", None) for dlts in (2, 3)
    }
    assert shape(tree("1TT", 1)) == {}
    assert tree("", 0).branches == ()


def test_the_tree_two_steps_ahead():
    second = tree("", 2).branches[0].then
    assert second.history == "1NNN"
    assert shape(second) == {
        (0, 3): ("escalate", 3),
        (1, 3): ("expand", 2),
        (2, 3): ("deescalate", 1),
        (3, 3): ("deescalate", 1),
    }
    with pytest.raises(ValueError, match="depth"):
        tree("", -1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_whole_tree_has_the_paths_that_are_counted(variant):
    def ends(one):
        return sum(ends(branch.then) for branch in one.branches) or 1

    whole = tree("", 20, variant=variant)
    assert ends(whole) == operating_characteristics([0.1, 0.2, 0.3], variant=variant).paths


# ---- the doses one by one --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("history", "variant", "states", "planned"),
    [
        ("", SIX, "not_opened not_opened not_opened", (3, 3, 3)),
        ("1NP", SIX, "open not_opened not_opened", (3, 3, 3)),
        ("1NNP", SIX, "open not_opened not_opened", (3, 3, 3)),
        ("1X", SIX, "open not_opened not_opened", (3, 3, 3)),
        ("1NNN", SIX, "cleared not_opened not_opened", (3, 3, 3)),
        ("1NNT", SIX, "expanding not_opened not_opened", (6, 3, 3)),
        ("1NNT 1NNP", SIX, "expanding not_opened not_opened", (6, 3, 3)),
        ("1NNT 1NNN", SIX, "cleared not_opened not_opened", (6, 3, 3)),
        ("1NNN 2TT", SIX, "expanding exceeded not_opened", (6, 3, 3)),
        ("1NNN 2TT", NO, "cleared exceeded not_opened", (3, 3, 3)),
        ("1NNN 2TT 1NNP", SIX, "expanding exceeded not_opened", (6, 3, 3)),
        ("1NNN 2NNN 3NNN", SIX, "cleared cleared expanding", (3, 3, 6)),
        ("1NNN 2NNN 3NNN", DOWN, "cleared cleared cleared", (3, 3, 3)),
    ],
)
def test_where_each_dose_stands(history, variant, states, planned):
    found = standings(history, variant=variant)
    assert " ".join(one.state for one in found) == states
    assert tuple(one.planned for one in found) == planned


def test_a_standing_counts_its_patients():
    first, second, _ = standings("1NNX 1N 2TNP")
    assert (first.evaluable, first.dlts, first.pending, first.replaced) == (3, 0, 0, 1)
    assert (second.evaluable, second.dlts, second.pending, second.replaced) == (2, 1, 1, 0)


# ---- every state that can be reached ---------------------------------------------------------------------------------
def key(history):
    """Counts a dose, and the dose last infused: what the rule can know."""
    counts = {}
    for word in history.split():
        dose, letters = re.fullmatch(r"(-?\d+)(\w+)", word).groups()
        counts.setdefault(dose, []).extend(letters)
    return tuple((dose, *(letters.count(one) for one in "NTP")) for dose, letters in sorted(counts.items())), (
        history and re.match(r"-?\d+", history.split()[-1])[0]
    )


def grown(history, dose, letter):
    """One more patient. The word grows while its cohort does, so that words are cohorts."""
    words = history.split()
    found = words and re.fullmatch(r"(-?\d+)(\w+)", words[-1])
    if found and int(found[1]) == dose and len(found[2]) < 3:
        return " ".join([*words[:-1], words[-1] + letter])
    return f"{history} {dose}{letter}".strip()


@cache
def reachable(variant, doses, lowest):
    """Histories, one for each set of counts that following the advice patient by patient can lead to."""
    found, later = {key(""): ""}, [""]
    while later:
        history = later.pop()
        dose = decide(history, doses=doses, variant=variant, lowest=lowest).dose
        for letter in "NTP" if dose is not None else "":
            after = grown(history, dose, letter)
            if key(after) not in found:
                found[key(after)] = after
                later.append(after)
    return tuple(found.values())


LADDERS = [(variant, doses, lowest) for variant in VARIANTS for doses, lowest in ((1, 1), (2, -1), (3, 1))]


@pytest.mark.parametrize(("variant", "doses", "lowest"), LADDERS)
def test_every_reachable_state_has_exactly_one_advice(variant, doses, lowest):
    ladder = {"variant": variant, "doses": doses, "lowest": lowest}
    labels = [dose for dose in range(lowest, doses + 1) if dose]
    for history in reachable(variant, doses, lowest):
        found = decide(history, **ladder)
        assert (found.dose is None) == (found.action in ("wait", "stop"))
        assert (found.mtd_status == "open") == (not found.stopped)
        assert found.mtd not in found.exceeded
        if found.dose is not None:
            assert all(found.dose < one for one in found.exceeded)
            assert found.room >= 1
        if found.code != "wait_cohort":  # there the third place is free, but waits
            for dose in labels:
                if dose == found.dose:
                    decide(f"{history} {dose}N", **ladder)
                else:
                    with pytest.raises(RuleViolation):
                        decide(f"{history} {dose}N", **ladder)


def test_an_mtd_rests_on_six_with_at_most_one_dlt():
    for variant, least in ((SIX, 6), (DOWN, 6), (NO, 3)):
        for history in reachable(variant, 3, 1):
            found = decide(history, variant=variant)
            if found.mtd_status == "established":
                rests_on = next(one for one in standings(history, variant=variant) if one.dose == found.mtd)
                assert rests_on.evaluable + rests_on.pending >= least
                assert rests_on.dlts <= 1
                assert found.exceeded[0] == found.mtd + 1


def test_every_sentence_and_every_clause_is_used():
    codes, rules = set(), set()
    for variant, doses, lowest in LADDERS:
        for history in reachable(variant, doses, lowest):
            found = decide(history, doses=doses, variant=variant, lowest=lowest)
            assert "{" not in found.reason
            codes |= {found.code, *found.also}
            rules.add(found.rule)
    assert codes == set(ENGLISH)
    assert rules == set(CLAUSES)


def test_a_translation_needs_no_other_values():
    for history in reachable(SIX, 3, 1):
        found = decide(history)
        names = {name for code in (found.code, *found.also) for _, name, _, _ in Formatter().parse(ENGLISH[code])}
        assert {name for name in names if name} <= set(found.values)


ladders = st.sampled_from(LADDERS)


@settings(deadline=None)  # the first call walks all states
@given(ladders, st.randoms(use_true_random=False))
def test_the_order_in_a_cohort_does_not_matter(ladder, chance):
    variant, doses, lowest = ladder
    history = chance.choice(reachable(variant, doses, lowest))
    mixed = " ".join(
        dose + "".join(chance.sample(letters, len(letters)))
        for dose, letters in re.findall(r"(-?\d+)([A-Z]+)", history)
    )
    asked = {"doses": doses, "variant": variant, "lowest": lowest}
    assert decide(mixed, **asked) == decide(history, **asked)


@settings(deadline=None)  # the first call walks all states
@given(ladders, st.randoms(use_true_random=False))
def test_a_patient_to_be_replaced_never_counts(ladder, chance):
    variant, doses, lowest = ladder
    history = chance.choice(reachable(variant, doses, lowest))
    with_x = re.sub("[NTP]", lambda letter: letter[0] + "X" * chance.randrange(3), history)
    asked = {"doses": doses, "variant": variant, "lowest": lowest}
    assert decide(with_x, **asked) == decide(history, **asked)
    assert what_if(with_x, **asked).equals(what_if(history, **asked))


def height(history, found):
    """The highest dose that the advice gives, keeps or leaves as tolerated."""
    if found.stopped:
        return -99 if found.mtd is None else found.mtd
    return found.dose if found.dose is not None else int(re.findall(r"-?\d+", history)[-1])


@pytest.mark.parametrize(("variant", "doses", "lowest"), LADDERS)
def test_a_dlt_never_makes_the_advice_more_aggressive(variant, doses, lowest):
    asked = {"doses": doses, "variant": variant, "lowest": lowest}
    tried = 0
    for history in reachable(variant, doses, lowest):
        found = decide(history, **asked)
        for place in (match.start() for match in re.finditer("N", history)):
            worse = history[:place] + "T" + history[place + 1 :]
            try:
                after = decide(worse, **asked)
            except RuleViolation:
                continue  # with that DLT somebody would not have been infused
            tried += 1
            assert height(worse, after) <= height(history, found), (history, worse)
            assert not (found.action == "wait" and after.dose is not None and after.dose >= height(history, found))
    assert tried > 20


@pytest.mark.parametrize(("variant", "doses", "lowest"), LADDERS)
def test_a_locked_decision_holds_under_every_completion(variant, doses, lowest):
    asked = {"doses": doses, "variant": variant, "lowest": lowest}
    for history in (one for one in reachable(variant, doses, lowest) if "P" in one):
        frame = what_if(history, **asked)
        rows = {row.dlts: (row.action, row.dose, row.mtd) for row in frame.itertuples()}
        now = decide(history, **asked)
        words = history.split()
        completed = []
        for dlts in itertools.product(*(range(word.count("P") + 1) for word in words)):
            full = [word.replace("P", "T", t).replace("P", "N") for word, t in zip(words, dlts, strict=True)]
            after = decide(" ".join(full), **asked)
            completed.append((sum(dlts), (after.action, after.dose, after.mtd)))
        assert frame.attrs["locked"] == (len({one for _, one in completed}) == 1)
        assert {rows[dlts] for dlts, _ in completed} <= {one for _, one in completed}
        assert all((dlts, row) in completed for dlts, row in rows.items())
        if frame.attrs["locked"]:
            assert (now.action, now.dose, now.mtd) == rows[0]
        else:
            assert now.action in ("wait", "enrol")


def test_one_decision_takes_less_than_a_millisecond():
    started = time.perf_counter()
    for _ in range(200):
        decide("1NNN 2NNT 2NNN 3NPP")
    assert (time.perf_counter() - started) / 200 < 1e-3


# ---- operating characteristics ---------------------------------------------------------------------------------------
REFERENCE = json.loads((Path(__file__).parent / "reference" / "three_plus_three_exact.json").read_text())


@pytest.mark.parametrize("expected", REFERENCE, ids=lambda one: one["variant"])
def test_operating_characteristics_equal_the_reference(expected):
    found = operating_characteristics(expected["rates"], variant=expected["variant"])
    assert found.p_mtd == pytest.approx([expected["p_none"], *expected["p_mtd"]], abs=1e-12)
    assert found.expected_n == pytest.approx(expected["expected_n"], abs=1e-12)
    assert found.expected_dlts == pytest.approx(expected["expected_dlts"], abs=1e-12)
    assert sum(found.n_by_dose) == pytest.approx(found.expected_n, abs=1e-12)
    assert found.doses == (1, 2, 3)


def test_paths_of_three_doses():
    assert [operating_characteristics([0.5] * 3, variant=one).paths for one in VARIANTS] == [43, 118, 154]


@pytest.mark.parametrize("p", [0, 0.1, 0.33, 1])
def test_one_dose_by_hand(p):
    # kept: 0/3, or 1/3 and then 0/3; three more patients after 1/3 (no_deescalation)
    q = 1 - p
    found = operating_characteristics([p], variant=NO)
    assert found.p_mtd == pytest.approx([1 - q**3 - 3 * p * q**5, q**3 + 3 * p * q**5], abs=1e-14)
    assert found.expected_n == pytest.approx(3 + 3 * (3 * p * q**2), abs=1e-14)
    # six_at_mtd adds three after 0/3 too: kept with 0 or 1 DLT in six
    found = operating_characteristics([p], variant=SIX)
    kept = q**3 * (q**3 + 3 * p * q**2) + 3 * p * q**2 * q**3
    assert found.p_mtd == pytest.approx([1 - kept, kept], abs=1e-14)
    assert found.expected_dlts == pytest.approx(p * (3 + 3 * (q**3 + 3 * p * q**2)), abs=1e-14)


def own_next(counts, at, variant):
    """The rule once more, by itself: the next dose, or ("end", MTD). Doses from 0; counts are (patients, DLTs)."""
    n, t = counts[at]
    if n % 3:
        return at
    if t >= 2:
        if at == 0:
            return "end", None
        return ("end", at - 1) if variant == NO or counts[at - 1][0] == 6 else at - 1
    last = at == len(counts) - 1
    bounded = not last and counts[at + 1][1] >= 2
    if n == 3 and (t == 1 or bounded or (last and variant == SIX)):
        return at
    return ("end", at) if last or bounded else at + 1


def own_characteristics(rates, variant):
    """(P of each MTD, none first; patients by dose), patient by patient."""

    @cache
    def onward(counts, at):
        following = 0 if at is None else own_next(counts, at, variant)
        if isinstance(following, tuple):
            mtd = following[1]
            return [float(mtd is None), *(float(mtd == dose) for dose in range(len(rates)))], [0.0] * len(rates)
        totals = [0.0] * (len(rates) + 1), [0.0] * len(rates)
        totals[1][following] += 1
        for t, chance in ((0, 1 - rates[following]), (1, rates[following])):
            n, dlts = counts[following]
            after = onward((*counts[:following], (n + 1, dlts + t), *counts[following + 1 :]), following)
            for total, more in zip(totals, after, strict=True):
                for place, value in enumerate(more):
                    total[place] += chance * value
        return totals

    return onward(((0, 0),) * len(rates), None)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("rates", [(0.3,), (0.2, 0.1), (0.02, 0.1, 0.9), (0.1, 0.15, 0.2, 0.3, 0.4, 0.5)], ids=str)
def test_another_enumeration_agrees(rates, variant):
    p_mtd, n = own_characteristics(rates, variant)
    found = operating_characteristics(rates, variant=variant)
    assert found.p_mtd == pytest.approx(p_mtd, abs=1e-12)
    assert found.n_by_dose == pytest.approx(n, abs=1e-12)
    assert found.dlts_by_dose == pytest.approx([a * b for a, b in zip(n, rates, strict=True)], abs=1e-12)


@pytest.mark.parametrize("variant", VARIANTS)
def test_trials_played_by_the_decisions_come_to_the_same(variant):
    rates, trials, chance = (0.1, 0.25, 0.5), 3000, random.Random(20260301)
    counted = [0, 0, 0, 0]
    for _ in range(trials):
        history = ""
        while not (found := _decided(history, variant)).stopped:
            rate = rates[found.dose - 1]
            history += f" {found.dose}" + "".join("T" if chance.random() < rate else "N" for _ in range(3))
        counted[found.mtd or 0] += 1
    for observed, p in zip(counted, operating_characteristics(rates, variant=variant).p_mtd, strict=True):
        assert abs(observed / trials - p) < 4 * (p * (1 - p) / trials) ** 0.5


@cache
def _decided(history, variant):
    return decide(history, variant=variant)


@settings(max_examples=40, deadline=None)  # a busy machine is no failure
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.sampled_from(VARIANTS), st.sampled_from([1, -1]))
def test_probabilities_sum_to_one(rates, variant, lowest):
    rates = [0.2, *rates][:6] if lowest == -1 else rates
    found = operating_characteristics(rates, variant=variant, lowest=lowest)
    assert sum(found.p_mtd) == pytest.approx(1, abs=1e-12)
    assert all(0 <= p <= 1 + 1e-12 for p in found.p_mtd)
    assert found.expected_dlts <= found.expected_n + 1e-12 <= 6 * len(rates) + 1e-9


def test_a_level_below_saves_some_trials():
    # Only where dose 1 is exceeded is level -1 opened: then MTD -1 in no_deescalation with 0/3, or 1/3 and then 0/3.
    rates = (0.1, 0.4, 0.5)
    above = operating_characteristics(rates[1:], variant=NO)
    found = operating_characteristics(rates, variant=NO, lowest=-1)
    kept = 0.9**3 + 3 * 0.1 * 0.9**5
    none = above.p_mtd[0]
    assert found.doses == (-1, 1, 2)
    assert found.p_mtd == pytest.approx([none * (1 - kept), none * kept, *above.p_mtd[1:]], abs=1e-12)


def test_the_enumeration_is_quick():
    started = time.perf_counter()
    operating_characteristics([0.1, 0.2, 0.3])
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("rates", [[], [0.1] * 7, [0.1, 1.2], [-0.1], [float("nan")], ["a"], 0.3, [None]])
def test_bad_rates_are_named(rates):
    with pytest.raises(ValueError, match=r"rates|doses"):
        operating_characteristics(rates)
    with pytest.raises(ValueError, match="variant"):
        operating_characteristics([0.1], variant="other")
