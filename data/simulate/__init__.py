"""A simulated trial as SDTM files: the story as it was known at each of three data cut-offs, and the truth beside it.

scenario, biology   the story as literal tables; `course` names what they hold, `crowd` draws more subjects
subject             one subject as one cut knows them: dates, keys, visits
people, treatment, events, labs (with cytokines), bedside, cells, tumours      the rows of the domains
files, truth        how tables become files, and what is written beside them
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from data.simulate import (
    bedside,
    cells,
    crowd,
    events,
    files,
    labs,
    people,
    scenario,
    treatment,
    truth,
    tumours,
)
from data.simulate.course import Course
from data.simulate.subject import STUDY, Row, SubjectFile

TITLE = "Nectin-4 CAR-T (XKDCT293) in Nectin-4-positive advanced breast cancer, Phase 1"
DOMAINS: dict[str, tuple[str, Callable[[SubjectFile, np.random.Generator], list[Row]]]] = {
    "dm": ("Demographics", people.demographics),
    "sc": ("Subject Characteristics", people.characteristics),
    "mh": ("Medical History", people.history),
    "ds": ("Disposition", people.disposition),
    "ss": ("Subject Status", people.survival),
    "sv": ("Subject Visits", people.visits),
    "dv": ("Protocol Deviations", people.deviations),
    "xq": ("Data Queries", people.queries),
    "pr": ("Procedures", treatment.procedures),
    "xp": ("Cell Product Manufacture", treatment.manufacture),
    "ex": ("Exposure", treatment.exposure),
    "cm": ("Concomitant Medications", treatment.medication),
    "ae": ("Adverse Events", events.adverse_events),
    "suppae": ("Supplemental Qualifiers for AE", events.dlt_flags),
    "lb": ("Laboratory Test Results", labs.laboratory),
    "vs": ("Vital Signs", bedside.vital_signs),
    "qs": ("Questionnaires", bedside.ice),
    "pc": ("Transgene Copies", cells.transgene),
    "cp": ("Cell Phenotype Findings", cells.flow),
    "tr": ("Tumor/Lesion Results", tumours.lesions),
    "rs": ("Disease Response", tumours.response_rows),
}


def write(out: Path, anchor: date, *, seed: int = 293, subjects: int | None = None, form: str = "xpt") -> list[Path]:
    """The folders cut1, cut2 and cut3 under `out`, each with the files of one cut; the last cut-off is the day before
    `anchor`. The same arguments give the same bytes. What a cut holds is dated on or before its cut-off.

    subjects: treated subjects in all, those beyond the story drawn at random (ValueError for fewer than the story
    has); form: xpt (SAS XPORT v5), json or ndjson (CDISC Dataset-JSON 1.1). Beside the cuts, in `out`/truth, stands
    what is true: planted.json, kinetics.csv, episodes.csv, responses.csv.
    """
    trial = _Trial(crowd.extend(scenario.courses(), subjects, seed), anchor - timedelta(days=1), seed)
    folders = [_write_cut(out / f"cut{cut}", trial, cut, form) for cut in scenario.CUTS]
    last = max(scenario.CUTS)
    truth.write(out / "truth", trial.known(last), trial.rows_of)
    return folders


class _Trial:
    """The courses of all subjects, seen from any cut."""

    def __init__(self, courses: tuple[Course, ...], last: date, seed: int):
        self.courses, self.last, self.seed = {one.patient.subjid: one for one in courses}, last, seed

    def known(self, cut: int) -> list[SubjectFile]:
        """Who had consented by the cut-off."""
        everyone = [self.file(subjid, cut) for subjid in self.courses]
        return [one for one in everyone if one.on(one.patient.consented)]

    def file(self, subjid: str, cut: int) -> SubjectFile:
        """A misdated subject moves with the cut-off: the dates are wrong, but nothing is known before it happened."""
        course, cutoff = self.courses[subjid], scenario.CUTS[cut]
        if slip := scenario.MISDATED.get(cut, {}).get(subjid, 0):
            moved = replace(course.patient, infused=course.patient.infused + slip)
            course, cutoff = replace(course, patient=moved), cutoff + slip
        return SubjectFile(course, self.last, cutoff)

    def rows_of(self, subjid: str, domain: str, cut: int) -> list[Row]:
        return self.rows(self.file(subjid, cut), domain.lower())

    def rows(self, one: SubjectFile, domain: str) -> list[Row]:
        """Noise is drawn by subject and domain: a domain more, or a subject more, changes no other."""
        _, rows_of = DOMAINS[domain]
        return rows_of(
            one, np.random.default_rng([self.seed, int(one.patient.subjid), int.from_bytes(domain.encode())])
        )


def _write_cut(folder: Path, trial: _Trial, cut: int, form: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    known = trial.known(cut)
    for domain, (label, _) in DOMAINS.items():
        data = files.Data(domain, label)
        for one in known:
            data.add(trial.rows(one, domain))
        files.write(folder, data, form)
    summary = files.Data("ts", "Trial Summary")
    summary.add(_trial_summary(trial.last + timedelta(days=scenario.CUTS[cut])))
    files.write(folder, summary, form)
    return folder


def _trial_summary(cutoff: date) -> list[Row]:
    facts = (
        ("TITLE", "Trial Title", TITLE),
        ("TPHASE", "Trial Phase Classification", "PHASE I TRIAL"),
        ("DCUTDTC", "Data Cutoff Date", cutoff.isoformat()),
        ("SIMUL", "Simulated data", "Y"),
    )
    keys = {"STUDYID": STUDY, "DOMAIN": "TS", "TSSEQ": 1.0}
    return [keys | {"TSPARMCD": code, "TSPARM": name, "TSVAL": value} for code, name, value in facts]
