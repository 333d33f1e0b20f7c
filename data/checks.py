"""What must hold before files become a cut. Each check adds findings; one error refuses the whole import."""

import re

import pandas as pd

from data import schema
from data.mapping import Mapped
from data.protocol import Protocol
from data.readers import SourceTable
from data.receipt import Finding


def check_sources(sources: list[SourceTable], protocol: Protocol, mapped: Mapped) -> None:
    for source in sources:
        _one_study(source, protocol, mapped)
    if not any(source.domain == "DM" for source in sources):
        mapped.findings.append(
            Finding("error", "no subjects", "none of the files holds DM (demographics): nobody could be placed")
        )


def _one_study(source: SourceTable, protocol: Protocol, mapped: Mapped) -> None:
    if "studyid" not in source.frame:
        return
    rows = source.frame.assign(source_file=source.name, source_row=range(1, len(source.frame) + 1))
    other = rows[rows["studyid"] != protocol.trial.id]
    if len(other):
        message = f"another study's data; this protocol file is for {protocol.trial.id}"
        mapped.report("error", "other study", other, message, "studyid", rows["studyid"])


def check_tables(mapped: Mapped, protocol: Protocol) -> None:
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
    _grades(mapped, protocol)
    _treated_have_cohort(mapped)
    _dlt_after_infusion(mapped)


def _placed(rows: pd.DataFrame, known: set[str], mapped: Mapped) -> None:
    stray = rows[~rows["usubjid"].isin(known)]
    if len(stray):
        mapped.report("error", "subject not in DM", stray, "USUBJID is not in DM", "usubjid", rows["usubjid"])


def _unique(rows: pd.DataFrame, key: list[str], mapped: Mapped) -> None:
    if rows[key].isna().all(axis=None) or not len(rows):
        return
    numbered = rows.dropna(subset=[key[-1]])
    again = numbered[numbered.duplicated(key)]
    if len(again):
        names = ", ".join(one.upper() for one in key)
        shown = again[key].astype(str).agg(" / ".join, axis=1)
        mapped.report("error", "duplicate key", again, f"{names} stands there twice", key[-1], shown)


def _grades(mapped: Mapped, protocol: Protocol) -> None:
    events = mapped.frame("adverse_event")
    bad = events[events["aetoxgr"].notna() & ~events["aetoxgr"].isin([1, 2, 3, 4, 5])]
    if len(bad):
        mapped.report("error", "impossible grade", bad, "a grade is 1, 2, 3, 4 or 5", "aetoxgr", bad["aetoxgr"])
    if len(events) and protocol.adverse_events.grade_scale and events["aetoxgr"].isna().all():
        mapped.findings.append(Finding("warning", "no grades", "no adverse event carries a grade (AETOXGR)"))
    uncoded = events[events["aedecod"].isna()]
    if len(uncoded):
        mapped.report("note", "uncoded", uncoded, "adverse event without preferred term", "aeterm", uncoded["aeterm"])


def _treated_have_cohort(mapped: Mapped) -> None:
    subjects = mapped.tables["subject"]
    lost = subjects[subjects["day0"].notna() & subjects["cohort"].isna()]
    if len(lost):
        mapped.report("error", "treated without cohort", lost, "this subject was treated and has no cohort", "usubjid")


def _dlt_after_infusion(mapped: Mapped) -> None:
    events = mapped.frame("adverse_event")
    subjects = mapped.tables["subject"].drop_duplicates("usubjid").set_index("usubjid")
    day0 = pd.to_datetime(events["usubjid"].map(subjects["day0"])).dt.normalize()
    early = events[(events["aedlt"] == "Y") & (pd.to_datetime(events["aestdtc_latest"]) < day0)]
    if len(early):
        message = "flagged as DLT but begins before the infusion; mend the onset, the infusion date or the flag"
        mapped.report("error", "DLT before infusion", early, message, "aestdtc", early["aestdtc"])


_IDENTIFYING = re.compile(
    r"^(pat(ient)?_?name|name|full_?name|surname|first_?name|姓名|身份证(号|号码)?|id_?card(_?no)?|电话|手机(号)?|phone|telephone|"
    r"mobile|住院号|病历号|mrn|hospital_?(no|number))$",
    re.IGNORECASE,
)


def identifying_columns(source: SourceTable) -> list[str]:
    """Columns that look like a name, identity card, telephone or hospital number: the file is refused, never stored."""
    return [name for name in source.frame.columns if _IDENTIFYING.match(name)]


def not_validated(sources: list[SourceTable]) -> tuple[str, ...]:
    """Serious, fatal and grade >= 4 events in files that were refused: not validated, and not to be overlooked."""
    lines = []
    for source in sources:
        rows = source.frame
        if source.domain != "AE" or "usubjid" not in rows:
            continue
        grade = pd.to_numeric(rows.get("aetoxgr", pd.Series(index=rows.index, dtype=float)), errors="coerce")
        fatal = rows.get("aesdth", pd.Series(index=rows.index, dtype=object)) == "Y"
        serious = rows.get("aeser", pd.Series(index=rows.index, dtype=object)) == "Y"
        for number, row in rows[(grade >= 4) | fatal | serious].iterrows():
            term = row.get("aedecod") or row.get("aeterm") or "term missing"
            said = f"grade {grade[number]:g}" if grade[number] == grade[number] else "grade not recorded"
            marks = [word for word, flag in (("fatal", fatal[number]), ("serious", serious[number])) if flag]
            lines.append(f"{row['usubjid']}: {term}, {', '.join([said, *marks])}, {row.get('aestdtc') or 'undated'}")
    return tuple(lines)
