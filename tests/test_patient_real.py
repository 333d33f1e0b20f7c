"""The head and the draft narrative of published CD22 patients, held against the rows of the published tables.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip.
"""

import pytest

from clinical.narrative_told import speak
from clinical.sight import Days, seen
from dashboard import due_card, narrative_card
from dashboard.courses import course
from dashboard.session import Asked
from dashboard.view import View
from data.store import Cut
from queries.subjects import subjects

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def cut(cd22) -> Cut:
    return cd22


def of(cut: Cut, number: str) -> Asked:
    return Asked(View(page="patient", usubjid=f"CD22-{number}"), cut)


def told(cut: Cut, number: str) -> list[str]:
    asked = of(cut, number)
    made = narrative_card.drafted(asked, course(cut, asked.view.usubjid))
    return [speak(one.sentence) for some in made.paragraphs for one in some]


def test_533_is_told_as_published(cut):
    """subjects.csv: crs 1, grade 2, day 8; hlh 1 on day 18; tocilizumab 1, steroids 1, anakinra 0: no days."""
    said = told(cut, "533")
    assert any(one.startswith("CRS: grade 2 (Day 8); scale as published; ") for one in said)
    assert "Given, perhaps while it lasted: CORTICOSTEROIDS (day not recorded), TOCILIZUMAB (day not recorded)." in said
    assert not any(one.startswith("Given while it lasted") for one in said)
    assert "Further events without a grade: 1." in said
    # The published tables count CRS and HLH, and no other event.
    assert any(one.startswith("The files hold no adverse events but Cytokine release syndrome, Haemo") for one in said)
    assert not any(one.startswith("No other event") for one in said)


def test_1971_has_the_peak_of_its_cells_and_nothing_that_was_not_published(cut):
    """car_expansion.csv: 607.984 cells/uL on Day 15, 588.3008 on Day 20, 134.01834 on Day 26."""
    said = told(cut, "1971")
    assert "CAR cells in blood were highest at 607.984 cells/uL (Day 15)." in said
    assert "Subject 1971: sex or age is not recorded." in said
    assert "No contact is in the data." in said
    assert not any("DLT" in one or "HR/HER2" in one for one in said)


def test_who_had_no_crs_is_not_told_to_have_been_assessed(cut):
    """992: CRS 0."""
    assert "No CRS is reported, which is not the same as assessed and absent." in told(cut, "992")


def test_without_visits_nothing_is_due_and_nothing_overdue(cut):
    asked = of(cut, "1971")
    found = course(cut, asked.view.usubjid)
    assert due_card.due_of(asked, found) == ()
    assert due_card.why_nothing(asked, found) == ["no visit of this patient is in the data: what is due cannot be said"]


def test_whole_days_stand_on_their_number(cut):
    """The published days have no times: Days 15 and 20 of the cells lie from 14.5 to 20.5, Day 26 does not."""
    found = course(cut, "CD22-1971")
    cells = found.measured[(found.measured["table"] == "flow") & (found.measured["code"] == "CARTC")]
    inside = seen(cells, "measured", found.axis, Days(14.6, 20.4))
    assert (inside.rows["rel_day"].tolist(), inside.outside) == ([15, 20], 1)


def test_no_patient_is_told_in_blanks(cut):
    for usubjid in subjects(cut)["usubjid"][::5]:
        for one in told(cut, usubjid.removeprefix("CD22-")):
            assert "None" not in one and "nan" not in one.split(), one
