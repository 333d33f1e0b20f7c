"""What the scales of cell therapy share: findings that are ranges of grades, and the grade made of several of them."""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from clinical.grading import Grade


class Finding(NamedTuple):
    """One component of a scale: the grades it can be, and what is missing to say which."""

    low: int
    high: int
    missing: tuple[str, ...] = ()  # arguments, by name
    notes: tuple[str, ...] = ()  # keys of the scale's ENGLISH

    @classmethod
    def sure(cls, grade: int, *notes: str) -> "Finding":
        return cls(grade, grade, notes=notes)


def highest(findings: Mapping[str, Finding]) -> Finding:
    """The highest of several; what cannot change it any more is not missing."""
    low = max(one.low for one in findings.values())
    high = max(one.high for one in findings.values())
    undecided = [one for one in findings.values() if one.low < one.high and one.high > low]
    missing = tuple(dict.fromkeys(name for one in undecided for name in one.missing))
    notes = tuple(dict.fromkeys(name for one in findings.values() if one.high >= low for name in one.notes))
    return Finding(low, high, missing, notes)


def deciding(findings: Mapping[str, Finding], low: int) -> tuple[str, ...]:
    """The components that surely reach the grade; none of grade 0."""
    return tuple(name for name, one in findings.items() if one.low == low > 0)


def graded(found: Finding, scale: str, english: Mapping[str, str], deciding: tuple[str, ...] = ()) -> Grade:
    """The grade of a scale; `english` has a sentence for each missing argument and each note."""
    known = found.low if found.low == found.high else None
    codes = (*found.missing, *found.notes)
    reason = "; ".join(english[code] for code in codes)
    return Grade(known, found.low, found.high, scale, reason, found.missing, codes=codes, deciding=deciding)


def number(name: str, value: float | None, least: float, most: float) -> float | None:
    """The value where it is possible, None where it is missing; ValueError names the argument."""
    if value is None or math.isnan(value):
        return None
    if not least <= value <= most:
        raise ValueError(f"{name}: {value:g} is not possible, {least:g} to {most:g} is")
    return value


def spelled(text: str) -> str:
    """One spelling: case, hyphens, underscores and blanks do not count."""
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())


def published(scale: str) -> dict:
    """The criteria of a scale, from the TOML file of that name in this folder."""
    return tomllib.loads(Path(__file__).with_name(f"{scale}.toml").read_text(encoding="utf-8"))
