"""Hy's law, eDISH and the baseline variant; quadrants and parts as the FDA's guidance of July 2009 words them."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clinical.grading.liver import FDA, QUADRANTS, baseline_multiples, edish, hys_law


@pytest.mark.parametrize(
    ("alt", "bilirubin", "quadrant"),
    [
        (3.1, 2.1, "hys_law_range"),
        (3.1, 2.0, "temples_corollary"),
        (3.0, 2.1, "hyperbilirubinemia"),
        (3.0, 2.0, "normal"),
        (30, 0.5, "temples_corollary"),
    ],
)
def test_the_four_quadrants(alt, bilirubin, quadrant):
    assert hys_law(alt, bilirubin, 1.0).quadrant == quadrant


def test_a_multiple_worked_out_in_floating_point_is_not_above_its_limit():
    assert hys_law(0.3 / 0.1, 1.0, 1.0).quadrant == "normal"  # 2.9999999999999996
    assert hys_law(3 * 0.1 / 0.1, 1.0, 1.0).quadrant == "normal"  # 3.0000000000000004


def test_the_higher_of_alt_and_ast_counts():
    assert hys_law(2, 3, 1, ast=4).candidate is True
    assert hys_law(2, 3, 1, ast=2.5).candidate is False
    assert hys_law(2, 3, 1, ast=4).x == 4


@pytest.mark.parametrize(
    ("alp", "days", "candidate", "missing"),
    [
        (1.9, 30, True, ()),
        (2.0, 30, False, ()),  # cholestasis
        (1.0, 31, False, ()),
        (1.0, -30, True, ()),  # the bilirubin came first
        (None, 0, None, ("no_alp",)),
        (math.nan, 0, None, ("no_alp",)),
        (None, 31, False, ()),  # out of the window, whatever the ALP was
        (1.0, None, None, ("no_days",)),
    ],
)
def test_a_candidate_has_no_cholestasis_and_a_bilirubin_in_the_window(alp, days, candidate, missing):
    found = hys_law(5, 3, alp, days=days)
    assert (found.candidate, found.missing) == (candidate, missing)


def test_what_is_not_measured_is_not_normal():
    assert hys_law(None, 3, 1).candidate is None and hys_law(None, 3, 1).quadrant is None
    assert hys_law(5, None, 1).missing == ("no_bilirubin",)
    assert hys_law(1, None, None).candidate is False  # nothing can make it one
    # Without ALT an AST can show a high aminotransferase, and never a normal one.
    assert hys_law(None, 3, 1, ast=5).candidate is True
    assert hys_law(None, 3, 1, ast=2).candidate is None


def test_a_protocol_may_include_3_x_uln():
    assert hys_law(3.0, 2.1, 1.0, criteria=replace(FDA, high_x="X>=3")).candidate is True


@pytest.mark.parametrize(
    ("alt", "alp", "r", "pattern"),
    [
        (10, 2, 5, "hepatocellular"),
        (9, 2, 4.5, "mixed"),
        (4, 2, 2, "cholestatic"),
        (4.1, 2, 2.05, "mixed"),
        (4, 0, math.nan, None),
        (4, None, math.nan, None),
    ],
)
def test_r_tells_the_pattern(alt, alp, r, pattern):
    found = hys_law(alt, 1, alp)
    assert found.pattern == pattern and found.r == pytest.approx(r, nan_ok=True)


def test_nr_is_of_the_higher_aminotransferase():
    found = hys_law(4, 1, 2, ast=12)
    assert (found.r, found.nr, found.pattern) == (2, 6, "cholestatic")


@pytest.mark.parametrize(
    ("alt", "baseline", "met"),
    [
        (3.9, 2.0, False),  # above 3 x ULN, not twice the baseline
        (4.0, 2.0, True),
        (3.0, 1.5, True),
        (2.9, 1.5, False),
        (3.0, 1.4, False),  # a baseline that counts as normal: above 3
        (3.1, 1.4, True),
        (4.0, None, None),
        (2.9, None, False),  # less than either way asks for
        (None, 2.0, None),
    ],
)
def test_a_raised_baseline_asks_for_its_double(alt, baseline, met):
    assert baseline_multiples(alt, 2.1, baseline=baseline)[0] is met


def test_an_absolute_limit_counts_only_where_the_protocol_sets_it():
    higher = replace(FDA, high_x_of_raised="X>=2*BL and X>=3 or UL>300")
    assert baseline_multiples(8, 2.1, baseline=5, alt_units=320)[0] is False
    assert baseline_multiples(8, 2.1, baseline=5, alt_units=320, criteria=higher)[0] is True
    assert baseline_multiples(8, 2.1, baseline=5, criteria=higher) == (None, ("no_absolute",))
    assert baseline_multiples(8, 2.0, baseline=5, alt_units=320, criteria=higher)[0] is False


def samples(*rows):
    return pd.DataFrame(rows, columns=["subject", "day", "code", "multiple", "baseline"])


def test_edish_takes_peaks_and_the_bilirubin_round_the_aminotransferase_peak():
    found = edish(
        samples(
            ("A", 5, "ALT", 4.0, 1.0), ("A", 5, "ALP", 0.8, 1.0),  # onset: R = 5
            ("A", 10, "AST", 9.0, 3.0), ("A", 10, "ALP", 1.5, 1.0),  # the peak
            ("A", 39, "BILI", 2.5, 0.5), ("A", 60, "BILI", 6.0, 0.5),
            ("B", 10, "ALT", 9.0, None), ("B", 41, "BILI", 6.0, None), ("B", 12, "BILI", 1.0, None),
            ("C", 10, "ALT", 9.0, None), ("C", 12, "BILI", 3.0, None),
            ("D", 10, "ALT", 2.0, None), ("D", 12, "BILI", None, None),
        )
    ).set_index("subject")  # fmt: skip
    # A: AST peak on Day 10; 2.5 within 30 days; ALP of Day 10 below 2. The peak bilirubin, 6.0, is Day 60's.
    assert found.loc["A", ["day_x", "x", "day_y", "y", "quadrant"]].tolist() == [10, 9, 60, 6, "hys_law_range"]
    assert found.loc["A", "candidate"] is True and found.loc["A", "r"] == 5
    assert found.loc["A", ["x_baseline", "y_baseline"]].tolist() == [3, 6]  # 9 / 3; a baseline below its ULN is no unit
    assert found.loc["B", "candidate"] is False and found.loc["B", "quadrant"] == "hys_law_range"
    assert found.loc["C", "candidate"] is None and found.loc["C", "missing"] == ("no_alp",)
    assert found.loc["D", "candidate"] is False and pd.isna(found.loc["D", "quadrant"])
    assert math.isnan(found.loc["C", "x_baseline"])


def limited(*rows):
    return edish(pd.DataFrame(rows, columns=["subject", "day", "code", "multiple", "qualifier"])).set_index("subject")


OTHERS = (("A", 5, "BILI", 3.0, None), ("A", 5, "ALP", 1.0, None))


@pytest.mark.parametrize(
    ("alt", "quadrant", "candidate"),
    [
        ((4.0, ">"), "hys_law_range", True),  # higher still
        ((3.0, ">"), None, None),  # above 3 or, by a rounding, not
        ((2.5, ">="), None, None),
        ((2.5, "<"), "hyperbilirubinemia", False),
        ((4.0, "<"), None, None),
        ((4.0, None), "hys_law_range", True),
    ],
)
def test_a_result_that_is_a_limit_decides_what_both_sides_of_it_agree_on(alt, quadrant, candidate):
    one = limited(("A", 5, "ALT", *alt), *OTHERS).loc["A"]
    assert (one["x"], one["x_limit"], one["y_limit"]) == (alt[0], (alt[1] or "")[:1], "")
    assert (one["quadrant"], one["candidate"]) == (quadrant, candidate)
    assert one["missing"] == (("limit",) if candidate is None else ())


def test_any_lower_limit_leaves_the_peak_open_above_and_an_upper_one_only_where_it_is_the_peak():
    above = limited(("A", 5, "ALT", 2.9, None), ("A", 6, "ALT", 1.0, ">"), *OTHERS).loc["A"]
    assert (above["x"], above["x_limit"], above["candidate"]) == (2.9, ">", None)
    below = limited(("A", 5, "ALT", 2.9, None), ("A", 6, "ALT", 1.0, "<"), *OTHERS).loc["A"]
    assert (below["x_limit"], below["candidate"]) == ("", False)
    both = limited(("A", 5, "ALT", 2.0, ">"), ("A", 6, "ALT", 4.0, "<"), *OTHERS).loc["A"]
    assert (both["x_limit"], both["candidate"]) == ("<>", None)


@pytest.mark.parametrize(
    ("alp", "candidate"), [((1.5, "<"), True), ((1.5, ">"), None), ((2.5, ">"), False), ((2.5, "<"), None)]
)
def test_an_alkaline_phosphatase_that_is_a_limit(alp, candidate):
    said = limited(("A", 5, "ALT", 4.0, None), OTHERS[0], ("A", 5, "ALP", *alp)).loc["A", "candidate"]
    assert said == candidate or (said is None and candidate is None)


def test_of_a_limit_there_is_no_r():
    assert limited(("A", 5, "ALT", 4.0, None), *OTHERS).loc["A", "r"] == 4
    assert math.isnan(limited(("A", 5, "ALT", 4.0, ">"), *OTHERS).loc["A", "r"])


@given(bound=st.floats(0, 10), side=st.sampled_from("<>"), true=st.floats(0, 20), code=st.sampled_from(["ALT", "BILI"]))
def test_what_a_limit_decides_holds_for_every_value_beyond_it(bound, side, true, code):
    assume(true > bound if side == ">" else true < bound)
    own = [("A", 5, one, 5.0, None) for one in ("ALT", "BILI") if one != code] + [("A", 5, "ALP", 1.0, None)]
    said = limited(("A", 5, code, bound, side), *own).loc["A", "candidate"]
    assert said is None or said == limited(("A", 5, code, true, None), *own).loc["A", "candidate"]


def test_edish_of_nothing_and_of_a_broken_frame():
    assert edish(samples()).empty
    with pytest.raises(ValueError, match="multiple"):
        edish(pd.DataFrame({"subject": [], "day": [], "code": []}))


multiples = st.one_of(st.none(), st.floats(0, 50))
ORDER = {False: 0, None: 1, True: 2}


@given(alt=multiples, ast=multiples, bilirubin=multiples, alp=multiples, more=st.floats(0, 50))
def test_a_higher_aminotransferase_or_bilirubin_never_clears_a_candidate(alt, ast, bilirubin, alp, more):
    before = hys_law(alt, bilirubin, alp, ast=ast)
    for worse in (
        hys_law(None if alt is None else alt + more, bilirubin, alp, ast=ast),
        hys_law(alt, None if bilirubin is None else bilirubin + more, alp, ast=ast),
    ):
        assert ORDER[worse.candidate] >= ORDER[before.candidate]


@given(alt=st.floats(0, 50), bilirubin=st.floats(0, 50), alp=st.floats(0, 50))
def test_what_is_lost_leaves_open_what_it_decided(alt, bilirubin, alp):
    full = hys_law(alt, bilirubin, alp)
    assert full.quadrant in QUADRANTS.values()
    for less in (hys_law(None, bilirubin, alp), hys_law(alt, None, alp), hys_law(alt, bilirubin, None)):
        assert less.candidate in (None, full.candidate)
