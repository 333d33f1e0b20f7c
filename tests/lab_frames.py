"""Laboratory results in the shape of `queries.measurements`, dated in days since 1 March 2026."""

import pandas as pd
from trial_frames import PROTOCOL, text

from data.dates import interval

ALT_RANGE = {"unit": "U/L", "range_low": 7.0, "range_high": 40.0}
COUNTS = {"unit": "10^9/L", "range_low": 1.8, "range_high": 6.3}
_DATED = dict.fromkeys(("first", "last"), "datetime64[us]")
_COLUMNS = ["usubjid", "code", "specimen", "category", "value", "unit", "qualifier", "range_low", "range_high", "dtc"]


def result(value: float | None, when, code: str = "ALT", *, who: str = "A1", **more) -> dict:
    row = {"usubjid": who, "code": code, "value": value, "dtc": text(when)}
    return row | (COUNTS if code in ("NEUT", "PLAT", "LYM", "WBC") else ALT_RANGE) | more


def labs(*rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows) or None, columns=_COLUMNS)
    spans = [(None, None) if pd.isna(one) else interval(one, PROTOCOL.trial.zone) for one in frame["dtc"]]
    frame["first"], frame["last"] = zip(*spans, strict=True) if spans else ((), ())
    frame["source_file"], frame["source_row"] = "lb.xpt", range(1, len(frame) + 1)
    numbers = dict.fromkeys(("value", "range_low", "range_high"), float)
    texts = dict.fromkeys(("specimen", "category", "qualifier", "unit"), object)
    return frame.astype(_DATED | numbers | texts)
