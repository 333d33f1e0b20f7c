"""Answers that were given before: what a page shows of a cut is the same for every reader who asks the same.

Remembered is the whole answer of a callback that is started by a page's own stores and reads nothing else of the
browser. It holds as long as the cut's file is untouched; where the callback has looked into the store (the lists of
cuts and receipts), as long as nothing in the store is. And as long as what a screen may say of the present holds. It is
kept packed: many readers get what was packed once.
"""

import gzip
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from flask import Flask, Response, request

from dashboard.session import is_finished, looked_into_store, offered, the_store, today
from dashboard.view import View

ENDPOINT = "/_dash-update-component"
KEPT = 128 * 1024**2  # bytes of answers
QUESTIONS = 256  # last ones that are known, to be answered for the next cut before they are asked again
PACKED = 5  # level; each one more takes half as long again for one part in a hundred
AT_ONCE = 2  # answers that are made; Python makes more of them no sooner, and what is remembered would wait for all
_OWN = {"view"}, {"panel"}, {"below"}
_VARY = {"Vary": "Accept-Encoding"}

Key = tuple[object, ...]


class Answers:
    """The answers last given, up to KEPT bytes. Who asks for one that is being made waits for it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._questions: OrderedDict[str, tuple[float, dict]] = OrderedDict()
        self._making: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()
        self._makers = threading.Semaphore(AT_ONCE)
        self._size = 0

    def find(self, key: Key) -> bytes | None:
        """Packed."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def made(self, of_cut: Key, of_store: Key, make: Callable[[], Response]) -> Response:
        """The answer kept under either key; else a new one, kept under the one that it depends on."""
        with self._lock:
            alone = self._making.setdefault(of_cut, threading.Lock())
        try:
            with alone:
                known = self.find(of_cut) or self.find(of_store)
                if known is not None:
                    return _sent(known)
                with self._makers:
                    answer = make()
                if not _is_whole(answer):
                    return answer
                packed = gzip.compress(answer.get_data(), PACKED)
                self.keep(of_store if looked_into_store() else of_cut, packed)
                return _sent(packed)
        finally:
            with self._lock:
                self._making.pop(of_cut, None)

    def keys(self) -> set[Key]:
        with self._lock:
            return set(self._kept)

    def note(self, question: dict) -> None:
        """question: body of a request."""
        said = json.dumps([question["output"], [_without_cut(one) for one in question["inputs"]]], sort_keys=True)
        with self._lock:
            self._questions.pop(said, None)
            self._questions[said] = time.monotonic(), question
            while len(self._questions) > QUESTIONS:
                self._questions.popitem(last=False)

    def questions(self, seconds: float) -> list[dict]:
        """Those asked in the last so many seconds, of whichever cut; the last one first."""
        since = time.monotonic() - seconds
        with self._lock:
            return [question for asked, question in reversed(self._questions.values()) if asked >= since]

    def keep(self, key: Key, packed: bytes) -> None:
        with self._lock:
            self._size += len(packed) - len(self._kept.pop(key, b""))
            self._kept[key] = packed
            while self._size > KEPT:
                self._size -= len(self._kept.popitem(last=False)[1])


def install(server: Flask) -> Answers:
    """After the guard's gate and before Dash: who may ask is asked first."""
    answers, answer = Answers(), server.view_functions[ENDPOINT]

    def answered() -> Response:
        body = request.get_json()
        asked = _asked(body)
        if asked is None:
            return answer()
        answers.note(body)
        cut, *said = asked
        root = the_store().root
        files = (root / "CURRENT", root / "receipts", *(root / "cuts").glob("*"))
        own = [one for one in files if one.name.startswith(cut)]
        return answers.made((*said, _stamps(own)), (*said, _stamps(files)), answer)

    server.view_functions[ENDPOINT] = answered
    return answers


def _sent(packed: bytes) -> Response:
    """As the reader can take it."""
    if "gzip" not in request.accept_encodings:
        return Response(gzip.decompress(packed), mimetype="application/json", headers=_VARY)
    return Response(packed, mimetype="application/json", headers=_VARY | {"Content-Encoding": "gzip"})


def _is_whole(answer: Response) -> bool:
    """A callback that raised has told the reader so in a side update; the next one is to try again. One that waits for
    a job has not said it all."""
    return is_finished() and answer.status_code == 200 and b'"sideUpdate"' not in answer.get_data()


def _asked(body: dict) -> Key | None:
    """The cut that is asked for, and everything else that the answer depends on beside files; None where it may depend
    on more."""
    values = [one.get("value") if is_own(one) else None for one in body["inputs"]]
    if body.get("state") or not all(isinstance(one, dict) and isinstance(one.get("cut"), str) for one in values):
        return None
    ids, views = [one["id"] for one in body["inputs"]], [_as_read(one) for one in values]
    said = json.dumps([body["output"], ids, views], sort_keys=True)
    cut = values[0]["cut"]
    # Whether a cut that the address names is an older one may change; who follows the current one keeps what he has.
    older = any("cut=" in one.get("search", "") for one in values) and cut != offered()
    return (cut or "none", said, today(cut), older)


def _without_cut(given: dict) -> list:
    value = _as_read(given["value"])
    return [given["id"], {name: value[name] for name in value if name not in ("cut", "state")}]


def _as_read(value: dict) -> dict:
    """The address as every screen reads it: one choice may be written in several ways."""
    try:
        path, _, search = View.parse(value.get("pathname"), value.get("search")).href.partition("?")
    except KeyError:  # the screen will say so
        return value
    return value | {"pathname": path, "search": search}


def is_own(given: object) -> bool:
    return isinstance(given, dict) and isinstance(given.get("id"), dict) and set(given["id"]) in _OWN


def _stamps(files: Iterable[Path]) -> Key:
    """Path, size and time of files: the write-ahead file that may lie beside a cut is one of them."""
    found = []
    for one in files:
        with suppress(FileNotFoundError):  # gone since it was listed, or not there yet
            stat = one.stat()
            found.append((str(one), stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(found))
