"""The planned day of a sample."""

import math

import pandas as pd
import pytest

from pk.planned import planned_days


@pytest.mark.parametrize(
    ("visitnum", "visit", "planned", "by"),
    [
        (10, "DAY 7", 7, "schedule"),
        (10, "whatever", 7, "schedule"),
        (11, "DAY 10", 10, "name"),  # the schedule does not have it
        (math.nan, "Day -3", -3, "name"),
        (99.5, "UNSCHEDULED", None, ""),
        (math.nan, None, None, ""),
        (math.nan, "DAY 7 REPEAT", None, ""),
    ],
)
def test_the_planned_day(visitnum, visit, planned, by):
    found = planned_days(pd.DataFrame({"visitnum": [visitnum], "visit": [visit]}, index=[5]), {6: 0, 10: 7})
    assert found.index.tolist() == [5] and found["planned_by"].item() == by
    assert pd.isna(found["planned"].item()) if planned is None else found["planned"].item() == planned
