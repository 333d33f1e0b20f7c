"""The store of data cuts: immutable DuckDB files named by their sha256, one pointer to the current one.

    CURRENT            the id of the cut that is served
    cuts/<id>.duckdb   a cut, read-only; protocol, software and the account of its files are inside it
    sources/<sha256>   the files it was made of, as they came
    receipts/          every import, published or refused
    lock               held by the one importer

Nothing is ever written into a published cut. A cut whose bytes do not give its name, or beside which DuckDB left a
`.wal` file (replaying it would change rows without a word), is refused and the last good one serves instead.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path

import duckdb
import pandas as pd
from filelock import FileLock, Timeout
from sqlalchemy import Engine, Select, create_engine
from sqlalchemy.pool import QueuePool

from data import migrating, schema
from data import protocol as protocols
from data.protocol import Protocol
from data.receipt import Receipt

MEMORY_LIMIT = "1GB"  # DuckDB's own default is 80 % of the machine
THREADS = 2
KEPT_OPEN = 8  # cuts, or sets of cuts; the one opened longest ago is let go
_COMPILED: dict = {}  # the statements of this program, by SQLAlchemy: a fixed number, as values are bound

_UNWRITABLE = {
    errno.ENOSPC: "the disk is full; make room and import again",
    errno.EDQUOT: "the quota of this account is used up; make room and import again",
    errno.EFBIG: "the disk takes no file of this size; make room and import again",
    errno.EROFS: "the folder is on a read-only disk; name another --store, or mount it for writing",
    errno.EACCES: "this account may not write there; ask for the right to, or name another --store",
    errno.EPERM: "this account may not write there; ask for the right to, or name another --store",
    errno.ENOTDIR: "a file stands where a folder of the store should be; name another --store",
    errno.EEXIST: "a file stands where a folder of the store should be; name another --store",
    errno.EIO: "the disk reports an error; have it looked at before anything else",
}

_ID = re.compile(r"[0-9a-f]{64}")


class CutError(RuntimeError):
    """A cut that must not be read; the text says which and why."""


class StoreBusy(RuntimeError):
    """Another import holds the lock."""


class StoreUnwritable(RuntimeError):
    """The store cannot be written to: no room, no right, or a disk that fails. Nothing was published."""


class SourceChanged(RuntimeError):
    """A file was written to while it was imported; nothing was published."""


@dataclass(frozen=True)
class Cut:
    """One open cut, and those opened beside it. Equal by their identity, so that results may be remembered by it."""

    id: str
    others: tuple[str, ...]
    manifest: dict[str, str] = field(compare=False, repr=False)
    engine: Engine = field(compare=False, repr=False)

    def frame(self, statement: Select) -> pd.DataFrame:
        """The rows of a statement. DuckDB builds the frame itself: ten times faster than `pd.read_sql`."""
        with self.engine.connect() as connection:
            return connection.execute(statement).cursor.df()

    @cached_property
    def protocol(self) -> Protocol:
        return protocols.stored(self.manifest["protocol"], f"protocol of cut {self.short}")

    @property
    def short(self) -> str:
        return self.id[:7]

    @property
    def cutoff(self) -> datetime:
        """Last moment the data speak of, in the trial's time zone."""
        return datetime.fromisoformat(self.manifest["cutoff"])

    @property
    def published(self) -> datetime:
        return datetime.fromisoformat(self.manifest["published"])

    @property
    def simulated(self) -> bool:
        return self.manifest["simulated"] == "yes"

    @property
    def fictional_day0(self) -> str:
        """The date that stands for every infusion where the files count days and give no date; "" elsewhere."""
        return self.manifest["fictional_day0"]

    @cached_property
    def receipt(self) -> Receipt:
        return Receipt.from_json(self.manifest["receipt"])


@dataclass(frozen=True)
class Serving:
    """What readers see: the cut, and why it is not the one that CURRENT names (empty where it is)."""

    cut: Cut | None
    problem: str = ""


class Store:
    def __init__(self, root: Path):
        self.root = root
        self._checked: dict[Path, tuple[tuple[int, int], str]] = {}
        self._open: dict[tuple[str, ...], Cut] = {}
        self._manifests: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    # ---- reading ----------------------------------------------------------------------------------------------
    def current(self) -> str:
        """What CURRENT names, "" where nothing was published yet. What it names is not checked here."""
        try:
            said = (self.root / "CURRENT").read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return ""
        return said or "(nothing)"

    def path(self, cut: str) -> Path:
        return self.root / "cuts" / f"{cut}.duckdb"

    def ids(self) -> list[str]:
        """Every published cut, the oldest first. A cut that cannot be read comes last: its order is unknown."""
        found = []
        for path in (self.root / "cuts").glob("*.duckdb"):
            try:
                found.append((0, self.manifest(path.stem)["published"], path.stem))
            except CutError:
                found.append((1, "", path.stem))
        return [cut for *_, cut in sorted(found)]

    def manifest(self, cut: str) -> dict[str, str]:
        """What a cut says of itself, read once: a long list is not opened for every look at it. CutError as `open`."""
        self.check(cut)
        if cut not in self._manifests:
            with duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT, "threads": THREADS}) as base:
                self._manifests[cut] = _manifest(base, self.path(cut), "cut")
        return self._manifests[cut]

    def open(self, cut: str, *others: str) -> Cut:
        """A cut for reading, checked. Tables of `others` are reached as schema `cut1`, `cut2` ... in its statements.

        The connection is in memory, attaches the files read-only, and can then neither reach another file of the
        machine nor be reconfigured. CutError where a file is missing, has a `.wal` beside it or another hash.
        """
        names = (cut, *others)
        for one in names:
            self.check(one)
        with self._lock:
            if names not in self._open:
                self._open[names] = self._attach(names)
                while len(self._open) > KEPT_OPEN:
                    self._open.pop(next(iter(self._open))).engine.dispose()
            return self._open[names]

    def serving(self) -> Serving:
        """The current cut, or the last good one with the reason. No cut at all: `cut` is None."""
        current = self.current()
        if not current:
            return Serving(None)
        try:
            return Serving(self.open(current))
        except CutError as error:
            problem = str(error)
        for one in reversed(self.ids()):
            try:
                return Serving(self.open(one), problem)
            except CutError:
                continue  # named by `verify`; here the next older one is tried
        return Serving(None, problem)

    def check(self, cut: str) -> None:
        """CutError unless the file's bytes give its name and nothing lies beside it.

        Hashed once per process, and again when size or time of the file have changed.
        """
        if not _ID.fullmatch(cut):
            raise CutError(f"{cut[:12]!r} is no name of a cut")
        path = self.path(cut)
        if not path.is_file():
            raise CutError(f"cut {cut[:7]} is missing from the store")
        if path.with_name(path.name + ".wal").exists():
            raise CutError(f"cut {cut[:7]} has a write-ahead file beside it, which could change its rows")
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        seen, digest = self._checked.get(path, (None, ""))
        if seen != stamp:
            digest = sha256(path)
            self._checked[path] = (stamp, digest)
        if digest != cut:
            raise CutError(f"cut {cut[:7]} was changed or damaged: its bytes no longer give its name")

    def verify(self) -> list[str]:
        """What is wrong with any cut or source file; empty where all is whole. Hashes everything anew."""
        self._checked.clear()
        problems = []
        current = self.current()
        if current and not (_ID.fullmatch(current) and self.path(current).is_file()):
            problems.append(f"CURRENT names cut {current[:7]}, which is missing")
        for one in self.ids():
            try:
                cut = self.open(one)
            except CutError as error:
                problems.append(str(error))
                continue
            for name, digest in json.loads(cut.manifest["files"]):
                kept = self.root / "sources" / digest
                if not kept.is_file():
                    problems.append(f"cut {cut.short}: source {name} is missing")
                elif sha256(kept) != digest:
                    problems.append(f"cut {cut.short}: source {name} was changed or damaged")
        return problems

    def _attach(self, names: tuple[str, ...]) -> Cut:
        base = duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT, "threads": THREADS})
        aliases = {one: f"cut{number}" for number, one in reversed(list(enumerate(names)))}  # a file attaches once
        manifests = {one: _attached(base, self.path(one), alias) for one, alias in aliases.items()}
        base.execute(f"SET temp_directory = '{_quoted(self.root / 'spill')}'")
        base.execute("SET enable_external_access = false")
        base.execute("SET lock_configuration = true")
        schemas = {None: "cut0.main"} | {f"cut{place}": f"{aliases[one]}.main" for place, one in enumerate(names)}
        return Cut(names[0], names[1:], manifests[names[0]], _engine(base, schemas))

    # ---- writing ----------------------------------------------------------------------------------------------
    @contextmanager
    def importing(self, timeout: float = 30) -> Iterator[Path]:
        """The importer's lock, and a folder of its own. StoreBusy where another import holds it for `timeout` seconds.

        What an import that was killed left behind is cleared away: nothing in `tmp` and no `.part` has a reader.
        """
        with self._writable():
            for name in ("cuts", "sources", "receipts", "tmp"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            with self._alone(timeout):
                self._clear()
                try:
                    yield self.root / "tmp"
                finally:
                    self._clear()  # at once: where the disk is full, the half-built cut is what fills it

    def _clear(self) -> None:
        shutil.rmtree(self.root / "tmp")
        (self.root / "tmp").mkdir()
        for part in self.root.rglob("*.part"):
            part.unlink()

    @contextmanager
    def _alone(self, timeout: float) -> Iterator[None]:
        holder = self.root / "lock.holder"
        lock = FileLock(self.root / "lock", timeout=timeout)
        try:
            lock.acquire()
        except Timeout as error:
            who = holder.read_text(encoding="utf-8") if holder.exists() else "another import"
            raise StoreBusy(f"{who} is writing to {self.root}; try again when it has ended") from error
        try:
            holder.write_text(f"process {os.getpid()} on {socket.gethostname()}, since {now()[:19]} UTC,")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    @contextmanager
    def _writable(self) -> Iterator[None]:
        """StoreUnwritable, in words, where the disk is full, read-only or failing."""
        try:
            yield
        except OSError as error:
            if error.errno not in _UNWRITABLE:
                raise
            raise StoreUnwritable(f"{self.root}: {_UNWRITABLE[error.errno]}. Nothing was published.") from error
        except duckdb.Error as error:  # of several classes: it depends on what was being written
            said = str(error).splitlines()[0]
            if not re.search("could not (write|open|create|fsync|sync|truncate|move)|no space|too large", said, re.I):
                raise
            raise StoreUnwritable(
                f"{self.root}: the cut could not be written ({said}). Nothing was published."
            ) from error

    def publish(self, built: Path, sources: dict[str, Path]) -> str:
        """Takes a finished cut in: named by its hash, on disk before CURRENT names it. Returns its id.

        sources: sha256 -> the file that was read. A crash at any step leaves the old cut or the new one: files are
        whole and on disk before they get their names, and the pointer is swapped in one rename. SourceChanged where a
        file no longer has the bytes that were read.
        """
        for digest, path in sources.items():
            kept = self.root / "sources" / digest
            if not kept.exists() or sha256(kept) != digest:
                _copy(path, kept, digest)
        cut = sha256(built)
        _sync(built)
        built.chmod(0o444)
        built.replace(self.path(cut))
        _sync_folder(self.root / "cuts")
        try:
            _write(self.root / "CURRENT", cut)
        except OSError:
            if self.current() != cut:  # once it is swapped, readers have the new cut, whatever the flush after it says
                raise
        return cut

    def keep(self, receipt: Receipt) -> Path:
        """Every import leaves its receipt, the refused ones too."""
        stamp = receipt.at.replace(":", "").replace("-", "").replace(".", "")
        path = self.root / "receipts" / f"{stamp}-{receipt.outcome.replace(' ', '-')}.json"
        _write(path, receipt.to_json())
        return path

    def receipts(self) -> list[Receipt]:
        """Every import that left a receipt, the latest first."""
        found = sorted((self.root / "receipts").glob("*.json"), reverse=True)
        return [Receipt.from_json(one.read_text(encoding="utf-8")) for one in found]

    def last_refused(self) -> Receipt | None:
        """The last import, where it was refused or held: it stays in sight until one succeeds. None where it was not.

        An import that was killed between its cut and its receipt succeeded: the cut itself says when.
        """
        found = sorted((self.root / "receipts").glob("*.json"))
        if not found or not found[-1].stem.endswith(("-refused", "-held")):
            return None
        receipt = Receipt.from_json(found[-1].read_text(encoding="utf-8"))
        cut = self.serving().cut
        return None if cut and cut.manifest["published"] > receipt.at else receipt


def now() -> str:
    """The moment in UTC, to the microsecond, so that receipts sort."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def import_key(files: Iterable[str], protocol: Protocol, settings: dict[str, str]) -> str:
    """What makes an import "the same again": the sha256 of the files whatever their names, protocol, settings."""
    return hashlib.sha256(json.dumps([sorted(files), protocol.hash, sorted(settings.items())]).encode()).hexdigest()


def _engine(base: duckdb.DuckDBPyConnection, schemas: dict[str | None, str]) -> Engine:
    """Every cut is asked the same statements, and to compile those of a comparison takes longer than to answer them:
    so all engines have one dialect and one cache."""
    like = _first_engine()
    pool = QueuePool(base.cursor, pool_size=8, max_overflow=24)
    options = {"schema_translate_map": schemas, "compiled_cache": _COMPILED}
    return Engine(pool, like.dialect, like.url, execution_options=options)


@cache
def _first_engine() -> Engine:
    """Of no cut: its first connection tells the dialect what it speaks to."""
    engine = create_engine("duckdb://")
    engine.connect().close()
    return engine


def _attached(base: duckdb.DuckDBPyConnection, path: Path, name: str) -> dict[str, str]:
    """Attaches a cut read-only, one of an older schema as today's, and gives its manifest. CutError where it is no cut,
    or one of a schema that this program cannot read."""
    manifest = _manifest(base, path, name)
    if manifest["schema_version"] != str(schema.SCHEMA_VERSION):
        migrating.migrate(base, name, _quoted(path), manifest)
    return manifest


def _manifest(base: duckdb.DuckDBPyConnection, path: Path, name: str) -> dict[str, str]:
    """Attaches a cut read-only as it is."""
    try:
        base.execute(f"ATTACH '{_quoted(path)}' AS {name} (READ_ONLY)")
        manifest = dict(base.execute(f"SELECT key, value FROM {name}.main.manifest").fetchall())
    except duckdb.Error as error:
        raise CutError(f"cut {path.stem[:7]} is no data cut: {str(error).splitlines()[0]}") from error
    version = manifest["schema_version"]
    if version != str(schema.SCHEMA_VERSION) and version not in migrating.VERSIONS:
        said = f"tables of version {version}, this program reads {schema.SCHEMA_VERSION}"
        raise CutError(f"cut {path.stem[:7]} has {said}; import its files again")
    return migrating.MANIFEST | manifest


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _copy(path: Path, target: Path, digest: str) -> None:
    part = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(path, part)
    except FileNotFoundError as error:
        raise SourceChanged(f"{path.name} was taken away while it was imported; import it again") from error
    if sha256(part) != digest:
        raise SourceChanged(f"{path.name} was written to while it was imported; import it again when it is at rest")
    _sync(part)
    part.replace(target)
    _sync_folder(target.parent)


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    _sync(part)
    part.replace(path)
    _sync_folder(path.parent)


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # Windows has no handle on a folder; its renames are journalled
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
