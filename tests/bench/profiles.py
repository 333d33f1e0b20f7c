"""The non-compartmental analysis of many profiles: every parameter, three intervals, reasons included, on one core."""

from functools import partial

import numpy as np
import pandas as pd

from pk.nca import analyse
from pk.stein import log_conc, published
from tests.bench.measure import Table, median, milliseconds, ratio, seconds

PROFILES = (1_000, 10_000, 100_000)
DAYS = np.array([0, 1, 3, 5, 7, 9, 11, 14, 17, 21, 28, 35, 42, 56, 70, 90, 120, 180.0])  # 18 samples
INTERVALS = ((0, 28), (0, 90), (0, 180))
LLOQ, RESIDUAL_SD = 50.0, 0.56  # copies/ug; of ln C
GOAL = 0.3  # s for the first of PROFILES
HEAD = ("", "median ms", "slowest ms", "µs a profile", "x floor")


def table() -> Table:
    found = Table(f"NCA: {len(DAYS)} samples a profile, {len(INTERVALS)} intervals, all parameters and reasons", HEAD)
    for count in PROFILES:
        time, conc = _curves(count)
        frame = _long(time, conc)
        runs = 7 if count < max(PROFILES) else 3
        took = seconds(partial(analyse, frame, intervals=INTERVALS), runs)
        floor = median(seconds(partial(np.trapezoid, conc, time), runs))
        each = f"{1e6 * median(took) / count:.0f}"
        times = milliseconds(median(took)), milliseconds(max(took))
        found.add(f"{count:,} profiles", *times, each, ratio(median(took), floor), seconds=took, floor=floor)
    found.notes.append("floor: numpy's trapezoid of the same curves as one matrix, one area, nothing checked or said")
    found.notes.append(f"goal: {GOAL:g} s for {PROFILES[0]:,} profiles, and as much a profile for {PROFILES[-1]:,}")
    return found


def _curves(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Stein's model with the published spread between subjects and samples; times up to 7 h off: n x 18 each."""
    chance = np.random.default_rng(18)
    typical, spread = published(lag=False)
    time = DAYS + np.where(DAYS > 0, chance.uniform(-0.3, 0.3, (count, len(DAYS))), 0)
    logs = log_conc(typical + spread * chance.standard_normal((count, len(spread))), time)
    return time, np.exp(logs + RESIDUAL_SD * chance.standard_normal(logs.shape))


def _long(time: np.ndarray, conc: np.ndarray) -> pd.DataFrame:
    count, width = conc.shape
    below = conc.ravel() < LLOQ
    return pd.DataFrame(
        {
            "subject": np.repeat([f"S{number:06}" for number in range(count)], width),
            "time": time.ravel(),
            "conc": np.where(below, np.nan, conc.ravel()),
            "lloq": LLOQ,
            "blq": below,
        }
    )
