"""The card of the IEC-HS screening, and a flag that a person acknowledges with a reason.

By the script, 201 alone has a fibrinogen below 1.5 g/L (Day 11, 1.21), beside a ferritin of thousands.
"""

import csv
import io

import pytest
from reading import of_kind
from test_board_page import words

from clinical.iec_hs_course import Screening
from dashboard.acknowledging import find, flagged, statement
from dashboard.drill import opened
from dashboard.forms import Lacks
from dashboard.grading_iec_hs import iec_hs_card, iec_hs_panel
from dashboard.grading_screening import screening_of
from dashboard.labels import LANGUAGES, t
from dashboard.session import Asked, NotUnderstood
from dashboard.view import View
from data.state import State

WHO = "XKDCT293-01-201"


@pytest.fixture
def writing(client, state) -> State:
    """The application with a state that may be written to."""
    client.application.config["STATE"] = state
    with client.application.test_request_context("/"):
        yield state


def now(trial, state: State, **choices) -> Asked:
    return Asked(View(page="grading", **choices), trial.open(trial.ids()[-1]), state.head())


def flag_of(asked: Asked):
    [one] = [one for one in flagged(asked) if one.flag.usubjid == WHO]
    return one


def write(asked: Asked, state: State, button: str, reason="sepsis explains it") -> None:
    said = statement(asked, button, reason)
    state.append(said.action, actor="Dr Li", subject=said.usubjid, payload=said.payload, seen=asked.head)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_201_is_flagged_beside_its_crs(trial, writing, lang):
    asked = now(trial, writing, lang=lang)
    card = iec_hs_card(asked, screening_of(asked.cut))
    rows = [words(one) for one in of_kind(card, "Tr")]
    [row] = [one for one in rows if one.startswith("201 ")]
    assert t("screening.feature_fibrinogen", lang) in row and t("iec_hs.not_assessed", lang) in row
    assert t("grading.grade", lang, grade=4) in row and "ASTCT 2019" in row  # `EVENTS`: CRS grade 4 from Day 3
    assert t("screening.not_acknowledged", lang) in row
    said = words(card)
    assert t("screening.about", lang) in said and "IEC-HS 2023" in said and trial.ids()[-1][:7] in said


def test_episodes_without_a_known_feature_are_apart(trial, writing):
    asked = now(trial, writing)
    found = screening_of(asked.cut)
    unsure = [one for one in found.flags if not one.sure]
    card = iec_hs_card(asked, found)
    [folded] = of_kind(card, "Details")
    assert unsure and t("screening.unsure", count=len(unsure)) in words(folded)
    assert t("screening.missing_hemophagocytosis") in words(folded)
    assert all(one.missing == ("hemophagocytosis",) for one in unsure)


def test_who_cannot_be_screened_is_no_patient_without_flag(trial, writing, monkeypatch):
    asked = now(trial, writing)
    nobody = Screening((), frozenset())
    assert t("screening.no_ferritin") in words(iec_hs_card(asked, nobody))
    bare = asked.cut.protocol.model_copy(update={"toxicity": None, "alerts": ()})
    monkeypatch.setitem(asked.cut.__dict__, "protocol", bare)
    assert t("screening.no_settings") in words(iec_hs_card(asked, nobody))


def test_a_flag_is_acknowledged_and_taken_back(trial, writing):
    where = opened("flag", flag_of(now(trial, writing)).flag.key)
    write(now(trial, writing, open=where), writing, "acknowledge")
    asked = now(trial, writing, open=where)
    one = find(asked)
    assert (one.said.actor, one.said.reason, one.is_acknowledged) == ("Dr Li", "sepsis explains it", True)
    assert t("screening.acknowledged", actor="Dr Li", reason="sepsis explains it") in words(
        iec_hs_card(asked, screening_of(asked.cut))
    )
    panel = words(iec_hs_panel(asked)[0])
    assert "acknowledged by Dr Li (not authenticated)" in panel and t("screening.take_back", number=1) in panel
    write(asked, writing, "reopen", "cultures are negative")
    asked = now(trial, writing, open=where)
    assert find(asked).said is None and "cultures are negative" in words(iec_hs_panel(asked)[0])


def test_a_flag_that_shows_something_else_is_to_be_judged_again(trial, writing):
    asked = now(trial, writing)
    flag = flag_of(asked).flag
    said = {"flag": flag.key, "showed": "cannot_tell", "reason": "r", "cut": asked.cut.id}
    said |= {"cutoff": asked.cut.cutoff.isoformat()}
    writing.append("flag.acknowledged", actor="Dr Li", subject=WHO, payload=said)
    one = flag_of(now(trial, writing))
    assert one.has_changed and not one.is_acknowledged
    was, is_ = t("grading.cannot_tell"), t("screening.feature_fibrinogen")
    assert t("screening.changed", was=was, now=is_) in words(iec_hs_card(now(trial, writing), screening_of(asked.cut)))


def test_the_panel_lists_the_ferritin_with_file_and_row(trial, writing):
    asked = now(trial, writing)
    flag = flag_of(asked).flag
    said = words(iec_hs_panel(now(trial, writing, open=opened("flag", flag.key)))[0])
    assert f"{flag.highest:g} ug/L" in said and all(f"{file} {row}" in said for file, row in flag.samples)
    assert t("screening.nobody") in said


def test_what_no_form_offers_is_not_written(trial, writing):
    where = opened("flag", flag_of(now(trial, writing)).flag.key)
    with pytest.raises(NotUnderstood):
        statement(now(trial, writing, open=where), "exclude", "r")
    with pytest.raises(Lacks, match=r"screening\.gone"):
        statement(now(trial, writing, open=where), "reopen", "r")
    with pytest.raises(Lacks, match=r"screening\.gone"):
        statement(now(trial, writing, open=opened("flag", "none")), "acknowledge", "r")
    assert t("drill.unknown") in words(iec_hs_panel(now(trial, writing, open=opened("flag", "none")))[0])


def test_the_export_holds_every_flag(trial, client):
    lines = client.get("/export/iec-hs.csv").text.lstrip("\ufeff").splitlines()
    rows = list(csv.DictReader(io.StringIO("\n".join(one for one in lines if not one.startswith("# ")))))
    assert len(rows) == len(screening_of(trial.open(trial.ids()[-1])).flags)
    [own] = [one for one in rows if one["usubjid"] == WHO]
    assert (own["review"], own["features"], own["acknowledged_by"]) == ("Y", "fibrinogen", "")
