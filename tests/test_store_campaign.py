"""Long runs: an import that is killed at any moment, and readers while cut after cut is published."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyreadstat
import pytest
from sqlalchemy import func, select

from data import importing, protocol
from data.schema import adverse_event, subject, visit
from data.store import Store

pytestmark = pytest.mark.campaign

ROOT = Path(__file__).parents[1]
TRIAL = protocol.load(Path("xkdct293.toml"))
KILLS, SEED = 30, 293  # by the command line, as a person would; the many are in test_kill_campaign.py
PUBLISHED = 20


def loading(folder: Path, root: Path, protocol_file: Path) -> subprocess.Popen:
    """`python app.py load`, as a person starts it."""
    given = ["load", str(folder), "--store", str(root), "--protocol", str(protocol_file)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIAL_")}
    command = [sys.executable, str(ROOT / "app.py"), *given]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def another_protocol(folder: Path, number: int) -> Path:
    """The same protocol with another comment: the same files with it are another import."""
    path = folder / f"protocol{number}.toml"
    path.write_text(f"{TRIAL.text}\n# {number}\n", encoding="utf-8")
    return path


def wait_for_work(root: Path, process: subprocess.Popen) -> None:
    """Until the import has begun to build its cut: interpreter and libraries take most of the time before."""
    while process.poll() is None and not _is_building(root):
        time.sleep(0.002)


def _is_building(root: Path) -> bool:
    try:
        return any(one.suffix == ".duckdb" for one in (root / "tmp").iterdir())
    except FileNotFoundError:  # each import makes the folder anew
        return False


def test_kill_9_at_any_moment_leaves_the_old_cut_or_the_new_one(few_files, tmp_path):
    root, chance = tmp_path / "store", random.Random(SEED)
    assert importing.load([few_files[0]], Store(root), TRIAL).outcome == "published"
    begun = time.monotonic()
    process = loading(few_files[1], root, another_protocol(tmp_path, 0))
    wait_for_work(root, process)
    building = time.monotonic() - begun
    assert process.wait(60) == 0
    whole = time.monotonic() - begun
    kept, killed, came_through = Store(root).current(), 0, 0
    for number in range(1, KILLS + 1):
        process = loading(few_files[1], root, another_protocol(tmp_path, number))
        if number % 3:  # two of three while the cut is built and published, one of three at any time at all
            wait_for_work(root, process)
            time.sleep(chance.uniform(0, 1.2 * (whole - building)))
        else:
            time.sleep(chance.uniform(0, whole))
        process.send_signal(signal.SIGKILL)
        killed += process.wait(60) == -signal.SIGKILL
        after = Store(root)
        serving = after.serving()
        assert serving.problem == "" and serving.cut.id == after.current(), f"kill {number}"
        assert after.verify() == [], f"kill {number}"
        new = serving.cut.id != kept
        if new:
            assert (serving.cut.manifest["parent"], serving.cut.protocol.text[-20:].split()[-1]) == (kept, str(number))
        came_through += new
        kept = serving.cut.id
    assert killed >= KILLS // 2, "too few were killed before they ended"
    assert 0 < came_through < KILLS  # both outcomes were met
    assert importing.load([few_files[0]], Store(root), TRIAL, accept=True).outcome == "published"
    assert not list((root / "tmp").iterdir()) and not list(root.rglob("*.part"))


def _counts(store: Store) -> tuple[int, ...]:
    cut = store.serving().cut
    frames = (cut.frame(select(func.count().label("n")).select_from(one)) for one in (subject, visit, adverse_event))
    return tuple(int(frame["n"].iloc[0]) for frame in frames)


def _read_until(root: Path, end, answers) -> None:
    """In a process of its own: what was seen, and every reason for a failed read."""
    store, seen, failed, reads = Store(root), set(), [], 0
    while not end.is_set():
        try:
            seen.add(_counts(store))
            if store.serving().problem:
                failed.append(store.serving().problem)
        except Exception as error:  # noqa: BLE001  every failure is handed to the test
            failed.append(repr(error))
        reads += 1
    answers.put((seen, failed, reads))


def test_four_readers_see_whole_cuts_while_twenty_are_published(few_files, tmp_path):
    whole = [
        tuple(len(pyreadstat.read_xport(str(folder / f"{name}.xpt"))[0]) for name in ("dm", "sv", "ae"))
        for folder in few_files
    ]
    root = tmp_path / "store"
    assert importing.load([few_files[0]], Store(root), TRIAL).outcome == "published"
    apart = multiprocessing.get_context("spawn")
    end, answers = apart.Event(), apart.Queue()
    readers = [apart.Process(target=_read_until, args=(root, end, answers)) for _ in range(4)]
    for one in readers:
        one.start()
    try:
        for number in range(PUBLISHED):
            receipt = importing.load([few_files[1 - number % 2]], Store(root), TRIAL, accept=True)
            assert receipt.outcome == "published", receipt.to_text()
        time.sleep(1)
    finally:
        end.set()
    told = [answers.get(timeout=60) for _ in readers]
    for one in readers:
        one.join(60)
    assert [failed for _, failed, _ in told] == [[]] * 4
    assert set().union(*(seen for seen, *_ in told)) == set(whole)
    assert all(reads > PUBLISHED for *_, reads in told)
    assert len(Store(root).ids()) == PUBLISHED + 1 and Store(root).verify() == []
