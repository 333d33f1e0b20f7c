"""What a screen needs is there before it is asked for."""

import re

import pytest

pytestmark = pytest.mark.browser


def test_a_page_is_left_while_its_clock_asks_and_the_console_says_nothing(copied_trial, serve, open_tab):
    """A new server compares the cuts for a while; the clock's question is answered when the reader is elsewhere."""
    page, held = open_tab(), []

    def answer(route) -> None:
        asks = "board-since-wait.n_intervals" in route.request.post_data_json["changedPropIds"]
        held.append(route) if asks else route.continue_()

    page.route(re.compile("_dash-update-component"), answer)
    with page.expect_request(lambda one: "board-since-wait.n_intervals" in (one.post_data or "")):
        page.goto(serve(copied_trial.root))
    page.click('header nav a[href^="/data"]')
    page.wait_for_selector("#board-since", state="detached")
    assert len(held) == 1
    held[0].continue_()
    page.wait_for_timeout(500)
