"""A file as it was given and the table that is read from it, a chunk of rows at a time."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from data.readers.errors import ReadError

LIMIT = 2 * 1024**3  # bytes of one file, uncompressed; the largest lab file of a phase III trial is a tenth of it
MOST_COLUMNS = 2_000  # the widest SDTM domain has some 80; a file beyond this is no table of a trial
CHUNK = 50_000  # rows held at once
CELLS = 2_000_000  # values held at once: a wide table is read in fewer rows
BLOCK = 1024 * 1024  # bytes read at once
UNROUNDED = 2**53  # the last whole number up to which a float holds every one

# How files begin that are handed over under a wrong name.
_MAGIC = {
    b"HEADER RECORD*******LIB": "a SAS XPORT file (.xpt)",
    b"PAR1": "a Parquet file (.parquet)",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"PK\x05\x06": "an empty zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file",
    b"$FL2": "an SPSS file",
    b"RDX": "an R file",
    b"<?xml": "an XML file",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"{": "a JSON file (.json or .ndjson)",
}


@dataclass(frozen=True)
class SourceTable:
    """One file as it came; its rows are read when `chunks` is called, each time from the file.

    A frame has lower-case columns; text stripped, None for blank; numbers as float64, NaN for missing; SAS dates and
    times written out in ISO 8601 (a date-time of exactly midnight as its date: it is a date that was stored as a
    date-time). Its index is the number of the data row in the file, from 1.

    `chunks` raises ReadError too, where the trouble shows only in the rows: ragged, cut short, of the wrong type, or
    written to since the file was hashed. Only rows that came before the error were given, so all must be discarded.
    """

    name: str
    sha256: str
    size: int  # bytes
    format: str
    encoding: str
    label: str  # the dataset name as the file says it, "" where it does not
    columns: tuple[str, ...]
    chunks: Callable[[], Iterator[pd.DataFrame]]  # each of at most CHUNK rows
    labels: dict[str, str] = field(default_factory=dict)  # column -> its label, where the format has labels
    decoded: tuple[str, ...] = ()  # up to three values that needed the encoding
    dialect: str = ""  # how a CSV was understood, in words
    doubt: str = ""  # what cannot be told from the file and should be looked at
    study: str = ""  # the study as a Dataset-JSON file names it

    @property
    def frame(self) -> pd.DataFrame:
        """All rows at once: for small files."""
        return pd.concat(self.chunks())


@dataclass(frozen=True)
class Given:
    """A file as it was when it was hashed: every later look at it must find the same."""

    path: Path
    name: str
    size: int
    sha256: str
    state: tuple[int, ...]
    limit: int  # bytes that may be read from it, uncompressed

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The open file; ReadError where it is not what was hashed, before or after it was read."""
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise _changed() from error
        with file:
            self._unchanged(file)
            try:
                yield file
            except ReadError:
                self._unchanged(file)  # a reader would blame the content
                raise
            self._unchanged(file)

    def head(self, count: int) -> bytes:
        with self.opened() as file:
            return file.read(count)

    def tail(self, count: int) -> bytes:
        with self.opened() as file:
            file.seek(max(0, self.size - count))
            return file.read()

    def blocks(self) -> Iterator[bytes]:
        with self.opened() as file:
            while block := file.read(BLOCK):
                yield block

    def _unchanged(self, file: BinaryIO) -> None:
        if _state(file) != self.state:
            raise _changed()


def take(path: Path, name: str, limit: int) -> Given:
    """The file, hashed in one pass. ReadError where it cannot be opened, is empty, too large or being written to."""
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):  # a pipe would be waited for without end
            raise ReadError("cannot be opened", "the file cannot be opened: it is a folder or a device, not a file")
        if kind.st_size > limit:
            raise too_large(kind.st_size, limit)
        with path.open("rb") as file:
            before = _state(file)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            if _state(file) != before or size != before[0]:
                raise _changed()
    except OSError as error:
        raise ReadError("cannot be opened", f"the file cannot be opened: {error.strerror}") from error
    if not size:
        raise ReadError("empty file", f"{name} has 0 bytes; export it again")
    return Given(path=path, name=name, size=size, sha256=digest, state=before, limit=limit)


def _state(file: BinaryIO) -> tuple[int, ...]:
    now = os.fstat(file.fileno())
    return now.st_size, now.st_mtime_ns, now.st_ino


def _changed() -> ReadError:
    return ReadError("changed while read", "the file was written to while it was read; wait until it is whole")


def too_large(size: int, limit: int) -> ReadError:
    message = f"the file holds {size:,} bytes or more, the limit is {limit:,}; split it, or look whether it is damaged"
    return ReadError("too large", message)


# ---- what is in it -----------------------------------------------------------------------------------------------
def other_format(head: bytes) -> str:
    """What a file is that begins so, in words; "" where nothing is known."""
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((words for magic, words in _MAGIC.items() if begin.startswith(magic.lower())), "")


def not_its_name(head: bytes, wanted: str) -> ReadError:
    found = other_format(head)
    said = f"the file is {found}, not {wanted}" if found else f"the file does not begin as {wanted} does"
    return ReadError("not what its name says", f"{said}; give it the right name, or export it again")


def no_rows() -> ReadError:
    message = "the file has a header and no row, which is also how a file that was cut short looks; export it again"
    return ReadError("no rows", f"{message}, or leave it out where there is nothing to report")


def check_header(names: Sequence[str]) -> tuple[str, ...]:
    """The column names, lower-case and stripped; ReadError for one that is blank or stands twice."""
    clean = [name.strip().lower() for name in names]
    if len(clean) > MOST_COLUMNS:
        message = f"the file has {len(clean):,} columns, the limit is {MOST_COLUMNS:,}: is it the right file?"
        raise ReadError("header", message)
    twice = sorted({name for name in clean if clean.count(name) > 1 and name})
    if twice:
        raise ReadError("header", f"column {', '.join(twice).upper()} stands twice in the header; keep one")
    if "" in clean:
        message = f"column {clean.index('') + 1} has no name; the first row must be the header with the variable names"
        raise ReadError("header", message)
    return tuple(clean)


def rows_at_once(columns: int) -> int:
    return max(1, min(CHUNK, CELLS // max(1, columns)))


def text(value: str) -> str | None:
    return value.strip() or None


def exceeds_float(value: int) -> bool:
    """Whether a float would round this whole number: an identifier that is stored as a number."""
    return abs(value) > UNROUNDED


def frame_of(columns: Mapping[str, list[str | None] | np.ndarray], first: int, count: int) -> pd.DataFrame:
    """A chunk of `count` rows, of which the first is row `first` of the file: lists of text, arrays of numbers."""
    index = pd.RangeIndex(first, first + count)
    series = {
        name: pd.Series(some, index=index, dtype=object if isinstance(some, list) else "float64")
        for name, some in columns.items()
    }
    return pd.DataFrame(series, index=index, copy=False)
