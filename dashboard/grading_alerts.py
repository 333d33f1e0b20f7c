"""The alerts of the protocol's rules: one row a rule, patient and episode, with what it rests on; and their export."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from clinical.alerts import Alert
from clinical.lab_results import Evidence
from dashboard import elements as html
from dashboard.alerting import Seen, first_seen, of_trial
from dashboard.choices import choice
from dashboard.drill import listing, named
from dashboard.labels import Say
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from dashboard.still import Element
from dashboard.tables import export_link
from queries.subjects import subjects

Alerts = Mapping[str, tuple[Alert, ...]]


def alerts_card(asked: Asked, found: Alerts, seen: Seen) -> Element:
    say = asked.say
    head = html.H2(say("alerts.title"))
    said = [html.P(one, className="later") for one in _left_out(asked, seen)]
    if not asked.cut.protocol.alerts:
        return html.Section([head, *said, html.P(say("alerts.no_rules"))], className="card", id="alerts")
    every = [one for own in found.values() for one in own]
    is_open = sum(one.is_open for one in every)
    people = len({one.usubjid for one in every if one.is_open})
    summary = html.P(
        say("alerts.summary", open=is_open, patients=people, over=len(every) - is_open), className="summary"
    )
    about = html.P(say("alerts.about"), className="quiet")
    shown = chosen(asked, found)
    nothing = say("alerts.none_open") if every and not shown else say("alerts.none")
    everyone = subjects(asked.cut)
    died = set(everyone["usubjid"][everyone["death"].notna()])
    rows = listing(_head(say), [_row(asked, one, seen, died) for one in shown], say) if shown else html.P(nothing)
    query = asked.view.change(open="").search
    identity = html.Div(stamp(asked, filters(asked)), className="stamp")
    export = export_link(f"/export/alerts.csv?{query}", say)
    title = html.Div([head, _which(asked)], className="card-head")
    return html.Section([title, summary, about, *said, rows, identity, export], className="card", id="alerts")


def chosen(asked: Asked, found: Alerts) -> list[Alert]:
    """Open before over, sure before not, then the latest first."""
    every = [one for own in found.values() for one in own if one.is_open or asked.view.alerts == "all"]
    return sorted(
        sorted(every, key=lambda one: one.last, reverse=True), key=lambda one: (not one.is_open, not one.sure)
    )


def _which(asked: Asked) -> Element:
    options = [(one, asked.say(f"alerts.show_{one}")) for one in ("open", "all")]
    return choice(asked.say("alerts.show"), asked.view, "alerts", options)


def filters(asked: Asked) -> str:
    return f"{asked.say('alerts.title')}: {asked.say(f'alerts.show_{asked.view.alerts}')}"


def _left_out(asked: Asked, seen: Seen) -> Iterable[str]:
    """Rules that this cut, or an older one in which an alert would have been seen first, cannot evaluate."""
    say = asked.say
    if own := asked.cut.protocol.left_out:
        yield say("alerts.left_out", rules=", ".join(own))
    older = [one for one in seen.left_out if one != asked.cut.id] if asked.cut.protocol.alerts else []
    if older:
        yield say("alerts.left_out_before", cuts=", ".join(cut_words(seen, one) for one in older))
    if seen.unread:
        yield say("alerts.unread", cuts=", ".join(one[:7] for one in seen.unread))


def cut_words(seen: Seen, cut: str) -> str:
    return f"{cut[:7]} ({seen.cutoffs[cut]:%Y-%m-%d})"


# ---- rows ------------------------------------------------------------------------------------------------------------
def _head(say: Say) -> list[str]:
    return [
        say("word.patient"),
        say("alerts.alert"),
        say("alerts.state"),
        say("alerts.since"),
        say("alerts.last"),
        say("alerts.evidence"),
        say("alerts.first_seen"),
    ]


def _row(asked: Asked, one: Alert, seen: Seen, died: Collection[str]) -> list:
    say = asked.say
    kind = "badge alarm-text" if one.is_open else "badge not_opened"
    state = [Element("span", {"className": kind}, state_words(say, one))]
    state += [" ", say("alerts.died")] if one.is_open and one.usubjid in died else []
    when = (_moment(say, one, *each) for each in ((one.began, one.evidence[0].dtc), (one.last, _last(one))))
    first = cut_words(seen, seen.first[one.key])
    return [named(asked, one.usubjid), alert_words(asked, one), state, *when, _evidence(say, one), first]


def alert_words(asked: Asked, one: Alert) -> str:
    """The rule's text with what tells it apart from others of the rule, and whether it is sure."""
    parts = [one.rule.text.in_(asked.view.lang)]
    parts += [part_words(asked.say, one)] if one.part else []
    parts += [asked.say("alerts.not_sure")] if not one.sure else []
    return " · ".join(parts)


def part_words(say: Say, one: Alert) -> str:
    """Oxygen and vasopressor in the reader's language; an event's term as it was coded."""
    return say(f"patient.kind_{one.part}") if one.rule.new else one.evidence[0].code


def state_words(say: Say, one: Alert) -> str:
    return say("alerts.open") if one.is_open else say("alerts.over", when=_day(say, one, one.over))


def _day(say: Say, one: Alert, moment: datetime) -> str:
    """The date of who was not infused."""
    day = one.day(moment)
    return day if one.day0 is None else say("alerts.day", day=day)


def _moment(say: Say, one: Alert, moment: datetime, text: str) -> list:
    return [_day(say, one, moment), " ", Element("span", {"className": "ci"}, text.replace("T", " "))]


def _last(one: Alert) -> str:
    """As the file has it; of what lasts the day, which may be the cut-off's."""
    lasts = one.rule.new or one.rule.table == "adverse_event"
    return f"{one.last:%Y-%m-%d}" if lasts else one.evidence[-1].dtc


def _evidence(say: Say, one: Alert) -> str | Element:
    """The first and the last of it; opened, all of it with file and row."""
    told = [evidence_words(say, each) for each in one.evidence]
    if len(told) == 1:
        return told[0]
    values = [_value(say, one.evidence[place]) for place in (0, -1)]
    summary = say("alerts.results", count=len(told), first=values[0], last=values[1])
    lines = Element("div", {"className": "lines"}, "\n".join(told))
    return Element("details", {}, [Element("summary", {}, summary), lines])


def evidence_words(say: Say, each: Evidence) -> str:
    return f"{_value(say, each)} ({each.dtc}, {each.source_file}:{each.source_row})"


def _value(say: Say, each: Evidence) -> str:
    code = "" if each.table == "support" else each.code  # a device or a drug is its own name
    note = f"({each.note.say(Sentences('alert', say))})" if each.note else ""
    grade = _grade(say, each.table, each.low, each.high, each.scale)
    return " ".join(one for one in (code, each.value, note, grade) if one)


@lru_cache(maxsize=1024)  # of tens of thousands of results
def _grade(say: Say, table: str, low: int | None, high: int | None, scale: str) -> str:
    if low is None:
        return say("grading.not_recorded") if table == "adverse_event" else ""
    grade = say("grading.grade", grade=low if low == high else f"{low}–{high}")
    return f"{grade} ({scale})" if scale else grade


def export(asked: Asked) -> Iterable[Iterable]:
    yield ["usubjid", "rule", "alert", "part", "sure", "open", "began", "last", "over", "first_cut", "first_cutoff",
           "evidence"]  # fmt: skip
    found, seen = of_trial(asked.cut).result(), first_seen(asked.cut).result()
    for one in chosen(asked, found):
        first = seen.first[one.key]
        evidence = "; ".join(evidence_words(asked.say, each) for each in one.evidence)
        answers = ("Y" if said else "N" for said in (one.sure, one.is_open))
        yield [one.usubjid, one.rule.id, one.rule.text.in_(asked.view.lang), one.part, *answers, one.began, one.last,
               one.over or "", first[:7], seen.cutoffs[first], evidence]  # fmt: skip
