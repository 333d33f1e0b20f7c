"""What a result says: sign and number in the store's unit, or why there is no number. The text stays as it came.

`<0.2`, `>1000`, `12.3↑`, full-width digits, `阴性`, `<BLQ`, `Hemolyzed`, `n.d.`: what files hold where a number should
be. A number that cannot be said is left out with its reason, and is never 0.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Table

from data.specimens import BLOOD
from data.units import Measurand, measurands, spelled

AGREE = 0.02  # of the value: as far as two factors of one conversion differ; what was rounded off comes on top
_NUMBER = re.compile(r"(?P<sign>[<>]=?|[≤≥])?\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?)")
_COMMA = re.compile(r"[<>≤≥=\s]*[+-]?\d+(,\d+)+(\.\d+)?")
_FLAGS = re.compile(r"[↑↓→←*]+$|\s+[HL]{1,2}$")  # trailing arrows and letters of local laboratories
_BELOW = re.compile(r"<?\s*(BLQ|BLOQ|BQL|LLOQ|LOQ|LLD|LOD)|低于(检测|定量)下?限", re.IGNORECASE)
_RANGE = re.compile(r"(?P<low>[+-]?\d+\.?\d*)\s*(?:~|-{1,2}|–|—|至)\s*(?P<high>[+-]?\d+\.?\d*)")
_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: " "}
_SIGNS = {"≤": "<=", "≥": ">="}
_QUALITATIVE = {  # a bare "-" is none of them: it stands for "negative" and for "not done"
    **dict.fromkeys(("NEGATIVE", "NEG", "(-)", "阴性", "阴性(-)", "阴性(—)", "阴"), "NEGATIVE"),
    **dict.fromkeys(("POSITIVE", "POS", "(+)", "+", "阳性", "阳性(+)", "阳"), "POSITIVE"),
    **dict.fromkeys(("NOT DETECTED", "UNDETECTED", "UNDETECTABLE", "未检出", "未检测到"), "NOT DETECTED"),
    **dict.fromkeys(("DETECTED", "DETECTED, <LLOQ", "DETECTED, BLQ", "DETECTED, BELOW LLOQ", "检出"), "DETECTED"),
}


class Said(NamedTuple):
    """What one text says. `number` is NaN where it says none; `reason` then says why."""

    sign: str = ""
    number: float = math.nan
    qualitative: str = ""
    reason: str = ""
    rounded: float = 0.0  # half a unit of the last digit written


class Result(NamedTuple):
    """A row of results as the store keeps it, and what is to be said of it (`rule`; "" for nothing)."""

    value: float
    unit: str | None
    qualifier: str | None
    qualitative: str | None
    lloq: float
    range_low: float
    range_high: float
    reason: str | None
    rule: str = ""
    message: str = ""
    converted: bool = False


def said(text: object) -> Said:
    """Reads one result text. A blank says nothing, and has no reason either."""
    if text is None or (isinstance(text, float) and math.isnan(text)):
        return Said()
    plain = _FLAGS.sub("", _narrow(str(text)).strip()).strip()
    found = _NUMBER.fullmatch(plain)
    if found:
        sign, digits = found["sign"] or "", found["number"]
        number = float(digits)
        if math.isinf(number):
            return Said(reason=f"no number: {text}")
        mantissa, _, power = digits.lower().partition("e")
        decimals = len(mantissa.partition(".")[2]) - int(power or 0)
        return Said(_SIGNS.get(sign, sign), number, rounded=0.5 * 10.0**-decimals)
    if plain.upper() in _QUALITATIVE:
        below = "<" if "DETECTED" in _QUALITATIVE[plain.upper()] and plain.upper() not in ("DETECTED", "检出") else ""
        return Said(below, qualitative=_QUALITATIVE[plain.upper()], reason=f"no number: {text}")
    if _BELOW.fullmatch(plain):
        return Said("<", reason="below the limit of quantification, which is not given")
    if _COMMA.fullmatch(plain):
        return Said(reason=f"a comma for thousands or for decimals cannot be told: {text}")
    return Said(reason=f"no number: {text}")


def _narrow(text: str) -> str:
    """Full-width signs and digits as their common forms. Nothing else: a raised 3 in 10³ is no digit of the result."""
    return text.translate(_WIDE)


def limits(low: object, high: object) -> tuple[float, float]:
    """A reference range: two columns, or one text such as `3.5--9.5`, `0~40`, `<5`. NaN for a limit not given."""
    first, second = said(low), said(high)
    if not math.isnan(first.number) and first.sign.startswith("<"):
        return math.nan, first.number
    if isinstance(low, str) and math.isnan(first.number):
        both = _RANGE.fullmatch(_narrow(low).strip())
        if both:
            return float(both["low"]), float(both["high"])
    return first.number, second.number


# ---- one row ---------------------------------------------------------------------------------------------------------
def result(row: "_Row") -> Result:
    """The row's value in the store's unit, from what was reported and from what the sender standardised."""
    original, standard = said(row.orres), said(row.stresc)
    if not math.isnan(row.stresn):
        standard = said(f"{row.stresn:.15g}")._replace(sign=standard.sign, qualitative=standard.qualitative)
    qualitative = standard.qualitative or original.qualitative or None
    if row.stat and row.stat.upper() == "NOT DONE":
        return _nothing(row, "not done" + (f": {row.reasnd}" if row.reasnd else ""), qualitative)
    liquid = (not row.spec or row.spec.upper() in BLOOD) and (row.cat or "").upper() != "URINALYSIS"
    known = measurands().get((row.testcd or "").upper()) if liquid else None
    read = _known(known, original, standard, row) if known else _as_it_came(original, standard, row)
    return read._replace(qualitative=qualitative)


def _known(test: Measurand, original: Said, standard: Said, row: "_Row") -> Result:
    sides = [(original, row.orresu or ""), (standard, row.stresu or "")]
    numbers = [(one, unit) for one, unit in sides if not math.isnan(one.number)]
    lloq = _limit(test, row)
    if not numbers or _is_below(original):  # a number that the sender put beside "BLQ" is no result
        if (_is_below(original) or standard.sign == "<") and not math.isnan(lloq):
            return _ranged(test, row, Result(lloq, test.unit, "<", None, lloq, math.nan, math.nan, None))
        return _ranged(test, row, _nothing(row, original.reason or standard.reason or "no result", None, lloq))
    usable = [(one, unit) for one, unit in numbers if test.knows(unit)]
    if not usable:
        units = sorted({unit for _, unit in numbers if unit})
        if not units:
            message = f"{test.code} without a unit: its number is withheld; give the unit"
            return _withheld(row, lloq, "unit not given", "unit missing", message)
        message = f"{test.code} cannot be in {' or '.join(units)}; mend the unit or the code, or name it in units.toml"
        return _withheld(row, lloq, "unit not known", "unknown unit", message)
    first, unit = usable[0]
    if original.sign and not first.sign:
        return _nothing(row, "a limit, not given in the standard unit", None, lloq)
    value = test.convert(first.number, unit)
    if len(usable) == 2 and not first.sign and not usable[1][0].sign and not _agree(test, *usable):
        other = test.convert(usable[1][0].number, usable[1][1])
        message = (
            f"{test.code} as reported is {_shown(value)} {test.unit}, as standardised {_shown(other)}: a slip of units "
            "or of digits; its number is withheld; mend one of the two"
        )
        return _withheld(row, lloq, "reported and standardised results disagree", "results disagree", message)
    if not first.sign and not test.can_be(value):
        verdict = f"cannot be {_shown(value)} {test.unit}"
        message = (
            f"{test.code} {verdict} in a living patient, as after a slip of units; its number is withheld; mend the "
            "number or the unit"
        )
        return _withheld(row, lloq, verdict, "impossible result", message)
    read = Result(value, test.unit, first.sign or None, None, lloq, math.nan, math.nan, None)
    return _ranged(test, row, read)._replace(converted=spelled(unit) != spelled(test.unit))


def _shown(value: float) -> str:
    return f"{float(f'{value:.5g}'):.15g}"


def _is_below(one: Said) -> bool:
    """Below a limit that the text itself does not give."""
    return one.sign == "<" and math.isnan(one.number)


def _agree(test: Measurand, first: tuple[Said, str], second: tuple[Said, str]) -> bool:
    values = [test.convert(one.number, unit) for one, unit in (first, second)]
    slack = [abs(test.convert(one.number + one.rounded, unit) - value)
             for (one, unit), value in zip((first, second), values, strict=True)]  # fmt: skip
    return abs(values[0] - values[1]) <= AGREE * abs(values[1]) + sum(slack)


def _ranged(test: Measurand, row: "_Row", read: Result) -> Result:
    """With the reference range in the store's unit, the sender's standard one first."""
    for low, high, unit in ((row.stnrlo, row.stnrhi, row.stresu), (row.ornrlo, row.ornrhi, row.orresu)):
        span = limits(low, high)
        if test.knows(unit or "") and not all(math.isnan(one) for one in span):
            return read._replace(
                range_low=test.convert(span[0], unit or ""), range_high=test.convert(span[1], unit or "")
            )
    return read


def _as_it_came(original: Said, standard: Said, row: "_Row") -> Result:
    """A test the store has no unit for: the sender's standard result and unit, else what was reported, unchanged."""
    low, high = limits(row.stnrlo, row.stnrhi)
    if _is_below(original) or (_is_below(standard) and math.isnan(original.number)):
        if math.isnan(row.lloq):
            return _nothing(row, original.reason or standard.reason, None)
        return Result(row.lloq, row.stresu or row.orresu, "<", None, row.lloq, low, high, None)
    if not math.isnan(standard.number):
        chosen, unit = standard, row.stresu
    elif not math.isnan(original.number) and (not row.stresu or row.stresu == row.orresu):
        chosen, unit = original, row.orresu
    else:
        return _nothing(row, original.reason or standard.reason or "no result", None, row.lloq)
    if original.sign and not chosen.sign:  # the sender put a number where the laboratory gave a limit
        if row.stresu and row.stresu != row.orresu:
            return _nothing(row, "a limit, not given in the standard unit", None, row.lloq)
        chosen, unit = original, row.orresu
    if math.isnan(low) and math.isnan(high) and (not row.stresu or row.stresu == row.orresu):
        low, high = limits(row.ornrlo, row.ornrhi)
    return Result(chosen.number, unit, chosen.sign or None, None, row.lloq, low, high, None)


def _nothing(row: "_Row", reason: str, qualitative: str | None, lloq: float = math.nan) -> Result:
    return Result(math.nan, None, None, qualitative, lloq, math.nan, math.nan, reason)


def _withheld(row: "_Row", lloq: float, reason: str, rule: str, message: str) -> Result:
    return _nothing(row, reason, None, lloq)._replace(rule=rule, message=message)


def _limit(test: Measurand, row: "_Row") -> float:
    """The lower limit of quantification in the store's unit; it is given in the standard unit."""
    unit = row.stresu or row.orresu or ""
    return test.convert(row.lloq, unit) if test.knows(unit) else math.nan


# ---- a table ---------------------------------------------------------------------------------------------------------
class _Row(NamedTuple):
    """What the reading of a result looks at, by the name without the domain's prefix."""

    testcd: str | None
    orres: str | None
    orresu: str | None
    stresc: str | None
    stresn: float
    stresu: str | None
    stat: str | None
    reasnd: str | None
    cat: str | None
    spec: str | None
    lloq: float
    stnrlo: float
    stnrhi: float
    ornrlo: str | None
    ornrhi: str | None


_NUMBERS = {"stresn", "stnrlo", "stnrhi"}
_SEVERITY = {"unknown unit": "error"}  # the rest is loaded without its number


def derive(rows: pd.DataFrame, table: Table, report: Callable) -> dict[str, int]:
    """Fills the derived columns of a table of measurements in place; counts what was worked out.

    rows: typed, at least one; report: called as `Mapped.report` for what must be said. Each distinct result is read
    once: a panel repeats units, limits and most values.
    """
    prefix = table.info["domain"].lower()
    blank = pd.Series(None, index=rows.index, dtype=object)
    given = {
        name: rows.get(f"{prefix}{name}", blank.astype(float) if name in _NUMBERS else blank)
        for name in _Row._fields if name != "lloq"
    }  # fmt: skip
    given["lloq"] = rows[f"{prefix}lloq"] if f"{prefix}lloq" in rows else blank.astype(float)
    keys = pd.DataFrame({name: given[name] for name in _Row._fields})
    group = keys.groupby(list(keys.columns), sort=False, dropna=False).ngroup()
    first = ~group.duplicated()
    distinct = [result(_row(one)) for one in keys[first].itertuples(index=False, name=None)]
    read = pd.DataFrame(distinct, index=group[first].to_numpy()).loc[group.to_numpy()].set_axis(rows.index)
    for name in ("value", "unit", "qualifier", "qualitative", "lloq", "range_low", "range_high", "reason"):
        if name in rows:
            rows[name] = read[name]
    for (rule, message), some in read[read["rule"] != ""].groupby(["rule", "message"], sort=False):
        shown = given["orres"].fillna(given["stresc"])
        report(_SEVERITY.get(rule, "warning"), rule, rows.loc[some.index], message, f"{prefix}orres", shown)
    return dict(_counts(read, given))


def _row(values: tuple) -> _Row:
    """None for a blank text: a group of missing values is spelled in several ways."""
    return _Row(*(None if isinstance(one, float) and math.isnan(one) and name not in _FLOATS else one
                  for name, one in zip(_Row._fields, values, strict=True)))  # fmt: skip


_FLOATS = _NUMBERS | {"lloq"}


def _counts(read: pd.DataFrame, given: dict[str, pd.Series]) -> Iterator[tuple[str, int]]:
    withheld = read["rule"].isin(["impossible result", "results disagree", "unit missing"])
    counts = {
        "qualified": read["qualifier"].notna(),
        "converted": read["converted"].astype(bool),
        "without_number": given["orres"].notna() & read["value"].isna() & ~withheld,
        "withheld": withheld,
    }
    yield from ((name, int(mask.sum())) for name, mask in counts.items() if mask.any())
