"""What one row of a reported adverse event says, where it says it vaguely or contradicts itself."""

from datetime import date, datetime

import pandas as pd

OVER = ("RECOVERED/RESOLVED", "RECOVERED/RESOLVED WITH SEQUELAE", "FATAL")  # AEOUT by CDISC

Moments = tuple[datetime, datetime]  # the first and the last that can be meant


def began(row) -> tuple[date, date]:
    """First and last day on which a reported row can have begun: any day where undated, none after it ended."""
    first, last = date.min, date.max
    if pd.notna(row.aestdtc_earliest):
        first, last = row.aestdtc_earliest.date(), row.aestdtc_latest.date()
    if pd.notna(row.aeendtc_latest):
        last = max(first, min(last, row.aeendtc_latest.date()))
    return first, last


def event_key(row) -> str:
    """The rows of one event share AEGRPID: a row a grade. One row of a wide file can report several events."""
    return f"{row.source_file} {row.source_row} {row.aeseq}" if pd.isna(row.aegrpid) else f"group {row.aegrpid}"


def event_keys(events: pd.DataFrame) -> pd.Series:
    """`event_key` of every row of a frame, unique over patients."""
    row = events["source_file"] + " " + events["source_row"].astype(str) + " " + events["aeseq"].astype(str)
    return events["usubjid"] + "/" + events["aegrpid"].map("group {}".format, na_action="ignore").fillna(row)


def reported_grade(row) -> int | None:
    """The grade as reported; a fatal event is grade 5 whatever the grade column says."""
    if row.aesdth == "Y" or row.aeout == "FATAL":
        return 5
    return None if pd.isna(row.aetoxgr) else int(row.aetoxgr)


def started(row) -> Moments | None:
    """The first and the last moment a row can have begun; None where undated."""
    return None if pd.isna(row.aestdtc_earliest) else (row.aestdtc_earliest, row.aestdtc_latest)


def ended(row, cutoff: datetime) -> Moments | None:
    """None where the row goes on. One that is over, but nobody wrote since when, ended between its start and now."""
    if pd.notna(row.aeendtc_earliest) and row.aeendtc_earliest <= cutoff:
        return row.aeendtc_earliest, min(row.aeendtc_latest, cutoff)
    if pd.isna(row.aeendtc_earliest) and row.aeout in OVER and pd.notna(row.aestdtc_earliest):
        return row.aestdtc_earliest, cutoff
    return None
