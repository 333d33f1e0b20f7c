"""What the curves say in a sentence or two."""

import pandas as pd

from dashboard.drill import linked, mark
from dashboard.figures.panels import unit_words
from dashboard.kinetic_words import amount, assay
from dashboard.labels import Say
from dashboard.session import Asked


def in_short(asked: Asked, samples: pd.DataFrame, found: pd.DataFrame) -> str | list:
    """What the curves say in a sentence: in how many the cells were found, the highest peak, where they still are."""
    say = asked.say
    if samples["endpoint"].sum() == 0:
        return say("kinetics.none")
    peaks = found[(found["parameter"] == "CMAX") & found["value"].notna()]
    told = {"k": len(peaks), "n": found["subject"].nunique(), "assay": assay(asked)}
    if peaks.empty:
        return say("kinetics.short_none", **told)
    top = peaks.loc[peaks["value"].idxmax()]
    when = found[(found["subject"] == top["subject"]) & (found["parameter"] == "TMAX")]["value"].item()
    still = found[(found["parameter"] == "TLST") & (found["why"] == "still there")]
    told |= {
        "value": f"{amount(top['value'], top['unit'])} {unit_words(top['unit'])}",
        "who": mark(top["subject"]),
        "day": f"{when:.1f}",
    }
    return linked(asked, f"{say('kinetics.short', **told)} {_still(say, still)}")


def _still(say: Say, still: pd.DataFrame) -> str:
    if still.empty:
        return say("kinetics.gone")
    if len(still) > 8:
        return say("kinetics.still_many", count=len(still))
    who = (f"{mark(one.subject)} ({say('patient.day', day=int(one.last))})" for one in still.itertuples())
    return say("kinetics.still", who=", ".join(who))
