"""Dose proportionality of the simulated trial: who is in the model, and the slope by another way."""

from math import exp, log

import numpy as np
import pytest

from dashboard import proportionality_card as card
from dashboard.exposures import exposures_of
from dashboard.session import Asked
from dashboard.view import View
from queries.subjects import subjects
from tests.reading import text_of


def ask(trial, **choices) -> Asked:
    return Asked(View(page="kinetics", **choices), trial.serving().cut)


def short(usubjids) -> list[str]:
    return [one[-3:] for one in usubjids]


def test_who_is_in_it(trial):
    """203 was never quantifiable; 303 is not yet; the area of 302, seen to Day 17, is not complete."""
    cmax, area = card.exposures(ask(trial))
    assert dict(zip(short(cmax.model.excluded), cmax.model.why_excluded, strict=True)) == {
        "203": "zero",
        "303": "no_exposure",
    }
    assert short(area.model.excluded) == ["203", "302", "303"]
    assert (cmax.model.n_used, area.model.n_used) == (11, 10)


def test_the_slope_is_that_of_a_straight_line_through_the_logarithms(trial):
    cut = trial.serving().cut
    dose = subjects(cut).set_index("usubjid")["dose"]
    peaks = exposures_of(cut).query("parameter == 'CMAX' and state == 'complete'").set_index("subject")["value"]
    x, y = np.log(dose[peaks.index].to_numpy(float)), np.log(peaks.to_numpy(float))
    slope, intercept = np.polyfit(x, y, 1)
    found = card.exposures(ask(trial))[0].model
    assert found.slope == pytest.approx(slope) and found.intercept == pytest.approx(intercept)
    ratio = 10_000_000 / 970_000  # 301 over 102, which got 97 % of the lowest dose
    assert found.theta_upper == pytest.approx(1 + log(2) / log(ratio))
    line = found.line()
    assert line["exposure"].iloc[0] == pytest.approx(exp(intercept) * 970_000**slope)


def test_the_card_says_it_in_both_languages(trial):
    said = text_of(card.sentences(ask(trial)))
    assert (
        "AUC0–28d" in said
        and " 203  (exposure 0, which has no logarithm: never quantifiable);  302  (AUC0–28d inc" in said
    )
    assert "斜率的 90 % 区间" in text_of(card.sentences(ask(trial, lang="zh")))


def test_the_figure_shows_every_patient_in_it_and_no_other(trial):
    asked = ask(trial, cohort="DL1")  # one dose alone has no slope: everyone infused is in it whatever is chosen
    one = card.exposures(asked)[1]
    figure = card.figure(asked, one)
    dots = figure.data[0]
    assert sorted(dots.text) == ["101", "102", "103", "201", "202", "204", "205", "206", "207", "301"]
    assert [trace.mode for trace in figure.data] == ["markers+text", "lines", "lines", "lines"]
    straight = next(trace for trace in figure.data if trace.line.dash == "dash")
    assert straight.y[1] / straight.y[0] == pytest.approx(straight.x[1] / straight.x[0])  # slope 1
    notes = " ".join(note.text for note in figure.layout.annotations)
    assert "Exploratory, n = 10" in notes and "95 % CI" in notes and "filters: all infused" in notes
    assert f"Slope {one.model.slope:.2f}" in notes
