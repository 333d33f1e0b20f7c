"""Files in, one cut out, all or nothing: read, map, check, build beside the old cut, publish, and leave a receipt."""

import json
import os
import uuid
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import duckdb
import pandas as pd
from sqlalchemy import create_engine

from data import checks, dates, readers, schema
from data.mapping import Mapped, derive, map_tables
from data.protocol import Protocol
from data.readers import ReadError, SourceTable
from data.receipt import FileRead, Finding, Receipt
from data.store import MEMORY_LIMIT, THREADS, Store, import_key, now, sha256

SOFTWARE = "0.1.0"


def load(paths: list[Path], store: Store, protocol: Protocol, *, cutoff: date | None = None) -> Receipt:
    """Imports files or folders as one cut. The receipt says what happened; a refusal changes nothing but the receipts.

    cutoff: the clinical data cut-off; else TS.DCUTDTC, else the last date in the data. StoreBusy where another
    import is running.
    """
    with store.importing():
        receipt = _load(paths, store, protocol, cutoff)
        if receipt.outcome != "no change":
            store.keep(receipt)
        return receipt


def _load(paths: list[Path], store: Store, protocol: Protocol, cutoff: date | None) -> Receipt:
    receipt = Receipt("refused", now(), protocol.trial.id, protocol.hash)
    files, findings = collect(paths)
    sources, unreadable = read_all(files)
    findings += unreadable
    mapped = map_tables(sources, protocol)
    mapped.findings[:0] = findings
    checks.check_sources(sources, protocol, mapped)
    derive(mapped, protocol)
    checks.check_tables(mapped, protocol)
    _same_kind(mapped, store, protocol)
    moment, told_by = _cutoff(mapped, protocol, cutoff)
    if moment is None:
        mapped.findings.append(Finding("error", "no cut-off", "no dated record in the files; give --cutoff YYYY-MM-DD"))
    else:
        _after_cutoff(mapped, moment)
    receipt = replace(
        receipt,
        files=(*mapped.files, *_unread(files, mapped.files)),
        findings=tuple(mapped.findings),
        cutoff=moment.isoformat() if moment else "",
        cutoff_from=told_by,
    )
    if receipt.errors:
        return replace(receipt, not_validated=checks.not_validated(sources))
    key = import_key([(one.domain, one.sha256) for one in mapped.files], protocol, _settings(cutoff))
    same = _already(store, key)
    if same:
        return replace(receipt, outcome="no change", cut=same)
    return _publish(mapped, store, protocol, receipt, key, {one.sha256: files[one.name] for one in mapped.files})


def _settings(cutoff: date | None) -> dict[str, str]:
    return {"schema": str(schema.SCHEMA_VERSION), "cutoff": cutoff.isoformat() if cutoff else ""}


# ---- files -----------------------------------------------------------------------------------------------------------
def collect(paths: list[Path]) -> tuple[dict[str, Path], list[Finding]]:
    """The files by name. A folder gives the data files in it; what else lies there is named, not read."""
    files: dict[str, Path] = {}
    findings: list[Finding] = []
    for path in paths:
        if not path.exists():
            findings.append(Finding("error", "no such file", "there is nothing at this path", str(path)))
            continue
        inside = sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]
        for one in inside:
            if path.is_dir() and one.suffix.lower() not in readers.FORMATS:
                findings.append(Finding("note", "not read", "not a data file of a known format", one.name))
            elif one.name in files:
                findings.append(Finding("error", "same name twice", "two files have this name; rename one", one.name))
            else:
                files[one.name] = one
    if not files and not any(one.severity == "error" for one in findings):
        findings.append(Finding("error", "no data", f"no file ending in {', '.join(sorted(readers.FORMATS))}"))
    return files, findings


def read_all(files: dict[str, Path]) -> tuple[list[SourceTable], list[Finding]]:
    sources: list[SourceTable] = []
    findings: list[Finding] = []
    for name, path in files.items():
        try:
            source = readers.read(path, name)
        except ReadError as error:
            findings.append(Finding("error", error.rule, str(error), name, error.row, error.column, error.value))
            continue
        personal = checks.identifying_columns(source)
        if personal:
            message = "looks like a name, identity, telephone or hospital number; remove the column and export again"
            findings += [Finding("error", "identifying column", message, name, None, one.upper()) for one in personal]
        else:
            sources.append(source)
    return sources, findings


def _unread(files: dict[str, Path], read: list[FileRead]) -> list[FileRead]:
    missing = set(files) - {one.name for one in read}
    return [FileRead(name, sha256(files[name]), files[name].stat().st_size) for name in sorted(missing)]


# ---- the cut ---------------------------------------------------------------------------------------------------------
def _cutoff(mapped: Mapped, protocol: Protocol, told: date | None) -> tuple[datetime | None, str]:
    """End of the clinical cut-off day, and where it is from."""
    if told:
        return datetime.combine(told, time.max).replace(microsecond=0), "given with --cutoff"
    summary = mapped.frame("trial_summary")
    said = summary[summary["tsparmcd"] == "DCUTDTC"]["tsval"].dropna()
    if len(said):
        return dates.interval(said.iloc[0], protocol.trial.zone)[1], "TS.DCUTDTC"
    latest = [span.max() for span in _dated(mapped).values()]
    latest = [one for one in latest if pd.notna(one)]
    if not latest:
        return None, ""
    return datetime.combine(max(latest).date(), time.max).replace(microsecond=0), "last date in the data (assumed)"


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
    """Simulated and real data never follow each other in one store, nor two trials."""
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


def _already(store: Store, key: str) -> str:
    """The cut that this very import already made and that is current; "" where there is none."""
    cut = store.serving().cut
    return cut.id if cut and cut.manifest["import_key"] == key and cut.id == store.current() else ""


def _publish(
    mapped: Mapped, store: Store, protocol: Protocol, receipt: Receipt, key: str, sources: dict[str, Path]
) -> Receipt:
    built = store.root / "tmp" / f"{uuid.uuid4().hex}.duckdb"
    parent = store.current()
    receipt = replace(receipt, outcome="published")
    try:
        manifest = {
            "schema_version": str(schema.SCHEMA_VERSION),
            "software": SOFTWARE,
            "trial": protocol.trial.id,
            "protocol": protocol.text,
            "cutoff": receipt.cutoff,
            "cutoff_from": receipt.cutoff_from,
            "published": receipt.at,
            "parent": parent,
            "import_key": key,
            "simulated": "yes" if _is_simulated(mapped) else "no",
            "files": json.dumps([[one.name, one.sha256] for one in mapped.files]),
            "receipt": receipt.to_json(),
        }
        _build(built, mapped.tables, manifest)
        return replace(receipt, cut=store.publish(built, sources))
    finally:
        built.unlink(missing_ok=True)


def _build(path: Path, tables: dict[str, pd.DataFrame], manifest: dict[str, str]) -> None:
    """A whole DuckDB file: every table of the schema, the rows, the manifest, checkpointed into the one file."""
    base = duckdb.connect(str(path), config={"memory_limit": MEMORY_LIMIT, "threads": THREADS})
    engine = create_engine("duckdb://", creator=base.cursor)
    try:
        schema.metadata.create_all(engine)
        for name, rows in tables.items():
            if len(rows):
                base.register("incoming", rows)
                base.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
                base.unregister("incoming")
        base.executemany("INSERT INTO manifest VALUES (?, ?)", list(manifest.items()))
        base.execute("CHECKPOINT")
    finally:
        engine.dispose()
        base.close()
    if os.path.exists(f"{path}.wal"):  # noqa: PTH110  the name DuckDB gives it is the path with a suffix
        raise RuntimeError(f"{path.name} was not closed cleanly; nothing was published")
