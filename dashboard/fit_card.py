"""The model of the cells' growth and fall: curves with intervals over the samples, the typical patient, and each one;
what the data do not tell is not given, and the reason is."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from dash import dcc, html

from dashboard.choices import choice
from dashboard.drill import named
from dashboard.exposures import series
from dashboard.figures.curves import Panel, Person, curves
from dashboard.figures.fitted import with_fit
from dashboard.figures.panels import unit_words
from dashboard.figures.samples import Samples
from dashboard.fit_words import job_words, reason, reasons
from dashboard.fitting import fit_of
from dashboard.graphs import graph
from dashboard.kinetic_curves import PANELS_AT_MOST, title_of, words
from dashboard.kinetic_words import amount, everyone
from dashboard.session import Asked, stamp
from dashboard.still import Still
from dashboard.waiting import shown as shown_when_over
from pk.fits import PopulationFit

FIGURE = "kinetics-fit"
SPAN = {"28": 28, "90": 90}  # days that are drawn; all: to the last sample
STEP = 0.5  # d
OF_EACH = ("tmax", "cmax", "alpha", "doubling_time", "auc0_28", "auc0_90")  # fb and beta are the population's to tell


def fit_card(asked: Asked, people: Callable[[Asked], Mapping[str, Person]]) -> tuple[list, bool]:
    """What to show, and whether it is the end of it. Nothing is fitted that nobody asked for, and nobody waits."""
    say = asked.say
    options = [("off", say("fit.off")), ("stein", say("fit.stein"))]
    asking = choice(say("fit.choose"), asked.view, "model", options, begins_a_job=True)
    head = [html.P(say("fit.about"), className="quiet"), asking]
    if asked.cut.protocol.kinetics is None or asked.view.model == "off":
        return head, True
    inside, over = shown_when_over(
        fit_of(asked), job_words(say), lambda fit: _found(asked, fit, people(asked)), within=0
    )
    return [*head, inside], over


def _found(asked: Asked, fit: PopulationFit, people: Mapping[str, Person]) -> html.Div:
    alarms = [html.P(reason(asked, one), className="alarm-line") for one in fit.reasons]
    identity = html.Div(stamp(asked, everyone(asked, list(fit.individual["subject"]))), className="stamp")
    drawn = [_graph(fitted_figure(asked, fit, people))] if set(fit.used) & set(people) else []
    return html.Div(
        [
            *alarms,
            *drawn,
            html.H3(asked.say("fit.typical")),
            Still(html.Div([typical_table(asked, fit), identity])),
            html.H3(asked.say("fit.each")),
            Still(html.Div([each_table(asked, fit, people), identity])),
        ]
    )


def _graph(figure) -> dcc.Graph:
    drawn = graph(FIGURE)
    drawn.figure, drawn.style = figure, {"height": figure.layout["height"]}
    return drawn


# ---- the curves ------------------------------------------------------------------------------------------------------
def fitted_figure(asked: Asked, fit: PopulationFit, people: Mapping[str, Person]):
    """The chosen patient alone, or a small panel for each of those that the screen shows."""
    rows = series(asked.cut, asked.head)
    rows = rows[rows["endpoint"]]
    wanted = [asked.view.subject] if asked.view.subject in people else [one for one in people if one in fit.used]
    wanted = wanted[:PANELS_AT_MOST]
    titles = [people[one].subjid if len(wanted) > 1 else f"{people[one].subjid}: {title_of(asked)}" for one in wanted]
    panels = [Panel(title, own) for title, own in zip(titles, Samples.of(rows).of_each(wanted), strict=True)]
    size = {"columns": 4, "row": 150, "alike": True} if len(wanted) > 1 else {"row": 340}
    told = words(asked, people)
    figure = curves(panels, people, told, theme=asked.view.theme, scale=asked.view.scale, days=asked.view.days, **size)
    last = rows["time"].max() if len(rows) else 28.0
    end = SPAN.get(asked.view.days, last)
    fitted = fit.curves(np.arange(0, end + STEP, STEP if end <= max(SPAN.values()) else 2.0))
    return with_fit(figure, wanted, _on_axis(fitted, figure), people)


def _on_axis(fitted: pd.DataFrame, figure) -> pd.DataFrame:
    """A curve is drawn from where the axis begins: on a log axis it comes from far below. Its interval is cut off."""
    axis = figure.layout["yaxis"]
    low = 10 ** axis["range"][0] if axis["type"] == "log" else 0.0
    ends = {name: fitted[name].clip(lower=low) for name in ("low", "high")}
    return fitted.assign(conc=fitted["conc"].where(fitted["conc"] >= low), **ends)


# ---- the numbers -----------------------------------------------------------------------------------------------------
def typical_table(asked: Asked, fit: PopulationFit) -> html.Div:
    """The typical patient with 95 % intervals, and how much patients differ."""
    say = asked.say
    head = [say("kinetics.parameter"), say("fit.value"), say("fit.between"), say("fit.remark")]
    rows = [
        [
            _name(asked, one.parameter),
            _number(one.value, one.low, one.high),
            _number(one.between, one.between_low, one.between_high),
            "" if pd.notna(one.value) else _withheld(asked, fit, one.reason),
        ]
        for one in fit.population.itertuples()
    ]
    rows.append([say("fit.residual"), _number(fit.residual_sd, *fit.residual_interval), "", ""])
    return _table(head, rows)


def _withheld(asked: Asked, fit: PopulationFit, reason: str) -> str:
    """Why a number of the typical patient is not given; only its interval can be too wide, where there is one."""
    return asked.say("fit.too_wide") if not fit.reasons and reason else ""


def each_table(asked: Asked, fit: PopulationFit, people: Mapping[str, Person]) -> html.Div:
    head = [asked.say("word.patient"), *(_name(asked, one) for one in OF_EACH), asked.say("fit.remark")]
    rows = [
        [
            named(asked, row["subject"]),
            *(_of_each(row, one) for one in OF_EACH),
            reasons(asked, fit.why[row["subject"]]),
        ]
        for row in fit.individual.to_dict("records")
        if row["subject"] in people
    ]
    return html.Div(_table(head, rows), className="fit-each")


def _of_each(row: Mapping, name: str) -> list:
    return ["–"] if pd.isna(row[name]) else _number(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _table(head: list, rows: list[list]) -> html.Div:
    body = [html.Tr([html.Th(row[0], scope="row"), *map(html.Td, row[1:])]) for row in rows]
    table = html.Table([html.Thead(html.Tr([html.Th(one, scope="col") for one in head])), html.Tbody(body)])
    return html.Div(table, className="table listing")


def _number(value: float, low: float, high: float) -> list:
    """A dash for what is not given; its interval stays."""
    if pd.isna(low):
        return ["–"]
    return ["–" if pd.isna(value) else _digits(value), html.Span(f"{_digits(low)} – {_digits(high)}", className="ci")]


def _digits(value: float) -> str:
    return amount(float(f"{value:.3g}"), "")


def _name(asked: Asked, parameter: str) -> str:
    unit = asked.cut.protocol.kinetics.unit
    amount_unit, _, per = unit.partition("/")
    return asked.say(f"fit.name_{parameter}", unit=unit_words(unit), area=unit_words(f"{amount_unit}*d/{per}"))
