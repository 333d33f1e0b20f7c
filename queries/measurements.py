"""Whatever was measured in a patient, from every findings table in one shape, on the axis of days since infusion."""

from functools import lru_cache

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Date,
    Float,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from data.schema import infusion, is_measured, metadata, subject
from data.store import Cut

FINDINGS = ("lab", "vital_sign", "ice", "cytokine", "kinetics", "flow", "lesion", "response")
_HOUR = 3600  # s; a moment that is known no closer is a date
_DAY = 86_400.0


@lru_cache(maxsize=64)
def measurements(
    cut: Cut, tables: tuple[str, ...], usubjid: str = "", codes: tuple[str, ...] = (), columns: tuple[str, ...] = ()
) -> pd.DataFrame:
    """One row a result of `tables` (of FINDINGS), by subject, moment, code. Shared: never written to.

    usubjid, cohort, table, code [CDISC --TESTCD], name, category, specimen, method, place [of the body], evaluator,
    group [of lesions], value [`unit`; the limit where `qualifier` is <, <=, > or >=; NaN: none], unit, qualifier,
    qualitative [NEGATIVE, POSITIVE, DETECTED, NOT DETECTED], text [as it came], standard [standard result as text],
    not_done [NOT DONE], why [no value], lloq, range_low, range_high [`unit`], visitnum, visit, dtc [as it came],
    first, last [moments it can mean], time [d since infusion: to the minute where sample and infusion have a time of
    day, else whole days; NaN: not infused, or the day is not known], rel_day [whole days, date - date of infusion],
    source_file, source_row. usubjid: of one subject, "" = of all. codes, columns: none = all.
    Nothing after the cut-off is read. KeyError for another table.
    """
    if unknown := set(tables) - set(FINDINGS):
        raise KeyError(", ".join(sorted(unknown)))
    found = union_all(*(_rows(metadata.tables[name], cut, usubjid, codes) for name in tables)).subquery()
    wanted = [found.c[name] for name in columns or found.c.keys()]
    statement = select(*wanted).order_by(found.c.usubjid, found.c.first, found.c.code, found.c.source_row)
    rows = cut.frame(statement)
    return rows.astype({"rel_day": "Int64"}) if "rel_day" in rows else rows


@lru_cache(maxsize=16)
def latest(
    cut: Cut, tables: tuple[str, ...], codes: tuple[str, ...], columns: tuple[str, ...], days: float
) -> pd.DataFrame:
    """The dated rows of every series of the `days` before its last one, in the columns and the order of `measurements`.
    Shared: never written to. A series is one subject's results of one test, of one specimen, method and unit; those
    without a number are apart, so that they hide none that has one."""
    every = union_all(*(_rows(metadata.tables[name], cut, "", codes) for name in tables)).subquery()
    newest = _newest(every)
    same = (_same(every.c[name], newest.c[name]) for name in _SERIES)
    numbered = every.c.value.is_(None) == newest.c.without
    near = _seconds(every.c.first, newest.c.newest) <= days * _DAY
    order = (every.c.usubjid, every.c.first, every.c.code, every.c.source_row)
    wanted = select(*(every.c[name] for name in columns)).join_from(every, newest, and_(*same, numbered, near))
    rows = cut.frame(wanted.order_by(*order))
    return rows.astype({"rel_day": "Int64"}) if "rel_day" in rows else rows


_SERIES = ("usubjid", "table", "code", "specimen", "method", "unit")


def _newest(every: Subquery) -> Subquery:
    """The last moment of each series, of its results with a number and of those without."""
    keys = [every.c[name] for name in _SERIES]
    without = every.c.value.is_(None).label("without")
    return select(*keys, without, func.max(every.c.first).label("newest")).group_by(*keys, without).subquery()


def _same(one: ColumnElement, other: ColumnElement) -> ColumnElement[bool]:
    return one.is_not_distinct_from(other)


def _rows(table: Table, cut: Cut, usubjid: str, codes: tuple[str, ...]) -> Select:
    prefix = next(name for name in table.columns.keys() if name.endswith("testcd")).removesuffix("testcd")  # noqa: SIM118

    def column(name: str) -> ColumnElement:
        found = table.c.get(name)
        return null() if found is None else found

    who = infused(cut)
    first, last = table.c[f"{prefix}dtc_earliest"], table.c[f"{prefix}dtc_latest"]
    time, rel_day = since_infusion(first, last, who)
    measured = is_measured(table)
    wanted = [or_(first.is_(None), first <= cut.cutoff)]
    wanted += [table.c.usubjid == usubjid] if usubjid else []
    wanted += [table.c[f"{prefix}testcd"].in_(codes)] if codes else []
    texts = {
        "code": column(f"{prefix}testcd"),
        "name": column(f"{prefix}test"),
        "category": column(f"{prefix}cat"),
        "specimen": column(f"{prefix}spec"),
        "method": column(f"{prefix}method"),
        "place": column(f"{prefix}loc"),
        "evaluator": column(f"{prefix}eval"),
        "group": column(f"{prefix}grpid"),
        "unit": column("unit" if measured else f"{prefix}stresu"),
        "qualifier": column("qualifier"),
        "qualitative": column("qualitative"),
        "text": column(f"{prefix}orres"),
        "standard": column(f"{prefix}stresc"),
        "not_done": func.upper(column(f"{prefix}stat")),
        "why": func.coalesce(column(f"{prefix}reasnd"), column("reason")),
        "visit": table.c.visit,
        "dtc": table.c[f"{prefix}dtc"],
    }
    numbers = {
        "value": column("value" if measured else f"{prefix}stresn"),
        "lloq": column("lloq"),
        "range_low": column("range_low"),
        "range_high": column("range_high"),
        "visitnum": table.c.visitnum,
    }
    return (
        select(
            table.c.usubjid,
            who.c.cohort,
            literal(table.name).label("table"),
            *(cast(one, Text).label(name) for name, one in texts.items()),
            *(cast(one, Float).label(name) for name, one in numbers.items()),
            first.label("first"),
            last.label("last"),
            time.label("time"),
            rel_day.label("rel_day"),
            table.c.source_file,
            table.c.source_row,
        )
        .join_from(table, who, table.c.usubjid == who.c.usubjid)
        .where(*wanted)
    )


def infused(cut: Cut) -> Subquery:
    """Everyone, with the infusion as the interval of moments it can mean; empty before it has happened."""
    who, given = subject.c, infusion.c
    return (
        select(who.usubjid, who.cohort, who.day0, func.max(given.exstdtc_latest).label("day0_latest"))
        .join_from(
            subject,
            infusion,
            and_(given.usubjid == who.usubjid, given.exstdtc_earliest == who.day0, who.day0 <= cut.cutoff),
            isouter=True,
        )
        .group_by(who.usubjid, who.cohort, who.day0)
        .subquery()
    )


def since_infusion(
    first: ColumnElement, last: ColumnElement, who: Subquery
) -> tuple[ColumnElement[float], ColumnElement[int]]:
    """Days since infusion of the moment between `first` and `last`: exact, and by the calendar.

    Exact where both the moment and the infusion are known to the hour, else whole days; empty where the day itself is
    not known. `rel_day` = date - date of infusion.
    """
    given, known = who.c.day0, who.c.day0_latest.is_not(None)
    one_day = and_(known, cast(first, Date) == cast(last, Date))
    rel_day = case((one_day, cast(first, Date) - cast(given, Date)))
    to_the_minute = and_(known, _seconds(first, last) < _HOUR, _seconds(given, who.c.day0_latest) < _HOUR)
    return case((to_the_minute, _seconds(given, first) / _DAY), else_=cast(rel_day, Float)), rel_day


def _seconds(start: ColumnElement, end: ColumnElement) -> ColumnElement:
    return cast(extract("epoch", end), Float) - cast(extract("epoch", start), Float)
