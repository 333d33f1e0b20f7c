"""Samples as arrays for a figure: where each is drawn and as what, worked out by hand; and numbers made short."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures.samples import Samples, short

NAN = math.nan


def rows(*some: tuple) -> Samples:
    """usubjid, time, conc, limit, signal, excluded."""
    names = ["usubjid", "time", "conc", "limit", "signal", "excluded"]
    frame = pd.DataFrame(some, columns=names).astype({"excluded": "Int64", "conc": float, "limit": float})
    return Samples.of(frame.assign(lloq=50.0, visit="V", unit="copies/ug", dtc="2026-01-01", source_file="lb.csv",
                                   source_row=2))  # fmt: skip


def test_where_a_sample_stands_and_what_it_is_drawn_as():
    placed = rows(
        ("A", 1, NAN, 50, "not_detected", pd.NA),  # at its limit
        ("A", 7, 800.0, 50, "quantified", pd.NA),
        ("A", 9, 90.0, 50, "quantified", 4),  # a person took it out
        ("B", 7, NAN, NAN, "below", pd.NA),  # no limit is known: under the lowest number, 90 / 2
        ("B", 9, NAN, NAN, "no_result", pd.NA),  # not drawn
    ).placed()
    points = [(one.usubjid, one.time, one.height, one.sign) for one in placed.points()]
    assert points == [
        ("A", 1, 50, "not_detected"),
        ("A", 7, 800, "quantified"),
        ("A", 9, 90, "excluded"),
        ("B", 7, 45, "below"),
    ]
    assert placed.counting.tolist() == [True, True, False, True]


def test_samples_of_each_patient_are_theirs_alone():
    both = rows(("A", 1, 5.0, 1, "quantified", pd.NA), ("B", 2, 6.0, 1, "quantified", pd.NA))
    assert [one["time"].tolist() for one in both.of_each(["B", "A", "C"])] == [[2], [1], []]
    assert len(next(iter(both.of_each(["C"]))).placed()) == 0


@given(st.lists(st.floats(-1e9, 1e9).filter(lambda one: one == 0 or abs(one) > 1e-9)))
def test_four_digits_and_never_further_off_than_half_of_the_last(values):
    for value, found in zip(values, short(np.array(values, dtype=float)), strict=True):
        last = 10.0 ** (math.floor(math.log10(abs(value))) - 3) if value else 1.0
        assert abs(found - value) <= 0.500001 * last
        assert len(f"{abs(found):.14e}".partition("e")[0].replace(".", "").rstrip("0")) <= 4


@pytest.mark.parametrize(("value", "said"), [(0.1234567, 0.1235), (123456.0, 123500.0), (0.0, 0.0), (NAN, None)])
def test_short_numbers(value, said):
    assert short(np.array([value])) == [said]
