"""Stein's model of CAR copies in blood: exponential growth to one peak, then a fall in two phases.

    t < Tlag          C = Cmax / foldx
    Tlag <= t < Tmax  C = Cmax / foldx exp(rho (t - Tlag)),  rho = ln(foldx) / (Tmax - Tlag)
    t >= Tmax         C = Cmax [(1 - FB) exp(-alpha (t - Tmax)) + FB exp(-beta (t - Tmax))]

Without a lag Tlag is 0. Stein et al., CPT Pharmacometrics Syst Pharmacol 2019;8:285-295, doi:10.1002/psp4.12388;
the lag: Ogasawara et al., Clin Pharmacokinet 2021;60:1621-1633, doi:10.1007/s40262-021-01039-5.

Everything works on `phi`, the last axis of an array: ln foldx, ln Tmax, ln Cmax, ln alpha, logit FB, ln beta and, with
a lag, logit(Tlag / Tmax). Any real numbers will do there, and 0 < FB < 1, 0 < Tlag < Tmax.
"""

import numpy as np
from scipy.special import expit, log_expit, logit

NAMES = ("foldx", "tmax", "cmax", "alpha", "fb", "beta")  # -, d, unit of conc, 1/d, -, 1/d
LAG = "tlag"  # d


def names(lag: bool) -> tuple[str, ...]:
    """The parameters in the order of `phi`."""
    return (*NAMES, LAG) if lag else NAMES


def to_phi(foldx, tmax, cmax, alpha, fb, beta, tlag=None) -> np.ndarray:
    """Parameters, numbers or arrays of one shape, as `phi`."""
    plain = [np.log(foldx), np.log(tmax), np.log(cmax), np.log(alpha), logit(fb), np.log(beta)]
    return np.stack([*plain, *([] if tlag is None else [logit(np.divide(tlag, tmax))])], axis=-1)


def parameters(phi: np.ndarray) -> dict[str, np.ndarray]:
    """The parameters by name, in their own units."""
    found = {name: np.exp(phi[..., place]) for place, name in enumerate(NAMES)}
    found["fb"] = expit(phi[..., 4])
    if phi.shape[-1] > len(NAMES):
        found[LAG] = found["tmax"] * expit(phi[..., 6])
    return found


def log_conc(phi: np.ndarray, time: np.ndarray) -> np.ndarray:
    """ln C at each `time` [d, >= 0], which is broadcast against a last axis added to the parameters."""
    phi = phi[..., None, :]
    log_foldx, log_tmax, log_cmax, log_alpha, logit_fb, log_beta = (phi[..., place] for place in range(len(NAMES)))
    tmax = np.exp(log_tmax)
    to_peak = np.clip((tmax - time) / _growing(phi), 0, 1)
    since = np.maximum(time - tmax, 0)
    fast, slow = log_expit(-logit_fb) - np.exp(log_alpha) * since, log_expit(logit_fb) - np.exp(log_beta) * since
    return log_cmax - log_foldx * to_peak + np.logaddexp(fast, slow)


def area(phi: np.ndarray, end: float) -> np.ndarray:
    """Area under C from 0 to `end` [d], in conc x d: the integrals of the pieces."""
    of, growing = parameters(phi), _growing(phi)
    tlag = of.get(LAG, 0.0)
    grown = np.clip(end - tlag, 0, growing)  # d
    rising = np.minimum(end, tlag) + grown * _mean_exp(phi[..., 0] * grown / growing)
    since = np.maximum(end - of["tmax"], 0)
    fast = (1 - of["fb"]) * -np.expm1(-of["alpha"] * since) / of["alpha"]
    slow = of["fb"] * -np.expm1(-of["beta"] * since) / of["beta"]
    return of["cmax"] * (rising / of["foldx"] + fast + slow)


def doubling_time(phi: np.ndarray) -> np.ndarray:
    """ln 2 / rho [d]; infinite where nothing grows (foldx <= 1)."""
    log_foldx, whole = phi[..., 0], np.log(2) * _growing(phi)
    return np.divide(whole, log_foldx, out=np.full(whole.shape, np.inf), where=log_foldx > 0)


def ordered(phi: np.ndarray) -> np.ndarray:
    """Whether the first phase is the faster and the larger one: else the same curve has its names exchanged."""
    return (phi[..., 5] < phi[..., 3]) & (phi[..., 4] < 0)


def _growing(phi: np.ndarray) -> np.ndarray:
    """Tmax - Tlag [d], which does not round to 0 where the two are close."""
    tmax = np.exp(phi[..., 1])
    return tmax * expit(-phi[..., 6]) if phi.shape[-1] > len(NAMES) else tmax


def _mean_exp(rise: np.ndarray) -> np.ndarray:
    """The mean of exp(u) for u from 0 to `rise`: (exp(rise) - 1) / rise, 1 where it is 0."""
    return np.divide(np.expm1(rise), rise, out=np.ones_like(rise), where=rise != 0)


def published(lag: bool) -> tuple[np.ndarray, np.ndarray]:
    """`phi` of the typical subject (n = 90, B-cell disease) and its standard deviations between subjects.

    Stein 2019, table 2: an order of magnitude, not a reference range, for another product. The lag of 3.27 d is of
    Ogasawara 2021; its deviation is assumed.
    """
    typical = to_phi(3900.0, 9.3, 24_000.0, 0.16, 0.0079, 0.0032, *([3.27] if lag else []))
    return typical, np.array([2.4, 0.38, 0.65, 0.91, 0.80, 0.86, 0.50])[: typical.size]
