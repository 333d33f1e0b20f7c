"""Where one patient stands in the DLT window at the data cut-off, and whether the cohort's decision waits for them."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from clinical.sentence import filled

PartialDate = date | tuple[date, date]  # known to the day, or the (earliest, latest) day it can be

# One sentence a code; the last two follow another sentence. A translation has the same keys and placeholders.
ENGLISH = {
    "not_treated": "not infused",
    "dlt": "DLT on Day {onset}",
    "onset_undecidable": "DLT onset on Day {onset}: in or out of the window cannot be told",
    "candidate": "DLT candidates not adjudicated: {candidates}",
    "dose_unknown": "dose received not recorded",
    "dose_low": "received {percent:g} % of the assigned dose, below {minimum:g} %: to be replaced",
    "off_study": "off study on Day {off_study}, before Day {window}: to be replaced",
    "off_study_undecidable": "off study on Day {off_study}: before Day {window} or not cannot be told",
    "window_running": "window running, Day {day}, {left} d left",
    "last_day": "window running, Day {day}, {left} d left, no data after Day {assessed}",
    "no_data_after": "calendar over, no data after Day {assessed}",
    "assessed_undecidable": "last data on Day {assessed}: before Day {window} or not cannot be told",
    "complete": "window complete, no DLT",
    "infusion_undecidable": "infused between {earliest} and {latest}: the state depends on the day",
    "late_event": "; late event Day {late}, not counted",
    "infusion_latest": "; reckoned from {infusion}, the latest possible day of infusion",
}

ROUNDING = 1e-9  # of a quotient: 0.8 of the dose, computed, may come out a little below 0.8


@dataclass(frozen=True)
class WindowState:
    """One patient's state at the cut-off. Days are whole days since infusion (Day 0); None = cannot be said."""

    state: str  # not_treated, pending, evaluable_no_dlt, evaluable_dlt, not_evaluable, unresolved
    code: str  # why: a key of ENGLISH
    days_left: int | None = 0  # to the end of the window; 0 where nothing is waited for
    day: int | None = None  # Day +N at the cut-off; None where the infusion is not known to the day
    late_day: int | None = None  # of a DLT that began after the window; the earliest day where its date is partial
    values: Mapping[str, object] = field(default_factory=dict, hash=False)  # what the sentences need

    @property
    def blocking(self) -> bool:
        """Whether the decision on the cohort waits for this patient."""
        return self.state in ("pending", "unresolved")

    @property
    def reason(self) -> str:
        return self.say(ENGLISH)

    def say(self, sentences: Mapping[str, str]) -> str:
        """The reason in the language of `sentences`, which has the keys and placeholders of ENGLISH."""
        said = [self.code]
        said += ["late_event"] if "late" in self.values else []
        said += ["infusion_latest"] if "infusion" in self.values else []
        return filled("".join(sentences[code] for code in said), self.values)


def window_state(
    infusion: PartialDate | None,
    cutoff: date,
    *,
    dlt_onset: PartialDate | None = None,
    off_study: PartialDate | None = None,
    dose_fraction: float | None,
    last_assessed: PartialDate | None = None,
    open_candidates: Collection = (),
    window_days: int = 28,
    min_dose_fraction: float = 0.8,
) -> WindowState:
    """The state of one patient's DLT window, Day 0 (infusion) to Day `window_days` inclusive, at the cut-off.

    infusion: None = not infused. dlt_onset: of an adjudicated DLT. off_study: withdrawal, death without DLT, new
    therapy. dose_fraction: received / assigned dose, None (or NaN) = not recorded, which has no default.
    last_assessed: last day with data, None = the cut-off. open_candidates: DLT candidates without a verdict.
    min_dose_fraction: enough to be evaluable. Dates are days in the protocol's time zone, never date-times.

    The first that holds decides:
    1. a DLT surely in the window: evaluable_dlt, whatever the dose and the follow-up; perhaps in it: unresolved;
       surely after it: late, kept in `late_day` and the reason, not counted
    2. an open candidate: unresolved, however many days have passed
    3. dose not recorded: unresolved; below the minimum: not_evaluable
    4. off study before the window's last day: not_evaluable; perhaps before it: unresolved
    5. cut-off and last assessment both on the window's last day or later: evaluable_no_dlt; perhaps: unresolved;
       otherwise pending

    A partial infusion date gives the state that all its days agree on, or unresolved. What the data hold has happened:
    a partial date ends at the cut-off, and a partial infusion date also at the last day of the DLT and of off-study.

    ValueError, naming the argument: a date-time, a pair in the wrong order, infusion, dlt_onset or off_study after the
    cut-off, dlt_onset or off_study before the infusion, a negative dose_fraction or min_dose_fraction, window_days
    below 1.

    Source: evaluability as 3+3 protocols word it (a DLT in the window, or the window completed on enough of the dose;
    others are replaced); the length of the window and the minimum fraction are settings of the protocol.
    """
    _check_settings(dose_fraction, window_days, min_dose_fraction)
    _check_day("cutoff", cutoff)
    if infusion is None:
        return WindowState("not_treated", "not_treated", days_left=None)

    first, last = _span("infusion", infusion, cutoff)
    onset = None if dlt_onset is None else _span("dlt_onset", dlt_onset, cutoff)
    off = None if off_study is None else _span("off_study", off_study, cutoff)
    for name, span in {"dlt_onset": onset, "off_study": off}.items():
        if span and span[1] < first:
            raise ValueError(f"{name} is before the infusion: {span[1]}, infused {first}")
        last = min(last, span[1]) if span else last
    assessed = (cutoff, cutoff) if last_assessed is None else _pair("last_assessed", last_assessed)

    def reckoned_from(day0: date) -> WindowState:
        facts = {
            "day": (cutoff - day0).days,
            "left": max(0, window_days - (cutoff - day0).days),
            "window": window_days,
            "candidates": len(open_candidates),
        }
        spans = {"onset": onset, "off": off, "assessed": assessed}
        days = {name: span and _days(span, day0) for name, span in spans.items()}
        return _decide(facts, **days, fraction=dose_fraction, minimum=min_dose_fraction)

    return _agreed([reckoned_from(first + timedelta(n)) for n in range((last - first).days + 1)], first, last)


Days = tuple[int, int]  # since infusion: the first and the last that something can have happened on


def _decide(
    facts: dict, *, onset: Days | None, off: Days | None, assessed: Days, fraction: float | None, minimum: float
) -> WindowState:
    """The rules of `window_state`, in its order, once every date is a day since infusion."""
    window = facts["window"]
    late = onset if onset and onset[0] > window else None

    def state(name: str, code: str, **more) -> WindowState:
        values = facts | more | ({"late": _written(late)} if late else {})
        waits = name in ("pending", "unresolved")
        return WindowState(name, code, facts["left"] if waits else 0, facts["day"], late and late[0], values)

    if onset and not late:
        surely = onset[0] >= 0 and onset[1] <= window
        name, code = ("evaluable_dlt", "dlt") if surely else ("unresolved", "onset_undecidable")
        return state(name, code, onset=_written(onset))
    if facts["candidates"]:
        return state("unresolved", "candidate")
    if fraction is None or math.isnan(fraction):
        return state("unresolved", "dose_unknown")
    if fraction < minimum - ROUNDING:
        return state("not_evaluable", "dose_low", percent=_percent(fraction), minimum=_percent(minimum))
    if off and off[0] < window:
        surely = off[1] < window
        name, code = ("not_evaluable", "off_study") if surely else ("unresolved", "off_study_undecidable")
        return state(name, code, off_study=_written(off))
    if facts["day"] < window:
        return state("pending", "window_running")
    if assessed[1] < window:
        return state("pending", "last_day" if facts["day"] == window else "no_data_after", assessed=_written(assessed))
    if assessed[0] < window:
        return state("unresolved", "assessed_undecidable", assessed=_written(assessed))
    return state("evaluable_no_dlt", "complete")


def _agreed(states: list[WindowState], first: date, last: date) -> WindowState:
    """One state out of one for each possible day of infusion, `first` to `last`."""
    latest = states[-1]
    if len(states) == 1:
        return latest
    if len({one.state for one in states}) == 1:
        # The latest day has the most days left and the least follow-up: nothing is promised too early.
        return replace(latest, day=None, values={**latest.values, "infusion": last})
    values = {**latest.values, "earliest": first, "latest": last}
    return WindowState("unresolved", "infusion_undecidable", days_left=None, late_day=latest.late_day, values=values)


def _span(name: str, when: PartialDate, cutoff: date) -> tuple[date, date]:
    """The (earliest, latest) day of what the data hold, and so had happened by the cut-off."""
    first, last = _pair(name, when)
    if first > cutoff:
        raise ValueError(f"{name} is after the cut-off: {first}, cut-off {cutoff}")
    return first, min(last, cutoff)


def _pair(name: str, when: PartialDate) -> tuple[date, date]:
    first, last = when if isinstance(when, tuple) else (when, when)
    for one in (first, last):
        _check_day(name, one)
    if first > last:
        raise ValueError(f"{name} is a pair in the wrong order: {first}, {last}")
    return first, last


def _days(span: tuple[date, date], day0: date) -> Days:
    return (span[0] - day0).days, (span[1] - day0).days


def _written(days: Days) -> str:
    return str(days[0]) if days[0] == days[1] else f"{days[0]} to {days[1]}"


def _percent(fraction: float) -> float:
    """Cut, not rounded: 0.7999 must not read "80 %, below 80 %"."""
    return math.floor(fraction * 1000 + ROUNDING) / 10


def _check_day(name: str, when: date) -> None:
    # A date-time is a date to Python, but which day it falls on depends on a time zone that only the caller knows.
    if not isinstance(when, date) or isinstance(when, datetime):
        raise ValueError(f"{name} must be a date, not {when!r}")


def _check_settings(dose_fraction: float | None, window_days: int, min_dose_fraction: float) -> None:
    if window_days < 1:
        raise ValueError(f"window_days must be 1 or more, not {window_days!r}")
    if not 0 <= min_dose_fraction < math.inf:
        raise ValueError(f"min_dose_fraction must be a number from 0, not {min_dose_fraction!r}")
    if dose_fraction is not None and dose_fraction < 0:
        raise ValueError(f"dose_fraction must not be negative, it is {dose_fraction!r}")
