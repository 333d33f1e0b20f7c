"""The grade of each result of one patient, by the limits of CTCAE as published. ALT: ULN 40; chemotherapy on Day -5."""

import pandas as pd
import pytest
from lab_frames import labs, result
from trial_frames import ALT

from clinical.result_grades import result_grades
from dashboard.grades_said import grade_words, short_words
from dashboard.labels import speaker
from dashboard.tables import grade_chip

CHEMOTHERAPY = pd.Timestamp("2026-02-24")
POTASSIUM = {"code": "K", "unit": "mmol/L", "range_low": 3.5, "range_high": 5.3}
INFUSED, NEVER = CHEMOTHERAPY, pd.NaT


def measured(*rows: dict) -> pd.DataFrame:
    frame = labs(*({"place": None, "table": "lab"} | row for row in rows))
    more = pd.DataFrame([{"place": None, "table": "lab"} | row for row in rows], index=frame.index)
    return frame.assign(place=more["place"], table=more["table"]).set_index(frame.index + 100)


def temperature(value: float, place: str | None = None, unit: str = "C") -> dict:
    row = result(value, 1, "TEMP", unit=unit, range_low=None, range_high=None)
    return row | {"table": "vital_sign", "place": place}


def found(*rows: dict, since=INFUSED, version="5.0") -> pd.DataFrame:
    return result_grades(measured(*rows), since, version)


def last(*rows: dict, **more) -> tuple:
    row = found(*rows, **more).iloc[-1]
    return row["term"], *(None if pd.isna(one) else one for one in (row["low"], row["high"])), row["lacking"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.9, ("Hypokalemia", 3, 3, ())),  # < 3.0 - 2.5
        (3.2, ("Hypokalemia", 1, 2, ("symptomatic",))),  # < LLN - 3.0, grade 2 with symptoms
        (5.4, ("Hyperkalemia", 1, 1, ())),  # > ULN - 5.5
        (5.6, ("Hyperkalemia", 2, 2, ())),  # > 5.5 - 6.0
        (7.1, ("Hyperkalemia", 4, 4, ())),  # > 7.0
    ],
)
def test_of_two_terms_the_one_in_whose_direction_the_value_lies(value, expected):
    assert last(result(value, 1, **POTASSIUM)) == expected


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        ((result(30, -8),), (ALT, 2, 2, ())),  # 130 = 3.25 x ULN
        ((result(60, -8),), (ALT, 1, 1, ())),  # 130 = 2.2 x a baseline above the ULN
        ((), (ALT, 0, 2, ("baseline",))),
        ((result(60, -3),), (ALT, 0, 2, ("baseline",))),  # after the chemotherapy: no baseline
    ],
)
def test_a_grade_is_against_the_last_result_before_the_chemotherapy(baseline, expected):
    assert last(*baseline, result(130, 5)) == expected


def test_who_was_never_treated_has_no_baseline():
    assert last(result(30, -8), result(130, -6), since=NEVER) == (ALT, 0, 2, ("baseline",))


def test_what_is_no_number_not_of_blood_or_of_no_term_has_no_row_and_the_index_stays():
    rows = [
        result(30, -8), result(None, 1), result(9000, 1, "CREAT", specimen="URINE", unit="umol/L"),
        result(5, 1, "CRP", unit="mg/L"), result(130, 2) | {"table": "cytokine"}, result(130, 3),
    ]  # fmt: skip
    assert list(found(*rows).index) == [100, 105]


def test_an_unknown_unit_is_no_grade_and_not_grade_0():
    assert last(result(130, 1, unit="furlong")) == (ALT, None, None, ("unit",))


CALCIUM = {"unit": "mmol/L", "range_low": 2.11, "range_high": 2.52}
ALBUMIN = {"code": "ALB", "unit": "g/L", "range_low": 40.0, "range_high": 55.0}


@pytest.mark.parametrize(
    ("value", "albumin", "expected"),
    [
        (1.9, result(40, 1, **ALBUMIN), ("Hypocalcemia", 2, 2, ())),  # < 2.0 - 1.75
        (1.9, result(30, 1, **ALBUMIN), ("Hypocalcemia", 1, 1, ())),  # 1.9 + 0.02 x 10 = 2.1, below 2.11
        (1.9, result(3, 1, **ALBUMIN | {"unit": "g/dL"}), ("Hypocalcemia", 1, 1, ())),
        (2.8, result(20, 1, **ALBUMIN), ("Hypercalcemia", 3, 3, ())),  # 2.8 + 0.02 x 20 = 3.2, above 3.1
        (1.9, result(30, 2, **ALBUMIN), ("Hypocalcemia", None, None, ("albumin",))),  # of another day
        (1.9, result(30, 1, **ALBUMIN | {"unit": "furlong"}), ("Hypocalcemia", None, None, ("albumin",))),
    ],
)
def test_calcium_is_graded_as_corrected_for_the_albumin_of_its_sample(value, albumin, expected):
    assert last(albumin, result(value, 1, "CA", **CALCIUM)) == expected


def test_calcium_in_mg_dl_has_the_correction_of_its_own_unit():
    """7.9 + 0.8 x (4.0 - 3.0) = 8.7 mg/dL; below LLN 8.8 is grade 1, uncorrected 7.9 would be 2."""
    in_mg_dl = CALCIUM | {"unit": "mg/dL", "range_low": 8.8, "range_high": 10.5}
    expected = ("Hypocalcemia", 1, 1, ())
    assert last(result(30, 1, **ALBUMIN), result(7.9, 1, "CA", **in_mg_dl)) == expected


def test_of_calcium_it_is_said_that_it_was_corrected():
    *_, row = found(result(30, 1, **ALBUMIN), result(1.9, 1, "CA", **CALCIUM)).itertuples()
    assert grade_words(row, speaker("en")) == "grade 1 (CTCAE 5.0), corrected for albumin"
    assert repr(grade_chip(short_words(row, speaker("en")))).count("grade g1") == 1


@pytest.mark.parametrize(
    ("value", "place", "expected"),
    [
        (38.5, None, (1, 1, ())),  # 38.0 - 39.0
        (39.1, None, (2, 2, ())),
        (40.1, None, (3, 4, ("duration",))),  # <= 24 h, > 24 h
        (37.4, "AXILLA", (0, 0, ())),
        (37.5, "AXILLA", (0, 1, ("core",))),
        (37.9, "AXILLA", (0, 1, ("core",))),
        (37.9, "ORAL CAVITY", (0, 0, ())),
    ],
)
def test_a_temperature_is_graded_as_fever_and_says_where_it_was_taken(value, place, expected):
    assert last(temperature(value, place)) == ("Fever", *expected)


def test_a_temperature_in_another_unit_is_no_grade():
    assert last(temperature(98.6, "AXILLA", "F")) == ("Fever", None, None, ("unit",))


@pytest.mark.parametrize(("version", "expected"), [("5.0", ("Hypoglycemia", 0)), ("6.0", ("Hyperglycemia", 3))])
def test_the_version_decides_what_a_value_grades(version, expected):
    """CTCAE 5.0 grades a high glucose by what was done; 6.0 has limits: > 13.9 mmol/L is grade 3."""
    glucose = {"code": "GLUC", "unit": "mmol/L", "range_low": 3.9, "range_high": 6.1}
    term, low, high, _ = last(result(14.0, 1, **glucose), version=version)
    assert (term, low, high) == (expected[0], expected[1], expected[1])
    assert found(result(14.0, 1, **glucose), version=version)["scale"].iloc[0] == f"CTCAE {version}"


def test_a_patient_without_any_such_result():
    empty = found(result(5, 1, "CRP"))
    assert empty.empty and list(empty) == ["term", "low", "high", "scale", "lacking"]


@pytest.mark.parametrize(
    ("rows", "english", "short", "chinese"),
    [
        ((result(30, -8), result(210, 5)), "grade 3 (CTCAE 5.0)", "3", "3 级（CTCAE 5.0）"),
        ((result(130, 5),), "grade 0–2 (CTCAE 5.0): baseline not known", "0–2: baseline not known",
         "0–2 级（CTCAE 5.0）：基线值不明"),
        ((result(130, 5, unit="furlong"),), "no grade (CTCAE 5.0): no unit, or one that is not known",
         "?: no unit, or one that is not known", "无法分级（CTCAE 5.0）：单位缺失或无法识别"),
    ],
)  # fmt: skip
def test_a_grade_in_words(rows, english, short, chinese):
    *_, row = found(*rows).itertuples()
    assert grade_words(row, speaker("en")) == english and short_words(row, speaker("en")) == short
    assert grade_words(row, speaker("zh")) == chinese


def test_nothing_is_said_where_nothing_grades():
    *_, row = measured(result(5, 1, "CRP")).join(found(result(5, 1, "CRP"))).itertuples()
    assert grade_words(row, speaker("en")) == grade_words(None, speaker("en")) == short_words(row, speaker("en")) == ""
