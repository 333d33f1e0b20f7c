"""Which encoding a text is in: decided from all of it, one pass for each encoding that is tried."""

import heapq
import re
from collections.abc import Callable, Iterable

from data.readers.errors import ReadError

ENCODINGS = ("utf-8", "gb18030", "windows-1252")  # in the order in which they are tried

_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[A-Za-z]")


def choose_encoding(raw: bytes, told: str = "") -> str:
    """UTF-8, then GB18030 where that makes mainly Chinese text, then Windows-1252; ReadError where none fits.

    `told`: the encoding that a person named; ReadError where the text is not in it.
    Windows-1252 would take Chinese bytes without a word, so the order matters; and GB18030 would turn the curly
    apostrophe of an English sentence into a rare character, so the fields with foreign bytes must read as Chinese.
    """
    found, _ = decide(lambda: [raw], told)
    return found if found != "ascii" else told or ENCODINGS[0]


def decide(
    parts: Callable[[], Iterable[bytes]], told: str = "", between: re.Pattern[str] = re.compile(r"[\r\n]+")
) -> tuple[str, tuple[str, ...]]:
    """`choose_encoding` of a text that comes in parts, none of which ends within a character; "ascii" where it is.

    With it the three shortest values, of those that `between` separates, that needed the encoding.
    """
    for encoding in (told,) if told else ENCODINGS:
        try:
            foreign, chinese, decoded = _read_as(encoding, parts(), between)
        except UnicodeDecodeError:
            continue
        if encoding != "gb18030" or told or chinese:
            return encoding if foreign else "ascii", decoded
    wanted = told or "UTF-8, GB18030 or Windows-1252"
    raise ReadError("encoding undecided", f"the text is not {wanted}; save the file as UTF-8, or name its --encoding")


def _read_as(encoding: str, parts: Iterable[bytes], between: re.Pattern[str]) -> tuple[bool, bool, tuple[str, ...]]:
    """Whether any of it is not ASCII, whether that is mainly Chinese, and the shortest values with such characters."""
    han = latin = 0
    foreign = False
    shortest: list[str] = []
    for part in parts:
        text = "" if part.isascii() else part.decode(encoding).removeprefix("\ufeff")
        if text.isascii():
            continue
        foreign = True
        fields = "".join(one for one in re.split(r"[\r\n,;\t|]", text) if not one.isascii())
        han += len(_HAN.findall(fields))
        latin += len(_LATIN.findall(fields))
        values = {one for one in between.split(text) if not one.isascii()}
        shortest = heapq.nsmallest(3, values.union(shortest), key=lambda one: (len(one), one))
    return foreign, 2 * han > latin, tuple(shortest)
