"""Whether exposure grows in proportion to dose: the power model with its interval, beside the limits of Smith 2000."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.api.types import is_numeric_dtype
from scipy.special import stdtrit

LEAST = 3  # exposures: two lie on a line whatever they are
SAME_DOSE = 1e-9  # relative difference up to which two doses are one
THETA_LOWER, THETA_UPPER = 0.5, 2.0  # of the dose-normalised exposure, highest dose to lowest

# What is said of a model, one sentence a code. A translation has the same keys and placeholders.
ENGLISH = {
    "within": "proportional to dose: the {level:g} % interval of the slope, {lower:.2f} to {upper:.2f}, lies within "
    "{theta_lower:.2f} to {theta_upper:.2f}",
    "above": "more than proportional to dose: the {level:g} % interval of the slope, {lower:.2f} to {upper:.2f}, lies "
    "above {theta_upper:.2f}",
    "below": "less than proportional to dose: the {level:g} % interval of the slope, {lower:.2f} to {upper:.2f}, lies "
    "below {theta_lower:.2f}",
    "inconclusive": "inconclusive: the {level:g} % interval of the slope, {lower:.2f} to {upper:.2f}, is not wholly "
    "within {theta_lower:.2f} to {theta_upper:.2f}, nor wholly outside",
    "few": "no dose proportionality: {n_used} usable exposures, of {least} needed",
    "one_dose": "no dose proportionality: all {n_used} usable exposures are of one dose",
}

# Why one exposure is not used.
EXCLUDED = {"zero": "exposure 0, which has no logarithm", "no_exposure": "no exposure", "no_dose": "dose not known"}


@dataclass(frozen=True)
class PowerModel:
    """exposure = exp(intercept) dose^slope, in the units given. What cannot be said is NaN, and `code` says why."""

    slope: float
    slope_se: float
    lower: float  # confidence limits of the slope at `level`
    upper: float
    n_used: int
    excluded: tuple  # labels of the exposures that are not used, in order
    why_excluded: tuple[str, ...]  # of each of them, a key of EXCLUDED
    theta_lower: float  # between these the slope counts as proportional
    theta_upper: float
    level: float  # 0 to 1
    intercept: float  # ln of the exposure at dose 1
    residual_sd: float  # of ln exposure
    log_doses: np.ndarray = field(repr=False, compare=False)  # of the exposures used
    code: str  # a key of ENGLISH: what the interval says of proportionality, or why there is none

    @property
    def reason(self) -> str:
        return self.say(ENGLISH)

    def say(self, sentences: Mapping[str, str]) -> str:
        """What `code` means, in the language of `sentences`, which has the keys and placeholders of ENGLISH."""
        return sentences[self.code].format(**(vars(self) | {"level": 100 * self.level, "least": LEAST}))

    def interval(self, level: float) -> tuple[float, float]:
        """Confidence limits of the slope at another level, 0 to 1; NaN where there is no slope."""
        half = _quantile(_level(level), self.n_used) * self.slope_se
        return self.slope - half, self.slope + half

    def line(self, points: int = 50) -> pd.DataFrame:
        """The geometric mean exposure from the lowest dose used to the highest: `dose, exposure, low, high`.

        low, high: limits at `level` of that mean, not of a patient. Even steps on a log scale; nothing beyond the doses
        that were given, and no rows where there is no slope.
        """
        if math.isnan(self.slope):
            return pd.DataFrame(columns=["dose", "exposure", "low", "high"], dtype=float)
        x = self.log_doses
        at = np.linspace(x.min(), x.max(), points)
        half = self.residual_sd * np.sqrt(1 / len(x) + (at - x.mean()) ** 2 / _squares(x))
        half *= _quantile(self.level, self.n_used)
        middle = self.intercept + self.slope * at
        logs = pd.DataFrame({"dose": at, "exposure": middle, "low": middle - half, "high": middle + half})
        return np.exp(logs)


def power_model(dose: ArrayLike, exposure: ArrayLike, *, level: float = 0.90) -> PowerModel:
    """The power model of one exposure a subject on the dose that subject received, shapes (n,), paired by position.

    ln exposure = intercept + slope ln dose + error, by least squares; slope 1 is proportional. With r the highest dose
    used over the lowest, the interval of the slope is compared with

    theta_lower = 1 + ln(0.5) / ln(r)    theta_upper = 1 + ln(2) / ln(r)

    between which the exposure per dose changes less than twofold from the lowest dose to the highest. `code` is
    "within" (limits included), "above" or "below" (wholly outside), or "inconclusive".

    An exposure of 0, a missing one, and one whose dose is missing are not used and named in `excluded`: by the labels
    of the Series, by position from 0 where neither is one. Subjects without quantifiable cells are therefore not in the
    slope; where they had low doses, it is too flat.

    No slope from fewer than 3 usable exposures (`code` "few") or from one dose ("one_dose"). Any units.

    ValueError, naming the argument: not one-dimensional, not numbers, of different lengths or labels, a dose that is
    not positive and finite, an exposure that is negative or infinite, a level not between 0 and 1.

    Gough et al., Drug Inf J 1995;29:1039-1048 (power model); Smith et al., Pharm Res 2000;17:1278-1283 (limits).
    """
    _level(level)
    doses, exposures, labels = _paired(dose, exposure)
    why = np.select([np.isnan(doses), np.isnan(exposures), exposures == 0], ["no_dose", "no_exposure", "zero"], "")
    used = why == ""
    x, y = np.log(doses[used]), np.log(exposures[used])
    theta_lower, theta_upper = _limits(x)
    told = {
        "n_used": len(x),
        "excluded": tuple(labels[~used]),
        "why_excluded": tuple(why[~used].tolist()),
        "theta_lower": theta_lower,
        "theta_upper": theta_upper,
        "level": float(level),
        "log_doses": x,
    }
    if len(x) < LEAST or math.isnan(theta_lower):
        numbers = dict.fromkeys(("slope", "slope_se", "lower", "upper", "intercept", "residual_sd"), math.nan)
        return PowerModel(**numbers, **told, code="few" if len(x) < LEAST else "one_dose")
    fit = _fit(x, y)
    half = _quantile(level, len(x)) * fit["slope_se"]
    lower, upper = fit["slope"] - half, fit["slope"] + half
    return PowerModel(**fit, lower=lower, upper=upper, **told, code=_verdict(lower, upper, theta_lower, theta_upper))


def _fit(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    slope = float((x - x.mean()) @ (y - y.mean())) / _squares(x)
    residual = y - y.mean() - slope * (x - x.mean())
    sd = math.sqrt(float(residual @ residual) / (len(x) - 2))
    intercept = float(y.mean() - slope * x.mean())
    return {"slope": slope, "slope_se": sd / math.sqrt(_squares(x)), "intercept": intercept, "residual_sd": sd}


def _limits(log_doses: np.ndarray) -> tuple[float, float]:
    """Smith's limits of the slope; NaN where there are no two doses."""
    log_ratio = float(np.ptp(log_doses)) if log_doses.size else 0.0
    if log_ratio <= SAME_DOSE:
        return math.nan, math.nan
    return 1 + math.log(THETA_LOWER) / log_ratio, 1 + math.log(THETA_UPPER) / log_ratio


def _verdict(lower: float, upper: float, theta_lower: float, theta_upper: float) -> str:
    if theta_lower <= lower and upper <= theta_upper:
        return "within"
    return "above" if lower > theta_upper else "below" if upper < theta_lower else "inconclusive"


def _squares(x: np.ndarray) -> float:
    return float(((x - x.mean()) ** 2).sum())


def _quantile(level: float, n: int) -> float:
    """Of Student's t with n - 2 degrees of freedom, what leaves (1 - level) / 2 above it; NaN where n is below 3."""
    return float(stdtrit(n - 2, (1 + level) / 2)) if n >= LEAST else math.nan


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    return level


def _paired(dose: ArrayLike, exposure: ArrayLike) -> tuple[np.ndarray, np.ndarray, pd.Index]:
    """Both as numbers, NaN where missing, and their labels."""
    pair = {"dose": dose, "exposure": exposure}
    labelled = [one.index for one in pair.values() if isinstance(one, pd.Series)]
    doses, exposures = (_numbers(name, values) for name, values in pair.items())
    if len(doses) != len(exposures):
        raise ValueError(f"exposure must be as long as dose: {len(exposures)} and {len(doses)} values")
    if len(labelled) == 2 and not labelled[0].equals(labelled[1]):
        raise ValueError("dose and exposure must have the same labels in the same order")
    labels = labelled[0] if labelled else pd.RangeIndex(len(doses))
    _refuse("dose", "must be positive and finite", doses, (doses <= 0) | np.isinf(doses), labels)
    _refuse("exposure", "must be 0 or more, and finite", exposures, (exposures < 0) | np.isinf(exposures), labels)
    return doses, exposures, labels


def _numbers(name: str, values: ArrayLike) -> np.ndarray:
    if np.ndim(values) != 1:
        raise ValueError(f"{name} must have one dimension, not {np.ndim(values)}")
    numbers = pd.Series(values, dtype=object).convert_dtypes()
    # Text that looks like a number ("<5" beside "12") is a result not yet read, so none of it is.
    if not (is_numeric_dtype(numbers) or numbers.isna().all()):
        raise ValueError(f"{name} must hold numbers")
    return numbers.to_numpy(float, na_value=np.nan)


def _refuse(name: str, rule: str, values: np.ndarray, wrong: np.ndarray, labels: pd.Index) -> None:
    if wrong.any():
        named = ", ".join(f"{label}: {value:g}" for label, value in zip(labels[wrong], values[wrong], strict=True))
        raise ValueError(f"{name} {rule} ({named})")
