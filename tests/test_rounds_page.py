"""The page of rounds over the simulated trial: who stands where, by hand from its script, and what each row says."""

import csv
import io
from types import SimpleNamespace

import pandas as pd
import pytest
from reading import of_kind, parts_of
from test_board_page import words

from clinical.last_results import LastResult
from clinical.rounds import Known
from dashboard.labels import LANGUAGES
from dashboard.pages import patients
from dashboard.rounds import Found, found, rounds_of
from dashboard.rounds_cells import Cells
from dashboard.rounds_table import LENGTH, _state, card
from dashboard.session import Asked, NotUnderstood
from dashboard.svg import sparkline
from dashboard.view import View
from queries.measurements import measurements
from queries.provenance import last_data
from queries.support import lasting_support
from queries.visits import visits

# From `data.simulate.scenario`: days since infusion are those of PATIENTS, CRS those of EVENTS (highest grade, last
# day; None: goes on). 101, 102, 203 and 207 began another therapy, 103 died, the batch of 208 failed.
DAYS = {"301": 40, "302": 17, "303": 3, "206": 95, "205": 110, "204": 155, "202": 176, "201": 190, "207": 75,
        "203": 169, "103": 250, "102": 262, "101": 280}  # fmt: skip
CRS = {"301": (2, 7), "302": (1, 4), "303": (2, None), "206": (2, 5), "205": (2, 6), "204": (1, 5), "202": (2, 7),
       "201": (4, 16), "207": (1, 5), "103": (1, 3), "101": (1, 4)}  # fmt: skip
ORDER = {
    "candidate": ["302"],  # ALT of grade 3 that nobody reported
    "alert": ["303"],
    "infused": ["301", "206", "205", "204", "202", "201"],
    "waiting": ["304", "305", "306"],  # released, in manufacture, in screening
    "ended": ["207", "203", "103", "102", "101", "208", "901", "902", "903", "904"],
}


def asking(trial, cut: int = -1, **choices) -> Asked:
    return Asked(View(page="patients", **choices), trial.open(trial.ids()[cut]))


def short(one) -> str:
    return one.usubjid.rpartition("-")[2]


@pytest.fixture(autouse=True)
def in_the_application(client):
    with client.application.test_request_context("/"):
        yield


@pytest.fixture
def told(trial) -> Found:
    return found(asking(trial), 60)


def test_every_patient_in_the_stated_order(told):
    assert {rank: [short(one) for one in own] for rank, own in told.groups} == ORDER
    assert list(ORDER) == [rank for rank, _ in told.groups] and told.whole and not told.failed


def test_days_and_reported_crs_of_every_patient(told):
    every = [one for _, own in told.groups for one in own]
    assert {short(one): one.day for one in every if one.day is not None} == DAYS
    state = {}
    for one in every:
        crs = one.reported["crs"]
        if crs.state != "none":
            day0 = pd.Timestamp("2026-11-21") - pd.Timedelta(days=one.day)
            state[short(one)] = (crs.grade, crs.until and (pd.Timestamp(crs.until) - day0).days)
    assert state == CRS
    assert [short(one) for one in every if one.reported["icans"].state != "none"] == ["206"]


def test_every_last_result_is_the_last_row_of_all_that_was_measured(trial):
    """Against every row of the cut, read another way."""
    cut = trial.open(trial.ids()[-1])
    rows = measurements(cut, ("lab", "vital_sign", "ice", "kinetics"))
    rows = rows[rows["value"].notna() & rows["first"].notna()].sort_values("first", kind="stable")
    newest = rows.groupby(["usubjid", "code"])[["value", "first"]].last()
    for one in rounds_of(cut):
        for code, last in one.results.items():
            if isinstance(last, LastResult):
                assert (last.value, last.at) == tuple(newest.loc[(one.usubjid, code)]), (one.usubjid, code)
    assert sum(len(one.results) for one in rounds_of(cut)) == 21 * 6 + 13 * 2  # ICE and copies: of the infused


def row(trial, who: str, lang: str = "en") -> str:
    asked = asking(trial, lang=lang)
    tree = card(asked, found(asked, 60)).children
    return next(text for text in map(words, _rows(tree)) if text.strip().startswith(who))


def _rows(part):
    return of_kind(part, "Tr")


def test_the_patient_in_the_third_day(trial):
    """CRS 2 since Day 2 and 2 L/min of oxygen since then, T at 20:00 and ICE at 20:30, 4 and 3.5 h before midnight."""
    said = row(trial, "303")
    parts = ("Day 3", "2 since Day 2", "assessed 4 h before", "none reported", "axillary, 4 h", "nasal cannula 2 L/min")
    parts += ("Temperature ≥ 38.0 °C", "New oxygen or vasopressor", "DAY 7 11-24 – 11-26", "in hospital")
    for part in parts:
        assert part in said, part
    assert "not assessed" not in said


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "derived possibly up to 4, 05-25 20:30"), ("zh", "推导：可能高达 4 级，05-25 20:30")],
)
def test_a_grade_that_is_possible_is_not_said_as_if_it_were_known(trial, lang, said):
    """`NO_ICE`: 201 was ventilated on Days 9 and 10, her last in the schedule of ICE; Day 0 was 15 May."""
    assert said in row(trial, "201", lang)


def test_a_derived_grade_that_nobody_reported_stays_in_the_row_when_it_is_over(trial):
    """204, Day 43: 38.1 at the clinic, and no event; her CRS of grade 1 before it is reported."""
    assert "derived 1, not reported" in row(trial, "204")
    assert "not reported" not in row(trial, "202")


def test_what_a_protocol_does_not_follow_is_not_told_as_none_reported(trial):
    """303 has CRS and no ICANS: without either group the reported CRS stays, and of ICANS a dash with its reason."""
    asked = asking(trial)
    protocol = asked.cut.protocol.model_copy(update={"aesi": ()})
    bare = Asked(asked.view, SimpleNamespace(protocol=protocol, cutoff=asked.cut.cutoff))
    [one] = [one for one in rounds_of(asked.cut) if short(one) == "303"]
    cells = Cells(bare, Known())
    assert cells.toxicity(one, "icans").title == "the protocol of this cut does not follow it"
    assert "2 since Day 2" in words(cells.toxicity(one, "crs"))
    assert "none reported" in words(Cells(asked, Known()).toxicity(one, "icans"))


def test_who_is_in_hospital_and_was_not_assessed_is_said_to_be(trial):
    """302, Day 17: the last temperature is that of the unscheduled visit at 09:30, the last ICE that of Day 10."""
    said = row(trial, "302")
    assert "not assessed since 11-21 09:30" in said and "not assessed since 11-14 20:30" in said
    assert "DLT candidate: Alanine aminotransferase increased" in said and "ALT, AST or bilirubin grade 3" in said


def test_who_waits_is_told_with_the_step(trial):
    assert "in manufacture, day 9 since leukapheresis" in row(trial, "305")
    assert "制备中，单采后第 9 天" in row(trial, "305", "zh")


def test_what_a_patient_has_is_a_link_to_it(trial):
    asked = asking(trial, lang="zh")
    places = [getattr(one, "href", "") for one in parts_of(card(asked, found(asked, 60)))]
    assert "/patient/XKDCT293-01-302?lang=zh" in places
    assert any(one.startswith("/?") and "open=candidate" in one for one in places)


@pytest.mark.parametrize(
    ("choices", "who"),
    [({"who": "hospital"}, ["302", "303"]), ({"who": "window"}, ["302", "303"]),
     ({"cohort": "DL1"}, ["103", "102", "101"]), ({"population": "infused", "cohort": "DL3"}, ["302", "303", "301"]),
     ({"population": "lymphodepleted", "cohort": "DL3"}, ["302", "303", "301"])],
)  # fmt: skip
def test_choices_narrow_the_list(trial, choices, who):
    told = found(asking(trial, **choices), 60)
    assert [short(one) for _, own in told.groups for one in own] == who


@pytest.mark.parametrize("choices", [{"cohort": "DL9"}, {"population": "nobody"}])
def test_what_the_protocol_does_not_name_is_not_understood(trial, choices):
    with pytest.raises(NotUnderstood):
        found(asking(trial, **choices), 60)


def test_until_all_is_known_the_order_says_so(trial, told):
    asked = asking(trial)
    early = Found(told.groups, told.known.__class__(), whole=False, failed=False)
    said = words(card(asked, early).children)
    assert "still being computed" in said and "…" in said
    failed = words(card(asked, Found(told.groups, told.known.__class__(), whole=True, failed=True)).children)
    assert "could not be computed" in failed
    assert "counts alerts" in words(card(asked, told).children)


def test_an_order_without_alert_rules_says_so(trial, told):
    asked = asking(trial)
    bare = SimpleNamespace(protocol=asked.cut.protocol.model_copy(update={"alerts": ()}))
    assert "counts no alerts" in _state(Asked(asked.view, bare), told)
    assert "counts alerts" in _state(asked, told)


def test_while_jobs_run_the_list_stays_as_it_stands(trial, monkeypatch):
    """A look at what is not over moves nothing; the first look and the last draw it."""
    monkeypatch.setattr(patients, "found", lambda asked, within: Found((), None, whole=False, failed=False))
    assert patients.listed(asking(trial), 0) == (patients.no_update, False)


def test_a_long_list_begins_with_the_first(trial, told):
    many = tuple(one for _, own in told.groups for one in own) * 4
    asked, long = asking(trial), Found((("infused", many),), told.known, whole=True, failed=False)
    tree = card(asked, long).children
    assert len(_rows(tree)) == 2 + LENGTH and f"Show all {len(many)}" in words(tree)
    whole = card(asking(trial, length="whole"), long).children
    assert len(_rows(whole)) == 2 + len(many) and "Show all" not in words(whole)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("cut", range(3))
def test_every_cut_in_each_language(trial, cut, lang):
    asked = asking(trial, cut, lang=lang)
    assert len(_rows(card(asked, found(asked, 60)))) > 2


def test_the_export_has_everyone_of_the_choice_in_order(client, trial):
    answer = client.get("/export/rounds.csv?cohort=DL3")
    lines = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert "filters: 1 × 10⁷ CAR+ T/kg" in lines[0][0]
    rows = [dict(zip(lines[2], one, strict=True)) for one in lines[3:]]
    assert [one["usubjid"][-3:] for one in rows] == ["302", "303", "301", "304", "305"]
    by = {one["usubjid"][-3:]: one for one in rows}
    assert (by["303"]["crs_reported"], by["303"]["crs_grade"], by["303"]["support"]) == (
        "goes_on",
        "2",
        "NASAL CANNULA",
    )
    assert (by["302"]["crs_not_assessed"], by["303"]["crs_not_assessed"]) == ("True", "False")
    assert by["305"]["icetot_source"] == "none" and by["305"]["crs_reported"] == ""


def test_a_line_goes_from_zero_to_the_highest_value_over_its_days():
    """64 by 18 px with 2 px at the edges: 14 days and 7 days before the last are at 2 and 32, half of the top at 9."""
    drawn = sparkline([(-14, 10), (-7, 20), (0, 5)], 14)
    line, dot = drawn.children
    assert line.attributes["points"] == "2,9 32,2 62,12.5"
    assert (dot.attributes["cx"], dot.attributes["cy"]) == (62, 12.5)
    assert sparkline([(-1, 0), (0, 0)], 14).children[0].attributes["points"] == "57.7,16 62,16"


# ---- the queries -----------------------------------------------------------------------------------------------------
def test_visits_of_all_are_those_of_each(trial):
    cut = trial.open(trial.ids()[-1])
    every = visits(cut)
    for who, own in every.groupby("usubjid"):
        pd.testing.assert_frame_equal(own.reset_index(drop=True), visits(cut, who))


def test_support_that_lasts_is_that_without_an_end_at_the_cut_off(trial):
    """`SUPPORT`: 303 has oxygen from Day 2 without an end; 201 had all of hers ended before Day 14."""
    lasting = [tuple(one) for one in lasting_support(trial.open(trial.ids()[-1]))[["usubjid", "kind"]].to_numpy()]
    assert lasting == [("XKDCT293-01-303", "oxygen")]


def test_the_last_data_of_each_is_not_after_the_cut_off(trial):
    cut = trial.open(trial.ids()[0])
    last = last_data(cut)
    assert (last <= cut.cutoff).all() and last.index.is_unique
    assert last["XKDCT293-01-201"] >= visits(cut, "XKDCT293-01-201")["svstdtc_earliest"].max()
