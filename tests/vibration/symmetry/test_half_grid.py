"""Half grids: the elements of the whole grid from the points of one half of each mirrored axis."""

import torch

from pes.vibration import BasisSpec, model
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.blocks import half_grid
from pes.vibration.symmetry.operation import Operation, halvings

X = Operation("x", (0, 1, 2), (True, False, False))
YZ = Operation("yz", (0, 1, 2), (False, True, True))
BOTH = Operation("xyz", (0, 1, 2), (True, True, True))


def made(points: int) -> Hamiltonian:
    """V is even in x, and in y and z together; an odd number of points has one in the middle."""

    def potential(q: torch.Tensor) -> torch.Tensor:
        x, y, z = q.unbind(-1)
        return (x**2 + y**2 + z**2) / 2 + 0.2 * y * z + 0.1 * x**2 * y * z + 0.05 * z**4

    g = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.1, 0.2], [0.0, 0.2, 0.9]], dtype=torch.float64)
    line = BasisSpec("sinc", -6.0, 6.0, 4, points=points, primitives=40)
    reference = torch.zeros(3, dtype=torch.float64)
    return build_hamiltonian(model(potential, g), [line] * 3, reference, ceiling=1e3)


def test_elements_between_functions_of_the_same_signs() -> None:
    for points in (8, 9):
        h = made(points)
        whole, half = h.dense(), half_grid(h, (X, YZ, BOTH))
        # Half of x and half of y; all of z, which turns with y.
        assert isinstance(half.basis, ProductBasis)
        assert half.basis.grid_shape == ((points + 1) // 2, (points + 1) // 2, points)
        quanta = h.basis.quanta(torch.arange(h.size))
        signs = torch.stack((quanta[:, 0] % 2, quanta[:, 1:].sum(1) % 2), 1)
        same = (signs[:, None] == signs).all(-1)
        # Sums of the same products in another order.
        torch.testing.assert_close(half.dense()[same], whole[same], rtol=0, atol=1e-12)


def test_halvings_are_known_without_a_grid() -> None:
    swap = Operation("swap", (1, 0, 2), (True, True, False))
    for group, times in (((), 0), ((X,), 1), ((X, YZ, BOTH), 2), ((BOTH, swap), 1)):
        assert halvings(group) == times


def test_without_reflections_nothing_is_left_out() -> None:
    h = made(8)
    assert half_grid(h, ()) is h
