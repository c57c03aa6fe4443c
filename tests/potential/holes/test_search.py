"""The search finds a hole that is known to be there, and none where there is none."""

from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
import torch
from torch import Tensor

from pes.descriptors import Invariants
from pes.geometry import distances
from pes.potential import energies_and_forces, linear_surface
from pes.potential.analytic import WaterPJT
from pes.potential.holes.box import distance_box
from pes.potential.holes.search import doubtful_regions, holes, numerical
from pes.units import ANGSTROM, CM1, DEGREE

DATA = Path(__file__).parents[3] / "data" / "h2o_ccsdt_vtz.h5"
WATER = ("O", "H", "H")
PJT = WaterPJT().requires_grad_(False)
PLACE = torch.tensor([1.2, 1.15, 2.1], dtype=torch.float64) * ANGSTROM
DEPTH = 60000 * CM1


def waters(lengths: tuple[float, float], angles: tuple[float, float]) -> Tensor:
    """The minimum and 100 geometries, O first."""
    draw = torch.rand(100, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    r = (lengths[0] + (lengths[1] - lengths[0]) * draw[:, :2]) * ANGSTROM
    angle = (angles[0] + (angles[1] - angles[0]) * draw[:, 2]) * DEGREE
    r, angle = torch.cat((PJT.r_e.expand(1, 2), r)), torch.cat((PJT.alpha_e[None], angle))
    x = torch.zeros(101, 3, 3, dtype=torch.float64)
    x[:, 1, 0] = r[:, 0]
    x[:, 2, 0], x[:, 2, 1] = r[:, 1] * angle.cos(), r[:, 1] * angle.sin()
    return x


SAFE = waters((0.8, 1.25), (70.0, 150.0))


def planted(width: float) -> Callable[[Tensor], Tensor]:
    """The water surface with a Gaussian hole of a width in Å."""

    def surface(x: Tensor) -> Tensor:
        apart = (distances(x) - PLACE).square().sum(-1)
        return PJT(x) - DEPTH * torch.exp(-apart / (2 * (width * ANGSTROM) ** 2))

    return surface


def searched(surface: Callable[[Tensor], Tensor], x: Tensor, samples: int = 8192, **options):
    return holes(surface, distance_box(WATER, x), x, samples, start=x[0], **options)


def test_a_sound_surface_has_no_hole() -> None:
    found = searched(PJT, SAFE)
    assert found.holes == ()
    assert found.share_below == 0
    # V = 0 at the minimum by definition of this surface; steps of 1e-7 bohr end it at 1e-13.
    assert found.minimum == pytest.approx(0, abs=1e-12)
    torch.testing.assert_close(
        found.well.norm(dim=-1)[1:], PJT.r_e.expand(2), rtol=0, atol=1e-5, check_dtype=False
    )


# The whole box is 0.45 by 0.45 by about 1.4 Å.
@pytest.mark.parametrize("width", [0.06, 0.02, 0.01])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_hole_is_found_once_with_its_depth(width: float, seed: int) -> None:
    surface = planted(width)
    (hole,) = searched(surface, SAFE, seed=seed).holes
    # Its bottom is moved by the slope of the surface, less than its width.
    assert (distances(hole.positions) - PLACE).norm() < width * ANGSTROM
    forces = energies_and_forces(surface, hole.positions[None])[1]
    # 0.003 hartree/bohr against curvatures of 170 and more: within 2e-5 bohr of the bottom.
    assert forces.abs().max() < 3e-3
    at_place = float(PJT(hole.positions[None]))
    assert hole.energy == pytest.approx(at_place - DEPTH, abs=0.01 * DEPTH)


def test_a_hole_on_a_training_point_does_not_become_the_minimum() -> None:
    x = SAFE.clone()
    o, h1 = torch.zeros(3, dtype=torch.float64), torch.tensor([1.2, 0, 0], dtype=torch.float64)
    cosine = (1.2**2 + 1.15**2 - 2.1**2) / (2 * 1.2 * 1.15)
    h2 = 1.15 * torch.tensor([cosine, (1 - cosine**2) ** 0.5, 0], dtype=torch.float64)
    x[50] = torch.stack((o, h1, h2)) * ANGSTROM
    assert len(searched(planted(0.05), x).holes) == 1


def test_a_linear_surface_of_wide_range_digs_holes_in_the_corners() -> None:
    with h5py.File(DATA) as file:
        x, energies = (torch.from_numpy(file[name][()]) for name in ("positions", "energies"))
    surface = linear_surface(Invariants(WATER, 8), x, energies).requires_grad_(False)
    found = holes(surface, distance_box(WATER, x), x, 4096, start=x[energies.argmin()])
    # Row 0 of the data is the minimum; the fit is off by tens of cm⁻¹ there.
    assert found.minimum == pytest.approx(float(energies.min()), abs=200 * CM1)
    assert found.holes[0].energy < -50000 * CM1
    assert [h.energy for h in found.holes] == sorted(h.energy for h in found.holes)
    box = distance_box(WATER, x)
    assert all(box.holds(hole.positions[None]) for hole in found.holes)
    assert float((surface(x) < found.minimum).double().mean()) == 0


def test_differences_serve_where_torch_cannot_follow() -> None:
    surface = planted(0.03)
    energies, forces = energies_and_forces(PJT, SAFE)
    values, slopes = numerical(PJT, SAFE)
    torch.testing.assert_close(values, energies)
    # Central differences with 1e-3 bohr: third derivative, about 10, times 1e-6/6.
    torch.testing.assert_close(slopes, forces, rtol=0, atol=1e-5)
    (hole,) = searched(surface, SAFE, 2048, gradient=lambda x: numerical(surface, x)).holes
    assert hole.energy < -40000 * CM1


def test_disagreement_is_found_where_members_differ() -> None:
    def members(x: Tensor) -> Tensor:
        return torch.stack((PJT(x), planted(0.05)(x), PJT(x)))

    box = distance_box(WATER, SAFE)
    limits = {"minimum": 0.0, "top": 40000 * CM1, "limit": 3000 * CM1}
    (region,) = doubtful_regions(members, box, SAFE, 4096, **limits)
    # One of three members off by D: their standard deviation is D/√3.
    assert region.spread == pytest.approx(DEPTH / 3**0.5, rel=1e-3)
    assert (distances(region.positions) - PLACE).norm() < 0.01
    assert doubtful_regions(members, box, SAFE, 4096, **{**limits, "limit": DEPTH}) == ()
    low = doubtful_regions(members, box, SAFE, 4096, **{**limits, "top": 3000 * CM1})
    assert all(region.energy <= 3000 * CM1 for region in low)


def test_a_flat_surface_has_nothing_to_report() -> None:
    assert searched(lambda x: 0 * x[:, 0, 0], SAFE, 512).holes == ()
