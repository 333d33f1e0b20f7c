"""The card of ICAHT: the ladder of each patient, what leaves it open, and its export."""

import csv
import io

import pytest
from reading import of_class
from test_board_page import words

from clinical.grading.icaht import Icaht, Spell
from clinical.haematotoxicity import Haematotoxicity
from clinical.sentence import Sentence
from dashboard.grading_icaht import early, icaht_card, icaht_of
from dashboard.labels import LANGUAGES, t
from dashboard.session import Asked
from dashboard.view import View

A, B = "XKDCT293-01-101", "XKDCT293-01-302"
SURE = Haematotoxicity(A, 20, 90, Icaht(2, 0, 2, False, False, (Spell(500, 5, 11), Spell(100, 6, 6))))
SO_FAR = Sentence("provisional", {"grade": 1, "days": 5, "limit": 500, "day": 9})
OPEN = Haematotoxicity(B, 9, 9, Icaht(1, None, 4, True, True, (Spell(500, 5, 9),), (SO_FAR,)))


def asking(trial, **choices) -> Asked:
    return Asked(View(page="grading", **choices), trial.open(trial.ids()[-1]))


def steps(card) -> list[list[tuple[str, str]]]:
    ladders = [one.children for one in of_class(card, "ladder")]
    return [[(step.children, step.className[len("step ") :]) for step in one] for one in ladders]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_ladder_is_full_to_what_is_sure_and_dashed_to_what_is_possible(trial, lang):
    card = icaht_card(asking(trial, lang=lang), (OPEN, SURE))
    sure, late, so_far = steps(card)  # the gravest first; of the late grade of 302 nothing can be said
    assert sure == [("0", ""), ("1", "sure g1"), ("2", "sure g2"), ("3", ""), ("4", "")]
    assert late == [("0", "sure g0"), ("1", ""), ("2", ""), ("3", ""), ("4", "")]
    assert so_far == [("0", ""), ("1", "sure g1"), ("2", "possible"), ("3", "possible"), ("4", "possible")]
    said = words(card)
    assert t("grading.cannot_tell", lang) in said and t("ladder.provisional", lang) in said
    assert t("ladder.spell", lang, limit=500, first=5, last=11, days=7) in said
    assert t("ladder.one_day", lang, limit=100, day=6) in said
    assert t("icaht.provisional", lang, grade=1, days=5, limit=500, day=9) in said
    assert "ICAHT 2023" in said and trial.ids()[-1][:7] in said


def test_a_gap_that_hides_the_worst_is_no_grade_0(trial):
    hidden = Haematotoxicity(A, 4, 90, Icaht(None, 0, 3, False, False, ()))
    [first, _] = steps(icaht_card(asking(trial), (hidden,)))
    assert early(hidden) == (0, 3)
    assert [kind for _, kind in first] == ["possible"] * 4 + [""]


def test_without_counts_nothing_is_said(trial):
    said = words(icaht_card(asking(trial), ()))
    assert t("ladder.no_counts", count=13) in said


def test_every_patient_of_the_trial_opens_and_is_exported(trial, client):
    found = icaht_of(trial.open(trial.ids()[-1]))
    card = icaht_card(asking(trial), found)
    assert len({one.href for one in of_class(card, "name")}) == len(found) == 13
    lines = client.get("/export/icaht.csv").text.lstrip("\ufeff").splitlines()
    rows = list(csv.DictReader(io.StringIO("\n".join(one for one in lines if not one.startswith("# ")))))
    assert len(rows) == 13 and {one["scale"] for one in rows} == {"ICAHT 2023"}
    # 302 is on Day 17 at the last cut, 303 on Day 3: both are followed, and it can be worse.
    assert {one["usubjid"][-3:] for one in rows if one["early_provisional"] == "Y"} == {"302", "303"}
