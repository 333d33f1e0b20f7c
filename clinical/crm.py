"""A one-parameter continual reassessment model: what all doses together say about the DLT rate of each."""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.optimize import brentq

DEEP = 50.0  # natural logarithms below its peak at which the density of beta is cut: under 1e-20 of it lies beyond
PANEL = 1.0  # of beta; inside it a rate moves by no more than a factor that the rule below follows to rounding
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
WIDEST_PRIOR = 10.0  # beyond it every rate is 0 or 1 a priori, and exp(exp(beta)) leaves the numbers


class CrmPosterior(pd.DataFrame):
    """The frame of `crm_posterior`, which can also say how likely a rate lies above a target. Parts of it are plain."""

    _metadata = ("posterior",)

    def p_above(self, target: float) -> pd.Series:
        """P(DLT rate > target), 0 to 1, a row a dose. ValueError for a target that does not lie between 0 and 1."""
        target = _number("target", target, 0, 1)
        values = [self.posterior.p_above(prior_rate, target) for prior_rate in self.posterior.skeleton]
        return pd.Series(values, index=self.index, name="p_above")


def crm_posterior(
    skeleton: Sequence[float],
    treated: Sequence[int],
    dlts: Sequence[int],
    *,
    prior_sd: float,
    target: float | None = None,
) -> CrmPosterior:
    """The DLT rate of each dose after `dlts` of `treated` patients with a result: `dose, plug_in, mean, sd`.

    skeleton: the prior guess of the rate at each dose, rising, between 0 and 1. treated, dlts: counts, one a dose.
    prior_sd: of beta (dfcrm's default is sqrt(1.34)), above 0, up to 10. Model: rate_i = skeleton_i ** exp(beta),
    beta ~ N(0, prior_sd ** 2), so that the exponent is lognormal.

    dose: 1, 2, ... plug_in: the rate at the posterior mean of beta, which is what dfcrm reports. mean, sd: of the
    rate's own posterior. The result's method `p_above(target)` gives P(rate > target); with `target` given here it is a
    column `p_above` too. Nobody treated gives the prior's own answer. ValueError, naming the argument.

    O'Quigley, Pepe & Fisher, Biometrics 1990;46:33-48, doi:10.2307/2531628; Cheung, Dose Finding by the Continual
    Reassessment Method, 2011, section 3.2.
    """
    skeleton = _skeleton(skeleton)
    treated, dlts = counts_by_dose(treated, dlts)
    if len(treated) != len(skeleton):
        raise ValueError(f"skeleton must hold a rate a dose: it has {len(skeleton)}, treated {len(treated)}")
    sd = _number("prior_sd", prior_sd, 0, math.inf)
    if sd > WIDEST_PRIOR:
        raise ValueError(f"prior_sd must be {WIDEST_PRIOR:g} or less, not {prior_sd!r}")
    posterior = _Posterior.of(np.array(skeleton), np.array(treated), np.array(dlts), sd)
    moments = [posterior.moments(prior_rate) for prior_rate in skeleton]
    exponent = math.exp(posterior.mean_beta)
    frame = CrmPosterior(
        {
            "dose": range(1, len(skeleton) + 1),
            "plug_in": [prior_rate**exponent for prior_rate in skeleton],
            "mean": [mean for mean, _ in moments],
            "sd": [spread for _, spread in moments],
        }
    )
    frame.posterior = posterior
    if target is not None:
        frame["p_above"] = frame.p_above(target)
    return frame


@dataclass(frozen=True)
class _Posterior:
    """The density of beta, unnormalised and 1 at its mode, between the bounds where it has all but vanished."""

    skeleton: np.ndarray
    treated: np.ndarray
    dlts: np.ndarray
    prior_sd: float
    mode: float = 0.0
    low: float = 0.0
    high: float = 0.0
    mass: float = 1.0
    mean_beta: float = 0.0

    @classmethod
    def of(cls, skeleton: np.ndarray, treated: np.ndarray, dlts: np.ndarray, prior_sd: float) -> "_Posterior":
        data = (skeleton, treated, dlts, prior_sd)
        bare = cls(*data)
        # The logarithm is concave with the prior's curvature at least: one mode, and a slope that crosses zero once.
        reach = 1.0
        while bare._slope(-reach) < 0 or bare._slope(reach) > 0:
            reach *= 2
        mode = brentq(bare._slope, -reach, reach, xtol=1e-12)
        low, high = (bare._edge(mode, side) for side in (-1, 1))
        bounded = cls(*data, mode, low, high)
        mass = bounded._integral(lambda beta: 1.0, low, high)
        mean = bounded._integral(lambda beta: beta, low, high) / mass
        return cls(*data, mode, low, high, mass, mean)

    def moments(self, prior_rate: float) -> tuple[float, float]:
        """(mean, standard deviation) of the rate whose prior guess is `prior_rate`."""
        mean = self._integral(lambda beta: _rate(prior_rate, beta), self.low, self.high) / self.mass
        square = self._integral(lambda beta: (_rate(prior_rate, beta) - mean) ** 2, self.low, self.high) / self.mass
        return mean, math.sqrt(square)

    def p_above(self, prior_rate: float, target: float) -> float:
        # The rate falls as beta rises: it is above the target where beta is below this.
        limit = math.log(math.log(target) / math.log(prior_rate))
        if limit <= self.low:
            return 0.0
        if limit >= self.high:
            return 1.0
        if limit <= self.mode:
            return self._integral(lambda beta: 1.0, self.low, limit) / self.mass
        return 1 - self._integral(lambda beta: 1.0, limit, self.high) / self.mass

    def _log_density(self, beta: float) -> float:
        survived = self.treated - self.dlts
        hazard = -np.log(self.skeleton) * math.exp(beta)  # rate = exp(-hazard)
        log_survived = np.where(survived > 0, np.log(-np.expm1(-hazard)), 0.0)
        return float(survived @ log_survived - self.dlts @ hazard) - (beta / self.prior_sd) ** 2 / 2

    def _slope(self, beta: float) -> float:
        """Of the logarithm of the density."""
        hazard = -np.log(self.skeleton) * math.exp(beta)
        # h / (exp(h) - 1), written so that a large h gives 0 and not infinity / infinity
        survived = (self.treated - self.dlts) @ (hazard * np.exp(-hazard) / -np.expm1(-hazard))
        return float(survived - self.dlts @ hazard) - beta / self.prior_sd**2

    def _edge(self, mode: float, side: int) -> float:
        """Where, below (-1) or above (1) the mode, the logarithm has fallen by DEEP."""
        peak = self._log_density(mode)

        def above_floor(beta: float) -> float:
            return self._log_density(beta) - peak + DEEP

        # The prior alone falls by DEEP in this width, and the data only narrow it.
        return brentq(above_floor, mode, mode + side * self.prior_sd * math.sqrt(2 * DEEP) * 1.01, xtol=1e-12)

    def _integral(self, of, low: float, high: float) -> float:
        """Of `of` times the density, in parts about the mode, so that a narrow peak is not stepped over."""
        peak = self._log_density(self.mode)

        def integrand(beta: float) -> float:
            return of(beta) * math.exp(self._log_density(beta) - peak)

        inside = [self.low + (self.mode - self.low) * part for part in (0.5, 0.8, 1)]
        inside += [self.mode + (self.high - self.mode) * part for part in (0.2, 0.5)]
        cuts = [low, *(cut for cut in inside if low < cut < high), high]
        return math.fsum(_gauss(integrand, a, b) for a, b in pairwise(cuts))


def _gauss(integrand, low: float, high: float) -> float:
    """Gauss-Legendre in panels: the integrand is analytic, so that the rule is exact to rounding. An adaptive one asks
    for digits that a part whose value is nearly 0 does not have, and warns."""
    panels = max(1, math.ceil((high - low) / PANEL))
    half = (high - low) / panels / 2
    middles = low + half * (1 + 2 * np.arange(panels))
    values = [[integrand(middle + half * node) for node in _NODES] for middle in middles]
    return half * float((np.array(values) @ _WEIGHTS).sum())


def _rate(prior_rate: float, beta: float) -> float:
    return math.exp(math.log(prior_rate) * math.exp(beta))


def counts_by_dose(treated: Sequence[int], dlts: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Both as integers; ValueError, naming the argument, unless they are counts, as many of each, dlts of treated."""
    counts = {}
    for name, values in {"treated": treated, "dlts": dlts}.items():
        try:
            counts[name] = tuple(operator.index(value) for value in values)
        except TypeError:
            raise ValueError(f"{name} must be integers, one a dose, not {values!r}") from None
        if not counts[name] or min(counts[name]) < 0:
            raise ValueError(f"{name} must be counts, one a dose, not {values!r}")
    if len(counts["dlts"]) != len(counts["treated"]):
        raise ValueError(f"dlts must hold a count a dose: {len(counts['dlts'])}, treated {len(counts['treated'])}")
    for n, k in zip(counts["treated"], counts["dlts"], strict=True):
        if k > n:
            raise ValueError(f"dlts must not exceed treated: {k} of {n}")
    return counts["treated"], counts["dlts"]


def _skeleton(skeleton: Sequence[float]) -> tuple[float, ...]:
    rates = tuple(_number("skeleton", rate, 0, 1) for rate in skeleton)
    if any(after <= before for before, after in pairwise(rates)):
        raise ValueError(f"skeleton must rise from dose to dose, not {skeleton!r}")
    return rates


def _number(name: str, value: float, above: float, below: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, not {value!r}") from None
    if not above < number < below:
        raise ValueError(f"{name} must lie between {above:g} and {below:g}, not {value!r}")
    return number
