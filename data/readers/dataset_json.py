"""CDISC Dataset-JSON 1.1: one document (.json), a line for each row (.ndjson), or either compressed (.dsjc)."""

import datetime
import io
import itertools
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pandas as pd

from data.readers import source
from data.readers.errors import ReadError
from data.readers.source import Given, SourceTable

DOCUMENT = 100 * 1024**2  # bytes of a document that is held whole, which takes some ten times as much memory
MOST_RATIO = 200  # uncompressed to compressed bytes; trial data compress 10- to 40-fold, zeros 1,000-fold
RATIO_FROM = 1024 * 1024  # bytes up to which the ratio is not asked for
_LINE = 8 * 1024**2  # bytes of the longest row
_COMPRESSED = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")  # gzip, and zlib at its four levels
_TEXTS = ("string", "datetime", "date", "time", "URI")
_NUMBERS = ("integer", "float", "double", "decimal")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_EPOCH = datetime.datetime(1960, 1, 1)  # from which SAS counts days and seconds


@dataclass(frozen=True)
class _Column:
    name: str
    kind: str  # dataType
    numeric_date: bool  # a date that may come as SAS holds it: a number


@dataclass(frozen=True)
class _About:
    """What stands before the rows."""

    label: str
    study: str
    records: int
    columns: tuple[_Column, ...]
    labels: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.columns)


def read(given: Given, _: str) -> SourceTable:
    with _opened(given) as file:
        document, rows = _begin(file)
        about = _about(document)
        first = next(rows, None)
    if first is None and about.records:
        raise _records_differ(0, about.records)
    if first is None:
        raise source.no_rows()
    return SourceTable(
        name=given.name,
        sha256=given.sha256,
        size=given.size,
        format="Dataset-JSON",
        encoding="utf-8",
        label=about.label,
        columns=about.names,
        labels=about.labels,
        study=about.study,
        chunks=lambda: _chunks(given, about),
    )


# ---- the bytes ---------------------------------------------------------------------------------------------------
class _Inflated(io.RawIOBase):
    """Uncompressed bytes of a zlib or gzip stream, never more at once than asked for."""

    def __init__(self, packed: BinaryIO, given: Given):
        self._packed, self._size, self._limit = packed, given.size, given.limit
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: zlib or gzip, as its header says
        self._rest = b""
        self._done = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        try:
            block = self._next(len(buffer))
        except zlib.error as error:
            raise ReadError("truncated", "the compressed data are damaged; transfer the file again") from error
        self._done += len(block)
        if self._done > self._limit:
            raise source.too_large(self._done, self._limit)
        if self._done > RATIO_FROM and self._done > MOST_RATIO * self._size:
            message = f"it unpacks to more than {MOST_RATIO} times its size, as no table does; export it again"
            raise ReadError("too large", message)
        buffer[: len(block)] = block
        return len(block)

    def _next(self, size: int) -> bytes:
        while True:
            if self._stream.eof:
                self._rest = self._stream.unused_data + self._packed.read(source.BLOCK)
                if not self._rest:
                    return b""
                self._stream = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip files may be joined
            packed = self._rest or self._packed.read(source.BLOCK)
            if not packed:
                raise ReadError("truncated", "the compressed data break off; transfer the file again")
            block = self._stream.decompress(packed, size)
            self._rest = self._stream.unconsumed_tail
            if block:
                return block


@contextmanager
def _opened(given: Given) -> Iterator[BinaryIO]:
    """The uncompressed bytes."""
    with given.opened() as file:
        head = file.read(4096)
        file.seek(0)
        if given.path.suffix.lower() != ".dsjc":
            if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
                raise source.not_its_name(head, "a Dataset-JSON file")
            yield file
        elif head.startswith(_COMPRESSED):
            yield io.BufferedReader(_Inflated(file, given), source.BLOCK)
        else:
            raise source.not_its_name(head, "a compressed Dataset-JSON file (.dsjc)")


# ---- the document ------------------------------------------------------------------------------------------------
def _begin(file: BinaryIO) -> tuple[dict, Iterator[object]]:
    """What stands before the rows, and the rows: a line each, or those of the one document."""
    first = file.readline(DOCUMENT + 1)
    _check_length(first)
    try:
        document = _parsed(first)
    except ReadError:  # a document of several lines
        whole = first + file.read(DOCUMENT + 1 - len(first))
        _check_length(whole)
        document = _parsed(whole)
    if not isinstance(document, dict):
        raise ReadError("not what its name says", "the file is JSON, but no Dataset-JSON; export it again")
    if "rows" not in document:
        return document, _lines(file)
    if file.read(source.BLOCK).strip():
        raise ReadError("truncated", "text follows the end of the document; export the file again")
    rows = document["rows"]
    if not isinstance(rows, list):
        raise ReadError("header", "`rows` is no list of rows; export the file again")
    return document, iter(rows)


def _check_length(document: bytes) -> None:
    if len(document) > DOCUMENT:
        message = f"a JSON document of more than {DOCUMENT:,} bytes would have to be held whole; send .ndjson or .dsjc"
        raise ReadError("too large", f"{message} with a line for each row")


def _lines(file: BinaryIO) -> Iterator[object]:
    for number in itertools.count(1):
        line = file.readline(_LINE + 1)
        if not line:
            return
        if len(line) > _LINE:
            message = f"row {number} has more than {_LINE:,} bytes: each row must be a line; export the file again"
            raise ReadError("unreadable", message, row=number)
        if line.strip():
            yield _parsed(line, number)


def _parsed(text: bytes, row: int | None = None) -> object:
    try:
        return json.loads(text.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        message = "the text is not UTF-8, as Dataset-JSON must be; export the file again"
        raise ReadError("encoding undecided", message, row=row) from error
    except RecursionError as error:
        raise ReadError("unreadable", "lists within lists without end; export the file again", row=row) from error
    except ValueError as error:
        place = f"row {row}" if row else "the file"
        raise ReadError("truncated", f"{place} breaks off or is no JSON; transfer the file again", row=row) from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _about(document: dict) -> _About:
    missing = [one for one in ("datasetJSONVersion", "name", "records", "columns") if document.get(one, "") == ""]
    if missing:
        raise ReadError("header", f"the file lacks {', '.join(missing)}, which Dataset-JSON 1.1 requires; mend it")
    version, records, columns = (document[one] for one in ("datasetJSONVersion", "records", "columns"))
    if not re.fullmatch(r"1\.1(\..*)?", str(version)):
        message = f"the file is Dataset-JSON {str(version)[:20]}; 1.1 can be read; export it in that version"
        raise ReadError("other version", message)
    if not isinstance(records, int) or isinstance(records, bool) or records < 0:
        raise ReadError("header", "`records` must say how many rows there are; export the file again")
    if not isinstance(columns, list) or not columns or not all(isinstance(one, dict) for one in columns):
        raise ReadError("header", "`columns` must list the variables; export the file again")
    names = source.check_header([_word(one.get("name")) for one in columns])
    return _About(
        label=_word(document["name"]),
        study=_word(document.get("studyOID")),
        records=records,
        columns=tuple(_column(name, one) for name, one in zip(names, columns, strict=True)),
        labels={name: _word(one.get("label")) for name, one in zip(names, columns, strict=True)},
    )


def _column(name: str, said: dict) -> _Column:
    kind = said.get("dataType")
    if kind not in (*_TEXTS, *_NUMBERS, "boolean"):
        message = f"the data type {_word(kind)[:20]!r} is none of Dataset-JSON 1.1; export the file again"
        raise ReadError("wrong type", message, column=name.upper())
    dated = kind in ("date", "datetime", "time") and said.get("targetDataType") == "integer"
    return _Column(name, kind, dated)


def _word(value: object) -> str:
    """A text of the header; some writers put an empty list where there is none."""
    return value.strip() if isinstance(value, str) else ""


# ---- the rows ----------------------------------------------------------------------------------------------------
def _chunks(given: Given, about: _About) -> Iterator[pd.DataFrame]:
    size, done = source.rows_at_once(len(about.columns)), 0
    with _opened(given) as file:
        _, rows = _begin(file)
        while some := list(itertools.islice(rows, size)):
            yield _frame(some, about, done + 1)
            done += len(some)
    if done != about.records:
        raise _records_differ(done, about.records)


def _records_differ(found: int, stated: int) -> ReadError:
    message = f"the file announces {stated:,} rows and holds {found:,}: it is cut short or was edited; export it again"
    return ReadError("records differ", message)


def _frame(rows: list, about: _About, first: int) -> pd.DataFrame:
    for number, row in enumerate(rows, start=first):
        if not isinstance(row, list):
            message = f"row {number} is no list of values; export the file again"
            raise ReadError("wrong type", message, row=number)
        if len(row) != len(about.columns):
            message = f"row {number} has {len(row)} values for {len(about.columns)} columns; export the file again"
            raise ReadError("ragged row", message, row=number)
    columns = {}
    for column, values in zip(about.columns, zip(*rows, strict=True), strict=True):
        turned = [_value(one, column, number) for number, one in enumerate(values, start=first)]
        columns[column.name] = np.array(turned, dtype="float64") if column.kind in _NUMBERS else turned
    return source.frame_of(columns, first, len(rows))


def _value(value: object, column: _Column, row: int) -> str | float | None:
    """ReadError where a value is not of the type of its column."""
    turned = _TURN[column.kind](value) if value is not None else _NOTHING[column.kind in _NUMBERS]
    if turned is _WRONG and column.numeric_date:
        turned = _sas_date(value, column.kind)
    if turned is not _WRONG:
        return turned
    message = f"the value is no {column.kind} that can be held exactly, as its column must hold; mend it"
    raise ReadError("wrong type", message, row=row, column=column.name.upper(), value=str(value)[:40])


_WRONG = object()
_NOTHING = {True: math.nan, False: None}


def _text(value: object) -> object:
    if not isinstance(value, str):
        return _WRONG
    if not value.isascii() and any("\ud800" <= one <= "\udfff" for one in value):
        return _WRONG  # half a character: it could be neither stored nor shown
    return _WRONG if "\0" in value else source.text(value)


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _WRONG
    if isinstance(value, int):
        return _WRONG if source.exceeds_float(value) else float(value)
    return value if math.isfinite(value) else _WRONG


def _integer(value: object) -> object:
    number = _number(value)
    return number if number is not _WRONG and number == int(number) else _WRONG


def _decimal(value: object) -> object:
    """A number as text, padded with blanks: so its digits are kept on the way."""
    if not isinstance(value, str):
        return _number(value)
    if not value.strip():
        return math.nan
    return _number(float(value)) if _DECIMAL.fullmatch(value.strip()) else _WRONG


def _boolean(value: object) -> object:
    return {True: "Y", False: "N"}[value] if isinstance(value, bool) else _WRONG


def _sas_date(value: object, kind: str) -> object:
    """A SAS number of days (date) or seconds (datetime, time) in ISO 8601, as the XPORT reader writes it."""
    number = _number(value)
    if number is _WRONG:
        return _WRONG
    try:
        moment = _EPOCH + datetime.timedelta(**{"days" if kind == "date" else "seconds": number})
    except OverflowError:
        return _WRONG
    written = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    if kind == "time":
        return written[11:] if moment.date() == _EPOCH.date() else _WRONG
    return written[:10] if kind == "date" else written.removesuffix("T00:00:00")


_TURN: dict[str, Callable[[object], object]] = {
    **dict.fromkeys(_TEXTS, _text),
    "integer": _integer,
    "float": _number,
    "double": _number,
    "decimal": _decimal,
    "boolean": _boolean,
}
