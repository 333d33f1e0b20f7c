"""RECIST 1.1 from lesions to the best overall response: target, overall, confirmed best, and the best change in size.

Eisenhauer et al., Eur J Cancer 2009;45:228-247, doi:10.1016/j.ejca.2008.10.026; the questions and clarifications of the
EORTC, recist.eortc.org. Codes are those of CDISC: CR, PR, SD, NON-CR/NON-PD, PD, NE, in upper or lower case.
"""

import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

# Best first: of the responses a patient qualifies for, the first is the best overall response.
RANKING = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")
TARGET = ("CR", "PR", "SD", "PD", "NE")
NON_TARGET = ("CR", "NON-CR/NON-PD", "PD", "NE")

# Why a best change is not given, one sentence a code. A translation has the same keys.
ENGLISH = {
    "": "",
    "no_measurable_disease": "no measurable disease at baseline",
    "no_baseline": "no sum of diameters at baseline",
    "no_scan_after_baseline": "no complete sum of diameters after baseline",
}

NANOMETRES = 10**6  # in a mm


# ---- one time point --------------------------------------------------------------------------------------------------
def target(
    baseline_sum: float,
    nadir_sum: float,
    current_sum: float | None,
    *,
    all_gone: bool,
    nodes_normal: bool,
    not_all_assessed: bool,
) -> str:
    """The response of the target lesions at one visit: CR, PR, SD, PD or NE. Sums of diameters in mm.

    baseline_sum: above 0; without target lesions there is no target response (`overall(None, ...)`).
    nadir_sum: the smallest sum before this visit, the baseline's included, so never above it.
    current_sum: of the lesions assessed now; None or NaN = none was. A lesion too small to measure counts 5 mm, a node
        of less than 10 mm keeps its short axis.
    all_gone: every target that is no lymph node has disappeared; true where all are nodes.
    nodes_normal: every target node has a short axis below 10 mm; true where none is a node.
    not_all_assessed: at least one target was not assessed, or not well enough.

    The first that holds decides:
    1. not all assessed: PD if the assessed lesions alone show it as under 3, otherwise NE
    2. all gone and nodes normal: CR, the sum of normal nodes whatever it is: below 10 mm a node is no disease, and a
       node that was normal has come back only at 10 mm or more (EORTC, "Abnormal lymph node")
    3. at least 20 % and at least 5 mm above the nadir: PD
    4. at least 30 % below the baseline: PR
    5. SD

    Sums are compared as whole nanometres: 63 of 90 mm is 30 % less, which 0.7 * 90 in floating point is not.

    ValueError, naming the argument: a sum that is negative or infinite, baseline_sum not above 0, nadir_sum above
    baseline_sum, current_sum missing though all were assessed, a flag that is no bool, or flags and sum that
    contradict each other (all disappeared but no smaller than at baseline, or 0 mm but not disappeared).
    """
    for name, flag in (("all_gone", all_gone), ("nodes_normal", nodes_normal), ("not_all_assessed", not_all_assessed)):
        _check_flag(name, flag)
    baseline, nadir = _nanometres("baseline_sum", baseline_sum), _nanometres("nadir_sum", nadir_sum)
    if baseline == 0:
        raise ValueError("baseline_sum must be above 0: without target lesions there is no target response")
    if nadir > baseline:
        raise ValueError(f"nadir_sum must not exceed baseline_sum, which it includes: {nadir_sum!r}, {baseline_sum!r}")
    if _missing("current_sum", current_sum):
        if not not_all_assessed:
            raise ValueError("current_sum is missing, though all target lesions were assessed")
        return "NE"

    current = _nanometres("current_sum", current_sum)
    if not_all_assessed:
        return "PD" if _progressed(nadir, current) else "NE"
    gone = all_gone and nodes_normal
    if gone and current >= baseline:
        raise ValueError(f"current_sum {current_sum!r} is not below the baseline, though all disease has disappeared")
    if current == 0 and not gone:
        raise ValueError("current_sum is 0, though all_gone or nodes_normal says that there is disease")
    if gone:
        return "CR"
    if _progressed(nadir, current):
        return "PD"
    return "PR" if 10 * current <= 7 * baseline else "SD"


def overall(target: str | None, non_target: str | None, new_lesion: bool) -> str:
    """The overall response at one visit, from RECIST 1.1 tables 1 and 2.

    target: CR, PR, SD, PD or NE; None = no measurable disease at baseline.
    non_target: CR, NON-CR/NON-PD, PD or NE (not evaluated, or not all); None = no such lesions at baseline.
    new_lesion: an unequivocal one, at this visit or before.

    The first that holds decides:
    1. a new lesion, target PD or non-target PD: PD
    2. no target lesions: the non-target response
    3. target CR with non-target lesions that are not CR: PR
    4. the target response

    KeyError for an unknown code. ValueError for a new_lesion that is no bool, and where there was neither target nor
    non-target disease: then only a new lesion says something.
    """
    target = None if target is None else _code(target, TARGET)
    non_target = None if non_target is None else _code(non_target, NON_TARGET)
    _check_flag("new_lesion", new_lesion)
    if new_lesion or "PD" in (target, non_target):
        return "PD"
    if target is None:
        if non_target is None:
            raise ValueError("target and non_target are both None: no disease at baseline, no response to tell")
        return non_target
    return "PR" if target == "CR" and non_target in ("NON-CR/NON-PD", "NE") else target


# ---- all visits ------------------------------------------------------------------------------------------------------
def best_overall(
    visits: Iterable[tuple[float, str]],
    *,
    confirm_days: float = 28,
    sd_min_days: float = 42,
    ne_between: int = 1,
    sd_between: bool = False,
) -> str:
    """The best overall response with confirmation of CR and PR (RECIST 1.1 table 3); NE without visits.

    visits: (day since the start, overall response), in any order, up to the start of a new anticancer therapy: later
        ones are for the caller to leave out. Visits after the first PD do not count.
    confirm_days: least time from a response to its confirmation. A window's tolerance is taken off here.
    sd_min_days: least time from the start at which a visit shows SD.
    ne_between: how many NE may lie between a response and its confirmation.
    sd_between: whether one SD may lie between a PR and its confirmation.

    Disease after a CR is PD at that visit (note a of the table): PR, SD and NON-CR/NON-PD after a CR read as PD. Where
    the CR was in truth a PR, the response of that visit is to be corrected; this function does not guess it.

    The first that holds decides:
    1. CR: a CR, and another CR `confirm_days` later or more, with at most `ne_between` NE between
    2. PR: a PR, and a PR or CR `confirm_days` later or more, at most `ne_between` NE (and, if allowed, 1 SD) between
    3. SD: a CR, PR or SD on day `sd_min_days` or later
    4. NON-CR/NON-PD: one on day `sd_min_days` or later
    5. PD: one, by any of the above
    6. NE

    So a response not (yet) confirmed counts as SD, and SD that came too early as PD if PD follows, as NE if nothing
    does; a PR and an SD that are both too early are NE, since SD as best response must meet the minimum.

    KeyError for an unknown code. ValueError, naming the argument: a day that is negative or not finite, two different
    responses on one day (the same response twice is one visit), a setting that is negative or of another kind.
    """
    _check_settings(confirm_days, sd_min_days, ne_between, sd_between)
    counted = _until_progression(_in_order(visits))
    late = {response for day, response in counted if day >= sd_min_days}
    qualified = {
        "CR": _confirmed(counted, "CR", {"CR"}, confirm_days, {"NE": ne_between}),
        "PR": _confirmed(counted, "PR", {"CR", "PR"}, confirm_days, {"NE": ne_between, "SD": int(sd_between)}),
        "SD": bool(late & {"CR", "PR", "SD"}),
        "NON-CR/NON-PD": "NON-CR/NON-PD" in late,
        "PD": any(response == "PD" for _, response in counted),
        "NE": True,
    }
    return next(response for response in RANKING if qualified[response])


Visits = list[tuple[float, str]]


def _confirmed(visits: Visits, response: str, by: set[str], days: float, allowed: Mapping[str, int]) -> bool:
    """Whether `response` is followed after `days` or more by one of `by`, with no more between than is `allowed`."""
    for first, (day, found) in enumerate(visits):
        if found != response:
            continue
        between = dict.fromkeys(allowed, 0)
        for later, next_found in visits[first + 1 :]:
            if next_found in by:
                if later - day >= days:
                    return True
            elif next_found not in allowed or between[next_found] == allowed[next_found]:
                break
            else:
                between[next_found] += 1
    return False


def _until_progression(visits: Visits) -> Visits:
    """The visits up to the first PD, with disease after a CR read as PD."""
    counted, complete = [], False
    for day, response in visits:
        if complete and response not in ("CR", "NE"):
            response = "PD"
        counted.append((day, response))
        if response == "PD":
            break
        complete = complete or response == "CR"
    return counted


def _in_order(visits: Iterable[tuple[float, str]]) -> Visits:
    found = {}
    for day, response in visits:
        if _missing("visits: the day", day) or not 0 <= day < math.inf:
            raise ValueError(f"visits: the day must be a number from 0, not {day!r}")
        response = _code(response, RANKING)
        if found.setdefault(day, response) != response:
            raise ValueError(f"visits: two responses on day {day}: {found[day]} and {response}")
    return sorted(found.items())


# ---- waterfall -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class BestChange:
    """The best change of the sum of diameters; where it cannot be said NaN, and `code` (a key of ENGLISH) says why."""

    percent: float  # of the baseline sum; below 0 = smaller
    day: float  # of the scan that shows it, the first of equals
    code: str = ""

    @property
    def reason(self) -> str:
        return ENGLISH[self.code]


def best_change(sums: Iterable[tuple[float, float | None]], *, until: float = math.inf) -> BestChange:
    """The smallest change of the sum of target diameters from baseline, in %, as a waterfall plot draws it.

    sums: (day since infusion, sum in mm, None or NaN = not all assessed), in any order. The one on Day 0 or before is
        the baseline; which scan that is, is for the caller to choose (the last before lymphodepletion).
    until: the last day that counts: of progression (a new or non-target lesion is not seen in the sums), or the last
        before a new anticancer therapy.

    The scans after baseline count up to and including the first with PD by the sums (20 % and 5 mm above the smallest
    so far): who progressed at the first scan has that increase as best change, and shrinkage after progression is none.

    NaN without any sum or with a baseline of 0 (no measurable disease), without a baseline, without a later complete
    sum. ValueError, naming the argument: a day that is not finite, a negative or infinite sum, two sums on one day, two
    baselines, an `until` that is missing.
    """
    if _missing("until", until):
        raise ValueError("until must be a day; without one, leave it out")
    measured = _measured(sums)
    baselines = [size for day, size in measured if day <= 0]
    if len(baselines) > 1:
        raise ValueError("sums: more than one on Day 0 or before; only the baseline belongs here")
    if not measured or baselines == [0]:
        return BestChange(math.nan, math.nan, "no_measurable_disease")
    if not baselines or baselines[0] is None:
        return BestChange(math.nan, math.nan, "no_baseline")

    baseline = nadir = baselines[0]
    changes = []
    for day, size in measured:
        if day <= 0 or day > until or size is None:
            continue
        changes.append((100 * (size - baseline) / baseline, day))
        if _progressed(nadir, size):
            break
        nadir = min(nadir, size)
    return BestChange(*min(changes)) if changes else BestChange(math.nan, math.nan, "no_scan_after_baseline")


def _measured(sums: Iterable[tuple[float, float | None]]) -> list[tuple[float, int | None]]:
    """(day, sum in nanometres or None) in the order of days."""
    found = {}
    for day, size in sums:
        if _missing("sums: the day", day) or math.isinf(day):
            raise ValueError(f"sums: the day must be a finite number, not {day!r}")
        if day in found:
            raise ValueError(f"sums: two on day {day}")
        found[day] = None if _missing("sums", size) else _nanometres("sums", size)
    return sorted(found.items(), key=operator.itemgetter(0))


# ---- comparisons and checks ------------------------------------------------------------------------------------------
def _progressed(nadir: int, current: int) -> bool:
    return 5 * current >= 6 * nadir and current - nadir >= 5 * NANOMETRES


def _nanometres(name: str, size: float) -> int:
    """Whole numbers, so that a sum of tenths of a mm is what it is on paper and equality is equality."""
    if _missing(name, size) or not 0 <= size < math.inf:
        raise ValueError(f"{name} must be a number of mm from 0, not {size!r}")
    return round(float(size) * NANOMETRES)


def _missing(name: str, value: float | None) -> bool:
    try:
        return value is None or math.isnan(value)
    except TypeError:
        raise ValueError(f"{name} must be a number, not {value!r}") from None


def _code(response: str, known: tuple[str, ...]) -> str:
    code = response.upper() if isinstance(response, str) else response
    if code not in known:
        raise KeyError(f"unknown response {response!r}: known are {', '.join(known)}")
    return code


def _check_flag(name: str, flag: bool) -> None:
    # Not `not flag`: None would pass for "no", and the text "N" for "yes".
    if not isinstance(flag, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, not {flag!r}")


def _check_settings(confirm_days: float, sd_min_days: float, ne_between: int, sd_between: bool) -> None:
    for name, days in (("confirm_days", confirm_days), ("sd_min_days", sd_min_days)):
        if _missing(name, days) or not 0 <= days < math.inf:
            raise ValueError(f"{name} must be a number of days from 0, not {days!r}")
    try:
        allowed = operator.index(ne_between)
    except TypeError:
        raise ValueError(f"ne_between must be an integer, not {ne_between!r}") from None
    if allowed < 0:
        raise ValueError(f"ne_between must not be negative, it is {ne_between!r}")
    _check_flag("sd_between", sd_between)
