"""Vital signs, ICE scores and what was given, in the shape of the queries; dated in days since infusion (1 March)."""

import pandas as pd
from trial_frames import FIRST_DAY, PROTOCOL, text

from data.dates import interval

WELL = {"TEMP": 36.8, "SYSBP": 120.0}
UNITS = {"TEMP": "C", "SYSBP": "mmHg", "ICETOT": ""}
_DATED = dict.fromkeys(("first", "last"), "datetime64[us]")


def reading(code: str, value: float | None, when, *, who: str = "A1", place: str | None = None) -> dict:
    return {"usubjid": who, "code": code, "value": value, "unit": UNITS[code], "place": place, "dtc": text(when)}


def vitals(*at: tuple) -> list[dict]:
    """(when, {code: value}) -> a reading each; what is not told is well."""
    return [reading(code, value, when) for when, told in at for code, value in (WELL | told).items()]


def measured(rows: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame(rows or None, columns=["usubjid", "code", "value", "unit", "place", "dtc"])
    spans = [interval(one, PROTOCOL.trial.zone) for one in frame["dtc"]]
    frame["first"], frame["last"] = zip(*spans, strict=True) if spans else ((), ())
    frame = frame.astype(_DATED | {"value": float})
    frame["rel_day"] = (frame["first"].dt.normalize() - pd.Timestamp(FIRST_DAY)).dt.days.astype("Int64")
    frame["time"] = (frame["first"] - pd.Timestamp(FIRST_DAY)) / pd.Timedelta(days=1)
    frame["source_file"], frame["source_row"] = "vs.xpt", range(1, len(frame) + 1)
    return frame


def gave(kind: str, name: str, start, end=None, *, dose: float | None = None, who: str = "A1") -> dict:
    return {
        "usubjid": who,
        "kind": kind,
        "name": name,
        "dose": dose,
        "unit": "L/min",
        "start": text(start),
        "end": text(end),
    }


def given(*rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows) or None, columns=list(gave("", "", 0)))
    for name, columns in (("start", ("first", "last")), ("end", ("end_first", "end_last"))):
        spans = [(None, None) if pd.isna(one) else interval(one, PROTOCOL.trial.zone) for one in frame[name]]
        frame[columns[0]], frame[columns[1]] = zip(*spans, strict=True) if spans else ((), ())
    frame = frame.astype(dict.fromkeys(("first", "last", "end_first", "end_last"), "datetime64[us]") | {"dose": float})
    frame["time"] = (frame["first"] - pd.Timestamp(FIRST_DAY)) / pd.Timedelta(days=1)
    frame["table"], frame["source_file"], frame["source_row"] = "support", "pr.xpt", range(1, len(frame) + 1)
    return frame
