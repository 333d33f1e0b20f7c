"""Files in, one cut out, all or nothing: read, map, check, build beside the old cut, publish, and leave a receipt."""

import json
import os
import uuid
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import pandas as pd
from sqlalchemy import select

from data import checks, dates, delivery, readers, schema
from data.mapping import Mapped, derive
from data.protocol import Protocol
from data.readers import ReadError
from data.receipt import FileRead, Finding, Receipt
from data.reshape import Mapping
from data.seriousness import check_seriousness
from data.stage import Stage
from data.store import Cut, Store, import_key, now, sha256

SOFTWARE = "0.2.0"


def load(
    paths: list[Path],
    store: Store,
    protocol: Protocol,
    *,
    mapping: Mapping | None = None,
    cutoff: date | None = None,
    encoding: str = "",
    accept: bool = False,
    limit: int = readers.LIMIT,
) -> Receipt:
    """Imports files, folders or zips as one cut. The receipt says what happened; a refusal changes nothing but the
    receipts.

    mapping: how tables that are not SDTM are read. cutoff: the clinical data cut-off; else TS.DCUTDTC, else the last
    date in the data. encoding: of the text in the files, where it is not to be told from them. accept: publish what
    would be held. limit: bytes of one file, uncompressed; a larger one is refused. StoreBusy where another import is
    running, SourceChanged where a file was written to meanwhile, StoreUnwritable where the disk refuses. "no change"
    leaves no receipt: a refusal before it stays in sight, its data are not in.
    """
    with store.importing() as scratch:
        files, findings = delivery.collect(paths, scratch)
        hashes, unreadable = _hashes(files)
        key = import_key(hashes.values(), protocol, _settings(cutoff, encoding, mapping))
        findings += unreadable
        same = None if any(one.severity == "error" for one in findings) else _already(store, key)
        if same:
            return replace(same.receipt, outcome="no change", at=now(), cut=same.id)
        stage = Stage(scratch / f"{uuid.uuid4().hex}.duckdb")
        try:
            mapped = Mapped(stage, protocol, mapping)
            for one in findings:
                mapped.findings.put(one)
            receipt = _read_and_check(files, hashes, mapped, store, encoding, cutoff, limit)
            receipt = _decide(replace(receipt, mapping=mapping.hash if mapping else ""), stage, store, accept)
            if receipt.outcome == "published":
                receipt = _publish(mapped, store, receipt, key, files, mapping)
        finally:
            stage.close()
        try:
            store.keep(receipt)
        except OSError:
            if receipt.outcome != "published":  # what was published holds its receipt inside
                raise
        return receipt


def already(paths: list[Path], store: Store, protocol: Protocol) -> str:
    """The id of the current cut where these very files made it; "" otherwise. Reads no row."""
    with store.importing() as scratch:
        files, _ = delivery.collect(paths, scratch)
        hashes, _ = _hashes(files)
    same = _already(store, import_key(hashes.values(), protocol, _settings(None, "", None)))
    return same.id if same else ""


def _settings(cutoff: date | None, encoding: str, mapping: Mapping | None) -> dict[str, str]:
    """What besides files and protocol decides the rows of a cut: the software too, since it derives columns."""
    told = {"cutoff": cutoff.isoformat() if cutoff else "", "encoding": encoding}
    told["mapping"] = mapping.hash if mapping else ""
    return told | {"schema": str(schema.SCHEMA_VERSION), "software": SOFTWARE}


def _read_and_check(
    files: dict[str, Path],
    hashes: dict[str, str],
    mapped: Mapped,
    store: Store,
    encoding: str,
    told: date | None,
    limit: int,
) -> Receipt:
    """Everything that is read and found, as a receipt that is not decided on yet."""
    protocol, findings = mapped.protocol, mapped.findings
    seen: list[tuple[str, pd.DataFrame]] = []
    for name, path in files.items():
        try:
            _read(path, name, mapped, encoding, limit, seen)
        except ReadError as error:
            findings.add("error", error.rule, str(error), name, error.row, error.column, error.value)
            mapped.give_up(name)
    mapped.gather()
    checks.check_domains(mapped)
    derive(mapped)
    checks.check_tables(mapped)
    mapped.stage_rest()
    checks.check_stage(mapped.stage, findings)
    moment, told_by = _cutoff(mapped, told)
    if moment:
        _after_cutoff(mapped, moment)
    _same_kind(mapped, store, moment.isoformat() if moment else "")
    return Receipt(
        outcome="refused",
        at=now(),
        trial=protocol.trial.id,
        protocol=protocol.hash,
        cutoff=moment.isoformat() if moment else "",
        cutoff_from=told_by,
        files=(*mapped.files, *_unread(files, hashes, mapped.files)),
        findings=tuple(findings),
        not_validated=checks.not_validated(seen),
    )


def _read(
    path: Path, name: str, mapped: Mapped, encoding: str, limit: int, seen: list[tuple[str, pd.DataFrame]]
) -> None:
    """One file into the stage. ReadError where it cannot be taken.

    seen: gets its rows of AE and DM as they came, those before the place where a file breaks off too.
    """
    source = readers.read(path, name, encoding=encoding, limit=limit)
    mapped.open(source)
    layout = mapped.layout(source)
    personal: set[str] = set()
    columns: dict[str, set[str]] = {}
    for whole in source.chunks():
        rows, identifying = checks.without_identifying(whole, source.labels)
        personal |= set(identifying)
        # what is dropped may be what the mapping file asks for; the file is refused in any case
        parts = [] if layout and identifying else list(mapped.sdtm(source, layout, rows))
        for domain, some in parts:
            checks.check_study(some, mapped.protocol, mapped.findings)
            columns.setdefault(domain, set()).update(some.columns)
            if domain == "AE":
                check_seriousness(some, mapped.findings)
            seen += [(domain, some)] if domain in ("AE", "DM") else []
        mapped.take(source, whole, parts)
    for domain, names in columns.items():
        checks.check_columns(name, domain, names, mapped.protocol, mapped.findings)
    message = "looks like a name, identity, telephone or hospital number; remove it and export again"
    for one in sorted(personal):
        mapped.findings.add("error", "identifying column", message, name, None, one)
    if personal:
        mapped.forget_examples(name)
    if source.doubt:
        mapped.findings.add("warning", "perhaps cut short", source.doubt, name)


def _decide(receipt: Receipt, stage: Stage, store: Store, accept: bool) -> Receipt:
    """What is to be done: refused, held for a person's word, the same content as before, or published."""
    if receipt.errors:
        return receipt
    cut = store.serving().cut
    if cut and cut.manifest["content"] == stage.content and _read_alike(cut, receipt):
        return replace(receipt, outcome="same content", cut=cut.id, not_validated=())
    held = any(one.severity == "hold" for one in receipt.findings)
    if held and not accept:
        return replace(receipt, outcome="held")
    return replace(receipt, outcome="published", accepted=held, not_validated=())


def _read_alike(cut: Cut, receipt: Receipt) -> bool:
    return cut.receipt.protocol == receipt.protocol and cut.receipt.cutoff == receipt.cutoff


# ---- files -----------------------------------------------------------------------------------------------------------
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


def _unread(files: dict[str, Path], hashes: dict[str, str], read: list[FileRead]) -> list[FileRead]:
    missing = sorted(set(files) - {one.name for one in read})
    return [FileRead(name, hashes.get(name, ""), files[name].stat().st_size) for name in missing]


# ---- the cut ---------------------------------------------------------------------------------------------------------
def _cutoff(mapped: Mapped, told: date | None) -> tuple[datetime | None, str]:
    """End of the clinical cut-off day, and where it is from. None, with a finding, where it cannot be told."""
    protocol = mapped.protocol
    stated = _stated_cutoff(mapped, protocol)
    if told:
        if stated and stated != told:
            message = f"TS.DCUTDTC says {stated}, --cutoff {told} is used"
            mapped.findings.add("warning", "two cut-offs", message)
        return _end_of(told), "given with --cutoff"
    if stated:
        return _end_of(stated), "TS.DCUTDTC"
    if mapped.refused:  # not guessed from rows that are refused
        return None, ""
    latest = [last for table, start in _dated(mapped) if (last := _latest(mapped, table, start)) is not None]
    if not latest:
        message = "no dated record in the files; give --cutoff YYYY-MM-DD"
        mapped.findings.add("error", "no cut-off", message)
        return None, ""
    last = max(latest).date()
    if last > datetime.now(protocol.trial.zone).date():
        # one mistyped year would otherwise complete every window; the wall clock is asked for nothing else
        message = f"the last date in the data, {last}, has not come yet; mend it, or give --cutoff YYYY-MM-DD"
        mapped.findings.add("error", "cut-off in the future", message)
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
        mapped.findings.report("error", "cut-off unclear", rows, message, "tsval", rows["tsval"])
        return None
    return days.pop() if days else None


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59))


def _dated(mapped: Mapped) -> list[tuple[str, str]]:
    """When recorded things happened: starts of events, visits, samples, treatments, as table and column."""
    columns = [(table.name, one.name.removesuffix("_earliest")) for table in mapped.stage.filled()
               for one in table.columns if one.name.endswith("dtc_earliest")]  # fmt: skip
    return [(table, one) for table, one in columns if not one.endswith("endtc") and one != "rfpendtc"]


def _latest(mapped: Mapped, table: str, start: str) -> datetime | None:
    last = mapped.stage.ask(f"SELECT max({start}_earliest) AS last FROM {table}")["last"].iloc[0]
    return None if pd.isna(last) else last.to_pydatetime()


def _after_cutoff(mapped: Mapped, moment: datetime) -> None:
    for table, start in _dated(mapped):
        late = mapped.stage.ask(
            f"SELECT source_file, source_row, {start} FROM {table} WHERE {start}_earliest > TIMESTAMP '{moment}' "
            "ORDER BY rowid"
        )
        message = f"dated after the data cut-off ({moment:%Y-%m-%d}): loaded, counted nowhere"
        mapped.findings.report("warning", "after the cut-off", late, message, start, late[start])


def _is_simulated(mapped: Mapped) -> bool:
    summary = mapped.frame("trial_summary")
    return bool(((summary["tsparmcd"] == "SIMUL") & (summary["tsval"] == "Y")).any())


def _same_kind(mapped: Mapped, store: Store, cutoff: str) -> None:
    """Simulated and real data never follow each other in one store, nor two trials; rows do not vanish unseen."""
    protocol = mapped.protocol
    cut = store.serving().cut
    if cut is None:
        return
    if cut.protocol.trial.id != protocol.trial.id:
        message = f"this store holds {cut.protocol.trial.id}; use another --store for {protocol.trial.id}"
        mapped.findings.add("error", "other trial's store", message)
    elif cut.simulated != _is_simulated(mapped):
        holds, comes = ("simulated", "real") if cut.simulated else ("real", "simulated")
        message = f"this store holds {holds} data and these files are {comes}; use another --store"
        mapped.findings.add("error", "simulated and real", message)
    elif not mapped.refused:
        checks.check_against(cut.receipt, mapped, cutoff)
        treated = cut.frame(select(schema.subject.c.usubjid).where(schema.subject.c.day0.is_not(None)))
        checks.check_treated(treated["usubjid"], mapped)


def _already(store: Store, key: str) -> Cut | None:
    """The cut that this very import already made and that is current; None where there is none."""
    serving = store.serving()
    cut = serving.cut
    return cut if cut and not serving.problem and cut.manifest["import_key"] == key else None


def _publish(
    mapped: Mapped, store: Store, receipt: Receipt, key: str, files: dict[str, Path], mapping: Mapping | None
) -> Receipt:
    protocol, stage = mapped.protocol, mapped.stage
    manifest = {
        "schema_version": str(schema.SCHEMA_VERSION),
        "software": SOFTWARE,
        "trial": protocol.trial.id,
        "protocol": protocol.text,
        "mapping": mapping.text if mapping else "",
        "cutoff": receipt.cutoff,
        "cutoff_from": receipt.cutoff_from,
        "published": receipt.at,
        "parent": store.current(),
        "import_key": key,
        "content": stage.content,
        "fictional_day0": str(mapping.day0 or "") if mapping else "",
        "simulated": "yes" if _is_simulated(mapped) else "no",
        "files": json.dumps([[one.name, one.sha256] for one in receipt.files]),
        "receipt": receipt.to_json(),
    }
    stage.finish(manifest)
    return replace(receipt, cut=store.publish(stage.path, {one.sha256: files[one.name] for one in receipt.files}))
