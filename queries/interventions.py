"""Whatever was given or done to a patient, from every table of interventions in one shape, on the axis of days."""

from functools import lru_cache

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    Table,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from data import medications
from data.schema import metadata
from data.store import Cut
from queries.measurements import infused, since_infusion

# Table -> the kind of all its rows; None: by category or by name.
TABLES = {
    "bridging": "bridging",
    "lymphodepletion": "lymphodepletion",
    "infusion": "infusion",
    "medication": None,
    "support": None,
    "subsequent_therapy": "subsequent_therapy",
}
SUPPORT = {"OXYGEN SUPPORT": "oxygen", "VASOPRESSOR": "vasopressor"}  # PRCAT
KINDS = (*dict.fromkeys([one for one in TABLES.values() if one] + [*SUPPORT.values()] + [*medications.kinds()]),)


@lru_cache(maxsize=64)
def interventions(cut: Cut, usubjid: str = "") -> pd.DataFrame:
    """One row a dose, course or device as reported, by subject, start, name; undated ones last. Shared: never written
    to.

    usubjid, table, kind [of KINDS], name [standardised where it is coded, else as reported], reported [name], group
    [CMCLAS], category, unit, route, indication, start, end [as they came], dose [`unit`], first, last [moments the
    start can mean], end_first, end_last [NaT: goes on at the cut-off, or the end was not recorded], time, end_time [d
    since infusion, as in `queries.measurements`], rel_day, end_rel_day [whole days], source_file, source_row. usubjid:
    of one subject, "" = of all. What can only have begun after the cut-off is left out; an end after it has not
    happened.
    """
    found = union_all(*(_rows(one, cut, usubjid) for one in _tables())).subquery()
    order = (found.c.usubjid, found.c.first.nulls_last(), found.c.name, found.c.source_file, found.c.source_row)
    frame = cut.frame(select(found).order_by(*order)).astype({"rel_day": "Int64", "end_rel_day": "Int64"})
    frame.insert(2, "kind", [_kind(one) for one in frame.itertuples()])
    return frame


@lru_cache(maxsize=64)
def recorded(cut: Cut) -> frozenset[str]:
    """Those of TABLES that hold a row of anybody: what a patient has no row of there was not given to them."""
    held = [select(literal(one.name).label("table")).where(_wanted(one, cut)).limit(1) for one in _tables()]
    return frozenset(cut.frame(union_all(*(select(one.subquery()) for one in held)))["table"])


def _tables() -> list[Table]:
    return [metadata.tables[name] for name in TABLES]


def _wanted(table: Table, cut: Cut) -> ColumnElement[bool]:
    """Not begun after the cut-off for sure."""
    first = next(one for one in table.columns if one.name.endswith("stdtc_earliest"))
    return or_(first.is_(None), first <= cut.cutoff)


def _rows(table: Table, cut: Cut, usubjid: str) -> Select:
    prefix = next(name for name in table.columns.keys() if name.endswith("trt")).removesuffix("trt")  # noqa: SIM118
    who = infused(cut)
    first, last = table.c[f"{prefix}stdtc_earliest"], table.c[f"{prefix}stdtc_latest"]
    ended = table.c[f"{prefix}endtc_earliest"] <= cut.cutoff
    end, end_first, end_last = (
        case((ended, table.c[f"{prefix}endtc{which}"])) for which in ("", "_earliest", "_latest")
    )
    time, rel_day = since_infusion(first, last, who)
    end_time, end_rel_day = since_infusion(end_first, end_last, who)
    coded, reported = table.c[f"{prefix}decod"], table.c[f"{prefix}trt"]
    group = table.c.get(f"{prefix}clas")
    texts = {
        "name": case((or_(coded.is_(None), func.upper(coded) == "UNCODED"), reported), else_=coded),
        "reported": reported,
        "group": null() if group is None else group,
        "category": table.c[f"{prefix}cat"],
        "unit": table.c[f"{prefix}dosu"],
        "route": table.c[f"{prefix}route"],
        "indication": table.c[f"{prefix}indc"],
        "start": table.c[f"{prefix}stdtc"],
        "end": end,
    }
    moments: dict[str, ColumnElement] = {
        "first": first, "last": last, "end_first": end_first, "end_last": end_last, "time": time, "end_time": end_time,
        "rel_day": rel_day, "end_rel_day": end_rel_day,
    }  # fmt: skip
    wanted = [_wanted(table, cut)]
    wanted += [table.c.usubjid == usubjid] if usubjid else []
    return (
        select(
            table.c.usubjid,
            literal(table.name).label("table"),
            *(cast(one, Text).label(name) for name, one in texts.items()),
            cast(table.c[f"{prefix}dose"], Float).label("dose"),
            *(one.label(name) for name, one in moments.items()),
            table.c.source_file,
            table.c.source_row,
        )
        .join_from(table, who, table.c.usubjid == who.c.usubjid)
        .where(*wanted)
    )


def _kind(row) -> str:
    if TABLES[row.table]:
        return TABLES[row.table]
    if row.table == "support":
        return SUPPORT.get(_known(row.category).upper(), medications.OTHER)
    return medications.kind((_known(row.name), _known(row.reported)), _known(row.group), _known(row.route))


def _known(text: object) -> str:
    return text if isinstance(text, str) else ""
