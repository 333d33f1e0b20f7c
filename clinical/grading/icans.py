"""ICANS by the ASTCT consensus: the grade of one assessment, a range where an input is missing."""

from clinical.grading import Grade
from clinical.grading.findings import Finding, deciding, graded, highest, number, published, spelled

CRITERIA = published("icans_astct_2019")
SCALE = CRITERIA["scale"]

# A sentence for each argument that can be missing, and for each note; a translation has the same keys.
ENGLISH = {
    "ice": "ICE not done",
    "consciousness": "consciousness not recorded",
    "seizure": "seizures not recorded",
    "motor": "motor findings not recorded",
    "raised_icp": "signs of raised intracranial pressure not recorded",
    "death": "death not recorded",
    "not_gradable": "sedated or intubated: consciousness not gradable",
    "nothing": "ICE not done and nothing else recorded: not evaluable",
    "cause": "meets criteria, cause not assessed",
    "other_cause": "attributed to another cause",
}

_ICE = sorted((int(score), grade) for score, grade in CRITERIA["ice"].items())
_AWAKE, _UNAROUSABLE = 0, 4
_WORST = 4  # of what is found; 5 is death


def _table(component: str) -> dict[str, int]:
    return {spelled(name): int(grade) for grade, names in CRITERIA[component].items() for name in names}


_GRADES = {component: _table(component) for component in ("consciousness", "seizure", "motor", "raised_icp")}
_NOT_GRADABLE = {spelled(one) for one in CRITERIA["not_gradable"]["consciousness"]}


def grade(
    ice: int | None = None,
    consciousness: str | None = None,
    seizure: str | bool | None = None,
    motor: str | bool | None = None,
    raised_icp: str | bool | None = None,
    other_cause: bool | None = None,
    death: bool | None = False,
) -> Grade:
    """ICANS grade 0-5 at one assessment, or the range it lies in; None = not recorded, which is never "none".

    ice: 0-10, ValueError for another; None = not done. consciousness: "awake", "awakens to voice", "awakens only to
    tactile", "unarousable", or "sedated". seizure: "none", "resolving", "prolonged", "repetitive". motor: "none",
    "deep focal weakness". raised_icp: "none", "focal edema", "diffuse edema", "posturing", "papilledema", ...; False is
    "none", True any of its kind. KeyError for words that the criteria do not have. other_cause: True takes everything
    back; not assessed is said beside the grade. death: of ICANS. With neither ICE nor any finding there is no range.
    Source: Lee 2019, Tables 4 to 6; the findings stand in icans_astct_2019.toml.
    """
    ice = number("ice", ice, 0, 10)
    if death:
        found = {"death": Finding.sure(5)}
    else:
        found = {
            "consciousness": _consciousness(consciousness),
            "ice": _ice(ice, consciousness),
            "seizure": _finding("seizure", seizure),
            "motor": _finding("motor", motor),
            "raised_icp": _finding("raised_icp", raised_icp),
        }
    if other_cause:
        return graded(Finding.sure(0, "other_cause"), SCALE, ENGLISH)
    if not death and ice is None and all(one is None for one in (consciousness, seizure, motor, raised_icp)):
        return Grade(None, None, None, SCALE, ENGLISH["nothing"], tuple(found), codes=("nothing",))
    if death is None:
        found |= {"death": Finding(0, 5, ("death",))}
    worst = highest(found)
    if other_cause is None and worst.high > 0:
        worst = worst._replace(notes=(*worst.notes, "cause"))
    return graded(worst, SCALE, ENGLISH, deciding(found, worst.low))


def _ice(ice: int | None, consciousness: str | None) -> Finding:
    """A score of 0 in a patient who cannot be roused is no aphasia: consciousness has the grade."""
    if ice is None:
        return Finding(0, _ICE[0][1], ("ice",))
    grade = next(grade for score, grade in reversed(_ICE) if ice >= score)
    if ice == 0 and _sedated(consciousness):
        return Finding(0, grade)
    return Finding.sure(grade)


def _consciousness(said: str | None) -> Finding:
    if said is None:
        return Finding(_AWAKE, _UNAROUSABLE, ("consciousness",))
    if _sedated(said):
        return Finding(_AWAKE, _UNAROUSABLE, notes=("not_gradable",))
    return Finding.sure(_GRADES["consciousness"][spelled(said)])


def _sedated(consciousness: str | None) -> bool:
    return consciousness is not None and spelled(consciousness) in _NOT_GRADABLE


def _finding(component: str, said: str | bool | None) -> Finding:
    grades = _GRADES[component]
    if said is None:
        return Finding(0, _WORST, (component,))
    if isinstance(said, str):
        return Finding.sure(grades[spelled(said)])
    some = [one for one in grades.values() if one]
    return Finding(min(some), max(some), (component,) if min(some) < max(some) else ()) if said else Finding.sure(0)
