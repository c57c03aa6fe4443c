"""Product functions of many modes, each one integer: the digits of a number in mixed radix."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Numbering", "lowest_products", "numbering"]

LIMIT = 2**62
"""Products that 64-bit integers can number."""

MOST_QUANTA = 40
"""Quanta of one mode beyond which nothing is looked for."""

FEWEST_QUANTA = 4
"""Quanta of each mode without which anharmonic levels make no sense."""


@dataclass(frozen=True)
class Numbering:
    """Integers for quanta up to a largest number in each mode.

    Attributes:
        most: largest quanta, (Q,).
        strides: worth of one quantum, (Q,); the sum over the modes is the number.

    Example:
        >>> two = numbering(np.array([1.0, 2.0]))
        >>> quanta = np.array([[3, 0], [1, 5]])
        >>> bool((two.quanta(two.numbers(quanta)) == quanta).all())
        True
    """

    most: np.ndarray
    strides: np.ndarray

    def numbers(self, quanta: np.ndarray) -> np.ndarray:
        """Integers (N,) of quanta (Q, N)."""
        return self.strides @ quanta.astype(np.int64)

    def quanta(self, numbers: np.ndarray) -> np.ndarray:
        """Quanta (Q, N) of integers (N,)."""
        pairs = zip(self.strides, self.most, strict=True)
        return np.stack([((numbers // s) % (m + 1)).astype(np.int16) for s, m in pairs])

    def inside(self, quanta: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Mask (N,) of functions that a step leads to another function."""
        inside = np.ones(quanta.shape[1], dtype=bool)
        for k in np.flatnonzero(step):
            inside &= quanta[k] >= -step[k] if step[k] < 0 else quanta[k] <= self.most[k] - step[k]
        return inside


def numbering(frequencies: np.ndarray) -> Numbering:
    """The numbering with the most quanta of each mode that 64 bits allow, more of slow modes.

    Raises:
        ValueError: for so many modes that a few quanta of each have too many products.
    """
    energies = np.sort(frequencies) * MOST_QUANTA
    low, high = 0.0, float(energies[-1])
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _size(_most(frequencies, middle)) < LIMIT else (low, middle)
    most = _most(frequencies, low)
    if _size(most) >= LIMIT:
        raise ValueError(
            f"{len(frequencies)} modes are too many: products of {FEWEST_QUANTA} quanta in each "
            "cannot be numbered; leave out modes that matter little"
        )
    strides = np.cumprod([1, *(most[:-1] + 1).tolist()], dtype=np.int64)
    return Numbering(most, strides)


def _most(frequencies: np.ndarray, energy: float) -> np.ndarray:
    return np.clip(np.floor(energy / frequencies), FEWEST_QUANTA, MOST_QUANTA).astype(np.int64)


def _size(most: np.ndarray) -> float:
    return float(np.prod(most.astype(float) + 1))


def lowest_products(
    frequencies: np.ndarray, most: np.ndarray, count: int, *, least: float = 0.0
) -> np.ndarray:
    """Quanta (Q, N) of the `count` products lowest in Σ ω n, with all that share the last energy.

    Args:
        frequencies: ω, (Q,).
        most: largest quanta, (Q,).
        count: number of products.
        least: energy up to which all of them count, however many there are.
    """
    low, high = 0.0, float(frequencies.min())
    while _below(frequencies, most, high, count).shape[1] < min(count, _size(most)):
        low, high = high, 1.5 * high
    for _ in range(30):
        middle = (low + high) / 2
        if _below(frequencies, most, middle, count).shape[1] < count:
            low = middle
        else:
            high = middle
    return _below(frequencies, most, max(high, least) * (1 + 1e-9), LIMIT)


def _below(frequencies: np.ndarray, most: np.ndarray, energy: float, enough: int) -> np.ndarray:
    """Quanta with Σ ω n up to an energy; cut short once there are enough."""
    quanta = np.zeros((0, 1), dtype=np.int16)
    left = np.array([energy])
    for omega, top in zip(frequencies, most, strict=True):
        counts = np.minimum(np.floor(left / omega), top).astype(np.int64) + 1
        n = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        left = np.repeat(left, counts) - omega * n
        quanta = np.concatenate((np.repeat(quanta, counts, axis=1), n[None].astype(np.int16)))
        if quanta.shape[1] > 50 * enough:
            break
    return quanta
