"""Infusions and lymphodepletions that the 3+3 did not allow on their day, judged by what was known then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import pandas as pd

from clinical.board import Window
from clinical.escalation import Decision
from clinical.sentence import filled
from clinical.three_plus_three import COHORT
from clinical.trial_history import Ladder, Placed, as_known_on, history, known, ladder, placed, told_on
from data.protocol import Protocol

# One sentence a code; the rule's own sentence of that day follows. A translation has the same keys and placeholders.
ENGLISH = {
    "infusion_wait": "{subjid} was infused at level {level} on {on} while the rule waited: {rule}",
    "infusion_stop": "{subjid} was infused at level {level} on {on} after the rule had stopped the trial: {rule}",
    "infusion_level": "{subjid} was infused at level {level} on {on}, which was not open: {rule}",
    "lymphodepletion_wait": "{subjid} began lymphodepletion for level {level} on {on} without a slot: {rule}",
    "lymphodepletion_stop": "{subjid} began lymphodepletion for level {level} on {on} after the stop: {rule}",
    "lymphodepletion_level": "{subjid} began lymphodepletion for level {level} on {on}, which was not open: {rule}",
    "lymphodepletion_taken": "{subjid} began lymphodepletion for level {level} on {on}; {taken} patients in "
    "lymphodepletion held every slot: {rule}",
}


@dataclass(frozen=True)
class NotAllowed:
    """`decision`: what the rule said on that day."""

    code: str  # a key of ENGLISH
    usubjid: str
    subjid: str
    cohort: str
    level: int
    on: date
    known: str  # the history as it was known
    decision: Decision
    taken: int = 0  # slots held by others in lymphodepletion

    def say(self, sentences: Mapping[str, str], rule_sentences: Mapping[str, str]) -> str:
        """sentences: as ENGLISH; rule_sentences: as `clinical.escalation.ENGLISH`."""
        rule = self.decision.say(rule_sentences)
        values = {"subjid": self.subjid, "level": self.level, "on": self.on, "taken": self.taken, "rule": rule}
        return filled(sentences[self.code], values)


@dataclass(frozen=True)
class Lymphodepleted:
    """Somebody assigned to a level whose lymphodepletion has begun."""

    usubjid: str
    subjid: str
    cohort: str
    began: date
    infused: date | None
    left: date | None  # off study before an infusion

    def holds_a_slot(self, day: date) -> bool:
        """In lymphodepletion on the day, for an infusion to come."""
        gone = self.infused or self.left
        return self.began <= day and (gone is None or gone > day)


def not_allowed(
    windows: Iterable[Window], subjects: pd.DataFrame, protocol: Protocol, cutoff: datetime
) -> tuple[NotAllowed, ...]:
    """Every infusion, and every lymphodepletion begun, without an open slot on its day, by date.

    On a day an earlier patient's result is known as `trial_history.told_on` says, and pending before. A slot is a place
    that the rule leaves at the level, less those held by patients whose lymphodepletion began earlier. subjects: as
    `queries.subjects`, also of those not infused.
    """
    windows, rungs = tuple(windows), ladder(protocol)
    told = {one.usubjid: told_on(one) for one in windows}
    patients = placed(windows, protocol)
    found = [_infusion(place, patients, told, rungs) for place in range(len(patients))]
    begun = lymphodepleted(subjects, rungs, cutoff)
    found += [_lymphodepletion(one, begun, patients, told, rungs) for one in begun]
    return tuple(sorted(filter(None, found), key=lambda one: (one.on, one.usubjid, one.code)))


def lymphodepleted(subjects: pd.DataFrame, rungs: Ladder, cutoff: datetime) -> tuple[Lymphodepleted, ...]:
    """Who has begun lymphodepletion for a dose level by the cut-off, by date."""
    rows = subjects[(subjects["lymphodepletion"] <= cutoff) & subjects["cohort"].isin(list(rungs.levels))]
    found = [
        Lymphodepleted(row.usubjid, row.subjid, row.cohort, row.lymphodepletion.date(), *_ended(row, cutoff))
        for row in rows.itertuples()
    ]
    return tuple(sorted(found, key=lambda one: (one.began, one.usubjid)))


def _ended(row, cutoff: datetime) -> tuple[date | None, date | None]:
    dates = (None if pd.isna(one) or one > cutoff else one.date() for one in (row.day0, row.off_study))
    return tuple(dates)


def _infusion(place: int, patients: tuple[Placed, ...], told, rungs: Ladder) -> NotAllowed | None:
    one = patients[place]
    text = history(as_known_on(one.infused, patients[:place], told))
    decision = known(text, rungs).decision
    why = _forbids(decision, one.level)
    if not why:
        return None
    return NotAllowed(f"infusion_{why}", one.usubjid, one.subjid, one.cohort, one.level, one.infused, text, decision)


def _lymphodepletion(
    one: Lymphodepleted, begun: tuple[Lymphodepleted, ...], patients: tuple[Placed, ...], told, rungs: Ladder
) -> NotAllowed | None:
    level = rungs.levels[one.cohort]
    before = [other for other in patients if other.infused <= one.began and other.usubjid != one.usubjid]
    text = history(as_known_on(one.began, before, told))
    decision = known(text, rungs).decision
    earlier = begun[: begun.index(one)]
    taken = sum(other.cohort == one.cohort and other.holds_a_slot(one.began) for other in earlier)
    why = _forbids(decision, level) or ("taken" if _places(decision) <= taken else "")
    if not why:
        return None
    found = NotAllowed(f"lymphodepletion_{why}", one.usubjid, one.subjid, one.cohort, level, one.began, text, decision)
    return replace(found, taken=taken)


def _forbids(decision: Decision, level: int) -> str:
    if _is_cautious(decision) and _counts(decision, "at") == level:
        return ""
    if decision.action in ("wait", "stop"):
        return decision.action
    return "" if decision.dose == level else "level"


def _is_cautious(decision: Decision) -> bool:
    """To wait with the rest of a first cohort that has a DLT is this program's advice; the 3+3 lets it be filled, so
    that who filled it has broken no rule."""
    return decision.action == "wait" and decision.rule == "cohort"


def _places(decision: Decision) -> int:
    if _is_cautious(decision):
        return COHORT - _counts(decision, "evaluable") - _counts(decision, "pending")
    return decision.room


def _counts(decision: Decision, name: str) -> int:
    return decision.values[name]  # noqa: PD011 - of the decision, no frame
