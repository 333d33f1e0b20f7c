"""The rows that differ between two cuts: how many of which table and sort, and the rows behind each number."""

from collections.abc import Iterable

import pandas as pd

from clinical.changes import TABLES
from dashboard import elements as html
from dashboard.comparing import SORTS, Compared
from dashboard.drill import Opened, listing, named, nothing_opened, opened, panel
from dashboard.session import Asked, stamp
from dashboard.still import Element, Still
from dashboard.tables import count_link, export_link, html_table
from queries.subjects import subjects

SHOWN = 500  # rows in the panel; the file holds all of them
ALL = "all"


def who(asked: Asked, found: Compared, usubjid: str) -> Element:
    """A patient's number as a link; to the earlier cut where the later one does not know the patient. Of rows whose
    subject is in neither, what they say."""
    if usubjid in asked.numbers:
        return named(asked, usubjid)
    then = Asked(asked.view.change(cut=found.before.id[:12]), found.before, asked.head)
    return named(then, usubjid) if usubjid in then.numbers else html.Span(usubjid)


def row_name(asked: Asked, row) -> str:
    """A row in words: its table, its key, what it is about."""
    parts = (asked.say(f"data.table_{row.table}"), row.key, row.topic)
    return " ".join(part for part in parts if isinstance(part, str) and part)


def value(cell: object) -> str:
    return "–" if cell is None or pd.isna(cell) else str(cell)


# ---- the table -------------------------------------------------------------------------------------------------------
def rows_card(asked: Asked, found: Compared, against: str) -> list:
    say, counts = asked.say, found.counts
    if counts.empty:
        return [html.P(say("changes.no_rows"), className="empty-words")]
    head = [say("data.table"), *(say(f"changes.{sort}") for sort in SORTS)]
    lines = [(ALL, say("changes.all_tables"), counts.sum())]
    lines += [(name, say(f"data.table_{name}"), numbers) for name, numbers in counts.iterrows()]
    rows = [[label, *(_count(asked, name, label, sort, int(numbers[sort])) for sort in SORTS)]
            for name, label, numbers in lines]  # fmt: skip
    caption = say("changes.rows_caption", moment=f"{found.was.cutoff:%Y-%m-%d}")
    block = html_table(head, rows, caption=caption, stamp=stamp(asked, against), name="changes-rows")
    query = "?" + asked.view.change(open="").search
    return [block, export_link(f"/export/changes.csv{query}", say)]


def _count(asked: Asked, table: str, label: str, sort: str, count: int) -> Element:
    if not count:
        return html.Span("0", className="none")
    href = asked.view.change(open=opened("rows", table, sort)).href
    return count_link(f"{count:,}", href, count, f"{label} · {asked.say(f'changes.{sort}')}")


def moved_card(asked: Asked, found: Compared, against: str) -> Still:
    say = asked.say
    head = [say("data.table"), say("changes.old_file"), say("changes.new_file"), say("data.rows")]
    rows = [
        [say(f"data.table_{one.table}"), one.old_file, one.new_file, f"{one.rows:,}"]
        for one in found.changes.moved.itertuples()
    ]
    caption = say("changes.moved_caption")
    return html_table(head, rows, caption=caption, stamp=stamp(asked, against), name="changes-moved")


# ---- the rows behind a number ----------------------------------------------------------------------------------------
def rows_panel(asked: Asked, found: Compared, against: str) -> list:
    """Of a count, or behind a consequence."""
    what = Opened.read(asked.view.open)
    rows = _rows(what, found)
    if rows is None:
        return nothing_opened(asked)
    everyone = subjects(asked.cut)
    known = [one for one in dict.fromkeys(rows["usubjid"].dropna()) if one in asked.numbers]
    count = asked.say("changes.panel_rows", count=f"{len(rows):,}")
    more = asked.say("changes.first_rows", shown=SHOWN) if len(rows) > SHOWN else ""
    parts = [html.P(f"{count} {more}".strip(), className="summary"), _listing(asked, found, rows.head(SHOWN))]
    return [panel(asked, _title(asked, found, what), known, parts, everyone, filters=against)]


def _rows(what: Opened, found: Compared) -> pd.DataFrame | None:
    match what.parts:
        case ("rows", table, sort) if sort in SORTS and (table == ALL or table in found.counts.index):
            rows = found.sorts[sort]
            return rows if table == ALL else rows[rows["table"] == table]
        case ("why", kind, usubjid) if kind in TABLES:
            rows = found.changes.rows
            own = rows[(rows["usubjid"] == usubjid) & rows["table"].isin(TABLES[kind])]
            return own if len(own) else None
    return None


def _title(asked: Asked, found: Compared, what: Opened) -> str:
    _, first, second = what.parts
    if what.kind == "why":
        numbers = Asked(asked.view, found.before, asked.head).numbers | asked.numbers
        return asked.say("changes.why_title", who=numbers.get(second, second),
                         kind=asked.say(f"changes.kind_{first}"))  # fmt: skip
    table = asked.say("changes.all_tables") if first == ALL else asked.say(f"data.table_{first}")
    return f"{table} · {asked.say(f'changes.{second}')}"


def _listing(asked: Asked, found: Compared, rows: pd.DataFrame) -> Still | Element:
    """Without the columns in which no row says anything."""
    say = asked.say
    columns = {
        "patient": [who(asked, found, one) if isinstance(one, str) else "–" for one in rows["usubjid"]],
        "sort": [say(f"changes.{kind}") for kind in rows["kind"]] if rows["kind"].nunique() > 1 else [],
        "table": [say(f"data.table_{one}") for one in rows["table"]] if rows["table"].nunique() > 1 else [],
        "key": [_unbroken(one) for one in rows["key"]],
        "what": _texts(rows["topic"]),
        "date": [_unbroken(one) for one in _texts(rows["dtc"])],
        "column": _texts(rows["column"].str.upper()) if rows["column"].notna().any() else [],
        "old": _texts(rows["old"]) if rows["old"].notna().any() else [],
        "new": _texts(rows["new"]) if rows["new"].notna().any() else [],
        "source": list(_sources(rows)),
    }
    shown = {name: cells for name, cells in columns.items() if cells}
    head = [say(f"changes.of_{name}") for name in shown]
    return listing(head, zip(*shown.values(), strict=True), say)


def _unbroken(text: str) -> Element:
    return html.Span(text, className="unbroken")


def _texts(cells: pd.Series) -> list[str]:
    return [value(one) for one in cells]


def _sources(rows: pd.DataFrame) -> Iterable[str]:
    """Where the row stands in the later cut; one that is gone, where it stood."""
    for row in rows.itertuples():
        gone = row.kind == "removed"
        yield f"{row.old_source_file} {row.old_source_row}" if gone else f"{row.source_file} {row.source_row}"
