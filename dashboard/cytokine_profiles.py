"""The profiles of Cytokines: every analyte over time in every patient, as values or as multiples of a reference."""

from copy import deepcopy
from dataclasses import replace
from functools import lru_cache

import pandas as pd

from clinical.peaks import fold
from dashboard.choices import choice, cohort_choice, cohort_words, subject_select
from dashboard.correlating import Cytokines, cytokines_of, links, names, people, places
from dashboard.cytokine_words import BOUND, number
from dashboard.drill import linked, mark
from dashboard.figures import profiles as profile_figure
from dashboard.figures.panels import unit_words
from dashboard.figures.profiles import Panel, profiles
from dashboard.session import Asked, stamp
from dashboard.still import Still
from dashboard.theme import level_colour, moved
from data.protocol_measures import Peak

PROFILES = "cytokines-profiles"  # id of the figure
MOST_DRAWN = 120  # patients whose profiles are drawn


def choices(asked: Asked, found: Cytokines) -> list:
    say, view = asked.say, asked.view
    folds = [(one, say(f"cytokines.fold_{one}")) for one in ("value", "baseline", "infusion")]
    scales = [(one, say(f"cytokines.scale_{one}")) for one in ("log", "linear")]
    return [
        cohort_choice(asked, list(found.people["cohort"].dropna().unique())),
        choice(say("cytokines.choose_fold"), view, "fold", folds),
        choice(say("cytokines.choose_scale"), view, "scale", scales),
    ]


def profile_card(asked: Asked, found: Cytokines) -> dict:
    # Drawn once for all pairs of the scatter.
    figure, left_out = _profile_figure(replace(asked, view=asked.view.change(zoom="", open="", peak="", outcome="")))
    shown = people(asked, found)
    return {
        "choices": choices(asked, found),
        "empty": "",
        "hidden": False,
        "untested": False,
        "profile_summary": Still(profile_summary(asked, found, left_out)),
        "subject": subject_select(asked, dict(zip(shown["usubjid"], shown["subjid"], strict=True))),
        "profiles": _moved_copy(figure, asked.view.zoomed(PROFILES)),
        "profiles_style": {"height": figure.layout["height"]},
    }


def _moved_copy(figure, ranges):
    """The figure is shared by many requests: one that moves its axes has its own."""
    return moved(deepcopy(figure), ranges) if ranges else figure


@lru_cache(maxsize=16)
def _profile_figure(asked: Asked):
    """The figure, and how many curves the reference of the view leaves out of it, of how many."""
    found, view = cytokines_of(asked.cut, asked.head), asked.view
    rows = found.curves[found.curves["usubjid"].isin(people(asked, found)["usubjid"])]
    rows, left_out = displayed(rows, found.references, view.fold)
    rows = rows[rows["usubjid"].isin([*drawn(asked, found), view.subject])]
    unit = "" if view.fold == "value" else asked.say(f"cytokines.fold_{view.fold}")
    panels = [
        Panel(
            one.code, f"<b>{one.label.in_(view.lang)}</b>  {unit or unit_words(one.unit)}", None if unit else one.lloq
        )
        for one in found.analytes
    ]
    words = profile_figure.Words(
        axis=asked.say("cytokines.axis"),
        stamp=stamp(asked, cohort_words(asked)),
        name=names(found),
        link=links(asked),
        bound=BOUND,
        key=_key(asked, found, lloq=any(one.lloq for one in panels)),
    )
    figure = profiles(rows, panels, places(asked), words, chosen=view.subject, scale=view.scale, theme=view.theme)
    return figure, left_out


def drawn(asked: Asked, found: Cytokines) -> pd.Series:
    """usubjid of those whose curves are drawn: of a crowd the ones with the highest peaks, for no eye tells more of
    them apart."""
    everyone = people(asked, found)["usubjid"]
    if len(everyone) <= MOST_DRAWN or not len(found.peaks):
        return everyone
    return _leading_peaks(asked, found).nlargest(MOST_DRAWN, "value")["usubjid"]


def _key(asked: Asked, found: Cytokines, *, lloq: bool) -> str:
    shown = set(people(asked, found)["cohort"])
    cohorts = [
        f'<span style="color:{level_colour(place)}">■</span> {asked.cut.protocol.level(one).label.in_(asked.view.lang)}'
        for one, place in places(asked).items()
        if one in shown
    ]
    signs = [asked.say("cytokines.key_lloq")] if lloq else []
    signs += [asked.say("cytokines.key_limit")] if asked.view.subject else []
    return "   ".join([*cohorts, *signs])


def displayed(rows: pd.DataFrame, references: pd.DataFrame, by: str) -> tuple[pd.DataFrame, tuple[int, int]]:
    """The samples, curve after curve, as values or as multiples of a reference; how many curves have none, of how
    many."""
    first = rows["code"].ne(rows["code"].shift()) | rows["usubjid"].ne(rows["usubjid"].shift())
    curves = rows.loc[first, ["usubjid", "code"]]
    if by == "value":
        return rows, (0, len(curves))
    own = references.loc[references["reference"] == by, ["usubjid", "code", "value", "limit"]]
    before = curves.merge(own, how="left", on=["usubjid", "code"])
    each = before.iloc[first.cumsum() - 1].set_axis(rows.index)
    value, limit = fold(rows["value"], rows["limit"], each["value"], each["limit"].fillna(""))
    made = rows.assign(value=value, limit=limit)[value.notna()]
    return made, (int(before["value"].isna().sum()), len(curves))


def profile_summary(asked: Asked, found: Cytokines, left_out: tuple[int, int]) -> list:
    say, shown = asked.say, people(asked, found)
    own = found.samples[found.samples["usubjid"].isin(shown["usubjid"])]
    counts = {"n": own["usubjid"].nunique(), "of": len(shown), "analytes": len(found.analytes)}
    parts = [say("cytokines.profile_summary", **counts)]
    top = _highest(asked, found)
    parts += [top] if top else []
    few = drawn(asked, found)
    if len(few) < len(shown):
        analyte = _leading(asked).label.in_(asked.view.lang)
        parts.append(say("cytokines.drawn", count=len(few), of=len(shown), analyte=analyte))
    if left_out[0]:
        parts.append(say(f"cytokines.left_out_{asked.view.fold}", count=left_out[0], of=left_out[1]))
    return linked(asked, " ".join(parts))


def _leading(asked: Asked) -> Peak:
    """The IL-6 of the whole window, or what the protocol names first where there is none."""
    named = asked.cut.protocol.associations.peaks
    return next((one for one in named if one.code == "IL6" and not one.until), named[0])


def _leading_peaks(asked: Asked, found: Cytokines) -> pd.DataFrame:
    own = found.peaks[found.peaks["peak"] == _leading(asked).id]
    return own[own["usubjid"].isin(people(asked, found)["usubjid"]) & own["value"].notna()]


def _highest(asked: Asked, found: Cytokines) -> str:
    if not len(found.peaks):
        return ""
    peak, own = _leading(asked), _leading_peaks(asked, found)
    if own.empty:
        return ""
    top = own.loc[own["value"].idxmax()]
    said = f"{BOUND[top['limit']]}{number(top['value'])} {unit_words(top['unit'])}"
    return asked.say(
        "cytokines.highest",
        analyte=peak.label.in_(asked.view.lang), who=mark(top["usubjid"]), value=said, day=top["day"],
    )  # fmt: skip
