"""The panels of what was done and when: the periods of the study, the interventions and their lines through all."""

from functools import lru_cache

import pandas as pd

from clinical.course import Course
from clinical.episodes import DayAxis
from clinical.periods import PeriodSpan
from dashboard.figures.lanes import Reads, arrows, bars, lane, marks
from dashboard.figures.panels import Panel, Shown, plain
from dashboard.theme import PALETTES

# In the order of the lane; what is not here stands in the table only.
LANE = (
    "bridging", "lymphodepletion", "tocilizumab", "siltuximab", "anakinra", "steroid", "vasopressor", "oxygen", "g_csf",
    "transfusion", "antipyretic", "anti_infective", "subsequent_therapy",
)  # fmt: skip
# What a reader has to see in every panel: its beginning is a line through all of them.
THROUGH = (
    "bridging", "lymphodepletion", "tocilizumab", "siltuximab", "anakinra", "steroid", "vasopressor", "oxygen", "g_csf",
    "transfusion",
)  # fmt: skip
LOUD = "tocilizumab"  # it changes what IL-6 means
NAMED = ("oxygen", "vasopressor", "steroid", "bridging", "subsequent_therapy")  # the kind alone would not say what
SHORT = 0.25  # d; what is over sooner is a mark, not a bar


# ---- periods ---------------------------------------------------------------------------------------------------------
def periods(course: Course, shown: Shown) -> Panel | None:
    spans = [(one, course.axis.at(one.start), course.axis.after(one.end)) for one in course.periods]
    if not spans:
        return None
    palette = PALETTES[shown.theme]
    names = [period_name(course, one.id, one.planned, shown.lang) for one, *_ in spans]
    told = [(name, name, _days(course.axis, one, shown)) for name, (one, *_) in zip(names, spans, strict=True)]
    drawn = bars([0.0] * len(spans), [one[1] for one in spans], [one[2] for one in spans], told) | {
        "marker": {
            "color": [palette.rest if place % 2 else palette.line for place in range(len(spans))],
            "line": {"color": palette.paper, "width": 1},
        },
        "text": [
            plain(one) if shown.fits(one, min(high, shown.high) - max(low, shown.low)) else ""
            for one, (_, low, high) in zip(names, spans, strict=True)
        ],
        "textfont": {"color": palette.quiet, "size": 11},
        "width": 0.9,
    }
    return lane("periods", [shown.say("patient.periods")], (drawn,), shown)


def _days(axis: DayAxis, span: PeriodSpan, shown: Shown) -> str:
    return shown.say("patient.days", first=axis.day(span.start), last=axis.day(span.end))


def period_name(course: Course, name: str, planned: bool, lang: str) -> str:
    if not planned:
        return name.capitalize()
    return next(one.label.in_(lang) for one in course.protocol.periods if one.id == name)


# ---- interventions ---------------------------------------------------------------------------------------------------
def interventions(course: Course, shown: Shown) -> Panel | None:
    every = on_axis(course)
    given = every[(every["until"] >= shown.low) & (every["since"] <= shown.high)]
    kinds = [one for one in LANE if (given["kind"] == one).any()]
    if not kinds:
        return None
    palette = PALETTES[shown.theme]
    rows = given["kind"].map(kinds.index)
    told = pd.Series([given_told(one, shown) for one in given.itertuples()], given.index)
    brief = given["until"] - given["since"] < SHORT
    traces = []
    if (~brief).any():
        long = given[~brief]
        traces.append(
            bars(rows[~brief], long["since"], long["until"], told[~brief])
            | {
                "marker": {"color": palette.quiet, "opacity": 0.45},
                "text": [_name_in(one, shown) for one in long.itertuples()],
                "textfont": {"color": palette.ink, "size": 11},
                "width": 0.55,
            }
        )
    if brief.any():
        traces.append(marks(given.loc[brief, "since"], rows[brief], told[brief], "diamond", palette.accent, 8))
    traces += arrows(
        [(one.until, row) for one, row in zip(given.itertuples(), rows, strict=True) if one.goes_on], palette.quiet
    )
    last = every[["rel_day", "end_rel_day"]].max().max()
    labels = [shown.say(f"patient.kind_{one}") for one in kinds]
    return lane(
        "interventions",
        labels,
        traces,
        shown,
        last=shown.say("patient.last_day", day=last),
        whole=Reads(shown.say("patient.given_then")),
    )


def _name_in(row, shown: Shown) -> str:
    return plain(row.name) if row.kind in NAMED and shown.fits(row.name, row.until - row.since) else ""


@lru_cache(maxsize=64)
def on_axis(course: Course) -> pd.DataFrame:
    """The dated interventions of the lane, with `since` and `until` on the axis, and `goes_on`. Where no end is
    recorded a single dose is a mark, and a course goes on to the cut-off."""
    given = course.given
    given = given[given["kind"].isin(LANE) & given["rel_day"].notna()]
    given = given.drop_duplicates(["kind", "name", "first", "last", "end_first", "end_last"])
    axis = course.axis
    same_day = given["end_first"].dt.normalize() == given["first"].dt.normalize()
    timed = given["first"] == given["last"]
    dose = given["kind"].isin(["tocilizumab", "siltuximab", "lymphodepletion", "transfusion"])
    # The end of a dose is often the date alone: it does not make it last until midnight.
    point = timed & ((same_day & (given["end_first"] != given["end_last"])) | (given["end_first"].isna() & dose))
    goes_on = given["end_first"].isna() & ~dose
    ends = given["end_last"].where(given["end_last"].notna(), given["last"].where(dose, pd.Timestamp(course.known_to)))
    since = [axis.at(one) for one in given["first"]]
    until = [axis.after(min(one, pd.Timestamp(course.known_to))) for one in ends]
    frame = given.assign(since=since, until=until, goes_on=goes_on)
    return frame.assign(until=frame["until"].where(~point, frame["since"]).clip(lower=frame["since"]))


def given_told(row, shown: Shown) -> tuple[str, ...]:
    """What is told of one row of `on_axis`."""
    amount = "" if pd.isna(row.dose) else f"{row.dose:g} {row.unit if isinstance(row.unit, str) else ''}".strip()
    what = f"{row.name} {amount}".strip()
    why = (row.indication,) if isinstance(row.indication, str) else ()
    end = row.end if isinstance(row.end, str) else shown.say("word.ongoing")
    days = f"{shown.say('patient.day', day=row.rel_day)}, {row.start} – {end}"
    return what, what, *why, days, f"{row.source_file} {row.source_row}"


def through_lines(course: Course, shown: Shown) -> list[dict]:
    """Thin lines through all panels where an intervention began."""
    palette = PALETTES[shown.theme]
    began = course.given[course.given["kind"].isin(THROUGH) & course.given["time"].notna()]
    doses = began["kind"] != "lymphodepletion"  # two drugs on one day are one line
    began = began.assign(place=began["time"].where(doses, began["time"].round())).drop_duplicates(["kind", "place"])
    return [
        {
            "type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": round(one.time, 4), "x1": round(one.time, 4),
            "line": {"color": palette.accent if one.kind == LOUD else palette.quiet, "width": 1, "dash": "dot"},
            "opacity": 0.9 if one.kind == LOUD else 0.5, "layer": "below",
        }
        for one in began.itertuples()
    ]  # fmt: skip
