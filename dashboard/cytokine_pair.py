"""One peak against one outcome: the scatter, what is said inside it, and who is not among its dots."""

import pandas as pd
from dash import html

from clinical.outcomes import AUC, CMAX, CRS, RESPONSE
from dashboard.choices import chosen_cohort
from dashboard.correlating import Cytokines, links, names, places
from dashboard.cytokine_words import (
    BOUND,
    estimate,
    method,
    number,
    outcome_name,
    outcome_reason,
    outcome_unit,
    outcome_words,
    peak_reason,
    peak_unit,
    probability,
    signed,
)
from dashboard.drill import patient_link
from dashboard.figures.scatter import Words, scatter
from dashboard.kinetic_words import chosen, filters
from dashboard.session import Asked, stamp
from dashboard.theme import moved
from data.protocol_measures import Peak

SCATTER = "cytokines-scatter"  # id of the figure
LISTED = 60  # excluded patients named one by one; more are counted


def pair_head(asked: Asked, peak: Peak, outcome: str) -> list:
    title = asked.say("cytokines.pair", peak=peak.label.in_(asked.view.lang), outcome=outcome_name(asked, outcome))
    return [html.H2(title, id="cytokines-pair-title")]


def pair_figure(asked: Asked, found: Cytokines, peak: Peak, outcome: str, rows: pd.DataFrame, cell: pd.Series):
    view, used = asked.view, rows[rows["used"]]
    unit = outcome_unit(found, outcome)
    words = Words(
        x=asked.say("cytokines.axis_peak", peak=peak.label.in_(view.lang), unit=peak_unit(asked, peak),
                    day=asked.cut.protocol.associations.to_day),
        y=outcome_name(asked, outcome) + (f", {unit}" if unit else ""),
        said=said_inside(asked, cell, len(found.family["p"].dropna())),
        stamp=stamp(asked, filters(asked, chosen(asked))),
        name=names(found),
        link=links(asked),
        about={one.usubjid: _about(asked, one, peak, outcome) for one in used.itertuples()},
        ticks=_ticks(asked, outcome, used),
        nothing=asked.say("cytokines.no_pair"),
    )  # fmt: skip
    exposure = outcome in (CMAX, AUC)
    figure = scatter(
        used, places(asked), words, scale=view.scale, log_y=exposure and view.scale == "log" and len(used) > 0,
        theme=view.theme, chosen=view.subject,
    )  # fmt: skip
    return moved(figure, view.zoomed(SCATTER))


def _ticks(asked: Asked, outcome: str, used: pd.DataFrame) -> dict[float, str]:
    if outcome == RESPONSE:
        return {0: asked.say("cytokines.response_no"), 1: asked.say("cytokines.response_yes")}
    if outcome == CRS:
        return {grade: str(grade) for grade in range(int(used["y"].max() if len(used) else 0) + 1)}
    return {}


def _about(asked: Asked, one, peak: Peak, outcome: str) -> str:
    x = f"{peak.label.in_(asked.view.lang)} {BOUND[one.x_limit]}{number(one.x)} {peak_unit(asked, peak)}"
    y = outcome_words(asked, outcome, one.y, one.y_words, one.y_limit)
    return f"{x} ({asked.say('cytokines.on_day', day=one.x_day)}), {y}"


def said_inside(asked: Asked, cell: pd.Series, tests: int) -> list[str]:
    """What stands inside the figure. On a part of the patients there is no p: what was chosen after looking is not
    tested."""
    say = asked.say
    if chosen_cohort(asked):
        first = say("cytokines.exploratory_filtered", n=cell["n"])
        return [first] if cell["why"] else [first, estimate(asked, cell)]
    first = say("cytokines.exploratory", n=cell["n"])
    if cell["why"]:
        return [first, say(f"cytokines.cell_{cell['why']}", n=cell["n"])]
    key = "cytokines.interval_large" if cell["method"].startswith("large") else "cytokines.interval"
    interval = (
        say(key, low=signed(cell["low"]), high=signed(cell["high"]))
        if pd.notna(cell["low"])
        else say("cytokines.no_interval")
    )
    told = {"p": probability(cell["p"], "= "), "method": method(asked, cell["method"]), "tests": tests}
    of_responders = say("cytokines.of_responders", yes=cell["n_yes"], no=cell["n"] - cell["n_yes"])
    if cell["outcome"] == RESPONSE:
        first += f" · {of_responders}"
    return [
        first,
        f"{estimate(asked, cell)} ({interval})",
        say("cytokines.inside_p", adjusted=probability(cell["adjusted"]), **told),
    ]


def excluded(asked: Asked, found: Cytokines, peak: Peak, outcome: str, rows: pd.DataFrame) -> list:
    """Who is not among the dots and why, reason by reason; every number opens its patient."""
    say, out = asked.say, rows[~rows["used"]]
    if out.empty:
        return [html.P(say("cytokines.nobody_excluded"), className="quiet")]
    reasons: dict[str, list[str]] = {}
    for one in out.itertuples():
        reasons.setdefault("; ".join(_reasons(asked, one, peak, outcome)), []).append(one.usubjid)
    items = [html.Li([html.Span(f"{why}: "), *_who(asked, found, who)]) for why, who in reasons.items()]
    head = say("cytokines.excluded", k=len(out), n=len(rows))
    return [html.P(head, className="quiet"), html.Ul(items, className="excluded")]


def _reasons(asked: Asked, one, peak: Peak, outcome: str) -> list[str]:
    found = []
    if one.why_peak:
        found.append(peak_reason(asked, one.why_peak, one.last_day, peak.label.in_(asked.view.lang), peak.until))
    if one.why_outcome:
        found.append(outcome_reason(asked, one.why_outcome, outcome, one.followed, one.y_day))
    return found


def _who(asked: Asked, found: Cytokines, who: list[str]) -> list:
    known = found.people.set_index("usubjid")
    levels = places(asked)
    named = [
        patient_link(asked, one, known.loc[one, "subjid"], levels.get(known.loc[one, "cohort"])) for one in who[:LISTED]
    ]
    rest = len(who) - len(named)
    return [*named, *([html.Span(asked.say("cytokines.and_more", count=rest))] if rest else [])]
