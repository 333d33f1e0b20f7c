"""What a fit of Stein's model tells: of one subject, and of a population."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pk.estimates import LEVEL, quantiles
from pk.reasons import Why, said
from pk.stein import log_conc


@dataclass(frozen=True)
class Fit:
    """One subject's numbers; NaN where `reasons` says why. Times in d, rates in 1/d, Cmax in the unit of conc."""

    foldx: float  # Cmax over the level at time 0
    tmax: float
    cmax: float
    alpha: float  # rate of the first fall
    fb: float  # share of Cmax that falls at the second rate
    beta: float  # rate of the second fall
    doubling_time: float
    auc0_28: float  # conc x d
    auc0_90: float
    residual_sd: float  # of ln C
    intervals: dict[str, tuple[float, float]]  # 95 % by name, also of the numbers that are not given; empty: nothing
    reasons: Why
    converged: bool
    tlag: float = np.nan  # NaN without a lag

    @property
    def reason(self) -> str:
        return said(self.reasons)


@dataclass(frozen=True)
class PopulationFit:
    """A population and its subjects; NaN where a reason says why.

    individual  subject, foldx, tmax [d], cmax, alpha [1/d], fb, beta [1/d], (tlag [d],) doubling_time [d], auc0_28,
                auc0_90 [conc x d], reason; after them the ends of each 95 % interval as foldx_low, foldx_high, ...
                One row a subject, sorted, those of whom nothing can be said too
    population  parameter (the same names), value [of the typical subject], low, high [95 %], between [standard
                deviation of ln among subjects], between_low, between_high, reason
    """

    individual: pd.DataFrame
    population: pd.DataFrame
    residual_sd: float  # of ln C
    residual_interval: tuple[float, float]
    log_likelihood: float  # with what is assumed; compares starts, not models
    converged: bool
    used: tuple[object, ...]  # the subjects with a curve, sorted; the others were never quantifiable
    reasons: Why  # why there is no population
    why: Mapping[object, Why]  # subject -> what `reason` of its row says
    draws: np.ndarray = field(repr=False)  # equal draws of `phi`: used x draws x parameters

    @property
    def reason(self) -> str:
        return said(self.reasons)

    def curves(self, time: ArrayLike) -> pd.DataFrame:
        """The fitted curves at each time [d, >= 0]: subject, time, conc, low, high [95 %, of the curve, not of a
        sample], ordered by subject and time as given. Only subjects of `used`; a curve is the median of its draws."""
        time = np.asarray(time, float)
        if not (time >= 0).all():
            raise ValueError("time must not be negative or missing")
        equal = np.full(self.draws.shape[:2], 1 / self.draws.shape[1])
        low, conc, high = np.exp(quantiles(log_conc(self.draws, time), equal, LEVEL))
        columns = {"conc": conc.ravel(), "low": low.ravel(), "high": high.ravel()}
        subject = pd.Index(self.used).repeat(time.size)
        return pd.DataFrame({"subject": subject, "time": np.tile(time, len(self.used))} | columns)
