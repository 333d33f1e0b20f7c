"""A new cut is shown when its screens are made: before that, what readers looked at lately is made of it beside the
server, and after it the choices that its screens offer."""

import logging
import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from dashboard import comparing, making
from dashboard.making import Piece, Wanted
from dashboard.once import take_over
from dashboard.remembered import Answers
from dashboard.session import today
from dashboard.whole import Fills
from data.settings import Settings
from data.store import Store

EVERY = 1.0  # seconds between two looks at which cut is current
HELD = 30.0  # seconds a new cut waits at most for its screens
LONGEST = 120.0  # seconds that its screens may take
LATELY = 600.0  # seconds since a question was asked that is answered again for a new cut

log = logging.getLogger(__name__)


@contextmanager
def in_background(server: Flask, settings: Settings) -> Iterator[None]:
    """Looks after the current cut until the block is left."""
    watcher = Watcher(server, settings)
    thread = threading.Thread(target=watcher.watch, name="warming", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watcher.end.set()
        thread.join()


class Watcher:
    """Sees what is current, has it made, and offers it."""

    def __init__(self, server: Flask, settings: Settings):
        self.end = threading.Event()
        self._server, self._settings = server, settings
        self._store: Store = server.config["STORE"]
        self._answers: Answers = server.config["ANSWERS"]
        self._fills: Fills = server.config["FILLS"]
        self._beside: Beside | None = None
        server.config["OFFERED"] = self._store.current()

    def watch(self) -> None:
        known: tuple = ()
        while not self.end.wait(EVERY):
            try:
                known = self.look(known)
            except Exception:  # whatever it is: readers must not be left with an older cut
                self._server.config["OFFERED"] = ""
                log.exception("the current cut is shown without its screens having been made")
        self._let_go()

    def look(self, known: tuple) -> tuple:
        """Has made what is new since `known`, and offers it. What is known then."""
        current = self._store.current()
        with self._server.app_context():
            now = (current, self._fills.head(), *today(current))
        new = current and now != known
        if new:
            self.make(current, now[1])
        self._server.config["OFFERED"] = current
        if new:
            self._prepare(current, now[1])
        return now

    def _prepare(self, cut: str, head: str) -> None:
        try:
            with self._server.app_context():
                comparing.prepare(cut, head)
        except Exception:  # who compares is told what is wrong
            log.exception("a comparison could not be prepared before it was asked for")

    def make(self, cut: str, head: str) -> None:
        """Has the screens made, and offers the cut after HELD in any case. Gives up where a newer cut is current, or
        the process beside fails or says nothing for long: it is ended, and started again for the next cut."""
        since = time.monotonic()
        try:
            self._beside = self._beside or Beside(self._settings)
            self._beside.ask(Wanted(cut, head, self._answers.questions(LATELY)))
            while not self.end.is_set() and self._store.current() == cut:
                piece = self._beside.answer(EVERY)
                if piece.answers is None:
                    return
                for key, data in piece.answers.items():
                    self._answers.keep(key, data)
                if piece.found:
                    take_over(cut, piece.found)
                if piece.ready or time.monotonic() - since > HELD:
                    self._server.config["OFFERED"] = cut
                if time.monotonic() - since > LONGEST:
                    raise TimeoutError(f"not ready after {LONGEST:.0f} s")
        except (EOFError, OSError):
            self._let_go()
            log.exception("the screens of a new cut could not be made before they are asked for")

    def _let_go(self) -> None:
        if self._beside:
            self._beside.end()
        self._beside = None


class Beside:
    """The process beside the server, as the server sees it."""

    def __init__(self, settings: Settings):
        apart = multiprocessing.get_context("spawn")
        self._connection, other = apart.Pipe()
        self._process = apart.Process(target=making.run, args=(other, settings), name="making", daemon=True)
        self._process.start()
        other.close()  # so that the end of the process is seen
        self._asked = 0

    def ask(self, wanted: Wanted) -> None:
        """What was asked before and is not ready is not wanted any more."""
        self._asked += 1
        self._connection.send((self._asked, wanted))

    def answer(self, seconds: float) -> Piece:
        """What has been made within so many seconds. EOFError, OSError where the process has ended."""
        while self._connection.poll(seconds):
            asked, piece = self._connection.recv()
            if asked == self._asked:
                return piece
        return Piece({}, False)

    def end(self) -> None:
        self._connection.close()
        self._process.kill()
        self._process.join()
