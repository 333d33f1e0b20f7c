"""Kinetics of the published CD22 patients: expansion by flow cytometry, recomputed from the published table itself.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip.
"""

import os
from pathlib import Path

import pandas as pd
import pytest

from dashboard import covariates_card
from dashboard.exposures import exposures_of, series
from dashboard.kinetic_table import rows
from dashboard.pages import kinetics
from dashboard.proportionality_card import sentences
from dashboard.session import Asked
from dashboard.view import View
from data import importing, protocol
from data.store import Cut, Store
from tests.reading import of_kind, text_of

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def folder() -> Path:
    assert os.environ.get("REAL"), "say where the real trial files are: REAL=DIR"
    return Path(os.environ["REAL"])


@pytest.fixture(scope="module")
def cut(cd22) -> Cut:
    return cd22


@pytest.fixture(scope="module")
def published(folder) -> pd.DataFrame:
    """The published cells/uL by patient and the day of the sample; several of one day are replicates."""
    rows = pd.read_csv(folder / "cart_cd22_phase1/car_expansion.csv", dtype={"patient_id": str})
    rows = rows[(rows["test"] == "CAR_ABS") & rows["value"].notna() & rows["actual_day"].notna()]
    rows = rows[rows["actual_day"] <= 30]  # the cut ends on 31 January 2000, Day 30 of the fictional calendar
    rows = rows.assign(value=rows["value"].mask(rows["value"] == 0))
    return rows.groupby(["patient_id", "actual_day"], as_index=False)["value"].mean()


def test_the_peak_of_every_patient_is_the_published_one(cut, published):
    found = exposures_of(cut)
    assert found["subject"].nunique() == 30
    wanted = {f"CD22-{who}": value for who, value in published.groupby("patient_id")["value"].max().dropna().items()}
    peaks = found[found["parameter"] == "CMAX"].set_index("subject")["value"].dropna()
    assert peaks.to_dict() == pytest.approx(wanted)
    first = (
        published.sort_values(["value", "actual_day"], ascending=[False, True]).dropna().drop_duplicates("patient_id")
    )
    times = found[found["parameter"] == "TMAX"].set_index("subject")["value"].dropna()
    assert times.to_dict() == pytest.approx({f"CD22-{row.patient_id}": row.actual_day for row in first.itertuples()})


def test_zero_is_below_detection_and_never_a_number(cut, published):
    rows = series(cut)
    own = rows[rows["endpoint"]]
    assert own["conc"].min() > 0
    assert own["blq"].any() and own.loc[own["blq"], "limit"].isna().all()  # the paper gives no limit
    never = {f"CD22-{who}" for who, one in published.groupby("patient_id")["value"] if one.isna().all()}
    states = exposures_of(cut).groupby("subject")["state"].unique()
    assert {who for who, one in states.items() if list(one) == ["never quantifiable"]} == never != set()


def test_areas_are_said_only_where_a_sample_before_the_cells_was_published(cut, published):
    found = exposures_of(cut)
    area = found[(found["parameter"] == "AUCINT") & found["value"].notna()]
    sampled = published[published["actual_day"] <= 0]["patient_id"]
    quantified = published.dropna()["patient_id"]
    assert set(area["subject"]) == {f"CD22-{who}" for who in set(sampled) & set(quantified)}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_screen_is_filled(cut, lang):
    shown = kinetics.answer(Asked(View(page="kinetics", lang=lang), cut))
    assert len(of_kind(shown["rows"], "Tbody")[0].children) == 30 and shown["figure"].data and shown["others"].data
    assert "cells/µL" in shown["figure"].layout.annotations[0].text


def test_nobody_is_without_a_word_where_nothing_is_known(cut):
    """4413 has no sample with a result: neither number nor "NaN"."""
    asked = Asked(View(page="kinetics"), cut)
    [cells] = [one.cells for one in rows(asked, kinetics.people(asked)) if one.subjid == "4413"]
    assert all(cells[field].words == "–" for field in ("CMAX", "LAMZHL", "DOUBLING"))
    assert (cells["LAMZHL"].why, cells["CMAX"].why) == ("no sample with a result", "No sample with a result.")


def test_what_the_paper_does_not_give_is_said(cut):
    """No dose by patient, no product, no Nectin-4; nominal days by the names of the visits only."""
    asked = Asked(View(page="kinetics", clock="planned"), cut)
    assert "None of the 30 infused patients is in it: dose received not recorded" in text_of(sentences(asked))
    said = text_of(covariates_card.head(asked))
    assert "do not hold: Cells received, by kg; Viability of the product, %;" in said and "Nectin-4 H-score" in said
    found = kinetics.answer(asked)
    days = {day for one in found["figure"].data for day in one.x if day is not None}
    assert {7, 14, 21, 28} <= days and "in the name of their visit" in text_of(found["aside"])


def test_a_trial_without_cells_says_so_in_a_sentence(folder, tmp_path):
    store = Store(tmp_path / "pilot")
    names = ("dm.xpt", "ex.xpt", "ts.xpt", "sv.xpt")
    importing.load(
        [folder / "cdisc_pilot_xpt" / name for name in names], store, protocol.load(Path("cdisc_pilot.toml"))
    )
    shown = kinetics.answer(Asked(View(page="kinetics"), store.serving().cut))
    assert text_of(shown["summary"]).startswith("This trial's files hold no samples")
    assert shown["groups_hidden"] and shown["rows_hidden"] and shown["others_hidden"] and not shown["figure"].data
