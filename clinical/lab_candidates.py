"""Laboratory values that meet or approach a clause of the DLT definition, whoever reported them or not."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import dropwhile, groupby, takewhile

import pandas as pd

from clinical import lab_results
from clinical.lab_grades import TESTS
from clinical.lab_results import Evidence, Lacking, Sample
from clinical.sentence import filled
from data.protocol_escalation import Clause, Dlt

ENGLISH = {
    "samples_over": "grade {grade} or more shown from {began} to {last}, longer than the limit",
    "samples_within": "grade {grade}, day {day} of {days}; becomes a DLT on {due} unless a sample shows recovery",
    "sample_below": "below grade {grade} on {below}, within the limit",
    "repeat_due": "last sample {last}, still grade {grade}; the limit was {due}: repeat due",
    "gap": "no sample shows whether grade {grade} lasted: last at it {last}, below it only on {below}",
    "range_missing": "grade {low} to {high} from {began}: {lacking}",
    "undated": "grade {low} to {high}, day of the sample not known",
    "watch": "grade {grade}, decided on Day {limit_day}",
    "recovered_by": "below grade {grade} on {below}, by Day {limit_day}",
    "still_at": "grade {grade} still on {last}, Day {limit_day} or later",
}

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """How long a grade has lasted, and when it becomes a DLT unless recovery is shown."""

    began: datetime
    day: int  # whole days that it has lasted
    limit_hours: float
    due: datetime  # 0:00 of the day where only dates are known
    timed: bool  # the times of day are known
    last: datetime  # last evidence


@dataclass(frozen=True)
class Run:
    """Unbroken samples of one test that are, or can be, at the clause's grade, and what they say."""

    usubjid: str
    code: str
    term: str  # CTCAE
    clause: Clause
    verdict: str  # of `clinical.candidates.VERDICTS`
    reason: str  # key of ENGLISH
    values: dict[str, object] = field(hash=False)
    grade: int | None  # highest that is sure
    began: date | None
    last: date | None  # of the last sample at the grade
    key: str
    clock: Clock | None
    evidence: tuple[Evidence, ...]

    def say(self, sentences=ENGLISH) -> str:
        return filled(sentences[self.reason], self.values)


@dataclass(frozen=True)
class _Patient:
    usubjid: str
    day0: date
    window_end: date
    cutoff: datetime


def lab_runs(
    subjects: pd.DataFrame, labs: pd.DataFrame, dlt: Dlt, cutoff: datetime, clauses_on: Callable, ctcae: str = "5.0"
) -> dict[str, tuple[Run, ...]]:
    """The runs of every infused patient by usubjid, in the order of clause, test and time; without any, not a key.

    subjects: as `queries.subjects`. labs: `lab_results.COLUMNS`, of the table "lab", in any order. clauses_on: term,
    fatal -> clauses of the protocol. cutoff: last moment the data speak of, in the trial's clock. ctcae: the version.
    A run begins with its first sample, in the window, and is not the window's where it was surely there before and did
    not become worse; a clause on recovery also takes one that began before and lasts.
    "Met" is only what samples show: at the grade over more than the limit, in hours where they have times, in calendar
    dates (the eighth for 7 days) where they have none. Results without value are no samples and show no recovery.
    Baseline: last before the first lymphodepletion, before the infusion where that is not recorded.
    """
    found: dict[str, list[Run]] = defaultdict(list)
    infused = subjects[subjects["day0"] <= cutoff].set_index("usubjid")
    clauses = {term: _asked(clauses_on(term, False)) for terms in TESTS.values() for term in terms}
    asked = [term for term, some in clauses.items() if some]
    for term, rows in lab_results.graded(lab_results.read(labs, infused, cutoff), asked, ctcae).items():
        for clause in clauses[term]:
            for usubjid, run in _of_test(rows, infused, term, clause, dlt, cutoff):
                found[usubjid].append(run)
    return {who: tuple(found[who]) for who in infused.index if who in found}


def _asked(clauses: Iterable[Clause]) -> list[Clause]:
    """Those that speak of how long a grade lasts."""
    lasting = (one for one in clauses if one.longer_than_hours is not None or one.not_recovered_by_day is not None)
    return [one for one in lasting if one.scope != "any"]


def _of_test(
    rows: pd.DataFrame, infused: pd.DataFrame, term: str, clause: Clause, dlt: Dlt, cutoff: datetime
) -> Iterator[tuple[str, Run]]:
    for usubjid, own in groupby(lab_results.samples(rows, term, clause.min_grade), key=lambda one: one.rows[0].usubjid):
        day0 = infused.at[usubjid, "day0"].date()
        patient = _Patient(usubjid, day0, day0 + dlt.window_days * _DAY, cutoff)
        yield from ((usubjid, run) for run in _runs(patient, own, term, clause))


# ---- runs ------------------------------------------------------------------------------------------------------------
def _runs(patient: _Patient, given: Iterable[Sample], term: str, clause: Clause) -> Iterator[Run]:
    dated, vague = [], []
    for one in given:
        (dated if pd.notna(one.first) and one.first.date() == one.last.date() else vague).append(one)
    taken: set[str] = set()
    for run, below in _unbroken(_in_order(dated), clause.min_grade):
        own = run if clause.not_recovered_by_day is not None else _since_infusion(run, clause.min_grade, patient)
        if own and _in_window(own, below, clause, patient):
            yield _told(own, below, term, clause, patient, taken)
    open_to_all = [one for one in vague if one.high >= clause.min_grade and _may_be_in(one, patient)]
    if open_to_all:
        yield _undated(open_to_all, term, clause, patient)


def _since_infusion(run: Sequence[Sample], grade: int, patient: _Patient) -> list[Sample]:
    """Without what surely began before the infusion, unless it became worse after it: then from there on.

    A sample that is not surely at the grade may have parted what follows it from that: those before the infusion must
    not take the window's own with them.
    """
    if run[0].first.date() >= patient.day0:
        return list(run)
    began_before = list(takewhile(lambda one: one.low >= grade, run))
    rest = [one for one in run[len(began_before) :] if one.first.date() >= patient.day0]
    highest = max((one.high for one in began_before if one.first.date() < patient.day0), default=0)
    after = [one for one in began_before if one.first.date() >= patient.day0]
    worse = list(dropwhile(lambda one: one.low <= highest, after))
    return worse + rest if worse else rest


def _in_window(run: Sequence[Sample], below: Sample | None, clause: Clause, patient: _Patient) -> bool:
    first = run[0].first.date()
    lasts = clause.not_recovered_by_day is not None and (below is None or below.first.date() >= patient.day0)
    return first <= patient.window_end and (first >= patient.day0 or lasts)


def _may_be_in(one: Sample, patient: _Patient) -> bool:
    if pd.isna(one.first):
        return True
    return one.first.date() <= patient.window_end and one.last.date() >= patient.day0


def _undated(some: Sequence[Sample], term: str, clause: Clause, patient: _Patient) -> Run:
    """Samples whose day is not known: at the grade, and nothing says when or how long."""
    evidence = tuple(each for one in some for each in one.evidence)
    return Run(
        usubjid=patient.usubjid,
        code=evidence[0].code,
        term=term,
        clause=clause,
        verdict="cannot_tell",
        reason="undated",
        values={"low": min(one.low for one in some), "high": max(one.high for one in some)},
        grade=None,
        began=None,
        last=None,
        key=f"LB {_name(evidence[0].code, term)} undated {clause.id}",
        clock=None,
        evidence=evidence,
    )


def _in_order(samples: Iterable[Sample]) -> list[Sample]:
    """By moment. What cannot be put in order, results of one moment or of one date without time, is one sample that
    has the lowest and the highest grade of them."""
    by_date = defaultdict(list)
    for one in samples:
        by_date[one.first.date()].append(one)
    groups = defaultdict(list)
    for day, of_day in by_date.items():
        timed = all(one.timed for one in of_day)
        for one in of_day:
            groups[one.first if timed else datetime.combine(day, datetime.min.time())].append(one)
    return [_as_one(groups[moment]) for moment in sorted(groups)]


def _as_one(some: Sequence[Sample]) -> Sample:
    if len(some) == 1:
        return some[0]
    rows = sorted((row for one in some for row in one.rows), key=lambda row: row.source_row)
    low, high = min(row.low for row in rows), max(row.high for row in rows)
    lacking = max(row.lacking for row in rows) or (("moment",) if low < high else ())
    first, last = min(one.first for one in some), max(one.last for one in some)
    return Sample(first, last, low, high, lacking, last - first < timedelta(hours=1), tuple(rows))


def _unbroken(samples: Sequence[Sample], grade: int) -> Iterator[tuple[list[Sample], Sample | None]]:
    """Runs of samples that can be at the grade, each with the first sample after it that is below."""
    run: list[Sample] = []
    for one in samples:
        if one.high >= grade:
            run.append(one)
        elif run:
            yield run, one
            run = []
    if run:
        yield run, None


def _name(code: str, term: str) -> str:
    """A sodium can be too low and too high: which of them is part of the name."""
    return code if len(TESTS[code]) == 1 else f"{code} {term}"


def _told(
    run: Sequence[Sample], below: Sample | None, term: str, clause: Clause, patient: _Patient, taken: set[str]
) -> Run:
    decide = _lasted if clause.not_recovered_by_day is None else _recovered
    verdict, reason, clock = decide(run, below, clause, patient)
    code, first = run[0].rows[0].code, run[0].first
    key = f"LB {_name(code, term)} {first:%Y-%m-%d} {clause.id}"
    if key in taken:  # a second run of that date
        key = f"LB {_name(code, term)} {first:%Y-%m-%dT%H:%M} {clause.id}"
    taken.add(key)
    return Run(
        usubjid=patient.usubjid,
        code=code,
        term=term,
        clause=clause,
        verdict=verdict,
        reason=reason,
        values=_values(run, below, clause, clock),
        grade=max((one.low for one in run if one.low >= clause.min_grade), default=None),
        began=first.date(),
        last=run[-1].first.date(),
        key=key,
        clock=clock,
        evidence=tuple(each for one in (*run, *([below] if below else [])) for each in one.evidence),
    )


def _values(run: Sequence[Sample], below: Sample | None, clause: Clause, clock: Clock | None) -> dict[str, object]:
    return {
        "grade": clause.min_grade,
        "low": min(one.low for one in run),
        "high": max(one.high for one in run),
        "lacking": Lacking(next((one.lacking for one in run if one.lacking), ())),
        "began": run[0].first.date(),
        "last": run[-1].first.date(),
        "below": below and below.first.date(),
        "limit_day": clause.not_recovered_by_day,
        "day": clock and clock.day,
        "days": clock and round(clock.limit_hours / 24),
        "due": clock and (clock.due if clock.timed else clock.due.date()),
    }


Told = tuple[str, str, Clock | None]


def _lasted(run: Sequence[Sample], below: Sample | None, clause: Clause, patient: _Patient) -> Told:
    limit = timedelta(hours=clause.longer_than_hours)
    clock, cutoff = _clock(run, limit, patient.cutoff), patient.cutoff
    if any(_shown(part, limit) for part in _sure(run, clause.min_grade)):
        return "met", "samples_over", clock
    if below:
        if _longest(run[0], below.last, limit) <= limit:
            return "cleared", "sample_below", None
    elif run[-1].low >= clause.min_grade and _longest(run[0], cutoff, limit) <= limit:
        return "running", "samples_within", clock
    if not all(one.low >= clause.min_grade for one in run):
        return "cannot_tell", "range_missing", None if below else clock
    return "cannot_tell", "gap" if below else "repeat_due", None if below else clock


def _sure(run: Sequence[Sample], grade: int) -> Iterator[list[Sample]]:
    part: list[Sample] = []
    for one in run:
        if one.low >= grade:
            part.append(one)
        elif part:
            yield part
            part = []
    if part:
        yield part


def _shown(part: Sequence[Sample], limit: timedelta) -> bool:
    """Samples at the grade over more than the limit."""
    first, last = part[0], part[-1]
    if not first.timed and not last.timed and limit > 3 * _DAY:
        return (last.first.date() - first.first.date() + _DAY) > limit
    return last.first - first.last > limit


def _longest(first: Sample, ended: datetime, limit: timedelta) -> timedelta:
    """The longest time at the grade, as far as samples bound it: in calendar dates where the start has no time."""
    if not first.timed and limit > 3 * _DAY:
        return ended.date() - first.first.date() + _DAY
    return ended - first.first


def _clock(run: Sequence[Sample], limit: timedelta, cutoff: datetime) -> Clock:
    """Where no times are known the limit is over on the date that is one more than its days."""
    first, timed = run[0], run[0].timed
    began = first.first
    if timed:
        due, day = began + limit, (cutoff - began) // _DAY
    else:
        began = datetime.combine(began.date(), datetime.min.time())
        due, day = began + limit, (cutoff.date() - began.date()).days
    return Clock(began, day, limit / timedelta(hours=1), due, timed, run[-1].first)


def _recovered(run: Sequence[Sample], below: Sample | None, clause: Clause, patient: _Patient) -> Told:
    """A sample below on the limit's day or before is recovery; one at the grade on or after it, without, is none."""
    limit, cutoff = patient.day0 + clause.not_recovered_by_day * _DAY, patient.cutoff
    if below and below.first.date() <= limit:
        return "cleared", "recovered_by", None
    if cutoff.date() < limit:
        return ("watch" if cutoff.date() < patient.window_end else "running"), "watch", None
    if any(one.low >= clause.min_grade and one.first.date() >= limit for one in run):
        return "met", "still_at", None
    if not all(one.low >= clause.min_grade for one in run):
        return "cannot_tell", "range_missing", None
    if below:
        return "cannot_tell", "gap", None
    clock_due = datetime.combine(limit, datetime.min.time())
    hours = (limit - run[0].first.date()) / timedelta(hours=1)
    day = (cutoff.date() - run[0].first.date()).days
    return "cannot_tell", "repeat_due", Clock(run[0].first, day, hours, clock_due, False, run[-1].first)
