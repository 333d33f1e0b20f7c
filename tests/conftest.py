"""One simulated trial for the whole run, and one server and browser over it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings

from data import importing, protocol, reshape, simulate
from data.state import State
from data.store import Cut, Store

ROOT = Path(__file__).parents[1]
ANCHOR = date(2026, 11, 22)  # the simulated trial is seen on this day; its last cut ends the day before
settings.register_profile("untimed", deadline=None)  # a machine that is busy with other work is slow, not wrong
settings.load_profile("untimed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session", autouse=True)
def checked_figures() -> None:
    """Every figure that a test makes is held to plotly's schema: a misspelt attribute raises."""
    import plotly.graph_objects as go

    from dashboard import theme

    theme.FIGURE = go.Figure


@pytest.fixture(scope="session")
def trial_files(tmp_path_factory) -> list[Path]:
    """The folders of the three cuts, as SDTM files."""
    return simulate.write(tmp_path_factory.mktemp("files"), ANCHOR)


@pytest.fixture(scope="session")
def few_files(trial_files, tmp_path_factory) -> list[Path]:
    """The folders of the first two cuts with subjects, treatments, visits, events and the cut-off only."""
    folders = [tmp_path_factory.mktemp(folder.name) for folder in trial_files[:2]]
    for source, folder in zip(trial_files, folders, strict=False):
        for name in ("dm", "ex", "sv", "ae", "ts"):
            shutil.copy(source / f"{name}.xpt", folder)
    return folders


@pytest.fixture(scope="session")
def trial(trial_files, tmp_path_factory) -> Store:
    """The three cuts in a store. Read it, never write to it: tests that import make their own (`copied_trial`)."""
    store = Store(tmp_path_factory.mktemp("store"))
    for folder in trial_files:
        assert importing.load([folder], store, protocol.load(Path("xkdct293.toml"))).outcome == "published"
    return store


@pytest.fixture
def copied_trial(trial, tmp_path) -> Store:
    """A store of one's own with the three cuts; what readers of the other made beside them stays there."""
    beside = shutil.ignore_patterns("state.sqlite*", "server.log")
    return Store(Path(shutil.copytree(trial.root, tmp_path / "store", ignore=beside)))


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of the real trial files; without it the tests that are marked real fail."""
    assert os.environ.get("REAL"), "say where the real trial files are: REAL=DIR"
    return Path(os.environ["REAL"])


@pytest.fixture(scope="session")
def cd22(real, tmp_path_factory) -> Cut:
    """The published CD22 patients. Shared: never written to."""
    told, mapping = (load(Path("cart_cd22_phase1.toml")) for load in (protocol.load, reshape.load))
    return _published(real / "cart_cd22_phase1", told, tmp_path_factory.mktemp("cd22"), mapping=mapping)


@pytest.fixture(scope="session")
def pilot_cut(real, tmp_path_factory) -> Cut:
    """The CDISC pilot. Shared: never written to."""
    told = protocol.load(Path("cdisc_pilot.toml"))
    return _published(real / "cdisc_pilot_xpt", told, tmp_path_factory.mktemp("pilot_cut"))


def _published(folder: Path, told: protocol.Protocol, root: Path, **how) -> Cut:
    store = Store(root)
    receipt = importing.load([folder], store, told, **how)
    assert receipt.outcome == "published", receipt.to_text()
    return store.open(receipt.cut)


NEVER_STALE = 10**6  # days


@pytest.fixture(scope="session")
def silent(tmp_path_factory) -> State:
    """A state in which nobody has written. Read it, never write to it: who writes takes `state`."""
    return State(f"sqlite:///{tmp_path_factory.mktemp('state') / 'state.sqlite'}")


@pytest.fixture
def state(tmp_path, application) -> State:
    """A state of one's own, which the application uses for this test."""
    own = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    application.server.config["STATE"] = own
    return own


@pytest.fixture(scope="session")
def application(trial, silent):
    """The application in this process: its callbacks can be registered once only."""
    from dashboard import server

    return server.create(trial, silent, stale_days=NEVER_STALE)


@pytest.fixture
def client(application, trial, silent):
    application.server.config.update(STORE=trial, STATE=silent)
    return application.server.test_client()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(store: Path, *flags: str, fails: str = "", beside: bool = False) -> Iterator[str]:
    """`python app.py serve` over a store, as a reader would start it; gives its address. fails: what it has to log as
    an error; anything else it must not. beside: with the process beside it, which only its own tests need."""
    port = free_port()
    command = [sys.executable, "app.py", "serve", "--store", str(store), "--port", str(port), "--log-level", "ERROR"]
    command += flags
    environment = os.environ | {"TRIAL_STALE_DAYS": str(NEVER_STALE)}  # the simulated trial is seen on a day of its own
    environment |= {"TRIAL_BESIDE": str(beside)}
    log = store / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env=environment)
        try:
            wait_until_alive(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)
    said = log.read_text()
    errors = [line for line in said.splitlines() if '"ERROR"' in line]
    assert all(fails and fails in line for line in errors) and bool(errors) == bool(fails), said


def wait_until_alive(address: str, process: subprocess.Popen) -> None:
    for _ in range(150):
        if process.poll() is not None:
            raise RuntimeError("the server ended before it answered")
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not answer within 30 s")


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serves stores until the test ends. Name it before `open_tab`, so that the tabs close first."""
    with ExitStack() as running:
        yield lambda store, *flags, **how: running.enter_context(serving(store, *flags, **how))


@pytest.fixture(scope="session")
def site(trial) -> Iterator[str]:
    with serving(trial.root) as address:
        yield address


@contextmanager
def headless_chromium() -> Iterator:
    """The system's Chromium, driven by playwright."""
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    assert path, f"the browser tests need one of {', '.join(BROWSERS)} on PATH (make test installs it)"
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=path, args=[*quiet, "--disable-sync", "--no-first-run"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def chromium():
    with headless_chromium() as browser:
        yield browser


@pytest.fixture
def open_tab(chromium) -> Iterator[Callable]:
    """Opens tabs; at the end none may have complained: no console error or warning, failed request or server error."""
    complaints: list[str] = []
    tabs = []

    def listen(tab) -> None:
        tab.on("pageerror", lambda error: complaints.append(f"page: {error}"))
        tab.on("console", lambda said: said.type in ("error", "warning") and complaints.append(f"console: {said.text}"))
        tab.on("requestfailed", lambda sent: _lost(sent) and complaints.append(f"failed: {sent.url} {sent.failure}"))
        tab.on("response", lambda got: got.status >= 400 and complaints.append(f"{got.status}: {got.url}"))

    def make(**options):
        tab = chromium.new_page(**({"viewport": {"width": 1440, "height": 1000}} | options))
        tab.set_default_timeout(15_000)
        listen(tab)
        tabs.append(tab)
        return tab

    yield make
    for tab in tabs:
        tab.close()
    assert complaints == []


def _lost(request) -> bool:
    """A request that the page itself gave up by leaving is no failure."""
    return request.failure != "net::ERR_ABORTED"


def pytest_terminal_summary(terminalreporter) -> None:
    """A run names what it left out, beside the skips that -rs lists."""
    left = len(terminalreporter.stats.get("deselected", []))
    if left and not os.environ.get("REAL"):
        terminalreporter.write_line(f"{left} tests left out by their marks (campaign, real)")
