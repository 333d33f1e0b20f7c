"""Sentences that pure code chose by a code, in the reader's language, with the patients in them as links."""

import re

from dashboard.drill import linked, mark
from dashboard.labels import Say
from dashboard.session import Asked


class Sentences(dict):
    """The sentences of one section of the table of labels, by code: what `say` of a decision or an advice takes."""

    def __init__(self, section: str, say: Say):
        super().__init__()
        self._section, self._say = section, say

    def __getitem__(self, code: str) -> str:
        return self._say(f"{self._section}.{code}")

    def get(self, code: str, default: str = "") -> str:
        try:
            return self[code]
        except KeyError:
            return default


def with_links(asked: Asked, sentence: str) -> list:
    """A sentence in which identifiers stand as they are in the data: each becomes a link to its patient."""
    known = sorted(asked.numbers, key=len, reverse=True)
    if not known:
        return [sentence]
    pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(one)}(?![\w-])" for one in known))
    return linked(asked, pattern.sub(lambda found: mark(found[0]), sentence))


def people(asked: Asked, usubjids: tuple[str, ...]) -> list:
    """Patients one after the other as links; a dash where there is none."""
    return linked(asked, ", ".join(mark(one) for one in usubjids)) if usubjids else ["–"]
