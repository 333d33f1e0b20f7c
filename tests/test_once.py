"""What is worked out once of a cut, and what one process hands to another."""

import pytest

from dashboard import once
from dashboard.once import OnceACut, hand_over, take_over


class Cut:
    def __init__(self, name: str):
        self.id = name


@pytest.fixture
def squared(monkeypatch):
    """A function of a cut that says how often it was worked out."""
    monkeypatch.setattr(OnceACut, "handed_over", {})
    worked = []

    @OnceACut
    def squared(cut, told=print):
        worked.append(cut.id)
        told(1, 1)
        return [int(cut.id) ** 2]

    squared.worked = worked
    return squared


def test_a_result_is_worked_out_once_and_is_the_same_one(squared):
    told = []
    first = squared(Cut("3"), lambda done, steps: told.append((done, steps)))
    assert first == [9] and squared(Cut("3")) is first
    assert (squared.worked, told) == (["3"], [(1, 1)])
    squared.forget()
    assert squared(Cut("3")) == [9] and squared.worked == ["3", "3"]


def test_the_cut_asked_for_longest_ago_is_forgotten(squared):
    for number in range(once.KEPT):
        squared(Cut(f"{number}"))
    squared(Cut("0"))
    squared(Cut(f"{once.KEPT}"))
    assert squared.known("0") == [[0]] and squared.known("1") == []


def test_what_was_handed_over_is_not_worked_out_again(squared):
    squared(Cut("3"))
    squared(Cut("4"))
    handed = hand_over("3")
    squared.forget()  # as in another process
    take_over("3", handed)
    assert squared(Cut("3")) == [9] and squared.worked == ["3", "4"]
    assert squared.known("4") == []  # of another cut nothing is handed over


def test_what_failed_is_not_handed_over(squared):
    with pytest.raises(ValueError, match="invalid literal"):
        squared(Cut("no number"))
    take_over("no number", hand_over("no number"))
    assert squared.known("no number") == []
