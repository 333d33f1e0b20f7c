"""The grade that a value gives, in words: with its scale, and where it is a range with what would decide."""

import pandas as pd

from clinical.lab_grades import BY_VALUE
from dashboard.labels import Say
from data.protocol import Protocol


def grade_words(row, say: Say) -> str:
    """ "grade 3 (CTCAE 5.0)", "grade 0–2 (CTCAE 5.0): baseline not known"; "" where nothing grades the result.

    row: of `clinical.course.Course.grades`, or of what it was joined to; None is nothing.
    """
    if row is None or not isinstance(row.term, str):
        return ""
    if pd.isna(row.low):
        return say("grades.none", scale=row.scale, lacking=lacking_words(row.lacking, say))
    if row.low == row.high:
        return _corrected(say("grades.one", grade=row.low, scale=row.scale), row, say)
    return say("grades.range", grade=f"{row.low}–{row.high}", scale=row.scale, lacking=lacking_words(row.lacking, say))


def reported_scales(protocol: Protocol, say: Say) -> str:
    """The scale of reported grades, and that of CRS and ICANS where it is another; "" where no grade is recorded."""
    usual = protocol.adverse_events.grade_scale
    own = {kind: protocol.scale_of_group(kind) for kind in ("crs", "icans")}
    others = [f"{say(f'patient.{kind}')} {scale}" for kind, scale in own.items() if scale and scale != usual]
    return ", ".join([one for one in (usual, *others) if one])


def short_words(row, say: Say) -> str:
    """As `grade_words`, where the scale and the word stand in the head of the column."""
    if row is None or not isinstance(row.term, str):
        return ""
    if pd.isna(row.low):
        return f"?: {lacking_words(row.lacking, say)}"
    if row.low == row.high:
        return _corrected(f"{row.low}", row, say)
    return f"{row.low}–{row.high}: {lacking_words(row.lacking, say)}"


def _corrected(words: str, row, say: Say) -> str:
    """Of calcium it is said that the value which was graded is not the one that was measured."""
    return f"{words}, {say('grades.corrected')}" if row.term in BY_VALUE["CA"] else words


def lacking_words(lacking: tuple[str, ...], say: Say) -> str:
    return ", ".join(say(f"lacking.{one}") for one in lacking)
