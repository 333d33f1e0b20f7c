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
    expect(panel.locator(".listing tbody tr")).to_contain_text(["201Cytokine release syndrome492026-05-24"])
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
    """Clicks each count on the screen, or each `nth`."""
    page.goto(address)
    settled(page)
    found = page.evaluate(CLICK_EACH, nth)
    assert len(found) >= least, f"only {len(found)} counts were found"
    for href, one in found.items():
        assert len(set(one["people"])) == len(one["people"]) == one["count"], (href, one)
    assert sum(one["count"] for one in found.values()) > 0


# Clicks every nth count and reads the patients of the panel that it opens: href -> what it counts, and who is shown.
CLICK_EACH = """async nth => {
    const found = {}, counts = () => [...document.querySelectorAll('main a[data-count]')];
    const all = [...new Set(counts().map(one => one.getAttribute('href')))];
    for (const href of all.filter((one, place) => place % nth === 0)) {
        const link = counts().find(one => one.getAttribute('href') === href);
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


def test_the_terms_are_counted_by_cohort(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/adverse-events")
    settled(page)
    row = page.locator("#table-ae-terms tbody tr").filter(has_text="Cytokine release syndrome")
    expect(row).to_have_text(
        ["Cytokine release syndrome2/3 (67 %)0/36/7 (86 %)1/7 (14 %)3/3 (100 %)0/311/13 (85 %)1/13 (8 %)"]
    )


@pytest.mark.parametrize("path", ["/adverse-events", "/kinetics", "/cytokines", "/patient/XKDCT293-01-302"])
def test_no_table_is_cut_off_on_paper(site, open_tab, path):
    """On the screen a long table scrolls in its box; paper does not."""
    page = open_tab()
    page.goto(f"{site}{path}")
    settled(page)
    page.emulate_media(media="print")
    boxes = "() => [...document.querySelectorAll('.listing')].map(one => one.scrollHeight - one.clientHeight)"
    assert page.evaluate(boxes) == [0] * page.locator(".listing").count() != []


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
