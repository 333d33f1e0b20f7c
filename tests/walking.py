"""How tests walk a screen in headless Chromium: when it is whole, and what its tables say."""

from playwright.sync_api import Page, expect

expect.set_options(timeout=20_000)  # ms; a machine that is busy with other work is slow, not wrong


def cells(page: Page, table: str) -> list[list[str]]:
    rows = page.locator(f"#{table} tbody tr")
    return [[cell.strip() for cell in row.locator("td").all_inner_texts()] for row in rows.all()]


# Nothing is held back, no callback is under way, and every figure is drawn as it was answered.
WHOLE = """() => {
    const graphs = [...document.querySelectorAll('main .dash-graph')].filter(one => one.getClientRects().length);
    const drawn = one => one.querySelector('.main-svg')
        && one.querySelector('.js-plotly-plot').layout.meta !== 'awaited';
    return !document.querySelector('.held-back, [data-dash-is-loading=true]') && graphs.every(drawn);
}"""


def settled(page: Page) -> None:
    """Until the page has its data and figures, and no callback is under way."""
    expect(page.locator("main .stamp").first).to_be_visible()
    page.wait_for_function(WHOLE)
    page.wait_for_load_state("networkidle")
    page.wait_for_function(WHOLE)
