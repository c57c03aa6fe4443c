"""Geometries to compute, by energy and by the spread of an ensemble."""

import json
from collections.abc import Callable
from pathlib import Path

import ase.io
import pytest
import torch
import yaml

from pes import cli
from pes.data import Dataset
from pes.descriptors import Invariants
from pes.geometry import distances
from pes.potential import Ensemble, SurfaceRecord, linear_surface, save_surface
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, CM1

Water = Callable[..., Dataset]
Refusal = Callable[..., str]
RANGES = {"r1": [0.8, 1.3], "r2": [0.8, 1.3], "theta": [70, 150]}
COORDINATES = {
    "name": "new", "surface": "water_pjt1996", "count": 40, "samples": 1024, "energy": 12000,
    "coordinates": {"ranges": RANGES},
}  # fmt: skip


def config(work: Path, **changes: object) -> list[str]:
    content = {key: value for key, value in {**COORDINATES, **changes}.items() if value is not None}
    (work / "sample.yaml").write_text(yaml.safe_dump(content))
    return ["--config", str(work / "sample.yaml"), "--device", "cpu"]


def geometries(work: Path) -> tuple[torch.Tensor, list[dict]]:
    frames = ase.io.read(work / "runs" / "new" / "geometries.xyz", index=":")
    x = torch.stack([torch.from_numpy(frame.positions) * ANGSTROM for frame in frames])
    return x, [frame.info for frame in frames]


def ensemble(work: Path, points: Dataset) -> list:
    """Linear surfaces of points and of halves of them."""
    members = [
        linear_surface(Invariants(("O", "H", "H"), 3), part.positions, part.energies)
        for part in (points, points.select(range(0, 60, 2)), points.select(range(1, 60, 2)))
    ]
    span = float(points.energies.min()), float(points.energies.max())
    record = SurfaceRecord(points.symbols, span, points.sha256, points.positions)
    save_surface(work / "three.safetensors", Ensemble(members), record)
    return members


def test_by_energy_within_ranges_of_coordinates(work: Path) -> None:
    cli.sample(config(work))
    folder = work / "runs" / "new"
    assert {p.name for p in folder.iterdir()} == {
        "config.yaml", "energies.png", "geometries.xyz", "sample.json", "sample.log",
    }  # fmt: skip
    x, known = geometries(work)
    assert len(x) == 40
    r = distances(x)[:, :2] / ANGSTROM
    assert ((r > 0.8) & (r < 1.3)).all()
    heights = WaterPJT()(x) / CM1
    assert heights.max() < 12000
    # V = 0 at the minimum of this surface; files keep all digits.
    assert [one["above_minimum_cm1"] for one in known] == pytest.approx(heights.tolist(), abs=1e-3)
    first = (folder / "geometries.xyz").read_text()
    cli.sample([*config(work), "--overwrite"])
    assert (folder / "geometries.xyz").read_text() == first
    cli.sample([*config(work, seed=1), "--overwrite"])
    assert (folder / "geometries.xyz").read_text() != first


def test_by_energy_within_the_distances_of_points(work: Path, water: Water) -> None:
    cli.sample(config(work, coordinates=None, points="water.h5"))
    x, known = geometries(work)
    r, there = distances(x), distances(water().positions)
    assert len(x) == 40
    assert r[:, :2].max() <= there[:, :2].max() + 1e-9
    assert all(one["nearest_known"] > 0 for one in known)
    assert json.loads((work / "runs/new/sample.json").read_text())["geometries"] == 40


def test_where_an_ensemble_disagrees(work: Path, water: Water) -> None:
    members = ensemble(work, water())
    cli.sample(config(work, coordinates=None, surface="three.safetensors", choose="spread",
                      count=20))  # fmt: skip
    x, known = geometries(work)
    spread = torch.stack([member(x) for member in members]).std(0) / CM1
    assert [one["spread_cm1"] for one in known] == pytest.approx(spread.tolist(), rel=1e-6)
    assert all(one["above_minimum_cm1"] <= 12000 for one in known)
    cli.sample([*config(work, coordinates=None, surface="three.safetensors", count=20),
                "--overwrite"])  # fmt: skip
    even, _ = geometries(work)
    # What is chosen for its spread has more of it than what is chosen evenly.
    assert spread.median() > 3 * torch.stack([m(even) for m in members]).std(0).median() / CM1


def test_mistakes(work: Path, water: Water, refusal: Refusal) -> None:
    ensemble(work, water())

    def said(**changes: object) -> str:
        return refusal(cli.sample, config(work, **changes))

    assert "needs an ensemble" in said(choose="spread")
    assert "`coordinates` or `points`" in said(coordinates=None)
    assert "raise `samples` or `energy`" in said(count=900)
    assert "raise `samples` or `energy`" in said(
        coordinates=None, surface="three.safetensors", choose="spread", energy=1e-3
    )
    assert "did you mean `energy`" in said(energi=3)
    cli.sample(config(work))
    assert "holds a finished run" in said()
