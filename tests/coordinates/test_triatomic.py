"""Radau and Jacobi coordinates against closed forms."""

from itertools import permutations

import pytest
import torch
from torch import Tensor

from pes.coordinates import Jacobi, Radau, Valence
from pes.vibration.system.kinetic import kinetic

MASSES = torch.tensor([15.99, 1.008, 2.014], dtype=torch.float64)
Q = torch.tensor(
    [[1.8, 1.9, 1.7], [1.2, 3.1, 0.3], [2.0, 2.0, 3.1], [1.5, 1.7, 0.9]], dtype=torch.float64
)
ATOMS = list(permutations(range(3)))


def orthogonal_g(q: Tensor, inverse1: Tensor, inverse2: Tensor) -> Tensor:
    """diag(1/μ₁, 1/μ₂, 1/(μ₁q₁²) + 1/(μ₂q₂²))."""
    bend = inverse1 / q[:, 0] ** 2 + inverse2 / q[:, 1] ** 2
    return torch.diag_embed(torch.stack((inverse1 + 0 * bend, inverse2 + 0 * bend, bend), -1))


def volume_slope(q: Tensor) -> Tensor:
    """√det g ∝ q₁² q₂² sin θ."""
    return torch.stack((2 / q[:, 0], 2 / q[:, 1], 1 / q[:, 2].tan()), -1)


@pytest.mark.parametrize("atoms", ATOMS)
def test_radau_is_orthogonal(atoms: tuple[int, int, int]) -> None:
    g, slope = kinetic(Radau(atoms[0], atoms[1:]).to_positions, Q, MASSES)
    m1, m2 = MASSES[list(atoms[1:])]
    # Exact; rounding grows with 1/sin²θ, 600 at θ = 3.1.
    torch.testing.assert_close(g, orthogonal_g(Q, 1 / m1, 1 / m2), rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(slope, volume_slope(Q), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("atoms", ATOMS)
def test_jacobi_is_orthogonal(atoms: tuple[int, int, int]) -> None:
    g, slope = kinetic(Jacobi(atoms[0], atoms[1:]).to_positions, Q, MASSES)
    m, m1, m2 = MASSES[list(atoms)]
    expected = orthogonal_g(Q, 1 / m1 + 1 / m2, 1 / m + 1 / (m1 + m2))
    torch.testing.assert_close(g, expected, rtol=1e-11, atol=1e-12)  # as above
    torch.testing.assert_close(slope, volume_slope(Q), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("atoms", ATOMS)
def test_canonical_point(atoms: tuple[int, int, int]) -> None:
    """PD² = OD · CD, with D the centre of mass of the ends and C that of all."""
    x = Radau(atoms[0], atoms[1:]).to_positions(Q, MASSES)
    centre, *ends = atoms
    d = (x[:, ends] * MASSES[ends, None]).sum(1) / MASSES[ends].sum()
    c = (x * MASSES[:, None]).sum(1) / MASSES.sum()
    od, cd = (x[:, centre] - d).norm(dim=-1), (c - d).norm(dim=-1)
    torch.testing.assert_close((d**2).sum(-1), od * cd)  # P is the origin


@pytest.mark.parametrize("atoms", ATOMS)
def test_centre_of_mass_of_the_pair(atoms: tuple[int, int, int]) -> None:
    x = Jacobi(atoms[0], atoms[1:]).to_positions(Q, MASSES)
    pair = list(atoms[1:])
    at = (x[:, pair] * MASSES[pair, None]).sum(1)
    torch.testing.assert_close(at, torch.zeros_like(at), rtol=0, atol=1e-14)
    torch.testing.assert_close((x[:, pair[0]] - x[:, pair[1]]).norm(dim=-1), Q[:, 0])
    torch.testing.assert_close(x[:, atoms[0]].norm(dim=-1), Q[:, 1])


def test_angle_of_jacobi_opens_from_the_second_of_the_pair() -> None:
    q = torch.tensor([[2.0, 5.0, 0.0], [2.0, 5.0, torch.pi]], dtype=torch.float64)
    x = Jacobi(0, (1, 2)).to_positions(q, MASSES)
    to_first, to_second = (x[:, 0] - x[:, 1]).norm(dim=-1), (x[:, 0] - x[:, 2]).norm(dim=-1)
    assert to_second[0] < to_first[0]
    assert to_first[1] < to_second[1]


def test_labels_only_name_the_atoms() -> None:
    """Relabelling atoms and masses together gives the same molecule."""
    for kind in (Radau, Jacobi):
        plain = kind(0, (1, 2)).to_positions(Q, MASSES)
        for a, b, c in ATOMS:
            masses = torch.empty_like(MASSES)
            masses[[a, b, c]] = MASSES
            torch.testing.assert_close(kind(a, (b, c)).to_positions(Q, masses)[:, [a, b, c]], plain)


def test_exchange_of_the_ends() -> None:
    swapped = Q[:, [1, 0, 2]]
    x = Radau(0, (1, 2)).to_positions(Q, MASSES)
    torch.testing.assert_close(Radau(0, (2, 1)).from_positions(x, MASSES), swapped)
    x = Jacobi(0, (1, 2)).to_positions(Q, MASSES)
    across = torch.stack((Q[:, 0], Q[:, 1], torch.pi - Q[:, 2]), -1)
    torch.testing.assert_close(Jacobi(0, (2, 1)).from_positions(x, MASSES), across)


def test_infinitely_heavy_centre_is_valence() -> None:
    masses = torch.tensor([1e12, 1.0, 2.0], dtype=torch.float64)
    x = Radau(0, (1, 2)).to_positions(Q, masses)
    # OP is of the order of 1e-12.
    torch.testing.assert_close(Valence(0, (1, 2)).from_positions(x), Q, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", [Radau, Jacobi])
@pytest.mark.parametrize("theta", [0.0, 1e-9, torch.pi - 1e-9, torch.pi])
def test_linear(kind: type, theta: float) -> None:
    q = torch.tensor([1.8, 1.9, theta], dtype=torch.float64)
    back = kind(0, (1, 2)).from_positions(kind(0, (1, 2)).to_positions(q, MASSES), MASSES)
    # Sharp: an arccos would be off by 1e-8.
    torch.testing.assert_close(back, q, rtol=0, atol=1e-14)
