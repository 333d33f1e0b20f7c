"""The infused patients as the written history that the 3+3 reads: in which order, at which level, who replaces whom."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache

from clinical.board import Window
from clinical.dlt import ROUNDING
from clinical.escalation import Decision, RuleViolation, decide
from clinical.history import OUTCOMES, Step, parse, written
from clinical.three_plus_three import COHORT, FULL, MOST_DOSES, doses_of
from data.protocol import Protocol

LETTERS = {
    "evaluable_no_dlt": "N",
    "evaluable_dlt": "T",
    "pending": "P",
    "unresolved": "P",
    "not_evaluable": "X",
}


@dataclass(frozen=True)
class Ladder:
    """The dose levels of the protocol as the rule takes them."""

    levels: Mapping[str, int] = field(hash=False)  # cohort -> its level: 1, 2, ... and -1 below the start
    variant: str

    @property
    def rule(self) -> dict[str, object]:
        """The settings of `clinical.escalation.decide`."""
        numbers = self.levels.values()
        return {"doses": max(numbers), "variant": self.variant, "lowest": -1 if -1 in numbers else 1}


def ladder(protocol: Protocol) -> Ladder:
    """ValueError, naming the key of the protocol file, for levels other than 1 to at most 6, with or without -1."""
    levels = {one.id: one.level for one in protocol.dose_levels}
    numbers = sorted(levels.values())
    highest = min(max(numbers, default=1), MOST_DOSES)
    if highest < 1 or tuple(numbers) != doses_of(highest, -1 if -1 in numbers else 1):
        found = ", ".join(map(str, numbers)) or "none"
        raise ValueError(f"cohort.levels: the 3+3 takes levels 1 to at most {MOST_DOSES}, and -1; found {found}")
    return Ladder(levels, protocol.dlt.escalation.variant)


@dataclass(frozen=True)
class Placed:
    """One infused patient in the history. The rule counts at the assigned level, whatever the dose received."""

    usubjid: str
    subjid: str
    cohort: str
    level: int  # assigned
    received: int | None  # highest level whose minimum dose was received; None: below all of them, or not recorded
    dose_fraction: float | None  # received over assigned
    overdosed: bool
    infused: date
    ends: date
    outcome: str  # N, T, P, X
    replaces: str = ""  # usubjid: the earlier patient of the level who is not evaluable
    replaced_by: str = ""


def placed(windows: Iterable[Window], protocol: Protocol) -> tuple[Placed, ...]:
    """The patients by date of infusion. The next one infused at a level takes the place of one to be replaced there."""
    levels = ladder(protocol).levels
    found = [_placed(one, levels[one.cohort], protocol) for one in windows]
    return _replacements(sorted(found, key=lambda one: (one.infused, one.level, one.usubjid)))


def _placed(window: Window, level: int, protocol: Protocol) -> Placed:
    return Placed(
        window.usubjid,
        window.subjid,
        window.cohort,
        level,
        _received(window, protocol),
        window.dose_fraction,
        window.overdosed,
        window.infused,
        window.ends,
        LETTERS[window.state.state],
    )


def _received(window: Window, protocol: Protocol) -> int | None:
    if window.dose_fraction is None:
        return None
    least = protocol.dlt.evaluability.min_dose_fraction
    dose = window.dose_fraction * protocol.level(window.cohort).dose
    enough = [one.level for one in protocol.dose_levels if dose >= one.dose * (least - ROUNDING)]
    return enough[-1] if enough else None


def _replacements(patients: Sequence[Placed]) -> tuple[Placed, ...]:
    to_replace: dict[int, deque[int]] = defaultdict(deque)
    found = list(patients)
    for number, one in enumerate(patients):
        if to_replace[one.level]:
            earlier = to_replace[one.level].popleft()
            found[number] = replace(one, replaces=found[earlier].usubjid)
            found[earlier] = replace(found[earlier], replaced_by=one.usubjid)
        if one.outcome == "X":
            to_replace[one.level].append(number)
    return tuple(found)


def history(patients: Iterable[Placed]) -> str:
    """The history in the notation of `clinical.history`, patients in the order of infusion: "1NNN 2TNX".

    A word is a stay at a level. Who is infused at an earlier level again completes the stay there where it lacks
    results (a replacement, three more after a DLT that came late), as with cohorts side by side; otherwise a stay
    begins, as in de-escalation.
    """
    stays: list[list[Placed]] = []
    now: list[Placed] = []
    for one in patients:
        if not now or now[0].level != one.level:
            now = _stay(stays, one.level)
        now.append(one)
    return " ".join(f"{stay[0].level}{''.join(one.outcome for one in stay)}" for stay in stays)


def _stay(stays: list[list[Placed]], level: int) -> list[Placed]:
    """The stay that a patient infused after those of another level belongs to, a new one where none lacks results."""
    before = [stay for stay in stays if stay[0].level == level]
    if before and _lacks_results(one for stay in before for one in stay):
        return before[-1]
    stays.append([])
    return stays[-1]


def _lacks_results(patients: Iterable[Placed]) -> bool:
    letters = Counter(one.outcome for one in patients if one.outcome != "X")
    planned = {0: COHORT, 1: FULL}.get(letters["T"], 0)
    return letters.total() < planned


@dataclass(frozen=True)
class Known:
    """What the rule says of a history, or, where it refuses it, of the part before the step that breaks it."""

    history: str  # that was decided on
    decision: Decision
    refused: RuleViolation | None = None


def known(text: str, rungs: Ladder) -> Known:
    try:
        return Known(text, decide(text, **rungs.rule))
    except RuleViolation as refused:
        legal = _legal_part(parse(text)[: refused.step], rungs)
        return Known(legal, decide(legal, **rungs.rule), refused)


@lru_cache(maxsize=1024)
def _legal_part(steps: tuple[Step, ...], rungs: Ladder) -> str:
    """Without the last step, which breaks the rule, and of that as many patients as the rule allows, DLTs first."""
    *whole, broken = steps
    letters = "T" * broken.dlts + "N" * broken.no_dlt + "P" * broken.pending + "X" * broken.replaced
    longest = min(len(letters) - 1, FULL) if len(letters) - broken.replaced > FULL else len(letters) - 1
    for length in range(longest, 0, -1):
        counts = Counter(letters[:length])
        part = written([*whole, Step(broken.dose, *(counts[letter] for letter in OUTCOMES))])
        if _is_legal(part, rungs):
            return part
    return written(whole)


def _is_legal(text: str, rungs: Ladder) -> bool:
    try:
        decide(text, **rungs.rule)
    except RuleViolation:
        return False
    return True


def told_on(window: Window) -> date | None:
    """The first day on which the result of a window was known; None where it is not.

    A DLT from the day it began; no DLT from the day after the window; who is to be replaced from the infusion where the
    dose was low, else from the day off study.
    """
    letter, values = LETTERS[window.state.state], window.state.values
    if letter == "P":
        return None
    if letter == "N":
        return window.ends + timedelta(days=1)
    if letter == "T":
        return window.ends if window.dlt_day is None else window.infused + timedelta(days=window.dlt_day)
    if window.state.code == "dose_low":
        return window.infused
    # "12", or "3 to 5" where the date is partial: then known on the last.
    last = str(values["off_study"]).split()[-1] if "off_study" in values else None
    return window.ends if last is None else window.infused + timedelta(days=int(last))


def as_known_on(day: date, patients: Iterable[Placed], told: Mapping[str, date | None]) -> list[Placed]:
    """The patients with the results that were known on the day; the others are pending. told: `told_on` by usubjid."""
    return [one if told[one.usubjid] and told[one.usubjid] <= day else _pending(one) for one in patients]


@lru_cache(maxsize=4096)
def _pending(one: Placed) -> Placed:
    return replace(one, outcome="P")
