"""A sentence as its code and values, so that a screen can say it in any language."""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field


class _Words(string.Formatter):
    def format_field(self, value: object, format_spec: str) -> str:
        one, several, many = format_spec.partition("|")
        return (one if f"{value}" == "1" else many) if several else super().format_field(value, format_spec)


_WORDS = _Words()


def filled(text: str, values: Mapping[str, object]) -> str:
    """As `str.format`; of "{n} {n:patient|patients}" the first word for 1, the second for any other number."""
    return _WORDS.vformat(text, (), values) if "|" in text else text.format(**values)


@dataclass(frozen=True)
class Sentence:
    """`code` is a key of the module's ENGLISH; a translation has the same keys and placeholders."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    def say(self, sentences: Mapping[str, str]) -> str:
        """KeyError for a code that `sentences` does not have."""
        return filled(sentences[self.code], self.values)
