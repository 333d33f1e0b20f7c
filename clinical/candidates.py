"""Adverse events that meet or approach a clause of the DLT definition, while nobody has yet said what they are.

An open candidate is not "no DLT": the patient stays unresolved until it is adjudicated (the flag in the files).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from data.protocol import Clause, Dlt

# From the clearest to the most open question; an event that meets one clause and runs towards another is met.
# "watch": the clause is decided only at the end of the window, which waits for it anyway; the grade 4 neutropenia of
# every patient after lymphodepletion is no open question on Day 3.
VERDICTS = ("met", "cannot_tell", "running", "watch", "cleared")

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Candidate:
    usubjid: str
    aeseq: float
    term: str
    grade: int | None
    clause: str  # id in the protocol's [[dlt.clauses]]
    verdict: str  # of VERDICTS
    code: str  # why; a key of ENGLISH
    onset_day: int | None  # days since infusion, earliest
    adjudicated: str | None  # "Y", "N", None = not yet

    @property
    def open(self) -> bool:
        return self.adjudicated is None and self.verdict not in ("watch", "cleared")

    @property
    def reason(self) -> str:
        return ENGLISH[self.code]


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
}


def candidates(events: pd.DataFrame, infused: datetime, dlt: Dlt, cutoff: datetime) -> tuple[Candidate, ...]:
    """The candidates among one subject's adverse events (as `queries.adverse_events`), adjudicated ones included.

    infused, cutoff: in the trial's clock. An event is looked at when its onset can fall in the window and its relation
    is not clearly unrelated (missing, unknown or unlikely relations count). One candidate an event row and clause, in
    the order of onset.
    Source: the clauses are the protocol file's; how time at a grade is read follows grade-change rows, 72 h needs times,
    "more than 7 days" is 8 calendar dates where no times are recorded.
    """
    found = []
    for row in events.itertuples():
        if row.causality == "unrelated":
            continue
        for clause in dlt.clauses:
            if not _in_window(row, clause, infused, dlt.window_days):
                continue
            verdict, code = _verdict(row, clause, events, infused, dlt, cutoff)
            if verdict:
                found.append(_candidate(row, clause, verdict, code, infused, _said(row, events)))
    return tuple(found)


def _said(row, events: pd.DataFrame) -> str | None:
    """The verdict on the event: one said of any of its grade rows is said of all."""
    of_event = events["aeseq"] == row.aeseq if pd.isna(row.aegrpid) else events["aegrpid"] == row.aegrpid
    flags = set(events.loc[of_event, "aedlt"].dropna())
    return "Y" if "Y" in flags else "N" if "N" in flags else None


def _candidate(row, clause: Clause, verdict: str, code: str, infused: datetime, said: str | None) -> Candidate:
    day = None if pd.isna(row.aestdtc_earliest) else (row.aestdtc_earliest.date() - infused.date()).days
    return Candidate(
        usubjid=row.usubjid,
        aeseq=row.aeseq,
        term=row.aeterm if pd.isna(row.aedecod) else row.aedecod,
        grade=_grade(row),
        clause=clause.id,
        verdict=verdict,
        code=code,
        onset_day=day,
        adjudicated=said,
    )


def _in_window(row, clause: Clause, infused: datetime, days: int) -> bool:
    """Began in the window, or may have; a clause on recovery is also about what began before the infusion and lasts."""
    if pd.isna(row.aestdtc_earliest):
        return True  # an undated event could have begun in the window
    if row.aestdtc_earliest.date() > infused.date() + timedelta(days=days):
        return False
    if clause.not_recovered_by_day is not None:
        return pd.isna(row.aeendtc_latest) or row.aeendtc_latest.date() >= infused.date()
    return row.aestdtc_latest.date() >= infused.date()


def _grade(row) -> int | None:
    """The grade as reported; a fatal event is grade 5 whatever the grade column says."""
    if row.aesdth == "Y":
        return 5
    return None if pd.isna(row.aetoxgr) else int(row.aetoxgr)


def _verdict(row, clause: Clause, events, infused, dlt: Dlt, cutoff) -> tuple[str, str]:
    """The verdict on one event under one clause, and why; ("", "") where the clause is not about this event."""
    if not _about(row, clause, dlt):
        return "", ""
    grade = _grade(row)
    if grade is None:
        return ("met", "grade") if clause.min_grade == 1 else ("cannot_tell", "grade_missing")
    if grade < clause.min_grade:
        return "", ""
    if clause.not_recovered_by_day is not None:
        return _recovery(row, events, clause, infused, dlt.window_days, cutoff)
    if clause.longer_than_hours is not None and grade < 5:
        return _duration(row, events, clause, cutoff)
    return "met", "grade"


def _about(row, clause: Clause, dlt: Dlt) -> bool:
    term = "" if pd.isna(row.aedecod) else row.aedecod.casefold()
    if term in _folded(dlt.haematologic.never_candidates):
        return False
    if clause.scope == "any":
        return _grade(row) is not None  # a death is known by its own flag, not guessed from a blank grade
    if clause.scope == "terms":
        return term in _folded(clause.terms)
    named = {one for other in dlt.clauses if other.scope == "terms" for one in _folded(other.terms)}
    # An uncoded event can be anything: it is looked at, not passed over.
    return term not in named | _folded(dlt.haematologic.terms) | _folded(clause.except_)


def _folded(terms: Iterable[str]) -> set[str]:
    return {one.casefold() for one in terms}


def _at_grade(row, events: pd.DataFrame, grade: int) -> pd.DataFrame:
    """The rows of this event at `grade` or above, by start: its grade-change rows share AEGRPID."""
    if pd.isna(row.aegrpid):
        return events[events["aeseq"] == row.aeseq]
    return events[(events["aegrpid"] == row.aegrpid) & (events["aetoxgr"] >= grade).fillna(False)]


def _duration(row, events: pd.DataFrame, clause: Clause, cutoff: datetime) -> tuple[str, str]:
    """Longer at the clause's grade than its hours?"""
    rows = _at_grade(row, events, clause.min_grade).sort_values("aestdtc_earliest")
    started, ended = rows.iloc[0], rows.iloc[-1]
    if pd.isna(started["aestdtc_earliest"]):
        return "cannot_tell", "times"
    ongoing = pd.isna(ended["aeendtc_earliest"]) or ended["aeendtc_earliest"] > cutoff
    end_first, end_last = (cutoff, cutoff) if ongoing else (ended["aeendtc_earliest"], ended["aeendtc_latest"])
    limit = timedelta(hours=clause.longer_than_hours)
    dated_only = "T" not in f"{started['aestdtc']}{'' if ongoing else ended['aeendtc']}"
    if dated_only and limit > 3 * _DAY:  # 72 h needs times; longer limits are counted in calendar dates
        dates = (end_first.date() - started["aestdtc_latest"].date()).days + 1
        shortest = longest = dates * _DAY
    else:
        shortest = end_first - started["aestdtc_latest"]
        longest = end_last - started["aestdtc_earliest"]
    single = pd.isna(row.aegrpid)
    if shortest > limit:
        # Without grade-change rows the event may have been at its maximum for part of the time only.
        return ("cannot_tell", "time_at_grade") if single else ("met", "over")
    if longest <= limit:
        return ("running", "within") if ongoing else ("cleared", "ended")
    return "cannot_tell", "times"


def _recovery(
    row, events: pd.DataFrame, clause: Clause, infused: datetime, days: int, cutoff: datetime
) -> tuple[str, str]:
    """Still at the clause's grade after its day?"""
    limit = infused.date() + timedelta(days=clause.not_recovered_by_day)
    window_end = infused.date() + timedelta(days=days)
    ended = _at_grade(row, events, clause.min_grade).sort_values("aestdtc_earliest").iloc[-1]
    if pd.isna(ended["aeendtc_earliest"]) or ended["aeendtc_earliest"] > cutoff:
        if cutoff.date() > limit:
            return "met", "not_recovered"
        return ("watch" if cutoff.date() <= window_end else "running"), "within"
    if ended["aeendtc_latest"].date() <= limit:
        return "cleared", "recovered"
    if ended["aeendtc_earliest"].date() > limit:
        return ("cannot_tell", "time_at_grade") if pd.isna(row.aegrpid) else ("met", "not_recovered")
    return "cannot_tell", "times"
