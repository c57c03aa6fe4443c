"""Sentences about wells that coordinates leave out, and the configurations that they name."""

import re

import pytest
import yaml

from pes.config.coordinates import Coordinates
from pes.setup.automatic.missing_wells import LargeAmplitudes, refuse_other_wells
from pes.setup.basis import BasisSize
from pes.setup.levels import levels
from pes.setup.problem import problem
from pes.setup.surfaces import as_surface
from pes.units import CM1

TOP = 7000 * CM1


def test_ammonia_has_a_second_well() -> None:
    motions = LargeAmplitudes(problem(as_surface("ammonia_model")))
    (said,) = motions.sentences(TOP)
    assert "second well" in said
    assert "2094 cm-1" in said
    assert motions.sentences(1000 * CM1) == []
    assert motions.expected(20, None) != []


def test_the_configuration_named_for_a_torsion_holds_it() -> None:
    """The warning about a torsion ends where its own advice is followed."""
    surface = as_surface("hydrogen_peroxide_model")
    (said,) = LargeAmplitudes(problem(surface)).sentences(TOP)
    assert said.startswith("the torsion about O1-O2")
    written = re.search(r"`coordinates: (.*)` with `basis: (.*)`", said)
    assert written
    request = Coordinates(**yaml.safe_load(written[1])).resolved()
    assert yaml.safe_load(written[2]) == {"phi3": {"kind": "fourier", "functions": 25}}
    task = problem(surface, coordinates=request)
    assert task.coordinates[-1].basis == "fourier"
    assert LargeAmplitudes(task).sentences(TOP) == []


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
        ("hydrogen_peroxide_model", r"kind: zmatrix.*basis: \{phi3: \{kind: fourier"),
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
