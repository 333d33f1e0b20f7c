"""The laboratory criteria of each CTCAE version, read from the file that holds them with their wording and source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from clinical.grading.criteria import Rule, names, rule
from data.units import spelled

_FILES = {"5.0": "ctcae_5.toml", "6.0": "ctcae_6.toml"}


@dataclass(frozen=True)
class Limits:
    """What a value in one unit decides."""

    factor: float  # from the unit to that of the limits
    steps: tuple[Rule | None, ...]  # grades 1 to 4, None where no value gives the grade
    inputs: frozenset[str]  # names in the steps


@dataclass(frozen=True)
class Term:
    text: tuple[str, ...]  # grades 1 to 4 as published
    limits: Mapping[str, Limits]  # by the unit's one spelling; empty where no value is a grade

    @property
    def reachable(self) -> int:
        """The highest grade that a value can give."""
        steps = [step for one in self.limits.values() for step in enumerate(one.steps, start=1)]
        return max((number for number, step in steps if step), default=0)


@cache
def terms(version: str) -> Mapping[str, Term]:
    """Terms by their name in lower case. KeyError for a version that is not here."""
    if version not in _FILES:
        raise KeyError(f"CTCAE {version}: known are {', '.join(_FILES)}")
    table = _file(version)
    as_in_5 = {name.casefold(): terms("5.0")[name.casefold()] for name in table.get("as_in_5", ())}
    own = {name.casefold(): _term(one) for one in table["criteria"] for name in one["terms"]}
    return as_in_5 | own


def source(version: str) -> str:
    return _file(version)["source"]


@cache
def _file(version: str) -> dict:
    return tomllib.loads(Path(__file__).with_name(_FILES[version]).read_text(encoding="utf-8"))


def _term(criteria: dict) -> Term:
    limits = [_limits(unit, steps) for unit, steps in criteria.get("limits", {}).items()]
    return Term(tuple(criteria["text"]), {unit: one for some in limits for unit, one in some.items()})


def _limits(family: str, texts: list[str]) -> dict[str, Limits]:
    steps = tuple(rule(text) if text else None for text in texts)
    inputs = frozenset().union(*(names(text) for text in texts if text))
    return {spelled(unit): Limits(factor, steps, inputs) for unit, factor in _file("5.0")["units"][family].items()}
