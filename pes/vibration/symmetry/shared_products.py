"""Products of a Hamiltonian with vectors of its blocks, several in one."""

import torch
from torch import Tensor

from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.blocks import symmetry_blocks

__all__ = ["shared_products"]

PURE = 1 - 1e-10
"""Part of the norm of a vector in a block from which it belongs to it."""


def shared_products(hamiltonian: Hamiltonian, vectors: Tensor) -> Tensor:
    """H times vectors (S, N), of which those of different blocks share products with it.

    A vector that belongs to no block, such as a mixture, has a product of its own.
    """
    parts = [] if hamiltonian.bends else symmetry_blocks(hamiltonian)
    ours = [(part.lower(vectors).norm(dim=1) > PURE * vectors.norm(dim=1)) for part in parts]
    if not parts or not bool(torch.stack(ours).any(0).all()):
        return hamiltonian.apply(vectors)
    numbers = [one.nonzero().flatten() for one in ours]
    total = vectors.new_zeros(max(map(len, numbers)), vectors.shape[1])
    for n in numbers:
        total[: len(n)] += vectors[n]
    product, result = hamiltonian.apply(total), torch.empty_like(vectors)
    for part, n in zip(parts, numbers, strict=True):
        result[n] = part.lift(part.lower(product[: len(n)]))
    return result
