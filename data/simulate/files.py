"""Tables as files, the same bytes whenever they are written: SAS XPORT v5 and CDISC Dataset-JSON 1.1.

XPORT is written here: with the time of writing in it no two files were alike, and a table of a large trial took
most of a minute row by row. Layout: SAS technical note TS-140, "The Record Layout of a Data Set in SAS Transport
(XPORT) Format". Dataset-JSON: https://github.com/cdisc-org/DataExchange-DatasetJson, version 1.1.
"""

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.simulate.labels import LABELS

FORMS = {"xpt": ".xpt", "json": ".json", "ndjson": ".ndjson"}
_STAMP, _MOMENT = b"01JAN26:00:00:00", "2026-01-01T00:00:00"
_RECORD = 80  # bytes


@dataclass
class Data:
    """One table by column: text, "" where blank; numbers as float, None where missing."""

    name: str
    label: str
    columns: dict[str, list] = field(default_factory=dict)

    def add(self, rows: list[dict[str, object]]) -> None:
        """Rows that have the columns of the first of all, in whatever order."""
        for name in rows[0] if rows and not self.columns else ():
            self.columns[name] = []
        odd = next((row for row in rows if len(row) != len(self.columns)), None)
        if odd:
            raise ValueError(f"{self.name}: a row has {len(odd)} columns, the first has {len(self.columns)}")
        for name, values in self.columns.items():
            values += [row[name] for row in rows]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def is_number(self, name: str) -> bool:
        return not isinstance(self.columns[name][0], str)  # a blank text is ""

    def label_of(self, name: str) -> str:
        return LABELS[name] if name in LABELS else LABELS[name[2:]]


def write(folder: Path, data: Data, form: str) -> None:
    """One file of a table in one form, none where it has no rows. What an earlier run left in any form goes: it would
    be the same rows once more."""
    for suffix in FORMS.values():
        (folder / f"{data.name}{suffix}").unlink(missing_ok=True)
    if len(data):
        as_bytes = {"xpt": _xport, "json": _json, "ndjson": _ndjson}[form]
        (folder / f"{data.name}{FORMS[form]}").write_bytes(as_bytes(data))


# ---- SAS XPORT v5 --------------------------------------------------------------------------------------------------
def _xport(data: Data) -> bytes:
    columns = {name: _number_bytes(values) if data.is_number(name) else _text_bytes(values)
               for name, values in data.columns.items()}  # fmt: skip
    described, place = b"", 0
    for number, (name, cells) in enumerate(columns.items(), start=1):
        described += _described(name, data.label_of(name), number, data.is_number(name), cells.shape[1], place)
        place += cells.shape[1]
    rows = np.hstack(list(columns.values())).tobytes()
    head = (
        _header("LIBRARY")
        + b"SAS     SAS     SASLIB  9.4     " + _padded(b"", 32) + _STAMP
        + _padded(_STAMP, _RECORD)
        + _header("MEMBER", "000000000000000001600000000140")
        + _header("DSCRPTR")
        + b"SAS     " + _padded(data.name.upper().encode(), 8) + b"SASDATA 9.4     " + _padded(b"", 32) + _STAMP
        + _padded(_STAMP, 32) + _padded(data.label.encode(), 40) + _padded(b"", 8)
        + _header("NAMESTR", f"000000{len(columns):04d}00000000000000000000")
    )  # fmt: skip
    return head + _whole_records(described) + _header("OBS") + _whole_records(rows)


def _header(kind: str, numbers: str = "0" * 30) -> bytes:
    return _padded(f"HEADER RECORD*******{kind:<8}HEADER RECORD!!!!!!!{numbers}".encode(), _RECORD)


def _padded(text: bytes, width: int) -> bytes:
    return text.ljust(width)


def _whole_records(raw: bytes) -> bytes:
    return raw + b" " * (-len(raw) % _RECORD)


def _described(name: str, label: str, number: int, is_number: bool, width: int, place: int) -> bytes:
    """The 140 bytes of NAMESTR."""
    kind = struct.pack(">hhhh", 1 if is_number else 2, 0, width, number)
    said = _padded(name.encode(), 8) + _padded(label.encode()[:40], 40)
    formats = _padded(b"", 8) + struct.pack(">hhh", 0, 0, 0) + b"\0\0" + _padded(b"", 8) + struct.pack(">hh", 0, 0)
    return kind + said + formats + struct.pack(">l", place) + b"\0" * 52


def _text_bytes(values: list[str]) -> np.ndarray:
    """Rows of bytes, padded with blanks; UnicodeEncodeError for text that is not ASCII."""
    cells = np.array([value or " " for value in values], dtype=np.bytes_)
    width = cells.dtype.itemsize
    rows = cells.view(np.uint8).reshape(len(values), width).copy()
    rows[rows == 0] = ord(" ")
    return rows


def _number_bytes(values: list[float | None]) -> np.ndarray:
    """IBM floating point, 8 bytes: sign, exponent of 16 plus 64, 56 bits of fraction; a missing value is "."."""
    numbers = np.array([np.nan if value is None else value for value in values], dtype=float)
    missing, zero = np.isnan(numbers), numbers == 0
    fraction, power = np.frexp(np.abs(np.where(missing | zero, 1.0, numbers)))
    sixteens = -(-power // 4)  # the fraction must lie between 1/16 and 1
    mantissa = (np.ldexp(fraction, power - 4 * sixteens + 56)).astype(np.uint64)
    sign = (numbers < 0).astype(np.uint64) << np.uint64(63)
    words = sign | ((sixteens + 64).astype(np.uint64) << np.uint64(56)) | mantissa
    words[zero] = 0
    words[missing] = ord(".") << 56
    return words.astype(">u8").view(np.uint8).reshape(len(values), 8)


# ---- Dataset-JSON 1.1 ----------------------------------------------------------------------------------------------
def _json(data: Data) -> bytes:
    rows = ",\n".join(_line(row) for row in _rows(data))
    return f'{_line(_metadata(data))[:-1]},"rows":[\n{rows}\n]}}\n'.encode()


def _ndjson(data: Data) -> bytes:
    return "".join(f"{_line(one)}\n" for one in (_metadata(data), *_rows(data))).encode()


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _rows(data: Data) -> Iterable[tuple]:
    whole = {name: data.is_number(name) and name.endswith("SEQ") for name in data.columns}
    columns = [list(map(int, values)) if whole[name] else values for name, values in data.columns.items()]
    return zip(*columns, strict=True)


def _metadata(data: Data) -> dict[str, object]:
    name = data.name.upper()
    return {
        "datasetJSONCreationDateTime": _MOMENT,
        "datasetJSONVersion": "1.1.0",
        "fileOID": f"simulated/XKDCT293/{data.name}",
        "dbLastModifiedDateTime": _MOMENT,
        "originator": "Simulated trial",
        "sourceSystem": {"name": "data.simulate", "version": "1"},
        "studyOID": "XKDCT293",
        "metaDataVersionOID": "MDV.XKDCT293",
        "itemGroupOID": f"IG.{name}",
        "records": len(data),
        "name": name,
        "label": data.label,
        "columns": [_column(data, name, column) for column in data.columns],
    }


def _column(data: Data, table: str, name: str) -> dict[str, object]:
    about = {"itemOID": f"IT.{table}.{name}", "name": name, "label": data.label_of(name)}
    if data.is_number(name):
        return about | {"dataType": "integer" if name.endswith("SEQ") else "float"}
    return about | {"dataType": "string", "length": max(1, *map(len, data.columns[name]), 1)}
