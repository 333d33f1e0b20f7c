"""Adverse events as rows (AE, SUPPAE), and what the measurements ask of them: which grade on which day."""

from data.simulate import scenario
from data.simulate.course import Course, Event, Step
from data.simulate.subject import STUDY, Row, SubjectFile, epoch


def adverse_events(one: SubjectFile, _) -> list[Row]:
    rows = [row for number, event in enumerate(one.course.events, start=1) for row in _event_rows(one, event, number)]
    return one.rows("AE", rows, "AESTDTC")


def _event_rows(one: SubjectFile, event: Event, number: int) -> list[Row]:
    """A row a grade. A grade ends when the next is known to have begun; the outcome is that of the last one."""
    coded = event.term in scenario.ORGAN_CLASS
    event_id = f"AE{number:02d}"
    same = {
        "AESPID": event_id,
        "AEGRPID": event_id if len(event.steps) > 1 else "",
        "AETERM": event.term.upper(),
        "AEDECOD": event.term if coded else "",
        "AEPTCD": "",
        "AEBODSYS": scenario.ORGAN_CLASS.get(event.term, ""),
        "AESEV": "",
        "AESER": "Y" if event.serious else "N",
        "AEREL": event.relation,
        "AEACN": "NOT APPLICABLE",
    }
    rows = []
    for index, step in enumerate(event.steps):
        final = index == len(event.steps) - 1
        end = one.day(step.end) if final or one.day(event.steps[index + 1].start) else ""
        start = one.day(step.start)
        fatal = step.grade == 5
        over = "FATAL" if fatal else "RECOVERED/RESOLVED"
        rows.append(
            same
            | {
                "AETOXGR": "" if step.grade is None else str(step.grade),
                "AEOUT": over if final and end else "NOT RECOVERED/NOT RESOLVED",
                "AESDTH": "Y" if fatal else "N",
                "EPOCH": epoch(one.patient, one.patient.infused + step.start),
                "AESTDTC": start if event.day_known else start[:7],
                "AEENDTC": end,
            }
        )
    return rows


def dlt_flags(one: SubjectFile, rng) -> list[Row]:
    """The sponsor's adjudication of each row that has one."""
    flags = [step.dlt for event in one.course.events for step in event.steps]
    return [
        {"STUDYID": STUDY, "RDOMAIN": "AE"}
        | {"USUBJID": row["USUBJID"], "IDVAR": "AESEQ", "IDVARVAL": f"{row['AESEQ']:.0f}"}
        | {"QNAM": "DLT", "QLABEL": "Dose-Limiting Toxicity", "QVAL": flags[int(row["AESEQ"]) - 1]}
        | {"QORIG": "CRF", "QEVAL": "SPONSOR"}
        for row in adverse_events(one, rng)
        if flags[int(row["AESEQ"]) - 1]
    ]


def steps(course: Course, term: str) -> list[Step]:
    return [step for event in course.events if event.term == term for step in event.steps]


def grade_on(course: Course, term: str, study_day: int) -> int:
    """The grade of `term` on that day, 0 where it is not there."""
    return max((step.grade for step in steps(course, term) if during(step, study_day)), default=0)


def during(step: Step, study_day: int) -> bool:
    return step.start <= study_day and (step.end is None or study_day <= step.end)
