"""What a draft narrative tells of adverse events: CRS and ICANS with their treatment, then the others by weight."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from clinical.course import Course
from clinical.derived import Derived
from clinical.narrative_findings import HIGH, drugs
from clinical.narrative_told import Cite, Dossier, Told, cites, cites_by_table, text_or, when
from clinical.reported import OVER, event_key, reported_grade
from clinical.sentence import Sentence

KINDS = {"crs": "CRS", "icans": "ICANS"}  # group of the protocol's [[aesi]] -> its name
SEVERE = "SEVERE"  # of AESEV
# What is given for them, by the table that holds it.
TREATMENTS = {
    "medication": ("tocilizumab", "siltuximab", "anakinra", "steroid", "antipyretic"),
    "support": ("vasopressor", "oxygen"),
}


@dataclass(frozen=True, eq=False)
class Event:
    """The rows of one adverse event, by onset; of a grade each where the grade changed."""

    rows: Sequence

    @property
    def name(self) -> str:
        return self.first.aeterm if pd.isna(self.first.aedecod) else self.first.aedecod

    @property
    def first(self):
        return self.rows[0]

    @property
    def last(self):
        return self.rows[-1]

    @property
    def grade(self) -> int | None:
        """The highest that is recorded."""
        return max((one for one in map(reported_grade, self.rows) if one is not None), default=None)

    @property
    def weighs(self) -> bool:
        """Serious, fatal or dose-limiting, or said to be so by anybody."""
        return any(one.aeser == "Y" or one.aedlt in ("Y", "U") or reported_grade(one) == 5 for one in self.rows)

    @property
    def is_severe(self) -> bool:
        """Called so by anybody; the word is not turned into a grade."""
        return any(one.aesev == SEVERE for one in self.rows)

    @property
    def cites(self) -> tuple[Cite, ...]:
        return cites("adverse_event", self.rows)


def of_course(course: Course) -> list[Event]:
    """The events by onset, undated ones last."""
    found = defaultdict(list)
    for row in course.events.sort_values(["aestdtc_earliest", "aeseq"]).astype(object).itertuples():
        found[event_key(row)].append(row)
    return [Event(rows) for rows in found.values()]


# ---- CRS and ICANS ---------------------------------------------------------------------------------------------------
def toxicities(dossier: Dossier) -> Iterator[Told]:
    course = dossier.course
    if course.axis is None:
        return
    for kind, name in KINDS.items():
        if terms := _terms(course, kind):
            found = [one for one in of_course(course) if one.name.casefold() in terms]
            if not found:
                yield Told(Sentence("tox_none", {"name": name}))
            for one in found:
                yield _event(one, name, course)
                yield from _treatment(one, course)
            yield from _derived(course.derived(kind), name, course)


def _terms(course: Course, kind: str) -> set[str]:
    return {term.casefold() for one in course.protocol.aesi if one.id == kind for term in one.terms}


def _treatment(event: Event, course: Course) -> Iterator[Told]:
    """What was given from the onset to the end, whatever for; apart, what was perhaps: a day that nobody wrote, or no
    end. Of what the files record none of, nothing is known."""
    rows = course.given[course.given["kind"].isin([kind for some in TREATMENTS.values() for kind in some])]
    surely, perhaps = _meanwhile(rows, event, course.known_to)
    for code, some in (("given", rows[surely]), ("given_perhaps", rows[perhaps & ~surely])):
        if len(some):
            yield Told(Sentence(code, {"drugs": drugs(some, course)}), cites_by_table(some))
    given = set(rows.loc[surely | perhaps, "kind"])
    for table, kinds in TREATMENTS.items():
        if table not in course.recorded:
            yield Told(Sentence(f"{table}_unknown"))
        elif not given & {*kinds}:
            yield Told(Sentence(f"no_{table}"))


def _meanwhile(rows: pd.DataFrame, event: Event, known_to: datetime) -> tuple[pd.Series, pd.Series]:
    """Which rows share a calendar day with the event for sure, and which can."""
    began, ended = (event.first.aestdtc_earliest, event.first.aestdtc_latest), _ends(event, known_to)
    first, last = rows["first"].dt.normalize(), rows["last"].dt.normalize()
    over = rows["end_first"].fillna(rows["first"]).dt.normalize()
    surely = (last <= ended[0]) & (over >= _day(began[1]))  # a comparison with what is not known is false
    perhaps = ~(first > ended[1]) & ~(rows["end_last"].dt.normalize() < _day(began[0]))
    return surely, perhaps


def _ends(event: Event, known_to: datetime) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last moment at which it can have ended, or until which it is known to go on."""
    last = event.last
    if pd.notna(last.aeendtc_earliest):
        return last.aeendtc_earliest, last.aeendtc_latest
    until = pd.Timestamp(known_to)
    return (last.aestdtc_earliest, until) if last.aeout in OVER else (until, until)


def _day(moment: pd.Timestamp) -> pd.Timestamp:
    return moment if pd.isna(moment) else moment.normalize()


def _derived(found: Derived | None, name: str, course: Course) -> Iterator[Told]:
    """By the scale, from the first assessment at the highest grade that is sure, and at the highest that can be."""
    if found is None:
        return
    values, peak = {"name": name, "scale": found.scale}, found.peak
    if peak is None:
        yield Told(Sentence("not_derived", values))
        return
    values |= {
        "low": peak.low,
        "when": when(peak.first, course),
        "last": when(found.assessments["first"].max(), course),
    }
    worst = max((one for one in found.steps if one.high is not None), key=lambda one: (one.high, -one.start))
    if worst.high > peak.low:
        values |= {"high": worst.high, "possibly": when(worst.first, course)}
        yield Told(Sentence("derived_open", values), _bedside(course, peak.first, worst.first))
    else:
        yield Told(Sentence("derived" if peak.low else "derived_zero", values), _bedside(course, peak.first))


def _bedside(course: Course, *moments: pd.Timestamp) -> tuple[Cite, ...]:
    rows = course.measured
    return cites_by_table(rows[rows["first"].isin(moments) & rows["table"].isin(_BEDSIDE)])


_BEDSIDE = ("vital_sign", "ice")


# ---- the others ------------------------------------------------------------------------------------------------------
def events(dossier: Dossier) -> Iterator[Told]:
    course = dossier.course
    every = of_course(course)
    if not every:
        yield Told(Sentence("no_events"))
        yield from _others_unknown(course)
        return
    told = {term for kind in KINDS for term in _terms(course, kind)} if course.axis else set()
    others = [one for one in every if one.name.casefold() not in told]
    heavy = [one for one in others if one.weighs]
    yield from (_event(one, one.name, course) for one in heavy)
    yield from _by_grade([one for one in others if not one.weighs], course)


def _by_grade(others: Sequence[Event], course: Course) -> Iterator[Told]:
    high = [one for one in others if (one.grade or 0) >= HIGH]
    low = [one for one in others if one.grade is not None and one.grade < HIGH]
    ungraded = [one for one in others if one.grade is None]
    if high:
        yield Told(Sentence("high", {"scale": _scale(high, course), "events": _named(high, course)}), _of(high))
    elif _special_alone(course):
        yield from _others_unknown(course)
    elif course.protocol.adverse_events.grade_scale:
        yield Told(Sentence("no_high"))
    if severe := [one for one in ungraded if one.is_severe]:
        yield Told(Sentence("severe", {"events": _named(severe, course)}), _of(severe))
    for code, some in (("rest", low), ("rest_ungraded", [one for one in ungraded if not one.is_severe])):
        if some:
            yield Told(Sentence(code, {"count": len(some)}), _of(some))


def _named(some: Sequence[Event], course: Course) -> tuple[Sentence, ...]:
    return tuple(Sentence("high_event", {"name": one.name, "grades": _grades(one, course)}) for one in some)


def _special_alone(course: Course) -> tuple[str, ...]:
    """The terms of the trial's events where all are of special interest: its files are silent of any other then."""
    special = {term.casefold() for one in course.protocol.aesi for term in one.terms}
    known = {one for one in course.event_terms if one.casefold() in special}
    return tuple(sorted(known)) if known == course.event_terms else ()


def _others_unknown(course: Course) -> Iterator[Told]:
    if known := _special_alone(course):
        yield Told(Sentence("special_alone", {"terms": known}))


def _of(some: Sequence[Event]) -> tuple[Cite, ...]:
    return tuple(cite for one in some for cite in one.cites)


# ---- one event -------------------------------------------------------------------------------------------------------
def _event(event: Event, name: str, course: Course) -> Told:
    values = {
        "name": name,
        "grades": _grades(event, course),
        "scale": _scale((event,), course),
        "end": _ending(event, course),
        "outcome": text_or(event.last.aeout, "outcome_missing"),
        "relation": _relation(event),
        "seriousness": _seriousness(event),
    }
    if course.protocol.dlt is None:
        return Told(Sentence("event_plain", values), event.cites)
    return Told(Sentence("event", values | {"dlt": _dlt(event)}), event.cites)


def _grades(event: Event, course: Course) -> tuple[Sentence, ...]:
    return tuple(_graded(one, course) for one in event.rows)


def _graded(row, course: Course) -> Sentence:
    grade, day = reported_grade(row), when(row.aestdtc_earliest, course, row.aestdtc)
    if grade is not None and course.protocol.adverse_events.scale_of(row.aedecod if pd.notna(row.aedecod) else ""):
        return Sentence("graded", {"grade": grade, "when": day})
    if pd.notna(row.aesev):
        return Sentence("severity", {"severity": row.aesev, "when": day})
    return Sentence("ungraded", {"when": day})


def _scale(some: Sequence[Event], course: Course) -> Sentence:
    scale = ", ".join(dict.fromkeys(course.protocol.adverse_events.scale_of(one.name) for one in some))
    return Sentence("scale", {"scale": scale}) if scale else Sentence("no_scale")


def _ending(event: Event, course: Course) -> Sentence:
    if pd.notna(event.last.aeendtc):
        return Sentence("ended", {"when": when(event.last.aeendtc_earliest, course, event.last.aeendtc)})
    if event.last.aeout in OVER:
        return Sentence("end_unknown")
    return Sentence("no_end" if course.ends_recorded else "ends_not_recorded")


def _relation(event: Event) -> object:
    """As the investigator wrote it; every word where the rows differ."""
    said = list(dict.fromkeys(one.aerel for one in event.rows if pd.notna(one.aerel)))
    return tuple(said) if said else Sentence("relation_missing")


def _seriousness(event: Event) -> Sentence:
    said = {one.aeser for one in event.rows}
    if "Y" in said:
        return Sentence("serious")
    return Sentence("not_serious") if said == {"N"} else Sentence("seriousness_missing")


def _dlt(event: Event) -> Sentence:
    said = {one.aedlt for one in event.rows}
    return Sentence(next((f"dlt_{one.lower()}" for one in ("Y", "U", "N") if one in said), "dlt_none"))
