"""A population of Stein's model: its marginal likelihood over draws of the subjects, and the maximum of that."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import norm, qmc

from pk.alone import ENOUGH, RESIDUAL, Alone
from pk.draws import SEED, Draws, Normal, Proposal, effective
from pk.estimates import LEVEL, RANGE, Estimates, estimates
from pk.likelihood import Evidence, Misfit
from pk.stein import ordered, published

REACH = 0.7  # how far a logarithm may move before new draws are taken: the old ones know nothing of what lies far off
BETWEEN = (0.1, 6.0)  # between-subject standard deviations that are looked at
WITHIN = (0.05, 3.0)  # residual standard deviations that are looked at
MOST = 0.9  # of the subjects
HALVINGS = 4  # of a step too far
FREE, MOVES = 8, 24  # rounds of draws: with whole steps, in all
LEAST_MOVES, NO_GAIN, STILL = 3, 0.01, 0.02  # when it ends early: rounds, gain of log likelihood, step
SMALL = 0.2  # standard errors that a last step may have
# How much is assumed of a population before any subject is seen, around the published one: the typical value is known
# to a factor of e^2, a standard deviation between subjects to a factor of 2. Nothing is assumed of Cmax.
TYPICAL, DEVIATION, ERROR = 2.0, 0.7, 2.0
SUBJECTS = 256  # of a population, to see its spread
STEP = 1e-3  # of the differences that make the information


@dataclass(frozen=True)
class Theta:
    """A population: how `phi` is distributed among subjects, and the residual standard deviation of ln C."""

    mean: np.ndarray  # d
    sd: np.ndarray  # d
    residual: float

    def subjects(self, n: int) -> Normal:
        return Normal(np.tile(self.mean, (n, 1)), self.sd)

    @property
    def flat(self) -> np.ndarray:
        """The means, the logarithms of the standard deviations, and that of the residual one: 2 d + 1 numbers."""
        return np.concatenate([self.mean, np.log(self.sd), [np.log(self.residual)]])


def theta(flat: np.ndarray) -> Theta:
    d = flat.size // 2
    return Theta(flat[:d], np.exp(flat[d:-1]), float(np.exp(flat[-1])))


@dataclass(frozen=True)
class Surface:
    """The marginal log likelihood of a population, with what is assumed of it, as an average over draws that stay.

    Value and slope are smooth in the population's parameters though the model, at Tmax, is not in a subject's.
    """

    draws: Draws
    misfit: Misfit
    assumed: Normal  # of the flat theta

    def log_joint(self, flat: np.ndarray) -> np.ndarray:
        """ln of likelihood times density of each draw, n x m."""
        return self.misfit.log_likelihood(theta(flat).residual) + self._log_density(theta(flat))

    def weights(self, flat: np.ndarray) -> np.ndarray:
        """The weights of the draws under a flat theta, n x m."""
        return self.draws.weights(self.log_joint(flat))

    def covered(self, flat: np.ndarray) -> np.ndarray:
        """The subjects, n, of whom enough draws count under a flat theta."""
        return effective(self.weights(flat)) >= ENOUGH

    def _log_density(self, at: Theta) -> np.ndarray:
        density = at.subjects(len(self.draws.phi)).log_density(self.draws.phi)
        return np.where(ordered(self.draws.phi), density, -np.inf)

    def value(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """The value at a flat theta and its slope: by Fisher's identity the mean slope of the weighted draws."""
        at = theta(flat)
        likelihood, by_error = self.misfit.with_slope(at.residual)
        ratio = likelihood + self._log_density(at) - self.draws.log_density
        whole = logsumexp(ratio, axis=1)
        weights = np.exp(ratio - whole[:, None])
        far = (self.draws.phi - at.mean) / at.sd
        by_mean = (weights[:, None] @ far).sum(axis=(0, 1)) / at.sd
        by_sd = (weights[:, None] @ far**2).sum(axis=(0, 1)) - len(whole)
        off = (flat - self.assumed.mean[0]) / self.assumed.sd
        value = (whole - np.log(ratio.shape[1])).sum() - (off**2).sum() / 2
        return value, np.concatenate([by_mean, by_sd, [(weights * by_error).sum()]]) - off / self.assumed.sd

    def climb(self, start: np.ndarray) -> np.ndarray:
        """The flat theta of the highest value within reach of the draws, or so far on the way there that enough draws
        still count."""
        low, high = start - REACH, start + REACH
        for places, limits in ((slice(start.size // 2, -1), BETWEEN), (slice(-1, None), WITHIN)):
            low[places], high[places] = (np.clip(edge[places], *np.log(limits)) for edge in (low, high))
        limits = np.column_stack([low, high])
        step = minimize(self._downhill, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 40}).x
        step -= start
        for _ in range(HALVINGS):
            if self.covered(start + step).mean() >= MOST:
                break
            step /= 2
        return start + step

    def _downhill(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = self.value(flat)
        return -value, -slope

    def spread(self, flat: np.ndarray) -> np.ndarray:
        """A root, times its transpose the covariance of the flat theta: the inverse of the observed information, which
        is minus the second derivatives at `flat`. A direction in which the surface is flat, or bends upwards, is as
        uncertain as what is assumed of a typical value."""
        units = STEP * np.eye(flat.size)
        bend = np.array([self.value(flat + unit)[1] - self.value(flat - unit)[1] for unit in units]) / (2 * STEP)
        information, directions = np.linalg.eigh(-(bend + bend.T) / 2)
        return directions / np.sqrt(np.maximum(information, 1 / TYPICAL**2))


@dataclass(frozen=True)
class Found:
    """A maximum: the flat theta, its surface, and the last step."""

    flat: np.ndarray
    surface: Surface
    step: np.ndarray

    @property
    def settled(self) -> bool:
        """Whether the last step was small beside the standard errors, and enough draws count of most subjects."""
        still = (np.abs(self.step) / self.standard_errors).max() < SMALL
        return bool(still and self.covered.mean() >= MOST)

    @property
    def covered(self) -> np.ndarray:
        """The subjects, n, of whom enough draws count."""
        return self.surface.covered(self.flat)

    def weights(self, thetas: np.ndarray) -> np.ndarray:
        """The weights of the draws, n x m, averaged over flat thetas: a subject is not surer than the population is."""
        return np.mean([self.surface.weights(flat) for flat in thetas], axis=0)

    @property
    def value(self) -> float:
        return self.surface.value(self.flat)[0]

    @cached_property
    def spread(self) -> np.ndarray:
        return self.surface.spread(self.flat)

    @property
    def standard_errors(self) -> np.ndarray:
        return np.sqrt((self.spread**2).sum(axis=1))

    def likely(self, count: int) -> np.ndarray:
        """Flat thetas, count x (2 d + 1), that the samples allow: normal around the maximum."""
        return self.flat + np.random.default_rng(SEED).standard_normal((count, self.flat.size)) @ self.spread.T


def typical_subject(thetas: np.ndarray) -> Estimates:
    """Of flat thetas: the typical subject's numbers, one row."""
    d = thetas.shape[1] // 2
    return estimates(thetas[None, :, :d], np.full((1, len(thetas)), 1 / len(thetas)))


def among_subjects(thetas: np.ndarray) -> Estimates:
    """Of flat thetas: the standard deviation of ln of each number among subjects, from the middle 95 % of them."""
    d = thetas.shape[1] // 2
    normal = norm.ppf(qmc.Sobol(d, rng=SEED).random(SUBJECTS))
    phi = thetas[:, None, :d] + np.exp(thetas[:, None, d:-1]) * normal
    among = estimates(phi, np.full(phi.shape[:2], 1 / SUBJECTS))
    low, value, high = np.quantile(among.width / RANGE, LEVEL, axis=0)[:, None]
    return Estimates(among.names, low, value, high)


def starts(alone: Alone) -> list[np.ndarray]:
    """Where the search begins: the average of the subjects alone, and the published subject with twice the spread."""
    typical, sd = published(alone.phi.shape[-1] > 6)
    own = np.einsum("im,imd->id", alone.weights, alone.phi)
    other = typical.copy()
    other[2] = own[:, 2].mean()
    return [Theta(own.mean(axis=0), sd, 0.5).flat, Theta(other, 2 * sd, 1.0).flat]


def maximum(seen: Evidence, alone: Alone, start: np.ndarray) -> Found:
    """The population of the highest marginal likelihood, from one start. In each round draws are taken where the
    population now is, and it moves towards the maximum over them: at first all the way, later, as what is left is the
    chance of the draws, to the average of the maxima (stochastic approximation, Robbins and Monro 1951)."""
    d, n = start.size // 2, len(alone.phi)
    proposal = Proposal(alone.proposal.share, alone.proposal.mean[..., :d], alone.proposal.root[..., :d, :d])
    assumed, flat = _assumed(d), start
    for move in range(MOVES):
        draws = proposal.draw(theta(flat).subjects(n))
        surface = Surface(draws, seen.misfit(draws.phi), assumed)
        step = (surface.climb(flat) - flat) / max(1, move - FREE + 1)
        gain = surface.value(flat + step)[0] - surface.value(flat)[0]
        flat = flat + step
        proposal = draws.learn(surface.log_joint(flat))
        still = move >= LEAST_MOVES and gain < NO_GAIN and np.abs(step).max() < STILL
        if still and surface.covered(flat).all():
            break
    return Found(flat, surface, step)


def _assumed(d: int) -> Normal:
    typical, sd = published(d > 6)
    spread = np.full(d, TYPICAL)
    spread[2] = np.inf
    spread = np.concatenate([spread, np.full(d, DEVIATION), [ERROR]])
    return Normal(Theta(typical, sd, RESIDUAL[0]).flat[None], spread)
