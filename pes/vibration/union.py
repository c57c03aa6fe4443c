"""The lowest levels of a Hamiltonian from those of its blocks."""

from dataclasses import replace
from math import ceil

import torch
from torch import Tensor

from pes.vibration import eigensolver
from pes.vibration.blocks import Block, blocks
from pes.vibration.eigensolver import GAP, Eigenpairs, Watch
from pes.vibration.hamiltonian import Hamiltonian

__all__ = ["lowest"]


def lowest(
    hamiltonian: Hamiltonian,
    count: int,
    *,
    solver: str = "auto",
    start: Tensor | None = None,
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
        solver: see `eigensolver.lowest`; `auto` goes by the size of each block.
        start: vectors near those wanted, (S, N).
        watch: called after each step of the Davidson method.
    """
    parts = blocks(hamiltonian)
    if len(parts) < 2 or count > hamiltonian.size:
        return eigensolver.lowest(hamiltonian, count, solver=solver, start=start, watch=watch)

    def solve(part: Block, count: int, *, start: Tensor | None) -> Eigenpairs:
        return eigensolver.lowest(
            part, count, solver=solver, start=start,
            watch=lambda now: watch(replace(now, vectors=part.lift(now.vectors))),
        )  # fmt: skip

    wanted = _guess(parts, count, hamiltonian.zero_order_energies)
    found = [
        solve(part, n, start=_lowered(part, start)) for part, n in zip(parts, wanted, strict=True)
    ]
    while short := _short(parts, found, count):
        for b in short:
            more = min(parts[b].size, ceil(1.5 * len(found[b].energies)) + 1)
            found[b] = solve(parts[b], more, start=found[b].coefficients)
    return _merged(parts, found, count)


def _guess(parts: list[Block], count: int, energies: Tensor) -> list[int]:
    """One more than each block has among the lowest products."""
    highest = energies.sort().values[count - 1]
    below = [int((part.zero_order_energies <= highest).sum()) for part in parts]
    return [min(part.size, n + 1 + n // 10) for part, n in zip(parts, below, strict=True)]


def _short(parts: list[Block], found: list[Eigenpairs], count: int) -> list[int]:
    """Blocks that may have more levels below the last one wanted."""
    energies = torch.cat([pairs.energies for pairs in found]).sort().values
    # Blocks that were all guessed too low may not even hold enough.
    last = float(energies[count - 1]) if len(energies) >= count else float("inf")
    return [
        b
        for b, (part, pairs) in enumerate(zip(parts, found, strict=True))
        if len(pairs.energies) < part.size and float(pairs.energies[-1]) < last - GAP
    ]


def _merged(parts: list[Block], found: list[Eigenpairs], count: int) -> Eigenpairs:
    energies, order = torch.cat([pairs.energies for pairs in found]).sort(stable=True)
    order = order[:count]
    lifted = [part.lift(pairs.coefficients) for part, pairs in zip(parts, found, strict=True)]
    names = [part.label for part, pairs in zip(parts, found, strict=True) for _ in pairs.energies]
    ends = [
        float(pairs.energies[-1])
        for part, pairs in zip(parts, found, strict=True)
        if len(pairs.energies) < part.size
    ]
    following = float(energies[count]) if count < len(energies) else float("inf")
    return Eigenpairs(
        energies[:count],
        torch.cat(lifted)[order],
        torch.cat([pairs.residuals for pairs in found])[order],
        ", ".join(dict.fromkeys(pairs.solver for pairs in found)),
        sum(pairs.products for pairs in found),
        # Beyond the end of a block nothing is known.
        following if following <= min(ends, default=float("inf")) else float("inf"),
        tuple(names[n] for n in order.tolist()),
    )


def _lowered(part: Block, start: Tensor | None) -> Tensor | None:
    """Those of the vectors that belong to a block."""
    if start is None or start.shape[1] != part.whole.size:
        return None
    vectors = part.lower(start.to(part.potential))
    norms = vectors.norm(dim=1)
    ours = norms > 0.5 * start.norm(dim=1)
    return vectors[ours] / norms[ours, None] if bool(ours.any()) else None
