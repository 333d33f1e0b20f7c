"""What differs between two cuts, row by row: added, removed, changed cell by cell, renumbered; moved to other files."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    MetaData,
    Select,
    Subquery,
    Table,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)

from data.schema import is_derived, manifest, study_tables
from data.store import THREADS, Cut, Store

COLUMNS = (
    "table", "kind", "usubjid", "key", "topic", "dtc", "earliest", "column", "old", "new",
    "source_file", "source_row", "old_source_file", "old_source_row",
)  # fmt: skip
MOVED = ("table", "old_file", "new_file", "rows")
_SOURCE = ("source_file", "source_row")
_TOPIC = re.compile(r"testcd|trt|term|dsdecod|parmcd|qnam|xplot|visitnum|xqtext")  # what a row is about
_MOMENT = re.compile(r"dtc_(earliest|latest)$")


@dataclass(frozen=True)
class Changes:
    """`rows`: COLUMNS, one row a changed cell, else one row a row. `moved`: MOVED."""

    rows: pd.DataFrame
    moved: pd.DataFrame


def changes(both: Cut) -> Changes:
    """The differences from the earlier cut to the later one. both: `store.open(later, earlier)`.

    kind: added, removed, changed, renumbered (the same row with another --SEQ). A row is known again by its content
    wherever it stands in whichever file; else by the table's key and what it is about (test, term); else by subject,
    topic and date; else by the key alone. column, old, new: as text, of changed rows; what the import derives is named
    only where nothing else of the row changed. key: as "AESEQ 7". dtc as it came, earliest: first moment it can mean.
    source_file, source_row: in the later cut, old_source_file and old_source_row in the earlier one. moved: how many
    equal rows stand in another file, where a table's files have other names than before.
    """
    files = both.frame(_files())
    other, moved_ones = _other_rows(both, files), _other_files(files)
    differ = [one for one in study_tables() if one.name in other]
    moved = [pd.DataFrame(columns=list(MOVED))]
    with ThreadPoolExecutor(THREADS) as threads:  # much of a small table's time is the plan of its statement
        left = dict(zip(differ, threads.map(lambda one: both.frame(_left_over(one)), differ), strict=True))
    found = [_alone(left), *(_differences(table, rows[rows["content"].notna()]) for table, rows in left.items())]
    for table in study_tables():
        if table.name in moved_ones:
            moved.append(both.frame(_moved(table)).assign(table=table.name))
    rows = pd.concat([one for one in found if len(one)] or found[:1], ignore_index=True)
    rows = rows.astype({"earliest": "datetime64[us]", "source_row": "Int64", "old_source_row": "Int64"})
    return Changes(rows, pd.concat(moved[1:] or moved, ignore_index=True)[list(MOVED)])


@cache
def rehearse(store: Store) -> None:
    """Asks what `changes` may ask, once, so that its statements are compiled before someone waits for them."""
    both = store.open(store.current(), store.current())
    for table in study_tables():
        both.frame(_left_over(table))


# ---- what no row of the other cut equals -----------------------------------------------------------------------------
@cache
def _earlier(table: Table) -> Table:
    return table.to_metadata(MetaData(), schema="cut1")


def _content(table: Table) -> list[str]:
    return [one.name for one in table.columns if one.name not in _SOURCE]


def _topic(table: Table) -> str | None:
    return next((one.name for one in table.columns if _TOPIC.search(one.name)), None)


def _dated(table: Table) -> str | None:
    """The column of the date that says when it happened."""
    return next((one.name for one in table.columns if one.name.endswith("dtc")), None)


@cache
def _files() -> CompoundSelect:
    """From which files the rows of each table are, in the later cut (1) and in the earlier one (0)."""
    return union_all(
        *(
            select(literal(table.name).label("table"), literal(side).label("later"), one.c.source_file).distinct()
            for table in study_tables()
            for one, side in ((table, 1), (_earlier(table), 0))
        )
    )


def _other_rows(both: Cut, files: pd.DataFrame) -> set[str]:
    """The tables that have rows, less those whose sum over all rows, written down by the import, is the same. Sums over
    tables of another version of the schema are of other columns."""
    ours, theirs = (dict(both.frame(_written(one)).itertuples(index=False)) for one in (manifest, _earlier(manifest)))
    if ours["schema_version"] != theirs["schema_version"]:
        return set(files["table"])
    ours, theirs = (json.loads(one["content"]) for one in (ours, theirs))
    return {name for name in files["table"] if name not in ours or ours[name] != theirs.get(name)}


@cache
def _written(table: Table) -> Select:
    return select(table.c.key, table.c.value).where(table.c.key.in_(("schema_version", "content")))


def _other_files(files: pd.DataFrame) -> set[str]:
    """The tables with rows in both cuts, from files of other names."""
    named = files.groupby(["table", "later"])["source_file"].agg(frozenset).unstack().dropna()
    return set(named.index[named[0] != named[1]]) if named.shape[1] == 2 else set()


def _both(table: Table) -> FromClause:
    """The rows of both cuts, and on which side each is."""
    sides = [select(*one.columns, literal(side).label("later")) for one, side in ((table, 1), (_earlier(table), 0))]
    return union_all(*sides).cte()


def _in_doubt(table: Table) -> FromClause:
    """The rows of `_both` but for those whose content is there as often in either cut, as far as its hash tells: to
    count the hashes takes a quarter of the time that it takes to count the contents."""
    u = _both(table)
    hashed = select(u, func.hash(*(u.c[name] for name in _content(table))).label("hash")).cte()
    times = func.sum(2 * hashed.c.later - 1)
    other = select(hashed.c.hash).group_by(hashed.c.hash).having(times != 0)
    return select(hashed).where(hashed.c.hash.in_(other)).subquery()


@cache
def _left_over(table: Table) -> Select:
    """The rows that one cut has more often than the other: `times` more often the later one, negative the earlier one;
    the last place where it stands. `content`: as JSON, where a row of the other side may be the same row."""
    u = _in_doubt(table)
    same = [u.c[name] for name in _content(table)]
    times = func.sum(2 * u.c.later - 1)
    file, row = (case((times > 0, new), else_=old) for new, old in zip(_place(u, 1), _place(u, 0), strict=True))
    counted = select(*same, times.label("times"), file.label("source_file"), row.label("source_row"))
    left = counted.group_by(*same).having(times != 0).subquery()
    dated = _dated(table)
    met = or_(_on_both_sides(left, table.info["key"]), _on_both_sides(left, _about(table)))
    parts = (part for name in _content(table) for part in (literal(name), left.c[name]))
    return select(
        left.c.times,
        _named(left, "usubjid" if "usubjid" in left.c else None, "usubjid"),
        _named(left, _topic(table), "topic"),
        _named(left, dated, "dtc"),
        _named(left, dated and f"{dated}_earliest", "earliest"),
        *(left.c[name] for name in _SOURCE),
        *(left.c[name].label(f"key{place}") for place, name in enumerate(table.info["key"])),
        case((met, func.json_object(*parts))).label("content"),
    ).order_by("content", *_SOURCE)


def _place(u: FromClause, side: int) -> tuple[ColumnElement, ColumnElement]:
    file, row = (case((u.c.later == side, u.c[name])) for name in _SOURCE)
    return func.arg_max(file, row), func.max(row)


def _about(table: Table) -> list[str]:
    return [name for name in ("usubjid", _topic(table)) if name and name in table.columns]


def _on_both_sides(left: Subquery, names: Iterable[str]) -> ColumnElement:
    within = [left.c[name] for name in names]
    later, earlier = (one(left.c.times).over(partition_by=within) for one in (func.max, func.min))
    return (later > 0) & (earlier < 0)


def _named(left: Subquery, name: str | None, label: str) -> ColumnElement:
    return (left.c[name] if name else literal(None)).label(label)


@cache
def _moved(table: Table) -> Select:
    u = _both(table)
    same = [u.c[name] for name in _content(table)]
    old, new = (func.max(case((u.c.later == side, u.c.source_file))) for side in (0, 1))
    pairs = select(old.label("old_file"), new.label("new_file")).group_by(*same).subquery()
    files = (pairs.c.old_file, pairs.c.new_file)
    return select(*files, func.count().label("rows")).where(files[0] != files[1]).group_by(*files).order_by(*files)


# ---- which of them are the same row ----------------------------------------------------------------------------------
def _alone(left: Mapping[Table, pd.DataFrame]) -> pd.DataFrame:
    """The rows that can be no row of the other side: most of what a new cut brings. All tables at once: one by one
    they would take ten times as long."""
    every = [_with_key(table, rows[rows["content"].isna()]) for table, rows in left.items()]
    every = [one for one in every if len(one)]
    if not every:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = pd.concat(every, ignore_index=True)
    rows = rows.loc[rows.index.repeat(rows["times"].abs())].reset_index(drop=True)
    new = rows["times"] > 0
    said = {"kind": new.map({True: "added", False: "removed"}), "topic": _texts(rows["topic"])}
    said |= dict.fromkeys(("column", "old", "new"))
    said |= {f"old_{name}": rows[name].where(~new) for name in _SOURCE} | {
        name: rows[name].where(new) for name in _SOURCE
    }
    return rows.assign(**said)[list(COLUMNS)]


def _with_key(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    keys = [
        [f"{name.upper()} {_text(one)}" for one in rows[f"key{place}"].tolist()]
        for place, name in enumerate(table.info["key"])
        if name != "usubjid"
    ]
    said = list(map(" ".join, zip(*keys, strict=True))) if keys else [""] * len(rows)
    common = rows[["times", "usubjid", "topic", "dtc", "earliest", *_SOURCE]]
    return common.assign(table=table.name, key=pd.Series(said, rows.index, dtype=object))


class _Row:
    """One row of `_left_over`."""

    def __init__(self, table: Table, row):
        self.usubjid, self.topic, self.dtc = map(_known, (row.usubjid, row.topic, row.dtc))
        self.earliest, self.source = row.earliest, (row.source_file, row.source_row)
        self._content = row.content
        self._key = {name: getattr(row, f"key{place}") for place, name in enumerate(table.info["key"])}

    @cached_property
    def cells(self) -> Mapping[str, object]:
        return json.loads(self._content) if isinstance(self._content, str) else {}

    @property
    def key_said(self) -> str:
        return " ".join(f"{name.upper()} {_text(one)}" for name, one in self._key.items() if name != "usubjid")

    @property
    def key(self) -> tuple | None:
        """None where part of it is missing."""
        return None if any(pd.isna(one) for one in self._key.values()) else tuple(self._key.values())


def _differences(table: Table, left: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(_differing(table, left) if len(left) else [], columns=list(COLUMNS))


def _differing(table: Table, left: pd.DataFrame) -> Iterator[dict]:
    rows = [(int(row.times), _Row(table, row)) for row in left.itertuples()]
    later = [row for times, row in rows for _ in range(times)]
    earlier = [row for times, row in rows for _ in range(-times)]
    for kind, known_by in _ways(table):
        later, earlier, pairs = _paired(later, earlier, known_by)
        for new, old in pairs:
            yield from _compared(table, kind, new, old)
    yield from (_told(table, "added", new=one) for one in later)
    yield from (_told(table, "removed", old=one) for one in earlier)


def _ways(table: Table) -> list[tuple[str, Callable[[_Row], Hashable]]]:
    """How a row may be known again, the surest first."""
    seq = next((name for name in table.info["key"] if name.endswith("seq")), None)
    ways: list[tuple[str, Callable]] = []
    if seq:
        ways.append(("renumbered", lambda one: frozenset((one.cells | {seq: None}).items())))
    ways.append(("changed", lambda one: one.key and (one.key, one.topic)))
    ways.append(("changed", lambda one: one.topic and one.dtc and (one.usubjid, one.topic, one.dtc)))
    return [*ways, ("changed", lambda one: one.key)]


def _paired(
    later: list[_Row], earlier: list[_Row], known_by: Callable[[_Row], Hashable]
) -> tuple[list[_Row], list[_Row], list[tuple[_Row, _Row]]]:
    """What is left on either side, and the pairs: of one name the first with the first, the second with the second."""
    waiting: dict[Hashable, list[_Row]] = defaultdict(list)
    for old in earlier:
        if old.cells and (name := known_by(old)):
            waiting[name].append(old)
    rest, pairs = [], []
    for new in later:
        found = waiting.get(known_by(new)) if new.cells else None
        if found:
            pairs.append((new, found.pop(0)))
        else:
            rest.append(new)
    taken = {id(old) for _, old in pairs}
    return rest, [old for old in earlier if id(old) not in taken], pairs


def _compared(table: Table, kind: str, new: _Row, old: _Row) -> Iterator[dict]:
    if kind == "renumbered":
        yield _told(table, kind, new, old, None, old.key_said, new.key_said)
        return
    differ = [name for name, value in new.cells.items() if value != old.cells[name]]
    own = [name for name in differ if not (is_derived(table.c[name]) or _MOMENT.search(name))]
    for name in own or differ:
        yield _told(table, kind, new, old, name, _text(old.cells[name]), _text(new.cells[name]))


def _told(table: Table, kind: str, new: _Row | None = None, old: _Row | None = None, *cell: str | None) -> dict:
    """cell: column, old, new."""
    one = new or old
    what = (table.name, kind, one.usubjid, one.key_said, _text(one.topic), one.dtc, one.earliest)
    places = [place for each in (new, old) for place in (each.source if each else (None, None))]
    return dict(zip(COLUMNS, (*what, *(cell or (None,) * 3), *places), strict=True))


def _known(value: object) -> object:
    return None if pd.isna(value) else value


def _texts(values: pd.Series) -> pd.Series:
    codes, known = pd.factorize(values, use_na_sentinel=False)
    return pd.Series(np.array([_text(one) for one in known], object)[codes], values.index)


def _text(value: object) -> str | None:
    """A whole number without its point."""
    if _known(value) is None:
        return None
    return f"{value:.12g}" if isinstance(value, float) else str(value)
