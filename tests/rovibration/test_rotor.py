"""Angular momentum of the body against its algebra and the levels of rigid rotors."""

import pytest
import torch

from pes.rovibration import Coupling, angular_momentum, half_turns
from pes.rovibration.levels import hamiltonian


def rigid(j: int, constants: tuple[float, float, float]) -> torch.Tensor:
    """Levels of a rigid rotor with rotational constants along x, y and z."""
    diagonal = 2 * torch.diag(torch.tensor(constants, dtype=torch.float64))
    one = torch.zeros(1, dtype=torch.float64)
    basis = Coupling(one, diagonal[..., None, None], torch.zeros(3, 1, 1, dtype=torch.float64))
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
