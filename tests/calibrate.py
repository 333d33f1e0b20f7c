"""How near the fits of Stein's model come to what is true, in simulated trials: `make calibrate`.

20 trials of 30 subjects, drawn from the published population (Stein 2019, doi:10.1002/psp4.12388) with a residual
standard deviation of 0.3 of ln C and a limit of quantification of 50 copies/ug. They are sampled on DAYS: those of the
trial's schedule up to Day 180, and Day 5. The schedule sets how much can be known at all: on these days a fit that is
told the true population comes to 0.036, 0.142, 0.099, 0.070, 0.103 and 0.093 (in the order of AIMS), without Day 5 to
0.040, 0.150, 0.095, 0.093, 0.105 and 0.098. Prints a table, and fails where an aim is missed.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pk.kinetics import fit_population, fit_subject

TYPICAL = {"foldx": 3900, "tmax": 9.3, "cmax": 24_000, "alpha": 0.16, "fb": 0.0079, "beta": 0.0032}
BETWEEN = {"foldx": 2.4, "tmax": 0.38, "cmax": 0.65, "alpha": 0.91, "fb": 0.80, "beta": 0.86}
DAYS = (1, 3, 5, 7, 10, 14, 21, 28, 60, 90, 180)
LLOQ, ERROR = 50.0, 0.3
SETS, SUBJECTS = 20, 30
# The median of |ln(estimate / truth)| over all subjects of all trials, at most
AIMS = {"tmax": 0.04, "cmax": 0.16, "alpha": 0.13, "doubling_time": 0.10, "auc0_28": 0.11, "auc0_90": 0.10}
BIAS, BETTER, RESIDUAL, BLQ = 0.1, 5, (0.25, 0.35), (0.15, 0.20)


@dataclass(frozen=True)
class Trial:
    samples: pd.DataFrame
    truth: pd.DataFrame  # one row a subject, sorted


def trial(seed: int) -> Trial:
    rng = np.random.default_rng(seed)
    true = {name: TYPICAL[name] * np.exp(BETWEEN[name] * rng.standard_normal(SUBJECTS)) for name in TYPICAL}
    true["doubling_time"] = np.log(2) * true["tmax"] / np.log(true["foldx"])
    for end in (28, 90):
        fine = np.linspace(0, end, 20_001)
        true[f"auc0_{end}"] = np.trapezoid(curve(true, fine), fine, axis=1)
    days = np.array(DAYS, float)
    measured = curve(true, days) * np.exp(ERROR * rng.standard_normal((SUBJECTS, days.size)))
    names = np.array([f"S{place:02d}" for place in range(SUBJECTS)])
    samples = pd.DataFrame({"subject": names.repeat(days.size), "time": np.tile(days, SUBJECTS)})
    samples = samples.assign(conc=measured.ravel(), lloq=LLOQ, blq=measured.ravel() < LLOQ)
    samples["conc"] = samples["conc"].mask(samples["blq"])
    return Trial(samples, pd.DataFrame(true, index=names))


def curve(of: dict[str, np.ndarray], time: np.ndarray) -> np.ndarray:
    """C of the model, a row a subject, written down a second time."""
    foldx, tmax, cmax, alpha, fb, beta = (of[name][:, None] for name in TYPICAL)
    since = np.maximum(time - tmax, 0)
    rising = cmax / foldx * np.exp(np.log(foldx) / tmax * np.minimum(time, tmax))
    return np.where(time < tmax, rising, cmax * ((1 - fb) * np.exp(-alpha * since) + fb * np.exp(-beta * since)))


def alone(samples: pd.DataFrame) -> pd.DataFrame:
    """The six numbers of each subject fitted alone, by subject."""
    rows = {
        subject: fit_subject(own["time"], own["conc"].where(~own["blq"], 0), own["lloq"])
        for subject, own in samples.groupby("subject")
    }
    return pd.DataFrame({subject: {name: getattr(fit, name) for name in AIMS} for subject, fit in rows.items()}).T


def main() -> int:
    errors, single, covered, residual, seconds, blq = [], [], [], [], [], []
    for seed in range(SETS):
        made = trial(seed)
        began = time.perf_counter()
        fit = fit_population(made.samples)
        seconds.append(time.perf_counter() - began)
        found, truth = fit.individual.set_index("subject"), made.truth[list(AIMS)]
        errors.append(np.log(found[list(AIMS)] / truth))
        single.append(np.log(alone(made.samples) / truth))
        covered.append(
            pd.DataFrame({n: (found[f"{n}_low"] <= truth[n]) & (truth[n] <= found[f"{n}_high"]) for n in AIMS})
        )
        residual.append(fit.residual_sd)
        blq.append(made.samples["blq"].mean())
        print(f"trial {seed + 1}/{SETS}: {seconds[-1]:.1f} s, residual {fit.residual_sd:.3f}", flush=True)
    table = tabled(pd.concat(errors), pd.concat(single), pd.concat(covered))
    print(table.to_string(float_format="{:.3f}".format))
    print(f"residual SD {min(residual):.3f} to {max(residual):.3f}, truth {ERROR}; BLQ {100 * np.mean(blq):.1f} %;")
    print(f"{np.median(seconds):.1f} s a fit of {SUBJECTS} subjects (median)")
    missed = misses(table, residual, float(np.mean(blq)))
    print("\n".join(f"MISSED: {one}" for one in missed) or "every aim is met")
    return 1 if missed else 0


def tabled(errors: pd.DataFrame, single: pd.DataFrame, covered: pd.DataFrame) -> pd.DataFrame:
    """A row a number. `both` and `alone` are over the subjects to whom either fit gives it, the rest over all to whom
    the population does; `covers` is the share of all 95 % intervals that hold the truth."""
    common = errors.notna() & single.notna()
    return pd.DataFrame(
        {
            "error": errors.abs().median(),
            "aim": pd.Series(AIMS),
            "bias": errors.mean(),
            "both": errors.where(common).abs().median(),
            "alone": single.where(common).abs().median(),
            "covers": covered.mean(),
            "given": errors.notna().sum(),
            "given alone": single.notna().sum(),
            "of": len(errors),
        }
    )


def misses(table: pd.DataFrame, residual: list[float], blq: float) -> list[str]:
    """What does not hold, in words."""
    missed = [f"error of {name}" for name in table.index[~(table["error"] <= table["aim"])]]
    missed += [f"bias of {name}" for name in table.index[~(table["bias"].abs() <= BIAS)]]
    better = int((table["both"] < table["alone"]).sum())
    missed += [f"better than alone in {better} of {len(table)}, not {BETTER}"] if better < BETTER else []
    missed += ["residual SD"] if not all(RESIDUAL[0] <= one <= RESIDUAL[1] for one in residual) else []
    missed += [] if BLQ[0] <= blq <= BLQ[1] else ["share of BLQ samples"]
    return missed


if __name__ == "__main__":
    sys.exit(main())
