"""The reading column beside the stack: every series at the last data, and under the reader's hand at the cross-hair.

`assets/stack.js` changes its texts and nothing else: every row has its place and its height from the beginning.
"""

from collections.abc import Sequence

from dashboard import elements as html
from dashboard.figures.readings import Read
from dashboard.labels import Say
from dashboard.still import Element, Still
from dashboard.view import View

# Hours or days of `readings.FAR`, in words.
FAR = {"hours": "patient.far_hours", "month": "patient.far_month", "all": "patient.far_all"}


def reading_column(reads: Sequence[Read], view: View, say: Say) -> Element:
    """What the script says in its own time is at hand as `data-` texts, in the reader's language."""
    words = {
        "data-last": say("patient.latest"),
        "data-at": say("patient.at_day", day="{day}"),
        "data-held": say("patient.held"),
        "data-follows": say("patient.follows"),
        "data-later": say("patient.after_the_data"),
        "data-bar": say("patient.point_at_bar"),
    }
    parts = [
        html.H2([html.Span(say("patient.latest"), className="read-at"), html.Span("", className="read-how")]),
        *([html.P(say("patient.point_at_bar"), className="read-bar quiet")] if any(one.lane for one in reads) else []),
        html.Ul([_row(one) for one in reads], className="reading"),
        html.P(say(FAR[view.period]), className="read-note"),
    ]
    return html.Section(Still(html.Div(parts, className="read", **words)), className="card")


def _row(one: Read) -> Element:
    parts = [
        html.Span(one.row, className="read-row"),
        html.B(one.value, className="read-value"),
        html.Span(one.grade, className="read-grade"),
        html.Span(one.under, className="read-under", title=one.under),
    ]
    return html.Li(parts, className="wide" if one.wide else "lane" if one.lane else None, **{"data-row": one.row})
