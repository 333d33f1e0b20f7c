"""Where the grades of a laboratory term begin, found in its criteria: a picture writes no limit a second time."""

import math
from collections.abc import Callable
from functools import lru_cache

from clinical.grading import ctcae

_LEAST, _MOST = 1e-4, 1e6  # of a value in any usual unit, or in multiples of a limit
_HALVINGS = 40  # of ten decades: to one part in 10^10
_DIGITS = 6  # that count


@lru_cache(maxsize=512)
def grades_begin(
    term: str,
    unit: str,
    *,
    lln: float | None = None,
    uln: float | None = None,
    baseline: float | None = None,
    baseline_high: bool | None = False,
    version: str = "5.0",
) -> dict[int, float]:
    """Grade -> the value from which it is surely given: above it where high values are graded, below it where low ones.

    The arguments are those of `ctcae.grade`; with uln=1 the answer is in multiples of it. A grade that no value gives
    with what is known is missing, one that begins where the next does too, and everything in an unknown unit.
    """

    def surely(value: float) -> int:
        found = ctcae.grade(
            term, value, unit, lln=lln, uln=uln, baseline=baseline, baseline_high=baseline_high, version=version
        )
        return found.low or 0

    falling = surely(_LEAST) > surely(_MOST)
    worst, best = (_LEAST, _MOST) if falling else (_MOST, _LEAST)
    grades = range(surely(best) + 1, surely(worst) + 1)
    begin = {grade: _turn(lambda value, of=grade: surely(value) >= of, best, worst) for grade in grades}
    return {grade: value for grade, value in begin.items() if value != begin.get(grade + 1)}


def _turn(reached: Callable[[float], bool], best: float, worst: float) -> float:
    """The value between the two from which on it is reached."""
    for _ in range(_HALVINGS):
        middle = math.sqrt(best * worst)
        best, worst = (best, middle) if reached(middle) else (middle, worst)
    return float(f"{worst:.{_DIGITS}g}")
