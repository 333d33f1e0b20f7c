"""From source tables to the tables of the store: where rows go, how they are typed, what is derived from them.

Nothing is dropped on the way: a row that no table takes is counted, a value that does not fit is a finding.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd
from sqlalchemy import DateTime, Float, Integer, Table

from data import dates, schema
from data.protocol import Protocol
from data.readers import SourceTable
from data.receipt import FileRead, Finding

SHOWN_ROWS = 5  # findings of one rule in one column of one file that are listed one by one


@dataclass
class Mapped:
    """The rows of all files by table of the store, and what was found on the way."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    files: list[FileRead] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def report(self, severity, rule: str, rows: pd.DataFrame, message: str, column: str = "", value=None) -> None:
        """One finding a row, up to a handful; then how many more there are. `rows` carry source_file and source_row."""
        for file, some in rows.groupby("source_file", sort=False):
            shown = some.head(SHOWN_ROWS)
            for index, number in shown["source_row"].items():
                said = "" if value is None else str(value[index])
                self.findings.append(Finding(severity, rule, message, file, int(number), column.upper(), said))
            if len(some) > len(shown):
                more = f"{len(some) - len(shown)} more rows: {message}"
                self.findings.append(Finding(severity, rule, more, file, None, column.upper()))

    def frame(self, table: str) -> pd.DataFrame:
        """The rows of a table; an empty frame with its columns where no file had any."""
        return self.tables.get(table, pd.DataFrame(columns=list(schema.metadata.tables[table].columns.keys())))


def map_tables(sources: Iterable[SourceTable], protocol: Protocol) -> Mapped:
    mapped = Mapped()
    parts: dict[str, list[pd.DataFrame]] = {}
    for source in sources:
        loaded, used = {}, set()
        for name, rows in _route(source, protocol):
            used |= set(schema.metadata.tables[name].columns.keys())
            typed = _typed(rows, schema.metadata.tables[name], protocol, mapped)
            parts.setdefault(name, []).append(typed)
            loaded[name] = len(typed)
        mapped.files.append(_account(source, loaded, used))
    for name, frames in parts.items():
        mapped.tables[name] = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return mapped


def _account(source: SourceTable, loaded: dict[str, int], used: set[str]) -> FileRead:
    ignored = tuple(sorted(set(source.frame.columns) - used - {"studyid", "domain"})) if loaded else ()
    return FileRead(
        name=source.name,
        sha256=source.sha256,
        size=source.size,
        format=source.format,
        encoding=source.encoding,
        domain=source.domain,
        decoded=source.decoded,
        rows=len(source.frame),
        loaded=loaded,
        ignored_columns=tuple(name.upper() for name in ignored),
    )


def _route(source: SourceTable, protocol: Protocol) -> Iterable[tuple[str, pd.DataFrame]]:
    """The rows of a file by table: the first entry of the protocol's `sources` that fits, then the domain's own table."""
    rows = source.frame.assign(source_file=source.name, source_row=range(1, len(source.frame) + 1))
    left = pd.Series(True, index=rows.index)
    for entry in protocol.sources:
        if entry.domain != source.domain:
            continue
        taken = left.copy()
        for column, values in entry.where.items():
            wanted = [one.upper() for one in values]
            taken &= rows[column].str.upper().isin(wanted) if column in rows else False
        if taken.any():
            yield entry.table, rows[taken]
        left &= ~taken
    default = schema.default_table(source.domain)
    if default and (left.any() or not len(rows)):
        yield default, rows[left]


def _typed(rows: pd.DataFrame, table: Table, protocol: Protocol, mapped: Mapped) -> pd.DataFrame:
    """The table's columns with its types. Text stays as it came; a number that is none is a finding."""
    missing = [name for name in table.info["required"] if name not in rows]
    for name in missing:
        file = rows["source_file"].iloc[0] if len(rows) else ""
        mapped.findings.append(
            Finding("error", "required column missing", f"{table.name} needs it", file, None, name.upper())
        )
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        name = column.name
        if name in columns or isinstance(column.type, DateTime):
            continue
        values = rows[name] if name in rows else pd.Series(None, index=rows.index, dtype=object)
        columns[name] = (
            _number(values, rows, name, mapped) if isinstance(column.type, Float | Integer) else _text(values)
        )
        if f"{name}_earliest" in table.columns:
            spans, wrong = dates.intervals(columns[name], protocol.trial.zone)
            columns[f"{name}_earliest"], columns[f"{name}_latest"] = spans["earliest"], spans["latest"]
            for text, reason in wrong.items():
                bad = rows[columns[name] == text]
                mapped.report("error", "impossible date", bad, reason, name, columns[name])
    return pd.DataFrame(columns, index=rows.index).reindex(columns=list(table.columns.keys()))


def _text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values):  # a SAS date: written out as ISO 8601
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S").str.removesuffix("T00:00:00").astype(object)
    if pd.api.types.is_numeric_dtype(values):
        return values.map({one: f"{one:.15g}" for one in values.dropna().unique()}).astype(object)
    return values.astype(object)


def _number(values: pd.Series, rows: pd.DataFrame, name: str, mapped: Mapped) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    bad = numbers.isna() & values.notna()
    if bad.any():
        mapped.report("error", "not a number", rows[bad], f"{name.upper()} must be a number", name, values)
    return numbers


# ---- derivations ----------------------------------------------------------------------------------------------------
def derive(mapped: Mapped, protocol: Protocol) -> None:
    """Cohort and Day 0 of each subject, dose received, causality class, the sponsor's DLT flag."""
    if "subject" not in mapped.tables:
        return
    _cohort(mapped, protocol)
    _day0(mapped, protocol)
    _dose(mapped, protocol)
    _causality(mapped, protocol)
    _dlt_flag(mapped, protocol)


def _cohort(mapped: Mapped, protocol: Protocol) -> None:
    subjects = mapped.tables["subject"]
    column = protocol.cohort.column
    known = {}
    for value in subjects[column].fillna("").unique():
        try:
            level = protocol.cohort.of(value)
            known[value] = level.id if level else None
        except KeyError:
            bad = subjects[subjects[column] == value]
            message = f"the protocol file names no cohort for this {column.upper()}; add it to [[cohort.levels]] values"
            mapped.report("error", "unknown cohort", bad, message, column, subjects[column])
    subjects["cohort"] = subjects[column].fillna("").map(known).astype(object)


def _day0(mapped: Mapped, protocol: Protocol) -> None:
    """Day 0 is the infusion of the product that the protocol names: never RFSTDTC, never the first row of EX."""
    given = mapped.frame("infusion").sort_values("exstdtc_earliest")
    subjects = mapped.tables["subject"]
    undated = given[given["exstdtc_earliest"].isna()]
    if len(undated):
        mapped.report("error", "infusion without date", undated, "Day 0 cannot be known; EXSTDTC is blank", "exstdtc")
    again = given[given.duplicated("usubjid")]
    if protocol.day0.infusions == "one" and len(again):
        message = "a second infusion of the cell product: which is Day 0 cannot be told"
        mapped.report("error", "two infusions", again, message, "exstdtc", again["exstdtc"])
    first = given.drop_duplicates("usubjid").set_index("usubjid")
    partial = first[first["exstdtc_earliest"].dt.normalize() != first["exstdtc_latest"].dt.normalize()]
    if len(partial):
        message = "the infusion date is partial: study days of this subject are withheld"
        mapped.report("warning", "partial infusion date", partial, message, "exstdtc", partial["exstdtc"])
    subjects["day0"] = pd.to_datetime(subjects["usubjid"].map(first.drop(partial.index)["exstdtc_earliest"]))


def _dose(mapped: Mapped, protocol: Protocol) -> None:
    if protocol.dlt is None or "infusion" not in mapped.tables:
        return
    given, units = mapped.tables["infusion"], protocol.dlt.dose_units
    unknown = given[given["exdose"].notna() & ~given["exdosu"].isin(list(units))]
    if len(unknown):
        message = f"unknown unit of dose; the protocol file knows {', '.join(units)} ([dlt.dose_units])"
        mapped.report("error", "unknown unit", unknown, message, "exdosu", given["exdosu"])
    given["dose"] = given["exdose"] * given["exdosu"].map(units).astype(float)
    assigned = {one.id: one.dose for one in protocol.dose_levels}
    cohort = given["usubjid"].map(mapped.tables["subject"].drop_duplicates("usubjid").set_index("usubjid")["cohort"])
    given["dose_fraction"] = given["dose"] / cohort.map(assigned).astype(float)
    unsaid = given[given["dose_fraction"].isna()]
    if len(unsaid):
        message = "dose received is unknown: the DLT window of this patient stays unresolved"
        mapped.report("warning", "dose unknown", unsaid, message, "exdose")


def _causality(mapped: Mapped, protocol: Protocol) -> None:
    if "adverse_event" not in mapped.tables:
        return
    events = mapped.tables["adverse_event"]
    known = {}
    for word in events["aerel"].dropna().unique():
        try:
            known[word] = protocol.adverse_events.causality.of(word) or None
        except KeyError:
            bad = events[events["aerel"] == word]
            message = "the protocol file does not map this causality; add it to [adverse_events.causality]"
            mapped.report("error", "unknown causality", bad, message, "aerel", events["aerel"])
    events["causality"] = events["aerel"].map(known).astype(object)


def _dlt_flag(mapped: Mapped, protocol: Protocol) -> None:
    if protocol.dlt is None or "adverse_event" not in mapped.tables:
        return
    events, flag = mapped.tables["adverse_event"], protocol.dlt.flag
    extra = mapped.frame("supplemental_qualifier")
    extra = extra[(extra["rdomain"] == "AE") & (extra["qnam"] == flag.qnam)]
    words = dict.fromkeys(flag.yes, "Y") | dict.fromkeys(flag.no, "N")
    unknown = extra[~extra["qval"].isin(list(words))]
    if len(unknown):
        message = f"must be one of {', '.join(words)}"
        mapped.report("error", "unknown DLT flag", unknown, message, "qval", unknown["qval"])
    said = {
        (row.usubjid, _key(row.idvarval)): words.get(row.qval)
        for row in extra.itertuples()
        if row.idvar == "AESEQ" and row.idvarval
    }
    keys = list(zip(events["usubjid"], events["aeseq"].map(_key), strict=True))
    events["aedlt"] = pd.Series([said.get(one) for one in keys], index=events.index, dtype=object)
    lost = extra[[(row.usubjid, _key(row.idvarval or "")) not in set(keys) for row in extra.itertuples()]]
    if len(lost):
        message = "a DLT flag that names no adverse event"
        mapped.report("error", "lost DLT flag", lost, message, "idvarval", lost["idvarval"])


def _key(value: str | float) -> str:
    """A sequence number however it is written: 3, 3.0 and "3" are one."""
    try:
        return f"{float(value):g}"
    except ValueError:
        return str(value)
