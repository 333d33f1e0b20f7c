"""The runway: one bar per treated patient from infusion to the end of the DLT window, on the calendar."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape

import plotly.graph_objects as go

from clinical.board import Window
from dashboard.theme import DLT, PALETTES, level_colour, stamped, styled

ROW = 26  # px a patient
TOP, BOTTOM = 34, 92  # px around the rows: the dates above, axis and stamp below
DAY = 24 * 3600 * 1000  # ms, the unit of a date axis


@dataclass(frozen=True)
class Words:
    """The texts of the figure in the reader's language."""

    cutoff: str
    today: str
    axis: str
    stamp: str
    level: Mapping[str, str]  # cohort -> what stands at its first row
    reason: Callable[[Window], str]


def height(windows: Sequence[Window]) -> int:
    return TOP + BOTTOM + ROW * (max(len(windows), 2) + len({one.cohort for one in windows}))


def runway(
    windows: Sequence[Window], levels: Mapping[str, int], cutoff: datetime, today: date, words: Words, *, theme: str
) -> go.Figure:
    """windows: by cohort and infusion, as `clinical.board`. levels: cohort -> dose level, for its colour.

    A bar is full up to the cut-off and pale for the days left; complete windows are lighter than running ones, a
    patient to be replaced is grey. A DLT is a hatched outline on its day. The reason stands beside the bar.
    """
    palette = PALETTES[theme]
    figure = go.Figure()
    rows, y = {}, 0.0
    for number, one in enumerate(windows):
        if number and windows[number - 1].cohort != one.cohort:
            y -= 0.7
        rows[one.usubjid] = y
        y -= 1
    for cohort in dict.fromkeys(one.cohort for one in windows):
        here = [one for one in windows if one.cohort == cohort]
        _bars(figure, here, rows, level_colour(levels[cohort]), cutoff.date(), palette)
        figure.add_annotation(
            text=f"<b>{words.level[cohort]}</b>", xref="paper", x=0, xanchor="right", xshift=-12,
            y=rows[here[0].usubjid], showarrow=False,
            font={"color": level_colour(levels[cohort]) if theme == "light" else palette.ink},
        )  # fmt: skip
    _labels(figure, windows, rows, words, palette, cutoff.date())
    _lines(figure, cutoff, today, words, palette)
    styled(figure, theme)
    figure.update_layout(
        height=height(windows),
        margin={"l": 100, "r": 150, "t": TOP, "b": BOTTOM},
        barmode="overlay",
        bargap=0.3,
        showlegend=False,
        hovermode="closest",
        dragmode="pan",
        xaxis={
            "type": "date", "side": "top", "range": _range(windows, today), "title": None, "tickformat": "%Y-%m",
            "dtick": "M1", "showgrid": True, "fixedrange": False,
        },
        yaxis={"visible": False, "range": [y + 0.3, 0.8], "fixedrange": True},
    )  # fmt: skip
    figure.add_annotation(
        text=words.axis, xref="paper", yref="paper", x=0, y=0, yshift=-34, xanchor="left", yanchor="top",
        showarrow=False, font={"size": 12, "color": palette.quiet},
    )  # fmt: skip
    return stamped(figure, words.stamp, theme, below=58)


def _range(windows: Sequence[Window], today: date) -> list[date]:
    first = min((one.infused for one in windows), default=today)
    last = max([today, *(one.ends for one in windows)])
    span = max((last - first).days, 60)
    return [first - timedelta(days=max(3, span // 12)), last + timedelta(days=2)]


def _bars(
    figure: go.Figure, here: Sequence[Window], rows: Mapping[str, float], colour: str, cutoff: date, palette
) -> None:
    length = {one.usubjid: (one.ends - one.infused).days for one in here}
    elapsed = {one.usubjid: min(max((cutoff - one.infused).days, 0), length[one.usubjid]) for one in here}
    figure.add_bar(
        orientation="h", y=[rows[one.usubjid] for one in here], base=[one.infused for one in here],
        x=[length[one.usubjid] * DAY for one in here], width=0.62, marker={"color": palette.rest}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_bar(
        orientation="h",
        y=[rows[one.usubjid] for one in here],
        base=[one.infused for one in here],
        x=[elapsed[one.usubjid] * DAY for one in here],
        width=0.62,
        marker={
            "color": [palette.quiet if one.state.state == "not_evaluable" else colour for one in here],
            "opacity": [_weight(one) for one in here],
        },
        customdata=[[escape(one.usubjid), f"{one.infused}", f"{one.ends}", one.state.state] for one in here],
        hovertemplate="%{customdata[0]}<br>%{customdata[1]} – %{customdata[2]}<extra></extra>",
    )
    with_dlt = [one for one in here if one.state.state == "evaluable_dlt" and one.dlt_day is not None]
    if with_dlt:
        figure.add_bar(
            orientation="h", y=[rows[one.usubjid] for one in with_dlt],
            base=[one.infused + timedelta(days=one.dlt_day - 1) for one in with_dlt],
            x=[3 * DAY] * len(with_dlt), width=0.86,
            marker={"color": "rgba(255,255,255,0.85)", "line": {"color": DLT, "width": 2},
                    "pattern": {"shape": "/", "fgcolor": DLT, "size": 5, "solidity": 0.35}},
            customdata=[[escape(one.usubjid), escape(one.dlt_term), one.dlt_day] for one in with_dlt],
            hovertemplate="%{customdata[0]}<br>DLT: %{customdata[1]}, Day %{customdata[2]}<extra></extra>",
        )  # fmt: skip


def _weight(window: Window) -> float:
    """Running windows stand out, finished ones recede."""
    return {"pending": 1.0, "unresolved": 1.0, "evaluable_dlt": 0.75, "evaluable_no_dlt": 0.4}.get(
        window.state.state, 0.35
    )


def _labels(figure, windows, rows, words: Words, palette, cutoff: date) -> None:
    """The patient's number before the bar, the reason behind it."""
    for one in windows:
        y = rows[one.usubjid]
        figure.add_annotation(
            text=escape(one.subjid),
            x=one.infused,
            y=y,
            xanchor="right",
            xshift=-6,
            showarrow=False,
            font={"color": palette.ink},
        )
        loud = one.state.state in ("unresolved", "evaluable_dlt")
        figure.add_annotation(
            text=escape(words.reason(one)), x=one.ends, y=y, xanchor="left", xshift=8, showarrow=False,
            bgcolor=palette.paper, borderpad=1,
            font={"size": 12, "color": palette.alarm if loud else palette.ink if one.state.blocking else palette.quiet},
        )  # fmt: skip


def _lines(figure, cutoff: datetime, today: date, words: Words, palette) -> None:
    """The cut-off decides and is drawn full; today's date only tells how old the picture is."""
    figure.add_vline(x=cutoff, line={"color": palette.ink, "width": 1.5})
    figure.add_vline(
        x=datetime.combine(today, datetime.min.time()), line={"color": palette.quiet, "width": 1, "dash": "dot"}
    )
    for moment, text, side, shift in ((cutoff, words.cutoff, "right", -5), (today, words.today, "left", 5)):
        figure.add_annotation(
            text=text, x=moment, yref="paper", y=0, yanchor="top", yshift=-6, xanchor=side, xshift=shift,
            showarrow=False,
            font={"size": 12, "color": palette.ink if side == "right" else palette.quiet},
        )  # fmt: skip
