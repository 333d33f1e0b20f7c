"""The Board's decision in headless Chromium: what if, a candidate's evidence, a verdict, and its withdrawal."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from walking import cells, settled

from data import importing, protocol
from data.store import Store

pytestmark = pytest.mark.browser

# Worked by hand from the scenario: planned, infused, evaluable, DLT, pending, replaced, unresolved, CI, state.
LADDER = [
    ["3", "3", "3", "0/3", "0", "0", "0", "0–71 %", "cleared"],
    ["6", "7", "6", "1/6", "0", "1", "0", "0–64 %", "cleared"],
    ["3", "3", "1", "0/1", "1", "0", "1", "0–98 %", "in progress"],
]


def test_the_board_answers_who_is_still_in_the_window(site, open_tab):
    page = open_tab()
    page.goto(site)
    settled(page)
    assert cells(page, "table-ladder") == LADDER
    expect(
        page.get_by_text("2 of 13 windows are not settled (302, 303); the last one, 303, ends on 2026-12-16.")
    ).to_be_visible()
    shown = page.locator("#board-runway .infolayer").text_content()
    for words in (
        "DLT candidates not adjudicated: 1: Alanine",
        "Day 3, 25 days left",
        "DLT on Day 9: Cytokine release syndrome G4",
    ):
        assert words in shown
    assert "received 60 % of the assigned dose, below 80 %: to be replaced" in shown
    assert re.search(
        r"XKDCT293 · SIMULATED · cut [0-9a-f]{7} · as of 2026-11-21 23:59 Asia/Shanghai · protocol [0-9a-f]{7}", shown
    )
    expect(page.locator(".chip.simulated")).to_have_text("simulated data")
    expect(page.get_by_text("not a medical device")).to_be_visible()


def test_the_first_cut_shows_the_sentinel_breach_in_red(trial_files, tmp_path, serve, open_tab):
    store = Store(tmp_path / "first")
    importing.load([trial_files[0]], store, protocol.load(Path("xkdct293.toml")))
    address = serve(store.root)
    page = open_tab()
    page.goto(address)
    alarm = page.locator("main .notice.alarm")
    expect(alarm).to_have_text("Sentinel gap not kept at level 2: 202 was infused 9 days after 201, the minimum is 14.")
    settled(page)


def test_what_if_is_in_the_address_and_marked(site, open_tab):
    page = open_tab()
    page.goto(site)
    settled(page)
    rule, ahead = page.locator("#board-rule"), page.locator("#board-tree")
    expect(rule.locator(".verdict")).to_have_text("Advice withheld: 1 candidate unadjudicated")
    expect(ahead).to_contain_text("0/3 at level 3")
    page.locator("#board-if [data-assume='302/T']").click()
    page.wait_for_url(re.compile("assume="))
    expect(rule).to_contain_text("HYPOTHETICAL.")
    expect(rule).to_contain_text("one more DLT exceeds level 3")
    expect(ahead).not_to_contain_text("0/3 at level 3")
    page.locator("#board-if [data-assume='303/T']").click()
    expect(rule.locator(".verdict")).to_have_text("Level 3 exceeded. Stop. MTD = level 2.")
    settled(page)
    page.reload()
    settled(page)
    expect(rule.locator(".verdict")).to_have_text("Level 3 exceeded. Stop. MTD = level 2.")
    page.get_by_role("link", name="Back to the data").click()
    expect(rule).not_to_contain_text("HYPOTHETICAL")
    page.go_back()
    expect(rule.locator(".verdict")).to_have_text("Level 3 exceeded. Stop. MTD = level 2.")
    settled(page)


def test_a_verdict_is_given_and_withdrawn(copied_trial, serve, open_tab):
    """And comes to another reader's screen by itself, who has written half a reason."""
    address = serve(copied_trial.root)
    other = open_tab()
    other.goto(address)
    settled(other)
    other.get_by_role("link", name="Evidence and verdict").click()
    other.locator("#opened").get_by_label("Why").fill("half a reason")
    page = open_tab()
    page.goto(address)
    settled(page)
    page.get_by_role("link", name="Evidence and verdict").click()
    panel = page.locator("#opened")
    expect(panel).to_contain_text("ALT 232 U/L 2026-11-16")
    expect(panel).to_contain_text("Nobody has adjudicated it yet.")
    settled(page)
    panel.get_by_role("button", name="It is no DLT").click()
    expect(panel.get_by_role("alert")).to_have_text("Say who says it.")
    panel.get_by_label("Who says it").fill("Dr Li")
    panel.get_by_label("Why").fill("hepatitis B, hepatology has seen it")
    panel.get_by_role("button", name="It is no DLT").click()
    expect(panel).to_contain_text("No. 1: no DLT, said by Dr Li (not authenticated)")
    expect(page.locator("#board-rule .verdict")).to_have_text("Wait. Do not open a new slot at level 3.")
    settled(page)
    expect(other.locator("#board-rule .verdict")).to_have_text("Wait. Do not open a new slot at level 3.")
    expect(other.locator("#opened")).to_contain_text("No. 1: no DLT, said by Dr Li (not authenticated)")
    assert other.locator("#opened").get_by_label("Why").input_value() == "half a reason"
    settled(other)
    panel.get_by_label("Who says it").fill("Dr Wang")
    panel.get_by_label("Why").fill("wrong patient")
    panel.get_by_role("button", name="Withdraw No. 1").click()
    expect(panel).to_contain_text("No. 1 was withdrawn by Dr Wang")
    expect(page.locator("#board-rule .verdict")).to_have_text("Advice withheld: 1 candidate unadjudicated")
    settled(page)


def test_the_first_sheet_of_paper_holds_ladder_runway_and_rule(site, open_tab):
    page = open_tab()
    page.goto(site)
    settled(page)
    page.emulate_media(media="print")
    bottoms = page.evaluate("""() => ['board-ladder', 'board-runway', 'board-rule'].map(
        one => document.getElementById(one).closest('.card').getBoundingClientRect().bottom)""")
    assert max(bottoms) < 190 / 25.4 * 96  # CSS px of an A4 sheet on its side, less its margins


def test_what_the_committee_reads_is_large(site, open_tab):
    page = open_tab(viewport={"width": 1920, "height": 1080})
    page.goto(site)
    settled(page)
    size = page.locator("#board-rule .verdict").evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert size >= 27
    expect(page.locator("#board-rule .when")).to_be_in_viewport()
