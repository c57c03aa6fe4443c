"""Sentences about wells that coordinates leave out, and the configurations that they name."""

import json
import math
import re
from pathlib import Path

import pytest
import torch
import yaml

from pes.config import LevelsConfig
from pes.molecule import Molecule
from pes.run.levels.command import run_levels
from pes.setup.automatic.missing_wells import LargeAmplitudes, refuse_other_wells, sentence
from pes.setup.automatic.wells import LargeAmplitude
from pes.setup.basis import BasisSize
from pes.setup.levels import levels
from pes.setup.problem import problem
from pes.setup.surfaces import as_surface
from pes.setup.truncation import products
from pes.units import CM1
from pes.vibration.levels.size_estimate import estimated_size
from pes.vibration.symmetry.operations import symmetry_operations

TOP = 7000 * CM1

REFERENCES = Path(__file__).parents[3] / "benchmarks" / "reference_levels"


def test_ammonia_has_a_second_well() -> None:
    motions = LargeAmplitudes(problem(as_surface("ammonia_model")))
    (said,) = motions.sentences(TOP)
    assert "second well" in said
    assert "2094 cm-1" in said
    assert motions.sentences(1000 * CM1) == []
    assert motions.expected(20, None) != []


def written(sentence: str) -> dict:
    """The configuration that a sentence names, key by key."""
    return yaml.safe_load("\n".join(re.findall(r"`(\w+: [^`]+)`", sentence)))


def test_the_configuration_named_for_a_torsion_holds_it() -> None:
    """The warning about a torsion ends where its own advice is followed, and the advice fits."""
    surface = as_surface("hydrogen_peroxide_model")
    (said,) = LargeAmplitudes(problem(surface)).sentences(TOP)
    assert said.startswith("the torsion about O1-O2")
    config = LevelsConfig(name="advice", surface="hydrogen_peroxide_model", **written(said))
    task = problem(surface, coordinates=config.coordinates.resolved(), basis=config.sizes())
    assert task.coordinates[-1].basis == "fourier"
    assert LargeAmplitudes(task).sentences(TOP) == []
    limits = products(config.truncation(), task.internal)
    assert limits.energy == pytest.approx(10000 * CM1)  # 1.4 times 7,000
    size = estimated_size(task.coordinates, limits, 20, convergence=True)
    assert size.points == 8**5 * 25
    assert size.memory < 2**30


def test_the_configuration_named_for_an_inversion_holds_both_wells() -> None:
    surface = as_surface("ammonia_model")
    (said,) = LargeAmplitudes(problem(surface)).sentences(TOP)
    config = LevelsConfig(name="advice", surface="ammonia_model", **written(said))
    task = problem(surface, coordinates=config.coordinates.resolved(), basis=config.sizes())
    low, high = task.coordinates[-1].low, task.coordinates[-1].high
    assert low < 1.9 < high  # 117 degrees is 2.0
    assert low + high == pytest.approx(2 * math.pi, abs=1e-12)
    assert LargeAmplitudes(task).sentences(TOP) == []
    # The reflection and the exchange of the two hydrogens that the rows leave alike.
    assert len(symmetry_operations(task.system, task.coordinates)) == 3


def test_more_atoms_with_a_torsion_have_no_coordinates() -> None:
    molecule = Molecule(("C", "H", "H", "H", "O", "H"))
    turn = LargeAmplitude("torsion", (0, 4), 400 * CM1, 400 * CM1, *torch.zeros(2, 1, 6, 3))
    assert sentence(turn, molecule, TOP, None).endswith(
        "no coordinates of a configuration hold it so far"
    )


@pytest.mark.slow
@pytest.mark.parametrize("surface", ["hydrogen_peroxide_model", "ammonia_model"])
def test_levels_of_the_configuration_that_is_named(surface: str, tmp_path: Path) -> None:
    """Six levels against the reference of benchmarks/, in other coordinates for ammonia."""
    (said,) = LargeAmplitudes(problem(as_surface(surface))).sentences(TOP)
    file = tmp_path / "levels.yaml"
    content = {"name": "advice", "surface": surface, "levels": 6, "device": "cpu", **written(said)}
    file.write_text(yaml.safe_dump(content))
    folder = run_levels(config=file, output=tmp_path / "out")
    found = json.loads((folder / "levels.json").read_text())["levels"]
    reference = json.loads((REFERENCES / f"{surface}.json").read_text())
    for row, level, doubt in zip(
        found[1:], reference["levels"][1:], reference["uncertainty"][1:], strict=False
    ):
        assert abs(row["energy"] - level) < row["convergence"] + doubt


@pytest.mark.parametrize("name", ["formaldehyde_model", "water_pjt1996"])
def test_semi_rigid_molecules(name: str) -> None:
    motions = LargeAmplitudes(problem(as_surface(name)))
    assert motions.sentences(TOP) == []
    assert motions.expected(20, None) == []


def test_it_is_the_first_warning_of_levels() -> None:
    sizes = {"all": BasisSize(functions=2, points=3)}
    result = levels("hydrogen_peroxide_model", count=3, basis=sizes, convergence=False)
    assert result.warnings[0].startswith("the torsion about O1-O2")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ammonia_model", "the molecule has a second well, its mirror image, across a barrier of"),
        ("hydrogen_peroxide_model", r"kind: zmatrix.*basis: \{.*phi3: \{kind: fourier"),
    ],
)
def test_levels_to_an_accuracy_are_refused_where_a_well_would_be_missing(
    name: str, words: str
) -> None:
    task = problem(as_surface(name))
    with pytest.raises(ValueError, match=f"{words}.*give `quanta: 6`"):
        refuse_other_wells(task, 20, None)
    # Levels that are far too low to leave the well are not.
    refuse_other_wells(problem(as_surface("formaldehyde_model")), 20, None)
