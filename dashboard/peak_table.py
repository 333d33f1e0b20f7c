"""The table of peaks: a row a patient, numbers to sort by, words to read, and why something is not final."""

from collections.abc import Iterator
from functools import lru_cache

import pandas as pd

from dashboard.choices import chosen_cohort
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
from dashboard.session import Asked
from dashboard.theme import level_colour
from dashboard.view import View
from data.protocol_measures import Peak


def peaks_summary(asked: Asked, found: Cytokines) -> str:
    own = found.peaks[found.peaks["usubjid"].isin(people(asked, found)["usubjid"])]
    told = {"n": own["usubjid"].nunique(), "day": asked.cut.protocol.associations.to_day}
    told |= {state: int((own["state"] == state).sum()) for state in ("final", "provisional", "excluded")}
    return asked.say("cytokines.peaks_summary", **told)


def columns(asked: Asked, found: Cytokines) -> list[dict]:
    say, told = asked.say, asked.cut.protocol.associations
    patient = {
        "field": "subjid", "headerName": say("word.patient"), "cellRenderer": "Patient", "pinned": "left", "width": 104,
    }  # fmt: skip
    made = [patient]
    for one in told.peaks:
        made.append(_column(one.id, f"{one.label.in_(asked.view.lang)}, {peak_unit(asked, one)}"))
    for one in told.outcomes:
        unit = outcome_unit(found, one)
        made.append(_column(f"o_{one}", outcome_name(asked, one) + (f", {unit}" if unit else "")))
    if found.people["h_score"].notna().any():
        made.append(_column("h_score", say("cytokines.h_score")))
    remark = {"field": "remarks", "headerName": say("cytokines.remarks"), "flex": 3, "minWidth": 460, "wrapText": True}
    return [*made, remark | {"autoHeight": True, "sortable": False}]


def _column(field: str, title: str) -> dict:
    """A number to sort by, and the words to read; what is not final is set apart."""
    return {
        "field": field,
        "headerName": title,
        "valueFormatter": {"function": f"params.data.{field}_t"},
        "cellClassRules": {"not-final": f"params.data.{field}_n"},
        "type": "rightAligned",
        "flex": 1,
        "minWidth": 104,
    }


def grid_rows(asked: Asked, found: Cytokines) -> list[dict]:
    plain = View(page="cytokines", lang=asked.view.lang, cohort=chosen_cohort(asked))
    href = links(asked)
    return [one | {"href": href[one["usubjid"]]} for one in _grid_rows(Asked(plain, asked.cut, asked.head))]


@lru_cache(maxsize=16)
def _grid_rows(asked: Asked) -> list[dict]:
    """The rows without the addresses of their patients, for any view of this language and cohort."""
    found = cytokines_of(asked.cut, asked.head)
    colours = {one: level_colour(place) for one, place in places(asked).items()}
    rows = {
        one.usubjid: {
            "usubjid": one.usubjid, "subjid": one.subjid,
            "colour": colours.get(one.cohort, level_colour(None)),
            **({} if pd.isna(one.h_score) else {"h_score": one.h_score, "h_score_t": f"{one.h_score:.0f}"}),
        }
        for one in people(asked, found).itertuples()
    }  # fmt: skip
    named = {one.id: one for one in asked.cut.protocol.associations.peaks}
    shown = found.peaks[found.peaks["usubjid"].isin(rows)]
    for one in shown.itertuples():
        rows[one.usubjid] |= _peak_fields(asked, one)
    followed = dict(zip(shown["usubjid"], shown["followed"], strict=True))
    reasons = {usubjid: [] for usubjid in rows}
    for usubjid, why in _peak_remarks(asked, shown[shown["why"] != ""], named):
        reasons[usubjid].append(why)
    for one in found.outcomes[found.outcomes["usubjid"].isin(rows)].itertuples():
        rows[one.usubjid] |= _outcome_fields(asked, one)
        if one.why:
            reasons[one.usubjid].append(outcome_reason(asked, one.why, one.outcome, followed[one.usubjid], one.day))
    return [row | {"remarks": ". ".join(reasons[usubjid])} for usubjid, row in rows.items()]


def _peak_remarks(asked: Asked, rows: pd.DataFrame, named: dict[str, Peak]) -> Iterator[tuple[str, str]]:
    """usubjid and reason; analytes with the same reason are told together."""
    together: dict[tuple, list[Peak]] = {}
    for one in rows.itertuples():
        drug = named[one.peak].until if one.why in ("none_before", "undated", "unordered") else ()
        together.setdefault((one.usubjid, one.why, one.last_day, drug), []).append(named[one.peak])
    for (usubjid, why, last_day, drug), several in together.items():
        labels = ", ".join(one.label.in_(asked.view.lang) for one in several)
        yield usubjid, peak_reason(asked, why, last_day, labels, drug)


def _peak_fields(asked: Asked, one) -> dict:
    fields = {f"{one.peak}_t": "–"}
    if pd.notna(one.value):
        day = asked.say("cytokines.short_day", day=one.day)
        words = f"{BOUND[one.limit]}{number(one.value)}{' *' if one.why else ''} {day}"
        fields = {one.peak: float(f"{one.value:.6g}"), f"{one.peak}_t": words}
    return fields | ({f"{one.peak}_n": True} if one.why else {})


def _outcome_fields(asked: Asked, one) -> dict:
    name = f"o_{one.outcome}"
    fields = {f"{name}_t": "–"}
    if pd.notna(one.value):
        words = outcome_words(asked, one.outcome, one.value, one.words, one.limit) + (" *" if one.why else "")
        fields = {name: float(f"{one.value:.6g}"), f"{name}_t": words}
    elif one.why in ("awaiting", "too_early", "never_assessed"):
        fields = {f"{name}_t": asked.say(f"cytokines.state_{one.why}")}
    return fields | ({f"{name}_n": True} if one.why else {})
