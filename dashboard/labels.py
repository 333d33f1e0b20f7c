"""Every text a reader sees, in English and Chinese, by key from `labels.toml`."""

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from clinical.sentence import filled

LANGUAGES = ("en", "zh")

Say = Callable[..., str]


@cache
def table() -> dict[str, dict[str, str]]:
    """Key -> language -> text. Keys are the dotted path in the file: `board.ladder`."""
    return dict(_flat(tomllib.loads(Path(__file__).with_name("labels.toml").read_text(encoding="utf-8")), ""))


def _flat(node: dict, path: str):
    for name, value in node.items():
        if set(value) == set(LANGUAGES):
            yield f"{path}{name}", value
        else:
            yield from _flat(value, f"{path}{name}.")


def t(key: str, lang: str = "en", **values) -> str:
    """The text of `key` with its placeholders filled. KeyError for a key or a language that is not in the table."""
    text = table()[key][lang]
    return filled(text, values) if values else text


@cache
def speaker(lang: str) -> Say:
    """`t` in one language, for a page that says many things. The same for all who ask: what is kept of a screen is
    known by it."""
    return lambda key, **values: t(key, lang, **values)
