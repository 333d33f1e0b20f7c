"""The process beside the server that makes answers: the server goes on answering meanwhile, on another core.

It is the same application over the same store and state. Asked for the screens of a cut it answers with what it would
remember, piece by piece, then None, each with the number of what was asked: first the screens and what readers asked
lately, then what takes longest, with all that was found of the cut on the way, and after a rest the choices that the
screens offer.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NamedTuple

from flask import Flask

from dashboard import pages
from dashboard.once import hand_over
from dashboard.remembered import ENDPOINT, Answers
from dashboard.still import links
from dashboard.view import View
from dashboard.whole import Fills
from data.logs import log_to_stderr
from data.settings import Settings
from data.state import State
from data.store import Store

LAST = ("patients", "grading", "changes")  # the longest to make, and pages that say how far they are
SOON = "grading"  # of these, made as soon as readers have the new cut; whoever asks for it finds it made
REST = 30.0  # seconds before the choices are made, and SOON where the cut before is not older: more may be coming
NICENESS = 10  # who waits for an answer comes first


@dataclass(frozen=True)
class Wanted:
    cut: str
    head: str  # hash of the last event of the state
    questions: list[dict]  # bodies of requests, of whichever cut


class Piece(NamedTuple):
    answers: dict | None  # by key; None: that was all
    ready: bool  # what readers look at has been made
    rest: float = 0.0  # seconds before the next one
    found: bytes = b""  # by `once.hand_over`


def run(asked: Connection, settings: Settings) -> None:
    """Until the server ends. For a new process."""
    from dashboard.server import create

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to understand
    os.nice(NICENESS)
    log_to_stderr(settings.log_level)
    server = create(Store(settings.folder), State(settings.state_url), settings.host_names, settings.stale_days).server
    server.config["JOBS_ARE_AWAITED"] = True
    last = -REST
    try:
        while True:
            number, wanted = asked.recv()
            before, last = last, time.monotonic()
            for piece in made(server, wanted, REST if last - before < REST else 0):
                asked.send((number, piece))
                if asked.poll(piece.rest):  # something newer is wanted
                    break
            asked.send((number, Piece(None, True)))
    except (EOFError, BrokenPipeError):
        return  # the server has ended


def made(server: Flask, wanted: Wanted, pause: float) -> Iterator[Piece]:
    """What is remembered after each question that was not before it. What goes wrong in a screen is logged, and told to
    who asks for it. pause: seconds of rest before SOON."""
    answers: Answers = server.config["ANSWERS"]
    known = answers.keys()
    for said in _answered(server, wanted, pause):
        new = answers.keys() - known
        known |= new
        if new or said.ready:
            yield said._replace(answers={key: data for key in new if (data := answers.find(key)) is not None})


def _answered(server: Flask, wanted: Wanted, pause: float) -> Iterator[Piece]:
    """How far it is after each answer."""
    fills: Fills = server.config["FILLS"]
    offered: list[tuple[str, str, str]] = []
    for page in pages.NAVIGATION:
        path = View(page=page).href
        if page in LAST:
            offered.append((page, path, ""))
            continue
        for answer in _of_page(fills, page, _request(wanted, path)):
            offered += [(page, *link) for link in _choices(answer, path)]
            yield Piece({}, ready=False)
    for question in wanted.questions:
        if _begins_a_job(question):
            continue
        body = question | {"inputs": [_of(one, wanted) for one in question["inputs"]]}
        with server.test_request_context(ENDPOINT, method="POST", json=body):
            fills.answer()
        yield Piece({}, ready=False)
    yield Piece({}, ready=True, rest=pause)
    yield from _soon(server, wanted, REST - pause)
    for page, path, search in dict.fromkeys(offered):
        for _ in _of_page(fills, page, _request(wanted, path, search)):
            yield Piece({}, ready=True)


def _soon(server: Flask, wanted: Wanted, rest: float) -> Iterator[Piece]:
    fills: Fills = server.config["FILLS"]
    for _ in _of_page(fills, SOON, _request(wanted, View(page=SOON).href)):
        yield Piece({}, ready=True)
    yield Piece({}, ready=True, rest=rest, found=hand_over(wanted.cut))


def _begins_a_job(question: dict) -> bool:
    """Who asks again is told how far it is."""
    asked = str(question["inputs"])
    return "model=" in asked or any(one in question["output"] or one in asked for one in LAST)


def _of_page(fills: Fills, page: str, request: dict[str, str]) -> Iterator[dict]:
    """What a page shows, in the first window and below it."""
    for kind in ("view", "below"):
        yield from fills.of(f'{{"{kind}":"{page}"}}', request)


def _request(wanted: Wanted, path: str, search: str = "") -> dict[str, str]:
    return {"pathname": path, "search": search, "cut": wanted.cut, "state": wanted.head}


def _choices(answer: object, path: str) -> Iterator[tuple[str, str]]:
    """Path and search of the links of a screen that lead to another choice on it, and begin no job."""
    for one in links(answer):
        own, mark, search = one["href"].partition("?")
        kinds = one.get("className", "").split()
        if own == path and mark and "option" in kinds and "begins-a-job" not in kinds:
            yield own, f"?{search}"


def _of(given: dict, wanted: Wanted) -> dict:
    return given | {"value": given["value"] | {"cut": wanted.cut, "state": wanted.head}}
