"""What is true of the simulated trial, written beside the cuts and never among them: for tests and for validation."""

import csv
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from data.simulate import tumours
from data.simulate.events import steps
from data.simulate.scenario import CRS, ICANS, NEUTROPHILS
from data.simulate.subject import STUDY, Row, SubjectFile


@dataclass(frozen=True)
class Planted:
    """A trap. `where` finds its rows in the domain; it is empty where the trap is that there are none (see `visit`)."""

    kind: str
    subjid: str
    domain: str
    where: dict[str, object]
    expect: str
    first_cut: int
    study_days: Collection[int] = ()  # of the rows, where `where` fits more than these
    visit: float | None = None


PLANTED = (
    Planted("sample missing", "206", "SV", {}, "Day 21 visit and its samples are missing, window over", 2, visit=12.0),
    Planted("visit out of window", "204", "SV", {"VISITNUM": 12.0}, "Day 21 visit on Day 25, window is 19 to 23", 2),
    Planted("tocilizumab without CRS", "102", "CM", {"CMDECOD": "TOCILIZUMAB"},
            "tocilizumab on Day 5, no CRS reported by then or after", 1),
    Planted("partial date in the DLT window", "205", "AE", {"AEDECOD": "Fatigue"},
            "only the month is known, it overlaps Day 0 to 28", 2),
    Planted("partial date", "102", "AE", {"AEDECOD": "Arthralgia"}, "only the month is known, after the window", 2),
    Planted("lab event not reported", "302", "LB", {"LBTESTCD": "ALT"},
            "ALT above 5 x ULN from Day 12 to 17 (grade 3), no adverse event", 3,
            study_days=range(12, 18)),
    Planted("unit slip", "204", "LB", {"LBTESTCD": "CREAT"},
            "0.9 under umol/L is far below every other value: mg/dL, 80 umol/L", 2, study_days=(28,)),
    Planted("copies outside blood", "201", "PC", {"PCSPEC": "PLEURAL EFFUSION"},
            "9400 copies/ug in pleural effusion are no part of the curve in blood", 1),
    Planted("no result", "207", "PC", {"PCSTAT": "NOT DONE"}, "Day 14 sample without a result: insufficient DNA", 2),
    Planted("never quantifiable", "203", "PC", {"PCSTRESC": "DETECTED, <LLOQ"},
            "detected and never above 50 copies/ug: in every listing and in n", 2),
    Planted("ICE not done", "201", "QS", {"QSTESTCD": "ICETOT", "QSSTAT": "NOT DONE"},
            "no ICE on Days 9 to 11, non-invasive ventilation: not gradable, never 0", 1),
    Planted("infusion misdated", "202", "EX", {"EXTRT": "XKDCT293"},
            "cut 1 has the infusion five days early, 9 days after the sentinel; mended in cut 2", 1),
    Planted("dose out of range", "203", "EX", {"EXTRT": "XKDCT293"}, "60 % of the assigned dose: to be replaced", 1),
    Planted("relation missing", "206", "AE", {"AEREL": ""}, "fatigue without relation counts as related, marked", 2),
    Planted("grade missing", "207", "AE", {"AETOXGR": ""}, "headache without a grade", 3),
    Planted("uncoded", "303", "AE", {"AEDECOD": ""}, "adverse event without a preferred term", 3),
    Planted("readers disagree", "201", "RS", {"RSTESTCD": "OVRLRESP", "VISITNUM": 13.0},
            "Day 28: PR by the investigator, SD by the independent assessor", 2),
    Planted("readers disagree", "301", "RS", {"RSTESTCD": "OVRLRESP", "VISITNUM": 13.0},
            "Day 28: PR by the investigator, SD by the independent assessor", 3),
    Planted("no measurable disease", "202", "RS", {"RSTESTCD": "NTRGRESP", "RSEVAL": "INVESTIGATOR"},
            "bone only: no target lesion, NON-CR/NON-PD, then a new lesion", 2),
    Planted("related before infusion", "101", "AE", {"AEDECOD": NEUTROPHILS, "AETOXGR": "3"},
            "began on Day -1, before the cells, and is marked POSSIBLE", 1, study_days=(-1,)),
)  # fmt: skip

RowsOf = Callable[[str, str, int], list[Row]]  # subject, domain, cut -> what the cut's file holds of the subject


def write(folder: Path, subjects: list[SubjectFile], rows_of: RowsOf) -> None:
    """planted.json, kinetics.csv, episodes.csv and responses.csv; `subjects` as the last cut has them."""
    folder.mkdir(parents=True, exist_ok=True)
    planted = [_located(one, rows_of) for one in PLANTED]
    (folder / "planted.json").write_text(json.dumps(planted, indent=1) + "\n", encoding="utf-8")
    treated = [one for one in subjects if one.patient.infused is not None]
    names = ("cmax_copies_per_ug", "tmax_days", "foldx", "alpha_per_day", "fb", "beta_per_day")
    _table(folder / "kinetics.csv", ("usubjid", *names), ((one.usubjid, *one.course.expansion) for one in treated))
    _table(
        folder / "episodes.csv",
        ("usubjid", "syndrome", "onset", "peak", "end", "grade"),
        (row for one in treated for row in _episodes(one)),
    )
    _table(
        folder / "responses.csv",
        ("usubjid", "best_response", "confirmed", "best_change_percent"),
        (_response(one) for one in treated),
    )


def _located(one: Planted, rows_of: RowsOf) -> dict[str, object]:
    rows = rows_of(one.subjid, one.domain, one.first_cut) if one.where else []
    found = [row for row in rows if all(row[name] == value for name, value in one.where.items())]
    if one.study_days:
        [given] = [row for row in rows_of(one.subjid, "EX", one.first_cut) if row["EXTRT"] == STUDY]
        day0 = _day_of(given, "EX")
        found = [row for row in found if (_day_of(row, one.domain) - day0).days in one.study_days]
    number = f"{one.domain}SEQ"
    return {
        "kind": one.kind,
        "subject": f"{STUDY}-01-{one.subjid}",
        "domain": one.domain,
        "sequence": [int(row[number]) for row in found if number in row],
        "visit": one.visit if one.visit is not None else found[0].get("VISITNUM"),
        "expect": one.expect,
        "first_cut": one.first_cut,
    }


def _day_of(row: Row, domain: str) -> date:
    return date.fromisoformat(str(row.get(f"{domain}DTC") or row[f"{domain}STDTC"])[:10])


def _episodes(one: SubjectFile) -> Iterable[tuple]:
    """Onset, first day at the highest grade, end; blank where it has not come yet."""
    for name, term in (("CRS", CRS), ("ICANS", ICANS)):
        if rows := steps(one.course, term):
            top = max(rows, key=lambda step: step.grade)
            yield one.usubjid, name, one.day(rows[0].start), one.day(top.start), one.day(rows[-1].end), top.grade


def _response(one: SubjectFile) -> tuple:
    tumour = one.course.tumour
    change = tumours.best_change(tumour)
    return one.usubjid, tumour.best, tumour.confirmed, "" if change is None else round(change, 1)


def _table(path: Path, names: tuple[str, ...], rows: Iterable[tuple]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(names)
        lines.writerows(rows)
