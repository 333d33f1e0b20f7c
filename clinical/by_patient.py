"""Rows of a frame as objects, patient by patient: one walk through the frame, not one a patient."""

from collections import defaultdict

import pandas as pd


def by_patient(frame: pd.DataFrame) -> dict[str, list]:
    """usubjid -> its rows, without the index, in the order of the frame; patients as they come in it."""
    found: dict[str, list] = defaultdict(list)
    for row in frame.itertuples(index=False):
        found[row.usubjid].append(row)
    return dict(found)
