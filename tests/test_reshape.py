"""The mapping file: what it refuses in words, and the SDTM rows it makes of tables that are not SDTM."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from test_importing import SMALL, TRIAL, files, lines, load, rows

from data import reshape
from data.findings import Findings
from data.protocol_base import ProtocolError
from data.reshape import Mapping, Reshaper
from data.store import Store

HEAD = 'format = 1\nabout = "site tables"\nstudy = "XKDCT293"\nday0 = "2026-03-01"\nmissing = ["---"]\n'
# One site table for the small trial: a row a sample, days counted from the infusion.
SAMPLES = """
[[tables]]
columns = ["patient", "day", "il6", "crp"]
identifiers = { patient = "[Pp]atient(\\\\d+)(?:_\\\\d+)?" }

[[tables.rows]]
domain = "LB"
number = "LBSEQ"
set = { USUBJID = "X-{patient}", LBTESTCD = "IL6", LBCAT = "CYTOKINE", LBORRES = "{il6}", LBORRESU = "pg/mL" }
days = { LBDTC = "day" }

[[tables.rows]]
domain = "LB"
number = "LBSEQ"
set = { USUBJID = "X-{patient}", LBTESTCD = "CRP", LBCAT = "CHEMISTRY", LBORRES = "{crp}", LBORRESU = "mg/L" }
days = { LBDTC = "day" }
"""
CSV = "patient,day,il6,crp\nPatient101_1,0,<1.5,4\nPatient101,0.238,12,---\nPatient102_2,-3,7,8\n"


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def mapping(folder: Path, text: str) -> Mapping:
    (folder / "site.mapping.toml").write_text(text, encoding="utf-8")
    return reshape.load(folder / "site.mapping.toml")


def delivery(folder: Path, **tables: str) -> Path:
    """The small trial with further tables that are not SDTM; both patients infused on the mapping file's Day 0."""
    files(folder, ex=SMALL["ex"].replace("2026-03-10", "2026-03-01"))
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def made(text: str, *tables: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """SDTM rows by domain of the tables in turn, as files f1, f2 ..., and the findings as lines."""
    told = Mapping(**tomllib.loads(HEAD + text))
    reshaper, findings, parts = Reshaper(told), Findings(), {}
    for number, table in enumerate(tables, 1):
        chunk = table.set_axis(range(1, len(table) + 1)).assign(source_file=f"f{number}")
        chunk = chunk.assign(source_row=chunk.index)
        for domain, some in reshaper.parts(told.layout(tuple(table.columns)), chunk, findings):
            parts.setdefault(domain, []).append(some)
    return {domain: pd.concat(some, ignore_index=True) for domain, some in parts.items()}, [
        one.line() for one in findings
    ]


def column(frame: pd.DataFrame, name: str) -> list:
    return [None if pd.isna(one) else one for one in frame[name]]


# ---- the file itself -------------------------------------------------------------------------------------------------
ONE = '[[tables]]\ncolumns = ["id"]\n[[tables.rows]]\ndomain = "SC"\nset = { USUBJID = "X-{id}" }\n'
REFUSED = {
    "no TOML": ("format = ", "not valid TOML: Invalid value"),
    "other format": ((HEAD + ONE).replace("format = 1", "format = 2"), "format: Input should be 1"),
    "no tables": (HEAD, "tables: Field required"),
    "no study": ((HEAD + ONE).replace('"XKDCT293"', '""'), "study: String should have at least 1 character"),
    "a slip of the pen": (HEAD + ONE.replace("columns", "colums"), "tables.0.colums: Extra inputs are not permitted"),
    "no columns": (HEAD + ONE.replace('["id"]', "[]"), "tables.0.columns: List should have at least 1 item"),
    "no subject": (HEAD + ONE.replace("USUBJID", "SUBJID"), "tables.0.rows.0: Value error, set must give USUBJID"),
    "no domain": (HEAD + ONE.replace('"SC"', '"sc"'), "tables.0.rows.0.domain: String should match pattern"),
    "codes of nothing": (
        HEAD + ONE + 'codes.SCORRES = { "1" = "Y" }\n',
        "tables.0.rows.0: Value error, codes for SCORRES, which `set` does not give",
    ),
    "days without a day 0": (
        (HEAD + ONE).replace('day0 = "2026-03-01"\n', "") + 'days = { SCDTC = "day" }\n',
        "Value error, `days` count from an infusion: give day0",
    ),
    "a day 0 that is none": ((HEAD + ONE).replace("2026-03-01", "2026-02-30"), "day0: Input should be a valid date"),
    "a pattern that is none": (
        HEAD + ONE.replace("[[tables.rows]]", 'identifiers = { id = "P(\\\\d+" }\n[[tables.rows]]'),
        "tables.0: Value error, identifiers.id: 'P(\\\\d+' is no regular expression",
    ),
    "a pattern without a group": (
        HEAD + ONE.replace("[[tables.rows]]", 'identifiers = { id = "P\\\\d+" }\n[[tables.rows]]'),
        "tables.0: Value error, identifiers.id: 'P\\\\d+' has no group",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mapping_file_that_does_not_fit_is_refused_with_its_place(tmp_path, case):
    text, said = REFUSED[case]
    with pytest.raises(ProtocolError) as raised:
        mapping(tmp_path, text)
    assert "site.mapping.toml: " in str(raised.value) and said in str(raised.value)


def test_a_mapping_file_that_is_not_there_or_not_utf_8_is_refused(tmp_path):
    with pytest.raises(ProtocolError, match="cannot be read as UTF-8 text"):
        reshape.load(tmp_path / "gone.toml")
    (tmp_path / "gbk.toml").write_bytes('about = "映射"'.encode("gb18030"))
    with pytest.raises(ProtocolError, match="cannot be read as UTF-8 text"):
        reshape.load(tmp_path / "gbk.toml")


def test_the_mapping_file_of_the_public_trial_fits():
    assert reshape.load(Path("cart_cd22_phase1.toml")).study == "NCI-15C0029"


# ---- cells into rows -------------------------------------------------------------------------------------------------
def test_a_template_is_filled_and_a_blank_never_leaves_half_a_text():
    text = '[[tables]]\ncolumns = ["id", "arm"]\n[[tables.rows]]\ndomain = "DM"\n'
    text += 'set = { USUBJID = "X-{id}", ARM = "Dose {arm} of {top}", SEX = "F", RACE = "" }\n'
    parts, said = made(text, pd.DataFrame({"id": ["1", "2", None], "arm": ["2", None, "1"], "top": ["3", "3", "3"]}))
    assert column(parts["DM"], "usubjid") == ["X-1", "X-2", None]
    assert column(parts["DM"], "arm") == ["Dose 2 of 3", None, "Dose 1 of 3"]
    assert column(parts["DM"], "sex") == ["F"] * 3 and column(parts["DM"], "race") == [None] * 3
    assert column(parts["DM"], "studyid") == ["XKDCT293"] * 3
    assert said == []


def test_a_number_is_written_without_the_point_that_reading_gave_it():
    parts, _ = made(ONE, pd.DataFrame({"id": [101.0, 102.5, 123456789.0]}))
    assert column(parts["SC"], "usubjid") == ["X-101", "X-102.5", "X-123456789"]


def test_a_code_that_is_not_mapped_is_refused_with_row_column_and_value():
    text = ONE.replace('"X-{id}" }', '"X-{id}", SCTESTCD = "PRIOR", SCORRES = "{prior}" }')
    text += 'codes.SCORRES = { "0" = "N", "1" = "Y" }\n'
    parts, said = made(text, pd.DataFrame({"id": ["1", "2", "3", "4"], "prior": ["0", "1", "2", None]}))
    assert column(parts["SC"], "scorres") == ["N", "Y", None, None]
    assert said == [
        "ERROR value not mapped: f1, row 3, column SCORRES: "
        "the mapping file gives no SCORRES for this value; add it to codes.SCORRES [2]"
    ]


def test_identifiers_of_several_forms_are_one_and_strange_ones_are_refused():
    text = ONE.replace("[[tables.rows]]", 'identifiers = { id = "[Pp]atient(\\\\d+)(?:_\\\\d+)?" }\n[[tables.rows]]')
    parts, said = made(text, pd.DataFrame({"id": ["Patient001_1", "Patient001", "patient002_3", "Pat 3"]}))
    assert column(parts["SC"], "usubjid") == ["X-001", "X-001", "X-002", None]
    assert said == [
        "ERROR unknown identifier: f1, row 4, column ID: the mapping file knows identifiers of the form "
        "[Pp]atient(\\d+)(?:_\\d+)?; mend the one or the other [Pat 3]"
    ]


def test_days_after_infusion():
    """0.238 x 24 h = 5.712 h = 5 h 42.7 min."""
    text = ONE + 'days = { SCDTC = "day" }\n'
    parts, said = made(text, pd.DataFrame({"id": ["1"] * 7, "day": ["0", "0.238", "0.5", "-3", "28", "---", "abc"]}))
    assert column(parts["SC"], "scdtc") == [
        "2026-03-01", "2026-03-01T05:43", "2026-03-01T12:00", "2026-02-26", "2026-03-29", None, None,
    ]  # fmt: skip
    assert said == ["ERROR not a number: f1, row 7, column DAY: must be a number of days after the infusion [abc]"]


@pytest.mark.parametrize("day", ["1e9", "-1e9", "inf", "1e300"])
def test_impossible_days_are_refused_with_their_row(day):
    _, said = made(ONE + 'days = { SCDTC = "day" }\n', pd.DataFrame({"id": ["1", "1"], "day": ["1", day]}))
    assert len(said) == 1 and said[0].startswith("ERROR ") and said[0].endswith(f"[{day}]")
    assert "f1, row 2, column DAY: " in said[0]


def test_rows_are_numbered_within_the_subject_over_all_files():
    text = ONE.replace('domain = "SC"', 'domain = "SC"\nnumber = "SCSEQ"')
    parts, _ = made(text, pd.DataFrame({"id": ["1", "2", "1"]}), pd.DataFrame({"id": ["1", "3", "2"]}))
    assert list(zip(column(parts["SC"], "usubjid"), column(parts["SC"], "scseq"), strict=True)) == [
        ("X-1", 1), ("X-2", 1), ("X-1", 2), ("X-1", 3), ("X-3", 1), ("X-2", 2),
    ]  # fmt: skip


def test_when_takes_its_rows_and_leaves_the_others():
    text = ONE + 'when = { kind = ["a", "1"] }\n'
    parts, said = made(text, pd.DataFrame({"id": ["1", "2", "3", "4"], "kind": ["a", "b", None, "1"]}))
    assert column(parts["SC"], "usubjid") == ["X-1", "X-4"]
    assert parts["SC"]["source_row"].tolist() == [1, 4] and said == []
    assert made(text, pd.DataFrame({"id": ["2"], "kind": ["b"]})) == ({}, [])


def test_the_first_layout_whose_columns_are_there_is_taken_whatever_the_file_is_called():
    told = Mapping(**tomllib.loads(HEAD + ONE + ONE.replace('["id"]', '["id", "Day"]')))
    assert told.layout(("id", "day")) is told.tables[0]
    assert told.layout(("day", "x")) is None


# ---- a whole import --------------------------------------------------------------------------------------------------
def test_one_wide_row_fills_several_tables_and_the_account_is_whole(store, tmp_path):
    told = mapping(tmp_path, HEAD + SAMPLES)
    receipt = load(delivery(tmp_path / "in", samples=CSV), store, mapping=told)
    assert lines(receipt) == [] and receipt.outcome == "published"
    assert rows(store, "cytokine", "usubjid", "lbseq", "lbdtc", "lborres", "value", "qualifier") == [
        ("X-101", 1, "2026-03-01", "<1.5", 1.5, "<"),
        ("X-101", 2, "2026-03-01T05:43", "12", 12, None),
        ("X-102", 1, "2026-02-26", "7", 7, None),
    ]
    assert rows(store, "lab", "usubjid", "lbseq", "lbdtc", "lborres", "value", "source_row") == [
        ("X-101", 3, "2026-03-01", "4", 4, 1),
        ("X-101", 4, "2026-03-01T05:43", None, None, 2),
        ("X-102", 2, "2026-02-26", "8", 8, 3),
    ]
    [account] = [one for one in receipt.files if one.name == "samples.csv"]
    assert (account.domain, account.loaded) == ("LB", {"cytokine": 3, "lab": 3})
    assert (account.rows, account.used, account.refused, account.kept) == (3, 3, 0, 0)
    assert account.mapped_columns == ("CRP", "DAY", "IL6", "PATIENT") and account.ignored_columns == ()
    assert (
        "samples.csv                 LB                3        3        0      0  cytokine 3, lab 3"
        in receipt.to_text().splitlines()
    )
    assert receipt.mapping == told.hash and store.serving().cut.manifest["mapping"] == HEAD + SAMPLES


def test_the_account_counts_refused_and_kept_rows_and_only_numbered_rows(store, tmp_path):
    text = HEAD + ONE.replace('["id"]', '["id", "ecog"]').replace(
        'set = { USUBJID = "X-{id}" }',
        'number = "SCSEQ"\nwhen = { kind = ["ecog"] }\n'
        'set = { USUBJID = "X-{id}", SCTESTCD = "ECOG", SCTEST = "ECOG", SCORRES = "{ecog}" }\n'
        'codes.SCORRES = { "0" = "0", "1" = "1" }',
    )
    text += '[[tables.rows]]\ndomain = "SS"\nwhen = { kind = ["alive"] }\n'
    text += 'set = { USUBJID = "X-{id}", SSTESTCD = "SURVSTAT", SSTEST = "Survival", SSORRES = "ALIVE" }\n'
    told = mapping(tmp_path, text)
    table = "id,ecog,kind\n101,0,ecog\n101,1,ecog\n102,,alive\n102,,other\n"
    receipt = load(delivery(tmp_path / "in", site=table), store, mapping=told)
    [account] = [one for one in receipt.files if one.name == "site.csv"]
    assert (account.rows, account.used, account.refused, account.kept) == (4, 3, 0, 1)
    assert account.derived == {"numbered": 2}  # the row of SS has no number of the import
    refused = load(delivery(tmp_path / "bad", site=table.replace("101,1", "101,5")), store, mapping=told)
    [account] = [one for one in refused.files if one.name == "site.csv"]
    assert (account.rows, account.used, account.refused, account.kept) == (4, 2, 1, 1)


def test_a_column_that_the_file_lacks_is_refused_in_words(store, tmp_path):
    told = mapping(tmp_path, HEAD + SAMPLES.replace('["patient", "day", "il6", "crp"]', '["patient", "day"]'))
    table = CSV.replace(",crp", "").replace(",4\n", "\n").replace(",---\n", "\n").replace(",8\n", "\n")
    receipt = load(delivery(tmp_path / "in", samples=table), store, mapping=told)
    assert receipt.outcome == "refused"
    assert any("samples.csv" in one and "CRP" in one.upper() for one in lines(receipt)), lines(receipt)


def test_an_identifying_column_that_the_mapping_uses_is_refused_in_words(store, tmp_path):
    told = mapping(tmp_path, HEAD + ONE.replace('["id"]', '["姓名"]').replace("{id}", "{姓名}"))
    receipt = load(delivery(tmp_path / "in", site="姓名,ecog\n王小明,1\n"), store, mapping=told)
    assert receipt.outcome == "refused"
    assert (
        "ERROR identifying column: site.csv, column 姓名: "
        "looks like a name, identity, telephone or hospital number; remove it and export again"
    ) in lines(receipt)
    assert "王小明" not in receipt.to_json() + receipt.to_text()


def test_sequence_numbers_of_the_mapping_run_into_those_of_the_files_and_are_refused(store, tmp_path):
    """A laboratory file that is SDTM numbers from 1, and so does the mapping: two rows of one key."""
    folder = delivery(tmp_path / "in", samples=CSV)
    (folder / "lb.csv").write_text(
        "STUDYID,DOMAIN,USUBJID,LBSEQ,LBTESTCD,LBCAT,LBORRES,LBORRESU,LBDTC\n"
        "XKDCT293,LB,X-101,1,IL6,CYTOKINE,3,pg/mL,2026-03-02\n"
    )
    receipt = load(folder, store, mapping=mapping(tmp_path, HEAD + SAMPLES))
    assert lines(receipt) == [
        "ERROR duplicate key: samples.csv, row 1, column LBSEQ: "
        "USUBJID, LBSEQ stands there twice; each row needs its own [X-101 / 1]"
    ]


def test_the_same_files_with_another_mapping_are_another_import(store, tmp_path):
    folder = delivery(tmp_path / "in", samples=CSV)
    first = load(folder, store, mapping=mapping(tmp_path, HEAD + SAMPLES))
    again = load(folder, store, mapping=mapping(tmp_path, HEAD + SAMPLES))
    assert (first.outcome, again.outcome) == ("published", "no change")
    other = load(folder, store, mapping=mapping(tmp_path, HEAD + SAMPLES.replace('"mg/L"', '"mg/dL"')))
    assert other.outcome == "published" and len(store.ids()) == 2
    assert rows(store, "lab", "value")[0] == (40,)  # 4 mg/dL
    renamed = load(folder, store, mapping=mapping(tmp_path, "# a remark\n" + HEAD + SAMPLES.replace('mg/L"', 'mg/dL"')))
    assert renamed.outcome == "same content" and len(store.ids()) == 2


def test_without_a_mapping_the_same_table_is_refused_with_the_remedy(store, tmp_path):
    receipt = load(delivery(tmp_path / "in", samples=CSV), store)
    assert lines(receipt) == [
        "ERROR domain unknown: samples.csv: no column DOMAIN (or RDOMAIN), and its variables are of no one SDTM "
        "domain: which domain samples.csv holds cannot be told; describe it in a mapping file (--mapping)"
    ]


def test_sdtm_files_are_read_as_sdtm_beside_a_mapping(store, tmp_path):
    load(files(tmp_path / "in"), store, mapping=mapping(tmp_path, HEAD + SAMPLES))
    assert len(rows(store, "adverse_event", "aeseq")) == 3 == SMALL["ae"].count("\n")
    assert TRIAL.trial.id == "XKDCT293"


def test_days_never_count_from_another_infusion_than_the_patients_own(store, tmp_path):
    """In the small trial X-102 was infused on 10 March: its samples would be dated nine days early."""
    folder = delivery(tmp_path / "in", samples=CSV)
    (folder / "ex.csv").write_text(SMALL["ex"], encoding="utf-8")
    receipt = load(folder, store, mapping=mapping(tmp_path, HEAD + SAMPLES))
    assert lines(receipt) == [
        "ERROR another Day 0: dm.csv, row 2, column USUBJID: days were counted from 2026-03-01 (day0 of the mapping "
        "file), this infusion is another day [X-102]"
    ]
