"""Logs say what went wrong and where, and never whose data it was."""

import json
import logging

import pytest

from data.logs import log_to_stderr

PATIENT = "XKDCT293-01-302"


@pytest.fixture(autouse=True)
def own_handlers():
    """The root logger of the other tests comes back as it was."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = kept, level


def test_an_error_is_logged_without_the_values_in_its_message(capsys):
    log_to_stderr("INFO")
    try:
        {}[PATIENT]
    except KeyError as error:
        logging.getLogger("screen").error("callback failed", exc_info=error)
    line = capsys.readouterr().err
    said = json.loads(line)
    assert said["message"] == "callback failed" and "KeyError" in said["exc_info"]
    assert "test_logs.py" in said["exc_info"]
    assert PATIENT not in line


def test_requests_are_logged_by_the_kind_of_their_route(client, capsys):
    log_to_stderr("INFO")
    client.get(f"/patient/{PATIENT}?open={PATIENT}")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(one["route"], one["status"]) for one in lines] == [("/<path:path>", 200)]
    assert PATIENT not in json.dumps(lines)


def test_a_failed_callback_is_told_and_logged_without_values(client, trial, monkeypatch, capsys):
    from dashboard.pages import patient
    from tests.test_guard import body_of, callbacks

    def broken(*_, **__):
        raise RuntimeError(PATIENT)

    monkeypatch.setattr(patient, "head", broken)
    log_to_stderr("INFO")
    callback = next(one for one in callbacks(client) if "patient-head" in one["output"])
    stored = {"pathname": f"/patient/{PATIENT}", "search": "", "cut": trial.current()}
    answer = client.post("/_dash-update-component", json=body_of(callback, stored))
    assert "may be out of date" in json.dumps(answer.json["sideUpdate"]["failure"])
    said = capsys.readouterr().err
    assert "RuntimeError" in said and PATIENT not in said
