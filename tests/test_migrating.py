"""Cuts of every released schema open today: the last cut of the simulated trial, as each version published it."""

import json
import lzma
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dashboard import pages
from dashboard.comparing import compared
from dashboard.view import View
from data.events import START
from data.schema import SCHEMA_VERSION, is_measured, study_tables
from data.store import Store, sha256
from queries.changes import changes

GOLDEN = Path(__file__).parent / "reference" / "cuts"
VERSIONS = [path.name.partition(".")[0] for path in sorted(GOLDEN.glob("v*.duckdb.xz"))]
# By hand from the scenario, as `test_browser_board.LADDER`: infused, evaluable, DLTs, pending, replaced, unresolved.
LADDER = {"DL1": (3, 3, 0, 0, 0, 0), "DL2": (7, 6, 1, 0, 1, 0), "DL3": (3, 1, 0, 1, 0, 1)}
COUNTS = ("infused", "evaluable", "dlts", "pending", "replaced", "unresolved")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Every golden cut in one store; the newest is the current one."""
    found = Store(tmp_path_factory.mktemp("golden"))
    (found.root / "cuts").mkdir()
    for version in VERSIONS:
        path = found.root / "cuts" / "unpacked"
        path.write_bytes(lzma.decompress((GOLDEN / f"{version}.duckdb.xz").read_bytes()))
        cut = sha256(path)
        path.rename(found.path(cut))
        (found.root / "CURRENT").write_text(cut)
    return found


@pytest.fixture
def asked(client, store):
    client.application.config.update(STORE=store, JOBS_ARE_AWAITED=True)
    yield client
    client.application.config["JOBS_ARE_AWAITED"] = False


def test_there_is_a_cut_of_every_version_of_the_schema(store):
    assert [f"v{number}" for number in range(1, SCHEMA_VERSION + 1)] == VERSIONS
    assert [store.open(one).manifest["schema_version"] for one in store.ids()] == [one[1:] for one in VERSIONS]


@pytest.mark.parametrize("place", range(len(VERSIONS)))
def test_the_trial_stands_where_it_stood(asked, store, place):
    from dashboard.session import board_of

    cut = store.open(store.ids()[place])
    with asked.application.test_request_context("/"):
        rungs = board_of(cut).rungs
    assert {one.level.id: tuple(len(getattr(one, name)) for name in COUNTS) for one in rungs} == LADDER


def test_alerts_from_before_they_could_be_evaluated_are_named_and_left_out(store):
    told = [store.open(one).protocol for one in store.ids()]
    assert [one.alerts for one in told] == [()] * len(VERSIONS)
    assert all({"neutropenic_fever", "fever"} <= set(one.left_out) for one in told)


@pytest.mark.parametrize("page", [*pages.NAVIGATION, "patient"])
@pytest.mark.parametrize("place", range(len(VERSIONS)))
def test_every_screen_answers(asked, store, page, place):
    view = View(page=page, usubjid="XKDCT293-01-201" if page == "patient" else "")
    request = {"pathname": view.href, "search": "", "cut": store.ids()[place], "state": START}
    answers = list(asked.application.config["FILLS"].of(f'{{"view":"{page}"}}', request))
    assert answers and all("response" in one and "sideUpdate" not in one for one in answers)


def test_what_the_import_reads_from_results_today_is_read_from_older_rows(store):
    """The same trial: a result of the older cut has the value, unit and range that the newer one has of it."""
    old, new = (store.open(one) for one in (store.ids()[0], store.ids()[-1]))
    for table in (one for one in study_tables() if is_measured(one)):
        prefix = table.info["domain"].lower()
        key = ["usubjid", f"{prefix}testcd", f"{prefix}dtc", f"{prefix}orres"]
        read = ["value", "unit", "qualifier", "qualitative", "reason"]
        before, after = (
            cut.frame(select(*(table.c[one] for one in (*key, *read)))).drop_duplicates() for cut in (old, new)
        )
        both = before.merge(after, on=key, suffixes=("", "_now"))
        assert bool(len(before)) == bool(len(both))
        for name in read:
            was, now = both[name], both[f"{name}_now"]
            assert ((was == now) | (was.isna() & now.isna())).all(), (table.name, name)


def test_what_an_older_schema_did_not_have_is_empty(store):
    lab = next(one for one in study_tables() if one.name == "lab")
    cut = store.open(store.ids()[0])
    told = cut.frame(select(func.count(), func.count(lab.c.lbornrlo), func.count(lab.c.value))).to_numpy().tolist()
    assert told == [[4056, 0, 4056]]
    assert (cut.fictional_day0, json.loads(cut.manifest["content"])) == ("", {})


def test_cuts_of_two_versions_are_compared(asked, store):
    old, new = (store.open(one) for one in (store.ids()[0], store.ids()[-1]))
    with asked.application.test_request_context("/"):
        found = compared(old, new, START)
        again = compared(old, old, START)
    assert "kinetics" in set(found.changes.rows["table"]) and again.changes.rows.empty
    assert not [one for one in found.consequences if one.kind in ("window", "level", "advice")]


def test_the_file_itself_is_not_touched(store):
    cut = store.ids()[0]
    before = store.path(cut).stat()
    changes(store.open(cut, store.ids()[-1]))
    assert store.path(cut).stat().st_mtime_ns == before.st_mtime_ns
    assert sha256(store.path(cut)) == cut and not list(store.root.glob("cuts/*.wal"))
