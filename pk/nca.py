"""Non-compartmental analysis of CAR copies in blood: every parameter with its unit, or with the reason why not.

Which samples count, and what BLQ is: `pk.curves`. How areas are taken: `pk.areas`. Lambda_z: `pk.terminal`.
What an interval area rests on: `pk.coverage`. Reasons in any language: `pk.remarks`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pk.areas import outline
from pk.curves import whose
from pk.profiles import Profiles, checked_intervals, interval_areas, phases, profiles
from pk.remarks import PEAK_OBSERVED, both, first_of, say

VALUES = ["code", "last_sample", "tlast", "extrapolated"]  # what a reason is said of


@dataclass(frozen=True)
class Parameter:
    """One parameter of n subjects: NaN wherever `why` has a code; the code in `flag` is said of a value."""

    code: str  # CDISC PPTESTCD
    value: np.ndarray
    unit: str
    why: np.ndarray
    flag: np.ndarray | None = None
    start: float = np.nan  # d
    end: float = np.nan
    extrapolated: np.ndarray | None = None  # %, share of an area beyond Tlast


def analyse(
    samples: pd.DataFrame,
    *,
    method: str = "lin-up/log-down",
    blq: tuple[str, str, str] = ("keep", "drop", "drop"),
    intervals: Iterable[tuple[float, float]] = ((0, 28), (0, 90)),
    tmax_in_half_life: bool = False,
) -> pd.DataFrame:
    """The parameters of each subject: `subject, parameter, start, end, value, unit, reason`, one row each.

    samples: `subject, time [d], conc [copies/ug], lloq, blq`, rows in any order. BLQ is `blq` true, conc 0, or conc
    below the lloq of its row. conc missing without `blq` is a sample without result: left out, counted and named
    by `pk.coverage.coverage`. The unit of conc is `samples.attrs["unit"]`, copies/ug where it is not set. With a column
    `infusion`, as `pk.infusions.by_infusion` makes it, each infusion has its rows and the result has the column too.
    method: "lin-up/log-down", "linear" or "lin-log", see `pk.areas.areas`.
    blq: whether BLQ samples before the first, between, and after the last quantifiable one are kept as 0 ("keep") or
    dropped ("drop"). The third changes AUCALL alone: every other area ends at Tlast.

    A curve runs from time 0, which is the latest pre-dose sample with a result, to Tlast, the last quantifiable sample.
    Rows are ordered by subject (sorted), then as here; the codes are CDISC PPTESTCD:

    CMAX, TMAX            first maximum, and its time
    CLST, TLST            last quantifiable sample, and its time
    AUCLST, AUMCLST       area, and area of time x conc, from 0 to Tlast
    AUCALL                AUCLST and, where BLQ after Tlast is kept, the triangle from Clast down to 0 at the first one
    MRTEVLST              AUMCLST / AUCLST
    LAMZ, LAMZHL          slope of the terminal phase, ln 2 / LAMZ; see `pk.terminal.terminal_phase`
    LAMZNPT, LAMZLL, LAMZUL, R2, R2ADJ    its number of points, first and last time, R2 and adjusted R2
    SPAN                  (LAMZUL - LAMZLL) / LAMZHL
    CLSTP                 concentration at Tlast on the fitted line
    AUCIFO, AUCIFP        AUCLST + CLST / LAMZ, AUCLST + CLSTP / LAMZ
    AUCPEO, AUCPEP        100 (1 - AUCLST / AUCIFO), 100 (1 - AUCLST / AUCIFP), in %
    AUMCIFO               AUMCLST + CLST TLST / LAMZ + CLST / LAMZ^2
    MRTEVIFO              AUMCIFO / AUCIFO
    AUCINT                area from start to end, or to Tlast where that is earlier
    AUCINTO, AUCINTP      the same, and beyond Tlast the area under CLST (CLSTP) exp(-LAMZ (t - Tlast)) to end

    `start` and `end` [d] are filled for the last three and NaN elsewhere. A NaN value always has a reason. Beside a
    value, reason is a flag: a provisional maximum, samples that stop before end, a share that is extrapolated, an area
    that is 0 because nothing in the interval is quantifiable. It is "" where there is nothing to say. That BLQ samples
    follow Tlast is loss of the cells, not of sampling, and no flag.

    ValueError that names the argument; or the column, row and subject; or the duplicate times and their subjects.

    Gabrielsson & Weiner, Pharmacokinetic and Pharmacodynamic Data Analysis, 4th ed., section 2.8; CDISC controlled
    terminology, PKPARMCD; Denney et al., PKNCA, doi:10.1007/s10928-015-9432-2.
    """
    found = parameters(samples, method=method, blq=blq, intervals=intervals, tmax_in_half_life=tmax_in_half_life)
    return found.assign(reason=say(found)).drop(columns=VALUES)


def parameters(
    samples: pd.DataFrame,
    *,
    method: str = "lin-up/log-down",
    blq: tuple[str, str, str] = ("keep", "drop", "drop"),
    intervals: Iterable[tuple[float, float]] = ((0, 28), (0, 90)),
    tmax_in_half_life: bool = False,
) -> pd.DataFrame:
    """The rows of `analyse` with, in place of `reason`, what `pk.remarks.say` says in a reader's language:

    code [keys of `pk.remarks.ENGLISH`, a space between them], last_sample [d], tlast [d], extrapolated [%, of AUCINTO
    and AUCINTP].
    """
    intervals = checked_intervals(intervals)
    found = profiles(samples, method, blq, tmax_in_half_life=tmax_in_half_life)
    columns = [*_peak(found), *_to_tlast(found, blq[2]), *_terminal(found), *_to_infinity(found)]
    for start, end in intervals:
        columns += _interval(found, start, end)
    return _long(found, columns)


def terminal_points(samples: pd.DataFrame, *, tmax_in_half_life: bool = False) -> pd.DataFrame:
    """The samples that lambda_z rests on: `subject, time [d], conc, fitted`, the last two in the unit of conc.

    Ordered by subject and time; `fitted` is the fitted exponential. A subject without lambda_z has no rows: LAMZ of
    `analyse` says why.
    """
    usable, _, phase = phases(samples, tmax_in_half_life=tmax_in_half_life)
    who, time = usable.subject[phase.used], usable.time[phase.used]
    fitted = phase.clast_predicted[who] * np.exp(-phase.lambda_z[who] * (time - phase.last[who]))
    return pd.DataFrame(
        {**whose(usable.subjects, who), "time": time, "conc": usable.conc[phase.used], "fitted": fitted}
    )


def area_outline(
    samples: pd.DataFrame,
    start: float,
    end: float,
    *,
    method: str = "lin-up/log-down",
    blq: tuple[str, str, str] = ("keep", "drop", "drop"),
) -> pd.DataFrame:
    """The curve above AUCINT, for drawing: `subject, time [d], conc`, by subject and time, from start to end or Tlast.

    Between samples the points lie where the rule of the segment puts them. A subject without that area has no rows:
    AUCINT of `analyse`, whose arguments these are, says why.
    """
    ((start, end),) = checked_intervals([(start, end)])
    found = profiles(samples, method, blq)
    who, time, conc = outline(found.areas, start, end)
    rows = pd.DataFrame({**whose(found.samples.subjects, who), "time": time, "conc": conc})
    rows = rows[interval_areas(found, start, end).no_area[who] == ""]
    return rows.drop_duplicates([*whose(found.samples.subjects, who), "time"], ignore_index=True)


def _peak(found: Profiles) -> list[Parameter]:
    marks, unit = found.marks, found.samples.unit
    provisional = first_of(
        (marks.tmax == marks.last_sample, "peak_last"),
        (~marks.lower_after, "peak_not_passed"),
        (marks.last_sample < PEAK_OBSERVED, "peak_early"),
    )
    flag = both(first_of((marks.tmax == 0, "peak_at_0")), provisional)
    alone = first_of((marks.samples == 1, "one_sample"))
    return [
        Parameter("CMAX", marks.cmax, unit, found.no_curve, flag),
        Parameter("TMAX", marks.tmax, "d", found.no_curve, flag),
        Parameter("CLST", marks.clast, unit, found.no_curve, alone),
        Parameter("TLST", marks.tlast, "d", found.no_curve, alone),
    ]


def _to_tlast(found: Profiles, after: str) -> list[Parameter]:
    marks, unit = found.marks, found.samples.unit
    area, moment = found.areas.area[:, -1], found.areas.moment[:, -1]
    goes_on = ~np.isnan(marks.next_blq) & (after == "keep")
    triangle = np.where(goes_on, marks.clast * (marks.next_blq - marks.tlast) / 2, 0.0)
    return [
        Parameter("AUCLST", area, _times(unit, "d"), found.no_area),
        Parameter("AUCALL", area + triangle, _times(unit, "d"), found.no_area),
        Parameter("AUMCLST", moment, _times(unit, "d^2"), found.no_area),
        Parameter("MRTEVLST", _quotient(moment, area), "d", found.no_area),
    ]


def _terminal(found: Profiles) -> list[Parameter]:
    phase, why = found.terminal, found.no_slope
    half_life = np.log(2) / phase.lambda_z
    return [
        Parameter("LAMZ", phase.lambda_z, "1/d", why),
        Parameter("LAMZHL", half_life, "d", why),
        Parameter("LAMZNPT", phase.points, "", why),
        Parameter("LAMZLL", phase.first, "d", why),
        Parameter("LAMZUL", phase.last, "d", why),
        Parameter("R2", phase.r2, "", why),
        Parameter("R2ADJ", phase.r2_adjusted, "", why),
        Parameter("SPAN", (phase.last - phase.first) / half_life, "", why),
        Parameter("CLSTP", phase.clast_predicted, found.samples.unit, why),
    ]


def _to_infinity(found: Profiles) -> list[Parameter]:
    marks, slope, unit = found.marks, found.terminal.lambda_z, found.samples.unit
    area, moment = found.areas.area[:, -1], found.areas.moment[:, -1]
    why = first_of((True, found.no_area), (True, found.no_slope))
    tail_observed, tail_predicted = marks.clast / slope, found.terminal.clast_predicted / slope
    observed, predicted = area + tail_observed, area + tail_predicted
    moment = moment + tail_observed * (marks.tlast + 1 / slope)
    return [
        Parameter("AUCIFO", observed, _times(unit, "d"), why),
        Parameter("AUCIFP", predicted, _times(unit, "d"), why),
        Parameter("AUCPEO", 100 * tail_observed / observed, "%", why),
        Parameter("AUCPEP", 100 * tail_predicted / predicted, "%", why),
        Parameter("AUMCIFO", moment, _times(unit, "d^2"), why),
        Parameter("MRTEVIFO", moment / observed, "d", why),
    ]


def _interval(found: Profiles, start: float, end: float) -> list[Parameter]:
    marks, unit = found.marks, _times(found.samples.unit, "d")
    part = interval_areas(found, start, end)
    short = first_of((marks.last_sample < end, "short"))
    flag = both(short, first_of((part.to_tlast == 0, "nothing_inside")))
    columns = [Parameter("AUCINT", part.to_tlast, unit, part.no_area, flag, start, end)]
    for code, tail in {"AUCINTO": part.tail_observed, "AUCINTP": part.tail_predicted}.items():
        total = part.to_tlast + tail
        beyond = both(flag, first_of((end > marks.tlast, "extrapolated")))
        share = 100 * _quotient(tail, total)
        columns.append(Parameter(code, total, unit, part.no_total, beyond, start, end, share))
    return columns


def _long(found: Profiles, columns: Sequence[Parameter]) -> pd.DataFrame:
    n, width = len(found.samples.subjects), len(columns)
    silent, unshared = np.full(n, "", object), np.full(n, np.nan)
    why = np.column_stack([column.why for column in columns]).ravel()
    flag = np.column_stack([silent if column.flag is None else column.flag for column in columns]).ravel()
    value = np.column_stack([column.value for column in columns]).ravel()
    value[why != ""] = np.nan
    share = [unshared if column.extrapolated is None else column.extrapolated for column in columns]

    who, place = np.repeat(np.arange(n), width), np.tile(np.arange(width), n)
    return pd.DataFrame(
        {
            **whose(found.samples.subjects, who),
            "parameter": pd.array([column.code for column in columns], dtype="str").take(place),
            "start": np.array([column.start for column in columns])[place],
            "end": np.array([column.end for column in columns])[place],
            "value": value,
            "unit": pd.array([column.unit for column in columns], dtype="str").take(place),
            "code": pd.array(np.where(why != "", why, flag), dtype="str"),
            "last_sample": found.marks.last_sample[who],
            "tlast": found.marks.tlast[who],
            "extrapolated": np.column_stack(share).ravel(),
        }
    )


def _times(unit: str, time: str) -> str:
    """A unit of concentration times one of time: copies/ug and d make copies*d/ug."""
    amount, slash, per = unit.partition("/")
    return f"{amount}*{time}{slash}{per}"


def _quotient(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)
