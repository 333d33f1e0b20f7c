"""What is known of the subjects themselves: subtype, Nectin-4 expression, performance status, prior lines."""

from functools import lru_cache

import pandas as pd
from sqlalchemy import func, or_, select

from data.schema import subject_characteristic
from data.store import Cut


@lru_cache(maxsize=16)
def characteristics(cut: Cut) -> pd.DataFrame:
    """One row a characteristic that was recorded by the cut-off, by subject, code, day. Shared: never written to.

    usubjid, code [SCTESTCD], name, text [standard result, else as it came], value [NaN: not a number], unit, dtc [as it
    came], first, source_file, source_row. What was not done, or has no result, is left out.
    """
    s = subject_characteristic.c
    found = func.coalesce(s.scstresc, s.scorres)
    statement = (
        select(
            s.usubjid, s.sctestcd.label("code"), s.sctest.label("name"), found.label("text"), s.scstresn.label("value"),
            func.coalesce(s.scstresu, s.scorresu).label("unit"), s.scdtc.label("dtc"), s.scdtc_earliest.label("first"),
            s.source_file, s.source_row,
        )
        .where(found.is_not(None), or_(s.scdtc_earliest.is_(None), s.scdtc_earliest <= cut.cutoff))
        .order_by(s.usubjid, s.sctestcd, s.scdtc_earliest.nulls_first(), s.source_row)
    )  # fmt: skip
    return cut.frame(statement)


def of_subject(cut: Cut, usubjid: str, code: str) -> pd.Series | None:
    """The row of one characteristic: of several the highest number, as `queries.cytokines.h_scores` takes it, else the
    latest; None where none is recorded."""
    every = characteristics(cut)
    rows = every[(every["usubjid"] == usubjid) & (every["code"] == code)]
    if rows.empty:
        return None
    return rows.loc[rows["value"].idxmax()] if rows["value"].notna().any() else rows.iloc[-1]


def recorded(cut: Cut, code: str) -> bool:
    """Whether the trial's files hold this characteristic of anybody."""
    return bool((characteristics(cut)["code"] == code).any())
