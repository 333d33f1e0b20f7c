"""What the kinetics are set against: by hand from frames, and of the simulated trial from its files."""

import math

import pandas as pd
import pyreadstat
import pytest

from dashboard import covariates_card as card
from dashboard.pages import kinetics
from dashboard.session import Asked
from dashboard.view import View
from pk.covariates import NAMES, covariates
from queries.products import products
from tests.reading import text_of

PEOPLE = pd.DataFrame({"usubjid": ["a", "b", "c", "d"], "dose": [1e6, 3e6, math.nan, 1e7]})
CRS = pd.DataFrame({"usubjid": ["a", "b", "c"], "value": [2.0, 0.0, math.nan]})
PRODUCTS = pd.DataFrame({"usubjid": ["a"], "viability": [91.0], "transduction": [40.0], "vcn": [2.0]})
H_SCORES = pd.DataFrame({"usubjid": ["b"], "h_score": [210.0]})
GIVEN = pd.DataFrame(
    [("a", "tocilizumab", 5), ("b", "steroid", -3), ("c", "steroid", pd.NA), ("d", "steroid", 0), ("d", "g_csf", 4)],
    columns=["usubjid", "kind", "rel_day"],
).astype({"rel_day": "Int64"})


def made(given=GIVEN, *, recorded=True) -> pd.DataFrame:
    return covariates(PEOPLE, CRS, given, PRODUCTS, H_SCORES, medication_recorded=recorded).set_index("usubjid")


def test_what_was_given_after_the_infusion():
    """b had a steroid three days before it: none after. c's day is not known: given. d's is that of the infusion."""
    assert made()["tocilizumab"].to_dict() == {"a": 1, "b": 0, "c": 0, "d": 0}
    assert made()["steroid"].to_dict() == {"a": 0, "b": 0, "c": 1, "d": 1}


def test_nobody_had_none_where_medication_is_not_recorded():
    found = made(GIVEN.iloc[:0], recorded=False)
    assert found["tocilizumab"].isna().all() and found["steroid"].isna().all()


def test_what_is_not_known_stays_so():
    found = made()
    assert found["crs"].tolist()[:2] == [2, 0] and found["crs"].isna().tolist() == [False, False, True, True]
    assert found["dose"].isna().tolist() == [False, False, True, False]
    assert found["vcn"].isna().tolist() == [False, True, True, True] and found.loc["b", "h_score"] == 210
    assert tuple(found.columns) == NAMES


def ask(trial, **choices) -> Asked:
    return Asked(View(page="kinetics", **choices), trial.serving().cut)


def test_the_products_are_those_of_the_files(trial, trial_files):
    rows, _ = pyreadstat.read_xport(str(trial_files[-1] / "xp.xpt"))
    rows = rows[rows["XPSTAT"] == "RELEASED"].drop_duplicates("USUBJID", keep="last").set_index("USUBJID")
    found = products(trial.serving().cut).set_index("usubjid")
    assert set(found.index) == set(rows.index)
    assert (found["vcn"] == rows["XPVCN"].reindex(found.index)).all()
    assert (found["viability"] == rows["XPVIAB"].reindex(found.index)).all()


def panels_of(figure) -> dict[str, object]:
    heads = [note.text for note in figure.layout.annotations if note.text.startswith("<b>")]
    return dict(zip(heads, figure.data, strict=True))


@pytest.mark.parametrize(("exposure", "n"), [("cmax", 12), ("auc", 11)])
def test_a_panel_a_property_with_its_n_inside(trial, exposure, n):
    """13 infused; 303 has no final peak, 302 no final area either; 203, never quantifiable, is at the foot."""
    asked = ask(trial, exposure=exposure)
    found = panels_of(card.figure(asked, kinetics.people(asked)))
    assert len(found) == len(NAMES)
    assert all(f"exploratory, n = {n}" in head and "filtered" not in head for head in found)
    dots = found[f"<b>Cells received, by kg</b><br>exploratory, n = {n}"]
    foot = min(dots.y)
    [who] = [point[0] for point, y in zip(dots.customdata, dots.y, strict=True) if y == foot]
    assert who == f"/patient/XKDCT293-01-203{'?exposure=auc' if exposure == 'auc' else ''}"
    assert dots.x[list(dots.y).index(foot)] == 1.8e6  # 60 % of level 2


def test_a_part_of_the_patients_is_said_to_be_one(trial):
    asked = ask(trial, cohort="DL2")
    figure = card.figure(asked, kinetics.people(asked))
    assert all("n = 7 · filtered" in head for head in panels_of(figure))
    notes = " ".join(note.text for note in figure.layout.annotations)
    assert "p =" not in notes and "3 × 10⁶" in notes


def test_who_is_in_no_panel_is_named_and_what_it_cannot_tell_is_said(trial):
    asked = ask(trial, exposure="auc")
    said = text_of(card.left_out(asked, kinetics.people(asked)))
    assert " 302  (AUC0–28d incomplete" in said and "303" in said and "No p-values" in said


def test_what_the_trial_does_not_have_is_a_sentence(trial, monkeypatch):
    monkeypatch.setattr(card, "known", lambda cut: made(GIVEN.iloc[:0], recorded=False).assign(vcn=math.nan))
    said = text_of(card.head(ask(trial, lang="zh")))
    assert "本试验文件中没有：托珠单抗；全身用糖皮质激素；每细胞载体拷贝数。" in said
