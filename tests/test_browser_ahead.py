"""What a screen needs is there before it is asked for."""

GRID = "async-community.js"


def test_the_program_of_the_grid_is_fetched_once_while_the_browser_rests(site, open_tab):
    page = open_tab()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if GRID in request.url else None)
    with page.expect_request(lambda request: GRID in request.url):
        page.goto(site)
    page.click('header nav a[href^="/adverse-events"]')
    page.wait_for_selector("main .ag-row .ag-cell")
    page.wait_for_timeout(2500)
    assert len(asked) == 1


def test_a_page_that_begins_with_a_grid_asks_for_it_once(site, open_tab):
    page = open_tab()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if GRID in request.url else None)
    page.goto(f"{site}/adverse-events")
    page.wait_for_selector("main .ag-row .ag-cell")
    page.wait_for_timeout(3000)
    assert len(asked) == 1
