"""The terminal phase: lambda_z by least squares of ln concentration on time, over the best window of last points."""

from dataclasses import dataclass

import numpy as np

from pk.curves import Landmarks, Samples, packed, spans

MIN_POINTS = 3
TOLERANCE = 1e-4  # in adjusted R2: within it the longer window wins
ROUNDING = 1e-24  # an R2 below it is a slope of rounding errors: flat
TOO_FEW = ("no_point", "one_point", "two_points")


@dataclass(frozen=True)
class Terminal:
    """Per subject: the chosen window. NaN, with its code, where lambda_z is not estimable."""

    lambda_z: np.ndarray  # 1/d
    r2: np.ndarray
    r2_adjusted: np.ndarray
    points: np.ndarray  # count
    first: np.ndarray  # d
    last: np.ndarray  # d
    clast_predicted: np.ndarray  # of the unit of conc, at `last` = Tlast
    code: np.ndarray  # of `pk.remarks`, "" where estimable
    used: np.ndarray  # bool, one a sample of `Samples`: in the chosen window


def terminal_phase(samples: Samples, marks: Landmarks, *, tmax_included: bool = False) -> Terminal:
    """Lambda_z of each subject from quantifiable samples after Tmax (from Tmax on, where `tmax_included`).

    Of all windows of the last 3, 4, ... points, those count whose adjusted R2 = 1 - (1 - R2)(n - 1)/(n - 2) lies within
    1e-4 of the best of any slope, and whose slope falls; the longest of them is taken. Not estimable with fewer than 3
    points, where the best windows rise, and where the points are level.

    Gabrielsson & Weiner, Pharmacokinetic and Pharmacodynamic Data Analysis, 4th ed., section 2.8.4; PKNCA,
    pk.calc.half.life (allow.tmax.in.half.life, min.hl.points 3, adj.r.squared.factor 1e-4).
    """
    tmax = marks.tmax[samples.subject]
    after = samples.time >= tmax if tmax_included else samples.time > tmax
    places = np.flatnonzero(samples.quantifiable & after)
    start, stop = spans(samples.subject[places], len(samples.subjects))
    count = stop - start
    slope, intercept, r2, adjusted = windows(samples.time[places], np.log(samples.conc[places]), start, stop)

    best = adjusted.max(axis=1, initial=-np.inf, keepdims=True)
    usable = np.isfinite(adjusted) & (adjusted > best - TOLERANCE) & (slope < 0) & (r2 > ROUNDING)
    found = usable.any(axis=1)
    width = np.where(found, usable.shape[1] - np.argmax(usable[:, ::-1], axis=1), 0)

    def chosen(values: np.ndarray) -> np.ndarray:
        return np.where(found, values[np.arange(len(found)), width - 1], np.nan)

    rank = np.arange(places.size) - stop[samples.subject[places]]  # -1 is the last point of its subject
    used = np.zeros(samples.time.size, bool)
    used[places] = rank >= -width[samples.subject[places]]
    return Terminal(
        lambda_z=-chosen(slope),
        r2=chosen(r2),
        r2_adjusted=chosen(adjusted),
        points=np.where(found, width, np.nan),
        first=_time_of(samples.time[places], stop - width, found),
        last=_time_of(samples.time[places], stop - 1, found),
        clast_predicted=np.where(found, marks.clast * np.exp(chosen(intercept)), np.nan),
        code=_codes(count, found, rising=((slope > 0) & (r2 > ROUNDING)).any(axis=1), included=tmax_included),
        used=used,
    )


def windows(time: np.ndarray, log_conc: np.ndarray, start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, ...]:
    """Slope, intercept at the last point (both of ln C less that of the last point), R2 and adjusted R2 by window.

    The points of subject i lie from start[i] to stop[i], by time. Column j is the window of the last j + 1 of them;
    adjusted R2 is -inf where there is none, or it is level.
    Sums run from the last point, as deviations from it: so they neither cancel nor depend on other subjects.
    """
    x, y = (packed(values[::-1], time.size - stop, time.size - start) for values in (time, log_conc))
    x, y = x - x[:, :1], y - y[:, :1]
    n = np.arange(1, x.shape[1] + 1)
    inside = n <= (stop - start)[:, None]
    x, y = x * inside, y * inside
    sum_x, sum_y = x.cumsum(axis=1), y.cumsum(axis=1)
    sxx = (x * x).cumsum(axis=1) - sum_x**2 / n
    sxy = (x * y).cumsum(axis=1) - sum_x * sum_y / n
    syy = (y * y).cumsum(axis=1) - sum_y**2 / n
    fits = inside & (n >= MIN_POINTS) & (sxx > 0) & (syy > 0)

    slope = np.divide(sxy, sxx, out=np.zeros_like(sxy), where=fits)
    r2 = np.minimum(np.divide(sxy * slope, syy, out=np.zeros_like(sxy), where=fits), 1.0)
    adjusted = np.where(fits, 1 - (1 - r2) * (n - 1) / np.maximum(n - 2, 1), -np.inf)
    return slope, (sum_y - slope * sum_x) / n, r2, adjusted


def _time_of(time: np.ndarray, place: np.ndarray, found: np.ndarray) -> np.ndarray:
    when = np.full(found.size, np.nan)
    when[found] = time[place[found]]
    return when


def _codes(count: np.ndarray, found: np.ndarray, rising: np.ndarray, included: bool) -> np.ndarray:
    code = np.full(count.size, "", object)
    code[~found] = "level"
    code[~found & rising] = "rises"
    for points, words in enumerate(TOO_FEW):
        code[count == points] = f"{words}_{'from' if included else 'after'}"
    return code
