"""Quanta and symmetry species of the levels of a force field."""

from collections.abc import Sequence

import numpy as np

from pes.force_fields.block import FieldBlock
from pes.force_fields.levels import FieldLevels
from pes.units import CM1

__all__ = ["heading", "quanta_and_weights", "species"]

CLOSE = 1e-3 * CM1
"""Hartree within which levels of a block may have mixed, so that their species come together."""

THREEFOLD = 3
"""Blocks of a threefold axis with a plane through it: A, and two that are E together."""


def heading(levels: FieldLevels) -> str:
    """Names of the quanta, those of the modes by their numbers; a pair by its first mode."""
    return " ".join(f"v{k + 1}" for k in _shown(levels))


def quanta_and_weights(levels: FieldLevels) -> tuple[list[str], np.ndarray]:
    """Quanta of the product function with the largest part in each level, and that part.

    A pair of modes in circular operators has v^l; functions that differ by the sign of all l
    count together.

    Returns:
        Texts such as `0 1 2^0`, S of them, and probabilities (S,).
    """
    texts, weights = [], []
    for b, n in levels.places:
        block = levels.blocks[b]
        part = block.vectors[:, n] ** 2
        largest = np.argsort(-part)[:10]
        quanta = levels.h.numbering.quanta(block.numbers[largest])
        names = [_text(levels, one) for one in quanta.T]
        together = {name: 0.0 for name in names}
        for name, p in zip(names, part[largest].tolist(), strict=True):
            together[name] += p
        best = max(together, key=lambda name: together[name])
        texts.append(best)
        weights.append(together[best])
    return texts, np.array(weights)


def _shown(levels: FieldLevels) -> list[int]:
    """Modes in the heading: each that is not the second of a pair."""
    second = {max(pair) for pair in levels.operators.pairs}
    return [k for k in range(len(levels.force_field.frequencies)) if k not in second]


def _text(levels: FieldLevels, quanta: np.ndarray) -> str:
    """Quanta of a product function, the first l that is not zero positive."""
    pairs = {min(pair): pair for pair in levels.operators.pairs}
    momenta = [int(quanta[plus] - quanta[minus]) for plus, minus in pairs.values()]
    sign = next((1 if one > 0 else -1 for one in momenta if one), 1)
    cells = []
    for k in _shown(levels):
        plus, minus = pairs.get(k, (k, k))
        v = int(quanta[plus] + quanta[minus]) if k in pairs else int(quanta[k])
        momentum = sign * int(quanta[plus] - quanta[minus])
        cells.append(f"{v}^{momentum}" if k in pairs and v else f"{v}")
    return " ".join(cells)


def species(levels: FieldLevels) -> list[str]:
    """Symmetry species of each level, empty texts where the field has none with a name.

    A1, A2 and E for a threefold axis and a plane through it; signs, + or −, of the parities that
    a field of reflections conserves.
    """
    free, cosets = levels.lattice.conserved
    if (free, cosets) == (0, THREEFOLD) and levels.mirror is not None:
        parities = [_parities(levels, block) for block in levels.blocks]
        return [f"A{p}" if (p := parities[b][n]) else "E" for b, n in levels.places]
    moduli = {k: row[k] for k, row in levels.lattice.rows.items() if row[k] > 1}
    if free or levels.mirror is not None or set(moduli.values()) != {2}:
        return [""] * len(levels.places)
    signs = ["".join("-" if block.label[k] else "+" for k in moduli) for block in levels.blocks]
    return [signs[b] for b, _ in levels.places]


def _parities(levels: FieldLevels, block: FieldBlock) -> Sequence[str]:
    """1 or 2 for levels even or odd under the exchange of + and −; nothing for those of E."""
    if levels.mirror is None or block.partners == 2:
        return [""] * len(block.energies)
    numbering = levels.h.numbering
    image = numbering.numbers(numbering.quanta(block.numbers)[levels.mirror])
    place = np.searchsorted(block.numbers, image)
    here = (place < block.size) & (block.numbers[np.minimum(place, block.size - 1)] == image)
    exchanged = np.where(here[:, None], block.vectors[np.minimum(place, block.size - 1)], 0.0)
    close = abs(block.variational[:, None] - block.variational) < CLOSE
    matrix = np.where(close, block.vectors.T @ exchanged, 0.0)
    return ["1" if parity > 0 else "2" for parity in _resolved(matrix)]


def _resolved(matrix: np.ndarray) -> np.ndarray:
    """Eigenvalues of blocks of levels that may have mixed, in their order, (S,)."""
    parities = matrix.diagonal().copy()
    mixed = np.flatnonzero(abs(parities) < 0.9)
    if len(mixed):
        parities[mixed] = np.linalg.eigvalsh(matrix[np.ix_(mixed, mixed)])[::-1]
    return parities
