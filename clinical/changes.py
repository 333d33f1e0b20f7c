"""What new data change of what a trial decides by: two cuts through the same pure functions, and where they differ."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import pandas as pd

from clinical.advice import Advice
from clinical.board import Board, Rung, Window, level_state
from clinical.candidates import Candidate
from clinical.outcomes import AUC, CMAX
from clinical.pauses import Pause

# The gravest first; what is of none of them is a change of rows and no more.
KINDS = (
    "verdict",
    "advice",
    "pause",
    "death",
    "window",
    "candidate",
    "level",
    "count",
    "grade",
    "kinetics",
    "response",
)
_DLT = ("adverse_event", "supplemental_qualifier", "lab")
# Of which tables a change of rows can be the reason.
TABLES = {
    "verdict": _DLT,
    "death": ("subject", "adverse_event", "disposition"),
    "window": (*_DLT, "infusion", "visit", "disposition", "subject", "survival_status"),
    "candidate": (*_DLT, "subject"),
    "grade": ("adverse_event",),
    "kinetics": ("kinetics", "flow", "infusion"),
    "response": ("lesion", "response", "imaging", "subsequent_therapy", "adverse_event"),
}
OVERTAKEN = ("changed_since", "other_event", "row_gone", "disagree")  # codes of `clinical.candidates`
SEVERE = 3  # CTCAE grade


@dataclass(frozen=True, eq=False)
class Known:
    """What is said of one cut."""

    cutoff: datetime
    advice: Advice | None  # None without dose levels
    board: Board
    pauses: tuple[Pause, ...]
    counts: pd.DataFrame  # cohort, criterion, k, n, unknown: patients with adverse events of everyone infused
    exposure: pd.DataFrame  # as `pk.exposure.exposures`
    outcomes: pd.DataFrame  # as `clinical.outcomes.outcomes`
    deaths: Mapping[str, date] = field(default_factory=dict)  # by usubjid, up to the cut-off


@dataclass(frozen=True, eq=False)
class Consequence:
    """`before` and `after`: what was said and what is said, by kind:

    verdict, candidate: Candidate. advice: Advice. pause: Pause. death: its date. window: Window. level: Rung.
    count: (k, n, unknown). grade: the grade as text. kinetics, response: the row of the frame. None where it was not
    there.
    """

    kind: str  # of KINDS
    usubjid: str  # "" of the trial
    before: object
    after: object
    name: str = ""  # key of a candidate, cohort, parameter, outcome, key of an event
    criterion: str = ""  # of a count
    rows: tuple[int, ...] = ()  # places in the changes of rows that can be the reason


def consequences(before: Known, after: Known, rows: pd.DataFrame) -> tuple[Consequence, ...]:
    """Every difference that is more than one of rows, the gravest kind first, within a kind by patient.

    rows: `queries.changes.Changes.rows` from the one cut to the other. Where the calendar alone changed a result, such
    as a window that came to its end, no row is named.
    """
    why = _Reasons(rows)
    found = [
        *_candidates(before.board, after.board, why),
        *_advice(before.advice, after.advice),
        *_pauses(before.pauses, after.pauses),
        *_deaths(before.deaths, after.deaths, why),
        *_windows(before.board, after.board, why),
        *_levels(before.board, after.board),
        *_counts(before.counts, after.counts),
        *_grades(rows),
        *_frames("kinetics", before.exposure, after.exposure, ["subject", "parameter"], why),
        *_frames("response", _of_tumour(before.outcomes), _of_tumour(after.outcomes), ["usubjid", "outcome"], why),
    ]
    return tuple(sorted(found, key=lambda one: (KINDS.index(one.kind), one.usubjid)))


def late(rows: pd.DataFrame, cutoff: datetime) -> pd.Series:
    """Which rows were added though dated on or before the earlier cut-off. Undated ones are not called late, nor is the
    history of a patient who came after it."""
    added = (rows["kind"] == "added") & rows["earliest"].notna()
    before = added & (rows["earliest"] <= cutoff)
    came = rows["usubjid"][added & ~before & (rows["table"] == "subject")]
    return before & ~rows["usubjid"].isin(came)


def would_read(window: Window, board: Board, protocol) -> tuple[int, int, str]:
    """DLTs, evaluable patients and state of a level, were this unresolved patient of it to have a DLT."""
    rung = next(one for one in board.rungs if one.level.id == window.cohort)
    rule, dlts, evaluable = protocol.dlt.escalation, len(rung.dlts) + 1, len(rung.evaluable) + 1
    awaited = len(rung.pending) + len(rung.unresolved) - 1
    return (
        dlts,
        evaluable,
        level_state(evaluable, dlts, awaited, len(rung.infused), rule.cohort_size, rule.expanded_size),
    )


class _Reasons:
    """The changes of rows by patient and table."""

    def __init__(self, rows: pd.DataFrame):
        self._places = rows.groupby(["usubjid", "table"]).indices if len(rows) else {}

    def of(self, kind: str, usubjid: str) -> tuple[int, ...]:
        tables = TABLES[kind]
        return tuple(int(place) for table in tables for place in sorted(self._places.get((usubjid, table), ())))


# ---- who died -------------------------------------------------------------------------------------------------------
def _deaths(before: Mapping[str, date], after: Mapping[str, date], why: _Reasons) -> Iterator[Consequence]:
    """Of whatever cause, and however long after the infusion; one that is taken back, or moved, too."""
    for who in sorted({*before, *after}):
        was, now = before.get(who), after.get(who)
        if was != now:
            yield Consequence("death", who, was, now, rows=why.of("death", who))


# ---- what the 3+3 says -----------------------------------------------------------------------------------------------
def _advice(before: Advice | None, after: Advice | None) -> Iterator[Consequence]:
    if _said(before) != _said(after):
        yield Consequence("advice", "", before, after)


def _said(advice: Advice | None) -> tuple | None:
    """What a reader takes from the panel: the advice, what keeps it, and its dates."""
    if advice is None:
        return None
    ruled, when = advice.decision, advice.when
    decided = ruled and (ruled.action, ruled.dose, ruled.mtd, ruled.mtd_status, ruled.exceeded)
    hold = advice.hold and (advice.hold.level, advice.hold.open)
    dates = (when.decision_code, when.infusion_code, when.decision, when.infusion, when.lymphodepletion)
    return advice.stands, decided, hold, tuple(one.code for one in advice.withheld), dates


def _pauses(before: Iterable[Pause], after: Iterable[Pause]) -> Iterator[Consequence]:
    old, new = ({one.rule.id: one for one in side} for side in (before, after))
    for name in {**old, **new}:
        if _pause(old.get(name)) != _pause(new.get(name)):
            yield Consequence("pause", "", old.get(name), new.get(name), name)


def _pause(one: Pause | None) -> tuple | None:
    return one and (one.state, one.patients, one.unclear)


def _windows(before: Board, after: Board, why: _Reasons) -> Iterator[Consequence]:
    old, new = ({one.usubjid: one for one in side.windows} for side in (before, after))
    for who in {**old, **new}:
        if _window(old.get(who)) != _window(new.get(who)):
            yield Consequence("window", who, old.get(who), new.get(who), rows=why.of("window", who))


def _window(one: Window | None) -> tuple | None:
    """Not how many days are left: that every day changes."""
    if one is None:
        return None
    running = one.state.code in ("window_running", "last_day", "no_data_after")
    told = "window_running" if running else one.state.code
    return one.cohort, one.infused, one.dose_fraction, one.state.state, told, one.dlt_day, one.dlt_term


def _candidates(before: Board, after: Board, why: _Reasons) -> Iterator[Consequence]:
    old, new = ({(one.usubjid, one.key): one for own in side.candidates.values() for one in own}
                for side in (before, after))  # fmt: skip
    for who, key in {**old, **new}:
        was, now = old.get((who, key)), new.get((who, key))
        if _candidate(was) != _candidate(now):
            kind = "verdict" if _overtaken(was, now) else "candidate"
            yield Consequence(kind, who, was, now, key, rows=why.of(kind, who))


def _candidate(one: Candidate | None) -> tuple | None:
    """What is cleared, or decided at the end of the window, is no question and none that was there."""
    if one is None or (one.verdict in ("watch", "cleared") and one.adjudicated is None):
        return None
    return one.verdict, one.adjudicated, one.grade, one.clause, one.onset_day


def _overtaken(was: Candidate | None, now: Candidate | None) -> bool:
    """A verdict that stood, and that the later data put in question."""
    stood = was is not None and was.adjudication is not None and was.code not in OVERTAKEN
    return stood and now is not None and now.code in OVERTAKEN


def _levels(before: Board, after: Board) -> Iterator[Consequence]:
    old, new = ({one.level.id: one for one in side.rungs} for side in (before, after))
    for name in {**old, **new}:
        if _level(old.get(name)) != _level(new.get(name)):
            yield Consequence("level", "", old.get(name), new.get(name), name)


def _level(one: Rung | None) -> tuple | None:
    return one and (one.dlts, one.evaluable, one.replaced, one.state)


# ---- counts, grades, kinetics, response ------------------------------------------------------------------------------
def _counts(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[Consequence]:
    old, new = (
        {(one.cohort, one.criterion): (one.k, one.n, one.unknown) for one in side.itertuples()}
        for side in (before, after)
    )
    for cohort, criterion in {**old, **new}:
        was, now = old.get((cohort, criterion)), new.get((cohort, criterion))
        if was != now:
            yield Consequence("count", "", was, now, cohort, criterion)


def _grades(rows: pd.DataFrame) -> Iterator[Consequence]:
    """Of an event that was known: what is new is in the counts."""
    changed = rows[(rows["table"] == "adverse_event") & (rows["kind"] == "changed") & (rows["column"] == "aetoxgr")]
    for place, row in zip(changed.index, changed.itertuples(), strict=True):
        yield Consequence("grade", row.usubjid, row.old, row.new, f"{row.key} {row.topic}", rows=(place,))


def _frames(
    kind: str, before: pd.DataFrame, after: pd.DataFrame, key: list[str], why: _Reasons
) -> Iterator[Consequence]:
    old, new = (_by_key(side, key) for side in (before, after))
    for who, name in {**old, **new}:
        was, now = old.get((who, name)), new.get((who, name))
        if _result(was) != _result(now):
            yield Consequence(kind, who, was, now, name, rows=why.of(kind, who))


def _of_tumour(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Without the exposures among them, which the kinetics tell."""
    return outcomes[~outcomes["outcome"].isin([CMAX, AUC])]


def _by_key(frame: pd.DataFrame, key: list[str]) -> Mapping[tuple[str, str], object]:
    return {tuple(getattr(row, name) for name in key): row for row in frame.itertuples()}


def _result(row) -> tuple | None:
    """A value that is not said is none, whyever."""
    if row is None or pd.isna(row.value):
        return None
    return f"{row.value:.9g}", row.state
