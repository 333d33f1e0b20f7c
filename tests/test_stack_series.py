"""The panel of cytokines, in the trial of the simulator."""

import pytest
from test_patient_page import of

from clinical.course import Course
from dashboard.figures.panels import Shown
from dashboard.figures.stack_series import cytokines
from dashboard.labels import speaker


@pytest.mark.parametrize("ends, is_said", [(28, False), (150, True)])
def test_on_the_scale_of_months_il6_is_explained_where_the_names_of_the_lines_leave_room(trial, ends, is_said):
    """Tocilizumab on Day 8, some 200 days in 660 px: 3.3 px a day. The words are 27 letters, 173 px, 53 days: more than
    to names at Day 28, less than to names at Day 150."""
    found = of(trial, "201")
    measured = found.measured.copy()
    far = measured["table"].isin(["lab", "cytokine"]) & (measured["rel_day"] == 28)
    measured.loc[measured["rel_day"] > 28, "value"] = None
    measured.loc[far, ["time", "rel_day"]] = [float(ends), ends]
    own = Course(found.who, measured, found.given, found.events, found.visits, found.protocol, found.cutoff)
    shown = Shown(-20, 180, speaker("en"), "light", "en")
    assert any("IL-6 rises" in one["text"] for one in cytokines(own, shown, {}).notes) == is_said
