"""The stack of a patient: what is drawn of whom over the one axis, and what is said instead.

Every infusion of the simulated trial is at 10:30: a calendar day d runs from d - 0.4375 to d + 0.5625 on the axis.
"""

import itertools
from dataclasses import replace

import pytest
from reading import text_of
from test_patient_page import asked, axis_of, drawn, of, of_panel
from trial_frames import PROTOCOL

from clinical.course import Course
from dashboard.figures.stack import Stack, shown_days, stack
from dashboard.labels import speaker
from dashboard.pages import patient
from dashboard.theme import CRS, DLT, GRADES
from data.protocol import parse
from data.protocol_base import ProtocolError

EVENING, MORNING = 0.5625, 0.4375


def test_all_panels_stand_over_one_axis_of_days(trial):
    made = drawn(trial)
    assert made.drawn == (
        "periods", "ribbons", "temperature", "pressure", "oxygen", "cytokines", "kinetics", "flow", "neut", "plat",
        "hgb", "liver", "kidney", "coagulation", "target", "interventions", "events",
    )  # fmt: skip
    assert {one.xaxis for one in made.figure.data} == {"x"}
    assert made.figure.layout.xaxis.title.text == "Days since infusion (infusion = Day 0)"
    domains = [axis_of(made, one).domain for one in made.drawn]
    assert all(upper[0] > lower[1] for upper, lower in itertools.pairwise(domains))
    assert domains[0][1] == 1 and domains[-1][0] >= 0
    assert len(made.figure.to_json()) < 150_000


def test_the_crs_of_201_is_five_steps_with_the_fourth_hatched(trial):
    """Scenario: 2 on Day 3, 3 on Day 6, 4 on Day 9 (DLT), 2 on Day 12, 1 on Day 14, over on Day 16."""
    made = drawn(trial)
    bars, hatched, *_ = of_panel(made, "ribbons")
    starts = [3, 6, 9, 12, 14]
    assert list(bars.base) == [pytest.approx(one - MORNING, abs=1e-3) for one in starts]
    ends = [base + length for base, length in zip(bars.base, bars.x, strict=True)]
    assert ends == [pytest.approx(one, abs=1e-3) for one in (5.5625, 8.5625, 11.5625, 13.5625, 16.5625)]
    assert list(bars.text) == ["2", "3", "4", "2", "1"]
    assert list(bars.marker.color) == [CRS[grade] for grade in (2, 3, 4, 2, 1)]
    assert (hatched.base[0], hatched.marker.line.color) == (pytest.approx(9 - MORNING, abs=1e-3), DLT)
    assert hatched.marker.pattern.shape == "/"
    first, _, third, *_ = ("\n".join(told) for told in bars.customdata)
    assert "ASTCT 2019" in first and "DLT" in third and "DLT" not in first


def ribbon(made: Stack, label: str) -> list[tuple[str, float, float]]:
    """The bars of one row of the ribbons: digit, from, to."""
    row = list(axis_of(made, "ribbons").ticktext).index(label)
    traces = [one for one in of_panel(made, "ribbons") if one.type == "bar" and set(one.y) == {row}]
    found = [(base, text, base + x) for one in traces for text, base, x in zip(one.text, one.base, one.x, strict=True)]
    return [(text, start, end) for start, text, end in sorted(found)]


def test_the_derived_crs_of_201_stands_under_the_reported_one_with_its_scale(trial):
    """The bedside follows the scenario: 2 from Day 3, 3 from 6, 4 from 9 (BiPAP), 2 from 12, 1 on Day 14, the last day
    in hospital. Vital signs at 08:00, 14:00 and 20:00: 2 h 30 min before the hour of the infusion, 0.104 d."""
    made = drawn(trial)
    assert list(axis_of(made, "ribbons").ticktext) == [
        f"{name} {how}, ASTCT 2019" for name in ("CRS", "ICANS") for how in ("reported", "derived")
    ]
    graded = [one for one in ribbon(made, "CRS derived, ASTCT 2019") if one[0]]
    assert [text for text, *_ in graded] == ["2", "3", "4", "2", "1"]
    begun = [start for _, start, _ in graded]
    assert begun == [pytest.approx(day - 2.5 / 24, abs=1e-3) for day in (3, 6, 9, 12, 14)]
    # after the evening of Day 14 the next look is the visit of Day 21: nothing stands between
    assert graded[-1][2] == pytest.approx(14 + 9.5 / 24 + 0.5, abs=1e-3)


def test_ice_not_done_is_a_pale_range_and_never_grade_0(trial):
    """201 had no ICE on Days 9 and 10 (sedated)."""
    made = drawn(trial)
    pale = next(one for one in of_panel(made, "ribbons") if one.name == "?")
    assert pale.marker.opacity < 0.5 and list(pale.text) == ["0–4"]
    assert pale.base[0] == pytest.approx(9 - 2 / 24, abs=1e-3)  # 08:30
    told = "\n".join(pale.customdata[0])
    assert "ICE not done" in told and "ASTCT 2019" in told


def test_who_was_not_looked_at_has_an_empty_ribbon_that_says_so(trial):
    found = of(trial, "201")
    unseen = found.measured[~found.measured["table"].isin(["vital_sign", "ice"])]
    blind = replace(found, measured=unseen)
    made = stack(blind, shown_days(blind, "month", speaker("en"), "light", "en"), "month", stamp="")
    assert ribbon(made, "CRS derived, ASTCT 2019") == []
    said = [one.text for one in made.figure.layout.annotations]
    assert said.count("never assessed after the infusion") == 2


def test_an_event_is_a_row_with_its_grades_and_sae_before_its_name(trial):
    made = drawn(trial)
    axis = axis_of(made, "events")
    # by onset: lymphocytes Day -3, neutrophils -2, fatigue and CRS 3, platelets 6, ALT 10; then fibrinogen, unreported
    names = [one.rpartition("</span> ")[2] for one in axis.ticktext]
    assert [one[:7] for one in names] == ["Lymphoc", "Neutrop", "Fatigue", "Cytokin", "Platele", "Alanine", "FIBRINO"]
    assert ["SAE" in one for one in axis.ticktext] == [False, False, False, True, False, False, False]
    bars = of_panel(made, "events")[0]
    assert [text for text, row in zip(bars.text, bars.y, strict=True) if row == 1] == ["3", "4", "3"]
    assert GRADES[4] in bars.marker.color


def test_what_goes_on_ends_in_an_arrow_at_the_cut_off(trial):
    """303 was cut off at the end of Day 3: CRS 2 from Day 2, without end."""
    made = drawn(trial, "303")
    bars, arrow, *_ = of_panel(made, "ribbons")
    assert (bars.base[0], bars.base[0] + bars.x[0]) == (
        pytest.approx(2 - MORNING, abs=1e-3), pytest.approx(3 + EVENING, abs=1e-3),
    )  # fmt: skip
    assert (arrow.marker.symbol, arrow.x[0]) == ("arrow-right", pytest.approx(3 + EVENING, abs=1e-3))


@pytest.mark.parametrize("period", ["month", "hours", "all"])
@pytest.mark.parametrize("who", ["303", "201", "102"])
def test_nothing_is_drawn_after_the_cut_off(trial, who, period):
    made = drawn(trial, who, period)
    end = of(trial, who).axis.after(of(trial, who).cutoff) + 0.02  # the least a bar is drawn
    for one in made.figure.data:
        lengths = one.x if one.type == "scatter" else [base + x for base, x in zip(one.base, one.x, strict=True)]
        assert max(lengths) <= end


def test_tocilizumab_of_303_is_a_mark_and_a_line_on_day_2_34(trial):
    """18:40 against 10:30: two days and 490 minutes."""
    made = drawn(trial, "303")
    row = list(axis_of(made, "interventions").ticktext).index("Tocilizumab")
    marks = next(one for one in of_panel(made, "interventions") if one.type == "scatter" and one.name is None)
    at = [x for x, y in zip(marks.x, marks.y, strict=True) if y == row]
    assert at == [pytest.approx(2 + 490 / 1440, abs=1e-3)]
    lines = [one.x0 for one in made.figure.layout.shapes if one.type == "line" and one.line.dash == "dot" and one.x0]
    assert pytest.approx(2 + 490 / 1440, abs=1e-3) in lines
    assert any("IL-6 rises after tocilizumab" in (one.text or "") for one in made.figure.layout.annotations)


def test_liver_of_302_is_in_multiples_of_the_upper_limit(trial):
    """ALT_MEASURED, U/L over a limit of 40: grade 3 (> 5 x 40 = 200) on Days 12 to 17, in every sample."""
    made = drawn(trial, "302")
    alt = next(one for one in of_panel(made, "liver") if one.name == "ALT")
    by_day = {round(x + MORNING - 0.25): y for x, y in zip(alt.x, alt.y, strict=True) if x > 7}
    expected = {8: 58, 9: 96, 10: 148, 11: 187, 12: 232, 13: 248, 14: 262, 15: 251, 17: 216}
    assert {day: by_day[day] for day in expected} == {day: pytest.approx(value / 40) for day, value in expected.items()}
    assert [day for day in expected if by_day[day] > 5] == [12, 13, 14, 15, 17]
    levels = {one.y0 for one in made.figure.layout.shapes if one.type == "line" and one.xref == "paper"}
    assert {3, 5} <= levels


def shapes_of(made: Stack, name: str) -> list:
    number = made.drawn.index(name) + 1
    return [one for one in made.figure.layout.shapes if one.yref == ("y" if number == 1 else f"y{number}")]


def title_of(made: Stack, start: str) -> str:
    """The name over a panel, with what stands behind it."""
    return next(one.text for one in made.figure.layout.annotations if (one.text or "").startswith(f"<b>{start}"))


def test_creatinine_is_graded_against_the_baseline_too(trial):
    """CTCAE 5.0: grade 2 above 1.5 x the baseline or the upper limit, the lower of the two; grade 3 is out of reach."""
    found = of(trial, "302")
    rows = found.results("lab", "CREAT").sort_values("first")
    before = rows[rows["last"] < found.who["lymphodepletion"]].iloc[-1]
    base = before["value"] / before["range_high"]
    assert base < 1  # else its limit would be the ULN
    made = drawn(trial, "302")
    assert title_of(made, "Creatinine").endswith(f" · CTCAE 5.0: grade 2 above {1.5 * base:.3g}</b>")
    lowest = min(one.y0 for one in shapes_of(made, "kidney") if one.type == "rect")
    assert lowest == pytest.approx(1.5 * base, rel=1e-5)


def test_without_a_baseline_no_limit_of_liver_or_kidney_is_drawn(trial):
    found = of(trial, "302")
    late = found.measured[(found.measured["table"] != "lab") | (found.measured["rel_day"] >= 0)]
    unknown = replace(found, measured=late)
    made = stack(unknown, shown_days(unknown, "month", speaker("en"), "light", "en"), "month", stamp="")
    for name, title in (("liver", "Liver"), ("kidney", "Creatinine")):
        assert [one.y0 for one in shapes_of(made, name)] == [1]  # the upper limit alone
        assert "CTCAE 5.0 limits not all drawn: no baseline" in title_of(made, title)


def test_liver_lines_name_the_grade_and_the_tests_that_begin_there(trial):
    """302 reaches 6.55 x ULN: grade 3 of bilirubin above 3, of ALT and AST above 5; grade 4 of none in reach."""
    said = [
        one.text
        for one in drawn(trial, "302").figure.layout.annotations
        if (one.text or "").startswith("grade 3 above")
    ]
    assert said == ["grade 3 above: Bilirubin", "grade 3 above: ALT, AST"]


def test_an_envelope_is_drawn_only_where_the_protocol_has_one_with_its_source(trial):
    assert "expected" not in {one.name for one in of_panel(drawn(trial), "neut")}
    days = "days = [0, 14]\nlow = [0, 0.5]\nhigh = [4, 3]\n"
    text = PROTOCOL.text + f'[[envelopes]]\ncode = "NEUT"\nunit = "10^9/L"\n{days}source = "A, p. 1"\n'
    found = replace(of(trial, "201"), protocol=parse(text))
    made = stack(found, shown_days(found, "month", speaker("en"), "light", "en"), "month", stamp="")
    edges = [(list(one.x), list(one.y)) for one in of_panel(made, "neut") if one.name == "expected"]
    assert edges == [([0, 14], [0, 0.5]), ([0, 14], [4, 3])]
    assert "dashed: expected, A, p. 1" in title_of(made, "Neutrophils")
    with pytest.raises(ProtocolError, match="envelope of NEUT: `source`"):
        parse(text.replace("A, p. 1", " "))


def test_pressure_has_the_limit_of_the_protocol(trial):
    made = drawn(trial)
    assert [one.y0 for one in shapes_of(made, "pressure")] == [90]
    assert [one.name for one in of_panel(made, "pressure")] == ["Systolic", "Diastolic"]


def test_the_device_stands_under_the_saturation_as_long_as_it_was_there(trial):
    """SUPPORT of 201: cannula Days 3 to 5, high flow 6 to 8, BiPAP 9 to 11, cannula 12 and 13."""
    devices = next(one for one in of_panel(drawn(trial), "oxygen") if one.type == "bar")
    assert list(devices.base) == [pytest.approx(day - MORNING, abs=1e-3) for day in (3, 6, 9, 12)]
    ends = [base + x for base, x in zip(devices.base, devices.x, strict=True)]
    assert ends == [pytest.approx(day + EVENING, abs=1e-3) for day in (5, 8, 11, 13)]
    assert [one[0] for one in devices.customdata] == [
        "NASAL CANNULA 3 L/min", "HIGH FLOW NASAL CANNULA 40 L/min", "BIPAP", "NASAL CANNULA 3 L/min",
    ]  # fmt: skip


def test_each_site_of_a_temperature_has_its_sign(trial):
    """301 was measured in the ear on Days 8 to 10, three times a day."""
    made = drawn(trial, "301")
    [line] = of_panel(made, "temperature")
    assert list(line.marker.symbol).count("square") == 9
    assert title_of(made, "Temperature") == "<b>Temperature, °C · ● axillary  ■ ear</b>"
    assert title_of(drawn(trial), "Temperature") == "<b>Temperature, °C · axillary</b>"


def test_fibrinogen_has_the_alert_limit_of_the_protocol(trial):
    made = drawn(trial)
    assert [one.y0 for one in shapes_of(made, "coagulation")] == [1.5]
    assert "alert limit of Fibrinogen, 1.5 g/L" in title_of(made, "Coagulation")
    assert {one.name for one in of_panel(made, "coagulation")} == {"Fibrinogen", "D-dimer"}


def test_only_the_assay_of_the_endpoints_is_in_the_panel_of_kinetics(trial):
    """201's pleural effusion of Day 14 (9,400 copies/ug) is another specimen."""
    line, beyond = of_panel(drawn(trial, period="all"), "kinetics")
    assert max(y for y in line.y if y is not None) == 2240  # of blood
    symbols = dict(zip([round(one) for one in beyond.x], beyond.marker.symbol, strict=True))
    # "NOT DETECTED" before the infusion, "DETECTED, <LLOQ" on Day 3 and Month 2: two things
    assert (symbols[-7], symbols[3], symbols[60], symbols[182]) == (
        "circle-open", "circle-open-dot", "circle-open-dot", "circle-open",
    )  # fmt: skip
    assert set(beyond.y) == {50}


def test_each_panel_says_how_far_its_own_data_go(trial):
    notes = [one.text for one in drawn(trial, "302").figure.layout.annotations if one.text]
    said = [one for one in notes if one.startswith("last: Day ")]
    assert len(said) == 12  # the panels of measurements
    assert len(set(said)) > 2  # bedside, laboratory, cells: each its own


def test_bands_of_grade_3_and_4_are_those_of_ctcae_5(trial):
    made = drawn(trial)
    number = made.drawn.index("neut") + 1
    bands = {(one.y0, one.y1): one.fillcolor for one in made.figure.layout.shapes if one.yref == f"y{number}"}
    assert bands == {(0.5, 1.0): GRADES[3], (0, 0.5): GRADES[4]}


def test_the_days_follow_the_period(trial):
    assert drawn(trial).figure.layout.xaxis.range == (-7.5, 28.6)
    hours = drawn(trial, period="hours").figure.layout.xaxis
    assert hours.range[1] == 3.06 and hours.title.text.startswith("Hours since infusion")
    assert dict(zip(hours.tickvals, hours.ticktext, strict=True))[1.5] == "36"
    low, high = drawn(trial, period="all").figure.layout.xaxis.range
    # consent in early April, 48 days before; the cut-off of 21 November is the end of Day 190 (ANCHOR - 1)
    assert low < -47 and high > 182


def test_the_periods_run_from_screening_to_follow_up(trial):
    [bars] = of_panel(drawn(trial, period="all"), "periods")
    names = [told[0] for told in bars.customdata]
    assert names == [
        "Screening", "PBMC collection", "Baseline", "Lymphodepletion", "Rest evaluation", "Infusion",
        "In-hospital observation", "Follow-up",
    ]  # fmt: skip


def test_what_is_not_there_is_said_and_not_drawn(trial):
    """102 had no CRS and no ICANS reported: that is not grade 0, and the row says so."""
    made = drawn(trial, "102")
    assert ribbon(made, "CRS derived, ASTCT 2019") and not ribbon(made, "CRS reported, ASTCT 2019")
    assert [one.text for one in made.figure.layout.annotations].count("none reported") == 2
    said = text_of(patient.stacked(asked(trial, "102"), of(trial, "102"))["notes"])
    assert "Events outside the days shown: 2." in said  # cough of Day -42, arthralgia of Day 150


def test_a_partial_date_is_pale_over_what_it_can_mean(trial):
    """102's arthralgia: the month of Day 150, over on Day 175."""
    made = drawn(trial, "102", "all")
    vague = next(one for one in of_panel(made, "events") if one.name == "?")
    assert vague.marker.opacity < 0.5 and vague.base[0] < 150 and list(vague.text) == ["?"]


def test_what_people_typed_is_shown_and_not_run(trial):
    found = of(trial, "201")
    events = found.events.assign(aedecod="<a href='javascript:1'>x</a>")
    hostile = Course(found.who, found.measured, found.given, events, found.visits, found.protocol, found.cutoff)
    shown = shown_days(hostile, "month", speaker("en"), "light", "en")
    made = stack(hostile, shown, "month", stamp="")
    written = [*axis_of(made, "events").ticktext, *(text for one in made.figure.data for text in one.text or ())]
    assert any("&lt;a href" in one for one in written) and not any("<a" in one for one in written)
