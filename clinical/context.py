"""What other designs say of the counts at each dose level, beside the 3+3 and never instead of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pandas as pd

from clinical.designs import boin_boundaries, boin_mtd, crm_posterior, keyboard_decision
from clinical.escalation import OperatingCharacteristics, operating_characteristics
from clinical.proportions import beta_exceedance, clopper_pearson
from clinical.sentence import filled
from clinical.three_plus_three import COHORT, FULL, TOO_MANY
from clinical.trial_history import Ladder, Placed, ladder
from data.protocol import Protocol
from data.protocol_escalation import Models

# One sentence a code; {rule} and {boin} are the words at the end. A translation has the same keys and placeholders.
ENGLISH = {
    "unfinished": "at {dlts}/{evaluable} no decision is due: the cohort is not full",
    "agrees": "at {dlts}/{evaluable} the 3+3 and BOIN({target:g}) agree: {rule}",
    "differs_up": "at {dlts}/{evaluable} the 3+3 {rule} while BOIN({target:g}) {boin}: {rate:.2f} <= lambda_e "
    "{bound:.3f}",
    "differs_stay": "at {dlts}/{evaluable} the 3+3 {rule} while BOIN({target:g}) {boin}: {rate:.2f} lies between "
    "lambda_e {lambda_e:.3f} and lambda_d {lambda_d:.3f}",
    "differs_down": "at {dlts}/{evaluable} the 3+3 {rule} while BOIN({target:g}) {boin}: {rate:.2f} >= lambda_d "
    "{bound:.3f}",
    "differs_eliminate": "at {dlts}/{evaluable} the 3+3 {rule} while BOIN({target:g}) {boin} and never returns: "
    "P(rate > {target:g}) is above 0.95",
    "rule_up": "escalates",
    "rule_expand": "expands",
    "rule_done": "takes no more patients there",
    "rule_down": "takes the level as exceeded",
    "boin_up": "escalates",
    "boin_stay": "stays",
    "boin_down": "de-escalates",
    "boin_eliminate": "de-escalates",
}
# What BOIN may say where the rule says the same.
_SAME = {
    "up": {"up"},
    "expand": {"stay"},
    "done": {"up", "stay"},  # at the highest level both have nowhere to go
    "down": {"down", "eliminate"},
}
_LIMITS = ("eliminate_if_at_least", "deescalate_if_at_least", "escalate_if_at_most")  # columns of Boin.table


@dataclass(frozen=True)
class LevelContext:
    """One level with evaluable patients. Rates and probabilities are fractions 0 to 1."""

    level: int
    evaluable: int
    dlts: int
    interval: tuple[float, float]  # Clopper-Pearson 95 %
    rule: str  # up, enrol, expand, done, down: the 3+3 on these counts alone
    boin: str  # up, stay, down, eliminate
    keyboard: str  # E, S, D, DU
    crm_plug_in: float  # DLT rate at the posterior mean of the parameter
    crm_mean: float  # posterior mean of the DLT rate
    crm_p_above: float  # P(DLT rate > target) of the CRM
    p_above: float  # P(DLT rate > target) of this level alone, Beta prior
    code: str  # a key of ENGLISH
    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def agrees(self) -> bool | None:
        """Whether BOIN says the same; None where no decision is due at this level."""
        return None if self.code == "unfinished" else self.code == "agrees"

    def say(self, sentences: Mapping[str, str]) -> str:
        """Whether BOIN agrees, or why not; `sentences` has the keys and placeholders of ENGLISH."""
        words = {name: sentences.get(f"{name}_{word}", "") for name, word in (("rule", self.rule), ("boin", self.boin))}
        return filled(sentences[self.code], {**self.values, **words})


def context(patients: Iterable[Placed], protocol: Protocol) -> tuple[LevelContext, ...]:
    """The models' word on each level with evaluable patients, lowest first; none where the protocol names no models.

    patients: `clinical.trial_history.placed`; pending patients and those to be replaced are in no model.
    """
    models = protocol.dlt.models if protocol.dlt else None
    if models is None:
        return ()
    numbers, found = sorted(ladder(protocol).levels.values()), list(patients)
    dlts = tuple(sum(one.level == level and one.outcome == "T" for one in found) for level in numbers)
    treated = tuple(sum(one.level == level and one.outcome in "NT" for one in found) for level in numbers)
    return _context(tuple(numbers), treated, dlts, models)


def selected(patients: Iterable[Placed], protocol: Protocol) -> tuple[int | None, dict[int, float]]:
    """The level that BOIN would select were the trial to end with these results, and its isotonic DLT rate of each
    level with evaluable patients. None where no level is left. Arguments as `context`, of a protocol with models."""
    numbers, found = sorted(ladder(protocol).levels.values()), list(patients)
    dlts = [sum(one.level == level and one.outcome == "T" for one in found) for level in numbers]
    treated = [sum(one.level == level and one.outcome in "NT" for one in found) for level in numbers]
    ended = boin_mtd(protocol.dlt.models.target, treated, dlts)
    rates = {level: rate for level, rate in zip(numbers, ended.estimates["rate"], strict=True) if rate == rate}
    return None if ended.dose is None else numbers[ended.dose - 1], rates


@lru_cache(maxsize=256)
def _context(
    levels: tuple[int, ...], treated: tuple[int, ...], dlts: tuple[int, ...], models: Models
) -> tuple[LevelContext, ...]:
    crm = crm_posterior(models.skeleton, treated, dlts, prior_sd=models.prior_sd)
    above = crm.p_above(models.target)
    found = []
    for place, (level, n, k) in enumerate(zip(levels, treated, dlts, strict=True)):
        if not n:
            continue
        rule = _rule_on(k, n, top=place + 1 == len(levels))
        boin, bounds = _boin_on(k, n, models.target)
        values = {"dlts": k, "evaluable": n, "target": models.target, "rate": k / n, **bounds}
        found.append(
            LevelContext(
                level=level,
                evaluable=n,
                dlts=k,
                interval=clopper_pearson(k, n),
                rule=rule,
                boin=boin,
                keyboard=keyboard_decision(k, n, models.target),
                crm_plug_in=float(crm["plug_in"].iloc[place]),
                crm_mean=float(crm["mean"].iloc[place]),
                crm_p_above=float(above.iloc[place]),
                p_above=beta_exceedance(k, n, models.target, *models.beta),
                code=_code(rule, boin),
                values=values | {"bound": bounds["lambda_e" if boin == "up" else "lambda_d"]},
            )
        )
    return tuple(found)


def _code(rule: str, boin: str) -> str:
    if rule == "enrol":
        return "unfinished"
    return "agrees" if boin in _SAME[rule] else f"differs_{boin}"


def _rule_on(dlts: int, evaluable: int, *, top: bool) -> str:
    """The classic 3+3 on one level's counts, all results in."""
    if dlts >= TOO_MANY:
        return "down"
    if evaluable < COHORT or COHORT < evaluable < FULL:
        return "enrol"
    if evaluable == COHORT and dlts:
        return "expand"
    return "done" if top else "up"


def _boin_on(dlts: int, evaluable: int, target: float) -> tuple[str, dict[str, float]]:
    boin = boin_boundaries(target, evaluable)
    row = boin.table.iloc[-1]
    # <NA> where no number of DLTs does it.
    eliminates, leaves, rises = (None if pd.isna(row[name]) else row[name] for name in _LIMITS)
    said = "stay"
    if eliminates is not None and dlts >= eliminates:
        said = "eliminate"
    elif leaves is not None and dlts >= leaves:
        said = "down"
    elif rises is not None and dlts <= rises:
        said = "up"
    return said, {"lambda_e": boin.lambda_e, "lambda_d": boin.lambda_d}


def characteristics(rates: Sequence[float], rungs: Ladder) -> OperatingCharacteristics:
    """The exact operating characteristics of the trial's 3+3 at true DLT rates, one a level, lowest first.

    ValueError as `clinical.escalation.operating_characteristics`.
    """
    return _characteristics(tuple(rates), rungs.variant, rungs.rule["lowest"])


@lru_cache(maxsize=64)
def _characteristics(rates: tuple[float, ...], variant: str, lowest: int) -> OperatingCharacteristics:
    return operating_characteristics(rates, variant=variant, lowest=lowest)
