"""Small drawings inside `dashboard.still`: their colours come from the style sheet, light and dark."""

from collections.abc import Sequence

from dashboard.still import Element

WIDE, HIGH, EDGE = 64, 18, 2  # px


def sparkline(points: Sequence[tuple[float, float]], days: float) -> Element:
    """The way to the last value: days before it (0 or less) across, the value from zero up to the highest one.

    days: how many the width stands for.
    """
    top = max((value for _, value in points), default=0) or 1
    places = [(_across(day, days), _up(value / top)) for day, value in points]
    x, y = places[-1]
    line = Element("polyline", {"points": " ".join(f"{one:g},{other:g}" for one, other in places)})
    dot = Element("circle", {"cx": x, "cy": y, "r": 2})
    size = {"viewBox": f"0 0 {WIDE} {HIGH}", "width": WIDE, "height": HIGH}
    return Element("svg", {"className": "sparkline", "focusable": "false", "aria-hidden": "true"} | size, (line, dot))


def _across(day: float, days: float) -> float:
    return round(EDGE + (WIDE - 2 * EDGE) * (1 + day / days), 1)


def _up(share: float) -> float:
    return round(EDGE + (HIGH - 2 * EDGE) * (1 - share), 1)
