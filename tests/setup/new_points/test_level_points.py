"""Points for the error bars of levels, from a result and from its folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import pes
from pes.data import Dataset
from pes.descriptors import Invariants
from pes.potential import Ensemble, Surface, SurfaceRecord, linear_surface

Water = Callable[..., Dataset]
BASIS = {"all": pes.BasisSize(functions=5, points=8)}
RANGES = {"r1": (0.75, 1.25), "r2": (0.75, 1.25), "theta": (65.0, 155.0)}


def ensemble(points: Dataset) -> Surface:
    members = [
        linear_surface(Invariants(("O", "H", "H"), 3), part.positions, part.energies)
        for part in (points, points.select(range(0, 60, 2)), points.select(range(1, 60, 2)))
    ]
    record = SurfaceRecord(points.symbols, (0.0, 1.0), points.sha256, points.positions)
    return Surface(Ensemble(members), points.symbols, record)


def test_a_result_and_its_folder(water: Water, tmp_path: Path) -> None:
    surface = ensemble(water())
    levels = pes.levels(surface, count=4, basis=BASIS, ranges=RANGES, convergence=False)
    levels.save(tmp_path / "levels")
    held = pes.propose(levels, count=10, number=4)
    read = pes.propose(tmp_path / "levels", surface, count=10, number=4)
    assert torch.equal(held.positions, read.positions)
    assert held.positions.shape == (10, 3, 3)
    printed = levels.error_bars.columns["spread"] / pes.units.CM1
    # The ceiling of V is the highest point of the grid here.
    assert held.error_bars[1:].tolist() == pytest.approx(printed[1:].tolist(), rel=1e-3)
    assert held.error_bars[0] == pytest.approx(float(printed[0]), rel=0.2)
    assert repr(held).startswith("Proposal(H2O: 10 geometries; error bars of 4 levels up to ")
    # Levels with small bars do not count.
    middle = float(held.error_bars.median())
    assert len(pes.propose(levels, count=10, number=4, accuracy=middle).positions) == 10
    assert len(pes.propose(levels, count=10, number=4, accuracy=1e6).positions) == 0


def test_mistakes(water: Water, tmp_path: Path) -> None:
    surface = ensemble(water())
    levels = pes.levels(surface, count=4, basis=BASIS, ranges=RANGES, convergence=False)
    levels.save(tmp_path)
    with pytest.raises(ValueError, match="20 levels are asked for, there are 4"):
        pes.propose(levels)
    with pytest.raises(ValueError, match="`surface` is needed"):
        pes.propose(tmp_path, number=4)
    with pytest.raises(ValueError, match="need an ensemble"):
        pes.propose(tmp_path, "water_pjt1996", number=4)
    other = water()
    later = ensemble(Dataset(other.symbols, other.positions, 1.01 * other.energies))
    with pytest.raises(ValueError, match="levels of another surface, V differs by up to"):
        pes.propose(tmp_path, later, number=4)
    with pytest.raises(FileNotFoundError, match=r"compute the levels with pes-levels first"):
        pes.propose(tmp_path / "none", surface, number=4)
    (tmp_path / "levels.h5").write_text("no levels")
    with pytest.raises(ValueError, match=r"levels.h5: cannot be read as levels"):
        pes.propose(tmp_path, surface, number=4)
