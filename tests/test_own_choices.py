"""A screen reads its own choices alone: those of other screens change nothing on it, and stay in the address."""

import sys
import threading

import pytest
from playwright.sync_api import expect
from test_guard import body_of, callbacks
from walking import settled

from dashboard.still import links
from dashboard.view import EVERYWHERE, OWN, PAGES, PATIENT, View, told_by_path
from data.events import START

PARAMETERS = {"folds": "folded", "assumed": "assume", "zoomed": "zoom", "is_sheet": "paper"}
PATHS = {page: path for path, page in PAGES.items()} | {"patient": f"{PATIENT}XKDCT293-01-201"}
WALKED = 10  # addresses of a screen


def test_every_choice_belongs_to_a_screen_and_is_told_of_it():
    assert OWN.keys() == PATHS.keys()
    every = {name for name in View.__dataclass_fields__ if name not in ("page", "usubjid", "problems")}
    assert {*EVERYWHERE, *(name for own in OWN.values() for name in own)} == every
    assert told_by_path()["/changes"] == [
        "lang", "theme", "cut", "open", "zoom", "open", "zoom", "assume", "draft", "narrative", "paper", "since",
    ]  # fmt: skip


def test_what_was_chosen_on_other_screens_is_not_of_this_one():
    view = View.parse("/kinetics", "?lang=zh&by=patient&cohort=DL1&only=serious&period=all&open=a&zoom=k.xaxis_1_2")
    assert view.own().href == "/kinetics?lang=zh&cohort=DL1&by=patient&zoom=k.xaxis_1_2&open=a"
    assert view.href.count("&") == 6


@pytest.mark.parametrize("page", PATHS)
def test_a_screen_reads_no_other_choice(client, trial, monkeypatch, page):
    """Noted is every choice that any code but the view's own reads, on a walk through what the screen's links offer;
    not what the printing of sheets reads, which such a walk begins."""
    read, walker = set(), threading.current_thread()
    plain = View.__getattribute__

    def noted(self, name):
        reader = sys._getframe(1).f_code.co_filename
        if threading.current_thread() is walker and not reader.endswith(("view.py", "dataclasses.py", "<string>")):
            read.add(PARAMETERS.get(name, name))
        return plain(self, name)

    own = [one for one in callbacks(client) if _starts(one, page)]
    monkeypatch.setattr(View, "__getattribute__", noted)
    waiting, seen, kinds = [PATHS[page]], set(), set()
    while waiting and len(seen) < WALKED:
        seen.add(href := waiting.pop(0))
        pathname, _, search = href.partition("?")
        asked = {"pathname": pathname, "search": search, "cut": trial.current(), "state": START}
        for callback in own:
            answer = client.post("/_dash-update-component", json=body_of(callback, asked))
            for link in links(answer.get_json(silent=True)):
                kind = link["href"].partition("open=")[2].partition("%2F")[0]
                if (
                    link["href"].startswith(f"{pathname}?")
                    and link["href"] not in seen
                    and (not kind or kind not in kinds)
                ):
                    kinds.add(kind)
                    waiting.append(link["href"])
    choices = read & View.__dataclass_fields__.keys() - {"page", "usubjid", "problems"}
    assert choices and choices <= {*EVERYWHERE, *OWN[page]}


def _starts(callback: dict, page: str) -> bool:
    own = {f'{{"{kind}":"{page}"}}' for kind in ("view", "panel", "below")}
    return not callback["clientside_function"] and bool(own & {one["id"] for one in callback["inputs"]})


def test_they_are_kept_while_the_reader_chooses_elsewhere(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/kinetics?by=patient&scale=linear&what=ever")
    settled(page)
    page.get_by_role("link", name="Adverse events").click()
    settled(page)
    page.get_by_role("link", name="Serious", exact=True).click()
    expect(page.locator("#ae-stamp")).to_contain_text("Serious")
    page.locator("#table-ae-terms a.count:not(.none)").first.click()
    expect(page.locator("#opened")).to_be_visible()
    assert {"by=patient", "scale=linear", "only=serious"} <= set(page.url.partition("?")[2].split("&"))
    assert "what" not in page.url  # what no screen reads is carried nowhere
    page.locator("#opened .people a").first.click()
    expect(page.locator("#patient-stack .main-svg").first).to_be_visible()
    settled(page)
    page.get_by_role("link", name="Kinetics", exact=True).click()
    settled(page)
    expect(page.locator(".option.chosen")).to_contain_text(["All", "By patient", "Linear"])
    page.get_by_role("link", name="Log", exact=True).click()
    settled(page)
    assert {"by=patient", "only=serious"} == set(page.url.partition("?")[2].split("&"))
