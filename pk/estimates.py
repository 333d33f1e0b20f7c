"""Numbers with intervals from weighted draws of Stein's parameters, and which of them the samples do not tell."""

from dataclasses import dataclass

import numpy as np

from pk.stein import area, doubling_time, names, parameters

LEVEL = (0.025, 0.5, 0.975)  # of the interval's lower end, the value, the upper end
WIDE = np.log(10)  # an interval that spans more than this factor gives no number
RANGE = 2 * 1.959964  # standard deviations that the middle 95 % span
NARROW = np.log(1.25)  # one that spans less gives one, whoever it comes from
LIKE_ALL = 0.8  # an interval nearly as wide, on the log scale, as the range of the population says nothing of its own
LONGEST = 25.0  # ln d: stands for a doubling time without end


@dataclass(frozen=True)
class Estimates:
    """What is told of n subjects, q quantities each."""

    names: tuple[str, ...]  # q
    low: np.ndarray  # n x q, 2.5 %
    value: np.ndarray  # the median
    high: np.ndarray  # 97.5 %

    @property
    def width(self) -> np.ndarray:
        """Of the intervals on the log scale."""
        return np.log(self.high) - np.log(self.low)

    def withheld(self, range_of_all: np.ndarray | None = None) -> np.ndarray:
        """n x q, the code of the reason why the value is no number to give, "" where it is one.

        range_of_all: q, the width on the log scale of the middle 95 % of the population.
        """
        code = np.where(self.width > WIDE, "wide", "").astype(object)
        if range_of_all is not None:
            code[(self.width > NARROW) & (self.width > LIKE_ALL * range_of_all)] = "of_population"
        return code

    def given(self, code: np.ndarray) -> np.ndarray:
        """The values, NaN where n x q codes say why."""
        return np.where(code == "", self.value, np.nan)

    def intervals(self, row: int) -> dict[str, tuple[float, float]]:
        return dict(zip(self.names, zip(self.low[row].tolist(), self.high[row].tolist(), strict=True), strict=True))


def quantities(lag: bool) -> tuple[str, ...]:
    """The parameters, the doubling time [d] and the areas to Day 28 and 90 [conc x d]."""
    return (*names(lag), "doubling_time", "auc0_28", "auc0_90")


def estimates(phi: np.ndarray, weights: np.ndarray) -> Estimates:
    """Medians and 95 % intervals of n x m x d draws with their n x m weights.

    Each is the median of its own distribution: the area is not exactly that of the medians of the parameters.
    """
    low, value, high = np.exp(quantiles(log_quantities(phi), weights, LEVEL))
    return Estimates(quantities(phi.shape[-1] > len(names(False))), low, value, high)


def log_quantities(phi: np.ndarray) -> np.ndarray:
    """ln of every quantity, on a last axis of q."""
    of = parameters(phi) | {"auc0_28": area(phi, 28), "auc0_90": area(phi, 90)}
    logs = {name: np.log(value) for name, value in of.items()}
    logs["doubling_time"] = np.minimum(np.log(doubling_time(phi)), LONGEST)
    return np.stack([logs[name] for name in quantities(phi.shape[-1] > len(names(False)))], axis=-1)


def quantiles(values: np.ndarray, weights: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Weighted quantiles of n x m x q values: levels x n x q, on lines between the middles of the weights."""
    order = np.argsort(values, axis=1)
    values = np.take_along_axis(values, order, axis=1)
    sorted_weights = np.take_along_axis(np.broadcast_to(weights[..., None], values.shape), order, axis=1)
    middle = sorted_weights.cumsum(axis=1) - sorted_weights / 2
    n, _, q = values.shape
    found = [[np.interp(levels, middle[i, :, k], values[i, :, k]) for k in range(q)] for i in range(n)]
    return np.array(found).reshape(n, q, len(levels)).transpose(2, 0, 1)
