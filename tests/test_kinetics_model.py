"""Stein's model: its closed forms by hand, its likelihood, what the fits recover, and what they must not do."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from pk import stein
from pk.kinetics import ENGLISH, Reason, fit_population, fit_subject
from pk.likelihood import Block, Evidence
from tests import calibrate

LN2 = math.log(2)
PUBLISHED = {"foldx": 3900.0, "tmax": 9.3, "cmax": 24_000.0, "alpha": 0.16, "fb": 0.0079, "beta": 0.0032}
QUANTITIES = [*PUBLISHED, "doubling_time", "auc0_28", "auc0_90"]
DENSE = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 21, 28, 42, 60, 90, 120, 180, 270, 360.0])
# One subject as trials sample: growth seen twice, a peak, a fall, and BLQ before and after.
SPARSE = {1: 0, 3: 0, 5: 180, 7: 1500, 10: 9500, 14: 6200, 21: 2100, 28: 600, 60: 0}
COMMON = {"subject": str, "time": float, "conc": float, "lloq": float, "blq": bool}


def close(expected: float, rel: float = 1e-12):
    return pytest.approx(expected, rel=rel)


def conc(time, **changed) -> np.ndarray:
    return np.exp(stein.log_conc(stein.to_phi(**PUBLISHED | changed), np.asarray(time, float)))


def sparse(changed: dict | None = None, lloq: float = 50.0, **options):
    samples = SPARSE | (changed or {})
    return fit_subject(list(samples), list(samples.values()), lloq, **options)


def frame(profiles: dict[str, dict[float, float]], lloq: float = 50.0) -> pd.DataFrame:
    rows = [(name, day, level, lloq, level == 0) for name, own in profiles.items() for day, level in own.items()]
    return pd.DataFrame(rows, columns=list(COMMON)).astype(COMMON)


# --- the model at the published parameters, by hand


def test_the_curve_starts_peaks_and_falls_where_it_should():
    assert conc([0]) == close(24_000 / 3900)
    assert conc([9.3]) == close(24_000)
    # Half way up on the log scale, and one day's growth is foldx^(1 / 9.3).
    assert conc([4.65]) == close(24_000 / math.sqrt(3900))
    assert conc([5]) / conc([4]) == close(3900 ** (1 / 9.3))
    assert conc([19.3]) == close(24_000 * (0.9921 * math.exp(-1.6) + 0.0079 * math.exp(-0.032)))


def test_areas_and_doubling_time_are_the_closed_forms():
    phi = stein.to_phi(**PUBLISHED)
    # Up: (Cmax - Cmax/foldx) / rho with rho = ln 3900 / 9.3 = 0.889 /d. Down: each phase over the days after Tmax.
    up = (24_000 - 24_000 / 3900) * 9.3 / math.log(3900)

    def down(days):
        return 24_000 * (
            0.9921 * (1 - math.exp(-0.16 * days)) / 0.16 + 0.0079 * (1 - math.exp(-0.0032 * days)) / 0.0032
        )

    assert stein.area(phi, 9.3) == close(up)
    assert stein.area(phi, 28) == close(up + down(18.7))
    assert stein.area(phi, 90) == close(up + down(80.7))
    # Stein 2019 gives 172,000 copies d/ug and 0.78 d.
    assert round(float(stein.area(phi, 28)), -3) == 172_000
    assert stein.doubling_time(phi) == close(LN2 * 9.3 / math.log(3900))
    assert round(float(stein.doubling_time(phi)), 2) == 0.78


def test_a_lag_is_flat_before_it_grows():
    assert conc([0, 1.5, 3.0], tlag=3.0) == close(np.full(3, 24_000 / 3900))
    assert conc([6.15], tlag=3.0) == close(24_000 / math.sqrt(3900))
    phi = stein.to_phi(**PUBLISHED, tlag=3.0)
    flat, up = 3 * 24_000 / 3900, (24_000 - 24_000 / 3900) * 6.3 / math.log(3900)
    assert stein.area(phi, 9.3) == close(flat + up)
    assert stein.area(phi, 2) == close(2 * 24_000 / 3900)
    assert stein.doubling_time(phi) == close(LN2 * 6.3 / math.log(3900))


def test_what_does_not_grow_has_no_doubling_time():
    flat = stein.to_phi(**PUBLISHED | {"foldx": 1.0})
    assert stein.doubling_time(flat) == math.inf
    assert stein.area(flat, 9.3) == close(9.3 * 24_000)


def test_a_blq_sample_adds_the_probability_of_a_result_below_its_limit():
    phi = stein.to_phi(**PUBLISHED)[None, None]
    one = np.array([0])
    seen = Block(1, one, np.array([9.3]), np.log([12_000.0]))
    blq = Block(1, one, np.array([0.0]), np.log([50.0]))
    found = Evidence(seen, blq).misfit(phi).log_likelihood(0.5)
    # ln(12,000 / 24,000) = -ln 2 off by 0.5; the limit is ln(50 x 3900 / 24,000) above ln C.
    normal = -((LN2 / 0.5) ** 2) / 2 - math.log(0.5) - math.log(2 * math.pi) / 2
    below = 0.5 * math.erfc(-math.log(50 * 3900 / 24_000) / 0.5 / math.sqrt(2))
    assert found == close(np.array([[normal + math.log(below)]]))


# --- one subject


@pytest.mark.parametrize("lag", [False, True])
def test_a_dense_profile_without_error_gives_its_parameters_back(lag):
    truth = PUBLISHED | ({"tlag": 3.27} if lag else {})
    fit = fit_subject(DENSE, conc(DENSE, **truth), 1.0, lag=lag)
    for name, value in truth.items():
        assert getattr(fit, name) == close(value, rel=0.02), name
        assert fit.intervals[name][0] < value < fit.intervals[name][1], name
    assert fit.converged
    assert fit.reason == ""
    assert fit.residual_sd < 0.1
    assert math.isnan(fit.tlag) != lag


def test_fb_and_beta_of_a_sparse_profile_are_withheld_and_their_intervals_stay():
    fit = sparse()
    assert math.isnan(fit.fb)
    assert math.isnan(fit.beta)
    assert "fb, beta" in fit.reason
    assert "tenfold" in fit.reason
    low, high = fit.intervals["beta"]
    assert 0 < 10 * low < high
    assert fit.tmax == close(10, rel=0.2)
    assert fit.cmax == close(10_000, rel=0.5)
    assert fit.intervals["cmax"][0] < fit.cmax < fit.intervals["cmax"][1]


def test_a_blq_sample_is_neither_a_zero_nor_dropped():
    # A limit above the whole curve says nothing; a zero would be far off it.
    open_ended = sparse({14: 0}, lloq=50.0)
    times = list(SPARSE)
    limits = np.where(np.array(times) == 14, 1e9, 50.0)
    unseen = fit_subject(times, [0 if day == 14 else level for day, level in SPARSE.items()], limits)
    without = fit_subject(*zip(*[one for one in SPARSE.items() if one[0] != 14], strict=True), 50.0)
    assert unseen.auc0_28 == close(without.auc0_28, rel=0.01)
    # Below 50 on Day 14 where 6,200 was measured contradicts the rest: the residual grows, nothing crashes.
    assert open_ended.intervals["cmax"] != close(without.intervals["cmax"], rel=0.01)
    # BLQ on Day 60 bounds the second phase from above: more than if it had not been sampled.
    later = fit_subject(*zip(*[one for one in SPARSE.items() if one[0] != 60], strict=True), 50.0)
    assert sparse().intervals["auc0_90"][1] < 0.9 * later.intervals["auc0_90"][1]


def test_a_subject_in_another_unit_has_another_cmax_and_area_and_nothing_else():
    fit = sparse()
    other = fit_subject(list(SPARSE), 1000 * np.array(list(SPARSE.values())), 50_000.0)
    for name in QUANTITIES:
        factor = 1000 if name in ("cmax", "auc0_28", "auc0_90") else 1
        assert np.array(other.intervals[name]) == close(factor * np.array(fit.intervals[name]), rel=1e-6), name
    assert other.residual_sd == close(fit.residual_sd, rel=1e-6)


def test_order_and_samples_before_the_infusion_change_nothing():
    fit = repr(sparse())  # in which NaN is NaN
    order = np.random.default_rng(1).permutation(len(SPARSE))
    days, levels = np.array(list(SPARSE), float)[order], np.array(list(SPARSE.values()), float)[order]
    assert repr(fit_subject(days, levels, 50.0)) == fit
    early = fit_subject([*days, -6, -0.05, 0], [*levels, 0, 0, 0], 50.0)
    assert repr(early) == fit
    no_result = fit_subject([*days, 12], [*levels, math.nan], 50.0)
    assert repr(no_result) == fit


@pytest.mark.parametrize(
    ("time", "level", "says"),
    [
        ([], [], "no sample"),
        ([-5, 0], [0, 700], "no sample"),
        ([7, 14], [math.nan, math.nan], "no sample"),
        ([7, 14, 28], [0, 0, 0], "never quantifiable"),
        ([7, 14, 28], [10, 0, 49], "never quantifiable"),
        ([7], [900], "foldx, tmax, cmax, alpha, fb, beta, doubling_time, auc0_28, auc0_90 not given"),
        ([7, 14], [900, 300], "foldx, tmax, cmax, alpha, fb, beta, doubling_time, auc0_28, auc0_90 not given"),
    ],
)
def test_too_little_gives_a_reason_and_no_number(time, level, says):
    fit = fit_subject(time, level, 50.0)
    assert says in fit.reason
    assert all(math.isnan(getattr(fit, name)) for name in [*QUANTITIES, "residual_sd"])


def test_a_maximum_at_the_last_sample_is_provisional_and_an_area_beyond_it_is_said():
    rising = fit_subject([3, 5, 7, 10, 14], [60, 200, 800, 3000, 9000], 50.0)
    assert "no lower sample after the maximum" in rising.reason
    early = fit_subject([3, 5, 7, 9, 11, 13], [100, 600, 4000, 9000, 6500, 5000], 50.0)
    assert "last sample on Day 13, before Day 14" in early.reason
    assert re.search(r"\d+ % of auc0_28 lies beyond the last sample, Day 13", early.reason)


def test_a_blq_sample_without_a_limit_is_left_out_and_counted():
    limits = [math.nan if level == 0 else 50.0 for level in SPARSE.values()]
    fit = fit_subject(list(SPARSE), list(SPARSE.values()), limits)
    assert "without a limit of quantification left out: 3" in fit.reason


@pytest.mark.parametrize(
    ("time", "level", "lloq", "says"),
    [
        ([7, 7, 14], [900, 800, 300], 50.0, "duplicate time 7.0"),
        ([7, 14], [900], 50.0, "time and conc must be lists of one length"),
        ([7, 14], [900, 300], [50.0], "lloq must be one number"),
        ([7, 14], [900, -300], 50.0, "conc is negative or infinite"),
        ([7, math.nan], [900, 300], 50.0, "time is missing or infinite"),
        ([7, 14], [900, "BLQ"], 50.0, "conc must hold numbers"),
    ],
)
def test_a_broken_argument_is_refused_by_name(time, level, lloq, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        fit_subject(time, level, lloq)


def test_lag_is_a_flag():
    with pytest.raises(ValueError, match="lag must be True or False"):
        fit_subject([7], [900], 50.0, lag="yes")
    with pytest.raises(ValueError, match="lag must be True or False"):
        fit_population(frame({}), lag=1)


def test_every_reason_has_a_sentence():
    with pytest.raises(KeyError):
        Reason("unheard_of").say()
    assert Reason("all_blq").say({"all_blq": "从未可定量"}) == "从未可定量"
    assert all(ENGLISH.values())


# --- a population

FEW = 8
NEVER = {1.0: 0.0, 7.0: 0.0, 14.0: 0.0, 28.0: 0.0}


@pytest.fixture(scope="module")
def trial():
    made = calibrate.trial(seed=100)
    kept = made.truth.index[:FEW]
    return made.samples[made.samples["subject"].isin(kept)], made.truth.loc[kept]


@pytest.fixture(scope="module")
def fitted(trial):
    samples, _ = trial
    blank = frame({"never": NEVER, "none": {7.0: math.nan}})
    return fit_population(pd.concat([samples, blank], ignore_index=True))


def test_a_small_population_is_recovered(fitted, trial):
    _, truth = trial
    assert fitted.converged
    assert fitted.reason == ""
    assert 0.2 < fitted.residual_sd < 0.4
    assert fitted.residual_interval[0] < calibrate.ERROR < fitted.residual_interval[1]
    found = fitted.individual.set_index("subject").loc[truth.index]
    assert ((found["tmax"] / truth["tmax"]).map(math.log).abs().median()) < 0.1
    for name in calibrate.AIMS:
        inside = (found[f"{name}_low"] <= truth[name]) & (truth[name] <= found[f"{name}_high"])
        assert inside.sum() >= FEW - 2, name
    typical = fitted.population.set_index("parameter")
    for name, value in PUBLISHED.items():
        assert typical.loc[name, "low"] < value < typical.loc[name, "high"], name


def test_the_frames_have_one_row_a_subject_and_a_number_or_a_reason(fitted):
    individual = fitted.individual
    assert list(individual.columns[:11]) == ["subject", *QUANTITIES, "reason"]
    assert list(individual["subject"]) == sorted(individual["subject"])
    assert list(fitted.population["parameter"]) == QUANTITIES
    for _, row in individual.iterrows():
        for name in QUANTITIES:
            told = row["reason"]
            assert not math.isnan(row[name]) or name in told or "quantifiable" in told or "no sample" in told
    missing = fitted.population["value"].isna()
    assert (missing == (fitted.population["reason"] != "")).all()


def test_who_never_was_quantifiable_is_listed_and_not_averaged(fitted):
    rows = fitted.individual.set_index("subject")
    assert rows.loc["never", "reason"] == ENGLISH["all_blq"]
    assert rows.loc["none", "reason"] == ENGLISH["no_sample"]
    assert rows.loc[["never", "none"], QUANTITIES].isna().all(axis=None)
    assert len(fitted.used) == FEW
    assert fitted.why["never"] == (Reason("all_blq"),)


def test_neither_order_nor_names_nor_unit_change_a_population(fitted, trial):
    samples, _ = trial
    names = {name: f"P{len(samples) - place}" for place, name in enumerate(samples["subject"].unique())}
    other = samples.sample(frac=1, random_state=3).assign(subject=lambda rows: rows["subject"].map(names))
    other = other.assign(conc=other["conc"] / 100, lloq=other["lloq"] / 100)
    again = fit_population(other).individual.set_index("subject")
    before = fitted.individual.set_index("subject").loc[list(names)]
    again = again.loc[list(names.values())]
    for name in QUANTITIES:
        factor = 0.01 if name in ("cmax", "auc0_28", "auc0_90") else 1
        for end in ("", "_low", "_high"):
            expected = factor * before[f"{name}{end}"].to_numpy()
            np.testing.assert_allclose(again[f"{name}{end}"].to_numpy(), expected, rtol=1e-3, err_msg=name)


def test_curves_pass_the_peaks(fitted, trial):
    _, truth = trial
    curves = fitted.curves([0, 9, 28])
    assert list(curves["subject"].unique()) == list(truth.index)
    assert (curves["low"] <= curves["conc"]).all()
    assert (curves["conc"] <= curves["high"]).all()
    with pytest.raises(ValueError, match="time"):
        fitted.curves([-1])


def test_fewer_than_three_subjects_are_each_alone():
    fit = fit_population(frame({"S1": SPARSE, "S2": SPARSE, "never": NEVER}))
    alone = sparse()
    assert fit.reason == "no population, each alone: 2 subjects with a quantifiable sample after Day 0, of 3 needed"
    assert not fit.converged
    assert fit.individual["tmax"].tolist()[:2] == [close(alone.tmax, rel=1e-9)] * 2
    assert fit.individual["reason"].str.contains("each alone").tolist() == [True, True, False]
    assert fit.population["value"].isna().all()
    assert math.isnan(fit.residual_sd)


def test_duplicate_times_of_a_subject_are_refused_by_name():
    twice = pd.concat([frame({"S1": SPARSE, "S2": SPARSE}), frame({"S2": {7: 900.0}})])
    with pytest.raises(ValueError, match=re.escape("duplicate time 7.0 for S2")):
        fit_population(twice)


def test_nobody_is_an_empty_frame_with_the_same_columns(fitted):
    nobody = fit_population(frame({}))
    assert list(nobody.individual.columns) == list(fitted.individual.columns)
    assert nobody.individual.empty
    assert nobody.used == ()
    assert nobody.curves([1]).empty
    assert fit_population(frame({"never": NEVER})).individual["reason"].tolist() == [ENGLISH["all_blq"]]
