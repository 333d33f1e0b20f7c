"""What k of n patients says about a rate: the exact interval, and the chance that the rate lies above a limit."""

import math
import operator
from functools import lru_cache
from typing import SupportsIndex

from scipy.special import betaincinv
from scipy.stats import beta


def clopper_pearson(k: SupportsIndex, n: SupportsIndex, level: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval (low, high) of a rate, as fractions 0 to 1, where k of n patients had the event.

    low  = the alpha/2 quantile of Beta(k, n - k + 1), 0 at k = 0
    high = the 1 - alpha/2 quantile of Beta(k + 1, n - k), 1 at k = n

    Both NaN where n is 0. ValueError, naming the argument, where k or n is no integer or negative, k exceeds n,
    or level is not between 0 and 1.

    Clopper & Pearson, Biometrika 1934;26:404-413, doi:10.1093/biomet/26.4.404.
    """
    k, n = _counts(k, n)
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    return _interval(k, n, float(level))


def beta_exceedance(k: SupportsIndex, n: SupportsIndex, threshold: float, a: float = 1, b: float = 1) -> float:
    """P(rate > threshold), 0 to 1, after k events in n patients under a Beta(a, b) prior (flat unless given).

    The posterior is Beta(a + k, b + n - k); with n = 0 this is the prior's own answer. ValueError, naming the argument,
    for counts as in `clopper_pearson`, a threshold outside 0 to 1, and a or b that is not positive and finite.

    Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4.
    """
    k, n = _counts(k, n)
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must lie in 0 to 1, not {threshold!r}")
    for name, value in {"a": a, "b": b}.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be positive and finite, not {value!r}")
    return float(beta.sf(threshold, a + k, b + n - k))


# The checks stay outside the cache: to it 3 and 3.0 are one key, and the second would pass unseen.
@lru_cache(maxsize=65536)
def _interval(k: int, n: int, level: float) -> tuple[float, float]:
    if n == 0:
        return math.nan, math.nan
    tail = (1 - level) / 2
    # betaincinv is the quantile behind scipy.stats.beta.ppf, without the array machinery that makes it slow on scalars.
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return low, high


def _counts(k: SupportsIndex, n: SupportsIndex) -> tuple[int, int]:
    counts = {}
    for name, value in {"k": k, "n": n}.items():
        try:
            counts[name] = operator.index(value)
        except TypeError:
            raise ValueError(f"{name} must be an integer, not {value!r}") from None
        if counts[name] < 0:
            raise ValueError(f"{name} must not be negative, it is {value!r}")
    if counts["k"] > counts["n"]:
        raise ValueError(f"k must not exceed n: {k!r} of {n!r}")
    return counts["k"], counts["n"]
