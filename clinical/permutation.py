"""How often chance alone, dealing the ranks out again, gives a sum of products as far from its mean as the one seen."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

PERMUTATIONS = 100_000
SEED = 1948
CHUNK = 10_000  # permutations drawn at a time: bounds the memory
SAMPLED = f"permutation ({PERMUTATIONS:,}, seed {SEED})"


def two_sided(x: Sequence[int], y: Sequence[int], *, exact: bool) -> float:
    """P(|S* - E S| >= |S - E S|) for S = sum x[i] y[i], over all n! ways to deal y out to x; 1 where S cannot vary.

    x, y: integers, one of each a subject, ties allowed. All comparisons are between integers.
    exact: all arrangements, counted without listing them. The cost grows with the arrangements of the y (or x) used so
    far: 2^n without ties, and far fewer with them. Otherwise SAMPLED: (1 + those as far out) / (1 + PERMUTATIONS),
    from a fixed seed, so that the same values always give the same p.

    Pitman, Suppl J R Stat Soc 1937;4:225-232; the +1: Phipson & Smyth, Stat Appl Genet Mol Biol 2010;9:39.
    """
    x, y = _smallest(x), _smallest(y)
    # Only the two multisets matter to chance: sorted, and in one order, one table serves x with y and y with x.
    first, second = sorted([tuple(sorted(x)), tuple(sorted(y))], key=_cost)
    distances, at_least, total = (_exact if exact else _sampled)(first, second)
    seen = abs(len(x) * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y))
    as_far = at_least[np.searchsorted(distances, seen)]
    return int(as_far) / total if exact else (1 + int(as_far)) / (1 + total)


def _smallest(values: Sequence[int]) -> list[int]:
    """The same spacing from 0 in the smallest whole numbers: what is tested does not change, the tables get shorter."""
    low = min(values)
    unit = math.gcd(*(value - low for value in values)) or 1
    return [(value - low) // unit for value in values]


def _cost(values: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """The number of ways to have used some of the values; the values themselves decide between equals."""
    return math.prod(size + 1 for size in Counter(values).values()), values


@lru_cache(maxsize=512)
def _exact(y: tuple[int, ...], x: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, int]:
    ways = _ways(x, y)
    sums = np.flatnonzero(ways)
    return _tails(sums, ways[sums], x, y)


@lru_cache(maxsize=512)
def _sampled(y: tuple[int, ...], x: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, int]:
    rng = np.random.default_rng(SEED)
    dealt = np.tile(np.array(y), (CHUNK, 1))
    sums = np.concatenate([rng.permuted(dealt, axis=1) @ np.array(x) for _ in range(PERMUTATIONS // CHUNK)])
    return _tails(*np.unique(sums, return_counts=True), x, y)


def _tails(
    sums: np.ndarray, ways: np.ndarray, x: Sequence[int], y: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, int]:
    """n |S - E S| in ascending order, how many lie as far out or farther (0 beyond all), and how many there are."""
    distances = np.abs(len(x) * sums - sum(x) * sum(y))
    order = np.argsort(distances, kind="stable")
    at_least = np.append(np.cumsum(ways[order][::-1])[::-1], 0)
    return distances[order], at_least, int(at_least[0])


def _ways(x: tuple[int, ...], y: tuple[int, ...]) -> np.ndarray:
    """How many different arrangements of y give each sum of x[i] y[i]; shape (largest sum + 1,), exact.

    The positions of x are filled one after the other. What is left of y, a count for each distinct value, is the state;
    its content is the distribution of the sum so far as one long integer, a field of `bits` for each sum. So adding
    x[i] y[j] to all sums is one shift, and joining two ways to the same state one addition.
    """
    sizes = Counter(y)
    total = math.factorial(len(y)) // math.prod(math.factorial(size) for size in sizes.values())
    if total >= 2**63:
        raise OverflowError(f"{total} arrangements do not fit 64 bits")
    bits = 32 if total < 2**32 else 64

    groups, place, start = [], 1, 0  # the counts left are the digits of one number, each with its own base
    for value, size in sorted(sizes.items()):
        groups.append((value, place, size + 1))
        start += size * place
        place *= size + 1

    layer = {start: 1}
    for position in x:
        following = defaultdict(int)
        for left, sums in layer.items():
            for value, place, base in groups:
                if left // place % base:
                    following[left - place] += sums << (bits * position * value)
        layer = following
    largest = sum(a * b for a, b in zip(sorted(x), sorted(y), strict=True))
    packed = layer[0].to_bytes((largest + 1) * bits // 8, "little")
    return np.frombuffer(packed, dtype=f"<u{bits // 8}").astype(np.int64)
