"""One subject as one cut knows them: dates, keys and visits, in rows of SDTM."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from data.simulate import scenario
from data.simulate.course import Course, Patient

STUDY = "XKDCT293"
IN_HOSPITAL = range(15)  # study days
SCANNED = (3, 13, 14, 15, 16, 17)  # visits with a scan that is read; the first is the baseline

Row = dict[str, object]


@dataclass(frozen=True)
class Visit:
    number: float
    name: str
    day: int  # trial day
    planned: float | None = None  # study day

    @property
    def row(self) -> Row:
        return {"VISITNUM": float(self.number), "VISIT": self.name}


NO_VISIT: Row = {"VISITNUM": None, "VISIT": ""}


@dataclass(frozen=True)
class SubjectFile:
    """One subject as one cut knows them. Only this class writes dates; what is still to come is blank."""

    course: Course
    last: date  # trial day 0
    cutoff: int  # last trial day known

    @property
    def patient(self) -> Patient:
        return self.course.patient

    def on(self, day: int | None, time: str = "") -> str:
        """ISO 8601 text of a trial day; blank where it is None or later than the cut-off."""
        if day is None or day > self.cutoff:
            return ""
        return (self.last + timedelta(days=day)).isoformat() + (f"T{time}" if time else "")

    def day(self, study_day: int | None, time: str = "") -> str:
        """As `on`, counted from the infusion."""
        if study_day is None or self.patient.infused is None:
            return ""
        return self.on(self.patient.infused + study_day, time)

    def study_day(self, visit: Visit) -> int | None:
        return None if self.patient.infused is None else visit.day - self.patient.infused

    @property
    def usubjid(self) -> str:
        return f"{STUDY}-01-{self.patient.subjid}"

    def keys(self, domain: str) -> Row:
        return {"STUDYID": STUDY, "DOMAIN": domain, "USUBJID": self.usubjid}

    def rows(self, domain: str, rows: Iterable[Row], dated: str) -> list[Row]:
        """The rows with their keys, numbered over the whole story and then cut to those whose date is known."""
        keys, number = self.keys(domain), f"{domain}SEQ"
        return [keys | {number: float(place)} | row for place, row in enumerate(rows, start=1) if row[dated]]

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        patient, course = self.patient, self.course
        visits = [Visit(1, "SCREENING", patient.consented + 1)]
        if patient.collected is not None:
            visits.append(Visit(2, "PBMC COLLECTION", patient.collected))
        if patient.infused is not None:
            kept = zip(scenario.LATER_VISITS, course.kept, strict=False)
            later = [(number, name, planned, day) for (number, name, planned), day in kept if day is not None]
            visits += [
                Visit(number, name, patient.infused + day, planned)
                for number, name, planned, day in (*scenario.EARLY_VISITS, *later)
            ]
        return tuple(visits)

    @cached_property
    def contacts(self) -> tuple[Visit, ...]:
        """The visits, the days in hospital and the unscheduled samples, by day; between visits with a fraction."""
        contacts = {one.day: one for one in self.visits}
        if self.patient.infused is not None:
            for study_day in sorted({*IN_HOSPITAL, *self.course.unscheduled}):
                day = self.patient.infused + study_day
                before = max(int(one.number) for one in self.visits if one.day <= day)
                name = f"HOSPITAL DAY {study_day}" if study_day in IN_HOSPITAL else f"UNSCHEDULED DAY {study_day}"
                contacts.setdefault(day, Visit(before + study_day / 100, name, day))
        return tuple(contacts[day] for day in sorted(contacts))

    @cached_property
    def scans(self) -> tuple[Visit, ...]:
        return tuple(visit for visit in self.visits if visit.number in SCANNED)


def epoch(patient: Patient, day: int) -> str:
    if patient.infused is None or day < patient.infused - 5:
        return "SCREENING"
    return "TREATMENT" if day <= patient.infused + 28 else "FOLLOW-UP"


def three_digits(value: float) -> str:
    """As an assay prints it: three digits that count, and never an exponent (below a million)."""
    return f"{float(f'{value:.3g}'):g}"


def result(prefix: str, text: str, number: float | None, unit: str, *, not_done: str = "") -> Row:
    """A result that was reported in the standard unit; `not_done` says why there is none."""
    done = not not_done
    return {
        f"{prefix}ORRES": text if done else "",
        f"{prefix}ORRESU": unit if done else "",
        f"{prefix}STRESC": text if done else "",
        f"{prefix}STRESN": float(number) if done and number is not None else None,
        f"{prefix}STRESU": unit if done else "",
        f"{prefix}STAT": "" if done else "NOT DONE",
        f"{prefix}REASND": not_done,
    }
