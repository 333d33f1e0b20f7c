"""Peaks and correlations of the published CD22 patients, recomputed from the published tables with pandas and scipy.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip.
"""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reading import of_kind, text_of
from scipy.stats import false_discovery_control, mannwhitneyu, rankdata, spearmanr

from dashboard.correlating import Cytokines, cytokines_of
from dashboard.pages import cytokines as page
from dashboard.session import Asked
from dashboard.view import View
from data.store import Cut

pytestmark = pytest.mark.real

# The names of the paper -> the peaks of the protocol file.
CYTOKINES = {
    "GM-CSF": "gmcsf", "IFN-gamma": "ifng", "IL-1B": "il1b", "IL-2": "il2", "IL-4": "il4", "IL-6": "il6", "IL-8": "il8",
    "IL-10": "il10", "IL-12p70": "il12p70", "IL-13": "il13", "IL-15": "il15", "IL-18": "il18", "MIP-alpha": "mip1a",
    "TNF-alpha": "tnfa",
}  # fmt: skip
MARKERS = {"CRP": "crp", "Ferritin": "ferritin"}
PEAKS = (*CYTOKINES.values(), *MARKERS.values())


@pytest.fixture(scope="module")
def folder(real) -> Path:
    return real / "cart_cd22_phase1"


@pytest.fixture(scope="module")
def cut(cd22) -> Cut:
    return cd22


@pytest.fixture(scope="module")
def found(cut) -> Cytokines:
    return cytokines_of(cut)


@pytest.fixture(scope="module")
def sampled(folder) -> pd.DataFrame:
    """who, peak, day, value of every published sample. Days of the markers are fractions: those of a calendar day."""
    one = pd.read_csv(folder / "cytokines.csv", dtype={"patient_id": str})
    one = one.assign(peak=one["cytokine"].map(CYTOKINES), value=one["value_pg_ml"])
    other = pd.read_csv(folder / "inflammatory_markers.csv", dtype={"patient_id": str})
    other = other[other["test"].isin(MARKERS)]
    value = pd.to_numeric(other["value"], errors="coerce")
    other = other.assign(peak=other["test"].map(MARKERS), value=value, day=np.floor(other["actual_day"]))
    rows = pd.concat([one, other])[["patient_id", "peak", "day", "value"]].dropna()
    return rows.assign(who="CD22-" + rows["patient_id"])


@pytest.fixture(scope="module")
def published(folder) -> pd.DataFrame:
    """By patient: response (CR or PR: 1), CRS grade (0: none), Cmax of the cells where it is final, else NaN."""
    people = pd.read_csv(folder / "subjects.csv", dtype={"patient_id": str})
    people.index = "CD22-" + people["patient_id"]
    made = pd.DataFrame({"response": (people["response_code"] <= 2).astype(float), "crs": people["crs_max_grade"]})
    cells = pd.read_csv(folder / "car_expansion.csv", dtype={"patient_id": str})
    cells = cells[(cells["test"] == "CAR_ABS") & (cells["actual_day"] <= 30)].dropna(subset=["value", "actual_day"])
    cells = cells.groupby(["patient_id", "actual_day"], as_index=False)["value"].mean()
    made["cmax"] = pd.Series({f"CD22-{who}": _cmax(rows) for who, rows in cells.groupby("patient_id")})
    return made


def _cmax(rows: pd.DataFrame) -> float:
    """Final once a lower sample followed and 14 days were sampled; 0 where no cell was ever found by then."""
    high = rows["value"].max()
    first = rows.loc[rows["value"] == high, "actual_day"].min()
    lower = (rows["value"] < high) & (rows["actual_day"] > first)
    long = rows["actual_day"].max() >= 14
    return high if long and (lower.any() or high == 0) else math.nan


def highest(sampled: pd.DataFrame, peak: str) -> pd.DataFrame:
    """who -> value, day, last, final. Day 0 without an hour is before the cells. Days 14 and 28 may be kept 3 early."""
    rows = sampled[(sampled["peak"] == peak) & (sampled["day"] > 0) & (sampled["day"] <= 28)]
    made = {}
    for who, own in rows.groupby("who"):
        top = own["value"].max()
        day = own.loc[own["value"] == top, "day"].min()
        last, lower = own["day"].max(), ((own["value"] < top) & (own["day"] > day)).any()
        made[who] = {"value": top, "day": day, "last": last, "final": last >= 25 or (lower and last >= 11)}
    return pd.DataFrame.from_dict(made, orient="index")


@pytest.mark.parametrize("peak", PEAKS)
def test_the_peaks_are_the_published_maxima(found, sampled, peak):
    wanted = highest(sampled, peak)
    own = found.peaks[found.peaks["peak"] == peak].set_index("usubjid")
    assert len(own) == 30
    said = own[own["value"].notna()]
    assert said["value"].to_dict() == pytest.approx(wanted["value"].to_dict())
    assert said["day"].astype(float).to_dict() == wanted["day"].to_dict()
    assert said["last_day"].astype(float).to_dict() == wanted["last"].to_dict()
    assert (said["state"] == "final").to_dict() == wanted["final"].to_dict()
    assert set(own.loc[own["value"].isna(), "why"]) <= {"no_sample"}


@pytest.mark.parametrize("peak", PEAKS)
def test_the_sample_before_the_cells_is_that_of_day_0_or_earlier(found, sampled, peak):
    before = sampled[(sampled["peak"] == peak) & (sampled["day"] <= 0)].sort_values("day", kind="stable")
    last = before.groupby("who").tail(1).set_index("who")["value"]
    own = found.peaks[(found.peaks["peak"] == peak) & found.peaks["infusion"].notna()].set_index("usubjid")
    assert own["infusion"].to_dict() == pytest.approx({who: last[who] for who in own.index})
    assert set(own.index) == set(last.index)
    both = own[own["value"].notna()]
    assert both["fold_infusion"].to_numpy() == pytest.approx((both["value"] / both["infusion"]).to_numpy())
    assert own["baseline"].isna().all()  # no day of lymphodepletion was published


def test_the_outcomes_are_the_published_ones(found, published):
    for name in ("response", "crs", "cmax"):
        own = found.outcomes[(found.outcomes["outcome"] == name) & (found.outcomes["state"] == "final")]
        wanted = published[name].dropna().to_dict()
        assert own.set_index("usubjid")["value"].to_dict() == pytest.approx(wanted)


@pytest.fixture(scope="module")
def paired(sampled, published):
    def pair(peak: str, outcome: str) -> tuple[np.ndarray, np.ndarray]:
        high = highest(sampled, peak)
        both = high[high["final"]].join(published[outcome], how="inner").dropna()
        return both["value"].to_numpy(), both[outcome].to_numpy()

    return pair


def cell(found: Cytokines, peak: str, outcome: str) -> pd.Series:
    return found.family[(found.family["peak"] == peak) & (found.family["outcome"] == outcome)].iloc[0]


@pytest.mark.parametrize("outcome", ["crs", "cmax"])
@pytest.mark.parametrize("peak", PEAKS)
def test_rho_is_that_of_scipy(found, paired, peak, outcome):
    x, y = paired(peak, outcome)
    said, wanted = cell(found, peak, outcome), spearmanr(x, y)
    assert (said["n"], said["estimate"]) == (len(x), pytest.approx(wanted.statistic))
    # The t distribution is an approximation of dealing out.
    assert said["p"] == pytest.approx(wanted.pvalue, abs=0.02)


@pytest.mark.parametrize("peak", PEAKS)
def test_responders_are_told_from_the_others_as_by_scipy_and_by_every_split(found, paired, peak):
    x, y = paired(peak, "response")
    said = cell(found, peak, "response")
    test = mannwhitneyu(x[y == 1], x[y == 0])
    yes, no = int((y == 1).sum()), int((y == 0).sum())
    assert (said["n"], said["n_yes"], said["estimate"]) == (len(x), yes, pytest.approx(test.statistic / (yes * no)))
    if math.comb(len(x), no) > 20_000:
        assert said["p"] == pytest.approx(mannwhitneyu(x[y == 1], x[y == 0], method="asymptotic").pvalue, abs=0.05)
        return
    ranks = rankdata(x)
    sums = np.array([ranks[list(one)].sum() for one in combinations(range(len(x)), no)])
    mean, seen = no * (len(x) + 1) / 2, ranks[y == 0].sum()
    assert said["p"] == pytest.approx((np.abs(sums - mean) >= abs(seen - mean) - 1e-9).mean())


def test_p_is_that_of_dealing_out_once_more(found, paired):
    x, y = paired("tnfa", "crs")
    ranks, others, rng = rankdata(x), rankdata(y), np.random.default_rng(7)
    seen = abs(np.corrcoef(ranks, others)[0, 1])
    dealt = np.array([abs(np.corrcoef(rng.permutation(ranks), others)[0, 1]) for _ in range(20_000)])
    assert cell(found, "tnfa", "crs")["p"] == pytest.approx((dealt >= seen - 1e-12).mean(), abs=0.003)


def test_p_is_adjusted_over_everything_that_was_tested(found):
    tested = found.family.dropna(subset="p")
    # Three outcomes told of all 16 peaks; the areas of two patients alone begin with a sample before the cells.
    assert len(tested) == 48 and len(found.family) == 64
    assert tested["adjusted"].to_numpy() == pytest.approx(false_discovery_control(tested["p"].to_numpy()))
    assert (found.family.loc[found.family["outcome"] == "auc", "why"] == "few").all()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_screen_is_filled(cut, found, lang):
    asked = Asked(View(page="cytokines", lang=lang, subject="CD22-1124", fold="infusion"), cut)
    card = page.profile_card(asked, found)
    # No ferritin of hers was measured before the cells.
    assert len([one for one in card["profiles"].data if one.mode == "lines+markers"]) == 15
    assert len(page.pair_cards(asked, found)["scatter"].data[0].x) > 20
    assert len(of_kind(page.peaks_card(asked, found)["peaks"], "Tbody")[0].children) == 30
    plain = Asked(View(page="cytokines", lang=lang, fold="baseline"), cut)
    said = text_of(page.profile_card(plain, found)["profile_summary"])
    curves = len(found.samples.drop_duplicates(["usubjid", "code"]))
    assert (f"{curves} of {curves} curves" if lang == "en" else f"{curves} 条曲线中 {curves} 条") in said
