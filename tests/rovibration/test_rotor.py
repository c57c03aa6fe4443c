"""Angular momentum of the body against its algebra and the levels of rigid rotors."""

import pytest
import torch

from pes.rovibration import Coupling, angular_momentum, directions, half_turns
from pes.rovibration.hamiltonian import hamiltonian


def rigid(j: int, constants: tuple[float, float, float]) -> torch.Tensor:
    """Levels of a rigid rotor with rotational constants along x, y and z."""
    diagonal = 2 * torch.diag(torch.tensor(constants, dtype=torch.float64))
    one = torch.zeros(1, dtype=torch.float64)
    no_coriolis = torch.zeros(3, 1, 1, dtype=torch.float64)
    basis = Coupling(one, diagonal[..., None, None], no_coriolis, torch.zeros(1))
    return torch.linalg.eigvalsh(hamiltonian(basis, j))


@pytest.mark.parametrize("j", [0, 1, 2, 5])
def test_commutators(j: int) -> None:
    """[J_x, J_y] = −i J_z and cyclic, with J = i L: [L_x, L_y] = −L_z."""
    x, y, z = angular_momentum(j)
    for a, b, c in ((x, y, z), (y, z, x), (z, x, y)):
        torch.testing.assert_close(a @ b - b @ a, -c)
        torch.testing.assert_close(a, -a.T)


@pytest.mark.parametrize("j", [1, 2, 3])
def test_half_turns(j: int) -> None:
    """Their product is no turn at all, and L_α is even under a turn about α alone."""
    signs, turns = half_turns(j), angular_momentum(j)
    assert (signs.prod(0) == 1).all()
    for axis in range(3):
        for other in range(3):
            turned = signs[other][:, None] * turns[axis] * signs[other]
            torch.testing.assert_close(turned, turns[axis] if axis == other else -turns[axis])


@pytest.mark.parametrize("j", [1, 2, 4])
def test_spherical_top(j: int) -> None:
    expected = torch.full((2 * j + 1,), 3.0 * j * (j + 1), dtype=torch.float64)
    torch.testing.assert_close(rigid(j, (3.0, 3.0, 3.0)), expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("j", [1, 2, 4])
def test_symmetric_top(j: int, axis: int) -> None:
    """B J (J + 1) + (A − B) K², whichever axis is the unique one."""
    constants = [2.0, 2.0, 2.0]
    constants[axis] = 7.0
    k = torch.arange(-j, j + 1, dtype=torch.float64)
    expected = (2.0 * j * (j + 1) + 5.0 * k**2).sort().values
    torch.testing.assert_close(rigid(j, (constants[0], constants[1], constants[2])), expected)


def test_asymmetric_top() -> None:
    """Closed formulas for J = 1 and J = 2."""
    a, b, c = 27.9, 14.5, 9.3
    one = torch.tensor(sorted((b + c, a + c, a + b)), dtype=torch.float64)
    torch.testing.assert_close(rigid(1, (b, c, a)), one)
    root = 2 * ((b - c) ** 2 + (a - c) * (a - b)) ** 0.5
    total = 2 * (a + b + c)
    two = sorted((total - root, total + root, 4 * a + b + c, a + 4 * b + c, a + b + 4 * c))
    torch.testing.assert_close(rigid(2, (b, c, a)), torch.tensor(two, dtype=torch.float64))


@pytest.mark.parametrize("j", [0, 1, 3])
def test_directions_are_unit_vectors_and_turn_as_vectors(j: int) -> None:
    """Σ λᵀλ is (2J + 1) δ, and [J_x, λ_y] = −i λ_z: L_x λ_y − λ_y L_x = −λ_z between all J."""
    total = torch.zeros(3, 3, 2 * j + 1, 2 * j + 1, dtype=torch.float64)
    for other in range(max(0, j - 1), j + 2):
        to = directions(other, j)
        total += torch.einsum("ami,bmj->abij", to, to)
        here, there = angular_momentum(j), angular_momentum(other)
        for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            torch.testing.assert_close(there[a] @ to[b] - to[b] @ here[a], -to[c])
    size = 2 * j + 1
    expected = size * torch.einsum("ab,ij->abij", torch.eye(3), torch.eye(size)).double()
    torch.testing.assert_close(total, expected)
    assert not directions(j + 2, j).any()


@pytest.mark.parametrize(("j", "k"), [(0, 0), (1, 1), (3, 2)])
def test_strength_of_a_parallel_band(j: int, k: int) -> None:
    """Hönl and London: ((J + 1)² − K²)/(J + 1) for J + 1 ← J, K²(2J + 1)/(J(J + 1)) for J ← J."""
    upwards = directions(j + 1, j)[2].square().sum(0)
    # The functions ± of K are each half of K and of −K.
    place = max(0, 2 * k - 1)
    assert float(upwards[place]) == pytest.approx(((j + 1) ** 2 - k**2) / (j + 1))
    if j:
        level = directions(j, j)[2].square().sum(0)
        assert float(level[place]) == pytest.approx(k**2 * (2 * j + 1) / (j * (j + 1)))
