"""What is measured at the bedside: vital signs, skin and eye (VS), and the ICE score (QS)."""

import numpy as np

from data.simulate import scenario
from data.simulate.course import Course
from data.simulate.events import grade_on, steps
from data.simulate.scenario import CRS, ICANS, RASH
from data.simulate.subject import IN_HOSPITAL, Row, SubjectFile, Visit, result

VITALS = {  # own level at least and at most, noise, digits; then the change by grade of CRS
    "TEMP": ("Temperature", "C", 36.3, 36.7, 0.15, 1, (0, 2.0, 2.4, 2.8, 3.0)),
    "SYSBP": ("Systolic Blood Pressure", "mmHg", 116, 124, 4, 0, (0, -6, -42, -44, -48)),
    "DIABP": ("Diastolic Blood Pressure", "mmHg", 70, 78, 3, 0, (0, -3, -22, -24, -28)),
    "HR": ("Heart Rate", "beats/min", 70, 82, 4, 0, (0, 18, 30, 40, 48)),
    "RESP": ("Respiratory Rate", "breaths/min", 14, 17, 1, 0, (0, 1, 4, 9, 13)),
    "OXYSAT": ("Oxygen Saturation", "%", 98, 98.5, 0.5, 0, (0, -1, -6, -8, -11)),  # the deeper ones with oxygen only
}
BODY = {"WEIGHT": ("Weight", "kg", (48, 74), 1), "HEIGHT": ("Height", "cm", (153, 170), 0)}
WEIGHED = {1: ("HEIGHT", "WEIGHT"), 3: ("WEIGHT",), 6: ("WEIGHT",), 13: ("WEIGHT",)}  # visit -> what
LOOKED_AT = (3, 9, 11, 13, 14)  # visits with a look at skin and eyes
RASH_AREA = (0, 6, 18, 45)  # % of the body surface, by grade
DAY_IN_HOSPITAL = (("08:00", "MORNING"), ("14:00", "AFTERNOON"), ("20:00", "EVENING"))

ICE_DAYS = range(11)
ICE_ITEMS = {  # full score, then by grade of ICANS
    "ICEORI": ("ICE Orientation", (4, 4, 3, 1, 0)),
    "ICENAM": ("ICE Naming", (3, 3, 1, 0, 0)),
    "ICECOM": ("ICE Following Commands", (1, 1, 1, 1, 0)),
    "ICEWRI": ("ICE Writing", (1, 0, 0, 0, 0)),
    "ICEATT": ("ICE Attention", (1, 0, 0, 0, 0)),
}


def vital_signs(one: SubjectFile, rng: np.random.Generator) -> list[Row]:
    """Three times a day in hospital, once at the other visits; skin and eyes at some of them."""
    own = {code: rng.uniform(low, high) for code, (_, _, low, high, *_) in VITALS.items()}
    body = {code: rng.uniform(*usual) for code, (_, _, usual, _) in BODY.items()}
    rows: list[Row] = []
    for contact in one.contacts:
        study_day = one.study_day(contact)
        for time, point in DAY_IN_HOSPITAL if study_day in IN_HOSPITAL else (("09:30", ""),):
            at = contact.row | {"VSTPT": point, "VSDTC": one.on(contact.day, time)}
            values = _vitals(one.course, study_day, own, rng)
            rows += [_vital_row(one, code, value, study_day) | at for code, value in values.items()]
        rows += _measured_once(one, contact, body)
    return one.rows("VS", rows, "VSDTC")


def _vitals(course: Course, study_day: int | None, own: dict[str, float], rng) -> dict[str, float]:
    noise = rng.standard_normal(len(VITALS)).clip(-1.5, 1.5).tolist()
    crs = 0 if study_day is None else grade_on(course, CRS, study_day)
    values = {
        code: own[code] + change[crs] + spread * drawn
        for (code, (_, _, _, _, spread, _, change)), drawn in zip(VITALS.items(), noise, strict=True)
    }
    if crs > 1 and not _on_oxygen(course, study_day):
        *_, change = VITALS["OXYSAT"]
        values["OXYSAT"] += change[1] - change[crs]
    if study_day is not None and not crs and grade_on(course, "Pyrexia", study_day):
        values["TEMP"] += 2.0
    return values | {"OXYSAT": min(values["OXYSAT"], 99)}


def _on_oxygen(course: Course, study_day: int) -> bool:
    given = [one for one in course.support if one.category == "OXYGEN SUPPORT"]
    return any(one.start <= study_day and (one.end is None or study_day <= one.end) for one in given)


def _vital_row(one: SubjectFile, code: str, value: float, study_day: int | None) -> Row:
    name, unit, _, _, _, digits, _ = VITALS[code]
    site, days = scenario.THERMOMETERS.get(one.patient.subjid, ("AXILLA", ()))
    return _row(
        code,
        name,
        f"{value:.{digits}f}",
        unit,
        place="" if code != "TEMP" else site if study_day in days else "AXILLA",
        position="SUPINE" if code.endswith("BP") else "",
    )


def _row(code: str, name: str, text: str, unit: str, place: str = "", position: str = "") -> Row:
    return (
        {"VSTESTCD": code, "VSTEST": name} | result("VS", text, float(text), unit) | {"VSLOC": place, "VSPOS": position}
    )


def _measured_once(one: SubjectFile, contact: Visit, body: dict[str, float]) -> list[Row]:
    at = contact.row | {"VSTPT": "", "VSDTC": one.on(contact.day, "09:45")}
    rows = []
    for code in WEIGHED.get(contact.number, ()):
        name, unit, _, digits = BODY[code]
        rows.append(_row(code, name, f"{body[code]:.{digits}f}", unit) | at)
    if contact.number in LOOKED_AT:
        study_day = one.study_day(contact)
        area = RASH_AREA[grade_on(one.course, RASH, study_day)]
        tears = 6 if grade_on(one.course, "Dry eye", study_day) else 16
        rows.append(_row("BSARASH", "Body Surface Area with Rash", str(area), "%", "SKIN") | at)
        rows.append(_row("SCHIRMER", "Schirmer Tear Test", str(tears), "mm", "EYE") | at)
    return rows


# ---- ICE -------------------------------------------------------------------------------------------------------------
def ice(one: SubjectFile, _) -> list[Row]:
    """Twice a day on Days 0 to 10: all items in the morning, the total again in the evening."""
    rows: list[Row] = []
    for contact in one.contacts:
        study_day = one.study_day(contact)
        if study_day in ICE_DAYS:
            rows += [row | contact.row | {"QSDTC": one.on(contact.day, "08:30")} for row in _ice(one, study_day)]
            rows.append(_ice(one, study_day)[-1] | contact.row | {"QSDTC": one.on(contact.day, "20:30")})
    return one.rows("QS", rows, "QSDTC")


def _ice(one: SubjectFile, study_day: int) -> list[Row]:
    """The items and their sum; what was not done has no number, never 0."""
    grade = grade_on(one.course, ICANS, study_day) if steps(one.course, ICANS) else 0
    points = {code: (name, scores[grade]) for code, (name, scores) in ICE_ITEMS.items()}
    points["ICETOT"] = ("ICE Total Score", sum(score for _, score in points.values()))
    days, why = scenario.NO_ICE.get(one.patient.subjid, ((), ""))
    missing = why if study_day in days else ""
    return [
        {"QSTESTCD": code, "QSTEST": name, "QSCAT": "ICE"} | result("QS", str(score), score, "", not_done=missing)
        for code, (name, score) in points.items()
    ]
