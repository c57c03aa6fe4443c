"""Hamiltonians on sparse grids: exact matrices, coarser grids, refusals."""

import pytest
import torch
from torch import Tensor

from pes.vibration.hamiltonian.sparse import SparseGrid, coarser, sparse_hamiltonian
from pes.vibration.system.system import System, model

OMEGA = torch.tensor([1.0, 1.4, 2.1], dtype=torch.float64)


def oscillators(coupling: float = 0.0) -> System:
    def potential(q: Tensor) -> Tensor:
        return (OMEGA * q.square()).sum(1) / 2 + coupling * q.square().prod(1)

    return model(potential, torch.diag(OMEGA))


def grid(quanta: float, level: float, weights: tuple[float, ...] | None = None) -> SparseGrid:
    return SparseGrid(("a", "b", "c"), quanta, level, weights)


@pytest.mark.parametrize("weights", [None, (1.0, 1.4, 2.1)])
def test_oscillators_are_diagonal(weights: tuple[float, ...] | None) -> None:
    # V is quadratic: the level of one more quantum, of the largest weight, integrates it.
    h = sparse_hamiltonian(oscillators(), grid(5, 5 + max(weights or (1.0,)), weights))
    exact = (h.basis.quanta(torch.arange(h.size)).double() + 0.5) @ OMEGA
    torch.testing.assert_close(h.dense(), torch.diag(exact), rtol=0, atol=1e-12)
    torch.testing.assert_close(h.zero_order_energies, exact)
    eye = torch.eye(h.size, dtype=torch.float64)
    torch.testing.assert_close(h.apply(eye), torch.diag(exact), rtol=0, atol=1e-12)


def test_coarser_is_what_is_made_from_the_start() -> None:
    system = oscillators(0.01)
    fine = sparse_hamiltonian(system, grid(6, 9))
    for size in (grid(4, 9), grid(4, 7)):
        part, whole = coarser(fine, size), sparse_hamiltonian(system, size)
        torch.testing.assert_close(part.dense(), whole.dense(), rtol=1e-14, atol=1e-14)
        torch.testing.assert_close(part.basis.points, whole.basis.points)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((6, 6.5), "take level 8 or more"),
        ((6, 8, (1.0, 1.0)), "one number for each of the 3 coordinates, got 2"),
        ((6, 8, (1.0, 1.0, 0.0)), "must be positive"),
        ((24, 26), "end at level 25"),
    ],
)
def test_sizes_that_do_not_fit(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        grid(*arguments)


def test_too_large_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pes.vibration.eigensolvers.memory.free_memory", lambda _: 10_000)
    with pytest.raises(ValueError, match=r"a sparse grid of 543 points \(level 8\) needs"):
        sparse_hamiltonian(oscillators(), grid(6, 8))
