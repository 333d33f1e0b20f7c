"""Two servers to measure against: the program's own shell around one figure and one grid, and a bare Dash app.

`python -m tests.bench.floors own PORT STORE` and `... bare PORT`: one process each, as Dash's callbacks demand.
"""

import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import dash_ag_grid as dag
import plotly.graph_objects as go
from dash import Dash, Input, Output, callback, dcc, html

from tests.conftest import ROOT, free_port, wait_until_alive

POINTS, ROWS, COLUMNS = 300, 50, 6
PAGE, PATH = "floor", "/floor"


@contextmanager
def floor(kind: str, *given: str) -> Iterator[str]:
    """A floor in a process of its own; gives the address of its one page."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.floors", kind, str(port), *given]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, **quiet)
    try:
        wait_until_alive(f"http://127.0.0.1:{port}/", process)
        yield f"http://127.0.0.1:{port}{PATH if kind == 'own' else '/'}"
    finally:
        process.terminate()
        process.wait(10)


def points() -> dict:
    days = [one / 10 for one in range(POINTS)]
    return {"x": days, "y": [math.exp(-one / 8) + math.sin(one) / 20 for one in days], "mode": "markers"}


def rows() -> list[dict]:
    return [{f"c{column}": str(row * COLUMNS + column) for column in range(COLUMNS)} for row in range(ROWS)]


def columns() -> list[dict]:
    return [{"field": f"c{column}"} for column in range(COLUMNS)]


def bare(port: int) -> None:
    """What Dash gives with its default settings."""
    app = Dash(__name__)
    app.layout = html.Div([dcc.Graph(id="figure"), dag.AgGrid(id="grid", columnDefs=columns()), dcc.Store(id="start")])

    @app.callback(Output("figure", "figure"), Output("grid", "rowData"), Input("start", "data"))
    def fill(_):
        return go.Figure([points()]), rows()

    app.run(debug=False, port=port)


def own(port: int, store: Path) -> None:
    """The program as it is served, with one more page."""
    from waitress import serve

    from dashboard import pages, server, view
    from data.settings import Settings
    from data.state import State
    from data.store import Store

    view.PAGES[PATH], view._PATHS[PAGE], view.OWN[PAGE] = PAGE, PATH, ()
    pages._PAGES[PAGE] = _page()
    state = State(Settings(store=store).state_url)
    app = server.create(Store(store), state).server
    serve(app, host="127.0.0.1", port=port, threads=Settings().threads, ident=None)


def _page() -> SimpleNamespace:
    from dashboard.session import Asked, stamp
    from dashboard.theme import styled

    @callback(
        output={
            "figure": Output("floor-figure", "figure"),
            "rows": Output("floor-grid", "rowData"),
            "stamp": Output("floor-stamp", "children"),
        },
        inputs={"stored": Input({"view": PAGE}, "data")},
        prevent_initial_call=True,
    )
    def show(stored: object) -> dict:
        asked = Asked.read(stored)
        return {"figure": styled([points()], {}, asked.view.theme), "rows": rows(), "stamp": stamp(asked)}

    def layout(view, request, opened) -> html.Div:
        return html.Div(
            [
                dcc.Store(id={"view": PAGE}, data=request),
                dcc.Graph(id="floor-figure"),
                dag.AgGrid(
                    id="floor-grid", columnDefs=columns(), className="ag-theme-quartz", style={"height": "400px"}
                ),
                html.Div(id="floor-stamp", className="stamp"),
            ],
            className="page",
        )

    return SimpleNamespace(layout=layout)


if __name__ == "__main__":
    if sys.argv[1] == "own":
        own(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        bare(int(sys.argv[2]))
