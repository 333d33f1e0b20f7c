"""What kind a medication is, by its name and class: the lists are in `medications.toml`."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

OTHER = "other"

# By these routes a drug acts where it is put: an ointment is no systemic steroid.
_LOCAL = (
    "TOPICAL", "TRANSDERMAL", "CUTANEOUS", "OPHTHALMIC", "CONJUNCTIVAL", "RESPIRATORY (INHALATION)", "INHALATION",
    "NASAL", "AURICULAR (OTIC)", "VAGINAL", "外用", "吸入", "滴眼", "滴鼻", "鼻喷",
)  # fmt: skip


@dataclass(frozen=True)
class _Kind:
    name: str
    named: re.Pattern
    classes: frozenset[str]
    systemic: bool


@lru_cache(maxsize=4096)
def kind(names: tuple[str, ...], group: str = "", route: str = "") -> str:
    """The first kind of `medications.toml` that one of the names says, else the one that the class says; "other".

    names: as reported and standardised. group: CMCLAS. route: CMROUTE; some kinds are meant only where the drug acts
    on the whole body. "" = not recorded.
    """
    local = route.strip().upper() in _LOCAL
    possible = [one for one in _kinds() if not (one.systemic and local)]
    by_name = (one.name for one in possible if any(one.named.search(name) for name in names))
    by_class = (one.name for one in possible if group.strip().upper() in one.classes)
    return next(by_name, None) or next(by_class, OTHER)


def kinds() -> tuple[str, ...]:
    return (*(one.name for one in _kinds()), OTHER)


@cache
def _kinds() -> tuple[_Kind, ...]:
    read = tomllib.loads(Path(__file__).with_name("medications.toml").read_text(encoding="utf-8"))
    return tuple(
        _Kind(name, _pattern(one["names"]), frozenset(one["classes"]), one.get("systemic", False))
        for name, one in read.items()
    )


def _pattern(names: list[str]) -> re.Pattern:
    """Any of the names as a whole word; Chinese writes no spaces between words."""
    words = (rf"\b{re.escape(one)}\b" if one.isascii() else re.escape(one) for one in names)
    return re.compile("|".join(words), re.IGNORECASE)
