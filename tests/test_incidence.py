"""Small tables worked by hand, and what must hold for any table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.incidence import CRITERIA, grade_not_recorded, incidence, uncoded

COLUMNS = ["usubjid", "soc", "term", "toxgr", "related", "serious", "aesi", "dlt"]

SUBJECTS = pd.DataFrame(
    {
        "usubjid": ["A1", "A2", "A3", "B1", "B2"],
        "cohort": ["DL1", "DL1", "DL1", "DL2", "DL2"],
        "full_follow_up": [True, True, False, True, None],
    }
)


def frame(*rows):
    events = pd.DataFrame(rows, columns=COLUMNS).astype({"toxgr": "Int64", "aesi": bool, "dlt": bool})
    return events.astype({"related": object, "serious": object})


EVENTS = frame(
    ("A1", "Blood", "Anaemia", 3, True, False, False, False),
    ("A1", "Blood", "Anaemia", 4, False, False, False, False),  # the same patient again
    ("A1", "Skin", "Rash", 1, None, False, True, False),
    ("A2", "Blood", "Anaemia", None, True, True, False, False),
    ("A2", "Blood", "Neutropenia", 4, None, None, False, False),
    ("B1", "Blood", "Neutropenia", 4, False, False, False, False),
    ("B1", "Skin", "Rash", 5, True, True, True, True),
    ("B2", None, None, None, False, None, False, False),  # uncoded, ungraded
    ("X9", "Skin", "Rash", 5, True, True, True, True),  # a screen failure: in no table
)


def cell(table, **where):
    chosen = table[np.logical_and.reduce([table[name] == value for name, value in where.items()])]
    assert len(chosen) == 1
    return chosen.iloc[0]


@pytest.mark.parametrize(
    ("criterion", "met", "marked", "in_doubt"),
    [
        ("any", ("A1", "A2", "B1", "B2"), 0, ()),
        ("grade3", ("A1", "A2", "B1"), 0, ("B2",)),  # A2's neutropenia is enough; B2's only event has no grade
        ("grade5", ("B1",), 0, ("A2", "B2")),  # A2's anaemia has no grade, and the neutropenia was 4
        ("related", ("A1", "A2", "B1"), 0, ()),  # A1 and A2 have a related event beside the blank one
        # A1 by the anaemia of grade 3; A2 only by the neutropenia with blank relationship: marked; B1 by the rash
        ("related_grade3", ("A1", "A2", "B1"), 1, ()),
        ("serious", ("A2", "B1"), 0, ("B2",)),
        ("aesi", ("A1", "B1"), 0, ("B2",)),  # B2's event has no code: whether it is of special interest is not known
        ("dlt", ("B1",), 0, ()),
    ],
)
def test_every_criterion_over_all_patients(criterion, met, marked, in_doubt):
    row = cell(incidence(SUBJECTS, EVENTS, criteria=[criterion]), cohort="total")
    assert (row["subjects"], row["unknown_subjects"]) == (met, in_doubt)
    assert (row["k"], row["unknown"], row["marked"], row["n"], row["n_full"]) == (len(met), len(in_doubt), marked, 5, 3)


def test_a_table_by_term_in_full():
    table = incidence(SUBJECTS, EVENTS, by=("soc", "term"), criteria=("any", "related"))
    # Patients with any event: Blood A1 A2 B1 = 3, Skin A1 B1 = 2, uncoded B2 (last whatever its number);
    # in Blood Anaemia A1 A2 and Neutropenia A2 B1 = 2 each, so by name.
    found = [
        (row.soc, row.term, row.cohort, row.criterion, row.k, row.n, row.marked)
        for row in table.fillna({"soc": "-", "term": "-"}).itertuples()
    ]
    assert found == [
        ("Blood", "Anaemia", "DL1", "any", 2, 3, 0),
        ("Blood", "Anaemia", "DL1", "related", 2, 3, 0),
        ("Blood", "Anaemia", "DL2", "any", 0, 2, 0),
        ("Blood", "Anaemia", "DL2", "related", 0, 2, 0),
        ("Blood", "Anaemia", "total", "any", 2, 5, 0),
        ("Blood", "Anaemia", "total", "related", 2, 5, 0),
        ("Blood", "Neutropenia", "DL1", "any", 1, 3, 0),
        ("Blood", "Neutropenia", "DL1", "related", 1, 3, 1),  # A2, relationship blank
        ("Blood", "Neutropenia", "DL2", "any", 1, 2, 0),
        ("Blood", "Neutropenia", "DL2", "related", 0, 2, 0),
        ("Blood", "Neutropenia", "total", "any", 2, 5, 0),
        ("Blood", "Neutropenia", "total", "related", 1, 5, 1),
        ("Skin", "Rash", "DL1", "any", 1, 3, 0),
        ("Skin", "Rash", "DL1", "related", 1, 3, 1),  # A1, relationship blank
        ("Skin", "Rash", "DL2", "any", 1, 2, 0),
        ("Skin", "Rash", "DL2", "related", 1, 2, 0),
        ("Skin", "Rash", "total", "any", 2, 5, 0),
        ("Skin", "Rash", "total", "related", 2, 5, 1),
        ("-", "-", "DL1", "any", 0, 3, 0),
        ("-", "-", "DL1", "related", 0, 3, 0),
        ("-", "-", "DL2", "any", 1, 2, 0),
        ("-", "-", "DL2", "related", 0, 2, 0),
        ("-", "-", "total", "any", 1, 5, 0),
        ("-", "-", "total", "related", 0, 5, 0),
    ]


def test_the_columns_and_the_interval():
    table = incidence(SUBJECTS, EVENTS, by=("soc",))
    assert list(table) == [
        *("soc", "cohort", "criterion", "k", "n", "low", "high", "n_full", "unknown", "marked"),
        *("subjects", "unknown_subjects"),
    ]
    skin = cell(table, soc="Skin", cohort="DL1")
    assert (skin["k"], skin["n"], skin["n_full"]) == (1, 3, 2)
    assert (skin["low"], skin["high"]) == pytest.approx((0.0084, 0.9057), abs=5e-5)  # published 95 % limits of 1/3
    narrow = cell(incidence(SUBJECTS, EVENTS, by=("soc",), level=0.5), soc="Skin", cohort="DL1")
    assert narrow["low"] == pytest.approx(1 - 0.75 ** (1 / 3))  # P(X >= 1 | low) = 1 - (1 - low)^3 = 0.25


def test_order_is_by_patients_not_by_events_or_name():
    events = frame(
        *[("A1", "Aaa", "often", 1, True, False, False, False)] * 5,
        ("A1", "Zzz", "one", 1, True, False, False, False),
        ("A2", "Zzz", "two", 1, True, False, False, False),
        ("A3", "Zzz", "two", 1, True, False, False, False),
        ("A1", "Zzz", None, 1, True, False, False, False),  # a class without a term: last in its class
        *[(who, None, None, 1, True, False, False, False) for who in ("A1", "A2", "A3", "B1")],
    )
    table = incidence(SUBJECTS, events, by=("soc", "term"), total=False)
    order = table.loc[table["cohort"] == "DL1", ["soc", "term", "k"]].fillna("-")
    assert list(order.itertuples(index=False, name=None)) == [
        ("Zzz", "two", 2),
        ("Zzz", "one", 1),
        ("Zzz", "-", 1),
        ("Aaa", "often", 1),
        ("-", "-", 3),
    ]
    # the order is that of "any", whatever is asked for
    other = incidence(SUBJECTS, events, by=("soc", "term"), criteria=("dlt",), total=False)
    assert other[["soc", "term"]].equals(table[["soc", "term"]])


def test_one_kind_of_missing_code_makes_one_group():
    events = frame(
        ("A1", None, None, 1, True, False, False, False),
        ("A2", np.nan, pd.NA, 1, True, False, False, False),
    )
    table = incidence(SUBJECTS, events.astype({"soc": object, "term": object}), by=("soc", "term"))
    assert list(table["k"]) == [2, 0, 2]


def test_patients_are_sorted_also_across_cohorts():
    swapped = SUBJECTS.assign(cohort=["DL2", "DL2", "DL2", "DL1", "DL1"])
    assert cell(incidence(swapped, EVENTS), cohort="total")["subjects"] == ("A1", "A2", "B1", "B2")


def test_a_blank_relationship_counts_but_a_known_no_does_not():
    events = frame(
        ("A1", "Skin", "Rash", 3, None, False, False, False),
        ("A2", "Skin", "Rash", 3, False, False, False, False),
        ("A3", "Skin", "Rash", None, None, False, False, False),  # could be related and grade 3
        ("B1", "Skin", "Rash", None, False, False, False, False),  # not related: the grade does not matter
    )
    table = incidence(SUBJECTS, events, criteria=("related", "related_grade3"))
    related, severe = (cell(table, cohort="total", criterion=name) for name in ("related", "related_grade3"))
    assert (related["subjects"], related["marked"], related["unknown"]) == (("A1", "A3"), 2, 0)
    assert (severe["subjects"], severe["marked"], severe["unknown_subjects"]) == (("A1",), 1, ("A3",))


def test_the_cohort_is_the_one_of_the_denominator():
    moved = EVENTS.assign(cohort="DL9", full_follow_up=False)
    pd.testing.assert_frame_equal(incidence(SUBJECTS, moved), incidence(SUBJECTS, EVENTS))


def test_without_events_the_denominators_stay():
    table = incidence(SUBJECTS, EVENTS.iloc[:0], criteria=("any", "serious"))
    assert list(zip(table["cohort"], table["k"], table["n"], table["n_full"], strict=True)) == [
        ("DL1", 0, 3, 2),
        ("DL1", 0, 3, 2),
        ("DL2", 0, 2, 1),
        ("DL2", 0, 2, 1),
        ("total", 0, 5, 3),
        ("total", 0, 5, 3),
    ]
    assert table["high"].iloc[0] == pytest.approx(0.7076, abs=5e-5)  # 0 of 3 is not "no risk"
    nothing = incidence(SUBJECTS, EVENTS.iloc[:0], by=("soc", "term"))
    assert nothing.empty
    assert dict(nothing.dtypes.drop(["soc", "term"])) == dict(table.dtypes)


def test_without_patients_nothing_is_claimed():
    table = incidence(SUBJECTS.iloc[:0], EVENTS)
    assert list(table["n"]) == [0]
    assert table[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"subjects": pd.concat([SUBJECTS, SUBJECTS.iloc[:1]])}, "usubjid.* A1"),
        ({"subjects": SUBJECTS.assign(cohort=["DL1", "DL1", None, "DL2", "DL2"])}, "cohort"),
        ({"subjects": SUBJECTS.assign(cohort="total")}, "cohort"),
        ({"subjects": SUBJECTS.assign(cohort=[1, 1, 1, 2, 2])}, "cohort"),
        ({"events": EVENTS.assign(usubjid=[None, *EVENTS["usubjid"][1:]])}, "usubjid"),
        ({"events": EVENTS.assign(toxgr=6)}, "toxgr"),
        ({"events": EVENTS.assign(serious="Y"), "criteria": ("serious",)}, "serious"),
        ({"by": ("term",)}, "by"),
        ({"level": 95}, "level"),
    ],
)
def test_broken_input_is_refused_by_name(change, named):
    with pytest.raises(ValueError, match=named):
        incidence(**{"subjects": SUBJECTS, "events": EVENTS} | change)


def test_an_unknown_criterion_is_a_key_error():
    with pytest.raises(KeyError, match="grade4"):
        incidence(SUBJECTS, EVENTS, criteria=("any", "grade4"))


def test_what_is_missing_is_counted():
    assert uncoded(EVENTS) == 1
    assert grade_not_recorded(EVENTS) == (2, 9)


# Any trial, small: every rule below must hold in every table of it.

MAYBE = st.sampled_from([True, False, None])
ROWS = st.tuples(
    st.sampled_from(["A1", "A2", "A3", "B1", "B2", "X9"]),
    st.sampled_from(["Blood", "Skin", None]),
    st.sampled_from(["one", "two", None]),
    st.sampled_from([1, 3, 5, None]),
    *(MAYBE, MAYBE, st.booleans(), st.booleans()),
)
TRIALS = st.lists(ROWS, max_size=12).map(lambda rows: frame(*rows))
BY = st.sampled_from([(), ("soc",), ("soc", "term")])


@settings(max_examples=30, deadline=None)
@given(TRIALS, BY, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(events, by, chance):
    def shuffled(some):
        return some.iloc[chance.sample(range(len(some)), len(some))]

    table = incidence(SUBJECTS, events, by=by, criteria=tuple(CRITERIA))
    again = incidence(shuffled(SUBJECTS), shuffled(events), by=by, criteria=tuple(CRITERIA))
    pd.testing.assert_frame_equal(table, again)


@settings(max_examples=30, deadline=None)
@given(TRIALS, BY)
def test_the_numbers_agree_with_each_other(events, by):
    table = incidence(SUBJECTS, events, by=by, criteria=tuple(CRITERIA))
    assert (table["k"] == table["subjects"].map(len)).all()
    assert (table["unknown"] == table["unknown_subjects"].map(len)).all()
    assert (table["k"] + table["unknown"] <= table["n"]).all()
    assert (table["marked"] <= table["k"]).all()
    assert ((table["low"] <= table["k"] / table["n"]) & (table["k"] / table["n"] <= table["high"])).all()
    assert all(not set(row.subjects) & set(row.unknown_subjects) for row in table.itertuples())

    keys, counts = [*by, "criterion"], ["k", "n", "n_full", "unknown", "marked"]
    is_total = table["cohort"] == "total"
    cohorts = table[~is_total].groupby(keys, dropna=False)[counts].sum()
    total = table[is_total].groupby(keys, dropna=False)[counts].sum()
    pd.testing.assert_frame_equal(cohorts, total)


@settings(max_examples=30, deadline=None)
@given(TRIALS, BY)
def test_a_plain_count_patient_by_patient_agrees(events, by):
    """The definitions again, without a vector: sets of patients, event by event."""
    table = incidence(SUBJECTS, events, by=by, criteria=("any", "grade3", "serious"), total=False)
    for row in table.itertuples():
        members = set(SUBJECTS.loc[SUBJECTS["cohort"] == row.cohort, "usubjid"])
        here = [
            event
            for event in events.itertuples()
            if event.usubjid in members and all(_same(getattr(event, name), getattr(row, name)) for name in by)
        ]
        met, unclear = {
            "any": (lambda event: True, lambda event: False),
            "grade3": (lambda event: pd.notna(event.toxgr) and event.toxgr >= 3, lambda event: pd.isna(event.toxgr)),
            "serious": (lambda event: event.serious is True, lambda event: event.serious is None),
        }[row.criterion]
        yes = {event.usubjid for event in here if met(event)}
        assert set(row.subjects) == yes
        assert set(row.unknown_subjects) == {event.usubjid for event in here if unclear(event)} - yes


def _same(one, other):
    return one == other if pd.notna(one) and pd.notna(other) else pd.isna(one) and pd.isna(other)
