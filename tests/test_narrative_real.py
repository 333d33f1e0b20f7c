"""The draft narratives of real patients: every cited row exists in the files and says what is told, and what is told to
be absent is absent there.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from real_files import csv, days_between, xpt

from clinical.narrative_told import Told, speak
from clinical.sentence import Sentence
from dashboard import narrative_card
from dashboard.courses import course
from dashboard.session import Asked
from dashboard.view import View
from data.store import Cut

pytestmark = pytest.mark.real

ARMS = {
    "Placebo": "Placebo",
    "Xanomeline Low Dose": "Xanomeline low dose",
    "Xanomeline High Dose": "Xanomeline high dose",
}


def told(cut: Cut, usubjid: str) -> list[Told]:
    asked = Asked(View(page="patient", usubjid=usubjid), cut)
    made = narrative_card.drafted(asked, course(cut, usubjid))
    return [one for some in made.paragraphs for one in some]


def by_code(sentences: list[Told]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for one in sentences:
        found.setdefault(one.sentence.code, []).append(one)
    return found


def value(sentence: Sentence, name: str) -> object:
    return sentence.values[name]  # noqa: PD011 (no frame)


# ---- three of the pilot, word by word --------------------------------------------------------------------------------
def test_1211_is_told_to_have_died_of_what_nobody_called_serious(pilot_cut):
    """ae.xpt 105: SEVERE, AESER N, AESDTH Y, FATAL, Day 60; eight more events, none severe."""
    said = [speak(one.sentence) for one in told(pilot_cut, "01-701-1211")]
    assert said[0] == "Subject 1211 is a woman aged 76."
    assert (
        "SUDDEN DEATH: severity SEVERE (Day 60); scale none; ended Day 60; outcome FATAL; "
        "relation to the treatment NONE; not serious." in said
    )
    assert "Further events without a grade: 8." in said
    assert "The subject died on 2013-01-14 (Day 60)." in said


def test_1170_is_told_with_the_severe_event_that_was_not_serious(pilot_cut):
    """ae.xpt 913 (syncope) is serious, 908 (agitation, 2013-10-16, Day 30) severe alone; four more are neither."""
    found = told(pilot_cut, "01-718-1170")
    said = {speak(one.sentence): one.cites for one in found}
    words = "Further events called severe, without a grade: AGITATION severity SEVERE (Day 30)."
    assert [(one.source_file, one.source_row) for one in said[words]] == [("ae.xpt", 908)]
    assert "Further events without a grade: 4." in said
    assert "The subject left the study on 2013-11-03 (Day 48): ADVERSE EVENT." in said
    assert "The last contact was on 2014-03-15 (Day 180)." in said


def test_1004_is_told_without_a_death_or_a_leaving(pilot_cut):
    found = by_code(told(pilot_cut, "01-717-1004"))
    assert not {"died", "left", "severe", "event_plain"} & set(found)
    [rest] = found["rest_ungraded"]
    assert value(rest.sentence, "count") == 13
    assert {one.source_row for one in rest.cites} == set(range(842, 855))


# ---- every tenth of the pilot against its files ----------------------------------------------------------------------
@pytest.fixture(scope="module")
def files(real: Path) -> dict[str, pd.DataFrame]:
    return {name: xpt(real, name) for name in ("dm", "ex", "ae", "ds", "sv", "lbch", "lbhe", "lbur", "cm")}


@pytest.fixture(scope="module")
def told_of_the_pilot(pilot_cut, files) -> dict[str, list[Told]]:
    return {who: told(pilot_cut, who) for who in sorted(files["ex"]["USUBJID"].unique())[::10]}


def cited(one: Told, files: dict[str, pd.DataFrame]) -> Iterator[pd.Series]:
    for cite in one.cites:
        yield files[cite.source_file.removesuffix(".xpt")].loc[cite.source_row]


def test_every_cited_row_of_the_pilot_is_in_its_file_and_of_that_patient(told_of_the_pilot, files):
    rows = [(who, row) for who, some in told_of_the_pilot.items() for one in some for row in cited(one, files)]
    assert len(rows) > 200
    assert [row["USUBJID"] for who, row in rows if row["USUBJID"] != who] == []


def test_who_they_are_and_when_they_began_is_what_the_files_say(told_of_the_pilot, files):
    people, doses = files["dm"].set_index("USUBJID"), files["ex"]
    for who, some in told_of_the_pilot.items():
        found, person = by_code(some), people.loc[who]
        [one] = found["woman" if person["SEX"] == "F" else "man"]
        assert one.sentence.values == {"subjid": person["SUBJID"], "age": f"{person['AGE']:.0f}"}  # noqa: PD011
        [first] = found["first_dose"]
        own = doses[doses["USUBJID"] == who]
        assert value(first.sentence, "date") == own["EXSTDTC"].min()
        assert value(first.sentence, "level").en == ARMS[person["ACTARM"]]
        assert {(row["EXSTDTC"], row["EXTRT"]) for row in cited(first, files)} == {
            (value(first.sentence, "date"), value(first.sentence, "product"))
        }


def test_the_events_are_those_of_the_file_and_none_is_lost(told_of_the_pilot, files):
    """Serious or fatal ones are told apart, then the severe by name, then the others by their number: a row of AE each,
    for the pilot has no AEGRPID."""
    for who, some in told_of_the_pilot.items():
        found, own = by_code(some), files["ae"][files["ae"]["USUBJID"] == who]
        weighs = own[(own["AESER"] == "Y") | (own["AESDTH"] == "Y") | (own["AEOUT"] == "FATAL")]
        severe = own[(own["AESEV"] == "SEVERE") & ~own.index.isin(weighs.index)]
        rest = own[~own.index.isin([*weighs.index, *severe.index])]
        for code, rows in (("event_plain", weighs), ("severe", severe), ("rest_ungraded", rest)):
            told_rows = {cite.source_row for one in found.get(code, ()) for cite in one.cites}
            assert told_rows == set(rows.index), (who, code)
        assert ("no_events" in found) == own.empty
        for one in found.get("rest_ungraded", ()):
            assert value(one.sentence, "count") == len(rest)
        for one in found.get("event_plain", ()):
            _is_the_event(one.sentence, next(cited(one, files)), files["ex"], who)


def _is_the_event(told_: Sentence, row: pd.Series, doses: pd.DataFrame, who: str) -> None:
    day0 = doses.loc[doses["USUBJID"] == who, "EXSTDTC"].min()
    assert value(told_, "name") == row["AEDECOD"]
    said = speak(told_)
    assert f"severity {row['AESEV']} (Day {days_between(day0, row['AESTDTC'])})" in said
    assert f"outcome {row['AEOUT']}" in said and f"relation to the treatment {row['AEREL']}" in said
    assert f"ended Day {days_between(day0, row['AEENDTC'])}" in said
    assert said.endswith("; serious.") == (row["AESER"] == "Y")


def test_how_it_ended_is_what_the_files_say(told_of_the_pilot, files):
    """Died, or left for another reason than completion; the last contact is the last visit, or the death."""
    people, ends, visits = files["dm"].set_index("USUBJID"), files["ds"], files["sv"]
    ends = ends[(ends["DSCAT"] == "DISPOSITION EVENT") & (ends["DSDECOD"] != "COMPLETED")].set_index("USUBJID")
    for who, some in told_of_the_pilot.items():
        found, death = by_code(some), people.loc[who, "DTHDTC"]
        assert [speak(value(one.sentence, "date"))[:10] for one in found.get("died", ())] == ([death] if death else [])
        left = [(speak(value(one.sentence, "date"))[:10], value(one.sentence, "why")) for one in found.get("left", ())]
        wanted = [] if death or who not in ends.index else [(ends.loc[who, "DSSTDTC"], ends.loc[who, "DSDECOD"])]
        assert left == wanted, who
        [contact] = found["last_contact"]
        last = max(visits.loc[visits["USUBJID"] == who, "SVSTDTC"].max(), death)
        assert speak(value(contact.sentence, "date"))[:10] == last[:10]


# Grade 3 begins beyond (CTCAE 5.0): multiples of the upper limit, or SI units as the file has them.
OF_ULN = {"ALT": 5, "AST": 5, "ALP": 5, "GGT": 5, "CK": 5, "BILI": 3, "CREAT": 3}
ABOVE = {"SODIUM": 155, "K": 6.0}
BELOW = {"SODIUM": 125, "K": 3.0, "PLAT": 50, "WBC": 2.0, "LYM": 0.5, "ALB": 20}


def test_where_no_laboratory_value_is_told_the_files_have_none(told_of_the_pilot, files):
    """Sodium of 125 to 129 without symptoms is of grade 2, so only what lies below is sure to be of grade 3."""
    rows = pd.concat([files["lbch"], files["lbhe"]])
    rows = rows[rows["LBSTRESN"].notna()].assign(uln=lambda one: pd.to_numeric(one["LBSTNRHI"], errors="coerce"))
    code, number = rows["LBTESTCD"], rows["LBSTRESN"]
    severe = (number > rows["uln"] * code.map(OF_ULN)) | (number > code.map(ABOVE)) | (number < code.map(BELOW))
    silent = 0
    for who, some in told_of_the_pilot.items():
        day0 = files["ex"].loc[files["ex"]["USUBJID"] == who, "EXSTDTC"].min()
        own = rows[severe & (rows["USUBJID"] == who) & (rows["LBDTC"].str[:10] >= day0)]
        if "lab_low" in by_code(some):
            silent += 1
            assert own.empty, (who, own[["LBTESTCD", "LBSTRESN"]])
    assert silent > 20


# ---- CD22 ------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def tables(real: Path) -> dict[str, pd.DataFrame]:
    names = ("subjects", "car_expansion", "cytokines", "inflammatory_markers", "tbnk")
    return {f"{name}.csv": csv(real, name) for name in names}


@pytest.fixture(scope="module")
def told_of_cd22(cd22, tables) -> dict[str, dict[str, list[Told]]]:
    return {who: by_code(told(cd22, f"CD22-{who}")) for who in tables["subjects.csv"]["patient_id"]}


def test_every_cited_row_of_cd22_is_in_its_table_and_of_that_patient(told_of_cd22, tables):
    for who, found in told_of_cd22.items():
        for one in (each for some in found.values() for each in some):
            for cite in one.cites:
                assert tables[cite.source_file].loc[cite.source_row, "patient_id"] == who, one


def test_crs_and_its_absence_are_as_published(told_of_cd22, tables):
    for person in tables["subjects.csv"].itertuples():
        found = told_of_cd22[person.patient_id]
        assert ("tox_none" in found) == (person.crs == "0")
        assert ("no_events" in found) == (person.crs == person.hlh == "0")
        # No table has any other event: that there was none of grade 3 or more is not known of anybody.
        assert "special_alone" in found and "no_high" not in found
        said = " ".join(speak(one.sentence) for one in found.get("event_plain", ()))
        if person.crs == "1":
            assert f"CRS: grade {person.crs_max_grade} (Day {person.crs_day}); scale as published" in said


def test_what_was_given_for_crs_is_as_published(told_of_cd22, tables):
    """No day of a drug is published: it was perhaps given while CRS lasted."""
    names = {"tocilizumab": "TOCILIZUMAB", "steroids": "CORTICOSTEROIDS", "anakinra": "ANAKINRA"}
    for person in tables["subjects.csv"].itertuples():
        if person.crs == "0":
            continue
        found = told_of_cd22[person.patient_id]
        given = {name for column, name in names.items() if getattr(person, column) == "1"}
        told_ = {value(drug, "name") for one in found.get("given_perhaps", ()) for drug in value(one.sentence, "drugs")}
        assert told_ == given and "given" not in found, person.patient_id
        assert ("no_medication" in found) == (not given)


def test_the_highest_cells_are_those_of_the_table(told_of_cd22, tables):
    rows = tables["car_expansion.csv"]
    rows = rows[(rows["test"] == "CAR_ABS") & (rows["actual_day"] != "")].assign(
        number=lambda one: pd.to_numeric(one["value"], errors="coerce"),
        day=lambda one: pd.to_numeric(one["actual_day"]),
    )
    rows = rows[(rows["day"] >= 0) & (rows["day"] < 31) & rows["number"].notna()]
    for who, found in told_of_cd22.items():
        own = rows[rows["patient_id"] == who]
        assert ("no_cells" in found) == own.empty, who
        for one in found.get("cells", ()):
            top = own.loc[own["number"].idxmax()]
            assert speak(one.sentence) == (
                f"CAR cells in blood were highest at {top['number']:.12g} cells/uL (Day {top['day']:.0f})."
            )
            assert [cite.source_row for cite in one.cites] == [top.name]


def test_the_response_is_as_published(told_of_cd22, tables):
    words = {"0": "CR, MRD-NEGATIVE", "1": "CR, MRD-POSITIVE", "2": "PR", "3": "SD", "4": "PD"}
    for person in tables["subjects.csv"].itertuples():
        [one] = told_of_cd22[person.patient_id]["response"]
        [assessed] = value(one.sentence, "responses")
        assert value(assessed, "response") == words[person.response_code]


def test_counts_of_cd4_without_a_day_are_told_and_nobody_elses(told_of_cd22, tables):
    """Of grade 3 below 200 cells/uL (CTCAE 5.0, CD4 lymphocytes decreased)."""
    rows = tables["tbnk.csv"]
    low = rows[(rows["test"] == "#CD4 (cells/uL)") & (pd.to_numeric(rows["value"], errors="coerce") < 200)]
    for who, found in told_of_cd22.items():
        told_rows = {cite.source_row for one in found.get("lab_undated", ()) for cite in one.cites}
        assert told_rows == set(low.index[low["patient_id"] == who]), who
