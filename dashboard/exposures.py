"""The one way from a cut to its kinetics: the series there are, and the parameters of the protocol's own assay; without
the samples that people excluded."""

from functools import lru_cache

import pandas as pd

from dashboard.session import events_until, the_state
from data.events import START
from data.protocol import Protocol
from data.protocol_measures import Kinetics
from data.store import Cut
from pk import exclusions
from pk.exclusions import Exclusion, marked
from pk.expansion import expansion
from pk.exposure import average_replicates, exposures
from pk.nca import parameters
from queries.measurements import measurements
from queries.subjects import subjects

TABLES = ("kinetics", "flow")
BELOW = ("<", "<=")


def excluded(cut: Cut, head: str) -> tuple[Exclusion, ...]:
    """What people excluded until the event with that hash, as far as this cut knows it."""
    return exclusions.exclusions(events_until(the_state(), head), cut.cutoff) if head not in ("", START) else ()


def series(cut: Cut, head: str = START) -> pd.DataFrame:
    """Every sample of cells or their transgene in an infused patient whose day is known. Shared: never written to.

    The columns of `queries.measurements`, and conc [`unit`, NaN where BLQ or without a result], blq, signal
    (quantified, detected: below the LLOQ, not_detected, below: the file does not tell which of the two, no_result),
    limit [`unit`, where a BLQ sample is drawn], endpoint [bool: of the assay and specimen that the protocol's endpoints
    rest on], sample, excluded [as `pk.exclusions.marked`], counts [bool: of the endpoint, and not excluded].
    head: hash of the last event of the state that counts.
    """
    return _series(cut, excluded(cut, head))


@lru_cache(maxsize=16)
def _series(cut: Cut, said: tuple[Exclusion, ...]) -> pd.DataFrame:
    return _counted(_samples(cut), said)


def _counted(samples: pd.DataFrame, said: tuple[Exclusion, ...]) -> pd.DataFrame:
    found = marked(samples, said)
    return found.assign(counts=found["endpoint"] & found["excluded"].isna())


@lru_cache(maxsize=16)
def _samples(cut: Cut) -> pd.DataFrame:
    return _read(measurements(cut, TABLES), cut.protocol)


def _read(found: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    found = found[found["time"].notna()]
    found = found.assign(lloq=found["lloq"].fillna(found["code"].map(_limits(protocol))))
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
        endpoint=_is_endpoint(found, protocol.kinetics),
    )


def _limits(protocol: Protocol) -> dict[str, float]:
    """LLOQ by code, of the protocol file: for results whose file names none."""
    return {one.code: one.lloq for one in protocol.analytes if one.lloq is not None}


def _is_endpoint(found: pd.DataFrame, kinetics: Kinetics | None) -> pd.Series:
    if kinetics is None:
        return pd.Series(False, found.index)
    right = (found["table"] == kinetics.table) & (found["code"] == kinetics.code)
    right &= found["specimen"].str.upper().isin(kinetics.specimens)
    right &= (found["unit"] == kinetics.unit) | found["unit"].isna()
    return right & (found["method"].str.upper().isin(kinetics.methods) if kinetics.methods else True)


def exposures_of(cut: Cut, head: str = START) -> pd.DataFrame:
    """`pk.exposure.exposures` of everyone infused, by the protocol's settings and without the samples that people
    excluded; no rows where it names no assay. head: as of `series`."""
    return exposures_without(cut, excluded(cut, head))


@lru_cache(maxsize=16)
def exposures_without(cut: Cut, said: tuple[Exclusion, ...]) -> pd.DataFrame:
    """`exposures_of` by what is excluded: the same for every head of the state that says no more of it."""
    kinetics = cut.protocol.kinetics
    people = subjects(cut)
    people = people[people["day0"].notna()]
    followed = (pd.Timestamp(cut.cutoff).normalize() - people["day0"].dt.normalize()).dt.days
    samples = _endpoint_samples(cut, said)
    return exposures(
        samples,
        dict(zip(people["usubjid"], followed.astype(int), strict=True)) if kinetics else {},
        areas=kinetics.areas if kinetics else (),
        days_before={end: cut.protocol.days_before(end) for end in kinetics.areas} if kinetics else {},
        provisional_days=kinetics.provisional_days if kinetics else 0,
    )


def endpoint_samples(cut: Cut, head: str = START) -> pd.DataFrame:
    """The samples of the protocol's own assay as `pk.nca.analyse` takes them: replicates averaged, none excluded."""
    return _endpoint_samples(cut, excluded(cut, head))


def endpoint_of(measured: pd.DataFrame, cut: Cut, head: str = START) -> pd.DataFrame:
    """`endpoint_samples` of some rows of `queries.measurements`, where those of everybody are not at hand."""
    return _averaged(_counted(_read(measured, cut.protocol), excluded(cut, head)), cut.protocol)


@lru_cache(maxsize=16)
def _endpoint_samples(cut: Cut, said: tuple[Exclusion, ...]) -> pd.DataFrame:
    return _averaged(_series(cut, said), cut.protocol)


def _averaged(rows: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    rows = rows[rows["counts"]].rename(columns={"usubjid": "subject"})
    rows = rows[["subject", "time", "rel_day", "conc", "lloq", "blq"]].astype({"blq": bool})
    rows.attrs["unit"] = protocol.kinetics.unit if protocol.kinetics else ""
    return average_replicates(rows)


def parameters_of(cut: Cut, head: str = START) -> pd.DataFrame:
    """`pk.nca.parameters` of everyone with a sample, by the protocol's areas; no rows where it names no assay."""
    return _parameters(cut, excluded(cut, head))


@lru_cache(maxsize=16)
def _parameters(cut: Cut, said: tuple[Exclusion, ...]) -> pd.DataFrame:
    areas = cut.protocol.kinetics.areas if cut.protocol.kinetics else ()
    return parameters(_endpoint_samples(cut, said), intervals=[(0, end) for end in areas])


def expansion_of(cut: Cut, head: str = START) -> pd.DataFrame:
    """`pk.expansion.expansion` of everyone with a sample."""
    return expansion(endpoint_samples(cut, head))
