"""A page travels with its data: what the frame's callback answers holds the page as the page's own callbacks fill it.

Otherwise the browser would draw every figure and grid empty, ask a second time, and draw them all again. Filled is what
starts from one of the page's own stores and, by `prevent_initial_call`, does not start by itself where the page is new.
"""

import json
from collections.abc import Callable, Iterable, Iterator

from flask import Flask, Response, jsonify, request

from dashboard.remembered import ENDPOINT, is_own
from dashboard.session import state_head
from dashboard.shell import MAIN

Answer = Callable[[], Response]


class Fills:
    """The callbacks that fill pages, and what answers them."""

    def __init__(self, server: Flask, callbacks: Iterable[dict], answer: Answer):
        self._server, self.answer = server, answer
        self._fills = [one for one in callbacks if _is_fill(one)]

    def head(self) -> str:
        """As `session.state_head`, for who is asked by nobody."""
        with self._server.app_context():
            return state_head()

    def of(self, store: str, data: dict) -> Iterator[dict]:
        """The answers that a page's store starts. store: its id as text."""
        for fill in self._fills:
            if fill["inputs"][0]["id"] == store:
                with self._server.test_request_context(ENDPOINT, method="POST", json=_body(fill, data)):
                    yield self.answer().get_json(silent=True) or {}

    def into(self, frame: dict) -> dict:
        """The frame's answer with the page's parts in it; what a callback that raised tells the reader is told too."""
        parts = dict(_parts(frame["response"].get(MAIN, {}).get("children")))
        stores = [(name, props["data"]) for name, props in parts.items() if name.startswith("{") and props.get("data")]
        for store, data in stores:
            for found in self.of(store, data):
                for name, props in found.get("response", {}).items():
                    parts[name].update(props)
                for name, props in found.get("sideUpdate", {}).items():
                    frame.setdefault("sideUpdate", {})[name] = props
                    frame["response"].pop(name, None)  # the frame takes an older notice away, not this one
        if stores and (ahead := self._server.config["AHEAD"]):
            ahead.of(stores, frame["response"][MAIN])
        return frame


def install(server: Flask, callbacks: Iterable[dict]) -> Fills:
    """After what remembers answers: a page that another reader has seen is filled from memory. callbacks: as the
    browser is told of them."""
    answer = server.view_functions[ENDPOINT]
    fills = Fills(server, callbacks, answer)

    def answered() -> Response:
        response = answer()
        frame = response.get_json(silent=True) if f"{MAIN}.children" in request.get_json()["output"] else None
        return jsonify(fills.into(frame)) if frame else response

    server.view_functions[ENDPOINT] = answered
    return fills


def _is_fill(callback: dict) -> bool:
    own = all(one["id"].startswith("{") and is_own({"id": json.loads(one["id"])}) for one in callback["inputs"])
    return own and bool(callback["prevent_initial_call"]) and not callback["clientside_function"]


def _parts(part: object) -> Iterator[tuple[str, dict]]:
    """The properties of every component with an id, by id."""
    if isinstance(part, list):
        for one in part:
            yield from _parts(one)
    elif isinstance(part, dict) and "props" in part:
        name = part["props"].get("id")
        if name is not None:
            yield (
                name if isinstance(name, str) else json.dumps(name, sort_keys=True, separators=(",", ":")),
                part["props"],
            )
        yield from _parts(part["props"].get("children"))


def _body(callback: dict, data: dict) -> dict:
    """What the browser would send."""
    asked, outputs = callback["inputs"][0], []
    for one in callback["output"].strip(".").split("..."):
        name, _, prop = one.rpartition(".")
        outputs.append({"id": name, "property": prop})
    return {
        "output": callback["output"],
        "outputs": outputs if callback["output"].startswith("..") else outputs[0],
        "inputs": [{"id": json.loads(asked["id"]), "property": asked["property"], "value": data}],
        "changedPropIds": [f"{asked['id']}.{asked['property']}"],
    }
