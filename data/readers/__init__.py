"""Trial files as tables of what they say: SAS XPORT, Dataset-JSON, CSV, Parquet. Nothing is interpreted here but text.

Each reader returns a `SourceTable` or raises `ReadError` in words for the person who sent the file.
"""

from collections.abc import Callable
from pathlib import Path

from data.readers import dataset_json, delimited, parquet, xport
from data.readers.encodings import ENCODINGS, choose_encoding
from data.readers.errors import ReadError
from data.readers.source import CHUNK, LIMIT, Given, SourceTable, take

__all__ = ["CHUNK", "ENCODINGS", "FORMATS", "LIMIT", "ReadError", "SourceTable", "choose_encoding", "read"]

_READERS: dict[str, Callable[[Given, str], SourceTable]] = {
    ".xpt": xport.read,
    ".json": dataset_json.read,
    ".ndjson": dataset_json.read,
    ".dsjc": dataset_json.read,
    ".csv": delimited.read,
    ".tsv": delimited.read,
    ".parquet": parquet.read,
}
FORMATS = {
    ".xpt": "SAS XPORT",
    ".json": "Dataset-JSON",
    ".ndjson": "Dataset-JSON",
    ".dsjc": "Dataset-JSON",
    ".csv": "CSV",
    ".tsv": "CSV",
    ".parquet": "Parquet",
}


def read(path: Path, name: str | None = None, *, encoding: str = "", limit: int = LIMIT) -> SourceTable:
    """The one way in. `encoding` overrides the choice of `choose_encoding`; `limit`: bytes, uncompressed.

    ReadError for a file that is empty, cut short, unreadable, without rows, or not what its name says; what shows only
    in the rows is raised by `chunks`. What no reader can tell: a CSV that ends within its last value (`doubt` says so
    where the last line has no end), and an XPORT v5 file that was cut exactly at the end of a row and of a block.
    """
    name = name or path.name
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ReadError("unknown format", f"{name} is none of {', '.join(sorted(FORMATS))}")
    return reader(take(path, name, limit), encoding)
