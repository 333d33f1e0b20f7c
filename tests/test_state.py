"""What people write: one unbroken chain that only grows, on SQLite and PostgreSQL, and what is said where it cannot."""

import hashlib
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from conftest import ROOT, free_port
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import NullPool, create_engine, insert, make_url, select, text
from sqlalchemy.exc import DBAPIError

from data import databases, migrations
from data.events import START, EventRefused, breaks, digest
from data.state import ENGLISH, State, StateError, existing, metadata

EVENT = metadata.tables["event"]
POSTGRES_URL = os.environ.get("POSTGRES_URL", "")
VERDICT = {
    "candidate": "group 1|other",
    "clause": "other",
    "term": "Rash",
    "grade": 3,
    "dlt": True,
    "reason": "on-target skin reaction",
    "cut": "c" * 64,
    "cutoff": "2026-06-09T23:59:59",
}


# ---- the databases ---------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server: the one of POSTGRES_URL, or one of our own for as long as the tests run."""
    if POSTGRES_URL:
        yield POSTGRES_URL
        return
    with throwaway_cluster() as url:
        yield url


@contextmanager
def throwaway_cluster() -> Iterator[str]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "the campaigns need PostgreSQL (make verify installs it) or its address in POSTGRES_URL"
    folder, port = Path(tempfile.mkdtemp(prefix="cluster")), free_port()
    user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}  # it refuses to run as root
    if user:
        shutil.chown(folder, "postgres", "postgres")
    (folder / "password").write_text("s3cret")
    (folder / "password").chmod(0o644)

    def run(program: str, *arguments: str) -> None:
        command = [str(found[-1].with_name(program)), "-D", str(folder / "data"), *arguments]
        with (folder / "log").open("a") as log:
            subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=True, **user)

    run("initdb", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--no-sync",
        f"--pwfile={folder / 'password'}")  # fmt: skip
    run("pg_ctl", "-w", "-o", f"-h 127.0.0.1 -p {port} -k {folder} -F", "start")
    try:
        yield f"postgresql+psycopg://postgres:s3cret@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    name = f"state_{os.getpid()}_{time.monotonic_ns()}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


# A server that somebody gave is used in every run; one of our own takes its time and is the campaign's.
ON_POSTGRESQL = pytest.param("postgresql", marks=[] if POSTGRES_URL else pytest.mark.campaign)


@pytest.fixture(params=["sqlite", ON_POSTGRESQL])
def url(request, tmp_path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.sqlite'}"
        return
    with fresh_database(request.getfixturevalue("postgresql")) as made:
        yield made


@pytest.fixture
def state(url) -> State:
    return State(url)


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def on_file(file) -> State:
    return State(f"sqlite:///{file}")


def adjudicate(state: State, subject: str = "X-101", actor: str = "Dr Wang", seen: str | None = None, **changes):
    """Of another candidate each time: the same said twice by one person is refused."""
    changes.setdefault("candidate", f"group {uuid4()}|other")
    return state.append("dlt.adjudicated", actor=actor, subject=subject, payload=VERDICT | changes, seen=seen)


def withdraw(state: State, event: int, subject: str = "X-101"):
    payload = {"event": event, "reason": "mistaken"}
    return state.append("dlt.withdrawn", actor="Dr Li", subject=subject, payload=payload)


@contextmanager
def by_hand(url: str) -> Iterator:
    """As somebody with the database's own tools; a transaction."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        yield connection


def drop_guards(connection) -> None:
    on = " ON event" if connection.dialect.name == "postgresql" else ""
    for trigger in ("event_never_changes", "event_never_goes", "event_follows_the_last"):
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}{on}")


# ---- one event after the other ---------------------------------------------------------------------------------------
def test_the_hash_is_that_of_the_canonical_text(state):
    """The text is written out by hand: all fields but `hash`, by name, no spaces; payload is a text within it."""
    first = adjudicate(state, actor="王医生")
    second = withdraw(state, 1)
    text_of_second = (
        '{"action":"dlt.withdrawn","actor":"Dr Li","at":"' + second.at.isoformat(timespec="microseconds") + '",'
        '"authenticated":false,"id":2,"payload":"{\\"event\\":1,\\"reason\\":\\"mistaken\\"}",'
        '"previous":"' + first.hash + '","subject":"X-101"}'
    )
    assert second.hash == hashlib.sha256(text_of_second.encode()).hexdigest()
    assert (first.previous, first.id, first.authenticated) == ("0" * 64, 1, False)
    assert first.at.utcoffset() == timedelta(0) and abs(datetime.now(UTC) - first.at) < timedelta(minutes=1)
    assert state.verify() == []


def test_what_is_read_is_what_was_written(state, url):
    reason = '3 级皮疹，口腔黏膜受累\nsecond line: "quoted", back\\slash, ½ é é 𝛼 \' ; -- %s :name'
    written = adjudicate(state, subject="受试者-101", actor="王医生", reason=reason, term="皮疹", grade=None)
    assert State(url).events() == (written,)
    assert (written.payload["reason"], written.actor, written.payload["grade"]) == (reason, "王医生", None)


def test_what_is_typed_is_trimmed_and_what_comes_from_files_is_not(state):
    written = adjudicate(state, actor=" Dr Wang ", reason=" clear\r\ncut \n", candidate=" group 1|other\t")
    assert (written.actor, written.payload["reason"]) == ("Dr Wang", "clear\ncut")
    assert written.payload["candidate"] == " group 1|other\t"


def test_events_by_action_and_subject_in_their_order(state):
    adjudicate(state)
    adjudicate(state, subject="X-102")
    withdraw(state, 1)
    assert [one.id for one in state.events()] == [1, 2, 3]
    assert [one.id for one in state.events("dlt.adjudicated")] == [1, 2]
    assert [one.id for one in state.events("dlt.adjudicated", "dlt.withdrawn", subject="X-101")] == [1, 3]
    assert state.events(subject="X-103") == ()
    with pytest.raises(ValueError, match=r"action: 'dlt' is none of dlt\.adjudicated, dlt\.withdrawn"):
        state.events("dlt")


def test_head_is_the_last_hash(state, url):
    assert (state.head(), state.events(), state.verify()) == (START, (), [])
    assert adjudicate(state).hash == state.head()
    assert adjudicate(State(url)).hash == state.head()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"reason": " \n"}, "payload.reason"),
        ({"reason": "x" * 2001}, "payload.reason"),
        ({"reason": "bell \a"}, "payload.reason: holds a control character"),
        ({"reason": "turned \u202eabout"}, "payload.reason: holds a control character"),
        ({"grade": 0}, "payload.grade"),
        ({"grade": 6}, "payload.grade"),
        ({"grade": 3.0}, "payload.grade"),
        ({"grade": True}, "payload.grade"),
        ({"dlt": None}, "payload.dlt"),
        ({"dlt": "Y"}, "payload.dlt"),
        ({"candidate": ""}, "payload.candidate"),
        ({"cut": "c" * 63}, "payload.cut"),
        ({"cut": "C" * 64}, "payload.cut"),
        ({"cutoff": "2026-06-09"}, "payload.cutoff"),
        ({"cutoff": "2026-06-09T23:59:59+08:00"}, "payload.cutoff: is no date-time of the trial's clock"),
        ({"cutoff": "T"}, "payload.cutoff"),
        ({"note": "more"}, "payload.note"),
        ({"subject": ""}, "subject"),
        ({"actor": "  "}, "actor"),
        ({"actor": "x" * 121}, "actor"),
        ({"actor": "Dr\nWang"}, "actor: holds a control character"),
        ({"reason": "half a character \ud800"}, "payload.reason"),
    ],
)
def test_what_cannot_be_said_is_named_and_not_written(on_file, changes, named):
    with pytest.raises(ValueError, match=f"^{named}") as refused:
        adjudicate(on_file, **changes)
    assert "on-target" not in str(refused.value)  # what was typed may be of a patient
    assert on_file.head() == START


def test_an_action_that_nobody_knows_and_a_payload_with_a_gap(on_file):
    with pytest.raises(ValueError, match=r"action: 'dlt\.guessed' is none of"):
        on_file.append("dlt.guessed", actor="Dr Wang", subject="X-101", payload=VERDICT)
    with pytest.raises(ValueError, match=r"payload\.reason: Field required"):
        on_file.append("dlt.withdrawn", actor="Dr Wang", subject="X-101", payload={"event": 1})
    assert on_file.head() == START


def test_only_a_standing_adjudication_of_this_patient_is_withdrawn(state):
    adjudicate(state)
    for event, subject in ((2, "X-101"), (1, "X-102")):
        with pytest.raises(EventRefused, match=r"payload\.event: event \d is no adjudication of this patient"):
            withdraw(state, event, subject)
    withdraw(state, 1)
    with pytest.raises(EventRefused, match="event 1 was withdrawn already") as refused:
        withdraw(state, 1)
    assert (refused.value.code, refused.value.values) == ("withdrawn", {"event": 1})
    with pytest.raises(EventRefused, match="event 2 is no adjudication"):
        withdraw(state, 2)
    assert len(state.events()) == 2


def test_a_button_pressed_twice_writes_once(state):
    said = {"candidate": "group 1|other"}
    adjudicate(state, **said)
    with pytest.raises(EventRefused, match="event 1 says the same, by the same person") as refused:
        adjudicate(state, **said)
    assert (refused.value.code, refused.value.values) == ("said_already", {"event": 1})
    # Another person, another word, or the same after a withdrawal, is said.
    adjudicate(state, actor="Dr Li", **said)
    adjudicate(state, **said, reason="seen again")
    withdraw(state, adjudicate(state, **said).id)
    assert adjudicate(state, **said, reason="again").id == 6 and adjudicate(state, subject="X-102", **said).id == 7


def test_no_dlt_of_another_person_needs_the_dlt_to_be_withdrawn(state):
    said = {"candidate": "group 1|other"}
    adjudicate(state, **said, dlt=False)
    adjudicate(state, actor="Dr Li", **said)  # the cautious way
    with pytest.raises(EventRefused, match="event 2 of Dr Li says that it is a DLT; it is to be withdrawn first"):
        adjudicate(state, **said, dlt=False, reason="seen again")
    withdraw(state, 2)
    assert adjudicate(state, **said, dlt=False, reason="seen again").id == 4
    adjudicate(state, actor="Dr Li", **said)
    adjudicate(state, actor="Dr Li", **said, dlt=False, reason="own word")
    assert adjudicate(state, **said, dlt=False, reason="seen anew").id == 7


def test_nobody_overrules_what_he_has_not_seen(state):
    said = {"candidate": "group 1|other"}
    seen = state.head()
    adjudicate(state, actor="Dr Li", **said)
    adjudicate(state, subject="X-102", **said), adjudicate(state, candidate="another")
    with pytest.raises(EventRefused, match="event 1 was written by Dr Li after what this person saw") as refused:
        adjudicate(state, **said, seen=seen)
    assert (refused.value.code, refused.value.values) == ("meanwhile", {"event": 1, "actor": "Dr Li"})
    seen = state.head()
    withdraw(state, 1)
    with pytest.raises(EventRefused, match="event 4 was written by Dr Li"):
        adjudicate(state, **said, seen=seen)
    assert adjudicate(state, **said, seen=state.head()).id == 5


# ---- nothing is changed unseen ---------------------------------------------------------------------------------------
OTHERS = "at, actor, authenticated, action, subject, payload"
COPY = f"INTO event SELECT {{id}}, {OTHERS}, {{previous}}, {{hash}} FROM event WHERE id = 2"
CHANGES = (
    "UPDATE event SET actor = 'Dr Li'",
    "UPDATE event SET id = 9 WHERE id = 2",
    "DELETE FROM event",
    "DELETE FROM event WHERE id = 2",
    "INSERT " + COPY.format(id=2, previous="hash", hash="hash"),
    "INSERT " + COPY.format(id=5, previous="hash", hash="hash"),
    "INSERT " + COPY.format(id=3, previous="previous", hash="'x'"),
)
OF_ONE_DATABASE = {
    "sqlite": "INSERT OR REPLACE " + COPY.format(id=2, previous="previous", hash="hash"),
    "postgresql": "TRUNCATE event",
}


def test_the_database_itself_refuses_to_change_the_chain(state, url):
    adjudicate(state), adjudicate(state)
    before = state.events()
    for change in (*CHANGES, OF_ONE_DATABASE[make_url(url).get_backend_name()]):
        with (
            pytest.raises(DBAPIError, match=r"never changed|never deleted|follows the last"),
            by_hand(url) as connection,
        ):
            connection.exec_driver_sql(change)
    assert state.events() == before


FIELDS = st.sampled_from(["id", "at", "actor", "authenticated", "action", "subject", "payload", "previous", "hash"])


@given(field=FIELDS, number=st.integers(1, 4), said=st.text(st.characters(codec="utf-8", exclude_characters="\0")))
@examples(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_field_that_is_changed_is_found(url, field, number, said):
    """In one transaction that is taken back, read by the same connection."""
    if not existing(url):
        for subject in ("X-101", "X-102", "X-103"):
            adjudicate(State(url), subject)
        withdraw(State(url), 1)
    value = {"id": 100, "authenticated": True}.get(field, said)
    database = databases.of(url)
    with database.engine.connect() as connection:
        connection.exec_driver_sql(database.lock)
        drop_guards(connection)
        change = text(f"UPDATE event SET {field} = :value WHERE id = :number")
        connection.execute(change, {"value": value, "number": number})
        rows = connection.execute(select(EVENT).order_by("id")).mappings().all()
        connection.rollback()
    database.engine.dispose()
    assert list(breaks(rows))
    assert State(url).verify() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE event SET actor = 'Li' WHERE id = 2", ["event 2 was changed: its content no longer gives its hash"]),
        ("DELETE FROM event WHERE id = 2", ["event 3 follows event 1: event 2 is missing"]),
        ("DELETE FROM event WHERE id < 3", ["event 3 follows event 0: events 1 to 2 are missing"]),
        ("UPDATE event SET id = 0 WHERE id = 3", [
            "event 0 follows event 0: its number is out of order",
            "event 0 was changed: its content no longer gives its hash",
            "event 1 is out of order: it was written after another event than event 0",
        ]),
        ("DELETE FROM event WHERE id = 3", []),  # the end that was cut off: `head` tells whoever kept it
    ],
)  # fmt: skip
def test_verify_says_what_is_wrong(state, url, change, said):
    for _ in range(3):
        adjudicate(state)
    with by_hand(url) as connection:
        drop_guards(connection)
        connection.exec_driver_sql(change)
    assert [one.partition(": ")[2] for one in state.verify()] == said
    assert all(one.startswith(state._database.shown) for one in state.verify())


def test_an_event_put_in_with_a_hash_of_its_own_is_found(state, url):
    """A whole event that was written in another chain gives its hash, and still does not follow."""
    adjudicate(state), adjudicate(state)
    with by_hand(url) as connection:
        drop_guards(connection)
        row = dict(connection.execute(select(EVENT).where(EVENT.c.id == 1)).mappings().one())
        row |= {"id": 3, "previous": "f" * 64}
        connection.execute(insert(EVENT).values(row | {"hash": digest(row)}))
    assert [one.partition(": ")[2] for one in state.verify()] == [
        "event 3 is out of order: it was written after another event than event 2"
    ]


def test_a_changed_event_is_not_read_as_if_it_were_whole(state, url):
    adjudicate(state)
    with by_hand(url) as connection:
        drop_guards(connection)
        connection.exec_driver_sql("""UPDATE event SET payload = replace(payload, '"dlt":true', '"dlt":false')""")
    with pytest.raises(StateError, match="not what was written") as refused:
        state.events()
    assert refused.value.code == "changed"


# ---- many at once ----------------------------------------------------------------------------------------------------
def chain_is_whole(url: str, count: int) -> bool:
    state = State(url)
    return state.verify() == [] and [one.id for one in state.events()] == list(range(1, count + 1))


def test_eight_threads_make_one_chain(state, url):
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(lambda: [adjudicate(state) for _ in range(25)]) for _ in range(8)]:
            done.result()
    assert chain_is_whole(url, 200)


def test_of_eight_withdrawals_at_once_one_is_taken(state):
    adjudicate(state)

    def attempt(_) -> bool:
        try:
            return bool(withdraw(state, 1))
        except EventRefused:
            return False

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1


def _append(url: str, count: int) -> None:
    state = State(url)
    for _ in range(count):
        adjudicate(state)


@pytest.mark.campaign
def test_four_processes_make_one_chain_and_one_set_of_tables(url):
    apart = multiprocessing.get_context("spawn")
    running = [apart.Process(target=_append, args=(url, 25)) for _ in range(4)]
    for one in running:
        one.start()
    for one in running:
        one.join(120)
    assert [one.exitcode for one in running] == [0] * 4
    assert chain_is_whole(url, 100)


APPENDING = """
import sys
sys.path[:0] = ["tests"]
from test_state import State, adjudicate
state = State(sys.argv[1])
while True:
    print(adjudicate(state).hash, flush=True)
"""


@pytest.mark.campaign
def test_kill_9_loses_nothing_that_was_acknowledged(url, tmp_path):
    chance, acknowledged = random.Random(293), []
    for number in range(8):
        said = tmp_path / f"said{number}"
        with said.open("w") as output:
            process = subprocess.Popen([sys.executable, "-c", APPENDING, url], cwd=ROOT, stdout=output)
            while process.poll() is None and said.stat().st_size < 65:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.2))
            process.kill()
        assert process.wait(60) == -signal.SIGKILL
        acknowledged += [one for one in said.read_text().splitlines() if len(one) == 64]
        state = State(url)
        assert state.verify() == [], number
        kept = [one.hash for one in state.events()]
        assert set(acknowledged) <= set(kept), number
        assert len(kept) <= len(acknowledged) + number + 1  # at most one a kill was written and not told
        adjudicate(state)
        acknowledged.append(state.head())
    assert len(acknowledged) > 80


# ---- versions of the tables ------------------------------------------------------------------------------------------
@pytest.fixture
def next_version(tmp_path, monkeypatch) -> Path:
    """The migrations with one more, whose file the test writes."""
    folder = Path(shutil.copytree(migrations.FOLDER, tmp_path / "100 % more"))
    monkeypatch.setattr(migrations, "FOLDER", folder)
    monkeypatch.setattr(migrations, "VERSIONS", (*migrations.VERSIONS, "0002"))
    return folder / "versions" / "0002_more.py"


MORE = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.add_column("event", sa.Column("more", sa.Text))
    op.create_table("other", sa.Column("id", sa.Integer, primary_key=True))
"""


def test_the_tables_are_those_that_the_migrations_make(state, url):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with by_hand(url) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": migrations.VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == migrations.VERSIONS[-1]


def test_from_version_1_the_events_stay(state, url, next_version):
    written = adjudicate(state)
    next_version.write_text(MORE)
    later = State(url)
    assert later.events() == (written,) and adjudicate(later).previous == written.hash and later.verify() == []
    with by_hand(url) as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM state_version").scalar() == "0002"
        assert connection.exec_driver_sql("SELECT count(*) FROM other").scalar() == 0


def test_a_migration_that_breaks_off_changes_nothing(state, url, next_version, monkeypatch):
    written = adjudicate(state)
    next_version.write_text(MORE + "    raise RuntimeError('power cut')\n")
    with pytest.raises(RuntimeError, match="power cut"):
        State(url)
    monkeypatch.undo()
    again = State(url)
    assert again.events() == (written,) and adjudicate(again).id == 2
    with by_hand(url) as connection:
        for gone in ("SELECT more FROM event", "SELECT * FROM other"):
            with pytest.raises(DBAPIError), connection.begin_nested():
                connection.exec_driver_sql(gone)


def test_a_first_opening_that_breaks_off_leaves_nothing_broken(url, next_version, monkeypatch):
    next_version.write_text(MORE + "    raise RuntimeError('power cut')\n")
    with pytest.raises(RuntimeError, match="power cut"):
        State(url)
    assert existing(url) is None
    monkeypatch.undo()
    assert adjudicate(State(url)).id == 1


def test_a_database_of_a_newer_program_is_left_alone(state, url):
    with by_hand(url) as connection:
        connection.exec_driver_sql("UPDATE state_version SET version_num = '0099'")
    for open_it in (State, existing):
        with pytest.raises(StateError, match=r"newer program.*0099.*0001") as refused:
            open_it(url)
        assert refused.value.code == "newer"


def test_a_file_of_version_1_as_it_was_released(file):
    """Made by version 1 of the tables and kept as it was: whatever follows must still read it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((ROOT / "tests/reference/state_version_1.sql").read_text(encoding="utf-8"))
    state = State(f"sqlite:///{file}")
    assert state.verify() == [] and [one.actor for one in state.events()] == ["王医生", "Dr Li"]
    assert adjudicate(state).id == 3


# ---- what can go wrong -----------------------------------------------------------------------------------------------
def code_of(attempt, *arguments) -> str:
    with pytest.raises(StateError) as refused:
        attempt(*arguments)
    assert str(refused.value) == ENGLISH[refused.value.code].format(**refused.value.values)
    assert "s3cret" not in repr(refused.value) + str(refused.value)
    return refused.value.code


def test_a_new_file_is_its_owners_alone(tmp_path):
    before = os.umask(0)
    try:
        state = State(f"sqlite:///{tmp_path / 'new' / 'state.sqlite'}")
        with databases.writing(state._database):
            made = {one.name: oct(one.stat().st_mode & 0o777) for one in (tmp_path / "new").iterdir()}
    finally:
        os.umask(before)
    assert set(made.values()) == {"0o600"} and {"state.sqlite", "state.sqlite-wal"} <= set(made)
    assert oct((tmp_path / "new").stat().st_mode & 0o777) == "0o700"
    assert sqlite3.connect(tmp_path / "new" / "state.sqlite").execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_existing_makes_nothing(file):
    assert existing(f"sqlite:///{file}") is None and not file.exists()
    State(f"sqlite:///{file}")
    assert existing(f"sqlite:///{file}").head() == START


def test_check_leaves_no_trace(state):
    adjudicate(state)
    before = state.head()
    state.check()
    assert state.head() == before and state.verify() == []


def test_a_file_that_was_taken_away_is_told_and_not_made_anew(on_file, file):
    adjudicate(on_file)
    for one in file.parent.glob("state.sqlite*"):
        one.unlink()
    for attempt in (on_file.head, on_file.check, on_file.events, lambda: adjudicate(on_file)):
        assert code_of(attempt) == "unreachable"
    assert len(on_file.verify()) == 1 and not file.exists()


def test_a_file_that_is_no_database_is_told(file):
    file.write_text("the notes of somebody else, long enough to be taken for a header " * 20)
    for open_it in (State, existing):
        assert code_of(open_it, f"sqlite:///{file}") == "damaged"
    assert file.read_text().startswith("the notes")


def test_a_damaged_page_is_told(on_file, file):
    for _ in range(60):
        adjudicate(on_file)
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    assert on_file.verify()


def test_a_database_that_somebody_holds_is_told(state, url, monkeypatch):
    monkeypatch.setattr(databases, "PATIENCE", 0.1)
    monkeypatch.setattr(databases.Postgresql, "lock", databases.Postgresql.lock.replace("10s", "100ms"))
    with databases.writing(State(url)._database):
        assert code_of(state.check) == code_of(adjudicate, state) == "locked"
        assert state.head() == START  # reading goes on
    assert adjudicate(state).id == 1


def test_a_full_disk_is_told_and_nothing_is_lost(on_file, monkeypatch):
    """As full as SQLite lets a file be: no page more than it has."""
    written, connect = adjudicate(on_file), databases.Sqlite._connect

    def full(self):
        connection = connect(self)
        connection.execute("PRAGMA max_page_count = 1")  # never fewer than there are
        return connection

    monkeypatch.setattr(databases.Sqlite, "_connect", full)
    on_file = State(f"sqlite:///{on_file._database.path}")
    with pytest.raises(StateError) as refused:
        for _ in range(100):
            adjudicate(on_file, reason="x" * 2000)
    assert refused.value.code == "full"
    monkeypatch.undo()
    assert on_file.events()[0] == written and on_file.verify() == [] and adjudicate(on_file)


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may write anywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that every account may enter; pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_read_only_file_is_read_and_told(open_folder):
    file = open_folder / "state.sqlite"
    state = State(f"sqlite:///{file}")
    written = adjudicate(state)
    file.chmod(0o444)
    open_folder.chmod(0o777)
    with as_somebody_else():
        reader = State(f"sqlite:///{file}")
        assert reader.events() == (written,) and reader.verify() == []
        assert code_of(reader.check) == "read_only"
        assert code_of(adjudicate, reader) == "read_only"


def test_a_folder_one_may_not_write_to_is_told(open_folder):
    open_folder.chmod(0o555)
    with as_somebody_else():
        for place in (open_folder / "state.sqlite", open_folder / "below" / "state.sqlite"):
            assert code_of(State, f"sqlite:///{place}") == "read_only"


@pytest.mark.parametrize(
    "url",
    ["", "state.sqlite", "sqlite://", "sqlite:///:memory:", "mysql://root:s3cret@here/state", "postgresql://", "postgresql:///",
     "sqlite+aiosqlite:///x", "sqlite:///x?mode=memory", "postgresql://root:s3cret@here:port/state",
     "postgresql://root@here/state?password=s3cret"],
)  # fmt: skip
def test_another_address_is_refused_without_its_password(url):
    with pytest.raises(ValueError, match="neither sqlite:///FILE nor postgresql") as refused:
        State(url)
    assert "s3cret" not in str(refused.value)


def test_a_server_that_does_not_answer_is_told():
    url = f"postgresql+psycopg://somebody:s3cret@127.0.0.1:{free_port()}/state"
    assert code_of(State, url) == code_of(existing, url) == "unreachable"


@pytest.mark.campaign
def test_what_a_postgresql_server_refuses_is_told(postgresql):
    server = make_url(postgresql)
    wrong = server.set(password="wr0ng").render_as_string(hide_password=False)
    assert code_of(State, wrong) == "denied"
    gone = server.set(database="nowhere").render_as_string(hide_password=False)
    assert code_of(State, gone) == "denied"
    with fresh_database(postgresql) as url:
        state, name = State(url), make_url(url).database
        written = adjudicate(state)
        with by_hand(url) as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        reader = State(url)
        assert reader.events() == (written,) and code_of(reader.check) == code_of(adjudicate, reader) == "read_only"


@pytest.mark.campaign
def test_a_postgresql_connection_that_was_cut_is_made_anew(postgresql):
    with fresh_database(postgresql) as url:
        state = State(url)
        adjudicate(state)
        with by_hand(postgresql) as connection:
            connection.exec_driver_sql(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{make_url(url).database}'"
            )
        assert adjudicate(state).id == 2


@pytest.mark.campaign
def test_a_postgresql_user_who_may_only_read_and_insert_can_write(postgresql):
    with fresh_database(postgresql) as url:
        written = adjudicate(State(url))
        role = f"writer_{os.getpid()}"
        with by_hand(url) as connection:
            connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 's3cret'")
            connection.exec_driver_sql(f"GRANT SELECT, INSERT ON event TO {role}")
            connection.exec_driver_sql(f"GRANT SELECT ON state_version TO {role}")
        theirs = make_url(url).set(username=role, password="s3cret").render_as_string(hide_password=False)
        assert adjudicate(State(theirs)).previous == written.hash
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), by_hand(theirs) as connection:
            connection.exec_driver_sql("ALTER TABLE event DISABLE TRIGGER ALL")
        with by_hand(url) as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")
