"""What changed, in headless Chromium: the page, another earlier cut, a count; every screen as known on an older cut."""

import re

import pytest
from playwright.sync_api import expect
from walking import settled

pytestmark = pytest.mark.browser


def test_what_changed_is_read_counted_and_linked(site, open_tab):
    page = open_tab()
    page.goto(site)
    settled(page)
    since = page.locator("#board-since")
    expect(since.locator(".change-line")).to_have_count(6)
    settled(page)
    since.get_by_role("link", name=re.compile("All changes")).click()
    expect(page.locator("#changes-which .verdict")).to_contain_text("(data to 2026-09-22)")
    window = page.locator("[data-change='window/XKDCT293-01-207']")
    expect(window).to_contain_text("207 Day 15, 13 days left → window complete, no DLT")
    settled(page)
    window.get_by_text("Changed rows that can be the reason").click()
    expect(window.get_by_role("link", name="Open these rows")).to_be_visible()
    page.locator("#table-changes-rows tr", has_text="Infusion").get_by_role("link", name="3", exact=True).click()
    panel = page.locator("#opened")
    expect(panel.get_by_role("heading")).to_have_text("Infusion · Added")
    expect(panel.locator("tbody tr")).to_have_count(3)
    expect(panel.locator("tbody")).to_contain_text("ex.xpt")
    settled(page)
    copied = open_tab()
    copied.goto(page.url)
    settled(copied)
    expect(copied.locator("#opened tbody tr")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    page.locator("#changes-which summary").click()
    page.locator("#changes-which .cut-list a").last.click()
    expect(page.locator("#changes-which .verdict")).to_contain_text("(data to 2026-06-09)")
    assert re.search(r"/changes\?since=[0-9a-f]{12}$", page.url)
    expect(page.locator("[data-change='window/XKDCT293-01-207']")).to_contain_text("not infused →")
    settled(page)
    page.go_back()
    expect(page.locator("#changes-which .verdict")).to_contain_text("(data to 2026-09-22)")
    settled(page)


def test_a_meeting_that_is_recorded_is_what_a_newer_cut_is_compared_with(copied_trial, serve, open_tab):
    page = open_tab()
    first = copied_trial.ids()[0]
    address = serve(copied_trial.root)
    page.goto(f"{address}/changes?cut={first[:12]}")
    page.get_by_role("link", name="Record a committee meeting").click()
    panel = page.locator("#opened")
    expect(panel).to_contain_text("No meeting is recorded")
    settled(page)
    panel.get_by_label("Who says it").fill("Dr Li")
    panel.get_by_label("Which meeting").fill("Meeting 3, 12 June")
    panel.get_by_role("button", name=f"The committee met on cut {first[:7]} (data to 2026-06-09)").click()
    expect(panel).to_contain_text("recorded by Dr Li (not authenticated)")
    settled(page)
    page.goto(f"{address}/changes")
    expect(page.locator("#changes-which .verdict")).to_contain_text("(data to 2026-06-09)")
    expect(page.locator("#changes-which")).to_contain_text("Meeting 3, 12 June")
    settled(page)
    page.goto(address)
    expect(page.locator("#board-since")).to_contain_text(f"Against cut {first[:7]}, data to 2026-06-09, on which")
    settled(page)


def test_every_screen_as_known_on_an_older_cut_and_back(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/adverse-events")
    settled(page)
    menu = page.locator("header .cuts")
    menu.locator("summary").click()
    expect(menu.locator("li")).to_have_count(3)
    expect(menu.locator("[aria-current=true]")).to_contain_text("2026-11-21")
    menu.get_by_role("link", name=re.compile("2026-06-09")).click()
    banner = page.get_by_text("You are looking at an older data cut, as known on 2026-06-09.")
    expect(banner).to_be_visible()
    expect(page.locator("main .stamp").first).to_contain_text("OLDER CUT, as known then")
    expect(menu.locator("ul")).to_be_hidden()
    settled(page)
    drawn = "getComputedStyle(document.querySelector('.notice.older'), '::after')"
    frame = page.evaluate(f"[{drawn}.borderTopWidth, {drawn}.position, {drawn}.width, {drawn}.height]")
    assert frame == ["5px", "fixed", *(f"{page.viewport_size[one]}px" for one in ("width", "height"))]
    assert re.search(r"/adverse-events\?cut=[0-9a-f]{12}$", page.url)
    page.locator("nav").get_by_role("link", name="Board").click()
    expect(page.locator("#board-rule .stamp")).to_contain_text("as of 2026-06-09")
    settled(page)
    copied = open_tab()
    copied.goto(page.url)
    settled(copied)
    expect(copied.get_by_text("You are looking at an older data cut")).to_be_visible()
    copied.get_by_role("link", name="Back to the current cut").click()
    expect(copied.locator("#board-rule .stamp")).to_contain_text("as of 2026-11-21")
    expect(copied.get_by_text("You are looking at an older data cut")).to_have_count(0)
    settled(copied)
    page.go_back()
    expect(page.locator("main .stamp").first).to_contain_text("OLDER CUT, as known then")
    settled(page)
    menu.locator("summary").click()
    menu.get_by_role("link", name=re.compile("2026-11-21")).click()
    expect(banner).to_have_count(0)
    expect(page.locator("main .stamp").first).not_to_contain_text("OLDER CUT")
    settled(page)
    assert page.url.endswith("/adverse-events")


def test_what_changed_prints_whole(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/changes")
    settled(page)
    page.emulate_media(media="print")
    expect(page.locator(".choose-cut")).to_be_hidden()
    expect(page.locator("#table-changes-rows")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
