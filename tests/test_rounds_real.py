"""Rounds of the real trials: one row a patient, in the order that the product asks for, worked out anew from the files.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip. The order: CRS or
ICANS of grade 3 or more, open DLT candidate, alert, not assessed, days since infusion. Both trials name no DLT, no
alert and no hospital period, and the pilot no CRS: of the pilot the days alone are left, and who is gone comes last.
"""

from pathlib import Path

import pandas as pd
import pytest
from real_files import csv, days_between, xpt

from clinical.rounds import Known, Round, ordered
from dashboard.rounds import rounds_of
from data.store import Cut

pytestmark = pytest.mark.real

CUTOFF = "2015-03-31"  # ts.xpt, DCUTDTC


def order(cut: Cut) -> list[tuple[str, Round]]:
    groups = ordered(rounds_of(cut), Known(), cut.protocol, cut.cutoff)
    return [(rank, one) for rank, own in groups for one in own]


# ---- the pilot -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def treated(real: Path) -> pd.Series:
    """usubjid -> whole days from the first dose to the cut-off."""
    first = xpt(real, "ex").groupby("USUBJID")["EXSTDTC"].min()
    return first.map(lambda one: days_between(one, CUTOFF))


@pytest.fixture(scope="module")
def gone(real: Path) -> set[str]:
    """Who died, or whose disposition is neither completion nor failed screening."""
    people, ends = xpt(real, "dm"), xpt(real, "ds")
    ends = ends[(ends["DSCAT"] == "DISPOSITION EVENT") & ~ends["DSDECOD"].isin(["COMPLETED", "SCREEN FAILURE"])]
    return {*people.loc[people["DTHFL"] == "Y", "USUBJID"], *ends["USUBJID"]}


def test_every_patient_of_the_pilot_has_one_row_in_the_order_of_the_files(real, pilot_cut, treated, gone):
    everyone = sorted(xpt(real, "dm")["USUBJID"])
    under_way = sorted(set(treated.index) - gone, key=lambda one: (treated[one], one))
    over = sorted(set(treated.index) & gone, key=lambda one: (treated[one], one))
    failed = [one for one in everyone if one not in treated.index]
    wanted = [("infused", one) for one in under_way] + [("ended", one) for one in [*over, *failed]]
    assert (len(under_way), len(over), len(failed)) == (110, 144, 52)  # study report: 110 completed of 254, 52 failed
    assert [(rank, one.usubjid) for rank, one in order(pilot_cut)] == wanted


def test_each_row_of_the_pilot_says_the_day_and_the_state_of_the_files(real, pilot_cut, treated, gone):
    people = xpt(real, "dm").set_index("USUBJID")
    died = people.loc[people["DTHFL"] == "Y", "DTHDTC"]
    for one in rounds_of(pilot_cut):
        assert one.day == treated.get(one.usubjid), one.usubjid
        assert one.died == (one.usubjid in died.index)
        assert one.left == (one.usubjid in gone and one.usubjid not in died.index)
        if one.died:
            assert one.state.values == {"date": died[one.usubjid]}  # noqa: PD011
        else:
            stage = "treated" if one.usubjid in treated.index else "screen_failed"
            assert one.state.code == ("left" if one.left else stage)


def test_the_last_platelets_of_the_pilot_are_those_of_the_files(real, pilot_cut):
    """The last by date that has a number; some have no platelets after screening."""
    rows = xpt(real, "lbhe")
    rows = rows[(rows["LBTESTCD"] == "PLAT") & rows["LBSTRESN"].notna() & (rows["LBDTC"].str[:10] <= CUTOFF)]
    last = rows.sort_values("LBDTC", kind="stable").groupby("USUBJID").tail(1).set_index("USUBJID")
    told = {one.usubjid: one.result("PLAT") for one in rounds_of(pilot_cut) if hasattr(one.result("PLAT"), "value")}
    assert {who: one.value for who, one in told.items()} == pytest.approx(last["LBSTRESN"].to_dict())
    said = {who: f"{one.at:%Y-%m-%dT%H:%M}" if one.timed else f"{one.at:%Y-%m-%d}" for who, one in told.items()}
    assert said == last["LBDTC"].to_dict()  # two of them are dates alone


# ---- CD22 ------------------------------------------------------------------------------------------------------------
def test_every_patient_of_cd22_has_one_row_the_severe_first(real, cd22):
    """No end of any CRS is published: 3333 (grade 4) and 5085 (grade 3) are looked at first, then the rest."""
    people = csv(real, "subjects")
    severe = people[pd.to_numeric(people["crs_max_grade"]) >= 3]["patient_id"]
    assert sorted(severe) == ["3333", "5085"]
    rest = sorted(set(people["patient_id"]) - set(severe))
    found = [(rank, one.subjid) for rank, one in order(cd22)]
    assert found == [("severe", "3333"), ("severe", "5085"), *(("infused", one) for one in rest)]
    assert {one.day for one in rounds_of(cd22)} == {30}


@pytest.mark.parametrize(("code", "test"), [("CRP", "CRP"), ("FERRITIN", "Ferritin")])
def test_the_last_markers_of_cd22_are_those_of_the_files(real, cd22, code, test):
    rows = csv(real, "inflammatory_markers")
    rows = rows[rows["test"] == test].assign(day=lambda one: pd.to_numeric(one["actual_day"]))
    rows = rows.assign(number=pd.to_numeric(rows["value"], errors="coerce")).dropna(subset=["number", "day"])
    last = rows.sort_values("day", kind="stable").groupby("patient_id").tail(1)
    found = {one.subjid: one.result(code) for one in rounds_of(cd22)}
    told = {who: one for who, one in found.items() if hasattr(one, "value")}
    assert {who: one.value for who, one in told.items()} == pytest.approx(
        last.set_index("patient_id")["number"].to_dict()
    )
    assert {one.source for one in told.values()} == {f"inflammatory_markers.csv {row}" for row in last.index}


def test_what_nobody_measured_is_no_result(cd22):
    for one in rounds_of(cd22):
        for code in ("TEMP", "OXYSAT", "ICETOT", "NEUT", "PLAT"):
            assert one.result(code).code == "none"
        assert one.assessed("crs") is None and one.assessed("icans") is None
