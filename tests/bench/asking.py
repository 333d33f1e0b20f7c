"""What the browser asks the server for a screen: found in the running program, so that a new page is measured too."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.request import urlopen

from dashboard.shell import laid_out
from dashboard.still import links
from dashboard.view import PAGES, PATIENT, View
from data.events import START
from data.store import Cut
from queries.subjects import subjects

STORES = ("view", "panel", "below")  # of a page
UPDATE = "/_dash-update-component"
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}  # as Chromium asks
_FAILED = b'"failure":'  # the notice that a callback raised
_STAMP = re.compile(rb"cut ([0-9a-f]{7})(?: (?:\xc2\xb7|\\u00b7) |\\u003cbr\\u003e)as of")  # of tables; of figures


@dataclass(frozen=True)
class Screen:
    page: str
    pathname: str
    search: str = ""

    @classmethod
    def of(cls, page: str, href: str) -> "Screen":
        pathname, _, search = href.partition("?")
        return cls(page, pathname, f"?{search}" if search else "")

    @property
    def address(self) -> str:
        return self.pathname + self.search

    def value(self, cut: str) -> dict:
        """What the page's `view` store holds."""
        return {"pathname": self.pathname, "search": self.search, "cut": cut, "state": START}


def dependencies(site: str) -> list[dict]:
    with urlopen(f"{site}/_dash-dependencies") as answer:
        return json.load(answer)


def screens(cut: Cut, dependencies: list[dict]) -> list[Screen]:
    """Every page that has something to ask, and of the patients' that of the first treated subject."""
    people = subjects(cut)
    treated = people[people["day0"].notna()].sort_values("usubjid")
    found = [Screen(page, path) for path, page in PAGES.items()]
    found.append(Screen("patient", PATIENT + treated["usubjid"].iloc[0]))
    return [one for one in found if page_callbacks(dependencies, one.page)]


def page_callbacks(dependencies: list[dict], page: str) -> list[dict]:
    """The callbacks that a page's own stores start: what is in the window and below it, and the panel that may be
    opened."""
    own = {json.dumps({kind: page}, separators=(",", ":")) for kind in STORES}
    asked = [one for one in dependencies if not one["clientside_function"]]
    return [one for one in asked if own & {given["id"] for given in one["inputs"]}]


def route_callback(dependencies: list[dict]) -> dict:
    """The one callback that reads the address."""
    return next(one for one in dependencies if "main.children" in one["output"])


def page_body(callback: dict, screen: Screen, cut: str) -> dict:
    def value(name: str) -> object:
        return screen.value(cut) if json.loads(name) in [{kind: screen.page} for kind in STORES] else None

    def given(one: dict) -> dict:
        pattern = one["id"].startswith("{")
        return {**one, "id": json.loads(one["id"]), "value": value(one["id"])} if pattern else {**one, "value": None}

    return _body(callback, [given(one) for one in callback["inputs"]], [given(one) for one in callback["state"]])


def route_body(callback: dict, screen: Screen, cut: str | None) -> dict:
    """As for a reader who comes from another page (and follows `cut`, where one is given)."""
    return _frame_body(callback, screen, {"shown": cut})


def change_body(callback: dict, before: Screen, after: Screen, cut: str) -> dict:
    """As for a reader who makes a choice on a page that stands there already."""
    rendered = laid_out(View.parse(after.pathname, after.search), has_cut=True)
    here = [{"id": {"view": after.page}, "property": "data"}]
    body = _frame_body(callback, after, {"shown": cut, "rendered": rendered})
    body["outputs"] = [here if one == [] and "view" in name else one for one, name in _named(callback, body["outputs"])]
    stores = [{**here[0], "value": before.value(cut)}]
    body["state"] = [stores if one == [] and "view" in name else one for one, name in _given(callback, body["state"])]
    return body


def _named(callback: dict, outputs: list) -> Iterator[tuple[object, str]]:
    return zip(outputs, callback["output"].strip(".").split("..."), strict=True)


def _given(callback: dict, state: list) -> Iterator[tuple[object, str]]:
    return zip(state, (one["id"] for one in callback["state"]), strict=True)


def _frame_body(callback: dict, screen: Screen, known: dict) -> dict:
    values = {"pathname": screen.pathname, "search": screen.search}

    def given(one: dict) -> dict | list:
        return [] if "ALL" in one["id"] else {**one, "value": known.get(one["id"], values.get(one["property"]))}

    return _body(callback, [given(one) for one in callback["inputs"]], [given(one) for one in callback["state"]])


def _body(callback: dict, inputs: list, state: list) -> dict:
    outputs = []
    for one in callback["output"].strip(".").split("..."):
        name, _, prop = one.rpartition(".")
        outputs.append([] if "ALL" in name else {"id": name, "property": prop})
    several = callback["output"].startswith("..")
    return {
        "output": callback["output"],
        "outputs": outputs if several else outputs[0],
        "inputs": inputs,
        "state": state,
        "changedPropIds": [],
    }


def failed(answer: bytes) -> bool:
    return b"sideUpdate" in answer and _FAILED in answer


def cuts_named(answer: bytes) -> set[str]:
    """The cuts of every stamp in an answer, by the beginning of their ids."""
    return {one.decode() for one in _STAMP.findall(answer)}


def options(answer: bytes, screen: Screen) -> list[Screen]:
    """The filter changes that an answer offers: its links of class `option` that stay on the screen's own path and
    begin no job."""
    offered = (one["href"] for one in links(json.loads(answer)) if _is_option(one.get("className", "").split()))
    found = (Screen.of(screen.page, one) for one in offered)
    return [one for one in found if one.pathname == screen.pathname and one != screen]


def _is_option(kinds: list[str]) -> bool:
    return "option" in kinds and "begins-a-job" not in kinds
