"""Which adverse events fall in a window, and which patients are its denominator: what every incidence is counted on."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pandas as pd

from clinical.aesi import of_interest
from clinical.reported import event_keys
from data.protocol import Protocol
from data.protocol_safety import Window


def denominator(subjects: pd.DataFrame, step: str, window: Window, protocol: Protocol, evaluable=()) -> pd.DataFrame:
    """The patients of a population: usubjid, cohort, start [date-time the window begins], full_follow_up [bool].

    subjects: as `queries.subjects`. step: of `Population.step`, KeyError for another; who failed screening, or has no
    cohort, is in none. evaluable: identifiers of the DLT-evaluable, for that step. Follow-up is full when the last
    contact, or death, lies on or after the window's last day (the trial's follow-up where the window is open).
    """
    chosen = {
        "consented": ~subjects["screen_failed"] | subjects["day0"].notna(),  # screened again, and infused
        "leukapheresed": subjects["leukapheresis"].notna(),
        "lymphodepleted": subjects["lymphodepletion"].notna() | subjects["day0"].notna(),
        "infused": subjects["day0"].notna(),
        "dlt_evaluable": subjects["usubjid"].isin(evaluable),
    }[step]
    people = subjects[chosen & subjects["cohort"].notna()]
    begins = _begins(people, window)
    days = protocol.trial.follow_up_days if window.to_day is None else window.to_day
    seen_long = people["last_contact"].dt.normalize() >= begins.dt.normalize() + timedelta(days=days)
    # Consent opens the window on everything: where its date is missing all events count, and follow-up is not known.
    start = begins.fillna(pd.Timestamp(1900, 1, 1)) if window.from_ == "consent" else begins
    return pd.DataFrame(
        {
            "usubjid": people["usubjid"],
            "cohort": people["cohort"],
            "start": start,
            "full_follow_up": seen_long | (people["death"].notna() & begins.notna()),
        }
    ).reset_index(drop=True)


def _begins(people: pd.DataFrame, window: Window) -> pd.Series:
    """When the window opens for each patient. One who never came so far has no start, and no event in the window."""
    if window.from_ == "lymphodepletion":
        return people["lymphodepletion"].fillna(people["day0"])
    return people["consent" if window.from_ == "consent" else "day0"]


def described(events: pd.DataFrame, protocol: Protocol, cutoff: datetime, day0: pd.Series) -> pd.DataFrame:
    """The event rows by patient and onset, in the shape `clinical.incidence` counts: the same in every window.

    events: as `queries.adverse_events`, in any order. day0: infusion by usubjid. Adds to the columns of `events`: soc,
    term, toxgr, related, serious, aesi (True, False, None = cannot be said), aesi_groups [tuple of ids], dlt, rel_day
    [days since infusion of the earliest onset].
    """
    events = events.sort_values(["usubjid", "aestdtc_earliest", "aeseq"])
    infused = _of_patient(events, day0)
    interest = of_interest(events, protocol.aesi, infused, cutoff)
    return events.assign(
        soc=events["aebodsys"],
        term=events["aedecod"],
        toxgr=events["aetoxgr"],
        # A blank relation, and one that cannot be judged, is unknown: the count takes it as related and marks it.
        related=_told(events["causality"], {"related": True, "unlikely": False, "unrelated": False}),
        serious=_told(events["aeser"], {"Y": True, "N": False}),
        # U: the verdicts differ. What nobody judged is no DLT.
        dlt=pd.Series([{"Y": True, "U": None}.get(one, False) for one in events["aedlt"]], events.index, dtype=object),
        aesi=interest["aesi"],
        aesi_groups=interest["aesi_groups"],
        rel_day=(events["aestdtc_earliest"].dt.normalize() - infused).dt.days.astype("Int64"),
    )


def in_window(events: pd.DataFrame, people: pd.DataFrame, window: Window, cutoff: datetime) -> pd.DataFrame:
    """The event rows that begin or worsen in the window.

    events: as `described`. people: as `denominator`. Adds partial [may not belong here: the onset could lie outside, or
    a grade that is not recorded hides whether it is a worsening].
    Days decide, not hours: an event dated on the day of infusion is in a window from infusion. A partial date that
    can fall in the window counts, marked. A row of a grade-change group that began before counts when its grade is
    above that at the window's start, or when one of the two is not recorded.
    Source: ICH E9 glossary, treatment emergent ("worsens relative to the pre-treatment state").
    """
    start = _of_patient(events, people.set_index("usubjid")["start"])
    cutoff_day = pd.Timestamp(cutoff).normalize()
    end = start + timedelta(days=window.to_day) if window.to_day is not None else cutoff_day
    first, last = (events[name].dt.normalize() for name in ("aestdtc_earliest", "aestdtc_latest"))
    undated = first.isna()
    surely_after = first >= start
    over_before = (events["aeendtc_latest"] < start) & ~surely_after  # it cannot have begun after it ended
    inside = start.notna() & ~over_before & (undated | ((last >= start) & (first <= end) & (first <= cutoff_day)))
    worse = _new_or_worse(events, last < start)
    partial = undated | ~surely_after | (last > end if window.to_day is not None else False) | worse.isna()
    return events.assign(partial=partial)[inside & worse.fillna(True)]


def _of_patient(events: pd.DataFrame, moments: pd.Series) -> pd.Series:
    """The day of each row's patient, from moments by usubjid; NaT where there is none."""
    own = moments.reindex(events["usubjid"]).to_numpy()
    return pd.Series(own, events.index, dtype="datetime64[us]").dt.normalize()


def _new_or_worse(events: pd.DataFrame, before: pd.Series) -> pd.Series:
    """Whether a row is of an event without rows `before` the window, or above the last of these; NA: not recorded."""
    key = event_keys(events)
    known = pd.DataFrame({"key": key, "grade": events["aetoxgr"]})[before].drop_duplicates("key", keep="last")
    grade_before = key.map(known.set_index("key")["grade"]).astype("Int64")
    return (events["aetoxgr"] > grade_before).mask(~key.isin(known["key"]), True)


def _told(values: pd.Series, meaning: Mapping[object, bool]) -> pd.Series:
    """True or False where the value says so, None where it says neither."""
    return pd.Series([meaning.get(one) for one in values], index=values.index, dtype=object)
