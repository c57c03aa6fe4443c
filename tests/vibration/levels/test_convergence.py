"""Error bars of levels on systems with exact answers."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.vibration import BasisSpec, System, model, vibrational_levels


def morse(depth: float = 10.0, width: float = 0.5) -> tuple[System, Tensor]:
    """D(1 − e^{−aq})² with unit mass: ω = a√(2D), E = ω(n+½) − (a²/2)(n+½)²."""
    n = torch.arange(6).double() + 0.5
    exact = width * math.sqrt(2 * depth) * n - (width * n) ** 2 / 2
    system = model(lambda q: depth * (1 - torch.exp(-width * q[:, 0])) ** 2, torch.eye(1).double())
    return system, exact


def coupled() -> tuple[System, Tensor]:
    g = torch.tensor([[1.0, 0.2], [0.2, 0.8]], dtype=torch.float64)
    f = torch.tensor([[1.0, -0.15], [-0.15, 0.5]], dtype=torch.float64)
    omega = torch.linalg.eigvals(g @ f).real.sqrt()
    quanta = torch.cartesian_prod(*[torch.arange(9).double()] * 2) + 0.5
    system = model(lambda q: torch.einsum("pk,kl,pl->p", q, f, q) / 2, g)
    return system, (quanta @ omega).sort().values[:6]


def scale(energies: Tensor) -> Tensor:
    return torch.cat((energies[:1], energies[1:] - energies[0]))


CASES = {
    "Morse, short range": (morse, [BasisSpec("sinc", -1.9, 5.2, 14, points=20)]),
    "Morse, few functions": (morse, [BasisSpec("sinc", -2.4, 9.0, 8, points=16)]),
    "Morse, few points": (morse, [BasisSpec("sinc", -2.4, 9.0, 12, points=14)]),
    "Morse, coarse primitives": (morse, [BasisSpec("sinc", -2.2, 8.0, 14, primitives=20)]),
    "coupled, few functions": (coupled, [BasisSpec("sinc", -7, 7, 8, points=14)] * 2),
    "coupled, few points": (coupled, [BasisSpec("hermite", -6, 6, 9, points=9)] * 2),
    "coupled, Fourier": (coupled, [BasisSpec("fourier", -7, 7, 8, points=12, primitives=31)] * 2),
}


@pytest.mark.parametrize(("make", "coordinates"), CASES.values(), ids=CASES)
def test_the_estimate_bounds_the_error(
    make: Callable[[], tuple[System, Tensor]], coordinates: list[BasisSpec]
) -> None:
    system, exact = make()
    found = vibrational_levels(system, coordinates, 6, cap=1e3)
    error = (scale(found.energies) - scale(exact)).abs()
    # Below 1e-11 rounding and the search for the minimum decide.
    assert (error <= found.convergence + 1e-11).all()
    # Not by being absurdly large.
    assert found.convergence.max() < 1.0
    assert found.convergence.max() > 1e-9, "nothing was tested"


@pytest.mark.parametrize("quanta", [1, 2])
def test_too_few_quanta_for_a_smaller_run(quanta: int) -> None:
    """One function cannot hold two levels: the estimate comes from more functions."""
    system, exact = coupled()
    coordinates = [BasisSpec("sinc", -7, 7, 8, points=14)] * 2
    found = vibrational_levels(
        system, coordinates, 2, quanta=quanta, cap=1e3, convergence="smaller"
    )
    assert found.truncation.quanta == quanta + 2
    assert "cannot hold 2 levels: the levels are those of" in found.warnings[0]
    error = (scale(found.energies) - scale(exact[:2])).abs()
    assert (error <= found.convergence).all()
    assert found.changes[0].max() > 1e-4, "nothing was tested"


def test_a_basis_that_can_neither_shrink_nor_grow() -> None:
    system, _ = coupled()
    coordinates = [BasisSpec("sinc", -7, 7, 2, points=14)] * 2
    with pytest.raises(ValueError, match="of 1 functions cannot hold 3 levels, nor can the 4 grow"):
        vibrational_levels(system, coordinates, 3, cap=1e3, convergence="smaller")


def test_a_converged_run_is_exact() -> None:
    system, exact = morse()
    found = vibrational_levels(
        system, [BasisSpec("sinc", -3.0, 13.0, 24, points=40, primitives=90)], 6, cap=1e3
    )
    # ψ of level 5 (E = 8.5 of D = 10) falls as e^{−1.7 q}: 1e-9 at the end.
    torch.testing.assert_close(found.energies, exact, rtol=0, atol=1e-9)
    assert found.zero_point_energy == pytest.approx(float(exact[0]), abs=1e-9)
    assert (found.convergence < 1e-7).all()
    assert found.warnings == ()


def test_what_is_reported(oscillator: System, line: BasisSpec) -> None:
    steps: list[str] = []
    found = vibrational_levels(oscillator, [line], 4, cap=1e3, progress=steps.append)
    assert steps == ["levels", "more functions", "more points", "wider ranges"]
    assert found.bases == (line.more_functions(),)
    assert found.hamiltonian.basis.shape == (18,)
    assert found.changes.shape == (3, 4)
    torch.testing.assert_close(found.convergence, found.changes.sum(0) + found.changes[2])
    plain = vibrational_levels(oscillator, [line], 4, cap=1e3, convergence=False)
    assert plain.convergence.isnan().all()
    assert plain.changes.isnan().all()
    assert plain.bases == (line,)


def test_changes_are_those_of_four_runs() -> None:
    """Of the ground state and of the energies above it."""
    system, _ = morse()
    x = BasisSpec("sinc", -2.4, 9.0, 8, points=16, name="x")
    found = vibrational_levels(system, [x], 4, cap=1e3)
    larger = (x.more_functions(), x.more_points(), x.widened(True, True))
    base, *others = (
        scale(vibrational_levels(system, [c], 4, cap=1e3, convergence=False).energies)
        for c in (x, *larger)
    )
    changes = torch.stack([(other - base).abs() for other in others])
    # The search for the minimum, from which the cuts and the cap are counted, ends elsewhere.
    torch.testing.assert_close(found.changes, changes, rtol=1e-5, atol=1e-9)


def test_a_surface_that_falls_beyond_its_range(line: BasisSpec) -> None:
    """The range is then not widened, and the reader is told."""

    def cliff(q: Tensor) -> Tensor:
        return torch.where(q[:, 0] > 8.01, -50.0, q[:, 0] ** 2 / 2)

    found = vibrational_levels(model(cliff, torch.eye(1).double()), [line], 3, cap=1e3)
    assert found.warnings == ("not widened, because the surface falls beyond: x at its upper end",)
    assert (found.convergence < 1e-9).all()


def test_a_surface_that_ends_at_its_range(line: BasisSpec) -> None:
    """No number beyond: no reason to give up."""

    def nothing(q: Tensor) -> Tensor:
        return torch.where(q[:, 0] < -8.01, torch.nan, q[:, 0] ** 2 / 2)

    found = vibrational_levels(model(nothing, torch.eye(1).double()), [line], 3, cap=1e3)
    assert found.warnings == ("not widened, because the surface falls beyond: x at its lower end",)


def test_a_hole_beyond_the_ranges_off_the_cuts(line: BasisSpec) -> None:
    def corner(q: Tensor) -> Tensor:
        return (q**2).sum(-1) / 2 - 500 * torch.exp(-((q - 8.7) ** 2).sum(-1) / 0.1)

    x = replace(line, functions=8, points=None)
    plane = model(corner, torch.eye(2).double())
    found = vibrational_levels(plane, [x, replace(x, name="y")], 3, cap=1e3)
    assert [w for w in found.warnings if "outside the ranges the surface has a hole" in w]
    assert found.changes[2].isnan().all()
    torch.testing.assert_close(found.convergence, found.changes[:2].sum(0))


def test_pruned_levels_of_coupled_oscillators() -> None:
    """Exact: (G F) has the eigenvalues ω², E = Σ ω (v + ½); estimates must cover the error."""
    g = torch.eye(3, dtype=torch.float64)
    force = torch.tensor([[1.0, 0.1, 0.0], [0.1, 1.3, 0.1], [0.0, 0.1, 1.7]], dtype=torch.float64)
    omega = torch.linalg.eigvalsh(force).sqrt()
    quanta = torch.cartesian_prod(*[torch.arange(4.0, dtype=torch.float64)] * 3)
    exact = (quanta @ omega).sort().values[:8]
    system = model(lambda q: torch.einsum("pi,ij,pj->p", q, force, q) / 2, g)
    line = [BasisSpec("sinc", -7, 7, 9, points=14, primitives=50, name=f"q{k}") for k in range(3)]
    found = vibrational_levels(system, line, 8, cap=1e3, quanta=4)
    assert found.truncation.quanta == 6
    assert found.hamiltonian.size < found.hamiltonian.basis.products
    error = (found.excitations - exact).abs()
    # Rounding of the eigensolver apart.
    assert (error[1:] <= found.convergence[1:] + 1e-9).all()
    # Six quanta leave the levels of two quanta, weakly coupled, with errors of this size.
    assert 1e-12 < error.max() < 1e-3
    assert found.leading[0][0].tolist() == [0, 0, 0]
    assert found.leak().shape == (8, 3, 2)


def test_unknown_comparison(oscillator: System, line: BasisSpec) -> None:
    with pytest.raises(ValueError, match="larger, smaller, true or false, got 'none'"):
        vibrational_levels(oscillator, [line], 2, cap=1e3, convergence="none")


def test_a_level_that_the_run_asked_for_cannot_hold() -> None:
    """Two oscillators with ω = 1 and 0.23: four functions hold three quanta of the slow one.

    Its fourth quantum is level 4 of the larger run; by position its partner would be the first
    quantum of the fast one, 0.08 away.
    """
    ratio = 0.23
    system = model(lambda q: q[:, 0] ** 2 / 2 + ratio**2 * q[:, 1] ** 2 / 2, torch.eye(2).double())
    fast = BasisSpec("sinc", -7, 7, 8, points=14, name="fast")
    slow = BasisSpec("sinc", -14, 14, 4, points=12, primitives=40, name="slow")
    found = vibrational_levels(system, [fast, slow], 6, cap=1e3)
    torch.testing.assert_close(
        found.excitations, torch.tensor([0, 1, 2, 3, 4, 1 / ratio]).double() * ratio,
        rtol=0, atol=1e-4,
    )  # fmt: skip
    assert found.convergence.isinf().tolist() == [False] * 4 + [True, False]
    assert found.warnings[0].startswith("level 4 appears in the largest calculation only")
