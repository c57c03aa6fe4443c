"""Derivatives of levels against exact answers, finite differences and published numbers."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from kinetic import kinetic_energies
from torch import Tensor, nn

from pes.coordinates import Valence
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import AMU, ANGSTROM, CM1
from pes.vibration import (
    BasisSpec,
    Levels,
    System,
    clusters,
    level_derivatives,
    level_slopes,
    model,
    molecular,
    vibrational_levels,
)
from pes.vibration.analysis import quadratic_form
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.system.system import potential_in_chunks

TO_POSITIONS = Valence(0, (1, 2)).to_positions


def masses_of_water() -> Tensor:
    return Molecule(("O", "H", "H")).masses


def energies_of(system: System, found: Levels) -> Tensor:
    """Levels of another system in the same basis on the same grid."""
    h = found.hamiltonian
    ceiling = found.minimum_energy + found.cap
    v = potential_in_chunks(system, found.points).clamp(max=ceiling)
    with torch.no_grad():
        g, slope = system.kinetic(found.points)
    s = (h.basis.density_slope - slope) / 2
    matrix = Hamiltonian(h.basis, v, g, s).dense()
    return torch.linalg.eigvalsh(matrix)[: len(found.energies)]


@pytest.fixture
def tiny(bonds_and_angle: Sequence[BasisSpec]) -> list[BasisSpec]:
    """Far from converged: derivatives are exact all the same."""
    sizes = ((4, 8), (4, 8), (5, 8))
    return [
        replace(c, functions=n, points=m) for c, (n, m) in zip(bonds_and_angle, sizes, strict=True)
    ]


def test_clusters() -> None:
    energies = torch.tensor([0.0, 1.0, 1.0 + 1e-13, 1.0 + 2e-13, 2.0], dtype=torch.float64)
    assert clusters(energies) == [[0], [1, 2, 3], [4]]
    assert clusters(torch.tensor([0.0, 1e-8])) == [[0], [1]]


def test_strength_of_an_oscillator(line: BasisSpec) -> None:
    """E = √k (n + ½): dE/dk = (n + ½)/2 at k = 1, and the virial theorem k dE/dk = ⟨V⟩ = ⟨T⟩."""
    k = torch.ones((), dtype=torch.float64, requires_grad=True)
    system = model(lambda q: k * q[:, 0] ** 2 / 2, torch.eye(1).double())
    found = vibrational_levels(system, [line], 5, cap=1e3, convergence=False)
    (slope,) = level_derivatives(found, [k])
    half = (torch.arange(5).double() + 0.5) / 2
    # Converged basis.
    torch.testing.assert_close(slope, half, rtol=0, atol=1e-9)
    torch.testing.assert_close(kinetic_energies(found), half, rtol=0, atol=1e-9)


def test_inverse_mass_of_an_oscillator(line: BasisSpec) -> None:
    """Through G: dE/dG = ⟨T⟩/G."""
    g = torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    system = model(lambda q: q[:, 0] ** 2 / 2, g)
    found = vibrational_levels(system, [line], 3, cap=1e3, convergence=False)
    (slope,) = level_derivatives(found, [g])
    assert slope.shape == (3, 1, 1)
    exact = (torch.arange(3).double() + 0.5) / 2
    torch.testing.assert_close(slope.flatten(), exact, rtol=0, atol=1e-9)  # converged basis


def test_masses_and_kinetic_energy(water: Callable[..., System], tiny: list[BasisSpec]) -> None:
    """Σ m dE/dm = −⟨T⟩, whatever the basis."""
    found = vibrational_levels(water(), tiny, 4, convergence=False)
    masses = masses_of_water().requires_grad_()
    (slope,) = level_derivatives(
        found, [masses], system=molecular(WaterPJT(), TO_POSITIONS, masses)
    )
    assert slope.shape == (4, 3)
    # Both are the same quadratic form: rounding, on the scale of a level.
    torch.testing.assert_close(
        slope @ masses.detach(), -kinetic_energies(found), rtol=1e-10, atol=0
    )


def test_masses_against_differences(water: Callable[..., System], tiny: list[BasisSpec]) -> None:
    found = vibrational_levels(water(), tiny, 4, convergence=False)
    masses = masses_of_water().requires_grad_()
    (slope,) = level_derivatives(
        found, [masses], system=molecular(WaterPJT(), TO_POSITIONS, masses)
    )
    for atom in range(3):
        step = 1e-4 * masses.detach() * (torch.arange(3) == atom)
        up, down = (
            energies_of(molecular(WaterPJT(), TO_POSITIONS, masses.detach() + s), found)
            for s in (step, -step)
        )
        # (1e-4)² relative, and 1e-15/1e-4 of rounding in energies that are 0.02 to 0.06.
        torch.testing.assert_close(
            (up - down) / (2 * step[atom]), slope[:, atom], rtol=1e-6, atol=1e-13
        )


@pytest.mark.parametrize("scaled", [False, True])
def test_masses_that_move_the_atoms(scaled: bool) -> None:
    """Straight displacements, plain or scaled by 1/√m.

    With 3N − 6 coordinates √det g is the Jacobian times a function of the masses, so that its
    slope in q knows the masses only if the positions do.
    """
    reference = torch.tensor([1.81, 1.81, 1.82], dtype=torch.float64)
    centre = TO_POSITIONS(reference)
    tangents = torch.autograd.functional.jacobian(TO_POSITIONS, reference).movedim(-1, 0)
    noise = torch.randn(3, 3, 3, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    paths = tangents + 0.1 * noise

    def displaced(q: Tensor, masses: Tensor) -> Tensor:
        moved = torch.einsum("...k,kai->...ai", q, paths)
        return centre + (moved * (1800 / masses[:, None]).sqrt() if scaled else moved)

    def system(masses: Tensor) -> System:
        return molecular(WaterPJT(), displaced, masses)

    masses = masses_of_water().requires_grad_()
    line = BasisSpec("sinc", -0.4, 0.4, 4, points=7, primitives=20)
    found = vibrational_levels(system(masses.detach()), [line] * 3, 3, convergence=False)
    (slope,) = level_derivatives(found, [masses], system=system(masses))
    if not scaled:
        torch.testing.assert_close(slope @ masses.detach(), -kinetic_energies(found))
    for atom in range(3):
        step = 1e-4 * masses.detach() * (torch.arange(3) == atom)
        up, down = (energies_of(system(masses.detach() + s), found) for s in (step, -step))
        # As above.
        torch.testing.assert_close(
            (up - down) / (2 * step[atom]), slope[:, atom], rtol=1e-6, atol=1e-12
        )


def test_published_mass_derivatives(water_levels: Levels) -> None:
    masses = masses_of_water().requires_grad_()
    system = molecular(WaterPJT(), TO_POSITIONS, masses)
    (slope,) = level_derivatives(water_levels, [masses], system=system)
    together = (slope @ masses.detach()) / CM1
    # Central differences of converged levels by an independent program, cm⁻¹; this basis is
    # good to 0.003 in these levels, and their kinetic part to five times that.
    reference = [-2280.99, -3050.43, -3780.34, -4024.34, -4067.86]
    assert together.tolist() == pytest.approx(reference, abs=0.02)
    oxygen = slope[:2, 0] * AMU / CM1
    assert oxygen.tolist() == pytest.approx([-8.36679, -11.96513], abs=1e-4)
    torch.testing.assert_close(slope[0, 1], slope[0, 2])  # like atoms


def test_published_bond_length_derivatives(water_levels: Levels) -> None:
    surface = WaterPJT()
    system = molecular(surface, TO_POSITIONS, masses_of_water())
    (slope,) = level_derivatives(water_levels, [surface.r_e], system=system, states=[0, 1, 2])
    # As above; four digits.
    reference = [-791.71, -2404.21, -3900.73]
    assert (slope * ANGSTROM / CM1).tolist() == pytest.approx(reference, abs=0.1)


def test_surface_parameters_against_differences(
    water: Callable[..., System], tiny: list[BasisSpec]
) -> None:
    found = vibrational_levels(water(), tiny, 4, convergence=False)
    surface = WaterPJT()
    parameters = [surface.r_e, surface.alpha_e, surface.a]
    system = molecular(surface, TO_POSITIONS, masses_of_water())
    slopes = level_derivatives(found, parameters, system=system)
    for parameter, slope in zip(parameters, slopes, strict=True):
        ends = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                parameter += step
            ends.append(energies_of(system, found))
            with torch.no_grad():
                parameter -= step
        # h²/6 · 10 of third derivatives; 1e-15/1e-5 of rounding.
        torch.testing.assert_close((ends[0] - ends[1]) / 2e-5, slope, rtol=0, atol=1e-9)


class Network(nn.Module):
    """V = ½|q|² + a small network."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)

        def weight(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape, generator=generator, dtype=torch.float64))

        self.first, self.bias, self.last = weight(6, 2), weight(6), weight(6)

    def forward(self, q: Tensor) -> Tensor:
        hidden = torch.tanh(q @ self.first.T + self.bias)
        return (q**2).sum(-1) / 2 + 0.2 * hidden @ self.last


def test_network_weights_against_differences(line: BasisSpec) -> None:
    network = Network()
    system = model(network, torch.eye(2, dtype=torch.float64))
    short = replace(line, functions=8, points=12)
    found = vibrational_levels(system, [short, short], 5, cap=1e3, convergence=False)
    weights = list(network.parameters())
    slopes = level_derivatives(found, weights, chunk=37)
    assert [tuple(s.shape) for s in slopes] == [(5, *w.shape) for w in weights]
    for weight, slope in zip(weights, slopes, strict=True):
        direction = torch.randn(
            weight.shape, generator=torch.Generator().manual_seed(6), dtype=torch.float64
        )
        ends = []
        for step in (1e-4, -1e-4):
            with torch.no_grad():
                weight += step * direction
            ends.append(energies_of(system, found))
            with torch.no_grad():
                weight -= step * direction
        difference = (ends[0] - ends[1]) / 2e-4
        along = (slope * direction).flatten(1).sum(1)
        # h²/6 of third derivatives up to 10; 1e-14/1e-4 of rounding.
        torch.testing.assert_close(difference, along, rtol=0, atol=1e-7)


def test_chunks_and_states_change_nothing(line: BasisSpec) -> None:
    network = Network()
    short = replace(line, functions=6, points=9)
    found = vibrational_levels(model(network, torch.eye(2).double()), [short] * 2, 5, cap=1e3,
                   convergence=False)  # fmt: skip
    (whole,) = level_derivatives(found, [network.last])
    (part,) = level_derivatives(found, [network.last], states=[3, 1], chunk=20)
    torch.testing.assert_close(part, whole[[3, 1]], rtol=1e-12, atol=1e-14)


def plane_with_a_stiffer_axis(line: BasisSpec, count: int) -> tuple[Levels, Tensor, System]:
    """V = ½|q|² + κ x²/2, whose shells split into (n_x + ½)/2."""
    kappa = torch.zeros((), dtype=torch.float64, requires_grad=True)
    system = model(lambda q: ((q**2).sum(-1) + kappa * q[:, 0] ** 2) / 2, torch.eye(2).double())
    return (
        vibrational_levels(system, [line, line], count, cap=1e3, convergence=False),
        kappa,
        system,
    )


SHELLS = torch.tensor([1, 1, 3, 1, 3, 5]).double() / 4
"""(n_x + ½)/2 of the lowest three shells, ascending in each."""


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_degenerate_cluster_splits(line: BasisSpec, mode: str) -> None:
    found, kappa, _ = plane_with_a_stiffer_axis(line, 6)
    assert not found.warnings
    (slope,) = level_derivatives(found, [kappa], mode=mode)
    torch.testing.assert_close(slope, SHELLS, rtol=0, atol=1e-9)  # converged basis
    (one,) = level_derivatives(found, [kappa], states=[2], mode=mode)
    torch.testing.assert_close(one, SHELLS[2:3], rtol=0, atol=1e-9)


@pytest.mark.parametrize("solver", ["dense", "davidson"])
def test_a_cluster_cut_by_the_count_is_told_and_completed(line: BasisSpec, solver: str) -> None:
    kappa = torch.zeros((), dtype=torch.float64, requires_grad=True)
    system = model(lambda q: ((q**2).sum(-1) + kappa * q[:, 0] ** 2) / 2, torch.eye(2).double())
    for count in (2, 4, 5):
        found = vibrational_levels(
            system, [line, line], count, cap=1e3, convergence=False, solver=solver
        )
        assert any(f"level {count - 1} is degenerate" in w for w in found.warnings)
        (slope,) = level_derivatives(found, [kappa])
        torch.testing.assert_close(slope, SHELLS[:count], rtol=0, atol=1e-8)  # residuals of 2e-9


def test_along_a_direction_a_cluster_splits_as_a_whole(line: BasisSpec) -> None:
    """By κ₁ xy and κ₂ (x² − y²)/2 the pair splits by ±½ each, along both by ±1/√2."""
    kappa = torch.zeros(2, dtype=torch.float64, requires_grad=True)

    def potential(q: Tensor) -> Tensor:
        x, y = q.unbind(-1)
        return (q**2).sum(-1) / 2 + kappa[0] * x * y + kappa[1] * (x**2 - y**2) / 2

    found = vibrational_levels(model(potential, torch.eye(2).double()), [line] * 2, 3, cap=1e3,
                   convergence=False)  # fmt: skip
    pair = level_slopes(found, [kappa])
    half = torch.tensor([0.5, 0.5]).double()
    torch.testing.assert_close(pair.for_parameter(0)[1], -half, rtol=0, atol=1e-9)
    torch.testing.assert_close(pair.for_parameter(0)[2], half, rtol=0, atol=1e-9)
    both = pair.along(0, torch.ones(2))
    assert float(both[2]) == pytest.approx(0.5**0.5, abs=1e-9)
    assert float(both[1]) == pytest.approx(-(0.5**0.5), abs=1e-9)


def test_both_modes_agree_and_are_chosen_by_the_counts(
    water: Callable[..., System], tiny: list[BasisSpec]
) -> None:
    found = vibrational_levels(water(), tiny, 4, convergence=False)
    masses, surface = masses_of_water().requires_grad_(), WaterPJT()
    parameters = [masses, surface.r_e, surface.bend.requires_grad_()]
    system = molecular(surface, TO_POSITIONS, masses)
    forward, reverse = (level_derivatives(found, parameters, system=system, mode=mode)
                        for mode in ("forward", "reverse"))  # fmt: skip
    for one, other in zip(forward, reverse, strict=True):
        # The same sums in another order.
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-14)
    assert level_slopes(found, [masses], system=system).mode == "forward"
    assert level_slopes(found, [masses], system=system, states=[1]).mode == "reverse"
    assert level_slopes(found, parameters, system=system).mode == "reverse"
    with pytest.raises(ValueError, match="auto, forward or reverse"):
        level_derivatives(found, [masses], system=system, mode="sideways")


class Counted(torch.autograd.Function):
    """A factor one that counts the points that pass forwards and backwards."""

    passed = 0

    @staticmethod
    def forward(ctx: object, values: Tensor) -> Tensor:
        Counted.passed += len(values)
        return values.clone()

    @staticmethod
    def backward(ctx: object, *slopes: Tensor) -> Tensor:
        Counted.passed += len(slopes[0])
        return slopes[0].clone()


def test_all_weights_for_twenty_levels_cost_21_evaluations(line: BasisSpec) -> None:
    """One forward and a backward pass for each level; two more points find what depends on what."""
    network = Network()
    short = replace(line, functions=10, points=15)
    plain = model(network, torch.eye(2).double())
    found = vibrational_levels(plain, [short, short], 20, cap=1e3, convergence=False)
    system = replace(plain, potential=lambda q: Counted.apply(network(q)))
    Counted.passed = 0
    level_derivatives(found, list(network.parameters()), system=system, chunk=50)
    assert Counted.passed == 21 * len(found.points) + 2


def test_slabs_change_nothing(line: BasisSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    g = torch.eye(2, dtype=torch.float64, requires_grad=True)
    short = replace(line, functions=6, points=9)
    found = vibrational_levels(model(Network(), g), [short] * 2, 5, cap=1e3, convergence=False)
    (whole,) = level_derivatives(found, [g])
    energies = kinetic_energies(found)
    monkeypatch.setattr(quadratic_form, "MOST_NUMBERS", 600)  # two rows of points at a time
    assert len(list(quadratic_form.waves(found, range(5)))) == 5
    (parts,) = level_derivatives(found, [g])
    torch.testing.assert_close(parts, whole, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(kinetic_energies(found), energies, rtol=1e-12, atol=1e-14)


def test_derivative_in_the_potential_is_the_density(line: BasisSpec) -> None:
    found = vibrational_levels(
        model(lambda q: q[:, 0] ** 2 / 2, torch.eye(1).double()), [line], 3, cap=1e3,
        convergence=False,
    )  # fmt: skip
    v = found.hamiltonian.potential.clone().requires_grad_()
    system = replace(found.system, potential=lambda _: v)
    (slope,) = level_derivatives(found, [v], system=system)
    torch.testing.assert_close(slope, found.densities)


def test_points_beyond_the_cap_do_not_count(line: BasisSpec) -> None:
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    system = model(lambda q: q[:, 0] ** 2 / 2 + shift, torch.eye(1).double())
    found = vibrational_levels(system, [line], 3, cap=2.0, convergence=False)
    (slope,) = level_derivatives(found, [shift])
    below = found.hamiltonian.potential < 2.0
    torch.testing.assert_close(slope, found.densities[:, below].sum(1))


def test_parameters_that_cannot_be_differentiated(line: BasisSpec) -> None:
    k = torch.ones((), dtype=torch.float64, requires_grad=True)
    system = model(lambda q: k * q[:, 0] ** 2 / 2, torch.eye(1).double())
    found = vibrational_levels(system, [line], 2, cap=1e3, convergence=False)
    with pytest.raises(ValueError, match="parameter 1 does not require gradients"):
        level_derivatives(found, [k, torch.ones(3)])
    with pytest.raises(ValueError, match="do not depend on parameter 1"):
        level_derivatives(found, [k, torch.ones(3, requires_grad=True)])
    fixed = model(lambda q: q[:, 0] ** 2 / 2, torch.eye(1).double())
    with pytest.raises(ValueError, match="do not depend on parameter 0"):
        level_derivatives(found, [k], system=fixed)
