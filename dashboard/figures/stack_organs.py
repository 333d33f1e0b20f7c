"""Blood counts, liver, kidney and coagulation, each against the limits from which CTCAE grades it."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

import pandas as pd

from clinical.course import Course
from clinical.grading.limits import grades_begin
from clinical.lab_grades import GRADED, with_baseline
from dashboard.figures.panels import Panel, Shown, band, last_data, level_line, note, plain, unit_words
from dashboard.figures.series import apart, end_name, line, log_axis, log_range, results, visible
from dashboard.theme import GRADES, PALETTES
from data.protocol_measures import Envelope

COUNTS = ("NEUT", "PLAT", "HGB")
LIVER = {"ALT": ("#8E5BB5", "circle"), "AST": ("#2A9D8F", "diamond"), "BILI": ("#C48A00", "square")}
KIDNEY = "CREAT"
COAGULATION = {"FIBRINO": ("g/L", "#3B7DD8", "circle"), "DDIMER": ("mg/L", "#D9648C", "square")}
SEVERE = 3


# ---- limits ----------------------------------------------------------------------------------------------------------
def _begin(course: Course, code: str, unit: str, **known) -> dict[int, float]:
    """Where the grades of a test begin, by the protocol's version of CTCAE."""
    term = next(iter(GRADED[code]))
    return grades_begin(term, unit, **known, version=course.protocol.adverse_events.ctcae_version)


@lru_cache(maxsize=128)
def _in_multiples(course: Course, *codes: str) -> dict[str, dict[int, float]]:
    """Code -> where its grades begin in multiples of the upper limit; a patient whose baseline was above it is graded
    against that baseline. Nothing without a baseline where it decides, or where the limit changed in between."""
    since = course.who["day0"] if pd.isna(course.who["lymphodepletion"]) else course.who["lymphodepletion"]
    against = with_baseline(results(course, "lab", *codes), pd.Series({course.who["usubjid"]: since}))
    found = {}
    for code, own in against.groupby("code", sort=False):
        first = own.iloc[0]
        base, limit = first["value_baseline"], first["range_high_baseline"]
        alike = own["unit"].nunique() == 1 and own["range_high"].dropna().nunique() == 1
        known = pd.notna(base) and limit > 0
        if alike and known:
            high = bool(base > limit)
            # A normal baseline does not matter to the liver's terms: without it their limits are found once for all.
            baseline = float(base / limit) if high or code == KIDNEY else None
            found[code] = _begin(course, code, first["unit"], uln=1.0, baseline=baseline, baseline_high=high)
    return found


def _scale(course: Course) -> str:
    return f"CTCAE {course.protocol.adverse_events.ctcae_version}"


def _said(course: Course, shown: Shown, begin: Mapping[int, float], *, above: bool, least: int = SEVERE) -> str:
    """The grades of the bands in words, with their scale; "" where none begins anywhere."""
    say, graded = shown.say, [(grade, f"{value:.3g}") for grade, value in begin.items() if grade >= least]
    parts = [
        say("patient.grade_above", grade=grade, limit=limit) if above
        else say("patient.grade_below", grade=grade, limit=limit)
        for grade, limit in graded
    ]  # fmt: skip
    return f" · {_scale(course)}: {say('patient.list_comma').join(parts)}" if parts else ""


# ---- counts ----------------------------------------------------------------------------------------------------------
def counts(course: Course, shown: Shown) -> Iterator[Panel]:
    for code in COUNTS:
        rows = results(course, "lab", code)
        if len(rows):
            yield _count(code, rows, course, shown)


def _count(code: str, rows: pd.DataFrame, course: Course, shown: Shown) -> Panel:
    unit = rows["unit"].iloc[-1]
    begin = _begin(course, code, unit) if rows["unit"].nunique() == 1 else {}
    values, label = visible(rows, shown), shown.say(f"patient.latest_{code.lower()}")
    severe = begin.get(SEVERE, 0.0)
    highest = max(values.max(), severe * 1.4)
    lowest = 0 if SEVERE + 1 in begin else min(values.min(), severe * 0.95 or values.min()) * 0.9
    expected = [one for one in course.protocol.envelopes if one.code == code and one.unit == unit]
    words = "".join(shown.say("patient.envelope", source=plain(one.source)) for one in expected)
    drawn = [*line(rows, shown, PALETTES[shown.theme].ink, "circle", name=label), *_envelopes(expected, shown)]
    return Panel(
        name=code.lower(),
        title=f"{label}, {unit_words(unit)}" + _said(course, shown, begin, above=False) + words,
        height=shown.tall(62),
        traces=tuple(drawn),
        yaxis={"range": [lowest, highest * 1.06], "nticks": 4},
        last=last_data(rows, shown.say),
        shapes=tuple(_bands_below(begin)),
    )


def _envelopes(expected: Iterable[Envelope], shown: Shown) -> Iterator[dict]:
    """What the protocol's source expects, dashed: its lower and its upper edge."""
    for one in expected:
        for edge in (one.low, one.high):
            yield {
                "type": "scatter", "mode": "lines", "x": list(one.days), "y": list(edge), "hoverinfo": "skip",
                "name": shown.say("patient.envelope_name"),
                "line": {"color": PALETTES[shown.theme].quiet, "width": 1, "dash": "dash"},
            }  # fmt: skip


def _bands_below(begin: Mapping[int, float]) -> Iterator[dict]:
    """From grade 3 on: each down to where the next begins, the last to zero."""
    severe = [(grade, value) for grade, value in sorted(begin.items()) if grade >= SEVERE]
    for (grade, value), (_, lower) in pairwise([*severe, (0, 0.0)]):
        yield band(lower, value, GRADES[grade])


# ---- liver and kidney ------------------------------------------------------------------------------------------------
def liver(course: Course, shown: Shown) -> Panel | None:
    """In multiples of the upper limit of each sample; a value that came without a limit is left out, and said."""
    every = _multiples(results(course, "lab", *LIVER))
    rows = every[every["multiple"].notna()]
    if rows.empty:
        return None
    highest = max(visible(rows, shown, "multiple").max(), 1.6)
    begin, palette, height = _in_multiples(course, *LIVER), PALETTES[shown.theme], shown.tall(92, len(LIVER))
    traces, ends, shapes, notes = [], [], [level_line(1, palette.line, "solid")], []
    for code, (colour, symbol) in LIVER.items():
        own, label = every[every["code"] == code], shown.say(f"patient.liver_{code.lower()}")
        traces += line(own, shown, colour, symbol, y="multiple", extra=_times(own, shown), name=label)
        ends += end_name(own[own["multiple"].notna()], shown, label, colour, float, y="multiple")
    beside = 0.3 if shown.scale < 1 else 0  # on paper lines are nearer than letters are high
    for place, (value, which) in enumerate(_lines(begin, highest * 1.1).items()):
        names = [shown.say(f"patient.liver_{code.lower()}") for code, _ in which]
        words = shown.say("patient.grade_from", grade=which[0][1], what=", ".join(names))
        shapes.append(level_line(value, GRADES[SEVERE], "dot"))
        at = {"xref": "paper", "x": beside * place, "y": value, "xanchor": "left"}
        at |= {"yanchor": "middle" if shown.scale < 1 else "bottom"}
        notes.append(note(words, palette.quiet, **at))
    return Panel(
        name="liver",
        title=shown.say("patient.panel_liver") + _left_out(every, rows, shown) + _lacks(begin, LIVER, course, shown),
        height=height,
        traces=tuple(traces),
        yaxis={"range": [0, highest * 1.1], "nticks": 5},
        last=last_data(rows, shown.say),
        shapes=tuple(shapes),
        notes=(*apart(ends, highest * 1.1 / height, 0, highest * 1.1), *notes),
    )


def kidney(course: Course, shown: Shown) -> Panel | None:
    """Creatinine in multiples of the upper limit of each sample; its grades look at the baseline too."""
    every = _multiples(results(course, "lab", KIDNEY))
    rows = every[every["multiple"].notna()]
    if rows.empty:
        return None
    values = visible(rows, shown, "multiple")
    highest, lowest = max(values.max(), 1.6) * 1.1, min(values.min(), 0.6) * 0.8
    begin = _in_multiples(course, KIDNEY)
    own, label = begin.get(KIDNEY, {}), shown.say("patient.kidney_creat")
    reached = {grade: value for grade, value in own.items() if value < highest}
    limits = _said(course, shown, reached, above=True, least=2)
    drawn = line(
        every, shown, PALETTES[shown.theme].ink, "circle", y="multiple", extra=_times(every, shown), name=label
    )
    return Panel(
        name="kidney",
        title=shown.say("patient.panel_kidney") + limits
        + _lacks(begin, [KIDNEY], course, shown)
        + _left_out(every, rows, shown),
        height=shown.tall(62),
        traces=tuple(drawn),
        yaxis={"range": [lowest, highest], "nticks": 4},
        last=last_data(rows, shown.say),
        shapes=(level_line(1, PALETTES[shown.theme].line, "solid"), *_bands_above(reached, highest)),
    )  # fmt: skip


def _multiples(every: pd.DataFrame) -> pd.DataFrame:
    """NaN where a result came without its limit: it has no place on the panel."""
    return every.assign(multiple=every["value"] / every["range_high"].where(every["range_high"] > 0))


def _times(rows: pd.DataFrame, shown: Shown) -> list[str]:
    return ["" if pd.isna(one) else shown.say("patient.of_uln", times=f"{one:.2g}") for one in rows["multiple"]]


def _left_out(every: pd.DataFrame, rows: pd.DataFrame, shown: Shown) -> str:
    count = len(every) - len(rows)
    return shown.say("patient.without_limit", count=count) if count else ""


def _lacks(begin: Mapping[str, dict], codes: Collection[str], course: Course, shown: Shown) -> str:
    """That grades have no line where they would need a baseline that is not there, or one upper limit."""
    return "" if all(begin.get(code) for code in codes) else shown.say("patient.no_grade_lines", scale=_scale(course))


def _lines(begin: Mapping[str, dict[int, float]], highest: float) -> dict[float, list[tuple[str, int]]]:
    """Where grade 3 and 4 begin, as far as the panel reaches, and of which tests."""
    found: dict[float, list[tuple[str, int]]] = {}
    for code in LIVER:
        for grade, value in begin.get(code, {}).items():
            if grade >= SEVERE and value <= highest:
                found.setdefault(value, []).append((code, grade))
    return dict(sorted(found.items()))


def _bands_above(begin: Mapping[int, float], highest: float) -> Iterator[dict]:
    """From grade 2 on: each up to where the next begins, the last to the edge of the panel."""
    graded = [(grade, value) for grade, value in sorted(begin.items()) if grade >= 2]
    for (grade, value), (_, upper) in pairwise([*graded, (0, highest)]):
        yield band(value, upper, GRADES[grade])


# ---- coagulation -----------------------------------------------------------------------------------------------------
def coagulation(course: Course, shown: Shown) -> Panel | None:
    drawn = {code: _of_unit(course, code, unit) for code, (unit, *_) in COAGULATION.items()}
    drawn = {code: rows for code, rows in drawn.items() if len(rows)}
    if not drawn:
        return None
    height, every = shown.tall(84, len(drawn)), pd.concat(drawn.values())
    low, high = log_range(visible(every, shown))
    traces, ends, shapes, words = [], [], [], ""
    for code, rows in drawn.items():
        unit, colour, symbol = COAGULATION[code]
        label = shown.say(f"patient.coagulation_{code.lower()}")
        traces += line(rows, shown, colour, symbol, floor=10**low, name=label)
        ends += end_name(rows, shown, f"{label} {unit_words(unit)}", colour, _log_place(low))
        for limit in alert_limits(course, code, unit):
            shapes.append(level_line(limit, PALETTES[shown.theme].alarm, "dot"))
            words += shown.say("patient.alert_limit", what=label, limit=f"{limit:g} {unit_words(unit)}")
    return Panel(
        name="coagulation",
        title=shown.say("patient.panel_coagulation") + words,
        height=height,
        traces=tuple(traces),
        yaxis=log_axis(low, high),
        last=last_data(every, shown.say),
        shapes=tuple(shapes),
        notes=tuple(apart(ends, (high - low) / height, low, high)),
    )


def _of_unit(course: Course, code: str, unit: str) -> pd.DataFrame:
    rows = results(course, "lab", code)
    return rows[rows["unit"] == unit]


def _log_place(low: float) -> Callable[[float], float]:
    return lambda value: math.log10(max(value, 10**low))


def alert_limits(course: Course, code: str, unit: str) -> Iterator[float]:
    """The values from which the protocol calls a laboratory result an alert by itself."""
    for one in course.protocol.alerts:
        if one.table == "lab" and one.code == code and one.unit == unit and not one.together_with:
            yield from (limit for limit in (one.below, one.above, one.at_least) if limit is not None)
