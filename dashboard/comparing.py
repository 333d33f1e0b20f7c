"""The one way from two cuts to what changed between them, by row and by consequence; once for each two, as a job."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

import pandas as pd
from flask import current_app

from clinical.changes import Consequence, Known, consequences, late
from dashboard.advising import advice_on, pauses_of
from dashboard.correlating import outcomes_of
from dashboard.counting import overview
from dashboard.exposures import exposures_of
from dashboard.jobs import Job, Jobs, Told
from dashboard.meeting import last_before
from dashboard.session import Asked, NotUnderstood, board_of, store, the_store
from data.schema import study_tables
from data.store import Cut
from queries.changes import Changes, changes, rehearse
from queries.subjects import subjects

# What a row can be beside the other cut. One counts as filled in where nothing of it but blanks was changed.
SORTS = ("added", "late", "corrected", "filled", "removed", "renumbered")
MOST_PATIENTS = 150  # beyond, comparing takes seconds of the server, and waits for somebody who asks
_ROW = ["table", "usubjid", "key", "source_file", "source_row"]


@dataclass(frozen=True, eq=False)
class Compared:
    before: Cut
    after: Cut
    was: Known
    now: Known
    changes: Changes
    consequences: tuple[Consequence, ...]  # the gravest first

    @cached_property
    def records(self) -> list:
        """The changes of rows one by one; a line of the page looks at a few of them."""
        return list(self.changes.rows.itertuples())

    @cached_property
    def late(self) -> frozenset[int]:
        """Places of the late entries."""
        return frozenset(self.sorts["late"].index)

    @cached_property
    def sorts(self) -> dict[str, pd.DataFrame]:
        """The changes of rows by SORTS; late ones are among the added too."""
        rows = self.changes.rows
        found = {kind: rows[rows["kind"] == kind] for kind in ("added", "removed", "renumbered")}
        changed = rows[rows["kind"] == "changed"]
        corrected = changed["old"].notna().groupby([changed[one] for one in _ROW], dropna=False).transform("any")
        found |= {"corrected": changed[corrected.astype(bool)], "filled": changed[~corrected.astype(bool)]}
        found["late"] = rows[late(rows, self.was.cutoff)]
        return {sort: found[sort] for sort in SORTS}

    @cached_property
    def counts(self) -> pd.DataFrame:
        """Rows by table, in the order of the tables, and sort."""
        counted = {
            sort: some.drop_duplicates(_ROW if sort in ("corrected", "filled") else None)["table"].value_counts()
            for sort, some in self.sorts.items()
        }
        found = pd.DataFrame(counted, columns=list(SORTS)).fillna(0).astype(int)
        return found.reindex([one.name for one in study_tables() if one.name in found.index])


def earlier(asked: Asked) -> Cut | None:
    """The cut that the address names, else that of the committee's last meeting, else the one before the one that is
    looked at; None where there is none. CutError where it cannot be read."""
    cuts = store().ids()
    named = [one for one in cuts if asked.view.since and one.startswith(asked.view.since)]
    if asked.view.since and len(named) != 1:
        raise NotUnderstood(f"since={asked.view.since}")
    met = last_before(asked)
    before = named or ([met.cut] if met else cuts[: cuts.index(asked.cut.id)][-1:])
    return the_store().open(before[0]) if before else None


def comparison(asked: Asked, before: Cut) -> Job:
    after, head = asked.cut, asked.head
    return _jobs().of(("changes", before.id, after.id, head), lambda told: compared(before, after, head, told))


def prepare(cut: str, head: str) -> None:
    """What any comparison with the current cut needs, before somebody waits for one."""
    rehearse(the_store())
    now = the_store().open(cut)
    if len(subjects(now)) <= MOST_PATIENTS:
        known(now, head)


def compared(before: Cut, after: Cut, head: str, told: Told = lambda done, steps: None) -> Compared:
    """What two cuts say, with what people wrote until `head`, and where they differ.

    The rows are compared beside what is known of the cuts: the one waits for the database, the other computes.
    """
    both = the_store().open(after.id, before.id)
    rows = _jobs().of(("rows", before.id, after.id), lambda _: changes(both))
    was = known(before, head)
    told(1, 3)
    now = known(after, head)
    told(2, 3)
    found = rows.result()
    return Compared(before, after, was, now, found, consequences(was, now, found.rows))


def _jobs() -> Jobs:
    return current_app.config["JOBS"]


def _deaths(cut: Cut) -> dict[str, date]:
    died = subjects(cut).dropna(subset="death")
    return dict(zip(died["usubjid"], died["death"].dt.date, strict=True))


@lru_cache(maxsize=8)
def known(cut: Cut, head: str) -> Known:
    exposure = exposures_of(cut, head)
    return Known(
        cutoff=cut.cutoff,
        advice=advice_on(cut, head),
        board=board_of(cut, head),
        pauses=pauses_of(cut),
        counts=overview(cut, head),
        exposure=exposure.assign(
            parameter=exposure["parameter"] + exposure["end"].astype("string").radd(" ").fillna("")
        ),
        outcomes=outcomes_of(cut, head),
        deaths=_deaths(cut),
    )
