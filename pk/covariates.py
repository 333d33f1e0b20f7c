"""What the kinetics are set against: CRS, what was given for it, the dose, the product, the antigen on the tumour."""

import pandas as pd

GIVEN = ("tocilizumab", "steroid")
MEASURED = ("dose", "viability", "transduction", "vcn", "h_score")
NAMES = ("crs", *GIVEN, *MEASURED)


def covariates(
    people: pd.DataFrame,
    crs: pd.DataFrame,
    given: pd.DataFrame,
    products: pd.DataFrame,
    h_scores: pd.DataFrame,
    *,
    medication_recorded: bool,
) -> pd.DataFrame:
    """One row an infused patient: usubjid and NAMES, NaN where it is not known.

    people: usubjid, dose [unit of the dose levels]. crs: usubjid, value [highest grade, 0 none; NaN not said]. given:
    usubjid, kind, rel_day [days since infusion, <NA> unknown]. products, h_scores: as the queries of these names.
    medication_recorded: whether the trial's files hold medication; else nobody is known to have had none.

    crs, dose, viability [%], transduction [%], vcn [copies per cell], h_score [0 to 300]: numbers. tocilizumab and
    steroid: 1 where a dose was given on Day 0 or later, or on a day that is not known; 0 where none is recorded.
    """
    made = people[["usubjid", "dose"]].copy()
    made["crs"] = made["usubjid"].map(crs.set_index("usubjid")["value"]) if len(crs) else float("nan")
    after = given[given["rel_day"].isna() | (given["rel_day"] >= 0)]
    for kind in GIVEN:
        had = made["usubjid"].isin(after.loc[after["kind"] == kind, "usubjid"])
        made[kind] = had.astype(float).where(had | medication_recorded)
    made = made.merge(products[["usubjid", "viability", "transduction", "vcn"]], how="left", on="usubjid")
    made = made.merge(h_scores[["usubjid", "h_score"]], how="left", on="usubjid")
    return made.astype(dict.fromkeys(NAMES, float))[["usubjid", *NAMES]]
