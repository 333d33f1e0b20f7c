"""CTCAE 5.0 laboratory grades: both sides of each published limit. ULN 40 and LLN 2 unless told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.grading import ctcae
from clinical.grading.ctcae import grade


@pytest.mark.parametrize(
    ("term", "unit", "on_the_limit", "beyond", "given"),
    [
        # A value on each published limit has the grade below; `beyond` is the next step: grades 1 to 4.
        ("Alanine aminotransferase increased", "U/L", (40, 120, 200, 800), (41, 121, 201, 801), {"uln": 40}),
        ("Aspartate aminotransferase increased", "U/L", (40, 120, 200, 800), (41, 121, 201, 801), {"uln": 40}),
        ("Alkaline phosphatase increased", "U/L", (40, 100, 200, 800), (41, 101, 201, 801), {"uln": 40}),
        ("GGT increased", "IU/L", (40, 100, 200, 800), (41, 101, 201, 801), {"uln": 40}),
        ("Blood bilirubin increased", "umol/L", (20, 30, 60, 200), (20.1, 30.1, 60.1, 200.1), {"uln": 20}),
        ("CPK increased", "U/L", (40, 100, 200, 400), (41, 101, 201, 401), {"uln": 40}),
        ("Creatinine increased", "umol/L", (100, 150, 300, 600), (101, 151, 301, 601), {"uln": 100, "baseline": 100}),
        ("Neutrophil count decreased", "10^9/L", (2, 1.5, 1, 0.5), (1.99, 1.49, 0.99, 0.49), {"lln": 2}),
        ("Neutrophil count decreased", "/mm3", (2000, 1500, 1000, 500), (1999, 1499, 999, 499), {"lln": 2000}),
        ("Platelet count decreased", "10*9/L", (125, 75, 50, 25), (124, 74, 49, 24), {"lln": 125}),
        ("White blood cell decreased", "10^9/L", (4, 3, 2, 1), (3.9, 2.9, 1.9, 0.9), {"lln": 4}),
        ("Lymphocyte count decreased", "10^9/L", (1, 0.8, 0.5, 0.2), (0.9, 0.7, 0.4, 0.1), {"lln": 1}),
        ("Hypernatremia", "mmol/L", (145, 150, 155, 160), (146, 151, 156, 161), {"uln": 145}),
        ("Hyperkalemia", "mmol/L", (5, 5.5, 6, 7), (5.1, 5.6, 6.1, 7.1), {"uln": 5}),
        ("Hypomagnesemia", "mmol/L", (0.7, 0.5, 0.4, 0.3), (0.69, 0.49, 0.39, 0.29), {"lln": 0.7}),
        ("Hypocalcemia (Ionized)", "mmol/L", (1.15, 1.0, 0.9, 0.8), (1.14, 0.99, 0.89, 0.79), {"lln": 1.15}),
        ("Hypercalcemia (Ionized)", "mmol/L", (1.3, 1.5, 1.6, 1.8), (1.31, 1.51, 1.61, 1.81), {"uln": 1.3}),
        ("Hypoglycemia", "mmol/L", (3.9, 3.0, 2.2, 1.7), (3.89, 2.99, 2.19, 1.69), {"lln": 3.9}),
        ("Cholesterol high", "mmol/L", (5.2, 7.75, 10.34, 12.92), (5.21, 7.76, 10.35, 12.93), {"uln": 5.2}),
        ("Hypertriglyceridemia", "mmol/L", (1.7, 3.42, 5.7, 11.4), (1.71, 3.43, 5.71, 11.41), {}),
        ("Hyponatremia", "mmol/L", (135, 130, 125, 120), (134, 129, 124, 119), {"lln": 135, "symptomatic": False}),
    ],
)
def test_both_sides_of_each_limit(term, unit, on_the_limit, beyond, given):
    assert [grade(term, value, unit, **given).grade for value in on_the_limit] == [0, 1, 2, 3]
    assert [grade(term.upper(), value, unit, **given).grade for value in beyond] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("term", "unit", "values", "grades", "given"),
    [
        # Baseline 80 at ULN 40: grade 1 from 1.5 x = 120 (included), 2 above 240, 3 above 400, 4 above 1600.
        ("Alanine aminotransferase increased", "U/L", (119, 120, 240, 241, 400, 401, 1600, 1601),
         (0, 1, 1, 2, 2, 3, 3, 4), {"uln": 40, "baseline": 80, "baseline_high": True}),
        # Both published ranges begin at "2.0 - 2.5 x baseline".
        ("GGT increased", "U/L", (159, 160, 200, 201), (0, 1, 1, 2),
         {"uln": 40, "baseline": 80, "baseline_high": True}),
        ("Blood bilirubin increased", "umol/L", (40, 41, 61, 121), (0, 1, 2, 3),
         {"uln": 20, "baseline": 40, "baseline_high": True}),
        # Baseline 50, ULN 100: 75 is 1.5 x baseline, 150 is 3 x: either way counts.
        ("Creatinine increased", "umol/L", (75, 76, 150, 151), (0, 2, 2, 3), {"uln": 100, "baseline": 50}),
        ("Lipase increased", "U/L", (60, 61, 80, 81, 200, 201), (1, 2, 2, 2, 2, 3), {"uln": 40, "symptomatic": False}),
        ("Lipase increased", "U/L", (80, 81, 200, 201), (2, 3, 3, 4), {"uln": 40, "symptomatic": True}),
        ("INR increased", "ratio", (1.2, 1.3, 1.5, 1.6, 2.5, 2.6), (0, 1, 1, 2, 2, 3), {}),
        ("INR increased", "ratio", (1.1, 1.6), (1, 2), {"baseline": 1.0, "anticoagulated": True}),
        ("Activated partial thromboplastin time prolonged", "s", (40, 41, 61, 101, 900), (0, 1, 2, 3, 3), {"uln": 40}),
        ("Anemia", "g/L", (120, 119, 100, 99, 80, 79, 20), (0, 1, 1, 2, 2, 3, 3), {"lln": 120}),
        ("Hypoalbuminemia", "g/L", (35, 34, 30, 29, 20, 19), (0, 1, 1, 2, 2, 3), {"lln": 35}),
        ("Hypoalbuminemia", "g/dL", (3.0, 2.9, 2.0, 1.9), (1, 2, 2, 3), {"lln": 3.5}),
        ("Hypokalemia", "mmol/L", (3.5, 3.4, 3.0, 2.9, 2.5, 2.4), (0, 1, 1, 3, 3, 4),
         {"lln": 3.5, "symptomatic": False}),
        ("Hypermagnesemia", "mmol/L", (1.0, 1.1, 1.23, 1.24, 3.31), (0, 1, 1, 3, 4), {"uln": 1.0}),
        # LLN 2, baseline 4: 1.6 is 0.8 LLN, but 60 % less than baseline; 0.49 g/L is below 50 mg/dL.
        ("Fibrinogen decreased", "g/L", (2.0, 1.6, 0.49), (0, 3, 4), {"lln": 2, "baseline": 4}),
        ("Fibrinogen decreased", "g/L", (1.9, 1.5, 1.49, 1.0, 0.99, 0.5), (1, 1, 2, 2, 3, 3),
         {"lln": 2, "pct_change": -1}),
        ("Neutrophil count decreased", "10^9/L", (1.4,), (2,), {"lln": 1.2}),  # below 1.5, though normal there
    ],
)  # fmt: skip
def test_what_depends_on_more_than_one_limit(term, unit, values, grades, given):
    assert tuple(grade(term, value, unit, **given).grade for value in values) == grades


def bounds(*args, **given):
    found = grade(*args, **given)
    return found.grade, found.low, found.high


def test_what_is_missing_gives_a_range_and_is_named():
    assert bounds("Lipase increased", 100, "U/L", uln=40) == (None, 2, 3)  # 2.5 x ULN: with symptoms grade 3
    assert grade("Lipase increased", 100, "U/L", uln=40).reason == "not known: symptoms"
    assert bounds("Alanine aminotransferase increased", 300, "U/L") == (None, 0, 4)
    assert "upper limit of normal" in grade("Alanine aminotransferase increased", 300, "U/L").reason
    # 300 is above 5 x ULN; of an abnormal baseline it could be less. 40 is normal whatever the baseline was.
    assert bounds("Alanine aminotransferase increased", 300, "U/L", uln=40, baseline_high=None) == (None, 0, 3)
    assert bounds("Alanine aminotransferase increased", 40, "U/L", uln=40, baseline_high=None) == (0, 0, 0)
    assert bounds("Platelet count decreased", 24, "10^9/L") == (4, 4, 4)  # no range needed
    assert bounds("Platelet count decreased", 80, "10^9/L") == (None, 0, 1)


def test_a_glucose_in_another_unit_is_not_held_against_the_limits_of_this_one():
    """39.9 mg/dL is grade 3 in its own limits (below 40), and 2.21 mmol/L would be grade 2."""
    assert grade("Hypoglycemia", 39.9, "mg/dL", lln=70).reason == "unit 'mg/dL' not known for this test"


@pytest.mark.parametrize("unit", [None, "", "%", "furlong"])
def test_an_unknown_unit_is_never_guessed(unit):
    found = grade("Neutrophil count decreased", 0.1, unit, lln=2)
    assert (found.grade, found.low, found.high) == (None, None, None)
    assert "unit" in found.reason


def test_no_value_is_no_grade():
    assert grade("Anemia", math.nan, "g/L").grade is None
    assert grade("Anemia", None, "g/L").reason == "no value"


def test_an_unknown_term_or_version_is_an_error():
    with pytest.raises(KeyError):
        grade("Happiness decreased", 1, "U/L")
    with pytest.raises(KeyError):
        grade("Anemia", 1, "g/L", version="6.0")


def test_the_scale_goes_with_the_grade():
    assert grade("Anemia", 79, "g/L").scale == "CTCAE 5.0"


@given(
    term=st.sampled_from([name for name in ctcae.TERMS if name.endswith("increased")]),
    values=st.tuples(st.floats(0, 5000), st.floats(0, 5000)),
)
def test_a_higher_value_never_has_a_lower_grade(term, values):
    unit = next(iter(ctcae.TERMS[term].units))
    less, more = (grade(term, one, unit, uln=40, baseline=30, symptomatic=False).grade for one in sorted(values))
    assert less <= more
