"""Sentences that pure code chose by a code, in the reader's language, with the patients in them as links."""

import re
from functools import lru_cache

from dashboard.drill import linked, mark
from dashboard.labels import Say
from dashboard.session import Asked
from data.store import Cut
from queries.subjects import subjects

_WORD = re.compile(r"[\w-]+")


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
    known = _identifiers(asked.cut)
    return linked(asked, _WORD.sub(lambda found: mark(known[found[0]]) if found[0] in known else found[0], sentence))


@lru_cache(maxsize=16)
def _identifiers(cut: Cut) -> dict[str, str]:
    """usubjid, and the number on site where it is one patient's only, -> usubjid."""
    everyone = subjects(cut)
    alone = everyone[~everyone["subjid"].duplicated(keep=False)]
    return dict(zip(alone["subjid"], alone["usubjid"], strict=True)) | {one: one for one in everyone["usubjid"]}


def people(asked: Asked, usubjids: tuple[str, ...]) -> list:
    """Patients one after the other as links; a dash where there is none."""
    return linked(asked, ", ".join(mark(one) for one in usubjids)) if usubjids else ["–"]
