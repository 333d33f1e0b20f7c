"""What a reader sees of components, and the parts of a kind among them."""

from collections.abc import Iterator

from dashboard.still import Element


def text_of(part: object) -> str:
    """The words, each part apart by a blank."""
    if part is None or isinstance(part, str | int | float):
        return "" if part is None else str(part)
    inside = part if isinstance(part, list | tuple) else getattr(part, "children", None)
    return " ".join(text_of(one) for one in inside) if isinstance(inside, list | tuple) else text_of(inside)


def parts_of(part: object) -> Iterator[object]:
    """It and every component, element and text inside it, in order."""
    yield part
    for one in part if isinstance(part, list | tuple) else [getattr(part, "children", None)]:
        if one is not None:
            yield from parts_of(one)


def of_kind(part: object, kind: str) -> list:
    """Every component or element of a kind ("Tr"), in order."""
    names = ((one.tag.capitalize() if isinstance(one, Element) else type(one).__name__, one) for one in parts_of(part))
    return [one for name, one in names if name == kind]


def of_class(part: object, name: str) -> list:
    """Every component or element of exactly this class, in order."""
    return [one for one in parts_of(part) if getattr(one, "className", None) == name]
