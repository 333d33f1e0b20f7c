"""Which samples belong to which infusion of a subject who had several, and how long after it each was taken."""

import numpy as np
import pandas as pd

from pk.curves import NAMED


def by_infusion(samples: pd.DataFrame, infusions: pd.DataFrame) -> pd.DataFrame:
    """The samples of each infusion for `pk.nca.analyse`, which then answers infusion by infusion.

    samples: as for `pk.nca.analyse`, time [d] on one clock a subject. infusions: `subject, time [d]` on the same clock,
    one row each, also of those who had one infusion.

    The columns of samples, `infusion` [1, 2, ... by time] and time [d] since that infusion; `attrs` as they were. An
    infusion has the samples up to the next one, that at the same time included, and the latest sample with a result
    before it, which counts as time 0: that one is the last of the infusion before, too. Before the first infusion all
    samples are kept, as `analyse` takes them. Cells that an earlier infusion left are in the curve of the next and not
    subtracted. An infusion without samples has no rows.

    ValueError that names the subjects: of samples without an infusion, of an infusion without a time, or given twice.
    """
    given = _numbered(infusions)
    _refuse("no infusion for", samples.loc[~samples["subject"].isin(given["subject"]), "subject"])
    rows = samples.merge(given, on="subject")
    rows = rows[rows["time"] <= rows["next"]]
    before = rows["time"] <= rows["infused"]
    kept = rows[~before | (rows["infusion"] == 1) | _latest(rows, before & _has_result(rows))]
    found = kept.assign(time=kept["time"] - kept["infused"])[[*samples.columns, "infusion"]].reset_index(drop=True)
    found.attrs = dict(samples.attrs)
    return found


def _numbered(infusions: pd.DataFrame) -> pd.DataFrame:
    """subject, infused [d], infusion, next [d, infinite after the last]."""
    _refuse("an infusion without a time for", infusions.loc[~np.isfinite(infusions["time"]), "subject"])
    _refuse("an infusion twice for", infusions.loc[infusions.duplicated(["subject", "time"]), "subject"])
    given = infusions[["subject", "time"]].rename(columns={"time": "infused"}).sort_values(["subject", "infused"])
    own = given.groupby("subject")["infused"]
    return given.assign(infusion=own.cumcount() + 1, next=own.shift(-1).fillna(np.inf))


def _latest(rows: pd.DataFrame, where: pd.Series) -> pd.Series:
    """Whether a row is the latest of its subject and infusion among those `where` holds."""
    time = rows["time"].where(where)
    return where & (time == time.groupby([rows["subject"], rows["infusion"]]).transform("max"))


def _has_result(rows: pd.DataFrame) -> pd.Series:
    return rows["conc"].notna() | rows["blq"].eq(True).fillna(False).astype(bool)


def _refuse(what: str, subjects: pd.Series) -> None:
    named = list(dict.fromkeys(subjects.astype(str)))
    if named:
        more = f", and {len(named) - NAMED} more" if len(named) > NAMED else ""
        raise ValueError(f"infusions: {what} {', '.join(named[:NAMED])}{more}")
