"""Trial files as frames of what they say: SAS XPORT (v5, v8) and CSV/TSV. Nothing is interpreted here but text.

Each reader returns a `SourceTable` or raises `ReadError` in words for the person who sent the file.
"""

import csv
import datetime
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyreadstat

FORMATS = {".xpt": "SAS XPORT", ".csv": "CSV", ".tsv": "CSV"}
ENCODINGS = ("utf-8", "gb18030", "windows-1252")  # in the order in which they are tried

_LIBRARY = re.compile(rb"HEADER RECORD\*{7}LIB(RARY|V8 ) ")
_MEMBER = re.compile(rb"HEADER RECORD\*{7}MEM(BER |BV8 ) ")
_OBSERVATIONS = re.compile(rb"HEADER RECORD\*{7}OBS(?:     |V8   )HEADER RECORD!{7}(?P<rows> {0,14}\d{1,15} )?")
_BLOCK = 80  # bytes; every part of an XPORT file is padded with blanks to whole blocks
_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[A-Za-z]")


class ReadError(ValueError):
    """A file that cannot be taken as it is, in words. `row` and `column` are given where the trouble has a place."""

    def __init__(self, rule: str, message: str, *, row: int | None = None, column: str = "", value: str = ""):
        super().__init__(message)
        self.rule, self.row, self.column, self.value = rule, row, column, value


@dataclass(frozen=True)
class SourceTable:
    """One file as it came.

    `frame`: lower-case columns; text stripped, None for blank; numbers as float, NaN for missing; SAS dates and times
    written out in ISO 8601 (a date-time of exactly midnight as its date: it is a date that was stored as a date-time).
    """

    name: str
    sha256: str
    size: int  # bytes
    format: str
    encoding: str
    domain: str
    frame: pd.DataFrame
    decoded: tuple[str, ...] = ()  # up to three values that needed the encoding
    labels: dict[str, str] = field(default_factory=dict)  # column -> its label, where the format has labels
    doubt: str = ""  # what cannot be told from the file and should be looked at


@dataclass(frozen=True)
class _Table:
    """What a reader of one format gives."""

    frame: pd.DataFrame
    encoding: str
    decoded: tuple[str, ...]
    label: str
    labels: dict[str, str] = field(default_factory=dict)
    doubt: str = ""


def read(path: Path, name: str | None = None, *, encoding: str = "") -> SourceTable:
    """The one way in. `encoding` overrides the choice of `choose_encoding`.

    ReadError for a file that is empty, cut short, ragged, unreadable, without rows, or not what its name says. What
    no reader can tell: a CSV that ends within its last value (`doubt` says so where the last line has no end), and
    an XPORT v5 file that was cut exactly at the end of a row and of a block.
    """
    name = name or path.name
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ReadError("unknown format", f"{name} is none of {', '.join(sorted(FORMATS))}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ReadError("cannot be opened", f"the file cannot be opened: {error.strerror}") from error
    if not raw:
        raise ReadError("empty file", f"{name} has 0 bytes; export it again")
    table = reader(raw, path.stem, encoding)
    if table.frame.empty:
        message = "the file has a header and no row, which is also how a file that was cut short looks; export it again"
        raise ReadError("no rows", f"{message}, or leave it out where there is nothing to report")
    return SourceTable(
        name=name,
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        format=FORMATS[path.suffix.lower()],
        encoding=table.encoding,
        domain=_domain(table.frame, table.label),
        frame=table.frame,
        decoded=table.decoded,
        labels=table.labels,
        doubt=table.doubt,
    )


def _domain(frame: pd.DataFrame, label: str) -> str:
    """By content, never by file name: DOMAIN, or RDOMAIN for supplemental qualifiers and related records."""
    columns = set(frame.columns)
    if {"rdomain", "qnam"} <= columns:
        return "SUPP" + _only(frame, "rdomain")
    if "rdomain" in columns:
        return "RELREC"
    if "domain" in columns:
        return _only(frame, "domain")
    raise ReadError(
        "domain unknown", f"no column DOMAIN (or RDOMAIN): which domain {label or 'this table'} holds cannot be told"
    )


def _only(frame: pd.DataFrame, column: str) -> str:
    values = sorted({str(one).upper() for one in frame[column].dropna()})
    blank = frame.index[frame[column].isna()]
    if len(values) != 1:
        found = ", ".join(values[:3]) + (" ..." if len(values) > 3 else "") or "no value"
        raise ReadError(
            "several domains", f"{column.upper()} must hold one domain, it holds {found}", column=column.upper()
        )
    if len(blank):
        message = f"{column.upper()} is blank in this row; it must hold {values[0]} in every row"
        raise ReadError("several domains", message, row=int(blank[0]) + 1, column=column.upper())
    return values[0]


# ---- SAS XPORT --------------------------------------------------------------------------------------------------
def _xport(raw: bytes, _: str, told: str) -> _Table:
    if not _LIBRARY.match(raw):
        raise ReadError("not what its name says", "the file does not begin as a SAS XPORT file does; export it again")
    if len(_MEMBER.findall(raw)) > 1:
        raise ReadError("several datasets", "the file holds more than one dataset; write one file per dataset")
    try:
        # ISO-8859-1 keeps every byte, so that the encoding is decided here and not by the reader
        frame, meta = pyreadstat.read_xport(io.BytesIO(raw), encoding="ISO-8859-1", dates_as_pandas_datetime=True)
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        message = f"the file breaks off or is damaged ({error}); transfer it again"
        raise ReadError("truncated", message) from error
    _whole(raw, sum(meta.variable_storage_width.values()), len(frame))
    frame.columns = [name.strip().lower() for name in frame.columns]
    _check_header(list(frame.columns))
    labels = dict(zip(frame.columns, (one or "" for one in meta.column_labels), strict=True))
    columns = {name: frame[name] for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])}
    texts = {name: _as_text(frame[name]) for name in frame.columns if name not in columns}
    foreign = {one for some in (*texts.values(), labels.values()) for one in set(some) if one and not one.isascii()}
    encoding = choose_encoding(b"\n".join(sorted(one.encode("latin-1") for one in foreign)), told)
    said = {one: one.encode("latin-1").decode(encoding) for one in foreign}
    for name, some in texts.items():
        clean = {one: said.get(one, one).strip() or None for one in set(some) if one}
        columns[name] = pd.Series([clean.get(one) for one in some], index=frame.index, dtype=object)
    return _Table(
        frame=pd.DataFrame(columns, index=frame.index).reindex(columns=frame.columns),
        encoding=encoding if foreign else "ascii",
        decoded=tuple(sorted(said.values(), key=lambda one: (len(one), one))[:3]),
        label=meta.table_name or "",
        labels={name: said.get(label, label) for name, label in labels.items()},
    )


def _as_text(values: pd.Series) -> list[str]:
    """A column that is no number, value by value; SAS dates and times in ISO 8601, "" for missing."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S").str.removesuffix("T00:00:00").fillna("").tolist()
    return [
        one if isinstance(one, str) else one.isoformat() if isinstance(one, datetime.date | datetime.time) else ""
        for one in values.tolist()
    ]


def _whole(raw: bytes, width: int, rows: int) -> None:
    """ReadError for a file cut short. v8 says how many rows it has; in v5 it shows in what follows the last whole row.

    A v5 file that was cut exactly where a row and a block of 80 bytes end together is a whole file in every byte, as
    is one whose last piece of a row is blank: only a comparison with an earlier transfer can tell (`checks`).
    """
    header = _OBSERVATIONS.search(raw)
    if header is None:
        raise ReadError("truncated", "the file ends inside its header; transfer it again")
    body = raw[header.start() + _BLOCK :]
    rest = body[rows * width :]
    stated = int(header["rows"]) if header["rows"] else None
    padded = len(raw) % _BLOCK == 0 and len(rest) < _BLOCK and not rest.strip(b" \0")
    if len(body) < rows * width or not padded or (stated is not None and stated != rows):
        after = len(body) // width if width else 0
        announced = "" if stated is None else f", of {stated} announced"
        raise ReadError(
            "truncated",
            f"the file ends in the middle of row {after + 1}{announced} ({len(raw):,} bytes; a SAS XPORT file ends on "
            f"a full block of {_BLOCK} bytes, after whole rows of {width}); transfer it again",
            row=after + 1,
        )


# ---- encodings ------------------------------------------------------------------------------------------------------
def choose_encoding(raw: bytes, told: str = "") -> str:
    """UTF-8, then GB18030 where that makes mainly Chinese text, then Windows-1252; ReadError where none fits.

    `told`: the encoding that a person named; ReadError where the text is not in it.
    Windows-1252 would take Chinese bytes without a word, so the order matters; and GB18030 would turn the curly
    apostrophe of an English sentence into a rare character, so the fields with foreign bytes must read as Chinese.
    """
    for encoding in (told,) if told else ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "gb18030" or told or _mainly_chinese(text):
            return encoding
    wanted = told or "UTF-8, GB18030 or Windows-1252"
    raise ReadError("encoding undecided", f"the text is not {wanted}; save the file as UTF-8, or name its --encoding")


def _mainly_chinese(text: str) -> bool:
    foreign = "".join(one for one in re.split(r"[\r\n,;\t]", text) if not one.isascii())
    return 2 * len(_HAN.findall(foreign)) > len(_LATIN.findall(foreign))


# ---- CSV ------------------------------------------------------------------------------------------------------------
def _csv(raw: bytes, stem: str, told: str) -> _Table:
    if b"\0" in raw:
        message = "the file holds zero bytes: it is no text table, or it is UTF-16; save it as CSV UTF-8"
        raise ReadError("not what its name says", message)
    encoding = choose_encoding(raw, told)
    text = raw.decode(encoding).removeprefix("\ufeff")
    header, *rows = _csv_rows(text)
    header = [name.strip().lower() for name in header]
    _check_header(header)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            message = f"row {number} has {len(row)} fields, the header has {len(header)}; export the file again"
            raise ReadError("ragged row", message, row=number)
    frame = pd.DataFrame([[cell.strip() or None for cell in row] for row in rows], columns=header, dtype=object)
    foreign = {one for one in re.findall(r"[^\s,;\t\"]+", text) if not one.isascii()}
    ended = text.endswith(("\n", "\r"))
    return _Table(
        frame=frame,
        encoding=encoding if foreign else "ascii",
        decoded=tuple(sorted(foreign, key=lambda one: (len(one), one))[:3]),
        label=stem,
        doubt="" if ended else "the last line has no line end: look whether the last value is whole",
    )


def _csv_rows(text: str) -> list[list[str]]:
    """The header and the rows, lines without any text left out. ReadError names the row that cannot be read."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[list[str]] = []
    try:
        for row in lines:
            if row:
                rows.append(row)
    except csv.Error as error:
        message = (
            f"row {len(rows)} cannot be read ({error}): a quotation mark is open or a line is cut; export it again"
        )
        raise ReadError("unreadable", message, row=len(rows)) from error
    if not rows:
        raise ReadError("empty file", "the file holds no text; export it again")
    return rows


def _delimiter(text: str) -> str:
    return max(",;\t", key=text.lstrip().partition("\n")[0].count)


def _check_header(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        raise ReadError("header", f"column {', '.join(twice).upper()} stands twice in the header; keep one")
    if "" in names:
        message = f"column {names.index('') + 1} has no name; the first row must be the header with the variable names"
        raise ReadError("header", message)


_READERS: dict[str, Callable[[bytes, str, str], _Table]] = {".xpt": _xport, ".csv": _csv, ".tsv": _csv}
