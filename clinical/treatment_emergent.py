"""Which adverse events fall in a window, and which patients are its denominator: what every incidence is counted on."""

from datetime import datetime, timedelta

import pandas as pd

from data.protocol import Aesi, Protocol, Window

UNASSIGNED = "none"


def denominator(subjects: pd.DataFrame, step: str, window: Window, protocol: Protocol, evaluable=()) -> pd.DataFrame:
    """The patients of a population: usubjid, cohort, start [date-time the window begins], full_follow_up [bool].

    subjects: as `queries.subjects`. step: of `Population.step`; screen failures have no cohort and are in none.
    evaluable: identifiers of the DLT-evaluable, for that step. Follow-up is full when the last contact, or death, lies
    on or after the window's last day (the trial's follow-up where the window is open).
    """
    chosen = {
        "consented": subjects["cohort"].notna(),
        "leukapheresed": subjects["leukapheresis"].notna(),
        "lymphodepleted": subjects["lymphodepletion"].notna() | subjects["day0"].notna(),
        "infused": subjects["day0"].notna(),
        "dlt_evaluable": subjects["usubjid"].isin(evaluable),
    }[step]
    people = subjects[chosen & subjects["cohort"].notna()]
    start = _start(people, window)
    days = protocol.trial.follow_up_days if window.to_day is None else window.to_day
    needed = start.dt.normalize() + timedelta(days=days)
    full = (people["last_contact"].dt.normalize() >= needed) | people["death"].notna()
    return pd.DataFrame(
        {
            "usubjid": people["usubjid"],
            "cohort": people["cohort"],
            "start": start,
            "full_follow_up": full & start.notna(),
        }
    ).reset_index(drop=True)


def _start(people: pd.DataFrame, window: Window) -> pd.Series:
    """Where the window opens for each patient. One who never came so far has no start, and no event in the window."""
    if window.from_ == "consent":
        return people["consent"].fillna(pd.Timestamp.min.ceil("D"))
    if window.from_ == "lymphodepletion":
        return people["lymphodepletion"].fillna(people["day0"])
    return people["day0"]


def in_window(
    events: pd.DataFrame, people: pd.DataFrame, window: Window, protocol: Protocol, cutoff: datetime, day0: pd.Series
) -> pd.DataFrame:
    """The event rows that begin or worsen in the window, in the shape `clinical.incidence` counts.

    events: as `queries.adverse_events`. people: as `denominator`. day0: infusion by usubjid.
    Adds to the columns of `events`: soc, term, toxgr, related, serious, aesi (True, False, None = cannot be said), aesi_groups
    [tuple of ids], dlt, rel_day [days since infusion of the earliest onset], partial [onset could lie outside].
    Days decide, not hours: an event dated on the day of infusion is in a window from infusion. A partial date that
    can fall in the window counts, marked. A row of a grade-change group that began before counts when it is a worsening.
    """
    start = events["usubjid"].map(people.set_index("usubjid")["start"]).dt.normalize()
    end = start + timedelta(days=window.to_day) if window.to_day is not None else pd.Timestamp(cutoff)
    first = events["aestdtc_earliest"].dt.normalize()
    last = events["aestdtc_latest"].dt.normalize()
    undated = first.isna()
    inside = start.notna() & (undated | ((last >= start) & (first <= end)))
    found = events[inside & (_begins_after(events, start) | _worsens(events))].copy()
    at = found.index
    found["partial"] = (
        undated[at] | (first[at] < start[at]) | (last[at] > end[at] if window.to_day is not None else False)
    )
    found["rel_day"] = (first[at] - found["usubjid"].map(day0).dt.normalize()).dt.days.astype("Int64")
    return _described(found, protocol, cutoff, day0)


def _begins_after(events: pd.DataFrame, start: pd.Series) -> pd.Series:
    """The event, from its first row on, began on or after the window's start, or may have."""
    latest = events["aestdtc_latest"].where(events["aestdtc_latest"].notna(), pd.Timestamp.max)
    onset = latest.groupby([events["usubjid"], _event_key(events)]).transform("min")
    return onset >= start


def _worsens(events: pd.DataFrame) -> pd.Series:
    """The row's grade is above every earlier row of the same event. A first row has nothing before it to worsen from."""
    key = [events["usubjid"], _event_key(events)]
    grade = events["aetoxgr"].astype(float).fillna(0)
    before = grade.groupby(key).cummax().groupby(key).shift()
    return (grade > before).fillna(False).astype(bool)


def _event_key(events: pd.DataFrame) -> pd.Series:
    return events["aegrpid"].where(events["aegrpid"].notna(), "row " + events["aeseq"].astype(str))


def _described(found: pd.DataFrame, protocol: Protocol, cutoff: datetime, day0: pd.Series) -> pd.DataFrame:
    found["soc"], found["term"], found["toxgr"] = found["aebodsys"], found["aedecod"], found["aetoxgr"]
    # A blank relation, and one that cannot be judged, is unknown: the count takes it as related and marks it.
    found["related"] = _told(found["causality"], {"related": True, "unlikely": False, "unrelated": False})
    found["serious"] = _told(found["aeser"], {"Y": True, "N": False})
    found["dlt"] = (found["aedlt"] == "Y").astype(bool)
    by_term = _by_term(protocol.aesi)
    groups = [_groups(row, by_term, cutoff, day0.get(row.usubjid)) for row in found.itertuples()]
    found["aesi_groups"] = [tuple(name for name, sure in one if sure) for one in groups]
    found["aesi"] = pd.Series(
        [True if any(sure for _, sure in one) else None if one else False for one in groups],
        index=found.index,
        dtype=object,
    )
    return found


def _told(values: pd.Series, meaning: dict[str, bool]) -> pd.Series:
    """True or False where the word says so, None where it says neither."""
    return pd.Series([meaning.get(one) for one in values], index=values.index, dtype=object)


def _by_term(groups: tuple[Aesi, ...]) -> dict[str, list[Aesi]]:
    """The groups by MedDRA code and by preferred term in lower case."""
    found: dict[str, list[Aesi]] = {}
    for group in groups:
        for key in {*group.codes, *(one.casefold() for one in group.terms)}:
            found.setdefault(key, []).append(group)
    return found


def _groups(row, by_term: dict[str, list[Aesi]], cutoff: datetime, day0) -> list[tuple[str, bool]]:
    """The groups of special interest this row is in, and those it may be in because its grade is not recorded."""
    code = [] if pd.isna(row.aeptcd) else by_term.get(row.aeptcd, [])
    term = [] if pd.isna(row.aedecod) else by_term.get(row.aedecod.casefold(), [])
    named = {group.id: group for group in (*code, *term)}
    found = [(name, _qualifies(row, group, cutoff, day0)) for name, group in named.items()]
    return [(name, sure) for name, sure in found if sure is not False]


def _qualifies(row, group: Aesi, cutoff: datetime, day0) -> bool | None:
    """The group's qualifiers on a row whose term is in it; None where the grade that decides is not recorded."""
    if group.onset_days and (pd.isna(row.rel_day) or not group.onset_days[0] <= row.rel_day <= group.onset_days[1]):
        return False
    if group.persists_after_day is not None and not _persists(row, group.persists_after_day, cutoff, day0):
        return False
    if group.min_grade is None or row.aedecod in group.any_grade_terms:
        return True
    return None if pd.isna(row.toxgr) else bool(row.toxgr >= group.min_grade)


def _persists(row, days: int, cutoff: datetime, day0) -> bool:
    if day0 is None or pd.isna(day0):
        return False
    limit = day0.normalize() + timedelta(days=days)
    end = cutoff if pd.isna(row.aeendtc_latest) else row.aeendtc_latest
    return pd.Timestamp(end) > limit + timedelta(days=1)
