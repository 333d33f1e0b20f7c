"""Alerts of a cut: of one patient as of everyone, and since which cut, by hand from the simulated trial's script."""

import pytest

from clinical.alerts import ENGLISH
from dashboard.alerting import alerts_of, first_seen, of_patient, of_trial
from queries.subjects import subjects


@pytest.fixture
def cut(client, trial):
    with client.application.app_context():
        yield trial.open(trial.ids()[-1])


def test_a_patient_has_the_alerts_that_the_trial_has_of_it(cut):
    everyone = of_trial(cut).result()
    assert everyone is alerts_of(cut) and len(everyone) == 12  # of the 13 infused 203 had no fever, and nothing else
    for who in subjects(cut)["usubjid"]:
        assert of_patient(cut, who) == everyone.get(who, ())
    assert of_patient(cut, "nobody") == ()


def test_alt_of_302_is_open_with_its_five_results(cut):
    """`ALT_MEASURED`: 232, 248, 262, 251 and 216 U/L on Days 12 to 17 are above 5 x 40, 187 before them is not."""
    (one,) = [one for one in of_patient(cut, "XKDCT293-01-302") if one.is_open]
    assert one.say(ENGLISH) == "ALT, AST or bilirubin grade 3 or more: from Day 12, last on Day 17"
    assert [each.value for each in one.evidence] == [f"{value} U/L" for value in (232, 248, 262, 251, 216)]


def test_ferritin_of_201_doubles_a_day_before_a_window_without_slack_would_say_so(cut):
    """Its rows of lb.xpt: 644 ug/L on Day 6 at 06:18, 1476 on Day 8 at 06:50 (48 h 32 min, 1476 / 644 = 2.29), 2017 on
    Day 9 at 06:23 (987 on Day 7 at 06:30: 47 h 53 min, 2.04); before that 196 at 06:37 on Day 2, 413 at 06:26 on Day 4
    (47 h 49 min, 2.11), and neither 533 on Day 5 nor 644 is twice what was two days before (320, 413)."""
    found = [one for one in of_patient(cut, "XKDCT293-01-201") if one.rule.id == "ferritin_doubled"]
    assert [[each.value for each in one.evidence] for one in found] == [["413 ug/L"], ["1476 ug/L", "2017 ug/L"]]
    assert [one.note.say(ENGLISH) for one in found[1].evidence] == [
        "×2.3 in 48.5 h, window 48 h + 6 h slack",
        "×2.0 in 47.9 h, window 48 h",
    ]
    assert "from Day 8, last on Day 9" in found[1].say(ENGLISH)


def test_an_alert_knows_the_first_cut_that_had_it(cut, trial):
    """302 was infused after the second cut; what 101 had in its first week was in every cut."""
    seen = first_seen(cut).result()
    of = {who: {seen.first[one.key] for one in of_patient(cut, f"XKDCT293-01-{who}")} for who in ("101", "302")}
    assert of == {"101": {trial.ids()[0]}, "302": {trial.ids()[-1]}}
    assert list(seen.cutoffs) == trial.ids() and not seen.left_out and not seen.unread


def test_an_older_cut_knows_nothing_of_newer_ones(cut, trial):
    seen = first_seen(trial.open(trial.ids()[0])).result()
    assert set(seen.first.values()) == {trial.ids()[0]}


def test_rules_that_an_older_cut_could_not_evaluate_are_named(client, trial, monkeypatch):
    """Its own file names them: that nothing was seen there says nothing."""
    first, last = (trial.open(one) for one in (trial.ids()[0], trial.ids()[-1]))
    old = first.protocol.model_copy(update={"alerts": (), "left_out": ("fever",)})
    monkeypatch.setitem(first.__dict__, "protocol", old)
    with client.application.app_context():
        from dashboard import alerting

        alerting._without_evidence.cache_clear()
        alerting.alerts_of.forget()
        seen = alerting.seen_of.__wrapped__(last, lambda done, steps: None)
    alerting._without_evidence.cache_clear()
    alerting.alerts_of.forget()
    assert seen.left_out == {first.id: ("fever",)}
    assert first.id not in set(seen.first.values())
