"""The patient's screen: what stands on it of whom, what is read at the end of the data, the tables and their files."""

import csv
import io

import pytest
from dash import html
from reading import of_kind, text_of
from test_importing import files, load

from clinical.course import Course
from dashboard.courses import course
from dashboard.figures.readings import at_the_last
from dashboard.figures.stack import Stack, shown_days, stack
from dashboard.labels import speaker
from dashboard.pages import patient
from dashboard.patient_tables import TABLES, against_range, measured, measured_rows
from dashboard.session import Asked
from dashboard.stack_choices import stack_choices
from dashboard.view import View
from data.store import Store
from queries.subjects import subjects


def asked(trial, who="201", **choices) -> Asked:
    return Asked(View(page="patient", usubjid=f"XKDCT293-01-{who}", **choices), trial.serving().cut)


def of(trial, who: str) -> Course:
    return course(trial.serving().cut, f"XKDCT293-01-{who}")


def drawn(trial, who="201", period="month", lang="en", folded=()) -> Stack:
    found = of(trial, who)
    shown = shown_days(found, period, speaker(lang), "light", lang)
    return stack(found, shown, period, stamp="stamp", folded=folded)


def of_panel(made: Stack, name: str) -> list:
    """The traces of one panel."""
    number = made.drawn.index(name) + 1
    return [one for one in made.figure.data if one.yaxis == ("y" if number == 1 else f"y{number}")]


def axis_of(made: Stack, name: str):
    number = made.drawn.index(name) + 1
    return made.figure.layout["yaxis" if number == 1 else f"yaxis{number}"]


# ---- the page --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_patient_has_a_page_in_both_languages(trial, application, lang):
    cut = trial.serving().cut
    application.server.config["STORE"] = trial
    with application.server.app_context():
        for usubjid in subjects(cut)["usubjid"]:
            view = View(page="patient", usubjid=usubjid, lang=lang)
            path, _, search = view.href.partition("?")
            stored = {"pathname": path, "search": search, "cut": cut.id}
            shown = patient.show(stored=stored)
            assert text_of(shown["head"]) and text_of(shown["text"])
            assert all(map(text_of, patient.show_rows(stored=stored).values()))
            assert text_of(patient.show_measured(stored=stored))


def test_who_was_not_infused_has_no_axis_but_the_tables(trial):
    shown = patient.stacked(asked(trial, "306"), of(trial, "306"))
    assert shown["style"] == {"display": "none"} and not shown["figure"].data
    assert shown["text"].startswith("Not infused: there is no Day 0")
    assert len(measured(of(trial, "306"), "lab")) > 20


def test_at_the_last_data_each_value_has_its_own_day(trial):
    """ALT 216 U/L against a limit of 40: 5.4 times, grade 3 (above 5 to 20 times) on Day 17."""
    said = {one.row: one for one in drawn(trial, "302").reads}
    alt = said["ALT"]
    assert (alt.value, alt.grade) == ("216 U/L", "grade 3 (CTCAE 5.0)")
    assert alt.under.startswith("7–40 · 5.4 × ULN · Day 17, 2026-11-21 06:50 · lb.xpt ")
    assert said["Temperature"].under.startswith("axillary · Day 17")
    beside = text_of(patient.stacked(asked(trial, "302"), of(trial, "302"))["latest"])
    assert "CRS peak grade 1 from Day 2" in beside and "ICANS peak none reported" in beside
    assert "h before the cut-off" in beside


def test_what_holds_at_the_end_of_the_data_is_read_from_the_lanes(trial):
    """303 at the end of Day 3: CRS 2 without end since Day 2; tocilizumab at Day 2.34 is 29 h ago, no longer said."""
    said = {one.row: one for one in drawn(trial, "303").reads}
    crs = said["CRS reported"]
    assert (crs.value, crs.grade) == ("grade 2", "ASTCT 2019") and crs.under.startswith("Day 2, ")
    assert said["CRS derived"].grade == "ASTCT 2019"
    given = next(one for one in said.values() if one.row.startswith("Given"))
    assert "NASAL CANNULA" in given.value.upper() and "TOCILIZUMAB" not in given.value.upper() and given.wide


def test_a_single_dose_is_said_for_a_day():
    dose = {"type": "scatter", "x": [2.0], "y": [1.0], "customdata": [["Toci 8 mg/kg", "Toci", "Day 2", "ec.xpt 1"]]}
    dose["meta"] = {"reads": "stretches", "rows": ["Given"], "wide": True, "scales": [""], "nones": ["-"]}
    dose["meta"]["dose"] = "{what}, {hours} h before"
    assert at_the_last([dose], 2.5)[0].value == "Toci 8 mg/kg, 12 h before"
    assert at_the_last([dose], 3.1)[0].value == at_the_last([dose], 1.9)[0].value == "-"


def test_a_result_without_an_upper_limit_is_read_though_it_is_not_drawn(trial):
    found = of(trial, "302")
    measured = found.measured.assign(range_high=found.measured["range_high"].where(found.measured["rel_day"] != 17))
    own = Course(found.who, measured, found.given, found.events, found.visits, found.protocol, found.cutoff)
    made = stack(own, shown_days(own, "month", speaker("en"), "light", "en"), "month", stamp="")
    alt = next(one for one in made.reads if one.row == "ALT")
    assert alt.value == "216 U/L" and alt.grade == "grade 0–4 (CTCAE 5.0)"
    assert alt.under.startswith("upper limit of normal not known · ≥ 7 · Day 17")
    assert max(x for one in of_panel(made, "liver") if one.name == "ALT" and one.visible is None for x in one.x) < 16


def test_a_folded_panel_is_named_and_the_others_keep_their_place(trial):
    found = of(trial, "302")
    shown = shown_days(found, "month", speaker("en"), "light", "en")
    whole = stack(found, shown, "month", stamp="")

    def fold(away) -> str:
        return f"/patient/302?folded={'~'.join(sorted(away))}"

    less = stack(found, shown, "month", stamp="", folded={"liver", "hgb"}, fold=fold)
    assert less.folded == ("hgb", "liver") and less.order == whole.drawn
    assert less.drawn == tuple(one for one in whole.drawn if one not in ("hgb", "liver"))
    assert less.height < whole.height - 100 and "ALT" not in {one.row for one in less.reads}
    names = [one.text for one in less.figure.layout.annotations if one.text and "<a" in one.text]
    assert any('href="?folded=hgb~liver~temperature"' in one and "Temperature" in one for one in names)


def test_few_panels_are_enough_for_a_telephone(trial):
    found = of(trial, "302")
    shown = shown_days(found, "month", speaker("en"), "light", "en")
    assert stack(found, shown, "month", stamp="", folded={"few"}).drawn == (
        "periods", "ribbons", "temperature", "neut", "plat", "hgb",
    )  # fmt: skip
    everything = stack(found, shown, "month", stamp="", folded=set(stack(found, shown, "month", stamp="").order))
    assert everything.drawn == ("periods",)


def test_folded_panels_are_unfolded_one_by_one_or_all(trial):
    view = View(page="patient", usubjid="XKDCT293-01-302", folded="few", zoom="patient-stack.xaxis_1_5")
    drawn_few = drawn(trial, "302", folded=view.folds)
    *_, folded = stack_choices(view, drawn_few, speaker("en"), others=False)
    links = {one.children: View.parse(*one.href.split("?")) for one in folded.children if isinstance(one, html.A)}
    assert {"cytokines", "events"} <= links["Liver"].folds and "liver" not in links["Liver"].folds
    assert links["unfold all"].folded == "none" and links["unfold all"].folds == frozenset()
    assert all(one.zoom == "" for one in links.values())  # the script that follows them adds where the axes stand


def test_the_newest_result_is_the_first(trial):
    rows = measured(of(trial, "201"), "lab")
    assert rows["first"].is_monotonic_decreasing
    assert set(rows["flag"]) <= {"above", "below", "within", ""}


@pytest.mark.parametrize(
    ("value", "qualifier", "flag"),
    [(41, None, "above"), (7, None, "below"), (8, None, "within"), (40, None, "within"), (5, "<", "below"),
     (50, "<", ""), (50, ">", "above"), (5, ">", ""), (float("nan"), None, "")],
)  # fmt: skip
def test_a_result_against_its_range(trial, value, qualifier, flag):
    row = measured(of(trial, "201"), "lab").iloc[0].copy()
    row[["value", "qualifier", "range_low", "range_high"]] = value, qualifier, 8.0, 40.0
    assert against_range(row) == flag


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_measurements_can_be_chosen(trial, application, table):
    application.server.config["STORE"] = trial
    with application.server.app_context():
        stored = {"pathname": "/patient/XKDCT293-01-201", "search": f"?table={table}", "cut": trial.current()}
        assert text_of(patient.show_measured(stored=stored))


def test_a_trial_without_measurements_says_so(tmp_path):
    """Two infused patients with subjects, exposure, visits and events only."""
    small = Store(tmp_path / "store")
    assert load(files(tmp_path / "in"), small).outcome == "published"
    cut = small.serving().cut
    who = subjects(cut).query("day0.notna()")["usubjid"].iloc[0]
    found = course(cut, who)
    view = Asked(View(page="patient", usubjid=who), cut)
    said = text_of(patient.stacked(view, found)["notes"])
    assert "Temperature" in said and "Liver" in said and "CAR copies" in said


# ---- exports ---------------------------------------------------------------------------------------------------------
def exported(client, path: str) -> list[list[str]]:
    answer = client.get(path)
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_measurements_are_exported_with_their_identity(client, trial):
    stamp, _, head, *rows = exported(client, "/export/patient-measurements.csv?subject=XKDCT293-01-302")
    assert trial.current()[:7] in stamp[0] and "filters: XKDCT293-01-302" in stamp[0]
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert {one["usubjid"] for one in found} == {"XKDCT293-01-302"}
    alt = {one["rel_day"]: float(one["value"]) for one in found if one["code"] == "ALT" and int(one["rel_day"]) > 7}
    assert alt == {"8": 58, "9": 96, "10": 148, "11": 187, "12": 232, "13": 248, "14": 262, "15": 251, "17": 216}
    # of a ULN of 40: up to 3, up to 5, above 5 x ULN
    graded = {one["rel_day"]: (one["grade_low"], one["grade_high"]) for one in found if one["code"] == "ALT"}
    assert [graded[day] for day in ("8", "9", "10", "11", "12", "17")] == [(g, g) for g in "112233"]
    assert {one["grade_scale"] for one in found if one["code"] == "ALT"} == {"CTCAE 5.0"}
    assert {one["grade_low"] for one in found if one["code"] == "CRP"} == {""}


def test_the_laboratory_table_says_the_derived_grade_under_its_scale(trial):
    rows = measured(of(trial, "302"), "lab")
    grid = measured_rows(rows[rows["code"] == "ALT"], speaker("en"))
    head, *body = [[text_of(cell) for cell in row.children] for row in of_kind(grid, "Tr")]
    assert head[4] == "Grade (derived, CTCAE 5.0)"
    assert [row[4] for row in body if row[1] == "216 U/L"] == ["3"]  # ULN 40


@pytest.mark.parametrize(("table", "says"), [("vital_sign", True), ("cytokine", False), ("tumour", False)])
def test_a_table_without_grades_has_no_column_of_them(trial, table, says):
    rows = measured(of(trial, "302"), table)
    made = measured_rows(rows.head(10), speaker("en"))
    heads = [text_of(one) for one in of_kind(made, "Th")]
    assert any("CTCAE" in one for one in heads) is says and len(heads) == 8 + says


def test_interventions_and_events_are_exported(client):
    _, _, head, *rows = exported(client, "/export/patient-interventions.csv?subject=XKDCT293-01-303")
    kinds = [dict(zip(head, row, strict=True))["kind"] for row in rows]
    assert kinds.count("lymphodepletion") == 5 and "tocilizumab" in kinds
    _, _, head, *rows = exported(client, "/export/patient-events.csv?subject=XKDCT293-01-303")
    assert len(rows) == 6


def test_an_export_of_nobody_is_a_400_in_words(client):
    answer = client.get("/export/patient-measurements.csv?subject=NOBODY")
    assert answer.status_code == 400 and b"subject=NOBODY" in answer.data
