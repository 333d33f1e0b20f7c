"""What was given, out of six tables: kinds, times, and nothing after the cut-off."""

from pathlib import Path

import pandas as pd
import pytest

from data import medications
from queries.interventions import KINDS, TABLES, interventions


@pytest.mark.parametrize(
    ("names", "group", "route", "kind"),
    [
        (("TOCILIZUMAB",), "", "", "tocilizumab"),
        (("Tocilizumab injection",), "", "INTRAVENOUS", "tocilizumab"),
        (("托珠单抗注射液",), "", "静脉滴注", "tocilizumab"),
        (("anakinra",), "", "", "anakinra"),
        (("地塞米松磷酸钠注射液",), "", "", "steroid"),
        (("HYDROCORTISONE", "HYDROCORTISONE, TOPICAL"), "", "TOPICAL", "other"),  # an ointment is no systemic steroid
        (("PREDNISONE",), "", "ORAL", "steroid"),
        (("X-17",), "CORTICOSTEROID", "ORAL", "steroid"),  # by its class where the name says nothing
        (("PEGFILGRASTIM",), "", "", "g_csf"),
        (("PLATELETS",), "TRANSFUSION", "INTRAVENOUS", "transfusion"),
        (("ANTIPLATELETS AGENT",), "", "", "other"),  # whole words only
        (("对乙酰氨基酚片",), "", "口服", "antipyretic"),
        (("NOREPINEPHRINE",), "", "", "vasopressor"),
        (("去甲肾上腺素",), "", "", "vasopressor"),
        (("头孢哌酮舒巴坦",), "", "", "anti_infective"),
        (("METFORMIN",), "ANTIDIABETIC", "ORAL", "other"),
        (("",), "", "", "other"),
    ],
)
def test_the_kind_of_a_medication(names, group, route, kind):
    assert medications.kind(names, group, route) == kind


def test_every_kind_is_known_to_the_query():
    assert set(medications.kinds()) <= set(KINDS)
    assert {"lymphodepletion", "infusion", "bridging", "subsequent_therapy", "oxygen"} <= set(KINDS)


def given(trial, who: str):
    return interventions(trial.serving().cut, f"XKDCT293-01-{who}").set_index("name")


def test_the_tocilizumab_of_303(trial):
    """Infused at 10:30; 18:40 on Day 2 is 2 d + 8 h 10 min = 2.34 d. Its end is the date alone."""
    row = given(trial, "303").loc["TOCILIZUMAB"]
    assert (row["kind"], row["rel_day"], row["end_rel_day"]) == ("tocilizumab", 2, 2)
    assert row["time"] == pytest.approx(2 + 490 / 1440)
    assert (row["dose"], row["unit"], row["source_file"]) == (8, "mg/kg", "cm.xpt")


def test_what_goes_on_has_no_end(trial):
    row = given(trial, "303").loc["NASAL CANNULA"]  # from Day 2, no end
    assert (row["kind"], row["rel_day"]) == ("oxygen", 2) and pd.isna(row["end"]) and pd.isna(row["end_first"])


def test_kinds_of_one_patient(trial):
    kinds = given(trial, "201").groupby("kind").size().to_dict()
    # three days of fludarabine, two of cyclophosphamide; cannula, high flow, BiPAP, cannula
    expected = {"lymphodepletion": 5, "infusion": 1, "tocilizumab": 2, "steroid": 1, "oxygen": 4, "vasopressor": 1}
    expected |= {"g_csf": 1, "transfusion": 1, "antipyretic": 1, "anti_infective": 3}
    assert kinds == expected


def test_bridging_and_the_next_therapy_are_kinds(trial):
    assert given(trial, "103").loc["CAPECITABINE", "kind"] == "bridging"  # Day -29 to -16
    assert given(trial, "103").loc["CAPECITABINE", "end_rel_day"] == -16
    assert given(trial, "102").loc["ERIBULIN", ["kind", "rel_day"]].tolist() == ["subsequent_therapy", 190]


def test_nothing_after_the_cut_off_is_read(trial):
    cut = trial.open(trial.ids()[0])  # ends in June
    every = interventions(cut)
    assert (every["first"].dropna() <= cut.cutoff).all() and (every["end_first"].dropna() <= cut.cutoff).all()
    goes_on = every[(every["name"] == "ACICLOVIR") & every["usubjid"].str.endswith("201")]
    assert goes_on["end"].isna().all()  # given to Day 60, which is later than this cut


def test_columns_are_those_of_the_contract(trial):
    every = interventions(trial.serving().cut)
    for name in ("usubjid", "table", "kind", "first", "last", "end_first", "end_last", "time", "end_time", "rel_day"):
        assert name in every.columns
    assert set(every["table"]) <= set(TABLES) and set(every["kind"]) <= set(KINDS)
    assert every["usubjid"].is_monotonic_increasing


def test_the_lists_name_their_source():
    text = Path(medications.__file__).with_name("medications.toml").read_text(encoding="utf-8")
    assert "Source: WHO ATC/DDD" in text
