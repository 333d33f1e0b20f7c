"""A patient on paper, in headless Chromium: one sheet, letters of a readable size, and whose data they are."""

import re

import pytest
from walking import settled

pytestmark = pytest.mark.browser

POINT = 96 / 72  # px
# The smallest letters of the sheet that are seen, in px as they are set.
SMALLEST = """() => {
    const seen = [...document.querySelectorAll('.sheet *')].filter(one => one.getClientRects().length
        && [...one.childNodes].some(part => part.nodeType === Node.TEXT_NODE && part.data.trim()));
    return Math.min(...seen.map(one => parseFloat(getComputedStyle(one).fontSize)));
}"""
ZOOM = "parseFloat(getComputedStyle(document.querySelector('.sheet-page')).zoom)"
BEYOND = """() => {
    const sheet = document.querySelector('.sheet').getBoundingClientRect();
    const drawn = '.sheet :is(.infolayer, .xaxislayer-above, .yaxislayer-above) text';  // bars end at the axes
    return [...document.querySelectorAll(`${drawn}, .sheet :is(li, td, .stamp)`)]
        .map(one => [one.textContent, one.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.left < sheet.left - 1 || box.right > sheet.right + 1))
        .map(one => one[0]);
}"""


@pytest.fixture(params=[("201", ""), ("302", "&lang=zh&theme=dark")], ids=["201-en", "302-zh-dark"])
def sheet(request, site, open_tab):
    who, look = request.param
    page = open_tab()
    page.goto(f"{site}/patient/XKDCT293-01-{who}?paper=sheet{look}")
    settled(page)
    return page


def test_it_is_one_upright_sheet_that_nothing_leaves(sheet):
    pdf = sheet.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    wide, high = map(float, re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert (wide, high) == pytest.approx((595, 842), abs=1.5)  # A4, 210 x 297 mm in points
    sheet.emulate_media(media="print")
    assert sheet.evaluate(BEYOND) == []


def test_its_letters_are_six_points_at_least_and_black_on_white(sheet):
    sheet.emulate_media(media="print")
    assert sheet.evaluate(SMALLEST) * sheet.evaluate(ZOOM) / POINT >= 6
    paper = "getComputedStyle(document.querySelector('.sheet .main-svg')).backgroundColor"
    assert sheet.evaluate(paper) == "rgb(255, 255, 255)"
    assert sheet.evaluate("getComputedStyle(document.querySelector('.sheet h1')).color") == "rgb(27, 36, 48)"


def test_the_names_of_its_panels_begin_on_one_line(sheet):
    """Words that are measured with another font than they are drawn with stand some px beside their place."""
    left = """() => [...document.querySelectorAll('.sheet .annotation-text-g .annotation-text')]
        .filter(one => one.querySelector('[style*=bold]')).map(one => Math.round(one.getBoundingClientRect().left))"""
    found = sheet.evaluate(left)
    assert len(found) >= 10 and max(found) - min(found) <= 1


def test_it_says_whose_data_these_are(sheet, trial):
    assert trial.current()[:7] in sheet.locator(".sheet .stamp").inner_text()
    assert sheet.locator("nav").is_hidden()


def test_a_link_leads_to_it_and_back(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/patient/XKDCT293-01-302?period=all")
    settled(page)
    page.get_by_role("link", name="Sheet for printing").click()
    page.wait_for_url(re.compile("paper=sheet"))
    settled(page)
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed")
    page.get_by_role("link", name="Back").click()
    settled(page)
    assert "paper" not in page.url and "period=all" in page.url
    assert page.locator("nav").is_visible()


def test_the_page_of_a_dark_screen_is_light_on_paper_and_its_figure_keeps_its_ground(site, open_tab):
    """Bright lines on a ground that is not printed could not be read."""
    page = open_tab()
    page.goto(f"{site}/patient/XKDCT293-01-302?theme=dark")
    settled(page)
    style = "getComputedStyle(document.querySelector('{}')).{}".format
    assert page.evaluate(style("h1", "color")) == "rgb(232, 236, 242)"
    page.emulate_media(media="print")
    assert page.evaluate(style("h1", "color")) == "rgb(27, 36, 48)"
    assert page.evaluate(style("body", "backgroundColor")) == "rgb(255, 255, 255)"
    assert page.evaluate(style("#patient-stack .main-svg", "printColorAdjust")) == "exact"
    page.emulate_media(media="screen")
