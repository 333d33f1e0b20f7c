"""The stack of a patient: every panel over one axis of days since infusion, each with its own last-data time."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from html import escape
from types import MappingProxyType

import pandas as pd

from clinical.course import Course
from clinical.ghost import Ghost
from clinical.on_target import watched
from dashboard.figures import (
    stack_events,
    stack_lanes,
    stack_organs,
    stack_ribbons,
    stack_series,
    stack_target,
    stack_vitals,
)
from dashboard.figures.panels import Panel, Shown, moment, note
from dashboard.figures.readings import FAR, Read, at_the_last
from dashboard.labels import Say
from dashboard.theme import PALETTES, Figure, Palette, stamp_note, styled

LEFT, RIGHT = 222, 92  # px: labels of rows, names of lines
REST = pd.Timedelta(days=28)  # how far beyond the last entry the axis goes where the cut-off is later still
PANELS = ("periods", "ribbons", "temperature", "pressure", "oxygen", "cytokines", "kinetics", "flow", "counts", "liver", "kidney", "coagulation", "target", "interventions", "events")  # fmt: skip  # noqa: E501
FEW = "few"  # folds all but these, as a telephone begins
SHORT = ("ribbons", "temperature", "neut", "plat", "hgb")
LANES = ("periods", "ribbons", "target", "interventions", "events")  # rows of words, which are not scaled

Fold = Callable[[Collection[str]], str]  # names of panels -> the address where these are put away


@dataclass(frozen=True)
class Room:
    """px around the panels and between them."""

    top: int = 24  # the cut-off
    bottom: int = 78  # the axis title and the stamp
    head: int = 19  # over a panel, for its name
    gap: int = 9

    def of(self, panel: Panel) -> int:
        return panel.height + (self.head if panel.title else 0) + self.gap

    def around(self, panels: Sequence[Panel]) -> int:
        return self.top + self.bottom + sum(map(self.of, panels))


SCREEN = Room()
PAPER = Room(top=20, bottom=42, head=16, gap=5)  # a sheet has its stamp beside the figure
PAPER_ROW, LEAST_SCALE = 14, 0.2
TICK = 9  # px of a panel that a tick's number takes


@dataclass(frozen=True)
class Stack:
    figure: Figure
    height: int  # px
    drawn: tuple[str, ...]  # of PANELS, the counts by name
    missing: tuple[str, ...]  # panels for which there is nothing to draw
    folded: tuple[str, ...]  # panels that could be drawn and that the reader has put away
    order: tuple[str, ...]  # both, from the top
    reads: list[Read]  # the reading column at the last data


def shown_days(course: Course, period: str, say: Say, theme: str, lang: str) -> Shown:
    """period: "hours" 0 to 72, "month" Day -7 to 28, "all" from screening to the last data or the cut-off."""
    if period == "hours":
        return Shown(-0.1, 3.06, say, theme, lang)
    if period == "month":
        return Shown(-7.5, 28.6, say, theme, lang)
    axis = course.axis
    dates = [course.visits["svstdtc_earliest"].min(), course.measured["first"].min(), course.who["consent"]]
    first = min((axis.at(one) for one in dates if pd.notna(one)), default=0.0)
    last = axis.after(min(course.last_entry + REST, pd.Timestamp(course.cutoff)))
    pad = 0.02 * (last - first)
    return Shown(first - pad, last + pad, say, theme, lang)


def stack(
    course: Course, shown: Shown, period: str, *, stamp: str, folded: Collection[str] = (), fold: Fold | None = None,
    room: Room = SCREEN, others: Mapping[str, Ghost] = MappingProxyType({}),
) -> Stack:  # fmt: skip
    """Panels without data are not drawn but named. Nothing stands after the cut-off.

    folded: names of panels that are put away; FEW: all but SHORT. fold: the address with so many put away; on the name
    of a panel it is the one with this panel more. others: the rest of the dose group, by analyte.
    """
    found = _found(course, shown, tuple(others.items()))
    panels = [one for one in found if not _is_folded(one.name, folded)]
    away = {*folded, *(one.name for one in found if one not in panels)} - {FEW}
    height = room.around(panels)
    names = {one.name for one in found}
    asked = [one for one in PANELS if one != "counts"] + list(map(str.lower, stack_organs.COUNTS))
    unasked = {"periods", "flow" if _flow_is_kinetics(course) else "", "" if watched(course) else "target"}
    asked = [one for one in asked if one not in unasked]
    named = partial(_name, palette=PALETTES[shown.theme], away=away, fold=fold)
    return Stack(
        figure=_figure(panels, course, shown, room, period, stamp, named),
        height=height,
        drawn=tuple(one.name for one in panels),
        missing=tuple(one for one in asked if one not in names),
        folded=tuple(one.name for one in found if one not in panels),
        order=tuple(one.name for one in found),
        reads=at_the_last([trace for one in panels for trace in one.traces], course.axis.after(course.cutoff)),
    )


def for_paper(course: Course, shown: Shown, height: int, folded: Collection[str]) -> Shown:
    """Scaled so that the stack is `height` px in PAPER: curves give way, letters and rows do not. Many rows make it
    higher, never a curve lower than LEAST_SCALE."""
    fitted = replace(shown, row=PAPER_ROW)
    for _ in range(3):  # what the names of lines need is not scaled, so that one step is not enough
        panels = [one for one in _found(course, fitted) if not _is_folded(one.name, folded)]
        curves = sum(one.height for one in panels if one.name not in LANES)
        beyond = PAPER.around(panels) - height
        if curves and beyond > 0:
            fitted = replace(fitted, scale=max(fitted.scale * (1 - beyond / curves), LEAST_SCALE))
    return fitted


def _is_folded(panel: str, folded: Collection[str]) -> bool:
    """The periods have no name to fold them by."""
    return panel != "periods" and (panel not in SHORT if FEW in folded else panel in folded)


def _flow_is_kinetics(course: Course) -> bool:
    return course.protocol.kinetics is not None and course.protocol.kinetics.table == "flow"


@lru_cache(maxsize=64)
def _found(course: Course, shown: Shown, others: tuple[tuple[str, Ghost], ...] = ()) -> tuple[Panel, ...]:
    """Those that have something to draw; kept, for a reader who folds one of them or opens another table."""
    return tuple(one for one in _panels(course, shown, dict(others)) if one)


def _panels(course: Course, shown: Shown, others: Mapping[str, Ghost]) -> Iterator[Panel | None]:
    yield stack_lanes.periods(course, shown)
    yield stack_ribbons.ribbons(course, shown)
    yield stack_vitals.temperature(course, shown)
    yield stack_vitals.pressure(course, shown)
    yield stack_vitals.oxygen(course, shown)
    yield stack_series.cytokines(course, shown, others)
    yield stack_series.kinetics(course, shown, others)
    yield stack_series.flow(course, shown)
    yield from stack_organs.counts(course, shown)
    yield stack_organs.liver(course, shown)
    yield stack_organs.kidney(course, shown)
    yield stack_organs.coagulation(course, shown)
    yield stack_target.target(course, shown)
    yield stack_lanes.interventions(course, shown)
    yield stack_events.adverse_events(course, shown)


def _figure(
    panels: Sequence[Panel],
    course: Course,
    shown: Shown,
    room: Room,
    period: str,
    stamp: str,
    named: Callable[[Panel], str],
) -> Figure:
    palette, inner = PALETTES[shown.theme], max(sum(map(room.of, panels)), 1)
    traces, shapes, notes, axes = [], [*_background(course, shown)], [], {}
    upper = float(inner)
    for number, panel in enumerate(panels, start=1):
        key = "" if number == 1 else str(number)
        upper -= room.head if panel.title else 0
        axes[f"yaxis{key}"] = _yaxis(panel, max(upper - panel.height, 0) / inner, upper / inner)
        traces += [one | {"yaxis": f"y{key}", "xaxis": "x"} for one in panel.traces]
        shapes += [{"yref": f"y{key}"} | one for one in panel.shapes]
        notes += [{"xref": "x", "yref": f"y{key}"} | one for one in panel.notes]
        if panel.title:
            head = {"xref": "paper", "yref": "paper", "y": upper / inner, "yanchor": "bottom", "yshift": 1}
            head |= {"bgcolor": palette.paper, "borderpad": 0}  # the lines through all panels pass behind the words
            notes.append(note(named(panel), palette.ink, size=12, x=0, xanchor="left", **head))
            notes.append(note(panel.last, palette.quiet, x=1, xanchor="right", **head))
        upper -= panel.height + room.gap
    shapes += [*stack_lanes.through_lines(course, shown), *_moments(course, palette)]
    # From the edge of the figure on: beside the names of the rows a long identity would be cut off.
    notes += [
        *_cutoff(course, shown),
        *([stamp_note(stamp, shown.theme, below=52) | {"xshift": 4 - LEFT}] if stamp else []),
    ]
    layout = {
        "height": room.around(panels),
        "margin": {"l": LEFT, "r": RIGHT, "t": room.top, "b": room.bottom},
        "barmode": "overlay",
        "showlegend": False,
        "hovermode": False,  # the reading column says it, of all panels at once
        "meta": _at_hand(course, period),
        "dragmode": "zoom",
        "shapes": shapes,
        "annotations": notes,
        "xaxis": _xaxis(course, shown, period == "hours"),
        **axes,
    }
    return styled(traces, layout, shown.theme)


def _name(panel: Panel, palette: Palette, away: Collection[str], fold: Fold | None) -> str:
    """The panel's name, which folds it. Its link is relative: plotly measures a text once, and that of the next patient
    is the same then."""
    if fold is None:
        return f"<b>{panel.title}</b>"
    _, mark, search = fold({*away, panel.name}).partition("?")
    return f'<a href="{escape(mark + search)}" style="color:{palette.ink}"><b>▾ {panel.title}</b></a>'


def _at_hand(course: Course, period: str) -> dict:
    """What `assets/stack.js` has to know beside the traces, in days on the axis."""
    axis = course.axis
    return {
        "origin": f"{axis.origin:%Y-%m-%dT%H:%M:%S}", "timed": axis.timed, "far": FAR[period],
        "end": round(axis.after(course.cutoff), 4),
    }  # fmt: skip


def _yaxis(panel: Panel, low: float, high: float) -> dict:
    """The reader moves the days alone: a value never leaves its panel."""
    own = {"domain": [low, high], "anchor": "x", "fixedrange": True, "tickfont": {"size": 11}} | panel.yaxis
    return own | ({"nticks": min(own["nticks"], max(round(panel.height / TICK), 2))} if "nticks" in own else {})


def _xaxis(course: Course, shown: Shown, hours: bool) -> dict:
    first_dose = course.protocol.day0.infusions == "first"
    name = ("hours" if hours else "days") + ("_first_dose" if first_dose else "")
    titles = {
        "days": shown.say("patient.axis_days"),
        "hours": shown.say("patient.axis_hours"),
        "days_first_dose": shown.say("patient.axis_days_first_dose"),
        "hours_first_dose": shown.say("patient.axis_hours_first_dose"),
    }
    ticks = {"tickmode": "linear", "tick0": 0, "dtick": 7} if shown.high - shown.low < 60 else {"nticks": 14}
    if hours:  # the axis counts days on every choice, so that a place on it means the same
        halves = range(-14, 57)
        ticks = {"tickvals": [one / 2 for one in halves], "ticktext": [str(12 * one) for one in halves]}
    return {
        # Day 0 over the grid and under the digits: a shape would be under both or over both.
        "zeroline": True, "zerolinecolor": PALETTES[shown.theme].ink, "zerolinewidth": 1.5,
        "tickangle": 0, "anchor": "free", "position": 0, "range": [round(shown.low, 3), round(shown.high, 3)],
        "title": {"text": titles[name], "font": {"size": 13}, "standoff": 6}, "showline": False, **ticks,
    }  # fmt: skip


def _background(course: Course, shown: Shown) -> Iterator[dict]:
    """The DLT window, a shade lighter than the panels' own lines."""
    if course.protocol.dlt:
        yield {
            "type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": 0,
            "x1": round(course.axis.end_of_day(course.protocol.dlt.window_days), 4),
            "fillcolor": PALETTES[shown.theme].accent, "opacity": 0.045, "line": {"width": 0}, "layer": "below",
        }  # fmt: skip


def _cutoff(course: Course, shown: Shown) -> Iterator[dict]:
    """What the line of the cut-off is, over it, on the side where there is room."""
    x = course.axis.after(course.cutoff)
    if shown.low <= x <= shown.high:
        side = "right" if x > (shown.low + shown.high) / 2 else "left"
        words = shown.say("patient.cutoff_line", moment=moment(course.cutoff))
        place = {
            "xref": "x",
            "x": round(x, 4),
            "yref": "paper",
            "y": 1,
            "xanchor": side,
            "yanchor": "bottom",
            "yshift": 3,
        }
        yield note(words, PALETTES[shown.theme].quiet, **place)


def _moments(course: Course, palette: Palette) -> Iterator[dict]:
    """Day 0 and the cut-off: the two lines between which everything is known."""
    for x, width, colour in ((0.0, 1.5, palette.ink), (course.axis.after(course.cutoff), 1.5, palette.quiet)):
        yield {
            "type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": round(x, 4), "x1": round(x, 4),
            "line": {"color": colour, "width": width}, "layer": "below",
        }  # fmt: skip
