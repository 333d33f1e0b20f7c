"""CTCAE laboratory grades: every limit of the published text, on it and one step to each side, and what is missing."""

import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.grading import calcium, ctcae
from clinical.grading.criteria import rule
from clinical.grading.ctcae import grade, grades
from clinical.grading.ctcae_table import source, terms

ALT, AST = "Alanine aminotransferase increased", "Aspartate aminotransferase increased"
ALP, GGT, BILI = "Alkaline phosphatase increased", "GGT increased", "Blood bilirubin increased"
NEUT, PLAT = "Neutrophil count decreased", "Platelet count decreased"
COLD, ILL = {"symptomatic": False}, {"symptomatic": True}


def high(baseline, uln):
    return {"uln": uln, "baseline": baseline, "baseline_high": True}


RISES, FALLS = 1, -1
# Term, unit, what is known, which way is worse, then each limit with the grades just before it, on it, just beyond it.
# Limits and grades are read off the published text: "<1.5 - 1.0" is grade 2 at 1.0 and at 1.4.
LIMITS_5 = [
    (NEUT, "10^9/L", {"lln": 2}, FALLS, {2: "001", 1.5: "112", 1: "223", 0.5: "334"}),
    (NEUT, "/mm3", {"lln": 2000}, FALLS, {2000: "001", 1500: "112", 1000: "223", 500: "334"}),
    (NEUT, "10^3/mL", {"lln": 2000}, FALLS, {2000: "001", 1500: "112", 1000: "223", 500: "334"}),
    (NEUT, "10^3/uL", {"lln": 1.2}, FALLS, {1.5: "002", 1: "223"}),  # below 1.5, though normal there
    ("White blood cell decreased", "10^9/L", {"lln": 4}, FALLS, {4: "001", 3: "112", 2: "223", 1: "334"}),
    ("Lymphocyte count decreased", "10^9/L", {"lln": 1}, FALLS, {1: "001", 0.8: "112", 0.5: "223", 0.2: "334"}),
    ("Lymphocyte count increased", "/mm3", {}, RISES, {4000: "002", 20000: "223"}),
    ("Lymphocyte count increased", "10^9/L", {}, RISES, {4: "002", 20: "223"}),
    (PLAT, "10^9/L", {"lln": 125}, FALLS, {125: "001", 75: "112", 50: "223", 25: "334"}),
    (PLAT, "/mm3", {"lln": 125e3}, FALLS, {125e3: "001", 75e3: "112", 50e3: "223", 25e3: "334"}),
    ("CD4 lymphocytes decreased", "10^9/L", {"lln": 0.6}, FALLS, {0.6: "001", 0.5: "112", 0.2: "223", 0.05: "334"}),
    ("CD4 lymphocytes decreased", "1/uL", {"lln": 600}, FALLS, {600: "001", 500: "112", 200: "223", 50: "334"}),
    ("Leukocytosis", "10^9/L", {}, RISES, {100: "003"}),
    ("Anemia", "g/L", {"lln": 120}, FALLS, {120: "001", 100: "112", 80: "223"}),
    ("Anemia", "g/dL", {"lln": 12}, FALLS, {12: "001", 10: "112", 8: "223"}),
    ("Anemia", "mmol/L", {"lln": 7.4}, FALLS, {7.4: "001", 6.2: "112", 4.9: "223"}),
    ("Hemoglobin increased", "g/L", {"uln": 160}, RISES, {160: "001", 180: "112", 200: "223"}),
    ("Hemoglobin increased", "g/dL", {"uln": 16}, RISES, {16: "001", 18: "112", 20: "223"}),
    (ALT, "U/L", {"uln": 40}, RISES, {40: "001", 120: "112", 200: "223", 800: "334"}),
    (AST, "IU/L", {"uln": 40}, RISES, {40: "001", 120: "112", 200: "223", 800: "334"}),
    (AST, "ukat/L", {"uln": 0.6}, RISES, {0.6: "001", 1.8: "112", 3: "223", 12: "334"}),
    # Baseline 80: 1.5 x = 120 (included), 3 x = 240, 5 x = 400, 20 x = 1600.
    (ALT, "U/L", high(80, 40), RISES, {120: "011", 240: "112", 400: "223", 1600: "334"}),
    (ALP, "U/L", {"uln": 40}, RISES, {40: "001", 100: "112", 200: "223", 800: "334"}),
    (ALP, "U/L", high(80, 40), RISES, {160: "011", 200: "112", 400: "223", 1600: "334"}),
    (GGT, "U/L", {"uln": 40}, RISES, {40: "001", 100: "112", 200: "223", 800: "334"}),
    (GGT, "U/L", high(80, 40), RISES, {160: "011", 200: "112", 400: "223", 1600: "334"}),
    (BILI, "umol/L", {"uln": 20}, RISES, {20: "001", 30: "112", 60: "223", 200: "334"}),
    (BILI, "mg/dL", {"uln": 1.2}, RISES, {1.2: "001", 1.8: "112", 3.6: "223", 12: "334"}),
    (BILI, "umol/L", high(40, 20), RISES, {40: "001", 60: "112", 120: "223", 400: "334"}),
    ("Creatinine increased", "umol/L", {"uln": 100, "baseline": 100}, RISES,
     {100: "001", 150: "112", 300: "223", 600: "334"}),
    ("Creatinine increased", "umol/L", {"uln": 100, "baseline": 200}, RISES,
     {100: "001", 150: "112", 300: "223", 600: "334"}),
    # Baseline 50, ULN 100: 75 is 1.5 x baseline, 150 is 3 x, in an abnormal baseline or not.
    ("Creatinine increased", "umol/L", {"uln": 100, "baseline": 50}, RISES, {75: "002", 150: "223", 600: "334"}),
    ("CPK increased", "U/L", {"uln": 40}, RISES, {40: "001", 100: "112", 200: "223", 400: "334"}),
    ("Lipase increased", "U/L", {"uln": 40} | COLD, RISES, {40: "001", 60: "112", 80: "222", 200: "223"}),
    ("Lipase increased", "U/L", {"uln": 40} | ILL, RISES, {40: "001", 60: "112", 80: "223", 200: "334"}),
    ("Serum amylase increased", "U/L", {"uln": 40} | COLD, RISES, {40: "001", 60: "112", 80: "222", 200: "223"}),
    ("Serum amylase increased", "U/L", {"uln": 40} | ILL, RISES, {40: "001", 60: "112", 80: "223", 200: "334"}),
    ("Blood lactate dehydrogenase increased", "U/L", {"uln": 250}, RISES, {250: "001", 5000: "111"}),
    ("Haptoglobin decreased", "g/L", {"lln": 0.3}, FALLS, {0.3: "001", 0.01: "111"}),
    ("Hyperuricemia", "umol/L", {"uln": 400} | COLD, RISES, {400: "001", 2000: "111"}),
    ("Hyperuricemia", "mg/dL", {"uln": 7} | ILL, RISES, {7: "003"}),
    ("Hypoalbuminemia", "g/L", {"lln": 35}, FALLS, {35: "001", 30: "112", 20: "223"}),
    ("Hypoalbuminemia", "g/dL", {"lln": 3.5}, FALLS, {3.5: "001", 3: "112", 2: "223"}),
    # LLN 2: 0.75 x = 1.5, 0.5 x = 1; 0.25 x is the absolute 0.5 g/L (50 mg/dL). No fall from baseline to speak of.
    ("Fibrinogen decreased", "g/L", {"lln": 2, "pct_change": -1}, FALLS, {2: "001", 1.5: "112", 1: "223", 0.5: "334"}),
    ("Fibrinogen decreased", "mg/dL", {"lln": 200, "pct_change": -1}, FALLS,
     {200: "001", 150: "112", 100: "223", 50: "334"}),
    ("Fibrinogen decreased", "g/L", {"lln": 3, "pct_change": -1}, FALLS, {0.75: "334"}),  # 0.25 x LLN
    ("Fibrinogen decreased", "g/L", {"lln": 1.2, "pct_change": -1}, FALLS, {0.6: "223", 0.5: "334"}),
    # LLN 4, baseline 4: 25 % less is 3 (included), 50 % is 2, 75 % is 1; the multiples of the LLN lie a step below.
    ("Fibrinogen decreased", "g/L", {"lln": 4, "baseline": 4}, FALLS, {4: "001", 3: "122", 2: "233", 1: "344"}),
    ("Fibrinogen decreased", "g/L", {"lln": 1, "baseline": 8}, FALLS, {1: "004"}),  # 2 is 75 % less, but normal
    ("Activated partial thromboplastin time prolonged", "s", {"uln": 40}, RISES, {40: "001", 60: "112", 100: "223"}),
    ("INR increased", "ratio", {}, RISES, {1.2: "001", 1.5: "112", 2.5: "223"}),
    ("INR increased", "", {"baseline": 1.0, "anticoagulated": True}, RISES, {1: "001", 1.5: "112", 2.5: "223"}),
    ("INR increased", "", {"baseline": 0.9, "anticoagulated": True}, RISES, {0.9: "001", 1.35: "112", 2.25: "223"}),
    ("INR increased", "", {"baseline": 2.0, "anticoagulated": True}, RISES, {1.2: "001", 1.5: "112", 2.5: "223"}),
    ("Hyponatremia", "mmol/L", {"lln": 135} | COLD, FALLS, {135: "001", 130: "112", 125: "223", 120: "334"}),
    ("Hyponatremia", "mEq/L", {"lln": 135} | ILL, FALLS, {135: "001", 130: "113", 125: "333", 120: "334"}),
    ("Hypernatremia", "mmol/L", {"uln": 145}, RISES, {145: "001", 150: "112", 155: "223", 160: "334"}),
    ("Hypokalemia", "mmol/L", {"lln": 3.5} | COLD, FALLS, {3.5: "001", 3: "113", 2.5: "334"}),
    ("Hypokalemia", "mmol/L", {"lln": 3.5} | ILL, FALLS, {3.5: "002", 3: "223", 2.5: "334"}),
    ("Hyperkalemia", "mmol/L", {"uln": 5}, RISES, {5: "001", 5.5: "112", 6: "223", 7: "334"}),
    ("Hypercalcemia", "mmol/L", {"uln": 2.6}, RISES, {2.6: "001", 2.9: "112", 3.1: "223", 3.4: "334"}),
    ("Hypercalcemia", "mg/dL", {"uln": 10.5}, RISES, {10.5: "001", 11.5: "112", 12.5: "223", 13.5: "334"}),
    ("Hypocalcemia", "mmol/L", {"lln": 2.1}, FALLS, {2.1: "001", 2: "112", 1.75: "223", 1.5: "334"}),
    ("Hypocalcemia", "mg/dL", {"lln": 8.5}, FALLS, {8.5: "001", 8: "112", 7: "223", 6: "334"}),
    ("Hypercalcemia (Ionized)", "mmol/L", {"uln": 1.3}, RISES, {1.3: "001", 1.5: "112", 1.6: "223", 1.8: "334"}),
    ("Hypercalcemia (Ionized)", "mg/dL", {"uln": 5.2}, RISES, {5.2: "001", 6: "112", 6.4: "223", 7.2: "334"}),
    ("Hypocalcemia (Ionized)", "mmol/L", {"lln": 1.15}, FALLS, {1.15: "001", 1: "112", 0.9: "223", 0.8: "334"}),
    ("Hypocalcemia (Ionized)", "mg/dL", {"lln": 4.6}, FALLS, {4.6: "001", 4: "112", 3.6: "223", 3.2: "334"}),
    ("Hypermagnesemia", "mmol/L", {"uln": 1}, RISES, {1: "001", 1.23: "113", 3.3: "334"}),
    ("Hypermagnesemia", "mg/dL", {"uln": 2.4}, RISES, {2.4: "001", 3: "113", 8: "334"}),
    ("Hypomagnesemia", "mmol/L", {"lln": 0.7}, FALLS, {0.7: "001", 0.5: "112", 0.4: "223", 0.3: "334"}),
    ("Hypomagnesemia", "mg/dL", {"lln": 1.7}, FALLS, {1.7: "001", 1.2: "112", 0.9: "223", 0.7: "334"}),
    ("Hypoglycemia", "mmol/L", {"lln": 3.9}, FALLS, {3.9: "001", 3: "112", 2.2: "223", 1.7: "334"}),
    ("Hypoglycemia", "mg/dL", {"lln": 70}, FALLS, {70: "001", 55: "112", 40: "223", 30: "334"}),
    ("Hypertriglyceridemia", "mmol/L", {}, RISES, {1.71: "011", 3.42: "112", 5.7: "223", 11.4: "334"}),
    ("Hypertriglyceridemia", "mg/dL", {}, RISES, {150: "011", 300: "112", 500: "223", 1000: "334"}),
    ("Cholesterol high", "mmol/L", {"uln": 5.2}, RISES, {5.2: "001", 7.75: "112", 10.34: "223", 12.92: "334"}),
    ("Cholesterol high", "mg/dL", {"uln": 200}, RISES, {200: "001", 300: "112", 400: "223", 500: "334"}),
    # Baseline 430: more than 490 is more than 60 ms above it.
    ("Electrocardiogram QT corrected interval prolonged", "ms", {"baseline": 460}, RISES,
     {450: "011", 480: "112", 500: "223"}),
    ("Electrocardiogram QT corrected interval prolonged", "ms", {"baseline": 430}, RISES, {480: "112", 490: "223"}),
    ("Ejection fraction decreased", "%", {"baseline": 50}, FALLS, {50: "022", 40: "223", 20: "334"}),
    ("Ejection fraction decreased", "%", {"baseline": 72}, FALLS, {62: "022", 52: "233", 20: "334"}),
    ("Fever", "degC", {}, RISES, {38: "011", 39: "112"}),
]  # fmt: skip
LIMITS_6 = [
    (NEUT, "10^9/L", {"lln": 2}, FALLS, {2: "000", 1.5: "001", 1: "112", 0.5: "223", 0.1: "334"}),
    (NEUT, "/mm3", {}, FALLS, {1500: "001", 1000: "112", 500: "223", 100: "334"}),
    (PLAT, "10^9/L", {"lln": 125}, FALLS, {125: "001", 75: "112", 50: "223", 10: "334"}),
    ("Thrombocytopenia", "/mm3", {"lln": 125e3}, FALLS, {125e3: "001", 75e3: "112", 50e3: "223", 10e3: "334"}),
    (ALT, "U/L", {"uln": 40}, RISES, {40: "001", 120: "112", 200: "223", 800: "334"}),
    # Baseline 80: from 80 (included), above 1.5 x = 120, 2 x = 160, 4 x = 320.
    (ALT, "U/L", high(80, 40), RISES, {80: "011", 120: "112", 160: "223", 320: "334"}),
    (AST, "U/L", high(80, 40), RISES, {80: "011", 120: "112", 160: "223", 320: "334"}),
    (ALP, "U/L", {"uln": 40, "baseline": 30}, RISES, {40: "001", 4000: "111"}),
    (ALP, "U/L", {"uln": 40, "baseline": 90}, RISES, {40: "000", 90: "001"}),
    (GGT, "U/L", {"uln": 40}, RISES, {40: "001", 100: "112", 200: "223", 800: "334"}),
    (GGT, "U/L", high(80, 40), RISES, {80: "011", 120: "112", 240: "223", 800: "334"}),
    (BILI, "umol/L", {"uln": 20}, RISES, {20: "001", 30: "112", 60: "223", 200: "334"}),
    (BILI, "umol/L", high(40, 20), RISES, {40: "011", 60: "112", 100: "223", 400: "334"}),
    # The baseline counts only below the LLN: at LLN 45 that of 40 does, that of 50 does not.
    ("Creatinine increased", "umol/L", {"lln": 45, "uln": 100, "baseline": 40}, RISES,
     {60: "002", 120: "223", 600: "334"}),
    ("Creatinine increased", "umol/L", {"lln": 45, "uln": 100, "baseline": 50}, RISES,
     {75: "000", 100: "001", 150: "112", 300: "223", 600: "334"}),
    ("Creatinine increased", "umol/L", {"lln": 45, "uln": 100, "baseline": 45}, RISES, {67.5: "000", 135: "111"}),
    ("Lipase increased", "U/L", {"uln": 40} | COLD, RISES, {40: "001", 60: "112", 120: "222", 200: "223"}),
    ("Lipase increased", "U/L", {"uln": 40} | ILL, RISES, {40: "001", 60: "112", 120: "223", 200: "334"}),
    ("Serum amylase increased", "U/L", {"uln": 40} | COLD, RISES, {40: "001", 60: "112", 80: "222", 200: "223"}),
    ("Hyponatremia", "mmol/L", {"lln": 135} | COLD, FALLS, {135: "001", 130: "112", 125: "223", 120: "334"}),
    ("Hyponatremia", "mmol/L", {"lln": 135} | ILL, FALLS, {135: "001", 130: "113", 125: "333", 120: "334"}),
    ("Hyperglycemia", "mmol/L", {"uln": 6.1}, RISES, {27.8: "334"}),
    ("Hyperglycemia", "mg/dL", {"uln": 110}, RISES, {500: "334"}),
    ("Hyperglycemia (Fasting)", "mmol/L", {"uln": 6.1}, RISES, {6.1: "001", 8.9: "112", 13.9: "223", 27.8: "334"}),
    ("Hyperglycemia (Fasting)", "mg/dL", {"uln": 110}, RISES, {110: "001", 160: "112", 250: "223", 500: "334"}),
]  # fmt: skip
ROWS = [("5.0", *row) for row in LIMITS_5] + [("6.0", *row) for row in LIMITS_6]


def around(limit, worse):
    """One step of 0.2 % to each side."""
    step = worse * limit * 0.002
    return limit - step, limit, limit + step


@pytest.mark.parametrize(("version", "term", "unit", "known", "worse", "limits"), ROWS)
def test_each_limit_and_one_step_to_each_side(version, term, unit, known, worse, limits):
    for limit, expected in limits.items():
        found = [grade(term, value, unit, version=version, **known).grade for value in around(limit, worse)]
        assert found == [int(one) for one in expected], limit


@pytest.mark.parametrize(("version", "term", "unit", "known", "worse", "limits"), ROWS)
def test_many_values_are_graded_as_one(version, term, unit, known, worse, limits):
    values = [value for limit in limits for value in around(limit, worse)]
    known = {"baseline_high": False, "anticoagulated": False} | known
    found = grades(pd.DataFrame({"term": term.upper(), "unit": unit, "value": values} | known), version=version)
    assert found["grade"].tolist() == [int(one) for expected in limits.values() for one in expected]
    assert set(found["scale"]) == {f"CTCAE {version}"} and set(found["code"]) == {""}


def test_every_published_limit_is_in_the_table_above():
    """By term and by the steps that the unit's limits make."""
    for version in ("5.0", "6.0"):
        seen = {(row[1].casefold(), grade_steps(version, row[1], row[2])) for row in ROWS if row[0] == version}
        for name, term in terms(version).items():
            if version == "5.0" or term is not terms("5.0").get(name):
                assert {(name, limits.steps) for limits in term.limits.values()} <= seen, name


def grade_steps(version, term, unit):
    return terms(version)[term.casefold()].limits[ctcae.spelled(unit)].steps


def test_what_6_0_words_as_5_0_is_graded_as_in_5_0():
    for version in ("5.0", "6.0"):
        assert grade("Anemia", 79, "g/L", version=version).grade == 3
        assert grade("Hypoglycemia", 39, "mg/dL", version=version).grade == 3
        assert grade("Fever", 39.1, "degC", version=version).grade == 2
    assert source("6.0") != source("5.0")


def test_published_example_persona_of_the_hl7_fhir_guide_on_ctc_adverse_events():
    """ "Marsha C.": WBC 2.0, ANC 0.70, Hgb 9.0, baseline within normal limits; CTCAE 5.0 grades 2, 3, 2."""
    assert grade("White blood cell decreased", 2.0, "10*9/L", lln=4).grade == 2
    assert grade(NEUT, 0.70, "10*9/L", lln=2).grade == 3
    assert grade("Anemia", 9.0, "g/dL", lln=12).grade == 2


@pytest.mark.parametrize(
    ("term", "value", "unit", "known", "ours", "admiral"),
    [
        ("Hyponatremia", 129, "mmol/L", {"lln": 135}, (2, 3), 3),  # "every value <= 129 is grade 3"
        ("Hypokalemia", 3.2, "mmol/L", {"lln": 3.5}, (1, 2), 2),  # "no grade 1, < LLN is grade 2"
        ("Hyperuricemia", 401, "umol/L", {"uln": 400}, (1, 3), 3),  # "every value > ULN is grade 3"
        ("INR increased", 1.1, "ratio", {"baseline": 1.0, "anticoagulated": None}, (0, 1), 1),
    ],
)
def test_where_admiral_takes_the_worst_case_it_is_the_upper_end_of_our_range(term, value, unit, known, ours, admiral):
    """admiral 1.5.0.9003 (pharmaverse), ncictcaev5.json: symptoms, and anticoagulation, are assumed for everyone."""
    assert bounds(term, value, unit, **known) == (None, *ours) and ours[1] == admiral


def test_where_admiral_departs_from_the_published_limits():
    """admiral 1.5.0.9003: its sodium of 129.5 is grade 1, where the text has 130 - 125 as 2; its triglycerides of 150
    mg/dL are 0, where the text begins at 150."""
    assert grade("Hyponatremia", 129.5, "mmol/L", lln=135, symptomatic=False).grade == 2
    assert grade("Hypertriglyceridemia", 150, "mg/dL").grade == 1


# ---- what is missing -------------------------------------------------------------------------------------------------
def bounds(*args, **known):
    found = grade(*args, **known)
    return found.grade, found.low, found.high


def test_what_is_missing_gives_a_range_and_is_named():
    assert bounds("Lipase increased", 100, "U/L", uln=40) == (None, 2, 3)  # 2.5 x ULN: with symptoms grade 3
    assert grade("Lipase increased", 100, "U/L", uln=40).reason == "not known: symptoms"
    assert bounds(ALT, 300, "U/L") == (None, 0, 4)
    assert "upper limit of normal" in grade(ALT, 300, "U/L").reason
    # 300 is above 5 x ULN; of an abnormal baseline it could be less. 40 is normal whatever the baseline was.
    assert bounds(ALT, 300, "U/L", uln=40, baseline_high=None) == (None, 0, 3)
    assert bounds(ALT, 40, "U/L", uln=40, baseline_high=None) == (0, 0, 0)
    assert bounds(PLAT, 24, "10^9/L") == (4, 4, 4)  # no range needed
    assert bounds(PLAT, 80, "10^9/L") == (None, 0, 1)
    assert bounds("Hyperuricemia", 500, "umol/L", uln=400) == (None, 1, 3)
    assert bounds("Hyponatremia", 128, "mmol/L") == (None, 2, 3)
    assert bounds("Hypokalemia", 3.2, "mmol/L", lln=3.5) == (None, 1, 2)


def test_both_ways_that_agree_need_no_answer():
    """Baseline 41 at a ULN that is not known: 300 is above 5 x ULN 40 and above 5 x 41; in 6.0 above 4 x 41 too."""
    assert bounds(ALT, 300, "U/L", uln=40, baseline=41, baseline_high=None) == (3, 3, 3)
    assert bounds(ALT, 300, "U/L", uln=40, baseline=41, baseline_high=None, version="6.0") == (None, 3, 4)


def test_an_abnormal_baseline_of_6_0_has_the_lower_limits():
    """85 is 2.1 x ULN: grade 1 of a normal baseline; of one just above 40 it is more than 2 x, grade 3."""
    assert bounds(ALT, 85, "U/L", uln=40, baseline_high=None, version="6.0") == (None, 0, 3)
    assert grade(ALT, 85, "U/L", uln=40, baseline_high=None, version="6.0").missing == ("baseline",)


def test_inr_without_knowledge_of_anticoagulation():
    assert bounds("INR increased", 1.1, "", baseline=1.0, anticoagulated=None) == (None, 0, 1)
    assert bounds("INR increased", 1.0, "", baseline=1.0, anticoagulated=None) == (0, 0, 0)
    assert grade("INR increased", 1.1, "", anticoagulated=None).missing == ("anticoagulated", "baseline")


def test_how_long_and_whether_fasting_are_never_assumed():
    assert bounds("Fever", 40.0, "degC") == (2, 2, 2)
    assert bounds("Fever", 40.1, "degC") == (None, 3, 4)
    assert grade("Fever", 40.1, "degC").missing == ("duration",)
    assert grade("Hyperglycemia", 10, "mmol/L", uln=6.1, version="6.0").missing == ("fasting",)


@pytest.mark.parametrize(
    ("unit", "uln", "limits"), [("mmol/L", 6.1, (6.1, 8.9, 13.9, 27.8)), ("mg/dL", 110, (110, 160, 250, 500))]
)
def test_a_glucose_not_known_to_be_fasting_has_no_sure_grade_1_or_2_in_6_0(unit, uln, limits):
    found = [bounds("Hyperglycemia", value, unit, uln=uln, version="6.0")[1:]
             for limit in limits for value in around(limit, RISES)[1:]]  # fmt: skip
    assert found == [(0, 0), (0, 1), (0, 1), (0, 2), (0, 2), (3, 3), (3, 3), (4, 4)]


def test_symptoms_alone_do_not_say_that_they_are_moderate():
    """CTCAE 6.0, amylase 2.5 x ULN: mild signs leave it at grade 2; above 5 x ULN any make it grade 4."""
    amylase = "Serum amylase increased"
    found = [bounds(amylase, value, "U/L", uln=40, symptomatic=True, version="6.0")[1:] for value in (80, 81, 200, 201)]
    assert found == [(2, 2), (2, 3), (2, 3), (4, 4)]


@pytest.mark.parametrize("term", ["Hyperglycemia", "Hypophosphatemia", "Hyperphosphatemia"])
def test_a_term_without_limits_by_value_has_no_grade_and_not_grade_0(term):
    found = grade(term, 5.0, "mmol/L", lln=3.9, uln=6.1)
    assert (found.grade, found.low, found.high, found.code) == (None, None, None, "not_by_value")


@pytest.mark.parametrize("term", ["Lymphocyte count decreased", "CPK increased", "Ejection fraction decreased"])
def test_a_term_whose_6_0_wording_is_not_at_hand_is_not_graded_by_5_0(term):
    found = grade(term, 0.1, "10^9/L", lln=1, uln=40, version="6.0")
    assert (found.grade, found.low, found.high, found.code) == (None, None, None, "no_source")
    assert found.scale == "CTCAE 6.0" and "6.0" in found.reason
    assert ctcae.reachable(term, "6.0") == 0


@pytest.mark.parametrize("unit", [None, "", "%", "furlong"])
def test_an_unknown_unit_is_never_guessed(unit):
    found = grade(NEUT, 0.1, unit, lln=2)
    assert (found.grade, found.low, found.high) == (None, None, None)
    assert "unit" in found.reason


@pytest.mark.parametrize("value", [None, math.nan, pd.NA])
def test_no_value_is_no_grade(value):
    found = grade("Anemia", value, "g/L")
    assert (found.grade, found.low, found.high, found.reason) == (None, None, None, "no value")


def test_an_unknown_term_or_version_is_an_error():
    for term, version in (("Happiness decreased", "5.0"), ("Anemia", "4.03"), ("Thrombocytopenia", "5.0")):
        with pytest.raises(KeyError):
            grade(term, 1, "g/L", version=version)
    with pytest.raises(KeyError, match="nan"):
        grades(pd.DataFrame({"term": [math.nan], "value": [1.0], "unit": ["g/L"]}))


def test_limits_in_two_units_are_not_mixed():
    """39.9 mg/dL is below 40, grade 3; as 2.21 mmol/L it would not be below 2.2."""
    assert grade("Hypoglycemia", 39.9, "mg/dL", lln=70).grade == 3
    assert grade("Hypoglycemia", 2.21, "mmol/L", lln=3.9).grade == 2


# ---- a result that is a limit ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("qualifier", "value", "low", "high"),
    [
        ("<", 0.5, 4, 4),  # all of it is below 0.5
        ("<=", 0.5, 3, 4),
        ("<", 0.6, 3, 4),
        (">", 1.5, 0, 1),  # the LLN is 2
        (">=", 2, 0, 0),
        (">", 0.2, 0, 4),
    ],
)
def test_a_result_that_is_a_limit_is_graded_as_all_that_it_can_be(qualifier, value, low, high):
    found = grade(NEUT, value, "10^9/L", lln=2, qualifier=qualifier)
    assert (found.low, found.high) == (low, high)
    assert found.missing == (() if low == high else ("limit",))


def test_an_unknown_sign_before_a_value_is_refused():
    with pytest.raises(ValueError, match="qualifier: '~'"):
        grade(NEUT, 1, "10^9/L", qualifier="~")


def test_an_infinite_value_is_above_every_limit():
    assert grade(ALT, math.inf, "U/L", uln=40).grade == 4
    assert grade("Ejection fraction decreased", math.inf, "%", baseline=60).grade == 0


# ---- properties ------------------------------------------------------------------------------------------------------
GRADABLE = sorted({(version, *row) for version in ("5.0", "6.0") for row in (
    (name, unit) for name, term in terms(version).items() for unit in term.limits)})  # fmt: skip
amounts = st.floats(0.01, 1000)
flags = st.sampled_from([True, False, None])
KNOWN = st.fixed_dictionaries({
    "lln": amounts, "uln": amounts, "baseline": amounts, "symptomatic": flags, "anticoagulated": flags,
}).map(lambda known: known | {"baseline_high": known["baseline"] > known["uln"]})  # fmt: skip
LOSABLE = ["lln", "uln", "baseline", "baseline_high", "symptomatic", "anticoagulated"]


def rises(term):
    return not term.startswith(("hypo", "anemia", "thrombo")) and "decreased" not in term


@settings(max_examples=300)
@given(which=st.sampled_from(GRADABLE), values=st.tuples(amounts, amounts), known=KNOWN)
def test_a_worse_value_never_lowers_the_grade(which, values, known):
    version, term, unit = which
    better, worse = sorted(values, reverse=not rises(term))
    first, second = (grade(term, one, unit, version=version, **known) for one in (better, worse))
    assert first.low <= second.low and first.high <= second.high


@settings(max_examples=300)
@given(
    which=st.sampled_from(GRADABLE),
    value=amounts,
    known=KNOWN,
    lost=st.sets(st.sampled_from(LOSABLE)),
)
def test_what_is_lost_only_widens_the_range(which, value, known, lost):
    """An unknown never becomes 0: every grade that was possible still is."""
    version, term, unit = which
    full = grade(term, value, unit, version=version, **known)
    less = grade(term, value, unit, version=version, **(known | dict.fromkeys(lost)))
    assert less.low <= full.low and less.high >= full.high


@settings(max_examples=200)
@given(value=amounts, lln=amounts, term=st.sampled_from([NEUT, PLAT, "White blood cell decreased"]))
def test_counts_per_litre_and_per_cubic_millimetre_have_one_grade(value, lln, term):
    by_litre = grade(term, value, "10^9/L", lln=lln)
    assert by_litre.grade is not None
    for unit in ("/mm3", "10^3/mL", "10^6/L"):
        assert grade(term, value * 1000, unit, lln=lln * 1000) == by_litre


@settings(max_examples=200)
@given(uln=amounts, factor=st.sampled_from([1, 3, 5, 20]), shift=st.floats(1e-6, 1e6))
def test_a_multiple_of_a_limit_is_on_the_limit_in_any_unit(uln, factor, shift):
    """3 x 0.1 is not above 0.3, and a change of unit does not make it so."""
    expected = {1: 0, 3: 1, 5: 2, 20: 3}[factor]
    assert grade(ALT, uln * factor, "U/L", uln=uln).grade == expected
    assert grade(ALT, uln * factor * shift, "U/L", uln=uln * shift).grade == expected


# ---- many values -----------------------------------------------------------------------------------------------------
def test_rows_keep_their_index_and_what_is_not_known_is_not_0():
    rows = pd.DataFrame(
        {
            "term": [ALT, ALT, PLAT, "Hyperglycemia", "Anemia"],
            "value": [300, 40, np.nan, 20, 70],
            "unit": ["U/L", "U/L", "10^9/L", "mmol/L", None],
            "uln": [40, 40, np.nan, 6.1, np.nan],
        },
        index=[7, 7, 3, 2, 9],
    )
    found = grades(rows)
    assert found.index.tolist() == [7, 7, 3, 2, 9]
    assert found["code"].tolist() == ["lacking", "", "no_value", "not_by_value", "no_unit"]
    assert found["grade"].isna().tolist() == [True, False, True, True, True]
    # No column of the baseline: it is not known whether it was abnormal.
    assert found[["low", "high"]].iloc[0].tolist() == [0, 3] and found["missing"].iloc[0] == ("baseline",)
    assert found[["low", "high"]].iloc[2:].isna().all(axis=None)


def any_results(number):
    """Rows of every gradable term of 5.0, of which nearly every cell may be empty."""
    draw = np.random.default_rng(20261128)
    which = [(term, unit) for version, term, unit in GRADABLE if version == "5.0"]
    rows = pd.DataFrame([which[one] for one in draw.integers(len(which), size=number)], columns=["term", "unit"])
    for name in ("value", "lln", "uln", "baseline", "pct_change"):
        amount = draw.lognormal(1, 2, number) * (-1 if name == "pct_change" else 1)
        rows[name] = np.where(draw.random(number) < 0.2, np.nan, amount)
    for name in ("baseline_high", "symptomatic", "anticoagulated"):
        rows[name] = draw.choice(np.array([True, False, None], object), number)
    return rows.assign(qualifier=draw.choice(np.array([None, "<", ">="], object), number, p=[0.8, 0.1, 0.1]))


@pytest.mark.parametrize("version", ["5.0", "6.0"])
def test_rows_with_anything_missing_are_graded_as_one_value_is(version):
    rows = any_results(600)
    ones = [grade(**row, version=version) for row in rows.to_dict("records")]
    found = grades(rows, version=version)
    for name in ("grade", "low", "high"):
        assert found[name].tolist() == [pd.NA if one is None else one for one in (getattr(g, name) for g in ones)]
    assert found["code"].tolist() == [one.code for one in ones]
    assert found["missing"].tolist() == [one.missing for one in ones]
    assert set(found["scale"]) == {one.scale for one in ones} == {f"CTCAE {version}"}


def test_sixty_thousand_results_are_graded_within_a_second():
    rows = any_results(60_000)
    began = time.process_time()
    grades(rows)
    assert time.process_time() - began < 1


def test_no_rows_give_no_rows():
    assert grades(pd.DataFrame({"term": [], "value": [], "unit": []})).empty


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="unit"):
        grades(pd.DataFrame({"term": [], "value": []}))


# ---- parts -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["x", "x<LLN<ULN", "x<-1*LLN", "print(x)", "not x<LLN", "x<LLN*2"])
def test_what_is_no_criterion_is_refused(text):
    if text == "x":
        assert rule(text)({"x": 1}) == 1  # a flag
    else:
        with pytest.raises(ValueError, match="not a"):
            rule(text)


def test_calcium_corrected_for_albumin():
    """2.0 mmol/L at 30 g/L: 0.02 x 10 more; 8.0 mg/dL at 3.0 g/dL: 0.8 more."""
    assert calcium.corrected(2.0, 30) == pytest.approx(2.2)
    assert calcium.corrected(8.0, 3.0, "mg/dL") == pytest.approx(8.8)
    assert math.isnan(calcium.corrected(2.0, None)) and math.isnan(calcium.corrected(None, 30))
    with pytest.raises(KeyError):
        calcium.corrected(2.0, 30, "mEq/L")


@pytest.mark.parametrize("version", ["5.0", "6.0"])
def test_which_way_a_term_grades_is_known(version):
    """By their names: what is decreased or hypo- grades low values, what is increased or hyper- high ones."""
    for term in ("Neutrophil count decreased", "Anemia", "Hypokalemia", "Fibrinogen decreased", "Hypocalcemia"):
        assert ctcae.grades_low(term, version)
    for term in ("Alanine aminotransferase increased", "Hyperkalemia", "Creatinine increased", "INR increased"):
        assert not ctcae.grades_low(term, version)
