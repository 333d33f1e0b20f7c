"""A new cut's screens are made once before a reader asks for them: what no choice changes is known from then on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dashboard import pages
from dashboard.view import View
from dashboard.whole import Fills
from data.store import Store

EVERY = 1.0  # seconds between two looks at which cut is current


@contextmanager
def in_background(fills: Fills, store: Store) -> Iterator[None]:
    """Looks after the current cut until the block is left."""
    end = threading.Event()
    thread = threading.Thread(target=_watch, args=(fills, store, end), name="warming", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _watch(fills: Fills, store: Store, end: threading.Event) -> None:
    known = ""
    while not end.wait(EVERY):
        if store.current() in ("", known):
            continue
        known = store.current()
        for page in pages.NAVIGATION:
            warm(fills, page, known, fills.head())


def warm(fills: Fills, page: str, cut: str, head: str) -> None:
    """Makes a screen as its first reader would have it; what goes wrong in it is logged, and told to who asks."""
    request = {"pathname": View(page=page).href, "search": "", "cut": cut, "state": head}
    for _ in fills.of(f'{{"view":"{page}"}}', request):
        pass
