"""What meets an alert rule of the protocol: each result, start of support or event, and those that do not meet it."""

import math
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pandas as pd

from clinical.aesi import of_interest
from clinical.lab_grades import graded, is_blood
from clinical.reported import ended, reported_grade
from clinical.sentence import Sentence
from data.protocol import Protocol
from data.protocol_safety import Aesi, Alert

_CLOSE = 1e-9

# What is read of `queries.measurements`.
MEASURED = (
    "usubjid", "table", "code", "specimen", "category", "value", "unit", "qualifier", "range_low", "range_high",
    "first", "last", "dtc", "source_file", "source_row",
)  # fmt: skip


class Hit(NamedTuple):
    """A piece of evidence for a rule; with `hit` False what does not meet it, and ends an episode."""

    usubjid: str
    part: str  # alerts of one rule are told apart by it
    first: datetime  # moments it can have been
    last: datetime
    until: datetime  # how long it was so; of a result its own moment
    hit: bool  # the rule is met, perhaps only: then not `sure`
    sure: bool
    table: str
    code: str
    value: str  # with its unit; "" of an event, and of what is no hit
    dtc: str | None
    source_file: str
    source_row: int
    low: int | None = None  # grades it can be, on `scale`
    high: int | None = None
    scale: str = ""
    goes_on: bool = False  # at the cut-off
    note: Sentence | None = None  # of `clinical.alerts.ENGLISH`


Met = tuple[np.ndarray, np.ndarray]  # of each row, whether it can meet the rule, and whether it surely does

_ORDER = attrgetter("usubjid", "part", "first")
EPISODES_OF = attrgetter("usubjid", "part")


@dataclass(frozen=True, eq=False)
class Watched:
    """subjects, given, events: as the queries of these names (given: `interventions`); measured: as
    `queries.measurements` of the tables that the rules name, in its order. Nothing alerts that was before the first
    lymphodepletion dose, or without one before the infusion."""

    subjects: pd.DataFrame
    measured: pd.DataFrame
    given: pd.DataFrame
    events: pd.DataFrame
    protocol: Protocol
    cutoff: datetime

    @cached_property
    def since(self) -> dict[str, datetime]:
        """By usubjid; who is not in it is not watched yet."""
        began = self.subjects["lymphodepletion"].fillna(self.subjects["day0"])
        return dict(zip(self.subjects["usubjid"][began.notna()], _moments(began.dropna()), strict=True))

    def hits(self, rule: Alert) -> list[Hit]:
        """By patient, part and moment, of the patients who have any; what is no hit among them too."""
        found = list(self._of(rule))
        if rule.together_with:
            other = next(one for one in self.protocol.alerts if one.id == rule.together_with)
            found = _together(found, self.hits(other), timedelta(hours=rule.within_hours))
        return sorted((one for one in found if self._is_watched(one)), key=_ORDER)

    def _is_watched(self, one: Hit) -> bool:
        since = self.since.get(one.usubjid)
        return since is not None and one.last >= since and one.first <= self.cutoff

    def _of(self, rule: Alert) -> Iterable[Hit]:
        if rule.table == "adverse_event":
            return self._lasting(_events(rule, self.events, self.subjects, self.protocol, self.cutoff))
        if rule.new:
            return self._lasting(_support(self.given, self.cutoff))
        rows = self._results(rule)
        if rule.min_grade is not None:
            return _graded(rule, rows, self.subjects, self.protocol.adverse_events.ctcae_version)
        if rule.ratio is not None:
            return _risen(rule, rows)
        criterion: Callable = _drops if rule.drop is not None else _limits
        return _of_results(rows, *criterion(rule, rows))

    def _results(self, rule: Alert) -> pd.DataFrame:
        """The rule's tests in the rule's unit, by patient, test and moment."""
        nothing = self.measured[list(MEASURED)].iloc[:0]
        tests = [self._tests.get((rule.table, one), nothing) for one in (rule.code, *rule.codes) if one]
        rows = tests[0] if len(tests) == 1 else pd.concat(tests)
        return rows[(rows["unit"] == rule.unit).to_numpy(bool)] if rule.unit else rows

    @cached_property
    def _tests(self) -> dict[tuple[str, str], pd.DataFrame]:
        """The dated results with a number, of blood as far as is known, by table and test of the rules."""
        codes = {code for rule in self.protocol.alerts for code in (rule.code, *rule.codes)}
        rows = self.measured[list(MEASURED)]
        rows = rows[rows["code"].isin(codes) & rows["value"].notna() & rows["first"].notna()]
        rows = rows[(rows["table"] != "lab") | is_blood(rows)]
        return dict(iter(rows.groupby(["table", "code"], sort=False)))

    def _lasting(self, rows: Iterable[Hit]) -> Iterator[Hit]:
        """What lasts, and a row that is no hit where nothing of it is left for longer than the gap between episodes."""
        gap = timedelta(hours=self.protocol.toxicity.gap_hours)
        for _, own in groupby(sorted(rows, key=_ORDER), EPISODES_OF):
            until, goes_on = datetime.min, False
            for one, after in pairwise((*own, None)):
                until, goes_on = max(until, one.until), goes_on or one.goes_on
                yield one
                if not goes_on and not (after and after.first - until <= gap):
                    yield one._replace(first=until, last=until, until=until, hit=False, sure=False)


# ---- results ---------------------------------------------------------------------------------------------------------
def _of_results(rows: pd.DataFrame, may: np.ndarray, sure: np.ndarray) -> list[Hit]:
    """Of the patients who have a hit: the rest, which is nearly everything, is not looked at again."""
    if not may.any():
        return []
    concerned = rows["usubjid"].isin(rows["usubjid"][may].unique()).to_numpy(bool)
    rows, may, sure = rows[concerned], may[concerned], sure[concerned]
    signs, units = (rows[name].fillna("").tolist() for name in ("qualifier", "unit"))
    amounts = zip(may.tolist(), signs, rows["value"].tolist(), units, strict=True)
    texts = [f"{sign} {value:g} {unit}".strip() if hit else "" for hit, sign, value, unit in amounts]
    who, first, last = rows["usubjid"].tolist(), _moments(rows["first"]), _moments(rows["last"])
    rest = (_plain(rows[name]) for name in ("table", "code"))
    source = (_plain(rows[name]) for name in ("dtc", "source_file", "source_row"))
    grades = (_plain(rows[name]) for name in ("low", "high", "scale") if name in rows)
    part = [""] * len(rows)
    return list(map(Hit, who, part, first, last, first, may.tolist(), sure.tolist(), *rest, texts, *source, *grades))


def _limits(rule: Alert, rows: pd.DataFrame) -> Met:
    """Of "<20" it is known that it is below 20, not whether it is below 10."""
    value, sign = rows["value"].to_numpy(float), rows["qualifier"].fillna("").to_numpy(object)
    under, over = sign == "<", sign == ">"
    least = np.where(under | (sign == "<="), 0.0, np.where(over, value * (1 + 2 * _CLOSE), value))
    most = np.where(over | (sign == ">="), math.inf, np.where(under, value * (1 - 2 * _CLOSE), value))
    if rule.below is not None:
        limit = rule.below * (1 - _CLOSE)
        return least < limit, most < limit
    if rule.above is not None:
        limit = rule.above * (1 + _CLOSE)
        return most > limit, least > limit
    limit = rule.at_least * (1 - _CLOSE)
    return most >= limit, least >= limit


class _Sample(NamedTuple):
    key: tuple[str, str]  # usubjid, test
    at: datetime
    value: float
    timed: bool

    def after(self, other: "_Sample") -> timedelta:
        """Calendar days where one of the two has no time of day."""
        return self.at - other.at if self.timed and other.timed else self.at.date() - other.at.date()


def _risen(rule: Alert, rows: pd.DataFrame) -> list[Hit]:
    notes = _rises(rule, rows)
    said = np.array([one is not None for one in notes], bool)
    note_of = dict(zip(zip(rows["source_file"], rows["source_row"], strict=True), notes, strict=True))
    return [one._replace(note=note_of[one.source_file, one.source_row]) for one in _of_results(rows, said, said)]


def _rises(rule: Alert, rows: pd.DataFrame) -> list[Sentence | None]:
    """Of each result, how it rose from the nearest of the hours before that is low enough, and None where none is."""
    reach, found, window = timedelta(hours=rule.within_hours + rule.slack_hours), [], []  # window: what lies in reach
    keys = zip(rows["usubjid"].tolist(), rows["code"].tolist(), strict=True)
    timed = (rows["last"] - rows["first"] < pd.Timedelta(hours=1)).tolist()
    for one in map(_Sample, keys, _moments(rows["first"]), rows["value"].tolist(), timed):
        window = [each for each in window if each.key == one.key and one.after(each) <= reach]
        low = [each for each in window if each.at < one.at and 0 < rule.ratio * each.value * (1 - _CLOSE) <= one.value]
        found.append(_rise(rule, low[-1], one) if low else None)
        window.append(one)
    return found


def _rise(rule: Alert, low: _Sample, high: _Sample) -> Sentence:
    apart = high.after(low)
    values = {"ratio": f"{high.value / low.value:.1f}", "window": f"{rule.within_hours:g}"}
    if not (low.timed and high.timed):
        return Sentence("rise_dated", values | {"days": apart.days})
    values |= {"hours": f"{apart / timedelta(hours=1):.1f}"}
    if apart <= timedelta(hours=rule.within_hours):
        return Sentence("rise", values)
    return Sentence("rise_slack", values | {"slack": f"{rule.slack_hours:g}"})


def _drops(rule: Alert, rows: pd.DataFrame) -> Met:
    """From the highest before, whenever that was."""
    series = [rows["usubjid"], rows["code"]]
    highest = rows["value"].groupby(series, sort=False).cummax().groupby(series, sort=False).shift()
    said = (highest - rows["value"] >= rule.drop).to_numpy(bool)
    return said, said


def _graded(rule: Alert, rows: pd.DataFrame, subjects: pd.DataFrame, version: str) -> list[Hit]:
    """A grade that could be lower without its baseline alerts, and says that it is not sure; a normal value never."""
    found = graded(subjects, rows, [one for one in (rule.code, *rule.codes) if one], version=version)
    sure = (found["low"] >= rule.min_grade).fillna(False).to_numpy(bool)
    beyond = ((found["value"] > found["range_high"]) | (found["value"] < found["range_low"])).to_numpy(bool)
    may = (found["high"] >= rule.min_grade).fillna(False).to_numpy(bool)
    return _of_results(found, sure | (may & beyond), sure)


# ---- what lasts ------------------------------------------------------------------------------------------------------
def _support(given: pd.DataFrame, cutoff: datetime) -> Iterator[Hit]:
    """Oxygen and vasopressors, each an alert of its own."""
    for one in given[given["kind"].isin(["oxygen", "vasopressor"]) & given["first"].notna()].itertuples():
        text = f"{one.name} {one.dose:g} {one.unit}" if pd.notna(one.dose) else one.name
        end = None if pd.isna(one.end_last) else one.end_last.to_pydatetime()
        yield Hit(
            one.usubjid, one.kind, one.first.to_pydatetime(), one.last.to_pydatetime(), end or cutoff, True, True,
            one.table, one.kind, text, one.start, one.source_file, one.source_row, goes_on=end is None,
        )  # fmt: skip


def _events(
    rule: Alert, events: pd.DataFrame, subjects: pd.DataFrame, protocol: Protocol, cutoff: datetime
) -> Iterator[Hit]:
    """Each term of the rule's groups is an alert of its own; a grade that is not recorded is not sure."""
    groups = tuple(one for one in protocol.aesi if one.id in rule.groups)
    events = _of_concerned(events, groups)
    if events.empty:
        return
    day0 = events["usubjid"].map(subjects.set_index("usubjid")["day0"]).dt.normalize()
    found = of_interest(events, groups, day0, cutoff)
    free_terms, free_groups = {one.casefold() for one in rule.any_grade_terms}, {*rule.any_grade_groups}
    rows = zip(events.astype(object).itertuples(), found["aesi_groups"], found["aesi_open"], strict=True)
    for one, own, perhaps in rows:
        grade, term = reported_grade(one), one.aeterm if pd.isna(one.aedecod) else one.aedecod
        free = {*own} & free_groups or (pd.notna(one.aedecod) and one.aedecod.casefold() in free_terms)
        severe = bool(free) or (grade is not None and grade >= (rule.min_grade or 1))
        if (own or perhaps) and (severe or grade is None) and pd.notna(one.aestdtc_earliest):
            end = ended(one, cutoff)
            yield Hit(
                one.usubjid, term.casefold(), one.aestdtc_earliest.to_pydatetime(), one.aestdtc_latest.to_pydatetime(),
                pd.Timestamp(end[1]).to_pydatetime() if end else cutoff, True, severe and bool(own), "adverse_event",
                term, "", one.aestdtc, one.source_file, one.source_row, low=grade, high=grade, goes_on=end is None,
                scale=protocol.adverse_events.scale_of(term),
            )  # fmt: skip


def _of_concerned(events: pd.DataFrame, groups: tuple[Aesi, ...]) -> pd.DataFrame:
    """The events of the patients of whom any is named by a group."""
    codes = {code for one in groups for code in one.codes}
    terms = {term.casefold() for one in groups for term in one.terms}
    names = events["aedecod"].unique()
    named = events["aedecod"].isin([one for one in names if pd.notna(one) and one.casefold() in terms])
    named |= events["aeptcd"].isin(list(codes))
    return events[events["usubjid"].isin(events["usubjid"][named].unique())]


# ---- two rules together ----------------------------------------------------------------------------------------------
def _together(found: Sequence[Hit], others: Sequence[Hit], within: timedelta) -> list[Hit]:
    """The hits of both rules that have one of the other near; what does not hit ends an episode as before."""
    near = [*_near(found, others, within), *_near(others, found, within)]
    concerned = {one.usubjid for one in near}
    return near + [one for one in (*found, *others) if not one.hit and one.usubjid in concerned]


def _near(found: Iterable[Hit], others: Iterable[Hit], within: timedelta) -> Iterator[Hit]:
    moments = defaultdict(list)
    for one in others:
        if one.hit:
            insort(moments[one.usubjid], one.first)
    for one in found:
        met = moments.get(one.usubjid, ())
        if one.hit and bisect_left(met, one.first - within) < bisect_right(met, one.first + within):
            yield one


def _moments(column: pd.Series) -> list[datetime]:
    return column.to_numpy("datetime64[us]").tolist()


def _plain(column: pd.Series) -> list:
    return column.astype(object).tolist()
