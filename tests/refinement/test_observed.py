"""Observed levels that a calculation cannot have are refused before it."""

from pathlib import Path

import pytest
import torch

from pes.refinement.comparison import Isotopologue
from pes.refinement.observed import LevelSettings, ObservedLevels, isotopologue
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.surfaces import as_surface
from pes.setup.problem.truncation import TruncationRequest


@pytest.mark.parametrize(
    ("rows", "quanta", "sentence"),
    [
        ("v1,v2,v3,v4\n1,0,0,0", 4, "labelled by v1, v2, v3, as pes-levels prints them; give"),
        ("v1,v2,v3\n0,0,1", None, "give `quanta: 8` and `grid_level: 10`"),
        ("v1,v2,v3\n0,1,0", 4, "the level 0 1 0 with Ka = 0 has l > 0"),
        ("v1,v2,v3,J,Ka,Kc\n0,2,0,2,2,0", 4, "with Ka = 2 has l > 0"),
    ],
)
def test_linear_molecules(rows: str, quanta: float | None, sentence: str, tmp_path: Path) -> None:
    """Four normal coordinates of OCS are three modes; ν2 is the bend."""
    head, row = rows.split("\n")
    file = tmp_path / "observed.csv"
    file.write_text(f"{head},energy,uncertainty\n{row},900.0,0.1\n")
    limits = TruncationRequest(quanta=quanta, grid_level=None if quanta is None else quanta + 2)
    settings = LevelSettings(
        CoordinateRequest(kind="bond_vectors"), {}, False, 60000.0, 0.1, limits
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"observed\.csv") as refused:
        isotopologue(
            ("O", "C", "S"), ObservedLevels(file), as_surface("carbonyl_sulfide_model"), settings,
            torch.device("cpu"),
        )  # fmt: skip
    assert sentence in str(refused.value)


def test_linear_molecules_in_lengths_and_an_angle(tmp_path: Path) -> None:
    """Their labels are v1 v2 v3 too, with two quanta of ν2 for each of the angle's functions."""
    file = tmp_path / "observed.csv"
    settings = LevelSettings(CoordinateRequest(), {}, False, 60000.0, 0.1)

    def molecule(row: str) -> Isotopologue:
        file.write_text(f"v1,v2,v3,energy,uncertainty\n{row},1285.4,0.1\n")
        surface = as_surface("carbon_dioxide_model")
        observed = ObservedLevels(file)
        return isotopologue(("C", "O", "O"), observed, surface, settings, torch.device("cpu"))

    with pytest.raises(ValueError, match="the level 0 1 0 with Ka = 0 has l > 0"):
        molecule("0,1,0")
    one = molecule("0,2,0")
    assert not one.symmetric
    assert one.labels is not None


def test_columns_are_those_that_levels_are_labelled_by(tmp_path: Path) -> None:
    """HDO has v1 v2 v3 as every other molecule of three atoms; quanta of bonds are refused."""
    file = tmp_path / "observed.csv"
    settings = LevelSettings(CoordinateRequest(), {}, False, 60000.0, 0.1)

    def molecule(head: str, *isotopes: str) -> Isotopologue:
        file.write_text(f"{head},energy,uncertainty\n0,1,0,900.0,0.1\n")
        surface = as_surface("water_pjt1996")
        return isotopologue(isotopes, ObservedLevels(file), surface, settings, torch.device("cpu"))

    with pytest.raises(ValueError, match="labelled by v1, v2, v3") as refused:
        molecule("n(r1),n(r2),n(theta)", "O", "H", "D")
    assert "got n(r1), n(r2), n(theta)" in str(refused.value)
    mixed = molecule("v1,v2,v3", "O", "H", "D")
    assert mixed.observed.columns == ("v1", "v2", "v3")
    assert not mixed.symmetric
    assert molecule("v1,v2,v3", "O", "H", "H").symmetric
