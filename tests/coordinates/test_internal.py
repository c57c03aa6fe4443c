"""What all systems of coordinates answer alike."""

from math import inf

import torch

from pes.coordinates import MAPS, Mapped, Valence, ZMatrix, curvilinear, hessian, normal_modes
from pes.coordinates.internal import zero_at_minimum
from pes.molecule import Molecule

MASSES = Molecule(("O", "H", "H")).masses
BENT = torch.tensor([1.8, 1.8, 2.6], dtype=torch.float64)


def harmonic(x: torch.Tensor) -> torch.Tensor:
    return (Valence().from_positions(x) - BENT.to(x)).square().sum(-1) / 5


def test_lengths_and_angles_end_where_their_kinds_do() -> None:
    rows = ZMatrix((("O",), ("H", 0), ("H", 0, 1)))
    for internal in (Valence(), rows, Mapped(Valence(), {"theta": MAPS["cos"]()})):
        assert internal.bounds() == [(-inf, inf)] * 3
        assert internal.folds(BENT[None]) == []
        assert not zero_at_minimum(internal.kinds)


def test_combinations_say_what_they_fold() -> None:
    x = Valence().to_positions(BENT)
    modes = normal_modes(x, hessian(harmonic, x), MASSES)
    internal = curvilinear(Valence(), modes)
    assert zero_at_minimum(internal.kinds)
    assert zero_at_minimum(modes.kinds)
    assert modes.bounds() == [(-inf, inf)] * 3
    # The angle is put to 200 degrees, the bonds stay.
    q = internal.forward(torch.stack([BENT, BENT + torch.tensor([0.0, 0.0, 0.9]).to(BENT)]))
    first, second, bend = internal.folds(q)
    assert (first.name, first.kind, bend.name, bend.kind) == ("r1", "length", "theta", "angle")
    assert bend.beyond.tolist() == [False, True]
    assert not first.beyond.any()
    assert not second.beyond.any()
