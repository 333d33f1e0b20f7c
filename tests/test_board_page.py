"""The Board as a reader meets it: what the rule says of the simulated trial, what if, and a verdict that is given.

At the last cut level 3 has 301 without DLT, 302 on Day 17 and 303 on Day 3; 302's ALT is above 5 x 40 U/L since Day 12,
2026-11-16, and nobody reported it. Level 2 is 1/6, level 1 0/3.
"""

import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from test_guard import body_of, callbacks

from clinical.advice import advise
from clinical.dlt import WindowState
from dashboard import models_card
from dashboard.advising import advised
from dashboard.candidates_card import candidates_card, find
from dashboard.counting import counted, table
from dashboard.courses import course
from dashboard.drill import opened
from dashboard.judged import judged_events
from dashboard.pages import adverse_events
from dashboard.pages import board as page
from dashboard.rule_card import rule_card, tree_card, what_if_card
from dashboard.session import Asked, events_until, stamp, state_head
from dashboard.view import View
from data.protocol_escalation import Scenario
from data.state import State
from queries.subjects import subjects

FIRST, SECOND = "XKDCT293-01-302", "XKDCT293-01-303"
ALT = "LB ALT 2026-11-16 nonhaem_3_7d"


@pytest.fixture(autouse=True)
def in_the_application(client):
    """A screen asks the application how old the data may be."""
    with client.application.test_request_context("/"):
        yield


def words(part: object) -> str:
    """The text of components, one space between two."""
    if part is None or isinstance(part, str | int | float):
        return "" if part is None else str(part)
    if isinstance(part, list | tuple):
        return re.sub(r" +", " ", " ".join(filter(None, map(words, part))))
    return words(getattr(part, "children", None))


def ask(trial, *assumed: tuple[tuple[str, ...], str], cut: int = -1, **choices) -> Asked:
    view = View(**choices)
    for whom, letter in assumed:
        view = View.parse("/", view.assuming(whom, letter).partition("?")[2])
    return Asked(view, trial.open(trial.ids()[cut]))


def rule(asked: Asked) -> str:
    return words(rule_card(asked, advised(asked)))


# ---- what the rule says ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cut", "head"),
    [
        (0, "Wait. Do not open a new slot at level 2."),  # 201 had a DLT, 202 is in the window, 203 is replaced
        (1, "Wait. Do not open a new slot at level 2."),  # 1/5, and 207 in the window
        (2, "Advice withheld: 1 candidate unadjudicated"),
    ],
)
def test_the_head_of_each_simulated_cut(trial, cut, head):
    assert rule(ask(trial, cut=cut)).startswith(head)


def test_withheld_advice_stands_beside_the_advice_of_each_case(trial):
    said = rule(ask(trial))
    assert "302 a DLT: Wait. Do not open a new slot at level 3." in said
    assert "Level 3 has 1/2 DLT and 1 pending, who can change the decision; one more DLT exceeds level 3." in said
    assert "No DLT: Wait. Do not open a new slot at level 3." in said
    assert "none met ( 5 checked )" in said


def test_the_first_pending_patient_as_a_dlt(trial):
    asked = ask(trial, ((FIRST,), "T"))
    said = rule(asked)
    assert "HYPOTHETICAL. as if 302 = T" in said and "Wait. Do not open a new slot at level 3." in said
    assert "one more DLT exceeds level 3" in said
    ahead = words(tree_card(asked, advised(asked)))
    assert "0/3 at level 3" not in ahead and "1/3 at level 3 Expand level 3: 3 more." in ahead
    assert words(what_if_card(asked, advised(asked))).count("at level 3 ") == 2  # 1/3 and 2/3 remain


def test_both_pending_patients_as_dlts(trial):
    said = rule(ask(trial, ((FIRST,), "T"), ((SECOND,), "T")))
    assert "Level 3 exceeded. Stop. MTD = level 2." in said
    assert "2 DLTs in 3 at level 3: stop; MTD is level 2, 1/6 DLT." in said


def test_both_without_dlt_expand_the_top_level(trial):
    said = rule(ask(trial, ((FIRST,), "N"), ((SECOND,), "N")))
    assert "Expand level 3: 3 more." in said and "Advice withheld" not in said


def test_a_candidate_counted_as_a_dlt_and_as_none(trial):
    asked = ask(trial, ((FIRST, ALT), "T"))
    assert "302 (DLT)" in rule(asked) and "one more DLT exceeds level 3" in rule(asked)
    asked = ask(trial, ((FIRST, ALT), "N"))
    said = rule(asked)
    assert said.startswith("HYPOTHETICAL.") and "Advice withheld" not in said and "302 (pending)" in said
    assert "HYPOTHETICAL" in words(page.models_card(asked, advised(asked)))  # the models suppose it too


def test_what_if_is_never_stored(trial, client, state):
    ask(trial, ((FIRST, ALT), "T"))
    assert rule(ask(trial, ((FIRST,), "T"))) and state.events() == ()


def test_what_was_supposed_is_left_behind_on_another_screen():
    view = View.parse("/", View().assuming((FIRST, ALT), "T").partition("?")[2])
    assert view.assumed() == {(FIRST, ALT): "T"} and view.problems == ()
    assert View.parse("/", view.assuming((FIRST, ALT), "").partition("?")[2]).assumed() == {}
    assert "assume" not in view.patient(FIRST)
    assert View.parse("/", "?assume=302/X").problems == ("assume=302/X",)


def test_data_too_old_withhold_the_advice(trial, client, monkeypatch):
    """The trial is seen on 2026-11-22, hours after its cut-off; today is later than that."""
    monkeypatch.setitem(client.application.config, "STALE_DAYS", -1)
    said = rule(ask(trial, cut=1))
    assert re.match(r"Advice withheld: the data are \d+ days old, the limit is -1", said)
    assert "Until then: Wait." in said or "The 3+3 by itself: Wait." in said
    older = trial.ids()[1]
    assert rule(Asked(View(cut=older[:12]), trial.open(older))).startswith("Wait.")  # looked back at, as it was known
    current = trial.current()  # an address that names it does not make it older
    assert "the data are" in rule(Asked(View(cut=current[:12]), trial.open(current)))


def test_verdicts_that_cannot_be_read_withhold_the_advice(trial):
    said = rule(Asked(View(), trial.open(trial.ids()[1]), ""))
    assert said.startswith("Advice withheld: what people adjudicated cannot be read")


def test_the_level_that_boin_would_select(trial):
    """Isotonic means of (k + 0.05) / (n + 0.1): 0.05/3.1 = 2 %, 1.05/6.1 = 17 %, then 302 and 303 as DLTs 2.05/3.1 =
    66 %: nearest to 30 % is level 2."""
    asked = ask(trial, ((FIRST,), "T"), ((SECOND,), "T"))
    said = words(page.models_card(asked, advised(asked)))
    assert "BOIN would select level 2 (isotonic estimates Level 1: 2 %, Level 2: 17 %, Level 3: 66 %)." in said


def test_the_rule_in_chinese(trial):
    said = rule(ask(trial, lang="zh"))
    assert said.startswith("暂不给出建议：1 个候选事件未判定") and "等待。不要在剂量组 3 开放新名额。" in said


# ---- candidates and verdicts -----------------------------------------------------------------------------------------
def test_the_queue(trial):
    asked = ask(trial)
    said = words(candidates_card(asked, advised(asked)))
    assert said.startswith(
        "1 not adjudicated. 302 Alanine aminotransferase increased grade 3 running Grade 3, day 5 of 7;"
    )
    assert "becomes a DLT on 2026-11-23 06:29 unless a sample shows recovery." in said
    assert "Last: ALT 216 U/L 2026-11-21T06:50, grade 3 (CTCAE 5.0). Nobody reported it as an adverse event." in said


def judge(
    client, trial, button: str, *, actor="Dr Li", reason="hepatology has seen it", cut=-1, whole=False, head=""
) -> dict:
    """What the browser sends when a button of the form is pressed."""
    callback = next(one for one in callbacks(client) if "written.data" in one["output"])
    stored = {"pathname": "/", "search": ask(trial, open=opened("candidate", FIRST, ALT)).view.href.partition("?")[2]}
    stored |= {"cut": trial.ids()[cut], "state": head or client.application.config["STATE"].head()}
    body = body_of(callback, None)
    fields = [("actor", actor), ("reason", reason)]
    body["outputs"] = [{"id": "written", "property": "data"}, [{"id": {"told": "verdict"}, "property": "children"}]]
    body["inputs"] = [[{"id": {"button": button}, "property": "n_clicks", "value": 1}]]
    body["state"] = [
        [{"id": {"field": name}, "property": "value", "value": value} for name, value in fields],
        [{"id": {"field": name}, "property": "id", "value": {"field": name}} for name, _ in fields],
        [{"id": {"panel": "board"}, "property": "data", "value": stored}],
        [{"id": {"told": "verdict"}, "property": "children", "value": None}],
    ]
    body["changedPropIds"] = [json.dumps({"button": button}, separators=(",", ":")) + ".n_clicks"]
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.data
    return answer.json if whole else answer.json["response"]


@pytest.fixture
def writing(client, state) -> State:
    """The application with a state that may be written to."""
    client.application.config["STATE"] = state
    return state


def now_shown(client, trial, **choices) -> Asked:
    return Asked(View(**choices), trial.open(trial.ids()[-1]), client.application.config["STATE"].head())


def test_a_verdict_is_written_and_decides(client, trial, writing):
    answer = judge(client, trial, "dlt")
    (event,) = writing.events()
    assert answer["written"]["data"] == event.hash == writing.head()
    assert (event.actor, event.subject, event.authenticated) == ("Dr Li", FIRST, False)
    assert (event.payload["candidate"], event.payload["dlt"], event.payload["cut"]) == (ALT, True, trial.ids()[-1])
    with client.application.test_request_context("/"):
        asked = now_shown(client, trial)
        window = asked.board().window(FIRST)
        assert (window.state.state, window.dlt_day) == ("evaluable_dlt", 12)
        assert "302 (DLT)" in rule(asked) and "Advice withheld" not in rule(asked)
        panel = words(page.opened_panel(now_shown(client, trial, open=opened("candidate", FIRST, ALT)), asked.board()))
        assert "No. 1: DLT, said by Dr Li (not authenticated)" in panel and "Withdraw No. 1" in panel


def test_a_verdict_on_a_screen_that_is_behind_is_refused(client, trial, writing):
    """Another person has said DLT since this screen was asked for."""
    behind = writing.head()
    judge(client, trial, "dlt", actor="Dr Wang")
    answer = judge(client, trial, "no_dlt", head=behind)
    assert "Dr Wang has judged it meanwhile (event 1)" in json.dumps(answer) and len(writing.events()) == 1
    answer = judge(client, trial, "no_dlt")
    assert "Dr Wang says that it is a DLT (event 1). Withdraw that first." in json.dumps(answer)


def test_the_live_indicator_tells_a_verdict_that_others_wrote(client, trial, writing):
    before = client.get("/version").json["said"]
    assert client.get("/version").json["said"] == before
    judge(client, trial, "dlt")
    assert client.get("/version").json["said"] != before


def test_a_verdict_that_is_withdrawn_holds_no_more(client, trial, writing):
    judge(client, trial, "no_dlt")
    with client.application.test_request_context("/"):
        assert now_shown(client, trial).board().window(FIRST).state.state == "pending"
    judge(client, trial, "withdraw", reason="wrong patient")
    with client.application.test_request_context("/"):
        assert now_shown(client, trial).board().window(FIRST).state.state == "unresolved"
    assert "gone" not in str(judge(client, trial, "dlt")) and len(writing.events()) == 3


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"actor": " "}, "Say who says it."),
        ({"reason": ""}, "Say why."),
        ({"actor": "a\u202eb"}, "The name or the reason is too long, or holds a character that cannot be kept."),
        ({"reason": "x" * 2001}, "The name or the reason is too long, or holds a character that cannot be kept."),
        ({"cut": 0}, "This candidate is not on this cut any more; open it again."),
    ],
)
def test_an_incomplete_verdict_is_not_written(client, trial, writing, given, told):
    assert told in json.dumps(judge(client, trial, "dlt", **given)) and writing.events() == ()


def test_nothing_to_withdraw(client, trial, writing):
    assert "open it again" in json.dumps(judge(client, trial, "withdraw")) and writing.events() == ()


def test_a_verdict_made_later_does_not_count_on_an_older_cut(client, trial, writing):
    judge(client, trial, "dlt")
    with client.application.test_request_context("/"):
        older = Asked(View(), trial.open(trial.ids()[1]), writing.head())
        assert rule(older).startswith("Wait. Do not open a new slot at level 2.")


def test_a_state_that_cannot_be_read_is_said_on_every_screen(client, trial, monkeypatch):
    from data.state import StateError

    def fails(_):
        raise StateError("unreachable", where="there")

    monkeypatch.setattr(State, "head", fails)
    callback = next(one for one in callbacks(client) if "main.children" in one["output"])
    body = body_of(callback, None)
    body["inputs"] = [one | {"value": "/" if one["property"] == "pathname" else None} for one in body["inputs"]]
    assert "The adjudications cannot be read" in json.dumps(client.post("/_dash-update-component", json=body).json)
    assert client.get("/ready").status_code == 200  # `check` is another question


CRS_4 = ("AE AE03 crs_4", "AE AE03/7 crs_3_72h")  # 201's grade 4 under both its clauses; the file calls it a DLT


def counted_dlts(asked: Asked) -> dict[str, tuple[int, int]]:
    rows = table(replace(asked, view=View(page="adverse_events")), (), ("dlt",))
    return {row.cohort: (row.k, row.n) for row in rows.itertuples()}


def say(state: State, trial, who: str, candidate: str, *, dlt: bool, term: str, grade: int) -> None:
    cut = trial.open(trial.ids()[-1])
    told = {"candidate": candidate, "clause": candidate.split()[-1], "term": term, "grade": grade, "dlt": dlt}
    told |= {"reason": "seen", "cut": cut.id, "cutoff": cut.cutoff.isoformat()}
    state.append("dlt.adjudicated", actor="Dr Li", subject=who, payload=told)


def test_a_verdict_counts_on_every_screen(client, trial, writing):
    """The file has one DLT, 201's. A person says it is none under one clause: both screens count it still, and the
    advice is withheld. None under the other either: file and person differ, and neither screen counts it."""
    first, second = CRS_4
    for key, dlts in ((None, 1), (first, 1), (second, 0)):
        if key:
            say(writing, trial, "XKDCT293-01-201", key, dlt=False, term="Cytokine release syndrome", grade=4)
        asked = now_shown(client, trial)
        assert counted_dlts(asked)["DL2"] == (dlts, 7)
        assert len(asked.board().rungs[1].dlts) == dlts
        assert ("of this system differ (201)" in rule(asked)) == bool(key)
    counts = table(replace(asked, view=View(page="adverse_events")), (), ("dlt",))
    assert dict(zip(counts["cohort"], counts["unknown"], strict=True))["DL2"] == 1  # in question, not none
    assert rule(asked).startswith("HOLD new infusions")  # level 3 is open, and level 2 has a result that is not settled
    assert asked.board().window("XKDCT293-01-201").state.state == "unresolved"
    flags = judged_events(asked.cut, asked.head)
    assert not (flags["aedlt"] == "Y").any() and (flags["aedlt"] == "N").sum() == 2  # 201's grade 3 and 202's ALT
    assert (course(asked.cut, "XKDCT293-01-201", asked.head).events["aedlt"] == "Y").sum() == 0


def test_a_dlt_of_laboratory_values_is_named_beside_the_counts_of_events(client, trial, writing):
    judge(client, trial, "dlt")
    asked = replace(now_shown(client, trial), view=View(page="adverse_events"))
    found = counted(asked)
    assert "DLTs that no row of an adverse event shows (a laboratory value, a death): 302 ;" in words(
        adverse_events.overview(asked, found, "")
    )
    assert counted_dlts(asked)["DL3"] == (0, 3)
    assert b"(a laboratory value, a death): 302;" in client.get("/export/adverse-events.csv").data


def test_an_answer_names_the_verdicts_it_rests_on(client, trial, writing):
    assert "verdicts" not in stamp(now_shown(client, trial))
    judge(client, trial, "dlt")
    assert f"verdicts to {writing.head()[:7]}" in stamp(now_shown(client, trial))
    assert "verdicts not readable" in stamp(Asked(View(), trial.open(trial.ids()[-1]), ""))


def test_a_button_that_the_form_does_not_have_says_nothing(client, trial, writing):
    assert "not understood" in json.dumps(judge(client, trial, "something", whole=True)) and writing.events() == ()


def test_a_chain_that_was_changed_withholds_the_advice(client, trial, writing, tmp_path):
    judge(client, trial, "no_dlt")
    with sqlite3.connect(tmp_path / "state.sqlite") as raw:
        for (name,) in raw.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            raw.execute(f"drop trigger {name}")
        raw.execute("update event set actor = 'somebody else'")
    raw.close()
    events_until.cache_clear()  # another process: nothing of the chain is remembered
    assert state_head() == ""
    assert rule(Asked(View(), trial.open(trial.ids()[1]), "")).startswith("Advice withheld: what people adjudicated")


# ---- the panels ------------------------------------------------------------------------------------------------------
def test_the_pause_rules_open_with_how_near_they_are(trial, client):
    with client.application.test_request_context("/"):
        asked = ask(trial, open=opened("pauses"))
        said = words(page.opened_panel(asked, asked.board()))
    # 201 alone had CRS grade 4.
    assert "Two patients with CRS or ICANS grade 4 or more not met 1/2 201" in said
    assert "Any death within 30 days of infusion not met 0/1" in said


def test_an_unknown_candidate_opens_nothing(trial, client):
    with client.application.test_request_context("/"):
        asked = ask(trial, open=opened("candidate", FIRST, "LB NONE"))
        assert find(asked) is None
        assert "no such count" in words(page.opened_panel(asked, asked.board()))


def test_an_opened_count_leads_to_its_candidates(trial):
    asked = ask(trial, open=opened("ladder", "DL3", "unresolved"))
    said = words(page.opened_panel(asked, asked.board()))
    assert "302" in said and "DLT candidates 302 Alanine aminotransferase increased grade 3: running" in said


# ---- models ----------------------------------------------------------------------------------------------------------
EXACT = json.loads((Path(__file__).parent / "reference" / "three_plus_three_exact.json").read_text())


@pytest.mark.parametrize("known", [one for one in EXACT if one["variant"] == "six_at_mtd" and len(one["rates"]) == 3])
def test_the_chances_on_the_screen_are_those_of_the_reference(trial, known):
    """Exact enumeration by another program, `six_at_mtd`, which is the trial's variant."""
    supposed = Scenario(id="x", text={"en": "supposed", "zh": "x"}, rates=known["rates"])
    row = models_card._scenario(ask(trial), supposed)
    assert row[1:] == [
        *(f"{100 * one:.1f} %" for one in (known["p_none"], *known["p_mtd"])),
        f"{known['expected_n']:.1f}",
        f"{known['expected_dlts']:.2f}",
    ]


# ---- hold and pause --------------------------------------------------------------------------------------------------
def with_advice(asked: Asked, windows, rules=()):
    """The Board as if the windows were these."""
    found = advised(asked)
    people = subjects(asked.cut)
    advice = advise(windows, people, asked.cut.protocol, asked.cut.cutoff, pauses=rules)
    return replace(found, advice=advice, pauses=tuple(rules))


@pytest.mark.parametrize(
    ("lang", "head", "would"),
    [
        (
            "en",
            "HOLD new infusions and lymphodepletion: level 1 is now 1/3 while level 2 is open",
            "Expand level 1: 3 more.",
        ),
        ("zh", "暂停新的输注和清淋：剂量组 1 现为 1/3，而剂量组 2 已开放", "扩展剂量组 1：再入 3 例。"),
    ],
)
def test_a_result_that_comes_late_is_a_hold(trial, lang, head, would):
    """103's window becomes a DLT when levels 2 and 3 have taken patients: 1/3 asks for three more at level 1."""
    asked = ask(trial, lang=lang)
    late = WindowState("evaluable_dlt", "dlt", values={"onset": 20})
    windows = [replace(one, state=late, dlt_day=20) if one.subjid == "103" else one for one in asked.board().windows]
    found = with_advice(asked, windows)
    said = words(rule_card(asked, found))
    assert said.startswith(head) and would in said
    assert all(one in said for one in ("302", "303", "304", "305"))  # pending, or waiting for a level that is open
    assert words(what_if_card(asked, found)) and words(tree_card(asked, found))


def test_a_pause_rule_stands_above_the_advice(trial):
    asked = ask(trial)
    met = replace(advised(asked).pauses[0], state="met", patients=(FIRST,))
    said = words(rule_card(asked, with_advice(asked, asked.board().windows, [met])))
    assert said.startswith("HOLD pending committee review HOLD pending committee review: Any death related")
    assert "No date before the committee's review" in said and "No infusion and no lymphodepletion" in said
