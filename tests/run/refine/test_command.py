"""pes-refine from a configuration to a folder."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pes import cli, plots
from pes.potential import load_surface
from pes.potential.corrected import CorrectedSurface

LEVELS = """v1,v2,v3,energy,uncertainty
0,1,0,1600.0,0.1
0,2,0,3170.0,0.1
1,0,0,3640.0,0.1
0,0,1,3740.0,0.1
"""

HEAVY = """v1,v2,v3,energy,uncertainty
0,1,0,1181.0,0.1
1,0,0,2660.0,0.1
"""

CONFIG = {
    "name": "tiny",
    "device": "cpu",
    "threads": 1,
    "surface": "water_pjt1996",
    "data": "water.h5",
    "adjust": {"kind": "polynomial", "degree": 2},
    "steps": 2,
    "coordinates": {"ranges": {"r1": [0.7, 1.4], "r2": [0.7, 1.4], "theta": [50, 175]}},
    "basis": {"all": {"functions": 5, "points": 8, "primitives": 30}},
    "isotopologues": [
        {"molecule": ["O", "H", "H"], "observed": "light.csv"},
        {"molecule": ["O", "D", "D"], "observed": "heavy.csv", "held": True},
    ],
}


@pytest.fixture
def refine(work: Path) -> Callable[..., Path]:
    """Run pes-refine on the tiny configuration, some keys changed; its folder."""
    (work / "light.csv").write_text(LEVELS)
    (work / "heavy.csv").write_text(HEAVY)

    def run(*arguments: object, **changes: object) -> Path:
        (work / "refine.yaml").write_text(yaml.safe_dump({**CONFIG, **changes}))
        cli.refine(["--config", str(work / "refine.yaml"), *map(str, arguments)])
        return work / "runs" / "tiny"

    return run


def test_everything_a_run_leaves(refine: Callable[..., Path]) -> None:
    folder = refine()
    assert {p.name for p in folder.iterdir()} == {
        "config.yaml", "levels.csv", "refine.log", "refinement.json", "refinement.png", "steps.csv",
        "surface.safetensors",
    }  # fmt: skip
    found = json.loads((folder / "refinement.json").read_text())
    fitted, held = (
        found["rms"][f"O {a} {a}, {r}"] for a, r in (("H", "fitted"), ("D", "held out"))
    )
    assert fitted["levels"] == 4
    assert fitted["after"] < 0.6 * fitted["before"]
    assert held["levels"] == 2
    assert len(found["cross_validation"]) > 5
    assert found["anchor"] == min(found["cross_validation"], key=lambda row: row[2])[1]
    with (folder / "levels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["role"] for row in rows] == ["fitted"] * 4 + ["held out"] * 2
    assert found["adjusted"] == "polynomial of degree 2"
    surface, record = load_surface(folder / "surface.safetensors")
    assert isinstance(surface, CorrectedSurface)
    assert bool(surface.correction.coefficients.any())
    assert record.notes["refined"]["from"] == "water_pjt1996"


def test_the_refined_surface_gives_the_levels_it_says(
    refine: Callable[..., Path], work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "level_diagram", lambda path, *_, **__: path.touch())
    folder = refine(anchor=1e-3, adjust={"kind": "weights"})
    wanted = {k: CONFIG[k] for k in ("device", "threads", "coordinates", "basis")}
    content = {
        **wanted, "name": "again", "molecule": ["O", "H", "H"], "levels": 5, "convergence": False,
        "surface": str(folder / "surface.safetensors"), "sensitivities": {"masses": False},
    }  # fmt: skip
    (work / "levels.yaml").write_text(yaml.safe_dump(content))
    cli.levels(["--config", str(work / "levels.yaml")])
    again = json.loads((work / "runs" / "again" / "levels.json").read_text())
    rows = json.loads((folder / "refinement.json").read_text())["levels"]
    # The largest change is that of the bases, contracted at a minimum found to 1e-6.
    found = [row["energy"] for row in again["levels"][1:]]
    assert found == pytest.approx([r["observed"] + r["after"] for r in rows[:4]], abs=1e-3)


def test_normal_coordinates_on_a_sparse_grid(
    refine: Callable[..., Path], refusal: Callable[..., str], work: Path
) -> None:
    """The bend is ν2, as in `pes-levels`; a correction of three constants moves it."""
    (work / "bend.csv").write_text("v1,v2,v3,energy,uncertainty\n0,1,0,1600.0,0.1\n")
    changes = {
        "coordinates": {"kind": "bond_vectors"}, "basis": {}, "quanta": 6, "grid_level": 8,
        "isotopologues": [{"molecule": ["O", "H", "H"], "observed": "bend.csv"}],
        "adjust": {"kind": "polynomial", "degree": 1}, "anchor": 1e-6, "steps": 4,
    }  # fmt: skip
    line = refusal(refine, **{**changes, "basis": CONFIG["basis"]})
    assert "leave out `basis`" in line
    (row,) = json.loads((refine(**changes) / "refinement.json").read_text())["levels"]
    # The bend of this surface is 1594.65; six quanta are within 1 of it.
    assert row["before"] == pytest.approx(-5.35, abs=1.0)
    assert abs(row["after"]) < 0.01


def test_mistakes_are_one_line(refine: Callable[..., Path], refusal: Callable[..., str]) -> None:
    one, two = CONFIG["isotopologues"]
    line = refusal(refine, isotopologues=[two])
    assert "every level is held out" in line
    line = refusal(refine, isotopologues=[{**one, "held_levels": [[5, 5, 5]]}])
    assert "[5, 5, 5] is not in" in line
    line = refusal(refine, isotopologues=[{**one, "observed": "none.csv"}])
    assert "no such file of observed levels" in line
    line = refusal(refine, isotopologues=[{**one, "up_to": 100}])
    assert "has no level below 100" in line
    assert "`anchor" in refusal(refine, anchor=-1.0)


def test_nothing_is_overwritten(refine: Callable[..., Path], refusal: Callable[..., str]) -> None:
    folder = refine(anchor=1.0, steps=1)
    before = (folder / "refinement.json").read_bytes()
    assert "finished run" in refusal(refine)
    assert (folder / "refinement.json").read_bytes() == before


def test_the_degree_may_be_chosen_too(refine: Callable[..., Path]) -> None:
    """By the fitted levels alone: the held-out ones may say what they like."""
    adjust = {"kind": "polynomial"}
    found = json.loads((refine(adjust=adjust, steps=1) / "refinement.json").read_text())
    degrees = {name for name, _, _ in found["cross_validation"]}
    assert degrees == {f"polynomial of degree {k}" for k in range(1, 6)}
    best = min(found["cross_validation"], key=lambda row: row[2])
    assert [found["adjusted"], found["anchor"]] == best[:2]
