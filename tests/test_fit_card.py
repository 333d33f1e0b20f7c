"""The model on the screen: a fit that was made by hand, what it says, and the process in which one is made."""

import math

import numpy as np
import pandas as pd
import pytest

from dashboard import fit_card, fit_words
from dashboard.fitting import apart
from dashboard.jobs import Jobs
from dashboard.kinetic_curves import words
from dashboard.labels import speaker
from dashboard.pages import kinetics
from dashboard.session import Asked
from dashboard.view import View
from pk.fits import PopulationFit
from pk.reasons import Reason, said
from pk.stein import to_phi
from tests.reading import text_of

NAMES = ("foldx", "tmax", "cmax", "alpha", "fb", "beta", "doubling_time", "auc0_28", "auc0_90")
A, B = "XKDCT293-01-101", "XKDCT293-01-203"


def ask(trial, **choices) -> Asked:
    return Asked(View(page="kinetics", model="stein", **choices), trial.serving().cut)


@pytest.fixture
def fit() -> PopulationFit:
    """101: Cmax 1000 on Day 10, its beta not given; 203 without a curve. Both draws of 101 are one curve."""
    why = {A: (Reason("of_population", {"names": "fb, beta"}),), B: (Reason("all_blq"),)}
    value = dict(zip(NAMES, (3000.0, 10.0, 1000.0, 0.2, math.nan, math.nan, 0.8, 9000.0, 9500.0), strict=True))
    row = value | {f"{name}_low": 0.5 * (value[name] or 1) for name in NAMES}
    row |= {f"{name}_high": 2 * value[name] for name in NAMES}
    individual = pd.DataFrame([{"subject": A} | row, {"subject": B} | dict.fromkeys(row, math.nan)])
    typical = pd.DataFrame({"parameter": NAMES, "value": [value[name] for name in NAMES]})
    typical = typical.assign(low=0.0123, high=12.3, between=0.5, between_low=0.4, between_high=0.6)
    typical["reason"] = ["" if value[name] == value[name] else "beta not given: wide" for name in NAMES]
    return PopulationFit(
        individual=individual.assign(reason=[said(why[A]), said(why[B])]), population=typical, residual_sd=0.3,
        residual_interval=(0.2, 0.4), log_likelihood=0.0, converged=True, used=(A,), reasons=(), why=why,
        draws=np.array([[to_phi(3000.0, 10.0, 1000.0, 0.2, 0.01, 0.003)] * 2]),
    )  # fmt: skip


def test_the_tables_give_what_is_told_and_the_reason_for_what_is_not(trial, fit):
    typical = text_of(fit_card.typical_table(ask(trial), fit))
    assert "Cmax, copies/µg 1,000 0.0123 – 12.3 0.5 0.4 – 0.6" in typical
    assert (
        "β, second fall, 1/d – 0.0123 – 12.3 0.5 0.4 – 0.6 not given: the interval spans more than tenfold" in typical
    )
    assert "Residual SD of ln C 0.3 0.2 – 0.4" in typical
    people = kinetics.people(ask(trial))
    each = text_of(fit_card.each_table(ask(trial), fit, people))
    assert "101 10 5 – 20 1,000 500 – 2,000" in each and "FB, β not given: the samples say little" in each
    assert "203 – – – – – – never quantifiable after Day 0" in each
    chinese = text_of(fit_card.each_table(ask(trial, lang="zh"), fit, people))
    assert "FB, β 不给出：本例样本提供的信息几乎不超出其他患者" in chinese and "第 0 天后从未可定量" in chinese


def test_the_curve_lies_over_the_samples(trial, fit):
    asked = ask(trial, subject=A)
    figure = fit_card.fitted_figure(asked, fit, kinetics.people(asked))
    [curve] = [one for one in figure.data if one.mode == "lines" and one.line.width == 2.2]
    peak = np.nanargmax(np.array(curve.y, float))
    assert (curve.x[peak], curve.y[peak]) == (10, 1000)
    after = curve.y[list(curve.x).index(20)]  # 1000 (0.99 exp(-2) + 0.01 exp(-0.03)) = 133.98 + 9.70
    assert after == pytest.approx(143.7, abs=0.05)
    [band] = [one for one in figure.data if one.fill == "toself"]
    assert max(band.x) == 28
    assert sum(len(one.x) for one in figure.data if one.mode == "markers") > 5
    assert 10 ** figure.layout.yaxis.range[1] > 1000


def test_only_those_with_a_curve_have_a_panel(trial, fit):
    asked = ask(trial)
    figure = fit_card.fitted_figure(asked, fit, kinetics.people(asked))
    assert [one for one in figure.layout if one.startswith("xaxis")] == ["xaxis"]
    assert words(asked, [A]).stamp in [note.text for note in figure.layout.annotations]


def test_nothing_is_fitted_that_nobody_asked_for(client, trial):
    jobs = client.application.config["JOBS"] = Jobs()
    with client.application.test_request_context("/"):
        asked = Asked(View(page="kinetics"), trial.serving().cut)
        shown, over = fit_card.fit_card(asked, kinetics.people)
    assert over and not jobs._jobs and "Not fitted" in text_of(shown)


def test_how_far_it_is_is_said_in_its_own_words():
    assert fit_words.job_words(speaker("en"))("job.running", done=1, of=4) == "Fitting: step 1 of 4 is done."
    assert fit_words.job_words(speaker("zh"))("job.begun") == "正在拟合……"


def test_a_fit_is_made_in_a_process_beside():
    """One subject is no population: it says so, and the steps came through."""
    time = [1.0, 4, 7, 10, 14, 21, 28]
    conc = [0.0, 80, 900, 5000, 2500, 600, 150]
    samples = pd.DataFrame(
        {"subject": "x", "time": time, "conc": conc, "lloq": 50.0, "blq": [one == 0 for one in conc]}
    )
    steps = []
    found = apart(samples, lambda done, of: steps.append((done, of)))
    assert [one.code for one in found.reasons] == ["few_subjects"] and steps == [(0, 4), (1, 4)]
    assert found.individual["tmax"].between(7, 14).item()


def test_what_cannot_be_fitted_is_told_by_name():
    samples = pd.DataFrame({"subject": "x", "time": [1.0, 1.0], "conc": 60.0, "lloq": 50.0, "blq": False})
    with pytest.raises(ValueError, match="time"):
        apart(samples, lambda done, of: None)
