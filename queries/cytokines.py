"""What a peak is read beside: doses of other drugs, other cancer therapies, the tumour's Nectin-4, visits."""

from functools import lru_cache

import pandas as pd
from sqlalchemy import Table, func, or_, select

from data.schema import bridging, medication, subject_characteristic, subsequent_therapy, visit
from data.store import Cut


@lru_cache(maxsize=32)
def doses(cut: Cut) -> pd.DataFrame:
    """Every medication that can have begun by the cut-off, by subject: usubjid, drug [names as given and
    preferred, upper case], first, last [moments the start can mean; NaT: no day recorded]. Shared: never written to.
    """
    m = medication.c
    drug = func.upper(func.concat_ws(" / ", m.cmtrt, m.cmdecod)).label("drug")
    statement = (
        select(m.usubjid, drug, m.cmstdtc_earliest.label("first"), m.cmstdtc_latest.label("last"))
        .where(or_(m.cmstdtc_earliest.is_(None), m.cmstdtc_earliest <= cut.cutoff))
        .order_by(m.usubjid, m.cmstdtc_earliest, drug)
    )
    return cut.frame(statement).astype(dict.fromkeys(("first", "last"), "datetime64[us]"))


@lru_cache(maxsize=32)
def cancer_therapies(cut: Cut) -> pd.DataFrame:
    """Per subject with any, by usubjid: bridged [last moment of bridging], next_therapy [first moment of the next
    anticancer therapy after the infusion, by the cut-off; both NaT where there is none or its day is unknown],
    next_undated [a next therapy without a day]. Shared: never written to.
    """
    ended = func.coalesce(bridging.c.cmendtc_latest, bridging.c.cmstdtc_latest)
    n = subsequent_therapy.c
    before = _per_subject(cut, bridging, func.max(ended).label("bridged"))
    after = _per_subject(
        cut,
        subsequent_therapy,
        func.min(n.cmstdtc_earliest).label("next_therapy"),
        func.bool_or(n.cmstdtc_earliest.is_(None)).label("next_undated"),
    )
    found = before.merge(after, how="outer", on="usubjid").sort_values("usubjid", ignore_index=True)
    found["next_undated"] = found["next_undated"].eq(True)
    return found.astype(dict.fromkeys(("bridged", "next_therapy"), "datetime64[us]"))


def _per_subject(cut: Cut, table: Table, *columns) -> pd.DataFrame:
    begun = or_(table.c.cmstdtc_earliest.is_(None), table.c.cmstdtc_earliest <= cut.cutoff)
    return cut.frame(select(table.c.usubjid, *columns).where(begun).group_by(table.c.usubjid))


@lru_cache(maxsize=32)
def h_scores(cut: Cut) -> pd.DataFrame:
    """Nectin-4 H-score of the tumour, by subject: usubjid, h_score [0-300]. Empty where the trial records none."""
    s = subject_characteristic.c
    statement = (
        select(s.usubjid, func.max(s.scstresn).label("h_score"))
        .where(s.sctestcd == "NEC4HS", s.scstresn.is_not(None))
        .group_by(s.usubjid)
        .order_by(s.usubjid)
    )
    return cut.frame(statement)


@lru_cache(maxsize=32)
def visits_recorded(cut: Cut) -> bool:
    """Whether the files of this trial hold visits at all."""
    return bool(cut.frame(select(func.count()).select_from(visit)).iloc[0, 0])
