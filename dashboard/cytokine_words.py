"""How peaks, outcomes and what they go with are put into words, the same in matrix, scatter, table and hover."""

import pandas as pd

from clinical.outcomes import CHANGE, CRS, RESPONSE
from clinical.peaks import ABOVE, BELOW
from dashboard.correlating import Cytokines
from dashboard.figures.panels import unit_words
from dashboard.session import Asked
from data.protocol_measures import Peak

BOUND = {"": "", BELOW: "≤ ", ABOVE: "≥ "}


def number(value: float) -> str:
    """Three digits that count, and never an exponent."""
    return f"{float(f'{value:.3g}'):,.12g}"


def signed(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def signed_percent(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def probability(p: float, sign: str = "") -> str:
    """sign: what stands before a number that is told exactly, "= " inside a sentence."""
    return "< 0.001" if p < 0.001 else sign + (f"{p:.3f}" if p < 0.1 else f"{p:.2f}")


def estimate(asked: Asked, cell) -> str:
    key = "cytokines.auc" if cell.outcome == RESPONSE else "cytokines.rho"
    return asked.say(key, value=signed(cell.estimate))


def method(asked: Asked, name: str) -> str:
    kind = "exact" if name == "exact" else "large" if name.startswith("large") else "permutation"
    return asked.say(f"cytokines.method_{kind}")


def outcome_name(asked: Asked, outcome: str) -> str:
    return asked.say(f"cytokines.outcome_{outcome}", day=asked.cut.protocol.associations.to_day)


def outcome_unit(found: Cytokines, outcome: str) -> str:
    units = found.outcomes.loc[(found.outcomes["outcome"] == outcome) & (found.outcomes["unit"] != ""), "unit"]
    return "" if units.empty else unit_words(units.iloc[0])


def peak_unit(asked: Asked, peak: Peak) -> str:
    return next(unit_words(one.unit) for one in asked.cut.protocol.analytes if one.code == peak.code)


def outcome_words(asked: Asked, outcome: str, value: float, words: str, limit: str) -> str:
    say = asked.say
    if outcome == RESPONSE:
        return words
    if outcome == CRS:
        return say("cytokines.crs_grade", grade=int(value)) if value else say("cytokines.no_crs")
    if limit == BELOW:
        return say("cytokines.never_quantified")
    return f"{signed_percent(value)} %" if outcome == CHANGE else number(value)


def peak_reason(asked: Asked, why: str, last_day: object, label: str, until: tuple[str, ...]) -> str:
    drug = ", ".join(one.capitalize() for one in until)
    last = "–" if pd.isna(last_day) else last_day
    return asked.say(f"cytokines.peak_{why}", label=label, day=last, drug=drug)


def outcome_reason(asked: Asked, code: str, outcome: str, followed: int, day) -> str:
    name = outcome_name(asked, outcome)
    day = "–" if pd.isna(day) else int(day)
    return asked.say(f"cytokines.out_{code}", outcome=name, followed=followed, day=day)
