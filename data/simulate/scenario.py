"""The story of the simulated trial as literal tables: who was treated when, with what, and what happened to them.

Two calendars. Trial days count from the last cut-off (0; earlier is negative). Study days count from the subject's
infusion (Day 0). Nothing here is drawn at random, so that what a screen shows can be counted by hand.
"""

from typing import NamedTuple

from data.simulate import biology
from data.simulate.course import (
    Course,
    Ending,
    Event,
    Illness,
    Medication,
    Note,
    Patient,
    Product,
    Support,
    Traits,
    Tumour,
)

CUTS = {1: -165, 2: -60, 3: 0}  # cut -> its cut-off, trial day, end of that day

# Subjects whose treatment a cut records on wrong dates: everything from the infusion's calendar, this many days off.
MISDATED = {1: {"202": -5}}

DOSES = {"DL1": 1.0, "DL2": 3.0, "DL3": 10.0}  # 10^6 CAR+ T cells/kg
ARMS = {
    "": "",
    "SCRNFAIL": "Screen Failure",
    "DL1": "Dose level 1: 1 x 10^6 CAR+ T cells/kg",
    "DL2": "Dose level 2: 3 x 10^6 CAR+ T cells/kg",
    "DL3": "Dose level 3: 1 x 10^7 CAR+ T cells/kg",
}


# fmt: off
PATIENTS = (
    #       subject arm    consent assigned collected started released infused fraction
    Patient("101", "DL1",      -328, -316, -316, -315, -287, -280, 1.00),
    Patient("102", "DL1",      -308, -296, -296, -296, -270, -262, 0.97),
    Patient("103", "DL1",      -291, -281, -281, -280, -258, -250, 1.02),
    Patient("201", "DL2",      -238, -221, -225, -224, -198, -190, 1.00),
    Patient("202", "DL2",      -222, -209, -209, -209, -187, -176, 0.98),
    Patient("203", "DL2",      -218, -207, -207, -206, -176, -169, 0.60),
    Patient("204", "DL2",      -203, -168, -191, -190, -164, -155, 1.01),
    Patient("205", "DL2",      -152, -126, -140, -140, -119, -110, 0.95),
    Patient("206", "DL2",      -145, -126, -131, -130, -104,  -95, 1.00),
    Patient("207", "DL2",      -122, -110, -110, -109,  -82,  -75, 1.03),
    Patient("208", "DL2",      -142, -126, -130, -129, -108),
    Patient("301", "DL3",       -87,  -46,  -75,  -74,  -48,  -40, 1.00),
    Patient("302", "DL3",       -65,  -46,  -53,  -53,  -25,  -17, 0.97),
    Patient("303", "DL3",       -52,  -40,  -40,  -39,  -13,   -3, 1.00),
    Patient("304", "DL3",       -50,  -37,  -37,  -36,   -4),
    Patient("305", "DL3",       -21,   -8,   -9,   -8),
    Patient("306", "",           -5),
    Patient("901", "SCRNFAIL", -285, -276),
    Patient("902", "SCRNFAIL", -215, -204),
    Patient("903", "SCRNFAIL", -120, -110),
    Patient("904", "SCRNFAIL",  -30,  -19),
)


ENDINGS = {
    "103": Ending( -60, "DEATH", "DEATH FROM DISEASE PROGRESSION"),
    "208": Ending(-105, "WITHDRAWN", "WITHDRAWN BEFORE INFUSION: MANUFACTURE FAILED"),
    "901": Ending(-276, "SCREEN FAILURE", "NECTIN-4 H-SCORE BELOW 100"),
    "902": Ending(-204, "SCREEN FAILURE", "ECOG 2"),
    "903": Ending(-110, "SCREEN FAILURE", "NECTIN-4 H-SCORE BELOW 100"),
    "904": Ending( -19, "SCREEN FAILURE", "UNTREATED BRAIN METASTASES"),
}


TRAITS = {
    #              age ECOG subtype   lines ADC  H   IHC
    "101": Traits(52, 1, "HR+/HER2-", 5, "N", 210, 80),
    "102": Traits(47, 0, "HR-/HER2-", 3, "N", 180, 70),
    "103": Traits(61, 1, "HR-/HER2-", 4, "Y", 240, 90),
    "201": Traits(55, 1, "HR-/HER2-", 4, "Y", 265, 95),
    "202": Traits(44, 0, "HR+/HER2-", 4, "Y", 150, 65),
    "203": Traits(58, 1, "HR+/HER2-", 6, "N", 195, 75),
    "204": Traits(49, 0, "HR-/HER2-", 3, "N", 220, 85),
    "205": Traits(63, 1, "HR+/HER2+", 5, "Y", 170, 70),
    "206": Traits(39, 0, "HR-/HER2-", 2, "Y", 255, 90),
    "207": Traits(51, 1, "HR+/HER2-", 4, "Y", 140, 60),
    "208": Traits(66, 1, "HR+/HER2-", 7, "Y", 205, 80),
    "301": Traits(46, 0, "HR-/HER2-", 3, "Y", 230, 85),
    "302": Traits(57, 1, "HR-/HER2+", 5, "Y", 190, 75),
    "303": Traits(42, 0, "HR-/HER2-", 3, "N", 275, 95),
    "304": Traits(54, 1, "HR+/HER2-", 4, "Y", 160, 65),
    "305": Traits(60, 1, "HR-/HER2-", 3, "Y", 215, 80),
    "306": Traits(48, 0, "HR+/HER2-", 3, "N", 185, 70),
    "901": Traits(59, 1, "HR+/HER2-", 4, "N",  60, 30),
    "902": Traits(68, 2, "HR-/HER2-", 5, "N", 200, 75),
    "903": Traits(50, 1, "HR-/HER2-", 2, "Y",  40, 20),
    "904": Traits(45, 1, "HR-/HER2+", 4, "Y", 175, 70),
}


PRODUCTS = {  # known once manufacture has ended
    "101": Product(91.2, 38.5, 2.1),
    "102": Product(88.7, 31.0, 1.8),
    "103": Product(93.4, 42.2, 2.4),
    "201": Product(94.1, 47.9, 2.9),
    "202": Product(90.3, 36.6, 2.0),
    "203": Product(81.5, 21.4, 1.3, reason="Yield covered 60 % of the planned dose"),
    "204": Product(92.0, 40.1, 2.3),
    "205": Product(89.9, 34.8, 1.9),
    "206": Product(95.0, 44.7, 2.6),
    "207": Product(87.6, 30.2, 1.7),
    "208": Product(54.0, 9.8, 0.6, failed=True, reason="Viability 54 % at harvest (limit 70 %), no expansion"),
    "301": Product(92.8, 41.3, 2.2),
    "302": Product(90.9, 37.7, 2.1),
    "303": Product(93.9, 45.0, 2.7),
    "304": Product(91.6, 39.4, 2.2),
}

# ---- visits ------------------------------------------------------------------------------------------------------
EARLY_VISITS = (  # number, name, study day planned, study day kept
    (3, "BASELINE", -6, -7),
    (4, "LYMPHODEPLETION D-5", -5, -5),
    (5, "REST EVALUATION", -1, -1),
    (6, "INFUSION", 0, 0),
    (7, "DAY 1", 1, 1),
    (8, "DAY 3", 3, 3),
)
LATER_VISITS = (  # number, name, study day planned; kept on the days below
    (9, "DAY 7", 7), (10, "DAY 10", 10), (11, "DAY 14", 14), (12, "DAY 21", 21), (13, "DAY 28", 28),
    (14, "MONTH 2", 60), (15, "MONTH 3", 90), (16, "MONTH 6", 180), (17, "MONTH 9", 270),
)
KEPT = {  # study day of each later visit, None where it was missed
    #       D7 D10 D14   D21 D28  M2  M3   M6   M9
    "101": (8, 10, 14,   20, 28,  61, 92, 183, 268),
    "102": (7, 10, 15,   21, 29,  58, 88, 176),
    "103": (7, 11, 14,   22, 28,  63, 90, 178),
    "201": (7, 10, 14,   21, 28,  60, 94, 182),
    "202": (7,  9, 14,   21, 29,  62, 87, 172),
    "203": (6, 10, 14,   23, 30,  57, 91),
    "204": (7, 11, 14,   25, 28,  58, 91),  # Day 21 visit four days late, out of its window
    "205": (8, 10, 13,   21, 28,  62, 93),
    "206": (7, 10, 14, None, 29,  60, 88),
    "207": (7, 10, 14,   20, 28,  61),
    "301": (7, 10, 14,   22, 29),
    "302": (7, 10, 14),
    "303": (),
}
# fmt: on

# ---- adverse events ------------------------------------------------------------------------------------------------
CRS = "Cytokine release syndrome"
ICANS = "Immune effector cell-associated neurotoxicity syndrome"
NEUTROPHILS = "Neutrophil count decreased"
LYMPHOCYTES = "Lymphocyte count decreased"
PLATELETS = "Platelet count decreased"
ALT = "Alanine aminotransferase increased"
RASH = "Rash maculo-papular"

_GENERAL = "General disorders and administration site conditions"
ORGAN_CLASS = {
    CRS: "Immune system disorders",
    ICANS: "Nervous system disorders",
    NEUTROPHILS: "Investigations",
    LYMPHOCYTES: "Investigations",
    PLATELETS: "Investigations",
    ALT: "Investigations",
    RASH: "Skin and subcutaneous tissue disorders",
    "Anaemia": "Blood and lymphatic system disorders",
    "Arthralgia": "Musculoskeletal and connective tissue disorders",
    "Cough": "Respiratory, thoracic and mediastinal disorders",
    "Disease progression": _GENERAL,
    "Dry eye": "Eye disorders",
    "Fatigue": _GENERAL,
    "Headache": "Nervous system disorders",
    "Hyperglycaemia": "Metabolism and nutrition disorders",
    "Nausea": "Gastrointestinal disorders",
    "Pneumonia": "Infections and infestations",
    "Pyrexia": _GENERAL,
}  # a term that is not named here comes uncoded


EVENTS = {
    "101": (
        Event("Nausea", ((-4, 1),), -2, "NOT RELATED"),
        Event(LYMPHOCYTES, ((-3, 4), (12, 3)), 30, "POSSIBLE"),
        Event(NEUTROPHILS, ((-1, 3), (3, 4), (8, 3)), 12, "POSSIBLE"),
        Event("Fatigue", ((1, 1),), 10, "POSSIBLE"),
        Event(CRS, ((2, 1),), 4, "RELATED"),
    ),
    "102": (
        Event("Cough", ((-42, 1),), -38, "NOT RELATED"),  # in screening
        Event(LYMPHOCYTES, ((-3, 4), (10, 3)), 26, "POSSIBLE"),
        Event(NEUTROPHILS, ((0, 3),), 9, "POSSIBLE"),
        Event("Fatigue", ((2, 2),), 15, "PROBABLE"),
        Event("Pyrexia", ((5, 1),), 5, "REMOTE"),
        Event("Arthralgia", ((150, 1),), 175, "REMOTE", day_known=False),
    ),
    "103": (
        Event(LYMPHOCYTES, ((-3, 4),), 21, "POSSIBLE"),
        Event(NEUTROPHILS, ((-2, 4),), 10, "POSSIBLE"),
        Event(CRS, ((1, 1),), 3, "RELATED"),
        Event("Anaemia", ((4, 2),), 28, "POSSIBLE"),
        Event("Disease progression", ((190, 5),), 190, "NOT RELATED", serious=True),
    ),
    "201": (
        Event(LYMPHOCYTES, ((-3, 4),), 27, "POSSIBLE"),
        Event(NEUTROPHILS, ((-2, 3), (1, 4), (10, 3)), 14, "POSSIBLE"),
        Event(CRS, ((3, 2), (6, 3, "N"), (9, 4, "Y"), (12, 2), (14, 1)), 16, "RELATED", serious=True),
        Event("Fatigue", ((3, 2),), 24, "PROBABLE"),
        Event(PLATELETS, ((6, 2), (8, 3), (13, 2)), 20, "POSSIBLE"),
        Event(ALT, ((10, 2),), 15, "POSSIBLE"),
    ),
    "202": (
        Event(LYMPHOCYTES, ((-3, 4), (8, 3)), 24, "POSSIBLE"),
        Event(NEUTROPHILS, ((-1, 4),), 8, "POSSIBLE"),
        Event(CRS, ((3, 1), (4, 2), (6, 1)), 7, "RELATED"),
        Event(ALT, ((6, 3, "N"),), 9, "PROBABLE"),
    ),
    "203": (
        Event("Nausea", ((-5, 1),), -3, "NOT RELATED"),
        Event(LYMPHOCYTES, ((-3, 3),), 20, "POSSIBLE"),
        Event(NEUTROPHILS, ((0, 3),), 7, "POSSIBLE"),
        Event("Fatigue", ((2, 1),), 9, "POSSIBLE"),
    ),
    "204": (
        Event(LYMPHOCYTES, ((-3, 4), (14, 3)), 33, "POSSIBLE"),
        Event(NEUTROPHILS, ((-1, 3), (2, 4), (7, 3)), 11, "POSSIBLE"),
        Event(CRS, ((2, 1),), 5, "RELATED"),
        Event(RASH, ((9, 1),), 16, "PROBABLE"),
        Event("Pneumonia", ((45, 3),), 56, "REMOTE", serious=True),
        Event("Pyrexia", ((45, 1),), 47, "REMOTE"),
    ),
    "205": (
        Event(LYMPHOCYTES, ((-3, 4),), 24, "POSSIBLE"),
        Event(NEUTROPHILS, ((-1, 4),), 9, "POSSIBLE"),
        Event(CRS, ((2, 1), (3, 2), (5, 1)), 6, "RELATED"),
        Event(ALT, ((7, 1),), 13, "POSSIBLE"),
        Event(RASH, ((8, 1), (11, 2)), 20, "RELATED"),
        Event("Dry eye", ((35, 1),), 62, "POSSIBLE"),  # on-target and after the DLT window
        Event("Fatigue", ((14, 1),), 19, "POSSIBLE", day_known=False),  # infused on the third: Day -2 to 28
    ),
    "206": (
        Event(LYMPHOCYTES, ((-3, 4), (11, 3)), 29, "POSSIBLE"),
        Event(NEUTROPHILS, ((0, 4),), 10, "POSSIBLE"),
        Event("Fatigue", ((1, 1),), 14, ""),  # relation not recorded
        Event(CRS, ((1, 1), (2, 2), (4, 1)), 5, "RELATED"),
        Event(ICANS, ((5, 1),), 6, "RELATED"),
    ),
    "207": (
        Event(LYMPHOCYTES, ((-3, 4),), 22, "POSSIBLE"),
        Event(NEUTROPHILS, ((-1, 3),), 6, "POSSIBLE"),
        Event("Nausea", ((1, 2),), 3, "POSSIBLE"),
        Event(CRS, ((3, 1),), 5, "RELATED"),
        Event("Anaemia", ((5, 2),), 21, "POSSIBLE"),
        Event("Headache", ((40, None),), 44, "REMOTE"),  # grade not recorded
    ),
    "301": (
        Event(LYMPHOCYTES, ((-3, 4), (13, 3)), 31, "POSSIBLE"),
        Event(NEUTROPHILS, ((-1, 3), (1, 4), (9, 3)), 13, "POSSIBLE"),
        Event(CRS, ((1, 1), (2, 2), (5, 1)), 7, "RELATED"),
        Event("Fatigue", ((2, 2),), 21, "PROBABLE"),
        Event("Hyperglycaemia", ((8, 2),), 15, "POSSIBLE"),
        Event(RASH, ((12, 1),), 19, "PROBABLE"),
    ),
    "302": (
        Event(LYMPHOCYTES, ((-3, 4), (10, 3)), None, "POSSIBLE"),
        Event(NEUTROPHILS, ((-1, 4),), 9, "POSSIBLE"),
        Event("Fatigue", ((1, 1),), None, "PROBABLE"),
        Event(CRS, ((2, 1),), 4, "RELATED"),
    ),
    "303": (
        Event("Nausea", ((-4, 1),), -2, "NOT RELATED"),
        Event(LYMPHOCYTES, ((-3, 4),), None, "POSSIBLE"),
        Event(NEUTROPHILS, ((-1, 3), (1, 4)), None, "POSSIBLE"),
        Event("Felt warm at infusion site", ((0, 1),), 1, "POSSIBLE"),  # uncoded
        Event(CRS, ((2, 2),), None, "RELATED"),
    ),
}

# ---- laboratory values written out, U/L by study day ---------------------------------------------------------------
ALT_MEASURED = {
    "202": {5: 112, 6: 236, 7: 291, 8: 274, 9: 219, 10: 118, 11: 92, 12: 71, 13: 55, 14: 44},
    "302": {8: 58, 9: 96, 10: 148, 11: 187, 12: 232, 13: 248, 14: 262, 15: 251, 17: 216},  # reported by nobody
}
UNSCHEDULED_LABS = {"204": (45, 48, 52), "302": (15, 17)}

# ---- medication and support ------------------------------------------------------------------------------------------


class Drug(NamedTuple):
    group: str
    dose: float
    unit: str
    route: str


DRUGS = {
    "ACICLOVIR": Drug("ANTIVIRAL", 400, "mg", "ORAL"),
    "SULFAMETHOXAZOLE/TRIMETHOPRIM": Drug("ANTIBIOTIC", 960, "mg", "ORAL"),
    "MEROPENEM": Drug("ANTIBIOTIC", 1, "g", "INTRAVENOUS"),
    "PLATELETS": Drug("TRANSFUSION", 1, "U", "INTRAVENOUS"),
    "ERIBULIN": Drug("MICROTUBULE INHIBITOR", 1.4, "mg/m2", "INTRAVENOUS"),
    "SACITUZUMAB GOVITECAN": Drug("ANTIBODY-DRUG CONJUGATE", 10, "mg/kg", "INTRAVENOUS"),
    "TOCILIZUMAB": Drug("INTERLEUKIN-6 RECEPTOR INHIBITOR", 8, "mg/kg", "INTRAVENOUS"),
    "DEXAMETHASONE": Drug("CORTICOSTEROID", 10, "mg", "INTRAVENOUS"),
    "PARACETAMOL": Drug("ANTIPYRETIC", 500, "mg", "ORAL"),
    "FILGRASTIM": Drug("G-CSF", 300, "ug", "SUBCUTANEOUS"),
    "PIPERACILLIN/TAZOBACTAM": Drug("ANTIBIOTIC", 4.5, "g", "INTRAVENOUS"),
    "METFORMIN": Drug("ANTIDIABETIC", 500, "mg", "ORAL"),
    "CAPECITABINE": Drug("ANTIMETABOLITE", 1000, "mg/m2", "ORAL"),
    "PACLITAXEL": Drug("TAXANE", 80, "mg/m2", "INTRAVENOUS"),
}


BRIDGING = {
    "103": Medication(-29, "", -16, "CAPECITABINE", "BREAST CANCER"),
    "206": Medication(-30, "", -16, "PACLITAXEL", "BREAST CANCER"),
}
PROPHYLAXIS = (
    Medication(-5, "", 60, "ACICLOVIR", "PROPHYLAXIS"),
    Medication(-5, "", 60, "SULFAMETHOXAZOLE/TRIMETHOPRIM", "PROPHYLAXIS"),
)
NEXT_THERAPY = {  # after progression, and the therapy before it has ended
    "102": Medication(190, "", None, "ERIBULIN", "BREAST CANCER"),
    "101": Medication(275, "", None, "SACITUZUMAB GOVITECAN", "BREAST CANCER"),
    "203": Medication(66, "", None, "ERIBULIN", "BREAST CANCER"),
    "207": Medication(40, "", None, "CAPECITABINE", "BREAST CANCER"),
}
MEDICATION = {
    "101": (Medication(2, "", 4, "PARACETAMOL", "CRS"),),
    "102": (Medication(5, "21:30", 5, "TOCILIZUMAB", "FEVER"),),  # and no CRS was reported
    "103": (Medication(1, "", 3, "PARACETAMOL", "CRS"),),
    "201": (
        Medication(3, "", 6, "PARACETAMOL", "CRS"),
        Medication(3, "", 14, "MEROPENEM", "FEBRILE NEUTROPENIA"),
        Medication(5, "", 13, "FILGRASTIM", "NEUTROPENIA"),
        Medication(6, "14:10", 6, "TOCILIZUMAB", "CRS"),
        Medication(9, "09:20", 9, "TOCILIZUMAB", "CRS"),
        Medication(9, "10:00", 13, "DEXAMETHASONE", "CRS"),
        Medication(9, "15:00", 9, "PLATELETS", "THROMBOCYTOPENIA"),
    ),
    "202": (Medication(3, "", 5, "PARACETAMOL", "CRS"), Medication(4, "20:15", 4, "TOCILIZUMAB", "CRS")),
    "204": (
        Medication(2, "", 4, "PARACETAMOL", "CRS"),
        Medication(5, "", 10, "FILGRASTIM", "NEUTROPENIA"),
        Medication(45, "", 55, "PIPERACILLIN/TAZOBACTAM", "PNEUMONIA"),
    ),
    "205": (Medication(2, "", 4, "PARACETAMOL", "CRS"), Medication(3, "16:30", 3, "TOCILIZUMAB", "CRS")),
    "206": (
        Medication(2, "22:05", 2, "TOCILIZUMAB", "CRS"),
        Medication(5, "11:45", 6, "DEXAMETHASONE", "ICANS"),
    ),
    "207": (Medication(3, "", 5, "PARACETAMOL", "CRS"),),
    "301": (
        Medication(1, "", 3, "PARACETAMOL", "CRS"),
        Medication(2, "21:05", 2, "TOCILIZUMAB", "CRS"),
        Medication(6, "", 12, "FILGRASTIM", "NEUTROPENIA"),
        Medication(8, "", 15, "METFORMIN", "HYPERGLYCAEMIA"),
    ),
    "302": (Medication(2, "", 4, "PARACETAMOL", "CRS"),),
    "303": (Medication(2, "08:30", None, "PARACETAMOL", "CRS"), Medication(2, "18:40", 2, "TOCILIZUMAB", "CRS")),
}


SUPPORT = {
    "201": (
        Support(3, 5, "OXYGEN SUPPORT", "NASAL CANNULA", 3, "L/min"),
        Support(6, 8, "OXYGEN SUPPORT", "HIGH FLOW NASAL CANNULA", 40, "L/min"),
        Support(6, 11, "VASOPRESSOR", "NOREPINEPHRINE", 0.2, "ug/kg/min"),
        Support(9, 11, "OXYGEN SUPPORT", "BIPAP", None, ""),
        Support(12, 13, "OXYGEN SUPPORT", "NASAL CANNULA", 3, "L/min"),
    ),
    "303": (Support(2, None, "OXYGEN SUPPORT", "NASAL CANNULA", 2, "L/min"),),
}

# ---- how it was measured ---------------------------------------------------------------------------------------------
THERMOMETERS = {  # not under the arm: subject -> site, study days
    "206": ("ORAL CAVITY", range(7, 11)),
    "301": ("EAR", range(8, 11)),
}
NO_ICE = {"201": (range(9, 12), "NON-INVASIVE VENTILATION")}  # study days, why it was not done
NOT_DONE = {  # (subject, study day, test) -> why
    ("103", 7, "K"): "HEMOLYZED SPECIMEN",
    ("205", 10, "APTT"): "CLOTTED SPECIMEN",
    ("205", 10, "INR"): "CLOTTED SPECIMEN",
    ("205", 10, "DDIMER"): "CLOTTED SPECIMEN",
    ("301", 22, "IL2"): "SPECIMEN NOT RECEIVED",
}
# 80 umol/L reported in mg/dL under the unit of the others: (subject, study day, test) -> the number in the file.
WRONG_UNIT = {("204", 28, "CREAT"): 0.9}

# ---- what the site wrote about it ------------------------------------------------------------------------------------
HISTORY = {
    "101": (Illness("Hypertension", "Vascular disorders", 84, 4),),
    "103": (Illness("Type 2 diabetes mellitus", "Metabolism and nutrition disorders", 60, 7),),
    "203": (Illness("Hypothyroidism", "Endocrine disorders", 40, 7),),
    "205": (Illness("Dry eye", "Eye disorders", 96, 4),),
    "301": (Illness("Type 2 diabetes mellitus", "Metabolism and nutrition disorders", 30, 10),),
    "902": (Illness("Asthma", "Respiratory, thoracic and mediastinal disorders", 240, 4),),
}
DEVIATIONS = {
    "203": (Note(0, "Dose given below 80 % of the dose assigned", "DOSE OUT OF RANGE", "MAJOR"),),
    "204": (Note(25, "Day 21 visit on Day 25", "VISIT OUT OF WINDOW", "MINOR"),),
    "206": (Note(24, "Day 21 visit and samples missed", "VISIT MISSED", "MINOR"),),
}
QUERIES = {
    "101": (Note(35, "Confirm the end of the fatigue", "AE", "CLOSED"),),
    "102": (Note(200, "Give the day of onset of the arthralgia, or say that it is not known", "AE", "OPEN"),),
    "205": (Note(40, "Give the day of onset of the fatigue of Month 1", "AE", "OPEN"),),
    "206": (Note(30, "Fatigue: relation to the study treatment is missing", "AE", "OPEN"),),
    "207": (Note(50, "Headache: grade is missing", "AE", "OPEN"),),
    "301": (Note(20, "Confirm the glucose of Day 10", "LB", "ANSWERED"),),
    "303": (Note(2, "Felt warm at infusion site: is this an infusion reaction?", "AE", "OPEN"),),
}


def courses() -> tuple[Course, ...]:
    """The subjects of the story, each with all that the tables above and `biology` say of them."""
    return tuple(_course(patient) for patient in PATIENTS)


def _course(patient: Patient) -> Course:
    who = patient.subjid
    return Course(
        patient=patient,
        traits=TRAITS[who],
        product=PRODUCTS.get(who),
        ending=ENDINGS.get(who),
        history=HISTORY.get(who, ()),
        kept=KEPT.get(who, ()),
        events=EVENTS.get(who, ()),
        bridging=BRIDGING.get(who),
        medication=(*MEDICATION.get(who, ()), *PROPHYLAXIS) if patient.infused is not None else (),
        next_therapy=NEXT_THERAPY.get(who),
        support=SUPPORT.get(who, ()),
        deviations=DEVIATIONS.get(who, ()),
        queries=QUERIES.get(who, ()),
        alt=ALT_MEASURED.get(who, {}),
        unscheduled=UNSCHEDULED_LABS.get(who, ()),
        expansion=biology.EXPANSIONS.get(who),
        tumour=biology.TUMOURS.get(who, Tumour()),
    )
