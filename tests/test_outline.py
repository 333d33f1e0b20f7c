"""The curve over an area, and the planned day of a sample."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk.nca import parameters
from pk.outline import STEPS, outline
from pk.planned import planned_days


def profile(*conc: float, every: float = 1.0) -> pd.DataFrame:
    time = every * np.arange(len(conc))
    return pd.DataFrame({"subject": "x", "time": time, "conc": conc, "lloq": 1.0, "blq": np.array(conc) == 0})


def at(found: pd.DataFrame, time: float) -> float:
    return found.loc[np.isclose(found["time"], time), "conc"].item()


def test_a_line_up_and_an_exponential_down():
    """0, 8, 2 on Days 0, 1, 2: half way up 4; half way down the geometric mean of 8 and 2, which is 4 too."""
    found = outline(profile(0, 8, 2), 28)
    assert at(found, 0.5) == at(found, 1.5) == pytest.approx(4)
    assert len(found) == 2 * STEPS + 1 and found["time"].iloc[[0, -1]].tolist() == [0, 2]


def test_it_ends_where_the_area_does():
    """Day 1.5 lies inside the fall; BLQ after Tlast (Day 2) is no part of the curve."""
    inside, whole = outline(profile(0, 8, 2, 0, 0), 1.5), outline(profile(0, 8, 2, 0, 0), 28)
    assert inside["time"].iloc[-1] == 1.5 and inside["conc"].iloc[-1] == pytest.approx(4)
    assert whole["time"].iloc[-1] == 2


@pytest.mark.parametrize("samples", [profile(0, 0, 0), profile(0, 8, 2).iloc[1:], profile()])
def test_where_there_is_no_area_nothing_is_drawn(samples):
    """All BLQ; time 0 not sampled; no sample."""
    assert outline(samples, 28).empty


def test_only_one_subject():
    with pytest.raises(ValueError, match="one subject"):
        outline(pd.concat([profile(0, 1), profile(0, 1).assign(subject="y")]), 28)


@given(st.lists(st.floats(1, 1000), min_size=2, max_size=6), st.integers(1, 12))
def test_the_area_under_it_is_auc(conc, end):
    """Trapezia under the many points, of at most 1000-fold over 12 steps a segment, come within 3 %."""
    samples = profile(0, *conc)
    drawn = outline(samples, end)
    [area] = parameters(samples, intervals=[(0, end)]).query("parameter == 'AUCINT'")["value"]
    assert np.trapezoid(drawn["conc"], drawn["time"]) == pytest.approx(area, rel=0.03)


# ---- planned days ----------------------------------------------------------------------------------------------------
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
