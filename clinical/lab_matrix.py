"""Laboratory terms patient by patient: the worst reported grade beside the worst that the results give."""

from datetime import datetime

import numpy as np
import pandas as pd

from clinical.grade_matrix import worst_reported
from clinical.grading import ctcae
from clinical.lab_grades import BY_VALUE, names_of

VERDICTS = ("agree", "derived_higher", "reported_higher", "expected", "cannot_tell")
# Why a higher derived grade is no question to the site; a translation has the same keys.
EXPECTED = {
    "lymphodepletion": "the fall of white cells after lymphodepletion",
    "baseline": "no worse than at baseline",
}
_FALL = ("White blood cell decreased", "Lymphocyte count decreased", "CD4 lymphocytes decreased")
_BY = ["usubjid", "term"]
_HIGHEST = ["code", "value", "unit", "qualifier", "rel_day", "source_file", "source_row"]


def worst_labs(
    rows: pd.DataFrame, subjects: pd.DataFrame, events: pd.DataFrame, cutoff: datetime, *, version: str = "5.0"
) -> pd.DataFrame:
    """One row a CTCAE term that any result after the infusion is graded by, and infused patient: term, usubjid,
    reported [0: no event; <NA>: an event without a grade], low, high [of the highest derived grade after the infusion;
    <NA>: no result that can be graded], missing [what would decide], verdict [of VERDICTS], why [key of EXPECTED], and
    of the worst result at that grade (the first of equal ones) code, value, unit, qualifier, rel_day, source_file,
    source_row.

    rows: as `lab_grades.graded`, of labs with `time` and `rel_day`. events: as `queries.adverse_events`; those that
    were over before the infusion do not count. A grade that is higher than the one reported is expected where white
    cells fall after lymphodepletion, and where the last result before it was at that grade as well.
    """
    day0 = subjects.set_index("usubjid")["day0"]
    infused = day0[day0.notna() & (day0 <= cutoff)].sort_index()
    derived = _derived(rows[(rows["time"] >= 0) & (rows["first"] <= cutoff)], version)
    terms = [term for every in BY_VALUE.values() for term in every if term in set(derived["term"])]
    found = pd.MultiIndex.from_product([terms, infused.index], names=["term", "usubjid"]).to_frame(index=False)
    found = found.merge(derived, how="left", on=_BY).merge(_before(rows), how="left", on=_BY)
    reported = worst_reported(events, _named(), infused, cutoff)
    given = subjects.set_index("usubjid")["lymphodepletion"].notna()
    found["missing"] = found["missing"].where(found["missing"].notna(), pd.Series([()] * len(found)))
    found["reported"] = pd.array([reported.get((one.usubjid, one.term), 0) for one in found.itertuples()], "Int64")
    told = [_judged(one, ctcae.reachable(one.term, version), given[one.usubjid]) for one in found.itertuples()]
    return found.assign(verdict=[verdict for verdict, _ in told], why=[why for _, why in told]).drop(columns="before")


def verdict(reported: int | None, low: int | None, high: int | None, top: int) -> str:
    """Of VERDICTS but "expected". top: the highest grade that a value can give; beyond it no value contradicts."""
    if reported is None or low is None:
        return "cannot_tell"
    if low > reported:
        return "derived_higher"
    if high < reported:
        return "cannot_tell" if high == top else "reported_higher"
    return "agree" if low == high else "cannot_tell"


def _judged(row, top: int, lymphodepleted: bool) -> tuple[str, str]:
    """The verdict, and why it is expected."""
    grades = (None if pd.isna(one) else int(one) for one in (row.reported, row.low, row.high))
    said = verdict(*grades, top)
    if said != "derived_higher":
        return said, ""
    if lymphodepleted and row.term in _FALL:
        return "expected", "lymphodepletion"
    return ("expected", "baseline") if pd.notna(row.before) and row.before >= row.high else (said, "")


def _named() -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for code, terms in BY_VALUE.items():
        for term in terms:
            for name in names_of(code, term):
                names.setdefault(name, []).append(term)
    return names


def _derived(rows: pd.DataFrame, version: str) -> pd.DataFrame:
    """A result that cannot be graded leaves the highest open, up to what a value of its term can give."""
    top = rows["term"].map({one: ctcae.reachable(one, version) for one in rows["term"].unique()}).to_numpy(int)
    known = rows["low"].notna().to_numpy()
    low, high = (rows[name].astype(float).to_numpy() for name in ("low", "high"))
    low, high = np.where(known, low, 0).astype(int), np.where(known, high, top).astype(int)
    key = _keys(rows)
    worse = _worse(rows, version)
    at_lowest, at_highest = (_worst_of(key, each, worse, rows["first"]) for each in (low, high))
    found = rows.iloc[at_lowest][[*_BY, *_HIGHEST]].reset_index(drop=True)
    low, high, graded = low[at_lowest], high[at_highest], known[at_highest]
    lacking = zip(rows["missing"].iloc[at_highest], graded, low < high, strict=True)
    missing = [(names if by_value or names else ("unit",)) if is_open else () for names, by_value, is_open in lacking]
    found = found.assign(low=pd.array(low, "Int64"), high=pd.array(high, "Int64"), missing=missing)
    return found[np.isin(key[at_lowest], key[known])]


def _keys(rows: pd.DataFrame) -> np.ndarray:
    """A number a subject and term."""
    (who, _), (term, terms) = (pd.factorize(rows[name]) for name in _BY)
    return who * max(len(terms), 1) + term


def _worse(rows: pd.DataFrame, version: str) -> np.ndarray:
    """The higher the worse: of a term that grades what is too low, the value with its sign turned."""
    low = {one: ctcae.grades_low(one, version) for one in rows["term"].unique()}
    values = rows["value"].astype(float).to_numpy()
    return np.where(rows["term"].map(low).to_numpy(bool), -values, values)


def _worst_of(key: np.ndarray, grade: np.ndarray, worse: np.ndarray, moment: pd.Series) -> np.ndarray:
    """The places of the highest grade of each key, of equal ones the worst value, the first of those; by key."""
    order = np.lexsort((-moment.astype("int64").to_numpy(), worse, grade, key))
    return order[np.flatnonzero(np.diff(key[order], append=-1))]


def _before(rows: pd.DataFrame) -> pd.DataFrame:
    """`before`: the sure grade of the last result before lymphodepletion, or before the infusion."""
    own = rows[(rows["last"] < rows["since"]) & rows["low"].notna()].sort_values("first", kind="stable")
    return own.drop_duplicates(_BY, keep="last")[[*_BY, "low"]].rename(columns={"low": "before"})
