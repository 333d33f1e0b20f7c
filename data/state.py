"""The state: what people write, an append-only chain of events in SQLite or PostgreSQL."""

import errno
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from filelock import Timeout
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from data import databases, migrations
from data.databases import Postgresql, Sqlite, writing
from data.events import (
    START,
    Altered,
    Event,
    EventRefused,
    breaks,
    canonical,
    check_action,
    digest,
    event_of,
    payload_of,
    statement,
)

__all__ = ["ENGLISH", "Event", "EventRefused", "State", "StateError", "existing"]

# One sentence a code; a translation has the same keys and placeholders.
ENGLISH = {
    "unreachable": "{where} cannot be reached",
    "denied": "{where} refuses this user: check the name, the password, the database and the rights",
    "locked": "{where} is held by another program; try again",
    "read_only": "{where} cannot be written to",
    "full": "{where} is full; nothing was written",
    "failing": "{where} stands on a disk that fails",
    "damaged": "{where} is damaged; bring it back from a backup",
    "changed": "{where} holds events that are not what was written; run: python app.py verify",
    "newer": "{where} was written by a newer program (version {found} of its tables, this one knows {known})",
    "failed": "{where} failed ({kind})",
}

_OF_DISK = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EIO: "failing",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
    errno.EROFS: "read_only",
}

metadata = MetaData()
event = Table(
    "event",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False, comment="UTC, ISO 8601 to the microsecond"),
    Column("actor", Text, nullable=False),
    Column("authenticated", Boolean, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="usubjid"),
    Column("payload", Text, nullable=False, comment="canonical JSON"),
    Column("previous", Text, nullable=False, comment="hash of the event before"),
    Column("hash", Text, nullable=False),
    UniqueConstraint("previous", name="event_chain_never_forks"),
)


class StateError(Exception):
    """The state cannot be read or written: a `code` of ENGLISH, `values`. Nothing in it is secret."""

    def __init__(self, code: str, **values: object):
        super().__init__(ENGLISH[code].format(**values))
        self.code, self.values = code, values


class State:
    """The events of one trial. Any number of threads and processes may share a database.

    url: `sqlite:///FILE` or `postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`. Opening makes the tables, or brings
    them up to this program's version, in one transaction; a new file is its owner's alone. ValueError for another URL.
    Every method raises StateError where the database cannot be reached, is locked, read-only, full or damaged.
    """

    def __init__(self, url: str):
        self._database = databases.of(url)
        with _told(self._database):
            if _version(self._database) != migrations.VERSIONS[-1]:
                with self._database.making(), writing(self._database) as connection:
                    migrations.upgrade(connection)

    def append(
        self, action: str, *, actor: str, subject: str, payload: Mapping[str, object], seen: str | None = None
    ) -> Event:
        """Writes one event behind the last; it is on the disk when this returns.

        action: a key of `data.events.ACTIONS`; payload: as its model. actor: 1 to 120 characters. subject: usubjid.
        seen: `head` when the actor looked; None: he has seen all. ValueError naming the argument; EventRefused, a
        ValueError, for taking back what was not said of this subject or was taken back already, for what the same
        person has just said, for "no DLT" where another person says DLT, for excluding a sample twice, and for what
        follows a statement on the same that the actor had not seen. Nothing is written then.
        """
        who, said = statement(actor, subject), payload_of(action, payload)
        with _told(self._database), writing(self._database) as connection:
            earlier = [event_of(row) for row in connection.execute(_events(subject=who["subject"])).mappings()]
            last = math.inf if seen is None else _number(connection, seen)
            said.admit(who["actor"], earlier, [one for one in earlier if one.id > last])
            content = who | {"action": action, "payload": canonical(said.model_dump(mode="json"))}
            row = _following(connection, content)
            connection.execute(insert(event).values(row))
        return event_of(row)

    def events(self, *actions: str, subject: str = "") -> tuple[Event, ...]:
        """The events in their order; no actions means all, and so does no subject. ValueError for an unknown action.

        StateError where one of them no longer gives its hash; what is missing between them only `verify` finds.
        """
        for one in actions:
            check_action(one)
        with _told(self._database), self._database.engine.connect() as connection:
            return tuple(event_of(row) for row in connection.execute(_events(actions, subject)).mappings())

    def head(self) -> str:
        """Hash of the last event, 64 zeros before the first. It changes with every event: it names what was said."""
        with _told(self._database), self._database.engine.connect() as connection:
            return _last(connection)[1]

    def check(self) -> None:
        """StateError unless an event could be written now: one is, and is taken back. A full disk `append` tells."""
        with _told(self._database), self._database.engine.connect() as connection:
            connection.exec_driver_sql(self._database.lock)
            row = _following(connection, {"actor": "", "action": "", "subject": "", "payload": ""})
            connection.execute(insert(event).values(row))
            connection.rollback()

    def verify(self) -> list[str]:
        """What is wrong with the chain, a sentence each; empty where it is whole.

        A change, a gap before the last event and another order are found. Events cut off at the end, and a chain
        rewritten from some event on, cannot be seen from inside: compare `head` with one that was kept elsewhere.
        """
        try:
            with _told(self._database), self._database.engine.connect() as connection:
                found = list(breaks(connection.execute(_events()).mappings()))
        except StateError as error:
            return [str(error)]
        return [f"{self._database.shown}: {one}" for one in found]


def existing(url: str) -> State | None:
    """The state at a URL; None, and nothing is made, where nobody has written there yet."""
    database = databases.of(url)
    with _told(database):
        there = database.is_there and _version(database) is not None
    return State(url) if there else None


def _events(actions: Collection[str] = (), subject: str = "") -> Select:
    statement = select(event).order_by(event.c.id)
    statement = statement.where(event.c.action.in_(actions)) if actions else statement
    return statement.where(event.c.subject == subject) if subject else statement


def _last(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last event; what comes before the first is 0 and zeros."""
    found = connection.execute(select(event.c.id, event.c.hash).order_by(event.c.id.desc()).limit(1)).first()
    return tuple(found) if found else (0, START)


def _number(connection: Connection, hash_: str) -> int:
    """Of the event with that hash; 0 of none."""
    return connection.execute(select(event.c.id).where(event.c.hash == hash_)).scalar() or 0


def _following(connection: Connection, content: Mapping[str, str]) -> dict[str, object]:
    """The row that follows the last one, now."""
    number, previous = _last(connection)
    moment = datetime.now(UTC).isoformat(timespec="microseconds")
    row = {"id": number + 1, "at": moment, "authenticated": False, "previous": previous, **content}
    return row | {"hash": digest(row)}


def _version(database: Sqlite | Postgresql) -> str | None:
    """Of the tables; None where there are none yet."""
    if not database.is_there:
        return None
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(migrations.VERSION_TABLE):
            return None
        found = connection.scalar(text(f"SELECT version_num FROM {migrations.VERSION_TABLE}"))
    if found not in migrations.VERSIONS:
        raise StateError("newer", where=database.shown, found=found, known=migrations.VERSIONS[-1])
    return found


@contextmanager
def _told(database: Sqlite | Postgresql) -> Iterator[None]:
    """StateError, in words, for what the database or the disk says."""
    try:
        yield
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise StateError(database.meaning(error), where=database.shown, kind=kind) from error
    except Altered as error:
        raise StateError("changed", where=database.shown) from error
    except (NoConnection, Timeout) as error:
        raise StateError("locked", where=database.shown) from error
    except OSError as error:
        raise StateError(_OF_DISK.get(error.errno, "unreachable"), where=database.shown) from error
