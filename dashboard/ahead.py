"""The patients before and after the one on the screen are made while the reader looks at him: the next key finds them.

What is made is remembered as if a reader had asked for it (`dashboard.remembered`).
"""

import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Flask

from dashboard.still import links
from dashboard.whole import Fills

NEXT = ("ArrowRight", "ArrowLeft")  # the keys whose links are followed, the likelier one first
PAUSE = 0.4  # s; what the reader's own page still asks for comes first

Stores = list[tuple[str, dict]]  # id and value of the stores that a page's callbacks start from

log = logging.getLogger(__name__)


class Ahead:
    """One page at a time; what the last reader may ask for next takes the place of what another one might."""

    def __init__(self, fills: Fills):
        self._fills = fills
        self._asked: queue.Queue[tuple[Stores, object] | None] = queue.Queue()

    def of(self, stores: Stores, page: object) -> None:
        """page: its parts, as the browser gets them."""
        with suppress(queue.Empty):
            self._asked.get_nowait()
        self._asked.put((stores, page))

    def make(self, stores: Stores, page: object) -> None:
        for _, href in sorted(_links(page), key=lambda one: NEXT.index(one[0])):
            path, mark, search = href.partition("?")
            for store, data in stores:
                for _ in self._fills.of(store, data | {"pathname": path, "search": mark + search}):
                    pass

    def run(self, end: threading.Event) -> None:
        while (asked := self._asked.get()) is not None:
            if end.wait(PAUSE):
                return
            try:
                self.make(*asked)
            except Exception:  # who asks for the page himself is told what is wrong with it
                log.exception("a page could not be made before it was asked for")

    def stop(self) -> None:
        self._asked.put(None)


def _links(page: object) -> Iterator[tuple[str, str]]:
    """Key and address of the links of a page that a key of NEXT follows."""
    for one in links(page):
        if one.get("aria-keyshortcuts") in NEXT:
            yield one["aria-keyshortcuts"], one["href"]


@contextmanager
def in_background(server: Flask) -> Iterator[None]:
    """Makes what may be asked for next until the block is left."""
    ahead, end = Ahead(server.config["FILLS"]), threading.Event()
    server.config["AHEAD"] = ahead
    thread = threading.Thread(target=ahead.run, args=(end,), name="ahead", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        ahead.stop()
        thread.join()
