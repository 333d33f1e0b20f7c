"""The cell products as released: one row a patient."""

from functools import lru_cache

import pandas as pd
from sqlalchemy import func, or_, select

from data.schema import manufacture
from data.store import Cut


@lru_cache(maxsize=16)
def products(cut: Cut) -> pd.DataFrame:
    """The latest batch of each subject that was released by the cut-off, by usubjid. Never written to.

    usubjid, viability [%], transduction [% CAR+ of T cells], vcn [vector copies per cell], out_of_specification [Y, N,
    or missing]. No rows where the trial's files hold no manufacture.
    """
    m = manufacture.c
    newest_first = (m.xpstdtc_earliest.desc().nulls_last(), m.xpseq.desc().nulls_last())
    batches = (
        select(
            m.usubjid,
            m.xpviab.label("viability"),
            m.xptrans.label("transduction"),
            m.xpvcn.label("vcn"),
            m.xpoos.label("out_of_specification"),
            func.row_number().over(partition_by=m.usubjid, order_by=newest_first).label("place"),
        )
        .where(
            func.upper(m.xpstat) == "RELEASED", or_(m.xpreldtc_earliest.is_(None), m.xpreldtc_earliest <= cut.cutoff)
        )
        .subquery()
    )
    return cut.frame(select(batches).where(batches.c.place == 1).order_by(batches.c.usubjid)).drop(columns="place")
