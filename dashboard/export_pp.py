"""The kinetic parameters as a PP-shaped table: the non-compartmental analysis by CDISC codes, one row a parameter."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from dashboard.exposures import excluded, exposures_of, parameters_of
from dashboard.kinetic_words import chosen
from dashboard.session import Asked
from data.store import Cut
from pk.pp import COLUMNS, pp
from queries.interventions import interventions
from queries.subjects import subjects


def rows(asked: Asked) -> Iterable[Iterable]:
    """`pk.pp.pp` of the infused patients of the chosen cohort, headed by its columns."""
    yield COLUMNS
    kinetics = asked.cut.protocol.kinetics
    if kinetics is None:
        return
    made = pp(
        parameters_of(asked.cut, asked.head),
        exposures_of(asked.cut, asked.head),
        study=asked.cut.protocol.trial.id,
        category=kinetics.code,
        specimen=kinetics.specimens[0],
        reference=infused_at(asked.cut),
        excluded=Counter(one.usubjid for one in excluded(asked.cut, asked.head)),
    )
    made = made[made["USUBJID"].isin(chosen(asked))]
    yield from ([None if pd.isna(one) else one for one in row] for row in made.astype(object).to_numpy())


def infused_at(cut: Cut) -> dict[str, str]:
    """usubjid -> when the cells were infused, as it came."""
    day0 = dict(zip(*(subjects(cut)[one] for one in ("usubjid", "day0")), strict=True))
    given = interventions(cut)
    given = given[(given["table"] == "infusion") & (given["first"] == given["usubjid"].map(day0))]
    return dict(zip(given["usubjid"], given["start"], strict=True))
