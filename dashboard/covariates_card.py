"""Kinetics against what may go with them: CRS, what was given for it, cells received, the product, Nectin-4."""

from collections.abc import Mapping
from functools import lru_cache

import pandas as pd
from dash import html

from dashboard.choices import choice, chosen_cohort
from dashboard.correlating import outcomes_of
from dashboard.figures.covariates import Panel, Words, panels
from dashboard.figures.curves import Person
from dashboard.kinetic_words import amount, filters, remark, titled, who_and_why
from dashboard.proportionality_card import Exposure, exposure
from dashboard.session import Asked, stamp
from dashboard.view import View
from data.store import Cut
from pk.covariates import GIVEN, NAMES, covariates
from queries.cytokines import h_scores
from queries.interventions import interventions
from queries.products import products
from queries.subjects import subjects

EXPOSURES = ("cmax", "auc")
GRADES = range(6)


def known(cut: Cut) -> pd.DataFrame:
    """`pk.covariates.covariates` of everyone infused, by usubjid."""
    return _known(cut).set_index("usubjid")


@lru_cache(maxsize=16)
def _known(cut: Cut) -> pd.DataFrame:
    people = subjects(cut)
    outcomes = outcomes_of(cut)
    given = interventions(cut)
    return covariates(
        people[people["day0"].notna()],
        outcomes[outcomes["outcome"] == "crs"],
        given,
        products(cut),
        h_scores(cut),
        medication_recorded=bool((given["table"] == "medication").any()),
    )


def chosen_exposure(asked: Asked) -> Exposure:
    if asked.view.exposure == "auc":
        return exposure(asked, "AUCINT", asked.cut.protocol.kinetics.areas[0])
    return exposure(asked, "CMAX", None)


def head(asked: Asked) -> list:
    """The choice of the exposure, and what of this the trial does not have."""
    if asked.cut.protocol.kinetics is None:
        return [html.P(asked.say("kinetics.none"), className="empty-words")]
    names = {"cmax": titled(asked.say, "CMAX", None, "")}
    names |= {"auc": titled(asked.say, "AUCINT", asked.cut.protocol.kinetics.areas[0], "")}
    absent = [name for name in NAMES if known(asked.cut)[name].isna().all()]
    said = asked.say("kinetics.joint").join(asked.say(f"covariate.{name}") for name in absent)
    return [
        choice(asked.say("covariate.choose"), asked.view, "exposure", [(one, names[one]) for one in EXPOSURES]),
        *([html.P(asked.say("covariate.absent", names=said), className="quiet")] if absent else []),
    ]


def figure(asked: Asked, people: Mapping[str, Person]):
    """A panel for each property that anybody has; None where there is none, or nobody has a final exposure."""
    one, view = chosen_exposure(asked), asked.view
    # What stands in the panels is the same for every other choice.
    plain = View(page="kinetics", lang=view.lang, cohort=view.cohort, exposure=view.exposure)
    found = _panels(Asked(plain, asked.cut, asked.head), tuple(people))
    if not found:
        return None
    words = Words(
        y=asked.say("covariate.upward", name=titled(asked.say, one.name, one.end, one.unit)),
        stamp=stamp(asked, filters(asked, people)),
        never=asked.say("covariate.never"),
        cohorts={level.id: level.label.in_(asked.view.lang) for level in asked.cut.protocol.cohort.levels},
    )
    return panels(found, people, words, theme=asked.view.theme, chosen=asked.view.subject)


@lru_cache(maxsize=16)
def _panels(asked: Asked, people: tuple[str, ...]) -> list[Panel]:
    one = chosen_exposure(asked)
    values = final(one).dropna()
    values = values[values.index.isin(list(people))]
    found = [_panel(asked, one, name, values) for name in NAMES]
    return [panel for panel in found if len(panel.rows)]


def final(one: Exposure) -> pd.Series:
    """By usubjid: the final value, 0 of who was never quantifiable, NaN of anybody else."""
    rows = one.rows
    return rows["value"].where(rows["state"] == "complete").mask(rows["state"] == "never quantifiable", 0.0)


def _panel(asked: Asked, one: Exposure, name: str, values: pd.Series) -> Panel:
    own = known(asked.cut)[name].reindex(values.index).dropna()
    title, exposure = asked.say(f"covariate.{name}"), titled(asked.say, one.name, one.end, "")
    told, reached = {x: _told(asked, name, x) for x in own.unique()}, values[own.index].to_numpy(float)
    about = [f"{title}: {told[x]} · {exposure} {amount(y, one.unit)}" for x, y in zip(own, reached, strict=True)]
    rows = pd.DataFrame({"usubjid": own.index, "x": own.to_numpy(), "y": reached, "about": about})
    said = asked.say("covariate.exploratory", n=len(rows))
    said += f" · {asked.say('covariate.filtered')}" if chosen_cohort(asked) else ""
    doses = tuple(level.dose for level in asked.cut.protocol.cohort.levels if level.dose)
    return Panel(title, said, rows, _ticks(asked, name), at=doses if name == "dose" else ())


def _ticks(asked: Asked, name: str) -> dict[float, str]:
    if name == "crs":
        return {float(grade): str(grade) for grade in GRADES}
    return {0.0: asked.say("covariate.not_given"), 1.0: asked.say("covariate.given")} if name in GIVEN else {}


def _told(asked: Asked, name: str, value: float) -> str:
    return _ticks(asked, name).get(value) or f"{value:,.4g}"


def left_out(asked: Asked, people: Mapping[str, Person]) -> list:
    """Who has no final exposure, with the reason; and what such a figure cannot tell."""
    one = chosen_exposure(asked)
    who: dict[str, list[str]] = {}
    ends = final(one)
    for usubjid in ends.index[ends.isna()]:
        if usubjid in people:
            who.setdefault(remark(asked, one.rows.loc[usubjid]).rstrip(".。"), []).append(usubjid)
    said = who_and_why(asked, who)
    lines = [html.P(said, className="quiet")] if said else []
    return [*lines, html.P(asked.say("covariate.caution"), className="quiet")]
