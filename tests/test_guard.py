"""The gate: who may ask, what may be asked, and that nonsense is answered in words and never with a 500."""

import json

import pytest

from dashboard import guard

LOCAL = {"REMOTE_ADDR": "127.0.0.1"}


def callbacks(client) -> list[dict]:
    return client.get("/_dash-dependencies").json


def body_of(callback: dict, value: object) -> dict:
    """What the browser would send, with `value` in every input."""

    def named(text: str) -> dict:
        name, _, prop = text.rpartition(".")
        return {"id": json.loads(name) if name.startswith("{") else name, "property": prop}

    def given(one: dict) -> dict | list:
        if '["ALL"]' in one["id"]:
            return []
        return {**one, "id": json.loads(one["id"]) if one["id"].startswith("{") else one["id"], "value": value}

    several = callback["output"].startswith("..")
    outputs = [named(one) for one in callback["output"].strip(".").split("...")]
    outputs = [[] if '["ALL"]' in json.dumps(one["id"]).replace(" ", "") else one for one in outputs]
    return {
        "output": callback["output"],
        "outputs": outputs if several else outputs[0],
        "inputs": [given(one) for one in callback["inputs"]],
        "state": [given(one) for one in callback["state"]],
        "changedPropIds": [],
    }


def test_every_route_has_a_policy_and_every_policy_a_route(application):
    served = {rule.endpoint for rule in application.server.url_map.iter_rules()}
    assert set(guard.POLICIES) <= served
    assert served - set(guard.POLICIES) == {"static", "/_reload-hash"}  # Flask's and Dash's own, refused


@pytest.mark.parametrize("path", ["/static/app.py", "/_reload-hash"])
def test_what_has_no_policy_is_refused(client, path):
    assert client.get(path).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/patient/",
        "/patient/a/b",
        "/adverse-events/x",
        "/_dash-nothing",
        "/export/secrets.csv",
        "/receipt/x.json",
    ],
)
def test_an_unknown_path_is_404_and_not_the_first_screen(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"_dash-config" not in answer.data


@pytest.mark.parametrize("path", ["/", "/adverse-events", "/data", "/patient/XKDCT293-01-302", "/patient/A%2FB"])
def test_a_screen_is_served_with_the_headers_that_protect_it(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "'unsafe-eval'" not in policy and "script-src 'self' 'sha256-" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.4:8050", "localhost.evil:8050"])
def test_another_host_name_is_refused_with_the_reason(client, host):
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert b"is not one this program serves" in answer.data


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8050", "localhost", "localhost:9000", "[::1]:8050"])
def test_the_names_of_this_machine_are_served(client, host):
    assert client.get("/health", headers={"Host": host}).status_code == 200


def test_another_machine_is_refused_even_with_the_right_name(client):
    answer = client.get("/", environ_base={"REMOTE_ADDR": "192.168.1.9"}, headers={"Host": "localhost"})
    assert answer.status_code == 403
    assert b"Only the person at this machine" in answer.data


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "https://localhost"])
def test_another_web_page_cannot_post(client, origin):
    body = body_of(callbacks(client)[0], None)
    answer = client.post("/_dash-update-component", json=body, headers={"Origin": origin})
    assert answer.status_code == 403


def test_another_web_page_cannot_read_but_its_links_open(client):
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/version", headers=elsewhere).status_code == 403
    assert client.get("/", headers=elsewhere | {"Sec-Fetch-Mode": "navigate"}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "trial.example"])
def test_listening_beyond_this_machine_is_refused_with_the_reason(host):
    assert "patient data would otherwise be open" in guard.refuse_host(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.5"])
def test_listening_on_this_machine_is_not_refused(host):
    assert guard.refuse_host(host) == ""


def test_no_assistant_protocol_is_served(application):
    assert not [rule for rule in application.server.url_map.iter_rules() if "mcp" in rule.rule]


# ---- nonsense -----------------------------------------------------------------------------------------------------
NONSENSE = [
    None,
    "",
    "x",
    -1,
    float("nan"),
    1e308,
    [],
    {},
    [None],
    {"pathname": 1, "search": [], "cut": None},
    "<b>",
    True,
]


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
def test_no_callback_answers_nonsense_with_a_server_error(client, value):
    for callback in callbacks(client):
        if callback["clientside_function"]:
            continue
        answer = client.post("/_dash-update-component", data=json.dumps(body_of(callback, value)), headers={"Content-Type": "application/json"})  # fmt: skip  # noqa: E501
        assert answer.status_code in (200, 204), (callback["output"], answer.data[:200])
        if value is not None and answer.status_code == 200:
            assert "not understood" in json.dumps(answer.json["sideUpdate"]["failure"]), callback["output"]


@pytest.mark.parametrize(
    "stored",
    [
        {"pathname": "/adverse-events", "search": "?population=everyone", "cut": "CURRENT"},
        {"pathname": "/adverse-events", "search": "?window=never", "cut": "CURRENT"},
        {"pathname": "/adverse-events", "search": "", "cut": "0" * 64},
        {"pathname": "/adverse-events", "search": "", "cut": "../../etc/passwd"},
        {"pathname": "/nowhere", "search": "", "cut": "CURRENT"},
        {"pathname": "/adverse-events", "search": "", "cut": "CURRENT", "more": "x"},
    ],
)
def test_a_view_that_parses_badly_gives_a_notice(client, trial, stored):
    callback = next(one for one in callbacks(client) if "ae-terms" in one["output"])
    stored = {name: trial.current() if value == "CURRENT" else value for name, value in stored.items()}
    answer = client.post("/_dash-update-component", json=body_of(callback, stored))
    assert answer.status_code == 200
    assert "not understood" in json.dumps(answer.json["sideUpdate"]["failure"], ensure_ascii=False)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'"x"', b"null", b"{}", b'{"output": "nobody.home", "inputs": []}',
        b'{"output": 3}', b'{"output": "live.data", "inputs": [{}]}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_callbacks_is_a_400_in_words(client, body):
    answer = client.post("/_dash-update-component", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "request" in answer.json["error"]


def test_inputs_that_are_not_the_callbacks_own_are_a_400(client):
    callback = next(one for one in callbacks(client) if "ae-terms" in one["output"])
    right = body_of(callback, None)
    for change in (
        {"inputs": []},
        {"inputs": [{"id": "other", "property": "data", "value": 1}]},
        {"outputs": []},
        {"outputs": {"id": "x"}},
        {"changedPropIds": "all"},
        {"state": [{"id": "x", "property": "y"}]},
    ):
        assert client.post("/_dash-update-component", json=right | change).status_code == 400, change


def test_only_the_methods_of_a_route_are_answered(client):
    assert client.put("/version").status_code == 405
    assert client.post("/adverse-events").status_code == 405


def test_ready_says_why_not(client, copied_trial, application):
    assert client.get("/ready").json["status"] == "ready"
    application.server.config["STORE"] = copied_trial
    path = copied_trial.path(copied_trial.current())
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert "bytes no longer give its name" in answer.json["why"]
