"""The protocol file as typed settings: what a trial decides, read once, checked, and never guessed.

A file that does not fit raises `ProtocolError`, which names the file, the key and what was expected. What the public
registration does not settle carries `assumed = true` and every screen that uses it says so.
"""

import hashlib
import tomllib
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

FOLDER = Path(__file__).with_name("protocols")


class ProtocolError(ValueError):
    """The protocol file does not fit; the text is for the person who wrote it."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    assumed: bool = False  # not settled by the registration: shown as "assumed"
    source: str = ""


class Text(BaseModel):
    """One text in the two languages of the screens."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    en: str
    zh: str

    def in_(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone such as Asia/Shanghai")
    return name


Fraction = Annotated[float, Field(gt=0, le=2)]
Days = Annotated[int, Field(ge=0, le=36_600)]
Grade = Annotated[int, Field(ge=1, le=5)]
Upper = Annotated[str, AfterValidator(str.upper)]


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
        _unique("yes and no", [*self.yes, *self.no])
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
        _unique("scenarios", [one.id for one in self.scenarios])
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
        _unique("a word has one class", words)
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
    grades: dict[Upper, Grade] = {}  # words for grades; a plain number needs none
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


class Period(Section):
    id: str
    label: Text


class Visit(Section):
    """label: its name on the screens, in the data it has that of `visit`; without one it has that everywhere."""

    visitnum: float
    visit: str
    label: Text | None = None
    period: str
    anchor: Literal["consent", "leukapheresis", "lymphodepletion", "infusion"]
    day: int
    window: tuple[Days, Days]
    samples: tuple[str, ...] = ()
    every_days: Days | None = None


class Analyte(Section):
    """What the screens of measurements show. panel: the table of the store that holds it (inflammation: lab)."""

    code: Upper
    panel: Literal["cytokine", "inflammation", "kinetics", "flow"]
    label: Text
    unit: str
    lloq: float | None = Field(default=None, ge=0)
    uloq: float | None = Field(default=None, gt=0)


class Envelope(Section):
    """Between which values a count is expected to lie on some days since the infusion, by a published `source`."""

    code: Upper
    unit: str
    days: tuple[int, ...] = Field(min_length=2)
    low: tuple[Annotated[float, Field(ge=0)], ...]
    high: tuple[Annotated[float, Field(ge=0)], ...]

    @model_validator(mode="after")
    def _sourced_and_in_order(self) -> "Envelope":
        if not self.source.strip():
            raise ValueError(
                f"envelope of {self.code}: `source` says where it was published; without one none is drawn"
            )
        if list(self.days) != sorted(set(self.days)) or not len(self.days) == len(self.low) == len(self.high):
            raise ValueError(f"envelope of {self.code}: `days` rise, with a `low` and a `high` for each")
        if any(low > high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError(f"envelope of {self.code}: `low` must not exceed `high`")
        return self


class Kinetics(Section):
    """The one assay that the kinetic endpoints rest on; every other series is shown beside it."""

    table: Literal["kinetics", "flow"]
    code: Upper
    unit: str
    specimens: tuple[Upper, ...] = Field(min_length=1)
    methods: tuple[Upper, ...] = ()  # none: any
    areas: tuple[Annotated[int, Field(ge=1, le=365)], ...] = Field(min_length=1)  # AUC from Day 0 to each of these
    provisional_days: Days = 14  # a maximum is final when so many days were seen and a later sample is lower


class Peak(Section):
    """A peak that is set against the outcomes: the highest value of an analyte after the infusion."""

    id: str
    code: Upper
    label: Text
    until: tuple[Upper, ...] = ()  # the first dose of any of these ends the search


class Associations(Section):
    """Peaks x outcomes: the family over which p-values are adjusted, whatever is on display."""

    to_day: int = Field(ge=1, le=365)
    peaks: tuple[Peak, ...] = Field(min_length=1)
    outcomes: tuple[Literal["change", "response", "crs", "cmax", "auc"], ...] = Field(min_length=1)


class Response(Section):
    criteria: str
    confirm_days: Days
    sd_min_days: Days
    evaluator: str
    best_code: Upper = ""  # RSTESTCD of the best response where the files give it; empty: worked out from OVRLRESP
    responders: tuple[Upper, ...] = ("CR", "PR")


class Source(Section):
    table: str
    domain: Upper
    where: dict[str, tuple[str, ...]] = {}


class Protocol(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1]
    trial: Trial
    day0: Day0
    lymphodepletion: Lymphodepletion = Lymphodepletion()
    cohort: Cohort
    dlt: Dlt | None = None
    pause_rules: tuple[PauseRule, ...] = ()
    toxicity: Toxicity | None = None
    alerts: tuple[Alert, ...] = ()
    adverse_events: AdverseEvents
    populations: tuple[Population, ...] = Field(min_length=1)
    aesi: tuple[Aesi, ...] = ()
    on_target: tuple[OnTarget, ...] = ()
    periods: tuple[Period, ...] = ()
    visits: tuple[Visit, ...] = ()
    analytes: tuple[Analyte, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    kinetics: Kinetics | None = None
    associations: Associations | None = None
    response: Response | None = None
    sources: tuple[Source, ...] = ()
    text: str = Field(exclude=True, repr=False)  # the file itself: it travels inside every cut
    left_out: tuple[str, ...] = Field((), exclude=True)  # alerts of a cut's own file that cannot be evaluated

    @cached_property
    def hash(self) -> str:
        """Identity of the protocol: sha256 of the file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def dose_levels(self) -> tuple[Level, ...]:
        """The dose levels, lowest first; none in a trial without dose escalation."""
        return tuple(sorted((one for one in self.cohort.levels if one.level is not None), key=lambda one: one.level))

    def days_before(self, day: int) -> int:
        """How many days before study day `day` its visit may take place; 0 where no visit is planned on that day."""
        planned = [one for one in self.visits if one.anchor == "infusion" and one.day == day]
        return planned[0].window[0] if planned else 0

    def visit_in(self, visit: str, lang: str) -> str:
        """The name of a visit in the reader's language; as it is in the data where the schedule gives no other."""
        label = self._visit_labels.get(visit.strip().upper())
        return label.in_(lang) if label else visit

    @cached_property
    def _visit_labels(self) -> dict[str, Text]:
        return {one.visit.strip().upper(): one.label for one in self.visits if one.label}

    def panel(self, *names: str) -> tuple[Analyte, ...]:
        return tuple(one for one in self.analytes if one.panel in names)

    def scale_of_group(self, name: str) -> str:
        """By which scale the event is graded that gives a group of special interest its name, its first term."""
        term = next((one.terms[0] for one in self.aesi if one.id == name and one.terms), "")
        return self.adverse_events.scale_of(term)

    def level(self, cohort: str) -> Level:
        return next(one for one in self.cohort.levels if one.id == cohort)

    def place(self, cohort: str | None) -> int | None:
        """What gives a cohort its colour on every screen: its dose level, or its place in the file."""
        for number, one in enumerate(self.cohort.levels, start=1):
            if one.id == cohort:
                return number if one.level is None else one.level
        return None

    def assumed(self) -> Iterator[str]:
        """The keys of every section marked assumed, such as "dlt.escalation"."""
        return _assumed(self, "")

    @model_validator(mode="after")
    def _coherent(self) -> "Protocol":
        _unique("cohort.levels", [one.id for one in self.cohort.levels])
        values = [value for one in self.cohort.levels for value in one.values]
        _unique("cohort.levels (values), cohort.not_assigned", [*values, *self.cohort.not_assigned])
        _unique("cohort.levels (level)", [one.level for one in self.dose_levels])
        for name in ("aesi", "on_target", "populations", "alerts", "pause_rules", "periods"):
            _unique(name, [one.id for one in getattr(self, name)])
        _unique("adverse_events.windows", [one.id for one in self.adverse_events.windows])
        doses = [one.dose for one in self.dose_levels]
        if doses != sorted(set(doses)):
            raise ValueError("cohort.levels: the dose must rise from each `level` to the next")
        _unique("visits (visitnum)", [one.visitnum for one in self.visits])
        _unique("analytes (code)", [one.code for one in self.analytes])
        _unique("envelopes (code)", [one.code for one in self.envelopes])
        if self.associations:
            _unique("associations.peaks", [one.id for one in self.associations.peaks])
            unknown = {one.code for one in self.associations.peaks} - {one.code for one in self.analytes}
            if unknown:
                raise ValueError(f"associations.peaks name analytes that are not defined: {', '.join(sorted(unknown))}")
        unknown = {one.period for one in self.visits} - {one.id for one in self.periods}
        if unknown:
            raise ValueError(f"visits name periods that [[periods]] does not define: {', '.join(sorted(unknown))}")
        if bool(self.dose_levels) != (self.dlt is not None):
            raise ValueError("[dlt] and dose levels (`level`, `dose`) go together: one is there without the other")
        self._alerts_know_each_other()
        self._a_rate_for_each_level()
        self._scan_before_stable_disease()
        return self

    def _alerts_know_each_other(self) -> None:
        for alert in self.alerts:
            groups = {*alert.groups, *alert.any_grade_groups} - {one.id for one in self.aesi}
            if groups:
                raise ValueError(f"alert {alert.id}: no group of [[aesi]] is called {', '.join(sorted(groups))}")
            if alert.together_with and alert.together_with not in {one.id for one in self.alerts}:
                raise ValueError(f"alert {alert.id}: no alert is called {alert.together_with}")
        if self.alerts and self.toxicity is None:
            raise ValueError("[[alerts]] need [toxicity]: its gap_hours part one episode from the next")

    def _a_rate_for_each_level(self) -> None:
        models = self.dlt and self.dlt.models
        if not models:
            return
        given = {"skeleton": models.skeleton} | {f"scenarios[{one.id}]": one.rates for one in models.scenarios}
        for name, rates in given.items():
            if len(rates) != len(self.dose_levels):
                raise ValueError(
                    f"dlt.models.{name} has {len(rates)} rates, the trial {len(self.dose_levels)} dose levels"
                )

    def _scan_before_stable_disease(self) -> None:
        """Stable disease must be possible at the first scan, else every early SD would read as not evaluable."""
        scans = [one.day - one.window[0] for one in self.visits if "imaging" in one.samples and one.day > 0]
        if self.response and scans and self.response.sd_min_days > min(scans):
            raise ValueError("response.sd_min_days lies after the first scheduled scan minus its window")


def _unique(key: str, values: list) -> None:
    twice = sorted({str(one) for one in values if values.count(one) > 1})
    if twice:
        raise ValueError(f"{key}: {', '.join(twice)} stands there twice")


def _assumed(section: BaseModel, path: str) -> Iterator[str]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, BaseModel):
                label = f"{path}{name}" + (f"[{one.id}]" if isinstance(value, tuple) and hasattr(one, "id") else "")
                if getattr(one, "assumed", False):
                    yield label
                yield from _assumed(one, f"{label}.")


def parse(text: str, name: str = "protocol file") -> Protocol:
    """A protocol from its text. ProtocolError names `name`, the key and what was expected."""
    return _parsed(text, name, lambda settings: settings)


def stored(text: str, name: str) -> Protocol:
    """The protocol of a cut, as `parse`. Alerts that an earlier release took in and that cannot be evaluated do not
    close the cut to its readers: they are `left_out`."""
    return _parsed(text, name, _evaluable)


def _parsed(text: str, name: str, prepared: Callable[[dict], dict]) -> Protocol:
    try:
        settings = tomllib.loads(text)
        if own := {"text", "left_out"} & set(settings):  # what is kept beside the settings
            raise ProtocolError(f"{name}: {min(own)}: Extra inputs are not permitted")
        return Protocol(**prepared(settings), text=text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{name}: not valid TOML: {error}") from error
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors()]
        raise ProtocolError(f"{name}: " + "; ".join(problems)) from error


def _evaluable(settings: dict) -> dict:
    """Before there was [toxicity] alerts were taken in unchecked, and nothing evaluated them."""
    if "toxicity" in settings:
        return settings
    return settings | {"alerts": [], "left_out": tuple(one.get("id", "") for one in settings.get("alerts", []))}


def load(path: Path) -> Protocol:
    """A protocol from a file, or from its bare name among the shipped ones (`cdisc_pilot.toml`)."""
    shipped_name = not path.exists() and path == Path(path.name)
    found = FOLDER / path if shipped_name else path
    if not found.is_file():
        raise ProtocolError(f"{path}: no such protocol file; shipped are {', '.join(sorted(shipped()))}")
    try:
        return parse(found.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise ProtocolError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def shipped() -> list[str]:
    return [path.name for path in FOLDER.glob("*.toml")]
