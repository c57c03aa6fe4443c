"""Sum rule of the line strengths of molecules that are linear, or become so."""

from dataclasses import replace

import torch

from pes.rovibration.hamiltonian import solve
from pes.rovibration.levels import levels_of
from pes.rovibration.lines import strengths
from pes.setup.rotation.rotation import Rotation

__all__ = ["check_sum_rule"]


def check_sum_rule(rotation: Rotation) -> None:
    """Σ_f S(f ← i) over all states with J ≤ 2 and K ≤ 2 of a level with J = 1.

    Along the axis the moment leads to states of the same K alone, across it to those of K + 1 and
    K − 1 by equal parts.
    """
    basis, charges = rotation.basis, torch.tensor([0.6, -0.35, -0.25], dtype=torch.float64)
    moments = basis.moments(lambda x: torch.einsum("a,pai->pi", charges, x))
    every = {}
    for j in (0, 1, 2):
        solved = solve(basis.coupling, j)
        every[j] = replace(levels_of(basis, j), energies=solved.energies, vectors=solved.vectors)
    total = torch.stack([strengths(moments, one, every[1]).sum(0) for one in every.values()]).sum(0)
    axial = basis.coupling.axial
    assert axial is not None
    of_k = [(axial == k).to(moments) for k in range(3)]
    vectors, expected = every[1].vectors.reshape(len(axial), 3, -1), torch.zeros_like(total)
    for k, neighbours in ((0, {1: 1.0}), (1, {0: 0.5, 2: 0.5})):
        across = sum(part * of_k[other] for other, part in neighbours.items())
        squares = moments[2] * of_k[k] @ moments[2]
        squares += sum(one * across @ one for one in moments[:2])
        own = vectors * of_k[k][:, None, None]
        expected += 3 * torch.einsum("nks,nm,mks->s", own, squares, own)
    torch.testing.assert_close(total, expected, rtol=1e-9, atol=0)
