"""What must hold of the analysis of any profile."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_frames import BLQ, NO_RESULT, profile

from pk.coverage import coverage
from pk.nca import analyse

METHODS = st.sampled_from(["lin-up/log-down", "linear", "lin-log"])
POLICIES = st.tuples(*[st.sampled_from(["keep", "drop"])] * 3)
CONC = st.one_of(st.floats(25, 1e5), st.integers(25, 60).map(float), st.just(BLQ), st.just(NO_RESULT))
POINTS = st.dictionaries(st.integers(-300, 9500).map(lambda day: day / 100), CONC, max_size=12)


def subjects(with_zero: bool = False):
    def frame(all_points):
        start = {0.0: BLQ} if with_zero else {}
        return pd.concat(
            [profile(start | {d: c for d, c in p.items() if not with_zero or d > 0}, f"S{i}") for i, p in all_points]
        )

    return st.lists(POINTS, min_size=1, max_size=4).map(lambda each: frame(list(enumerate(each))))


def values(found: pd.DataFrame) -> pd.Series:
    return found.set_index(["subject", "parameter", "start", "end"])["value"]


@settings(deadline=None, max_examples=20)
@given(subjects(), METHODS, POLICIES, st.booleans(), st.randoms(use_true_random=False))
def test_every_value_is_a_number_or_has_a_reason_and_row_order_does_not_matter(samples, method, blq, tmax, random):
    options = {"method": method, "blq": blq, "tmax_in_half_life": tmax, "intervals": [(0, 28), (0, 90), (28, 90)]}
    found = analyse(samples, **options)
    assert (found["reason"] != "")[found["value"].isna()].all()
    assert np.isfinite(found["value"].dropna()).all()
    assert (found["value"].dropna()[found["parameter"] != "R2ADJ"] >= 0).all()
    table = coverage(samples, **options)
    assert ((table["reason"] != "") == table[["interpolated", "extrapolated"]].isna().any(axis=1)).all()
    assert table["interpolated"].dropna().between(0, 100 * (1 + 1e-9)).all()
    order = list(range(len(samples)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(analyse(samples.iloc[order], **options), found, check_exact=True)
    pd.testing.assert_frame_equal(coverage(samples.iloc[order], **options), table, check_exact=True)


@settings(deadline=None, max_examples=15)
@given(subjects(), METHODS)
def test_a_subject_alone_has_the_same_numbers_to_the_last_digit(samples, method):
    together = analyse(samples, method=method)
    alone = [analyse(rows, method=method) for _, rows in samples.groupby("subject")]
    if alone:
        pd.testing.assert_frame_equal(pd.concat(alone, ignore_index=True), together, check_exact=True)


@settings(deadline=None, max_examples=15)
@given(subjects(with_zero=True), METHODS, POLICIES)
def test_blq_after_tlast_changes_nothing_but_aucall(samples, method, blq):
    last = samples.groupby("subject")["time"].transform("max")
    more = samples[samples["time"] == last].assign(time=lambda rows: rows["time"] + 3, conc=np.nan, blq=True)
    before, after = (
        analyse(frame, method=method, blq=blq).query("parameter != 'AUCALL'" if blq[2] == "keep" else "index >= 0")
        for frame in (samples, pd.concat([samples, more]))
    )
    usable = values(before).notna()
    np.testing.assert_array_equal(values(after)[usable], values(before)[usable])


@settings(deadline=None, max_examples=15)
@given(subjects(with_zero=True), METHODS, POLICIES, st.floats(0.5, 89))
def test_two_parts_of_an_interval_add_up(samples, method, blq, cut):
    end = samples.assign(time=95.0, conc=np.nan, blq=True).drop_duplicates("subject")
    samples = pd.concat([samples[samples["time"] != 95], end])
    found = analyse(samples, method=method, blq=blq, intervals=[(0, cut), (cut, 90), (0, 90)])
    for code in ("AUCINT", "AUCINTO", "AUCINTP"):
        part = found[found["parameter"] == code].groupby("subject")["value"].apply(list)
        for first, second, whole in part:
            if not math.isnan(first + second + whole):
                assert first + second == pytest.approx(whole, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=15)
@given(subjects(with_zero=True), METHODS, st.floats(0.1, 100))
def test_a_larger_unit_scales_areas_and_leaves_times(samples, method, factor):
    scaled = samples.assign(conc=samples["conc"] * factor, lloq=samples["lloq"] * factor * (1 - 1e-9))
    before, after = values(analyse(samples, method=method)), values(analyse(scaled, method=method))
    code = before.index.get_level_values("parameter")
    grows = code.isin(["CMAX", "CLST", "AUCLST", "AUCALL", "AUMCLST", "AUCINT"])
    np.testing.assert_allclose(after[grows], before[grows] * factor, rtol=1e-9)
    same = code.isin(["TMAX", "TLST", "MRTEVLST"])
    np.testing.assert_allclose(after[same], before[same], rtol=1e-9)


@settings(deadline=None, max_examples=15)
@given(subjects(with_zero=True), METHODS)
def test_double_times_double_areas_and_half_lives(samples, method):
    before = analyse(samples, method=method, intervals=[(0, 28)])
    after = analyse(samples.assign(time=samples["time"] * 2), method=method, intervals=[(0, 56)])
    for code, factor in {"AUCLST": 2, "AUMCLST": 4, "LAMZHL": 2, "AUCIFO": 2, "AUCINTO": 2, "R2": 1, "SPAN": 1}.items():
        one, other = (found.loc[found["parameter"] == code, "value"] for found in (before, after))
        np.testing.assert_array_equal(other, one * factor)  # a power of two rounds nothing
