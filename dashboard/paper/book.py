"""Sheets as one PDF: their HTML, so many at a time through the browser, each page looked at before it is bound."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from dash import dcc
from dash.development.base_component import Component
from plotly.io.json import to_json_plotly

from dashboard.paper.browser import NotPrinted
from dashboard.paper.plain import html_of

AT_ONCE = 20  # sheets a run of the browser: what it holds of them is some 0.5 GB
STARTS, EACH = 60.0, 12.0  # s that a run may take to begin, and for a sheet; both many times what it needs
_DRAW = Path(__file__).with_name("draw.js")
_ASSETS = _DRAW.parents[1] / "assets"
_STYLES = ("fonts.css", "style.css")
_SCRIPTS = (_ASSETS / "plotly.min.js", _DRAW)
# The files of the program and what stands in the page: no request leaves it, and no script stands in it.
_POLICY = "default-src 'none'; script-src file:; style-src file: 'unsafe-inline'; font-src file:; img-src data:"
_NUMBER = "sheet:"  # what a page says of itself, once its figure is drawn


@dataclass(frozen=True)
class Sheet:
    name: str  # in the list of contents that a reader of the PDF opens
    html: str


def sheet_of(name: str, parts: Iterable[Component]) -> Sheet:
    """parts: of `dash.html`, and at most one figure."""
    return Sheet(name, "".join(_figure(one) if isinstance(one, dcc.Graph) else html_of(one) for one in parts))


def _figure(graph: dcc.Graph) -> str:
    size = escape("; ".join(f"{name}: {value}" for name, value in graph.style.items()))
    data = to_json_plotly(graph.figure).replace("<", "\\u003c")  # no text of a patient ends the element
    return f'<div class="figure" style="{size}"></div><script type="application/json">{data}</script>'


def seconds_for(sheets: int) -> float:
    return STARTS + EACH * sheets


def page_of(sheets: Sequence[Sheet], first: int, count: int, lang: str) -> str:
    """HTML of some of `count` sheets, of which the first is number `first`."""
    styles = "".join(f'<link rel="stylesheet" href="{(_ASSETS / name).as_uri()}">' for name in _STYLES)
    before, after = (f'<script src="{path.as_uri()}"></script>' for path in _SCRIPTS)
    articles = "".join(_article(one, number, count) for number, one in enumerate(sheets, start=first))
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">{styles}{before}</head>'
        f'<body><div class="sheet-page book">{articles}</div>{after}</body></html>'
    )


def _article(one: Sheet, number: int, count: int) -> str:
    place = f'<a class="sheet-number" data-number="{number} / {count}" data-mark="{_NUMBER}{number}"></a>'
    return f'<article class="sheet">{one.html}{place}</article>'


def bound(parts: Sequence[bytes], names: Sequence[str], title: str) -> bytes:
    """The parts as one PDF, a page for each name. NotPrinted where a page is missing, or is not whole."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import PyPdfError

    try:
        pages = [page for part in parts for page in PdfReader(io.BytesIO(part)).pages]
        _check(pages, len(names))
        writer = PdfWriter()
        for page, name in zip(pages, names, strict=True):
            page.pop("/Annots", None)  # the numbers that were looked at: on paper nothing leads elsewhere
            writer.add_page(page)
            writer.add_outline_item(title=name, page_number=len(writer.pages) - 1)
    except (PyPdfError, ValueError, KeyError) as error:
        raise NotPrinted("unreadable") from error
    writer.add_metadata({"/Title": title})
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def _check(pages: Sequence, sheets: int) -> None:
    """A sheet is one page, and says its number where its figure was drawn to the end."""
    if len(pages) != sheets:
        raise NotPrinted("pages", sheets=sheets, pages=len(pages))
    for number, page in enumerate(pages, start=1):
        if f"{_NUMBER}{number}" not in _links(page):
            raise NotPrinted("figure", number=number)


def _links(page) -> Iterator[str]:
    for one in page.get("/Annots", ()):
        yield one.get_object().get("/A", {}).get("/URI", "")
