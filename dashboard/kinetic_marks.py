"""What the numbers of the chosen patient rest on, drawn over the curve: the area, and the samples of lambda_z."""

from collections.abc import Collection

import pandas as pd

from dashboard.exposures import endpoint_samples, exposures_of, parameters_of
from dashboard.figures.marks import Marks
from dashboard.figures.panels import unit_words
from dashboard.kinetic_words import amount, titled
from dashboard.sentences import Sentences
from dashboard.session import Asked
from pk.nca import area_outline, terminal_points
from pk.remarks import say as remarks_of


def marks(asked: Asked, people: Collection[str]) -> Marks | None:
    """None where no patient is chosen, or the curve shows other than what the numbers rest on."""
    view = asked.view
    if view.subject not in people or (view.clock, view.per) != ("actual", "dna"):
        return None
    samples = endpoint_samples(asked.cut, asked.head)
    own = samples[samples["subject"] == view.subject]
    if own.empty:
        return None
    end = area_end(asked)
    said = f"{asked.numbers[view.subject]}: {_area_words(asked, end)}", _terminal_words(asked)
    return Marks(area_outline(own, 0, end), terminal_points(own), said)


def area_end(asked: Asked) -> int:
    """The area of the endpoints that the days on display come nearest to."""
    areas = asked.cut.protocol.kinetics.areas
    return max(areas) if asked.view.days == "all" else min(areas, key=lambda end: abs(end - int(asked.view.days)))


def _area_words(asked: Asked, end: int) -> str:
    found = exposures_of(asked.cut, asked.head)
    found = found[(found["subject"] == asked.view.subject) & (found["parameter"] == "AUCINT") & (found["end"] == end)]
    [one] = found.itertuples()
    name = titled(asked.say, "AUCINT", end, "")
    if pd.isna(one.value):
        return asked.say("kinetics.no_area", name=name)
    final = "" if one.state == "complete" else " *"
    return f"{name} {amount(one.value, one.unit)} {unit_words(one.unit)}{final}"


def _terminal_words(asked: Asked) -> str:
    found = parameters_of(asked.cut, asked.head)
    found = found[found["subject"] == asked.view.subject].set_index("parameter")
    half_life = found.loc["LAMZHL"]
    if pd.isna(half_life["value"]):
        why = remarks_of(found.loc[["LAMZHL"]], Sentences("nca", asked.say)).item()
        return asked.say("kinetics.no_terminal", why=why)
    numbers = {"points": int(found.loc["LAMZNPT", "value"]), "r2": f"{found.loc['R2ADJ', 'value']:.3f}"}
    return asked.say("kinetics.terminal", half_life=amount(half_life["value"], "d"), **numbers)
