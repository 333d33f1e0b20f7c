"""What a result says: sign, number and unit; whatever is no number is kept as text with its reason, and is never 0."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import results, schema
from data.results import Result, Said, limits, result, said
from data.units import measurands

NAN = math.nan


def row(**told) -> results._Row:
    """A row of results of which only what matters is told."""
    blank = dict.fromkeys(results._Row._fields) | dict.fromkeys(("stresn", "lloq", "stnrlo", "stnrhi"), NAN)
    return results._Row(**(blank | told))


def shown(one: Result) -> tuple:
    """Value, unit, qualifier and reason, with None for a value that is missing."""
    return None if math.isnan(one.value) else one.value, one.unit, one.qualifier, one.reason


# ---- one text --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("5", "", 5), ("5.10", "", 5.1), (".5", "", 0.5), ("5.", "", 5), ("-3", "", -3), ("0", "", 0),
        ("1.5e3", "", 1500),
        ("<0.2", "<", 0.2), ("< 0.2", "<", 0.2), ("<=5", "<=", 5), ("≤5", "<=", 5), (">1000", ">", 1000),
        ("≥ 1000", ">=", 1000), ("＜０．２", "<", 0.2), ("１２．３", "", 12.3), ("12.3↑", "", 12.3),
        ("12.3 ↓", "", 12.3), ("12.3 H", "", 12.3), ("2.1 LL", "", 2.1), ("12.3*", "", 12.3),
        ("<0.2↓", "<", 0.2), ("  7 ", "", 7), (7.5, "", 7.5),
    ],
)  # fmt: skip
def test_numbers_with_and_without_sign(text, sign, number):
    assert said(text)._replace(rounded=0.0) == Said(sign, number)


@pytest.mark.parametrize(
    "text",
    ["Hemolyzed", "n.d.", "2 ???", "N", "clotted", "3.2→4.1", "12:30", "2026-03-05", "5 6", "1.2.3", "<", ">", ".",
     "inf", "NaN", "-inf", "1e999", "5/10", "<0.2-0.4", "10³", "①", "5²", "1.2×10⁹", "见报告"],
)  # fmt: skip
def test_what_is_no_number(text):
    one = said(text)
    assert math.isnan(one.number) and one.reason == f"no number: {text}"


@pytest.mark.parametrize("text", [None, NAN])
def test_a_blank_says_nothing_and_needs_no_reason(text):
    one = said(text)
    assert math.isnan(one.number) and one[:1] + one[2:] == ("", "", "", 0.0)


@pytest.mark.parametrize("text", ["1,234", "3,5", "<1,000", "12,345.6", "１，２３４"])
def test_a_comma_is_not_guessed_at(text):
    one = said(text)
    assert math.isnan(one.number)
    assert one.reason == f"a comma for thousands or for decimals cannot be told: {text}"


@pytest.mark.parametrize("text", ["0e400", "0e-400", "1e-5000", "0e" + "1" * 5000, "9" * 5000])
def test_an_absurd_power_of_ten_is_no_crash(text):
    one = said(text)
    assert math.isnan(one.number) or one.number == 0


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("阴性", "NEGATIVE"), ("阴性（-）", "NEGATIVE"), ("(-)", "NEGATIVE"), ("Negative", "NEGATIVE"),
        ("阳性", "POSITIVE"),
        ("阳性（+）", "POSITIVE"), ("（＋）", "POSITIVE"), ("POS", "POSITIVE"), ("Not detected", "NOT DETECTED"),
        ("未检出", "NOT DETECTED"), ("DETECTED", "DETECTED"), ("DETECTED, <LLOQ", "DETECTED"), ("检出", "DETECTED"),
    ],
)  # fmt: skip
def test_qualitative_results_in_both_languages(text, word):
    one = said(text)
    assert math.isnan(one.number) and one.qualitative == word


@pytest.mark.parametrize("text", ["<BLQ", "BLQ", "<LLOQ", "LLOQ", "< LOD", "BLOQ", "低于检测下限", "低于定量限"])
def test_below_the_limit_without_the_limit(text):
    one = said(text)
    assert (one.sign, one.reason) == ("<", "below the limit of quantification, which is not given")
    assert math.isnan(one.number)


@pytest.mark.parametrize(
    ("text", "half"), [("5", 0.5), ("5.0", 0.05), ("5.25", 0.005), ("<0.2", 0.05), ("1e3", 500), ("1.5e-3", 5e-5)]
)
def test_half_a_unit_of_the_last_digit(text, half):
    assert said(text).rounded == pytest.approx(half)


# ---- reference ranges ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        ("3.5", "9.5", (3.5, 9.5)), (3.5, 9.5, (3.5, 9.5)), ("0~40", None, (0, 40)), ("0～40", None, (0, 40)),
        ("3.5--9.5", None, (3.5, 9.5)), ("3.5-9.5", None, (3.5, 9.5)), ("3.5 – 9.5", None, (3.5, 9.5)),
        ("3.5—9.5", None, (3.5, 9.5)), ("3.5至9.5", None, (3.5, 9.5)), ("３．５～９．５", None, (3.5, 9.5)),
        ("0-40", NAN, (0, 40)), ("<5", None, (NAN, 5)), ("≤5", None, (NAN, 5)), (None, "<40", (NAN, 40)),
        (">60", None, (60, NAN)), ("3.5", None, (3.5, NAN)), (None, "9.5", (NAN, 9.5)), (None, None, (NAN, NAN)),
        ("阴性", None, (NAN, NAN)), ("-3~3", None, (-3, 3)), ("see report", "see report", (NAN, NAN)),
    ],
)  # fmt: skip
def test_reference_ranges(low, high, wanted):
    assert limits(low, high) == pytest.approx(wanted, nan_ok=True)


# ---- a number in the unit of the store -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("test", "number", "unit", "value", "store"),
    [
        ("GLUC", "90", "mg/dL", 4.9957, "mmol/L"), ("CREAT", "1.0", "mg/dL", 88.4, "umol/L"),
        ("BILI", "1.0", "mg/dL", 17.1, "umol/L"), ("HGB", "13.5", "g/dL", 135, "g/L"),
        ("TEMP", "98.6", "F", 37.0, "C"),
        ("CRP", "1", "mg/dL", 10, "mg/L"), ("FIBRINO", "250", "mg/dL", 2.5, "g/L"),
        ("NEUT", "1500", "/uL", 1.5, "10^9/L"),
        ("NEUT", "１．５↓", "×10⁹/L", 1.5, "10^9/L"),
    ],
)  # fmt: skip
def test_a_result_is_converted(test, number, unit, value, store):
    one = result(row(testcd=test, orres=number, orresu=unit))
    assert one.value == pytest.approx(value, rel=1e-3)
    assert (one.unit, one.qualifier, one.reason, one.rule) == (store, None, None, "")


def test_a_limit_is_converted_with_its_sign():
    one = result(row(testcd="CREAT", orres="<0.2", orresu="mg/dL"))
    assert (one.value, one.unit, one.qualifier) == (pytest.approx(17.68, rel=1e-3), "umol/L", "<")


def test_the_range_is_converted_with_the_result():
    one = result(row(testcd="GLUC", orres="90", orresu="mg/dL", ornrlo="70~99"))
    assert (one.range_low, one.range_high) == pytest.approx((3.8855, 5.4952), rel=1e-3)  # 70 and 99 x 10 / 180.156


def test_the_senders_standard_range_goes_before_the_reported_one():
    one = result(row(testcd="GLUC", orres="90", orresu="mg/dL", ornrlo="70", ornrhi="99",
                     stresn=5.0, stresu="mmol/L", stnrlo=3.9, stnrhi=5.6))  # fmt: skip
    assert (one.range_low, one.range_high) == (3.9, 5.6)


@pytest.mark.parametrize(
    ("test", "number", "unit", "said_so"),
    [
        ("CREAT", "0.9", "umol/L", "0.9 umol/L"),
        ("PLAT", "150000", "10^9/L", "150000 10^9/L"),
        ("TEMP", "98.6", "C", "98.6 C"),
        ("HGB", "13.5", "g/L", "13.5 g/L"),
        ("CRP", "-3", "mg/L", "-3 mg/L"),
    ],
)
def test_a_slip_of_units_is_withheld(test, number, unit, said_so):
    one = result(row(testcd=test, orres=number, orresu=unit))
    assert shown(one) == (None, None, None, f"cannot be {said_so}")
    assert (one.rule, one.message) == (
        "impossible result",
        f"{test} cannot be {said_so} in a living patient, as after a slip of units; its number is withheld; "
        "mend the number or the unit",
    )


def test_reported_and_standardised_results_that_disagree_are_withheld():
    one = result(row(testcd="CREAT", orres="1.0", orresu="mg/dL", stresc="884", stresn=884.0, stresu="umol/L"))
    assert shown(one) == (None, None, None, "reported and standardised results disagree")
    assert (one.rule, one.message) == (
        "results disagree",
        "CREAT as reported is 88.402 umol/L, as standardised 884: a slip of units or of digits; "
        "its number is withheld; mend one of the two",
    )


def test_what_was_rounded_off_is_no_disagreement():
    """0.5 mg/dL stands for 0.45 to 0.55, which is 39.8 to 48.6 umol/L."""
    one = result(row(testcd="CREAT", orres="0.5", orresu="mg/dL", stresc="40", stresn=40.0, stresu="umol/L"))
    assert (one.rule, one.unit) == ("", "umol/L")


@pytest.mark.parametrize(("test", "unit"), [("NEUT", "%"), ("NEUTLE", "10^9/L"), ("LYM", "%"), ("CREAT", "g/dL")])
def test_a_unit_of_another_quantity_is_refused(test, unit):
    one = result(row(testcd=test, orres="60", orresu=unit))
    assert shown(one) == (None, None, None, "unit not known")
    assert (one.rule, one.message) == (
        "unknown unit", f"{test} cannot be in {unit}; mend the unit or the code, or name it in units.toml",
    )  # fmt: skip


def test_a_code_in_lower_case_is_the_same_test():
    assert result(row(testcd="neut", orres="60", orresu="%")).rule == "unknown unit"


def test_d_dimer_is_left_as_it_came():
    """D-dimer units and fibrinogen equivalent units differ by two, and files often say neither."""
    assert shown(result(row(testcd="DDIMER", orres="0.5", orresu="mg/L"))) == (0.5, "mg/L", None, None)


def test_no_unit_is_withheld():
    one = result(row(testcd="CREAT", orres="80"))
    assert shown(one) == (None, None, None, "unit not given")
    assert (one.rule, one.message) == (
        "unit missing", "CREAT without a unit: its number is withheld; give the unit",
    )  # fmt: skip


def test_a_ratio_needs_no_unit():
    assert shown(result(row(testcd="INR", orres="1.1"))) == (1.1, "", None, None)
    assert shown(result(row(testcd="PH", orres="7.40"))) == (7.4, None, None, None)  # no test of units.toml


# ---- no number -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("told", "reason"), [({}, "not done"), ({"reasnd": "vein not found"}, "not done: vein not found")]
)
def test_not_done_has_its_reason_and_no_number(told, reason):
    assert shown(result(row(testcd="CREAT", stat="NOT DONE", stresu="umol/L", **told))) == (None, None, None, reason)


@pytest.mark.parametrize("text", ["Hemolyzed", "n.d.", "2 ???"])
def test_a_word_keeps_its_reason_and_loads(text):
    one = result(row(testcd="K", orres=text, orresu="mmol/L"))
    assert (*shown(one), one.rule) == (None, None, None, f"no number: {text}", "")


def test_a_comma_is_withheld_with_its_reason():
    one = result(row(testcd="FERRITIN", orres="1,500", orresu="ug/L"))
    assert shown(one) == (None, None, None, "a comma for thousands or for decimals cannot be told: 1,500")


def test_below_the_limit_is_the_limit_with_its_sign():
    with_it = result(row(testcd="IL6", orres="<BLQ", orresu="pg/mL", lloq=1.5))
    assert (*shown(with_it), with_it.lloq) == (1.5, "pg/mL", "<", None, 1.5)
    without = result(row(testcd="IL6", orres="<BLQ", orresu="pg/mL"))
    assert shown(without) == (None, None, None, "below the limit of quantification, which is not given")


def test_the_limit_of_quantification_is_converted_too():
    one = result(row(testcd="IL6", orres="BLQ", orresu="ng/mL", lloq=0.002))
    assert (*shown(one), one.lloq) == (2.0, "pg/mL", "<", None, 2.0)


def test_not_detected_and_detected_below_the_limit_are_kept_apart():
    found = [
        result(row(testcd="CARCOPY", orres=text, orresu="copies/ug", lloq=50.0))
        for text in ("NOT DETECTED", "DETECTED, <LLOQ", "<LLOQ")
    ]
    assert [(one.value, one.qualifier, one.qualitative) for one in found] == [
        (50, "<", "NOT DETECTED"), (50, "<", "DETECTED"), (50, "<", None),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["BLQ", "<LLOQ", "NOT DETECTED"])
@pytest.mark.parametrize(("lloq", "value"), [(50.0, 50), (NAN, None)])
def test_blq_beside_an_imputed_zero_is_no_zero(text, lloq, value):
    given = {"testcd": "CARCOPY", "orresu": "copies/ug", "stresc": "0", "stresn": 0.0, "stresu": "copies/ug"}
    one = result(row(orres=text, lloq=lloq, **given))
    assert shown(one)[:3] == ((50, "copies/ug", "<") if value else (None, None, None))


def test_below_the_limit_of_a_test_the_store_does_not_know():
    one = result(row(testcd="CARTC", orres="<BLQ", orresu="cells/uL", lloq=0.5))
    assert shown(one) == (0.5, "cells/uL", "<", None)


def test_blq_beside_an_imputed_zero_of_an_unknown_test():
    one = result(row(testcd="CARTC", orres="BLQ", orresu="cells/uL", stresc="0", stresn=0.0, stresu="cells/uL"))
    assert shown(one) == (None, None, None, "below the limit of quantification, which is not given")


# ---- what the sender made of a limit ---------------------------------------------------------------------------------
def test_a_half_imputed_number_never_replaces_the_limit():
    one = result(row(testcd="CRP", orres="<5", orresu="mg/L", stresc="2.5", stresn=2.5, stresu="mg/L"))
    assert shown(one) == (5.0, "mg/L", "<", None)


def test_a_half_imputed_number_beside_a_limit_without_unit_is_withheld():
    """The limit has no unit, so it cannot be said; the imputed half is not a result."""
    one = result(row(testcd="CRP", orres="<5", stresc="2.5", stresn=2.5, stresu="mg/L"))
    assert shown(one)[:3] != (2.5, "mg/L", None)
    assert one.qualifier == "<" or math.isnan(one.value)


def test_a_half_imputed_number_of_a_test_without_unit_in_the_store():
    one = result(row(testcd="B2M", orres="<5", orresu="mg/L", stresc="2.5", stresn=2.5, stresu="mg/L"))
    assert shown(one) == (5.0, "mg/L", "<", None)
    other = result(row(testcd="B2M", orres="<5", orresu="mg/L", stresc="212", stresn=212.0, stresu="nmol/L"))
    assert shown(other) == (None, None, None, "a limit, not given in the standard unit")


@pytest.mark.parametrize("told", [{"spec": "URINE"}, {"cat": "URINALYSIS"}, {"spec": "CEREBROSPINAL FLUID"}])
def test_glucose_outside_blood_is_left_as_it_came(told):
    """15 mg/dL would be withheld in blood (0.83 mmol/L is possible, 1000 mg/dL of urine is 55); neither is touched."""
    one = result(row(testcd="GLUC", orres="1000", orresu="mg/dL", **told))
    assert shown(one) == (1000.0, "mg/dL", None, None)
    assert result(row(testcd="GLUC", orres="NEGATIVE", **told)).qualitative == "NEGATIVE"


@pytest.mark.parametrize("spec", ["SERUM", "PLASMA", "BLOOD", "serum", None, "血清", "血浆", "全血"])
def test_blood_is_blood_in_both_languages(spec):
    one = result(row(testcd="CREAT", orres="1.0", orresu="mg/dL", spec=spec))
    assert one.unit == "umol/L" and one.value == pytest.approx(88.4, rel=1e-3)


# ---- a whole table ---------------------------------------------------------------------------------------------------
def derived(rows: list[dict]) -> tuple[pd.DataFrame, dict[str, int], list[tuple]]:
    """The frame after `derive`, its counts, and what was reported as severity, rule and rows."""
    names = [one.name for one in schema.metadata.tables["lab"].columns]
    numbers = {"lbstresn", "lbstnrlo", "lbstnrhi", "lbseq"}
    frame = pd.DataFrame(
        {name: pd.Series([one.get(name) for one in rows], dtype="float64" if name in numbers else object)
         for name in names}
    )  # fmt: skip
    told: list[tuple] = []

    def report(severity, rule, some, message, column, value):
        told.append((severity, rule, some.index.tolist(), column, value[some.index].tolist()))

    counts = results.derive(frame, schema.metadata.tables["lab"], report)
    return frame, counts, told


def test_a_table_is_filled_counted_and_its_troubles_reported():
    base = {"lbtestcd": "CREAT", "lborresu": "umol/L"}
    frame, counts, told = derived([
        base | {"lborres": "80"},
        base | {"lborres": "1.0", "lborresu": "mg/dL"},
        base | {"lborres": "<20"},
        base | {"lborres": "Hemolyzed"},
        base | {"lborres": "0.9"},
        base | {"lborres": "7", "lborresu": "stones"},
        base | {"lbstat": "NOT DONE"},
        base | {"lborres": "0.9"},
    ])  # fmt: skip
    assert frame["value"].round(3).tolist()[:3] == [80, 88.402, 20]
    assert frame["value"].isna().tolist() == [False, False, False, True, True, True, True, True]
    assert frame["reason"].tolist()[3:] == [
        "no number: Hemolyzed", "cannot be 0.9 umol/L", "unit not known", "not done", "cannot be 0.9 umol/L",
    ]  # fmt: skip
    # "7 stones" is an error that refuses the import; it is no number either
    assert counts == {"qualified": 1, "converted": 1, "without_number": 2, "withheld": 2}
    assert told == [
        ("warning", "impossible result", [4, 7], "lborres", ["0.9", "0.9"]),
        ("error", "unknown unit", [5], "lborres", ["7"]),
    ]


# ---- rules -----------------------------------------------------------------------------------------------------------
TEXTS = st.one_of(
    st.text(max_size=20),
    st.text("0123456789.,<>=≤≥eE+-~↑↓* HL", max_size=12),
    st.sampled_from(["BLQ", "<BLQ", "NOT DETECTED", "DETECTED, <LLOQ", "阴性", "阳性", "Hemolyzed", "n.d.", "<5", "5"]),
)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_no_text_raises_and_no_number_has_a_reason(text):
    one = said(text)
    assert not math.isinf(one.number) and one.sign in ("", "<", "<=", ">", ">=")
    assert math.isnan(one.number) == bool(one.reason)
    assert math.isfinite(one.rounded)
    limits(text, text)


@given(st.text(st.characters(exclude_categories=["Nd", "No", "Nl"]), max_size=30))
def test_a_text_without_digits_never_gives_a_number(text):
    assert math.isnan(said(text).number)


PLAIN = st.decimals(min_value="0.001", max_value="99999", places=3, allow_nan=False)


@given(PLAIN, st.sampled_from(["", "<", ">", "<=", ">="]), st.sampled_from(["", " ", "  "]), st.sampled_from("↑↓ *"))
def test_a_number_is_read_as_written_whatever_stands_around_it(number, sign, blank, flag):
    one = said(f"{blank}{sign}{blank}{number}{blank}{flag}")
    assert (one.sign, one.number) == (sign, float(number))


WIDTH = str.maketrans("0123456789.<>-", "０１２３４５６７８９．＜＞－")


@given(PLAIN, st.sampled_from(["", "<", ">"]))
def test_full_width_says_the_same(number, sign):
    assert said(f"{sign}{number}".translate(WIDTH)) == said(f"{sign}{number}")


@given(st.sampled_from(sorted(measurands())), PLAIN)
def test_every_unit_of_a_test_gives_the_same_value(code, number):
    """The number that stands for one amount in each unit: all give that amount in the store's unit."""
    test = measurands()[code]
    for unit, factor in test.factors.items():
        inside = float(number) * 9 / 5 + 32 if factor == "fahrenheit" else float(number) / factor
        one = result(row(testcd=code, orres=f"<{inside:.12f}", orresu=unit.upper()))
        assert (one.unit, one.qualifier) == (test.unit, "<")
        assert one.value == pytest.approx(float(number), rel=1e-6, abs=1e-6)


ROWS = st.fixed_dictionaries({
    "testcd": st.sampled_from(["CREAT", "NEUT", "INR", "TEMP", "XX", None]),
    "orres": st.one_of(st.none(), TEXTS.map(lambda text: text.strip() or None)),  # as readers give it
    "orresu": st.sampled_from([None, "umol/L", "mg/dL", "10^9/L", "%", "C"]),
    "stresc": st.one_of(st.none(), st.sampled_from(["<5", "5", "NEGATIVE"])),
    "stresn": st.one_of(st.just(NAN), st.sampled_from([0.0, 2.5, 5.0, 80.0])),
    "stresu": st.sampled_from([None, "umol/L", "10^9/L"]),
    "stat": st.sampled_from([None, "NOT DONE"]),
    "spec": st.sampled_from([None, "SERUM", "URINE"]),
})  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_a_value_has_no_reason_and_no_value_has_one(told):
    one = result(row(**told))
    assert math.isnan(one.value) == bool(one.reason)
    assert not (math.isnan(one.value) and one.qualifier)


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_zero_stands_only_where_zero_was_written(told):
    one = result(row(**told))
    if one.value == 0:
        assert any(said(told[name]).number == 0 for name in ("orres", "stresc", "stresn"))
        assert said(told["orres"]).sign in ("", one.qualifier or "")


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=8))
def test_a_table_says_what_its_rows_say(rows):
    frame, _, _ = derived([{f"lb{name}": value for name, value in one.items()} for one in rows])
    for place, told in enumerate(rows):
        one = result(row(**told))
        found = frame.loc[place, ["value", "unit", "qualifier", "qualitative", "reason"]]
        wanted = [one.value, one.unit, one.qualifier, one.qualitative, one.reason]
        assert [None if pd.isna(value) else value for value in found] == [
            None if pd.isna(value) else value for value in wanted
        ]
