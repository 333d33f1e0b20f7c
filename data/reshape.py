"""Tables that are not SDTM, turned into SDTM rows by a small mapping file (TOML): a description, no program.

Each `[[tables]]` is told by the columns it must have, whatever the file is called. Each `[[tables.rows]]` under it
makes at most one SDTM row of every row of the file: `set` gives the variables, {column} stands for what is in a column.

    [[tables]]
    columns = ["patient_id", "cytokine", "day", "value_pg_ml"]
    [[tables.rows]]
    domain = "LB"
    number = "LBSEQ"                        # counted within the subject, over all files
    set = { USUBJID = "S-{patient_id}", LBTESTCD = "{cytokine}", LBORRES = "{value_pg_ml}", LBORRESU = "pg/mL" }
    codes.LBTESTCD = { "IL-6" = "IL6" }     # a value that is not here is refused
    days = { LBDTC = "day" }                # days after the infusion, 0.5 is noon of Day 0
    when = { cytokine = ["IL-6"] }          # the other rows make none
"""

import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.findings import Findings
from data.protocol_base import ProtocolError

FOLDER = Path(__file__).with_name("mappings")
_PLACE = re.compile(r"\{([^{}]+)\}")
_LONGEST = 36_525  # days, a hundred years
Name = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rows(_Part):
    """One SDTM row of each row of the file."""

    domain: str = Field(pattern=r"[A-Z]{2}")
    set: dict[str, str]
    when: dict[str, list[str]] = {}
    codes: dict[str, dict[str, str]] = {}
    days: dict[str, str] = {}
    number: str = ""

    @property
    def columns(self) -> set[str]:
        """The columns of the file that are looked at."""
        places = {name for template in self.set.values() for name in _PLACE.findall(template)}
        return {name.lower() for name in (*places, *self.when, *self.days.values())}

    @model_validator(mode="after")
    def _consistent(self):
        unknown = set(self.codes) - set(self.set)
        if unknown:
            raise ValueError(f"codes for {', '.join(sorted(unknown))}, which `set` does not give")
        if "USUBJID" not in self.set:
            raise ValueError("set must give USUBJID")
        return self


class Layout(_Part):
    """One kind of file."""

    columns: list[Name] = Field(min_length=1)
    identifiers: dict[str, str] = {}  # column -> pattern; its first group is what identifies ("Patient(\\d+)(_\\d)?")
    rows: list[Rows] = Field(min_length=1)

    @model_validator(mode="after")
    def _patterns(self):
        for column, pattern in self.identifiers.items():
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f"identifiers.{column}: {pattern!r} is no regular expression: {error}") from error
            if not groups:
                raise ValueError(f"identifiers.{column}: {pattern!r} has no group (...) for what identifies")
        return self

    def lacking(self, columns: Sequence[str]) -> set[str]:
        """The columns that this layout looks at and a file with these columns does not have."""
        looked_at = {one.lower() for one in self.identifiers}.union(*(rows.columns for rows in self.rows))
        return looked_at - set(columns)

    def fits(self, columns: Sequence[str]) -> bool:
        return {one.lower() for one in self.columns} <= set(columns)


class Mapping(_Part):
    """A mapping file. `text` is the file itself, which a cut holds."""

    format: Literal[1]
    about: str
    study: Name  # STUDYID of every row
    day0: date | None = None  # fictional: the files count days from infusion and give no date
    missing: list[str] = []  # what stands for a blank
    tables: list[Layout] = Field(min_length=1)
    text: str = Field(default="", repr=False)

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def layout(self, columns: Sequence[str]) -> Layout | None:
        """The one that fits a file with these columns; None where there is none."""
        return next((one for one in self.tables if one.fits(columns)), None)

    @model_validator(mode="after")
    def _days_need_day0(self):
        if self.day0 is None and any(rows.days for table in self.tables for rows in table.rows):
            raise ValueError("`days` count from an infusion: give day0, a date that stands for every infusion")
        return self


def load(path: Path) -> Mapping:
    """Reads a mapping file, by its path or by the bare name of a shipped one. ProtocolError in words, with the place,
    where it does not fit."""
    if path.parent == Path() and not path.exists():
        path = FOLDER / path.name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    try:
        return Mapping(**tomllib.loads(text), text=text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{path.name}: not valid TOML: {error}") from error
    except ValidationError as error:
        lines = [f"{path.name}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise ProtocolError("\n".join(lines)) from error


class Reshaper:
    """Applies a mapping over the files of one import; sequence numbers run on from file to file."""

    def __init__(self, mapping: Mapping):
        self.mapping = mapping
        self.numbered = 0  # rows that were given a sequence number
        self.dated: set[str] = set()  # subjects with dates that count from the mapping's day0
        self._counted: Counter[tuple[str, str]] = Counter()

    def parts(self, layout: Layout, chunk: pd.DataFrame, findings: Findings) -> Iterator[tuple[str, pd.DataFrame]]:
        """SDTM rows by domain, as the file would have held them; the index and the source columns are the file's."""
        clean = self._clean(layout, chunk, findings)
        for rows in layout.rows:
            chosen = clean
            for column, values in rows.when.items():
                chosen = chosen[chosen[column.lower()].isin(values)]
            if len(chosen):
                yield rows.domain, self._made(rows, chosen, findings)

    def _clean(self, layout: Layout, chunk: pd.DataFrame, findings: Findings) -> pd.DataFrame:
        """Every cell as text, blank where the mapping says so, identifiers in their one form."""
        clean = chunk.copy()
        for name in chunk.columns.difference(["source_file", "source_row"]):
            texts = as_text(chunk[name])
            clean[name] = texts.where(~texts.isin(self.mapping.missing), None)
        for column, pattern in layout.identifiers.items():
            name = column.lower()
            found = clean[name].dropna().drop_duplicates()
            known = {one: hit[1] for one in found if (hit := re.fullmatch(pattern, one))}
            strange = clean[clean[name].notna() & ~clean[name].isin(list(known))]
            message = f"the mapping file knows identifiers of the form {pattern}; mend the one or the other"
            findings.report("error", "unknown identifier", strange, message, column, strange[name])
            clean[name] = clean[name].map(known)
        return clean

    def _made(self, rows: Rows, chosen: pd.DataFrame, findings: Findings) -> pd.DataFrame:
        made = {name.lower(): _filled(template, chosen) for name, template in rows.set.items()}
        for name, codes in rows.codes.items():
            said = made[name.lower()]
            unknown = chosen[said.notna() & ~said.isin(list(codes))]
            message = f"the mapping file gives no {name} for this value; add it to codes.{name}"
            findings.report("error", "value not mapped", unknown, message, name, said)
            made[name.lower()] = said.map(codes).astype(object)
        for name, column in rows.days.items():
            made[name.lower()] = self._dates(chosen, column, findings)
            self.dated |= set(made["usubjid"].dropna())
        if rows.number:
            made[rows.number.lower()] = self._numbers(rows.domain, made["usubjid"])
        frame = pd.DataFrame(made, index=chosen.index)
        return frame.assign(studyid=self.mapping.study, domain=rows.domain,
                            source_file=chosen["source_file"], source_row=chosen["source_row"])  # fmt: skip

    def _dates(self, chosen: pd.DataFrame, column: str, findings: Findings) -> pd.Series:
        texts = chosen[column.lower()]
        days = pd.to_numeric(texts, errors="coerce")
        days = days.where(days.abs() < _LONGEST)
        wrong = chosen[texts.notna() & days.isna()]
        message = "must be a number of days after the infusion"
        findings.report("error", "not a number", wrong, message, column, texts)
        start = datetime.combine(self.mapping.day0 or date.min, time())
        moments = (pd.to_datetime(start) + pd.to_timedelta(days, unit="D")).dt.round("min")
        written = moments.dt.strftime("%Y-%m-%d").where(days == days.round(), moments.dt.strftime("%Y-%m-%dT%H:%M"))
        return written.astype(object).where(days.notna(), None)

    def _numbers(self, domain: str, subjects: pd.Series) -> pd.Series:
        self.numbered += len(subjects)
        known = subjects.fillna("")
        before = known.map({one: self._counted[domain, one] for one in known.unique()})
        for one, count in known.value_counts().items():
            self._counted[domain, one] += count
        return (before + known.groupby(known, sort=False).cumcount() + 1).astype(float)


def _filled(template: str, chosen: pd.DataFrame) -> pd.Series:
    """The template with each row's cells; a blank cell makes the whole blank, so that no half of a text is stored."""
    parts = _PLACE.split(template)
    cells = [chosen[name.lower()] for name in parts[1::2]]
    texts = pd.Series(parts[0], index=chosen.index, dtype=object)
    for cell, rest in zip(cells, parts[2::2], strict=True):
        texts = texts + cell.fillna("") + rest
    blank = texts == ""
    for cell in cells:
        blank |= cell.isna()
    return texts.where(~blank, None)


def as_text(values: pd.Series) -> pd.Series:
    """A column as text; a number without the ".0" that reading gave it."""
    if pd.api.types.is_numeric_dtype(values):
        return values.map({one: f"{one:.15g}" for one in values.dropna().unique()}).astype(object)
    return values.astype(object)
