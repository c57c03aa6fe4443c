"""Normal modes against closed forms and the mass-weighted Hessian itself."""

import numpy as np
import pytest
import torch
from torch import Tensor

from pes.coordinates import NormalModes, Valence, hessian, normal_modes
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import CM1
from pes.vibration import BasisSpec, molecular, vibrational_levels
from pes.vibration.system.kinetic import kinetic

K, K_CROSS, K_BEND, LENGTH = 1.0, 0.08, 0.2, 2.2
LINE = torch.tensor([[0.0, 0, 0], [LENGTH, 0, 0], [-LENGTH, 0, 0]], dtype=torch.float64)


def carbon_dioxide(x: Tensor) -> Tensor:
    """½k(d₁² + d₂²) + k′d₁d₂ + k_δ(1 + cos α), atoms C, O, O."""
    a, b = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
    d1, d2 = a.norm(dim=-1) - LENGTH, b.norm(dim=-1) - LENGTH
    cosine = (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))
    return K * (d1**2 + d2**2) / 2 + K_CROSS * d1 * d2 + K_BEND * (1 + cosine)


def in_numpy(surface) -> object:
    def potential(x: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.from_numpy(np.array(surface(x).numpy()))

    return potential


@pytest.fixture
def water() -> tuple[WaterPJT, Tensor, Tensor]:
    surface = WaterPJT()
    # Beside the minimum by rounding: at cos α = cos α_e its powers have no second derivative.
    q = torch.stack((surface.r_e, surface.r_e, surface.alpha_e + 1e-12)).detach()
    return surface, Valence().to_positions(q), Molecule(("O", "H", "H")).masses


def modes_of(surface, reference: Tensor, masses: Tensor) -> NormalModes:
    return normal_modes(reference, hessian(surface, reference), masses)


def test_water_against_the_mass_weighted_hessian(water: tuple) -> None:
    surface, reference, masses = water
    modes = modes_of(surface, reference, masses)
    root = masses.repeat_interleave(3).sqrt()
    squares = torch.linalg.eigvalsh(hessian(surface, reference) / (root[:, None] * root))
    # Six of nine are translations and rotations: zero to rounding at a minimum.
    assert squares[:6].abs().max() < 1e-10 * squares[-1]
    torch.testing.assert_close(modes.frequencies, squares[6:].sqrt(), rtol=1e-9, atol=0)


def test_water_against_gf(water: tuple) -> None:
    """Wilson's GF in valence coordinates: another route to the same wavenumbers."""
    surface, reference, masses = water
    valence = Valence()
    q = valence.from_positions(reference)
    g, _ = kinetic(valence.to_positions, q[None], masses)
    f = torch.autograd.functional.hessian(lambda q: surface(valence.to_positions(q)[None]).sum(), q)
    root = torch.linalg.cholesky(g[0])
    expected = torch.linalg.eigvalsh(root.mT @ f @ root).sqrt()
    found = modes_of(surface, reference, masses).frequencies
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=0)  # rounding
    # Harmonic wavenumbers of water: 1649, 3832, 3943 (W. S. Benedict, N. Gailar,
    # E. K. Plyler, J. Chem. Phys. 24, 1139 (1956), doi:10.1063/1.1742731), known to 1 %.
    observed = torch.tensor([1649.0, 3832.0, 3943.0], dtype=torch.float64)
    torch.testing.assert_close(found / CM1, observed, rtol=0.01, atol=0)


def test_a_numpy_surface(water: tuple) -> None:
    surface, reference, masses = water
    exact = hessian(surface, reference)
    found = hessian(in_numpy(surface), reference)  # type: ignore[arg-type]
    # Fourth order in a step of 0.01: 1e-8 times sixth derivatives of order 10.
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-6)
    found_modes = normal_modes(reference, found, masses)
    exact_modes = normal_modes(reference, exact, masses)
    wavenumbers = (found_modes.frequencies - exact_modes.frequencies) / CM1
    assert wavenumbers.abs().max() < 0.01


def test_where_torch_knows_no_second_derivative(water: tuple) -> None:
    """x⁰ written as a power of tensors: no number at x = 0, though the surface is smooth."""
    _, reference, _ = water

    def surface(x: Tensor) -> Tensor:
        powers = (x - reference)[..., None] ** torch.tensor([0.0, 2.0], dtype=torch.float64)
        return powers.sum((-3, -2, -1)) / 2

    # Differences of a parabola are exact; rounding 1e-15/h².
    expected = torch.eye(9, dtype=torch.float64)
    torch.testing.assert_close(hessian(surface, reference), expected, rtol=0, atol=1e-9)


def test_a_surface_of_cdist_has_no_second_derivative_in_torch(water: tuple) -> None:
    _, x, _ = water

    def springs(y: Tensor) -> Tensor:
        return (torch.cdist(y, y) - torch.cdist(x, x)).square().sum((1, 2))

    def written_out(y: Tensor) -> Tensor:
        pairs = torch.triu_indices(3, 3, 1)
        apart = [(z[..., pairs[0], :] - z[..., pairs[1], :]).norm(dim=-1) for z in (y, x)]
        return 2 * (apart[0] - apart[1]).square().sum(-1)

    # Differences of fourth order in steps of 0.01 bohr.
    torch.testing.assert_close(hessian(springs, x), hessian(written_out, x), rtol=0, atol=1e-6)


def test_a_surface_with_parameters_but_without_forces(water: tuple) -> None:
    """Requires gradients, yet not by its positions: differences again."""
    surface, reference, _ = water
    strength = torch.ones((), dtype=torch.float64, requires_grad=True)
    plain = in_numpy(surface)
    found = hessian(lambda x: strength * plain(x), reference)  # type: ignore[operator]
    torch.testing.assert_close(found, hessian(surface, reference), rtol=0, atol=1e-6)


def test_linear_molecule_has_four_modes() -> None:
    """G. Herzberg, Infrared and Raman Spectra (1945), II.4: linear symmetric XY2."""
    masses = Molecule(("C", "O", "O")).masses
    c, o = masses[0], masses[1]
    modes = modes_of(carbon_dioxide, LINE, masses)
    bend = 2 * K_BEND / LENGTH**2 * (1 / o + 2 / c)
    expected = torch.stack(
        (bend, bend, (K + K_CROSS) / o, (K - K_CROSS) * (1 / o + 2 / c))
    ).sqrt()  # fmt: skip
    assert modes.names == ("q1", "q2", "q3", "q4")
    torch.testing.assert_close(modes.frequencies, expected.sort().values, rtol=1e-10, atol=0)


def test_a_turned_linear_molecule() -> None:
    skew = torch.tensor([[0, 1.0, -0.7], [-1.0, 0, 0.4], [0.7, -0.4, 0]], dtype=torch.float64)
    turned = LINE @ torch.matrix_exp(skew) + 1.0
    masses = Molecule(("C", "O", "O")).masses
    plain, other = (modes_of(carbon_dioxide, x, masses).frequencies for x in (LINE, turned))
    torch.testing.assert_close(other, plain, rtol=1e-9, atol=0)  # rounding


def test_harmonic_near_the_minimum(water: tuple) -> None:
    """V = ½Σω q², G = diag ω: dimensionless."""
    surface, reference, masses = water
    modes = modes_of(surface, reference, masses)
    h = torch.autograd.functional.hessian(
        lambda q: surface(modes.to_positions(q)[None]).sum(), torch.zeros(3, dtype=torch.float64)
    )
    torch.testing.assert_close(h, modes.frequencies.diag(), rtol=0, atol=1e-12)  # rounding
    g, _ = kinetic(modes.to_positions, torch.zeros(1, 3, dtype=torch.float64), masses)
    torch.testing.assert_close(g[0], modes.frequencies.diag(), rtol=0, atol=1e-12)


def test_displacements_neither_shift_nor_turn(water: tuple) -> None:
    surface, reference, masses = water
    modes = modes_of(surface, reference, masses)
    weighted = masses[:, None] * modes.displacements
    assert weighted.sum(1).abs().max() < 1e-10  # of displacements of 10 mass units
    turning = torch.linalg.cross(reference.expand_as(weighted), weighted).sum(1)
    assert turning.abs().max() < 1e-10


@pytest.mark.parametrize("symbols", [("O", "H", "H"), ("O", "H", "D"), ("18O", "D", "D")])
def test_isotopes_obey_the_product_rule(water: tuple, symbols: tuple[str, ...]) -> None:
    """Teller–Redlich: Π ω²  ∝ det G, of any coordinates."""
    surface, reference, light = water
    masses = Molecule(symbols).masses
    products, dets = [], []
    for m in (light, masses):
        products.append(modes_of(surface, reference, m).frequencies.prod() ** 2)
        q = Valence().from_positions(reference)[None]
        dets.append(kinetic(Valence().to_positions, q, m)[0].det()[0])
    assert float(products[1] / products[0]) == pytest.approx(float(dets[1] / dets[0]), rel=1e-9)


def test_not_a_minimum(water: tuple) -> None:
    surface, reference, masses = water
    # 3,943 cm⁻¹ is the highest frequency of water, here imaginary.
    with pytest.raises(ValueError, match=r"not a minimum: the harmonic frequencies are 39\d\di, "):
        normal_modes(reference, -hessian(surface, reference), masses)
    with pytest.raises(ValueError, match=r"hessian must have shape \(9, 9\) for 3 masses"):
        normal_modes(reference, torch.eye(6), masses)
    with pytest.raises(ValueError, match=r"reference must have shape \(3, 3\)"):
        normal_modes(reference.flatten(), torch.eye(9), masses)


def test_levels_of_water(water: tuple) -> None:
    surface, reference, masses = water
    modes = modes_of(surface, reference, masses)
    ends = ((-4.6, 4.6), (-4.2, 5.0), (-4.4, 4.4))
    wanted = [
        BasisSpec("sinc", low, high, 11, points=18, primitives=44, name=name)
        for (low, high), name in zip(ends, modes.names, strict=True)
    ]
    found = vibrational_levels(
        molecular(surface, modes.to_positions, masses), wanted, 5, convergence=False
    )
    # An independent program in bond lengths. The bases are small: 0.02 is what they give.
    known = torch.tensor([1594.6586, 3151.4938, 3657.1104, 3755.8298], dtype=torch.float64)
    torch.testing.assert_close(found.excitations[1:] / CM1, known, rtol=0, atol=0.02)
    assert found.zero_point_energy / CM1 == pytest.approx(4634.7648, abs=1e-3)
