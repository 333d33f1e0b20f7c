"""Dates as SDTM writes them: what each text can mean, worked by hand from SDTMIG 3.4, sections 4.4.1 and 4.4.2."""

import calendar
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import dates

SHANGHAI = ZoneInfo("Asia/Shanghai")  # UTC+8 all year since 1991


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2026", "2026-01-01T00:00:00", "2026-12-31T23:59:59"),
        ("2026-03", "2026-03-01T00:00:00", "2026-03-31T23:59:59"),
        ("2026-02", "2026-02-01T00:00:00", "2026-02-28T23:59:59"),
        ("2024-02", "2024-02-01T00:00:00", "2024-02-29T23:59:59"),  # leap year
        ("2024-02-29", "2024-02-29T00:00:00", "2024-02-29T23:59:59"),
        ("2026-03-05", "2026-03-05T00:00:00", "2026-03-05T23:59:59"),
        ("2026-03-05T10", "2026-03-05T10:00:00", "2026-03-05T10:59:59"),
        ("2026-03-05T10:30", "2026-03-05T10:30:00", "2026-03-05T10:30:00"),
        ("2026-03-05T10:30:15", "2026-03-05T10:30:15", "2026-03-05T10:30:15"),
        ("2026-03-05T10:30:15.250", "2026-03-05T10:30:15", "2026-03-05T10:30:15"),
        # a hyphen stands for a missing part; what is finer than it says no more than the coarser part
        ("2026---05", "2026-01-01T00:00:00", "2026-12-31T23:59:59"),
        ("2026-03--T10:30", "2026-03-01T00:00:00", "2026-03-31T23:59:59"),
        ("2026-03-05T-:30", "2026-03-05T00:00:00", "2026-03-05T23:59:59"),
        ("2026-03-05T10:-:15", "2026-03-05T10:00:15", "2026-03-05T10:59:15"),
        # offsets, onto the clock of Shanghai: 10:30 in UTC+1 is 09:30 UTC is 17:30
        ("2026-03-05T10:30Z", "2026-03-05T18:30:00", "2026-03-05T18:30:00"),
        ("2026-03-05T10:30+01:00", "2026-03-05T17:30:00", "2026-03-05T17:30:00"),
        ("2026-03-05T20:30-0500", "2026-03-06T09:30:00", "2026-03-06T09:30:00"),
        ("2026-03-05T18:30+08:00", "2026-03-05T18:30:00", "2026-03-05T18:30:00"),
    ],
)
def test_the_interval_of_a_text(text, earliest, latest):
    found = dates.interval(text, SHANGHAI)
    assert found == (datetime.fromisoformat(earliest), datetime.fromisoformat(latest))


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30", "2025-02-29", "2026-13", "2026-00", "2026-04-00", "0000-01",
        "2026-03-05T24:00", "2026-03-05T10:60", "2026-03-05T10:30+25:00", "9999-12-31T23:59:59-08:00",
        "05MAR2026", "2026/03/05", "2026-3-5", "20260305", "2026-03-05 10:30", "UNK", "2026-03-05T10:30Z ", "２０２６",
    ],
)  # fmt: skip
def test_what_is_no_date_is_named(text):
    with pytest.raises(ValueError, match="date") as raised:
        dates.interval(text, SHANGHAI)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize("text", ["--12-15", "-----T07:15"])
def test_a_date_without_its_year_is_refused_with_what_to_do(text):
    with pytest.raises(ValueError, match="has no year: give the year at least, or leave the date blank"):
        dates.interval(text, SHANGHAI)


def test_a_column_keeps_blanks_blank_and_says_what_is_wrong():
    texts = pd.Series(["2026-03", None, "2026-02-30", "2026-03"], index=[4, 5, 6, 9], dtype=object)
    spans, wrong = dates.intervals(texts, SHANGHAI)
    assert list(spans.index) == [4, 5, 6, 9]
    assert spans["earliest"].isna().tolist() == spans["latest"].isna().tolist() == [False, True, True, False]
    assert spans.loc[9, "latest"] == pd.Timestamp("2026-03-31T23:59:59")
    assert list(wrong) == ["2026-02-30"] and "2026-02-30" in wrong["2026-02-30"]


def test_a_column_of_blanks_is_a_column_of_dates():
    spans, wrong = dates.intervals(pd.Series([None, None], dtype=object), SHANGHAI)
    assert wrong == {} and spans.isna().all(axis=None)
    assert all(pd.api.types.is_datetime64_any_dtype(spans[name]) for name in ("earliest", "latest"))


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)).map(lambda one: one.replace(microsecond=0))


@given(moment=MOMENTS, parts=st.integers(1, 6), missing=st.sets(st.integers(1, 5)))
def test_every_completion_of_a_partial_date_lies_within(moment, parts, missing):
    """The moment itself completes each text made of it by cutting it short or by writing hyphens for parts of it."""
    if parts == 5:
        moment = moment.replace(second=0)  # to the minute is as fine as sites write: seconds are not invented
    earliest, latest = dates.interval(_written(moment, parts, missing), SHANGHAI)
    assert earliest <= moment <= latest


def _written(moment: datetime, parts: int, missing: set[int]) -> str:
    said = f"{moment:%Y %m %d %H %M %S}".split()[:parts]
    said = ["-" if number in missing and number < parts - 1 else one for number, one in enumerate(said)]
    return "".join(mark + one for mark, one in zip(("", "-", "-", "T", ":", ":"), said, strict=False))


@given(year=st.integers(1900, 2199), month=st.integers(1, 12))
def test_a_month_has_its_days(year, month):
    earliest, latest = dates.interval(f"{year:04d}-{month:02d}", SHANGHAI)
    assert latest - earliest == timedelta(days=calendar.monthrange(year, month)[1], seconds=-1)
