"""How fast the cells multiply up to their peak: the rate of the rise and the doubling time, read off the samples."""

import numpy as np
import pandas as pd

from pk.curves import Landmarks, Samples, landmarks, packed, read, spans, whose
from pk.terminal import MIN_POINTS, windows

# What is said of a rate or in its place, one sentence a code. A translation has the same keys and values.
ENGLISH = {
    "no_sample": "no sample with a result after the infusion",
    "never": "never quantifiable after the infusion",
    "few": f"not estimable: quantifiable samples on the rise to Tmax: {{points}}, of {MIN_POINTS} needed",
    "no_rise": "not estimable: no rise to Tmax",
    "so_far": "provisional: no lower sample after the maximum",
}


def expansion(samples: pd.DataFrame) -> pd.DataFrame:
    """The rise to the peak, one row a subject (sorted), never-expanders too; samples as for `pk.nca.analyse`.

    The slope of ln conc on time by least squares over the quantifiable samples of the rise: from the lowest sample
    between the infusion and Tmax (the latest of equals; BLQ is lowest) to Tmax. The fall before it, of the cells that
    leave the blood after the infusion, is no part of the rise. A value needs 3 samples, as lambda_z does.

    subject, rate [1/d], doubling_time [d, ln 2 / rate], r2, points [count], first [d], last [d, Tmax]
    code    why there is no rate ("no_sample", "never", "few", "no_rise"), or beside one "so_far"; "" where nothing is
            said. `pk.remarks.say(found, ENGLISH)` makes sentences of it.

    Stein et al., CPT Pharmacometrics Syst Pharmacol 2019;8:285-295: doubling time = ln 2 / rate of the rise.
    """
    own = read(samples)
    marks, n = landmarks(own), len(own.subjects)
    rise = _rise(own, marks)
    start, stop = spans(own.subject[rise], n)
    points = stop - start
    fits = windows(own.time[rise], np.log(own.conc[rise]), start, stop)
    slope, _, r2, _ = (of[np.arange(n), points - 1] for of in fits)  # the window of all its points
    code = np.select(
        [~(marks.last_sample > 0), ~(marks.tlast > 0), points < MIN_POINTS, slope <= 0, ~marks.lower_after],
        ["no_sample", "never", "few", "no_rise", "so_far"],
        "",
    )
    given = np.isin(code, ["", "so_far"])
    rate = np.where(given, slope, np.nan)
    time = packed(own.time[rise], start, stop)
    return pd.DataFrame(
        {
            **whose(own.subjects, np.arange(n)),
            "rate": rate,
            "doubling_time": np.log(2) / rate,
            "r2": np.where(given, r2, np.nan),
            "points": points,
            "first": np.where(points > 0, time[:, 0], np.nan),
            "last": np.where(points > 0, time[:, -1], np.nan),
            "code": pd.array(code, dtype="str"),
        }
    )


def _rise(own: Samples, marks: Landmarks) -> np.ndarray:
    """The places of the quantifiable samples from each subject's lowest one before Tmax up to Tmax."""
    places = np.flatnonzero((own.time > 0) & (own.time <= marks.tmax[own.subject]))
    who, conc = own.subject[places], own.conc[places]
    lowest = np.full(len(own.subjects), np.inf)
    np.minimum.at(lowest, who, conc)
    low = conc == lowest[who]
    begin = np.zeros(len(own.subjects), int)
    begin[who[low]] = places[low]  # in ascending order: of equal ones the latest stays
    return places[(places >= begin[who]) & own.quantifiable[places]]
