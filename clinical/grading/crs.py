"""Cytokine release syndrome by the ASTCT consensus: the grade of one assessment, a range where an input is missing."""

import math

from clinical.grading import Grade
from clinical.grading.findings import Finding, deciding, graded, highest, number, published, spelled

CRITERIA = published("crs_astct_2019")
SCALE = CRITERIA["scale"]

# A sentence for each argument that can be missing, and for each note; a translation has the same keys.
ENGLISH = {
    "temperature": "temperature not recorded",
    "fever_in_episode": "fever earlier in the episode not recorded",
    "fever_treated": "antipyretic or anti-cytokine therapy not recorded",
    "hypotension": "blood pressure not recorded",
    "vasopressors": "vasopressors not recorded",
    "vasopressin": "vasopressin not recorded",
    "oxygen_device": "oxygen not recorded",
    "oxygen_flow": "oxygen flow not recorded",
    "death": "death not recorded",
    "axillary": "axillary temperature: may be 38.0 °C or more at the core",
    "masked": "fever may be masked, review",
    "treated": "no fever under treatment: pressor and oxygen alone decide",
    "vasopressin_alone": "vasopressin alone: not addressed by the scale, taken as one vasopressor, review",
    "device_and_flow": "the name of the device and its flow disagree, review",
    "cause": "meets criteria, cause not assessed",
    "other_cause": "attributed to another cause",
}

_PRESSURE = CRITERIA["hypotension"]
_OXYGEN = CRITERIA["hypoxia"]
_DEVICES = {name: int(grade) for grade, names in _OXYGEN["devices"].items() for name in names}
_CANNULAS = {name: kind for kind, names in _OXYGEN["cannulas"].items() for name in names}
_NAMED_FLOW = {"any": (), "low": (_OXYGEN["low_flow"],), "high": (_OXYGEN["high_flow"],)}
_WORST = 4  # of what is measured; 5 is death


def grade(
    temperature: float | None = None,
    fever_in_episode: bool | None = None,
    fever_treated: bool | None = None,
    hypotension: bool | None = None,
    vasopressors: int | None = None,
    vasopressin: bool | None = None,
    oxygen_device: str | None = None,
    oxygen_flow: float | None = None,
    other_cause: bool | None = None,
    death: bool | None = False,
    *,
    temperature_site: str | None = None,
) -> Grade:
    """CRS grade 0-5 at one assessment, or the range it lies in; None = not recorded, which is never "no".

    temperature [°C]: the highest of the window. fever_in_episode: 38.0 °C or more before, since the infusion, in this
    episode. fever_treated: antipyretics, tocilizumab, steroids or other anti-cytokine therapy on board. hypotension:
    pressure below the protocol's limit, whatever is given for it. vasopressors: how many, vasopressin not counted;
    their dose does not matter. oxygen_device: "none" on room air; KeyError for a name that the criteria do not have.
    oxygen_flow [L/min]. other_cause: True takes everything back; not assessed is said beside the grade. death: of CRS.
    temperature_site: in the axilla 37.5 to 37.9 °C can be fever.
    Intubation to protect the airway alone, and oxygen from before the infusion, are another cause.
    ValueError, naming the argument, for a temperature that is none in °C, a negative count or flow.
    Source: Lee 2019, Table 2; the limits stand in crs_astct_2019.toml.
    """
    if death:
        arms = {"death": Finding.sure(5)}
    else:
        arms = {
            "hypotension": _hypotension(hypotension, vasopressors, vasopressin),
            "hypoxia": hypoxia(oxygen_device, oxygen_flow),
        }
        arms = _with_fever(arms, fever(temperature, temperature_site), fever_in_episode, fever_treated)
    if other_cause:
        return graded(Finding.sure(0, "other_cause"), SCALE, ENGLISH)
    if death is None:
        arms |= {"death": Finding(0, 5, ("death",))}
    found = highest(arms)
    if other_cause is None and found.high > 0:
        found = found._replace(notes=(*found.notes, "cause"))
    return graded(found, SCALE, ENGLISH, deciding(arms, found.low))


def has_fever(temperature: float) -> bool:
    """Of a core temperature [°C]; 100.4 °F, converted, is 38.0."""
    limit = CRITERIA["fever"]["celsius"]
    return temperature > limit or math.isclose(temperature, limit, abs_tol=1e-6)


def fever(temperature: float | None, site: str | None = None) -> Finding:
    """1 = fever, 0 = none, of a temperature [°C] and where it was measured."""
    value, limits = number("temperature", temperature, 25, 45), CRITERIA["fever"]
    if value is None:
        return Finding(0, 1, ("temperature",))
    if has_fever(value):
        return Finding.sure(1)
    axillary = site is not None and spelled(site) in limits["axillary_sites"]
    return Finding(0, 1, notes=("axillary",)) if axillary and value >= limits["axillary_celsius"] else Finding.sure(0)


def _hypotension(low_pressure: bool | None, count: int | None, vasopressin: bool | None) -> Finding:
    count = number("vasopressors", count, 0, 20)
    if count is not None and count >= 1:
        return Finding.sure(_PRESSURE["multiple vasopressors" if count >= 2 else "one vasopressor"])
    least = Finding(0, _PRESSURE["no vasopressor"], ("hypotension",))
    if low_pressure is not None:
        least = Finding.sure(_PRESSURE["no vasopressor" if low_pressure else "none"])
    alone = _PRESSURE["vasopressin alone"]
    if vasopressin:
        least = Finding.sure(alone, "vasopressin_alone") if count == 0 else Finding.sure(alone)
    if count is None:
        return Finding(least.low, _WORST, (*least.missing, "vasopressors"))
    if vasopressin is None:
        return Finding(least.low, alone, (*least.missing, "vasopressin"))
    return least


def hypoxia(device: str | None, flow: float | None) -> Finding:
    """What oxygen alone says: by the device, of a cannula by its flow [L/min]; KeyError for an unknown name."""
    flow = number("oxygen_flow", flow, 0, 100)
    if device is None:
        return Finding(0, _WORST, ("oxygen_device",))
    name = spelled(device)
    if name not in _CANNULAS:
        return Finding.sure(_DEVICES[name])
    said = {*_NAMED_FLOW[_CANNULAS[name]]}
    if flow is not None:
        said.add(_OXYGEN["low_flow" if flow <= _OXYGEN["low_flow_litres"] else "high_flow"])
    if not said:
        return Finding(_OXYGEN["low_flow"], _OXYGEN["high_flow"], ("oxygen_flow",))
    return Finding.sure(*said) if len(said) == 1 else Finding(min(said), max(said), notes=("device_and_flow",))


def _with_fever(
    arms: dict[str, Finding], fever: Finding, fever_in_episode: bool | None, treated: bool | None
) -> dict[str, Finding]:
    """The components as far as fever lets them count: without any in the episode there is no CRS."""
    if fever.low or fever_in_episode:
        waived = Finding.sure(0, "treated") if treated and not fever.high else fever
        return arms | {"fever": waived}
    doubts = fever.missing + (("fever_in_episode",) if fever_in_episode is None else ())
    notes = fever.notes
    if not fever.high and fever_in_episode is False:
        if treated is False:
            return {"fever": Finding.sure(0)}
        doubts, notes = (("fever_treated",), ()) if treated is None else ((), ("masked",))
    doubtful = {
        name: one._replace(low=0, missing=(*one.missing, *doubts), notes=(*one.notes, *notes))
        for name, one in arms.items()
        if one.high
    }
    return doubtful | {"fever": fever}
