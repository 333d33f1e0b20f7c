"""Visits as they took place, up to the cut's cut-off."""

import pandas as pd
from sqlalchemy import select

from data.schema import visit
from data.store import Cut


def visits(cut: Cut, usubjid: str = "") -> pd.DataFrame:
    """Visits by date; one that can only have begun after the cut-off, or has no date, is left out.

    usubjid, visitnum, visit, epoch, svstdtc, svstdtc_earliest, svendtc, source_file, source_row. usubjid: of one
    subject, "" = of all, subject by subject.
    """
    v = visit.c
    wanted = [v.usubjid == usubjid] if usubjid else []
    statement = (
        select(
            v.usubjid, v.visitnum, v.visit, v.epoch, v.svstdtc, v.svstdtc_earliest, v.svendtc, v.source_file,
            v.source_row,
        )
        .where(v.svstdtc_earliest <= cut.cutoff, *wanted)
        .order_by(v.usubjid, v.svstdtc_earliest, v.visitnum)
    )  # fmt: skip
    return cut.frame(statement)
