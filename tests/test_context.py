"""The designs beside the rule: published boundaries, and when they agree with the 3+3."""

import pytest
from test_advice import treated
from trial_frames import PROTOCOL, protocol_with

from clinical.context import ENGLISH, characteristics, context
from clinical.trial_history import ladder, placed
from data.protocol_base import ProtocolError


def shown(text, target=0.30):
    protocol = PROTOCOL if target == 0.30 else protocol_with("target = 0.30", f"target = {target}")
    return {one.level: one for one in context(placed(treated(text), protocol), protocol)}


def test_levels_without_a_result_have_no_context():
    assert list(shown("1NNN 2PPX")) == [1]
    assert shown("") == {}


@pytest.mark.parametrize(
    ("text", "target", "rule", "boin", "agrees"),
    [
        # lambda_e and lambda_d of Liu & Yuan 2015, table 1: 0.197 and 0.298 for 0.25, 0.236 and 0.359 for 0.30
        ("1NNN", 0.30, "up", "up", True),
        ("1NNT", 0.30, "expand", "stay", True),  # 0.333 lies below 0.359
        ("1NNT", 0.25, "expand", "down", False),  # and above 0.298
        ("1NNTNNN", 0.30, "up", "up", True),  # 0.167
        ("1NNTTNN", 0.30, "down", "stay", False),  # 0.333
        ("1NTT", 0.30, "down", "down", True),  # 0.667
        ("1TTT", 0.30, "down", "eliminate", True),  # P(rate > 0.3) = 1 - 0.3^4 = 0.992
        ("1NN", 0.30, "enrol", "up", None),
        ("1NNTN", 0.30, "enrol", "stay", None),  # 0.25
        ("1NNN 2NNN 3NNTNNN", 0.30, "up", "up", True),
    ],
)
def test_the_rule_and_boin(text, target, rule, boin, agrees):
    one = shown(text, target)[1]
    assert (one.rule, one.boin, one.agrees) == (rule, boin, agrees)
    assert one.say(ENGLISH)


def test_the_reason_of_a_difference():
    assert shown("1NNT", 0.25)[1].say(ENGLISH) == (
        "at 1/3 the 3+3 expands while BOIN(0.25) de-escalates: 0.33 >= lambda_d 0.298"
    )
    assert shown("1NNTTNN")[1].say(ENGLISH) == (
        "at 2/6 the 3+3 takes the level as exceeded while BOIN(0.3) stays: 0.33 lies between lambda_e 0.236 and "
        "lambda_d 0.359"
    )


def test_the_numbers_of_a_level():
    one = shown("1NNN")[1]
    assert one.interval == pytest.approx((0, 1 - 0.025 ** (1 / 3)))  # Clopper-Pearson of 0/3: 0.708
    assert one.p_above == pytest.approx(0.7**4)  # Beta(1, 4) beyond 0.3
    assert one.keyboard == "E"
    assert 0 < one.crm_mean < 0.3 and 0 < one.crm_plug_in < 0.1  # below the guess of 0.10 after 0/3
    assert shown("1NNNPX")[1] == one  # pending and replaced patients say nothing


def test_a_highest_level_has_nowhere_to_go():
    top = shown("1NNN 2NNN 3NNTNNN")[3]
    assert (top.rule, top.boin, top.agrees) == ("done", "up", True)


def test_the_operating_characteristics_at_certain_rates():
    """No DLT anywhere: 3 + 3 + 6 patients under six_at_mtd; a DLT in everybody: three at level 1, no dose."""
    rungs = ladder(PROTOCOL)
    safe, toxic = characteristics([0, 0, 0], rungs), characteristics([1, 1, 1], rungs)
    assert (safe.expected_n, safe.p_mtd) == (12, (0, 0, 0, 1))
    assert (toxic.expected_n, toxic.p_mtd) == (3, (1, 0, 0, 0))
    assert characteristics((0, 0, 0), rungs) is safe
    assert all(
        sum(characteristics(one.rates, rungs).p_mtd) == pytest.approx(1) for one in PROTOCOL.dlt.models.scenarios
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("skeleton = [0.10, 0.20, 0.30]", "skeleton = [0.10, 0.20]", "dlt.models.skeleton has 2 rates, the trial 3"),
        ("skeleton = [0.10, 0.20, 0.30]", "skeleton = [0.10, 0.10, 0.30]", "skeleton must rise"),
        ("rates = [0.05, 0.10, 0.15]", "rates = [0.05]", r"dlt.models.scenarios\[safe\] has 1 rates"),
    ],
)
def test_models_that_do_not_fit_the_levels(old, new, message):
    with pytest.raises(ProtocolError, match=message):
        protocol_with(old, new)
