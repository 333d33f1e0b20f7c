"""The table of peaks: a row a patient, numbers to sort by, words to read, and why something is not final."""

from collections.abc import Iterator
from functools import lru_cache

import pandas as pd

from dashboard.correlating import Cytokines, cytokines_of, links, people, places
from dashboard.cytokine_words import (
    BOUND,
    number,
    outcome_name,
    outcome_reason,
    outcome_unit,
    outcome_words,
    peak_reason,
    peak_unit,
)
from dashboard.patient_rows import Cell, Column, Row
from dashboard.session import Asked
from dashboard.theme import level_colour
from dashboard.view import View
from data.protocol_measures import Peak


def peaks_summary(asked: Asked, found: Cytokines) -> str:
    own = found.peaks[found.peaks["usubjid"].isin(people(asked, found)["usubjid"])]
    told = {"n": own["usubjid"].nunique(), "day": asked.cut.protocol.associations.to_day}
    told |= {state: int((own["state"] == state).sum()) for state in ("final", "provisional", "excluded")}
    return asked.say("cytokines.peaks_summary", **told)


def columns(asked: Asked, found: Cytokines) -> list[Column]:
    say, told = asked.say, asked.cut.protocol.associations
    made = [Column(one.id, f"{one.label.in_(asked.view.lang)}, {peak_unit(asked, one)}") for one in told.peaks]
    for one in told.outcomes:
        unit = outcome_unit(found, one)
        made.append(Column(f"o_{one}", outcome_name(asked, one) + (f", {unit}" if unit else "")))
    if found.people["h_score"].notna().any():
        made.append(Column("h_score", say("cytokines.h_score")))
    return made


def rows(asked: Asked, found: Cytokines) -> list[Row]:
    said = _said(Asked(View(page="cytokines", lang=asked.view.lang), asked.cut, asked.head))
    colours, href = {one: level_colour(place) for one, place in places(asked).items()}, links(asked)
    return [
        Row(one.usubjid, one.subjid, href[one.usubjid], colours.get(one.cohort, level_colour(None)), *said[one.usubjid])
        for one in people(asked, found).itertuples()
    ]


@lru_cache(maxsize=16)
def _said(asked: Asked) -> dict[str, tuple[dict[str, Cell], str]]:
    """usubjid -> field -> cell, and remarks; for any view of this language."""
    found = cytokines_of(asked.cut, asked.head)
    made: dict[str, dict[str, Cell]] = {
        one.usubjid: {} if pd.isna(one.h_score) else {"h_score": Cell(f"{one.h_score:.0f}", one.h_score)}
        for one in found.people.itertuples()
    }
    named = {one.id: one for one in asked.cut.protocol.associations.peaks}
    shown = found.peaks[found.peaks["usubjid"].isin(made)]
    for one in shown.itertuples():
        made[one.usubjid][one.peak] = _peak_cell(asked, one)
    followed = dict(zip(shown["usubjid"], shown["followed"], strict=True))
    reasons = {usubjid: [] for usubjid in made}
    for usubjid, why in _peak_remarks(asked, shown[shown["why"] != ""], named):
        reasons[usubjid].append(why)
    for one in found.outcomes[found.outcomes["usubjid"].isin(made)].itertuples():
        made[one.usubjid][f"o_{one.outcome}"] = _outcome_cell(asked, one)
        if one.why:
            reasons[one.usubjid].append(outcome_reason(asked, one.why, one.outcome, followed[one.usubjid], one.day))
    return {usubjid: (cells, ". ".join(reasons[usubjid])) for usubjid, cells in made.items()}


def _peak_remarks(asked: Asked, rows: pd.DataFrame, named: dict[str, Peak]) -> Iterator[tuple[str, str]]:
    """usubjid and reason; analytes with the same reason are told together."""
    together: dict[tuple, list[Peak]] = {}
    for one in rows.itertuples():
        drug = named[one.peak].until if one.why in ("none_before", "undated", "unordered") else ()
        together.setdefault((one.usubjid, one.why, one.last_day, drug), []).append(named[one.peak])
    for (usubjid, why, last_day, drug), several in together.items():
        labels = ", ".join(one.label.in_(asked.view.lang) for one in several)
        yield usubjid, peak_reason(asked, why, last_day, labels, drug)


def _peak_cell(asked: Asked, one) -> Cell:
    if pd.isna(one.value):
        return Cell("–", is_final=not one.why)
    day = asked.say("cytokines.short_day", day=one.day)
    words = f"{BOUND[one.limit]}{number(one.value)}{' *' if one.why else ''} {day}"
    return Cell(words, float(f"{one.value:.6g}"), is_final=not one.why)


def _outcome_cell(asked: Asked, one) -> Cell:
    if pd.notna(one.value):
        words = outcome_words(asked, one.outcome, one.value, one.words, one.limit) + (" *" if one.why else "")
        return Cell(words, float(f"{one.value:.6g}"), is_final=not one.why)
    waits = one.why in ("awaiting", "too_early", "never_assessed")
    return Cell(asked.say(f"cytokines.state_{one.why}") if waits else "–", is_final=not one.why)
