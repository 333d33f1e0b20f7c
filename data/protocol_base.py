"""What every section of a protocol file is made of."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


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


Fraction = Annotated[float, Field(gt=0, le=2)]
Days = Annotated[int, Field(ge=0, le=36_600)]
Grade = Annotated[int, Field(ge=1, le=5)]
Upper = Annotated[str, AfterValidator(str.upper)]


def unique(key: str, values: list) -> None:
    twice = sorted({str(one) for one in values if values.count(one) > 1})
    if twice:
        raise ValueError(f"{key}: {', '.join(twice)} stands there twice")
