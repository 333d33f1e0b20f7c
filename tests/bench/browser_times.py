"""What a reader waits for in Chromium: the first screen, the next screen, and a filter change."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from dashboard import pages
from tests.bench.asking import Screen, dependencies, screens
from tests.bench.floors import floor
from tests.bench.measure import Table, median, ratio
from tests.bench.trials import Trial
from tests.conftest import headless_chromium, serving

DRAWN = Path(__file__).with_name("drawn.js")
QUIET = 300  # ms that a page has to stay whole before its time is taken
SLOW = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
NETWORKS = {"": None, ", 10 Mbit/s, 40 ms": SLOW}
FIRST = ("", "empty ms", "warm ms", "x own", "x own warm", "x bare", "x bare warm")
NEXT = ("", "median ms", "slowest ms")


@dataclass(frozen=True)
class Target:
    """One screen of one server, or a floor."""

    name: str
    address: str


def tables(trials: list[Trial], runs: int) -> Iterator[Table]:
    with ExitStack() as running:
        sites = {trial: running.enter_context(serving(trial.root, beside=True)) for trial in trials}
        own = Target(
            "floor: this shell, one figure, one grid", running.enter_context(floor("own", str(trials[0].root)))
        )
        bare = Target("floor: bare Dash, the same", running.enter_context(floor("bare")))
        browser = running.enter_context(headless_chromium())
        shown = {trial: screens(trial.store.serving().cut, dependencies(site)) for trial, site in sites.items()}
        targets = [
            Target(f"{one.page}, {trial.name}", site + one.address)
            for trial, site in sites.items()
            for one in shown[trial]
        ]
        for said, network in NETWORKS.items():
            yield _first(browser, f"FIRST SCREEN{said}", network, own, bare, targets, runs)
            for trial, site in sites.items():
                walk = _walk(browser, f"{trial.name}{said}", network, site, shown[trial], runs)
                yield from (one for one in walk if one.rows)


# ---- the first screen ------------------------------------------------------------------------------------------------
def _first(
    browser: Browser, title: str, network: dict | None, own: Target, bare: Target, targets: list[Target], runs: int
) -> Table:
    """The runs go round by turns, so that what else the machine does meets every target alike."""
    empty: dict[Target, list[float]] = {one: [] for one in (own, bare, *targets)}
    warm: dict[Target, list[float]] = {one: [] for one in empty}
    for _ in range(runs):
        for target in empty:
            with _context(browser) as context:
                empty[target].append(_opened(context, target.address, network))
                warm[target].append(_opened(context, target.address, network))
    table = Table(f"{title}: from navigation until every figure and grid contains its data, median of {runs}", FIRST)
    for target in empty:
        times = median(empty[target]), median(warm[target])
        ratios = [
            ratio(one, median(found[base]))
            for base in (own, bare)
            for one, found in zip(times, (empty, warm), strict=True)
        ]
        table.add(target.name, *(f"{one:,.0f}" for one in times), *ratios, empty=empty[target], warm=warm[target])
    return table


@contextmanager
def _context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own: nothing is in its cache."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.add_init_script(path=DRAWN)
    context.set_default_timeout(60_000)
    try:
        yield context
    finally:
        context.close()


def _tab(context: BrowserContext, network: dict | None) -> Page:
    tab = context.new_page()
    if network:
        devtools = context.new_cdp_session(tab)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", network)
    return tab


def _opened(context: BrowserContext, address: str, network: dict | None) -> float:
    tab = _tab(context, network)
    tab.goto(address, wait_until="commit")
    took = _took(tab)
    tab.close()
    return took


def _took(tab: Page) -> float:
    return tab.wait_for_function("quiet => window.bench.took(quiet)", arg=QUIET, polling=50).json_value()


# ---- the next screen and the next choice -----------------------------------------------------------------------------
def _walk(browser: Browser, name: str, network: dict | None, site: str, shown: list[Screen], runs: int) -> list[Table]:
    """A reader opens one screen and goes to each of the others, which none of his session has shown before; on each
    he makes one choice that he has not made before."""
    went: dict[str, list[float]] = {}
    chose: dict[str, list[float]] = {}
    for run in range(runs):
        start = run % len(shown)
        with _context(browser) as context:
            tab = _tab(context, network)
            tab.goto(site + shown[start].address, wait_until="commit")
            _took(tab)
            for screen in [*shown[start + 1 :], *shown[:start]]:
                _follow(tab, screen)
                went.setdefault(screen.page, []).append(_took(tab))
                choices = tab.locator("main a.option:not(.chosen):visible")
                if choices.count():
                    choices.nth(run % choices.count()).click()
                    chose.setdefault(screen.page, []).append(_took(tab))
    following = Table(f"NEXT SCREEN, {name}: from the click until the screen contains its data", NEXT)
    choosing = Table(f"FILTER CHANGE, {name}: from the click until the screen contains its data", NEXT)
    for table, found in ((following, went), (choosing, chose)):
        for page, took in ((one.page, found[one.page]) for one in shown if one.page in found):
            table.add(page, f"{median(took):,.0f}", f"{max(took):,.0f}", milliseconds=took)
    return [following, choosing]


def _follow(tab: Page, screen: Screen) -> None:
    """By its tab; a page that has none by a link to it, as there are many inside the screens."""
    if screen.page in pages.NAVIGATION:
        path = screen.pathname
        tab.locator(f'header nav a[href="{path}"], header nav a[href^="{path}?"]').click()  # choices may be kept in it
        return
    make = "href => document.querySelector('main').append(Object.assign(document.createElement('a'), {href}))"
    tab.evaluate(make, screen.pathname)
    tab.evaluate("href => document.querySelector(`main a[href='${href}']`).click()", screen.pathname)
