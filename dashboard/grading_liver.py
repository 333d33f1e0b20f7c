"""The liver card: the eDISH figure, and who may meet Hy's law."""

from collections.abc import Iterable
from functools import lru_cache

import pandas as pd
from dash import html

from clinical.grading.liver import edish
from clinical.lab_grades import with_baseline
from dashboard.drill import linked, mark
from dashboard.figures.edish import edish as drawn
from dashboard.figures.scatter import HEIGHT, Words
from dashboard.labels import Say
from dashboard.sentences import Sentences
from dashboard.session import Asked, stamp
from dashboard.tables import export_link
from dashboard.theme import Figure
from data.store import Cut
from queries.measurements import measurements
from queries.subjects import subjects

CODES = ("ALT", "AST", "BILI", "ALP")


@lru_cache(maxsize=8)
def livers_of(cut: Cut) -> pd.DataFrame:
    """`clinical.grading.liver.edish` of the samples since the infusion, by usubjid, with the cohort."""
    everyone = subjects(cut).set_index("usubjid")
    since = everyone["lymphodepletion"].fillna(everyone["day0"]).dropna()
    rows = with_baseline(measurements(cut, ("lab",), codes=CODES), since)
    rows = rows[(rows["time"] >= 0) & (rows["range_high"] > 0)]
    samples = pd.DataFrame(
        {
            "subject": rows["usubjid"],
            "day": rows["rel_day"].astype(float),
            "code": rows["code"],
            "multiple": rows["value"] / rows["range_high"],
            "qualifier": rows["qualifier"],
            "baseline": rows["value_baseline"] / rows["range_high_baseline"].where(rows["range_high_baseline"] > 0),
        }
    )
    found = edish(samples).set_index("subject")
    return found.assign(cohort=everyone["cohort"].reindex(found.index))


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
    limits = int(((known["x_limit"] != "") | (known["y_limit"] != "")).sum())
    lines += [say("grading.liver_limits", count=limits)] if limits else []
    query = asked.view.change(open="").search
    about = html.P(say("grading.liver_about"), className="quiet")
    return [*(html.P(linked(asked, one)) for one in lines), about, export_link(f"/export/edish.csv?{query}", say)]


def _names(people: list[str]) -> str:
    return ", ".join(mark(one) for one in people)


def liver_style(asked: Asked) -> dict[str, str]:
    """Of the figure: none where there is no dot, which the words say."""
    known = livers_of(asked.cut).dropna(subset=["x", "y"])
    return {"display": "none"} if known.empty else {"height": f"{HEIGHT}px"}


def liver_figure(asked: Asked) -> Figure:
    say, found = asked.say, livers_of(asked.cut).dropna(subset=["x", "y"])
    rows = found.reset_index(names="usubjid")[["usubjid", "cohort", "x", "y", "x_limit", "y_limit"]]
    rows["is_sure"] = [one is not None for one in found["candidate"]]
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
    peaks = say("grading.liver_peaks", x=_bound(one.x, one.x_limit), y=_bound(one.y, one.y_limit), **days)
    peaks += _of_baseline(say, one)
    if one.candidate is None:
        sentences = Sentences("liver", say)
        return f"{peaks}; {say('grading.cannot_tell')}: {'; '.join(sentences[each] for each in one.missing)}"
    return f"{peaks}; {say('grading.candidate') if one.candidate else say('grading.no_candidate')}"


def _of_baseline(say: Say, one) -> str:
    """The peaks against a baseline that was above its ULN: both readings are shown."""
    raised = {"liver_x_baseline": (one.x, one.x_baseline), "liver_y_baseline": (one.y, one.y_baseline)}
    told = [say(f"grading.{name}", multiple=f"{of_baseline:.2f}")
            for name, (peak, of_baseline) in raised.items() if of_baseline < peak]  # fmt: skip
    return "".join(f"; {each}" for each in told)


def _bound(multiple: float, side: str) -> str:
    """A peak with the sides on which its true value can lie."""
    return f"{side} {multiple:.2f}".strip()


def export(asked: Asked) -> Iterable[Iterable]:
    """candidate: blank where it cannot be told, for lack of what `missing` names."""
    yield ["usubjid", "cohort", "aminotransferase_x_uln", "aminotransferase_limit", "aminotransferase_day",
           "bilirubin_x_uln", "bilirubin_limit", "bilirubin_day", "quadrant", "candidate", "r", "nr", "pattern",
           "missing", "aminotransferase_x_baseline", "bilirubin_x_baseline"]  # fmt: skip
    for one in livers_of(asked.cut).itertuples():
        candidate = "" if one.candidate is None else "Y" if one.candidate else "N"
        row = (one.Index, one.cohort, one.x, one.x_limit, one.day_x, one.y, one.y_limit, one.day_y, one.quadrant,
               candidate, one.r, one.nr, one.pattern, " ".join(one.missing), one.x_baseline,
               one.y_baseline)  # fmt: skip
        yield ["" if pd.isna(each) else each for each in row]
