"""The cells of the rounds: what each says of one patient, short, with the whole of it in its title."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from clinical.alerts import Alert
from clinical.discrepancies import Discrepancy
from clinical.due import due_next, silence
from clinical.grading import ctcae
from clinical.last_results import LINE_DAYS, LastResult
from clinical.rounds import SEVERE, Known, Round, assessed_hours, differs
from dashboard import due_card
from dashboard import elements as html
from dashboard.drill import named, opened
from dashboard.figures.panels import digits, moment, unit_words
from dashboard.grading_toxicity import SCALES
from dashboard.rounds import visits_of, who
from dashboard.sentences import Sentences
from dashboard.session import Asked
from dashboard.still import Element
from dashboard.svg import sparkline
from dashboard.tables import level_dot

SITES = ("axilla", "oral_cavity", "ear", "rectum", "forehead")
COUNTS = {"NEUT": "Neutrophil count decreased", "PLAT": "Platelet count decreased"}  # CTCAE terms
ARROWS = {"up": "↑", "down": "↓", "same": "→"}
NAMED = 4  # alerts; the rest are counted
_DAYS_FROM = 72  # hours; what is older is told in days


@dataclass(frozen=True)
class Cells:
    """The cells of one patient after the other."""

    asked: Asked
    known: Known

    # ---- who ----
    def patient(self, one: Round) -> list:
        protocol, say = self.asked.cut.protocol, self.asked.say
        dot = level_dot(protocol.place(one.cohort))
        state = one.state.say(Sentences("rounds", say)) if one.state.code != "treated" else ""
        label = protocol.level(one.cohort).label.in_(self.asked.view.lang) if one.cohort else say("patient.no_cohort")
        return [html.Span([dot, named(self.asked, one.usubjid)], title=label), under(state)]

    def day(self, one: Round) -> object:
        say = self.asked.say
        return self.nothing("not_infused") if one.day is None else html.B(say("patient.day", day=one.day))

    # ---- CRS and ICANS ----
    def toxicity(self, one: Round, kind: str) -> list | Element:
        if one.day is None:
            return self.nothing("not_infused")
        if one.reported[kind].state == "none" and not self._followed(kind):
            return self.nothing("not_followed")  # "none reported" would tell of a search that nobody made
        derived = (*self._derived(one, kind), *self._higher(one, kind))
        return [*self._reported(one, kind), *derived, self._assessed(one, kind)]

    def _followed(self, kind: str) -> bool:
        return any(group.id == kind for group in self.asked.cut.protocol.aesi)

    def _reported(self, one: Round, kind: str) -> Iterator[object]:
        say, told = self.asked.say, one.reported[kind]
        if told.state == "none":
            yield html.Span(say("rounds.none_reported"), className="quiet-words")
            return
        grade = html.Span(f"{told.grade}", className=f"grade {kind}{told.grade}") if told.grade else None
        goes_on = told.state == "goes_on"
        yield html.Span([grade or say("rounds.ungraded")], className="" if goes_on else "past")
        if goes_on:
            since = say("rounds.undated") if told.since is None else say("rounds.since", day=self._day(one, told.since))
            yield html.Span(f" {since}", title=say("word.ongoing"), className="goes-on")
        elif told.end_known:
            yield html.Span(f" {say('rounds.until', day=self._day(one, told.until))}", className="quiet-words")
        else:
            yield html.Span(f" {say('rounds.end_not_known')}", className="quiet-words")

    def _derived(self, one: Round, kind: str) -> Iterator[Element]:
        derived = self.known.derived_of(kind, one.usubjid)
        if differs(one.reported[kind], derived):
            grade = self._range(derived.low, derived.high)
            words = self.asked.say("rounds.derived", grade=grade, moment=self._short(derived.at, True))
            mild = derived.low == 0 and derived.high < SEVERE and one.reported[kind].state != "goes_on"
            yield html.Span(words, className="under" if mild else "under differs", title=SCALES[kind])

    def _higher(self, one: Round, kind: str) -> Iterator[Element]:
        """Of any day since the infusion: a grade that is over is still a question to the site."""
        found = self.known.higher_of(kind, one.usubjid)
        if found:
            words = self._higher_words(found)
            title = found.said.say(Sentences("discrepancy", self.asked.say))
            yield html.Span(words, className="under differs" if found.higher[1] >= SEVERE else "under", title=title)

    def _higher_words(self, found: Discrepancy) -> str:
        say, grade = self.asked.say, self._range(*found.higher)
        if found.code == "other_term":
            return say("rounds.higher_other_term", grade=grade, term=found.said.values["term"])
        return say("rounds.higher", grade=grade)

    def _range(self, low: int, high: int) -> str:
        """What is possible is not said as if it were known."""
        code = "grade_known" if low == high else "grade_least" if low else "grade_possible"
        return self.asked.say(f"rounds.{code}", low=low, high=high)

    def _assessed(self, one: Round, kind: str) -> Element:
        """Never "now": when it was; grey where that is too long ago for who lies in hospital."""
        say, last = self.asked.say, one.assessed(kind)
        if one.not_assessed(kind, self.asked.cut.cutoff, assessed_hours(self.asked.cut.protocol)):
            words = say("rounds.never") if last is None else say("rounds.not_since", moment=self._short(last, True))
            return html.Span(words, className="not-assessed")
        if last is None:
            return under(say("rounds.never"))
        return under(say("rounds.assessed", age=self._age(last, True)), title=moment(last))

    # ---- results ----
    def result(self, one: Round, code: str, unit: str, *, line: bool = False) -> list | Element:
        """unit: the one in the head of the column; a result in another one names it."""
        last = one.result(code)
        if not isinstance(last, LastResult):
            return self.nothing(f"result_{last.code}", why=last.why or self.asked.say("word.not_recorded"))
        parts = [html.B(self._value(last, unit)), *self._trend(last), *self._grade(code, last)]
        about = self._about(last)
        if line and len(last.line) > 1:
            parts.append(sparkline(last.line, LINE_DAYS))
        when = [self._site(last), self._age(last.at, last.timed)]
        parts.append(under(", ".join(each for each in when if each)))
        return [html.Span(parts, title=about, className="result")]

    def _value(self, last: LastResult, unit: str) -> str:
        other = f" {unit_words(last.unit)}" if last.unit != unit else ""
        return f"{last.qualifier} {digits(last.value)}{other}".strip()

    def _grade(self, code: str, last: LastResult) -> Iterator[Element]:
        """Of counts by their value, as CTCAE has it; grade 0 has no digit."""
        if code not in COUNTS:
            return
        version = self.asked.cut.protocol.adverse_events.ctcae_version
        found = ctcae.grade(
            COUNTS[code], last.value, last.unit, lln=last.lln, uln=last.uln, qualifier=last.qualifier or None,
            version=version,
        )  # fmt: skip
        if found.high:
            digit = f"{found.low}" if found.low == found.high else f"{found.low}–{found.high}"
            yield html.Span(digit, className=f"grade g{found.high}", title=f"{found.scale} {found.reason}".strip())

    def _trend(self, last: LastResult) -> Iterator[Element]:
        if last.trend:
            before = f"{digits(last.before)} {unit_words(last.unit)}".strip()
            words = self.asked.say(f"rounds.trend_{last.trend}", before=before, moment=moment(last.before_at))
            named = {"role": "img", "aria-label": words}
            yield html.Span(ARROWS[last.trend], className=f"trend {last.trend}", title=words, **named)

    def _site(self, last: LastResult) -> str:
        site = last.place.lower().replace(" ", "_")
        return self.asked.say(f"patient.site_{site}") if site in SITES else last.place.lower()

    def _about(self, last: LastResult) -> str:
        """The value as it is, whose day, from where; and that a later sample has no number."""
        say = self.asked.say
        value = f"{last.qualifier} {digits(last.value)} {unit_words(last.unit)}".strip()
        day = "" if last.day is None else f"{say('patient.day', day=last.day)}, "
        told = f"{value}, {day}{moment(last.at)}, {last.source}"
        if last.later is not None:
            told += f". {say('rounds.later', why=last.later or say('word.not_recorded'))}"
        return told

    def oxygen(self, one: Round) -> list:
        given = [_support(each) for each in one.support]
        return [*_as_list(self.result(one, "OXYSAT", "%")), *(html.Span(each, className="given") for each in given)]

    # ---- what is open ----
    def open_questions(self, one: Round) -> list | Element:
        say, parts = self.asked.say, []
        for each in (self.known.candidates or {}).get(one.usubjid, ()):
            parts.append(self._candidate(each))
        alerts = (self.known.alerts or {}).get(one.usubjid, ())
        parts += [self._alert(each) for each in alerts[:NAMED]]
        if len(alerts) > NAMED:
            parts.append(under(say("rounds.more", count=len(alerts) - NAMED)))
        if self.known.alerts is None or self.known.candidates is None:
            parts.append(html.Span("…", className="quiet-words", title=say("rounds.computing")))
        if parts:
            return parts
        return self.nothing("no_alert" if self.asked.cut.protocol.alerts else "no_rules")

    def _candidate(self, one) -> Element:
        there = self.asked.view.change(page="board", zoom="", assume="", open=opened("candidate", one.usubjid, one.key))
        words = self.asked.say("rounds.candidate", term=one.named(self.asked.view.lang))
        return html.A(words, href=there.href, className="badge open-candidate")

    def _alert(self, one: Alert) -> Element:
        say, lang = self.asked.say, self.asked.view.lang
        may_be = "" if one.sure else f" {say('rounds.may_be')}"
        title = one.say(Sentences("alert", say), lang)
        return html.Span(f"{one.rule.text.in_(lang)}{may_be}", className="badge open-alert", title=title)

    # ---- how old, what next ----
    def age(self, one: Round) -> object:
        if one.last_data is None:
            return self.nothing("no_data")
        timed = one.last_data != datetime.combine(one.last_data.date(), datetime.min.time())
        old = (
            one.in_hospital
            and not (one.died or one.left)
            and self._hours(one.last_data) > assessed_hours(self.asked.cut.protocol)
        )
        words, title = self._age(one.last_data, timed), moment(one.last_data)
        return html.Span(words, className="not-assessed" if old else "", title=title)

    def due(self, one: Round) -> list | Element:
        cut, say = self.asked.cut, self.asked.say
        row, made = who(cut, one.usubjid), visits_of(cut, one.usubjid)
        candidates = (self.known.candidates or {}).get(one.usubjid, ())
        some = due_next(row, made, cut.protocol, cut.cutoff, candidates)
        if not some:
            why = silence(row, made, cut.protocol)
            return self.nothing("nothing_due", why=why[0].say(Sentences("due", say)) if why else "")
        first = some[0]
        late = [html.Span(say("due.overdue", days=(cut.cutoff.date() - first.last).days), className="under overdue")]
        more = [under(say("due.more", count=len(some) - 1))] if first.overdue and len(some) > 1 else []
        return [
            html.Span(due_card.name(first, say, self.asked.view.lang)),
            under(due_card.dates(first, say, cut.cutoff.year)),
            *(late if first.overdue else []),
            *more,
        ]

    # ---- words ----
    def nothing(self, code: str, **values: str) -> Element:
        """A dash, with its reason."""
        words = self.asked.say(f"rounds.{code}", **values)
        return html.Span("–", title=words, className="none", **{"aria-label": words, "role": "img"})

    def _day(self, one: Round, when: date) -> int:
        return one.day - (self.asked.cut.cutoff.date() - when).days

    def _hours(self, at: datetime) -> float:
        return (self.asked.cut.cutoff - at).total_seconds() / 3600

    def _age(self, at: datetime, timed: bool) -> str:
        """Before the cut-off."""
        say, days = self.asked.say, (self.asked.cut.cutoff.date() - at.date()).days
        if timed and self._hours(at) < _DAYS_FROM:
            return say("rounds.hours", count=round(self._hours(at)))
        return say("rounds.days", count=days) if days else say("rounds.same_day")

    def _short(self, at: datetime, timed: bool) -> str:
        day = f"{at:%m-%d}" if at.year == self.asked.cut.cutoff.year else f"{at:%Y-%m-%d}"
        return f"{day} {at:%H:%M}" if timed else day


def under(words: str, **about: str) -> Element | None:
    return html.Span(words, className="under", **about) if words else None


def _support(one) -> str:
    amount = "" if one.dose is None else f" {one.dose:g} {unit_words(one.unit)}".rstrip()
    return f"{one.name.lower()}{amount}"


def _as_list(part: object) -> list:
    return part if isinstance(part, list) else [part]
