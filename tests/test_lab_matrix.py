"""Laboratory terms reported against derived. ALT: ULN 40, grades 1 to 4 above 40, 120, 200, 800 U/L.

Infusion on Day 0 at 10:00, chemotherapy from Day -5.
"""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab_frames import labs, result
from trial_frames import ALT, LYMPHOCYTES, NEUTROPHILS, end_of, event, events, moment, subject, subjects

from clinical.lab_grades import BY_VALUE, graded, term_in
from clinical.lab_matrix import VERDICTS, verdict, worst_labs
from clinical.result_grades import terms_by_value

WHO = subjects(subject("A1", lymphodepletion=-5))
NORMAL = result(30, -8)


def found(*results, told=(), who=WHO, version="5.0") -> pd.DataFrame:
    """By term and patient."""
    rows = labs(*results)
    days = (rows["first"] - moment(0)).dt.days
    terms = terms_by_value(version)
    rows = rows.assign(time=(rows["first"] - moment(0, 10)).dt.total_seconds() / 86400, rel_day=days)
    every = graded(who, rows, tuple(terms), version=version, terms=terms)
    made = worst_labs(every, who, events(*told), end_of(40), version=version)
    return made.set_index(["term", "usubjid"]) if len(made) else made


def of_alt(*results, told=(), **more) -> tuple:
    row = found(*results, told=told, **more).loc[(ALT, "A1")]
    numbers = (None if pd.isna(one) else int(one) for one in row[["reported", "low", "high"]])
    return *numbers, row["verdict"]


@pytest.mark.parametrize(
    ("results", "told", "expected"),
    [
        ((NORMAL, result(210, 5), result(100, 9)), [event(ALT, 3, 5, 7)], (3, 3, 3, "agree")),
        ((NORMAL, result(210, 5)), [event(ALT, 2, 5, 7)], (2, 3, 3, "derived_higher")),
        ((NORMAL, result(210, 5)), [], (0, 3, 3, "derived_higher")),
        ((NORMAL, result(100, 5)), [event(ALT, 3, 5, 7)], (3, 1, 1, "reported_higher")),
        ((NORMAL, result(100, 5)), [event(ALT, None, 5, 7)], (None, 1, 1, "cannot_tell")),
        ((NORMAL, result(100, 5, unit="furlong"), result(30, 6)), [], (0, 0, 4, "cannot_tell")),
        ((result(130, 5),), [], (0, 0, 2, "cannot_tell")),  # no baseline
        ((result(210, -2), result(30, 5)), [], (0, 0, 0, "agree")),  # before the infusion
        ((NORMAL, result(210, "0T09:00"), result(30, 5)), [], (0, 0, 0, "agree")),
        ((NORMAL, result(30, 5)), [event(ALT, 3, -4, -2)], (0, 0, 0, "agree")),  # over before the infusion
        ((NORMAL, result(30, 5)), [event("丙氨酸氨基转移酶升高", 2, 5)], (2, 0, 0, "reported_higher")),
        ((NORMAL, result(210, 5)), [event(ALT, 3, 5, aeout="FATAL")], (5, 3, 3, "reported_higher")),
        ((NORMAL, result(900, 5)), [event(ALT, 4, 5, aesdth="Y")], (5, 4, 4, "cannot_tell")),  # no value tells of death
    ],
)
def test_alt_against_its_event(results, told, expected):
    assert of_alt(*results, told=told) == expected


@pytest.mark.parametrize(
    ("term", "lang", "said"),
    [(ALT, "zh", "丙氨酸氨基转移酶升高 (ALT)"), (ALT, "en", ALT), ("Rash", "zh", "Rash"),
     ("Hyponatremia", "zh", "低钠血症 (SODIUM)"), ("GGT increased", "zh", "γ-谷氨酰转移酶升高 (GGT)")],
)  # fmt: skip
def test_a_term_of_values_is_said_in_chinese_with_its_test(term, lang, said):
    assert term_in(term, lang) == said


def test_no_two_terms_are_said_alike():
    every = [term_in(term, "zh") for terms in BY_VALUE.values() for term in terms]
    assert len(every) == len(set(every)) and not any(one.isascii() for one in every)


def test_a_patient_without_any_such_result_is_not_grade_0():
    both = subjects(subject("A1", lymphodepletion=-5), subject("A2", lymphodepletion=-5))
    row = found(NORMAL, result(30, 5), who=both).loc[(ALT, "A2")]
    assert pd.isna(row["low"]) and row["verdict"] == "cannot_tell" and row["missing"] == ()


def test_what_would_decide_is_named_where_the_grade_is_open():
    assert found(result(130, 5)).loc[(ALT, "A1"), "missing"] == ("baseline",)
    assert found(NORMAL, result(130, 5)).loc[(ALT, "A1"), "missing"] == ()
    unknown = found(NORMAL, result(100, 5, unit="furlong"), result(30, 6)).loc[(ALT, "A1")]
    assert (unknown["missing"], unknown["low"], unknown["high"]) == (("unit",), 0, 4)


def test_a_term_that_grades_nothing_has_no_row():
    assert {term for term, _ in found(NORMAL, result(30, 5), result(5, 5, "CRP")).index} == {ALT}
    assert found(NORMAL).empty  # nothing after the infusion


def test_the_fall_of_white_cells_after_lymphodepletion_is_expected_and_that_of_neutrophils_is_not():
    """Lymphocytes below 0.2 are grade 4, white cells below 1.0 too, neutrophils below 0.5."""
    low = [result(0.1, 3, code) for code in ("LYM", "WBC", "NEUT")]
    told = found(*low)["verdict"].droplevel("usubjid")
    expected = {LYMPHOCYTES: "expected", "White blood cell decreased": "expected", NEUTROPHILS: "derived_higher"}
    assert {term: told[term] for term in expected} == expected
    assert found(*low).loc[(LYMPHOCYTES, "A1"), "why"] == "lymphodepletion"
    never = subjects(subject("A1"))
    assert found(*low, who=never).loc[(LYMPHOCYTES, "A1"), "verdict"] == "derived_higher"


def test_the_version_of_the_protocol_decides_which_terms_there_are():
    """White cells below 1.0 are grade 4 in both; of 6.0 the limits for lymphocytes are not at hand, and neutrophils of
    0.3 are grade 3."""
    low = [result(0.3, 3, code) for code in ("LYM", "WBC", "NEUT")]
    grades = found(*low, version="6.0")["low"].droplevel("usubjid").to_dict()
    assert LYMPHOCYTES not in grades and (grades["White blood cell decreased"], grades[NEUTROPHILS]) == (4, 3)
    assert found(*low)["low"].droplevel("usubjid")[NEUTROPHILS] == 4


def test_what_was_as_bad_at_baseline_is_expected():
    """LDH has grade 1 alone: above the ULN."""
    ldh = {"code": "LDH", "unit": "U/L", "range_low": 120, "range_high": 250}
    row = found(result(300, -8, **ldh), result(320, 5, **ldh)).iloc[0]
    assert (row["verdict"], row["why"]) == ("expected", "baseline")
    assert found(result(200, -8, **ldh), result(320, 5, **ldh)).iloc[0]["verdict"] == "derived_higher"


def test_the_worst_result_at_the_highest_grade_is_its_evidence():
    """Of equal ones the first; of what is graded when too low, the lowest."""
    row = found(NORMAL, result(210, 5), result(250, 6), result(250, 7), result(100, 8)).loc[(ALT, "A1")]
    assert (row["code"], row["value"], row["rel_day"], row["source_row"]) == ("ALT", 250, 6, 3)
    low = [result(value, day, code="NEUT", unit="10^9/L") for value, day in ((0.4, 3), (0.1, 4), (0.3, 5))]
    assert found(*low)["value"].droplevel("usubjid")[NEUTROPHILS] == 0.1


GRADES = st.one_of(st.none(), st.integers(0, 4))


@given(reported=st.one_of(st.none(), st.integers(0, 5)), bounds=st.tuples(st.integers(0, 4), st.integers(0, 4)),
       top=st.integers(1, 4))  # fmt: skip
def test_a_verdict_is_sure_only_where_every_grade_of_the_range_says_so(reported, bounds, top):
    low, high = sorted(min(one, top) for one in bounds)
    said = verdict(reported, low, high, top)
    each = {verdict(reported, one, one, top) for one in range(low, high + 1)}
    assert said in VERDICTS
    assert said == "cannot_tell" or each == {said}


def test_nothing_derived_or_no_grade_reported_is_never_an_agreement():
    assert verdict(0, None, None, 4) == verdict(None, 0, 0, 4) == "cannot_tell"
