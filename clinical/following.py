"""Following a written history step by step, and naming the first step that the 3+3 does not allow."""

from collections.abc import Iterable

from clinical.history import Step
from clinical.three_plus_three import COHORT, FULL, START, Ruling, State, Tally, nobody_yet, ruling

# How a history breaks the rule; a translation has the same keys and placeholders.
VIOLATIONS = {
    "unknown_dose": "level {dose} is not one of the trial's: {doses}",
    "not_the_start": "the trial starts at level 1, not at level {dose}",
    "skipped": "level {expected} was skipped on the way from level {last} to level {dose}",
    "repeated": "level {dose} was repeated after 0/3, which does not ask for more patients there",
    "outgrown": "level {dose} has its {full} patients and grew past them",
    "exceeded": "level {dose} had {dlts} DLTs and takes no more patients",
    "above_exceeded": "level {dose} was opened after {dlts} DLTs at level {last}",
    "pending": "level {dose} took a patient while results at level {last} that decide it are pending ({pending})",
    "unfinished": "level {dose} was opened with {evaluable} of {size} patients with a result at level {last}",
    "expansion_due": "level {dose} was opened at {dlts}/{evaluable} at level {last}, which needs {size} patients first",
    "down": "level {dose} took patients again without 2 DLTs at level {last}",
    "stopped": "level {dose} took a patient after the rule had stopped the trial",
}


class RuleViolation(ValueError):
    """A history that the rule does not allow: `step` (1 = first word), its `word`, a `code` of VIOLATIONS, `values`."""

    def __init__(self, step: int, word: str, code: str, values: dict[str, object]):
        super().__init__(f'step {step} ("{word}"): {VIOLATIONS[code].format(**values)}')
        self.step, self.word, self.code, self.values = step, word, code, values


def follow(steps: Iterable[Step], labels: tuple[int, ...], variant: str) -> State:
    """The state after the steps. RuleViolation, naming the step, at the first that the rule does not allow.

    A word of the history says who was infused, not when each result came. So a place in a cohort may always be filled,
    and a word longer than the cohort's places is allowed where some order of its patients is. Between words the rule
    is asked.
    """
    state = nobody_yet(labels)
    for number, step in enumerate(steps, start=1):
        state = _infuse(state, number, step, labels, variant)
    return state


def _infuse(state: State, number: int, step: Step, labels: tuple[int, ...], variant: str) -> State:
    if step.dose not in labels:
        values = {"dose": step.dose, "doses": ", ".join(map(str, labels))}
        raise RuleViolation(number, step.text or str(step), "unknown_dose", values)
    place, start = labels.index(step.dose), labels.index(START)
    left = [step.no_dlt, step.dlts, step.pending]
    while True:
        allowed = ruling(state, variant, start)
        if allowed.place != place and not _completes_a_cohort(state, place):
            code, cause = _breach(state, place, allowed)
            raise RuleViolation(number, step.text or str(step), code, _said(state, place, cause, labels))
        before = state.tallies[place]
        cohort = _next_cohort(before, left)
        state = state.put(place, before.plus(*cohort))
        left = [count - taken for count, taken in zip(left, cohort, strict=True)]
        if not any(left):
            return state


def _completes_a_cohort(state: State, place: int) -> bool:
    """Allowed also where the rule waits now: the patient may have been infused before the DLT was known."""
    return place == state.at and not state.here.exceeded and state.here.room > 0


def _next_cohort(before: Tally, left: list[int]) -> tuple[int, int, int]:
    """(no DLT, DLT, pending) who fill the cohort's places, all of them where they fit.

    Where more follow, exactly one DLT in the first three and no result pending is what allows most after it.
    """
    places = before.room or COHORT
    if sum(left) <= places:
        return tuple(left)
    first_dlt = min(left[1], int(before.dlts == 0))
    no_dlt = min(left[0], places - first_dlt)
    pending = min(left[2], places - first_dlt - no_dlt)
    return no_dlt, places - no_dlt - pending, pending


def _breach(state: State, place: int, allowed: Ruling) -> tuple[str, int | None]:
    """The key of VIOLATIONS for an infusion at `place`, and the place that forbids it."""
    at = state.at
    if at is None:
        return "not_the_start", None
    if state.tallies[place].exceeded:
        return "exceeded", place
    too_toxic_below = [number for number, one in enumerate(state.tallies[:place]) if one.exceeded]
    if too_toxic_below:
        return "above_exceeded", too_toxic_below[-1]
    if place < at:
        if allowed.action == "stop":
            return "stopped", at
        return ("skipped" if state.here.exceeded else "down"), at
    if place > at + 1:
        return "skipped", at
    if place == at:
        return ("pending" if state.here.pending else "outgrown" if state.here.evaluable >= FULL else "repeated"), at
    if state.here.room:
        return "unfinished", at
    return ("pending" if state.here.pending else "expansion_due"), at


def _said(state: State, place: int, cause: int | None, labels: tuple[int, ...]) -> dict[str, object]:
    """What the sentences of VIOLATIONS need."""
    values: dict[str, object] = {"dose": labels[place], "full": FULL}
    if cause is None:
        return values
    forbids = state.tallies[cause]
    skipped = cause + (1 if place > cause else -1)
    return values | {
        "last": labels[cause],
        "expected": labels[max(skipped, 0)],
        "dlts": forbids.dlts,
        "evaluable": forbids.evaluable,
        "pending": forbids.pending,
        "size": COHORT if forbids.infused < COHORT else FULL,
    }
