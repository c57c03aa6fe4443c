"""Bond lengths of molecules and of hydrogen bonds."""

import pytest
import torch

from pes.bonds import bond_sums, in_another_order
from pes.units import ANGSTROM


def test_sums_of_covalent_radii() -> None:
    # Cordero et al., doi:10.1039/b801115j: N 0.71, H 0.31 angstrom.
    sums = bond_sums(("N", "H", "H")) / ANGSTROM
    torch.testing.assert_close(sums, torch.tensor([1.02, 1.02, 0.62]).double(), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("symbols", "lengths"),
    [("F H F", (1.14, 1.14)), ("Cl H Cl", (1.57, 1.57)), ("Cl H F", (1.90, 0.94)),
     ("O H O", (1.20, 1.20)), ("Ar H F", (2.60, 0.92))],
)  # fmt: skip
def test_hydrogen_bonds_are_no_sign_of_another_order(
    symbols: str, lengths: tuple[float, float]
) -> None:
    left, right = lengths
    x = torch.tensor([[[-left, 0, 0], [0, 0, 0], [right, 0, 0]]], dtype=torch.float64) * ANGSTROM
    assert not in_another_order(x, tuple(symbols.split())).any()
