"""When results of the course ask for an IEC-HS review. Ferritin ULN 300, 200 before the infusion: 401 is enough."""

import pandas as pd
import pytest
from lab_frames import labs, result
from trial_frames import PROTOCOL, end_of, moment, subject, subjects

from clinical.iec_hs_course import flags

WHO = subjects(subject("A1", lymphodepletion=-5))
NO_CRS = pd.DataFrame({"usubjid": pd.Series(dtype=object), "improved": pd.Series(dtype="datetime64[us]")})


def ferritin(value, day):
    return result(value, day, "FERRITIN", unit="ug/L", range_low=15.0, range_high=300.0)


def fibrinogen(value, day):
    return result(value, day, "FIBRINO", unit="g/L", range_low=1.0, range_high=4.0)


def count(code, value, day):
    return result(value, day, code, unit="10^9/L")


BEFORE = (ferritin(200, -1), result(30, -8), result(30, -8, "AST"), count("PLAT", 60, 5), count("NEUT", 0.4, 5))


def told(*rows, crs=NO_CRS, who=WHO):
    return flags(who, labs(*BEFORE, *rows), crs, PROTOCOL.toxicity, end_of(40))


def improved(day):
    return pd.DataFrame({"usubjid": ["A1"], "improved": [pd.Timestamp(moment(day))]}).astype(
        {"improved": "datetime64[us]"}
    )


def test_ferritin_and_a_feature_after_day_7_are_one_flag():
    (one,) = told(ferritin(900, 9), ferritin(2000, 10), fibrinogen(1.2, 9))
    assert (one.sure, one.day, one.after_crs, one.highest) == (True, 9, False, 2000)
    assert (one.features, one.codes) == (("fibrinogen",), ("review", "not_assessed"))
    assert [row for _, row in one.samples] == [6, 7]


@pytest.mark.parametrize(
    ("day", "crs", "expected"), [(7, NO_CRS, 0), (8, NO_CRS, 1), (5, improved(6), 0), (6, improved(6), 1)]
)
def test_only_after_day_7_or_once_crs_gets_better(day, crs, expected):
    found = told(ferritin(900, day), fibrinogen(1.2, day), crs=crs)
    assert len(found) == expected
    assert [one.after_crs for one in found] == [day == 6] * expected


@pytest.mark.parametrize(("day", "sure"), [(6, True), (5, False), (12, True), (13, False)])
def test_a_feature_counts_within_72_h(day, sure):
    """Nothing else is known near Day 9: without the feature it cannot be told."""
    assert [one.sure for one in told(ferritin(900, 9), fibrinogen(1.2, day))] == [sure]


@pytest.mark.parametrize(
    ("lineage", "value", "feature"),
    [("PLAT", 24, ("cytopenia",)), ("PLAT", 25, ()), ("NEUT", 0.3, ("cytopenia",)), ("NEUT", 0.45, ())],
)
def test_a_lineage_is_grade_4_and_lower_than_before(lineage, value, feature):
    """0.45 is grade 4, and better than the 0.4 of Day 5."""
    other = {"PLAT": count("NEUT", 2.0, 9), "NEUT": count("PLAT", 90, 9)}[lineage]
    (one,) = told(ferritin(900, 9), count(lineage, value, 9), other)
    assert (one.features, one.sure) == (feature, bool(feature))


def test_ferritin_that_does_not_rise_is_no_flag_and_without_a_sample_before_it_is_not_known():
    normal = (result(30, 9), result(30, 9, "AST"), fibrinogen(1.2, 9))
    assert told(ferritin(390, 8), ferritin(399, 9), *normal) == ()
    (one,) = flags(WHO, labs(ferritin(900, 9), *normal), NO_CRS, PROTOCOL.toxicity, end_of(40))
    assert (one.sure, one.missing) == (False, ("ferritin_48h_before", "ferritin_baseline"))


@pytest.mark.parametrize(
    ("before", "when", "sure"),
    [(440, "7T07:28", True), (500, "7T07:28", False), (440, "7T01:59", False), (440, "7T02:00", True)],
)  # 900 is 2.05 x 440 and 1.8 x 500; 48 h 32 min, 54 h and a minute more
def test_ferritin_that_doubled_a_little_more_than_48_h_before_is_rising_and_one_that_did_not_says_nothing(
    before, when, sure
):
    rows = labs(ferritin(before, when), ferritin(900, "9T08:00"), fibrinogen(1.2, 9))
    (one,) = flags(WHO, rows, NO_CRS, PROTOCOL.toxicity, end_of(40))
    assert (one.sure, "ferritin_48h_before" in one.missing) == (sure, not sure)


def test_a_clear_sample_and_the_gap_part_two_flags():
    low = (fibrinogen(1.2, 9), fibrinogen(1.2, 11))
    assert len(told(ferritin(900, 8), ferritin(300, 9), ferritin(900, 11), *low)) == 2
    assert len(told(ferritin(900, 8), ferritin(300, 9), ferritin(900, 10), *low)) == 1  # 48 h
    assert len(told(ferritin(900, 8), ferritin(900, 15), *low)) == 1  # nothing clear was seen between


def test_who_was_not_infused_is_not_screened():
    assert told(ferritin(900, 9), who=subjects(subject("A1", infused=None))) == ()
