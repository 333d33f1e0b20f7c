"""Small trials as frames in the shape of the queries, dated in days since 1 March 2026; most patients' Day 0."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pandas as pd

from data import protocol
from data.dates import interval

PROTOCOL = protocol.load(Path("xkdct293.toml"))
FIRST_DAY = date(2026, 3, 1)
CRS = "Cytokine release syndrome"
NEUTROPHILS = "Neutrophil count decreased"
LYMPHOCYTES = "Lymphocyte count decreased"
ALT = "Alanine aminotransferase increased"

_SUBJECT_DATES = ["consent", "leukapheresis", "manufacture_start", "manufacture_end", "lymphodepletion", "day0"]
_SUBJECT_DATES += ["last_assessed", "last_contact", "off_study", "off_study_latest", "left_study", "death"]
_EVENT_DATES = ["aestdtc_earliest", "aestdtc_latest", "aeendtc_earliest", "aeendtc_latest"]
_EVENT_TEXTS = ["usubjid", "aegrpid", "aeterm", "aedecod", "aeptcd", "aebodsys", "aesev", "aeser", "aerel"]
_EVENT_TEXTS += ["causality", "aeout", "aesdth", "aestdtc", "aeendtc", "aedlt", "source_file"]


def protocol_with(old: str, new: str) -> protocol.Protocol:
    """The protocol with one line of its file changed."""
    assert PROTOCOL.text.count(old) == 1
    return protocol.parse(PROTOCOL.text.replace(old, new))


def end_of(day: int) -> datetime:
    """A cut-off: the end of that day."""
    return datetime.combine(FIRST_DAY + timedelta(days=day), time(23, 59, 59))


def moment(day: int | None, hour: int = 0) -> datetime | None:
    return None if day is None else datetime.combine(FIRST_DAY + timedelta(days=day), time(hour))


def text(when: int | str | None) -> str | None:
    """ISO 8601 text of a day, or of a day and a time such as "6T14:00"; a text such as "2026-03" is itself."""
    if when is None or (isinstance(when, str) and when[:4].isdigit()):
        return when
    day, _, clock = str(when).partition("T")
    return f"{FIRST_DAY + timedelta(days=int(day))}" + (f"T{clock}" if clock else "")


def subject(usubjid: str, cohort: str | None = "DL1", infused: int | None = 0, **more) -> dict:
    """One subject: dates are days; `off_study` can be a pair of days, of a disposition unless `left_study` says None.
    Seen until Day 60 unless told."""
    seen = None if infused is None else infused + 60
    told = {"consent": -50, "last_assessed": seen, "last_contact": seen} | more
    off = told.get("off_study")
    told["off_study"], told["off_study_latest"] = off if isinstance(off, tuple) else (off, off)
    told.setdefault("left_study", told["off_study"])
    row = {name: moment(told.get(name)) for name in _SUBJECT_DATES}
    row["day0"] = moment(infused, hour=10)
    rest = {"manufacture_state": None, "off_study_reason": None, "dose_fraction": 1.0, "screen_failed": False}
    rest |= {name: told[name] for name in rest if name in told}
    return {"usubjid": usubjid, "subjid": usubjid, "cohort": cohort} | row | rest


def event(term: str | None, grade: int | None, start, end=None, *, who: str = "A1", group=None, **more) -> dict:
    """One row of an event; dates as in `text`. `rel` is the class of causality."""
    row = {"usubjid": who, "aegrpid": group, "aeterm": (term or "felt unwell").upper(), "aedecod": term}
    row |= {"aetoxgr": grade, "aestdtc": text(start), "aeendtc": text(end)}
    row |= {"causality": more.pop("rel", "related"), "aeser": "N"}
    return row | more


def subjects(*rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows) or None, columns=list(subject("")))
    dated = dict.fromkeys(_SUBJECT_DATES, "datetime64[us]")
    return frame.astype(dated | {"dose_fraction": float, "screen_failed": bool})


def events(*rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows) or None, columns=[*_EVENT_TEXTS, "aetoxgr"]).astype({"aetoxgr": "Int64"})
    for name in ("aestdtc", "aeendtc"):
        spans = [(None, None) if pd.isna(one) else interval(one, PROTOCOL.trial.zone) for one in frame[name]]
        frame[f"{name}_earliest"], frame[f"{name}_latest"] = zip(*spans, strict=True) if spans else ((), ())
    frame["aeseq"], frame["source_file"] = [float(one) for one in range(1, len(frame) + 1)], "ae.xpt"
    frame["source_row"] = range(1, len(frame) + 1)
    return frame.astype(dict.fromkeys(_EVENT_DATES, "datetime64[us]"))
