"""The dose group behind the lines of the stack, in the trial of the simulator."""

import math
from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest
from dash import html
from reading import of_kind, text_of
from test_patient_page import asked, of, of_panel

from clinical.ghost import ghost
from dashboard import exposures
from dashboard.courses import others
from dashboard.figures.panels import Shown
from dashboard.figures.stack import PAPER, Stack, shown_days, stack
from dashboard.figures.stack_ghost import behind, told, words_between
from dashboard.labels import speaker
from dashboard.pages import patient
from dashboard.theme import LEVELS
from dashboard.view import View
from pk.exclusions import Exclusion, sample_key
from queries.measurements import measurements
from queries.subjects import subjects

SHOWN = Shown(-7.5, 28.6, speaker("en"), "light", "en")


def drawn(trial, who: str, period="month", **more) -> Stack:
    found = of(trial, who)
    shown = shown_days(found, period, speaker("en"), "light", "en")
    return stack(found, shown, period, stamp="", others=others(trial.serving().cut, found), **more)


def of_group(made: Stack, panel: str) -> list:
    return [one for one in of_panel(made, panel) if one.name == "dose group"]


def said(made: Stack) -> list[str]:
    return [one.text for one in made.figure.layout.annotations if "of the dose group" in (one.text or "")]


def copies(trial, visitnum: int) -> pd.DataFrame:
    """Of the visit by its number, which the band does not read."""
    rows = measurements(trial.serving().cut, ("kinetics",))
    blood = rows["specimen"].str.upper() == "PERIPHERAL BLOOD"
    return rows[(rows["code"] == "CARCOPY") & blood & (rows["cohort"] == "DL2") & (rows["visitnum"] == visitnum)]


def test_the_band_of_201_is_the_range_of_the_other_six_on_the_planned_days(trial):
    made = drawn(trial, "201")
    band = next(one for one in of_group(made, "kinetics") if one.fill == "toself")
    size = (len(band.x) - 1) // 2
    days, high, low = band.x[:size], band.y[:size], band.y[size : 2 * size][::-1]
    assert days == band.x[size : 2 * size][::-1] and days[0] == -6
    for day, visitnum in ((14, 11), (21, 12)):
        rest = copies(trial, visitnum).query("usubjid != 'XKDCT293-01-201'")["value"].clip(lower=50)
        assert len(rest) >= 3
        assert (low[days.index(day)], high[days.index(day)]) == (rest.min(), rest.max())
    assert low[days.index(1)] == high[days.index(1)] == 50  # nobody has cells to count yet: at the LLOQ, never 0
    assert band.fillcolor.startswith("rgba(123,78,163,") and LEVELS[1] == "#7B4EA3"


def test_how_many_there_are_is_said_in_both_panels(trial):
    cut = trial.serving().cut
    size = (subjects(cut)["cohort"] == "DL2").sum()
    first, second = said(drawn(trial, "201"))
    assert first.startswith("band: ") and second.startswith("band: ")
    assert max(int(one) for one in first.split()[1].split("–")) <= size - 1


def test_two_others_are_thin_lines_without_a_fill(trial):
    made = drawn(trial, "302")
    assert said(made) == ["thin lines: 2 others of the dose group"] * 2
    assert {one.fill for panel in ("cytokines", "kinetics") for one in of_group(made, panel)} == {None}


def test_nothing_of_the_group_is_read_or_opened(trial):
    found = of(trial, "302")
    shown = shown_days(found, "month", speaker("en"), "light", "en")
    alone = stack(found, shown, "month", stamp="")
    made = drawn(trial, "302")
    assert made.reads == alone.reads
    for one in (each for panel in ("cytokines", "kinetics") for each in of_group(made, panel)):
        assert (one.hoverinfo, one.customdata, one.meta) == ("skip", None, None)


def test_no_value_stands_behind_the_words(trial):
    """15 px at the top of 112 are theirs."""
    made = drawn(trial, "302")
    number = made.drawn.index("kinetics") + 1
    low, high = made.figure.layout[f"yaxis{number}"].range
    inside = [y for one in of_panel(made, "kinetics") for x, y in zip(one.x, one.y, strict=True) if y and x <= 28.6]
    assert max(inside) <= 10 ** (high - (high - low) * 15 / 112)


def test_the_sheet_has_it_too_and_its_low_panels_keep_their_height_for_the_values(trial):
    found = of(trial, "201")
    low = replace(shown_days(found, "month", speaker("en"), "light", "en"), scale=0.3)
    made = stack(found, low, "month", stamp="", room=PAPER, others=others(trial.serving().cut, found))
    notes = [one for one in made.figure.layout.annotations if "of the dose group" in (one.text or "")]
    assert [one.bgcolor for one in notes] == [None, None]
    assert [(one.xanchor, one.yanchor) for one in notes] == [("left", "top"), ("left", "top")]
    high = made.figure.layout[f"yaxis{made.drawn.index('kinetics') + 1}"].range[1]
    inside = [y for one in of_panel(made, "kinetics") for x, y in zip(one.x, one.y, strict=True) if y and x <= 28.6]
    assert notes[1].y == high == pytest.approx(math.log10(max(inside)) + 0.12)  # as much as without words
    alone = stack(found, low, "month", stamp="", room=PAPER)
    assert made.height == alone.height


def test_a_patient_without_a_cohort_has_nobody_beside_him(trial):
    found = of(trial, "201")
    blind = replace(found, who=found.who.where(found.who.index != "cohort", None))
    assert others(trial.serving().cut, blind) == {}
    assert told([], SHOWN) == ""


def test_an_excluded_sample_is_in_no_band(trial, monkeypatch):
    cut, found = trial.serving().cut, of(trial, "201")
    row = copies(trial, 11).query("usubjid == 'XKDCT293-01-202'").iloc[0]
    key = sample_key("kinetics", row["specimen"], row["dtc"])
    word = Exclusion(1, row["usubjid"], key, "", "clot", "A", True, datetime(2026, 1, 1), cut.id, cut.cutoff)
    monkeypatch.setattr(exposures, "excluded", lambda cut, head: (word,) if head == "said" else ())

    def n_of(head: str, code: str) -> list[int]:
        return [
            n
            for band in others(cut, found, head)[code].bands
            for day, n in zip(band.days, band.n, strict=True)
            if day == 14
        ]

    assert n_of("said", "CARCOPY") == [n_of("", "CARCOPY")[0] - 1]
    assert n_of("said", "IL6") == n_of("", "IL6")


def test_a_zero_without_a_limit_stands_at_the_lower_edge():
    curves = {who: ((0, 0.0), (7, value)) for who, value in (("A", 5.0), ("B", 6.0), ("C", 7.0))}
    (band,) = behind(ghost(curves), SHOWN, "#7B4EA3", "#7B4EA3", floor=0.5)
    assert band["x"] == [0, 7, 7, 0, 0] and band["y"] == [0.5, 7.0, 5.0, 0.5, 0.5]
    (lines,) = behind(ghost({"A": curves["A"]}), SHOWN, "#7B4EA3", "#7B4EA3", floor=0.5)
    assert lines["x"] == [0, 7, None] and lines["y"] == [0.5, 5.0, None]


@pytest.mark.parametrize(("n", "lang", "words_of"), [(1, "en", "1 other of"), (2, "zh", "其他 2 例")])
def test_lines_are_counted_by_people(n, lang, words_of):
    shown = Shown(-7.5, 28.6, speaker(lang), "light", lang)
    found = [ghost(dict.fromkeys("AB"[:n], ((0, 1.0), (7, 2.0))))] * 2  # the same people in two analytes
    assert words_of in told(found, shown)


def test_the_words_stand_where_the_fewest_curves_pass():
    """38 letters are 243 of 660 px, a third of the width: the left corners are Day 0 to 11, the right ones 19 to 30."""
    shown, said = Shown(0.0, 30.0, speaker("en"), "light", "en"), "thin lines: 2 others of the dose group"
    high_then_low = [(0.0, 2.9), (14.0, 2.8), (20.0, 0.1), (30.0, 0.2)]
    over_the_whole = [(0.0, 0.2), (30.0, 0.2)]

    def corner(*curves, names=()) -> tuple:
        (note,) = words_between(said, shown, (0.0, 3.0), 0.5, curves, names)
        return note["xanchor"], note["yanchor"], note["x"], note["y"]

    assert corner() == ("left", "top", 0, 3.0)
    assert corner(high_then_low) == ("left", "bottom", 0, 0.0)
    assert corner(high_then_low, over_the_whole) == ("right", "top", 1, 3.0)
    assert corner(high_then_low, names=[[(25.0, 2.9), (29.0, 2.9)]]) == ("left", "bottom", 0, 0.0)
    everywhere = [[(0.0, 2.9), (30.0, 2.9)], over_the_whole]
    assert corner(*everywhere, names=[[(0.0, 2.8), (9.0, 2.8)]]) == ("left", "bottom", 0, 0.0)  # rather on a curve
    assert list(words_between("", shown, (0.0, 3.0), 0.5, ())) == []


# ---- the page --------------------------------------------------------------------------------------------------------
def test_the_reader_puts_it_away_and_back_among_the_panels(trial):
    for group, ticked in (("shown", "true"), ("hidden", "false")):
        view = asked(trial, "302", group=group)
        made = patient.stacked(view, of(trial, "302"))
        menu = next(
            one
            for one in patient.stack_choices(view.view, drawn(trial, "302"), view.say, others=True)
            if isinstance(one, html.Details)
        )
        tick = next(one for one in of_kind(menu, "A") if text_of(one) == "Others of the dose group")
        assert getattr(tick, "aria-checked") == ticked
        assert View.parse(*tick.href.split("?") if "?" in tick.href else (tick.href, "")).group != group
        assert ("of the dose group" in str(made["figure"].layout)) == (group == "shown")


def test_nobody_beside_means_no_such_choice(trial):
    view = asked(trial, "302")
    choices = patient.stack_choices(view.view, drawn(trial, "302"), view.say, others=False)
    assert "Others of the dose group" not in text_of(choices)
