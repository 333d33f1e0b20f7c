"""From source tables to the tables of the store: where rows go, how they are typed, what is derived from them.

Nothing is dropped on the way: a row that no table takes is counted, a value that does not fit is a finding.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sqlalchemy import DateTime, Float, Integer, Table

from data import dates, schema
from data.protocol import Protocol
from data.readers import SourceTable
from data.receipt import FileRead, Finding

PLAUSIBLE_FRACTION = (0.1, 10)  # of the assigned dose; outside it is more likely a slip of units
SHOWN_ROWS = 5  # findings of one rule in one column of one file that are listed one by one


@dataclass
class Mapped:
    """The rows of all files by table of the store, and what was found on the way."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    files: list[FileRead] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        return any(one.severity == "error" for one in self.findings)

    def report(self, severity, rule: str, rows: pd.DataFrame, message: str, column: str = "", value=None) -> None:
        """One finding a row, up to a handful; then how many more there are; nothing where there are no rows.

        `rows` carry source_file and source_row; `value`, aligned with them, is what stood there.
        """
        for file, some in rows.groupby("source_file", sort=False):
            shown = some.head(SHOWN_ROWS)
            for index, number in shown["source_row"].items():
                said = "" if value is None else shown_value(value[index])
                self.findings.append(Finding(severity, rule, message, file, int(number), column.upper(), said))
            if len(some) > len(shown):
                more = f"{len(some) - len(shown)} more rows: {message}"
                self.findings.append(Finding(severity, rule, more, file, None, column.upper()))

    def frame(self, table: str) -> pd.DataFrame:
        """The rows of a table; an empty frame with its columns and their types where no file had any."""
        if table in self.tables:
            return self.tables[table]
        types = {Float: "float64", Integer: "float64", DateTime: "datetime64[us]"}
        columns = schema.metadata.tables[table].columns
        return pd.DataFrame({one.name: pd.Series(dtype=types.get(type(one.type), object)) for one in columns})


def shown_value(value: object) -> str:
    """As the sender wrote it: a number without the ".0" that reading gave it, nothing for a blank."""
    return "" if pd.isna(value) else f"{value:.15g}" if isinstance(value, float) else str(value)


def map_tables(sources: Iterable[SourceTable], protocol: Protocol) -> Mapped:
    """The rows of all files in the tables of the store, typed; nothing is derived yet."""
    mapped = Mapped()
    unknown = {one.table for one in protocol.sources} - {table.name for table in schema.study_tables()}
    if unknown:
        message = f"[[sources]] of the protocol file names no table of the store: {', '.join(sorted(unknown))}; mend it"
        mapped.findings.append(Finding("error", "unknown table", message))
        return mapped
    parts: dict[str, list[pd.DataFrame]] = {}
    for source in sources:
        loaded, used = {}, set()
        for name, rows in _route(source, protocol):
            used |= {one.name for one in schema.metadata.tables[name].columns if not schema.is_derived(one)}
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
        used=sum(loaded.values()),
        loaded=loaded,
        mapped_columns=tuple(sorted(name.upper() for name in set(source.frame.columns) & used)),
        ignored_columns=tuple(name.upper() for name in ignored),
    )


def _route(source: SourceTable, protocol: Protocol) -> Iterable[tuple[str, pd.DataFrame]]:
    """The rows of a file by table: the first of the protocol's `sources` that fits, then the domain's own table."""
    rows = source.frame.assign(source_file=source.name, source_row=range(1, len(source.frame) + 1))
    left = pd.Series(True, index=rows.index)
    for entry in protocol.sources:
        if entry.domain != source.domain:
            continue
        taken = left.copy()
        for column, values in entry.where.items():
            wanted = [one.upper() for one in values]
            taken &= _text(rows[column]).str.upper().isin(wanted) if column in rows else False
        if taken.any():
            yield entry.table, rows[taken]
        left &= ~taken
    default = schema.default_table(source.domain)
    if default and left.any():
        yield default, rows[left]


def _typed(rows: pd.DataFrame, table: Table, protocol: Protocol, mapped: Mapped) -> pd.DataFrame:
    """The table's columns with its types. Text stays as it came; a number that is none is a finding."""
    missing = [name for name in table.info["required"] if name not in rows]
    for name in missing:
        message = f"the table {table.name} needs this column; add it and export again"
        file = rows["source_file"].iloc[0]
        mapped.findings.append(Finding("error", "required column missing", message, file, None, name.upper()))
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        name = column.name
        if name in columns or isinstance(column.type, DateTime):
            continue
        known = name in rows and not schema.is_derived(column)
        values = rows[name] if known else pd.Series(None, index=rows.index, dtype=object)
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
    if pd.api.types.is_numeric_dtype(values):
        return values.map({one: f"{one:.15g}" for one in values.dropna().unique()}).astype(object)
    return values.astype(object)


def _number(values: pd.Series, rows: pd.DataFrame, name: str, mapped: Mapped) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").replace([np.inf, -np.inf], np.nan)
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
    mapped.report("error", "infusion without date", undated, "Day 0 cannot be known; EXSTDTC is blank", "exstdtc")
    again = given[given.duplicated("usubjid")]
    if protocol.day0.infusions == "one" and len(again):
        message = "a second infusion of the cell product: which is Day 0 cannot be told"
        mapped.report("error", "two infusions", again, message, "exstdtc", again["exstdtc"])
    first = given.drop_duplicates("usubjid").set_index("usubjid")
    partial = first[first["exstdtc_earliest"].dt.normalize() != first["exstdtc_latest"].dt.normalize()]
    # Without its day a patient of a dose level would stand as not infused, outside every window.
    severity = "error" if protocol.dlt else "warning"
    message = "the infusion date is partial: Day 0 cannot be told; give the day"
    mapped.report(severity, "partial infusion date", partial, message, "exstdtc", partial["exstdtc"])
    whole = first["exstdtc_earliest"].drop(partial.index).to_dict()
    subjects["day0"] = pd.to_datetime(subjects["usubjid"].map(whole))


def _dose(mapped: Mapped, protocol: Protocol) -> None:
    if protocol.dlt is None or "infusion" not in mapped.tables:
        return
    given, units = mapped.tables["infusion"], protocol.dlt.dose_units
    negative = given[given["exdose"] < 0]
    mapped.report("error", "negative dose", negative, "a dose is 0 or more", "exdose", given["exdose"])
    unknown = given[given["exdose"].notna() & ~given["exdosu"].isin(list(units))]
    message = f"unknown unit of dose; the protocol file knows {', '.join(units)} ([dlt.dose_units])"
    mapped.report("error", "unknown unit", unknown, message, "exdosu", given["exdosu"])
    given["dose"] = given["exdose"] * given["exdosu"].map(units).astype(float)
    assigned = {one.id: one.dose for one in protocol.dose_levels}
    cohort = given["usubjid"].map(mapped.tables["subject"].drop_duplicates("usubjid").set_index("usubjid")["cohort"])
    given["dose_fraction"] = given["dose"] / cohort.map(assigned).astype(float)
    unsaid = given[given["dose_fraction"].isna()]
    message = "dose received is unknown: the DLT window of this patient stays unresolved; give EXDOSE and EXDOSU"
    mapped.report("warning", "dose unknown", unsaid, message, "exdose")
    odd = given[given["dose_fraction"].notna() & ~given["dose_fraction"].between(*PLAUSIBLE_FRACTION)]
    message = "dose received is far from the dose assigned, as after a slip of units; look at EXDOSE and EXDOSU"
    mapped.report("warning", "implausible dose", odd, message, "exdose", given["exdose"])


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
    message = f"must be one of {', '.join(words)}"
    mapped.report("error", "unknown DLT flag", unknown, message, "qval", unknown["qval"])
    keys = list(zip(events["usubjid"], events["aeseq"], strict=True))
    named = list(zip(extra["usubjid"], pd.to_numeric(extra["idvarval"], errors="coerce"), strict=True))
    known = set(keys)
    found = pd.Series([one in known for one in named], index=extra.index, dtype=bool)
    lost = extra[~found | (extra["idvar"] != "AESEQ")]
    message = "a DLT flag that names no adverse event; IDVAR must be AESEQ and IDVARVAL the number of an event"
    mapped.report("error", "lost DLT flag", lost, message, "idvarval", lost["idvarval"])
    twice = extra[pd.Series(named, index=extra.index, dtype=object).duplicated()]
    message = "this event has a DLT flag already; keep one"
    mapped.report("error", "two DLT flags", twice, message, "idvarval", twice["idvarval"])
    said = dict(zip(named, extra["qval"].map(words), strict=True))
    events["aedlt"] = pd.Series([said.get(one) for one in keys], index=events.index, dtype=object)
