"""The runway: one bar per treated patient from infusion to the end of the DLT window, on the calendar."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape

from clinical.board import Window
from dashboard.theme import DLT, PALETTES, Figure, Palette, level_colour, stamp_note, styled

ROW = 26  # px a patient
TOP, BOTTOM = 34, 92  # px around the rows: the dates above, axis and stamp below
DAY = 24 * 3600 * 1000  # ms, the unit of a date axis
LATE = 0.72  # of the axis: a bar that ends beyond has no room for words behind it


@dataclass(frozen=True)
class Words:
    """The texts of the figure in the reader's language."""

    cutoff: str
    today: str
    axis: str
    stamp: str
    level: Mapping[str, str]  # cohort -> what stands at its first row
    reason: Callable[[Window], str]
    link: Callable[[str], str]  # usubjid -> the address that a click on the bar leads to


def height(windows: Sequence[Window]) -> int:
    return TOP + BOTTOM + ROW * (max(len(windows), 2) + len({one.cohort for one in windows}))


def runway(
    windows: Sequence[Window], levels: Mapping[str, int], cutoff: datetime, today: date, words: Words, *, theme: str
) -> Figure:
    """windows: by cohort and infusion, as `clinical.board`. levels: cohort -> dose level, for its colour.

    A bar is full up to the cut-off and pale for the days left; complete windows are lighter than running ones, a
    patient to be replaced is grey. A DLT is a hatched outline on its day. The reason stands beside the bar.
    """
    palette = PALETTES[theme]
    rows = _rows(windows)
    bars, notes = [], []
    for cohort in dict.fromkeys(one.cohort for one in windows):
        here = [one for one in windows if one.cohort == cohort]
        colour = level_colour(levels[cohort])
        bars += _bars(here, rows, colour, cutoff.date(), words, palette)
        notes.append(
            _note(
                f"<b>{words.level[cohort]}</b>", palette.ink if theme == "dark" else colour,
                xref="paper", x=0, xanchor="right", xshift=-12, y=rows[here[0].usubjid],
            )
        )  # fmt: skip
    first, last = _range(windows, today)
    late = first + (last - first) * LATE
    for one in windows:
        notes += _labels(one, rows[one.usubjid], words, palette, before=one.ends > late)
    notes += _moments(cutoff, today, words, palette)
    below = {"xref": "paper", "yref": "paper", "x": 0, "y": 0, "xanchor": "left", "yanchor": "top"}
    notes.append(_note(words.axis, palette.quiet, **below, yshift=-34))
    notes.append(stamp_note(words.stamp, theme, below=58))
    # Everything at once: plotly checks the whole figure again at every later addition.
    layout = {
        "height": height(windows),
        "margin": {"l": 100, "r": 64, "t": TOP, "b": BOTTOM},
        "barmode": "overlay",
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": "pan",
        "annotations": notes,
        "shapes": _lines(cutoff, today, palette),
        "xaxis": {"type": "date", "side": "top", "range": _range(windows, today), **_months(windows, today)},
        "yaxis": {"visible": False, "range": [min(rows.values(), default=0) - 0.7, 0.8], "fixedrange": True},
    }
    return styled(bars, layout, theme)


def _months(windows: Sequence[Window], today: date) -> dict:
    """A tick a month, or as many fewer as leave room for eight of them."""
    first, last = _range(windows, today)
    return {"tickformat": "%Y-%m", "dtick": f"M{math.ceil((last - first).days / 30 / 8)}", "tickangle": 0}


def _rows(windows: Sequence[Window]) -> dict[str, float]:
    """Where each patient's bar is, downwards from 0, with room between the levels."""
    rows, y = {}, 0.0
    for number, one in enumerate(windows):
        if number and windows[number - 1].cohort != one.cohort:
            y -= 0.7
        rows[one.usubjid] = y
        y -= 1
    return rows


def _range(windows: Sequence[Window], today: date) -> list[date]:
    first = min((one.infused for one in windows), default=today)
    last = max([today, *(one.ends for one in windows)])
    span = max((last - first).days, 60)
    return [first - timedelta(days=max(3, span // 12)), last + timedelta(days=2)]


def _bars(
    here: Sequence[Window], rows: Mapping[str, float], colour: str, cutoff: date, words: Words, palette: Palette
) -> Iterator[dict]:
    length = {one.usubjid: (one.ends - one.infused).days for one in here}
    elapsed = {one.usubjid: min(max((cutoff - one.infused).days, 0), length[one.usubjid]) for one in here}
    place = {"type": "bar", "orientation": "h", "y": [rows[one.usubjid] for one in here], "width": 0.62}
    start = [one.infused for one in here]
    yield place | {
        "base": start,
        "x": [length[one.usubjid] * DAY for one in here],
        "marker": {"color": palette.rest},
        "hoverinfo": "skip",
    }
    yield place | {
        "base": start,
        "x": [elapsed[one.usubjid] * DAY for one in here],
        "marker": {
            "color": [palette.quiet if one.state.state == "not_evaluable" else colour for one in here],
            "opacity": [_weight(one) for one in here],
        },
        "customdata": [[words.link(one.usubjid), escape(one.usubjid), f"{one.infused}", f"{one.ends}"] for one in here],
        "hovertemplate": "%{customdata[1]}<br>%{customdata[2]} – %{customdata[3]}<extra></extra>",
    }
    hit = [one for one in here if one.state.state == "evaluable_dlt" and one.dlt_day is not None]
    if hit:
        yield place | {
            "y": [rows[one.usubjid] for one in hit],
            "width": 0.86,
            "base": [one.infused + timedelta(days=one.dlt_day - 1) for one in hit],
            "x": [3 * DAY] * len(hit),
            "marker": {
                "color": "rgba(255,255,255,0.85)",
                "line": {"color": DLT, "width": 2},
                "pattern": {"shape": "/", "fgcolor": DLT, "size": 5, "solidity": 0.35},
            },
            "customdata": [[words.link(one.usubjid), escape(one.usubjid), escape(words.reason(one))] for one in hit],
            "hovertemplate": "%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        }


def _weight(window: Window) -> float:
    """Running windows stand out, finished ones recede."""
    weights = {"pending": 1.0, "unresolved": 1.0, "evaluable_dlt": 0.75, "evaluable_no_dlt": 0.4}
    return weights.get(window.state.state, 0.35)


def _labels(window: Window, y: float, words: Words, palette: Palette, *, before: bool) -> Iterator[dict]:
    """The patient's number before the bar, the reason behind it, or before the number where the axis soon ends."""
    look = f'target="_self" style="color:{palette.ink}"'
    number = f'<a href="{escape(words.link(window.usubjid))}" {look}>{escape(window.subjid)}</a>'
    yield _note(number, palette.ink, x=window.infused, y=y, xanchor="right", xshift=-6, size=13)
    loud = window.state.state in ("unresolved", "evaluable_dlt")
    colour = palette.alarm if loud else palette.ink if window.state.blocking else palette.quiet
    reason = escape(words.reason(window))
    look = {"y": y, "bgcolor": palette.paper, "borderpad": 1}
    if before:
        yield _note(reason, colour, x=window.infused, xanchor="right", xshift=-14 - 9 * len(window.subjid), **look)
    else:
        yield _note(reason, colour, x=window.ends, xanchor="left", xshift=8, **look)


def _moments(cutoff: datetime, today: date, words: Words, palette: Palette) -> Iterator[dict]:
    below = {"yref": "paper", "y": 0, "yanchor": "top", "yshift": -6}
    yield _note(words.cutoff, palette.ink, x=cutoff, xanchor="right", xshift=-5, **below)
    yield _note(words.today, palette.quiet, x=today, xanchor="left", xshift=5, **below)


def _lines(cutoff: datetime, today: date, palette: Palette) -> list[dict]:
    """The cut-off decides and is drawn full; today's date only tells how old the picture is."""
    down = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "layer": "above"}
    return [
        down | {"x0": cutoff, "x1": cutoff, "line": {"color": palette.ink, "width": 1.5}},
        down | {"x0": today, "x1": today, "line": {"color": palette.quiet, "width": 1, "dash": "dot"}},
    ]


def _note(text: str, colour: str, *, size: int = 12, **place) -> dict:
    return {"text": text, "showarrow": False, "font": {"size": size, "color": colour}, **place}
