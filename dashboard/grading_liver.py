"""The liver card: the eDISH figure, and who may meet Hy's law."""

from functools import lru_cache

import pandas as pd
from dash import html

from clinical.grading.liver import edish
from clinical.lab_grades import is_blood
from dashboard.drill import linked, mark
from dashboard.figures.edish import edish as drawn
from dashboard.figures.scatter import HEIGHT, Words
from dashboard.labels import Say
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from dashboard.theme import Figure
from data.store import Cut
from queries.measurements import measurements
from queries.subjects import subjects

CODES = ("ALT", "AST", "BILI", "ALP")


@lru_cache(maxsize=8)
def livers_of(cut: Cut) -> pd.DataFrame:
    """`clinical.grading.liver.edish` of the samples since the infusion, by usubjid, with the cohort."""
    rows = measurements(cut, ("lab",), codes=CODES)
    rows = rows[(rows["time"] >= 0) & is_blood(rows) & (rows["range_high"] > 0)]
    samples = pd.DataFrame(
        {
            "subject": rows["usubjid"],
            "day": rows["rel_day"].astype(float),
            "code": rows["code"],
            "multiple": rows["value"] / rows["range_high"],
        }
    )
    found = edish(samples).set_index("subject")
    return found.assign(cohort=subjects(cut).set_index("usubjid")["cohort"].reindex(found.index))


def liver_words(asked: Asked) -> list:
    """Who is a candidate, of whom it cannot be said, and who is not in the figure."""
    say, found = asked.say, livers_of(asked.cut)
    known = found.dropna(subset=["x", "y"])
    infused = subjects(asked.cut)["day0"] <= asked.cut.cutoff
    if known.empty:
        return [html.P(say("grading.no_liver"))]
    verdict = {who: one.candidate for who, one in zip(known.index, known.itertuples(), strict=True)}
    candidates = [who for who, said in verdict.items() if said]
    unsure = [who for who, said in verdict.items() if said is None]
    counts = {"count": len(candidates), "n": len(known)}
    named = say("grading.hys_law", who=_names(candidates), **counts)
    lines = [named if candidates else say("grading.no_hys_law", n=len(known))]
    lines += [say("grading.hys_law_unsure", who=_names(unsure))] if unsure else []
    without = int(infused.sum()) - len(known)
    lines += [say("grading.no_multiples", count=without)] if without else []
    return [html.P(linked(asked, one)) for one in lines] + [html.P(say("grading.liver_about"), className="quiet")]


def _names(people: list[str]) -> str:
    return ", ".join(mark(one) for one in people)


def liver_style(asked: Asked) -> dict[str, str]:
    """Of the figure: none where there is no dot, which the words say."""
    known = livers_of(asked.cut).dropna(subset=["x", "y"])
    return {"display": "none"} if known.empty else {"height": f"{HEIGHT}px"}


def liver_figure(asked: Asked) -> Figure:
    say, found = asked.say, livers_of(asked.cut).dropna(subset=["x", "y"])
    unsure = [one.candidate is None for one in found.itertuples()]
    rows = pd.DataFrame({"usubjid": found.index, "cohort": found["cohort"].to_numpy(), "x": found["x"].to_numpy(),
                         "y": found["y"].to_numpy(), "x_limit": ""})  # fmt: skip
    rows["y_limit"] = ["unsure" if one else "" for one in unsure]
    names = {
        "hys_law_range": say("grading.hys_law_range"),
        "temples_corollary": say("grading.temples_corollary"),
        "hyperbilirubinemia": say("grading.hyperbilirubinemia"),
    }
    words = Words(
        x=say("grading.peak_aminotransferase"),
        y=say("grading.peak_bilirubin"),
        said=(),
        stamp=stamp(asked),
        name=asked.numbers,
        link=asked.view.patients(found.index),
        about={one.Index: about(say, one) for one in found.itertuples()},
        ticks={},
        nothing=say("grading.no_liver"),
    )
    levels = {one: asked.cut.protocol.place(one) for one in rows["cohort"].unique()}
    return drawn(rows, levels, names, words, theme=asked.view.theme, chosen=asked.view.subject)


def about(say: Say, one) -> str:
    """Both peaks of a patient with their days, and what is said of Hy's law."""
    days = {"day_x": int(one.day_x), "day_y": int(one.day_y)}
    peaks = say("grading.liver_peaks", x=f"{one.x:.2f}", y=f"{one.y:.2f}", **days)
    if one.candidate is None:
        sentences = Sentences("liver", say)
        return f"{peaks}; {say('grading.cannot_tell')}: {'; '.join(sentences[each] for each in one.missing)}"
    return f"{peaks}; {say('grading.candidate') if one.candidate else say('grading.no_candidate')}"
