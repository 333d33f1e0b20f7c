"""The process beside the server that makes answers: the server goes on answering meanwhile, on another core.

It is the same application over the same store and state. Asked for the screens of a cut it answers with what it would
remember, piece by piece, then None, each with the number of what was asked.
"""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from flask import Flask

from dashboard import pages
from dashboard.remembered import ENDPOINT, Answers
from dashboard.view import View
from dashboard.whole import Fills
from data.logs import log_to_stderr
from data.settings import Settings
from data.state import State
from data.store import Store

NICENESS = 10  # who waits for an answer comes first


@dataclass(frozen=True)
class Wanted:
    cut: str
    head: str  # hash of the last event of the state
    questions: list[dict]  # bodies of requests, of whichever cut


def run(asked: Connection, settings: Settings) -> None:
    """Until the server ends. For a new process."""
    from dashboard.server import create

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to understand
    os.nice(NICENESS)
    log_to_stderr(settings.log_level)
    server = create(Store(settings.folder), State(settings.state_url), settings.host_names, settings.stale_days).server
    server.config["JOBS_ARE_AWAITED"] = True
    try:
        while True:
            number, wanted = asked.recv()
            for piece in made(server, wanted):
                asked.send((number, piece))
                if asked.poll():  # something newer is wanted
                    break
            asked.send((number, None))
    except (EOFError, BrokenPipeError):
        return  # the server has ended


def made(server: Flask, wanted: Wanted) -> Iterator[dict]:
    """What is remembered after each question that was not before it, by key. What goes wrong in a screen is logged, and
    told to who asks for it."""
    answers: Answers = server.config["ANSWERS"]
    known = answers.keys()
    for _ in _answered(server, wanted):
        new = answers.keys() - known
        known |= new
        if new:
            yield {key: data for key in new if (data := answers.find(key)) is not None}


def _answered(server: Flask, wanted: Wanted) -> Iterator[None]:
    fills: Fills = server.config["FILLS"]
    for page in pages.NAVIGATION:
        request = {"pathname": View(page=page).href, "search": "", "cut": wanted.cut, "state": wanted.head}
        for _ in fills.of(f'{{"view":"{page}"}}', request):
            yield
    for question in wanted.questions:
        body = question | {"inputs": [_of(one, wanted) for one in question["inputs"]]}
        with server.test_request_context(ENDPOINT, method="POST", json=body):
            fills.answer()
        yield


def _of(given: dict, wanted: Wanted) -> dict:
    return given | {"value": given["value"] | {"cut": wanted.cut, "state": wanted.head}}
