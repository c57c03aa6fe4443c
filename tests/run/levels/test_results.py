"""What `pes-levels` says of its results."""

import json
from pathlib import Path

import pytest
import yaml

from pes.run.levels.command import run_levels


@pytest.mark.parametrize("j", [(), (0,), (0, 1)])
def test_levels_with_l_are_missed_only_where_j_is(j: tuple[int, ...], tmp_path: Path) -> None:
    """In the log and in levels.json."""
    content = {
        "name": "linear", "surface": "carbon_dioxide_model", "levels": 2, "quanta": 3,
        "grid_level": 4, "coordinates": {"kind": "bond_vectors"}, "convergence": False,
        "J": list(j), "rotation": {"states": 2},
    }  # fmt: skip
    config = tmp_path / "linear.yaml"
    config.write_text(yaml.safe_dump(content))
    folder = run_levels(config=config, output=tmp_path / "levels")
    missed = "`J: [0, 1]` computes them"
    written = json.loads((folder / "levels.json").read_text())["warnings"]
    assert any(missed in one for one in written) == (1 not in j)
    assert (missed in (folder / "levels.log").read_text()) == (1 not in j)
