"""Units: every factor against published molar masses and textbook pairs, every spelling of one unit as one."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.units import Measurand, measurands, spelled

# Molar masses in g/mol: CRC Handbook of Chemistry and Physics, IUPAC standard atomic weights.
MOLAR_MASS = {
    "GLUC": 180.156,
    "CREAT": 113.118,
    "BILI": 584.66,
    "BILDIR": 584.66,
    "UREA": 60.056,
    "UREAN": 28.014,  # two nitrogen atoms
    "URATE": 168.11,
    "CHOL": 386.65,
    "TRIG": 885.4,
    "CA": 40.078,
    "MG": 24.305,
    "PHOS": 30.974,
}

# number, unit as written -> number in the store's unit. Sources: AMA Manual of Style, 11th ed., SI conversion table;
# Tietz, appendix of reference information; what is a power of ten is worked out by hand.
PAIRS = [
    ("GLUC", 90, "mg/dL", 4.9957, "mmol/L"),
    ("CREAT", 1.0, "mg/dL", 88.4, "umol/L"),
    ("CREAT", 0.0884, "mmol/L", 88.4, "umol/L"),
    ("BILI", 1.0, "mg/dL", 17.1, "umol/L"),
    ("UREAN", 14, "mg/dL", 5.0, "mmol/L"),
    ("UREA", 30, "mg/dL", 4.995, "mmol/L"),
    ("URATE", 6.0, "mg/dL", 356.9, "umol/L"),
    ("CHOL", 200, "mg/dL", 5.17, "mmol/L"),
    ("TRIG", 150, "mg/dL", 1.695, "mmol/L"),
    ("CA", 10.0, "mg/dL", 2.495, "mmol/L"),
    ("CA", 5.0, "mEq/L", 2.5, "mmol/L"),
    ("MG", 2.0, "mg/dL", 0.823, "mmol/L"),
    ("PHOS", 3.5, "mg/dL", 1.13, "mmol/L"),
    ("SODIUM", 140, "mEq/L", 140, "mmol/L"),
    ("HGB", 13.5, "g/dL", 135, "g/L"),
    ("HGB", 8.0, "mmol/L", 128.9, "g/L"),
    ("ALB", 4.0, "g/dL", 40, "g/L"),
    ("CRP", 1, "mg/dL", 10, "mg/L"),
    ("CRP", 12, "ug/mL", 12, "mg/L"),
    ("FIBRINO", 250, "mg/dL", 2.5, "g/L"),
    ("FERRITIN", 1500, "ng/mL", 1500, "ug/L"),
    ("PCT", 0.5, "ng/mL", 0.5, "ug/L"),
    ("IL6", 2, "ng/mL", 2000, "pg/mL"),
    ("IL6", 7, "ng/L", 7, "pg/mL"),
    ("ALT", 1.0, "ukat/L", 60, "U/L"),
    ("AST", 40, "IU/L", 40, "U/L"),
    ("NEUT", 1500, "/uL", 1.5, "10^9/L"),
    ("NEUT", 1500, "cells/uL", 1.5, "10^9/L"),
    ("NEUT", 1500, "10^6/L", 1.5, "10^9/L"),
    ("PLAT", 150, "10^3/uL", 150, "10^9/L"),
    ("PLAT", 150, "K/uL", 150, "10^9/L"),
    ("WBC", 4.5, "GI/L", 4.5, "10^9/L"),
    ("RBC", 4.5, "10^6/uL", 4.5, "10^12/L"),
    ("CD4", 0.35, "10^9/L", 350, "cells/uL"),
    ("HCT", 0.42, "FRACTION OF 1", 42, "%"),
    ("TEMP", 98.6, "F", 37.0, "C"),
    ("TEMP", 100.4, "°F", 38.0, "C"),
    ("TEMP", 37.5, "℃", 37.5, "C"),
    ("SYSBP", 16, "kPa", 120.0, "mmHg"),
    ("WEIGHT", 154, "LB", 69.85, "kg"),
    ("HEIGHT", 70, "in", 177.8, "cm"),
    ("CARCOPYV", 5000, "copies/mL", 5, "copies/uL"),
]

# What laboratories write for one unit, Chinese ones included. The last column is the unit of the store.
SPELLINGS = {
    "NEUT": (
        "10^9/L", "x10^9/L", "X10^9/L", "×10^9/L", "×10⁹/L", "10⁹/L", "10*9/L", "10**9/L", "*10^9/L", "10E9/L",
        "x10E9/L", "10e+09/L", "10^9 / L", "10^9/l", "１０＾９／Ｌ", "x 10^9/L", "G/L",
    ),
    "RBC": ("10^12/L", "x10^12/L", "×10¹²/L", "10*12/L", "10E12/L", "T/L"),
    "CREAT": ("umol/L", "µmol/L", "μmol/L", "UMOL/L", "umol/l", " umol/L ", "ｕｍｏｌ／Ｌ"),
    "CD4": ("cells/uL", "cells/µL", "CELLS/UL", "/uL", "/mm3", "cells/mm³"),
    "FERRITIN": ("ug/L", "µg/L", "μg/L", "ng/mL", "NG/ML", "ng/ml"),
    "ALT": ("U/L", "IU/L", "u/l", "Iu/L"),
    "PULSE": ("beats/min", "BEATS/MIN", "bpm", "/min"),
    "INR": ("", "1", "ratio", "INR"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "number", "unit", "wanted", "store"), PAIRS)
def test_textbook_pairs(code, number, unit, wanted, store):
    test = measurands()[code]
    assert test.unit == store
    assert test.convert(number, unit) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize(("code", "mass"), MOLAR_MASS.items())
def test_mass_becomes_amount_by_the_molar_mass(code, mass):
    """1 mg/dL is 10 mg/L, which is 10 / mass mmol/L."""
    test = measurands()[code]
    wanted = 10 / mass * (1000 if test.unit == "umol/L" else 1)
    assert test.convert(1, "mg/dL") == pytest.approx(wanted, rel=2e-4)


@pytest.mark.parametrize(("code", "unit"), [(code, unit) for code, units in SPELLINGS.items() for unit in units])
def test_each_spelling_of_the_units_of_the_store_leaves_the_number(code, unit):
    assert measurands()[code].knows(unit)
    assert measurands()[code].convert(3.2, unit) == 3.2


@pytest.mark.parametrize(
    ("code", "number", "unit", "wanted"),
    [("PULSE", 80, "次/分", 80), ("HR", 80, "次/min", 80), ("RESP", 18, "次/分", 18), ("APTT", 31, "秒", 31),
     ("HCT", 0.42, "L/L", 42)],
)  # fmt: skip
def test_units_of_chinese_reports(code, number, unit, wanted):
    assert measurands()[code].convert(number, unit) == wanted


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("NEUT", "%"),  # a share is no count
        ("NEUTLE", "10^9/L"),
        ("LYM", "%"),
        ("LYMLE", "10^9/L"),
        ("NEUT", "10^12/L"),
        ("NEUT", "g/dL"),
        ("CREAT", "mmol"),
        ("CREAT", "g/L"),
        ("CREAT", ""),
        ("TEMP", "K"),
        ("CARCOPY", "copies/uL"),  # of blood, not of DNA
        ("CARCOPYV", "copies/ug"),
    ],
)
def test_another_quantity_is_not_known(code, unit):
    assert not measurands()[code].knows(unit)
    assert measurands()[code].convert(5, unit) is None


@pytest.mark.parametrize(("unit", "spelling"), [("10^6/L", "10^6/l"), ("10*6/L", "10^6/l"), ("10^3/uL", "10^3/ul")])
def test_powers_are_kept_apart(unit, spelling):
    assert spelled(unit) == spelling != spelled("10^9/L")


def test_the_units_of_the_store_are_the_local_si_ones():
    """Settled for the site: creatinine and bilirubin umol/L, glucose mmol/L, Hb g/L, fibrinogen g/L, CRP mg/L."""
    wanted = {"CREAT": "umol/L", "BILI": "umol/L", "GLUC": "mmol/L", "HGB": "g/L", "FIBRINO": "g/L", "CRP": "mg/L"}
    assert {code: measurands()[code].unit for code in wanted} == wanted


def test_every_test_knows_its_own_unit_as_one():
    wrong = [code for code, test in measurands().items() if test.convert(1, test.unit) != 1]
    assert wrong == []


def test_every_possible_range_is_a_range():
    assert all(low < high for low, high in (one.possible for one in measurands().values() if one.possible))


# Worst and best values of living patients that were published or are graded: they must not be withheld.
SEEN = {
    "NEUT": (0, 100), "PLAT": (1, 2000), "WBC": (0, 600), "HGB": (20, 250), "ALT": (3, 15000), "AST": (3, 20000),
    "BILI": (1.7, 1000), "CREAT": (15, 3000), "GLUC": (0.6, 80), "SODIUM": (98, 200), "K": (1.2, 10), "CRP": (0, 700),
    "FIBRINO": (0, 12), "TEMP": (26, 43), "SYSBP": (30, 300), "PULSE": (0, 300), "OXYSAT": (40, 100), "CA": (1, 5),
    "PHOS": (0.1, 6), "ALB": (8, 65), "WEIGHT": (3, 300), "HEIGHT": (45, 230), "LDH": (50, 50000),
}  # fmt: skip


@pytest.mark.parametrize(("code", "extremes"), SEEN.items())
def test_what_was_seen_in_living_patients_is_possible(code, extremes):
    assert all(measurands()[code].can_be(one) for one in extremes)


# A result in the unit that is most often mistaken for the store's.
SLIPS = {"CREAT": 0.9, "PLAT": 150_000, "TEMP": 98.6, "HGB": 13.5, "GLUC": 90, "BILI": 0.6, "CA": 9.4, "WBC": 4500}


@pytest.mark.parametrize(("code", "number"), SLIPS.items())
def test_the_common_slips_of_units_are_impossible(code, number):
    assert not measurands()[code].can_be(number)


# ---- rules -----------------------------------------------------------------------------------------------------------
KNOWN = [(test, unit) for test in measurands().values() for unit in test.factors]
NUMBERS = st.floats(1e-6, 1e9)


@given(st.sampled_from(KNOWN), NUMBERS, st.sampled_from([str.upper, str.lower, str.title, str]))
def test_case_and_blanks_never_change_a_conversion(known, number, case):
    test, unit = known
    written = f" {case(unit)} ".replace("/", " / ")
    assert test.convert(number, written) == test.convert(number, unit)


@given(st.sampled_from(KNOWN), NUMBERS, NUMBERS)
def test_a_conversion_keeps_the_order(known, one, other):
    test, unit = known
    low, high = sorted([one, other])
    assert test.convert(low, unit) <= test.convert(high, unit)


@given(st.text(max_size=30))
def test_no_text_raises_as_a_unit(unit):
    for test in measurands().values():
        number = test.convert(1.0, unit)
        assert (number is None) == (not test.knows(unit))


def test_a_missing_number_stays_missing():
    test = Measurand("X", "a", {"a": 2.0, "f": "fahrenheit"}, None)
    assert math.isnan(test.convert(math.nan, "a")) and math.isnan(test.convert(math.nan, "f"))
