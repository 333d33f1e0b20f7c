"""Events of special interest: the groups of the shipped protocol in both languages, what stays open, what is suggested.

The qualifiers at their limits are in test_treatment_emergent.py, where they are counted.
"""

import pandas as pd
import pytest
from trial_frames import PROTOCOL, end_of, event, events, moment

from clinical.aesi import of_interest


def tagged(*rows, groups=PROTOCOL.aesi):
    frame = events(*rows)
    infused = pd.Series(pd.Timestamp(moment(0)), frame.index, dtype="datetime64[us]")
    return of_interest(frame, groups, infused, end_of(60))


def test_every_group_is_found_by_each_of_its_terms():
    """Grade 5 on Day 1 that goes on meets every qualifier of the protocol."""
    for group in PROTOCOL.aesi:
        found = tagged(*(event(term, 5, 1) for term in group.terms))
        assert all(group.id in one for one in found["aesi_groups"]), group.id


def test_both_languages_name_every_group():
    for group in PROTOCOL.aesi:
        assert any(term.isascii() for term in group.terms) and not all(term.isascii() for term in group.terms), group.id


def test_a_group_that_may_be_is_open_and_one_that_is_not_asked_for_does_not_matter():
    row = tagged(event("Pneumonia", None, 3)).iloc[0]
    assert (row["aesi"], row["aesi_groups"], row["aesi_open"]) == (None, (), ("infection",))
    row = tagged(event("Rash", None, 3)).iloc[0]  # skin in any grade
    assert (row["aesi"], row["aesi_groups"], row["aesi_open"]) == (True, ("skin",), ())


@pytest.mark.parametrize(
    ("words", "suggested"),
    [("suspected cytokine release syndrome", ("crs",)), ("躯干皮疹", ("skin",)), ("crash of a car", ()),
     ("pruritus and rash", ("skin",)), ("felt unwell", ())],
)  # fmt: skip
def test_the_words_of_an_uncoded_event_are_a_suggestion_and_count_nowhere(words, suggested):
    row = tagged(event(None, 3, 3, aeterm=words)).iloc[0]
    assert (row["aesi_suggested"], row["aesi_groups"], row["aesi"]) == (suggested, (), False)


def test_a_coded_event_goes_by_its_code_not_by_its_words():
    row = tagged(event("Cough", 3, 3, aeterm="cough with rash")).iloc[0]
    assert (row["aesi"], row["aesi_suggested"]) == (False, ())


def test_rows_keep_their_places_whatever_their_order_and_nothing_is_nothing():
    rows = [event("Rash", 1, 9), event("Cough", 1, 1), event("Keratitis", 1, 5, who="A0")]
    assert tagged(*rows)["aesi_groups"].tolist() == [("skin",), (), ("ocular",)]
    assert tagged().empty
    assert tagged(*rows, groups=())["aesi"].tolist() == [False] * 3
