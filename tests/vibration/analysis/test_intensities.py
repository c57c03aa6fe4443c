"""Transition moments in the Eckart frame."""

from math import pi, sqrt

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import AMU, CM1, DEBYE
from pes.vibration import (
    BasisSpec,
    Levels,
    System,
    eckart_frame,
    molecular,
    stick_spectrum,
    vibrational_levels,
)
from pes.vibration.analysis.intensities import BOLTZMANN_CM1, KM_PER_MOL

CHARGES = torch.tensor([-0.66, 0.33, 0.33], dtype=torch.float64)


def point_charges(positions: Tensor) -> Tensor:
    return torch.einsum("a,pai->pi", CHARGES, positions)


def water_masses() -> Tensor:
    return Molecule(("O", "H", "H")).masses


@pytest.fixture(scope="module")
def bond() -> tuple[Levels, Tensor, float]:
    """An atom of charge 0.4 on a spring to a neutral one; reduced mass, ω = 0.01 hartree."""
    masses = torch.tensor([1.0, 4.0], dtype=torch.float64) * AMU
    reduced, omega = float(masses[0] * masses[1] / masses.sum()), 0.01
    g = torch.full((1, 1), 1 / reduced, dtype=torch.float64)

    def positions(q: Tensor) -> Tensor:
        zero = torch.zeros_like(q)
        return torch.stack((torch.cat((q, zero, zero), 1), torch.cat((zero, zero, zero), 1)), 1)

    system = System(
        lambda q: reduced * omega**2 * (q[:, 0] - 2) ** 2 / 2,
        lambda q: (g.expand(len(q), 1, 1), torch.zeros_like(q)),
        positions,
    )
    r = BasisSpec("sinc", 0.5, 3.5, 14, points=20, primitives=50, name="r")
    return vibrational_levels(system, [r], 4, cap=1e3, convergence=False), masses, omega


def charged(positions: Tensor) -> Tensor:
    """Measured from the other atom, as a dipole of a neutral pair would be."""
    return 0.4 * (positions[:, 0] - positions[:, 1])


def test_constants() -> None:
    """From the 2018 adjustment, written out: N_A, h, k_B and c exact, ε₀ measured."""
    n_a, h, k_b, c, eps = 6.02214076e23, 6.62607015e-34, 1.380649e-23, 299792458.0, 8.8541878128e-12
    debye = 1e-21 / c
    # m/mol for a wave number in 1/m and a moment in C·m; then 1/cm, D, km.
    per_mole = 8 * pi**3 * n_a / (3 * h * c * 4 * pi * eps)
    assert pytest.approx(per_mole * 100 * debye**2 / 1000, rel=1e-9) == KM_PER_MOL
    assert pytest.approx(2.5066, abs=5e-5) == KM_PER_MOL
    assert pytest.approx(k_b / (h * c * 100), rel=1e-9) == BOLTZMANN_CM1


def test_moment_and_intensity_of_an_oscillator(bond: tuple[Levels, Tensor, float]) -> None:
    """⟨1|μ|0⟩ = e√(1/2μω), and only Δn = 1 is seen."""
    found, masses, omega = bond
    sticks = stick_spectrum(found, charged, masses, temperature=0.0)
    reduced = float(masses[0] * masses[1] / masses.sum())
    moment = 0.4 * sqrt(1 / (2 * reduced * omega)) / DEBYE
    first = int(((sticks.lower == 0) & (sticks.upper == 1)).nonzero()[0])
    # Converged basis.
    assert float(sticks.moments[first].norm()) == pytest.approx(moment, rel=1e-8)
    assert float(sticks.wavenumbers[first]) == pytest.approx(omega / CM1, rel=1e-9)
    wanted = KM_PER_MOL * omega / CM1 * moment**2
    assert float(sticks.intensities[first]) == pytest.approx(wanted, rel=1e-8)
    assert float(sticks.intensities.sum()) == pytest.approx(wanted, rel=1e-8)
    # ⟨2|μ|1⟩ = √2 ⟨1|μ|0⟩
    hot = int(((sticks.lower == 1) & (sticks.upper == 2)).nonzero()[0])
    assert float(sticks.moments[hot].norm()) == pytest.approx(sqrt(2) * moment, rel=1e-7)


def test_populations(bond: tuple[Levels, Tensor, float]) -> None:
    found, masses, _ = bond
    temperature = 2000.0
    sticks = stick_spectrum(found, charged, masses, temperature=temperature)
    cold = stick_spectrum(found, charged, masses, temperature=0.0)
    energies = found.excitations / CM1
    weight = torch.exp(-energies / (BOLTZMANN_CM1 * temperature))
    weight = weight / weight.sum()
    first = int(((sticks.lower == 0) & (sticks.upper == 1)).nonzero()[0])
    # Absorption less stimulated emission.
    ratio = sticks.intensities[first] / cold.intensities[first]
    torch.testing.assert_close(ratio, weight[0] - weight[1])
    assert sticks.temperature == temperature
    assert (sticks.wavenumbers.diff() >= 0).all()


def test_a_temperature_below_zero(bond: tuple[Levels, Tensor, float]) -> None:
    with pytest.raises(ValueError, match="temperature must not be negative, got -1"):
        stick_spectrum(bond[0], charged, bond[1], temperature=-1.0)


def test_a_dipole_of_the_wrong_shape(bond: tuple[Levels, Tensor, float]) -> None:
    with pytest.raises(ValueError, match=r"returned shape \(20,\).*shape \(20, 3\)"):
        stick_spectrum(bond[0], lambda x: x[:, 0, 0], bond[1])


def test_a_model_has_no_dipole(oscillator: System, line: BasisSpec) -> None:
    found = vibrational_levels(oscillator, [line], 2, cap=1e3, convergence=False)
    with pytest.raises(ValueError, match="no dipole moment"):
        stick_spectrum(found, charged, torch.ones(2).double())


def test_sum_rule(water_levels: Levels) -> None:
    """Σ_n |⟨n|μ|0⟩|² ≤ ⟨0|μ²|0⟩, nearly exhausted by the lowest levels."""
    masses = water_masses()
    sticks = stick_spectrum(water_levels, point_charges, masses, temperature=0.0)
    seen = (sticks.moments[sticks.lower == 0] ** 2).sum()
    assert water_levels.system.positions is not None
    reference = water_levels.system.positions(water_levels.minimum[None])[0]
    mu = point_charges(eckart_frame(water_levels.positions, reference, masses)) / DEBYE
    elements = water_levels.matrix_elements(mu)
    everything = (water_levels.densities[0] @ mu**2).sum()
    seen = seen + (elements[0, 0] ** 2).sum()
    assert seen < everything
    # Five of all levels, among them the three fundamentals.
    assert seen > 0.999 * everything


def test_symmetry_of_water(water_levels: Levels) -> None:
    """ν₁ and ν₂ move the dipole along the axis of symmetry, ν₃ across it, none out of plane."""
    masses = water_masses()
    reference = torch.tensor(
        [[0.0, 0.0, 0.0], [1.43, 0.0, 1.11], [-1.43, 0.0, 1.11]], dtype=torch.float64
    )
    sticks = stick_spectrum(
        water_levels, point_charges, masses, temperature=0.0, reference=reference
    )
    size = {
        int(n): sticks.moments[(sticks.lower == 0) & (sticks.upper == n)][0].abs()
        for n in (1, 3, 4)
    }
    for n, axis in ((1, 2), (3, 2), (4, 0)):
        others = [k for k in range(3) if k != axis]
        # By symmetry, to the accuracy with which the grid has it.
        assert size[n][others].max() < 1e-6 * size[n][axis]
        assert size[n][axis] > 1e-3


def test_orientation_does_not_matter(
    water_levels: Levels, bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    """`to_positions` may put the molecule anywhere and turn it with q."""
    valence = Valence(0, (1, 2))

    def turned(q: Tensor, masses: Tensor) -> Tensor:
        zero = torch.zeros_like(q[..., 0])
        a, b, c = q[..., 0], q[..., 1] ** 2, q[..., 2].cos()
        rows = [torch.stack(r, -1) for r in ((zero, -c, b), (c, zero, -a), (-b, a, zero))]
        rotation = torch.matrix_exp(torch.stack(rows, -2))
        return valence.to_positions(q) @ rotation.mT + q[..., None, :]

    masses = water_masses()
    system = molecular(WaterPJT(), turned, masses)
    found = vibrational_levels(system, bonds_and_angle, 5, convergence=False)
    # Rounding of G, 1e-13 relative, times 1/sin²θ near linearity.
    torch.testing.assert_close(found.energies, water_levels.energies, rtol=0, atol=1e-11)
    plain = stick_spectrum(water_levels, point_charges, masses)
    other = stick_spectrum(found, point_charges, masses)
    torch.testing.assert_close(
        other.intensities, plain.intensities, rtol=1e-6, atol=1e-9
    )  # eigenvectors carry the square root of the rounding


def test_without_the_frame_it_would_matter(water_levels: Levels) -> None:
    """The valence frame itself (bond along x) gives another ν₂: the test above can fail."""
    masses = water_masses()
    right = stick_spectrum(water_levels, point_charges, masses, temperature=0.0)
    wrong = water_levels.matrix_elements(point_charges(water_levels.positions)) / DEBYE
    bend = right.moments[(right.lower == 0) & (right.upper == 1)][0].norm()
    assert abs(wrong[0, 1].norm() - bend) > 0.02 * bend


PLANAR = torch.tensor([[0.0, 0.0, 0.1], [1.43, 0.0, 1.11], [-1.43, 0.0, 1.11]], dtype=torch.float64)
LINEAR = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.8], [0.0, 0.0, -2.1]], dtype=torch.float64)
SPATIAL = torch.tensor(
    [[0.0, 0.0, 0.0], [1.2, 0.3, 0.1], [-0.5, 1.1, 0.2], [0.1, -0.4, 1.7]], dtype=torch.float64
)
every_reference = pytest.mark.parametrize(
    "reference", [PLANAR, LINEAR, SPATIAL], ids=["planar", "linear", "spatial"]
)


def scattered(reference: Tensor, count: int = 6, size: float = 0.3) -> Tensor:
    """Distorted, turned and displaced copies."""
    generator = torch.Generator().manual_seed(7)

    def noise(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    turn = torch.linalg.qr(noise(count, 3, 3)).Q
    turn = turn * torch.linalg.det(turn).sign()[:, None, None]
    return (reference + size * noise(count, *reference.shape)) @ turn + noise(count, 1, 3)


def weights(count: int) -> Tensor:
    return torch.tensor([16.0, 1.0, 2.0, 12.0], dtype=torch.float64)[:count]


@every_reference
def test_eckart_condition(reference: Tensor) -> None:
    masses = weights(len(reference))
    x = eckart_frame(scattered(reference), reference, masses)
    centre = (masses[:, None] * x).sum(1)
    c = reference - (masses[:, None] * reference).sum(0) / masses.sum()
    torque = torch.linalg.cross((masses[:, None] * c).expand_as(x), x).sum(1)
    assert centre.abs().max() < 1e-12
    # Rounding of sums of 30 u·bohr².
    assert torque.abs().max() < 1e-12


@every_reference
def test_eckart_frame_is_a_proper_rotation(reference: Tensor) -> None:
    masses = weights(len(reference))
    before = scattered(reference)
    after = eckart_frame(before, reference, masses)
    torch.testing.assert_close(torch.cdist(after, after), torch.cdist(before, before))
    if len(reference) == 4:
        volume = [torch.linalg.det(x[:, 1:] - x[:, :1]) for x in (before, after)]
        torch.testing.assert_close(*volume)
    near = eckart_frame(scattered(reference, size=0.01), reference, masses)
    c = reference - (masses[:, None] * reference).sum(0) / masses.sum()
    assert (near - c).abs().max() < 0.1


@every_reference
def test_eckart_frame_stays_where_it_is(reference: Tensor) -> None:
    masses = weights(len(reference))
    once = eckart_frame(scattered(reference), reference, masses)
    twice = eckart_frame(once, reference, masses)
    torch.testing.assert_close(twice, once, rtol=0, atol=1e-12)


def test_a_mirror_image_is_not_turned_inside_out() -> None:
    masses = weights(4)
    mirrored = SPATIAL * torch.tensor([1.0, 1.0, -1.0])
    after = eckart_frame(mirrored[None], SPATIAL, masses)[0]
    before, now = (torch.linalg.det(x[1:] - x[0]) for x in (mirrored, after))
    torch.testing.assert_close(now, before)


def test_linear_reference_turns_as_little_as_possible() -> None:
    """A bent molecule keeps its plane; one that lies the wrong way round is turned over."""
    masses = weights(3)
    bent = LINEAR + torch.tensor([[0.0, 0.3, 0.0], [0.0, -0.2, 0.0], [0.0, -0.4, 0.0]])
    (kept,) = eckart_frame(bent[None], LINEAR, masses)
    assert kept[:, 0].abs().max() < 1e-14
    assert kept[0, 1] > 0
    over = eckart_frame(LINEAR.flip(-1)[None] * -1, LINEAR, masses)
    back = eckart_frame(-LINEAR[None], LINEAR, masses)
    for found in (over, back):
        c = LINEAR - (masses[:, None] * LINEAR).sum(0) / masses.sum()
        torch.testing.assert_close(found[0], c, rtol=0, atol=1e-12)
