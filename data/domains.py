"""Which SDTM domain a table holds, told by its content and never by the name of its file."""

import re
from collections.abc import Sequence

import pandas as pd

from data.readers import ReadError

_TOPIC = re.compile(r"(?P<domain>[a-z][a-z0-9])(?:testcd|trt|term)")  # the topic variable of each class of domain

# Where no topic variable tells it: the domain, and sets of columns each of which is enough.
_SIGNS: tuple[tuple[str, tuple[frozenset[str], ...]], ...] = (
    ("TS", (frozenset({"tsparmcd"}),)),
    ("SV", (frozenset({"visitnum", "svstdtc"}),)),
    ("DM", tuple(frozenset({"subjid", one}) for one in ("arm", "armcd", "rficdtc", "rfstdtc"))),
)


def recognise(columns: Sequence[str], first: pd.DataFrame) -> str:
    """The domain of a table with these lower-case columns and these first rows; "" where it cannot be told.

    The column that names it decides: DOMAIN, or RDOMAIN for supplemental qualifiers (SUPPxx) and related records
    (RELREC). Without such a column the variable names decide where they can mean one domain only. ReadError where the
    column names no domain, or several.
    """
    names = set(columns)
    column = _column(names)
    if column != "rdomain" and {"rdomain", "relid"} <= names:
        return "RELREC"
    if not column:
        return _by_names(names)
    domain = ("SUPP" if column == "rdomain" else "") + _only(first, column)
    check(domain, first)
    return domain


def check(domain: str, chunk: pd.DataFrame) -> None:
    """ReadError for a row that is of another domain than `domain`, or names none, where a column names it."""
    column = _column(set(chunk.columns))
    if not column or domain == "RELREC":
        return
    wanted = domain.removeprefix("SUPP") if column == "rdomain" else domain
    said = chunk[column]
    other = said[said.isna() | (said.astype(str).str.upper() != wanted)]
    if other.empty:
        return
    row, name = int(other.index[0]), column.upper()
    if pd.isna(other.iloc[0]):
        message = f"{name} is blank in this row; it must hold {wanted} in every row"
    else:
        message = f"{name} must hold one domain, it holds {wanted} and here {str(other.iloc[0])[:20].upper()}"
    raise ReadError("several domains", message, row=row, column=name)


def _column(names: set[str]) -> str:
    """The column that names the domain of every row."""
    return "rdomain" if {"rdomain", "qnam"} <= names else "domain" if "domain" in names else ""


def _by_names(names: set[str]) -> str:
    found = {match["domain"].upper() for name in names if (match := _TOPIC.fullmatch(name))}
    found |= {domain for domain, signs in _SIGNS if any(sign <= names for sign in signs)}
    return found.pop() if len(found) == 1 else ""


def _only(frame: pd.DataFrame, column: str) -> str:
    """The one domain that these rows name."""
    values = sorted({str(one).upper() for one in frame[column].dropna()})
    if len(values) != 1:
        found = ", ".join(values[:3]) + (" ..." if len(values) > 3 else "") or "no value"
        name = column.upper()
        raise ReadError("several domains", f"{name} must hold one domain, it holds {found}", column=name)
    return values[0]
