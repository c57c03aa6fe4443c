"""The lowest levels of a Hamiltonian from those of its blocks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import ceil
from typing import TypeVar

import torch
from torch import Tensor

from pes.vibration.eigensolvers.davidson import Progress, Steps
from pes.vibration.eigensolvers.degeneracy import clusters, is_cut
from pes.vibration.eigensolvers.eigenpairs import GAP, Eigenpairs
from pes.vibration.eigensolvers.select import (
    TIGHT,
    Watch,
    chosen,
    davidson_steps,
    lowest_eigenpairs,
)
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.axial import AxialBlock, axial_blocks, level_count
from pes.vibration.symmetry.blocks import Block, symmetry_blocks

__all__ = [
    "all_blocks",
    "completed_clusters",
    "fixed_count",
    "in_step",
    "lowered",
    "lowest_blockwise",
    "merged",
]

R = TypeVar("R")

AnyBlock = Block | AxialBlock
"""Block of a Hamiltonian by symmetry."""


def all_blocks(hamiltonian: Hamiltonian) -> Sequence[AnyBlock]:
    """Blocks by symmetry; those of a linear molecule hold functions of one l alone."""
    return axial_blocks(hamiltonian) if hamiltonian.bends else symmetry_blocks(hamiltonian)


def lowest_blockwise(
    hamiltonian: Hamiltonian,
    count: int,
    *,
    solver: str = "auto",
    start: Tensor | None = None,
    tolerance: float = TIGHT,
    watch: Watch = lambda _: None,
) -> Eigenpairs:
    """The `count` lowest eigenpairs, block by block where the Hamiltonian has symmetries.

    Every block gives its lowest levels, none missed, up to one that is at least as high as the last
    of the `count` lowest of all: then no level of a block is missing among these. How many
    that takes is guessed from the zero-order energies; a block that ends too low is asked
    for more.

    Args:
        hamiltonian: N product functions.
        count: at most N.
        solver: see `lowest_eigenpairs`; `auto` goes by the size of each block.
        start: vectors near the eigenvectors, (S, N).
        tolerance: tolerance of residual norms, hartree; only the Davidson method uses it.
        watch: called after each step of the Davidson method.

    Raises:
        ValueError: if there are fewer functions than levels.
    """
    parts = all_blocks(hamiltonian)
    if not hamiltonian.bends and (len(parts) < 2 or count > hamiltonian.size):
        return lowest_eigenpairs(
            hamiltonian, count, solver=solver, start=start, tolerance=tolerance, watch=watch
        )
    available = sum(part.size for part in parts)
    if count > available:
        raise ValueError(
            f"{count} levels need more than {available} functions of l = {hamiltonian.momentum}; "
            "raise the quanta"
        )
    counts = _guess(parts, count, torch.cat([part.zero_order_energies for part in parts]))
    begin = [lowered(part, start) for part in parts]
    if start is not None and len(start) >= count:
        # As many vectors of a smaller calculation know better what each block holds.
        counts = [
            n if known is None else min(part.size, len(known) + 1)
            for part, n, known in zip(parts, counts, begin, strict=True)
        ]
    solve = partial(_solved, solver=solver, tolerance=tolerance, watch=watch)
    solutions, products = solve(parts, counts, begin)
    while short := _short(parts, solutions, count):
        counts = [min(parts[b].size, ceil(1.5 * len(solutions[b].energies)) + 1) for b in short]
        begin = [solutions[b].coefficients for b in short]
        more, again = solve([parts[b] for b in short], counts, begin)
        products += again
        for b, pairs in zip(short, more, strict=True):
            solutions[b] = pairs
    return replace(merged(parts, solutions, count), matvecs=products)


def completed_clusters(hamiltonian: Hamiltonian, pairs: Eigenpairs) -> Eigenpairs:
    """The same eigenpairs, and those that complete the highest cluster if the count cut it."""
    count = len(pairs.energies)
    while is_cut(pairs):
        enough = min(len(pairs.energies) + 2, hamiltonian.size)
        pairs = lowest_blockwise(hamiltonian, enough)
        ends = [group[-1] + 1 for group in clusters(pairs.energies)]
        pairs = pairs.first(next((end for end in ends[:-1] if end >= count), enough))
    return pairs


def fixed_count(
    hamiltonian: Hamiltonian,
    count: int,
    *,
    solver: str,
    start: Tensor | None = None,
    watch: Callable[[Progress], None] = lambda _: None,
) -> Eigenpairs:
    """So many levels, and the energy of the next, which says whether a cluster was split."""
    one_more = count + 1 if count < level_count(hamiltonian) else count
    pairs = lowest_blockwise(hamiltonian, one_more, solver=solver, start=start, watch=watch)
    return pairs.first(count)


def _solved(
    parts: Sequence[AnyBlock],
    counts: Sequence[int],
    begin: Sequence[Tensor | None],
    *,
    solver: str,
    tolerance: float,
    watch: Watch,
) -> tuple[list[Eigenpairs], int]:
    """The lowest levels of each block and how many products with H they took."""
    solutions: dict[int, Eigenpairs] = {}
    waiting: dict[int, Steps[Eigenpairs]] = {}
    report = _together(parts, counts, watch)
    for b, (part, n) in enumerate(zip(parts, counts, strict=True)):
        method = chosen(part, n, solver)
        if method == "davidson":
            waiting[b] = davidson_steps(
                part, n, start=begin[b], tolerance=tolerance, watch=partial(report, b)
            )
        else:
            solutions[b] = lowest_eigenpairs(part, n, solver=method)
    products = sum(pairs.matvecs for pairs in solutions.values())
    shared, used, on_grid = in_step(parts, waiting)
    # Blocks that have their matrix ask for nothing.
    used += sum(pairs.matvecs for b, pairs in shared.items() if b not in on_grid)
    solutions |= shared
    return [solutions[b] for b in range(len(parts))], products + used


def in_step(
    parts: Sequence[AnyBlock], waiting: dict[int, Steps[R]]
) -> tuple[dict[int, R], int, set[int]]:
    """Results of all steps, the products with H they took together, and blocks that took some.

    H does not mix blocks: the product with a sum of vectors, one of each, is the sum of theirs.
    """
    solutions: dict[int, R] = {}
    asked: dict[int, Tensor] = {}
    answers: dict[int, Tensor | None] = dict.fromkeys(waiting)
    used, on_grid = 0, set[int]()
    while answers:
        for b, answer in answers.items():
            try:
                asked[b] = next(waiting[b]) if answer is None else waiting[b].send(answer)
            except StopIteration as end:
                solutions[b] = end.value
        answers = {}
        if not asked:
            break
        whole = parts[0].whole
        total = next(iter(asked.values())).new_zeros(max(map(len, asked.values())), whole.size)
        for b, v in asked.items():
            total[: len(v)] += parts[b].lift(v)
        product = whole.apply(total)
        used += len(total)
        on_grid |= set(asked)
        answers = {b: parts[b].lower(product[: len(v)]) for b, v in asked.items()}
        asked = {}
    return solutions, used, on_grid


def _together(
    parts: Sequence[AnyBlock], counts: Sequence[int], watch: Watch
) -> Callable[[int, Progress], None]:
    """Watch of each block that passes the progress of all blocks on."""
    latest: dict[int, Progress] = {}

    def report(block: int, now: Progress) -> None:
        latest[block] = replace(now, vectors=parts[block].lift(now.vectors))
        every = latest.values()
        watch(
            Progress(
                sum(p.converged for p in every), sum(counts), max(p.residual for p in every),
                sum(p.matvecs for p in every), torch.cat([p.vectors for p in every]),
            )
        )  # fmt: skip

    return report


def _guess(parts: Sequence[AnyBlock], count: int, energies: Tensor) -> list[int]:
    """Number of levels to ask of each block: one more than it has among the lowest products."""
    highest = energies.sort().values[count - 1]
    below = [int((part.zero_order_energies <= highest).sum()) for part in parts]
    return [min(part.size, n + 1 + n // 10) for part, n in zip(parts, below, strict=True)]


def _short(parts: Sequence[AnyBlock], solutions: list[Eigenpairs], count: int) -> list[int]:
    """Blocks that may have more levels below the last one wanted."""
    energies = torch.cat([pairs.energies for pairs in solutions]).sort().values
    # Blocks that were all guessed too low may not even hold enough.
    last = float(energies[count - 1]) if len(energies) >= count else float("inf")
    return [
        b
        for b, (part, pairs) in enumerate(zip(parts, solutions, strict=True))
        if len(pairs.energies) < part.size and float(pairs.energies[-1]) < last - GAP
    ]


def merged(parts: Sequence[AnyBlock], solutions: Sequence[Eigenpairs], count: int) -> Eigenpairs:
    """The lowest eigenpairs of all blocks, by the products of the whole Hamiltonian."""
    energies, order = torch.cat([pairs.energies for pairs in solutions]).sort(stable=True)
    order = order[:count]
    lifted = [part.lift(pairs.coefficients) for part, pairs in zip(parts, solutions, strict=True)]
    names = [
        part.label for part, pairs in zip(parts, solutions, strict=True) for _ in pairs.energies
    ]
    ends = [
        float(pairs.energies[-1])
        for part, pairs in zip(parts, solutions, strict=True)
        if len(pairs.energies) < part.size
    ]
    following = float(energies[count]) if count < len(energies) else float("inf")
    return Eigenpairs(
        energies[:count],
        torch.cat(lifted)[order],
        torch.cat([pairs.residuals for pairs in solutions])[order],
        ", ".join(dict.fromkeys(pairs.solver for pairs in solutions)),
        0,
        # Beyond the end of a block nothing is known.
        following if following <= min(ends, default=float("inf")) else float("inf"),
        tuple(names[n] for n in order.tolist()),
    )


def lowered(part: AnyBlock, start: Tensor | None) -> Tensor | None:
    """Start vectors of one block: projections of the vectors that lie mostly in it."""
    if start is None or start.shape[1] != part.whole.size:
        return None
    vectors = part.lower(start.to(part.zero_order_energies))
    norms = vectors.norm(dim=1)
    ours = norms > 0.5 * start.norm(dim=1)
    return vectors[ours] / norms[ours, None] if bool(ours.any()) else None
