"""Levels that follow from those of a similar calculation, and those that it did not have."""

from dataclasses import replace

import pytest
import torch

from pes.vibration import BasisSpec, System, model, vibrational_levels
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers import following
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs, SolverError
from pes.vibration.eigensolvers.following import followed
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.matching import of_equal_numbers

COUNT = 12
LINE = BasisSpec("sinc", -8.0, 8.0, 12, points=18, primitives=60)


def oscillators(coupling: float) -> System:
    """Three oscillators, two of them with equal frequencies, and a quartic coupling."""
    squares = torch.tensor([1.0, 1.0, 1.7], dtype=torch.float64)
    return model(
        lambda q: (q**2 @ squares) / 2 + coupling * q[:, 0] ** 2 * q[:, 1] ** 2,
        torch.eye(3, dtype=torch.float64),
    )


def solved(coupling: float, *, symmetry: bool) -> tuple[Hamiltonian, Eigenpairs]:
    found = vibrational_levels(
        oscillators(coupling), [LINE] * 3, COUNT, cap=1e3, truncation=Truncation(quanta=11),
        convergence=False, symmetry=symmetry, solver="dense",
    )  # fmt: skip
    return found.hamiltonian, found.eigenpairs


@pytest.fixture(autouse=True)
def small_exact_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zero-order Hamiltonian of so few functions is exact nowhere else."""
    monkeypatch.setattr(following, "EXACT", 10)


@pytest.mark.parametrize("complete", [0, COUNT])
@pytest.mark.parametrize("symmetry", [True, False])
def test_levels_are_those_of_the_matrix(symmetry: bool, complete: int) -> None:
    h, exact = solved(0.05, symmetry=symmetry)
    _, similar = solved(0.04, symmetry=symmetry)
    near = followed(h, similar, tolerance=1e-6, complete=complete)
    # The error is the square of the residual over gaps of some tenths.
    torch.testing.assert_close(near.energies, exact.energies, rtol=0, atol=1e-10)
    # Members of degenerate pairs come in any order.
    assert sorted(near.symmetry) == sorted(exact.symmetry)
    assert bool((near.residuals <= 1e-6).all())
    assert 0 < near.matvecs < h.size


@pytest.mark.parametrize("symmetry", [True, False])
def test_eigenpairs_in_some_products_are_the_zero_order(
    symmetry: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States of the calculation with fewer products take the place of a matrix of its own."""
    h, exact = solved(0.05, symmetry=symmetry)
    few = vibrational_levels(
        oscillators(0.05), [LINE] * 3, COUNT, cap=1e3, truncation=Truncation(quanta=7),
        convergence=False, symmetry=symmetry, solver="dense",
    ).hamiltonian  # fmt: skip
    every = lowest_blockwise(few, few.size)
    vectors = of_equal_numbers(few.basis, every, h.basis, COUNT)
    assert vectors is not None
    inner = replace(every, coefficients=vectors)
    start = without(inner.first(COUNT), 4)
    if not symmetry:  # of eight blocks some are too small for it
        monkeypatch.delattr(following, "exact_below")
    near = followed(h, start, tolerance=1e-6, complete=COUNT - 1, inner=inner)
    torch.testing.assert_close(near.energies, exact.energies[:-1], rtol=0, atol=1e-10)


def test_known_levels_that_come_slowly_take_an_exact_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Energies of products are a poor zero order where functions are strongly coupled."""
    h, exact = solved(0.05, symmetry=False)
    _, similar = solved(0.04, symmetry=False)
    monkeypatch.setattr(following, "QUICK", 0)
    monkeypatch.setattr(following, "EXACT", 30)
    near = followed(h, similar, tolerance=1e-6, complete=0)
    torch.testing.assert_close(near.energies, exact.energies, rtol=0, atol=1e-10)
    assert 0 < near.matvecs < h.size


def without(pairs: Eigenpairs, lost: int) -> Eigenpairs:
    """All levels but one."""
    return pairs.only((torch.arange(len(pairs.energies)) != lost).nonzero().flatten())


@pytest.mark.parametrize("symmetry", [True, False])
def test_a_level_that_was_not_there_is_searched_for(symmetry: bool) -> None:
    h, exact = solved(0.05, symmetry=symmetry)
    start = without(exact, 4)
    whole = followed(h, start, tolerance=1e-6, complete=COUNT - 1)
    torch.testing.assert_close(whole.energies, exact.energies[:-1], rtol=0, atol=1e-10)


def test_levels_of_a_block_without_start_vectors() -> None:
    """The start holds one representation alone: the others are searched for."""
    h, exact = solved(0.05, symmetry=True)
    even = [n for n, name in enumerate(exact.symmetry) if name == exact.symmetry[0]]
    whole = followed(h, exact.only(torch.tensor(even)), tolerance=1e-6, complete=len(even))
    torch.testing.assert_close(whole.energies, exact.energies[: len(even)], rtol=0, atol=1e-10)


def test_levels_that_do_not_converge_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST", 1)
    monkeypatch.setattr(following, "QUICK", 0)
    h, _ = solved(0.05, symmetry=False)
    _, similar = solved(0.0, symmetry=False)
    with pytest.raises(SolverError, match=r"only \d+ of 12 levels followed"):
        followed(h, similar, tolerance=1e-9, complete=0)
