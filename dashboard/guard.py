"""The one gate: every request passes here first, and what no line of this file admits is refused.

Single-user policy: this machine only. Any web page open in the reader's browser could otherwise post to a server on
localhost, so the Host header must be a known name and an Origin must be this server's own.
"""

import secrets
from collections.abc import Mapping
from ipaddress import ip_address

from flask import Flask, Response, abort, g, jsonify, request

from dashboard.view import is_page

LOCAL_NAMES = ("127.0.0.1", "localhost")

# Endpoint -> the only methods it answers to. Deny by default: an endpoint that is not named here is 403.
POLICIES: Mapping[str, frozenset[str]] = {
    "/": frozenset({"GET"}),
    "/<path:path>": frozenset({"GET"}),  # the pages; other paths are 404
    "/_dash-layout": frozenset({"GET"}),
    "/_dash-dependencies": frozenset({"GET"}),
    "/_dash-update-component": frozenset({"POST"}),
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": frozenset({"GET"}),
    "/_favicon.ico": frozenset({"GET"}),
    "_dash_assets.static": frozenset({"GET"}),
    "version": frozenset({"GET"}),
    "export": frozenset({"GET"}),
    "sheets": frozenset({"GET"}),
    "receipt": frozenset({"GET"}),
    "health": frozenset({"GET"}),
    "ready": frozenset({"GET"}),
}

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def refuse_host(host: str) -> str:
    """Why this program will not listen on `host`; "" where it will."""
    try:
        local = host in LOCAL_NAMES or ip_address(host).is_loopback
    except ValueError:
        local = False
    if local:
        return ""
    return (
        f"will not listen on {host}: without accounts this program serves only the person at this machine "
        f"(127.0.0.1 or localhost); patient data would otherwise be open to everyone on the network"
    )


def install(server: Flask, names: tuple[str, ...], scripts: list[str], callbacks: Mapping[str, dict]) -> None:
    """Puts the gate before every route of `server`. names: further host names; scripts: hashes of inline scripts."""
    policy = (
        f"default-src 'none'; script-src 'self' {' '.join(scripts)}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    allowed = (*LOCAL_NAMES, "[::1]", *names)

    @server.before_request
    def admit() -> Response | None:
        g.request_id = secrets.token_hex(8)
        _from_this_machine(allowed)
        methods = POLICIES.get(request.endpoint or "")
        if request.endpoint is None:
            abort(getattr(request.routing_exception, "code", 404))
        if methods is None:
            abort(403, "this address is not served")
        if request.method not in methods | {"HEAD"}:
            abort(405)
        if request.endpoint == "/<path:path>" and not is_page(_path()):
            abort(404)
        if request.endpoint == "/_dash-update-component":
            problem = understood(request.get_json(silent=True), callbacks)
            if problem:
                return _answer(400, problem)
        return None

    @server.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers.update(HEADERS)
        if request.endpoint in ("/_dash-update-component", "export", "sheets", "version", "/", "/<path:path>"):
            response.headers["Cache-Control"] = "no-store"
        return response

    @server.errorhandler(403)
    @server.errorhandler(404)
    @server.errorhandler(405)
    def told(error) -> Response:
        words = {404: "There is no such page.", 405: "This address does not answer to that method."}
        return _answer(error.code, words.get(error.code, error.description))


def _path() -> str:
    """The path as it was sent: an identifier may hold an encoded slash, which WSGI would have decoded."""
    raw = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.path
    return raw.partition("?")[0] if raw.startswith("/") else request.path


def _from_this_machine(allowed: tuple[str, ...]) -> None:
    if request.remote_addr and not ip_address(request.remote_addr).is_loopback:
        abort(403, "Only the person at this machine may open this program: it runs without accounts.")
    name = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    if name not in allowed:
        abort(403, f"The host name {name!r} is not one this program serves; open it as http://127.0.0.1 or localhost.")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        abort(403, "This request comes from another web page.")
    # A link on another page may lead here (a GET that opens a page changes nothing); nothing else may come from there.
    opens_page = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none") and not opens_page:
        abort(403, "This request comes from another web page.")


def _answer(code: int, words: str) -> Response:
    response = jsonify(error=words) if request.method == "POST" else Response(words + "\n", mimetype="text/plain")
    response.status_code = code
    return response


def understood(body: object, callbacks: Mapping[str, dict]) -> str:
    """Why a callback's body is not one this program sends; "" where it is. Dash itself would answer it with a 500."""
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        return "The request is not one of this program's."
    known = callbacks.get(body["output"])
    if known is None:
        return "The request names no callback of this program."
    for part in ("inputs", "state"):
        if not _same_shape(body.get(part, []), known[part]):
            return f"The request's {part} are not those of the callback."
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(one, str) for one in changed):
        return "The request's changedPropIds are not a list of names."
    return (
        "" if _outputs(body.get("outputs"), body["output"]) else "The request's outputs are not those of the callback."
    )


def _same_shape(given: object, known: list[dict]) -> bool:
    if not isinstance(given, list) or len(given) != len(known):
        return False
    for one, spec in zip(given, known, strict=True):
        pattern = isinstance(spec["id"], str) and spec["id"].startswith("{")
        several = one if isinstance(one, list) else [one]
        if isinstance(one, list) and not pattern:
            return False
        for part in several:
            if not isinstance(part, dict) or part.get("property") != spec["property"]:
                return False
            if (part.get("id") != spec["id"]) if not pattern else not isinstance(part.get("id"), dict):
                return False
    return True


def _outputs(given: object, output: str) -> bool:
    """One output is an object, several are a list in the order of the callback's name; a pattern's output is a list."""
    count = len(output.strip(".").split("...")) if output.startswith("..") else 1
    if count == 1 and not output.startswith(".."):
        return isinstance(given, dict) and "id" in given and "property" in given
    return (
        isinstance(given, list)
        and len(given) == count
        and all(_named(part) for one in given for part in (one if isinstance(one, list) else [one]))
    )


def _named(part: object) -> bool:
    return isinstance(part, dict) and "id" in part and "property" in part
