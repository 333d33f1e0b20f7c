"""The adverse events screen on the CDISC pilot, against counts made from the raw XPT files by pandas alone."""

import os
from datetime import date
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from dashboard.counting import CRITERIA, OVERVIEW, criteria_of, overview, rows_behind, table
from dashboard.session import Asked
from dashboard.term_table import groups
from dashboard.view import View
from data.events import START

pytestmark = pytest.mark.real

ARMS = {"placebo": "Placebo", "low": "Xanomeline Low Dose", "high": "Xanomeline High Dose"}


def folder() -> Path:
    assert os.environ.get("REAL"), "set REAL to the folder of the real trial files (make test-real REAL=DIR)"
    found = Path(os.environ["REAL"]) / "cdisc_pilot_xpt"
    assert found.is_dir(), f"{found} is missing"
    return found


def raw(name: str) -> pd.DataFrame:
    return pyreadstat.read_xport(str(folder() / f"{name}.xpt"))[0].replace("", None)


@pytest.fixture(scope="module")
def asked(pilot_cut) -> Asked:
    return Asked(View(page="adverse_events"), pilot_cut)


@pytest.fixture(scope="module")
def treated() -> pd.DataFrame:
    """Who had a dose, with the first day of it and the actual arm: from DM and EX as they came."""
    people, doses = raw("dm"), raw("ex")
    first = doses.groupby("USUBJID")["EXSTDTC"].min().str[:10].rename("first")
    return people.merge(first, left_on="USUBJID", right_index=True)[["USUBJID", "ACTARM", "first"]]


@pytest.fixture(scope="module")
def emergent(treated) -> pd.DataFrame:
    """Events that began on or after the first dose; a partial onset counts when its last possible day does."""
    events = raw("ae").merge(treated, on="USUBJID")
    last = {4: "-12-31", 7: "-31", 10: ""}  # as text "2014-02-31" sorts where a late February does
    latest = events["AESTDTC"].map(lambda text: text[:10] + last[len(text[:10])])
    return events[latest >= events["first"]]


def test_254_were_treated_in_three_arms_and_52_screen_failures_are_in_no_denominator(asked, treated):
    people = raw("dm")
    assert (len(people), len(treated), (people["ACTARM"] == "Screen Failure").sum()) == (306, 254, 52)
    counts = table(asked, (), ("any",)).set_index("cohort")
    for cohort, arm in ARMS.items():
        assert counts.loc[cohort, "n"] == (treated["ACTARM"] == arm).sum()
    assert counts.loc["total", "n"] == 254
    for population in ("infused", "consented"):
        other = Asked(View(page="adverse_events", population=population), asked.cut)
        assert table(other, (), ("any",))["n"].max() == 254


@pytest.mark.parametrize(
    ("criterion", "meets"),
    [
        ("any", lambda events: events),
        ("serious", lambda events: events[events["AESER"] == "Y"]),
        # a blank relation counts as related; remote does not, by the protocol file
        ("related", lambda events: events[events["AEREL"].isin(["PROBABLE", "POSSIBLE"]) | events["AEREL"].isna()]),
    ],
)
def test_subject_counts_overall_and_by_soc_and_term_agree_with_the_raw_files(asked, emergent, criterion, meets):
    wanted = meets(emergent)
    for by, columns in (((), []), (("soc",), ["AEBODSYS"]), (("soc", "term"), ["AEBODSYS", "AEDECOD"])):
        got = table(asked, by, (criterion,))
        for cohort, arm in {**ARMS, "total": None}.items():
            there = wanted if arm is None else wanted[wanted["ACTARM"] == arm]
            here = got[got["cohort"] == cohort]
            if not columns:
                assert here["k"].item() == there["USUBJID"].nunique()
                continue
            expected = there.groupby(columns)["USUBJID"].nunique().to_dict()
            key = list(by) if len(by) > 1 else by[0]
            counted = {one: k for one, k in here.set_index(key)["k"].items() if k}
            assert counted == expected


def test_every_count_opens_exactly_its_subjects_and_rows(asked, emergent):
    """All 230 terms, all arms: the rows behind each count are the raw rows, by sequence number."""
    raw_rows = {
        key: set(zip(rows["USUBJID"], rows["AESEQ"], strict=True))
        for key, rows in emergent.groupby(["ACTARM", "AEBODSYS", "AEDECOD"])
    }
    counts = table(asked, ("soc", "term"), ("any",))
    for row in counts[(counts["cohort"] != "total") & (counts["k"] > 0)].itertuples():
        behind = rows_behind(asked, row.cohort, "any", row.soc, row.term, in_doubt=False)
        assert (
            set(zip(behind["usubjid"], behind["aeseq"], strict=True)) == raw_rows[ARMS[row.cohort], row.soc, row.term]
        )
        assert behind["usubjid"].nunique() == row.k == len(row.subjects)


def test_severity_is_never_turned_into_a_grade(asked):
    """The pilot records AESEV only: every grade column says how many are not recorded, and none says zero."""
    counts = table(asked, (), ("any", "grade3")).set_index(["criterion", "cohort"])
    for cohort in (*ARMS, "total"):
        assert counts.loc[("grade3", cohort), "k"] == 0
        assert counts.loc[("grade3", cohort), "unknown"] == counts.loc[("any", cohort), "k"]
    first = groups(asked)[0].counts["total", "grade3"]
    assert first.text == "" and first.doubt.startswith("not recorded ")


def test_a_trial_that_judges_no_dose_limitation_has_no_count_of_it(asked):
    """A 0 of 254 would say that somebody judged."""
    assert "dlt" in OVERVIEW and "dlt" not in criteria_of(asked.cut.protocol)
    assert "dlt" not in set(overview(asked.cut, START)["criterion"])


def test_every_offered_choice_of_the_screen_can_be_counted(asked):
    trial = asked.cut.protocol
    for population in trial.populations:
        for window in trial.adverse_events.windows:
            for only in CRITERIA:
                view = View(page="adverse_events", population=population.id, window=window.id, only=only)
                assert isinstance(groups(Asked(view, asked.cut)), list)


def test_the_data_cut_off_is_the_one_the_trial_states(asked):
    assert asked.cut.cutoff.date() == date(2015, 3, 31)  # TS.DCUTDTC
