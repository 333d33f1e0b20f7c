"""Imports: to a published cut, the same files again, and how time and memory grow with the rows."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pyreadstat

from data import importing, protocol
from data.store import Store
from tests.bench.measure import Table, median, milliseconds, ratio, seconds
from tests.bench.trials import new_folder

HEAD = ("", "median ms", "slowest ms", "x floor", "floor")


def table(last_cut: Path, real: Path) -> Table:
    """last_cut: the folder of the simulated trial's last cut; real: where the pilot's folder may be."""
    found = Table("IMPORTS", HEAD)
    _against_a_bare_read(found, last_cut, "xkdct293.toml", "simulated trial")
    pilot = real / "cdisc_pilot_xpt"
    if pilot.is_dir():
        _against_a_bare_read(found, pilot, "cdisc_pilot.toml", "CDISC pilot, 22 files, 26 MB")
    else:
        found.notes.append("CDISC pilot: not measured, REAL does not name its folder (make bench REAL=DIR)")
    _growing(found, 10_000)
    return found


def _read_bare(folder: Path) -> None:
    for path in folder.glob("*.xpt"):
        pyreadstat.read_xport(str(path), encoding="ISO-8859-1")


def _against_a_bare_read(table: Table, folder: Path, file: str, name: str) -> None:
    """A first import into an empty store, and the same again, against pyreadstat reading the same files and no more."""
    floor = median(seconds(partial(_read_bare, folder), 3))
    trial = protocol.load(Path(file))
    first, again = [], []
    for _ in range(3):
        with new_folder() as root:
            first += seconds(lambda root=root: importing.load([folder], Store(root), trial), 1)
            again += seconds(lambda root=root: importing.load([folder], Store(root), trial), 1)
    for what, took in ((f"{name}: files to a published cut", first), (f"{name}: the same files again", again)):
        _line(table, what, took, floor, "a bare read of the files")


def _line(table: Table, what: str, took: list[float], floor: float | None, of: str) -> None:
    times = (milliseconds(median(took)), milliseconds(max(took)))
    table.add(what, *times, ratio(median(took), floor) if floor else "", of, seconds=took, floor=floor)


def _growing(table: Table, rows: int) -> None:
    """Time and memory of an import by the rows of its laboratory file, each in a process of its own."""
    found = {}
    for count in (rows, 100 * rows):
        with new_folder() as folder, new_folder() as root:
            _laboratory(folder, count)
            code = (
                "import re, sys, time; from pathlib import Path; from data import importing, protocol; "
                "from data.store import Store; start = time.perf_counter(); "
                "outcome = importing.load([Path(sys.argv[1])], Store(Path(sys.argv[2])), "
                "protocol.load(Path('xkdct293.toml'))).outcome; assert outcome == 'published', outcome; "
                "took = time.perf_counter() - start; status = Path('/proc/self/status').read_text(); "
                "print(took, int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) / 1024)"
            )
            command = [sys.executable, "-c", code, str(folder), str(root)]
            took, memory = map(float, subprocess.run(command, capture_output=True, check=True).stdout.split())
            found[count] = took
            what = f"{count:,} laboratory rows, CSV: peak {memory:.0f} MB"
            _line(table, what, [took], found[rows], f"{rows:,} rows")


def _laboratory(folder: Path, rows: int) -> None:
    """A hundred subjects, and `rows` results of creatinine that are converted from mg/dL."""
    people = (f"XKDCT293,DM,S-{one},{one},DL1,2026-01-01\n" for one in range(100))
    (folder / "dm.csv").write_text("STUDYID,DOMAIN,USUBJID,SUBJID,ARMCD,RFICDTC\n" + "".join(people))
    with (folder / "lb.csv").open("w") as file:
        file.write("STUDYID,DOMAIN,USUBJID,LBSEQ,LBTESTCD,LBTEST,LBORRES,LBORRESU,LBSTNRLO,LBSTNRHI,VISIT,LBDTC\n")
        for one in range(rows):
            result, day = f"{0.5 + one * 7 % 997 / 1000:.3f}", one % 28 + 1
            file.write(f"XKDCT293,LB,S-{one % 100},{one // 100 + 1},CREAT,Creatinine,{result},mg/dL,,,DAY {day},")
            file.write(f"2026-02-{day:02d}T08:00\n")
