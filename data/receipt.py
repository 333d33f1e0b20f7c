"""The receipt of an import: what was read, loaded, derived and refused, so that every row is accounted for."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Literal, get_args

SHOWN = 10  # lines of one rule, file and column in the text of a receipt
Severity = Literal["error", "hold", "warning", "note"]
Outcome = Literal["published", "refused", "held", "no change", "same content"]

# What the import can work out, as the receipt counts it: key -> what it says of the rows.
DERIVED = {
    "partial_dates": "partial dates, kept as written with their first and last day",
    "qualified": "results below or above a limit, kept as sign and number",
    "converted": "results converted to the unit of the store",
    "without_number": "results that are no number, kept as text",
    "withheld": "results that cannot be in their unit, kept as text, number withheld",
    "numbered": "rows numbered by the import",
}


@dataclass(frozen=True)
class Finding:
    """One thing to know about the files. An error refuses the import, a hold asks for `--accept`; the rest travels with
    the cut."""

    severity: Severity
    rule: str
    message: str  # what is wrong and what to do
    file: str = ""
    row: int | None = None  # data row, the first is 1
    column: str = ""
    value: str = ""
    rows: str = ""  # further rows with the same trouble that are not listed one by one, as ranges: "6-12, 20"

    def line(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.file,
                f"row {self.row}" if self.row else f"rows {self.rows}" if self.rows else "",
                f"column {self.column}" if self.column else "",
            )
            if part
        )
        shown = f" [{self.value}]" if self.value else ""
        return f"{self.severity.upper()} {self.rule}: {place + ': ' if place else ''}{self.message}{shown}"


@dataclass(frozen=True)
class FileRead:
    """One file, every row of it accounted for: rows = used + refused + kept.

    `loaded` counts the rows of the store by table: one row of a table that is not SDTM can make several.
    """

    name: str
    sha256: str
    size: int  # bytes
    format: str = ""
    encoding: str = ""
    dialect: str = ""  # of a text table: separator, quoting, header row
    domain: str = ""  # several, joined by "+", where a mapping file makes them from one table
    decoded: tuple[str, ...] = ()  # values that needed the encoding
    rows: int = 0  # data rows read
    used: int = 0  # rows that became rows of the store
    refused: int = 0  # rows with an error
    loaded: dict[str, int] = field(default_factory=dict)
    derived: dict[str, int] = field(default_factory=dict)  # key of `DERIVED` -> rows
    mapped_columns: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()

    @property
    def kept(self) -> int:
        """Rows that no table takes; they stay in the file beside the cut."""
        return self.rows - self.used - self.refused


@dataclass(frozen=True)
class Receipt:
    outcome: Outcome
    at: str  # UTC, ISO 8601
    trial: str
    protocol: str  # sha256 of the protocol file
    mapping: str = ""  # sha256 of the mapping file, "" where there was none
    cut: str = ""  # sha256 of the published cut, or of the current one where nothing changed
    cutoff: str = ""
    cutoff_from: str = ""
    accepted: bool = False  # published with --accept, over what held it
    files: tuple[FileRead, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_validated: tuple[str, ...] = ()  # serious, fatal and grade >= 4 events seen in refused files

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity == "error")

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Receipt":
        raw = json.loads(text)
        listed = ("decoded", "mapped_columns", "ignored_columns")
        raw["files"] = tuple(
            FileRead(**{**one, **{name: tuple(one.get(name, ())) for name in listed}}) for one in raw["files"]
        )
        raw["findings"] = tuple(Finding(**one) for one in raw["findings"])
        raw["not_validated"] = tuple(raw["not_validated"])
        return cls(**raw)

    def to_text(self) -> str:
        """For a data manager: the outcome first, then what to mend, then the account of every row."""
        return "\n".join([*self._outcome(), *self._notices(), *self._account()])

    def _outcome(self) -> Iterable[str]:
        match self.outcome:
            case "published":
                over = " over what held it (--accept)" if self.accepted else ""
                yield f"Published{over}: cut {self.cut[:7]}, data cut-off {self.cutoff} ({self.cutoff_from})."
            case "no change":
                yield f"No change: the same files, protocol and settings are already cut {self.cut[:7]}."
            case "same content":
                yield f"Same content, other files: cut {self.cut[:7]} holds these very rows. Nothing was changed."
            case "held":
                yield "Held: nothing was changed. Look at the lines below; where they are right, import with --accept."
            case "refused":
                count = len(self.errors)
                yield f"Refused: {count} problem{'s' if count != 1 else ''}. Nothing was changed."

    def _notices(self) -> Iterable[str]:
        for severity in get_args(Severity):
            same = [one for one in self.findings if one.severity == severity]
            for _, group in groupby(same, key=lambda one: (one.rule, one.file, one.column)):
                lines = list(group)
                yield from (f"  {one.line()}" for one in lines[:SHOWN])
                if len(lines) > SHOWN:
                    further = f"{len(lines) - SHOWN} more lines like it; --json has all"
                    yield f"  {severity.upper()} {lines[0].rule}: {further}"
        if self.not_validated:
            yield f"Seen in the {self.outcome} files, not validated:"
            yield from (f"  {one}" for one in self.not_validated)

    def _account(self) -> Iterable[str]:
        if self.files:
            yield f"{'file':<28}{'domain':<10}{'read':>9}{'used':>9}{'refused':>9}{'kept':>7}  rows of the store"
        for one in self.files:
            into = ", ".join(f"{table} {count}" for table, count in one.loaded.items()) or "none"
            domain = one.domain if len(one.domain) < 10 else "several"
            yield f"{one.name:<28}{domain:<10}{one.rows:>9}{one.used:>9}{one.refused:>9}{one.kept:>7}  {into}"
            if one.dialect:
                yield f"{'':<28}{one.dialect}"
            if one.decoded or one.encoding not in ("", "ascii", "utf-8"):
                yield f"{'':<28}read as {one.encoding}, for example: {' | '.join(one.decoded)}"
            if one.ignored_columns:
                yield f"{'':<28}columns not used: {', '.join(one.ignored_columns)}"
            for key, count in one.derived.items():
                yield f"{'':<28}{count} {DERIVED[key]}"
