"""Who the subjects are, when they came and how it ended: DM, SC, MH, DS, SS, SV, DV, XQ."""

from data.simulate import scenario
from data.simulate.course import Illness
from data.simulate.subject import NO_VISIT, Row, SubjectFile, epoch, result


def demographics(one: SubjectFile, _) -> list[Row]:
    patient, ending = one.patient, one.course.ending
    ended = one.on(ending.day) if ending else ""
    died = ended if ending and ending.decod == "DEATH" else ""
    armcd = patient.armcd if one.on(patient.assigned) else ""
    actual = armcd if armcd == "SCRNFAIL" or one.day(0) else ""
    row = {
        "SUBJID": patient.subjid,
        "SITEID": "01",
        "AGE": float(one.course.traits.age),
        "AGEU": "YEARS",
        "SEX": "F",
        "RACE": "ASIAN",
        "ETHNIC": "NOT HISPANIC OR LATINO",
        "COUNTRY": "CHN",
        "ARMCD": armcd,
        "ARM": scenario.ARMS[armcd],
        "ACTARMCD": actual,
        "ACTARM": scenario.ARMS[actual],
        "RFICDTC": one.on(patient.consented),
        "RFSTDTC": one.day(-5),  # first study treatment, which is lymphodepletion
        "RFPENDTC": ended,
        "DTHDTC": died,
        "DTHFL": "Y" if died else "",
    }
    return [one.keys("DM") | row]


def characteristics(one: SubjectFile, rng) -> list[Row]:
    traits, tumour = one.course.traits, one.course.tumour
    sites = sorted({lesion.site for lesion in tumour.targets} | {site for _, site, _ in tumour.others})
    found = [
        ("ECOG", "ECOG Performance Status", traits.ecog, ""),
        ("SUBTYPE", "HR/HER2 Subtype", traits.subtype, ""),
        ("PRLINES", "Prior Lines for Advanced Disease", traits.lines, ""),
        ("PRADC", "Prior Antibody-Drug Conjugate", traits.adc, ""),
        ("NEC4HS", "Nectin-4 H-Score", traits.h_score, ""),
        ("NEC4IHC", "Nectin-4 Positive Tumour Cells", traits.ihc, "%"),
        ("LVEF", "Left Ventricular Ejection Fraction", int(rng.integers(56, 70)), "%"),
        ("QTCF", "QTcF Interval of the Electrocardiogram", int(rng.integers(395, 445)), "ms"),
    ]
    if sites:
        found.append(("METSITES", "Metastatic Sites", "; ".join(sites), ""))
    screening = one.visits[0]
    rows = [
        {"SCTESTCD": code, "SCTEST": name}
        | result("SC", str(value), value if isinstance(value, int) else None, unit)
        | screening.row
        | {"SCDTC": one.on(screening.day)}
        for code, name, value, unit in found
    ]
    return one.rows("SC", rows, "SCDTC")


def history(one: SubjectFile, _) -> list[Row]:
    """Told at screening, so known from then on; many only by year or month."""
    months = 14 + 13 * one.course.traits.lines
    cancer = "Neoplasms benign, malignant and unspecified (incl cysts and polyps)"
    told = (
        Illness("Breast cancer", cancer, months, 7, "PRIMARY DIAGNOSIS"),
        Illness("Breast cancer metastatic", cancer, months - 10, 10, "PRIMARY DIAGNOSIS"),
        *one.course.history,
    )
    rows = [
        {
            "MHTERM": one_of.term.upper(),
            "MHDECOD": one_of.term,
            "MHBODSYS": one_of.organ_class,
            "MHCAT": one_of.category,
        }
        | one.visits[0].row
        | {"MHSTDTC": one.on(one.patient.consented - 30 * one_of.months)[: one_of.told], "MHENDTC": ""}
        for one_of in told
        if one.on(one.visits[0].day)
    ]
    return one.rows("MH", rows, "MHSTDTC")


def disposition(one: SubjectFile, _) -> list[Row]:
    consent = "INFORMED CONSENT OBTAINED"
    rows = [_disposed(consent, consent, "PROTOCOL MILESTONE", one.on(one.patient.consented))]
    if ending := one.course.ending:
        rows.append(_disposed(ending.term, ending.decod, "DISPOSITION EVENT", one.on(ending.day)))
    return one.rows("DS", rows, "DSSTDTC")


def _disposed(term: str, decod: str, category: str, when: str) -> Row:
    return {"DSTERM": term, "DSDECOD": decod, "DSCAT": category, "DSSTDTC": when}


def survival(one: SubjectFile, _) -> list[Row]:
    """Alive at every visit from the infusion on; dead on the day of death."""
    states = [(visit.row, "ALIVE", visit.day) for visit in one.visits if visit.number >= 6]
    ending = one.course.ending
    if ending and ending.decod == "DEATH":
        states.append((NO_VISIT, "DEAD", ending.day))
    rows = [
        {"SSTESTCD": "SURVSTAT", "SSTEST": "Survival Status"}
        | result("SS", state, None, "")
        | visit
        | {"SSDTC": one.on(day)}
        for visit, state, day in states
    ]
    return one.rows("SS", rows, "SSDTC")


def visits(one: SubjectFile, _) -> list[Row]:
    rows = [
        visit.row
        | {"VISITDY": visit.planned, "EPOCH": epoch(one.patient, visit.day), "SVUPDES": ""}
        | {"SVSTDTC": one.on(visit.day), "SVENDTC": one.on(visit.day)}
        for visit in one.visits
    ]
    return [one.keys("SV") | row for row in rows if row["SVSTDTC"]]


def deviations(one: SubjectFile, _) -> list[Row]:
    rows = [
        {"DVTERM": note.text, "DVDECOD": note.kind, "DVCAT": note.state, "DVSTDTC": one.day(note.day)}
        for note in one.course.deviations
    ]
    return one.rows("DV", rows, "DVSTDTC")


def queries(one: SubjectFile, _) -> list[Row]:
    rows = [
        {"XQDOM": note.kind, "XQTEXT": note.text, "XQSTAT": note.state, "XQDTC": one.day(note.day)}
        for note in one.course.queries
    ]
    return one.rows("XQ", rows, "XQDTC")
