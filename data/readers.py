"""Trial files as frames of what they say: SAS XPORT (v5, v8) and CSV/TSV. Nothing is interpreted here but text.

Each reader returns a `SourceTable` or raises `ReadError` in words for the person who sent the file.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyreadstat

FORMATS = {".xpt": "SAS XPORT", ".csv": "CSV", ".tsv": "CSV"}

_LIBRARY = re.compile(rb"HEADER RECORD\*{7}LIB(RARY|V8 ) ")
_MEMBER = re.compile(rb"HEADER RECORD\*{7}MEM(BER |BV8 ) ")
_OBSERVATIONS = re.compile(rb"HEADER RECORD\*{7}OBS(     |V8   )HEADER RECORD!{7}")
_BLOCK = 80  # bytes; every part of an XPORT file is padded with blanks to whole blocks
_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[A-Za-z]")


class ReadError(ValueError):
    """A file that cannot be taken as it is. `row` and `column` are given where the trouble has a place."""

    def __init__(self, rule: str, message: str, *, row: int | None = None, column: str = "", value: str = ""):
        super().__init__(message)
        self.rule, self.row, self.column, self.value = rule, row, column, value


@dataclass(frozen=True)
class SourceTable:
    """One file as it came: `frame` has lower-case columns, text stripped with None for blank, numbers as float."""

    name: str
    sha256: str
    size: int  # bytes
    format: str
    encoding: str
    domain: str
    frame: pd.DataFrame
    decoded: tuple[str, ...] = field(default=())  # up to three values that needed the encoding


def read(path: Path, name: str | None = None) -> SourceTable:
    """The one way in. ReadError for an empty, truncated, ragged or unreadable file, or one that is not what its name says."""
    name = name or path.name
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ReadError("unknown format", f"{name} is none of {', '.join(sorted(FORMATS))}")
    raw = path.read_bytes()
    if not raw:
        raise ReadError("empty file", f"{name} has 0 bytes; export it again")
    frame, encoding, decoded, label = reader(path, raw)
    return SourceTable(
        name=name,
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        format=FORMATS[path.suffix.lower()],
        encoding=encoding,
        domain=_domain(frame, label),
        frame=frame,
        decoded=decoded,
    )


def _domain(frame: pd.DataFrame, label: str) -> str:
    """By content: DOMAIN, or RDOMAIN for supplemental qualifiers and related records; the file's label otherwise."""
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
    values = [str(one).upper() for one in frame[column].dropna().unique()]
    if len(values) != 1:
        found = ", ".join(sorted(values)) or "no value"
        raise ReadError(
            "several domains", f"{column.upper()} must hold one domain, it holds {found}", column=column.upper()
        )
    return values[0]


# ---- SAS XPORT --------------------------------------------------------------------------------------------------
def _xport(path: Path, raw: bytes) -> tuple[pd.DataFrame, str, tuple[str, ...], str]:
    if not _LIBRARY.match(raw):
        raise ReadError("not what its name says", "the file does not begin as a SAS XPORT file does")
    if len(_MEMBER.findall(raw)) > 1:
        raise ReadError("several datasets", "the file holds more than one dataset; write one file per dataset")
    try:
        # ISO-8859-1 keeps every byte, so that the encoding is decided here and not by the reader
        frame, meta = pyreadstat.read_xport(str(path), encoding="ISO-8859-1", dates_as_pandas_datetime=True)
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        raise ReadError("unreadable", f"the file breaks off or is damaged ({error}); transfer it again") from error
    _whole(raw, sum(meta.variable_storage_width.values()), len(frame))
    frame.columns = [name.lower() for name in frame.columns]
    frame, encoding, decoded = _decoded(frame)
    return frame, encoding, decoded, meta.table_name or ""


def _whole(raw: bytes, width: int, rows: int) -> None:
    """XPORT v5 does not say how many rows it has: a file cut short shows in the rest after its last whole row."""
    header = _OBSERVATIONS.search(raw)
    if header is None:
        raise ReadError("truncated", "the file ends inside its header; transfer it again")
    body = len(raw) - (header.start() + _BLOCK)
    rest = raw[len(raw) - (body - rows * width) :] if body > rows * width else b""
    if len(raw) % _BLOCK or body < rows * width or len(rest) >= max(_BLOCK, width) or rest.strip(b" \0"):
        whole = body // width if width else 0
        raise ReadError(
            "truncated",
            f"the file ends in the middle of row {whole + 1} ({len(raw):,} bytes; XPORT files end on a full block of 80 "
            f"with whole rows of {width}); transfer it again",
            row=whole + 1,
        )


def _decoded(frame: pd.DataFrame) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
    """Text columns read byte for byte, now in the encoding the file is in; blank is None."""
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    values = {name: pd.unique(frame[name].astype(object)) for name in texts}
    foreign = {one for some in values.values() for one in some if isinstance(one, str) and not one.isascii()}
    encoding = choose_encoding(b"\n".join(sorted(one.encode("latin-1") for one in foreign)))
    said = {one: one.encode("latin-1").decode(encoding) for one in foreign}
    for name in texts:
        clean = {one: said.get(one, one).strip() or None for one in values[name] if isinstance(one, str)}
        frame[name] = frame[name].astype(object).map(clean)
    return frame, encoding if foreign else "ascii", tuple(sorted(said.values(), key=len)[:3])


def choose_encoding(raw: bytes) -> str:
    """UTF-8, then GB18030 where that makes mainly Chinese text, then Windows-1252; ReadError where none fits.

    Windows-1252 would take Chinese bytes without a word, so the order matters; and GB18030 would turn the curly
    apostrophe of an English sentence into a rare character, so the fields with foreign bytes must read as Chinese.
    """
    try:
        raw.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        foreign = "".join(one for one in re.split(r"[\n,;\t]", raw.decode("gb18030")) if not one.isascii())
        if 2 * len(_HAN.findall(foreign)) > len(_LATIN.findall(foreign)):
            return "gb18030"
    except UnicodeDecodeError:
        pass
    try:
        raw.decode("windows-1252")
        return "windows-1252"
    except UnicodeDecodeError as error:
        raise ReadError(
            "encoding undecided", "the text is neither UTF-8, GB18030 nor Windows-1252; save the file as UTF-8"
        ) from error


# ---- CSV ------------------------------------------------------------------------------------------------------------
def _csv(path: Path, raw: bytes) -> tuple[pd.DataFrame, str, tuple[str, ...], str]:
    if b"\0" in raw:
        raise ReadError("not what its name says", "the file holds zero bytes: it is not a text table")
    encoding = choose_encoding(raw)
    text = raw.decode(encoding).removeprefix("\ufeff")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        rows = [row for row in lines if row]
    except csv.Error as error:
        raise ReadError(
            "truncated", f"line {lines.line_num}: {error}; transfer the file again", row=lines.line_num
        ) from error
    header = [name.strip().lower() for name in rows[0]]
    _check_header(header)
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(header):
            raise ReadError(
                "ragged row", f"row {number} has {len(row)} fields, the header has {len(header)}", row=number
            )
    frame = pd.DataFrame([[cell.strip() or None for cell in row] for row in rows[1:]], columns=header, dtype=object)
    foreign = sorted({one for one in re.findall(r"[^\s,;\t\"]+", text) if not one.isascii()}, key=len)
    return frame, encoding if foreign else "ascii", tuple(foreign[:3]), path.stem


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _check_header(header: Iterable[str]) -> None:
    names = list(header)
    twice = {name for name in names if names.count(name) > 1}
    if twice or "" in names:
        what = f"column {', '.join(sorted(twice)).upper()} stands twice" if twice - {""} else "a column has no name"
        raise ReadError("header", f"{what} in the header row")


_READERS: dict[str, Callable[[Path, bytes], tuple[pd.DataFrame, str, tuple[str, ...], str]]] = {
    ".xpt": _xport,
    ".csv": _csv,
    ".tsv": _csv,
}
