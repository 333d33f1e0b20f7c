"""IEC-HS screening: each criterion at its limit, and what stays open. Ferritin: ULN 300, at infusion 400."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.grading import iec_hs

MET = {"ferritin": 5000, "ferritin_uln": 300, "ferritin_baseline": 400}
NO_FEATURE = {
    "alt": 30, "alt_uln": 40, "alt_baseline": 20, "ast": 30, "ast_uln": 40, "ast_baseline": 20,
    "fibrinogen": 3.0, "fibrinogen_lln": 2.0, "hemophagocytosis": False, "cytopenia": False, "explained": False,
}  # fmt: skip
MARROW = {"hemophagocytosis": True}


def screen(**given):
    return iec_hs.screen(**MET | NO_FEATURE | given)


@pytest.mark.parametrize(
    ("ferritin", "expected"),
    [
        # High: above 2 x 300 = 600, or above 2 x 400 = 800; rising: 800 or more.
        ({"ferritin": 800}, True), ({"ferritin": 799}, None),
        ({"ferritin": 799, "ferritin_48h_before": 500}, False), ({"ferritin": 801, "ferritin_uln": None}, True),
        ({"ferritin": 800, "ferritin_uln": None}, None),  # not above 2 x baseline; of the ULN nothing is known
        ({"ferritin": 3000, "ferritin_baseline": 2900, "ferritin_uln": 300}, None),  # high since before, and 48 h ago?
        ({"ferritin": 3000, "ferritin_baseline": 2900, "ferritin_48h_before": 1500}, True),  # doubled
        ({"ferritin": 2999, "ferritin_baseline": 2900, "ferritin_48h_before": 1500}, False),
        ({"ferritin": 601, "ferritin_baseline": None, "ferritin_48h_before": 300}, True),
        ({"ferritin": 600, "ferritin_baseline": 400, "ferritin_48h_before": 300}, False),  # 2 x ULN, not above
        ({"ferritin": 601, "ferritin_baseline": None}, None),
        ({"ferritin": None}, None), ({"ferritin": math.nan}, None),
    ],
)  # fmt: skip
def test_ferritin_is_required_high_and_rising(ferritin, expected):
    found = screen(**MARROW | ferritin)
    assert (found.ferritin, found.flag) == (expected, expected)


@pytest.mark.parametrize(
    ("feature", "name"),
    [
        ({"alt": 201}, "transaminases"), ({"ast": 201}, "transaminases"),
        ({"alt": 301, "alt_baseline": 60}, "transaminases"),  # abnormal baseline: 5 x 60
        ({"fibrinogen": 1.49, "fibrinogen_lln": 1.0}, "fibrinogen"), ({"fibrinogen": 1.99}, "fibrinogen"),
        ({"hemophagocytosis": True}, "hemophagocytosis"), ({"cytopenia": True}, "cytopenia"),
    ],
)  # fmt: skip
def test_each_common_feature_is_enough(feature, name):
    found = screen(**feature)
    assert (found.flag, found.features, found.codes) == (True, (name,), ("review",))


@pytest.mark.parametrize(
    "feature",
    [{}, {"alt": 200}, {"ast": 200}, {"alt": 300, "alt_baseline": 60}, {"alt": 201, "alt_baseline": 60},
     {"fibrinogen": 2.0}, {"fibrinogen": 1.5, "fibrinogen_lln": 1.0}],
)  # fmt: skip
def test_a_value_on_its_limit_is_no_feature(feature):
    assert (screen(**feature).flag, screen(**feature).codes) == (False, ("no_feature",))


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"cytopenia": None}, ("cytopenia",)),
        ({"alt": 300, "alt_baseline": None}, ("alt_baseline",)),
        ({"fibrinogen": 1.8, "fibrinogen_lln": None}, ("fibrinogen_lln",)),
        ({"cytopenia": True, "ferritin_baseline": None}, ("ferritin_48h_before", "ferritin_baseline")),
        ({"fibrinogen": None, "hemophagocytosis": None}, ("fibrinogen", "hemophagocytosis")),
    ],
)
def test_what_is_not_known_is_named_and_never_a_no(given, missing):
    found = screen(**given)
    assert (found.flag, found.missing) == (None, missing)


def test_a_normal_value_needs_no_baseline_and_one_feature_is_enough():
    assert screen(alt=190, alt_baseline=None).flag is False
    assert screen(**MARROW, cytopenia=None, alt=None).flag is True


def test_another_explanation_takes_the_flag_and_no_opinion_does_not():
    assert screen(**MARROW, explained=True).codes == ("explained",)
    found = screen(**MARROW, explained=None)
    assert (found.flag, found.codes) == (True, ("review", "not_assessed"))


def test_nothing_known_says_nothing():
    found = iec_hs.screen()
    assert (found.flag, found.features) == (None, ())
    assert found.reason == "cannot be told"


def test_a_negative_value_is_refused_by_name():
    with pytest.raises(ValueError, match="fibrinogen"):
        screen(fibrinogen=-1)


values = st.floats(0, 10_000)


@given(values, values, st.booleans())
def test_more_ferritin_never_takes_the_flag_away(one, other, cytopenia):
    less, more = sorted((one, other))
    before, after = (screen(ferritin=value, cytopenia=cytopenia, ferritin_48h_before=300) for value in (less, more))
    assert before.flag <= after.flag


@given(st.sets(st.sampled_from([*MET, *NO_FEATURE])), st.booleans())
def test_an_unknown_input_never_turns_the_answer_round(unknown, cytopenia):
    whole = screen(cytopenia=cytopenia)
    part = screen(**{"cytopenia": cytopenia} | dict.fromkeys(unknown))
    assert part.flag in (whole.flag, None) and (part.flag is not None or part.missing)
