"""3+3 dose escalation: what a written history allows next, what it may allow some results later, and what it does on
average. The names to import; the rule itself is in `clinical.three_plus_three`."""

from dataclasses import dataclass, replace

import pandas as pd

from clinical.characteristics import OperatingCharacteristics, operating_characteristics
from clinical.decision import ENGLISH, Decision, decide, decision_on
from clinical.following import VIOLATIONS, RuleViolation, follow
from clinical.history import Step, parse, written
from clinical.three_plus_three import (
    CLAUSES,
    COHORT,
    FULL,
    START,
    VARIANTS,
    Ruling,
    State,
    check_variant,
    doses_of,
    ruling,
)

__all__ = [
    "CLAUSES",
    "ENGLISH",
    "VARIANTS",
    "VIOLATIONS",
    "Branch",
    "Decision",
    "OperatingCharacteristics",
    "RuleViolation",
    "Standing",
    "Tree",
    "decide",
    "operating_characteristics",
    "standings",
    "tree",
    "what_if",
]


def what_if(history: str, *, doses: int = 3, variant: str = "six_at_mtd", lowest: int = 1) -> pd.DataFrame:
    """The decision for each number of DLTs among the pending: `dlts, action, dose, mtd`, one row each, from 0 up.

    dose and mtd are labels, None where there is none. Where results are also pending at an exceeded dose, which decide
    nothing, DLTs fall on the patients who matter first: the worst case. One row where nothing is pending.
    `.attrs["locked"]` is true when all rows agree: then `decide` says the same now, and under every completion.
    Errors as `decide`.
    """
    labels = doses_of(doses, lowest)
    check_variant(variant)
    state = follow(parse(history), labels, variant)
    decided = [
        decision_on(one, ruling(one, variant, labels.index(START)), labels, variant)
        for one in (state.completions() if state.at is not None else [state])
    ]
    total = sum(one.pending for one in state.tallies)
    decided += decided[-1:] * (total + 1 - len(decided))
    rows = [(one.action, one.dose, one.mtd) for one in decided]
    frame = pd.DataFrame(
        {
            "dlts": range(total + 1),
            "action": [row[0] for row in rows],
            "dose": pd.Series([row[1] for row in rows], dtype=object),
            "mtd": pd.Series([row[2] for row in rows], dtype=object),
        }
    )
    frame.attrs["locked"] = len(set(rows)) == 1
    return frame


# ---- some steps ahead ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Tree:
    """A decision and what can follow it: a branch for each number of DLTs in the results that come next."""

    history: str
    decision: Decision
    branches: tuple["Branch", ...] = ()  # empty at a stop and at the depth asked for


@dataclass(frozen=True)
class Branch:
    """`dlts` DLTs in the `of` results that come next: those pending, and the places that may be filled."""

    dlts: int
    of: int
    then: Tree


def tree(history: str, depth: int = 2, *, doses: int = 3, variant: str = "six_at_mtd", lowest: int = 1) -> Tree:
    """The decision now and `depth` sets of results ahead, as if each cohort were completed and evaluable.

    The next results are those pending at the dose last infused and those of the patients who may be infused before the
    next decision. Results pending at an exceeded dose stay pending. Errors as `decide`, and for a depth below 0.
    """
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 0:
        raise ValueError(f"depth must be an integer from 0, not {depth!r}")
    decision = decide(history, doses=doses, variant=variant, lowest=lowest)
    if depth == 0 or decision.stopped:
        return Tree(history, decision)
    branches = [
        Branch(dlts, of, tree(after, depth - 1, doses=doses, variant=variant, lowest=lowest))
        for dlts, of, after in _next_results(history, decision)
    ]
    return Tree(history, decision, tuple(branches))


def _next_results(history: str, decision: Decision) -> list[tuple[int, int, str]]:
    """(DLTs, results, the history with them) for each number of DLTs in the next results."""
    steps = list(parse(history))
    pending = 0
    if steps and steps[-1].dose not in decision.exceeded:
        # The current dose may be spread over several words; they become one, in which order does not matter.
        last = steps.pop()
        while steps and steps[-1].dose == last.dose:
            last = _joined(steps.pop(), last)
        pending = last.pending
        steps.append(replace(last, pending=0))
    if not pending and decision.action != "enrol":
        steps.append(Step(decision.dose))
    results = pending + decision.room
    return [
        (dlts, results, written([*steps[:-1], _with_results(steps[-1], results, dlts)])) for dlts in range(results + 1)
    ]


def _joined(first: Step, second: Step) -> Step:
    return Step(
        first.dose,
        first.no_dlt + second.no_dlt,
        first.dlts + second.dlts,
        first.pending + second.pending,
        first.replaced + second.replaced,
    )


def _with_results(step: Step, results: int, dlts: int) -> Step:
    return replace(step, no_dlt=step.no_dlt + results - dlts, dlts=step.dlts + dlts)


# ---- the doses, one by one -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Standing:
    """One dose: its patients by state, and where it stands. `planned` counts patients with a result, 3 or 6."""

    dose: int
    evaluable: int
    dlts: int
    pending: int
    replaced: int
    state: str  # not_opened, open, expanding, cleared, exceeded
    planned: int


def standings(history: str, *, doses: int = 3, variant: str = "six_at_mtd", lowest: int = 1) -> tuple[Standing, ...]:
    """Where each dose stands, lowest first. Errors as `decide`.

    exceeded: 2 or more DLTs. not_opened: nobody infused. expanding: more patients are due here beyond the first three,
    or some are infused and not all of six have a result. open: the first cohort is not settled. cleared: all else.
    """
    labels = doses_of(doses, lowest)
    check_variant(variant)
    steps = parse(history)
    state = follow(steps, labels, variant)
    allowed = ruling(state, variant, labels.index(START))
    return tuple(
        _standing(place, label, state, allowed, [step for step in steps if step.dose == label])
        for place, label in enumerate(labels)
    )


def _standing(place: int, dose: int, state: State, allowed: Ruling, steps: list[Step]) -> Standing:
    tally = state.tallies[place]
    grows = tally.infused > COHORT or (allowed.place == place and tally.infused == COHORT)
    if tally.exceeded:
        name = "exceeded"
    elif not steps:
        name = "not_opened"
    elif allowed.place == place or tally.pending:
        name = "expanding" if grows else "open"
    else:
        name = "cleared"
    replaced = sum(step.replaced for step in steps)
    return Standing(dose, tally.evaluable, tally.dlts, tally.pending, replaced, name, FULL if grows else COHORT)
