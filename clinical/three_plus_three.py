"""The 3+3 rule itself: from the counts at each dose to the one thing it allows next, in each of three variants."""

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

COHORT, FULL = 3, 6  # patients with a result: the first cohort at a dose, and the most that a dose takes
TOO_MANY = 2  # DLTs that exceed a dose
MOST_DOSES = 6
START = 1  # the label of the dose where the trial starts
VARIANTS = ("no_deescalation", "deescalation", "six_at_mtd")

# The rule in its own words; a key of CLAUSES is the `rule` of a Ruling. A translation has the same keys.
CLAUSES = {
    "start": "start at dose 1",
    "cohort": "cohorts of three; the 2nd DLT exceeds the dose, finished cohort or not",
    "all_results": "a decision needs every result that can change it",
    "none_of_three": "0/3: one dose up",
    "one_of_three": "1/3: three more at the same dose",
    "one_of_six": "1/6 or fewer: one dose up",
    "too_toxic_stops": "2 or more DLTs stop the trial: MTD = the next lower dose, even if only 3 were treated there",
    "too_toxic_down": "2 or more DLTs send the trial one dose down, which is expanded to 6 unless it has 6",
    "below_start": "2 or more DLTs at dose 1: the level below, where nobody was treated, is opened",
    "lowest_too_toxic": "2 or more DLTs at the lowest dose: no dose is tolerable",
    "six_below_exceeded": "the dose below an exceeded one is expanded to 6",
    "mtd_of_three": "MTD = the dose below the exceeded one, on 3 patients",
    "mtd_of_six": "MTD = the highest dose with 6 patients and at most 1 DLT",
    "top_of_three": "0/3 at the top dose: stop, the highest dose tested is tolerated",
    "top_to_six": "0/3 at the top dose is expanded too: what is declared rests on 6 patients with at most 1 DLT",
    "top_of_six": "at most 1/6 at the top dose: stop, the highest dose tested is tolerated",
}


@dataclass(frozen=True)
class Tally:
    """Patients at one dose, those to be replaced left out."""

    evaluable: int = 0
    dlts: int = 0
    pending: int = 0

    @property
    def infused(self) -> int:
        return self.evaluable + self.pending

    @property
    def exceeded(self) -> bool:
        return self.dlts >= TOO_MANY

    @property
    def room(self) -> int:
        """Places left in the cohort that is being filled."""
        return (COHORT if self.infused <= COHORT else FULL) - self.infused

    def plus(self, no_dlt: int, dlts: int, pending: int = 0) -> "Tally":
        return Tally(self.evaluable + no_dlt + dlts, self.dlts + dlts, self.pending + pending)

    def resolved(self, dlts: int) -> "Tally":
        """The same patients with `dlts` DLTs among the pending, no DLT in the others."""
        return Tally(self.infused, self.dlts + dlts)


@dataclass(frozen=True)
class State:
    """Where the trial is: a tally a dose, lowest first, and the place of the dose last infused (None: nobody yet)."""

    tallies: tuple[Tally, ...]
    at: int | None = None

    @property
    def here(self) -> Tally:
        return self.tallies[self.at]

    def put(self, place: int, tally: Tally) -> "State":
        return State((*self.tallies[:place], tally, *self.tallies[place + 1 :]), place)

    def completions(self) -> Iterator["State"]:
        """By number of DLTs among the pending at the dose last infused; results pending elsewhere decide nothing."""
        for dlts in range(self.here.pending + 1):
            yield self.put(self.at, self.here.resolved(dlts))


@dataclass(frozen=True)
class Ruling:
    """What the rule allows next. `place` of the next patients; `mtd` a place too; `rule` a key of CLAUSES."""

    action: str  # start, enrol, wait, escalate, expand, deescalate, stop
    rule: str
    place: int | None = None
    mtd: int | None = None
    mtd_status: str = "open"  # established, not reached, none tolerable
    regardless: bool = field(default=False, compare=False)  # of the pending results: none of them can change it

    @property
    def advice(self) -> tuple:
        return self.action, self.place, self.mtd, self.mtd_status


def doses_of(doses: int, lowest: int) -> tuple[int, ...]:
    """The dose labels, lowest first: 1 to `doses`, with -1 before them where `lowest` is -1 (there is no level 0)."""
    if lowest not in (1, -1):
        raise ValueError(f"lowest must be 1 or -1, not {lowest!r}")
    try:
        highest = operator.index(doses)
    except TypeError:
        raise ValueError(f"doses must be an integer, not {doses!r}") from None
    if not 1 <= highest <= MOST_DOSES:
        raise ValueError(f"doses must be from 1 to {MOST_DOSES}, not {doses!r}")
    return (-1,) * (lowest == -1) + tuple(range(1, highest + 1))


def check_variant(variant: str) -> None:
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, not {variant!r}")


def nobody_yet(labels: tuple[int, ...]) -> State:
    return State((Tally(),) * len(labels))


# ---- the rule --------------------------------------------------------------------------------------------------------
def ruling(state: State, variant: str, start: int) -> Ruling:
    """The one thing the rule allows next. start: the place of dose 1.

    Results pending at the dose last infused: nothing waits for them while the cohort has places, with one exception.
    A first cohort with a DLT and a result pending waits before the next infusion: that result alone may exceed the
    dose. (The three after 1/3 were added knowing of the DLT; they follow at the pace of the sentinel gap.) A full
    cohort waits, unless every completion of the pending results gives the same advice.
    """
    if state.at is None:
        return Ruling("start", "start", start)
    here = state.here
    if here.exceeded or not here.pending:
        return _with_all_results(state, variant, start)
    if here.room:
        waits = here.infused < COHORT and here.dlts == TOO_MANY - 1
        return Ruling("wait", "cohort") if waits else Ruling("enrol", "cohort", state.at)
    first, *others = (_with_all_results(one, variant, start) for one in state.completions())
    if all(other.advice == first.advice for other in others):
        return replace(first, regardless=True)
    return Ruling("wait", "all_results")


def _with_all_results(state: State, variant: str, start: int) -> Ruling:
    at, here = state.at, state.here
    if here.exceeded:
        return _too_toxic(state, variant, start)
    if here.evaluable not in (COHORT, FULL):
        return Ruling("enrol", "cohort", at)
    if here.evaluable == COHORT and here.dlts:
        return Ruling("expand", "one_of_three", at)
    if at + 1 == len(state.tallies):
        return _at_the_top(at, here, variant)
    if state.tallies[at + 1].exceeded:
        return _below_exceeded(at, here, variant)
    return Ruling("escalate", "one_of_six" if here.evaluable == FULL else "none_of_three", at + 1)


def _at_the_top(at: int, here: Tally, variant: str) -> Ruling:
    """0/3 or at most 1/6 at the top dose. Nothing above was tested, so that the MTD is not reached."""
    if here.evaluable == FULL:
        return Ruling("stop", "top_of_six", mtd=at, mtd_status="not reached")
    if variant == "six_at_mtd":
        return Ruling("expand", "top_to_six", at)
    return Ruling("stop", "top_of_three", mtd=at, mtd_status="not reached")


def _below_exceeded(at: int, here: Tally, variant: str) -> Ruling:
    """0/3 or at most 1/6 at the dose below an exceeded one."""
    if here.evaluable == FULL:
        return Ruling("stop", "mtd_of_six", mtd=at, mtd_status="established")
    if variant == "no_deescalation":
        return Ruling("stop", "mtd_of_three", mtd=at, mtd_status="established")
    return Ruling("expand", "six_below_exceeded", at)


def _too_toxic(state: State, variant: str, start: int) -> Ruling:
    below = state.at - 1
    if below < 0:
        return Ruling("stop", "lowest_too_toxic", mtd_status="none tolerable")
    if below < start:
        return Ruling("deescalate", "below_start", below)
    if variant == "no_deescalation":
        return Ruling("stop", "too_toxic_stops", mtd=below, mtd_status="established")
    if state.tallies[below].evaluable == FULL:
        return Ruling("stop", "mtd_of_six", mtd=below, mtd_status="established")
    return Ruling("deescalate", "too_toxic_down", below)
