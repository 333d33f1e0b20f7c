"""Laboratory values that meet or approach a clause of the DLT definition, whoever reported them or not."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import dropwhile, groupby, takewhile
from typing import NamedTuple

import pandas as pd

from clinical.grading import Grade, ctcae
from data.protocol import Clause, Dlt
from data.specimens import NOT_BLOOD

# LBTESTCD -> its CTCAE terms, each with the other names an adverse event of it goes by (MedDRA, English and Chinese).
# White cells and lymphocytes are not here: their fall is the purpose of lymphodepletion, and never a candidate.
# Neither is total calcium, which is graded after correction for the albumin of the same sample.
TESTS: dict[str, dict[str, tuple[str, ...]]] = {
    "ALT": {"Alanine aminotransferase increased": ("丙氨酸氨基转移酶升高",)},
    "AST": {"Aspartate aminotransferase increased": ("天门冬氨酸氨基转移酶升高",)},
    "ALP": {"Alkaline phosphatase increased": ("Blood alkaline phosphatase increased", "血碱性磷酸酶升高")},
    "GGT": {"GGT increased": ("Gamma-glutamyltransferase increased", "γ-谷氨酰转移酶升高")},
    "BILI": {"Blood bilirubin increased": ("Hyperbilirubinaemia", "血胆红素升高", "高胆红素血症")},
    "CREAT": {"Creatinine increased": ("Blood creatinine increased", "血肌酐升高")},
    "LIPASE": {"Lipase increased": ("脂肪酶升高",)},
    "AMYLASE": {"Serum amylase increased": ("Amylase increased", "Blood amylase increased", "淀粉酶升高")},
    "CK": {"CPK increased": ("Blood creatine phosphokinase increased", "血肌酸磷酸激酶升高")},
    "SODIUM": {"Hyponatremia": ("Hyponatraemia", "低钠血症"), "Hypernatremia": ("Hypernatraemia", "高钠血症")},
    "K": {"Hypokalemia": ("Hypokalaemia", "低钾血症"), "Hyperkalemia": ("Hyperkalaemia", "高钾血症")},
    "MG": {"Hypomagnesemia": ("Hypomagnesaemia", "低镁血症"), "Hypermagnesemia": ("Hypermagnesaemia", "高镁血症")},
    "CAION": {
        "Hypocalcemia (Ionized)": ("Hypocalcemia", "Hypocalcaemia", "低钙血症"),
        "Hypercalcemia (Ionized)": ("Hypercalcemia", "Hypercalcaemia", "高钙血症"),
    },
    "GLUC": {"Hypoglycemia": ("Hypoglycaemia", "Blood glucose decreased", "低血糖", "低血糖症")},
    "ALB": {"Hypoalbuminemia": ("Hypoalbuminaemia", "Blood albumin decreased", "低白蛋白血症")},
    "TRIG": {"Hypertriglyceridemia": ("Hypertriglyceridaemia", "Blood triglycerides increased", "高甘油三酯血症")},
    "CHOL": {"Cholesterol high": ("Hypercholesterolaemia", "Blood cholesterol increased", "高胆固醇血症")},
    "FIBRINO": {"Fibrinogen decreased": ("Blood fibrinogen decreased", "血纤维蛋白原降低")},
    "INR": {"INR increased": ("International normalised ratio increased", "国际标准化比值升高")},
    "APTT": {"Activated partial thromboplastin time prolonged": ("活化部分凝血活酶时间延长",)},
    "NEUT": {"Neutrophil count decreased": ("Neutropenia", "中性粒细胞计数降低", "中性粒细胞减少症")},
    "PLAT": {"Platelet count decreased": ("Thrombocytopenia", "血小板计数降低", "血小板减少症")},
}

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

# What is not known where a grade is a range; a translation has the same keys.
LACKING = {
    "uln": "upper limit of normal",
    "lln": "lower limit of normal",
    "baseline": "baseline",
    "pct_change": "change from baseline",
    "symptomatic": "symptoms",
    "anticoagulated": "anticoagulation",
    "unit": "no unit, or one that is not known",
    "limit": "the result is a limit",
    "moment": "results of one moment differ",
}

_DAY = timedelta(days=1)


class Lacking(tuple):
    """Keys of LACKING; in a sentence their English words."""

    def __str__(self) -> str:
        return self.say(LACKING)

    def __format__(self, spec: str) -> str:
        return str(self)

    def say(self, words: Mapping[str, str]) -> str:
        return ", ".join(words[one] for one in self)


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
class Evidence:
    table: str
    usubjid: str
    code: str  # LBTESTCD, or the term of an event
    dtc: str | None  # as it came
    value: str  # with its unit
    low: int | None
    high: int | None
    scale: str
    source_file: str
    source_row: int


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
        return sentences[self.reason].format(**self.values)


@dataclass(frozen=True)
class _Patient:
    usubjid: str
    day0: date
    window_end: date
    cutoff: datetime


class _Result(NamedTuple):
    """What is read of one row."""

    usubjid: str
    code: str
    value: float
    unit: str
    qualifier: str
    range_low: float
    range_high: float
    first: pd.Timestamp
    last: pd.Timestamp
    dtc: str
    source_file: str
    source_row: int
    timed: bool  # the time of day is known
    value_baseline: float
    unit_baseline: str
    range_high_baseline: float


@dataclass(frozen=True)
class _Sample:
    first: datetime
    last: datetime
    low: int
    high: int
    lacking: tuple[str, ...]  # keys of LACKING
    timed: bool
    rows: tuple[_Result, ...]
    term: str

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(_evidence(row, self.term) for row in self.rows)


def lab_runs(
    subjects: pd.DataFrame, labs: pd.DataFrame, dlt: Dlt, cutoff: datetime, clauses_on: Callable
) -> dict[str, tuple[Run, ...]]:
    """The runs of every infused patient by usubjid, in the order of clause, test and time; without any, not a key.

    subjects: as `queries.subjects`. labs: as `queries.measurements` of the table "lab", in any order. clauses_on: term,
    fatal -> clauses of the protocol. cutoff: last moment the data speak of, in the trial's clock.
    A run begins with its first sample, in the window, and is not the window's where it was surely there before and did
    not become worse; a clause on recovery also takes one that began before and lasts.
    "Met" is only what samples show: at the grade over more than the limit, in hours where they have times, in calendar
    dates (the eighth for 7 days) where they have none. Results without value are no samples and show no recovery.
    Baseline: last before the first lymphodepletion, before the infusion where that is not recorded.
    """
    found: dict[str, list[Run]] = defaultdict(list)
    infused = subjects[subjects["day0"] <= cutoff].set_index("usubjid")
    by_test = dict(tuple(_read(labs, infused, cutoff).groupby("code")))
    for code, terms in TESTS.items():
        of_test = by_test.get(code)
        for term in terms if of_test is not None else ():
            for clause in clauses_on(term, False):
                if clause.scope == "any" or not _lasting(clause) or ctcae.reachable(term) < clause.min_grade:
                    continue
                for usubjid, run in _of_test(of_test, infused, term, clause, dlt, cutoff):
                    found[usubjid].append(run)
    return {who: tuple(found[who]) for who in infused.index if who in found}


def _lasting(clause: Clause) -> bool:
    return clause.longer_than_hours is not None or clause.not_recovered_by_day is not None


def _read(labs: pd.DataFrame, infused: pd.DataFrame, cutoff: datetime) -> pd.DataFrame:
    """Samples with a value, of blood as far as is known, of the infused, up to the cut-off; with the row's baseline."""
    blood = ~_is_any(labs["specimen"], NOT_BLOOD) & ~_is_any(labs["category"], {"URINALYSIS"})
    known = labs["value"].notna() & blood & labs["usubjid"].isin(infused.index) & ~(labs["first"] > cutoff)
    order = ["usubjid", "code", "first", "last", "value", "source_row"]
    rows = labs[known & labs["code"].isin(list(TESTS))].sort_values(order)
    rows = rows.assign(unit=rows["unit"].fillna(""))  # an INR has none, and is compared with its baseline all the same
    before = infused["lymphodepletion"].fillna(infused["day0"])
    base = rows[rows["last"] < before.reindex(rows["usubjid"]).to_numpy()].drop_duplicates(
        ["usubjid", "code"], keep="last"
    )
    base = base[["usubjid", "code", "value", "unit", "range_high"]]
    rows = rows.assign(timed=rows["last"] - rows["first"] < timedelta(hours=1))
    return rows.merge(base, "left", ["usubjid", "code"], suffixes=("", "_baseline"))


def _is_any(texts: pd.Series, names: Collection[str]) -> pd.Series:
    """Of these names, in any case: a few different texts stand in very many rows."""
    return texts.isin([one for one in texts.dropna().unique() if one.upper() in names])


def _of_test(
    rows: pd.DataFrame, infused: pd.DataFrame, term: str, clause: Clause, dlt: Dlt, cutoff: datetime
) -> Iterator[tuple[str, Run]]:
    reach = _can_reach(rows, term, clause.min_grade)
    concerned = rows["usubjid"].isin(rows.loc[reach, "usubjid"].unique())
    wanted, reach = rows[concerned], reach[concerned].tolist()
    # Columns as lists of plain objects: a frame a patient would be walked ten times as slowly.
    results = map(
        _Result._make, zip(*(wanted[name].astype(object).to_numpy() for name in _Result._fields), strict=True)
    )
    for usubjid, own in groupby(zip(results, reach, strict=True), key=lambda pair: pair[0].usubjid):
        graded = [_graded(row, term) if reaches else _below_it(row, term, clause.min_grade) for row, reaches in own]
        day0 = infused.at[usubjid, "day0"].date()
        patient = _Patient(usubjid, day0, day0 + dlt.window_days * _DAY, cutoff)
        yield from ((usubjid, run) for run in _runs(patient, graded, term, clause))


# What CTCAE 5.0 asks of grade 3 and of grade 4 at least, in absolute terms: outside the normal range or not.
_BELOW = {
    "Neutrophil count decreased": ("10^9/L", 1.0, 0.5),
    "Platelet count decreased": ("10^9/L", 50.0, 25.0),
    "Hyponatremia": ("mmol/L", 130.0, 120.0),  # grade 3 from 129 on with symptoms
    "Hypokalemia": ("mmol/L", 3.0, 2.5),
    "Hypomagnesemia": ("mmol/L", 0.4, 0.3),
    "Hypocalcemia (Ionized)": ("mmol/L", 0.9, 0.8),
    "Hypoglycemia": ("mmol/L", 2.2, 1.7),
    "Hypoalbuminemia": ("g/L", 20.0, 0.0),
}
_ABOVE = {
    "Hypernatremia": ("mmol/L", 155.0, 160.0),
    "Hyperkalemia": ("mmol/L", 6.0, 7.0),
    "Hypermagnesemia": ("mmol/L", 1.23, 3.3),
    "Hypercalcemia (Ionized)": ("mmol/L", 1.6, 1.8),
    "Hypertriglyceridemia": ("mmol/L", 5.7, 11.4),
    "Cholesterol high": ("mmol/L", 10.34, 12.92),
}


def _can_reach(rows: pd.DataFrame, term: str, minimum: int) -> pd.Series:
    """Which rows need grading at all: every one that can be at the grade. Left out, though the scale alone would not
    exclude it, is a creatinine or an INR without baseline that is normal, or below 2.5: each patient's would be."""
    if minimum < 3:
        return pd.Series(True, rows.index)
    return rows["qualifier"].notna() | _beyond(rows, term, min(minimum, 4))


def _beyond(rows: pd.DataFrame, term: str, minimum: int) -> pd.Series:
    value, high, baseline = rows["value"], rows["range_high"], rows["value_baseline"]
    other_unit = baseline.notna() & (rows["unit_baseline"] != rows["unit"])
    if term in _BELOW:
        unit, *limits = _BELOW[term]
        return (value < limits[minimum - 3]) | (rows["unit"] != unit)
    if term in _ABOVE:
        unit, *limits = _ABOVE[term]
        return (value > limits[minimum - 3]) | (rows["unit"] != unit)
    if term == "Creatinine increased":
        return other_unit | ~(
            value <= (3 * rows[["value_baseline", "range_high"]].min(axis=1)).where(baseline.notna(), high)
        )
    if term == "INR increased":
        return other_unit | ~(value <= 2.5 * baseline.fillna(1.0).clip(upper=1.0))  # 2.5, or 2.5 x baseline
    # A multiple of a limit: nothing inside its normal range is grade 3.
    return (value < rows["range_low"].fillna(math.inf)) | (value > high.fillna(-math.inf))


def _below_it(row: _Result, term: str, least: int) -> _Sample:
    """What cannot be at the grade needs no grade until it is shown as evidence."""
    return _Sample(row.first, row.last, 0, least - 1, (), row.timed, (row,), term)


def _graded(row: _Result, term: str) -> _Sample:
    ends = _ends(row, term)
    low, high = _bounds(ends, term)
    missing = tuple(dict.fromkeys(name for one in ends for name in one.missing))
    lacking = missing or (("unit",) if ends[0].high is None else ("limit",) if low < high else ())
    return _Sample(row.first, row.last, low, high, lacking, row.timed, (row,), term)


def _ends(row: _Result, term: str) -> list[Grade]:
    """Of one result, from its least to its most: "> 500" is 500 or anything above it."""
    least, most = row.value, row.value
    if row.qualifier in (">", ">="):
        most = math.inf
    elif row.qualifier in ("<", "<="):
        least = 0.0
    return [_grade(row, one, term) for one in {least, most}]


def _bounds(ends: Iterable[Grade], term: str) -> tuple[int, int]:
    known = [one for one in ends if one.low is not None and one.high is not None]
    return (min(one.low for one in known), max(one.high for one in known)) if known else (0, ctcae.reachable(term))


def _evidence(row: _Result, term: str) -> Evidence:
    ends = _ends(row, term)
    text = f"{row.qualifier if pd.notna(row.qualifier) else ''}{row.value:g} {row.unit if pd.notna(row.unit) else ''}"
    return Evidence(
        "LB", row.usubjid, row.code, row.dtc, text.strip(), *_bounds(ends, term), ends[0].scale,
        row.source_file, row.source_row,
    )  # fmt: skip


def _grade(row, value: float, term: str) -> Grade:
    same_unit = pd.notna(row.value_baseline) and row.unit == row.unit_baseline
    high = None
    if pd.notna(row.value_baseline) and pd.notna(row.range_high_baseline):
        high = bool(row.value_baseline > row.range_high_baseline)
    return ctcae.grade(
        term,
        value,
        None if pd.isna(row.unit) else row.unit,
        lln=row.range_low,
        uln=row.range_high,
        baseline=row.value_baseline if same_unit else None,
        baseline_high=high,
        anticoagulated=None,
    )


# ---- runs ------------------------------------------------------------------------------------------------------------
def _runs(patient: _Patient, graded: Iterable[_Sample], term: str, clause: Clause) -> Iterator[Run]:
    dated, vague = [], []
    for one in graded:
        (dated if pd.notna(one.first) and one.first.date() == one.last.date() else vague).append(one)
    taken: set[str] = set()
    for run, below in _unbroken(_in_order(dated), clause.min_grade):
        own = run if clause.not_recovered_by_day is not None else _since_infusion(run, clause.min_grade, patient)
        if own and _in_window(own, below, clause, patient):
            yield _told(own, below, term, clause, patient, taken)
    open_to_all = [one for one in vague if one.high >= clause.min_grade and _may_be_in(one, patient)]
    if open_to_all:
        yield _undated(open_to_all, term, clause, patient)


def _since_infusion(run: Sequence[_Sample], grade: int, patient: _Patient) -> list[_Sample]:
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


def _in_window(run: Sequence[_Sample], below: _Sample | None, clause: Clause, patient: _Patient) -> bool:
    first = run[0].first.date()
    lasts = clause.not_recovered_by_day is not None and (below is None or below.first.date() >= patient.day0)
    return first <= patient.window_end and (first >= patient.day0 or lasts)


def _may_be_in(one: _Sample, patient: _Patient) -> bool:
    if pd.isna(one.first):
        return True
    return one.first.date() <= patient.window_end and one.last.date() >= patient.day0


def _undated(some: Sequence[_Sample], term: str, clause: Clause, patient: _Patient) -> Run:
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


def _in_order(samples: Iterable[_Sample]) -> list[_Sample]:
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


def _as_one(some: Sequence[_Sample]) -> _Sample:
    if len(some) == 1:
        return some[0]
    rows, term = sorted((row for one in some for row in one.rows), key=lambda row: row.source_row), some[0].term
    graded = [_graded(row, term) for row in rows]
    low, high = min(one.low for one in graded), max(one.high for one in graded)
    lacking = max(one.lacking for one in graded) or (("moment",) if low < high else ())
    first, last = min(one.first for one in some), max(one.last for one in some)
    return _Sample(first, last, low, high, lacking, last - first < timedelta(hours=1), tuple(rows), term)


def _unbroken(samples: Sequence[_Sample], grade: int) -> Iterator[tuple[list[_Sample], _Sample | None]]:
    """Runs of samples that can be at the grade, each with the first sample after it that is below."""
    run: list[_Sample] = []
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
    run: Sequence[_Sample], below: _Sample | None, term: str, clause: Clause, patient: _Patient, taken: set[str]
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


def _values(run: Sequence[_Sample], below: _Sample | None, clause: Clause, clock: Clock | None) -> dict[str, object]:
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


def _lasted(run: Sequence[_Sample], below: _Sample | None, clause: Clause, patient: _Patient) -> Told:
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


def _sure(run: Sequence[_Sample], grade: int) -> Iterator[list[_Sample]]:
    part: list[_Sample] = []
    for one in run:
        if one.low >= grade:
            part.append(one)
        elif part:
            yield part
            part = []
    if part:
        yield part


def _shown(part: Sequence[_Sample], limit: timedelta) -> bool:
    """Samples at the grade over more than the limit."""
    first, last = part[0], part[-1]
    if not first.timed and not last.timed and limit > 3 * _DAY:
        return (last.first.date() - first.first.date() + _DAY) > limit
    return last.first - first.last > limit


def _longest(first: _Sample, ended: datetime, limit: timedelta) -> timedelta:
    """The longest time at the grade, as far as samples bound it: in calendar dates where the start has no time."""
    if not first.timed and limit > 3 * _DAY:
        return ended.date() - first.first.date() + _DAY
    return ended - first.first


def _clock(run: Sequence[_Sample], limit: timedelta, cutoff: datetime) -> Clock:
    """Where no times are known the limit is over on the date that is one more than its days."""
    first, timed = run[0], run[0].timed
    began = first.first
    if timed:
        due, day = began + limit, (cutoff - began) // _DAY
    else:
        began = datetime.combine(began.date(), datetime.min.time())
        due, day = began + limit, (cutoff.date() - began.date()).days
    return Clock(began, day, limit / timedelta(hours=1), due, timed, run[-1].first)


def _recovered(run: Sequence[_Sample], below: _Sample | None, clause: Clause, patient: _Patient) -> Told:
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
