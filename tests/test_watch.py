"""The watched folder: what is a delivery, when it is at rest, where it is put, and that nothing is ever lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from test_importing import files as small_trial

import app
from data import importing, protocol, watch
from data.receipt import Finding, Receipt
from data.store import SourceChanged, Store, StoreBusy, StoreUnwritable
from data.watch import LOOSE, Watcher, WatchError, check, deliveries

TRIAL = protocol.load(Path("xkdct293.toml"))
ROOT = Path(__file__).parents[1]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Importer:
    """Stands for the import: gives or raises its `answers` one by one, and remembers what it was given."""

    def __init__(self, *answers: Receipt | Exception):
        self.answers, self.given = list(answers), []

    def __call__(self, paths: list[Path]) -> Receipt:
        self.given.append(sorted(path.name for path in paths))
        answer = self.answers.pop(0) if self.answers else told("published")
        if isinstance(answer, Exception):
            raise answer
        return answer


def told(outcome: str, *findings: Finding) -> Receipt:
    return Receipt(outcome, "2026-11-22T10:00:00.000000+00:00", "XKDCT293", "p" * 64, cut="c" * 64, findings=findings)


@pytest.fixture
def drop(tmp_path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    check(folder, tmp_path / "store")
    return folder


def write(path: Path, text: str = "a,b\n1,2\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class Watched:
    """A watcher under a clock of one's own; `rest` lets a delivery come to rest and looks once more."""

    def __init__(self, folder: Path, *answers: Receipt | Exception):
        self.folder, self.clock, self.lines, self.imports = folder, Clock(), [], Importer(*answers)
        self.watcher = Watcher(folder, self.imports, self.lines.append, self.clock)

    def rest(self) -> None:
        self.watcher.look()
        self.clock.now += watch.QUIET
        self.watcher.look()

    def put(self, where: str) -> list[str]:
        """Names of what was put away there, without the moment."""
        return sorted(path.name.partition("-")[2] for path in (self.folder / where).iterdir())

    def inside(self, where: str) -> list[str]:
        """Everything in the only delivery put away there."""
        [one] = (self.folder / where).iterdir()
        return sorted(path.relative_to(one).as_posix() for path in one.rglob("*"))

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if path.name not in WATCHERS_OWN)


WATCHERS_OWN = ("accepted", "refused", "held", ".watch")


# ---- what is a delivery ---------------------------------------------------------------------------------------------
def test_a_folder_a_zip_and_the_loose_files_are_three_deliveries(drop):
    for name in ("batch/dm.csv", "batch/ae.csv", "export.zip", "dm.csv", "ae.xpt"):
        write(drop / name)
    found = {one.name: sorted(one.state) for one in deliveries(drop)}
    assert found == {
        "batch": ["batch/ae.csv", "batch/dm.csv"],
        "export.zip": ["export.zip"],
        LOOSE: ["ae.xpt", "dm.csv"],
    }


def test_each_is_imported_and_put_away_with_its_receipt(drop):
    for name in ("batch/dm.csv", "export.zip", "dm.csv", "ae.csv"):
        write(drop / name)
    watched = Watched(drop, told("published"), told("held"), told("refused"))
    watched.rest()
    assert watched.imports.given == [["batch"], ["export.zip"], ["ae.csv", "dm.csv"]]
    assert watched.inside("accepted") == ["batch", "batch/dm.csv", "receipt.json", "receipt.txt"]
    assert watched.inside("held") == ["export.zip", "receipt.json", "receipt.txt"]
    assert watched.inside("refused") == [LOOSE, f"{LOOSE}/ae.csv", f"{LOOSE}/dm.csv", "receipt.json", "receipt.txt"]
    [accepted] = (drop / "accepted").iterdir()
    assert json.loads((accepted / "receipt.json").read_text())["outcome"] == "published"
    assert (accepted / "receipt.txt").read_text().startswith("Published: cut ccccccc")
    assert watched.left() == [] and list((drop / ".watch").iterdir()) == []
    assert [line.partition(":")[0] for line in watched.lines] == ["batch", "export.zip", LOOSE]


@pytest.mark.parametrize("outcome", ["no change", "same content"])
def test_what_is_there_already_is_accepted(drop, outcome):
    write(drop / "batch/dm.csv")
    watched = Watched(drop, told(outcome))
    watched.rest()
    assert watched.put("accepted") == ["batch"]


def test_loose_files_of_no_known_format_are_put_away_with_the_data_and_named(drop):
    for name in ("dm.csv", "notes.docx"):
        write(drop / name)
    watched = Watched(drop)
    watched.rest()
    assert watched.imports.given == [["dm.csv"]]
    assert f"{LOOSE}/notes.docx" in watched.inside("accepted")
    [put] = (drop / "accepted").iterdir()
    assert "NOTE not read: notes.docx: not a data file of a known format" in (put / "receipt.txt").read_text()


def test_a_loose_file_of_no_known_format_alone_is_not_overlooked(drop):
    write(drop / "events.docx")
    watched = Watched(drop, told("refused"))
    watched.rest()
    assert watched.imports.given == [["events.docx"]] and watched.put("refused") == [LOOSE]


def test_what_was_put_away_is_never_looked_at_again(drop):
    for outcome in ("accepted", "refused", "held"):
        write(drop / outcome / "20261122T100000Z-old/batch/dm.csv")
    watched = Watched(drop)
    watched.rest()
    assert watched.imports.given == []


def test_names_that_collide_get_a_number_and_nothing_is_overwritten(drop, monkeypatch):
    class Fixed(watch.datetime):
        @classmethod
        def now(cls, zone=None):
            return cls(2026, 11, 22, 10, 0, 0, tzinfo=zone)

    monkeypatch.setattr(watch, "datetime", Fixed)
    for number in (1, 2, 3):
        write(drop / "batch/dm.csv", f"a\n{number}\n")
        Watched(drop).rest()
    put = sorted((drop / "accepted").iterdir())
    assert [one.name for one in put] == [f"20261122T100000Z-batch{end}" for end in ("", "-2", "-3")]
    assert [(one / "batch/dm.csv").read_text() for one in put] == ["a\n1\n", "a\n2\n", "a\n3\n"]


def test_a_folder_that_bears_the_name_of_the_loose_files_is_another_delivery(drop):
    write(drop / LOOSE / "dm.csv")
    write(drop / "ae.csv")
    watched = Watched(drop)
    watched.rest()
    assert watched.imports.given == [[LOOSE], ["ae.csv"]]
    assert len(list(drop.glob(f"accepted/*/{LOOSE}/*.csv"))) == 2


def test_a_delivery_that_brings_receipts_of_its_own_keeps_them(drop):
    write(drop / "batch/receipt.json", "theirs")
    write(drop / "receipt.json", "loose")
    watched = Watched(drop)
    watched.rest()
    kept = sorted(path.read_text() for path in drop.glob("accepted/*/*/receipt.json"))
    assert kept == ["loose", "theirs"]


# ---- when it is at rest ---------------------------------------------------------------------------------------------
def test_nothing_is_imported_before_it_has_been_quiet(drop):
    watched = Watched(drop)
    write(drop / "batch/dm.csv")
    watched.watcher.look()
    watched.clock.now += watch.QUIET - 0.1
    watched.watcher.look()
    assert watched.imports.given == []
    watched.clock.now += 0.1
    watched.watcher.look()
    assert watched.imports.given == [["batch"]]


@pytest.mark.parametrize("change", ["grows", "touched", "another"])
def test_every_change_begins_the_quiet_anew(drop, change):
    watched = Watched(drop)
    path = write(drop / "batch/dm.csv")
    watched.watcher.look()
    watched.clock.now += watch.QUIET
    if change == "grows":
        path.write_text("a,b\n1,2\n3,4\n")
    elif change == "touched":
        os.utime(path, ns=(1, 1))
    else:
        write(drop / "batch/ae.csv")
    watched.watcher.look()
    assert watched.imports.given == []
    watched.clock.now += watch.QUIET
    watched.watcher.look()
    assert watched.imports.given == [["batch"]]


@pytest.mark.parametrize("name", ["ae.csv.part", "ae.tmp", "ae.crdownload", "ae.csv~", ".ae.csv.x3", "~$ae.xlsx"])
def test_a_file_still_being_written_holds_its_delivery_back(drop, name):
    watched = Watched(drop)
    write(drop / "batch/dm.csv")
    half = write(drop / "batch" / name)
    watched.rest()
    watched.rest()
    assert watched.imports.given == []
    assert watched.lines == [f"batch waits: {name} is still being written, by its name"]
    half.rename(drop / "batch/ae.csv")
    watched.rest()
    assert watched.imports.given == [["batch"]]


def test_what_the_system_leaves_in_a_folder_is_not_waited_for(drop):
    for name in ("batch/dm.csv", "batch/.DS_Store", "batch/._dm.csv", "Thumbs.db"):
        write(drop / name)
    watched = Watched(drop)
    watched.rest()
    assert watched.imports.given == [["batch"]]


def test_an_empty_folder_is_waited_for(drop):
    (drop / "batch").mkdir()
    watched = Watched(drop)
    watched.rest()
    assert watched.imports.given == [] and watched.lines == ["batch waits: there is no file in it yet"]


def test_what_changes_while_it_is_imported_is_not_put_away(drop):
    """A file that comes late was not imported: the delivery stays, and comes again with it."""
    watched = Watched(drop)
    write(drop / "batch/dm.csv")
    bring_in = watched.watcher.bring_in

    def slow(paths):
        if not watched.imports.given:
            write(drop / "batch/ae.csv")
        return bring_in(paths)

    watched.watcher.bring_in = slow
    watched.rest()
    assert watched.left() == ["batch"]
    assert watched.lines == ["batch: changed while it was imported; it is imported again when it is at rest"]
    watched.rest()
    assert len(watched.imports.given) == 2 and watched.put("accepted") == ["batch"]


@pytest.mark.parametrize(
    "answer",
    [SourceChanged("dm.csv was written to"), told("refused", Finding("error", "changed while read", "it grew"))],
    ids=["raised", "in the receipt"],
)
def test_a_file_written_to_during_the_import_is_waited_for(drop, answer):
    write(drop / "batch/dm.csv")
    watched = Watched(drop, answer)
    watched.rest()
    assert watched.left() == ["batch"] and watched.put("refused") == []
    watched.watcher.look()
    assert len(watched.imports.given) == 1  # quiet anew
    watched.rest()
    assert watched.put("accepted") == ["batch"]


# ---- trouble --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [StoreBusy, StoreUnwritable])
def test_a_store_that_is_busy_or_full_is_tried_again(drop, kind):
    write(drop / "batch/dm.csv")
    busy = kind("another import is writing")
    watched = Watched(drop, busy, busy)
    watched.rest()
    watched.watcher.look()
    assert watched.left() == ["batch"] and watched.lines == ["batch waits: another import is writing"]
    watched.watcher.look()
    assert watched.put("accepted") == ["batch"] and len(watched.imports.given) == 3


def test_a_failure_of_the_program_is_told_and_the_watch_goes_on(drop):
    write(drop / "a/dm.csv")
    write(drop / "b/dm.csv")
    watched = Watched(drop, PermissionError("dm.csv"))
    watched.rest()
    assert (watched.put("refused"), watched.put("accepted")) == (["a"], ["b"])
    [refused] = (drop / "refused").iterdir()
    assert (
        (refused / "receipt.txt")
        .read_text()
        .startswith("Not imported: the program failed on this delivery (PermissionError). Nothing was changed.")
    )
    assert (refused / "a/dm.csv").exists()
    assert json.loads((refused / "receipt.json").read_text())["outcome"] == "refused"


def test_links_and_devices_are_never_followed(drop, tmp_path):
    outside = write(tmp_path / "outside/secret.csv")
    (drop / "link.csv").symlink_to(outside)
    (drop / "folder").symlink_to(outside.parent)
    os.mkfifo(drop / "pipe.csv")
    write(drop / "batch/dm.csv")
    (drop / "batch/ae.csv").symlink_to(outside)
    write(drop / "good/dm.csv")
    watched = Watched(drop)
    watched.rest()
    watched.rest()
    assert watched.imports.given == [["good"]]
    assert watched.left() == ["batch", "folder", "link.csv", "pipe.csv"]
    assert sorted(watched.lines[:-1]) == [
        "batch waits: ae.csv is a link or a device, which is never followed; take it out",
        "folder: a link or a device is never followed; it stays where it is",
        "link.csv: a link or a device is never followed; it stays where it is",
        "pipe.csv: a link or a device is never followed; it stays where it is",
    ]
    assert outside.read_text() == "a,b\n1,2\n"


def test_a_crash_between_publication_and_move_is_made_good_at_the_next_start(drop, tmp_path, monkeypatch):
    store = Store(tmp_path / "store")
    small_trial(drop / "batch")
    watcher = Watcher(drop, lambda paths: importing.load(paths, store, TRIAL), lambda line: None, Clock())

    def killed(*_):
        raise SystemExit

    monkeypatch.setattr(Watcher, "_put_away", killed)
    watcher.look()
    watcher.clock.now += watch.QUIET
    with pytest.raises(SystemExit):
        watcher.look()
    published = store.current()
    assert published and (drop / "batch/dm.csv").exists()
    monkeypatch.undo()
    lines = []
    again = Watcher(drop, lambda paths: importing.load(paths, store, TRIAL), lines.append, Clock())
    again.look()
    again.clock.now += watch.QUIET
    again.look()
    assert lines == [
        f"batch: No change: the same files, protocol and settings are already cut {published[:7]}."
    ] and store.ids() == [published]
    assert len(list(drop.glob("accepted/*-batch/batch/dm.csv"))) == 1


def _killed_at_rename(drop: Path, number: int) -> None:
    """Three loose files are imported, and the program is killed before the rename of that number."""
    for name in ("ae.csv", "dm.csv", "ex.csv"):
        write(drop / name, name)
    watched, real, renames = Watched(drop), Path.rename, []

    def rename(self, target):
        renames.append(self)
        if len(renames) == number:
            raise SystemExit
        return real(self, target)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "rename", rename)
        with pytest.raises(SystemExit):
            watched.rest()


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_crash_between_two_renames_never_leaves_half_a_delivery(drop, number):
    _killed_at_rename(drop, number)
    watched = Watched(drop)
    watched.rest()
    assert watched.imports.given == []  # what was left behind is no delivery of its own
    assert [name for name in watched.inside("accepted") if name.endswith("csv")] == [
        f"{LOOSE}/{name}" for name in ("ae.csv", "dm.csv", "ex.csv")
    ]
    assert watched.left() == []


def test_a_newer_file_of_the_same_name_is_not_swept_away_after_a_crash(drop):
    _killed_at_rename(drop, 2)  # ae.csv is moved, dm.csv and ex.csv are not
    write(drop / "dm.csv", "newer than what was imported")
    watched = Watched(drop)
    watched.rest()
    assert watched.imports.given == [["dm.csv"]]
    texts = sorted(path.read_text() for path in drop.glob(f"accepted/*/{LOOSE}/dm.csv"))
    assert texts == ["newer than what was imported"]


def test_what_cannot_be_moved_stays_is_told_once_and_is_tried_again(drop, monkeypatch):
    write(drop / "batch/dm.csv")
    watched = Watched(drop)

    def full(self, *_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", full)
        watched.rest()
    assert watched.left() == ["batch"] and "No space left on device" in watched.lines[-1]
    watched.rest()
    assert len(watched.imports.given) == 1  # not every few seconds
    watched.clock.now += watch.AGAIN
    watched.rest()
    assert watched.put("accepted") == ["batch"]


def test_the_watch_outlives_a_folder_that_is_away(drop, monkeypatch):
    watched, stop, looks = Watched(drop), threading.Event(), []

    def away(self, stop):
        looks.append(1)
        if len(looks) == 3:
            stop.set()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Watcher, "look", away)
    monkeypatch.setattr(watch, "POLL", 0)
    watched.watcher.run(stop)
    assert len(looks) == 3 and len(watched.lines) == 1 and "Input/output error" in watched.lines[0]


def test_it_stops_between_two_deliveries(drop):
    write(drop / "a/dm.csv")
    write(drop / "b/dm.csv")
    watched, stop = Watched(drop), threading.Event()
    watched.watcher.look(stop)
    watched.clock.now += watch.QUIET
    bring_in = watched.watcher.bring_in
    watched.watcher.bring_in = lambda paths: (stop.set(), bring_in(paths))[1]
    watched.watcher.look(stop)
    assert watched.put("accepted") == ["a"] and watched.left() == ["b"]


# ---- usage ----------------------------------------------------------------------------------------------------------
def test_a_folder_that_cannot_be_watched_is_told_at_the_start(tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    file = write(tmp_path / "file.csv")
    for folder, words in (
        (tmp_path / "gone", "is no folder"),
        (file, "is no folder"),
        (tmp_path, "must lie apart"),
        (store, "must lie apart"),
    ):
        with pytest.raises(WatchError, match=words):
            check(folder, store)
    (store / "drop").mkdir()
    with pytest.raises(WatchError, match="must lie apart"):
        check(store / "drop", store)


def test_a_folder_that_cannot_be_written_to_is_told_at_the_start(tmp_path, monkeypatch):
    (tmp_path / "drop").mkdir()

    def denied(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(WatchError, match="cannot be written to"):
        check(tmp_path / "drop", tmp_path / "store")


def test_two_watchers_of_one_folder_are_one_too_many(drop):
    with (
        Watched(drop).watcher.alone(),
        pytest.raises(WatchError, match="watched already"),
        Watched(drop).watcher.in_background(),
    ):
        pass
    with Watched(drop).watcher.in_background():
        pass


@pytest.mark.parametrize("command", [("watch",), ("serve", "--port", "1", "--watch")])
def test_the_command_line_says_what_is_wrong_and_ends_with_2(tmp_path, capsys, command):
    assert app.main([*command, str(tmp_path / "gone"), "--store", str(tmp_path / "store")]) == 2
    said = capsys.readouterr()
    assert said.out == "" and "is no folder" in said.err


# ---- the whole way --------------------------------------------------------------------------------------------------
def test_the_program_watches_imports_and_ends_when_told(tmp_path):
    """As a data manager meets it: a folder, a broken folder and a zip are dropped, and SIGTERM ends it cleanly."""
    drop, store = tmp_path / "drop", Store(tmp_path / "store")
    drop.mkdir()
    small_trial(tmp_path / "good")
    small_trial(tmp_path / "bad", dm=None)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIAL_")}
    command = [sys.executable, "app.py", "watch", str(drop), "--store", str(store.root)]
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip  # noqa: E501
    try:
        assert running.stdout.readline().startswith("watching ")
        shutil.copytree(tmp_path / "good", drop / "good")
        assert running.stdout.readline().startswith("good: Published: cut ")
        shutil.copytree(tmp_path / "bad", drop / "bad")
        assert running.stdout.readline() == "bad: Refused: 1 problem. Nothing was changed.\n"
    finally:
        running.send_signal(signal.SIGTERM)
        rest, _ = running.communicate(timeout=30)
    assert (running.returncode, rest) == (0, "")
    [accepted] = drop.glob("accepted/*-good")
    assert Receipt.from_json((accepted / "receipt.json").read_text()).cut == store.current()
    assert (accepted / "good/dm.csv").exists()
    assert [one.outcome for one in store.receipts()] == ["refused", "published"]
    [refused] = drop.glob("refused/*-bad")
    assert "none of the files holds DM" in (refused / "receipt.txt").read_text()


def test_sigterm_lets_the_running_import_end(tmp_path):
    """The importer's lock is held by this test, so that the import is under way when the program is told to end."""
    drop, store = tmp_path / "drop", Store(tmp_path / "store")
    drop.mkdir()
    small_trial(drop / "good")
    command = [sys.executable, "app.py", "watch", str(drop), "--store", str(store.root)]
    with store.importing():
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert running.stdout.readline().startswith("watching ")
        _until(lambda: _children(running.pid) >= 1)
        time.sleep(2)  # the import's process has started Python and waits for the lock
        running.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert running.poll() is None
    said, _ = running.communicate(timeout=30)
    assert running.returncode == 0 and said.startswith("good: Published: cut ")
    assert list(drop.glob("accepted/*-good"))


def _children(pid: int) -> int:
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _until(holds, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_receipt_of_a_delivery_is_the_imports_own(drop):
    receipt = replace(told("refused"), findings=(Finding("error", "no subjects", "none holds DM"),))
    write(drop / "batch/ae.csv")
    watched = Watched(drop, receipt)
    watched.rest()
    [put] = (drop / "refused").iterdir()
    assert Receipt.from_json((put / "receipt.json").read_text()) == receipt
    assert (put / "receipt.txt").read_text() == receipt.to_text() + "\n"
