"""Which densities are drawn and stored, and that they are probabilities at pairs of points."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import pes
from pes.potential.analytic import WaterPJT
from pes.setup.levels.level_result import LevelsResult
from pes.setup.results.density_maps import density_maps, write_maps
from pes.units import ANGSTROM

RANGES = {"r1": (0.7, 1.3), "r2": (0.7, 1.3), "theta": (60.0, 160.0)}


@pytest.fixture(scope="module")
def water() -> LevelsResult:
    """Two levels in a tiny basis."""
    basis = {"all": pes.BasisSize(functions=3, points=5, primitives=20)}
    return pes.levels("water_pjt1996", count=2, ranges=RANGES, basis=basis, convergence=False)


def test_all_pairs_unless_some_are_named(water: LevelsResult) -> None:
    maps = density_maps(water.task, (0, 1))
    assert (maps.levels, maps.pairs) == ((0, 1), ((0, 1), (0, 2), (1, 2)))
    assert maps.sampled is None  # an analytic surface has no training points
    assert density_maps(water.task, pairs=[("theta", "r1")]).pairs == ((2, 0),)


def test_training_points_and_their_copies_are_shown(water: LevelsResult) -> None:
    surface = WaterPJT()
    x = torch.eye(3, dtype=torch.float64)[None] * ANGSTROM
    x[0, 1] *= 1.1
    record = pes.potential.SurfaceRecord(("O", "H", "H"), (0.0, 0.1), "none", x)
    task = pes.levels(
        pes.Surface(surface, record.symbols, record), count=1, ranges=RANGES,
        basis={"all": 3}, convergence=False,
    ).task  # fmt: skip
    points = density_maps(task).sampled
    assert points is not None
    # The two hydrogens exchanged: the bonds change places, the angle stays.
    torch.testing.assert_close(points[1], points[0][[1, 0, 2]])
    assert not torch.allclose(points[0, :1], points[0, 1:2])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"levels": (2,), "count": 2}, "level 2 does not exist, they are numbered 0 to 1"),
        ({"pairs": [("r1", "r3")]}, "must name two of r1, r2, theta, got r1, r3"),
        ({"pairs": [("r1", "r1")]}, "must name two of r1, r2, theta, got r1, r1"),
    ],
)
def test_what_is_not_there_is_refused(water: LevelsResult, settings: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        density_maps(water.task, **settings)


def test_stored_maps(water: LevelsResult, tmp_path: Path) -> None:
    # Level 7 was asked for, but only two were computed up to an energy.
    maps = density_maps(water.task, (1, 7), [("r1", "theta")])
    with h5py.File(tmp_path / "maps.h5", "w") as file:
        write_maps(file, water.levels, water.task, maps)
        assert set(file["densities"]) == {"points", "1"}
        assert set(file["densities/points"]) == {"r1", "theta"}
        density = file["densities/1/r1_theta"]
        r1, theta = (file[f"densities/points/{name}"] for name in ("r1", "theta"))
        assert density.shape == (len(r1), len(theta))
        assert (r1.attrs["units"], density.attrs["units"]) == (
            "bohr or radian", "probability at each pair of points",
        )  # fmt: skip
        # Orthonormal functions on the quadrature that they are orthonormal in.
        assert np.sum(density[()]) == pytest.approx(1, abs=1e-9)
        # The state of one bending quantum has its node near the middle of the angle.
        along = density[()].sum(0)
        assert along[np.abs(theta[()] - 1.85).argmin()] < 0.3 * along.max()
