"""A new cut is shown when its screens are made: before that, what readers looked at lately is made of it beside the
server."""

import logging
import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from flask import Flask

from dashboard import making
from dashboard.making import Wanted
from dashboard.remembered import Answers
from dashboard.session import present
from dashboard.whole import Fills
from data.settings import Settings
from data.store import CutError, Store

EVERY = 1.0  # seconds between two looks at which cut is current
HELD = 30.0  # seconds a new cut waits at most for its screens
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
        self._beside: Connection | None = None
        server.config["OFFERED"] = self._store.current()

    def watch(self) -> None:
        known: tuple = ()
        while not self.end.wait(EVERY):
            current = self._store.current()
            now = (current, self._fills.head(), *self._present(current))
            if current and now != known:
                self.make(current, now[1])
            known, self._server.config["OFFERED"] = now, current
        if self._beside:
            self._beside.close()

    def make(self, cut: str, head: str) -> None:
        """Has the screens made; gives up where the process beside fails, and offers the cut after HELD in any case."""
        wanted, since = Wanted(cut, head, self._answers.questions(LATELY)), time.monotonic()
        try:
            self._beside = self._beside or self._started()
            self._beside.send(wanted)
            while not self.end.is_set():
                if self._beside.poll(EVERY):
                    piece = self._beside.recv()
                    if piece is None:
                        return
                    for key, data in piece.items():
                        self._answers.keep(key, data)
                if time.monotonic() - since > HELD:
                    self._server.config["OFFERED"] = cut
        except (EOFError, OSError):
            self._beside = None
            log.exception("the screens of a new cut could not be made before they are asked for")

    def _present(self, cut: str) -> tuple:
        try:
            return present(self._store.open(cut))
        except CutError:
            return ()

    def _started(self) -> Connection:
        apart = multiprocessing.get_context("spawn")
        own, other = apart.Pipe()
        apart.Process(target=making.run, args=(other, self._settings), name="making", daemon=True).start()
        other.close()  # so that the end of the process beside is seen
        return own
