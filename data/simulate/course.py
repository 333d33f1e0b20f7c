"""What can be said of one simulated subject: the types that the tables of the story fill."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple


@dataclass(frozen=True)
class Patient:
    """One subject's way to the infusion; trial days, None where it never came to it."""

    subjid: str
    armcd: str
    consented: int
    assigned: int | None = None  # the day ARMCD was filled in
    collected: int | None = None  # leukapheresis
    started: int | None = None  # manufacture
    released: int | None = None  # or failed
    infused: int | None = None
    fraction: float | None = None  # dose received / dose assigned


class Ending(NamedTuple):
    """How a subject's participation ended: trial day, standardised and reported disposition."""

    day: int
    decod: str
    term: str


class Traits(NamedTuple):
    age: int
    ecog: int
    subtype: str
    lines: int  # prior lines for advanced disease
    adc: str  # prior antibody-drug conjugate
    h_score: int  # Nectin-4
    ihc: int  # Nectin-4, % of tumour cells


class Product(NamedTuple):
    viability: float  # %
    transduction: float  # % CAR+ of T cells
    vcn: float  # vector copies per cell
    failed: bool = False
    reason: str = ""


class Illness(NamedTuple):
    """A line of medical history, told by day, by month or by year only."""

    term: str
    organ_class: str
    months: int  # before consent
    told: int  # characters of the date: 10 the day, 7 the month, 4 the year
    category: str = "GENERAL"


class Step(NamedTuple):
    """One row of an event: a grade from `start` to `end`, study days, both included; end None where it goes on."""

    start: int
    end: int | None
    grade: int | None
    dlt: str


@dataclass(frozen=True)
class Event:
    """An adverse event: its grades as (study day, grade) or (study day, grade, DLT flag), a row each."""

    term: str
    grades: tuple[tuple, ...]
    end: int | None
    relation: str
    serious: bool = False
    day_known: bool = True  # False: only year and month of the start were reported

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        ends = [start - 1 for start, *_ in self.grades[1:]] + [self.end]
        return tuple(
            Step(start, end, grade, *(flag or [""]))
            for (start, grade, *flag), end in zip(self.grades, ends, strict=True)
        )


class Medication(NamedTuple):
    start: int  # study day
    time: str  # "" where only the date was recorded
    end: int | None  # study day
    drug: str
    indication: str


class Support(NamedTuple):
    start: int  # study day
    end: int | None
    category: str  # OXYGEN SUPPORT or VASOPRESSOR
    device: str
    dose: float | None
    unit: str


class Note(NamedTuple):
    """A protocol deviation or a data query: study day, the text, and what it is about."""

    day: int
    text: str
    kind: str  # standardised deviation, or domain of the query
    state: str  # category of the deviation, or status of the query


class Expansion(NamedTuple):
    """Parameters of the Stein model of CAR copies in blood."""

    cmax: float  # copies/ug genomic DNA
    tmax: float  # days
    foldx: float  # Cmax over the level at time 0
    alpha: float  # 1/day, fast decline
    fb: float  # share of the slow phase
    beta: float  # 1/day, slow decline


class Lesion(NamedTuple):
    """A target lesion by scan, mm: longest diameter, of a lymph node the short axis; two readers."""

    id: str
    site: str
    investigator: tuple[float, ...]
    independent: tuple[float, ...]


class Tumour(NamedTuple):
    """The scans of one subject, the baseline first; `best` is the best response that the investigator's scans give."""

    targets: tuple[Lesion, ...] = ()
    others: tuple[
        tuple[str, str, str], ...
    ] = ()  # non-target: id, site, a letter a scan (Present, Absent, Unequivocal)
    new: tuple[tuple[str, str, int], ...] = ()  # id, site, the scan it is first seen in (0 is the baseline)
    best: str = ""  # CR, PR, SD, PD, NON-CR/NON-PD; empty where nothing was assessed yet
    confirmed: str = ""  # of CR and PR: Y, or N where no second scan has confirmed it


@dataclass(frozen=True)
class Course:
    """Everything that happens to one subject, whenever it becomes known."""

    patient: Patient
    traits: Traits
    product: Product | None = None
    ending: Ending | None = None
    history: tuple[Illness, ...] = ()
    kept: tuple[int | None, ...] = ()  # study day of each later visit, None where it was missed
    events: tuple[Event, ...] = ()
    bridging: Medication | None = None
    medication: tuple[Medication, ...] = ()
    next_therapy: Medication | None = None
    support: tuple[Support, ...] = ()
    deviations: tuple[Note, ...] = ()
    queries: tuple[Note, ...] = ()
    alt: Mapping[int, float] = field(default_factory=dict)  # study day -> U/L, where the value is written out
    unscheduled: tuple[int, ...] = ()  # study days of further blood samples
    expansion: Expansion | None = None
    tumour: Tumour = field(default_factory=Tumour)
