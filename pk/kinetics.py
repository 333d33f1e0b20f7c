"""Stein's model fitted to CAR copies in blood: one subject alone, or all subjects as a population.

The model: `pk.stein`. Its likelihood: `pk.likelihood`. How parameters are looked for: `pk.draws`, `pk.alone`,
`pk.population`. Which numbers the samples do not tell: `pk.estimates`, `pk.reasons`. What is handed back: `pk.fits`.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pk.alone import Alone, each_alone
from pk.curves import Samples, read
from pk.draws import resampled
from pk.estimates import LEVEL, RANGE, Estimates, estimates, quantiles
from pk.fits import Fit, PopulationFit
from pk.likelihood import evidence
from pk.population import Found, among_subjects, maximum, starts, typical_subject
from pk.reasons import ENGLISH, Reason, Why, beside, nothing_to_fit, said, withheld

__all__ = ["ENGLISH", "Fit", "PopulationFit", "Reason", "fit_population", "fit_subject"]

LEAST = 3  # subjects; of fewer nothing is averaged
LEAST_SAMPLES = 3  # quantifiable ones, of a subject that is fitted alone
SAME = 0.5  # standard errors between the ends of two starts that count as one
STEPS = 4  # each alone, the search from two starts, the intervals
KEPT = 256  # draws of each subject that are kept for curves
THETAS, AVERAGED = 400, 64  # draws of the population, for its intervals and for those of its subjects


def fit_subject(time: ArrayLike, conc: ArrayLike, lloq: ArrayLike, *, lag: bool = False) -> Fit:
    """Stein's model fitted to one subject.

    time [d since infusion], conc [copies/ug, or any unit], lloq [the same unit; one number, or one a sample; NaN where
    it is not known], in any order. A sample is BLQ where conc is 0 or below lloq, and enters as such, not as a number.
    A conc that is missing is a sample without result. Samples at or before time 0 were taken before the cells were
    given and are not used.

    Numbers are medians, intervals the middle 95 %, of what the likelihood leaves after assumptions so wide that they
    decide only what the samples leave open (`pk.alone`). A number whose interval spans more than tenfold is NaN, with
    the reason, and its interval stays: so FB and beta of one subject come with an interval or not at all. Fewer than
    three quantifiable samples give no number.

    ValueError that names the argument, or the duplicate times.
    """
    lag = _checked(lag)
    samples = read(_one_subject(time, conc, lloq))
    why = nothing_to_fit(samples) or [(Reason("no_sample"),)]
    if why[0]:
        return Fit(*[np.nan] * 10, intervals={}, reasons=why[0], converged=False)
    alone = each_alone(evidence(samples), lag)
    own, code = _alone_estimates(alone)
    settled = bool(alone.settled[0])
    return Fit(
        **dict(zip(own.names, own.given(code)[0].tolist(), strict=True)),
        residual_sd=_residual(alone),
        intervals=own.intervals(0) if settled else {},
        reasons=_told(samples, why, own, code, alone.phi, alone.weights)[0],
        converged=settled,
    )


def fit_population(
    samples: pd.DataFrame, *, lag: bool = False, told: Callable[[int, int], object] = lambda done, steps: None
) -> PopulationFit:
    """Stein's model fitted to all subjects at once: every parameter varies among subjects, log-normally (FB and
    Tlag / Tmax: normally on the logit scale) and independently, with one residual standard deviation of ln C.

    samples: `subject, time [d], conc, lloq, blq` as for `pk.nca.analyse`, with its errors. BLQ samples enter as
    censored at their lloq (Beal 2001, method M3); those without a known lloq are left out and counted. Samples at or
    before time 0 were taken before the cells were given and are not used. A subject who never was quantifiable is
    listed and not part of the population: the typical subject is one in whom the cells grew.

    The population has the highest marginal likelihood, reached from two starts that must agree, with weak assumptions
    around the published one, which hold where the samples tell nothing (`pk.population`). A subject's numbers are the
    medians of what the population and the subject's own samples say. A number is NaN, with the reason, where its
    interval spans more than tenfold, or where the subject's own samples add little to what the others say; the
    interval stays. Where fewer than three subjects can be used, or the population is not determined by them, each is
    fitted alone, and there is no population. told: called with the steps that are done, and of all.

    Stein 2019, doi:10.1002/psp4.12388; Beal 2001, doi:10.1023/A:1012299115260.
    """
    lag, found = _checked(lag), read(samples)
    why = nothing_to_fit(found)
    usable = _usable(why)
    seen = evidence(found).of(usable)
    told(0, STEPS)
    alone = each_alone(seen, lag)
    told(1, STEPS)
    if usable.sum() < LEAST:
        return _each(found, why, alone, Reason("few_subjects", {"n": int(usable.sum()), "least": LEAST}))
    ends = []
    for start in starts(alone):
        ends.append(maximum(seen, alone, start))
        told(1 + len(ends), STEPS)
    ends.sort(key=lambda end: -end.value)
    trouble = _trouble(ends)
    return _each(found, why, alone, Reason(trouble)) if trouble else _together(found, why, ends[0])


def _together(samples: Samples, why: list[Why], best: Found) -> PopulationFit:
    thetas = best.likely(THETAS)
    phi, weights = best.surface.draws.phi, best.weights(thetas[:AVERAGED])
    typical, between, own = typical_subject(thetas), among_subjects(thetas), estimates(phi, weights)
    code = own.withheld(range_of_all=RANGE * between.value[0])
    code[~best.covered] = "not_found"
    told = _told(samples, why, own, code, phi, weights)
    low, residual, high = np.exp(np.quantile(thetas[:, -1], LEVEL)).tolist()
    return PopulationFit(
        individual=_individual(samples, why, own, code, told),
        population=_population(typical, between, typical.withheld()[0]),
        residual_sd=residual,
        residual_interval=(low, high),
        log_likelihood=best.value,
        converged=True,
        used=_used(samples, why),
        reasons=(),
        why=dict(zip(samples.subjects, told, strict=True)),
        draws=resampled(phi, weights, KEPT),
    )


def _each(samples: Samples, why: list[Why], alone: Alone, no_population: Reason) -> PopulationFit:
    own, code = _alone_estimates(alone)
    told = [
        reasons if nothing else (no_population, *reasons)
        for nothing, reasons in zip(why, _told(samples, why, own, code, alone.phi, alone.weights), strict=True)
    ]
    nothing = Estimates(own.names, *np.full((3, 1, len(own.names)), np.nan))
    return PopulationFit(
        individual=_individual(samples, why, own, code, told),
        population=_population(nothing, nothing, np.full(len(own.names), no_population.code, object), no_population),
        residual_sd=np.nan,
        residual_interval=(np.nan, np.nan),
        log_likelihood=np.nan,
        converged=False,
        used=_used(samples, why),
        reasons=(no_population,),
        why=dict(zip(samples.subjects, told, strict=True)),
        draws=resampled(alone.phi, alone.weights, KEPT),
    )


def _alone_estimates(alone: Alone) -> tuple[Estimates, np.ndarray]:
    own = estimates(alone.phi, alone.weights)
    code = own.withheld()
    code[~alone.settled] = "not_found"
    code[alone.samples < LEAST_SAMPLES] = "few_samples"
    return own, code


def _residual(alone: Alone) -> float:
    logs = np.log(alone.residual)[..., None]
    one = Estimates(("residual_sd",), *np.exp(quantiles(logs, alone.weights, LEVEL)))
    enough = alone.settled[0] and alone.samples[0] >= LEAST_SAMPLES
    return float(one.given(one.withheld())[0, 0]) if enough else np.nan


def _trouble(ends: Sequence[Found]) -> str:
    """The code of the reason why a population, best end first, cannot be relied on; "" where it can."""
    if not all(end.settled for end in ends):
        return "not_settled"
    apart = np.abs(ends[0].flat - ends[1].flat) / ends[0].standard_errors
    return "starts_differ" if apart.max() > SAME else ""


def _usable(why: list[Why]) -> np.ndarray:
    return np.array([not nothing for nothing in why], bool)


def _used(samples: Samples, why: list[Why]) -> tuple[object, ...]:
    return tuple(samples.subjects[_usable(why)])


def _told(
    samples: Samples, why: list[Why], own: Estimates, code: np.ndarray, phi: np.ndarray, weights: np.ndarray
) -> list[Why]:
    """By subject everything that is said; own, code, phi and weights are those of the subjects without a `why`."""
    flags = beside(samples, _usable(why), phi, weights, code)
    rows = iter([(*withheld(own.names, one), *flag) for one, flag in zip(code, flags, strict=True)])
    return [nothing or next(rows) for nothing in why]


def _individual(
    samples: Samples, why: list[Why], own: Estimates, code: np.ndarray, told: Sequence[Why]
) -> pd.DataFrame:
    usable = _usable(why)
    ends = {"": own.given(code), "_low": own.low, "_high": own.high}
    filled = {end: np.full((usable.size, len(own.names)), np.nan) for end in ends}
    for end, values in ends.items():
        filled[end][usable] = values
    frame = pd.DataFrame(filled[""], columns=list(own.names))
    frame.insert(0, "subject", samples.subjects)
    frame["reason"] = pd.array([said(reasons) for reasons in told], dtype="str")
    limits = {f"{name}{end}": filled[end][:, k] for k, name in enumerate(own.names) for end in ("_low", "_high")}
    return frame.assign(**limits)


def _population(
    typical: Estimates, between: Estimates, code: np.ndarray, nothing: Reason | None = None
) -> pd.DataFrame:
    """The frame of `PopulationFit`; nothing: the reason why there is no population."""
    named = zip(code, typical.names, strict=True)
    reasons = [(nothing or Reason(one, {"names": name})).say() if one else "" for one, name in named]
    return pd.DataFrame(
        {
            "parameter": pd.array(typical.names, dtype="str"),
            "value": typical.given(code[None])[0],
            "low": typical.low[0],
            "high": typical.high[0],
            "between": between.value[0],
            "between_low": between.low[0],
            "between_high": between.high[0],
            "reason": pd.array(reasons, dtype="str"),
        }
    )


def _one_subject(time: ArrayLike, conc: ArrayLike, lloq: ArrayLike) -> pd.DataFrame:
    time, conc, lloq = np.asarray(time), np.asarray(conc), np.asarray(lloq)
    if time.ndim != 1 or conc.shape != time.shape:
        raise ValueError("time and conc must be lists of one length")
    if lloq.shape not in ((), time.shape):
        raise ValueError("lloq must be one number, or one for each time")
    return pd.DataFrame({"subject": "the subject", "time": time, "conc": conc, "lloq": lloq, "blq": False})


def _checked(lag: bool) -> bool:
    if not isinstance(lag, bool | np.bool_):
        raise ValueError(f"lag must be True or False, not {lag!r}")
    return bool(lag)
