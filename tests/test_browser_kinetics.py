"""The Kinetics screen in headless Chromium: what it says, the axes that stay, and the way to a patient and back."""

import re

import pytest
from playwright.sync_api import expect
from walking import settled

pytestmark = pytest.mark.browser

RANGE = "() => document.querySelector('#kinetics-curves .js-plotly-plot')._fullLayout.xaxis.range.map(Number)"
# As a reader drags a frame over the figure: the event that plotly sends then.
ZOOM = "range => Plotly.relayout(document.querySelector('#kinetics-curves .js-plotly-plot'), {'xaxis.range': range})"
# The place on the screen of the highest drawn point of a figure.
HIGHEST = """() => {
    const gd = document.querySelector('#kinetics-curves .js-plotly-plot'), box = gd.getBoundingClientRect();
    const {xaxis, yaxis, _size} = gd._fullLayout;
    let best = null;
    gd.data.filter(one => one.mode === 'markers').forEach(one => one.y.forEach((y, i) => {
        if (!best || y > best.y) { best = {x: one.x[i], y: y, href: one.customdata[i][0]}; }
    }));
    return {left: box.left + _size.l + xaxis.d2p(best.x), top: box.top + _size.t + yaxis.d2p(best.y), href: best.href};
}"""


def test_kinetics_say_how_far_the_cells_grew(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/kinetics")
    settled(page)
    expect(page.locator("#kinetics-summary")).to_contain_text("CAR copies: quantifiable in 11 of 13 infused patients")
    figure = page.locator("#kinetics-curves .infolayer").text_content()
    assert "Days since infusion (infusion = Day 0)" in figure and "LLOQ 50" in figure
    assert re.search(r"XKDCT293 · SIMULATED · cut [0-9a-f]{7}", figure)
    remark = page.locator("#table-kinetics tr.remarks", has_text="Never quantifiable")
    expect(remark).to_have_count(1)
    assert "BLQ" in page.locator("#table-kinetics tr[data-usubjid$='203']").inner_text()
    expect(page.locator("#table-kinetics-groups")).to_contain_text("n 6 · never quantifiable 1")
    expect(page.locator("#kinetics-others .infolayer")).to_contain_text("CAR+ T cells, cells/µL")


def test_the_table_sorts_by_a_number(site, open_tab):
    """Cmax of the model: 301 the highest, 9200, of those ever quantifiable 102 the lowest; 203 and 303 have none."""
    page = open_tab()
    page.goto(f"{site}/kinetics")
    settled(page)
    order = "() => [...document.querySelectorAll('#table-kinetics tbody tr[data-usubjid]')].map(one => one.dataset.usubjid.slice(-3))"  # noqa: E501
    as_it_came, head = page.evaluate(order), page.locator("#table-kinetics th[data-field=CMAX]")
    highest = head.get_by_role("button")
    highest.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    down = page.evaluate(order)
    assert down[0] == "301" and down[-3:] == ["102", "203", "303"]
    under = page.locator("#table-kinetics tr[data-usubjid$='203'] + tr")
    expect(under).to_contain_text("Never quantifiable")  # a remark goes with its row
    highest.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    up = page.evaluate(order)
    assert up[0] == "102" and up[-3:] == ["301", "203", "303"]  # nothing known is last either way
    highest.press("Enter")
    expect(head).to_have_attribute("aria-sort", "none")
    assert page.evaluate(order) == as_it_came


def test_the_axes_stay_over_a_filter_and_after_back(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/kinetics?period=all")  # a choice of another screen says nothing of these axes
    settled(page)
    page.evaluate(ZOOM, [5, 12.5])
    page.wait_for_url(re.compile("zoom="))
    page.get_by_role("link", name="3 × 10⁶ CAR+ T/kg", exact=True).click()
    expect(page.locator("#kinetics-summary")).to_contain_text("quantifiable in 6 of 7")
    settled(page)
    assert page.evaluate(RANGE) == [5, 12.5]
    address = page.url
    place = page.evaluate(HIGHEST)
    assert place["href"].startswith("/patient/XKDCT293-01-2")
    page.mouse.click(place["left"], place["top"])
    page.wait_for_url(re.compile("/patient/XKDCT293-01-2"))
    expect(page.locator(".patient-head h1")).to_have_text(re.compile("^20[1-7]$"))
    assert "zoom=" not in page.url
    settled(page)
    page.go_back()
    expect(page.locator("#kinetics-summary")).to_contain_text("quantifiable in 6 of 7")
    settled(page)
    assert page.url == address and page.evaluate(RANGE) == [5, 12.5]
    copied = open_tab()
    copied.goto(address)
    settled(copied)
    assert copied.evaluate(RANGE) == [5, 12.5]


def test_a_name_over_a_small_panel_opens_its_patient(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/kinetics?by=patient")
    settled(page)
    page.locator("#kinetics-curves .annotation a", has_text="204").click()
    expect(page.locator(".patient-head h1")).to_have_text("204")
    settled(page)


def test_kinetics_in_chinese_and_dark(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/kinetics?lang=zh&theme=dark")
    settled(page)
    expect(page.locator("#kinetics-summary")).to_contain_text("13 例已输注患者中 11 例可定量")
    expect(page.locator("#kinetics-curves .main-svg").first).to_have_css("background-color", "rgb(26, 32, 41)")


def open_below(page, name: str) -> None:
    page.locator(name).scroll_into_view_if_needed()
    settled(page)


def test_a_sample_is_excluded_and_comes_back(copied_trial, serve, open_tab):
    """In a store of its own: through the form, onto the figure, the stamp and the patient's screen, and back."""
    address = serve(copied_trial.root)
    page = open_tab()
    page.goto(f"{address}/kinetics?subject=XKDCT293-01-201")
    settled(page)
    row = page.locator("#kinetics-samples tr", has_text="DAY 10")
    row.get_by_role("link", name="Exclude").click()
    panel = page.locator("#opened")
    expect(panel).to_contain_text("PERIPHERAL BLOOD sample of Day 10")
    panel.get_by_role("button", name="Exclude this sample").click()
    expect(panel.locator(".alarm-line")).to_have_text("Say who says it.")
    panel.get_by_label("Who says it").fill("Dr Li")
    panel.get_by_label("Why").fill("tube swapped")
    panel.get_by_role("button", name="Exclude this sample").click()
    expect(panel.get_by_role("button", name="Take back No. 1")).to_be_visible()
    expect(panel).to_contain_text("excluded by Dr Li (not authenticated)")
    settled(page)
    figure = page.locator("#kinetics-curves .infolayer")
    expect(figure).to_contain_text("excluded")
    expect(figure).to_contain_text("without excluded samples: 201 Day 10")
    other = open_tab()
    other.goto(f"{address}/patient/XKDCT293-01-201")
    settled(other)
    expect(other.locator("#patient-stack .infolayer")).to_contain_text("without excluded samples: 201 Day 10")
    panel.get_by_label("Who says it").fill("Dr Wang")
    panel.get_by_label("Why").fill("the tube was right")
    panel.get_by_role("button", name="Take back No. 1").click()
    expect(panel).to_contain_text("No. 1 was taken back by Dr Wang")
    settled(page)
    expect(figure).not_to_contain_text("without excluded samples")


def test_what_lies_below_says_what_it_rests_on(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/kinetics?subject=XKDCT293-01-206&days=90")
    settled(page)
    expect(page.locator("#kinetics-curves .infolayer")).to_contain_text("206: AUC0–90d")
    open_below(page, "#kinetics-power")
    expect(page.locator("#kinetics-power")).to_contain_text("Not in it: 203 (exposure 0")
    expect(page.locator("#kinetics-power-cmax .infolayer")).to_contain_text("Exploratory, n = 11")
    open_below(page, "#kinetics-covariates-left-out")
    expect(page.locator("#kinetics-covariates .infolayer")).to_contain_text("Nectin-4 H-score")
    expect(page.locator("#kinetics-covariates-left-out")).to_contain_text("No p-values")
    expect(page.locator("#kinetics-covariates .infolayer")).to_contain_text("Upward: Cmax")
    page.locator("#kinetics-covariates-head").get_by_role("link", name="AUC0–28d").click()  # nothing above changes
    expect(page.locator("#kinetics-covariates .infolayer")).to_contain_text("Upward: AUC0–28d")


def test_what_lies_below_is_asked_for_when_the_window_is_drawn(site, open_tab):
    page, asked = open_tab(), []
    page.on("request", lambda one: asked.append(one.post_data or "") if "update-component" in one.url else None)
    page.goto(f"{site}/kinetics")
    settled(page)
    expect(page.locator("#kinetics-power")).to_contain_text("Not in it")
    below = [place for place, one in enumerate(asked) if '"below"' in one.partition('"inputs"')[2][:40]]
    frame = next(place for place, one in enumerate(asked) if "main.children" in one)
    assert len(below) == 2 and min(below) > frame


def test_nominal_time_and_copies_by_volume_are_choices(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/kinetics")
    settled(page)
    page.get_by_role("link", name="Nominal", exact=True).click()
    expect(page.locator("#kinetics-curves .infolayer")).to_contain_text("Nominal days since infusion")
    page.get_by_role("link", name="µL blood", exact=True).click()
    expect(page.locator("#kinetics-curves .infolayer")).to_contain_text("copies/µL")
    expect(page.locator("#kinetics-aside")).to_contain_text("Known in 3 of 13 patients")


def test_the_model_tells_how_far_it_is(site, open_tab):
    """It takes some twenty seconds; here it is enough that it begins, says so, and holds nothing up."""
    page = open_tab()
    page.goto(f"{site}/kinetics")
    settled(page)
    card = page.locator("#kinetics-model")
    expect(card).to_contain_text("Not fitted")
    card.get_by_role("link", name="Fit", exact=True).click()
    expect(card.locator("progress")).to_be_visible()
    expect(card).to_contain_text(re.compile(r"Fitting( …|: step \d of 4 is done)"))
    expect(page.locator("#kinetics-summary")).to_contain_text("quantifiable in 11 of 13")
    card.get_by_role("link", name="Not fitted").click()
    expect(card.locator("progress")).to_have_count(0)
