"""A sentence as its code and values, so that a screen can say it in any language."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sentence:
    """`code` is a key of the module's ENGLISH; a translation has the same keys and placeholders."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    def say(self, sentences: Mapping[str, str]) -> str:
        """KeyError for a code that `sentences` does not have."""
        return sentences[self.code].format(**self.values)
