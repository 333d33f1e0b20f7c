"""Criteria written as text, "x>3*ULN if BLN else x>3*ABL", read into rules that say yes, no, or what is not known.

Every quantity is a span from its least to its most, so that a missing limit or a result such as "<0.5" needs no case
of its own. The same rules take numbers and arrays.
"""

import ast
from collections.abc import Callable, Mapping
from functools import cache, reduce
from operator import itemgetter
from typing import NamedTuple

import numpy as np

# What follows is a number (bool, float, int) throughout, or an array throughout.
Truth = bool | np.ndarray
Number = float | np.ndarray
Bits = int | np.ndarray

CLOSE = 1e-12  # relative: 3.0 x 0.1 must not exceed 0.3
STRICTLY = 1e-9  # relative: how far beyond it "above 40" begins
ANY = 1e200  # a bound of what is not known; infinite ones make NaN of a difference


class Span(NamedTuple):
    least: Number
    most: Number
    lacking: Bits = 0  # of the inputs that leave it open


class Said(NamedTuple):
    surely: Truth
    possibly: Truth
    lacking: Bits = 0


Inputs = Mapping[str, Span | Said]
Rule = Callable[[Inputs], Said]
Quantity = Callable[[Inputs], Span]


# ---- inputs ----------------------------------------------------------------------------------------------------------
def pick(condition: Truth, yes: Number, no: Number) -> Number:
    return np.where(condition, yes, no) if isinstance(condition, np.ndarray) else yes if condition else no


def span(number: Number, bit: int, least: Number = -ANY) -> Span:
    """Of a number that is NaN where it is not known."""
    missing = number != number
    return Span(pick(missing, least, number), pick(missing, ANY, number), bit * missing)


def said(yes: Truth, no: Truth, bit: int) -> Said:
    return Said(yes, no ^ True, bit * ((yes | no) ^ True))


# ---- three values ----------------------------------------------------------------------------------------------------
def _exceeds(number: Number, limit: Number) -> Truth:
    return number > limit + CLOSE * abs(limit)


def _decided(surely: Truth, possibly: Truth, lacking: Bits) -> Said:
    """What is lacking counts only where it leaves the answer open."""
    return Said(surely, possibly, lacking * (surely != possibly))


def _and(one: Said, other: Said) -> Said:
    return _decided(one.surely & other.surely, one.possibly & other.possibly, one.lacking | other.lacking)


def _or(one: Said, other: Said) -> Said:
    return _decided(one.surely | other.surely, one.possibly | other.possibly, one.lacking | other.lacking)


def _if(test: Said, then: Said, otherwise: Said) -> Said:
    """Where the test is not known: what both ways agree on."""
    surely = (then.surely | (test.possibly ^ True)) & (otherwise.surely | test.surely)
    possibly = (then.possibly & test.possibly) | (otherwise.possibly & (test.surely ^ True))
    of_then, of_otherwise = then.lacking * test.possibly, otherwise.lacking * (test.surely ^ True)
    return _decided(surely, possibly, test.lacking | of_then | of_otherwise)


def _above(one: Span, other: Span) -> Said:
    surely, possibly = _exceeds(one.least, other.most), _exceeds(one.most, other.least)
    return _decided(surely, possibly, one.lacking | other.lacking)


def _from(one: Span, other: Span) -> Said:
    surely, possibly = _exceeds(other.most, one.least) ^ True, _exceeds(other.least, one.most) ^ True
    return _decided(surely, possibly, one.lacking | other.lacking)


_COMPARED = {
    ast.Gt: _above,
    ast.GtE: _from,
    ast.Lt: lambda one, other: _above(other, one),
    ast.LtE: lambda one, other: _from(other, one),
}


# ---- reading ---------------------------------------------------------------------------------------------------------
@cache
def rule(text: str) -> Rule:
    """Of comparisons, `and`, `or`, `... if FLAG else ...` and names of the inputs; ValueError for anything else."""
    return _rule(ast.parse(text, mode="eval").body)


def names(text: str) -> frozenset[str]:
    """Of the inputs that a criterion speaks of."""
    return frozenset(one.id for one in ast.walk(ast.parse(text, mode="eval")) if isinstance(one, ast.Name))


def _rule(node: ast.expr) -> Rule:
    match node:
        case ast.Name(name):
            return itemgetter(name)
        case ast.BoolOp(op, parts):
            return reduce(_both if isinstance(op, ast.And) else _any, map(_rule, parts))
        case ast.IfExp(test, then, otherwise):
            test, then, otherwise = map(_rule, (test, then, otherwise))
            return _either(test, then, otherwise)
        case ast.Compare(one, [sign], [other]):
            compare, one, other = _COMPARED[type(sign)], _quantity(one), _quantity(other)
            return lambda of: compare(one(of), other(of))
    raise ValueError(f"not a criterion: {ast.unparse(node)}")


# A number's answer may be settled by its first part; of arrays (which are neither True nor False) both parts are asked.
def _both(one: Rule, other: Rule) -> Rule:
    def both(of: Inputs) -> Said:
        first = one(of)
        return first if first.possibly is False else _and(first, other(of))

    return both


def _any(one: Rule, other: Rule) -> Rule:
    def either(of: Inputs) -> Said:
        first = one(of)
        return first if first.surely is True else _or(first, other(of))

    return either


def _either(test: Rule, then: Rule, otherwise: Rule) -> Rule:
    def chosen(of: Inputs) -> Said:
        asked = test(of)
        if asked.surely is True:
            return then(of)
        return otherwise(of) if asked.possibly is False else _if(asked, then(of), otherwise(of))

    return chosen


def _quantity(node: ast.expr) -> Quantity:
    match node:
        case ast.Name(name):
            return itemgetter(name)
        case ast.Constant(number) | ast.UnaryOp(ast.USub(), ast.Constant(number)):
            fixed = Span(number, number) if isinstance(node, ast.Constant) else Span(-number, -number)
            return lambda of: fixed
        case ast.BinOp(ast.Constant(factor), ast.Mult(), of_what) if factor > 0:
            return _times(factor, _quantity(of_what))
        case ast.BinOp(one, ast.Add(), ast.Constant(more)):
            return _plus(_quantity(one), more)
        case ast.BinOp(one, ast.Sub(), other):
            return _minus(_quantity(one), _quantity(other))
    raise ValueError(f"not a quantity of a criterion: {ast.unparse(node)}")


def _times(factor: float, quantity: Quantity) -> Quantity:
    def times(of: Inputs) -> Span:
        least, most, lacking = quantity(of)
        return Span(factor * least, factor * most, lacking)

    return times


def _plus(quantity: Quantity, more: float) -> Quantity:
    def plus(of: Inputs) -> Span:
        least, most, lacking = quantity(of)
        return Span(least + more, most + more, lacking)

    return plus


def _minus(one: Quantity, other: Quantity) -> Quantity:
    def minus(of: Inputs) -> Span:
        first, second = one(of), other(of)
        return Span(first.least - second.most, first.most - second.least, first.lacking | second.lacking)

    return minus
