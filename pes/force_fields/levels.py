"""Vibrational levels of a force field in product functions that are chosen as they matter.

Each round diagonalises H in the functions at hand, adds what all others contribute to second
order, and takes in as many more functions as there are, those with the largest shifts first. The
error of a level is estimated by how far its extrapolation to no shift lies from second order.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pes.force_fields.block import BlockRequest, FieldBlock, Thresholds, solved_block
from pes.force_fields.bounds import Escape
from pes.force_fields.field import ForceField
from pes.force_fields.hamiltonian import FieldHamiltonian, field_hamiltonian
from pes.force_fields.ladder import Ladder
from pes.force_fields.products import lowest_products, numbering
from pes.force_fields.symmetry import Lattice, described, mirror

__all__ = ["FieldLevels", "Limits", "field_levels"]

FIRST = 10
"""Functions of the first round for each level."""

FEWEST = 500
"""Functions of the first round, where there are as many."""

MARGIN = 2
"""Levels of each block beyond those asked for."""

DEARER = 2.6
"""Time and memory of a round by those of the one before, which has half the functions."""

LEAK = 4.0
"""Error of a level by its second-order shift by functions beyond a barrier: resonances of cubic
oscillators are up to 3.1 times this shift off, while they are narrower than their error."""

LEAST_GROWTH = 0.1
"""Share of functions by which a round must be larger to be worth its time."""


@dataclass(frozen=True)
class Limits:
    """Limits at which the calculation ends.

    Attributes:
        accuracy: largest estimated error, hartree.
        seconds: CPU time.
        functions: number of functions of all blocks together.
        memory: bytes, None for no limit.
    """

    accuracy: float
    seconds: float = float("inf")
    functions: float = float("inf")
    memory: float | None = None


@dataclass(frozen=True)
class FieldLevels:
    """Levels of a force field in hartree, and what they were computed with.

    Attributes:
        force_field: ω and constants.
        operators: the Hamiltonian in ladder operators.
        h: its matrix elements.
        lattice: steps of the Hamiltonian, whose cosets are the blocks.
        mirror: modes with + and − of each pair exchanged, None without circular operators.
        way: way to where V falls without end, None if there is none.
        blocks: symmetry blocks with levels among these; one stands for its mirror image too.
        places: number of the block and in the block of each level, S of them.
        stopped: reason to stop: accuracy, seconds, functions or memory.
    """

    force_field: ForceField
    operators: Ladder
    h: FieldHamiltonian
    lattice: Lattice
    mirror: np.ndarray | None
    way: Escape | None = None
    blocks: tuple[FieldBlock, ...] = ()
    places: tuple[tuple[int, int], ...] = ()
    stopped: str = ""

    def beyond(self, quanta: np.ndarray) -> np.ndarray:
        """Functions beyond the barrier of V, (N,) for quanta (Q, N)."""
        if self.way is None:
            return np.zeros(quanta.shape[1], dtype=bool)
        return self.way.beyond(quanta, np.array(self.force_field.frequencies))

    @property
    def functions(self) -> int:
        """Number of functions in all blocks; mirror images are not counted again."""
        return sum(block.size for block in self.blocks)

    @property
    def energies(self) -> np.ndarray:
        """Levels above the minimum, ascending, (S,)."""
        return np.array([self.blocks[b].energies[n] for b, n in self.places])

    @property
    def errors(self) -> np.ndarray:
        """Estimated errors of `energies`, what lies beyond a barrier included, (S,)."""
        return np.array(
            [
                self.blocks[b].errors[n] + LEAK * self.blocks[b].outside.leaks[n]
                for b, n in self.places
            ]
        )

    @property
    def variational(self) -> np.ndarray:
        """Eigenvalues in the functions chosen, upper bounds of the levels, (S,)."""
        return np.array([self.blocks[b].variational[n] for b, n in self.places])

    @property
    def shifts(self) -> np.ndarray:
        """Second-order shifts of these by all other functions, (S,)."""
        return np.array([self.blocks[b].outside.shifts[n] for b, n in self.places])


def field_levels(
    force_field: ForceField,
    count: int | None = None,
    *,
    energy: float | None = None,
    limits: Limits,
    way: Escape | None = None,
    report: Callable[[FieldLevels], None] = lambda _: None,
) -> FieldLevels:
    """The lowest levels of a force field.

    Args:
        force_field: ω and constants.
        count: number of levels, degenerate ones each by itself; or
        energy: all levels up to so much above the ground state, hartree.
        limits: when to stop.
        way: way to where V falls without end; functions beyond its barrier are left out.
        report: called after each round.

    Raises:
        ValueError: if there are fewer functions than levels, or memory for the first round.
        SolverError: if a level does not converge.
    """
    begun = time.process_time()
    operators, lattice = described(force_field)
    frequencies = np.array(force_field.frequencies)
    h = field_hamiltonian(operators, numbering(frequencies))
    result = FieldLevels(force_field, operators, h, lattice, mirror(operators), way)
    thresholds = Thresholds.of(limits.accuracy, frequencies)
    asked, resting = list(_first(result, count, energy, limits)), []
    while True:
        round_begun = time.process_time()
        blocks = [*resting, *(solved_block(h, one, thresholds) for one in asked)]
        top = _top(blocks, count, energy)
        blocks = [one for one in blocks if one.energies[0] - 3 * one.errors[0] <= top]
        grow = [_has_to_grow(one, top, limits.accuracy) for one in blocks]
        result = replace(result, blocks=tuple(blocks), places=_places(blocks, top, count))
        spent = time.process_time() - begun, time.process_time() - round_begun
        result = replace(result, stopped=_reason(result, grow, limits, *spent))
        report(result)
        if result.stopped:
            return result
        room = limits.functions - result.functions
        resting = [one for one, grows in zip(blocks, grow, strict=True) if not grows]
        growing = [one for one, grows in zip(blocks, grow, strict=True) if grows]
        share = min(1.0, room / sum(one.size for one in growing))
        asked = [_larger(result, one, top, share) for one in growing]


def _first(
    result: FieldLevels, count: int | None, energy: float | None, limits: Limits
) -> Iterator[BlockRequest]:
    """The lowest products, block by block, with all their levels that might be asked for.

    Raises:
        ValueError: if there are fewer functions than levels, or memory for them.
    """
    frequencies = np.array(result.force_field.frequencies)
    most = result.h.numbering.most
    if energy is not None:
        # Anharmonic levels lie lower than harmonic ones.
        above = lowest_products(frequencies, most, 1, least=1.3 * energy + frequencies.max())
        count = above.shape[1]
    assert count is not None
    possible = min(limits.functions, float(np.prod(most + 1.0)))
    if count > possible:
        raise ValueError(
            f"{count} levels need more than the {possible:.0f} functions that are allowed; raise "
            "`functions` or ask for fewer levels"
        )
    number = int(min(max(FEWEST, FIRST * count), possible))
    quanta = lowest_products(frequencies, most, number)
    quanta = quanta[:, ~result.beyond(quanta)]
    if quanta.shape[1] < count:
        raise ValueError(
            f"{count} levels need more than the {quanta.shape[1]} functions inside the barrier, "
            f"beyond which the force field falls without end: {result.way}; ask for fewer levels"
        )
    needed = 40.0 * quanta.shape[1] * count  # amplitudes and vectors
    if limits.memory is not None and needed > limits.memory:
        raise ValueError(
            f"{count} levels need about {needed / 2**30:.2g} GiB for the first round, "
            f"{limits.memory / 2**30:.2g} GiB are allowed or free; ask for fewer levels or raise "
            "`memory`"
        )
    labels, place = np.unique(result.lattice.cosets(quanta), axis=1, return_inverse=True)
    for number, label in enumerate(labels.T):
        image = _image(result, label)
        if image is None or tuple(image) >= tuple(label):
            partners = 1 if image is None or (image == label).all() else 2
            numbers = np.sort(result.h.numbering.numbers(quanta[:, place.ravel() == number]))
            yield BlockRequest(
                tuple(label.tolist()), partners, numbers, count + MARGIN, None, result.beyond
            )


def _image(result: FieldLevels, label: np.ndarray) -> np.ndarray | None:
    """The label of the mirror image of a block."""
    if result.mirror is None:
        return None
    return result.lattice.cosets(label[result.mirror][:, None])[:, 0]


def _top(blocks: Sequence[FieldBlock], count: int | None, energy: float | None) -> float:
    """Energy of the highest level asked for."""
    levels = np.sort(np.concatenate([np.repeat(one.energies, one.partners) for one in blocks]))
    if count is None:
        assert energy is not None
        return float(levels[0] + energy)
    return float(levels[min(count, len(levels)) - 1])


def _places(
    blocks: Sequence[FieldBlock], top: float, count: int | None
) -> tuple[tuple[int, int], ...]:
    """Block and number of each level up to the highest, ascending; mirror images twice."""
    levels = [
        (float(e), b, n)
        for b, one in enumerate(blocks)
        for n, e in enumerate(one.energies)
        for _ in range(one.partners)
        if e <= top
    ]
    return tuple((b, n) for _, b, n in sorted(levels)[:count])


def _has_to_grow(block: FieldBlock, top: float, accuracy: float) -> bool:
    """Whether a block needs more work: inaccurate levels, or more levels below the highest."""
    below = block.energies <= top
    missing = bool(below.all()) and len(below) < block.size
    return missing or bool((block.errors[below] > accuracy).any())


def _reason(
    result: FieldLevels, grow: Sequence[bool], limits: Limits, spent: float, last: float
) -> str:
    """Why to stop, empty to go on."""
    if not any(grow):
        return "accuracy"
    if spent + DEARER * last > limits.seconds:
        return "seconds"
    if result.functions * (1 + LEAST_GROWTH) > limits.functions:
        return "functions"
    largest = max(block.memory for block in result.blocks)
    if limits.memory is not None and DEARER * largest > limits.memory:
        return "memory"
    return ""


def _larger(result: FieldLevels, block: FieldBlock, top: float, share: float) -> BlockRequest:
    """A block with the functions that matter most, and a few levels more than are asked for."""
    numbers = block.grown(max(1, int(share * block.size)))
    if block.partners == 1 and result.mirror is not None:  # A1 and A2 in one block
        numbering = result.h.numbering
        numbers = np.union1d(numbers, numbering.numbers(numbering.quanta(numbers)[result.mirror]))
    count = int((block.energies <= top).sum()) + MARGIN
    return BlockRequest(block.label, block.partners, numbers, count, block, result.beyond)
