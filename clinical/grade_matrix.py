"""CRS and ICANS patient by patient: the worst reported grade beside the worst that is derived from measurements."""

from collections.abc import Collection, Mapping
from datetime import datetime

import pandas as pd

from clinical.by_patient import by_patient
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
    reported = worst_reported(events, {one.casefold(): (kind,) for one in TERMS[kind]}, infused, cutoff)
    derived = {who: _derived(own) for who, own in by_patient(assessed).items()}
    rows = [(who, reported.get((who, kind), 0), *derived.get(who, (None, None, ()))) for who in infused.index]
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


def worst_reported(
    events: pd.DataFrame, names: Mapping[str, Collection[str]], day0: pd.Series, cutoff: datetime
) -> dict[tuple[str, str], int | None]:
    """(usubjid, what was named) -> the highest grade reported of it, None where a grade is not recorded.

    names: what an event is called, in lower case -> what it names. day0: of those infused; what was over before their
    infusion does not count.
    """
    called = events["aedecod"].fillna(events["aeterm"]).str.casefold()
    own = events[called.isin(list(names)) & events["usubjid"].isin(day0.index)].astype(object)
    grades: dict[tuple[str, str], list[int | None]] = {}
    for name, row in zip(called[own.index], own.itertuples(), strict=True):
        for one in () if _over_before(row, day0[row.usubjid], cutoff) else names[name]:
            grades.setdefault((row.usubjid, one), []).append(reported_grade(row))
    return {key: None if None in some else max(some) for key, some in grades.items()}


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
