"""Adverse events in headless Chromium: a count, its patients, one patient and back; on paper; as CSV."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from walking import settled

pytestmark = pytest.mark.browser


def test_a_count_leads_to_its_patients_to_one_patient_and_back(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/adverse-events")
    settled(page)
    page.get_by_role("link", name="DLT window, Day 0 to 28").click()
    expect(page.locator(".option.chosen").nth(1)).to_have_text("DLT window, Day 0 to 28")
    page.locator("#table-ae-overview").get_by_role("link", name="1/7").last.click()
    panel = page.locator("#opened")
    expect(panel.get_by_role("heading")).to_have_text("Any adverse event · Dose-limiting (DLT) · 3 × 10⁶ CAR+ T/kg")
    expect(panel.locator(".ag-row")).to_contain_text(["201Cytokine release syndrome492026-05-24"])
    expect(panel.locator(".stamp")).to_contain_text("filters: Infused; DLT window, Day 0 to 28")
    panel.locator(".people").get_by_role("link", name="201").click()
    expect(page.get_by_role("heading", name="201", exact=True)).to_be_visible()
    expect(page.get_by_text("DLT on Day 9: Cytokine release syndrome G4")).to_be_visible()
    settled(page)
    page.go_back()
    expect(panel.locator("[data-usubjid]")).to_have_count(1)
    expect(page.locator(".option.chosen").nth(1)).to_have_text("DLT window, Day 0 to 28")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert page.url.endswith("/adverse-events?window=dlt")


@pytest.mark.parametrize(("path", "nth", "least"), [("/", 1, 3 * 6 + 9), ("/adverse-events", 8, 30)])
def test_every_count_opens_exactly_its_patients(site, open_tab, path, nth, least):
    """Of adverse events every eighth count: all of them are the campaign's."""
    click_every_count(site + path, open_tab(), least, nth)


@pytest.mark.campaign
def test_every_count_of_adverse_events_opens_exactly_its_patients(site, open_tab):
    click_every_count(f"{site}/adverse-events", open_tab(), 250)


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("window", "only"), [("lymphodepletion", "all"), ("dlt", "related"), ("all", "serious"), ("all", "aesi")]
)
def test_every_count_of_other_choices_opens_exactly_its_patients(site, open_tab, window, only):
    address = f"{site}/adverse-events?population=lymphodepleted&window={window}&only={only}&lang=zh"
    click_every_count(address, open_tab(), 20)


def click_every_count(address: str, page: Page, least: int, nth: int = 1) -> None:
    """Clicks each count on the screen, or each `nth`; the grid is scrolled, because it draws only the rows in sight."""
    page.goto(address)
    settled(page)
    seen: dict[str, dict] = {}
    for _ in range(60):  # a grid of 60 screens would be one that never ends
        seen |= page.evaluate(CLICK_EACH, [list(seen), nth])
        if not page.evaluate(SCROLL_ON):
            break
        page.wait_for_timeout(150)
    seen = {href: found for href, found in seen.items() if found}
    assert len(seen) >= least, f"only {len(seen)} counts were found"
    for href, found in seen.items():
        assert len(set(found["people"])) == len(found["people"]) == found["count"], (href, found)
    assert sum(found["count"] for found in seen.values()) > 0


# Clicks every nth count that is not among `seen` and reads the patients of the panel that it opens; null of the others.
CLICK_EACH = """async ([seen, nth]) => {
    const found = {};
    const fresh = () => [...document.querySelectorAll('main a[data-count]')]
        .find(a => !seen.includes(a.getAttribute('href')) && !(a.getAttribute('href') in found));
    for (let link = fresh(); link; link = fresh()) {
        const href = link.getAttribute('href');
        if ((seen.length + Object.keys(found).length) % nth) {
            found[href] = null;
            continue;
        }
        const wanted = new URL(link.href).searchParams.get('open');
        const count = Number(link.dataset.count), end = Date.now() + 10000;
        link.click();
        let panel = null;
        while (!panel && Date.now() < end) {
            await new Promise(done => setTimeout(done, 10));
            panel = [...document.querySelectorAll('#opened')].find(one => one.dataset.opened === wanted);
        }
        const people = panel ? [...panel.querySelectorAll('[data-usubjid]')].map(a => a.dataset.usubjid) : ['no panel'];
        found[href] = {count, people};
    }
    return found;
}"""

# Scrolls the grid on by some rows; false at its end, or where there is no grid.
SCROLL_ON = """() => {
    const rows = document.querySelector('#ae-grid .ag-body-viewport');
    if (!rows) return false;
    const before = rows.scrollTop;
    rows.scrollTop += 300;
    return rows.scrollTop > before;
}"""


def test_paper_holds_every_row_of_a_grid(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/adverse-events")
    settled(page)
    held = page.evaluate("dash_ag_grid.getApi('ae-grid').getDisplayedRowCount()")
    assert page.locator("#ae-grid .ag-pinned-left-cols-container .ag-row").count() < held  # on screen: those in sight
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    rows = page.locator(".on-paper tbody tr")
    assert rows.count() == held
    expect(rows.filter(has_text="Cytokine release syndrome")).to_have_text(
        ["Cytokine release syndrome2/3 (67 %)0/36/7 (86 %)1/7 (14 %)3/3 (100 %)0/311/13 (85 %)1/13 (8 %)"]
    )
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".on-paper")).to_have_count(0)


def test_tables_are_exported_as_they_are_shown(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/adverse-events?window=dlt")
    settled(page)
    with page.expect_download() as download:
        page.locator("#ae-stamp").get_by_role("link", name="CSV").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert "filters: Infused; DLT window, Day 0 to 28" in lines[0]
    assert lines[0].startswith('"# XKDCT293 · SIMULATED · cut') or lines[0].startswith("# XKDCT293 · SIMULATED · cut")
    row = next(
        line
        for line in lines
        if line.startswith("infused,dlt,Immune system disorders,Cytokine release syndrome,total,any,")
    )
    assert row.split(",")[6:8] == ["11", "13"]
