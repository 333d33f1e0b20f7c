"""Alerts by the rules of the protocol file: one a rule and episode, with its evidence and when it was first seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from clinical.alert_hits import Watched
from clinical.lab_results import Evidence
from data.protocol import Alert as Rule

ENGLISH = {
    "once": "{rule}: Day {first}",
    "repeated": "{rule}: from Day {first}, last on Day {last}",
    "not_sure": " (may be: a grade or a limit is not known)",
    "over": ", no longer on Day {over}",
}


@dataclass(frozen=True)
class Alert:
    rule: Rule
    usubjid: str
    part: str  # oxygen or vasopressor, or the term of an event; "" where a rule has one episode at a time
    began: datetime
    last: datetime  # of the last evidence; the cut-off of what goes on
    over: datetime | None  # the first evidence after it that does not meet the rule; None: none so far
    sure: bool  # False: every piece of evidence may meet the rule only
    evidence: tuple[Evidence, ...]
    day0: date | None

    @property
    def key(self) -> str:
        """The same in every cut as long as the first evidence is."""
        return " ".join(one for one in (self.usubjid, self.rule.id, self.part, f"{self.began:%Y-%m-%dT%H:%M}") if one)

    def say(self, sentences: Mapping[str, str], lang: str = "en") -> str:
        """`sentences` has the keys and placeholders of ENGLISH; the rule's text is the protocol's in `lang`."""
        codes = ["once" if self.began.date() == self.last.date() else "repeated"]
        codes += [] if self.sure else ["not_sure"]
        codes += ["over"] if self.over else []
        days = {
            "first": self._day(self.began),
            "last": self._day(self.last),
            "over": self.over and self._day(self.over),
        }
        return "".join(sentences[code] for code in codes).format(rule=self.rule.text.in_(lang), **days)

    def _day(self, moment: datetime) -> int | str:
        """Days since infusion; the date where there was none yet."""
        return f"{moment:%Y-%m-%d}" if self.day0 is None else (moment.date() - self.day0).days


def alerts(watched: Watched) -> tuple[Alert, ...]:
    """Every alert at the cut-off, by rule in the protocol's order, patient and moment.

    An episode of a rule goes on while no more than `gap_hours` of [toxicity] lie between two pieces of evidence, or
    while nothing that does not meet the rule lies between them: platelets that are low on two weekly counts are one.
    """
    if not watched.protocol.alerts:
        return ()
    gap = pd.Timedelta(hours=watched.protocol.toxicity.gap_hours)
    day0 = watched.subjects.set_index("usubjid")["day0"]
    found: list[Alert] = []
    for rule in watched.protocol.alerts:
        for (who, part), rows in watched.hits(rule).groupby(["usubjid", "part"], sort=True):
            infused = day0[who].date() if pd.notna(day0[who]) else None
            found += [_alert(rule, who, part, infused, *one) for one in _episodes(list(rows.itertuples()), gap, rule)]
    return tuple(found)


def first_seen(cuts: Sequence[tuple[str, Sequence[Alert]]]) -> dict[str, str]:
    """Key of each alert of the last cut -> the first cut that had it.

    cuts: name and alerts of each, oldest first. It is the same alert where rule, patient and part are the same and the
    times overlap: a result that comes late moves its beginning, not its identity.
    """
    if not cuts:
        return {}
    *_, (_, latest) = cuts
    return {one.key: next(name for name, known in cuts if any(_same(one, other) for other in known)) for one in latest}


def _same(one: Alert, other: Alert) -> bool:
    alike = (one.rule.id, one.usubjid, one.part) == (other.rule.id, other.usubjid, other.part)
    return alike and one.began <= other.last and other.began <= one.last


def _episodes(rows: Sequence, gap: pd.Timedelta, rule: Rule) -> Iterator[tuple[list, datetime | None]]:
    """Hits that belong together, each group with the first moment after it that is none."""
    open_: list = []
    for number, one in enumerate(rows):
        if not one.hit:
            continue
        if open_ and one.first - max(each.until for each in open_) > gap and _parted(rows, open_[-1], one):
            yield open_, _over(rows[:number], open_, rule)
            open_ = []
        open_.append(one)
    if open_:
        yield open_, _over(rows, open_, rule)


def _parted(rows: Sequence, before, after) -> bool:
    """By something of the same name that does not meet the rule."""
    return any(not one.hit and one.code == before.code and before.first < one.first <= after.first for one in rows)


def _over(rows: Sequence, hits: Sequence, rule: Rule) -> datetime | None:
    """When each test of the episode has a later result that does not meet the rule, or nothing of it lasts; of a rule
    that needs two things together, when one of them has."""
    last = {one.code: one.first for one in hits}
    ends = [
        next((one.first for one in rows if not one.hit and one.code == code and one.first > moment), None)
        for code, moment in last.items()
    ]
    known = [one for one in ends if one is not None]
    if rule.together_with:
        return min(known).to_pydatetime() if known else None
    return max(known).to_pydatetime() if len(known) == len(ends) else None


def _alert(rule: Rule, who: str, part: str, day0: date | None, hits: Sequence, over: datetime | None) -> Alert:
    began, last = hits[0].first.to_pydatetime(), max(one.until for one in hits).to_pydatetime()
    evidence = tuple(
        Evidence(one.table, who, one.code, one.dtc, one.value, None, None, "", one.source_file, one.source_row)
        for one in hits
    )
    return Alert(rule, who, part, began, last, over, any(one.sure for one in hits), evidence, day0)
