"""How high an analyte rose after the infusion in each patient, from where it started, and whether that is final."""

from datetime import datetime
from functools import reduce

import numpy as np
import pandas as pd

from data.protocol import Protocol
from data.protocol_measures import Analyte, Peak
from data.specimens import BLOOD

TABLE = {"cytokine": "cytokine", "inflammation": "lab"}  # panel of the protocol file -> table of the store
HOUR = pd.Timedelta(hours=1)  # a moment that is known no closer is a date

BELOW, ABOVE = "<", ">"  # a result that is a limit: the value is at most, or at least, this
REFERENCES = ("baseline", "infusion")

# Why a peak is not final, or not said at all.
WHY = ("", "running", "short", "no_sample", "none_before", "undated", "unordered")


def samples(measurements: pd.DataFrame, analytes: tuple[Analyte, ...]) -> pd.DataFrame:
    """The results of `analytes` in the blood of infused patients whose day is known, by usubjid, code, moment.

    measurements: as `queries.measurements`. usubjid, cohort, code, value [the analyte's unit; the limit itself where
    `limit` is BELOW or ABOVE], limit ["", BELOW, ABOVE], first, last, time [d since infusion], rel_day, before [bool:
    not after the infusion].

    BELOW: reported as <, as not detected, or less than the LLOQ (of the row, else of the protocol); the value is then
    the LLOQ. ABOVE: reported as >, or more than the ULOQ. A result in another unit than the protocol's is left out.
    Before the infusion: up to its minute where both have a time of day, else dated on its day or earlier.
    """
    made = [_of_analyte(measurements, one) for one in analytes]
    found = pd.concat([measurements.iloc[:0].assign(limit=""), *made])
    found = found[found["time"].notna()].sort_values(["usubjid", "code", "time", "first"], kind="stable")
    found = found.assign(before=found["time"] <= 0, rel_day=found["rel_day"].astype(int))
    columns = ["usubjid", "cohort", "code", "value", "limit", "first", "last", "time", "rel_day", "before"]
    return found[columns].reset_index(drop=True)


def _of_analyte(measurements: pd.DataFrame, one: Analyte) -> pd.DataFrame:
    specimen = measurements["specimen"].str.upper()
    own = (measurements["table"] == TABLE[one.panel]) & (measurements["code"] == one.code)
    # Liquor, effusions and marrow are series of their own. A file that names no specimen means blood.
    own &= specimen.isna() | specimen.isin(BLOOD)
    rows = measurements[own & (measurements["not_done"] != "NOT DONE")]
    lloq = rows["lloq"].fillna(np.nan if one.lloq is None else one.lloq).astype(float)
    value, qualifier = rows["value"].astype(float), rows["qualifier"].fillna("")
    below = qualifier.str.startswith("<") | (rows["qualitative"] == "NOT DETECTED") | (value < lloq)
    above = qualifier.str.startswith(">") | (value > (np.inf if one.uloq is None else one.uloq))
    reported = value.where(qualifier.str.startswith("<"))  # "<5" of a diluted sample is 5, whatever the usual limit
    value = value.mask(below, reported.fillna(lloq))
    rows = rows.assign(value=value, limit=np.select([below, above], [BELOW, ABOVE], ""))
    return rows[value.notna() & (rows["unit"].isna() | (rows["unit"] == one.unit))]


# ---- where it started ------------------------------------------------------------------------------------------------
def baselines(samples: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """What a value is compared with, a row a patient, code and reference: the last sample of each.

    usubjid, code, reference, value, limit, rel_day. reference: "baseline", before the first lymphodepletion dose;
    "infusion", before the infusion. No row where there is no such sample, or no date of lymphodepletion.
    A sample of the same day counts as before where it or the dose has no time of day (a dose at midnight has none).
    samples: as `samples`, in its order. subjects: as `queries.subjects`.
    """
    earlier = samples[samples["before"]]
    chemo = earlier["usubjid"].map(subjects.set_index("usubjid")["lymphodepletion"])
    day, dose_day = earlier["last"].dt.normalize(), chemo.dt.normalize()
    timed = (earlier["last"] - earlier["first"] < HOUR) & (chemo != dose_day)
    before_chemo = (timed & (earlier["first"] < chemo)) | (~timed & (day <= dose_day))
    kept = {"baseline": earlier[before_chemo], "infusion": earlier}
    last = [kept[name].groupby(["usubjid", "code"]).tail(1).assign(reference=name) for name in REFERENCES]
    found = pd.concat(last, ignore_index=True)
    return found[["usubjid", "code", "reference", "value", "limit", "rel_day"]]


def fold(
    value: pd.Series, limit: pd.Series, reference: pd.Series, reference_limit: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """value / reference, and what it is: "" the multiple, ABOVE at least, BELOW at most.

    A value below the limit makes it at most, a reference below the limit at least; above the limit the other way.
    NaN where the two pull apart (both below: anything is possible), and where the reference is 0 or missing.
    """
    # One word for both: a reference known to be at most r makes the quotient at least v / r.
    turned = reference_limit.map({BELOW: ABOVE, ABOVE: BELOW}).fillna("")
    bound = limit.where(limit != "", turned)
    apart = (limit != "") & (turned != "") & (limit != turned)
    quotient = (value / reference.where(reference > 0)).mask(apart)
    return quotient, bound.where(quotient.notna(), "")


# ---- peaks -----------------------------------------------------------------------------------------------------------
def peaks(
    samples: pd.DataFrame, subjects: pd.DataFrame, doses: pd.DataFrame, protocol: Protocol, cutoff: datetime
) -> pd.DataFrame:
    """The highest value of each patient and peak of the protocol, from after the infusion to the end of its search.

    One row a patient (everyone infused) and peak (`protocol.associations.peaks`): usubjid, cohort, peak, code, unit,
    value [`unit`, the first maximum; NaN: not said], limit [of that sample], day [study day of it], n [samples],
    last_day [study day of the last of them], followed [study day of the cut-off], state, why; and for each reference
    baseline, baseline_limit, fold_baseline, fold_baseline_bound, infusion, infusion_limit, fold_infusion, ....

    samples: as `samples`. subjects: as `queries.subjects`. doses: as `queries.cytokines.doses`; a drug whose name holds
    one of a peak's `until` ends its search. The search begins after the infusion: a sample of Day 0 without a time of
    day counts as before. It ends with Day `to_day`.

    state "excluded", with why: "no_sample" after the infusion; "none_before" the drug; "undated": the day of the drug
    is not recorded; "unordered": a higher sample of the drug's day may lie before or after it. No value.
    state "final": a sample at the end of the window (or inside the window of its visit); or a lower sample followed and
    `kinetics.provisional_days` were seen, as for Cmax; or the drug has ended the search: nothing later can change it.
    state "provisional" otherwise, the maximum so far: "running", the window is not over at the cut-off, or "short", it
    is and the samples end too early. Below the limit to the end is a final peak at the limit.
    """
    people = subjects.loc[subjects["day0"].notna(), ["usubjid", "cohort", "day0"]]
    people = people.assign(followed=(pd.Timestamp(cutoff).normalize() - people["day0"].dt.normalize()).dt.days)
    references = baselines(samples, subjects)
    units = {one.code: one.unit for one in protocol.analytes}
    after = samples[~samples["before"] & (samples["rel_day"] <= protocol.associations.to_day)]
    found = [
        _peak(after, people, doses, one, protocol).assign(unit=units[one.code]) for one in protocol.associations.peaks
    ]
    return reduce(
        lambda rows, name: _with_reference(rows, references, name), REFERENCES, pd.concat(found, ignore_index=True)
    )


def _with_reference(rows: pd.DataFrame, references: pd.DataFrame, name: str) -> pd.DataFrame:
    own = references[references["reference"] == name].rename(columns={"value": name, "limit": f"{name}_limit"})
    rows = rows.merge(own[["usubjid", "code", name, f"{name}_limit"]], how="left", on=["usubjid", "code"])
    rows[f"{name}_limit"] = rows[f"{name}_limit"].fillna("")
    quotient, bound = fold(rows["value"], rows["limit"], rows[name], rows[f"{name}_limit"])
    return rows.assign(**{f"fold_{name}": quotient, f"fold_{name}_bound": bound})


def _peak(
    after: pd.DataFrame, people: pd.DataFrame, doses: pd.DataFrame, peak: Peak, protocol: Protocol
) -> pd.DataFrame:
    own = after[after["code"] == peak.code].merge(_first_dose(doses, peak.until), how="left", on="usubjid")
    given = own["given"].eq(True)
    sure = ~given | (own["last"] <= own["dose_first"])
    perhaps = ~sure & ~(own["first"] > own["dose_last"])
    found = people.set_index("usubjid").assign(peak=peak.id, code=peak.code)
    top = _first_maximum(own[sure])
    kept = own[sure].groupby("usubjid")
    found = found.join(top[["value", "limit", "rel_day", "time"]].rename(columns={"rel_day": "day"}))
    found = found.assign(n=kept.size(), last_day=kept["rel_day"].max()).join(
        _first_dose(doses, peak.until).set_index("usubjid")
    )
    found["rival"] = own[perhaps].groupby("usubjid")["value"].max()
    found["sampled"] = own.groupby("usubjid").size()
    found["lower_after"] = _lower_after(own[sure], top)
    return _judged(found, protocol).reset_index()


def _first_dose(doses: pd.DataFrame, drugs: tuple[str, ...]) -> pd.DataFrame:
    """usubjid, dose_first, dose_last [moments that the first dose can be], given [True]. An undated dose can be the
    first one: then dose_first is NaT."""
    own = doses[doses["drug"].map(lambda name: any(one in name for one in drugs)).astype(bool)]
    groups = own.groupby("usubjid")
    first = groups["first"].min().mask(groups["first"].count() < groups.size())
    made = pd.DataFrame({"dose_first": first, "dose_last": groups["last"].min(), "given": True})
    return made.rename_axis("usubjid").reset_index()


def _first_maximum(rows: pd.DataFrame) -> pd.DataFrame:
    """By usubjid; of equal values one that was quantified goes before one at its limit, then the earlier."""
    ordered = rows.assign(at_limit=rows["limit"] != "").sort_values(
        ["usubjid", "value", "at_limit", "time"], ascending=[True, False, True, True], kind="stable"
    )
    return ordered.drop_duplicates("usubjid").set_index("usubjid")


def _lower_after(rows: pd.DataFrame, top: pd.DataFrame) -> pd.Series:
    """By usubjid: a later sample is lower, or, with a peak below the limit, not higher."""
    high = top.reindex(rows["usubjid"])
    lower = (rows["value"].to_numpy() < high["value"].to_numpy()) | (high["limit"] == BELOW).to_numpy()
    later = rows["time"].to_numpy() > high["time"].to_numpy()
    return pd.Series(lower & later, rows["usubjid"].to_numpy()).groupby(level=0).any()


def _judged(found: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    end = protocol.associations.to_day
    # A trial that names no assay of the cells has no such setting: then the whole window must be seen.
    enough = protocol.kinetics.provisional_days if protocol.kinetics else end
    undated = found["given"].eq(True) & found["dose_first"].isna()
    hidden = found["rival"].notna() & ~(found["rival"] <= found["value"])
    seen = found["last_day"]
    whole = seen >= end - protocol.days_before(end)
    settled = found["lower_after"].eq(True) & (seen >= enough - protocol.days_before(enough))
    # The drug closes the search where it was surely given by the end of the window: it cannot have been later.
    closed = (found["dose_last"].dt.normalize() - found["day0"].dt.normalize()).dt.days <= end
    verdicts = (
        (found["sampled"].isna(), "excluded", "no_sample"),
        (hidden & undated, "excluded", "undated"),
        (hidden, "excluded", "unordered"),
        (found["n"].isna(), "excluded", "none_before"),
        (whole | settled | closed, "final", ""),
        (found["followed"] < end, "provisional", "running"),
    )
    when = [one.to_numpy(bool, na_value=False) for one, _, _ in verdicts]
    found["state"] = np.select(when, [state for _, state, _ in verdicts], "provisional")
    found["why"] = np.select(when, [why for _, _, why in verdicts], "short")
    said = found["state"] != "excluded"
    found["value"], found["day"] = found["value"].where(said), found["day"].where(said).astype("Int64")
    found["limit"] = found["limit"].where(said).fillna("")
    found["n"], found["last_day"] = found["n"].fillna(0).astype(int), found["last_day"].astype("Int64")
    columns = ["cohort", "peak", "code", "value", "limit", "day", "n", "last_day", "followed", "state", "why"]
    return found[columns]
