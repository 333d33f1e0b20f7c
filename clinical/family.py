"""The family of associations: every peak of the protocol against every outcome, tested and adjusted together."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu, spearmanr

from clinical.association import adjust, rank_sum, spearman
from clinical.outcomes import RESPONSE
from data.protocol_measures import Associations

FEWEST = 3  # patients; fewer are shown one by one
LARGE = 60  # patients from whom on the formulas for large samples are used: dealing out 500 takes seconds a cell

# Why a cell says nothing: codes of `clinical.association`, and "few".
WHY = ("", "few", "constant_x", "constant_y", "empty_x", "empty_y")


class Cell(NamedTuple):
    """One peak with one outcome. estimate: rho, or for a response the AUC: the chance that a responder has the higher
    peak. NaN: not said, and `why` tells."""

    n: int
    n_yes: int  # responders among them, 0 for another outcome
    estimate: float = math.nan
    low: float = math.nan  # 95 % limits
    high: float = math.nan
    p: float = math.nan
    method: str = ""  # of p: "exact", "permutation (..., seed ...)", "large sample"
    why: str = ""


def pairs(peaks: pd.DataFrame, outcomes: pd.DataFrame, peak: str, outcome: str) -> pd.DataFrame:
    """Every infused patient with this peak and outcome: usubjid, cohort, x, x_limit, x_day, y, y_words, y_limit, used
    [both are final], why_peak, why_outcome [why it is not used: a code of `clinical.peaks`, `clinical.outcomes`], and
    last_day [of the peak's samples], y_day, with which the codes are told.
    """
    names = {"value": "x", "limit": "x_limit", "day": "x_day", "state": "state_peak", "why": "why_peak"}
    left = peaks[peaks["peak"] == peak].rename(columns=names)
    names = {"value": "y", "words": "y_words", "limit": "y_limit", "day": "y_day", "state": "state_outcome"}
    right = outcomes[outcomes["outcome"] == outcome].rename(columns=names | {"why": "why_outcome", "unit": "y_unit"})
    found = left.merge(right.drop(columns="cohort"), on="usubjid")
    found["used"] = (found["state_peak"] == "final") & (found["state_outcome"] == "final")
    columns = ["usubjid", "cohort", "x", "x_limit", "x_day", "y", "y_words", "y_limit", "y_unit", "used"]
    return found[[*columns, "why_peak", "why_outcome", "last_day", "followed", "y_day"]]


def family(
    peaks: pd.DataFrame, outcomes: pd.DataFrame, associations: Associations, *, tested: bool = True
) -> pd.DataFrame:
    """One row a peak and outcome of the protocol, in its order: peak, outcome, the fields of `Cell`, adjusted.

    peaks, outcomes: as `clinical.peaks.peaks` and `clinical.outcomes.outcomes`; only what is final is paired.
    Spearman's rho, for the response the rank-sum test with its AUC (`clinical.association`). adjusted: by
    Benjamini-Hochberg over all cells with a p, whatever a screen shows of them.
    tested=False, for a part of the patients: n and the estimate alone. No p, no limits: what was chosen after looking
    is not tested.
    """
    x, y = _final(peaks, "peak"), _final(outcomes, "outcome")
    x, y = x.align(y, join="inner", axis=0)
    rows = [
        (peak.id, outcome, *_cell(_column(x, peak.id), _column(y, outcome), outcome, tested))
        for peak in associations.peaks
        for outcome in associations.outcomes
    ]
    found = pd.DataFrame(rows, columns=["peak", "outcome", *Cell._fields])
    return found.assign(adjusted=adjust(found["p"].to_numpy(float)))


def _final(found: pd.DataFrame, name: str) -> pd.DataFrame:
    """The final values, a row a patient and a column a `name`."""
    final = found[found["state"] == "final"]
    return final.pivot(index="usubjid", columns=name, values="value")


def _column(wide: pd.DataFrame, name: str) -> np.ndarray:
    return wide[name].to_numpy(float) if name in wide else np.full(len(wide), np.nan)


def _cell(x: np.ndarray, y: np.ndarray, outcome: str, tested: bool) -> Cell:
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    n, n_yes = len(x), int((y == 1).sum()) if outcome == RESPONSE else 0
    if n < FEWEST:
        return Cell(n, n_yes, why="few")
    if not tested:
        return _estimated(x, y, n_yes, outcome)
    return (_compared if outcome == RESPONSE else _correlated)(x, y)


def _estimated(x: np.ndarray, y: np.ndarray, n_yes: int, outcome: str) -> Cell:
    if outcome == RESPONSE:
        why = "empty_x" if not n_yes else "empty_y" if n_yes == len(x) else ""
        return Cell(len(x), n_yes, math.nan if why else float(_wins(x[y == 1], x[y == 0]).mean()), why=why)
    why = "constant_x" if np.ptp(x) == 0 else "constant_y" if np.ptp(y) == 0 else ""
    return Cell(len(x), 0, math.nan if why else float(spearmanr(x, y).statistic), why=why)


def _wins(yes: np.ndarray, no: np.ndarray) -> np.ndarray:
    """Whether each of `yes` is above each of `no`; a tie is half."""
    return (yes[:, None] > no) + (yes[:, None] == no) / 2


def _correlated(x: np.ndarray, y: np.ndarray) -> Cell:
    if len(x) >= LARGE and np.ptp(x) > 0 and np.ptp(y) > 0:
        return _correlated_many(x, y)
    found = spearman(x, y)
    why = found.code if math.isnan(found.rho) else ""
    return Cell(found.n, 0, found.rho, found.low, found.high, found.p, found.method, why)


def _correlated_many(x: np.ndarray, y: np.ndarray) -> Cell:
    """p by Student's t. Limits on Fisher's scale with the variance (1 + rho^2 / 2) / (n - 3): Bonett & Wright,
    Psychometrika 2000;65:23-28."""
    rho, p = (float(one) for one in spearmanr(x, y))
    if abs(rho) == 1:
        return Cell(len(x), 0, rho, p=p, method="large sample")
    half = 1.959964 * math.sqrt((1 + rho**2 / 2) / (len(x) - 3))
    low, high = math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
    return Cell(len(x), 0, rho, low, high, p, "large sample")


def _compared(x: np.ndarray, y: np.ndarray) -> Cell:
    yes, no = x[y == 1], x[y == 0]
    if len(x) >= LARGE and len(yes) and len(no):
        return _compared_many(yes, no)
    found = rank_sum(yes, no)
    why = found.code if math.isnan(found.auc) else ""
    return Cell(len(x), len(yes), found.auc, found.low, found.high, found.p, found.method, why)


def _compared_many(yes: np.ndarray, no: np.ndarray) -> Cell:
    """p by the normal approximation with ties. Limits from the variances of the placements: DeLong, DeLong &
    Clarke-Pearson, Biometrics 1988;44:837-845."""
    wins = _wins(yes, no)
    auc, n = float(wins.mean()), len(yes) + len(no)
    p = float(mannwhitneyu(yes, no, method="asymptotic").pvalue)
    if min(len(yes), len(no)) < FEWEST:
        return Cell(n, len(yes), auc, p=p, method="large sample")
    half = 1.959964 * math.sqrt(wins.mean(axis=1).var(ddof=1) / len(yes) + wins.mean(axis=0).var(ddof=1) / len(no))
    return Cell(n, len(yes), auc, max(0.0, auc - half), min(1.0, auc + half), p, "large sample")
