"""The two databases that the state can rest in: how each is opened and locked for one writer, what its errors mean."""

import os
import re
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from sqlalchemy import URL, Connection, NullPool, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

PATIENCE = 10  # seconds that one waits for another writer

_OF_SQLITE = {
    "SQLITE_BUSY": "locked",
    "SQLITE_LOCKED": "locked",
    "SQLITE_READONLY": "read_only",
    "SQLITE_PERM": "read_only",
    "SQLITE_FULL": "full",
    "SQLITE_CANTOPEN": "unreachable",
    "SQLITE_CORRUPT": "damaged",
    "SQLITE_NOTADB": "damaged",
    "SQLITE_IOERR": "failing",
}
_OF_POSTGRESQL = {  # by the beginning of SQLSTATE
    "08": "unreachable",
    "57P": "unreachable",  # shutting down, starting up
    "42501": "denied",
    "25006": "read_only",
    "53100": "full",
    "53300": "locked",  # too many connections
    "55P03": "locked",
    "40": "locked",
    "XX001": "damaged",
    "XX002": "damaged",
    "58": "failing",
}


class Sqlite:
    """A file, opened anew for each transaction: one that was taken away or put back is noticed."""

    lock = "BEGIN IMMEDIATE"

    def __init__(self, path: Path):
        self.path = path.expanduser().absolute()
        self.shown = str(self.path)
        self.engine = create_engine("sqlite://", creator=self._connect, poolclass=NullPool)

    def _connect(self) -> sqlite3.Connection:
        # rw: a file that is missing is an error, not a new and empty one. isolation_level: transactions are ours.
        connection = sqlite3.connect(f"{self.path.as_uri()}?mode=rw", uri=True, timeout=PATIENCE, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @property
    def is_there(self) -> bool:
        return self.path.exists()

    @contextmanager
    def making(self) -> Iterator[None]:
        """One process at a time makes the tables. The file is its owner's alone before anything is in it."""
        if not self.path.parent.exists():
            self.path.parent.mkdir(mode=0o700, parents=True)
        with FileLock(f"{self.path}.lock", timeout=PATIENCE, mode=0o600):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            yield

    def meaning(self, error: DBAPIError) -> str:
        """The code of the error, "failed" where it has no other."""
        name = getattr(error.orig, "sqlite_errorname", "")
        return next((code for one, code in _OF_SQLITE.items() if name.startswith(one)), "failed")


class Postgresql:
    # Both in one statement, so that it also holds behind a pooler that gives each transaction another connection.
    lock = f"SELECT set_config('lock_timeout', '{PATIENCE}s', true), pg_advisory_xact_lock(4182930)"
    is_there = True

    def __init__(self, url: URL):
        self.shown = f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
        self.engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            isolation_level="READ COMMITTED",  # what waited for the lock reads what its predecessor wrote
            pool_pre_ping=True,
            connect_args={"connect_timeout": PATIENCE},
        )
        weakref.finalize(self, self.engine.dispose)  # its connections end with it

    @contextmanager
    def making(self) -> Iterator[None]:
        yield  # its tables are made in one transaction, under the lock

    def meaning(self, error: DBAPIError) -> str:
        """The code of the error, "failed" where it has no other."""
        state = getattr(error.orig, "sqlstate", None)
        if state is None:  # no connection: only the words tell whether the server answered
            return "denied" if re.search("FATAL|致命错误", str(error.orig)) else "unreachable"
        return next((code for one, code in _OF_POSTGRESQL.items() if state.startswith(one)), "failed")


@contextmanager
def writing(database: Sqlite | Postgresql) -> Iterator[Connection]:
    """A transaction that no other writer's can overlap."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql(database.lock)
        yield connection


def of(url: str) -> Sqlite | Postgresql:
    """The database of a URL, not opened yet. ValueError, which repeats no password, for any other URL."""
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        read = None
    if read is not None and _is_postgresql(read):
        return Postgresql(read)
    if (
        read is not None
        and read.drivername == "sqlite"
        and not read.query
        and read.database not in (None, "", ":memory:")
    ):
        return Sqlite(Path(read.database))
    raise ValueError(
        "the address of the state is neither sqlite:///FILE nor postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
    )


def _is_postgresql(url: URL) -> bool:
    named = url.drivername in ("postgresql", "postgresql+psycopg") and url.database
    return bool(named) and "password" not in url.query  # only the one in its place is left out of what is printed


def without_password(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
