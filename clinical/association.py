"""Whether two measurements go together in few patients: rank correlation, two groups compared, many tests adjusted."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from clinical.permutation import SAMPLED, two_sided

EXACT_PAIRS = 12  # patients up to which the p of a correlation is exact
EXACT_GROUPED = 50  # patients of both groups up to which the p of a comparison is exact
FEWEST_PAIRS = 4  # for an interval of a correlation
FEWEST_IN_GROUP = 3  # for an interval of a comparison

RESAMPLES = 10_000
SEED = 1979
LEVEL = 0.95
MOST_UNDEFINED = 0.05  # of the resamples; with more, what is left no longer stands for the patients

# Why something is not said, one sentence a code. A translation has the same keys and placeholders.
ENGLISH = {
    "": "",
    "few_pairs": "{n} complete pairs: no correlation from fewer than 3",
    "constant_x": "all values of the first variable are equal: no correlation",
    "constant_y": "all values of the second variable are equal: no correlation",
    "empty_x": "the first group is empty",
    "empty_y": "the second group is empty",
    "limits_few_pairs": "{n} complete pairs: no interval from fewer than 4",
    "limits_few_in_group": "groups of {n_x} and {n_y}: no interval where one has fewer than 3",
    "limits_no_spread": "resampling gives the same value every time: no interval can be read from it",
    "limits_undefined": "one variable is constant in more than 5 % of the resamples: no interval",
}


@dataclass(frozen=True)
class Association:
    """A rank correlation. What cannot be said is NaN, and `code` (a key of ENGLISH) says why."""

    rho: float  # -1 to 1
    p: float  # two-sided, by |rho|
    method: str  # of p: "exact", "permutation (..., seed ...)", or "" where there is none
    low: float  # bootstrap limits of rho, 95 %
    high: float
    n: int  # complete pairs
    code: str = ""

    @property
    def reason(self) -> str:
        return self.say(ENGLISH)

    def say(self, sentences: Mapping[str, str]) -> str:
        """The reason in the language of `sentences`, which has the keys and placeholders of ENGLISH."""
        return sentences[self.code].format(n=self.n)


@dataclass(frozen=True)
class Comparison:
    """Two groups compared by ranks. What cannot be said is NaN, and `code` (a key of ENGLISH) says why."""

    auc: float  # P(X > Y) + P(X = Y) / 2, 0 to 1; 0.5 = no difference
    p: float  # two-sided, by the distance of the rank sum from its mean
    method: str  # of p: "exact", "permutation (..., seed ...)", or "" where there is none
    low: float  # bootstrap limits of the AUC, 95 %
    high: float
    n_x: int
    n_y: int
    code: str = ""

    @property
    def reason(self) -> str:
        return self.say(ENGLISH)

    def say(self, sentences: Mapping[str, str]) -> str:
        """The reason in the language of `sentences`, which has the keys and placeholders of ENGLISH."""
        return sentences[self.code].format(n_x=self.n_x, n_y=self.n_y)


# ---- correlation -----------------------------------------------------------------------------------------------------
def spearman(x: ArrayLike, y: ArrayLike) -> Association:
    """Spearman's rho of two variables, shape (patients,), paired by position; order by value, so units do not matter.

    A pair with a missing value (NaN, None) in x or y is left out; `n` counts the others. Equal values share their mean
    rank; equal means equal to the last bit.

    p: P(|rho*| >= |rho|) when y is dealt out to x at random, ties as they are. Exact over all n! ways to n = 12, from
    100,000 seeded permutations beyond. With ties this is not the doubled one-sided p.
    low, high: the 2.5 and 97.5 percentiles of rho in 10,000 seeded resamples of the patients. A resample in which a
    variable is constant has no rho and is left out. Percentiles, not BCa: in normal samples of 9, 12 and 18 with
    Pearson correlations of 0, 0.5 and 0.8 (300 each) they held the true rho 96 to 99 % of the time, BCa 94 to 98 %.

    All NaN with n < 3 or a constant variable. No limits with n = 3, where all resamples agree (|rho| = 1: the interval
    would be one point, however few the patients), or where more than 5 % of the resamples have no rho.

    ValueError, naming the argument: not one-dimensional, not numbers, infinite, y of another length than x.

    Spearman, Am J Psychol 1904;15:72-101. Bootstrap limits: Efron & Tibshirani, An Introduction to the Bootstrap, 1993,
    ch. 13; Ruscio, J Mod Appl Stat Methods 2008;7:416-434.
    """
    x, y = _numbers("x", x), _numbers("y", y)
    if len(x) != len(y):
        raise ValueError(f"y must be as long as x: {len(y)} and {len(x)} values")
    complete = ~(np.isnan(x) | np.isnan(y))
    pairs = list(zip(_double_ranks(x[complete]), _double_ranks(y[complete]), strict=True))
    # In one order, so that neither the order of the patients nor which variable is called x moves the limits.
    return _correlation(min(tuple(sorted(pairs)), tuple(sorted((b, a) for a, b in pairs))), *_constant(pairs))


def _constant(pairs: Sequence[tuple[int, int]]) -> tuple[bool, bool]:
    return len({a for a, _ in pairs}) == 1, len({b for _, b in pairs}) == 1


@lru_cache(maxsize=4096)
def _correlation(pairs: tuple[tuple[int, int], ...], constant_x: bool, constant_y: bool) -> Association:
    """`spearman` of complete pairs of ranks."""
    n = len(pairs)
    code = "few_pairs" if n < 3 else "constant_x" if constant_x else "constant_y" if constant_y else ""
    if code:
        return Association(math.nan, math.nan, "", math.nan, math.nan, n, code)
    x, y = zip(*pairs, strict=True)
    exact = n <= EXACT_PAIRS
    p = two_sided(x, y, exact=exact)
    low, high, code = (math.nan, math.nan, "limits_few_pairs") if n < FEWEST_PAIRS else _limits(_resampled_rho(x, y))
    return Association(_rho(x, y), p, "exact" if exact else SAMPLED, low, high, n, code)


def _rho(x: Sequence[int], y: Sequence[int]) -> float:
    n = len(x)

    def spread(a: Sequence[int], b: Sequence[int]) -> int:
        return n * sum(one * other for one, other in zip(a, b, strict=True)) - sum(a) * sum(b)

    return max(-1.0, min(1.0, spread(x, y) / math.sqrt(spread(x, x) * spread(y, y))))


def _resampled_rho(x: Sequence[int], y: Sequence[int]) -> np.ndarray:
    """rho in each resample, shape (RESAMPLES,); NaN where a variable is constant in it."""
    weights, n = _resamples(len(x)), len(x)
    a, b = (_resampled_ranks(np.array(ranks), weights) - (n + 1) / 2 for ranks in (x, y))
    both, of_a, of_b = (_columns(weights * one, other) for one, other in ((a, b), (a, a), (b, b)))
    with np.errstate(invalid="ignore"):
        return both / np.sqrt(of_a * of_b)


def _resampled_ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean rank that each patient's value has among the values of each resample; shape (n, RESAMPLES)."""
    below = values < values[:, None]
    equal = values == values[:, None]
    return _product(below + equal / 2, weights) + 0.5


# ---- two groups ------------------------------------------------------------------------------------------------------
def rank_sum(x: ArrayLike, y: ArrayLike) -> Comparison:
    """Wilcoxon's rank-sum (Mann-Whitney) test of two groups, shapes (n_x,) and (n_y,), in the same unit.

    Missing values (NaN, None) are left out; `n_x` and `n_y` count the others. Equal values share their mean rank.

    auc: (W - n_x (n_x + 1) / 2) / (n_x n_y), with W the rank sum of x: the chance that a patient of x has the higher
    value, ties counting half.
    p: P(|W* - E W| >= |W - E W|) over all ways to deal the n_x + n_y ranks out to the groups, ties as they are. Exact
    to 50 patients, from 100,000 seeded permutations beyond. With ties this is not the doubled one-sided p.
    low, high: the 2.5 and 97.5 percentiles of the AUC in 10,000 seeded resamples, each group resampled within itself.

    All NaN where a group is empty. No limits where a group has fewer than 3, or where all resamples agree (AUC 0 or 1,
    or all values equal: then auc is 0.5 and p 1).

    ValueError, naming the argument: not one-dimensional, not numbers, infinite.

    Wilcoxon, Biometrics Bull 1945;1:80-83; Mann & Whitney, Ann Math Stat 1947;18:50-60; Efron & Tibshirani, An
    Introduction to the Bootstrap, 1993, ch. 8 (two samples) and 13.
    """
    x, y = (np.sort(values[~np.isnan(values)]) for values in (_numbers("x", x), _numbers("y", y)))
    n_x, n_y = len(x), len(y)
    code = "empty_x" if n_x == 0 else "empty_y" if n_y == 0 else ""
    if code:
        return Comparison(math.nan, math.nan, "", math.nan, math.nan, n_x, n_y, code)

    ranks = _double_ranks(np.concatenate([x, y]))
    auc = (sum(ranks[:n_x]) - n_x * (n_x + 1)) / (2 * n_x * n_y)
    exact = n_x + n_y <= EXACT_GROUPED
    p = two_sided(ranks, [1] * n_x + [0] * n_y, exact=exact)
    few = min(n_x, n_y) < FEWEST_IN_GROUP
    low, high, code = (math.nan, math.nan, "limits_few_in_group") if few else _limits(_resampled_auc(x, y))
    return Comparison(auc, p, "exact" if exact else SAMPLED, low, high, n_x, n_y, code)


def _resampled_auc(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The AUC in each resample, shape (RESAMPLES,)."""
    wins = (x[:, None] > y) + (x[:, None] == y) / 2
    of_x, of_y = _resamples(len(x), stream=1), _resamples(len(y), stream=2)
    return _columns(_product(wins.T, of_x), of_y) / (len(x) * len(y))


# ---- many tests ------------------------------------------------------------------------------------------------------
def adjust(p: ArrayLike, method: str = "BH") -> np.ndarray:
    """p-values adjusted for their number, in the shape of `p`. NaN stays NaN and does not count as a test.

    "BH" (false discovery rate): the k-th smallest of m becomes the least of m p(j) / j over j >= k.

    KeyError for an unknown method; ValueError where p holds something else than 0 to 1.

    Benjamini & Hochberg, J R Stat Soc B 1995;57:289-300; as adjusted p-values: Yekutieli & Benjamini, J Stat Plan
    Inference 1999;82:171-196.
    """
    adjusted = ADJUSTMENTS[method]
    p = _floats("p", p)
    tested = ~np.isnan(p)
    if not ((p[tested] >= 0) & (p[tested] <= 1)).all():
        raise ValueError("p must lie in 0 to 1")
    out = np.full(p.shape, np.nan)
    out[tested] = adjusted(p[tested])
    return out


def _benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    order = np.argsort(p)
    scaled = p[order] * (len(p) / np.arange(1, len(p) + 1))
    out = np.empty(len(p))
    out[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return out


ADJUSTMENTS = {"BH": _benjamini_hochberg}


# ---- resampling and input --------------------------------------------------------------------------------------------
@lru_cache(maxsize=16)
def _resamples(n: int, stream: int = 0) -> np.ndarray:
    """How often each of n patients is in each resample, shape (n, RESAMPLES). Two groups, two streams."""
    rng = np.random.default_rng([SEED, stream])
    weights = rng.multinomial(n, [1 / n] * n, size=RESAMPLES).T.astype(float, order="C")
    weights.setflags(write=False)  # shared by all callers
    return weights


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    # Not a @ b: for so small a matrix its threads cost more than the sums, by far where the cores are busy.
    return np.einsum("ij,jk->ik", a, b)


def _columns(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The sum of a * b down each column."""
    return np.einsum("ij,ij->j", a, b)


def _limits(estimates: np.ndarray) -> tuple[float, float, str]:
    """The percentile limits of resampled estimates (NaN = undefined) and the code that says why there are none."""
    defined = estimates[~np.isnan(estimates)]
    if len(defined) < (1 - MOST_UNDEFINED) * len(estimates):
        return math.nan, math.nan, "limits_undefined"
    if np.ptp(defined) < 1e-9:
        return math.nan, math.nan, "limits_no_spread"
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high), ""


def _double_ranks(values: np.ndarray) -> list[int]:
    """Twice the mean ranks: whole numbers, so that comparisons are exact."""
    return [int(rank) for rank in 2 * rankdata(values)]


def _numbers(name: str, values: ArrayLike) -> np.ndarray:
    numbers = _floats(name, values)
    if numbers.ndim != 1:
        raise ValueError(f"{name} must have one dimension, not {numbers.ndim}")
    if np.isinf(numbers).any():
        raise ValueError(f"{name} must be finite")
    return numbers


def _floats(name: str, values: ArrayLike) -> np.ndarray:
    found = np.asarray(values)
    # Text that looks like a number ("<5" beside "12") is a result not yet read, so none of it is.
    text = found.dtype.kind == "O" and any(isinstance(value, str | bytes) for value in found.flat)
    if text or found.dtype.kind not in "biufO":
        raise ValueError(f"{name} must hold numbers")
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers") from None
