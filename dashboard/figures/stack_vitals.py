"""What is measured at the bed: temperature with its site, blood pressure, oxygen saturation and what is breathed."""

from collections.abc import Iterator, Sequence

import pandas as pd

from clinical.course import Course
from dashboard.figures.lanes import bars, stretches
from dashboard.figures.panels import Panel, Shown, last_data, level_line, plain
from dashboard.figures.series import apart, end_name, line, results, visible
from dashboard.figures.stack_lanes import given_told, on_axis
from dashboard.theme import PALETTES

FEVER = 38.0  # °C
# CDISC location -> how its points look, and the same sign in the panel's name.
SITES = {
    "AXILLA": ("circle", "●"),
    "ORAL CAVITY": ("diamond", "◆"),
    "EAR": ("square", "■"),
    "RECTUM": ("triangle-up", "▲"),
    "FOREHEAD": ("cross", "✚"),
}
OTHER = ("hexagon2", "⬢")
PRESSURES = {"SYSBP": "circle", "DIABP": "diamond"}
ON_AIR = 90  # %: what the panel shows at least


# ---- temperature -----------------------------------------------------------------------------------------------------
def temperature(course: Course, shown: Shown) -> Panel | None:
    rows = results(course, "vital_sign", "TEMP")
    rows = rows[rows["unit"] == "C"]
    if rows.empty:
        return None
    palette, values = PALETTES[shown.theme], visible(rows, shown)
    low, high = min(values.min(), 36.0), max(values.max(), 38.6)
    places = [one if isinstance(one, str) else "" for one in rows["place"]]
    told = [_beside(*one, shown) for one in zip(places, rows["value"], strict=True)]
    symbols = [SITES.get(one, OTHER)[0] for one in places]
    drawn = line(rows, shown, palette.ink, symbols, extra=told, name=shown.say("patient.latest_temp"))
    return Panel(
        name="temperature",
        title=shown.say("patient.panel_temperature") + _sites(places, shown),
        height=shown.tall(84),
        traces=tuple(drawn),
        yaxis={"range": [low - 0.3, high + 0.3], "nticks": 5},
        last=last_data(rows, shown.say),
        shapes=(level_line(FEVER, palette.alarm, "dot"),),
    )


def _sites(places: Sequence[str], shown: Shown) -> str:
    """Which sign is which site; of one site its name."""
    found = list(dict.fromkeys(one for one in places if one))
    marks = [
        f"{SITES.get(one, OTHER)[1]} {_site(one, shown)}" if len(found) > 1 else _site(one, shown) for one in found
    ]
    return " · " + "  ".join(marks) if found else ""


def _site(place: str, shown: Shown) -> str:
    """As a text of the reading column, which writes it and runs nothing."""
    return shown.say(f"patient.site_{place.lower().replace(' ', '_')}") if place in SITES else place


def _beside(place: str, value: float, shown: Shown) -> str:
    """Where it was measured; under the arm a little less than 38 may be a fever at the core."""
    doubtful = place == "AXILLA" and 37.5 <= value < FEVER
    return _site(place, shown) + (f"; {shown.say('patient.may_be_fever')}" if doubtful else "")


# ---- blood pressure --------------------------------------------------------------------------------------------------
def pressure(course: Course, shown: Shown) -> Panel | None:
    """Systolic and diastolic, with the limit under which the protocol speaks of hypotension."""
    rows = results(course, "vital_sign", *PRESSURES)
    rows = rows[rows["unit"] == "mmHg"]
    if rows.empty:
        return None
    palette, values, height = PALETTES[shown.theme], visible(rows, shown), shown.tall(76, len(PRESSURES))
    low, high = min(values.min(), 60) - 6, max(values.max(), 125) + 6
    traces, ends = [], []
    for code, symbol in PRESSURES.items():
        own, label = rows[rows["code"] == code], shown.say(f"patient.pressure_{code.lower()}")
        colour = palette.ink if code == "SYSBP" else palette.quiet
        traces += line(own, shown, colour, symbol, name=label)
        ends += end_name(own, shown, label, colour, float)
    settings = course.protocol.toxicity
    limit = settings.systolic_below if settings else None
    words = shown.say("patient.systolic_limit", limit=f"{limit:g}") if limit else ""
    return Panel(
        name="pressure",
        title=shown.say("patient.panel_pressure") + words,
        height=height,
        traces=tuple(traces),
        yaxis={"range": [low, high], "nticks": 5},
        last=last_data(rows, shown.say),
        shapes=(level_line(limit, palette.alarm, "dot"),) if limit else (),
        notes=tuple(apart(ends, (high - low) / height, low, high)),
    )


# ---- oxygen ----------------------------------------------------------------------------------------------------------
def oxygen(course: Course, shown: Shown) -> Panel | None:
    """The saturation, and under it the device for as long as it was there: a value means little without it."""
    rows = results(course, "vital_sign", "OXYSAT")
    rows = rows[rows["unit"] == "%"]
    given = on_axis(course)
    given = given[(given["kind"] == "oxygen") & (given["until"] >= shown.low) & (given["since"] <= shown.high)]
    if rows.empty and given.empty:
        return None
    palette = PALETTES[shown.theme]
    low = min(visible(rows, shown).min() if len(rows) else ON_AIR, ON_AIR)
    floor = low - (1 if given.empty else 7)  # the device stands under the lowest value
    drawn = list(line(rows, shown, palette.ink, "circle", name=shown.say("patient.latest_oxysat"))) if len(rows) else []
    return Panel(
        name="oxygen",
        title=shown.say("patient.panel_oxygen") + ("" if given.empty else shown.say("patient.devices")),
        height=shown.tall(52 if given.empty else 72),
        traces=(*drawn, *_devices(given, floor + 2.5, shown)),
        yaxis={
            "range": [floor, 101.5],
            "tickvals": [one for one in range(50, 101, 5 if shown.scale == 1 else 10) if one >= low],
        },
        last=last_data(rows, shown.say),
    )


def _devices(given: pd.DataFrame, level: float, shown: Shown) -> Iterator[dict]:
    if given.empty:
        return
    palette = PALETTES[shown.theme]
    rows = list(given.itertuples())
    room = [min(one.until, shown.high) - max(one.since, shown.low) for one in rows]
    ends = (given["since"], given["until"], [given_told(one, shown) for one in rows])
    yield bars([level] * len(rows), *ends) | {
        "name": shown.say("patient.kind_oxygen"),
        "meta": stretches((), None, shown),  # the lane of interventions reads it
        "marker": {"color": palette.quiet, "opacity": 0.45, "line": {"color": palette.paper, "width": 1}},
        "text": [_fitting(device(one), days, shown) for one, days in zip(rows, room, strict=True)],
        "textfont": {"color": palette.ink, "size": 11},
        "width": 4,
    }


def _fitting(texts: Sequence[str], days: float, shown: Shown) -> str:
    return next((plain(one) for one in texts if shown.fits(one, days)), "")


def device(row) -> tuple[str, ...]:
    """The device with its flow, and without where there is less room."""
    flow = "" if pd.isna(row.dose) else f" {row.dose:g} {row.unit if isinstance(row.unit, str) else ''}".rstrip()
    return (f"{row.name}{flow}", row.name) if isinstance(row.name, str) else ("",)
