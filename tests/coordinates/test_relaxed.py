"""Coordinates that follow others: their functions, and G by the chain rule."""

from math import pi

import torch
from torch import Tensor

from pes.coordinates import ZMatrix
from pes.coordinates.relaxed import Interpolant, Relaxed, interpolant, nodes
from pes.molecule import Molecule
from pes.vibration.system.kinetic import kinetic

PEROXIDE = ZMatrix((("O",), ("O", 0), ("H", 0, 1), ("H", 1, 0, 2)))
MASSES = Molecule(("O", "O", "H", "H")).masses
RANGES = ((2.5, 3.1), (0.0, 2 * pi))
TURNS = (False, True)


def along(q: Tensor) -> Tensor:
    """Bonds and angles (..., 4) that change smoothly with r1 and phi3."""
    r, phi = q.unbind(-1)
    wave = phi.cos() + 0.3 * phi.sin()
    return torch.stack(
        (1.8 + 0.01 * wave, 1.75 + 0.02 * (r - 2.8) ** 2, 1.8 + 0.02 * r * wave, 1.82 - 0 * r), -1
    )


def through(count: int) -> Interpolant:
    axes = [nodes(ends, count, turn=turn) for ends, turn in zip(RANGES, TURNS, strict=True)]
    values = along(torch.cartesian_prod(*axes)).reshape(count, count, -1)
    return interpolant(RANGES, TURNS, values)


def points() -> Tensor:
    generator = torch.Generator().manual_seed(5)
    q = torch.rand(6, 2, generator=generator).double()
    low, high = torch.tensor(RANGES, dtype=torch.float64).T
    return low + (high - low) * q


def test_functions_that_it_holds_are_exact() -> None:
    q = points()
    for count in (3, 5):
        torch.testing.assert_close(through(count)(q), along(q), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(through(5)(q[:, None]), along(q)[:, None], rtol=1e-13, atol=1e-13)


def test_smooth_functions_converge_exponentially() -> None:
    def wave(x: Tensor) -> Tensor:
        return torch.exp(x[..., :1].cos())

    def error(count: int, turn: bool, ends: tuple[float, float]) -> float:
        x = nodes(ends, count, turn=turn)[:, None]
        by = interpolant([ends], [turn], wave(x))
        fine = torch.linspace(*ends, 100).double()[:, None]
        return float((by(fine) - wave(fine)).abs().max())

    for turn, ends in ((True, (0.0, 2 * pi)), (False, (0.5, 2.5))):
        assert error(17, turn, ends) < 1e-3 * error(9, turn, ends)


def test_derivatives_of_the_functions() -> None:
    by = through(5)
    assert torch.autograd.gradcheck(by, (points().requires_grad_(),))


def test_g_is_that_of_a_constrained_metric() -> None:
    """g = tᵀ G⁻¹ t with the tangents t of the surface in all coordinates."""
    internal = Relaxed(PEROXIDE, ("r1", "phi3"), through(5))
    q = points()
    g, _ = kinetic(internal.to_positions, q, MASSES)
    whole, _ = kinetic(PEROXIDE.to_positions, internal.whole(q), MASSES)
    tangents = torch.func.vmap(torch.func.jacrev(internal.whole))(q)
    metric = tangents.mT @ torch.linalg.inv(whole) @ tangents
    torch.testing.assert_close(g, torch.linalg.inv(metric), rtol=1e-10, atol=1e-14)


def test_names_kinds_and_the_way_back() -> None:
    internal = Relaxed(PEROXIDE, ("r1", "phi3"), through(5))
    assert (internal.names, internal.kinds) == (("r1", "phi3"), ("length", "dihedral"))
    assert internal.relaxed == ("r2", "theta2", "r3", "theta3")
    q = points()
    back = internal.from_positions(internal.to_positions(q, MASSES), MASSES)
    torch.testing.assert_close(back, q, rtol=1e-12, atol=1e-12)
