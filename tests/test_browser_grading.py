"""Grading, in headless Chromium: the matrices, a cell that opens its patients, and a patient from there."""

import pytest
from playwright.sync_api import expect
from walking import settled

pytestmark = pytest.mark.browser


def test_a_cell_opens_its_patients_and_a_patient_his_page(site, open_tab):
    page = open_tab()
    page.goto(site)
    settled(page)
    page.locator("nav").get_by_role("link", name="Grading").click()
    crs = page.locator("#table-grades-crs")
    expect(crs.locator("caption")).to_have_text(
        "13 infused patients: 12 graded the same, 1 differs, 0 cannot be compared."
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
    expect(panel).to_contain_text("ALT 262 U/L (Day 14)")
    settled(page)
    page.go_back()
    expect(panel).to_have_count(0)
    expect(page.locator("#lab-matrix h3")).to_have_text("INR increased (CTCAE 5.0)")


def test_alerts_are_open_unless_all_are_asked_for(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/grading")
    alerts = page.locator("#alerts")
    expect(alerts.locator("tbody tr")).to_have_count(5)
    expect(alerts).to_contain_text("5 open in 2 patients")
    settled(page)
    alerts.locator("summary").first.click()
    expect(alerts.locator("details[open] .lines")).to_contain_text("vs.xpt:")
    alerts.get_by_role("link", name="open and over").click()
    page.wait_for_url("**/grading?alerts=all")
    expect(alerts.locator("tbody tr", has_text="no longer on Day")).not_to_have_count(0)
    settled(page)
    page.go_back()
    expect(alerts.locator("tbody tr")).to_have_count(5)
    settled(page)


def test_a_step_of_the_ladder_and_its_patient(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/grading")
    row = page.locator("#icaht tbody tr", has_text="302")
    expect(row).to_contain_text("so far, followed to Day 17")
    expect(row.locator(".step.possible").last).to_have_text("4")
    settled(page)
    row.get_by_role("link", name="302").click()
    page.wait_for_url("**/patient/XKDCT293-01-302")
    settled(page)


def test_a_flag_is_acknowledged_with_a_reason_and_taken_back(copied_trial, serve, open_tab):
    page = open_tab()
    page.goto(f"{serve(copied_trial.root)}/grading")
    row = page.locator("#iec-hs tr", has_text="low fibrinogen")
    expect(row).to_contain_text("not yet")
    settled(page)
    row.get_by_role("link", name="Open").click()
    panel = page.locator("#opened")
    expect(panel).to_contain_text("Nobody has acknowledged it.")
    settled(page)
    panel.get_by_role("button", name="Acknowledge this flag").click()
    expect(panel.get_by_role("alert")).to_have_text("Say who says it.")
    panel.get_by_label("Who says it").fill("Dr Li")
    panel.get_by_label("Why").fill("CRS grade 4 explains it")
    panel.get_by_role("button", name="Acknowledge this flag").click()
    expect(panel).to_contain_text("No. 1: acknowledged by Dr Li (not authenticated)")
    expect(row).to_contain_text("by Dr Li: CRS grade 4 explains it")
    settled(page)
    panel.get_by_label("Who says it").fill("Dr Wang")
    panel.get_by_label("Why").fill("ferritin rises again")
    panel.get_by_role("button", name="Take back No. 1").click()
    expect(panel).to_contain_text("No. 1 was taken back by Dr Wang")
    expect(row).to_contain_text("not yet")
    settled(page)
