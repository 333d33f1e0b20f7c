"""The lane of the target's organs, in the trial of the simulator and in trials that lack what it shows."""

import pandas as pd
import pytest
from test_patient_page import asked, axis_of, drawn, of, of_panel

from clinical.course import Course
from clinical.on_target import ORGANS, above_alert, episodes_of, watched
from dashboard.figures.panels import Shown
from dashboard.figures.readings import at_the_last
from dashboard.figures.stack_target import target
from dashboard.labels import speaker
from dashboard.pages import patient
from dashboard.theme import PALETTES
from data.protocol_safety import OnTarget

MORNING = 0.4375  # d: infused at 10:30, so that a day begins 10.5 h before its number on the axis


def beside(found: Course, **own) -> Course:
    return Course(**{name: getattr(found, name) for name in found.__dataclass_fields__} | own)


def panel_of(found: Course, lang: str = "en"):
    return target(found, Shown(-7.5, 28.6, speaker(lang), "light", lang))


def labels_of(found: Course) -> list[str]:
    return panel_of(found).yaxis["ticktext"]


def without_tests(found: Course, *codes: str) -> pd.DataFrame:
    return found.measured[~found.measured["code"].isin(codes)]


def test_the_rash_of_205_is_a_row_with_its_grades_and_the_area_of_each_visit(trial):
    made = drawn(trial, "205")
    labels = axis_of(made, "target").ticktext
    assert [one.split(" <")[0] for one in labels] == ["Skin", "Eye", "Glucose"]
    # Of the simulator's story: rash grade 1 from Day 8, grade 2 from Day 11; the area is 6 % at grade 1, 18 % at 2.
    bars, marks = of_panel(made, "target")[0], of_panel(made, "target")[1]
    found = [
        (round(base + MORNING), told[0][-1])
        for base, row, told in zip(bars.base, bars.y, bars.customdata, strict=True)
        if row == 0
    ]
    assert found == [(8, "1"), (11, "2")]
    shown = dict(zip([round(one) for one in marks.x], marks.text, strict=True))
    assert (shown[8], shown[13], shown[28]) == ("6", "18", "0")
    dark = target(of(trial, "205"), Shown(-7.5, 28.6, speaker("en"), "dark", "en")).traces[1]
    assert set(dark["textfont"]["color"]) == {"#1B2430", PALETTES["dark"].ink}  # on a pale bar, on the dark paper
    area = next(told for told in marks.customdata if told[0].endswith("18 %"))
    assert area[0] == "Body surface with rash 18 %" and area[2].startswith("Day 13, ") and area[3].startswith("vs.xpt ")


def test_each_row_says_when_it_was_last_examined(trial):
    found = of(trial, "205")
    skin = found.measured[found.measured["code"] == "BSARASH"]
    until = found.measured.drop(skin.index[skin["rel_day"] > 13])
    panel = panel_of(beside(found, measured=until))
    assert "last examined Day 13" in panel.yaxis["ticktext"][0]
    reads = {one.row: one.value for one in at_the_last(panel.traces, found.axis.after(found.cutoff))}
    assert reads["Skin"] == "last examined Day 13"


def test_a_day_knows_of_no_later_examination(trial):
    """Before the second visit that looks at the skin, only the first one is known; before that, none."""
    found = of(trial, "205")
    skin = found.measured[found.measured["code"] == "BSARASH"]
    panel = panel_of(beside(found, events=found.events.iloc[:0]))

    def skin_at(day: float) -> str:
        return next(one.value for one in at_the_last(panel.traces, day) if one.row == "Skin")

    days = sorted(int(one) for one in skin["rel_day"].dropna().unique())
    earliest, second = (skin.loc[skin["rel_day"] == day, "time"].min() for day in days[:2])
    assert skin_at(earliest - 0.01) == "not examined"
    assert skin_at(earliest) == skin_at(second - 0.01) == f"last examined Day {days[0]}"
    assert skin_at(second) == f"last examined Day {days[1]}"


def test_not_examined_is_said_where_the_trial_examines_and_else_nothing(trial):
    found = of(trial, "204")  # whose eyes were well
    measured = without_tests(found, "SCHIRMER")
    eye = next(one for one in labels_of(beside(found, measured=measured)) if one.startswith("Eye <"))
    assert "not examined" in eye
    silent = beside(found, measured=measured, examined=frozenset({"BSARASH", "GLUC"}))
    assert not any(one.startswith("Eye") for one in labels_of(silent))
    assert "none recorded: Eye, Lung, Urinary tract, Neuropathy" in panel_of(silent).title


def test_an_examination_that_was_not_done_is_none(trial):
    found = of(trial, "204")
    not_done = found.measured["not_done"].mask(found.measured["code"] == "SCHIRMER", "NOT DONE")
    eye = next(
        one for one in labels_of(beside(found, measured=found.measured.assign(not_done=not_done))) if "Eye" in one
    )
    assert "not examined" in eye


@pytest.mark.parametrize(
    "value, qualifier, unit, is_above",
    [
        (14.0, None, "mmol/L", True),
        (13.9, None, "mmol/L", False),  # the protocol says above 13.9
        (13.9, ">", "mmol/L", True),
        (20.0, "<", "mmol/L", False),  # somewhere below 20
        (2.0, None, "mmol/L", False),  # a low glucose is another question
        (200.0, None, "mg/dL", False),  # the limit is in another unit
    ],
)
def test_glucose_is_marked_above_the_limit_of_the_protocol(trial, value, qualifier, unit, is_above):
    rows = pd.DataFrame({"value": [value], "qualifier": pd.Series([qualifier], dtype=object), "unit": [unit]})
    assert len(above_alert(of(trial, "205"), rows, "GLUC")) == is_above


def test_a_limit_from_below_marks_nothing_above_it(trial):
    found = of(trial, "205")
    limits = tuple(
        one.model_copy(update={"above": None, "below": 3.9}) if one.code == "GLUC" else one
        for one in found.protocol.alerts
    )
    low = beside(found, protocol=found.protocol.model_copy(update={"alerts": limits}))
    rows = pd.DataFrame({"value": [3.0, 14.0], "qualifier": [None, None], "unit": ["mmol/L"] * 2})
    assert above_alert(low, rows, "GLUC").empty


def test_a_high_glucose_stands_with_its_value(trial):
    found = of(trial, "205")
    glucose = found.measured["code"] == "GLUC"
    highest = found.measured.index[glucose & (found.measured["rel_day"] == 7)][:1]
    measured = found.measured.copy()
    measured.loc[highest, "value"] = 15.2
    panel = panel_of(beside(found, measured=measured), "zh")
    assert [one["text"] for one in panel.traces if one.get("text") == ["15.2"]] == [["15.2"]]


def test_a_blood_in_the_urine_is_of_the_urinary_tract(trial):
    found = of(trial, "205")
    events = found.events.copy()
    events.loc[events.index[:1], "aedecod"] = "Haematuria"
    assert any(one.startswith("Urinary tract") for one in panel_of(beside(found, events=events)).yaxis["ticktext"])


def test_an_organ_that_the_protocol_does_not_follow_is_named(trial):
    found = of(trial, "205")
    assert "not followed" not in panel_of(found).title
    silent = beside(found, protocol=found.protocol.model_copy(update={"on_target": ()}))
    assert "not followed: Urinary tract" in panel_of(silent).title
    events = found.events.copy()
    events.loc[events.index[:1], "aedecod"] = "Haematuria"
    assert not any(one.startswith("Urinary") for one in panel_of(beside(silent, events=events)).yaxis["ticktext"])


def test_terms_of_the_protocol_stand_instead_of_the_group(trial):
    found = of(trial, "205")
    own = (OnTarget(id="skin", terms=("Alopecia",)),)
    other = beside(found, protocol=found.protocol.model_copy(update={"on_target": own}))
    (skin,) = (one for one in ORGANS if one.id == "skin")
    assert episodes_of(found, skin) and not episodes_of(other, skin)  # the rash is no alopecia


@pytest.mark.parametrize("count", [1, 2])
def test_events_without_a_preferred_term_are_counted(trial, count):
    found = of(trial, "205")
    assert "uncoded" not in panel_of(found).title
    new = found.events.iloc[:count].assign(aedecod=None, aegrpid=[f"NEW{one}" for one in range(count)])
    assert f" · uncoded events: {count}" in panel_of(beside(found, events=pd.concat([found.events, new]))).title


def test_a_trial_without_such_groups_has_no_lane(trial):
    found = of(trial, "205")
    groups = {one.group for one in ORGANS}
    other = found.protocol.model_copy(
        update={"aesi": tuple(one for one in found.protocol.aesi if one.id not in groups), "on_target": ()}
    )
    assert watched(beside(found, protocol=other)) == () and panel_of(beside(found, protocol=other)) is None


def test_the_reading_column_of_the_page_reads_the_lane(trial):
    words = str(patient.stacked(asked(trial, "205"), of(trial, "205"))["latest"])
    assert "last examined Day" in words and "Skin" in words
