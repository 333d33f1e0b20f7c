"""What lies below the first window is drawn after what lies in it.

A figure takes the browser some hundred milliseconds; held back, it does not keep the reader from what he came
to see. It is mounted when it comes near the window, before printing, and else as soon as the browser rests.
"""

from typing import ClassVar

from dash.development.base_component import Component


class Later(Component):
    """Around components of any kind, inputs and outputs of callbacks too; `height`: CSS, the place kept for them."""

    _namespace = "later"
    _type = "Later"
    _children_props: ClassVar[list[str]] = []
    _base_nodes: ClassVar[list[str]] = ["children"]
    _prop_names: ClassVar[list[str]] = ["children", "height"]
    _valid_wildcard_attributes: ClassVar[list[str]] = []

    def __init__(self, children: Component | list[Component], height: str):
        super().__init__(children=children, height=height)
