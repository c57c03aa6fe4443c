"""Force fields with few modes, and their levels by dense matrices of q in oscillator functions."""

from collections.abc import Sequence

import numpy as np

from pes.force_fields.field import ForceField, symmetry_factor
from pes.units import CM1


def coupled() -> ForceField:
    """Two modes, terms of degrees 2 to 6, no symmetry."""
    return ForceField.of(
        [1000.0, 1410.0],
        {
            (0, 1): 40.0, (0, 0, 0): -90.0, (0, 0, 1): 60.0, (0, 1, 1): -35.0, (1, 1, 1): 50.0,
            (0, 0, 0, 0): 60.0, (0, 0, 1, 1): 30.0, (1, 1, 1, 1): 45.0, (0,) * 6: 12.0,
            (1,) * 6: 10.0,
        },
        units="cm-1",
    )  # fmt: skip


def pyramid() -> ForceField:
    """One mode on a threefold axis and two pairs, x and y in any order, as of an XY3 molecule.

    Terms are q_1 (x·x' + y·y'), Re (x + iy)³ and their like, which the axis and a plane leave as
    they are.
    """
    frequencies = [900.0, 700.0, 1500.0, 1500.0, 700.0]
    first, second = (1, 4), (3, 2)  # (x, y); y is odd under the plane
    constants: dict[tuple[int, ...], float] = {(0, 0, 0): -40.0, (0, 0, 0, 0): 30.0}
    for (x, y), cubic, quartic in ((first, 50.0, 40.0), (second, -60.0, 55.0)):
        constants |= {(0, x, x): 25.0, (0, y, y): 25.0}
        constants |= {(x, x, x): cubic, (x, y, y): -cubic}
        constants |= {(x,) * 4: 3 * quartic, (y,) * 4: 3 * quartic, (x, x, y, y): quartic}
    (x, y), (v, w) = first, second
    constants |= {(x, x, v): 30.0, (y, y, v): -30.0, (x, y, w): -30.0}
    return ForceField.of(
        frequencies, {tuple(sorted(m)): f for m, f in constants.items()}, units="cm-1"
    )


def dense_levels(field: ForceField, size: int, count: int) -> np.ndarray:
    """The lowest levels in cm⁻¹ by matrices of q, `size` functions of each mode."""
    more = size + 8  # powers of a cut matrix are wrong in its last rows
    q = np.diag(np.sqrt(np.arange(1, more) / 2), 1)
    q = q + q.T
    matrix = np.zeros((size ** len(field.frequencies),) * 2)
    terms = [((k,), w * np.diag(np.arange(size) + 0.5)) for k, w in enumerate(field.frequencies)]
    for (k,), one in terms:
        matrix += _product(field, {k: one}, size)
    for modes, f in field.constants.items():
        powers = {k: np.linalg.matrix_power(q, modes.count(k))[:size, :size] for k in set(modes)}
        matrix += f / symmetry_factor(modes) * _product(field, powers, size)
    return np.linalg.eigvalsh(matrix)[:count] / CM1


def _product(field: ForceField, factors: dict[int, np.ndarray], size: int) -> np.ndarray:
    result = np.ones((1, 1))
    for k in range(len(field.frequencies)):
        result = np.kron(result, factors.get(k, np.eye(size)))
    return result


def bilinear(size: int, coupling: float, scale: float) -> tuple[ForceField, np.ndarray]:
    """Oscillators with q_i q_j between all of them, and the frequencies of their normal modes.

    ω_k = √(k/2) in units of `scale`, cm⁻¹.
    """
    omega = np.sqrt(np.arange(1, size + 1) / 2)
    constants = {(i, j): coupling * scale for i in range(size) for j in range(i + 1, size)}
    k = np.diag(omega**2) + coupling * np.sqrt(np.outer(omega, omega)) * (1 - np.eye(size))
    field = ForceField.of((omega * scale).tolist(), constants, units="cm-1")
    return field, np.sqrt(np.linalg.eigvalsh(k)) * scale


def harmonic_levels(frequencies: Sequence[float], count: int) -> np.ndarray:
    """The lowest levels above the minimum of uncoupled oscillators."""
    omega = np.sort(np.array(frequencies))
    levels, limit = np.zeros(1), count * omega[0]
    for w in omega:
        levels = (levels[:, None] + w * np.arange(int(limit / w) + 1)).ravel()
        levels = np.sort(levels[levels <= limit * (1 + 1e-12)])[: 4 * count]
    return levels[:count] + omega.sum() / 2
