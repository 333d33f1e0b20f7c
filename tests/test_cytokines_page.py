"""The Cytokines screen on the simulated trial. What is expected is worked by hand from the tables of the story.

Best change (comments of `data/simulate/biology.py`; sums of the investigator against the baseline):
101 45/56, 102 34/59, 103 79/82, 201 36/73, 203 66/60 (then PD), 204 28/47, 205 69/75, 206 7/36, 207 67/53 (PD),
301 37/56; 202 has no measurable disease, 302 and 303 no scan yet.
Response: 102, 201, 204 PR and 206 CR confirmed; 301 PR on Day 29, not confirmed yet; 302 and 303 not scanned yet.
CRS (`scenario.EVENTS`): highest grade of the rows from Day 0 to 28; 102 and 203 had none. On 21 November 302
is on Day 17 and 303 on Day 3: their windows are not over.
Tocilizumab (`scenario.MEDICATION`): 102 Day 5, 201 Day 6, 202 Day 4, 205 Day 3, 206, 301 and 303 Day 2.
"""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from reading import of_kind, parts_of, text_of

from clinical.family import pairs
from dashboard import cytokine_profiles
from dashboard.correlating import cytokines_of, family_of
from dashboard.pages import cytokines as page
from dashboard.peak_table import rows
from dashboard.session import Asked, NotUnderstood
from dashboard.view import View
from data import importing, protocol
from data.store import Store

CHANGES = {
    "101": 100 * (45 / 56 - 1), "102": 100 * (34 / 59 - 1), "103": 100 * (79 / 82 - 1), "201": 100 * (36 / 73 - 1),
    "203": 10.0, "204": 100 * (28 / 47 - 1), "205": -8.0, "206": 100 * (7 / 36 - 1), "207": 100 * (67 / 53 - 1),
    "301": 100 * (37 / 56 - 1),
}  # fmt: skip
RESPONDERS, OTHERS = {"102", "201", "204", "206"}, {"101", "103", "202", "203", "205", "207"}
GRADES = {"101": 1, "102": 0, "103": 1, "201": 4, "202": 2, "203": 0, "204": 1, "205": 2, "206": 2, "207": 1, "301": 2}
TOCILIZUMAB = {"102": 5, "201": 6, "202": 4, "205": 3, "206": 2, "301": 2, "303": 2}


def ask(trial, **choices) -> Asked:
    return Asked(View(page="cytokines", **choices), trial.serving().cut)


def shown(trial, application, **choices) -> dict:
    view = View(page="cytokines", **choices)
    path, _, search = view.href.partition("?")
    application.server.config["STORE"] = trial
    with application.server.app_context():
        stored = {"pathname": path, "search": search, "cut": trial.current()}
        return page.show(stored) | page.show_peaks(stored)


@pytest.fixture(scope="module")
def found(trial):
    return cytokines_of(trial.serving().cut)


def of(found, outcome: str) -> dict[str, pd.Series]:
    names = dict(zip(found.people["usubjid"], found.people["subjid"], strict=True))
    own = found.outcomes[found.outcomes["outcome"] == outcome]
    return {names[one["usubjid"]]: one for _, one in own.iterrows()}


def peaks_of(found, peak: str) -> dict[str, pd.Series]:
    names = dict(zip(found.people["usubjid"], found.people["subjid"], strict=True))
    own = found.peaks[found.peaks["peak"] == peak]
    return {names[one["usubjid"]]: one for _, one in own.iterrows()}


# ---- what is set against each other ----------------------------------------------------------------------------------
def test_best_change_of_the_story(found):
    said = of(found, "change")
    final = {who: one["value"] for who, one in said.items() if one["state"] == "final"}
    assert final == {who: pytest.approx(value) for who, value in CHANGES.items()}
    why = {who: one["why"] for who, one in said.items() if who not in CHANGES}
    assert why == {"202": "no_measurable_disease", "302": "no_scan_after_baseline", "303": "no_scan_after_baseline"}


def test_response_of_the_story(found):
    said = of(found, "response")
    assert {who for who, one in said.items() if one["value"] == 1} == RESPONDERS
    assert {who for who, one in said.items() if one["value"] == 0} == OTHERS
    assert [said[who]["why"] for who in ("301", "302", "303")] == ["awaiting", "too_early", "too_early"]


def test_crs_of_the_story(found):
    said = of(found, "crs")
    assert {who: one["value"] for who, one in said.items() if one["state"] == "final"} == GRADES
    assert {who: one["why"] for who, one in said.items() if one["state"] != "final"} == {
        "302": "running",
        "303": "running",
    }


def test_cells_that_never_rose_above_the_limit_rank_lowest(found):
    said = of(found, "cmax")["203"]  # Cmax of the story 24, LLOQ 50
    assert (said["value"], said["limit"], said["state"]) == (0, "<", "final")
    assert of(found, "auc")["303"]["state"] == "provisional"  # Day 3 of 28


def test_il6_before_tocilizumab_ends_with_the_dose(found):
    before, overall = peaks_of(found, "il6_first"), peaks_of(found, "il6")
    for who, one in before.items():
        assert one["value"] <= overall[who]["value"] and one["state"] == "final"
        assert one["last_day"] <= TOCILIZUMAB.get(who, 28)
    # It blocks the receptor of IL-6, whose level rises then: not for nothing are there two peaks.
    assert all(overall[who]["value"] > 3 * before[who]["value"] for who in ("201", "202", "205", "206", "301"))
    assert overall["303"]["state"] == "provisional" and overall["303"]["why"] == "running"


def test_the_family_is_every_peak_with_every_outcome(found, trial):
    told = trial.serving().cut.protocol.associations
    assert len(found.family) == len(told.peaks) * len(told.outcomes) == 50
    counts = found.family.set_index(["peak", "outcome"])["n"]
    # change: 10 with a sum; response: 10 told; CRS: 11 with a window that is over
    assert (counts["il6_first", "change"], counts["il6_first", "response"], counts["il6_first", "crs"]) == (10, 10, 11)
    rows = pairs(found.peaks, found.outcomes, "il6_first", "response")
    assert len(rows) == 13 and rows["used"].sum() == 10


# ---- the screen ------------------------------------------------------------------------------------------------------
def test_the_matrix_has_a_cell_for_each_pair_and_marks_the_one_of_the_scatter(trial, application):
    block = shown(trial, application, peak="tnfa", outcome="crs")["matrix"]
    cells = [one for one in parts_of(block) if getattr(one, "className", "") in ("cell", "cell chosen")]
    assert len(cells) == 50
    [current] = [one for one in cells if one.className == "cell chosen"]
    assert getattr(current, "data-cell") == "tnfa/crs" and current.href == "/cytokines?peak=tnfa&outcome=crs"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_part_of_the_patients_shows_no_p(trial, application, lang):
    answer = shown(trial, application, cohort="DL2", lang=lang, peak="il6", outcome="crs")
    matrix = text_of(answer["matrix"])
    assert ("no p: filtered" if lang == "en" else "已筛选，不给 p") in matrix
    assert " p 0" not in matrix and "adj." not in matrix.replace("Adjusted", "") and "校正 0" not in matrix
    [inside] = [note.text for note in answer["scatter"].layout.annotations if "n = 7" in note.text]
    assert "p " not in inside.replace("exploratory", "") and "CI" not in inside and "置信" not in inside
    part = family_of(trial.serving().cut, "DL2")
    assert part["p"].isna().all() and part["adjusted"].isna().all() and part["low"].isna().all()


def test_the_figure_says_that_it_is_exploratory_and_of_how_many(trial, application):
    notes = [one.text for one in shown(trial, application, peak="il6", outcome="change")["scatter"].layout.annotations]
    assert any(text.startswith("exploratory, n = 10<br>ρ −") and "bootstrap CI" in text for text in notes)
    assert any("(exact)" in text and "BH, 50 tests" in text for text in notes)
    assert any("SIMULATED" in text for text in notes)


def test_every_dot_is_a_patient_and_opens_it(trial, application, found):
    figure = shown(trial, application, peak="il6", outcome="change")["scatter"]
    [dots] = figure.data
    assert {one[0].partition("?")[0] for one in dots.customdata} == {f"/patient/XKDCT293-01-{who}" for who in CHANGES}
    by_name = dict(zip(dots.text, zip(dots.x, dots.y, strict=True), strict=True))
    assert by_name["206"] == (peaks_of(found, "il6")["206"]["value"], pytest.approx(CHANGES["206"]))


def test_who_is_not_among_the_dots_is_named_with_the_reason(trial, application):
    said = text_of(shown(trial, application, peak="il6", outcome="response")["excluded"])
    assert "3 of 13" in said
    assert "awaiting confirmation of Day 29" in said and "too early, cut-off on Day 17" in said
    assert "IL-6 overall: followed to Day 3 only" in said


def test_a_chosen_patient_stands_out_on_every_panel(trial, application):
    answer = shown(trial, application, subject="XKDCT293-01-301")
    strong = [one for one in answer["profiles"].data if one.mode == "lines+markers"]
    tag, told, *options = json.loads(answer["subject"])
    assert (len(strong), tag, told["value"], len(options)) == (9, "select", "XKDCT293-01-301", 1 + 13)
    assert options[:2] == [
        ["option", {"value": ""}, "Highlight a patient"], ["option", {"value": "XKDCT293-01-101"}, "101"],
    ]  # fmt: skip
    il6 = strong[0]
    assert il6.customdata[0][2] == "≤ 1.5" and il6.marker.color[0] == "#FFFFFF"  # hollow: below the limit
    assert il6.marker.color[3] == il6.line.color
    nobody = shown(trial, application, subject="NOBODY")
    assert json.loads(nobody["subject"])[1]["value"] == ""
    assert not [one for one in nobody["profiles"].data if one.mode == "lines+markers"]


def test_of_a_crowd_the_highest_are_drawn_and_the_chosen_one(trial, application, found, monkeypatch):
    """201 has the storm of the story and 205 the next highest IL-6; 103 is chosen."""
    monkeypatch.setattr(cytokine_profiles, "MOST_DRAWN", 2)
    cytokine_profiles._profile_figure.cache_clear()
    answer = shown(trial, application, subject="XKDCT293-01-103")
    cytokine_profiles._profile_figure.cache_clear()
    names = {name for one in answer["profiles"].data if one.mode == "lines" for name in one.text if name}
    assert names == {"103", "201", "205"}
    assert "Drawn are the 2 of 13 patients with the highest IL-6 overall; the table has all." in text_of(
        answer["profile_summary"]
    )
    assert len(of_kind(answer["peaks"], "Tbody")[0].children) == 13


def test_a_line_has_a_gap_between_two_patients(trial, application):
    figure = shown(trial, application)["profiles"]
    level1 = figure.data[0]
    names = [one for one in level1.text if one]
    assert sorted(set(names)) == ["101", "102", "103"]
    assert sum(value is None for value in level1.y) == 2


def test_multiples_are_drawn_against_their_reference(trial, application, found):
    values = shown(trial, application, subject="XKDCT293-01-201")["profiles"]
    folds = shown(trial, application, subject="XKDCT293-01-201", fold="baseline")["profiles"]
    one, other = (next(trace for trace in figure.data if trace.mode == "lines+markers") for figure in (values, folds))
    baseline = peaks_of(found, "il6")["201"]["baseline"]
    assert list(other.y) == [pytest.approx(value / baseline) for value in one.y]
    assert not [shape for shape in folds.layout.shapes if shape.line.dash == "dot"]  # no limit on a multiple
    assert any("× baseline" in note.text for note in folds.layout.annotations)


def test_the_table_has_numbers_to_sort_by_and_says_why_not(trial):
    told = {one.subjid: one for one in rows(ask(trial), cytokines_of(trial.serving().cut))}
    cells = {subjid: one.cells for subjid, one in told.items()}
    assert len(told) == 13 and cells["201"]["o_crs"].value == 4 and cells["206"]["o_response"].words == "CR"
    assert cells["203"]["o_change"].words == "+10.0 %" and cells["202"]["o_change"].value is None
    assert "no measurable disease" in told["202"].remarks
    assert not cells["303"]["il6"].is_final and " * D3" in cells["303"]["il6"].words
    assert cells["303"]["il6_first"].is_final
    assert "IL-6 overall, IFN-γ" in told["303"].remarks and "followed to Day 3 only" in told["303"].remarks
    assert cells["301"]["o_response"].words == "to be confirmed"
    assert cells["101"]["h_score"].value == 210 and told["101"].href == "/patient/XKDCT293-01-101"


@pytest.mark.parametrize("choice", [{"peak": "il99"}, {"outcome": "survival"}, {"cohort": "DL9"}])
def test_a_choice_that_the_protocol_does_not_name_is_refused(trial, application, choice):
    with pytest.raises(NotUnderstood):
        shown(trial, application, **choice)


def test_a_trial_without_cytokines_says_so_in_a_sentence(few_files, tmp_path, application):
    store = Store(tmp_path / "few")
    assert importing.load([few_files[0]], store, protocol.load(Path("xkdct293.toml"))).outcome == "published"
    answer = shown(store, application)
    assert text_of(answer["empty"]).startswith("No cytokines, CRP or ferritin")
    assert answer["hidden"] is True


# ---- exports ---------------------------------------------------------------------------------------------------------
def exported(client, path: str) -> tuple[str, list[dict[str, str]]]:
    answer = client.get(path)
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    stamp, _, head, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    return stamp[0], [dict(zip(head, row, strict=True)) for row in rows]


def test_peaks_and_outcomes_are_exported_unrounded(client, found):
    stamp, rows = exported(client, "/export/peaks.csv")
    assert "SIMULATED" in stamp and "all infused" in stamp
    assert len(rows) == 13 * (10 + 5)
    [change] = [one for one in rows if one["subjid"] == "206" and one["id"] == "change"]
    assert float(change["value"]) == pytest.approx(100 * (7 / 36 - 1), abs=1e-9)
    [first] = [one for one in rows if one["subjid"] == "301" and one["id"] == "il6_first"]
    assert (first["baseline_limit"], first["fold_baseline_bound"]) == ("<", ">")


def test_the_matrix_is_exported_and_a_part_of_it_without_p(client):
    _, rows = exported(client, "/export/cytokines.csv")
    assert len(rows) == 50 and all(one["p"] and one["adjusted_bh"] for one in rows)
    stamp, part = exported(client, "/export/cytokines.csv?cohort=DL2")
    assert "3 × 10⁶" in stamp and len(part) == 50
    assert all(one["p"] == one["adjusted_bh"] == one["low_95"] == "" for one in part)
    assert client.get("/export/cytokines.csv?cohort=DL9").status_code == 400
