"""Which samples people have excluded from the kinetics, as events tell it and as far as a cut-off was known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from data.events import standing_at

_SAID = ("sample.excluded", "sample.readmitted")  # and what takes it back


@dataclass(frozen=True)
class Exclusion:
    """One person's word that a sample is not to count."""

    event: int  # id of the event that says so
    usubjid: str
    sample: str  # as `sample_key`
    result: str  # what it showed when it was excluded
    reason: str
    actor: str
    authenticated: bool  # whether the actor had signed in
    at: datetime  # UTC
    cut: str  # id of the cut it was said on
    cutoff: datetime  # of that cut, in the trial's clock


def sample_key(table: str, specimen: object, dtc: object) -> str:
    """What names a sample in every cut: the store's table of its assay, its specimen, and when it was taken, as it
    came. Every result of that assay in it, replicates and copies by volume too, is of the one sample."""
    return "/".join("" if pd.isna(one) else str(one) for one in (table, specimen, dtc))


def exclusions(events: Iterable, cutoff: datetime) -> tuple[Exclusion, ...]:
    """What holds at a cut-off, in the order of the events.

    events: with the fields of `data.events.Event`; other actions are passed over. cutoff: of the cut that is looked at,
    in the trial's clock, without offset. An exclusion made on a cut with a later cut-off is left out: it rests on what
    was not known then (`later` lists it). What was taken back is gone whatever cut is looked at. ValueError for a
    `cutoff` with an offset.
    """
    return tuple(map(_exclusion, standing_at(events, cutoff, *_SAID)[0]))


def later(events: Iterable, cutoff: datetime) -> tuple[Exclusion, ...]:
    """The exclusions that hold, but were made on a cut with a later cut-off."""
    return tuple(map(_exclusion, standing_at(events, cutoff, *_SAID)[1]))


def _exclusion(event) -> Exclusion:
    said = event.payload
    return Exclusion(
        event=event.id,
        usubjid=event.subject,
        sample=said["sample"],
        result=said["result"],
        reason=said["reason"],
        actor=event.actor,
        authenticated=event.authenticated,
        at=event.at,
        cut=said["cut"],
        cutoff=datetime.fromisoformat(said["cutoff"]),
    )


def marked(samples: pd.DataFrame, said: Iterable[Exclusion]) -> pd.DataFrame:
    """The samples with `sample` [its key] and `excluded` [id of the event that excludes it; <NA>: it counts].

    samples: usubjid, table, specimen, dtc, and whatever else.
    """
    by_sample = {(one.usubjid, one.sample): one.event for one in said}
    keys = [sample_key(*one) for one in zip(samples["table"], samples["specimen"], samples["dtc"], strict=True)]
    events = [by_sample.get(one) for one in zip(samples["usubjid"], keys, strict=True)]
    return samples.assign(sample=pd.Series(keys, samples.index, dtype=object), excluded=pd.array(events, dtype="Int64"))
