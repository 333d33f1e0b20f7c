"""What a draft narrative is made of: sentences with the records they cite, and the small words for days."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import pandas as pd

from clinical import dlt
from clinical.candidates import Candidate
from clinical.course import Course
from clinical.dlt import WindowState
from clinical.narrative_words import ENGLISH
from clinical.sentence import Sentence, filled
from data.protocol_base import Text


class Cite(NamedTuple):
    """A row of the store, by where it came from."""

    table: str
    source_file: str
    source_row: int


class Told(NamedTuple):
    sentence: Sentence  # of `clinical.narrative_words.ENGLISH`
    cites: tuple[Cite, ...] = ()


@dataclass(frozen=True, eq=False)
class Dossier:
    """What a narrative is told from.

    characteristics: code -> row of `queries.characteristics`, None where it is recorded of others only; a code that
    the trial does not record is no key. rows: table -> this patient's rows of it. window: of the DLT; None: there is
    none. candidates: of the DLT, of every verdict."""

    course: Course
    characteristics: Mapping[str, pd.Series | None] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Cite]] = field(default_factory=dict)
    window: WindowState | None = None
    candidates: Sequence[Candidate] = ()

    def of(self, *tables: str) -> tuple[Cite, ...]:
        return tuple(one for table in tables for one in self.rows.get(table, ()))


def cites(table: str, rows: pd.DataFrame | Iterable) -> tuple[Cite, ...]:
    """Of rows that carry their source, as a frame or as tuples."""
    every = rows.itertuples() if isinstance(rows, pd.DataFrame) else rows
    return tuple(Cite(table, one.source_file, int(one.source_row)) for one in every)


def cites_by_table(rows: pd.DataFrame) -> tuple[Cite, ...]:
    """Of rows of `queries.measurements` or `queries.interventions`."""
    return tuple(Cite(one.table, one.source_file, int(one.source_row)) for one in rows.itertuples())


# ---- words -----------------------------------------------------------------------------------------------------------
def when(moment: object, course: Course, said: object = None) -> Sentence:
    """A day since infusion; the date where there is no Day 0; `said`, as it came, where no day is known."""
    if pd.isna(moment):
        return Sentence("undated") if pd.isna(said) else Sentence("date", {"date": said})
    if course.axis is None:
        return Sentence("date", {"date": moment.date()})
    return Sentence("day", {"day": course.axis.day(moment)})


def dated(moment: date | pd.Timestamp, course: Course) -> Sentence:
    """A date with its day since infusion."""
    day = when(pd.Timestamp(moment), course)
    return Sentence("date_and_day", {"date": f"{moment:%Y-%m-%d}", "when": day}) if course.axis else day


def text_or(value: object, missing: str) -> object:
    """A text as it came, or the sentence that says that there is none."""
    return Sentence(missing) if pd.isna(value) or value == "" else value


# ---- speaking --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Quoted:
    """What another module says, within a sentence."""

    section: str  # of the tables that `speak` is given
    said: WindowState


SPOKEN: Mapping[str, Mapping[str, str]] = {"narrative": ENGLISH, "window": dlt.ENGLISH}  # English


def speak(sentence: Sentence, tables: Mapping[str, Mapping[str, str]] = SPOKEN, lang: str = "en") -> str:
    """tables: section -> its sentences, with the sections, keys and placeholders of SPOKEN."""
    told = {name: _spoken(value, tables, lang) for name, value in sentence.values.items()}  # noqa: PD011 (no frame)
    return filled(tables["narrative"][sentence.code], told)


def _spoken(value: object, tables: Mapping, lang: str) -> object:
    if isinstance(value, Sentence):
        return speak(value, tables, lang)
    if isinstance(value, Text):
        return value.in_(lang)
    if isinstance(value, Quoted):
        return value.said.say(tables[value.section])
    if isinstance(value, tuple):
        return tables["narrative"]["comma"].join(str(_spoken(one, tables, lang)) for one in value)
    return value
