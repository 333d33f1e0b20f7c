"""`make bench`: how long imports and screens take, each beside a floor measured in the same run. No test uses it."""

import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path

import pyreadstat

from clinical.board import board
from clinical.incidence import incidence
from dashboard import server
from data import importing, protocol, simulate
from data.store import Store
from queries.adverse_events import adverse_events
from queries.subjects import subjects

RUNS = 7


def seconds(run: Callable[[], object], times: int = RUNS) -> list[float]:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return sorted(found)


def line(what: str, found: list[float], floor: float | None, of: str = "") -> None:
    middle = statistics.median(found)
    ratio = f"{middle / floor:8.{1 if middle > floor else 2}f} x {of}" if floor else ""
    print(f"{what:<58}{1000 * middle:>9.1f} ms{1000 * found[-1]:>9.1f} ms  {ratio}")


def read_bare(folder: Path) -> None:
    for path in folder.glob("*.xpt"):
        pyreadstat.read_xport(str(path), encoding="ISO-8859-1")


@contextmanager
def new_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def imports(folder: Path, file: str, name: str) -> None:
    """A first import into an empty store, and the same again, against pyreadstat reading the same files and no more."""
    floor = statistics.median(seconds(partial(read_bare, folder), 3))
    trial = protocol.load(Path(file))
    first, again = [], []
    for _ in range(3):
        with new_folder() as root:
            first += seconds(lambda root=root: importing.load([folder], Store(root), trial), 1)
            again += seconds(lambda root=root: importing.load([folder], Store(root), trial), 1)
    line(f"{name}: files to a published cut", sorted(first), floor, "bare read of the files")
    line(f"{name}: the same files again", sorted(again), floor, "bare read of the files")


def growing(rows: int) -> None:
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
            ratio = f"{took / found[rows]:8.1f} x the time of {rows:,} rows" if count > rows else ""
            print(
                f"{f'{count:,} laboratory rows, CSV: peak {memory:.0f} MB':<58}{1000 * took:>9.1f} ms{'':>12}  {ratio}"
            )


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


def screens(store: Store) -> None:
    """Server time of each screen's callbacks, through the guard, against the smallest request this server answers."""
    client = server.create(store).server.test_client()
    floor = statistics.median(seconds(lambda: client.get("/health"), 50))
    line("the smallest request (/health)", seconds(lambda: client.get("/health"), 50), None)
    cut = store.serving().cut
    line(
        "Board: state of the trial",
        seconds(lambda: board(subjects(cut), adverse_events(cut), cut.protocol, cut.cutoff)),
        None,
    )
    views = {
        "board": ("/", ""),
        "adverse_events": ("/adverse-events", ""),
        "data": ("/data", ""),
        "patient": (f"/patient/{subjects(cut)['usubjid'].iloc[0]}", ""),
    }
    for callback in client.get("/_dash-dependencies").json:
        page = next(
            (one for one in views if f'"view":"{one}"' in json.dumps(callback["inputs"]).replace("\\", "")), None
        )
        if page:
            body = _body(callback, dict(zip(("pathname", "search"), views[page], strict=True)) | {"cut": cut.id})
            size = len(client.post("/_dash-update-component", json=body).data)
            took = seconds(lambda body=body: client.post("/_dash-update-component", json=body), 25)
            line(f"{page}: its callback, {size / 1000:.0f} kB", took, floor, "the smallest request")


def _body(callback: dict, value: dict) -> dict:
    outputs = []
    for one in callback["output"].strip(".").split("..."):
        name, _, prop = one.rpartition(".")
        outputs.append({"id": name, "property": prop})
    given = [{**one, "id": json.loads(one["id"]), "value": value} for one in callback["inputs"]]
    return {"output": callback["output"], "outputs": outputs, "inputs": given, "state": [], "changedPropIds": []}


def counting(store: Store) -> None:
    from dashboard.counting import _counted

    cut = store.serving().cut
    found = _counted(cut, cut.protocol.populations[0].id, cut.protocol.adverse_events.windows[0].id)
    criteria = ("any", "grade3", "related", "serious")
    run = partial(incidence, found.people, found.events, by=("soc", "term"), criteria=criteria)
    line("incidence by class and term, four criteria", seconds(run), None)


def main() -> int:
    logging.disable(logging.INFO)
    print(f"{'':<58}{'median':>12}{'slowest':>12}  ratio to the floor of this run")
    with new_folder() as files, new_folder() as root:
        folders = simulate.write(files, date(2026, 11, 22))
        imports(folders[-1], "xkdct293.toml", "simulated trial")
        store = Store(root)
        for folder in folders:
            importing.load([folder], store, protocol.load(Path("xkdct293.toml")))
        real = Path(os.environ.get("REAL") or "nowhere") / "cdisc_pilot_xpt"
        if real.is_dir():
            imports(real, "cdisc_pilot.toml", "CDISC pilot, 22 files, 26 MB")
        else:
            print("CDISC pilot: not measured, REAL does not name its folder (make bench REAL=DIR)")
        growing(10_000)
        counting(store)
        screens(store)
    return 0


if __name__ == "__main__":
    sys.exit(main())
