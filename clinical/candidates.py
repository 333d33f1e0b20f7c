"""Adverse events and laboratory values that meet or approach a clause of the DLT definition, not yet adjudicated.

An open candidate is not "no DLT": the patient stays unresolved until the flag in the files, or a person here, says.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache

import pandas as pd

from clinical import lab_candidates, spells
from clinical.lab_candidates import Clock, Run, lab_runs
from clinical.lab_grades import TESTS, term_in
from clinical.lab_results import Evidence
from clinical.reported import began, event_key, reported_grade
from clinical.sentence import filled
from data.protocol_escalation import Clause, Dlt

# From the clearest to the most open question; an event that meets one clause and runs towards another is met.
# "watch": the clause is decided only at the end of the window, which waits for it anyway; the grade 4 neutropenia of
# every patient after lymphodepletion is no open question on Day 3.
VERDICTS = ("met", "cannot_tell", "running", "watch", "cleared")

ENGLISH = {
    "grade": "the grade alone meets the clause",
    "ended": "ended within the limit",
    "over": "lasted longer than the limit",
    "within": "still within the limit, not ended",
    "time_at_grade": "time at this grade not recorded: one row with a maximum grade",
    "times": "start or end too vague to say how long it lasted",
    "grade_missing": "grade not recorded",
    "recovered": "recovered by the limit",
    "not_recovered": "not recovered by the limit",
    "uncoded": "not coded: which clause it falls under cannot be said",
    "no_fatal_event": "died, and no fatal event is reported: whether related is not known",
    "over_by_samples": "lasted longer than the limit, as its samples show",
    "disagree": "the file says {file} and {actor} says {said}: both stand until one is withdrawn",
    "other_event": "{actor} judged {term}, which had this number on {at}: not carried over to another event",
    "row_gone": "judged a DLT by {actor} on {at}, and no candidate of this cut any more (removed, renumbered, regraded "
    "or unrelated): withdraw it or judge anew",
    "changed_since": "judged no DLT by {actor} on {at}; it has become worse, longer or clearer since",
} | lab_candidates.ENGLISH

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Candidate:
    usubjid: str
    aeseq: float  # NaN for a death without an event
    event: str  # the same for all rows of one event
    term: str
    grade: int | None
    clause: str  # id in the protocol's [[dlt.clauses]]
    verdict: str  # of VERDICTS
    code: str  # why; a key of ENGLISH
    onset_day: int | None  # days since infusion, earliest; None where undated
    adjudicated: str | None  # "Y", "N", None = not yet
    key: str = ""  # the same in every cut, unique within the patient
    source: str = "AE"  # or "LB"
    onset: tuple[date, date] | None = None  # first and last day it can have begun on
    clock: Clock | None = None
    evidence: tuple[Evidence, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict, hash=False)  # of the sentence `code`
    flag: str | None = None  # what the file says
    causality: str | None = None  # as `queries.adverse_events` has it; None: not recorded, or of no event
    adjudication: object | None = None  # what a person said here: `clinical.adjudication.Adjudication`

    def named(self, lang: str) -> str:
        """A laboratory term in the reader's language; an event's as it was coded."""
        return term_in(self.term, lang) if self.source == "LB" else self.term

    @property
    def open(self) -> bool:
        return self.adjudicated is None and self.verdict not in ("watch", "cleared")

    @property
    def reason(self) -> str:
        return self.say(ENGLISH)

    def say(self, sentences: Mapping[str, str]) -> str:
        """Why, by a table of sentences with the keys and placeholders of ENGLISH."""
        return filled(sentences[self.code], self.values)


def candidates(
    subjects: pd.DataFrame,
    events: pd.DataFrame,
    dlt: Dlt,
    cutoff: datetime,
    *,
    labs: pd.DataFrame | None = None,
    ctcae: str = "5.0",
) -> dict[str, tuple[Candidate, ...]]:
    """The candidates of every infused patient by usubjid, those with a flag in the files included; who has none is not
    a key.

    subjects, events: as `queries.subjects` and `queries.adverse_events`. cutoff: last moment the data speak of, in the
    trial's clock; what began after it is not read. An event is looked at when its onset can fall in the window and its
    relation is not clearly unrelated (missing, unknown or unlikely relations count). One candidate an event row and
    clause, in the order of onset; then a death in the window that no fatal event explains.
    Source: the clauses are the protocol file's; how time at a grade is read follows grade-change rows, 72 h needs
    times, "more than 7 days" is 8 calendar dates where no times are recorded.
    labs: `lab_results.COLUMNS` of the table "lab", None = not looked at; a run that an event of the same name
    reports is that event's evidence, no candidate of its own. ctcae: the version that grades them.
    What people say here of the candidates: `clinical.adjudication`.
    """
    clauses_on = cache(_Definition(dlt).clauses_on)
    reported = defaultdict(list)
    known = events[~(events["aestdtc_earliest"] > cutoff)]  # an undated event could have begun
    # As plain objects the rows are read in half the time.
    for row in known.sort_values(["usubjid", "aestdtc_earliest", "aeseq"]).astype(object).itertuples():
        reported[row.usubjid].append(row)
    runs = {} if labs is None else lab_runs(subjects, labs, dlt, cutoff, clauses_on, ctcae)
    found = {}
    for patient in subjects[subjects["day0"] <= cutoff].itertuples():
        rows, infused = reported[patient.usubjid], patient.day0.date()
        own = list(_among(rows, infused, dlt, clauses_on, cutoff))
        own = [*_with_samples(own, rows, runs.get(patient.usubjid, ()), infused)]
        own += _unexplained_death(patient, rows, dlt, cutoff)
        if own:
            found[patient.usubjid] = tuple(own)
    return found


class _Definition:
    """The clauses of the protocol by preferred term, without regard to case."""

    def __init__(self, dlt: Dlt):
        self.clauses = [(one, _folded(one.terms), _folded(one.except_)) for one in dlt.clauses]
        self.never = _folded(dlt.haematologic.never_candidates)
        self.named = _folded(dlt.haematologic.terms).union(*(terms for _, terms, _ in self.clauses))

    def clauses_on(self, term: str, fatal: bool) -> list[Clause]:
        term = term.casefold()
        if term in self.never and not fatal:
            return []
        return [clause for clause, terms, exceptions in self.clauses if self._on(clause, terms, exceptions, term)]

    def _on(self, clause: Clause, terms: set[str], exceptions: set[str], term: str) -> bool:
        if clause.scope == "any":
            return True
        return term in terms if clause.scope == "terms" else term not in self.named | exceptions


def _folded(terms: Iterable[str]) -> set[str]:
    return {one.casefold() for one in terms}


def _among(rows: list, infused: date, dlt: Dlt, clauses_on, cutoff: datetime) -> Iterator[Candidate]:
    """The candidates among one patient's rows, which come in the order of onset."""
    by_event = defaultdict(list)
    for row in rows:
        by_event[event_key(row)].append(row)
    window_end, taken = infused + dlt.window_days * _DAY, set()
    for row in rows:
        if row.causality == "unrelated":
            continue
        of_event, grade = by_event[event_key(row)], reported_grade(row)
        # An uncoded event goes by its own words, and where these say nothing it is looked at, not passed over.
        for clause in clauses_on(row.aeterm if pd.isna(row.aedecod) else row.aedecod, grade == 5):
            if (grade is not None and grade < clause.min_grade) or not _in_window(row, clause, infused, window_end):
                continue
            if clause.scope == "any" and grade is None:
                continue  # a death is known by its own flag, not guessed from a blank grade
            verdict, code = spells.verdict(row, clause, of_event, infused, window_end, cutoff)
            if clause.scope == "other_nonhaematologic" and pd.isna(row.aedecod) and verdict == "cleared":
                verdict, code = "cannot_tell", "uncoded"  # another clause could forbid the grade itself
            key = _key(row, clause, taken)
            taken.add(key)
            clock = spells.clock(row, clause, of_event, cutoff)
            yield _candidate(row, clause, verdict, code, infused, _said(row, of_event), key, clock)


def _key(row, clause: Clause, taken: set[str]) -> str:
    """Names the question in every cut. The first row of a group has the group's name, a later grade its own."""
    number = "" if pd.isna(row.aeseq) else f"{row.aeseq:g}"
    named = f"{row.aeterm} {row.aestdtc}" if pd.isna(row.aegrpid) and not number else row.aegrpid
    event = number if pd.isna(named) else named
    tried = [f"AE {event} {clause.id}", f"AE {event}/{number} {clause.id}", f"AE {event}/{row.aestdtc} {clause.id}"]
    free = next((one for one in tried if one not in taken), None)
    return free or f"{tried[-1]} {sum(one.startswith(tried[-1]) for one in taken) + 1}"


def _in_window(row, clause: Clause, infused: date, window_end: date) -> bool:
    """Began in the window, or may have; a clause on recovery is also about what began before the infusion and lasts."""
    first, last = began(row)
    if clause.not_recovered_by_day is not None and (
        pd.isna(row.aeendtc_latest) or row.aeendtc_latest.date() >= infused
    ):
        last = date.max
    return first <= window_end and last >= infused


def _said(row, of_event: list) -> str | None:
    """The verdict on the row's event. DLT is said of all its grades; "no DLT" of its grade and of the lower ones, not
    of a higher one: what worsened after the verdict is a new question."""
    if row.aedlt in ("Y", "N"):
        return row.aedlt
    if any(one.aedlt == "Y" for one in of_event):
        return "Y"
    grade = reported_grade(row)
    judged = [reported_grade(one) for one in of_event if one.aedlt == "N"]
    return "N" if grade is not None and any(one is not None and one >= grade for one in judged) else None


def _candidate(
    row, clause: Clause, verdict: str, code: str, infused: date, said: str | None, key: str, clock: Clock | None
) -> Candidate:
    return Candidate(
        usubjid=row.usubjid,
        aeseq=row.aeseq,
        event=event_key(row),
        term=row.aeterm if pd.isna(row.aedecod) else row.aedecod,
        grade=reported_grade(row),
        clause=clause.id,
        verdict=verdict,
        code=code,
        onset_day=None if pd.isna(row.aestdtc_earliest) else (row.aestdtc_earliest.date() - infused).days,
        adjudicated=said,
        flag=said,
        key=key,
        onset=began(row),
        clock=clock if verdict in ("running", "met", "cannot_tell") else None,
        evidence=(_evidence(row),),
        causality=None if pd.isna(row.causality) else row.causality,
    )


def _evidence(row) -> Evidence:
    grade, term = reported_grade(row), row.aeterm if pd.isna(row.aedecod) else row.aedecod
    dtc = None if pd.isna(row.aestdtc) else row.aestdtc
    return Evidence("AE", row.usubjid, term, dtc, "", grade, grade, "as reported", row.source_file, row.source_row)


# ---- laboratory values ------------------------------------------------------------------------------------
def _with_samples(own: list[Candidate], rows: list, runs: Sequence[Run], infused: date) -> Iterator[Candidate]:
    """Events with their samples as evidence, then the runs that no event reports to their end."""
    covered = set()
    for one in own:
        row = _row_of(one, rows)
        mine = [run for run in runs if run.clause.id == one.clause and _reports(row, run)]
        # An event that is over in time does not hide samples that show the contrary, or that leave it open.
        hides = [run for run in mine if one.verdict != "cleared" or run.verdict == "cleared"]
        covered.update(run.key for run in hides if _lasts(row, run) or one.open)
        yield _by_samples(one, mine if one.open or one.adjudicated else hides)
    unrelated = [row for row in rows if row.causality == "unrelated"]
    covered.update(run.key for run in runs if any(_reports(row, run) and _lasts(row, run) for row in unrelated))
    yield from (_of_run(run, infused) for run in runs if run.key not in covered)


def _row_of(one: Candidate, rows: list):
    source = one.evidence[0]
    found = (row for row in rows if (row.source_file, row.source_row) == (source.source_file, source.source_row))
    return next(row for row in found if pd.isna(one.aeseq) or row.aeseq == one.aeseq)


def _reports(row, run: Run) -> bool:
    """An event of the same name, at the grade or without one, on a day of the run."""
    term = row.aeterm if pd.isna(row.aedecod) else row.aedecod
    names = _folded((run.term, *TESTS[run.code][run.term]))
    grade = reported_grade(row)
    if term.casefold() not in names or (grade is not None and grade < (run.grade or run.clause.min_grade)):
        return False
    if run.began is None:
        return False
    return began(row)[0] <= run.last and _last_day(row) >= run.began


def _lasts(row, run: Run) -> bool:
    """To the last sample of the run: what goes on beyond the event's end is not told by it."""
    return _last_day(row) >= run.last


def _last_day(row) -> date:
    return date.max if pd.isna(row.aeendtc_latest) else row.aeendtc_latest.date()


def _by_samples(one: Candidate, runs: Sequence[Run]) -> Candidate:
    """One row with a maximum grade does not say how long; samples over more than the limit do."""
    evidence = (*one.evidence, *(each for run in runs for each in run.evidence))
    if one.code == "time_at_grade" and any(run.verdict == "met" for run in runs):
        return replace(one, verdict="met", code="over_by_samples", evidence=evidence)
    return replace(one, evidence=evidence)


def _of_run(run: Run, infused: date) -> Candidate:
    return Candidate(
        usubjid=run.usubjid,
        aeseq=math.nan,
        event=f"LB {run.code} {run.began}",
        term=run.term,
        grade=run.grade,
        clause=run.clause.id,
        verdict=run.verdict,
        code=run.reason,
        onset_day=run.began and (run.began - infused).days,
        adjudicated=None,
        key=run.key,
        source="LB",
        onset=(run.began, run.began) if run.began else None,
        clock=run.clock,
        evidence=run.evidence,
        values=run.values,
    )


def _unexplained_death(patient, rows: list, dlt: Dlt, cutoff: datetime) -> Iterator[Candidate]:
    """A death in the window without a fatal event: its relation is missing, which counts as possibly related."""
    clause = next((one for one in dlt.clauses if one.scope == "any"), None)
    if clause is None or not patient.death <= cutoff or any(reported_grade(row) == 5 for row in rows):
        return
    day = max(0, (patient.death.date() - patient.day0.date()).days)
    if day <= dlt.window_days:
        verdict, code = "cannot_tell", "no_fatal_event"
        key, onset = f"AE death {clause.id}", (patient.death.date(), patient.death.date())
        yield Candidate(
            patient.usubjid, math.nan, "death", "Death", 5, clause.id, verdict, code, day, None, key, onset=onset
        )  # fmt: skip
