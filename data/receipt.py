"""The receipt of an import: what was read, loaded, derived and refused, so that every row is accounted for."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing to know about the files. An error refuses the import; the rest travels with the cut."""

    severity: Severity
    rule: str
    message: str  # what is wrong and what to do
    file: str = ""
    row: int | None = None  # data row, the first is 1
    column: str = ""
    value: str = ""

    def line(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.file,
                f"row {self.row}" if self.row else "",
                f"column {self.column}" if self.column else "",
            )
            if part
        )
        shown = f" [{self.value}]" if self.value else ""
        return f"{self.severity.upper()} {self.rule}: {place + ': ' if place else ''}{self.message}{shown}"


@dataclass(frozen=True)
class FileRead:
    """One file: `loaded` counts rows by table, `kept` the rows that no table takes (the file stays beside the cut)."""

    name: str
    sha256: str
    size: int
    format: str = ""
    encoding: str = ""
    domain: str = ""
    decoded: tuple[str, ...] = ()
    rows: int = 0
    loaded: dict[str, int] = field(default_factory=dict)
    ignored_columns: tuple[str, ...] = ()

    @property
    def kept(self) -> int:
        return self.rows - sum(self.loaded.values())


@dataclass(frozen=True)
class Receipt:
    outcome: Literal["published", "refused", "no change"]
    at: str  # UTC, ISO 8601
    trial: str
    protocol: str  # sha256 of the protocol file
    cut: str = ""  # sha256 of the published cut, or of the current one where nothing changed
    cutoff: str = ""
    cutoff_from: str = ""
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
        raw["files"] = tuple(
            FileRead(**{**one, "decoded": tuple(one["decoded"]), "ignored_columns": tuple(one["ignored_columns"])})
            for one in raw["files"]
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
                yield f"Published: cut {self.cut[:7]}, data cut-off {self.cutoff} ({self.cutoff_from})."
            case "no change":
                yield f"No change: the same files, protocol and settings are already cut {self.cut[:7]}."
            case "refused":
                count = len(self.errors)
                yield f"Refused: {count} problem{'s' if count != 1 else ''}. Nothing was changed."

    def _notices(self) -> Iterable[str]:
        for severity in ("error", "warning", "note"):
            yield from (f"  {one.line()}" for one in self.findings if one.severity == severity)
        if self.not_validated:
            yield "Seen in the refused files, not validated:"
            yield from (f"  {one}" for one in self.not_validated)

    def _account(self) -> Iterable[str]:
        if self.files:
            yield f"{'file':<24}{'domain':<10}{'read':>9}{'loaded':>9}{'kept':>7}  into"
        for one in self.files:
            loaded = sum(one.loaded.values())
            into = (
                ", ".join(f"{table} {count}" for table, count in one.loaded.items()) or "kept beside the cut, no table"
            )
            yield f"{one.name:<24}{one.domain:<10}{one.rows:>9}{loaded:>9}{one.kept:>7}  {into}"
            if one.encoding not in ("", "ascii", "utf-8"):
                yield f"{'':<24}read as {one.encoding}, for example: {' | '.join(one.decoded)}"
