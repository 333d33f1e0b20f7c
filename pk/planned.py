"""On which day a sample was planned, beside the one on which it was taken."""

import re
from collections.abc import Mapping

import pandas as pd

SOURCES = ("schedule", "name")
_NAMED = re.compile(r"\s*day\s*(-?\d+)\s*", re.IGNORECASE)


def planned_days(samples: pd.DataFrame, visits: Mapping[float, int]) -> pd.DataFrame:
    """The planned day of each sample: `planned` [days since infusion; NaN: none is known], `planned_by` [of SOURCES].

    samples: visitnum, visit, with any index, which stays. visits: VISITNUM -> day of the protocol's schedule, of the
    visits that are counted from the infusion. Where the schedule has no such visit, a name such as "DAY 14" tells it.
    """
    by_schedule = samples["visitnum"].map(dict(visits)).astype(float)
    by_name = samples["visit"].map(_day).astype(float)
    source = pd.Series("schedule", samples.index).where(by_schedule.notna(), "name")
    planned = by_schedule.fillna(by_name)
    return pd.DataFrame({"planned": planned, "planned_by": source.where(planned.notna(), "")})


def _day(name: object) -> float | None:
    found = _NAMED.fullmatch(name) if isinstance(name, str) else None
    return float(found[1]) if found else None
