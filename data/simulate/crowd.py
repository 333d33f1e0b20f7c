"""More treated subjects than the story has, drawn at random: to see how the screens bear a large trial.

They stand at dose level 1, are infused after it was cleared, have no DLT, and their windows are over at the last cut.
"""

from math import exp

import numpy as np

from data.simulate.course import Course, Event, Expansion, Lesion, Medication, Patient, Product, Support, Traits, Tumour
from data.simulate.scenario import CRS, LATER_VISITS, LYMPHOCYTES, NEUTROPHILS, PROPHYLAXIS
from data.simulate.subject import three_digits

FIRST = 1001
INFUSED = (-135, -75)  # trial days
WINDOWS = {9: 1, 10: 1, 11: 1, 12: 2, 13: 3, 14: 7, 15: 7, 16: 14, 17: 14}  # visit -> days before and after
CRS_SHARE = {0: 0.4, 1: 0.4, 2: 0.2}  # highest grade -> share of the subjects
TUMOURS = {  # best response -> share of the subjects, sum of diameters at each scan over the baseline
    "PR": (0.25, (1, 0.62, 0.55, 0.55)),
    "SD": (0.45, (1, 0.93, 0.9, 0.92)),
    "PD": (0.3, (1, 1.4, 1.7, 2.0)),
}


def draw(number: int, seed: int) -> tuple[Course, ...]:
    return tuple(
        _course(str(FIRST + place), np.random.default_rng([seed, FIRST + place, int.from_bytes(b"crowd")]))
        for place in range(number)
    )


def _course(subjid: str, rng: np.random.Generator) -> Course:
    infused = int(rng.integers(INFUSED[0], INFUSED[1] + 1))
    patient = Patient(
        subjid, "DL1", infused - 42, infused - 33, infused - 35, infused - 34, infused - 8, infused,
        round(float(rng.uniform(0.92, 1.05)), 2),
    )  # fmt: skip
    grade = int(rng.choice(list(CRS_SHARE), p=list(CRS_SHARE.values())))
    onset = int(rng.integers(1, 5))
    best = str(rng.choice(list(TUMOURS), p=[share for share, _ in TUMOURS.values()]))
    kept = _kept(-infused, rng)
    return Course(
        patient=patient,
        traits=_traits(rng),
        product=Product(
            round(float(rng.uniform(85, 96)), 1),
            round(float(rng.uniform(28, 48)), 1),
            round(float(rng.uniform(1.4, 3)), 1),
        ),
        kept=kept,
        events=_events(grade, onset, rng),
        medication=(*_medication(grade, onset), *PROPHYLAXIS),
        next_therapy=Medication(kept[4] + 9, "", None, "ERIBULIN", "BREAST CANCER") if best == "PD" else None,
        support=(Support(onset, onset + 1, "OXYGEN SUPPORT", "NASAL CANNULA", 2, "L/min"),) if grade == 2 else (),
        expansion=_expansion(grade, rng),
        tumour=_tumour(best, 1 + sum(day is not None for day in kept[4:]), rng),
    )


def _kept(reached: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Study day of each later visit that had come by the last cut-off, all within their windows."""
    days = [planned + int(rng.integers(-WINDOWS[number], WINDOWS[number] + 1)) for number, _, planned in LATER_VISITS]
    return tuple(day for day in days if day <= reached)


def _traits(rng: np.random.Generator) -> Traits:
    subtype = str(rng.choice(["HR+/HER2-", "HR-/HER2-", "HR-/HER2+"]))
    h_score = int(rng.integers(100, 290))
    return Traits(
        int(rng.integers(35, 69)),
        int(rng.integers(0, 2)),
        subtype,
        int(rng.integers(2, 7)),
        str(rng.choice(["Y", "N"])),
        h_score,
        min(98, 30 + h_score // 4),
    )


def _events(grade: int, onset: int, rng: np.random.Generator) -> tuple[Event, ...]:
    low = int(rng.integers(-3, 0))
    events = [
        Event(LYMPHOCYTES, ((-3, 4),), int(rng.integers(16, 27)), "POSSIBLE"),
        Event(NEUTROPHILS, ((low, 3), (low + 2, 4)), int(rng.integers(6, 12)), "POSSIBLE"),
    ]
    if rng.uniform() < 0.5:
        events.append(Event("Fatigue", ((1, int(rng.integers(1, 3))),), int(rng.integers(6, 20)), "POSSIBLE"))
    if grade == 1:
        events.append(Event(CRS, ((onset, 1),), onset + 2, "RELATED"))
    if grade == 2:
        events.append(Event(CRS, ((onset, 2), (onset + 2, 1)), onset + 4, "RELATED"))
    return tuple(events)


def _medication(grade: int, onset: int) -> tuple[Medication, ...]:
    given = [Medication(onset, "", onset + 2, "PARACETAMOL", "CRS")] if grade else []
    given += [Medication(onset, "19:00", onset, "TOCILIZUMAB", "CRS")] if grade == 2 else []
    return tuple(given)


def _expansion(grade: int, rng: np.random.Generator) -> Expansion:
    """Around the typical subject of dose level 1, with the model's spread between subjects; more cells, more CRS."""
    spread = np.exp(rng.standard_normal(6).clip(-2, 2) * (0.65, 0.2, 0.8, 0.3, 0.6, 0.4)).tolist()
    typical = (500 * exp(0.3 * grade), 9.3, 3000.0, 0.26, 0.012, 0.012)
    return Expansion(*(float(three_digits(value * factor)) for value, factor in zip(typical, spread, strict=True)))


def _tumour(best: str, scans: int, rng: np.random.Generator) -> Tumour:
    _, shares = TUMOURS[best]
    targets = []
    for name, site in (("T01", "LIVER"), ("T02", "LUNG")):
        size = int(rng.integers(20, 50))
        readings = [[round(size * share * again) for share in shares[:scans]] for again in (1, rng.uniform(0.95, 1.05))]
        targets.append(Lesion(name, site, *map(tuple, readings)))
    others = (("NT01", "BONE", "P" * scans),) if rng.uniform() < 0.5 else ()
    return Tumour(tuple(targets), others, best=best, confirmed="Y" if best == "PR" else "")


def extend(story: tuple[Course, ...], subjects: int | None, seed: int) -> tuple[Course, ...]:
    """The story, and as many more treated subjects as make `subjects`; None adds nobody."""
    treated = sum(course.patient.infused is not None for course in story)
    if subjects is None:
        return story
    if subjects < treated:
        raise ValueError(f"the story has {treated} treated subjects; ask for as many or more, not {subjects}")
    return (*story, *draw(subjects - treated, seed))
