"""Small drawings inside HTML, for `dashboard.still`: their colours come from the style sheet, light and dark."""

from collections.abc import Sequence
from typing import ClassVar

from dash.development.base_component import Component

WIDE, HIGH, EDGE = 64, 18, 2  # px


class Svg(Component):
    """An element of SVG; `tag` as the browser knows it."""

    _namespace = "svg"
    _children_props: ClassVar[list[str]] = []
    _base_nodes: ClassVar[list[str]] = ["children"]
    _prop_names: ClassVar[list[str]] = [
        "children", "className", "viewBox", "width", "height", "points", "cx", "cy", "r", "focusable",
    ]  # fmt: skip
    _valid_wildcard_attributes: ClassVar[list[str]] = ["aria-"]

    def __init__(self, tag: str, children: Sequence[Component] | None = None, **attributes):
        self._type = tag
        super().__init__(children=children, **attributes)


def sparkline(points: Sequence[tuple[float, float]], days: float) -> Svg:
    """The way to the last value: days before it (0 or less) across, the value from zero up to the highest one.

    days: how many the width stands for.
    """
    top = max((value for _, value in points), default=0) or 1
    places = [(_across(day, days), _up(value / top)) for day, value in points]
    x, y = places[-1]
    line = Svg("polyline", points=" ".join(f"{one:g},{other:g}" for one, other in places))
    dot = Svg("circle", cx=x, cy=y, r=2)
    return Svg(
        "svg", [line, dot], className="sparkline", viewBox=f"0 0 {WIDE} {HIGH}", width=WIDE, height=HIGH,
        focusable="false", **{"aria-hidden": "true"},
    )  # fmt: skip


def _across(day: float, days: float) -> float:
    return round(EDGE + (WIDE - 2 * EDGE) * (1 + day / days), 1)


def _up(share: float) -> float:
    return round(EDGE + (HIGH - 2 * EDGE) * (1 - share), 1)
