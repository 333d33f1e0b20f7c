"""The rule speaks: what the 3+3 says next, on which clause and patients, and when it can be done."""

from collections.abc import Iterable

from dash import html

from clinical.advice import Advice, Case
from clinical.decision import Decision
from clinical.escalation import Branch, what_if
from clinical.pauses import Pause
from clinical.trial_history import ladder
from dashboard.advising import Advised
from dashboard.drill import named, opened
from dashboard.reasons import reason
from dashboard.sentences import Sentences, people, with_links
from dashboard.session import Asked, stamp

LETTERS = {"no_dlt": "N", "dlts": "T", "pending": "P", "replaced": "X"}


def rule_card(asked: Asked, found: Advised) -> list:
    """The head of it all: pause, hold, withheld or the advice; then why, who counts, and when."""
    advice, say = found.advice, asked.say
    return [
        *([_hypothetical(asked, found)] if found.hypothetical else []),
        html.Div(
            [html.P(head(asked, advice), className="verdict"), *_beneath(asked, found)],
            className=f"rule {advice.stands}",
            **{"data-stands": advice.stands},
        ),
        html.Table(html.Tbody([_row(*one) for one in _when(asked, found)]), className="when"),
        html.P(say("rule.about"), className="quiet"),
        html.Div(stamp(asked, say("rule.hypothetical_stamp") if found.hypothetical else ""), className="stamp"),
    ]


def _row(name: str, told: list) -> html.Tr:
    return html.Tr([html.Th(name, scope="row"), html.Td(told)])


def _hypothetical(asked: Asked, found: Advised) -> html.Div:
    said = [one for one in found.advice.sentences if one.code in ("hypothetical", "ignored")]
    words = [with_links(asked, one.say(Sentences("advice", asked.say))) for one in said]
    back = html.A(asked.say("rule.back"), href=asked.view.change(assume="").href)
    lines = [part for line in words for part in (*line, ". ")]
    return html.Div(
        [html.B(asked.say("rule.hypothetical")), " ", *lines, back], className="hypothetical", role="status"
    )


def head(asked: Asked, advice: Advice) -> str:
    """What the panel says in large."""
    if advice.stands == "pause":
        return asked.say("rule.head_pause")
    if advice.stands == "hold":
        return advice.hold.sentence.say(Sentences("advice", asked.say))
    if advice.stands == "withheld":
        return _withheld(asked, advice)
    return headline(asked, advice.decision)


def _withheld(asked: Asked, advice: Advice) -> str:
    return _sentence("; ".join(one.say(Sentences("advice", asked.say)) for one in advice.withheld))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def headline(asked: Asked, decision: Decision) -> str:
    """The decision in as few words as a projector needs."""
    code = f"stop_{decision.mtd_status.replace(' ', '_')}" if decision.stopped else decision.action
    values = {"level": decision.dose, "at": decision.values.get("at"), "mtd": decision.mtd, "room": decision.room}
    said = asked.say(f"rule.head_{code}", **values)
    over = decision.exceeded[-1] if decision.exceeded and decision.action in ("stop", "deescalate") else None
    return said if over is None else f"{asked.say('rule.exceeded', level=over)} {said}"


def why(asked: Asked, decision: Decision) -> str:
    return _sentence(decision.say(Sentences("decision", asked.say))) + asked.say("rule.full_stop")


def clause(asked: Asked, decision: Decision) -> str:
    return f"3+3, {asked.say(f'rule.variant_{decision.variant}')}: {asked.say(f'clause.{decision.rule}')}"


def _beneath(asked: Asked, found: Advised) -> list:
    """What stands under the head, by what it is."""
    advice = found.advice
    parts: list = [_pause(asked, one) for one in advice.pauses]
    if advice.withheld and advice.stands != "withheld":  # what is graver stands at the head
        parts.append(html.P(_withheld(asked, advice), className="alarm-line"))
    if advice.hold:
        parts += _held(asked, advice)
    parts += [_case(asked, one) for one in advice.cases]
    if advice.cases and advice.decision:
        parts.append(_as_it_is(asked, advice))
    elif advice.decision and advice.stands != "advice":
        parts.append(html.P([html.B(f"{asked.say('rule.alone')} "), headline(asked, advice.decision)]))
    if advice.decision:
        parts.append(html.P(why(asked, advice.decision), className="why"))
        parts.append(html.P(clause(asked, advice.decision), className="quiet clause"))
    parts.append(html.P([asked.say("rule.counts", level=advice.counted.level), " ", *_counted(asked, advice)]))
    return parts


def _as_it_is(asked: Asked, advice: Advice) -> html.P:
    return html.P([html.B(f"{asked.say('rule.as_pending')} "), headline(asked, advice.decision)], className="case")


def _case(asked: Asked, case: Case) -> html.P:
    """What the advice would be if the open candidates turned out so."""
    who = people(asked, case.dlts)
    head = [*who, " ", asked.say("rule.if_dlt")] if case.dlts else [asked.say("rule.if_none")]
    if case.hold:
        return html.P([html.B(head), " ", case.hold.sentence.say(Sentences("advice", asked.say))], className="case")
    because = html.Span(why(asked, case.decision), className="under")
    return html.P([html.B(head), " ", headline(asked, case.decision), because], className="case")


def _held(asked: Asked, advice: Advice) -> list:
    hold, say = advice.hold, asked.say
    breach = say(f"violation.{hold.breach.code}", **hold.breach.values)
    counts = "; ".join(
        say("rule.level_counts", level=one.level, dlts=len(one.dlts), evaluable=one.evaluable, pending=len(one.pending))
        for one in hold.counts
        if one.evaluable or one.pending
    )
    return [
        html.P(_sentence(breach) + say("rule.full_stop")),
        html.P([html.B(f"{say('rule.would_say')} "), headline(asked, hold.ruled), " ", why(asked, hold.ruled)]),
        html.P([html.B(f"{say('rule.affected')} "), *people(asked, hold.affected)]),
        html.P(counts, className="quiet"),
    ]


def _pause(asked: Asked, pause: Pause) -> html.P:
    words = pause.say(Sentences("pause", asked.say), asked.view.lang)
    rows = html.A(asked.say("rule.rows"), href=asked.view.change(open=opened("pause", pause.rule.id)).href)
    return html.P([words, ": ", *people(asked, pause.patients), " · ", rows], className="alarm-line")


def _counted(asked: Asked, advice: Advice) -> Iterable:
    counted = [(who, letter) for name, letter in LETTERS.items() for who in getattr(advice.counted, name)]
    if not counted:
        yield "–"
    for number, (who, letter) in enumerate(counted):
        mark = advice.assumed.get(who, "")
        yield ", " if number else ""
        yield named(asked, who)
        yield f" ({asked.say(f'rule.letter_{letter}')}{asked.say('rule.assumed_mark') if mark else ''})"


def _when(asked: Asked, found: Advised) -> Iterable[tuple[str, list]]:
    """What is asked next in the meeting: when can it be decided, when infused, who keeps it, what stands above it."""
    advice, say = found.advice, asked.say
    decision, infusion = advice.sentences[-2:]
    words = Sentences("advice", say)
    yield say("rule.decision"), with_links(asked, _sentence(decision.say(words)))
    yield say("rule.infusion"), with_links(asked, _sentence(infusion.say(words)))
    if advice.when.blocked_by:
        yield say("rule.blocked_by"), people(asked, advice.when.blocked_by)
    if advice.when.waiting:
        yield say("rule.waiting"), people(asked, advice.when.waiting)
    yield say("rule.pauses"), _pauses(asked, found.pauses)


def _pauses(asked: Asked, rules: tuple[Pause, ...]) -> list:
    """Which rules are met or cannot be told; how near the others are stands in the list that opens."""
    say = asked.say
    loud = [one for one in rules if one.state != "not_met"]
    list_of = html.A(say("rule.pauses_checked", count=len(rules)), href=asked.view.change(open=opened("pauses")).href)
    if not rules:
        return [say("rule.no_pauses")]
    if not loud:
        return [say("rule.pauses_none"), " (", list_of, ")"]
    said = (one.say(Sentences("pause", say), asked.view.lang) for one in loud)
    return ["; ".join(said), " (", list_of, ")"]


# ---- what if ---------------------------------------------------------------------------------------------------------
def what_if_card(asked: Asked, found: Advised) -> list:
    """A switch for each pending patient, and what each number of DLTs among them would mean."""
    say = asked.say
    assumed = asked.view.assumed()
    waiting = [one for one in found.given.windows if one.state.blocking]
    if not waiting:
        return [html.P(say("rule.nobody_pending"), className="empty-words")]
    rows = [
        html.Div(
            [
                html.Span([named(asked, one.usubjid), html.Span(reason(one, say, asked.view.lang), className="under")]),
                switch(asked, (one.usubjid,), assumed.get((one.usubjid,), ""), one.subjid),
            ],
            className="if-row",
        )
        for one in waiting
    ]
    return [html.P(say("rule.if_about"), className="quiet"), *rows, *_outcomes(asked, found)]


def switch(asked: Asked, whom: tuple[str, ...], current: str, name: str) -> html.Div:
    """As in the data, no DLT, DLT: links, so that the address holds the assumption and nothing is stored."""
    links = [
        html.A(
            asked.say(f"rule.assume_{letter or 'data'}"),
            href=asked.view.assuming(whom, letter),
            className="option" + (" chosen" if letter == current else ""),
            **({"aria-current": "true"} if letter == current else {}),
            **{"data-assume": f"{name}/{letter or 'data'}"},
        )
        for letter in ("", "N", "T")
    ]
    return html.Div(links, className="options", role="group", **{"aria-label": asked.say("rule.assume", who=name)})


def _outcomes(asked: Asked, found: Advised) -> list:
    """By the number of DLTs among those still pending."""
    advice, say = found.advice, asked.say
    if advice.hold or not advice.counted.pending:
        return []
    rungs = ladder(asked.cut.protocol)
    frame = what_if(advice.history, **rungs.rule)
    known, n = len(advice.counted.dlts), advice.counted.evaluable + len(advice.counted.pending)
    lines = []
    for row in frame.itertuples():
        at = {"k": known + row.dlts, "n": n, "level": advice.counted.level}
        lines.append(html.Li([html.B(say("rule.then", **at)), " ", _then(asked, row, advice)]))
    locked = [html.P(say("rule.locked"), className="quiet")] if frame.attrs["locked"] else []
    return [html.Ul(lines, className="outcomes"), *locked]


def _then(asked: Asked, row, advice: Advice) -> str:
    codes = {"stop": "stop" if row.mtd is None else "stop_mtd"}
    values = {"level": row.dose, "mtd": row.mtd, "at": advice.counted.level}
    return asked.say(f"rule.then_{codes.get(row.action, row.action)}", **values)


# ---- two steps ahead -------------------------------------------------------------------------------------------------
def tree_card(asked: Asked, found: Advised) -> list:
    tree = found.advice.branches
    if tree is None or not tree.branches:
        return [html.P(asked.say("rule.no_tree"), className="empty-words")]
    lines = [_branch(asked, one) for one in tree.branches]
    return [html.P(asked.say("rule.tree_about"), className="quiet"), html.Ul(lines, className="tree")]


def _branch(asked: Asked, branch: Branch) -> html.Li:
    """Results at the level, the decision on them, and what can follow."""
    decision = branch.then.decision
    at = decision.values
    result = asked.say("rule.then", k=at["dlts"], n=at["evaluable"], level=at["at"])
    line = [html.Span(result, className="result"), html.Span(headline(asked, decision), className="then")]
    below = [html.Ul([_branch(asked, one) for one in branch.then.branches])] if branch.then.branches else []
    return html.Li([html.Div(line, className="branch"), *below])
