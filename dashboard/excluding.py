"""Samples that people exclude from the kinetics: which one a panel is about, what its form says, and how the exclusions
are named wherever they change a number."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from dashboard.drill import Opened
from dashboard.exposures import excluded, series
from dashboard.forms import Lacks, Statement
from dashboard.session import Asked, NotUnderstood
from pk.exclusions import Exclusion

KIND = "sample"  # of an opened panel
NAMED_AT_MOST = 4  # in a stamp; more are counted


@dataclass(frozen=True, eq=False)
class Sample:
    rows: pd.DataFrame  # of `dashboard.exposures.series`: the results of one sample
    exclusion: Exclusion | None

    @cached_property
    def first(self):
        return next(self.rows.itertuples())

    @property
    def result(self) -> str:
        """What it shows, as the files have it."""
        return "; ".join(_result(one) for one in self.rows.itertuples())

    @property
    def has_changed(self) -> bool:
        return self.exclusion is not None and self.exclusion.result != self.result


def _result(row) -> str:
    value = "" if pd.isna(row.value) else f"{row.value:g}"
    parts = (row.qualifier, value or row.text or row.why, row.unit if value else None, row.qualitative)
    return f"{row.code} {' '.join(str(one) for one in parts if not pd.isna(one))}".strip()


def samples(asked: Asked, rows: pd.DataFrame) -> Iterable[Sample]:
    """The samples of some rows of `series`, as they come."""
    said = {(one.usubjid, one.sample): one for one in excluded(asked.cut, asked.head)}
    for key, own in rows.groupby(["usubjid", "sample"], sort=False):
        yield Sample(own, said.get(key))


def find(asked: Asked) -> Sample | None:
    """The sample that the address opens."""
    what = Opened.read(asked.view.open)
    if what.kind != KIND or len(what.parts) != 3:
        return None
    _, usubjid, key = what.parts
    rows = series(asked.cut, asked.head)
    rows = rows[(rows["usubjid"] == usubjid) & (rows["sample"] == key)]
    return next(iter(samples(asked, rows)), None)


def statement(asked: Asked, button: str, reason: str) -> Statement:
    """What a button of the form says of the sample that is open. Lacks where it is not there any more."""
    one = find(asked)
    if one is None:
        raise Lacks("samples.gone")
    who = one.first.usubjid
    if button == "take_back":
        if one.exclusion is None:
            raise Lacks("samples.gone")
        return Statement("sample.readmitted", who, {"event": one.exclusion.event, "reason": reason})
    if button != "exclude":
        raise NotUnderstood("button")
    said = {"sample": one.first.sample, "result": one.result, "reason": reason}
    return Statement("sample.excluded", who, said | {"cut": asked.cut.id, "cutoff": asked.cut.cutoff.isoformat()})


# ---- what is left out, in words --------------------------------------------------------------------------------------
def of_people(asked: Asked, people: Collection[str]) -> list[Exclusion]:
    return [one for one in excluded(asked.cut, asked.head) if one.usubjid in people]


def days(asked: Asked) -> dict[tuple[str, str], int]:
    """(usubjid, sample) -> day, of the excluded samples that this cut has."""
    rows = series(asked.cut, asked.head)
    rows = rows[rows["excluded"].notna()]
    return {(one.usubjid, one.sample): int(one.rel_day) for one in rows[["usubjid", "sample", "rel_day"]].itertuples()}


def without(asked: Asked, people: Collection[str]) -> str:
    """The excluded samples of these patients, for the stamp of what they change; "" where there is none."""
    own = of_people(asked, people)
    if len(own) > NAMED_AT_MOST:
        return asked.say("samples.without", count=len(own))
    known = days(asked) if own else {}
    named = [_named(asked, one, known.get((one.usubjid, one.sample))) for one in own]
    return asked.say("samples.without_named", who=", ".join(named)) if named else ""


def _named(asked: Asked, one: Exclusion, day: int | None) -> str:
    who = asked.numbers[one.usubjid]
    return asked.say("samples.one_gone", who=who) if day is None else asked.say("samples.one_of", who=who, day=day)


def reasons(asked: Asked) -> dict[int, str]:
    """id of the exclusion -> who excluded it and why, for the hover of its cross."""
    return {
        one.event: asked.say("samples.cross_said", actor=one.actor, reason=one.reason)
        for one in excluded(asked.cut, asked.head)
    }
