"""HTML that no callback reaches into, sent and drawn as one component.

Dash's renderer asks every component of a page again after each change of any of them, so that a table of a thousand
cells holds the browser for seconds. What is still needs none of that: it travels as a plain tree, as one text of JSON
that nothing on the way looks into, and `assets/still.js` makes elements of it. Links work as everywhere
(`assets/nav.js` listens to the document). A long body is drawn in steps, and a table with `sorts` sorts itself by the
heads that have `data-sort` ("number", "text") and the cells' `data-value`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import orjson
from dash.development.base_component import Component

_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True)
class Element:
    """An element that is no component, with its attributes as React spells them: for drawings, and by
    `dashboard.elements`."""

    tag: str
    attributes: dict[str, object] = field(default_factory=dict)
    children: object = None

    def __getattr__(self, name: str) -> object:
        """An attribute, as components have it."""
        if name in Element.__slots__ or name not in self.attributes:
            raise AttributeError(name)
        return self.attributes[name]


class Still(Component):
    """Around components of `dash.html` and `Element`, none of which is input or output of a callback; TypeError
    for any other. With an id its `tree` is an output, filled with `text`: what is the same then and before stays in its
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
        return {"props": named | {"tree": text(self.children)}, "type": self._type, "namespace": self._namespace}


def text(part: object) -> str:
    """`tree` as JSON."""
    return orjson.dumps(_grouped(part), _plain, _OPTIONS).decode()


def tree(part: object) -> object:
    """[tag, attributes, part ...] for an element, ["", {}, part ...] for a list of parts; text, number or None."""
    return orjson.loads(text(part))


def links(answer: object) -> Iterator[dict]:
    """The attributes of the links in the answer to a request, those of still HTML too."""
    if isinstance(answer, list):
        for one in answer:
            yield from links(one)
    elif isinstance(answer, dict):
        if "href" in answer:
            yield answer
        for name, one in answer.items():
            yield from links(orjson.loads(one) if name == "tree" and isinstance(one, str) else one)


def _plain(part: object) -> object:
    """What JSON has no word for, one layer at a time."""
    if isinstance(part, Element):
        return [part.tag, part.attributes, *_parts(part.children)]
    if isinstance(part, Still):
        return _grouped(part.children)
    if not isinstance(part, Component) or part._namespace != "dash_html_components":
        raise TypeError(f"{type(part).__name__} is not plain HTML")
    given = {name: value for name, value in part.to_plotly_json()["props"].items() if value is not None}
    return [part._type.lower(), given, *_parts(given.pop("children", None))]


def _parts(children: object) -> list:
    return [_grouped(one) for one in children] if isinstance(children, list | tuple) else [children]


def _grouped(part: object) -> object:
    return ["", {}, *_parts(part)] if isinstance(part, list | tuple) else part
