"""A sample that a person excludes: it changes every number that rests on it, is named beside them, and comes back."""

import csv
import io
import json
import math

import pandas as pd
import pyreadstat
import pytest
from reading import text_of
from test_guard import body_of, callbacks
from test_kinetics_page import area

from dashboard.correlating import outcomes_of
from dashboard.courses import course
from dashboard.drill import opened
from dashboard.exposures import exposures_of, series
from dashboard.pages import cytokines, kinetics
from dashboard.session import Asked
from dashboard.view import View
from data.state import State
from data.store import Cut

WHO = "XKDCT293-01-201"


@pytest.fixture
def writing(client, state) -> State:
    """The application with a state that may be written to."""
    client.application.config["STATE"] = state
    return state


def now(client, trial, page="kinetics", **choices) -> Asked:
    return Asked(View(page=page, **choices), trial.serving().cut, client.application.config["STATE"].head())


def highest(cut: Cut) -> str:
    rows = series(cut)
    rows = rows[(rows["usubjid"] == WHO) & rows["endpoint"]]
    return rows.loc[rows["conc"].idxmax(), "sample"]


def press(client, trial, button: str, *, actor="Dr Li", reason="tube swapped", sample="") -> dict:
    """What the browser sends when a button of the form is pressed."""
    callback = next(one for one in callbacks(client) if "written.data" in one["output"])
    asked = now(client, trial, open=opened("sample", WHO, sample or highest(trial.serving().cut)))
    stored = {"pathname": "/kinetics", "search": asked.view.href.partition("?")[2], "cut": asked.cut.id}
    fields = [("actor", actor), ("reason", reason)]
    body = body_of(callback, None)
    body["outputs"] = [{"id": "written", "property": "data"}, [{"id": {"told": "sample"}, "property": "children"}]]
    body["inputs"] = [[{"id": {"button": button}, "property": "n_clicks", "value": 1}]]
    body["state"] = [
        [{"id": {"field": name}, "property": "value", "value": value} for name, value in fields],
        [{"id": {"field": name}, "property": "id", "value": {"field": name}} for name, _ in fields],
        [{"id": {"panel": "kinetics"}, "property": "data", "value": stored | {"state": asked.head}}],
        [{"id": {"told": "sample"}, "property": "children", "value": None}],
    ]
    body["changedPropIds"] = [json.dumps({"button": button}, separators=(",", ":")) + ".n_clicks"]
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.data
    return answer.json


def curve(folder) -> list[tuple[float, float]]:
    """The patient's copies from pc.xpt and the time of the infusion from ex.xpt: days and copies/ug, BLQ as 0."""
    rows, _ = pyreadstat.read_xport(str(folder / "pc.xpt"))
    doses, _ = pyreadstat.read_xport(str(folder / "ex.xpt"))
    day0 = pd.Timestamp(doses[(doses["USUBJID"] == WHO) & (doses["EXTRT"] == "XKDCT293")]["EXSTDTC"].item())
    rows = rows[(rows["USUBJID"] == WHO) & (rows["PCTESTCD"] == "CARCOPY") & (rows["PCSPEC"] == "PERIPHERAL BLOOD")]
    found = [
        ((pd.Timestamp(one.PCDTC) - day0).total_seconds() / 86400, 0.0 if math.isnan(one.PCSTRESN) else one.PCSTRESN)
        for one in rows[rows["PCSTAT"] == ""].itertuples()
    ]
    return sorted((max(day, 0.0), conc) for day, conc in found if day > -1)


def test_the_parameters_are_those_of_the_other_samples(client, trial, trial_files, writing):
    """By plain loops over the file, its highest sample left out."""
    samples = curve(trial_files[-1])
    rest = [one for one in samples if one != max(samples, key=lambda one: one[1])]
    first, last = (pick(day for day, conc in rest if conc) for pick in (min, max))
    used = [(day, conc) for day, conc in rest if (conc or day < first) and day <= last]
    press(client, trial, "exclude")
    with client.application.test_request_context("/"):
        found = exposures_of(trial.serving().cut, writing.head()).query("subject == @WHO")
        value = found.set_index(["parameter", found["end"].fillna(0)])["value"]
        assert value["CMAX", 0] == max(conc for _, conc in rest) < max(conc for _, conc in samples)
        assert value["AUCINT", 28] == pytest.approx(area(used, 28), rel=1e-9)
        cmax = outcomes_of(trial.serving().cut, writing.head()).query("usubjid == @WHO and outcome == 'cmax'")
        assert cmax["value"].item() == value["CMAX", 0]


def test_it_is_drawn_as_a_cross_listed_with_its_reason_and_named_in_every_stamp(client, trial, writing):
    day = int(series(trial.serving().cut).query("sample == @highest(@trial.serving().cut)")["rel_day"].iloc[0])
    words = f"without excluded samples: 201 Day {day}"
    with client.application.test_request_context("/"):
        before = kinetics.answer(now(client, trial, subject=WHO))
        assert "No sample is excluded." in text_of(before["samples"]) and words not in text_of(before["stamp"])
        assert not [one for one in before["figure"].data if one.marker.symbol == "x-thin"]
    press(client, trial, "exclude")
    with client.application.test_request_context("/"):
        shown = kinetics.answer(now(client, trial, subject=WHO))
        [cross] = [one for one in shown["figure"].data if one.marker.symbol == "x-thin"]
        assert len(cross.x) == 1 and "Excluded by Dr Li: tube swapped" in cross.customdata[0][1]
        [line] = [one for one in shown["figure"].data if one.mode == "lines" and one.line.width == 3]
        assert cross.x[0] not in line.x
        assert words in text_of(shown["stamp"]) and words in text_of(shown["groups"])
        assert any(words in note.text for note in shown["figure"].layout.annotations)
        assert "tube swapped" in text_of(shown["samples"]) and "Excluded: why, and take back" in text_of(
            shown["samples"]
        )
        assert words not in text_of(kinetics.answer(now(client, trial, cohort="DL1"))["stamp"])
        asked = {"pathname": "/cytokines", "search": "", "cut": trial.current(), "state": writing.head()}
        assert words in text_of(cytokines.show_peaks(stored=asked)["stamp"])
        measured = course(trial.serving().cut, WHO, writing.head()).measured
        assert set(measured.loc[measured["excluded"].notna(), "code"]) == {"CARCOPY"}
    for name in ("kinetics", "peaks", "cytokines"):
        assert words in client.get(f"/export/{name}.csv").data.decode()
    rows = client.get(f"/export/patient-measurements.csv?subject={WHO}").data.decode()
    assert words in rows.splitlines()[0] and ",excluded," in rows.splitlines()[2]


def test_every_sample_is_exported_with_what_was_said_of_it(client, trial, writing):
    press(client, trial, "exclude", reason="=tube swapped")
    answer = client.get("/export/samples.csv?cohort=DL2").data.decode("utf-8-sig")
    stamp, _, head, *rows = csv.reader(io.StringIO(answer))
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert "without excluded samples: 201 Day" in stamp[0]
    assert {one["usubjid"][-3:] for one in found} == {f"20{number}" for number in range(1, 8)}
    [out] = [one for one in found if one["excluded_by"]]
    assert (out["usubjid"], out["excluded_by"], out["excluded_why"]) == (WHO, "Dr Li", "'=tube swapped")  # no formula
    assert (out["endpoint"], out["counts"], out["excluded_by_event"]) == ("True", "False", "1")
    assert sum(one["counts"] == "True" for one in found) == sum(one["endpoint"] == "True" for one in found) - 1


def test_it_comes_back_and_all_that_was_said_stays_readable(client, trial, writing):
    cut = trial.serving().cut
    press(client, trial, "exclude")
    press(client, trial, "take_back", actor="Dr Wang", reason="the tube was right")
    with client.application.test_request_context("/"):
        assert exposures_of(cut, writing.head()).equals(exposures_of(cut))
        panel = text_of(kinetics.sample_panel(now(client, trial, open=opened("sample", WHO, highest(cut)))))
    assert "No. 1: excluded by Dr Li (not authenticated)" in panel and "tube swapped" in panel
    assert "No. 1 was taken back by Dr Wang (not authenticated)" in panel and "Exclude this sample" in panel


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"actor": " "}, "Say who says it."),
        ({"reason": ""}, "Say why."),
        ({"sample": "kinetics/PERIPHERAL BLOOD/1999-01-01"}, "This sample is not on this cut any more"),
        ({"button": "take_back"}, "This sample is not on this cut any more"),
        ({"button": "dlt"}, "not understood"),
    ],
)
def test_what_is_not_written(client, trial, writing, given, told):
    assert told in json.dumps(press(client, trial, **{"button": "exclude"} | given)) and writing.events() == ()


def test_an_exclusion_made_later_does_not_count_on_an_older_cut(client, trial, writing):
    press(client, trial, "exclude")
    older = trial.open(trial.ids()[1])
    with client.application.test_request_context("/"):
        assert exposures_of(older, writing.head()).equals(exposures_of(older))


def test_a_result_that_was_corrected_since_is_asked_about_again(client, trial, writing):
    cut = trial.serving().cut
    said = {"sample": highest(cut), "result": "CARCOPY 1 copies/ug", "reason": "swapped", "cut": cut.id}
    writing.append("sample.excluded", actor="Dr Li", subject=WHO, payload=said | {"cutoff": cut.cutoff.isoformat()})
    with client.application.test_request_context("/"):
        panel = text_of(kinetics.sample_panel(now(client, trial, open=opened("sample", WHO, highest(cut)))))
        listed = text_of(kinetics.answer(now(client, trial))["samples"])
    assert "it was CARCOPY 1 copies/ug, now it is CARCOPY" in panel
    assert "it was CARCOPY 1 copies/ug, now it is CARCOPY" in listed


def test_an_excluded_sample_that_the_cut_no_longer_has_stays_listed(client, trial, writing):
    cut = trial.serving().cut
    said = {
        "sample": "kinetics/PERIPHERAL BLOOD/2026-01-01T08:00",
        "result": "CARCOPY 77 copies/ug",
        "reason": "swapped",
    }
    said |= {"cut": cut.id, "cutoff": cut.cutoff.isoformat()}
    writing.append("sample.excluded", actor="Dr Li", subject=WHO, payload=said)
    with client.application.test_request_context("/"):
        shown = kinetics.answer(now(client, trial))
        assert "2026-01-01T08:00, not in this cut" in text_of(shown["samples"])
        assert "without excluded samples: 201, not in this cut" in text_of(shown["stamp"])
