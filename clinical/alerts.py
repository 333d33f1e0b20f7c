"""Alerts by the rules of the protocol file: one a rule and episode, with its evidence and when it was first seen."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from clinical.alert_hits import EPISODES_OF, Hit, Watched
from clinical.lab_results import Evidence
from clinical.sentence import filled
from data.protocol_safety import Alert as Rule

ENGLISH = {
    "once": "{rule}: Day {first}",
    "repeated": "{rule}: from Day {first}, last on Day {last}",
    "not_sure": " (may be: a grade or a limit is not known)",
    "over": ", no longer on Day {over}",
    # of a piece of evidence
    "rise": "×{ratio} in {hours} h, window {window} h",
    "rise_slack": "×{ratio} in {hours} h, window {window} h + {slack} h slack",
    "rise_dated": "×{ratio} in {days} d by date, window {window} h",
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

    @property
    def identity(self) -> tuple[str, str, str]:
        """Of what it is; its episodes are told apart by their times."""
        return self.usubjid, self.rule.id, self.part

    @property
    def is_open(self) -> bool:
        """Nothing says so far that it is over, at the cut-off or as far as there are results."""
        return self.over is None

    def say(self, sentences: Mapping[str, str], lang: str = "en") -> str:
        """`sentences` has the keys and placeholders of ENGLISH; the rule's text is the protocol's in `lang`."""
        codes = ["once" if self.began.date() == self.last.date() else "repeated"]
        codes += [] if self.sure else ["not_sure"]
        codes += ["over"] if self.over else []
        days = {
            "first": self.day(self.began),
            "last": self.day(self.last),
            "over": self.over and self.day(self.over),
        }
        return filled("".join(sentences[code] for code in codes), days | {"rule": self.rule.text.in_(lang)})

    def day(self, moment: datetime) -> int | str:
        """Days since infusion; the date where there was none yet."""
        return f"{moment:%Y-%m-%d}" if self.day0 is None else (moment.date() - self.day0).days


def alerts(watched: Watched) -> tuple[Alert, ...]:
    """Every alert at the cut-off, by rule in the protocol's order, patient and moment.

    An episode of a rule goes on while no more than `gap_hours` of [toxicity] lie between two pieces of evidence, or
    while nothing that does not meet the rule lies between them: platelets that are low on two weekly counts are one.
    """
    if not watched.protocol.alerts:
        return ()
    gap = timedelta(hours=watched.protocol.toxicity.gap_hours)
    infused = watched.subjects[watched.subjects["day0"].notna()]
    day0 = dict(zip(infused["usubjid"], infused["day0"].dt.date, strict=True))
    found: list[Alert] = []
    for rule in watched.protocol.alerts:
        for (who, part), rows in groupby(watched.hits(rule), EPISODES_OF):
            found += [_alert(rule, who, part, day0.get(who), *one) for one in _episodes(list(rows), gap, rule)]
    return tuple(found)


def first_seen(cuts: Sequence[tuple[str, Sequence[Alert]]]) -> dict[str, str]:
    """Key of each alert of the last cut -> the first cut that had it.

    cuts: name and alerts of each, oldest first. It is the same alert where rule, patient and part are the same and the
    times overlap: a result that comes late moves its beginning, not its identity.
    """
    seen: dict[tuple[str, str, str], list[tuple[str, Alert]]] = defaultdict(list)
    for name, known in cuts:
        for one in known:
            seen[one.identity].append((name, one))
    latest = cuts[-1][1] if cuts else ()
    return {one.key: next(name for name, other in seen[one.identity] if _overlap(one, other)) for one in latest}


def _overlap(one: Alert, other: Alert) -> bool:
    return one.began <= other.last and other.began <= one.last


def _episodes(rows: Sequence[Hit], gap: timedelta, rule: Rule) -> Iterator[tuple[list[Hit], datetime | None]]:
    """Hits that belong together, each group with the first moment after it that is none."""
    open_: list[Hit] = []
    for number, one in enumerate(rows):
        if not one.hit:
            continue
        if open_ and one.first - max(each.until for each in open_) > gap and _parted(rows, open_[-1], one):
            yield open_, _over(rows[:number], open_, rule)
            open_ = []
        open_.append(one)
    if open_:
        yield open_, _over(rows, open_, rule)


def _parted(rows: Sequence[Hit], before: Hit, after: Hit) -> bool:
    """By something of the same name that does not meet the rule."""
    return any(not one.hit and one.code == before.code and before.first < one.first <= after.first for one in rows)


def _over(rows: Sequence[Hit], hits: Sequence[Hit], rule: Rule) -> datetime | None:
    """When each test of the episode has a later result that does not meet the rule, or nothing of it lasts; of a rule
    that needs two things together, when one of them has."""
    last = {one.code: one.first for one in hits}
    ends = [
        next((one.first for one in rows if not one.hit and one.code == code and one.first > moment), None)
        for code, moment in last.items()
    ]
    known = [one for one in ends if one is not None]
    if rule.together_with:
        return min(known) if known else None
    return max(known) if len(known) == len(ends) else None


def _alert(rule: Rule, who: str, part: str, day0: date | None, hits: Sequence[Hit], over: datetime | None) -> Alert:
    began, last = hits[0].first, max(one.until for one in hits)
    evidence = tuple(_evidence(who, one) for one in hits)
    return Alert(rule, who, part, began, last, over, any(one.sure for one in hits), evidence, day0)


def _evidence(who: str, one: Hit) -> Evidence:
    grades, source = (one.low, one.high, one.scale), (one.source_file, one.source_row)
    return Evidence(one.table, who, one.code, one.dtc, one.value, *grades, *source, note=one.note)
