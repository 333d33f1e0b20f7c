"""Oxygen and vasopressors that a patient is still given at the cut-off, as far as the data say."""

import pandas as pd
from sqlalchemy import Float, case, cast, func, or_, select

from data.schema import support
from data.store import Cut
from queries.interventions import SUPPORT


def lasting_support(cut: Cut) -> pd.DataFrame:
    """One row a course or device without an end by the cut-off, by subject and start; an undated start may be any.

    usubjid, kind [oxygen, vasopressor], name [as reported], dose [`unit`], unit, since [the earliest moment it can have
    begun; NaT: undated].
    """
    pr = support.c
    kind = case(*((func.upper(pr.prcat) == category, name) for category, name in SUPPORT.items()))
    statement = (
        select(
            pr.usubjid, kind.label("kind"), pr.prtrt.label("name"), cast(pr.prdose, Float).label("dose"),
            pr.prdosu.label("unit"), pr.prstdtc_earliest.label("since"),
        )
        .where(
            kind.is_not(None),
            or_(pr.prstdtc_earliest.is_(None), pr.prstdtc_earliest <= cut.cutoff),
            or_(pr.prendtc_earliest.is_(None), pr.prendtc_earliest > cut.cutoff),
        )
        .order_by(pr.usubjid, pr.prstdtc_earliest.nulls_last(), pr.prtrt)
    )  # fmt: skip
    return cut.frame(statement)
