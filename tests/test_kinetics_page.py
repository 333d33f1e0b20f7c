"""Kinetics of the simulated trial: states worked by hand from the scenario, numbers recomputed from the files."""

import csv
import io
import itertools
import math

import pandas as pd
import pyreadstat
import pytest
from reading import text_of

from dashboard import kinetic_curves
from dashboard.exposures import exposures_of, series
from dashboard.figures.curves import Panel, Person, curves
from dashboard.figures.samples import Samples
from dashboard.kinetic_table import rows
from dashboard.pages import kinetics
from dashboard.patient_rows import Row
from dashboard.session import Asked
from dashboard.view import View

DL2 = ("201", "202", "203", "204", "205", "206", "207")


def ask(trial, **choices) -> Asked:
    return Asked(View(page="kinetics", **choices), trial.serving().cut)


@pytest.fixture(scope="module")
def found(trial) -> pd.DataFrame:
    """Exposures by subject number, parameter and end (0 where it has none)."""
    rows = exposures_of(trial.serving().cut)
    rows = rows.assign(subjid=rows["subject"].str[-3:], end=rows["end"].fillna(0).astype(int))
    return rows.set_index(["subjid", "parameter", "end"])


# ---- states, by hand from data/simulate/scenario.py (KEPT: the days of the visits; sampled from Day 0 to Month 9) ----
DONE = ("complete", "")
STATES = {
    # peaks: everyone was sampled past Day 14 and lower after it; 302's last sample is that of Day 14, 303's of Day 3;
    # 203 (Cmax 24 of the model, a limit of 50) never rises above the limit
    ("CMAX", 0): {"203": ("never quantifiable", ""), "303": ("provisional", "none so far")},
    # 302 was infused 17 days before the cut-off: Day 25, the first day in the window of Day 28, has not come
    ("AUCINT", 28): {
        "203": ("never quantifiable", ""),
        "302": ("incomplete", "too early"),
        "303": ("provisional", "none so far"),
    },
    # Day 83 is the first in the window of Month 3. 207: Month 2 on Day 61, followed to Day 75; 301 to Day 40
    ("AUCINT", 90): {
        "203": ("never quantifiable", ""),
        "207": ("incomplete", "too early"),
        "301": ("incomplete", "too early"),
        "302": ("incomplete", "too early"),
        "303": ("provisional", "none so far"),
    },
    # the cells are there at the last sample: 301 on Day 29, 302 on Day 14
    ("TLST", 0): {
        "203": ("never quantifiable", ""),
        "301": ("provisional", "still there"),
        "302": ("provisional", "still there"),
        "303": ("provisional", "none so far"),
    },
}


@pytest.mark.parametrize("key", STATES, ids=lambda key: f"{key[0]}{key[1] or ''}")
def test_what_is_final_and_what_is_not(found, key):
    parameter, end = key
    shown = {who: (row["state"], row["why"]) for who, row in found.xs((parameter, end), level=(1, 2)).iterrows()}
    assert set(shown) == {"101", "102", "103", *DL2, "301", "302", "303"}
    assert {who: said for who, said in shown.items() if said != DONE} == STATES[key]


def test_the_numbers_are_those_of_the_file_by_another_way(found, trial_files):
    """Peak and areas of everyone, from the rows of pc.xpt by plain loops over segments."""
    rows, _ = pyreadstat.read_xport(str(trial_files[-1] / "pc.xpt"))
    doses, _ = pyreadstat.read_xport(str(trial_files[-1] / "ex.xpt"))
    day0 = {row.USUBJID: pd.Timestamp(row.EXSTDTC) for row in doses.itertuples() if row.EXTRT == "XKDCT293"}
    rows = rows[(rows["PCTESTCD"] == "CARCOPY") & (rows["PCSPEC"] == "PERIPHERAL BLOOD") & (rows["PCSTAT"] == "")]
    checked = 0
    for who, own in rows.groupby("USUBJID"):
        days = [(pd.Timestamp(one) - day0[who]).total_seconds() / 86400 for one in own["PCDTC"]]
        curve = sorted((max(day, 0), 0.0 if math.isnan(one) else one) for day, one in zip(days, own["PCSTRESN"], strict=True) if day > -1)  # fmt: skip  # noqa: E501
        top = max(conc for _, conc in curve)
        if top == 0:
            continue
        assert found.loc[(who[-3:], "CMAX", 0), "value"] == top
        first, last = (pick(day for day, conc in curve if conc) for pick in (min, max))
        curve = [(day, conc) for day, conc in curve if (conc or day < first) and day <= last]
        for end in (28, 90):
            assert found.loc[(who[-3:], "AUCINT", end), "value"] == pytest.approx(area(curve, end), rel=1e-9)
        checked += 1
    assert checked == 11  # 13 treated, 203 and 303 have nothing quantifiable


def area(curve: list[tuple[float, float]], end: float) -> float:
    total = 0.0
    for (t1, c1), (t2, c2) in itertools.pairwise(curve):
        if t1 >= end:
            break
        falls = 0 < c2 < c1
        if t2 > end:
            share = (end - t1) / (t2 - t1)
            c2 = c1 * (c2 / c1) ** share if falls else c1 + share * (c2 - c1)
            t2 = end
        total += (t2 - t1) * ((c1 - c2) / math.log(c1 / c2) if falls else (c1 + c2) / 2)
    return total


def test_a_pleural_effusion_is_a_series_of_its_own(trial, found):
    """201 has 9400 copies/ug in an effusion on Day 14, more than any number in its blood."""
    rows = series(trial.serving().cut)
    [elsewhere] = rows[rows["specimen"] == "PLEURAL EFFUSION"].itertuples()
    assert (elsewhere.conc, elsewhere.rel_day, elsewhere.endpoint) == (9400, 14, False)
    assert found.loc[("201", "CMAX", 0), "value"] < 9400
    assert "9,400 copies/µg in PLEURAL EFFUSION on Day 14" in text_of(kinetics.answer(ask(trial))["aside"])


def test_what_the_laboratory_wrote_below_the_limit_is_kept_apart(trial):
    rows = series(trial.serving().cut)
    own = rows[rows["endpoint"]]
    assert set(own["signal"]) == {"quantified", "detected", "not_detected", "no_result"}
    [lost] = own[own["signal"] == "no_result"].itertuples()
    assert (lost.usubjid[-3:], lost.rel_day, lost.why, lost.blq) == ("207", 14, "INSUFFICIENT DNA", False)
    below = own[own["blq"]]
    assert below["conc"].isna().all() and (below["limit"] == 50).all()


# ---- the screen ------------------------------------------------------------------------------------------------------
def test_the_groups_count_everyone(trial):
    """Level 2: seven infused, 203 never quantifiable; to Day 90 207 is not final either. Level 3: too few."""
    shown = text_of(kinetics.answer(ask(trial))["groups"])
    assert "n 6 · never quantifiable 1" in shown
    assert "n 5 · never quantifiable 1 · not final 1" in shown
    assert "(n = 3)" in shown and "(n = 7)" in shown
    rows = {
        text_of(row.children[0]): row
        for row in kinetics.answer(ask(trial))["groups"].children.children[0].children[2].children
    }
    peaks = text_of(rows["Cmax, copies/µg"].children[3])
    assert peaks.startswith("301") and "302" in peaks and "n 2 · not final 1" in peaks


def test_the_summary_names_the_highest_and_who_still_has_cells(trial):
    shown = text_of(kinetics.answer(ask(trial))["summary"])
    assert "quantifiable in 11 of 13 infused patients" in shown
    assert "301  (Day 29),  302  (Day 14)" in shown
    alone = text_of(kinetics.answer(ask(trial, cohort="DL1"))["summary"])
    assert "quantifiable in 3 of 3" in alone and "Nobody's last sample is quantifiable." in alone


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("by", ["group", "patient"])
@pytest.mark.parametrize(("scale", "days"), [("log", "28"), ("linear", "all")])
def test_every_choice_draws(trial, lang, by, scale, days):
    shown = kinetics.answer(ask(trial, lang=lang, by=by, scale=scale, days=days, theme="dark"))
    assert shown["figure"].data and shown["others"].data
    assert shown["figure"].layout.yaxis.type == scale
    panels = [one for one in shown["figure"].layout if one.startswith("xaxis")]
    assert len(panels) == (13 if by == "patient" else 1)


def test_a_point_leads_to_its_patient_and_a_sample_below_the_limit_is_hollow_at_it(trial):
    figure = kinetics.answer(ask(trial, cohort="DL2"))["figure"]
    hollow = [one for one in figure.data if one.marker.symbol in ("circle-open", "circle-open-dot")]
    assert hollow and {y for one in hollow for y in one.y} == {50}
    where = {point[0] for one in figure.data if one.customdata is not None for point in one.customdata}
    assert where == {f"/patient/XKDCT293-01-{who}?cohort=DL2" for who in DL2}


def test_flow_and_copies_never_share_an_axis(trial):
    figure = kinetics.answer(ask(trial))["others"]
    titles = [note.text for note in figure.layout.annotations[:]]
    for title in ("CAR copies by volume, copies/µL", "CAR+ T cells, cells/µL", "CAR+ of T cells, %"):
        assert title in titles
    assert len([one for one in figure.layout if one.startswith("yaxis")]) == 3


def test_the_reader_s_axes_are_kept(trial):
    figure = kinetics.answer(ask(trial, cohort="DL1", zoom="kinetics-curves.xaxis_5_12.5"))["figure"]
    assert figure.layout.xaxis.range == (5, 12.5)


def test_the_chosen_patient_stands_out(trial):
    chosen = kinetics.answer(ask(trial, subject="XKDCT293-01-204"))["figure"]
    widths = [one.line.width for one in chosen.data if one.mode == "lines" and one.opacity == 1]
    assert widths == [3]


def test_what_the_chosen_patient_s_numbers_rest_on_is_drawn(trial, found):
    """206 is quantifiable to Day 60, three samples after Tmax: an area to Tlast and a terminal line."""
    figure = kinetics.answer(ask(trial, subject="XKDCT293-01-206", days="90"))["figure"]
    [area] = [one for one in figure.data if one.fill == "toself"]
    assert area.x[0] == 0 and max(area.x) == pytest.approx(found.loc[("206", "TLST", 0), "value"])
    [points] = [one for one in figure.data if one.marker.symbol == "square-open"]
    assert len(points.x) == 3 and [round(day) for day in points.x] == [14, 29, 60]
    [line] = [one for one in figure.data if one.line.dash == "dash"]
    assert (line.x[0], line.x[1]) == (points.x[0], points.x[-1])
    notes = " ".join(note.text for note in figure.layout.annotations)
    assert "206: AUC0–90d" in notes and "λz: half-life" in notes and "3 points" in notes
    few = kinetics.answer(ask(trial, subject="XKDCT293-01-102"))["figure"]  # one sample after Tmax
    assert "λz not estimable: one point after Tmax" in " ".join(note.text for note in few.layout.annotations)
    assert not [one for one in few.data if one.marker.symbol == "square-open"]


def test_nominal_time_is_the_schedule_s(trial):
    """Every simulated sample belongs to a visit of the schedule; the baseline is planned before lymphodepletion."""
    shown = kinetics.answer(ask(trial, clock="planned", days="all", subject="XKDCT293-01-201"))
    drawn = {day for one in shown["figure"].data for day in one.x if day is not None}
    assert {0, 1, 3, 7, 10, 14, 21, 28} <= drawn and all(float(day).is_integer() for day in drawn)
    assert not [one for one in shown["figure"].data if one.fill]  # areas rest on actual times
    assert "Every parameter rests on actual times." in text_of(shown["aside"])
    assert "Nominal days since infusion (infusion = Day 0)" in [one.text for one in shown["figure"].layout.annotations]


def test_copies_by_volume_where_the_yield_is_known(trial):
    """data/simulate/biology.py, DNA_YIELD_KNOWN: 301 to 303, of whom 303 is never above the limit."""
    shown = kinetics.answer(ask(trial, per="volume"))
    where = {point[0] for one in shown["figure"].data if one.customdata is not None for point in one.customdata}
    assert {one.partition("?")[0][-3:] for one in where} == {"301", "302", "303"}
    assert "Known in 3 of 13 patients" in text_of(shown["aside"])
    alone = kinetics.answer(ask(trial, cohort="DL1"))
    assert "not known, no file gives the DNA yield" in text_of(alone["aside"])


def test_names_that_people_typed_are_shown_and_not_run(trial):
    rows = series(trial.serving().cut)
    person = Person("<b>1</b>", "#000000", "DL1", "/patient/x")
    words = kinetic_curves.words(ask(trial), ["x"])
    panel = Panel("t", Samples.of(rows[rows["endpoint"]].assign(usubjid="x").head(9)))
    figure = curves([panel], {"x": person}, words, theme="light", scale="log", days="all")
    texts = [point[1] for one in figure.data if one.customdata is not None for point in one.customdata]
    assert texts and all("&lt;b&gt;1&lt;/b&gt;" in one for one in texts)


def rows_of(trial) -> dict[str, Row]:
    asked = ask(trial)
    return {one.subjid: one for one in rows(asked, kinetics.people(asked))}


def test_the_table_has_every_patient_with_numbers_to_sort_by(trial):
    found = rows_of(trial)
    assert len(found) == 13 and found["101"].remarks == ""
    assert isinstance(found["101"].cells["CMAX"].value, float) and found["101"].cells["CMAX"].is_final
    assert found["203"].cells["CMAX"].value is None and found["203"].cells["CMAX"].words == "BLQ"
    assert found["203"].remarks.startswith("Never quantifiable")
    assert found["207"].cells["AUCINT90"].words.endswith("*") and not found["207"].cells["AUCINT90"].is_final
    assert "AUC0–90d incomplete: last sample Day 61, followed to Day 75 so far." in found["207"].remarks


def test_a_row_says_its_number_in_the_units_of_the_head(trial):
    """Days to a tenth, all else with four digits: Cmax of 201 is 2240 copies/ug on the file, its Tmax 9.9 days."""
    cells = rows_of(trial)["201"].cells
    assert (cells["CMAX"].words, cells["TMAX"].words) == ("2,240", "9.9")


def test_half_life_and_doubling_time_stand_beside_with_their_reasons(trial):
    """101 was sampled on Days 0, 1, 3, 7, 10, ...: two quantifiable samples of the rise, Days 7 and 10."""
    shown, found = kinetics.answer(ask(trial)), rows_of(trial)
    doubling, half_life = found["101"].cells["DOUBLING"], found["203"].cells["LAMZHL"]
    assert (doubling.value, doubling.words) == (None, "–")
    assert doubling.why.endswith("rise to Tmax: 2, of 3 needed")
    assert (half_life.words, half_life.why) == ("–", "all BLQ")
    assert all(field in one.cells for one in found.values() for field in ("LAMZHL", "DOUBLING"))
    said = text_of(shown["stamp"])
    assert "Half-life λz, all BLQ:  203 ,  303" in said and "Linear up, logarithmic down." in said
    assert "倍增时间，输注后从未可定量： 203" in text_of(kinetics.answer(ask(trial, lang="zh"))["stamp"])


def test_the_parameters_are_exported_with_their_states(client, trial):
    answer = client.get("/export/kinetics.csv?cohort=DL3")
    stamp, _, head, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert trial.current()[:7] in stamp[0] and "1 × 10⁷ CAR+ T/kg" in stamp[0]
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert {one["subjid"] for one in found} == {"301", "302", "303"} and len(found) == 3 * 7
    [area28] = [one for one in found if one["subjid"] == "302" and one["interval_end_d"] == "28"]
    assert (area28["paramcd"], area28["state"], area28["why"]) == ("AUCINT", "incomplete", "too early")
    assert float(area28["value"]) > 0


def test_a_cohort_that_the_protocol_does_not_name_is_refused_in_words(client):
    assert client.get("/export/kinetics.csv?cohort=DL9").status_code == 400
