"""Units of measurement: the store's unit of each known test, the way to it, and what is possible in it."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("units.toml")
# One spelling of what units are written with: 10*9/L, 10E9/L, x10^9/L, ×10⁹/L and 10^9/L are one unit.
_POWER = re.compile(r"[x*]?10(?:\^|\*{1,2}|e\+?0?)?(?=(3|6|9|12)/)")


@dataclass(frozen=True)
class Measurand:
    """One test of `units.toml`: the store's unit, known units with their factors, the possible range in the unit."""

    code: str
    unit: str
    factors: dict[str, float | str]  # spelled unit -> factor, or the name of a scale that has an offset
    possible: tuple[float, float] | None

    def convert(self, number: float, unit: str) -> float | None:
        """The number in the store's unit; None where the unit is not known for this test."""
        factor = self.factors.get(spelled(unit))
        if factor == "fahrenheit":
            return (number - 32) * 5 / 9
        return None if factor is None else number * factor

    def knows(self, unit: str) -> bool:
        return spelled(unit) in self.factors

    def can_be(self, number: float) -> bool:
        return self.possible is None or self.possible[0] <= number <= self.possible[1]


@cache
def spelled(unit: str) -> str:
    """One spelling for the many of one unit: width, case, blanks and the signs for micro, times and power."""
    text = unicodedata.normalize("NFKC", unit).casefold()
    text = re.sub(r"\s", "", text).replace("μ", "u").replace("×", "x")
    return _POWER.sub("10^", text)


@cache
def measurands() -> dict[str, Measurand]:
    """What the store knows by its CDISC code."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    made = {}
    for code, one in table["tests"].items():
        factors = one.get("units") or table["shared"][one["unit"]]["units"]
        possible = tuple(one["possible"]) if "possible" in one else None
        made[code] = Measurand(code, one["unit"], {spelled(unit): factor for unit, factor in factors.items()}, possible)
    return made
