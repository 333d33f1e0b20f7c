"""Tables: small ones as HTML with their counts as links, long ones as a grid, all of them exported by the server."""

from collections.abc import Iterable, Sequence
from typing import Any

import dash_ag_grid as dag
from dash import html

from dashboard.labels import Say
from dashboard.still import Still
from dashboard.theme import level_colour


def count_link(text: str, href: str, subjects: int, label: str, *, kind: str = "count") -> html.A:
    """A number that opens its patients. `subjects`: how many it opens; `label`: what it counts, for screen readers."""
    return html.A(text, href=href, className=kind, title=label, **{"data-count": str(subjects)})


def html_table(head: Iterable[Any], rows: Iterable[Iterable[Any]], *, caption: str, stamp: str, name: str) -> Still:
    """A table of few rows: `caption` is its one-sentence summary, `stamp` its identity."""
    table = html.Div(
        [
            html.Table(
                [
                    html.Caption(caption),
                    html.Thead(html.Tr([html.Th(one, scope="col") for one in head])),
                    html.Tbody([html.Tr([_cell(one, number) for number, one in enumerate(row)]) for row in rows]),
                ],
                id=f"table-{name}",
            ),
            html.Div(stamp, className="stamp"),
        ],
        className="table",
    )
    return Still(table)


def _cell(content: Any, number: int) -> html.Th | html.Td:
    return html.Th(content, scope="row") if number == 0 else html.Td(content)


def grid(
    name: str,
    columns: list[dict],
    *,
    height: str,
    row_id: str | None = None,
    size: str | None = "responsiveSizeToFit",
    sortable: bool = False,
) -> dag.AgGrid:
    """A long table; its rows come by Output(name, "rowData"). It scrolls in itself and keeps its head in sight."""
    return dag.AgGrid(
        id=name,
        columnDefs=columns,
        rowData=[],
        columnSize=size,
        getRowId=f"params.data.{row_id}" if row_id else None,
        defaultColDef={
            "resizable": True,
            "sortable": sortable,
            "suppressHeaderMenuButton": True,
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
            "cellDataType": False,  # a count is an object with its own renderer
        },
        dashGridOptions={
            "suppressOverlays": ["exporting"],  # it never goes away again in dash-ag-grid 35.3.0
            "suppressCellFocus": True,  # the links inside the cells take the focus
            "enableCellTextSelection": True,
            "rowHeight": 34,
            "animateRows": False,
            "alwaysShowVerticalScroll": False,
        },
        style={"height": height},
        className="ag-theme-quartz",
    )  # fmt: skip


def row_grid(
    name: str,
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    wide: int,
    people: Sequence[dict] = (),
    grades: int | None = None,
) -> dag.AgGrid:
    """Rows as they are, any number: only those in sight are drawn. `wide`: the column of the longest texts;
    `grades`: the one whose digits stand in their colours.

    people: whose each row is, as `href` and `colour`; the first column is then the patient's number, and a link.
    """
    columns = [
        {"field": f"c{number}", "headerName": text, "minWidth": 150 if number == wide else 78}
        for number, text in enumerate(head)
    ]
    if people:
        columns[0] |= {"cellRenderer": "Patient"}
    if grades is not None:
        columns[grades] |= {"cellRenderer": "Grade"}
    made = grid(name, columns, height=f"min(62vh, {34 * (len(rows) + 1) + 24}px)", size=None)
    # Heads are folded rather than the last columns out of sight.
    made.dashGridOptions |= {
        "autoSizeStrategy": {"type": "fitCellContents", "skipHeader": True, "scaleUpToFitGridWidth": True}
    }
    made.rowData = [{f"c{number}": str(cell) for number, cell in enumerate(row)} for row in rows]
    for row, person in zip(made.rowData, people, strict=bool(people)):
        row |= person
    return made


def export_link(href: str, say: Say) -> html.A:
    return html.A(say("table.csv"), href=href, className="quiet-link noprint", download="")


def grade_chip(text: str) -> html.Span | str:
    """A grade in its colour, with what is said of it; what is no single grade, and grade 0, as it is."""
    digit, comma, more = text.partition(",")
    if digit not in ("1", "2", "3", "4", "5"):
        return text
    chip = html.Span(digit, className=f"grade g{digit}")
    return html.Span([chip, comma + more]) if comma else chip


def level_dot(level: int | None) -> html.Span:
    """The colour of a dose level, beside the text that names it."""
    return html.Span(className="dot", style={"backgroundColor": level_colour(level)}, **{"aria-hidden": "true"})
