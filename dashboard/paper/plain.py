"""Components as the HTML of a file that no server stands behind: still, without links, and all text escaped."""

from html import escape

from dashboard.still import tree

_KEPT = {"className": "class", "style": "style", "colSpan": "colspan", "rowSpan": "rowspan", "scope": "scope"}
_OF_SVG = ("viewBox", "width", "height", "points", "cx", "cy", "r")
_VOID = ("br", "hr")


def html_of(part: object) -> str:
    """Of what `dashboard.still` takes. Links become words, and what only a screen needs (ids, what a pointer is told)
    is left out."""
    return _written(tree(part))


def _written(part: object) -> str:
    if part is None:
        return ""
    if not isinstance(part, list):
        return escape(str(part))
    tag, given, *inside = part
    text = "".join(map(_written, inside))
    if not tag:
        return text
    name = "span" if tag == "a" else tag
    return f"<{name}{_attributes(given)}>" + ("" if name in _VOID else f"{text}</{name}>")


def _attributes(given: dict[str, object]) -> str:
    kept = _KEPT | {name: name for name in _OF_SVG}
    return "".join(f' {kept[name]}="{escape(_value(value))}"' for name, value in given.items() if name in kept)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{_dashed(name)}: {one}" for name, one in value.items())
    return str(value)


def _dashed(name: str) -> str:
    """backgroundColor is background-color."""
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in name)
