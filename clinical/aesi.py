"""Events of special interest: which groups of the protocol an event is of, by code, by term and by the qualifiers."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import compress

import numpy as np
import pandas as pd

from clinical.reported import OVER, event_keys
from data.protocol_safety import Aesi

ENGLISH = {
    "uncoded": "{count} AEs uncoded, not classified: every count beside them is a least",
    "open": "{count} AEs of which grade, onset or duration is missing: whether of special interest cannot be said",
    "suggested": "uncoded, by its own words perhaps {groups}",
}

NO, UNKNOWN, YES = range(3)  # "and" is the minimum, "or" the maximum
_SAID = {YES: True, NO: False}


def of_interest(events: pd.DataFrame, groups: tuple[Aesi, ...], infused: pd.Series, cutoff: datetime) -> pd.DataFrame:
    """What each event row is, by the index of `events`:

    aesi [True; False: no group names it, of an uncoded row only that it is not classified; None: a qualifier cannot be
    told], aesi_groups [ids of the groups it surely is of], aesi_open
    [ids of those it may be of], aesi_suggested [of an uncoded row: ids of the groups its own words name, which count
    nowhere until someone codes it].
    events: as `queries.adverse_events`. infused: day of the infusion of each row's patient, NaT: none. A group is
    named by MedDRA PT code, else by preferred term in any of its languages, without regard to case; then its minimum
    grade, its onset in days since infusion and "persists after Day n" must hold. An event persists with any of its
    rows, at the grade asked for: neutropenia that was grade 4 and is grade 3 until Day 40 does.
    """
    ordered = events.sort_values(["usubjid", "aestdtc_earliest", "aeseq"])
    infused = infused.reindex(ordered.index)
    term = ordered["aedecod"].map(str.casefold, na_action="ignore")
    said = {group.id: _verdicts(ordered, term, group, infused, cutoff) for group in groups}
    verdicts = pd.DataFrame(said, index=ordered.index, dtype=int)
    best = verdicts.max(axis=1) if groups else pd.Series(NO, ordered.index)
    found = pd.DataFrame(
        {
            # The group that says most decides: in one for sure, else perhaps in one.
            "aesi": pd.Series([_SAID.get(one) for one in best], ordered.index, dtype=object),
            "aesi_groups": _names(verdicts == YES),
            "aesi_open": _names(verdicts == UNKNOWN),
            "aesi_suggested": _names(_suggested(ordered, groups)),
        }
    )
    return found.reindex(events.index)


def _names(of: pd.DataFrame) -> pd.Series:
    """The columns that hold, as a tuple a row."""
    columns = list(of.columns)
    names = [tuple(compress(columns, row)) for row in of.to_numpy(bool).tolist()]
    return pd.Series(names, of.index, dtype=object)


def _suggested(events: pd.DataFrame, groups: tuple[Aesi, ...]) -> pd.DataFrame:
    """Groups one of whose terms stands in the words of an uncoded event."""
    words = events["aeterm"].where(events["aedecod"].isna(), "").fillna("")
    said = {group.id: words.str.contains(_any_of(group.terms)) for group in groups if group.terms}
    return pd.DataFrame(said, index=events.index, dtype=bool)


def _any_of(terms: Iterable[str]) -> re.Pattern:
    """As whole words; Chinese writes no spaces between them."""
    words = (rf"\b{re.escape(one)}\b" if one.isascii() else re.escape(one) for one in terms)
    return re.compile("|".join(words), re.IGNORECASE)


def _verdicts(events: pd.DataFrame, term: pd.Series, group: Aesi, infused: pd.Series, cutoff: datetime) -> np.ndarray:
    """NO, UNKNOWN or YES of each row; UNKNOWN where what a qualifier asks for is not recorded."""
    named = events["aeptcd"].isin(group.codes) | term.isin(_folded(group.terms))
    qualified = _severe(events, term, group)
    if group.persists_after_day is not None:
        lasting = _lasts(events, infused + timedelta(days=group.persists_after_day), cutoff)
        of_rows = pd.Series(np.minimum(qualified, lasting), events.index)
        qualified = of_rows.groupby(event_keys(events)).transform("max").to_numpy()
    if group.onset_days is not None:
        qualified = np.minimum(qualified, _begins(events, group.onset_days, infused))
    return np.minimum(np.where(named, YES, NO), qualified)


def _severe(events: pd.DataFrame, term: pd.Series, group: Aesi) -> np.ndarray:
    if group.min_grade is None:
        return np.full(len(events), YES)
    grade, in_any_grade = events["aetoxgr"], term.isin(_folded(group.any_grade_terms))
    return _verdict(in_any_grade | (grade >= group.min_grade).fillna(False), grade.isna())


def _begins(events: pd.DataFrame, days: tuple[int, int], infused: pd.Series) -> np.ndarray:
    low, high = days
    first, last = ((events[f"aestdtc_{end}"].dt.normalize() - infused).dt.days for end in ("earliest", "latest"))
    outside = (last < low) | (first > high) | infused.isna()
    return _verdict((first >= low) & (last <= high), ~outside)


def _lasts(events: pd.DataFrame, limit: pd.Series, cutoff: datetime) -> np.ndarray:
    """Whether a row goes on after the day `limit`. One without end ended when the next row of its event began, or goes
    on at the cut-off, or, where its outcome says that it is over, ended some time before."""
    now, key = pd.Timestamp(cutoff), event_keys(events)
    following = events["aestdtc_earliest"].groupby(key).shift(-1)
    last = events["aeendtc_latest"].fillna(following).fillna(now).clip(upper=now)
    over = events["aeout"].isin(OVER) & following.isna()
    first = events["aeendtc_earliest"].fillna(following).fillna(last.mask(over, events["aestdtc_earliest"]))
    return _verdict(first.clip(upper=now).dt.normalize() > limit, last.dt.normalize() > limit)


def _folded(terms: Iterable[str]) -> set[str]:
    return {one.casefold() for one in terms}


def _verdict(sure: pd.Series, possible: pd.Series) -> np.ndarray:
    return np.select([sure.astype(bool), possible.astype(bool)], [YES, UNKNOWN], NO)
