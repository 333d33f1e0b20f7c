"""How far the data of a cut reach and whether the screens have what they need: dates by table, patients by need."""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import pandas as pd
from sqlalchemy import ColumnElement, DateTime, Select, Table, and_, case, func, literal, null, or_, select, union_all

from data.protocol import Protocol
from data.schema import metadata, study_tables, subject
from data.store import Cut

# What is recorded at every visit and in hospital: a table of these that ends early was perhaps forgotten.
AT_VISITS = ("visit", "vital_sign", "lab", "adverse_event", "medication", "cytokine", "kinetics", "flow")
NEWEST = ("visit", "vital_sign", "lab")  # the newest date of these is the mark
LAG_DAYS = 14


@dataclass(frozen=True)
class Need:
    """Something a screen shows.

    Met for a patient by one row of `table`, not "NOT DONE" and not after the cut-off, whose `column` is one of `codes`,
    or is filled where there are no codes; by any row where there is no column.
    """

    name: str
    table: str
    column: str = ""
    codes: tuple[str, ...] = ()
    part: str = ""  # of the protocol file (dlt, grades, lymphodepletion), without which nothing is needed

    def asked_by(self, protocol: Protocol) -> bool:
        has = {
            "": True,
            "dlt": protocol.dlt is not None,
            "grades": bool(protocol.adverse_events.grade_scale),
            "lymphodepletion": bool(protocol.lymphodepletion.treatments),
        }
        return has[self.part]


_INFUSION = Need("infusion", "infusion")
_VISITS = Need("visits", "visit")
_EVENTS = Need("events", "adverse_event")
_GRADES = Need("grades", "adverse_event", "aetoxgr", part="grades")
_RELATION = Need("relation", "adverse_event", "causality")
_COPIES = Need("copies", "kinetics", "pctestcd")
_CYTOKINES = Need("cytokines", "cytokine", "lbtestcd")
_RESPONSE = Need("response", "response", "rstestcd", ("OVRLRESP",))
_COUNTS = Need("counts", "lab", "lbtestcd", ("NEUT", "PLAT", "HGB"))
_MEDICATION = Need("medication", "medication")

# Screen -> what it needs, in the order in which a reader would miss it.
NEEDS: dict[str, tuple[Need, ...]] = {
    "board": (
        _INFUSION,
        Need("dose", "infusion", "dose", part="dlt"),
        _EVENTS,
        _GRADES,
        Need("dlt_flag", "adverse_event", "aedlt", part="dlt"),
        _VISITS,
        Need("leukapheresis", "leukapheresis", part="dlt"),
        Need("manufacture", "manufacture", part="dlt"),
        Need("lymphodepletion", "lymphodepletion", part="lymphodepletion"),
    ),
    "adverse_events": (
        _INFUSION,
        _EVENTS,
        Need("terms", "adverse_event", "aedecod"),
        _GRADES,
        Need("serious", "adverse_event", "aeser"),
        _RELATION,
    ),
    "kinetics": (
        _INFUSION,
        _COPIES,
        Need("lloq", "kinetics", "pclloq"),
        Need("flow", "flow", "cptestcd"),
    ),
    "cytokines": (
        _CYTOKINES,
        Need("inflammation", "lab", "lbtestcd", ("CRP", "FERRITIN")),
        _COPIES,
        _RESPONSE,
    ),
    "efficacy": (
        _INFUSION,
        Need("lesions", "lesion", "trtestcd"),
        _RESPONSE,
        Need("imaging", "imaging"),
        Need("survival", "survival_status", "sstestcd", ("SURVSTAT",)),
    ),
    "patient": (
        Need("temperature", "vital_sign", "vstestcd", ("TEMP",)),
        Need("pressure", "vital_sign", "vstestcd", ("SYSBP",)),
        Need("saturation", "vital_sign", "vstestcd", ("OXYSAT",)),
        Need("oxygen", "support", "prcat", ("OXYGEN SUPPORT",)),
        Need("vasopressor", "support", "prcat", ("VASOPRESSOR",)),
        Need("ice", "ice", "qstestcd"),
        _COUNTS,
        _CYTOKINES,
        _COPIES,
        _MEDICATION,
        _EVENTS,
    ),
    "monitoring": (
        _INFUSION,
        _VISITS,
        _COUNTS,
        Need("ranges", "lab", "lbstnrhi"),
        _COPIES,
        _CYTOKINES,
        _MEDICATION,
        Need("deviations", "deviation"),
        Need("queries", "query"),
    ),
}  # fmt: skip


@lru_cache(maxsize=32)
def freshness(cut: Cut) -> pd.DataFrame:
    """One row a table of the store that holds rows, by domain then table. Shared: never written to.

    name, domain, rows, subjects, last [latest moment of any of its dates, not after the cut-off; NaT: none], days
    [whole days from that date to the cut-off's; <NA>: no date].
    """
    statement = union_all(*(_reach(one, cut) for one in study_tables()))
    found = cut.frame(statement)
    found = found[found["rows"] > 0].sort_values(["domain", "name"], ignore_index=True)
    last = pd.to_datetime(found["last"]).astype("datetime64[us]")
    days = (pd.Timestamp(cut.cutoff).normalize() - last.dt.normalize()).dt.days
    return found.assign(last=last, days=days.astype("Int64"))


@lru_cache(maxsize=16)
def last_data(cut: Cut) -> pd.Series:
    """By usubjid, the latest moment of any of a subject's rows in any table, not after the cut-off. Who has none is
    not in it."""
    dated = [one for one in study_tables() if "usubjid" in one.c and _moments(one)]
    rows = union_all(*(select(one.c.usubjid, _latest(one, cut).label("last")) for one in dated)).subquery().c
    found = cut.frame(
        select(rows.usubjid, func.max(rows.last).cast(DateTime).label("last"))
        .where(rows.last.is_not(None))
        .group_by(rows.usubjid)
        .order_by(rows.usubjid)
    )
    return found.set_index("usubjid")["last"]


def _latest(table: Table, cut: Cut) -> ColumnElement:
    """Of each row; what is empty, and what lies after the cut-off, is passed over."""
    dates = [case((one <= cut.cutoff, one)) for one in _moments(table)]
    return func.greatest(*dates) if len(dates) > 1 else dates[0] if dates else null()


def _reach(table: Table, cut: Cut) -> Select:
    latest = _latest(table, cut)
    who = table.c.get("usubjid")
    return select(
        literal(table.name).label("name"),
        literal(table.info["domain"]).label("domain"),
        func.count().label("rows"),
        (func.count(who.distinct()) if who is not None else literal(0)).label("subjects"),
        func.max(latest).cast(DateTime).label("last"),
    ).select_from(table)


def _moments(table: Table) -> list[ColumnElement]:
    return [one for one in table.columns if one.name.endswith("dtc_earliest")]


def lagging(reach: pd.DataFrame, mark: tuple[str, ...] = NEWEST) -> tuple[pd.Timestamp | None, list[tuple[str, int]]]:
    """The newest date of the tables of `mark`, and each table recorded at visits that ends more than LAG_DAYS before
    it, with how many days. `reach`: as `freshness` gives it. None where no table of `mark` has a date."""
    dated = reach[reach["last"].notna()].set_index("name")["last"].dt.normalize()
    newest = dated[dated.index.isin(mark)].max()
    if pd.isna(newest):
        return None, []
    behind = newest - dated[dated.index.isin(AT_VISITS)]
    return newest, [(name, gap.days) for name, gap in behind.items() if gap > timedelta(days=LAG_DAYS)]


@lru_cache(maxsize=32)
def coverage(cut: Cut) -> tuple[int, dict[Need, int]]:
    """Patients infused by the cut-off, and of them how many meet each need of `NEEDS` that the protocol asks for."""
    needs = list(dict.fromkeys(one for several in NEEDS.values() for one in several if one.asked_by(cut.protocol)))
    infused = select(subject.c.usubjid).where(subject.c.day0 <= cut.cutoff)
    parts = [select(literal(-1).label("need"), func.count().label("patients")).select_from(infused.subquery())]
    for number, need in enumerate(needs):
        table = metadata.tables[need.table]
        met = and_(table.c.usubjid.in_(infused), _met(need, table, cut))
        parts.append(select(literal(number), func.count(table.c.usubjid.distinct())).where(met))
    found = cut.frame(union_all(*parts)).set_index("need")["patients"]
    return int(found[-1]), {need: int(found[number]) for number, need in enumerate(needs)}


def _met(need: Need, table: Table, cut: Cut) -> ColumnElement[bool]:
    begun = _moments(table)[0]
    conditions = [or_(begun.is_(None), begun <= cut.cutoff)]
    if need.column:
        column = table.c[need.column]
        conditions.append(func.upper(column).in_(need.codes) if need.codes else column.is_not(None))
    if need.column.endswith("testcd"):
        done = table.c[need.column.removesuffix("testcd") + "stat"]
        conditions.append(or_(done.is_(None), func.upper(done) != "NOT DONE"))
    return and_(*conditions)
