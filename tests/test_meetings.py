"""The committee's meetings: what may be recorded, and that the comparison starts from the last one.

The simulated trial has three cuts, in the order of the store: first, middle, last.
"""

from datetime import UTC, datetime

import pytest
from flask import current_app
from test_board_page import words

from clinical.meetings import COMMITTEE, meetings
from dashboard import since_card
from dashboard.comparing import earlier
from dashboard.drill import opened
from dashboard.forms import Lacks
from dashboard.labels import LANGUAGES, t
from dashboard.meeting import KIND, meeting_panel, statement
from dashboard.pages.changes import panel, which
from dashboard.session import Asked, NotUnderstood
from dashboard.view import View
from data.events import EventRefused
from data.state import State
from data.store import CutError

APRIL, JUNE = datetime(2026, 4, 30, 23, 59, 59), datetime(2026, 6, 9, 23, 59, 59)


@pytest.fixture
def own(tmp_path) -> State:
    return State(f"sqlite:///{tmp_path / 'state.sqlite'}")


def meet(state: State, cut: str = "c" * 64, cutoff=JUNE, actor="Dr Li", **more):
    said = {"reason": "Meeting 3", "cut": cut, "cutoff": cutoff.isoformat()}
    return state.append("committee.met", actor=actor, subject=COMMITTEE, payload=said, **more)


def strike(state: State, number: int, **more):
    said = {"event": number, "reason": "wrong cut"}
    return state.append("committee.struck", actor="Dr Wang", subject=COMMITTEE, payload=said, **more)


def refusal(act, *given, **more) -> str:
    with pytest.raises(EventRefused) as refused:
        act(*given, **more)
    return refused.value.code


# ---- what may be recorded --------------------------------------------------------------------------------------------
def test_a_meeting_is_recorded_once_for_a_cut_and_taken_back_once(own):
    meet(own)
    assert refusal(meet, own, actor="Dr Wang") == "met_already"
    meet(own, "d" * 64)
    assert [(one.event, one.cut[0], one.note) for one in meetings(own.events(), JUNE)] == [
        (1, "c", "Meeting 3"),
        (2, "d", "Meeting 3"),
    ]
    assert refusal(strike, own, 7) == "no_meeting"
    strike(own, 1)
    assert refusal(strike, own, 1) == "taken_back"
    meet(own)
    assert [one.event for one in meetings(own.events(), JUNE)] == [2, 4] and own.verify() == []


def test_nobody_records_over_what_he_has_not_seen(own):
    before = own.head()
    meet(own)
    strike(own, 1)
    assert refusal(meet, own, seen=before) == "meanwhile"


def test_a_meeting_on_later_data_was_not_known_then(own):
    meet(own)
    assert meetings(own.events(), APRIL) == ()
    with pytest.raises(ValueError, match="cutoff"):
        meetings(own.events(), JUNE.replace(tzinfo=UTC))


# ---- where the comparison starts -------------------------------------------------------------------------------------
@pytest.fixture
def writing(client, state) -> State:
    """The application with a state that may be written to."""
    client.application.config["STATE"] = state
    with client.application.test_request_context("/"):
        yield state


def now(trial, state: State, place: int = -1, **choices) -> Asked:
    return Asked(View(**{"page": "changes", **choices}), trial.open(trial.ids()[place]), state.head())


def record(trial, state: State, place: int) -> None:
    asked = now(trial, state, place, open=opened(KIND))
    said = statement(asked, "met", "Meeting 3")
    state.append(said.action, actor="Dr Li", subject=said.usubjid, payload=said.payload, seen=asked.head)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_cut_of_the_last_meeting_is_compared_with(trial, writing, lang):
    first, middle, _ = trial.ids()
    assert earlier(now(trial, writing)).id == middle
    record(trial, writing, 0)
    asked = now(trial, writing, lang=lang)
    assert earlier(asked).id == first
    assert "Dr Li" in words(which(asked)) and "Meeting 3" in words(which(asked))
    assert earlier(now(trial, writing, since=middle[:12])).id == middle
    record(trial, writing, 2)  # on the cut itself: it is not looked back to before a newer one comes
    assert earlier(now(trial, writing)).id == first
    assert earlier(now(trial, writing, 1)).id == first
    assert earlier(now(trial, writing, 0)) is None


def test_the_board_names_the_meeting_and_a_cut_that_is_gone_is_said(trial, writing, monkeypatch):
    record(trial, writing, 0)
    monkeypatch.setitem(current_app.config, "JOBS_ARE_AWAITED", True)
    said, over = since_card.since_card(now(trial, writing, page="board"))
    assert over and f"Against cut {trial.ids()[0][:7]}, data to 2026-06-09, on which the committee last met." in str(
        said
    )
    meet(writing, "e" * 64)
    with pytest.raises(CutError, match="eeeeeee is missing"):
        earlier(now(trial, writing))
    assert "eeeeeee is missing" in words(since_card.since_card(now(trial, writing, page="board"))[0])


def met(trial, lang: str) -> str:
    return t("meeting.met", lang, id=trial.ids()[-1][:7], moment="2026-11-21")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_panel_records_a_meeting_and_takes_it_back(trial, writing, lang):
    there = opened(KIND)
    shown, over = panel(now(trial, writing, open=there, lang=lang), 0)
    assert over and t("meeting.none", lang) in words(shown[0]) and met(trial, lang) in words(shown[0])
    record(trial, writing, -1)
    asked = now(trial, writing, open=there, lang=lang)
    said = words(meeting_panel(asked)[0])
    assert "Dr Li" in said and t("meeting.strike", lang, number=1) in said and met(trial, lang) not in said
    taken = statement(asked, "struck", "wrong cut")
    writing.append(taken.action, actor="Dr Wang", subject=taken.usubjid, payload=taken.payload, seen=asked.head)
    gone = now(trial, writing, open=there, lang=lang)
    assert t("meeting.none", lang) in words(meeting_panel(gone)[0])
    with pytest.raises(Lacks, match=r"meeting\.gone"):
        statement(gone, "struck", "wrong cut")
    with pytest.raises(NotUnderstood):
        statement(gone, "acknowledge", "r")
