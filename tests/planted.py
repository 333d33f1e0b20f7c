"""The last simulated cut as CSV files, and cuts with changes planted in them.

By hand from the scenario, at 2026-11-21: level 1 0/3, level 2 1/6 (201 a DLT, 203 replaced), level 3 0/1 with 302
unresolved and 303 pending. 205 was infused on 2026-08-03; its window ended on 2026-08-31, and its dry eye (AESEQ 9,
grade 1) began on 2026-09-07, Day 35, and lasted to 2026-10-04.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyreadstat

from data import importing, protocol
from data.store import Cut, Store

NAMES = ("dm", "ex", "sv", "ae", "suppae", "ts", "lb", "ss", "ds")
LAB_PATIENTS = ("XKDCT293-01-301", "XKDCT293-01-302", "XKDCT293-01-303")  # whose are kept: all would take long
Edit = Callable[[pd.DataFrame], pd.DataFrame]


class Planted:
    """One store: `base`, and over it the cuts that were asked for, each of the same files but for what was changed."""

    def __init__(self, source: Path, root: Path):
        self._frames = {name: _read(source / f"{name}.xpt") for name in NAMES}
        labs = self._frames["lb"]
        self._frames["lb"] = labs[labs["USUBJID"].isin(LAB_PATIENTS)]
        self._root, self.store = root, Store(root / "store")
        self.base = self.cut({})

    @cached_property
    def worse(self) -> Cut:
        return self.cut(WORSE)

    @cached_property
    def flagged(self) -> Cut:
        return self.cut(FLAGGED)

    @cached_property
    def corrected(self) -> Cut:
        return self.cut(CORRECTED)

    @cached_property
    def month_later(self) -> Cut:
        """The same rows, as if nothing had been entered for a month."""
        return self.cut({}, cutoff=date(2026, 12, 20))

    def cut(self, edits: Mapping[str, Edit], *, files: Callable = lambda frames: frames, cutoff=None) -> Cut:
        """edits: name of the domain's file -> what is done to its rows. files: what becomes of {file name: rows}."""
        folder = self._root / f"files-{len(self.store.ids())}"
        folder.mkdir()
        frames = {name: edits.get(name, _as_it_is)(frame.copy()) for name, frame in self._frames.items()}
        for name, frame in files(frames).items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        told = protocol.load(Path("xkdct293.toml"))
        receipt = importing.load([folder], self.store, told, accept=True, cutoff=cutoff)
        assert receipt.outcome == "published", receipt.findings
        return self.store.open(receipt.cut)


def _read(path: Path) -> pd.DataFrame:
    frame, _ = pyreadstat.read_xport(path)
    return frame.astype(object).where(frame.notna(), "")


def _as_it_is(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def at(usubjid: str, number: int, **cells: object) -> Edit:
    """Other cells in the row of that --SEQ."""

    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[_row(rows, usubjid, number), list(cells)] = list(cells.values())
        return rows

    return edit


def without(usubjid: str, number: int) -> Edit:
    return lambda rows: rows[~_row(rows, usubjid, number)]


def with_row(usubjid: str, number: int, **cells: object) -> Edit:
    """One more row, like another of the subject but for its cells; it stands last."""

    def edit(rows: pd.DataFrame) -> pd.DataFrame:
        like = rows[rows["USUBJID"] == usubjid].head(1).assign(**{_seq(rows): float(number)}, **cells)
        return pd.concat([rows, like], ignore_index=True)

    return edit


def _row(rows: pd.DataFrame, usubjid: str, number: int) -> pd.Series:
    return (rows["USUBJID"] == usubjid) & (rows[_seq(rows)] == number)


def _seq(rows: pd.DataFrame) -> str:
    return next(one for one in rows if one.endswith("SEQ"))


WORSE = {"ae": at("XKDCT293-01-205", 9, AETOXGR="3", AESTDTC="2026-08-28")}  # Day 25, inside the window
FLAG = {"STUDYID": "XKDCT293", "RDOMAIN": "AE", "USUBJID": "XKDCT293-01-205", "IDVAR": "AESEQ", "IDVARVAL": "9",
        "QNAM": "DLT", "QLABEL": "Dose-Limiting Toxicity", "QVAL": "Y", "QORIG": "CRF", "QEVAL": "SPONSOR"}  # fmt: skip
FLAGGED = WORSE | {"suppae": lambda rows: pd.concat([rows, pd.DataFrame([FLAG])], ignore_index=True)}
CORRECTED = {"lb": at("XKDCT293-01-302", 371, LBORRES="51", LBSTRESC="51", LBSTRESN=51.0)}
