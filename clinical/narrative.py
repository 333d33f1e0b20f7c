"""A draft of one patient's safety narrative: sentences as codes and values, each with the records that it rests on.

What it tells, and in which order, follows ICH E3, section 12.3.2: the subject, the treatment, the events with their
course, treatment, outcome and relation as the investigator saw it, the findings, and what became of the subject.
"""

from collections.abc import Callable, Iterator

import pandas as pd

from clinical.course import Course
from clinical.narrative_events import events, toxicities
from clinical.narrative_findings import cells, drugs, laboratory, response
from clinical.narrative_told import Cite, Dossier, Quoted, Told, cites, cites_by_table, dated
from clinical.sentence import Sentence
from data.protocol_base import Text

# Code of a characteristic -> the sentence that tells it; with "_missing", that it is not recorded.
CHARACTERISTICS = {"SUBTYPE": "subtype", "NEC4HS": "h_score", "ECOG": "ecog", "PRLINES": "lines"}
_TABLES = {"AE": "adverse_event", "LB": "lab"}  # of the evidence of a candidate


def narrative(dossier: Dossier) -> tuple[tuple[Told, ...], ...]:
    """Paragraphs of sentences. Nothing is told that no record says; what is not recorded is said to be so."""
    paragraphs: tuple[tuple[Callable[[Dossier], Iterator[Told]], ...], ...] = (
        (_who, _disease), (_product,), (toxicities,), (_dose_limitation, events), (laboratory, cells, response),
        (_last_state,),
    )  # fmt: skip
    told = (tuple(one for part in parts for one in part(dossier)) for parts in paragraphs)
    return tuple(one for one in told if one)


# ---- the subject and the product -------------------------------------------------------------------------------------
def _who(dossier: Dossier) -> Iterator[Told]:
    who = dossier.course.who
    known = pd.notna(who["age"]) and who["sex"] in ("F", "M")
    code = {"F": "woman", "M": "man"}[who["sex"]] if known else "person"
    values = {"age": f"{who['age']:.0f}"} if known else {}
    yield Told(Sentence(code, {"subjid": who["subjid"]} | values), dossier.of("subject"))


def _disease(dossier: Dossier) -> Iterator[Told]:
    for code, name in CHARACTERISTICS.items():
        if code in dossier.characteristics:
            row = dossier.characteristics[code]
            if row is None:
                yield Told(Sentence(f"{name}_missing"))
            else:
                cite = Cite("subject_characteristic", row["source_file"], int(row["source_row"]))
                yield Told(Sentence(name, {"value": row["text"]}), (cite,))


def _product(dossier: Dossier) -> Iterator[Told]:
    course = dossier.course
    given = course.given[course.given["kind"] == "lymphodepletion"]
    if len(given):
        yield Told(Sentence("lymphodepletion", {"drugs": drugs(given, course)}), cites_by_table(given))
    elif "lymphodepletion" in course.recorded:
        yield Told(Sentence("no_lymphodepletion"))
    yield from _infusion(dossier) if course.axis else _no_infusion(dossier)


def _infusion(dossier: Dossier) -> Iterator[Told]:
    course, who = dossier.course, dossier.course.who
    rows = course.given[(course.given["kind"] == "infusion") & (course.given["first"] == who["day0"])]
    values = {"product": rows["reported"].iloc[0], "date": f"{who['day0']:%Y-%m-%d}"}
    if pd.isna(who["cohort"]):
        yield Told(Sentence("infused_no_level", values), cites_by_table(rows))
    else:
        values["level"] = course.protocol.level(who["cohort"]).label
        yield Told(_dose(values, course), cites_by_table(rows))
    yield Told(Sentence("cutoff", {"cutoff": _cutoff(course), "day": course.axis.day(course.cutoff)}))


def _dose(values: dict, course: Course) -> Sentence:
    fraction = course.who["dose_fraction"]
    if course.protocol.day0.infusions == "first":
        return Sentence("first_dose", values)
    if pd.isna(fraction):
        return Sentence("infused_dose_unknown", values)
    return Sentence("infused", values | {"percent": round(100 * fraction)})


def _no_infusion(dossier: Dossier) -> Iterator[Told]:
    if pd.isna(dossier.course.who["cohort"]):
        yield Told(Sentence("no_cohort"), dossier.of("subject"))
    yield Told(Sentence("not_infused", {"cutoff": _cutoff(dossier.course)}))


def _cutoff(course: Course) -> str:
    return f"{course.cutoff:%Y-%m-%d}"


# ---- dose limitation -------------------------------------------------------------------------------------------------
def _dose_limitation(dossier: Dossier) -> Iterator[Told]:
    """The state of the window, and every question that is open."""
    if dossier.window is None:
        return
    course = dossier.course
    limiting = course.events[course.events["aedlt"] == "Y"]
    rests_on = cites("adverse_event", limiting) or dossier.of("infusion")
    yield Told(Sentence("window", {"window": Quoted("window", dossier.window)}), rests_on)
    clauses = {one.id: one.text for one in course.protocol.dlt.clauses}
    for one in (each for each in dossier.candidates if each.open):
        rows = tuple(Cite(_TABLES[each.table.upper()], each.source_file, each.source_row) for each in one.evidence)
        values = {"term": Text(en=one.named("en"), zh=one.named("zh")), "clause": clauses[one.clause]}
        if one.grade is None:
            yield Told(Sentence("candidate_ungraded", values), rows)
        else:
            yield Told(Sentence("candidate", values | {"grade": one.grade}), rows)


# ---- the last that is known ------------------------------------------------------------------------------------------
def _last_state(dossier: Dossier) -> Iterator[Told]:
    course, who = dossier.course, dossier.course.who
    later = course.given[course.given["kind"] == "subsequent_therapy"]
    if len(later):
        yield Told(Sentence("next_therapy", {"drugs": drugs(later, course)}), cites_by_table(later))
    if pd.notna(who["death"]):
        yield Told(Sentence("died", {"date": dated(who["death"], course)}), dossier.of("subject", "disposition"))
    elif pd.notna(who["off_study"]) and later.empty:
        yield _left(dossier)
    if pd.isna(who["last_contact"]):
        yield Told(Sentence("no_contact"))
    else:
        yield Told(Sentence("last_contact", {"date": dated(who["last_contact"], course)}), _contact(dossier))


def _left(dossier: Dossier) -> Told:
    who, rows = dossier.course.who, dossier.of("disposition")
    values = {"date": dated(who["off_study"], dossier.course)}
    if pd.isna(who["off_study_reason"]):
        return Told(Sentence("left_no_reason", values), rows)
    return Told(Sentence("left", values | {"why": who["off_study_reason"]}), rows)


def _contact(dossier: Dossier) -> tuple[Cite, ...]:
    """The visits of that day; without one the death that is dated so, or what tells of survival."""
    visits, who = dossier.course.visits, dossier.course.who
    same = visits[visits["svstdtc_earliest"] == who["last_contact"]]
    others = "subject" if who["death"] == who["last_contact"] else "survival_status"
    return cites("visit", same) or dossier.of(others)
