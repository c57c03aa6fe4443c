"""Levels with their error bars, on systems with exact answers and on a published surface."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration import BasisSpec, System, model, vibrational_levels

Water = Callable[..., System]

WATER = [
    1594.6586, 3151.4938, 3657.1104, 3755.8298, 4666.838, 5234.925, 5331.361, 6133.088, 6775.176,
    6871.550, 7202.142, 7249.846, 7444.667, 7536.651, 8273.822, 8373.937, 8761.727, 8806.777,
    8851.342,
]  # fmt: skip
"""cm⁻¹ above the zero-point energy 4634.7648, from an independent program with sinc functions
in symmetrised stretches, converged to 0.0005."""
HEAVY_WATER = [1178.291, 2336.622, 2670.851, 2786.730, 3474.322]


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


def test_sizes_alone_decide(oscillator: System, line: BasisSpec) -> None:
    one, other = (vibrational_levels(oscillator, [line], 4, cap=1e3) for _ in range(2))
    assert torch.equal(one.energies, other.energies)


@pytest.mark.parametrize(
    ("basis", "low", "high"), [("hermite", -7, 7), ("fourier", -9, 9), ("sinc", -8, 8)]
)
def test_every_basis_on_a_line(basis: str, low: float, high: float, oscillator: System) -> None:
    line = BasisSpec(basis, low, high, 12, points=20, primitives=61)
    found = vibrational_levels(oscillator, [line], 5, cap=1e3, convergence=False)
    # Wave functions end at 1e-10, their transforms at 1e-9.
    torch.testing.assert_close(found.energies, torch.arange(5).double() + 0.5, rtol=0, atol=1e-9)


def test_up_to_an_energy(plane: System, line: BasisSpec) -> None:
    found = vibrational_levels(plane, [line, line], energy=7.5, cap=1e3, convergence=False)
    # Shells 0 to 7 hold 36 levels: one doubling of 20.
    assert len(found.energies) == 36
    assert found.eigenpairs.coefficients.shape == (36, 256)
    assert found.excitations[-1] <= 7.5
    few = vibrational_levels(plane, [line, line], energy=0.5, cap=1e3)
    assert len(few.energies) == len(few.convergence) == 1


def test_up_to_an_energy_the_basis_does_not_reach(oscillator: System, line: BasisSpec) -> None:
    with pytest.raises(ValueError, match=r"lower half of 16 basis functions.*raise the numbers"):
        vibrational_levels(oscillator, [line], energy=9.0, cap=1e3)


@pytest.mark.parametrize("request_", [{}, {"count": 3, "energy": 1.0}])
def test_a_count_or_an_energy(request_: dict, oscillator: System, line: BasisSpec) -> None:
    with pytest.raises(ValueError, match="either a count or an energy"):
        vibrational_levels(oscillator, [line], **request_)


def test_levels_carry_no_graph(line: BasisSpec) -> None:
    """Nor where V and G are views of parameters."""
    g = torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    v = torch.ones(1, dtype=torch.float64, requires_grad=True)
    system = model(lambda q: v.expand(len(q)) if len(q) == 1 else q[:, 0] ** 2 / 2 * v, g)
    found = vibrational_levels(system, [line], 3, cap=1e3, reference=torch.zeros(1).double())
    assert not found.energies.requires_grad
    assert not found.hamiltonian.g_matrix.requires_grad
    assert not found.hamiltonian.potential.requires_grad


def test_too_many_levels(oscillator: System, line: BasisSpec) -> None:
    with pytest.raises(ValueError, match=r"17 levels.*16 basis functions"):
        vibrational_levels(oscillator, [line], 17, cap=1e3)


def test_a_surface_that_falls_beyond_its_range(line: BasisSpec) -> None:
    """The range is then not widened, and the reader is told."""

    def cliff(q: Tensor) -> Tensor:
        return torch.where(q[:, 0] > 8.01, -50.0, q[:, 0] ** 2 / 2)

    found = vibrational_levels(model(cliff, torch.eye(1).double()), [line], 3, cap=1e3)
    assert found.warnings == ("not widened, for the surface falls beyond: x at its upper end",)
    assert (found.convergence < 1e-9).all()


def test_a_surface_that_ends_at_its_range(line: BasisSpec) -> None:
    """No number beyond: no reason to give up."""

    def nothing(q: Tensor) -> Tensor:
        return torch.where(q[:, 0] < -8.01, torch.nan, q[:, 0] ** 2 / 2)

    found = vibrational_levels(model(nothing, torch.eye(1).double()), [line], 3, cap=1e3)
    assert found.warnings == ("not widened, for the surface falls beyond: x at its lower end",)


def test_a_hole_beyond_the_ranges_off_the_cuts(line: BasisSpec) -> None:
    def corner(q: Tensor) -> Tensor:
        return (q**2).sum(-1) / 2 - 500 * torch.exp(-((q - 8.7) ** 2).sum(-1) / 0.1)

    x = replace(line, functions=8, points=None)
    plane = model(corner, torch.eye(2).double())
    found = vibrational_levels(plane, [x, replace(x, name="y")], 3, cap=1e3)
    assert [w for w in found.warnings if "outside the ranges the surface has a hole" in w]
    assert found.changes[2].isnan().all()
    torch.testing.assert_close(found.convergence, found.changes[:2].sum(0))


def test_a_bend_over_the_whole_range() -> None:
    """A free rod with √det g = sin θ: levels l(l + 1)/2I."""
    inertia = 40.0
    g = torch.full((1, 1), 1 / inertia, dtype=torch.float64)
    free = System(
        lambda q: torch.zeros_like(q[:, 0]),
        lambda q: (g.expand(len(q), 1, 1), 1 / torch.tan(q)),
    )
    bend = BasisSpec("legendre", 0.0, torch.pi, 8, primitives=20, name="theta")
    near = torch.ones(1, dtype=torch.float64)
    found = vibrational_levels(free, [bend], 5, convergence=False, reference=near)
    k = torch.arange(5).double()
    # Exact by Gauss quadrature.
    torch.testing.assert_close(found.energies, k * (k + 1) / (2 * inertia), rtol=0, atol=1e-12)
    assert found.warnings == ()


def test_water(water: Water, bonds_and_angle: tuple[BasisSpec, ...]) -> None:
    found = vibrational_levels(water(), bonds_and_angle, 20)
    # What this basis is chosen for; the reference itself is good to 0.0005.
    assert found.zero_point_energy / CM1 == pytest.approx(4634.7648, abs=0.01)
    assert found.excitations[1:] / CM1 == pytest.approx(WATER, abs=0.01)
    error = (found.excitations[1:] / CM1 - torch.tensor(WATER).double()).abs()
    assert (error <= found.convergence[1:] / CM1 + 0.0015).all()  # digits of the reference
    assert found.warnings == ()
    assert found.minimum[2] == pytest.approx(104.499647 * torch.pi / 180, abs=1e-6)
    # The bottom of this surface is its zero by construction.
    assert found.minimum_energy == pytest.approx(0.0, abs=1e-12)


def test_heavy_water(water: Water, bonds_and_angle: tuple[BasisSpec, ...]) -> None:
    found = vibrational_levels(water("O", "D", "D"), bonds_and_angle, 6, convergence=False)
    assert found.zero_point_energy / CM1 == pytest.approx(3387.203, abs=0.01)
    assert found.excitations[1:] / CM1 == pytest.approx(HEAVY_WATER, abs=0.01)


def test_a_bend_that_stops_short_of_linearity_says_so(
    water: Water, bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    """Level 8851 has six quanta of bend and reaches linearity."""
    r1, r2, theta = bonds_and_angle
    short = replace(theta, basis="sinc", high=2.6)
    found = vibrational_levels(water(), [r1, r2, short], 20, convergence=False)
    assert any("theta: levels from number" in w and "upper end" in w for w in found.warnings)
    assert abs(found.excitations[19] / CM1 - WATER[-1]) > 0.1


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
