"""What the others of a dose group showed on planned days: nearest samples, ranges of three, lines of fewer."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from clinical.ghost import LEAST, Band, Ghost, ghost, ghosts, on_planned_days
from data.protocol_measures import Visit


def visit(day: int, before: int = 1, after: int = 1, **more) -> Visit:
    told = {"visitnum": day, "visit": f"DAY {day}", "period": "p", "anchor": "infusion"} | more
    return Visit(day=day, window=(before, after), **told)


def samples(*rows: tuple, who: str = "A", code: str = "IL6") -> pd.DataFrame:
    """(rel_day, time, value) a sample."""
    frame = pd.DataFrame(rows, columns=["rel_day", "time", "value"])
    return frame.assign(usubjid=who, code=code)


WEEKS = (visit(0, 0, 0), visit(7), visit(14))


# ---- planned days ----------------------------------------------------------------------------------------------------
def test_the_sample_nearest_to_the_day_within_the_window_stands_for_it():
    """Of Day 6 to 8: 1.1 and 0.2 d away. Day 9 is in no window, and Day 5 in none either."""
    rows = samples((0, -0.1, 1.0), (5, 4.9, 2.0), (6, 5.9, 3.0), (7, 7.2, 4.0), (9, 8.6, 5.0))
    assert on_planned_days(rows, WEEKS) == {"IL6": {"A": ((0, 1.0), (7, 4.0))}}


def test_the_window_is_of_calendar_days():
    """Infused at 10:30: 8.6 d are Day 9 at 00:54 in one patient; in another, infused at 06:00, still Day 8."""
    assert on_planned_days(samples((9, 8.6, 1.0)), WEEKS) == {}
    assert on_planned_days(samples((8, 8.6, 1.0)), WEEKS) == {"IL6": {"A": ((7, 1.0),)}}


def test_of_two_equally_near_the_earlier_counts():
    assert on_planned_days(samples((6, 6.5, 1.0), (7, 7.5, 2.0)), WEEKS) == {"IL6": {"A": ((7, 1.0),)}}


def test_a_sample_in_two_windows_stands_for_the_nearer_day_alone():
    near = (visit(7, 3, 3), visit(10, 3, 3))
    assert on_planned_days(samples((8, 8.0, 1.0)), near) == {"IL6": {"A": ((7, 1.0),)}}


def test_a_visit_that_comes_back_plans_each_of_its_days():
    """730, 1095, 1460 ...: Day 1100 is five days after the second."""
    yearly = visit(730, 60, 60, every_days=365)
    assert on_planned_days(samples((1100, 1100.0, 1.0)), [yearly]) == {"IL6": {"A": ((1095, 1.0),)}}


def test_days_that_are_not_counted_from_the_infusion_plan_none():
    assert on_planned_days(samples((0, 0.0, 1.0)), [visit(0, anchor="consent")]) == {}
    assert on_planned_days(samples((0, 0.0, 1.0)), []) == on_planned_days(samples(), WEEKS) == {}


# ---- bands and lines -------------------------------------------------------------------------------------------------
FOUR = {
    "A": ((0, 10.0), (7, 100.0), (14, 30.0)),
    "B": ((0, 20.0), (7, 50.0), (14, 60.0)),
    "C": ((0, 5.0), (7, 200.0)),
    "D": ((0, 8.0), (7, 80.0), (14, 40.0), (28, 9.0)),
}


def test_the_band_ends_with_the_last_day_of_three_and_who_goes_on_is_a_line():
    found = ghost(FOUR)
    assert found.bands == (Band((0, 7, 14), (5.0, 50.0, 30.0), (20.0, 200.0, 60.0), (4, 4, 3)),)
    assert found.lines == (("D", ((14, 40.0), (28, 9.0))),)


def test_what_is_said_is_of_the_days_in_sight():
    found = ghost(FOUR)
    assert found.counts(-7, 28) == {3, 4} and found.counts(-0.1, 3) == {4}
    assert found.counts(1, 2) == {3, 4}  # between two days of the band: it is there, and rests on all its days
    assert found.counts(15, 28) == set()
    assert found.single(-7, 28) == {"D"} and found.single(-0.1, 3) == set()


def test_two_others_are_two_lines():
    two = {"A": FOUR["A"], "D": FOUR["D"]}
    assert ghost(two) == Ghost((), (("A", FOUR["A"]), ("D", FOUR["D"])))


def test_where_two_have_a_value_the_band_breaks_and_everybody_is_a_line_across():
    three = {
        "A": ((0, 1.0), (3, 2.0), (7, 3.0), (10, 4.0), (14, 5.0)),
        "B": ((0, 2.0), (3, 4.0), (7, 6.0), (10, 8.0), (14, 9.0)),
        "C": ((0, 3.0), (3, 3.0), (10, 3.0), (14, 3.0)),
    }
    found = ghost(three)
    assert [one.days for one in found.bands] == [(0, 3), (10, 14)]
    assert found.lines == (
        ("A", ((3, 2.0), (7, 3.0), (10, 4.0))),
        ("B", ((3, 4.0), (7, 6.0), (10, 8.0))),
        ("C", ((3, 3.0), (10, 3.0))),
    )


def test_one_day_of_three_is_three_points():
    found = ghost({who: ((7, value),) for who, value in (("A", 1.0), ("B", 2.0), ("C", 3.0))})
    assert found.bands == () and [curve for _, curve in found.lines] == [((7, 1.0),), ((7, 2.0),), ((7, 3.0),)]


def test_this_patient_is_in_no_band_and_alone_has_none():
    assert ghosts({"IL6": FOUR}, "A")["IL6"] == ghost({who: FOUR[who] for who in "BCD"})
    assert ghosts({"IL6": {"A": FOUR["A"]}}, "A") == {}


curves = st.dictionaries(
    st.sampled_from("ABCDEFG"),
    st.dictionaries(st.sampled_from([-6, 0, 1, 3, 7, 10, 14, 21, 28]), st.floats(0, 1e6), min_size=1).map(
        lambda one: tuple(sorted(one.items()))
    ),
    min_size=1,
)


@given(curves)
def test_a_band_holds_every_value_of_its_days_and_has_three_on_each(found):
    by_day: dict[int, list[float]] = {}
    for curve in found.values():
        for day, value in curve:
            by_day.setdefault(day, []).append(value)
    for band in ghost(found).bands:
        assert list(band.days) == [day for day in sorted(by_day) if band.holds(day)]
        for day, low, high, n in zip(band.days, band.low, band.high, band.n, strict=True):
            assert n == len(by_day[day]) >= LEAST and low == min(by_day[day]) and high == max(by_day[day])


@given(curves)
def test_every_value_is_in_a_band_or_on_its_own_line_and_a_line_is_never_within_one(found):
    made = ghost(found)
    for who, curve in found.items():
        own = [piece for one, piece in made.lines if one == who]
        drawn = {point for piece in own for point in piece}
        assert drawn <= set(curve)
        assert all(point in drawn or any(band.holds(point[0]) for band in made.bands) for point in curve)
        assert not any(band.holds(piece[0][0], piece[-1][0]) for piece in own for band in made.bands)


@given(curves, curves)
def test_what_this_patient_showed_changes_nothing(found, other):
    mine = other.get("A", ((0, 1.0),))
    assert ghosts({"IL6": found | {"A": mine}}, "A") == ghosts({"IL6": found}, "A")
