"""What an import finds in the files, gathered while they are read: one line a row at first, then ranges of rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd

from data.receipt import Finding, Severity

LISTED = {"error": 200}  # rows of one trouble that are listed one by one: what is refused is to be mended row by row
LISTED_ELSE = 5


@dataclass
class _Group:
    """One trouble of one column of one file."""

    shown: list[tuple[int, str]] = field(default_factory=list)
    further: list[int] = field(default_factory=list)


class Findings:
    """Findings in the order in which they were met, and the rows that an error names."""

    def __init__(self):
        self._met: list[Finding | tuple] = []  # a tuple is the key of a group
        self._groups: dict[tuple, _Group] = {}
        self._wrong: dict[str, set[int]] = {}

    def __iter__(self) -> Iterator[Finding]:
        for one in self._met:
            if isinstance(one, Finding):
                yield one
            else:
                yield from _lines(one, self._groups[one])

    def add(self, severity: Severity, rule: str, message: str, file="", row=None, column="", value="") -> None:
        """One finding. `row` is the data row in the file, the first is 1."""
        self.put(Finding(severity, rule, message, file, row, column.upper(), value))

    def put(self, finding: Finding) -> None:
        self._met.append(finding)
        if finding.severity == "error" and finding.row:
            self._wrong.setdefault(finding.file, set()).add(finding.row)

    def once(self, severity: Severity, rule: str, message: str, file="", row=None, column="") -> None:
        """As `add`, but not again for the next chunk of the same file."""
        if Finding(severity, rule, message, file, row, column.upper()) not in self._met:
            self.add(severity, rule, message, file, row, column)

    def report(self, severity: Severity, rule: str, rows: pd.DataFrame, message: str, column="", value=None) -> None:
        """One finding a row; from some number of rows on, their ranges; nothing where there are no rows.

        `rows` carry source_file and source_row; `value`, aligned with them, is what stood there.
        """
        limit = LISTED.get(severity, LISTED_ELSE)
        for file, some in rows.groupby("source_file", sort=False):
            key = (severity, rule, message, file, column.upper())
            if key not in self._groups:
                self._groups[key] = _Group()
                self._met.append(key)
            group = self._groups[key]
            listed = some.head(max(limit - len(group.shown), 0))
            for index, number in listed["source_row"].items():
                group.shown.append((int(number), "" if value is None else shown_value(value[index])))
            group.further += some["source_row"].iloc[len(listed) :].astype(int).tolist()
            if severity == "error":
                self._wrong.setdefault(file, set()).update(some["source_row"].astype(int))

    def has(self, severity: Severity) -> bool:
        return any(one[0] == severity if isinstance(one, tuple) else one.severity == severity for one in self._met)

    def wrong_rows(self, file: str) -> set[int]:
        """The rows of a file that an error names."""
        return self._wrong.get(file, set())


def _lines(key: tuple, group: _Group) -> Iterator[Finding]:
    severity, rule, message, file, column = key
    for row, value in group.shown:
        yield Finding(severity, rule, message, file, row, column, value)
    if group.further:
        more = f"{len(group.further)} more row{'s' if len(group.further) > 1 else ''}: {message}"
        yield Finding(severity, rule, more, file, None, column, "", ranges(group.further))


def ranges(rows: Iterable[int]) -> str:
    """Row numbers as ranges: 6-12, 20."""
    ordered = sorted(set(rows))
    starts = [ordered[0], *(later for one, later in pairwise(ordered) if later > one + 1)] if ordered else []
    ends = [*(one for one, later in pairwise(ordered) if later > one + 1), *ordered[-1:]]
    return ", ".join(f"{first}" if first == last else f"{first}-{last}"
                     for first, last in zip(starts, ends, strict=True))  # fmt: skip


def shown_value(value: object) -> str:
    """As the sender wrote it: a number without the ".0" that reading gave it, nothing for a blank."""
    return "" if pd.isna(value) else f"{value:.15g}" if isinstance(value, float) else str(value)
