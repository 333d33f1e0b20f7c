"""What the 3+3 advises on the Board's patients, what may still change it, and when the next infusion can be."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import product
from types import MappingProxyType

import pandas as pd

from clinical.board import Window, off_study
from clinical.dlt import window_state
from clinical.escalation import Decision, RuleViolation, Tree, tree, what_if
from clinical.infusion_rules import Lymphodepleted, lymphodepleted
from clinical.pauses import Pause
from clinical.sentence import Sentence
from clinical.three_plus_three import COHORT, FULL, START
from clinical.trial_history import LETTERS, Known, Ladder, Placed, history, known, ladder, placed
from data.protocol import Protocol
from data.protocol_escalation import Dlt

# One sentence a code; {breach} is a sentence of `clinical.escalation.VIOLATIONS`. A translation has the same keys and
# placeholders.
ENGLISH = {
    "hold": "HOLD new infusions and lymphodepletion: level {level} is now {dlts}/{evaluable} while level {open} is "
    "open",
    "hold_pending": "HOLD new infusions and lymphodepletion: level {level} is now {dlts}/{evaluable} with {pending} "
    "pending while level {open} is open",
    "hold_breach": "HOLD new infusions and lymphodepletion: the history at level {level} breaks the rule",
    "candidate": "advice withheld: 1 candidate unadjudicated",
    "candidates": "advice withheld: {number} candidates unadjudicated",
    "dose_unknown": "advice withheld: dose received not recorded ({patients})",
    "undecidable": "advice withheld: dates too vague to tell a result ({patients})",
    "disagreement": "advice withheld: the adjudications of the files and of this system differ ({patients})",
    "without_window": "advice withheld: a DLT of who is not infused at a dose level in this cut ({patients})",
    "stale": "advice withheld: the data are {days} days old, the limit is {limit}",
    "unreadable": "advice withheld: what people adjudicated cannot be read",
    "pause_unclear": "advice withheld: {number} pause rules cannot be told",
    "sizes": "advice withheld: the protocol file has cohorts of {cohort} and {expanded}, this rule {size} and {full}",
    "hypothetical": "hypothetical: as if {patients}",
    "ignored": "not pending, left as in the data: {patients}",
    # when the decision falls
    "decision_on": "earliest decision {on}, when the window of {patients} ends without DLT",
    "decision_after_verdict": "earliest decision {on}, once {patients} is adjudicated or complete without DLT",
    "decision_locked": "no pending result can change the advice",
    "decision_ready": "no result is awaited",
    "decision_unfinished": "the next decision needs the cohort filled: {slots} more to infuse at level {level}",
    "decision_hold": "no date while the trial is on hold",
    "decision_pause": "no date before the committee's review",
    "decision_stop": "the escalation has ended",
    # when the next infusion can be
    "infusion_open": "earliest infusion at level {level} {on}, lymphodepletion from {from_}; {slots} to infuse "
    "before the next decision",
    "infusion_taken": "earliest infusion at level {level} {on}, of {patients} in lymphodepletion; no slot is free",
    "infusion_next": "earliest infusion at level {level} {on}, of {patients} in lymphodepletion; next lymphodepletion "
    "from {from_}",
    "infusion_after_decision": "earliest infusion at level {level} {on}, lymphodepletion from {from_}, both only after "
    "that decision and without a DLT until then",
    "infusion_nobody": "nobody waits for an infusion at level {level}; it would be possible from {on}",
    "infusion_hold": "no infusion and no lymphodepletion while the trial is on hold",
    "infusion_pause": "no infusion and no lymphodepletion before the committee's review",
    "infusion_stop": "no further infusion",
}

MOST_COMBINED = 3  # open candidates of which every combination is shown; of more only the worst and the best

_NOTHING: Mapping[str, str] = MappingProxyType({})
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Counts:
    """The patients of one level as the decision counts them, tuples of usubjid in the order of infusion."""

    level: int
    no_dlt: tuple[str, ...] = ()
    dlts: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()

    @property
    def evaluable(self) -> int:
        return len(self.no_dlt) + len(self.dlts)


@dataclass(frozen=True)
class Hold:
    """The rule refuses the history: a result changed what had been decided on, or an infusion was not allowed."""

    level: int  # whose results are at issue
    open: int  # the level that took patients all the same
    counts: tuple[Counts, ...]  # what is known, at every level, lowest first
    affected: tuple[str, ...]  # pending at, waiting or in lymphodepletion for what is open
    history: str  # the part that the rule allows
    ruled: Decision  # what it says of it
    breach: RuleViolation

    @property
    def sentence(self) -> Sentence:
        here = next(one for one in self.counts if one.level == self.level)
        values = {"level": self.level, "open": self.open, "dlts": len(here.dlts), "evaluable": here.evaluable}
        values["pending"] = len(here.pending)
        if self.open <= self.level:
            return Sentence("hold_breach", values)
        return Sentence("hold_pending" if here.pending else "hold", values)


@dataclass(frozen=True)
class Case:
    """The advice if these open candidates are DLTs and the others are not. Under a hold there is no decision."""

    dlts: tuple[str, ...]  # usubjid
    history: str
    decision: Decision | None
    hold: Hold | None = None


@dataclass(frozen=True)
class When:
    """Earliest dates if no DLT happens; none before the day after the cut-off. Why one is None: its code."""

    decision_code: str  # decision_... of ENGLISH
    infusion_code: str  # infusion_... of ENGLISH
    decision: date | None = None  # the first day on which the results that come later can no longer change it
    waits_for: tuple[str, ...] = ()  # whose window ends then
    then: Decision | None = None  # what the rule says on that day
    level: int | None = None  # of the next infusion
    infusion: date | None = None
    lymphodepletion: date | None = None  # of a patient who has not begun it
    blocked_by: tuple[str, ...] = ()  # whose result or observation keeps the infusion from the day after the cut-off
    slots: int = 0  # that may be filled now, before the next decision
    taken: tuple[str, ...] = ()  # in lymphodepletion for them
    waiting: tuple[str, ...] = ()  # not infused, assigned to the level


@dataclass(frozen=True)
class Advice:
    history: str
    decision: Decision | None  # None under a hold: then see `hold.ruled`
    counted: Counts  # at the level at issue
    locked: bool  # no pending result can change the decision
    hold: Hold | None
    withheld: tuple[Sentence, ...]
    cases: tuple[Case, ...]  # one for each way open candidates can turn out; empty without
    when: When
    branches: Tree | None  # two steps ahead; None under a hold
    patients: tuple[Placed, ...]
    pauses: tuple[Pause, ...] = ()  # that are met
    assumed: Mapping[str, str] = field(
        default_factory=dict, hash=False
    )  # of what was asked, what changed a pending result
    ignored: tuple[str, ...] = ()  # asked about, but not pending or not known
    subjids: Mapping[str, str] = field(default_factory=dict, hash=False)  # by usubjid, for the sentences

    @property
    def hypothetical(self) -> bool:
        return bool(self.assumed)

    @property
    def stands(self) -> str:
        """What stands at the head of the panel: pause, hold, withheld or advice."""
        found = {"pause": self.pauses, "hold": self.hold, "withheld": self.withheld}
        return next((name for name, there in found.items() if there), "advice")

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All but the decision, the hold's breach and the pauses, which say themselves; the gravest first."""
        said = [self.hold.sentence] if self.hold else []
        said += self.withheld
        if self.assumed:
            said.append(Sentence("hypothetical", {"patients": ", ".join(self._assumptions())}))
        if self.ignored:
            said.append(Sentence("ignored", {"patients": self._named(self.ignored)}))
        return (*said, self._decision_sentence(), self._infusion_sentence())

    def _named(self, people: Iterable[str]) -> str:
        return ", ".join(self.subjids.get(one, one) for one in people)

    def _assumptions(self) -> Iterable[str]:
        return (f"{self._named([who])} = {letter}" for who, letter in self.assumed.items())

    def _decision_sentence(self) -> Sentence:
        when = self.when
        values = {"on": when.decision, "patients": self._named(when.waits_for), "slots": when.slots}
        return Sentence(when.decision_code, values | {"level": when.level})

    def _infusion_sentence(self) -> Sentence:
        when = self.when
        values = {"level": when.level, "on": when.infusion, "from_": when.lymphodepletion, "slots": when.slots}
        return Sentence(when.infusion_code, values | {"patients": self._named(when.taken)})


def advise(
    windows: Iterable[Window],
    subjects: pd.DataFrame,
    protocol: Protocol,
    cutoff: datetime,
    *,
    assumed: Mapping[str, str] = _NOTHING,
    pauses: Iterable[Pause] = (),
    disagreements: Collection[str] = (),
    doubts: Iterable[Sentence] = (),
) -> Advice:
    """The advice at the cut-off, for any windows: where the rule refuses the history the advice is a hold.

    windows: `clinical.board.Board.windows`. subjects: as `queries.subjects`, those who wait included. assumed: "N" or
    "T" by usubjid for patients who are pending, the what-if; an open candidate counted as a DLT makes its patient "T".
    pauses: `clinical.pauses.pauses`. disagreements: usubjid of patients about whom two adjudications differ. doubts:
    what else withholds the advice, and only the caller knows: stale data, adjudications that cannot be read.

    An open candidate, an unknown dose, dates too vague to tell, or a disagreement withholds the advice, which is given
    all the same. Results that come on the same day are one. A slot is open before lymphodepletion begins, so that a
    patient who has not begun it is infused no sooner than the planned interval after the slot opens.

    ValueError: an assumed result other than N or T, or a protocol whose levels the rule does not take.
    """
    windows, rungs = tuple(windows), ladder(protocol)
    patients, applied, ignored = _assume(placed(windows, protocol), assumed)
    trial = _Trial(protocol, rungs, subjects, cutoff)
    said = known(history(patients), rungs)
    hold = trial.hold(patients, said)
    met = tuple(one for one in pauses if one.state == "met")
    open_windows = [one for one in windows if one.usubjid not in applied]
    unclear = sum(one.state == "cannot_tell" for one in pauses)
    return Advice(
        history=history(patients),
        decision=None if hold else said.decision,
        counted=_counts(patients, hold.level if hold else _at(patients, said)),
        locked=not hold and _locked(patients, rungs),
        hold=hold,
        withheld=(*_withheld(open_windows, protocol.dlt, disagreements, unclear), *doubts),
        cases=tuple(_cases(open_windows, patients, trial)),
        when=trial.when(patients, said, bool(hold), bool(met), _unresolved(open_windows)),
        branches=None if hold else tree(said.history, 2, **rungs.rule),
        patients=patients,
        pauses=met,
        assumed=applied,
        ignored=ignored,
        subjids=dict(zip(subjects["usubjid"], subjects["subjid"], strict=True)),
    )


def _assume(
    patients: tuple[Placed, ...], assumed: Mapping[str, str]
) -> tuple[tuple[Placed, ...], Mapping[str, str], tuple[str, ...]]:
    wrong = {one for one in assumed.values() if one not in ("N", "T")}
    if wrong:
        raise ValueError(f"assumed must say N or T for a patient, not {', '.join(map(repr, sorted(map(str, wrong))))}")
    pending = {one.usubjid for one in patients if one.outcome == "P"}
    applied = {who: letter for who, letter in assumed.items() if who in pending}
    ignored = tuple(who for who in assumed if who not in pending)
    return _with(patients, applied), applied, ignored


def _with(patients: Iterable[Placed], letters: Mapping[str, str]) -> tuple[Placed, ...]:
    return tuple(replace(one, outcome=letters.get(one.usubjid, one.outcome)) for one in patients)


def _at(patients: tuple[Placed, ...], said: Known) -> int:
    """The level at issue: the one of the last word, the start where nobody was infused."""
    return _last_level(said.history) if patients else START


def _last_level(text: str) -> int:
    return int(text.split()[-1].rstrip("NTPX")) if text else START


def _counts(patients: Iterable[Placed], level: int) -> Counts:
    here = [one for one in patients if one.level == level]
    return Counts(level, *(tuple(one.usubjid for one in here if one.outcome == letter) for letter in "NTPX"))


def _locked(patients: Iterable[Placed], rungs: Ladder) -> bool:
    return what_if(history(patients), **rungs.rule).attrs["locked"]


# ---- withheld --------------------------------------------------------------------------------------------------------
def _unresolved(windows: Iterable[Window]) -> frozenset[str]:
    return frozenset(one.usubjid for one in windows if one.state.state == "unresolved")


def _has_open_candidate(window: Window) -> bool:
    return window.state.state == "unresolved" and window.state.code == "candidate"


def _withheld(windows: list[Window], dlt: Dlt, disagreements: Collection[str], unclear: int) -> Iterable[Sentence]:
    number = sum(
        len({one.event for one in window.candidates}) or 1 for window in windows if _has_open_candidate(window)
    )
    if number:
        yield Sentence("candidate" if number == 1 else "candidates", {"number": number})
    unresolved = [one for one in windows if one.state.state == "unresolved" and not _has_open_candidate(one)]
    no_dose = [one.subjid for one in unresolved if one.state.code == "dose_unknown"]
    vague = [one.subjid for one in unresolved if one.state.code != "dose_unknown"]
    differ = [one.subjid for one in windows if one.usubjid in disagreements]
    for code, people in {"dose_unknown": no_dose, "undecidable": vague, "disagreement": differ}.items():
        if people:
            yield Sentence(code, {"patients": ", ".join(people)})
    if unclear:
        yield Sentence("pause_unclear", {"number": unclear})
    rule = dlt.escalation
    if (rule.cohort_size, rule.expanded_size) != (COHORT, FULL):
        values = {"cohort": rule.cohort_size, "expanded": rule.expanded_size, "size": COHORT, "full": FULL}
        yield Sentence("sizes", values)


def _cases(windows: Iterable[Window], patients: tuple[Placed, ...], trial: "_Trial") -> Iterable[Case]:
    asked = [one for one in windows if _has_open_candidate(one)]
    if not asked:
        return
    cleared = {one.usubjid: trial.if_cleared(one) for one in asked}
    few = len(asked) <= MOST_COMBINED
    for verdicts in product((True, False), repeat=len(asked)) if few else ((True,) * len(asked), (False,) * len(asked)):
        dlts = tuple(one.usubjid for one, is_dlt in zip(asked, verdicts, strict=True) if is_dlt)
        supposed = _with(patients, cleared | dict.fromkeys(dlts, "T"))
        said = known(history(supposed), trial.rungs)
        hold = trial.hold(supposed, said)
        yield Case(dlts, history(supposed), None if hold else said.decision, hold)


# ---- hold and dates --------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Trial:
    """What an advice needs to know beside the windows."""

    protocol: Protocol
    rungs: Ladder
    subjects: pd.DataFrame
    cutoff: datetime

    @property
    def tomorrow(self) -> date:
        return self.cutoff.date() + _DAY

    def waiting(self, levels: Collection[int]) -> tuple[str, ...]:
        """usubjid of those assigned to the levels and not infused, who may still be."""
        rows = self.subjects
        stays = ~(rows["day0"] <= self.cutoff) & ~(rows["off_study"] <= self.cutoff) & ~rows["screen_failed"]
        cohorts = [cohort for cohort, level in self.rungs.levels.items() if level in levels]
        able = stays & (rows["manufacture_state"] != "FAILED") & rows["cohort"].isin(cohorts)
        return tuple(sorted(rows[able]["usubjid"]))

    def lymphodepleting(self, level: int) -> list[Lymphodepleted]:
        waiting = self.waiting([level])
        return [one for one in lymphodepleted(self.subjects, self.rungs, self.cutoff) if one.usubjid in waiting]

    def hold(self, patients: tuple[Placed, ...], said: Known) -> Hold | None:
        if not said.refused:
            return None
        breach = said.refused
        opened = breach.values["dose"]  # noqa: PD011 - of the exception, no frame
        level = breach.values.get("last", opened)  # noqa: PD011
        above = [one for one in self.rungs.levels.values() if one > level] if opened > level else [opened]
        pending = tuple(one.usubjid for one in patients if one.outcome == "P" and one.level in above)
        return Hold(
            level=level,
            open=opened,
            counts=tuple(_counts(patients, one) for one in sorted(self.rungs.levels.values())),
            affected=(*pending, *self.waiting(above)),
            history=said.history,
            ruled=said.decision,
            breach=breach,
        )

    def if_cleared(self, window: Window) -> str:
        """The patient's letter if no candidate is a DLT: by dose, follow-up and time off study."""
        row = next((one for one in self.subjects.itertuples() if one.usubjid == window.usubjid), None)
        seen = window.infused if row is None or pd.isna(row.last_assessed) else row.last_assessed.date()
        state = window_state(
            window.infused,
            self.cutoff.date(),
            off_study=None if row is None else off_study(row, window.infused, window.ends, self.cutoff.date()),
            dose_fraction=window.dose_fraction,
            last_assessed=seen,
            window_days=self.protocol.dlt.window_days,
            min_dose_fraction=self.protocol.dlt.evaluability.min_dose_fraction,
        )
        return LETTERS[state.state]

    def when(
        self, patients: tuple[Placed, ...], said: Known, on_hold: bool, paused: bool, unresolved: Collection[str]
    ) -> When:
        if on_hold or paused or said.decision.stopped:
            why = "pause" if paused else "hold" if on_hold else "stop"
            return When(f"decision_{why}", f"infusion_{why}")
        awaited = self._awaited(patients, said, unresolved)
        target = awaited.then or said.decision
        return awaited if target.dose is None else self._infusion(awaited, patients, said, target)

    def _awaited(self, patients: tuple[Placed, ...], said: Known, unresolved: Collection[str]) -> When:
        """The part of `when` about the decision."""
        action, slots = said.decision.action, said.decision.room
        here = [one for one in patients if one.level == _last_level(said.history) and one.outcome == "P"]
        if action != "wait":
            code = "unfinished" if action == "enrol" else "locked" if here else "ready"
            return When(f"decision_{code}", "infusion_stop", level=said.decision.dose, slots=slots)
        due = {one.usubjid: max(one.ends, self.tomorrow) for one in here}
        for day in sorted(set(due.values())):
            supposed = _with(patients, {who: "N" for who, on in due.items() if on <= day})
            if _locked(supposed, self.rungs):
                break
        then = known(history(supposed), self.rungs).decision
        whose = tuple(who for who, on in due.items() if on == day)
        code = "decision_after_verdict" if any(who in unresolved for who in whose) else "decision_on"
        return When(code, "infusion_stop", decision=day, waits_for=whose, then=then)

    def _infusion(self, awaited: When, patients: tuple[Placed, ...], said: Known, target: Decision) -> When:
        """`awaited` with the part about the next infusion, which `target` allows."""
        opens = awaited.decision + _DAY if awaited.decision else self.tomorrow
        rest, blockers = self._rested(patients, target.dose, opens)
        interval = timedelta(days=self.protocol.lymphodepletion.days_before_infusion)
        begun, waiting = self.lymphodepleting(target.dose), self.waiting([target.dose])
        if begun:
            infusion = max(opens, rest, begun[0].began + interval)
            following = max(rest, infusion + self._gap(bool(_at_level(patients, target.dose))))
            start = max(opens, following - interval) if target.room > len(begun) else None
        else:
            infusion = max(opens + interval, rest)
            start = infusion - interval
        return replace(
            awaited,
            infusion_code=_infusion_code(awaited, waiting, bool(begun), start),
            level=target.dose,
            infusion=infusion,
            lymphodepletion=start,
            blocked_by=(*awaited.waits_for, *(one for one in blockers if one not in awaited.waits_for)),
            taken=tuple(one.usubjid for one in begun),
            waiting=waiting,
        )

    def _rested(self, patients: Iterable[Placed], level: int, opens: date) -> tuple[date, tuple[str, ...]]:
        """The first day that the sentinel gap and the stagger leave free, and who keeps it beyond `opens`."""
        here, rule = _at_level(patients, level), self.protocol.dlt.escalation
        if not here:
            return opens, ()
        gaps = ((here[0], rule.sentinel_gap_days), (here[-1], rule.stagger_days if here[1:] else 0))
        free = [(one.infused + timedelta(days=days), one.usubjid) for one, days in gaps]
        return max(opens, *(day for day, _ in free)), tuple(who for day, who in free if day > opens)

    def _gap(self, opened: bool) -> timedelta:
        rule = self.protocol.dlt.escalation
        return timedelta(days=rule.stagger_days if opened else rule.sentinel_gap_days)


def _at_level(patients: Iterable[Placed], level: int) -> list[Placed]:
    return [one for one in patients if one.level == level]


def _infusion_code(awaited: When, waiting: Collection[str], begun: bool, start: date | None) -> str:
    if not waiting:
        return "infusion_nobody"
    if awaited.decision:
        return "infusion_after_decision"
    if begun:
        return "infusion_taken" if start is None else "infusion_next"
    return "infusion_open"
