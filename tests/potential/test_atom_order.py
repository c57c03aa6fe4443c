"""Functions whose atoms stand in another order than those of the molecule."""

import pytest
import torch
from torch import Tensor

from pes.potential.atom_order import check_atom_order

THREE = torch.tensor([[0.0, 0, 0], [2.2, 0, 0], [3.3, 1.9, 0]], dtype=torch.float64)
FOUR = torch.tensor(
    [[0.0, 0, 0], [2.2, 0, 0], [-1.1, 1.9, 0.3], [-1.1, -1.9, -0.2]], dtype=torch.float64
)


def _springs(stiffness: dict[tuple[int, int], float]):
    """Sum of (r − 2)² between pairs of atoms, each with its constant."""

    def energies(x: Tensor) -> Tensor:
        return sum(
            k * ((x[:, a] - x[:, b]).norm(dim=1) - 2) ** 2 for (a, b), k in stiffness.items()
        )

    return energies


LAST_IN_THE_MIDDLE = _springs({(0, 2): 0.3, (1, 2): 0.3, (0, 1): 0.1})
PLANAR = _springs({(0, 1): 0.5, (0, 2): 0.3, (0, 3): 0.3, (1, 2): 0.1, (1, 3): 0.1, (2, 3): 0.05})


@pytest.mark.parametrize(
    ("energies", "start", "elements", "orders"),
    [
        (LAST_IN_THE_MIDDLE, THREE, "N O O", "`molecule: O O N`"),
        (PLANAR, FOUR, "H H C O", "`molecule: C O H H or O C H H`"),
        # Each of the atoms 2 and 3 is bound to both others.
        (PLANAR, FOUR, "C H O H", "`molecule: C O H H or O C H H`"),
    ],
)
def test_another_order(energies, start: Tensor, elements: str, orders: str) -> None:
    with pytest.raises(ValueError, match="own gives the same energies when atoms") as caught:
        check_atom_order(energies, start, elements.split(), "own")
    assert orders in str(caught.value)


@pytest.mark.parametrize(
    ("energies", "start", "elements"),
    [
        (LAST_IN_THE_MIDDLE, THREE, "O O N"),
        (PLANAR, FOUR, "C O H H"),
        # No like atoms, equal constants: no order is better.
        (LAST_IN_THE_MIDDLE, THREE, "C O S"),
        # All atoms alike, as in a cluster of one kind of forces.
        (_springs({(0, 1): 1.0, (0, 2): 1.0, (1, 2): 1.0}), THREE, "Ar Ar Ne"),
        # Like atoms with forces of their own, such as the ends of a molecule that keeps its bonds.
        (_springs({(0, 1): 1.0, (0, 2): 0.7, (1, 2): 0.2}), THREE, "C H H"),
        (lambda x: torch.full((len(x),), torch.nan, dtype=x.dtype), THREE, "N O O"),
        (lambda x: torch.zeros(len(x), dtype=x.dtype), THREE, "N O O"),
    ],
)
def test_orders_without_objection(energies, start: Tensor, elements: str) -> None:
    check_atom_order(energies, start, elements.split(), "own")
