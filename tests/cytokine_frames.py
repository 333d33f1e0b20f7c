"""Small trials of cytokines as frames in the shape of the queries. Day 0 is 1 March 2026, the infusion at 10:00."""

from datetime import datetime, time, timedelta

import numpy as np
import pandas as pd
from trial_frames import FIRST_DAY, PROTOCOL, subject, subjects

from clinical.peaks import peaks, samples

INFUSED = datetime.combine(FIRST_DAY, time(10))
CUTOFF = datetime.combine(FIRST_DAY + timedelta(days=60), time(23, 59, 59))


def span(when: int | str) -> tuple[datetime, datetime]:
    """3: the whole of Day 3. "3T08:15": that moment."""
    day, _, clock = str(when).partition("T")
    first = datetime.combine(FIRST_DAY + timedelta(days=int(day)), time())
    if not clock:
        return first, first + timedelta(hours=23, minutes=59, seconds=59)
    moment = datetime.combine(first.date(), time.fromisoformat(clock))
    return moment, moment


def row(when: int | str, value: float, *, who: str = "A1", code: str = "IL6", **more) -> dict:
    first, last = span(when)
    rel_day = (first.date() - FIRST_DAY).days
    exact = (first - INFUSED).total_seconds() / 86400 if first == last else float(rel_day)
    made = {"usubjid": who, "cohort": "DL1", "table": "cytokine", "code": code, "specimen": "SERUM", "unit": "pg/mL"}
    made |= {"value": value, "qualifier": None, "qualitative": None, "not_done": None, "lloq": np.nan}
    return made | {"first": first, "last": last, "time": exact, "rel_day": rel_day} | more


def measured(*rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows) or None, columns=list(row(0, 1.0)))
    numbers = dict.fromkeys(("value", "lloq", "time"), float)
    return frame.astype(numbers | dict.fromkeys(("first", "last"), "datetime64[us]") | {"rel_day": "Int64"})


def read(*rows: dict) -> pd.DataFrame:
    return samples(measured(*rows), PROTOCOL.panel("cytokine", "inflammation"))


def dosed(*moments: int | str | None, who: str = "A1", drug: str = "TOCILIZUMAB / TOCILIZUMAB") -> pd.DataFrame:
    """Doses of a drug; None: its day is not recorded."""
    spans = [(None, None) if one is None else span(one) for one in moments]
    frame = pd.DataFrame([(who, drug, *one) for one in spans], columns=["usubjid", "drug", "first", "last"])
    return frame.astype(dict.fromkeys(("first", "last"), "datetime64[us]"))


def people(*names: str, **more) -> pd.DataFrame:
    return subjects(*(subject(one, **({"lymphodepletion": -5} | more)) for one in names or ("A1",)))


def peak(*rows: dict, doses: pd.DataFrame | None = None, who: pd.DataFrame | None = None, name="il6", cutoff=CUTOFF):
    """The one row of A1 and this peak."""
    given = dosed() if doses is None else doses
    found = peaks(read(*rows), people() if who is None else who, given, PROTOCOL, cutoff)
    return found[(found["peak"] == name) & (found["usubjid"] == "A1")].iloc[0]
