"""Concentration against days since infusion: one panel or many, a curve a patient, what is below the limit hollow."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np
import pandas as pd

from dashboard.figures.marks import Marks, lowest, mark_note, mark_traces
from dashboard.figures.panels import unit_words
from dashboard.figures.samples import Sample, Samples, short
from dashboard.theme import PALETTES, Figure, Palette, stamp_note, styled
from pk.exposure import LEAST

ROW, TOP, BOTTOM, GAP = 230, 34, 92, 64  # px: a row of small panels, around the rows, between them
MANY = 1500  # points; beyond them the curves alone are drawn, the chosen patient's with all
DAYS = {"28": (-8, 29.5), "90": (-8, 94)}
SYMBOLS = {
    "quantified": "circle",
    "detected": "circle-open-dot",
    "not_detected": "circle-open",
    "below": "circle-open",
    "excluded": "x-thin",  # whatever it showed: no part of a line
}


@dataclass(frozen=True)
class Person:
    """Who a curve belongs to."""

    subjid: str
    colour: str  # of the dose level
    cohort: str
    href: str  # of the patient's screen


@dataclass(frozen=True)
class Panel:
    title: str  # with its unit, as HTML
    rows: Samples


@dataclass(frozen=True)
class Words:
    """The texts of the figure in the reader's language."""

    axis: str
    stamp: str
    lloq: str  # "LLOQ {limit}"
    signals: Mapping[str, str]  # of SYMBOLS
    no_limit: str
    excluded: Mapping[int, str]  # event -> who excluded the sample, and why
    median: str
    cohorts: Mapping[str, str]  # cohort -> its name


def height(panels: int, columns: int, row: int = ROW) -> int:
    rows = math.ceil(panels / columns) if panels else 1
    return TOP + BOTTOM + rows * row + (rows - 1) * GAP


def curves(
    panels: Sequence[Panel], people: Mapping[str, Person], words: Words,
    *, theme: str, scale: str, days: str, columns: int = 1, row: int = ROW, chosen: str = "", medians: bool = False,
    alike: bool = False, marks: Marks | None = None,
) -> Figure:  # fmt: skip
    """scale: log or linear, of every panel; days: 28, 90 or all. chosen: usubjid of the patient who stands out.

    alike: the panels show one quantity and share its axis. marks: of the chosen one, in the first panel.
    medians: also the median of each cohort by planned visit, where three or more patients have a sample: a BLQ sample
    counts as less than any other, and a median that is one is not drawn.
    """
    palette = PALETTES[theme]
    whole = height(len(panels), columns, row)
    dense = sum(len(one.rows) for one in panels) > MANY
    panels = [replace(one, rows=one.rows.placed()) for one in panels]
    span = _span(panels, DAYS.get(days))
    layout: dict = {
        "height": whole,
        "margin": {"l": 70, "r": 24, "t": TOP, "b": BOTTOM},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": "zoom",
    }
    shared = _value_axis([one.rows for one in panels], scale) if alike and panels else {}
    traces, notes, shapes = [], [], []
    for number, panel in enumerate(panels):
        x, y = axes_of(number)
        left, right, low, high = place_of(number, len(panels), columns, row, whole)
        layout[key_of(x)] = {
            "domain": [left, right],
            "anchor": y,
            "range": list(span),
            "matches": "x" if number else None,
        }
        layout[key_of(y)] = (shared or _value_axis([panel.rows], scale)) | {"domain": [low, high], "anchor": x}
        notes.append(_note(panel.title, palette.ink, x=left, y=high, yshift=4, xanchor="left", yanchor="bottom"))
        own = list(_curves(panel.rows, people, words, palette, chosen, dense=dense))
        own += list(_medians(panel.rows, people, words)) if medians else []
        if marks and number == 0:
            own += list(mark_traces(marks, people[chosen].colour, lowest(layout[key_of(y)])))
            notes.append(mark_note(marks, palette, x, high))
        traces += [one | {"xaxis": x, "yaxis": y} for one in own]
        for limit in _limits(panel.rows):
            shapes.append(_limit_line(limit, f"{x} domain", y, palette))
            if number == 0 or not alike:
                notes.append(_limit_note(limit, words, scale, f"{x} domain", y, palette))
    below = {"xref": "paper", "yref": "paper", "x": 0, "y": 0, "xanchor": "left", "yanchor": "top"}
    notes.append(_note(words.axis, palette.quiet, **below, yshift=-26))
    notes.append(stamp_note(words.stamp, theme, below=66))
    key = f"{_key_to_symbols(words, panels)}      {key_to_colours(words.cohorts, people)}"
    notes.append(_note(key, palette.quiet, **below, yshift=-46))
    return styled(traces, layout | {"annotations": notes, "shapes": shapes}, theme)


def _key_to_symbols(words: Words, panels: Sequence[Panel]) -> str:
    signs = {"quantified": "●", "detected": "⊙", "not_detected": "○", "below": "○", "excluded": "✕"}
    found = set().union(*(panel.rows["sign"].tolist() for panel in panels))
    present = [one for one in SYMBOLS if one in found]
    return " · ".join(f"{signs[one]} {words.signals[one]}" for one in present)


def key_to_colours(cohorts: Mapping[str, str], people: Mapping[str, Person]) -> str:
    """cohorts: id -> name."""
    colours = {one.cohort: one.colour for one in people.values()}
    return "   ".join(
        f'<span style="color:{colour}">■</span> {escape(cohorts[one])}' for one, colour in colours.items()
    )


# ---- where a panel stands --------------------------------------------------------------------------------------------
def axes_of(number: int) -> tuple[str, str]:
    return ("x", "y") if number == 0 else (f"x{number + 1}", f"y{number + 1}")


def key_of(axis: str) -> str:
    return f"{axis[0]}axis{axis[1:]}"


def place_of(number: int, count: int, columns: int, row: int, whole: int) -> tuple[float, float, float, float]:
    """left, right, bottom, top as shares of the figure's inner room."""
    columns = min(columns, count)
    inner, gap = whole - TOP - BOTTOM, 0.055
    wide = (1 - gap * (columns - 1)) / columns
    left = number % columns * (wide + gap)
    top = 1 - number // columns * (row + GAP) / inner
    return left, min(left + wide, 1.0), max(top - row / inner, 0.0), top  # sums may end a hair outside of the figure


def _span(panels: Sequence[Panel], wanted: tuple[float, float] | None) -> tuple[float, float]:
    times = _together([one.rows for one in panels], "time")
    low, high = (float(times.min()), float(times.max())) if len(times) else (0.0, 28.0)
    if wanted:
        return max(wanted[0], low - 1), wanted[1]
    return low - 0.03 * (high - low) - 1, high + 0.03 * (high - low) + 1


def _value_axis(rows: Sequence[Samples], scale: str) -> dict:
    drawn = _together(rows, "height")
    drawn = drawn[drawn > 0]
    if scale == "linear" or not len(drawn):
        most = 1.06 * float(drawn.max()) if len(drawn) else 1
        return {"type": "linear", "range": [0, most], "tickformat": ",.4~r", "rangemode": "tozero"}
    low, high = math.log10(drawn.min()), math.log10(drawn.max())
    return {"type": "log", "range": [low - 0.2, high + 0.2], "dtick": 1, "tickformat": ",.4~r"}


def _together(rows: Sequence[Samples], column: str) -> np.ndarray:
    return np.concatenate([one[column] for one in rows]) if rows else np.array([])


# ---- curves ----------------------------------------------------------------------------------------------------------
def _curves(
    rows: Samples, people: Mapping[str, Person], words: Words, palette: Palette, chosen: str, *, dense: bool
) -> Iterator[dict]:
    """One trace of lines a cohort, and one of points a kind: few traces draw many patients fast."""
    whose = np.array([one if one == chosen else people[one].cohort for one in rows["usubjid"].tolist()], dtype=object)
    groups = {one: rows.where(whose == one) for one in dict.fromkeys(whose.tolist())}
    own = groups.pop(chosen, None)
    faint = 0.28 if chosen or dense else 0.6
    for here in groups.values():
        colour = people[here["usubjid"][0]].colour
        yield _lines(here, colour, faint, 1.2)
        if not dense:
            yield from _points(here, people, words, colour, faint, 6)
    if own:
        colour = people[chosen].colour
        yield _lines(own, colour, 1, 3)
        yield from _points(own, people, words, colour, 1, 9)


def _lines(rows: Samples, colour: str, opacity: float, width: float) -> dict:
    """From the last BLQ sample before the first number to the first one after the last: beyond them nothing moves. All
    patients in one line, with a gap between two of them."""
    near = _near_a_number(rows.where(rows.counting))
    who = near["usubjid"]
    gaps = np.flatnonzero(who[1:] != who[:-1]) + 1
    x, y = (short(np.insert(near[one], gaps, np.nan)) for one in ("time", "height"))
    line = {"color": colour, "width": width}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "opacity": opacity, "hoverinfo": "skip"}


def _near_a_number(rows: Samples) -> Samples:
    """The samples that are a number, and those of the same patient just before and after one."""
    who, known = rows["usubjid"], ~np.isnan(rows["conc"])
    same = who[1:] == who[:-1]
    near = known.copy()
    near[1:] |= known[:-1] & same
    near[:-1] |= known[1:] & same
    return rows.where(near)


def _points(
    rows: Samples, people: Mapping[str, Person], words: Words, colour: str, opacity: float, size: int
) -> Iterator[dict]:
    for sign, symbol in SYMBOLS.items():
        here = rows.where(rows["sign"] == sign)
        if not here:
            continue
        cross = {"size": size + 4, "line": {"color": colour, "width": 2}} if sign == "excluded" else {}
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": short(here["time"]),
            "y": short(here["height"]),
            "marker": {"color": colour, "size": size, "symbol": symbol, "line": {"color": colour, "width": 1.2}}
            | cross,
            "opacity": opacity,
            "customdata": [[people[one.usubjid].href, _told(one, people, words)] for one in here.points()],
            "hovertemplate": "%{customdata[1]}<extra></extra>",
        }


def _told(one: Sample, people: Mapping[str, Person], words: Words) -> str:
    unit = "" if pd.isna(one.unit) else f" {unit_words(one.unit)}"
    limit = words.no_limit if math.isnan(one.limit) else f"< {one.limit:g}{unit}"
    value = f"{float(f'{one.conc:.4g}'):,.12g}{unit}" if one.signal == "quantified" else None
    out = (words.excluded[int(one.excluded)],) if one.sign == "excluded" else ()
    lines = (value or f"{words.signals[one.signal]} ({limit})", *out, f"{one.dtc} · {one.source_file} {one.source_row}")
    who = f"<b>{escape(people[one.usubjid].subjid)}</b> · {one.time:.1f} d"
    return "<br>".join([who, *map(escape, lines)])


def _medians(rows: Samples, people: Mapping[str, Person], words: Words) -> Iterator[dict]:
    cohorts = np.array([people[one].cohort for one in rows["usubjid"].tolist()], dtype=object)
    told = rows.counting & ~pd.isna(rows["visit"])
    for cohort in dict.fromkeys(cohorts[told].tolist()):
        here = rows.where(told & (cohorts == cohort))
        middles = sorted(_middles(here))
        if len(middles) < 2:
            continue
        times, levels, patients = zip(*middles, strict=True)
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": short(np.array(times)),
            "y": short(np.array(levels)),
            "line": {"color": people[here["usubjid"][0]].colour, "width": 4},
            "opacity": 0.85,
            "text": [f"{words.median}, n = {one}" for one in patients],
            "hovertemplate": "%{text}<br>%{y:,.4g}<extra></extra>",
        }


def _middles(rows: Samples) -> Iterator[tuple[float, float, int]]:
    """Median time and level of each visit that three or more patients have a sample of, and how many they are."""
    levels = np.where(np.isnan(rows["conc"]), -np.inf, rows["conc"])
    for visit in dict.fromkeys(rows["visit"].tolist()):
        own = rows["visit"] == visit
        patients, level = len(set(rows["usubjid"][own].tolist())), float(np.median(levels[own]))
        if patients >= LEAST and level > 0:
            yield float(np.median(rows["time"][own])), level, patients


# ---- the limit -------------------------------------------------------------------------------------------------------
def _limits(rows: Samples) -> list[float]:
    """The one LLOQ of the samples, nothing where it changes from sample to sample."""
    found = np.unique(rows["lloq"][~np.isnan(rows["lloq"])]).tolist()
    return found if len(found) == 1 else []


def _limit_line(limit: float, xref: str, y: str, palette: Palette) -> dict:
    line = {"color": palette.quiet, "width": 1, "dash": "dash"}
    return {"type": "line", "xref": xref, "yref": y, "x0": 0, "x1": 1, "y0": limit, "y1": limit, "line": line}


def _limit_note(limit: float, words: Words, scale: str, xref: str, y: str, palette: Palette) -> dict:
    place = {"xref": xref, "yref": y, "x": 1, "y": math.log10(limit) if scale == "log" else limit}
    return _note(
        words.lloq.format(limit=f"{limit:g}"), palette.quiet, **place, xanchor="right", yanchor="bottom", size=11
    )


def _note(text: str, colour: str, *, size: int = 13, **place) -> dict:
    place = {"xref": "paper", "yref": "paper"} | place
    return {"text": text, "showarrow": False, "font": {"size": size, "color": colour}, **place}
