"""The one way from two cuts to what changed between them, by row and by consequence; once for each two, as a job."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

from flask import current_app

from clinical.changes import Consequence, Known, consequences
from clinical.pauses import pauses
from dashboard.advising import advice_on
from dashboard.correlating import outcomes_of
from dashboard.counting import overview
from dashboard.exposures import exposures_of
from dashboard.jobs import Job, Jobs, Told
from dashboard.session import Asked, NoData, NotUnderstood, board_of, store, the_store
from data.store import Cut, CutError
from queries.adverse_events import adverse_events
from queries.changes import Changes, changes
from queries.subjects import subjects


@dataclass(frozen=True, eq=False)
class Compared:
    before: Cut
    after: Cut
    was: Known
    now: Known
    changes: Changes
    consequences: tuple[Consequence, ...]  # the gravest first


def earlier(asked: Asked) -> Cut | None:
    """The cut that the address names, else the one before the one that is looked at; None where there is none."""
    cuts = store().ids()
    named = [one for one in cuts if asked.view.since and one.startswith(asked.view.since)]
    if asked.view.since and len(named) != 1:
        raise NotUnderstood(f"since={asked.view.since}")
    before = named or cuts[: cuts.index(asked.cut.id)][-1:] if asked.cut.id in cuts else named
    try:
        return the_store().open(before[0]) if before else None
    except CutError as error:
        raise NoData(str(error)) from error


def comparison(asked: Asked, before: Cut) -> Job:
    jobs: Jobs = current_app.config["JOBS"]
    name = ("changes", before.id, asked.cut.id, asked.head)
    return jobs.of(name, lambda told: compared(before, asked.cut, asked.head, told))


def compared(before: Cut, after: Cut, head: str, told: Told = lambda done, steps: None) -> Compared:
    """What two cuts say, with what people wrote until `head`, and where they differ.

    The rows are compared beside what is known of the cuts: the one waits for the database, the other computes.
    """
    steps = _Steps(told)
    with ThreadPoolExecutor(1) as beside:
        found = beside.submit(changes, the_store().open(after.id, before.id), steps.of_rows)
        was = known(before, head)
        steps.known()
        now = known(after, head)
        steps.known()
        rows = found.result()
    return Compared(before, after, was, now, rows, consequences(was, now, rows.rows))


class _Steps:
    """Both works in one number: each cut counts as much as the rows."""

    def __init__(self, told: Told):
        self._told, self._cuts, self._rows = told, 0, (0, 1)

    def known(self) -> None:
        self._cuts += 1
        self._tell()

    def of_rows(self, done: int, of: int) -> None:
        self._rows = done, max(of, 1)
        self._tell()

    def _tell(self) -> None:
        done, of = self._rows
        self._told(self._cuts * of + done, 3 * of)


@lru_cache(maxsize=8)
def known(cut: Cut, head: str) -> Known:
    exposure = exposures_of(cut)
    return Known(
        cutoff=cut.cutoff,
        advice=advice_on(cut, head),
        board=board_of(cut, head),
        pauses=pauses(subjects(cut), adverse_events(cut), cut.protocol, cut.cutoff),
        counts=overview(cut, head),
        exposure=exposure.assign(
            parameter=exposure["parameter"] + exposure["end"].astype("string").radd(" ").fillna("")
        ),
        outcomes=outcomes_of(cut),
    )
