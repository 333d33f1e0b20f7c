"""The decision of a 3+3 in doses and words: what to do, where, and which rule says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clinical.following import follow
from clinical.history import parse
from clinical.sentence import filled
from clinical.three_plus_three import (
    CLAUSES,
    COHORT,
    FULL,
    START,
    TOO_MANY,
    Ruling,
    State,
    check_variant,
    doses_of,
    ruling,
)

# One sentence a code; the last two follow another sentence. A translation has the same keys and placeholders.
ENGLISH = {
    "start": "nobody infused yet: start at level {next}",
    "enrol": "level {at} has {dlts}/{evaluable} DLT and {room} more to infuse in its cohort",
    "enrol_pending": "level {at} has {dlts}/{evaluable} DLT, {pending} pending and {room} more to infuse in its cohort",
    "wait_cohort": "level {at} has a DLT in its first cohort and {pending} pending: a 2nd DLT would exceed the dose",
    "wait_results": "level {at} has {dlts}/{evaluable} DLT and {pending} pending, who can change the decision",
    "escalate": "{dlts}/{evaluable} DLT at level {at}: level {next} is next",
    "expand_one_of_three": "{dlts}/{evaluable} DLT at level {at}: three more at level {next}",
    "expand_to_six": "{dlts}/{evaluable} DLT at level {at}: level {next} is expanded to {full}",
    "deescalate": "{dlts} DLTs in {evaluable} at level {at}: down to level {next}, which has {next_evaluable} of "
    "{full}",
    "deescalate_below": "{dlts} DLTs in {evaluable} at level {at}: down to level {next}, where nobody was treated",
    "stop_exceeded": "{dlts} DLTs in {evaluable} at level {at}: stop; MTD is level {mtd}, "
    "{mtd_dlts}/{mtd_evaluable} DLT",
    "stop_established": "{dlts}/{evaluable} DLT at level {at}, below an exceeded dose: stop; MTD is level {mtd}",
    "stop_not_reached": "{dlts}/{evaluable} DLT at level {at}, the highest tested: stop; the MTD is not reached",
    "stop_none": "{dlts} DLTs in {evaluable} at level {at}, the lowest: stop; no dose is tolerable",
    "regardless": ", whatever the {pending} pending show",
    "one_from_exceeded": "; one more DLT exceeds level {at}",
}


@dataclass(frozen=True)
class Decision:
    """What the rule allows next. Doses are labels: 1, 2, ... and -1."""

    action: str  # start, enrol, wait, escalate, expand, deescalate, stop
    dose: int | None  # where the next patients go; None where nobody may be infused
    stopped: bool
    mtd: int | None  # with status "not reached": the highest dose tested, tolerated. Never print that as the MTD
    mtd_status: str  # open, established, not reached, none tolerable
    exceeded: tuple[int, ...]  # doses with 2 or more DLTs, lowest first
    variant: str
    code: str  # why: a key of ENGLISH
    rule: str  # which rule: a key of CLAUSES
    room: int = 0  # places that may be filled at `dose` before the next decision
    values: Mapping[str, object] = field(default_factory=dict, hash=False)  # what the sentences need
    also: tuple[str, ...] = ()  # keys of ENGLISH that follow

    @property
    def reason(self) -> str:
        return self.say(ENGLISH)

    @property
    def clause(self) -> str:
        return self.cite(CLAUSES)

    def say(self, sentences: Mapping[str, str]) -> str:
        """The reason in the language of `sentences`, which has the keys and placeholders of ENGLISH."""
        return filled("".join(sentences[code] for code in (self.code, *self.also)), self.values)

    def cite(self, clauses: Mapping[str, str]) -> str:
        """The rule in the language of `clauses`, which has the keys of CLAUSES, after the name of the variant."""
        return f"3+3 {self.variant}: {clauses[self.rule]}"


def decide(history: str, *, doses: int = 3, variant: str = "six_at_mtd", lowest: int = 1) -> Decision:
    """The one thing the 3+3 allows after `history`, such as "1NNN 2NNT" ("" at the start).

    N = window completed without DLT, T = DLT, P = pending, X = not evaluable, to be replaced: never counted. doses: the
    highest dose, 1 to 6. variant: one of VARIANTS. lowest: 1, or -1 where a level below the start exists ("-1NNN"); it
    is opened when dose 1 is exceeded, in every variant.

    With results pending: "enrol" while the cohort has places (the sentinel gap is not this function's), but a first
    cohort with a DLT waits for its pending results; a full cohort waits unless no pending result can change the
    advice. Results pending at an exceeded dose decide nothing. The order of patients in a word never matters.

    RuleViolation, a ValueError that names the step, for a history that the rule does not allow; ValueError, naming the
    argument, for anything else.

    Source: Storer, Biometrics 1989;45:925-937, design A; with de-escalation Lin & Shih, Biostatistics 2001;2:203-215,
    and the wording of CAR-T protocols.
    """
    labels = doses_of(doses, lowest)
    check_variant(variant)
    state = follow(parse(history), labels, variant)
    return decision_on(state, ruling(state, variant, labels.index(START)), labels, variant)


def decision_on(state: State, ruled: Ruling, labels: tuple[int, ...], variant: str) -> Decision:
    """A ruling in the trial's dose labels and in words."""

    def label(place: int | None) -> int | None:
        return None if place is None else labels[place]

    return Decision(
        action=ruled.action,
        dose=label(ruled.place),
        stopped=ruled.action == "stop",
        mtd=label(ruled.mtd),
        mtd_status=ruled.mtd_status,
        exceeded=tuple(dose for dose, tally in zip(labels, state.tallies, strict=True) if tally.exceeded),
        variant=variant,
        code=_code(state, ruled),
        rule=ruled.rule,
        room=_room(state, ruled),
        values=_values(state, ruled, labels),
        also=_also(state, ruled),
    )


def _room(state: State, ruled: Ruling) -> int:
    if ruled.place is None:
        return 0
    return state.tallies[ruled.place].room or COHORT


def _code(state: State, ruled: Ruling) -> str:
    """The key of ENGLISH."""
    if ruled.action == "wait":
        return "wait_cohort" if ruled.rule == "cohort" else "wait_results"
    if ruled.action == "expand":
        return "expand_one_of_three" if ruled.rule == "one_of_three" else "expand_to_six"
    if ruled.action == "deescalate":
        return "deescalate_below" if ruled.rule == "below_start" else "deescalate"
    if ruled.action == "stop":
        if ruled.mtd_status == "established":
            return "stop_exceeded" if state.here.exceeded else "stop_established"
        return "stop_none" if ruled.mtd is None else "stop_not_reached"
    return "enrol_pending" if ruled.action == "enrol" and state.here.pending else ruled.action


def _also(state: State, ruled: Ruling) -> tuple[str, ...]:
    if ruled.regardless:
        return ("regardless",)
    # "wait_cohort" says it itself.
    pends = ruled.action == "enrol" or (ruled.action == "wait" and ruled.rule == "all_results")
    if pends and state.here.pending and state.here.dlts == TOO_MANY - 1:
        return ("one_from_exceeded",)
    return ()


def _values(state: State, ruled: Ruling, labels: tuple[int, ...]) -> dict[str, object]:
    values: dict[str, object] = {"full": FULL, "room": _room(state, ruled)}
    if state.at is not None:
        here = state.here
        values |= {"at": labels[state.at], "dlts": here.dlts, "evaluable": here.evaluable, "pending": here.pending}
    if ruled.place is not None:
        values |= {"next": labels[ruled.place], "next_evaluable": state.tallies[ruled.place].evaluable}
    if ruled.mtd is not None:
        mtd = state.tallies[ruled.mtd]
        values |= {"mtd": labels[ruled.mtd], "mtd_dlts": mtd.dlts, "mtd_evaluable": mtd.evaluable}
    return values
