"""CRS and ICANS, reported and derived, and where they differ, as the rows of exported tables."""

from collections.abc import Iterable

import pandas as pd

from dashboard.grading_matrix import decision_words
from dashboard.grading_toxicity import SCALES, toxicities
from dashboard.sentences import Sentences
from dashboard.session import Asked


def crs(asked: Asked) -> Iterable[Iterable]:
    return _grades(asked, "crs")


def icans(asked: Asked) -> Iterable[Iterable]:
    return _grades(asked, "icans")


def _grades(asked: Asked, kind: str) -> Iterable[Iterable]:
    """reported: 0 is no event, blank an event without a grade."""
    yield ["scale", "usubjid", "reported", "derived_low", "derived_high", "missing", "verdict"]
    for found in toxicities(asked.cut).result():
        for one in found.worst.itertuples() if found.kind == kind else ():
            grades = ("" if pd.isna(each) else int(each) for each in (one.reported, one.low, one.high))
            yield [SCALES[kind], one.Index, *grades, " ".join(one.missing), one.verdict]


def differing(asked: Asked) -> Iterable[Iterable]:
    yield ["scale", "usubjid", "code", "what", "why", "source"]
    sentences = Sentences("discrepancy", asked.say)
    for one in (one for found in toxicities(asked.cut).result() for one in found.discrepancies):
        source = " ".join(f"{file}:{row}" for file, row in one.reported)
        words = one.said.say(sentences), decision_words(asked.say, one)
        yield [SCALES[one.kind], one.usubjid, one.code, *words, source]
