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
    if {"rdomain", "qnam"} <= names:
        return "SUPP" + _only(first, "rdomain")
    if {"rdomain", "relid"} <= names:
        return "RELREC"
    if "domain" in names:
        return _only(first, "domain")
    return _by_names(names)


def check(domain: str, chunk: pd.DataFrame) -> None:
    """ReadError for a row that is of another domain than `domain`, or names none, where a column names it."""
    column = "rdomain" if "rdomain" in chunk and "qnam" in chunk else "domain"
    if domain == "RELREC" or column not in chunk:
        return
    wanted = domain.removeprefix("SUPP") if column == "rdomain" else domain
    said = chunk[column]
    other = chunk.index[said.isna() | (said.astype(str).str.upper() != wanted)]
    if not len(other):
        return
    row, name = int(other[0]), column.upper()
    if pd.isna(said[row]):
        message = f"{name} is blank in this row; it must hold {wanted} in every row"
        raise ReadError("several domains", message, row=row, column=name)
    message = f"{name} must hold one domain, it holds {wanted} and here {str(said[row])[:20].upper()}"
    raise ReadError("several domains", message, row=row, column=name)


def _by_names(names: set[str]) -> str:
    found = {match["domain"].upper() for name in names if (match := _TOPIC.fullmatch(name))}
    found |= {domain for domain, signs in _SIGNS if any(sign <= names for sign in signs)}
    return found.pop() if len(found) == 1 else ""


def _only(frame: pd.DataFrame, column: str) -> str:
    """The one domain that these rows name."""
    name = column.upper()
    values = sorted({str(one).upper() for one in frame[column].dropna()})
    if len(values) != 1:
        found = ", ".join(values[:3]) + (" ..." if len(values) > 3 else "") or "no value"
        raise ReadError("several domains", f"{name} must hold one domain, it holds {found}", column=name)
    check_blank = frame.index[frame[column].isna()]
    if len(check_blank):
        message = f"{name} is blank in this row; it must hold {values[0]} in every row"
        raise ReadError("several domains", message, row=int(check_blank[0]), column=name)
    return values[0]
