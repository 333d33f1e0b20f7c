"""What a draft narrative tells of drugs, laboratory values, CAR cells and tumour response."""

from collections.abc import Iterator

import pandas as pd

from clinical.course import Course
from clinical.narrative_told import Dossier, Told, cites_by_table, text_or, when
from clinical.sentence import Sentence

HIGH = 3  # grades from here on are told one by one


def drugs(rows: pd.DataFrame, course: Course) -> tuple[Sentence, ...]:
    """Rows of `Course.given`, each with its dose and day."""
    return tuple(_drug(one, course) for one in rows.itertuples())


def _drug(one, course: Course) -> Sentence:
    values = {"name": one.name, "when": when(one.first, course, one.start)}
    if pd.isna(one.dose):
        return Sentence("drug_no_dose", values)
    unit = one.unit if isinstance(one.unit, str) else ""
    return Sentence("drug", values | {"dose": f"{one.dose:g} {unit}".strip()})


def laboratory(dossier: Dossier) -> Iterator[Told]:
    """Of each term the first value after the infusion at its highest sure grade, where that is high."""
    course = dossier.course
    if course.axis is None:
        return
    graded = course.measured.join(course.grades[["term", "low", "scale"]])
    graded = graded[graded["term"].notna() & graded["low"].notna() & (graded["time"] >= 0)]
    if graded.empty:
        yield Told(Sentence("no_lab"))
        return
    scale, high = graded["scale"].iloc[0], graded[graded["low"] >= HIGH]
    if high.empty:
        yield Told(Sentence("lab_low", {"scale": scale}))
        return
    first = high.sort_values(["term", "low", "first"], ascending=[True, False, True]).drop_duplicates("term")
    first = first.sort_values(["low", "first"], ascending=[False, True])
    found = tuple(_finding(one, course) for one in first.itertuples())
    yield Told(Sentence("lab", {"scale": scale, "findings": found}), cites_by_table(first))


def _finding(one, course: Course) -> Sentence:
    value = f"{one.code} {one.value:.12g} {one.unit if isinstance(one.unit, str) else ''}".strip()
    return Sentence(
        "lab_grade", {"term": one.term, "grade": int(one.low), "value": value, "when": when(one.first, course)}
    )


def cells(dossier: Dossier) -> Iterator[Told]:
    """The highest quantified result of the assay that the endpoints rest on."""
    course, assay = dossier.course, dossier.course.protocol.kinetics
    if assay is None or course.axis is None:
        return
    rows = course.results(assay.table, assay.code)
    rows = rows[(rows["time"] >= 0) & rows["qualifier"].isna() & (rows["unit"] == assay.unit)]
    rows = rows[rows["specimen"].str.upper().isin(assay.specimens) & rows["excluded"].isna()]
    if rows.empty:
        yield Told(Sentence("no_cells"))
        return
    peak = rows.loc[[rows["value"].idxmax()]]
    one = next(peak.itertuples())
    values = {
        "specimen": one.specimen.lower(),
        "value": f"{one.value:.12g} {one.unit}",
        "when": when(one.first, course),
    }
    yield Told(Sentence("cells", values), cites_by_table(peak))


def response(dossier: Dossier) -> Iterator[Told]:
    """Every overall assessment with its reader; which of them is the best is another screen's to say."""
    course, settings = dossier.course, dossier.course.protocol.response
    if settings is None:
        return
    code = settings.best_code or "OVRLRESP"
    rows = course.measured[(course.measured["table"] == "response") & (course.measured["code"] == code)]
    rows = rows[rows["text"].notna()]
    if rows.empty:
        yield Told(Sentence("no_response"))
        return
    found = tuple(_assessment(one, course) for one in rows.itertuples())
    yield Told(Sentence("response", {"responses": found}), cites_by_table(rows))


def _assessment(one, course: Course) -> Sentence:
    values = {"response": one.text, "when": when(one.first, course, one.dtc)}
    return Sentence("assessed_as", values | {"reader": text_or(one.evaluator, "reader_missing")})
