"""The sheets of all patients as one PDF, through the server and the system's Chromium: a whole page a patient."""

import re

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader
from test_rounds_page import DAYS
from walking import settled

from dashboard.theme import PALETTES

pytestmark = pytest.mark.browser

A_WHILE = 240_000  # ms: on two busy cores thirteen sheets take a minute


def downloaded(page, folder) -> PdfReader:
    link = page.locator("#rounds-sheets a[download]")
    expect(link).to_be_visible(timeout=A_WHILE)
    with page.expect_download() as got:
        link.click()
    path = folder / got.value.suggested_filename
    got.value.save_as(path)
    return PdfReader(path)


def test_every_infused_patient_has_a_page_with_his_figure_on_it(site, open_tab, trial, tmp_path):
    page = open_tab()
    page.goto(f"{site}/patients")
    expect(page.locator("#rounds-list [role=status]")).to_contain_text("counts alerts")
    infused = [one for one in page.locator("#table-rounds th .name").all_inner_texts() if one in DAYS]
    page.get_by_role("link", name="All patients (PDF)").click()
    expect(page.locator("#rounds-sheets [role=status]").first).to_be_visible()
    pdf = downloaded(page, tmp_path)
    cut = trial.current()[:7]
    assert [one.name for one in tmp_path.iterdir()] == [f"sheets-XKDCT293-{cut}-en.pdf"]
    assert [one.title for one in pdf.outline] == infused and len(pdf.pages) == len(DAYS)
    for number, (who, sheet) in enumerate(zip(infused, pdf.pages, strict=True), start=1):
        said = sheet.extract_text()
        assert said.startswith(f"{who} ") and f"cut {cut}" in said and f"{number} / {len(infused)}" in said
        assert "Days since infusion" in said and "Adverse events, grade as reported" in said  # out of the figure
        wide, high = sheet.mediabox[2:]
        assert (wide, high) == pytest.approx((595, 842), abs=1.5)  # A4, 210 x 297 mm in points
    settled(page)
    page.get_by_role("link", name="Close").click()
    expect(page.locator("#rounds-sheets")).to_be_empty()
    assert "paper" not in page.url


def test_in_chinese_from_a_dark_screen_it_is_light_and_of_the_patients_that_are_listed(site, open_tab, trial, tmp_path):
    page = open_tab()
    page.goto(f"{site}/patients?paper=sheets&cohort=DL3&lang=zh&theme=dark")
    pdf = downloaded(page, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [f"sheets-XKDCT293-{trial.current()[:7]}-zh.pdf"]
    for who, sheet in zip(("302", "303", "301"), pdf.pages, strict=True):
        said = re.sub(r"\s", "", sheet.extract_text())
        assert said.startswith(who) and trial.current()[:7] in said and "输注后天数" in said
        light, dark = (PALETTES[one] for one in ("light", "dark"))
        assert {light.ink, "#FFFFFF"} <= _filled(sheet) and not {dark.ink, dark.paper} & _filled(sheet)
    settled(page)


def _filled(sheet) -> set[str]:
    """The colours that a page is filled with, as #RRGGBB."""
    colours = (operands for operands, operator in sheet.get_contents().operations if operator == b"rg")
    return {"#" + "".join(f"{round(255 * float(part)):02X}" for part in one) for one in colours}
