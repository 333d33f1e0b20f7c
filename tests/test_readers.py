"""Files as they come: what is read from them, and which are refused in which words."""

import csv
import datetime as dt
import gzip
import json
import math
import os
import time
import tracemalloc
import zlib
from pathlib import Path

import duckdb
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.readers import FORMATS, ReadError, choose_encoding, dataset_json, delimited, read, source

CSV = "STUDYID,DOMAIN,USUBJID,AETERM\nS1,AE,S1-01,Fever\nS1,AE,S1-02,\n"


def xport(path: Path, version: int = 5, table: str = "AE", **columns) -> Path:
    """A small SAS XPORT file of three rows; `columns` are added to it or replace its own."""
    base = {"STUDYID": ["S1"] * 3, "DOMAIN": ["AE"] * 3, "USUBJID": ["S1-01", "S1-02", "S1-03"]}
    frame = pd.DataFrame(base | {name.upper(): values for name, values in columns.items()})
    pyreadstat.write_xport(frame, str(path), table_name=table, file_format_version=version)
    return path


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, **told) -> ReadError:
    with pytest.raises(ReadError) as raised:
        read(path, **told).frame  # noqa: B018  what is wrong with the rows shows when they are read
    return raised.value


def same(found: pd.DataFrame, expected: pd.DataFrame) -> bool:
    pd.testing.assert_frame_equal(found, expected)
    return True


# ---- values --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", [5, 8])
def test_text_is_stripped_and_blank_is_none_and_missing_is_nan(tmp_path, version):
    path = xport(tmp_path / "ae.xpt", version, aeterm=["  Fever ", "", "   "], aeseq=[1.0, None, 0.0])
    table = read(path)
    assert table.frame["aeterm"].tolist() == ["Fever", None, None]
    assert table.frame["aeseq"].isna().tolist() == [False, True, False] and table.frame["aeseq"].iloc[2] == 0
    assert (table.label, table.format, table.encoding) == ("AE", "SAS XPORT", "ascii")
    assert table.columns == tuple(table.frame.columns) and table.frame.index.tolist() == [1, 2, 3]


def test_sas_dates_and_times_are_written_out_in_iso_8601(tmp_path):
    path = xport(
        tmp_path / "ae.xpt",
        day=[dt.date(2026, 3, 5), None, dt.date(2024, 2, 29)],
        moment=[dt.datetime(2026, 3, 5, 10, 30), None, dt.datetime(2026, 3, 6)],
        clock=[dt.time(10, 30), None, dt.time(23, 59, 1)],
    )
    frame = read(path).frame
    assert frame["day"].tolist() == ["2026-03-05", None, "2024-02-29"]
    assert frame["moment"].tolist() == ["2026-03-05T10:30:00", None, "2026-03-06"]  # midnight: a date stored so
    assert frame["clock"].tolist() == ["10:30:00", None, "23:59:01"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_with_each_delimiter(tmp_path, delimiter):
    table = read(written(tmp_path / "ae.csv", CSV.replace(",", delimiter)))
    assert table.frame.columns.tolist() == ["studyid", "domain", "usubjid", "aeterm"]
    assert table.frame["aeterm"].tolist() == ["Fever", None]
    assert table.doubt == "" and table.format == "CSV" and table.label == ""


def test_a_csv_keeps_a_delimiter_and_a_line_end_within_quotes(tmp_path):
    text = 'DOMAIN,AETERM\nAE,"Fever, then\nchills"\n'
    assert read(written(tmp_path / "ae.csv", text)).frame["aeterm"].tolist() == ["Fever, then\nchills"]


def test_a_csv_without_a_last_line_end_is_read_and_doubted(tmp_path):
    table = read(written(tmp_path / "ae.csv", CSV.rstrip("\n")))
    assert len(table.frame) == 2
    assert table.doubt == "the last line has no line end: look whether the last value is whole"


# ---- files that are not what they should be ------------------------------------------------------------------------
def test_an_empty_file_is_refused(tmp_path):
    for name, content in (("ae.xpt", b""), ("ae.csv", b""), ("blank.csv", b"\n\n \n"), ("bom.csv", b"\xef\xbb\xbf")):
        assert refused(written(tmp_path / name, content)).rule in ("empty file", "header"), name


def test_a_file_with_a_header_and_no_row_is_refused(tmp_path):
    frame = pd.DataFrame({"STUDYID": ["S"], "DOMAIN": ["AE"]}).iloc[:0]
    pyreadstat.write_xport(frame, str(tmp_path / "ae.xpt"), table_name="AE", file_format_version=5)
    for path in (tmp_path / "ae.xpt", written(tmp_path / "ae.csv", "STUDYID,DOMAIN\n")):
        error = refused(path)
        assert error.rule == "no rows" and "leave it out where there is nothing to report" in str(error)


def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path):
    assert refused(written(tmp_path / "ae.xpt", CSV)).rule == "not what its name says"
    zipped = b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + b"\x00" * 40
    assert refused(written(tmp_path / "ae.csv", zipped)).rule == "not what its name says"
    zeros = refused(written(tmp_path / "wide.csv", CSV.encode("utf-16-le")))  # UTF-16 without its mark
    assert "save it as CSV UTF-8" in str(zeros)
    assert refused(written(tmp_path / "ae.sas7bdat", b"x")).rule == "unknown format"


def test_a_file_that_cannot_be_opened_is_refused(tmp_path):
    (tmp_path / "ae.csv").mkdir()
    assert refused(tmp_path / "ae.csv").rule == "cannot be opened"


def test_two_datasets_in_one_file_are_refused(tmp_path):
    one, two = xport(tmp_path / "ae.xpt").read_bytes(), xport(tmp_path / "cm.xpt").read_bytes()
    member = two[240:]  # after the three records of 80 that open the library
    assert refused(written(tmp_path / "both.xpt", one + member)).rule == "several datasets"


@pytest.mark.parametrize(("line", "fields"), [("S1,AE,S1-02", 3), ("S1,AE,S1-02,Fever,severe", 5)])
def test_a_ragged_row_is_named_with_its_number(tmp_path, line, fields):
    error = refused(written(tmp_path / "ae.csv", f"{CSV}{line}\n"))
    assert (error.rule, error.row) == ("ragged row", 3)
    assert str(error) == f"row 3 has {fields} fields, the header has 4; export the file again"


def test_an_open_quotation_mark_is_named_with_its_row(tmp_path):
    error = refused(written(tmp_path / "ae.csv", f'{CSV}S1,AE,S1-03,"Feve'))
    assert (error.rule, error.row) == ("unreadable", 3)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("DOMAIN,AETERM,aeterm", "column AETERM stands twice in the header; keep one"),
        ("DOMAIN,,AETERM", "column 2 has no name; the first row must be the header with the variable names"),
    ],
)
def test_a_header_with_a_name_twice_or_without_a_name_is_refused(tmp_path, header, said):
    error = refused(written(tmp_path / "ae.csv", f"{header}\nAE,x,y\n"))
    assert (error.rule, str(error)) == ("header", said)


# ---- files cut short -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", [5, 8])
def test_every_prefix_of_an_xport_file_is_refused(tmp_path, version):
    """Three rows of 17 bytes (2 + 2 + 5 of text, 8 of a number) in one block of 80: no row ends with a block."""
    whole = xport(tmp_path / "ae.xpt", version, aeseq=[1.0, 2.0, 3.0]).read_bytes()
    assert len(read(written(tmp_path / "whole.xpt", whole)).frame) == 3
    passed = []
    for end in range(1, len(whole)):
        try:
            read(written(tmp_path / "cut.xpt", whole[:end]))
            passed.append(end)
        except ReadError:
            continue
    assert passed == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(version=st.sampled_from([5, 8]), rows=st.integers(2, 40), width=st.integers(1, 200), share=st.floats(0, 1))
def test_a_prefix_is_refused_wherever_it_can_be_told(tmp_path, version, rows, width, share):
    """In v5 one prefix cannot be told from a whole file: that which ends with a row and with a block of 80 bytes."""
    columns = {"STUDYID": ["S1"] * rows, "DOMAIN": ["AE"] * rows, "AETERM": ["x" * width] * rows}
    pyreadstat.write_xport(pd.DataFrame(columns), str(tmp_path / "a.xpt"), table_name="AE", file_format_version=version)
    whole = (tmp_path / "a.xpt").read_bytes()
    end = min(1 + int(share * (len(whole) - 1)), len(whole) - 1)
    path = written(tmp_path / "cut.xpt", whole[:end])
    body = end - (len(whole) - -(-rows * (4 + width) // 80) * 80)  # bytes of rows in it; STUDYID and DOMAIN take 2 each
    undecidable = version == 5 and body > 0 and end % 80 == 0 and body % (4 + width) == 0
    if undecidable:
        assert len(read(path).frame) == body // (4 + width)
    else:
        refused(path)


def test_the_undecidable_prefix_of_v5_is_seen_in_v8(tmp_path):
    """Rows of 40 bytes: two fill a block, so that half of four rows is a whole file in v5; v8 says it had four."""
    for version, outcome in ((5, 2), (8, "truncated")):
        columns = {"STUDYID": ["S1"] * 4, "DOMAIN": ["AE"] * 4, "AETERM": ["x" * 36] * 4}
        path = tmp_path / f"v{version}.xpt"
        pyreadstat.write_xport(pd.DataFrame(columns), str(path), table_name="AE", file_format_version=version)
        path.write_bytes(path.read_bytes()[:-80])
        assert (len(read(path).frame) if version == 5 else refused(path).rule) == outcome


def test_a_truncated_file_is_refused_in_words_for_its_sender(tmp_path):
    path = xport(tmp_path / "ae.xpt", aeterm=["x" * 100] * 3)
    path.write_bytes(path.read_bytes()[:-160])
    # a row has 2 + 2 + 5 + 100 bytes; three rows fill five blocks, of which three are left: 240 = 2 x 109 + 22
    error = refused(path)
    assert (error.rule, error.row) == ("truncated", 3)
    assert str(error).startswith("the file ends in the middle of row 3 (")
    assert str(error).endswith("transfer it again")


# ---- encodings -----------------------------------------------------------------------------------------------------
ENGLISH = "Patient’s naïve café visit – 38.5 °C"
CHINESE = "细胞因子释放综合征"


def test_windows_1252_in_an_english_file_is_not_read_as_chinese(tmp_path):
    lines = f"DOMAIN,AETERM\nAE,{ENGLISH}\n".encode("windows-1252")
    table = read(written(tmp_path / "ae.csv", lines))
    assert (table.encoding, table.frame["aeterm"][1]) == ("windows-1252", ENGLISH)
    assert table.decoded == ("–", "°C", "café")  # the shortest first


def test_gb18030_is_read_as_chinese(tmp_path):
    lines = f"DOMAIN,AETERM,AESEV\nAE,{CHINESE},MILD\nAE,Fever,发热\n".encode("gb18030")
    table = read(written(tmp_path / "ae.csv", lines))
    assert table.encoding == "gb18030"
    assert table.frame["aeterm"].tolist() == [CHINESE, "Fever"]
    assert table.decoded == ("发热", CHINESE)


def test_utf_8_with_and_without_a_mark(tmp_path):
    text = f"DOMAIN,AETERM\nAE,{CHINESE}\n"
    for name, encoding in (("a.csv", "utf-8"), ("b.csv", "utf-8-sig")):
        table = read(written(tmp_path / name, text.encode(encoding)))
        assert table.encoding == "utf-8"
        assert table.frame.columns.tolist() == ["domain", "aeterm"] and table.frame["aeterm"].tolist() == [CHINESE]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "windows-1252"])
def test_text_in_an_xport_file_in_each_encoding(tmp_path, encoding):
    """The writer knows UTF-8 only: the bytes of the value are put in afterwards, in place and of the same length."""
    value = (ENGLISH if encoding == "windows-1252" else CHINESE).encode(encoding)
    path = xport(tmp_path / "ae.xpt", aeterm=["#" * len(value), "Fever", "Cough"])
    written(path, path.read_bytes().replace(b"#" * len(value), value))
    table = read(path)
    assert table.encoding == encoding
    assert table.frame["aeterm"].tolist() == [value.decode(encoding), "Fever", "Cough"]
    assert table.decoded == (value.decode(encoding),)


def test_undecided_text_is_refused_and_a_named_encoding_overrides():
    undecided = b"\x81\xff\x8d"  # no UTF-8, no GB18030, and two bytes that Windows-1252 leaves undefined
    with pytest.raises(ReadError, match="name its --encoding"):
        choose_encoding(undecided)
    umlaut = "Öl".encode("windows-1252")  # as GB18030 one Chinese character
    assert choose_encoding(umlaut, "windows-1252") == "windows-1252"
    with pytest.raises(ReadError, match="the text is not utf-8"):
        choose_encoding(umlaut, "utf-8")


def test_the_encoding_is_told_from_the_last_line_of_a_long_file(tmp_path, monkeypatch):
    """Blocks of seven bytes: no character is cut in two where a block ends, and one late byte decides."""
    monkeypatch.setattr(source, "BLOCK", 7)
    lines = "DOMAIN,AETERM\n" + "AE,Fever\n" * 50 + f"AE,{CHINESE}\n"
    for encoding in ("utf-8", "gb18030"):
        table = read(written(tmp_path / "ae.csv", lines.encode(encoding)))
        assert (table.encoding, table.decoded, table.frame["aeterm"].iloc[-1]) == (encoding, (CHINESE,), CHINESE)


def test_utf_16_with_its_mark_is_read_as_excel_writes_it(tmp_path):
    text = f"DOMAIN\tAETERM\r\nAE\t{CHINESE}\r\n"
    for encoding in ("utf-16-le", "utf-16-be"):
        mark = b"\xff\xfe" if encoding == "utf-16-le" else b"\xfe\xff"
        table = read(written(tmp_path / "ae.tsv", mark + text.encode(encoding)))
        assert (table.encoding, table.doubt, table.columns) == ("utf-16", "", ("domain", "aeterm"))
        assert table.frame["aeterm"].tolist() == [CHINESE]
    cut = refused(written(tmp_path / "cut.tsv", mark + text.encode(encoding)[:-1]))
    assert cut.rule == "truncated" and "the text is not utf-16" in str(cut)


# ---- every format: limits, changes, wrong names ----------------------------------------------------------------
ABOUT = {"datasetJSONVersion": "1.1.0", "name": "AE", "label": "Adverse Events", "studyOID": "S1", "records": 2}
COLUMNS = [
    {"itemOID": "IT.DOMAIN", "name": "DOMAIN", "label": "Domain", "dataType": "string"},
    {"itemOID": "IT.AETERM", "name": "AETERM", "label": [], "dataType": "string"},
    {"itemOID": "IT.AESEQ", "name": "AESEQ", "label": "Number", "dataType": "integer"},
]
ROWS = [["AE", "Fever", 1], ["AE", "", None]]


def document(rows=ROWS, columns=COLUMNS, **about) -> dict:
    return ABOUT | {"columns": columns, "records": len(rows), "rows": rows} | about


def lines(rows=ROWS, columns=COLUMNS, **about) -> str:
    head = {name: value for name, value in document(rows, columns, **about).items() if name != "rows"}
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (head, *rows))


def dataset(path: Path, rows=ROWS, columns=COLUMNS, **about) -> Path:
    """Dataset-JSON in the form that the suffix names."""
    if path.suffix == ".json":
        return written(path, json.dumps(document(rows, columns, **about)))
    text = lines(rows, columns, **about)
    return written(path, zlib.compress(text.encode()) if path.suffix == ".dsjc" else text)


def parquet(path: Path, query: str) -> Path:
    with duckdb.connect() as base:
        base.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def sample(path: Path) -> Path:
    """Two rows or more in the format that the suffix names."""
    if path.suffix == ".xpt":
        return xport(path, aeseq=[1.0, 2.0, 3.0])
    if path.suffix == ".parquet":
        return parquet(path, "SELECT 'AE' AS DOMAIN, 'Fever' AS AETERM, i AS AESEQ FROM range(3) t(i)")
    return dataset(path) if FORMATS[path.suffix] == "Dataset-JSON" else written(path, CSV)


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_every_format_has_a_reader_and_gives_its_rows_in_chunks(tmp_path, monkeypatch, suffix):
    table = read(sample(tmp_path / f"ae{suffix}"), "AE as sent")
    whole = table.frame
    assert (table.name, table.format) == ("AE as sent", FORMATS[suffix])
    monkeypatch.setattr(source, "CHUNK", 1)
    chunks = list(table.chunks())
    assert [len(one) for one in chunks] == [1] * len(whole) and len(whole) > 1
    assert same(pd.concat(chunks), whole) and whole.index.tolist() == list(range(1, len(whole) + 1))
    assert {str(one) for one in whole.dtypes} <= {"object", "float64"}


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_a_file_that_is_written_to_between_two_looks_is_refused(tmp_path, monkeypatch, suffix):
    path = sample(tmp_path / f"ae{suffix}")
    table = read(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(ReadError, match="was written to while it was read") as raised:
        next(table.chunks())  # not one row of it
    assert raised.value.rule == "changed while read"

    monkeypatch.setattr(source, "CHUNK", 1)
    table = read(path)
    chunks = table.chunks()
    next(chunks)
    with path.open("ab") as file:
        file.write(b" ")
    with pytest.raises(ReadError) as raised:
        list(chunks)
    assert raised.value.rule == "changed while read"
    table = read(sample(path))
    path.unlink()
    with pytest.raises(ReadError, match="was written to while it was read"):
        table.frame  # noqa: B018


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_a_file_above_the_limit_is_refused(tmp_path, suffix):
    path = sample(tmp_path / f"ae{suffix}")
    error = refused(path, limit=path.stat().st_size - 1)
    assert error.rule == "too large" and "split it, or look whether it is damaged" in str(error)


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_what_is_not_the_format_of_its_name_is_named(tmp_path, suffix):
    begins = {
        "a zip archive or an Excel workbook": b"PK\x03\x04\x14\x00",
        "a PDF": b"%PDF-1.7\n",
        "a web page": b"\n<!DOCTYPE html><html>",
        "an XML file": b'\xef\xbb\xbf<?xml version="1.0"?>',
        "an old Excel or Word file": b"\xd0\xcf\x11\xe0",
        "a SAS XPORT file (.xpt)": xport(tmp_path / "x.xpt").read_bytes(),
        "a Parquet file (.parquet)": sample(tmp_path / "x.parquet").read_bytes(),
        "a JSON file (.json or .ndjson)": lines().encode(),
        "a gzip file": gzip.compress(lines().encode()),
    }
    right = {".xpt": ["a SAS"], ".parquet": ["a Parquet"], ".json": ["a JSON"], ".ndjson": ["a JSON"]}
    right[".dsjc"] = ["a gzip"]
    for words, content in begins.items():
        if not any(words.startswith(one) for one in right.get(suffix, [])):
            error = refused(written(tmp_path / f"ae{suffix}", content + b"\0" * 40))
            assert error.rule == "not what its name says" and f"the file is {words}, not" in str(error), words
    if FORMATS[suffix] != "CSV":
        error = refused(written(tmp_path / f"ae{suffix}", CSV))
        assert error.rule == "not what its name says" and "does not begin as" in str(error)


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_no_prefix_of_a_file_gives_other_rows_without_a_word(tmp_path, suffix):
    """XPORT v5 is left out where it cannot be told (above): no row of this sample ends with a block."""
    whole = sample(tmp_path / f"ae{suffix}").read_bytes()
    frame = read(tmp_path / f"ae{suffix}").frame
    for end in range(len(whole)):
        path = written(tmp_path / f"cut{suffix}", whole[:end])
        try:
            table = read(path)
            found = table.frame
        except ReadError as error:
            assert str(error) and str(tmp_path) not in str(error)
            continue
        if FORMATS[suffix] == "CSV":
            assert table.doubt or whole[:end].endswith(b"\n")
            assert len(found) <= len(frame) and same(found.iloc[:-1], frame.iloc[: len(found) - 1])
        else:
            assert same(found, frame)  # only a line end or padding was cut


@pytest.mark.parametrize("suffix", [".xpt", ".json", ".ndjson", ".dsjc", ".parquet"])
def test_a_file_with_a_damaged_byte_is_read_or_refused_and_nothing_else(tmp_path, suffix):
    whole = sample(tmp_path / f"ae{suffix}").read_bytes()
    for at in range(0, len(whole), 11):
        for byte in (0xFF, whole[at] ^ 1):
            damaged = whole[:at] + bytes([byte]) + whole[at + 1 :]
            try:
                assert len(read(written(tmp_path / f"bad{suffix}", damaged)).frame)
            except ReadError as error:
                assert str(error)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "ae.csv")
    assert "a folder or a device" in str(refused(tmp_path / "ae.csv"))


def test_a_table_of_thousands_of_columns_is_refused(tmp_path):
    names = ",".join(f"X{number}" for number in range(2_001))
    error = refused(written(tmp_path / "ae.csv", f"{names}\n{'1,' * 2_000}1\n"))
    assert (error.rule, str(error)) == (
        "header",
        "the file has 2,001 columns, the limit is 2,000: is it the right file?",
    )


def test_a_wide_table_is_held_in_fewer_rows():
    assert source.rows_at_once(23) == source.CHUNK and source.rows_at_once(2_000) == 1_000


# ---- XPORT in pieces -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", [5, 8])
def test_an_xport_file_gives_the_same_rows_whatever_the_chunk(tmp_path, monkeypatch, version):
    """Seven rows in chunks of three: a chunk that is all missing, blank rows at the end of one, foreign text in one."""
    columns = {
        "AETERM": ["Fever", "", "", "", "", "", "Grüße"],
        "NOTE": ["x", "", "", "", "", "", "y"],
    }
    dated = {
        "AESEQ": [1.0, 2.0, 3.0, None, None, None, 7.0],
        "DAY": [dt.date(2026, 3, 5), None, None, None, None, None, None],
        "CLOCK": [None, None, None, None, None, None, dt.time(10, 30)],
    }
    for some in (columns, columns | dated):
        path = tmp_path / "ae.xpt"
        pyreadstat.write_xport(pd.DataFrame(some), str(path), table_name="AE", file_format_version=version)
        whole = read(path).frame
        assert whole["aeterm"].tolist() == ["Fever", *[None] * 5, "Grüße"] and len(whole) == 7
        with monkeypatch.context() as patched:
            patched.setattr(source, "CHUNK", 3)
            chunks = list(read(path).chunks())
        assert [len(one) for one in chunks] == [3, 3, 1]
        assert all(same(one, whole.loc[one.index]) for one in chunks)


def test_blank_rows_of_text_are_rows_and_only_the_padding_of_the_last_block_is_not(tmp_path):
    """Rows of 40 bytes, two to a block of 80: of the last four blank ones, one may be padding, the others cannot be."""
    columns = {"AETERM": ["x" * 40, *[" "] * 4, "", ""]}
    pyreadstat.write_xport(pd.DataFrame(columns), str(tmp_path / "a.xpt"), table_name="AE", file_format_version=5)
    raw = (tmp_path / "a.xpt").read_bytes()
    assert len(raw[raw.index(b"x" * 40) :]) == 4 * 80
    assert len(read(tmp_path / "a.xpt").frame) == 7


def test_sas_missing_values_are_missing_and_a_date_beyond_the_calendar_is_refused(tmp_path):
    path = xport(tmp_path / "ae.xpt", aeseq=[1.0, 2.0, 3.0], day=[dt.date(2026, 3, 5), None, None])
    raw = path.read_bytes()
    one, two = b"\x41\x10" + bytes(6), b"\x41\x20" + bytes(6)  # 1 and 2 as IBM writes them
    special = read(written(path, raw.replace(one, b"A" + bytes(7)).replace(two, b"_" + bytes(7))))
    assert special.frame["aeseq"].isna().tolist() == [True, True, False]
    at = raw.index(one) + 8
    error = refused(written(path, raw[:at] + b"\x50\x10" + bytes(6) + raw[at + 8 :]))
    assert (error.rule, error.row) == ("unreadable", 1) and "none that exists" in str(error)


# ---- CSV in its dialects -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A,B\n1,x\n2,y\n", "separated by ','"),
        ('"A";"B"\n"1";"x"\n2;y\n', "separated by ';', quoted by \""),
        ("A\tB\r\n1\tx\r\n2\ty\r\n", "separated by a tab"),
        ('A;B\n1;x\n2;y\n', "separated by ';'"),
        ("A|B\r1|x\r2|y\r", "separated by '|'"),
        ("A    B\n1    x  \n  2 y\n", "separated by blanks"),
        ('A B\n1 "x"\n2 "y"\n', 'separated by blanks, quoted by "'),
        ("\n\nA,B\n\n1,x\n   \n2,y\n\n", "separated by ','"),
        ("Listing 16.2.7; all patients\nA,B\n1,x\n2,y\n", "separated by ',', header in line 2"),
        ("Adverse events,\nA,B\n1,x\n2,y\n", "separated by ',', header in line 2"),
        ('"","A","B"\n"1",1,"x"\n"2",2,"y"\n', f"separated by ',', quoted by \", {delimited._LABELS}"),
        (',A,B\nP-01,1,x\nP-02,2,y\n', f"separated by ',', {delimited._LABELS}"),
        ('"A" "B"\n"1" 1 "x"\n"2" 2 "y"\n', f'separated by blanks, quoted by ", {delimited._LABELS}'),
    ],
)  # fmt: skip
def test_a_table_is_read_however_it_is_separated_quoted_and_headed(tmp_path, text, said):
    for name in ("ae.csv", "ae.tsv"):
        table = read(written(tmp_path / name, text))
        assert table.dialect == said
        assert table.frame.to_dict("list") == {"a": ["1", "2"], "b": ["x", "y"]}
        assert table.frame.index.tolist() == [1, 2]


def test_what_looks_like_a_separator_within_the_values_separates_nothing(tmp_path):
    table = read(written(tmp_path / "lb.csv", "Lab value;Unit | note\n3,5;10^9/L\n4,5;g/L\n"))
    assert table.columns == ("lab value", "unit | note")
    assert table.frame["lab value"].tolist() == ["3,5", "4,5"]  # a decimal comma is text like any other
    blank = read(written(tmp_path / "one.csv", "Reported term\nFever and chills today\nCough\n"))
    assert blank.columns == ("reported term",) and blank.dialect == "one column"


def test_a_file_with_the_line_ends_of_an_old_macintosh_is_decided_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "BLOCK", 16)
    text = "DOMAIN,AETERM\r" + 'AE,Fever 5" tall\r' * 9 + f"AE,{CHINESE}\r"
    table = read(written(tmp_path / "ae.csv", text.encode("gb18030")))
    assert (table.encoding, table.doubt, table.dialect) == ("gb18030", "", "separated by ','")
    assert table.frame["aeterm"].tolist() == ['Fever 5" tall'] * 9 + [CHINESE]


def test_full_width_characters_stay_as_they_came(tmp_path):
    value = "１０＾９／Ｌ（阴性）"
    assert read(written(tmp_path / "lb.csv", f"A,B\n{value},1\n")).frame["a"].tolist() == [value]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (",A,B\nP-01,1,x\nP-01,2,y\n", 2),  # the patients: one twice
        (",A,B\nP-01,1,x\n,2,y\n", 2),
    ],
)
def test_a_column_without_a_name_that_is_no_label_of_the_row_is_refused(tmp_path, text, row):
    error = refused(written(tmp_path / "ae.csv", text))
    assert (error.rule, error.row) == ("header", row)
    assert str(error) == "the first column has no name and does not tell the rows apart; give it its variable name"


def test_a_count_that_stops_counting_is_refused_with_its_row(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "_SAMPLE", 20)
    error = refused(written(tmp_path / "ae.csv", "A,B\n1,1,x\n2,2,y\n3,3,z\n5,4,z\n"))
    assert (error.rule, error.row) == ("header", 4)


def test_a_separator_too_many_at_the_end_of_each_row_is_no_count(tmp_path):
    """The first column would be taken for the count and every value would shift."""
    error = refused(written(tmp_path / "ae.csv", "AESEQ,AETERM\n1,Fever,\n2,Cough,\n"))
    assert (error.rule, error.row) == ("ragged row", 1)


def test_a_line_and_a_field_without_end_are_refused(tmp_path, monkeypatch):
    error = refused(written(tmp_path / "a.csv", f"A,B\nx,{'y' * 140_000}\n"))
    assert (error.rule, error.row) == ("unreadable", 1)
    monkeypatch.setattr(delimited, "_LINE", 1000)
    monkeypatch.setattr(source, "BLOCK", 300)
    long = refused(written(tmp_path / "b.csv", "A,B\n" + "x,y\n" * 500 + "x," + "y" * 1001))
    assert long.rule == "unreadable" and "is it a text table" in str(long)
    assert len(read(written(tmp_path / "c.csv", "A,B\n" + "x,y\n" * 500 + "x," + "y" * 900)).frame) == 501


TRICKY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12) | st.sampled_from(
    [
        "",
        " ",
        ",",
        ";",
        "\t",
        "|",
        '"',
        '""',
        "NA",
        "null",
        "a,b;c",
        "1,5",
        "x\ny",
        "x\r\ny",
        "'",
        "\\",
        "发热",
        "\ufeff",
    ]
)
FRAMES = st.lists(st.tuples(TRICKY, TRICKY, TRICKY), min_size=1, max_size=12)


def stripped(rows) -> list[list[str | None]]:
    return [[cell.strip() or None for cell in row] for row in rows]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=FRAMES, separator=st.sampled_from(",;\t|"), quoting=st.sampled_from([0, 1]), chunk=st.integers(1, 5))
def test_what_was_written_as_csv_is_read(tmp_path, rows, separator, quoting, chunk):
    path = tmp_path / "ae.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=separator, quoting=quoting).writerows([("AETERM", "AESEV", "AESER"), *rows])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(source, "CHUNK", chunk)
        table = read(path)
        assert table.frame.to_numpy().tolist() == stripped(rows)
    assert (table.columns, table.doubt) == (("aeterm", "aesev", "aeser"), "")


# ---- Dataset-JSON --------------------------------------------------------------------------------------------------
JSONS = (".json", ".ndjson", ".dsjc")


@pytest.mark.parametrize("suffix", JSONS)
def test_dataset_json_in_its_three_forms(tmp_path, suffix):
    table = read(dataset(tmp_path / f"x{suffix}"))
    assert (table.label, table.study, table.encoding) == ("AE", "S1", "utf-8")
    assert table.labels == {"domain": "Domain", "aeterm": "", "aeseq": "Number"}
    assert table.frame["aeterm"].tolist() == ["Fever", None]
    assert table.frame["aeseq"].tolist()[0] == 1 and math.isnan(table.frame["aeseq"][2])


def test_a_dsjc_file_holds_lines_or_one_document_by_zlib_or_gzip(tmp_path):
    whole = read(dataset(tmp_path / "x.json")).frame
    for text in (lines(), json.dumps(document()), json.dumps(document(), indent=1)):
        for content in (zlib.compress(text.encode(), 1), gzip.compress(text.encode()), zlib.compress(text.encode(), 9)):
            assert same(read(written(tmp_path / "x.dsjc", content)).frame, whole)
    halves = gzip.compress(lines()[:90].encode()) + gzip.compress(lines()[90:].encode())
    assert same(read(written(tmp_path / "x.dsjc", halves)).frame, whole)
    for name in ("x.json", "x.ndjson"):  # the content decides which of the two it is
        assert same(read(written(tmp_path / name, lines())).frame, whole)
        assert same(read(written(tmp_path / name, "\ufeff" + json.dumps(document(), indent=1))).frame, whole)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("string", ["null", " x ", "", None, "发热"], ["null", "x", None, None, "发热"]),
        ("integer", [1, 2.0, None, -3], [1.0, 2.0, None, -3.0]),
        ("float", [1.5, 2, None], [1.5, 2.0, None]),
        ("double", [1e-3, None], [0.001, None]),
        ("decimal", ["  12.50", "-3", "", None, "1e2", 4.5], [12.5, -3.0, None, None, 100.0, 4.5]),
        ("boolean", [True, False, None], ["Y", "N", None]),
        ("date", ["2026-03", "2026-03-05", ""], ["2026-03", "2026-03-05", None]),
        ("datetime", ["2026-03-05T10:30"], ["2026-03-05T10:30"]),
        ("URI", ["https://x.example"], ["https://x.example"]),
    ],
)
def test_the_types_of_dataset_json(tmp_path, kind, values, expected):
    columns = [{"name": "X", "dataType": kind}]
    frame = read(dataset(tmp_path / "x.ndjson", [[one] for one in values], columns)).frame
    assert [None if pd.isna(one) else one for one in frame["x"]] == expected
    assert frame["x"].dtype == ("float64" if kind in ("integer", "float", "double", "decimal") else object)


def test_a_sas_date_in_dataset_json_is_written_out(tmp_path):
    """Days since 1960 for a date, seconds for a date-time and a time: 24,170 days are 2026-03-05."""
    columns = [
        {"name": name, "dataType": kind, "targetDataType": "integer"}
        for name, kind in (("D", "date"), ("M", "datetime"), ("T", "time"))
    ]
    rows = [[24_170, 24_170 * 86_400 + 37_800, 37_800], ["2026-03-05", 24_170 * 86_400, None]]
    frame = read(dataset(tmp_path / "x.json", rows, columns)).frame
    assert frame["d"].tolist() == ["2026-03-05", "2026-03-05"]
    assert frame["m"].tolist() == ["2026-03-05T10:30:00", "2026-03-05"]
    assert frame["t"].tolist() == ["10:30:00", None]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", 1), ("string", True), ("string", ["x"]), ("string", "\ud800"), ("string", "a\0b"),
        ("integer", 1.5), ("integer", "1"), ("integer", True), ("integer", 2**53 + 1), ("float", "1.5"),
        ("double", {"x": 1}), ("decimal", "1,5"), ("decimal", "nan"), ("decimal", "1_0"), ("decimal", "1e999"),
        ("boolean", "Y"), ("boolean", 1), ("date", 24_170), ("datetime", False),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_with_its_place(tmp_path, kind, value):
    columns = [{"name": "Y", "dataType": "string"}, {"name": "X", "dataType": kind}]
    path = tmp_path / "x.ndjson"
    written(path, "".join(f"{json.dumps(one)}\n" for one in (
        {**ABOUT, "columns": columns}, ["a", None], ["b", value])))  # fmt: skip
    error = refused(path)
    assert (error.rule, error.row, error.column) == ("wrong type", 2, "X")
    assert str(error).startswith(f"the value is no {kind} that can be held exactly")


@pytest.mark.parametrize("suffix", JSONS)
@pytest.mark.parametrize(
    ("about", "rule", "said"),
    [
        ({"records": 3}, "records differ", "announces 3 rows and holds 2"),
        ({"records": 1}, "records differ", "announces 1 rows and holds 2"),
        ({"records": True}, "header", "must say how many rows"),
        ({"records": "2"}, "header", "must say how many rows"),
        ({"rows": []}, "no rows", "leave it out"),
        ({"rows": [], "records": 2}, "records differ", "announces 2 rows and holds 0"),
        ({"datasetJSONVersion": "1.0.0"}, "other version", "Dataset-JSON 1.0.0; 1.1 can be read"),
        ({"datasetJSONVersion": "1.10"}, "other version", "Dataset-JSON 1.10"),
        ({"name": ""}, "header", "lacks name"),
        ({"columns": []}, "header", "`columns` must list the variables"),
        ({"columns": [*COLUMNS[:2], COLUMNS[1]]}, "header", "AETERM stands twice"),
        ({"columns": [*COLUMNS[:2], {"name": "X", "dataType": "blob"}]}, "wrong type", "'blob' is none"),
        ({"rows": [["AE", "x", 1], ["AE", "x"]]}, "ragged row", "row 2 has 2 values for 3 columns"),
        ({"rows": [["AE", "x", 1], {"DOMAIN": "AE"}]}, "wrong type", "row 2 is no list"),
    ],
)
def test_what_is_wrong_with_a_dataset_json_file(tmp_path, suffix, about, rule, said):
    rest = {name: value for name, value in about.items() if name != "rows"}
    error = refused(dataset(tmp_path / f"x{suffix}", about.get("rows", ROWS), **rest))
    assert error.rule == rule and said in str(error)


def test_dataset_json_that_cannot_be_parsed(tmp_path):
    assert refused(written(tmp_path / "a.json", '{"name": [1, 2')).rule == "truncated"
    nan = lines().replace(", 1]", ", NaN]")
    assert (refused(written(tmp_path / "b.ndjson", nan)).rule, refused(tmp_path / "b.ndjson").row) == ("truncated", 1)
    latin = refused(written(tmp_path / "c.ndjson", lines([["AE", "é", 1], ["AE", "", 2]]).encode("latin-1")))
    assert (latin.rule, latin.row) == ("encoding undecided", 1)
    bomb = refused(written(tmp_path / "d.json", '{"a":' + "[" * 200_000))
    assert (bomb.rule, str(bomb)) == ("unreadable", "lists within lists without end; export the file again")
    deep = refused(written(tmp_path / "e.ndjson", lines() + "[" * 200_000 + "\n"))
    assert (deep.rule, deep.row) == ("unreadable", 3)
    digits = refused(written(tmp_path / "f.ndjson", lines().replace(", 1]", f", {'9' * 5_000}]")))
    assert (digits.rule, digits.row) == ("truncated", 1)
    after = refused(written(tmp_path / "g.json", json.dumps(document()) + "\n" + json.dumps(document())))
    assert after.rule == "truncated"


def test_a_document_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_json, "DOCUMENT", 400)
    for indent in (None, 1):
        error = refused(written(tmp_path / "a.json", json.dumps(document(ROWS * 50), indent=indent)))
        assert error.rule == "too large" and "send .ndjson or .dsjc with a line for each row" in str(error)
    monkeypatch.setattr(dataset_json, "_LINE", 100)
    monkeypatch.setattr(dataset_json, "DOCUMENT", 1000)
    error = refused(written(tmp_path / "b.ndjson", lines([["AE", "x", 1], ["AE", "x" * 100, 1]])))
    assert (error.rule, error.row) == ("unreadable", 2)


def test_a_bomb_is_refused_quickly_and_in_little_memory(tmp_path):
    """A gigabyte of zeros after the header in one megabyte; and a document that unpacks to 200 times its size."""
    packer = zlib.compressobj(9)
    content = packer.compress(lines().encode()) + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = packer.compress(bytes(1024**2)) + packer.flush(zlib.Z_FULL_FLUSH)  # depends on nothing before it
    path = written(tmp_path / "x.dsjc", content + 1024 * zeros)
    tracemalloc.start()
    begun = time.perf_counter()
    error = refused(path)
    assert time.perf_counter() - begun < 5 and tracemalloc.get_traced_memory()[1] < 100 * 1024**2
    tracemalloc.stop()
    assert error.rule in ("too large", "unreadable")
    rows = zlib.compress(lines([["AE", "x", 1]] * 200_000).encode(), 9)
    many = refused(written(tmp_path / "y.dsjc", rows))
    assert (many.rule, str(many).split(";")[0]) == (
        "too large",
        "it unpacks to more than 200 times its size, as no table does",
    )
    limited = refused(dataset(tmp_path / "z.dsjc", ROWS * 500), limit=5_000)
    assert limited.rule == "too large"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=FRAMES, suffix=st.sampled_from(JSONS), chunk=st.integers(1, 5))
def test_what_was_written_as_dataset_json_is_read(tmp_path, rows, suffix, chunk):
    columns = [{"name": name, "dataType": "string"} for name in "ABC"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(source, "CHUNK", chunk)
        frame = read(dataset(tmp_path / f"x{suffix}", [list(row) for row in rows], columns)).frame
    assert frame.to_numpy().tolist() == stripped(rows)


# ---- Parquet -------------------------------------------------------------------------------------------------------
def test_the_types_of_parquet(tmp_path):
    path = parquet(tmp_path / "x.parquet", """
        SELECT ' x ' AS T, '' AS B, 1::BIGINT AS I, 2.25::DECIMAL(10, 2) AS C, 'nan'::DOUBLE AS F, TRUE AS Y,
            FALSE AS N, DATE '2026-03-05' AS D, TIMESTAMP '2026-03-05' AS E, TIMESTAMP '2026-03-05 10:30:00' AS M,
            TIMESTAMPTZ '2026-03-05 00:00:00+08' AS Z, TIME '10:30:00' AS K, TIMESTAMP_NS '2026-03-05 10:30:00' AS S
        UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL""")  # fmt: skip
    table = read(path)
    first, second = (dict(row) for _, row in table.frame.iterrows())
    assert math.isnan(first.pop("f")) and first == {
        "t": "x", "b": None, "i": 1.0, "c": 2.25, "y": "Y", "n": "N", "d": "2026-03-05", "e": "2026-03-05",
        "m": "2026-03-05T10:30:00", "z": "2026-03-04T16:00:00Z", "k": "10:30:00", "s": "2026-03-05T10:30:00",
    }  # fmt: skip
    assert all(pd.isna(one) for one in second.values())
    assert (table.encoding, table.label) == ("utf-8", "")


@pytest.mark.parametrize(
    ("query", "rule", "row", "column"),
    [
        ("SELECT 1 AS A, [1, 2] AS B", "wrong type", None, "B"),
        ("SELECT {'x': 1} AS A", "wrong type", None, "A"),
        ("SELECT 'x'::BLOB AS A", "wrong type", None, "A"),
        ("SELECT 1 AS A UNION ALL SELECT 9007199254740993", "wrong type", 2, "A"),
        ("SELECT 1.5::DOUBLE AS A UNION ALL SELECT '-inf'::DOUBLE", "wrong type", 2, "A"),
        ("SELECT 1 AS A WHERE FALSE", "no rows", None, ""),
        ("SELECT 1 AS A, 2 AS \" a \"", "header", None, ""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_parquet_file(tmp_path, query, rule, row, column):
    error = refused(parquet(tmp_path / "x.parquet", query))
    assert (error.rule, error.row, error.column) == (rule, row, column)


def test_a_parquet_file_that_announces_more_than_the_limit_is_refused(tmp_path):
    path = parquet(tmp_path / "x.parquet", "SELECT 'x' AS A FROM range(100_000)")
    assert path.stat().st_size < 50_000
    assert refused(path, limit=50_000).rule == "too large"


@pytest.mark.parametrize("name", ["a*.parquet", "a?.parquet", "a[bc].parquet", "x'\"; drop.parquet"])
def test_the_name_of_a_parquet_file_names_that_file_alone(tmp_path, name):
    folder = tmp_path / "k=v"  # by its name a partition, which would add a column
    folder.mkdir()
    for other in ("ab.parquet", "ac.parquet"):
        parquet(folder / other, "SELECT 'other' AS A")
    parquet(tmp_path / "x.parquet", "SELECT 'this' AS A").rename(folder / name)
    assert read(folder / name).frame.to_dict("list") == {"a": ["this"]}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=FRAMES, chunk=st.integers(1, 5))
def test_what_was_written_as_parquet_is_read(tmp_path, rows, chunk):
    path = tmp_path / "x.parquet"
    with duckdb.connect() as base:
        base.execute("CREATE TABLE t (A VARCHAR, B VARCHAR, C VARCHAR)")
        base.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        base.execute(f"COPY t TO '{path}'")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(source, "CHUNK", chunk)
        assert read(path).frame.to_numpy().tolist() == stripped(rows)


# ---- real files ----------------------------------------------------------------------------------------------------
@pytest.fixture
def real() -> Path:
    assert os.environ.get("REAL"), "say where the real trial files are: REAL=DIR"
    return Path(os.environ["REAL"])


@pytest.mark.real
def test_the_four_forms_of_each_domain_are_one_table(real):
    folder = real / "datasetjson_sdtm"
    names = sorted(path.stem for path in folder.glob("*.xpt"))
    assert len(names) == 18
    for name in names:
        first = read(folder / f"{name}.xpt")
        for suffix in JSONS:
            other = read(folder / f"{name}{suffix}")
            assert same(other.frame, first.frame)
            assert (other.label, other.labels) == (first.label, first.labels), f"{name}{suffix}"


@pytest.mark.real
def test_the_other_real_sets_are_read(real):
    rows = {
        f"{path.parent.name}/{path.name}": len(read(path).frame)
        for folder in ("cart_gbm_phase1", "cart_cd22_phase1", "cdisc_pilot_parquet")
        for path in sorted((real / folder).iterdir())
        if path.suffix in FORMATS
    }
    assert rows == {
        "cart_gbm_phase1/gbm_patients.csv": 18,
        "cart_cd22_phase1/car_expansion.csv": 201,
        "cart_cd22_phase1/cytokines.csv": 5_837,
        "cart_cd22_phase1/inflammatory_markers.csv": 396,
        "cart_cd22_phase1/subjects.csv": 30,
        "cart_cd22_phase1/tbnk.csv": 1_500,
        "cdisc_pilot_parquet/dm.csv": 306,
        "cdisc_pilot_parquet/ex.csv": 591,
        "cdisc_pilot_parquet/lb.parquet": 59_580,
        "cdisc_pilot_parquet/sv.csv": 3_559,
        "cdisc_pilot_parquet/vs.parquet": 29_643,
    }
