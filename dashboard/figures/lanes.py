"""Rows of bars and marks over the axis of days: what every lane of the stack is drawn with."""

from collections.abc import Iterable, Sequence

from dashboard.figures.panels import Panel, Shown

ROW = 21  # px


def bars(rows: Iterable[float], lows: Iterable[float], highs: Iterable[float], told: Iterable[str]) -> dict:
    low, high = list(lows), list(highs)
    return {
        "type": "bar", "orientation": "h", "y": [float(one) for one in rows], "base": [round(one, 4) for one in low],
        "x": [max(round(b - a, 4), 0.02) for a, b in zip(low, high, strict=True)],
        "customdata": list(told), "hovertemplate": "%{customdata}<extra></extra>",
        "textposition": "inside", "insidetextanchor": "middle", "constraintext": "none", "textangle": 0,
    }  # fmt: skip


def marks(x: Iterable[float], y: Iterable[float], told: Iterable[str], symbol: str, colour: str, size: int) -> dict:
    return {
        "type": "scatter", "mode": "markers", "x": [round(one, 4) for one in x], "y": [float(one) for one in y],
        "marker": {"symbol": symbol, "color": colour, "size": size},
        "customdata": list(told), "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip


def arrows(ends: Sequence[tuple[float, float]], colour: str | list[str]) -> list[dict]:
    """What goes on points at the cut-off and not past it."""
    if not ends:
        return []
    return [
        {
            "type": "scatter", "mode": "markers", "x": [round(x, 4) for x, _ in ends], "y": [float(y) for _, y in ends],
            "marker": {"symbol": "arrow-right", "color": colour, "size": 9}, "hoverinfo": "skip", "name": "goes on",
        }
    ]  # fmt: skip


def lane(name: str, labels: Sequence[str], traces: Iterable[dict], shown: Shown, *, last: str = "") -> Panel:
    return Panel(
        name=name,
        title="" if name == "periods" else shown.say(f"patient.panel_{name}"),
        height=ROW * len(labels) + 2,
        traces=tuple(traces),
        yaxis={
            "range": [len(labels) - 0.5, -0.5], "tickvals": list(range(len(labels))), "ticktext": list(labels),
            "showgrid": False, "ticks": "",
        },
        last=last,
    )  # fmt: skip
