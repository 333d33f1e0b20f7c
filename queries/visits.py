"""Visits as they took place, up to the cut's cut-off."""

import pandas as pd
from sqlalchemy import select

from data.schema import visit
from data.store import Cut


def visits(cut: Cut, usubjid: str) -> pd.DataFrame:
    """One subject's visits by date; one that can only have begun after the cut-off, or has no date, is left out.

    visitnum, visit, epoch, svstdtc, svstdtc_earliest, svendtc, source_file, source_row.
    """
    v = visit.c
    statement = (
        select(v.visitnum, v.visit, v.epoch, v.svstdtc, v.svstdtc_earliest, v.svendtc, v.source_file, v.source_row)
        .where(v.usubjid == usubjid, v.svstdtc_earliest <= cut.cutoff)
        .order_by(v.svstdtc_earliest, v.visitnum)
    )
    return cut.frame(statement)
