"""What every screen has in common, in headless Chromium: the address, the window's width, paper, what comes later.

Every walk ends with an empty console: no error, no failed request, no callback error (see `open_tab`).
"""

import pytest
from playwright.sync_api import expect
from walking import settled

pytestmark = pytest.mark.browser


def test_language_theme_and_back_are_in_the_address(site, open_tab):
    page = open_tab()
    page.goto(site)
    settled(page)
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", name="剂量阶梯")).to_be_visible()
    expect(page.locator("#table-ladder")).to_contain_text("进行中")
    page.get_by_role("link", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith("/?lang=zh&theme=dark")
    settled(page)
    expect(page.locator("#board-runway .main-svg").first).to_have_css("background-color", "rgb(26, 32, 41)")
    page.go_back()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.go_back()
    expect(page.get_by_role("heading", name="Dose ladder")).to_be_visible()
    settled(page)
    copied = open_tab()
    copied.goto(f"{site}/adverse-events?lang=zh&theme=dark&window=dlt&only=serious")
    settled(copied)
    expect(copied.locator(".option.chosen")).to_have_text(["已输注", "DLT 窗口，第 0–28 天", "严重", "术语"])


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
    assert page.locator(".held-back").count() == 3  # the other series, dose, properties
    page.get_by_role("link", name="1 × 10⁷ CAR+ T/kg").click()
    expect(page.locator("#kinetics-curves .infolayer")).to_contain_text("filters: 1 × 10⁷ CAR+ T/kg")
    page.locator(".held-back").first.scroll_into_view_if_needed()
    expect(page.locator("#kinetics-others .infolayer")).to_contain_text("filters: 1 × 10⁷ CAR+ T/kg")


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


def test_plotly_reads_its_attributes_with_the_browsers_own_functions(site, open_tab):
    """A polyfill in their place takes as long as drawing does; what the page needs of it is there."""
    page = open_tab()
    page.goto(f"{site}/kinetics")
    settled(page)
    own = "[String.prototype.trim, parseInt, parseFloat, Array.prototype.map, Promise].map(String)"
    assert all("[native code]" in one for one in page.evaluate(own))
    assert page.evaluate("typeof regeneratorRuntime.mark") == "function"


def test_measuring_a_text_asks_nothing_of_the_whole_page(site, open_tab):
    """On the screen no rule may depend on what the body has: each text that plotly measures would ask it again."""
    page = open_tab()
    page.goto(site)
    settled(page)
    rules = """() => [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]).filter(rule => rule.selectorText)
        .map(rule => rule.selectorText).filter(one => /(^|[\\s,>])(body|html|main|:root):has/.test(one))"""
    assert page.evaluate(rules) == []


def test_the_fonts_are_asked_for_before_what_draws_with_them(site, open_tab):
    """A figure that is drawn without them has its words where those of another font would stand, and keeps them."""
    page, asked = open_tab(), []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(f"{site}/kinetics")
    settled(page)
    first_script = next(place for place, url in enumerate(asked) if ".js" in url)
    early = {url.rpartition("/")[2] for url in asked[:first_script] if url.endswith(".woff2")}
    assert early == {f"{one}.woff2" for one in ("NotoSans", "NotoSans-SemiBold", "NotoSansMath", "NotoSansSymbols2")}
    drawn = "document.fonts.check('600 13px \"Noto Sans\"', 'a≥▾') && document.fonts.check('13px \"Noto Sans\"', 'a≥▾')"
    assert page.evaluate(drawn)
