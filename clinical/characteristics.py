"""What a 3+3 does on average at given DLT rates: the chance of each MTD, patients, DLTs. Exact, no simulation."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from clinical.three_plus_three import (
    COHORT,
    START,
    Ruling,
    State,
    Tally,
    check_variant,
    doses_of,
    nobody_yet,
    ruling,
)


@dataclass(frozen=True)
class OperatingCharacteristics:
    """Exact expectations. Per-dose tuples run as `doses`, lowest first."""

    variant: str
    doses: tuple[int, ...]  # labels
    rates: tuple[float, ...]  # DLT rate at each
    p_mtd: tuple[float, ...]  # none tolerable first, then each dose as MTD (the top one as highest dose tested)
    expected_n: float  # patients
    expected_dlts: float  # patients with DLT
    n_by_dose: tuple[float, ...]
    dlts_by_dose: tuple[float, ...]
    paths: int  # ways from the start to the end, a cohort counted by its number of DLTs


def operating_characteristics(
    rates: Sequence[float], *, variant: str = "six_at_mtd", lowest: int = 1
) -> OperatingCharacteristics:
    """Exact operating characteristics at true DLT rates `rates` (fractions 0 to 1), one a dose, lowest first.

    Every cohort of three is completed and evaluable: the stop within a cohort at the 2nd DLT changes no decision, only
    who is infused, and depends on the order of results. rates need not rise. lowest=-1: the first rate is level -1's.
    ValueError, naming the argument: rates that are no number from 0 to 1, or not one to six doses.

    The states of the trial are walked cohort by cohort with their probabilities; states that agree in their counts are
    one. Source: the exact formulas of Lin & Shih, Biostatistics 2001;2:203-215, doi:10.1093/biostatistics/2.2.203,
    for A + B designs with and without de-escalation, here by enumeration.
    """
    check_variant(variant)
    rates = _checked(rates)
    labels = doses_of(len(rates) - (lowest == -1), lowest)
    return _enumerated(rates, labels, variant)


def _enumerated(rates: tuple[float, ...], labels: tuple[int, ...], variant: str) -> OperatingCharacteristics:
    start = labels.index(START)
    p_mtd, n, dlts = [0.0] * (len(rates) + 1), [0.0] * len(rates), [0.0] * len(rates)
    paths = 0
    now = {nobody_yet(labels): (1.0, 1)}  # state -> (its probability, ways that lead to it)
    while now:
        later: dict[State, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
        for state, (weight, ways) in now.items():
            following = ruling(state, variant, start)
            if following.action == "stop":
                p_mtd[_mtd_index(following)] += weight
                paths += ways
                continue
            place = following.place
            n[place] += weight * COHORT
            dlts[place] += weight * COHORT * rates[place]
            for chance, after in _cohorts(state, place, rates[place]):
                before = later[after]
                later[after] = (before[0] + weight * chance, before[1] + ways)
        now = later
    return OperatingCharacteristics(
        variant, labels, rates, tuple(p_mtd), sum(n), sum(dlts), tuple(n), tuple(dlts), paths
    )


def _cohorts(state: State, place: int, rate: float) -> list[tuple[float, State]]:
    """The states after three more patients at `place`, by number of DLTs, with the probability of each."""
    found = []
    for dlts in range(COHORT + 1):
        chance = comb(COHORT, dlts) * rate**dlts * (1 - rate) ** (COHORT - dlts)
        tally: Tally = state.tallies[place].plus(COHORT - dlts, dlts)
        found.append((chance, state.put(place, tally)))
    return found


def _mtd_index(ruled: Ruling) -> int:
    return 0 if ruled.mtd is None else ruled.mtd + 1


def _checked(rates: Sequence[float]) -> tuple[float, ...]:
    try:
        checked = tuple(float(rate) for rate in rates)
    except (TypeError, ValueError):
        raise ValueError(f"rates must be numbers from 0 to 1, not {rates!r}") from None
    if not checked:
        raise ValueError("rates must hold one rate a dose, none is given")
    for rate in checked:
        if not 0 <= rate <= 1:
            raise ValueError(f"rates must be numbers from 0 to 1, one is {rate!r}")
    return checked
