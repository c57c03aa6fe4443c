"""Variables of one coordinate: there and back, and the levels they leave alone."""

import pytest
import torch

from pes.coordinates import MAPS, Mapped, Valence
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, molecular, vibrational_levels
from pes.vibration.system.kinetic import kinetic

MASSES = Molecule(("O", "H", "H")).masses
MAPPED = Mapped(
    Valence(0, (1, 2)),
    {"r1": MAPS["morse"](2.0 / ANGSTROM, 0.96 * ANGSTROM), "theta": MAPS["cos"]()},
)


def test_names_and_kinds() -> None:
    assert MAPPED.names == ("morse_r1", "r2", "cos_theta")
    assert MAPPED.kinds == ("number", "length", "cosine")


def test_g_by_the_chain_rule() -> None:
    q = torch.tensor([[1.8, 1.9, 1.7], [2.2, 1.6, 2.4]], dtype=torch.float64)
    y = MAPPED.forward(q).requires_grad_()
    torch.testing.assert_close(MAPPED.back(y), q, rtol=1e-14, atol=0)  # rounding
    g, _ = kinetic(MAPPED.to_positions, y.detach(), MASSES)
    plain, _ = kinetic(MAPPED.inner.to_positions, q, MASSES)
    (slope,) = torch.autograd.grad(MAPPED.back(y).sum(), y)
    torch.testing.assert_close(
        g * slope[:, None] * slope[:, :, None], plain, rtol=1e-11, atol=1e-13
    )


def solved(internal: Mapped | Valence, bend: str) -> torch.Tensor:
    """Six levels of water, cm⁻¹."""
    q = torch.tensor([[0.66, 0.66, 45], [1.6, 1.6, 180]], dtype=torch.float64)
    q = q * torch.tensor([ANGSTROM, ANGSTROM, DEGREE], dtype=torch.float64)
    low, high = (internal.forward(q) if isinstance(internal, Mapped) else q).tolist()
    sizes = {"points": 17, "primitives": 40}
    wanted = [
        BasisSpec("sinc", low[0], high[0], 9, **sizes, name="1"),
        BasisSpec("sinc", low[1], high[1], 9, **sizes, name="2"),
        BasisSpec(bend, low[2], high[2], 13, **sizes, name="3"),
    ]
    system = molecular(WaterPJT(), internal.to_positions, MASSES)
    return vibrational_levels(system, wanted, 6, convergence=False).energies / CM1


def test_levels_do_not_depend_on_them() -> None:
    # Sinc functions in morse_r1 reach less far beyond the ends of the range than those in r1.
    torch.testing.assert_close(
        solved(MAPPED, "polynomial"), solved(Valence(), "legendre"), rtol=0, atol=0.01
    )


def test_unknown_coordinate() -> None:
    with pytest.raises(ValueError, match="'r3' is not a coordinate; they are r1, r2, theta"):
        Mapped(Valence(), {"r3": MAPS["cos"]()})
