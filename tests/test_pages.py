"""The screens as plain functions, with the simulated trial's counts worked by hand from the scenario.

The window of the counts is "from infusion": an event counts when it begins on or after Day 0 or worsens then.
Grades by patient (start day:grade), as the scenario has them:
neutrophil count decreased 101 -1:3 3:4 | 102 0:3 | 103 -2:4 | 201 -2:3 1:4 | 202 -1:4 | 203 0:3 | 204 -1:3 2:4 |
205 -1:4 | 206 0:4 | 207 -1:3 | 301 -1:3 1:4 | 302 -1:4 | 303 -1:3 1:4. Those of 103, 202, 205, 207 and 302 began before
the infusion and did not worsen after it.
"""

import csv
import io
import re
from dataclasses import replace

import pytest
from reading import of_kind, text_of
from test_importing import files, load

from dashboard import exports, shell
from dashboard.counting import table
from dashboard.courses import course
from dashboard.figures.runway import Words, runway
from dashboard.labels import speaker
from dashboard.pages import board, patient
from dashboard.reasons import reason
from dashboard.session import Asked
from dashboard.term_table import count_text, groups
from dashboard.view import View
from data.store import Store
from queries.subjects import subjects


def ask(trial, **choices) -> Asked:
    return Asked(View(page="adverse_events", **choices), trial.serving().cut)


def counts(asked, by=(), criteria=("any",), **where) -> dict[str, tuple[int, int, int]]:
    """cohort -> (patients, of, in doubt) of one group."""
    rows = table(asked, by, criteria)
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return {row.cohort: (row.k, row.n, row.unknown) for row in rows.itertuples()}


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        # everyone had some event after the infusion
        ("any", {"DL1": (3, 3, 0), "DL2": (7, 7, 0), "DL3": (3, 3, 0), "total": (13, 13, 0)}),
        # L1: 101 and 102 neutrophils, 103 died of progression. L2: 201, 203, 204, 206 neutrophils, 202 ALT; 205 had
        # grade 2 at most; 207's headache has no grade. L3: 301 and 303 neutrophils.
        ("grade3", {"DL1": (3, 3, 0), "DL2": (5, 7, 1), "DL3": (2, 3, 0), "total": (10, 13, 1)}),
        # 103 progression and death, 201 CRS, 204 pneumonia on Day 45
        ("serious", {"DL1": (1, 3, 0), "DL2": (2, 7, 0), "DL3": (0, 3, 0), "total": (3, 13, 0)}),
        ("dlt", {"DL1": (0, 3, 0), "DL2": (1, 7, 0), "DL3": (0, 3, 0), "total": (1, 13, 0)}),
    ],
)
def test_overview_of_the_simulated_trial(trial, criterion, expected):
    assert counts(ask(trial), criteria=(criterion,)) == expected


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        # CRS: not 102, not 203
        ("Cytokine release syndrome", {"DL1": (2, 3, 0), "DL2": (6, 7, 0), "DL3": (3, 3, 0), "total": (11, 13, 0)}),
        ("Neutrophil count decreased", {"DL1": (2, 3, 0), "DL2": (4, 7, 0), "DL3": (2, 3, 0), "total": (8, 13, 0)}),
        # rash: 204, 205, 301
        ("Rash maculo-papular", {"DL1": (0, 3, 0), "DL2": (2, 7, 0), "DL3": (1, 3, 0), "total": (3, 13, 0)}),
    ],
)
def test_terms_of_the_simulated_trial(trial, term, expected):
    assert counts(ask(trial), by=("soc", "term"), term=term) == expected


def test_from_lymphodepletion_everyone_has_the_expected_lymphopenia(trial):
    asked = ask(trial, window="lymphodepletion", population="lymphodepleted")
    found = counts(asked, by=("soc", "term"), term="Lymphocyte count decreased")
    assert found == {"DL1": (3, 3, 0), "DL2": (7, 7, 0), "DL3": (3, 3, 0), "total": (13, 13, 0)}


def test_in_the_dlt_window_the_late_events_are_not_counted(trial):
    asked = ask(trial, window="dlt")
    terms = set(table(asked, ("soc", "term"), ("any",))["term"].dropna())
    # Day 45 pneumonia (204), Day 35 dry eye (205), Day 40 headache (207), Day 150 arthralgia (102), Day 190 death (103)
    assert not terms & {"Pneumonia", "Dry eye", "Headache", "Arthralgia", "Disease progression"}


def test_a_population_holds_whom_it_names(trial):
    def people(name: str) -> set[str]:
        rows = table(ask(trial, population=name, window="all"), (), ("any",))
        return int(rows.loc[rows["cohort"] == "total", "n"].item())

    # infused 13; evaluable 3 + 6 + 1; leukapheresed also 208, 304, 305; consented with a level the same 16
    assert [people(one) for one in ("infused", "dlt_evaluable", "leukapheresed", "consented")] == [13, 10, 16, 16]


# ---- words of a count ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("row", "criterion", "expected"),
    [
        ({"k": 2, "n": 6, "unknown": 0, "low": 0.0433, "high": 0.7772}, "any", ("2/6 (33 %)", "4–78 %", "")),
        ({"k": 0, "n": 3, "unknown": 0, "low": 0.0, "high": 0.7076}, "any", ("0/3", "0–71 %", "")),
        ({"k": 2, "n": 6, "unknown": 1, "low": 0.04, "high": 0.78}, "grade3", ("≥ 2/6 (33 %)", "", "+1 not recorded")),
        ({"k": 0, "n": 6, "unknown": 5, "low": 0.0, "high": 0.46}, "grade3", ("", "", "not recorded 5/6")),
        ({"k": 0, "n": 0, "unknown": 0, "low": float("nan"), "high": float("nan")}, "any", ("0/0", "", "")),
    ],
)
def test_a_missing_grade_never_reads_as_none(row, criterion, expected):
    said = count_text(speaker("en"), row, criterion)
    assert (said["text"], said["ci"], said["doubt"]) == expected


def test_the_uncoded_event_is_a_row_of_its_own(trial):
    rows = groups(ask(trial))
    uncoded = [one for one in rows if one.name == "Uncoded"]
    assert [one.term for one in uncoded] == [None, ""]
    assert uncoded[1].counts["total", "any"].text == "1/13 (8 %)"
    assert rows[-1] is uncoded[1]


def test_organ_classes_alone_can_be_shown(trial):
    assert all(one.term is None for one in groups(ask(trial, rows="soc")))


# ---- the runway ------------------------------------------------------------------------------------------------------
@pytest.fixture
def drawn(trial):
    cut = trial.serving().cut
    state = Asked(View(), cut).board()
    levels = {one.id: one.level for one in cut.protocol.dose_levels}
    names = {one: f"Level {number}" for one, number in levels.items()}
    words = Words("cut-off", "today", "axis", "stamp", names, lambda one: reason(one, speaker("en"), "en"), str)
    return state, runway(state.windows, levels, cut.cutoff, cut.cutoff.date(), words, theme="light")


def test_a_bar_is_full_up_to_the_cut_off_and_28_days_long(drawn):
    _, figure = drawn
    whole, elapsed = figure.data[-2], figure.data[-1]  # level 3: 301 complete, 302 on Day 17, 303 on Day 3
    day = 24 * 3600 * 1000
    assert [length / day for length in whole.x] == [28, 28, 28]
    assert [length / day for length in elapsed.x] == [28, 17, 3]


def test_the_dlt_is_a_hatched_outline_around_its_day(drawn):
    _, figure = drawn
    hatched = [one for one in figure.data if one.marker.pattern.shape]
    assert len(hatched) == 1
    assert hatched[0].customdata[0][2] == "DLT on Day 9: Cytokine release syndrome G4"


def test_what_people_typed_is_shown_and_not_run(drawn, trial):
    state, _ = drawn
    window = state.windows[0].__class__(**{**state.windows[0].__dict__, "subjid": "<b>1</b>"})
    words = Words("", "", "", "", {"DL1": "1"}, lambda one: "<a href='javascript:1'>x</a>", str)
    cutoff = trial.serving().cut.cutoff
    shown = [
        note.text
        for note in runway([window], {"DL1": 1}, cutoff, cutoff.date(), words, theme="dark").layout.annotations
    ]
    assert any("&lt;b&gt;1&lt;/b&gt;</a>" in text for text in shown)
    assert not any("<b>1</b></a>" in text or "javascript:1'>" in text for text in shown)


def test_a_level_keeps_its_colour_whatever_is_drawn_beside_it(drawn, trial):
    state, figure = drawn
    cutoff = trial.serving().cut.cutoff
    alone = [one for one in state.windows if one.cohort == "DL3"]
    words = Words("", "", "", "", {"DL3": "3"}, lambda one: "", str)
    single = runway(alone, {"DL3": 3}, cutoff, cutoff.date(), words, theme="light")
    assert single.data[1].marker.color == figure.data[-1].marker.color


# ---- patient ---------------------------------------------------------------------------------------------------------
def test_the_patient_head_says_what_is_not_known(trial):
    asked = ask(trial)
    everyone = subjects(asked.cut)
    waiting = everyone[everyone["subjid"] == "306"].iloc[0]
    found = course(asked.cut, waiting["usubjid"])
    assert "no cohort assigned" in text_of(patient.head(asked, found, everyone))
    assert "not in the data" in text_of(patient.steps(asked, waiting))


# ---- exports ---------------------------------------------------------------------------------------------------------
def exported(client, path: str) -> list[list[str]]:
    answer = client.get(path)
    assert answer.status_code == 200 and answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_ladder_is_exported_with_its_identity(client, trial):
    stamp, disclaimer, head, *rows = exported(client, "/export/ladder.csv")
    assert trial.current()[:7] in stamp[0] and "SIMULATED" in stamp[0]
    assert "not a medical device" in disclaimer[0]
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(one["level"], one["dlts"], one["evaluable"], one["state"]) for one in found] == [
        ("1", "0", "3", "cleared"),
        ("2", "1", "6", "cleared"),
        ("3", "0", "1", "open"),
    ]
    # Clopper-Pearson for 1 of 6: 0.00421 to 0.64123 (published tables)
    assert float(found[1]["low"]) == pytest.approx(0.00421, abs=5e-6)
    assert float(found[1]["high"]) == pytest.approx(0.64123, abs=5e-6)


def test_an_export_of_a_choice_that_does_not_exist_is_a_400_in_words(client):
    answer = client.get("/export/adverse-events.csv?population=everyone")
    assert answer.status_code == 400
    assert b"population=everyone" in answer.data


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@sum", "\tx", "\rx"])
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(text):
    assert exports._safe(text) == f"'{text}"


def test_numbers_stay_numbers():
    assert exports._safe(-1.5) == -1.5


def test_no_leukapheresis_in_the_files_is_not_recorded_rather_than_none(trial, tmp_path):
    """The small trial infused two patients and has no PR: their cells were collected, the files do not say when."""
    small = Store(tmp_path / "store")
    assert load(files(tmp_path / "in"), small).outcome == "published"
    shown = {}
    for name, store in (("small", small), ("trial", trial)):
        asked = Asked(View(page="board"), store.serving().cut)
        [halves] = [one for one in board.pipeline(asked, asked.board()) if getattr(one, "className", "") == "halves"]
        steps = halves.children[0].children[1].children
        shown[name] = {one.children[0].children: one.children[1].children for one in steps}
    assert (shown["small"]["Leukapheresed"], shown["small"]["Infused"]) == ("not recorded", "2")
    assert (shown["trial"]["Leukapheresed"], shown["trial"]["Infused"]) == ("16", "13")


@pytest.mark.parametrize(("day0", "says"), [("", "data "), ("2000-01-01", "fictional dates")])
def test_made_up_dates_have_no_age(trial, application, day0, says):
    cut = trial.serving().cut
    made = replace(cut, manifest=cut.manifest | {"fictional_day0": day0})
    with application.server.test_request_context("/"):
        chips = [text_of(one) for one in of_kind(shell.header(View(), shell.Found(made), speaker("en")), "Span")]
    found = [one for one in chips if re.match(r"data \d|fictional", one)]
    assert len(found) == 1 and found[0].startswith(says)
