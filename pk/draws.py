"""Importance sampling of many subjects' parameters at once: proposals that learn where each subject's parameters lie.

n subjects, m draws, d parameters. Everything is deterministic: the points are one seeded Sobol sequence, the same for
every subject, so that neither the order of the subjects nor who else is there changes what is drawn.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import chdtri, gammaln, logsumexp
from scipy.stats import norm, qmc

SEED = 20190403
POINTS = 2048  # draws a subject, a power of 2
FREEDOM = 5  # of the t distribution: tails that hold what the proposal has not seen
FROM_PRIOR = 1 / 8  # share of the draws that comes from the prior, so that no weight grows without bound
LEAST_EFFECTIVE = 1 / 16  # share of the draws on which the next proposal rests, at least
WIDER = 1.2  # the spread of a proposal over that of what it has seen
FLATTEST, HALVINGS = 1e-4, 13  # least power of the weights, and how finely it is sought
STRAY = 0.02  # of a draw that each t distribution takes whether it explains it or not
STARTS = 4  # t distributions of each subject


@dataclass(frozen=True)
class Normal:
    """Independent normal distributions of d parameters."""

    mean: np.ndarray  # n x d, or 1 x d where it is that of every subject
    sd: np.ndarray  # d

    def log_density(self, phi: np.ndarray) -> np.ndarray:
        """n x m, of n x m x d."""
        far = (phi - self.mean[:, None]) / self.sd
        return -np.einsum("imd,imd->im", far, far) / 2 - (np.log(self.sd) + np.log(2 * np.pi) / 2).sum()


@dataclass(frozen=True)
class Proposal:
    """Where each subject's parameters are looked for: k t distributions, and the prior."""

    share: np.ndarray  # n x k, each row sums to 1
    mean: np.ndarray  # n x k x d
    root: np.ndarray  # n x k x d x d, lower Cholesky factors of the spreads

    def draw(self, prior: Normal) -> "Draws":
        """m draws of each subject and the density they were drawn with."""
        d = prior.sd.size
        normal, radius, place = _points(d)
        few = int(len(normal) * FROM_PRIOR)
        wide = prior.mean[:, None] + prior.sd * normal[:few]
        which = (self.share.cumsum(axis=1)[:, :-1, None] < place[few:]).sum(axis=1)  # n x (m - few)
        row = np.arange(len(which))[:, None]
        around = np.einsum("imde,me->imd", self.root[row, which], (normal * radius)[few:])
        wide = np.broadcast_to(wide, (len(which), few, d))
        phi = np.concatenate([wide, self.mean[row, which] + around], axis=1)
        parts = self._log_densities(phi)
        own = np.log1p(-FROM_PRIOR) + logsumexp(parts, axis=1)
        return Draws(phi, np.logaddexp(own, np.log(FROM_PRIOR) + prior.log_density(phi)), parts)

    def _log_densities(self, phi: np.ndarray) -> np.ndarray:
        """n x k x m: of each t distribution, times its share."""
        d = phi.shape[-1]
        far = np.linalg.solve(self.root, (phi[:, None] - self.mean[:, :, None]).swapaxes(2, 3))
        size = np.log(np.diagonal(self.root, axis1=2, axis2=3)).sum(axis=2)
        constant = gammaln((FREEDOM + d) / 2) - gammaln(FREEDOM / 2) - d * np.log(FREEDOM * np.pi) / 2
        shape = -(FREEDOM + d) / 2 * np.log1p((far**2).sum(axis=2) / FREEDOM)
        return shape + (constant - size + np.log(self.share))[..., None]


@dataclass(frozen=True)
class Draws:
    """Draws of each subject's parameters."""

    phi: np.ndarray  # n x m x d
    log_density: np.ndarray  # n x m, of the proposal
    parts: np.ndarray  # n x k x m, of its t distributions

    def weights(self, log_target: np.ndarray) -> np.ndarray:
        """The weights, n x m, that make the draws a sample of a density known up to a factor: each row sums to 1."""
        return normalised(log_target - self.log_density)

    def learn(self, log_target: np.ndarray) -> Proposal:
        """A proposal nearer to the target. Where too few draws carry the weight, the target is flattened until enough
        do: so a proposal walks towards a narrow target instead of falling on one draw."""
        ratio = log_target - self.log_density
        return self._summed_up(normalised(ratio * _power(ratio)[:, None]))

    def _summed_up(self, weights: np.ndarray) -> Proposal:
        """Each t distribution moves to the draws that it explains best: Cappe et al., Stat Comput 2008;18:447-459,
        doi:10.1007/s11222-008-9059-x, with a little of every draw, so that none dies out."""
        d = self.phi.shape[2]
        near = np.exp(self.parts - logsumexp(self.parts, axis=1, keepdims=True)) + STRAY
        near = near / near.sum(axis=1, keepdims=True) * weights[:, None]
        share = near.sum(axis=2)
        near = near / share[..., None]
        mean = near @ self.phi
        square = np.einsum("imd,ime->imde", self.phi, self.phi).reshape(*self.phi.shape[:2], d * d)
        spread = (near @ square).reshape(*mean.shape, d) - mean[..., None] * mean[..., None, :]
        floor = 1e-8 + 1e-6 * np.einsum("ikdd->ikd", spread)
        spread = spread + floor[..., None] * np.eye(mean.shape[-1])
        return Proposal(share, mean, WIDER * np.linalg.cholesky(spread))


def spread_out(prior: Normal, along: int) -> Proposal:
    """A first proposal: the prior, started from several places along one parameter."""
    mean = np.tile(prior.mean[:, None], (1, STARTS, 1))
    mean[:, :, along] += prior.sd[along] * norm.ppf((np.arange(STARTS) + 0.5) / STARTS)
    return Proposal(np.full(mean.shape[:2], 1 / STARTS), mean, np.tile(np.diag(prior.sd), (len(mean), STARTS, 1, 1)))


def effective(weights: np.ndarray) -> np.ndarray:
    """The number of equal draws, by subject, that say as much."""
    return 1 / (weights**2).sum(axis=1)


def resampled(phi: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """Equal draws, n x count x d, of n x m x d weighted ones."""
    places = (np.arange(count) + 0.5) / count
    chosen = [np.searchsorted(row, places).clip(max=len(row) - 1) for row in weights.cumsum(axis=1)]
    return phi[np.arange(len(phi))[:, None], np.array(chosen, int).reshape(len(phi), count)]


def normalised(log_weights: np.ndarray) -> np.ndarray:
    return np.exp(log_weights - logsumexp(log_weights, axis=1, keepdims=True))


def _power(ratio: np.ndarray) -> np.ndarray:
    """By subject the largest power of the weights, 1 or less, under which enough draws count."""
    low, high = np.full(len(ratio), FLATTEST), np.full(len(ratio), 2.0 - FLATTEST)  # whose middle is 1
    for _ in range(HALVINGS):
        middle = np.minimum((low + high) / 2, 1)
        counts = effective(normalised(ratio * middle[:, None])) >= LEAST_EFFECTIVE * ratio.shape[1]
        low, high = np.where(counts, middle, low), np.where(counts, high, middle)
    return low


@cache
def _points(d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """m x d standard normal deviates, the factor m x 1 that makes t deviates of them, and m uniform numbers."""
    uniform = qmc.Sobol(d + 2, scramble=True, rng=SEED).random(POINTS)
    radius = np.sqrt(FREEDOM / chdtri(FREEDOM, uniform[:, d : d + 1]))
    return norm.ppf(uniform[:, :d]), radius, uniform[:, d + 1]
