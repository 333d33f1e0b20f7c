"""Grades by published scales; every one carries its scale, and says what it lacks."""

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
