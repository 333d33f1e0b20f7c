"""Sections of a protocol file on adverse events: alerts, toxicity scales, causality, populations, special interest."""

from typing import Literal

from pydantic import Field, model_validator

from data.protocol_base import Days, Grade, Section, Text, Upper, unique


class Alert(Section):
    """One criterion: a limit, a ratio to the lowest or a drop from the highest value before, a grade, or what is new.

    within_hours: how far back a ratio looks, how near another rule (`together_with`) must be met. slack_hours: how much
    further a ratio looks, as the hour of day at which a sample is drawn differs; 0 is strict. min_grade of events holds
    for all `groups` but those, and those terms, that alert in any grade.
    """

    id: str
    text: Text
    table: str
    code: str = ""
    codes: tuple[str, ...] = ()
    unit: str = ""
    at_least: float | None = None
    above: float | None = None
    below: float | None = None
    ratio: float | None = None
    drop: float | None = None
    new: bool = False
    within_hours: float | None = None
    slack_hours: float = Field(default=0, ge=0, le=24)
    together_with: str = ""
    groups: tuple[str, ...] = ()
    min_grade: Grade | None = None
    any_grade_groups: tuple[str, ...] = ()
    any_grade_terms: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_criterion(self) -> "Alert":
        asked = (self.at_least, self.above, self.below, self.ratio, self.drop, self.min_grade, self.new or None)
        if sum(one is not None for one in asked) != 1:
            raise ValueError(f"alert {self.id}: exactly one of at_least, above, below, ratio, drop, min_grade, new")
        if {self.code, *self.codes} & {"WBC", "LYM"}:
            raise ValueError(f"alert {self.id}: white cells and lymphocytes are expected to fall, and never alert")
        if (self.ratio is not None or self.together_with) and self.within_hours is None:
            raise ValueError(f"alert {self.id}: `ratio` and `together_with` need `within_hours`")
        if self.slack_hours and self.ratio is None:
            raise ValueError(f"alert {self.id}: `slack_hours` widens the window of a `ratio`, and there is none")
        return self


class Toxicity(Section):
    """How CRS, ICANS and IEC-HS are read from what is measured."""

    systolic_below: float = Field(gt=0, le=200)  # mmHg: hypotension
    assessment_hours: float = Field(gt=0, le=24)  # measurements so near are one assessment
    assessed_hours: float = Field(default=12, gt=0, le=168)  # so long an assessment tells of a patient
    gap_hours: float = Field(gt=0, le=720)  # so long after the last sign another one begins a new episode
    findings_by_exception: bool  # seizures, weakness, brain oedema: what no adverse event tells was not there


class Causality(Section):
    related: tuple[Upper, ...]
    unlikely: tuple[Upper, ...] = ()
    unrelated: tuple[Upper, ...]
    cannot_be_judged: tuple[Upper, ...] = ()

    @model_validator(mode="after")
    def _one_meaning(self) -> "Causality":
        words = [*self.related, *self.unlikely, *self.unrelated, *self.cannot_be_judged]
        unique("a word has one class", words)
        return self

    def of(self, word: str) -> str:
        """The class of a causality word, "" for a blank; KeyError for a word the file does not map."""
        word = word.strip().upper()
        if not word:
            return ""
        for name in ("related", "unlikely", "unrelated", "cannot_be_judged"):
            if word in getattr(self, name):
                return name
        raise KeyError(word)


class Window(Section):
    id: str
    label: Text
    from_: Literal["consent", "lymphodepletion", "infusion"] = Field(alias="from")
    to_day: Days | None = None


class Scale(Section):
    """Events that are graded by a scale of their own."""

    scale: str = Field(min_length=1)
    terms: tuple[str, ...] = Field(min_length=1)


class AdverseEvents(Section):
    grade_scale: str = ""  # empty: this trial records no toxicity grade
    scales: tuple[Scale, ...] = ()  # of the terms that are graded by another one
    grades: dict[Upper, Grade] = Field(default_factory=dict)  # words for grades; a plain number needs none
    causality: Causality
    windows: tuple[Window, ...] = Field(min_length=1)

    def scale_of(self, term: str) -> str:
        """By which scale an event of that preferred term is graded."""
        named = term.casefold()
        own = (one.scale for one in self.scales if named in {each.casefold() for each in one.terms})
        return next(own, self.grade_scale)

    @property
    def ctcae_version(self) -> str:
        """By which laboratory values are graded: the protocol's, 5.0 where it grades by another scale or by none."""
        name, _, version = self.grade_scale.partition(" ")
        return version if name == "CTCAE" and version in ("5.0", "6.0") else "5.0"


class Population(Section):
    id: str
    label: Text
    step: Literal["consented", "leukapheresed", "lymphodepleted", "infused", "dlt_evaluable"]


class Aesi(Section):
    id: str
    label: Text
    codes: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    min_grade: Grade | None = None
    any_grade_terms: tuple[str, ...] = ()
    onset_days: tuple[int, int] | None = None
    persists_after_day: Days | None = None


class OnTarget(Section):
    """Which events are of an organ that expresses the target of the cells, instead of a group of special interest."""

    id: Literal["skin", "eye", "lung", "urinary", "glucose", "neuropathy"]
    terms: tuple[str, ...] = Field(min_length=1)
