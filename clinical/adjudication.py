"""Which DLT candidates people have adjudicated, as events tell it and as far as a cut-off was known, and what the
verdicts make of the candidates."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pandas as pd

from clinical.candidates import VERDICTS, Candidate
from data.events import standing_at
from data.protocol_escalation import Clause, Dlt

SUPPOSED = "supposed"  # `code` of a verdict that nobody gave

_SAID = ("dlt.adjudicated", "dlt.withdrawn")  # and what takes it back


@dataclass(frozen=True)
class Adjudication:
    """One person's verdict on one candidate."""

    event: int  # id of the event that says so
    usubjid: str
    candidate: str  # key of the candidate
    clause: str  # id in the protocol's [[dlt.clauses]]
    term: str
    grade: int | None  # None: not recorded
    dlt: bool
    reason: str
    actor: str
    authenticated: bool  # whether the actor had signed in
    at: datetime  # UTC
    cut: str  # id of the cut it was made on
    cutoff: datetime  # of that cut, in the trial's clock
    onset: tuple[date, date] | None = None  # first and last day that the candidate can have begun on; None: not kept
    verdict: str = ""  # the candidate's own, of `clinical.candidates.VERDICTS`; "" not kept
    code: str = ""  # why
    causality: str | None = None
    rows: int = 0  # of its evidence


def adjudications(events: Iterable, cutoff: datetime) -> dict[tuple[str, str], Adjudication]:
    """What holds at a cut-off: of each (usubjid, candidate) the last verdict that was not withdrawn.

    events: in any order, with the fields of `data.events.Event`; other actions are passed over. cutoff: of the cut that
    is looked at, in the trial's clock, without offset. A verdict made on a cut with a later cut-off is left out: it
    rests on what was not known then (`later` lists it). The last is the one with the highest event id. A withdrawal
    takes its verdict away whatever cut is looked at, and an earlier verdict on the same candidate holds again; one of
    an unknown event is passed over. ValueError for a `cutoff` with an offset.
    """
    return {(one.usubjid, one.candidate): one for one in map(_adjudication, standing_at(events, cutoff, *_SAID)[0])}


def later(events: Iterable, cutoff: datetime) -> tuple[Adjudication, ...]:
    """The verdicts that hold, but were made on a cut with a later cut-off; as they were said, the last one last."""
    return tuple(map(_adjudication, standing_at(events, cutoff, *_SAID)[1]))


def _adjudication(event) -> Adjudication:
    said = event.payload
    return Adjudication(
        event=event.id,
        usubjid=event.subject,
        candidate=said["candidate"],
        clause=said["clause"],
        term=said["term"],
        grade=said["grade"],
        dlt=said["dlt"],
        reason=said["reason"],
        actor=event.actor,
        authenticated=event.authenticated,
        at=event.at,
        cut=said["cut"],
        cutoff=datetime.fromisoformat(said["cutoff"]),
        onset=said.get("onset") and tuple(map(date.fromisoformat, said["onset"].split("/"))),
        verdict=said.get("verdict") or "",
        code=said.get("code") or "",
        causality=said.get("causality"),
        rows=said.get("rows") or 0,
    )


# ---- on the candidates ----------------------------------------------------------------------------------------------
def judged(
    found: Mapping[str, tuple[Candidate, ...]],
    infused: pd.DataFrame,
    dlt: Dlt,
    said: Mapping[tuple[str, str], Adjudication],
    cutoff: datetime,
) -> dict[str, tuple[Candidate, ...]]:
    """The candidates with the verdicts on them, and a candidate for every DLT whose rows are no longer there.

    found: `clinical.candidates.candidates`; infused: the frame it was made of. said: as `adjudications`; a verdict on
    who is not among `infused` is left out. cutoff: of the cut.
    """
    patients = {one.usubjid: one.day0 for one in infused.itertuples()}
    of_patient: dict[str, dict[str, Adjudication]] = defaultdict(dict)
    for (usubjid, key), one in said.items():
        if usubjid in patients:
            of_patient[usubjid][key] = one
    judged = dict(found)
    for usubjid, verdicts in of_patient.items():
        limits = {clause.id: _limit(clause, patients[usubjid]) for clause in dlt.clauses}
        own = [_judged(one, verdicts.get(one.key), limits.get(one.clause), cutoff) for one in found.get(usubjid, ())]
        own += _rows_gone(usubjid, {one.key for one in own}, verdicts)
        if own:
            judged[usubjid] = tuple(own)
    return judged


def _limit(clause: Clause, day0: datetime) -> datetime | None:
    """From when on a clause on recovery can be met."""
    if clause.not_recovered_by_day is None:
        return None
    return day0.normalize() + timedelta(days=clause.not_recovered_by_day)


def _judged(one: Candidate, said: Adjudication | None, limit: datetime | None, cutoff: datetime) -> Candidate:
    """What a person said here, beside the file's flag. Where both are there and differ, the question is open. limit: of
    a clause on recovery."""
    if said is None:
        return one
    verdict = "Y" if said.dlt else "N"
    if said.code == SUPPOSED:
        return replace(one, adjudicated=verdict)
    one = replace(one, adjudication=said)
    if _of_another(one, said):
        values = {"actor": said.actor, "at": said.at, "term": said.term}
        return replace(one, adjudicated=None, verdict="cannot_tell", code="other_event", values=values)
    if one.flag and one.flag != verdict:
        values = {"file": one.flag, "said": verdict, "actor": said.actor}
        return replace(one, adjudicated=None, verdict="cannot_tell", code="disagree", values=values)
    if verdict == "N" and _changed(one, said, limit, cutoff):
        values = {"actor": said.actor, "at": said.at}
        return replace(one, adjudicated=None, code="changed_since", values=values)
    return replace(one, adjudicated=verdict)


def _of_another(one: Candidate, said: Adjudication) -> bool:
    """The number may be another event's now: another term, or an onset on other days. What was coded, recoded or given
    another date since is asked about again too."""
    other_term = bool(said.term) and said.term.casefold() != one.term.casefold()
    known = said.onset is not None and one.onset is not None
    other_days = known and (one.onset[0] > said.onset[1] or one.onset[1] < said.onset[0])
    return other_term or other_days


def _rows_gone(usubjid: str, keys: set[str], verdicts: Mapping[str, Adjudication]) -> Iterator[Candidate]:
    """A DLT that a person gave, and whose rows were corrected, renumbered or withdrawn since. It is never dropped
    silently: the patient stays unresolved until a person says so, knowing that they are gone."""
    for key, said in verdicts.items():
        if key in keys or not (said.dlt or said.code == SUPPOSED):
            continue
        judged = {True: "Y", False: "N"}[said.dlt] if said.code in ("row_gone", SUPPOSED) else None
        yield Candidate(
            usubjid=usubjid,
            aeseq=math.nan,
            event=f"verdict {key}",
            term=said.term,
            grade=said.grade,
            clause=said.clause,
            verdict="cannot_tell",
            code="row_gone",
            onset_day=None,
            adjudicated=judged,
            key=key,
            source=key[:2],
            onset=said.onset,
            values={"actor": said.actor, "at": said.at},
            adjudication=said,
        )


def _changed(one: Candidate, said: Adjudication, limit: datetime | None, cutoff: datetime) -> bool:
    """ "No DLT" was said of a lower grade, of an unknown one, of something less clear or less related, or while the
    clock still ran: what is higher, clearer or over the limit since then was not what the person looked at. A DLT
    stays one."""
    worse = one.grade is not None and (said.grade is None or one.grade > said.grade)
    due = one.clock.due if one.clock else limit
    over = one.verdict in ("met", "cannot_tell") and due is not None and said.cutoff < due <= cutoff
    clearer = bool(said.verdict) and VERDICTS.index(one.verdict) < VERDICTS.index(said.verdict)
    related = one.causality == "related" and said.causality != "related" and bool(said.verdict)
    undated = one.onset is None and 0 < said.rows < len(one.evidence)
    return worse or over or clearer or related or undated
