"""The one way from a view to adverse event counts: who is counted, in which window, and what the numbers are."""

from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from clinical.incidence import TOTAL, incidence, meets
from clinical.treatment_emergent import denominator, described, in_window
from dashboard.judged import judged_events
from dashboard.session import Asked, NotUnderstood, board_of
from data.protocol import Protocol
from data.protocol_safety import Population, Window
from data.store import Cut
from queries.subjects import subjects

# What a choice of events counts: in any grade, and in grade 3 or more.
CRITERIA = {
    "all": ("any", "grade3"),
    "related": ("related", "related_grade3"),
    "serious": ("serious",),
    "aesi": ("aesi",),
    "dlt": ("dlt",),
}
OVERVIEW = ("any", "grade3", "related", "related_grade3", "serious", "aesi", "dlt")


@dataclass(frozen=True)
class Counted:
    """Denominator and events of one population and window; the frames are shared, never written to."""

    population: Population
    window: Window
    people: pd.DataFrame
    events: pd.DataFrame
    cohorts: tuple[str, ...]  # of the protocol, those with patients, in its order

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.cohorts, TOTAL)

    def size(self, cohort: str) -> int:
        return len(self.people) if cohort == TOTAL else int((self.people["cohort"] == cohort).sum())

    def in_words(self, lang: str) -> str:
        """Population and window, for a stamp."""
        return f"{self.population.label.in_(lang)}; {self.window.label.in_(lang)}"


def counted(asked: Asked) -> Counted:
    """The view's population and window, the protocol's first by default. NotUnderstood for one it does not name."""
    protocol = asked.cut.protocol
    chosen = {}
    for name, offered in (("population", protocol.populations), ("window", protocol.adverse_events.windows)):
        wanted = getattr(asked.view, name) or offered[0].id
        chosen[name] = next((one for one in offered if one.id == wanted), None)
        if chosen[name] is None:
            raise NotUnderstood(f"{name}={wanted}")
    return _counted(asked.cut, asked.head, chosen["population"].id, chosen["window"].id)


@lru_cache(maxsize=32)
def _counted(cut: Cut, head: str, population: str, window: str) -> Counted:
    protocol, everyone = cut.protocol, subjects(cut)
    step = next(one for one in protocol.populations if one.id == population)
    period = next(one for one in protocol.adverse_events.windows if one.id == window)
    evaluable = [one for rung in board_of(cut, head).rungs for one in rung.evaluable]
    people = denominator(everyone, step.step, period, protocol, evaluable)
    events = in_window(_described(cut, head), people, period, cut.cutoff)
    present = set(people["cohort"])
    return Counted(step, period, people, events, tuple(one.id for one in protocol.cohort.levels if one.id in present))


@lru_cache(maxsize=16)
def _described(cut: Cut, head: str) -> pd.DataFrame:
    day0 = subjects(cut).set_index("usubjid")["day0"]
    return described(judged_events(cut, head), cut.protocol, cut.cutoff, day0)


@lru_cache(maxsize=32)
def _table(
    cut: Cut, head: str, population: str, window: str, by: tuple[str, ...], criteria: tuple[str, ...]
) -> pd.DataFrame:
    found = _counted(cut, head, population, window)
    return incidence(found.people, found.events, by=by, criteria=criteria)


def overview(cut: Cut, head: str) -> pd.DataFrame:
    """`clinical.incidence` of the overview in the protocol's first population and window, whatever the reader chose."""
    protocol, anytime = cut.protocol, cut.protocol.adverse_events.windows[0]
    return _table(cut, head, protocol.populations[0].id, anytime.id, (), criteria_of(protocol))


def criteria_of(protocol: Protocol) -> tuple[str, ...]:
    """OVERVIEW, without dose limitation where nobody judges it: a 0 would be an answer."""
    return tuple(one for one in OVERVIEW if protocol.dlt or one != "dlt")


def table(asked: Asked, by: tuple[str, ...], criteria: tuple[str, ...]) -> pd.DataFrame:
    """`clinical.incidence` of the view."""
    found = counted(asked)
    return _table(asked.cut, asked.head, found.population.id, found.window.id, by, criteria)


def rows_behind(
    asked: Asked, cohort: str, criterion: str, soc: str | None, term: str | None, *, in_doubt: bool
) -> pd.DataFrame:
    """The event rows behind one count: of these patients, in this group, meeting (or perhaps meeting) the criterion.

    soc, term: None = all of them; "" = uncoded. In doubt: only of patients who are not in the count already.
    """
    found = counted(asked)
    cohorts = found.people.set_index("usubjid")["cohort"]
    events = found.events.assign(cohort=found.events["usubjid"].map(cohorts))
    events = events[events["cohort"].notna()]
    if cohort != TOTAL:
        events = events[events["cohort"] == cohort]
    for column, value in (("soc", soc), ("term", term)):
        if value is not None:
            events = events[events[column].isna() if value == "" else events[column] == value]
    sure = events[meets(events, criterion)]
    if not in_doubt:
        return sure
    return events[meets(events, criterion, in_doubt=True) & ~events["usubjid"].isin(sure["usubjid"])]
