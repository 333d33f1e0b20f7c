"""Work that takes longer than a reader waits without a word: two at a time, each with its progress and its result."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from flask import Flask, current_app

KEPT = 16  # a screen of grades asks for six; a comparison is two, and holds its rows

AT_ONCE = 2  # six beside each other, on one interpreter, would each be ready when the last is

log = logging.getLogger(__name__)

Told = Callable[[int, int], object]  # steps that are done, and of all


_here = threading.local()  # `turns`: what the job that runs in this thread has one of


class Failed(RuntimeError):
    """A job went wrong; the cause is in the log."""


class Job:
    """`done` of `steps`; then the result, or what went wrong."""

    def __init__(self, server: Flask, work: Callable[[Told], object], turns: threading.Semaphore | None):
        self.done, self.steps = 0, 0
        self._server, self._work, self._turns = server, work, turns
        self._result: object = None
        self._error: Exception | None = None
        self.failure_is_told = False
        self._over = threading.Event()
        threading.Thread(target=self._run, name="job", daemon=True).start()

    def _run(self) -> None:
        _here.turns = self._turns
        try:
            with _turn(), self._server.app_context():
                self._result = self._work(self._tell)
        except Exception as error:
            log.exception("a job failed")
            self._error = error
        finally:
            self._over.set()

    def _tell(self, done: int, steps: int) -> None:
        self.done, self.steps = done, steps

    def is_over(self, within: float | None = 0) -> bool:
        """within: seconds that are waited for it; None: until it is."""
        return self._over.wait(within)

    def failure(self) -> Exception | None:
        """What went wrong, once it is over. Who asks is told; who asks for the work after that has it begun anew."""
        self.failure_is_told = self._error is not None
        return self._error

    def result(self) -> object:
        """Waits until it is over. Failed from what went wrong."""
        with _turn_given_back():
            self._over.wait()
        error = self.failure()
        if error:
            raise Failed(type(error).__name__) from error
        return self._result


@contextmanager
def _turn() -> Iterator[None]:
    turns = _here.turns
    if turns:
        turns.acquire()
    try:
        yield
    finally:
        if turns:
            turns.release()


@contextmanager
def _turn_given_back() -> Iterator[None]:
    """A job that waits for another makes room for it."""
    turns = getattr(_here, "turns", None)
    if turns:
        turns.release()
    try:
        yield
    finally:
        if turns:
            turns.acquire()


class Jobs:
    """The last jobs by name: the same work is done once."""

    def __init__(self) -> None:
        self._turns = threading.Semaphore(AT_ONCE)
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, name: Hashable, work: Callable[[Told], object], *, elsewhere: bool = False) -> Job:
        """The job of that name; a new one where there is none, or where it failed and that was told. elsewhere: the
        work is done by another process, and keeps nobody waiting."""
        with self._lock:
            job = self._jobs.get(name)
            if job is None or job.failure_is_told:
                job = self._jobs[name] = Job(
                    current_app._get_current_object(), work, None if elsewhere else self._turns
                )
            self._jobs.move_to_end(name)
            while len(self._jobs) > KEPT:
                self._jobs.popitem(last=False)
            return job

    def known(self, name: Hashable) -> Job | None:
        """The job of that name, where one was begun and is still kept."""
        with self._lock:
            return self._jobs.get(name)
