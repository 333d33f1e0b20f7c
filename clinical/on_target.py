"""The organs where the target of the cells is expressed, or that the trial watches as such: which events and which
examinations tell of each."""

from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from clinical.course import Course
from clinical.episodes import Episode, of_terms
from clinical.lab_grades import is_blood


@dataclass(frozen=True)
class Organ:
    """id: of the protocol's [[on_target]]; group: of its events of special interest, where it has no terms of its own.
    table, code, place: the examination in the terms of CDISC; "" none that is known by a code."""

    id: str
    group: str = ""
    table: str = ""
    code: str = ""
    place: str = ""


ORGANS = (
    Organ("skin", "skin", table="vital_sign", code="BSARASH", place="SKIN"),
    Organ("eye", "ocular", table="vital_sign", code="SCHIRMER", place="EYE"),
    Organ("lung", "pulmonary"),
    Organ("urinary"),
    Organ("glucose", "hyperglycaemia", table="lab", code="GLUC"),
    Organ("neuropathy", "neuropathy"),
)
TABLES = tuple(dict.fromkeys(one.table for one in ORGANS if one.table))
CODES = tuple(one.code for one in ORGANS if one.code)


def watched(course: Course) -> tuple[Organ, ...]:
    """The organs of which the trial can tell: by terms or a group of its protocol, or an examination in its files; none
    where its protocol names events of no such organ, as its cells have another target."""
    if not any(_followed(course, one) for one in ORGANS):
        return ()
    return tuple(one for one in ORGANS if _followed(course, one) or one.code in course.examined)


def not_followed(course: Course) -> tuple[Organ, ...]:
    """The other organs, of a trial that watches any: what happens to them is in no row."""
    watching = watched(course)
    return tuple(one for one in ORGANS if watching and one not in watching)


def uncoded(course: Course) -> int:
    """How many events have no preferred term, so that nobody knows of which organ they are."""
    return sum(not one.coded for one in course.episodes)


def _followed(course: Course, organ: Organ) -> bool:
    return bool(_terms(course, organ)) or organ.group in {one.id for one in course.protocol.aesi}


def _terms(course: Course, organ: Organ) -> tuple[str, ...]:
    return next((one.terms for one in course.protocol.on_target if one.id == organ.id), ())


def episodes_of(course: Course, organ: Organ) -> tuple[Episode, ...]:
    terms = _terms(course, organ)
    return of_terms(course.episodes, terms) if terms else course.of_interest(organ.group)


@lru_cache(maxsize=256)
def examinations(course: Course, organ: Organ) -> pd.DataFrame:
    """Rows of `Course.measured`: every examination of the organ that took place, whether or not it has a number."""
    rows = course.measured
    own = rows[(rows["table"] == organ.table) & (rows["code"] == organ.code) & is_blood(rows)]
    own = own[own["place"].isna() | (own["place"].str.upper() == organ.place)] if organ.place else own
    return own[own["not_done"].isna() & (own["value"].notna() | own["text"].notna())]


def above_alert(course: Course, rows: pd.DataFrame, code: str) -> pd.DataFrame:
    """The results that are surely above a limit at which the protocol alerts by the result itself. A limit from below
    is another question; a result in another unit, or below a limit of its own, cannot be told to be above."""
    sure = rows[rows["qualifier"].isna() | rows["qualifier"].isin([">", ">="])]
    found = [_beyond(sure, one) for one in course.protocol.alerts if one.code == code and not one.together_with]
    return sure[pd.concat(found, axis=1).any(axis=1)] if found else rows.iloc[:0]


def _beyond(rows: pd.DataFrame, alert) -> pd.Series:
    if alert.above is not None:
        reached = (rows["value"] > alert.above) | ((rows["value"] == alert.above) & (rows["qualifier"] == ">"))
    else:
        reached = rows["value"] >= (float("inf") if alert.at_least is None else alert.at_least)
    return reached & (rows["unit"] == alert.unit)
