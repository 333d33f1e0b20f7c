"""Whether the records that a draft cites are still what they were when it was written."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

DIGITS = 12  # of a fingerprint
MARK = "records:"
_LINE = re.compile(rf"{MARK} ([0-9a-f]{{{DIGITS}}})((?: \| [a-z_]+ \S+ [0-9a-f]{{8}})*)")


class Record(NamedTuple):
    table: str
    key: str  # what tells the row apart within the patient, in any cut
    digest: str  # of what it says


@dataclass(frozen=True)
class Draft:
    fingerprint: str
    records: tuple[Record, ...]

    @property
    def line(self) -> str:
        """What a copied draft carries, so that it can be checked: `read` understands it."""
        return " | ".join([f"{MARK} {self.fingerprint}", *(" ".join(one) for one in self.records)])


@dataclass(frozen=True)
class Compared:
    """Of the records that a draft cites: those that say something else by now, those that are gone, and those that a
    draft of now would cite and it does not."""

    changed: tuple[Record, ...] = ()
    gone: tuple[Record, ...] = ()
    added: tuple[Record, ...] = ()

    @property
    def same(self) -> bool:
        return not (self.changed or self.gone or self.added)


def draft(records: Iterable[Record]) -> Draft:
    """The same for the same records in any order, cited once or often."""
    known = tuple(sorted(set(records)))
    said = "\n".join(" ".join(one) for one in known)
    return Draft(sha256(said.encode()).hexdigest()[:DIGITS], known)


def read(text: str) -> Draft | None:
    """The draft that a text carries. None where it carries none, or one that does not agree with itself: a line that
    was cut short or written over is no proof of anything. Breaks of lines that a mail put in are no part of it."""
    found = _LINE.search(re.sub(r"\s+", " ", text))
    if found is None:
        return None
    records = (Record(*one.split(" ")) for one in found[2].split(" | ") if one)
    known = draft(records)
    return known if known.fingerprint == found[1] else None


def compare(before: Draft, now: Draft, every: Mapping[tuple[str, str], str]) -> Compared:
    """every: (table, key) -> digest, of all records of the patient as they are now."""
    cited = {(one.table, one.key) for one in before.records}
    digests = [(one, every.get((one.table, one.key))) for one in before.records]
    return Compared(
        changed=tuple(one for one, digest in digests if digest not in (None, one.digest)),
        gone=tuple(one for one, digest in digests if digest is None),
        added=tuple(one for one in now.records if (one.table, one.key) not in cited),
    )
