"""The laboratory results of the CDISC pilot, graded, held against counts made from its SAS files by plain numpy.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip. The limits stand
here again, as NCI CTCAE v5.0 prints them.
"""

import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from clinical.lab_grades import graded
from clinical.result_grades import terms_by_value
from dashboard.grading_icaht import icaht_card, icaht_of
from dashboard.grading_labs import labs_card, labs_of
from dashboard.labels import LANGUAGES, t
from dashboard.session import Asked
from dashboard.view import View
from data.store import Cut
from queries.measurements import measurements
from queries.subjects import subjects

pytestmark = pytest.mark.real

ALT, PLATELETS = "Alanine aminotransferase increased", "Platelet count decreased"
SECONDS = 1


@pytest.fixture(scope="module")
def folder(real) -> Path:
    return real / "cdisc_pilot_xpt"


@pytest.fixture(scope="module")
def cut(pilot_cut) -> Cut:
    return pilot_cut


@pytest.fixture(scope="module")
def raw(folder) -> pd.DataFrame:
    """As it stands in the files: who, code, x, lln, uln, date; of those treated, with the first dose."""
    labs = pd.concat([pyreadstat.read_xport(str(folder / f"{name}.xpt"))[0] for name in ("lbch", "lbhe", "lbur")])
    assert len(labs) == 59_580
    given = pyreadstat.read_xport(str(folder / "ex.xpt"))[0]
    first_dose = given[given["EXSTDTC"] != ""].groupby("USUBJID")["EXSTDTC"].min()
    labs = labs[labs["USUBJID"].isin(first_dose.index)]
    numbers = {"x": "LBORRES", "lln": "LBORNRLO", "uln": "LBORNRHI"}  # K, sodium, ALT, platelets: the unit stays
    made = pd.DataFrame({name: pd.to_numeric(labs[column], errors="coerce") for name, column in numbers.items()})
    made = made.assign(who=labs["USUBJID"], code=labs["LBTESTCD"], date=labs["LBDTC"])
    return made.assign(dose=made["who"].map(first_dose)).reset_index(drop=True)


@pytest.fixture(scope="module")
def told(cut) -> pd.DataFrame:
    terms = terms_by_value("5.0")
    return graded(subjects(cut), measurements(cut, ("lab",)), tuple(terms), terms=terms)


def of(raw: pd.DataFrame, code: str) -> pd.DataFrame:
    return raw[(raw["code"] == code) & raw["x"].notna()].sort_values(["who", "date"], kind="stable")


def counted(told: pd.DataFrame, term: str) -> Counter:
    own = told[told["term"] == term]
    return Counter(zip(own["low"].tolist(), own["high"].tolist(), strict=True))


def steps(*reached: np.ndarray) -> np.ndarray:
    """The highest grade whose criterion is met."""
    return np.max([number * one for number, one in enumerate(reached, start=1)], axis=0)


def pairs(low: np.ndarray, high: np.ndarray) -> Counter:
    return Counter(zip(low.tolist(), high.tolist(), strict=True))


def test_platelets(raw, told):
    """< LLN - 75, < 75 - 50, < 50 - 25, < 25 x 10^9/L."""
    own = of(raw, "PLAT")
    grade = steps(own["x"] < own["lln"], own["x"] < 75, own["x"] < 50, own["x"] < 25)
    assert counted(told, PLATELETS) == pairs(grade, grade)
    assert len(own) > 1500 and set(grade) > {0}


def test_potassium(raw, told):
    """Low: < LLN - 3.0 is grade 1, with symptoms 2; < 3.0 - 2.5; < 2.5. High: > ULN - 5.5, - 6.0, - 7.0, > 7.0."""
    own = of(raw, "K")
    low = steps(own["x"] < own["lln"], own["x"] < 0, own["x"] < 3.0, own["x"] < 2.5)
    high = steps(own["x"] < own["lln"], own["x"] < own["lln"], own["x"] < 3.0, own["x"] < 2.5)
    assert counted(told, "Hypokalemia") == pairs(low, high)
    above = steps(own["x"] > own["uln"], own["x"] > 5.5, own["x"] > 6.0, own["x"] > 7.0)
    assert counted(told, "Hyperkalemia") == pairs(above, above)
    assert len(own) > 1500 and set(low) > {0} and set(above) > {0}


def test_sodium(raw, told):
    """Low: < LLN - 130; 125 - 129 is grade 2, with symptoms 3; 120 - 124; < 120. High: > ULN, 150, 155, 160."""
    own = of(raw, "SODIUM")
    low = steps(own["x"] < own["lln"], own["x"] < 130, own["x"] < 125, own["x"] < 120)
    high = steps(own["x"] < own["lln"], own["x"] < 130, own["x"] < 130, own["x"] < 120)
    assert counted(told, "Hyponatremia") == pairs(low, high)
    above = steps(own["x"] > own["uln"], own["x"] > 150, own["x"] > 155, own["x"] > 160)
    assert counted(told, "Hypernatremia") == pairs(above, above)


def test_alt_against_the_baseline_of_each_patient(raw, told):
    """Baseline: the last value on a day before the first dose. Normal: > 1, 3, 5, 20 x ULN; abnormal: from 1.5,
    above 3, 5, 20 x baseline. Without one both ways are asked, the baseline taken to be any."""
    own = of(raw, "ALT")
    before = own[own["date"].str[:10] < own["dose"]].drop_duplicates("who", keep="last").set_index("who")
    own = own.assign(bl=own["who"].map(before["x"]), bl_uln=own["who"].map(before["uln"])).dropna(subset=["bl"])
    normal = own["bl"] <= own["bl_uln"]
    unit = np.where(normal, own["uln"], own["bl"])
    first = np.where(normal, own["x"] > own["uln"], own["x"] >= 1.5 * own["bl"])
    grade = steps(first, own["x"] > 3 * unit, own["x"] > 5 * unit, own["x"] > 20 * unit)
    with_baseline = told[told["value_baseline"].notna()]
    assert counted(with_baseline, ALT) == pairs(grade, grade)
    assert len(own) > 1500 and (~normal).any() and {0, 1, 2} <= set(grade)


def test_all_of_them_are_graded_in_less_than_a_second(cut):
    everyone, labs, terms = subjects(cut), measurements(cut, ("lab",)), terms_by_value("5.0")
    assert len(labs) == 59_580
    begun = time.process_time()
    found = graded(everyone, labs, tuple(terms), terms=terms)
    seconds = time.process_time() - begun
    assert seconds < SECONDS, f"{seconds:.2f} s of CPU for {len(found)} grades"
    assert found["usubjid"].nunique() == 254


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_trial_without_lymphodepletion_counts_from_day_0_and_has_no_neutrophils(cut, raw, lang):
    """Its blood counts have lymphocytes, monocytes, eosinophils and basophils: no neutrophils, so no ICAHT."""
    asked = Asked(View(page="grading", lang=lang), cut)
    said = repr(labs_card(asked, labs_of(cut)))
    assert t("grading.since_day0", lang) in said and t("grading.since_lymphodepletion", lang) not in said
    assert not raw["code"].str.contains("NEUT|ANC").any() and {"LYM", "MONO", "EOS", "BASO"} <= set(raw["code"])
    assert icaht_of(cut) == ()
    assert t("ladder.no_counts", lang, count=254) in repr(icaht_card(asked, ()))
