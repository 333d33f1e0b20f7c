"""HTML for what is still (`dashboard.still`), spelled as `dash.html` spells it. Components of Dash take thirty times as
long to make and to send, which a table of some hundred patients shows."""

from collections.abc import Callable

from dashboard.still import Element


def _of(tag: str) -> Callable[..., Element]:
    def element(children: object = None, **attributes: object) -> Element:
        return Element(tag, {name: value for name, value in attributes.items() if value is not None}, children)

    return element


A, B, Br, Caption, Code, Dd, Details, Div, Dl, Dt = map(
    _of, ("a", "b", "br", "caption", "code", "dd", "details", "div", "dl", "dt")
)
H2, H3, Li, P, Section, Small, Span, Strong, Summary = map(
    _of, ("h2", "h3", "li", "p", "section", "small", "span", "strong", "summary")
)
Table, Tbody, Td, Th, Thead, Tr, Ul = map(_of, ("table", "tbody", "td", "th", "thead", "tr", "ul"))
