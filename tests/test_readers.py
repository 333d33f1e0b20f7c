"""Files as they come: what is read from them, and which are refused in which words."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.readers import ReadError, choose_encoding, read

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
        read(path, **told)
    return raised.value


# ---- values --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("version", [5, 8])
def test_text_is_stripped_and_blank_is_none_and_missing_is_nan(tmp_path, version):
    path = xport(tmp_path / "ae.xpt", version, aeterm=["  Fever ", "", "   "], aeseq=[1.0, None, 0.0])
    source = read(path)
    assert source.frame["aeterm"].tolist() == ["Fever", None, None]
    assert source.frame["aeseq"].isna().tolist() == [False, True, False] and source.frame["aeseq"].iloc[2] == 0
    assert (source.domain, source.format, source.encoding) == ("AE", "SAS XPORT", "ascii")


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


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_with_each_delimiter(tmp_path, delimiter):
    source = read(written(tmp_path / "ae.csv", CSV.replace(",", delimiter)))
    assert source.frame.columns.tolist() == ["studyid", "domain", "usubjid", "aeterm"]
    assert source.frame["aeterm"].tolist() == ["Fever", None]
    assert source.doubt == ""


def test_a_csv_keeps_a_delimiter_and_a_line_end_within_quotes(tmp_path):
    text = 'DOMAIN,AETERM\nAE,"Fever, then\nchills"\n'
    assert read(written(tmp_path / "ae.csv", text)).frame["aeterm"].tolist() == ["Fever, then\nchills"]


def test_a_csv_without_a_last_line_end_is_read_and_doubted(tmp_path):
    source = read(written(tmp_path / "ae.csv", CSV.rstrip("\n")))
    assert len(source.frame) == 2
    assert source.doubt == "the last line has no line end: look whether the last value is whole"


# ---- domain --------------------------------------------------------------------------------------------------------
def test_the_domain_comes_from_the_content_never_from_the_name(tmp_path):
    assert read(xport(tmp_path / "dm.xpt", table="DM")).domain == "AE"
    supplement = "STUDYID,RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QVAL\nS1,AE,S1-01,AESEQ,1,DLT,Y\n"
    assert read(written(tmp_path / "x.csv", supplement)).domain == "SUPPAE"
    related = "STUDYID,RDOMAIN,USUBJID,IDVAR,IDVARVAL,RELID\nS1,AE,S1-01,AESEQ,1,A\nS1,CM,S1-01,CMSEQ,2,A\n"
    assert read(written(tmp_path / "y.csv", related)).domain == "RELREC"


def test_several_domains_no_domain_and_a_blank_domain_are_refused(tmp_path):
    several = refused(xport(tmp_path / "ae.xpt", domain=["AE", "CM", "AE"]))
    assert (several.rule, several.column) == ("several domains", "DOMAIN") and "it holds AE, CM" in str(several)
    none = refused(written(tmp_path / "ae.csv", "STUDYID,AETERM\nS1,Fever\n"))
    assert none.rule == "domain unknown" and "no column DOMAIN" in str(none)
    blank = refused(xport(tmp_path / "blank.xpt", domain=["AE", "", "AE"]))
    assert (blank.row, blank.column) == (2, "DOMAIN")


def test_a_shifted_column_is_not_repeated_in_full(tmp_path):
    rows = "".join(f"Patient {number},x\n" for number in range(50))
    said = str(refused(written(tmp_path / "ae.csv", f"DOMAIN,AETERM\n{rows}")))
    assert said.count("PATIENT") == 3


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
    utf16 = refused(written(tmp_path / "wide.csv", CSV.encode("utf-16")))
    assert "save it as CSV UTF-8" in str(utf16)
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
    source = read(written(tmp_path / "ae.csv", lines))
    assert (source.encoding, source.frame["aeterm"].iloc[0]) == ("windows-1252", ENGLISH)
    assert source.decoded == ("–", "°C", "café")  # the shortest first


def test_gb18030_is_read_as_chinese(tmp_path):
    lines = f"DOMAIN,AETERM,AESEV\nAE,{CHINESE},MILD\nAE,Fever,发热\n".encode("gb18030")
    source = read(written(tmp_path / "ae.csv", lines))
    assert source.encoding == "gb18030"
    assert source.frame["aeterm"].tolist() == [CHINESE, "Fever"]
    assert source.decoded == ("发热", CHINESE)


def test_utf_8_with_and_without_a_mark(tmp_path):
    text = f"DOMAIN,AETERM\nAE,{CHINESE}\n"
    for name, encoding in (("a.csv", "utf-8"), ("b.csv", "utf-8-sig")):
        source = read(written(tmp_path / name, text.encode(encoding)))
        assert source.encoding == "utf-8"
        assert source.frame.columns.tolist() == ["domain", "aeterm"] and source.frame["aeterm"].tolist() == [CHINESE]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "windows-1252"])
def test_text_in_an_xport_file_in_each_encoding(tmp_path, encoding):
    """The writer knows UTF-8 only: the bytes of the value are put in afterwards, in place and of the same length."""
    value = (ENGLISH if encoding == "windows-1252" else CHINESE).encode(encoding)
    path = xport(tmp_path / "ae.xpt", aeterm=["#" * len(value), "Fever", "Cough"])
    written(path, path.read_bytes().replace(b"#" * len(value), value))
    source = read(path)
    assert source.encoding == encoding
    assert source.frame["aeterm"].tolist() == [value.decode(encoding), "Fever", "Cough"]
    assert source.decoded == (value.decode(encoding),)


def test_undecided_text_is_refused_and_a_named_encoding_overrides():
    undecided = b"\x81\xff\x8d"  # no UTF-8, no GB18030, and two bytes that Windows-1252 leaves undefined
    with pytest.raises(ReadError, match="name its --encoding"):
        choose_encoding(undecided)
    umlaut = "Öl".encode("windows-1252")  # as GB18030 one Chinese character
    assert choose_encoding(umlaut, "windows-1252") == "windows-1252"
    with pytest.raises(ReadError, match="the text is not utf-8"):
        choose_encoding(umlaut, "utf-8")
