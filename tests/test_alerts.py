"""Alerts: each default rule on its limit and one step to each side, one alert a rule and episode, when first seen."""

import pandas as pd
import pytest
from bedside_frames import gave, given, measured, reading
from lab_frames import labs, result
from trial_frames import PROTOCOL, end_of, event, events, moment, protocol_with, subject, subjects

from clinical.alert_hits import Watched
from clinical.alerts import ENGLISH, alerts, first_seen
from data import protocol

WHO = subjects(subject("A1", lymphodepletion=-5))
BASELINE = result(30, -8)
STRICT = tuple(one.model_copy(update={"slack_hours": 0}) for one in PROTOCOL.alerts)


def found(rule, *results, signs=(), drugs=(), told=(), cutoff=40, who=WHO, rules=PROTOCOL.alerts):
    lab = labs(*results).assign(table="lab")
    ice = [one for one in signs if one["code"] == "ICETOT"]
    bedside = [measured([one for one in signs if one not in ice]).assign(table="vital_sign")]
    bedside += [measured(ice).assign(table="ice")]
    known = pd.concat([lab, *bedside], ignore_index=True)
    known["qualifier"] = known["qualifier"].astype(object)
    only = PROTOCOL.model_copy(update={"alerts": tuple(one for one in rules if one.id in (rule, "fever"))})
    watched = Watched(who, known, given(*drugs), events(*told), only, end_of(cutoff))
    return [one for one in alerts(watched) if one.rule.id == rule]


def count(*args, **more):
    return len(found(*args, **more))


def lab(code, value, when=5, **more):
    units = {"PLAT": "10^9/L", "NEUT": "10^9/L", "FIBRINO": "g/L", "FERRITIN": "ug/L", "GLUC": "mmol/L"}
    return result(value, when, code, **{"unit": units.get(code, "U/L")} | more)


@pytest.mark.parametrize(
    ("rule", "code", "values", "expected"),
    [
        ("platelets", "PLAT", (19.9, 20, 20.1), (1, 0, 0)),
        ("fibrinogen", "FIBRINO", (1.49, 1.5, 1.51), (1, 0, 0)),
        ("glucose", "GLUC", (13.8, 13.9, 14.0), (0, 0, 1)),
    ],
)
def test_a_limit_and_one_step_to_each_side(rule, code, values, expected):
    assert tuple(count(rule, lab(code, value)) for value in values) == expected


@pytest.mark.parametrize(
    ("rule", "code", "values", "expected"),
    [("fever", "TEMP", (37.9, 38.0, 38.1), (0, 1, 1)), ("hypotension", "SYSBP", (89, 90, 91), (1, 0, 0))],
)
def test_the_limits_of_vital_signs(rule, code, values, expected):
    assert tuple(count(rule, signs=[reading(code, value, "5T08:00")]) for value in values) == expected


def test_another_unit_and_a_limit_of_the_method_are_not_guessed():
    assert count("platelets", lab("PLAT", 10, unit="10^6/L")) == 0
    below = {value: found("platelets", lab("PLAT", value, qualifier="<")) for value in (20, 40)}
    assert [one.sure for one in below[20]] == [True]
    assert [one.sure for one in below[40]] == [False]  # below 40: below 20 or not
    assert "may be" in below[40][0].say(ENGLISH)
    assert count("platelets", lab("PLAT", 20, qualifier=">")) == 0


@pytest.mark.parametrize(
    ("before", "when", "value", "expected"),
    [(500, "3T08:00", 1000, 1), (500, "3T08:00", 999, 0), (500, "2T07:00", 1000, 0), (500, "3T07:59", 1000, 0)],
)
def test_ferritin_doubles_within_48_h_where_the_protocol_gives_no_slack(before, when, value, expected):
    rows = [lab("FERRITIN", before, when), lab("FERRITIN", value, "5T08:00")]
    assert count("ferritin_doubled", *rows, rules=STRICT) == expected


@pytest.mark.parametrize(
    ("when", "expected"), [("3T07:28", 1), ("3T02:00", 1), ("3T01:59", 0), (3, 1), (2, 0)]
)  # 48 h 32 min, 54 h, a minute more; by dates 2 days and 8 h, 3 days
def test_ferritin_of_draws_that_are_not_exactly_48_h_apart(when, expected):
    assert count("ferritin_doubled", lab("FERRITIN", 500, when), lab("FERRITIN", 1000, "5T08:00")) == expected


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ([(480, "3T07:28")], "×2.1 in 48.5 h, window 48 h + 6 h slack"),  # 1000 / 480 = 2.08
        ([(250, "3T07:28"), (400, "4T08:00")], "×2.5 in 24.0 h, window 48 h"),  # the nearest that is low enough
        ([(400, 4)], "×2.5 in 1 d by date, window 48 h"),
    ],
)
def test_the_evidence_of_a_ratio_says_how_far_apart_the_two_results_are(before, said):
    (one,) = found("ferritin_doubled", *(lab("FERRITIN", *each) for each in before), lab("FERRITIN", 1000, "5T08:00"))
    assert one.evidence[-1].note.say(ENGLISH) == said


def test_slack_widens_only_the_window_of_a_ratio():
    with pytest.raises(protocol.ProtocolError, match="slack_hours"):
        protocol_with("within_hours = 24\n", "within_hours = 24\nslack_hours = 6\n")


@pytest.mark.parametrize(
    ("scores", "expected"), [((10, 9), 0), ((10, 8), 1), ((10, 9, 8), 1), ((8, 7), 0), ((10, None), 0)]
)
def test_ice_falls_by_two_from_its_highest(scores, expected):
    assert (
        count("ice_drop", signs=[reading("ICETOT", one, f"{day}T08:00") for day, one in enumerate(scores, 3)])
        == expected
    )


def test_liver_grade_3_and_what_a_missing_baseline_leaves_open():
    assert count("liver_grade_3", BASELINE, result(200, 5)) == 0
    (sure,) = found("liver_grade_3", BASELINE, result(201, 5))
    (perhaps,) = found("liver_grade_3", result(201, 5))
    assert (sure.sure, perhaps.sure) == (True, False)
    assert count("liver_grade_3", result(40, 5)) == 0


@pytest.mark.parametrize(("hour", "expected"), [("5T08:00", 1), ("6T08:00", 1), ("6T08:01", 0)])
def test_neutrophils_below_half_with_fever_within_a_day(hour, expected):
    signs = [reading("TEMP", 38.5, hour)]
    assert count("neutropenic_fever", lab("NEUT", 0.4, "5T08:00"), signs=signs) == expected
    assert count("neutropenic_fever", lab("NEUT", 0.5, "5T08:00"), signs=signs) == 0
    assert count("neutropenic_fever", lab("NEUT", 0.4, "5T08:00")) == 0


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (event("Rash", 1, 5), 0), (event("Rash", 2, 5), 1), (event("Blister", 1, 5), 1), (event("水疱", 1, 5), 1),
        (event("Stomatitis", 1, 5), 1), (event("Keratitis", 1, 5), 1), (event("Pneumonitis", 1, 5), 1),
        (event("Nausea", 3, 5), 0), (event("Rash", 2, -6), 0),
    ],
)  # fmt: skip
def test_rash_from_grade_2_and_the_others_in_any_grade(row, expected):
    assert count("on_target", told=[row]) == expected


def test_a_rash_without_a_grade_may_be_one():
    assert [one.sure for one in found("on_target", told=[event("Rash", None, 5)])] == [False]


# ---- episodes --------------------------------------------------------------------------------------------------------
def days(rule, code, values):
    return found(rule, *(lab(code, value, day) for day, value in values))


def test_one_alert_while_no_result_parts_it_and_another_after_one_that_does():
    assert len(days("platelets", "PLAT", [(5, 15), (12, 12)])) == 1  # nothing else was seen between
    assert len(days("platelets", "PLAT", [(5, 15), (6, 40), (7, 12)])) == 1  # two days apart: within the gap of 48 h
    assert len(days("platelets", "PLAT", [(5, 15), (6, 40), (8, 12)])) == 2


def test_an_alert_says_since_when_how_long_and_on_what_it_rests():
    (one,) = days("platelets", "PLAT", [(5, 15), (6, 12), (9, 40)])
    assert one.say(ENGLISH) == "Platelets < 20 × 10⁹/L: from Day 5, last on Day 6, no longer on Day 9"
    assert one.say(ENGLISH, "zh").startswith("血小板")
    assert [(each.code, each.value, each.source_row) for each in one.evidence] == [
        ("PLAT", "15 10^9/L", 1),
        ("PLAT", "12 10^9/L", 2),
    ]
    assert one.key == "A1 platelets 2026-03-06T00:00"


def test_oxygen_that_goes_on_is_one_alert_and_a_pressor_another():
    drugs = [
        gave("oxygen", "NASAL CANNULA", 3, 5, dose=3),
        gave("oxygen", "BIPAP", 6, 7),
        gave("vasopressor", "NOREPINEPHRINE", 6, None),
        gave("oxygen", "NASAL CANNULA", 12, 13),
    ]
    told = [(one.part, one.say(ENGLISH)) for one in found("new_support", drugs=drugs)]
    text = "New oxygen or vasopressor"
    assert told == [
        ("oxygen", f"{text}: from Day 3, last on Day 7, no longer on Day 7"),
        ("oxygen", f"{text}: from Day 12, last on Day 13, no longer on Day 13"),
        ("vasopressor", f"{text}: from Day 6, last on Day 40"),  # the cut-off
    ]


def test_nothing_before_lymphodepletion_alerts():
    assert count("platelets", lab("PLAT", 15, -6)) == 0
    assert count("platelets", lab("PLAT", 15, -5)) == 1
    assert count("platelets", lab("PLAT", 15, 5), who=subjects(subject("A1", infused=None))) == 0


# ---- first seen ------------------------------------------------------------------------------------------------------
def test_an_alert_keeps_its_first_cut_when_an_earlier_result_comes_late():
    first = days("platelets", "PLAT", [(6, 12)])
    second = days("platelets", "PLAT", [(5, 15), (6, 12), (7, 18), (8, 60), (20, 10)])
    seen = first_seen([("cut 1", first), ("cut 2", second)])
    assert seen == {second[0].key: "cut 1", second[1].key: "cut 2"}
    assert second[0].key != first[0].key
    assert first_seen([]) == {} and first_seen([("cut 1", ())]) == {}


# ---- the protocol file -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("below = 20\n", "below = 20\nabove = 30\n", "exactly one"),
        ('code = "PLAT"', 'code = "LYM"', "never alert"),
        ("within_hours = 24\n", "", "within_hours"),
        ('together_with = "fever"', 'together_with = "chill"', "chill"),
        ('groups = ["skin", "ocular", "mucosal", "pulmonary"]', 'groups = ["fur"]', "fur"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_by_name(old, new, named):
    with pytest.raises(protocol.ProtocolError, match=named):
        protocol_with(old, new)


def test_a_trial_without_rules_has_no_alerts():
    none = PROTOCOL.model_copy(update={"alerts": ()})
    assert alerts(Watched(WHO, labs(), given(), events(), none, moment(9))) == ()
