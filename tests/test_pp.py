"""The PP-shaped table: one subject worked by hand, and what stands where a parameter cannot be said."""

import csv
import io
import math

import pandas as pd
import pytest

from pk.exposure import exposures
from pk.nca import parameters
from pk.pp import COLUMNS, TESTS, cdisc_unit, pp

DAY0 = "2026-03-01T10:30"


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    """A: 0 at the infusion, 8, 4, 2, 1 on Days 1 to 4, then BLQ on Day 28. B: all BLQ to Day 28. C: no sample."""
    rows = [("A", day, conc, False) for day, conc in enumerate((0.0, 8.0, 4.0, 2.0, 1.0))]
    rows += [("A", 28, math.nan, True), ("B", 0, math.nan, True), ("B", 28, math.nan, True)]
    samples = pd.DataFrame(rows, columns=["subject", "time", "conc", "blq"])
    samples = samples.assign(lloq=0.5, rel_day=samples["time"], time=samples["time"].astype(float))
    samples.attrs["unit"] = "copies/ug"
    states = exposures(samples, {"A": 40, "B": 40, "C": 40}, areas=(28,))
    found = pp(
        parameters(samples, intervals=[(0, 28)]), states, study="S", category="CARCOPY", specimen="PERIPHERAL BLOOD",
        reference={"A": DAY0}, excluded={"A": 2},
    )  # fmt: skip
    return found.set_index(["USUBJID", "PPTESTCD"])


def test_the_values_of_one_subject(made):
    """Up 0 to 8 in a day: 4. Down by halves, logarithmic: (8 - 1) / ln 2. Half-life a day, from Days 2 to 4."""
    own = made.loc["A"]
    area = 4 + 7 / math.log(2)
    assert own["PPSTRESN"]["CMAX"] == 8 and own["PPORRES"]["CMAX"] == "8" and own["PPSTRESN"]["TMAX"] == 1
    assert own["PPSTRESN"]["AUCLST"] == own["PPSTRESN"]["AUCINT"] == pytest.approx(area)
    assert own["PPSTRESN"]["LAMZHL"] == pytest.approx(1) and own["PPSTRESC"]["LAMZNPT"] == "3"
    assert own["PPSTRESN"]["AUCIFO"] == pytest.approx(area + 1 / math.log(2))
    assert list(own["PPSEQ"]) == list(range(1, len(TESTS) + 1))
    assert set(own["PPSTAT"]) == {""} and set(own["PPRFTDTC"]) == {DAY0} and set(own["EXCLUDED_SAMPLES"]) == {2}
    assert dict(own.loc["AUCINT", ["PPSTINT", "PPENINT", "PPTEST", "STATE"]]) == {
        "PPSTINT": "P0D", "PPENINT": "P28D", "PPTEST": "AUC from T1 to T2", "STATE": "complete",
    }  # fmt: skip
    assert own.loc["CMAX", "PPSTINT"] == own.loc["CMAX", "PPENINT"] == ""


def test_units(made):
    own = made.loc["A", "PPSTRESU"]
    wanted = {"CMAX": "copies/ug", "TMAX": "day", "AUCLST": "day*copies/ug", "AUMCLST": "day2*copies/ug"}
    assert {code: own[code] for code in wanted} == wanted and own["LAMZ"] == "/day" and own["AUCPEO"] == "%"
    assert (cdisc_unit("cells*d/uL"), cdisc_unit("copies/ug"), cdisc_unit("")) == ("day*cells/uL", "copies/ug", "")


@pytest.mark.parametrize(("who", "why"), [("B", "all BLQ"), ("C", "no sample")])
def test_what_cannot_be_said_is_not_done_with_the_reason(made, who, why):
    own = made.loc[who]
    assert len(own) == len(TESTS) and set(own["PPSTAT"]) == {"NOT DONE"} and own["PPSTRESN"].isna().all()
    assert set(own["PPORRES"]) == set(own["PPORRESU"]) == {""} and set(own["EXCLUDED_SAMPLES"]) == {0}
    assert own.loc["CMAX", "PPREASND"] == own.loc["LAMZHL", "PPREASND"] == why
    assert (own["PPREASND"] != "").all()


def test_every_code_has_the_form_that_cdisc_wants():
    """--TESTCD: up to 8 characters, letters and digits; --TEST: up to 40."""
    assert all(len(code) <= 8 and code.isalnum() and code.isupper() for code in TESTS)
    assert all(len(name) <= 40 for name in TESTS.values()) and len(set(TESTS.values())) == len(TESTS)


def test_the_trial_exports_it(client, trial):
    answer = client.get("/export/pp.csv?cohort=DL2")
    stamp, _, head, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert trial.current()[:7] in stamp[0] and tuple(head) == COLUMNS
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert len(found) == 7 * (len(TESTS) + 1)  # seven patients of level 2; AUCINT to Day 28 and to Day 90
    assert {one["STUDYID"] for one in found} == {"XKDCT293"} and all("T" in one["PPRFTDTC"] for one in found)
    [late] = [
        one for one in found if (one["USUBJID"][-3:], one["PPTESTCD"], one["PPENINT"]) == ("207", "AUCINT", "P90D")
    ]
    assert (late["STATE"], late["WHY"]) == ("incomplete", "too early") and float(late["PPSTRESN"]) > 0
    never = [one for one in found if one["USUBJID"].endswith("203")]
    assert {one["PPSTAT"] for one in never} == {"NOT DONE"} and {one["PPSTRESN"] for one in never} == {""}
