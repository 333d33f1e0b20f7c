"""CSV and its kin: text separated by commas, semicolons, tabs, bars or blanks, in whatever way it was exported."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from data.readers import source
from data.readers.encodings import decide
from data.readers.errors import ReadError
from data.readers.source import Given, SourceTable

_SAMPLE = 256 * 1024  # characters from which the layout is told; the header must stand in them
_LINE = 8 * 1024 * 1024  # bytes of the longest line: no row of a trial has a thousandth of it
_SEPARATORS = {",": "','", ";": "';'", "\t": "a tab", "|": "'|'", " ": "blanks"}
_NAME = re.compile(r"[^\W\d]")  # what a variable name begins with, unlike most values
_WORDS = re.compile(r"[\s,;|\"]+")
_LABELS = "its first column, of row numbers or labels, left out"


@dataclass(frozen=True)
class _Layout:
    """How the text is to be split: found in its first rows."""

    separator: str
    rows: list[list[str]]  # of the sample, with title and header
    titles: int  # lines above the header: none or one

    @property
    def header(self) -> list[str]:
        return self.rows[self.titles]

    @property
    def body(self) -> list[list[str]]:
        return self.rows[self.titles + 1 :]

    @property
    def counted(self) -> bool:
        """R's write.table: a header without a name for the first column, which counts the rows."""
        width = len(self.header) + 1
        numbers = [str(number) for number in range(1, len(self.body) + 1)]
        return (
            bool(self.body)
            and all(len(row) == width for row in self.body)
            and [row[0].strip() for row in self.body] == numbers
            and any(row[-1].strip() for row in self.body)  # else a separator too many at the end of each row
        )

    @property
    def unnamed(self) -> bool:
        """R's write.csv: a first column with a blank name, which holds the row labels."""
        return len(self.header) > 1 and not self.header[0].strip()

    @property
    def fit(self) -> tuple[float, int]:
        """To be the larger, the better the separator: rows as long as the header, then columns."""
        width = len(self.header) + self.counted
        same = sum(len(row) == width for row in self.body)
        return same / len(self.body) if self.body else 1, len(self.header)

    def words(self, sample: str) -> str:
        """What a person can check with one look at the file."""
        quoted = re.search(f'(^|{re.escape(self.separator)}) *"', sample, re.MULTILINE)
        parts = [f"separated by {_SEPARATORS[self.separator]}" if len(self.header) > 1 else "one column"]
        parts += ['quoted by "'] if quoted else []
        parts += ["header in line 2"] if self.titles else []
        parts += [_LABELS] if self.unnamed or self.counted else []
        return ", ".join(parts)


def read(given: Given, told: str) -> SourceTable:
    head = given.head(4096)
    if source.other_format(head):
        raise source.not_its_name(head, "a text table")
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))  # how Excel saves "Unicode text"
    _check_lines(given, wide)
    encoding, decoded = ("utf-16", ()) if wide else decide(lambda: _whole_lines(given), told, _WORDS)
    with _text(given, encoding) as lines:
        sample = lines.read(_SAMPLE)
    if wide:
        words = {one for one in _WORDS.split(sample) if one}
        decoded = tuple(sorted(words, key=lambda one: (one.isascii(), len(one), one))[:3])
    layout = _layout(sample)
    columns = source.check_header(layout.header[1:] if layout.unnamed else layout.header)
    with _text(given, encoding) as lines:
        if next(_values(lines, layout), None) is None:
            raise source.no_rows()
    ended = given.tail(2).rstrip(b"\0").endswith((b"\n", b"\r"))
    return SourceTable(
        name=given.name,
        sha256=given.sha256,
        size=given.size,
        format="CSV",
        encoding=encoding,
        label="",
        columns=columns,
        decoded=decoded,
        dialect=layout.words(sample),
        doubt="" if ended else "the last line has no line end: look whether the last value is whole",
        chunks=lambda: _chunks(given, encoding, layout, columns),
    )


# ---- the bytes ---------------------------------------------------------------------------------------------------
def _check_lines(given: Given, wide: bool) -> None:
    """ReadError for what is no text, and for a line that would fill the memory. `wide`: it is UTF-16."""
    length = 0
    for block in given.blocks():
        if b"\0" in block and not wide:
            message = "the file holds zero bytes: it is no text table, or it is UTF-16; save it as CSV UTF-8"
            raise ReadError("not what its name says", message)
        end = _last_line_end(block)
        length = length + len(block) if end < 0 else len(block) - end
        if length > _LINE:
            message = f"a line has more than {_LINE:,} bytes: is it a text table, with a line for each row?"
            raise ReadError("unreadable", message)


def _whole_lines(given: Given) -> Iterator[bytes]:
    """Whole lines, so that no character is cut in two; no second byte of a GB18030 character is a line end."""
    rest = b""
    for block in given.blocks():
        whole = rest + block
        end = _last_line_end(whole) + 1
        rest = whole[end:]
        yield whole[:end]
    yield rest


def _last_line_end(block: bytes) -> int:
    return max(block.rfind(b"\n"), block.rfind(b"\r"))


@contextmanager
def _text(given: Given, encoding: str) -> Iterator[io.TextIOWrapper]:
    with given.opened() as file:
        text = io.TextIOWrapper(file, "utf-8-sig" if encoding in ("utf-8", "ascii") else encoding, newline="")
        try:
            yield text
        except UnicodeDecodeError as error:
            message = f"the text is not {encoding} to its end: the file is cut or damaged; transfer it again"
            raise ReadError("truncated", message) from error
        finally:
            text.detach()  # the file is closed by whom it belongs to


# ---- the layout --------------------------------------------------------------------------------------------------
def _layout(sample: str) -> _Layout:
    """The separator by which most rows are as long as the header; blanks only where nothing else separates it."""
    found = [one for one in (_split(sample, separator) for separator in ",;\t|") if one]
    several = [one for one in found if len(one.header) > 1]
    if several:
        return max(several, key=lambda one: one.fit)
    blanks = _split(sample, " ")
    if blanks and len(blanks.header) > 1 and blanks.fit[0] == 1:
        return blanks
    if not found:
        raise ReadError("empty file", "the file holds no text; export it again")
    return found[0]


def _split(sample: str, separator: str) -> _Layout | None:
    rows: list[list[str]] = []
    try:
        for row in _records(io.StringIO(sample, newline=""), separator):
            rows.append(row)
    except csv.Error:
        pass  # the rows that could be read tell the layout; the error is raised where the rows are read
    if len(sample) == _SAMPLE:
        rows = rows[:-1]  # the last one is cut
    return _Layout(separator, rows, _titles(rows)) if rows else None


def _titles(rows: list[list[str]]) -> int:
    """1 where a title stands above the header: one filled field, and below it names, as many as there are values."""
    filled = [cell for cell in rows[0] if cell.strip()]
    if len(filled) != 1 or len(rows) < 2:
        return 0
    names = [cell.strip().lower() for cell in rows[1]]
    header = len(names) > 1 and len(set(names)) == len(names) and all(_NAME.match(name) for name in names)
    return int(header and len(rows[0]) in (1, len(names)) and all(len(row) == len(names) for row in rows[1:]))


def _records(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    """The rows that hold any text."""
    blanks = separator == " "
    if blanks:
        lines = (line.strip(" \r\n") + "\n" for line in lines)
    for row in csv.reader(lines, delimiter=separator, skipinitialspace=blanks, strict=True):
        if len(row) > 1 or (row and row[0].strip()):
            yield row


# ---- the rows ----------------------------------------------------------------------------------------------------
def _chunks(given: Given, encoding: str, layout: _Layout, columns: tuple[str, ...]) -> Iterator[pd.DataFrame]:
    labelled = layout.unnamed or layout.counted
    width = len(columns) + labelled
    size = source.rows_at_once(width)
    rows: list[list[str]] = []
    done = 0
    with _text(given, encoding) as lines:
        for row in _values(lines, layout):
            if len(row) != width:
                number = done + len(rows) + 1
                message = f"row {number} has {len(row)} fields, the header has {width}; export the file again"
                raise ReadError("ragged row", message, row=number)
            rows.append(row)
            if len(rows) == size:
                yield _frame(rows, columns, done, layout)
                done += len(rows)
                rows = []
        if rows:
            yield _frame(rows, columns, done, layout)


def _values(lines: Iterable[str], layout: _Layout) -> Iterator[list[str]]:
    """The rows below the header; ReadError names the one that cannot be read."""
    number = -layout.titles - 1  # of the row that was read last; the header is row 0
    try:
        for row in _records(lines, layout.separator):
            number += 1
            if number > 0:
                yield row
    except csv.Error as error:
        number += 1
        message = f"row {number} cannot be read ({error}): a quotation mark is open or a line is cut; export it again"
        raise ReadError("unreadable", message, row=max(number, 1)) from error


def _frame(rows: list[list[str]], columns: tuple[str, ...], done: int, layout: _Layout) -> pd.DataFrame:
    values = list(zip(*rows, strict=True))
    if layout.unnamed or layout.counted:
        _check_labels(values.pop(0), done, layout.counted)
    texts = {name: [cell.strip() or None for cell in some] for name, some in zip(columns, values, strict=True)}
    return source.frame_of(texts, done + 1, len(rows))


def _check_labels(labels: Sequence[str], done: int, counted: bool) -> None:
    """ReadError where the column without a name holds something else than row labels: then it is data."""
    seen = set()
    for number, label in enumerate(labels, start=done + 1):
        if label in seen or not label.strip() or (counted and label.strip() != str(number)):
            message = "the first column has no name and does not tell the rows apart; give it its variable name"
            raise ReadError("header", message, row=number)
        seen.add(label)
