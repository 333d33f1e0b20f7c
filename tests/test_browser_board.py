"""The Board's decision in headless Chromium: what if, a candidate's evidence, a verdict, and its withdrawal."""

import re

import pytest
from playwright.sync_api import expect
from test_browser import settled

pytestmark = pytest.mark.browser


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
