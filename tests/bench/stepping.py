"""What a reader of one patient waits for: the next patient by key, and the cross-hair under a moving pointer."""

from contextlib import ExitStack

from playwright.sync_api import Browser, Page

from queries.subjects import subjects
from tests.bench.browser_times import DRAWN, QUIET
from tests.bench.measure import Table, median, percentile
from tests.bench.trials import Trial
from tests.conftest import headless_chromium, serving

STEPPING = DRAWN.with_name("stepping.js")
STEPS = 12  # patients
READING = 2500  # ms that a reader looks at each; meanwhile the next one is made
MOVES = 300  # of the pointer
GOALS = "goals: 300 ms from the key to the next patient's stack; 20 ms a frame for 95 of 100"
HEAD = ("", "median ms", "p95 ms", "slowest ms")


def tables(trials: list[Trial]) -> list[Table]:
    steps = Table(f"NEXT PATIENT: from the key until the stack is drawn, {STEPS} patients", HEAD, notes=[GOALS])
    frames = Table(f"CROSS-HAIR: length of the frames during {MOVES} moves of the pointer", HEAD)
    with ExitStack() as running:
        browser = running.enter_context(headless_chromium())
        for trial in trials:
            site = running.enter_context(serving(trial.root))
            tab = _opened(browser, f"{site}/patient/{_first(trial)}")
            forward, back = _steps(tab, "ArrowRight"), _steps(tab, "ArrowLeft")
            _add(steps, f"{trial.name}: made ahead", forward)
            _add(steps, f"{trial.name}: seen before", back)
            _add(frames, trial.name, _frames(tab))
            tab.close()
    return [steps, frames]


def _add(table: Table, name: str, took: list[float]) -> None:
    table.add(name, *(f"{one:,.0f}" for one in (median(took), percentile(took, 95), max(took))), milliseconds=took)


def _first(trial: Trial) -> str:
    people = subjects(trial.store.serving().cut)
    return people[people["day0"].notna()].sort_values("usubjid")["usubjid"].iloc[0]


def _opened(browser: Browser, address: str) -> Page:
    tab = browser.new_page(viewport={"width": 1440, "height": 1000})
    for script in (DRAWN, STEPPING):
        tab.add_init_script(path=script)
    tab.goto(address, wait_until="commit")
    tab.wait_for_function("quiet => window.bench.took(quiet)", arg=QUIET, polling=50)
    tab.wait_for_timeout(READING)
    return tab


def _steps(tab: Page, key: str) -> list[float]:
    took = []
    for _ in range(STEPS):
        tab.keyboard.press(key)
        took.append(tab.wait_for_function("() => window.stepping.took()", polling=20).json_value())
        tab.wait_for_timeout(READING)
    return took


def _frames(tab: Page) -> list[float]:
    """The first frame began before the first move."""
    box = tab.locator("#patient-stack").bounding_box()
    tab.evaluate("() => window.stepping.frames()")
    for move in range(MOVES):
        tab.mouse.move(box["x"] + 200 + 1.6 * move, box["y"] + 100 + 2 * (move % 200))
    return tab.evaluate("() => window.stepping.frames()")[1:]
