"""The draft narrative: what it tells of the simulated patients, what it says is missing, and when it is stale.

Of the simulated trial the last cut is told of, the end of 21 November 2026; the events are those of the scenario.
"""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import text_of
from test_importing import files, load
from test_patient_page import asked, of
from trial_frames import CRS

from clinical.narrative import narrative
from clinical.narrative_check import Record, compare, draft, read
from clinical.narrative_events import events
from clinical.narrative_findings import laboratory
from clinical.narrative_told import Cite, Dossier, speak
from dashboard import narrative_card
from dashboard.courses import course
from dashboard.pages import patient
from dashboard.session import Asked
from dashboard.view import View
from data.schema import study_tables
from data.store import Store
from queries.records import records

NO_HIGH = "No other event of grade 3 or more is reported."
SPECIAL_ALONE = f"The files hold no adverse events but {CRS}: whether there were others is not known."


@pytest.fixture
def filled(tmp_path):
    store = Store(tmp_path / "store")
    assert load(files(tmp_path / "first"), store).outcome == "published"
    return store


def told(trial, who: str, **choices) -> list[str]:
    """Every sentence in English."""
    made = narrative_card.drafted(asked(trial, who, **choices), of(trial, who))
    return [speak(one.sentence) for some in made.paragraphs for one in some]


# ---- laboratory values -----------------------------------------------------------------------------------------------
def lab_sentences(*results: tuple) -> list[str]:
    """results: code, term, grade, value, day (None: no day)."""
    rows = pd.DataFrame(results, columns=["code", "term", "low", "value", "time"])
    rows["first"] = pd.Timestamp("2026-03-10 06:00") + pd.to_timedelta(rows["time"].astype(float), unit="D")
    rows = rows.assign(unit="U", qualifier=None, table="lab", source_file="lb.xpt", source_row=range(len(rows)))
    grades = rows[["term", "low"]].assign(scale="CTCAE 5.0")
    axis = SimpleNamespace(day=lambda moment: (moment - pd.Timestamp("2026-03-10")).days)
    course = SimpleNamespace(axis=axis, measured=rows.drop(columns=["term", "low"]), grades=grades)
    return [speak(one.sentence) for one in laboratory(Dossier(course))]


def test_the_worst_value_is_told_and_not_the_first_of_its_grade():
    anc, alt = ("NEUT", "Neutrophil count decreased"), ("ALT", "Alanine aminotransferase increased")
    [said] = lab_sentences(
        (*anc, 4, 0.4, 1), (*anc, 4, 0.05, 4), (*anc, 3, 0.9, 8), (*alt, 3, 210, 6), (*alt, 3, 400, 7)
    )
    assert "Neutrophil count decreased grade 4 (first Day 1), lowest NEUT 0.05 U (Day 4)" in said
    assert "Alanine aminotransferase increased grade 3 (first Day 6), highest ALT 400 U (Day 7)" in said


def test_a_high_grade_without_a_day_is_not_passed_over():
    low, undated = lab_sentences(("CD4", "CD4 lymphocytes decreased", 3, 87, None), ("HGB", "Anemia", 1, 110, 3))
    assert low == "No laboratory value after the infusion reaches grade 3 for sure (CTCAE 5.0)."
    assert undated == (
        "Of grade 3 or more but without a day, before or after the infusion is not known: CD4 lymphocytes decreased."
    )


# ---- what it tells ---------------------------------------------------------------------------------------------------
def test_302_is_told_with_the_open_question_of_its_alt(trial):
    said = told(trial, "302")
    for sentence in (
        "Subject 302 is a woman aged 57.",
        "The HR/HER2 subtype is HR-/HER2+.",
        "The tumour's Nectin-4 H-score is 190.",
        "XKDCT293 was infused on 2026-11-04 (Day 0), 1 × 10⁷ CAR+ T/kg; 97 % of the assigned dose was received.",
        "The data end on 2026-11-21, Day 17.",
        "CRS: grade 1 (Day 2); scale ASTCT 2019; ended Day 4; outcome RECOVERED/RESOLVED; relation to the treatment "
        "RELATED; not serious; no verdict on dose limitation.",
        "Given while it lasted: PARACETAMOL 500 mg (Day 2).",
        "No oxygen or vasopressor is recorded while it lasted.",
        "No ICANS is reported, which is not the same as assessed and absent.",
        "Not adjudicated: Alanine aminotransferase increased, grade 3, may meet "
        '"Other non-haematologic event grade 3 or more for more than 7 days".',
        "No tumour response is in the data.",
        "The last contact was on 2026-11-18 (Day 14).",
    ):
        assert sentence in said
    [laboratory] = [one for one in said if one.startswith("Highest grades of laboratory values")]
    # 200 U/L is five times the limit of 40: 187 on Day 11 does not reach it, 232 on Day 12 does, 262 is the peak
    assert "Alanine aminotransferase increased grade 3 (first Day 12), highest ALT 262 U/L (Day 14)" in laboratory
    # below 0.5: 0.31 on Day 1, then 0.25, 0.17, 0.09, 0.17 and up: the nadir is told, not the first of the fall
    assert "Neutrophil count decreased grade 4 (first Day 1), lowest NEUT 0.09 10^9/L (Day 4)" in laboratory


def test_201_is_told_by_its_steps_its_treatment_and_the_verdict(trial):
    """Scenario: 2 on Day 3, 3 on Day 6, 4 on Day 9 (DLT, serious), 2 on Day 12, 1 on Day 14, over on Day 16."""
    said = told(trial, "201")
    assert (
        "CRS: grade 2 (Day 3), grade 3 (Day 6), grade 4 (Day 9), grade 2 (Day 12), grade 1 (Day 14); scale ASTCT 2019; "
        "ended Day 16; outcome RECOVERED/RESOLVED; relation to the treatment RELATED; serious; judged dose-limiting."
    ) in said
    [given_then] = [one for one in said if one.startswith("Given while it lasted")]
    for drug in ("TOCILIZUMAB 8 mg/kg (Day 6)", "TOCILIZUMAB 8 mg/kg (Day 9)", "DEXAMETHASONE 10 mg (Day 9)",
                 "NOREPINEPHRINE 0.2 ug/kg/min (Day 6)", "BIPAP (Day 9)"):  # fmt: skip
        assert drug in given_then
    assert "DLT window: DLT on Day 9." in said
    assert "By ASTCT 2019 the highest CRS grade of the bedside measurements is 4 (first Day 9)." in said
    # ICE was 10 until Day 8 and not done under ventilation on Days 9 and 10
    assert (
        "By ASTCT 2019 the highest ICANS grade of the bedside measurements is at least 0 (first Day 0), possibly 4 "
        "(first Day 9): inputs are missing."
    ) in said


def test_a_severe_event_without_a_grade_is_told_by_its_name(trial):
    """303 has four events beside CRS (scenario): nausea, two counts, one of them in two rows, and what nobody coded."""
    whole = of(trial, "303")
    ungraded = whole.events.assign(aetoxgr=pd.Series(pd.NA, whole.events.index, dtype="Int64"), aesev="MODERATE")
    nausea = ungraded["aedecod"] == "Nausea"
    ungraded.loc[nausea, "aesev"] = "SEVERE"
    said = {
        speak(one.sentence): one.cites for some in narrative(Dossier(replace(whole, events=ungraded))) for one in some
    }
    [words] = [one for one in said if one.startswith("Further events called severe, without a grade: ")]
    assert words.partition(": ")[2].startswith("Nausea severity SEVERE (Day ") and "," not in words.partition(": ")[2]
    assert [one.source_row for one in said[words]] == ungraded.loc[nausea, "source_row"].tolist()
    assert "Further events without a grade: 3." in said


def test_what_goes_on_has_no_end(trial):
    """303 on Day 3: CRS 2 since Day 2, tocilizumab on Day 2, no CAR cells above the limit yet."""
    said = told(trial, "303")
    assert any(
        one.startswith("CRS: grade 2 (Day 2); scale ASTCT 2019; no end recorded by the cut-off;") for one in said
    )
    assert any("TOCILIZUMAB 8 mg/kg (Day 2)" in one for one in said)
    assert "No quantified CAR cells are in the data." in said
    assert "DLT window: window running, Day 3, 25 d left." in said


@pytest.mark.parametrize(
    ("terms", "said", "not_said"),
    [({CRS}, SPECIAL_ALONE, NO_HIGH), ({CRS, "Nausea"}, NO_HIGH, SPECIAL_ALONE)],
)  # of the events of the whole trial
def test_that_there_was_no_other_event_is_said_where_the_files_hold_others(trial, terms, said, not_said):
    known = of(trial, "303")
    known = replace(known, events=known.events[known.events["aedecod"] == CRS])
    sentences = [speak(one.sentence) for one in events(Dossier(replace(known, event_terms=frozenset(terms))))]
    assert said in sentences and not_said not in sentences
    nobody = replace(known, events=known.events.iloc[:0], event_terms=frozenset(terms))
    assert (SPECIAL_ALONE in [speak(one.sentence) for one in events(Dossier(nobody))]) == (said == SPECIAL_ALONE)


def test_what_values_are_graded_by_is_named_in_chinese_with_its_test(trial):
    request = asked(trial, "302", lang="zh")
    made = narrative_card.drafted(request, of(trial, "302"))
    said = " ".join(narrative_card.said(one, request) for some in made.paragraphs for one in some)
    assert "丙氨酸氨基转移酶升高 (ALT) 3 级" in said and "中性粒细胞计数降低 (NEUT) 4 级" in said
    assert "Alanine" not in said


def test_205_after_its_window(trial):
    """Scenario: CRS 1 on Day 2, 2 on Day 3, 1 on Day 5, over on Day 6, tocilizumab on Day 3."""
    said = told(trial, "205")
    assert any(one.startswith("CRS: grade 1 (Day 2), grade 2 (Day 3), grade 1 (Day 5);") for one in said)
    [given_then] = [one for one in said if one.startswith("Given while it lasted")]
    assert "TOCILIZUMAB 8 mg/kg (Day 3)" in given_then
    assert "DLT window: window complete, no DLT." in said


MEDICATION = """STUDYID,DOMAIN,USUBJID,CMSEQ,CMTRT,CMDECOD,CMSTDTC,CMENDTC
XKDCT293,CM,X-101,1,toci,TOCILIZUMAB,{},{}"""


@pytest.mark.parametrize(
    ("onset", "start", "end", "code"),
    [
        ("2026-03-03", "2026-03-03T18:40", "2026-03-03T19:40", "Given while it lasted"),  # the same day
        ("2026-03-03", "2026-03-02", "2026-03-02", ""),  # the day before
        ("2026-03-03", "2026-03-02", "", "Given, perhaps"),  # without end
        ("2026-03-03", "", "", "Given, perhaps"),  # without a day
        ("2026-03", "2026-03-15", "2026-03-15", "Given, perhaps"),  # began in that month, before or after
        ("2026-03", "2026-04-01", "2026-04-01", "Given while it lasted"),
        ("2026-03", "2026-02-27", "2026-02-28", ""),
    ],
)
def test_what_was_given_meanwhile_is_parted_from_what_may_have_been(tmp_path, onset, start, end, code):
    """CRS of X-101 has no end by the cut-off of 30 April."""
    store = Store(tmp_path / "store")
    changed = files(
        tmp_path / "files",
        ae=("Cytokine release syndrome,4,Y,N,related,2026-03,", f"Cytokine release syndrome,4,Y,N,related,{onset},"),
        cm=MEDICATION.format(start, end),
    )
    assert load(changed, store).outcome == "published"
    cut = store.open(store.current())
    made = narrative_card.drafted(Asked(View(page="patient", usubjid="X-101"), cut), course(cut, "X-101"))
    said = [speak(one.sentence) for some in made.paragraphs for one in some]
    given_then = [one for one in said if one.startswith("Given")]
    assert [one.startswith(code) for one in given_then] == ([True] if code else [])
    assert ("No tocilizumab" in " ".join(said)) == (not code)


def test_a_death_is_told_with_its_event(trial):
    said = told(trial, "103")
    assert any(one.startswith("Disease progression: grade 5 (Day 190);") and "NOT RELATED" in one for one in said)
    assert any(one.startswith("The subject died on ") and "(Day 190)" in one for one in said)


def test_who_was_not_infused_has_no_day_and_no_invented_dose(trial):
    said = told(trial, "306")
    assert "No dose level is assigned." in said and "No adverse event is in the data." in said
    assert "No infusion is in the data by the cut-off of 2026-11-21." in said
    assert not any("Day" in one for one in said)


def test_what_the_files_do_not_record_is_said_to_be_missing(filled):
    """The small trial: no sex, no age, no medication, no ends, one event without grade and onset in a month only."""
    cut = filled.open(filled.current())
    found = course(cut, "X-101")
    made = narrative_card.drafted(Asked(View(page="patient", usubjid="X-101"), cut), found)
    said = [speak(one.sentence) for some in made.paragraphs for one in some]
    assert "Subject 101: sex or age is not recorded." in said
    assert "The files record no medication: which drugs were given for it is not known." in said
    assert "The files record no oxygen and no vasopressors: whether it was supported is not known." in said
    [crs] = [one for one in said if one.startswith("CRS: ")]
    assert "grade 4" in crs and "outcome not recorded" in crs and "no end recorded by the cut-off" in crs
    assert not any("HR/HER2" in one or "Nectin-4" in one for one in said)  # no patient of this trial has them


def test_every_sentence_that_is_no_absence_cites_a_row_of_that_patient(trial):
    cut = trial.serving().cut
    absent = ("No ", "The data end", "The files record no ", "ICANS was never", "CRS was never")
    for who in ("302", "201", "103", "203", "306"):
        own = {tuple(one) for one in records(cut, f"XKDCT293-01-{who}")[[*Cite._fields]].to_numpy()}
        made = narrative_card.drafted(asked(trial, who), of(trial, who))
        for one in (each for some in made.paragraphs for each in some):
            assert one.cites or speak(one.sentence).startswith(absent), speak(one.sentence)
            assert set(one.cites) <= own


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_card_is_a_draft_with_references_and_identity(trial, application, lang):
    request = asked(trial, "302", draft="shown", lang=lang)
    with application.server.test_request_context():
        words = text_of(narrative_card.content(request, of(trial, "302")))
    assert {"en": "draft", "zh": "草稿"}[lang] in words and "cm.xpt " in words and request.cut.short in words
    assert read(words) is not None


def test_the_draft_comes_when_it_is_asked_for(trial):
    assert text_of(narrative_card.content(asked(trial, "302"), of(trial, "302"))) == "Write a draft from the records"


def test_rows_that_follow_each_other_are_named_as_one():
    assert narrative_card._ranges([1, 2, 3, 7, 9, 10]) == "1–3, 7, 9–10"


# ---- whether it still stands -----------------------------------------------------------------------------------------
A, B, C = Record("adverse_event", "1.0", "0" * 8), Record("lab", "7.0", "1" * 8), Record("visit", "x/1.0", "2" * 8)
some_records = st.lists(
    st.builds(
        Record,
        st.sampled_from(["adverse_event", "lab"]),
        st.from_regex(r"[a-z0-9./]{1,6}", fullmatch=True),
        st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
    ),
    max_size=8,
)


@given(some_records, st.randoms())
def test_a_draft_is_read_from_any_text_that_holds_its_line(cited, random):
    shuffled = random.sample(cited, len(cited)) + cited[:1]
    made = draft(shuffled)
    assert made == draft(cited)
    wrapped = made.line.replace(" | ", "\n| ")
    assert read(f"any words\n{wrapped}\nand others") == made


def test_a_line_that_was_written_over_is_no_draft():
    line = draft([A, B]).line
    assert read(line) == draft([A, B])
    assert read(line.replace("00000000", "00000001")) is None
    assert read(line.rpartition(" | ")[0]) is None
    assert read("no draft") is None and read("") is None


def test_records_that_say_something_else_are_gone_or_new_are_told_apart():
    now = {("adverse_event", "1.0"): "0" * 8, ("lab", "7.0"): "f" * 8}
    found = compare(draft([A, B, C]), draft([A, Record("cytokine", "3.0", "4" * 8)]), now)
    assert (found.changed, found.gone, found.added) == ((B,), (C,), (Record("cytokine", "3.0", "4" * 8),))
    assert not found.same
    assert compare(draft([A]), draft([A]), {("adverse_event", "1.0"): "0" * 8}).same


def test_a_regraded_event_makes_a_draft_stale_and_a_moved_row_does_not(filled, tmp_path, application):
    """Of X-101 the CRS is regraded from 4 to 3; a row before it moves every row of the file one down."""
    text = narrative_of(filled, application, "X-101")
    moved = files(tmp_path / "moved", ae=("XKDCT293,AE,X-101,1,fever", "XKDCT293,AE,X-102,9,cough,Cough,1,N,N,,2026-03-12,\nXKDCT293,AE,X-101,1,fever"))  # fmt: skip  # noqa: E501
    assert load(moved, filled).outcome == "published"
    assert checked(filled, application, "X-101", text).startswith("It stands: all ")
    regraded = files(tmp_path / "regraded", ae=("Cytokine release syndrome,4,Y", "Cytokine release syndrome,3,Y"))
    assert load(regraded, filled).outcome == "published"
    said = checked(filled, application, "X-101", text)
    assert "It is stale" in said and "Changed: Adverse events 2 [ae.csv 2]" in said


def test_an_address_finds_the_cut_whose_draft_it_names(filled, tmp_path, application):
    text = narrative_of(filled, application, "X-101")
    regraded = files(tmp_path / "regraded", ae=("Cytokine release syndrome,4,Y", "Cytokine release syndrome,3,Y"))
    assert load(regraded, filled).outcome == "published"
    wanted = read(text).fingerprint
    assert "Changed: Adverse events 2" in standing(filled, application, "X-101", wanted)
    assert "cites other records" in standing(filled, application, "X-101", "0" * 12)
    now = read(narrative_of(filled, application, "X-101")).fingerprint
    assert "It stands" in standing(filled, application, "X-101", now)


def narrative_of(store, application, usubjid: str) -> str:
    """The text that the button copies."""
    return shown(store, application, usubjid, View(page="patient", usubjid=usubjid, draft="shown"))


def standing(store, application, usubjid: str, fingerprint: str) -> str:
    return shown(store, application, usubjid, View(page="patient", usubjid=usubjid, narrative=fingerprint))


def shown(store, application, usubjid: str, view: View) -> str:
    application.server.config["STORE"] = store
    with application.server.test_request_context():
        cut = store.open(store.current())
        return text_of(narrative_card.content(Asked(view, cut), course(cut, usubjid)))


def checked(store, application, usubjid: str, pasted: str) -> str:
    application.server.config["STORE"] = store
    stored = {"pathname": f"/patient/{usubjid}", "search": "", "cut": store.current()}
    with application.server.test_request_context():
        return text_of(patient.check_draft(1, pasted, stored))


def test_what_is_no_draft_is_told_so(filled, application):
    assert "No whole line of records" in checked(filled, application, "X-101", "some words")
    assert checked(filled, application, "X-101", "") == checked(filled, application, "X-101", "some words")


# ---- the records -----------------------------------------------------------------------------------------------------
def test_a_record_is_known_by_its_key_and_says_nothing_of_its_place(filled):
    cut = filled.open(filled.current())
    rows = records(cut, "X-101")
    assert rows[["table", "key"]].to_numpy().tolist() == [
        ["adverse_event", "1.0"], ["adverse_event", "2.0"], ["infusion", "2.0"], ["lymphodepletion", "1.0"],
        ["subject", "-"], ["supplemental_qualifier", "AE/AESEQ/2.0/DLT"],
    ]  # fmt: skip
    assert rows["digest"].str.fullmatch("[0-9a-f]{8}").all() and not rows["key"].str.contains(" ").any()
    assert set(rows["table"]) <= {one.name for one in study_tables()}
    assert records(cut, "nobody").empty


def test_events_that_differ_have_digests_that_differ(trial):
    rows = records(trial.serving().cut, "XKDCT293-01-201")
    assert rows.loc[rows["table"] == "adverse_event", "digest"].is_unique


def test_a_verdict_in_another_file_is_part_of_its_event(filled, tmp_path, application):
    """SUPPAE holds the DLT flag of an AE row: withdrawn, it makes the draft stale though the AE row is the same."""
    text = narrative_of(filled, application, "X-101")
    assert load(files(tmp_path / "withdrawn", suppae=("Toxicity,Y", "Toxicity,N")), filled).outcome == "published"
    assert "Changed: Adverse events 2" in checked(filled, application, "X-101", text)
