import torch
from made_up import ammonia, evidence

from pes.bonds import bond_sums
from pes.units import ANGSTROM


def test_sums_of_covalent_radii() -> None:
    # Cordero et al., doi:10.1039/b801115j: N 0.71, H 0.31 angstrom.
    sums = bond_sums(("N", "H", "H")) / ANGSTROM
    torch.testing.assert_close(sums, torch.tensor([1.02, 1.02, 0.62]).double(), rtol=1e-6, atol=0)


def test_copies_stay_out_of_the_reference() -> None:
    data = ammonia().select([*range(300), 5, 5])
    known = evidence(data).reference
    assert known is not None
    assert known.rows.tolist() == list(range(300))


def test_the_lowest_tenth() -> None:
    own = evidence(ammonia())
    assert len(own.low) == 30
    assert own.heights[own.low].max() <= own.heights.sort().values[29]
