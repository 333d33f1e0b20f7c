"""What real files hold: one test for each trap, with the line of the receipt that tells of it and what rests in the
store.
"""

import csv
import datetime as dt
import gzip
import io
import json
import zlib
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from test_importing import SMALL, files, lines, load, rows

from data import protocol, reshape
from data.receipt import Receipt
from data.store import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def table(domain: str, *given: dict, **same) -> str:
    """A CSV of a domain: rows as dicts of what matters, numbered, of X-101 where they say nothing else."""
    start = {"STUDYID": "XKDCT293", "DOMAIN": domain, "USUBJID": "X-101"}
    whole = [start | {f"{domain}SEQ": number} | same | one for number, one in enumerate(given, 1)]
    written = io.StringIO()
    columns = dict.fromkeys(name for one in whole for name in one)
    writer = csv.DictWriter(written, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(whole)
    return written.getvalue().rstrip("\n")


def account(receipt: Receipt, name: str) -> list[str]:
    """What the receipt prints of a file, runs of blanks as one, without the line that names the comma."""
    printed = receipt.to_text().splitlines()
    start = next(number for number, line in enumerate(printed) if line.startswith(f"{name} "))
    found = [printed[start]]
    for line in printed[start + 1 :]:
        if not line.startswith(" "):
            break
        found.append(line)
    return [" ".join(line.split()) for line in found if not line.strip().startswith("separated by ','")]


def told(receipt: Receipt, severity: str, rule: str) -> list[str]:
    return [one for one in lines(receipt, severity) if one.startswith(f"{severity.upper()} {rule}: ")]


def xport(path: Path, text: str, version: int = 5, **replaced) -> Path:
    """A CSV text as a SAS XPORT file; `replaced` are columns with other values."""
    frame = pd.DataFrame(csv.DictReader(io.StringIO(text))).assign(**replaced)
    name = path.stem[:8].upper()
    pyreadstat.write_xport(frame, str(path), table_name=name, file_format_version=version)
    return path


def day(moment: str) -> pd.Timestamp:
    return pd.Timestamp(moment)


# ---- dates -----------------------------------------------------------------------------------------------------------
def test_partial_dates_keep_their_text_with_first_and_last_day(store, tmp_path):
    starts = [
        {"CMTRT": "A", "CMSTDTC": "2024"},
        {"CMTRT": "B", "CMSTDTC": "2024-02"},
        {"CMTRT": "C", "CMSTDTC": "2024-02-03"},
    ]
    history = table("MH", {"MHTERM": "breast cancer", "MHSTDTC": "2019"})
    receipt = load(files(tmp_path / "in", cm=table("CM", *starts), mh=history), store)
    assert rows(store, "medication", "cmstdtc", "cmstdtc_earliest", "cmstdtc_latest") == [
        ("2024", day("2024-01-01"), day("2024-12-31T23:59:59")),
        ("2024-02", day("2024-02-01"), day("2024-02-29T23:59:59")),  # a leap year
        ("2024-02-03", day("2024-02-03"), day("2024-02-03T23:59:59")),
    ]
    assert rows(store, "medical_history", "mhstdtc", "mhstdtc_latest") == [("2019", day("2019-12-31T23:59:59"))]
    assert account(receipt, "cm.csv") == [
        "cm.csv CM 3 3 0 0 medication 3", "2 partial dates, kept as written with their first and last day",
    ]  # fmt: skip
    assert account(receipt, "ae.csv") == [
        "ae.csv AE 3 3 0 0 adverse_event 3", "1 partial dates, kept as written with their first and last day",
    ]  # fmt: skip


def test_dates_and_date_times_in_one_column(store, tmp_path):
    mixed = ("2026-03-12", "2026-03-12T08:15")
    assert lines(load(files(tmp_path / "in", ae=mixed), store)) == []
    assert rows(store, "adverse_event", "aestdtc", "aestdtc_earliest", "aestdtc_latest")[::2] == [
        ("2026-03-02", day("2026-03-02"), day("2026-03-02T23:59:59")),
        ("2026-03-12T08:15", day("2026-03-12T08:15"), day("2026-03-12T08:15")),
    ]


def test_blank_end_dates_are_missing_and_never_the_cut_off(store, tmp_path):
    receipt = load(files(tmp_path / "in"), store)
    assert rows(store, "adverse_event", "aeendtc", "aeendtc_earliest", "aeendtc_latest")[1:] == [(None, None, None)] * 2
    assert lines(receipt, "warning") == []


def test_sas_dates_that_are_formatted_numbers(store, tmp_path):
    folder = files(tmp_path / "in", ae=None)
    dates = [dt.date(2026, 3, 2), None, dt.date(2026, 3, 12)]
    xport(folder / "ae.xpt", SMALL["ae"], AESTDTC=dates)
    assert lines(load(folder, store)) == []
    assert [one for one, *_ in rows(store, "adverse_event", "aestdtc")] == ["2026-03-02", None, "2026-03-12"]


def test_sas_dates_that_are_bare_numbers_are_refused(store, tmp_path):
    folder = files(tmp_path / "in", ae=None)
    xport(folder / "ae.xpt", SMALL["ae"], AESTDTC=[24167.0, None, None])  # 2 March 2026, days since 1960
    assert told(load(folder, store), "error", "impossible date") == [
        "ERROR impossible date: ae.xpt, row 1, column AESTDTC: "
        "'24167' is no ISO 8601 date (YYYY, YYYY-MM, YYYY-MM-DD, with or without Thh:mm) [24167]"
    ]


def test_study_days_are_listed_as_not_used(store, tmp_path):
    """--DY has no day 0 and counts from another date: -1, 1 here."""
    events = SMALL["ae"].replace("AEENDTC", "AEENDTC,AESTDY")
    events = (
        events.replace("2026-03-03", "2026-03-03,-1").replace("2026-03,", "2026-03,,1").replace("03-12,", "03-12,,9")
    )
    receipt = load(files(tmp_path / "in", ae=events), store)
    assert "columns not used: AESTDY" in account(receipt, "ae.csv")
    assert lines(receipt) == lines(receipt, "warning") == []


def test_a_wrong_study_day_beside_a_right_date_changes_nothing(store, tmp_path):
    events = SMALL["ae"].replace("AEENDTC", "AEENDTC,AESTDY")
    events = (
        events.replace("2026-03-03", "2026-03-03,{}").replace("2026-03,", "2026-03,,{}").replace("03-12,", "03-12,,{}")
    )
    assert load(files(tmp_path / "right", ae=events.format(2, 2, 3)), store).outcome == "published"
    assert load(files(tmp_path / "wrong", ae=events.format(900, -900, 0)), store).outcome == "same content"


# ---- subjects --------------------------------------------------------------------------------------------------------
def test_a_screen_failure_without_dose_has_no_cohort_and_no_day_0(store, tmp_path):
    receipt = load(files(tmp_path / "in", dm=("X-103,103,", "X-103,103,SCRNFAIL")), store)
    assert rows(store, "subject", "usubjid", "armcd", "cohort", "day0")[2] == ("X-103", "SCRNFAIL", None, None)
    assert told(receipt, "note", "not treated") == [
        "NOTE not treated: dm.csv, row 3, column USUBJID: "
        "no treatment of [day0] in EX: in no denominator of the treated [X-103]"
    ]


def test_an_actual_arm_that_differs_from_the_planned_one(store, tmp_path):
    dm = SMALL["dm"].replace("ARMCD", "ARMCD,ARM,ACTARM", 1).replace(",103,", ",103,,,")
    dm = dm.replace("101,DL1", "101,DL1,Level 1,Level 1").replace("102,DL1", "102,DL1,Level 1,Level 2")
    receipt = load(files(tmp_path / "in", dm=dm), store)
    assert told(receipt, "note", "arm differs") == [
        "NOTE arm differs: dm.csv, row 2, column ACTARM: the actual arm differs from the planned one (ARM) [Level 2]"
    ]
    assert rows(store, "subject", "arm", "actarm")[1] == ("Level 1", "Level 2")


def test_identifiers_that_begin_again_in_each_file_are_refused(store, tmp_path):
    """Two sites that both call their first patient X-101."""
    other = SMALL["dm"].splitlines()[0] + "\nXKDCT293,DM,X-101,201,DL1,2026-02-01,,,"
    assert lines(load(files(tmp_path / "in", dm2=other), store)) == [
        "ERROR duplicate key: dm2.csv, row 1, column USUBJID: "
        "USUBJID stands there twice; each row needs its own [X-101]"
    ]


def test_identifiers_in_another_form_are_refused_with_both_forms(store, tmp_path):
    small = {name: text.replace("X-101", "Patient001") for name, text in SMALL.items()}
    small["ae"] = small["ae"].replace("Patient001,1", "Patient001_1,1")
    assert lines(load(files(tmp_path / "in", **small), store)) == [
        "ERROR subject not in DM: ae.csv, row 1, column USUBJID: USUBJID is not in DM; "
        "DM writes it in another form (Patient001): write it alike in all files [Patient001_1]"
    ]


# ---- adverse events --------------------------------------------------------------------------------------------------
EVENT = {"AETERM": "rash", "AEDECOD": "Rash", "AETOXGR": "2", "AESER": "N", "AESDTH": "N", "AEREL": "RELATED",
         "AESTDTC": "2026-03-02", "AEENDTC": ""}  # fmt: skip


def test_an_event_that_is_reported_again_is_kept_and_named(store, tmp_path):
    first, again = EVENT | {"AESPID": "E-7"}, EVENT | {"AESPID": "E-7", "AETOXGR": "3"}
    receipt = load(files(tmp_path / "in", ae=table("AE", first, again), suppae=None), store)
    assert told(receipt, "note", "event reported again") == [
        "NOTE event reported again: ae.csv, row 2, column AESPID: "
        "a further row of an event that is there already (same AESPID) [E-7]"
    ]
    assert rows(store, "adverse_event", "aeseq", "aespid", "aetoxgr") == [(1, "E-7", 2), (2, "E-7", 3)]


CAUSALITY = {
    "NONE": "unrelated", "REMOTE": "unlikely", "POSSIBLE": "related", "PROBABLE": "related", "NOT RELATED": "unrelated",
    "RELATED": "related", "Y": "related", "N": "unrelated", "": None, "肯定有关": "related", "很可能有关": "related",
    "可能有关": "related", "可能无关": "unlikely", "肯定无关": "unrelated", "无法判定": "cannot_be_judged",
}  # fmt: skip


def test_each_vocabulary_of_causality_has_its_class_and_a_blank_has_none(store, tmp_path):
    events = table("AE", *(EVENT | {"AEREL": word} for word in CAUSALITY))
    assert lines(load(files(tmp_path / "in", ae=events, suppae=None), store)) == []
    found = rows(store, "adverse_event", "aerel", "causality")
    assert found == [(word or None, wanted) for word, wanted in CAUSALITY.items()]


@pytest.mark.parametrize("word", ["POSSIBLY RELATED", "U", "1", "大概有关"])
def test_a_causality_that_is_not_mapped_is_refused(store, tmp_path, word):
    events = table("AE", EVENT, EVENT | {"AEREL": word})
    assert lines(load(files(tmp_path / "in", ae=events, suppae=None), store)) == [
        "ERROR unknown causality: ae.csv, row 2, column AEREL: the protocol file does not map this causality; "
        f"add it to [adverse_events.causality] [{word}]"
    ]


def test_severity_without_a_grade_is_never_turned_into_one(store, tmp_path):
    event = {name: value for name, value in EVENT.items() if name != "AETOXGR"}
    events = table("AE", event | {"AESEV": "SEVERE"}, event | {"AESEV": "MILD"})
    receipt = load(files(tmp_path / "in", ae=events, suppae=None), store)
    assert lines(receipt, "warning") == [
        "WARNING column missing: ae.csv, column AETOXGR: "
        "the file has no such column: what it would say is unknown for every row",
        "WARNING no grades: no adverse event carries a grade (AETOXGR); severity (AESEV) is never converted to one",
    ]  # fmt: skip
    assert rows(store, "adverse_event", "aesev", "aetoxgr") == [("SEVERE", None), ("MILD", None)]


def unmarked(store: Store, folder: Path, **more) -> list[str]:
    receipt = load(files(folder, ae=table("AE", EVENT | more), suppae=None), store)
    assert receipt.outcome == "published"
    return [one.removesuffix(": it is serious; ask the site which is right [X-101: Rash]").removeprefix(
        "WARNING serious, not marked: ae.csv, row 1, column AESER: the event ")
        for one in told(receipt, "warning", "serious, not marked")]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"AESDTH": "Y", "AEOUT": "FATAL", "AETOXGR": "5"}, ["resulted in death by AESDTH, and AESER is not Y"]),
        ({"AEOUT": "FATAL", "AETOXGR": "5"}, ["resulted in death by AEOUT, and AESER is not Y"]),
        ({"AETOXGR": "5"}, ["resulted in death by AETOXGR, and AESER is not Y"]),
        ({"AESHOSP": "Y"}, ["brought or kept the patient in hospital by AESHOSP, and AESER is not Y"]),
        ({"AESLIFE": "Y", "AESHOSP": "Y"},
         ["was life-threatening by AESLIFE, and AESER is not Y",
          "brought or kept the patient in hospital by AESHOSP, and AESER is not Y"]),
        ({"AESHOSP": "N", "AESLIFE": "", "AEOUT": "RECOVERED/RESOLVED", "AETOXGR": "4"}, []),
        ({"AESER": "Y", "AESDTH": "Y", "AEOUT": "FATAL", "AESHOSP": "Y"}, []),
    ],
)  # fmt: skip
def test_an_event_that_is_serious_by_its_own_row_and_not_marked_is_asked_about(store, tmp_path, more, said):
    assert unmarked(store, tmp_path / "in", **more) == said


def test_a_blank_is_not_a_mark_and_without_the_column_nothing_is_compared(store, tmp_path):
    blank = table("AE", EVENT | {"AESER": "", "AESHOSP": "Y"})
    receipt = load(files(tmp_path / "in", ae=blank, suppae=None), store)
    assert len(told(receipt, "warning", "serious, not marked")) == 1
    without = {name: value for name, value in EVENT.items() if name != "AESER"} | {"AESHOSP": "Y"}
    receipt = load(files(tmp_path / "next", ae=table("AE", without), suppae=None), store)
    assert told(receipt, "warning", "serious, not marked") == []


def test_uncoded_events_are_kept_and_named(store, tmp_path):
    events = table("AE", *(EVENT | {"AEDECOD": "", "AETERM": f"felt odd {number}"} for number in range(1, 8)))
    receipt = load(files(tmp_path / "in", ae=events, suppae=None), store)
    assert told(receipt, "note", "uncoded")[0] == (
        "NOTE uncoded: ae.csv, row 1, column AETERM: adverse event without preferred term [felt odd 1]"
    )
    assert told(receipt, "note", "uncoded")[-1] == (
        "NOTE uncoded: ae.csv, rows 6-7, column AETERM: 2 more rows: adverse event without preferred term"
    )
    assert rows(store, "adverse_event", "aedecod") == [(None,)] * 7


# ---- laboratory ------------------------------------------------------------------------------------------------------
def labs(store: Store, folder: Path, *given: dict, **same) -> Receipt:
    """The small trial with these laboratory rows, of creatinine in umol/L where they say nothing else."""
    same = {"LBTESTCD": "CREAT", "LBORRESU": "umol/L", "LBDTC": "2026-03-02"} | same
    return load(files(folder, lb=table("LB", *given, **same)), store)


def test_character_results_are_sign_and_number_or_a_reason(store, tmp_path):
    results = {
        "<0.2": (0.2, "<", None), "<40": (40, "<", None), ">1000": (1000, ">", None),
        "<BLQ": (None, None, "below the limit of quantification, which is not given"),
        "N": (None, None, "no number: N"), "NEGATIVE": (None, None, "no number: NEGATIVE"),
        "Hemolyzed": (None, None, "no number: Hemolyzed"), "n.d.": (None, None, "no number: n.d."),
        "2 ???": (None, None, "no number: 2 ???"),
    }  # fmt: skip
    receipt = labs(store, tmp_path / "in", *({"LBORRES": text} for text in results), LBTESTCD="CRP", LBORRESU="mg/L")
    assert rows(store, "lab", "lborres", "value", "qualifier", "reason") == [
        (text, *one) for text, one in results.items()
    ]
    assert rows(store, "lab", "qualitative")[5] == ("NEGATIVE",)
    assert account(receipt, "lb.csv") == [
        "lb.csv LB 9 9 0 0 lab 9", "3 results below or above a limit, kept as sign and number",
        "6 results that are no number, kept as text",
    ]  # fmt: skip


def test_numbers_without_unit_are_kept_where_there_is_none_and_withheld_where_one_is_needed(store, tmp_path):
    ratios = [{"LBTESTCD": "PH", "LBORRES": "6.5"}, {"LBTESTCD": "INR", "LBORRES": "1.1"}, {"LBORRES": "80"}]
    receipt = labs(store, tmp_path / "in", *ratios, LBORRESU="")
    assert rows(store, "lab", "lbtestcd", "value", "unit", "reason") == [
        ("PH", 6.5, None, None), ("INR", 1.1, "", None), ("CREAT", None, None, "unit not given"),
    ]  # fmt: skip
    assert lines(receipt, "warning") == [
        "WARNING unit missing: lb.csv, row 3, column LBORRES: CREAT without a unit: its number is withheld; "
        "give the unit [80]"
    ]


def test_missing_ranges_are_missing(store, tmp_path):
    labs(
        store, tmp_path / "in", {"LBORRES": "80", "LBORNRLO": "", "LBORNRHI": ""}, {"LBORRES": "80", "LBORNRHI": "104"}
    )
    assert rows(store, "lab", "value", "range_low", "range_high") == [(80, None, None), (80, None, 104)]


def test_an_indicator_that_disagrees_with_the_range_by_rounding_stays_as_it_came(store, tmp_path):
    """1.2 mg/dL is 106.08 umol/L; the sender rounded it to 106 and its limit of 1.2 mg/dL to 106.1: NORMAL or not."""
    receipt = labs(
        store, tmp_path / "in",
        {"LBORRES": "1.2", "LBORRESU": "mg/dL", "LBSTRESC": "106", "LBSTRESN": "106", "LBSTRESU": "umol/L",
         "LBSTNRLO": "53", "LBSTNRHI": "106", "LBNRIND": "NORMAL"},
    )  # fmt: skip
    [(value, high, indicator)] = rows(store, "lab", "value", "range_high", "lbnrind")
    assert (round(value, 2), high, indicator) == (106.08, 106, "NORMAL")
    assert lines(receipt, "warning") == lines(receipt) == []


def test_one_domain_in_several_files_is_one_table(store, tmp_path):
    row = {"LBTESTCD": "CREAT", "LBORRES": "80", "LBORRESU": "umol/L", "LBDTC": "2026-03-02"}
    chemistry, blood = table("LB", row, row), table("LB", row | {"LBTESTCD": "WBC", "LBORRES": "4", "LBORRESU": "G/L"})
    receipt = load(files(tmp_path / "in", lbch=chemistry, lbhe=blood.replace("X-101,1", "X-101,3")), store)
    assert lines(receipt) == []
    assert account(receipt, "lbch.csv") == ["lbch.csv LB 2 2 0 0 lab 2"]
    assert account(receipt, "lbhe.csv")[0] == "lbhe.csv LB 1 1 0 0 lab 1"
    assert rows(store, "lab", "source_file", "lbtestcd", "lbseq") == [
        ("lbch.csv", "CREAT", 1), ("lbch.csv", "CREAT", 2), ("lbhe.csv", "WBC", 3),
    ]  # fmt: skip


# ---- response --------------------------------------------------------------------------------------------------------
def test_what_is_no_tumour_response_is_kept_beside_the_cut_and_named(store, tmp_path):
    responses = table("RS", {"RSTESTCD": "OVRLRESP", "RSORRES": "PR"}, {"RSTESTCD": "HAMD17A1", "RSORRES": "2"})
    receipt = load(files(tmp_path / "in", rs=responses), store)
    assert rows(store, "response", "rstestcd", "rsorres") == [("OVRLRESP", "PR")]
    assert told(receipt, "note", "not a response") == [
        "NOTE not a response: rs.csv, row 2, column RSTESTCD: "
        "no tumour response (RSTESTCD): the row is kept beside the cut, in no table [HAMD17A1]"
    ]
    assert account(receipt, "rs.csv") == ["rs.csv RS 2 1 0 1 response 1"]


def test_several_readers_of_one_response_stay_apart(store, tmp_path):
    readers = ["INVESTIGATOR", "INDEPENDENT ASSESSOR 1", "INDEPENDENT ASSESSOR 2"]
    same = {"RSTESTCD": "OVRLRESP", "RSORRES": "PR", "RSDTC": "2026-04-01"}
    receipt = load(files(tmp_path / "in", rs=table("RS", *(same | {"RSEVAL": one} for one in readers))), store)
    assert rows(store, "response", "rsseq", "rseval") == [(1, readers[0]), (2, readers[1]), (3, readers[2])]
    assert lines(receipt) == []


# ---- visits ----------------------------------------------------------------------------------------------------------
def visits(*given: tuple) -> str:
    names = ("VISITNUM", "VISIT", "VISITDY", "SVSTDTC")
    return table("SV", *(dict(zip(names, one, strict=True)) for one in given)).replace(",SVSEQ", ",X", 1)


def test_an_unscheduled_visit_without_its_planned_day(store, tmp_path):
    receipt = load(files(tmp_path / "in", sv=visits(("6.1", "UNSCHEDULED 6.1", "", "2026-03-05"))), store)
    assert rows(store, "visit", "visitnum", "visit", "visitdy") == [(6.1, "UNSCHEDULED 6.1", None)]
    assert lines(receipt) == lines(receipt, "warning") == []


def test_a_retrieval_visit_that_shares_its_planned_day(store, tmp_path):
    both = visits(("12", "WEEK 24", "168", "2026-03-05"), ("201", "RETRIEVAL", "168", "2026-03-06"))
    assert lines(load(files(tmp_path / "in", sv=both), store)) == []
    assert rows(store, "visit", "visitnum", "visitdy") == [(12, 168), (201, 168)]


def test_a_visit_far_from_its_planned_day_keeps_both(store, tmp_path):
    receipt = load(files(tmp_path / "in", sv=visits(("7", "DAY 1", "2", "2026-03-30"))), store)
    assert rows(store, "visit", "visitdy", "svstdtc_earliest") == [(2, day("2026-03-30"))]
    assert lines(receipt, "warning") == []


# ---- files: SAS XPORT ------------------------------------------------------------------------------------------------
def test_windows_1252_in_an_xport_file_is_stated_with_its_values(store, tmp_path):
    folder = files(tmp_path / "in", ts=None)
    title = "Alzheimer’s Disease"
    path = xport(folder / "ts.xpt", SMALL["ts"] + f"\nXKDCT293,TS,2,TITLE,Title,{'#' * len(title)}")
    path.write_bytes(path.read_bytes().replace(b"#" * len(title), title.encode("windows-1252")))
    receipt = load(folder, store)
    assert rows(store, "trial_summary", "tsval") == [("2026-04-30",), (title,)]
    assert account(receipt, "ts.xpt") == [
        "ts.xpt TS 2 2 0 0 trial_summary 2", "read as windows-1252, for example: Alzheimer’s Disease",
    ]  # fmt: skip


def test_an_xport_file_of_zero_bytes_is_refused(store, tmp_path):
    folder = files(tmp_path / "in", ae=None)
    (folder / "ae.xpt").touch()
    receipt = load(folder, store)
    assert lines(receipt)[0] == "ERROR empty file: ae.xpt: ae.xpt has 0 bytes; export it again"
    assert receipt.outcome == "refused"
    assert account(receipt, "ae.xpt") == ["ae.xpt 0 0 0 0 none"]


@pytest.mark.parametrize("version", [5, 8])
def test_xport_of_both_versions_is_one_content(store, tmp_path, version):
    folder = files(tmp_path / "in", ae=None)
    xport(folder / "ae.xpt", SMALL["ae"], version)
    assert lines(load(folder, store)) == []
    assert rows(store, "adverse_event", "usubjid", "aeseq", "aetoxgr") == [
        ("X-101", 1, 1), ("X-101", 2, 4), ("X-102", 1, None),
    ]  # fmt: skip


def test_text_padded_with_blanks_is_stripped(store, tmp_path):
    padded = (
        SMALL["ae"].replace("X-101", "X-101   ").replace("POSSIBLE", "  POSSIBLE ").replace("Pyrexia", "Pyrexia    ")
    )
    assert load(files(tmp_path / "in", ae=padded), store).outcome == "published"
    assert rows(store, "adverse_event", "usubjid", "aedecod", "causality")[0] == ("X-101", "Pyrexia", "related")


def test_blank_and_missing_are_one_thing(store, tmp_path):
    """A blank text and a missing number of XPORT, an empty field and blanks of CSV: none is a text or a zero."""
    folder = files(tmp_path / "in", ae=None)
    xport(folder / "ae.xpt", SMALL["ae"], AETOXGR=[1.0, 4.0, None], AEDECOD=["Pyrexia", "   ", ""])
    assert load(folder, store).outcome == "published"
    assert rows(store, "adverse_event", "aedecod", "aetoxgr") == [("Pyrexia", 1), (None, 4), (None, None)]
    blanks = SMALL["ae"].replace("Cytokine release syndrome", "   ").replace("felt odd,,", "felt odd,   ,")
    assert load(files(tmp_path / "csv", ae=blanks), store).outcome == "same content"


def test_numbers_of_xport_are_as_written(store, tmp_path):
    """SAS cuts off the last bits: it writes 9.3 as hex 4194CCCCCCCCCCC8, which is 9.299999999999999."""
    folder = files(tmp_path / "in")
    text = visits(("9.3", "UNSCHEDULED 9.3", "", "2026-03-05"))
    path = xport(folder / "sv.xpt", text, VISITNUM=[9.3], VISITDY=[float("nan")])
    raw = path.read_bytes()
    assert raw.count(bytes.fromhex("4194ccccccccccd0")) == 1
    path.write_bytes(raw.replace(bytes.fromhex("4194ccccccccccd0"), bytes.fromhex("4194ccccccccccc8")))
    load(folder, store)
    assert rows(store, "visit", "visitnum") == [(9.3,)]


# ---- files: Dataset-JSON ---------------------------------------------------------------------------------------------
KINDS = {"AESEQ": "integer", "AETOXGR": "decimal"}


def dataset(*, change: dict | None = None, values: dict | None = None) -> dict:
    """The events of the small trial as Dataset-JSON 1.1; `values` are cells by (row, column)."""
    body = list(csv.DictReader(io.StringIO(SMALL["ae"])))
    columns = [
        {"itemOID": f"IT.AE.{name}", "name": name, "label": name, "dataType": KINDS.get(name, "string")}
        for name in body[0]
    ]
    cells = [[int(value) if name == "AESEQ" else value or None for name, value in one.items()] for one in body]
    for (row, name), value in (values or {}).items():
        cells[row - 1][list(body[0]).index(name)] = value
    document = {"datasetJSONCreationDateTime": "2026-05-01T00:00:00", "datasetJSONVersion": "1.1.0",
                "itemGroupOID": "IG.AE", "records": len(body), "name": "AE", "label": "Adverse Events",
                "columns": columns, "rows": cells}  # fmt: skip
    return document | (change or {})


def lined(document: dict) -> bytes:
    """A line for what stands before the rows, and one for each."""
    rest = {name: value for name, value in document.items() if name != "rows"}
    return b"\n".join(json.dumps(one, ensure_ascii=False).encode() for one in [rest, *document["rows"]]) + b"\n"


def with_json(folder: Path, document: dict, name: str = "ae.json") -> Path:
    files(folder, ae=None)
    (folder / name).write_bytes(json.dumps(document).encode() if name.endswith(".json") else lined(document))
    return folder


@pytest.fixture(scope="module")
def events(tmp_path_factory) -> list[tuple]:
    """The events of the small trial as they rest in a store, from CSV."""
    root = tmp_path_factory.mktemp("events")
    assert load(files(root / "in"), Store(root / "store")).outcome == "published"
    return rows(Store(root / "store"), "adverse_event", *STORED)


STORED = (
    "usubjid",
    "aeseq",
    "aeterm",
    "aedecod",
    "aetoxgr",
    "aeser",
    "aerel",
    "aestdtc",
    "aeendtc",
    "causality",
    "aedlt",
)


def test_dataset_json_with_a_list_for_a_label(store, tmp_path, events):
    document = dataset(change={"label": []})
    document["columns"][5]["label"] = []
    receipt = load(with_json(tmp_path / "in", document), store)
    assert lines(receipt) == [] and rows(store, "adverse_event", *STORED) == events
    assert account(receipt, "ae.json")[0] == "ae.json AE 3 3 0 0 adverse_event 3"


def test_dataset_json_with_decimals_as_padded_strings(store, tmp_path, events):
    padded = {(1, "AETOXGR"): "           1", (2, "AETOXGR"): "4.0   ", (3, "AETOXGR"): "      "}
    assert lines(load(with_json(tmp_path / "in", dataset(values=padded)), store)) == []
    assert rows(store, "adverse_event", *STORED) == events


@pytest.mark.parametrize("name", ["ae.json", "ae.ndjson"])
@pytest.mark.parametrize("stated", [2, 4])
def test_dataset_json_with_another_number_of_records_is_refused(store, tmp_path, stated, name):
    receipt = load(with_json(tmp_path / "in", dataset(change={"records": stated}), name), store)
    assert lines(receipt)[0] == (
        f"ERROR records differ: {name}: the file announces {stated} rows and holds 3: it is cut short or was edited; "
        "export it again"
    )
    assert store.current() == ""


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress], ids=["zlib", "gzip"])
@pytest.mark.parametrize("layout", ["lines", "document"])
def test_compressed_dataset_json_of_both_kinds(store, tmp_path, events, pack, layout):
    folder = files(tmp_path / "in", ae=None)
    raw = lined(dataset()) if layout == "lines" else json.dumps(dataset()).encode()
    (folder / "ae.dsjc").write_bytes(pack(raw))
    receipt = load(folder, store)
    assert lines(receipt) == [] and rows(store, "adverse_event", *STORED) == events
    assert account(receipt, "ae.dsjc")[0] == "ae.dsjc AE 3 3 0 0 adverse_event 3"


def test_null_and_an_empty_string_are_both_missing_and_no_text(store, tmp_path, events):
    blank = {(3, "AEREL"): "", (2, "AEENDTC"): "", (3, "AEENDTC"): None, (3, "AEDECOD"): ""}
    assert lines(load(with_json(tmp_path / "in", dataset(values=blank)), store)) == []
    assert rows(store, "adverse_event", *STORED) == events
    found = {value for row in rows(store, "adverse_event", *STORED) for value in row}
    assert not found & {"", "None", "null", "nan"}


CHINESE = SMALL["ae"].replace("fever", "发热").replace("CRS", "细胞因子释放综合征").replace("felt odd", "皮疹")


# ---- files: CSV ------------------------------------------------------------------------------------------------------
def with_events(folder: Path, text: str | bytes, name: str = "ae.csv") -> Path:
    files(folder, ae=None)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_csv_separated_by_tabs(store, tmp_path, events):
    receipt = load(with_events(tmp_path / "in", SMALL["ae"].replace(",", "\t") + "\n"), store)
    assert lines(receipt) == [] and rows(store, "adverse_event", *STORED) == events
    assert account(receipt, "ae.csv")[:2] == ["ae.csv AE 3 3 0 0 adverse_event 3", "separated by a tab"]


def test_csv_separated_by_blanks(store, tmp_path, events):
    """As R writes it: every text quoted, a blank one as ""."""
    body = [one.split(",") for one in SMALL["ae"].splitlines()]
    text = "\n".join(" ".join(f'"{cell}"' for cell in row) for row in body) + "\n"
    receipt = load(with_events(tmp_path / "in", text), store)
    assert lines(receipt) == [] and rows(store, "adverse_event", *STORED) == events
    assert account(receipt, "ae.csv")[1] == 'separated by blanks, quoted by "'


def test_csv_with_an_unnamed_first_column(store, tmp_path, events):
    header, *body = SMALL["ae"].splitlines()
    text = "\n".join([f",{header}", *(f"{number},{row}" for number, row in enumerate(body, 1))]) + "\n"
    receipt = load(with_events(tmp_path / "in", text), store)
    assert lines(receipt) == [] and rows(store, "adverse_event", *STORED) == events
    assert "separated by ',', its first column, of row numbers or labels, left out" in receipt.to_text()


def test_csv_with_its_header_on_the_second_row(store, tmp_path, events):
    receipt = load(with_events(tmp_path / "in", f"Adverse events\n{SMALL['ae']}\n"), store)
    assert lines(receipt) == [] and rows(store, "adverse_event", *STORED) == events
    assert "separated by ',', header in line 2\n" in receipt.to_text()
    assert [one for one, *_ in rows(store, "adverse_event", "source_row")] == [1, 2, 3]


def test_csv_without_a_final_line_end_is_read_and_doubted(store, tmp_path, events):
    receipt = load(with_events(tmp_path / "in", SMALL["ae"]), store)
    assert lines(receipt, "warning") == [
        "WARNING perhaps cut short: ae.csv: the last line has no line end: look whether the last value is whole"
    ]
    assert rows(store, "adverse_event", *STORED) == events


def test_german_and_chinese_text(store, tmp_path):
    text = SMALL["ae"].replace("felt odd", "Übelkeit, größer").replace("fever", "发热（38.5 ℃）")
    text = text.replace("Übelkeit, größer", '"Übelkeit, größer"') + "\n"
    receipt = load(with_events(tmp_path / "in", text), store)
    assert [one for one, *_ in rows(store, "adverse_event", "aeterm")] == ["发热（38.5 ℃）", "CRS", "Übelkeit, größer"]
    [read] = [one for one in receipt.files if one.name == "ae.csv"]
    assert read.encoding == "utf-8"


def test_excel_unicode_text_is_stated_with_its_values(store, tmp_path):
    receipt = load(with_events(tmp_path / "in", f"{CHINESE}\n".replace(",", "\t").encode("utf-16")), store)
    assert [one for one, *_ in rows(store, "adverse_event", "aeterm")] == ["发热", "细胞因子释放综合征", "皮疹"]
    assert "read as utf-16, for example: 发热 | 皮疹 | 细胞因子释放综合征" in account(receipt, "ae.csv")


def test_several_encodings_in_one_delivery_are_each_told(store, tmp_path):
    folder = files(tmp_path / "in")
    (folder / "ae.csv").write_bytes(SMALL["ae"].replace("fever", "细胞因子释放综合征").encode("gb18030") + b"\n")
    (folder / "mh.csv").write_bytes(table("MH", {"MHTERM": "Übelkeit"}).encode("windows-1252") + b"\n")
    (folder / "cm.csv").write_bytes(table("CM", {"CMTRT": "托珠单抗"}).encode("utf-8-sig") + b"\n")
    receipt = load(folder, store)
    assert {one.name: one.encoding for one in receipt.files if one.encoding != "ascii"} == {
        "ae.csv": "gb18030", "mh.csv": "windows-1252", "cm.csv": "utf-8",
    }  # fmt: skip
    assert rows(store, "medical_history", "mhterm") == [("Übelkeit",)]
    assert rows(store, "medication", "cmtrt") == [("托珠单抗",)]
    assert "read as gb18030, for example: 细胞因子释放综合征" in account(receipt, "ae.csv")
    assert "read as windows-1252, for example: Übelkeit" in account(receipt, "mh.csv")


# ---- kinetics --------------------------------------------------------------------------------------------------------
def test_zero_and_below_detection_stay_apart(store, tmp_path):
    samples = [{"PCORRES": one} for one in ("0", "<50", "BLQ", "NOT DETECTED", "DETECTED, <LLOQ", "1200")]
    same = {"PCTESTCD": "CARCOPY", "PCORRESU": "copies/ug", "PCLLOQ": "50", "PCDTC": "2026-03-08"}
    receipt = load(files(tmp_path / "in", pc=table("PC", *samples, **same)), store)
    assert rows(store, "kinetics", "value", "qualifier", "qualitative", "lloq") == [
        (0, None, None, 50), (50, "<", None, 50), (50, "<", None, 50), (50, "<", "NOT DETECTED", 50),
        (50, "<", "DETECTED", 50), (1200, None, None, 50),
    ]  # fmt: skip
    assert account(receipt, "pc.csv") == [
        "pc.csv PC 6 6 0 0 kinetics 6", "4 results below or above a limit, kept as sign and number",
    ]  # fmt: skip


def test_fractional_actual_days_beside_nominal_days(store, tmp_path):
    """The public CD22 trial as it is mapped: 0.238 days are 5 h 43 min of Day 0; the nominal day is the visit."""
    told = protocol.load(Path("cart_cd22_phase1.toml"))
    mapping = reshape.load(reshape.FOLDER / "cart_cd22_phase1.toml")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "subjects.csv").write_text(
        "patient_id,hlh,hlh_day,crs,crs_max_grade,crs_day,response_code,prior_car,baseline_marrow_pct,dose_level,"
        "tocilizumab,steroids,anakinra\n277,0,,1,1,10,0,1,0.294,2,0,0,0\n"
    )
    (tmp_path / "in" / "inflammatory_markers.csv").write_text(
        "patient_id,nominal_day,actual_day,test,value,unit\n277,Day 0,0.2381944444423425,CRP,0.4,mg/L\n"
        "277,Day 14,14,CRP,Hemolyzed,mg/L\n"
    )
    receipt = load(tmp_path / "in", store, told, mapping=mapping)
    assert lines(receipt) == [] and receipt.outcome == "published"
    assert rows(store, "lab", "visit", "lbdtc", "value", "reason") == [
        ("Day 0", "2000-01-01T05:43", 0.4, None), ("Day 14", "2000-01-15", None, "no number: Hemolyzed"),
    ]  # fmt: skip


def test_two_samples_of_one_subject_and_day_are_both_kept(store, tmp_path):
    same = {"PCTESTCD": "CARCOPY", "PCORRESU": "copies/ug", "PCDTC": "2026-03-08"}
    receipt = load(files(tmp_path / "in", pc=table("PC", {"PCORRES": "100"}, {"PCORRES": "140"}, **same)), store)
    assert lines(receipt) == []
    assert rows(store, "kinetics", "pcseq", "value") == [(1, 100), (2, 140)]


def test_a_half_grade_is_refused(store, tmp_path):
    receipt = load(files(tmp_path / "in", ae=table("AE", EVENT | {"AETOXGR": "1.5"}), suppae=None), store)
    assert lines(receipt) == ["ERROR impossible grade: ae.csv, row 1, column AETOXGR: a grade is 1, 2, 3, 4 or 5 [1.5]"]


# ---- site practice ---------------------------------------------------------------------------------------------------
def test_gb18030_is_stated_with_three_decoded_values(store, tmp_path):
    receipt = load(with_events(tmp_path / "in", CHINESE.encode("gb18030") + b"\n"), store)
    assert [one for one, *_ in rows(store, "adverse_event", "aeterm")] == ["发热", "细胞因子释放综合征", "皮疹"]
    assert account(receipt, "ae.csv")[1] == "read as gb18030, for example: 发热 | 皮疹 | 细胞因子释放综合征"


def test_a_named_encoding_overrides(store, tmp_path):
    """One word of German in an English file: as GB18030 it would be a Chinese character and two letters."""
    text = SMALL["ae"].replace("felt odd", "Öl").encode("windows-1252") + b"\n"
    receipt = load(with_events(tmp_path / "in", text), store, encoding="windows-1252")
    assert rows(store, "adverse_event", "aeterm")[2] == ("Öl",)
    assert "read as windows-1252, for example: Öl" in account(receipt, "ae.csv")
    wrong = load(with_events(tmp_path / "b", text), store, encoding="utf-8")
    assert told(wrong, "error", "encoding undecided") == [
        "ERROR encoding undecided: ae.csv: the text is not utf-8; save the file as UTF-8, or name its --encoding"
    ]


def test_undecidable_text_is_refused(store, tmp_path):
    receipt = load(
        with_events(tmp_path / "in", SMALL["ae"].encode().replace(b"felt odd", b"\x81\xff\x8d") + b"\n"), store
    )
    assert told(receipt, "error", "encoding undecided") == [
        "ERROR encoding undecided: ae.csv: the text is not UTF-8, GB18030 or Windows-1252; save the file as UTF-8, "
        "or name its --encoding"
    ]


def test_neutrophil_count_and_share_are_never_interchanged(store, tmp_path):
    receipt = labs(
        store, tmp_path / "in",
        {"LBTESTCD": "NEUT", "LBORRES": "62.5", "LBORRESU": "%"},
        {"LBTESTCD": "NEUTLE", "LBORRES": "2.1", "LBORRESU": "10^9/L"},
        {"LBTESTCD": "NEUT", "LBORRES": "2.1", "LBORRESU": "10^9/L"},
        {"LBTESTCD": "NEUTLE", "LBORRES": "62.5", "LBORRESU": "%"},
    )  # fmt: skip
    assert lines(receipt) == [
        "ERROR unknown unit: lb.csv, row 1, column LBORRES: NEUT cannot be in %; mend the unit or the code, "
        "or name it in units.toml [62.5]",
        "ERROR unknown unit: lb.csv, row 2, column LBORRES: NEUTLE cannot be in 10^9/L; mend the unit or the code, "
        "or name it in units.toml [2.1]",
    ]  # fmt: skip
    assert account(receipt, "lb.csv")[0] == "lb.csv LB 4 2 2 0 lab 4"


def test_results_as_chinese_laboratories_write_them(store, tmp_path):
    given = [
        ("CREAT", "８０", "μmol/L", "４１～７３", 80, None, 41, 73),
        ("ALT", "125.0↑", "IU/L", "0~40", 125, None, 0, 40),
        ("NEUT", "0.42 ↓", "×10^9/L", "1.8--6.3", 0.42, None, 1.8, 6.3),
        ("PLAT", "＜5", "10*9/L", "125-350", 5, "<", 125, 350),
        ("WBC", "3.5", "10⁹/L", "3.5--9.5", 3.5, None, 3.5, 9.5),
        ("TEMP1", "阴性", "", "阴性", None, None, None, None),
        ("HBSAG", "阳性(+)", "", "阴性", None, None, None, None),
    ]
    receipt = labs(
        store, tmp_path / "in",
        *(dict(zip(("LBTESTCD", "LBORRES", "LBORRESU", "LBORNRLO"), one, strict=False)) for one in given),
    )  # fmt: skip
    assert lines(receipt) == lines(receipt, "warning") == []
    assert rows(store, "lab", "lborres", "value", "qualifier", "range_low", "range_high") == [
        (text, *rest) for _, text, _, _, *rest in given
    ]
    assert [one for one, *_ in rows(store, "lab", "qualitative")][-2:] == ["NEGATIVE", "POSITIVE"]


def test_mass_is_converted_to_amount_by_exact_factors(store, tmp_path):
    """10 / 113.118 g/mol and 10 / 584.66 g/mol, in mmol/L for 1 mg/dL."""
    receipt = labs(store, tmp_path / "in", {"LBORRES": "1.0"}, {"LBTESTCD": "BILI", "LBORRES": "2.0"}, LBORRESU="mg/dL")
    found = rows(store, "lab", "value", "unit", "lborres", "lborresu")
    assert found[0] == (pytest.approx(88.403, rel=1e-4), "umol/L", "1.0", "mg/dL")
    assert found[1] == (pytest.approx(34.208, rel=1e-4), "umol/L", "2.0", "mg/dL")
    assert account(receipt, "lb.csv")[1] == "2 results converted to the unit of the store"


IDENTIFYING = [
    "患者姓名", "身份证号码", "证件号码", "联系电话", "手机号", "联系方式", "住院号", "病案号", "病历号", "门诊号",
    "就诊卡号", "NAME", "PATIENT_NAME", "INITIALS", "SUBJINIT", "IDCARD", "ID_NO", "PHONE", "TEL", "TELNO", "MOBILE",
    "MRN", "HOSPNO", "HOSPITAL_NO", "PASSPORT", "SSN",
]  # fmt: skip


def test_identifying_columns_are_refused_and_neither_stored_nor_repeated(store, tmp_path):
    secrets = [f"secret{number}" if number % 2 else f"秘密{number}号" for number in range(len(IDENTIFYING))]
    header, *body = SMALL["dm"].splitlines()
    dm = "\n".join([",".join([header, *IDENTIFYING]), *(",".join([row, *secrets]) for row in body)])
    for encoding in ("utf-8", "gb18030"):
        folder = files(tmp_path / encoding)
        (folder / "dm.csv").write_bytes(dm.encode(encoding) + b"\n")
        receipt = load(folder, store)
        assert receipt.outcome == "refused" and store.current() == ""
        found = [one.column for one in receipt.findings if one.rule == "identifying column"]
        assert sorted(found) == sorted(IDENTIFYING)
        kept = [path.read_bytes() for path in store.root.rglob("*") if path.is_file()]
        said = receipt.to_json() + receipt.to_text()
        for secret in secrets:
            assert secret not in said
            assert not any(secret.encode(code) in one for one in kept for code in ("utf-8", "gb18030"))


def test_names_of_the_trial_itself_are_no_names_of_persons(store, tmp_path):
    """Of the site, the investigator, the treatment; a telephone visit is a visit."""
    dm = SMALL["dm"].replace("SUBJID,ARMCD", "SUBJID,SITENAME,INVNAM,ARMCD").replace(",101,", ",101,East,Li,")
    dm = dm.replace(",102,", ",102,East,Li,").replace(",103,", ",103,East,Li,")
    assert lines(load(files(tmp_path / "in", dm=dm), store)) == []
