"""Tables as CSV, made by the server from the same query and filters as the screen: stamped, values unrounded."""

import csv as csv_module
import io
from collections.abc import Iterable

from flask import Response, abort

from dashboard import receipts, sheets_job, shell
from dashboard.export_rows import TABLES
from dashboard.jobs import Failed
from dashboard.session import Asked, NotUnderstood, stamp, state_head, store
from dashboard.view import View
from data.receipt import Receipt

_RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a text that begins so


def csv(name: str, query: str) -> Response:
    """`name`: of `TABLES`; `query`: of the screen's address. 404 for another name, 400 for no view, 503 where a job
    failed."""
    if name not in TABLES:
        abort(404)
    make, pathname, filters = TABLES[name]
    view = View.parse(pathname, query)
    found = shell.find_cut(view, None)
    if found.cut is None:
        abort(404)
    asked = Asked(view, found.cut, state_head())
    try:
        rows = list(make(asked))
        filtered = filters(asked)
    except NotUnderstood as error:
        abort(400, str(error))
    except Failed as error:
        abort(503, asked.say("job.failed", error=error))
    return _file([stamp(asked, filtered), asked.say("shell.disclaimer")], rows, f"{name}-{found.cut.short}")


def sheets(query: str) -> Response:
    """The PDF of the sheets of the patients that Rounds lists at the query. 404 where nobody had it made, 503 where it
    is not ready."""
    view = View.parse("/patients", query)
    found = shell.find_cut(view, None)
    job = sheets_job.known(Asked(view, found.cut, state_head())) if found.cut else None
    if job is None:
        abort(404)
    if not job.is_over() or job.failure():
        abort(503, "The PDF is not ready; Rounds says how far it is.")
    bound = job.result()
    headers = {"Content-Disposition": f'attachment; filename="{bound.name}"'}
    return Response(bound.pdf, mimetype="application/pdf", headers=headers)


def receipt(name: str, kind: str) -> Response:
    """A receipt as it was written: `kind` json or txt; csv: its findings. 404 where no receipt has that name."""
    found = receipts.find(store(), name)
    if found is None or kind not in ("json", "txt", "csv"):
        abort(404)
    if kind == "csv":
        said = f"{found.trial} · receipt {name} · {found.outcome} · protocol {found.protocol[:7]}"
        return _file([said], _findings(found), f"findings-{name}")
    text, mime = (found.to_json(), "application/json") if kind == "json" else (found.to_text(), "text/plain")
    headers = {"Content-Disposition": f'attachment; filename="receipt-{name}.{kind}"'}
    return Response(text, mimetype=mime, headers=headers)


def _file(stamps: Iterable[str], rows: Iterable[Iterable], name: str) -> Response:
    text = io.StringIO()
    writer = csv_module.writer(text, lineterminator="\r\n")
    writer.writerows([[f"# {line}"] for line in stamps])
    writer.writerows([[_safe(cell) for cell in row] for row in rows])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response("\ufeff" + text.getvalue(), mimetype="text/csv", headers=headers)


def _safe(cell: object) -> object:
    """Only texts are touched: a negative number stays a number."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell


def _findings(found: Receipt) -> Iterable[Iterable]:
    yield ["severity", "rule", "file", "row", "rows", "column", "value", "message"]
    for one in found.findings:
        yield [one.severity, one.rule, one.file, one.row or "", one.rows, one.column, one.value, one.message]
