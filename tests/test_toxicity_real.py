"""CRS, HLH and ferritin of the published CD22 patients, held against the published tables themselves.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip.
"""

from pathlib import Path

import pandas as pd
import pytest
from bedside_frames import given, measured

from clinical.aesi import of_interest
from clinical.bedside import crs_inputs
from clinical.discrepancies import discrepancies
from clinical.iec_hs_course import flags
from clinical.toxicity_episodes import crs_assessments, episodes
from dashboard.grading_icaht import icaht_of
from data import protocol
from data.store import Cut
from queries.adverse_events import adverse_events
from queries.measurements import measurements
from queries.subjects import subjects

pytestmark = pytest.mark.real

SETTINGS = protocol.load(Path("xkdct293.toml")).toxicity


@pytest.fixture(scope="module")
def folder(real) -> Path:
    return real / "cart_cd22_phase1"


@pytest.fixture(scope="module")
def cut(cd22) -> Cut:
    return cd22


@pytest.fixture(scope="module")
def published(folder) -> pd.DataFrame:
    return pd.read_csv(folder / "subjects.csv", dtype={"patient_id": str}).set_index("patient_id")


@pytest.fixture(scope="module")
def crs():
    """The published tables have no vital signs: no assessment, no derived episode."""
    assessed = crs_assessments(crs_inputs(measured([]), given(), SETTINGS, recorded=()), SETTINGS)
    return assessed, episodes("crs", assessed, given(), SETTINGS)


def patient(usubjid: str) -> str:
    return usubjid.removeprefix("CD22-")


def test_every_published_crs_and_hlh_is_of_special_interest_and_no_other(cut, published):
    events = adverse_events(cut)
    day0 = events["usubjid"].map(subjects(cut).set_index("usubjid")["day0"])
    found = of_interest(events, cut.protocol.aesi, day0, cut.cutoff)["aesi_groups"]
    for group, column in (("crs", "crs"), ("iec_hs", "hlh")):
        named = {patient(events.loc[row, "usubjid"]) for row, groups in found.items() if group in groups}
        assert named == set(published.index[published[column] == 1])


def test_each_reported_crs_has_its_published_grade_and_lacks_any_assessment(cut, published, crs):
    events = adverse_events(cut)
    day0 = subjects(cut).set_index("usubjid")["day0"]
    found = discrepancies("crs", crs[1], crs[0], events, None, day0, SETTINGS, cut.cutoff)
    reported = {patient(one.usubjid): one.said.values.get("reported") for one in found}  # noqa: PD011
    wanted = published.loc[published["crs"] == 1, "crs_max_grade"]
    assert reported == wanted.astype(int).to_dict()
    assert {one.code for one in found} == {"not_assessed"}


def test_ferritin_alone_never_settles_an_iec_hs_screen(cut, folder, published, crs):
    """No liver tests, fibrinogen or counts are published: neither flagged nor clear, whatever the ferritin."""
    found = {
        patient(one.usubjid): one
        for one in flags(subjects(cut), measurements(cut, ("lab",)), crs[1], SETTINGS, cut.cutoff)
    }
    samples = pd.read_csv(folder / "inflammatory_markers.csv", dtype={"patient_id": str})
    late = samples[(samples["test"].str.upper() == "FERRITIN") & (samples["actual_day"] >= 8)]
    highest = pd.to_numeric(late["value"]).groupby(late["patient_id"]).max()
    hlh = [one for one in highest.index if published.loc[one, "hlh"] == 1]
    assert len(hlh) > 5
    for one in hlh:
        assert found[one].highest == highest[one]
        assert not found[one].sure and "fibrinogen" in found[one].missing


def test_without_neutrophil_counts_there_is_no_icaht(cut, folder):
    """Lymphocyte subsets, CRP, ferritin and LDH are published: no neutrophils in any file."""
    for path in folder.glob("*.csv"):
        told = path.read_text(encoding="utf-8-sig").casefold()
        assert "neutrophil" not in told and ",anc" not in told, path.name
    assert icaht_of(cut) == ()
