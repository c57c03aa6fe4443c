"""Levels of a calculation that its written configuration repeats."""

import json
from pathlib import Path

import torch
import yaml

import pes
from pes import cli

__all__ = ["check_repeated"]


def check_repeated(result: pes.LevelsResult, surface: str, folder: Path) -> None:
    """Run `result.chosen` through `pes-levels` and compare.

    Args:
        result: to be repeated.
        surface: name or file of its surface.
        folder: of the files.
    """
    content = {"name": "again", "surface": surface, **result.chosen}
    (folder / "again.yaml").write_text(yaml.safe_dump(content))
    cli.levels(["--config", str(folder / "again.yaml"), "--output", str(folder / "again")])
    again = json.loads((folder / "again" / "levels.json").read_text())["levels"]
    energies = torch.tensor([level["energy"] for level in again], dtype=torch.float64)
    # Ranges pass through Å and degrees: their last digits move levels by less than this.
    torch.testing.assert_close(energies, result.energies, rtol=0, atol=1e-5)
