"""Parquet, read by DuckDB in a connection of its own that may open no other file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import numpy as np
import pandas as pd

from data.readers import source
from data.readers.errors import ReadError
from data.readers.source import Given, SourceTable

_MAGIC = b"PAR1"  # begins and ends the file
_VECTOR = 2_048  # rows that DuckDB hands out at least
_WIDE = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT")  # integers that a float may not hold
_REAL = ("FLOAT", "DOUBLE")
_NARROW = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER")
_INSTANT = "TIMESTAMP WITH TIME ZONE"

# How each type is written out, {} being the column. A date-time of exactly midnight without a zone is a date, as in
# XPORT; one with a zone is an instant, which is written in UTC and never shortened.
_ISO = r"regexp_replace(strftime({}, '%Y-%m-%dT%H:%M:%S.%f'), '(T00:00:00)?\.000000$', '')"
_INSTANT_ISO = r"regexp_replace(strftime(make_timestamp(epoch_us({})), '%Y-%m-%dT%H:%M:%S.%f'), '\.000000$', '') || 'Z'"
_TEXTS = {
    "VARCHAR": "{}",
    "UUID": "CAST({} AS VARCHAR)",
    "JSON": "CAST({} AS VARCHAR)",
    "BOOLEAN": "CASE WHEN {0} THEN 'Y' WHEN NOT {0} THEN 'N' END",
    "DATE": "CAST({} AS VARCHAR)",
    "TIME": "CAST({} AS VARCHAR)",
    "TIMESTAMP": _ISO,
    "TIMESTAMP_S": _ISO,
    "TIMESTAMP_MS": _ISO,
    "TIMESTAMP_NS": _ISO,
    _INSTANT: _INSTANT_ISO,
}


def read(given: Given, _: str) -> SourceTable:
    if not (head := given.head(4096)).startswith(_MAGIC):
        raise source.not_its_name(head, "a Parquet file")
    if given.size < 3 * len(_MAGIC) or given.tail(len(_MAGIC)) != _MAGIC:
        raise ReadError("truncated", "the file breaks off: its end is missing; transfer it again")
    with _base(given) as (base, path):
        types = dict(_columns(base, path))
        columns = source.check_header(_names(base, path))
        rows = sum(
            count for (count,) in base.execute("SELECT num_rows FROM parquet_file_metadata(?)", [path]).fetchall()
        )
        if not rows:
            raise source.no_rows()
        if rows * len(columns) > given.limit:  # each value would be a byte at least, were it not packed
            raise source.too_large(rows * len(columns), given.limit)
        _exact(base, path, types)
    return SourceTable(
        name=given.name,
        sha256=given.sha256,
        size=given.size,
        format="Parquet",
        encoding="utf-8",
        label="",
        columns=columns,
        chunks=lambda: _chunks(given, columns, types, rows),
    )


@contextmanager
def _base(given: Given) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """A connection that sees this one file, and the file's name as DuckDB is to be told it."""
    path = re.sub(r"[*?\[]", r"[\g<0>]", str(given.path.absolute()))  # else `a*.parquet` would read its neighbours too
    config = {"memory_limit": "512MB", "threads": 1, "temp_directory": "", "autoload_known_extensions": False}
    with given.opened(), duckdb.connect(config=config) as base:
        try:
            base.execute("SET allowed_paths = ?", [[path, str(given.path.absolute())]])
            base.execute("SET enable_external_access = false")
            yield base, path
        except duckdb.Error as error:
            message = "the file is damaged, encrypted, or written in a way that cannot be read; export it again"
            raise ReadError("unreadable", message) from error


def _columns(base: duckdb.DuckDBPyConnection, path: str) -> Iterator[tuple[str, str]]:
    """Name and type of each column; ReadError for one that is no single text, number or date a row."""
    for name, kind, *_ in base.execute("DESCRIBE FROM read_parquet(?, hive_partitioning = false)", [path]).fetchall():
        if not (kind in _TEXTS or _is_number(kind)):
            message = f"the column holds {kind.split('(')[0]}, not a text, a number or a date; leave it out"
            raise ReadError("wrong type", message, column=name.strip().upper())
        yield name, kind


def _is_number(kind: str) -> bool:
    return kind in (*_WIDE, *_REAL, *_NARROW) or kind.startswith("DECIMAL(")


def _names(base: duckdb.DuckDBPyConnection, path: str) -> list[str]:
    """The names as the file has them: DuckDB gives those that stand twice a number."""
    rows = base.execute("SELECT name FROM parquet_schema(?) WHERE coalesce(num_children, 0) = 0", [path]).fetchall()
    return [name for (name,) in rows]


def _exact(base: duckdb.DuckDBPyConnection, path: str, types: dict[str, str]) -> None:
    """ReadError for a number that a float would round, and for infinity."""
    bound = source.UNROUNDED
    wrong = {
        name: f"{_quoted(name)} NOT BETWEEN -{bound} AND {bound}" if kind in _WIDE else f"isinf({_quoted(name)})"
        for name, kind in types.items()
        if kind in (*_WIDE, *_REAL)
    }
    if not wrong:
        return
    rows = ", ".join(f"min(file_row_number) FILTER (WHERE {one})" for one in wrong.values())
    query = f"SELECT {rows} FROM read_parquet(?, hive_partitioning = false, file_row_number = true)"
    for name, row in zip(wrong, base.execute(query, [path]).fetchone(), strict=True):
        if row is not None:
            message = "the number cannot be held exactly (an identifier?); export the column as text"
            raise ReadError("wrong type", message, row=row + 1, column=name.strip().upper())


def _chunks(given: Given, columns: tuple[str, ...], types: dict[str, str], rows: int) -> Iterator[pd.DataFrame]:
    size, done = source.rows_at_once(len(columns)), 0
    written = ", ".join(_written(_quoted(name), kind) for name, kind in types.items())
    numbers = [_is_number(kind) for kind in types.values()]
    with _base(given) as (base, path):
        result = base.execute(f"SELECT {written} FROM read_parquet(?, hive_partitioning = false)", [path])
        while len(some := result.fetch_df_chunk(max(1, size // _VECTOR))):
            for begin in range(0, len(some), size):
                part = some.iloc[begin : begin + size]
                series = (part.iloc[:, at] for at in range(len(columns)))
                read = zip(columns, series, numbers, strict=True)
                values = {name: _floats(one) if number else _texts(one) for name, one, number in read}
                yield source.frame_of(values, done + 1, len(part))
                done += len(part)
    if done != rows:
        message = f"the file announces {rows:,} rows and holds {done:,}: it is damaged; export it again"
        raise ReadError("records differ", message)


def _written(name: str, kind: str) -> str:
    return f"CAST({name} AS DOUBLE)" if _is_number(kind) else _TEXTS[kind].format(name)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _floats(values: pd.Series) -> np.ndarray:
    return values.to_numpy(dtype="float64", na_value=np.nan)


def _texts(values: pd.Series) -> list[str | None]:
    return [(one.strip() or None) if isinstance(one, str) else None for one in values.tolist()]
