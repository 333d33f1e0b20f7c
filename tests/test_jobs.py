"""Jobs: how many run beside each other, and that none waits for ever."""

import threading

import pytest
from flask import Flask

from dashboard.jobs import AT_ONCE, Failed, Jobs

SOON, LONG = 0.2, 10  # s


@pytest.fixture
def jobs():
    with Flask(__name__).app_context():
        yield Jobs()


def test_the_third_begins_when_one_of_two_is_over(jobs):
    gates = [threading.Event() for _ in range(AT_ONCE)]
    begun = [threading.Event() for _ in gates]

    def held(place: int) -> None:
        begun[place].set()
        gates[place].wait(LONG)

    running = [jobs.of(place, lambda told, place=place: held(place)) for place in range(AT_ONCE)]
    assert all(one.wait(LONG) for one in begun)
    third = jobs.of("third", lambda told: "done")
    assert not third.is_over(SOON)
    gates[0].set()
    assert third.is_over(LONG) and third.result() == "done"
    gates[1].set()
    assert all(one.is_over(LONG) for one in running)


def test_jobs_that_wait_for_others_make_room_for_them(jobs):
    """As many as may run, each waiting for one of its own that has not begun."""

    def outer(name: str) -> str:
        return jobs.of(("inner", name), lambda told: name).result()

    found = [jobs.of(name, lambda told, name=name: outer(name)) for name in "abc"]
    assert [one.is_over(LONG) and one.result() for one in found] == ["a", "b", "c"]


def test_work_that_is_done_elsewhere_takes_no_turn(jobs):
    gate = threading.Event()
    busy = [jobs.of(place, lambda told: gate.wait(LONG)) for place in range(AT_ONCE)]
    assert jobs.of("fit", lambda told: "fitted", elsewhere=True).result() == "fitted"
    gate.set()
    assert all(one.is_over(LONG) for one in busy)


def test_a_failed_job_gives_its_turn_back(jobs, caplog):
    for place in range(AT_ONCE):
        with pytest.raises(Failed, match="ZeroDivisionError"):
            jobs.of(place, lambda told: 1 / 0).result()
    assert jobs.of("next", lambda told: "done").result() == "done"
    assert caplog.text.count("a job failed") == AT_ONCE
