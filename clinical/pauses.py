"""Trial-level pause rules: what stops infusions until the committee has reviewed it, whatever the 3+3 says."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from clinical.reported import began
from clinical.sentence import filled
from data.protocol import Protocol
from data.protocol_escalation import PauseRule

# One sentence a code; {rule} is the rule's own text. A translation has the same keys and placeholders.
ENGLISH = {
    "met": "HOLD pending committee review: {rule} ({counted} of {needed} patients)",
    "cannot_tell": "{rule}: cannot be told, {counted} of {needed} patients and {open} not clear",
    "not_met": "{rule}: not met, {counted} of {needed} patients",
}

FATAL = 5  # CTCAE grade


@dataclass(frozen=True)
class Report:
    """The event row that a rule rests on."""

    usubjid: str
    aeseq: float
    source_file: str
    source_row: int


@dataclass(frozen=True)
class Pause:
    """One rule at the cut-off. A death that no event reports has a patient and no row."""

    rule: PauseRule
    state: str  # met, cannot_tell, not_met: a key of ENGLISH
    patients: tuple[str, ...]  # usubjid: who count
    unclear: tuple[str, ...] = ()  # who would count if what is missing were so
    reports: tuple[Report, ...] = ()  # of both

    def say(self, sentences: Mapping[str, str], lang: str = "en") -> str:
        """`sentences` has the keys and placeholders of ENGLISH; the rule's text is the protocol's in `lang`."""
        counts = {"counted": len(self.patients), "needed": self.rule.subjects, "open": len(self.unclear)}
        return filled(sentences[self.state], counts | {"rule": self.rule.text.in_(lang)})


def pauses(subjects: pd.DataFrame, events: pd.DataFrame, protocol: Protocol, cutoff: datetime) -> tuple[Pause, ...]:
    """Every rule of the protocol's [[pause_rules]] in its order, from the infusion on and without end.

    subjects, events: as `queries.subjects` and `queries.adverse_events`. Terms match without regard to case, an uncoded
    event by its own words. A death is known by its date or by a fatal event; its relation counts unless every fatal
    event is clearly unrelated, and a relation that is missing counts. Neither a death nor an event that was over before
    the infusion counts. What a missing grade or date leaves open cannot be told.
    """
    reported = defaultdict(list)
    for row in events[~(events["aestdtc_earliest"] > cutoff)].astype(object).itertuples():
        reported[row.usubjid].append(row)
    infused = subjects[subjects["day0"] <= cutoff].sort_values("usubjid")
    people = [_Treated(one.usubjid, one.day0.date(), _death(one, cutoff), reported[one.usubjid])
              for one in infused.itertuples()]  # fmt: skip
    return tuple(_evaluated(rule, people, cutoff.date()) for rule in protocol.pause_rules)


def _death(row, cutoff: datetime) -> date | None:
    return None if pd.isna(row.death) or row.death > cutoff else row.death.date()


@dataclass(frozen=True)
class _Treated:
    usubjid: str
    infused: date
    died: date | None
    rows: Sequence


_Finding = tuple[bool, list]  # surely counts, else perhaps; the rows it rests on


def _evaluated(rule: PauseRule, people: Iterable[_Treated], cutoff: date) -> Pause:
    finds = _death_of if rule.kind == "death" else _event_of
    found = {one.usubjid: finds(one, rule, cutoff) for one in people}
    found = {who: finding for who, finding in found.items() if finding}
    sure = tuple(who for who, (certain, _) in found.items() if certain)
    unclear = tuple(who for who, (certain, _) in found.items() if not certain)
    if len(sure) >= rule.subjects:
        state = "met"
    else:
        state = "cannot_tell" if len(sure) + len(unclear) >= rule.subjects else "not_met"
    reports = tuple(_report(row) for _, rows in found.values() for row in rows)
    return Pause(rule, state, sure, unclear, reports)


def _report(row) -> Report:
    return Report(row.usubjid, float(row.aeseq), row.source_file, int(row.source_row))


# ---- deaths ----------------------------------------------------------------------------------------------------------
def _death_of(one: _Treated, rule: PauseRule, cutoff: date) -> _Finding | None:
    fatal = [row for row in one.rows if _is_fatal(row)]
    if one.died is None and not fatal:
        return None
    if one.died is not None and one.died < one.infused:
        return None
    if rule.related and fatal and all(row.causality == "unrelated" for row in fatal):
        return None
    # Without a date of death: between the onset of the fatal event and the cut-off.
    first, last = (one.died, one.died) if one.died else (max(one.infused, min(_first(row) for row in fatal)), cutoff)
    within = _within(first, last, one.infused, rule.within_days)
    return None if within is None else (within, fatal)


def _is_fatal(row) -> bool:
    return (pd.notna(row.aetoxgr) and row.aetoxgr == FATAL) or row.aesdth == "Y" or row.aeout == "FATAL"


def _first(row) -> date:
    return began(row)[0]


def _within(first: date, last: date, infused: date, days: int | None) -> bool | None:
    """Surely on or before Day `days` (True), perhaps (False), or surely not (None)."""
    if days is None:
        return True
    limit = infused + timedelta(days=days)
    if first > limit:
        return None
    return last <= limit


# ---- events ----------------------------------------------------------------------------------------------------------
def _event_of(one: _Treated, rule: PauseRule, cutoff: date) -> _Finding | None:
    found = [(certain, row) for row in one.rows if (certain := _counts(row, one.infused, rule, cutoff)) is not None]
    if not found:
        return None
    certain = any(sure for sure, _ in found)
    return certain, [row for sure, row in found if sure or not certain]


def _counts(row, infused: date, rule: PauseRule, cutoff: date) -> bool | None:
    """Whether a row counts surely (True), perhaps (False) or not (None)."""
    if not _is_named(row, rule) or (rule.related and row.causality == "unrelated"):
        return None
    first, last = began(row)
    last = min(last, cutoff)
    if last < infused:
        return None
    dated = _within(first, last, infused, rule.within_days)
    graded = _graded(row, rule.min_grade or 1)
    if dated is None or graded is None:
        return None
    return dated and graded and first >= infused


def _graded(row, least: int) -> bool | None:
    """Surely of the grade (True), perhaps (False: not recorded), or below it (None)."""
    if pd.isna(row.aetoxgr):
        return least == 1
    return True if row.aetoxgr >= least else None


def _is_named(row, rule: PauseRule) -> bool:
    term = row.aeterm if pd.isna(row.aedecod) else row.aedecod
    return isinstance(term, str) and term.strip().casefold() in set(_folded(rule.terms))


def _folded(terms: Iterable[str]) -> Iterator[str]:
    return (one.casefold() for one in terms)
