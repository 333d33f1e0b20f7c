"""Files in, one cut out, all or nothing: read, map, check, build beside the old cut, publish, and leave a receipt."""

import json
import os
import uuid
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import duckdb
import pandas as pd

from data import checks, dates, readers, schema
from data.mapping import Mapped, derive, map_tables
from data.protocol import Protocol
from data.readers import ReadError, SourceTable
from data.receipt import FileRead, Finding, Receipt
from data.store import MEMORY_LIMIT, THREADS, Cut, Store, import_key, now, sha256

SOFTWARE = "0.1.0"


def load(
    paths: list[Path], store: Store, protocol: Protocol, *, cutoff: date | None = None, encoding: str = ""
) -> Receipt:
    """Imports files or folders as one cut. The receipt says what happened; a refusal changes nothing but the receipts.

    cutoff: the clinical data cut-off; else TS.DCUTDTC, else the last date in the data. encoding: of the text in the
    files, where it is not to be told from them. StoreBusy where another import is running, SourceChanged where a file
    was written to meanwhile. "no change" leaves no receipt: a refusal before it stays in sight, its data are not in.
    """
    with store.importing():
        files, findings = collect(paths)
        hashes, unreadable = _hashes(files)
        key = import_key(hashes.values(), protocol, _settings(cutoff, encoding))
        findings += unreadable
        same = None if any(one.severity == "error" for one in findings) else _already(store, key)
        if same:
            return replace(same.receipt, outcome="no change", at=now(), cut=same.id)
        mapped, sources = _read_and_check(files, findings, store, protocol, encoding)
        moment, told_by = _cutoff(mapped, protocol, cutoff)
        if moment:
            _after_cutoff(mapped, moment)
        receipt = Receipt(
            outcome="refused" if mapped.refused else "published",
            at=now(),
            trial=protocol.trial.id,
            protocol=protocol.hash,
            cutoff=moment.isoformat() if moment else "",
            cutoff_from=told_by,
            files=(*mapped.files, *_unread(files, hashes, mapped.files)),
            findings=tuple(mapped.findings),
            not_validated=checks.not_validated(sources) if mapped.refused else (),
        )
        if receipt.outcome == "published":
            receipt = _publish(mapped, store, protocol, receipt, key, files)
        store.keep(receipt)
        return receipt


def already(paths: list[Path], store: Store, protocol: Protocol) -> str:
    """The id of the current cut where these very files made it; "" otherwise. Reads no row."""
    files, _ = collect(paths)
    hashes, _ = _hashes(files)
    same = _already(store, import_key(hashes.values(), protocol, _settings(None, "")))
    return same.id if same else ""


def _read_and_check(
    files: dict[str, Path], findings: list[Finding], store: Store, protocol: Protocol, encoding: str
) -> tuple[Mapped, list[SourceTable]]:
    sources, unreadable = read_all(files, encoding)
    mapped = map_tables(sources, protocol)
    mapped.findings[:0] = [*findings, *unreadable]
    checks.check_sources(sources, protocol, mapped)
    derive(mapped, protocol)
    checks.check_tables(mapped, protocol)
    _same_kind(mapped, store, protocol)
    return mapped, sources


def _settings(cutoff: date | None, encoding: str) -> dict[str, str]:
    """What besides files and protocol decides the rows of a cut: the software too, since it derives columns."""
    told = {"cutoff": cutoff.isoformat() if cutoff else "", "encoding": encoding}
    return told | {"schema": str(schema.SCHEMA_VERSION), "software": SOFTWARE}


# ---- files -----------------------------------------------------------------------------------------------------------
def collect(paths: list[Path]) -> tuple[dict[str, Path], list[Finding]]:
    """The files by name. A folder gives the data files in it; what else lies there is named, not read."""
    files: dict[str, Path] = {}
    findings: list[Finding] = []
    for path in paths:
        if not path.exists():
            message = "there is nothing at this path; look for a slip in its name"
            findings.append(Finding("error", "no such file", message, str(path)))
            continue
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        for one in inside:
            if path.is_dir() and one.is_dir():
                findings.append(Finding("note", "not read", "a folder in the folder; name it to import it", one.name))
            elif path.is_dir() and (one.name.startswith(".") or one.suffix.lower() not in readers.FORMATS):
                findings.append(Finding("note", "not read", "not a data file of a known format", one.name))
            elif one.name in files:
                findings.append(Finding("error", "same name twice", "two files have this name; rename one", one.name))
            else:
                files[one.name] = one
    if not files and not any(one.severity == "error" for one in findings):
        message = f"there is no file ending in {', '.join(sorted(readers.FORMATS))}; name the folder of the data files"
        findings.append(Finding("error", "no data", message))
    return files, findings


def _hashes(files: dict[str, Path]) -> tuple[dict[str, str], list[Finding]]:
    """The sha256 of each file by name. A file that cannot be opened has none: its reader says why."""
    found: dict[str, str] = {}
    findings: list[Finding] = []
    for name, path in files.items():
        if not os.access(path, os.R_OK):
            continue
        digest = sha256(path)
        first = next((other for other, one in found.items() if one == digest), None)
        if first:
            message = f"the same content as {first}: its rows would count twice; take one of the two away"
            findings.append(Finding("error", "same content twice", message, name))
        found[name] = digest
    return found, findings


def read_all(files: dict[str, Path], encoding: str = "") -> tuple[list[SourceTable], list[Finding]]:
    """What could be read, without identifying columns, and a finding for each file that is refused or in doubt."""
    sources: list[SourceTable] = []
    findings: list[Finding] = []
    for name, path in files.items():
        try:
            source, personal = checks.without_identifying(readers.read(path, name, encoding=encoding))
        except ReadError as error:
            findings.append(Finding("error", error.rule, str(error), name, error.row, error.column, error.value))
            continue
        message = "looks like a name, identity, telephone or hospital number; remove it and export again"
        findings += [Finding("error", "identifying column", message, name, None, one) for one in personal]
        if source.doubt:
            findings.append(Finding("warning", "perhaps cut short", source.doubt, name))
        sources.append(source)
    return sources, findings


def _unread(files: dict[str, Path], hashes: dict[str, str], read: list[FileRead]) -> list[FileRead]:
    missing = sorted(set(files) - {one.name for one in read})
    return [FileRead(name, hashes.get(name, ""), files[name].stat().st_size) for name in missing]


# ---- the cut ---------------------------------------------------------------------------------------------------------
def _cutoff(mapped: Mapped, protocol: Protocol, told: date | None) -> tuple[datetime | None, str]:
    """End of the clinical cut-off day, and where it is from. None, with a finding, where it cannot be told."""
    stated = _stated_cutoff(mapped, protocol)
    if told:
        if stated and stated != told:
            message = f"TS.DCUTDTC says {stated}, --cutoff {told} is used"
            mapped.findings.append(Finding("warning", "two cut-offs", message))
        return _end_of(told), "given with --cutoff"
    if stated:
        return _end_of(stated), "TS.DCUTDTC"
    if mapped.refused:  # not guessed from rows that are refused
        return None, ""
    latest = [span.max() for span in _dated(mapped).values() if span.notna().any()]
    if not latest:
        message = "no dated record in the files; give --cutoff YYYY-MM-DD"
        mapped.findings.append(Finding("error", "no cut-off", message))
        return None, ""
    last = max(latest).date()
    if last > datetime.now(protocol.trial.zone).date():
        # one mistyped year would otherwise complete every window; the wall clock is asked for nothing else
        message = f"the last date in the data, {last}, has not come yet; mend it, or give --cutoff YYYY-MM-DD"
        mapped.findings.append(Finding("error", "cut-off in the future", message))
        return None, ""
    return _end_of(last), "last date in the data (assumed)"


def _stated_cutoff(mapped: Mapped, protocol: Protocol) -> date | None:
    """The day that TS.DCUTDTC names; None where it is not given, or is no single day (an error is reported)."""
    summary = mapped.frame("trial_summary")
    rows = summary[(summary["tsparmcd"] == "DCUTDTC") & summary["tsval"].notna()]
    days = set()
    for text in rows["tsval"]:
        try:
            days |= {moment.date() for moment in dates.interval(text, protocol.trial.zone)}
        except ValueError:
            days |= {None, text}  # reported below with its place, as a date that is not whole
    if len(days) > 1:
        message = "the data cut-off must be one whole date, YYYY-MM-DD; mend it"
        mapped.report("error", "cut-off unclear", rows, message, "tsval", rows["tsval"])
        return None
    return days.pop() if days else None


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59))


def _dated(mapped: Mapped) -> dict[tuple[str, str], pd.Series]:
    """When recorded things happened: starts of events, visits, samples, treatments, by table and column."""
    found = {}
    for name, rows in mapped.tables.items():
        for column in rows.columns:
            start = column.removesuffix("_earliest")
            if start != column and start.endswith("dtc") and not start.endswith("endtc") and start != "rfpendtc":
                found[name, start] = rows[column]
    return found


def _after_cutoff(mapped: Mapped, moment: datetime) -> None:
    for (name, column), starts in _dated(mapped).items():
        late = mapped.tables[name][starts > moment]
        if len(late):
            message = f"dated after the data cut-off ({moment:%Y-%m-%d}): loaded, counted nowhere"
            mapped.report("warning", "after the cut-off", late, message, column, late[column])


def _is_simulated(mapped: Mapped) -> bool:
    summary = mapped.frame("trial_summary")
    return bool(((summary["tsparmcd"] == "SIMUL") & (summary["tsval"] == "Y")).any())


def _same_kind(mapped: Mapped, store: Store, protocol: Protocol) -> None:
    """Simulated and real data never follow each other in one store, nor two trials; rows do not vanish unseen."""
    cut = store.serving().cut
    if cut is None:
        return
    if cut.protocol.trial.id != protocol.trial.id:
        message = f"this store holds {cut.protocol.trial.id}; use another --store for {protocol.trial.id}"
        mapped.findings.append(Finding("error", "other trial's store", message))
    elif cut.simulated != _is_simulated(mapped):
        holds, comes = ("simulated", "real") if cut.simulated else ("real", "simulated")
        message = f"this store holds {holds} data and these files are {comes}; use another --store"
        mapped.findings.append(Finding("error", "simulated and real", message))
    elif not mapped.refused:
        checks.check_against(cut.receipt, mapped)


def _already(store: Store, key: str) -> Cut | None:
    """The cut that this very import already made and that is current; None where there is none."""
    serving = store.serving()
    cut = serving.cut
    return cut if cut and not serving.problem and cut.manifest["import_key"] == key else None


def _publish(
    mapped: Mapped, store: Store, protocol: Protocol, receipt: Receipt, key: str, files: dict[str, Path]
) -> Receipt:
    built = store.root / "tmp" / f"{uuid.uuid4().hex}.duckdb"
    try:
        manifest = {
            "schema_version": str(schema.SCHEMA_VERSION),
            "software": SOFTWARE,
            "trial": protocol.trial.id,
            "protocol": protocol.text,
            "cutoff": receipt.cutoff,
            "cutoff_from": receipt.cutoff_from,
            "published": receipt.at,
            "parent": store.current(),
            "import_key": key,
            "simulated": "yes" if _is_simulated(mapped) else "no",
            "files": json.dumps([[one.name, one.sha256] for one in mapped.files]),
            "receipt": receipt.to_json(),
        }
        _build(built, mapped.tables, manifest)
        return replace(receipt, cut=store.publish(built, {one.sha256: files[one.name] for one in mapped.files}))
    finally:
        built.unlink(missing_ok=True)


def _build(path: Path, tables: dict[str, pd.DataFrame], manifest: dict[str, str]) -> None:
    """A whole DuckDB file: every table of the schema, the rows, the manifest, checkpointed into the one file."""
    base = duckdb.connect(str(path), config={"memory_limit": MEMORY_LIMIT, "threads": THREADS})
    try:
        base.execute(f"BEGIN; {schema.definition()}; COMMIT")
        for name, rows in tables.items():
            if len(rows):
                base.register("incoming", rows)
                base.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
                base.unregister("incoming")
        base.executemany("INSERT INTO manifest VALUES (?, ?)", list(manifest.items()))
        base.execute("CHECKPOINT")
    finally:
        base.close()
    if os.path.exists(f"{path}.wal"):  # noqa: PTH110  the name DuckDB gives it is the path with a suffix
        raise RuntimeError(f"{path.name} was not closed cleanly; nothing was published")
