"""How tests walk a screen in headless Chromium: when it is whole, and what its tables say."""

from playwright.sync_api import Page, expect

expect.set_options(timeout=20_000)  # ms; a machine that is busy with other work is slow, not wrong


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
