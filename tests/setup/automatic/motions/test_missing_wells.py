"""Sentences about wells that coordinates leave out, and the configurations that they name."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pes.molecule import Molecule
from pes.setup.automatic.motions.missing_wells import LargeAmplitudes, in_all_wells, sentence
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.surfaces import as_surface
from pes.setup.levels.levels import levels
from pes.setup.minima.wells import LargeAmplitude
from pes.setup.problem.basis import BasisSize
from pes.setup.problem.problem import problem
from pes.units import ANGSTROM, CM1

TOP = 7000 * CM1

BENCHMARKS = Path(__file__).parents[4] / "benchmarks"
REFERENCES = BENCHMARKS / "reference_levels"


def test_ammonia_has_a_second_well() -> None:
    motions = LargeAmplitudes(problem(as_surface("ammonia_model")))
    (said,) = motions.sentences(TOP)
    assert "second well" in said
    assert "2094 cm-1" in said
    assert motions.sentences(1000 * CM1) == []
    assert motions.expected(20, None) != []


def test_a_torsion_is_said_and_held_where_the_program_chooses() -> None:
    """The sentence names what is missing; coordinates that are chosen need no sentence."""
    surface = as_surface("hydrogen_peroxide_model")
    task = problem(surface)
    (said,) = LargeAmplitudes(task).sentences(TOP)
    assert said.startswith("the torsion about O1-O2")
    assert said.endswith("sizes and limits, and the program chooses coordinates that describe it")
    other = in_all_wells(task, 20, None)
    assert other.coordinates[-1].basis == "fourier"
    assert LargeAmplitudes(other).sentences(TOP) == []


def test_another_well_with_levels_is_said_and_held() -> None:
    """From the cis molecule; levels count from the lower well, whose ranges are taken."""
    surface = as_surface(f"{BENCHMARKS / 'four_atom_surfaces.py'}:nitrous_acid")
    cis = [[1.2, 1.2, 0], [1.43, 0.24, 0], [0, 0, 0], [-0.4, 1.1, 0]]
    request = CoordinateRequest(reference=cis)
    task = problem(surface, ("H", "O", "N", "O"), coordinates=request)
    (said,) = LargeAmplitudes(task).expected(15, None)
    assert "leads to another well 132 cm-1 below this one" in said
    other = in_all_wells(task, 15, None)
    assert other.coordinates[-1].basis == "fourier"
    x = LargeAmplitudes(other).minimum
    assert x is not None
    assert float((x[0] - x[3]).norm()) > 2.5 * ANGSTROM


def test_an_inversion_is_held_in_umbrella_coordinates() -> None:
    said: list[str] = []
    other = in_all_wells(problem(as_surface("ammonia_model")), 20, None, said.append)
    assert "(inversion): coordinates umbrella (r1, r2, r3, beta, sa, sb), atom 0 (N)" in said[0]
    assert other.internal.names == ("r1", "r2", "r3", "beta", "sa", "sb")
    assert LargeAmplitudes(other).sentences(TOP) == []
    # Two atoms of one kind at the ends, and the centre is the third of the list.
    elsewhere = ("H", "D", "N", "H")

    def permuted(x: torch.Tensor) -> torch.Tensor:
        return as_surface("ammonia_model").potential(x[:, [2, 0, 1, 3]])

    other = in_all_wells(problem(as_surface(permuted), elsewhere), 20, None)
    assert getattr(other.internal, "settings", None) == {"kind": "umbrella", "centre": 2}


def test_bond_vectors_bend_through_180_degrees_where_other_atoms_are_off_the_line() -> None:
    """N-C-O of isocyanic acid with H beside it; where H-N-C opens, all atoms are on a line."""
    surface = as_surface(f"{BENCHMARKS / 'four_atom_surfaces.py'}:isocyanic_acid")
    task = problem(surface, ("H", "N", "C", "O"))
    assert LargeAmplitudes(task).sentences(2000 * CM1) == []
    (said,) = LargeAmplitudes(task).sentences(4000 * CM1)
    assert said.startswith("the angle H1-N2-C3 opens to 180 degrees")
    angles = CoordinateRequest(kind="zmatrix", normal=True)
    in_angles = LargeAmplitudes(problem(surface, ("H", "N", "C", "O"), coordinates=angles))
    assert "angle N2-C3-O4 opens to 180 degrees" in in_angles.sentences(2000 * CM1)[0]


def test_more_atoms_with_a_torsion_have_no_coordinates() -> None:
    molecule = Molecule(("C", "H", "H", "H", "O", "H"))
    turn = LargeAmplitude("torsion", (0, 4), 400 * CM1, 400 * CM1, *torch.zeros(2, 1, 6, 3))
    assert sentence(turn, molecule, TOP, holds=False).endswith("no coordinates describe it so far")


@pytest.mark.slow
@pytest.mark.parametrize("surface", ["hydrogen_peroxide_model", "ammonia_model"])
def test_levels_of_all_wells(surface: str) -> None:
    """Six levels against the reference of benchmarks/, to a wave number."""
    result = levels(surface, count=6, accuracy=1.0)
    reference = json.loads((REFERENCES / f"{surface}.json").read_text())
    for level, error, exact, doubt in zip(
        result.energies[1:].tolist(), result.convergence[1:].tolist(), reference["levels"][1:],
        reference["uncertainty"][1:], strict=False,
    ):  # fmt: skip
        assert abs(level - exact) < error + doubt


@pytest.mark.parametrize("name", ["formaldehyde_model", "water_pjt1996"])
def test_semi_rigid_molecules(name: str) -> None:
    motions = LargeAmplitudes(problem(as_surface(name)))
    assert motions.sentences(TOP) == []
    assert motions.expected(20, None) == []


def test_it_is_the_first_warning_of_levels() -> None:
    sizes = {"all": BasisSize(functions=2, points=3)}
    result = levels("hydrogen_peroxide_model", count=3, basis=sizes, convergence=False)
    assert result.warnings[0].startswith("the torsion about O1-O2")


def test_levels_to_an_accuracy_are_refused_where_a_well_would_be_missing() -> None:
    """Where the user asked for coordinates of one well."""
    bonds = CoordinateRequest(kind="bond_vectors")
    task = problem(as_surface("ammonia_model"), coordinates=bonds)
    words = "the molecule has a second well, its mirror image, across a barrier of.*leave out the"
    with pytest.raises(ValueError, match=f"{words}.*give `quanta: 6`"):
        in_all_wells(task, 20, None)


@pytest.mark.parametrize(("barrier", "refused"), [(7.0, True), (1500.0, False)])
def test_molecules_bent_by_less_than_their_lowest_vibration_are_refused(
    barrier: float, refused: bool
) -> None:
    """HCNO whose angle at C opens through such a barrier: levels about its bent minimum with one of
    7 cm⁻¹ were off by hundreds.
    """

    def energies(x: Tensor) -> Tensor:
        bonds = x.diff(dim=1)
        r = bonds.norm(dim=-1)
        bend, other = (1 - (bonds[:, :-1] * bonds[:, 1:]).sum(-1) / (r[:, :-1] * r[:, 1:])).T
        stretch = ((r / ANGSTROM - torch.tensor([1.062, 1.169, 1.199])) ** 2).sum(1)
        flat = barrier * (1 - bend / 0.1) ** 2
        return (150000 * stretch + flat + 24000 * other) * CM1

    start = [[-2.1, 0.5, 0], [-1.17, 0, 0], [0, 0, 0], [1.199, 0, 0]]
    task = problem(
        as_surface(energies), ("H", "C", "N", "O"), coordinates=CoordinateRequest(reference=start)
    )
    if refused:
        with pytest.raises(ValueError, match="H1-C2-N3 opens to 180 degrees at 7 cm-1"):
            in_all_wells(task, 20, None)
    else:
        assert in_all_wells(task, 20, None) is task


def test_levels_that_stay_in_their_well_keep_their_coordinates() -> None:
    task = problem(as_surface("formaldehyde_model"))
    assert in_all_wells(task, 20, None) is task
