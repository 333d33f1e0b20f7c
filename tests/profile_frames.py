"""Profiles of CAR copies, and what an analysis says of them."""

import math

import pandas as pd
import pytest

from pk.nca import analyse

LN2 = math.log(2)
BLQ, NO_RESULT = "BLQ", "no result"
WHOLE = "CMAX TMAX CLST TLST AUCLST AUCALL AUMCLST MRTEVLST"
SLOPE = "LAMZ LAMZHL LAMZNPT LAMZLL LAMZUL R2 R2ADJ SPAN CLSTP"
INFINITE = "AUCIFO AUCIFP AUCPEO AUCPEP AUMCIFO MRTEVIFO"


def profile(points: dict, subject="S1", lloq=25.0) -> pd.DataFrame:
    """Samples {day: conc} of one subject; BLQ and NO_RESULT stand for what they say."""
    rows = [
        (subject, float(day), math.nan if isinstance(conc, str) else conc, lloq, conc == BLQ)
        for day, conc in points.items()
    ]
    return pd.DataFrame(rows, columns=["subject", "time", "conc", "lloq", "blq"])


# Half-life 2 d after the peak on Day 2: 800 halves every second day.
HALVING = {0: BLQ, 2: 800.0, 4: 400.0, 6: 200.0, 8: 100.0}


def row(result: pd.DataFrame, parameter: str, end: float | None = None, subject="S1") -> pd.Series:
    hit = result[(result["subject"] == subject) & (result["parameter"] == parameter)]
    hit = hit if end is None else hit[hit["end"] == end]
    assert len(hit) == 1
    return hit.iloc[0]


def value(samples: pd.DataFrame, parameter: str, end: float | None = None, **options) -> float:
    return row(analyse(samples, **options), parameter, end)["value"]


def reason(samples: pd.DataFrame, parameter: str, end: float | None = None, **options) -> str:
    return row(analyse(samples, **options), parameter, end)["reason"]


def close(expected: float):
    return pytest.approx(expected, rel=1e-12)
