"""One panel of a stack of figures over one time axis, and what all its panels have in common."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape

import pandas as pd

from dashboard.labels import Say

CRS_ICANS = ("crs", "icans")
NAME = 12  # px between the names of lines
PLOT = 660  # px between the margins on a screen of common width; what fits a bar is reckoned by it
_UNITS = {"C": "°C", "10^9/L": "10⁹/L", "10^12/L": "10¹²/L"}
_MICRO = re.compile(r"\bu(?=(g|L|mol)\b)")


@dataclass(frozen=True)
class Shown:
    """What the reader looks at: the days, the language, the look."""

    low: float  # d since infusion
    high: float
    say: Say
    theme: str
    lang: str
    row: int = 21  # px of a row of a lane
    scale: float = 1.0  # of the height of the other panels; letters keep their size

    def tall(self, height: int, names: int = 0) -> int:
        """px that a panel of so many on the screen has here; the names of its lines stay in it."""
        return min(height, max(round(height * self.scale), NAME * names))

    def fits(self, text: str, days: float) -> bool:
        """Whether a text of 11 px fits in a bar of so many days."""
        return self.wide(text) <= days

    def wide(self, text: str) -> float:
        """How many days a text of 11 px takes."""
        return (sum(6.3 if one.isascii() else 11.5 for one in text) + 3) * (self.high - self.low) / PLOT

    def holds(self, times: pd.Series) -> pd.Series:
        return times.between(self.low, self.high)


@dataclass(frozen=True)
class Panel:
    """A y axis with what is drawn on it; the stack gives it its place. Shapes and notes are in days and its own y."""

    name: str
    title: str  # with the unit
    height: int  # px
    traces: tuple[dict, ...]
    yaxis: dict
    last: str = ""  # its own last-data time
    shapes: tuple[dict, ...] = ()
    notes: tuple[dict, ...] = ()


def moment(when: datetime | pd.Timestamp) -> str:
    """A date, and the time of day where one is known (midnight to the minute is a date)."""
    return f"{when:%Y-%m-%d}" if when.hour == when.minute == 0 else f"{when:%Y-%m-%d %H:%M}"


def last_data(rows: pd.DataFrame, say: Say) -> str:
    """rows: results with `first` and `rel_day`."""
    if rows.empty:
        return ""
    latest = rows.loc[rows["first"].idxmax()]
    return say("patient.last", day=latest["rel_day"], moment=moment(latest["first"]))


def unit_words(unit: object) -> str:
    """A unit of the store as it is written; "" where there is none."""
    if not isinstance(unit, str):
        return ""
    return _UNITS.get(unit) or _MICRO.sub("µ", unit).replace("*", "·")


def digits(value: float) -> str:
    """Without the digits that only the conversion of a unit made: decimals as far as the fourth digit that counts, and
    no digit before the point lost."""
    decimals = 3 - math.floor(math.log10(abs(value))) if value else 0
    return f"{round(value, max(0, decimals)):.12g}"


def note(text: str, colour: str, *, size: int = 11, **place) -> dict:
    return {"text": text, "showarrow": False, "font": {"size": size, "color": colour}, **place}


def level_line(y: float, colour: str, dash: str = "dash") -> dict:
    """A line across the panel at a value."""
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y,
        "line": {"color": colour, "width": 1, "dash": dash}, "layer": "below",
    }  # fmt: skip


def band(low: float, high: float, colour: str) -> dict:
    return {
        "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": low, "y1": high,
        "fillcolor": colour, "opacity": 0.28, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip


def plain(text: object) -> str:
    """What people typed, as a text that a figure shows and does not run; "" where nothing stands."""
    return escape(text) if isinstance(text, str) else ""


def spread(heights: Iterable[float], gap: float, top: float = math.inf) -> list[float]:
    """Heights in ascending order, moved up as little as it takes to stand `gap` apart; under `top` moved down again."""
    placed: list[float] = []
    for one in heights:
        placed.append(max(one, placed[-1] + gap) if placed else one)
    count = len(placed)
    return [min(one, top - gap * (count - place - 0.5)) for place, one in enumerate(placed)]
