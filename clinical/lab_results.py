"""Laboratory results as the DLT definition reads them: which of them count, with which baseline, and at which grade."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from clinical.grading import ctcae
from clinical.lab_grades import TESTS, grades_of, with_baseline
from clinical.sentence import Sentence

_TEST = {term: code for code, terms in TESTS.items() for term in terms}

# What is read of `queries.measurements`.
COLUMNS = (
    "usubjid", "code", "value", "unit", "qualifier", "range_low", "range_high", "specimen", "category", "first", "last",
    "dtc", "source_file", "source_row",
)  # fmt: skip

# What is not known where a grade is a range; a translation has the same keys.
LACKING = ctcae.LACKING | {
    "unit": "no unit, or one that is not known",
    "moment": "results of one moment differ",
}


class Lacking(tuple):
    """Keys of LACKING; in a sentence their English words."""

    def __str__(self) -> str:
        return self.say(LACKING)

    def __format__(self, spec: str) -> str:
        return str(self)

    def say(self, words: Mapping[str, str]) -> str:
        return ", ".join(words[one] for one in self)


@dataclass(frozen=True)
class Evidence:
    table: str
    usubjid: str
    code: str  # LBTESTCD, or the term of an event
    dtc: str | None  # as it came
    value: str  # with its unit
    low: int | None
    high: int | None
    scale: str
    source_file: str
    source_row: int
    note: Sentence | None = None  # how it meets an alert, of `clinical.alerts.ENGLISH`


class Result(NamedTuple):
    """One row, and which grades of a CTCAE term it can be."""

    usubjid: str
    code: str
    value: float
    unit: str
    qualifier: str | None
    first: datetime | None
    last: datetime | None
    dtc: str
    source_file: str
    source_row: int
    timed: bool  # the time of day is known
    low: int
    high: int
    lacking: tuple[str, ...]  # keys of LACKING
    scale: str

    @property
    def evidence(self) -> Evidence:
        text = f"{self.qualifier if pd.notna(self.qualifier) else ''}{self.value:g} {self.unit}".strip()
        return Evidence(
            "LB", self.usubjid, self.code, self.dtc, text, self.low, self.high, self.scale,
            self.source_file, self.source_row,
        )  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """The results of one moment, and which grades they can be."""

    first: datetime | None
    last: datetime | None
    low: int
    high: int
    lacking: tuple[str, ...]
    timed: bool
    rows: tuple[Result, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(row.evidence for row in self.rows)


def read(labs: pd.DataFrame, infused: pd.DataFrame, cutoff: datetime) -> pd.DataFrame:
    """Samples with a value, of blood as far as is known, of the infused, up to the cut-off, in any order: COLUMNS and
    those of `lab_grades.with_baseline`, `who` [place of the subject in `infused`], `timed` [the time of day is known].

    labs: COLUMNS. infused: `queries.subjects` of the infused by usubjid.
    """
    labs = labs.loc[labs["code"].isin(list(TESTS)) & ~(labs["first"] > cutoff), list(COLUMNS)]
    rows = with_baseline(labs, infused["lymphodepletion"].fillna(infused["day0"]))
    return rows.assign(
        who=infused.index.get_indexer(rows["usubjid"]), timed=rows["last"] - rows["first"] < timedelta(hours=1)
    )


def graded(rows: pd.DataFrame, terms: Iterable[str], version: str) -> dict[str, pd.DataFrame]:
    """The rows of the test of each term that has any, with the columns `low, high, lacking, scale` of `Result`: of what
    cannot be graded, every grade.

    rows: as `read` gives them. version: of CTCAE; a term that it has no limits for is graded by 5.0.
    """
    by_test = rows.groupby("code").indices
    there = [(term, by_test[_TEST[term]]) for term in terms if _TEST[term] in by_test]
    found = {}
    for one in dict.fromkeys((version, "5.0")):
        asked = {term: places for term, places in there if term not in found and ctcae.reachable(term, one)}
        if asked:
            found |= _graded(rows, asked, one)
    return found


def _graded(rows: pd.DataFrame, places: Mapping[str, np.ndarray], version: str) -> dict[str, pd.DataFrame]:
    """All terms at once: one after the other would take ten times as long in a small trial."""
    counts = [len(one) for one in places.values()]
    each = rows.take(np.concatenate(list(places.values()))).reset_index(drop=True)
    grades = grades_of(each, np.repeat(list(places), counts), version)
    in_unit, most = grades["low"].notna(), np.repeat([ctcae.reachable(term, version) for term in places], counts)
    each["low"] = grades["low"].fillna(0).astype(int)
    each["high"] = grades["high"].astype(float).where(in_unit, most).astype(int)
    each["lacking"] = grades["missing"].where(in_unit, pd.Series([("unit",)] * len(each)))
    each["scale"] = grades["scale"]
    ends = np.cumsum(counts)
    return {term: each.iloc[end - count : end] for term, count, end in zip(places, counts, ends, strict=True)}


def samples(rows: pd.DataFrame, term: str, least: int) -> list[Sample]:
    """A sample a row, by subject and moment, of the subjects that have any that can be at the grade `least`.

    rows: as `graded` for `term`. A creatinine or an INR without baseline that is normal, or below 2.5, is taken to be
    below grade 3: nothing excludes that the baseline was lower still, and each patient's would be.
    """
    if least >= 3:
        rows = rows.assign(high=rows["high"].mask(_is_usual(rows, term), rows["high"].clip(upper=least - 1)))
    concerned = rows["who"].isin(rows.loc[rows["high"] >= least, "who"].unique())
    if not concerned.any():
        return []
    wanted = rows[concerned].sort_values(["who", "first", "last", "value", "source_row"])
    # Columns as lists of plain objects: a frame a patient would be walked ten times as slowly.
    results = map(Result._make, zip(*(_plain(wanted[name]) for name in Result._fields), strict=True))
    return [Sample(one.first, one.last, one.low, one.high, one.lacking, one.timed, (one,)) for one in results]


def _is_usual(rows: pd.DataFrame, term: str) -> pd.Series:
    limit = {"Creatinine increased": rows["range_high"], "INR increased": 2.5}.get(term, -math.inf)
    return rows["value_baseline"].isna() & rows["qualifier"].isna() & (rows["value"] <= limit)


def _plain(column: pd.Series) -> list:
    """A moment that is not known is None."""
    is_moment = column.dtype.kind == "M"  # numpy's own way is thirty times as fast as a Timestamp each
    return column.to_numpy().tolist() if is_moment else column.astype(object).tolist()
