"""Which domain a table holds, told by its columns and its first rows."""

import pandas as pd
import pytest

from data.domains import check, recognise
from data.readers import ReadError


def rows(**columns) -> pd.DataFrame:
    frame = pd.DataFrame(columns, dtype=object)
    frame.index += 1
    return frame


def refused(call, *told) -> ReadError:
    with pytest.raises(ReadError) as raised:
        call(*told)
    return raised.value


def told(**columns) -> str:
    frame = rows(**columns)
    return recognise(list(frame.columns), frame)


def test_the_column_that_names_the_domain_decides():
    assert told(domain=["AE", "AE"], lbtestcd=["x", "y"]) == "AE"
    assert told(domain=["ae"]) == "AE"
    assert told(rdomain=["AE"], qnam=["DLT"]) == "SUPPAE"
    assert told(rdomain=["AE", "CM"], relid=["1", "1"]) == "RELREC"


@pytest.mark.parametrize(
    ("columns", "domain"),
    [
        ("usubjid lbtestcd lborres visitnum", "LB"),
        ("usubjid extrt exdose", "EX"),
        ("usubjid aeterm aestdtc", "AE"),
        ("usubjid dsterm dsdecod", "DS"),
        ("usubjid mhterm", "MH"),
        ("usubjid cmtrt", "CM"),
        ("usubjid rstestcd rsorres visitnum", "RS"),
        ("subjid arm", "DM"),
        ("subjid armcd", "DM"),
        ("subjid rficdtc", "DM"),
        ("subjid rfstdtc arm", "DM"),
        ("usubjid visitnum svstdtc", "SV"),
        ("tsparmcd tsval", "TS"),
        ("usubjid visitnum visit", ""),  # every findings domain has these
        ("subjid age sex", ""),
        ("lbtestcd aeterm", ""),  # two domains side by side
        ("testcd term trt", ""),
        ("patient_id cytokine day value_pg_ml", ""),
        ("rdomain usubjid", ""),
        ("", ""),
    ],
)
def test_without_it_the_names_of_the_variables_decide_or_nothing(columns, domain):
    names = columns.split()
    assert recognise(names, pd.DataFrame(columns=names)) == domain


def test_several_domains_and_a_blank_one_are_refused_with_their_place():
    several = refused(lambda: told(domain=["AE", "CM", "AE"]))
    assert (several.rule, several.column) == ("several domains", "DOMAIN")
    assert str(several) == "DOMAIN must hold one domain, it holds AE, CM"
    none = refused(lambda: told(domain=[None, None]))
    assert str(none) == "DOMAIN must hold one domain, it holds no value"
    blank = refused(lambda: told(rdomain=["AE", None], qnam=["A", "B"]))
    assert (blank.row, blank.column) == (2, "RDOMAIN")
    assert str(blank) == "RDOMAIN is blank in this row; it must hold AE in every row"


def test_a_shifted_column_is_not_repeated_in_full():
    said = str(refused(lambda: told(domain=[f"Patient {number}" for number in range(50)])))
    assert said == "DOMAIN must hold one domain, it holds PATIENT 0, PATIENT 1, PATIENT 10 ..."


def test_a_later_row_of_another_domain_is_refused_with_its_number():
    chunk = rows(domain=["AE", "ae", "CM"])
    chunk.index += 50_000
    error = refused(check, "AE", chunk)
    assert (error.rule, error.row, error.column) == ("several domains", 50_003, "DOMAIN")
    assert str(error) == "DOMAIN must hold one domain, it holds AE and here CM"
    chunk.loc[50_002, "domain"] = None
    error = refused(check, "AE", chunk)
    assert (error.row, str(error)) == (50_002, "DOMAIN is blank in this row; it must hold AE in every row")
    supplement = refused(check, "SUPPAE", rows(rdomain=["AE", "DM"], qnam=["A", "B"]))
    assert (supplement.row, supplement.column) == (2, "RDOMAIN")


def test_rows_that_name_the_domain_or_name_none_pass():
    check("AE", rows(domain=["AE", "ae"]))
    check("SUPPAE", rows(rdomain=["AE", "AE"], qnam=["A", "B"]))
    check("RELREC", rows(rdomain=["AE", "CM"], relid=["1", "1"]))
    check("LB", rows(lbtestcd=["A"]))
    check("", rows(x=["A"]))
