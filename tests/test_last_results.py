"""The last result of a test: which one it is, against what it is held, and what is said where there is none."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trial_frames import FIRST_DAY, PROTOCOL

from clinical.last_results import COLUMNS, LastResult, NoResult, last_results, trend


def frame(*rows: dict) -> pd.DataFrame:
    """when: days since FIRST_DAY, with a fraction a moment, without one a date."""
    told = []
    for number, one in enumerate(rows, start=1):
        when = one.pop("when")
        first = datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(days=when)
        last = first if isinstance(when, float) else first + timedelta(days=1, seconds=-1)
        row = dict.fromkeys(COLUMNS) | {"usubjid": "A1", "table": "lab", "code": "PLAT", "unit": "10^9/L", "rel_day": 3}
        told.append(row | {"first": first, "last": last, "source_file": "lb.xpt", "source_row": number} | one)
    numbers = dict.fromkeys(("value", "range_low", "range_high"), float)
    return pd.DataFrame(told, columns=list(COLUMNS)).astype(numbers | {"rel_day": "Int64"})


def last(*rows: dict, code: str = "PLAT") -> LastResult | NoResult | None:
    ordered = sorted(rows, key=lambda one: one["when"])
    return last_results(frame(*ordered), PROTOCOL.kinetics).get("A1", {}).get(code)


def test_the_last_is_held_against_the_latest_that_is_24_to_72_hours_older():
    """80 is 96 h older and 30 only 12 h; of 50 (72 h) and 40 (24 h) the later one counts."""
    found = last(
        *({"when": when, "value": value} for when, value in [(1.0, 80), (2.0, 50), (4.0, 40), (4.5, 30), (5.0, 20)])
    )
    assert (found.value, found.before, found.trend) == (20, 40, "down")
    assert found.line == ((-4, 80), (-3, 50), (-1, 40), (-0.5, 30), (0, 20))


def test_without_one_so_old_there_is_no_trend():
    found = last({"when": 1.0, "value": 50}, {"when": 4.2, "value": 20})  # 76.8 h
    assert (found.trend, found.before) == ("", None)


def test_days_count_where_the_time_of_day_is_not_known():
    """A date, and 06:00 of the day after it: the calendar says one day."""
    found = last({"when": 3, "value": 50}, {"when": 4.25, "value": 60})
    assert (found.trend, found.before) == ("up", 50)
    assert last({"when": 4, "value": 50}, {"when": 4.25, "value": 60}).trend == ""


def test_another_unit_and_another_fluid_are_another_series():
    found = last(
        {"when": 2.0, "value": 0.05, "unit": "10^12/L"},
        {"when": 3.0, "value": 60},
        {"when": 3.5, "value": 7, "specimen": "URINE"},
    )
    assert (found.value, found.trend, len(found.line)) == (60, "", 1)


def test_a_later_sample_without_a_number_is_told_and_hides_none():
    found = last({"when": 2.0, "value": 60}, {"when": 3.0, "not_done": "NOT DONE", "why": "CLOTTED SPECIMEN"})
    assert (found.value, found.later) == (60, "CLOTTED SPECIMEN")
    assert last({"when": 2.0, "value": 60}).later is None


def test_no_number_and_no_sample_are_two_things():
    assert last({"when": 3.0, "text": "haemolysed"}) == NoResult("no_number", "haemolysed")
    assert last({"when": 3.0, "value": 60}, code="NEUT") is None


def test_a_sample_whose_day_is_not_known_is_not_the_last():
    rows = frame({"when": 2.0, "value": 60}, {"when": 3, "value": 20})
    rows.loc[1, "last"] = pd.Timestamp("2026-03-31T23:59:59")  # of March
    assert last_results(rows, None)["A1"]["PLAT"].value == 60


def test_of_the_transgene_only_the_protocols_own_assay_counts():
    """By XKDCT293: copies/ug of peripheral blood by qPCR."""
    own = {
        "table": "kinetics",
        "code": "CARCOPY",
        "unit": "copies/ug",
        "specimen": "Peripheral blood",
        "method": "qPCR",
    }
    found = last(
        own | {"when": 3.0, "value": 900},
        own | {"when": 4.0, "value": 1, "specimen": "BONE MARROW"},
        own | {"when": 4.1, "value": 2, "method": "DDPCR"},
        own | {"when": 4.2, "value": 3, "unit": "copies/uL"},
        own | {"when": 4.3, "why": "CLOTTED SPECIMEN", "unit": None},
        code="CARCOPY",
    )
    assert (found.value, found.unit, found.later) == (900, "copies/ug", "CLOTTED SPECIMEN")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [("<50", "120", "up"), ("120", "<50", "down"), ("<50", "<50", ""), ("50", "50", "same"), ("<50", "50", "up"),
     ("<50", "20", ""), (">1000", "900", "down"), ("900", ">1000", "up"), (">1000", ">1000", "")],
)  # fmt: skip
def test_a_limit_says_no_more_than_it_knows(before, after, said):
    rows = [
        {"when": when, "value": float(text.lstrip("<>")), "qualifier": text[0] if text[0] in "<>" else None}
        for when, text in ((2.0, before), (3.0, after))
    ]
    assert last(*rows).trend == said


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_trend_turns_round_with_time(one, other):
    turned = {"up": "down", "down": "up", "same": "same"}
    assert trend((other, other), (one, one)) == turned[trend((one, one), (other, other))]


@given(st.permutations([(when, float(when)) for when in range(6)]))
def test_the_last_is_the_latest_whatever_was_entered_first(rows):
    found = last(*({"when": float(when), "value": value} for when, value in rows))
    assert (found.value, found.at.date()) == (5, date(2026, 3, 6))
