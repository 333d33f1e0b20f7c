"""CRS and ICANS patient by patient: the worst reported grade beside the worst that is derived from measurements."""

from datetime import datetime

import pandas as pd

from clinical.discrepancies import TERMS
from clinical.reported import ended, reported_grade

WORST = 4  # of what can be derived; a death of it is reported only


def worst_grades(
    kind: str, assessed: pd.DataFrame, events: pd.DataFrame, day0: pd.Series, cutoff: datetime
) -> pd.DataFrame:
    """One row an infused patient, by usubjid: reported [0: no event; <NA>: an event without a grade], low, high [of the
    worst derived grade; <NA>: no assessment says anything], missing [arguments of the scale that could raise it],
    verdict ["same"; "differs"; "open": cannot be compared].

    kind: "crs" or "icans". assessed: of `clinical.toxicity_episodes`. events: as `queries.adverse_events`; those that
    were over before the infusion do not count. day0: infusion by usubjid; NaT is no row.
    """
    infused = day0[day0.notna() & (day0 <= cutoff)].sort_index()
    reported = _reported(kind, events, infused, cutoff)
    derived = {who: _derived(list(own.itertuples())) for who, own in assessed.groupby("usubjid")}
    rows = [(who, reported.get(who, 0), *derived.get(who, (None, None, ()))) for who in infused.index]
    found = pd.DataFrame(rows, columns=["usubjid", "reported", "low", "high", "missing"])
    found = found.assign(verdict=[verdict(*row[1:4]) for row in rows]).set_index("usubjid")
    return found.astype(dict.fromkeys(("reported", "low", "high"), "Int64"))


def verdict(reported: int | None, low: int | None, high: int | None) -> str:
    """Whether a reported grade is the derived one: "same", "differs", or "open" where either leaves it open."""
    if reported is None or low is None:
        return "open"
    if reported == WORST + 1:  # death is reported, never derived
        return "same" if low == WORST else "open" if high == WORST else "differs"
    if low == high == reported:
        return "same"
    return "open" if low <= reported <= high else "differs"


def _reported(kind: str, events: pd.DataFrame, day0: pd.Series, cutoff: datetime) -> dict[str, int | None]:
    names = {one.casefold() for one in TERMS[kind]}
    own = events[events["aedecod"].fillna(events["aeterm"]).str.casefold().isin(names)]
    grades: dict[str, list[int | None]] = {}
    for row in own.astype(object).itertuples():
        if row.usubjid in day0.index and not _over_before(row, day0[row.usubjid], cutoff):
            grades.setdefault(row.usubjid, []).append(reported_grade(row))
    return {who: None if None in some else max(some) for who, some in grades.items()}


def _over_before(row, day0: pd.Timestamp, cutoff: datetime) -> bool:
    end = ended(row, cutoff)
    return end is not None and end[1].date() < day0.date()


def _derived(assessments: list) -> tuple[int | None, int | None, tuple[str, ...]]:
    """An assessment that says nothing leaves the worst open above what the others say."""
    if all(pd.isna(one.high) for one in assessments):
        return None, None, _missing(assessments)
    low = max(0 if pd.isna(one.low) else one.low for one in assessments)
    higher = [one for one in assessments if pd.isna(one.high) or one.high > low]
    high = max((WORST if pd.isna(one.high) else one.high for one in higher), default=low)
    return int(low), int(high), _missing(higher)


def _missing(assessments: list) -> tuple[str, ...]:
    return tuple(sorted({name for one in assessments for name in one.missing}))
