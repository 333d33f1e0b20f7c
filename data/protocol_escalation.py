"""Sections of a protocol file on the trial itself, its dose levels, what is a DLT, and what pauses it."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from data.protocol_base import Days, Fraction, Grade, Section, Text, Upper, unique


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone such as Asia/Shanghai")
    return name


class LongTerm(Section):
    value: int = Field(ge=0, le=30)


class Trial(Section):
    id: str = Field(min_length=1)
    title: Text
    version: str
    timezone: Annotated[str, AfterValidator(_known_zone)]
    follow_up_days: Days
    long_term_follow_up_years: LongTerm | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Day0(Section):
    treatments: tuple[Upper, ...] = Field(min_length=1)
    infusions: Literal["one", "first"]


class Lymphodepletion(Section):
    treatments: tuple[Upper, ...] = ()
    days_before_infusion: Days = 0


class Level(Section):
    """One cohort: the values of the cohort column that mean it, and its dose where it is a dose level."""

    id: str
    values: tuple[str, ...] = Field(min_length=1)
    label: Text
    level: int | None = None
    dose: float | None = Field(default=None, gt=0)
    unit: str = ""

    @model_validator(mode="after")
    def _dose_has_unit(self) -> "Level":
        if (self.level is None) != (self.dose is None) or (self.dose is not None and not self.unit):
            raise ValueError("a dose level needs `level`, `dose` and `unit` together")
        return self


class Cohort(Section):
    column: Literal["armcd", "arm", "actarmcd", "actarm"]
    not_assigned: tuple[str, ...] = ("",)
    levels: tuple[Level, ...] = Field(min_length=1)

    def of(self, value: str) -> Level | None:
        """The cohort that a value of the cohort column means; KeyError for a value the file does not name."""
        for level in self.levels:
            if value in level.values:
                return level
        if value in self.not_assigned:
            return None
        raise KeyError(value)


class Flag(Section):
    qnam: str
    yes: tuple[str, ...] = Field(min_length=1)
    no: tuple[str, ...]

    @model_validator(mode="after")
    def _one_meaning(self) -> "Flag":
        unique("yes and no", [*self.yes, *self.no])
        return self


class Evaluability(Section):
    min_dose_fraction: Fraction
    max_dose_fraction: Fraction

    @model_validator(mode="after")
    def _in_order(self) -> "Evaluability":
        if self.min_dose_fraction >= self.max_dose_fraction:
            raise ValueError("min_dose_fraction must be below max_dose_fraction")
        return self


class Escalation(Section):
    variant: Literal["no_deescalation", "deescalation", "six_at_mtd"]
    cohort_size: int = Field(ge=1, le=12)
    expanded_size: int = Field(ge=2, le=24)
    sentinel_gap_days: Days
    stagger_days: Days
    concurrent_cohorts: Literal[False]  # two levels that enrol at the same time are not computed


class Haematologic(Section):
    terms: tuple[str, ...]
    never_candidates: tuple[str, ...]


class Clause(Section):
    """One line of the DLT definition. scope "other_nonhaematologic": every other term that is not haematologic."""

    id: str
    text: Text
    scope: Literal["any", "terms", "other_nonhaematologic"]
    terms: tuple[str, ...] = ()
    except_: tuple[str, ...] = Field(default=(), alias="except")
    min_grade: Grade
    longer_than_hours: float | None = Field(default=None, gt=0)
    not_recovered_by_day: Days | None = None

    @model_validator(mode="after")
    def _terms_where_named(self) -> "Clause":
        if (self.scope == "terms") != bool(self.terms):
            raise ValueError('`terms` goes with scope = "terms", and only with it')
        return self


class Scenario(Section):
    """True DLT rates, one a dose level, at which the design is looked at."""

    id: str
    text: Text
    rates: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(min_length=1)


class Models(Section):
    """The designs that are shown beside the rule."""

    target: float = Field(gt=0.05, le=0.6)  # DLT rate
    skeleton: tuple[Annotated[float, Field(gt=0, lt=1)], ...]  # prior guess of the rate at each dose level, rising
    prior_sd: float = Field(gt=0, le=10)  # of the CRM's parameter
    beta: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]  # prior of the rate at one level
    scenarios: tuple[Scenario, ...] = ()

    @model_validator(mode="after")
    def _rising(self) -> "Models":
        if list(self.skeleton) != sorted(set(self.skeleton)):
            raise ValueError("skeleton must rise from level to level")
        unique("scenarios", [one.id for one in self.scenarios])
        return self


class Dlt(Section):
    window_days: int = Field(ge=1, le=365)
    flag: Flag
    evaluability: Evaluability
    escalation: Escalation
    dose_units: dict[str, Annotated[float, Field(gt=0)]]
    haematologic: Haematologic
    clauses: tuple[Clause, ...] = Field(min_length=1)
    models: Models | None = None


class PauseRule(Section):
    id: str
    text: Text
    kind: Literal["death", "event"]
    related: bool | None = None
    within_days: Days | None = None
    terms: tuple[str, ...] = ()
    min_grade: Grade | None = None
    subjects: int = Field(ge=1)
