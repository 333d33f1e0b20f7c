"""A new cut, the process beside that makes its screens, and the cut that is shown until then."""

import json
import os
import signal
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import serving
from test_answers import frame

from dashboard import warming
from data.events import START


def test_readers_keep_the_cut_before_until_the_new_one_is_made(client, copied_trial, application, monkeypatch):
    application.server.config["STORE"] = copied_trial
    first, *_, last = copied_trial.ids()
    monkeypatch.setitem(application.server.config, "OFFERED", first)
    assert (copied_trial.current(), client.get("/version").json["cut"]) == (last, first)
    assert first[:7] in json.dumps(frame(client, "/kinetics")) and last[:7] not in json.dumps(
        frame(client, "/kinetics")
    )
    copied_trial.path(first).unlink()
    assert last[:7] in json.dumps(frame(client, "/kinetics"))


class Beside:
    """The other end of the process that makes answers."""

    def __init__(self, *pieces):
        self.pieces, self.asked = list(pieces), []

    def send(self, wanted):
        self.asked.append(wanted)

    def poll(self, seconds):
        return bool(self.pieces)

    def recv(self):
        if isinstance(self.pieces[0], Exception):
            raise self.pieces.pop(0)
        return self.pieces.pop(0)

    def close(self):
        pass


@pytest.fixture
def watcher(application, monkeypatch, trial):
    monkeypatch.setitem(application.server.config, "OFFERED", "")
    return warming.Watcher(application.server, None)


def test_what_was_made_beside_is_kept(watcher, application, monkeypatch, trial):
    key = (trial.current(), "question", ())
    monkeypatch.setattr(watcher, "_started", lambda: Beside({key: b"answer"}, None))
    watcher.make(trial.current(), START)
    assert application.server.config["ANSWERS"].find(key) == b"answer"


def test_a_process_beside_that_fails_is_started_again(watcher, monkeypatch, trial, caplog):
    started = [Beside(EOFError()), Beside(None)]
    monkeypatch.setattr(watcher, "_started", lambda: started.pop(0))
    for _ in range(3):
        watcher.make(trial.current(), START)
        watcher._beside and watcher._beside.pieces.append(None)
    assert not started
    assert [one.message for one in caplog.records] == [
        "the screens of a new cut could not be made before they are asked for"
    ]


def test_a_cut_whose_screens_take_too_long_is_shown_without_them(watcher, application, monkeypatch, trial):
    monkeypatch.setattr(warming, "HELD", 0)
    monkeypatch.setattr(watcher, "_started", lambda: Beside({}, None))
    application.server.config["OFFERED"] = trial.ids()[0]
    watcher.make(trial.current(), START)
    assert application.server.config["OFFERED"] == trial.current()


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
    with serving(copied_trial.root, fails="could not be made before they are asked for") as address:
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
    with serving(copied_trial.root):
        wait_until(lambda: beside(copied_trial.root))
        (process,) = beside(copied_trial.root)
        server = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{process}").exists())
