"""ISO 8601 dates as SDTM writes them, whole or partial: the interval of moments that a text can mean."""

import calendar
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

_ISO = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2}|-)(?:-(?P<day>\d{2}|-)"
    r"(?:T(?P<hour>\d{2}|-)(?::(?P<minute>\d{2}|-)(?::(?P<second>\d{2})(?:[.,]\d+)?)?)?"
    r"(?P<offset>Z|[+-]\d{2}:?\d{2})?)?)?)?",
    re.ASCII,
)


def interval(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First and last moment that `text` can mean, without offset, in `zone`.

    `2026-03` is the whole of March, `2026-03-05` the whole day, `2026-03-05T10:30` that moment (what is finer than
    the text is not invented: seconds not written are 0). A text with an offset or Z is turned into the zone's clock.
    ValueError where it is no such date, or the date does not exist (2026-02-30).
    Source: SDTM Implementation Guide 3.4, sections 4.4.1 and 4.4.2 (ISO 8601, right truncation, hyphen for a missing
    part). A date without its year (`--12-15`) has no interval and is a ValueError too.
    """
    found = _ISO.fullmatch(text)
    if not found:
        if re.match("-+[0-9T]", text):
            raise ValueError(f"{text!r} has no year: give the year at least, or leave the date blank")
        raise ValueError(f"{text!r} is no ISO 8601 date (YYYY, YYYY-MM, YYYY-MM-DD, with or without Thh:mm)")
    part = {name: int(value) if value and value.isdigit() else None for name, value in found.groupdict().items()}
    year, month, day = part["year"], part["month"], part["day"]
    if day is not None and month is None:  # "2026---05": a day without its month says no more than the year
        day = None
    hour, minute, second = part["hour"], part["minute"], part["second"]
    try:
        low = (1 if month is None else month, 1 if day is None else day)
        high_month = 12 if month is None else month
        high = (high_month, calendar.monthrange(year, high_month)[1] if day is None else day)
        if day is None or hour is None:
            return datetime(year, *low), datetime(year, *high, 23, 59, 59)
        first = datetime(year, *low, hour, minute or 0, second or 0)
        last = datetime(year, *high, hour, 59 if minute is None else minute, second or (59 if minute is None else 0))
        return _local(first, found["offset"], zone), _local(last, found["offset"], zone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no date that exists: {error}") from error


def _local(moment: datetime, offset: str | None, zone: ZoneInfo) -> datetime:
    if not offset:
        return moment
    return datetime.fromisoformat(f"{moment.isoformat()}{offset}").astimezone(zone).replace(tzinfo=None)


def intervals(texts: pd.Series, zone: ZoneInfo) -> tuple[pd.DataFrame, dict[str, str]]:
    """`earliest` and `latest` for a column of texts, and what was wrong with those that are no date.

    A blank has neither. Each distinct text is read once: visits repeat their dates tens of thousands of times.
    """
    known: dict[str, tuple[datetime, datetime]] = {}
    wrong: dict[str, str] = {}
    for one in texts.dropna().unique():
        try:
            known[one] = interval(one, zone)
        except ValueError as error:
            wrong[one] = str(error)
    spans = [texts.map({text: span[side] for text, span in known.items()}) for side in (0, 1)]
    frame = pd.DataFrame({name: pd.to_datetime(span) for name, span in zip(("earliest", "latest"), spans, strict=True)})
    return frame, wrong
