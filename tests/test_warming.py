"""A new cut, the process beside that makes its screens, and the cut that is shown until then."""

import json
import os
import signal
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import serving
from test_answers import frame

from dashboard import comparing, making, warming
from dashboard.grading_toxicity import toxicities_of
from dashboard.making import Piece
from dashboard.once import hand_over
from data.events import START
from data.settings import Settings


def test_readers_keep_the_cut_before_until_the_new_one_is_made(client, copied_trial, application, monkeypatch):
    application.server.config["STORE"] = copied_trial
    first, *_, last = copied_trial.ids()
    monkeypatch.setitem(application.server.config, "OFFERED", first)
    told = client.get("/version").json
    assert (copied_trial.current(), told["cut"], told["coming"]) == (last, first, last)
    assert first[:7] in json.dumps(frame(client, "/kinetics")) and last[:7] not in json.dumps(
        frame(client, "/kinetics")
    )
    copied_trial.path(first).unlink()
    assert last[:7] in json.dumps(frame(client, "/kinetics"))


class Beside:
    """In the place of the process that makes answers: `answers` one after the other, an error is raised."""

    def __init__(self, *answers):
        self.answers, self.asked, self.ended = list(answers), [], False

    def ask(self, wanted):
        self.asked.append(wanted)

    def answer(self, seconds):
        found = self.answers.pop(0) if self.answers else {}
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Piece) else Piece(found, found is None)

    def end(self):
        self.ended = True


@pytest.fixture
def watcher(application, monkeypatch, trial):
    monkeypatch.setitem(application.server.config, "OFFERED", "")
    monkeypatch.setitem(application.server.config, "STORE", trial)
    return warming.Watcher(application.server, None)


def test_what_was_made_beside_is_kept(watcher, application, monkeypatch, trial):
    key = (trial.current(), "question", ())
    monkeypatch.setattr(warming, "Beside", lambda settings: Beside({key: b"answer"}, None))
    watcher.make(trial.current(), START)
    assert application.server.config["ANSWERS"].find(key) == b"answer"


def test_what_was_found_beside_is_not_worked_out_again(watcher, application, monkeypatch, trial):
    cut = trial.open(trial.current())
    monkeypatch.setattr(toxicities_of, "__wrapped__", lambda cut: ("found beside",))
    toxicities_of.forget()
    toxicities_of(cut)
    handed = hand_over(cut.id)
    toxicities_of.forget()
    monkeypatch.setattr(toxicities_of, "__wrapped__", lambda cut: pytest.fail("worked out again"))
    monkeypatch.setattr(warming, "Beside", lambda settings: Beside(Piece({}, True, found=handed), None))
    watcher.make(cut.id, START)
    with application.server.app_context():
        assert application.server.config["JOBS"].of("own", lambda told: toxicities_of(cut)).result() == (
            "found beside",
        )
    toxicities_of.forget()


def test_a_cut_is_offered_before_the_choices_of_its_screens_are_made(watcher, application, monkeypatch, trial):
    offered = []

    class Choosing(Beside):
        def answer(self, seconds):
            offered.append(application.server.config["OFFERED"])
            return super().answer(seconds)

    application.server.config["OFFERED"] = trial.ids()[0]
    monkeypatch.setattr(warming, "Beside", lambda settings: Choosing({}, Piece({}, True), {}, None))
    watcher.make(trial.current(), START)
    assert offered == [trial.ids()[0], trial.ids()[0], trial.current(), trial.current()]


def test_a_process_beside_that_fails_is_ended_and_started_again(watcher, monkeypatch, trial, caplog):
    first, second = Beside(EOFError()), Beside(None, None)
    started = [first, second]
    monkeypatch.setattr(warming, "Beside", lambda settings: started.pop(0))
    for _ in range(3):
        watcher.make(trial.current(), START)
    assert first.ended and not second.ended and len(second.asked) == 2
    assert [one.message for one in caplog.records] == [
        "the screens of a new cut could not be made before they are asked for"
    ]


def test_a_cut_whose_screens_take_too_long_is_shown_without_them(watcher, application, monkeypatch, trial, caplog):
    """And a process that says nothing is not waited for."""
    monkeypatch.setattr(warming, "HELD", 0)
    monkeypatch.setattr(warming, "LONGEST", 0.01)
    silent = Beside()
    monkeypatch.setattr(warming, "Beside", lambda settings: silent)
    application.server.config["OFFERED"] = trial.ids()[0]
    watcher.make(trial.current(), START)
    assert application.server.config["OFFERED"] == trial.current()
    assert silent.ended and "not ready after" in str(caplog.records[0].exc_info[1])


def test_a_newer_cut_is_not_kept_waiting_by_the_one_before(watcher, application, monkeypatch, copied_trial):
    application.server.config["STORE"] = watcher._store = copied_trial
    first, _, last = copied_trial.ids()

    class Publishing(Beside):
        """While the first cut is made the last one is published."""

        def answer(self, seconds):
            if self.asked[-1].cut == last:
                return Piece(None, True)
            (copied_trial.root / "CURRENT").write_text(last)
            return Piece({}, False)

    (copied_trial.root / "CURRENT").write_text(first)
    publishing = Publishing()
    monkeypatch.setattr(warming, "Beside", lambda settings: publishing)
    watcher.make(first, START)
    watcher.look(())
    assert [one.cut for one in publishing.asked] == [first, last]
    assert application.server.config["OFFERED"] == last


def test_what_a_comparison_needs_is_known_before_it_is_asked_for(watcher, application, monkeypatch, trial, caplog):
    monkeypatch.setattr(warming, "Beside", lambda settings: Beside(None, None))
    known = watcher.look(())
    with application.server.app_context():
        asked = comparing.known.cache_info().misses
        comparing.known(trial.open(trial.current()), START)
    assert comparing.known.cache_info().misses == asked
    monkeypatch.setattr(comparing, "prepare", lambda *given: 1 / 0)
    assert watcher.look(()) == known and application.server.config["OFFERED"] == trial.current()
    assert "could not be prepared" in caplog.text


def test_whatever_goes_wrong_readers_are_not_left_with_an_older_cut(watcher, application, monkeypatch, trial, caplog):
    application.server.config["OFFERED"] = trial.ids()[0]
    looked = []

    def look(known):
        looked.append(known)
        if len(looked) == 2:
            watcher.end.set()
        raise OSError("too many open files")

    monkeypatch.setattr(warming, "EVERY", 0.001)
    monkeypatch.setattr(watcher, "look", look)
    watcher.watch()
    assert len(looked) == 2 and application.server.config["OFFERED"] == ""
    assert "the current cut is shown without its screens" in caplog.text


def test_cuts_that_come_one_after_the_other_leave_the_processor_to_their_readers(monkeypatch, tmp_path):
    pauses, clock = [], iter((0, 100, 120, 151))  # s; the third comes 20 s after the one before it
    asked = iter([(number, None) for number in range(4)])

    class Connection:
        def recv(self):
            try:
                return next(asked)
            except StopIteration:
                raise EOFError from None

        def send(self, said):
            assert said[1] == Piece(None, True)

    for name in ("Store", "State", "log_to_stderr"):
        monkeypatch.setattr(making, name, lambda *_: None)
    monkeypatch.setattr(making.os, "nice", lambda by: None)
    monkeypatch.setattr(making.signal, "signal", lambda *_: None)
    monkeypatch.setattr(making.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr("dashboard.server.create", lambda *_: SimpleNamespace(server=SimpleNamespace(config={})))
    monkeypatch.setattr(making, "made", lambda server, wanted, pause: pauses.append(pause) or [])
    making.run(Connection(), Settings(store=tmp_path))
    assert pauses == [0, 0, making.REST, 0]


# ---- the two processes -----------------------------------------------------------------------------------------------
def offered(address: str) -> str:
    with urllib.request.urlopen(f"{address}/version") as answer:
        return json.load(answer)["cut"]


def wait_until(true, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)


def beside(store: Path) -> list[int]:
    """The processes beside the servers of this test process: their parent has the store in its command line."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = int((one / "stat").read_text().rpartition(")")[2].split()[1])
            ours = str(store) in Path(f"/proc/{parent}/cmdline").read_text()
            if ours and "spawn_main" in (one / "cmdline").read_text():
                found.append(int(one.name))
    return found


def test_a_cut_is_offered_after_its_screens_were_made_and_even_where_the_process_beside_is_killed(copied_trial):
    first, second, last = copied_trial.ids()
    current = copied_trial.root / "CURRENT"
    current.write_text(first)
    with serving(copied_trial.root, fails="could not be made before they are asked for", beside=True) as address:
        assert offered(address) == first
        wait_until(lambda: beside(copied_trial.root))
        current.write_text(second)
        wait_until(lambda: offered(address) == second)
        (process,) = beside(copied_trial.root)
        os.kill(process, signal.SIGKILL)
        current.write_text(last)
        wait_until(lambda: offered(address) == last)
        current.write_text(first)
        wait_until(lambda: beside(copied_trial.root) not in ([], [process]))
    assert not beside(copied_trial.root)


def test_the_process_beside_ends_with_a_server_that_is_killed(copied_trial):
    with serving(copied_trial.root, beside=True):
        wait_until(lambda: beside(copied_trial.root))
        (process,) = beside(copied_trial.root)
        server = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{process}").exists())
