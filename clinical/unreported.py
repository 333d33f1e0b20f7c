"""What may be unreported: laboratory values of grade 3 or more that no adverse event covers, a question to the site."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

import pandas as pd

from clinical.lab_grades import graded, names_of
from clinical.lab_results import Evidence
from clinical.reported import began, reported_grade
from clinical.sentence import Sentence

ENGLISH = {
    "no_event": "{term} grade {grade} from Day {first} to {last}, no adverse event",
    "lower_grade": "{term} grade {grade} from Day {first} to {last}, reported as grade {reported}",
    "ungraded_event": "{term} grade {grade} from Day {first} to {last}, reported without a grade",
    "ended_before": "{term} grade {grade} from Day {first} to {last}, the event ended on Day {ended}",
}

SEVERE = 3
_DAY = timedelta(days=1)
_RANGE = {"lln", "uln"}  # without its own range a result is not a question, or each would be


@dataclass(frozen=True)
class Unreported:
    usubjid: str
    code: str  # LBTESTCD
    term: str  # CTCAE
    said: Sentence  # of ENGLISH
    sure: bool  # False: may be grade 3 or more, `missing` would decide
    low: int
    high: int
    began: date
    last: date  # of the last sample at the grade
    scale: str
    missing: tuple[str, ...]
    uncoded: int  # adverse events of those days that nobody coded: one of them may tell it
    evidence: tuple[Evidence, ...]
    reported: tuple[tuple[str, int], ...]  # file and row of the events that tell it in part

    @property
    def key(self) -> str:
        """The same in every cut as long as the first sample of the run is."""
        return f"{self.usubjid} {self.code} {self.term} {self.began:%Y-%m-%d}"


def unreported(
    subjects: pd.DataFrame, labs: pd.DataFrame, events: pd.DataFrame, cutoff: datetime, *, version: str = "5.0"
) -> tuple[Unreported, ...]:
    """Runs of results that are, or can be, grade 3 or more from lymphodepletion on, and are not told by an event of
    that name, at that grade, to their end; by subject, term and day.

    subjects, labs, events: as the queries of these names. A run ends with a result surely below. An event tells it when
    its days meet those of the run, one day to either side: results come on the day after. White cells and lymphocytes
    are expected to fall after lymphodepletion and are never here; results without a range, unit or day are not either.
    """
    return unreported_of(graded(subjects, labs, version=version), subjects, events, cutoff)


def unreported_of(
    rows: pd.DataFrame, subjects: pd.DataFrame, events: pd.DataFrame, cutoff: datetime
) -> tuple[Unreported, ...]:
    """`unreported` of results that are graded already: as `lab_grades.graded` gives them."""
    day0 = subjects.set_index("usubjid")["day0"]
    reported = defaultdict(list)
    for row in events[~(events["aestdtc_earliest"] > cutoff)].astype(object).itertuples():
        reported[row.usubjid].append(row)
    found = []
    for run in _runs(rows[rows["first"].notna() & (rows["last"] >= rows["since"]) & (rows["first"] <= cutoff)]):
        origin = day0[run[0].usubjid]
        day = (origin if pd.notna(origin) else run[0].since).date()
        found += _asked(run, reported[run[0].usubjid], day)
    return tuple(found)


def _runs(rows: pd.DataFrame) -> Iterator[list]:
    severe = rows["high"].fillna(0) >= SEVERE
    judged = rows[rows["high"].notna() & (~severe | (rows["low"] >= SEVERE) | _beyond_range(rows))]
    several = judged.groupby(["usubjid", "term"])["high"].transform("max") >= SEVERE
    for _, own in groupby(judged[several].itertuples(), key=lambda row: (row.usubjid, row.term)):
        for at, run in groupby(own, key=lambda row: row.high >= SEVERE):
            if at:
                yield list(run)


def _beyond_range(rows: pd.DataFrame) -> pd.Series:
    """Outside its own range, where that is known: a normal value is not severe whatever the baseline was."""
    known = ~rows["missing"].map(lambda names: bool(_RANGE & set(names)))
    return known & ((rows["value"] > rows["range_high"]) | (rows["value"] < rows["range_low"]))


def _asked(run: Sequence, events: Sequence, day0: date) -> Iterator[Unreported]:
    first, last = run[0].first.date(), run[-1].last.date()
    names = names_of(run[0].code, run[0].term)
    meets = [row for row in events if _meets(row, first, last)]
    own = [row for row in meets if (row.aeterm if pd.isna(row.aedecod) else row.aedecod).casefold() in names]
    low, high = max(row.low for row in run), max(row.high for row in run)
    code, more = _verdict(own, max(low, SEVERE), last)
    if not code:
        return
    if "ended" in more:
        more = {"ended": (more["ended"] - day0).days}
    values = {"term": run[0].term, "grade": f"{low}" if low == high else f"{low}–{high}"}
    days = {"first": (first - day0).days, "last": (last - day0).days}
    yield Unreported(
        usubjid=run[0].usubjid,
        code=run[0].code,
        term=run[0].term,
        said=Sentence(code, values | days | more),
        sure=low >= SEVERE,
        low=low,
        high=high,
        began=first,
        last=last,
        scale=run[0].scale,
        missing=tuple(dict.fromkeys(name for row in run for name in row.missing)),
        uncoded=sum(pd.isna(row.aedecod) and row not in own for row in meets),
        evidence=tuple(_evidence(row) for row in run),
        reported=tuple((row.source_file, row.source_row) for row in own),
    )


def _meets(row, first: date, last: date) -> bool:
    return began(row)[0] <= last + _DAY and _last_day(row) >= first - _DAY


def _last_day(row) -> date:
    return date.max if pd.isna(row.aeendtc_latest) else row.aeendtc_latest.date()


def _verdict(own: list, grade: int, last: date) -> tuple[str, dict[str, object]]:
    """Why the events do not tell the run, "" where they do."""
    if not own:
        return "no_event", {}
    grades = [reported_grade(row) for row in own]
    if all(one is None or one < grade for one in grades):
        known = [one for one in grades if one is not None]
        return ("lower_grade", {"reported": max(known)}) if None not in grades else ("ungraded_event", {})
    ended = max(_last_day(row) for row in own)
    return ("", {}) if ended >= last - _DAY else ("ended_before", {"ended": ended})


def _evidence(row) -> Evidence:
    sign = row.qualifier if isinstance(row.qualifier, str) else ""
    value = f"{sign}{row.value:g} {row.unit}".strip()
    return Evidence(
        "LB", row.usubjid, row.code, row.dtc, value, row.low, row.high, row.scale, row.source_file, row.source_row
    )  # fmt: skip
