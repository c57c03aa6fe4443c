"""Geometries chosen by the library: those of the command, what they promise, and mistakes."""

from collections.abc import Callable
from pathlib import Path

import ase.io
import pytest
import torch
import yaml

import pes
from pes import cli
from pes.geometry import distances
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, CM1

RANGES = {"r1": (0.8, 1.3), "r2": (0.8, 1.3), "theta": (70.0, 150.0)}
WITHIN = pes.CoordinateRequest(ranges=RANGES)


def test_the_library_chooses_as_the_command_does(work: Path) -> None:
    content = {
        "name": "new", "surface": "water_pjt1996", "count": 30, "samples": 512, "energy": 12000,
        "seed": 3, "coordinates": {"ranges": {name: list(ends) for name, ends in RANGES.items()}},
    }  # fmt: skip
    (work / "sample.yaml").write_text(yaml.safe_dump(content))
    cli.sample(["--config", "sample.yaml", "--device", "cpu"])
    ours = pes.sample(
        "water_pjt1996", count=30, samples=512, energy=12000, seed=3, coordinates=WITHIN
    )
    ours.save("mine")
    theirs = work / "runs" / "new" / "geometries.xyz"
    assert (work / "mine" / "geometries.xyz").read_text() == theirs.read_text()
    assert len(ase.io.read(theirs, index=":")) == 30


def test_within_ranges_and_energy() -> None:
    some = pes.sample("water_pjt1996", count=40, samples=512, energy=12000, coordinates=WITHIN)
    assert repr(some).startswith("Sample(H2O: 40 geometries of 512 random ones, ")
    assert "above_minimum_cm1" in str(some)
    assert some.nearest is None
    heights = WaterPJT()(some.positions).detach()  # 0 at its minimum
    torch.testing.assert_close(some.heights, heights, rtol=0, atol=1e-6 * CM1)
    assert float(heights.max()) < 12000 * CM1
    bonds = distances(some.positions)[:, :2] / ANGSTROM
    assert bool(((bonds > 0.8) & (bonds < 1.3)).all())


def test_more_geometries_continue_fewer() -> None:
    few, many = (
        pes.sample("water_pjt1996", count=n, samples=512, coordinates=WITHIN) for n in (10, 50)
    )
    assert torch.equal(few.positions, many.positions[:10])
    other = pes.sample("water_pjt1996", count=10, samples=512, coordinates=WITHIN, seed=1)
    assert not torch.equal(few.positions, other.positions)


def test_near_known_points(water: Callable[..., pes.Dataset]) -> None:
    some = pes.sample("water_pjt1996", count=20, samples=512, points=water())
    assert some.nearest is not None
    assert float(some.nearest.min()) > 0
    assert distances(some.positions)[:, :2].max() <= distances(water().positions)[:, :2].max()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "`count` must be at least 1, got 0"),
        ({"choose": "levels"}, "`choose` must be energy or spread, got 'levels'; pes.propose"),
        ({"choose": "spread"}, "needs an ensemble"),
        ({"count": 900}, "only .* of 512 samples can be chosen"),
        ({"coordinates": None}, "`coordinates` or `points` is needed"),
    ],
)
def test_mistakes(options: dict[str, object], words: str) -> None:
    usual = {"samples": 512, "count": 5, "coordinates": WITHIN}
    with pytest.raises(ValueError, match=words):
        pes.sample("water_pjt1996", **usual | options)  # type: ignore[arg-type]


def test_points_of_other_atoms(water: Callable[..., pes.Dataset]) -> None:
    with pytest.raises(ValueError, match="`points`: the atoms are O H H, the molecule is C O O"):
        pes.sample("carbon_dioxide_model", points=water())
    with pytest.raises(TypeError, match="points must be a Dataset, got"):
        pes.sample("water_pjt1996", points="mine.h5")  # type: ignore[arg-type]
