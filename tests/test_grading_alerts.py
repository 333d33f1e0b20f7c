"""The card of alerts and its export, by hand from the simulated trial's script."""

import csv
import io

import pytest
from reading import of_class, of_kind
from test_board_page import words
from trial_frames import PROTOCOL, moment

from clinical.alerts import Alert
from clinical.lab_results import Evidence
from dashboard.alerting import Seen, alerts_of, first_seen
from dashboard.grading_alerts import alerts_card, chosen
from dashboard.labels import LANGUAGES, t
from dashboard.session import Asked
from dashboard.view import View
from queries.subjects import subjects


def asking(trial, **choices) -> Asked:
    return Asked(View(page="grading", **choices), trial.open(trial.ids()[-1]))


@pytest.fixture(scope="module")
def found(trial):
    return alerts_of(trial.open(trial.ids()[-1]))


@pytest.fixture
def seen(client, trial):
    with client.application.app_context():
        return first_seen(trial.open(trial.ids()[-1])).result()


def body(card) -> list:
    return of_kind(card, "Tr")[1:]


def test_open_alerts_alone_unless_all_are_asked_for(trial, found, seen):
    """302: ALT above 5 x ULN to its last result. 303, on Day 3: fever, pressure, neutrophils with fever, oxygen."""
    open_, every = (chosen(asking(trial, alerts=one), found) for one in ("open", "all"))
    assert sorted((one.usubjid[-3:], one.rule.id) for one in open_) == [
        ("302", "liver_grade_3"),
        ("303", "fever"),
        ("303", "hypotension"),
        ("303", "neutropenic_fever"),
        ("303", "new_support"),
    ]
    assert every[:5] == open_ and not any(one.is_open for one in every[5:])
    assert [one.last for one in every[5:]] == sorted((one.last for one in every[5:]), reverse=True)
    assert len(body(alerts_card(asking(trial), found, seen))) == 5
    assert len(body(alerts_card(asking(trial, alerts="all"), found, seen))) == len(every)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_row_says_what_since_when_on_what_and_first_seen_where(trial, found, seen, lang):
    card = alerts_card(asking(trial, lang=lang), found, seen)
    [row] = [one for one in body(card) if "ALT" in words(one)]
    said = words(row)
    for day in (12, 17):
        assert t("alerts.day", lang, day=day) in said
    grade = t("grading.grade", lang, grade=3) + " (CTCAE 5.0)"
    assert f"ALT 232 U/L {grade}" in said and f"ALT 216 U/L {grade}" in said and "187" not in said
    assert f"{trial.ids()[-1][:7]} (2026-11-21)" in said
    assert t("alerts.open", lang) in said and t("alerts.about", lang) in words(card)


def test_a_patient_of_an_alert_is_one_click_away(trial, found, seen):
    card = alerts_card(asking(trial), found, seen)
    hrefs = {one.href for one in of_class(card, "name")}
    assert hrefs == {f"/patient/XKDCT293-01-{one}" for one in ("302", "303")}


def test_what_may_be_and_what_is_over_are_said(trial, seen):
    rash = next(one for one in PROTOCOL.alerts if one.id == "on_target")
    row = Evidence("adverse_event", "XKDCT293-01-302", "Rash", "2026-03-05", "", None, None, "CTCAE 5.0", "ae.xpt", 7)
    one = Alert(rash, row.usubjid, "rash", moment(4), moment(6), moment(9), False, (row,), moment(0).date())
    known = Seen({one.key: "c" * 64}, {"c" * 64: moment(10)}, {"b" * 64: ("fever",)}, ("a" * 64,))
    cutoffs = dict(known.cutoffs) | {"b" * 64: moment(2)}
    known = Seen(known.first, cutoffs, known.left_out, known.unread)
    said = words(alerts_card(asking(trial, alerts="all"), {row.usubjid: (one,)}, known))
    assert t("alerts.not_sure") in said and t("alerts.over", when=t("alerts.day", day=9)) in said
    assert f"Rash {t('grading.not_recorded')} (2026-03-05, ae.xpt:7)" in said
    assert (
        t("alerts.left_out_before", cuts="bbbbbbb (2026-03-03)") in said and t("alerts.unread", cuts="aaaaaaa") in said
    )


def test_an_open_alert_of_who_has_died_says_so(trial, found, seen, monkeypatch):
    everyone = subjects(trial.open(trial.ids()[-1])).copy()
    everyone.loc[everyone["usubjid"] == "XKDCT293-01-302", "death"] = moment(30)
    monkeypatch.setattr("dashboard.grading_alerts.subjects", lambda cut: everyone)
    rows = [words(one) for one in body(alerts_card(asking(trial), found, seen))]
    assert [one[:3] for one in rows if t("alerts.died") in one] == ["302"]


def test_no_rules_and_no_alerts_are_different_things(trial, seen, monkeypatch):
    none = words(alerts_card(asking(trial), {}, seen))
    assert t("alerts.none") in none
    asked = asking(trial)
    without = asked.cut.protocol.model_copy(update={"alerts": (), "left_out": ("fever",)})
    monkeypatch.setitem(asked.cut.__dict__, "protocol", without)
    said = words(alerts_card(asked, {}, seen))
    assert t("alerts.no_rules") in said and t("alerts.left_out", rules="fever") in said
    assert t("alerts.none") not in said


@pytest.mark.parametrize(("alerts", "count"), [("open", 5), ("all", None)])
def test_the_export_holds_what_is_shown(trial, client, found, alerts, count):
    lines = client.get(f"/export/alerts.csv?alerts={alerts}").text.lstrip("\ufeff").splitlines()
    rows = list(csv.DictReader(io.StringIO("\n".join(one for one in lines if not one.startswith("# ")))))
    assert len(rows) == (count or sum(map(len, found.values())))
    [liver] = [one for one in rows if one["rule"] == "liver_grade_3" and one["open"] == "Y"]
    assert (liver["sure"], liver["over"], liver["first_cut"]) == ("Y", "", trial.ids()[-1][:7])
    assert liver["evidence"].count("CTCAE 5.0") == 5
