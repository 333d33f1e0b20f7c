"""The protocol file as typed settings: what a trial decides, read once, checked, and never guessed.

A file that does not fit raises `ProtocolError`, which names the file, the key and what was expected. What the public
registration does not settle carries `assumed = true` and every screen that uses it says so.
"""

import hashlib
import tomllib
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.protocol_base import ProtocolError, Text, unique
from data.protocol_escalation import Cohort, Day0, Dlt, Level, Lymphodepletion, PauseRule, Trial
from data.protocol_measures import Analyte, Associations, Envelope, Kinetics, Period, Response, Source, Visit
from data.protocol_safety import AdverseEvents, Aesi, Alert, OnTarget, Population, Toxicity

FOLDER = Path(__file__).with_name("protocols")


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
        unique("cohort.levels", [one.id for one in self.cohort.levels])
        values = [value for one in self.cohort.levels for value in one.values]
        unique("cohort.levels (values), cohort.not_assigned", [*values, *self.cohort.not_assigned])
        unique("cohort.levels (level)", [one.level for one in self.dose_levels])
        for name in ("aesi", "on_target", "populations", "alerts", "pause_rules", "periods"):
            unique(name, [one.id for one in getattr(self, name)])
        unique("adverse_events.windows", [one.id for one in self.adverse_events.windows])
        doses = [one.dose for one in self.dose_levels]
        if doses != sorted(set(doses)):
            raise ValueError("cohort.levels: the dose must rise from each `level` to the next")
        unique("visits (visitnum)", [one.visitnum for one in self.visits])
        unique("analytes (code)", [one.code for one in self.analytes])
        unique("envelopes (code)", [one.code for one in self.envelopes])
        if self.associations:
            unique("associations.peaks", [one.id for one in self.associations.peaks])
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
