"""HTML for what is still (`dashboard.still`), spelled as `dash.html` spells it. Components of Dash take thirty times as
long to make and to send, which a table of some hundred patients shows."""

from collections.abc import Callable

from dashboard.still import Element


def _of(tag: str) -> Callable[..., Element]:
    def element(children: object = None, **attributes: object) -> Element:
        return Element(tag, {name: value for name, value in attributes.items() if value is not None}, children)

    return element


A, B, Caption, Details, Div, H2, H3, Li = map(_of, ("a", "b", "caption", "details", "div", "h2", "h3", "li"))
Option, P, Section, Select, Span, Summary, Ul = map(_of, ("option", "p", "section", "select", "span", "summary", "ul"))
Table, Tbody, Td, Th, Thead, Tr = map(_of, ("table", "tbody", "td", "th", "thead", "tr"))
