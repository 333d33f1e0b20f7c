"""Grades by published scales; every one carries its scale, and says what it lacks."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Grade:
    grade: int | None  # None unless low = high
    low: int | None
    high: int | None  # None with low: nothing can be said
    scale: str  # such as "CTCAE 5.0"
    reason: str = ""  # what is missing; "" where the grade is known
    missing: tuple[str, ...] = ()  # the arguments that would decide, by name
    code: str = ""  # of the reason, where its scale has a table of sentences
    codes: tuple[str, ...] = ()  # the parts of `reason`, keys of the scale's ENGLISH
    deciding: tuple[str, ...] = ()  # what `low` rests on, as the scale names its components

    def say(self, sentences: Mapping[str, str]) -> str:
        """The reason in the language of `sentences`, which has the keys of the scale's ENGLISH."""
        return "; ".join(sentences[code] for code in self.codes)


def criteria(name: str) -> dict:
    """The published criteria of a scale, from the TOML file of that name in this folder."""
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))
