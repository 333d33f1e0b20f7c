"""From source tables to the tables of the store: where rows go, how they are typed, what is derived from them.

Nothing is dropped on the way: a row that no table takes is counted, a value that does not fit is a finding. Rows pass
chunk by chunk into the stage; only the tables that rules read as a whole are kept in memory until the end.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
from sqlalchemy import DateTime, Float, Integer, Table

from data import dates, domains, results, schema
from data.findings import Findings
from data.protocol import Protocol
from data.readers import ReadError, SourceTable
from data.receipt import FileRead
from data.reshape import Layout, Mapping, Reshaper, as_text
from data.stage import Stage

PLAUSIBLE_FRACTION = (0.1, 10)  # of the assigned dose; outside it is more likely a slip of units

# What the derivations and the rules between rows look at as a whole. Everything else can be of any length.
IN_MEMORY = {
    "subject", "infusion", "lymphodepletion", "exposure", "adverse_event", "supplemental_qualifier", "trial_summary",
}  # fmt: skip
# RS also holds what is no tumour response (a depression scale in a real study): those rows are kept, not loaded.
TUMOUR_RESPONSE = {"TRGRESP", "NTRGRESP", "OVRLRESP", "NEWLPROG", "BESTRESP", "BOR", "CBOR"}


@dataclass
class _Account:
    """What became of the rows of one file."""

    source: SourceTable
    given_up: bool = False  # reading broke off: no row of it counts as used
    domains: list[str] = field(default_factory=list)
    rows: int = 0
    taken: list[np.ndarray] = field(default_factory=list)  # a chunk each: whether a table took the row
    loaded: Counter = field(default_factory=Counter)
    derived: Counter = field(default_factory=Counter)
    used_columns: set[str] = field(default_factory=set)

    def read(self, wrong: set[int]) -> FileRead:
        taken = np.concatenate(self.taken) if self.taken else np.zeros(0, dtype=bool)
        inside = [row for row in wrong if row <= len(taken)]
        refused_and_taken = sum(bool(taken[row - 1]) for row in inside)
        columns = {name for name in self.source.columns if name not in ("studyid", "domain")}
        mapped = columns & self.used_columns
        return FileRead(
            name=self.source.name,
            sha256=self.source.sha256,
            size=self.source.size,
            format=self.source.format,
            encoding=self.source.encoding,
            dialect=self.source.dialect,
            domain="+".join(self.domains),
            decoded=self.source.decoded,
            rows=self.rows,
            used=0 if self.given_up else int(taken.sum()) - refused_and_taken,
            refused=self.rows if self.given_up else len(inside),
            loaded={} if self.given_up else dict(self.loaded),
            derived={name: count for name, count in self.derived.items() if count},
            mapped_columns=tuple(sorted(name.upper() for name in mapped)),
            ignored_columns=tuple(sorted(name.upper() for name in columns - mapped)) if self.loaded else (),
        )


class Mapped:
    """The rows of all files on their way into a cut, what was found, and the account of each file."""

    def __init__(self, stage: Stage, protocol: Protocol, mapping: Mapping | None = None):
        self.stage = stage
        self.protocol = protocol
        self.findings = Findings()
        self.tables: dict[str, pd.DataFrame] = {}  # those of IN_MEMORY that have rows, once `gather` was called
        self._reshaper = Reshaper(mapping) if mapping else None
        self._parts: dict[str, list[pd.DataFrame]] = {}
        self._accounts: dict[str, _Account] = {}
        unknown = {one.table for one in protocol.sources} - {table.name for table in schema.study_tables()}
        if unknown:
            message = f"[[sources]] of the protocol file names no table of the store: {', '.join(sorted(unknown))}"
            self.findings.add("error", "unknown table", f"{message}; mend it")

    @property
    def refused(self) -> bool:
        return self.findings.has("error")

    @property
    def files(self) -> list[FileRead]:
        return [one.read(self.findings.wrong_rows(name)) for name, one in self._accounts.items()]

    @property
    def domains(self) -> set[str]:
        return {domain for one in self._accounts.values() for domain in one.domains}

    def frame(self, table: str) -> pd.DataFrame:
        """The rows of a table of IN_MEMORY; an empty frame with its columns and their types where no file had any."""
        if table in self.tables:
            return self.tables[table]
        types = {Float: "float64", Integer: "float64", DateTime: "datetime64[us]"}
        columns = schema.metadata.tables[table].columns
        return pd.DataFrame({one.name: pd.Series(dtype=types.get(type(one.type), object)) for one in columns})

    # ---- rows in -------------------------------------------------------------------------------------------------
    def layout(self, source: SourceTable) -> Layout | None:
        """The layout of the mapping file that fits this source; None where it is read as SDTM."""
        layout = self._reshaper.mapping.layout(source.columns) if self._reshaper else None
        lacking = layout.lacking(source.columns) if layout else ()
        if lacking:
            names = ", ".join(sorted(lacking))
            raise ReadError("column missing", f"the mapping file reads {names}, which {source.name} does not have")
        return layout

    def open(self, source: SourceTable) -> None:
        """Begins the account of a file."""
        self._accounts[source.name] = _Account(source)

    def sdtm(
        self, source: SourceTable, layout: Layout | None, chunk: pd.DataFrame
    ) -> Iterator[tuple[str, pd.DataFrame]]:
        """The rows of a chunk by domain, with the file and the row they came from. ReadError where none is told."""
        account = self._accounts[source.name]
        chunk = chunk.assign(source_file=source.name, source_row=chunk.index)
        if layout:
            before = self._reshaper.numbered
            yield from self._reshaper.parts(layout, chunk, self.findings)
            account.derived["numbered"] += self._reshaper.numbered - before
            return
        if not account.domains:
            account.domains.append(domains.recognise(source.columns, chunk))
        (domain,) = account.domains
        if not domain:
            known = "no column DOMAIN (or RDOMAIN), and its variables are of no one SDTM domain"
            remedy = "describe it in a mapping file (--mapping)"
            raise ReadError("domain unknown", f"{known}: which domain {source.name} holds cannot be told; {remedy}")
        domains.check(domain, chunk)
        yield domain, chunk

    def take(self, source: SourceTable, chunk: pd.DataFrame, parts: list[tuple[str, pd.DataFrame]]) -> None:
        """Routes, types and stages the rows of one chunk, and accounts for them."""
        account = self._accounts[source.name]
        taken = np.zeros(len(chunk), dtype=bool)
        layout = self.layout(source)
        for domain, rows in parts:
            if domain not in account.domains:
                account.domains.append(domain)
            for name, some in self._route(domain, rows):
                table = schema.metadata.tables[name]
                typed = _typed(some, table, self.protocol, self.findings, account.derived)
                if schema.is_measured(table):
                    account.derived.update(results.derive(typed, table, self.findings.report))
                self._keep(name, typed)
                account.loaded[name] += len(typed)
                taken |= chunk.index.isin(typed["source_row"])
                account.used_columns |= {one.name for one in table.columns if not schema.is_derived(one)}
        if layout:
            account.used_columns = {column for rows in layout.rows for column in rows.columns}
        account.rows += len(chunk)
        account.taken.append(taken)

    def _route(self, domain: str, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        """The rows by table: the first of the protocol's `sources` that fits, then the domain's own table."""
        left = pd.Series(True, index=range(len(rows)))
        rows = rows.reset_index(drop=True)
        for entry in self.protocol.sources:
            if entry.domain != domain or entry.table not in schema.metadata.tables:  # the latter is refused
                continue
            taken = left.copy()
            for column, values in entry.where.items():
                wanted = [one.upper() for one in values]
                taken &= as_text(rows[column]).str.upper().isin(wanted) if column in rows else False
            if taken.any():
                yield entry.table, rows[taken]
            left &= ~taken
        default = schema.default_table(domain)
        if default == "response" and "rstestcd" in rows:
            other = rows[left & ~rows["rstestcd"].isin(TUMOUR_RESPONSE)]
            message = "no tumour response (RSTESTCD): the row is kept beside the cut, in no table"
            self.findings.report("note", "not a response", other, message, "rstestcd", other["rstestcd"])
            left &= rows["rstestcd"].isin(TUMOUR_RESPONSE)
        if default and left.any():
            yield default, rows[left]

    def _keep(self, name: str, typed: pd.DataFrame) -> None:
        """Whose row it is must be known before it rests anywhere."""
        if "usubjid" in typed and typed["usubjid"].isna().any():
            blank = typed["usubjid"].isna()
            self.findings.report("error", "subject missing", typed[blank], "USUBJID is blank", "usubjid")
            typed = typed[~blank]
        if name in IN_MEMORY:
            self._parts.setdefault(name, []).append(typed)
        else:
            self.stage.add(name, typed)

    def give_up(self, file: str) -> None:
        """The file cannot be read to its end: the rows that were read are refused with the rest."""
        if file in self._accounts:
            self._accounts[file].given_up = True

    def forget_examples(self, file: str) -> None:
        """Drops the decoded values of a file: they may be what identifies a person."""
        account = self._accounts[file]
        account.source = replace(account.source, decoded=())

    def counted_from(self) -> tuple[pd.Timestamp | None, set[str]]:
        """The fictional Day 0 of the mapping file, and the subjects whose dates count from it."""
        if self._reshaper is None or not self._reshaper.dated:
            return None, set()
        return pd.Timestamp(self._reshaper.mapping.day0), self._reshaper.dated

    def gather(self) -> None:
        """Makes whole tables of what is kept in memory, once all files are read."""
        for name, parts in self._parts.items():
            self.tables[name] = pd.concat(parts, ignore_index=True)
        self._parts.clear()

    def stage_rest(self) -> None:
        """Puts the tables that were kept in memory into the stage too, derived columns and all."""
        for name, rows in self.tables.items():
            self.stage.add(name, rows)


def _typed(rows: pd.DataFrame, table: Table, protocol: Protocol, findings: Findings, derived: Counter) -> pd.DataFrame:
    """The table's columns with its types. Text stays as it came; a number that is none is a finding."""
    missing = [name for name in table.info["required"] if name not in rows]
    for name in missing:
        message = f"the table {table.name} needs this column; add it and export again"
        findings.once("error", "required column missing", message, rows["source_file"].iloc[0], None, name)
    if schema.is_measured(table):
        rows = _numbers_apart(rows, table)
    number = partial(_number, rows, findings)
    columns: dict[str, pd.Series] = {}
    partial_dates = pd.Series(False, index=rows.index)
    for column in table.columns:
        name = column.name
        if name in columns or isinstance(column.type, DateTime):
            continue
        known = name in rows and not schema.is_derived(column)
        values = rows[name] if known else pd.Series(None, index=rows.index, dtype=object)
        if name == "aetoxgr":
            values = _graded(values, protocol.adverse_events.grades)
        columns[name] = number(values, name) if isinstance(column.type, Float | Integer) else as_text(values)
        if name.endswith("testcd"):  # a code in lower case would be found by no rule
            columns[name] = columns[name].str.upper()
        if f"{name}_earliest" in table.columns:
            spans, wrong = dates.intervals(columns[name], protocol.trial.zone)
            columns[f"{name}_earliest"], columns[f"{name}_latest"] = spans["earliest"], spans["latest"]
            partial_dates |= spans["earliest"].dt.normalize() < spans["latest"].dt.normalize()
            for text, reason in wrong.items():
                bad = rows[columns[name] == text]
                findings.report("error", "impossible date", bad, reason, name, columns[name])
    derived["partial_dates"] += int(partial_dates.sum())
    return pd.DataFrame(columns, index=rows.index).reindex(columns=list(table.columns.keys()))


def _numbers_apart(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """A text such as <0.2 in the column of standard numbers is moved to that of standard results, where it is read."""
    prefix = table.info["domain"].lower()
    number, text = f"{prefix}stresn", f"{prefix}stresc"
    if number not in rows or pd.api.types.is_numeric_dtype(rows[number]):
        return rows
    said = rows[number].notna() & pd.to_numeric(rows[number], errors="coerce").isna()
    if not said.any():
        return rows
    texts = rows[text] if text in rows else pd.Series(None, index=rows.index, dtype=object)
    moved = texts.where(texts.notna() | ~said, rows[number])
    return rows.assign(**{text: moved, number: rows[number].where(~said, None)})


def _number(rows: pd.DataFrame, findings: Findings, values: pd.Series, name: str) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").replace([np.inf, -np.inf], np.nan)
    bad = numbers.isna() & values.notna()
    if bad.any():
        message = f"{name.upper()} must be a number"
        if name == "aetoxgr":
            message = "the protocol file does not map this grade; add it to [adverse_events.grades]"
        findings.report("error", "not a number", rows[bad], message, name, values)
    return numbers


def _graded(values: pd.Series, grades: dict[str, int]) -> pd.Series:
    """Words for grades as their numbers; anything else as it came."""
    if pd.api.types.is_numeric_dtype(values):
        return values
    return values.map(lambda one: grades.get(one.upper(), one), na_action="ignore").astype(object)


# ---- derivations ----------------------------------------------------------------------------------------------------
def derive(mapped: Mapped) -> None:
    """Cohort and Day 0 of each subject, dose received, causality class, the sponsor's DLT flag."""
    protocol = mapped.protocol
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
            mapped.findings.report("error", "unknown cohort", bad, message, column, subjects[column])
    subjects["cohort"] = subjects[column].fillna("").map(known).astype(object)


def _day0(mapped: Mapped, protocol: Protocol) -> None:
    """Day 0 is the infusion of the product that the protocol names: never RFSTDTC, never the first row of EX."""
    given = mapped.frame("infusion").sort_values("exstdtc_earliest")
    subjects = mapped.tables["subject"]
    undated = given[given["exstdtc_earliest"].isna()]
    mapped.findings.report(
        "error", "infusion without date", undated, "Day 0 cannot be known; EXSTDTC is blank", "exstdtc"
    )
    again = given[given.duplicated("usubjid")]
    if protocol.day0.infusions == "one" and len(again):
        message = "a second infusion of the cell product: which is Day 0 cannot be told"
        mapped.findings.report("error", "two infusions", again, message, "exstdtc", again["exstdtc"])
    first = given.drop_duplicates("usubjid").set_index("usubjid")
    partial = first[first["exstdtc_earliest"].dt.normalize() != first["exstdtc_latest"].dt.normalize()]
    # Without its day a patient of a dose level would stand as not infused, outside every window.
    severity = "error" if protocol.dlt else "warning"
    message = "the infusion date is partial: Day 0 cannot be told; give the day"
    mapped.findings.report(severity, "partial infusion date", partial, message, "exstdtc", partial["exstdtc"])
    whole = first["exstdtc_earliest"].drop(partial.index).to_dict()
    subjects["day0"] = pd.to_datetime(subjects["usubjid"].map(whole))
    fictional, counted = mapped.counted_from()
    if fictional is not None:
        own = subjects["day0"].notna() & (subjects["day0"].dt.normalize() != fictional)
        other = subjects[own & subjects["usubjid"].isin(counted)]
        message = (
            f"days were counted from {fictional:%Y-%m-%d} (day0 of the mapping file), this infusion is another day"
        )
        mapped.findings.report("error", "another Day 0", other, message, "usubjid", other["usubjid"])


def _dose(mapped: Mapped, protocol: Protocol) -> None:
    if protocol.dlt is None or "infusion" not in mapped.tables:
        return
    given, units = mapped.tables["infusion"], protocol.dlt.dose_units
    negative = given[given["exdose"] < 0]
    mapped.findings.report("error", "negative dose", negative, "a dose is 0 or more", "exdose", given["exdose"])
    unknown = given[given["exdose"].notna() & ~given["exdosu"].isin(list(units))]
    message = f"unknown unit of dose; the protocol file knows {', '.join(units)} ([dlt.dose_units])"
    mapped.findings.report("error", "unknown unit", unknown, message, "exdosu", given["exdosu"])
    given["dose"] = given["exdose"] * given["exdosu"].map(units).astype(float)
    assigned = {one.id: one.dose for one in protocol.dose_levels}
    cohort = given["usubjid"].map(mapped.tables["subject"].drop_duplicates("usubjid").set_index("usubjid")["cohort"])
    given["dose_fraction"] = given["dose"] / cohort.map(assigned).astype(float)
    unsaid = given[given["dose_fraction"].isna()]
    message = "dose received is unknown: the DLT window of this patient stays unresolved; give EXDOSE and EXDOSU"
    mapped.findings.report("warning", "dose unknown", unsaid, message, "exdose")
    odd = given[given["dose_fraction"].notna() & ~given["dose_fraction"].between(*PLAUSIBLE_FRACTION)]
    message = "dose received is far from the dose assigned, as after a slip of units; look at EXDOSE and EXDOSU"
    mapped.findings.report("warning", "implausible dose", odd, message, "exdose", given["exdose"])


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
            mapped.findings.report("error", "unknown causality", bad, message, "aerel", events["aerel"])
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
    mapped.findings.report("error", "unknown DLT flag", unknown, message, "qval", unknown["qval"])
    keys = list(zip(events["usubjid"], events["aeseq"], strict=True))
    named = list(zip(extra["usubjid"], pd.to_numeric(extra["idvarval"], errors="coerce"), strict=True))
    known = set(keys)
    found = pd.Series([one in known for one in named], index=extra.index, dtype=bool)
    lost = extra[~found | (extra["idvar"] != "AESEQ")]
    message = "a DLT flag that names no adverse event; IDVAR must be AESEQ and IDVARVAL the number of an event"
    mapped.findings.report("error", "lost DLT flag", lost, message, "idvarval", lost["idvarval"])
    twice = extra[pd.Series(named, index=extra.index, dtype=object).duplicated()]
    message = "this event has a DLT flag already; keep one"
    mapped.findings.report("error", "two DLT flags", twice, message, "idvarval", twice["idvarval"])
    said = dict(zip(named, extra["qval"].map(words), strict=True))
    events["aedlt"] = pd.Series([said.get(one) for one in keys], index=events.index, dtype=object)
