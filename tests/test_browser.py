"""Walks through the running program in headless Chromium: what a reader sees, clicks and gets back to.

Every walk ends with an empty console: no error, no failed request, no callback error (see `open_tab`).
"""

import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from data import importing, protocol
from data.receipt import Finding, Receipt
from data.store import Store, now

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # ms; a machine that is busy with other work is slow, not wrong

# Worked by hand from the scenario: planned, infused, evaluable, DLT, pending, replaced, unresolved, CI, state.
LADDER = [
    ["3", "3", "3", "0/3", "0", "0", "0", "0–71 %", "cleared"],
    ["6", "7", "6", "1/6", "0", "1", "0", "0–64 %", "cleared"],
    ["3", "3", "1", "0/1", "1", "0", "1", "0–98 %", "in progress"],
]


def cells(page: Page, table: str) -> list[list[str]]:
    rows = page.locator(f"#{table} tbody tr")
    return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows.all()]


# Nothing is held back, no callback is under way, every figure is drawn and every grid has its rows.
WHOLE = """() => {
    const has = (boxes, inside) => [...document.querySelectorAll(boxes)].every(
        one => !one.getClientRects().length || one.querySelector(inside));
    return !document.querySelector('.held-back, [data-dash-is-loading=true]')
        && has('main .dash-graph', '.js-plotly-plot .main-svg')
        && has('main .ag-root', '.ag-header-cell')
        && has('main .ag-root', '.ag-center-cols-container .ag-cell, .ag-overlay-no-rows-center');
}"""


def settled(page: Page) -> None:
    """Until the page has its data, figures and grids, and no callback is under way."""
    expect(page.locator("main .stamp").first).to_be_visible()
    page.wait_for_function(WHOLE)
    page.wait_for_load_state("networkidle")
    page.wait_for_function(WHOLE)


def test_the_board_answers_who_is_still_in_the_window(site, open_tab):
    page = open_tab()
    page.goto(site)
    settled(page)
    assert cells(page, "table-ladder") == LADDER
    expect(
        page.get_by_text("2 of 13 windows are not settled (302, 303); the last one, 303, ends on 2026-12-16.")
    ).to_be_visible()
    shown = page.locator("#board-runway .infolayer").text_content()
    for words in (
        "DLT candidates not adjudicated: 1: Alanine",
        "Day 3, 25 days left",
        "DLT on Day 9: Cytokine release syndrome G4",
    ):
        assert words in shown
    assert "received 60 % of the assigned dose, below 80 %: to be replaced" in shown
    assert re.search(
        r"XKDCT293 · SIMULATED · cut [0-9a-f]{7} · as of 2026-11-21 23:59 Asia/Shanghai · protocol [0-9a-f]{7}", shown
    )
    expect(page.locator(".chip.simulated")).to_have_text("simulated data")
    expect(page.get_by_text("not a medical device")).to_be_visible()


def test_language_theme_and_back_are_in_the_address(site, open_tab):
    page = open_tab()
    page.goto(site)
    settled(page)
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", name="剂量阶梯")).to_be_visible()
    expect(page.locator("#table-ladder")).to_contain_text("进行中")
    page.get_by_role("link", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    assert page.url.endswith("/?lang=zh&theme=dark")
    settled(page)
    expect(page.locator("#board-runway .main-svg").first).to_have_css("background-color", "rgb(26, 32, 41)")
    page.go_back()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")
    page.go_back()
    expect(page.get_by_role("heading", name="Dose ladder")).to_be_visible()
    settled(page)
    copied = open_tab()
    copied.goto(f"{site}/adverse-events?lang=zh&theme=dark&window=dlt&only=serious")
    settled(copied)
    expect(copied.locator(".option.chosen")).to_have_text(["已输注", "DLT 窗口，第 0–28 天", "严重", "术语"])


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
    expect(page.locator("#patient-measured .ag-row").first).to_contain_text("Diastolic Blood Pressure")
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


def test_what_is_mounted_later_shows_what_came_meanwhile(site, open_tab):
    """The tables below the window are mounted after their answer came, and after the reader's next choice too."""
    page = open_tab(viewport={"width": 1440, "height": 400})
    page.goto(f"{site}/patient/XKDCT293-01-201")
    settled(page)
    expect(page.locator("#patient-measured .summary")).to_contain_text("results, the newest first")
    # Nothing is mounted by itself: only what the reader scrolls to.
    page.add_init_script("window.requestIdleCallback = () => 0")
    page.goto(f"{site}/kinetics")
    expect(page.locator("main .stamp").first).to_be_visible()
    page.wait_for_timeout(1000)
    assert page.locator(".held-back").count() == 4  # the patients, the other series, dose, properties
    page.get_by_role("link", name="1 × 10⁷ CAR+ T/kg").click()
    expect(page.locator("#kinetics-curves .infolayer")).to_contain_text("filters: 1 × 10⁷ CAR+ T/kg")
    page.locator(".held-back").first.scroll_into_view_if_needed()
    expect(page.locator("main .ag-row").first).to_contain_text("301")
    assert page.locator("main .ag-center-cols-container .ag-row").count() == 3


def days_shown(page: Page, first: int) -> list[int]:
    """The whole days between which the stack stands, once it begins at `first`."""
    script = "document.querySelector('#patient-stack .js-plotly-plot').layout.xaxis.range.map(Math.round)"
    end = time.monotonic() + 15
    while page.evaluate(script)[0] != first and time.monotonic() < end:
        page.wait_for_timeout(100)
    return page.evaluate(script)


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


def test_the_data_screen_says_how_these_data_came_in(site, trial, open_tab):
    """The verdict, a receipt and back, an older cut and back, Chinese; the address is the state."""
    page = open_tab()
    page.goto(f"{site}/data")
    settled(page)
    first, second, current = trial.ids()
    expect(page.locator(".verdict")).to_contain_text(f"Cut {current[:7]}: data to 2026-11-21, published ")
    read, used, refused, kept = map(int, re.findall(r"\d+", page.locator(".verdict-account").inner_text().replace(",", ""))[:4])  # fmt: skip  # noqa: E501
    assert read == used + refused + kept > 5000
    page.locator(".receipt-link").first.click()
    panel = page.locator("#opened")
    expect(panel.get_by_text(f"Published as cut {current[:7]}.")).to_be_visible()
    expect(panel.locator("tr.sums")).to_contain_text(f"{read:,}")
    assert "open=receipt" in page.url
    settled(page)
    page.reload()
    expect(panel).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        panel.get_by_role("link", name="Receipt as JSON").click()
    assert Receipt.from_json(Path(download.value.path()).read_text(encoding="utf-8")).cut == current
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    page.locator(".cut-link", has_text=first[:7]).click()
    expect(page.locator(".verdict")).to_contain_text(f"Cut {first[:7]}: data to 2026-06-09")
    expect(page.locator("#notices .older")).to_be_visible()
    settled(page)
    page.go_back()
    expect(page.locator(".verdict")).to_contain_text(f"Cut {current[:7]}")
    page.get_by_role("link", name="中文").click()
    expect(page.locator(".verdict")).to_contain_text(f"截点 {current[:7]}：数据截至 2026-11-21")
    expect(page.locator("#table-data-coverage")).to_contain_text("患者")
    settled(page)
    assert second[:7] in page.locator("#table-data-cuts").inner_text()


# ---- live ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def growing(trial_files, tmp_path) -> Store:
    """A store with the first two cuts, to which the third may be added."""
    store = Store(tmp_path / "growing")
    for folder in trial_files[:2]:
        importing.load([folder], store, protocol.load(Path("xkdct293.toml")))
    return store


def test_a_newer_cut_is_announced_and_taken_only_when_asked(growing, trial_files, serve, open_tab):
    address = serve(growing.root, beside=True)
    page = open_tab()
    page.goto(f"{address}/adverse-events?only=serious")
    settled(page)
    before = growing.current()
    expect(page.locator("#newer")).to_be_hidden()
    importing.load([trial_files[2]], growing, protocol.load(Path("xkdct293.toml")))
    published = time.monotonic()
    expect(page.locator("#newer")).to_be_visible(timeout=5000)
    assert time.monotonic() - published < 5
    assert before[:7] in page.locator(".chip").first.inner_text()
    page.get_by_role("link", name="Organ classes").click()  # the reader works on: still the cut begun with
    expect(page.locator(".option.chosen").last).to_have_text("Organ classes")
    settled(page)
    assert before[:7] in page.locator("#ae-stamp").inner_text()
    page.get_by_role("button", name="Show it now").click()
    expect(page.locator("#ae-stamp")).to_contain_text(growing.current()[:7])
    expect(page.locator("#newer")).to_be_hidden()
    assert page.url.endswith("?only=serious&rows=soc")
    page.goto(f"{address}/?cut={before[:12]}")
    expect(page.get_by_text("older data cut, as known on 2026-09-22")).to_be_visible()
    expect(page.locator("#table-ladder")).to_contain_text("expanding")


def test_a_folder_dropped_while_the_screens_are_served_is_announced(growing, trial_files, tmp_path, serve, open_tab):
    drop = tmp_path / "drop"
    drop.mkdir()
    before = growing.current()
    page = open_tab()
    page.goto(f"{serve(growing.root, '--watch', str(drop))}/data")
    settled(page)
    shutil.copytree(trial_files[2], drop / "november")
    end = time.monotonic() + 40
    while growing.current() == before and time.monotonic() < end:
        time.sleep(0.1)
    published = time.monotonic()
    expect(page.locator("#newer")).to_be_visible(timeout=5000)
    assert growing.current() != before and time.monotonic() - published < 5
    page.get_by_role("button", name="Show it now").click()
    expect(page.locator(".verdict")).to_contain_text(f"Cut {growing.current()[:7]}")
    settled(page)
    _until_there(drop, "accepted/*-november/receipt.txt")


def test_a_folder_that_is_refused_is_said_without_a_reload(growing, trial_files, tmp_path, serve, open_tab):
    """Nobody stands at a watched folder: its refusals come to the screens by themselves."""
    drop = tmp_path / "drop"
    drop.mkdir()
    page = open_tab()
    page.goto(serve(growing.root, "--watch", str(drop)))
    settled(page)
    shutil.copytree(trial_files[2], tmp_path / "broken")
    (tmp_path / "broken" / "dm.xpt").unlink()
    (tmp_path / "broken").rename(drop / "broken")
    expect(page.locator("#refused summary")).to_contain_text("refused", timeout=40_000)
    _until_there(drop, "refused/*-broken/receipt.txt")


def _until_there(folder: Path, pattern: str) -> None:
    end = time.monotonic() + 10
    while not list(folder.glob(pattern)):
        assert time.monotonic() < end, f"nothing was put away as {pattern}"
        time.sleep(0.1)


def test_the_first_cut_shows_the_sentinel_breach_in_red(trial_files, tmp_path, serve, open_tab):
    store = Store(tmp_path / "first")
    importing.load([trial_files[0]], store, protocol.load(Path("xkdct293.toml")))
    address = serve(store.root)
    page = open_tab()
    page.goto(address)
    alarm = page.locator("main .notice.alarm")
    expect(alarm).to_have_text("Sentinel gap not kept at level 2: 202 was infused 9 days after 201, the minimum is 14.")
    settled(page)


def test_a_refused_import_stays_in_sight_on_every_screen(copied_trial, trial_files, tmp_path, serve, open_tab):
    broken = Path(shutil.copytree(trial_files[2], tmp_path / "broken"))
    whole = (broken / "lb.xpt").read_bytes()
    (broken / "lb.xpt").write_bytes(whole[: len(whole) // 2])
    receipt = importing.load([broken], copied_trial, protocol.load(Path("xkdct293.toml")))
    assert receipt.outcome == "refused"
    address = serve(copied_trial.root)
    page = open_tab()
    for path in ("/", "/adverse-events", "/patient/XKDCT293-01-201", "/data"):
        page.goto(address + path)
        expect(page.locator("#refused summary")).to_contain_text("refused, problems: 1; data shown end 2026-11-21")
        settled(page)
    page.locator("#refused summary").click()
    expect(page.locator("#refused")).to_contain_text("the file ends in the middle of row")
    expect(page.locator("#refused")).to_contain_text("XKDCT293-01-201: Cytokine release syndrome, grade 4, serious")
    page.goto(address)
    page.get_by_role("link", name="Open its receipt").click()
    expect(page.locator("#opened")).to_contain_text("the file ends in the middle of row")
    expect(page.locator("#opened .badge.outcome")).to_have_text("refused")
    settled(page)


def test_a_held_import_stays_in_sight_with_its_reason_and_opens(copied_trial, serve, open_tab):
    why = Finding("hold", "fewer subjects", "41 % fewer subjects than the current cut")
    held = replace(copied_trial.receipts()[0], outcome="held", at=now(), cut="", findings=(why,))
    copied_trial.keep(held)
    page = open_tab()
    page.goto(serve(copied_trial.root))
    expect(page.locator("#refused summary")).to_contain_text(
        "held: 41 % fewer subjects than the current cut. Accept it"
    )
    page.get_by_role("link", name="Open its receipt").click()
    expect(page.locator("#opened .badge.outcome")).to_have_text("held")
    settled(page)


def test_a_damaged_current_cut_leaves_the_last_good_one_with_a_red_notice(copied_trial, serve, open_tab):
    path = copied_trial.path(copied_trial.current())
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    address = serve(copied_trial.root)
    page = open_tab()
    page.goto(address)
    expect(page.locator("#notices .alarm")).to_contain_text("bytes no longer give its name")
    expect(page.locator(".chip").first).to_contain_text("2026-09-22")
    settled(page)


def test_an_empty_store_says_what_to_do(tmp_path, serve, open_tab):
    (tmp_path / "empty").mkdir()
    address = serve(tmp_path / "empty")
    page = open_tab()
    page.goto(address)
    expect(page.get_by_role("heading", name="No data yet")).to_be_visible()
    page.wait_for_load_state("networkidle")


def test_nonsense_in_the_address_is_named_and_left_out(site, open_tab):
    page = open_tab()
    page.goto(f"{site}/adverse-events?lang=xx&theme=<b>&rows=soc&evil=1")
    expect(page.locator("#notices")).to_contain_text("lang=xx; theme=<b>; evil=1")
    expect(page.locator(".option.chosen").last).to_have_text("Organ classes")
    settled(page)
    page.goto(f"{site}/?open=ladder/DL9/dlts")
    expect(page.locator("#opened")).to_contain_text("This view has no such count")
    settled(page)


@pytest.mark.parametrize("path", ["/", "/patients", "/adverse-events", "/data", "/patient/XKDCT293-01-302"])
def test_a_narrow_screen_does_not_scroll_sideways(site, open_tab, path):
    page = open_tab(viewport={"width": 1024, "height": 800})
    page.goto(site + path)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_print_leaves_out_what_is_only_for_the_screen(site, open_tab, tmp_path):
    page = open_tab()
    page.goto(site)
    settled(page)
    page.emulate_media(media="print")
    for hidden in ("nav", ".switches"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#table-ladder")).to_be_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


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
