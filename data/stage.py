"""The cut while it is being built: rows go in as they are read, so that memory does not grow with them."""

import json
import os
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd
from sqlalchemy import Table

from data import schema
from data.store import MEMORY_LIMIT, THREADS

_OF_THE_FILE = ("source_file", "source_row")  # where a row came from, not what it says


class Stage:
    """A DuckDB file with every table of the schema. Nobody reads it before it is published."""

    def __init__(self, path: Path):
        self.path = path
        path.write_bytes(_empty())
        self._base = duckdb.connect(str(path), config={"memory_limit": MEMORY_LIMIT, "threads": THREADS})
        self._base.execute(f"SET temp_directory = '{str(path.with_suffix('.spill')).replace(chr(39), chr(39) * 2)}'")

    def add(self, table: str, rows: pd.DataFrame) -> None:
        if len(rows):
            self._base.register("incoming", rows)
            self._base.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
            self._base.unregister("incoming")

    def ask(self, statement: str) -> pd.DataFrame:
        """The rows of a statement over the tables; names in it are the schema's own."""
        return self._base.execute(statement).df()

    def filled(self) -> list[Table]:
        """The tables that have rows."""
        return [
            one for one in schema.study_tables() if self._base.execute(f"SELECT 1 FROM {one.name} LIMIT 1").fetchone()
        ]

    @cached_property
    def content(self) -> str:
        """JSON of the rows and a sum over them of each table that has any: equal where two cuts hold the same rows.

        In any order, and wherever they came from: the same rows may come in other files. The sum is of DuckDB's own
        hash: should a later version hash otherwise, the same content makes another cut, which does no harm.
        """
        found = {}
        for table in self.filled():
            said = ", ".join(one.name for one in table.columns if one.name not in _OF_THE_FILE)
            statement = f"SELECT count(*), sum(hash(row({said}))::HUGEINT) FROM {table.name}"
            rows, total = self._base.execute(statement).fetchone()
            found[table.name] = [rows, str(total)]
        return json.dumps(found)

    def finish(self, manifest: dict[str, str]) -> None:
        """Writes the manifest and closes the file, everything in it. RuntimeError where DuckDB left a log beside it."""
        self._base.executemany("INSERT INTO manifest VALUES (?, ?)", list(manifest.items()))
        self._base.execute("CHECKPOINT")
        self._base.close()
        if os.path.exists(f"{self.path}.wal"):  # noqa: PTH110  the name DuckDB gives it is the path with a suffix
            raise RuntimeError(f"{self.path.name} was not closed cleanly; nothing was published")

    def close(self) -> None:
        self._base.close()


@cache
def _empty() -> bytes:
    """A file with every table and no row: made once, since thirty tables with their comments take a while."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.duckdb"
        with duckdb.connect(str(path), config={"memory_limit": MEMORY_LIMIT, "threads": THREADS}) as base:
            base.execute(f"BEGIN; {schema.definition()}; COMMIT; CHECKPOINT")
        return path.read_bytes()
