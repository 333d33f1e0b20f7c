"""How long the cells stay: when they were last found, by when they were lost, and what is censored."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pk.curves import landmarks, read, whose

# What is known of a subject, one sentence a code. A translation has the same keys and values.
ENGLISH = {
    "lost": "last quantifiable on Day {tlast:.10g}, BLQ from Day {lost_by:.10g} on",
    "still_there": "still quantifiable at the last sample, Day {tlast:.10g}",
    "never": "never quantifiable after the infusion, last sample Day {last_sample:.10g}",
    "no_sample": "no sample with a result after the infusion",
}


@dataclass(frozen=True)
class Persisting:
    """Of n subjects, in how many the cells are known to persist on a day."""

    day: float
    yes: tuple  # quantifiable on the day or after it
    no: tuple  # lost by the day; or never quantifiable, and sampled on the day or after it
    unknown: tuple  # lost, or last sampled, around the day: it cannot be told

    @property
    def n(self) -> int:
        return len(self.yes) + len(self.no) + len(self.unknown)


def persistence(samples: pd.DataFrame) -> pd.DataFrame:
    """Time to the loss of the cells, one row a subject (sorted), never-expanders too; samples as `pk.nca.analyse`.

    subject
    tlast [d]        last quantifiable sample after the infusion; NaN where there is none
    lost_by [d]      first BLQ sample that no quantifiable one follows: the loss lies after tlast and at lost_by at the
                     latest (interval-censored). NaN where the last sample is quantifiable (right-censored at tlast)
    last_sample [d]  last sample with a result, BLQ included
    code             "lost", "still_there", "never" (all BLQ after the infusion: no time, but a subject of every count)
                     or "no_sample"; `pk.remarks.say(found, ENGLISH)` makes sentences of it
    """
    own = read(samples)
    marks = landmarks(own)
    sampled, found = marks.last_sample > 0, marks.tlast > 0
    lost_by = np.where(found, marks.next_blq, np.nan)
    code = np.select([~sampled, ~found, ~np.isnan(lost_by)], ["no_sample", "never", "lost"], "still_there")
    return pd.DataFrame(
        {
            **whose(own.subjects, np.arange(len(own.subjects))),
            "tlast": np.where(found, marks.tlast, np.nan),
            "lost_by": lost_by,
            "last_sample": np.where(sampled, marks.last_sample, np.nan),
            "code": pd.array(code, dtype="str"),
        }
    )


def persisting(found: pd.DataFrame, day: float) -> Persisting:
    """In whom the cells persist on a day [d]. found: as `persistence` gives it.

    A subject lost between two samples around the day, or last sampled before it, is unknown: never counted as lost.
    """
    yes = found["tlast"] >= day
    no = (found["lost_by"] <= day) | ((found["code"] == "never") & (found["last_sample"] >= day))
    of = found["subject"]
    return Persisting(day, tuple(of[yes]), tuple(of[no]), tuple(of[~yes & ~no]))
