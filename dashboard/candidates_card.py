"""The queue of DLT candidates: what may be a DLT, how far its clock has run, and who said what of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clinical.adjudication import Adjudication, adjudications, later
from clinical.board import Board
from clinical.candidates import VERDICTS, Candidate
from clinical.lab_grades import TESTS
from clinical.lab_results import Evidence, Lacking
from dashboard import elements as html
from dashboard.advising import Advised
from dashboard.drill import Opened, listing, named, nothing_opened, opened, panel
from dashboard.forms import form
from dashboard.rule_card import switch
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from dashboard.still import Element, Still
from queries.subjects import subjects

KIND = "candidate"  # of an opened panel


def candidates_card(asked: Asked, found: Advised) -> list:
    """Open ones first; what is decided, or cleared, is kept below and can be looked at."""
    say, every = asked.say, [one for some in found.given.candidates.values() for one in some]
    still_open = sorted((one for one in every if one.open), key=_urgency)
    adjudicated = [one for one in every if one.adjudicated]
    rest = sorted((one for one in every if not one.open and not one.adjudicated), key=_urgency)
    head = say("candidates.open", count=len(still_open)) if still_open else say("candidates.none_open")
    return [
        html.P(head, className="summary"),
        *(_item(asked, one) for one in still_open),
        *_folded(asked, "candidates.adjudicated", adjudicated),
        *_folded(asked, "candidates.not_open", rest),
        html.P(asked.say("candidates.watched_tests", tests=", ".join(TESTS)), className="quiet"),
        html.Div(stamp(asked), className="stamp"),
    ]


def candidate_lines(asked: Asked, state: Board, people: Sequence[str]) -> list:
    """The candidates of these patients that are open or a DLT, each a way to its evidence; nothing without any."""
    own = [one for who in people for one in state.candidates.get(who, ()) if one.open or one.adjudicated == "Y"]
    return [html.H3(asked.say("candidates.title")), *(_line(asked, one) for one in own)] if own else []


def _urgency(one: Candidate) -> tuple:
    return VERDICTS.index(one.verdict), one.usubjid, one.key


def _folded(asked: Asked, head: str, some: list[Candidate]) -> list:
    if not some:
        return []
    return [html.Details([html.Summary(asked.say(head, count=len(some))), *(_line(asked, one) for one in some)])]


def _item(asked: Asked, one: Candidate) -> Element:
    """One open question, its evidence in a line, and the two ways to answer it: suppose, or say."""
    say = asked.say
    return html.Div(
        [
            html.Div([named(asked, one.usubjid), " ", html.B(_title(asked, one)), " ", _badge(asked, one)]),
            *_progress(one),
            html.Div(_why(asked, one)),
            html.Div(_last(asked, one), className="quiet"),
            html.Div(
                [
                    html.Span(say("candidates.count_it"), className="quiet"),
                    switch(
                        asked, (one.usubjid, one.key), asked.view.assumed().get((one.usubjid, one.key), ""), one.key
                    ),
                    html.A(say("candidates.judge"), href=_href(asked, one), className="judge"),
                ],
                className="if-row",
            ),
        ],
        className="candidate",
        **{"data-candidate": one.key},
    )


def _line(asked: Asked, one: Candidate) -> Element:
    verdict = (
        asked.say(f"candidates.said_{one.adjudicated}") if one.adjudicated else asked.say(f"candidates.{one.verdict}")
    )
    link = html.A(verdict, href=_href(asked, one))
    return html.Div([named(asked, one.usubjid), f" {_title(asked, one)}: ", link], className="candidate-line")


def _href(asked: Asked, one: Candidate) -> str:
    return asked.view.change(open=opened(KIND, one.usubjid, one.key)).href


def _title(asked: Asked, one: Candidate) -> str:
    grade = asked.say("candidates.grade", grade=one.grade) if one.grade else asked.say("candidates.no_grade")
    return f"{one.named(asked.view.lang)} {grade}"


def _badge(asked: Asked, one: Candidate) -> Element:
    return html.Span(asked.say(f"candidates.{one.verdict}"), className=f"badge verdict-{one.verdict}")


def _progress(one: Candidate) -> list:
    if one.clock is None:
        return []
    share = min(1.0, 24 * one.clock.day / one.clock.limit_hours)
    return [html.Div(html.Div(style={"width": f"{100 * share:.0f}%"}), className="clock", **{"aria-hidden": "true"})]


def _why(asked: Asked, one: Candidate) -> list:
    """The sentence of the verdict, and the clause it rests on."""
    clause = next(
        (rule.text.in_(asked.view.lang) for rule in asked.cut.protocol.dlt.clauses if rule.id == one.clause), ""
    )
    said = sentence(asked, one)
    return [f"{said[:1].upper()}{said[1:]}{asked.say('rule.full_stop')} ", html.Span(clause, className="quiet")]


def sentence(asked: Asked, one: Candidate) -> str:
    """Why it is what it is."""
    said = replace(one, values={name: _in_words(asked, value) for name, value in one.values.items()})
    return said.say(Sentences("candidate", asked.say))


def _in_words(asked: Asked, value: object) -> object:
    """A moment in the trial's clock, what is not known in the reader's language."""
    if isinstance(value, Lacking):
        return value.say(Sentences("lacking", asked.say))
    if not isinstance(value, datetime):
        return value
    told = value.astimezone(asked.cut.protocol.trial.zone) if value.tzinfo else value
    return f"{told:%Y-%m-%d %H:%M}"


def _last(asked: Asked, one: Candidate) -> str:
    parts = []
    if one.evidence:
        last = one.evidence[-1]
        parts.append(asked.say("candidates.last", what=_said(last), grade=_grade(asked, last)))
    if one.source == "LB":
        parts.append(asked.say("candidates.not_reported"))
    return " ".join(parts)


def _said(one: Evidence) -> str:
    return " ".join(part for part in (one.code, one.value, one.dtc or "") if part)


def _grade(asked: Asked, one: Evidence) -> str:
    if one.low is None and one.high is None:
        return asked.say("word.not_recorded")
    grade = f"{one.low}" if one.low == one.high else f"{one.low}–{one.high}"
    return f"{grade} ({one.scale})" if one.scale else grade


# ---- one candidate ---------------------------------------------------------------------------------------------------
def find(asked: Asked) -> Candidate | None:
    """The candidate that the address opens."""
    what = Opened.read(asked.view.open)
    if what.kind != KIND or len(what.parts) != 3:
        return None
    _, usubjid, key = what.parts
    return next((one for one in asked.board().candidates.get(usubjid, ()) if one.key == key), None)


def candidate_panel(asked: Asked) -> list:
    """Its evidence, what was said of it, and the form in which a person says it."""
    one = find(asked)
    if one is None:
        return nothing_opened(asked)
    say = asked.say
    rows = [[_said(row), _grade(asked, row), f"{row.source_file} {row.source_row}"] for row in one.evidence]
    head = [say("candidates.evidence"), say("word.grade"), say("word.source")]
    parts = [
        html.P([_badge(asked, one), " ", *_why(asked, one)]),
        html.H3(say("candidates.rows")),
        listing(head, rows, say),
        html.H3(say("candidates.verdicts")),
        Still(html.Div(list(_history(asked, one)))),
        *_form(asked, one),
    ]
    return [panel(asked, _title(asked, one), [one.usubjid], parts, subjects(asked.cut))]


@dataclass(frozen=True)
class Verdicts:
    """What people said of one candidate: the verdict that holds on this cut, and those made on a later one."""

    holds: Adjudication | None
    later: tuple[Adjudication, ...]


def verdicts(asked: Asked, one: Candidate) -> Verdicts:
    events = asked.written()
    after = tuple(
        said for said in later(events, asked.cut.cutoff) if (said.usubjid, said.candidate) == (one.usubjid, one.key)
    )
    return Verdicts(adjudications(events, asked.cut.cutoff).get((one.usubjid, one.key)), after)


def _history(asked: Asked, one: Candidate) -> Iterable:
    """Everything that was said of it, withdrawn or not, as it was said; and the file's flag."""
    say, told = asked.say, False
    if one.flag:
        told = True
        yield html.P(say("candidates.flag", verdict=say(f"candidates.said_{one.flag}")))
    mine = {}
    for event in asked.written():
        said = event.payload
        if event.subject != one.usubjid:
            continue
        when = {"at": f"{event.at:%Y-%m-%d %H:%M} UTC", "actor": event.actor, "reason": said["reason"]}
        if event.action == "dlt.adjudicated" and said["candidate"] == one.key:
            mine[event.id], told = event, True
            verdict = say(f"candidates.said_{'Y' if said['dlt'] else 'N'}")
            yield html.P(say("candidates.history", number=event.id, verdict=verdict, cut=said["cut"][:7], **when))
        if event.action == "dlt.withdrawn" and said["event"] in mine:
            yield html.P(say("candidates.withdrawn", number=said["event"], **when))
    if not told:
        yield html.P(say("candidates.nobody"), className="quiet")


def _form(asked: Asked, one: Candidate) -> list:
    say, said = asked.say, verdicts(asked, one)
    buttons = {"dlt": say("candidates.is_dlt"), "no_dlt": say("candidates.is_no_dlt")}
    buttons |= {"withdraw": say("candidates.withdraw", number=said.holds.event)} if said.holds else {}
    after = [html.P(say("candidates.later", count=len(said.later)), className="quiet")] if said.later else []
    return [*after, form(say, "verdict", one.key, buttons)]
