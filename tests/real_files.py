"""The rows of the real trial files by their numbers, read by pandas and pyreadstat alone: what screens are held to."""

from pathlib import Path

import pandas as pd
import pyreadstat


def xpt(folder: Path, name: str) -> pd.DataFrame:
    """A file of the CDISC pilot as it stands, its rows numbered from 1; one of the files is in Windows-1252."""
    rows = pyreadstat.read_xport(str(folder / "cdisc_pilot_xpt" / f"{name}.xpt"), encoding="WINDOWS-1252")[0]
    return rows.set_axis(range(1, len(rows) + 1))


def csv(folder: Path, name: str) -> pd.DataFrame:
    """A table of the published CD22 patients as text, its rows numbered from 1."""
    rows = pd.read_csv(folder / "cart_cd22_phase1" / f"{name}.csv", dtype=str, keep_default_na=False)
    return rows.set_axis(range(1, len(rows) + 1))


def days_between(first: str, last: str) -> int:
    """Of two dates, times left out."""
    return (pd.Timestamp(last[:10]) - pd.Timestamp(first[:10])).days
