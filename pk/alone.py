"""One subject's parameters from that subject's samples alone, for many subjects at a time."""

from dataclasses import dataclass

import numpy as np

from pk.draws import Draws, Normal, Proposal, effective, spread_out
from pk.likelihood import Evidence
from pk.stein import ordered, published

# Standard deviations of what is assumed before any sample is seen, around the published typical subject and, for Cmax,
# around the subject's own maximum: so wide that only what the samples leave open depends on them.
VAGUE = (5.0, 1.0, 3.0, 2.5, 3.0, 3.0, 1.5)
RESIDUAL = (0.4, 0.7)  # residual standard deviation of ln C: median, and standard deviation of its logarithm
BEST = 0.05  # the least residual standard deviation: that of a very good assay
ENOUGH = 64  # equal draws that a subject's numbers need
SETTLED = 3  # rounds in a row with enough
ROUNDS = 45


@dataclass(frozen=True)
class Alone:
    """Weighted draws of `phi` of n subjects, with ln of the residual standard deviation as the last parameter."""

    draws: Draws
    weights: np.ndarray  # n x m
    proposal: Proposal
    settled: np.ndarray  # n, bool: the draws stand on the target
    samples: np.ndarray  # n, quantified ones

    @property
    def phi(self) -> np.ndarray:
        return self.draws.phi[..., :-1]

    @property
    def residual(self) -> np.ndarray:
        return residual(self.draws.phi)


def each_alone(seen: Evidence, lag: bool) -> Alone:
    """Each subject by itself; every one has a quantified sample."""
    prior = _vague(seen, lag)
    proposal, settled = spread_out(prior, along=1), 0
    for _ in range(ROUNDS):
        draws = proposal.draw(prior)
        target = _log_target(seen, draws.phi) + prior.log_density(draws.phi)
        weights = draws.weights(target)
        enough = effective(weights) >= ENOUGH
        proposal = draws.learn(target)
        settled = settled + 1 if enough.all() else 0
        if settled == SETTLED:
            break
    return Alone(draws, weights, proposal, enough, seen.quantified.belongs.sum(axis=1))


def _vague(seen: Evidence, lag: bool) -> Normal:
    typical, _ = published(lag)
    mean = np.tile(np.append(typical, np.log(RESIDUAL[0])), (len(seen.log_maximum), 1))
    mean[:, 2] = seen.log_maximum
    return Normal(mean, np.array([*VAGUE[: typical.size], RESIDUAL[1]]))


def _log_target(seen: Evidence, phi: np.ndarray) -> np.ndarray:
    likelihood = seen.misfit(phi[..., :-1]).log_likelihood(residual(phi))
    return np.where(ordered(phi), likelihood, -np.inf)


def residual(phi: np.ndarray) -> np.ndarray:
    """The residual standard deviation of draws, which no assay brings below BEST."""
    return np.hypot(np.exp(phi[..., -1]), BEST)
