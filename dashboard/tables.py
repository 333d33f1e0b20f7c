"""Tables: HTML with their counts as links, all of them exported by the server."""

from collections.abc import Iterable
from typing import Any

from dash import html

from dashboard import elements
from dashboard.labels import Say
from dashboard.still import Element, Still
from dashboard.theme import level_colour


def count_link(text: str, href: str, subjects: int, label: str, *, kind: str = "count") -> Element:
    """A number that opens its patients. `subjects`: how many it opens; `label`: what it counts, for screen readers."""
    return elements.A(text, href=href, className=kind, title=label, **{"data-count": str(subjects)})


def html_table(head: Iterable[Any], rows: Iterable[Iterable[Any]], *, caption: str, stamp: str, name: str) -> Still:
    """A table of few rows: `caption` is its one-sentence summary, `stamp` its identity."""
    table = elements.Div(
        [
            elements.Table(
                [
                    elements.Caption(caption),
                    elements.Thead(elements.Tr([elements.Th(one, scope="col") for one in head])),
                    elements.Tbody(
                        [elements.Tr([_cell(one, number) for number, one in enumerate(row)]) for row in rows]
                    ),
                ],
                id=f"table-{name}",
            ),
            elements.Div(stamp, className="stamp"),
        ],
        className="table",
    )
    return Still(table)


def _cell(content: Any, number: int) -> Element:
    return elements.Th(content, scope="row") if number == 0 else elements.Td(content)


def scrolling(table: Element, kind: str = "listing") -> Still:
    """A long table in a box that scrolls in itself, also under the keys."""
    return Still(Element("div", {"className": f"table {kind}", "tabIndex": 0}, table))


def export_link(href: str, say: Say) -> html.A:
    return html.A(say("table.csv"), href=href, className="quiet-link noprint", download="")


def grade_chip(text: str) -> Element | str:
    """A grade in its colour, with what is said of it; what is no single grade, and grade 0, as it is."""
    digit, comma, more = text.partition(",")
    if digit not in ("1", "2", "3", "4", "5"):
        return text
    chip = elements.Span(digit, className=f"grade g{digit}")
    return elements.Span([chip, comma + more]) if comma else chip


def level_dot(level: int | None) -> Element:
    """The colour of a dose level, beside the text that names it."""
    return elements.Span(className="dot", style={"backgroundColor": level_colour(level)}, **{"aria-hidden": "true"})


def row_patient(subjid: str, href: str, colour: str) -> Element:
    """A patient's number at the head of a row, led by the colour of the dose level."""
    dot = Element("span", {"className": "dot", "style": {"backgroundColor": colour}, "aria-hidden": "true"})
    return Element("a", {"href": href, "className": "row-patient"}, [dot, subjid])
