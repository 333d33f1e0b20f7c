"""How a time is taken, and how the table is printed."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

RUNS = 7


def seconds(run: Callable[[], object], times: int = RUNS) -> list[float]:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return sorted(found)


def median(found: Sequence[float]) -> float:
    return statistics.median(found)


def percentile(found: Sequence[float], percent: float) -> float:
    """The smallest value that so many per cent of all do not exceed."""
    ordered = sorted(found)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def milliseconds(value: float) -> str:
    return f"{1000 * value:,.1f}" if value < 0.01 else f"{1000 * value:,.0f}"


def ratio(value: float, floor: float) -> str:
    return f"{value / floor:.2f}x" if value < 10 * floor else f"{value / floor:.0f}x"


@dataclass
class Table:
    """One part of the bench: a title, the names of its columns, and rows of text of which the first column is a name.

    `numbers` keeps the measured values beside the printed ones, for `--json`.
    """

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    numbers: list[dict] = field(default_factory=list)
    wrong: bool = False  # what was measured did not answer as it must: its times say nothing

    def add(self, *cells: str, **numbers: object) -> None:
        self.rows.append(cells)
        self.numbers.append({"row": cells[0], **numbers})

    def text(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(len(one[place]) for one in lines) for place in range(len(self.head))]
        printed = [self.title]
        for one in lines:
            cells = [text.rjust(width) for text, width in zip(one[1:], widths[1:], strict=True)]
            printed.append("  ".join([one[0].ljust(widths[0]), *cells]).rstrip())
        return "\n".join([*printed, *(f"  {one}" for one in self.notes), ""])

    def told(self) -> dict:
        return {"title": self.title, "measured": self.numbers, "notes": self.notes}
