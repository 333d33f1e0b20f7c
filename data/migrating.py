"""Cuts of an older schema, opened as if they were of today's: a copy in memory, the file stays as it was published."""

from collections.abc import Callable

import duckdb
import pandas as pd
from sqlalchemy import Table

from data import results, schema

Migration = Callable[[pd.DataFrame, Table], pd.DataFrame]


MANIFEST = {"mapping": "", "fictional_day0": "", "content": "{}"}  # what an older manifest does not say


def migrate(base: duckdb.DuckDBPyConnection, name: str, path: str, manifest: dict[str, str]) -> None:
    """Puts today's tables in memory in the place of the attached cut `name`, with its rows.

    What the import works out today and did not then is worked out now, by the import's own reading; any other column
    that the older schema did not have is empty. path: of the cut's file, quoted for SQL. manifest: with MANIFEST.
    """
    then = f"{name}_then"
    base.execute(f"DETACH {name}; ATTACH '{path}' AS {then} (READ_ONLY)")
    base.execute(f"ATTACH ':memory:' AS {name}; USE {name}; {schema.definition()}; USE memory")
    base.executemany(f"INSERT INTO {name}.main.manifest VALUES (?, ?)", list(manifest.items()))
    for table in schema.study_tables():
        _copy(base, table, name, then, VERSIONS[manifest["schema_version"]])
    base.execute(f"DETACH {then}")


def _copy(base: duckdb.DuckDBPyConnection, table: Table, name: str, then: str, migration: Migration) -> None:
    had = {one for (one,) in base.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND table_name = ?", [then, table.name]
    ).fetchall()}  # fmt: skip
    columns = ", ".join(one.name for one in table.columns if one.name in had)
    if had >= {one.name for one in table.columns}:
        base.execute(f"INSERT INTO {name}.main.{table.name} BY NAME SELECT {columns} FROM {then}.main.{table.name}")
    elif columns:
        rows = base.execute(f"SELECT {columns} FROM {then}.main.{table.name} ORDER BY rowid").df()
        if len(rows):
            base.register("migrated", migration(rows, table))
            base.execute(f"INSERT INTO {name}.main.{table.name} BY NAME SELECT * FROM migrated")
            base.unregister("migrated")


def _from_1(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Version 1 kept results as the sender wrote them and no value of the store's own."""
    rows = rows.reindex(columns=[one.name for one in table.columns])
    if schema.is_measured(table):
        results.derive(rows, table, _unheard)
    return rows


def _unheard(*told: object) -> None:
    """What a reading has to say belongs into the receipt of an import; the number it withholds is withheld here too."""


VERSIONS: dict[str, Migration] = {"1": _from_1}  # what is done to rows that lack columns
