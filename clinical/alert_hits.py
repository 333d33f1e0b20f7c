"""What meets an alert rule of the protocol: each result, start of support or event, and those that do not meet it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd

from clinical.aesi import of_interest
from clinical.lab_grades import graded, is_blood
from clinical.reported import ended, reported_grade
from data.protocol import Alert, Protocol

# part: alerts of one rule are told apart by it. until: how long it was so, of a result its own moment. hit: the rule is
# met, perhaps only (then not `sure`); False ends an episode.
HIT = [
    "usubjid", "part", "first", "last", "until", "hit", "sure", "table", "code", "value", "dtc", "source_file",
    "source_row",
]  # fmt: skip
_CLOSE = 1e-9


@dataclass(frozen=True, eq=False)
class Watched:
    """subjects, given, events: as the queries of these names (given: `interventions`); measured: as
    `queries.measurements` of the tables that the rules name. Nothing alerts that was before the first lymphodepletion
    dose, or without one before the infusion."""

    subjects: pd.DataFrame
    measured: pd.DataFrame
    given: pd.DataFrame
    events: pd.DataFrame
    protocol: Protocol
    cutoff: datetime

    @cached_property
    def since(self) -> pd.Series:
        """By usubjid; NaT: nothing to watch yet."""
        own = self.subjects.set_index("usubjid")
        return own["lymphodepletion"].fillna(own["day0"])

    def hits(self, rule: Alert) -> pd.DataFrame:
        """The columns of HIT, of every patient, by moment."""
        rows = self._of(rule)
        if rule.together_with:
            other = next(one for one in self.protocol.alerts if one.id == rule.together_with)
            rows = _together(rows, self.hits(other), pd.Timedelta(hours=rule.within_hours))
        since = rows["usubjid"].map(self.since)
        watched = rows[rows["first"].notna() & (rows["last"] >= since) & (rows["first"] <= self.cutoff)]
        return watched.sort_values(["usubjid", "part", "first"], kind="stable", ignore_index=True)[HIT]

    def _of(self, rule: Alert) -> pd.DataFrame:
        if rule.table == "adverse_event":
            return self._lasting(_events(rule, self.events, self.subjects, self.protocol, self.cutoff))
        if rule.new:
            return self._lasting(_support(self.given))
        rows = _results(rule, self.measured)
        if rule.min_grade is not None:
            return _graded(rule, rows, self.subjects, self.protocol.adverse_events.ctcae_version)
        criterion: Callable = _ratios if rule.ratio is not None else _drops if rule.drop is not None else _limits
        return _of_results(rows, *criterion(rule, rows))

    def _lasting(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What has a start and an `end` [NaT: goes on], and a row that is no hit where nothing of it is left."""
        rows = rows.assign(until=rows["end"].fillna(pd.Timestamp(self.cutoff)))
        rows = rows.sort_values(["usubjid", "part", "first"], kind="stable")
        gap, so_far = pd.Timedelta(hours=self.protocol.toxicity.gap_hours), ["usubjid", "part"]
        longest = rows.groupby(so_far)["until"].cummax()
        following = rows.groupby(so_far)["first"].shift(-1)
        goes_on = rows["end"].isna().groupby([rows[one] for one in so_far]).cummax()
        ends = rows[~goes_on & ~(following - longest <= gap)]
        moment = longest[ends.index]
        return pd.concat([rows, ends.assign(first=moment, last=moment, until=moment, hit=False, sure=False)])


def _results(rule: Alert, measured: pd.DataFrame) -> pd.DataFrame:
    """The rule's tests in the rule's unit; blood, as far as is known."""
    codes = [one for one in (rule.code, *rule.codes) if one]
    rows = measured[(measured["table"] == rule.table) & measured["code"].isin(codes) & measured["value"].notna()]
    if rule.table == "lab":
        rows = rows[is_blood(rows)]
    rows = rows[rows["unit"] == rule.unit] if rule.unit else rows
    return rows.sort_values(["usubjid", "code", "first"], kind="stable")


def _of_results(rows: pd.DataFrame, may: pd.Series, sure: pd.Series) -> pd.DataFrame:
    sign, unit = rows["qualifier"].fillna(""), rows["unit"].fillna("")
    texts = [f"{sign} {value:g} {unit}".strip() for sign, value, unit in zip(sign, rows["value"], unit, strict=True)]
    met = {"hit": may.astype(bool), "sure": sure.astype(bool)}
    return rows.assign(part="", until=rows["first"], value=pd.Series(texts, rows.index, dtype=object), **met)


def _limits(rule: Alert, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Of "<20" it is known that it is below 20, not whether it is below 10."""
    sign, value = rows["qualifier"].fillna(""), rows["value"]
    least, most = value.mask(sign.isin(["<", "<="]), 0.0), value.mask(sign.isin([">", ">="]), math.inf)
    least, most = least.where(sign != ">", least * (1 + 2 * _CLOSE)), most.where(sign != "<", most * (1 - 2 * _CLOSE))
    if rule.below is not None:
        limit = rule.below * (1 - _CLOSE)
        return least < limit, most < limit
    if rule.above is not None:
        limit = rule.above * (1 + _CLOSE)
        return most > limit, least > limit
    limit = rule.at_least * (1 - _CLOSE)
    return most >= limit, least >= limit


def _ratios(rule: Alert, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """To the lowest of the hours before, in calendar days where a moment is a date."""
    within, found = pd.Timedelta(hours=rule.within_hours), []
    for _, own in rows.groupby(["usubjid", "code"], sort=False):
        moments, values = own["first"].to_numpy(), own["value"].to_numpy()
        for place, (moment, value) in enumerate(zip(moments, values, strict=True)):
            near = (moments[:place] < moment) & (moment - moments[:place] <= within.to_timedelta64())
            lowest = values[:place][near].min(initial=math.inf)
            found.append(value >= rule.ratio * lowest * (1 - _CLOSE) and lowest > 0)
    said = pd.Series(found, rows.index, dtype=bool)
    return said, said


def _drops(rule: Alert, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """From the highest before, whenever that was."""
    highest = rows.groupby(["usubjid", "code"], sort=False)["value"].transform(lambda own: own.cummax().shift())
    said = (highest - rows["value"] >= rule.drop).fillna(False)
    return said, said


def _graded(rule: Alert, rows: pd.DataFrame, subjects: pd.DataFrame, version: str) -> pd.DataFrame:
    """A grade that could be lower without its baseline alerts, and says that it is not sure; a normal value never."""
    found = graded(subjects, rows, [one for one in (rule.code, *rule.codes) if one], version=version)
    sure = (found["low"] >= rule.min_grade).fillna(False)
    beyond = (found["value"] > found["range_high"]) | (found["value"] < found["range_low"])
    return _of_results(found, sure | ((found["high"] >= rule.min_grade).fillna(False) & beyond), sure)


def _support(given: pd.DataFrame) -> pd.DataFrame:
    """Oxygen and vasopressors, each an alert of its own."""
    rows = given[given["kind"].isin(["oxygen", "vasopressor"])]
    amounts = zip(rows["name"], rows["dose"], rows["unit"], strict=True)
    texts = [f"{name} {dose:g} {unit}" if pd.notna(dose) else name for name, dose, unit in amounts]
    said = {"value": pd.Series(texts, rows.index, dtype=object), "dtc": rows["start"], "code": rows["kind"]}
    return rows.assign(part=rows["kind"], end=rows["end_last"], hit=True, sure=True, **said)


def _events(
    rule: Alert, events: pd.DataFrame, subjects: pd.DataFrame, protocol: Protocol, cutoff: datetime
) -> pd.DataFrame:
    """Each term of the rule's groups is an alert of its own; a grade that is not recorded is not sure."""
    groups = tuple(one for one in protocol.aesi if one.id in rule.groups)
    day0 = events["usubjid"].map(subjects.set_index("usubjid")["day0"]).dt.normalize()
    found = of_interest(events, groups, day0, cutoff)
    terms = {one.casefold() for one in rule.any_grade_terms}
    named = events["aedecod"].fillna("").str.casefold().isin(terms)
    free = named | found["aesi_groups"].map(lambda own: bool({*own} & {*rule.any_grade_groups}))
    inside = found["aesi_groups"].map(bool) | found["aesi_open"].map(bool)
    grades = pd.Series([reported_grade(row) for row in events.astype(object).itertuples()], events.index, dtype="Int64")
    severe = free | (grades >= (rule.min_grade or 1)).fillna(False)
    may = inside & (severe | grades.isna())
    rows, sure = events[may], (severe & found["aesi_groups"].map(bool))[may]
    texts = [f"grade {one}" if pd.notna(one) else "" for one in grades[may]]
    term = rows["aedecod"].fillna(rows["aeterm"])
    return rows.assign(
        part=term.str.casefold(), first=rows["aestdtc_earliest"], last=rows["aestdtc_latest"], end=_ended(rows, cutoff),
        hit=True, sure=sure, table="adverse_event", code=term, value=pd.Series(texts, rows.index, dtype=object),
        dtc=rows["aestdtc"],
    )  # fmt: skip


def _ended(rows: pd.DataFrame, cutoff: datetime) -> pd.Series:
    """The last moment an event can have ended; NaT where it goes on."""
    ends = [ended(row, cutoff) for row in rows.astype(object).itertuples()]
    return pd.Series([pd.NaT if one is None else one[1] for one in ends], rows.index, dtype="datetime64[us]")


def _together(rows: pd.DataFrame, others: pd.DataFrame, within: pd.Timedelta) -> pd.DataFrame:
    """The hits of both rules that have one of the other near; what does not hit ends an episode as before."""
    both = [_near(one, other, within) for one, other in ((rows, others), (others, rows))]
    return pd.concat([*both, rows[~rows["hit"]], others[~others["hit"]]], ignore_index=True)


def _near(rows: pd.DataFrame, others: pd.DataFrame, within: pd.Timedelta) -> pd.DataFrame:
    own, met = rows[rows["hit"]], others[others["hit"]]
    moments = {who: several["first"].to_numpy() for who, several in met.groupby("usubjid")}
    nothing = np.array([], "datetime64[us]")
    near = [
        bool((np.abs(moments.get(row.usubjid, nothing) - row.first.to_datetime64()) <= within.to_timedelta64()).any())
        for row in own.itertuples()
    ]
    return own[np.array(near, bool)]
