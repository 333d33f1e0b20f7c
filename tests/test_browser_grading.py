"""Grading, in headless Chromium: the matrices, a cell that opens its patients, and a patient from there."""

import pytest
from playwright.sync_api import expect
from test_browser import settled

pytestmark = pytest.mark.browser


def test_a_cell_opens_its_patients_and_a_patient_his_page(site, open_tab):
    page = open_tab()
    page.goto(site)
    settled(page)
    page.locator("nav").get_by_role("link", name="Grading").click()
    crs = page.locator("#table-grades-crs")
    expect(crs.locator("caption")).to_have_text(
        "13 infused patients: 12 graded the same, 1 differ, 0 cannot be compared."
    )
    settled(page)
    expect(page.locator("#table-grades-icans tbody")).to_contain_text(
        "Grade 0–4consciousness not recorded; ICE not done"
    )
    expect(page.locator("#grading-discrepancies tbody tr")).to_have_count(3)
    expect(page.locator("#grading-edish .points path")).to_have_count(13)
    crs.get_by_title("CRS: derived Grade 1, reported No event").click()
    panel = page.locator("#opened")
    expect(panel.locator(".people .patient")).to_have_text(["102"])
    expect(panel).to_contain_text("grade 1 derived from Day 5, no event reported")
    settled(page)
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    settled(page)
    page.go_back()
    panel.locator(".people .patient").click()
    page.wait_for_url("**/patient/XKDCT293-01-102")
    settled(page)


def test_a_laboratory_term_is_chosen_and_its_count_opens_its_patients(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/grading")
    settled(page)
    terms = page.locator("#table-lab-terms")
    expect(terms.locator("[aria-current=true]")).to_have_text("Alanine aminotransferase increased")
    terms.get_by_role("link", name="INR increased").click()
    page.wait_for_url("**term=inr_increased**")
    expect(page.locator("#lab-matrix h3")).to_have_text("INR increased (CTCAE 5.0)")
    terms.get_by_title("Alanine aminotransferase increased: Derived higher").click()
    panel = page.locator("#opened")
    expect(panel.locator(".people .patient")).to_have_text(["302"])
    expect(panel).to_contain_text("ALT 232 U/L (Day 12)")
    settled(page)
    page.go_back()
    expect(panel).to_have_count(0)
    expect(page.locator("#lab-matrix h3")).to_have_text("INR increased (CTCAE 5.0)")
