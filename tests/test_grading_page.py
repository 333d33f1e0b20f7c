"""The page of grades: counts, what they open and the differences, by hand from the simulated trial's script.

Of the twelve infused patients with a story, 102 (fever on Day 5, tocilizumab, no event) and 203 have no CRS reported,
201 alone reached grade 4, and its ICE was not done on ventilation, Days 9 to 11.
"""

import csv
import io

import pandas as pd
import pytest
from reading import parts_of
from test_board_page import words
from test_changes_page import links

from clinical.grade_matrix import verdict, worst_grades
from dashboard import grading_liver
from dashboard.drill import opened
from dashboard.grading_lab_matrix import key_of, lab_card, lab_panel
from dashboard.grading_labs import Labs, labs_card, labs_of
from dashboard.grading_liver import about, liver_figure, liver_words, livers_of
from dashboard.grading_matrix import toxicity_card, toxicity_panel
from dashboard.grading_toxicity import toxicities_of
from dashboard.labels import LANGUAGES, speaker, t
from dashboard.session import Asked
from dashboard.view import View
from dashboard.waiting import clock

ALT = "Alanine aminotransferase increased"
CRS = {  # usubjid's end -> reported, derived: `data.simulate.scenario.EVENTS`, and the fever of 102 on Day 5
    "101": (1, 1), "102": (0, 1), "103": (1, 1), "201": (4, 4), "202": (2, 2), "203": (0, 0), "204": (1, 1),
    "205": (2, 2), "206": (2, 2), "207": (1, 1), "301": (2, 2), "302": (1, 1), "303": (2, 2),
}  # fmt: skip

NAMES = {"en": (ALT, "INR increased"), "zh": ("丙氨酸氨基转移酶升高 (ALT)", "国际标准化比值升高 (INR)")}


def asking(trial, **choices) -> Asked:
    return Asked(View(page="grading", **choices), trial.open(trial.ids()[-1]))


def short(usubjid: str) -> str:
    return usubjid.rpartition("-")[2]


@pytest.fixture(scope="module")
def found(trial):
    return toxicities_of(trial.open(trial.ids()[-1]))


def test_crs_of_every_patient_reported_and_derived(found):
    told = {short(one.Index): (one.reported, one.low) for one in found[0].worst.itertuples()}
    assert told == CRS
    assert (found[0].worst["low"] == found[0].worst["high"]).all()


def test_icans_without_ice_is_a_range_and_no_number(found):
    worst = found[1].worst.set_axis(map(short, found[1].worst.index))
    assert tuple(worst.loc["201", ["reported", "low", "high", "verdict"]]) == (0, 0, 4, "open")
    assert "ice" in worst.loc["201", "missing"]
    assert tuple(worst.loc["206", ["reported", "low", "high", "verdict"]]) == (1, 1, 1, "same")
    assert set(worst.drop(["201", "206"])["high"]) == {0}


def test_the_differences(found):
    told = {(short(one.usubjid), one.kind, one.code) for each in found for one in each.discrepancies}
    # The fever of 204 on Day 45 is a pneumonia's: the cause is not in the measurements, so it is asked.
    assert told == {
        ("102", "crs", "not_reported"),
        ("204", "crs", "not_reported"),
        ("201", "icans", "may_be_unreported"),
    }


def test_every_count_opens_as_many_patients_as_it_says(trial, found):
    counts = links(toxicity_card(asking(trial), found), "count")
    assert sum(number for _, number in counts) == 2 * len(CRS)
    for href, number in counts:
        view = View.parse("/grading", href.partition("?")[2])
        [panel] = toxicity_panel(asking(trial, open=view.open), found)
        assert len(links_of_people(panel)) == number


def links_of_people(panel) -> list:
    return [one for one in parts_of(panel) if getattr(one, "className", "") == "patient"]


def test_the_fever_of_102_in_its_panel(trial, found):
    [panel] = toxicity_panel(asking(trial, open=opened("grades", "crs", "1", "0")), found)
    said = words(panel)
    assert "CRS: derived Grade 1, reported No event" in said and "1 patient" in said
    assert "102 CRS: grade 1 derived from Day 5, no event reported rests on fever no event" in said


@pytest.mark.parametrize("lost", ["grades/crs/4/0", "grades/flu/1/0", "grades/crs", "else"])
def test_a_count_that_does_not_exist_is_said(trial, found, lost):
    [panel] = toxicity_panel(asking(trial, open=lost), found)
    assert t("drill.unknown") in words(panel)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_card_says_range_scale_and_stamp(trial, found, lang):
    said = words(toxicity_card(asking(trial, lang=lang), found))
    assert t("grading.caption", lang, n=13, same=12, differs=1, open=0) in said
    assert t("grading.caption", lang, n=13, same=12, differs=0, open=1) in said
    assert t("grading.grade", lang, grade="0–4") in said and t("icans.ice", lang) in said
    assert "ASTCT 2019" in said and trial.ids()[-1][:7] in said


def test_exports_hold_the_same_and_are_stamped(trial, client):
    def rows(name: str) -> list[dict]:
        lines = client.get(f"/export/{name}.csv").text.lstrip("\ufeff").splitlines()
        assert trial.ids()[-1][:7] in lines[0]
        return list(csv.DictReader(io.StringIO("\n".join(one for one in lines if not one.startswith("# ")))))

    assert {short(one["usubjid"]): (int(one["reported"]), int(one["derived_low"])) for one in rows("crs-grades")} == CRS
    [of_201] = [one for one in rows("icans-grades") if short(one["usubjid"]) == "201"]
    assert (of_201["reported"], of_201["derived_low"], of_201["derived_high"]) == ("0", "0", "4")
    assert [short(one["usubjid"]) for one in rows("discrepancies")] == ["102", "204", "201"]


# ---- one patient -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("reported", "low", "high", "said"),
    [
        (2, 2, 2, "same"),
        (0, 1, 1, "differs"),
        (3, 1, 2, "differs"),
        (1, 1, 2, "open"),
        (None, 2, 2, "open"),  # an event without a grade is no grade 0
        (0, None, None, "open"),  # nothing assessed is no grade 0 either
        (5, 4, 4, "same"),  # death is reported, never derived
        (5, 2, 4, "open"),
        (5, 2, 3, "differs"),
    ],
)
def test_the_verdict(reported, low, high, said):
    assert verdict(reported, low, high) == said


def test_an_assessment_that_says_nothing_leaves_the_worst_open():
    assessed = pd.DataFrame(
        {
            "usubjid": ["A", "A", "B", "C"],
            "low": [1, None, None, 0],
            "high": [1, None, None, 0],
            "missing": [(), ("ice",), ("ice", "motor"), ()],
        }
    ).astype({"low": "Int64", "high": "Int64"})
    events = pd.DataFrame(
        [
            {"usubjid": "A", "aedecod": None, "aeterm": "细胞因子释放综合征", "aetoxgr": None, "aeout": None},
            {"usubjid": "C", "aedecod": "Cytokine release syndrome", "aeterm": "CRS", "aetoxgr": 2, "aeout": "FATAL"},
        ]
    ).assign(
        aesdth=None, aestdtc_earliest=pd.NaT, aestdtc_latest=pd.NaT, aeendtc_earliest=pd.NaT, aeendtc_latest=pd.NaT
    )
    day0 = pd.Series(pd.Timestamp("2026-03-01"), list("ABCD"))
    worst = worst_grades("crs", assessed, events, day0, pd.Timestamp("2026-04-01"))
    told = worst.astype(object).where(worst.notna(), None)[["reported", "low", "high", "missing"]]
    assert [tuple(one) for one in told.to_numpy()] == [
        (None, 1, 4, ("ice",)),  # the event has no grade
        (0, None, None, ("ice", "motor")),
        (5, 0, 0, ()),  # fatal is 5 whatever the grade says
        (0, None, None, ()),
    ]


# ---- what may be unreported ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("lang", LANGUAGES)
def test_alt_of_302_and_fibrinogen_of_201_are_asked_and_nothing_else(trial, lang):
    """302: ALT 232 U/L on Day 12 is the first above 5 x 40 (`ALT_MEASURED`), 216 on Day 17 the last."""
    told = labs_of(trial.open(trial.ids()[-1]))
    assert [(short(one.usubjid), one.code, one.low) for one in told.unreported] == [
        ("201", "FIBRINO", 3),
        ("302", "ALT", 3),
    ]
    said = words(labs_card(asking(trial, lang=lang), told))
    days = {"term": NAMES[lang][0], "grade": 3, "first": 12, "last": 17}
    assert t("unreported.no_event", lang, **days) in said and "232 U/L" in said and "216 U/L" in said
    assert "187 U/L" not in said  # grade 2
    assert t("grading.unreported", lang, scale="CTCAE 5.0") in said and trial.ids()[-1][:7] in said


def test_a_trial_without_gradable_results_is_not_told_that_nothing_is_unreported(trial):
    said = words(labs_card(asking(trial), Labs(0, 0, 0, "CTCAE 5.0", (), pd.DataFrame())))
    assert t("grading.no_labs", since="lymphodepletion") in said and t("table.no_rows") not in said


def test_the_export_of_what_may_be_unreported(trial, client):
    lines = client.get("/export/unreported.csv").text.splitlines()
    assert [one.split(",")[2] for one in lines if one.startswith("CTCAE 5.0,")] == ["FIBRINO", "ALT"]


# ---- laboratory terms ------------------------------------------------------------------------------------------------
def test_the_laboratory_terms_that_differ_in_the_script(trial):
    """ALT of 302 is in no event; 201's fibrinogen neither. All white cells fell after lymphodepletion, expected."""
    worst = labs_of(trial.open(trial.ids()[-1])).worst
    differing = worst[worst["verdict"].isin(["derived_higher", "reported_higher"])]
    told = {(short(one.usubjid), one.term): (one.reported, one.low) for one in differing.itertuples() if one.low > 2}
    assert told == {("302", ALT): (0, 3), ("201", "Fibrinogen decreased"): (0, 3)}
    fall = worst[worst["term"] == "White blood cell decreased"]
    assert set(fall["verdict"]) == {"expected"} and len(fall) == len(CRS)


def test_every_count_of_the_overview_and_of_the_matrix_opens_as_many_patients_as_it_says(trial):
    told = labs_of(trial.open(trial.ids()[-1]))
    counts = links(lab_card(asking(trial), told), "count")
    assert sum(number for _, number in counts) == len(told.worst) + len(CRS)  # each term, and one of them as a matrix
    for href, number in counts:
        view = View.parse("/grading", href.partition("?")[2])
        [panel] = lab_panel(asking(trial, open=view.open), told)
        assert len(links_of_people(panel)) == number


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_chosen_term_is_the_matrix_and_the_worst_that_nobody_reported_the_first(trial, lang):
    told = labs_of(trial.open(trial.ids()[-1]))
    first = words(lab_card(asking(trial, lang=lang), told))
    assert t("grading.scale", lang, name=NAMES[lang][0], scale="CTCAE 5.0") in first
    assert t("grading.about_expected", lang, drugs="fludarabine + cyclophosphamide") in first
    chosen = words(lab_card(asking(trial, lang=lang, term="inr_increased"), told))
    assert t("grading.scale", lang, name=NAMES[lang][1], scale="CTCAE 5.0") in chosen
    assert t("lacking.anticoagulated", lang) in chosen and trial.ids()[-1][:7] in chosen


def test_a_count_of_a_term_names_the_result_behind_it(trial):
    told = labs_of(trial.open(trial.ids()[-1]))
    [panel] = lab_panel(asking(trial, open=opened("lab", key_of(ALT), "derived_higher")), told)
    assert "302 No event Grade 3 (CTCAE 5.0) ALT 262 U/L (Day 14)" in words(panel)


@pytest.mark.parametrize("lost", ["lab/else/agree", "lab/inr_increased", "lab/inr_increased/reported_higher", "lab"])
def test_a_count_of_a_term_that_does_not_exist_is_said(trial, lost):
    [panel] = lab_panel(asking(trial, open=lost), labs_of(trial.open(trial.ids()[-1])))
    assert t("drill.unknown") in words(panel)


def test_the_export_of_the_laboratory_terms(trial, client):
    lines = client.get("/export/lab-grades.csv").text.lstrip("\ufeff").splitlines()
    assert trial.ids()[-1][:7] in lines[0]
    rows = list(csv.DictReader(io.StringIO("\n".join(one for one in lines if not one.startswith("# ")))))
    [of_302] = [one for one in rows if (short(one["usubjid"]), one["term"]) == ("302", ALT)]
    assert (of_302["reported"], of_302["derived_low"], of_302["verdict"]) == ("0", "3", "derived_higher")
    assert (float(of_302["value"]), of_302["unit"], of_302["rel_day"]) == (262, "U/L", "14")


# ---- the liver -------------------------------------------------------------------------------------------------------
def test_edish_of_302_and_202_by_their_written_alt(trial):
    """`ALT_MEASURED`: 302 peaks at 262 U/L on Day 14, 202 at 291 on Day 7, both against an ULN of 40."""
    found = livers_of(trial.open(trial.ids()[-1]))
    found = found.set_axis(map(short, found.index))
    assert (found.loc["302", "x"], found.loc["302", "day_x"]) == (262 / 40, 14)
    assert (found.loc["202", "x"], found.loc["202", "day_x"]) == (291 / 40, 7)
    assert found.loc["302", "quadrant"] == "temples_corollary"  # nobody in the script has a bilirubin above 2 x ULN
    assert not found["candidate"].astype(bool).any() and found["candidate"].notna().all()


def test_every_dot_opens_its_patient(trial):
    figure = liver_figure(asking(trial))
    dots = figure.data[0]
    assert len(dots.x) == 13 and all(link.startswith("/patient/XKDCT293-01-") for link, *_ in dots.customdata)
    [said] = [about for _, name, about in dots.customdata if name == "302"]
    assert said.startswith("ALT or AST 6.55 × ULN on Day 14")  # 262 / 40
    # Above 3 x ULN by the script: 202 and 302; ALT of 201 was reported as grade 2, which is above 3 x ULN too.
    assert {one for one in dots.text if one} == {"201", "202", "302"}
    assert {one.x0 for one in figure.layout.shapes} == {3, 0}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_liver_in_words(trial, lang):
    assert t("grading.no_hys_law", lang, n=13) in words(liver_words(asking(trial, lang=lang)))


def test_a_peak_that_is_a_limit_is_a_triangle_that_says_so(trial, monkeypatch):
    found = livers_of(trial.open(trial.ids()[-1])).copy()
    who = next(one for one in found.index if short(one) == "302")
    found.loc[who, "x_limit"] = ">"
    monkeypatch.setattr(grading_liver, "livers_of", lambda cut: found)
    dots = liver_figure(asking(trial)).data[0]
    symbols = dict(zip((name for _, name, _ in dots["customdata"]), dots["marker"]["symbol"], strict=True))
    assert symbols.pop("302") == "triangle-right" and set(symbols.values()) == {"circle"}
    [said] = [about for _, name, about in dots["customdata"] if name == "302"]
    assert said.startswith("ALT or AST &gt; 6.55 × ULN")
    assert t("grading.liver_limits", count=1) in words(liver_words(asking(trial)))


def test_a_peak_is_shown_against_an_abnormal_baseline_too(trial):
    """A bilirubin of 3.0 x ULN from a baseline of 1.5 is 2.0 x the baseline; a normal baseline is not spoken of."""
    found = livers_of(trial.open(trial.ids()[-1]))
    assert (found["x_baseline"] <= found["x"]).all() and found["x_baseline"].notna().all()
    row = next(found.itertuples())
    of_raised = row._replace(x=4.0, x_baseline=4.0, y=3.0, y_baseline=2.0)
    assert "2.00 × its abnormal baseline (bilirubin)" in about(speaker("en"), of_raised)
    assert "abnormal baseline (ALT" not in about(speaker("en"), of_raised)


def test_the_export_of_edish(trial, client):
    lines = client.get("/export/edish.csv").text.lstrip("\ufeff").splitlines()
    assert trial.ids()[-1][:7] in lines[0]
    rows = list(csv.DictReader(io.StringIO("\n".join(one for one in lines if not one.startswith("# ")))))
    [of_302] = [one for one in rows if short(one["usubjid"]) == "302"]
    assert float(of_302["aminotransferase_x_uln"]) == 262 / 40 and float(of_302["aminotransferase_day"]) == 14
    assert (of_302["quadrant"], of_302["candidate"], of_302["aminotransferase_limit"]) == ("temples_corollary", "N", "")
    assert len(rows) == len(CRS)


def test_nothing_is_looked_at_again_while_a_look_is_under_way(client):
    """Its answer would be thrown away: of a table that takes longer than the interval nothing would ever be shown."""
    every = client.get("/_dash-dependencies").json
    looks = [one for one in every if "grading-alerts.children" in one["output"]]
    asked = [[each["id"] for each in one["inputs"]] for one in looks]
    assert sorted(asked) == [["grading-alerts-wait"], ['{"view":"grading"}']]
    assert clock("grading-alerts").max_intervals == 1  # the next one is allowed by the answer to each
    assert all("grading-alerts-wait.n_intervals" in one["output"] for one in looks)
