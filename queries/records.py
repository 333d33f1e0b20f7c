"""Every row that the store holds of a patient, by what tells it apart in any cut, with a digest of what it says."""

from functools import lru_cache

import pandas as pd
from sqlalchemy import ColumnElement, Select, Table, Text, cast, func, literal, select, union_all

from data.schema import is_derived, study_tables
from data.store import Cut

_ORIGIN = ("source_file", "source_row")
_OF_OTHERS = ("aedlt",)  # what a row of another file says of this one
DIGITS = 8  # of a digest


@lru_cache(maxsize=64)
def records(cut: Cut, usubjid: str) -> pd.DataFrame:
    """One row a row, by table, file and row: table, key [what tells it apart within the patient, without blanks],
    digest [of what it says; not of where it stood in its file], source_file, source_row. Shared: never
    written to."""
    found = union_all(*(_rows(one, usubjid) for one in study_tables() if "usubjid" in one.c)).subquery()
    return cut.frame(select(found).order_by(found.c.table, found.c.source_file, found.c.source_row))


def _rows(table: Table, usubjid: str) -> Select:
    came = [one for one in table.columns if one.name not in _ORIGIN and (one.name in _OF_OTHERS or not is_derived(one))]
    key = [table.c[name] for name in table.info["key"] if name != "usubjid"]
    return select(
        literal(table.name).label("table"),
        func.regexp_replace(_joined(key, "/"), r"\s+", "_", "g").label("key"),
        func.left(func.md5(_joined(came, "\x1f")), DIGITS).label("digest"),
        table.c.source_file,
        table.c.source_row,
    ).where(table.c.usubjid == usubjid)


def _joined(columns: list[ColumnElement], by: str) -> ColumnElement:
    """As one text; a blank stays a place of its own. A number is its shortest text."""
    if not columns:
        return literal("-")
    return func.concat_ws(by, *(func.coalesce(cast(one, Text), "") for one in columns))
