"""How old the last data of a patient are at the cut-off, apart for each kind of data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType

import pandas as pd

from clinical.course import Course

# Kind of data -> tables of `queries.measurements`.
KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "vitals": ("vital_sign",),
        "lab": ("lab",),
        "cytokines": ("cytokine",),
        "cells": ("kinetics", "flow"),
        "ice": ("ice",),
        "tumour": ("lesion", "response"),
    }
)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Age:
    at: pd.Timestamp  # of the last sample or measurement
    timed: bool  # its time of day is known
    hours: float | None  # before the cut-off; None where only the day is known
    days: int  # by the calendar


def age(rows: pd.DataFrame, course: Course) -> Age | None:
    """Of the last of some rows of `course.measured` that has a result; None where none is dated."""
    known = rows[rows["first"].notna() & _has_result(rows)]
    if known.empty:
        return None
    last = known.loc[known["first"].idxmax()]
    timed = last["last"] - last["first"] < _HOUR
    before = pd.Timestamp(course.cutoff) - last["first"]
    days = (course.cutoff.date() - last["first"].date()).days
    return Age(last["first"], bool(timed), before / _HOUR if timed else None, days)


@lru_cache(maxsize=64)
def ages(course: Course) -> dict[str, Age | None]:
    """By kind of data."""
    return {kind: age(_of(kind, course), course) for kind in KINDS}


@lru_cache(maxsize=64)
def undated(course: Course) -> tuple[str, ...]:
    """The kinds of which there are results, and none of them has a day."""
    found = {kind: rows[_has_result(rows)] for kind, rows in ((one, _of(one, course)) for one in KINDS)}
    return tuple(kind for kind, rows in found.items() if len(rows) and rows["first"].isna().all())


def _of(kind: str, course: Course) -> pd.DataFrame:
    return course.measured[course.measured["table"].isin(KINDS[kind])]


def _has_result(rows: pd.DataFrame) -> pd.Series:
    return rows["not_done"].isna() & (rows["value"].notna() | rows["text"].notna())
