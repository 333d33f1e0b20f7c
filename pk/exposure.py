"""What is said of each patient's exposure, how far it can be trusted yet, and what a dose group had in common."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pk.nca import analyse

PARAMETERS = ("CMAX", "TMAX", "CLST", "TLST", "AUCLST")  # and AUCINT, one for each area
TIMES = ("TMAX", "TLST")  # days: summed up by the median, never by a geometric mean
LEAST = 3  # of fewer subjects nothing is averaged: they are shown one by one


def average_replicates(samples: pd.DataFrame) -> pd.DataFrame:
    """One row a subject and time: several results of one moment are replicates of one sample. Their conc is the mean of
    the quantifiable ones; BLQ where every result is. A row without a result adds nothing to one that has it.

    samples: subject, time [d], rel_day [study day], conc, lloq [in the unit of `attrs["unit"]`], blq [bool]. The same
    columns back.
    """
    quantified = samples["conc"].where(~samples["blq"])
    groups = samples.assign(quantified=quantified).groupby(["subject", "time"], sort=True)
    made = groups.agg(
        conc=("quantified", "mean"), lloq=("lloq", "max"), below=("blq", "any"), rel_day=("rel_day", "first")
    )
    made = made.reset_index()
    made = made.assign(blq=made["below"] & made["conc"].isna()).drop(columns="below")
    made.attrs = dict(samples.attrs)
    return made


def exposures(
    samples: pd.DataFrame,
    followed: Mapping[str, int],
    *,
    areas: Sequence[int] = (28, 90),
    days_before: Mapping[int, int] | None = None,
    provisional_days: int = 14,
) -> pd.DataFrame:
    """The kinetic parameters of every subject of `followed`, those without a sample too, in its order.

    samples: as `average_replicates` gives them, of the one assay and specimen of the endpoints. followed: subject ->
    study day of the cut-off. areas: AUC from Day 0 to each of these days. days_before: end of an area -> days by which
    its last sample may come early, 0 where it is not named.

    subject, parameter [CDISC PPTESTCD], end [d, of AUCINT; <NA> elsewhere], value, unit, state, why, last [study day of
    the last sample with a result, BLQ included], followed [study day], reason [of `pk.nca`, English].
    state, with its `why`:

    complete             final
    provisional          CMAX, TMAX: "no lower sample" yet after it, or "short": less than `provisional_days` sampled;
                         CLST, TLST, AUCLST: "still there", the last sample is quantifiable;
                         all: "none so far", every sample is BLQ and less than `provisional_days` sampled: no value
    incomplete           AUCINT without a sample at its end or within `days_before`: "too early" where the cut-off has
                         not come so far, else "not sampled". The value is the area to the last quantifiable sample
    never quantifiable   all samples are BLQ: no value, and still a patient of every listing
    not said             no value: "no sample", "time 0" (areas: nothing sampled before the infusion), or "other"

    Loss of the cells is no lack of sampling: BLQ samples up to the end of an area complete it.
    Areas to Tlast only (AUCINT), linear up and logarithmic down; conc before the first quantifiable sample is 0.
    """
    own = samples[samples["subject"].isin(list(followed))]
    own.attrs = dict(samples.attrs)
    marks = _landmarks(own).reindex(pd.Index(list(followed), name="subject"))
    wanted = [*((name, pd.NA) for name in PARAMETERS), *(("AUCINT", end) for end in areas)]
    grid = pd.DataFrame(
        [(subject, *one) for subject in followed for one in wanted], columns=["subject", "parameter", "end"]
    ).astype({"end": "Int64"})
    found = analyse(own, intervals=tuple((0, end) for end in areas))
    found = found.assign(end=found["end"].where(found["parameter"] == "AUCINT").astype("Int64"))
    found = found[["subject", "parameter", "end", "value", "unit", "reason"]]
    rows = grid.merge(found, how="left", on=["subject", "parameter", "end"]).merge(marks, how="left", on="subject")
    rows["followed"] = rows["subject"].map(followed)
    early = rows["end"].map(lambda end: (days_before or {}).get(end, 0), na_action="ignore")
    rows["state"], rows["why"] = _states(rows, (rows["end"] - early).astype(float), provisional_days)
    rows["reason"] = rows["reason"].fillna("")
    unsaid = rows["state"].isin(["never quantifiable", "not said"]) | (rows["why"] == "none so far")
    rows["value"] = rows["value"].mask(unsaid)
    return rows[["subject", "parameter", "end", "value", "unit", "state", "why", "last", "followed", "reason"]]


def _landmarks(samples: pd.DataFrame) -> pd.DataFrame:
    """By subject: last [study day], last_blq, any_quantified, has_time0, lower_after [than the maximum]."""
    told = samples[samples["blq"] | samples["conc"].notna()].sort_values(["subject", "time"])
    below = told["blq"] | (told["conc"] == 0) | (told["conc"] < told["lloq"])
    told = told.assign(below=below, conc=told["conc"].mask(below, 0.0))
    groups = told.groupby("subject")
    top = groups["conc"].transform("max")
    peak = told["time"].where((told["conc"] == top) & (top > 0)).groupby(told["subject"]).transform("min")
    after = told.assign(lower=(told["time"] > peak) & (told["conc"] < top)).groupby("subject")["lower"].any()
    return pd.DataFrame(
        {
            "last": groups["rel_day"].max(),
            "last_blq": groups["below"].last(),
            "any_quantified": ~groups["below"].all(),
            "has_time0": groups["time"].min() <= 0,
            "lower_after": after,
        }
    )


def _states(rows: pd.DataFrame, due: pd.Series, provisional_days: int) -> tuple[np.ndarray, np.ndarray]:
    """State and why of each row; the first that applies. due: day from which a sample completes the area."""
    name = rows["parameter"]
    peak, tail, area = name.isin(["CMAX", "TMAX"]), name.isin(["CLST", "TLST", "AUCLST"]), name == "AUCINT"
    # A column of flags has gaps where a subject has no sample: only True is true.
    never, has_time0 = rows["any_quantified"] != True, rows["has_time0"] == True  # noqa: E712
    lower_after, last_blq = rows["lower_after"] == True, rows["last_blq"] == True  # noqa: E712
    verdicts = (
        (rows["last"].isna(), "not said", "no sample"),
        (never & (rows["last"] < provisional_days), "provisional", "none so far"),
        (never, "never quantifiable", ""),
        ((area | (name == "AUCLST")) & ~has_time0, "not said", "time 0"),
        (rows["value"].isna(), "not said", "other"),
        (peak & ~lower_after, "provisional", "no lower sample"),
        (peak & (rows["last"] < provisional_days), "provisional", "short"),
        (tail & ~last_blq, "provisional", "still there"),
        (area & (rows["last"] < due) & (rows["followed"] < due), "incomplete", "too early"),
        (area & (rows["last"] < due), "incomplete", "not sampled"),
    )
    when = [one.fillna(False).to_numpy(bool) for one, _, _ in verdicts]
    state = np.select(when, [state for _, state, _ in verdicts], "complete")
    return state, np.select(when, [why for _, _, why in verdicts], "")


def summary(found: pd.DataFrame, group: Mapping[str, str]) -> pd.DataFrame:
    """What each group had in common, parameter by parameter. found: as `exposures`; group: subject -> its group.

    group, parameter, end, unit, n [subjects], n_used [complete], n_never [never quantifiable], n_excluded [provisional,
    incomplete or not said], geometric_mean, geometric_cv [%], median, low, high [of the complete; NaN where fewer than
    LEAST], subjects [the complete ones, as a tuple].

    geometric CV = 100 sqrt(exp(s^2) - 1), s the standard deviation of ln(value). Days have no geometric mean.
    Julious SA, Debarnot CAM. Journal of Biopharmaceutical Statistics 2000;10:55-71.
    """
    rows = []
    labelled = found.assign(group=found["subject"].map(group))
    for (name, parameter, end), own in labelled.groupby(["group", "parameter", "end"], sort=False, dropna=False):
        used = own[(own["state"] == "complete") & own["value"].notna()]
        never = int((own["state"] == "never quantifiable").sum())
        unit = next(iter(own["unit"].dropna()), "")
        counts = (name, parameter, end, unit, len(own), len(used), never, len(own) - len(used) - never)
        rows.append((*counts, *_middle(used["value"].to_numpy(), parameter), tuple(used["subject"])))
    columns = ["group", "parameter", "end", "unit", "n", "n_used", "n_never", "n_excluded"]
    columns += ["geometric_mean", "geometric_cv", "median", "low", "high", "subjects"]
    return pd.DataFrame(rows, columns=columns)


def _middle(values: np.ndarray, parameter: str) -> tuple[float, float, float, float, float]:
    if len(values) < LEAST:
        return (np.nan,) * 5
    spread = float(np.median(values)), float(values.min()), float(values.max())
    if parameter in TIMES or (values <= 0).any():  # an area of 0 has no logarithm: the median stands alone
        return np.nan, np.nan, *spread
    logs = np.log(values)
    return float(np.exp(logs.mean())), float(100 * np.sqrt(np.expm1(logs.var(ddof=1)))), *spread
