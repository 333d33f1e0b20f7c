"""Grades by published scales; every one carries its scale, and says what it lacks."""

from collections.abc import Mapping
from dataclasses import dataclass


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
