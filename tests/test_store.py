"""The store of cuts: what is served, what is refused, and what a crash at any step leaves behind."""

import json
import os
import shutil
import threading
from pathlib import Path

import duckdb
import pyreadstat
import pytest
from filelock import FileLock
from sqlalchemy import func, literal_column, select, text

from data import importing, protocol, store
from data.receipt import Receipt
from data.schema import subject, visit
from data.store import Cut, CutError, Store, StoreBusy

TRIAL = protocol.load(Path("xkdct293.toml"))
SUBJECTS = (9, 16, 21)  # of the simulated trial at its three cut-offs: those of the scenario who had consented by then


def count(cut: Cut, table=subject) -> int:
    return int(cut.frame(select(func.count().label("n")).select_from(table))["n"].iloc[0])


def damage(path: Path) -> None:
    """One bit, in the middle; the file's time moves as it would."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(raw)


# ---- reading -------------------------------------------------------------------------------------------------------
def test_the_cuts_in_their_order_and_what_they_hold(trial):
    assert [count(trial.open(one)) for one in trial.ids()] == list(SUBJECTS)
    assert trial.current() == trial.ids()[-1] and trial.serving().problem == ""
    cut = trial.serving().cut
    assert (cut.id, cut.simulated, cut.short) == (trial.current(), True, trial.current()[:7])
    assert cut.cutoff.isoformat() == "2026-11-21T23:59:59" and cut.protocol.hash == TRIAL.hash
    assert cut.manifest["parent"] == trial.ids()[1]


def test_an_empty_store_serves_nothing_and_is_whole(tmp_path):
    empty = Store(tmp_path / "none")
    assert (empty.current(), empty.ids(), empty.serving().cut, empty.verify()) == ("", [], None, [])
    assert not (tmp_path / "none").exists()  # reading makes no folder


def test_two_cuts_at_once(trial):
    first, _, last = trial.ids()
    both = trial.open(last, first)
    before = literal_column("count(*)").label("n")
    then = both.frame(select(before).select_from(subject.to_metadata(type(subject.metadata)(), schema="cut1")))
    assert (count(both), int(then["n"].iloc[0])) == (21, 9)


def test_cuts_opened_beside_each_other_are_not_equal_to_one_alone(trial):
    first, second, last = trial.ids()
    assert trial.open(last) == trial.open(last) and hash(trial.open(last)) == hash(trial.open(last))
    assert len({trial.open(last), trial.open(last, first), trial.open(last, second)}) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/leak.csv'",
        "ATTACH '/tmp/other.duckdb' AS other",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET memory_limit = '64GB'",
        "DELETE FROM cut0.main.subject",
        "CREATE TABLE cut0.main.more (n INTEGER)",
    ],
)
def test_a_connection_reads_its_cut_and_nothing_else(trial, statement):
    cut = trial.serving().cut
    with (
        cut.engine.connect() as connection,
        pytest.raises(Exception, match=r"(?i)disabled|locked|read-only|does not exist"),
    ):
        connection.execute(text(statement))
    assert count(cut) == 21


# ---- what must not be read -----------------------------------------------------------------------------------------
def test_a_damaged_cut_is_refused_and_the_last_good_one_serves(copied_trial):
    _, second, last = copied_trial.ids()
    damage(copied_trial.path(last))
    with pytest.raises(CutError, match=f"cut {last[:7]} was changed or damaged"):
        copied_trial.open(last)
    serving = copied_trial.serving()
    assert serving.cut.id == second
    assert serving.problem == f"cut {last[:7]} was changed or damaged: its bytes no longer give its name"
    assert copied_trial.verify() == [serving.problem]


def test_damage_is_seen_by_a_process_that_has_the_cut_open(copied_trial):
    last = copied_trial.current()
    assert count(copied_trial.open(last)) == 21
    damage(copied_trial.path(last))
    with pytest.raises(CutError, match="changed or damaged"):
        copied_trial.open(last)


def test_a_write_ahead_file_beside_a_cut_refuses_it(copied_trial):
    last = copied_trial.current()
    wal = copied_trial.path(last).with_name(f"{last}.duckdb.wal")
    wal.write_bytes(b"anything")
    with pytest.raises(CutError, match="write-ahead file beside it, which could change its rows"):
        copied_trial.open(last)
    assert copied_trial.serving().cut.id == copied_trial.ids()[1]
    assert "write-ahead file" in " ".join(copied_trial.verify())
    wal.unlink()
    assert copied_trial.serving().cut.id == last and copied_trial.verify() == []


def test_a_missing_target_of_current_is_found_and_told(copied_trial):
    *_, second, last = copied_trial.ids()
    copied_trial.path(last).unlink()
    assert copied_trial.serving().cut.id == second
    assert copied_trial.serving().problem == f"cut {last[:7]} is missing from the store"
    assert copied_trial.verify() == [f"CURRENT names cut {last[:7]}, which is missing"]


@pytest.mark.parametrize("said", ["", "\xff\xfe", "../../etc/passwd", "not a cut"])
def test_a_damaged_current_is_a_problem_never_an_empty_store(copied_trial, said):
    last = copied_trial.current()
    (copied_trial.root / "CURRENT").write_text(said, encoding="latin-1")
    serving = copied_trial.serving()
    assert serving.cut.id == last and "is no name of a cut" in serving.problem
    [problem] = copied_trial.verify()
    assert problem.startswith("CURRENT names cut")


def test_no_good_cut_at_all_is_told(copied_trial):
    for one in copied_trial.ids():
        damage(copied_trial.path(one))
    serving = copied_trial.serving()
    assert serving.cut is None and "changed or damaged" in serving.problem
    assert len(copied_trial.verify()) == 3


def test_a_file_whose_name_is_right_and_which_is_no_cut_is_refused(copied_trial):
    for content in ("no database at all", ""):
        path = copied_trial.root / "made"
        path.write_text(content)
        name = store.sha256(path)
        path.rename(copied_trial.path(name))
        with pytest.raises(CutError, match=f"cut {name[:7]} is no data cut"):
            copied_trial.open(name)
        copied_trial.path(name).unlink()


def test_a_cut_of_another_schema_is_refused_with_what_to_do(copied_trial, tmp_path):
    built = tmp_path / "other.duckdb"
    with duckdb.connect(str(built)) as base:
        base.execute("CREATE TABLE manifest (key TEXT, value TEXT)")
        base.execute("INSERT INTO manifest VALUES ('schema_version', '99')")
    name = store.sha256(built)
    built.rename(copied_trial.path(name))
    with pytest.raises(CutError, match="has tables of version 99, this program reads 2; import its files again"):
        copied_trial.open(name)


def test_verify_finds_a_damaged_and_a_missing_source(copied_trial):
    last = copied_trial.open(copied_trial.current())
    digest = dict(json.loads(last.manifest["files"]))
    damage(copied_trial.root / "sources" / digest["ae.xpt"])
    (copied_trial.root / "sources" / digest["lb.xpt"]).unlink()
    assert copied_trial.verify() == [
        f"cut {last.short}: source ae.xpt was changed or damaged",
        f"cut {last.short}: source lb.xpt is missing",
    ]
    assert count(last) == 21  # the cut itself is whole


def test_a_damaged_source_is_mended_when_its_file_comes_again(copied_trial, trial_files):
    last = copied_trial.open(copied_trial.current())
    damage(copied_trial.root / "sources" / dict(json.loads(last.manifest["files"]))["dm.xpt"])
    assert len(copied_trial.verify()) == 1
    edited = protocol.parse(TRIAL.text + "\n# another text, so that it is another import\n")
    assert importing.load([trial_files[2]], copied_trial, edited).outcome == "published"
    assert copied_trial.verify() == []


# ---- writing -------------------------------------------------------------------------------------------------------
def test_an_import_while_another_is_writing_is_busy(tmp_path):
    busy = Store(tmp_path / "store")
    with (
        busy.importing(),
        pytest.raises(StoreBusy, match=r"process \d+ on .+, since .+ UTC, is writing to"),
        busy.importing(timeout=0.05),
    ):
        pytest.fail("two importers held the lock")
    with busy.importing(timeout=0.05):
        held = FileLock(busy.root / "lock", timeout=0.05)
        with pytest.raises(TimeoutError):
            held.acquire()


def test_what_a_killed_import_left_is_cleared_away(tmp_path):
    left = Store(tmp_path / "store")
    for name in ("tmp", "sources", "cuts"):
        (left.root / name).mkdir(parents=True)
    leftovers = [left.root / "tmp" / "a.duckdb", left.root / "tmp" / "a.duckdb.wal", left.root / "sources" / "b.part"]
    for path in leftovers:
        path.write_bytes(b"half")
    with left.importing():
        assert not any(path.exists() for path in leftovers)


class PowerCut(BaseException):
    """The machine stops: nothing after it runs, and no handler of the program may take it for an error."""


def fails_at(monkeypatch, step: int) -> list[str]:
    """Every fsync and every rename counts as a step; the one numbered `step` does not happen."""
    done: list[str] = []

    def stepping(name: str, real):
        def run(*arguments, **named):
            if len(done) == step:
                raise PowerCut(name)
            done.append(name)
            return real(*arguments, **named)

        return run

    monkeypatch.setattr(os, "fsync", stepping("fsync", os.fsync))
    monkeypatch.setattr(Path, "replace", stepping("replace", Path.replace))
    return done


@pytest.fixture(scope="module")
def only_first(few_files, tmp_path_factory) -> Path:
    """A store that holds the first cut only."""
    root = tmp_path_factory.mktemp("first") / "store"
    assert importing.load([few_files[0]], Store(root), TRIAL).outcome == "published"
    return root


def test_a_crash_at_any_step_leaves_the_old_cut_or_the_new_one(only_first, few_files, tmp_path, monkeypatch):
    def fresh(name: str) -> Path:
        return Path(shutil.copytree(only_first, tmp_path / name))

    def publish(root: Path) -> Receipt:
        return importing.load([few_files[1]], Store(root), TRIAL)

    with monkeypatch.context() as patch:
        steps = fails_at(patch, -1)
        publish(fresh("whole"))
    # five new sources, the cut, CURRENT and the receipt: each is brought to disk, named, and its folder brought to disk
    assert steps == ["fsync", "replace", "fsync"] * 8
    swapped = 6 * 3 + 1  # the step that gives the new CURRENT its name; without it the old one stands
    for step in (0, 1, *range(4 * 3, len(steps))):  # the first source, the last, and everything after
        root = fresh(f"crash{step}")
        with monkeypatch.context() as patch, pytest.raises(PowerCut):
            fails_at(patch, step)
            publish(root)
        after = Store(root)
        is_new = step > swapped
        assert count(after.serving().cut) == (SUBJECTS[1] if is_new else SUBJECTS[0]), step
        assert after.serving().problem == "" and after.verify() == [], step
        if step % 5 == 0:  # and the import can be done again
            assert publish(root).outcome == ("no change" if is_new else "published"), step
            assert count(after.serving().cut) == SUBJECTS[1] and after.verify() == []


def test_sixteen_readers_see_one_cut_each_while_another_is_published(only_first, few_files, tmp_path):
    """Each reads subjects and visits of the cut it is served: both of the old one or both of the new one."""
    root = Path(shutil.copytree(only_first, tmp_path / "store"))
    old, new = (tuple(_rows(folder / f"{name}.xpt") for name in ("dm", "sv")) for folder in few_files)
    served = Store(root)
    seen: list[tuple[int, int]] = []
    failed: list[Exception] = []
    done = threading.Event()

    def reader() -> None:
        try:
            while not done.wait(0.05):
                cut = served.serving().cut
                seen.append((count(cut), count(cut, visit)))
        except Exception as error:  # noqa: BLE001  whatever ends a reader ends the test
            failed.append(error)

    readers = [threading.Thread(target=reader) for _ in range(16)]
    for one in readers:
        one.start()
    try:
        receipt = importing.load([few_files[1]], Store(root), TRIAL)
        published = len(seen)
        while len(seen) < published + 64 and not failed:
            done.wait(0.01)
    finally:
        done.set()
        for one in readers:
            one.join()
    assert failed == [] and receipt.outcome == "published"
    assert old != new and set(seen) == {old, new} and seen[-1] == new


def _rows(path: Path) -> int:
    return len(pyreadstat.read_xport(str(path))[0])
