"""The head, the tables and the draft narrative of a patient in headless Chromium."""

import re

import pytest
from playwright.sync_api import expect
from walking import settled

pytestmark = pytest.mark.browser

PATIENT = "patient/XKDCT293-01-302"
MOVE = """async () => {
    const figure = document.querySelector('#patient-stack .js-plotly-plot') || document.querySelector('#patient-stack');
    await Plotly.relayout(figure, {'xaxis.range[0]': 11.6, 'xaxis.range[1]': 17.5});
}"""


def test_the_patient_page_shows_dates_events_and_visits(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/patient/XKDCT293-01-303")
    settled(page)
    head = page.locator(".patient-head")
    for words in ("303", "1 × 10⁷ CAR+ T/kg", "Day 3", "Day 3, 25 days left"):
        expect(head).to_contain_text(words)
    expect(page.locator("#patient-events .summary")).to_have_text(  # six rows, the uncoded one graded too
        "6 event rows; highest grade 4, grade not recorded in 0."
    )
    row = page.locator("#patient-events tr", has_text="Cytokine release syndrome")
    expect(row.locator("td").nth(2)).to_have_text("2 (ASTCT 2019)")
    expect(row.locator("td").nth(3)).to_have_text("2")
    expect(row.locator("td").nth(5)).to_have_text("no end recorded")
    expect(page.locator("#patient-events tr", has_text="FELT WARM")).to_contain_text("uncoded")
    expect(page.locator("#patient-visits tbody tr").last).to_contain_text("DAY 3")
    page.get_by_role("link", name="← 302").click()
    expect(page.get_by_role("heading", name="302", exact=True)).to_be_visible()
    settled(page)
    page.goto(f"{site}/patient/NOBODY")
    expect(page.get_by_role("heading", name="No patient NOBODY in cut")).to_be_visible()


def test_the_tables_follow_the_axis_and_the_figure_is_not_drawn_anew(site, open_tab):
    """302 had three events that were over before Day 11, and laboratory days 12, 13, 14, 15 and 17 after it."""
    page, asked = open_tab(), []
    page.goto(f"{site}/{PATIENT}")
    settled(page)
    page.on("request", lambda sent: asked.append(sent.post_data or "") if "_dash-update" in sent.url else None)
    page.evaluate(MOVE)
    events = page.locator("#patient-events")
    expect(events).to_contain_text("Rows of Day 11.6 to 17.5; rows outside: 3, show all")
    expect(page.locator("#patient-measured")).to_contain_text("Rows of Day 11.6 to 17.5")
    assert any("patient-events" in one for one in asked)
    assert not any("patient-stack.figure" in one for one in asked)
    link = page.locator("#patient-events a", has_text="CSV").get_attribute("href")
    assert "zoom=patient-stack.xaxis_11.6_17.5" in link
    settled(page)
    events.get_by_role("link", name="show all").click()
    expect(events).to_contain_text("All rows, whatever days are in sight.")
    expect(page).to_have_url(re.compile("outside=shown.*zoom=|zoom=.*outside=shown"))
    settled(page)
    page.go_back()
    expect(events).to_contain_text("rows outside: 3")
    settled(page)


def test_a_draft_is_copied_with_its_references_and_stands(site, open_tab):
    page = open_tab(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{site}/{PATIENT}")
    settled(page)
    page.get_by_role("link", name="Write a draft from the records").click()
    expect(page.locator("#patient-narrative")).to_contain_text("Subject 302 is a woman aged 57.")
    page.get_by_role("button", name="Copy with references").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("DRAFT safety narrative, subject 302") and "[cm.xpt " in text
    page.get_by_text("Check a copied draft").click()
    page.get_by_label("Paste the draft, or its last line").fill(text)
    page.get_by_role("button", name="Compare with this cut").click()
    expect(page.locator("#patient-narrative-checked")).to_contain_text("It stands: all ")
    page.get_by_role("link", name="Link that checks it in later cuts").click()
    expect(page.locator("#patient-narrative")).to_contain_text("It stands: all ")
    expect(page).to_have_url(re.compile("narrative=[0-9a-f]{12}"))
    settled(page)


@pytest.mark.parametrize("width", [390, 1024])
def test_the_head_does_not_scroll_sideways(site, open_tab, width):
    page = open_tab(viewport={"width": width, "height": 844})
    page.goto(f"{site}/{PATIENT}")
    settled(page)
    head = page.locator("#patient-head")
    assert head.evaluate("one => one.scrollWidth <= one.clientWidth")
    expect(head).to_contain_text("Due next")


def test_a_long_table_is_whole_on_paper_however_little_the_browser_rested(site, open_tab):
    """Laboratory rows of 302, Day -7 to 28, as the sentence above the table counts them: far more than are drawn at
    once."""
    page = open_tab(viewport={"width": 1440, "height": 6000})  # the table is in sight from the beginning
    page.add_init_script("window.requestIdleCallback = () => 0")
    page.goto(f"{site}/{PATIENT}")
    rows = page.locator("#patient-measured tbody tr")
    expect(rows).to_have_count(30)
    counted = int(re.match(r"\d+", page.locator("#patient-measured .summary").inner_text()).group())
    assert counted > 100
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert rows.count() == counted
