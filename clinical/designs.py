"""What other designs would say beside the 3+3, never instead of it: BOIN, keyboard (mTPI-2) and a one-parameter CRM."""

import math
import operator
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import betainc

from clinical.crm import CrmPosterior, counts_by_dose, crm_posterior
from clinical.proportions import beta_exceedance

__all__ = [
    "Boin",
    "BoinMtd",
    "CrmPosterior",
    "boin_boundaries",
    "boin_mtd",
    "crm_posterior",
    "keyboard_decision",
    "keyboard_decisions",
]

CERTAINTY = 0.95  # posterior probability of a DLT rate above the target that eliminates a dose
LEAST_TREATED = 3  # patients before a dose can be eliminated
KEY = 0.1  # width of a key, the target in the middle of one
ROUNDING = 1e-9  # of a bound that is a whole number of keys away: 0.05 computed as 0.3 - 0.25 is not another key


@dataclass(frozen=True)
class Boin:
    """Boundaries of the local BOIN design. The table has a row for each number of patients with a result at a dose.

    `table`: n, escalate_if_at_most, deescalate_if_at_least, eliminate_if_at_least (DLTs; <NA> where no number does).
    """

    target: float
    lambda_e: float  # DLT rate at or below which the dose goes up
    lambda_d: float  # at or above which it goes down
    table: pd.DataFrame


@dataclass(frozen=True)
class BoinMtd:
    """`dose` 1, 2, ...; None where none is left. `estimates`: dose, rate (isotonic, NaN if left out), eliminated."""

    dose: int | None
    estimates: pd.DataFrame


def boin_boundaries(target: float, n_max: int) -> Boin:
    """The BOIN decisions for 1 to n_max patients at a dose, target DLT rate `target` (0.05 to 0.6).

    With phi the target, phi1 = 0.6 phi and phi2 = 1.4 phi:
    lambda_e = log((1 - phi1) / (1 - phi)) / log(phi (1 - phi1) / (phi1 (1 - phi)))
    lambda_d = log((1 - phi) / (1 - phi2)) / log(phi2 (1 - phi) / (phi (1 - phi2)))
    The dose is eliminated where P(rate > phi) > 0.95 under Beta(1, 1), from 3 patients on; elimination de-escalates
    too. ValueError, naming the argument.

    Liu & Yuan, J R Stat Soc C 2015;64:507-523, doi:10.1111/rssc.12089.
    """
    target = _target(target)
    n_max = _count("n_max", n_max, least=1)
    lambda_e = _boundary(0.6 * target, target)
    lambda_d = _boundary(target, 1.4 * target)
    rows = []
    for n in range(1, n_max + 1):
        eliminate = _eliminates(n, target)
        deescalate = math.ceil(lambda_d * n)
        rows.append((n, math.floor(lambda_e * n), min(deescalate, n if eliminate is None else eliminate), eliminate))
    columns = ("n", "escalate_if_at_most", "deescalate_if_at_least", "eliminate_if_at_least")
    return Boin(target, lambda_e, lambda_d, pd.DataFrame(rows, columns=columns).astype("Int64"))


def boin_mtd(target: float, treated: Sequence[int], dlts: Sequence[int]) -> BoinMtd:
    """The MTD that BOIN selects at the end: the isotonic DLT rate nearest the target. One count a dose, lowest first.

    A dose is left out where nobody was treated, and with all above it where it is eliminated (as `boin_boundaries`).
    rate = (dlts + 0.05) / (treated + 0.1), pooled by adjacent violators with the inverse of its beta variance as
    weight. Of equal rates the highest dose below the target, or the lowest above it. None where the lowest dose is
    eliminated or nobody was treated below an eliminated one. ValueError, naming the argument.

    Source: select.mtd of the R package BOIN 2.7.2; Yan et al., J Stat Softw 2020;94(13), doi:10.18637/jss.v094.i13.
    """
    target = _target(target)
    treated, dlts = counts_by_dose(treated, dlts)
    eliminated = np.logical_or.accumulate(
        [n >= LEAST_TREATED and beta_exceedance(k, n, target) > CERTAINTY for n, k in zip(treated, dlts, strict=True)]
    )
    rates = np.full(len(treated), np.nan)
    used = [place for place, n in enumerate(treated) if n and not eliminated[place]]
    n, k = np.array([treated[place] for place in used]), np.array([dlts[place] for place in used])
    # Beta(0.05, 0.05) a priori: mean and variance of the posterior.
    mean = (k + 0.05) / (n + 0.1)
    variance = mean * (1 - mean) / (n + 1.1)
    rates[used] = _pooled(mean, 1 / variance)
    estimates = pd.DataFrame({"dose": range(1, len(treated) + 1), "rate": rates, "eliminated": eliminated})
    if not used:
        return BoinMtd(None, estimates)
    # The tiny rise makes the highest of equal rates below the target the nearest, and the lowest above it.
    distance = np.abs(rates[used] + 1e-10 * np.arange(len(used)) - target)
    return BoinMtd(used[int(np.argmin(distance))] + 1, estimates)


def keyboard_decisions(target: float, n_max: int) -> pd.DataFrame:
    """The keyboard design's decision for each outcome: `n, dlts, decision`, n from 1 to n_max, dlts from 0 to n.

    E = escalate, S = stay, D = de-escalate, DU = de-escalate and never return (elimination as in `boin_boundaries`).
    The target key is target +- 0.05; keys of that width lie side by side from there to 0 and 1. The key with the
    highest posterior probability under Beta(1, 1) decides: below the target key E, above it D. The keys cut short by 0
    or 1 count by probability per width, which makes the design the same as mTPI-2. Of equal keys the higher one
    decides. target above 0.05, up to 0.6. ValueError, naming the argument.

    Yan, Mandrekar & Yuan, Clin Cancer Res 2017;23:3994-4003, doi:10.1158/1078-0432.CCR-17-0220; Guo et al. (mTPI-2),
    Contemp Clin Trials 2017;58:23-33, doi:10.1016/j.cct.2017.04.006.
    """
    target = _target(target)
    if target - KEY / 2 < ROUNDING:
        raise ValueError(f"target must be above {KEY / 2:g}, or no key lies below it: {target!r}")
    n_max = _count("n_max", n_max, least=1)
    rows = [(n, dlts, keyboard_decision(dlts, n, target)) for n in range(1, n_max + 1) for dlts in range(n + 1)]
    return pd.DataFrame(rows, columns=["n", "dlts", "decision"])


def keyboard_decision(dlts: int, n: int, target: float) -> str:
    """The keyboard design's decision on one outcome, as `keyboard_decisions`; a valid target is taken for granted."""
    if n >= LEAST_TREATED and beta_exceedance(dlts, n, target) > CERTAINTY:
        return "DU"
    edges, target_key = _keys(target)
    density = np.diff(betainc(1 + dlts, 1 + n - dlts, edges)) / np.diff(edges)
    strongest = int(np.flatnonzero(density >= density.max() * (1 - ROUNDING))[-1])
    if strongest == target_key:
        return "S"
    return "E" if strongest < target_key else "D"


@cache
def _keys(target: float) -> tuple[np.ndarray, int]:
    """The edges of the keys, 0 and 1 included, and the place of the target key."""
    low, high = target - KEY / 2, target + KEY / 2
    below = [low - KEY * step for step in range(int((low + ROUNDING) / KEY), 0, -1)]
    above = [high + KEY * step for step in range(1, int((1 - high + ROUNDING) / KEY) + 1)]
    inner = np.array([*below, low, high, *above])
    inner = inner[(inner > ROUNDING) & (inner < 1 - ROUNDING)]
    edges = np.array([0.0, *inner, 1.0])
    return edges, int(np.argmin(np.abs(edges - low)))


def _boundary(lower: float, upper: float) -> float:
    """The observed rate that speaks as much for the rate `lower` as for `upper`."""
    return math.log((1 - lower) / (1 - upper)) / math.log(upper * (1 - lower) / (lower * (1 - upper)))


@cache
def _eliminates(n: int, target: float) -> int | None:
    """The fewest DLTs of n that eliminate the dose."""
    if n < LEAST_TREATED:
        return None
    fewest = bisect_right(range(n + 1), CERTAINTY, key=lambda k: beta_exceedance(k, n, target))  # it rises with k
    return fewest if fewest <= n else None


def _pooled(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The rising sequence nearest `values` in weighted squares (pool adjacent violators). Barlow et al. 1972."""
    blocks: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (low, a, m), (high, b, k) = blocks.pop(-2), blocks.pop()
            blocks.append(((low * a + high * b) / (a + b), a + b, m + k))
    return np.repeat([block[0] for block in blocks], [block[2] for block in blocks])


def _target(target: float) -> float:
    try:
        value = float(target)
    except (TypeError, ValueError):
        raise ValueError(f"target must be a number, not {target!r}") from None
    if not 0.05 <= value <= 0.6:
        raise ValueError(f"target must lie in 0.05 to 0.6, not {target!r}")
    return value


def _count(name: str, value: int, least: int) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be an integer, not {value!r}") from None
    if count < least:
        raise ValueError(f"{name} must be {least} or more, not {value!r}")
    return count
