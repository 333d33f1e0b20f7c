"""Runs the bench, or the parts of it that are named, and prints its tables as they are finished. Fails where a screen
did not answer as it must while it was measured."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path

from tests.bench import browser_times, imports, profiles, readers, server_times, stepping, trials
from tests.bench.measure import RUNS, Table

PARTS = ("nca", "imports", "server", "browser", "patient", "readers")


def main() -> int:
    given = _arguments()
    logging.disable(logging.INFO)
    found: list[Table] = []
    with ExitStack() as folders:

        @cache
        def trial(subjects: int | None, made: Path | None) -> trials.Trial:
            return trials.simulated(folders.enter_context(trials.new_folder()), subjects, made)

        demo, many = partial(trial, None, given.demo), partial(trial, trials.MANY, given.many)
        parts: dict[str, Callable[[], Iterable[Table]]] = {
            "nca": lambda: [profiles.table()],
            "imports": lambda: [imports.table(demo().folders[-1], Path(os.environ.get("REAL") or "nowhere"))],
            "server": lambda: server_times.table([demo(), many()]),
            "browser": lambda: browser_times.tables([demo(), many()], given.runs),
            "patient": lambda: stepping.tables([demo(), many()]),
            "readers": lambda: readers.tables(many(), given.seconds),
        }
        for part in given.parts:
            for one in parts[part]():
                print(one.text(), flush=True)
                found.append(one)
    if given.json:
        given.json.write_text(json.dumps([one.told() for one in found], indent=1))
    return int(any(one.wrong for one in found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", default=PARTS, metavar="PART", help=f"any of {', '.join(PARTS)} (default: all)"
    )
    parser.add_argument("--runs", type=int, default=RUNS, help="page loads of which the median is told (default: 7)")
    parser.add_argument("--seconds", type=float, default=60, help="how long 50 readers read (default: 60)")
    parser.add_argument("--demo", type=Path, metavar="DIR", help="a store made by `app.py demo`, copied, not made anew")
    parser.add_argument(
        "--many", type=Path, metavar="DIR", help="a store made by `app.py demo --subjects 500`, copied, not made anew"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every measured value to this file")
    given = parser.parse_args()
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return given


if __name__ == "__main__":
    sys.exit(main())
