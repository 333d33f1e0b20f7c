"""Imports, all or nothing: every refusal with its exact line and an untouched store, every row accounted for."""

import csv
import io
from datetime import date
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from conftest import ANCHOR
from sqlalchemy import func, select

from data import importing, protocol, schema, simulate
from data.protocol import Protocol
from data.readers import source
from data.receipt import FileRead, Receipt
from data.stage import Stage
from data.store import SourceChanged, Store

TRIAL = protocol.load(Path("xkdct293.toml"))
PILOT = protocol.load(Path("cdisc_pilot.toml"))

# Two treated patients and one who is not yet, as small as a trial can be. RFSTDTC is the first lymphodepletion dose.
SMALL = {
    "dm": """STUDYID,DOMAIN,USUBJID,SUBJID,ARMCD,RFICDTC,RFSTDTC,DTHFL,DTHDTC
XKDCT293,DM,X-101,101,DL1,2026-01-05,2026-02-24,,
XKDCT293,DM,X-102,102,DL1,2026-01-12,2026-03-05,,
XKDCT293,DM,X-103,103,,2026-03-02,,,""",
    "ex": """STUDYID,DOMAIN,USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC
XKDCT293,EX,X-101,1,FLUDARABINE,30,mg/m2,2026-02-24
XKDCT293,EX,X-101,2,XKDCT293,0.8,10^6 CAR+ T cells/kg,2026-03-01T10:30
XKDCT293,EX,X-102,1,FLUDARABINE,30,mg/m2,2026-03-05
XKDCT293,EX,X-102,2,xkdct293,1000000,CAR+ T cells/kg,2026-03-10""",
    "ae": """STUDYID,DOMAIN,USUBJID,AESEQ,AETERM,AEDECOD,AETOXGR,AESER,AESDTH,AEREL,AESTDTC,AEENDTC
XKDCT293,AE,X-101,1,fever,Pyrexia,1,N,N,POSSIBLE,2026-03-02,2026-03-03
XKDCT293,AE,X-101,2,CRS,Cytokine release syndrome,4,Y,N,related,2026-03,
XKDCT293,AE,X-102,1,felt odd,,,N,N,,2026-03-12,""",
    "suppae": """STUDYID,RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QLABEL,QVAL
XKDCT293,AE,X-101,AESEQ,2.0,DLT,Dose-Limiting Toxicity,Y""",
    "ts": """STUDYID,DOMAIN,TSSEQ,TSPARMCD,TSPARM,TSVAL
XKDCT293,TS,1,DCUTDTC,Data Cutoff Date,2026-04-30""",
}


def files(folder: Path, /, **changed: str | tuple[str, str] | None) -> Path:
    """The small trial as CSV files; of each domain in `changed` the new text, (old, new) in it, or None: left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for domain, text in (SMALL | {name: "" for name in changed if name not in SMALL}).items():
        change = changed.get(domain, text)
        if isinstance(change, tuple):
            assert text.count(change[0]) == 1, change
            change = text.replace(*change)
        if change is not None:
            (folder / f"{domain}.csv").write_text(change + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def filled(store, tmp_path) -> Store:
    """A store that holds the small trial."""
    assert load(files(tmp_path / "first"), store).outcome == "published"
    return store


def load(path: Path, store: Store, told: Protocol = TRIAL, **more) -> Receipt:
    return importing.load([path], store, told, **more)


def rows(store: Store, table: str, *columns: str) -> list[tuple]:
    """Rows of a table of the current cut in the order they were in; missing as None."""
    source = schema.metadata.tables[table].c
    chosen = [source[one] for one in columns]
    frame = store.open(store.current()).frame(select(*chosen).order_by(source.source_file, source.source_row))
    return [tuple(None if pd.isna(one) else one for one in row) for row in frame.itertuples(index=False)]


def state(store: Store) -> dict[str, bytes]:
    """Everything that readers and later imports depend on: the pointer, the cuts, the sources."""
    kept = [store.root / "CURRENT", *store.root.glob("cuts/*"), *store.root.glob("sources/*")]
    return {path.name: path.read_bytes() for path in kept if path.exists()}


def lines(receipt: Receipt, severity: str = "error") -> list[str]:
    return [one.line() for one in receipt.findings if one.severity == severity]


# ---- refusals ------------------------------------------------------------------------------------------------------
REFUSED = {
    "other study": (
        {"ts": ("XKDCT293,TS", "ABC-1,TS")},
        "ts.csv, row 1, column STUDYID: another study's data; this protocol file is for XKDCT293 [ABC-1]",
    ),
    "subject not in DM": (
        {"ae": ("X-102,1", "X-999,1")},
        "ae.csv, row 3, column USUBJID: USUBJID is not in DM [X-999]",
    ),
    "duplicate key": (
        {"ae": ("X-101,2", "X-101,1")},
        "ae.csv, row 2, column AESEQ: USUBJID, AESEQ stands there twice; each row needs its own [X-101 / 1]",
    ),
    "no sequence number": (
        {"ae": ("X-102,1,", "X-102,,")},
        "ae.csv, row 3, column AESEQ: AESEQ is blank: no DLT flag, review or query could name this event; number it",
    ),
    "not a number": (
        {"ex": ("0.8", "0;8")},
        "ex.csv, row 2, column EXDOSE: EXDOSE must be a number [0;8]",
    ),
    "impossible date": (
        {"ae": ("2026-03-12", "2026-02-30")},
        "ae.csv, row 3, column AESTDTC: '2026-02-30' is no date that exists: "
        "day is out of range for month [2026-02-30]",
    ),
    "impossible grade": (
        {"ae": ("syndrome,4", "syndrome,6")},
        "ae.csv, row 2, column AETOXGR: a grade is 1, 2, 3, 4 or 5 [6]",
    ),
    "neither Y nor N": (
        {"ae": ("4,Y,N", "4,YES,N")},
        "ae.csv, row 2, column AESER: must be Y, N or blank [YES]",
    ),
    "unknown causality": (
        {"ae": ("POSSIBLE", "PERHAPS")},
        "ae.csv, row 1, column AEREL: the protocol file does not map this causality; "
        "add it to [adverse_events.causality] [PERHAPS]",
    ),
    "unknown cohort": (
        {"dm": ("102,DL1", "102,DL9")},
        "dm.csv, row 2, column ARMCD: the protocol file names no cohort for this ARMCD; "
        "add it to [[cohort.levels]] values [DL9]",
    ),
    "treated without cohort": (
        {"dm": ("102,DL1", "102,")},
        "dm.csv, row 2, column USUBJID: this subject was treated and has no cohort",
    ),
    "unknown treatment": (
        {"ex": ("xkdct293", "XKDCT-293")},
        "ex.csv, row 4, column EXTRT: the protocol file does not know this treatment; "
        "mend the name, or add it to [[sources]] [XKDCT-293]",
    ),
    "infusion without date": (
        {"ex": ("2026-03-01T10:30", "")},
        "ex.csv, row 2, column EXSTDTC: Day 0 cannot be known; EXSTDTC is blank",
    ),
    "two infusions": (
        {"ex": ("X-102,2", "X-101,3")},
        "ex.csv, row 4, column EXSTDTC: "
        "a second infusion of the cell product: which is Day 0 cannot be told [2026-03-10]",
    ),
    "unknown unit": (
        {"ex": ("10^6 CAR+ T cells/kg", "million/kg")},
        "ex.csv, row 2, column EXDOSU: unknown unit of dose; the protocol file knows CAR+ T cells/kg, "
        "10^6 CAR+ T cells/kg, 10^6/kg ([dlt.dose_units]) [million/kg]",
    ),
    "negative dose": (
        {"ex": ("0.8", "-0.8")},
        "ex.csv, row 2, column EXDOSE: a dose is 0 or more [-0.8]",
    ),
    "unknown DLT flag": (
        {"suppae": ("Toxicity,Y", "Toxicity,MAYBE")},
        "suppae.csv, row 1, column QVAL: must be one of Y, N [MAYBE]",
    ),
    "lost DLT flag": (
        {"suppae": ("2.0", "7")},
        "suppae.csv, row 1, column IDVARVAL: a DLT flag that names no adverse event; "
        "IDVAR must be AESEQ and IDVARVAL the number of an event [7]",
    ),
    "two DLT flags": (
        {"suppae": SMALL["suppae"] + "\nXKDCT293,AE,X-101,AESEQ,2,DLT,Dose-Limiting Toxicity,N"},
        "suppae.csv, row 2, column IDVARVAL: this event has a DLT flag already; keep one [2]",
    ),
    "DLT before infusion": (
        {"ae": ("2026-03,", "2026-02-26,2026-02-27")},
        "ae.csv, row 2, column AEENDTC: flagged as DLT but over before the infusion; "
        "mend the dates, the infusion date or the flag [2026-02-27]",
    ),
    "subject missing": (
        {"dm": ("X-103", "")},
        "dm.csv, row 3, column USUBJID: USUBJID is blank",
    ),
    "required column missing": (
        {"ae": ("AESTDTC", "AEWHEN")},
        "ae.csv, column AESTDTC: the table adverse_event needs this column; add it and export again",
    ),
    "no subjects": (
        {"dm": None},
        "none of the files holds DM (demographics): nobody could be placed; add it",
    ),
    "cut-off unclear": (
        {"ts": ("2026-04-30", "2026-04")},
        "ts.csv, row 1, column TSVAL: the data cut-off must be one whole date, YYYY-MM-DD; mend it [2026-04]",
    ),
    "identifying column": (
        {"dm": ("SUBJID,ARMCD", "PATNAME,ARMCD")},
        "dm.csv, column PATNAME: looks like a name, identity, telephone or hospital number; remove it and export again",
    ),
    "ragged row": (
        {"ae": ("2026-03-12,", "2026-03-12")},
        "ae.csv, row 3: row 3 has 11 fields, the header has 12; export the file again",
    ),
    "same content twice": (
        {"ae2": SMALL["ae"]},
        "ae2.csv: the same content as ae.csv: its rows would count twice; take one of the two away",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", REFUSED)
def test_a_refusal_names_the_place_and_leaves_the_store_untouched(filled, tmp_path, rule):
    changed, line = REFUSED[rule]
    before = state(filled)
    receipt = load(files(tmp_path / "bad", **changed), filled)
    assert receipt.outcome == "refused"
    assert f"ERROR {rule}: {line}" in lines(receipt)
    assert state(filled) == before
    assert filled.serving().problem == "" and filled.verify() == []


def test_a_refusal_into_an_empty_store_publishes_nothing(store, tmp_path):
    assert load(files(tmp_path / "bad", dm=None), store).outcome == "refused"
    assert state(store) == {} and store.serving().cut is None


def test_a_truncated_xpt_is_refused_in_words_a_data_manager_understands(filled, tmp_path):
    folder = files(tmp_path / "bad", ae=None)
    table = pd.DataFrame(csv.DictReader(io.StringIO(SMALL["ae"])))
    pyreadstat.write_xport(table, str(folder / "ae.xpt"), table_name="AE", file_format_version=5)
    whole = (folder / "ae.xpt").read_bytes()
    (folder / "ae.xpt").write_bytes(whole[:-100])
    # widths of the longest values: 8+2+5+1+8+25+1+1+1+8+10+10 = 80 bytes a row; 3 blocks less 100 bytes leave 1 row
    [error] = [one for one in load(folder, filled).errors if one.file == "ae.xpt"]
    assert (error.rule, error.row) == ("truncated", 2)
    assert error.message == (
        f"the file ends in the middle of row 2 ({len(whole) - 100:,} bytes; a SAS XPORT file ends on a full block of "
        "80 bytes, after whole rows of 80); transfer it again"
    )


def test_no_row_of_a_file_that_breaks_off_counts_as_used(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "CHUNK", 2)
    more = ["XKDCT293,AE,X-101,8,t,Pyrexia,1,N,N,,2026-03-02,", "XKDCT293,AE,X-101,9,t,Pyrexia,1,N"]
    receipt = load(files(tmp_path / "bad", ae="\n".join([SMALL["ae"], *more])), filled)
    assert "ERROR ragged row: ae.csv, row 5: " in lines(receipt)[0]
    account = next(one for one in receipt.files if one.name == "ae.csv")
    assert (account.used, account.refused, account.kept, account.loaded) == (0, account.rows, 0, {})
    assert account.rows == 4  # two chunks of two rows had been read


def test_words_for_grades_are_mapped_by_the_protocol_file_and_no_other_is_guessed(store, tmp_path):
    words = SMALL["ae"].replace("syndrome,4", "syndrome,Grade 4")
    assert load(files(tmp_path / "in", ae=words), store).outcome == "published"
    cut = store.serving().cut
    events = cut.frame(select(schema.adverse_event.c.aetoxgr).order_by(schema.adverse_event.c.source_row))
    plain = Store(tmp_path / "plain")
    load(files(tmp_path / "plain-in"), plain)
    assert events["aetoxgr"].tolist()[1] == 4
    assert plain.serving().cut.manifest["content"] == cut.manifest["content"]
    strange = SMALL["ae"].replace("syndrome,4", "syndrome,IV")
    assert lines(load(files(tmp_path / "strange", ae=strange), store)) == [
        "ERROR not a number: ae.csv, row 2, column AETOXGR: the protocol file does not map this grade; add it to "
        "[adverse_events.grades] [IV]"
    ]


def test_the_simulated_trial_as_dataset_json_is_the_same_content(copied_trial, tmp_path):
    folder = simulate.write(tmp_path, ANCHOR, form="ndjson")[-1]
    receipt = importing.load([folder], copied_trial, TRIAL)
    assert receipt.outcome == "same content" and len(copied_trial.ids()) == 3


def test_utf_8_is_stated_with_values_too(store, tmp_path):
    receipt = load(files(tmp_path / "in", ae=("felt odd", "感觉异常")), store)
    assert "read as utf-8, for example: 感觉异常" in receipt.to_text()


def visits(*rows: str) -> str:
    return "\n".join(["STUDYID,DOMAIN,USUBJID,VISITNUM,VISIT,SVSTDTC", *(f"XKDCT293,SV,X-101,{one}" for one in rows)])


@pytest.mark.parametrize("date", ["2026-03-09", ""])
def test_a_planned_visit_is_made_once_whatever_its_dates(store, tmp_path, date):
    receipt = load(files(tmp_path / "in", sv=visits("9,DAY 7,2026-03-08", f"9,DAY 7,{date}")), store)
    assert lines(receipt) == [
        "ERROR planned visit twice: sv.csv, row 2, column VISITNUM: this planned visit stands there with another date "
        "too; mend it, or give it an unscheduled number [X-101 / 9]"
    ]


@pytest.mark.parametrize("number", ["9", "9.1"])
@pytest.mark.parametrize("date", ["2026-03-08", ""])
def test_a_visit_that_stands_twice_with_one_date_or_none_is_refused(store, tmp_path, number, date):
    receipt = load(files(tmp_path / "in", sv=visits(f"{number},A,{date}", f"{number},B,{date}")), store)
    assert [(one.rule, one.file, one.row) for one in receipt.errors] == [("duplicate key", "sv.csv", 2)]


def test_an_unscheduled_number_may_come_again_on_another_day(store, tmp_path):
    twice = visits("9.1,UNSCHEDULED,2026-03-08", "9.1,UNSCHEDULED,2026-03-12")
    assert load(files(tmp_path / "in", sv=twice), store).outcome == "published"


def test_grave_events_before_the_place_where_a_file_breaks_off_are_not_overlooked(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "CHUNK", 2)
    broken = SMALL["ae"] + "\nXKDCT293,AE,X-101,9,t,Pyrexia,1,N"
    receipt = load(files(tmp_path / "bad", ae=broken), filled)
    assert "X-101: Cytokine release syndrome, grade 4, serious, 2026-03" in receipt.not_validated


def test_a_findings_list_is_short_and_counts_the_rest(filled, tmp_path):
    events = [f"XKDCT293,AE,X-101,{number},t,Pyrexia,9,N,N,,2026-03-02," for number in range(4, 206)]
    receipt = load(files(tmp_path / "bad", ae="\n".join([SMALL["ae"], *events])), filled)
    assert [one.row for one in receipt.errors] == [*range(4, 204), None]
    assert receipt.errors[-1].line() == (
        "ERROR impossible grade: ae.csv, rows 204-205, column AETOXGR: 2 more rows: a grade is 1, 2, 3, 4 or 5"
    )
    account = next(one for one in receipt.files if one.name == "ae.csv")
    assert (account.rows, account.used, account.refused, account.kept) == (205, 3, 202, 0)


def test_serious_and_grave_events_of_a_refused_import_are_listed_as_not_validated(filled, tmp_path):
    dead = ("X-103,103,,2026-03-02,,,", "X-103,103,,2026-03-02,,Y,2026-03-20")
    uncoded = "\nXKDCT293,AE,X-102,2,collapse,,,Y,Y,,,\nXKDCT293,AE,X-102,3,rash,Rash,3,N,N,,2026-03-13,"
    receipt = load(files(tmp_path / "bad", dm=dead, ae=SMALL["ae"] + uncoded, ts=("XKDCT293,TS", "ABC,TS")), filled)
    assert receipt.not_validated == (
        "X-101: Cytokine release syndrome, grade 4, serious, 2026-03",
        "X-102: collapse, grade not recorded, fatal, serious, undated",
        "X-103: died, 2026-03-20",
    )
    assert "Seen in the refused files, not validated:" in receipt.to_text()


def test_grave_events_are_listed_from_a_file_with_an_identifying_column_without_it(filled, tmp_path):
    named = SMALL["ae"].replace("STUDYID", "姓名,STUDYID").replace("XKDCT293,AE", "王小明,XKDCT293,AE")
    receipt = load(files(tmp_path / "bad", ae=named), filled)
    assert receipt.not_validated == ("X-101: Cytokine release syndrome, grade 4, serious, 2026-03",)
    assert "王小明" not in receipt.to_json() + receipt.to_text()
    assert all("王小明" not in path.read_text("utf-8") for path in filled.root.glob("receipts/*"))


@pytest.mark.parametrize(
    "column", ["NAME", "Patient_Name", "患者姓名", "身份证号", "PHONE", "MRN", "住院号", "INITIALS"]
)
def test_columns_that_identify_are_refused(store, tmp_path, column):
    bad = SMALL["dm"].replace("SUBJID", column, 2).replace(f"U{column}", "USUBJID")
    receipt = load(files(tmp_path / "bad", dm=bad), store)
    assert [(one.rule, one.column) for one in receipt.errors if one.rule == "identifying column"] == [
        ("identifying column", column.upper())
    ]


def test_identity_card_numbers_and_identifying_qualifiers_are_refused_unseen(store, tmp_path):
    card = "11010519491231002X"  # the published specimen of GB 11643-1999
    named = "\nXKDCT293,AE,X-101,AESEQ,2,PATNAME,Patient name,Wang Xiaoming"
    bad = files(tmp_path / "bad", dm=("X-101,101", f"X-101,{card}"), suppae=SMALL["suppae"] + named)
    receipt = load(bad, store)
    assert [(one.file, one.column) for one in receipt.errors] == [("dm.csv", "SUBJID"), ("suppae.csv", "PATNAME")]
    assert card not in receipt.to_json() and "Wang" not in receipt.to_json()


# ---- what stays in sight -------------------------------------------------------------------------------------------
def test_a_refusal_stays_in_sight_until_an_import_succeeds(filled, tmp_path):
    assert filled.last_refused() is None
    refused = load(files(tmp_path / "bad", dm=None), filled)
    assert filled.last_refused() == refused
    assert load(tmp_path / "first", filled).outcome == "no change"
    assert filled.last_refused() == refused  # its data are still not in
    assert load(files(tmp_path / "mended", ts=("04-30", "05-01")), filled).outcome == "published"
    assert filled.last_refused() is None


def test_the_same_files_again_change_nothing_whatever_their_names_and_order(filled, tmp_path):
    before, receipts = state(filled), sorted(filled.root.glob("receipts/*"))
    folder = files(tmp_path / "again")
    (folder / "ae.csv").rename(folder / "events.csv")
    receipt = importing.load(sorted(folder.iterdir(), reverse=True), filled, TRIAL)
    assert (receipt.outcome, receipt.cut) == ("no change", filled.current())
    assert receipt.to_text().startswith(
        f"No change: the same files, protocol and settings are already cut {receipt.cut[:7]}"
    )
    assert state(filled) == before and sorted(filled.root.glob("receipts/*")) == receipts


def test_another_protocol_or_cut_off_makes_another_cut(filled, tmp_path):
    first = filled.current()
    edited = protocol.parse(TRIAL.text.replace("sentinel_gap_days = 14", "sentinel_gap_days = 21"))
    assert load(tmp_path / "first", filled, edited).outcome == "published"
    assert load(tmp_path / "first", filled, edited, cutoff=date(2026, 5, 10)).outcome == "published"
    assert len(filled.ids()) == 3 and filled.ids()[0] == first
    assert filled.open(filled.current()).protocol.dlt.escalation.sentinel_gap_days == 21


def test_other_trials_and_simulated_data_never_enter_a_store(filled, tmp_path):
    other = files(tmp_path / "pilot", dm=SMALL["dm"].replace("XKDCT293", "CDISCPILOT01"))
    said = lines(load(other, filled, PILOT))
    assert "ERROR other trial's store: this store holds XKDCT293; use another --store for CDISCPILOT01" in said
    simulated = SMALL["ts"] + "\nXKDCT293,TS,2,SIMUL,Simulated data,Y"
    said = lines(load(files(tmp_path / "simulated", ts=simulated), filled))
    assert said == [
        "ERROR simulated and real: this store holds real data and these files are simulated; use another --store"
    ]


def test_real_data_never_enter_a_simulated_store(store, tmp_path):
    simulated = SMALL["ts"] + "\nXKDCT293,TS,2,SIMUL,Simulated data,Y"
    assert load(files(tmp_path / "simulated", ts=simulated), store).outcome == "published"
    assert store.serving().cut.simulated
    assert lines(load(files(tmp_path / "real"), store)) == [
        "ERROR simulated and real: this store holds simulated data and these files are real; use another --store"
    ]


def test_rows_that_vanish_are_told_and_forgotten_events_are_refused(filled, tmp_path):
    less = load(files(tmp_path / "less", ae=SMALL["ae"].rsplit("\n", 1)[0]), filled, accept=True)
    assert lines(less, "warning") == [
        "WARNING fewer rows: AE had 3 rows in the current cut and has 2 now; look whether the file is whole"
    ]
    forgotten = load(files(tmp_path / "none", ae=None, suppae=None), filled)
    assert lines(forgotten) == [
        "ERROR domain gone: the current cut has 2 rows of AE and these files have none; add the file"
    ]
    assert forgotten.outcome == "refused" and filled.current() == less.cut


def test_no_adverse_events_file_and_no_seriousness_column_are_said(store, tmp_path):
    receipt = load(files(tmp_path / "none", ae=None, suppae=None), store)
    assert receipt.outcome == "published"
    assert lines(receipt, "warning") == [
        "WARNING no adverse events: none of the files holds AE: "
        "that no adverse event is shown does not mean that none occurred"
    ]
    receipt = load(files(tmp_path / "unsaid", ae=SMALL["ae"].replace("AESER", "SERIOUS")), store)
    assert lines(receipt, "warning") == [
        "WARNING column missing: ae.csv, column AESER: "
        "the file has no such column: what it would say is unknown for every row"
    ]


# ---- what is derived -----------------------------------------------------------------------------------------------
def test_day_0_is_the_infusion_never_rfstdtc_nor_the_first_treatment(filled):
    assert rows(filled, "subject", "subjid", "rfstdtc", "day0", "cohort") == [
        ("101", "2026-02-24", pd.Timestamp("2026-03-01T10:30"), "DL1"),
        ("102", "2026-03-05", pd.Timestamp("2026-03-10"), "DL1"),
        ("103", None, None, None),
    ]


def test_dose_received_over_dose_assigned(filled):
    # level 1 is 1e6 cells/kg: 0.8 x 10^6 is 0.8 of it, 1000000 is all of it
    assert rows(filled, "infusion", "usubjid", "dose", "dose_fraction") == [("X-101", 8e5, 0.8), ("X-102", 1e6, 1.0)]
    assert [one for one, *_ in rows(filled, "lymphodepletion", "usubjid")] == ["X-101", "X-102"]


def test_a_dose_that_is_not_recorded_is_unknown_not_zero_and_not_all(store, tmp_path):
    receipt = load(files(tmp_path / "in", ex=("0.8,10^6 CAR+ T cells/kg", ",")), store)
    assert rows(store, "infusion", "dose", "dose_fraction")[0] == (None, None)
    assert lines(receipt, "warning") == [
        "WARNING dose unknown: ex.csv, row 2, column EXDOSE: dose received is unknown: "
        "the DLT window of this patient stays unresolved; give EXDOSE and EXDOSU"
    ]


def test_a_slip_of_units_is_seen(store, tmp_path):
    receipt = load(files(tmp_path / "in", ex=("0.8,10^6 CAR+ T cells/kg", "0.8,CAR+ T cells/kg")), store)
    assert [one.rule for one in receipt.findings if one.severity == "warning"] == ["implausible dose"]


def test_the_dlt_flag_joins_its_event(filled):
    assert rows(filled, "adverse_event", "usubjid", "aeseq", "aedlt", "causality") == [
        ("X-101", 1, None, "related"), ("X-101", 2, "Y", "related"), ("X-102", 1, None, None),
    ]  # fmt: skip


def test_a_dlt_flag_of_another_variable_is_not_lost_without_a_word(filled, tmp_path):
    """AESPID 2 is not AESEQ 2."""
    receipt = load(files(tmp_path / "bad", suppae=("AESEQ", "AESPID")), filled)
    assert [one.rule for one in receipt.errors] == ["lost DLT flag"]


def test_a_derived_column_is_never_taken_from_a_file(store, tmp_path):
    events = SMALL["ae"].replace("AETERM,", "AEDLT,AETERM,").replace(",fever", ",Y,fever")
    events = events.replace(",CRS", ",N,CRS").replace(",felt", ",N,felt")
    receipt = load(files(tmp_path / "in", ae=events), store)
    assert [one for one, *_ in rows(store, "adverse_event", "aedlt")] == [None, "Y", None]
    assert [one.ignored_columns for one in receipt.files if one.domain == "AE"] == [("AEDLT",)]


def test_a_partial_infusion_date_is_refused_where_windows_are_counted_from_it(store, tmp_path):
    receipt = load(files(tmp_path / "in", ex=("2026-03-01T10:30", "2026-03")), store)
    assert receipt.outcome == "refused" and not store.current()
    assert lines(receipt, "error") == [
        "ERROR partial infusion date: ex.csv, row 2, column EXSTDTC: "
        "the infusion date is partial: Day 0 cannot be told; give the day [2026-03]"
    ]


def test_an_end_before_its_start_is_said(store, tmp_path):
    receipt = load(files(tmp_path / "in", ae=("2026-03-02,2026-03-03", "2026-03-02,2026-03-01")), store)
    assert lines(receipt, "warning") == [
        "WARNING end before start: ae.csv, row 1, column AEENDTC: "
        "ends before it begins (AESTDTC); one of the two dates is wrong [2026-03-01]"
    ]


# ---- the cut-off ---------------------------------------------------------------------------------------------------
def test_the_cut_off_is_told_then_stated_then_assumed(store, tmp_path):
    told = load(files(tmp_path / "a"), store, cutoff=date(2026, 4, 15))
    assert (told.cutoff, told.cutoff_from) == ("2026-04-15T23:59:59", "given with --cutoff")
    assert "WARNING two cut-offs: TS.DCUTDTC says 2026-04-30, --cutoff 2026-04-15 is used" in lines(told, "warning")
    stated = load(files(tmp_path / "b", ts=("2026-04-30", "2026-04-30T12:00")), store)
    assert (stated.cutoff, stated.cutoff_from) == ("2026-04-30T23:59:59", "TS.DCUTDTC")  # the end of its day
    assumed = load(files(tmp_path / "c", ts=None), store)
    assert (assumed.cutoff, assumed.cutoff_from) == ("2026-03-12T23:59:59", "last date in the data (assumed)")


def test_a_mistyped_year_does_not_become_the_cut_off(store, tmp_path):
    receipt = load(files(tmp_path / "in", ts=None, ae=("2026-03-12", "2926-03-12")), store)
    assert lines(receipt) == [
        "ERROR cut-off in the future: the last date in the data, 2926-03-12, has not come yet; "
        "mend it, or give --cutoff YYYY-MM-DD"
    ]


def test_records_after_the_cut_off_are_loaded_and_named(store, tmp_path):
    receipt = load(files(tmp_path / "in"), store, cutoff=date(2026, 3, 11))
    assert (
        "WARNING after the cut-off: ae.csv, row 3, column AESTDTC: "
        "dated after the data cut-off (2026-03-11): loaded, counted nowhere [2026-03-12]"
    ) in lines(receipt, "warning")
    assert len(rows(store, "adverse_event", "aeseq")) == 3


# ---- files and rows ------------------------------------------------------------------------------------------------
def test_what_lies_in_the_folder_and_is_no_data_is_named(store, tmp_path):
    folder = files(tmp_path / "in")
    (folder / "define.xml").write_text("<x/>")
    (folder / "._ae.csv").write_bytes(b"\0\5\x16\7")  # what macOS leaves beside a file
    (folder / "older").mkdir()
    receipt = load(folder, store)
    assert receipt.outcome == "published"
    assert [(one.rule, one.file) for one in receipt.findings if one.rule == "not read"] == [
        ("not read", "._ae.csv"), ("not read", "define.xml"), ("not read", "older"),
    ]  # fmt: skip


def test_nothing_to_import_is_said(store, tmp_path):
    (tmp_path / "empty").mkdir()
    known = ".csv, .dsjc, .json, .ndjson, .parquet, .tsv, .xpt"
    said = lines(load(tmp_path / "empty", store))
    assert f"ERROR no data: there is no file ending in {known}; name the folder of the data files" in said
    gone = load(tmp_path / "gone", store)
    assert f"ERROR no such file: {tmp_path / 'gone'}: there is nothing at this path; look for a slip in its name" in (
        lines(gone)
    )


def test_a_table_that_the_store_does_not_have_is_named(store, tmp_path):
    wrong = protocol.parse(TRIAL.text.replace('table = "infusion"', 'table = "infusions"'))
    said = lines(load(files(tmp_path / "in"), store, wrong))
    assert (
        said[0]
        == "ERROR unknown table: [[sources]] of the protocol file names no table of the store: infusions; mend it"
    )


def test_day_0_and_the_tables_of_the_protocol_file_must_agree(store, tmp_path):
    wrong = protocol.parse(TRIAL.text.replace('treatments = ["XKDCT293"]', 'treatments = ["OTHER"]'))
    receipt = load(files(tmp_path / "in"), store, wrong)
    assert {(one.rule, one.row) for one in receipt.errors} == {
        ("treatment in the wrong table", 2),
        ("treatment in the wrong table", 4),
    }


def test_a_file_written_to_while_it_is_imported_is_not_published(store, tmp_path, monkeypatch):
    folder, finish = files(tmp_path / "in"), Stage.finish

    def finish_slowly(*arguments):
        finish(*arguments)
        (folder / "ae.csv").write_text(SMALL["ae"] + " \n")

    monkeypatch.setattr(Stage, "finish", finish_slowly)
    with pytest.raises(SourceChanged, match=r"ae\.csv was written to while it was imported"):
        load(folder, store)
    assert store.current() == "" and not list(store.root.glob("cuts/*"))


def test_every_row_of_the_simulated_trial_is_accounted_for(trial, trial_files):
    for folder, cut in zip(trial_files, trial.ids(), strict=True):
        receipt = trial.open(cut).receipt
        read = {path.name: len(pyreadstat.read_xport(str(path))[0]) for path in folder.iterdir()}
        assert {one.name: one.rows for one in receipt.files} == read
        assert {one.name: sum(one.loaded.values()) + one.kept for one in receipt.files} == read
        assert all(one.kept == 0 for one in receipt.files)  # this trial has a table for every row
        loaded: dict[str, int] = {}
        for one in receipt.files:
            for table, count in one.loaded.items():
                loaded[table] = loaded.get(table, 0) + count
        stored = {
            table.name: int(trial.open(cut).frame(select(func.count().label("n")).select_from(table))["n"].iloc[0])
            for table in schema.study_tables()
        }
        assert {name: count for name, count in stored.items() if count} == loaded


def test_rows_without_a_table_are_kept_and_counted(store, tmp_path):
    receipt = load(files(tmp_path / "in", se="STUDYID,DOMAIN,USUBJID,SESEQ\nXKDCT293,SE,X-101,1"), store)
    [elements] = [one for one in receipt.files if one.domain == "SE"]
    assert (elements.rows, elements.loaded, elements.kept) == (1, {}, 1)
    assert (store.root / "sources" / elements.sha256).read_bytes() == (tmp_path / "in" / "se.csv").read_bytes()


def test_a_receipt_survives_its_file(filled, tmp_path):
    receipt = load(files(tmp_path / "bad", ae=("syndrome,4", "syndrome,6")), filled)
    assert Receipt.from_json(receipt.to_json()) == receipt
    assert isinstance(receipt.files[0], FileRead)
