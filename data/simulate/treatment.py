"""What was done and given: PR (leukapheresis, support, imaging), XP (manufacture), EX, CM."""

from data.simulate import scenario
from data.simulate.subject import NO_VISIT, STUDY, Row, SubjectFile


def procedures(one: SubjectFile, _) -> list[Row]:
    day = one.patient.collected
    start, end = one.on(day, "09:00"), one.on(day, "12:30")
    rows = [_procedure("LEUKAPHERESIS", "LEUKAPHERESIS", None, "", start, end)]
    rows += [
        _procedure(given.device, given.category, given.dose, given.unit, one.day(given.start), one.day(given.end))
        for given in one.course.support
    ]
    return one.rows("PR", [*rows, *_imaging(one)], "PRSTDTC")


def _imaging(one: SubjectFile) -> list[Row]:
    """At screening and at each visit that is read; bone alone is looked at by MRI."""
    bone_only = one.course.tumour.others and not one.course.tumour.targets
    method = "MAGNETIC RESONANCE IMAGING" if bone_only else "COMPUTED TOMOGRAPHY"
    return [
        _procedure(method, "TUMOUR IMAGING", None, "", one.on(visit.day), one.on(visit.day)) | visit.row
        for visit in (one.visits[0], *one.scans)
    ]


def _procedure(name: str, category: str, dose: float | None, unit: str, start: str, end: str) -> Row:
    amount = {"PRDOSE": None if dose is None else float(dose), "PRDOSU": unit}
    dates = {"PRSTDTC": start, "PRENDTC": end}
    return {"PRTRT": name, "PRDECOD": name, "PRCAT": category} | amount | NO_VISIT | dates


def manufacture(one: SubjectFile, _) -> list[Row]:
    """Status and quality of a batch are known once it was released or has failed."""
    ended = one.on(one.patient.released)
    product = one.course.product if ended else None
    row = {
        "XPLOT": f"LOT-{one.patient.subjid}-1",
        "XPSTAT": "IN PROCESS" if product is None else "FAILED" if product.failed else "RELEASED",
        "XPSTDTC": one.on(one.patient.started),
        "XPRELDTC": ended,
        "XPVIAB": product and product.viability,
        "XPTRANS": product and product.transduction,
        "XPVCN": product and product.vcn,
        "XPOOS": "" if product is None else "Y" if product.failed else "N",
        "XPREAS": product.reason if product else "",
    }
    return one.rows("XP", [row], "XPSTDTC")


def exposure(one: SubjectFile, _) -> list[Row]:
    flu, cy = ("FLUDARABINE", 30, "09:00", "09:30"), ("CYCLOPHOSPHAMIDE", 500, "11:00", "12:00")
    days = ((-5, flu), (-5, cy), (-4, flu), (-4, cy), (-3, flu))
    rows = [
        _given(drug, "LYMPHODEPLETION", dose, dose, "mg/m2", one.day(day, start), one.day(day, end))
        for day, (drug, dose, start, end) in days
    ]
    if one.patient.infused is not None:
        planned, unit = scenario.DOSES[one.patient.armcd], "10^6 CAR+ T cells/kg"
        received = round(planned * one.patient.fraction, 4)
        start, end = one.day(0, "10:30"), one.day(0, "10:50")
        rows.append(_given(STUDY, "CELL PRODUCT", received, planned, unit, start, end))
    return one.rows("EX", rows, "EXSTDTC")


def _given(name: str, category: str, dose: float, planned: float, unit: str, start: str, end: str) -> Row:
    amount = {"EXDOSE": float(dose), "EXPDOSE": float(planned), "EXDOSU": unit}
    dates = {"EXSTDTC": start, "EXENDTC": end}
    return {"EXTRT": name, "EXDECOD": name, "EXCAT": category} | amount | {"EXROUTE": "INTRAVENOUS"} | dates


def medication(one: SubjectFile, _) -> list[Row]:
    course = one.course
    taken = [(course.bridging, "BRIDGING THERAPY")] if course.bridging else []
    taken += [(given, "CONCOMITANT MEDICATION") for given in course.medication]
    taken += [(course.next_therapy, "SUBSEQUENT ANTICANCER THERAPY")] if course.next_therapy else []
    rows = []
    for given, category in taken:
        drug = scenario.DRUGS[given.drug]
        what = {"CMTRT": given.drug, "CMDECOD": given.drug, "CMCAT": category, "CMCLAS": drug.group}
        amount = {"CMDOSE": float(drug.dose), "CMDOSU": drug.unit, "CMROUTE": drug.route}
        dates = {"CMSTDTC": one.day(given.start, given.time), "CMENDTC": one.day(given.end)}
        rows.append(what | {"CMINDC": given.indication} | amount | dates)
    return one.rows("CM", rows, "CMSTDTC")
