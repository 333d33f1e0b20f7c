"""A table of one row a patient: numbers to sort by, words to read, and what is not final set apart, with its reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dashboard.labels import Say
from dashboard.still import Element, Still
from dashboard.tables import row_patient, scrolling


@dataclass(frozen=True)
class Column:
    """`sort`: "number" or "text"."""

    field: str
    title: str
    sort: str = "number"


@dataclass(frozen=True)
class Cell:
    """`value`: what is sorted by, None where nothing is known: such a row is always last."""

    words: str
    value: float | str | None = None
    why: str = ""
    is_final: bool = True


NOTHING = Cell("")


@dataclass(frozen=True)
class Row:
    """`cells`: field of a column -> its cell; `colour`: of the dose level; `remarks`: why something is not final."""

    usubjid: str
    subjid: str
    href: str
    colour: str
    cells: Mapping[str, Cell]
    remarks: str = ""


def patient_rows(name: str, columns: Sequence[Column], rows: Iterable[Row], say: Say) -> Still:
    """The patient's number and its link stand first, and stay in sight when the table is moved."""
    head = [Column("subjid", say("word.patient"), "text"), *columns]
    parts = [
        Element("thead", {}, Element("tr", {}, [_head(one) for one in head])),
        Element("tbody", {}, [_row(one, columns) for one in rows]),
    ]
    table = Element("table", {"id": f"table-{name}", "sorts": True}, parts)
    return scrolling(table, "listing patient-rows")


def _head(column: Column) -> Element:
    told = {"className": column.sort, "data-sort": column.sort, "data-field": column.field}
    return Element("th", {"scope": "col"} | told, column.title)


def _row(row: Row, columns: Sequence[Column]) -> Element | list[Element]:
    """With its remarks under it, if there are any; both are sorted as one."""
    person = row_patient(row.subjid, row.href, row.colour)
    first = Element("th", {"scope": "row", "data-value": row.subjid}, person)
    told = {"data-usubjid": row.usubjid, "className": "remarked" if row.remarks else ""}
    made = Element("tr", told, [first, *(_cell(row, one) for one in columns)])
    if not row.remarks:
        return made
    under = Element("td", {"colSpan": len(columns) + 1}, row.remarks)
    return [made, Element("tr", {"className": "remarks"}, under)]


def _cell(row: Row, column: Column) -> Element:
    cell = row.cells.get(column.field, NOTHING)
    kind = column.sort if cell.is_final else f"{column.sort} not-final"
    given = {"className": kind, "data-value": cell.value, "title": cell.why}
    return Element("td", {name: value for name, value in given.items() if value not in (None, "")}, cell.words)
