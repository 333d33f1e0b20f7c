"""What is worked out once of a cut, by the server or by the process beside it, which hands over what it has found."""

import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, ClassVar

from data.store import Cut

KEPT = 8  # cuts whose result is remembered


class OnceACut:
    """A function of a cut, and of nothing else that its result depends on; its last results are remembered."""

    handed_over: ClassVar[dict[str, "OnceACut"]] = {}  # by name: the same in both processes

    def __init__(self, work: Callable[..., Any]):
        update_wrapper(self, work)
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Any] = OrderedDict()
        self.handed_over[f"{work.__module__}.{work.__qualname__}"] = self

    def __call__(self, cut: Cut, *told: Callable) -> Any:
        """told: is told how far the work is."""
        with self._lock:
            if cut.id in self._found:
                self._found.move_to_end(cut.id)
                return self._found[cut.id]
        found = self.__wrapped__(cut, *told)
        self.keep(cut.id, found)
        return found

    def keep(self, cut: str, found: Any) -> None:
        with self._lock:
            self._found[cut] = found
            while len(self._found) > KEPT:
                self._found.popitem(last=False)

    def forget(self) -> None:
        with self._lock:
            self._found.clear()

    def known(self, cut: str) -> list:
        """The result, where there is one."""
        with self._lock:
            return [self._found[cut]] if cut in self._found else []


def hand_over(cut: str) -> bytes:
    """What this process knows of a cut, for `take_over`."""
    return pickle.dumps({name: found for name, one in OnceACut.handed_over.items() for found in one.known(cut)})


def take_over(cut: str, handed: bytes) -> None:
    """handed: by `hand_over` in the process that this one has started."""
    for name, found in pickle.loads(handed).items():
        OnceACut.handed_over[name].keep(cut, found)
