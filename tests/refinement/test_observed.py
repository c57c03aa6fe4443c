"""Observed levels that a calculation cannot have are refused before it."""

from pathlib import Path

import pytest
import torch

from pes.refinement.observed import LevelSettings, ObservedLevels, isotopologue
from pes.setup.coordinate_request import CoordinateRequest
from pes.setup.surfaces import as_surface
from pes.setup.truncation import TruncationRequest


@pytest.mark.parametrize(
    ("rows", "quanta", "sentence"),
    [
        ("v1,v2,v3\n1,0,0", 4, "give v1 to v4"),
        ("v1,v2,v3,v4\n0,0,1,0", None, "give `quanta: 8` and `grid_level: 10`"),
        ("v1,v2,v3,v4\n1,0,0,0", 4, "the level 1 0 0 0 with Ka = 0 has l > 0"),
        ("v1,v2,v3,v4,J,Ka,Kc\n1,1,0,0,2,2,0", 4, "with Ka = 2 has l > 0"),
    ],
)
def test_linear_molecules(rows: str, quanta: float | None, sentence: str, tmp_path: Path) -> None:
    """The first two of four normal coordinates of OCS are its bend."""
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
