"""The panels of cytokines and inflammation, and of the cells: CAR copies, CAR+ cells."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping

import pandas as pd

from clinical.course import Course
from clinical.ghost import Ghost
from dashboard.figures import stack_ghost
from dashboard.figures.panels import Panel, Shown, last_data, level_line, note, unit_words
from dashboard.figures.series import apart, assay_results, end_name, line, log_axis, log_range, results, visible
from dashboard.theme import PALETTES, level_colour
from data.protocol_measures import Analyte

WORDS = 15  # px over the values, where the dose group is named

# The lines of the cytokine panel, a few that a bedside decision rests on, in hue and symbol.
LINES = {
    "IL6": ("#3B7DD8", "circle"),
    "IFNG": ("#1B9E77", "diamond"),
    "IL10": ("#7A869A", "triangle-up"),
    "CRP": ("#D9648C", "square"),
    "FERRITIN": ("#B07C1E", "cross"),
}


# ---- cytokines and inflammation --------------------------------------------------------------------------------------
def cytokines(course: Course, shown: Shown, others: Mapping[str, Ghost]) -> Panel | None:
    """others: the rest of the dose group, by analyte; those of the lines that are drawn stand behind them."""
    known = {one.code: one for one in course.protocol.panel("cytokine", "inflammation") if one.code in LINES}
    drawn = {code: _of_analyte(course, known[code]) for code in LINES if code in known}
    drawn = {code: rows for code, rows in drawn.items() if len(rows)}
    if not drawn:
        return None
    palette, height = PALETTES[shown.theme], shown.tall(150, len(drawn))
    every, beside = pd.concat(drawn.values()), {code: one for code, one in others.items() if code in drawn}
    low, high = _log_range(every, beside.values(), shown, height)
    traces = [
        trace for code, one in beside.items()
        for trace in stack_ghost.behind(one, shown, _colour(course), LINES[code][0], 10**low)
    ]  # fmt: skip
    ends = []
    for code, rows in drawn.items():
        colour, symbol = LINES[code]
        traces += line(rows, shown, colour, symbol, floor=10**low, name=known[code].label.in_(shown.lang))
        label = f"{known[code].label.in_(shown.lang)} {unit_words(known[code].unit)}"
        ends += end_name(rows, shown, label, colour, lambda value: math.log10(max(value, 10**low)))
    words = _after_tocilizumab(course, shown, drawn, low, [one["x"] for one in ends])
    names = list(apart(ends, (high - low) / height, low, high))
    notes = [*names, *words, *_group_words(every, beside.values(), shown, (low, high), height, names)]
    return Panel(
        name="cytokines",
        title=shown.say("patient.panel_cytokines"),
        height=height,
        traces=tuple(traces),
        yaxis=log_axis(low, high),
        last=last_data(every, shown.say),
        notes=tuple(one | {"font": one["font"] | {"color": one["font"]["color"] or palette.accent}} for one in notes),
    )


def _of_analyte(course: Course, one: Analyte) -> pd.DataFrame:
    rows = results(course, "lab" if one.panel == "inflammation" else "cytokine", one.code)
    return rows[rows["unit"] == one.unit]


def _after_tocilizumab(
    course: Course, shown: Shown, drawn: dict[str, pd.DataFrame], bottom: float, names: Iterable[float]
) -> Iterator[dict]:
    """names: where those of the lines begin [d]."""
    given = course.given.loc[course.given["kind"] == "tocilizumab", "time"].min()
    if "IL6" not in drawn or pd.isna(given) or not shown.low <= given < shown.high:
        return
    words = shown.say("patient.il6_after_tocilizumab")
    # On the scale of months the line stays; the words do where they end before the names of the lines.
    room = min((one for one in names if one > given), default=shown.high) - given
    has_room = shown.high - shown.low < 60 or shown.fits(words, room)
    if has_room and (drawn["IL6"]["time"] > given).any():
        yield note(words, "", x=given, y=bottom, xanchor="left", yanchor="bottom", xshift=4)


# ---- the cells -------------------------------------------------------------------------------------------------------
def kinetics(course: Course, shown: Shown, others: Mapping[str, Ghost]) -> Panel | None:
    """The assay of the endpoints alone, in the colour of the dose level; behind it the rest of the dose group."""
    assay = course.protocol.kinetics
    if assay is None:
        return None
    label = next((one.label.in_(shown.lang) for one in course.protocol.analytes if one.code == assay.code), assay.code)
    beside = [others[assay.code]] if assay.code in others else []
    return _cells("kinetics", assay_results(course), label, assay.unit, _colour(course), shown, beside)


def _colour(course: Course) -> str:
    """Of the cohort, as on every screen."""
    cohort = course.who["cohort"]
    return level_colour(None if pd.isna(cohort) else course.protocol.place(cohort))


def flow(course: Course, shown: Shown) -> Panel | None:
    """CAR+ cells by flow cytometry are another test: a panel of their own, unless they are the endpoints' assay."""
    assay, found = course.protocol.kinetics, course.protocol.panel("flow")
    if not found or (assay and assay.table == "flow"):
        return None
    rows = results(course, "flow", found[0].code)
    rows = rows[rows["unit"] == found[0].unit]
    if assay:
        rows = rows[rows["specimen"].isna() | rows["specimen"].str.upper().isin(assay.specimens)]
    label = found[0].label.in_(shown.lang)
    return _cells("flow", rows, label, found[0].unit, PALETTES[shown.theme].quiet, shown)


def _cells(
    name: str, rows: pd.DataFrame, label: str, unit: str, colour: str, shown: Shown, beside: Collection[Ghost] = ()
) -> Panel | None:
    if rows.empty:
        return None
    palette, height = PALETTES[shown.theme], shown.tall(112 if name == "kinetics" else 76)
    low, high = _log_range(rows, beside, shown, height)
    said = _group_words(rows, beside, shown, (low, high), height)
    limits = rows["lloq"].dropna().unique()
    shapes, notes = [], []
    if len(limits) == 1:
        limit = float(limits[0])
        low = min(low, math.log10(limit) - 0.25)
        words = shown.say("patient.lloq", limit=f"{limit:g}")
        shapes.append(level_line(limit, palette.quiet))
        notes.append(note(words, palette.quiet, xref="paper", x=1, y=math.log10(limit), xanchor="left", xshift=6))
    floor = 10 ** (low + 0.08 * (high - low))
    behind = [trace for one in beside for trace in stack_ghost.behind(one, shown, colour, colour, floor)]
    return Panel(
        name=name,
        title=f"{label}, {unit_words(unit)}{shown.say('patient.log')}" + _hollow(rows, shown),
        height=height,
        traces=(*behind, *line(rows, shown, colour, "circle", name=label, floor=floor)),
        yaxis=log_axis(low, high),
        last=last_data(rows, shown.say),
        shapes=tuple(shapes),
        notes=(*notes, *said),
    )


def _log_range(rows: pd.DataFrame, beside: Collection[Ghost], shown: Shown, height: int) -> tuple[float, float]:
    """The range of the axis in decades, with room for the words of the dose group where the panel is not low."""
    low, high = log_range([*visible(rows, shown), *stack_ghost.in_sight(beside, shown)])
    room = stack_ghost.told(beside, shown) and _has_room(height)
    return low, high + (high - low) * WORDS / (height - WORDS) if room else high


def _has_room(height: int) -> bool:
    return height > 4 * WORDS


def _group_words(
    rows: pd.DataFrame, beside: Collection[Ghost], shown: Shown, axis: tuple[float, float], height: int,
    names: Iterable[dict] = (),
) -> list[dict]:  # fmt: skip
    """Over the values; in a low panel between them and the names of the lines."""
    told, px = stack_ghost.told(beside, shown), (axis[1] - axis[0]) / height
    if _has_room(height):
        return list(stack_ghost.words_above(told, shown, axis[1]))
    behind, under = [*stack_ghost.curves_of(beside), *_curves(rows)], [_under(one, shown, px) for one in names]
    return list(stack_ghost.words_between(told, shown, axis, WORDS * px, behind, under))


def _curves(rows: pd.DataFrame) -> Iterator[list[stack_ghost.Point]]:
    """The patient's own values in decades."""
    for _, own in rows[rows["value"] > 0].sort_values("time").groupby("code"):
        yield list(zip(own["time"].tolist(), map(math.log10, own["value"]), strict=True))


def _under(name: dict, shown: Shown, px: float) -> list[stack_ghost.Point]:
    """The line that the name of a line is written on. px: in decades."""
    height = name["y"] + name.get("yshift", 0) * px
    return [(name["x"], height), (name["x"] + shown.wide(name["text"]), height)]


def _hollow(rows: pd.DataFrame, shown: Shown) -> str:
    """What a hollow point means, and a cross; a zero without a limit is no result below one."""
    cross = shown.say("patient.cross") if rows["excluded"].notna().any() else ""
    return _below(rows, shown) + cross


def _below(rows: pd.DataFrame, shown: Shown) -> str:
    if rows["qualifier"].isin(["<", "<="]).any():
        return shown.say("patient.hollow")
    return shown.say("patient.hollow_zero") if (rows["value"] == 0).any() else ""
