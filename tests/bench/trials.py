"""The two trials that are measured, each in a store of its own: the demonstration, and 500 treated subjects."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from data import importing, protocol, simulate
from data.settings import Settings
from data.state import State
from data.store import Store

MANY = 500
ANCHOR = date(2026, 11, 22)  # as in the tests: the simulated trial is seen on this day
PROTOCOL = Path("xkdct293.toml")


@dataclass(frozen=True)
class Trial:
    name: str
    root: Path  # of its store
    folders: tuple[Path, ...]  # the files of each of its cuts

    @property
    def store(self) -> Store:
        return Store(self.root)

    @property
    def state(self) -> State:
        return State(Settings(store=self.root).state_url)


@contextmanager
def new_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def simulated(folder: Path, subjects: int | None, made: Path | None) -> Trial:
    """A simulated trial in `folder`, copied from the store `made` by `app.py demo` where there is one."""
    name = f"{subjects} subjects" if subjects else "demo"
    root = folder / "store"
    if made:
        shutil.copytree(made, root)
        return Trial(name, root, tuple(sorted((root / "simulated").glob("cut*"))))
    folders = simulate.write(folder / "files", ANCHOR, subjects=subjects)
    for one in folders:
        outcome = importing.load([one], Store(root), protocol.load(PROTOCOL)).outcome
        assert outcome == "published", outcome
    return Trial(name, root, tuple(folders))
