"""Adverse events as they were reported, up to the cut's cut-off."""

from functools import lru_cache

import pandas as pd
from sqlalchemy import case, select

from data.schema import adverse_event
from data.store import Cut


@lru_cache(maxsize=32)
def adverse_events(cut: Cut) -> pd.DataFrame:
    """One row as reported (a change of grade is a row of its own), by subject, onset, sequence number. Shared: never
    written to.

    usubjid, aeseq, aegrpid, aeterm, aedecod (None: uncoded), aeptcd, aebodsys, aesev, aetoxgr [1-5, <NA> not recorded],
    aeser, aerel, causality, aeout, aesdth, aestdtc, aestdtc_earliest, aestdtc_latest, aeendtc, aeendtc_earliest,
    aeendtc_latest, aedlt (Y, N, None: not adjudicated), source_file, source_row. An event that can only have begun
    after the cut-off is left out; one that can only have ended after it goes on, without end and outcome.
    """
    ae = adverse_event.c
    still = ae.aeendtc_earliest > cut.cutoff
    outcome, end, end_earliest, end_latest = (
        case((still, None), else_=column).label(column.name)
        for column in (ae.aeout, ae.aeendtc, ae.aeendtc_earliest, ae.aeendtc_latest)
    )
    statement = (
        select(
            ae.usubjid, ae.aeseq, ae.aegrpid, ae.aeterm, ae.aedecod, ae.aeptcd, ae.aebodsys, ae.aesev, ae.aetoxgr,
            ae.aeser, ae.aerel, ae.causality, outcome, ae.aesdth, ae.aestdtc, ae.aestdtc_earliest, ae.aestdtc_latest,
            end, end_earliest, end_latest, ae.aedlt, ae.source_file, ae.source_row,
        )
        .where((ae.aestdtc_earliest <= cut.cutoff) | ae.aestdtc_earliest.is_(None))
        .order_by(ae.usubjid, ae.aestdtc_earliest, ae.aeseq)
    )  # fmt: skip
    return cut.frame(statement).astype({"aetoxgr": "Int64"})
