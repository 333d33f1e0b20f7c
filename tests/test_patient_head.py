"""The head of a patient's page, of the simulated trial at its last cut: the end of 21 November 2026."""

from dataclasses import replace
from datetime import datetime

import pytest
from reading import text_of
from test_patient_page import asked, of

from clinical.data_age import ages, undated
from dashboard import due_card, patient_alerts, patient_head, patient_sections
from dashboard.patient_alerts import open_alerts
from queries.characteristics import characteristics, of_subject, recorded
from queries.cytokines import h_scores
from queries.subjects import subjects


def facts(trial, who: str, **choices) -> dict[str, str]:
    """Title -> what stands under it."""
    request, course = asked(trial, who, **choices), of(trial, who)
    given = {"due": due_card.due_of(request, course), "alerts": open_alerts(request, course.who["usubjid"])}
    _, listed = patient_head.head(request, course, subjects(request.cut), **given)
    return {text_of(one.children[0]): " | ".join(map(text_of, one.children[1:])) for one in listed.children}


def identity(trial, who: str, **choices) -> str:
    request, course = asked(trial, who, **choices), of(trial, who)
    return text_of(patient_head.head(request, course, subjects(request.cut))[0])


def test_302_is_known_by_subtype_antigen_dose_and_day(trial):
    """H-score and share of positive cells are those of sc.xpt; Day 0 is 4 November 2026, 17 days before the cut-off."""
    told = identity(trial, "302")
    assert "F 57, HR-/HER2+, Nectin-4 H-score 190 (75 %)" in told
    assert "Level 3, 1 × 10⁷ CAR+ T/kg, received 97 %" in told
    assert "Day 17  at the cut-off" in told
    assert "DLT candidates not adjudicated: 1: Alanine aminotransferase increased" in told


def test_the_facts_of_302(trial):
    """CRS grade 1 is over since Day 4. Vital signs last at 09:30: 14.5 h before midnight; ICE on Day 10. ALT over
    5 x 40 U/L on Days 12 to 17. In hospital until Day 21, where an assessment stands for 12 hours."""
    told = facts(trial, "302")
    assert told["CRS"] == (
        "peak grade 1 (ASTCT 2019) | derived peak 1, last 0 (ASTCT 2019) | "
        "not assessed since 11-21 09:30, 14 h before the cut"
    )
    assert told["ICANS"].endswith(
        "derived peak 0, last 0 (ASTCT 2019) | not assessed since 11-14 20:30, 7 d before the cut"
    )
    assert told["Open alerts"] == "ALT, AST or bilirubin grade 3 or more: from Day 12, last on Day 17"
    assert told["Due next"] == "ALT again by 11-23 | DAY 21 11-23 – 11-27 | DAY 28 11-29 – 12-05 · + 6 more"
    ages = told["Last data before the cut"]
    assert ages.startswith("vital signs 14 h · lab 17 h · ICE 7 d | cytokines 3 d · CAR cells 3 d · tumour 24 d |")


def test_the_alerts_of_302_stand_with_their_last_evidence(trial):
    """216 U/L on Day 17, and five samples over 200 before: Days 12 to 15."""
    request = asked(trial, "302")
    told = text_of(patient_alerts.card(request, open_alerts(request, "XKDCT293-01-302")))
    assert "ALT 216 U/L, 2026-11-21 06:50 [lb.xpt " in told and told.endswith(" · 4 before")
    assert patient_alerts.card(request, ()) is None


def test_alerts_that_are_over_are_not_in_the_head(trial):
    """102 had fever and low counts, all of them over months before the cut-off."""
    assert facts(trial, "102")["Open alerts"] == "none by the protocol's rules"


def test_more_alerts_than_the_head_has_room_for_are_counted(trial):
    """303 on Day 3: oxygen, fever, low pressure, neutropenia with fever."""
    assert facts(trial, "303")["Open alerts"].endswith(" | + 2 more")


def test_what_goes_on_comes_before_the_peak(trial):
    assert facts(trial, "303")["CRS"].startswith("grade 2 (ASTCT 2019) since Day 2, no end recorded |")
    assert facts(trial, "201")["CRS"].startswith("peak grade 4 (ASTCT 2019) |")


def test_what_was_assessed_in_time_or_after_hospital_is_not_called_missing(trial):
    """303 in hospital: temperature at 20:00, 4 h before; 201 at home on Day 184: two days before."""
    assert facts(trial, "303")["CRS"].endswith("| last assessed 11-21 20:00, 4 h before the cut")
    assert "| last assessed " in facts(trial, "201")["CRS"]


def test_who_was_not_infused_has_a_step_and_no_grades(trial):
    told = facts(trial, "306")
    assert "CRS" not in told and told["Before the infusion"] == "In screening"
    assert "no cohort assigned" in identity(trial, "306") and "Day" not in identity(trial, "306")
    assert told["Last data before the cut"].endswith(
        "none: cytokines, CAR cells, ICE, tumour · last visit or event 11-17"
    )


def test_of_who_began_another_therapy_long_term_follow_up_is_due_and_who_died_has_nothing(trial):
    """102: eribulin on 10 September 2026; Day 0 was 4 March, Day 670 is 3 January 2028."""
    told = facts(trial, "102")["Due next"]
    assert told.startswith("LONG-TERM FOLLOW-UP 2028-01-03") and "another therapy since 2026-09-10 (ERIBULIN)" in told
    assert facts(trial, "103")["Due next"].startswith("died on ")


def test_a_date_of_another_year_says_which():
    assert patient_head._date(datetime(2025, 12, 30), datetime(2026, 1, 5)) == "2025-12-30"
    assert patient_head._date(datetime(2026, 1, 2), datetime(2026, 1, 5)) == "01-02"


def test_the_head_speaks_chinese(trial):
    assert facts(trial, "303", lang="zh")["CRS"].startswith("2 级（ASTCT 2019），自第 2 天，未记录结束")


def test_the_card_says_when_each_window_stands_open(trial):
    """Day 0 of 302 is 4 November: Day 21 -2/+2 is 23 to 27 November."""
    request, course = asked(trial, "302"), of(trial, "302")
    told = text_of(due_card.card(request, course, due_card.due_of(request, course)))
    assert "DAY 21 laboratory, vital signs, cytokines, CAR copies 2026-11-23 – 11-27 Day 19 to 23 · opens 2 d" in told
    assert "ALT again a DLT clause is running by 2026-11-23 Day 19 · open, 2 d left" in told
    assert "+ 4 more" in told and "Visit windows are assumed" in told


def test_visits_have_chinese_names_in_the_card_the_head_and_the_table(trial):
    request, course = asked(trial, "302", lang="zh"), of(trial, "302")
    told = text_of(due_card.card(request, course, due_card.due_of(request, course)))
    assert "第 21 天" in told and "DAY 21" not in told
    table = text_of(patient_sections.visits(request, course))
    assert "清淋（第 -5 天）" in table and "第 14 天" in table and "DAY 14" not in table


@pytest.mark.parametrize(("who", "kind", "days"), [("302", "ice", 7), ("302", "vitals", 0), ("303", "vitals", 0)])
def test_the_age_of_the_last_data_counts_calendar_days(trial, who, kind, days):
    assert ages(of(trial, who))[kind].days == days


def test_a_result_that_was_not_done_is_no_data(trial):
    course = of(trial, "302")
    course = type(course)(course.who, course.measured.assign(not_done="NOT DONE"), course.given, course.events,
                          course.visits, course.protocol, course.cutoff)  # fmt: skip
    assert set(ages(course).values()) == {None}


def test_results_of_which_none_has_a_day_are_not_none(trial):
    course = of(trial, "302")
    ice = course.measured["table"] == "ice"
    course = replace(course, measured=course.measured.assign(first=course.measured["first"].mask(ice)))
    assert undated(course) == ("ice",) and ages(course)["ice"] is None
    assert undated(of(trial, "302")) == ()


def test_characteristics_agree_with_the_covariate_of_the_other_screens(trial):
    cut = trial.serving().cut
    for one in h_scores(cut).itertuples():
        assert of_subject(cut, one.usubjid, "NEC4HS")["value"] == one.h_score
    assert recorded(cut, "SUBTYPE") and not recorded(cut, "EDULEVEL")
    assert of_subject(cut, "nobody", "SUBTYPE") is None
    assert characteristics(cut)["source_file"].unique().tolist() == ["sc.xpt"]


def test_a_death_stands_in_the_head(trial):
    """103 died 60 days before the last cut-off, 21 November 2026."""
    assert "died on 2026-09-22" in identity(trial, "103")
    assert "died" not in identity(trial, "201")
