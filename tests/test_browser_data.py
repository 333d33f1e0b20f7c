"""What came in, in headless Chromium: the Data screen, a newer cut, a watched folder, what was refused or held."""

import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect
from walking import settled

from data import importing, protocol
from data.receipt import Finding, Receipt
from data.store import Store, now

pytestmark = pytest.mark.browser


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
