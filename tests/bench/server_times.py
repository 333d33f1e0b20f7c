"""Server time of each screen's callbacks, through guard and compression, without a network."""

import time
from dataclasses import dataclass

from flask.testing import FlaskClient

from dashboard import server
from tests.bench.asking import (
    BROWSER,
    UPDATE,
    Screen,
    failed,
    options,
    page_body,
    page_callbacks,
    route_body,
    route_callback,
    screens,
)
from tests.bench.measure import Table, median, milliseconds, percentile, ratio, seconds
from tests.bench.trials import Trial

AGAIN = 25  # times each callback is asked for what it was asked before
CHOICES = 40  # distinct filter choices of a screen that are walked through
HEAD = ("", "first ms", "p50 ms", "p95 ms", "kB sent", "kB in full", "x smallest request")


@dataclass(frozen=True)
class Asked:
    took: list[float]  # seconds; the first is the one that finds nothing remembered
    sent: int
    answer: bytes


def table(trials: list[Trial]) -> list[Table]:
    """One process, one application: the trials are measured one after the other."""
    client = server.create(trials[0].store, trials[0].state).server.test_client()
    return [one for trial in trials for one in _of(client, trial)]


def _of(client: FlaskClient, trial: Trial) -> list[Table]:
    store = trial.store
    client.application.config["STORE"] = store
    dependencies = client.get("/_dash-dependencies").json
    cut = store.serving().cut
    floor = median(seconds(lambda: client.get("/health", headers=BROWSER), 200))
    shown = Table(f"SERVER TIME, {trial.name}: the slowest callback of each screen", HEAD)
    changed = Table(f"SERVER TIME, {trial.name}: a filter change, each choice once", HEAD)
    route = route_callback(dependencies)
    for screen in screens(cut, dependencies):
        own = page_callbacks(dependencies, screen.page)
        asked = [_ask(client, page_body(one, screen, cut.id)) for one in own]
        _row(shown, screen.page, max(asked, key=lambda one: median(one.took[1:])), floor)
        _row(shown, f"{screen.page}: its frame", _ask(client, route_body(route, screen, None)), floor)
        took, failures = _choices(client, dependencies, screen, cut.id)
        if took:
            times = (milliseconds(took[0]), milliseconds(median(took)), milliseconds(percentile(took, 95)))
            name = f"{screen.page}: {len(took)} choices"
            changed.add(name, *times, "", "", ratio(median(took), floor), seconds=took, floor=floor)
            changed.notes += [f"FAILED: {one.address}" for one in failures]
    shown.notes.append(f"floor: /health, {milliseconds(floor)} ms. first: nothing of the cut is remembered yet")
    return [shown, changed]


def _row(table: Table, name: str, asked: Asked, floor: float) -> None:
    again = asked.took[1:]
    times = [milliseconds(one) for one in (asked.took[0], median(again), percentile(again, 95))]
    sizes = (f"{asked.sent / 1000:.1f}", f"{len(asked.answer) / 1000:.1f}")
    mark = " FAILED" if failed(asked.answer) else ""
    table.add(name + mark, *times, *sizes, ratio(median(again), floor), seconds=asked.took, sent=asked.sent)


def _ask(client: FlaskClient, body: dict) -> Asked:
    took = []
    for _ in range(AGAIN + 1):
        start = time.perf_counter()
        sent = client.post(UPDATE, json=body, headers=BROWSER)
        took.append(time.perf_counter() - start)
    return Asked(took, len(sent.data), client.post(UPDATE, json=body).data)


def _choices(
    client: FlaskClient, dependencies: list[dict], screen: Screen, cut: str
) -> tuple[list[float], list[Screen]]:
    """Seconds of all of a screen's callbacks for each choice: what its links lead to, and what those lead to. And the
    choices that raised."""
    callbacks = [one for one in page_callbacks(dependencies, screen.page) if '"view"' in str(one["inputs"])]
    seen, waiting, took, failures = {screen}, [screen], [], []
    while waiting and len(took) < CHOICES:
        here = waiting.pop(0)
        spent, answers = 0.0, []
        for callback in callbacks:
            body = page_body(callback, here, cut)
            start = time.perf_counter()
            client.post(UPDATE, json=body, headers=BROWSER)
            spent += time.perf_counter() - start
            answers.append(client.post(UPDATE, json=body).data)
        if here != screen:
            took.append(spent)
        if any(failed(one) for one in answers):
            failures.append(here)
        further = [one for answer in answers if answer for one in options(answer, here) if one not in seen]
        seen.update(further)
        waiting += further
    return took, failures
