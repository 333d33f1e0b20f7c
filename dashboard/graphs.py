"""Figures on a page: how they behave under the reader's hand, the same on every screen."""

from dash import ClientsideFunction, Input, State, clientside_callback, dcc

# A double click shows the whole figure again; the picture is named by what it shows.
_AWAITED = {"layout": {"xaxis": {"visible": False}, "yaxis": {"visible": False}, "meta": "awaited"}}
_CONFIG = {"displaylogo": False, "displayModeBar": "hover", "responsive": True, "doubleClick": "autosize"}


def graph(name: str, **more) -> dcc.Graph:
    """An empty figure, filled by Output(name, "figure")."""
    config = _CONFIG | {"toImageButtonOptions": {"filename": name, "scale": 2}}
    return dcc.Graph(id=name, config=config, figure=_AWAITED, **more)


def keep_zoom(name: str) -> None:
    """Writes the axes that the reader moves into the address, where Back, a filter and a copied link find them."""
    clientside_callback(
        ClientsideFunction("graphs", "keep_zoom"),
        Input(name, "relayoutData"),
        State(name, "id"),
        prevent_initial_call=True,
    )


def open_points(name: str) -> None:
    """A click on a point whose first custom datum is an address goes there."""
    clientside_callback(ClientsideFunction("graphs", "open_point"), Input(name, "clickData"), prevent_initial_call=True)
