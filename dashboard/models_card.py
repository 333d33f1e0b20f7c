"""The models beside the rule: what they say of the same patients, and what the rule does on average. Context only."""

from dash import html

from clinical.context import LevelContext, characteristics, selected
from clinical.trial_history import ladder
from dashboard.advising import Advised
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from dashboard.tables import html_table, level_dot
from data.protocol_escalation import Scenario


def models_card(asked: Asked, found: Advised) -> list:
    say, models = asked.say, asked.cut.protocol.dlt.models
    if models is None:
        return [html.P(say("models.none"), className="empty-words")]
    if not found.models:
        return [html.P(say("models.nobody"), className="empty-words")]
    names = ("level", "counts", "boin", "keyboard", "crm", "beta", "word")
    head = [say(f"models.{one}", target=f"{models.target:g}") for one in names]
    table = html_table(
        head,
        [_level(asked, one) for one in found.models],
        caption=say("models.about", target=f"{models.target:g}"),
        stamp=stamp(asked, say("rule.hypothetical_stamp") if found.hypothetical else ""),
        name="models",
    )
    return [table, html.P(_selected(asked, found), className="quiet"), *_on_average(asked)]


def _selected(asked: Asked, found: Advised) -> str:
    level, rates = selected(found.advice.patients, asked.cut.protocol)
    told = ", ".join(f"{asked.say('board.level_n', level=one)}: {100 * rate:.0f} %" for one, rate in rates.items())
    return asked.say("models.selects_none" if level is None else "models.selects", level=level, rates=told)


def _level(asked: Asked, one: LevelContext) -> list:
    say = asked.say
    low, high = one.interval
    counts = [
        html.Span(f"{one.dlts}/{one.evaluable}"),
        html.Span(f"{100 * low:.0f}–{100 * high:.0f} %", className="under"),
    ]
    crm = [
        html.Span(f"{100 * one.crm_mean:.0f} %"),
        html.Span(say("models.crm_more", plug_in=f"{100 * one.crm_plug_in:.0f}", above=f"{one.crm_p_above:.2f}"),
                  className="under"),
    ]  # fmt: skip
    word = one.say(Sentences("context", say))
    verdict = html.Span(word, className="quiet" if one.agrees is None else "agrees" if one.agrees else "differs")
    return [
        [level_dot(one.level), say("board.level_n", level=one.level)],
        counts,
        say(f"models.boin_{one.boin}"),
        say(f"models.keyboard_{one.keyboard.lower()}"),
        crm,
        f"{one.p_above:.2f}",
        verdict,
    ]


def _on_average(asked: Asked) -> list:
    """The exact operating characteristics of the trial's own rule, for the rates that the protocol file supposes."""
    say, scenarios = asked.say, asked.cut.protocol.dlt.models.scenarios
    if not scenarios:
        return []
    levels = [one.level for one in asked.cut.protocol.dose_levels]
    head = [
        say("models.scenario"),
        say("models.mtd_none"),
        *(say("models.mtd_level", level=one) for one in levels),
        say("models.patients"),
        say("models.expected_dlts"),
    ]
    rows = [_scenario(asked, one) for one in scenarios]
    about = say("models.average_about", variant=say(f"rule.variant_{asked.cut.protocol.dlt.escalation.variant}"))
    table = html_table(head, rows, caption=about, stamp=stamp(asked), name="characteristics")
    return [html.Details([html.Summary(say("models.average")), table], id="board-characteristics")]


def _scenario(asked: Asked, scenario: Scenario) -> list:
    found = characteristics(scenario.rates, ladder(asked.cut.protocol))
    rates = " / ".join(f"{100 * one:g}" for one in scenario.rates)
    return [
        [scenario.text.in_(asked.view.lang), html.Span(f"{rates} %", className="under")],
        *(f"{100 * one:.1f} %" for one in found.p_mtd),
        f"{found.expected_n:.1f}",
        f"{found.expected_dlts:.2f}",
    ]
