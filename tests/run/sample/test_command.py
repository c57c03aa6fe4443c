"""Geometries to compute, by energy and by the spread of an ensemble."""

import json
from collections.abc import Callable
from pathlib import Path

import ase.io
import pytest
import torch
import yaml

import pes
from pes import BasisSize, cli
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


@pytest.fixture
def levelled(work: Path, water: Water) -> Path:
    """A run folder with an ensemble and its levels."""
    ensemble(work, water())
    run = work / "runs" / "h2o"
    run.mkdir(parents=True)
    (work / "three.safetensors").rename(run / "surface.safetensors")
    (run / "summary.json").write_text("{}")
    basis = {"all": BasisSize(functions=5, points=8)}
    bent = {"r1": (0.75, 1.25), "r2": (0.75, 1.25), "theta": (65, 155)}
    result = pes.levels(run, count=6, basis=basis, ranges=bent, convergence=False)
    result.save(run / "levels")
    return run


def test_for_the_error_bars_of_levels(levelled: Path, work: Path) -> None:
    cli.sample(["--from", str(levelled), "--levels", "5", "--count", "15", "--device", "cpu"])
    folder = work / "runs" / "h2o_next"
    facts = json.loads((folder / "sample.json").read_text())
    rows = json.loads((levelled / "levels" / "levels.json").read_text())["levels"]
    # The bars are those of the table but for the ceiling of V, which here is the highest point of
    # the grid: members lie above it where the levels hardly are.
    assert facts["error_bars_cm1"][1:] == pytest.approx([row["spread"] for row in rows[1:5]], 1e-3)
    frames = ase.io.read(folder / "geometries.xyz", index=":")
    assert len(frames) == 15
    assert all(frame.info["spread_cm1"] > 0 for frame in frames)


def test_until_the_error_bars_are_small_enough(
    levelled: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.sample(["--from", str(levelled), "--levels", "5", "--accuracy", "1e6"])
    assert end.value.code == 3
    assert "no geometry needs to be computed" in capsys.readouterr().out
    assert not (work / "runs" / "h2o_next" / "geometries.xyz").exists()


def test_mistakes_with_levels(levelled: Path, work: Path, refusal: Refusal) -> None:
    line = refusal(cli.sample, ["--from", str(levelled), "--levels", "9"])
    assert "the error bars of 9 levels are asked for, there are 6" in line
    line = refusal(cli.sample, config(work, choose="levels", levels_folder="runs"))
    assert "levels.h5: no such file of levels; compute the levels with pes-levels first" in line
    single = config(work, choose="levels", levels=5, levels_folder="runs/h2o/levels")
    assert "need an ensemble of at least two members" in refusal(cli.sample, single)
    line = refusal(cli.sample, ["--from", "runs/none"])
    assert "runs/none" in line
    assert "`levels`: " in refusal(cli.sample, ["--from", str(levelled), "--levels", "-3"])
