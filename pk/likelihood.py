"""What samples say of Stein's model: the likelihood of ln C with normal errors, BLQ as censored."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import log_ndtr

from pk.curves import Samples
from pk.stein import log_conc

LOG_2_PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class Block:
    """k samples of n subjects, ordered by subject."""

    n: int
    subject: np.ndarray  # k, 0 to n - 1
    time: np.ndarray  # k, d
    log_level: np.ndarray  # k, ln of the concentration, or of the limit that a BLQ sample lies below

    def below(self, phi: np.ndarray) -> np.ndarray:
        """ln level - ln C of each sample under its subject's n x m x d parameters: k x m."""
        return self.log_level[:, None] - log_conc(phi[self.subject], self.time[:, None, None])[..., 0]

    @cached_property
    def belongs(self) -> np.ndarray:
        """n x k, 1 where a sample is the subject's: times k x m it sums over the samples of each subject."""
        return (self.subject == np.arange(self.n)[:, None]).astype(float)

    def of(self, chosen: np.ndarray) -> "Block":
        """The samples of those subjects for whom `chosen` holds."""
        kept, place = chosen[self.subject], np.cumsum(chosen) - 1
        return Block(int(chosen.sum()), place[self.subject[kept]], self.time[kept], self.log_level[kept])


@dataclass(frozen=True)
class Evidence:
    """The samples after time 0 that count: with a number, or below a known limit."""

    quantified: Block
    blq: Block

    @property
    def log_maximum(self) -> np.ndarray:
        """ln of each subject's highest quantified concentration, -inf where there is none."""
        highest = np.full(self.quantified.n, -np.inf)
        np.maximum.at(highest, self.quantified.subject, self.quantified.log_level)
        return highest

    def of(self, chosen: np.ndarray) -> "Evidence":
        return Evidence(self.quantified.of(chosen), self.blq.of(chosen))

    def misfit(self, phi: np.ndarray) -> "Misfit":
        """How far n x m x d parameters lie from the samples."""
        seen = self.quantified
        squares = seen.belongs @ seen.below(phi) ** 2
        return Misfit(seen.belongs.sum(axis=1)[:, None], squares, self.blq, self.blq.below(phi))


@dataclass(frozen=True)
class Misfit:
    """What the likelihood needs of parameters, whatever the residual standard deviation."""

    count: np.ndarray  # n x 1, quantified samples
    squares: np.ndarray  # n x m, sum of squared differences of ln C
    blq: Block
    margin: np.ndarray  # k x m, ln limit - ln C of each BLQ sample

    def log_likelihood(self, sd: np.ndarray | float) -> np.ndarray:
        """n x m. sd: one number, or n x m."""
        return self.with_slope(sd)[0]

    def with_slope(self, sd: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """The log likelihood and its derivative by ln sd, both n x m.

        A BLQ sample adds the probability of a result below its limit: method M3 of Beal 2001,
        doi:10.1023/A:1012299115260.
        """
        sd = np.broadcast_to(sd, self.squares.shape)
        z = self.margin / sd[self.blq.subject]
        log_below = log_ndtr(z)
        hazard = np.exp(-(z**2) / 2 - LOG_2_PI / 2 - log_below)
        squares = self.squares / sd**2
        likelihood = self.blq.belongs @ log_below - squares / 2 - self.count * (np.log(sd) + LOG_2_PI / 2)
        return likelihood, squares - self.count - self.blq.belongs @ (z * hazard)


def evidence(samples: Samples) -> Evidence:
    """The samples after time 0: what stands at time 0 was taken before the cells were given. A BLQ sample whose limit
    is not known says nothing and is left out."""
    after = samples.time > 0
    return Evidence(
        _block(samples, after & samples.quantifiable, samples.conc),
        _block(samples, after & ~samples.quantifiable & (samples.lloq > 0), samples.lloq),
    )


def _block(samples: Samples, chosen: np.ndarray, level: np.ndarray) -> Block:
    return Block(len(samples.subjects), samples.subject[chosen], samples.time[chosen], np.log(level[chosen]))
