"""Adverse events that are serious by what their own row says, and are not marked so."""

from collections.abc import Iterator

import pandas as pd

from data.findings import Findings

# Column -> what a Y in it says: the criteria of ICH E2A, section II.B, as SDTM has them.
CRITERIA = {
    "aesdth": "resulted in death",
    "aeslife": "was life-threatening",
    "aeshosp": "brought or kept the patient in hospital",
    "aesdisab": "left a disability",
    "aescong": "is a congenital anomaly",
}


def check_seriousness(rows: pd.DataFrame, findings: Findings) -> None:
    """One finding an event and criterion. rows: of AE as SDTM, with any of these columns; without AESER nothing is
    compared, as its absence is a finding of its own."""
    if "aeser" not in rows:
        return
    unmarked = ~_says(rows, "aeser", "Y")
    for column, said, what in _criteria(rows):
        wrong = rows[said & unmarked]
        message = (
            f"the event {what} by {column.upper()}, and AESER is not Y: it is serious; ask the site which is right"
        )
        findings.report("warning", "serious, not marked", wrong, message, "aeser", _shown(wrong))


def _shown(rows: pd.DataFrame) -> pd.Series:
    """Whose event it is, and which."""
    blank = _blank(rows)
    term = rows.get("aedecod", blank).fillna(rows.get("aeterm", blank)).fillna("")
    return rows.get("usubjid", blank).fillna("") + ": " + term


def _criteria(rows: pd.DataFrame) -> Iterator[tuple[str, pd.Series, str]]:
    for column, what in CRITERIA.items():
        yield column, _says(rows, column, "Y"), what
    # Told once: where AESDTH says it, the outcome and the grade say nothing more.
    left = ~_says(rows, "aesdth", "Y")
    yield "aeout", left & _says(rows, "aeout", "FATAL"), CRITERIA["aesdth"]
    fatal = left & ~_says(rows, "aeout", "FATAL") & (pd.to_numeric(rows.get("aetoxgr", _blank(rows)), "coerce") == 5)
    yield "aetoxgr", fatal, CRITERIA["aesdth"]


def _says(rows: pd.DataFrame, column: str, word: str) -> pd.Series:
    return rows.get(column, _blank(rows)).astype("string").str.strip().str.upper().eq(word).fillna(False).astype(bool)


def _blank(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(None, index=rows.index, dtype=object)
