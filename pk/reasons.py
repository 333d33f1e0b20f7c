"""Why a number of a fit of Stein's model is missing, and what is said beside one that is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pk.curves import Samples, landmarks
from pk.remarks import PEAK_OBSERVED
from pk.stein import area

# One sentence a code. A translation has the same keys and placeholders.
ENGLISH = {
    "no_sample": "no sample with a result after Day 0",
    "all_blq": "never quantifiable after Day 0",
    "few_subjects": "no population, each alone: {n} subjects with a quantifiable sample after Day 0, of {least} needed",
    "wide": "{names} not given: the 95 % interval spans more than tenfold",
    "few_samples": "{names} not given: one subject alone needs three quantifiable samples",
    "of_population": "{names} not given: the samples say little that the other subjects do not say",
    "not_settled": "no population, each alone: the search did not settle",
    "not_found": "{names} not given: the search did not settle",
    "starts_differ": "no population, each alone: two starts of the search end in different places",
    "no_limit": "BLQ samples without a limit of quantification left out: {n}",
    "no_lower_sample": "cmax and tmax provisional: no lower sample after the maximum",
    "short": "cmax and tmax provisional: last sample on Day {day:.10g}, before Day {until}",
    "beyond": "{percent:.0f} % of {name} lies beyond the last sample, Day {day:.10g}",
}
SHARE = 0.05  # of an area beyond the last sample that is said
AREAS = {"auc0_28": 28.0, "auc0_90": 90.0}  # name -> end [d]


@dataclass(frozen=True)
class Reason:
    """`code` is a key of ENGLISH."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)  # what the sentence needs

    def say(self, sentences: Mapping[str, str] = ENGLISH) -> str:
        """The reason in the language of `sentences`, which has the keys and placeholders of ENGLISH."""
        return sentences[self.code].format(**self.values)


Why = tuple[Reason, ...]


def said(why: Why) -> str:
    """All of it in English, "" where there is nothing to say."""
    return "; ".join(reason.say() for reason in why)


def nothing_to_fit(samples: Samples) -> list[Why]:
    """By subject the reason why nothing can be fitted; empty where something can."""
    sampled, quantifiable = _after_zero(samples, True), _after_zero(samples, samples.quantifiable)
    codes = np.where(sampled == 0, "no_sample", np.where(quantifiable == 0, "all_blq", ""))
    return [(Reason(code),) if code else () for code in codes.tolist()]


def withheld(names: Sequence[str], code: np.ndarray) -> Why:
    """One reason for all the numbers that are not given for it."""
    return tuple(
        Reason(one, {"names": ", ".join(name for name, other in zip(names, code, strict=True) if other == one)})
        for one in dict.fromkeys(code[code != ""])
    )


def beside(samples: Samples, usable: np.ndarray, phi: np.ndarray, weights: np.ndarray, code: np.ndarray) -> list[Why]:
    """By usable subject what is said beside the numbers that are given.

    phi, weights: draws of the usable subjects. code: n x q, "" where a number is given, the areas last.
    """
    marks = landmarks(samples)
    last, lower_after = marks.last_sample[usable], marks.lower_after[usable]
    no_limit = _after_zero(samples, ~samples.quantifiable & ~(samples.lloq > 0))[usable]
    until = area(phi, last[:, None])
    told = [[Reason("no_limit", {"n": n})] if n else [] for n in no_limit.tolist()]
    for row, day in enumerate(last.tolist()):
        if not lower_after[row]:
            told[row].append(Reason("no_lower_sample"))
        elif day < PEAK_OBSERVED:
            told[row].append(Reason("short", {"day": day, "until": PEAK_OBSERVED}))
    for place, (name, end) in enumerate(AREAS.items(), start=-len(AREAS)):
        share = np.where(last < end, (weights * (1 - until / area(phi, end))).sum(axis=1), 0.0)
        for row in np.flatnonzero((share > SHARE) & (code[:, place] == "")).tolist():
            told[row].append(
                Reason("beyond", {"name": name, "percent": float(100 * share[row]), "day": float(last[row])})
            )
    return [tuple(reasons) for reasons in told]


def _after_zero(samples: Samples, where: np.ndarray | bool) -> np.ndarray:
    """By subject the number of samples after time 0."""
    return np.bincount(samples.subject[(samples.time > 0) & where], minlength=len(samples.subjects))
