"""Refinement as a Python user asks for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import pes
from pes import cli
from pes.potential import load_surface
from pes.refinement.adjustment import problem_of
from pes.refinement.observed import LevelSettings
from pes.setup.problem.truncation import TruncationRequest

RANGES = {"r1": (0.7, 1.4), "r2": (0.7, 1.4), "theta": (50.0, 175.0)}

CONFIG = {
    "name": "tiny",
    "device": "cpu",
    "surface": "water_pjt1996",
    "data": "water.h5",
    "adjust": {"kind": "polynomial", "degree": 2},
    "steps": 1,
    "coordinates": {"ranges": {name: list(ends) for name, ends in RANGES.items()}},
    "basis": {"all": {"functions": 5, "points": 8, "primitives": 30}},
    "isotopologues": [
        {"molecule": ["O", "H", "H"], "observed": "light.csv", "up_to": 3700.0},
        {"molecule": ["O", "D", "D"], "observed": "heavy.csv", "held": True},
    ],
}


@pytest.fixture
def lists(work: Path) -> Path:
    """Levels near those of the surface, light.csv and heavy.csv."""
    head = "v1,v2,v3,energy,uncertainty\n"
    (work / "light.csv").write_text(head + "0,1,0,1600,0.1\n1,0,0,3640,0.1\n0,0,1,3740,0.1\n")
    (work / "heavy.csv").write_text(head + "0,1,0,1181,0.1\n")
    return work


@pytest.fixture
def refined(lists: Path) -> Callable[..., pes.Refinement]:
    """The refinement of `CONFIG` in Python, other arguments added."""

    def run(**changes: object) -> pes.Refinement:
        observed = {
            "O H H": pes.ObservedLevels("light.csv", up_to=3700),
            "O D D": pes.ObservedLevels("heavy.csv", held_out=True),
        }
        settings = {
            "adjust": pes.Polynomial(degree=2), "steps": 1,
            "coordinates": pes.CoordinateRequest(ranges=RANGES),
            "basis": {"all": pes.BasisSize(None, 5, 8, 30)},
        }  # fmt: skip
        surface = changes.pop("surface", "water_pjt1996")
        return pes.refine(surface, observed, hold="water.h5", **{**settings, **changes})

    return run


def test_a_script_writes_what_the_command_writes(
    lists: Path, refined: Callable[..., pes.Refinement]
) -> None:
    (lists / "refine.yaml").write_text(yaml.safe_dump(CONFIG))
    cli.refine(["--config", "refine.yaml"])
    theirs = lists / "runs" / "tiny"

    ours = refined().save("mine", name="tiny")

    assert {p.name for p in theirs.iterdir()} - {"config.yaml", "refine.log"} == {
        p.name for p in ours.iterdir()
    }
    for file in ours.iterdir():
        assert file.read_bytes() == (theirs / file.name).read_bytes(), file.name


def test_points_that_count_from_another_zero(refined: Callable[..., pes.Refinement]) -> None:
    water = pes.load("water_pjt1996").potential

    def shifted(positions: torch.Tensor) -> torch.Tensor:
        return water(positions) - 76.25

    with pytest.raises(ValueError, match=r"another zero; add 76\.25\d* hartree to the energies"):
        refined(surface=shifted)


def test_what_it_says_of_itself(refined: Callable[..., pes.Refinement]) -> None:
    result = refined(anchor=1e-3)
    assert len(result.table) == 3
    assert [row["role"] for row in result.table] == ["fitted", "fitted", "held out"]
    first, last = result.rms["O H H, fitted"]["before"], result.rms["O H H, fitted"]["after"]
    assert last < first
    assert repr(result) == (
        f"Refinement(polynomial of degree 2: RMS of fitted levels {first:.3f} before, "
        f"{last:.3f} cm-1 after)"
    )
    assert "<th>molecule</th><th>quanta</th>" in result._repr_html_()
    assert "RMS of calculated - observed, O D D, held out (1 levels)" in str(result)


def test_the_surface_goes_on(refined: Callable[..., pes.Refinement], lists: Path) -> None:
    """The record of the result is that of a surface file."""
    result = refined(anchor=1.0)
    folder = result.save(lists / "out")
    x = pes.read("water.h5").positions
    again, record = load_surface(folder / "surface.safetensors")
    assert (again(x) == result.surface.potential(x)).all()
    assert record.notes["refined"]["from"] == "water_pjt1996"
    assert json.loads((folder / "refinement.json").read_text())["name"] == "out"


@pytest.mark.parametrize("in_numpy", [True, False])
def test_a_function_is_refined_as_the_surface_it_computes(
    refined: Callable[..., pes.Refinement], lists: Path, monkeypatch: Any, in_numpy: bool
) -> None:
    """A polynomial needs no parameters and no derivatives of what it is added to."""
    (lists / "own.py").write_text(
        "from pes.potential.analytic import WaterPJT\n"
        "import torch\n"
        "water = WaterPJT()\n"
        "def energy(x):\n"
        + ("    return water(torch.from_numpy(x)).detach().numpy()\n" if in_numpy else
           "    return water(x)\n")
    )  # fmt: skip
    monkeypatch.chdir(lists)
    module = refined(surface="water_pjt1996")
    made = refined(surface="own.py:energy")
    after = [row["after"] for row in made.table]
    assert after == pytest.approx([row["after"] for row in module.table], abs=1e-5)
    assert made.surface.differentiable is not in_numpy
    made.save("out")
    with pytest.raises(ValueError, match=r"is built on the function own\.py:energy"):
        pes.load("out/surface.safetensors")
    again = pes.load("out/surface.safetensors", functions=["own.py:energy"])
    x = pes.read("water.h5").positions
    torch.testing.assert_close(again(x), made.surface(x).detach(), rtol=0, atol=1e-10)


def test_ranges_end_near_the_points(lists: Path) -> None:
    """Without the points ranges reach to 6 Å, where a bond of this surface has broken."""
    task = problem_of(
        "water_pjt1996", {"O H H": "light.csv"}, hold="water.h5", adjust=pes.Polynomial(degree=2),
        anchor_energy=30000.0, device="cpu",
        settings=LevelSettings(
            pes.CoordinateRequest(), {}, False, 60000.0, 0.01, TruncationRequest()
        ),
    )  # fmt: skip
    positions = pes.read("water.h5").positions
    longest = float((positions[:, 1:] - positions[:, :1]).norm(dim=2).max())
    stretches = task.trials[0].isotopologues[0].coordinates[:2]
    assert all(longest < one.high < 1.3 * longest for one in stretches)


def test_a_function_has_no_weights(refined: Callable[..., pes.Refinement], lists: Path) -> None:
    (lists / "own.py").write_text(
        "def energy(x):\n    return x\nenergy.symbols = ('O', 'H', 'H')\n"
    )
    with pytest.raises(ValueError, match="the surface has none; use kind: polynomial"):
        refined(surface=str(lists / "own.py:energy"), adjust="weights")


def test_levels_of_other_molecules_are_refused(lists: Path) -> None:
    (lists / "light.csv").write_text("v1,v2,energy,uncertainty\n1,0,1600,0.1\n")
    with pytest.raises(
        ValueError,
        match="labelled by v1, v2, v3, as pes-levels prints them; give these columns, got v1, v2",
    ):
        pes.refine(
            "water_pjt1996", {"O H H": "light.csv"}, hold="water.h5",
            coordinates=pes.CoordinateRequest(ranges=RANGES), basis={"all": 4},
        )  # fmt: skip
