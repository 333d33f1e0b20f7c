"""Areas under concentration curves: the rule of each segment first, then its area, then sums up to any time."""

from dataclasses import dataclass

import numpy as np

from pk.curves import Curves

METHODS = ("lin-up/log-down", "linear", "lin-log")
STEPS = 8  # of which a segment is drawn
SERIES = 0.5  # below this |ln(C1/C2)| the closed form of a moment loses digits, and its series is exact


@dataclass(frozen=True)
class Areas:
    """Curves with the rule of each of their segments and the areas from the first point to each point, all n x w."""

    curves: Curves
    fall: np.ndarray  # ln(C1/C2) of a logarithmic segment, 0 of a linear one, n x (w - 1)
    area: np.ndarray  # conc x d
    moment: np.ndarray  # conc x d^2


def areas(curves: Curves, tmax: np.ndarray, method: str) -> Areas:
    """The areas of curves under a method.

    lin-up/log-down  logarithmic where C2 < C1 and C2 > 0, linear elsewhere
    linear           linear everywhere
    lin-log          linear to Tmax, logarithmic after it; linear beside a 0

    Equal neighbours are linear. With dt = t2 - t1:
    linear  AUC = dt (C1 + C2) / 2          AUMC = dt (C1 t1 + C2 t2) / 2
    log     AUC = dt (C2 - C1) / ln(C2/C1)  AUMC = dt (C2 t2 - C1 t1) / ln(C2/C1) - dt^2 (C2 - C1) / ln^2(C2/C1)

    Gabrielsson & Weiner, Pharmacokinetic and Pharmacodynamic Data Analysis, 4th ed., sections 2.8.1 to 2.8.3.
    """
    t1, t2 = curves.time[:, :-1], curves.time[:, 1:]
    c1, c2 = curves.conc[:, :-1], curves.conc[:, 1:]
    logarithmic = {
        "lin-up/log-down": (c2 < c1) & (c2 > 0),
        "linear": np.zeros(c1.shape, bool),
        "lin-log": (t1 >= tmax[:, None]) & (c1 > 0) & (c2 > 0) & (c1 != c2),
    }[method]
    # log1p keeps the digits of neighbours that are nearly equal, where ln(C1/C2) would lose them.
    fall = np.log1p(np.divide(c1 - c2, c2, out=np.zeros_like(c1), where=logarithmic))
    area = _segment(t2 - t1, c1, c2, fall)
    moment = np.where(fall == 0, (t2 - t1) * (c1 * t1 + c2 * t2) / 2, t1 * area + (t2 - t1) ** 2 * c1 * _lever(fall))
    return Areas(curves, fall, _summed(area), _summed(moment))


def until(found: Areas, time: float) -> np.ndarray:
    """Area [conc x d] of each subject from the first point to `time` [d]; the whole of it from the last point on.

    Inside a segment C(time) lies on the segment's own line or exponential. 0 before the first point.
    """
    place = point_before(found.curves, time)
    row = np.arange(len(place))
    whole = found.area[row, place]
    inner = np.minimum(place, found.fall.shape[1] - 1)
    if found.fall.shape[1] == 0:
        return whole
    t1, t2 = found.curves.time[row, inner], found.curves.time[row, inner + 1]
    c1, c2 = found.curves.conc[row, inner], found.curves.conc[row, inner + 1]
    cut = (t1 < time) & (time < t2)
    share = np.divide(time - t1, t2 - t1, out=np.zeros_like(t1), where=cut)
    fall = share * found.fall[row, inner]
    there = np.where(fall == 0, c1 + share * (c2 - c1), c1 * np.exp(-fall))
    return whole + np.where(cut, _segment(share * (t2 - t1), c1, there, fall), 0.0)


def outline(found: Areas, start: float, end: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The curves from start to end [d] as flat arrays: place of the subject, time [d], conc.

    Every segment that lies between them, or its part that does, as STEPS equal steps on its own line or exponential.
    """
    t1, t2 = found.curves.time[:, :-1, None], found.curves.time[:, 1:, None]
    c1, c2 = found.curves.conc[:, :-1, None], found.curves.conc[:, 1:, None]
    low, high = np.clip(t1, start, end), np.clip(t2, start, end)
    time = low + (high - low) * np.linspace(0, 1, STEPS + 1)
    share = np.divide(time - t1, t2 - t1, out=np.zeros_like(time), where=t2 > t1)
    fall = found.fall[:, :, None]
    conc = np.where(fall == 0, c1 + share * (c2 - c1), c1 * np.exp(-share * fall))
    drawn = np.broadcast_to(high > low, time.shape)
    return np.nonzero(drawn)[0], time[drawn], conc[drawn]


def point_before(curves: Curves, time: float) -> np.ndarray:
    """The place of the last point at or before `time` of each curve, 0 where there is none."""
    reached = (curves.time <= time).sum(axis=1)
    return np.clip(np.minimum(reached, curves.points) - 1, 0, None)


def _segment(width: np.ndarray, c1: np.ndarray, c2: np.ndarray, fall: np.ndarray) -> np.ndarray:
    linear = width * (c1 + c2) / 2
    # C2 = C1 exp(-fall), so that (C1 - C2) / fall = C1 (1 - exp(-fall)) / fall
    return np.divide(-np.expm1(-fall) * c1 * width, fall, out=linear, where=fall != 0)


def _lever(fall: np.ndarray) -> np.ndarray:
    """The integral of u exp(-fall u) for u from 0 to 1: (1 - (1 + fall) exp(-fall)) / fall^2, or its Taylor series.

    The moment of a logarithmic segment is t1 AUC + dt^2 C1 lever, the same as the formula above in better digits.
    """
    small = np.where(np.abs(fall) < SERIES, fall, 0.0)
    term, series = np.ones_like(fall), np.full_like(fall, 0.5)
    for k in range(1, 15):
        term = -term * small / k
        series = series + term / (k + 2)
    closed = 1 - (1 + fall) * np.exp(-fall)
    return np.divide(closed, fall**2, out=series, where=np.abs(fall) >= SERIES)


def _summed(parts: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros((len(parts), 1)), parts.cumsum(axis=1)], axis=1)
