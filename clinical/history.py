"""The written history of a dose escalation: "1NNN 2NNT", who was infused at which dose and what came of it."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

OUTCOMES = "NTPX"
_STEP = re.compile(rf"(-?\d+)([{OUTCOMES}]+)")


@dataclass(frozen=True)
class Step:
    """Patients infused at one dose, in any order: counts by outcome. The dose is its label, 1 or -1."""

    dose: int
    no_dlt: int = 0  # N: window completed without DLT
    dlts: int = 0  # T
    pending: int = 0  # P: window running, or unresolved
    replaced: int = 0  # X: not evaluable
    text: str = field(default="", compare=False)  # the word as it was written, where it was

    def __str__(self) -> str:
        counts = (self.no_dlt, self.dlts, self.pending, self.replaced)
        return f"{self.dose}" + "".join(letter * count for letter, count in zip(OUTCOMES, counts, strict=True))


def parse(history: str) -> tuple[Step, ...]:
    """The steps of a history, one a word, in its order; none for "".

    A word is a dose level and one letter a patient: N = window completed without DLT, T = DLT, P = pending, X = not
    evaluable, to be replaced. ValueError, naming `history` and the word, for anything else.

    Source: the outcome notation of the R package escalation (Brock 2020), N and T; P and X are this project's.
    """
    if not isinstance(history, str):
        raise ValueError(f"history must be text, not {history!r}")
    return tuple(_step(word) for word in history.split())


def written(steps: Iterable[Step]) -> str:
    """The history in the notation that `parse` reads; letters within a word in the order N, T, P, X."""
    return " ".join(str(step) for step in steps)


def _step(word: str) -> Step:
    found = _STEP.fullmatch(word)
    if not found:
        raise ValueError(f'history holds {word!r}: a word is a dose level and N, T, P or X for each patient, as "1NNT"')
    letters = Counter(found[2])
    return Step(int(found[1]), *(letters[letter] for letter in OUTCOMES), text=word)
