"""What a draft narrative tells of drugs, laboratory values, CAR cells and tumour response."""

from collections.abc import Iterator

import pandas as pd

from clinical.course import Course
from clinical.grading import ctcae
from clinical.lab_grades import term_in
from clinical.narrative_told import Dossier, Told, cites_by_table, text_or, when
from clinical.sentence import Sentence
from data.protocol_base import Text

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
    """Of each term its highest sure grade after the infusion, where that is high: since when, and the value furthest
    out at that grade. The first one alone would tell of the fall and hide the nadir."""
    course = dossier.course
    if course.axis is None:
        return
    graded = course.measured.join(course.grades[["term", "low", "scale"]])
    graded = graded[graded["term"].notna() & graded["low"].notna()]
    yield from _after_infusion(graded[graded["time"] >= 0], course)
    undated = graded[graded["time"].isna() & (graded["low"] >= HIGH)]
    if len(undated):
        yield Told(
            Sentence("lab_undated", {"terms": tuple(map(_named, undated["term"].unique()))}), cites_by_table(undated)
        )


def _after_infusion(graded: pd.DataFrame, course: Course) -> Iterator[Told]:
    if graded.empty:
        yield Told(Sentence("no_lab"))
        return
    scale, high = graded["scale"].iloc[0], graded[graded["low"] >= HIGH]
    if high.empty:
        yield Told(Sentence("lab_low", {"scale": scale}))
        return
    top = high[high["low"] == high.groupby("term")["low"].transform("max")].sort_values("first")
    first = top.drop_duplicates("term").sort_values(["low", "first"], ascending=[False, True])
    furthest = {term: _furthest(own, _lowest(own.iloc[0])) for term, own in top.groupby("term")}
    found = tuple(_finding(one, next(furthest[one.term].itertuples()), course) for one in first.itertuples())
    shown = pd.concat([first, *furthest.values()])
    yield Told(Sentence("lab", {"scale": scale, "findings": found}), cites_by_table(shown[~shown.index.duplicated()]))


def _named(term: str) -> Text:
    return Text(en=term, zh=term_in(term, "zh"))


def _lowest(row) -> bool:
    return ctcae.grades_low(row.term, row.scale.removeprefix("CTCAE "))


def _furthest(rows: pd.DataFrame, lowest: bool) -> pd.DataFrame:
    """The row of the lowest value, or of the highest; the first of equal ones."""
    values = rows["value"].astype(float).to_numpy()
    return rows.iloc[[values.argmin() if lowest else values.argmax()]]


def _finding(first, furthest, course: Course) -> Sentence:
    qualifier, unit = (one if isinstance(one, str) else "" for one in (furthest.qualifier, furthest.unit))
    values = {
        "term": _named(first.term),
        "grade": int(first.low),
        "since": when(first.first, course),
        "value": f"{furthest.code} {qualifier}{furthest.value:.12g} {unit}".strip(),
        "when": when(furthest.first, course),
    }
    return Sentence("lab_lowest" if _lowest(first) else "lab_highest", values)


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
