"""Sections of a protocol file on visits, and on what is measured at them: kinetics, cytokines, response."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from data.protocol_base import Days, Section, Text, Upper


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
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
