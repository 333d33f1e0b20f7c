"""Each screen, light and dark, asked by axe-core: no finding that is serious or critical."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from walking import settled

pytestmark = pytest.mark.browser

PATHS = {
    "board": "/",
    "rounds": "/patients",
    "adverse events": "/adverse-events",
    "adverse events, a count opened": "/adverse-events?open=count/total/any",
    "kinetics": "/kinetics?subject=XKDCT293-01-301",
    "kinetics by patient": "/kinetics?by=patient&lang=zh",
    "cytokines": "/cytokines?subject=XKDCT293-01-201",
    "patient": "/patient/XKDCT293-01-302",
    "changes": "/changes",
    "data": "/data",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_a_screen_has_no_serious_finding(site, open_tab, path, theme):
    page = open_tab()
    page.goto(f"{site}{path}{'&' if '?' in path else '?'}theme={theme}")
    settled(page)
    grave = _grave(page)
    assert not grave, [(one["id"], one["help"], [node["html"][:160] for node in one["nodes"][:4]]) for one in grave]


def _grave(page: Page) -> list[dict]:
    found = Axe().run(page).response["violations"]
    return [one for one in found if one["impact"] in ("serious", "critical")]
