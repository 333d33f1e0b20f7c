"""Concentration against days since infusion: one panel or many, a curve a patient, what is below the limit hollow."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.figures.marks import Marks, lowest, mark_note, mark_traces
from dashboard.theme import PALETTES, Figure, Palette, stamp_note, styled

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
    # usubjid, time [d], conc, limit, signal, excluded [event, or <NA>], unit, dtc, source_file, source_row; by patient
    rows: pd.DataFrame


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
    panels = [replace(one, rows=_with_floor(one.rows)) for one in panels]
    span = _span(panels, DAYS.get(days))
    layout: dict = {
        "height": whole,
        "margin": {"l": 70, "r": 24, "t": TOP, "b": BOTTOM},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": "zoom",
    }
    shared = _value_axis(pd.concat([one.rows for one in panels]), scale) if alike and panels else {}
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
        layout[key_of(y)] = (shared or _value_axis(panel.rows, scale)) | {"domain": [low, high], "anchor": x}
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
    found = set().union(*(_signs(panel.rows) for panel in panels))
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
    times = pd.concat([one.rows["time"] for one in panels]) if panels else pd.Series([], dtype=float)
    low, high = (times.min(), times.max()) if len(times) else (0.0, 28.0)
    if wanted:
        return max(wanted[0], low - 1), wanted[1]
    return low - 0.03 * (high - low) - 1, high + 0.03 * (high - low) + 1


def _with_floor(rows: pd.DataFrame) -> pd.DataFrame:
    """What is drawn of the samples; where no limit is recorded one that is BLQ stands under the lowest number there
    is."""
    rows = rows[[one for one in rows if one in _DRAWN]]
    seen = rows["conc"][rows["conc"] > 0]
    return rows.assign(floor=rows["limit"].fillna(seen.min() / 2 if len(seen) else 1.0))


def _value_axis(rows: pd.DataFrame, scale: str) -> dict:
    drawn = _heights(rows)
    drawn = drawn[drawn > 0]
    if scale == "linear" or drawn.empty:
        most = 1.06 * drawn.max() if len(drawn) else 1
        return {"type": "linear", "range": [0, most], "tickformat": ",.4~r", "rangemode": "tozero"}
    low, high = math.log10(drawn.min()), math.log10(drawn.max())
    return {"type": "log", "range": [low - 0.2, high + 0.2], "dtick": 1, "tickformat": ",.4~r"}


# ---- curves ----------------------------------------------------------------------------------------------------------
def _curves(
    rows: pd.DataFrame, people: Mapping[str, Person], words: Words, palette: Palette, chosen: str, *, dense: bool
) -> Iterator[dict]:
    """One trace of lines a cohort, and one of points a kind: few traces draw many patients fast."""
    rows = rows[rows["signal"] != "no_result"]
    whose = np.array([one if one == chosen else people[one].cohort for one in rows["usubjid"].tolist()], dtype=object)
    groups = {one: rows[whose == one] for one in dict.fromkeys(whose.tolist())}
    own = groups.pop(chosen, rows.iloc[:0])
    faint = 0.28 if chosen or dense else 0.6
    for here in groups.values():
        colour = people[here["usubjid"].iloc[0]].colour
        yield _lines(here, colour, faint, 1.2)
        if not dense:
            yield from _points(here, people, words, colour, faint, 6)
    if len(own):
        colour = people[chosen].colour
        yield _lines(own, colour, 1, 3)
        yield from _points(own, people, words, colour, 1, 9)


class Sample(NamedTuple):
    """A sample that is drawn."""

    usubjid: str
    time: float
    conc: float  # NaN: below the limit
    limit: float
    floor: float
    signal: str
    excluded: object
    unit: object
    dtc: object
    source_file: str
    source_row: int

    @property
    def sign(self) -> str:
        """What it is drawn as: a key of SYMBOLS."""
        return self.signal if pd.isna(self.excluded) else "excluded"

    @property
    def height(self) -> float:
        return self.floor if math.isnan(self.conc) else self.conc


def _samples(rows: pd.DataFrame) -> list[Sample]:
    """In order. Columns as lists of plain objects: a frame a patient is walked ten times as slowly."""
    columns = (rows[one].tolist() for one in Sample._fields)
    return list(map(Sample._make, zip(*columns, strict=True)))


def _signs(rows: pd.DataFrame) -> set[str]:
    """The keys of SYMBOLS that the samples are drawn as."""
    shown = rows[rows["signal"] != "no_result"]
    excluded = shown["excluded"].notna()
    return {*shown.loc[~excluded, "signal"].unique(), *(["excluded"] if excluded.any() else [])}


def _lines(rows: pd.DataFrame, colour: str, opacity: float, width: float) -> dict:
    """From the last BLQ sample before the first number to the first one after the last: beyond them nothing moves. All
    patients in one line, with a gap between two of them."""
    near = _near_a_number(rows[rows["excluded"].isna()])
    x: list[float | None] = []
    y: list[float | None] = []
    before = None
    for who, time, height in zip(near["usubjid"].tolist(), near["time"].tolist(), _heights(near).tolist(), strict=True):
        if x and who != before:
            x.append(None)
            y.append(None)
        x.append(_short(time))
        y.append(_short(height))
        before = who
    line = {"color": colour, "width": width}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "opacity": opacity, "hoverinfo": "skip"}


def _near_a_number(rows: pd.DataFrame) -> pd.DataFrame:
    """The samples that are a number, and those of the same patient just before and after one."""
    who, known = rows["usubjid"].to_numpy(object), rows["conc"].notna().to_numpy()
    same = who[1:] == who[:-1]
    near = known.copy()
    near[1:] |= known[:-1] & same
    near[:-1] |= known[1:] & same
    return rows[near]


def _heights(rows: pd.DataFrame) -> pd.Series:
    return rows["conc"].fillna(rows["floor"])


def _short(value: float) -> float:
    """Four digits are what a curve can show."""
    return float(f"{value:.4g}")


def _points(
    rows: pd.DataFrame, people: Mapping[str, Person], words: Words, colour: str, opacity: float, size: int
) -> Iterator[dict]:
    some = _samples(rows)
    signs = [one.sign for one in some]
    for sign, symbol in SYMBOLS.items():
        here = [one for one, its in zip(some, signs, strict=True) if its == sign]
        if not here:
            continue
        cross = {"size": size + 4, "line": {"color": colour, "width": 2}} if sign == "excluded" else {}
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": [_short(one.time) for one in here],
            "y": [_short(one.height) for one in here],
            "marker": {"color": colour, "size": size, "symbol": symbol, "line": {"color": colour, "width": 1.2}}
            | cross,
            "opacity": opacity,
            "customdata": [[people[one.usubjid].href, _told(one, people, words)] for one in here],
            "hovertemplate": "%{customdata[1]}<extra></extra>",
        }


def _told(one: Sample, people: Mapping[str, Person], words: Words) -> str:
    unit = "" if pd.isna(one.unit) else f" {one.unit}"
    limit = words.no_limit if pd.isna(one.limit) else f"< {one.limit:g}{unit}"
    below = f"{words.signals[one.signal]} ({limit})"
    value = f"{_short(one.conc):,.12g}{unit}" if one.signal == "quantified" else below
    out = (words.excluded[one.excluded],) if one.sign == "excluded" else ()
    lines = (value, *out, f"{one.dtc} · {one.source_file} {one.source_row}")
    who = f"<b>{escape(people[one.usubjid].subjid)}</b> · {one.time:.1f} d"
    return "<br>".join([who, *map(escape, lines)])


def _medians(rows: pd.DataFrame, people: Mapping[str, Person], words: Words) -> Iterator[dict]:
    told = rows[(rows["signal"] != "no_result") & rows["excluded"].isna() & rows["visit"].notna()]
    told = told.assign(
        cohort=told["usubjid"].map({one: person.cohort for one, person in people.items()}),
        level=told["conc"].fillna(-math.inf),
    )
    for _, here in told.groupby("cohort", sort=False):
        visits = here.groupby("visit").agg(
            patients=("usubjid", "nunique"), level=("level", "median"), time=("time", "median")
        )
        visits = visits[(visits["patients"] >= 3) & (visits["level"] > 0)].sort_values("time")
        if len(visits) < 2:
            continue
        colour = people[here["usubjid"].iloc[0]].colour
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": [_short(one) for one in visits["time"]],
            "y": [_short(one) for one in visits["level"]],
            "line": {"color": colour, "width": 4},
            "opacity": 0.85,
            "text": [f"{words.median}, n = {one}" for one in visits["patients"]],
            "hovertemplate": "%{text}<br>%{y:,.4g}<extra></extra>",
        }


_DRAWN = {*Sample._fields, "lloq", "visit"}


# ---- the limit -------------------------------------------------------------------------------------------------------
def _limits(rows: pd.DataFrame) -> list[float]:
    """The one LLOQ of the samples, nothing where it changes from sample to sample."""
    found = sorted(rows["lloq"].dropna().unique())
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
