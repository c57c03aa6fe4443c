"""One contract for every solver: the same levels, all of them, in order."""

import numpy as np
import pytest
import torch

from pes.vibration import BasisSpec, System, model
from pes.vibration.eigensolvers import arpack, memory, select
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs, SolverError
from pes.vibration.eigensolvers.select import SOLVERS, by_davidson, lowest_eigenpairs
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian

every_solver = pytest.mark.parametrize("solver", SOLVERS)


def matrix_of(system: System, functions: int, modes: int) -> Hamiltonian:
    line = BasisSpec("sinc", -8.0, 8.0, functions, points=functions + 6, primitives=60)
    return build_hamiltonian(system, [line] * modes, torch.zeros(modes).double(), ceiling=1e3)


@pytest.fixture(scope="module")
def plane() -> Hamiltonian:
    """Degenerate levels 1, 2, 2, 3, 3, 3, …"""
    system = model(lambda q: (q**2).sum(-1) / 2, torch.eye(2, dtype=torch.float64))
    return matrix_of(system, 18, 2)


@pytest.fixture(scope="module")
def coupled() -> Hamiltonian:
    """Two quartic oscillators without symmetry."""
    g = torch.tensor([[1.0, 0.2], [0.2, 0.7]], dtype=torch.float64)

    def potential(q: torch.Tensor) -> torch.Tensor:
        x, y = q.unbind(-1)
        return x**2 / 2 + 0.6 * y**2 + 0.05 * x**2 * y + 0.02 * (x**4 + y**4)

    return matrix_of(model(potential, g), 14, 2)


@every_solver
def test_contract(solver: str, coupled: Hamiltonian) -> None:
    pairs = lowest_eigenpairs(coupled, 8, solver=solver)
    c = pairs.coefficients
    exact = torch.linalg.eigvalsh(coupled.dense())[:8]
    # Davidson stops at residuals of 2e-9; the error of an eigenvalue is of second order in it.
    torch.testing.assert_close(pairs.energies, exact, rtol=0, atol=1e-11)
    assert (pairs.energies.diff() > 0).all()
    torch.testing.assert_close(c @ c.T, torch.eye(8).double(), rtol=0, atol=1e-11)
    true = (coupled.apply(c) - pairs.energies[:, None] * c).norm(dim=1)
    assert (true < 1e-8).all()
    assert (pairs.residuals < 1e-8).all()
    assert pairs.solver == solver
    assert (pairs.matvecs > 0) == (solver == "davidson")


@every_solver
@pytest.mark.parametrize("count", [1, 4, 10, 15])
def test_no_degenerate_level_is_missed(solver: str, count: int, plane: Hamiltonian) -> None:
    """15 levels are five shells; 4 and 10 cut through or end a shell."""
    exact = torch.repeat_interleave(torch.arange(1, 6), torch.arange(1, 6))[:count]
    pairs = lowest_eigenpairs(plane, count, solver=solver)
    # 18 functions hold the five lowest shells to 1e-10.
    torch.testing.assert_close(pairs.energies, exact.double(), rtol=0, atol=1e-9)


@every_solver
def test_the_same_every_time(solver: str, plane: Hamiltonian) -> None:
    one, other = (lowest_eigenpairs(plane, 6, solver=solver) for _ in range(2))
    assert torch.equal(one.coefficients, other.coefficients)


@every_solver
def test_every_level_of_a_small_basis(solver: str) -> None:
    h = matrix_of(model(lambda q: q[:, 0] ** 2 / 2, torch.eye(1).double()), 4, 1)
    pairs = lowest_eigenpairs(h, 4, solver=solver)
    assert pairs.solver == "dense"
    # Four functions of the oscillator itself: exact.
    torch.testing.assert_close(pairs.energies, torch.arange(4).double() + 0.5, rtol=0, atol=1e-10)


def test_a_missed_state_is_found(plane: Hamiltonian, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shells 1, 2, 2, 3, 3, 3; Lanczos leaves out one state of the two lower ones."""
    energies, vectors = np.linalg.eigh(plane.dense().numpy())
    for missing in range(3):
        kept = [n for n in range(7) if n != missing]
        found = energies[kept], vectors[:, kept]
        monkeypatch.setattr(arpack, "eigsh", lambda *_, found=found, **__: found)
        pairs = lowest_eigenpairs(plane, 6, solver="shift_invert")
        torch.testing.assert_close(pairs.energies, torch.from_numpy(energies[:6]))


@pytest.mark.parametrize("count", [0, -1, 197])
def test_more_levels_than_functions(count: int, coupled: Hamiltonian) -> None:
    with pytest.raises(ValueError, match=f"{count} levels.*196 basis functions"):
        lowest_eigenpairs(coupled, count)


def test_unknown_solver(coupled: Hamiltonian) -> None:
    with pytest.raises(ValueError, match="'jacobi' is not one of auto, dense, shift_invert"):
        lowest_eigenpairs(coupled, 1, solver="jacobi")


def test_a_solver_of_earlier_versions(coupled: Hamiltonian) -> None:
    with pytest.raises(ValueError, match="'iterative' was removed; use 'davidson' instead"):
        lowest_eigenpairs(coupled, 1, solver="iterative")


def test_auto_takes_what_fits(coupled: Hamiltonian, plane: Hamiltonian) -> None:
    assert lowest_eigenpairs(coupled, 3).solver == "dense"
    assert lowest_eigenpairs(plane, 3).solver == "shift_invert"
    assert lowest_eigenpairs(plane, 100).solver == "dense"


def test_no_convergence_is_named(coupled: Hamiltonian, monkeypatch: pytest.MonkeyPatch) -> None:
    # A small zero-order block, or the first step would be exact.
    monkeypatch.setattr(select, "BLOCK", 20)
    with pytest.raises(RuntimeError, match=r"of 3 levels converged after \d+ products"):
        by_davidson(coupled, 3, most=12)


def test_davidson_goes_on_from_earlier_vectors(
    coupled: Hamiltonian, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "BLOCK", 20)
    steps: list[Progress] = []
    once = by_davidson(coupled, 6, watch=steps.append)
    assert steps[-1].converged == steps[-1].requested == 6
    assert [s.matvecs for s in steps] == sorted(s.matvecs for s in steps)
    again = by_davidson(coupled, 6, start=steps[-2].vectors)
    assert again.matvecs < once.matvecs
    torch.testing.assert_close(again.energies, once.energies, rtol=0, atol=1e-11)


def test_davidson_by_products_alone(coupled: Hamiltonian, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = torch.linalg.eigvalsh(coupled.dense())[:8]
    monkeypatch.setattr(select, "BLOCK", 20)
    for pays in (True, False):
        monkeypatch.setattr(select, "matrix_pays", lambda h, pays=pays: pays)
        pairs = by_davidson(coupled, 8)
        # Residuals below 2e-9 leave their squares.
        torch.testing.assert_close(pairs.energies, exact, rtol=0, atol=1e-11)


def test_davidson_that_does_not_converge(coupled: Hamiltonian) -> None:
    with pytest.raises(SolverError, match=r"only \d+ of 8 levels converged after \d+ products"):
        by_davidson(coupled, 8, most=1, tolerance=1e-14)


def test_a_matrix_that_does_not_fit(coupled: Hamiltonian, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda device: 2**10)
    assert not memory.matrix_pays(coupled)
    with pytest.raises(ValueError, match=r"196 functions and its factors need .* are free"):
        lowest_eigenpairs(coupled, 3, solver="dense")
    with pytest.raises(ValueError, match=r"grid of 9 x 8 points needs .* lower the points"):
        memory.check_grid([9, 8], device=torch.device("cpu"))


def test_the_lowest_of_them() -> None:
    pairs = Eigenpairs(torch.arange(3.0), torch.eye(3), torch.zeros(3), "dense")
    assert torch.equal(pairs.first(2).energies, torch.arange(2.0))
    assert pairs.first(2).coefficients.shape == (2, 3)
    assert pairs.first(2).residuals.shape == (2,)
