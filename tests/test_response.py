"""Expected responses are the tables of RECIST 1.1 (Eur J Cancer 2009;45:228-247), written out row by row."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.response import NON_TARGET, RANKING, TARGET, best_change, best_overall, overall, target

NAN = math.nan
PRESENT = {"all_gone": False, "nodes_normal": False, "not_all_assessed": False}
GONE = {"all_gone": True, "nodes_normal": True, "not_all_assessed": False}
PARTLY = {"all_gone": False, "nodes_normal": False, "not_all_assessed": True}
SIZES = st.integers(50, 1500).map(lambda tenths: tenths / 10)


# ---- target lesions --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("baseline", "nadir", "current", "expected"),
    [
        (100, 100, 70, "PR"),  # 30 % less
        (100, 100, 70.1, "SD"),
        (90, 90, 63, "PR"),  # 0.7 * 90 is 62.99999999999999 to a computer
        (170, 170, 119, "PR"),
        (100, 100, 120, "PD"),  # 20 % and 20 mm more; 1.2 - 1 is 0.19999999999999996
        (100, 100, 119.9, "SD"),
        (100, 25, 30, "PD"),  # 20 % and 5 mm above the nadir, though 70 % below the baseline
        (100, 24.9, 29.9, "PD"),  # 5 mm: 29.9 - 24.9 is 5.0 on paper
        (100, 20, 24.9, "PR"),  # 24.5 % but 4.9 mm: no PD, and still 75 % below the baseline
        (100, 40, 47.9, "PR"),  # 7.9 mm but 19.75 %
        (20, 20, 24.9, "SD"),  # 24.5 % but 4.9 mm
        (20, 20, 25, "PD"),
        (100, 60, 72, "PD"),  # 20 % above the nadir goes before anything the baseline says
        (100, 60, 71.9, "SD"),  # 28.1 % below the baseline
        (100, 100, 100, "SD"),
        (50, 0, 5, "PD"),  # 5 mm after all had gone
    ],
)
def test_sums(baseline, nadir, current, expected):
    assert target(baseline, nadir, current, **PRESENT) == expected
    assert target(np.float64(baseline), np.float64(nadir), np.float64(current), **PRESENT) == expected


def test_a_sum_of_tenths_is_what_it_is_on_paper():
    # 0.1 + 0.2 and the like: the sums are 60.3 and 42.21 = 0.7 * 60.3 on paper.
    baseline, current = sum([20.1] * 3), sum([14.07] * 3)
    assert target(baseline, baseline, current, **PRESENT) == "PR"
    nadir, grown = sum([8.3] * 3), sum([9.96] * 3)  # 24.9 and 29.88: 20 %, 4.98 mm
    assert target(100, nadir, grown, **PRESENT) == "PR"
    assert target(100, nadir, grown + 0.02, **PRESENT) == "PD"


@pytest.mark.parametrize(
    ("nadir", "current", "all_gone", "nodes_normal", "expected"),
    [
        (40, 0, True, True, "CR"),
        (40, 16, True, True, "CR"),  # two nodes of 8 mm
        (8, 16, True, True, "CR"),  # nodes that grow and stay normal are no disease
        (40, 16, True, False, "PR"),  # one node of 10 mm or more
        (40, 16, False, True, "PR"),
        (10, 22, True, False, "PD"),
    ],
)
def test_all_gone(nadir, current, all_gone, nodes_normal, expected):
    flags = {"all_gone": all_gone, "nodes_normal": nodes_normal, "not_all_assessed": False}
    assert target(50, nadir, current, **flags) == expected


@pytest.mark.parametrize(
    ("current", "expected"),
    [(30, "NE"), (0, "NE"), (59.9, "NE"), (60, "PD"), (None, "NE"), (NAN, "NE")],
)
def test_not_all_assessed_is_NE_unless_the_rest_is_PD(current, expected):
    assert target(100, 50, current, **PARTLY) == expected
    if current is not None and current < 60:
        assert target(100, 50, current, all_gone=True, nodes_normal=True, not_all_assessed=True) == "NE"


@given(SIZES, SIZES, SIZES, SIZES)
def test_a_larger_sum_is_never_a_better_response(baseline, nadir, one, other):
    nadir = min(nadir, baseline)
    small, large = sorted([one, other])
    better, worse = (target(baseline, nadir, size, **PRESENT) for size in (small, large))
    assert RANKING.index(better) <= RANKING.index(worse)


@given(SIZES, SIZES, SIZES)
def test_a_smaller_nadir_never_takes_PD_away(baseline, nadir, current):
    nadir = min(nadir, baseline)
    if target(baseline, baseline, current, **PRESENT) == "PD":
        assert target(baseline, nadir, current, **PRESENT) == "PD"


@given(SIZES, SIZES, SIZES)
def test_what_was_not_assessed_gives_no_response(baseline, nadir, current):
    nadir = min(nadir, baseline)
    whole, part = target(baseline, nadir, current, **PRESENT), target(baseline, nadir, current, **PARTLY)
    assert part == ("PD" if whole == "PD" else "NE")


@pytest.mark.parametrize(
    ("sums", "flags", "named"),
    [
        ((0, 0, 10), PRESENT, "baseline_sum"),
        ((None, 0, 10), PRESENT, "baseline_sum"),
        (("50", 50, 10), PRESENT, "baseline_sum"),
        ((-1, -1, 10), PRESENT, "baseline_sum"),
        ((50, NAN, 10), PRESENT, "nadir_sum"),
        ((50, 51, 10), PRESENT, "nadir_sum"),
        ((50, 50, -1), PRESENT, "current_sum"),
        ((50, 50, math.inf), PRESENT, "current_sum"),
        ((50, 50, None), PRESENT, "current_sum"),
        ((50, 50, NAN), GONE, "current_sum"),
        ((50, 50, 50), GONE, "current_sum"),
        ((50, 50, 0), PRESENT, "current_sum"),
        ((50, 50, 40), PRESENT | {"all_gone": None}, "all_gone"),
        ((50, 50, 40), PRESENT | {"nodes_normal": "N"}, "nodes_normal"),
        ((50, 50, 40), PRESENT | {"not_all_assessed": 0}, "not_all_assessed"),
    ],
)
def test_target_refuses_by_name(sums, flags, named):
    with pytest.raises(ValueError, match=rf"^{named} "):
        target(*sums, **flags)


# ---- overall response ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("target", "non_target", "expected"),
    [
        ("CR", "CR", "CR"),
        ("CR", None, "CR"),
        ("CR", "NON-CR/NON-PD", "PR"),
        ("CR", "NE", "PR"),
        ("PR", "CR", "PR"),
        ("PR", "NON-CR/NON-PD", "PR"),
        ("PR", "NE", "PR"),
        ("PR", None, "PR"),
        ("SD", "CR", "SD"),
        ("SD", "NON-CR/NON-PD", "SD"),
        ("SD", "NE", "SD"),
        ("SD", None, "SD"),
        ("NE", "CR", "NE"),
        ("NE", "NON-CR/NON-PD", "NE"),
        ("NE", "NE", "NE"),
        ("NE", None, "NE"),
        (None, "CR", "CR"),
        (None, "NON-CR/NON-PD", "NON-CR/NON-PD"),
        (None, "NE", "NE"),
    ],
)
def test_tables_1_and_2_without_progression(target, non_target, expected):
    assert overall(target, non_target, False) == expected
    assert overall(target, non_target, np.bool_(True)) == "PD"


@pytest.mark.parametrize("other", [*NON_TARGET, None])
@pytest.mark.parametrize("new", [True, False])
def test_target_PD_is_PD(other, new):
    assert overall("PD", other, new) == "PD"


@pytest.mark.parametrize("first", [*TARGET, None])
@pytest.mark.parametrize("new", [True, False])
def test_non_target_PD_is_PD(first, new):
    assert overall(first, "PD", new) == "PD"


def test_codes_in_lower_case_are_codes():
    assert overall("cr", "non-CR/non-PD", False) == "PR"


def test_a_worse_part_never_gives_a_better_whole():
    for first, second, other in product(TARGET[:4], TARGET[:4], [*NON_TARGET, None]):
        if TARGET.index(first) <= TARGET.index(second):
            better, worse = overall(first, other, False), overall(second, other, False)
            assert RANKING.index(better) <= RANKING.index(worse)


def test_overall_refuses():
    for broken in [("SD?", "CR", False), ("NON-CR/NON-PD", "CR", False), ("CR", "SD", False), (NAN, "CR", False)]:
        with pytest.raises(KeyError):
            overall(*broken)
    for broken in (None, "Y", 1):
        with pytest.raises(ValueError, match=r"^new_lesion "):
            overall("CR", "CR", broken)
    with pytest.raises(ValueError, match=r"^target and non_target "):
        overall(None, None, False)
    assert overall(None, None, True) == "PD"


# ---- best overall response -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("first", "then", "met", "not_met"),
    [  # table 3; the minimum for SD is met, or not, by the first visit
        ("CR", "CR", "CR", "CR"),
        ("CR", "PR", "SD", "PD"),  # note a, the CR taken at its word
        ("CR", "SD", "SD", "PD"),
        ("CR", "PD", "SD", "PD"),
        ("CR", "NE", "SD", "NE"),
        ("PR", "CR", "PR", "PR"),
        ("PR", "PR", "PR", "PR"),
        ("PR", "SD", "SD", "SD"),
        ("PR", "PD", "SD", "PD"),
        ("PR", "NE", "SD", "NE"),
        ("NE", "NE", "NE", "NE"),
    ],
)
def test_table_3(first, then, met, not_met):
    assert best_overall([(42, first), (70, then)]) == met
    assert best_overall([(41, first), (69, then)]) == not_met


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", "NE"),
        ("56 PR", "SD"),  # awaiting confirmation
        ("56 CR", "SD"),
        ("41 PR", "NE"),
        ("42 SD", "SD"),
        ("41 SD", "NE"),
        ("20 SD, 41 PD", "PD"),
        ("20 PR, 41 SD", "NE"),  # both before the minimum
        ("28 PD", "PD"),
        ("28 PR, 55 PR", "SD"),  # 27 days
        ("28 PR, 56 PR", "PR"),
        ("28 PR, 42 PR, 56 PR", "PR"),  # the first and the third
        ("28 PR, 42 NE, 56 PR", "PR"),
        ("28 PR, 42 NE, 49 NE, 56 PR", "SD"),  # one NE is allowed
        ("28 CR, 42 NE, 56 CR", "CR"),
        ("28 CR, 42 NE, 49 NE, 56 CR", "SD"),
        ("28 PR, 42 SD, 56 PR", "SD"),  # no SD is allowed
        ("28 PR, 56 PR, 84 SD, 112 PD", "PR"),  # confirmed is confirmed
        ("28 PR, 56 CR, 84 CR", "CR"),
        ("28 PR, 56 CR, 70 CR", "PR"),  # the CR 14 days only
        ("28 PR, 42 CR, 70 PR", "SD"),  # disease after the CR: PD on Day 70
        ("56 CR, 84 PR, 112 PR", "SD"),  # the same; the PR of Day 112 came after PD
        ("56 CR, 84 CR, 112 PR", "CR"),
        ("56 CR, 70 NE, 84 SD, 112 CR", "SD"),
        ("28 SD, 56 PD, 84 PR, 112 PR", "PD"),  # nothing after the first PD counts
        ("56 SD, 84 PD", "SD"),
        ("28 NE, 56 SD, 84 PR, 112 CR", "PR"),
        ("28 NON-CR/NON-PD, 56 NON-CR/NON-PD", "NON-CR/NON-PD"),
        ("28 NON-CR/NON-PD", "NE"),
        ("28 NON-CR/NON-PD, 41 PD", "PD"),
        ("28 CR, 56 NON-CR/NON-PD", "PD"),
        ("56 CR, 84 NON-CR/NON-PD", "SD"),
        ("28 NON-CR/NON-PD, 56 CR, 84 CR", "CR"),
    ],
)
def test_courses(written, expected):
    visits = [(float(day), code) for day, code in (one.split() for one in written.split(", ") if one)]
    assert best_overall(visits) == expected
    assert best_overall(visits[::-1] * 2) == expected


def test_settings():
    assert best_overall([(28, "PR"), (54, "PR")], confirm_days=26) == "PR"
    assert best_overall([(28, "SD")], sd_min_days=25) == "SD"
    assert best_overall([(28, "PR"), (42, "NE"), (56, "PR")], ne_between=0) == "SD"
    two = [(28, "CR"), (42, "NE"), (49, "NE"), (56, "CR")]
    assert best_overall(two, ne_between=2) == "CR"
    between = [(28, "PR"), (42, "SD"), (56, "PR")]
    assert best_overall(between, sd_between=True) == "PR"
    assert best_overall([*between[:2], (49, "SD"), between[2]], sd_between=True) == "SD"
    assert best_overall([(28, "PR"), (42, "SD"), (49, "NE"), (56, "CR")], sd_between=True) == "PR"


def test_the_examples_of_admiralonco():
    # tests/testthat/test-derive_param_confirmed_bor.R, tests 1 and 2, as days since TRTSDT; SD minimum 28 d. Left out:
    # subject 6, and subject 3 of test 1, whose early CR is followed by disease: SD there, PD by note a of table 3.
    courses = {
        1: [(0, "PR"), (31, "CR"), (46, "NE"), (60, "CR"), (91, "SD")],
        2: [(20, "SD"), (51, "PR"), (80, "SD"), (92, "CR")],
        3: [(1, "CR"), (21, "CR"), (51, "SD")],
        4: [(2, "PR"), (62, "SD"), (93, "SD"), (123, "PR")],
        5: [(2, "PR"), (11, "SD"), (21, "PR"), (137, "NON-CR/NON-PD")],
        7: [(4, "PR"), (14, "CR"), (59, "NE")],
        9: [(15, "PD"), (34, "SD")],
    }
    found = {one: best_overall(visits, sd_min_days=28) for one, visits in courses.items() if one != 3}
    assert found == {1: "CR", 2: "SD", 4: "SD", 5: "NON-CR/NON-PD", 7: "NE", 9: "PD"}
    loose = {"confirm_days": 14, "sd_min_days": 28, "ne_between": 0, "sd_between": True}
    found = {one: best_overall(courses[one], **loose) for one in (1, 2, 3, 4, 5, 9)}
    assert found == {1: "PR", 2: "PR", 3: "CR", 4: "SD", 5: "PR", 9: "PD"}


COURSES = st.lists(
    st.tuples(st.integers(0, 30).map(lambda week: 7 * week), st.sampled_from(RANKING)), max_size=8,
    unique_by=lambda visit: visit[0],
)  # fmt: skip


@given(COURSES, st.randoms())
def test_the_order_of_the_visits_does_not_matter(visits, random):
    assert best_overall(random.sample(visits, len(visits))) == best_overall(visits)


@given(COURSES)
def test_a_best_response_has_been_seen(visits):
    best, seen = best_overall(visits), {code for _, code in visits}
    assert best in seen | {"SD", "PD", "NE"}
    assert best != "PD" or seen & {"PD", "CR"}
    assert best != "SD" or seen & {"SD", "PR", "CR"}


@given(COURSES, st.data())
def test_stricter_settings_never_give_a_better_response(visits, data):
    days, minimum, between = (data.draw(st.integers(0, high)) for high in (60, 60, 3))
    loose = best_overall(visits, confirm_days=days, sd_min_days=minimum, ne_between=between, sd_between=True)
    strict = best_overall(visits, confirm_days=days + 7, sd_min_days=minimum + 7, ne_between=max(0, between - 1))
    assert RANKING.index(loose) <= RANKING.index(strict)


@given(COURSES, st.integers(0, 7))
def test_a_PD_never_gives_a_better_response_except_than_nothing(visits, at):
    if at < len(visits):
        worse = [*visits[:at], (visits[at][0], "PD"), *visits[at + 1 :]]
        before, after = best_overall(visits), best_overall(worse)
        assert RANKING.index(after) >= RANKING.index(before) or before == "NE"


def test_best_overall_refuses():
    for unknown in ("iCR", "ND", "", None, NAN):
        with pytest.raises(KeyError):
            best_overall([(28, "PD"), (56, unknown)])
    for visits in ([(28, "PR"), (28, "SD")], [(-1, "PR")], [(None, "PR")], [(NAN, "PR")], [("28", "PR")]):
        with pytest.raises(ValueError, match=r"^visits: "):
            best_overall(visits)
    broken = {"confirm_days": -1, "sd_min_days": NAN, "ne_between": -1, "sd_between": None}
    for name, value in [*broken.items(), ("ne_between", 1.5), ("confirm_days", "28"), ("sd_min_days", math.inf)]:
        with pytest.raises(ValueError, match=rf"^{name} "):
            best_overall([], **{name: value})


# ---- waterfall -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("sums", "percent", "day"),
    [
        ([(-10, 90), (28, 63), (56, 72)], -30, 28),
        ([(-10, 50), (28, 45), (56, 20), (84, 26), (112, 10)], -60, 56),  # 30 % and 6 mm above 20: PD, 10 is too late
        (
            [(-10, 50), (28, 40), (56, 44), (84, 48), (112, 30)],
            -20,
            28,
        ),  # 48 is 20 % above 40, the smallest, not above 44
        ([(-10, 50), (28, 65)], 30, 28),  # progressed at the first scan
        ([(-10, 50), (28, 65), (56, 20)], 30, 28),
        ([(-10, 50), (28, 55), (56, 52)], 4, 56),
        ([(-10, 50), (28, 0), (56, 0)], -100, 28),
        ([(-10, 50), (28, None), (56, 40), (84, NAN)], -20, 56),
        ([(56, 40), (0, 50), (28, 45)], -20, 56),
    ],
)
def test_best_change(sums, percent, day):
    found = best_change(sums)
    assert (found.percent, found.day, found.reason) == (percent, day, "")


def test_best_change_until_a_day():
    sums = [(-10, 50), (28, 40), (56, 30), (84, 20)]
    assert best_change(sums, until=56).percent == -40
    assert best_change(sums, until=55).percent == -20
    assert best_change(sums, until=27).code == "no_scan_after_baseline"


@pytest.mark.parametrize(
    ("sums", "code"),
    [
        ([], "no_measurable_disease"),
        ([(-10, 0), (28, 0)], "no_measurable_disease"),
        ([(-10, None), (28, 40)], "no_baseline"),
        ([(28, 40), (56, 30)], "no_baseline"),
        ([(-10, 50)], "no_scan_after_baseline"),
        ([(-10, 50), (28, NAN)], "no_scan_after_baseline"),
    ],
)
def test_no_best_change_and_why(sums, code):
    found = best_change(sums)
    assert np.isnan([found.percent, found.day]).all()
    assert found.code == code
    assert found.reason


@given(SIZES, st.lists(SIZES, min_size=1, max_size=6), st.randoms())
def test_best_change_is_the_least_up_to_target_PD(baseline, sizes, random):
    sums = [(-1, baseline), *((28 * (visit + 1), size) for visit, size in enumerate(sizes))]
    counted, nadir = [], baseline
    for size in sizes:
        counted.append(size)
        if target(baseline, nadir, size, **PRESENT) == "PD":
            break
        nadir = min(nadir, size)
    found = best_change(random.sample(sums, len(sums)))
    assert found.percent == pytest.approx(100 * min(counted) / baseline - 100)


def test_best_change_refuses():
    for broken in ([(28, 40), (28, 40)], [(-20, 50), (-10, 50)], [(NAN, 50)], [(None, 50)], [(0, -1)], [(0, "50")]):
        with pytest.raises(ValueError, match=r"^sums"):
            best_change(broken)
    with pytest.raises(ValueError, match=r"^until "):
        best_change([(0, 50), (28, 40)], until=None)
