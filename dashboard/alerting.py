"""The one way from a cut to its alerts: of one patient at once, of everyone and the cuts they were first seen in as
jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

import pandas as pd
from flask import current_app

from clinical import alerts
from clinical.alert_hits import MEASURED, Watched
from clinical.alerts import Alert
from dashboard.jobs import Job, Told
from dashboard.once import OnceACut
from dashboard.session import the_store
from data.store import Cut, CutError
from queries.adverse_events import adverse_events
from queries.interventions import interventions
from queries.measurements import FINDINGS, measurements
from queries.subjects import subjects


@dataclass(frozen=True)
class Seen:
    """Where the alerts of a cut were first seen; the cuts are named by their ids, and what cannot be told is told."""

    first: Mapping[str, str]  # key of an alert -> the first cut that had it
    cutoffs: Mapping[str, datetime]  # of the cuts that were read
    left_out: Mapping[str, tuple[str, ...]]  # cuts that could not evaluate some of their rules -> those
    unread: tuple[str, ...]  # cuts that cannot be read


@lru_cache(maxsize=64)
def of_patient(cut: Cut, usubjid: str) -> tuple[Alert, ...]:
    """By rule in the protocol's order, part and moment; none of who is not in the cut."""
    if not cut.protocol.alerts:
        return ()
    everyone, events = subjects(cut), adverse_events(cut)
    own = everyone[everyone["usubjid"] == usubjid]
    # All findings: what the patient's screen asks for too.
    measured, told = measurements(cut, FINDINGS, usubjid), events[events["usubjid"] == usubjid]
    return alerts.alerts(Watched(own, measured, interventions(cut, usubjid), told, cut.protocol, cut.cutoff))


def of_trial(cut: Cut) -> Job:
    """`alerts_of` beside what readers ask meanwhile."""
    return current_app.config["JOBS"].of(("alerts", cut.id), lambda told: alerts_of(cut))


@OnceACut
def alerts_of(cut: Cut) -> dict[str, tuple[Alert, ...]]:
    """usubjid -> its alerts as `of_patient` has them, of everyone who has any."""
    if not cut.protocol.alerts:
        return {}
    watched = Watched(subjects(cut), _measured(cut), interventions(cut), adverse_events(cut), cut.protocol, cut.cutoff)
    of = attrgetter("usubjid")
    return {who: tuple(own) for who, own in groupby(sorted(alerts.alerts(watched), key=of), of)}


def _measured(cut: Cut) -> pd.DataFrame:
    rules = cut.protocol.alerts
    tables = tuple(one for one in FINDINGS if one in {rule.table for rule in rules})
    codes = tuple(sorted({code for rule in rules for code in (rule.code, *rule.codes) if code}))
    if not tables:
        return pd.DataFrame(columns=list(MEASURED))
    # Read once a cut, and very large: not kept beside what screens ask for again.
    return measurements.__wrapped__(cut, tables, codes=codes, columns=MEASURED)


def first_seen(cut: Cut) -> Job:
    """`Seen` of the alerts of a cut, over the cuts of the store until it."""
    return current_app.config["JOBS"].of(("alerts first seen", cut.id), lambda told: seen_of(cut, told))


@OnceACut
def seen_of(cut: Cut, told: Told) -> Seen:
    """As `first_seen` has it: the cuts before a cut are the same at any time."""
    ids = the_store().ids()
    ids = ids[: ids.index(cut.id) + 1] if cut.id in ids else [cut.id]
    known, cutoffs, left_out, unread = [], {}, {}, []
    for number, one in enumerate(ids, start=1):
        try:
            then = cut if one == cut.id else the_store().open(one)
        except CutError:
            unread.append(one)
            continue
        known.append((one, _without_evidence(then)))
        cutoffs[one] = then.cutoff
        if then.protocol.left_out:
            left_out[one] = then.protocol.left_out
        told(number, len(ids))
    return Seen(alerts.first_seen(known), cutoffs, left_out, tuple(unread))


@lru_cache(maxsize=256)
def _without_evidence(cut: Cut) -> tuple[Alert, ...]:
    """The rows behind an alert are not needed to know it again, and are most of it."""
    return tuple(replace(one, evidence=()) for own in alerts_of(cut).values() for one in own)
