"""Positions and their derivatives in the frames of the body."""

import pytest
import torch

from pes.coordinates import Valence, ZMatrix
from pes.molecule import Molecule
from pes.rovibration.frames import FRAMES, in_frame, is_near_jump
from pes.rovibration.reference import mean_geometry
from pes.units import ANGSTROM, DEGREE
from pes.vibration.system.kinetic import metric_tensor, tangents

MASSES = Molecule(("O", "H", "D")).masses
PEROXIDE = Molecule(("O", "O", "H", "H")).masses
PLACES = torch.tensor([[0.9, 1.0, 110.0], [1.1, 0.95, 95.0]], dtype=torch.float64)
Q = PLACES * torch.tensor([ANGSTROM, ANGSTROM, DEGREE], dtype=torch.float64)
REFERENCE = torch.tensor([[0.0, 0, 0.1], [0.9, 0, -1.2], [-1.0, 0, -1.3]], dtype=torch.float64)


def seen(q: torch.Tensor, frame: str) -> tuple[torch.Tensor, torch.Tensor]:
    x, dx = tangents(Valence(0, (1, 2)).to_positions, q, MASSES)
    centre = (MASSES[:, None] * REFERENCE).sum(0) / MASSES.sum()
    return in_frame(x, dx, REFERENCE - centre, MASSES, frame)


@pytest.mark.parametrize("frame", FRAMES)
def test_derivatives_are_those_of_the_turned_positions(frame: str) -> None:
    step = 3e-5
    _, dx = seen(Q, frame)
    for k in range(3):
        shift = step * torch.eye(3, dtype=torch.float64)[k]
        differences = (seen(Q + shift, frame)[0] - seen(Q - shift, frame)[0]) / (2 * step)
        # Differences of second order are off by about step².
        torch.testing.assert_close(dx[:, k], differences, rtol=0, atol=1e-7)


@pytest.mark.parametrize("frame", FRAMES)
def test_vibration_does_not_depend_on_the_frame(frame: str) -> None:
    """G_kl is the same, and so is the determinant of the metric."""
    plain, turned = (metric_tensor(*seen(Q, f), MASSES)[1] for f in ("embedded", frame))
    torch.testing.assert_close(
        torch.linalg.inv(turned)[:, :3, :3], torch.linalg.inv(plain)[:, :3, :3]
    )
    torch.testing.assert_close(torch.linalg.det(turned), torch.linalg.det(plain))


def test_eckart_condition() -> None:
    x, dx = seen(Q, "eckart")
    weighted = MASSES[:, None] * (REFERENCE - (MASSES[:, None] * REFERENCE).sum(0) / MASSES.sum())
    for one in (x, *dx.unbind(1)):
        turn = torch.linalg.cross(weighted.expand_as(one), one).sum(1)
        torch.testing.assert_close(turn, torch.zeros_like(turn), rtol=0, atol=1e-8)


def test_moments_of_inertia_are_diagonal_along_principal_axes() -> None:
    x, _ = seen(Q, "principal_axes")
    products = x.mT @ (MASSES[:, None] * x)
    off = products - torch.diag_embed(products.diagonal(dim1=-2, dim2=-1))
    torch.testing.assert_close(off, torch.zeros_like(off), rtol=0, atol=1e-8)


@pytest.mark.parametrize("frame", FRAMES)
def test_principal_axes_jump_where_two_moments_are_equal(frame: str) -> None:
    """For ends of mass m and a middle of mass M that is where tan² of half the angle is M/(2m + M).

    With one bond a little longer the axes lie at 45 degrees to the bisector there.
    """
    masses = Molecule(("O", "D", "D")).masses
    half = torch.atan((masses[0] / masses.sum()).sqrt())
    bond = 0.95 * ANGSTROM
    q = torch.tensor([[bond, bond, 1.82], [bond + 1e-3, bond, 2 * half]], dtype=torch.float64)
    x = Valence(0, (1, 2)).to_positions(q)
    x = x - (masses[:, None] * x).sum(1, keepdim=True) / masses.sum()
    reference = x[0] @ torch.linalg.eigh(x[0].mT @ (masses[:, None] * x[0])).eigenvectors
    jumps = is_near_jump(x, reference, masses, frame)
    assert jumps.tolist() == [False, frame == "principal_axes"]


def twisted(dihedral: float) -> torch.Tensor:
    """Hydrogen peroxide at a dihedral angle in degrees, centre of mass at the origin, (4, 3)."""
    chain = ZMatrix((("O",), ("O", 0), ("H", 0, 1), ("H", 1, 0, 2)))
    angles = torch.tensor([100.0, 100.0, dihedral]) * DEGREE
    lengths = torch.tensor([1.46, 0.96, 0.96]) * ANGSTROM
    x = chain.to_positions(torch.stack([*lengths[:2], angles[0], lengths[2], *angles[1:]]).double())
    return x - (PEROXIDE[:, None] * x).sum(0) / PEROXIDE.sum()


def test_eckart_axes_turn_over_where_one_end_is_twisted_half_round() -> None:
    """Away from the reference, 112 degrees: at 292, where the other well, at 248, is near."""
    x = torch.stack([twisted(d) for d in (112.0, 180.0, 248.0, 288.0, 292.0, 296.0)])
    near = is_near_jump(x, x[0], PEROXIDE, "eckart").tolist()
    assert near == [False, False, False, True, True, True]
    # A molecule on a line has no hold about its axis, and needs none.
    water = Valence(0, (1, 2)).to_positions(torch.tensor([[1.8, 1.8, torch.pi - 1e-5]]).double())
    water = water - (MASSES[:, None] * water).sum(1, keepdim=True) / MASSES.sum()
    bent = REFERENCE - (MASSES[:, None] * REFERENCE).sum(0) / MASSES.sum()
    assert not bool(is_near_jump(water, bent, MASSES, "eckart"))


def test_mean_of_two_wells_is_planar() -> None:
    """Half way between the twisted minima is the trans form, from which nothing turns over."""
    wells = torch.stack([twisted(112.0), twisted(248.0)])
    mean = mean_geometry(wells, torch.ones(2).double(), PEROXIDE, wells[0])
    flat = torch.linalg.svdvals(mean)
    assert float(flat[2] / flat[1]) < 1e-5
    there = torch.stack([twisted(float(d)) for d in range(112, 249, 17)])
    assert not bool(is_near_jump(there, mean, PEROXIDE, "eckart").any())


def test_bisector() -> None:
    x, _ = seen(Q, "bisector")
    one, other = (torch.nn.functional.normalize(x[:, e] - x[:, 0], dim=-1) for e in (1, 2))
    half = torch.nn.functional.normalize(one + other, dim=-1)
    torch.testing.assert_close(half, torch.tensor([[1.0, 0, 0]] * 2, dtype=torch.float64))


def test_frames_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match=r"`frame` must be one of eckart, .*embedded, got 'x'"):
        seen(Q, "x")


def test_halved_dihedral() -> None:
    """Both arms as far from the xz plane, on one side of the yz plane each, the bond along z."""
    x = torch.stack([twisted(d) for d in (60.0, 180.0, 250.0)])
    reference = twisted(180.0)
    still = x.new_zeros(3, 0, 4, 3)
    seen_there, _ = in_frame(x, still, reference, PEROXIDE, "bisector")
    one, other = seen_there[:, 2] - seen_there[:, 0], seen_there[:, 3] - seen_there[:, 1]
    bond = seen_there[:, 1] - seen_there[:, 0]
    torch.testing.assert_close(bond[:, :2], torch.zeros(3, 2).double(), rtol=0, atol=1e-9)
    torch.testing.assert_close(one[:, 0], -other[:, 0], rtol=0, atol=1e-9)
    torch.testing.assert_close(one[:, 1], other[:, 1], rtol=0, atol=1e-9)
    assert is_near_jump(
        torch.stack([twisted(2.0), twisted(40.0)]), reference, PEROXIDE, "bisector"
    ).tolist() == [True, False]
