"""HTML that no callback reaches into, sent and drawn as one component.

Dash's renderer asks every component of a page again after each change of any of them, so that a table of a thousand
cells holds the browser for seconds. What is still needs none of that: it travels as a plain tree, and `assets/still.js`
makes elements of it. Links work as everywhere (`assets/nav.js` listens to the document). A long body is drawn in steps,
and a table with `sorts` sorts itself by the heads that have `data-sort` ("number", "text") and the cells' `data-value`.
"""

from dataclasses import dataclass, field
from numbers import Number
from typing import ClassVar

from dash.development.base_component import Component


@dataclass(frozen=True, slots=True)
class Element:
    """An element that is no component, with its attributes as React spells them: for drawings, and for tables of
    thousands of cells, which as components would take a fifth of a second to make."""

    tag: str
    attributes: dict[str, object] = field(default_factory=dict)
    children: object = None


class Still(Component):
    """Around components of `dash.html` and `Element`, none of which is input or output of a callback; TypeError
    for any other. With an id its `tree` is an output, filled with `tree`: what is the same then and before stays in its
    place, an open menu open."""

    _namespace = "still"
    _type = "Still"
    _children_props: ClassVar[list[str]] = []
    _base_nodes: ClassVar[list[str]] = ["children"]
    _prop_names: ClassVar[list[str]] = ["id", "children", "tree"]
    _valid_wildcard_attributes: ClassVar[list[str]] = []

    def __init__(self, children: Component | list[Component] | None = None, **given: str):
        super().__init__(children=children, **given)

    def to_plotly_json(self) -> dict:
        named = {"id": self.id} if hasattr(self, "id") else {}
        return {"props": named | {"tree": tree(self.children)}, "type": self._type, "namespace": self._namespace}


def tree(part: object) -> object:
    """[tag, attributes, part ...] for an element, a list of parts, text, number or None."""
    if part is None or isinstance(part, str | Number):
        return part
    if isinstance(part, list | tuple):
        return ["", {}, *map(tree, part)]
    if isinstance(part, Still):
        return tree(part.children)
    if isinstance(part, Element):
        return [part.tag, part.attributes, *map(tree, _parts(part.children))]
    if not isinstance(part, Component) or part._namespace != "dash_html_components":
        raise TypeError(f"{type(part).__name__} is not plain HTML")
    given = {name: value for name, value in part.to_plotly_json()["props"].items() if value is not None}
    return [part._type.lower(), given, *map(tree, _parts(given.pop("children", None)))]


def _parts(children: object) -> list | tuple:
    return children if isinstance(children, list | tuple) else [children]
