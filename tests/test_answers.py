"""What lies between the callbacks and the browser: still HTML, remembered answers, packed files."""

import gzip
import json
import os
import pickle
import re
import threading
from urllib.parse import urlencode

import brotli
import numpy as np
import pytest
from dash import dcc, html
from dash._utils import to_json
from test_guard import body_of, callbacks

from dashboard import ahead, remembered
from dashboard.ahead import Ahead
from dashboard.drill import opened
from dashboard.making import Wanted, made
from dashboard.still import Element, Still
from data.events import START
from data.store import Store

STAMP = re.compile(r"cut ([0-9a-f]{7})")


def ask(client, output: str, **view) -> tuple[int, dict]:
    callback = next(one for one in callbacks(client) if output in one["output"])
    answer = client.post("/_dash-update-component", json=body_of(callback, {"search": ""} | view))
    return answer.status_code, answer.json


def ladder(client, cut: str) -> tuple[int, dict]:
    return ask(client, "board-ladder.children", pathname="/", cut=cut)


# ---- still HTML ------------------------------------------------------------------------------------------------------
def test_still_html_travels_as_a_plain_tree():
    part = html.Td([html.A("1/7", href="/x", **{"data-count": "1"}), None, 3, np.int64(4)], colSpan=2)
    sent = json.loads(to_json(Still(html.Tr([part, Still(Element("th", {"scope": "row"}, "a"))]))))
    inside = ["td", {"colSpan": 2}, ["a", {"href": "/x", "data-count": "1"}, "1/7"], None, 3, 4]
    assert json.loads(sent["props"].pop("tree")) == ["tr", {}, inside, ["th", {"scope": "row"}, "a"]]
    assert not sent["props"]
    assert (sent["namespace"], sent["type"]) == ("still", "Still")


def test_what_is_not_plain_html_is_not_still():
    with pytest.raises(TypeError, match="Graph"):
        Still(html.Div(dcc.Graph())).to_plotly_json()


# ---- remembered answers ----------------------------------------------------------------------------------------------
def test_the_same_question_has_the_same_answer_and_another_cut_another(client, trial):
    first, second = trial.ids()[-2:]
    assert ladder(client, first) == ladder(client, first)
    for cut in (first, second, first):
        assert set(STAMP.findall(json.dumps(ladder(client, cut)[1]))) == {cut[:7]}


def test_a_cut_that_is_damaged_is_not_shown_from_memory(client, copied_trial, application):
    application.server.config["STORE"] = copied_trial
    cut = copied_trial.current()
    assert "sideUpdate" not in ladder(client, cut)[1]
    path = copied_trial.path(cut)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert "sideUpdate" in ladder(client, cut)[1]
    assert "sideUpdate" in ladder(client, cut)[1]


def test_a_cut_with_a_write_ahead_file_is_not_shown_from_memory(client, copied_trial, application):
    application.server.config["STORE"] = copied_trial
    cut = copied_trial.current()
    assert "sideUpdate" not in ladder(client, cut)[1]
    path = copied_trial.path(cut)
    path.with_name(f"{path.name}.wal").write_bytes(b"")
    assert "sideUpdate" in ladder(client, cut)[1]


def test_the_list_of_cuts_is_not_remembered_beyond_the_next_one(client, copied_trial, application):
    application.server.config["STORE"] = copied_trial
    first, *_, last = copied_trial.ids()
    (copied_trial.root / "CURRENT").write_text(first)
    before = ask(client, "data-cuts.children", pathname="/data", cut=last)[1]
    assert before == ask(client, "data-cuts.children", pathname="/data", cut=last)[1]
    (copied_trial.root / "CURRENT").write_text(last)
    os.utime(copied_trial.root / "CURRENT", ns=(1, 1))  # a file system may not tell two writes of a moment apart
    assert before != ask(client, "data-cuts.children", pathname="/data", cut=last)[1]


def test_two_stores_share_no_answer(client, copied_trial, application, tmp_path):
    cut = copied_trial.current()
    assert "sideUpdate" not in ladder(client, cut)[1]
    application.server.config["STORE"] = Store(tmp_path / "empty")
    assert "sideUpdate" in ladder(client, cut)[1]


@pytest.mark.parametrize("search", ["by=patient&days=90", "?days=90&by=patient", "?days=90&by=patient&scale=log"])
def test_a_choice_is_remembered_however_its_address_is_written(client, trial, monkeypatch, search):
    from dashboard import kinetic_curves

    asked = {"pathname": "/kinetics", "cut": trial.current()}
    first = ask(client, "kinetics-curves.figure", search="by=patient&days=90", **asked)
    monkeypatch.setattr(kinetic_curves, "curves", lambda *_, **__: pytest.fail("made again"))
    assert ask(client, "kinetics-curves.figure", search=search, **asked) == first


def test_a_remembered_answer_is_packed_for_who_can_unpack_it(client, trial):
    callback = next(one for one in callbacks(client) if "board-ladder.children" in one["output"])
    body = body_of(callback, {"pathname": "/", "search": "", "cut": trial.current()})
    for _ in range(2):  # made, and from memory
        plain = client.post("/_dash-update-component", json=body)
        packed = client.post("/_dash-update-component", json=body, headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(packed.data) == plain.data and plain.json["response"]
        assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
        assert all("Accept-Encoding" in one.headers["Vary"] for one in (plain, packed))


# ---- whole pages -----------------------------------------------------------------------------------------------------
def frame(client, pathname: str, search: str = "") -> dict:
    """What the frame's callback answers to a reader who comes from another page."""
    callback = next(one for one in callbacks(client) if "main.children" in one["output"])
    body = body_of(callback, None)
    values = {"pathname": pathname, "search": search}
    body["inputs"] = [one | {"value": values.get(one["property"])} for one in body["inputs"]]
    return client.post("/_dash-update-component", json=body).json


def parts(part: object) -> dict[str, dict]:
    if isinstance(part, list):
        return {name: props for one in part for name, props in parts(one).items()}
    if not isinstance(part, dict) or "props" not in part:
        return {}
    props = part["props"]
    return {json.dumps(props.get("id")): props} | parts(props.get("children"))


def test_a_page_travels_with_what_its_own_callbacks_say(client, trial):
    answer = frame(client, "/")
    page = parts(answer["response"]["main"]["children"])
    told = ladder(client, trial.current())[1]["response"]
    assert page['"board-ladder"']["children"] == told["board-ladder"]["children"]
    assert page['"board-runway"']["figure"]["data"] == told["board-runway"]["figure"]["data"] != []
    assert answer["response"]["failure"] == {"hidden": True}


def test_an_opened_count_travels_with_its_page(client):
    page = parts(
        frame(client, "/", "?" + urlencode({"open": opened("ladder", "DL2", "dlts")}))["response"]["main"]["children"]
    )
    assert "201" in json.dumps(page['"board-panel"']["children"])


def test_a_page_that_cannot_be_filled_says_so(client, monkeypatch):
    from dashboard.pages import board

    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(board, "ladder", fails)
    answer = frame(client, "/", "?theme=dark")
    assert answer["sideUpdate"]["failure"]["hidden"] is False and "failure" not in answer["response"]
    assert parts(answer["response"]["main"]["children"])['"board-ladder"'].get("children") is None


def test_the_patients_beside_the_one_on_the_screen_are_made_before_the_key_is_pressed(
    application, client, trial, monkeypatch
):
    from dashboard.pages import patient

    server, asked = application.server, []
    made_ahead = Ahead(server.config["FILLS"])
    monkeypatch.setitem(server.config, "AHEAD", made_ahead)
    monkeypatch.setattr(made_ahead, "of", lambda *page: asked.append(page))
    frame(client, "/patient/XKDCT293-01-302", "?period=hours&folded=few")
    made_ahead.make(*asked[0])
    monkeypatch.setattr(patient, "stack", lambda *_, **__: pytest.fail("made again"))
    for who in ("301", "303"):
        page = frame(client, f"/patient/XKDCT293-01-{who}", "?period=hours&folded=few")
        assert who in json.dumps(parts(page["response"]["main"]["children"])['"patient-head"']["children"])


def test_what_one_reader_may_ask_for_next_gives_way_to_the_next_reader(caplog, monkeypatch):
    monkeypatch.setattr(ahead, "PAUSE", 0)

    asked = []

    class Fills:
        def of(self, store, data):
            asked.append((store, data["pathname"], data["search"], data["cut"]))
            if "102" in data["pathname"]:
                raise ZeroDivisionError
            return []

    def page(who: str) -> dict:
        link = {"href": f"/patient/{who}?lang=zh", "aria-keyshortcuts": "ArrowRight"}
        return {"children": [{"props": link}, {"props": link | {"aria-keyshortcuts": "1"}}]}

    ahead_of = Ahead(Fills())
    stores = [(name, {"pathname": "/", "search": "", "cut": "c"}) for name in ("view", "panel")]
    for who in ("101", "102"):
        ahead_of.of(stores, page(who))
    ahead_of._asked.put((stores, page("103")))
    ahead_of.stop()
    ahead_of.run(threading.Event())
    of_103 = [(name, "/patient/103", "?lang=zh", "c") for name in ("view", "panel")]
    assert asked == [("view", "/patient/102", "?lang=zh", "c"), *of_103]
    assert "a page could not be made before it was asked for" in caplog.text


def test_a_new_cut_is_made_before_anyone_asks(application, client, trial, monkeypatch):
    """What was asked of the last cut, and the first look at every screen: the answers are what a reader would get, and
    are not made again. Grading is among them before there is a rest, and what was found for it is handed over."""
    from dashboard.pages import board, grading

    older, newer = trial.ids()[:2]
    asked = {"pathname": "/", "search": "?assume=XKDCT293-01-302/N", "state": START}
    ask(client, "board-ladder.children", cut=older, **asked)
    answers = application.server.config["ANSWERS"]
    pieces = list(made(application.server, Wanted(newer, START, answers.questions(60)), 0))
    given = {key: data for piece in pieces for key, data in piece.answers.items()}
    ready = [piece.ready for piece in pieces]
    assert ready == sorted(ready) and ready[-1] and not ready[0]
    said = [json.loads(key[0])[2][0] for key in given]
    rests = next(number for number, piece in enumerate(pieces) if piece.rest)
    before = [json.loads(key[0])[2][0]["pathname"] for piece in pieces[: rests + 1] for key in piece.answers]
    cards = {name for name in vars(grading.Id).values() if isinstance(name, grading.Id)} - {grading.Id.PANEL}
    assert before.count("/grading") == len(cards) - 1  # the words about the liver come with their figure
    assert set(pickle.loads(pieces[rests].found)) == {
        f"dashboard.{one}"
        for one in ("alerting.alerts_of", "alerting.seen_of", "grading_toxicity.toxicities_of", "grading_labs.labs_of",
                    "grading_screening.screening_of", "grading_icaht.icaht_of")
    }  # fmt: skip
    assert {one["cut"] for one in said} == {newer}
    assert {"/", "/kinetics", "/cytokines", "/data"} < {one["pathname"] for one in said}
    chosen = {urlencode({"assume": "XKDCT293-01-302/N"}), "by=patient", "only=serious", "fold=baseline"}
    assert chosen <= {one["search"] for one in said}
    stamps = [set(STAMP.findall(gzip.decompress(packed).decode())) for packed in given.values()]
    assert all(newer[:7] in one for one in stamps if one) and {newer[:7]} in stamps

    monkeypatch.setattr(board, "ladder", lambda *_: pytest.fail("made again"))
    assert ask(client, "board-ladder.children", cut=newer, **asked)[0] == 200


def test_a_question_is_known_once_whichever_cut_it_was_asked_of():
    answers = remembered.Answers()
    for cut in ("a", "b"):
        answers.note({"output": "x", "inputs": [{"id": "i", "value": {"cut": cut, "state": cut, "search": ""}}]})
    assert [one["inputs"][0]["value"]["cut"] for one in answers.questions(60)] == ["b"]
    assert answers.questions(-1) == []
    for number in range(remembered.QUESTIONS + 5):
        answers.note({"output": number, "inputs": []})
    assert [one["output"] for one in answers.questions(60)][::-1] == list(range(5, remembered.QUESTIONS + 5))


# ---- packed files ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/assets/plotly.min.js", "/_dash-component-suites/dash/dcc/async-graph.js"])
def test_a_script_is_sent_packed_to_who_can_unpack_it(client, path):
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "br"})
    assert packed.headers["Content-Encoding"] == "br" and "Content-Encoding" not in plain.headers
    assert brotli.decompress(packed.data) == plain.data
    again = client.get(path, headers={"Accept-Encoding": "br", "If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for one in (plain, packed, again):
        assert one.headers["Content-Security-Policy"] and "Accept-Encoding" in one.headers["Vary"]
        one.close()
