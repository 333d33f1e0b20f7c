"""IEC-HS: whether results of one time ask for a medical review, and which of the published features they have."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clinical.grading.findings import published

CRITERIA = published("iec_hs_2023")
SCALE = CRITERIA["scale"]
FEATURES = ("transaminases", "fibrinogen", "hemophagocytosis", "cytopenia")

ENGLISH = {
    "review": "screening flag for medical review, not a diagnosis: ferritin and at least one common feature",
    "explained": "criteria met and explained otherwise",
    "no_ferritin": "ferritin criterion not met",
    "no_feature": "ferritin criterion met, no common feature within 72 h",
    "cannot_tell": "cannot be told",
    "not_assessed": "whether CRS, infection or progression explain it is not assessed",
}

_CLOSE = 1e-9
Said = bool | None


@dataclass(frozen=True)
class Screen:
    flag: bool | None  # True: review; None: cannot be told
    ferritin: bool | None  # the required criterion
    features: tuple[str, ...]  # of FEATURES, those that are surely there
    missing: tuple[str, ...]  # arguments that could change the answer
    codes: tuple[str, ...]  # keys of ENGLISH
    scale: str = SCALE

    @property
    def reason(self) -> str:
        return self.say(ENGLISH)

    def say(self, sentences: Mapping[str, str]) -> str:
        return "; ".join(sentences[code] for code in self.codes)


def screen(
    *,
    ferritin: float | None = None,
    ferritin_uln: float | None = None,
    ferritin_baseline: float | None = None,
    ferritin_48h_before: float | None = None,
    alt: float | None = None,
    alt_uln: float | None = None,
    alt_baseline: float | None = None,
    ast: float | None = None,
    ast_uln: float | None = None,
    ast_baseline: float | None = None,
    fibrinogen: float | None = None,
    fibrinogen_lln: float | None = None,
    hemophagocytosis: bool | None = None,
    cytopenia: bool | None = None,
    explained: bool | None = None,
) -> Screen:
    """Whether the ferritin criterion and a common feature within 72 h are met and nothing else explains them.

    ferritin and its limits in one unit; ferritin_baseline: the last before the infusion; ferritin_48h_before: the
    lowest of the 48 h before. alt, ast with their limits in one unit. fibrinogen, fibrinogen_lln [g/L].
    hemophagocytosis: in marrow or other tissue. cytopenia: new, worse or refractory after Day 7 or after CRS improved,
    at least one of neutrophils, platelets, haemoglobin at grade 4. explained: by CRS, infection or disease progression;
    None, not assessed, does not silence the flag. None = not known, never "no": the answer may be None.
    ValueError: a negative value.
    Source: Hines 2023, Tables 2 and 3; the limits, and what is this project's own, stand in iec_hs_2023.toml.
    """
    given = {name: _known(name, value) for name, value in locals().items()}
    required, lacks = _ferritin(given)
    features = {
        "transaminases": _either(_transaminase(given, "alt"), _transaminase(given, "ast")),
        "fibrinogen": _fibrinogen(given),
        "hemophagocytosis": (hemophagocytosis, ("hemophagocytosis",)),
        "cytopenia": (cytopenia, ("cytopenia",)),
    }
    any_feature, lacks_feature = _either(*features.values())
    found = tuple(name for name, (said, _) in features.items() if said)
    if required is False:
        return Screen(False, required, found, (), ("no_ferritin",))
    if any_feature is False:
        return Screen(False, required, found, (), ("no_feature",))
    if explained:
        return Screen(False, required, found, (), ("explained",))
    if required and any_feature:
        codes = ("review",) if explained is False else ("review", "not_assessed")
        return Screen(True, required, found, (), codes)
    missing = (*(lacks if required is None else ()), *(lacks_feature if any_feature is None else ()))
    return Screen(None, required, found, missing, ("cannot_tell",))


Answer = tuple[Said, tuple[str, ...]]  # and the arguments that could change it from None


def _known(name: str, value: float | bool | None) -> float | bool | None:
    if value is None or math.isnan(value):
        return None
    if value < 0:
        raise ValueError(f"{name}: {value:g} is negative")
    return value


def _exceeds(value: float | None, limit: float | None, times: float = 1.0) -> Said:
    """None where either is missing; a value on the limit does not exceed it."""
    if value is None or limit is None:
        return None
    return value > times * limit and not math.isclose(value, times * limit, rel_tol=_CLOSE)


def _reaches(value: float | None, limit: float | None, times: float) -> Said:
    exceeds = _exceeds(value, limit, times)
    return exceeds or (None if exceeds is None else math.isclose(value, times * limit, rel_tol=_CLOSE))


def _either(*answers: Answer) -> Answer:
    said = [one for one, _ in answers]
    if True in said:
        return True, ()
    if None in said:
        return None, _lacking(answers)
    return False, ()


def _both(*answers: Answer) -> Answer:
    said = [one for one, _ in answers]
    if False in said:
        return False, ()
    return (None, _lacking(answers)) if None in said else (True, ())


def _lacking(answers: Iterable[Answer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one, names in answers if one is None for name in names))


def _asked(given: Mapping, said: Said, *names: str) -> Answer:
    return said, tuple(name for name in names if given[name] is None)


def _ferritin(given: Mapping) -> Answer:
    """High, and rising too."""
    limits, value = CRITERIA["ferritin"], given["ferritin"]
    uln, baseline, before = (given[f"ferritin_{one}"] for one in ("uln", "baseline", "48h_before"))
    high = _either(
        _asked(given, _exceeds(value, uln, limits["times_uln"]), "ferritin", "ferritin_uln"),
        _asked(given, _exceeds(value, baseline, limits["times_baseline"]), "ferritin", "ferritin_baseline"),
    )
    rising = _either(
        _asked(given, _reaches(value, before, limits["rising_times_48h"]), "ferritin", "ferritin_48h_before"),
        _asked(given, _reaches(value, baseline, limits["rising_times_baseline"]), "ferritin", "ferritin_baseline"),
    )
    return _both(high, rising)


def _transaminase(given: Mapping, test: str) -> Answer:
    """Above 5 x ULN, or 5 x baseline where that was abnormal; without a baseline 5 x ULN is the least it must be."""
    value, uln, baseline = given[test], given[f"{test}_uln"], given[f"{test}_baseline"]
    limits, asked = CRITERIA["common"], (test, f"{test}_uln", f"{test}_baseline")
    above = _exceeds(value, uln, limits["transaminase_times_uln"])
    abnormal = _exceeds(baseline, uln)
    if abnormal:
        return _asked(given, _exceeds(value, baseline, limits["transaminase_times_baseline"]), *asked)
    return _asked(given, None if above and abnormal is None else above, *asked)


def _fibrinogen(given: Mapping) -> Answer:
    value, lln = given["fibrinogen"], given["fibrinogen_lln"]
    fixed = _exceeds(CRITERIA["common"]["fibrinogen_g_per_l"], value)
    return _either(
        _asked(given, fixed, "fibrinogen"), _asked(given, _exceeds(lln, value), "fibrinogen", "fibrinogen_lln")
    )
