"""Energies carried over to the images of grid points: what rounds is alike, what differs is not."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from pes.vibration import SparseGrid, model
from pes.vibration.symmetry.action import images
from pes.vibration.symmetry.grid_symmetry import V_RELATIVE, V_SAME, potential_on_grid, rounding
from pes.vibration.symmetry.operation import Operation

MIRROR = Operation("x", (0, 1, 2), (True, False, False))


def rounding_badly(q: Tensor) -> Tensor:
    """q₀² and others, with terms that cancel but for 1e-8 hartree, not alike at q₀ and −q₀."""
    zero = (q[:, 0] + 0.7).square() - 1.4 * q[:, 0] - 0.49 - q[:, 0].square()
    return 0.005 * q.square().sum(1) + 3e7 * zero


def asymmetry(potential: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Differences of V between the points of a sparse grid and their images; V."""
    system = replace(model(potential, 0.01 * torch.eye(3).double()), masses=torch.ones(3).double())
    basis = SparseGrid(("q1", "q2", "q3"), 4, 5).basis(torch.full((3,), 0.01).double())
    v = potential_on_grid(system, basis, basis.points, (MIRROR,))
    return (images(basis, MIRROR)(v) - v).abs(), v


def test_rounding_is_no_lack_of_symmetry() -> None:
    moved, v = asymmetry(rounding_badly)
    assert float(moved.max()) == 0
    # Its own rounding passes what two images may differ by otherwise.
    system = model(rounding_badly, torch.eye(3).double())
    q = torch.randn(500, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    apart = (rounding_badly(q) - rounding_badly(q * torch.tensor([-1.0, 1, 1]))).abs()
    assert bool((apart > V_SAME + V_RELATIVE * float(v.max())).any())
    assert bool((apart <= 20 * rounding(system, q)).all())


def test_a_small_term_that_is_odd_is_kept() -> None:
    moved, v = asymmetry(lambda q: 0.005 * q.square().sum(1) + 1e-7 * q[:, 0] ** 3)
    assert float(moved.max()) > V_SAME + V_RELATIVE * float(v.max())
