"""The CDISC pilot as it comes: 22 SAS XPORT files into one cut, every row accounted for, in time and in memory.

Reads the folder that REAL names (`make test-real REAL=DIR`); a missing file is a failure, not a skip.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyreadstat
import pytest
from sqlalchemy import func, select

from data.schema import adverse_event, lab, subject
from data.store import Store

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[1]
FILES = (
    "ae", "cm", "dm", "ds", "ex", "lbch", "lbhe", "lbur", "mh", "relrec", "sc", "se", "suppae", "suppdm", "suppds",
    "sv", "ta", "te", "ti", "ts", "tv", "vs",
)  # fmt: skip
SECONDS, BYTES = 20, 1_000_000_000

# Runs the import and prints what it took; resident memory is counted in KiB on Linux, in bytes on macOS.
MEASURED = """
import resource, sys, time
sys.path.insert(0, sys.argv.pop(1))
import app
begun = time.perf_counter()
code = app.main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(time.perf_counter() - begun, used, file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def pilot() -> Path:
    assert os.environ.get("REAL"), "say where the real trial files are: REAL=DIR"
    folder = Path(os.environ["REAL"]) / "cdisc_pilot_xpt"
    missing = [name for name in FILES if not (folder / f"{name}.xpt").is_file()]
    assert missing == [], f"{folder} lacks {', '.join(missing)}"
    return folder


@pytest.fixture(scope="module")
def imported(pilot, tmp_path_factory) -> tuple[Store, dict, float, float]:
    """The store, the receipt as it was printed, seconds and bytes of the import."""
    store = tmp_path_factory.mktemp("pilot") / "store"
    receipt, seconds, used = _load(pilot, store)
    return Store(store), receipt, seconds, used


def _load(pilot: Path, store: Path) -> tuple[dict, float, float]:
    given = ["load", str(pilot), "--store", str(store), "--protocol", "cdisc_pilot.toml", "--json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIAL_")}
    command = [sys.executable, "-c", MEASURED, str(ROOT), *given]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
    seconds, used = map(float, ended.stderr.split()[-2:])
    return json.loads(ended.stdout), seconds, used


def _rows(pilot: Path) -> dict[str, int]:
    """Rows a file, read by pyreadstat alone; one of the files is in Windows-1252."""
    return {
        f"{name}.xpt": len(pyreadstat.read_xport(str(pilot / f"{name}.xpt"), encoding="WINDOWS-1252")[0])
        for name in FILES
    }


def test_it_takes_less_than_20_seconds_and_1_gb(imported):
    _, receipt, seconds, used = imported
    assert receipt["outcome"] == "published"
    assert seconds < SECONDS and used < BYTES, f"{seconds:.1f} s, {used / 1e6:.0f} MB"


def test_the_same_again_takes_less_than_a_second(imported, pilot):
    store, first, *_ = imported
    receipt, seconds, _ = _load(pilot, store.root)
    assert (receipt["outcome"], receipt["cut"]) == ("no change", first["cut"])
    assert seconds < 1
    assert store.verify() == []


def test_every_row_of_every_file_is_loaded_or_kept(imported, pilot):
    _, receipt, *_ = imported
    read = _rows(pilot)
    assert {one["name"]: one["rows"] for one in receipt["files"]} == read
    loaded = {one["name"]: sum(one["loaded"].values()) for one in receipt["files"]}
    # trial design, subject elements and related records have no table: they are kept beside the cut
    kept = {f"{name}.xpt" for name in ("relrec", "se", "ta", "te", "ti", "tv")}
    assert {name for name in read if loaded[name] == 0} == kept
    assert {name: count for name, count in loaded.items() if count} == {
        name: count for name, count in read.items() if name not in kept
    }


def test_the_cut_holds_what_the_files_hold(imported, pilot):
    store, *_ = imported
    cut, read = store.serving().cut, _rows(pilot)
    for table, files in ((adverse_event, ["ae.xpt"]), (lab, ["lbch.xpt", "lbhe.xpt", "lbur.xpt"])):
        stored = cut.frame(select(table.c.source_file, func.count().label("n")).group_by(table.c.source_file))
        assert dict(zip(stored["source_file"], stored["n"], strict=True)) == {name: read[name] for name in files}


def test_the_subjects(imported):
    """306 screened, 254 treated, 52 screen failures: CDISC pilot study report, disposition of subjects."""
    store, *_ = imported
    rows = store.serving().cut.frame(select(subject.c.usubjid, subject.c.day0, subject.c.cohort, subject.c.actarm))
    treated = rows[rows["day0"].notna()]
    assert (rows["usubjid"].nunique(), len(rows), len(treated)) == (306, 306, 254)
    assert rows[rows["day0"].isna()]["actarm"].value_counts().to_dict() == {"Screen Failure": 52}
    assert treated["cohort"].value_counts().to_dict() == {"placebo": 86, "low": 96, "high": 72}


def test_deaths_that_are_not_marked_serious_are_named(imported):
    """ae.xpt, read by eye: SUDDEN DEATH of 01-701-1211 in row 105, COMPLETED SUICIDE of 01-704-1445 in row 344 and
    MYOCARDIAL INFARCTION of 01-710-1083 in row 601 are FATAL with AESDTH = Y and AESER = N."""
    _, receipt, *_ = imported
    found = [(one["row"], one["value"]) for one in receipt["findings"] if "in death by AESDTH" in one["message"]]
    assert found == [
        (105, "01-701-1211: SUDDEN DEATH"),
        (344, "01-704-1445: COMPLETED SUICIDE"),
        (601, "01-710-1083: MYOCARDIAL INFARCTION"),
    ]


def test_the_one_file_that_is_not_ascii_is_read_as_what_it_is(imported):
    _, receipt, *_ = imported
    assert {one["name"]: one["encoding"] for one in receipt["files"] if one["encoding"] != "ascii"} == {
        "ts.xpt": "windows-1252"
    }
    [summary] = [one for one in receipt["files"] if one["name"] == "ts.xpt"]
    assert any("Alzheimer’s Disease" in text for text in summary["decoded"])
    assert (receipt["cutoff"], receipt["cutoff_from"]) == ("2015-03-31T23:59:59", "TS.DCUTDTC")
