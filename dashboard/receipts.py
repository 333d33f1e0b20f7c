"""Receipts and cuts as they lie in the store: which there are, what a receipt found, and the account of every row."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import get_args

from data.receipt import FileRead, Finding, Receipt, Severity
from data.store import CutError, Store

SHOWN = 5  # findings of one rule that are shown one by one

_NAME = re.compile(r"(\d{8}T\d{12})\+0000-[a-z-]+")


# ---- which there are -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Filed:
    """A receipt under the name by which the address knows it: its moment in UTC, digits only."""

    id: str
    receipt: Receipt | None  # None: the file cannot be read


def filed(store: Store) -> list[Filed]:
    """Every import that left a receipt, the latest first; one that cannot be read is listed all the same."""
    found = [(_NAME.fullmatch(path.stem), path) for path in (store.root / "receipts").glob("*.json")]
    return [Filed(name[1], _read(path)) for name, path in sorted(found, key=lambda one: one[1], reverse=True) if name]


def find(store: Store, wanted: str) -> Receipt | None:
    """The receipt of that name. No path is made of what was asked for: it is looked for among those that lie there."""
    return next((one.receipt for one in filed(store) if one.id == wanted), None)


def name_of(receipt: Receipt) -> str:
    return re.sub(r"[^0-9T]", "", receipt.at.partition("+")[0])


@lru_cache(maxsize=4096)
def _read(path: Path) -> Receipt | None:
    """A receipt is written once under a name of its own: what was read stays true."""
    try:
        return Receipt.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True)
class Listed:
    """A cut of the store: what it says of itself, or why it must not be read."""

    id: str
    manifest: dict[str, str]
    receipt: Receipt | None
    problem: str = ""


def cuts(store: Store) -> list[Listed]:
    """Every cut, the latest first; those that must not be read come last."""
    found = [_listed(store, path.stem) for path in (store.root / "cuts").glob("*.duckdb")]
    return sorted(found, key=lambda one: one.manifest.get("published", ""), reverse=True)


def _listed(store: Store, cut: str) -> Listed:
    try:
        store.check(cut)  # each time: what is said of it is remembered
        return _described(store, cut)
    except CutError as error:
        return Listed(cut, {}, None, str(error))


@lru_cache(maxsize=1024)
def _described(store: Store, cut: str) -> Listed:
    """A cut never changes: what it says of itself is read once, so that a long list does not open them all anew."""
    manifest = store.manifest(cut)
    return Listed(cut, manifest, Receipt.from_json(manifest["receipt"]))


# ---- what a receipt found --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Group:
    """The findings of one rule: the first ones, and where the others are."""

    severity: Severity
    rule: str
    message: str  # where all of them say the same
    shown: tuple[Finding, ...]
    count: int  # rows, or things where there is no row
    more: int = 0  # of them not shown
    where: str = ""  # file and rows of these: "ae.csv 6-12, 20"


def groups(findings: Iterable[Finding]) -> list[Group]:
    """By severity, then rule, in the order in which they were found."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for severity in get_args(Severity):
        for one in findings:
            if one.severity == severity:
                found.setdefault((severity, one.rule), []).append(one)
    return [_group(severity, rule, some) for (severity, rule), some in found.items()]


def _group(severity: Severity, rule: str, findings: list[Finding]) -> Group:
    single = [one for one in findings if not one.rows]
    shown, rest = tuple(single[:SHOWN]), [*single[SHOWN:], *(one for one in findings if one.rows)]
    said = {one.message for one in findings}
    return Group(
        severity,
        rule,
        said.pop() if len(said) == 1 else "",
        shown,
        sum(map(how_many, findings)),
        sum(map(how_many, rest)),
        "; ".join(f"{file} {rows}".strip() for file, rows in _places(rest).items()),
    )


def _places(findings: list[Finding]) -> dict[str, str]:
    places: dict[str, list[str]] = {}
    for one in findings:
        places.setdefault(one.file, []).append(one.rows or (str(one.row) if one.row else "-"))
    return {file: ", ".join(dict.fromkeys(rows)) for file, rows in places.items()}


def how_many(finding: Finding) -> int:
    """Rows that a finding speaks of: "6-12, 20" are eight; 1 where it is no list of rows."""
    parts = [re.fullmatch(r"(\d+)(?:-(\d+))?", one.strip()) for one in finding.rows.split(",")]
    if not all(parts):
        return 1
    return sum(int(one[2] or one[1]) - int(one[1]) + 1 for one in parts)


# ---- the account -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Account:
    """Rows of several files: read = used + refused + kept, and the rows of the store that were made of them."""

    rows: int
    used: int
    refused: int
    kept: int
    loaded: dict[str, int]


def account(files: Iterable[FileRead]) -> Account:
    files, loaded = tuple(files), {}
    for one in files:
        for table, count in one.loaded.items():
            loaded[table] = loaded.get(table, 0) + count
    return Account(*(sum(getattr(one, name) for one in files) for name in ("rows", "used", "refused", "kept")), loaded)


def overdrawn(files: Iterable[FileRead]) -> list[str]:
    """Files whose used and refused rows are more than were read: an account that cannot be right."""
    return [one.name for one in files if one.kept < 0]


def by_domain(files: Iterable[FileRead]) -> dict[str, list[FileRead]]:
    found: dict[str, list[FileRead]] = {}
    for one in sorted(files, key=lambda one: one.domain):
        found.setdefault(one.domain, []).append(one)
    return found
