"""What lies below the first window is asked for and drawn after what lies in it.

A figure takes the browser some hundred milliseconds, and the server some ten; held back, it does not keep the reader
from what he came to see. It is mounted when it comes near the window, before printing, and else as soon as the browser
rests. Callbacks that `below` gives a store to are asked when the figure in the window is drawn.
"""

from typing import ClassVar

from dash import ClientsideFunction, Input, Output, State, clientside_callback, dcc
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


def below(page: str) -> dcc.Store:
    """For the layout of a page: its callbacks of what lies below start from it, once it has what `view` has."""
    return dcc.Store(id={"below": page})


def asks_below(page: str, target: str, prop: str) -> None:
    """Registers what fills the store of `below`: each time that the server has given `prop` of `target`, which lies in
    the first window."""
    clientside_callback(
        ClientsideFunction("later", "rested"),
        Output({"below": page}, "data"),
        Input(target, prop),
        State({"view": page}, "data"),
        State({"below": page}, "data"),
    )
