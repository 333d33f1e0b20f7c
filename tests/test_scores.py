"""EASIX, CAR-HEMATOTOX and Cairo-Bishop: published formulas and limits worked by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.scores import cairo_bishop, car_hematotox, easix, in_window, m_easix, s_easix


# ---- EASIX -----------------------------------------------------------------------------------------------------------
def test_easix_and_its_variants():
    """250 x 1.6 / 50 = 8, log2 = 3; 250 / 50 = 5; 250 x 3.2 / 50 = 16."""
    assert easix(250, 1.6, 50).value == pytest.approx(8) and easix(250, 1.6, 50).log2 == pytest.approx(3)
    assert s_easix(250, 50).value == 5
    assert m_easix(250, 3.2, 50).value == pytest.approx(16)


def test_units_of_the_laboratory_are_converted():
    """1.6 mg/dL is 141.472 umol/L (88.42), 3.2 mg/dL is 32 mg/L, 250 U/L is 250 / 60 ukat/L."""
    assert easix(250, 141.472, 50, units={"creatinine": "µmol/L"}).value == pytest.approx(8)
    assert m_easix(250, 32, 50, units={"crp": "mg/L"}).value == pytest.approx(16)
    assert s_easix(250 / 60, 50, units={"ldh": "ukat/L", "platelets": "10*3/uL"}).value == pytest.approx(5)


@pytest.mark.parametrize(
    ("score", "code", "markers"),
    [
        (easix(None, 1.0, 100), "missing", ("ldh",)),
        (easix(250, math.nan, None), "missing", ("creatinine", "platelets")),
        (easix(250, 1.0, 0), "no_platelets", ("platelets",)),
        (m_easix(250, 32, 50, units={"crp": "nmol/L"}), "unit", ("crp",)),
    ],
)
def test_what_is_missing_gives_no_score(score, code, markers):
    assert math.isnan(score.value) and math.isnan(score.log2)
    assert (score.code, score.markers) == (code, markers)


def test_what_is_to_be_said_beside_a_score_stays_with_it():
    assert m_easix(250, 0.5, 50, marks=["crp_below_detection"]).marks == ("crp_below_detection",)
    with pytest.raises(KeyError, match="lucky"):
        easix(250, 1, 50, marks=["lucky"])
    with pytest.raises(KeyError, match="crp"):
        easix(250, 1, 50, units={"crp": "mg/L"})


# ---- CAR-HEMATOTOX ---------------------------------------------------------------------------------------------------
BEST = {"platelets": 176, "anc": 1300, "hemoglobin": 9.1, "crp": 2.9, "ferritin": 649}


@pytest.mark.parametrize(
    ("worse", "score"),
    [
        ({}, 0),
        ({"platelets": 175}, 1),
        ({"platelets": 75}, 1),
        ({"platelets": 74}, 2),
        ({"anc": 1199}, 1),
        ({"hemoglobin": 8.9}, 1),
        ({"crp": 3.1}, 1),
        ({"ferritin": 650}, 1),
        ({"ferritin": 2000}, 1),
        ({"ferritin": 2001}, 2),
        ({"platelets": 10, "anc": 100, "hemoglobin": 7, "crp": 20, "ferritin": 9000}, 7),
    ],
)
def test_points_of_each_marker(worse, score):
    found = car_hematotox(**(BEST | worse))
    assert (found.score, found.low, found.high) == (score, score, score)
    assert found.risk == ("low" if score < 2 else "high")
    assert found.validity == "exploratory"


def test_crp_in_mg_per_litre_is_not_read_as_mg_per_decilitre():
    """20 mg/L is 2 mg/dL: no point. ANC 1.1 x 10^9/L is 1100/uL: a point. Hb 100 g/L is 10 g/dL: none."""
    units = {"crp": "mg/L", "anc": "10^9/L", "hemoglobin": "g/L", "ferritin": "ug/L"}
    found = car_hematotox(200, 1.1, 100, 20, 300, units=units)
    assert found.score == 1 and found.points == {"platelets": 0, "anc": 1, "hemoglobin": 0, "crp": 0, "ferritin": 0}


@pytest.mark.parametrize(
    ("lost", "low", "high", "risk"),
    [
        ({"ferritin": None}, 0, 2, None),
        ({"crp": None}, 0, 1, "low"),  # one point at most
        ({"crp": None, "platelets": 60}, 2, 3, "high"),
        (dict.fromkeys(BEST), 0, 7, None),
    ],
)
def test_a_missing_marker_is_never_no_points(lost, low, high, risk):
    found = car_hematotox(**(BEST | lost))
    assert (found.score, found.low, found.high, found.risk) == (None, low, high, risk)
    assert found.code == "missing" and set(found.markers) == {name for name, one in lost.items() if one is None}


def test_an_unknown_unit_is_as_good_as_missing():
    found = car_hematotox(**BEST, units={"ferritin": "pmol/L"})
    assert (found.low, found.high, found.code, found.markers) == (0, 2, "unit", ("ferritin",))


numbers = st.floats(0, 5000)


@given(values=st.fixed_dictionaries(dict.fromkeys(BEST, numbers)), name=st.sampled_from(sorted(BEST)), more=numbers)
def test_a_worse_marker_never_lowers_the_points_and_a_lost_one_keeps_them_possible(values, name, more):
    before = car_hematotox(**values)
    towards = more if name in ("crp", "ferritin") else -more
    assert car_hematotox(**(values | {name: values[name] + towards})).score >= before.score
    without = car_hematotox(**(values | {name: None}))
    assert without.low <= before.score <= without.high


# ---- Cairo-Bishop ----------------------------------------------------------------------------------------------------
NORMAL = {"uric_acid": 300, "potassium": 4.0, "phosphate": 1.0, "calcium_corrected": 2.3}
QUIET = {"creatinine": 1.0, "arrhythmia": "none", "seizure": "none"}


def tls(worse=(), organs=(), **more):
    return cairo_bishop(**(NORMAL | dict(worse)), **({"baseline": NORMAL} | QUIET | dict(organs) | more))


@pytest.mark.parametrize(
    ("marker", "just_not", "at"),
    [
        # Baselines are high enough (or calcium's low enough) that no 25 % is reached before the limit.
        ("uric_acid", 475, 476),
        ("potassium", 5.9, 6.0),
        ("phosphate", 1.44, 1.45),
        ("calcium_corrected", 1.76, 1.75),
    ],
)
def test_two_of_four_at_their_limits(marker, just_not, at):
    near = {"uric_acid": 450, "potassium": 5.5, "phosphate": 1.4, "calcium_corrected": 1.8}
    other = "potassium" if marker == "uric_acid" else "uric_acid"
    beyond = {"uric_acid": 500, "potassium": 6.5}[other]
    for value, expected in ((just_not, False), (at, True)):
        found = cairo_bishop(**(near | {other: beyond, marker: value}), baseline=near, **QUIET)
        assert found.laboratory is expected
    assert tls({marker: at}, baseline=near).laboratory is False  # one of four


def test_limits_in_mass_units_as_published():
    units = {"uric_acid": "mg/dL", "phosphate": "mg/dL", "calcium_corrected": "mg/dL"}
    quiet = {"baseline": {"uric_acid": 7.5, "potassium": 4, "phosphate": 4, "calcium_corrected": 7.5}, "units": units}
    for uric_acid, expected in ((7.9, False), (8.0, True)):
        found = cairo_bishop(uric_acid=uric_acid, potassium=4, phosphate=4.5, calcium_corrected=7.5, **quiet, **QUIET)
        assert found.laboratory is expected


def test_a_quarter_more_than_the_baseline_counts_but_not_for_howard():
    """Potassium 4.0 to 5.0 and phosphate 1.0 to 1.25 are 25 % each; calcium 2.3 to 1.725 is 25 % less."""
    assert tls({"potassium": 5.0, "phosphate": 1.25}).laboratory is True
    assert tls({"potassium": 4.99, "phosphate": 1.25}).laboratory is False
    assert tls({"calcium_corrected": 1.725, "phosphate": 1.25}).abnormal == ("phosphate", "calcium_corrected")
    assert tls({"potassium": 5.0, "phosphate": 1.25}, variant="howard").laboratory is False
    with pytest.raises(ValueError, match="variant"):
        tls(variant="other")


@pytest.mark.parametrize(
    ("organs", "grade"),
    [
        ({}, 0),
        ({"creatinine": 1.49}, 0),
        ({"creatinine": 1.5}, 1),
        ({"creatinine": 1.6}, 2),
        ({"creatinine": 3.0}, 2),
        ({"creatinine": 3.1}, 3),
        ({"creatinine": 6.0}, 3),
        ({"creatinine": 6.1}, 4),
        ({"arrhythmia": "no_intervention"}, 1),
        ({"arrhythmia": "non_urgent", "creatinine": 1.5}, 2),
        ({"seizure": "brief"}, 2),
        ({"seizure": "altered_consciousness"}, 3),
        ({"seizure": "status_epilepticus", "creatinine": 2}, 4),
        ({"death": True}, 5),
    ],
)
def test_the_worst_organ_grades_a_laboratory_tls(organs, grade):
    found = tls({"uric_acid": 500, "potassium": 6.5}, organs)
    assert (found.grade.grade, found.clinical) == (grade, grade > 0)
    assert found.grade.scale == "Cairo-Bishop 2004"
    without = tls({"uric_acid": 500}, organs).grade  # no laboratory TLS, no clinical one
    assert (without.low, without.high) == ((0, 5) if grade == 5 else (0, 0))


def test_a_death_of_tumour_lysis_against_the_values_is_not_grade_0():
    found = tls(organs={"death": True})
    assert (found.laboratory, found.grade.grade, found.clinical) == (False, None, None)
    assert found.missing == ("laboratory",)


def test_what_is_missing_is_neither_normal_nor_abnormal():
    lost = tls({"uric_acid": 500, "potassium": None})
    assert lost.laboratory is None and lost.missing == ("potassium",)
    assert tls({"potassium": None}).laboratory is False  # even so only one could be
    assert tls({"uric_acid": 500, "potassium": 6.5, "phosphate": None}).laboratory is True
    # Without its baseline 4.0 of potassium may be a rise of 25 %.
    assert tls({"uric_acid": 500}, baseline={"phosphate": 1.0, "calcium_corrected": 2.3}).laboratory is None
    assert tls({"uric_acid": 500, "potassium": 9}, units={"potassium": "mg/dL"}).laboratory is None
    assert cairo_bishop().laboratory is None


def test_an_organ_that_is_not_known_leaves_the_grade_open():
    found = tls({"uric_acid": 500, "potassium": 6.5}, {"creatinine": 2.0, "seizure": None})
    assert (found.grade.grade, found.grade.low, found.grade.high) == (None, 2, 4)
    assert found.missing == ("seizure",) and found.clinical is True
    assert tls({"uric_acid": 500, "potassium": 6.5}, {"seizure": None}).clinical is None
    with pytest.raises(KeyError):
        tls(organs={"seizure": "mild"})


@pytest.mark.parametrize(("day", "counts"), [(-9, False), (-8, True), (-5, True), (2, True), (3, False)])
def test_the_window_of_a_therapy_that_starts_on_day_minus_5(day, counts):
    assert in_window(day, -5) is counts
