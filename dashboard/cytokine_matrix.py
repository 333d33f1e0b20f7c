"""The matrix of Cytokines: what each peak goes with, every cell the way to its patients."""

import math

import pandas as pd

from clinical.outcomes import RESPONSE
from dashboard import elements as html
from dashboard.choices import chosen_cohort, cohort_words
from dashboard.correlating import Cytokines, export
from dashboard.cytokine_words import estimate, outcome_name, probability
from dashboard.kinetic_words import chosen, filters
from dashboard.session import Asked, NotUnderstood, stamp
from dashboard.still import Element
from dashboard.tables import html_table
from data.protocol_measures import Peak


def chosen_pair(asked: Asked) -> tuple[Peak, str]:
    """The peak and outcome of the scatter, the protocol's first by default. NotUnderstood for one it does not name."""
    told, view = asked.cut.protocol.associations, asked.view
    peak = next((one for one in told.peaks if one.id == (view.peak or told.peaks[0].id)), None)
    outcome = view.outcome or told.outcomes[0]
    if peak is None or outcome not in told.outcomes:
        raise NotUnderstood(f"peak={view.peak}, outcome={view.outcome}"[:80])
    return peak, outcome


def matrix(asked: Asked, found: Cytokines, tests: pd.DataFrame) -> Element:
    told, say = asked.cut.protocol.associations, asked.say
    by_pair = {(one.peak, one.outcome): one for one in tests.itertuples()}
    head = [say("cytokines.peak_head", day=told.to_day), *(outcome_name(asked, one) for one in told.outcomes)]
    body = [
        [one.label.in_(asked.view.lang), *(_matrix_cell(asked, by_pair[one.id, other]) for other in told.outcomes)]
        for one in told.peaks
    ]
    block = html_table(
        head,
        body,
        caption=matrix_summary(asked, tests),
        stamp=stamp(asked, filters(asked, chosen(asked))),
        name="cytokines-matrix",
    )
    note = say("cytokines.method", tests=int(found.family["p"].notna().sum()), cells=len(found.family))
    return html.Div([block, html.P(note, className="quiet"), export(asked, "cytokines")])


def _matrix_cell(asked: Asked, cell) -> Element:
    """The estimate, then p, adjusted p and n, or why nothing is said; a link that shows the patients behind it."""
    say = asked.say
    peak, outcome = chosen_pair(asked)
    current = (cell.peak, cell.outcome) == (peak.id, outcome)
    first = [html.Span(estimate(asked, cell), className="estimate"), html.Span(say("cytokines.cell_n", n=cell.n))]
    lines = [html.Span(first, className="said"), html.Span(_tested(asked, cell), className="under")]
    if cell.why:
        lines = [html.Span(say(f"cytokines.cell_{cell.why}", n=cell.n), className="unsaid")]
    return html.A(
        lines,
        href=asked.view.change(peak=cell.peak, outcome=cell.outcome, open="").href,
        className="cell" + (" chosen" if current else ""),
        style={"backgroundColor": shade(cell)},
        **({"aria-current": "true"} if current else {}),
        **{"data-cell": f"{cell.peak}/{cell.outcome}"},
    )


def _tested(asked: Asked, cell) -> str:
    if math.isnan(cell.p):
        return asked.say("cytokines.cell_filtered")
    return asked.say("cytokines.cell_tested", p=probability(cell.p), adjusted=probability(cell.adjusted))


def shade(cell) -> str:
    """Orange for together, blue for against each other, stronger with the estimate; the number is always printed."""
    value = 2 * cell.estimate - 1 if cell.outcome == RESPONSE else cell.estimate
    if math.isnan(value):
        return "transparent"
    hue = "217, 119, 6" if value > 0 else "37, 99, 200"
    return f"rgba({hue}, {0.42 * abs(value):.3f})"


def matrix_summary(asked: Asked, tests: pd.DataFrame) -> str:
    say, lang = asked.say, asked.view.lang
    if chosen_cohort(asked):
        return say("cytokines.matrix_filtered", cohort=cohort_words(asked))
    tested = tests[tests["p"].notna()]
    if tested.empty:
        return say("cytokines.matrix_none")
    first = tested.sort_values(["adjusted", "p"]).iloc[0]
    label = next(one for one in asked.cut.protocol.associations.peaks if one.id == first["peak"]).label.in_(lang)
    told = {
        "below": int((tested["adjusted"] < 0.05).sum()),
        "tests": len(tested),
        "peak": label,
        "outcome": outcome_name(asked, first["outcome"]),
        "estimate": estimate(asked, first),
        "adjusted": probability(first["adjusted"]),
        "n": first["n"],
    }
    return say("cytokines.matrix_summary", **told)
