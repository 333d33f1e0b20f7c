"""Rows of bars and marks over the axis of days: what every lane of the stack is drawn with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboard.figures.panels import Panel, Shown

# What is told of a bar or a mark: in short, then line by line, the last two its days and where it stands.
Told = Sequence[str]


def bars(rows: Iterable[float], lows: Iterable[float], highs: Iterable[float], told: Iterable[Told]) -> dict:
    low, high = list(lows), list(highs)
    return {
        "type": "bar", "orientation": "h", "y": [float(one) for one in rows], "base": [round(one, 4) for one in low],
        "x": [max(round(b - a, 4), 0.02) for a, b in zip(low, high, strict=True)],
        "customdata": [[*one] for one in told], "hoverinfo": "skip",
        "textposition": "inside", "insidetextanchor": "middle", "constraintext": "none", "textangle": 0,
    }  # fmt: skip


def marks(
    x: Iterable[float], y: Iterable[float], told: Iterable[Told], symbol: str | list[str], colour: str, size: int
) -> dict:
    return {
        "type": "scatter", "mode": "markers", "x": [round(one, 4) for one in x], "y": [float(one) for one in y],
        "marker": {"symbol": symbol, "color": colour, "size": size},
        "customdata": [[*one] for one in told], "hoverinfo": "skip",
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


# What is said from when on [d since infusion; None: from the beginning], in order: a day knows nothing of a later one.
Since = Sequence[tuple[float | None, str]]


@dataclass(frozen=True)
class Reads:
    """A row of the reading column that says what holds in a lane."""

    name: str
    scale: str = ""  # of the grades that it says
    none: str | Since = ""  # what to say where nothing holds; "": that nothing is recorded


def stretches(each: Sequence[Reads], whole: Reads | None, shown: Shown) -> dict:
    """What `assets/stack.js` has to know of bars and marks: as `lane` has its arguments."""
    reads = [whole] if whole else each
    return {
        "reads": "stretches", "wide": bool(whole), "rows": [one.name for one in reads],
        "scales": [one.scale for one in reads],
        "nones": [one.none or shown.say("patient.none_then") for one in reads],
        "dose": shown.say("patient.dose_before", what="{what}", hours="{hours}"),
    }  # fmt: skip


def lane(
    name: str, labels: Sequence[str], traces: Iterable[dict], shown: Shown, *, last: str = "",
    each: Sequence[Reads] = (), whole: Reads | None = None,
) -> Panel:  # fmt: skip
    """each: a row of the reading column for each row of the lane; whole: one for all of them. Neither: what is there is
    told under the pointer only."""
    meta = stretches(each, whole, shown)
    return Panel(
        name=name,
        title="" if name == "periods" else shown.say(f"patient.panel_{name}"),
        height=shown.row * len(labels) + 2,
        traces=tuple(one | {"meta": meta} if "customdata" in one else one for one in traces),
        yaxis={
            "range": [len(labels) - 0.5, -0.5], "tickvals": list(range(len(labels))), "ticktext": list(labels),
            "showgrid": False, "ticks": "",
        },
        last=last,
    )  # fmt: skip
