"""The patient's stack under the reader's hand, in headless Chromium: what the column says there is what the data say.

The simulated patient 302: ALT 216 U/L on Day 17, taken at 06:50 with an upper limit of 40; CRS 1 on Days 2 to 4.
"""

import re
import time

import pytest
from playwright.sync_api import Page, expect
from walking import settled

pytestmark = pytest.mark.browser

PATIENT = "/patient/XKDCT293-01-302"
# Client coordinates of a day of the axis, in the middle of the panel of temperature.
POINT = """day => {
    const plot = document.querySelector('#patient-stack .js-plotly-plot'), layout = plot._fullLayout;
    const box = plot.getBoundingClientRect(), axis = layout.xaxis;
    const panel = layout['yaxis' + plot.data.find(one => one.name === 'Temperature').yaxis.slice(1)];
    const across = (day - axis.range[0]) / (axis.range[1] - axis.range[0]);
    return [box.left + axis._offset + across * axis._length, box.top + panel._offset + panel._length / 2];
}"""


def opened(open_tab, address: str, **how) -> Page:
    page = open_tab(**how)
    page.goto(address)
    settled(page)
    return page


def to_day(page: Page, day: float) -> None:
    page.mouse.move(*page.evaluate(POINT, day))


def row(page: Page, name: str):
    return page.locator(f'.read [data-row="{name}"]')


def shown_days(page: Page) -> list[float]:
    return page.evaluate("document.querySelector('#patient-stack .js-plotly-plot')._fullLayout.xaxis.range")


def test_the_column_says_each_sample_at_the_cross_hair(site, open_tab):
    page = opened(open_tab, site + PATIENT)
    expect(page.locator(".read-at")).to_have_text("At the last data")
    alt, line = row(page, "ALT"), page.locator(".cross-hair")
    expect(alt.locator(".read-value")).to_have_text("216 U/L")
    expect(line).to_be_hidden()
    places = page.eval_on_selector_all(".reading li", "all => all.map(one => one.getBoundingClientRect().top)")
    to_day(page, 12.0)  # Day 12, 232 U/L: more than 5 x 40
    expect(page.locator(".read-at")).to_have_text("At Day 12.0")
    expect(line).to_be_visible()
    expect(alt.locator(".read-value")).to_have_text("232 U/L")
    expect(alt.locator(".read-grade")).to_have_text("grade 3 (CTCAE 5.0)")
    expect(alt.locator(".read-under")).to_contain_text(re.compile(r"7–40 · 5\.8 × ULN · Day 12, .* · lb\.xpt \d+"))
    to_day(page, 16.2)  # no sample on Day 16: the nearest is that of Day 17, 06:50, 15 h away
    expect(alt.locator(".read-under")).to_contain_text("Day 17")
    expect(alt).to_have_class(re.compile("far"))
    to_day(page, 3.0)
    expect(row(page, "CRS reported").locator(".read-value")).to_have_text("grade 1")
    expect(alt).not_to_have_class(re.compile("far"))
    examined = page.locator('.read [data-row="Skin"] .read-value')
    expect(examined).to_have_text("last examined Day -7")  # that of Day 7 is not known yet
    to_day(page, 20.0)
    expect(row(page, "CRS reported").locator(".read-value")).to_have_text("after the data cut-off")
    assert places == page.eval_on_selector_all(".reading li", "all => all.map(one => one.getBoundingClientRect().top)")
    page.mouse.move(5, 5)
    expect(page.locator(".read-at")).to_have_text("At the last data")
    expect(alt.locator(".read-value")).to_have_text("216 U/L")
    expect(line).to_be_hidden()


def test_a_click_holds_the_cross_hair_until_it_is_freed(site, open_tab):
    page = opened(open_tab, site + PATIENT)
    alt = row(page, "ALT").locator(".read-value")
    to_day(page, 12.0)
    page.mouse.click(*page.evaluate(POINT, 12.0))
    to_day(page, 3.0)
    expect(page.locator(".read-how")).to_contain_text("held")
    expect(alt).to_have_text("232 U/L")
    page.keyboard.press("Escape")
    expect(page.locator(".read-at")).to_have_text("At the last data")
    page.mouse.click(*page.evaluate(POINT, 12.0))
    expect(alt).to_have_text("232 U/L")
    to_day(page, 3.0)
    page.mouse.click(*page.evaluate(POINT, 3.0))
    expect(page.locator(".read-how")).to_contain_text("follows the cursor")
    expect(alt).not_to_have_text("232 U/L")


def test_a_finger_holds_the_cross_hair_where_it_taps(site, open_tab):
    """On a telephone few panels are drawn, the others are named; the page does not scroll sideways for the stack."""
    page = opened(open_tab, site + PATIENT, viewport={"width": 390, "height": 800}, has_touch=True)
    assert "folded=few" in page.url
    expect(page.locator(".folded-panels")).to_contain_text("Liver")
    expect(row(page, "ALT")).to_have_count(0)
    page.locator(".stack-figure").evaluate("one => { one.scrollIntoView({block: 'center'}); one.scrollLeft = 200; }")
    page.touchscreen.tap(*page.evaluate(POINT, 3.0))
    expect(page.locator(".read-at")).to_have_text(re.compile(r"At Day (2\.9|3\.0|3\.1)"))
    expect(row(page, "CRS reported").locator(".read-value")).to_have_text("grade 1")


def test_the_bar_under_the_pointer_tells_its_days_and_source(site, open_tab):
    page = opened(open_tab, site + PATIENT)
    first_lane = """() => {
        const plot = document.querySelector('#patient-stack .js-plotly-plot');
        const isCrs = told => told[1] === 'Cytokine release syndrome';
        const trace = plot.data.find(one => (one.customdata || []).some(isCrs));
        const lanes = plot._fullLayout['yaxis' + trace.yaxis.slice(1)], [low, high] = lanes.range;
        return plot.getBoundingClientRect().top + lanes._offset + lanes._length * high / (high - low);
    }"""
    x, _ = page.evaluate(POINT, 3.0)
    page.mouse.move(x, page.evaluate(first_lane))
    told = page.locator(".read-bar")
    expect(told).to_contain_text("Cytokine release syndrome")
    expect(told).to_contain_text(re.compile(r"grade 1 \(ASTCT 2019\)[\s\S]*Day 2, .* – .*[\s\S]*ae\.xpt \d+"))


def test_three_ranges_by_key_and_what_is_typed_stays_typed(site, open_tab):
    page = opened(open_tab, site + PATIENT)
    for key, period, days in (("1", "hours", (-0.1, 3.06)), ("2", "", (-7.5, 28.6)), ("3", "all", None)):
        page.keyboard.press(key)
        page.wait_for_url(lambda url, period=period: (f"period={period}" in url) if period else "period" not in url)
        settled(page)
        low, high = shown_days(page)
        assert (low, high) == days if days else low < -47 and high > 17
        expect(row(page, "ALT").locator(".read-value")).to_have_text("216 U/L")
    page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    page.locator("main > input").focus()
    page.keyboard.press("1")
    assert page.locator("main > input").input_value() == "1" and "period=all" in page.url


def test_keys_lead_from_patient_to_patient_and_keep_range_and_panels(site, open_tab):
    page = opened(open_tab, f"{site}{PATIENT}?period=hours&folded=liver")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="303", exact=True)).to_be_visible()
    assert page.url.endswith("/patient/XKDCT293-01-303?period=hours&folded=liver")
    settled(page)
    expect(row(page, "CRS reported").locator(".read-value")).to_have_text("grade 2")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", name="302", exact=True)).to_be_visible()
    settled(page)
    page.keyboard.press("?")
    expect(page.locator(".keys li").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".keys li").first).to_be_hidden()


def test_panels_fold_by_their_name_and_by_the_menu_and_back(site, open_tab):
    page = opened(open_tab, site + PATIENT)
    page.evaluate("Plotly.relayout(document.querySelector('#patient-stack .js-plotly-plot'), {'xaxis.range': [2, 12]})")
    page.wait_for_url(re.compile("zoom="))
    page.locator("#patient-stack a", has_text="Liver").click()
    page.wait_for_url(re.compile("folded=liver"))
    settled(page)
    assert "zoom=" in page.url and [round(one) for one in shown_days(page)] == [2, 12]
    expect(page.locator(".folded-panels")).to_contain_text("Liver")
    expect(row(page, "ALT")).to_have_count(0)
    page.keyboard.press("p")
    page.locator(".tick", has_text="Platelets").click()
    expect(page.locator(".tick", has_text="Platelets")).to_have_attribute(
        "aria-checked", "false"
    )  # the menu stays open
    expect(page.locator(".tick", has_text="Platelets")).to_be_visible()
    page.wait_for_url(re.compile("folded=liver(~|%7E)plat"))
    settled(page)
    page.go_back()
    settled(page)
    expect(row(page, "Platelets")).to_have_count(1)
    page.go_back()
    settled(page)
    expect(row(page, "ALT")).to_have_count(1)
    page.go_forward()
    settled(page)
    page.get_by_role("link", name="unfold all").click()
    settled(page)
    expect(row(page, "ALT").locator(".read-value")).to_have_text("216 U/L")
    assert [round(one) for one in shown_days(page)] == [2, 12]


def test_the_patient_stack_through_its_periods_its_zoom_and_its_neighbours(site, open_tab):
    """What is drawn, the three choices of time, a zoom in the address, the tables, the next patient and back."""
    page = open_tab()
    page.goto(f"{site}/patient/XKDCT293-01-201")
    settled(page)
    figure = page.locator("#patient-stack")
    expect(figure.locator(".infolayer")).to_contain_text("Days since infusion (infusion = Day 0)")
    words = figure.locator(".infolayer").text_content()
    for panel in (
        "CRS and ICANS, reported and derived",
        "Temperature, °C",
        "CAR copies, copies/µg",
        "Liver, × upper limit",
    ):
        assert panel in words
    assert "last: Day 182, 2026-11-" in words and "IL-6 rises after tocilizumab" in words
    digits = figure.locator(".barlayer .bartext").all_text_contents()
    assert digits[:6].count("4") == 1 and {"1", "2", "3"} <= set(digits)
    expect(page.locator("#patient-latest")).to_contain_text("CRS peak")
    expect(page.locator("#patient-latest")).to_contain_text("grade 4 from Day 9")
    page.get_by_role("link", name="Hours 0 to 72").click()
    expect(figure.locator(".infolayer")).to_contain_text("Hours since infusion")
    assert page.url.endswith("?period=hours")
    page.get_by_role("link", name="All periods").click()
    expect(figure.locator(".infolayer")).to_contain_text("Days since infusion")
    expect(page.locator("#patient-stack-notes")).to_contain_text("Screening Day -47 to")
    settled(page)
    # The reader looks at Days 2 to 12: the address holds it, another table does not move it, and Back brings it back.
    page.evaluate("Plotly.relayout(document.querySelector('#patient-stack .js-plotly-plot'), {'xaxis.range': [2, 12]})")
    expect(page).to_have_url(re.compile(r"zoom=patient-stack\.xaxis_2_12"))
    page.get_by_role("link", name="Vital signs").click()
    expect(page.locator("#patient-measured .summary")).to_contain_text("results, the newest first")
    expect(page.locator("#patient-measured tbody tr").first).to_contain_text("Diastolic Blood Pressure")
    settled(page)
    assert days_shown(page, 2) == [2, 12]
    page.get_by_role("link", name="202 →").click()
    expect(page.get_by_role("heading", name="202", exact=True)).to_be_visible()
    assert "period=all" in page.url and "zoom" not in page.url
    settled(page)
    page.go_back()
    expect(page.get_by_role("heading", name="201", exact=True)).to_be_visible()
    settled(page)
    assert days_shown(page, 2) == [2, 12] and "period=all" in page.url
    page.get_by_role("link", name="Day -7 to 28").click()  # another choice of time is its own range
    assert days_shown(page, -7) == [-7, 29] and "zoom" not in page.url
    settled(page)
    page.goto(f"{site}/patient/XKDCT293-01-306?lang=zh")
    expect(page.get_by_text("未输注：没有第 0 天")).to_be_visible()
    expect(page.locator("#patient-stack")).to_be_hidden()
    settled(page)


def days_shown(page: Page, first: int) -> list[int]:
    """The whole days between which the stack stands, once it begins at `first`."""
    script = "document.querySelector('#patient-stack .js-plotly-plot').layout.xaxis.range.map(Math.round)"
    end = time.monotonic() + 15
    while page.evaluate(script)[0] != first and time.monotonic() < end:
        page.wait_for_timeout(100)
    return page.evaluate(script)
