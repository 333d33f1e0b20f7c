"""The one way from a cut to its kinetics: the series there are, and the parameters of the protocol's own assay."""

from functools import lru_cache

import pandas as pd

from data.protocol import Kinetics
from data.store import Cut
from pk.exposure import average_replicates, exposures
from queries.measurements import measurements
from queries.subjects import subjects

TABLES = ("kinetics", "flow")
BELOW = ("<", "<=")


@lru_cache(maxsize=16)
def series(cut: Cut) -> pd.DataFrame:
    """Every sample of cells or their transgene in an infused patient whose day is known: the columns of
    `queries.measurements`, and conc [`unit`, NaN where BLQ or without a result], blq, signal (quantified, detected:
    below the LLOQ, not_detected, below: the file does not tell which of the two, no_result), limit [`unit`, where a BLQ
    sample is drawn], endpoint [bool: of the assay and specimen that the protocol's endpoints rest on].
    """
    found = measurements(cut, TABLES)
    found = found[found["time"].notna()]
    found = found.assign(lloq=found["lloq"].fillna(found["code"].map(_limits(cut))))
    below = found["qualifier"].isin(BELOW) | (found["qualitative"] == "NOT DETECTED") | (found["value"] < found["lloq"])
    below = below.fillna(False).astype(bool) | (found["value"] == 0)
    result = (below | found["value"].notna()) & (found["not_done"] != "NOT DONE")
    signal = pd.Series("quantified", found.index)
    signal = signal.mask(below, "below").mask(below & (found["qualitative"] == "DETECTED"), "detected")
    signal = signal.mask(below & (found["qualitative"] == "NOT DETECTED"), "not_detected").mask(~result, "no_result")
    limit = found["lloq"].fillna(found["value"].where(found["qualifier"].isin(BELOW)))
    return found.assign(
        conc=found["value"].where(signal == "quantified"),
        blq=below & result,
        signal=signal,
        limit=limit,
        endpoint=_is_endpoint(found, cut.protocol.kinetics),
    )


def _limits(cut: Cut) -> dict[str, float]:
    """LLOQ by code, of the protocol file: for results whose file names none."""
    return {one.code: one.lloq for one in cut.protocol.analytes if one.lloq is not None}


def _is_endpoint(found: pd.DataFrame, kinetics: Kinetics | None) -> pd.Series:
    if kinetics is None:
        return pd.Series(False, found.index)
    right = (found["table"] == kinetics.table) & (found["code"] == kinetics.code)
    right &= found["specimen"].str.upper().isin(kinetics.specimens)
    right &= (found["unit"] == kinetics.unit) | found["unit"].isna()
    return right & (found["method"].str.upper().isin(kinetics.methods) if kinetics.methods else True)


@lru_cache(maxsize=16)
def exposures_of(cut: Cut) -> pd.DataFrame:
    """`pk.exposure.exposures` of everyone infused, by the protocol's settings; no rows where it names no assay."""
    kinetics = cut.protocol.kinetics
    people = subjects(cut)
    people = people[people["day0"].notna()]
    followed = (pd.Timestamp(cut.cutoff).normalize() - people["day0"].dt.normalize()).dt.days
    samples = endpoint_samples(cut)
    return exposures(
        samples,
        dict(zip(people["usubjid"], followed.astype(int), strict=True)) if kinetics else {},
        areas=kinetics.areas if kinetics else (),
        days_before={end: cut.protocol.days_before(end) for end in kinetics.areas} if kinetics else {},
        provisional_days=kinetics.provisional_days if kinetics else 0,
    )


def endpoint_samples(cut: Cut) -> pd.DataFrame:
    """The samples of the protocol's own assay as `pk.nca.analyse` takes them, replicates averaged."""
    rows = series(cut)
    rows = rows[rows["endpoint"]].rename(columns={"usubjid": "subject"})
    rows = rows[["subject", "time", "rel_day", "conc", "lloq", "blq"]].astype({"blq": bool})
    rows.attrs["unit"] = cut.protocol.kinetics.unit if cut.protocol.kinetics else ""
    return average_replicates(rows)
