"""What must hold before files become a cut. Each check adds findings; one error refuses the whole import.

What is about one kind of row is asked of its frame; what holds for every table is asked of the stage, of any length.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

import pandas as pd
from sqlalchemy import Table

from data.findings import Findings, shown_value
from data.mapping import Mapped
from data.protocol import Protocol
from data.receipt import FileRead, Receipt
from data.stage import Stage

FEWER = 30  # % of subjects or events that may not be missing beside the current cut without a person's word

# Columns without which a screen would count nothing and look reassuring: their absence is said, never read as "none".
_TELLING = {
    "AE": ("aedecod", "aetoxgr", "aeser", "aerel", "aeendtc", "aesdth"),
    "EX": ("exdose", "exdosu"),
    "DM": ("dthfl", "dthdtc"),
}
_YES_NO = {"adverse_event": ("aeser", "aesdth"), "subject": ("dthfl",)}


# ---- while a file is read --------------------------------------------------------------------------------------------
def check_study(rows: pd.DataFrame, protocol: Protocol, findings: Findings) -> None:
    if "studyid" in rows:
        other = rows[rows["studyid"] != protocol.trial.id]
        message = f"another study's data; this protocol file is for {protocol.trial.id}"
        findings.report("error", "other study", other, message, "studyid", rows["studyid"])


def check_columns(file: str, domain: str, columns: set[str], protocol: Protocol, findings: Findings) -> None:
    """columns: those that the file has for this domain, in any of its rows."""
    absent = [name for name in _TELLING.get(domain, ()) if name not in columns]
    if protocol.adverse_events.grade_scale == "" and "aetoxgr" in absent:
        absent.remove("aetoxgr")
    for name in absent:
        message = "the file has no such column: what it would say is unknown for every row"
        findings.add("warning", "column missing", message, file, None, name)
    if domain == "DM" and protocol.cohort.column not in columns:
        message = "the protocol file reads the cohort from this column ([cohort]); add it and export again"
        findings.add("error", "required column missing", message, file, None, protocol.cohort.column)


def check_domains(mapped: Mapped) -> None:
    """What no file brought."""
    if "DM" not in mapped.domains:
        message = "none of the files holds DM (demographics): nobody could be placed; add it"
        mapped.findings.add("error", "no subjects", message)
    if "AE" not in mapped.domains:
        message = "none of the files holds AE: that no adverse event is shown does not mean that none occurred"
        mapped.findings.add("warning", "no adverse events", message)


# ---- beside the current cut ------------------------------------------------------------------------------------------
def check_against(current: Receipt, mapped: Mapped, cutoff: str) -> None:
    """What the current cut has and these files lack: a file forgotten, cut short, or an older extract.

    It is the one way to see an XPORT v5 file that was cut at the end of a row. Events and treatments that go
    altogether refuse the import; 30 % fewer subjects or events, or an earlier cut-off, hold it until a person
    accepts; fewer rows may be a correction and are a warning.
    """
    files, findings = mapped.files, mapped.findings
    before, after = _rows_by_domain(current.files), _rows_by_domain(files)
    for domain, rows in before.items():
        left = after.get(domain, 0)
        if left == 0:
            severity = "error" if set(domain.split("+")) & {"AE", "EX"} else "warning"
            message = f"the current cut has {rows} rows of {domain} and these files have none; add the file"
            findings.add(severity, "domain gone", message)
        elif left < rows:
            message = f"{domain} had {rows} rows in the current cut and has {left} now; look whether the file is whole"
            findings.add("warning", "fewer rows", message)
    for table, what in (("subject", "subjects"), ("adverse_event", "adverse events")):
        had, has = (_rows_of(table, one) for one in (current.files, files))
        if had and has and 100 * has <= (100 - FEWER) * had:
            share = f"{100 * (had - has) / had:.0f} % fewer"
            message = f"{has} {what}, {had} in the current cut: {share}; look whether the files are whole"
            findings.add("hold", f"fewer {what}", message)
    if cutoff and current.cutoff and cutoff < current.cutoff:
        message = f"data cut-off {cutoff[:10]}, the current cut's is {current.cutoff[:10]}: an older extract"
        findings.add("hold", "older extract", message)


def check_treated(before: Collection[str], mapped: Mapped) -> None:
    """Nobody stops having been treated: his adverse events would count nowhere, and a DLT among them would be gone."""
    subjects = mapped.tables["subject"]
    now = set(subjects.loc[subjects["day0"].notna(), "usubjid"])
    lost = sorted(set(before) - now)
    if lost:
        message = f"treated in the current cut and not in these files: {', '.join(lost[:5])}"
        message += f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        mapped.findings.add("hold", "no longer treated", f"{message}; look whether EX is whole")


def _rows_by_domain(files: Iterable[FileRead]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for one in files:
        rows[one.domain] = rows.get(one.domain, 0) + one.rows
    return rows


def _rows_of(table: str, files: Iterable[FileRead]) -> int:
    return sum(one.loaded.get(table, 0) for one in files)


# ---- every table -----------------------------------------------------------------------------------------------------
def check_stage(stage: Stage, findings: Findings) -> None:
    """What must hold for the rows of any table: a known subject, a key of its own, dates in order."""
    known = set(stage.ask("SELECT usubjid FROM subject")["usubjid"])
    for table in stage.filled():
        if "usubjid" in table.columns and table.name != "subject" and known:
            _placed(stage, table, known, findings)
        _unique(stage, table, findings)
        _repeated(stage, table, findings)
        _ends_after_start(stage, table, findings)
    _planned_visits(stage, findings)


def _placed(stage: Stage, table: Table, known: set[str], findings: Findings) -> None:
    stray = stage.ask(
        f"SELECT source_file, source_row, usubjid FROM {table.name} WHERE usubjid NOT IN (SELECT usubjid FROM subject) "
        "ORDER BY rowid"
    )
    message = "USUBJID is not in DM"
    same = next((pair for one in stray["usubjid"].dropna().unique() if (pair := _other_form(one, known))), None)
    if same:
        message += f"; DM writes it in another form ({same}): write it alike in all files"
    findings.report("error", "subject not in DM", stray, message, "usubjid", stray["usubjid"])


def _other_form(stray: str, known: set[str]) -> str | None:
    """The identifier of DM that differs only in case, punctuation, leading zeros or an appendix such as _1."""

    def bare(one: str) -> str:
        plain = unicodedata.normalize("NFKC", one).casefold()
        return re.sub(r"(?<!\d)0+|[^a-z0-9]", "", re.sub(r"_\d+$", "", plain))

    return next((one for one in sorted(known) if bare(one) == bare(stray)), None)


def _unique(stage: Stage, table: Table, findings: Findings) -> None:
    keys = table.info["key"]
    names, last = ", ".join(keys), keys[-1]
    same = " AND ".join(f"one.{key} IS NOT DISTINCT FROM two.{key}" for key in keys)
    again = stage.ask(
        f"WITH two AS (SELECT {names} FROM {table.name} WHERE {last} IS NOT NULL GROUP BY ALL HAVING count(*) > 1) "
        f"SELECT one.source_file, one.source_row, {', '.join(f'one.{key}' for key in keys)} FROM {table.name} one "
        f"JOIN two ON {same} ORDER BY one.rowid"
    )
    again = again[again.duplicated(keys)]
    if len(again):
        shown = again[keys].map(shown_value).agg(" / ".join, axis=1)
        message = f"{', '.join(key.upper() for key in keys)} stands there twice; each row needs its own"
        findings.report("error", "duplicate key", again, message, last, shown)


def _planned_visits(stage: Stage, findings: Findings) -> None:
    """A planned visit is made once: with two dates, which one its window is held against cannot be told."""
    again = stage.ask(
        "SELECT source_file, source_row, usubjid, visitnum FROM visit WHERE visitnum = floor(visitnum) QUALIFY "
        "row_number() OVER (PARTITION BY usubjid, visitnum ORDER BY rowid) > 1 AND "
        "row_number() OVER (PARTITION BY usubjid, visitnum, svstdtc ORDER BY rowid) = 1 ORDER BY rowid"
    )
    shown = again["usubjid"] + " / " + again["visitnum"].map(shown_value)
    message = "this planned visit stands there with another date too; mend it, or give it an unscheduled number"
    findings.report("error", "planned visit twice", again, message, "visitnum", shown)


def _repeated(stage: Stage, table: Table, findings: Findings) -> None:
    """Rows without a number of their own that say the same: often one file that was handed over twice."""
    said = ", ".join(one.name for one in table.columns if one.name not in ("source_file", "source_row"))
    again = stage.ask(
        f"SELECT source_file, source_row FROM {table.name} WHERE {table.info['key'][-1]} IS NULL "
        f"QUALIFY row_number() OVER (PARTITION BY hash(row({said})) ORDER BY rowid) > 1 ORDER BY rowid"
    )
    message = "says the same as a row before it, and neither has a sequence number: is it one result or two?"
    findings.report("warning", "row repeated", again, message)


def _ends_after_start(stage: Stage, table: Table, findings: Findings) -> None:
    for start in [one.name for one in table.columns if one.name.endswith("stdtc")]:
        end = f"{start[:-5]}endtc"
        if end not in table.columns:
            continue
        bad = stage.ask(
            f"SELECT source_file, source_row, {end} FROM {table.name} WHERE {end}_latest < {start}_earliest "
            "ORDER BY rowid"
        )
        message = f"ends before it begins ({start.upper()}); one of the two dates is wrong"
        findings.report("warning", "end before start", bad, message, end, bad[end])


# ---- one kind of row -------------------------------------------------------------------------------------------------
def check_tables(mapped: Mapped) -> None:
    """What must hold of subjects, events and treatments."""
    protocol = mapped.protocol
    if "subject" not in mapped.tables:
        return
    for name, rows in mapped.tables.items():
        _yes_no(name, rows, mapped)
    _numbered(mapped)
    _grades(mapped, protocol)
    _treatments(mapped, protocol)
    _treated_have_cohort(mapped)
    _subjects(mapped)
    _reported_again(mapped)
    _dlt_after_infusion(mapped)


def _numbered(mapped: Mapped) -> None:
    events = mapped.frame("adverse_event")
    blank = events[events["aeseq"].isna()]
    message = "AESEQ is blank: no DLT flag, review or query could name this event; number it"
    mapped.findings.report("error", "no sequence number", blank, message, "aeseq")


def _yes_no(name: str, rows: pd.DataFrame, mapped: Mapped) -> None:
    for column in _YES_NO.get(name, ()):
        bad = rows[rows[column].notna() & ~rows[column].isin(["Y", "N"])]
        mapped.findings.report("error", "neither Y nor N", bad, "must be Y, N or blank", column, bad[column])


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
        mapped.findings.report("error", "treatment in the wrong table", wrong, message, "extrt", wrong["extrt"])
        if name == "exposure" and routed and not any(one.table == "exposure" for one in protocol.sources):
            unknown = rows[said.isna()]
            message = "the protocol file does not know this treatment; mend the name, or add it to [[sources]]"
            mapped.findings.report("error", "unknown treatment", unknown, message, "extrt", unknown["extrt"])


def _grades(mapped: Mapped, protocol: Protocol) -> None:
    events = mapped.frame("adverse_event")
    bad = events[events["aetoxgr"].notna() & ~events["aetoxgr"].isin([1, 2, 3, 4, 5])]
    mapped.findings.report("error", "impossible grade", bad, "a grade is 1, 2, 3, 4 or 5", "aetoxgr", bad["aetoxgr"])
    if len(events) and protocol.adverse_events.grade_scale and events["aetoxgr"].isna().all():
        message = "no adverse event carries a grade (AETOXGR); severity (AESEV) is never converted to one"
        mapped.findings.add("warning", "no grades", message)
    uncoded = events[events["aedecod"].isna()]
    mapped.findings.report(
        "note", "uncoded", uncoded, "adverse event without preferred term", "aeterm", uncoded["aeterm"]
    )


def _treated_have_cohort(mapped: Mapped) -> None:
    subjects = mapped.tables["subject"]
    lost = subjects[subjects["day0"].notna() & subjects["cohort"].isna()]
    mapped.findings.report(
        "error", "treated without cohort", lost, "this subject was treated and has no cohort", "usubjid"
    )


def _subjects(mapped: Mapped) -> None:
    subjects = mapped.frame("subject")
    other = subjects[subjects["arm"].notna() & subjects["actarm"].notna() & (subjects["arm"] != subjects["actarm"])]
    message = "the actual arm differs from the planned one (ARM)"
    mapped.findings.report("note", "arm differs", other, message, "actarm", other["actarm"])
    unsure = subjects[subjects["dthdtc"].notna() & (subjects["dthfl"] != "Y")]
    message = "a date of death without DTHFL = Y: is this subject dead?"
    mapped.findings.report("warning", "death unclear", unsure, message, "dthdtc", unsure["dthdtc"])
    never = subjects[subjects["day0"].isna()]
    message = "no treatment of [day0] in EX: in no denominator of the treated"
    mapped.findings.report("note", "not treated", never, message, "usubjid", never["usubjid"])


def _reported_again(mapped: Mapped) -> None:
    events = mapped.frame("adverse_event")
    again = events[events["aespid"].notna() & events.duplicated(["usubjid", "aespid"])]
    message = "a further row of an event that is there already (same AESPID)"
    mapped.findings.report("note", "event reported again", again, message, "aespid", again["aespid"])


def _dlt_after_infusion(mapped: Mapped) -> None:
    events = mapped.frame("adverse_event")
    subjects = mapped.tables["subject"].drop_duplicates("usubjid").set_index("usubjid")
    day0 = pd.to_datetime(events["usubjid"].map(subjects["day0"])).dt.normalize()
    # What began before and lasts, such as a grade 4 neutropenia that never recovers, can be a DLT.
    early = events[(events["aedlt"] == "Y") & (pd.to_datetime(events["aeendtc_latest"]) < day0)]
    message = "flagged as DLT but over before the infusion; mend the dates, the infusion date or the flag"
    mapped.findings.report("error", "DLT before infusion", early, message, "aeendtc", early["aeendtc"])


_IDENTIFYING = re.compile(
    r"(pat(ient)?('s)?|subj(ect)?('s)?|pt)?[_ ]?(name|nam|init|initials?)|surname|"
    r"(full|first|last|family|given|middle)[_ ]?name|"
    r".*(姓名|身份证|证件号|电话|手机|联系方式|住院号|病历号|病案号|门诊号|就诊卡|医保卡|护照|地址).*|"
    r"(national[_ ]|identity[_ ]|id[_ ]?)card([_ ]?(no|number))?|id[_ ]?no|ssn|passport([_ ]?(no|number))?|"
    r"(mobile|cell|contact|tele|home)?[_ ]?(phone|tel)([_ ]?(no|num|number))?|mobile([_ ]?(no|number))?|"
    r"e-?mail([_ ]?address)?|home[_ ]?address|mrn|"
    r"(hosp(ital)?|medical[_ ]record|inpatient|outpatient)[_ ]?(no|num|number|id)",
    re.IGNORECASE,
)
_IDENTITY_CARD = re.compile(r"(?<!\d)\d{6}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dXx])")


def without_identifying(rows: pd.DataFrame, labels: Mapping[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The rows without what identifies a person, and the columns that did. A file with any is refused, never stored.

    By name or label of the column (a name, identity card, telephone or hospital number), by its values (Chinese
    identity card numbers), and by QNAM and QLABEL of supplemental qualifiers. What is found is dropped at
    once, so that no finding can repeat it.
    """
    found = [name for name in rows.columns if _identifies(name, labels.get(name, ""), rows[name])]
    named = pd.Series(False, index=rows.index)
    for column in {"qnam", "qlabel"} & set(rows.columns):
        named |= rows[column].fillna("").map(lambda text: bool(_IDENTIFYING.fullmatch(text)))
    if named.any():
        found += sorted(rows[named]["qnam"].dropna().unique())
    if not found:
        return rows, []
    return rows[~named].drop(columns=[name for name in found if name in rows]), [name.upper() for name in found]


def _identifies(name: str, label: str, values: pd.Series) -> bool:
    if _IDENTIFYING.fullmatch(name) or _IDENTIFYING.fullmatch(label.strip()):
        return True
    texts = [one for one in values.dropna().unique() if isinstance(one, str)]
    return any(_IDENTITY_CARD.search(one) for one in texts)


def not_validated(seen: Iterable[tuple[str, pd.DataFrame]]) -> tuple[str, ...]:
    """Deaths, serious, fatal and grade >= 4 events in refused files: not validated, and not to be overlooked.

    seen: rows of AE and DM as they came, with their domain.
    """
    lines = []
    for domain, rows in seen:
        if "usubjid" in rows:
            lines += _grave_events(rows) if domain == "AE" else _deaths(rows)
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
