"""SAS XPORT, versions 5 and 8."""

import datetime
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyreadstat

from data.readers import source
from data.readers.encodings import decide
from data.readers.errors import ReadError
from data.readers.source import Given, SourceTable

_LIBRARY = re.compile(rb"HEADER RECORD\*{7}LIB(RARY|V8 ) ")
_MEMBER = re.compile(rb"HEADER RECORD\*{7}MEM(BER |BV8 ) ")
_OBSERVATIONS = re.compile(rb"HEADER RECORD\*{7}OBS(?:     |V8   )HEADER RECORD!{7}(?P<rows> {0,14}\d{1,15} )?")
_BLOCK = 80  # bytes; every part of an XPORT file is padded with blanks to whole blocks
_HEADER = 4 * 1024 * 1024  # bytes that the header may take: 2,000 variables with the longest labels take one
_BYTES = 64 * 1024 * 1024  # of rows held at once


@dataclass(frozen=True)
class _Layout:
    """Where the rows of a file are and what stands in them. A row is its columns without anything between them."""

    header: bytes
    columns: tuple[str, ...]
    widths: tuple[int, ...]  # bytes
    texts: frozenset[str]  # the columns that hold text
    numbers: frozenset[str]  # the columns that hold numbers; the others hold SAS dates and times
    label: str
    labels: dict[str, str]
    stated: int | None  # rows that the header announces (v8)

    @property
    def width(self) -> int:
        return sum(self.widths)

    @property
    def rows_at_once(self) -> int:
        return max(1, min(source.rows_at_once(len(self.columns)), _BYTES // self.width))


def read(given: Given, told: str) -> SourceTable:
    layout = _layout(given.head(_HEADER))
    _one_dataset(given, layout)
    rows = _rows(given, layout)
    if not rows:
        raise source.no_rows()
    encoding, decoded = decide(lambda: _foreign(given, layout, rows), told)
    return SourceTable(
        name=given.name,
        sha256=given.sha256,
        size=given.size,
        format="SAS XPORT",
        encoding=encoding,
        label=layout.label,
        columns=layout.columns,
        labels={name: _said(label, encoding) for name, label in layout.labels.items()},
        decoded=decoded,
        chunks=lambda: _chunks(given, layout, rows, encoding),
    )


# ---- the header --------------------------------------------------------------------------------------------------
def _layout(head: bytes) -> _Layout:
    if not _LIBRARY.match(head):
        raise source.not_its_name(head, "a SAS XPORT file")
    found = _OBSERVATIONS.search(head)
    if found is None:
        raise ReadError("truncated", "the file ends inside its header; transfer it again")
    header = head[: found.start() + _BLOCK].ljust(found.start() + _BLOCK)
    # A row of zero bytes shows what each column becomes: a text, a number, or a date by its format.
    _, meta = _parsed(header, bytes(_BLOCK))
    columns = source.check_header(meta.column_names)
    widths = tuple(meta.variable_storage_width.values())
    if not columns or len(widths) != len(columns) or min(widths) < 1:
        raise ReadError("truncated", "the header of the file is damaged: it names no columns; transfer it again")
    values, _ = _parsed(header, bytes(sum(widths)))
    kinds = dict(zip(columns, (type(some[0]) for some in values.values()), strict=True))
    return _Layout(
        header=header,
        columns=columns,
        widths=widths,
        texts=frozenset(name for name in columns if kinds[name] is str),
        numbers=frozenset(name for name in columns if kinds[name] is float),
        label=(meta.table_name or "").strip(),
        labels=dict(zip(columns, (one or "" for one in meta.column_labels), strict=True)),
        stated=int(found["rows"]) if found["rows"] else None,
    )


def _parsed(header: bytes, rows: bytes) -> tuple[dict[str, list], pyreadstat.metadata_container]:
    """The values by column and what is said of them. ISO-8859-1 keeps every byte: the encoding is decided here."""
    whole = io.BytesIO(header + rows + b" " * (-len(rows) % _BLOCK))
    try:
        return pyreadstat.read_xport(whole, encoding="ISO-8859-1", output_format="dict")
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as error:
        message = f"the file breaks off or is damaged ({error}); transfer it again"
        raise ReadError("truncated", message) from error


# ---- is it whole -------------------------------------------------------------------------------------------------
def _one_dataset(given: Given, layout: _Layout) -> None:
    before, found = b"", len(_MEMBER.findall(layout.header))
    with given.opened() as file:
        file.seek(len(layout.header))
        while block := file.read(source.BLOCK):
            found += bool(_MEMBER.search(before[-_BLOCK:] + block))
            before = block
    if found > 1:
        raise ReadError("several datasets", "the file holds more than one dataset; write one file per dataset")


def _rows(given: Given, layout: _Layout) -> int:
    """How many rows there are; ReadError for a file cut short.

    v8 says how many rows it has; in v5 it shows in what follows the last whole row. A v5 file that was cut exactly
    where a row and a block of 80 bytes end together is a whole file in every byte, as is one whose last piece of a
    row is blank: only a comparison with an earlier transfer can tell (`checks`).
    """
    width, body = layout.width, given.size - len(layout.header)
    rows = body // width if layout.stated is None else layout.stated
    end = given.tail(min(body, 2 * _BLOCK + width))
    if layout.stated is None:  # rows of blanks that fit into the padding of the last block are padding
        while rows and body - (rows - 1) * width < _BLOCK and not end[(rows - 1) * width - body :].strip(b" "):
            rows -= 1
    rest = body - rows * width
    if given.size % _BLOCK or not 0 <= rest < _BLOCK or end[len(end) - rest :].strip(b" \0"):
        after = body // width
        announced = "" if layout.stated is None else f", of {layout.stated} announced"
        raise ReadError(
            "truncated",
            f"the file ends in the middle of row {after + 1}{announced} ({given.size:,} bytes; a SAS XPORT file ends "
            f"on a full block of {_BLOCK} bytes, after whole rows of {width}); transfer it again",
            row=after + 1,
        )
    return rows


# ---- the rows ----------------------------------------------------------------------------------------------------
def _pieces(given: Given, layout: _Layout, rows: int) -> Iterator[tuple[int, int, bytes]]:
    """The number of the first row, how many, and their bytes."""
    with given.opened() as file:
        file.seek(len(layout.header))
        for done in range(0, rows, layout.rows_at_once):
            count = min(layout.rows_at_once, rows - done)
            yield done + 1, count, file.read(count * layout.width)


def _foreign(given: Given, layout: _Layout, rows: int) -> Iterator[bytes]:
    """The labels and the texts that are not ASCII, a line each."""
    yield from (label.encode("latin-1").strip() for label in layout.labels.values())
    for _, count, raw in _pieces(given, layout, rows):
        table = np.frombuffer(raw, np.uint8).reshape(count, layout.width)
        start = 0
        for name, width in zip(layout.columns, layout.widths, strict=True):
            some = table[:, start : start + width]
            start += width
            if name in layout.texts and (foreign := (some >= 0x80).any(axis=1)).any():
                yield b"\n".join({bytes(one).strip(b" \0") for one in some[foreign]})


def _chunks(given: Given, layout: _Layout, rows: int, encoding: str) -> Iterator[pd.DataFrame]:
    # Blank rows at the end are taken for padding: a row of zero bytes after them keeps them, and is dropped here.
    last = bytes(layout.width)
    for first, count, raw in _pieces(given, layout, rows):
        try:
            read, _ = _parsed(_announcing(layout.header, count + 1), raw + last)
        except ReadError:
            raise
        except (OverflowError, ValueError) as error:
            message = f"a SAS date or time from row {first} on is none that exists; look for a number far too large"
            raise ReadError("unreadable", message, row=first) from error
        named = zip(layout.columns, (values[:count] for values in read.values()), strict=True)
        columns = {name: _numbers(some) if name in layout.numbers else _texts(some, encoding) for name, some in named}
        yield source.frame_of(columns, first, count)


def _announcing(header: bytes, rows: int) -> bytes:
    found = _OBSERVATIONS.search(header)
    if not found["rows"]:
        return header
    return header[: found.start("rows")] + b"%15d " % rows + header[found.end("rows") :]


def _numbers(values: list) -> np.ndarray:
    """To the 15 digits that SAS itself vouches for: the format cuts 9.3 off to 9.299999999999999."""
    found, places = np.unique(np.array(values, dtype="float64"), return_inverse=True)
    return np.array([float(f"{one:.15g}") for one in found])[places]


def _texts(values: list, encoding: str) -> list[str | None]:
    clean = {one: source.text(_said(_written(one), encoding)) for one in set(values)}
    return [clean[one] for one in values]


def _written(value: str | datetime.date | datetime.time | None) -> str:
    """SAS dates and times in ISO 8601, "" for missing."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="seconds").removesuffix("T00:00:00")
    if isinstance(value, datetime.time):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if value else ""


def _said(text: str, encoding: str) -> str:
    return text if text.isascii() else text.encode("latin-1").decode(encoding)
