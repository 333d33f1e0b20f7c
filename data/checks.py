"""What must hold before files become a cut. Each check adds findings; one error refuses the whole import."""

import re
from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from data import schema
from data.mapping import Mapped, shown_value
from data.protocol import Protocol
from data.readers import SourceTable
from data.receipt import FileRead, Finding, Receipt

# Columns without which a screen would count nothing and look reassuring: their absence is said, never read as "none".
_TELLING = {
    "AE": ("aedecod", "aetoxgr", "aeser", "aerel", "aeendtc", "aesdth"),
    "EX": ("exdose", "exdosu"),
    "DM": ("dthfl", "dthdtc"),
}
_YES_NO = {"adverse_event": ("aeser", "aesdth"), "subject": ("dthfl",)}


def check_sources(sources: list[SourceTable], protocol: Protocol, mapped: Mapped) -> None:
    """What can be said of the files before their rows are typed: study, domains, columns."""
    for source in sources:
        _one_study(source, protocol, mapped)
        absent = [name for name in _TELLING.get(source.domain, ()) if name not in source.frame]
        if protocol.adverse_events.grade_scale == "" and "aetoxgr" in absent:
            absent.remove("aetoxgr")
        for name in absent:
            message = "the file has no such column: what it would say is unknown for every row"
            mapped.findings.append(Finding("warning", "column missing", message, source.name, None, name.upper()))
        if source.domain == "DM" and protocol.cohort.column not in source.frame:
            message = "the protocol file reads the cohort from this column ([cohort]); add it and export again"
            column = protocol.cohort.column.upper()
            mapped.findings.append(Finding("error", "required column missing", message, source.name, None, column))
    domains = {source.domain for source in sources}
    if "DM" not in domains:
        message = "none of the files holds DM (demographics): nobody could be placed; add it"
        mapped.findings.append(Finding("error", "no subjects", message))
    if "AE" not in domains:
        message = "none of the files holds AE: that no adverse event is shown does not mean that none occurred"
        mapped.findings.append(Finding("warning", "no adverse events", message))


def _one_study(source: SourceTable, protocol: Protocol, mapped: Mapped) -> None:
    if "studyid" not in source.frame:
        return
    rows = source.frame.assign(source_file=source.name, source_row=range(1, len(source.frame) + 1))
    other = rows[rows["studyid"] != protocol.trial.id]
    message = f"another study's data; this protocol file is for {protocol.trial.id}"
    mapped.report("error", "other study", other, message, "studyid", rows["studyid"])


def check_against(current: Receipt, mapped: Mapped) -> None:
    """Rows of a domain that were there in the current cut and are not now: a file forgotten or cut short.

    It is the one way to see an XPORT v5 file that was cut at the end of a row. Events and treatments that go
    altogether refuse the import; fewer rows may be a correction and are a warning.
    """
    before, after = _rows_by_domain(current.files), _rows_by_domain(mapped.files)
    for domain, rows in before.items():
        left = after.get(domain, 0)
        if left == 0:
            severity = "error" if domain in ("AE", "EX") else "warning"
            message = f"the current cut has {rows} rows of {domain} and these files have none; add the file"
            mapped.findings.append(Finding(severity, "domain gone", message))
        elif left < rows:
            message = f"{domain} had {rows} rows in the current cut and has {left} now; look whether the file is whole"
            mapped.findings.append(Finding("warning", "fewer rows", message))


def _rows_by_domain(files: Iterable[FileRead]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for one in files:
        rows[one.domain] = rows.get(one.domain, 0) + one.rows
    return rows


def check_tables(mapped: Mapped, protocol: Protocol) -> None:
    """What must hold between the rows: known subjects, keys, grades, treatments, the order of dates."""
    subjects = mapped.tables.get("subject")
    if subjects is None:
        return
    known = set(subjects["usubjid"].dropna())
    for name, rows in mapped.tables.items():
        table = schema.metadata.tables[name]
        if "usubjid" in rows and name != "subject":
            _placed(rows, known, mapped)
        if name == "subject" and rows["usubjid"].isna().any():
            mapped.report("error", "subject missing", rows[rows["usubjid"].isna()], "USUBJID is blank", "usubjid")
        _unique(rows, table.info["key"], mapped)
        _yes_no(name, rows, mapped)
        _ends_after_start(rows, mapped)
    _numbered(mapped)
    _grades(mapped, protocol)
    _treatments(mapped, protocol)
    _treated_have_cohort(mapped)
    _dlt_after_infusion(mapped)


def _placed(rows: pd.DataFrame, known: set[str], mapped: Mapped) -> None:
    stray = rows[~rows["usubjid"].isin(known)]
    mapped.report("error", "subject not in DM", stray, "USUBJID is not in DM", "usubjid", rows["usubjid"])


def _unique(rows: pd.DataFrame, key: list[str], mapped: Mapped) -> None:
    numbered = rows.dropna(subset=[key[-1]])
    again = numbered[numbered.duplicated(key)]
    if len(again):
        names = ", ".join(one.upper() for one in key)
        shown = again[key].map(shown_value).agg(" / ".join, axis=1)
        message = f"{names} stands there twice; each row needs its own"
        mapped.report("error", "duplicate key", again, message, key[-1], shown)


def _numbered(mapped: Mapped) -> None:
    events = mapped.frame("adverse_event")
    blank = events[events["aeseq"].isna()]
    message = "AESEQ is blank: no DLT flag, review or query could name this event; number it"
    mapped.report("error", "no sequence number", blank, message, "aeseq")


def _yes_no(name: str, rows: pd.DataFrame, mapped: Mapped) -> None:
    for column in _YES_NO.get(name, ()):
        bad = rows[rows[column].notna() & ~rows[column].isin(["Y", "N"])]
        mapped.report("error", "neither Y nor N", bad, "must be Y, N or blank", column, bad[column])


def _ends_after_start(rows: pd.DataFrame, mapped: Mapped) -> None:
    for start in [one for one in rows.columns if one.endswith("stdtc") and f"{one[:-5]}endtc" in rows]:
        end = f"{start[:-5]}endtc"
        bad = rows[rows[f"{end}_latest"] < rows[f"{start}_earliest"]]
        message = f"ends before it begins ({start.upper()}); one of the two dates is wrong"
        mapped.report("warning", "end before start", bad, message, end, bad[end])


def _treatments(mapped: Mapped, protocol: Protocol) -> None:
    """Day 0 and lymphodepletion hang on a name: a treatment under any other name would leave a patient untreated."""
    expected = {"infusion": protocol.day0.treatments, "lymphodepletion": protocol.lymphodepletion.treatments}
    routed = any(one.domain == "EX" for one in protocol.sources)
    by_name = {word: table for table, words in expected.items() for word in words}
    for name in ("infusion", "lymphodepletion", "exposure"):
        rows = mapped.frame(name)
        said = rows["extrt"].str.upper().map(by_name).astype(object)
        wrong = rows[(said.notna() & (said != name)) | (said.isna() & (name in expected))]
        message = f"[[sources]] puts this treatment into {name}, [day0] and [lymphodepletion] say otherwise"
        mapped.report("error", "treatment in the wrong table", wrong, message, "extrt", wrong["extrt"])
        if name == "exposure" and routed and not any(one.table == "exposure" for one in protocol.sources):
            unknown = rows[said.isna()]
            message = "the protocol file does not know this treatment; mend the name, or add it to [[sources]]"
            mapped.report("error", "unknown treatment", unknown, message, "extrt", unknown["extrt"])


def _grades(mapped: Mapped, protocol: Protocol) -> None:
    events = mapped.frame("adverse_event")
    bad = events[events["aetoxgr"].notna() & ~events["aetoxgr"].isin([1, 2, 3, 4, 5])]
    mapped.report("error", "impossible grade", bad, "a grade is 1, 2, 3, 4 or 5", "aetoxgr", bad["aetoxgr"])
    if len(events) and protocol.adverse_events.grade_scale and events["aetoxgr"].isna().all():
        mapped.findings.append(Finding("warning", "no grades", "no adverse event carries a grade (AETOXGR)"))
    uncoded = events[events["aedecod"].isna()]
    mapped.report("note", "uncoded", uncoded, "adverse event without preferred term", "aeterm", uncoded["aeterm"])


def _treated_have_cohort(mapped: Mapped) -> None:
    subjects = mapped.tables["subject"]
    lost = subjects[subjects["day0"].notna() & subjects["cohort"].isna()]
    mapped.report("error", "treated without cohort", lost, "this subject was treated and has no cohort", "usubjid")


def _dlt_after_infusion(mapped: Mapped) -> None:
    events = mapped.frame("adverse_event")
    subjects = mapped.tables["subject"].drop_duplicates("usubjid").set_index("usubjid")
    day0 = pd.to_datetime(events["usubjid"].map(subjects["day0"])).dt.normalize()
    # What began before and lasts, such as a grade 4 neutropenia that never recovers, can be a DLT.
    early = events[(events["aedlt"] == "Y") & (pd.to_datetime(events["aeendtc_latest"]) < day0)]
    message = "flagged as DLT but over before the infusion; mend the dates, the infusion date or the flag"
    mapped.report("error", "DLT before infusion", early, message, "aeendtc", early["aeendtc"])


_IDENTIFYING = re.compile(
    r"(pat(ient)?|subj(ect)?|pt)?[_ ]?(name|nam|initials?)|(full|first|last|family|given)[_ ]?name|surname|"
    r".*(姓名|身份证|电话|手机|住院号|病历号|门诊号).*|(national[_ ]|identity[_ ]|id[_ ]?)card([_ ]?(no|number))?|"
    r"id[_ ]?no|(mobile|cell)([_ ]?phone)?([_ ]?(no|number))?|(tele)?phone([_ ]?(no|number))?|mrn|"
    r"(hosp(ital)?|medical[_ ]record|inpatient)[_ ]?(no|num|number|id)",
    re.IGNORECASE,
)
_IDENTITY_CARD = re.compile(r"\d{6}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx]")


def without_identifying(source: SourceTable) -> tuple[SourceTable, list[str]]:
    """The file without what identifies a person, and the columns that did. A file with any is refused, never stored.

    By name or label of the column (a name, identity card, telephone or hospital number), by its values (Chinese
    identity card numbers), and by QNAM and QLABEL of supplemental qualifiers. What is found is dropped at
    once, decoded examples too, so that no finding can repeat it.
    """
    frame = source.frame
    found = [name for name in frame.columns if _identifies(name, source.labels.get(name, ""), frame[name])]
    named = pd.Series(False, index=frame.index)
    for column in {"qnam", "qlabel"} & set(frame.columns):
        named |= frame[column].fillna("").map(lambda text: bool(_IDENTIFYING.fullmatch(text)))
    if named.any():
        found += sorted(frame[named]["qnam"].dropna().unique())
    if not found:
        return source, []
    kept = frame[~named].drop(columns=[name for name in found if name in frame])
    return replace(source, frame=kept, decoded=()), [name.upper() for name in found]


def _identifies(name: str, label: str, values: pd.Series) -> bool:
    if _IDENTIFYING.fullmatch(name) or _IDENTIFYING.fullmatch(label.strip()):
        return True
    texts = [one for one in values.dropna().unique() if isinstance(one, str)]
    return any(_IDENTITY_CARD.fullmatch(one) for one in texts)


def not_validated(sources: list[SourceTable]) -> tuple[str, ...]:
    """Deaths, serious, fatal and grade >= 4 events in refused files: not validated, and not to be overlooked."""
    lines = []
    for source in sources:
        if "usubjid" in source.frame and source.domain in ("AE", "DM"):
            lines += _grave_events(source.frame) if source.domain == "AE" else _deaths(source.frame)
    return tuple(lines)


def _grave_events(rows: pd.DataFrame) -> Iterable[str]:
    for row in rows.to_dict("records"):
        grade = pd.to_numeric(row.get("aetoxgr"), errors="coerce")
        marks = [word for word, column in (("fatal", "aesdth"), ("serious", "aeser")) if row.get(column) == "Y"]
        if marks or (pd.notna(grade) and grade >= 4):
            term = row.get("aedecod") or row.get("aeterm") or "term missing"
            said = "grade not recorded" if pd.isna(grade) else f"grade {grade:g}"
            yield f"{row['usubjid']}: {term}, {', '.join([said, *marks])}, {row.get('aestdtc') or 'undated'}"


def _deaths(rows: pd.DataFrame) -> Iterable[str]:
    for row in rows.to_dict("records"):
        if row.get("dthfl") == "Y" or row.get("dthdtc"):
            yield f"{row['usubjid']}: died, {row.get('dthdtc') or 'undated'}"
