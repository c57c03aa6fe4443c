"""Rotational constants against rigid rotors, the metric by differences, and measured ones."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence, ZMatrix
from pes.molecule import Molecule
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import Levels, eckart_frame, model
from pes.vibration.analysis.rotational_constants import (
    _inverse,
    _means,
    _moments,
    _nearest_constants,
    is_spherical,
    rotational_constants,
)
from pes.vibration.levels.levels import vibrational_levels
from pes.vibration.system.kinetic import metric_tensor

WATER = torch.tensor([0.9572 * ANGSTROM, 0.9572 * ANGSTROM, 104.5 * DEGREE], dtype=torch.float64)
HOH = Molecule(("O", "H", "H")).masses


def inverse_inertia(positions: Tensor, reference: Tensor, masses: Tensor) -> Tensor:
    """μ (P, 3, 3) at any points."""
    moments, tensor = _moments(positions, reference, masses)
    return _inverse(tensor, moments)


def mean_constants(
    densities: Tensor, positions: Tensor, reference: Tensor, masses: Tensor
) -> Tensor:
    """A, B, C (S, 3) over points of given probabilities (S, P)."""
    return _means(densities, *_nearest_constants(positions, [reference], masses))


def test_rigid_water() -> None:
    """1/(2I) of the planar moments, worked out by hand from the geometry."""
    r, theta = float(WATER[0]), float(WATER[2])
    o, h, _ = HOH.tolist()
    half = torch.tensor(theta / 2, dtype=torch.float64)
    along = 2 * h * o / (o + 2 * h) * (r * half.cos()) ** 2
    across = 2 * h * (r * half.sin()) ** 2
    x = Valence().to_positions(WATER)
    mu = inverse_inertia(x[None], x, HOH)[0]
    exact = torch.stack([1 / along, 1 / across, 1 / (along + across)])
    # Rounding.
    torch.testing.assert_close(mu.diagonal(), exact, rtol=1e-12, atol=0)


def metric_by_differences(
    to_positions: Callable[[Tensor], Tensor], q: Tensor, reference: Tensor, masses: Tensor
) -> Tensor:
    """Rotational block of the inverse metric of coordinates in the Eckart frame."""
    step = 1e-4

    def turned(at: Tensor) -> Tensor:
        return eckart_frame(to_positions(at), reference, masses)

    shifts = step * torch.eye(q.shape[-1], dtype=torch.float64)
    dx = [(turned(q + shift) - turned(q - shift)) / (2 * step) for shift in shifts]
    _, g = metric_tensor(turned(q), torch.stack(dx, 1), masses)
    return torch.linalg.inv(g)[:, -3:, -3:]


@pytest.mark.parametrize("name", ["water", "peroxide"])
def test_rotational_block_of_the_inverse_metric(name: str) -> None:
    if name == "water":
        internal, masses, middle = Valence(), HOH, WATER
    else:
        internal = ZMatrix((("H",), ("O", 0), ("O", 1, 0), ("H", 2, 1, 0)))
        masses = Molecule(("H", "O", "O", "D")).masses
        middle = torch.tensor([1.8, 2.7, 1.75, 1.8, 1.75, 1.95], dtype=torch.float64)
    draw = torch.randn(4, len(middle), generator=torch.Generator().manual_seed(2)).double()
    q = middle + 0.2 * draw
    x = internal.to_positions(middle)
    c = x - (masses[:, None] * x).sum(0) / masses.sum()
    inertia = (masses[:, None] * c).T @ c
    _, axes = torch.linalg.eigh(inertia.trace() * torch.eye(3) - inertia)
    # Axes of the left hand would be those of the mirror image.
    axes = axes * torch.linalg.det(axes).sign()
    expected = metric_by_differences(internal.to_positions, q, c @ axes, masses)
    found = inverse_inertia(internal.to_positions(q), x, masses)
    # A principal axis has no sign: reversing it reverses the elements beside the diagonal.
    signs = torch.cartesian_prod(*[torch.tensor([1.0, -1.0]).double()] * 3)
    images = [expected * s[:, None] * s for s in signs]
    expected = min(images, key=lambda image: float((found - image).norm()))
    # Central differences, 1e-8 of third derivatives.
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-9)


def test_measured_constants_of_water(water_levels: Levels) -> None:
    """27.88, 14.51 and 9.28 cm⁻¹; Coriolis coupling, left out, is worth 0.02 cm⁻¹ in C."""
    ground = rotational_constants(water_levels, HOH)[0] / CM1
    measured = torch.tensor([27.88, 14.51, 9.28], dtype=torch.float64)
    torch.testing.assert_close(ground, measured, rtol=0.005, atol=0)


def test_bend_raises_a(water_levels: Levels) -> None:
    """Measured for the bending fundamental: A = 31.09 cm⁻¹, the largest change of all."""
    ground, bend = (rotational_constants(water_levels, HOH)[:2, 0] / CM1).tolist()
    assert 1.5 < bend - ground < 6.0


def test_linear_reference() -> None:
    x = torch.tensor([[0.0, 0, 0], [2.1, 0, 0], [-2.1, 0, 0]], dtype=torch.float64)
    masses = Molecule(("C", "O", "O")).masses
    mu = inverse_inertia(1.1 * x[None], x, masses)[0]
    assert torch.isnan(mu[0, 0])
    # Stretched by a tenth: I⁰/I″² = 1/I of the stretched molecule.
    exact = 1 / (2 * masses[1] * (1.1 * 2.1) ** 2)
    torch.testing.assert_close(mu[1, 1], exact, rtol=1e-12, atol=0)


def test_a_point_where_the_frame_is_singular_does_not_count() -> None:
    """A pyramid turned inside out, about planar: μ grows without end, its probability does not."""
    pyramid = torch.tensor(
        [[0.0, 0, 0.13], [1.8, 0, -0.6], [-0.9, 1.56, -0.6], [-0.9, -1.56, -0.6]]
    )
    pyramid = pyramid.double()
    masses = Molecule(("N", "H", "H", "H")).masses
    # Three hydrogens at the nitrogen: no inertia left.
    both = torch.stack((pyramid, 1e-4 * pyramid))
    densities = torch.tensor([[1 - 1e-6, 1e-6], [0.999, 0.001]], dtype=torch.float64)
    constants = mean_constants(densities, both, pyramid, masses)
    exact = inverse_inertia(pyramid[None], pyramid, masses)[0].diagonal() / 2
    torch.testing.assert_close(constants[0], exact, rtol=1e-12, atol=0)
    assert constants[1].isnan().all()


@pytest.mark.parametrize("handedness", [1.0, -1.0])
def test_a_chiral_reference_is_not_reflected(handedness: float) -> None:
    """At the reference itself μ is 1/I, for either handedness: principal axes have no sign."""
    x = torch.tensor([[0.0, 0, 0], [2.7, 0, 0], [-0.3, 1.8, 0.1], [3.0, -0.4, 1.7]]).double()
    x = x * torch.tensor([1.0, 1.0, handedness])
    masses = Molecule(("O", "O", "H", "D")).masses
    c = x - (masses[:, None] * x).sum(0) / masses.sum()
    product = (masses[:, None] * c).T @ c
    inertia = torch.linalg.eigvalsh(product.trace() * torch.eye(3) - product)
    mu = inverse_inertia(x[None], x, masses)[0]
    torch.testing.assert_close(mu, torch.diag(1 / inertia), rtol=1e-6, atol=1e-14)  # of the turn


def test_a_molecule_turned_inside_out_has_the_same_constants() -> None:
    """Nearer to the mirror image, that is what the frame is of; A of a pyramid else is twofold."""
    pyramid = torch.tensor(
        [[0.0, 0, 0.13], [1.8, 0, -0.6], [-0.9, 1.56, -0.6], [-0.9, -1.56, -0.6]]
    ).double()
    masses = Molecule(("N", "H", "H", "H")).masses
    both = torch.stack((pyramid, pyramid * torch.tensor([1.0, 1.0, -1.0])))
    one, other = mean_constants(torch.eye(2).double(), both, pyramid, masses)
    torch.testing.assert_close(one, other, rtol=1e-12, atol=0)  # rounding


def test_linear_geometry_of_a_bent_molecule() -> None:
    straight = WATER.clone()
    straight[2] = torch.pi - 1e-6
    x = Valence().to_positions(torch.stack((WATER, straight)))
    densities = torch.tensor([[0.99, 0.01]], dtype=torch.float64)
    assert mean_constants(densities, x, x[0], HOH).isnan().all()


def test_spherical_top_has_none() -> None:
    corners = [
        [0.0, 0, 0],
        [1.2, 1.2, 1.2],
        [1.2, -1.2, -1.2],
        [-1.2, 1.2, -1.2],
        [-1.2, -1.2, 1.2],
    ]
    x = torch.tensor(corners).double()
    methane, chd3 = (Molecule(("C", "H", *[h] * 3)).masses for h in "HD")
    assert is_spherical(x, methane)
    assert not is_spherical(x, chd3)
    still: Any = SimpleNamespace(
        system=SimpleNamespace(positions=lambda _: x[None]), minimum=x, energies=torch.zeros(2)
    )
    assert rotational_constants(still, methane).isnan().all()


def test_a_model_has_none(line: object) -> None:
    oscillator = model(lambda q: q[:, 0] ** 2 / 2, torch.eye(1).double())
    found = vibrational_levels(oscillator, [line], 2, cap=100.0, convergence=False)  # pyright: ignore
    with pytest.raises(ValueError, match="no rotational constants"):
        rotational_constants(found, HOH)
