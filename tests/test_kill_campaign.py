"""Imports that are killed: at each step that reaches the disk, and at random moments; and disks that refuse."""

import errno
import multiprocessing
import os
import random
import resource
import shutil
import signal
import time
from pathlib import Path

import pytest

from data import importing, protocol
from data.store import Store, StoreBusy, StoreUnwritable

pytestmark = pytest.mark.campaign

TRIAL = protocol.load(Path("xkdct293.toml"))
STEPS = ("fsync", "replace", "unlink", "rmdir", "mkdir", "chmod")  # calls of `os` by which an import changes the disk
RANDOM, SEED = 160, 293
APART = multiprocessing.get_context("forkserver")  # forked from a clean process: no thread or open database goes along
APART.set_forkserver_preload(["data.importing"])


@pytest.fixture(scope="module")
def first(few_files, tmp_path_factory) -> Path:
    """A store with the first cut; copied for each import that is killed."""
    root = tmp_path_factory.mktemp("first") / "store"
    assert importing.load([few_files[0]], Store(root), TRIAL).outcome == "published"
    return root


def _import(folder: Path, root: Path, kill_at: int, after: bool, told) -> None:
    """In a process of its own: imports, and dies before or after the step of that number. Tells its steps."""
    count = 0

    def counted(call):
        def step(*arguments, **named):
            nonlocal count
            count += 1
            if count == kill_at and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return call(*arguments, **named)
            finally:
                if count == kill_at and after:
                    os.kill(os.getpid(), signal.SIGKILL)

        return step

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))
    outcome = importing.load([folder], Store(root), TRIAL).outcome
    if told is not None:
        told.put((outcome, count))


def _run(folder: Path, root: Path, *, kill_at: int = 0, after: bool = False, told=None):
    process = APART.Process(target=_import, args=(folder, root, kill_at, after, told))
    process.start()
    return process


def _is_whole(root: Path, old: str, what: str) -> bool:
    """Whether the new cut is there; it or the old one must be, with everything it was made of."""
    store = Store(root)
    serving = store.serving()
    assert serving.problem == "" and serving.cut.id == store.current(), what
    assert store.verify() == [], what
    if serving.cut.id == old:
        return False
    assert serving.cut.manifest["parent"] == old, what
    return True


def test_kill_9_before_and_after_each_step_to_the_disk(few_files, first, tmp_path):
    old, told = Store(first).current(), APART.Queue()
    shutil.copytree(first, tmp_path / "whole")
    process = _run(few_files[1], tmp_path / "whole", told=told)
    outcome, steps = told.get(timeout=60)
    process.join(60)
    assert outcome == "published" and steps >= 25  # five sources, the cut, CURRENT and the receipt, each put in place
    came_through = []
    for number in range(1, steps + 1):
        for after in (False, True):
            what = f"killed {'after' if after else 'before'} step {number}"
            root = Path(shutil.copytree(first, tmp_path / "store"))
            process = _run(few_files[1], root, kill_at=number, after=after)
            process.join(60)
            assert process.exitcode == -signal.SIGKILL, what
            came_through.append(_is_whole(root, old, what))
            receipt = importing.load([few_files[1]], Store(root), TRIAL)
            assert receipt.outcome == ("no change" if came_through[-1] else "published"), what
            assert not list((root / "tmp").iterdir()) and not list(root.rglob("*.part")), what
            shutil.rmtree(root)
    assert came_through == sorted(came_through)  # the old cut up to one step, from there on the new one
    assert set(came_through) == {False, True}


def test_kill_9_at_random_moments(few_files, first, tmp_path):
    old, chance = Store(first).current(), random.Random(SEED)
    shutil.copytree(first, tmp_path / "timed")
    begun = time.monotonic()
    _run(few_files[1], tmp_path / "timed").join(60)
    whole = time.monotonic() - begun
    killed, came_through = 0, 0
    for number in range(RANDOM):
        root = Path(shutil.copytree(first, tmp_path / "store"))
        process = _run(few_files[1], root)
        time.sleep(chance.uniform(0, whole))
        process.kill()
        process.join(60)
        killed += process.exitcode == -signal.SIGKILL
        came_through += _is_whole(root, old, f"kill {number}")
        shutil.rmtree(root)
    assert killed >= 0.75 * RANDOM, "too few were killed before they ended"
    assert came_through < RANDOM


# ---- a disk that refuses ---------------------------------------------------------------------------------------------
def _with_limit(folder: Path, root: Path, most: int, told) -> None:
    """Imports where no file can grow beyond `most` bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    try:
        told.put(importing.load([folder], Store(root), TRIAL).outcome)
    except StoreUnwritable as error:
        told.put(str(error))


@pytest.mark.parametrize("most", [0, 1_000, 20_000, 200_000, 1_000_000])
def test_a_full_disk_is_told_and_nothing_is_lost(few_files, first, tmp_path, most):
    root, told = Path(shutil.copytree(first, tmp_path / "store")), APART.Queue()
    process = APART.Process(target=_with_limit, args=(few_files[1], root, most, told))
    process.start()
    said = told.get(timeout=60)
    process.join(60)
    assert said.endswith("Nothing was published."), said
    assert not _is_whole(root, Store(first).current(), said)
    assert importing.load([few_files[1]], Store(root), TRIAL).outcome == "published"


@pytest.mark.parametrize("trouble", ["ENOSPC", "EDQUOT", "EIO"])
def test_each_write_that_fails_is_told_and_nothing_is_lost(few_files, first, tmp_path, monkeypatch, trouble):
    """The n-th flush to the disk fails, for every n until the import comes through."""
    fsync, old = os.fsync, Store(first).current()
    for number in range(1, 60):
        left = number

        def failing(handle):
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(getattr(errno, trouble), os.strerror(getattr(errno, trouble)))
            return fsync(handle)

        root = Path(shutil.copytree(first, tmp_path / "store"))
        monkeypatch.setattr(os, "fsync", failing)
        try:
            outcome = importing.load([few_files[1]], Store(root), TRIAL).outcome
        except StoreUnwritable as error:
            outcome = str(error)
        monkeypatch.setattr(os, "fsync", fsync)
        whole = _is_whole(root, old, f"flush {number}")
        shutil.rmtree(root)
        if outcome == "published":
            assert whole
            break
        assert "Nothing was published" in outcome and not whole
    # each of five sources and the cut: the file and its folder; CURRENT: the file. Then it is in place, whatever fails.
    assert (number, outcome) == (14, "published")


def _as_nobody(folder: Path, root: Path, told) -> None:
    os.setgid(65534)
    os.setuid(65534)
    try:
        told.put(importing.load([folder], Store(root), TRIAL).outcome)
    except StoreUnwritable as error:
        told.put(str(error))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as another account")
def test_a_store_one_may_not_write_to_is_told(few_files, first, tmp_path):
    root, told = Path(shutil.copytree(first, tmp_path / "store")), APART.Queue()
    process = APART.Process(target=_as_nobody, args=(few_files[1], root, told))
    process.start()
    said = told.get(timeout=60)
    process.join(60)
    assert "this account may not write there" in said or "Permission denied" in said
    assert not _is_whole(root, Store(first).current(), said)


def _hold(root: Path, held, release) -> None:
    with Store(root).importing():
        held.set()
        release.wait(60)


def test_the_second_importer_is_told_who_the_first_is_and_waits_for_it(few_files, first, tmp_path):
    root, held, release = Path(shutil.copytree(first, tmp_path / "store")), APART.Event(), APART.Event()
    holder = APART.Process(target=_hold, args=(root, held, release))
    holder.start()
    assert held.wait(60)
    with pytest.raises(StoreBusy, match=rf"process {holder.pid} on .+ is writing to"), Store(root).importing(0.2):
        pass
    second = _run(few_files[1], root)
    time.sleep(1)
    assert not _is_whole(root, Store(first).current(), "while it waits")
    release.set()
    second.join(60)
    holder.join(60)
    assert _is_whole(root, Store(first).current(), "once it came to its turn")
