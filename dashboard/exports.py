"""Tables as CSV, made by the server from the same query and filters as the screen: stamped, values unrounded."""

import csv as csv_module
import io
from collections.abc import Iterable

from flask import Response, abort

from clinical.incidence import TOTAL
from dashboard import shell
from dashboard.counting import OVERVIEW, counted, table
from dashboard.session import Asked, NotUnderstood, stamp
from dashboard.view import View

_RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a text that begins so


def csv(name: str, query: str) -> Response:
    """`name`: ladder or adverse-events; `query`: of the screen's address. 404 for another name, 400 for no view."""
    make, pathname = {"ladder": (_ladder, "/"), "adverse-events": (_incidence, "/adverse-events")}.get(name, (None, ""))
    if make is None:
        abort(404)
    view = View.parse(pathname, query)
    found = shell.find_cut(view, None)
    if found.cut is None:
        abort(404)
    asked = Asked(view, found.cut)
    try:
        rows = list(make(asked))
        filters = "" if make is _ladder else counted(asked).in_words(view.lang)
    except NotUnderstood as error:
        abort(400, str(error))
    text = io.StringIO()
    writer = csv_module.writer(text, lineterminator="\r\n")
    for line in (f"# {stamp(asked, filters)}", f"# {asked.say('shell.disclaimer')}"):
        writer.writerow([line])
    writer.writerows([[_safe(cell) for cell in row] for row in rows])
    headers = {"Content-Disposition": f'attachment; filename="{name}-{found.cut.short}.csv"'}
    return Response("\ufeff" + text.getvalue(), mimetype="text/csv", headers=headers)


def _safe(cell: object) -> object:
    """Only texts are touched: a negative number stays a number."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell


def _ladder(asked: Asked) -> Iterable[Iterable]:
    yield [
        "level",
        "dose",
        "unit",
        "planned",
        "infused",
        "evaluable",
        "dlts",
        "pending",
        "replaced",
        "unresolved",
        "low",
        "high",
        "state",
    ]
    for one in asked.board().rungs:
        counts = [
            len(getattr(one, name)) for name in ("infused", "evaluable", "dlts", "pending", "replaced", "unresolved")
        ]
        yield [
            one.level.level,
            one.level.dose,
            one.level.unit,
            one.planned,
            *counts,
            *map(_blank, one.interval),
            one.state,
        ]


def _incidence(asked: Asked) -> Iterable[Iterable]:
    found = counted(asked)
    yield [
        "population",
        "window",
        "soc",
        "term",
        "cohort",
        "criterion",
        "k",
        "n",
        "low",
        "high",
        "n_full",
        "in_doubt",
        "relation_missing",
    ]
    for by in ((), ("soc",), ("soc", "term")):
        for row in table(asked, by, OVERVIEW).to_dict("records"):
            cohort = TOTAL if row["cohort"] == TOTAL else asked.cut.protocol.level(row["cohort"]).label.en
            place = [row.get(name, "(all)") for name in ("soc", "term")]
            numbers = [
                row["k"],
                row["n"],
                _blank(row["low"]),
                _blank(row["high"]),
                row["n_full"],
                row["unknown"],
                row["marked"],
            ]
            yield [found.population.id, found.window.id, *map(_text, place), cohort, row["criterion"], *numbers]


def _blank(value: float) -> float | str:
    return "" if value != value else value


def _text(value: object) -> str:
    return value if isinstance(value, str) else "(uncoded)"
