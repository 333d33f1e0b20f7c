"""Samples as columns of arrays: a figure picks some out for every patient and sign, which takes long with frames."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

_NUMBERS = ("time", "conc", "limit", "lloq", "excluded")  # NaN: there is none
_OTHERS = ("usubjid", "signal", "visit", "unit", "dtc", "source_file", "source_row")


class Sample(NamedTuple):
    """A sample that is drawn as a point."""

    usubjid: str
    time: float
    height: float
    conc: float  # NaN: below the limit
    limit: float
    signal: str
    sign: str
    excluded: float  # number of the event; NaN: it counts
    unit: object
    dtc: object
    source_file: str
    source_row: int


class Samples:
    """Rows in the order given: one patient's after another's, by time."""

    def __init__(self, columns: Mapping[str, np.ndarray]):
        self._columns = columns

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Self:
        """rows: usubjid, time [d], conc, limit, lloq, signal, excluded [event, or <NA>], visit, unit, dtc, source_file,
        source_row."""
        numbers = {one: rows[one].to_numpy(float, na_value=np.nan) for one in _NUMBERS}
        return cls(numbers | {one: rows[one].to_numpy(object) for one in _OTHERS})

    def __len__(self) -> int:
        return len(self._columns["time"])

    def __getitem__(self, column: str) -> np.ndarray:
        return self._columns[column]

    def where(self, wanted: np.ndarray) -> Self:
        """wanted: bool a row, or numbers of rows."""
        return type(self)({name: one[wanted] for name, one in self._columns.items()})

    def of_each(self, people: list[str]) -> Iterator[Self]:
        """Of every one of some patients, in their order."""
        for one in people:
            yield self.where(self["usubjid"] == one)

    @property
    def counting(self) -> np.ndarray:
        return np.isnan(self["excluded"])

    def placed(self) -> Self:
        """With where and as what each is drawn: `height`, of one that is BLQ its limit, and where no limit is recorded
        a place under the lowest number there is; `sign`, its signal or that it is excluded. What has no result is not
        drawn."""
        conc, limit = self["conc"], self["limit"]
        seen = conc[conc > 0]
        floor = np.where(np.isnan(limit), seen.min() / 2 if len(seen) else 1.0, limit)
        sign = np.where(self.counting, self["signal"], "excluded")
        drawn = {"height": np.where(np.isnan(conc), floor, conc), "sign": sign.astype(object)}
        return type(self)(self._columns | drawn).where(self["signal"] != "no_result")

    def points(self) -> list[Sample]:
        """Of what is placed."""
        return list(map(Sample._make, zip(*(self[one].tolist() for one in Sample._fields), strict=True)))


def short(values: np.ndarray) -> list[float | None]:
    """Four digits are what a curve can show; None where there is no value."""
    known = np.where(np.isnan(values) | (values == 0), 1.0, values)
    digits = np.floor(np.log10(np.abs(known))) - 3
    large = 10.0 ** np.maximum(digits, 0)
    small = 10.0 ** np.maximum(-digits, 0)
    found = np.where(values == 0, 0.0, np.round(known / large * small) / small * large)
    return [None if missing else one for one, missing in zip(found.tolist(), np.isnan(values).tolist(), strict=True)]
