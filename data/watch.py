"""A watched folder: what is dropped into it is imported when it is at rest, and put away with its receipt.

    DIR/accepted/<UTC>-<name>/   published, or the same as what is there: the delivery, receipt.json and receipt.txt
    DIR/refused/...              refused, with what to mend
    DIR/held/...                 held, until it is accepted or replaced
    DIR/.watch/                  the lock of the one watcher, and moves that are under way

A delivery is one folder, one zip, or all loose files at the top together. Nothing is deleted or overwritten; what was
put away is never looked at again. A delivery is put away only as it was imported: what changed meanwhile stays and is
imported anew. Where the program is killed between publication and move, the same files come again and change nothing.
"""

import json
import logging
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from filelock import FileLock, Timeout

from data.readers import FORMATS
from data.receipt import Finding, Receipt
from data.settings import Settings
from data.store import SourceChanged, StoreBusy, StoreUnwritable

QUIET = 3.0  # seconds without a change, after which a delivery is complete
POLL = 1.0  # seconds between two looks at the folder
AGAIN = 60.0  # seconds until a delivery that could not be moved is tried again
PUT_AWAY = {"published": "accepted", "no change": "accepted", "same content": "accepted",
            "refused": "refused", "held": "held"}  # fmt: skip
LOOSE = "files"  # the name of the delivery that the loose files make

_OWN = ".watch"
_UNFINISHED = (".part", ".tmp", ".crdownload", "~")
_OF_THE_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini")  # lie in a folder for ever: neither data nor unfinished

log = logging.getLogger(__name__)

Import = Callable[[list[Path]], Receipt]
Snapshot = dict[str, list[int]]  # path below the watched folder -> size and time of change


class WatchError(ValueError):
    """The folder cannot be watched; the text says why and what to do."""


@dataclass(frozen=True)
class Delivery:
    """What is imported together: its entries at the top of the watched folder, and the state they were seen in."""

    name: str
    entries: tuple[Path, ...]
    state: Snapshot
    loose: bool = False  # the files at the top, together
    obstacle: str = ""  # why it is not to be imported now: a file still being written, a link, nothing in it yet

    @property
    def key(self) -> tuple[str, bool]:
        """A folder may bear the name that the loose files have."""
        return self.name, self.loose

    @property
    def paths(self) -> list[Path]:
        """What the import is given. Of loose files those of a known format; where there is none all, to be refused."""
        known = [one for one in self.entries if one.is_dir() or one.suffix.lower() in {*FORMATS, ".zip"}]
        return known or list(self.entries)

    @property
    def left_out(self) -> list[str]:
        return [one.name for one in self.entries if one not in self.paths]


def check(folder: Path, store: Path) -> None:
    """WatchError unless the folder is there, can be written to, and lies apart from the store."""
    if not folder.is_dir():
        raise WatchError(f"{folder} is no folder; make it, or name the one that files are dropped into")
    one, other = folder.resolve(), store.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise WatchError(f"the watched folder {folder} and the store {store} must lie apart; name another folder")
    try:
        for name in (*dict.fromkeys(PUT_AWAY.values()), _OWN):
            (folder / name).mkdir(exist_ok=True)
        probe = folder / _OWN / "probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise WatchError(f"{folder} cannot be written to ({error.strerror}); imported files are moved in it") from error


# ---- what lies there -------------------------------------------------------------------------------------------------
def deliveries(folder: Path, note: Callable[[str], None] = log.warning) -> list[Delivery]:
    """What was dropped, by name. Links and devices at the top are told to `note` and left where they are."""
    alone, loose = [], []
    for one in sorted(folder.iterdir()):
        kind = one.lstat().st_mode
        if one.name in (*PUT_AWAY.values(), _OWN, *_OF_THE_SYSTEM):
            continue
        if not (stat.S_ISDIR(kind) or stat.S_ISREG(kind)):
            note(f"{one.name}: a link or a device is never followed; it stays where it is")
        elif stat.S_ISDIR(kind) or one.suffix.lower() == ".zip":
            alone.append(_delivery(folder, one.name, (one,)))
        else:
            loose.append(one)
    return [*alone, *([_delivery(folder, LOOSE, tuple(loose), loose=True)] if loose else [])]


def _delivery(folder: Path, name: str, entries: tuple[Path, ...], *, loose: bool = False) -> Delivery:
    state: Snapshot = {}
    obstacles = []
    for path in (path for one in entries for path in _walk(one)):
        seen = path.lstat()
        if not (stat.S_ISREG(seen.st_mode) or stat.S_ISDIR(seen.st_mode)):
            obstacles.append(f"{path.name} is a link or a device, which is never followed; take it out")
        elif path.name in _OF_THE_SYSTEM or path.name.startswith("._"):
            continue
        elif path.name.startswith((".", "~$")) or path.name.endswith(_UNFINISHED):
            obstacles.append(f"{path.name} is still being written, by its name")
        elif stat.S_ISREG(seen.st_mode):
            state[path.relative_to(folder).as_posix()] = [seen.st_size, seen.st_mtime_ns]
    if not state:
        obstacles.append("there is no file in it yet")
    return Delivery(name, entries, state, loose, next(iter(obstacles), ""))


def _walk(entry: Path) -> Iterator[Path]:
    """An entry and all that is in it; a link is named and not followed."""
    yield entry
    if stat.S_ISDIR(entry.lstat().st_mode):
        for one in sorted(entry.iterdir()):
            yield from _walk(one)


# ---- the watcher -----------------------------------------------------------------------------------------------------
@dataclass
class Watcher:
    """Looks at the folder again and again. `bring_in` imports; `say` prints a line a delivery."""

    folder: Path
    bring_in: Import
    say: Callable[[str], None] = lambda line: print(line, flush=True)
    clock: Callable[[], float] = time.monotonic
    quiet: float = QUIET
    _seen: dict[tuple[str, bool], tuple[Snapshot, float]] = field(default_factory=dict)  # delivery -> state, since when
    _told: set[str] = field(default_factory=set)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Two watchers would move each other's files away. WatchError where there is one already."""
        lock = FileLock(self.folder / _OWN / "lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise WatchError(f"{self.folder} is watched already by another program; end one of the two") from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def in_background(self) -> Iterator[None]:
        """Watches in a thread meanwhile. At the end an import that runs is finished first."""
        stop = threading.Event()
        with self.alone():
            thread = threading.Thread(target=self.run, args=(stop,), name="watch", daemon=True)
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join()

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; an import that runs is finished first."""
        while not stop.is_set():
            try:
                self.look(stop)
            except Exception as error:  # noqa: BLE001  a share that is away for a moment must not end the watch
                self._once(f"{self.folder} cannot be worked on now ({error}); it is tried again")
            stop.wait(POLL)

    def look(self, stop: threading.Event | None = None) -> None:
        """One look: imports and puts away every delivery that is at rest."""
        self.recover()
        found = deliveries(self.folder, self._once)
        self._seen = {one.key: self._seen[one.key] for one in found if one.key in self._seen}
        for one in found:
            if stop is not None and stop.is_set():
                return
            if one.obstacle:
                self._seen.pop(one.key, None)
                self._once(f"{one.name} waits: {one.obstacle}")
            elif self._at_rest(one):
                self._take(one)

    def _at_rest(self, one: Delivery) -> bool:
        state, since = self._seen.get(one.key, (None, 0.0))
        if state != one.state:
            self._seen[one.key] = (one.state, self.clock())
            return False
        return self.clock() - since >= self.quiet

    def _take(self, one: Delivery) -> None:
        try:
            receipt = self._imported(one)
        except (StoreBusy, StoreUnwritable) as error:  # of the store, not of the delivery: it is tried again
            return self._once(f"{one.name} waits: {error}")
        except SourceChanged as error:
            del self._seen[one.key]
            return self._once(f"{one.name} waits: {error}")
        except Exception as error:  # one bad delivery must not end the watch
            log.exception("an import failed")
            return self._failed(one, error)
        if self._changed(one, receipt):
            self._seen.pop(one.key, None)
            return self.say(f"{one.name}: changed while it was imported; it is imported again when it is at rest")
        self.say(f"{one.name}: {receipt.to_text().splitlines()[0]}")
        return self._put_away(one, PUT_AWAY[receipt.outcome], receipt.to_json(), receipt.to_text())

    def _imported(self, one: Delivery) -> Receipt:
        receipt = self.bring_in(one.paths)
        notes = [Finding("note", "not read", "not a data file of a known format", name) for name in one.left_out]
        return replace(receipt, findings=(*receipt.findings, *notes))

    def _changed(self, one: Delivery, receipt: Receipt) -> bool:
        """Whether what would be put away is no longer what was imported, or was not at rest when it was."""
        now = {other.key: other.state for other in deliveries(self.folder, self._once)}
        return now.get(one.key) != one.state or any(found.rule == "changed while read" for found in receipt.errors)

    def _failed(self, one: Delivery, error: Exception) -> None:
        words = f"Not imported: the program failed on this delivery ({type(error).__name__}). Nothing was changed."
        told = {"outcome": "refused", "at": datetime.now(UTC).isoformat(), "error": type(error).__name__}
        self.say(f"{one.name}: {words}")
        self._put_away(one, "refused", json.dumps(told), f"{words}\nThe log of the program says where.")

    def _once(self, line: str) -> None:
        """What holds for many looks is told at the first."""
        if line not in self._told:
            self._told.add(line)
            self.say(line)

    # ---- putting away --------------------------------------------------------------------------------------------
    def _put_away(self, one: Delivery, where: str, receipt_json: str, receipt_text: str) -> None:
        """Moves a delivery with its receipt: all of it is moved by renames into a folder that then gets its name.

        The move is written down first. Where the program is killed between two renames, `recover` goes on with it:
        else the files left behind would pass for a delivery of their own.
        """
        target = f"{where}/{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{one.name}"
        work = _free(self.folder / _OWN / Path(target).name)
        move = {"to": target, "inside": LOOSE if one.loose else "", "state": one.state}
        move["entries"] = [entry.name for entry in one.entries]
        try:
            work.mkdir()
            (work / "receipt.json").write_text(receipt_json + "\n", encoding="utf-8")
            (work / "receipt.txt").write_text(receipt_text + "\n", encoding="utf-8")
            (work / "move.part").write_text(json.dumps(move), encoding="utf-8")
            (work / "move.part").replace(work / "move.json")
            self._finish(work, move)
        except OSError as error:
            self._once(f"{one.name} cannot be put away ({error.strerror}); it stays and is tried again in a minute")
            self._seen[one.key] = (one.state, self.clock() + AGAIN)
            return
        self._seen.pop(one.key, None)
        self._told = {line for line in self._told if not line.startswith(f"{one.name} ")}

    def recover(self) -> None:
        """Goes on with a move that was cut off. One that was not written down yet had moved nothing."""
        for work in sorted(one for one in (self.folder / _OWN).iterdir() if one.is_dir()):
            written = work / "move.json"
            if written.is_file():
                self._finish(work, json.loads(written.read_text(encoding="utf-8")))
            else:
                for name in ("receipt.json", "receipt.txt", "move.part"):
                    (work / name).unlink(missing_ok=True)
                work.rmdir()

    def _finish(self, work: Path, move: dict) -> None:
        inside = work / move["inside"]
        inside.mkdir(exist_ok=True)
        for name in move["entries"]:
            entry = self.folder / name
            if os.path.lexists(entry) and self._as_imported(entry, move["state"]):
                entry.rename(inside / name)
        target = _free(self.folder / move["to"])
        work.rename(target)
        (target / "move.json").unlink()

    def _as_imported(self, entry: Path, state: Snapshot) -> bool:
        """Whether it is what was imported: another file of that name, dropped since, is another delivery."""
        prefix = f"{entry.name}/"
        mine = {path: seen for path, seen in state.items() if path == entry.name or path.startswith(prefix)}
        return _delivery(self.folder, entry.name, (entry,)).state == mine


def _free(path: Path) -> Path:
    """The path, or the first of path-2, path-3 ... that nothing has."""
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


# ---- imports in a process of their own -------------------------------------------------------------------------------
def apart(settings: Settings) -> Import:
    """An import that runs in a process of its own, so that a server in this one goes on answering.

    It ends with the import and gives its memory back; what ends the program (Ctrl-C, SIGTERM) does not reach it.
    """

    def bring_in(paths: list[Path]) -> Receipt:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_in_the_background) as pool:
            return pool.submit(_load, paths, settings).result()

    return bring_in


def _in_the_background() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)  # readers first


def _load(paths: list[Path], settings: Settings) -> Receipt:
    from data import importing, reshape
    from data import protocol as protocols
    from data.store import Store

    mapping = reshape.load(settings.mapping) if settings.mapping else None
    limit = settings.largest_file_mb * 1024**2
    trial = protocols.load(settings.protocol)
    return importing.load(paths, Store(settings.folder), trial, mapping=mapping, limit=limit)
