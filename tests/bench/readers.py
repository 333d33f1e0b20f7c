"""Fifty readers who change filters while cuts are published: how long they wait, and whether an answer mixes cuts."""

import gzip
import json
import multiprocessing
import random
import shutil
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from dashboard.making import LAST
from data import importing, protocol
from data.store import Store
from tests.bench import asking
from tests.bench.measure import Table, median, milliseconds, percentile
from tests.bench.trials import PROTOCOL, Trial, new_folder
from tests.conftest import serving

READERS, PROCESSES = 50, 2
THINKING = (2, 6)  # seconds that a reader looks at what came
GOES_ON = 0.3  # of the steps lead to another screen, the others are choices on the same
TAKES_THE_NEWEST = 0.5  # of those who go on: they have pressed "show now" before
EVERY = 20  # seconds from one import to the next
BEFORE = 30  # seconds that they read before anything is counted: the server has just been started
LEFT_OUT = ("lb", "vs", "qs")  # the largest files: without them several cuts are published in the time there is
STEPS = ("filter change", "next screen")
HEAD = ("", "requests", "p50 ms", "p95 ms", "max ms")


@dataclass
class Read:
    """What one process of readers met: seconds by page, and how often something was wrong."""

    since: float = 0.0  # what was asked before is not counted
    took: dict[str, list[float]] = field(default_factory=dict)
    wrong: Counter = field(default_factory=Counter)
    cuts: set[str] = field(default_factory=set)

    def add(self, name: str, seconds: float) -> None:
        if time.monotonic() - seconds >= self.since:
            self.took.setdefault(name, []).append(seconds)

    def join(self, other: "Read") -> None:
        for name, took in other.took.items():
            self.took.setdefault(name, []).extend(took)
        self.wrong += other.wrong
        self.cuts |= other.cuts


class Client:
    """One connection of one reader; answers come unpacked, the time is that until all of it was received."""

    def __init__(self, address: str):
        self._connection = HTTPConnection(urlsplit(address).netloc, timeout=60)

    def ask(self, method: str, path: str, body: dict | None = None) -> tuple[float, int, bytes]:
        given = json.dumps(body) if body else None
        head = {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
        start = time.perf_counter()
        self._connection.request(method, path, given, head)
        answer = self._connection.getresponse()
        sent = answer.read()
        took = time.perf_counter() - start
        return took, answer.status, gzip.decompress(sent) if answer.getheader("Content-Encoding") == "gzip" else sent

    def json(self, path: str) -> dict | list:
        return json.loads(self.ask("GET", path)[2])


def tables(trial: Trial, seconds: float) -> list[Table]:
    with new_folder() as folder:
        root = folder / "store"
        shutil.copytree(trial.root, root, ignore=shutil.ignore_patterns("simulated", "sources"))
        files = [_smaller(one, folder / one.name) for one in trial.folders[-2:]]
        with serving(root, beside=True) as address:
            found = asking.screens(trial.store.serving().cut, asking.dependencies(address))
            screens = [one for one in found if one.page not in LAST]  # jobs with their progress, and no choice
            read, published, waited = _read(address, root, files, screens, seconds)
    found = Table(f"READERS, {trial.name}: {READERS} at once for {seconds:.0f} s, {published} cuts published", HEAD)
    for name, took in sorted(read.took.items(), key=lambda one: (one[0] not in STEPS, one[0])):
        times = [milliseconds(one) for one in (median(took), percentile(took, 95), max(took))]
        found.add(name, str(len(took)), *times, seconds=took)
    found.wrong = bool(read.wrong)
    wrong = ", ".join(f"{count} {what}" for what, count in sorted(read.wrong.items())) or "nothing wrong"
    found.notes.append(f"{wrong}; {len(read.cuts)} cuts read; slowest import {waited:.1f} s")
    found.notes.append("filter change: the frame's callback and then the page's own, one after the other")
    found.notes.append(f"each reader looks {THINKING[0]} to {THINKING[1]} s at what came; a cut every {EVERY} s")
    found.notes.append(f"the server was started and read for {BEFORE} s before")
    return [found]


def _smaller(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to, ignore=shutil.ignore_patterns(*(f"{one}.*" for one in LEFT_OUT))))


def _read(address: str, root: Path, files: list[Path], screens: list[asking.Screen], seconds: float):
    """Readers and publisher, each in a process of its own. What was read, how many cuts, the slowest import."""
    apart = multiprocessing.get_context("spawn")
    end, answers, imports = apart.Event(), apart.Queue(), apart.Queue()
    share = READERS // PROCESSES
    running = [
        apart.Process(target=_readers, args=(address, screens, share, number, seconds, answers))
        for number in range(PROCESSES)
    ]
    running.append(apart.Process(target=_publisher, args=(root, files, end, imports)))
    for one in running:
        one.start()
    found = Read()
    for _ in range(PROCESSES):
        found.join(answers.get(timeout=BEFORE + seconds + 300))
    end.set()
    took = imports.get(timeout=300)
    for one in running:
        one.join(60)
    return found, len(took), max(took, default=0.0)


def _publisher(root: Path, files: list[Path], end, imports) -> None:
    """Imports the same files again and again, each time by a protocol of another text: each is another cut."""
    took, text = [], protocol.load(PROTOCOL).text
    while not end.is_set():
        trial = protocol.parse(f"{text}\n# {len(took)}\n", "protocol of the bench")
        start = time.perf_counter()
        outcome = importing.load([files[len(took) % len(files)]], Store(root), trial, accept=True).outcome
        assert outcome == "published", outcome
        took.append(time.perf_counter() - start)
        end.wait(max(0, EVERY - took[-1]))
    imports.put(took)


# ---- readers ---------------------------------------------------------------------------------------------------------
def _readers(address: str, screens: list[asking.Screen], count: int, seed: int, seconds: float, answers) -> None:
    client, found, lock = Client(address), Read(), threading.Lock()
    dependencies = client.json("/_dash-dependencies")
    changes = [_changes(client, dependencies, one) for one in screens]
    counted = time.monotonic() + BEFORE
    until = counted + seconds

    def read(number: int) -> None:
        own = _reader(address, dependencies, changes, random.Random(f"{seed}-{number}"), counted, until)
        with lock:
            found.join(own)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    answers.put(found)


def _changes(client: Client, dependencies: list[dict], screen: asking.Screen) -> list[asking.Screen]:
    """The screen and every choice that its links offer."""
    cut, found = client.json("/version")["cut"], [screen]
    for callback in asking.page_callbacks(dependencies, screen.page):
        answer = client.ask("POST", asking.UPDATE, asking.page_body(callback, screen, cut))[2]
        found += asking.options(answer, screen) if answer else []
    return found


def _reader(
    address: str, dependencies: list, changes: list, chance: random.Random, counted: float, until: float
) -> Read:
    client, found = Client(address), Read(since=counted)
    cut, route = client.json("/version")["cut"], asking.route_callback(dependencies)
    here = None
    time.sleep(chance.uniform(0, THINKING[1]))
    while time.monotonic() < until:
        if here is None or chance.random() < GOES_ON:
            if chance.random() < TAKES_THE_NEWEST:
                cut = client.json("/version")["cut"]
            page = chance.choice(changes)
            here = chance.choice(page)
            frame = asking.route_body(route, here, cut)
            found.add("next screen", _ask(client, found, {f"frame, {here.page}": [frame]}, {cut[:7]}))
        elif len(page) > 1:
            before, here = here, chance.choice([one for one in page if one != here])
            own = [one for one in asking.page_callbacks(dependencies, here.page) if _is_of_view(one, here.page)]
            took = _ask(client, found, {"frame": [asking.change_body(route, before, here, cut)]}, set())
            took += _ask(client, found, {here.page: [asking.page_body(one, here, cut) for one in own]}, {cut[:7]})
            found.add("filter change", took)
        found.cuts.add(cut)
        time.sleep(chance.uniform(*THINKING))
    return found


def _is_of_view(callback: dict, page: str) -> bool:
    return f'"view":"{page}"' in str(callback["inputs"])


def _ask(client: Client, found: Read, bodies: dict[str, list[dict]], cuts: set[str]) -> float:
    """Seconds of the requests, by name and one after the other. Their stamps must name these cuts and no other."""
    total, named = 0.0, set()
    for name, asked in bodies.items():
        for body in asked:
            took, status, answer = client.ask("POST", asking.UPDATE, body)
            found.add(name, took)
            total += took
            named |= asking.cuts_named(answer)
            if status != 200 or asking.failed(answer):
                found.wrong["failed"] += 1
    if named - cuts:
        found.wrong["with another cut"] += 1
    if cuts - named:
        found.wrong["without a stamp"] += 1
    return total
