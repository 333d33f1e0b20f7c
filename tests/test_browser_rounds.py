"""A ward round in headless Chromium: the list, a patient and back, its choices, on a tablet, a phone and paper."""

import re

import pytest
from playwright.sync_api import Page, expect
from walking import settled

pytestmark = pytest.mark.browser

SIDEWAYS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
PAPER = {"width": 1047, "height": 718}  # CSS px of an A4 sheet on its side, less its margins


def complete(page: Page, words: str = "counts alerts") -> None:
    """Until the order holds what is computed beside."""
    expect(page.locator("#rounds-list [role=status]")).to_contain_text(words)
    settled(page)


def row(page: Page, number: str):
    return page.locator("#table-rounds tr", has=page.get_by_role("link", name=number, exact=True))


def test_from_the_list_to_a_patient_and_back(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/patients?cohort=DL3")
    complete(page)
    expect(page.get_by_role("link", name="Rounds")).to_have_attribute("aria-current", "page")
    names = page.locator("#table-rounds th .name").all_inner_texts()
    assert names == ["302", "303", "301", "304", "305"]
    expect(page.locator("#table-rounds .group").first).to_have_text("Open DLT candidate · 1")
    expect(row(page, "302")).to_contain_text("DLT candidate: Alanine aminotransferase increased")
    expect(row(page, "302").locator(".not-assessed").nth(1)).to_have_text("not assessed since 11-14 20:30")
    expect(row(page, "303").locator(".col-crs")).to_contain_text("2 since Day 2")
    expect(row(page, "303").locator(".col-neut polyline")).to_be_visible()
    expect(page.locator(".card .stamp")).to_contain_text("filters: 1 × 10⁷ CAR+ T/kg")
    row(page, "303").get_by_role("link", name="303").click()
    expect(page.get_by_role("heading", name="303", exact=True)).to_be_visible()
    settled(page)
    page.go_back()
    expect(page.locator("#table-rounds th .name")).to_have_text(names)
    page.get_by_role("link", name="In hospital").click()
    complete(page)
    expect(page.locator("#table-rounds th .name")).to_have_text(["302", "303"])
    expect(page).to_have_url(re.compile("who=hospital"))
    settled(page)
    row(page, "302").get_by_role("link", name=re.compile("DLT candidate")).click()
    expect(page.locator("#opened")).to_contain_text("ALT 232 U/L 2026-11-16")
    settled(page)


@pytest.mark.parametrize("width", [390, 1024])
@pytest.mark.parametrize(("lang", "words"), [("en", "counts alerts"), ("zh", "已计入")])
def test_a_tablet_and_a_phone_do_not_scroll_sideways(site, open_tab, width, lang, words):
    page = open_tab(viewport={"width": width, "height": 844})
    page.goto(f"{site}/patients?lang={lang}")
    complete(page, words)
    assert page.evaluate(SIDEWAYS)
    table = page.locator("#table-rounds")
    assert table.evaluate("one => one.scrollWidth <= one.parentElement.clientWidth")
    for column in ("crs", "icans", "temp", "neut", "plat", "open"):
        expect(row(page, "303").locator(f".col-{column}")).to_be_visible()
    if width == 390:  # without alerts: a card of three lines
        assert row(page, "301").evaluate("one => one.getBoundingClientRect().height") < 90


def test_a_patient_fits_a_phone(site, open_tab):
    page = open_tab(viewport={"width": 390, "height": 844})
    page.goto(f"{site}/patient/XKDCT293-01-303")
    settled(page)
    assert page.evaluate(SIDEWAYS)


def test_the_round_is_one_sheet_of_paper(site, open_tab):
    page = open_tab(viewport=PAPER)
    page.goto(f"{site}/patients")
    complete(page)
    page.emulate_media(media="print")
    assert page.evaluate(SIDEWAYS)
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
